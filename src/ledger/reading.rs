//! Reading a ledger's files: tiles, entries and statements, each within its limit.
//!
//! What is read here is not authenticated: the caller compares it with a trusted checkpoint.

use crate::attribution::id::Id;
use crate::attribution::statement;
use crate::hash::{self, Hash};
use crate::store;
use crate::store::path::FilePath;
use crate::store::source::Source;
use crate::tlog::bundle::{self, Bundle};
use crate::tlog::merkle::NodeReader;
use crate::tlog::path::Path;
use crate::tlog::tile::{self, FULL_WIDTH, Tile, TileNodes};

/// The longest tile, in bytes.
const TILE_LIMIT: u64 = FULL_WIDTH as u64 * hash::LENGTH as u64;

/// The longest bundle of entries, in bytes: a 16-bit length and 32 bytes each.
const ENTRIES_LIMIT: u64 = FULL_WIDTH as u64 * (2 + hash::LENGTH as u64);

/// The longest bundle of statements, in bytes.
const STATEMENTS_LIMIT: u64 = FULL_WIDTH as u64 * (2 + statement::MAX_LENGTH as u64);

/// The longest checkpoint, in bytes: what other readers of signed notes take.
pub const CHECKPOINT_LIMIT: u64 = 1_000_000;

/// Why something that a checkpoint promises could not be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The disk.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// A file is not there.
    #[error("{0} is missing")]
    Missing(Path),
    /// A tile of the wrong length.
    #[error("{path}: {error}")]
    Tile {
        /// The tile's file.
        path: Path,
        /// What is wrong with it.
        error: tile::Error,
    },
    /// A bundle that cannot be cut into its items.
    #[error("{path}: {error}")]
    Bundle {
        /// The bundle's file.
        path: Path,
        /// What is wrong with it.
        error: bundle::Error,
    },
    /// An entry that is no hash.
    #[error("{path}: entry {entry_index} has {found} bytes, expected 32")]
    Entry {
        /// The bundle's file.
        path: Path,
        /// The entry's place in the log.
        entry_index: u64,
        /// The number of bytes found.
        found: usize,
    },
    /// A statement whose hash is not the entry that stands for it.
    #[error("{path}: the statement of entry {entry_index} has hash {found}, expected {expected}")]
    Statement {
        /// The bundle's file.
        path: Path,
        /// The entry's place in the log.
        entry_index: u64,
        /// The hash of the bytes found.
        found: Id,
        /// The id that was expected there.
        expected: Id,
    },
}

/// The bundle in which an entry stands in a tree of `tree_size` entries, and its slot.
pub fn place_of(entry_index: u64, tree_size: u64) -> (Bundle, usize) {
    assert!(entry_index < tree_size, "entry {entry_index} is outside a tree of {tree_size}");
    let width = u64::from(FULL_WIDTH);
    let (index, slot) = (entry_index / width, entry_index % width);
    let left = (tree_size - index * width).min(width);
    let width = u16::try_from(left).expect("at most a full bundle");
    (Bundle { index, width }, usize::try_from(slot).expect("less than a full bundle"))
}

/// How many bundles stand before the one of an entry.
pub(crate) fn bundles_before(entry_index: u64) -> usize {
    usize::try_from(entry_index / u64::from(FULL_WIDTH))
        .expect("bundles fit memory's address space")
}

/// The file's path as the store names it.
pub fn file(path: Path) -> FilePath {
    FilePath::parse(&path.to_string()).expect("the paths of a log are paths of the store")
}

/// The signed checkpoint as it stands, if there is one.
pub fn checkpoint(store: &dyn Source) -> Result<Option<Vec<u8>>, store::Error> {
    store.read(&FilePath::checkpoint(), CHECKPOINT_LIMIT)
}

/// The hashes of one tile, of exactly the width asked for.
pub fn tile(store: &dyn Source, tile: Tile) -> Result<Vec<Hash>, Error> {
    let path = Path::Tile(tile);
    let bytes = bytes(store, path)?;
    tile::parse(&bytes, tile.width).map_err(|error| Error::Tile { path, error })
}

/// The entries of one bundle.
pub fn entries(store: &dyn Source, bundle: Bundle) -> Result<Vec<Hash>, Error> {
    let path = Path::Entries(bundle);
    let bytes = bytes(store, path)?;
    let items = bundle::parse(&bytes, bundle.width);
    let items = items.map_err(|error| Error::Bundle { path, error })?;
    let first = bundle.index * u64::from(FULL_WIDTH);
    let entry = |(entry_index, item): (u64, &[u8])| {
        let found = item.len();
        Hash::from_slice(item).ok_or(Error::Entry { path, entry_index, found })
    };
    (first..).zip(items).map(entry).collect()
}

/// The statements of one bundle; `None` where one is withheld.
pub fn statements(store: &dyn Source, bundle: Bundle) -> Result<Vec<Option<Vec<u8>>>, Error> {
    let path = Path::Statements(bundle);
    let bytes = bytes(store, path)?;
    let items = bundle::parse(&bytes, bundle.width);
    let items = items.map_err(|error| Error::Bundle { path, error })?;
    Ok(items.into_iter().map(|item| (!item.is_empty()).then(|| item.to_vec())).collect())
}

/// One statement of a tree of `tree_size` entries; `None` if it is withheld.
pub fn statement(
    store: &dyn Source,
    entry_index: u64,
    tree_size: u64,
) -> Result<Option<Vec<u8>>, Error> {
    let (bundle, slot) = place_of(entry_index, tree_size);
    Ok(statements(store, bundle)?.swap_remove(slot))
}

/// The nodes of the tree of `tree_size` entries, from its tiles.
pub fn nodes(store: &dyn Source, tree_size: u64) -> impl NodeReader<Error = Error> + '_ {
    let fetch = move |tiles: &[Tile]| tiles.iter().map(|it| tile(store, *it)).collect();
    TileNodes { tree_size, height: tile::HEIGHT, fetch }
}

/// How often a file is looked for while somebody appends.
const ATTEMPTS: usize = 3;

/// The bytes of one file of the log as they stand, of at most what such a file may have.
///
/// A partial file may be gone once there is a wider one (C2SP tlog-tiles, "Partial Tiles"; a ledger keeps
/// one bundle of statements only): the beginning of the present one is then read in its place.
pub fn bytes(store: &dyn Source, path: Path) -> Result<Vec<u8>, Error> {
    if let Some(bytes) = read(store, path)? {
        return Ok(bytes);
    }
    for _ in 0..ATTEMPTS {
        let Some(wider) = present(store, path)?.filter(|it| it.width() > path.width()) else {
            break;
        };
        if let Some(bytes) = read(store, wider)? {
            return Ok(path.cut_from(bytes));
        }
    }
    Err(Error::Missing(path))
}

/// The file as the newest checkpoint needs it. Nothing is believed of that but where to look.
fn present(store: &dyn Source, path: Path) -> Result<Option<Path>, store::Error> {
    if path.width() == FULL_WIDTH {
        return Ok(None);
    }
    let note = checkpoint(store)?.and_then(|note| String::from_utf8(note).ok());
    let size = note.and_then(|note| note.lines().nth(1)?.parse().ok());
    Ok(size.and_then(|size| path.in_tree_of(size)))
}

fn read(store: &dyn Source, path: Path) -> Result<Option<Vec<u8>>, Error> {
    Ok(store.read(&file(path), limit(path))?)
}

/// The most bytes that a file of a log has.
pub(crate) fn limit(path: Path) -> u64 {
    match path {
        Path::Tile(_) => TILE_LIMIT,
        Path::Entries(_) => ENTRIES_LIMIT,
        Path::Statements(_) => STATEMENTS_LIMIT,
    }
}

#[cfg(test)]
mod tests {
    use super::place_of;
    use crate::tlog::bundle::Bundle;

    #[test]
    fn an_entry_stands_in_the_bundle_of_its_256() {
        assert_eq!(place_of(0, 1), (Bundle { index: 0, width: 1 }, 0));
        assert_eq!(place_of(255, 256), (Bundle { index: 0, width: 256 }, 255));
        assert_eq!(place_of(256, 257), (Bundle { index: 1, width: 1 }, 0));
        assert_eq!(place_of(3, 300), (Bundle { index: 0, width: 256 }, 3));
        assert_eq!(place_of(299, 300), (Bundle { index: 1, width: 44 }, 43));
    }
}
