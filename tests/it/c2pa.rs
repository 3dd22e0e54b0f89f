//! C2PA manifests in images: one of Adobe's, our own by an own root, and every byte changed.

#![allow(clippy::disallowed_methods, reason = "a test reads its cases and asks other programs")]

use std::fs;
use std::path::Path;

use whosaid::evidence::signature::c2pa::check;
use whosaid::evidence::signature::checked::{Checked, State};

fn case(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/c2pa");
    fs::read(folder.join(name)).expect(name)
}

fn checked(name: &str, roots: Option<&[u8]>) -> Checked {
    let is_photograph = Path::new(name).extension().is_some_and(|end| end == "jpg");
    check(&case(name), if is_photograph { "image/jpeg" } else { "image/png" }, roots)
}

#[cfg(not(feature = "c2pa"))]
#[test]
fn a_build_without_the_feature_says_so() {
    let checked = checked("signed.png", None);
    assert_eq!(checked.state, State::Unsupported);
    assert!(checked.fact.contains("feature `c2pa`"), "{}", checked.fact);
}

#[cfg(feature = "c2pa")]
mod with_the_feature {
    use whosaid::evidence::signature::checked::{Coverage, Signer};

    use super::*;

    /// The SHA-256 of our leaf, as `openssl x509 -fingerprint -sha256` prints it.
    const LEAF: &str = "953d7623bdb24ea21f16e4d2400c9c472d2d7b81cd370fe3a58101ad5e46b5a3";

    fn x509(id: &str) -> Signer {
        Signer { platform: "x509", id: id.to_owned() }
    }

    #[test]
    fn adobes_image_holds_and_its_time_stamp_is_not_believed_without_a_root() {
        let checked = checked("adobe.jpg", None);
        assert_eq!(checked.state, State::Valid, "{}", checked.fact);
        let leaf = "51007bdf26a4f4491e438f929abef473c244c292d2056eb16acd82c2ba0713ba";
        assert_eq!(checked.signer, Some(x509(leaf)));
        assert_eq!(checked.signed_at, None);
        assert!(checked.fact.contains("Adobe C2PA Stage"), "{}", checked.fact);
        assert!(checked.fact.contains("c2pa.watermarked"), "{}", checked.fact);
        let limits = checked.limits.join("; ");
        for words in ["leads to no root", "2025-04-09T22:46:13", "CAWG"] {
            assert!(limits.contains(words), "{words}: {limits}");
        }
    }

    #[test]
    fn a_root_at_hand_is_a_fact_and_its_absence_a_limit() {
        let roots = case("roots.pem");
        for (roots, is_trusted) in [(None, false), (Some(roots.as_slice()), true)] {
            let checked = checked("signed.png", roots);
            assert_eq!(checked.state, State::Valid, "{}", checked.fact);
            assert_eq!(checked.signer, Some(x509(LEAF)));
            assert_eq!(checked.coverage, Coverage::Whole);
            assert_eq!(checked.signed_at, None);
            assert_eq!(checked.fact.contains("leads to a root at hand"), is_trusted);
            let is_open = checked.limits.iter().any(|limit| limit.contains("leads to no root"));
            assert_eq!(is_open, !is_trusted, "{:?}", checked.limits);
            for words in ["Example Press Agency", "Example Darkroom", "digitalCapture"] {
                assert!(checked.fact.contains(words), "{}", checked.fact);
            }
        }
    }

    #[test]
    fn a_picture_made_by_a_machine_is_called_so() {
        let checked = checked("generated.png", None);
        assert_eq!(checked.state, State::Valid, "{}", checked.fact);
        assert!(checked.fact.contains("made by generative AI"), "{}", checked.fact);
    }

    #[test]
    fn absent_remote_expired_and_unknown_are_told_apart() {
        for (name, expected, words) in [
            ("plain.png", State::Malformed, "no C2PA manifest"),
            ("remote.png", State::Missing, "https://example.org/manifest.c2pa"),
            ("expired.png", State::Expired, "outside its dates"),
        ] {
            let checked = checked(name, None);
            assert_eq!(checked.state, expected, "{name}: {}", checked.fact);
            assert!(checked.fact.contains(words), "{name}: {}", checked.fact);
        }
        let signed = case("signed.png");
        assert_eq!(check(&signed, "text/html", None).state, State::Unsupported);
        assert_eq!(check(b"", "image/png", None).state, State::Malformed);
        assert_eq!(check(&signed, "image/png", Some(b"no roots")).state, State::Malformed);
    }

    #[test]
    fn a_changed_picture_is_altered() {
        let mut changed = case("signed.png");
        let last = changed.len() - 20;
        changed[last] ^= 1;
        let checked = check(&changed, "image/png", None);
        assert_eq!(checked.state, State::Altered, "{}", checked.fact);
        let mut changed = case("adobe.jpg");
        let last = changed.len() - 1_000;
        changed[last] ^= 1;
        let checked = check(&changed, "image/jpeg", None);
        assert_eq!(checked.state, State::Altered, "{}", checked.fact);
    }

    #[test]
    fn a_changed_byte_passes_only_where_c2pa_has_padding_and_names_of_boxes() {
        let signed = case("signed.png");
        let expected = check(&signed, "image/png", None);
        let mut passed = 0;
        for at in 0..signed.len() {
            let around = &signed[at.saturating_sub(8)..(at + 8).min(signed.len())];
            if around.iter().all(|&byte| byte == 0) && at % 97 != 0 {
                continue;
            }
            let mut changed = signed.clone();
            changed[at] ^= 1;
            let found = check(&changed, "image/png", None);
            if found.state == State::Valid {
                assert_eq!(found, expected, "byte {at}");
                passed += usize::from(signed[at] != 0);
            }
        }
        // The label of the store, the word "pad", and the sum of the chunk around the manifest:
        // C2PA leaves them out of every hash, and nothing is taken from them.
        assert!(passed <= 16, "{passed} bytes that are not zero can be changed");
    }

    #[test]
    fn what_is_cut_gives_an_answer() {
        for name in ["signed.png", "adobe.jpg"] {
            let image = case(name);
            for end in (0..image.len()).step_by(image.len() / 200) {
                let found = check(&image[..end], "image/png", None);
                assert_ne!(found.state, State::Valid, "{name}: {end} bytes");
            }
        }
    }
}
