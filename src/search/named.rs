//! Whom a person means: a party or a channel by its key, by a name, or by the beginning of an id.

use std::collections::BTreeMap;

use crate::attribution::id::Id;
use crate::attribution::record::Record;
use crate::attribution::record::party::Party;
use crate::attribution::statement::Statement;
use crate::index::CANDIDATES;
use crate::ledger::batch::SHORTEST_PREFIX;
use crate::search::marks;
use crate::search::reread::{self, Reader};
use crate::search::tables::{Called, Listing, Tables};
use crate::search::words::cut;

/// The most descriptions of one party or channel that are looked at, newest last.
pub const VERSIONS: usize = 1000;

/// Why nobody, or no single one, was found.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nothing is called so.
    #[error("no {kind} is called {typed:?}{}", also(.known))]
    Unknown {
        /// Party or channel.
        kind: &'static str,
        /// What was typed.
        typed: String,
        /// Some keys that there are.
        known: Vec<String>,
    },
    /// Several are called so.
    #[error("several are called {typed:?}: {}", .candidates.join(", "))]
    Ambiguous {
        /// What was typed.
        typed: String,
        /// Their names and keys.
        candidates: Vec<String>,
    },
    /// Something else has that id.
    #[error("entry {entry_index} is a {found}, expected a {expected}")]
    Kind {
        /// The entry with that id.
        entry_index: u64,
        /// The kind of its record.
        found: &'static str,
        /// Party or channel.
        expected: &'static str,
    },
    /// It could not be looked up.
    #[error(transparent)]
    Reread(#[from] reread::Error),
}

/// A party or a channel, in all its descriptions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// The key that all descriptions share.
    pub key: String,
    /// The name to print: of a party by its first recorder's newest description.
    pub name: String,
    /// The ids of all descriptions, in their order.
    pub ids: Vec<Id>,
}

/// The party that a person means.
pub fn party(tables: &Tables, reader: &Reader<'_>, typed: &str) -> Result<Named, Error> {
    Kind::PARTY.find(tables, reader, typed)
}

/// The channel that a person means.
pub fn channel(tables: &Tables, reader: &Reader<'_>, typed: &str) -> Result<Named, Error> {
    Kind::CHANNEL.find(tables, reader, typed)
}

/// How one kind of record is called.
struct Kind {
    name: &'static str,
    key: Called,
    called: Called,
}

impl Kind {
    const PARTY: Self = Self { name: "party", key: Called::PartyKey, called: Called::PartyName };
    const CHANNEL: Self = Self { name: "channel", key: Called::ChannelKey, called: Called::Handle };

    fn find(&self, tables: &Tables, reader: &Reader<'_>, typed: &str) -> Result<Named, Error> {
        if let Some(named) = self.with_key(tables, reader, typed)? {
            return Ok(named);
        }
        let words = cut(typed.trim_start_matches('@')).join(" ");
        let entries = tables.called(self.called, &words).map_err(reread::Error::from)?;
        let mut keys = self.keys(reader, &entries)?;
        if keys.is_empty() {
            if let Some(named) = self.with_prefix(tables, reader, typed)? {
                return Ok(named);
            }
            keys = self.with_words(tables, reader, &words)?;
        }
        match keys.len() {
            0 => {
                let known = tables.texts(self.key, CANDIDATES).map_err(reread::Error::from)?;
                Err(Error::Unknown { kind: self.name, typed: typed.to_owned(), known })
            }
            1 => {
                let (key, _) = keys.pop_first().expect("one");
                let unknown =
                    Error::Unknown { kind: self.name, typed: typed.to_owned(), known: Vec::new() };
                self.with_key(tables, reader, &key)?.ok_or(unknown)
            }
            _ => {
                let candidates = keys.into_iter().map(|(key, name)| match name {
                    name if name == key => key,
                    name => format!("{key} ({name})"),
                });
                let candidates = candidates.take(CANDIDATES).collect();
                Err(Error::Ambiguous { typed: typed.to_owned(), candidates })
            }
        }
    }

    /// All descriptions under one key, as the ledger has them.
    fn with_key(
        &self,
        tables: &Tables,
        reader: &Reader<'_>,
        key: &str,
    ) -> Result<Option<Named>, Error> {
        let entries = tables.called(self.key, key).map_err(reread::Error::from)?;
        let mut statements = Vec::new();
        for entry_index in entries.into_iter().take(VERSIONS) {
            statements.extend(reader.slot(entry_index)?.statement);
        }
        let has_key =
            |it: &&Statement| it.record().kind() == self.name && it.record().key() == Some(key);
        let versions: Vec<&Statement> = statements.iter().filter(has_key).collect();
        let Some(first) = versions.first() else { return Ok(None) };
        let by_first = |it: &&&Statement| it.issuer() == first.issuer();
        let newest = versions.iter().rev().find(by_first).unwrap_or(first);
        let name = name(newest.record());
        let ids = versions.iter().map(|it| it.id()).collect();
        Ok(Some(Named { key: key.to_owned(), name, ids }))
    }

    fn with_prefix(
        &self,
        tables: &Tables,
        reader: &Reader<'_>,
        typed: &str,
    ) -> Result<Option<Named>, Error> {
        let digits = typed.to_ascii_lowercase();
        let is_hex = digits.len() <= 64 && digits.chars().all(|c| c.is_ascii_hexdigit());
        if !is_hex || digits.len() < SHORTEST_PREFIX {
            return Ok(None);
        }
        let found = tables.by_prefix(&digits, CANDIDATES).map_err(reread::Error::from)?;
        let mut entries = found.iter();
        let Some(entry) = entries.next() else { return Ok(None) };
        if entries.next().is_some() {
            let candidates = found.iter().map(|entry| entry.id.short()).collect();
            return Err(Error::Ambiguous { typed: typed.to_owned(), candidates });
        }
        let entry_index = entry.entry_index;
        let Some(statement) = reader.slot(entry_index)?.statement else { return Ok(None) };
        let record = statement.record();
        match record.key().filter(|_| record.kind() == self.name) {
            Some(key) => self.with_key(tables, reader, key),
            None => Err(Error::Kind { entry_index, found: record.kind(), expected: self.name }),
        }
    }

    /// The keys and names of those with all of these words in their names.
    fn with_words(
        &self,
        tables: &Tables,
        reader: &Reader<'_>,
        words: &str,
    ) -> Result<BTreeMap<String, String>, Error> {
        if words.is_empty() {
            return Ok(BTreeMap::new());
        }
        let quoted = words.split(' ').map(|word| format!("\"{word}\""));
        let expression = [format!("\"{}\"", marks::kind(self.name))].into_iter().chain(quoted);
        let expression = expression.collect::<Vec<_>>().join(" AND ");
        let listing = Listing { limit: VERSIONS, ..Listing::default() };
        let entries = tables.matching(&expression, &listing).map_err(reread::Error::from)?;
        self.keys(reader, &entries)
    }

    fn keys(
        &self,
        reader: &Reader<'_>,
        entries: &[u64],
    ) -> Result<BTreeMap<String, String>, Error> {
        let mut keys = BTreeMap::new();
        for entry_index in entries {
            let Some(statement) = reader.slot(*entry_index)?.statement else { continue };
            let record = statement.record();
            if let Some(key) = record.key().filter(|_| record.kind() == self.name) {
                keys.insert(key.to_owned(), name(record));
            }
        }
        Ok(keys)
    }
}

fn name(record: &Record) -> String {
    match record {
        Record::Party(party) => Party::name(party).to_owned(),
        other => other.key().unwrap_or_default().to_owned(),
    }
}

fn also(known: &[String]) -> String {
    if known.is_empty() { String::new() } else { format!("; there are {}", known.join(", ")) }
}
