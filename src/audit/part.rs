//! One claim audited by a part of the ledger, so that it costs what the claim rests on and not what
//! the ledger holds.
//!
//! The rules are put to a graph of the records that are at hand, which notes what it is asked. What
//! it could not know is fetched and the rules are put again, until they ask for nothing new: then all
//! they asked was answered as the whole ledger would, and so is the audit. Nothing here has to know
//! what a rule looks at; what is fetched ahead only saves rounds.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use crate::attribution::id::Id;
use crate::attribution::keyring::Signed;
use crate::attribution::record::Record;
use crate::attribution::record::notice::NoticeKind;
use crate::audit::captures::Captures;
use crate::audit::graph::{Graph, Question};
use crate::audit::origins::says_the_same;
use crate::audit::standing::Standings;
use crate::audit::{self, Audit, audit_with};
use crate::key::Thumbprint;
use crate::lookup;

/// An entry of the ledger, as it is found.
#[derive(Debug, Clone)]
pub struct Item {
    /// Its place in the log.
    pub entry_index: u64,
    /// Its id.
    pub id: Id,
    /// Its statement; `None` if it is withheld.
    pub signed: Option<Signed>,
}

/// A verified ledger that is not read whole, but asked. What is found beside what was asked for does
/// no harm; what is left out makes audits wrong.
pub trait Shelf {
    /// Why it cannot be asked.
    type Error;

    /// The entry with an id.
    fn by_id(&self, id: Id) -> Result<Option<Item>, Self::Error>;

    /// The records that say something about a statement; see [`lookup::about`].
    fn about(&self, id: Id) -> Result<Vec<Item>, Self::Error>;

    /// The records with a name; see [`lookup::names`].
    fn called(&self, name: &str) -> Result<Vec<Item>, Self::Error>;

    /// Whether a revocation of the key reaches back to an entry.
    fn is_suspect(&self, key: Thumbprint, entry_index: u64) -> bool;

    /// How many entries the ledger has.
    fn tree_size(&self) -> u64;
}

/// Audits one claim as [`audit::audit`] does with the graph of the whole ledger. `dress` adds to a graph
/// what does not stand in the records.
///
/// # Errors
/// The outer one is the shelf's.
pub fn audit_one<S: Shelf>(
    shelf: &S,
    id: Id,
    captures: &Captures<'_>,
    dress: &dyn Fn(Graph) -> Graph,
) -> Result<Result<Audit, audit::Error>, S::Error> {
    let mut gathered = Gathered::new(shelf);
    let mut questions = vec![Question::Id(id)];
    loop {
        for question in questions {
            gathered.answer(question)?;
        }
        let graph = dress(gathered.graph());
        let standings = Standings::as_of(&graph, graph.tree_size());
        let audited = audit_with(&graph, &standings, id, captures);
        let asked = graph.asked().into_iter();
        questions = asked.filter(|it| !gathered.answered.contains(it)).collect();
        if questions.is_empty() {
            return Ok(audited);
        }
    }
}

/// The records at hand.
struct Gathered<'s, S> {
    shelf: &'s S,
    signed: BTreeMap<u64, Signed>,
    withheld: BTreeMap<u64, Id>,
    answered: HashSet<Question>,
}

impl<'s, S: Shelf> Gathered<'s, S> {
    fn new(shelf: &'s S) -> Self {
        let (signed, withheld) = (BTreeMap::new(), BTreeMap::new());
        Self { shelf, signed, withheld, answered: HashSet::new() }
    }

    fn graph(&self) -> Graph {
        let withheld = self.withheld.iter().map(|(entry_index, id)| (*entry_index, *id));
        let is_suspect = |key, entry_index| self.shelf.is_suspect(key, entry_index);
        Graph::new(self.signed.values().cloned().collect(), withheld, is_suspect)
            .part_of(self.shelf.tree_size())
    }

    /// Fetches what belongs to a question, and what will be asked next.
    fn answer(&mut self, question: Question) -> Result<(), S::Error> {
        let mut pending = BTreeSet::from([question]);
        while let Some(question) = pending.pop_first() {
            if !self.answered.insert(question.clone()) {
                continue;
            }
            let found = match &question {
                Question::Name(name) => self.shelf.called(name)?,
                Question::Id(id) => {
                    let own = self.shelf.by_id(*id)?;
                    own.into_iter().chain(self.shelf.about(*id)?).collect()
                }
            };
            for item in found {
                let Some(signed) = item.signed else {
                    self.withheld.insert(item.entry_index, item.id);
                    continue;
                };
                let record = signed.statement().record();
                pending.insert(Question::Id(item.id));
                pending.extend(lookup::same_as(record).into_iter().map(Question::Name));
                pending.extend(rests_on(record).into_iter().map(Question::Id));
                self.signed.insert(item.entry_index, signed);
            }
        }
        Ok(())
    }
}

/// What is looked at in nearly every audit of something of which this record is a part.
fn rests_on(record: &Record) -> Vec<Id> {
    match record {
        Record::Relation(relation) if !says_the_same(relation.kind) => Vec::new(),
        Record::Notice(notice) if notice.kind != NoticeKind::RecorderCorrection => Vec::new(),
        Record::Document(document) => {
            document.publisher.into_iter().chain(document.channel).collect()
        }
        _ => record.references().into_iter().map(|reference| reference.id).collect(),
    }
}
