//! One commit: how a batch of files and the checkpoint over them get onto the disk, whole or not.
//!
//! ```text
//! 1  blobs, and the journal     .state/staged/<sha256> and .state/tmp → sync all of them at once
//! 2  the journal is in force    .state/tmp → .state/pending → sync folder
//!    ──── the point of no return: from here on the commit will happen ────
//! 3  every file                 .state/tmp → sync → its place, many at once; blobs moved
//! 4  sign the journal's text    .state/tmp → sync, and all folders at once → checkpoint → sync folder
//! 5  remove superseded files → sync folders → remove .state/pending → sync folder
//! ```
//! A disk takes about as long to make many things durable as to make one, so that what may become
//! durable in any order does so at once.
//!
//! Before the point of no return nothing outside `.state` has changed, so a failure there needs
//! only a sweep. After it, recovery runs steps 3 to 5 again, each of which finds its own work
//! done or does it. A text is signed only when it is durable in the journal, and all bytes under it
//! are; the journal is removed only when its checkpoint is durable: so two different texts can
//! never be signed after the same checkpoint.
//!
//! Whether a text is right to sign is for the one who signs it.

use std::collections::BTreeSet;

use crate::hash::Hash;
use crate::store::disk::{Disk, Kind};
use crate::store::journal::{Journal, Put};
use crate::store::path::FilePath;
use crate::store::{Error, JOURNAL_LIMIT, LOCK, PENDING, STATE, Store};

/// Files being written, before they are renamed into place: in `.state`, so that a static
/// server never publishes half a file.
const TEMPORARY: &str = ".state/tmp";

/// How many files are open and written before they are made durable together.
const TOGETHER: usize = 64;

/// A journal that is not in force yet.
const JOURNAL: &str = ".state/tmp/journal";

/// Blobs, each under its digest, waiting for their commit.
const STAGED: &str = ".state/staged";

/// Why a commit did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum CommitError<E> {
    /// The disk, or what was found on it.
    #[error(transparent)]
    Store(#[from] Error),
    /// The checkpoint was not signed. The commit is recorded and will be finished when the
    /// ledger is next opened for writing.
    #[error(
        "{0}; the commit is recorded and will be signed when the ledger is next opened for writing"
    )]
    Sign(E),
}

/// A ledger opened for writing.
#[derive(Debug)]
pub enum Opened<D: Disk> {
    /// Nothing was pending; leftovers that no checkpoint covers are swept.
    Ready(Writer<D>),
    /// A commit was interrupted after the point of no return. It has to be finished first.
    Interrupted(Recovery<D>),
}

/// A ledger locked by us, with the journal of a commit to finish.
#[derive(Debug)]
pub struct Recovery<D: Disk> {
    writer: Writer<D>,
    journal: Journal,
}

/// A ledger locked by us and ready for the next commit. The lock goes with it.
#[derive(Debug)]
pub struct Writer<D: Disk> {
    store: Store<D>,
    staged: BTreeSet<Hash>,
    /// Staged blobs that become durable with the journal.
    unsynced: Written<D>,
    /// Folders whose own names this writer has made durable.
    settled: BTreeSet<String>,
    /// How many bytes of an earlier writer's leftovers were swept when the ledger was opened.
    swept: u64,
    /// Set by the first failure: after a failed sync the system's memory and the disk may
    /// differ without a sign of it, and only a new start over the disk's files is safe.
    poisoned: bool,
    _lock: D::Lock,
}

/// Files that are created and written, and not durable yet.
#[derive(Debug)]
struct Written<D: Disk> {
    paths: Vec<String>,
    files: Vec<D::File>,
}

/// What stands where a file has to go.
enum Present {
    Nothing,
    Same,
    Different,
}

/// Takes the lock, and sweeps what an earlier writer left, or hands back what it left to finish.
pub fn open<D: Disk>(store: Store<D>) -> Result<Opened<D>, Error> {
    for folder in [STATE, TEMPORARY, STAGED] {
        store.ensure_folder(folder)?;
    }
    // A link would let somebody else's file be created or held.
    store.length_of_any(LOCK)?;
    let lock = store.disk().try_lock(LOCK).map_err(|source| store.failed("lock", LOCK, source))?;
    let lock = lock.ok_or_else(|| Error::Locked(store.disk().name(LOCK)))?;
    let mut writer = Writer {
        store,
        staged: BTreeSet::new(),
        unsynced: Written::default(),
        settled: BTreeSet::new(),
        swept: 0,
        poisoned: false,
        _lock: lock,
    };

    // The removal of a journal may not have reached the disk, nor the folders made just now.
    writer.sync_folder(STATE)?;
    writer.sync_folder("")?;
    writer.swept = writer.sweep(TEMPORARY)?;
    if let Some(journal) = writer.store.pending()? {
        return Ok(Opened::Interrupted(Recovery { writer, journal }));
    }
    writer.swept += writer.sweep(STAGED)?;
    Ok(Opened::Ready(writer))
}

impl<D: Disk> Recovery<D> {
    /// What the interrupted commit was about to do. Compare its checkpoint's text with what is
    /// known before finishing: a copied `.state` may hold an old one.
    pub fn journal(&self) -> &Journal {
        &self.journal
    }

    /// The ledger's files as they stand.
    pub fn store(&self) -> &Store<D> {
        &self.writer.store
    }

    /// Finishes the commit. May sign the journal's text a second time, never another.
    pub fn finish<E>(
        self,
        sign: impl FnOnce(&str) -> Result<Vec<u8>, E>,
    ) -> Result<Writer<D>, CommitError<E>> {
        let Self { mut writer, journal } = self;
        writer.check_staged(&journal)?;
        writer.finish(&journal, sign)?;
        // Blobs that the journal did not place.
        writer.swept += writer.sweep(STAGED)?;
        Ok(writer)
    }
}

impl<D: Disk> Writer<D> {
    /// The ledger's files as they stand.
    pub fn store(&self) -> &Store<D> {
        &self.store
    }

    /// How many bytes of an earlier writer's leftovers were swept when the ledger was opened.
    pub fn swept(&self) -> u64 {
        self.swept
    }

    /// Gives up the lock and goes on reading.
    pub fn into_store(self) -> Store<D> {
        self.store
    }

    /// Writes a blob, but not yet into the ledger, and returns the digest by which a journal can
    /// place it: it is durable when its commit is. What is never placed is swept when the ledger is
    /// next opened.
    pub fn stage(&mut self, blob: &[u8]) -> Result<Hash, Error> {
        self.refuse_if_poisoned()?;
        let digest = Hash::of(blob);
        if !self.staged.contains(&digest) {
            let written = self.write_staged(digest, blob);
            self.unless_failed(written)?;
            self.staged.insert(digest);
        }
        Ok(digest)
    }

    /// Does all that the journal says and replaces the checkpoint by what `sign` makes of its
    /// text: the text, a blank line and signature lines. `sign` is called at most once, when
    /// the text is durable.
    ///
    /// When this returns `Ok`, all of it is durable. The kind of error says what became of the
    /// commit: `OutcomeUnknown`, `Unfinished` and `Sign` speak for themselves; after any other
    /// the ledger is unchanged. After any error this handle takes no more commits.
    pub fn commit<E>(
        &mut self,
        journal: &Journal,
        sign: impl FnOnce(&str) -> Result<Vec<u8>, E>,
    ) -> Result<(), CommitError<E>> {
        self.refuse_if_poisoned()?;
        let prepared = self.prepare(journal);
        self.unless_failed(prepared)?;
        self.poisoned = true;
        self.record().map_err(|error| Error::OutcomeUnknown(Box::new(error)))?;
        self.finish(journal, sign)?;
        self.poisoned = false;
        self.staged = self.staged.difference(&placed(journal)).copied().collect();
        Ok(())
    }

    /// Replaces the checkpoint by one with the same text and other signature lines. When this
    /// returns it is durable; after an error either may stand there, and this handle writes no
    /// more.
    pub fn replace_checkpoint(&mut self, signed: &[u8]) -> Result<(), Error> {
        self.refuse_if_poisoned()?;
        self.poisoned = true;
        self.publish(signed, &[])?;
        self.poisoned = false;
        Ok(())
    }

    /// Removes files that the checkpoint does not need, whichever of them are there, durably. Each
    /// goes by itself: after an error, or a crash, any of them may be gone, and this handle writes
    /// no more.
    pub fn remove_all(&mut self, paths: &[FilePath]) -> Result<(), Error> {
        self.refuse_if_poisoned()?;
        self.poisoned = true;
        self.remove_durably(paths)?;
        self.poisoned = false;
        Ok(())
    }

    /// Writes a blob beside those that wait for their commit; if they are many they are made durable
    /// now, for a process may have only so many files open.
    fn write_staged(&mut self, digest: Hash, blob: &[u8]) -> Result<(), Error> {
        if self.unsynced.files.len() == TOGETHER {
            let written = std::mem::take(&mut self.unsynced);
            self.sync_all(&written, &[])?;
        }
        let path = format!("{STAGED}/{digest}");
        let file = self.write(&path, blob)?;
        self.unsynced.push(path, file);
        Ok(())
    }

    /// Everything before the point of no return: look for what would stop the commit halfway,
    /// write the journal, make it durable and what is staged.
    fn prepare(&mut self, journal: &Journal) -> Result<(), Error> {
        self.check_folders(journal)?;
        for Put { path, bytes, replaces } in journal.puts() {
            let present = self.present(path, bytes.len() as u64, |found| found == bytes)?;
            self.refuse_if_tampered(path, &present, *replaces)?;
        }
        for place in journal.places() {
            assert!(self.staged.contains(&place.blob), "{} was not staged here", place.path);
            let present = self.present_blob(&place.path, place.blob)?;
            self.refuse_if_tampered(&place.path, &present, false)?;
        }
        for path in journal.removals() {
            self.store.length(path)?;
        }
        self.store.length(&FilePath::checkpoint())?;
        let bytes = journal.format();
        if bytes.len() as u64 > JOURNAL_LIMIT {
            let (path, length) = (self.store.disk().name(PENDING), bytes.len() as u64);
            return Err(Error::TooLong { path, length, limit: JOURNAL_LIMIT });
        }
        let (file, path) = (self.write(JOURNAL, &bytes)?, JOURNAL.to_owned());
        let mut written = std::mem::take(&mut self.unsynced);
        written.push(path, file);
        let staged: &[&str] = if journal.places().is_empty() { &[] } else { &[STAGED] };
        self.sync_all(&written, staged)
    }

    /// The point of no return.
    fn record(&self) -> Result<(), Error> {
        self.rename(JOURNAL, PENDING)?;
        self.sync_folder(STATE)
    }

    /// Steps 3 to 5, for a first time or again.
    fn finish<E>(
        &mut self,
        journal: &Journal,
        sign: impl FnOnce(&str) -> Result<Vec<u8>, E>,
    ) -> Result<(), CommitError<E>> {
        let unfinished = |error| Error::Unfinished(Box::new(error));
        let touched = self.put_everything(journal).map_err(unfinished)?;
        let signed = sign(journal.checkpoint()).map_err(CommitError::Sign)?;
        assert!(
            signed.starts_with(journal.checkpoint().as_bytes()),
            "what was signed does not begin with the text that is durable"
        );
        self.publish(&signed, &touched).map_err(unfinished)?;
        self.settle(paths_of(journal));
        self.clear_away(journal).map_err(unfinished)?;
        Ok(())
    }

    /// Step 3: all files and blobs in their places. Their names are durable when the folders that this
    /// returns are synced.
    fn put_everything<'j>(&mut self, journal: &'j Journal) -> Result<Vec<&'j str>, Error> {
        self.create_folders(journal)?;
        for puts in journal.puts().chunks(TOGETHER) {
            let mut missing = Vec::new();
            for Put { path, bytes, replaces } in puts {
                let present = self.present(path, bytes.len() as u64, |found| found == bytes)?;
                self.refuse_if_tampered(path, &present, *replaces)?;
                if !matches!(present, Present::Same) {
                    missing.push((path.as_str(), bytes.as_slice()));
                }
            }
            self.put_all_durably(&missing)?;
        }
        // A blob has no other copy: the folders it goes to must be durable before it moves, or a
        // crash could keep the move and lose the folder.
        let places = || journal.places().iter().map(|place| &place.path);
        let for_blobs: BTreeSet<&str> = places().flat_map(|path| self.unsettled(path)).collect();
        self.sync_folders(for_blobs)?;
        self.settle(places());
        for place in journal.places() {
            self.place(place.blob, &place.path)?;
        }
        // Also folders in which nothing seems to change: an earlier attempt may have changed them
        // and stopped before they were synced.
        let touched: BTreeSet<&str> =
            paths_of(journal).flat_map(|it| self.unsettled(it).chain([it.folder()])).collect();
        Ok(touched.into_iter().collect())
    }

    /// Puts a checkpoint in place, durably, and not before the names in these folders are.
    fn publish(&self, signed: &[u8], touched: &[&str]) -> Result<(), Error> {
        let beside = temporary("checkpoint");
        let mut written = Written::default();
        written.push(beside.clone(), self.write(&beside, signed)?);
        self.sync_all(&written, touched)?;
        self.rename(&beside, FilePath::checkpoint().as_str())?;
        self.sync_folder("")
    }

    /// Moves a staged blob, unless it is in place already.
    fn place(&self, blob: Hash, path: &FilePath) -> Result<(), Error> {
        let present = self.present_blob(path, blob)?;
        self.refuse_if_tampered(path, &present, false)?;
        let staged = format!("{STAGED}/{blob}");
        let waits = self.store.length_of_any(&staged)?.is_some();
        match (present, waits) {
            (Present::Same, true) => self.remove(&staged),
            (Present::Same, false) => Ok(()),
            (_, true) => self.rename(&staged, path.as_str()),
            (_, false) => Err(Error::NotStaged { path: self.store.name(path) }),
        }
    }

    /// That what waits to be moved is what was staged, before any of it is.
    fn check_staged(&self, journal: &Journal) -> Result<(), Error> {
        for place in journal.places() {
            let staged = format!("{STAGED}/{}", place.blob);
            let bytes = self.store.read_any(&staged, u64::MAX)?;
            if bytes.is_some_and(|bytes| Hash::of(&bytes) != place.blob) {
                return Err(Error::StagedDamaged(self.store.disk().name(&staged)));
            }
        }
        Ok(())
    }

    /// Step 5: first what the checkpoint supersedes, then the journal.
    fn clear_away(&self, journal: &Journal) -> Result<(), Error> {
        self.remove_durably(journal.removals())?;
        self.remove(PENDING)?;
        self.sync_folder(STATE)
    }

    /// Removes files, those that are there, and makes it durable.
    fn remove_durably(&self, paths: &[FilePath]) -> Result<(), Error> {
        let mut touched = BTreeSet::new();
        for path in paths {
            // Synced even if the file is gone: an earlier attempt may not have come so far. A
            // folder that is gone as well has nothing to sync.
            if self.kind(path.folder())? == Some(Kind::Folder) {
                touched.insert(path.folder());
            }
            if self.store.length(path)?.is_some() {
                self.remove(path.as_str())?;
            }
        }
        self.sync_folders(touched)
    }

    /// Whether a file with these properties stands at the path.
    fn present(
        &self,
        path: &FilePath,
        length: u64,
        is_same: impl FnOnce(&[u8]) -> bool,
    ) -> Result<Present, Error> {
        match self.store.length(path)? {
            None => Ok(Present::Nothing),
            Some(found) if found != length => Ok(Present::Different),
            Some(_) => match self.store.read(path, length)? {
                Some(bytes) if is_same(&bytes) => Ok(Present::Same),
                Some(_) => Ok(Present::Different),
                None => Ok(Present::Nothing),
            },
        }
    }

    /// Whether the blob stands at the path. Its length is the one found: only the hash decides.
    fn present_blob(&self, path: &FilePath, blob: Hash) -> Result<Present, Error> {
        let length = self.store.length(path)?.unwrap_or(0);
        self.present(path, length, |found| Hash::of(found) == blob)
    }

    fn refuse_if_tampered(
        &self,
        path: &FilePath,
        present: &Present,
        replaces: bool,
    ) -> Result<(), Error> {
        match present {
            Present::Different if !replaces => Err(Error::Tampered(self.store.name(path))),
            _ => Ok(()),
        }
    }

    /// Finds, before the point of no return, what would stop a file from getting its folder.
    fn check_folders(&self, journal: &Journal) -> Result<(), Error> {
        for folder in folders_of(journal) {
            if !matches!(self.kind(folder)?, None | Some(Kind::Folder)) {
                return Err(Error::Tampered(self.store.disk().name(folder)));
            }
        }
        Ok(())
    }

    fn create_folders(&mut self, journal: &Journal) -> Result<(), Error> {
        for folder in folders_of(journal) {
            if self.store.ensure_folder(folder)? {
                self.settled.remove(folder);
            }
        }
        Ok(())
    }

    /// The folders to sync before a file's own folder can be relied on: those that hold the name of
    /// one above it that may not be durable.
    fn unsettled<'p>(&self, path: &'p FilePath) -> impl Iterator<Item = &'p str> {
        let above = std::iter::once("").chain(path.folders());
        let pairs = above.zip(path.folders());
        pairs.filter(|(_, folder)| !self.settled.contains(*folder)).map(|(above, _)| above)
    }

    /// Notes that the folders of these files, and those above them, are durable.
    fn settle<'p>(&mut self, paths: impl Iterator<Item = &'p FilePath>) {
        for folder in paths.flat_map(FilePath::folders) {
            if !self.settled.contains(folder) {
                self.settled.insert(folder.to_owned());
            }
        }
    }

    /// Writes files beside the ledger, makes them durable at once, and moves them into place: their
    /// bytes are durable, their names are once the folders are synced.
    fn put_all_durably(&self, files: &[(&str, &[u8])]) -> Result<(), Error> {
        let mut written = Written::default();
        for (number, (_, bytes)) in files.iter().enumerate() {
            let beside = temporary(&format!("put-{number}"));
            let file = self.write(&beside, bytes)?;
            written.push(beside, file);
        }
        self.sync_all(&written, &[])?;
        let mut moves = written.paths.iter().zip(files);
        moves.try_for_each(|(beside, (path, _))| self.rename(beside, path))
    }

    /// Creates a file. Its bytes are durable once it is synced, through the same descriptor.
    fn write(&self, path: &str, bytes: &[u8]) -> Result<D::File, Error> {
        let disk = self.store.disk();
        let failed = |intent| move |source| self.store.failed(intent, path, source);
        let mut file = disk.create(path).map_err(failed("create"))?;
        disk.write(&mut file, bytes).map_err(failed("write"))?;
        Ok(file)
    }

    fn rename(&self, from: &str, to: &str) -> Result<(), Error> {
        let renamed = self.store.disk().rename(from, to);
        renamed.map_err(|source| self.store.failed("put in place", to, source))
    }

    fn remove(&self, path: &str) -> Result<(), Error> {
        let removed = self.store.disk().remove_file(path);
        removed.map_err(|source| self.store.failed("remove", path, source))
    }

    fn sync_folder(&self, folder: &str) -> Result<(), Error> {
        self.sync_folders([folder])
    }

    fn sync_folders<'f>(&self, folders: impl IntoIterator<Item = &'f str>) -> Result<(), Error> {
        self.sync_all(&Written::default(), &folders.into_iter().collect::<Vec<_>>())
    }

    /// Makes files and the names in folders durable at once.
    fn sync_all(&self, written: &Written<D>, folders: &[&str]) -> Result<(), Error> {
        let synced = self.store.disk().sync_all(&written.files, folders);
        synced.map_err(|(at, source)| {
            let paths = written.paths.iter().map(String::as_str);
            let mut paths = paths.chain(folders.iter().copied());
            self.store.failed("sync", paths.nth(at).unwrap_or_default(), source)
        })
    }

    fn kind(&self, path: &str) -> Result<Option<Kind>, Error> {
        let kind = self.store.disk().kind(path);
        kind.map_err(|source| self.store.failed("look at", path, source))
    }

    /// Removes every file in a folder of `.state`, and says how many bytes they had. Not made
    /// durable: what comes back is swept again.
    fn sweep(&self, folder: &str) -> Result<u64, Error> {
        let mut swept = 0;
        let listed = self.store.disk().list(folder);
        for it in listed.map_err(|source| self.store.failed("list", folder, source))? {
            if it.kind != Kind::Folder {
                self.remove(&format!("{folder}/{}", it.name))?;
                swept += length_of(it.kind);
            }
        }
        Ok(swept)
    }

    fn refuse_if_poisoned(&self) -> Result<(), Error> {
        if self.poisoned {
            return Err(Error::Poisoned(self.store.disk().name("")));
        }
        Ok(())
    }

    /// For failures before the point of no return: poisons the handle and frees the room that
    /// was taken, as a full disk may be what failed.
    fn unless_failed(&mut self, result: Result<(), Error>) -> Result<(), Error> {
        if result.is_err() {
            self.poisoned = true;
            // What fails here is swept when the ledger is next opened.
            let _ = self.sweep(TEMPORARY);
            let _ = self.sweep(STAGED);
        }
        result
    }
}

impl<D: Disk> Written<D> {
    fn push(&mut self, path: String, file: D::File) {
        self.paths.push(path);
        self.files.push(file);
    }
}

impl<D: Disk> Default for Written<D> {
    fn default() -> Self {
        Self { paths: Vec::new(), files: Vec::new() }
    }
}

/// All that a journal brings: files and blobs.
fn paths_of(journal: &Journal) -> impl Iterator<Item = &FilePath> {
    let places = journal.places().iter().map(|place| &place.path);
    journal.puts().iter().map(|put| &put.path).chain(places)
}

/// The folders that hold what a journal brings, and those above them, outermost first.
fn folders_of(journal: &Journal) -> BTreeSet<&str> {
    paths_of(journal).flat_map(FilePath::folders).collect()
}

fn length_of(kind: Kind) -> u64 {
    match kind {
        Kind::File { length } => length,
        Kind::Folder | Kind::Other => 0,
    }
}

fn temporary(name: &str) -> String {
    format!("{TEMPORARY}/{name}")
}

fn placed(journal: &Journal) -> BTreeSet<Hash> {
    journal.places().iter().map(|place| place.blob).collect()
}
