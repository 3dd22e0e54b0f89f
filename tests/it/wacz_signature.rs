//! Signed WACZ packages: `tests/cases/wacz`, signed by other people's code.
//!
//! `anonymous.wacz` was signed by the key store of `ArchiveWeb.page` 0.17.1, run outside a browser.
//! `site*.wacz` were signed by the crypto module of authsign 0.6.1 and stamped by OpenSSL, under
//! test authorities of their own; authsign's verifier takes the first and refuses the others.

#![allow(clippy::disallowed_methods, reason = "tests look at files")]

use std::fs;
use std::io::{Cursor, Read};

use base64ct::{Base64, Encoding};
use whosaid::evidence::authority::x509::Certificate;
use whosaid::evidence::signature::checked::{Checked, Coverage, State};
use whosaid::evidence::signature::wacz::{self, Roots};

/// When `site.wacz` was signed, in seconds since 1970.
const SIGNED_AT: i64 = 1_795_641_360;

/// Checks an anonymous signature, which needs no roots.
fn check(package: &[u8]) -> Checked {
    wacz::check(package, &Roots::default())
}

fn roots(name: &str) -> Vec<Certificate> {
    Certificate::from_pem(&String::from_utf8(case(name)).unwrap()).unwrap()
}

/// Checks with the roots of the test authorities.
fn check_site(package: &[u8]) -> Checked {
    let (site, time) = (roots("site-root.pem"), roots("time-root.pem"));
    wacz::check(package, &Roots { site: &site, time: &time })
}

fn case(name: &str) -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cases/wacz/");
    fs::read(format!("{folder}{name}")).unwrap()
}

/// The package with words in it changed for others of the same length, and the CRC-32s made anew:
/// what somebody does who changes a package with tools.
fn changed(package: &[u8], from: &str, to: &str) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let mut bytes = package.to_vec();
    let place = bytes.windows(from.len()).position(|words| words == from.as_bytes());
    let place = place.unwrap_or_else(|| panic!("{from} does not stand there"));
    bytes[place..place + to.len()].copy_from_slice(to.as_bytes());
    repaired(bytes)
}

/// Makes the CRC-32s of a ZIP file of stored files anew.
fn repaired(mut bytes: Vec<u8>) -> Vec<u8> {
    let end = bytes.len() - 22;
    let number = |bytes: &[u8], at: usize| {
        usize::try_from(u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap())).unwrap()
    };
    let mut at = number(&bytes, end + 16);
    while at < end {
        let (size, start) = (number(&bytes, at + 20), number(&bytes, at + 42));
        let name = number(&bytes, at + 28) & 0xffff;
        let mut crc = flate2::Crc::new();
        crc.update(&bytes[start + 30 + name..start + 30 + name + size]);
        let crc = crc.sum().to_le_bytes();
        bytes[at + 16..at + 20].copy_from_slice(&crc);
        bytes[start + 14..start + 18].copy_from_slice(&crc);
        at += 46 + name;
    }
    bytes
}

fn is(checked: &Checked, state: State, fact: &str) {
    assert_eq!(checked.state, state, "{}", checked.fact);
    assert!(checked.fact.contains(fact), "{}", checked.fact);
}

#[test]
fn what_archivewebpage_signs_is_valid() {
    let checked = check(&case("anonymous.wacz"));
    is(&checked, State::Valid, "every file is as listed");
    let signer = checked.signer.unwrap();
    assert_eq!(signer.platform, "wacz");
    assert!(signer.id.starts_with("MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAE"), "{}", signer.id);
    assert_eq!((checked.coverage, checked.signed_at), (Coverage::Whole, Some(1_732_528_800)));
    assert_eq!(checked.limits, Vec::<String>::new());
    let unsigned = check(&case("unsigned.wacz"));
    is(&unsigned, State::Malformed, "the package is not signed");
    is(&check(b"no zip file"), State::Malformed, "not a sound zip file");
}

/// What the `zip` crate reads of a package: all files, of the last the signed properties only.
fn read_by_others(package: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut archive = zip::ZipArchive::new(Cursor::new(package)).unwrap();
    let mut files = Vec::new();
    for place in 0..archive.len() {
        let mut file = archive.by_index(place).unwrap();
        let name = file.name().unwrap().into_owned();
        let mut content = Vec::new();
        file.read_to_end(&mut content).unwrap();
        if name == "datapackage-digest.json" {
            let mut json: serde_json::Value = serde_json::from_slice(&content).unwrap();
            for beside in ["created", "software"] {
                json["signedData"].as_object_mut().unwrap().remove(beside);
            }
            content = json.to_string().into_bytes();
        }
        files.push((name, content));
    }
    files
}

#[test]
fn no_changed_byte_is_called_valid_but_those_that_nobody_signs() {
    let good = case("anonymous.wacz");
    let (key, files) = (check(&good).signer, read_by_others(&good));
    let mut valid = 0;
    for place in 0..good.len() {
        let mut bytes = good.clone();
        bytes[place] ^= 1;
        let bytes = repaired_if_sound(bytes);
        let checked = check(&bytes);
        if checked.state == State::Valid {
            assert_eq!(checked.signer, key, "byte {place}");
            assert!(read_by_others(&bytes) == files, "byte {place}");
            valid += 1;
        }
    }
    // Times and versions in the headers of the ZIP file, and the date and software beside the
    // signature, are nobody's word.
    assert!(valid > 0, "the loop changed nothing");
}

/// A changed size or place makes the repair itself fail; the package is then left as it is.
fn repaired_if_sound(bytes: Vec<u8>) -> Vec<u8> {
    let kept = bytes.clone();
    std::panic::catch_unwind(|| repaired(bytes)).unwrap_or(kept)
}

#[test]
fn each_part_that_is_changed_is_told_apart() {
    let good = case("anonymous.wacz");
    let page = check(&changed(&good, "come to Kabul", "come to Qabul"));
    is(&page, State::Altered, "`archive/data.warc` has the sha-256");
    let list = check(&changed(&good, "\"data-package\"", "\"data-packagf\""));
    is(&list, State::Altered, "another list");
    let of_list = check(&changed(&good, "\"hash\": \"sha256:", "\"hash\": \"sha255:"));
    assert_ne!(of_list.state, State::Valid);
    let extra = check(&changed(&good, "\"software\":", "\"softwarf\":"));
    is(&extra, State::Malformed, "unknown field `softwarf`");
    let twice = check(&changed(&good, "\"software\":", "\"hash\"    :"));
    is(&twice, State::Malformed, "duplicate field `hash`");
    let dated = check(&changed(&good, "\"created\": \"2024-11-25", "\"created\": \"2023-11-25"));
    is(&dated, State::Altered, "another list");
}

#[test]
fn another_key_and_another_signature_are_refused() {
    let good = case("anonymous.wacz");
    let text = String::from_utf8_lossy(&good).into_owned();
    let value = |name: &str| {
        let rest = text.split_once(&format!("\"{name}\": \"")).unwrap().1;
        rest.split_once('"').unwrap().0.to_owned()
    };
    let signature = value("signature");
    for place in 0..96 {
        let mut bytes = Base64::decode_vec(&signature).unwrap();
        bytes[place] ^= 1;
        let checked = check(&changed(&good, &signature, &Base64::encode_string(&bytes)));
        is(&checked, State::OtherKey, "did not sign");
    }
    let key = value("publicKey");
    for place in 0..120 {
        let mut bytes = Base64::decode_vec(&key).unwrap();
        bytes[place] ^= 1;
        let checked = check(&changed(&good, &key, &Base64::encode_string(&bytes)));
        assert_ne!(checked.state, State::Valid, "byte {place} of the key");
    }
    let zeros = Base64::encode_string(&[0; 96]);
    is(&check(&changed(&good, &signature, &zeros)), State::Malformed, "none of ECDSA");
    let none = "!".repeat(signature.len());
    is(&check(&changed(&good, &signature, &none)), State::Malformed, "none of ECDSA");
}

#[test]
fn what_authsign_signs_is_valid_under_pinned_roots_only() {
    let good = case("site.wacz");
    let checked = check_site(&good);
    is(&checked, State::Valid, "every file is as listed");
    let signer = checked.signer.unwrap();
    assert_eq!((signer.platform, signer.id.as_str()), ("site", "archive.example"));
    assert_eq!(checked.signed_at, Some(SIGNED_AT));
    assert!(checked.limits[0].contains("`CN=Test Clock` stamped it at"), "{:?}", checked.limits);
    let (site, time) = (roots("site-root.pem"), roots("time-root.pem"));
    is(&check(&good), State::Missing, "no root certificate of sites is pinned");
    let no_clock = wacz::check(&good, &Roots { site: &site, time: &[] });
    is(&no_clock, State::Missing, "no root certificate of clocks is pinned");
    let swapped = wacz::check(&good, &Roots { site: &time, time: &site });
    is(&swapped, State::Missing, "no chain leads to a root that is pinned");
    let other_clock = wacz::check(&good, &Roots { site: &site, time: &site });
    is(&other_clock, State::Missing, "no root that is pinned here vouches for it");
}

#[test]
fn what_authsign_refuses_is_refused_and_told_apart() {
    let refused = |name: &str, state, fact: &str| is(&check_site(&case(name)), state, fact);
    refused("site-old-date.wacz", State::Malformed, "seconds from its date, 600 are allowed");
    refused("site-expired.wacz", State::Expired, "was valid from");
    refused("site-other-domain.wacz", State::OtherKey, "expected `archive.example`");
    refused("site-other-key.wacz", State::OtherKey, "did not sign");
    refused("site-other-stamp.wacz", State::Malformed, "its time stamp: ");
}

#[test]
fn a_changed_package_of_a_site_is_refused() {
    let good = case("site.wacz");
    let page = check_site(&changed(&good, "come to Kabul", "come to Qabul"));
    is(&page, State::Altered, "`archive/data.warc` has the sha-256");
    let domain = r#""domain": "archive.example""#;
    let other = check_site(&changed(&good, domain, r#""domain": "archivf.example""#));
    is(&other, State::OtherKey, "expected `archivf.example`");
    let upper = check_site(&changed(&good, domain, r#""domain": "ARCHIVE.example""#));
    assert_eq!(upper.signer.unwrap().id, "archive.example");
    let version = r#""version": "0.1.0""#;
    let mixed = check_site(&changed(&good, version, r#""publicKey": "123""#));
    is(&mixed, State::Malformed, "names both a key and a site");
    let text = String::from_utf8_lossy(&good).into_owned();
    let rest = text.split_once("\"signature\": \"").unwrap().1;
    let signature = rest.split_once('"').unwrap().0;
    for place in 0..Base64::decode_vec(signature).unwrap().len() {
        let mut bytes = Base64::decode_vec(signature).unwrap();
        bytes[place] ^= 1;
        let checked = check_site(&changed(&good, signature, &Base64::encode_string(&bytes)));
        let is_told = matches!(checked.state, State::OtherKey | State::Malformed);
        assert!(is_told, "byte {place}: {}", checked.fact);
    }
    // A line of the site's certificate and of the one that vouches for it.
    let lines: Vec<usize> = rest.match_indices("\\nMII").map(|(at, _)| at + 20).take(2).collect();
    assert_eq!(lines.len(), 2);
    for line in lines {
        let from = &rest[line..line + 8];
        let to = from.chars().map(|c| if c == 'A' { 'B' } else { 'A' }).collect::<String>();
        let checked = check_site(&changed(&good, from, &to));
        assert_ne!(checked.state, State::Valid, "{from}");
    }
}
