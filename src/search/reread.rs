//! Reading again what the index names: the statement itself, from the ledger, compared with the
//! entry that stands for it. Nothing else is ever printed.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use crate::attribution::id::Id;
use crate::attribution::statement::{self, Statement};
use crate::ledger::reading;
use crate::search::tables::{self, Tables};
use crate::store::source::Source;
use crate::tlog::bundle::Bundle;

/// How many bytes of bundles are kept at hand, since what belongs together often stands together.
const AT_HAND: usize = 64 * 1024 * 1024;

/// Why something could not be indexed, or not be read again.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The index.
    #[error(transparent)]
    Index(#[from] tables::Error),
    /// The ledger's files.
    #[error(transparent)]
    Reading(#[from] reading::Error),
    /// A statement that cannot be opened.
    #[error("entry {entry_index}: {error}")]
    Statement {
        /// Its place in the log.
        entry_index: u64,
        /// What is wrong with it.
        error: statement::Error,
    },
    /// The statement is not the one that the entry stands for.
    #[error("entry {0}: the statement's hash is not the entry")]
    NotTheEntry(u64),
}

/// What stands at an entry.
#[derive(Debug, Clone)]
pub struct Slot {
    /// The entry.
    pub id: Id,
    /// Its statement; `None` if it is withheld.
    pub statement: Option<Statement>,
}

/// A ledger's statements, one at a time.
pub struct Reader<'a> {
    source: &'a dyn Source,
    tree_size: u64,
    bundles: RefCell<Bundles>,
}

type Items = Vec<(Id, Option<Vec<u8>>)>;

#[derive(Default)]
struct Bundles {
    at_hand: HashMap<u64, Rc<Items>>,
    length: usize,
}

impl<'a> Reader<'a> {
    /// Reads in a tree of `tree_size` entries.
    pub fn new(source: &'a dyn Source, tree_size: u64) -> Self {
        Self { source, tree_size, bundles: RefCell::default() }
    }

    /// The number of entries.
    pub fn tree_size(&self) -> u64 {
        self.tree_size
    }

    /// What stands at an entry that the index names; an entry that the ledger does not have is the
    /// index's fault.
    pub fn slot(&self, entry_index: u64) -> Result<Slot, Error> {
        if entry_index >= self.tree_size {
            return Err(tables::Error::Damaged("it names an entry that the ledger has not").into());
        }
        let (bundle, slot) = reading::place_of(entry_index, self.tree_size);
        let items = self.bundle(bundle)?;
        let (id, bytes) = &items[slot];
        let statement = bytes.as_ref().map(|bytes| open(entry_index, *id, bytes)).transpose()?;
        Ok(Slot { id: *id, statement })
    }

    /// What stands at the entry with an id, as far as the index knows the id; `None` if it does
    /// not.
    pub fn by_id(&self, tables: &Tables, id: Id) -> Result<Option<(u64, Slot)>, Error> {
        let Some(entry) = tables.by_id(id)? else { return Ok(None) };
        let slot = self.slot(entry.entry_index)?;
        if slot.id != id {
            return Err(tables::Error::Damaged("it names another id than the ledger").into());
        }
        Ok(Some((entry.entry_index, slot)))
    }

    fn bundle(&self, bundle: Bundle) -> Result<Rc<Items>, Error> {
        let mut bundles = self.bundles.borrow_mut();
        if let Some(items) = bundles.at_hand.get(&bundle.index) {
            return Ok(items.clone());
        }
        let items = Rc::new(items(self.source, bundle)?);
        let length: usize = items.iter().map(|(_, it)| it.as_ref().map_or(0, Vec::len)).sum();
        if bundles.length + length > AT_HAND {
            *bundles = Bundles::default();
        }
        bundles.length += length;
        bundles.at_hand.insert(bundle.index, items.clone());
        Ok(items)
    }
}

/// The entries of a bundle, and the bytes of their statements.
pub(crate) fn items(source: &dyn Source, bundle: Bundle) -> Result<Items, Error> {
    let entries = reading::entries(source, bundle)?;
    let statements = reading::statements(source, bundle)?;
    Ok(entries.into_iter().map(Id::from_hash).zip(statements).collect())
}

/// Opens the statement of an entry.
pub(crate) fn open(entry_index: u64, id: Id, bytes: &[u8]) -> Result<Statement, Error> {
    if Id::of(bytes) != id {
        return Err(Error::NotTheEntry(entry_index));
    }
    statement::open(bytes).map_err(|error| Error::Statement { entry_index, error })
}
