//! The leaves of the tree, wherever they can still be read: they stand in three places, as hashes
//! in the lowest tiles, as entries, and as the hashes of the statements.
//!
//! Each place is a [`LeafSource`]; [`LeafSource::Agreed`] takes for every slot what two of the
//! three say, so that damage here and there in all of them does not blind the verifier. Which one
//! is right, only the checkpoint's root can tell: that is `tree`'s question.

use crate::hash::{Hash, LENGTH};
use crate::ledger::reading::{self, Error};
use crate::store;
use crate::store::source::Source;
use crate::tlog::bundle::{self, Bundle};
use crate::tlog::merkle::leaf_hash;
use crate::tlog::path::Path;
use crate::tlog::tile::Tile;

/// The bytes of one slot in a bundle of entries: a 16-bit length and a hash.
pub(crate) const ENTRY_STRIDE: usize = 2 + LENGTH;

/// Where leaves can be read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LeafSource {
    /// The tiles of the lowest level.
    Tiles,
    /// For each slot, what two of the three say; else what one of them says.
    Agreed(Place),
    /// The entry bundles.
    Entries,
    /// The statements.
    Statements,
}

/// One of the three places in which leaves stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// The tiles of the lowest level.
    Tile,
    /// The entry bundles.
    Entry,
    /// The statements.
    Statement,
}

/// All sources, the cheapest to read first.
pub(crate) const SOURCES: [LeafSource; 6] = [
    LeafSource::Tiles,
    LeafSource::Agreed(Place::Tile),
    LeafSource::Agreed(Place::Entry),
    LeafSource::Agreed(Place::Statement),
    LeafSource::Entries,
    LeafSource::Statements,
];

/// The leaves beside one bundle, or why this source does not have all of them.
pub(crate) fn leaves_of(
    store: &dyn Source,
    bundle: Bundle,
    source: LeafSource,
) -> Result<Vec<Hash>, Error> {
    match source {
        LeafSource::Tiles => reading::tile(store, tile_of(bundle)),
        LeafSource::Entries => {
            let entries = reading::entries(store, bundle)?;
            Ok(entries.iter().map(|entry| leaf_hash(entry.as_bytes())).collect())
        }
        LeafSource::Statements => {
            // A withheld one has no hash here; the root will not come out, and should not.
            let digest = |it: Option<Vec<u8>>| Hash::of(&it.unwrap_or_default());
            let statements = reading::statements(store, bundle)?;
            Ok(statements.into_iter().map(|it| leaf_hash(digest(it).as_bytes())).collect())
        }
        LeafSource::Agreed(preferred) => agreed(store, bundle, preferred),
    }
}

/// The entry in a slot of a bundle's bytes, if it is written as an entry is.
pub(crate) fn entry_in(bytes: &[u8], slot: usize) -> Option<Hash> {
    let written = bytes.get(slot * ENTRY_STRIDE..(slot + 1) * ENTRY_STRIDE)?;
    // 32 bytes have one spelling of their length.
    Hash::from_slice(written.strip_prefix(&[0, 32])?)
}

/// Passes on what only the disk can be blamed for, so that it is never called tampering.
pub(crate) fn unless_disk_failed(error: Error) -> Result<Error, store::Error> {
    match error {
        Error::Store(failed) if failed.is_outage() => Err(failed),
        other => Ok(other),
    }
}

fn agreed(store: &dyn Source, bundle: Bundle, preferred: Place) -> Result<Vec<Hash>, Error> {
    let width = usize::from(bundle.width);
    let tiles = readable(store, Path::Tile(tile_of(bundle)))?;
    let entries = readable(store, Path::Entries(bundle))?;
    let statements = readable(store, Path::Statements(bundle))?;
    let (statements, _) = bundle::parse_prefix(&statements, bundle.width);
    let leaf = |slot: usize| {
        let tile = tiles.get(slot * LENGTH..(slot + 1) * LENGTH).and_then(Hash::from_slice);
        let entry = entry_in(&entries, slot).map(|entry| leaf_hash(entry.as_bytes()));
        let statement = statements.get(slot).filter(|statement| !statement.is_empty());
        let statement = statement.map(|bytes| leaf_hash(Hash::of(bytes).as_bytes()));
        let pairs = [(tile, entry), (tile, statement), (entry, statement)];
        let agreed = pairs.into_iter().find(|(one, other)| one.is_some() && one == other);
        let alone = match preferred {
            Place::Tile => tile,
            Place::Entry => entry,
            Place::Statement => statement,
        };
        agreed.map_or(alone, |(leaf, _)| leaf).or(tile).or(entry).or(statement)
    };
    let leaves: Option<Vec<Hash>> = (0..width).map(leaf).collect();
    leaves.ok_or(Error::Missing(Path::Tile(tile_of(bundle))))
}

/// The bytes of a file, or none if they cannot be had for any reason but the disk's.
fn readable(store: &dyn Source, path: Path) -> Result<Vec<u8>, Error> {
    match reading::bytes(store, path) {
        Err(Error::Store(failed)) if failed.is_outage() => Err(Error::Store(failed)),
        read => Ok(read.unwrap_or_default()),
    }
}

fn tile_of(bundle: Bundle) -> Tile {
    Tile { level: 0, index: bundle.index, width: bundle.width }
}
