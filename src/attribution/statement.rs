//! A statement: a record, sealed by its recorder as a SCITT signed statement (RFC 9943).
//!
//! `seal` makes one, `open` reads one back with everything that can be checked without knowing
//! whose keys count. Whether the signer had the power to sign is the keyring's question, and only
//! its answer turns a [`Statement`] into something signed.

use crate::attribution::id::Id;
use crate::attribution::record::Record;
use crate::attribution::record::charter::{Charter, FORMAT};
use crate::attribution::record::limits::Invalid;
use crate::cbor;
use crate::comb::shared::{Claimed, Combs};
use crate::cose::{self, Header, Sign1};
use crate::hash::Hash;
use crate::key::{PublicKey, SecretKey, Thumbprint};

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
#[derive(Debug, Clone)]
pub struct Statement {
    id: Id,
    envelope: Sign1,
    record: Record,
    /// Whether the signature is this key's, where that was checked ahead: see [`check_signatures`].
    checked: Option<(PublicKey, bool)>,
}

// The id is the hash of all bytes: nothing else can differ.
impl PartialEq for Statement {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for Statement {}

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
    record.check()?;
    seal_encoded(record, cbor::encode(record)?, issuer, recorded_at, key)
}

/// Checks and encodes a record, and says what makes it the same as another: see [`identity`].
pub(crate) fn encode(issuer: &str, record: &Record) -> Result<(Vec<u8>, Hash), Error> {
    record.check()?;
    let payload = cbor::encode(record)?;
    let identity = identity_of(issuer, &payload);
    Ok((payload, identity))
}

/// Seals a record that [`encode`] has encoded.
pub(crate) fn seal_encoded(
    record: &Record,
    payload: Vec<u8>,
    issuer: &str,
    recorded_at: u64,
    key: &SecretKey,
) -> Result<(Vec<u8>, Statement), Error> {
    let header = Header {
        content_type: CONTENT_TYPE.to_owned(),
        key_id: key.public().thumbprint(),
        issuer: issuer.to_owned(),
        subject: record.subject(),
        issued_at: recorded_at,
        typ: TYP.to_owned(),
    };
    let bytes = Sign1::sign(header, payload, key)?.encode()?;
    let statement = open(&bytes)?;
    assert_eq!(statement.record, *record, "a sealed record reads back as another");
    Ok((bytes, statement))
}

/// Opens a statement: everything about it is checked but the signature.
pub fn open(bytes: &[u8]) -> Result<Statement, Error> {
    open_as(Id::of(bytes), bytes)
}

/// The same for bytes whose id is known already.
pub(crate) fn open_as(id: Id, bytes: &[u8]) -> Result<Statement, Error> {
    debug_assert_eq!(id, Id::of(bytes), "the id of other bytes");
    if bytes.len() > MAX_LENGTH {
        return Err(Error::TooLong(bytes.len()));
    }
    let envelope = Sign1::parse(bytes)?;
    let header = envelope.header();
    if header.content_type != CONTENT_TYPE {
        let found = header.content_type.clone();
        let ours = found.starts_with(CONTENT_TYPE_FAMILY);
        return Err(if ours { Error::Newer { found } } else { Error::ContentType { found } });
    }
    expect("typ (16)", &header.typ, TYP)?;
    let record: Record = cbor::decode(envelope.payload())?;
    if let Record::Charter(Charter { format, .. }) = &record
        && *format > FORMAT
    {
        return Err(Error::Newer { found: format!("charter format {format}") });
    }
    record.check()?;
    expect("sub (15, 2)", &header.subject, &record.subject())?;
    Ok(Statement { id, envelope, record, checked: None })
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
    let messages: Vec<Vec<u8>> = keyed.iter().map(|(_, it)| it.envelope.signed_bytes()).collect();
    let claimed = keyed.iter().zip(&messages);
    let claimed: Vec<Claimed<'_>> = claimed
        .map(|((key, it), message)| Claimed { key, message, signature: it.envelope.signature() })
        .collect();
    let verdicts = combs.verify_all(&claimed);
    for ((key, statement), verdict) in keyed.into_iter().zip(verdicts) {
        statement.checked = Some((key, verdict));
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

fn identity_of(issuer: &str, payload: &[u8]) -> Hash {
    // A recorder's name holds no line feed, so the pair cannot be read in two ways.
    Hash::of_parts(&[issuer.as_bytes(), b"\n", payload])
}

impl Statement {
    /// SHA-256 of the statement's bytes.
    pub fn id(&self) -> Id {
        self.id
    }

    /// The record it carries.
    pub fn record(&self) -> &Record {
        &self.record
    }

    /// The recorder's name (`iss`).
    pub fn issuer(&self) -> &str {
        &self.envelope.header().issuer
    }

    /// The thumbprint of the key that claims to have signed.
    pub fn signer(&self) -> Thumbprint {
        self.envelope.header().key_id
    }

    /// When it was recorded by the recorder's own clock, in seconds since 1970 (`iat`).
    pub fn recorded_at(&self) -> u64 {
        self.envelope.header().issued_at
    }

    /// What makes it the same as another statement: see [`identity`].
    pub fn identity(&self) -> Hash {
        identity_of(self.issuer(), self.envelope.payload())
    }

    /// Whether the signature is `key`'s.
    pub fn verifies(&self, key: &PublicKey) -> bool {
        match self.checked {
            Some((checked, verdict)) if checked == *key => verdict,
            _ => self.envelope.verifies(key),
        }
    }
}
