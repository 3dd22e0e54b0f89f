//! A folder in which few small files are kept, each replaced whole and durably: what a witness
//! must remember.
//!
//! ```text
//! .state/tmp/kept → sync → its place → sync its folder → sync the root
//! ```
//! The file at its place is the old one or the new one, whatever happens; the new one is there for
//! good when [`Kept::replace`] returns. One process at a time, by a lock.

use crate::store::disk::{Disk, Kind};
use crate::store::path::FilePath;
use crate::store::{Error, LOCK, STATE, Store};

/// Files being written, before they are renamed into place.
const TEMPORARY: &str = ".state/tmp";

/// The one file that is being written: there is one writer, and it writes one file at a time.
const WRITTEN: &str = ".state/tmp/kept";

/// A folder of kept files, locked by us.
#[derive(Debug)]
pub struct Kept<D: Disk> {
    store: Store<D>,
    /// A file may or may not have been replaced: nobody may rely on either until the folder is
    /// opened anew.
    in_doubt: bool,
    _lock: D::Lock,
}

impl<D: Disk> Kept<D> {
    /// Takes the lock. What is in place is made durable before it is read: a process that was
    /// killed may have left a file that the disk does not hold yet.
    pub fn open(disk: D) -> Result<Self, Error> {
        let store = Store::open(disk)?;
        for folder in [STATE, TEMPORARY] {
            store.ensure_folder(folder)?;
        }
        // A link would let somebody else's file be created or held.
        store.length_of_any(LOCK)?;
        let lock = store.disk().try_lock(LOCK);
        let lock = lock.map_err(|source| store.failed("lock", LOCK, source))?;
        let lock = lock.ok_or_else(|| Error::Locked(store.disk().name(LOCK)))?;
        let kept = Self { store, in_doubt: false, _lock: lock };
        kept.sweep()?;
        for it in kept.store.list("")? {
            if it.kind == Kind::Folder && it.name != STATE {
                kept.sync_folder(&it.name)?;
            }
        }
        kept.sync_folder("")?;
        Ok(kept)
    }

    /// A whole file of at most `limit` bytes; `None` if there is none.
    ///
    /// # Errors
    /// Besides what the disk says, [`Error::Poisoned`] after a replacement whose outcome is not
    /// known.
    pub fn read(&self, path: &FilePath, limit: u64) -> Result<Option<Vec<u8>>, Error> {
        self.refuse_if_in_doubt()?;
        self.store.read(path, limit)
    }

    /// The folders at hand, sorted: what is kept stands in one folder each.
    pub fn folders(&self) -> Result<Vec<String>, Error> {
        let listed = self.store.list("")?.into_iter();
        let folders = listed.filter(|it| it.kind == Kind::Folder && it.name != STATE);
        Ok(folders.map(|it| it.name).collect())
    }

    /// Puts these bytes in the place of a file, or where none was. When this returns they are
    /// durable.
    ///
    /// # Errors
    /// A failure before the bytes are moved into place changes nothing, and the next attempt may
    /// succeed. After a later one nothing is read or replaced any more.
    pub fn replace(&mut self, path: &FilePath, bytes: &[u8]) -> Result<(), Error> {
        self.refuse_if_in_doubt()?;
        for folder in path.folders() {
            self.store.ensure_folder(folder)?;
        }
        self.sweep()?;
        self.write(bytes)?;
        self.in_doubt = true;
        let moved = self.store.disk().rename(WRITTEN, path.as_str());
        moved.map_err(|source| self.store.failed("put in place", path.as_str(), source))?;
        let folders: Vec<&str> = path.folders().collect();
        folders.iter().rev().chain([&""]).try_for_each(|folder| self.sync_folder(folder))?;
        self.in_doubt = false;
        Ok(())
    }

    fn write(&self, bytes: &[u8]) -> Result<(), Error> {
        let disk = self.store.disk();
        let failed = |intent| move |source| self.store.failed(intent, WRITTEN, source);
        let mut file = disk.create(WRITTEN).map_err(failed("create"))?;
        disk.write(&mut file, bytes).map_err(failed("write"))?;
        disk.sync_file(&file).map_err(failed("sync"))
    }

    /// Removes what an earlier attempt left. Not made durable: what comes back is swept again.
    fn sweep(&self) -> Result<(), Error> {
        if self.store.length_of_any(WRITTEN)?.is_none() {
            return Ok(());
        }
        let removed = self.store.disk().remove_file(WRITTEN);
        removed.map_err(|source| self.store.failed("remove", WRITTEN, source))
    }

    fn sync_folder(&self, folder: &str) -> Result<(), Error> {
        let synced = self.store.disk().sync_folder(folder);
        synced.map_err(|source| self.store.failed("sync", folder, source))
    }

    fn refuse_if_in_doubt(&self) -> Result<(), Error> {
        if self.in_doubt {
            return Err(Error::Poisoned(self.store.disk().name("")));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Kept;
    use crate::store::Error;
    use crate::store::path::FilePath;
    use crate::store::simulated::{Fault, SimulatedDisk};

    fn path() -> FilePath {
        FilePath::parse("a/checkpoint").expect("a path")
    }

    fn read(kept: &Kept<SimulatedDisk>) -> Option<Vec<u8>> {
        kept.read(&path(), 10).expect("a readable disk")
    }

    #[test]
    fn a_file_is_the_old_one_or_the_new_one_whatever_a_crash_leaves() {
        let base = SimulatedDisk::new();
        Kept::open(base.clone()).unwrap().replace(&path(), b"old").unwrap();
        let mut cases = 0;
        for step in 1.. {
            let disk = base.copy();
            disk.fail_at(step, Fault::NothingWorks);
            let replaced = Kept::open(disk.clone()).and_then(|mut it| it.replace(&path(), b"new"));
            if disk.steps() < step {
                assert!(replaced.is_ok());
                break;
            }
            for survival in disk.survivals() {
                cases += 1;
                let kept = Kept::open(disk.crash(survival)).expect("a disk that works");
                let found = read(&kept).expect("one of the two");
                assert!(found == b"new" || (found == b"old" && replaced.is_err()), "{survival:?}");
            }
        }
        assert!(cases > 20, "only {cases} cases");
    }

    #[test]
    fn after_a_failure_that_leaves_doubt_nothing_is_read_and_after_others_the_old_file() {
        let disk = SimulatedDisk::new();
        Kept::open(disk.clone()).unwrap().replace(&path(), b"old").unwrap();
        let mut doubts = 0;
        for step in 1..20 {
            let disk = disk.copy();
            let mut kept = Kept::open(disk.clone()).unwrap();
            disk.fail_at(step, Fault::NotDone);
            if kept.replace(&path(), b"new").is_ok() {
                break;
            }
            disk.mend();
            match kept.read(&path(), 10) {
                Err(Error::Poisoned(_)) => doubts += 1,
                found => {
                    assert_eq!(found.unwrap().as_deref(), Some(&b"old"[..]));
                    kept.replace(&path(), b"new").expect("a disk that works again");
                    assert_eq!(read(&kept).as_deref(), Some(&b"new"[..]));
                }
            }
        }
        assert_eq!(doubts, 3, "the rename and two syncs");
    }

    #[test]
    fn a_second_process_is_locked_out() {
        let disk = SimulatedDisk::new();
        let first = Kept::open(disk.clone()).unwrap();
        assert!(matches!(Kept::open(disk.clone()), Err(Error::Locked(_))));
        drop(first);
        assert_eq!(Kept::open(disk).unwrap().folders().unwrap(), Vec::<String>::new());
    }
}
