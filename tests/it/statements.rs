//! Statements as data: `tests/cases/statement/<name>`, for this code and for anybody else's.
//!
//! The first line of a case says what a reader must answer, the rest is the statement in hex.
//! The cases are made here from values, a fixed key and a fixed time, and compared with the files:
//! a byte that changes is a break of the written format, not a test to be brought up to date.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use ciborium::Value;
use whosaid::attribution::record::Record;
use whosaid::attribution::statement::{self, Error, MAX_LENGTH};
use whosaid::cbor;
use whosaid::cose;
use whosaid::key::SecretKey;

use crate::it::annotated::{annotate, bytes_of};
use crate::it::records;
use crate::it::refused;

/// Where the cases stand.
const FOLDER: &str = "tests/cases/statement";

/// When every case was recorded, in seconds since 1970.
pub(crate) const TIME: u64 = 1_732_500_000;

/// The name of every case's recorder.
pub(crate) const ISSUER: &str = "nadia";

/// One statement and the answer it must get.
pub(crate) struct Case {
    /// The file's name.
    pub(crate) name: &'static str,
    /// `ok`, or `refused` and the kind of refusal.
    pub(crate) expect: String,
    /// What the case is about, in a sentence.
    pub(crate) why: &'static str,
    /// The statement.
    pub(crate) bytes: Vec<u8>,
}

/// The key that signs all cases: 32 times the byte 01.
pub(crate) fn signer() -> SecretKey {
    SecretKey::from_seed(&[1; 32])
}

/// The statement that carries a record.
pub(crate) fn sealed(record: &Record) -> Vec<u8> {
    let sealed = statement::seal(record, ISSUER, TIME, &signer());
    sealed.unwrap_or_else(|e| panic!("{}: {e}", record.kind())).0
}

/// All records that make good cases.
pub(crate) fn good_records() -> Vec<(&'static str, Record)> {
    [records::full(), records::bare(), vec![("claim_longest", longest(MAX_LENGTH))]].concat()
}

/// A claim whose statement has exactly `length` bytes.
pub(crate) fn longest(length: usize) -> Record {
    let Record::Claim(claim) = record("claim") else { unreachable!() };
    let grown = |length: usize| {
        let mut claim = claim.clone();
        let segments = &mut claim.passage.as_mut().expect("a full claim").segments;
        let room = segments[1].clone();
        segments.truncate(1);
        let mut left = length;
        while left > 0 {
            let mut segment = room.clone();
            segment.exact = "a".repeat(left.min(8192));
            left -= segment.exact.len();
            segments.push(segment);
        }
        Record::Claim(claim)
    };
    let spare = MAX_LENGTH - 3000;
    // Only the last segment grows or shrinks by the difference, and stays in one width of head.
    let measured = draft(&grown(spare)).sealed().len();
    let found = grown(spare + length - measured);
    assert_eq!(draft(&found).sealed().len(), length);
    found
}

fn record(name: &str) -> Record {
    let mut all = [records::full(), records::bare()].concat();
    let at = all.iter().position(|(other, _)| *other == name).expect("a known name");
    all.swap_remove(at).1
}

/// A statement in pieces, to be damaged before it is signed.
#[derive(Clone)]
pub(crate) struct Draft {
    /// The protected header's labels and values, in order.
    pub(crate) protected: Vec<(Value, Value)>,
    /// The payload's bytes.
    pub(crate) payload: Vec<u8>,
}

/// The pieces of the statement that carries a record, checked or not.
pub(crate) fn draft(record: &Record) -> Draft {
    let claims = vec![
        (Value::from(1), Value::from(ISSUER)),
        (Value::from(2), Value::from(record.subject())),
        (Value::from(6), Value::from(TIME)),
    ];
    let protected = vec![
        (Value::from(1), Value::from(-8)),
        (Value::from(3), Value::from(statement::CONTENT_TYPE)),
        (Value::from(4), Value::Bytes(signer().public().thumbprint().as_bytes().to_vec())),
        (Value::from(15), Value::Map(claims)),
        (Value::from(16), Value::from(statement::TYP)),
    ];
    Draft { protected, payload: cbor::encode(record).expect("a record") }
}

impl Draft {
    /// The envelope, rightly signed whatever it holds.
    pub(crate) fn sealed(&self) -> Vec<u8> {
        let envelope = Value::Array(self.parts());
        written(&Value::Tag(cose::TAG, Box::new(envelope)))
    }

    /// Protected header, unprotected header, payload, signature.
    pub(crate) fn parts(&self) -> Vec<Value> {
        let protected = written(&Value::Map(self.protected.clone()));
        let signed = written(&Value::Array(vec![
            Value::from("Signature1"),
            Value::Bytes(protected.clone()),
            Value::Bytes(Vec::new()),
            Value::Bytes(self.payload.clone()),
        ]));
        vec![
            Value::Bytes(protected),
            Value::Map(Vec::new()),
            Value::Bytes(self.payload.clone()),
            Value::Bytes(signer().sign(&signed).to_vec()),
        ]
    }
}

/// CBOR just as the value stands: nothing sorted, nothing refused.
pub(crate) fn written(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    ciborium::into_writer(value, &mut bytes).expect("a value that can be written");
    bytes
}

fn cases() -> Vec<Case> {
    let good = |name, why, record: &Record| Case {
        name,
        expect: "ok".to_owned(),
        why,
        bytes: sealed(record),
    };
    let full = records::full().into_iter();
    let full = full.map(|(name, record)| good(name, "every field in use", &record));
    let bare = records::bare().into_iter();
    let bare = bare.map(|(name, record)| good(name, "required fields only", &record));
    let longest = good("claim_longest", "as long as a bundle can carry", &longest(MAX_LENGTH));
    let mut fully_specified = draft(&record("party_bare"));
    fully_specified.protected[0].1 = Value::from(-19);
    let other = Case {
        name: "algorithm_ed25519",
        expect: "ok".to_owned(),
        why: "signed as algorithm -19 (Ed25519, RFC 9864), which is never written but read",
        bytes: fully_specified.sealed(),
    };
    full.chain(bare).chain([longest, other]).chain(refused::cases()).collect()
}

/// What this code answers to a statement: `ok`, or the kind of refusal.
fn answer(bytes: &[u8]) -> String {
    let kind = match statement::open(bytes) {
        Ok(opened) if opened.verifies(&signer().public()) => return "ok".to_owned(),
        Ok(_) => "signature",
        Err(Error::TooLong(_)) => "length",
        Err(
            Error::Envelope(cose::Error::Cbor(cbor::Error::Malformed { .. }))
            | Error::Record(cbor::Error::Malformed { .. }),
        ) => "spelling",
        Err(Error::Envelope(cose::Error::Algorithm(_))) => "algorithm",
        Err(Error::Envelope(_)) => "envelope",
        Err(Error::ContentType { .. }) => "content_type",
        Err(Error::Newer { .. }) => "newer",
        Err(Error::Header { .. }) => "header",
        Err(Error::Record(_)) => "record",
        Err(Error::Field(_)) => "field",
    };
    format!("refused {kind}")
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a test may leave files in its own folder")]
fn a_changed_byte_in_a_case_is_a_break_of_the_format() {
    let mut on_disk: BTreeMap<String, String> = fs::read_dir(FOLDER)
        .expect(FOLDER)
        .map(|entry| entry.expect("an entry").path())
        .map(|path| (name_of(&path), fs::read_to_string(&path).expect("text")))
        .collect();
    // What should stand there is left where it can be compared with what does.
    let expected = Path::new(env!("CARGO_TARGET_TMPDIR")).join("statement");
    fs::create_dir_all(&expected).expect("a folder for what is expected");
    let mut different = Vec::new();
    for Case { name, expect, why, bytes } in cases() {
        let page = format!("expect: {expect}\n# {why}\n{}", annotate(&bytes));
        assert_eq!(bytes_of(page.split_once('\n').expect("two lines").1), bytes, "{name}");
        if on_disk.remove(name).as_ref() == Some(&page) {
            // An earlier run may have left one, and it is no longer expected.
            let _ = fs::remove_file(expected.join(name));
        } else {
            fs::write(expected.join(name), page).expect("a file for what is expected");
            different.push(name);
        }
    }
    assert!(different.is_empty(), "other bytes than in {FOLDER}: {different:?}, see {expected:?}");
    assert!(on_disk.is_empty(), "made by nothing: {:?}", on_disk.keys());
}

#[test]
fn every_case_gets_the_answer_it_names() {
    let mut wrong = Vec::new();
    let mut answered = 0;
    for entry in fs::read_dir(FOLDER).expect(FOLDER) {
        let path = entry.expect("an entry").path();
        let text = fs::read_to_string(&path).expect("text");
        let (first, rest) = text.split_once('\n').expect("two lines");
        let expected = first.strip_prefix("expect: ").expect("an expectation");
        let found = answer(&bytes_of(rest));
        if found != expected {
            wrong.push(format!("{}: {found}, expected {expected}", name_of(&path)));
        }
        answered += 1;
    }
    assert!(answered > 80, "only {answered} cases were found");
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn every_good_record_decodes_and_encodes_to_the_same_bytes() {
    for (name, record) in good_records() {
        let bytes = sealed(&record);
        let opened = statement::open(&bytes).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(*opened.record(), record, "{name}");
        assert_eq!(draft(&record).sealed(), bytes, "{name}: the two encoders disagree");
        assert_eq!(opened.identity(), statement::identity(ISSUER, &record).unwrap(), "{name}");
    }
}

#[test]
fn an_independent_library_reads_every_good_envelope() {
    use coset::TaggedCborSerializable;
    use coset::cwt::{ClaimsSet, Timestamp};

    let key = signer().public();
    for (name, record) in good_records() {
        let theirs = coset::CoseSign1::from_tagged_slice(&sealed(&record))
            .unwrap_or_else(|e| panic!("{name}: {e}"));
        let verdict = theirs.verify_signature(b"", |signature, signed| {
            if key.verifies(signed, signature) { Ok(()) } else { Err(()) }
        });
        assert_eq!(verdict, Ok(()), "{name}");
        let header = &theirs.protected.header;
        assert_eq!(header.key_id, key.thumbprint().as_bytes(), "{name}");
        let claims = header.rest.iter().find(|(label, _)| *label == coset::Label::Int(15));
        let claims = claims.expect("CWT claims").1.clone();
        let claims = <ClaimsSet as coset::AsCborValue>::from_cbor_value(claims).expect("claims");
        assert_eq!(claims.subject, Some(record.subject()), "{name}");
        assert_eq!(claims.issued_at, Some(Timestamp::WholeSeconds(TIME.cast_signed())), "{name}");
        assert_eq!(theirs.payload, Some(cbor::encode(&record).expect("a record")), "{name}");
    }
}

#[test]
fn every_damaged_byte_of_a_good_statement_is_noticed() {
    let good = sealed(&record("party_bare"));
    for at in 0..good.len() {
        for flip in [1, 0x20, 0x80] {
            let mut bad = good.clone();
            bad[at] ^= flip;
            assert_ne!(answer(&bad), "ok", "byte {at} ^ {flip:#x}");
        }
        assert_ne!(answer(&good[..at]), "ok", "cut at {at}");
    }
}

fn name_of(path: &Path) -> String {
    path.file_name().expect("a name").to_string_lossy().into_owned()
}
