//! Checkpoints: what a log commits to, and the only way to trust one (C2SP tlog-checkpoint v1).
//!
//! ```text
//! text = origin "\n" size: decimal "\n" base64(root: 32 bytes) "\n" (extension "\n")*
//! ```
//! A [`Checkpoint`] is what somebody says. A [`Trusted`] one was signed by a log of the policy and
//! cosigned by enough witnesses; nothing else can make one.

use std::collections::BTreeSet;
use std::fmt;
use std::ops::Deref;
use std::str::FromStr;

use serde::Serialize;

use crate::hash::Hash;
use crate::tlog::merkle::{Tree, empty_root};
use crate::tlog::note::{self, Note};
use crate::tlog::policy::Policy;

/// The longest origin, in bytes. tlog-cosignature (ML-DSA) writes its length in one byte.
pub const MAX_ORIGIN_LENGTH: usize = 255;

/// What a log says of itself at one time. Not yet believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The name of the log: a URL without scheme, such as `example.org/claims`.
    pub origin: String,
    /// The number of entries.
    pub size: u64,
    /// The root hash of the tree of that size.
    pub root: Hash,
    /// More lines, each not empty. The specification advises against them.
    pub extensions: Vec<String>,
}

/// What is known to come from a trusted log and to be seen by enough witnesses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trusted<T> {
    value: T,
    cosignatures: Vec<Cosigned>,
    logged_before: Option<LoggedBefore>,
}

/// A witness of the policy saw a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cosigned {
    /// The policy's name for the witness.
    pub witness: String,
    /// When, in POSIX seconds, by the witness's clock.
    pub time: u64,
}

/// By what time a checkpoint, and so every entry under it, was there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LoggedBefore {
    /// In POSIX seconds, by the witnesses' clocks: those that cosigned no later than this are
    /// enough for the quorum.
    pub time: u64,
    /// The policy's names of those that cosigned no later.
    pub witnesses: Vec<String>,
    /// Whether the policy has a quorum; without one it is the word of the first witness alone.
    pub by_quorum: bool,
}

/// Why a text is no checkpoint, or a checkpoint is not trusted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The text does not follow the format.
    #[error("not a checkpoint: {0}")]
    Format(&'static str),
    /// A checkpoint of no entries with another root than the one that it must have.
    #[error("not a checkpoint: the root of no entries is not SHA-256 of nothing")]
    EmptyRoot,
    /// The note is broken, a signature does not hold, or nobody known has signed.
    #[error("checkpoint: {0}")]
    Note(#[from] note::Error),
    /// Known keys have signed, but none is the key of a log of this origin.
    #[error("no log key of the policy for `{origin}` has signed the checkpoint")]
    UnknownLog {
        /// The origin that the checkpoint names.
        origin: String,
    },
    /// Too few witnesses, or the wrong ones.
    #[error(
        "the checkpoint is cosigned by {}, which does not meet quorum `{quorum}`",
        if cosigned.is_empty() { "nobody".to_owned() } else { cosigned.join(", ") }
    )]
    Quorum {
        /// The witnesses whose cosignatures hold.
        cosigned: Vec<String>,
        /// The witness or group that must have cosigned.
        quorum: String,
    },
}

impl Checkpoint {
    /// The tree that the checkpoint commits to.
    pub fn tree(&self) -> Tree {
        Tree { size: self.size, root: self.root }
    }

    fn check(self) -> Result<Self, Error> {
        if !(1..=MAX_ORIGIN_LENGTH).contains(&self.origin.len()) {
            return Err(Error::Format("the origin has not 1 to 255 bytes"));
        }
        if self.origin.chars().any(char::is_control) {
            return Err(Error::Format("the origin holds a control character"));
        }
        if self.size == 0 && self.root != empty_root() {
            return Err(Error::EmptyRoot);
        }
        if self.extensions.iter().any(String::is_empty) {
            return Err(Error::Format("an extension line is empty"));
        }
        Ok(self)
    }
}

impl fmt::Display for Checkpoint {
    /// The text that is signed.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { origin, size, root, extensions } = self;
        write!(formatter, "{origin}\n{size}\n{}\n", root.to_base64())?;
        extensions.iter().try_for_each(|line| writeln!(formatter, "{line}"))
    }
}

impl FromStr for Checkpoint {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let body = text
            .strip_suffix('\n')
            .ok_or(Error::Format("the last line does not end in a newline"))?;
        let mut lines = body.split('\n');
        let (Some(origin), Some(size), Some(root)) = (lines.next(), lines.next(), lines.next())
        else {
            return Err(Error::Format("expected the lines origin, size and root"));
        };
        let root = Hash::from_base64(root)
            .ok_or(Error::Format("the third line is not the base64 of a hash"))?;
        let checkpoint = Self {
            origin: origin.to_owned(),
            size: parse_decimal(size)
                .ok_or(Error::Format("the second line is no size in plain decimal"))?,
            root,
            extensions: lines.map(str::to_owned).collect(),
        };
        checkpoint.check()
    }
}

impl<T> Trusted<T> {
    /// The cosignatures of the policy's witnesses that hold, in the order of the note. Other
    /// lines are not among them.
    pub fn cosignatures(&self) -> &[Cosigned] {
        &self.cosignatures
    }

    /// The policy's names of the witnesses that cosigned, each once.
    pub fn witnesses(&self) -> BTreeSet<&str> {
        self.cosignatures.iter().map(|cosigned| cosigned.witness.as_str()).collect()
    }

    /// The earliest time at which the cosignatures up to then meet the policy's quorum. Without a
    /// quorum it is the earliest cosignature, which is one witness's word. `None` if nobody
    /// cosigned.
    ///
    /// The time is the witnesses': nothing here compares it with another clock, so that an answer
    /// is the same whenever it is asked for.
    pub fn logged_before(&self) -> Option<&LoggedBefore> {
        self.logged_before.as_ref()
    }
}

impl Trusted<Checkpoint> {
    /// Opens a signed checkpoint. Its log must have signed it by a key of the policy that bears
    /// the origin's name, no signature by a key of the policy may be bad, and the witnesses that
    /// cosigned must meet the policy's quorum.
    pub fn open(note: &[u8], policy: &Policy) -> Result<Self, Error> {
        Self::open_note(&Note::parse(note)?, policy)
    }

    /// Opens a signed checkpoint that is parsed already, by the same rules as [`Self::open`].
    pub fn open_note(note: &Note, policy: &Policy) -> Result<Self, Error> {
        let value: Checkpoint = note.text().parse()?;
        let logs = policy.logs().iter().map(|log| &log.key);
        let witnesses = policy.witnesses().iter().map(|witness| &witness.key);
        let keys: Vec<_> = logs.clone().chain(witnesses).collect();
        let verified = note.verify(&keys)?;

        let by_its_log = |key| logs.clone().any(|log| log == key && log.name() == value.origin);
        if !verified.iter().any(|signature| by_its_log(signature.key)) {
            return Err(Error::UnknownLog { origin: value.origin });
        }
        let cosigned_by = |signature: &note::Verified<'_>| {
            let witness = policy.witnesses().iter().find(|w| &w.key == signature.key)?;
            Some(Cosigned { witness: witness.name.clone(), time: signature.time? })
        };
        let cosignatures: Vec<Cosigned> = verified.iter().filter_map(cosigned_by).collect();
        let names: BTreeSet<&str> = cosignatures.iter().map(|c| c.witness.as_str()).collect();
        match policy.quorum() {
            Some(quorum) if !policy.quorum_met(&names) => Err(Error::Quorum {
                cosigned: names.into_iter().map(str::to_owned).collect(),
                quorum: quorum.to_owned(),
            }),
            _ => {
                let logged_before = logged_before(&cosignatures, policy);
                Ok(Self { value, cosignatures, logged_before })
            }
        }
    }
}

/// Takes the cosignatures in the order of their times until they are enough.
fn logged_before(cosignatures: &[Cosigned], policy: &Policy) -> Option<LoggedBefore> {
    let mut in_time: Vec<&Cosigned> = cosignatures.iter().collect();
    in_time.sort_by_key(|cosigned| cosigned.time);
    let mut seen = BTreeSet::new();
    for Cosigned { witness, time } in in_time {
        seen.insert(witness.as_str());
        if policy.quorum_met(&seen) {
            let witnesses = seen.into_iter().map(str::to_owned).collect();
            let by_quorum = policy.quorum().is_some();
            return Some(LoggedBefore { time: *time, witnesses, by_quorum });
        }
    }
    None
}

impl<T> Deref for Trusted<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

/// Reads a decimal without leading zeros or sign.
pub(crate) fn parse_decimal(text: &str) -> Option<u64> {
    text.parse().ok().filter(|number: &u64| number.to_string() == text)
}
