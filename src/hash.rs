//! A SHA-256 value: 32 bytes that stand for other bytes.
//!
//! Everything the ledger names by content (an entry, a capture, a tree node) is one of these.
//! What a hash *means* is the business of the module that makes it.

use std::fmt;

use base64ct::{Base64, Encoding};
use foldhash::quality::RandomState;
use serde::de::Visitor;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};

/// The length of a SHA-256 value, in bytes (FIPS 180-4).
pub const LENGTH: usize = 32;

/// A map whose keys are hashes. As in the standard library's, where a key stands depends on numbers
/// that are drawn for each map, so that nobody can choose keys that get into each other's way.
pub type Map<K, V> = std::collections::HashMap<K, V, RandomState>;

/// A set of hashes.
pub type Set<K> = std::collections::HashSet<K, RandomState>;

/// An empty map with room for so many.
pub fn map_for<K, V>(count: usize) -> Map<K, V> {
    Map::with_capacity_and_hasher(count, RandomState::default())
}

/// An empty set with room for so many.
pub fn set_for<K>(count: usize) -> Set<K> {
    Set::with_capacity_and_hasher(count, RandomState::default())
}

/// A SHA-256 value. Printed as 64 lowercase hex digits; in CBOR a byte string of 32 bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash([u8; LENGTH]);

impl Hash {
    /// The hash of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// The hash of several pieces, one after the other, as if they were joined.
    pub fn of_parts(parts: &[&[u8]]) -> Self {
        let mut hasher = Sha256::new();
        for part in parts {
            hasher.update(part);
        }
        Self(hasher.finalize().into())
    }

    /// Takes 32 bytes that already are a hash.
    pub const fn from_bytes(bytes: [u8; LENGTH]) -> Self {
        Self(bytes)
    }

    /// Takes a slice that should be a hash; `None` unless it is exactly 32 bytes.
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; LENGTH] {
        &self.0
    }

    /// Reads exactly 64 lowercase hex digits; anything else is `None`.
    pub fn from_hex(text: &str) -> Option<Self> {
        if text.len() != 2 * LENGTH {
            return None;
        }
        let mut bytes = [0; LENGTH];
        for (byte, digits) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            *byte = hex_value(digits[0])? << 4 | hex_value(digits[1])?;
        }
        Some(Self(bytes))
    }

    /// Standard base64 with padding, as signed notes and proofs write it (RFC 4648 section 4).
    pub fn to_base64(self) -> String {
        Base64::encode_string(&self.0)
    }

    /// Reads canonical, padded base64 of exactly 32 bytes; anything else is `None`.
    pub fn from_base64(text: &str) -> Option<Self> {
        let mut bytes = [0; LENGTH];
        let decoded = Base64::decode(text, &mut bytes).ok()?;
        (decoded.len() == LENGTH).then_some(())?;
        Some(Self(bytes))
    }
}

/// The value of one lowercase hex digit.
fn hex_value(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut text = [0; 2 * LENGTH];
        for (digits, byte) in text.chunks_exact_mut(2).zip(self.0) {
            digits[0] = DIGITS[usize::from(byte >> 4)];
            digits[1] = DIGITS[usize::from(byte & 0xf)];
        }
        formatter.write_str(std::str::from_utf8(&text).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Hash({self})")
    }
}

impl Serialize for Hash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            serializer.serialize_bytes(&self.0)
        }
    }
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            deserializer.deserialize_str(HexVisitor)
        } else {
            deserializer.deserialize_bytes(BytesVisitor)
        }
    }
}

struct HexVisitor;

impl Visitor<'_> for HexVisitor {
    type Value = Hash;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a string")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Hash, E> {
        Hash::from_hex(text).ok_or_else(|| E::custom("expected 64 lowercase hex digits"))
    }
}

struct BytesVisitor;

impl Visitor<'_> for BytesVisitor {
    type Value = Hash;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a byte string of 32 bytes")
    }

    fn visit_bytes<E: serde::de::Error>(self, bytes: &[u8]) -> Result<Hash, E> {
        Hash::from_slice(bytes).ok_or_else(|| E::invalid_length(bytes.len(), &self))
    }
}

#[cfg(test)]
mod tests {
    use super::Hash;

    #[test]
    fn the_hash_of_nothing_is_the_published_one() {
        // RFC 6962 section 2.1: MTH({}) = SHA-256("").
        let empty = Hash::of(b"");
        assert_eq!(empty.to_base64(), "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
        assert_eq!(Hash::of_parts(&[b"ab", b"", b"c"]), Hash::of(b"abc"));
        assert_eq!(Hash::from_hex(&empty.to_string()), Some(empty));
        assert_eq!(Hash::from_base64(&empty.to_base64()), Some(empty));
    }

    #[test]
    fn other_spellings_are_refused() {
        let hex = Hash::of(b"x").to_string();
        for bad in [&hex[1..], &hex.to_uppercase(), &format!("{hex}0"), &hex.replace('2', "g")] {
            assert_eq!(Hash::from_hex(bad), None, "{bad}");
        }
        let base64 = Hash::of(b"x").to_base64();
        // The last digit before the padding carries two unused bits, which must be zero.
        let trailing_bits = format!("{}9=", &base64[..42]);
        for bad in [base64.trim_end_matches('='), &format!("{base64} "), &trailing_bits, "AAAA"] {
            assert_eq!(Hash::from_base64(bad), None, "{bad}");
        }
    }
}
