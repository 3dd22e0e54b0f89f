//! Other people's programs: what we write they accept, and what they write we accept. A test whose
//! program is not installed says so on standard error and checks nothing.
#![expect(clippy::disallowed_methods, reason = "files are handed to other programs")]

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output};

use base64ct::{Base64, Encoding};
use whosaid::hash::Hash;
use whosaid::key::{PublicKey, SecretKey};
use whosaid::receipt::check::check;
use whosaid::receipt::prove::Published;
use whosaid::receipt::report::Subject;
use whosaid::receipt::transparent::Transparent;
use whosaid::store::Store;
use whosaid::tlog::merkle::Position;
use whosaid::tlog::receipt::Receipt;
use whosaid::verify::report::{Outcome, Verdict};

use crate::it::house::{ORIGIN, TIME, log_key, policy, recorder_key};
use crate::it::sample::{SMALL, lina_key, omar_key, small};

/// The program, if it is there: `WHOSAID_PYTHON` names a Python that has the modules.
fn python(script: &str, arguments: &[&str]) -> Option<Output> {
    let named = std::env::var("WHOSAID_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let probe = Command::new(&named).args(["-c", "import scitt_cose, cbor2"]).output();
    if !probe.is_ok_and(|output| output.status.success()) {
        // Written past the test harness, which would keep it to itself.
        let said = format!(
            "SKIPPED: {named} has no module scitt_cose (pip install scitt-cose; WHOSAID_PYTHON \
             names another Python): nothing was checked by it\n"
        );
        std::io::stderr().write_all(said.as_bytes()).expect("standard error");
        return None;
    }
    let script = Path::new("tests/clients").join(script);
    Some(Command::new(&named).arg(script).args(arguments).output().expect("a Python"))
}

/// A public key in PEM (RFC 8410).
fn public_pem(key: &PublicKey) -> String {
    const HEAD: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
    let base64 = Base64::encode_string(&[&HEAD[..], key.as_bytes()].concat());
    format!("-----BEGIN PUBLIC KEY-----\n{base64}\n-----END PUBLIC KEY-----\n")
}

/// A secret key in PEM (RFC 8410), not encrypted.
fn secret_pem(seed: [u8; 32]) -> String {
    const HEAD: [u8; 16] = [
        0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04,
        0x20,
    ];
    let base64 = Base64::encode_string(&[&HEAD[..], &seed].concat());
    format!("-----BEGIN PRIVATE KEY-----\n{base64}\n-----END PRIVATE KEY-----\n")
}

#[test]
fn scitt_cose_checks_the_whole_chain_of_every_transparent_statement() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name);
    let sample = small();
    let store = Store::open(sample.disk.clone()).unwrap();
    let published = Published::open(&store, &policy()).unwrap();
    for entry_index in 0..SMALL {
        let proven = published.prove(entry_index).unwrap();
        let statement = proven.statement.clone().unwrap();
        let signer = whosaid::attribution::statement::open(&statement).unwrap().signer();
        let keys = [recorder_key(), omar_key(), lina_key()].map(|key: SecretKey| key.public());
        let key = keys.into_iter().find(|key| key.thumbprint() == signer).expect("a recorder");
        let name = format!("{entry_index}.issuer.pem");
        fs::write(path(&name), public_pem(&key)).unwrap();
        let scitt = proven.to_transparent(&log_key(), TIME).unwrap();
        fs::write(path(&format!("{entry_index}.scitt")), scitt).unwrap();
    }
    fs::write(path("log.pem"), public_pem(&log_key().public())).unwrap();
    let Some(output) = python("scitt.py", &["check", &folder.path().to_string_lossy()]) else {
        return;
    };
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert_eq!(output.stdout, format!("{SMALL} checked\n").into_bytes());
}

#[test]
fn what_scitt_cose_writes_is_accepted() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("log.secret.pem"), secret_pem([1; 32])).unwrap();
    let Some(output) = python("scitt.py", &["write", &folder.path().to_string_lossy()]) else {
        return;
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let read = |name: &str| fs::read(folder.path().join(name)).unwrap();
    let entry = Hash::from_slice(&read("entry")).unwrap();
    accepts(&read("bare.receipt"), &read("full.receipt"), &read("statement.scitt"), entry);
}

#[test]
fn coset_reads_a_receipt_and_agrees_about_its_signature() {
    use coset::TaggedCborSerializable;

    let sample = small();
    let store = Store::open(sample.disk).unwrap();
    let published = Published::open(&store, &policy()).unwrap();
    let proven = published.prove(3).unwrap();
    let scitt = proven.to_transparent(&log_key(), TIME).unwrap();
    let theirs = coset::CoseSign1::from_tagged_slice(&scitt).unwrap();
    let ours = Transparent::parse(&scitt).unwrap();
    assert_eq!(theirs.unprotected.rest.len(), 2);
    let receipt = coset::CoseSign1::from_tagged_slice(&ours.receipts[0]).unwrap();
    assert_eq!(receipt.payload, None);
    let check = |root: &Hash| {
        receipt.verify_detached_signature(root.as_bytes(), b"", |signature, signed| {
            if log_key().public().verifies(signed, signature) { Ok(()) } else { Err(()) }
        })
    };
    assert_eq!(check(&proven.checkpoint.root), Ok(()));
    assert_eq!(check(&Hash::of(b"x")), Err(()));
}

/// The same, as scitt-cose 0.5.0 wrote it once (tests/cases/receipt, Apache-2.0).
#[test]
fn what_scitt_cose_wrote_is_accepted() {
    let read = |name: &str| fs::read(Path::new("tests/cases/receipt").join(name)).unwrap();
    let statement = read("theirs.scitt");
    let entry = Hash::of(&Transparent::parse(&statement).unwrap().statement);
    accepts(&read("theirs-bare.receipt"), &read("theirs-full.receipt"), &statement, entry);
}

fn accepts(bare: &[u8], full: &[u8], statement: &[u8], entry: Hash) {
    let key = log_key().public();
    for (bytes, issuer) in [(bare, None), (full, Some(ORIGIN.to_owned()))] {
        assert!(Receipt::parse(bytes).is_err(), "not of our profile");
        let receipt = Receipt::parse_foreign(bytes).unwrap();
        assert_eq!(receipt.issuer, issuer);
        let included = receipt.verify(entry.as_bytes(), &key).unwrap();
        assert_eq!(included.position, Position { leaf_index: 2, tree_size: 5 });
        assert!(!included.is_position_signed);
        assert!(receipt.verify(Hash::of(b"x").as_bytes(), &key).is_err());
        let other = SecretKey::from_seed(&[2; 32]).public();
        assert!(receipt.verify(entry.as_bytes(), &other).is_err());
        refuses_changes(bytes, &entry, &key);
    }
    // The statement is not of our kind: that it is in the log is shown, what it says is not told.
    let report = check(statement, Some(&policy())).unwrap();
    assert_eq!(report.verdict(), Verdict::Undecided, "{report:?}");
    let statement = report.checks.iter().find(|it| it.name == Subject::Statement).unwrap();
    assert_eq!(statement.result, Outcome::NotChecked);
    assert_eq!(report.entry_index, Some(2));
}

/// The bytes of hex digits of any number.
fn hex(digits: &str) -> Vec<u8> {
    let byte = |at| u8::from_str_radix(&digits[at..at + 2], 16).expect("two digits");
    (0..digits.len()).step_by(2).map(byte).collect()
}

#[test]
fn the_published_vectors_of_scitt_cose_come_out_as_they_say() {
    let vectors = fs::read_to_string("tests/cases/receipt/scitt-cose.txt").unwrap();
    let mut counts = [0; 3];
    for line in vectors.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let [name, expected, entry, key, receipt] =
            line.split(' ').collect::<Vec<_>>().try_into().expect("five words");
        let holds = || {
            let key = PublicKey::from_bytes(&hex(key)).ok()?;
            Receipt::parse_foreign(&hex(receipt)).ok()?.verify(&hex(entry), &key).ok()
        };
        let holds = key != "-" && holds().is_some();
        assert_eq!(holds, expected == "holds", "{name}");
        if expected == "other" {
            assert!(Receipt::parse_foreign(&hex(receipt)).is_err(), "{name}");
        }
        let place = ["holds", "refused", "other"].iter().position(|it| *it == expected);
        counts[place.expect("one of three")] += 1;
    }
    assert!(counts.iter().all(|count| *count > 1), "{counts:?}");
}

/// Nothing but the place in the tree, which they do not sign, can be changed unseen; and the place
/// only to one from which the same way leads to the same root.
fn refuses_changes(good: &[u8], entry: &Hash, key: &PublicKey) {
    for at in 0..good.len() {
        for flip in [1, 0x80] {
            let mut bad = good.to_vec();
            bad[at] ^= flip;
            let Ok(receipt) = Receipt::parse_foreign(&bad) else { continue };
            let Ok(included) = receipt.verify(entry.as_bytes(), key) else { continue };
            let place = Position { leaf_index: 2, tree_size: 5 };
            assert_ne!(included.position, place, "byte {at} means nothing");
            assert!(!included.is_position_signed);
        }
    }
}
