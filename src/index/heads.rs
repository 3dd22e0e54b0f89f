//! Looking statements up by hashes: their ids, what makes them the same, what they say, what they are
//! about, how they are called.
//!
//! Hashes are looked up by their first eight bytes, their heads, all purposes in one place: half the
//! size of an index for each over whole hashes. What is found is compared as a whole.

use rusqlite::Connection;

use crate::attribution::id::Id;
use crate::attribution::record::Record;
use crate::attribution::statement::Statement;
use crate::hash::Hash;
use crate::index::filter::Filter;
use crate::index::runs::{self, Head};
use crate::index::{CANDIDATES, Error, Index, Row};
use crate::lookup;

/// What a hash in the table of heads is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Purpose {
    /// The statement's id.
    Id = 0,
    /// What makes it the same as another: the record and its recorder.
    Identity = 1,
    /// What a claim says, whoever is said to have said it.
    Wording = 2,
    /// The id of a statement that this one says something about.
    Target = 3,
    /// A name under which the record can be looked up.
    Name = 4,
}

/// What is asked of each record before it is added.
const FILTERED: [Purpose; 2] = [Purpose::Identity, Purpose::Wording];

impl Index {
    /// The statements that may be of this identity (the same record by the same recorder), in
    /// order: the one that is has to be found among them.
    pub fn by_identity(&self, identity: Hash) -> Result<Vec<Row>, Error> {
        self.by_head(Purpose::Identity, identity)
    }

    /// The claims that may have this wording, in order.
    pub fn by_wording(&self, wording: Hash) -> Result<Vec<Row>, Error> {
        self.by_head(Purpose::Wording, wording)
    }

    /// The records that may say something about a statement, in order; see [`lookup::about`].
    pub fn about(&self, target: Id) -> Result<Vec<Row>, Error> {
        self.by_head(Purpose::Target, target.hash())
    }

    /// The records that may be called so, in order; see [`lookup::names`].
    pub fn called(&self, name: &str) -> Result<Vec<Row>, Error> {
        self.by_head(Purpose::Name, Hash::of(name.as_bytes()))
    }

    /// The statement with this id; the first one, if it stands there twice.
    pub fn by_id(&self, id: Id) -> Result<Option<Row>, Error> {
        Ok(self.all_by_id(id)?.into_iter().next())
    }

    /// The statements with this id, in order: what was erased and recorded again stands there twice.
    pub fn all_by_id(&self, id: Id) -> Result<Vec<Row>, Error> {
        let mut found = self.by_head(Purpose::Id, id.hash())?;
        found.retain(|row| row.id == id);
        Ok(found)
    }

    /// The statements whose id begins with these hex digits: at most [`CANDIDATES`] and one more.
    pub fn by_prefix(&self, digits: &str) -> Result<Vec<Row>, Error> {
        let low = Hash::from_hex(&format!("{digits:0<64}"));
        let high = Hash::from_hex(&format!("{digits:f<64}"));
        let (Some(low), Some(high)) = (low, high) else { return Ok(Vec::new()) };
        let mut heads = self.heads(Purpose::Id, head(low), head(high))?;
        // Heads are in the order of ids, but for those that are alike.
        if let Some(last) = heads.get(CANDIDATES).map(|it| it.value) {
            heads.retain(|it| it.value <= last);
        }
        let mut rows = self.rows_of(&heads)?;
        rows.retain(|row| (low..=high).contains(&row.id.hash()));
        rows.sort_by_key(|row| row.id);
        rows.truncate(CANDIDATES + 1);
        Ok(rows)
    }

    /// Prepares for many questions of what is not there, if that costs less than those.
    pub fn expect_many(&mut self) -> Result<(), Error> {
        let tree_size = self.extent()?.map_or(0, |extent| extent.tree_size);
        if self.filtering.costs_little(tree_size) {
            let filter = self.noticing(filter_of(&self.connection, tree_size))?;
            self.filtering.take(filter);
        }
        Ok(())
    }

    fn by_head(&self, purpose: Purpose, hash: Hash) -> Result<Vec<Row>, Error> {
        let head = head(hash);
        if FILTERED.contains(&purpose) && !self.filtering.may_hold(head) {
            return Ok(Vec::new());
        }
        self.rows_of(&self.heads(purpose, head, head)?)
    }

    /// The heads from one to another, in order.
    fn heads(&self, purpose: Purpose, low: u64, high: u64) -> Result<Vec<Head>, Error> {
        let bound = |value, entry_index| Head { purpose: purpose as u8, value, entry_index };
        let (low, high) = (bound(low, 0), bound(high, u64::MAX));
        self.noticing(runs::within(&self.connection, low, high))
    }

    fn rows_of(&self, heads: &[Head]) -> Result<Vec<Row>, Error> {
        let found = heads.iter().map(|it| self.by_entry(it.entry_index)?.ok_or(DANGLING));
        self.noticing(found.collect())
    }
}

const DANGLING: Error = Error::Damaged("a head of an entry that it does not hold");

/// Adds the heads of a statement to those of others.
pub(crate) fn push(statement: &Statement, entry_index: u64, heads: &mut Vec<Head>) {
    each_of(statement, |purpose, hash| {
        heads.push(Head { purpose: purpose as u8, value: head(hash), entry_index });
    });
}

/// Whether a filter knows this head.
pub(crate) fn is_filtered(head: &Head) -> bool {
    FILTERED.iter().any(|purpose| *purpose as u8 == head.purpose)
}

/// A filter of all there are, in an index of so many entries.
pub(crate) fn filter_of(connection: &Connection, tree_size: u64) -> Result<Filter, Error> {
    let filter = Filter::for_twice(tree_size * FILTERED.len() as u64);
    runs::each(connection, |it| {
        if is_filtered(&it) {
            filter.note(it.value);
        }
    })?;
    Ok(filter)
}

/// All hashes by which a statement can be looked up.
fn each_of(statement: &Statement, mut take: impl FnMut(Purpose, Hash)) {
    take(Purpose::Id, statement.id().hash());
    take(Purpose::Identity, statement.identity());
    let record = statement.record();
    if let Record::Claim(claim) = record {
        take(Purpose::Wording, claim.wording());
    }
    for id in lookup::about(record) {
        take(Purpose::Target, id.hash());
    }
    for name in lookup::names(record) {
        take(Purpose::Name, Hash::of(name.as_bytes()));
    }
}

/// The first eight bytes of a hash, as a number of the same order.
fn head(hash: Hash) -> u64 {
    u64::from_be_bytes(*hash.as_bytes().first_chunk().expect("32 bytes"))
}

#[cfg(test)]
mod tests {
    use crate::attribution::statement::Statement;
    use crate::hash::Hash;
    use crate::index::filter::{Filter, Filtering};
    use crate::index::tests::party;
    use crate::index::{Extent, Index};

    fn extend(index: &mut Index, parties: &[Statement], from: usize, to: usize) {
        let extent = Extent { tree_size: to as u64, root: Hash::of(&(to as u64).to_be_bytes()) };
        index.extend((from as u64..).zip(&parties[from..to]), extent).unwrap();
    }

    /// What is found of the parties, each by what makes it the same.
    fn found(index: &Index, parties: &[Statement]) -> Vec<u64> {
        let rows = parties.iter().map(|it| index.by_identity(it.identity()).unwrap());
        rows.flatten().map(|row| row.entry_index).collect()
    }

    #[test]
    fn with_a_filter_all_is_found_that_is_there_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let mut index = Index::open(&folder.path().join("index.sqlite")).unwrap();
        let parties: Vec<Statement> =
            (0..40).map(|it| party(&format!("party-{it}"), "A party")).collect();
        let first = |count: u64| (0..count).collect::<Vec<u64>>();
        extend(&mut index, &parties, 0, 10);
        let before = index.reader().unwrap().unwrap();
        for _ in 0..20 {
            assert_eq!(found(&index, &parties), first(10));
            assert_eq!(found(&before, &parties), first(10));
        }
        assert!(!index.filtering.is_there());
        // Both were asked so often that the next addition makes a filter.
        extend(&mut index, &parties, 10, 20);
        assert!(index.filtering.is_there() && !before.filtering.is_there());
        let beside = index.reader().unwrap().unwrap();
        assert!(beside.filtering.is_there());
        assert_eq!(found(&beside, &parties), first(20));
        extend(&mut index, &parties, 20, 25);
        index.filtering = Filtering::default();
        index.expect_many().unwrap();
        assert!(index.filtering.is_there());
        assert_eq!(found(&index, &parties), first(25));
        // One that is full is made anew, and who has the old one misses nothing.
        index.filtering.take(Filter::with_room(8));
        let small = index.reader().unwrap().unwrap();
        assert!(found(&small, &parties).len() < 25, "it was made of nothing");
        extend(&mut index, &parties, 25, 40);
        let after = index.reader().unwrap().unwrap();
        for (reader, expected) in [(&index, 40), (&before, 10), (&beside, 20), (&after, 40)] {
            assert_eq!(found(reader, &parties), first(expected));
        }
        assert!(parties[25..].iter().all(|it| small.filtering.may_hold(head(it))));
        index.clear().unwrap();
        assert!(!index.filtering.is_there());
        assert_eq!(found(&index, &parties), first(0));
    }

    fn head(statement: &Statement) -> u64 {
        super::head(statement.identity())
    }
}
