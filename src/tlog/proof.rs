//! Proofs in a file: one entry, the way up to the root, and the checkpoint, so that anyone can
//! check offline that the entry is in the log (C2SP tlog-proof, `.tlog-proof`).
//!
//! ```text
//! c2sp.org/tlog-proof@v1
//! [extra <base64>]
//! index <decimal>
//! (<base64 of 32 bytes>)*        the leaf's sibling first
//!                                an empty line
//! <checkpoint, a signed note>
//! ```
//! The entry itself is not in it: who checks a proof has it from elsewhere.

use std::fmt;

use base64ct::{Base64, Encoding};

use crate::hash::Hash;
use crate::tlog::checkpoint::{self, Checkpoint, Trusted, parse_decimal};
use crate::tlog::merkle::{self, Inclusion, Leaf, leaf_hash, verify_inclusion};
use crate::tlog::note::{self, Note};
use crate::tlog::policy::Policy;

/// The most hashes in a proof: a tree whose size has 64 bits is at most 64 levels high.
pub const MAX_HASHES: usize = 64;

/// The largest proof file, in bytes: a note, as much of extra data, and the hashes.
pub const MAX_LENGTH: usize = 3 * note::MAX_LENGTH;

const HEAD: &str = "c2sp.org/tlog-proof@v1";

/// That an entry is in a log. Not yet checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// Data of the application. Nothing vouches for it, not even a proof that holds.
    pub unauthenticated_extra: Option<Vec<u8>>,
    /// The place of the entry in the log, counted from 0.
    pub index: u64,
    /// The way from the entry up to the checkpoint's root.
    pub inclusion: Inclusion,
    /// The signed checkpoint.
    pub checkpoint: Note,
}

/// Why a proof was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The file does not follow the format.
    #[error("not a tlog-proof: {0}")]
    Format(&'static str),
    /// A line that should hold a hash does not.
    #[error("not a tlog-proof: line {0} is not the base64 of a hash")]
    Hash(usize),
    /// The checkpoint is not trusted.
    #[error(transparent)]
    Checkpoint(#[from] checkpoint::Error),
    /// The entry is not in the tree of the checkpoint.
    #[error("the entry is not shown to be in the log: {0}")]
    Inclusion(#[from] merkle::Error),
}

impl Proof {
    /// Reads a proof file.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        if bytes.len() > MAX_LENGTH {
            return Err(Error::Format("it is larger than 3 MB"));
        }
        let text = str::from_utf8(bytes).map_err(|_| Error::Format("it is not UTF-8"))?;
        let (head, checkpoint) = text
            .split_once("\n\n")
            .ok_or(Error::Format("no empty line parts hashes and checkpoint"))?;
        let mut lines = (1..).zip(head.split('\n')).peekable();
        lines
            .next_if(|(_, line)| *line == HEAD)
            .ok_or(Error::Format("the first line is not c2sp.org/tlog-proof@v1"))?;
        let extra = lines.next_if(|(_, line)| line.starts_with("extra ")).map(|(_, line)| {
            Base64::decode_vec(&line["extra ".len()..])
                .map_err(|_| Error::Format("the extra data is not base64"))
        });
        let index = lines
            .next()
            .and_then(|(_, line)| parse_decimal(line.strip_prefix("index ")?))
            .ok_or(Error::Format("expected a line `index` with a plain decimal"))?;
        let hashes: Vec<Hash> = lines
            .map(|(number, line)| Hash::from_base64(line).ok_or(Error::Hash(number)))
            .collect::<Result<_, _>>()?;
        if hashes.len() > MAX_HASHES {
            return Err(Error::Format("it has more than 64 hashes"));
        }
        let checkpoint = Note::parse(checkpoint.as_bytes()).map_err(checkpoint::Error::from)?;
        let inclusion = Inclusion(hashes);
        Ok(Self { unauthenticated_extra: extra.transpose()?, index, inclusion, checkpoint })
    }

    /// Checks that `entry` stands at [`Self::index`] in a log that `policy` trusts, in the tree of
    /// the checkpoint that is returned.
    pub fn verify(&self, entry: &[u8], policy: &Policy) -> Result<Trusted<Checkpoint>, Error> {
        let checkpoint = Trusted::open_note(&self.checkpoint, policy)?;
        let leaf = Leaf { index: self.index, hash: leaf_hash(entry) };
        verify_inclusion(&leaf, &checkpoint.tree(), &self.inclusion)?;
        Ok(checkpoint)
    }
}

impl fmt::Display for Proof {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "{HEAD}")?;
        if let Some(extra) = &self.unauthenticated_extra {
            writeln!(formatter, "extra {}", Base64::encode_string(extra))?;
        }
        writeln!(formatter, "index {}", self.index)?;
        for hash in &self.inclusion.0 {
            writeln!(formatter, "{}", hash.to_base64())?;
        }
        write!(formatter, "\n{}", self.checkpoint)
    }
}
