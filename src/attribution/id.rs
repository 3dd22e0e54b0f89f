//! The id of a statement: the SHA-256 of its bytes, by which later records refer to it.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::hash::Hash;

/// SHA-256 of a statement's bytes, which is also the log entry that stands for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Id(Hash);

impl Id {
    /// The id of a statement with these bytes.
    pub fn of(statement: &[u8]) -> Self {
        Self(Hash::of(statement))
    }

    /// Takes a log entry, which is a statement's id, as an id.
    pub const fn from_hash(hash: Hash) -> Self {
        Self(hash)
    }

    /// The 32 bytes as a hash.
    pub const fn hash(&self) -> Hash {
        self.0
    }

    /// The first 12 hex digits: enough for people in a ledger of millions.
    pub fn short(&self) -> String {
        self.0.to_string()[..12].to_owned()
    }
}

impl fmt::Display for Id {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}
