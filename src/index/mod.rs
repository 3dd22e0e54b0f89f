//! Which statements a ledger holds, so that appending, proving or auditing one claim never reads the
//! whole ledger. A SQLite file, always rebuildable from the log and never published; SQLite does its own
//! input and output, and the path comes from outside. There are two of the kind:
//!
//! ```text
//! the writer's, under .state/             never trusted: what it says of a statement is compared with
//!                                         the statement before it is used; `verify` does not look at it
//! a user's own, of what was verified      trusted by `verify --since` and by audits that go on from there
//! ```

mod filter;
mod gaps;
mod runs;
mod heads;
mod kinds;

use std::cell::RefCell;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, OptionalExtension, params};

use crate::attribution::id::Id;
use crate::attribution::record::SAID;
use crate::attribution::statement::Statement;
use crate::hash::Hash;
use crate::index::runs::Filters;
use crate::key::Thumbprint;

/// The version of the tables. Another version is thrown away and built anew.
const VERSION: i64 = 5;

/// The version of an index in which damage was found.
const CONDEMNED: i64 = -1;

/// How many candidates an ambiguous id prefix lists.
pub const CANDIDATES: usize = 10;

/// How much of the file is kept in memory, in KiB.
const CACHE: i64 = 32 * 1024;

const TABLES: &str = "
    CREATE TABLE entry (
        entry_index INTEGER PRIMARY KEY,
        id          BLOB NOT NULL,
        signer      INTEGER NOT NULL,
        kind        INTEGER NOT NULL,
        key         TEXT
    ) STRICT;
    CREATE INDEX by_key ON entry (kind, key) WHERE key IS NOT NULL;
    CREATE INDEX by_governance ON entry (entry_index) WHERE kind IN (4, 5);
    CREATE INDEX by_rare_kind ON entry (kind, entry_index) WHERE kind > 5;
    CREATE TABLE signer (number INTEGER PRIMARY KEY, thumbprint BLOB NOT NULL UNIQUE) STRICT;
    CREATE TABLE extent (tree_size INTEGER NOT NULL, root BLOB NOT NULL,
        not_checked INTEGER NOT NULL DEFAULT 0) STRICT;
    CREATE TABLE withheld (entry_index INTEGER PRIMARY KEY, id BLOB NOT NULL) STRICT;
    CREATE TABLE redacted (entry_index INTEGER PRIMARY KEY, id BLOB NOT NULL) STRICT;
";

/// Why the index could not answer. It can always be thrown away.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// SQLite's own words.
    #[error("the index could not be used: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// Something stands in it that could not have been written.
    #[error("the index is damaged: {0}")]
    Damaged(&'static str),
}

impl Error {
    /// Whether the index itself is broken, rather than the disk full or somebody else at it.
    pub(crate) fn is_damage(&self) -> bool {
        use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
        match self {
            Self::Damaged(_) => true,
            Self::Sqlite(error) => {
                matches!(error.sqlite_error_code(), Some(DatabaseCorrupt | NotADatabase))
            }
        }
    }
}

/// One indexed statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// Its place in the log.
    pub entry_index: u64,
    /// Its id.
    pub id: Id,
    /// The key that signed it.
    pub signer: Thumbprint,
}

/// How far an index reaches: the tree of the checkpoint up to which it is complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    /// The number of entries.
    pub tree_size: u64,
    /// The root of the tree of that size.
    pub root: Hash,
}

/// Is told how many entries of how many the index has taken in.
pub type Progress = Box<dyn FnMut(u64, u64) + Send>;

/// The index of one ledger.
pub struct Index {
    connection: Connection,
    /// Its file; none in memory, or where it is only asked.
    path: Option<PathBuf>,
    progress: Option<Progress>,
    keeps_keys: bool,
    /// Filters of all runs of heads, once they are made.
    filters: RefCell<Option<Filters>>,
    /// How often heads were looked for without filters, here and by the readers.
    asked: Arc<AtomicU64>,
    is_reader: bool,
}

impl fmt::Debug for Index {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Index").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Index {
    /// An index that is forgotten with the process: for tests, and where no file can be written.
    pub fn in_memory() -> Result<Self, Error> {
        Self::prepare(Connection::open_in_memory()?, None)
    }

    /// Opens the index in a file, or makes an empty one. A file that is no index of this version
    /// is replaced.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let open = || Self::prepare(Connection::open(path)?, Some(path.to_owned()));
        open().or_else(|error| {
            // What others are at, or cannot be reached, is theirs.
            if !error.is_damage() {
                return Err(error);
            }
            discard(path);
            open()
        })
    }

    /// The index in a file, only to be asked; `None` if there is none of this version, or it cannot be
    /// read.
    pub fn at_hand(path: &Path) -> Option<Self> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags).ok()?;
        let is_ours = version_of(&connection).is_ok_and(|version| version == VERSION);
        is_ours.then_some(Self { keeps_keys: false, ..Self::of(connection, None) })
    }

    /// Throws the index away, whatever is wrong with it, and begins an empty one.
    pub fn renew(&mut self) -> Result<(), Error> {
        let Some(path) = self.path.clone() else { return self.clear() };
        // The file must not be held open while it is removed.
        self.connection = Connection::open_in_memory()?;
        discard(&path);
        let (progress, keeps_keys) = (self.progress.take(), self.keeps_keys);
        *self = Self { progress, keeps_keys, ..Self::open(&path)? };
        Ok(())
    }

    fn prepare(connection: Connection, path: Option<PathBuf>) -> Result<Self, Error> {
        // Consistent after a loss of power without a sync for each commit: what is lost is
        // caught up from the log.
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "NORMAL")?;
        connection.pragma_update(None, "cache_size", -CACHE)?;
        match version_of(&connection)? {
            VERSION => {}
            0 => make_tables(&connection)?,
            _ => return Err(Error::Damaged("its version is another one")),
        }
        Ok(Self::of(connection, path))
    }

    fn of(connection: Connection, path: Option<PathBuf>) -> Self {
        // What is asked again and again is planned once, whatever values are bound. Without it the
        // answers are the same, later.
        let _ = connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true);
        Self {
            connection,
            path,
            progress: None,
            keeps_keys: true,
            filters: RefCell::default(),
            asked: Arc::default(),
            is_reader: false,
        }
    }

    /// The same, keeping no keys of parties and channels, which are made of their names: what is
    /// erased leaves no words in it.
    #[must_use]
    pub fn without_keys(self) -> Self {
        Self { keeps_keys: false, ..self }
    }

    /// Another way to ask the same file, for another thread; `None` if it has no file. It sees what
    /// had been added when it was made.
    pub fn reader(&self) -> Result<Option<Self>, Error> {
        let Some(path) = &self.path else { return Ok(None) };
        self.make_filters_if_due()?;
        let reader = Self::prepare(Connection::open(path)?, Some(path.clone()))?;
        // One transaction for all questions: else each takes and gives back its locks.
        reader.connection.execute_batch("BEGIN")?;
        // From here on it sees this state: the filters are of just its runs.
        reader.extent()?;
        let (filters, asked) = (self.filters.clone(), self.asked.clone());
        Ok(Some(Self { filters, asked, is_reader: true, ..reader }))
    }

    /// Has somebody told how far it is, while it is brought up to a log.
    #[must_use]
    pub fn telling(self, progress: Progress) -> Self {
        Self { progress: Some(progress), ..self }
    }

    /// Tells how many entries of how many were taken in.
    pub(crate) fn tell(&mut self, done: u64, total: u64) {
        if let Some(progress) = &mut self.progress {
            progress(done, total);
        }
    }

    /// How far the index reaches; `None` when it is empty.
    pub fn extent(&self) -> Result<Option<Extent>, Error> {
        let query = "SELECT tree_size, root FROM extent";
        let found = self.connection.query_row(query, [], |row| Ok((row.get(0)?, row.get(1)?)));
        let Some((size, root)): Option<(i64, Vec<u8>)> = found.optional()? else { return Ok(None) };
        let tree_size = u64::try_from(size).map_err(|_| Error::Damaged("a negative size"))?;
        let root = Hash::from_slice(&root).ok_or(Error::Damaged("a root that is no hash"))?;
        Ok(Some(Extent { tree_size, root }))
    }

    /// From now on nothing counts before [`Index::keep`] is called: what is added until then is
    /// forgotten with the index.
    pub fn hold(&mut self) -> Result<(), Error> {
        self.let_go()?;
        Ok(self.connection.execute_batch("BEGIN IMMEDIATE")?)
    }

    /// Forgets what was added since [`Index::hold`], if that was called.
    pub fn let_go(&mut self) -> Result<(), Error> {
        if !self.connection.is_autocommit() {
            // They may be of runs that are forgotten now.
            self.filters.take();
            self.connection.execute_batch("ROLLBACK")?;
        }
        Ok(())
    }

    /// Lets what was added since [`Index::hold`] count.
    pub fn keep(&mut self) -> Result<(), Error> {
        Ok(self.connection.execute_batch("COMMIT")?)
    }

    /// Forgets everything.
    pub fn clear(&mut self) -> Result<(), Error> {
        self.filters.take();
        Ok(self.connection.execute_batch(
            "SAVEPOINT clearing; DELETE FROM entry; DELETE FROM run; DELETE FROM chunk;
                 DELETE FROM signer;
                 DELETE FROM extent; DELETE FROM withheld; DELETE FROM redacted; RELEASE clearing;",
        )?)
    }

    /// How many bytes of the file hold nothing.
    pub fn spare(&self) -> Result<u64, Error> {
        Ok(spare(&self.connection)?)
    }

    /// Gives them back to the system. Returns how many they were.
    pub fn compact(&mut self) -> Result<u64, Error> {
        Ok(compact(&self.connection)?)
    }

    /// Adds statements with their places, and says how far the index reaches now: all or nothing.
    pub fn extend<'a>(
        &mut self,
        statements: impl IntoIterator<Item = (u64, &'a Statement)>,
        extent: Extent,
    ) -> Result<(), Error> {
        // Inside of `hold` this is a part of the whole.
        let transaction = self.connection.savepoint()?;
        let mut heads = Vec::new();
        {
            let mut insert = transaction.prepare_cached(
                "INSERT INTO entry (entry_index, id, signer, kind, key)
                 VALUES (?1, ?2, ?3, ?4, ?5)",
            )?;
            let (mut last, keeps_keys) = (None, self.keeps_keys);
            for (entry_index, statement) in statements {
                let signer = match last {
                    Some((thumbprint, number)) if thumbprint == statement.signer() => number,
                    _ => number_of(&transaction, statement.signer())?,
                };
                last = Some((statement.signer(), signer));
                insert.execute(params![
                    sql(entry_index),
                    statement.id().hash().as_bytes(),
                    signer,
                    kinds::number_of(statement.record().kind()),
                    statement.record().key().filter(|_| keeps_keys),
                ])?;
                if let Some(target) = statement.record().withholds() {
                    let query = "INSERT INTO redacted (entry_index, id) VALUES (?1, ?2)";
                    let target = target.hash();
                    let values = params![sql(entry_index), target.as_bytes()];
                    transaction.prepare_cached(query)?.execute(values)?;
                }
                heads::push(statement, entry_index, &mut heads);
            }
        }
        let mut filters = self.filters.borrow().clone();
        runs::add(&transaction, heads, filters.as_mut())?;
        transaction.execute("DELETE FROM extent", [])?;
        let values = params![sql(extent.tree_size), extent.root.as_bytes()];
        transaction.execute("INSERT INTO extent (tree_size, root) VALUES (?1, ?2)", values)?;
        transaction.commit()?;
        self.filters.replace(filters);
        Ok(())
    }

    /// How many statements it holds.
    pub fn count(&self) -> Result<u64, Error> {
        let query = "SELECT count(*) FROM entry";
        let count: i64 = self.connection.query_row(query, [], |row| row.get(0))?;
        u64::try_from(count).map_err(|_| Error::Damaged("a negative count"))
    }

    /// The kind of a statement's record; `None` if it is none that a record may refer to.
    pub fn kind_of(&self, row: &Row) -> Result<Option<&'static str>, Error> {
        let query = "SELECT kind FROM entry WHERE entry_index = ?1";
        let mut statement = self.connection.prepare_cached(query)?;
        let number: Option<u8> =
            statement.query_row([sql(row.entry_index)], |row| row.get(0)).optional()?;
        Ok(number.and_then(kinds::named).filter(|kind| SAID.contains(kind)))
    }

    /// The statement at this place in the log.
    pub fn by_entry(&self, entry_index: u64) -> Result<Option<Row>, Error> {
        let Ok(entry_index) = i64::try_from(entry_index) else { return Ok(None) };
        self.first("entry_index = ?1", params![entry_index])
    }

    /// The last statement before this place in the log.
    pub fn last_before(&self, entry_index: u64) -> Result<Option<Row>, Error> {
        let values = params![sql(entry_index)];
        self.first("entry_index < ?1 ORDER BY entry_index DESC", values)
    }

    /// The newest party or channel with this key.
    pub fn by_key(&self, kind: &str, key: &str) -> Result<Option<Row>, Error> {
        let values = params![kinds::number_of(kind), key];
        self.first("kind = ?1 AND key = ?2 ORDER BY entry_index DESC", values)
    }

    /// All statements of a kind, in their order.
    pub fn of_kind(&self, kind: &str) -> Result<Vec<Row>, Error> {
        self.rows(&kinds::is(kind), [])
    }

    /// All keys of a kind, for a hint to somebody who mistyped one.
    pub fn keys(&self, kind: &str) -> Result<Vec<String>, Error> {
        let query = "SELECT DISTINCT key FROM entry WHERE kind = ?1 AND key IS NOT NULL";
        let mut statement = self.connection.prepare_cached(query)?;
        let keys = statement.query_map([kinds::number_of(kind)], |row| row.get(0))?;
        Ok(keys.collect::<Result<_, _>>()?)
    }

    /// What a key signed from an entry on, in order.
    pub fn signed_by(&self, signer: Thumbprint, from: u64) -> Result<Vec<Row>, Error> {
        let Ok(from) = i64::try_from(from) else { return Ok(Vec::new()) };
        let condition = "signer = (SELECT number FROM signer WHERE thumbprint = ?1)
            AND entry_index >= ?2 ORDER BY entry_index";
        self.rows(condition, params![signer.as_bytes(), from])
    }

    /// The charter and all key records, in order.
    pub fn governance(&self) -> Result<Vec<Row>, Error> {
        self.rows("kind IN (4, 5) ORDER BY entry_index", [])
    }

    fn first(&self, condition: &str, values: impl rusqlite::Params) -> Result<Option<Row>, Error> {
        Ok(self.rows(&format!("{condition} LIMIT 1"), values)?.pop())
    }

    fn rows(&self, condition: &str, values: impl rusqlite::Params) -> Result<Vec<Row>, Error> {
        self.noticing(self.read_rows(condition, values))
    }

    /// An answer; where it shows damage, the index is condemned.
    fn noticing<T>(&self, answer: Result<T, Error>) -> Result<T, Error> {
        if answer.as_ref().is_err_and(Error::is_damage) {
            self.condemn();
        }
        answer
    }

    /// Makes the index one of another version, so that it is built anew when it is next opened: it is
    /// damaged, or says what the log does not. If even that cannot be written, the error that comes of
    /// it says what to remove.
    pub(crate) fn condemn(&self) {
        let Some(path) = &self.path else { return };
        // Not by the connection at hand: what it writes may be undone when it is closed.
        let condemn = |other: Connection| other.pragma_update(None, "user_version", CONDEMNED);
        let _ =
            Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE).and_then(condemn);
    }

    fn read_rows(&self, condition: &str, values: impl rusqlite::Params) -> Result<Vec<Row>, Error> {
        let query = format!(
            "SELECT entry_index, id, (SELECT thumbprint FROM signer WHERE number = signer)
             FROM entry WHERE {condition}"
        );
        let mut statement = self.connection.prepare_cached(&query)?;
        let found = statement.query_map(values, |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?, row.get::<_, Vec<u8>>(2)?))
        })?;
        found.map(|row| read(&row?)).collect()
    }
}

fn version_of(connection: &Connection) -> Result<i64, Error> {
    Ok(connection.pragma_query_value(None, "user_version", |row| row.get(0))?)
}

/// Makes the tables, unless another process was faster.
fn make_tables(connection: &Connection) -> Result<(), Error> {
    connection.execute_batch("BEGIN IMMEDIATE")?;
    let made = version_of(connection).and_then(|version| {
        if version == 0 {
            let tables = format!("{TABLES} {}", runs::TABLES);
            connection.execute_batch(&format!("{tables} PRAGMA user_version = {VERSION};"))?;
        }
        Ok(())
    });
    let end = if made.is_ok() { "COMMIT" } else { "ROLLBACK" };
    connection.execute_batch(end)?;
    made
}

fn read((entry_index, id, signer): &(i64, Vec<u8>, Vec<u8>)) -> Result<Row, Error> {
    let entry_index =
        u64::try_from(*entry_index).map_err(|_| Error::Damaged("a negative entry index"))?;
    let id = Hash::from_slice(id).map(Id::from_hash).ok_or(Error::Damaged("an id that is none"))?;
    let signer = Thumbprint::from_slice(signer).ok_or(Error::Damaged("a signer that is none"))?;
    Ok(Row { entry_index, id, signer })
}

/// The number under which a key is known here.
fn number_of(connection: &Connection, signer: Thumbprint) -> Result<i64, Error> {
    let values = params![signer.as_bytes()];
    connection
        .prepare_cached("INSERT OR IGNORE INTO signer (thumbprint) VALUES (?1)")?
        .execute(values)?;
    let query = "SELECT number FROM signer WHERE thumbprint = ?1";
    Ok(connection.prepare_cached(query)?.query_row(values, |row| row.get(0))?)
}

/// SQLite's integers are signed; no log reaches 2^63 entries.
fn sql(number: u64) -> i64 {
    i64::try_from(number).expect("a log of 2^63 entries")
}

/// How many bytes of an SQLite file hold nothing.
pub(crate) fn spare(connection: &Connection) -> Result<u64, rusqlite::Error> {
    pages(connection, "freelist_count")
}

/// Writes an SQLite file anew without what holds nothing, if there is such. Returns by how many
/// bytes it is shorter.
pub(crate) fn compact(connection: &Connection) -> Result<u64, rusqlite::Error> {
    if spare(connection)? == 0 {
        return Ok(0);
    }
    let before = pages(connection, "page_count")?;
    // The second step shortens the file, and what was written beside it.
    connection.execute_batch("VACUUM; PRAGMA wal_checkpoint(TRUNCATE)")?;
    Ok(before.saturating_sub(pages(connection, "page_count")?))
}

/// So many pages as SQLite counts under this name, in bytes.
fn pages(connection: &Connection, count: &str) -> Result<u64, rusqlite::Error> {
    let number = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    Ok(u64::try_from(number(count)? * number("page_size")?).unwrap_or(0))
}

/// Removes what cannot be used. What cannot be removed either will say so when opened again.
#[expect(clippy::disallowed_methods, reason = "SQLite's files are not part of the ledger")]
fn discard(path: &Path) {
    for suffix in ["", "-wal", "-shm", "-journal"] {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        let _ = std::fs::remove_file(name);
    }
}

#[cfg(test)]
mod tests {
    use super::{Extent, Index};
    use crate::attribution::record::Record;
    use crate::attribution::record::party::{Name, Party, PartyKind};
    use crate::attribution::statement::{Statement, seal};
    use crate::hash::Hash;
    use crate::key::SecretKey;

    pub(crate) fn party(key: &str, name: &str) -> Statement {
        let names = vec![Name { text: name.to_owned(), lang: None, kind: None }];
        let party = Party {
            key: key.to_owned(),
            kind: PartyKind::Person,
            names,
            ids: Vec::new(),
            part_of: Vec::new(),
            roles: Vec::new(),
            anonymity: None,
        };
        let key = SecretKey::from_seed(&[1; 32]);
        seal(&Record::Party(party), "nadia", 1_700_000_000, &key).unwrap().1
    }

    fn extent(tree_size: u64) -> Extent {
        Extent { tree_size, root: Hash::of(&[7]) }
    }

    #[test]
    fn what_is_added_is_found_again() {
        let mut index = Index::in_memory().unwrap();
        assert_eq!(index.extent().unwrap(), None);
        let (old, new, other) = (party("a", "Old"), party("a", "New"), party("b", "Other"));
        index.extend([(5, &old), (6, &other), (7, &new)], extent(8)).unwrap();
        assert_eq!(index.extent().unwrap(), Some(extent(8)));
        assert_eq!(index.by_key("party", "a").unwrap().unwrap().entry_index, 7);
        assert_eq!(index.by_key("channel", "a").unwrap(), None);
        assert_eq!(index.by_identity(old.identity()).unwrap()[0].entry_index, 5);
        assert_eq!(index.by_id(other.id()).unwrap().unwrap().signer, other.signer());
        let entries = |from| index.signed_by(old.signer(), from).unwrap().len();
        assert_eq!([entries(0), entries(6), entries(8), entries(u64::MAX)], [3, 2, 0, 0]);
        let hex = old.id().to_string();
        assert_eq!(index.by_prefix(&hex[..10]).unwrap().len(), 1);
        assert_eq!(index.by_prefix("").unwrap().len(), 3);
        assert_eq!(index.by_prefix("zz").unwrap(), []);
        index.clear().unwrap();
        assert_eq!(index.extent().unwrap(), None);
        assert_eq!(index.by_id(other.id()).unwrap(), None);
    }

    #[test]
    fn a_failed_addition_leaves_nothing_behind() {
        let mut index = Index::in_memory().unwrap();
        let statement = party("a", "A");
        index.extend([(0, &statement)], extent(1)).unwrap();
        assert!(index.extend([(1, &statement), (0, &statement)], extent(2)).is_err());
        assert_eq!(index.extent().unwrap(), Some(extent(1)));
        assert_eq!(index.by_prefix("").unwrap().len(), 1);
    }

    #[test]
    fn what_holds_nothing_is_given_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("index.sqlite");
        let mut index = Index::open(&path).unwrap();
        let parties: Vec<_> = (0..500).map(|i| party(&format!("key-{i}"), "A name")).collect();
        index.extend((0..).zip(&parties), extent(500)).unwrap();
        assert_eq!((index.spare().unwrap(), index.compact().unwrap()), (0, 0));
        index.clear().unwrap();
        index.extend([(0, &parties[0])], extent(1)).unwrap();
        // What was written beside the file comes into it.
        drop(index);
        let mut index = Index::open(&path).unwrap();
        let length = || std::fs::metadata(&path).unwrap().len();
        let (spare, before) = (index.spare().unwrap(), length());
        let freed = index.compact().unwrap();
        assert!(freed >= spare && spare > 50_000, "{freed} of {spare}");
        assert!(length() < before, "{} of {before}", length());
        assert_eq!(index.extent().unwrap(), Some(extent(1)));
        assert_eq!(index.by_key("party", "key-0").unwrap().unwrap().entry_index, 0);
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "the test damages the file")]
    fn a_file_that_is_no_index_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("index.sqlite");
        for damage in [&b"not a database at all, but long enough to be looked at"[..], b""] {
            std::fs::write(&path, damage).unwrap();
            let mut index = Index::open(&path).unwrap();
            assert_eq!(index.extent().unwrap(), None);
            index.extend([(0, &party("a", "A"))], extent(1)).unwrap();
            drop(index);
            assert_eq!(Index::open(&path).unwrap().extent().unwrap(), Some(extent(1)));
        }
    }
}
