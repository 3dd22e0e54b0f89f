//! Files of a published log that never change, kept on this machine so that they are fetched
//! once: tiles and bundles of entries, and nothing else.
//!
//! Statements and captures may be withheld or erased later, and what its keeper has taken back
//! must not live on here: they are never kept. The checkpoint changes with every entry.
//!
//! A kept file is trusted no more than the server is: who reads it checks it against a checkpoint.
//! Its hash stands before it (over its path too), so that a damaged one counts as none:
//! ```text
//! SHA-256(path ‖ 0x0A ‖ bytes)     32 bytes
//! bytes                            the file
//! ```

use std::cell::RefCell;
use std::path::{Path, PathBuf};

use crate::hash::{Hash, LENGTH};
use crate::store::failure::Failure;
use crate::store::loose;
use crate::store::path::FilePath;

/// The folder of one log's files.
#[derive(Debug)]
pub struct Cache {
    folder: PathBuf,
    /// The first failure to write: after it nothing more is kept.
    trouble: RefCell<Option<Failure>>,
}

impl Cache {
    /// A cache in this folder, which is made when the first file is kept.
    pub fn new(folder: PathBuf) -> Self {
        Self { folder, trouble: RefCell::default() }
    }

    /// Where the files are.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The file as it was kept, of at most `limit` bytes; `None` if it is not there, or not whole.
    pub fn read(&self, path: &FilePath, limit: u64) -> Option<Vec<u8>> {
        let guarded = limit.saturating_add(LENGTH as u64);
        let mut bytes = loose::read_file(&self.file(path), guarded).ok()?;
        let guard = Hash::from_slice(bytes.get(..LENGTH)?)?;
        let content = bytes.split_off(LENGTH);
        (guard_of(path, &content) == guard).then_some(content)
    }

    /// Keeps a file. That it could not be kept makes nothing wrong, only slower: see
    /// [`Cache::trouble`].
    pub fn keep(&self, path: &FilePath, bytes: &[u8]) {
        if self.trouble.borrow().is_some() {
            return;
        }
        let guarded = [guard_of(path, bytes).as_bytes(), bytes].concat();
        let file = self.file(path);
        let folder = file.parent().unwrap_or(&self.folder);
        let kept = loose::create_folder_lightly(folder)
            .and_then(|()| loose::replace_lightly(&file, &guarded));
        if let Err(failure) = kept {
            self.trouble.replace(Some(failure));
        }
    }

    /// Why nothing more is kept, if so.
    pub fn trouble(&self) -> Option<String> {
        self.trouble.borrow().as_ref().map(Failure::to_string)
    }

    /// Forgets all files of this log.
    pub fn clear(&self) -> Result<(), Failure> {
        loose::remove_folder(&self.folder)
    }

    fn file(&self, path: &FilePath) -> PathBuf {
        path.as_str().split('/').fold(self.folder.clone(), |folder, name| folder.join(name))
    }
}

fn guard_of(path: &FilePath, bytes: &[u8]) -> Hash {
    Hash::of_parts(&[path.as_str().as_bytes(), b"\n", bytes])
}
