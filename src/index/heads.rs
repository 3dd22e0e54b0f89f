//! Looking statements up by hashes: their ids, what makes them the same, what they say, what they are
//! about, how they are called.
//!
//! Hashes are looked up by their first eight bytes, their heads, in one tree for all purposes: half the
//! size of an index for each over whole hashes, and faster to grow. What is found is compared as a whole.

use rusqlite::{Connection, params};

use crate::attribution::id::Id;
use crate::attribution::record::Record;
use crate::attribution::statement::Statement;
use crate::hash::Hash;
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

/// One head: what it is of, the head itself, and the entry that has it.
pub(crate) type Head = (Purpose, i64, i64);

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
        let condition = format!(
            "entry_index IN (SELECT entry_index FROM head
                WHERE purpose = ?1 AND head BETWEEN ?2 AND ?3)
             AND id BETWEEN ?4 AND ?5 ORDER BY id LIMIT {}",
            CANDIDATES + 1
        );
        let heads = (Purpose::Id as i64, head(low), head(high));
        let values = params![heads.0, heads.1, heads.2, low.as_bytes(), high.as_bytes()];
        self.rows(&condition, values)
    }

    fn by_head(&self, purpose: Purpose, hash: Hash) -> Result<Vec<Row>, Error> {
        let values = params![purpose as i64, head(hash)];
        // Nearly all that is asked before something is added is not there.
        let query = "SELECT 1 FROM head WHERE purpose = ?1 AND head = ?2";
        let exists = |values| self.connection.prepare_cached(query)?.exists(values);
        if !self.noticing(exists(values).map_err(Error::from))? {
            return Ok(Vec::new());
        }
        let condition = "entry_index IN (SELECT entry_index FROM head
            WHERE purpose = ?1 AND head = ?2) ORDER BY entry_index";
        self.rows(condition, values)
    }
}

/// Adds the heads of a statement to those of others.
pub(crate) fn push(statement: &Statement, entry_index: i64, heads: &mut Vec<Head>) {
    each_of(statement, |purpose, hash| heads.push((purpose, head(hash), entry_index)));
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

/// Adds heads in their order: neighbours stand on the same page.
pub(crate) fn add(connection: &Connection, mut heads: Vec<Head>) -> Result<(), Error> {
    heads.sort_unstable();
    // A party may have one name twice, in two languages.
    heads.dedup();
    let query = "INSERT INTO head (purpose, head, entry_index) VALUES (?1, ?2, ?3)";
    let mut insert = connection.prepare_cached(query)?;
    for (purpose, head, entry_index) in heads {
        insert.execute(params![purpose as i64, head, entry_index])?;
    }
    Ok(())
}

/// The first eight bytes of a hash, as an integer of SQLite in the same order.
fn head(hash: Hash) -> i64 {
    let bytes = *hash.as_bytes().first_chunk().expect("32 bytes");
    i64::from_be_bytes(bytes) ^ i64::MIN
}
