//! The disk of this machine, through the standard library.
//!
//! Symbolic links inside the ledger are reported and never followed, neither at the end of a
//! path nor on the way: a ledger that came from elsewhere must not make us read or write outside
//! of it. (A link put there between the look and the use would be followed: who can do that
//! while we run can write the ledger's files anyway.)
#![allow(clippy::disallowed_methods, reason = "this is the door")]

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::thread::{Builder, ScopedJoinHandle};
use std::time::Duration;

use crate::store::disk::{Disk, Kind, Listed};

/// A folder on the machine's disk.
#[derive(Debug, Clone)]
pub struct OsDisk {
    root: PathBuf,
    /// How long a lock is waited for that somebody else holds.
    patience: Duration,
}

/// How long to wait before a lock is tried again.
const AGAIN: Duration = Duration::from_millis(20);

impl OsDisk {
    /// Names the folder; touches nothing.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into(), patience: Duration::ZERO }
    }

    /// The same folder, for somebody who waits so long for its lock.
    #[must_use]
    pub fn waiting(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    fn at(&self, path: &str) -> PathBuf {
        if path.is_empty() {
            return self.root.clone();
        }
        let plain = |segment: &str| !matches!(segment, "" | "." | "..");
        assert!(path.split('/').all(plain), "{path:?} could leave the ledger");
        self.root.join(path)
    }
}

impl Disk for OsDisk {
    type File = File;
    type Lock = File;

    fn name(&self, path: &str) -> String {
        self.at(path).display().to_string()
    }

    fn kind(&self, path: &str) -> io::Result<Option<Kind>> {
        let whole = self.at(path);
        if path.is_empty() {
            // The ledger itself may well be reached through a link.
            return existing(fs::metadata(&whole)).map(|found| found.map(|it| kind_of(&it)));
        }
        for (end, _) in path.match_indices('/') {
            match existing(fs::symlink_metadata(self.at(&path[..end])))? {
                Some(it) if it.is_dir() => {}
                Some(it) if !it.is_file() => return Ok(Some(Kind::Other)),
                // Nothing can stand below a file, or below nothing.
                _ => return Ok(None),
            }
        }
        existing(fs::symlink_metadata(&whole)).map(|found| found.map(|it| kind_of(&it)))
    }

    fn read(&self, path: &str, limit: u64) -> io::Result<Vec<u8>> {
        read_at_most(&self.at(path), limit)
    }

    fn list(&self, folder: &str) -> io::Result<Vec<Listed>> {
        let mut listed = Vec::new();
        for entry in fs::read_dir(self.at(folder))? {
            let entry = entry?;
            let name = entry.file_name();
            // Not followed: this is the metadata of a link itself.
            let kind = name
                .to_str()
                .map_or(Ok(Kind::Other), |_| entry.metadata().map(|metadata| kind_of(&metadata)))?;
            listed.push(Listed { name: name.to_string_lossy().into_owned(), kind });
        }
        Ok(listed)
    }

    fn create(&self, path: &str) -> io::Result<File> {
        OpenOptions::new().write(true).create_new(true).open(self.at(path))
    }

    fn write(&self, file: &mut File, bytes: &[u8]) -> io::Result<()> {
        file.write_all(bytes)
    }

    fn sync_file(&self, file: &File) -> io::Result<()> {
        file.sync_all()
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        fs::rename(self.at(from), self.at(to))
    }

    fn create_folder(&self, folder: &str) -> io::Result<()> {
        fs::create_dir(self.at(folder))
    }

    fn sync_folder(&self, folder: &str) -> io::Result<()> {
        sync_folder(&self.at(folder))
    }

    fn sync_all(&self, files: &[File], folders: &[&str]) -> Result<(), (usize, io::Error)> {
        enum Unsynced<'a> {
            File(&'a File),
            Folder(&'a str),
        }
        let files = files.iter().map(Unsynced::File);
        let all: Vec<Unsynced<'_>> =
            files.chain(folders.iter().copied().map(Unsynced::Folder)).collect();
        at_once(&all, |it| match it {
            Unsynced::File(file) => file.sync_all(),
            Unsynced::Folder(folder) => sync_folder(&self.at(folder)),
        })
    }

    fn remove_file(&self, path: &str) -> io::Result<()> {
        fs::remove_file(self.at(path))
    }

    fn try_lock(&self, path: &str) -> io::Result<Option<File>> {
        let file =
            OpenOptions::new().write(true).create(true).truncate(false).open(self.at(path))?;
        let mut waited = Duration::ZERO;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Some(file)),
                Err(TryLockError::WouldBlock) if waited >= self.patience => return Ok(None),
                Err(TryLockError::WouldBlock) => std::thread::sleep(AGAIN),
                Err(TryLockError::Error(error)) => return Err(error),
            }
            waited += AGAIN;
        }
    }
}

/// Does the same to all items in several threads. A file system that is asked to make many things
/// durable at once does so in one turn of its journal; one after the other they wait for as many.
fn at_once<T: Sync>(
    items: &[T],
    work: impl Fn(&T) -> io::Result<()> + Sync,
) -> Result<(), (usize, io::Error)> {
    const WAITING: usize = 16;
    let share = items.len().div_ceil(WAITING).max(1);
    let (work, numbered): (_, Vec<(usize, &T)>) = (&work, items.iter().enumerate().collect());
    let each = |share: &[(usize, &T)]| {
        share.iter().try_for_each(|(at, item)| work(item).map_err(|error| (*at, error)))
    };
    if items.len() <= 1 {
        return each(&numbered);
    }
    std::thread::scope(|scope| {
        let begin = |share| {
            let begun = Builder::new().spawn_scoped(scope, move || each(share));
            begun.map_err(|_| share)
        };
        let begun: Vec<_> = numbered.chunks(share).map(begin).collect();
        // All are waited for; the first failure counts. What gets no thread is done here.
        let end = |begun: Result<ScopedJoinHandle<'_, _>, _>| match begun {
            Ok(thread) => thread.join().expect("syncing does not panic"),
            Err(share) => each(share),
        };
        let ended: Vec<_> = begun.into_iter().map(end).collect();
        ended.into_iter().collect()
    })
}

/// The first `limit` bytes of a file, or all if there are fewer.
pub(crate) fn read_at_most(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Makes the names in a folder durable. Only Unix can sync a folder; elsewhere the system's own
/// journal has to do.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

fn kind_of(metadata: &fs::Metadata) -> Kind {
    if metadata.is_file() {
        Kind::File { length: metadata.len() }
    } else if metadata.is_dir() {
        Kind::Folder
    } else {
        Kind::Other
    }
}

/// Turns "not found" into `None`.
fn existing(metadata: io::Result<fs::Metadata>) -> io::Result<Option<fs::Metadata>> {
    match metadata {
        Ok(metadata) => Ok(Some(metadata)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
