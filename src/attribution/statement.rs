//! A statement: a record, sealed by its recorder as a SCITT signed statement (RFC 9943).
//!
//! `seal` makes one, `open` reads one back with everything that can be checked without knowing
//! whose keys count. Whether the signer had the power to sign is the keyring's question, and only
//! its answer turns a [`Statement`] into something signed.

use std::borrow::Borrow;

use crate::attribution::id::Id;
use crate::attribution::record::Record;
use crate::attribution::record::charter::{Charter, FORMAT};
use crate::attribution::record::limits::Invalid;
use crate::cbor;
use crate::comb::shared::{Claimed, Combs};
use crate::cose::{self, Header, Sign1};
use crate::hash::Hash;
use crate::key::{LENGTH, PublicKey, SecretKey, Thumbprint};

/// The longest statement, in bytes: what a C2SP entry bundle can carry (a 16-bit length).
pub const MAX_LENGTH: usize = 65_535;

/// How far back a recorder's clock may lie behind the entry before, in seconds: machines of one
/// desk disagree by minutes, and an hour is what a wrong summer time makes.
pub const CLOCK_TOLERANCE: u64 = 3600;

/// The media type of a payload; its version changes when old readers must not guess.
pub const CONTENT_TYPE: &str = "application/vnd.whosaid.record.v1+cbor";

/// How the media types of all versions begin.
pub const CONTENT_TYPE_FAMILY: &str = "application/vnd.whosaid.record.v";

/// The media type of a statement (RFC 9943).
pub const TYP: &str = "application/scitt-statement+cose";

/// Why bytes are not a statement, or a record cannot become one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Longer than a bundle can carry.
    #[error(
        "the statement has {0} bytes, expected at most {MAX_LENGTH}; long text belongs into a capture"
    )]
    TooLong(usize),
    /// Not a signed envelope of the profile.
    #[error(transparent)]
    Envelope(#[from] cose::Error),
    /// Made for another purpose.
    #[error("the payload is of type {found:?}, this program reads {CONTENT_TYPE:?}")]
    ContentType {
        /// The type found.
        found: String,
    },
    /// Written by a newer program: it may mean what this one does not know.
    #[error(
        "it is of a newer format ({found}); this program reads {CONTENT_TYPE:?}, format {FORMAT}"
    )]
    Newer {
        /// The type or the version found.
        found: String,
    },
    /// A header that contradicts the rest.
    #[error("header {field} is {found:?}, expected {expected:?}")]
    Header {
        /// The header's name.
        field: &'static str,
        /// What was found.
        found: String,
        /// What was expected.
        expected: String,
    },
    /// The payload is no record.
    #[error("the record: {0}")]
    Record(#[from] cbor::Error),
    /// A field of the record is out of bounds.
    #[error("the record's {0}")]
    Field(#[from] Invalid),
}

/// A statement that reads well. Nothing says yet that its signer may be believed.
///
/// It goes through many hands, and is long: so it is a pointer.
#[derive(Debug, Clone)]
pub struct Statement(Box<Content>);

#[derive(Debug, Clone)]
struct Content {
    id: Id,
    envelope: Sign1,
    record: Box<Record>,
    /// Whether the signature is the key's of these bytes, where that was checked ahead: see
    /// [`check_signatures`].
    checked: Option<([u8; LENGTH], bool)>,
    /// See [`identity`], where it is known from sealing.
    identity: Option<Hash>,
    /// See [`Claim::wording`], where it is known from sealing.
    wording: Option<Hash>,
}

// The id is the hash of all bytes: nothing else can differ.
impl PartialEq for Statement {
    fn eq(&self, other: &Self) -> bool {
        self.0.id == other.0.id
    }
}

impl Eq for Statement {}

/// A record by its recorder, checked and encoded, but not yet signed: enough to look whether the
/// ledger has it already.
#[derive(Debug)]
pub struct Unsealed<'a, R> {
    record: R,
    issuer: &'a str,
    encoded: Encoded,
}

/// The bytes of a record, and what would make its statement the same as another: see [`identity`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encoded {
    payload: Vec<u8>,
    identity: Hash,
}

impl Encoded {
    /// The bytes of `record`, to be signed in the name of `issuer`.
    pub(crate) fn of(record: &Record, issuer: &str) -> Result<Self, Error> {
        let payload = cbor::encode(record)?;
        let identity = identity_of(issuer, &payload);
        Ok(Self { payload, identity })
    }

    /// What makes its statement the same as another: see [`identity`].
    pub(crate) fn identity(&self) -> Hash {
        self.identity
    }

    /// How many bytes they are.
    pub(crate) fn length(&self) -> usize {
        self.payload.len()
    }
}

/// Checks a record and encodes it. `issuer` is the recorder's name.
pub fn prepare<R: Borrow<Record>>(record: R, issuer: &str) -> Result<Unsealed<'_, R>, Error> {
    record.borrow().check()?;
    let encoded = Encoded::of(record.borrow(), issuer)?;
    Ok(Unsealed { record, issuer, encoded })
}

/// Seals a record: checks it, encodes it, signs it, and opens the result again, because nothing
/// may enter the log that could not be read back.
///
/// `issuer` is the recorder's name; `recorded_at` is in seconds since 1970.
pub fn seal(
    record: &Record,
    issuer: &str,
    recorded_at: u64,
    key: &SecretKey,
) -> Result<(Vec<u8>, Statement), Error> {
    let statement = prepare(record, issuer)?.seal(recorded_at, key)?;
    Ok((statement.as_bytes().to_vec(), statement))
}

impl<'a, R: Borrow<Record>> Unsealed<'a, R> {
    /// A record whose fields were checked a moment ago. That it was encoded by this issuer, and can be
    /// read back, is found when it is sealed.
    pub(crate) fn of_checked(record: R, issuer: &'a str, encoded: Encoded) -> Self {
        Self { record, issuer, encoded }
    }

    /// What will make it the same as another statement: see [`identity`].
    pub fn identity(&self) -> Hash {
        self.encoded.identity
    }

    /// Signs it and opens the result again, as [`seal`] does.
    pub fn seal(&self, recorded_at: u64, key: &SecretKey) -> Result<Statement, Error> {
        let subject = self.record.borrow().subject();
        let header = Header {
            content_type: CONTENT_TYPE,
            key_id: key.thumbprint(),
            issuer: self.issuer,
            subject: &subject,
            issued_at: recorded_at,
            typ: TYP,
        };
        self.read_back(Sign1::sign(&header, &self.encoded.payload, key), &subject)
    }

    /// Opens what was just sealed. That it reads back as the record that was encoded says all that
    /// [`open`] finds out: its fields were checked then, and equal records have equal bytes.
    fn read_back(&self, bytes: Vec<u8>, subject: &str) -> Result<Statement, Error> {
        let id = Id::of(&bytes);
        let envelope = read_envelope(bytes)?;
        let own = self.record.borrow();
        let record: Box<Record> = cbor::decode_own(envelope.payload())?;
        assert_eq!(*record, *own, "a sealed record reads back as another");
        debug_assert!(open(envelope.as_bytes()).is_ok(), "a sealed record cannot be opened");
        expect_own(&envelope, &record, subject)?;
        let identity = Some(self.encoded.identity);
        let content = Content { id, envelope, record, checked: None, identity, wording: None };
        Ok(Statement(Box::new(content)))
    }
}

/// Seals many records: the statements that [`Unsealed::seal`] gives, with their signatures, which
/// were made a moment ago by this key, counted as checked.
pub fn seal_all(
    unsealed: Vec<Unsealed<'_, Box<Record>>>,
    recorded_at: u64,
    key: &SecretKey,
) -> Result<Vec<Statement>, Error> {
    let public = *key.public().as_bytes();
    let seal = |unsealed: Unsealed<'_, Box<Record>>| {
        let mut sealed = unsealed.seal(recorded_at, key)?;
        sealed.0.checked = Some((public, true));
        sealed.0.wording = wording_of(&unsealed.record);
        // Of the two that are the same, the one that was made just now is given back more cheaply.
        sealed.0.record = unsealed.record;
        Ok(sealed)
    };
    unsealed.into_iter().map(seal).collect()
}

/// Opens a statement: everything about it is checked but the signature.
pub fn open(bytes: &[u8]) -> Result<Statement, Error> {
    open_as(Id::of(bytes), bytes)
}

/// The same for bytes whose id is known already.
pub(crate) fn open_as(id: Id, bytes: &[u8]) -> Result<Statement, Error> {
    debug_assert_eq!(id, Id::of(bytes), "the id of other bytes");
    let envelope = read_envelope(bytes)?;
    let record: Box<Record> = cbor::decode(envelope.payload())?;
    expect_own(&envelope, &record, &record.subject())?;
    record.check()?;
    let content = Content { id, envelope, record, checked: None, identity: None, wording: None };
    Ok(Statement(Box::new(content)))
}

/// Reads an envelope whose content type says that its payload is a record.
fn read_envelope(bytes: impl Into<Vec<u8>> + AsRef<[u8]>) -> Result<Sign1, Error> {
    let length = bytes.as_ref().len();
    if length > MAX_LENGTH {
        return Err(Error::TooLong(length));
    }
    let envelope = Sign1::parse(bytes)?;
    let header = envelope.header();
    if header.content_type != CONTENT_TYPE {
        let found = header.content_type.to_owned();
        let ours = found.starts_with(CONTENT_TYPE_FAMILY);
        return Err(if ours { Error::Newer { found } } else { Error::ContentType { found } });
    }
    expect("typ (16)", header.typ, TYP)?;
    Ok(envelope)
}

/// That a record is of a format known here, and that the headers name its subject.
fn expect_own(envelope: &Sign1, record: &Record, subject: &str) -> Result<(), Error> {
    if let Record::Charter(Charter { format, .. }) = record
        && *format > FORMAT
    {
        return Err(Error::Newer { found: format!("charter format {format}") });
    }
    expect("sub (15, 2)", envelope.header().subject, subject)
}

/// Checks the signatures of many statements at once, as far as their keys are known by the names
/// that the statements give them. Each verdict is the one that [`Statement::verifies`] would give,
/// which from then on has it at hand.
pub(crate) fn check_signatures<'a>(
    statements: impl Iterator<Item = &'a mut Statement>,
    key_of: impl Fn(Thumbprint) -> Option<PublicKey>,
    combs: &Combs,
) {
    let keyed = statements.filter_map(|statement| Some((key_of(statement.signer())?, statement)));
    let keyed: Vec<(PublicKey, &mut Statement)> = keyed.collect();
    // All messages one behind the other, and where each ends.
    let (mut messages, mut ends) = (Vec::new(), Vec::with_capacity(keyed.len()));
    for (_, statement) in &keyed {
        statement.0.envelope.push_signed_bytes(&mut messages);
        ends.push(messages.len());
    }
    let begins = std::iter::once(0).chain(ends.iter().copied());
    let places = begins.zip(ends.iter().copied()).map(|(begin, end)| &messages[begin..end]);
    let claimed: Vec<Claimed<'_>> = keyed
        .iter()
        .zip(places)
        .map(|((key, it), message)| Claimed { key, message, signature: it.0.envelope.signature() })
        .collect();
    let verdicts = combs.verify_all(&claimed);
    for ((key, statement), verdict) in keyed.into_iter().zip(verdicts) {
        statement.0.checked = Some((*key.as_bytes(), verdict));
    }
}

fn expect(field: &'static str, found: &str, expected: &str) -> Result<(), Error> {
    if found == expected {
        return Ok(());
    }
    Err(Error::Header { field, found: found.to_owned(), expected: expected.to_owned() })
}

/// What makes two statements the same for the ledger: the same record by the same recorder. Not
/// the statement's bytes, because one record can be signed in many ways and at many times.
pub fn identity(issuer: &str, record: &Record) -> Result<Hash, cbor::Error> {
    Ok(identity_of(issuer, &cbor::encode(record)?))
}

fn wording_of(record: &Record) -> Option<Hash> {
    match record {
        Record::Claim(claim) => Some(claim.wording()),
        _ => None,
    }
}

fn identity_of(issuer: &str, payload: &[u8]) -> Hash {
    // A recorder's name holds no line feed, so the pair cannot be read in two ways.
    Hash::of_parts(&[issuer.as_bytes(), b"\n", payload])
}

impl Statement {
    /// SHA-256 of the statement's bytes.
    pub fn id(&self) -> Id {
        self.0.id
    }

    /// Its bytes.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.envelope.as_bytes()
    }

    /// The record it carries.
    pub fn record(&self) -> &Record {
        &self.0.record
    }

    /// The recorder's name (`iss`).
    pub fn issuer(&self) -> &str {
        self.0.envelope.issuer()
    }

    /// The thumbprint of the key that claims to have signed.
    pub fn signer(&self) -> Thumbprint {
        self.0.envelope.key_id()
    }

    /// When it was recorded by the recorder's own clock, in seconds since 1970 (`iat`).
    pub fn recorded_at(&self) -> u64 {
        self.0.envelope.issued_at()
    }

    /// What makes it the same as another statement: see [`identity`].
    pub fn identity(&self) -> Hash {
        self.0.identity.unwrap_or_else(|| identity_of(self.issuer(), self.0.envelope.payload()))
    }

    /// What a claim says, whoever is said to have said it: see [`Claim::wording`].
    pub fn wording(&self) -> Option<Hash> {
        self.0.wording.or_else(|| wording_of(&self.0.record))
    }

    /// Whether the signature is `key`'s.
    pub fn verifies(&self, key: &PublicKey) -> bool {
        match self.0.checked {
            Some((checked, verdict)) if checked == *key.as_bytes() => verdict,
            _ => self.0.envelope.verifies(key),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use ciborium::Value;

    use crate::attribution::record::Record;
    use crate::cbor::{decode, decode_lean, decode_thoroughly, encode_thoroughly, write};
    use crate::cose::{self, Sign1};

    /// The statements of `tests/cases/statement`, good and bad, each with its name.
    fn cases() -> Vec<(String, Vec<u8>)> {
        const FOLDER: &str = "tests/cases/statement";
        let files = fs::read_dir(FOLDER).expect(FOLDER).map(|entry| entry.expect("an entry"));
        let mut cases: Vec<_> = files
            .map(|file| {
                let page = fs::read_to_string(file.path()).expect("text");
                let lines = page.lines().skip(1).map(|line| line.split('#').next().unwrap_or(""));
                let bytes = lines.flat_map(str::split_whitespace).flat_map(bytes_of).collect();
                (file.file_name().into_string().expect("a name"), bytes)
            })
            .collect();
        cases.sort();
        assert!(cases.len() > 80, "{}", cases.len());
        cases
    }

    /// Hex digits, or one byte and how many times: `61*300`.
    fn bytes_of(token: &str) -> Vec<u8> {
        let (digits, times) = token.split_once('*').unwrap_or((token, "1"));
        let bytes: Vec<u8> = (0..digits.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&digits[at..at + 2], 16).expect("hex"))
            .collect();
        bytes.repeat(times.parse().expect("a count"))
    }

    /// Whether the payload is taken; both ways of reading and writing must agree about it.
    fn taken(payload: &[u8]) -> bool {
        let lean = decode_lean::<Record>(payload);
        let thorough = decode_thoroughly::<Record>(payload);
        assert_eq!(lean.as_ref().ok(), thorough.as_ref().ok(), "{payload:02x?}");
        let Ok(record) = lean else { return false };
        let written = write::lean(&record).expect("a record");
        assert_eq!(Ok(&written), encode_thoroughly(&record).as_ref());
        assert_eq!(written, payload);
        true
    }

    /// The payloads of the good cases that are not too long to be damaged everywhere.
    fn good_payloads() -> Vec<(String, Vec<u8>)> {
        let payload = |bytes: &[u8]| Some(Sign1::parse(bytes).ok()?.payload().to_vec());
        let payloads = cases().into_iter().filter_map(|(name, it)| Some((name, payload(&it)?)));
        let good: Vec<_> =
            payloads.filter(|(_, it)| it.len() < 2000 && decode::<Record>(it).is_ok()).collect();
        let kinds = good.iter().map(|(_, it)| decode::<Record>(it).expect("a record").kind());
        assert_eq!(kinds.collect::<std::collections::BTreeSet<_>>().len(), 13);
        good
    }

    #[test]
    fn every_case_gets_one_answer_both_ways() {
        let mut accepted = 0;
        for (name, bytes) in cases() {
            let read = Sign1::parse(&bytes[..]);
            let thorough = cose::check_thoroughly(&bytes);
            assert_eq!(read.as_ref().err(), thorough.as_ref().err(), "{name}");
            let Ok(envelope) = read else { continue };
            assert_eq!(envelope.as_bytes(), bytes, "{name}");
            let payload = envelope.payload();
            accepted += usize::from(taken(payload));
            assert_eq!(decode::<Record>(payload), decode_thoroughly::<Record>(payload), "{name}");
        }
        assert!(accepted > 20, "{accepted}");
    }

    #[test]
    fn damaged_payloads_get_one_answer_both_ways() {
        let mut accepted = 0;
        for (_, good) in good_payloads() {
            assert!(taken(&good));
            for at in 0..good.len() {
                let mut bad = good.clone();
                for flip in [1, 0x20] {
                    bad[at] = good[at] ^ flip;
                    accepted += usize::from(taken(&bad));
                }
                if at % 5 == 0 {
                    assert!(!taken(&good[..at]));
                    let (before, rest) = good.split_at(at);
                    let (span, after) = rest.split_at(rest.len().min(1 + at % 7));
                    taken(&[before, after].concat());
                    taken(&[before, span, span, after].concat());
                }
            }
        }
        // Another letter in a text, another byte in an id.
        assert!(accepted > 1000, "{accepted}");
    }

    #[test]
    fn payloads_of_another_shape_get_one_answer_both_ways() {
        let (mut accepted, mut refused) = (0, 0);
        for (_, good) in good_payloads() {
            let value: Value = ciborium::from_reader(good.as_slice()).expect("CBOR");
            for changed in changes(&value) {
                let mut bytes = Vec::new();
                ciborium::into_writer(&changed, &mut bytes).expect("CBOR");
                if taken(&bytes) { accepted += 1 } else { refused += 1 }
            }
        }
        assert!(accepted > 200 && refused > 10_000, "{accepted} {refused}");
    }

    /// The value with one change, in every place: something else, one item less, one twice, two
    /// that changed places, one more.
    fn changes(value: &Value) -> Vec<Value> {
        let mut changed = vec![
            Value::Null,
            Value::Bool(true),
            Value::from(0),
            Value::from(-1),
            Value::from(""),
            Value::Bytes(vec![0; 32]),
            Value::Array(Vec::new()),
            Value::Map(Vec::new()),
            Value::Array(vec![value.clone()]),
        ];
        match value {
            Value::Array(items) => {
                lists(items, &changes).for_each(|items| changed.push(Value::Array(items)));
            }
            Value::Map(entries) => {
                let within = |(key, value): &(Value, Value)| {
                    changes(value).into_iter().map(|value| (key.clone(), value)).collect()
                };
                lists(entries, &within).for_each(|entries| changed.push(Value::Map(entries)));
                for key in [Value::from("unknown"), Value::from("zzzzzzzzzzzzzzzz"), 1.into()] {
                    let more = vec![(key, Value::from(1))];
                    changed.push(Value::Map([entries.clone(), more].concat()));
                }
            }
            _ => {}
        }
        changed
    }

    /// The list with one change, in every place.
    fn lists<T: Clone>(items: &[T], within: &dyn Fn(&T) -> Vec<T>) -> impl Iterator<Item = Vec<T>> {
        (0..items.len()).flat_map(move |at| {
            let (before, rest) = items.split_at(at);
            let (item, after) = (&rest[0], &rest[1..]);
            let with = |middle: &[T]| [before, middle, after].concat();
            let mut lists = vec![with(&[]), with(&[item.clone(), item.clone()])];
            if let [next, after @ ..] = after {
                lists.push([before, &[next.clone(), item.clone()], after].concat());
            }
            lists.extend(within(item).into_iter().map(|item| with(&[item])));
            lists
        })
    }

    #[test]
    fn the_identity_is_known_before_the_seal() {
        let key = crate::key::SecretKey::from_seed(&[1; 32]);
        for (name, payload) in good_payloads() {
            let record: Record = decode(&payload).expect("a record");
            let Ok(unsealed) = super::prepare(&record, "nadia") else { continue };
            let statement = unsealed.seal(7, &key).expect("a statement");
            assert_eq!(unsealed.identity(), statement.identity(), "{name}");
            assert_eq!(super::identity("nadia", &record), Ok(unsealed.identity()), "{name}");
            assert_eq!(super::open(statement.as_bytes()).as_ref(), Ok(&statement), "{name}");
            assert!(statement.verifies(&key.public()), "{name}");
        }
    }
}
