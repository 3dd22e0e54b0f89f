//! From what was seen to what is served now: does the log go on, and which entries are new?
//!
//! An entry is believed only when the tree that it grows to is proven to be the beginning of the
//! checkpoint's: the leaves are computed from the entries, the growth from the leaves, and
//! nothing that a server says of the tree is taken for granted.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Display;

use crate::attribution::id::Id;
use crate::hash::Hash;
use crate::ledger::reading;
use crate::monitor::Error;
use crate::monitor::event::{Alarm, AlarmKind};
use crate::store;
use crate::store::source::Source;
use crate::tlog::bundle::Bundle;
use crate::tlog::checkpoint::Checkpoint;
use crate::tlog::continuity::{self, Continuity};
use crate::tlog::fork::Said;
use crate::tlog::merkle::{self, NodeReader, Sizes, Tree, leaf_hash};
use crate::tlog::path::Path;
use crate::tlog::tile::{self, FULL_WIDTH, HEIGHT, Tile, TileNodes};

/// The way from the entries that were seen to the end of a checkpoint's tree.
pub(crate) struct Trail<'a> {
    source: &'a dyn Source,
    /// The tree of the checkpoint that is served now.
    target: Tree,
    /// The tiles above the lowest level and the last of that: they are needed again and again.
    tiles: RefCell<BTreeMap<Tile, Vec<Hash>>>,
}

/// A row of entries that are proven to stand in the checkpoint's tree.
#[derive(Debug)]
pub(crate) struct Row {
    /// The place of the first.
    pub(crate) first: u64,
    /// The entries, and their statements where these are shown.
    pub(crate) entries: Vec<(Id, Option<Vec<u8>>)>,
    /// The tree up to and with the last.
    pub(crate) seen: Tree,
}

impl<'a> Trail<'a> {
    pub(crate) fn new(source: &'a dyn Source, target: Tree) -> Self {
        Self { source, target, tiles: RefCell::default() }
    }

    /// Whether the tree that is served goes on from the checkpoint seen before. `said` is what one
    /// key of the log said then and says now, if there is such a key: only that proves a fork.
    pub(crate) fn continues(
        &self,
        seen: &Checkpoint,
        said: Option<(&Said, &Said)>,
    ) -> Result<(), Error> {
        let (old, new) = (seen.tree(), self.target);
        let rolled_back = || {
            let what =
                format!("the checkpoint has {} entries, {} were seen before", new.size, old.size);
            self.broken(AlarmKind::RolledBack, &what, old)
        };
        let forked = || {
            let what = format!(
                "{} entries with root {} are signed, which do not begin as the {} with root {} \
                 that were seen before",
                new.size, new.root, old.size, old.root
            );
            self.broken(AlarmKind::Forked, &what, old)
        };
        if new.size < old.size {
            return Err(Error::Alarm(Box::new(rolled_back())));
        }
        let Some((then, now)) = said else {
            let leads = self.leads_to_target(&old)?;
            return if leads { Ok(()) } else { Err(Error::Alarm(Box::new(forked()))) };
        };
        let compared = continuity::compare(then, now, &mut self.nodes());
        match compared.map_err(|error| self.unreadable(error))? {
            Continuity::Same | Continuity::Continues => Ok(()),
            Continuity::RolledBack => Err(Error::Alarm(Box::new(rolled_back()))),
            Continuity::Forked(fork) => {
                let fork_proof = Some(fork.to_string());
                Err(Error::Alarm(Box::new(Alarm { fork_proof, ..forked() })))
            }
            Continuity::NotShown => {
                let what = "its tiles do not show whether it goes on from what was seen before";
                Err(self.damage("checkpoint", None, what))
            }
        }
    }

    /// The next entries after those seen, at most to the end of their bundle and to `end`, each
    /// with its statement. Entries whose statement is damaged are left for the next call; if that
    /// leaves none, it is an alarm.
    pub(crate) fn next(&self, seen: Tree, end: u64) -> Result<Row, Error> {
        let (bundle, slot) = reading::place_of(seen.size, self.target.size);
        let left = end.min(self.target.size) - seen.size;
        let count = usize::from(bundle.width) - slot;
        let count = usize::try_from(left).map_or(count, |left| left.min(count));

        let entries = reading::entries(self.source, bundle).map_err(|it| self.unreadable(it))?;
        let entries = &entries[slot..slot + count];
        let grown = self.grow(seen, entries)?;
        if !self.leads_to_target(&grown)? {
            return Err(self.blame_entries(bundle, slot, entries));
        }
        let statements = reading::statements(self.source, bundle);
        let statements = statements.map_err(|it| self.unreadable(it))?;
        let statements = statements.into_iter().skip(slot).take(count);
        let rows: Vec<(Id, Option<Vec<u8>>)> =
            entries.iter().map(|entry| Id::from_hash(*entry)).zip(statements).collect();
        let right = |(id, bytes): &(Id, Option<Vec<u8>>)| {
            bytes.as_ref().is_none_or(|bytes| Id::of(bytes) == *id)
        };
        match rows.iter().position(|row| !right(row)) {
            None => Ok(Row { first: seen.size, entries: rows, seen: grown }),
            Some(0) => Err(self.wrong_statement(bundle, seen.size)),
            Some(wrong) => {
                let grown = self.grow(seen, &entries[..wrong])?;
                let entries = rows.into_iter().take(wrong).collect();
                Ok(Row { first: seen.size, entries, seen: grown })
            }
        }
    }

    /// The ids of the first entries, if those that are served are the ones of the tree `seen`.
    pub(crate) fn ids(&self, seen: Tree) -> Result<Vec<Id>, Error> {
        let mut entries = Vec::new();
        while (entries.len() as u64) < seen.size {
            let (bundle, _) = reading::place_of(entries.len() as u64, self.target.size);
            let more = reading::entries(self.source, bundle).map_err(|it| self.unreadable(it))?;
            let left = usize::try_from(seen.size - entries.len() as u64).unwrap_or(usize::MAX);
            entries.extend(more.into_iter().take(left));
        }
        let empty = Tree { size: 0, root: merkle::empty_root() };
        if self.grow(empty, &entries)? != seen {
            let what = "the earlier entries are not those that were seen before";
            return Err(self.damage("tile/entries", None, what));
        }
        Ok(entries.into_iter().map(Id::from_hash).collect())
    }

    /// Earlier statements of one bundle, by the place of the first and the ids of all; `None`
    /// where one is withheld.
    pub(crate) fn statements(&self, first: u64, ids: &[Id]) -> Result<Vec<Option<Vec<u8>>>, Error> {
        let (bundle, slot) = reading::place_of(first, self.target.size);
        let found = reading::statements(self.source, bundle).map_err(|it| self.unreadable(it))?;
        let found: Vec<_> = found.into_iter().skip(slot).take(ids.len()).collect();
        let wrong = |(bytes, id): (&Option<Vec<u8>>, &Id)| {
            bytes.as_ref().is_some_and(|bytes| Id::of(bytes) != *id)
        };
        match found.iter().zip(ids).position(wrong) {
            None => Ok(found),
            Some(wrong) => Err(self.wrong_statement(bundle, first + wrong as u64)),
        }
    }

    fn wrong_statement(&self, bundle: Bundle, entry: u64) -> Error {
        let what = "the statement is not the one in the tree: its hash differs";
        self.damage(Path::Statements(bundle), Some(entry), what)
    }

    /// An alarm about a file under the checkpoint.
    pub(crate) fn damage(
        &self,
        file: impl Display,
        entry: Option<u64>,
        what: impl Display,
    ) -> Error {
        Error::Alarm(Box::new(Alarm::damage(&file, entry, &what, Some(self.target))))
    }

    fn broken(&self, alarm: AlarmKind, what: &str, old: Tree) -> Alarm {
        let damage = Alarm::damage(&"checkpoint", None, &what, Some(self.target));
        Alarm { alarm, seen_size: Some(old.size), ..damage }
    }

    /// What could not be read: because nobody answers, or because it is not what it must be.
    fn unreadable(&self, error: reading::Error) -> Error {
        match error {
            reading::Error::Store(
                error @ (store::Error::TooLong { .. } | store::Error::NotAFile(_)),
            ) => self.damage("a file of the ledger", None, error),
            reading::Error::Store(error) => Error::Source(error),
            reading::Error::Missing(path) => self.damage(path, None, "the file is missing"),
            reading::Error::Tile { path, error } => self.damage(path, None, error),
            reading::Error::Bundle { path, error } => self.damage(path, None, error),
            reading::Error::Entry { path, entry_index, found } => {
                let what = format!("the slot holds {found} bytes, expected 32");
                self.damage(path, Some(entry_index), what)
            }
            reading::Error::Statement { path, entry_index, found, expected } => {
                let what = format!("the statement has hash {found}, expected {expected}");
                self.damage(path, Some(entry_index), what)
            }
        }
    }

    /// Whether a tree is proven to be the beginning of the checkpoint's.
    fn leads_to_target(&self, tree: &Tree) -> Result<bool, Error> {
        let sizes = Sizes { old: tree.size, new: self.target.size };
        let proof = merkle::prove_consistency(sizes, &mut self.nodes());
        let proof = proof.map_err(|error| self.unreadable(error))?;
        Ok(merkle::verify_consistency(tree, &self.target, &proof).is_ok())
    }

    /// The tree with more entries. What is read of its edge is checked against its root.
    fn grow(&self, tree: Tree, entries: &[Hash]) -> Result<Tree, Error> {
        let leaves: Vec<Hash> = entries.iter().map(|entry| leaf_hash(entry.as_bytes())).collect();
        let edge: Result<Vec<Vec<Hash>>, Error> = tile::edge(tree.size, HEIGHT)
            .into_iter()
            .map(|old| {
                // By now the tile may be wider; it begins as it was.
                let now = tile::tile_at(self.target.size, HEIGHT, old.level, old.index);
                let hashes = self.tile(now.expect("a tree keeps its tiles"));
                let mut hashes = hashes.map_err(|error| self.unreadable(error))?;
                hashes.truncate(old.width.into());
                Ok(hashes)
            })
            .collect();
        let grown = tile::grow(HEIGHT, &tree, edge?, &leaves);
        grown.map(|grown| grown.tree).map_err(|error| self.damage("tile", None, error))
    }

    /// The entries do not lead to the checkpoint: which differs from its tile?
    fn blame_entries(&self, bundle: Bundle, slot: usize, entries: &[Hash]) -> Error {
        let path = Path::Entries(bundle);
        let tile = Tile { level: 0, index: bundle.index, width: bundle.width };
        let Ok(hashes) = self.tile(tile) else {
            return self.damage(path, None, "the entries do not lead to the checkpoint's root");
        };
        let differs = |(entry, hash): (&Hash, &Hash)| leaf_hash(entry.as_bytes()) != *hash;
        let wrong = entries.iter().zip(&hashes[slot..]).position(differs);
        let first = bundle.index * u64::from(FULL_WIDTH) + slot as u64;
        let what = "the entries and the tiles do not lead to the checkpoint's root";
        self.damage(path, wrong.map(|wrong| first + wrong as u64), what)
    }

    fn nodes(&self) -> impl NodeReader<Error = reading::Error> + '_ {
        let fetch = |tiles: &[Tile]| tiles.iter().map(|it| self.tile(*it)).collect();
        TileNodes { tree_size: self.target.size, height: HEIGHT, fetch }
    }

    fn tile(&self, tile: Tile) -> Result<Vec<Hash>, reading::Error> {
        if let Some(hashes) = self.tiles.borrow().get(&tile) {
            return Ok(hashes.clone());
        }
        let hashes = reading::tile(self.source, tile)?;
        // Full tiles of the lowest level are as many as there are bundles, and asked for once.
        if tile.level > 0 || !tile.is_full(HEIGHT) {
            self.tiles.borrow_mut().insert(tile, hashes.clone());
        }
        Ok(hashes)
    }
}
