//! Tiles: the hashes of a tree, cut into files that never change once they are full (C2SP
//! tlog-tiles).
//!
//! Which tiles a tree has, what must be read and written to grow it, and how nodes are found in
//! them. The height of a tile is an argument here; [`HEIGHT`] is what is written. How a tile's
//! file is named is left to `path`.
//!
//! ```text
//! hash i of tile (L, N) = root over the leaves from (N * 256 + i) * 256^L
//!                         up to, but without, (N * 256 + i + 1) * 256^L
//! ```

use std::collections::BTreeMap;

use crate::hash::{Hash, LENGTH};
use crate::tlog::merkle::{Node, NodeReader, Tree, empty_root, fold, node_hash};

/// The height of every tile that is written: 2^8 = 256 hashes in a full one.
pub const HEIGHT: u8 = 8;

/// The number of hashes in a full tile of height [`HEIGHT`], and of entries in a full bundle.
pub const FULL_WIDTH: u16 = 1 << HEIGHT;

/// One tile: `width` hashes in a row. Full if its width is 2^height, else partial.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tile {
    /// How many tiles above the leaves; leaf hashes stand in level 0.
    pub level: u8,
    /// The place among the tiles of that level, counted from 0.
    pub index: u64,
    /// The number of hashes, at least 1.
    pub width: u16,
}

impl Tile {
    /// Whether all 2^height hashes are there.
    pub fn is_full(self, height: u8) -> bool {
        self.width == full_width(height)
    }
}

/// Why a tile or the edge of a tree was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A tile's file has not the one length that its width allows.
    #[error("a tile of {width} hashes has {expected} bytes, found {found}")]
    Length {
        /// The width of the tile.
        width: u16,
        /// The number of bytes found.
        found: usize,
        /// The number of bytes that the width demands.
        expected: usize,
    },
    /// The edge is not that of the tree.
    #[error("the edge tiles have root {found}, expected {expected} of the tree of {size} leaves")]
    Edge {
        /// The root over the edge tiles.
        found: Hash,
        /// The root of the tree.
        expected: Hash,
        /// The size of the tree.
        size: u64,
    },
    /// The tree would have more leaves than can be counted.
    #[error("a tree of {size} leaves cannot take {added} more: a size has 64 bits")]
    Overflow {
        /// The size of the tree.
        size: u64,
        /// The number of new leaves.
        added: usize,
    },
}

/// What must be written for a tree to grow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Growth {
    /// The tree afterwards.
    pub tree: Tree,
    /// The tiles that are new or wider than before, each with all its hashes: what an old partial
    /// tile held stands at the beginning. Lowest level first, then by index.
    pub tiles: Vec<(Tile, Vec<Hash>)>,
    /// The full tiles among them that were partial before. Once they are durable, their partial
    /// versions may be deleted, whatever widths were published (tlog-tiles, "Partial Tiles").
    pub superseded: Vec<Tile>,
}

/// The bytes of a tile's file: its hashes, one after the other.
pub fn format(hashes: &[Hash]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| *hash.as_bytes()).collect()
}

/// Reads the file of a tile of `width` hashes.
pub fn parse(bytes: &[u8], width: u16) -> Result<Vec<Hash>, Error> {
    let (found, expected) = (bytes.len(), usize::from(width) * LENGTH);
    if found != expected {
        return Err(Error::Length { width, found, expected });
    }
    Ok(bytes.chunks_exact(LENGTH).filter_map(Hash::from_slice).collect())
}

/// Exactly the tiles of a tree, lowest level first, then by index. The last of a level may be
/// partial. Lazy, for a size read from outside may claim 2^56 tiles.
pub fn tiles_of(tree_size: u64, height: u8) -> impl Iterator<Item = Tile> {
    let levels = (0..=u64::BITS / u32::from(height)).map(narrow);
    levels.flat_map(move |level| {
        let count = hash_count(tree_size, level, height);
        let full =
            (0..count >> height).map(move |index| Tile { level, index, width: full_width(height) });
        full.chain(partial_of(tree_size, level, height))
    })
}

/// The tile at a place in a tree, with the width it has there, if there is one.
pub fn tile_at(tree_size: u64, height: u8, level: u8, index: u64) -> Option<Tile> {
    let count = hash_count(tree_size, level, height);
    let before = index.checked_mul(full_width(height).into())?;
    let left = count.checked_sub(before)?.min(full_width(height).into());
    let width = u16::try_from(left).expect("at most a full tile");
    (width > 0).then_some(Tile { level, index, width })
}

/// The tiles that must be read before the tree can grow: the partial one of each level, lowest
/// level first. They alone determine the root.
pub fn edge(tree_size: u64, height: u8) -> Vec<Tile> {
    let levels = (0..=u64::BITS / u32::from(height)).map(narrow);
    levels.filter_map(|level| partial_of(tree_size, level, height)).collect()
}

/// Grows the tree `old` by `leaf_hashes`. `edge_hashes` holds the hashes of each tile of
/// [`edge`], in that order; they are checked against the root of `old` before anything is built
/// on them.
pub fn grow(
    height: u8,
    old: &Tree,
    edge_hashes: Vec<Vec<Hash>>,
    leaf_hashes: &[Hash],
) -> Result<Growth, Error> {
    let mut partials = edge_by_level(height, old.size, edge_hashes);
    let found = root_of_edge(&partials);
    if found != old.root {
        return Err(Error::Edge { found, expected: old.root, size: old.size });
    }
    let size = u64::try_from(leaf_hashes.len())
        .ok()
        .and_then(|added| old.size.checked_add(added))
        .ok_or(Error::Overflow { size: old.size, added: leaf_hashes.len() })?;

    let (mut tiles, mut superseded) = (Vec::new(), Vec::new());
    let mut arriving = leaf_hashes.to_vec();
    let mut level = 0;
    while !arriving.is_empty() {
        let mut hashes = partials.remove(&level).unwrap_or_default();
        let was_partial = !hashes.is_empty();
        hashes.append(&mut arriving);
        let first_index = hash_count(old.size, level, height) >> height;
        for (index, row) in (first_index..).zip(hashes.chunks(full_width(height).into())) {
            let width = u16::try_from(row.len()).expect("a row is at most a full tile");
            let tile = Tile { level, index, width };
            if tile.is_full(height) {
                arriving.push(perfect_root(row));
                superseded.extend((was_partial && index == first_index).then_some(tile));
            } else {
                partials.insert(level, row.to_vec());
            }
            tiles.push((tile, row.to_vec()));
        }
        level += 1;
    }
    let tree = Tree { size, root: root_of_edge(&partials) };
    Ok(Growth { tree, tiles, superseded })
}

/// The plan of a read: which tiles of the tree hold `nodes`. In order, each once.
pub fn tiles_for(nodes: &[Node], tree_size: u64, height: u8) -> Vec<Tile> {
    let mut tiles: Vec<Tile> =
        nodes.iter().map(|node| Place::of(*node, tree_size, height).tile).collect();
    tiles.sort_unstable();
    tiles.dedup();
    tiles
}

/// Finds the nodes of a tree in its tiles.
///
/// `fetch` is asked once for all tiles that are needed, each of the width it has in this tree,
/// and answers with their hashes in the same order. Where only a wider version of a tile is left,
/// `fetch` takes the first hashes of that.
pub struct TileNodes<F> {
    /// The size of the tree; the nodes asked for must be inside it.
    pub tree_size: u64,
    /// The height of its tiles.
    pub height: u8,
    /// Where tiles come from.
    pub fetch: F,
}

impl<F, E> NodeReader for TileNodes<F>
where
    F: FnMut(&[Tile]) -> Result<Vec<Vec<Hash>>, E>,
{
    type Error = E;

    fn read_nodes(&mut self, nodes: &[Node]) -> Result<Vec<Hash>, E> {
        let tiles = tiles_for(nodes, self.tree_size, self.height);
        let contents = (self.fetch)(&tiles)?;
        assert_eq!(contents.len(), tiles.len(), "fetch answers with each tile asked for");
        for (tile, hashes) in tiles.iter().zip(&contents) {
            assert_eq!(hashes.len(), usize::from(tile.width), "fetch answers with whole tiles");
        }
        let find = |node: &Node| {
            let place = Place::of(*node, self.tree_size, self.height);
            let tile = tiles.binary_search(&place.tile).expect("planned above");
            perfect_root(&contents[tile][place.first..place.end])
        };
        Ok(nodes.iter().map(find).collect())
    }
}

/// Where a node stands: over the hashes from `first` up to, but without, `end` of a tile.
struct Place {
    tile: Tile,
    first: usize,
    end: usize,
}

impl Place {
    fn of(node: Node, tree_size: u64, height: u8) -> Self {
        let level = node.level / height;
        let inside = node.level % height;
        let first = node.index << inside;
        let tile_index = first >> height;
        let count = hash_count(tree_size, level, height);
        let offset = first - (tile_index << height);
        let end = offset + (1 << inside);
        let width = (count.saturating_sub(tile_index << height)).min(full_width(height).into());
        assert!(end <= width, "{node:?} is outside a tree of {tree_size} leaves");
        let width = u16::try_from(width).expect("at most a full tile");
        let tile = Tile { level, index: tile_index, width };
        // Both are at most the width.
        let [first, end] = [offset, end].map(|at| usize::try_from(at).expect("at most a tile"));
        Self { tile, first, end }
    }
}

/// How many hashes the tiles of a level hold together.
fn hash_count(tree_size: u64, level: u8, height: u8) -> u64 {
    tree_size.checked_shr(u32::from(level) * u32::from(height)).unwrap_or(0)
}

/// The tile of a level that is begun but not full, if there is one. An empty tile is no tile.
fn partial_of(tree_size: u64, level: u8, height: u8) -> Option<Tile> {
    let count = hash_count(tree_size, level, height);
    let index = count >> height;
    let width = u16::try_from(count - (index << height)).expect("less than a full tile");
    (width > 0).then_some(Tile { level, index, width })
}

fn full_width(height: u8) -> u16 {
    assert!((1..=HEIGHT).contains(&height), "a tile is 1 to 8 levels high");
    1 << height
}

fn edge_by_level(height: u8, size: u64, hashes: Vec<Vec<Hash>>) -> BTreeMap<u8, Vec<Hash>> {
    let tiles = edge(size, height);
    assert_eq!(hashes.len(), tiles.len(), "one row of hashes for each tile of the edge");
    let row = |(tile, hashes): (Tile, Vec<Hash>)| {
        assert_eq!(hashes.len(), usize::from(tile.width), "{tile:?} holds other hashes");
        (tile.level, hashes)
    };
    tiles.into_iter().zip(hashes).map(row).collect()
}

/// The root of a tree from its partial tiles: they hold the roots of all full subtrees that the
/// binary digits of its size list, the largest in the highest level.
fn root_of_edge(partials: &BTreeMap<u8, Vec<Hash>>) -> Hash {
    let mut roots = Vec::new();
    for hashes in partials.values().rev() {
        let mut rest = hashes.as_slice();
        while let Some(log) = rest.len().checked_ilog2() {
            let (largest, after) = rest.split_at(1 << log);
            roots.push(perfect_root(largest));
            rest = after;
        }
    }
    if roots.is_empty() { empty_root() } else { fold(&roots) }
}

/// The root over 2^n hashes.
pub(crate) fn perfect_root(hashes: &[Hash]) -> Hash {
    assert!(hashes.len().is_power_of_two(), "a full subtree has 2^n leaves");
    let mut row = hashes.to_vec();
    while row.len() > 1 {
        row = row.chunks_exact(2).map(|pair| node_hash(&pair[0], &pair[1])).collect();
    }
    row[0]
}

fn narrow(level: u32) -> u8 {
    u8::try_from(level).expect("a tree of 2^64 leaves has at most 65 levels of tiles")
}
