//! What a reader remembers of logs: the last checkpoint of each that held, so that a log which
//! goes back, or shows another history, is found out by everybody who read it before.
//!
//! ```text
//! <state>/seen/<SHA-256 of the log's vkey>    the checkpoint, a signed note
//! <state>/seen/lock                           held while one is replaced
//! <state>/verified/<SHA-256 of the log's vkey>.sqlite    which entries were verified, if that is wanted
//! <state>/forks/<16 hex digits>.fork          proofs that were found (see tlog/fork.rs)
//! ```
//! A memory that is missing makes nothing wrong, and nothing is trusted because it is remembered:
//! a note counts only as far as the log's own signature on it holds.

use std::path::{Path, PathBuf};

use crate::hash::Hash;
use crate::ledger::reading;
use crate::store::failure::Failure;
use crate::store::loose::{self, ReadError, Readers};
use crate::store::{self, source::Source};
use crate::tlog::continuity::{self, Continuity};
use crate::tlog::fork::{Fork, Said};
use crate::tlog::merkle::Tree;
use crate::tlog::note::{self, Note, VerifierKey};
use crate::tlog::policy::Policy;

/// The folder in which it is remembered.
#[derive(Debug, Clone)]
pub struct Memory {
    state: PathBuf,
}

/// How a checkpoint stands to what is remembered of its log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Nothing is remembered: there is nothing to compare with.
    First,
    /// It is the one that was seen, or continues it.
    Holds,
    /// It is smaller than this tree, which was seen before.
    RolledBack(Tree),
    /// It is another history than the one that was seen.
    Forked(Box<Fork>),
    /// The log's files do not show whether it continues this tree, which was seen before.
    NotShown(Tree),
}

/// A checkpoint, compared with what is remembered.
#[derive(Debug, Clone)]
pub struct Meeting {
    /// What the log said, once for each key of the policy that signed it, and what was remembered
    /// of that key when they were compared.
    said: Vec<(Said, Option<Said>)>,
    /// The gravest of what was found.
    pub standing: Standing,
    /// What could not be read of the memory, for people.
    pub notes: Vec<String>,
}

/// Why nothing was remembered.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The memory could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The memory could not be written.
    #[error(transparent)]
    Write(#[from] Failure),
    /// What stands there is no checkpoint of this log.
    #[error("{path}: {error}")]
    Damaged {
        /// The file.
        path: String,
        /// What is wrong with it.
        error: crate::tlog::checkpoint::Error,
    },
}

impl Memory {
    /// The memory in a folder, which is made when something is first remembered.
    pub fn new(state: PathBuf) -> Self {
        Self { state }
    }

    /// Compares a signed checkpoint with what is remembered. `source` gives the tiles of its tree.
    /// A checkpoint that no log of the policy signed is nobody's: there is nothing to compare.
    ///
    /// # Errors
    /// Only when the source cannot be reached.
    pub fn compare(
        &self,
        source: &dyn Source,
        note: &[u8],
        policy: &Policy,
    ) -> Result<Meeting, store::Error> {
        let said = Note::parse(note).map_err(Into::into).and_then(|it| Said::open(&it, policy));
        let said = said.unwrap_or_default();
        let mut meeting =
            Meeting { said: Vec::new(), standing: Standing::First, notes: Vec::new() };
        for present in said {
            let seen = self.recall(&present.key, policy).unwrap_or_else(|error| {
                meeting.notes.push(format!("what was seen before is not counted: {error}"));
                None
            });
            if let Some(seen) = &seen {
                let found = compare(source, seen, &present)?;
                if gravity(&found) > gravity(&meeting.standing) {
                    meeting.standing = found;
                }
            }
            meeting.said.push((present, seen));
        }
        Ok(meeting)
    }

    /// The last checkpoint that was remembered of a log.
    pub fn recall(&self, key: &VerifierKey, policy: &Policy) -> Result<Option<Said>, Error> {
        let path = self.file(key);
        let bytes = match loose::read_file(&path, note::MAX_LENGTH as u64) {
            Ok(bytes) => bytes,
            Err(ReadError::Failed(failure)) if failure.is_not_found() => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let said = Note::parse(&bytes).map_err(Into::into).and_then(|it| Said::open(&it, policy));
        let path = path.display().to_string();
        let said = said.map_err(|error| Error::Damaged { path, error })?;
        Ok(said.into_iter().find(|said| said.key == *key))
    }

    /// Remembers a checkpoint that held in all that was checked. Never goes back: where a larger
    /// one is remembered, by whomever, that one stays.
    pub fn remember(&self, meeting: &Meeting, policy: &Policy) -> Result<(), Error> {
        if !matches!(meeting.standing, Standing::First | Standing::Holds) {
            return Ok(());
        }
        for (said, seen) in &meeting.said {
            if is_newer(said, self.best_known(&said.key, policy)?.as_ref()) {
                let folder = self.folder("seen")?;
                // Another process may have been here: what it left was compared with nothing yet,
                // and may be of another history.
                let _lock = loose::lock(&folder.join("lock"))?;
                if self.best_known(&said.key, policy)? == *seen {
                    let note = said.note.to_string();
                    loose::replace(&self.file(&said.key), note.as_bytes(), Readers::Owner)?;
                }
            }
        }
        Ok(())
    }

    /// The file in which the entries of a log that this user has verified are remembered. Its
    /// folder is made.
    pub fn verified(&self, key: &VerifierKey) -> Result<PathBuf, Error> {
        self.folder("verified")?;
        Ok(self.verified_file(key))
    }

    /// The same file, which need not be there.
    pub fn verified_file(&self, key: &VerifierKey) -> PathBuf {
        self.state.join("verified").join(format!("{}.sqlite", name_of(key)))
    }

    /// Keeps a fork proof for others to check, and says where.
    pub fn keep_fork(&self, fork: &Fork) -> Result<PathBuf, Error> {
        let text = fork.to_string();
        let name = &Hash::of(text.as_bytes()).to_string()[..16];
        let path = self.folder("forks")?.join(format!("{name}.fork"));
        loose::replace(&path, text.as_bytes(), Readers::Everyone)?;
        Ok(path)
    }

    /// What is remembered, or nothing where it is damaged: that may be written over. What could
    /// only not be read may not.
    fn best_known(&self, key: &VerifierKey, policy: &Policy) -> Result<Option<Said>, Error> {
        match self.recall(key, policy) {
            Err(Error::Damaged { .. }) => Ok(None),
            known => known,
        }
    }

    fn file(&self, key: &VerifierKey) -> PathBuf {
        self.state.join("seen").join(name_of(key))
    }

    fn folder(&self, name: &str) -> Result<PathBuf, Failure> {
        let folder = self.state.join(name);
        loose::create_folder(&folder)?;
        Ok(folder)
    }
}

impl Meeting {
    /// The keys by which the log signed the checkpoint.
    pub fn keys(&self) -> impl Iterator<Item = &VerifierKey> {
        self.said.iter().map(|(said, _)| &said.key)
    }

    /// The size of the checkpoint's tree; 0 if nobody known signed it.
    pub fn size(&self) -> u64 {
        self.said.first().map_or(0, |(said, _)| said.checkpoint.size)
    }
}

impl Standing {
    /// What is wrong, in one sentence; `None` if nothing is.
    pub fn fault(&self, size: u64) -> Option<String> {
        match self {
            Self::First | Self::Holds => None,
            Self::RolledBack(seen) => Some(format!(
                "the checkpoint is older than the one seen before (size {size} < {})",
                seen.size
            )),
            Self::Forked(_) => Some(
                "the log has signed another history than the one seen before: it is forked"
                    .to_owned(),
            ),
            Self::NotShown(seen) => Some(format!(
                "whether the log continues the {} entries seen before is not shown: its tiles are \
                 not those of its checkpoint",
                seen.size
            )),
        }
    }
}

/// Compares a ledger as it stands with a checkpoint of it that came by another way, as in a
/// receipt. [`Standing::First`] if no log key of the policy signed both.
///
/// # Errors
/// Only when the source cannot be reached.
pub fn confront(
    source: &dyn Source,
    earlier: &Note,
    policy: &Policy,
) -> Result<Standing, store::Error> {
    let said = |note: &Note| Said::open(note, policy).unwrap_or_default();
    let present = reading::checkpoint(source)?.and_then(|note| Note::parse(&note).ok());
    let present = present.as_ref().map(said).unwrap_or_default();
    let mut standing = Standing::First;
    for seen in said(earlier) {
        if let Some(present) = present.iter().find(|present| present.key == seen.key) {
            let found = compare(source, &seen, present)?;
            if gravity(&found) > gravity(&standing) {
                standing = found;
            }
        }
    }
    Ok(standing)
}

/// The name under which a log key's files are kept.
pub fn name_of(key: &VerifierKey) -> String {
    Hash::of(key.to_string().as_bytes()).to_string()
}

/// The folder of a log's files below a folder of such.
pub fn folder_of(root: &Path, key: &VerifierKey) -> PathBuf {
    root.join(name_of(key))
}

fn compare(source: &dyn Source, seen: &Said, present: &Said) -> Result<Standing, store::Error> {
    let tree = seen.checkpoint.tree();
    let mut nodes = reading::nodes(source, present.checkpoint.size);
    Ok(match continuity::compare(seen, present, &mut nodes) {
        Ok(Continuity::Same | Continuity::Continues) => Standing::Holds,
        Ok(Continuity::RolledBack) => Standing::RolledBack(tree),
        Ok(Continuity::Forked(fork)) => Standing::Forked(Box::new(fork)),
        Err(reading::Error::Store(error)) if error.is_outage() => return Err(error),
        Ok(Continuity::NotShown) | Err(_) => Standing::NotShown(tree),
    })
}

fn gravity(standing: &Standing) -> u8 {
    match standing {
        Standing::First => 0,
        Standing::Holds => 1,
        Standing::NotShown(_) => 2,
        Standing::RolledBack(_) => 3,
        Standing::Forked(_) => 4,
    }
}

fn is_newer(said: &Said, remembered: Option<&Said>) -> bool {
    remembered.is_none_or(|remembered| said.checkpoint.size > remembered.checkpoint.size)
}
