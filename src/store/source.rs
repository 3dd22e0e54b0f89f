//! Where the files of a ledger are read from: a folder on a disk, or a web server far away.
//!
//! Whoever reads a ledger needs no more than this, so that all that can be said of a ledger at
//! hand can be said of a published one. Nothing read here is authenticated.

use crate::store::disk::Disk;
use crate::store::journal::Journal;
use crate::store::path::FilePath;
use crate::store::{Error, Found, Store};

/// A ledger's files, for reading.
pub trait Source {
    /// How a person would name a file of this ledger.
    fn name(&self, path: &FilePath) -> String;

    /// A whole file of at most `limit` bytes; `None` if there is none.
    fn read(&self, path: &FilePath, limit: u64) -> Result<Option<Vec<u8>>, Error>;

    /// Every file outside the private folder, sorted by path; `None` where nobody can list them,
    /// as a web server does not.
    fn files(&self) -> Result<Option<Vec<Found>>, Error>;

    /// The journal of a commit under way or interrupted, where it can be seen.
    fn pending(&self) -> Result<Option<Journal>, Error>;
}

impl<D: Disk> Source for Store<D> {
    fn name(&self, path: &FilePath) -> String {
        self.name(path)
    }

    fn read(&self, path: &FilePath, limit: u64) -> Result<Option<Vec<u8>>, Error> {
        self.read(path, limit)
    }

    fn files(&self) -> Result<Option<Vec<Found>>, Error> {
        self.files().map(Some)
    }

    fn pending(&self) -> Result<Option<Journal>, Error> {
        self.pending()
    }
}
