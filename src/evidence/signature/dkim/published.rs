//! The key that stands in a DNS record (RFC 6376 section 3.6.1, RFC 8463 section 4.2).
//!
//! Finding the record is left to `dns`, what the key signed to its caller.

use base64ct::{Base64, Encoding};
use ed25519_dalek::VerifyingKey;
use rsa::pkcs1::DecodeRsaPublicKey;
use rsa::pkcs8::DecodePublicKey;
use rsa::traits::PublicKeyParts;
use rsa::{Pkcs1v15Sign, PublicKey};
use sha2::Sha256;

use crate::evidence::signature::checked::State;
use crate::evidence::signature::dkim::tags::{self, Tags};

/// The shortest RSA key, in bits (RFC 8301 section 3.2: shorter ones are not valid).
pub const MIN_RSA_BITS: usize = 1024;

/// The longest RSA key, in bits. RFC 8301 asks verifiers for 4096; a check of a longer one is slow.
pub const MAX_RSA_BITS: usize = 8192;

/// How a message was signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// `rsa-sha256` (RFC 6376 section 3.3.2).
    RsaSha256,
    /// `ed25519-sha256` (RFC 8463 section 3).
    Ed25519Sha256,
}

impl Algorithm {
    /// The name of the sort of key, in the `k=` tag.
    pub const fn key_name(self) -> &'static str {
        match self {
            Self::RsaSha256 => "rsa",
            Self::Ed25519Sha256 => "ed25519",
        }
    }
}

#[derive(Debug, Clone)]
enum Material {
    Rsa(PublicKey),
    Ed25519(VerifyingKey),
}

/// A key as published.
#[derive(Debug, Clone)]
pub struct Published {
    material: Material,
    /// The length of an RSA key, in bits.
    pub rsa_bits: Option<usize>,
    /// `t=y`: the domain says that it is only trying DKIM out.
    pub is_testing: bool,
    /// `t=s`: the identity that signed must be at the domain itself, not below it.
    pub is_strict: bool,
}

impl Published {
    /// Reads a record for signatures of this algorithm; in what way it cannot serve, otherwise.
    pub fn parse(record: &str, algorithm: Algorithm) -> Result<Self, (State, String)> {
        let malformed = |what: &str| (State::Malformed, format!("the key record {what}"));
        let tags = Tags::parse(record).map_err(|error| malformed(&format!("is none: {error}")))?;
        if let Some(version) = tags.value("v")
            && (version != "DKIM1" || tags.first() != Some("v"))
        {
            return Err(malformed("does not begin with `v=DKIM1`"));
        }
        let kind = tags.value("k").unwrap_or("rsa");
        if kind != algorithm.key_name() {
            let kind = tags::shown(kind);
            return Err(malformed(&format!(
                "is for a key of the sort `{kind}`, the signature is of the sort `{}`",
                algorithm.key_name()
            )));
        }
        if tags.value("h").is_some_and(|names| !tags::parts(names).any(|name| name == "sha256")) {
            return Err(malformed("does not allow the hash sha256"));
        }
        let serves = |name: &str| name == "*" || name == "email";
        if tags.value("s").is_some_and(|names| !tags::parts(names).any(serves)) {
            return Err(malformed("is not for e-mail"));
        }
        let has_flag =
            |flag: &str| tags.value("t").is_some_and(|flags| tags::parts(flags).any(|f| f == flag));
        let text = tags.value("p").ok_or_else(|| malformed("has no key (`p=`)"))?;
        if text.is_empty() {
            return Err((State::Revoked, "the domain withdrew the key (`p=` is empty)".to_owned()));
        }
        let bytes = Base64::decode_vec(&tags::unspaced(text))
            .map_err(|_| malformed("has a key that is not base64"))?;
        let material = match algorithm {
            Algorithm::RsaSha256 => Material::Rsa(rsa_key(&bytes).map_err(malformed)?),
            Algorithm::Ed25519Sha256 => {
                let key = <[u8; 32]>::try_from(bytes.as_slice())
                    .ok()
                    .and_then(|bytes| VerifyingKey::from_bytes(&bytes).ok())
                    .filter(|key| !key.is_weak());
                Material::Ed25519(key.ok_or_else(|| malformed("holds no sound Ed25519 key"))?)
            }
        };
        let rsa_bits = match &material {
            Material::Rsa(key) => Some(bits(key)),
            Material::Ed25519(_) => None,
        };
        let (is_testing, is_strict) = (has_flag("y"), has_flag("s"));
        Ok(Self { material, rsa_bits, is_testing, is_strict })
    }

    /// Whether this key made the signature over what has this SHA-256.
    pub fn verifies(&self, digest: &[u8; 32], signature: &[u8]) -> bool {
        match &self.material {
            Material::Rsa(key) => {
                key.verify(Pkcs1v15Sign::new::<Sha256>(), digest, signature).is_ok()
            }
            // The digest is the message that is signed (RFC 8463 section 3).
            Material::Ed25519(key) => ed25519_dalek::Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify_strict(digest, &signature).is_ok()),
        }
    }
}

/// As `SubjectPublicKeyInfo`, or bare: the RFC says one and shows the other (erratum 3017).
fn rsa_key(bytes: &[u8]) -> Result<PublicKey, &'static str> {
    let unread = "holds no RSA key of 1024 to 8192 bits";
    let key = PublicKey::from_public_key_der(bytes)
        .ok()
        .or_else(|| PublicKey::from_pkcs1_der(bytes).ok())
        .ok_or(unread)?;
    let is_allowed = (MIN_RSA_BITS..=MAX_RSA_BITS).contains(&bits(&key));
    if is_allowed { Ok(key) } else { Err(unread) }
}

fn bits(key: &PublicKey) -> usize {
    usize::try_from(key.n().bit_width_vartime()).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::{Algorithm, Published};
    use crate::evidence::signature::checked::State;

    const ED: &str = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";

    fn state(record: &str) -> Result<(), State> {
        let parsed = Published::parse(record, Algorithm::Ed25519Sha256);
        parsed.map(|_| ()).map_err(|(state, _)| state)
    }

    #[test]
    fn a_record_serves_only_what_it_says() {
        for (tags, expected) in [
            ("v=DKIM1; k=ed25519; p=", Ok(())),
            ("k=ed25519; h=sha1 : sha256; s=tlsrpt:email; t=x:y; n=words; p=", Ok(())),
            ("k=ed25519; s=*; p=", Ok(())),
            ("v=DKIM1; p=", Err(State::Malformed)),
            ("k=ed25519; v=DKIM1; p=", Err(State::Malformed)),
            ("v=DKIM2; k=ed25519; p=", Err(State::Malformed)),
            ("k=ed25519; h=sha1; p=", Err(State::Malformed)),
            ("k=ed25519; s=tlsrpt; p=", Err(State::Malformed)),
            ("k=ed25519; k=ed25519; p=", Err(State::Malformed)),
            ("k=ed25519; p=AA", Err(State::Malformed)),
        ] {
            assert_eq!(state(&format!("{tags}{ED}")), expected, "{tags}");
        }
        assert_eq!(state("v=DKIM1; k=ed25519; p="), Err(State::Revoked));
        assert_eq!(state("v=DKIM1; k=ed25519"), Err(State::Malformed));
        // The neutral point: every signature of it could be made by anybody.
        let weak = "k=ed25519; p=AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
        assert_eq!(state(weak), Err(State::Malformed));
    }
}
