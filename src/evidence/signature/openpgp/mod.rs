//! OpenPGP: a detached signature beside the captured bytes, and the public key it is checked by.
//!
//! The format is RFC 9580. Packets, hashes and curves are left to the `pgp` crate, which brings
//! more than a hundred others: it is part of a build only with the feature `openpgp`. Whose key
//! it is, is left to others.

use crate::evidence::signature::checked::Checked;
#[cfg(not(feature = "openpgp"))]
use crate::evidence::signature::checked::State;

#[cfg(feature = "openpgp")]
mod armour;
#[cfg(feature = "openpgp")]
mod certificate;
#[cfg(feature = "openpgp")]
mod detached;

/// What a valid signature shows, for `whosaid explain openpgp`.
pub const PROVES: &str = "Whoever holds the secret half of this OpenPGP key, or of a signing \
    subkey that it vouches for, signed exactly these bytes. One changed byte would be found.";

/// What it leaves open.
pub const DOES_NOT_PROVE: &str = "It does not say whose key it is: the names and addresses inside \
    a key are whatever its maker wrote. A dated record of control names the primary key's \
    fingerprint. The date of the signature is the signer's own word. A key withdrawn or prolonged \
    after it was captured looks as it did then.";

/// The platform under which such keys are recorded.
pub const PLATFORM: &str = "openpgp";

/// Checks a detached signature, armoured or binary, over `capture`.
///
/// `public_key` is one public key, armoured or binary, with whatever its owner later said of it:
/// the newest word counts. `at` is the time for which the ends of the key and of the signature are
/// asked, in seconds since 1970. The signer's id is the fingerprint of the primary key in capitals,
/// 40 hex digits for a key of version 4 and 64 for one of version 6.
#[cfg(feature = "openpgp")]
pub fn check(
    capture: &[u8],
    signature: &[u8],
    public_key: Option<&[u8]>,
    at: Option<i64>,
) -> Checked {
    detached::check(capture, signature, public_key, at)
}

/// Says that this build does not check OpenPGP signatures; with the feature `openpgp`, it does.
#[cfg(not(feature = "openpgp"))]
pub fn check(
    _capture: &[u8],
    _signature: &[u8],
    _public_key: Option<&[u8]>,
    _at: Option<i64>,
) -> Checked {
    let fact = "this build does not check OpenPGP signatures (feature `openpgp`)";
    Checked::not(State::Unsupported, fact)
}
