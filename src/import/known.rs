//! What an import remembers of its earlier rows: what their labels have become, and which row
//! brought which statement. A file of millions of rows has as many, so this is kept in a private,
//! temporary table that SQLite puts on the disk where it grows large, and takes away at the end.

use std::cell::{Cell, RefCell};

use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::attribution::id::Id;
use crate::attribution::record::SAID;
use crate::hash::{self, Hash};
use crate::index::Error;

/// How much of the table is held in memory, in KiB.
const CACHE: i64 = 16 * 1024;

/// How many labels are remembered beside the table.
const RECENT: usize = 16_384;

/// A statement that a label stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Meant {
    /// Its id.
    pub id: Id,
    /// The kind of its record.
    pub kind: &'static str,
    /// Its entry.
    pub entry: u64,
}

/// The entry of a statement that is not sealed yet; its id is a label till then.
pub(crate) const PENDING: u64 = u64::MAX >> 1;

/// The memory of one run.
#[derive(Debug)]
pub struct Known {
    connection: Connection,
    /// What was asked for last: a thousand rows in a row name the same few parties.
    recent: RefCell<hash::Map<Id, Meant>>,
    /// What labels stand for until their records have ids.
    for_now: RefCell<hash::Map<Id, Meant>>,
    /// The last rows that brought something, not in the table yet.
    bringing: Cell<Option<Brought>>,
}

/// Entries one behind the other, and the rows one behind the other that brought them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Brought {
    entry: u64,
    row: u64,
    count: u64,
}

impl Brought {
    /// The row that brought an entry, if it was one of these.
    fn row_of(&self, entry: u64) -> Option<u64> {
        let place = entry.checked_sub(self.entry).filter(|place| *place < self.count)?;
        Some(self.row + place)
    }
}

impl Known {
    /// Nothing is known yet.
    pub fn new() -> Result<Self, Error> {
        // The empty name is SQLite's for a private database that is gone when it is closed.
        let connection = Connection::open("")?;
        connection.execute_batch(&format!(
            "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -{CACHE};
             CREATE TABLE meant (label BLOB PRIMARY KEY, id BLOB NOT NULL, kind INTEGER NOT NULL,
                                 entry INTEGER NOT NULL) STRICT, WITHOUT ROWID;
             CREATE TABLE brought (entry INTEGER PRIMARY KEY, row INTEGER NOT NULL,
                                   count INTEGER NOT NULL) STRICT;
             CREATE TABLE named (label BLOB PRIMARY KEY, row INTEGER NOT NULL,
                                 disowned_by INTEGER) STRICT, WITHOUT ROWID;
             BEGIN;"
        ))?;
        let (recent, for_now, bringing) = Default::default();
        Ok(Self { connection, recent, for_now, bringing })
    }

    /// What a label stands for.
    pub fn meant(&self, label: Id) -> Result<Option<Meant>, Error> {
        for near in [&self.for_now, &self.recent] {
            if let Some(meant) = near.borrow().get(&label) {
                return Ok(Some(*meant));
            }
        }
        let meant = self.look_up(label)?;
        if let Some(meant) = meant {
            self.note(label, meant);
        }
        Ok(meant)
    }

    fn note(&self, label: Id, meant: Meant) {
        let mut recent = self.recent.borrow_mut();
        if recent.len() == RECENT {
            recent.clear();
        }
        recent.insert(label, meant);
    }

    fn look_up(&self, label: Id) -> Result<Option<Meant>, Error> {
        let query = "SELECT id, kind, entry FROM meant WHERE label = ?1";
        let mut statement = self.connection.prepare_cached(query)?;
        let found = statement.query_row([label.hash().as_bytes()], |row| {
            Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, u8>(1)?, row.get::<_, i64>(2)?))
        });
        let Some((id, kind, entry)) = found.optional()? else { return Ok(None) };
        let id = Hash::from_slice(&id).map(Id::from_hash);
        let (Some(id), Some(kind), Ok(entry)) =
            (id, SAID.get(usize::from(kind)), u64::try_from(entry))
        else {
            return Err(Error::Damaged("a label of an import"));
        };
        Ok(Some(Meant { id, kind, entry }))
    }

    /// Says what a label stands for until [`Known::mean`] says it for good.
    pub fn mean_for_now(&self, label: Id, meant: Meant) {
        self.for_now.borrow_mut().insert(label, meant);
    }

    /// Says what a label stands for.
    pub fn mean(&self, label: Id, meant: Meant) -> Result<(), Error> {
        let place = SAID.iter().position(|kind| *kind == meant.kind);
        let Some(kind) = place.and_then(|place| u8::try_from(place).ok()) else { return Ok(()) };
        self.for_now.borrow_mut().remove(&label);
        self.note(label, meant);
        let query = "INSERT OR REPLACE INTO meant (label, id, kind, entry) VALUES (?1, ?2, ?3, ?4)";
        let mut statement = self.connection.prepare_cached(query)?;
        let (label, id) = (label.hash(), meant.id.hash());
        let entry = i64::try_from(meant.entry).unwrap_or(i64::MAX);
        statement.execute(params![label.as_bytes(), id.as_bytes(), kind, entry])?;
        Ok(())
    }

    /// Says that a row gives itself a label, unless a row before has it, which is then the answer.
    pub fn name(&self, label: Id, row: u64) -> Result<Option<u64>, Error> {
        let (hash, row) = (label.hash(), i64::try_from(row).unwrap_or(i64::MAX));
        let label = hash.as_bytes();
        let query = "INSERT OR IGNORE INTO named (label, row) VALUES (?1, ?2)";
        if self.connection.prepare_cached(query)?.execute(params![label, row])? == 1 {
            return Ok(None);
        }
        let query = "SELECT row FROM named WHERE label = ?1";
        let mut statement = self.connection.prepare_cached(query)?;
        let earlier: i64 = statement.query_row([label], |row| row.get(0))?;
        Ok(u64::try_from(earlier).ok())
    }

    /// Takes its meaning from a label, because a row that gives itself this one did not go in.
    pub fn disown(&self, label: Id, row: u64) -> Result<(), Error> {
        for near in [&self.for_now, &self.recent] {
            near.borrow_mut().remove(&label);
        }
        let (hash, row) = (label.hash(), i64::try_from(row).unwrap_or(i64::MAX));
        let label = hash.as_bytes();
        let query = "DELETE FROM meant WHERE label = ?1";
        self.connection.prepare_cached(query)?.execute([label])?;
        let query = "INSERT INTO named (label, row, disowned_by) VALUES (?1, ?2, ?2)
                     ON CONFLICT (label) DO UPDATE SET disowned_by = excluded.disowned_by";
        self.connection.prepare_cached(query)?.execute(params![label, row])?;
        Ok(())
    }

    /// The row for which a label has no meaning any more.
    pub fn disowned_by(&self, label: Id) -> Result<Option<u64>, Error> {
        let query = "SELECT disowned_by FROM named WHERE label = ?1";
        let mut statement = self.connection.prepare_cached(query)?;
        let row =
            statement.query_row([label.hash().as_bytes()], |row| row.get::<_, Option<i64>>(0));
        Ok(row.optional()?.flatten().and_then(|row| u64::try_from(row).ok()))
    }

    /// The row that brought an entry.
    pub fn row_of(&self, entry: u64) -> Result<Option<u64>, Error> {
        if let Some(row) = self.bringing.get().and_then(|it| it.row_of(entry)) {
            return Ok(Some(row));
        }
        let Ok(at_most) = i64::try_from(entry) else { return Ok(None) };
        let query = "SELECT entry, row, count FROM brought WHERE entry <= ?1
                     ORDER BY entry DESC LIMIT 1";
        let mut statement = self.connection.prepare_cached(query)?;
        let number = |row: &Row<'_>, at| row.get(at).map(i64::cast_unsigned);
        let found = statement.query_row([at_most], |row| {
            Ok(Brought { entry: number(row, 0)?, row: number(row, 1)?, count: number(row, 2)? })
        });
        Ok(found.optional()?.and_then(|it| it.row_of(entry)))
    }

    /// Says which row brought an entry, once for each. Most rows bring one, behind that of the row
    /// before, so that thousands of them are one row of the table.
    pub fn brought(&self, entry: u64, row: u64) -> Result<(), Error> {
        let next = match self.bringing.get() {
            Some(it) if (it.entry + it.count, it.row + it.count) == (entry, row) => {
                Brought { count: it.count + 1, ..it }
            }
            last => {
                if let Some(Brought { entry, row, count }) = last {
                    let query =
                        "INSERT OR REPLACE INTO brought (entry, row, count) VALUES (?1, ?2, ?3)";
                    let values = [entry, row, count].map(u64::cast_signed);
                    self.connection.prepare_cached(query)?.execute(values)?;
                }
                Brought { entry, row, count: 1 }
            }
        };
        self.bringing.set(Some(next));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Known, Meant};
    use crate::import::draft::label;

    #[test]
    fn what_is_said_is_known() {
        let known = Known::new().unwrap();
        let (one, other) = (label(&["one"]), label(&["other"]));
        assert_eq!(known.meant(one).unwrap(), None);
        let soon = Meant { id: one, kind: "claim", entry: 0 };
        known.mean_for_now(one, soon);
        assert_eq!(known.meant(one).unwrap(), Some(soon));
        let meant = Meant { id: other, kind: "claim", entry: 7 };
        known.mean(one, meant).unwrap();
        assert_eq!(known.meant(one).unwrap(), Some(meant));
    }

    #[test]
    fn what_rows_brought_is_known_in_whatever_order_they_did() {
        let known = Known::new().unwrap();
        assert_eq!(known.row_of(7).unwrap(), None);
        let brought =
            [(7, 3), (8, 4), (9, 5), (11, 6), (12, 9), (13, 10), (2, 11), (30, 1), (3, 12)];
        for (place, (entry, row)) in brought.into_iter().enumerate() {
            assert_eq!(known.row_of(entry).unwrap(), None, "{entry}");
            known.brought(entry, row).unwrap();
            for (entry, row) in &brought[..=place] {
                assert_eq!(known.row_of(*entry).unwrap(), Some(*row), "{entry}");
            }
        }
        for entry in [0, 1, 4, 6, 10, 14, 29, 31, u64::MAX] {
            assert_eq!(known.row_of(entry).unwrap(), None, "{entry}");
        }
    }

    #[test]
    fn a_label_is_one_rows_and_nobodys_once_a_row_that_has_it_does_not_go_in() {
        let known = Known::new().unwrap();
        let (one, other) = (label(&["one"]), label(&["other"]));
        assert_eq!(known.name(one, 2).unwrap(), None);
        assert_eq!(known.name(one, 3).unwrap(), Some(2));
        let meant = Meant { id: one, kind: "claim", entry: 7 };
        known.mean(one, meant).unwrap();
        assert_eq!(known.disowned_by(one).unwrap(), None);
        known.disown(one, 3).unwrap();
        assert_eq!(known.meant(one).unwrap(), None);
        assert_eq!(known.disowned_by(one).unwrap(), Some(3));
        known.disown(other, 4).unwrap();
        assert_eq!(known.name(other, 5).unwrap(), Some(4));
    }
}
