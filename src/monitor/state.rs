//! What a monitor remembers from one look to the next, and how that is written down.
//!
//! ```text
//! whosaid-monitor/1\n
//! <one JSON object>\n
//! sha256 <hex of all bytes above>\n
//! ```
//! It is private to the one who watches. A file that is not exactly this is refused: a monitor
//! that silently began anew would have been made to forget.

use std::collections::{BTreeMap, BTreeSet};

use base64ct::{Base64, Encoding};
use serde::{Deserialize, Serialize};

use crate::attribution::id::Id;
use crate::attribution::keyring::Keyring;
use crate::attribution::statement;
use crate::hash::Hash;
use crate::key::Thumbprint;
use crate::monitor::watch::{Parties, Watch};
use crate::tlog::checkpoint::Checkpoint;
use crate::tlog::merkle::{Tree, empty_root};
use crate::tlog::note::Note;

/// The largest state that is read, in bytes: a million reported claims need about a quarter.
pub const MAX_LENGTH: u64 = 1 << 30;

const HEAD: &str = "whosaid-monitor/1\n";

/// What the last line begins with.
const SEAL: &str = "sha256 ";

/// Why a state was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Not what a monitor wrote, or only a part of it.
    #[error("not the whole memory of a monitor: {0}")]
    Damaged(String),
    /// Written by another version.
    #[error("the memory of a monitor of another version: this program reads whosaid-monitor/1")]
    Version,
    /// Of another place, or of somebody who watches for something else.
    #[error("the memory of a monitor that watches {0}")]
    Another(&'static str),
}

/// From where on a ledger that is met for the first time is reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Begin {
    /// From its first entry.
    Start,
    /// From the end that it had at the first look. All before is read and checked all the same.
    Now,
}

/// Something that was reported, or would have been but for [`Begin::Now`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Reported {
    pub(crate) entry: u64,
    /// Whose key signed it, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) signer: Option<Thumbprint>,
    /// What it says, shortened; empty where nobody can read it, or nobody looked.
    pub(crate) title: String,
}

/// All that is remembered of one ledger, for one watch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// Where the ledger is looked for.
    pub(crate) location: String,
    pub(crate) watch: Watch,
    pub(crate) begin: Begin,
    /// What stands below this entry was there at the first look, and is not reported.
    pub(crate) quiet_below: u64,
    /// The newest checkpoint that was trusted and found to continue the ones before.
    pub(crate) checkpoint: Option<String>,
    /// How many entries were read and reported, and their root.
    size: u64,
    root: Hash,
    /// The charter and the key records, in base64, with their places.
    pub(crate) governance: Vec<(u64, String)>,
    pub(crate) parties: Parties,
    /// The key of the channel that a statement describes.
    pub(crate) channels: BTreeMap<Id, String>,
    /// The keys of the channels that watched parties are said to control.
    pub(crate) controlled: BTreeSet<String>,
    pub(crate) reported: BTreeMap<Id, Reported>,
    /// For each document, the reported claims that rest on it.
    pub(crate) rests: BTreeMap<Id, BTreeSet<Id>>,
    /// The statements that are withheld, of a newer format, or by a key that nobody can tell: a
    /// key that is missed may stand in one of them.
    pub(crate) unread: BTreeSet<Id>,
    /// The statements that do not count, whatever is found later.
    pub(crate) refused: BTreeSet<Id>,
    /// What was asked for and has occurred.
    pub(crate) met: BTreeSet<String>,
}

impl State {
    /// Of a ledger that was never looked at.
    pub fn new(location: &str, watch: Watch, begin: Begin) -> Self {
        Self {
            location: location.to_owned(),
            watch,
            begin,
            quiet_below: 0,
            checkpoint: None,
            size: 0,
            root: empty_root(),
            governance: Vec::new(),
            parties: Parties::default(),
            channels: BTreeMap::new(),
            controlled: BTreeSet::new(),
            reported: BTreeMap::new(),
            rests: BTreeMap::new(),
            unread: BTreeSet::new(),
            refused: BTreeSet::new(),
            met: BTreeSet::new(),
        }
    }

    /// The entries that were read and reported, as a tree: each is in it, and the next is not.
    pub fn seen(&self) -> Tree {
        Tree { size: self.size, root: self.root }
    }

    pub(crate) fn set_seen(&mut self, seen: Tree) {
        (self.size, self.root) = (seen.size, seen.root);
    }

    /// The newest checkpoint that was accepted, without its signatures.
    pub fn checkpoint(&self) -> Option<Checkpoint> {
        let note = self.checkpoint.as_ref()?;
        // Checked when the state was read.
        Note::parse(note.as_bytes()).ok()?.text().parse().ok()
    }

    /// The newest checkpoint that was accepted, with its signatures.
    pub fn note(&self) -> Option<&str> {
        self.checkpoint.as_deref()
    }

    /// What was asked for and has not occurred yet: it may be misspelt, or come later.
    pub fn not_met(&self) -> Vec<&str> {
        let met = |name: &&str| !self.met.contains(*name) && !self.parties.knows(name);
        self.watch.everybody().filter(met).collect()
    }

    /// The bytes to keep.
    pub fn format(&self) -> Vec<u8> {
        let mut bytes = HEAD.as_bytes().to_vec();
        serde_json::to_writer(&mut bytes, self).expect("all map keys are text");
        bytes.push(b'\n');
        let seal = format!("{SEAL}{}\n", Hash::of(&bytes));
        bytes.extend(seal.into_bytes());
        bytes
    }

    /// Reads what was kept for this place and this watch.
    pub fn parse(bytes: &[u8], location: &str, watch: &Watch) -> Result<Self, Error> {
        let damaged = |what: &str| Error::Damaged(what.to_owned());
        if !bytes.starts_with(HEAD.as_bytes()) {
            let another = bytes.starts_with(b"whosaid-monitor/");
            let version = another && bytes.contains(&b'\n');
            return Err(if version { Error::Version } else { damaged("the first line differs") });
        }
        let text = str::from_utf8(bytes).map_err(|_| damaged("it is not UTF-8"))?;
        let length = text.len().saturating_sub(SEAL.len() + 64 + 1);
        let (body, seal) = text.split_at_checked(length).ok_or(damaged("the end is missing"))?;
        if seal != format!("{SEAL}{}\n", Hash::of(body.as_bytes())) {
            return Err(damaged("its checksum does not match"));
        }
        let json = body.strip_prefix(HEAD).ok_or(damaged("it is cut short"))?;
        let state: Self =
            serde_json::from_str(json).map_err(|error| Error::Damaged(error.to_string()))?;
        if state.location != location {
            return Err(Error::Another("another place"));
        }
        if state.watch != *watch {
            return Err(Error::Another("for something else"));
        }
        let whole = match (&state.checkpoint, state.checkpoint()) {
            (None, _) => state.size == 0,
            (Some(_), checkpoint) => checkpoint.is_some_and(|it| it.size >= state.size),
        };
        if !whole {
            return Err(damaged("its checkpoint does not fit"));
        }
        state.keyring()?;
        Ok(state)
    }

    /// The keys in force, from the charter and the key records that were admitted.
    pub(crate) fn keyring(&self) -> Result<Keyring, Error> {
        let damaged = || Error::Damaged("the key records do not hold".to_owned());
        let mut keyring = Keyring::default();
        for (entry_index, text) in &self.governance {
            let bytes = Base64::decode_vec(text).map_err(|_| damaged())?;
            let statement = statement::open(&bytes).map_err(|_| damaged())?;
            keyring.admit(statement, *entry_index, None).map_err(|_| damaged())?;
        }
        Ok(keyring)
    }

    /// Keeps a charter or key record that was admitted.
    pub(crate) fn keep_governance(&mut self, entry_index: u64, bytes: &[u8]) {
        self.governance.push((entry_index, Base64::encode_string(bytes)));
    }
}
