//! Files that lie outside a ledger: keys, policies, claim files, captures to be taken in, what is
//! remembered of ledgers, and what is kept of published ones.
//!
//! Here links are followed and pipes are read, because the person at the keyboard named the
//! file. What the bytes mean is the caller's business.
#![allow(clippy::disallowed_methods, reason = "this is the door")]

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

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

/// Puts a file in place, durably, whole or not at all, whatever stood there. Whoever reads it
/// meanwhile reads the old one or the new one.
pub fn replace(path: &Path, bytes: &[u8], readers: Readers) -> Result<(), Failure> {
    // write the new file beside it · sync it · rename it over the old one · sync the folder
    put(path, bytes, readers, true)?;
    let folder = folder_of(path);
    os::sync_folder(folder).map_err(failed("sync", folder))
}

/// As [`replace`], but a loss of power may leave any bytes there, or none: for what can be had
/// again, and tells by itself whether it is whole.
pub fn replace_lightly(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    put(path, bytes, Readers::Everyone, false)
}

fn put(path: &Path, bytes: &[u8], readers: Readers, durably: bool) -> Result<(), Failure> {
    let (beside, mut file) = create_beside(path, readers).map_err(failed("create", path))?;
    let written =
        file.write_all(bytes).and_then(|()| if durably { file.sync_all() } else { Ok(()) });
    drop(file);
    let placed = written.and_then(|()| fs::rename(&beside, path));
    placed.map_err(|source| {
        // The write's own error is the one to tell.
        let _ = fs::remove_file(&beside);
        failed("write", path)(source)
    })
}

/// A new file in the same folder, under a name that nobody else takes.
fn create_beside(path: &Path, readers: Readers) -> io::Result<(PathBuf, File)> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    restrict(&mut options, readers);
    loop {
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let beside = folder_of(path).join(format!(".new-{}-{number}", std::process::id()));
        match options.open(&beside) {
            // Left by a process of the same number that was killed.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            opened => return opened.map(|file| (beside, file)),
        }
    }
}

/// Held as long as it lives; the system takes it back from a process that ends in any way.
#[derive(Debug)]
pub struct Lock(#[expect(dead_code, reason = "held, not used")] File);

/// Waits until nobody else holds this file, which is created if needed. For moments only.
pub fn lock(path: &Path) -> Result<Lock, Failure> {
    let file = OpenOptions::new().write(true).create(true).truncate(false).open(path);
    let file = file.map_err(failed("create", path))?;
    file.lock().map_err(failed("lock", path))?;
    Ok(Lock(file))
}

/// Removes a folder with all that is in it, if it is there.
pub fn remove_folder(folder: &Path) -> Result<(), Failure> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed.map_err(failed("remove", folder)),
    }
}

/// As [`create_folder`], for a folder that may be lost with the power.
pub fn create_folder_lightly(folder: &Path) -> Result<(), Failure> {
    fs::create_dir_all(folder).map_err(failed("create", folder))
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
