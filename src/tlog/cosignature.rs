//! Cosignatures: a witness says that it saw a checkpoint, and when (C2SP tlog-cosignature v1,
//! Ed25519).
//!
//! ```text
//! message              = "cosignature/v1\n" "time " <decimal> "\n" <checkpoint text>
//! timestamped signature = time: u64 big-endian || Ed25519 signature of the message, 64 bytes
//! ```
//! The message says: as of that time, this is the largest consistent tree of that origin that the
//! cosigner has seen. Whose key it is, and how the signature stands in a note, is left to `note`.

use crate::key::{PublicKey, SIGNATURE_LENGTH, SecretKey};

/// The length of a timestamped signature, in bytes.
pub const LENGTH: usize = TIME_LENGTH + SIGNATURE_LENGTH;

/// The latest time, in seconds since 1970: tlog-cosignature keeps it within 63 bits.
pub const MAX_TIME: u64 = i64::MAX as u64;

const TIME_LENGTH: usize = 8;

/// Cosigns the text of a checkpoint as of `time`, in POSIX seconds, at most [`MAX_TIME`].
pub fn sign(secret: &SecretKey, text: &str, time: u64) -> Vec<u8> {
    assert!(time <= MAX_TIME, "time {time} has more than 63 bits");
    let signature = secret.sign(message(text, time).as_bytes());
    [&time.to_be_bytes()[..], &signature].concat()
}

/// Checks a timestamped signature; the time it vouches for, in POSIX seconds, or `None` if it
/// does not hold.
pub fn verify(public: &PublicKey, text: &str, timestamped: &[u8]) -> Option<u64> {
    let (time, signature) = timestamped.split_first_chunk()?;
    let time = u64::from_be_bytes(*time);
    let holds = time <= MAX_TIME && public.verifies(message(text, time).as_bytes(), signature);
    holds.then_some(time)
}

fn message(text: &str, time: u64) -> String {
    format!("cosignature/v1\ntime {time}\n{text}")
}

#[cfg(test)]
mod tests {
    use super::{LENGTH, MAX_TIME, sign, verify};
    use crate::key::SecretKey;

    #[test]
    fn a_cosignature_holds_for_its_text_its_time_and_its_key_only() {
        let key = SecretKey::from_seed(&[2; 32]);
        let good = sign(&key, "text\n", 1_700_000_000);
        assert_eq!(good.len(), LENGTH);
        assert_eq!(verify(&key.public(), "text\n", &good), Some(1_700_000_000));
        assert_eq!(verify(&key.public(), "text", &good), None);
        let other = SecretKey::from_seed(&[3; 32]);
        assert_eq!(verify(&other.public(), "text\n", &good), None);
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 1;
            assert_eq!(verify(&key.public(), "text\n", &bad), None, "byte {at}");
            assert_eq!(verify(&key.public(), "text\n", &good[..at]), None, "cut to {at}");
        }
    }

    #[test]
    fn a_time_of_more_than_63_bits_is_refused_though_signed() {
        let key = SecretKey::from_seed(&[2; 32]);
        let last = sign(&key, "text\n", MAX_TIME);
        assert_eq!(verify(&key.public(), "text\n", &last), Some(MAX_TIME));
        let time = MAX_TIME + 1;
        let signature = key.sign(format!("cosignature/v1\ntime {time}\ntext\n").as_bytes());
        let bad = [&time.to_be_bytes()[..], &signature].concat();
        assert_eq!(verify(&key.public(), "text\n", &bad), None);
    }
}
