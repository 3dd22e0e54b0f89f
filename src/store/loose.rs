//! Files that lie outside a ledger: keys, policies, claim files, captures to be taken in.
//!
//! Here links are followed and pipes are read, because the person at the keyboard named the
//! file. What the bytes mean is the caller's business.
#![allow(clippy::disallowed_methods, reason = "this is the door")]

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use crate::store::failure::Failure;
use crate::store::os;

/// Who may read a new file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readers {
    /// Everybody (0644, less what the umask takes).
    Everyone,
    /// The owner alone (0600): secret keys.
    Owner,
}

/// Why a file was not read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The system refused.
    #[error(transparent)]
    Failed(#[from] Failure),
    /// More bytes than the caller takes.
    #[error("{path} holds more than {limit} bytes")]
    TooLong {
        /// The file.
        path: String,
        /// The most bytes the caller takes.
        limit: u64,
    },
}

/// Reads a whole file of at most `limit` bytes.
pub fn read_file(path: &Path, limit: u64) -> Result<Vec<u8>, ReadError> {
    let bytes = os::read_at_most(path, limit.saturating_add(1)).map_err(failed("read", path))?;
    if bytes.len() as u64 > limit {
        return Err(ReadError::TooLong { path: path.display().to_string(), limit });
    }
    Ok(bytes)
}

/// Writes a file that must not exist yet, durably; `AlreadyExists` is the error's source if it
/// does. A failed write is taken back. A loss of power meanwhile can leave a short file behind.
pub fn write_new(path: &Path, bytes: &[u8], readers: Readers) -> Result<(), Failure> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    restrict(&mut options, readers);
    let mut file = options.open(path).map_err(failed("create", path))?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    if let Err(source) = written {
        // What stands there is not what was asked for; the write's own error is the one to tell.
        let _ = fs::remove_file(path);
        return Err(failed("write", path)(source));
    }
    let folder = folder_of(path);
    os::sync_folder(folder).map_err(failed("sync", folder))
}

/// Gives a file another name in its folder, durably. A file that has that name already is never
/// replaced: `AlreadyExists` is then the error's source. (One that appears between the look and
/// the renaming would be: the caller keeps others from writing there.)
pub fn rename_new(from: &Path, to: &Path) -> Result<(), Failure> {
    if to.symlink_metadata().is_ok() {
        return Err(failed("create", to)(io::ErrorKind::AlreadyExists.into()));
    }
    fs::rename(from, to).map_err(failed("rename", from))?;
    let folder = folder_of(to);
    os::sync_folder(folder).map_err(failed("sync", folder))
}

/// The names in a folder, in any order; names that are not UTF-8 are left out.
pub fn names(folder: &Path) -> Result<Vec<String>, Failure> {
    let entries = fs::read_dir(folder).map_err(failed("list", folder))?;
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    Ok(names.collect())
}

/// Creates a folder, and those above it that are missing, durably. An existing one is fine.
pub fn create_folder(folder: &Path) -> Result<(), Failure> {
    let missing: Vec<&Path> = folder
        .ancestors()
        .filter(|ancestor| !ancestor.as_os_str().is_empty())
        .take_while(|ancestor| !ancestor.is_dir())
        .collect();
    fs::create_dir_all(folder).map_err(failed("create", folder))?;
    for created in missing {
        let above = folder_of(created);
        os::sync_folder(above).map_err(failed("sync", above))?;
    }
    Ok(())
}

/// The folder that holds the name; `.` for a bare name.
fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

fn failed(intent: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Failure {
    let path = path.display().to_string();
    move |source| Failure { intent, path, source }
}

#[cfg(unix)]
fn restrict(options: &mut OpenOptions, readers: Readers) {
    use std::os::unix::fs::OpenOptionsExt;

    options.mode(match readers {
        Readers::Everyone => 0o644,
        Readers::Owner => 0o600,
    });
}

#[cfg(not(unix))]
fn restrict(_: &mut OpenOptions, _: Readers) {}
