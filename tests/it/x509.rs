//! Certificate chains made by the `openssl` command, and real roots.

use std::fs;

use whosaid::evidence::authority::x509::{Certificate, Error, Purpose, chain};

const CASES: &str = "tests/cases/rfc3161";

/// A time at which all certificates are valid that are not meant to be expired.
const NOW: i64 = 1_900_000_000;

fn pem(name: &str) -> Vec<Certificate> {
    let text = fs::read_to_string(format!("{CASES}/{name}.pem")).expect("a case");
    Certificate::from_pem(&text).expect("certificates")
}

fn one(name: &str) -> Certificate {
    pem(name).remove(0)
}

#[test]
fn a_chain_goes_up_to_the_pinned_root() {
    let (leaf, others, roots) = (one("tsa-rsa"), pem("middle-rsa"), pem("root-rsa"));
    let found = chain(&leaf, &others, &roots, NOW, Purpose::TimeStamping).unwrap();
    let names: Vec<String> = found.certificates().iter().map(|c| c.subject()).collect();
    assert_eq!(names, ["CN=test tsa-rsa", "CN=test middle-rsa", "CN=test root-rsa"]);
    assert_eq!(found.root().fingerprint(), roots[0].fingerprint());
    // Without the one in between, and with another root, nothing vouches for it.
    for (others, roots) in [(Vec::new(), roots.clone()), (others.clone(), pem("root-ec"))] {
        let missing = chain(&leaf, &others, &roots, NOW, Purpose::TimeStamping);
        assert_eq!(missing, Err(Error::NoRoot));
    }
    let expired = chain(&leaf, &others, &roots, 1_500_000_000, Purpose::TimeStamping);
    assert!(matches!(expired, Err(Error::OutOfDate { .. })), "{expired:?}");
}

#[test]
fn a_pinned_certificate_needs_no_chain_but_its_purpose() {
    let pinned = pem("tsa-rsa");
    let found = chain(&pinned[0], &[], &pinned, NOW, Purpose::TimeStamping).unwrap();
    assert_eq!(found.certificates().len(), 1);
    let refused = chain(&pinned[0], &[], &pinned, NOW, Purpose::Server);
    assert!(matches!(refused, Err(Error::NotAllowed(_))), "{refused:?}");
}

#[test]
fn a_servers_certificate_names_its_domains_and_stamps_no_times() {
    let (server, roots) = (one("server"), pem("root-ec"));
    chain(&server, &[], &roots, NOW, Purpose::Server).unwrap();
    assert_eq!(server.dns_names(), ["example.org", "www.example.org"]);
    let refused = chain(&server, &[], &roots, NOW, Purpose::TimeStamping);
    assert!(matches!(refused, Err(Error::NotAllowed(_))), "{refused:?}");
}

#[test]
fn a_certificate_with_one_byte_changed_has_no_chain() {
    let (leaf, roots) = (one("server"), pem("root-ec"));
    for place in 0..leaf.der().len() {
        let mut bytes = leaf.der().to_vec();
        bytes[place] ^= 1;
        let Ok(changed) = Certificate::from_der(&bytes) else { continue };
        let found = chain(&changed, &[], &roots, NOW, Purpose::Server);
        assert!(found.is_err(), "byte {place}");
    }
    for length in 0..leaf.der().len() {
        assert!(Certificate::from_der(&leaf.der()[..length]).is_err(), "{length} bytes");
    }
    assert!(Certificate::from_der(&[leaf.der(), &[0]].concat()).is_err(), "one byte more");
}

#[test]
fn many_certificates_of_one_name_are_not_tried_for_ever() {
    // Each copy did sign the first certificate, and none leads to the root.
    let (leaf, roots) = (one("tsa-rsa"), pem("root-ec"));
    let others = vec![one("middle-rsa"); 2_000];
    let found = chain(&leaf, &others, &roots, NOW, Purpose::TimeStamping);
    assert_eq!(found, Err(Error::NoRoot));
}

#[test]
fn real_roots_are_read_from_pem_and_other_blocks_are_refused() {
    let root = one("root-digicert-g4");
    // The fingerprint that DigiCert and Debian publish.
    let published = "552f7bdcf1a7af9e6ce672017f4f12abf77240c78e761ac203d1d9d20ac89988";
    assert_eq!(root.fingerprint().to_string(), published);
    let text = fs::read_to_string(format!("{CASES}/root-digicert-g4.pem")).unwrap();
    let two = format!("# a comment\n{text}\nanother\r\n{}", text.replace('\n', "\r\n"));
    assert_eq!(Certificate::from_pem(&two).unwrap(), [root.clone(), root]);
    let key = text.replace("CERTIFICATE", "PRIVATE KEY");
    for bad in ["", "no certificate", &key, &text[..text.len() / 2], &text[..text.len() - 5]] {
        assert!(matches!(Certificate::from_pem(bad), Err(Error::Malformed(_))), "{bad}");
    }
}
