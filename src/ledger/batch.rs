//! A batch: records sealed one after the other, so that later ones can refer to earlier ones, and
//! committed together or not at all.
//!
//! The same record by the same recorder is taken once: what the ledger holds already is found and
//! referred to, not added again.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::attribution::id::Id;
use crate::attribution::keyring::{self, Keyring, Signed};
use crate::attribution::record::document::{Capture, Document};
use crate::attribution::record::{Record, Reference};
use crate::attribution::statement::{self, CLOCK_TOLERANCE, Statement};
use crate::hash::{self, Hash};
use crate::index::{self, CANDIDATES};
use crate::key::{SecretKey, Thumbprint};
use crate::ledger::holdings::{self, Ahead, Held, Holdings, Placed};
use crate::ledger::writing::{self, Addition, Ledger};
use crate::store::disk::Disk;

/// The fewest hex digits of an abbreviated id. Fewer would name half the ledger.
pub const SHORTEST_PREFIX: usize = 4;

/// Why a record was not taken.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The record itself, or its envelope.
    #[error(transparent)]
    Statement(#[from] statement::Error),
    /// The signer may not sign it.
    #[error(transparent)]
    Keyring(#[from] keyring::Error),
    /// A reference to nothing.
    #[error("{field} refers to {id}, which is not in this ledger")]
    Dangling {
        /// The field that refers.
        field: &'static str,
        /// The id it refers to.
        id: Id,
    },
    /// A reference to the wrong kind of record.
    #[error("{field} refers to entry {entry_index}, a {found}, expected a {expected}")]
    Kind {
        /// The field that refers.
        field: &'static str,
        /// The entry it refers to.
        entry_index: u64,
        /// The kind found there.
        found: &'static str,
        /// The kinds that belong there.
        expected: String,
    },
    /// An id prefix that names nothing.
    #[error("no statement's id begins with {0:?}")]
    NotFound(String),
    /// An id prefix that names several statements.
    #[error("several ids begin with {prefix:?}: {candidates}")]
    Ambiguous {
        /// The prefix.
        prefix: String,
        /// Their ids, abbreviated.
        candidates: String,
    },
    /// Not an id prefix at all.
    #[error(
        "{0:?} is neither an entry's number nor an id: an id has at least {SHORTEST_PREFIX} hex digits"
    )]
    NotAnId(String),
    /// The recorder's clock is behind the ledger.
    #[error(
        "the time {found} lies before the last entry's {last} by more than {CLOCK_TOLERANCE} seconds"
    )]
    Clock {
        /// The recorder's time, in seconds since 1970.
        found: u64,
        /// The last entry's, in seconds since 1970.
        last: u64,
    },
    /// The ledger.
    #[error(transparent)]
    Ledger(#[from] writing::Error),
}

impl From<holdings::Error> for Error {
    fn from(error: holdings::Error) -> Self {
        Self::Ledger(error.into())
    }
}

impl From<index::Error> for Error {
    fn from(error: index::Error) -> Self {
        Self::Ledger(error.into())
    }
}

/// Who seals a batch, and when.
#[derive(Debug, Clone, Copy)]
pub struct Recorder<'a> {
    /// The recorder's name, as the ledger knows its key.
    pub name: &'a str,
    /// The recorder's key.
    pub key: &'a SecretKey,
    /// The recorder's time, in seconds since 1970.
    pub recorded_at: u64,
}

/// What became of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Added {
    /// The id of the statement that carries it.
    pub id: Id,
    /// Its place in the log.
    pub entry_index: u64,
    /// Whether this batch adds it; else the ledger or the batch had it already.
    pub new: bool,
}

/// Records on their way into a ledger.
#[derive(Debug)]
pub struct Batch<'a, D: Disk> {
    pub(crate) holdings: &'a Holdings<D>,
    recorder: Recorder<'a>,
    keyring: Keyring,
    sealed: Vec<Signed>,
    captures: BTreeMap<Hash, Vec<u8>>,
    /// Where the sealed statements are.
    placed: Placed,
    /// Entry and kind of what was referred to: a thousand claims refer to few parties.
    referred: hash::Map<Id, (u64, &'static str)>,
}

impl<'a, D: Disk> Batch<'a, D> {
    /// An empty batch by this recorder.
    ///
    /// # Errors
    /// [`Error::Clock`] if the recorder's time lies before the last entry's.
    pub fn new(ledger: &'a Ledger<D>, recorder: Recorder<'a>) -> Result<Self, Error> {
        Self::on(ledger.holdings(), recorder)
    }

    /// The same for whoever knows what the ledger holds, or will hold.
    pub fn on(holdings: &'a Holdings<D>, recorder: Recorder<'a>) -> Result<Self, Error> {
        let last = holdings.last_recorded_at();
        if recorder.recorded_at.saturating_add(CLOCK_TOLERANCE) < last {
            return Err(Error::Clock { found: recorder.recorded_at, last });
        }
        Ok(Self {
            holdings,
            recorder,
            keyring: holdings.keyring().clone(),
            sealed: Vec::new(),
            captures: BTreeMap::new(),
            placed: Placed::default(),
            referred: hash::Map::default(),
        })
    }

    /// Seals a record and takes it into the batch, or finds the one there is.
    pub fn add(&mut self, record: &Record) -> Result<Added, Error> {
        let Recorder { name, key, recorded_at } = self.recorder;
        let unsealed = statement::prepare(record, name)?;
        for reference in record.references() {
            self.check(&reference)?;
        }
        let identity = unsealed.identity();
        if let Some(added) = self.find_same(identity)? {
            return Ok(added);
        }
        self.take(unsealed.seal(recorded_at, key)?)
    }

    /// Takes a statement that was sealed for this batch.
    pub(crate) fn take(&mut self, statement: Statement) -> Result<Added, Error> {
        let entry_index = self.next_entry();
        let id = statement.id();
        let target = self.signer_of_target(statement.record())?;
        let signed = self.keyring.admit(statement, entry_index, target)?;
        self.placed.put(signed.statement(), self.sealed.len());
        self.sealed.push(signed);
        Ok(Added { id, entry_index, new: true })
    }

    /// Keeps the bytes of a capture that a record of this batch names.
    pub fn keep(&mut self, bytes: Vec<u8>) -> Hash {
        let digest = Hash::of(&bytes);
        self.captures.insert(digest, bytes);
        digest
    }

    /// How many records the batch adds.
    pub fn len(&self) -> usize {
        self.sealed.len()
    }

    /// The place in the log of what is added next.
    pub fn next_entry(&self) -> u64 {
        self.holdings.tree_size() + self.sealed.len() as u64
    }

    /// What the batch adds at this place in the log.
    pub fn signed(&self, entry_index: u64) -> Option<&Signed> {
        let place = entry_index.checked_sub(self.holdings.tree_size())?;
        self.sealed.get(usize::try_from(place).ok()?)
    }

    /// Whether the batch adds nothing.
    pub fn is_empty(&self) -> bool {
        self.sealed.is_empty()
    }

    /// What goes into the ledger. A capture that no record of the batch names is left out: it
    /// would lie in the ledger as a stray, or bring back what a notice has withheld.
    pub fn finish(self) -> Addition {
        self.finish_ahead().0
    }

    /// The same; what the next batch has to know of this one while it is being committed; and the
    /// captures that are left out.
    pub fn finish_ahead(self) -> (Addition, Ahead, BTreeMap<Hash, Vec<u8>>) {
        let named: hash::Set<Hash> =
            self.sealed.iter().flat_map(|it| captures_of(it.statement().record())).collect();
        let (kept, unnamed): (BTreeMap<_, _>, _) =
            self.captures.into_iter().partition(|(digest, _)| named.contains(digest));
        let brought = Arc::new(kept.keys().copied().collect());
        let captures = kept.into_values().collect();
        let (statements, placed) = (Arc::new(self.sealed), Arc::new(self.placed));
        let ahead = Ahead { statements: statements.clone(), placed, captures: brought };
        (Addition { statements, captures }, ahead, unnamed)
    }

    /// The newest party with this key.
    pub fn party(&self, key: &str) -> Result<Option<Id>, Error> {
        self.keyed("party", key)
    }

    /// The newest channel with this key.
    pub fn channel(&self, key: &str) -> Result<Option<Id>, Error> {
        self.keyed("channel", key)
    }

    /// All keys of parties or channels, for a hint.
    pub fn keys(&self, kind: &'static str) -> Result<Vec<String>, Error> {
        let mut keys = self.holdings.keys(kind)?;
        keys.extend(self.placed.keys(kind).cloned());
        keys.sort();
        keys.dedup();
        Ok(keys)
    }

    /// The statement that a person means: by the beginning of its id, or by its entry's number.
    pub fn find(&self, typed: &str) -> Result<Id, Error> {
        let by_number = || -> Result<Option<Id>, Error> {
            let Some(entry_index) = entry_number(typed) else { return Ok(None) };
            Ok(self.holdings.index().by_entry(entry_index)?.map(|row| row.id))
        };
        if !typed.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(Error::NotAnId(typed.to_owned()));
        }
        if typed.len() < SHORTEST_PREFIX {
            return by_number()?.ok_or_else(|| Error::NotAnId(typed.to_owned()));
        }
        let prefix = typed.to_ascii_lowercase();
        let mut found: Vec<Id> =
            self.holdings.index().by_prefix(&prefix)?.iter().map(|row| row.id).collect();
        found.extend(self.placed.ids().filter(|id| id.to_string().starts_with(&prefix)));
        match found.as_slice() {
            [] => by_number()?.ok_or(Error::NotFound(prefix)),
            [id] => Ok(*id),
            several => {
                let listed: Vec<String> = several.iter().take(CANDIDATES).map(Id::short).collect();
                Err(Error::Ambiguous { prefix, candidates: listed.join(", ") })
            }
        }
    }

    /// The record with this id; `None` if there is none, or it is withheld.
    pub fn record(&self, id: Id) -> Result<Option<Record>, Error> {
        Ok(self.statement(id)?.map(|(_, statement)| statement.record().clone()))
    }

    /// The document with this id; `None` if there is none, or it is something else.
    pub fn document(&self, id: Id) -> Result<Option<Document>, Error> {
        match self.record(id)? {
            Some(Record::Document(document)) => Ok(Some(document)),
            _ => Ok(None),
        }
    }

    /// The captures of a document that were recorded after it, here or in the ledger, in their order.
    pub fn later_captures(&self, document: Id) -> Result<Vec<Capture>, Error> {
        let mut captures = Vec::new();
        let mut take = |record: &Record| {
            if let Record::Capture(later) = record
                && later.document == document
            {
                captures.push(later.capture.clone());
            }
        };
        for row in self.holdings.index().about(document)? {
            if let Some(statement) = self.holdings.statement(&row)? {
                take(statement.record());
            }
        }
        self.sealed.iter().for_each(|signed| take(signed.statement().record()));
        Ok(captures)
    }

    /// The entry of the notice that withholds a statement, if one does.
    pub fn withheld_by(&self, id: Id) -> Result<Option<u64>, Error> {
        for row in self.holdings.index().about(id)? {
            let Some(statement) = self.holdings.statement(&row)? else { continue };
            if statement.record().withholds() == Some(id) {
                return Ok(Some(row.entry_index));
            }
        }
        Ok(None)
    }

    /// The newest party or channel with this key.
    pub fn keyed(&self, kind: &'static str, key: &str) -> Result<Option<Id>, Error> {
        if let Some(place) = self.placed.by_key(kind, key) {
            return Ok(Some(self.sealed[place].statement().id()));
        }
        Ok(self.holdings.keyed(kind, key)?)
    }

    /// The statement that is the same, if the batch or the ledger has it.
    pub(crate) fn find_same(&self, identity: Hash) -> Result<Option<Added>, Error> {
        if let Some(place) = self.placed.by_identity(identity) {
            let signed = &self.sealed[place];
            let (id, entry_index) = (signed.statement().id(), signed.entry_index());
            return Ok(Some(Added { id, entry_index, new: false }));
        }
        let held = self.holdings.same(identity)?;
        Ok(held.map(|Held { id, entry_index }| Added { id, entry_index, new: false }))
    }

    fn check(&mut self, reference: &Reference) -> Result<(), Error> {
        let Reference { field, id, kinds } = reference;
        let (entry_index, found) = match self.referred.get(id) {
            Some(known) => *known,
            None => {
                let (entry_index, statement) =
                    self.statement(*id)?.ok_or(Error::Dangling { field, id: *id })?;
                let known = (entry_index, statement.record().kind());
                self.referred.insert(*id, known);
                known
            }
        };
        if kinds.contains(&found) {
            return Ok(());
        }
        Err(Error::Kind { field, entry_index, found, expected: kinds.join(" or ") })
    }

    fn statement(&self, id: Id) -> Result<Option<(u64, Statement)>, Error> {
        if let Some(place) = self.placed.by_id(id) {
            let signed = &self.sealed[place];
            return Ok(Some((signed.entry_index(), signed.statement().clone())));
        }
        Ok(self.holdings.find(id)?)
    }

    fn signer_of_target(&self, record: &Record) -> Result<Option<Thumbprint>, Error> {
        let Record::Notice(notice) = record else { return Ok(None) };
        Ok(self.statement(notice.target)?.map(|(_, statement)| statement.signer()))
    }
}

/// The number of an entry as people type it: in decimal, without leading zeros.
pub fn entry_number(typed: &str) -> Option<u64> {
    typed.parse().ok().filter(|number: &u64| number.to_string() == typed)
}

fn captures_of(record: &Record) -> Vec<Hash> {
    record.captures().into_iter().map(|it| it.digest).collect()
}
