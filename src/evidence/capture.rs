//! A capture: the exact bytes of a document as fetched once, named by their digest.
//!
//! Says whether bytes are the ones that a record means. Fetching and keeping them is left to
//! others; a capture that is not at hand cannot be checked, which its caller says.

use crate::hash::Hash;

/// The largest capture of this version, in bytes: 64 MiB.
///
/// A check holds the whole capture in memory, and a published page or statement is far smaller;
/// a film is to be recorded by its transcript until captures are read in pieces.
pub const MAX_CAPTURE: u64 = 64 * 1024 * 1024;

/// What a record says of the bytes of a capture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expected {
    /// The SHA-256 of the bytes.
    pub digest: Hash,
    /// The number of bytes.
    pub size: u64,
}

/// Whether a blob is the recorded capture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check {
    /// Size and digest are as recorded.
    Holds,
    /// They are not: the fact that was found.
    Fails(Difference),
}

/// The first way in which a blob differs from what a record says of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Difference {
    /// The record or the blob is larger than this version reads.
    #[error("capture of {size} bytes is larger than {MAX_CAPTURE}, the most that is read")]
    TooLarge {
        /// The larger of the recorded and the found size, in bytes.
        size: u64,
    },
    /// The blob has another size.
    #[error("capture has {found} bytes, the record says {expected}")]
    Size {
        /// The number of bytes at hand.
        found: u64,
        /// The number of bytes recorded.
        expected: u64,
    },
    /// The blob has the recorded size and another digest.
    #[error("capture has the sha-256 {found}, the record says {expected}")]
    Digest {
        /// The digest of the bytes at hand.
        found: Hash,
        /// The digest recorded.
        expected: Hash,
    },
}

/// Whether `blob` is the capture that a record expects.
pub fn check(blob: &[u8], expected: &Expected) -> Check {
    let found_size = blob.len() as u64;
    let largest = found_size.max(expected.size);
    if largest > MAX_CAPTURE {
        return Check::Fails(Difference::TooLarge { size: largest });
    }
    if found_size != expected.size {
        return Check::Fails(Difference::Size { found: found_size, expected: expected.size });
    }
    let found = Hash::of(blob);
    if found != expected.digest {
        return Check::Fails(Difference::Digest { found, expected: expected.digest });
    }
    Check::Holds
}

/// The folder of a ledger in which all captures lie.
pub const FOLDER: &str = "evidence/sha256/";

/// Where a ledger keeps the blob of this digest: `evidence/sha256/ab/<64 hex digits>`, where `ab`
/// are the first two digits, so that no folder grows beyond what file systems list well.
pub fn path(digest: &Hash) -> String {
    let hex = digest.to_string();
    format!("{FOLDER}{}/{hex}", &hex[..2])
}

#[cfg(test)]
mod tests {
    use super::{Check, Difference, Expected, MAX_CAPTURE, check, path};
    use crate::hash::Hash;

    #[test]
    fn every_changed_byte_is_found() {
        let blob = b"Kabulov stated that".to_vec();
        let expected = Expected { digest: Hash::of(&blob), size: 19 };
        assert_eq!(check(&blob, &expected), Check::Holds);
        for place in 0..blob.len() {
            let mut changed = blob.clone();
            changed[place] ^= 1;
            let found = Hash::of(&changed);
            let fact = Difference::Digest { found, expected: expected.digest };
            assert_eq!(check(&changed, &expected), Check::Fails(fact));
        }
        let fact = Difference::Size { found: 18, expected: 19 };
        assert_eq!(check(&blob[1..], &expected), Check::Fails(fact));
        assert_eq!(fact.to_string(), "capture has 18 bytes, the record says 19");
    }

    #[test]
    fn a_record_of_more_than_the_limit_is_refused_before_hashing() {
        let expected = Expected { digest: Hash::of(b""), size: MAX_CAPTURE + 1 };
        let fact = Difference::TooLarge { size: MAX_CAPTURE + 1 };
        assert_eq!(check(b"", &expected), Check::Fails(fact));
    }

    #[test]
    fn a_blob_lies_below_the_first_two_digits_of_its_digest() {
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(path(&Hash::of(b"")), format!("evidence/sha256/e3/{empty}"));
    }
}
