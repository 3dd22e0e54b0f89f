//! A public key as a person gives it: a C2SP verifier key, or a mistake that is called by its
//! name.

use std::io::Read;
use std::path::Path;

use crate::cli::failure::{self, Failure};
use crate::cli::secrets;
use crate::cli::signing_options::Signing;
use crate::keytext::Kind;
use crate::tlog::note::{self, Algorithm, VerifierKey};
use crate::tlog::policy::Policy;

/// The longest text that is read for a key, in bytes: a PEM file put here by mistake fits.
const LIMIT: u64 = 16 * 1024;

/// The text that was typed, or standard input for `-`.
pub(crate) fn text(typed: &str, signing: &Signing) -> Result<String, Failure> {
    if typed != "-" {
        return Ok(typed.trim().to_owned());
    }
    if signing.passphrase_file.as_deref() == Some(Path::new("-")) {
        let message = "standard input cannot give both the key and the passphrase";
        return Err(Failure::usage(message).hint("put one of them into a file"));
    }
    let mut text = String::new();
    std::io::stdin().take(LIMIT).read_to_string(&mut text).map_err(|error| {
        Failure::new(failure::IO, format!("could not read standard input: {error}"))
    })?;
    Ok(text.trim().to_owned())
}

/// Reads a verifier key, of a recorder or of a witness.
pub(crate) fn verifier_key(text: &str) -> Result<VerifierKey, Failure> {
    let kind = Kind::of(text);
    if kind == Kind::VerifierKey {
        return text.parse().map_err(|error: note::Error| {
            Failure::new(failure::INPUT, error)
                .hint("copy the whole line that `whosaid key new` printed: name+id+key")
        });
    }
    let refused = Failure::new(
        failure::INPUT,
        format!("found {kind}, expected a verifier key such as `omar+1f2e3d4c+AYqI49…`"),
    );
    if kind.is_secret() {
        return Err(refused
            .hint("a secret key is never given to anybody: make another, and use this one no more")
            .hint("`whosaid key new NAME` prints the public half"));
    }
    Err(match kind {
        Kind::Hex(_) | Kind::PublicPem | Kind::SshPublic(_) | Kind::Jwk(false) => {
            refused.hint("it has no name in it, so nobody can say whose it is")
        }
        _ => refused,
    }
    .hint("its owner gets it from `whosaid key new NAME`"))
}

/// That the key is one that a recorder can have in the log of this policy.
pub(crate) fn check_recorder(key: &VerifierKey, policy: &Policy) -> Result<(), Failure> {
    let refused = |message: String| Failure::new(failure::INPUT, message);
    if key.algorithm() == Algorithm::Cosignature {
        return Err(refused(format!("a witness's key: {} cosigns checkpoints", key.name()))
            .hint("a recorder's key, from `whosaid key new NAME`, is wanted here"));
    }
    let is_log = |log: &VerifierKey| log.name() == key.name() || log.public() == key.public();
    if policy.logs().iter().any(|log| is_log(&log.key)) {
        return Err(refused(format!("the key of the log {}, not a recorder's", key.name()))
            .hint("the log's key signs checkpoints and nothing else")
            .hint("a recorder's key, from `whosaid key new NAME`, is wanted here"));
    }
    if policy.witnesses().iter().any(|witness| witness.key.public() == key.public()) {
        return Err(refused(format!("{}'s key is a witness's: a key has one purpose", key.name())));
    }
    secrets::check_name("the key's name", key.name())
}
