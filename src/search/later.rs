//! The standing of what was found: a small graph of a claim and of the later records about it, to
//! which the audit's own rules are put. Each record in it is admitted by the keyring of its time.

use std::collections::HashMap;

use crate::attribution::id::Id;
use crate::attribution::keyring::{Keyring, Signed};
use crate::attribution::record::Record;
use crate::attribution::statement::Statement;
use crate::audit::graph::Graph;
use crate::audit::standing::{Outcome, Standing, Standings};
use crate::key::Thumbprint;
use crate::search::marks::{self, Head};
use crate::search::reread::{Error, Reader};
use crate::search::tables::{Listing, Tables};

/// The most records that are looked at to tell how one claim stands. `audit` has no such limit.
pub const RECORDS: usize = 2000;

/// How a statement stands, as far as the index reaches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stands {
    /// By the audit's rules.
    So(Outcome),
    /// It, or a record about it, is signed by nobody who had the power to: why.
    Refused(String),
    /// More was said about it than is looked at here.
    TooMuchSaid,
}

/// What is needed to tell how statements stand.
pub struct Later<'a> {
    tables: &'a Tables,
    reader: &'a Reader<'a>,
    keyring: Keyring,
    /// The charter or key records that were not admitted, and why.
    refused: HashMap<Id, String>,
}

impl<'a> Later<'a> {
    /// Reads the keys of all times.
    pub fn new(tables: &'a Tables, reader: &'a Reader<'a>) -> Result<Self, Error> {
        let (mut keyring, mut refused) = (Keyring::default(), HashMap::new());
        let expression = format!("\"{}\" OR \"{}\"", marks::kind("charter"), marks::kind("key"));
        let listing = Listing { ascending: true, limit: usize::MAX, ..Listing::default() };
        for entry_index in tables.matching(&expression, &listing)? {
            if let Some(statement) = reader.slot(entry_index)?.statement
                && matches!(statement.record(), Record::Charter(_) | Record::Key(_))
            {
                let id = statement.id();
                if let Err(error) = keyring.admit(statement, entry_index, None) {
                    refused.insert(id, format!("entry {entry_index}: {error}"));
                }
            }
        }
        Ok(Self { tables, reader, keyring, refused })
    }

    /// The keys after the last entry.
    pub fn keyring(&self) -> &Keyring {
        &self.keyring
    }

    /// How the statement at an entry stands.
    pub fn of(&self, entry_index: u64, statement: &Statement) -> Result<Stands, Error> {
        let id = statement.id();
        if matches!(statement.record(), Record::Charter(_) | Record::Key(_)) {
            // No notice may be about these; they are admitted once, in their order.
            return Ok(match self.refused.get(&id) {
                Some(why) => Stands::Refused(why.clone()),
                None => Stands::So(Outcome { standing: Standing::Standing, because: Vec::new() }),
            });
        }
        let mut gathered = Gathered { later: self, signed: HashMap::new(), refused: None };
        gathered.take(entry_index, statement.clone(), None);
        gathered.follow(id)?;
        let Gathered { signed, refused, .. } = gathered;
        if let Some(refused) = refused {
            return Ok(Stands::Refused(refused));
        }
        if signed.len() >= RECORDS {
            return Ok(Stands::TooMuchSaid);
        }
        let is_suspect = |key, entry| self.keyring.is_suspect(key, entry);
        let graph = Graph::new(signed.into_values().collect(), [], is_suspect);
        Ok(Stands::So(Standings::as_of(&graph, self.reader.tree_size()).of(id)))
    }
}

/// A claim and what was said about it.
struct Gathered<'a> {
    later: &'a Later<'a>,
    signed: HashMap<Id, Signed>,
    /// The first record that the keyring does not admit, and why.
    refused: Option<String>,
}

impl Gathered<'_> {
    /// Takes all that bears on the standing of one statement: the notices and relations about it,
    /// the claims that these bring in, and the notices about all of those, and so on.
    fn follow(&mut self, subject: Id) -> Result<(), Error> {
        let mut pending = vec![subject];
        while let Some(id) = pending.pop() {
            if self.signed.len() >= RECORDS || self.refused.is_some() {
                return Ok(());
            }
            self.parties_of(id)?;
            for entry_index in self.later.tables.later(Head::of(id), RECORDS)? {
                let slot = self.later.reader.slot(entry_index)?;
                let Some(statement) = slot.statement else { continue };
                let target = self.signed.get(&id).map(|it| it.statement().signer());
                let other = match statement.record() {
                    Record::Notice(notice) if notice.target == id => None,
                    // What contradicts a notice's other end does not bear on the subject.
                    Record::Relation(it) if id == subject && it.to == id => Some(it.from),
                    Record::Relation(it) if id == subject && it.from == id => Some(it.to),
                    _ => continue,
                };
                let later = statement.id();
                if self.signed.contains_key(&later) {
                    continue;
                }
                self.take(entry_index, statement, target);
                pending.push(later);
                if let Some(other) = other
                    && !self.signed.contains_key(&other)
                {
                    self.add(other)?;
                    pending.push(other);
                }
            }
        }
        Ok(())
    }

    /// The party that a claim or a notice names, in the descriptions that are told apart.
    fn parties_of(&mut self, id: Id) -> Result<(), Error> {
        let party = match self.signed.get(&id).map(|it| it.statement().record()) {
            Some(Record::Claim(claim)) => claim.speaker.party(),
            Some(Record::Notice(notice)) => notice.by,
            _ => None,
        };
        party.map_or(Ok(()), |party| self.add(party))
    }

    /// Takes the statement with an id, if it can be read.
    fn add(&mut self, id: Id) -> Result<(), Error> {
        if self.signed.contains_key(&id) {
            return Ok(());
        }
        let Some((entry_index, slot)) = self.later.reader.by_id(self.later.tables, id)? else {
            return Ok(());
        };
        if let Some(statement) = slot.statement {
            self.take(entry_index, statement, None);
        }
        Ok(())
    }

    fn take(&mut self, entry_index: u64, statement: Statement, target: Option<Thumbprint>) {
        let id = statement.id();
        // Admitting changes a keyring only by a charter or a key record, which are none of these.
        match self.later.keyring.clone().admit(statement, entry_index, target) {
            Ok(signed) => {
                self.signed.insert(id, signed);
            }
            Err(error) => {
                self.refused.get_or_insert(format!("entry {entry_index}: {error}"));
            }
        }
    }
}
