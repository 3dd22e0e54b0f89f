//! The smallest steps that can fail on their own: what any disk under a ledger must offer.
//!
//! Two disks stand under it: the machine's own, and a simulated one that can lose power. The
//! order of the steps, which is what makes a commit safe, is `commit`'s business.

use std::{fmt, io};

/// What stands at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A regular file.
    File {
        /// Its length, in bytes.
        length: u64,
    },
    /// A folder.
    Folder,
    /// Anything else: a symbolic link (never followed), a pipe, a device, a name that is not
    /// UTF-8.
    Other,
}

/// One name in a folder.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Listed {
    /// The name, without the folder.
    pub name: String,
    /// What it names.
    pub kind: Kind,
}

/// A folder on some disk. Paths are relative to it, `/`-separated, without `.` and `..`; the
/// empty path is the folder itself. Nothing is durable before it is synced: the bytes of a file
/// by [`Disk::sync_file`], its name by [`Disk::sync_folder`] on the folder that holds the name.
///
/// A rename is atomic: after a loss of power the target is the old file or the new one, and the
/// moved file has at least one of its names.
pub trait Disk: Clone {
    /// A file being written. The sync must go through the descriptor that wrote, or an error in
    /// writing back could be reported to nobody.
    type File: fmt::Debug + Send;
    /// Held as long as it lives.
    type Lock: fmt::Debug + Send;

    /// How a person would name the path, for messages.
    fn name(&self, path: &str) -> String;
    /// What stands at the path; `None` if nothing does.
    fn kind(&self, path: &str) -> io::Result<Option<Kind>>;
    /// The first `limit` bytes of a file, or all if there are fewer.
    fn read(&self, path: &str, limit: u64) -> io::Result<Vec<u8>>;
    /// The names in a folder, in any order.
    fn list(&self, folder: &str) -> io::Result<Vec<Listed>>;

    /// Creates an empty file; fails with `AlreadyExists` if the name is taken.
    fn create(&self, path: &str) -> io::Result<Self::File>;
    /// Appends to a file just created. After a failure any part may have been written.
    fn write(&self, file: &mut Self::File, bytes: &[u8]) -> io::Result<()>;
    /// Makes the bytes of a file durable. After a failure they may be lost for good although
    /// they still read well: the file must not be synced again, only written anew.
    fn sync_file(&self, file: &Self::File) -> io::Result<()>;
    /// Moves a file, replacing one at the target.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;
    /// Creates one folder; fails with `AlreadyExists` if the name is taken.
    fn create_folder(&self, folder: &str) -> io::Result<()>;
    /// Makes the names in a folder durable: those added, replaced and removed.
    fn sync_folder(&self, folder: &str) -> io::Result<()>;
    /// Makes the bytes of several files durable, and the names in several folders, in any order;
    /// the number says which failed, counted from the first file to the last folder. Together they
    /// may take little longer than one.
    fn sync_all(&self, files: &[Self::File], folders: &[&str]) -> Result<(), (usize, io::Error)> {
        let files = files.iter().map(|file| self.sync_file(file));
        let folders = folders.iter().map(|folder| self.sync_folder(folder));
        let mut synced = files.chain(folders).enumerate();
        synced.try_for_each(|(at, synced)| synced.map_err(|error| (at, error)))
    }
    /// Removes a file.
    fn remove_file(&self, path: &str) -> io::Result<()>;
    /// Creates the file if needed and locks it; `None` if somebody else holds it.
    fn try_lock(&self, path: &str) -> io::Result<Option<Self::Lock>>;
}
