//! The door to the disk: a ledger's folder as paths and bytes.
//!
//! Reading needs no lock and no right to write, so a read-only copy can be verified. Writing is
//! `commit`'s business, and happens whole or not at all. What the bytes mean is for those who
//! call: nothing here knows a tile from a statement.

// What is named, what failed, what is to be done.
pub mod failure;
pub mod path;

pub mod journal;

// What it is done to.
pub mod disk;
pub mod os;
pub mod simulated;

// What is read from, at hand or far away.
pub mod source;

// How: whole or not at all, and beside a ledger one file at a time.
pub mod commit;
pub mod kept;
pub mod loose;
pub mod stream;

use std::io;

use crate::store::disk::{Disk, Kind, Listed};
use crate::store::failure::Failure;
use crate::store::journal::Journal;
use crate::store::path::FilePath;

/// The private folder in a ledger: the lock, the journal, what is on its way. Never published,
/// never trusted; may be absent, as in a fresh clone.
pub const STATE: &str = ".state";

/// The file that every writer locks.
pub(crate) const LOCK: &str = ".state/lock";

/// The journal of a commit past the point of no return.
pub(crate) const PENDING: &str = ".state/pending";

/// The largest journal, in bytes. It holds one batch without its captures: 1 GiB is about half
/// a million statements, far more than a machine should hold in memory for one commit.
pub const JOURNAL_LIMIT: u64 = 1 << 30;

/// Why a ledger's files were not read or written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such folder.
    #[error("no ledger at {0}: there is no such folder")]
    NoFolder(String),
    /// Another process, or another handle in this one, is writing.
    #[error("{0} is locked: somebody else is writing to this ledger")]
    Locked(String),
    /// A step failed: the disk is full, read-only, broken, or not ours to use. If it failed
    /// while a commit was being prepared, the ledger is unchanged.
    #[error(transparent)]
    Failed(#[from] Failure),
    /// A file is longer than the caller takes.
    #[error("{path} has {length} bytes, at most {limit} were expected")]
    TooLong {
        /// The file.
        path: String,
        /// Its length, in bytes.
        length: u64,
        /// The most bytes the caller takes.
        limit: u64,
    },
    /// A server did not give out the file. Whether there is one cannot be said.
    #[error("{message}")]
    NotFetched {
        /// What happened, and with which URL.
        message: String,
        /// What a person can do about it.
        hint: Option<String>,
        /// Whether asking again later may well help.
        is_temporary: bool,
    },
    /// A folder, a link or a device stands where a file was expected.
    #[error("{0} is not a regular file")]
    NotAFile(String),
    /// Something else stands where a file has to go. Nothing was overwritten.
    #[error("{0} is already there and is not what this commit would write: it was tampered with")]
    Tampered(String),
    /// A blob the journal wants to place is neither staged nor in place.
    #[error("{path} cannot be put in place: no staged blob with its digest is there")]
    NotStaged {
        /// Where it should have gone.
        path: String,
    },
    /// A staged blob is not what its name says.
    #[error("{0} is damaged: its bytes do not have the digest in its name")]
    StagedDamaged(String),
    /// The journal of an interrupted commit cannot be read. It is left for a person to look at.
    #[error("{path}: {error}")]
    Journal {
        /// The journal.
        path: String,
        /// What is wrong with it.
        error: journal::Error,
    },
    /// The commit may or may not have passed the point of no return.
    #[error(
        "{0}; the outcome is not known: it will be finished or swept when the ledger is next \
         opened for writing"
    )]
    OutcomeUnknown(Box<Error>),
    /// The commit is durable but not complete.
    #[error(
        "{0}; the commit is recorded and will be finished when the ledger is next \
         opened for writing"
    )]
    Unfinished(Box<Error>),
    /// An earlier write through this handle failed; what the system holds in memory can no
    /// longer be relied on.
    #[error("an earlier write to {0} failed: open the ledger again before writing more")]
    Poisoned(String),
}

/// A file found in a ledger. A path that is no [`FilePath`] cannot be one of ours.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Found {
    /// The path as it stands on the disk; with replacement characters if it is not UTF-8.
    pub path: String,
    /// A file with its length, or something else that should not be there.
    pub kind: Kind,
}

/// A ledger's folder, for reading.
#[derive(Debug, Clone)]
pub struct Store<D> {
    disk: D,
}

impl Error {
    /// Whether it was not the file's fault that it was not read: the disk or the way to the server
    /// failed. Nothing can be said of the ledger then.
    pub fn is_outage(&self) -> bool {
        matches!(self, Self::Failed(_) | Self::NotFetched { .. })
    }
}

impl<D: Disk> Store<D> {
    /// Opens a folder for reading. Writes nothing.
    pub fn open(disk: D) -> Result<Self, Error> {
        let kind = disk.kind("");
        let store = Self { disk };
        match kind.map_err(|source| store.failed("open", "", source))? {
            Some(Kind::Folder) => Ok(store),
            _ => Err(Error::NoFolder(store.disk.name(""))),
        }
    }

    /// How a person would name a file of this ledger.
    pub fn name(&self, path: &FilePath) -> String {
        self.disk.name(path.as_str())
    }

    /// A whole file of at most `limit` bytes; `None` if there is none.
    pub fn read(&self, path: &FilePath, limit: u64) -> Result<Option<Vec<u8>>, Error> {
        self.read_any(path.as_str(), limit)
    }

    /// The length of a file, in bytes; `None` if there is none.
    pub fn length(&self, path: &FilePath) -> Result<Option<u64>, Error> {
        self.length_of_any(path.as_str())
    }

    /// The names in one folder, sorted; none if there is no such folder.
    pub fn list(&self, folder: &str) -> Result<Vec<Listed>, Error> {
        let kind =
            self.disk.kind(folder).map_err(|source| self.failed("look at", folder, source))?;
        if kind != Some(Kind::Folder) {
            return Ok(Vec::new());
        }
        let listed = self.disk.list(folder);
        let mut names = listed.map_err(|source| self.failed("list", folder, source))?;
        names.sort();
        Ok(names)
    }

    /// Every file outside `.state`, sorted by path. Links and other oddities are reported, not
    /// followed; folders are not reported.
    pub fn files(&self) -> Result<Vec<Found>, Error> {
        self.files_below("")
    }

    /// The same for the files below one folder; none if there is no such folder.
    pub fn files_below(&self, folder: &str) -> Result<Vec<Found>, Error> {
        let mut files = Vec::new();
        let mut folders = vec![folder.to_owned()];
        while let Some(folder) = folders.pop() {
            for it in self.list(&folder)? {
                let prefix = if folder.is_empty() { "" } else { "/" };
                let path = format!("{folder}{prefix}{}", it.name);
                match it.kind {
                    Kind::Folder if path == STATE => {}
                    Kind::Folder => folders.push(path),
                    kind => files.push(Found { path, kind }),
                }
            }
        }
        files.sort();
        Ok(files)
    }

    /// The journal of an interrupted commit, if there is one: a look, without the lock. While
    /// another process writes, it is the journal of the commit under way.
    pub fn pending(&self) -> Result<Option<Journal>, Error> {
        let Some(bytes) = self.read_any(PENDING, JOURNAL_LIMIT)? else { return Ok(None) };
        let journal = Journal::parse(&bytes);
        journal.map(Some).map_err(|error| Error::Journal { path: self.disk.name(PENDING), error })
    }

    /// The disk underneath, for the module that writes.
    pub(crate) fn disk(&self) -> &D {
        &self.disk
    }

    /// [`Store::read`] for any path, also in `.state`.
    fn read_any(&self, path: &str, limit: u64) -> Result<Option<Vec<u8>>, Error> {
        let too_long = |length| Error::TooLong { path: self.disk.name(path), length, limit };
        match self.length_of_any(path)? {
            None => return Ok(None),
            Some(length) if length > limit => return Err(too_long(length)),
            Some(_) => {}
        }
        // One byte more than the limit shows a file that grew since it was looked at.
        match self.disk.read(path, limit.saturating_add(1)) {
            Ok(bytes) if bytes.len() as u64 > limit => Err(too_long(bytes.len() as u64)),
            Ok(bytes) => Ok(Some(bytes)),
            // Removed since it was looked at.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(self.failed("read", path, source)),
        }
    }

    /// [`Store::length`] for any path, also in `.state`.
    pub(crate) fn length_of_any(&self, path: &str) -> Result<Option<u64>, Error> {
        match self.disk.kind(path).map_err(|source| self.failed("look at", path, source))? {
            None => Ok(None),
            Some(Kind::File { length }) => Ok(Some(length)),
            Some(_) => Err(Error::NotAFile(self.disk.name(path))),
        }
    }

    /// Creates one folder unless it is there; something else in its place is tampering. Returns
    /// whether it may be new.
    pub(crate) fn ensure_folder(&self, folder: &str) -> Result<bool, Error> {
        match self.disk.kind(folder).map_err(|source| self.failed("look at", folder, source))? {
            Some(Kind::Folder) => Ok(false),
            Some(_) => Err(Error::Tampered(self.disk.name(folder))),
            None => match self.disk.create_folder(folder) {
                // Another writer, about to find itself locked out or to lock us out.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(true),
                Err(source) => Err(self.failed("create", folder, source)),
                Ok(()) => Ok(true),
            },
        }
    }

    /// The error for a failed step, naming the intent and the path.
    pub(crate) fn failed(&self, intent: &'static str, path: &str, source: io::Error) -> Error {
        Failure { intent, path: self.disk.name(path), source }.into()
    }
}
