//! Fork proofs and continuity: every fork of small trees is found and proven to a stranger, no
//! honest log is ever accused, and no mangled proof passes.

use std::convert::Infallible;

use whosaid::hash::Hash;
use whosaid::key::SecretKey;
use whosaid::tlog::checkpoint::Checkpoint;
use whosaid::tlog::continuity::{Continuity, compare};
use whosaid::tlog::fork::{Error, Fork, MAX_NODES, Said};
use whosaid::tlog::merkle::{
    Node, NodeReader, Prefix, Sizes, implied_roots, leaf_hash, node_hash, prove_prefix, root,
};
use whosaid::tlog::note::{Algorithm, Note, Signature, VerifierKey};
use whosaid::tlog::policy::Policy;

const ORIGIN: &str = "example.org/claims";
const LARGEST: u64 = 40;

/// A tree as its leaf hashes, and its full subtrees from them.
struct Leaves(Vec<Hash>);

impl Leaves {
    fn honest(count: u64) -> Self {
        Self((0..count).map(|i| leaf_hash(format!("claim-{i}").as_bytes())).collect())
    }

    /// The same, but for one leaf.
    fn changed_at(count: u64, position: u64) -> Self {
        let mut leaves = Self::honest(count);
        leaves.0[usize::try_from(position).unwrap()] = leaf_hash(b"another claim");
        leaves
    }

    fn root(&mut self, size: u64) -> Hash {
        root(size, self).unwrap()
    }
}

impl NodeReader for Leaves {
    type Error = Infallible;

    fn read_nodes(&mut self, nodes: &[Node]) -> Result<Vec<Hash>, Infallible> {
        let hash = |node: &Node| {
            let width = 1_usize << node.level;
            let start = usize::try_from(node.index).unwrap() * width;
            let mut row = self.0[start..start + width].to_vec();
            while row.len() > 1 {
                row = row.chunks_exact(2).map(|pair| node_hash(&pair[0], &pair[1])).collect();
            }
            row[0]
        };
        Ok(nodes.iter().map(hash).collect())
    }
}

fn secret() -> SecretKey {
    SecretKey::from_seed(&[1; 32])
}

fn policy() -> Policy {
    Policy::of_log(VerifierKey::new(ORIGIN, Algorithm::Ed25519, secret().public()).unwrap())
}

fn checkpoint(leaves: &mut Leaves, size: u64) -> Checkpoint {
    let (origin, root) = (ORIGIN.to_owned(), leaves.root(size));
    Checkpoint { origin, size, root, extensions: Vec::new() }
}

fn signed(text: &str, name: &str, secret: &SecretKey) -> Note {
    Note::new(text, vec![Signature::sign(name, secret, text).unwrap()]).unwrap()
}

fn said(leaves: &mut Leaves, size: u64) -> Said {
    let note = signed(&checkpoint(leaves, size).to_string(), ORIGIN, &secret());
    Said::open(&note, &policy()).unwrap().remove(0)
}

fn fork_of(result: Continuity) -> Fork {
    match result {
        Continuity::Forked(fork) => fork,
        other => panic!("not found: {other:?}"),
    }
}

#[test]
fn an_honest_log_is_never_accused() {
    let mut leaves = Leaves::honest(LARGEST);
    let all: Vec<Said> = (0..=LARGEST).map(|size| said(&mut leaves, size)).collect();
    for (old, seen) in (0..).zip(&all) {
        for (new, present) in (0..).zip(&all) {
            let expected = match old.cmp(&new) {
                std::cmp::Ordering::Less => Continuity::Continues,
                std::cmp::Ordering::Equal => Continuity::Same,
                std::cmp::Ordering::Greater => Continuity::RolledBack,
            };
            assert_eq!(compare(seen, present, &mut leaves).unwrap(), expected, "{old} {new}");
            if 0 < old && old < new {
                let nodes = prove_prefix(Sizes { old, new }, &mut leaves).unwrap();
                assert!(nodes.0.len() < MAX_NODES);
                let refused = Fork::between(seen, present, nodes).verify(&policy());
                assert!(matches!(refused, Err(Error::NoFork { .. })), "{old} {new}: {refused:?}");
            }
        }
    }
}

#[test]
fn every_fork_of_small_trees_is_found_and_proven() {
    let policy = policy();
    let mut honest = Leaves::honest(LARGEST);
    let seen: Vec<Said> = (0..=LARGEST).map(|size| said(&mut honest, size)).collect();
    for position in 0..LARGEST {
        let mut other = Leaves::changed_at(LARGEST, position);
        for new in position + 1..=LARGEST {
            let present = said(&mut other, new);
            for old in 0..=new {
                let before = &seen[usize::try_from(old).unwrap()];
                let result = compare(before, &present, &mut other).unwrap();
                if old <= position {
                    // What was seen ends before the change: nobody can tell, and nobody says so.
                    assert_eq!(result, Continuity::Continues, "{old} {new} at {position}");
                    continue;
                }
                // As the third person has it: bytes and a policy.
                let text = fork_of(result).to_string();
                let proven = Fork::parse(text.as_bytes()).unwrap().verify(&policy).unwrap();
                assert_eq!(proven.origin, ORIGIN);
                let mut sizes = [proven.smaller.size, proven.larger.size];
                sizes.sort_unstable();
                assert_eq!(sizes, [old, new]);
                assert_ne!(proven.implied, proven.smaller.root);
                let words = proven.to_string();
                assert!(words.contains(&format!("{old} entries, root ")), "{words}");
                if old < new {
                    assert_eq!(proven.implied, other.root(old));
                    assert_eq!(proven.smaller.root, honest.root(old));
                }
            }
        }
    }
}

#[test]
fn the_nodes_of_a_prefix_give_both_roots_and_no_other_number_of_them_does() {
    let mut leaves = Leaves::honest(130);
    for new in 2..=130 {
        for old in 1..new {
            let sizes = Sizes { old, new };
            let nodes = prove_prefix(sizes, &mut leaves).unwrap();
            let expected = (leaves.root(old), leaves.root(new));
            assert_eq!(implied_roots(sizes, &nodes), Ok(expected), "{old} {new}");
            let shorter = Prefix(nodes.0[1..].to_vec());
            assert!(implied_roots(sizes, &shorter).is_err());
            let longer = Prefix([&nodes.0[..], &[expected.0]].concat());
            assert!(implied_roots(sizes, &longer).is_err());
        }
    }
}

#[test]
fn nodes_that_are_not_those_of_the_present_tree_prove_nothing() {
    let (mut honest, mut other) = (Leaves::honest(20), Leaves::changed_at(20, 3));
    let (seen, present) = (said(&mut honest, 8), said(&mut other, 20));
    assert_eq!(compare(&seen, &present, &mut honest), Ok(Continuity::NotShown));
    let nodes = prove_prefix(Sizes { old: 8, new: 20 }, &mut honest).unwrap();
    let refused = Fork::between(&seen, &present, nodes).verify(&policy());
    assert!(matches!(refused, Err(Error::Root { .. })), "{refused:?}");
    let refused = Fork::between(&seen, &present, Prefix(Vec::new())).verify(&policy());
    assert!(matches!(refused, Err(Error::Nodes(_))), "{refused:?}");
}

fn sample() -> Fork {
    let (mut honest, mut other) = (Leaves::honest(13), Leaves::changed_at(13, 3));
    fork_of(compare(&said(&mut honest, 6), &said(&mut other, 13), &mut other).unwrap())
}

#[test]
fn a_proof_mangled_at_any_byte_or_cut_anywhere_is_refused() {
    let mut leaves = Leaves::changed_at(6, 0);
    let same_size = fork_of(
        compare(&said(&mut Leaves::honest(6), 6), &said(&mut leaves, 6), &mut leaves).unwrap(),
    );
    for good in [sample().to_string(), same_size.to_string()] {
        let accepted =
            |bytes: &[u8]| Fork::parse(bytes).and_then(|fork| fork.verify(&policy())).is_ok();
        assert!(accepted(good.as_bytes()));
        for index in 0..good.len() {
            for mask in [0x01, 0x02, 0x10, 0x20, 0x80] {
                let mut bad = good.clone().into_bytes();
                bad[index] ^= mask;
                assert!(!accepted(&bad), "byte {index} of {good}");
            }
            assert!(!accepted(&good.as_bytes()[..index]), "cut at {index}");
            let mut longer = good.clone().into_bytes();
            longer.insert(index, b'0');
            assert!(!accepted(&longer), "a zero at {index}");
            let mut shorter = good.clone().into_bytes();
            shorter.remove(index);
            assert!(!accepted(&shorter), "without byte {index}");
        }
        assert!(!accepted(format!("{good}\n").as_bytes()));
    }
}

#[test]
fn a_fork_is_a_matter_of_one_log_and_one_key() {
    let fork = sample();
    let stranger = SecretKey::from_seed(&[9; 32]);
    let strange_key = VerifierKey::new(ORIGIN, Algorithm::Ed25519, stranger.public()).unwrap();
    let refused = fork.verify(&Policy::of_log(strange_key.clone()));
    assert!(matches!(refused, Err(Error::Checkpoint(_))), "{refused:?}");
    // Two keys of one origin: each may have signed its own tree.
    let ours = VerifierKey::new(ORIGIN, Algorithm::Ed25519, secret().public()).unwrap();
    let both = Policy::parse(format!("log {ours}\nlog {strange_key}\nquorum none\n").as_bytes());
    let both = both.unwrap();
    let (mut honest, mut other) = (Leaves::honest(5), Leaves::changed_at(5, 1));
    let theirs = signed(&checkpoint(&mut other, 5).to_string(), ORIGIN, &stranger);
    let theirs = Said::open(&theirs, &both).unwrap().remove(0);
    let mixed = Fork::between(&said(&mut honest, 5), &theirs, Prefix(Vec::new()));
    assert_eq!(mixed.verify(&both), Err(Error::TwoLogs));
    assert!(fork.verify(&both).is_ok());
}

#[test]
fn what_a_log_said_is_read_from_its_own_signature_and_no_other() {
    let mut leaves = Leaves::honest(3);
    let text = checkpoint(&mut leaves, 3).to_string();
    let own = Signature::sign(ORIGIN, &secret(), &text).unwrap();
    let witness = SecretKey::from_seed(&[7; 32]);
    let cosigned = Signature::cosign("example.net/w", &witness, &text, 5).unwrap();
    let note = Note::new(&*text, vec![cosigned.clone(), own.clone()]).unwrap();
    let said = Said::open(&note, &policy()).unwrap();
    assert_eq!(said.len(), 1);
    assert_eq!(said[0].note.signatures(), [own]);
    let unsigned = Note::new(&*text, vec![cosigned]).unwrap();
    assert!(Said::open(&unsigned, &policy()).is_err());
    // The log's key under a checkpoint of another origin.
    let other = text.replace(ORIGIN, "example.org/other");
    assert!(Said::open(&signed(&other, ORIGIN, &secret()), &policy()).is_err());
}

#[test]
fn other_spellings_of_a_proof_are_refused() {
    let good = sample().to_string();
    let check = |bad: String| {
        assert_ne!(bad, good);
        assert!(Fork::parse(bad.as_bytes()).is_err(), "{bad}");
    };
    check(good.replacen("note ", "note 0", 1));
    check(good.replacen("note ", "note +", 1));
    check(good.replacen("nodes 4", "nodes 3", 1));
    check(good.replacen("nodes 4", "nodes 99999999999999999999", 1));
    check(good.replace('\n', "\r\n"));
    check(good.replacen("whosaid-fork/1", "whosaid-fork/2", 1));
    check(format!("{good}{}\n", Hash::of(b"").to_base64()));
    // The larger tree first.
    let notes: Vec<&str> = good.split("note ").collect();
    let (second, nodes) = notes[2].split_once("nodes ").unwrap();
    let swapped = format!("{}note {second}note {}nodes {nodes}", notes[0], notes[1]);
    let fork = Fork::parse(swapped.as_bytes()).unwrap();
    assert!(fork.verify(&policy()).is_err());
}
