//! OpenPGP signatures made by GnuPG: every state told apart, every byte changed.

#![allow(clippy::disallowed_methods, reason = "a test reads its cases and asks other programs")]

use std::fs;
use std::path::Path;

use whosaid::evidence::signature::checked::{Checked, State};
use whosaid::evidence::signature::openpgp::check;

fn case(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/openpgp");
    fs::read(folder.join(name)).expect(name)
}

fn checked(signature: &str, key: &str, at: Option<i64>) -> Checked {
    check(&case("release.txt"), &case(signature), Some(&case(key)), at)
}

#[cfg(not(feature = "openpgp"))]
#[test]
fn a_build_without_the_feature_says_so() {
    let checked = checked("press.sig.asc", "press.asc", None);
    assert_eq!(checked.state, State::Unsupported);
    assert!(checked.fact.contains("feature `openpgp`"), "{}", checked.fact);
}

#[cfg(feature = "openpgp")]
mod with_the_feature {
    use std::process::{Command, Stdio};

    use whosaid::evidence::signature::checked::Coverage;

    use super::*;

    /// 3 March 2024, 10:00, when the signatures were made.
    const SIGNED: i64 = 1_709_460_000;
    const DAY: i64 = 86_400;
    const PRESS: &str = "7C5F7BC317DD2A0BD83D5430BDA1597E815E1224";
    const MINISTRY: &str = "4DE79A519D7FAEA64AE1284D5E981BFB652A787C";

    #[test]
    fn what_gnupg_signed_holds_and_is_named_by_the_primary_fingerprint() {
        for (signature, key, expected) in [
            ("press.sig.asc", "press.asc", Some(PRESS)),
            ("press.sig", "press.asc", Some(PRESS)),
            ("text.sig.asc", "press.asc", Some(PRESS)),
            ("ministry.sig.asc", "ministry.asc", Some(MINISTRY)),
            ("p256.sig.asc", "p256.asc", None),
        ] {
            let checked = checked(signature, key, Some(SIGNED + DAY));
            assert_eq!(checked.state, State::Valid, "{signature}: {}", checked.fact);
            assert_eq!(checked.signed_at, Some(SIGNED));
            assert_eq!(checked.coverage, Coverage::Whole);
            let limit_count = usize::from(signature.starts_with("text"));
            assert_eq!(checked.limits.len(), limit_count, "{:?}", checked.limits);
            let signer = checked.signer.expect("a yes names its signer");
            assert_eq!(signer.platform, "openpgp");
            assert!(expected.is_none_or(|expected| signer.id == expected), "{}", signer.id);
            assert_eq!(signer.id.len(), 40);
        }
    }

    #[test]
    fn ends_and_withdrawals_are_told_apart_by_the_time_asked_for() {
        let june = 1_717_243_200;
        for (signature, key, at, expected) in [
            // The signature ends after 30 days.
            ("month.sig.asc", "press.asc", Some(SIGNED + 30 * DAY - 1), State::Valid),
            ("month.sig.asc", "press.asc", Some(SIGNED + 30 * DAY), State::Expired),
            // The subkey signs for two years, the ministry's key for one.
            ("press.sig.asc", "press.asc", Some(SIGNED + 727 * DAY), State::Valid),
            ("press.sig.asc", "press.asc", Some(SIGNED + 729 * DAY), State::Expired),
            ("ministry.sig.asc", "ministry.asc", Some(SIGNED + 366 * DAY), State::Expired),
            ("ministry.sig.asc", "ministry-prolonged.asc", Some(SIGNED + 366 * DAY), State::Valid),
            ("late.sig.asc", "ministry-prolonged.asc", None, State::Valid),
            ("late.sig.asc", "ministry.asc", None, State::Expired),
            // Compromised or without a reason: nothing stands. Retired: what was before stands.
            ("press.sig.asc", "press-revoked.asc", Some(SIGNED), State::Revoked),
            ("press.sig.asc", "press-compromised.asc", Some(SIGNED), State::Revoked),
            ("press.sig.asc", "press-retired.asc", Some(june - 1), State::Valid),
            ("press.sig.asc", "press-retired.asc", Some(june), State::Revoked),
            ("press.sig.asc", "press-subkey-retired.asc", Some(june - 1), State::Valid),
            ("press.sig.asc", "press-subkey-retired.asc", Some(june), State::Revoked),
        ] {
            let checked = checked(signature, key, at);
            let what = format!("{signature} by {key} at {at:?}: {}", checked.fact);
            assert_eq!(checked.state, expected, "{what}");
            assert!(checked.signer.is_some(), "{what}");
        }
    }

    #[test]
    fn what_was_not_compared_with_a_time_is_said() {
        let open = checked("month.sig.asc", "press-retired.asc", None);
        assert_eq!(open.state, State::Valid, "{}", open.fact);
        let all = open.limits.join("; ");
        for words in ["retired the key after", "the subkey has an end", "the signature has an end"]
        {
            assert!(all.contains(words), "{all}");
        }
    }

    #[test]
    fn other_altered_missing_and_weak_are_told_apart() {
        let (capture, signature) = (case("release.txt"), case("press.sig.asc"));
        let state =
            |capture: &[u8], key: Option<&[u8]>| check(capture, &signature, key, None).state;
        assert_eq!(state(b"other words", Some(&case("press.asc"))), State::Altered);
        assert_eq!(state(&capture, Some(&case("ministry.asc"))), State::OtherKey);
        assert_eq!(state(&capture, None), State::Missing);
        assert_eq!(state(&capture, Some(b"no key")), State::Malformed);
        let two = [case("press.asc"), case("ministry.asc")].concat();
        assert_eq!(state(&capture, Some(&two)), State::Malformed);
        for (signature, key, words) in [
            ("sha1.sig.asc", "press.asc", "weak or unknown hash SHA1"),
            ("sha1-bound.sig.asc", "sha1-bound.asc", "a hash that is not weak"),
            ("rsa1024.sig.asc", "rsa1024.asc", "1024 bits"),
            ("press.asc", "press.asc", "BEGIN PGP SIGNATURE"),
        ] {
            let checked = checked(signature, key, None);
            assert_eq!(checked.state, State::Malformed, "{signature}: {}", checked.fact);
            assert!(checked.fact.contains(words), "{signature}: {}", checked.fact);
        }
    }

    #[test]
    fn a_text_signature_takes_other_line_ends_and_no_other_words() {
        let text = String::from_utf8(case("release.txt")).unwrap();
        let of = |capture: &str, signature: &str| {
            check(capture.as_bytes(), &case(signature), Some(&case("press.asc")), None).state
        };
        let other_ends = text.replace('\n', "\r\n");
        assert_eq!(of(&other_ends, "text.sig.asc"), State::Valid);
        assert_eq!(of(&other_ends, "press.sig.asc"), State::Altered);
        assert_eq!(of(&text.replace("winter", "summer"), "text.sig.asc"), State::Altered);
    }

    #[test]
    fn every_changed_byte_is_refused() {
        let capture = case("release.txt");
        for (name, key) in [
            ("press.sig", "press.asc"),
            ("press.sig.asc", "press.asc"),
            ("ministry.sig.asc", "ministry.asc"),
        ] {
            let (signature, key) = (case(name), case(key));
            let state = |capture: &[u8], signature: &[u8]| {
                check(capture, signature, Some(&key), None).state
            };
            for at in 0..signature.len() {
                for flip in [0x01, 0x02, 0x03, 0x20, 0x80, 0xff] {
                    let mut changed = signature.clone();
                    changed[at] ^= flip;
                    let found = state(&capture, &changed);
                    assert_ne!(found, State::Valid, "{name} byte {at} ^ {flip:#x}");
                }
            }
            for at in 0..capture.len() {
                let mut changed = capture.clone();
                changed[at] ^= 1;
                assert_eq!(state(&changed, &signature), State::Altered, "{name} byte {at}");
            }
            for end in 0..signature.len() - 1 {
                assert_ne!(state(&capture, &signature[..end]), State::Valid, "{end} bytes");
            }
            let doubled = [signature.as_slice(), &signature].concat();
            assert_eq!(state(&capture, &doubled), State::Malformed);
        }
    }

    /// The bytes within the armour of a key.
    fn bare(name: &str) -> Vec<u8> {
        use base64ct::{Base64, Encoding};
        let text = String::from_utf8(case(name)).unwrap();
        let body = text.lines().filter(|line| !line.starts_with('-') && !line.starts_with('='));
        Base64::decode_vec(&body.collect::<String>()).unwrap()
    }

    #[test]
    fn a_changed_key_never_signs_under_another_name_nor_loses_a_withdrawal_in_silence() {
        let (capture, signature) = (case("release.txt"), case("press.sig"));
        for (name, may_hold) in [("press.asc", true), ("press-compromised.asc", false)] {
            let key = bare(name);
            let expected = check(&capture, &signature, Some(&key), None);
            for at in 0..key.len() {
                for flip in [0x01, 0x04, 0x20, 0x80] {
                    let mut changed = key.clone();
                    changed[at] ^= flip;
                    let found = check(&capture, &signature, Some(&changed), None);
                    if found.state == State::Valid {
                        assert_eq!(found.signer, expected.signer, "{name} byte {at} ^ {flip:#x}");
                        // A damaged withdrawal is not believed, and is not passed over in silence.
                        let mut limits = found.limits.iter();
                        let is_said = limits.any(|limit| limit.contains("not checked"));
                        assert!(may_hold || is_said, "{name} byte {at} ^ {flip:#x}");
                    }
                }
            }
            for end in 0..key.len() {
                check(&capture, &signature, Some(&key[..end]), None);
            }
        }
    }

    #[test]
    fn what_the_tool_signs_now_holds() {
        if Command::new("gpg").arg("--version").output().is_err() {
            println!("SKIPPED: gpg is not installed");
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let run = |arguments: &[&str]| {
            let mut command = Command::new("gpg");
            command.args(["--homedir", ".", "--batch", "--quiet", "--no-tty"]);
            command.args(["--pinentry-mode", "loopback", "--passphrase", ""]);
            command.current_dir(folder.path()).args(arguments).stdin(Stdio::null());
            let output = command.output().unwrap();
            assert!(output.status.success(), "{arguments:?}: {output:?}");
        };
        let read = |name: &str| fs::read(folder.path().join(name)).unwrap();
        fs::write(folder.path().join("words"), "some words\n").unwrap();
        run(&["--quick-gen-key", "a@example.org", "ed25519", "sign,cert", "never"]);
        run(&["--armor", "--output", "key.asc", "--export", "a@example.org"]);
        run(&["--armor", "--detach-sign", "words"]);
        let checked = check(&read("words"), &read("words.asc"), Some(&read("key.asc")), None);
        assert_eq!(checked.state, State::Valid, "{}", checked.fact);
        let _ = Command::new("gpgconf")
            .args(["--homedir", ".", "--kill", "all"])
            .current_dir(folder.path())
            .output();
    }
}
