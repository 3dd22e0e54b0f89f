//! Ed25519 keys: who may be accepted as a key, and the one rule by which a signature holds.
//!
//! A key is accepted only if every mainstream verifier would agree about its signatures: encoded
//! canonically, not weak, and torsion-free. A signature is accepted only by the rule of
//! `verify_strict`, each by itself, because the batch equation accepts what the single rule
//! refuses. The same rule for many signatures by one key, by tables, is `comb`'s business; how a
//! key is stored in a file is `keyfile`'s.

use std::fmt;

use curve25519_dalek::edwards::CompressedEdwardsY;
use curve25519_dalek::{EdwardsPoint, Scalar};
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use serde::de::{Error as _, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha512};
use zeroize::Zeroizing;

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
pub struct SecretKey(SigningKey);

impl SecretKey {
    /// The key made from 32 secret, uniformly random bytes (RFC 8032 section 5.1.5).
    pub fn from_seed(seed: &[u8; LENGTH]) -> Self {
        Self(SigningKey::from_bytes(seed))
    }

    /// The seed, for `keyfile` to encrypt.
    pub(crate) fn seed(&self) -> &[u8; LENGTH] {
        self.0.as_bytes()
    }

    /// The public half.
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }

    /// Signs `message`. Deterministic: the same key and message give the same 64 bytes.
    pub fn sign(&self, message: &[u8]) -> [u8; SIGNATURE_LENGTH] {
        self.0.sign(message).to_bytes()
    }

    /// Signs each message: the bytes that `sign` gives, in four fifths of the time (16.2 µs
    /// instead of 20.0 for 720 bytes, 256 at a time), because the points R are encoded with one
    /// inversion and the seed is hashed once. What is secret is computed in constant time.
    pub fn sign_all(&self, messages: &[&[u8]]) -> Vec<[u8; SIGNATURE_LENGTH]> {
        // RFC 8032 section 5.1.6; the names are the RFC's.
        let expanded = Zeroizing::new(<[u8; 64]>::from(Sha512::digest(self.seed())));
        let prefix = &expanded[LENGTH..];
        let (public, scalar) = (self.public(), Zeroizing::new(self.0.to_scalar()));
        let nonce = |message: &&[u8]| scalar_of(&[prefix, message]);
        // Never moved while it grows: the length is known from the start.
        let nonces: Zeroizing<Vec<Scalar>> = Zeroizing::new(messages.iter().map(nonce).collect());
        let points: Vec<EdwardsPoint> = nonces.iter().map(EdwardsPoint::mul_base).collect();
        let encodings = EdwardsPoint::compress_batch_alloc(&points);
        let sign = |((message, r), encoding): ((&&[u8], &Scalar), &CompressedEdwardsY)| {
            let k = challenge(encoding.as_bytes(), &public, message);
            let s = r + k * *scalar;
            Signature::from_components(encoding.to_bytes(), s.to_bytes()).to_bytes()
        };
        messages.iter().zip(nonces.iter()).zip(&encodings).map(sign).collect()
    }
}

/// `k` of RFC 8032 sections 5.1.6 and 5.1.7: SHA-512 of R, the key and the message.
pub(crate) fn challenge(encoding: &[u8], key: &PublicKey, message: &[u8]) -> Scalar {
    scalar_of(&[encoding, key.as_bytes(), message])
}

/// SHA-512 of the parts, modulo the order of the group.
fn scalar_of(parts: &[&[u8]]) -> Scalar {
    let mut hasher = Sha512::new();
    for part in parts {
        hasher.update(part);
    }
    Scalar::from_bytes_mod_order_wide(&hasher.finalize().into())
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "SecretKey(of {})", self.public().thumbprint())
    }
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::VerifyingKey;

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
    fn many_are_signed_with_the_bytes_that_each_would_get_alone() {
        for (seed, count) in [(1, 0), (2, 1), (3, 2), (4, 17), (5, 300)] {
            let key = SecretKey::from_seed(&[seed; 32]);
            let text = [seed; 300];
            let messages: Vec<&[u8]> = (0..count).map(|length| &text[..length]).collect();
            let alone: Vec<[u8; 64]> = messages.iter().map(|it| key.sign(it)).collect();
            assert_eq!(key.sign_all(&messages), alone);
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
