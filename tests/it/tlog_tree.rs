//! Trees, tiles and proofs: exhaustive in the small against the words of RFC 6962, and against
//! other people's vectors and code.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::convert::Infallible;
use std::path::Path;

use serde::Deserialize;
use tlog_tiles::tlog as go;
use whosaid::hash::Hash;
use whosaid::tlog::merkle::{
    Consistency, Error, Inclusion, Leaf, Node, NodeReader, Position, Sizes, Tree, empty_root,
    leaf_hash, node_hash, prove_consistency, prove_inclusion, root, verify_consistency,
    verify_inclusion,
};
use whosaid::tlog::tile::{self, Growth, Tile, TileNodes, edge, grow, tiles_for, tiles_of};

/// Low, so that 130 leaves already make four levels of tiles.
const HEIGHT: u8 = 2;
const LARGEST: usize = 130;

/// RFC 6962 section 2.1 as it is written, on leaf hashes, slow and plain: the oracle.
#[derive(Default)]
struct Oracle {
    leaves: Vec<Hash>,
    known: RefCell<HashMap<(usize, usize), Hash>>,
}

impl Oracle {
    fn new(count: usize) -> Self {
        let leaves = (0..count).map(|i| leaf_hash(format!("claim-{i}").as_bytes())).collect();
        Self { leaves, ..Self::default() }
    }

    fn mth(&self, start: usize, end: usize) -> Hash {
        if start == end {
            return Hash::of(b"");
        }
        if end - start == 1 {
            return self.leaves[start];
        }
        if let Some(hash) = self.known.borrow().get(&(start, end)) {
            return *hash;
        }
        let middle = start + k(end - start);
        let hash = node_hash(&self.mth(start, middle), &self.mth(middle, end));
        self.known.borrow_mut().insert((start, end), hash);
        hash
    }

    fn path(&self, m: usize, start: usize, end: usize) -> Vec<Hash> {
        if end - start == 1 {
            return Vec::new();
        }
        let middle = start + k(end - start);
        let (mut path, beside) = if m < middle {
            (self.path(m, start, middle), self.mth(middle, end))
        } else {
            (self.path(m, middle, end), self.mth(start, middle))
        };
        path.push(beside);
        path
    }

    fn subproof(&self, m: usize, start: usize, end: usize, whole: bool) -> Vec<Hash> {
        if m == end {
            return if whole { Vec::new() } else { vec![self.mth(start, end)] };
        }
        let middle = start + k(end - start);
        let (mut proof, beside) = if m <= middle {
            (self.subproof(m, start, middle, whole), self.mth(middle, end))
        } else {
            (self.subproof(m, middle, end, false), self.mth(start, middle))
        };
        proof.push(beside);
        proof
    }

    fn tree(&self, size: usize) -> Tree {
        Tree { size: size as u64, root: self.mth(0, size) }
    }

    fn leaf(&self, index: usize) -> Leaf {
        Leaf { index: index as u64, hash: self.leaves[index] }
    }

    /// What stands in a tile, from the definition: hash i is the root over its span of leaves.
    fn contents(&self, tile: Tile, height: u8) -> Vec<Hash> {
        let span = 1_usize << (height * tile.level);
        let first = (usize::try_from(tile.index).unwrap() << height) * span;
        (0..usize::from(tile.width))
            .map(|i| self.mth(first + i * span, first + (i + 1) * span))
            .collect()
    }

    fn all_contents(&self, tiles: &[Tile], height: u8) -> Vec<Vec<Hash>> {
        tiles.iter().map(|tile| self.contents(*tile, height)).collect()
    }

    fn nodes(&self, size: usize) -> impl NodeReader<Error = Infallible> {
        let tiles: BTreeMap<Tile, Vec<Hash>> =
            tiles_of(size as u64, HEIGHT).map(|tile| (tile, self.contents(tile, HEIGHT))).collect();
        let fetch = move |wanted: &[Tile]| {
            // A tile that the tree does not have would fail here.
            Ok(wanted.iter().map(|tile| tiles[tile].clone()).collect())
        };
        TileNodes { tree_size: size as u64, height: HEIGHT, fetch }
    }
}

/// The largest power of two smaller than n.
fn k(n: usize) -> usize {
    n.next_power_of_two() / 2
}

fn done<T>(result: Result<T, Infallible>) -> T {
    let Ok(value) = result;
    value
}

#[test]
fn every_growth_up_to_130_writes_exactly_the_tiles_of_the_definition() {
    let oracle = Oracle::new(LARGEST);
    for old in 0..=LARGEST {
        let before: Vec<Tile> = tiles_of(old as u64, HEIGHT).collect();
        let edge_hashes = oracle.all_contents(&edge(old as u64, HEIGHT), HEIGHT);
        for new in old..=LARGEST {
            let leaves = &oracle.leaves[old..new];
            let growth = grow(HEIGHT, &oracle.tree(old), edge_hashes.clone(), leaves).unwrap();
            let written: Vec<Tile> =
                tiles_of(new as u64, HEIGHT).filter(|tile| !before.contains(tile)).collect();
            let contents = oracle.all_contents(&written, HEIGHT);
            let superseded: Vec<Tile> = written
                .iter()
                .filter(|tile| tile.is_full(HEIGHT))
                .filter(|tile| {
                    before.iter().any(|b| (b.level, b.index) == (tile.level, tile.index))
                })
                .copied()
                .collect();
            let tiles = written.into_iter().zip(contents).collect();
            let expected = Growth { tree: oracle.tree(new), tiles, superseded };
            assert_eq!(growth, expected, "{old} to {new}");
        }
    }
}

#[test]
fn growth_builds_on_nothing_but_the_edge_of_the_trusted_tree() {
    let oracle = Oracle::new(21);
    let good = oracle.all_contents(&edge(21, HEIGHT), HEIGHT);
    let new = [Hash::of(b"new")];
    assert!(grow(HEIGHT, &oracle.tree(21), good.clone(), &new).is_ok());
    for (row, column) in [(0, 0), (1, 0), (2, 0)] {
        let mut bad = good.clone();
        bad[row][column] = Hash::of(b"bad");
        let refused = grow(HEIGHT, &oracle.tree(21), bad, &new);
        assert!(matches!(refused, Err(tile::Error::Edge { size: 21, .. })), "{refused:?}");
    }
    // 2^64 - 1 leaves: the edge is full but for one hash in each level.
    let hashes: Vec<Vec<Hash>> = edge(u64::MAX, 8).iter().map(|_| vec![new[0]; 255]).collect();
    assert_eq!(hashes.len(), 8);
    let wrong = Tree { size: u64::MAX, root: new[0] };
    let Err(tile::Error::Edge { found, .. }) = grow(8, &wrong, hashes.clone(), &new) else {
        panic!("a made-up root was taken");
    };
    let full = Tree { size: u64::MAX, root: found };
    let refused = grow(8, &full, hashes, &new);
    assert_eq!(refused, Err(tile::Error::Overflow { size: u64::MAX, added: 1 }));
}

#[test]
fn every_root_and_inclusion_up_to_130_is_that_of_the_rfc() {
    let oracle = Oracle::new(LARGEST);
    for size in 0..=LARGEST {
        let tree = oracle.tree(size);
        let mut nodes = oracle.nodes(size);
        assert_eq!(done(root(tree.size, &mut nodes)), tree.root, "{size}");
        for index in 0..size {
            let position = Position { leaf_index: index as u64, tree_size: tree.size };
            let proof = done(prove_inclusion(position, &mut nodes));
            assert_eq!(proof.0, oracle.path(index, 0, size), "{index} of {size}");
            assert_eq!(verify_inclusion(&oracle.leaf(index), &tree, &proof), Ok(()));
        }
    }
}

#[test]
fn every_consistency_up_to_130_is_that_of_the_rfc() {
    let oracle = Oracle::new(LARGEST);
    for new in 0..=LARGEST {
        let mut nodes = oracle.nodes(new);
        for old in 0..=new {
            let sizes = Sizes { old: old as u64, new: new as u64 };
            let proof = done(prove_consistency(sizes, &mut nodes));
            let expected = if old == 0 { vec![] } else { oracle.subproof(old, 0, new, true) };
            assert_eq!(proof.0, expected, "{old} to {new}");
            let verdict = verify_consistency(&oracle.tree(old), &oracle.tree(new), &proof);
            assert_eq!(verdict, Ok(()), "{old} to {new}");
        }
    }
}

/// One hash changed, missing, doubled or too many, two hashes swapped.
fn corrupted(good: &[Hash]) -> Vec<Vec<Hash>> {
    let stranger = Hash::of(b"stranger");
    let mut all = vec![[good, &[stranger]].concat(), [&[stranger], good].concat()];
    for at in 0..good.len() {
        let mut changed = good.to_vec();
        changed[at] = stranger;
        let without = [&good[..at], &good[at + 1..]].concat();
        let doubled = [&good[..=at], &good[at..]].concat();
        all.extend([changed, without, doubled]);
        if at > 0 {
            let mut swapped = good.to_vec();
            swapped.swap(at - 1, at);
            all.push(swapped);
        }
    }
    all
}

#[test]
fn every_corrupted_proof_of_a_small_tree_is_refused() {
    let oracle = Oracle::new(20);
    let stranger = Hash::of(b"stranger");
    for new in 1..=20 {
        let tree = oracle.tree(new);
        let other_root = Tree { root: stranger, ..tree };
        for index in 0..new {
            let good = oracle.path(index, 0, new);
            let leaf = oracle.leaf(index);
            let refuses = |leaf: &Leaf, tree: &Tree, proof: &[Hash]| {
                let verdict = verify_inclusion(leaf, tree, &Inclusion(proof.to_vec()));
                assert!(verdict.is_err(), "{leaf:?} {tree:?} {proof:?}");
            };
            for bad in corrupted(&good) {
                refuses(&leaf, &tree, &bad);
            }
            refuses(&leaf, &other_root, &good);
            refuses(&Leaf { hash: stranger, ..leaf }, &tree, &good);
            for wrong in (0..40).chain([u64::MAX]).filter(|wrong| *wrong != leaf.index) {
                refuses(&Leaf { index: wrong, ..leaf }, &tree, &good);
            }
        }
        for old in 0..=new {
            let good = if old == 0 { vec![] } else { oracle.subproof(old, 0, new, true) };
            let earlier = oracle.tree(old);
            let refuses = |old: &Tree, new: &Tree, proof: &[Hash]| {
                let verdict = verify_consistency(old, new, &Consistency(proof.to_vec()));
                assert!(verdict.is_err(), "{old:?} {new:?} {proof:?}");
            };
            for bad in corrupted(&good) {
                refuses(&earlier, &tree, &bad);
            }
            refuses(&Tree { root: stranger, ..earlier }, &tree, &good);
            // Nothing can be said against a root that is only claimed to follow the empty tree.
            if old > 0 {
                refuses(&earlier, &other_root, &good);
            }
            if old < new {
                refuses(&tree, &earlier, &good);
            }
        }
    }
}

/// A tree of which every node has the same hash, so that it can be of any size.
struct Same(Hash);

impl NodeReader for Same {
    type Error = Infallible;

    fn read_nodes(&mut self, nodes: &[Node]) -> Result<Vec<Hash>, Infallible> {
        Ok(vec![self.0; nodes.len()])
    }
}

#[test]
fn sizes_up_to_the_largest_number_neither_overflow_nor_pass() {
    let hash = Hash::of(b"any");
    let largest = Tree { size: u64::MAX, root: hash };
    let with = |count| Inclusion(vec![hash; count]);
    let verify =
        |index, proof: &Inclusion| verify_inclusion(&Leaf { index, hash }, &largest, proof);
    assert_eq!(verify(0, &with(1)), Err(Error::Length { found: 1, expected: 64 }));
    assert!(matches!(verify(0, &with(64)), Err(Error::Root { .. })));
    // The last leaf of 2^64 - 1 has one sibling for each other binary digit.
    assert!(matches!(verify(u64::MAX - 1, &with(63)), Err(Error::Root { .. })));
    assert!(matches!(verify(u64::MAX, &with(64)), Err(Error::Outside { .. })));
    for old in [1, 2, 3, 1 << 63, (1 << 63) + 1, u64::MAX - 1] {
        for count in 0..=66 {
            let earlier = Tree { size: old, root: hash };
            let proof = Consistency(vec![hash; count]);
            assert!(verify_consistency(&earlier, &largest, &proof).is_err());
        }
    }
    let position = Position { leaf_index: u64::MAX - 1, tree_size: u64::MAX };
    assert_eq!(done(prove_inclusion(position, &mut Same(hash))).0.len(), 63);
    let sizes = Sizes { old: u64::MAX - 1, new: u64::MAX };
    assert_eq!(done(prove_consistency(sizes, &mut Same(hash))).0.len(), 64);
    done(root(u64::MAX, &mut Same(hash)));
    assert_eq!(tiles_of(u64::MAX, 8).next().map(|tile| tile.width), Some(256));
}

#[test]
fn a_proof_asks_once_and_only_for_the_tiles_on_the_way() {
    let oracle = Oracle::new(70);
    let mut calls = Vec::new();
    let fetch = |tiles: &[Tile]| -> Result<Vec<Vec<Hash>>, Infallible> {
        calls.push(tiles.to_vec());
        Ok(oracle.all_contents(tiles, HEIGHT))
    };
    let mut nodes = TileNodes { tree_size: 70, height: HEIGHT, fetch };
    let position = Position { leaf_index: 5, tree_size: 70 };
    done(prove_inclusion(position, &mut nodes));
    let tile = |level, index, width| Tile { level, index, width };
    let expected = [tile(0, 1, 4), tile(0, 17, 2), tile(1, 0, 4), tile(1, 4, 1), tile(2, 0, 4)];
    assert_eq!(calls, [expected]);
    let node = Node { level: 4, index: 2 };
    assert_eq!(tiles_for(&[node, node], 70, HEIGHT), [tile(2, 0, 4)]);
}

#[test]
fn the_file_of_a_tile_has_one_length() {
    let hashes = Oracle::new(3).leaves;
    let bytes = tile::format(&hashes);
    assert_eq!((bytes.len(), tile::parse(&bytes, 3)), (96, Ok(hashes)));
    for (width, length) in [(3, 95), (2, 96), (4, 96), (1, 0)] {
        let refused = tile::parse(&bytes[..length], width);
        assert!(matches!(refused, Err(tile::Error::Length { .. })), "{width} {length}");
    }
}

#[test]
fn the_roots_of_rfc_6962_test_data_hold() {
    let leaves = [
        &b""[..],
        b"\x00",
        b"\x10",
        b"\x20\x21",
        b"\x30\x31",
        b"\x40\x41\x42\x43",
        b"\x50\x51\x52\x53\x54\x55\x56\x57",
        b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
    ];
    // transparency-dev/merkle testonly/constants.go; sizes 3 to 8.
    let roots = [
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];
    let hashes = leaves.map(leaf_hash);
    for (size, expected) in (3..).zip(roots) {
        assert_eq!(root_by_growth(&hashes[..size]).to_string(), expected, "{size}");
    }
    let starts = [(0, "e3b0c442", "b855"), (1, "6e340b9c", "a01d"), (2, "fac54203", "c125")];
    for (size, start, end) in starts {
        let root = root_by_growth(&hashes[..size]).to_string();
        assert!(root.starts_with(start) && root.ends_with(end), "{size}: {root}");
    }
}

fn root_by_growth(leaves: &[Hash]) -> Hash {
    let empty = Tree { size: 0, root: empty_root() };
    grow(tile::HEIGHT, &empty, Vec::new(), leaves).unwrap().tree.root
}

#[test]
fn the_roots_and_proofs_that_three_implementations_agree_on_hold() {
    // Computed with Go's x/mod, Tessera's fsck and the crate tlog_tiles over `claim-<i>`.
    let oracle = Oracle::new(70_000);
    for (size, expected) in [
        (0, "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="),
        (1, "ajxa/8T0yGklwNJDmGnP/8EBjWk7T9TaswR5XcYES5c="),
        (2, "1UDJ3XXZ6zIp+jj1PRxmavlglouoTL9KUS/rMMLb1cA="),
        (3, "71HbGxl1IIGAymXryB1/Qa1TnQfQ/+B3YbwmGkad9DY="),
        (5, "ROwChEL/7BYaEYP+bovTQ4A08ZO7K1OLj3MJOKg2VVE="),
        (7, "WJDL4kJwaxJq4Zw/4uyKzTnmFN++h7IbpT2E+gEyX0s="),
        (8, "u96kUq13KIY77y/JfIGPjODPxGAw6xFOwuHahs+GwdI="),
        (255, "OPbnwNb70MrzpHh+SFttCN+6nFoo6JTVI0zNN4Qsdp8="),
        (256, "nIRLMYbySqXj3TBeIUTf20PmhQ15ko4xl9eSzrp9EFQ="),
        (257, "WFkWMWqOCKW+UX+sXB0DQHpRHHdCIOV5jirwIzu6+Fs="),
        (300, "RAm0mSCAkZzY0YOrTf4fwS+fPj4EnlUTOSY9oO7rwmg="),
        (70_000, "8E9ftmKkJ3fqSHDi0+7eWG0J8hBhzM9zFs2cYhonHGA="),
    ] {
        assert_eq!(root_by_growth(&oracle.leaves[..size]).to_base64(), expected, "{size}");
    }
    let check = |old, expected: &[&str]| {
        let proof = done(prove_consistency(Sizes { old, new: 8 }, &mut oracle.nodes(8)));
        let found: Vec<String> = proof.0.iter().map(|hash| hash.to_base64()).collect();
        assert_eq!(found, expected, "{old} to 8");
    };
    check(4, &["Ug7mP7tU/b5vdmUbFVR9A3sW3bgYHQf6BW1T7P/iKAs="]);
    check(
        6,
        &[
            "/gSDLhNaeOQimDTp2uj/jRRl82Q32/bUYGM4BU3LoQU=",
            "7wzre3k3gxiN2aK+EmuZnLESBYbF28+9TsaYWOPwmDs=",
            "r2aLuOoBoR5TyU1OO1PNk6z0uCjCWa+ZB5pSwBwChsc=",
        ],
    );
}

/// The stored hashes of a log, as the crate `tlog_tiles` (after Go's sumdb) keeps them.
struct Stored(Vec<go::Hash>);

impl go::HashReader for Stored {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<go::Hash>, go::Error> {
        Ok(indexes.iter().map(|i| self.0[usize::try_from(*i).unwrap()]).collect())
    }
}

#[test]
fn another_implementation_makes_the_same_roots_and_proofs() {
    let largest = 70;
    let oracle = Oracle::new(largest);
    let mut stored = Stored(Vec::new());
    let ours = |hashes: Vec<go::Hash>| -> Vec<Hash> {
        hashes.into_iter().map(|hash| Hash::from_bytes(hash.0)).collect()
    };
    for size in 1..=largest as u64 {
        let entry = format!("claim-{}", size - 1);
        let more = go::stored_hashes(size - 1, entry.as_bytes(), &stored).unwrap();
        stored.0.extend(more);
        let mut nodes = oracle.nodes(usize::try_from(size).unwrap());
        let theirs = Hash::from_bytes(go::tree_hash(size, &stored).unwrap().0);
        assert_eq!(done(root(size, &mut nodes)), theirs);
        for leaf_index in 0..size {
            let position = Position { leaf_index, tree_size: size };
            let theirs = go::prove_record(size, leaf_index, &stored).unwrap();
            assert_eq!(done(prove_inclusion(position, &mut nodes)).0, ours(theirs));
            let sizes = Sizes { old: leaf_index + 1, new: size };
            let theirs = go::prove_tree(size, leaf_index + 1, &stored).unwrap();
            assert_eq!(done(prove_consistency(sizes, &mut nodes)).0, ours(theirs));
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct InclusionVector {
    leaf_idx: u64,
    tree_size: u64,
    root: String,
    leaf_hash: String,
    proof: Option<Vec<String>>,
    want_err: bool,
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ConsistencyVector {
    size1: u64,
    size2: u64,
    root1: String,
    root2: String,
    proof: Option<Vec<String>>,
    want_err: bool,
    name: String,
}

/// What is no hash cannot even be said in our types, so such a vector is refused by the parser.
fn hashes(texts: Option<Vec<String>>) -> Option<Vec<Hash>> {
    texts.unwrap_or_default().iter().map(|text| Hash::from_base64(text)).collect()
}

impl ConsistencyVector {
    /// Where the sizes are equal, roots are given as "don't care", and one of those vectors is
    /// good: there any hash stands in. From nothing to something only a malformed root is a
    /// reason to refuse, so there it is one.
    fn root(&self, text: &str) -> Option<Hash> {
        let stand_in = (self.size1 == self.size2).then(|| Hash::of(text.as_bytes()));
        Hash::from_base64(text).or(stand_in)
    }
}

impl InclusionVector {
    fn accepted(self) -> Option<bool> {
        let leaf = Leaf { index: self.leaf_idx, hash: Hash::from_base64(&self.leaf_hash)? };
        let tree = Tree { size: self.tree_size, root: Hash::from_base64(&self.root)? };
        Some(verify_inclusion(&leaf, &tree, &Inclusion(hashes(self.proof)?)).is_ok())
    }
}

impl ConsistencyVector {
    fn accepted(self) -> Option<bool> {
        let old = Tree { size: self.size1, root: self.root(&self.root1)? };
        let new = Tree { size: self.size2, root: self.root(&self.root2)? };
        Some(verify_consistency(&old, &new, &Consistency(hashes(self.proof)?)).is_ok())
    }
}

#[test]
fn the_vectors_of_transparency_dev_merkle_are_judged_alike() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/merkle");
    if !folder.exists() {
        eprintln!("skipped: ../shared/data/merkle is absent");
        return;
    }
    let read = |name| std::fs::read_to_string(folder.join(name)).unwrap();
    let mut counts = [0, 0];
    let mut judge = |name: &str, accepted: Option<bool>, want_err: bool| {
        assert_eq!(accepted.unwrap_or(false), !want_err, "{name}");
        counts[usize::from(want_err)] += 1;
    };
    for line in read("inclusion.jsonl").lines() {
        let vector: InclusionVector = serde_json::from_str(line).unwrap();
        let (name, want_err) = (vector.name.clone(), vector.want_err);
        judge(&name, vector.accepted(), want_err);
    }
    for line in read("consistency.jsonl").lines() {
        let vector: ConsistencyVector = serde_json::from_str(line).unwrap();
        let (name, want_err) = (vector.name.clone(), vector.want_err);
        judge(&name, vector.accepted(), want_err);
    }
    assert_eq!(counts[0] + counts[1], 196);
    assert!(counts[0] > 5, "only bad proofs were read");
}
