//! The Merkle tree of a log: its hashes, its proofs, and how both are checked (RFC 6962 section
//! 2.1, RFC 9162 section 2.1).
//!
//! Where the hashes of a tree are kept is left to a [`NodeReader`]; `tile` has one.

use crate::hash::Hash;

/// A tree as a checkpoint commits to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tree {
    /// The number of leaves.
    pub size: u64,
    /// The Merkle tree hash of all leaves, in order.
    pub root: Hash,
}

/// A leaf, and where it is said to stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leaf {
    /// The place of the leaf in the tree, counted from 0.
    pub index: u64,
    /// The leaf hash of the entry, see [`leaf_hash`].
    pub hash: Hash,
}

/// Which leaf of which tree is to be proven.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// The place of the leaf in the tree, counted from 0.
    pub leaf_index: u64,
    /// The number of leaves of the tree.
    pub tree_size: u64,
}

/// Which two trees are to be shown to be one log at two times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    /// The size of the earlier tree.
    pub old: u64,
    /// The size of the later tree.
    pub new: u64,
}

/// The hashes that lead from a leaf up to the root, the leaf's sibling first. RFC 6962 section
/// 2.1.1 calls this a "Merkle audit path".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inclusion(pub Vec<Hash>);

/// The hashes that show one tree to be the beginning of another, lowest first (RFC 6962 section
/// 2.1.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consistency(pub Vec<Hash>);

/// The hashes that give both the root of a tree and the root of its first leaves, lowest first: a
/// consistency proof from which the first hash is never left out, so that it tells by itself
/// which root the first leaves have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prefix(pub Vec<Hash>);

/// The root of a full subtree: of the leaves from `index * 2^level` up to, but without,
/// `(index + 1) * 2^level`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Node {
    /// How many levels above the leaves; a leaf has level 0.
    pub level: u8,
    /// The place among the nodes of that level, counted from 0.
    pub index: u64,
}

/// A place where the hashes of nodes can be looked up.
///
/// Everything that a computation needs is asked for in one call. The answer holds one hash for
/// each node asked for, in the same order. What is read is not authenticated by the reader: a
/// proof made from it is to be checked against a trusted root before it is handed out.
pub trait NodeReader {
    /// Why hashes could not be read.
    type Error;

    /// Looks up the hashes of `nodes`.
    fn read_nodes(&mut self, nodes: &[Node]) -> Result<Vec<Hash>, Self::Error>;
}

/// Why a proof was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The leaf is not inside the tree.
    #[error("leaf {leaf_index} is outside a tree of {tree_size} leaves")]
    Outside {
        /// Where the leaf was said to stand.
        leaf_index: u64,
        /// The size of the tree.
        tree_size: u64,
    },
    /// The later tree is smaller than the earlier one.
    #[error("the tree shrank from {old} to {new} leaves")]
    Shrunk {
        /// The size of the earlier tree.
        old: u64,
        /// The size of the later tree.
        new: u64,
    },
    /// The path has not the one length that the sizes allow.
    #[error("the proof has {found} hashes, expected {expected}")]
    Length {
        /// The number of hashes in the proof.
        found: usize,
        /// The number that the sizes demand.
        expected: usize,
    },
    /// The proof leads to another root than the tree's.
    #[error("the proof leads to root {found}, expected {expected} of the tree of {size} leaves")]
    Root {
        /// The root that the proof leads to.
        found: Hash,
        /// The root of the tree.
        expected: Hash,
        /// The size of that tree.
        size: u64,
    },
}

/// The hash of a tree without leaves.
pub fn empty_root() -> Hash {
    Hash::of(b"")
}

/// The hash of a leaf that holds `entry`.
pub fn leaf_hash(entry: &[u8]) -> Hash {
    Hash::of_parts(&[&[0], entry])
}

/// The hash of a node over its two children.
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    Hash::of_parts(&[&[1], left.as_bytes(), right.as_bytes()])
}

/// Checks that `leaf` stands in `tree`.
pub fn verify_inclusion(leaf: &Leaf, tree: &Tree, proof: &Inclusion) -> Result<(), Error> {
    let position = Position { leaf_index: leaf.index, tree_size: tree.size };
    expect_root(implied_root(&leaf.hash, position, proof)?, tree)
}

/// The root of the tree in which `leaf_hash` stands at `position`, if `proof` is right.
///
/// This proves nothing until the root is compared with a trusted one, or its signature checked.
pub fn implied_root(
    leaf_hash: &Hash,
    position: Position,
    proof: &Inclusion,
) -> Result<Hash, Error> {
    let Position { leaf_index, tree_size } = position;
    if leaf_index >= tree_size {
        return Err(Error::Outside { leaf_index, tree_size });
    }
    let climb = Climb::new(leaf_index, tree_size);
    expect_length(&proof.0, climb.inner + climb.border)?;
    let (inner, border) = proof.0.split_at(climb.inner);
    Ok(climb_border(climb_inner(*leaf_hash, inner, leaf_index), border))
}

/// Checks that `old` is the beginning of `new`.
///
/// The empty tree is the beginning of every tree, and its proof is empty.
pub fn verify_consistency(old: &Tree, new: &Tree, proof: &Consistency) -> Result<(), Error> {
    let hashes = &proof.0;
    if old.size > new.size {
        return Err(Error::Shrunk { old: old.size, new: new.size });
    }
    if old.size == 0 {
        expect_length(hashes, 0)?;
        expect_root(empty_root(), old)?;
        return if new.size == 0 { expect_root(empty_root(), new) } else { Ok(()) };
    }
    if old.size == new.size {
        expect_length(hashes, 0)?;
        return expect_root(old.root, new);
    }
    let sizes = Sizes { old: old.size, new: new.size };
    // If the last full subtree of the old tree is the whole old tree, its root is known and the
    // proof leaves it out.
    let whole = old.size.is_power_of_two();
    expect_length(hashes, prefix_length(sizes) - usize::from(whole))?;
    let (seed, path) = if whole { (old.root, &hashes[..]) } else { (hashes[0], &hashes[1..]) };
    let (old_root, new_root) = climb_both(sizes, seed, path);
    expect_root(old_root, old)?;
    expect_root(new_root, new)
}

/// The roots of the first `old` leaves and of all `new` leaves of one tree, by these hashes. The
/// sizes must rise, from at least 1.
///
/// This proves nothing until the second root is compared with a trusted one. If it is the same,
/// then so is the first the root of the first leaves of that tree, whatever anybody says of it.
pub fn implied_roots(sizes: Sizes, prefix: &Prefix) -> Result<(Hash, Hash), Error> {
    assert!((1..sizes.new).contains(&sizes.old), "{sizes:?} do not rise from 1");
    expect_length(&prefix.0, prefix_length(sizes))?;
    Ok(climb_both(sizes, prefix.0[0], &prefix.0[1..]))
}

/// The root of the tree of the first `tree_size` leaves.
pub fn root<R: NodeReader>(tree_size: u64, reader: &mut R) -> Result<Hash, R::Error> {
    if tree_size == 0 {
        return Ok(empty_root());
    }
    let roots = read_stretches(&[Stretch { start: 0, end: tree_size }], reader)?;
    Ok(roots[0])
}

/// Proves that a leaf stands in a tree. The leaf must be inside the tree.
pub fn prove_inclusion<R: NodeReader>(
    position: Position,
    reader: &mut R,
) -> Result<Inclusion, R::Error> {
    let plan = inclusion_stretches(position);
    Ok(Inclusion(read_stretches(&plan, reader)?))
}

/// Proves that a tree is the beginning of another. The sizes must not shrink.
pub fn prove_consistency<R: NodeReader>(
    sizes: Sizes,
    reader: &mut R,
) -> Result<Consistency, R::Error> {
    let plan = consistency_stretches(sizes);
    Ok(Consistency(read_stretches(&plan, reader)?))
}

/// The hashes that give the root of a tree, and the root of its first `old` leaves. The sizes must
/// rise, from at least 1.
pub fn prove_prefix<R: NodeReader>(sizes: Sizes, reader: &mut R) -> Result<Prefix, R::Error> {
    assert!((1..sizes.new).contains(&sizes.old), "{sizes:?} do not rise from 1");
    let mut plan = consistency_stretches(sizes);
    if sizes.old.is_power_of_two() {
        plan.insert(0, Stretch { start: 0, end: sizes.old });
    }
    Ok(Prefix(read_stretches(&plan, reader)?))
}

/// The root over adjacent full subtrees that get smaller from left to right, as the binary
/// digits of a size list them. There must be at least one.
pub(crate) fn fold(roots: &[Hash]) -> Hash {
    let (last, before) = roots.split_last().expect("a tree of no subtrees has no such root");
    before.iter().rev().fold(*last, |right, left| node_hash(left, &right))
}

/// The shape of the way from a leaf up to the root. Below `inner` levels the way may turn both
/// ways; above them it is the right border of the tree, where every sibling is on the left.
struct Climb {
    inner: usize,
    border: usize,
}

impl Climb {
    fn new(leaf_index: u64, tree_size: u64) -> Self {
        // Up to the highest bit in which the leaf and the last leaf differ, the ways differ.
        let inner = u64::BITS - (leaf_index ^ (tree_size - 1)).leading_zeros();
        let border = leaf_index.checked_shr(inner).unwrap_or(0).count_ones();
        Self { inner: inner as usize, border: border as usize }
    }
}

/// The number of hashes in a [`Prefix`].
fn prefix_length(sizes: Sizes) -> usize {
    let climb = Climb::new(sizes.old - 1, sizes.new);
    1 + climb.inner - sizes.old.trailing_zeros() as usize + climb.border
}

/// The old root and the new one. The climb begins at the root of the last full subtree of the old
/// tree.
fn climb_both(sizes: Sizes, seed: Hash, path: &[Hash]) -> (Hash, Hash) {
    let level = sizes.old.trailing_zeros() as usize;
    let (inner, border) = path.split_at(Climb::new(sizes.old - 1, sizes.new).inner - level);
    let index = (sizes.old - 1) >> level;
    let old_root = climb_border(climb_inner_right(seed, inner, index), border);
    (old_root, climb_border(climb_inner(seed, inner, index), border))
}

fn climb_inner(seed: Hash, path: &[Hash], index: u64) -> Hash {
    path.iter().zip(0..).fold(seed, |hash, (sibling, level)| {
        if is_right_child(index, level) {
            node_hash(sibling, &hash)
        } else {
            node_hash(&hash, sibling)
        }
    })
}

/// As [`climb_inner`], but in the old tree, which ends here: it has no siblings on the right.
fn climb_inner_right(seed: Hash, path: &[Hash], index: u64) -> Hash {
    path.iter().zip(0..).fold(seed, |hash, (sibling, level)| {
        if is_right_child(index, level) { node_hash(sibling, &hash) } else { hash }
    })
}

fn climb_border(seed: Hash, path: &[Hash]) -> Hash {
    path.iter().fold(seed, |hash, sibling| node_hash(sibling, &hash))
}

fn is_right_child(index: u64, level: u32) -> bool {
    index.checked_shr(level).unwrap_or(0) & 1 == 1
}

fn expect_length(proof: &[Hash], expected: usize) -> Result<(), Error> {
    let found = proof.len();
    if found == expected { Ok(()) } else { Err(Error::Length { found, expected }) }
}

fn expect_root(found: Hash, tree: &Tree) -> Result<(), Error> {
    let (expected, size) = (tree.root, tree.size);
    if found == expected { Ok(()) } else { Err(Error::Root { found, expected, size }) }
}

/// The leaves from `start` up to, but without, `end`. Every stretch in a plan is a subtree of
/// RFC 6962, so `start` is a multiple of a power of two that the length does not exceed.
#[derive(Clone, Copy)]
struct Stretch {
    start: u64,
    end: u64,
}

impl Stretch {
    /// The full subtrees that it is made of, largest and leftmost first.
    fn nodes(mut self) -> impl Iterator<Item = Node> {
        std::iter::from_fn(move || {
            let level = (self.end - self.start).checked_ilog2()?;
            assert!(self.start.trailing_zeros() >= level, "the stretch is no subtree");
            let node = Node { level: narrow(level), index: self.start >> level };
            self.start += 1 << level;
            Some(node)
        })
    }

    /// RFC 6962's k: where the stretch splits, at the largest power of two below its length.
    fn split(self) -> u64 {
        self.start + (1 << (self.end - self.start - 1).ilog2())
    }
}

/// PATH(m, D[n]) of RFC 6962 section 2.1.1, without the hashing.
fn inclusion_stretches(position: Position) -> Vec<Stretch> {
    let Position { leaf_index, tree_size } = position;
    assert!(leaf_index < tree_size, "leaf {leaf_index} is outside a tree of {tree_size} leaves");
    let mut rest = Stretch { start: 0, end: tree_size };
    let mut from_the_root = Vec::new();
    while rest.end - rest.start > 1 {
        let middle = rest.split();
        let (left, right) = cut(rest, middle);
        let (inside, beside) = if leaf_index < middle { (left, right) } else { (right, left) };
        from_the_root.push(beside);
        rest = inside;
    }
    from_the_root.reverse();
    from_the_root
}

/// PROOF(m, D[n]) of RFC 6962 section 2.1.2, without the hashing.
fn consistency_stretches(sizes: Sizes) -> Vec<Stretch> {
    let Sizes { old, new } = sizes;
    assert!(old <= new, "a tree of {new} leaves does not begin with {old}");
    if old == 0 || old == new {
        return Vec::new();
    }
    let mut rest = Stretch { start: 0, end: new };
    let mut from_the_root = Vec::new();
    while rest.end != old {
        let middle = rest.split();
        let (left, right) = cut(rest, middle);
        let (inside, beside) = if old <= middle { (left, right) } else { (right, left) };
        from_the_root.push(beside);
        rest = inside;
    }
    // Where the rest is the whole old tree, the verifier knows its root.
    if rest.start != 0 {
        from_the_root.push(rest);
    }
    from_the_root.reverse();
    from_the_root
}

fn cut(stretch: Stretch, middle: u64) -> (Stretch, Stretch) {
    (Stretch { end: middle, ..stretch }, Stretch { start: middle, ..stretch })
}

/// Reads all nodes of a plan at once, and hashes each stretch together.
fn read_stretches<R: NodeReader>(plan: &[Stretch], reader: &mut R) -> Result<Vec<Hash>, R::Error> {
    let groups: Vec<Vec<Node>> = plan.iter().map(|stretch| stretch.nodes().collect()).collect();
    let nodes = groups.concat();
    if nodes.is_empty() {
        return Ok(Vec::new());
    }
    let hashes = reader.read_nodes(&nodes)?;
    assert_eq!(hashes.len(), nodes.len(), "a reader answers with one hash for each node");
    let mut rest = hashes.as_slice();
    let mut fold_next = |group: &Vec<Node>| {
        let (own, after) = rest.split_at(group.len());
        rest = after;
        fold(own)
    };
    Ok(groups.iter().map(&mut fold_next).collect())
}

fn narrow(level: u32) -> u8 {
    u8::try_from(level).expect("a u64 has 64 bits")
}
