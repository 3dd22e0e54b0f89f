//! Sorted runs: where the heads of an index stand, in a few tables of SQLite.
//!
//! Heads are the beginnings of hashes and come in no order. In one tree each addition would write a
//! page of it for nearly every head: with a million entries, twelve kilobytes for each new one. So what
//! is added stands as a run of its own, sorted and cut into chunks; when there are a few runs of about
//! one size, they are merged into one (a log-structured merge tree, O'Neil and others 1996). Each head is
//! written once for each size, one behind the other, and there are at most [`FEW`] - 1 runs of each.
//!
//! A run is never changed. So whoever asks much can have a filter of each, made once.

use std::collections::BTreeMap;
use std::sync::Arc;

use rusqlite::{Connection, params};

use crate::index::Error;
use crate::index::filter::Filter;

/// How many runs of about one size there may not be: then they are one.
const FEW: usize = 4;

/// How many heads stand in a chunk: nearly what a page of SQLite holds, 4 KiB.
const CHUNK: usize = 220;

/// The length of the CRC-32 behind the heads of a chunk: one that is damaged could hide others.
const CHECK: usize = 4;

/// The length of a head as bytes.
const LENGTH: usize = 17;

/// The tables. A chunk is known by the first of its heads.
pub(crate) const TABLES: &str = "
    CREATE TABLE run (number INTEGER PRIMARY KEY, size INTEGER NOT NULL) STRICT;
    CREATE TABLE chunk (run INTEGER NOT NULL, first BLOB NOT NULL, heads BLOB NOT NULL,
        UNIQUE (run, first)) STRICT;
";

/// One head.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Head {
    /// What it is the head of.
    pub(crate) purpose: u8,
    /// The first eight bytes of a hash, as a number of the same order.
    pub(crate) value: u64,
    /// The entry that has it.
    pub(crate) entry_index: u64,
}

impl Head {
    /// As bytes of the same order.
    fn to_bytes(self) -> [u8; LENGTH] {
        let mut bytes = [self.purpose; LENGTH];
        bytes[1..9].copy_from_slice(&self.value.to_be_bytes());
        bytes[9..].copy_from_slice(&self.entry_index.to_be_bytes());
        bytes
    }

    fn from_bytes(bytes: &[u8; LENGTH]) -> Self {
        let number = |at: usize| u64::from_be_bytes(*bytes[at..].first_chunk().expect("17 bytes"));
        Self { purpose: bytes[0], value: number(1), entry_index: number(9) }
    }
}

/// A filter of each run there is, by their numbers.
pub(crate) type Filters = BTreeMap<i64, Arc<Filter>>;

/// Adds heads, in any order, and keeps the filters up, if there are any.
pub(crate) fn add(
    connection: &Connection,
    mut heads: Vec<Head>,
    mut filters: Option<&mut Filters>,
) -> Result<(), Error> {
    heads.sort_unstable();
    // A party may have one name twice, in two languages.
    heads.dedup();
    if heads.is_empty() {
        return Ok(());
    }
    let mut run = Writing::begin(connection, filters.is_some().then_some(heads.len() as u64))?;
    run.write(&heads)?;
    let mut size = run.end(filters.as_deref_mut())?;
    while let Some(runs) = to_be_merged(connection, size)? {
        size = merge(connection, &runs, filters.as_deref_mut())?;
    }
    Ok(())
}

/// Makes a filter of each run.
pub(crate) fn filters(connection: &Connection) -> Result<Filters, Error> {
    let mut filters = Filters::new();
    for Run { number, size } in runs(connection)? {
        let mut filter = Filter::with_room(room_of(connection, number)?);
        let (mut run, mut read) = (Reading::begin(connection, number), 0);
        loop {
            run.hold_some()?;
            if run.held.is_empty() {
                break;
            }
            read += run.held.len() as u64;
            run.held.drain(..).for_each(|it| filter.note(it.purpose, it.value));
        }
        if read != size {
            return Err(DAMAGED);
        }
        filters.insert(number, Arc::new(filter));
    }
    Ok(filters)
}

/// All heads from one to another, both included, in their order.
pub(crate) fn within(connection: &Connection, low: Head, high: Head) -> Result<Vec<Head>, Error> {
    // In one question, which sees one state even while somebody else adds. A cross join keeps SQLite
    // from going through all chunks.
    let query = "SELECT chunk.heads FROM run CROSS JOIN chunk ON chunk.run = run.number
        AND chunk.first >= coalesce((SELECT max(first) FROM chunk AS it
                                     WHERE it.run = run.number AND it.first <= ?1), x'')
        AND chunk.first <= ?2";
    let mut statement = connection.prepare_cached(query)?;
    let chunks = statement.query([low.to_bytes(), high.to_bytes()])?;
    let mut found = Vec::new();
    take_within(chunks, low, high, &mut found)?;
    found.sort_unstable();
    Ok(found)
}

/// All heads of this purpose and value, in their order. The filters are those of all runs there are.
pub(crate) fn all_of(
    connection: &Connection,
    filters: &Filters,
    purpose: u8,
    value: u64,
) -> Result<Vec<Head>, Error> {
    let [low, high] = [0, u64::MAX].map(|entry_index| Head { purpose, value, entry_index });
    let query = "SELECT heads FROM chunk WHERE run = ?1 AND first <= ?3
        AND first >= coalesce((SELECT max(first) FROM chunk AS it
                               WHERE it.run = ?1 AND it.first <= ?2), x'')";
    let mut found = Vec::new();
    for (run, _) in filters.iter().filter(|(_, filter)| filter.may_hold(purpose, value)) {
        let mut statement = connection.prepare_cached(query)?;
        let chunks = statement.query(params![run, low.to_bytes(), high.to_bytes()])?;
        take_within(chunks, low, high, &mut found)?;
    }
    found.sort_unstable();
    Ok(found)
}

/// Of some chunks of runs the heads from one to another. In each run the first chunk is the one in
/// which `low` would stand.
fn take_within(
    mut chunks: rusqlite::Rows<'_>,
    low: Head,
    high: Head,
    found: &mut Vec<Head>,
) -> Result<(), Error> {
    while let Some(row) = chunks.next()? {
        let heads = read(row.get_ref(0)?.as_blob().map_err(|_| DAMAGED)?)?;
        let begin = heads.partition_point(|it| Head::from_bytes(it) < low);
        let within = heads[begin..].iter().map(Head::from_bytes);
        found.extend(within.take_while(|it| *it <= high));
    }
    Ok(())
}

const DAMAGED: Error = Error::Damaged("a chunk of heads that is none");

/// The heads of a chunk.
fn read(bytes: &[u8]) -> Result<&[[u8; LENGTH]], Error> {
    let (bytes, check) = bytes.split_last_chunk::<CHECK>().ok_or(DAMAGED)?;
    match bytes.as_chunks() {
        (heads, []) if !heads.is_empty() && crc32fast::hash(bytes).to_be_bytes() == *check => {
            Ok(heads)
        }
        _ => Err(DAMAGED),
    }
}

/// A run and how many heads it has.
struct Run {
    number: i64,
    size: u64,
}

fn runs(connection: &Connection) -> Result<Vec<Run>, Error> {
    let mut statement = connection.prepare_cached("SELECT number, size FROM run")?;
    let found = statement.query_map([], |row| {
        Ok(Run { number: row.get(0)?, size: row.get::<_, i64>(1)?.unsigned_abs() })
    })?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// How many heads fit the chunks of a run: nothing is made as large as a damaged number says.
fn room_of(connection: &Connection, run: i64) -> Result<u64, Error> {
    let query = "SELECT count(*) FROM chunk WHERE run = ?1";
    let mut statement = connection.prepare_cached(query)?;
    let chunks: i64 = statement.query_row([run], |row| row.get(0))?;
    Ok(chunks.unsigned_abs() * CHUNK as u64)
}

/// The runs of about this size, if there are enough of them.
fn to_be_merged(connection: &Connection, size: u64) -> Result<Option<Vec<Run>>, Error> {
    let class = |size: u64| size.max(1).ilog(FEW as u64);
    let mut alike = runs(connection)?;
    alike.retain(|run| class(run.size) == class(size));
    Ok((alike.len() >= FEW).then_some(alike))
}

/// Makes one run of several. Returns its size.
fn merge(
    connection: &Connection,
    runs: &[Run],
    mut filters: Option<&mut Filters>,
) -> Result<u64, Error> {
    let room = || runs.iter().map(|run| room_of(connection, run.number)).sum();
    let room: Option<u64> = filters.is_some().then(room).transpose()?;
    let mut merged = Writing::begin(connection, room)?;
    let mut reading: Vec<Reading<'_>> =
        runs.iter().map(|run| Reading::begin(connection, run.number)).collect();
    loop {
        for it in &mut reading {
            it.hold_some()?;
        }
        // Up to here nothing smaller can come any more.
        let Some(bound) = reading.iter().filter_map(|it| it.held.last().copied()).min() else {
            break;
        };
        let mut heads: Vec<Head> = reading.iter_mut().flat_map(|it| it.take_until(bound)).collect();
        if heads.is_empty() {
            // They would be read for ever: what was held is not sorted.
            return Err(DAMAGED);
        }
        // A few runs behind one another, which this sort finds and merges.
        heads.sort();
        merged.write(&heads)?;
    }
    for Run { number, .. } in runs {
        connection.prepare_cached("DELETE FROM chunk WHERE run = ?1")?.execute([number])?;
        connection.prepare_cached("DELETE FROM run WHERE number = ?1")?.execute([number])?;
        if let Some(filters) = &mut filters {
            filters.remove(number);
        }
    }
    merged.end(filters)
}

/// A run that is read from its beginning.
struct Reading<'c> {
    connection: &'c Connection,
    run: i64,
    /// The first head of the last chunk that was read.
    last: Vec<u8>,
    /// What was read of it and not yet taken.
    held: Vec<Head>,
}

impl<'c> Reading<'c> {
    fn begin(connection: &'c Connection, run: i64) -> Self {
        Self { connection, run, last: Vec::new(), held: Vec::new() }
    }

    /// Reads the next chunk, if all of the one before was taken.
    fn hold_some(&mut self) -> Result<(), Error> {
        if !self.held.is_empty() {
            return Ok(());
        }
        let query = "SELECT first, heads FROM chunk WHERE run = ?1 AND first > ?2
            ORDER BY first LIMIT 1";
        let mut statement = self.connection.prepare_cached(query)?;
        let mut chunks = statement.query(params![self.run, self.last])?;
        if let Some(row) = chunks.next()? {
            self.last = row.get(0)?;
            let heads = read(row.get_ref(1)?.as_blob().map_err(|_| DAMAGED)?)?;
            self.held.extend(heads.iter().map(Head::from_bytes));
        }
        Ok(())
    }

    fn take_until(&mut self, bound: Head) -> Vec<Head> {
        let count = self.held.partition_point(|it| *it <= bound);
        let rest = self.held.split_off(count);
        std::mem::replace(&mut self.held, rest)
    }
}

/// A run that is written from its beginning.
struct Writing<'c> {
    connection: &'c Connection,
    number: i64,
    size: u64,
    /// What does not fill a chunk yet.
    held: Vec<Head>,
    filter: Option<Filter>,
}

impl<'c> Writing<'c> {
    /// Begins a run, and its filter, if there is to be one, with room for so many heads.
    fn begin(connection: &'c Connection, room: Option<u64>) -> Result<Self, Error> {
        let query = "INSERT INTO run (size) VALUES (0)";
        connection.prepare_cached(query)?.execute([])?;
        let (number, filter) = (connection.last_insert_rowid(), room.map(Filter::with_room));
        Ok(Self { connection, number, size: 0, held: Vec::new(), filter })
    }

    /// Writes heads that come behind those before.
    fn write(&mut self, heads: &[Head]) -> Result<(), Error> {
        if let Some(filter) = &mut self.filter {
            for it in heads {
                filter.note(it.purpose, it.value);
            }
        }
        self.held.extend(heads);
        let whole = self.held.len() - self.held.len() % CHUNK;
        for chunk in self.held[..whole].chunks_exact(CHUNK) {
            self.write_chunk(chunk)?;
        }
        self.size += whole as u64;
        self.held.drain(..whole);
        Ok(())
    }

    fn write_chunk(&self, heads: &[Head]) -> Result<(), Error> {
        let Some(first) = heads.first() else { return Ok(()) };
        let mut bytes = Vec::with_capacity(heads.len() * LENGTH + CHECK);
        for it in heads {
            bytes.extend_from_slice(&it.to_bytes());
        }
        bytes.extend_from_slice(&crc32fast::hash(&bytes).to_be_bytes());
        let query = "INSERT INTO chunk (run, first, heads) VALUES (?1, ?2, ?3)";
        let values = params![self.number, first.to_bytes(), bytes];
        self.connection.prepare_cached(query)?.execute(values)?;
        Ok(())
    }

    /// Writes what is left. Returns how many heads the run has.
    fn end(self, filters: Option<&mut Filters>) -> Result<u64, Error> {
        self.write_chunk(&self.held)?;
        let size = self.size + self.held.len() as u64;
        let query = "UPDATE run SET size = ?2 WHERE number = ?1";
        let size_in_sql = i64::try_from(size).expect("fewer heads than 2^63");
        self.connection.prepare_cached(query)?.execute([self.number, size_in_sql])?;
        if let (Some(filters), Some(filter)) = (filters, self.filter) {
            filters.insert(self.number, Arc::new(filter));
        }
        Ok(size)
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::{CHUNK, FEW, Filters, Head, TABLES, add, all_of, filters, within};
    use crate::hash::Hash;

    fn head(purpose: u8, value: u64, entry_index: u64) -> Head {
        Head { purpose, value, entry_index }
    }

    /// Some heads of an entry: most are as if drawn by lot, some the same for many entries.
    fn heads_of(entry_index: u64) -> Vec<Head> {
        let hash = Hash::of(&entry_index.to_be_bytes());
        let lot = |at: usize| u64::from_be_bytes(*hash.as_bytes()[at..].first_chunk().unwrap());
        let of = |purpose, number| head(purpose, number, entry_index);
        vec![of(0, lot(0)), of(1, lot(8)), of(2, lot(16) % 5), of(2, lot(16) % 5), of(3, u64::MAX)]
    }

    /// The least head and the greatest.
    const ENDS: [Head; 2] = [
        Head { purpose: 0, value: 0, entry_index: 0 },
        Head { purpose: u8::MAX, value: u64::MAX, entry_index: u64::MAX },
    ];

    fn count(connection: &Connection, table: &str) -> usize {
        let query = format!("SELECT count(*) FROM {table}");
        let count: i64 = connection.query_row(&query, [], |row| row.get(0)).unwrap();
        count.try_into().unwrap()
    }

    /// Additions of so many entries each: what is found is what a sorted list would find.
    fn added(counts: &[u64]) -> Connection {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(TABLES).unwrap();
        let (mut expected, mut next, mut kept) = (Vec::new(), 0, Filters::new());
        for count in counts {
            let heads: Vec<Head> = (next..next + count).flat_map(heads_of).collect();
            next += count;
            expected.extend(&heads);
            add(&connection, heads, Some(&mut kept)).unwrap();
        }
        expected.sort_unstable();
        expected.dedup();
        let [least, most] = ENDS;
        assert_eq!(within(&connection, least, most).unwrap(), expected);
        let mut asked: Vec<(Head, Head)> = Vec::new();
        for at in (0..expected.len()).step_by(1 + expected.len() / 50) {
            let it = expected[at];
            asked.push((head(it.purpose, it.value, 0), head(it.purpose, it.value, u64::MAX)));
            asked.push((it, it));
            asked.push((head(it.purpose, it.value - it.value % 2, it.entry_index + 1), most));
            asked.push((least, head(it.purpose, it.value, 0)));
        }
        asked.extend((0..6).map(|number| (head(2, number, 0), head(2, number, u64::MAX))));
        for (low, high) in asked {
            let expected: Vec<Head> =
                expected.iter().copied().filter(|it| (low..=high).contains(it)).collect();
            assert_eq!(within(&connection, low, high).unwrap(), expected, "{low:?} to {high:?}");
        }
        let made = filters(&connection).unwrap();
        assert_eq!(made.keys().collect::<Vec<_>>(), kept.keys().collect::<Vec<_>>());
        let some = expected.iter().step_by(1 + expected.len() / 200);
        for (purpose, value) in some.map(|it| (it.purpose, it.value)).chain([(2, 9)]) {
            let of_it = |it: &&Head| (it.purpose, it.value) == (purpose, value);
            let expected: Vec<Head> = expected.iter().filter(of_it).copied().collect();
            for filters in [&kept, &made] {
                assert_eq!(all_of(&connection, filters, purpose, value).unwrap(), expected);
            }
        }
        connection
    }

    #[test]
    fn what_is_added_in_any_portions_is_found() {
        added(&[]);
        added(&[0, 1, 0]);
        added(&[1; 70]);
        added(&[700]);
        added(&[3, 100, 1, 1, 300, 2, 1, 50, 50, 50, 1, 1, 400]);
        added(&[60; 40]);
    }

    #[test]
    fn runs_are_few_and_chunks_are_full() {
        for (counts, entries) in [(vec![1; 1000], 1000_usize), (vec![100; 30], 3000)] {
            let connection = added(&counts);
            let (runs, chunks) = (count(&connection, "run"), count(&connection, "chunk"));
            let sizes = (entries * 4).ilog(FEW) as usize + 1;
            assert!(runs <= sizes * (FEW - 1), "{runs} runs of {entries} entries");
            assert!(chunks <= runs + entries * 4 / CHUNK, "{chunks} chunks in {runs} runs");
        }
    }

    #[test]
    fn a_damaged_chunk_is_said_to_be_one() {
        // The last one is the end of the number of an entry.
        for damage in [
            "heads = x'00'",
            "heads = x''",
            "heads = CAST(heads || x'00' AS BLOB)",
            "heads = CAST(substr(heads, 1, 16) || x'ff' || substr(heads, 18) AS BLOB)",
        ] {
            let connection = added(&[10]);
            connection.execute(&format!("UPDATE chunk SET {damage}"), []).unwrap();
            assert!(within(&connection, head(0, 0, 0), head(9, 0, 0)).is_err(), "{damage}");
            assert!(filters(&connection).is_err(), "{damage}");
            let more: Vec<Vec<Head>> = (10..50).map(heads_of).collect();
            assert!(more.into_iter().any(|it| add(&connection, it, None).is_err()), "{damage}");
        }
    }

    #[test]
    fn a_run_that_is_not_as_large_as_it_says_is_damaged_and_nothing_is_made_so_large() {
        let [least, most] = ENDS;
        for size in [i64::MAX / 2, 0, -1] {
            let connection = added(&[30]);
            let mut kept = filters(&connection).unwrap();
            connection.execute("UPDATE run SET size = ?1", [size]).unwrap();
            assert!(filters(&connection).is_err());
            for entry_index in 30..60 {
                add(&connection, heads_of(entry_index), Some(&mut kept)).unwrap();
            }
            assert_eq!(within(&connection, least, most).unwrap().len(), 60 * 4);
        }
        let connection = added(&[30]);
        connection.execute("DELETE FROM chunk", []).unwrap();
        assert!(filters(&connection).is_err());
    }

    #[test]
    fn runs_that_are_not_sorted_are_not_read_for_ever() {
        let connection = added(&[30]);
        let mut heads = [head(1, 5, 0), head(1, 9, 0), head(0, 1, 0)].map(Head::to_bytes).concat();
        heads.extend(crc32fast::hash(&heads).to_be_bytes());
        connection.execute("UPDATE chunk SET heads = ?1", [heads]).unwrap();
        let more: Vec<Vec<Head>> = (30..200).map(heads_of).collect();
        let failed = more.into_iter().filter_map(|it| add(&connection, it, None).err()).count();
        assert!(failed > 0);
    }
}
