//! What the index knows of what is not shown: entries whose statements were withheld when they were
//! added, what notices withhold, and how many checks could not be made. Who goes on from what was
//! verified before has to say so again.

use rusqlite::{OptionalExtension, params};

use crate::attribution::id::Id;
use crate::hash::Hash;
use crate::index::{Error, Index, sql};

impl Index {
    /// Says how many checks could not be made of what the index holds.
    pub fn leave_unchecked(&mut self, count: u64) -> Result<(), Error> {
        self.connection.execute("UPDATE extent SET not_checked = ?1", params![sql(count)])?;
        Ok(())
    }

    /// How many checks could not be made of what the index holds.
    pub fn not_checked(&self) -> Result<u64, Error> {
        let query = "SELECT not_checked FROM extent";
        let found: Option<i64> =
            self.connection.query_row(query, [], |row| row.get(0)).optional()?;
        u64::try_from(found.unwrap_or(0)).map_err(|_| Error::Damaged("a negative count"))
    }

    /// Adds entries whose statements are not shown. What stood there before is known by its id alone.
    pub fn withhold(&mut self, entries: &[(u64, Id)]) -> Result<(), Error> {
        let query = "INSERT OR REPLACE INTO withheld (entry_index, id) VALUES (?1, ?2)";
        let mut insert = self.connection.prepare_cached(query)?;
        for (entry_index, id) in entries {
            insert.execute(params![sql(*entry_index), id.hash().as_bytes()])?;
        }
        Ok(())
    }

    /// The entries whose statements were not shown when they were added, in order.
    pub fn withheld(&self) -> Result<Vec<(u64, Id)>, Error> {
        self.listed("SELECT entry_index, id FROM withheld ORDER BY entry_index")
    }

    /// The redaction notices, in order, each with what it withholds.
    pub fn redacted(&self) -> Result<Vec<(u64, Id)>, Error> {
        self.listed("SELECT entry_index, id FROM redacted ORDER BY entry_index")
    }

    fn listed(&self, query: &str) -> Result<Vec<(u64, Id)>, Error> {
        let mut statement = self.connection.prepare_cached(query)?;
        let found = statement.query_map([], |row| Ok((row.get::<_, i64>(0)?, row.get(1)?)))?;
        let read = |row: rusqlite::Result<(i64, Vec<u8>)>| {
            let (entry_index, id) = row?;
            let id = Hash::from_slice(&id).map(Id::from_hash);
            let entry = u64::try_from(entry_index).ok().zip(id);
            entry.ok_or(Error::Damaged("an entry or id that is none"))
        };
        found.map(read).collect()
    }
}
