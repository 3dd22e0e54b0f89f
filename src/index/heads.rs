//! Looking statements up by hashes: their ids, what makes them the same, what they say, what they are
//! about, how they are called.
//!
//! Hashes are looked up by their first eight bytes, their heads, all purposes in one place: half the
//! size of an index for each over whole hashes. What is found is compared as a whole.

use std::sync::atomic::Ordering;

use crate::attribution::id::Id;
use crate::attribution::statement::Statement;
use crate::hash::Hash;
use crate::index::runs::{self, Head};
use crate::index::{CANDIDATES, Error, Index, Row};
use crate::lookup;

/// What a hash in the table of heads is.
#[derive(Debug, Clone, Copy)]
enum Purpose {
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

/// The fewest questions that filters are made for.
const WORTH: u64 = 1024;

/// How many entries' heads are read, from end to end, while one is looked for.
const READ: u64 = 64;

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

    /// Prepares for many questions, if that costs less than those.
    pub fn expect_many(&self) -> Result<(), Error> {
        if self.filters.borrow().is_none() && self.size()? <= WORTH * READ {
            self.make_filters()?;
        }
        Ok(())
    }

    /// Makes filters of all runs, if there are none, and so much was asked that it would have been worth
    /// it. For another thread only who adds can do it.
    pub(crate) fn make_filters_if_due(&self) -> Result<(), Error> {
        let asked = self.asked.load(Ordering::Relaxed);
        if asked < WORTH || self.is_reader || self.filters.borrow().is_some() {
            return Ok(());
        }
        if asked >= self.size()? / READ { self.make_filters() } else { Ok(()) }
    }

    fn make_filters(&self) -> Result<(), Error> {
        let made = self.noticing(runs::filters(&self.connection))?;
        self.filters.replace(Some(made));
        Ok(())
    }

    /// How many entries it reaches over.
    fn size(&self) -> Result<u64, Error> {
        Ok(self.extent()?.map_or(0, |extent| extent.tree_size))
    }

    fn by_head(&self, purpose: Purpose, hash: Hash) -> Result<Vec<Row>, Error> {
        let head = head(hash);
        if let Some(filters) = &*self.filters.borrow() {
            let found = runs::all_of(&self.connection, filters, purpose as u8, head);
            return self.rows_of(&self.noticing(found)?);
        }
        let found = self.heads(purpose, head, head)?;
        self.asked.fetch_add(1, Ordering::Relaxed);
        self.make_filters_if_due()?;
        self.rows_of(&found)
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

/// Adds the heads of all hashes by which a statement can be looked up to those of others.
pub(crate) fn push(statement: &Statement, entry_index: u64, heads: &mut Vec<Head>) {
    let mut push = |purpose: Purpose, hash| {
        heads.push(Head { purpose: purpose as u8, value: head(hash), entry_index });
    };
    push(Purpose::Id, statement.id().hash());
    push(Purpose::Identity, statement.identity());
    if let Some(wording) = statement.wording() {
        push(Purpose::Wording, wording);
    }
    let record = statement.record();
    for id in lookup::about(record) {
        push(Purpose::Target, id.hash());
    }
    for name in lookup::names(record) {
        push(Purpose::Name, Hash::of(name.as_bytes()));
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
    fn with_filters_all_is_found_that_is_there_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let mut index = Index::open(&folder.path().join("index.sqlite")).unwrap();
        let parties: Vec<Statement> =
            (0..60).map(|it| party(&format!("party-{it}"), "A party")).collect();
        let first = |count: u64| (0..count).collect::<Vec<u64>>();
        let has_filters = |index: &Index| index.filters.borrow().is_some();
        extend(&mut index, &parties, 0, 10);
        let before = index.reader().unwrap().unwrap();
        for _ in 0..20 {
            assert_eq!(found(&before, &parties), first(10));
        }
        // It was asked so often that the next one gets filters.
        assert!(!has_filters(&index) && !has_filters(&before));
        let beside = index.reader().unwrap().unwrap();
        assert!(has_filters(&index) && has_filters(&beside));
        for count in 10..40 {
            let ahead = index.reader().unwrap().unwrap();
            extend(&mut index, &parties, count, count + 1);
            assert_eq!(found(&index, &parties), first(count as u64 + 1));
            // They were made before, and know nothing else.
            assert_eq!(found(&ahead, &parties), first(count as u64));
        }
        assert_eq!(found(&before, &parties), first(10));
        assert_eq!(found(&beside, &parties), first(10));
        // What is not added leaves no filters, and its runs' numbers are given to others.
        index.hold().unwrap();
        extend(&mut index, &parties, 40, 50);
        assert_eq!(found(&index, &parties), first(50));
        index.let_go().unwrap();
        assert!(!has_filters(&index));
        index.expect_many().unwrap();
        assert!(has_filters(&index));
        assert_eq!(found(&index, &parties), first(40));
        let stale = Extent { tree_size: 41, root: Hash::of(b"") };
        assert!(index.extend([(40, &parties[40]), (0, &parties[0])], stale).is_err());
        assert_eq!(found(&index, &parties), first(40));
        extend(&mut index, &parties, 40, 60);
        assert_eq!(found(&index, &parties), first(60));
        index.clear().unwrap();
        assert_eq!(found(&index, &parties), first(0));
        extend(&mut index, &parties, 0, 7);
        assert_eq!(found(&index, &parties), first(7));
    }

    #[test]
    fn damage_that_a_reader_finds_is_known_to_who_opens_the_index_next() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("index.sqlite");
        let parties = [party("a", "A"), party("b", "B")];
        for damage in ["UPDATE chunk SET heads = x'00'", "DELETE FROM entry WHERE entry_index = 1"]
        {
            let mut index = Index::open(&path).unwrap();
            extend(&mut index, &parties, 0, 2);
            index.connection.execute(damage, []).unwrap();
            let reader = index.reader().unwrap().unwrap();
            assert!(reader.by_identity(parties[1].identity()).is_err(), "{damage}");
            drop((reader, index));
            assert_eq!(Index::open(&path).unwrap().extent().unwrap(), None, "{damage}");
        }
    }

    #[test]
    fn who_asks_much_gets_filters_without_adding_anything() {
        let mut index = Index::in_memory().unwrap();
        let parties: Vec<Statement> =
            (0..4).map(|it| party(&format!("party-{it}"), "A party")).collect();
        extend(&mut index, &parties, 0, 3);
        for round in 0..300 {
            assert_eq!(index.filters.borrow().is_some(), round >= 256);
            assert_eq!(found(&index, &parties), [0, 1, 2]);
        }
    }
}
