//! A verified ledger that is asked instead of read: what an index names is read again from the
//! ledger, compared with the id that was verified, and admitted by the keyring anew.

use std::collections::BTreeMap;

use crate::attribution::id::Id;
use crate::attribution::keyring::{self, Keyring};
use crate::attribution::record::Record;
use crate::attribution::statement::Statement;
use crate::audit::captures::Captures;
use crate::audit::graph::Graph;
use crate::audit::part::{Item, Shelf, audit_one};
use crate::audit::{self, Audit};
use crate::index::{self, Index, Row};
use crate::key::Thumbprint;
use crate::search::reread::{self, Reader};
use crate::store::source::Source;
use crate::verify::Verification;

/// Why a verified ledger could not be asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The index.
    #[error(transparent)]
    Index(#[from] index::Error),
    /// The ledger's files, which are not what was verified.
    #[error(transparent)]
    Reading(#[from] reread::Error),
    /// The ledger has another entry than the one that was verified.
    #[error("entry {entry_index} is not the one that was verified, {verified}")]
    Another {
        /// Its place in the log.
        entry_index: u64,
        /// The id that was verified.
        verified: Id,
    },
    /// A statement that was verified is not there any more.
    #[error("the statement of entry {0} was there when it was verified, and is gone")]
    Gone(u64),
    /// A record that was verified is signed by nobody who may.
    #[error("entry {entry_index}: {error}")]
    Refused {
        /// Its place in the log.
        entry_index: u64,
        /// Why.
        error: keyring::Error,
    },
}

/// A ledger as it was verified.
pub struct Verified<'a> {
    index: &'a Index,
    reader: Reader<'a>,
    keyring: &'a Keyring,
    withheld: BTreeMap<Id, u64>,
}

impl<'a> Verified<'a> {
    /// The ledger in `source`, of which `index` holds all that was verified, now or before.
    pub fn new(source: &'a dyn Source, index: &'a Index, verification: &'a Verification) -> Self {
        let withheld = verification.withheld.iter().map(|(entry, id)| (*id, *entry)).collect();
        let reader = Reader::new(source, verification.report.tree_size);
        Self { index, reader, keyring: &verification.keyring, withheld }
    }

    /// Audits one claim by what bears on it; see [`audit_one`].
    ///
    /// # Errors
    /// The outer one says that the ledger cannot be asked, the inner one that there is nothing to
    /// audit.
    pub fn audit(
        &self,
        id: Id,
        captures: &Captures<'_>,
        dress: &dyn Fn(Graph) -> Graph,
    ) -> Result<Result<Audit, audit::Error>, Error> {
        if let Some(row) = self.index.by_id(id)?
            && let Some(statement) = self.slot(&row)?
            && matches!(statement.record(), Record::Charter(_) | Record::Key(_))
        {
            // Admitted once, in their order, and asked for by no rule.
            let kind = statement.record().kind();
            return Ok(Err(audit::Error::NotAClaim { id, kind }));
        }
        audit_one(self, id, captures, dress)
    }

    /// The entries whose ids begin with these hex digits, each with its id: as many as
    /// [`Index::by_prefix`] gives, and those that are withheld.
    pub fn by_prefix(&self, digits: &str) -> Result<Vec<(u64, Id)>, Error> {
        let rows = self.index.by_prefix(digits)?.into_iter();
        let mut found: BTreeMap<Id, u64> = rows.map(|row| (row.id, row.entry_index)).collect();
        let withheld = self.withheld.iter().filter(|(id, _)| id.to_string().starts_with(digits));
        found.extend(withheld);
        Ok(found.into_iter().map(|(id, entry_index)| (entry_index, id)).collect())
    }

    /// The id of the entry at a place; `None` if the ledger has no such.
    pub fn by_entry(&self, entry_index: u64) -> Result<Option<Id>, Error> {
        if let Some(row) = self.index.by_entry(entry_index)? {
            return Ok(Some(row.id));
        }
        let withheld = self.withheld.iter().find(|(_, entry)| **entry == entry_index);
        Ok(withheld.map(|(id, _)| *id))
    }

    fn items(&self, rows: Vec<Row>) -> Result<Vec<Item>, Error> {
        rows.into_iter().map(|row| self.item(&row)).collect()
    }

    fn item(&self, row: &Row) -> Result<Item, Error> {
        let Row { entry_index, id, .. } = *row;
        let Some(statement) = self.slot(row)? else {
            return Ok(Item { entry_index, id, signed: None });
        };
        let target = match statement.record() {
            Record::Notice(notice) => self.index.by_id(notice.target)?.map(|row| row.signer),
            _ => None,
        };
        // Only a charter or a key record changes a keyring, and no record refers to one.
        let admitted = self.keyring.clone().admit(statement, entry_index, target);
        let signed = admitted.map_err(|error| Error::Refused { entry_index, error })?;
        Ok(Item { entry_index, id, signed: Some(signed) })
    }

    /// The statement that was verified at an entry; `None` if it is withheld by now.
    fn slot(&self, row: &Row) -> Result<Option<Statement>, Error> {
        let Row { entry_index, id, .. } = *row;
        let slot = self.reader.slot(entry_index)?;
        if slot.id != id {
            return Err(Error::Another { entry_index, verified: id });
        }
        if slot.statement.is_none() && self.withheld.get(&id) != Some(&entry_index) {
            // Whether a notice says so is for a verification to find.
            return Err(Error::Gone(entry_index));
        }
        Ok(slot.statement)
    }
}

impl Shelf for Verified<'_> {
    type Error = Error;

    fn by_id(&self, id: Id) -> Result<Option<Item>, Error> {
        let found = self.items(self.index.all_by_id(id)?)?;
        let withheld = self.withheld.get(&id);
        let withheld = withheld.map(|entry| Item { entry_index: *entry, id, signed: None });
        let shown = found.iter().find(|item| item.signed.is_some());
        Ok(shown.or(found.first()).cloned().or(withheld))
    }

    fn about(&self, id: Id) -> Result<Vec<Item>, Error> {
        self.items(self.index.about(id)?)
    }

    fn called(&self, name: &str) -> Result<Vec<Item>, Error> {
        self.items(self.index.called(name)?)
    }

    fn is_suspect(&self, key: Thumbprint, entry_index: u64) -> bool {
        self.keyring.is_suspect(key, entry_index)
    }

    fn tree_size(&self) -> u64 {
        self.reader.tree_size()
    }
}
