//! Bluesky posts with their proofs: a real account's, and ones made with the reference
//! implementation. `tests/cases/atproto/ABOUT.md` says where each file is from.

#![allow(clippy::disallowed_methods, reason = "a test reads its cases")]

use serde_json::{Value, json};
use whosaid::evidence::signature::atproto::check;
use whosaid::evidence::signature::checked::{Checked, Coverage, State};

/// The real account.
const REAL: &str = "did:plc:hdhoaan3xa3jiuq4fg4mefid";

fn case(name: &str) -> Vec<u8> {
    std::fs::read(format!("tests/cases/atproto/{name}")).unwrap()
}

fn changed(name: &str, change: impl Fn(&mut Value)) -> Vec<u8> {
    let mut value: Value = serde_json::from_slice(&case(name)).unwrap();
    change(&mut value);
    serde_json::to_vec(&value).unwrap()
}

/// The case's post, proof and DID document, of which one may be another.
struct Captures {
    post: Vec<u8>,
    proof: Vec<u8>,
    identity: Option<Vec<u8>>,
    at: Option<i64>,
}

impl Captures {
    fn of(name: &str) -> Self {
        let identity = if name == "real-embed" { "real" } else { name };
        Self {
            post: case(&format!("{name}/post.json")),
            proof: case(&format!("{name}/proof.car")),
            identity: Some(case(&format!("{identity}/did.json"))),
            at: None,
        }
    }

    fn post(mut self, post: Vec<u8>) -> Self {
        self.post = post;
        self
    }

    fn identity(mut self, name: &str) -> Self {
        self.identity = Some(case(name));
        self
    }

    fn at(mut self, at: i64) -> Self {
        self.at = Some(at);
        self
    }

    fn check(&self) -> Checked {
        check(&self.post, &self.proof, self.identity.as_deref(), self.at)
    }
}

fn expect(what: &str, captures: &Captures, expected: State) -> Checked {
    let checked = captures.check();
    assert_eq!(checked.state, expected, "{what}: {}", checked.fact);
    checked
}

#[test]
fn real_posts_are_proven_by_the_key_that_their_account_published() {
    for name in ["real", "real-embed"] {
        let checked = expect(name, &Captures::of(name), State::Valid);
        let signer = checked.signer.unwrap();
        assert_eq!((signer.platform, &*signer.id), ("bluesky", REAL));
        assert_eq!(checked.coverage, Coverage::Below("/value".to_owned()));
        // The revision 3m2u35y4gnq2w, half an hour after the last post in the repository.
        assert_eq!(checked.signed_at, Some(1_760_113_163));
    }
}

#[test]
fn posts_made_with_the_reference_implementation_are_proven_on_both_curves() {
    for (name, did) in [("p256", "did:web:ministry.example"), ("k256", "did:plc:")] {
        let checked = expect(name, &Captures::of(name), State::Valid);
        assert!(checked.signer.unwrap().id.starts_with(did));
        // What a document cannot say is said.
        assert_eq!(checked.limits.len(), 1, "{:?}", checked.limits);
    }
}

#[test]
fn a_bare_record_is_covered_whole_and_a_view_below_its_record() {
    for name in ["real", "real-embed", "p256", "k256"] {
        let bare = Captures::of(name).post(case(&format!("{name}/record.json")));
        assert_eq!(expect(name, &bare, State::Valid).coverage, Coverage::Whole);
        let view = changed(&format!("{name}/post.json"), |post| {
            let record = post.as_object_mut().unwrap().remove("value").unwrap();
            post["record"] = record;
            post["author"] = json!({ "handle": "somebody.example" });
            post["likeCount"] = json!(7);
        });
        let checked = expect(name, &Captures::of(name).post(view), State::Valid);
        assert!(checked.coverage.covers(Some("/record/text")));
        assert!(!checked.coverage.covers(Some("/author/handle")));
    }
}

#[test]
fn a_proof_alone_says_that_it_is_signed_and_covers_no_words() {
    let mut alone = Captures::of("k256");
    alone.post = alone.proof.clone();
    let checked = expect("alone", &alone, State::Valid);
    assert!(matches!(checked.coverage, Coverage::Partly(_)));
}

#[test]
fn no_bit_of_a_proof_can_be_flipped() {
    for name in ["real", "p256", "k256"] {
        let mut captures = Captures::of(name);
        for index in 0..captures.proof.len() {
            for bit in 0..8 {
                captures.proof[index] ^= 1 << bit;
                let checked = captures.check();
                assert_ne!(checked.state, State::Valid, "{name}: byte {index}, bit {bit}");
                captures.proof[index] ^= 1 << bit;
            }
        }
        expect(name, &captures, State::Valid);
    }
}

/// The header of a CAR, and its blocks, each with its length and its CID.
fn sections(car: &[u8]) -> Vec<&[u8]> {
    let mut sections = Vec::new();
    let mut rest = car;
    while !rest.is_empty() {
        let head = rest.iter().position(|byte| byte & 0x80 == 0).unwrap() + 1;
        let bytes = rest[..head].iter().enumerate();
        let length: usize =
            bytes.map(|(index, byte)| usize::from(byte & 0x7f) << (7 * index)).sum();
        let (section, behind) = rest.split_at(head + length);
        sections.push(section);
        rest = behind;
    }
    sections
}

#[test]
fn every_block_of_a_proof_is_needed_once() {
    for name in ["real", "k256"] {
        let mut captures = Captures::of(name);
        let good = captures.proof.clone();
        let parts = sections(&good);
        for index in 1..parts.len() {
            let mut fewer = parts.clone();
            fewer.remove(index);
            captures.proof = fewer.concat();
            expect("a block is absent", &captures, State::Missing);
            captures.proof = [&good[..], parts[index]].concat();
            expect("a block stands twice", &captures, State::Malformed);
        }
        // The order of the blocks says nothing, and neither do sound blocks of others.
        let mut turned = parts.clone();
        turned[1..].reverse();
        captures.proof = turned.concat();
        expect("the other order", &captures, State::Valid);
        let others = case("real-embed/proof.car");
        let other = sections(&others).last().copied().unwrap();
        captures.proof = [&good[..], other].concat();
        expect("a block more", &captures, State::Valid);
        captures.proof = parts[1..].concat();
        expect("no header", &captures, State::Malformed);
    }
}

#[test]
fn no_part_of_a_proof_stands_for_the_whole() {
    let mut captures = Captures::of("k256");
    while captures.proof.pop().is_some() {
        assert_ne!(captures.check().state, State::Valid, "{} bytes", captures.proof.len());
    }
}

#[test]
fn no_bit_of_a_post_can_be_flipped() {
    for file in ["real/post.json", "real/record.json", "k256/post.json", "p256/record.json"] {
        let (name, _) = file.split_once('/').unwrap();
        let mut captures = Captures::of(name).post(case(file));
        for index in 0..captures.post.len() {
            for bit in 0..8 {
                captures.post[index] ^= 1 << bit;
                let checked = captures.check();
                assert_ne!(checked.state, State::Valid, "{file}: byte {index}, bit {bit}");
                captures.post[index] ^= 1 << bit;
            }
        }
    }
}

#[test]
fn what_was_changed_in_a_post_is_altered() {
    type Change = fn(&mut Value);
    let changes: [(&str, Change); 9] = [
        ("the words", |post| post["value"]["text"] = json!("A delegation has left Kabul.")),
        ("a date", |post| post["value"]["createdAt"] = json!("2025-01-04T10:00:00.000Z")),
        ("a member more", |post| post["value"]["reply"] = json!(null)),
        ("a member less", |post| drop(post["value"].as_object_mut().unwrap().remove("langs"))),
        ("a size", |post| post["value"]["embed"]["images"][0]["image"]["size"] = json!(10_001)),
        ("another place", |post| {
            post["uri"] = json!(post["uri"].as_str().unwrap().replace("2226s", "2226t"));
            let uri = post["uri"].as_str().unwrap();
            let end = uri.len() - 1;
            post["uri"] = json!(format!("{}3", &uri[..end]));
        }),
        ("another account", |post| {
            let uri = post["uri"].as_str().unwrap();
            let key = uri.split_once("/app.").unwrap().1;
            post["uri"] = json!(format!("at://{REAL}/app.{key}"));
        }),
        ("another collection", |post| {
            post["uri"] = json!(post["uri"].as_str().unwrap().replace("feed.post", "feed.like"));
        }),
        ("another CID", |post| {
            post["cid"] = json!("bafyreie5737gdxlw5i64vzichcalba3z2v5n6icifvx5xytvske7mr3hpm");
        }),
    ];
    for (what, change) in changes {
        let post = changed("k256/post.json", change);
        let captures = Captures::of("k256").post(post);
        let state = captures.check().state;
        // Where the proof's nodes do not reach another place, that cannot be told.
        let elsewhere = matches!(what, "another place" | "another collection");
        let expected = if elsewhere && state == State::Missing { state } else { State::Altered };
        expect(what, &captures, expected);
    }
}

#[test]
fn what_is_no_post_is_malformed() {
    type Change = fn(&mut Value);
    let changes: [(&str, Change); 8] = [
        ("a handle for an account", |post| {
            let uri = post["uri"].as_str().unwrap();
            let key = uri.split_once("/app.").unwrap().1;
            post["uri"] = json!(format!("at://ministry.example/app.{key}"));
        }),
        ("a number for the URI", |post| post["uri"] = json!(7)),
        ("a fraction", |post| post["value"]["size"] = json!(1.5)),
        ("a member more beside it", |post| post["text"] = json!("seen too")),
        ("a record beside it", |post| post["record"] = post["value"].clone()),
        ("no record", |post| drop(post.as_object_mut().unwrap().remove("value"))),
        ("a list", |post| *post = json!([post.clone()])),
        ("null", |post| *post = json!(null)),
    ];
    for (what, change) in changes {
        let captures = Captures::of("k256").post(changed("k256/post.json", change));
        expect(what, &captures, State::Malformed);
    }
    let twice = String::from_utf8(case("k256/post.json")).unwrap();
    let twice = twice.replace("\"value\":{", "\"value\":{\"text\":\"Something else.\",");
    expect("words twice", &Captures::of("k256").post(twice.into_bytes()), State::Malformed);
}

#[test]
fn keys_that_are_absent_wrong_rotated_or_withdrawn_are_told_apart() {
    let case = || Captures::of("k256");
    let mut none = case();
    none.identity = None;
    let checked = expect("no document", &none, State::Missing);
    assert!(checked.signer.is_some());

    let rotated = expect("rotated", &case().identity("k256/did-rotated.json"), State::OtherKey);
    assert!(rotated.fact.contains("replaced"), "{}", rotated.fact);
    let wrong = expect("another account", &case().identity("p256/did.json"), State::OtherKey);
    assert!(wrong.fact.contains("did:web:ministry.example"), "{}", wrong.fact);

    expect("log", &case().identity("k256/log.json"), State::Valid);
    expect("recovered", &case().identity("k256/log-recovered.json"), State::Valid);
    let before = case().identity("k256/log-rotated-before.json");
    let checked = expect("replaced before the commit", &before, State::Revoked);
    assert!(checked.fact.contains("2025-06-01"), "{}", checked.fact);
    let later = expect("later", &case().identity("k256/log-rotated-later.json"), State::Valid);
    assert!(later.limits[0].contains("2027-06-01"), "{:?}", later.limits);
    expect("another's log", &case().identity("plc/log_bskyapp.json"), State::OtherKey);

    let closed = || case().identity("k256/log-closed-later.json");
    let checked = expect("closed", &closed(), State::Revoked);
    assert!(checked.fact.contains("2027-07-01"), "{}", checked.fact);
    expect("not closed yet", &closed().at(1_811_800_000), State::Valid);
    expect("long before", &closed().at(0), State::Missing);
}

#[test]
fn a_document_is_read_as_the_standard_says() {
    type Change = fn(&mut Value);
    let changes: [(&str, Change, State); 9] = [
        ("closed", |document| document["deactivated"] = json!(true), State::Revoked),
        (
            "closed by a resolver's word",
            |document| {
                *document = json!({
                    "didDocument": document.clone(),
                    "didDocumentMetadata": { "deactivated": true },
                });
            },
            State::Revoked,
        ),
        (
            "a resolver's answer",
            |document| *document = json!({ "didDocument": document.clone() }),
            State::Valid,
        ),
        (
            "a short name of the key",
            |document| document["verificationMethod"][0]["id"] = json!("#atproto"),
            State::Valid,
        ),
        (
            "a key for something else",
            |document| document["verificationMethod"][0]["id"] = json!("#atproto_label"),
            State::Missing,
        ),
        (
            "a key of another",
            |document| document["verificationMethod"][0]["controller"] = json!("did:web:a.example"),
            State::Malformed,
        ),
        (
            "a key of another sort",
            |document| document["verificationMethod"][0]["type"] = json!("JsonWebKey2020"),
            State::Malformed,
        ),
        (
            "two keys",
            |document| {
                let key = document["verificationMethod"][0].clone();
                document["verificationMethod"] = json!([key.clone(), key]);
            },
            State::Malformed,
        ),
        ("no account", |document| document["id"] = json!(null), State::Malformed),
    ];
    for (what, change, expected) in changes {
        let mut captures = Captures::of("k256");
        captures.identity = Some(changed("k256/did.json", change));
        expect(what, &captures, expected);
    }
}

#[test]
fn a_commit_dated_after_the_time_asked_for_is_remarked_on() {
    let checked = expect("early", &Captures::of("real").at(1_700_000_000), State::Valid);
    assert!(checked.limits[0].contains("after the time asked for"), "{:?}", checked.limits);
    let checked = expect("in time", &Captures::of("real").at(1_800_000_000), State::Valid);
    assert_eq!(checked.limits.len(), 1, "{:?}", checked.limits);
}

#[test]
fn the_proof_of_one_post_does_not_prove_another() {
    let captures = Captures::of("real-embed").post(case("real/record.json"));
    expect("another post", &captures, State::Altered);
    let mut captures = Captures::of("k256");
    captures.proof = case("p256/proof.car");
    expect("another account", &captures, State::Altered);
}

#[test]
fn hostile_captures_are_refused_within_limits() {
    let deep = "[".repeat(1_000_000).into_bytes();
    let varint = vec![0xff; 100];
    let huge = vec![0x80; 17 << 20];
    for bytes in [deep, varint, huge, Vec::new(), b"null".to_vec(), b"\x00".to_vec()] {
        let of = Captures::of("k256");
        assert_eq!(check(&of.post, &bytes, of.identity.as_deref(), None).state, State::Malformed);
        assert_eq!(check(&bytes, &of.proof, None, None).state, State::Malformed);
        assert_eq!(check(&of.post, &of.proof, Some(&bytes), None).state, State::Malformed);
    }
}

#[test]
fn no_mutation_panics_or_passes() {
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        usize::try_from(seed >> 33).unwrap()
    };
    let logs = ["k256/log-closed-later.json", "k256/log-recovered.json", "k256/did.json"];
    for round in 0..3_000 {
        let mut captures = Captures::of("k256").identity(logs[round % 3]);
        let good = captures.proof.clone();
        let which = next() % 2;
        let bytes =
            if which == 0 { &mut captures.proof } else { captures.identity.as_mut().unwrap() };
        for _ in 0..=next() % 4 {
            let place = next() % bytes.len().max(2);
            if place >= bytes.len() {
                break;
            }
            match next() % 4 {
                0 => bytes[place] = u8::try_from(next() % 256).unwrap(),
                1 => drop(bytes.remove(place)),
                2 => bytes.insert(place, bytes[next() % bytes.len()]),
                _ => bytes.truncate(place.max(1)),
            }
        }
        let checked = captures.check();
        assert!(captures.proof == good || checked.state != State::Valid, "round {round}");
    }
}
