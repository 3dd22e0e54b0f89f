//! Ed25519 keys: who may be accepted as a key, and the one rule by which a signature holds.
//!
//! A key is accepted only if every mainstream verifier would agree about its signatures: encoded
//! canonically, not weak, and torsion-free. A signature is accepted only by the rule of
//! `verify_strict`, each by itself, because the batch equation accepts what the single rule
//! refuses. The same rule for many signatures by one key, by tables, is `comb`'s business; how a
//! key is stored in a file is `keyfile`'s.

use std::fmt;

use aws_lc_rs::signature::Ed25519KeyPair;
use curve25519_dalek::{EdwardsPoint, Scalar};
use ed25519_dalek::{Signature, SigningKey, VerifyingKey};
use serde::de::{Error as _, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha512};

use crate::hash::Hash;

/// The length of a public key, and of a seed, in bytes (RFC 8032 section 5.1.5).
pub const LENGTH: usize = 32;

/// The length of a signature, in bytes (RFC 8032 section 5.1.6).
pub const SIGNATURE_LENGTH: usize = 64;

/// Why 32 bytes were not accepted as a public key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Not a point on the curve.
    #[error("not an Ed25519 public key: the bytes are no point on the curve")]
    NotAPoint,
    /// The same point has another, shorter encoding.
    #[error("not an Ed25519 public key: the encoding is not canonical")]
    NotCanonical,
    /// A point of small order: anybody can sign for it.
    #[error("a weak Ed25519 public key: anybody could sign for it")]
    Weak,
    /// A point with a small-order part: verifiers disagree about its signatures.
    #[error("an Ed25519 public key with a torsion component: verifiers disagree about it")]
    Torsion,
    /// Not 32 bytes.
    #[error("an Ed25519 public key has 32 bytes, found {0}")]
    Length(usize),
}

/// A public key that every mainstream Ed25519 verifier treats alike.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct PublicKey(VerifyingKey);

impl PublicKey {
    /// Accepts 32 bytes as a public key, or says why not.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let bytes: &[u8; LENGTH] = bytes.try_into().map_err(|_| Error::Length(bytes.len()))?;
        let key = VerifyingKey::from_bytes(bytes).map_err(|_| Error::NotAPoint)?;
        let point = key.to_edwards();
        if point.compress().to_bytes() != *bytes {
            return Err(Error::NotCanonical);
        }
        if key.is_weak() {
            return Err(Error::Weak);
        }
        if !point.is_torsion_free() {
            return Err(Error::Torsion);
        }
        Ok(Self(key))
    }

    /// The 32 bytes of the key.
    pub fn as_bytes(&self) -> &[u8; LENGTH] {
        self.0.as_bytes()
    }

    /// The point that the 32 bytes encode, for `comb` to make tables of.
    pub(crate) fn point(&self) -> EdwardsPoint {
        self.0.to_edwards()
    }

    /// The COSE key thumbprint (RFC 9679): SHA-256 of the `COSE_Key` `{1: 1, -1: 6, -2: x}`.
    pub fn thumbprint(&self) -> Thumbprint {
        const HEAD: [u8; 8] = [0xa3, 0x01, 0x01, 0x20, 0x06, 0x21, 0x58, 0x20];
        Thumbprint(Hash::of_parts(&[&HEAD, self.as_bytes()]))
    }

    /// Whether `signature` (64 bytes) is this key's signature of `message`, by the strict rule.
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        Signature::from_slice(signature)
            .is_ok_and(|signature| self.0.verify_strict(message, &signature).is_ok())
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "PublicKey({})", self.thumbprint())
    }
}

impl Serialize for PublicKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // A key's 32 bytes are written as a hash's are: text for people, bytes for machines.
        Hash::from_bytes(*self.as_bytes()).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for PublicKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            let bytes = Hash::deserialize(deserializer)?;
            Self::from_bytes(bytes.as_bytes()).map_err(D::Error::custom)
        } else {
            deserializer.deserialize_bytes(BytesVisitor)
        }
    }
}

struct BytesVisitor;

impl Visitor<'_> for BytesVisitor {
    type Value = PublicKey;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an Ed25519 public key of 32 bytes")
    }

    fn visit_bytes<E: serde::de::Error>(self, bytes: &[u8]) -> Result<PublicKey, E> {
        PublicKey::from_bytes(bytes).map_err(E::custom)
    }
}

/// The name of a key in a statement's header: its COSE key thumbprint (RFC 9679), 32 bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Thumbprint(Hash);

impl Thumbprint {
    /// Takes a slice that should be a thumbprint; `None` unless it is exactly 32 bytes.
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        Hash::from_slice(bytes).map(Self)
    }

    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }
}

impl fmt::Display for Thumbprint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// A secret signing key. Wiped from memory when dropped; never printed.
///
/// AWS-LC signs, in constant time and proven so, in half the time that ed25519-dalek takes (10.3 µs
/// instead of 19.6 for 650 bytes); dalek, whose rule decides what a signature is, keeps the seed.
/// The bytes of a signature are the same, whoever makes it (RFC 8032 section 5.1.6).
pub struct SecretKey {
    own: SigningKey,
    signer: Ed25519KeyPair,
    thumbprint: Thumbprint,
}

impl SecretKey {
    /// The key made from 32 secret, uniformly random bytes (RFC 8032 section 5.1.5).
    pub fn from_seed(seed: &[u8; LENGTH]) -> Self {
        let own = SigningKey::from_bytes(seed);
        let public = PublicKey(own.verifying_key());
        let signer = Ed25519KeyPair::from_seed_and_public_key(seed, public.as_bytes());
        let signer = signer.expect("both make the same public key of a seed");
        let key = Self { own, signer, thumbprint: public.thumbprint() };
        assert!(public.verifies(b"a key", &key.sign(b"a key")), "one signs what the other refuses");
        key
    }

    /// The seed, for `keyfile` to encrypt.
    pub(crate) fn seed(&self) -> &[u8; LENGTH] {
        self.own.as_bytes()
    }

    /// The public half.
    pub fn public(&self) -> PublicKey {
        PublicKey(self.own.verifying_key())
    }

    /// The name of the public half.
    pub fn thumbprint(&self) -> Thumbprint {
        self.thumbprint
    }

    /// Signs `message`. Deterministic: the same key and message give the same 64 bytes.
    pub fn sign(&self, message: &[u8]) -> [u8; SIGNATURE_LENGTH] {
        let signature = self.signer.sign(message);
        signature.as_ref().try_into().expect("a signature of Ed25519 has 64 bytes")
    }
}

/// `k` of RFC 8032 sections 5.1.6 and 5.1.7: SHA-512 of R, the key and the message.
pub(crate) fn challenge(encoding: &[u8], key: &PublicKey, message: &[u8]) -> Scalar {
    let hasher = Sha512::new().chain_update(encoding);
    let hasher = hasher.chain_update(key.as_bytes()).chain_update(message);
    Scalar::from_bytes_mod_order_wide(&hasher.finalize().into())
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "SecretKey(of {})", self.thumbprint)
    }
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::{Signer, SigningKey, VerifyingKey};

    use super::{Error, PublicKey, SecretKey};
    use crate::hash::Hash;

    fn from_hex(hex: &str) -> Result<PublicKey, Error> {
        PublicKey::from_bytes(Hash::from_hex(hex).expect("64 digits").as_bytes())
    }

    #[test]
    fn the_first_vector_of_rfc_8032_holds() {
        let seed =
            Hash::from_hex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");
        let key = SecretKey::from_seed(seed.expect("64 digits").as_bytes());
        let public = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
        assert_eq!(Ok(key.public()), from_hex(public));
        let signature = key.sign(b"");
        assert_eq!(signature[..4], [0xe5, 0x56, 0x43, 0x00]);
        assert!(key.public().verifies(b"", &signature));
        assert!(!key.public().verifies(b"x", &signature));
        assert!(!key.public().verifies(b"", &signature[..63]));
    }

    #[test]
    fn what_is_signed_has_the_bytes_that_dalek_would_sign() {
        for seed in 0..32 {
            let (key, dalek) =
                (SecretKey::from_seed(&[seed; 32]), SigningKey::from_bytes(&[seed; 32]));
            assert_eq!(key.public().as_bytes(), dalek.verifying_key().as_bytes());
            let text = [seed; 300];
            for length in (usize::from(seed)..300).step_by(7) {
                let message = &text[..length];
                assert_eq!(key.sign(message), dalek.sign(message).to_bytes(), "{length} of {seed}");
            }
        }
    }

    #[test]
    fn keys_that_verifiers_disagree_about_are_refused() {
        let zeros = "0".repeat(62);
        // The identity, a point of order 4, and y = p + 1, which spells the identity anew.
        assert_eq!(from_hex(&format!("01{zeros}")), Err(Error::Weak));
        assert_eq!(from_hex(&format!("00{zeros}")), Err(Error::Weak));
        assert_eq!(from_hex(&format!("ee{}7f", "f".repeat(60))), Err(Error::NotCanonical));
        assert_eq!(from_hex(&format!("02{zeros}")), Err(Error::NotAPoint));
        assert_eq!(PublicKey::from_bytes(&[1; 31]), Err(Error::Length(31)));
        // An honest key plus (0, -1), the point of order 2: y = p - 1.
        let mut order_two = [0xff; 32];
        (order_two[0], order_two[31]) = (0xec, 0x7f);
        let order_two = VerifyingKey::from_bytes(&order_two).expect("on the curve").to_edwards();
        let honest = SecretKey::from_seed(&[1; 32]).public();
        let mixed = (honest.0.to_edwards() + order_two).compress().to_bytes();
        assert_eq!(PublicKey::from_bytes(&mixed), Err(Error::Torsion));
    }
}
