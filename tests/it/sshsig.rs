//! OpenSSH signatures of files, made by OpenSSH; every byte changed, and every term of a key.

#![allow(clippy::disallowed_methods, reason = "a test reads its cases and asks other programs")]

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use base64ct::{Base64, Encoding};
use whosaid::evidence::signature::checked::{Checked, Coverage, State};
use whosaid::evidence::signature::sshsig::{Beside, check};

/// 1 January 2025.
const WITHIN: i64 = 1_735_689_600;
/// The second with which the year 2026 begins, and the key's acceptance ends.
const END: i64 = 1_767_225_600;

fn case(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/sshsig");
    fs::read(folder.join(name)).expect(name)
}

fn against(signature: &[u8], key: &[u8], at: Option<i64>) -> Checked {
    check(&case("release.txt"), signature, Beside { key: Some(key), revoked: None, at })
}

fn alone(signature: &[u8]) -> Checked {
    check(&case("release.txt"), signature, Beside::default())
}

fn key_line() -> String {
    String::from_utf8(case("ed25519.pub")).unwrap()
}

/// What stands within the armour.
fn blob_of(name: &str) -> Vec<u8> {
    let text = String::from_utf8(case(name)).unwrap();
    let body: String = text.lines().filter(|line| !line.starts_with('-')).collect();
    Base64::decode_vec(&body).unwrap()
}

/// The blob of a signature, changed and armoured again.
fn rewritten(name: &str, change: impl Fn(&mut Vec<u8>)) -> Vec<u8> {
    let mut blob = blob_of(name);
    change(&mut blob);
    let encoded = Base64::encode_string(&blob);
    let lines: Vec<&str> =
        encoded.as_bytes().chunks(70).map(|line| str::from_utf8(line).unwrap()).collect();
    let body = lines.join("\n");
    format!("-----BEGIN SSH SIGNATURE-----\n{body}\n-----END SSH SIGNATURE-----\n").into_bytes()
}

#[test]
fn what_openssh_signed_holds_and_is_named_by_the_fingerprint_openssh_prints() {
    let fingerprints = String::from_utf8(case("fingerprints")).unwrap();
    for (name, line) in ["ed25519", "p256", "p384", "rsa"].iter().zip(fingerprints.lines()) {
        let signature = case(&format!("{name}.sig"));
        let expected = line.split(' ').nth(1).unwrap();
        let checks =
            [alone(&signature), against(&signature, &case(&format!("{name}.pub")), Some(WITHIN))];
        for checked in checks {
            assert_eq!(checked.state, State::Valid, "{name}: {}", checked.fact);
            let signer = checked.signer.expect("a yes names its signer");
            assert_eq!((signer.platform, signer.id.as_str()), ("ssh", expected), "{name}");
            assert_eq!(checked.coverage, Coverage::Whole);
            assert_eq!(checked.signed_at, None);
        }
    }
    assert_eq!(alone(&case("sha256.sig")).state, State::Valid);
}

#[test]
fn other_bytes_are_altered_and_another_key_is_another_key() {
    for name in ["ed25519", "p256", "p384", "rsa"] {
        let signature = case(&format!("{name}.sig"));
        let key = case(&format!("{name}.pub"));
        let beside = Beside { key: Some(&key), revoked: None, at: None };
        assert_eq!(check(b"other words", &signature, beside).state, State::Altered, "{name}");
        let checked = against(&signature, &case("other.pub"), None);
        assert_eq!(checked.state, State::OtherKey, "{name}: {}", checked.fact);
    }
}

#[test]
fn an_allowed_signer_is_accepted_within_its_dates_only() {
    let signers = case("allowed_signers");
    for (at, expected) in [
        (Some(WITHIN), State::Valid),
        (Some(END), State::Valid),
        (Some(END + 1), State::Expired),
        (Some(1_704_067_200), State::Valid),
        (Some(1_704_067_199), State::Expired),
        (None, State::Valid),
    ] {
        let checked = against(&case("ed25519.sig"), &signers, at);
        assert_eq!(checked.state, expected, "{at:?}: {}", checked.fact);
        let is_open = checked.limits.iter().any(|limit| limit.contains("were not compared"));
        assert_eq!(is_open, at.is_none());
        assert!(expected != State::Valid || checked.fact.contains("press@example.org"));
    }
    assert_eq!(against(&case("other.sig"), &signers, None).state, State::OtherKey);
}

#[test]
fn a_purpose_is_accepted_as_the_line_says_and_named_when_it_is_not_a_file() {
    let git = case("git.sig");
    let checked = against(&git, &case("allowed_signers"), Some(WITHIN));
    assert_eq!(checked.state, State::Valid, "{}", checked.fact);
    assert!(checked.limits.iter().any(|limit| limit.contains("`git`")), "{:?}", checked.limits);
    for (options, expected) in [
        ("namespaces=\"file\"", State::Malformed),
        ("namespaces=\"g*\"", State::Valid),
        ("namespaces=\"*,!git\"", State::Malformed),
        ("cert-authority", State::Unsupported),
        ("valid-before=\"20200101\"", State::Expired),
    ] {
        let line = format!("press@example.org {options} {}", key_line());
        let checked = against(&git, line.as_bytes(), Some(WITHIN));
        assert_eq!(checked.state, expected, "{options}: {}", checked.fact);
    }
    // A later line may accept what an earlier one does not.
    let both = format!("a namespaces=\"file\" {}b namespaces=\"git\" {}", key_line(), key_line());
    assert_eq!(against(&git, both.as_bytes(), None).state, State::Valid);
}

#[test]
fn dates_without_a_zone_are_called_so() {
    let line = format!("press@example.org valid-before=\"20991231\" {}", key_line());
    let checked = against(&case("ed25519.sig"), line.as_bytes(), Some(WITHIN));
    assert_eq!(checked.state, State::Valid);
    assert!(checked.limits.iter().any(|limit| limit.contains("no time zone")));
}

#[test]
fn a_revoked_key_is_told_apart_from_an_unread_list() {
    let of = |revoked: &[u8]| {
        let beside = Beside { key: None, revoked: Some(revoked), at: None };
        check(&case("release.txt"), &case("ed25519.sig"), beside)
    };
    let two = [case("other.pub"), case("ed25519.pub")].concat();
    assert_eq!(of(&two).state, State::Revoked);
    assert_eq!(of(&two).signer, alone(&case("ed25519.sig")).signer);
    assert_eq!(of(&case("other.pub")).state, State::Valid);
    assert_eq!(of(b"").state, State::Valid);
    assert!(of(b"").limits.is_empty());
    assert_eq!(of(b"SSHKRL\n\0\0\0\0\x01").state, State::Unsupported);
    assert_eq!(of(b"not a list").state, State::Unsupported);
    let beside = Beside { key: None, revoked: Some(&two), at: None };
    assert_eq!(check(b"other words", &case("ed25519.sig"), beside).state, State::Altered);
}

#[test]
fn weak_and_unknown_keys_are_told_apart() {
    for (name, expected, words) in [
        ("p521.sig", State::Unsupported, "nistp521"),
        ("certificate.sig", State::Unsupported, "cert-v01"),
        ("rsa1024.sig", State::Malformed, "1024 bits"),
    ] {
        let checked = alone(&case(name));
        assert_eq!(checked.state, expected, "{name}: {}", checked.fact);
        assert!(checked.fact.contains(words), "{name}: {}", checked.fact);
    }
    let sha1 = rewritten("rsa.sig", |blob| {
        let at = blob.windows(12).position(|part| part == b"rsa-sha2-512").unwrap();
        blob.splice(at..at + 12, *b"ssh-rsa");
        blob[at - 1] = 7;
        blob[at - 6..at - 4].copy_from_slice(&(4_u16 + 7 + 4 + 256).to_be_bytes());
    });
    let checked = alone(&sha1);
    assert_eq!(checked.state, State::Malformed, "{}", checked.fact);
    assert!(checked.fact.contains("SHA-1"), "{}", checked.fact);
}

#[test]
fn what_openssh_passes_over_is_refused() {
    let reserved = rewritten("ed25519.sig", |blob| {
        let at = blob.windows(4).position(|part| part == b"file").unwrap() + 4;
        blob.splice(at..at + 4, *b"\0\0\0\x01x");
    });
    assert_eq!(alone(&reserved).state, State::Malformed);
    let longer = rewritten("ed25519.sig", |blob| blob.push(0));
    assert_eq!(alone(&longer).state, State::Malformed);
    let later = rewritten("ed25519.sig", |blob| blob[9] = 2);
    assert_eq!(alone(&later).state, State::Unsupported);
}

#[test]
fn every_changed_byte_of_the_file_and_of_the_capture_is_refused() {
    let capture = case("release.txt");
    for name in ["ed25519", "rsa"] {
        let signature = case(&format!("{name}.sig"));
        let key = case(&format!("{name}.pub"));
        let beside = Beside { key: Some(&key), revoked: None, at: None };
        for at in 0..signature.len() {
            for flip in [0x01, 0x20, 0x80] {
                let mut changed = signature.clone();
                changed[at] ^= flip;
                let checked = check(&capture, &changed, beside);
                assert_ne!(checked.state, State::Valid, "{name} byte {at} ^ {flip:#x}");
            }
        }
        for at in 0..capture.len() {
            let mut changed = capture.clone();
            changed[at] ^= 1;
            assert_eq!(check(&changed, &signature, beside).state, State::Altered, "{name} {at}");
        }
    }
}

#[test]
fn every_changed_byte_below_the_armour_is_refused_with_no_key_at_hand() {
    for name in ["ed25519.sig", "p256.sig", "p384.sig", "rsa.sig"] {
        assert_eq!(rewritten(name, |_| {}), case(name), "{name}");
        for at in 0..blob_of(name).len() {
            let changed = rewritten(name, |blob| blob[at] ^= 1);
            assert_ne!(alone(&changed).state, State::Valid, "{name} byte {at}");
        }
    }
}

#[test]
fn whatever_is_cut_or_changed_gives_an_answer() {
    let signature = case("ed25519.sig");
    for end in 0..signature.len() - 1 {
        assert_eq!(alone(&signature[..end]).state, State::Malformed, "first {end} bytes");
    }
    let signers = case("allowed_signers");
    for at in 0..signers.len() {
        for flip in [0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80] {
            let mut changed = signers.clone();
            changed[at] ^= flip;
            against(&signature, &changed, Some(WITHIN));
            let beside = Beside { key: None, revoked: Some(&changed), at: None };
            check(b"", &signature, beside);
        }
        against(&signature, &signers[..at], Some(WITHIN));
    }
    for size in [0, 8_192, 8_193, 1 << 20] {
        assert_eq!(alone(&vec![b'-'; size]).state, State::Malformed);
    }
    let huge = vec![b'a'; (1 << 20) + 1];
    assert_eq!(against(&signature, &huge, None).state, State::Malformed);
}

#[test]
fn what_the_tool_signs_now_holds_and_what_it_refuses_is_refused() {
    if Command::new("ssh-keygen").arg("-?").output().is_err() {
        println!("SKIPPED: ssh-keygen is not installed");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| {
        let mut command = Command::new("ssh-keygen");
        command.current_dir(folder.path()).args(arguments).stdin(Stdio::null());
        let output = command.output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {output:?}");
    };
    fs::write(folder.path().join("words"), "some words\n").unwrap();
    let read = |name: &str| fs::read(folder.path().join(name)).unwrap();
    for (kind, bits) in [("ed25519", "256"), ("ecdsa", "256"), ("ecdsa", "384"), ("rsa", "2048")] {
        for name in ["key", "key.pub", "words.sig"] {
            let _ = fs::remove_file(folder.path().join(name));
        }
        run(&["-q", "-t", kind, "-b", bits, "-N", "", "-f", "key"]);
        run(&["-q", "-Y", "sign", "-f", "key", "-n", "file", "words"]);
        let key = read("key.pub");
        let beside = Beside { key: Some(&key), revoked: None, at: None };
        let checked = check(&read("words"), &read("words.sig"), beside);
        assert_eq!(checked.state, State::Valid, "{kind} {bits}: {}", checked.fact);
    }
}
