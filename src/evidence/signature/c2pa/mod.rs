//! C2PA: the signed history that cameras and editing programs put into an image.
//!
//! The format is the C2PA Technical Specification; JUMBF, COSE, certificates and containers are
//! left to the `c2pa` crate, which brings more than a hundred others: it is part of a build only
//! with the feature `c2pa`. Whose certificate it is, is left to others.

use crate::evidence::signature::checked::Checked;
#[cfg(not(feature = "c2pa"))]
use crate::evidence::signature::checked::State;

#[cfg(feature = "c2pa")]
mod manifest;

/// What a valid manifest shows, for `whosaid explain c2pa`.
pub const PROVES: &str = "Whoever holds the secret key of this certificate signed the image as it \
    lies here, together with an account of how it was made. One changed byte outside the account \
    would be found.";

/// What it leaves open.
pub const DOES_NOT_PROVE: &str = "It does not say that the image shows what happened: a camera \
    also signs a photograph of a screen. The account (which program, which changes, made by a \
    machine or not) is the signer's own word. Whose certificate it is, is for a dated record of \
    control to say, by the certificate's SHA-256; that it leads to a trusted root only says that \
    somebody sold it. Without a trusted time stamp, the end of the certificate is compared with \
    the clock of the machine that checks.";

/// The platform under which such certificates are recorded.
pub const PLATFORM: &str = "x509";

/// Checks the manifest inside an image.
///
/// `media_type` is the image's (`image/jpeg`, `image/png`, …). `roots` are certificates in PEM,
/// such as the C2PA trust list captured beside the image; without them nothing is called trusted,
/// and nothing fails for it. The signer's id is the SHA-256 of the DER of the signing certificate,
/// in lower case hex. A manifest that lies elsewhere is never fetched.
#[cfg(feature = "c2pa")]
pub fn check(capture: &[u8], media_type: &str, roots: Option<&[u8]>) -> Checked {
    manifest::check(capture, media_type, roots)
}

/// Says that this build does not check C2PA manifests; with the feature `c2pa`, it does.
#[cfg(not(feature = "c2pa"))]
pub fn check(_capture: &[u8], _media_type: &str, _roots: Option<&[u8]>) -> Checked {
    let fact = "this build does not check C2PA manifests (feature `c2pa`)";
    Checked::not(State::Unsupported, fact)
}
