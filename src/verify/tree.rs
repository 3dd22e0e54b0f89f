//! Is the tree on the disk the tree of the checkpoint? And if not, which file is to blame?
//!
//! The leaves stand in three places: as hashes in the lowest tiles, as entries, and as the hashes
//! of the statements. The log's growth is replayed from each in turn until one gives the
//! checkpoint's root: that one is right, and every other file is compared with it, slot by slot.
//! If none does, they are compared with one another.

use crate::hash::Hash;
use crate::ledger::reading::{self, Error};
use crate::store::Store;
use crate::store::disk::Disk;
use crate::tlog::bundle::{Bundle, bundles_of};
use crate::tlog::merkle::{Tree, empty_root, leaf_hash};
use crate::tlog::path::Path;
use crate::tlog::tile::{self, FULL_WIDTH, HEIGHT, Tile};
use crate::verify::report::{FaultKind, Report, Subject};

/// Where leaves can be read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// The tiles of the lowest level.
    Tiles,
    /// The entry bundles.
    Entries,
    /// The statements.
    Statements,
}

/// The fault that a failure to read amounts to.
pub(crate) fn kind_of(error: &Error) -> FaultKind {
    match error {
        Error::Missing(_) => FaultKind::Incomplete,
        Error::Tile { error: tile::Error::Length { found, expected, .. }, .. }
            if found < expected =>
        {
            FaultKind::Incomplete
        }
        Error::Bundle { error: crate::tlog::bundle::Error::TooShort { .. }, .. } => {
            FaultKind::Incomplete
        }
        _ => FaultKind::Tampered,
    }
}

/// Checks all tiles, and says which source of leaves gives the checkpoint's root, if any.
pub(crate) fn check_tiles<D: Disk>(
    store: &Store<D>,
    tree: Tree,
    report: &mut Report,
) -> Option<Source> {
    let sources = [Source::Tiles, Source::Entries, Source::Statements];
    let authority = sources.into_iter().find(|source| {
        // A source that cannot be read is no authority; what is wrong with it is said below.
        replay(store, tree.size, *source, |_, _| ()).is_ok_and(|replayed| replayed == tree)
    });
    let Some(source) = authority else {
        let what = "no copy of the leaves (tiles, entries, statements) leads to its root";
        report.fault(FaultKind::Tampered, Subject::Tiles, ("checkpoint", None), what);
        for tile in tile::tiles_of(tree.size, HEIGHT) {
            if let Err(error) = reading::tile(store, tile) {
                let place = (Path::Tile(tile), None);
                report.fault(kind_of(&error), Subject::Tiles, place, message(&error));
            }
        }
        return None;
    };
    let compare = |tile: Tile, expected: &[Hash]| {
        // A tile that is partial along the way is no file of this tree.
        if tile::tile_at(tree.size, HEIGHT, tile.level, tile.index) == Some(tile) {
            compare_tile(store, tile, expected, report);
        }
    };
    replay(store, tree.size, source, compare).expect("the authority was read a moment ago");
    Some(source)
}

/// Checks the entries against the leaves; `leaves` come from the authority.
pub(crate) fn check_entries<D: Disk>(
    store: &Store<D>,
    bundle: Bundle,
    leaves: Option<&[Hash]>,
    report: &mut Report,
) -> Option<Vec<Hash>> {
    let path = Path::Entries(bundle);
    let entries = match reading::entries(store, bundle) {
        Ok(entries) => entries,
        Err(error) => {
            let entry = first_damaged(&error, bundle);
            let place = (path, entry);
            report.fault(kind_of(&error), Subject::Entries, place, message(&error));
            return None;
        }
    };
    let first = bundle.index * u64::from(FULL_WIDTH);
    for (slot, entry) in entries.iter().enumerate() {
        let found = leaf_hash(entry.as_bytes());
        match leaves.map(|leaves| leaves[slot]) {
            Some(expected) if expected != found => {
                let what = format!("the entry {entry} is not the one in the tree");
                let place = (path, Some(first + slot as u64));
                report.fault(FaultKind::Tampered, Subject::Entries, place, what);
            }
            Some(_) => report.pass(Subject::Entries, 1),
            None => report.skip(Subject::Entries),
        }
    }
    Some(entries)
}

/// Checks a tile that an earlier checkpoint published: its hashes begin the present tile.
pub(crate) fn check_older_tile<D: Disk>(
    store: &Store<D>,
    tile: Tile,
    tree_size: u64,
    report: &mut Report,
) {
    let present = tile::tile_at(tree_size, HEIGHT, tile.level, tile.index);
    let now = present.and_then(|present| reading::tile(store, present).ok());
    let before = reading::tile(store, tile);
    let same = matches!((&now, &before), (Some(now), Ok(before)) if now.starts_with(before));
    older(Path::Tile(tile), Subject::Tiles, same, report);
}

/// Checks a bundle of entries that an earlier checkpoint published.
pub(crate) fn check_older_entries<D: Disk>(
    store: &Store<D>,
    bundle: Bundle,
    tree_size: u64,
    report: &mut Report,
) {
    let present = tile::tile_at(tree_size, HEIGHT, 0, bundle.index).and_then(Bundle::beside);
    let now = present.and_then(|present| reading::entries(store, present).ok());
    let before = reading::entries(store, bundle);
    let same = matches!((&now, &before), (Some(now), Ok(before)) if now.starts_with(before));
    older(Path::Entries(bundle), Subject::Entries, same, report);
}

fn older(path: Path, subject: Subject, same: bool, report: &mut Report) {
    if same {
        report.pass(subject, 1);
    } else {
        let what = "it is of an earlier checkpoint, but is not the beginning of the file of now";
        report.fault(FaultKind::Tampered, subject, (path, None), what);
    }
}

/// The leaves beside one bundle, from the source that gives the right root.
pub(crate) fn leaves_of<D: Disk>(
    store: &Store<D>,
    bundle: Bundle,
    source: Source,
) -> Result<Vec<Hash>, Error> {
    let hashed = |entry: &Hash| leaf_hash(entry.as_bytes());
    match source {
        Source::Tiles => {
            reading::tile(store, Tile { level: 0, index: bundle.index, width: bundle.width })
        }
        Source::Entries => Ok(reading::entries(store, bundle)?.iter().map(hashed).collect()),
        Source::Statements => {
            let statements = reading::statements(store, bundle)?;
            // A withheld one has no hash here; the root will not come out, and should not.
            let digest = |it: Option<Vec<u8>>| hashed(&Hash::of(&it.unwrap_or_default()));
            Ok(statements.into_iter().map(digest).collect())
        }
    }
}

/// What a failure to read says, without the path that the fault names anyway.
pub(crate) fn message(error: &Error) -> String {
    match error {
        Error::Missing(_) => "the file is missing".to_owned(),
        Error::Tile { error, .. } => error.to_string(),
        Error::Bundle { error, .. } => error.to_string(),
        other => other.to_string(),
    }
}

/// The entry at which a bundle stops making sense, where the error names one.
pub(crate) fn first_damaged(error: &Error, bundle: Bundle) -> Option<u64> {
    use crate::tlog::bundle::Error as BundleError;
    match error {
        Error::Entry { entry_index, .. } | Error::Statement { entry_index, .. } => {
            Some(*entry_index)
        }
        Error::Bundle {
            error: BundleError::TooShort { slot, .. } | BundleError::TooLong { slot, .. },
            ..
        } => Some(bundle.index * u64::from(FULL_WIDTH) + *slot as u64),
        _ => None,
    }
}

/// Grows a tree from nothing, one bundle at a time, and shows each tile it produces.
fn replay<D: Disk>(
    store: &Store<D>,
    tree_size: u64,
    source: Source,
    mut see: impl FnMut(Tile, &[Hash]),
) -> Result<Tree, Error> {
    let mut tree = Tree { size: 0, root: empty_root() };
    let mut edge: Vec<(Tile, Vec<Hash>)> = Vec::new();
    for bundle in bundles_of(tree_size) {
        let leaves = leaves_of(store, bundle, source)?;
        let hashes = edge.iter().map(|(_, hashes)| hashes.clone()).collect();
        let grown = tile::grow(HEIGHT, &tree, hashes, &leaves);
        let grown = grown.expect("the edge is the one that the last step left");
        tree = grown.tree;
        for (tile, hashes) in &grown.tiles {
            see(*tile, hashes);
        }
        edge.extend(grown.tiles);
        let now = tile::edge(tree.size, HEIGHT);
        edge.retain(|(tile, _)| now.contains(tile));
        edge.sort();
        edge.dedup();
    }
    Ok(tree)
}

fn compare_tile<D: Disk>(store: &Store<D>, tile: Tile, expected: &[Hash], report: &mut Report) {
    let path = Path::Tile(tile);
    let found = match reading::tile(store, tile) {
        Ok(found) => found,
        Err(error) => {
            report.fault(kind_of(&error), Subject::Tiles, (path, None), message(&error));
            return;
        }
    };
    let wrong = found.iter().zip(expected).position(|(found, expected)| found != expected);
    let Some(place) = wrong else { return report.pass(Subject::Tiles, 1) };
    // In the lowest level a hash stands for one entry, higher up for many.
    let first = tile.index * u64::from(FULL_WIDTH) + place as u64;
    let entry = (tile.level == 0).then_some(first);
    let what = format!("hash {place} is {}, expected {}", found[place], expected[place]);
    report.fault(FaultKind::Tampered, Subject::Tiles, (path, entry), what);
}
