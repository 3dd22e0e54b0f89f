//! What a ledger holds, for whoever prepares the next batch: statements by their ids, by what they
//! say and by their keys, and who may sign.
//!
//! The index is asked first and never trusted: what it says of a statement is compared with the
//! statement. While a batch is being committed the next one can be prepared on [`Holdings`] that
//! know it already.

use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use crate::attribution::id::Id;
use crate::attribution::keyring::{self, Keyring, Signed};
use crate::attribution::statement::{self, Statement};
use crate::evidence::capture;
use crate::hash::{self, Hash};
use crate::index::{self, Extent, Index, Row};
use crate::ledger::reading::{self, bundles_before};
use crate::store::Store;
use crate::store::disk::Disk;
use crate::store::path::FilePath;
use crate::tlog::bundle::{self, Bundle};
use crate::tlog::checkpoint::Checkpoint;
use crate::tlog::merkle;
use crate::tlog::tile::{FULL_WIDTH, Tile};

/// How many bundles the index takes in at once when it is brought up to the log: 16,384 statements.
/// What was taken in is kept, if the process is stopped.
const AT_ONCE: usize = 64;

/// Why nobody can say what the ledger holds.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Something that the checkpoint promises could not be read.
    #[error(transparent)]
    Reading(#[from] reading::Error),
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
    /// The writer's memory.
    #[error(transparent)]
    Index(#[from] index::Error),
}

/// A statement's id and its place in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    /// The id.
    pub id: Id,
    /// The place.
    pub entry_index: u64,
}

/// Statements that are on their way into a ledger, by all that they are asked for.
#[derive(Debug, Default)]
pub struct Placed {
    identities: hash::Map<Hash, usize>,
    ids: hash::Map<Id, usize>,
    keys: HashMap<(&'static str, String), usize>,
}

/// A batch that is sealed and not yet committed.
#[derive(Debug, Clone)]
pub struct Ahead {
    /// Its statements.
    pub statements: Arc<Vec<Signed>>,
    /// Where each is.
    pub placed: Arc<Placed>,
    /// The digests of the captures that it brings.
    pub captures: Arc<hash::Set<Hash>>,
}

/// A bundle and its statements, where they are not withheld.
type Opened = (Bundle, Vec<Option<Vec<u8>>>);

/// What a ledger of some size holds.
#[derive(Debug)]
pub struct Holdings<D: Disk> {
    store: Store<D>,
    index: Index,
    keyring: Keyring,
    tree_size: u64,
    last_recorded_at: u64,
    /// Batches on their way into the ledger, in their order.
    ahead: VecDeque<Ahead>,
    /// The statements of the last bundle, where it may be replaced by a wider one meanwhile.
    last: Option<Opened>,
    /// The bundle that was asked for last: what is imported again comes in its old order.
    recent: RefCell<Option<Opened>>,
}

impl Placed {
    /// Notes a statement at its place in the batch.
    pub fn put(&mut self, statement: &Statement, place: usize) {
        self.identities.entry(statement.identity()).or_insert(place);
        self.ids.insert(statement.id(), place);
        let record = statement.record();
        if let Some(key) = record.key() {
            self.keys.insert((record.kind(), key.to_owned()), place);
        }
    }

    /// The first statement of this identity.
    pub fn by_identity(&self, identity: Hash) -> Option<usize> {
        self.identities.get(&identity).copied()
    }

    /// The statement with this id.
    pub fn by_id(&self, id: Id) -> Option<usize> {
        self.ids.get(&id).copied()
    }

    /// The newest party or channel with this key.
    pub fn by_key(&self, kind: &'static str, key: &str) -> Option<usize> {
        // The map is asked with what it holds: few ask for keys of what is not yet committed.
        self.keys.get(&(kind, key.to_owned())).copied()
    }

    /// All ids.
    pub fn ids(&self) -> impl Iterator<Item = &Id> {
        self.ids.keys()
    }

    /// All keys of a kind.
    pub fn keys<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a String> {
        self.keys.keys().filter(move |(its, _)| *its == kind).map(|(_, key)| key)
    }
}

impl<D: Disk> Holdings<D> {
    /// A ledger without entries.
    pub(crate) fn none(store: Store<D>, index: Index) -> Self {
        let keyring = Keyring::default();
        let recent = RefCell::default();
        let (tree_size, last_recorded_at) = (0, 0);
        let (ahead, last) = (VecDeque::new(), None);
        Self { store, index, keyring, tree_size, last_recorded_at, ahead, last, recent }
    }

    /// Brings the index up to the checkpoint, and says what is there.
    pub(crate) fn of(
        store: Store<D>,
        mut index: Index,
        checkpoint: &Checkpoint,
    ) -> Result<Self, Error> {
        let keyring = know(&store, checkpoint, &mut index)?;
        let last_recorded_at = last_time(&store, checkpoint)?;
        let (tree_size, recent) = (checkpoint.size, RefCell::default());
        Ok(Self {
            store,
            index,
            keyring,
            tree_size,
            last_recorded_at,
            ahead: VecDeque::new(),
            last: None,
            recent,
        })
    }

    /// The same for another thread, which may go on while batches are committed; `None` if the index
    /// has no file that a second reader could open.
    pub(crate) fn beside(&self) -> Result<Option<Self>, Error> {
        let Some(index) = self.index.reader()? else { return Ok(None) };
        let partial = (!self.tree_size.is_multiple_of(u64::from(FULL_WIDTH)))
            .then(|| reading::place_of(self.tree_size - 1, self.tree_size).0);
        let read = |bundle| Ok::<_, Error>((bundle, reading::statements(&self.store, bundle)?));
        Ok(Some(Self {
            store: self.store.clone(),
            index,
            keyring: self.keyring.clone(),
            tree_size: self.tree_size,
            last_recorded_at: self.last_recorded_at,
            ahead: VecDeque::new(),
            last: partial.map(read).transpose()?,
            recent: RefCell::default(),
        }))
    }

    /// A batch is on its way, behind those that are already.
    pub(crate) fn expect(&mut self, batch: Ahead) {
        self.ahead.push_back(batch);
    }

    /// Takes the place of what was known before the first batch on its way was committed, and is behind
    /// the others. Hands back what is not needed any more.
    pub(crate) fn replace(&mut self, before: &mut Self) -> Option<Ahead> {
        let committed = before.ahead.pop_front();
        self.ahead = std::mem::take(&mut before.ahead);
        committed
    }

    /// How many batches are on their way.
    pub(crate) fn expected(&self) -> usize {
        self.ahead.len()
    }

    /// The number of entries, those of batches that are on their way included.
    pub fn tree_size(&self) -> u64 {
        self.tree_size + self.ahead.iter().map(|it| it.statements.len() as u64).sum::<u64>()
    }

    /// The number of entries that are committed.
    pub fn committed_size(&self) -> u64 {
        self.tree_size
    }

    /// All keys of parties or channels, for a hint.
    pub fn keys(&self, kind: &str) -> Result<Vec<String>, Error> {
        let mut keys = self.index.keys(kind)?;
        let ahead = self.ahead.iter().flat_map(|batch| batch.placed.keys(kind));
        keys.extend(ahead.cloned());
        keys.sort();
        keys.dedup();
        Ok(keys)
    }

    /// Whether the ledger holds the bytes of a capture, or a batch on its way brings them.
    pub fn holds_capture(&self, digest: &Hash) -> Result<bool, Error> {
        if self.ahead.iter().any(|batch| batch.captures.contains(digest)) {
            return Ok(true);
        }
        let path = FilePath::parse(&capture::path(digest)).expect("a path of the ledger");
        Ok(self.store.length(&path).map_err(reading::Error::from)?.is_some())
    }

    /// The keys in force at the next entry.
    pub fn keyring(&self) -> &Keyring {
        &self.keyring
    }

    /// When the last statement was recorded, in seconds since 1970.
    pub fn last_recorded_at(&self) -> u64 {
        self.last_recorded_at
    }

    /// The index, which knows what is committed.
    pub fn index(&self) -> &Index {
        &self.index
    }

    pub(crate) fn index_mut(&mut self) -> &mut Index {
        &mut self.index
    }

    /// The first statement of this identity: the same record by the same recorder.
    pub fn same(&self, identity: Hash) -> Result<Option<Held>, Error> {
        if let Some(signed) = self.ahead.iter().find_map(|it| it.by_identity(identity)) {
            return Ok(Some(held(signed)));
        }
        for row in self.index.by_identity(identity)? {
            if self.statement(&row)?.is_some_and(|statement| statement.identity() == identity) {
                return Ok(Some(Held { id: row.id, entry_index: row.entry_index }));
            }
        }
        Ok(None)
    }

    /// The newest party or channel with this key.
    pub fn keyed(&self, kind: &'static str, key: &str) -> Result<Option<Id>, Error> {
        if let Some(signed) = self.ahead.iter().rev().find_map(|it| it.by_key(kind, key)) {
            return Ok(Some(signed.statement().id()));
        }
        Ok(self.index.by_key(kind, key)?.map(|row| row.id))
    }

    /// The statement with this id and its place; `None` if there is none, or it is withheld.
    pub fn find(&self, id: Id) -> Result<Option<(u64, Statement)>, Error> {
        if let Some(signed) = self.ahead.iter().find_map(|it| it.by_id(id)) {
            return Ok(Some((signed.entry_index(), signed.statement().clone())));
        }
        let Some(row) = self.index.by_id(id)? else { return Ok(None) };
        Ok(self.statement(&row)?.map(|statement| (row.entry_index, statement)))
    }

    /// The statement that the index names, compared with what the index says of it; `None` if it
    /// is withheld.
    pub fn statement(&self, row: &Row) -> Result<Option<Statement>, Error> {
        if !self.ahead.is_empty() && row.entry_index >= self.tree_size {
            // Committed since, and known here already.
            let mut ahead = self.ahead.iter().flat_map(|batch| batch.statements.iter());
            let found = ahead.find(|it| it.entry_index() == row.entry_index).map(Signed::statement);
            return found.filter(|it| it.id() == row.id).cloned().map(Some).ok_or_else(|| {
                let what = "the index names another statement than the batch".to_owned();
                Error::Damaged { entry_index: row.entry_index, what }
            });
        }
        check_row(row, self.tree_size).inspect_err(|_| self.index.condemn())?;
        let (bundle, slot) = reading::place_of(row.entry_index, self.tree_size);
        let read = |statements: &[Option<Vec<u8>>]| {
            let found = compare(row, statements[slot].as_deref());
            // It may be the statement that is damaged: then to build the index anew says so.
            found.inspect_err(|error| {
                if matches!(error, Error::Damaged { .. }) {
                    self.index.condemn();
                }
            })
        };
        if let Some((last, statements)) = &self.last
            && *last == bundle
        {
            return read(statements);
        }
        let mut recent = self.recent.borrow_mut();
        match &*recent {
            Some((known, statements)) if *known == bundle => read(statements),
            _ => {
                let statements = reading::statements(&self.store, bundle)?;
                let found = read(&statements);
                *recent = Some((bundle, statements));
                found
            }
        }
    }

    /// After a commit: what the next batch needs to know.
    pub(crate) fn follow(
        &mut self,
        statements: &[Signed],
        checkpoint: &Checkpoint,
    ) -> Result<(), Error> {
        self.recent.take();
        let extent = Extent { tree_size: checkpoint.size, root: checkpoint.root };
        let rows = statements.iter().map(|it| (it.entry_index(), it.statement()));
        self.index.extend(rows, extent)?;
        self.tree_size = checkpoint.size;
        let governs = |it: &Signed| matches!(it.statement().record().kind(), "charter" | "key");
        if statements.iter().any(governs) {
            self.keyring = keyring_of(&self.store, checkpoint, &self.index)?;
        }
        if let Some(last) = statements.last() {
            self.last_recorded_at = last.statement().recorded_at();
        }
        Ok(())
    }

    /// After statements were taken away: everything is looked at anew.
    pub(crate) fn relearn(&mut self, checkpoint: &Checkpoint) -> Result<(), Error> {
        self.recent.take();
        self.keyring = know(&self.store, checkpoint, &mut self.index)?;
        Ok(())
    }
}

impl Ahead {
    fn by_identity(&self, identity: Hash) -> Option<&Signed> {
        self.placed.by_identity(identity).map(|place| &self.statements[place])
    }

    fn by_id(&self, id: Id) -> Option<&Signed> {
        self.placed.by_id(id).map(|place| &self.statements[place])
    }

    fn by_key(&self, kind: &'static str, key: &str) -> Option<&Signed> {
        self.placed.by_key(kind, key).map(|place| &self.statements[place])
    }
}

fn held(signed: &Signed) -> Held {
    Held { id: signed.statement().id(), entry_index: signed.entry_index() }
}

/// What is copied into a wider bundle is what the tree says: damage is not carried on, and the
/// old file that shows it is not removed.
pub(crate) fn check_last_bundle<D: Disk>(
    store: &Store<D>,
    bundle: Bundle,
    entries: &[Hash],
    statements: &[Option<Vec<u8>>],
) -> Result<(), Error> {
    let tile = Tile { level: 0, index: bundle.index, width: bundle.width };
    let leaves = reading::tile(store, tile)?;
    let first = bundle.index * u64::from(FULL_WIDTH);
    let slots = entries.iter().zip(statements).zip(&leaves);
    for (entry_index, ((entry, statement), leaf)) in (first..).zip(slots) {
        if merkle::leaf_hash(entry.as_bytes()) != *leaf {
            let what = format!("{entry} is not the entry that the tree holds");
            return Err(Error::Damaged { entry_index, what });
        }
        if statement.as_ref().is_some_and(|bytes| Hash::of(bytes) != *entry) {
            let what = "the statement is not the one that the tree holds".to_owned();
            return Err(Error::Damaged { entry_index, what });
        }
    }
    Ok(())
}

/// Brings the index up to the checkpoint, and says which keys are in force. The index is not to be
/// trusted: whatever goes wrong with it, it is built anew from the log before that is believed.
pub(crate) fn know<D: Disk>(
    store: &Store<D>,
    checkpoint: &Checkpoint,
    index: &mut Index,
) -> Result<Keyring, Error> {
    let attempt = |index: &mut Index| {
        catch_up(store, checkpoint, index)?;
        keyring_of(store, checkpoint, index)
    };
    match attempt(index) {
        Err(Error::Index(_) | Error::Damaged { .. }) => {
            index.renew()?;
            attempt(index)
        }
        known => known,
    }
}

/// Brings the index up to the checkpoint: what is new, or everything if it is of another history.
fn catch_up<D: Disk>(
    store: &Store<D>,
    checkpoint: &Checkpoint,
    index: &mut Index,
) -> Result<(), Error> {
    let known =
        index.extent().ok().flatten().unwrap_or(Extent { tree_size: 0, root: Hash::of(b"") });
    if known.tree_size == checkpoint.size && known.root == checkpoint.root {
        return Ok(());
    }
    let continues = known.tree_size <= checkpoint.size
        && merkle::root(known.tree_size, &mut reading::nodes(store, checkpoint.size))?
            == known.root;
    let from = if continues { known.tree_size } else { 0 };
    if from == 0 {
        index.clear()?;
    }
    let bundles: Vec<Bundle> =
        bundle::bundles_of(checkpoint.size).skip(bundles_before(from)).collect();
    for several in bundles.chunks(AT_ONCE) {
        let mut opened = Vec::new();
        let mut tree_size = from;
        for bundle in several {
            let first = bundle.index * u64::from(FULL_WIDTH);
            for (entry_index, bytes) in (first..).zip(reading::statements(store, *bundle)?) {
                if let Some(bytes) = bytes.filter(|_| entry_index >= from) {
                    opened.push((entry_index, open_statement(&bytes, entry_index)?));
                }
            }
            tree_size = first + u64::from(bundle.width);
        }
        let root = merkle::root(tree_size, &mut reading::nodes(store, checkpoint.size))?;
        let rows = opened.iter().map(|(entry_index, statement)| (*entry_index, statement));
        index.extend(rows, Extent { tree_size, root })?;
        index.tell(tree_size, checkpoint.size);
    }
    Ok(())
}

/// The keys in force after the last entry: the charter and the key records, admitted in order.
fn keyring_of<D: Disk>(
    store: &Store<D>,
    checkpoint: &Checkpoint,
    index: &Index,
) -> Result<Keyring, Error> {
    let mut keyring = Keyring::default();
    for row in index.governance()? {
        let Some(statement) = statement_of(store, &row, checkpoint.size)? else {
            let what =
                "a charter or key record is withheld: nobody can tell who may sign".to_owned();
            return Err(Error::Damaged { entry_index: row.entry_index, what });
        };
        let admitted = keyring.admit(statement, row.entry_index, None);
        admitted.map_err(|error: keyring::Error| damaged(row.entry_index, &error))?;
    }
    Ok(keyring)
}

fn last_time<D: Disk>(store: &Store<D>, checkpoint: &Checkpoint) -> Result<u64, Error> {
    let Some(last) = checkpoint.size.checked_sub(1) else { return Ok(0) };
    match reading::statement(store, last, checkpoint.size)? {
        Some(bytes) => Ok(open_statement(&bytes, last)?.recorded_at()),
        None => Ok(0),
    }
}

/// Whether the index names an entry that there is.
fn check_row(row: &Row, tree_size: u64) -> Result<(), Error> {
    if row.entry_index < tree_size {
        return Ok(());
    }
    let what = format!("the index names it, but the ledger has {tree_size} entries");
    Err(Error::Damaged { entry_index: row.entry_index, what })
}

/// The statement of an entry, if it is the one that the index names; `None` if it is withheld.
fn compare(row: &Row, bytes: Option<&[u8]>) -> Result<Option<Statement>, Error> {
    let Some(bytes) = bytes else { return Ok(None) };
    let found = Id::of(bytes);
    if found != row.id {
        let what = format!("the statement has hash {found}, the index says {}", row.id);
        return Err(Error::Damaged { entry_index: row.entry_index, what });
    }
    open_statement(bytes, row.entry_index).map(Some)
}

fn statement_of<D: Disk>(
    store: &Store<D>,
    row: &Row,
    tree_size: u64,
) -> Result<Option<Statement>, Error> {
    check_row(row, tree_size)?;
    compare(row, reading::statement(store, row.entry_index, tree_size)?.as_deref())
}

/// Opens a statement of the ledger.
pub(crate) fn open_statement(bytes: &[u8], entry_index: u64) -> Result<Statement, Error> {
    statement::open(bytes).map_err(|error| match error {
        statement::Error::Newer { .. } => Error::Newer { entry_index, error },
        error => damaged(entry_index, &error),
    })
}

pub(crate) fn damaged(entry_index: u64, error: &dyn std::error::Error) -> Error {
    Error::Damaged { entry_index, what: error.to_string() }
}
