//! What a log sends to a witness, and what a witness answers (C2SP tlog-witness, `add-checkpoint`).
//!
//! ```text
//! request = "old " size: decimal "\n" (base64(hash: 32 bytes) "\n"){0,63} "\n" checkpoint: note
//! 200     = (signature line "\n")+               cosignatures of the checkpoint
//! 409     = size: decimal "\n"                   text/x.tlog.size: the witness's latest size
//! ```
//! Which status is right is for the witness to say; how the request travels is for others.

use std::fmt;

use crate::hash::Hash;
use crate::tlog::checkpoint::parse_decimal;
use crate::tlog::merkle::Consistency;
use crate::tlog::note::{self, Note, Signature};

/// The most hashes of a consistency proof (tlog-witness).
pub const MAX_HASHES: usize = 63;

/// The largest request, in bytes: the proof takes less than 3 kB, and a note with the hundred
/// signatures that are the most of any note takes less than 40 kB, with post-quantum ones 350 kB.
pub const MAX_LENGTH: usize = 512 * 1024;

/// The largest answer that a log reads, in bytes: more cosignature lines than a note can hold are
/// of no use.
pub const MAX_ANSWER_LENGTH: usize = 128 * 1024;

/// The media type that tells the size in a 409 from other answers.
pub const SIZE_TYPE: &str = "text/x.tlog.size";

/// What stands after the witness's URL, where a request is posted.
pub const PATH: &str = "add-checkpoint";

/// A log asks a witness to cosign its checkpoint. Nothing is checked yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddCheckpoint {
    /// The size of the tree that the witness cosigned last, as far as the log knows.
    pub old_size: u64,
    /// That the tree of that size is the beginning of the checkpoint's.
    pub proof: Consistency,
    /// The checkpoint, signed by its log.
    pub checkpoint: Note,
}

/// Why a request or an answer could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// It does not follow the format.
    #[error("not an add-checkpoint request: {0}")]
    Format(&'static str),
    /// A line that should hold a hash does not.
    #[error("not an add-checkpoint request: line {0} is not the base64 of a hash")]
    Hash(usize),
    /// The checkpoint is no note.
    #[error("not an add-checkpoint request: {0}")]
    Note(#[from] note::Error),
    /// An answer without a line, or with one that is no signature.
    #[error("the answer is not a list of signature lines")]
    Answer,
}

impl AddCheckpoint {
    /// Reads a request.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        if bytes.len() > MAX_LENGTH {
            return Err(Error::Format("it is larger than 512 KiB"));
        }
        let text = str::from_utf8(bytes).map_err(|_| Error::Format("it is not UTF-8"))?;
        let (head, checkpoint) = text
            .split_once("\n\n")
            .ok_or(Error::Format("no empty line parts the proof and the checkpoint"))?;
        let mut lines = (1..).zip(head.split('\n'));
        let old_size = lines
            .next()
            .and_then(|(_, line)| parse_decimal(line.strip_prefix("old ")?))
            .ok_or(Error::Format("the first line is not `old` with a plain decimal"))?;
        let mut hashes = Vec::new();
        for (number, line) in lines {
            if hashes.len() == MAX_HASHES {
                return Err(Error::Format("it has more than 63 hashes"));
            }
            hashes.push(Hash::from_base64(line).ok_or(Error::Hash(number))?);
        }
        let checkpoint = Note::parse(checkpoint.as_bytes())?;
        Ok(Self { old_size, proof: Consistency(hashes), checkpoint })
    }
}

impl fmt::Display for AddCheckpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "old {}", self.old_size)?;
        for hash in &self.proof.0 {
            writeln!(formatter, "{}", hash.to_base64())?;
        }
        write!(formatter, "\n{}", self.checkpoint)
    }
}

/// Reads the signature lines of a 200.
pub fn parse_signatures(body: &[u8]) -> Result<Vec<Signature>, Error> {
    let text = str::from_utf8(body).map_err(|_| Error::Answer)?;
    if text.is_empty() || text.len() > MAX_ANSWER_LENGTH {
        return Err(Error::Answer);
    }
    let lines = text.split_inclusive('\n');
    lines.map(|line| line.parse().map_err(|_| Error::Answer)).collect()
}

/// The body of a 409: the latest size that the witness cosigned.
pub fn format_size(size: u64) -> String {
    format!("{size}\n")
}

/// Reads the body of a 409; `None` if it is no size.
pub fn parse_size(body: &[u8]) -> Option<u64> {
    parse_decimal(str::from_utf8(body).ok()?.strip_suffix('\n')?)
}

/// Where a witness serves the latest checkpoint that it cosigned for a log: the path after its
/// URL, by the hash of the log's origin.
pub fn monitoring_path(origin: &str) -> String {
    format!("{}/checkpoint", Hash::of(origin.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::{AddCheckpoint, Error, format_size, monitoring_path, parse_signatures, parse_size};
    use crate::hash::Hash;
    use crate::key::SecretKey;
    use crate::tlog::merkle::Consistency;
    use crate::tlog::note::{Note, Signature};

    fn request(hashes: usize) -> AddCheckpoint {
        let text = "example.org/claims\n3\n71HbGxl1IIGAymXryB1/Qa1TnQfQ/+B3YbwmGkad9DY=\n";
        let key = SecretKey::from_seed(&[1; 32]);
        let signature = Signature::sign("example.org/claims", &key, text).expect("a good name");
        AddCheckpoint {
            old_size: 2,
            proof: Consistency(vec![Hash::of(b"x"); hashes]),
            checkpoint: Note::new(text, vec![signature]).expect("a note"),
        }
    }

    #[test]
    fn what_is_written_reads_back_with_up_to_63_hashes() {
        for hashes in 0..=63 {
            let request = request(hashes);
            assert_eq!(AddCheckpoint::parse(request.to_string().as_bytes()), Ok(request));
        }
        let many = request(64).to_string();
        assert_eq!(
            AddCheckpoint::parse(many.as_bytes()),
            Err(Error::Format("it has more than 63 hashes"))
        );
    }

    #[test]
    fn no_other_spelling_is_a_request() {
        let good = request(1).to_string();
        let check = |from: &str, to: &str| {
            let bad = good.replacen(from, to, 1);
            assert_ne!(bad, good);
            assert!(AddCheckpoint::parse(bad.as_bytes()).is_err(), "{bad}");
        };
        check("old 2", "old 02");
        check("old 2", "old +2");
        check("old 2", "old -1");
        check("old 2", "old  2");
        check("old 2", "Old 2");
        check("old 2\n", "old 2\r\n");
        check("old 2", "old 18446744073709551616");
        check("old 2\n", "");
        check("old 2\n", "\nold 2\n");
        check("=\n\n", "\n\n");
        check("=\n\n", "= \n\n");
        check("\n\nexample", "\nexample");
        check("\u{2014}", "-");
        check("\n3\n", "\n3\u{0}\n");
        // Cut anywhere but at the end, it is none either.
        for at in 0..good.len() {
            assert!(AddCheckpoint::parse(&good.as_bytes()[..at]).is_err(), "cut to {at}");
        }
        let long = format!("{good}{}", "x".repeat(600_000));
        assert!(AddCheckpoint::parse(long.as_bytes()).is_err());
    }

    #[test]
    fn answers_are_lines_or_a_size_and_nothing_else() {
        let line = request(0).checkpoint.signatures()[0].to_string();
        assert_eq!(parse_signatures(line.as_bytes()).map(|lines| lines.len()), Ok(1));
        assert_eq!(parse_signatures(line.repeat(2).as_bytes()).map(|lines| lines.len()), Ok(2));
        for bad in ["", "\n", "no\n", &line[..line.len() - 1], &format!("{line}\n")] {
            assert_eq!(parse_signatures(bad.as_bytes()), Err(Error::Answer), "{bad:?}");
        }
        assert!(parse_signatures(line.repeat(2000).as_bytes()).is_err());
        assert_eq!(parse_size(format_size(300).as_bytes()), Some(300));
        for bad in ["", "300", "0300\n", "300\n\n", "300\r\n", " 300\n", "-1\n"] {
            assert_eq!(parse_size(bad.as_bytes()), None, "{bad:?}");
        }
    }

    #[test]
    fn the_monitoring_path_is_the_hash_of_the_origin() {
        assert_eq!(
            monitoring_path("example.org/claims"),
            "063192bc1965fd413ff798dc338953c15b640fa7b7f20cba44e45fc49640db95/checkpoint"
        );
    }
}
