//! Making receipts from a ledger that may be far away.
//!
//! Only what is needed is read: the checkpoint, a handful of tiles, the bundles in which the entry
//! and its companions stand, and, without an index, the entries between them. Nothing is handed out
//! that does not lead to the root of the trusted checkpoint.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::attribution::id::Id;
use crate::attribution::record::Record;
use crate::attribution::record::charter::{KeyAction, KeyChange};
use crate::attribution::statement::{self, Statement};
use crate::hash::{Hash, LENGTH};
use crate::index::{Index, Row};
use crate::key::{SecretKey, Thumbprint};
use crate::ledger::reading;
use crate::receipt::companions::{self, Companion, Extra, MAX_COMPANIONS, Subject};
use crate::receipt::transparent::{self, Transparent};
use crate::store;
use crate::store::source::Source;
use crate::tlog::bundle::bundles_of;
use crate::tlog::checkpoint::{self, Checkpoint, Trusted};
use crate::tlog::merkle::{
    self, Inclusion, Leaf, NodeReader, Position, leaf_hash, verify_inclusion,
};
use crate::tlog::note::Note;
use crate::tlog::path::Path;
use crate::tlog::policy::Policy;
use crate::tlog::proof::Proof;
use crate::tlog::receipt::{self, Receipt};
use crate::tlog::tile::{FULL_WIDTH, HEIGHT, Tile, TileNodes};

/// Room that is kept for what stands around the companions, in bytes.
const FRAME: usize = 100_000;

/// Why nothing was proven.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The ledger could not be read, or is not what its checkpoint says.
    #[error(transparent)]
    Reading(#[from] reading::Error),
    /// There is no checkpoint.
    #[error("there is no checkpoint: nothing here is signed")]
    NoCheckpoint,
    /// The checkpoint is not trusted.
    #[error(transparent)]
    Checkpoint(#[from] checkpoint::Error),
    /// The ledger's files do not lead to the root that its log signed.
    #[error("entry {entry_index} does not lead to the signed root: {error}")]
    NotInTree {
        /// The entry's place in the log.
        entry_index: u64,
        /// What the proof says.
        error: merkle::Error,
    },
    /// What comes with it cannot be written.
    #[error(transparent)]
    Companions(#[from] companions::Error),
    /// The receipt cannot be written.
    #[error(transparent)]
    Receipt(#[from] receipt::Error),
    /// The transparent statement cannot be written.
    #[error(transparent)]
    Transparent(#[from] transparent::Error),
    /// A statement of which nothing but its entry is left cannot carry a receipt.
    #[error("entry {0} is withheld: without the statement there is nothing to put a receipt into")]
    Withheld(u64),
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Self {
        Self::Reading(error.into())
    }
}

/// A published ledger, by its trusted checkpoint.
pub struct Published<'a> {
    source: &'a dyn Source,
    note: Note,
    checkpoint: Trusted<Checkpoint>,
    /// The tiles that were read: the ways of an entry and of its companions share most of them.
    tiles: RefCell<HashMap<Tile, Vec<Hash>>>,
    /// Says where to look, and is believed in nothing else.
    index: Option<&'a Index>,
}

/// An entry, all that is needed to check it, and what could not be found.
#[derive(Debug)]
pub struct Proven {
    /// The signed checkpoint.
    pub note: Note,
    /// The same, trusted.
    pub checkpoint: Trusted<Checkpoint>,
    /// Where the entry stands.
    pub leaf: Leaf,
    /// The entry.
    pub entry: Hash,
    /// The way up to the root.
    pub path: Inclusion,
    /// The statement; `None` if it is withheld.
    pub statement: Option<Vec<u8>>,
    /// What it refers to, and what brought the keys, in the order of the log.
    pub companions: Vec<Companion>,
    /// What should have come with it and does not: entries, each with the reason.
    pub left_out: Vec<(u64, &'static str)>,
}

impl<'a> Published<'a> {
    /// Opens a ledger by its checkpoint, which must be trusted.
    pub fn open(source: &'a dyn Source, policy: &Policy) -> Result<Self, Error> {
        let bytes = reading::checkpoint(source)?.ok_or(Error::NoCheckpoint)?;
        let note = Note::parse(&bytes).map_err(checkpoint::Error::from)?;
        let checkpoint = Trusted::open_note(&note, policy)?;
        Ok(Self { source, note, checkpoint, tiles: RefCell::default(), index: None })
    }

    /// The same, with an index of this ledger, so that what an entry refers to need not be looked for
    /// from entry to entry. An index of another ledger, or of one that went on otherwise, is not asked.
    #[must_use]
    pub fn with_index(mut self, index: &'a Index) -> Self {
        let extent = index.extent().ok().flatten();
        let fits = extent.is_some_and(|extent| {
            extent.tree_size <= self.tree_size()
                && merkle::root(extent.tree_size, &mut self.nodes())
                    .is_ok_and(|it| it == extent.root)
        });
        self.index = fits.then_some(index);
        self
    }

    fn nodes(&self) -> impl NodeReader<Error = Error> + '_ {
        let fetch = |tiles: &[Tile]| tiles.iter().map(|tile| self.tile(*tile)).collect();
        TileNodes { tree_size: self.tree_size(), height: HEIGHT, fetch }
    }

    /// The entry whose id begins with these hex digits, if the index knows of one and of no other.
    pub fn by_prefix(&self, digits: &str) -> Result<Option<u64>, Error> {
        // Of what it does not hold, entries without a statement or newer ones, it cannot tell.
        let holds_all = |index: &&Index| {
            let size = self.tree_size();
            digits.len() == 2 * LENGTH || index.count().is_ok_and(|count| count == size)
        };
        let index = self.index.filter(holds_all);
        let rows = index.and_then(|index| index.by_prefix(digits).ok()).unwrap_or_default();
        let [Row { entry_index, id, .. }] = rows[..] else { return Ok(None) };
        let is_so = entry_index < self.tree_size() && self.id_of(entry_index)? == id;
        Ok(is_so.then_some(entry_index))
    }

    /// What the ledger says stands at an entry.
    fn id_of(&self, entry_index: u64) -> Result<Id, Error> {
        let (bundle, slot) = reading::place_of(entry_index, self.tree_size());
        Ok(Id::from_hash(reading::entries(self.source, bundle)?[slot]))
    }

    /// The number of entries.
    pub fn tree_size(&self) -> u64 {
        self.checkpoint.size
    }

    /// The ids of all entries: for those who know no more than the beginning of one.
    pub fn ids(&self) -> Result<Vec<Id>, Error> {
        let mut ids = Vec::new();
        for bundle in bundles_of(self.tree_size()) {
            ids.extend(reading::entries(self.source, bundle)?.into_iter().map(Id::from_hash));
        }
        Ok(ids)
    }

    /// Proves one entry, which must be inside the tree, and finds its companions.
    pub fn prove(&self, entry_index: u64) -> Result<Proven, Error> {
        let id = self.id_of(entry_index)?;
        let entry = id.hash();
        let (leaf, path) = self.path(entry_index, entry)?;
        let statement = self.statement(entry_index, id)?;
        let opened = statement.as_deref().map(statement::open);
        let mut left_out = Vec::new();
        // A statement that cannot be read refers to nothing that can be found.
        let companions = match opened {
            Some(Ok(opened)) => self.companions(&opened, entry_index, &mut left_out)?,
            _ => Vec::new(),
        };
        let (note, checkpoint) = (self.note.clone(), self.checkpoint.clone());
        Ok(Proven { note, checkpoint, leaf, entry, path, statement, companions, left_out })
    }

    /// The way from an entry up to the root, checked.
    fn path(&self, entry_index: u64, entry: Hash) -> Result<(Leaf, Inclusion), Error> {
        let position = Position { leaf_index: entry_index, tree_size: self.tree_size() };
        let path = merkle::prove_inclusion(position, &mut self.nodes())?;
        let leaf = Leaf { index: entry_index, hash: leaf_hash(entry.as_bytes()) };
        verify_inclusion(&leaf, &self.checkpoint.tree(), &path)
            .map_err(|error| Error::NotInTree { entry_index, error })?;
        Ok((leaf, path))
    }

    fn tile(&self, tile: Tile) -> Result<Vec<Hash>, Error> {
        if let Some(hashes) = self.tiles.borrow().get(&tile) {
            return Ok(hashes.clone());
        }
        let hashes = reading::tile(self.source, tile)?;
        self.tiles.borrow_mut().insert(tile, hashes.clone());
        Ok(hashes)
    }

    fn statement(&self, entry_index: u64, expected: Id) -> Result<Option<Vec<u8>>, Error> {
        let statement = reading::statement(self.source, entry_index, self.tree_size())?;
        self.expect(entry_index, expected, statement.as_deref())?;
        Ok(statement)
    }

    /// That a statement is the one its entry stands for.
    fn expect(&self, entry_index: u64, expected: Id, bytes: Option<&[u8]>) -> Result<(), Error> {
        match bytes.map(Id::of) {
            Some(found) if found != expected => {
                let (bundle, _) = reading::place_of(entry_index, self.tree_size());
                let path = Path::Statements(bundle);
                Err(reading::Error::Statement { path, entry_index, found, expected }.into())
            }
            _ => Ok(()),
        }
    }

    /// Finds the companions of a statement: what it refers to, and what brought the keys, and so on.
    fn companions(
        &self,
        subject: &Statement,
        entry_index: u64,
        left_out: &mut Vec<(u64, &'static str)>,
    ) -> Result<Vec<Companion>, Error> {
        let begin = || self.search(subject, entry_index);
        let looked_up = match self.index {
            Some(index) => self.look_up(index, begin()?, entry_index)?,
            None => None,
        };
        let mut search = match looked_up {
            Some(search) => search,
            None => self.walk_back(begin()?, entry_index)?,
        };
        search.cut();
        left_out.append(&mut search.left_out);
        let mut companions = Vec::new();
        for (place, Kept { bytes: statement, .. }) in search.kept {
            let (_, path) = self.path(place, Hash::of(&statement))?;
            companions.push(Companion { entry_index: place, path, statement });
        }
        Ok(companions)
    }

    fn search(&self, subject: &Statement, entry_index: u64) -> Result<Search, Error> {
        let mut search = Search::default();
        if entry_index > 0 {
            self.charter(&mut search)?;
        }
        search.want(subject, 0);
        Ok(search)
    }

    /// Looks from entry to entry, back from the one that is proven: references point back only, and so
    /// does the record that brought a key.
    fn walk_back(&self, mut search: Search, entry_index: u64) -> Result<Search, Error> {
        let last = entry_index / u64::from(FULL_WIDTH);
        for index in (0..=last).rev() {
            if search.is_done() {
                break;
            }
            let first = index * u64::from(FULL_WIDTH);
            let (bundle, _) = reading::place_of(first, self.tree_size());
            let entries = reading::entries(self.source, bundle)?;
            let mut statements = None;
            let before = (first..entry_index).zip(entries).filter(|(place, _)| *place > 0);
            for (place, entry) in before.collect::<Vec<_>>().into_iter().rev() {
                let id = Id::from_hash(entry);
                if !search.may_need(id) {
                    continue;
                }
                if statements.is_none() {
                    statements = Some(reading::statements(self.source, bundle)?);
                }
                let slot = usize::try_from(place - first).expect("less than a full bundle");
                let bytes = statements.as_mut().and_then(|it| it[slot].take());
                self.expect(place, id, bytes.as_deref())?;
                search.look(place, id, bytes);
            }
        }
        Ok(search)
    }

    /// The same where an index says at which entries to look. `None` if it does not know of
    /// something that is looked for: then nobody can tell whether it is there.
    fn look_up(
        &self,
        index: &Index,
        mut search: Search,
        entry_index: u64,
    ) -> Result<Option<Search>, Error> {
        let before = |row: &Row| (1..entry_index).contains(&row.entry_index);
        let (Ok(Some(extent)), Ok(governance)) = (index.extent(), index.governance()) else {
            return Ok(None);
        };
        if extent.tree_size <= entry_index {
            return Ok(None);
        }
        let governance = governance.into_iter().filter(before);
        let mut places: BTreeSet<u64> = governance.map(|row| row.entry_index).collect();
        let mut asked: HashSet<Id> = HashSet::new();
        while !search.is_done() {
            let new: Vec<Id> = search.ids.keys().filter(|id| asked.insert(**id)).copied().collect();
            for id in new {
                let rows = index.all_by_id(id).unwrap_or_default().into_iter();
                let Some(row) = rows.rev().find(before) else { return Ok(None) };
                places.insert(row.entry_index);
            }
            // From the last one on, as when one walks back.
            let Some(place) = places.pop_last() else { break };
            let id = self.id_of(place)?;
            if search.may_need(id) {
                let bytes = self.statement(place, id)?;
                search.look(place, id, bytes);
            }
        }
        Ok(search.is_done().then_some(search))
    }

    /// The charter says which keys need no record of their own.
    fn charter(&self, search: &mut Search) -> Result<(), Error> {
        let Some(bytes) = self.statement(0, self.id_of(0)?)? else { return Ok(()) };
        if let Ok(statement) = statement::open(&bytes)
            && let Record::Charter(charter) = statement.record()
        {
            search.chartered.extend(charter.recorders.iter().map(|it| it.key.thumbprint()));
            search.kept.insert(0, Kept { distance: 0, bytes });
        }
        Ok(())
    }
}

/// What is looked for, and what was found.
#[derive(Default)]
struct Search {
    /// Statements, with the number of steps from the one that is proven.
    ids: HashMap<Id, usize>,
    /// Keys whose coming is not yet found.
    keys: HashSet<Thumbprint>,
    /// All keys that signed what is kept.
    used: HashSet<Thumbprint>,
    chartered: HashSet<Thumbprint>,
    kept: BTreeMap<u64, Kept>,
    /// What should be kept and is not, each with the reason.
    left_out: Vec<(u64, &'static str)>,
}

struct Kept {
    distance: usize,
    bytes: Vec<u8>,
}

impl Search {
    fn is_done(&self) -> bool {
        self.ids.is_empty() && self.keys.is_empty()
    }

    /// Whether a statement could matter: it is referred to, or may bring a key.
    fn may_need(&self, id: Id) -> bool {
        !self.keys.is_empty() || self.ids.contains_key(&id)
    }

    /// Takes up what a statement needs to be understood.
    fn want(&mut self, statement: &Statement, distance: usize) {
        for reference in statement.record().references() {
            let known = self.ids.entry(reference.id).or_insert(distance + 1);
            *known = (*known).min(distance + 1);
        }
        // A key that goes must have come.
        let gone = match statement.record() {
            Record::Key(change) if change.action == KeyAction::Revoke => Some(change.key),
            Record::Key(change) => change.replaces,
            _ => None,
        };
        let gone = gone.map(|key| key.thumbprint());
        for key in [Some(statement.signer()), gone].into_iter().flatten() {
            // A key whose coming was found already is not looked for again.
            if self.used.insert(key) && !self.chartered.contains(&key) {
                self.keys.insert(key);
            }
        }
    }

    fn look(&mut self, place: u64, id: Id, bytes: Option<Vec<u8>>) {
        let distance = self.ids.remove(&id);
        let Some(bytes) = bytes else {
            self.left_out.extend(distance.map(|_| (place, "it is withheld")));
            return;
        };
        let Ok(statement) = statement::open(&bytes) else {
            self.left_out.extend(distance.map(|_| (place, "this program does not read it")));
            return;
        };
        let governs = match statement.record() {
            Record::Key(change) => self.governs(change),
            _ => false,
        };
        if governs || distance.is_some() {
            let distance = if governs { 0 } else { distance.unwrap_or(0) };
            self.want(&statement, distance);
            self.kept.insert(place, Kept { distance, bytes });
        }
    }

    /// Whether a key record brings a key that is used here, or ends one: of ends, those that are
    /// met on the way go along.
    fn governs(&mut self, change: &KeyChange) -> bool {
        let key = change.key.thumbprint();
        if change.action == KeyAction::Revoke {
            return self.used.contains(&key);
        }
        let ends = change.replaces.is_some_and(|key| self.used.contains(&key.thumbprint()));
        self.keys.remove(&key) || ends
    }

    /// Leaves out what is farthest from the proven statement, where all of it is too much.
    fn cut(&mut self) {
        let mut order: Vec<(usize, u64)> =
            self.kept.iter().map(|(place, it)| (it.distance, *place)).collect();
        order.sort_unstable();
        let mut length = 0;
        for (number, (_, place)) in order.into_iter().enumerate() {
            // A way up has at most 64 hashes of 34 bytes.
            length += self.kept[&place].bytes.len() + 64 * 34 + 32;
            if number >= MAX_COMPANIONS || length > companions::MAX_LENGTH - FRAME {
                self.kept.remove(&place);
                self.left_out.push((place, "the file would be too large"));
            }
        }
    }
}

impl Proven {
    /// As a C2SP tlog-proof that carries the statement and its companions.
    pub fn to_tlog_proof(&self) -> Result<Proof, Error> {
        let subject = match &self.statement {
            Some(statement) => Subject::Statement(statement.clone()),
            None => Subject::Entry(self.entry),
        };
        let extra = Extra { subject, companions: self.companions.clone() };
        Ok(Proof {
            unauthenticated_extra: Some(extra.encode()?),
            index: self.leaf.index,
            inclusion: self.path.clone(),
            checkpoint: self.note.clone(),
        })
    }

    /// As a transparent statement, with a receipt signed by the log's key at `issued_at`, in
    /// seconds since 1970.
    pub fn to_transparent(&self, key: &SecretKey, issued_at: u64) -> Result<Vec<u8>, Error> {
        let withheld = || Error::Withheld(self.leaf.index);
        let statement = self.statement.clone().ok_or_else(withheld)?;
        let subject = statement::open(&statement).map(|it| it.record().subject());
        let subject = subject.unwrap_or_else(|_| format!("statement/{}", self.entry));
        let path = self.path.clone();
        let claims = (subject.as_str(), issued_at);
        let receipt = Receipt::issue(&self.checkpoint, &self.leaf, path, claims, key)?;
        let extra = Extra { subject: Subject::Carrier, companions: self.companions.clone() };
        let receipts = vec![receipt.encode()?];
        Ok(Transparent { statement, receipts, extra: Some(extra.encode()?) }.encode()?)
    }
}
