//! Nostr events that another program made: believed as they are, refused with any byte changed.

#![allow(clippy::disallowed_methods, reason = "a test reads its cases")]

use whosaid::evidence::signature::checked::{Checked, Coverage, State};
use whosaid::evidence::signature::nostr;

/// The public key of the secret key 7, as `nostr-tools` wrote it.
const KEY: &str = "5cbdf0646e5db4eaa398f365f2ea7a0e3d419b7e0330e39ce92bddedcac4f9bc";

fn case(name: &str) -> Vec<u8> {
    std::fs::read(format!("tests/cases/nostr/{name}")).unwrap()
}

fn text(name: &str) -> String {
    String::from_utf8(case(name)).unwrap()
}

fn check(capture: &str) -> Checked {
    nostr::check(capture.as_bytes(), None)
}

#[test]
fn an_event_of_another_program_is_valid() {
    for (name, coverage) in [
        ("note.json", Coverage::Whole),
        ("note-pretty.json", Coverage::Whole),
        ("frame.json", Coverage::Below("/2".to_owned())),
    ] {
        let checked = nostr::check(&case(name), Some(1_800_000_000));
        assert_eq!(checked.state, State::Valid, "{name}: {}", checked.fact);
        let signer = checked.signer.unwrap();
        assert_eq!((signer.platform, &*signer.id), ("nostr", KEY));
        assert_eq!(checked.signed_at, Some(1_732_536_000));
        assert_eq!(checked.coverage, coverage);
        assert_eq!(checked.limits, Vec::<String>::new());
    }
}

#[test]
fn an_event_of_a_program_that_escapes_control_characters_is_valid_and_says_so() {
    let checked = nostr::check(&case("control.json"), None);
    assert_eq!(checked.state, State::Valid, "{}", checked.fact);
    assert_eq!(checked.limits.len(), 1, "{:?}", checked.limits);
}

#[test]
fn an_event_expires_by_its_own_word_and_only_then() {
    let event = case("expiring.json");
    for (at, expected) in [
        (None, State::Valid),
        (Some(1_732_622_399), State::Valid),
        (Some(1_732_622_400), State::Expired),
        (Some(i64::MAX), State::Expired),
        (Some(i64::MIN), State::Valid),
    ] {
        let checked = nostr::check(&event, at);
        assert_eq!(checked.state, expected, "{at:?}: {}", checked.fact);
        assert_eq!(checked.signer.unwrap().id, KEY);
    }
}

#[test]
fn no_bit_of_an_event_can_be_flipped() {
    for name in ["note.json", "expiring.json"] {
        let good = case(name);
        for index in 0..good.len() {
            for bit in 0..8 {
                let mut bad = good.clone();
                bad[index] ^= 1 << bit;
                let checked = nostr::check(&bad, None);
                assert_ne!(checked.state, State::Valid, "{name}: byte {index}, bit {bit}");
            }
        }
    }
}

#[test]
fn no_part_of_an_event_stands_for_the_whole() {
    let good = case("note.json");
    for length in 0..good.len() {
        assert_eq!(nostr::check(&good[..length], None).state, State::Malformed, "{length} bytes");
    }
}

#[test]
fn the_words_of_another_key_are_altered() {
    let other = "f9308a019258c31049344f85f89d5229b531c845836f99b08601f113bce036f9";
    let checked = check(&text("note.json").replace(KEY, other));
    assert_eq!(checked.state, State::Altered, "{}", checked.fact);
    assert_eq!(checked.signer.unwrap().id, other);
}

#[test]
fn what_is_not_exactly_an_event_is_malformed() {
    let good = text("expiring.json");
    let cases = [
        ("a member twice", good.replacen('{', "{\"kind\":1,", 1)),
        ("content twice", good.replace("\"sig\"", "\"content\":\"This holds.\",\"sig\"")),
        ("one more member", good.replacen('{', "{\"ots\":\"x\",", 1)),
        ("no kind", good.replace("\"kind\":1,", "")),
        ("kind too large", good.replace("\"kind\":1,", "\"kind\":65537,")),
        ("a time with a fraction", good.replace("1732536000", "1732536000.0")),
        ("a time with an exponent", good.replace("1732536000", "1732536e3")),
        ("a time before 1970", good.replace("1732536000", "-1732536000")),
        ("a time as text", good.replace("1732536000", "\"1732536000\"")),
        ("a number in a tag", good.replace("\"1732622400\"", "1732622400")),
        ("key in capitals", good.replace(KEY, &KEY.to_uppercase())),
        ("no key on the curve", good.replace(KEY, &"f".repeat(64))),
        ("two events", format!("{good}{good}")),
        ("an event before others", format!("[{good}]")),
        ("a client's message", format!("[\"EVENT\",{good}]")),
        ("another message", format!("[\"OK\",\"a\",{good}]")),
        ("a message with more", format!("[\"EVENT\",\"a\",{good},1]")),
        ("half a surrogate", good.replace("This", "\\ud800")),
        ("null", "null".to_owned()),
        ("nothing", String::new()),
    ];
    for (what, capture) in cases {
        let checked = check(&capture);
        assert_eq!(checked.state, State::Malformed, "{what}: {}", checked.fact);
    }
}

#[test]
fn an_array_in_the_order_of_the_members_is_no_event() {
    let value: serde_json::Value = serde_json::from_str(&text("note.json")).unwrap();
    let names = ["id", "pubkey", "created_at", "kind", "tags", "content", "sig"];
    let list: Vec<_> = names.iter().map(|name| value[name].clone()).collect();
    let list = serde_json::to_string(&list).unwrap();
    assert_eq!(check(&list).state, State::Malformed);
    assert_eq!(check(&format!("[\"EVENT\",\"a\",{list}]")).state, State::Malformed);
}

#[test]
fn hostile_captures_are_refused_within_limits() {
    let deep = "[".repeat(900_000);
    let huge = format!("{{\"content\":\"{}\"}}", "a".repeat(nostr::EVENT_BYTES));
    let many = format!("{{\"tags\":[{}[]]}}", "[],".repeat(200_000));
    for capture in [deep.clone(), format!("{{\"tags\":{deep}"), huge, many] {
        assert_eq!(check(&capture).state, State::Malformed);
    }
}

#[test]
fn no_mutation_panics_or_passes() {
    let good = case("note.json");
    let mut seed = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        usize::try_from(seed >> 33).unwrap()
    };
    for _ in 0..3_000 {
        let mut bad = good.clone();
        for _ in 0..=next() % 4 {
            let place = next() % bad.len().max(2);
            if place >= bad.len() {
                break;
            }
            match next() % 4 {
                0 => bad[place] = u8::try_from(next() % 256).unwrap(),
                1 => drop(bad.remove(place)),
                2 => bad.insert(place, good[next() % good.len()]),
                _ => bad.truncate(place.max(1)),
            }
        }
        let same = serde_json::from_slice::<serde_json::Value>(&bad).ok()
            == serde_json::from_slice::<serde_json::Value>(&good).ok();
        let valid = nostr::check(&bad, None).state == State::Valid;
        assert!(!valid || same, "{}", String::from_utf8_lossy(&bad));
    }
}
