//! The tables of the index: a SQLite file with a full-text table (FTS5), and what is asked of it in
//! SQL. What the rows mean is for those who fill them.
//!
//! The full-text table has no content of its own, only which entries hold which terms; the terms
//! are cut in `words`, and the tokenizer does no more than part them at spaces. Rows are numbered
//! like entries, so answers come newest first without being sorted.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};

use crate::attribution::id::Id;
use crate::hash::Hash;
use crate::index::{Extent, compact, spare};
use crate::search::days::Days;
use crate::search::marks::Head;

/// The version of the tables and of the way in which texts are cut. Another version is thrown away
/// and built anew.
const VERSION: i64 = 1;

/// The version of an index that was found to be wrong.
const CONDEMNED: i64 = -1;

/// How many new rows make it worth while to merge the full-text table into one piece.
const MANY: u64 = 50_000;

/// How much is kept in memory before it is written, in bytes: fewer and larger pieces of the
/// full-text table mean less merging.
const PIECE: i64 = 32 * 1024 * 1024;

/// From how many entries on something is frequent.
const FREQUENT: i64 = 5000;

const TABLES: &str = "
    CREATE TABLE entry (
        entry_index INTEGER PRIMARY KEY,
        id          BLOB NOT NULL,
        head        INTEGER NOT NULL,
        recorded_at INTEGER,
        earliest    INTEGER,
        latest      INTEGER,
        speaker     INTEGER,
        channel     INTEGER
    ) STRICT;
    CREATE INDEX by_head ON entry (head);
    CREATE INDEX by_time ON entry (recorded_at);
    CREATE TABLE called (
        what        INTEGER NOT NULL,
        text        TEXT NOT NULL,
        entry_index INTEGER NOT NULL,
        PRIMARY KEY (what, text, entry_index)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE later (
        target      INTEGER NOT NULL,
        entry_index INTEGER NOT NULL,
        PRIMARY KEY (target, entry_index)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE named_later (
        entry_index INTEGER PRIMARY KEY,
        effects     INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE said (
        speaker     INTEGER NOT NULL,
        moment      INTEGER NOT NULL,
        entry_index INTEGER NOT NULL,
        PRIMARY KEY (speaker, moment, entry_index)
    ) STRICT, WITHOUT ROWID;
    CREATE VIRTUAL TABLE term USING fts5 (
        terms, content = '', columnsize = 0, tokenize = 'ascii'
    );
    CREATE TABLE extent (
        tree_size INTEGER NOT NULL,
        root      BLOB NOT NULL,
        withheld  INTEGER NOT NULL
    ) STRICT;
";

/// Why the index could not be used. It can always be thrown away.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// SQLite's own words.
    #[error("the search index under .state could not be used: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// Something stands in it that could not have been written.
    #[error("the search index under .state is damaged: {0}")]
    Damaged(&'static str),
}

impl Error {
    /// Whether the index itself is broken, rather than the disk full or somebody else at it: tables
    /// that are not there, or values not as expected, are ordinary errors to SQLite.
    pub fn is_damage(&self) -> bool {
        use rusqlite::ErrorCode::{
            CannotOpen, DatabaseBusy, DatabaseLocked, DiskFull, FileLockingProtocolFailed,
            OutOfMemory, PermissionDenied, ReadOnly, SystemIoFailure,
        };
        let Self::Sqlite(error) = self else { return true };
        !matches!(
            error.sqlite_error_code(),
            Some(
                CannotOpen
                    | DatabaseBusy
                    | DatabaseLocked
                    | DiskFull
                    | FileLockingProtocolFailed
                    | OutOfMemory
                    | PermissionDenied
                    | ReadOnly
                    | SystemIoFailure
            )
        )
    }
}

/// What the names of parties and channels are: their keys, or what people call them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Called {
    /// A party's key.
    PartyKey = 0,
    /// A party's name, cut into words.
    PartyName = 1,
    /// A channel's key.
    ChannelKey = 2,
    /// A channel's handle.
    Handle = 3,
}

/// What the index keeps of one entry.
#[derive(Debug, Clone)]
pub struct Row {
    /// Its place in the log.
    pub entry_index: u64,
    /// Its id.
    pub id: Id,
    /// When it was recorded, in seconds since 1970; `None` if it is withheld.
    pub recorded_at: Option<u64>,
    /// When it was said or published.
    pub days: Days,
    /// The speaker of a claim.
    pub speaker: Option<Head>,
    /// The channel of a document.
    pub channel: Option<Head>,
    /// The statements whose standing it may change.
    pub targets: Vec<Target>,
    /// By what names a party or channel is asked for.
    pub called: Vec<(Called, String)>,
    /// Its words and marks, parted by spaces.
    pub terms: String,
}

/// A statement whose standing a later record may change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target {
    /// The beginning of its id.
    pub head: Head,
    /// Its entry, where that is known.
    pub entry_index: Option<u64>,
    /// How it may stand after that, as a set of bits.
    pub effects: i64,
}

/// An entry as the index has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// Its place in the log.
    pub entry_index: u64,
    /// Its id.
    pub id: Id,
    /// When it was said or published.
    pub days: Days,
    /// The speaker of a claim.
    pub speaker: Option<Head>,
    /// The channel of a document.
    pub channel: Option<Head>,
}

/// In which order, from where, and under which conditions entries are listed.
#[derive(Debug, Clone, Copy, Default)]
pub struct Listing {
    /// Oldest first, rather than newest first.
    pub ascending: bool,
    /// Only entries that come after this one in the order of the listing.
    pub after: Option<u64>,
    /// Only what may be of this window.
    pub window: Days,
    /// Only what was recorded then or later, in seconds since 1970.
    pub since: Option<u64>,
    /// Only what a later record may have given one of these standings, a set of bits.
    pub effects: Option<i64>,
    /// The most entries.
    pub limit: usize,
}

/// The index of one ledger.
#[derive(Debug)]
pub struct Tables {
    connection: Connection,
    /// Its file; none in memory.
    path: Option<PathBuf>,
    patience: Duration,
}

impl Tables {
    /// An index that is forgotten with the process: where no file can be written, and for tests.
    pub fn in_memory() -> Result<Self, Error> {
        Self::prepare(Connection::open_in_memory()?, None, Duration::ZERO)
    }

    /// Opens the index in a file, or makes an empty one. A file that is no index of this version
    /// is replaced; one that cannot be opened for another reason is left alone. Another process
    /// that fills it is waited for, as long as there is `patience`.
    pub fn open(path: &Path, patience: Duration) -> Result<Self, Error> {
        let open = || Self::prepare(Connection::open(path)?, Some(path.to_owned()), patience);
        open().or_else(|error| {
            if !error.is_damage() {
                return Err(error);
            }
            discard(path);
            open()
        })
    }

    /// Throws the index away, whatever is wrong with it, and begins an empty one.
    pub fn renew(&mut self) -> Result<(), Error> {
        let Some(path) = self.path.clone() else {
            *self = Self::in_memory()?;
            return Ok(());
        };
        // The file must not be held open while it is removed.
        self.connection = Connection::open_in_memory()?;
        discard(&path);
        *self = Self::open(&path, self.patience)?;
        Ok(())
    }

    /// How many bytes of the file hold nothing.
    pub fn spare(&self) -> Result<u64, Error> {
        Ok(spare(&self.connection)?)
    }

    /// Gives them back to the system. Returns how many they were.
    pub fn compact(&mut self) -> Result<u64, Error> {
        Ok(compact(&self.connection)?)
    }

    /// Marks the index as wrong: it is built anew when it is next opened.
    pub fn condemn(&self) {
        // If even that cannot be written, the next answer finds the same fault.
        let _ = self.connection.pragma_update(None, "user_version", CONDEMNED);
    }

    fn prepare(
        connection: Connection,
        path: Option<PathBuf>,
        patience: Duration,
    ) -> Result<Self, Error> {
        connection.busy_timeout(patience)?;
        // Consistent after a loss of power without a sync for each commit: what is lost is
        // caught up from the log. Nothing of it goes into temporary files elsewhere.
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "NORMAL")?;
        connection.pragma_update(None, "temp_store", "MEMORY")?;
        connection.pragma_update(None, "cache_size", -65_536)?;
        let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
        match version {
            VERSION => {}
            0 => {
                let piece = format!("INSERT INTO term (term, rank) VALUES ('hashsize', {PIECE});");
                let version = format!("PRAGMA user_version = {VERSION};");
                let all = format!("BEGIN IMMEDIATE; {TABLES} {piece} {version} COMMIT;");
                connection.execute_batch(&all)?;
            }
            _ => return Err(Error::Damaged("its version is another one")),
        }
        Ok(Self { connection, path, patience })
    }

    /// How far the index reaches, and how many of those entries are withheld; `None` when it is
    /// empty.
    pub fn extent(&self) -> Result<Option<(Extent, u64)>, Error> {
        extent(&self.connection)
    }

    /// Adds entries, and says how far the index reaches now: all or nothing. `before` is how far
    /// it reached; false, and nothing is added, if another process was faster.
    pub fn extend(
        &mut self,
        before: Option<Extent>,
        rows: &[Row],
        now: Extent,
    ) -> Result<bool, Error> {
        let transaction =
            self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let known = extent(&transaction)?;
        if known.map(|(extent, _)| extent) != before {
            return Ok(false);
        }
        insert(&transaction, rows)?;
        let new = rows.iter().filter(|row| row.recorded_at.is_none()).count();
        let withheld = known.map_or(0, |(_, withheld)| withheld) + new as u64;
        transaction.execute("DELETE FROM extent", [])?;
        transaction.execute(
            "INSERT INTO extent (tree_size, root, withheld) VALUES (?1, ?2, ?3)",
            params![sql(now.tree_size), now.root.as_bytes(), sql(withheld)],
        )?;
        transaction.commit()?;
        Ok(true)
    }

    /// After so many new rows: merges what came in pieces, if that is worth while.
    pub fn settle(&mut self, new_rows: u64) -> Result<(), Error> {
        if new_rows < MANY {
            return Ok(());
        }
        self.connection.execute("INSERT INTO term (term) VALUES ('optimize')", [])?;
        Ok(self.connection.execute_batch("PRAGMA optimize; PRAGMA wal_checkpoint(TRUNCATE)")?)
    }

    /// What the index has of an entry.
    pub fn entry(&self, entry_index: u64) -> Result<Option<Entry>, Error> {
        let Ok(entry_index) = i64::try_from(entry_index) else { return Ok(None) };
        Ok(self.entries("entry_index = ?1", [entry_index])?.pop())
    }

    /// The entry with this id.
    pub fn by_id(&self, id: Id) -> Result<Option<Entry>, Error> {
        let found = self.by_head(Head::of(id))?;
        Ok(found.into_iter().find(|entry| entry.id == id))
    }

    /// The entries whose ids begin so: one, if nobody makes them alike on purpose.
    pub fn by_head(&self, head: Head) -> Result<Vec<Entry>, Error> {
        self.entries("head = ?1 ORDER BY entry_index LIMIT 100", [head.number()])
    }

    /// The entries whose ids begin with these hex digits: at most so many.
    pub fn by_prefix(&self, digits: &str, limit: usize) -> Result<Vec<Entry>, Error> {
        let bound = |fill: char| {
            let padded: String =
                digits.chars().chain(std::iter::repeat_n(fill, 64)).take(64).collect();
            Hash::from_hex(&padded).map(Id::from_hash)
        };
        let (Some(low), Some(high)) = (bound('0'), bound('f')) else { return Ok(Vec::new()) };
        let condition = format!("head BETWEEN ?1 AND ?2 AND id BETWEEN ?3 AND ?4 LIMIT {limit}");
        let heads = (Head::of(low).number(), Head::of(high).number());
        let (low, high) = (low.hash(), high.hash());
        self.entries(&condition, params![heads.0, heads.1, low.as_bytes(), high.as_bytes()])
    }

    /// The entries of the parties or channels that are called so, in their order.
    pub fn called(&self, what: Called, text: &str) -> Result<Vec<u64>, Error> {
        let query = "SELECT entry_index FROM called WHERE what = ?1 AND text = ?2";
        self.numbers(query, params![what as i64, text])
    }

    /// Some texts by which parties or channels are called, in the order of the alphabet.
    pub fn texts(&self, what: Called, limit: usize) -> Result<Vec<String>, Error> {
        let query = "SELECT DISTINCT text FROM called WHERE what = ?1 LIMIT ?2";
        let mut statement = self.connection.prepare_cached(query)?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let texts = statement.query_map(params![what as i64, limit], |row| row.get(0))?;
        Ok(texts.collect::<Result<_, _>>()?)
    }

    /// The notices and relations that name a statement as what they are about, in their order.
    pub fn later(&self, target: Head, limit: usize) -> Result<Vec<u64>, Error> {
        let query = "SELECT entry_index FROM later WHERE target = ?1 ORDER BY entry_index LIMIT ?2";
        self.numbers(query, params![target.number(), i64::try_from(limit).unwrap_or(i64::MAX)])
    }

    /// The claims of a speaker in the order in which they were said, those without a date last;
    /// those that come after a moment and an entry.
    pub fn said(
        &self,
        speaker: Head,
        after: Option<(i64, u64)>,
        limit: usize,
    ) -> Result<Vec<(i64, u64)>, Error> {
        let (moment, entry_index) = after.map_or((i64::MIN, -1), |(m, e)| (m, sql(e)));
        let mut statement = self.connection.prepare_cached(
            "SELECT moment, entry_index FROM said
             WHERE speaker = ?1 AND (moment, entry_index) > (?2, ?3)
             ORDER BY moment, entry_index LIMIT ?4",
        )?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let values = params![speaker.number(), moment, entry_index, limit];
        let found = statement.query_map(values, |row| Ok((row.get(0)?, row.get::<_, i64>(1)?)))?;
        found.map(|row| row.map_err(Error::from).and_then(|(m, e)| Ok((m, index(e)?)))).collect()
    }

    /// The entries that fit an expression of FTS5. Only this module's neighbours write such
    /// expressions, from words that hold no sign.
    pub fn matching(&self, expression: &str, listing: &Listing) -> Result<Vec<u64>, Error> {
        let is_driven = listing.effects.is_some() && self.is_frequent(expression)?;
        let (sign, order) = if listing.ascending { (">", "ASC") } else { ("<", "DESC") };
        // Of the two lists the shorter one leads; the other one is looked up, and never sorted.
        let (leading, place) = if is_driven {
            (
                "named_later CROSS JOIN term ON term.rowid = named_later.entry_index",
                "named_later.entry_index",
            )
        } else {
            ("term", "term.rowid")
        };
        let named = match (listing.effects, is_driven) {
            (None, _) => "?7 IS NULL",
            (Some(_), true) => "named_later.effects & ?7 <> 0",
            (Some(_), false) => {
                "EXISTS (SELECT 1 FROM named_later
                         WHERE entry_index = term.rowid AND effects & ?7 <> 0)"
            }
        };
        let query = format!(
            "SELECT {place} FROM {leading} CROSS JOIN entry ON entry.entry_index = {place}
             WHERE term MATCH ?1 AND {place} {sign} ?2
               AND (?3 IS NULL OR entry.latest IS NULL OR entry.latest >= ?3)
               AND (?4 IS NULL OR entry.earliest IS NULL OR entry.earliest <= ?4)
               AND (?5 IS NULL OR entry.recorded_at >= ?5) AND {named}
             ORDER BY {place} {order} LIMIT ?6"
        );
        let limit = i64::try_from(listing.limit).unwrap_or(i64::MAX);
        let Days { earliest, latest } = listing.window;
        let before_all = if listing.ascending { -1 } else { i64::MAX };
        let (after, since) = (listing.after.map_or(before_all, sql), listing.since.map(sql));
        let effects = listing.effects;
        self.numbers(&query, params![expression, after, earliest, latest, since, limit, effects])
    }

    /// Whether more entries fit an expression than are compared with another list one by one.
    fn is_frequent(&self, expression: &str) -> Result<bool, Error> {
        let query = "SELECT rowid FROM term WHERE term MATCH ?1 LIMIT 1 OFFSET ?2";
        Ok(!self.numbers(query, params![expression, FREQUENT])?.is_empty())
    }

    /// The first entry that was recorded then or later.
    pub fn recorded_since(&self, seconds: u64) -> Result<Option<u64>, Error> {
        let query = "SELECT min(entry_index) FROM entry WHERE recorded_at >= ?1";
        let found: Option<i64> =
            self.connection.query_row(query, [sql(seconds)], |row| row.get(0))?;
        found.map(index).transpose()
    }

    fn numbers(&self, query: &str, values: impl rusqlite::Params) -> Result<Vec<u64>, Error> {
        let mut statement = self.connection.prepare_cached(query)?;
        let found = statement.query_map(values, |row| row.get::<_, i64>(0))?;
        found.map(|row| index(row?)).collect()
    }

    fn entries(&self, condition: &str, values: impl rusqlite::Params) -> Result<Vec<Entry>, Error> {
        let columns = "entry_index, id, earliest, latest, speaker, channel";
        let query = format!("SELECT {columns} FROM entry WHERE {condition}");
        let mut statement = self.connection.prepare_cached(&query)?;
        let found = statement.query_map(values, |row| {
            let days = Days { earliest: row.get(2)?, latest: row.get(3)? };
            let heads: [Option<i64>; 2] = [row.get(4)?, row.get(5)?];
            Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?, days, heads))
        })?;
        let read = |(entry_index, id, days, heads): (i64, Vec<u8>, Days, [Option<i64>; 2])| {
            let id = Hash::from_slice(&id).ok_or(Error::Damaged("an id that is none"))?;
            let [speaker, channel] = heads.map(|head| head.map(Head::from_number));
            let (entry_index, id) = (index(entry_index)?, Id::from_hash(id));
            Ok(Entry { entry_index, id, days, speaker, channel })
        };
        found.map(|row| row.map_err(Error::from).and_then(read)).collect()
    }
}

/// The moment by which claims are put in order of time: the first day it may be of, else the last.
pub fn moment(days: Days) -> i64 {
    days.earliest.or(days.latest).unwrap_or(i64::MAX)
}

/// Removes the index in a file, with all that SQLite keeps beside it. What cannot be removed will
/// say so when it is opened.
#[expect(clippy::disallowed_methods, reason = "SQLite's files are not part of the ledger")]
pub fn discard(path: &Path) {
    for suffix in ["", "-wal", "-shm", "-journal"] {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        let _ = std::fs::remove_file(name);
    }
}

fn extent(connection: &Connection) -> Result<Option<(Extent, u64)>, Error> {
    let query = "SELECT tree_size, root, withheld FROM extent";
    let found = connection.query_row(query, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
    let found: Option<(i64, Vec<u8>, i64)> = found.optional()?;
    let Some((tree_size, root, withheld)) = found else { return Ok(None) };
    let root = Hash::from_slice(&root).ok_or(Error::Damaged("a root that is no hash"))?;
    Ok(Some((Extent { tree_size: index(tree_size)?, root }, index(withheld)?)))
}

fn insert(transaction: &Transaction<'_>, rows: &[Row]) -> Result<(), Error> {
    let mut entry = transaction.prepare_cached(
        "INSERT INTO entry
         (entry_index, id, head, recorded_at, earliest, latest, speaker, channel)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?;
    let mut term = transaction.prepare_cached("INSERT INTO term (rowid, terms) VALUES (?1, ?2)")?;
    let mut called =
        transaction.prepare_cached("INSERT OR IGNORE INTO called VALUES (?1, ?2, ?3)")?;
    let mut later = transaction.prepare_cached("INSERT OR IGNORE INTO later VALUES (?1, ?2)")?;
    let mut named_later = transaction.prepare_cached(
        "INSERT INTO named_later VALUES (?1, ?2)
         ON CONFLICT DO UPDATE SET effects = effects | excluded.effects",
    )?;
    let mut said = transaction.prepare_cached("INSERT INTO said VALUES (?1, ?2, ?3)")?;
    for row in rows {
        let (entry_index, head) = (sql(row.entry_index), Head::of(row.id).number());
        let [speaker, channel] = [row.speaker, row.channel].map(|it| it.map(Head::number));
        entry.execute(params![
            entry_index,
            row.id.hash().as_bytes(),
            head,
            row.recorded_at.map(sql),
            row.days.earliest,
            row.days.latest,
            speaker,
            channel,
        ])?;
        for (what, text) in &row.called {
            called.execute(params![*what as i64, text, entry_index])?;
        }
        for target in &row.targets {
            later.execute(params![target.head.number(), entry_index])?;
            if let Some(place) = target.entry_index.filter(|_| target.effects != 0) {
                named_later.execute([sql(place), target.effects])?;
            }
        }
        if let Some(speaker) = speaker {
            said.execute(params![speaker, moment(row.days), entry_index])?;
        }
        if !row.terms.is_empty() {
            term.execute(params![entry_index, row.terms])?;
        }
    }
    Ok(())
}

/// SQLite's integers are signed; no log reaches 2^63 entries.
fn sql(number: u64) -> i64 {
    i64::try_from(number).expect("a log of 2^63 entries")
}

fn index(number: i64) -> Result<u64, Error> {
    u64::try_from(number).map_err(|_| Error::Damaged("a negative number"))
}
