//! Is the tree on the disk the tree of the checkpoint? And if not, which file is to blame?
//!
//! The log's growth is replayed from each source of leaves in turn until one gives the
//! checkpoint's root: that one is right, and every file is compared with it, slot by slot. If
//! none does, the tiles are compared with one another, from the top down.

use std::collections::HashMap;

use crate::hash::{Hash, LENGTH};
use crate::ledger::reading::{self, Error, bundles_before};
use crate::store;
use crate::store::source::Source;
use crate::tlog::bundle::{Bundle, bundles_of};
use crate::tlog::merkle::{self, Tree, empty_root, leaf_hash};
use crate::tlog::path::Path;
use crate::tlog::tile::{self, FULL_WIDTH, HEIGHT, Tile};
use crate::verify::leaves::{
    ENTRY_STRIDE, LeafSource, SOURCES, entry_in, leaves_of, unless_disk_failed,
};
use crate::verify::report::{FaultKind, Report, Subject};

/// What the checkpoint vouches for: every hash of every tile, as it must be.
#[derive(Debug)]
pub(crate) struct Authority {
    source: LeafSource,
    tree_size: u64,
    /// The tiles above the lowest level, by level and index: one hash for 256 entries.
    upper: Upper,
}

impl Authority {
    /// The hashes that a tile must begin with; `None` if the file they came from is gone since.
    pub(crate) fn hashes(
        &self,
        store: &dyn Source,
        level: u8,
        index: u64,
    ) -> Result<Option<Vec<Hash>>, store::Error> {
        if level > 0 {
            return Ok(self.upper.get(&(level, index)).cloned());
        }
        let present = tile::tile_at(self.tree_size, HEIGHT, 0, index).and_then(Bundle::beside);
        let Some(bundle) = present else { return Ok(None) };
        match leaves_of(store, bundle, self.source) {
            Ok(leaves) => Ok(Some(leaves)),
            Err(error) => unless_disk_failed(error).map(|_| None),
        }
    }
}

/// The tree that a walk stands on.
#[derive(Clone, Copy)]
pub(crate) struct Ground<'a> {
    /// Where the files are.
    pub(crate) store: &'a dyn Source,
    /// What the tiles must be, if any source of leaves gave the checkpoint's root.
    pub(crate) authority: Option<&'a Authority>,
    /// The number of entries of the checkpoint.
    pub(crate) tree_size: u64,
}

impl Ground<'_> {
    /// How many entries there are at the most. Without an authority nothing shows that they are
    /// there, and a checkpoint may promise any number.
    pub(crate) fn capacity(&self) -> u64 {
        const UNPROVEN: u64 = 1 << 20;
        if self.authority.is_some() { self.tree_size } else { self.tree_size.min(UNPROVEN) }
    }

    /// The leaves of the bundle with this index; without an authority, what its entries make them.
    pub(crate) fn leaves(&self, index: u64) -> Result<Option<Vec<Hash>>, store::Error> {
        if let Some(authority) = self.authority {
            return authority.hashes(self.store, 0, index);
        }
        let present = tile::tile_at(self.tree_size, HEIGHT, 0, index).and_then(Bundle::beside);
        let Some(bundle) = present else { return Ok(None) };
        match leaves_of(self.store, bundle, LeafSource::Entries) {
            Ok(leaves) => Ok(Some(leaves)),
            Err(error) => unless_disk_failed(error).map(|_| None),
        }
    }
}

/// Checks all tiles, and says what they must be, if any source of leaves gives the checkpoint's
/// root.
pub(crate) fn check_tiles(
    store: &dyn Source,
    tree: Tree,
    report: &mut Report,
) -> Result<Option<Authority>, store::Error> {
    let Some(authority) = find_authority(store, tree)? else {
        blame_tiles(store, tree, report)?;
        return Ok(None);
    };
    for tile in tile::tiles_of(tree.size, HEIGHT) {
        match authority.hashes(store, tile.level, tile.index)? {
            Some(expected) => check_tile(store, tile, &expected, report)?,
            None => report.skip(Subject::Tiles),
        }
        if report.is_full() {
            break;
        }
    }
    Ok(Some(authority))
}

/// The tree of a checkpoint, grown from one that was verified before by what the tiles hold since
/// then; `None` if that does not give the checkpoint's root, or cannot be read. Nothing before is
/// read again but the right edge, which the root vouches for. The tiles above that grew are checked.
pub(crate) fn check_growth(
    store: &dyn Source,
    from: Tree,
    to: Tree,
    report: &mut Report,
) -> Result<Option<Authority>, store::Error> {
    let (grown, upper) = match grow_from(store, from, to.size, LeafSource::Tiles) {
        Ok(grown) => grown,
        Err(error) => return unless_disk_failed(error).map(|_| None),
    };
    if grown != to {
        return Ok(None);
    }
    for (&(level, index), hashes) in &upper {
        let present = tile::tile_at(to.size, HEIGHT, level, index);
        check_tile(store, present.expect("a tile of this tree"), hashes, report)?;
    }
    let new = bundles_of(to.size).skip(bundles_before(from.size));
    report.pass(Subject::Tiles, new.count() as u64);
    Ok(Some(Authority { source: LeafSource::Tiles, tree_size: to.size, upper }))
}

/// What an earlier tree grows to by the leaves of a source, and all tiles above the lowest level that
/// grow. The right edge of the earlier tree is taken from the tiles of the later one.
fn grow_from(
    store: &dyn Source,
    from: Tree,
    to: u64,
    source: LeafSource,
) -> Result<(Tree, Upper), Error> {
    let mut edge: Vec<(Tile, Vec<Hash>)> = Vec::new();
    for tile in tile::edge(from.size, HEIGHT) {
        let present = tile::tile_at(to, HEIGHT, tile.level, tile.index);
        let mut hashes = reading::tile(store, present.expect("a tile of a larger tree"))?;
        hashes.truncate(tile.width.into());
        edge.push((tile, hashes));
    }
    let mut growing = Growing { tree: from, edge, upper: Upper::new() };
    for bundle in bundles_of(to).skip(bundles_before(from.size)) {
        let leaves = leaves_of(store, bundle, source)?;
        let known = growing.tree.size - bundle.index * u64::from(FULL_WIDTH);
        let known = usize::try_from(known).expect("less than a bundle");
        let grown = growing.grow(leaves.get(known..).unwrap_or_default());
        let path = Path::Tile(Tile { level: 0, index: bundle.index, width: bundle.width });
        grown.map_err(|error| Error::Tile { path, error })?;
    }
    Ok((growing.tree, growing.upper))
}

/// Checks one tile, hash by hash. `expected` may go on beyond a tile that an earlier checkpoint
/// needed.
pub(crate) fn check_tile(
    store: &dyn Source,
    tile: Tile,
    expected: &[Hash],
    report: &mut Report,
) -> Result<(), store::Error> {
    let path = Path::Tile(tile);
    let Some(bytes) = bytes_or_fault(store, path, Subject::Tiles, report)? else { return Ok(()) };
    let mut right = true;
    for (slot, expected) in expected.iter().take(tile.width.into()).enumerate() {
        // In the lowest level a hash stands for one entry, higher up for many.
        let entry = (tile.level == 0).then(|| entry_index(tile.index, slot));
        let found = bytes.get(slot * LENGTH..(slot + 1) * LENGTH).and_then(Hash::from_slice);
        let Some(found) = found else {
            let what = ends_after(bytes.len(), usize::from(tile.width) * LENGTH);
            report.fault(FaultKind::Incomplete, Subject::Tiles, (path, entry), what);
            return Ok(());
        };
        if found != *expected {
            right = false;
            let what = format!("hash {slot} is {found}, expected {expected}");
            report.fault(FaultKind::Tampered, Subject::Tiles, (path, entry), what);
        }
    }
    right &= !trails(&bytes, usize::from(tile.width) * LENGTH, path, Subject::Tiles, report);
    if right {
        report.pass(Subject::Tiles, 1);
    }
    Ok(())
}

/// Checks the entries of a bundle against the leaves, which may go on beyond a bundle that an
/// earlier checkpoint needed. Returns each entry that can be read, right or not.
pub(crate) fn check_entries(
    store: &dyn Source,
    bundle: Bundle,
    leaves: Option<&[Hash]>,
    report: &mut Report,
) -> Result<Vec<Option<Hash>>, store::Error> {
    let path = Path::Entries(bundle);
    let width = usize::from(bundle.width);
    let Some(bytes) = bytes_or_fault(store, path, Subject::Entries, report)? else {
        return Ok(vec![None; width]);
    };
    let mut entries = Vec::with_capacity(width);
    for slot in 0..width {
        let place = (path, Some(entry_index(bundle.index, slot)));
        if bytes.len() < (slot + 1) * ENTRY_STRIDE {
            let what = ends_after(bytes.len(), width * ENTRY_STRIDE);
            report.fault(FaultKind::Incomplete, Subject::Entries, place, what);
            break;
        }
        let entry = entry_in(&bytes, slot);
        entries.push(entry);
        match (entry, leaves.map(|leaves| leaves[slot])) {
            (None, _) => {
                let what = "the slot does not hold 32 bytes";
                report.fault(FaultKind::Tampered, Subject::Entries, place, what);
            }
            (Some(entry), Some(leaf)) if leaf_hash(entry.as_bytes()) != leaf => {
                let what = format!("the entry {entry} is not the one in the tree");
                report.fault(FaultKind::Tampered, Subject::Entries, place, what);
            }
            (Some(_), Some(_)) => report.pass(Subject::Entries, 1),
            (Some(_), None) => report.skip(Subject::Entries),
        }
    }
    entries.resize(width, None);
    trails(&bytes, width * ENTRY_STRIDE, path, Subject::Entries, report);
    Ok(entries)
}

/// The place in the log of a slot of a bundle, or of a tile of the lowest level.
pub(crate) fn entry_index(index: u64, slot: usize) -> u64 {
    index * u64::from(FULL_WIDTH) + slot as u64
}

/// The bytes of a file, or a fault that says why there are none.
pub(crate) fn bytes_or_fault(
    store: &dyn Source,
    path: Path,
    subject: Subject,
    report: &mut Report,
) -> Result<Option<Vec<u8>>, store::Error> {
    let (kind, what) = match reading::bytes(store, path) {
        Ok(bytes) => return Ok(Some(bytes)),
        Err(error) => match unless_disk_failed(error)? {
            Error::Missing(_) => (FaultKind::Incomplete, "the file is missing".to_owned()),
            other => (FaultKind::Tampered, other.to_string()),
        },
    };
    report.fault(kind, subject, (path, None), what);
    Ok(None)
}

/// Grows a tree from each source until one has the checkpoint's root.
fn find_authority(store: &dyn Source, tree: Tree) -> Result<Option<Authority>, store::Error> {
    for source in SOURCES {
        let nothing = Tree { size: 0, root: empty_root() };
        match grow_from(store, nothing, tree.size, source) {
            Ok((replayed, upper)) if replayed == tree => {
                return Ok(Some(Authority { source, tree_size: tree.size, upper }));
            }
            Ok(_) => {}
            // A source that cannot be read is no authority; what is wrong with it is said later.
            Err(error) => drop(unless_disk_failed(error)?),
        }
    }
    Ok(None)
}

/// Tiles above the lowest level, by level and index.
type Upper = HashMap<(u8, u64), Vec<Hash>>;

/// A tree that grows bundle by bundle.
struct Growing {
    tree: Tree,
    /// The tiles of its right edge.
    edge: Vec<(Tile, Vec<Hash>)>,
    /// The tiles above the lowest level that grew.
    upper: Upper,
}

impl Growing {
    fn grow(&mut self, leaves: &[Hash]) -> Result<(), tile::Error> {
        let hashes = self.edge.iter().map(|(_, hashes)| hashes.clone()).collect();
        let grown = tile::grow(HEIGHT, &self.tree, hashes, leaves)?;
        self.tree = grown.tree;
        let above = grown.tiles.iter().filter(|(tile, _)| tile.level > 0);
        self.upper.extend(above.map(|(tile, hashes)| ((tile.level, tile.index), hashes.clone())));
        self.edge.extend(grown.tiles);
        let now = tile::edge(self.tree.size, HEIGHT);
        self.edge.retain(|(tile, _)| now.contains(tile));
        self.edge.sort();
        self.edge.dedup();
        Ok(())
    }
}

/// When no leaves lead to the root: which tiles do not hold together? A full tile must have the
/// root that the tile above it says; those without a tile above make up the checkpoint's root.
fn blame_tiles(store: &dyn Source, tree: Tree, report: &mut Report) -> Result<(), store::Error> {
    let mut blamed = false;
    for tile in tile::tiles_of(tree.size, HEIGHT) {
        let path = Path::Tile(tile);
        let Some(bytes) = bytes_or_fault(store, path, Subject::Tiles, report)? else {
            blamed = true;
            // A checkpoint may promise more tiles than anybody has the patience to miss.
            if report.is_full() {
                return Ok(());
            }
            continue;
        };
        let fault = match tile::parse(&bytes, tile.width) {
            Err(error @ tile::Error::Length { found, expected, .. }) if found < expected => {
                Some((FaultKind::Incomplete, error.to_string()))
            }
            Err(error) => Some((FaultKind::Tampered, error.to_string())),
            Ok(hashes) => disagreement(store, tree.size, tile, &hashes)?,
        };
        if let Some((kind, what)) = fault {
            blamed = true;
            report.fault(kind, Subject::Tiles, (path, None), what);
        }
    }
    let edge = merkle::root(tree.size, &mut reading::nodes(store, tree.size));
    let holds = match edge {
        Ok(root) => root == tree.root,
        Err(error) => unless_disk_failed(error).map(|_| false)?,
    };
    if !holds || !blamed {
        let what = "no copy of the leaves (tiles, entries, statements) leads to its root";
        report.fault(FaultKind::Tampered, Subject::Tiles, ("checkpoint", None), what);
    }
    Ok(())
}

/// How a full tile differs from what the tile above it says, if it does.
fn disagreement(
    store: &dyn Source,
    tree_size: u64,
    tile: Tile,
    hashes: &[Hash],
) -> Result<Option<(FaultKind, String)>, store::Error> {
    if !tile.is_full(HEIGHT) {
        return Ok(None);
    }
    let width = u64::from(FULL_WIDTH);
    let above = tile::tile_at(tree_size, HEIGHT, tile.level + 1, tile.index / width);
    let above = above.expect("a full tile has a hash in the tile above it");
    let slot = usize::try_from(tile.index % width).expect("less than a tile");
    match reading::tile(store, above) {
        Ok(parents) if parents[slot] != tile::perfect_root(hashes) => {
            let (found, path) = (tile::perfect_root(hashes), Path::Tile(above));
            let what =
                format!("its root is {found}, but hash {slot} of {path} is {}", parents[slot]);
            Ok(Some((FaultKind::Tampered, what)))
        }
        Ok(_) => Ok(None),
        Err(error) => unless_disk_failed(error).map(|_| None),
    }
}

fn ends_after(found: usize, expected: usize) -> String {
    format!("the file ends after {found} of {expected} bytes")
}

fn trails(
    bytes: &[u8],
    expected: usize,
    path: Path,
    subject: Subject,
    report: &mut Report,
) -> bool {
    let more = bytes.len().saturating_sub(expected);
    if more > 0 {
        let what = format!("{more} bytes follow the {expected} that belong there");
        report.fault(FaultKind::Tampered, subject, (path, None), what);
    }
    more > 0
}
