//! The digests that a WARC record gives of itself (ISO 28500:2017, 5.8 and 5.9), held against it.
//!
//! ```text
//! WARC-Block-Digest: sha1:AB2CD3EF4GH5IJ6KL7MN8OPQ         algorithm ":" value
//! ```
//! The standard fixes neither the algorithm nor how the value is written. Crawlers write SHA-1 in
//! base32 and SHA-256 in hex; base64 is seen. Which it is, its length tells. Which bytes a digest
//! is of is left to the reader of records.

use base64ct::{Base64, Base64Unpadded, Base64Url, Base64UrlUnpadded, Encoding};
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha384, Sha512};

/// The longest digest that is looked at, in bytes: SHA-512 in hex and the algorithm's name.
pub const MAX_LENGTH: usize = 160;

/// What became of one digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The bytes have this digest.
    Holds,
    /// They have another one: the fact.
    Fails(String),
    /// The record gives none.
    NotGiven,
    /// It is written in a way, or is of an algorithm, that is not understood: the fact.
    NotUnderstood(String),
    /// It is of bytes that do not stand in this record: the fact.
    Elsewhere(&'static str),
}

/// A digest that is understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given<'a> {
    algorithm: Algorithm,
    value: &'a str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Algorithm {
    Sha1,
    Sha256,
    Sha384,
    Sha512,
}

/// How a value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Spelling {
    Hex,
    Base32 { padded: bool },
    Base64 { padded: bool, is_url: bool },
}

impl<'a> Given<'a> {
    /// Reads `algorithm:value`; the fact, where it is not understood.
    pub fn parse(text: &'a str) -> Result<Self, String> {
        let shown: String = text.chars().take(80).collect();
        let shown = shown.escape_debug();
        let (name, value) = text.split_once(':').ok_or(format!("`{shown}` names no algorithm"))?;
        let algorithm = match name.to_ascii_lowercase().as_str() {
            "sha1" | "sha-1" => Algorithm::Sha1,
            "sha256" | "sha-256" => Algorithm::Sha256,
            "sha384" | "sha-384" => Algorithm::Sha384,
            "sha512" | "sha-512" => Algorithm::Sha512,
            _ => return Err(format!("`{shown}` is of an algorithm that is not read")),
        };
        let given = Self { algorithm, value };
        match given.spelling() {
            Some(_) if text.len() <= MAX_LENGTH => Ok(given),
            _ => Err(format!("`{shown}` is not written in hex, base32 or base64")),
        }
    }

    /// Whether the algorithm is one for which two texts of one digest can be made (SHA-1: since
    /// 2017).
    pub fn is_weak(&self) -> bool {
        self.algorithm == Algorithm::Sha1
    }

    /// Whether `bytes` have this digest.
    pub fn is_of(&self, bytes: &[u8]) -> bool {
        let found = self.algorithm.digest(bytes);
        match self.spelling() {
            Some(Spelling::Hex) => hex(&found).eq_ignore_ascii_case(self.value),
            Some(Spelling::Base32 { padded }) => {
                base32(&found, padded).eq_ignore_ascii_case(self.value)
            }
            Some(Spelling::Base64 { padded, is_url }) => {
                base64(&found, padded, is_url) == self.value
            }
            None => false,
        }
    }

    /// The digest of `bytes`, as the record would give it in hex.
    pub fn found(&self, bytes: &[u8]) -> String {
        let name = match self.algorithm {
            Algorithm::Sha1 => "sha1",
            Algorithm::Sha256 => "sha256",
            Algorithm::Sha384 => "sha384",
            Algorithm::Sha512 => "sha512",
        };
        format!("{name}:{}", hex(&self.algorithm.digest(bytes)))
    }

    /// The way of writing that has this length and these letters, if there is one.
    fn spelling(&self) -> Option<Spelling> {
        let (size, value) = (self.algorithm.size(), self.value);
        let is_url = value.contains(['-', '_']);
        let letters = |pad: bool, allowed: fn(u8) -> bool| {
            value.bytes().all(|byte| allowed(byte) || (pad && byte == b'='))
        };
        let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || b"+/-_".contains(&byte);
        let is_base32 = |byte: u8| byte.is_ascii_alphabetic() || (b'2'..=b'7').contains(&byte);
        let length = value.len();
        if length == 2 * size {
            return letters(false, |byte| byte.is_ascii_hexdigit()).then_some(Spelling::Hex);
        }
        for padded in [true, false] {
            if length == base32(&vec![0; size], padded).len() {
                return letters(padded, is_base32).then_some(Spelling::Base32 { padded });
            }
            if length == base64(&vec![0; size], padded, false).len() {
                return letters(padded, is_base64).then_some(Spelling::Base64 { padded, is_url });
            }
        }
        None
    }
}

impl Algorithm {
    fn size(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }

    fn digest(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha1 => Sha1::digest(bytes).to_vec(),
            Self::Sha256 => Sha256::digest(bytes).to_vec(),
            Self::Sha384 => Sha384::digest(bytes).to_vec(),
            Self::Sha512 => Sha512::digest(bytes).to_vec(),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: [char; 16] =
        ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 0x0f]);
    digits.map(|digit| DIGITS[usize::from(digit)]).collect()
}

/// RFC 4648 section 6.
fn base32(bytes: &[u8], padded: bool) -> String {
    const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let mut text = String::new();
    for group in bytes.chunks(5) {
        let mut bits = [0; 8];
        bits[3..3 + group.len()].copy_from_slice(group);
        let bits = u64::from_be_bytes(bits);
        let letters = (group.len() * 8).div_ceil(5);
        for index in 0..8 {
            if index < letters {
                let value = (bits >> (35 - 5 * index)) & 31;
                text.push(char::from(LETTERS[usize::try_from(value).unwrap_or_default()]));
            } else if padded {
                text.push('=');
            }
        }
    }
    text
}

fn base64(bytes: &[u8], padded: bool, is_url: bool) -> String {
    match (padded, is_url) {
        (true, false) => Base64::encode_string(bytes),
        (false, false) => Base64Unpadded::encode_string(bytes),
        (true, true) => Base64Url::encode_string(bytes),
        (false, true) => Base64UrlUnpadded::encode_string(bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::{Given, base32};

    #[test]
    fn the_vectors_of_rfc_4648_section_10_are_written() {
        for (bytes, expected) in [
            ("", ""),
            ("f", "MY======"),
            ("fo", "MZXQ===="),
            ("foo", "MZXW6==="),
            ("foob", "MZXW6YQ="),
            ("fooba", "MZXW6YTB"),
            ("foobar", "MZXW6YTBOI======"),
        ] {
            assert_eq!(base32(bytes.as_bytes(), true), expected);
            assert_eq!(base32(bytes.as_bytes(), false), expected.trim_end_matches('='));
        }
    }

    #[test]
    fn every_way_of_writing_holds_and_every_changed_letter_does_not() {
        // The digests of the empty text (FIPS 180-4), as coreutils and Python write them.
        for text in [
            "sha1:da39a3ee5e6b4b0d3255bfef95601890afd80709",
            "SHA-1:DA39A3EE5E6B4B0D3255BFEF95601890AFD80709",
            "sha1:3I42H3S6NNFQ2MSVX7XZKYAYSCX5QBYJ",
            "sha1:2jmj7l5rSw0yVb/vlWAYkK/YBwk=",
            "sha1:2jmj7l5rSw0yVb_vlWAYkK_YBwk",
            "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "sha256:4OYMIQUY7QOBJGX36TEJS35ZEQT24QPEMSNZGTFESWMRW6CSXBKQ====",
            "sha256:4OYMIQUY7QOBJGX36TEJS35ZEQT24QPEMSNZGTFESWMRW6CSXBKQ",
            "sha256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
        ] {
            let given = Given::parse(text).unwrap();
            assert!(given.is_of(b""), "{text}");
            assert!(!given.is_of(b"x"), "{text}");
            let start = text.find(':').unwrap() + 1;
            for place in start..text.len() {
                let mut changed = text.as_bytes().to_vec();
                changed[place] = if changed[place] == b'2' { b'3' } else { b'2' };
                let changed = String::from_utf8(changed).unwrap();
                let holds = Given::parse(&changed).is_ok_and(|given| given.is_of(b""));
                assert!(!holds, "{changed}");
            }
        }
    }

    #[test]
    fn what_is_not_understood_is_said() {
        let fact = |text: &str| Given::parse(text).unwrap_err();
        assert_eq!(fact("da39a3"), "`da39a3` names no algorithm");
        assert_eq!(fact("md5:00"), "`md5:00` is of an algorithm that is not read");
        assert!(fact("sha1:da39").ends_with("is not written in hex, base32 or base64"));
        assert!(fact(&format!("sha1:{}", "!".repeat(32))).contains("not written"));
        assert!(fact(&format!("sha1:{}", "é".repeat(1 << 20))).len() < 300);
    }
}
