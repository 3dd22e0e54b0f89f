//! Writing a ledger: one writer, one batch, one commit.
//!
//! Opening checks what a writer builds on (its own checkpoint, the right edge of the tree, the
//! keys in force) and finishes what an earlier writer left. It reads a few tiles and the new
//! statements only, however long the ledger is. Whether the *old* statements are still what they
//! were is `verify`'s question.

use std::collections::HashMap;
use std::sync::Arc;

use crate::attribution::id::Id;
use crate::attribution::keyring::{Keyring, Signed};
use crate::attribution::record::Record;
use crate::attribution::statement::{self, Statement};
use crate::evidence::capture;
use crate::hash::Hash;
use crate::index::{self, Index, Row};
use crate::key::{SecretKey, Thumbprint};
use crate::ledger::asking::Asked;
use crate::ledger::cosigning::{self, Signers};
use crate::ledger::holdings::{self, Holdings, check_last_bundle, damaged, know, open_statement};
use crate::ledger::reading::{self, bundles_before};
use crate::store::commit::{self, CommitError, Opened, Recovery};
use crate::store::disk::{Disk, Kind};
use crate::store::journal::{Journal, Place};
use crate::store::path::FilePath;
use crate::store::{self, Store};
use crate::tlog::bundle::{self, Bundle};
use crate::tlog::checkpoint::{self, Checkpoint, Trusted};
use crate::tlog::merkle::{self, Tree};
use crate::tlog::path::Path;
use crate::tlog::policy::Policy;
use crate::tlog::tile::{self, FULL_WIDTH, HEIGHT};

/// Why a ledger could not be opened for writing, or did not take a batch.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The disk, or what was found on it.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// Something that the checkpoint promises could not be read.
    #[error(transparent)]
    Reading(#[from] reading::Error),
    /// The checkpoint is not one that the policy trusts.
    #[error("the checkpoint: {0}")]
    Checkpoint(#[from] checkpoint::Error),
    /// There is no checkpoint.
    #[error("no ledger here: there is no checkpoint")]
    NoLedger,
    /// There is one already.
    #[error("there is a ledger here already, of {0} entries")]
    AlreadyALedger(u64),
    /// The tree on the disk is not the tree of the checkpoint.
    #[error("the tiles on the disk do not match the checkpoint: {0}")]
    Tree(#[from] tile::Error),
    /// A statement that the writer needs is not what it was.
    #[error("entry {entry_index}: {what}")]
    Damaged {
        /// Its place in the log.
        entry_index: u64,
        /// What is wrong with it.
        what: String,
    },
    /// A statement of a format that this program does not know.
    #[error("entry {entry_index}: {error}")]
    Newer {
        /// Its place in the log.
        entry_index: u64,
        /// What was found.
        error: statement::Error,
    },
    /// Files of a log, but no checkpoint over them.
    #[error("{0} belongs to a ledger whose checkpoint is lost: found a new one in another folder")]
    LostCheckpoint(String),
    /// The charter is of another log.
    #[error("the charter does not fit this ledger: {0}")]
    Charter(&'static str),
    /// The batch was made for another size of the ledger, or committed before.
    #[error("the batch was made for entry {found} on, but the next entry is {expected}")]
    Stale {
        /// The first entry index in the batch, or the first that breaks the row.
        found: u64,
        /// The one that would fit.
        expected: u64,
    },
    /// The commit is durable and in the checkpoint, but what the next one needs is not at hand.
    #[error("the batch is committed, but the index could not follow ({0}): open the ledger again")]
    Committed(Box<Error>),
    /// An earlier commit was durable, but the index could not follow it.
    #[error("the index could not follow an earlier commit: open the ledger again")]
    Behind,
    /// An interrupted commit has to be finished first, and its checkpoint be signed.
    #[error("a commit of this ledger is not finished yet, which needs the log's key")]
    Unfinished,
    /// A file that an earlier checkpoint needed is not the beginning of the one in its place: one of
    /// the two is not what it was.
    #[error("{older} is not the beginning of {present}: nothing was removed")]
    NotTheBeginning {
        /// The narrower file.
        older: Path,
        /// The one that the present checkpoint needs.
        present: Path,
    },
    /// The journal of an interrupted commit is not a continuation of this ledger.
    #[error("the interrupted commit under .state does not continue this ledger: {0}")]
    ForeignJournal(&'static str),
    /// The secret key is not the one whose signature the policy trusts.
    #[error("the log's secret key is not the key that the policy trusts for {0:?}")]
    WrongLogKey(String),
    /// The checkpoint was not signed and cosigned as the policy wants. The commit is recorded, and
    /// the next writer publishes the same checkpoint, or nothing.
    #[error("{}; the commit is recorded{}", .0, what_becomes(.0))]
    Cosigning(#[from] cosigning::Error),
    /// A statement does not fit a bundle.
    #[error(transparent)]
    Bundle(#[from] bundle::Error),
    /// The writer's memory.
    #[error(transparent)]
    Index(#[from] index::Error),
}

impl From<holdings::Error> for Error {
    fn from(error: holdings::Error) -> Self {
        match error {
            holdings::Error::Reading(error) => Self::Reading(error),
            holdings::Error::Damaged { entry_index, what } => Self::Damaged { entry_index, what },
            holdings::Error::Newer { entry_index, error } => Self::Newer { entry_index, error },
            holdings::Error::Index(error) => Self::Index(error),
        }
    }
}

/// What a batch adds: sealed statements in their order, and the captured bytes they refer to.
#[derive(Debug, Default)]
pub struct Addition {
    /// Each statement, read back from its bytes.
    pub statements: Arc<Vec<Signed>>,
    /// Captured bytes to keep; those that the ledger holds already are kept once.
    pub captures: Vec<Vec<u8>>,
}

/// A ledger that this process alone may write.
#[derive(Debug)]
pub struct Ledger<D: Disk> {
    log: Log<D>,
    holdings: Holdings<D>,
    /// The index could not follow a commit: what it does not know would be appended twice.
    behind: bool,
}

/// The log of a ledger: its files, and the checkpoint over them.
#[derive(Debug)]
pub(crate) struct Log<D: Disk> {
    writer: commit::Writer<D>,
    checkpoint: Checkpoint,
    signers: Signers,
    /// What came of asking the witnesses, since the ledger was opened.
    asked: Vec<Asked>,
}

/// Opens a ledger for writing where no witness can be asked.
pub fn open<D: Disk>(
    store: Store<D>,
    policy: &Policy,
    log_key: SecretKey,
    index: Index,
) -> Result<Ledger<D>, Error> {
    open_with(store, Signers::alone(policy, log_key), index)
}

/// Opens a ledger for writing: takes the lock, finishes an interrupted commit, and brings the
/// index up to the checkpoint.
pub fn open_with<D: Disk>(
    store: Store<D>,
    signers: Signers,
    mut index: Index,
) -> Result<Ledger<D>, Error> {
    let mut asked = Vec::new();
    let writer = recover(store, &signers, &mut index, &mut asked)?;
    let note = reading::checkpoint(writer.store())?.ok_or(Error::NoLedger)?;
    let checkpoint = Checkpoint::clone(&*Trusted::open(&note, &signers.policy)?);
    check_log_key(&signers, &checkpoint.origin)?;
    check_edge(writer.store(), &checkpoint)?;
    let holdings = Holdings::of(writer.store().clone(), index, &checkpoint)?;
    let log = Log { writer, checkpoint, signers, asked };
    Ok(Ledger { log, holdings, behind: false })
}

/// Founds a ledger in an empty folder. The charter goes into the first batch, as entry 0.
pub fn found<D: Disk>(
    store: Store<D>,
    policy: &Policy,
    origin: &str,
    log_key: SecretKey,
    mut index: Index,
) -> Result<Ledger<D>, Error> {
    let signers = Signers::alone(policy, log_key);
    let mut asked = Vec::new();
    let writer = recover(store, &signers, &mut index, &mut asked)?;
    if let Some(note) = reading::checkpoint(writer.store())? {
        let size = Trusted::open(&note, policy)?.size;
        return Err(Error::AlreadyALedger(size));
    }
    check_log_key(&signers, origin)?;
    // Where a log's files lie without their checkpoint, a new log of the same name would disagree
    // with what was signed over them.
    if let Some(file) = log_file_outside(writer.store(), &Journal::new(""))? {
        return Err(Error::LostCheckpoint(file));
    }
    index.renew()?;
    let checkpoint = unsigned(origin, Tree { size: 0, root: merkle::empty_root() });
    let holdings = Holdings::none(writer.store().clone(), index);
    let log = Log { writer, checkpoint, signers, asked };
    Ok(Ledger { log, holdings, behind: false })
}

/// What a commit will write.
struct Plan {
    journal: Journal,
    checkpoint: Checkpoint,
    /// Full bundles of statements, nearly all that is written: they are staged, because the journal would
    /// be a second copy of each.
    full: Vec<(FilePath, Vec<u8>)>,
}

impl<D: Disk> Ledger<D> {
    /// The name of the log.
    pub fn origin(&self) -> &str {
        &self.log.checkpoint.origin
    }

    /// The number of entries.
    pub fn tree_size(&self) -> u64 {
        self.log.checkpoint.size
    }

    /// The root over all entries.
    pub fn root(&self) -> Hash {
        self.log.checkpoint.root
    }

    /// The keys in force at the next entry.
    pub fn keyring(&self) -> &Keyring {
        self.holdings.keyring()
    }

    /// When the last statement was recorded, in seconds since 1970.
    pub fn last_recorded_at(&self) -> u64 {
        self.holdings.last_recorded_at()
    }

    /// What the ledger already holds.
    pub fn index(&self) -> &Index {
        self.holdings.index()
    }

    /// What the ledger holds, as the next batch has to know it.
    pub fn holdings(&self) -> &Holdings<D> {
        &self.holdings
    }

    /// Prepares for many questions of what the ledger does not hold.
    pub(crate) fn expect_many(&self) -> Result<(), Error> {
        self.holdings.index().expect_many().map_err(|error| holdings::Error::from(error).into())
    }

    /// What came of asking the witnesses since the ledger was opened, in the order of asking.
    pub fn asked(&self) -> &[Asked] {
        &self.log.asked
    }

    /// The statement that the index names, compared with what the index says of it; `None` if it
    /// is withheld.
    pub fn statement(&self, row: &Row) -> Result<Option<Statement>, Error> {
        Ok(self.holdings.statement(row)?)
    }

    /// The bytes of a capture that the ledger holds; `None` if they are not there.
    pub fn capture(&self, digest: &Hash) -> Result<Option<Vec<u8>>, Error> {
        let path = FilePath::parse(&capture::path(digest)).expect("a path of the ledger");
        Ok(self.log.writer.store().read(&path, capture::MAX_CAPTURE)?)
    }

    /// Commits a batch: all of it is durable and in the checkpoint when this returns, or the
    /// error says what became of it.
    pub fn commit(&mut self, addition: &Addition) -> Result<(), Error> {
        if addition.statements.is_empty() {
            return Ok(());
        }
        if self.behind {
            return Err(Error::Behind);
        }
        let checkpoint = self.log.append(addition)?;
        let followed = follow(&mut self.holdings, &addition.statements, checkpoint);
        self.behind = followed.is_err();
        followed
    }

    /// Lets the log and what is known of it go on in two threads, and notes if one fell behind.
    pub(crate) fn apart<T>(
        &mut self,
        work: impl FnOnce(&mut Log<D>, &mut Holdings<D>) -> (T, Result<(), Error>),
    ) -> Result<T, Error> {
        if self.behind {
            return Err(Error::Behind);
        }
        let (done, followed) = work(&mut self.log, &mut self.holdings);
        self.behind = followed.is_err();
        followed.map(|()| done)
    }

    /// The ledger's files, and the checkpoint they stand under.
    pub(crate) fn standing(&self) -> (&Store<D>, &Checkpoint) {
        (self.log.writer.store(), &self.log.checkpoint)
    }

    /// Does what a journal says under the checkpoint that stands already: no entry comes or goes.
    /// The index may hold words of what is taken away; it is made anew from what is left.
    pub(crate) fn rewrite(&mut self, journal: &Journal) -> Result<(), Error> {
        assert_eq!(journal.checkpoint(), self.log.checkpoint.to_string(), "another checkpoint");
        if self.behind {
            return Err(Error::Behind);
        }
        let note = reading::checkpoint(self.log.writer.store())?.ok_or(Error::NoLedger)?;
        self.holdings.index_mut().renew()?;
        self.behind = true;
        self.log.writer.commit(journal, |_| Ok(note)).map_err(flatten)?;
        let known = self.holdings.relearn(&self.log.checkpoint);
        known.map_err(|error| Error::Committed(Box::new(error.into())))?;
        self.behind = false;
        Ok(())
    }
}

/// Tells what is known of a log that a batch was committed.
pub(crate) fn follow<D: Disk>(
    holdings: &mut Holdings<D>,
    statements: &[Signed],
    checkpoint: &Checkpoint,
) -> Result<(), Error> {
    let followed = holdings.follow(statements, checkpoint);
    followed.map_err(|error| Error::Committed(Box::new(error.into())))
}

impl<D: Disk> Log<D> {
    /// Appends a batch that has statements: all of it is durable and in the checkpoint when this
    /// returns, or the error says what became of it.
    pub(crate) fn append(&mut self, addition: &Addition) -> Result<&Checkpoint, Error> {
        self.check_fit(addition)?;
        let Plan { mut journal, checkpoint, full } = self.plan(addition)?;
        self.stage(&mut journal, &addition.captures, full)?;
        let reader = self.writer.store().clone();
        let (signers, asked) = (&self.signers, &mut self.asked);
        let sign = |_: &str| Ok(signers.sign(&reader, &checkpoint, asked)?);
        self.writer.commit(&journal, sign).map_err(flatten)?;
        self.checkpoint = checkpoint;
        Ok(&self.checkpoint)
    }

    /// Stages what has no other copy and is moved into place: captures, and full bundles of statements.
    fn stage(
        &mut self,
        journal: &mut Journal,
        captures: &[Vec<u8>],
        full: Vec<(FilePath, Vec<u8>)>,
    ) -> Result<(), Error> {
        let is_staged =
            |journal: &Journal, digest| journal.places().iter().any(|place| place.blob == digest);
        for bytes in captures {
            let digest = self.writer.stage(bytes)?;
            if !is_staged(journal, digest) {
                let path = FilePath::parse(&capture::path(&digest)).expect("a path of the ledger");
                journal.place(digest, path);
            }
        }
        for (path, bytes) in full {
            let digest = self.writer.stage(&bytes)?;
            // Somebody may have captured the very bundle, and a staged blob can be moved only once.
            if is_staged(journal, digest) {
                journal.put(path, bytes);
            } else {
                journal.place(digest, path);
            }
        }
        Ok(())
    }

    /// Whether the batch begins where the ledger ends, and a founding one with its own charter.
    fn check_fit(&self, addition: &Addition) -> Result<(), Error> {
        for (expected, signed) in (self.checkpoint.size..).zip(addition.statements.iter()) {
            let found = signed.entry_index();
            if found != expected {
                return Err(Error::Stale { found, expected });
            }
            if let Record::Charter(charter) = signed.statement().record() {
                if charter.origin != self.checkpoint.origin {
                    return Err(Error::Charter("it names another origin"));
                }
                if charter.log != self.signers.log_key.public() {
                    return Err(Error::Charter("it names another log key"));
                }
            }
        }
        Ok(())
    }

    /// Says what to write: the grown tiles, the bundles beside them, the next checkpoint.
    fn plan(&self, addition: &Addition) -> Result<Plan, Error> {
        let store = self.writer.store();
        let old = Tree { size: self.checkpoint.size, root: self.checkpoint.root };
        let entries: Vec<Hash> =
            addition.statements.iter().map(|signed| signed.statement().id().hash()).collect();
        let leaves: Vec<Hash> =
            entries.iter().map(|entry| merkle::leaf_hash(entry.as_bytes())).collect();
        let edge: Result<Vec<_>, _> = tile::edge(old.size, HEIGHT)
            .into_iter()
            .map(|tile| reading::tile(store, tile))
            .collect();
        let growth = tile::grow(HEIGHT, &old, edge?, &leaves)?;

        let checkpoint = unsigned(&self.checkpoint.origin, growth.tree);
        let mut journal = Journal::new(checkpoint.to_string());
        for (tile, hashes) in &growth.tiles {
            journal.put(reading::file(Path::Tile(*tile)), tile::format(hashes));
        }
        for tile in &growth.superseded {
            remove_partials(store, Path::Tile(*tile), &mut journal)?;
        }
        let mut plan = Plan { journal, checkpoint, full: Vec::new() };
        self.plan_bundles(addition, &entries, growth.tree.size, &mut plan)?;
        Ok(plan)
    }

    /// Continues the last bundle and begins new ones. Of the statements only the newest bundle is
    /// kept: where there is one copy, there is one place to erase from.
    fn plan_bundles(
        &self,
        addition: &Addition,
        entries: &[Hash],
        new_size: u64,
        Plan { journal, full, .. }: &mut Plan,
    ) -> Result<(), Error> {
        let store = self.writer.store();
        let old_size = self.checkpoint.size;
        let (mut old_entries, mut old_statements) = (Vec::new(), Vec::new());
        let partial = (!old_size.is_multiple_of(u64::from(FULL_WIDTH)))
            .then(|| reading::place_of(old_size - 1, old_size).0);
        if let Some(bundle) = partial {
            old_entries = reading::entries(store, bundle)?;
            old_statements = reading::statements(store, bundle)?;
            check_last_bundle(store, bundle, &old_entries, &old_statements)?;
            journal.remove(reading::file(Path::Statements(bundle)));
        }
        let entry_items = old_entries.iter().chain(entries).map(|it| &it.as_bytes()[..]);
        let entry_items: Vec<&[u8]> = entry_items.collect();
        let old_statements = old_statements.iter().map(|it| it.as_deref().unwrap_or_default());
        let new_statements = addition.statements.iter().map(|it| it.statement().as_bytes());
        let statement_items: Vec<&[u8]> = old_statements.chain(new_statements).collect();

        let width = usize::from(FULL_WIDTH);
        let first = old_size / u64::from(FULL_WIDTH);
        let rows = entry_items.chunks(width).zip(statement_items.chunks(width));
        for (index, (entries, statements)) in (first..).zip(rows) {
            let bundle =
                Bundle { index, width: u16::try_from(entries.len()).unwrap_or(FULL_WIDTH) };
            journal.put(reading::file(Path::Entries(bundle)), bundle::format(entries)?);
            let (path, statements) =
                (reading::file(Path::Statements(bundle)), bundle::format(statements)?);
            if bundle.width == FULL_WIDTH {
                full.push((path, statements));
            } else {
                journal.put(path, statements);
            }
            if bundle.width == FULL_WIDTH && partial.is_some_and(|partial| partial.index == index) {
                remove_partials(store, Path::Entries(bundle), journal)?;
            }
        }
        debug_assert_eq!(
            (first * u64::from(FULL_WIDTH)) + entry_items.len() as u64,
            new_size,
            "the bundles end where the tree ends"
        );
        Ok(())
    }
}

/// That the right edge of the tree on the disk has the checkpoint's root.
pub(crate) fn check_edge<D: Disk>(store: &Store<D>, checkpoint: &Checkpoint) -> Result<(), Error> {
    let Tree { size, root: expected } = checkpoint.tree();
    let found = merkle::root(size, &mut reading::nodes(store, size))?;
    if found == expected { Ok(()) } else { Err(tile::Error::Edge { found, expected, size }.into()) }
}

/// The first file of a log, in the order of their paths, that a journal does not bring.
fn log_file_outside<D: Disk>(store: &Store<D>, journal: &Journal) -> Result<Option<String>, Error> {
    let found = store.files()?.into_iter().map(|found| found.path);
    let is_ours = |path: &String| path.parse::<Path>().is_ok();
    let puts = journal.puts().iter().map(|put| put.path.as_str());
    let brought: Vec<&str> =
        puts.chain(journal.places().iter().map(|place| place.path.as_str())).collect();
    Ok(found.filter(is_ours).find(|path| !brought.contains(&path.as_str())))
}

/// Takes the lock, and finishes the commit that an earlier writer did not. What it signs is the
/// text in the durable journal, and only if the tree on the disk has that root, continues the
/// tree of the present checkpoint, and adds only what an append would have taken: two checkpoints
/// that disagree are never signed, and nobody gets a planted journal signed.
fn recover<D: Disk>(
    store: Store<D>,
    signers: &Signers,
    index: &mut Index,
    asked: &mut Vec<Asked>,
) -> Result<commit::Writer<D>, Error> {
    let recovery = match commit::open(store)? {
        Opened::Ready(writer) => return Ok(writer),
        Opened::Interrupted(recovery) => recovery,
    };
    let next: Checkpoint = recovery.journal().checkpoint().parse()?;
    check_log_key(signers, &next.origin)?;
    // What stands there may lack the cosignatures of a witness that the policy wants since.
    let policy = &signers.policy.clone().without_quorum();
    let present = match reading::checkpoint(recovery.store())? {
        Some(note) => Checkpoint::clone(&*Trusted::open(&note, policy)?),
        None => {
            // Without a checkpoint only a founding can be finished: one that brings all there is.
            if let Some(file) = log_file_outside(recovery.store(), recovery.journal())? {
                return Err(Error::LostCheckpoint(file));
            }
            unsigned(&next.origin, Tree { size: 0, root: merkle::empty_root() })
        }
    };
    if !next.extensions.is_empty() {
        return Err(Error::ForeignJournal("its checkpoint has lines that no append writes"));
    }
    if present.origin != next.origin {
        return Err(Error::ForeignJournal("it is of another log"));
    }
    if next.size < present.size || (next.size == present.size && next.root != present.root) {
        return Err(Error::ForeignJournal("it is older than the checkpoint, or disagrees"));
    }
    let reader = recovery.store().clone();
    let recovery = match finish_published(recovery, &signers.policy, index)? {
        Opened::Ready(writer) => return Ok(writer),
        Opened::Interrupted(recovery) => recovery,
    };
    recovery
        .finish(|_| {
            check_continuation(&reader, &present, &next, index)?;
            Ok(signers.sign(&reader, &next, asked)?)
        })
        .map_err(flatten)
}

/// Finishes an interrupted commit whose checkpoint stands already, or an erasure: what was
/// published as the policy wants is not signed anew, so no key is needed. Any other is handed back.
pub(crate) fn finish_published<D: Disk>(
    recovery: Recovery<D>,
    policy: &Policy,
    index: &mut Index,
) -> Result<Opened<D>, Error> {
    let next: Checkpoint = recovery.journal().checkpoint().parse()?;
    check_steps(recovery.journal(), next.size)?;
    let Some(note) = reading::checkpoint(recovery.store())? else {
        return Ok(Opened::Interrupted(recovery));
    };
    // It may lack the cosignatures of a witness that the policy wants since.
    let present = Trusted::open(&note, &policy.clone().without_quorum())?;
    if *present != next {
        return Ok(Opened::Interrupted(recovery));
    }
    // The index may hold words still of what was erased.
    index.renew()?;
    if Trusted::open(&note, policy).is_err() {
        return Ok(Opened::Interrupted(recovery));
    }
    recovery.finish(|_| Ok(note)).map(Opened::Ready).map_err(flatten)
}

/// A journal brings what its checkpoint needs, and captures, and removes nothing of the log's that it
/// needs.
fn check_steps(journal: &Journal, size: u64) -> Result<(), Error> {
    let is_needed =
        |path: &FilePath| path.as_str().parse().is_ok_and(|path: Path| path.is_in_tree_of(size));
    if journal.removals().iter().any(is_needed) {
        return Err(Error::ForeignJournal("it removes what its checkpoint needs"));
    }
    let is_capture = |place: &Place| place.path.as_str() == capture::path(&place.blob);
    let is_strange = |place: &Place| !is_needed(&place.path) && !is_capture(place);
    if journal.puts().iter().any(|put| !is_needed(&put.path))
        || journal.places().iter().any(is_strange)
    {
        return Err(Error::ForeignJournal("it brings what its checkpoint does not need"));
    }
    Ok(())
}

/// What is on the disk under the next checkpoint continues the present one, and each statement
/// that it adds is signed by somebody who had the power to.
fn check_continuation<D: Disk>(
    store: &Store<D>,
    present: &Checkpoint,
    next: &Checkpoint,
    index: &mut Index,
) -> Result<(), Error> {
    let found = merkle::root(next.size, &mut reading::nodes(store, next.size))?;
    let before = merkle::root(present.size, &mut reading::nodes(store, next.size))?;
    if found != next.root || before != present.root {
        return Err(Error::ForeignJournal("its tree does not continue the checkpoint's"));
    }
    if next.size == present.size {
        return Ok(());
    }
    // What the present checkpoint needs is removed only when the next one stands.
    let mut keyring = know(store, present, index)?;
    let mut signers: HashMap<Id, Thumbprint> = HashMap::new();
    for bundle in bundle::bundles_of(next.size).skip(bundles_before(present.size)) {
        let first = bundle.index * u64::from(FULL_WIDTH);
        let entries = reading::entries(store, bundle)?;
        let slots = (first..).zip(entries.into_iter().zip(reading::statements(store, bundle)?));
        for (entry_index, (entry, bytes)) in slots.skip_while(|(it, _)| *it < present.size) {
            let bytes = bytes.filter(|bytes| Hash::of(bytes) == entry);
            let bytes = bytes.ok_or(Error::ForeignJournal("an entry has not its statement"))?;
            let statement = open_statement(&bytes, entry_index)?;
            let target = match statement.record() {
                Record::Notice(notice) => match signers.get(&notice.target) {
                    Some(signer) => Some(*signer),
                    None => index.by_id(notice.target)?.map(|row| row.signer),
                },
                _ => None,
            };
            signers.insert(statement.id(), statement.signer());
            let admitted = keyring.admit(statement, entry_index, target);
            admitted.map_err(|error| damaged(entry_index, &error))?;
        }
    }
    Ok(())
}

fn flatten(error: CommitError<Error>) -> Error {
    match error {
        CommitError::Store(error) => Error::Store(error),
        CommitError::Sign(error) => error,
    }
}

/// What becomes of a commit whose checkpoint was not published.
fn what_becomes(error: &cosigning::Error) -> &'static str {
    match error {
        cosigning::Error::Alarm { .. } => ", and not published",
        _ => ", and will be published when a command that writes is run again",
    }
}

/// Refuses a key whose signature no reader would accept, before anything is written.
fn check_log_key(signers: &Signers, origin: &str) -> Result<(), Error> {
    if signers.include_log(origin) { Ok(()) } else { Err(Error::WrongLogKey(origin.to_owned())) }
}

fn unsigned(origin: &str, Tree { size, root }: Tree) -> Checkpoint {
    Checkpoint { origin: origin.to_owned(), size, root, extensions: Vec::new() }
}

/// Plans the removal of the partial versions of a file that is now full.
fn remove_partials<D: Disk>(
    store: &Store<D>,
    full: Path,
    journal: &mut Journal,
) -> Result<(), Error> {
    for found in store.list(&full.partials())? {
        let path = format!("{}/{}", full.partials(), found.name);
        // Anything else there is not ours to remove; `verify` will name it.
        if path.parse::<Path>().is_ok() && matches!(found.kind, Kind::File { .. }) {
            journal.remove(FilePath::parse(&path).expect("the path of a log's file"));
        }
    }
    Ok(())
}
