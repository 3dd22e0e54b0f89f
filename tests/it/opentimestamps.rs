//! `OpenTimestamps` proofs: the reference client's examples and a real Bitcoin block's header.

#![allow(clippy::disallowed_methods, reason = "a test reads its cases")]

use std::fs;

use whosaid::evidence::reading::Verdict;
use whosaid::evidence::time::opentimestamps::{BlockHeader, PROOF_BYTES, check};
use whosaid::evidence::time::stamped::{Stamped, State};
use whosaid::hash::Hash;

const CASES: &str = "tests/cases/opentimestamps";
const HEIGHT: u64 = 358_391;

fn file(name: &str) -> Vec<u8> {
    fs::read(format!("{CASES}/{name}")).unwrap_or_else(|e| panic!("{name}: {e}"))
}

fn header() -> BlockHeader {
    BlockHeader::captured(HEIGHT, &file("block-358391.hex"), "a block explorer").unwrap()
}

/// The header with these bytes changed; its work does not fit any more.
fn changed(place: usize) -> BlockHeader {
    let mut digits = file("block-358391.hex");
    digits[2 * place] = if digits[2 * place] == b'0' { b'1' } else { b'0' };
    BlockHeader::captured(HEIGHT, &digits, "nobody").unwrap()
}

fn expect(name: &str, answer: &Stamped, state: State, says: &str) {
    assert_eq!(answer.state, state, "{name}: {}", answer.fact);
    assert!(answer.fact.contains(says), "{name}: {}", answer.fact);
    assert_eq!(answer.time.is_some(), state == State::Complete, "{name}");
}

#[test]
fn the_clients_example_is_attested_by_bitcoin_block_358391() {
    let (digest, proof) = (Hash::of(&file("hello-world.txt")), file("hello-world.txt.ots"));
    let hash = "000000000000000003e892881a8cdcdc117c06d444057c98b6f04a9ee75a2319";
    assert_eq!(header().hash(), hash);
    let answer = check(&digest, &proof, &[header()]);
    expect("hello-world", &answer, State::Complete, hash);
    // "Bitcoin block 358391 attests existence as of 2015-05-28", says the client.
    assert_eq!(answer.time, Some(1_432_827_678));
    assert_eq!(answer.latest(), Some(1_432_827_678 + 7_200));
    assert_eq!(answer.authority.as_deref(), Some("Bitcoin block 358391"));
    assert!(answer.limits[0].contains("the word of a block explorer"), "{:?}", answer.limits);
    let absent = check(&digest, &proof, &[]);
    expect("no header", &absent, State::Unknown, "Bitcoin block 358391; the block's header is not");
    let other = check(&Hash::of(b"other"), &proof, &[header()]);
    expect("other bytes", &other, State::Failed, "for other bytes");
}

#[test]
fn a_header_is_captured_in_bytes_or_in_lower_case_hex() {
    let digits = file("block-358391.hex");
    let bytes: Vec<u8> = std::str::from_utf8(&digits)
        .unwrap()
        .as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect();
    let read = |capture: &[u8]| BlockHeader::captured(HEIGHT, capture, "a block explorer");
    assert_eq!(read(&bytes), Some(header()));
    assert_eq!(read(&[&digits[..], b"\n"].concat()), Some(header()));
    let upper = digits.to_ascii_uppercase();
    for bad in [&bytes[1..], &digits[1..], &digits[..158], &upper, b"", &[0; 81], b"{}"] {
        assert_eq!(read(bad), None);
    }
}

#[test]
fn a_merkle_root_of_other_bytes_fails() {
    let answer = check(&Hash::of(&file("bad-stamp.txt")), &file("bad-stamp.txt.ots"), &[header()]);
    expect("bad-stamp", &answer, State::Failed, "does not commit to it");
    assert_eq!(answer.state.verdict(), Verdict::Fails);
}

#[test]
fn a_header_without_its_work_vouches_for_nothing() {
    let (digest, proof) = (Hash::of(&file("hello-world.txt")), file("hello-world.txt.ots"));
    for place in 0..80 {
        let answer = check(&digest, &proof, &[changed(place)]);
        expect(&format!("byte {place}"), &answer, State::Unknown, "is not believed");
        // A false header beside the true one changes nothing.
        let both = check(&digest, &proof, &[changed(place), header()]);
        expect("both", &both, State::Complete, "block 358391");
    }
    let elsewhere = BlockHeader::captured(358_392, &file("block-358391.hex"), "nobody").unwrap();
    let answer = check(&digest, &proof, &[elsewhere]);
    expect("another height", &answer, State::Unknown, "is not at hand");
}

#[test]
fn a_header_that_anybody_could_mine_is_not_believed() {
    // Bitcoin's first block: its work is real, and a laptop does it in hours.
    let first = "0100000000000000000000000000000000000000000000000000000000000000000000003ba3edfd\
                 7a7b12b27ac72c3e67768f617fc81bc3888a51323a9fb8aa4b1e5e4a29ab5f49ffff001d1dac2b7c";
    let header = BlockHeader::captured(0, first.as_bytes(), "a block explorer").unwrap();
    let hash = "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f";
    assert_eq!(header.hash(), hash);
    // A proof that its merkle root is stamped by it.
    let root: Vec<u8> =
        (36..68).map(|at| u8::from_str_radix(&first[2 * at..2 * at + 2], 16).unwrap()).collect();
    let magic = &file("hello-world.txt.ots")[..33];
    let attestation = [0x00, 0x05, 0x88, 0x96, 0x0d, 0x73, 0xd7, 0x19, 0x01, 0x01, 0x00];
    let proof = [magic, &root, &attestation].concat();
    let answer = check(&Hash::from_slice(&root).unwrap(), &proof, &[header]);
    expect("the first block", &answer, State::Unknown, "is before 2015");
}

#[test]
fn a_promise_is_pending_and_never_a_yes() {
    for (name, says) in [
        ("incomplete.txt", "https://alice.btc.calendar.opentimestamps.org"),
        ("two-calendars.txt", "https://bob.btc.calendar.opentimestamps.org"),
        ("merkle1.txt", "https://"),
        ("known-and-unknown-notary.txt", "https://"),
    ] {
        let digest = Hash::of(&file(name));
        let answer = check(&digest, &file(&format!("{name}.ots")), &[header()]);
        expect(name, &answer, State::Pending, says);
        assert_eq!(answer.state.verdict(), Verdict::Unknown);
    }
}

#[test]
fn what_this_version_does_not_know_is_unknown() {
    let name = "unknown-notary.txt";
    let answer = check(&Hash::of(&file(name)), &file("unknown-notary.txt.ots"), &[header()]);
    expect(name, &answer, State::Unknown, "an attestation of unknown sort");
    let answer = check(&Hash::of(b""), &file("sha1.ots"), &[header()]);
    expect("sha1", &answer, State::Unknown, "a digest of sort 02");
    for name in ["ripemd160.ots", "different-blockchains.txt.ots", "empty.ots"] {
        let proof = file(name);
        let digest = Hash::from_slice(&proof[33..65]).unwrap();
        let answer = check(&digest, &proof, &[header()]);
        assert_ne!(answer.state, State::Complete, "{name}: {}", answer.fact);
        assert_ne!(answer.state, State::Failed, "{name}: {}", answer.fact);
    }
}

#[test]
fn one_changed_bit_of_a_proof_is_never_complete_but_where_it_says_the_same() {
    let (digest, good) = (Hash::of(&file("hello-world.txt")), file("hello-world.txt.ots"));
    let expected = check(&digest, &good, &[header()]);
    for place in 0..good.len() {
        for bit in 0..8 {
            let mut bytes = good.clone();
            bytes[place] ^= 1 << bit;
            let answer = check(&digest, &bytes, &[header()]);
            if answer.state == State::Complete {
                // The last of an odd number of nodes is joined with itself in Bitcoin's tree:
                // behind or before is the same.
                assert_eq!((place, bit, good[place]), (603, 0, 0xf0));
                assert_eq!(answer, expected);
            }
        }
    }
    for length in 0..good.len() {
        let answer = check(&digest, &good[..length], &[header()]);
        expect(&format!("{length} bytes"), &answer, State::Failed, "no OpenTimestamps proof");
    }
    let answer = check(&digest, &[&good[..], &[0]].concat(), &[header()]);
    expect("one byte more", &answer, State::Failed, "1 bytes are left over");
}

#[test]
fn damaged_proofs_end_soon_and_never_panic() {
    let good = file("empty.ots");
    let digest = Hash::of(b"");
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    for _ in 0..20_000 {
        let mut bytes = good.clone();
        for _ in 0..3 {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let value = random.to_be_bytes()[3];
            let place = (random >> 33) as usize % bytes.len();
            match random >> 60 {
                0 => bytes.truncate(place.max(1)),
                1 => bytes.insert(place, value),
                _ => bytes[place] = value,
            }
        }
        assert_ne!(check(&digest, &bytes, &[header()]).state, State::Complete);
    }
    // As many forks and operations as fit, each on the longest message.
    let grow = [&[0xf0, 0xdf, 0x1f][..], &[7; 4_063]].concat();
    let attestation = [0x00, 9, 9, 9, 9, 9, 9, 9, 9, 0];
    let forks = [&[0xff, 0x08][..], &attestation].concat().repeat(5_000);
    let mut proof = [&good[..33], digest.as_bytes(), &grow, &forks, &attestation].concat();
    proof.truncate(PROOF_BYTES);
    expect("many forks", &check(&digest, &proof, &[]), State::Failed, "more than 256");
    let long = check(&digest, &vec![0; PROOF_BYTES + 1], &[]);
    expect("too long", &long, State::Failed, "more than 65536");
}
