//! RFC 3161 tokens: a public authority's real ones, and a test authority's by `openssl ts`.

#![allow(clippy::disallowed_methods, reason = "a test reads its cases")]

use std::fs;

use whosaid::evidence::authority::x509::Certificate;
use whosaid::evidence::reading::Verdict;
use whosaid::evidence::time::rfc3161::{TOKEN_BYTES, check};
use whosaid::evidence::time::stamped::{Stamped, State};
use whosaid::hash::Hash;

const CASES: &str = "tests/cases/rfc3161";

fn file(name: &str) -> Vec<u8> {
    fs::read(format!("{CASES}/{name}")).unwrap_or_else(|e| panic!("{name}: {e}"))
}

fn pem(name: &str) -> Vec<Certificate> {
    let text = fs::read_to_string(format!("{CASES}/{name}.pem")).expect("a case");
    Certificate::from_pem(&text).expect("certificates")
}

/// The roots of the test authority.
fn roots() -> Vec<Certificate> {
    ["root-rsa", "root-ec", "root-ed25519", "root-short", "root-constrained"]
        .iter()
        .flat_map(|name| pem(name))
        .collect()
}

fn stamped() -> Hash {
    Hash::of(&file("stamped.txt"))
}

/// The answer has that state, and its fact says that.
fn expect(name: &str, answer: &Stamped, state: State, says: &str) {
    let Stamped { fact, .. } = answer;
    assert_eq!(answer.state, state, "{name}: {fact}");
    assert!(fact.contains(says), "{name}: {fact}");
    assert_eq!(answer.time.is_some(), state == State::Complete, "{name}: {fact}");
    assert_eq!(answer.authority.is_some(), state == State::Complete, "{name}: {fact}");
}

#[test]
fn real_tokens_of_digicert_are_vouched_for_by_its_root() {
    for (name, digest, time, who) in [
        (
            "digicert-rsa.token",
            "bdd93e06af887dcafa9f341adc2739c7c7516678a3a90316831ff5c683f8cfd9",
            1_745_437_523,
            "CN=DigiCert Timestamp 2024",
        ),
        (
            "digicert-ec.token",
            "9be26ed8e4c0c3aba21df2a477682d60e066ae48043afad3a38b2e7221342619",
            1_744_238_773,
            "CN=ECC256_SHA256_Timestamp_Responder_Adobe_NOV_2024",
        ),
    ] {
        let digest = Hash::from_hex(digest).unwrap();
        let answer = check(&digest, &file(name), &pem("root-digicert-g4"));
        expect(name, &answer, State::Complete, "552f7bdcf1a7af9e6ce6");
        assert_eq!(answer.time, Some(time), "{name}");
        assert_eq!(answer.state.verdict(), Verdict::Holds);
        assert!(answer.authority.unwrap().starts_with(who), "{name}");
        assert_eq!(answer.limits.len(), 1, "it does not say how accurate it is");
        let other = check(&digest, &file(name), &roots());
        expect(name, &other, State::Unknown, "no root that is pinned here vouches");
        let other = check(&stamped(), &file(name), &pem("root-digicert-g4"));
        expect(name, &other, State::Failed, "for other bytes");
    }
    // The older root vouches for the first through a cross-signed certificate in the token.
    let digest = "bdd93e06af887dcafa9f341adc2739c7c7516678a3a90316831ff5c683f8cfd9";
    let digest = Hash::from_hex(digest).unwrap();
    let answer = check(&digest, &file("digicert-rsa.token"), &pem("root-digicert-assured-id"));
    expect("cross-signed", &answer, State::Complete, "DigiCert Assured ID Root CA");
}

#[test]
fn what_openssl_verifies_is_complete() {
    for name in [
        "rsa.tsr",
        "rsa.token",
        "ec.tsr",
        "rsa-sha1-binding.tsr",
        "by-ed25519.token",
        "key-identifier.token",
        "pss.token",
    ] {
        let answer = check(&stamped(), &file(name), &roots());
        expect(name, &answer, State::Complete, "CN=test root-");
        let is_accurate = name != "rsa-sha1-binding.tsr";
        assert_eq!(answer.accuracy, is_accurate.then_some(2), "{name}");
        assert_eq!(answer.limits.len(), if is_accurate { 0 } else { 2 }, "{name}");
    }
}

#[test]
fn what_openssl_refuses_is_refused_for_the_same_reason() {
    for (name, state, says) in [
        ("expired.tsr", State::Failed, "was valid from 1577836800 to 1609459200"),
        ("not-critical.token", State::Failed, "not for stamping times alone"),
        ("and-server.token", State::Failed, "not for stamping times alone"),
        ("server.token", State::Failed, "not for stamping times alone"),
        ("too-deep.token", State::Failed, "allows fewer authorities"),
        ("no-authority.token", State::Failed, "is no authority"),
        ("no-signing.token", State::Failed, "not for signing certificates"),
        ("other-name.token", State::Failed, "names another authority"),
        ("not-bound.token", State::Failed, "not bound to a certificate"),
        ("other-content.token", State::Failed, "not the content of a time stamp"),
        ("two-signers.token", State::Failed, "not exactly one signature"),
        ("rejected.tsr", State::Failed, "did not grant"),
        ("unknown-critical.token", State::Unknown, "the extension 1.2.3.4"),
        ("constrained.token", State::Unknown, "the extension 2.5.29.30"),
        ("ec-sha512.tsr", State::Unknown, "only SHA-256 is compared"),
        ("rsa-no-certificate.tsr", State::Unknown, "is not at hand"),
    ] {
        expect(name, &check(&stamped(), &file(name), &roots()), state, says);
    }
}

#[test]
fn a_token_without_certificates_is_checked_where_its_own_is_pinned() {
    let answer = check(&stamped(), &file("rsa-no-certificate.tsr"), &pem("tsa-rsa"));
    expect("pinned", &answer, State::Complete, "CN=test tsa-rsa");
}

#[test]
fn without_a_pinned_root_a_whole_token_is_unknown() {
    for roots in [Vec::new(), pem("root-other")] {
        let answer = check(&stamped(), &file("ec.tsr"), &roots);
        expect("ec.tsr", &answer, State::Unknown, "whole, and signed by `CN=test tsa-ec`");
    }
    let answer = check(&Hash::of(b"other"), &file("ec.tsr"), &[]);
    expect("ec.tsr", &answer, State::Failed, "for other bytes");
}

#[test]
fn one_changed_byte_never_brings_another_time_or_clock() {
    let (digest, roots) = (stamped(), roots());
    for name in ["ec.tsr", "rsa.token"] {
        let good = file(name);
        let expected = check(&digest, &good, &roots);
        let mut still_complete = 0;
        for place in 0..good.len() {
            let mut bytes = good.clone();
            bytes[place] ^= 1;
            let answer = check(&digest, &bytes, &roots);
            if answer.state == State::Complete {
                // Not signed and without meaning: the versions, the set of hash functions, their
                // empty parameters, that the request was granted with changes.
                assert_eq!(answer, expected, "{name}: byte {place}");
                still_complete += 1;
            }
        }
        assert!(still_complete < good.len() / 40, "{name}: {still_complete} bytes are not covered");
    }
}

#[test]
fn what_is_cut_short_or_goes_on_is_no_token() {
    let (digest, roots) = (stamped(), roots());
    let good = file("ec.tsr");
    for length in 0..good.len() {
        let answer = check(&digest, &good[..length], &roots);
        expect("cut short", &answer, State::Failed, "no RFC 3161 token");
    }
    let answer = check(&digest, &[&good[..], &[0]].concat(), &roots);
    expect("one byte more", &answer, State::Failed, "no RFC 3161 token");
    let answer = check(&digest, &vec![0x30; TOKEN_BYTES + 1], &roots);
    expect("too long", &answer, State::Failed, "more than 65536");
}

#[test]
fn damaged_tokens_end_soon_and_never_panic() {
    let (digest, roots) = (stamped(), roots());
    let good = file("ec.tsr");
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
        let answer = check(&digest, &bytes, &roots);
        assert!(answer.time.is_none() || bytes.len() == good.len());
    }
    // Nested as deep as the bytes allow.
    let mut nested = Vec::new();
    for _ in 0..16_000 {
        let length = u16::try_from(nested.len()).unwrap().to_be_bytes();
        nested = [&[0x30, 0x82, length[0], length[1]][..], &nested].concat();
    }
    expect("nested", &check(&digest, &nested, &roots), State::Failed, "no RFC 3161 token");
}
