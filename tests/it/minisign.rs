//! Minisign: its author's own vectors, files made with its own tool, and every byte changed.

#![allow(clippy::disallowed_methods, reason = "a test reads its cases and asks other programs")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use whosaid::evidence::signature::checked::{Coverage, State};
use whosaid::evidence::signature::minisign::check;

fn case(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/minisign");
    fs::read(folder.join(name)).expect(name)
}

fn state(capture: &[u8], signature: &[u8], key: &[u8]) -> State {
    check(capture, signature, Some(key)).state
}

#[test]
fn the_authors_own_signatures_hold_in_both_modes() {
    for (name, time, limit_count) in [
        ("author/prehashed.minisig", 1_556_193_335, 0),
        ("author/legacy.minisig", 1_555_779_966, 1),
    ] {
        let checked = check(&case("author/test"), &case(name), Some(&case("author/key.pub")));
        assert_eq!(checked.state, State::Valid, "{name}: {}", checked.fact);
        assert_eq!(checked.signed_at, Some(time), "{name}");
        assert_eq!(checked.limits.len(), limit_count, "{name}");
        assert_eq!(checked.coverage, Coverage::Whole);
        let signer = checked.signer.expect("a yes names its signer");
        assert_eq!(signer.platform, "minisign");
        assert_eq!(signer.id, "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3");
        assert_eq!(state(b"Test", &case(name), &case("author/key.pub")), State::Altered);
    }
}

#[test]
fn the_key_is_read_from_its_file_or_from_its_line() {
    let (capture, signature) = (case("release.txt"), case("prehashed.minisig"));
    let file = String::from_utf8(case("key.pub")).unwrap();
    let line = file.lines().nth(1).unwrap();
    for key in [file.as_str(), line, &file.replace('\n', "\r\n"), &format!("{line}\n")] {
        assert_eq!(state(&capture, &signature, key.as_bytes()), State::Valid, "{key}");
    }
    for key in ["", "RWQ", &line[1..], &line.replace("RW", "RU"), &format!("{line}\n{line}")] {
        assert_eq!(state(&capture, &signature, key.as_bytes()), State::Malformed, "{key}");
    }
}

#[test]
fn other_key_altered_and_missing_are_told_apart() {
    let (capture, key) = (case("release.txt"), case("key.pub"));
    assert_eq!(state(&capture, &case("other.minisig"), &key), State::OtherKey);
    assert_eq!(state(&capture, &case("prehashed.minisig"), &case("other.pub")), State::OtherKey);
    assert_eq!(state(b"other words", &case("prehashed.minisig"), &key), State::Altered);
    let checked = check(&capture, &case("prehashed.minisig"), None);
    assert_eq!(checked.state, State::Missing);
    assert!(checked.fact.contains("16C3FF00A8D940B0"), "{}", checked.fact);
    assert_eq!(checked.signer, None);
}

#[test]
fn a_trusted_comment_without_a_time_gives_none() {
    let checked = check(&case("release.txt"), &case("timeless.minisig"), Some(&case("key.pub")));
    assert_eq!((checked.state, checked.signed_at), (State::Valid, None));
    assert!(checked.fact.contains("read at the press conference"), "{}", checked.fact);
    assert_eq!(checked.limits.len(), 1);
}

#[test]
fn a_changed_trusted_comment_is_found_and_the_untrusted_one_is_never_read() {
    let (capture, key) = (case("release.txt"), case("key.pub"));
    let file = String::from_utf8(case("prehashed.minisig")).unwrap();
    let later = file.replace("timestamp:1709460000", "timestamp:1709460001");
    assert_eq!(state(&capture, later.as_bytes(), &key), State::Altered);
    let renamed = file.replace("the press office", "somebody else!!!");
    assert_ne!(renamed, file);
    let expected = check(&capture, file.as_bytes(), Some(&key));
    assert_eq!(check(&capture, renamed.as_bytes(), Some(&key)), expected);
}

#[test]
fn sixty_four_bytes_in_the_older_mode_are_refused() {
    assert_eq!(state(&[7; 64], &case("legacy.minisig"), &case("key.pub")), State::Malformed);
    assert_eq!(state(&[7; 63], &case("legacy.minisig"), &case("key.pub")), State::Altered);
}

#[test]
fn every_changed_byte_is_refused_outside_the_untrusted_comment() {
    let (capture, key) = (case("release.txt"), case("key.pub"));
    for name in ["prehashed.minisig", "legacy.minisig"] {
        let signature = case(name);
        let expected = check(&capture, &signature, Some(&key));
        let comment =
            "untrusted comment: ".len()..signature.iter().position(|&b| b == b'\n').unwrap();
        for at in 0..signature.len() {
            for flip in [0x01, 0x02, 0x20, 0x80, 0xff] {
                let mut changed = signature.clone();
                changed[at] ^= flip;
                let checked = check(&capture, &changed, Some(&key));
                // Nobody signs the untrusted comment, and nothing is taken from it.
                let is_same = comment.contains(&at) && checked == expected;
                assert!(is_same || checked.state != State::Valid, "{name} byte {at} ^ {flip:#x}");
            }
        }
        for at in 0..capture.len() {
            let mut changed = capture.clone();
            changed[at] ^= 1;
            assert_eq!(state(&changed, &signature, &key), State::Altered, "{name} byte {at}");
        }
    }
}

#[test]
fn whatever_is_cut_doubled_or_changed_gives_an_answer() {
    let (capture, key) = (case("release.txt"), case("key.pub"));
    let signature = case("prehashed.minisig");
    // The last byte is the line end, which may be left out.
    for end in 0..signature.len() - 1 {
        assert_ne!(state(&capture, &signature[..end], &key), State::Valid, "first {end} bytes");
    }
    for end in 0..key.len() - 1 {
        assert_eq!(state(&capture, &signature, &key[..end]), State::Malformed, "{end} bytes");
    }
    for at in 0..key.len() {
        for flip in 1..=255 {
            let mut changed = key.clone();
            changed[at] ^= flip;
            let checked = check(&capture, &signature, Some(&changed));
            let is_own = checked.signer.is_some_and(|signer| {
                key.ends_with(b"\n") && {
                    let line = String::from_utf8_lossy(&key);
                    line.contains(&signer.id)
                }
            });
            assert!(checked.state != State::Valid || is_own, "key byte {at} ^ {flip:#x}");
        }
    }
    let doubled = [signature.as_slice(), &signature].concat();
    assert_eq!(state(&capture, &doubled, &key), State::Malformed);
    let long = [b"untrusted comment: ".as_slice(), &vec![b'a'; 1 << 20]].concat();
    assert_eq!(state(&capture, &long, &key), State::Malformed);
    assert_eq!(state(&capture, &signature, &long), State::Malformed);
}

/// Whether a tool is there to be asked.
fn has(tool: &str) -> bool {
    Command::new(tool).arg("-v").output().is_ok()
}

#[test]
fn what_the_tool_signs_now_holds() {
    if !has("minisign") {
        println!("SKIPPED: minisign is not installed");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| -> PathBuf { folder.path().join(name) };
    fs::write(path("words"), "some words\n").unwrap();
    let run = |arguments: &[&str]| {
        let mut command = Command::new("minisign");
        command.current_dir(folder.path()).args(arguments);
        let output = command.stdin(std::process::Stdio::null()).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {output:?}");
    };
    run(&["-G", "-W", "-p", "key.pub", "-s", "key.sec"]);
    run(&["-S", "-s", "key.sec", "-m", "words"]);
    let read = |name: &str| fs::read(path(name)).unwrap();
    let checked = check(&read("words"), &read("words.minisig"), Some(&read("key.pub")));
    assert_eq!(checked.state, State::Valid, "{}", checked.fact);
    assert!(checked.signed_at.is_some());
}
