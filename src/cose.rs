//! `COSE_Sign1` envelopes (RFC 9052 section 4.2): any of them as an [`Envelope`], and those of SCITT
//! signed statements (RFC 9943) as a [`Sign1`].
//!
//! ```text
//! 18([ protected: bstr .cbor { 1 => -8, 3 => content type, 4 => key thumbprint,
//!                              15 => { 1 => iss, 2 => sub, 6 => iat }, 16 => typ },
//!      unprotected: {}, payload: bstr, signature: bstr .size 64 ])
//! ```
//!
//! Of statements only the profile is read: tag 18, deterministic CBOR throughout, all headers
//! protected, no `crit`. We write algorithm -8 (`EdDSA`), which every implementation reads, and
//! also accept -19 (Ed25519, RFC 9864). What the payload means is not known here.
//!
//! A statement's envelope is read item by item; only one that is refused is read again through
//! ciborium's values, which say what is wrong with it.

use std::ops::Range;

use ciborium::Value;

use crate::cbor::read::Reader;
use crate::cbor::{self, Order, Refused, write};
use crate::key::{PublicKey, SIGNATURE_LENGTH, SecretKey, Thumbprint};

/// The CBOR tag of a `COSE_Sign1` (RFC 9052 section 2).
pub const TAG: u64 = 18;

/// Algorithm `EdDSA` (RFC 9053 section 2.2), written by us.
pub const EDDSA: i64 = -8;
/// Algorithm Ed25519, fully specified (RFC 9864 section 2.2), accepted from others.
pub const ED25519: i64 = -19;

/// Room beside the long parts of what is written here, in bytes: heads, numbers, a signature.
const ROOM: usize = 128;

/// Header labels (RFC 9052 section 3.1, RFC 9597, RFC 9596).
pub mod label {
    /// alg: the signature algorithm.
    pub const ALGORITHM: i64 = 1;
    /// content type: the media type of the payload.
    pub const CONTENT_TYPE: i64 = 3;
    /// kid: which key.
    pub const KEY_ID: i64 = 4;
    /// CWT claims: who, about what, when.
    pub const CWT_CLAIMS: i64 = 15;
    /// typ: the media type of the whole object.
    pub const TYP: i64 = 16;
}

/// CWT claim keys (RFC 8392 section 4).
pub mod claim {
    /// iss: who signs.
    pub const ISSUER: i64 = 1;
    /// sub: about what.
    pub const SUBJECT: i64 = 2;
    /// iat: when, in seconds since 1970.
    pub const ISSUED_AT: i64 = 6;
}

/// Why bytes are not such an envelope.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Not deterministic CBOR.
    #[error(transparent)]
    Cbor(#[from] cbor::Error),
    /// CBOR of another shape.
    #[error("not a COSE_Sign1 of this profile: {0}")]
    Shape(&'static str),
    /// Signed by an algorithm that is not Ed25519.
    #[error("signature algorithm {0} is not supported, expected -8 or -19 (Ed25519)")]
    Algorithm(i64),
}

/// The protected header: everything about the envelope, all of it signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header<'a> {
    /// The media type of the payload (label 3).
    pub content_type: &'a str,
    /// The thumbprint of the signing key (label 4, RFC 9679).
    pub key_id: Thumbprint,
    /// Who signs (CWT claim 1).
    pub issuer: &'a str,
    /// What the payload is about (CWT claim 2).
    pub subject: &'a str,
    /// When it was signed by the signer's own clock, in seconds since 1970 (CWT claim 6).
    pub issued_at: u64,
    /// The media type of the whole object (label 16, RFC 9596).
    pub typ: &'a str,
}

/// Any `COSE_Sign1`: its four parts, whatever the headers say. The signature is not yet checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Envelope {
    /// The protected header as received: the signature covers these bytes, never re-encoded ones.
    pub protected: Vec<u8>,
    /// The unprotected header, which nothing covers.
    pub unprotected: Vec<(Value, Value)>,
    /// The payload; `None` where it is kept elsewhere (detached).
    pub payload: Option<Vec<u8>>,
    /// The signature, 64 bytes.
    pub signature: Vec<u8>,
}

/// A statement's envelope whose shape is known and whose signature is not yet checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sign1 {
    /// All of the tagged envelope; the signature is the end of it.
    bytes: Vec<u8>,
    places: Places,
    key_id: Thumbprint,
    issued_at: u64,
}

/// Where the parts of an envelope stand in its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Places {
    protected: Range<usize>,
    payload: Range<usize>,
    content_type: Range<usize>,
    issuer: Range<usize>,
    subject: Range<usize>,
    typ: Range<usize>,
}

impl Envelope {
    /// Signs `payload`, which may then be left out of the envelope.
    pub fn sign(protected: Vec<u8>, payload: &[u8], key: &SecretKey) -> Self {
        let signature = key.sign(&signed_bytes(&protected, payload)).to_vec();
        Self { protected, unprotected: Vec::new(), payload: None, signature }
    }

    /// Whether the signature is `key`'s, over `payload`.
    pub fn verifies(&self, payload: &[u8], key: &PublicKey) -> bool {
        key.verifies(&signed_bytes(&self.protected, payload), &self.signature)
    }

    /// The bytes of the tagged envelope.
    pub fn encode(&self) -> Result<Vec<u8>, Error> {
        let parts = vec![
            Value::Bytes(self.protected.clone()),
            Value::Map(self.unprotected.clone()),
            self.payload.clone().map_or(Value::Null, Value::Bytes),
            Value::Bytes(self.signature.clone()),
        ];
        Ok(cbor::encode_envelope(TAG, parts)?)
    }

    /// Reads an envelope whose maps stand in `order`.
    pub fn parse(bytes: &[u8], order: Order) -> Result<Self, Error> {
        let parts = cbor::decode_envelope(bytes, TAG, order)?;
        let [protected, unprotected, payload, signature]: [Value; 4] =
            parts.try_into().map_err(|_| Error::Shape("it does not have four parts"))?;
        let (Value::Bytes(protected), Value::Map(unprotected), Value::Bytes(signature)) =
            (protected, unprotected, signature)
        else {
            return Err(Error::Shape("a part is not of its type"));
        };
        let payload = match payload {
            Value::Null => None,
            Value::Bytes(payload) => Some(payload),
            _ => return Err(Error::Shape("the payload is neither bytes nor null")),
        };
        if signature.len() != SIGNATURE_LENGTH {
            return Err(Error::Shape("the signature is not 64 bytes"));
        }
        Ok(Self { protected, unprotected, payload, signature })
    }
}

impl Sign1 {
    /// Signs `payload` under `header`, whose `key_id` must be the key's own. Returns the bytes of the
    /// tagged envelope.
    pub fn sign(header: &Header<'_>, payload: &[u8], key: &SecretKey) -> Vec<u8> {
        assert_eq!(header.key_id, key.thumbprint(), "the header names another key");
        let protected = header.encode();
        let signature = key.sign(&signed_bytes(&protected, payload));
        join(&protected, payload, &signature)
    }

    /// Whether the signature is `key`'s.
    pub fn verifies(&self, key: &PublicKey) -> bool {
        key.verifies(&signed_bytes(self.protected(), self.payload()), self.signature())
    }

    /// Appends what the signature is over: the `Sig_structure` of RFC 9052 section 4.4.
    pub(crate) fn push_signed_bytes(&self, bytes: &mut Vec<u8>) {
        push_signed_bytes(self.protected(), self.payload(), bytes);
    }

    fn protected(&self) -> &[u8] {
        &self.bytes[self.places.protected.clone()]
    }

    /// The signature, 64 bytes.
    pub(crate) fn signature(&self) -> &[u8] {
        &self.bytes[self.bytes.len() - SIGNATURE_LENGTH..]
    }

    /// The protected header.
    pub fn header(&self) -> Header<'_> {
        let Places { content_type, subject, typ, .. } = &self.places;
        Header {
            content_type: self.text(content_type),
            key_id: self.key_id,
            issuer: self.issuer(),
            subject: self.text(subject),
            issued_at: self.issued_at,
            typ: self.text(typ),
        }
    }

    /// The thumbprint of the signing key.
    pub fn key_id(&self) -> Thumbprint {
        self.key_id
    }

    /// Who signs.
    pub fn issuer(&self) -> &str {
        self.text(&self.places.issuer)
    }

    /// When it was signed, in seconds since 1970.
    pub fn issued_at(&self) -> u64 {
        self.issued_at
    }

    fn text(&self, place: &Range<usize>) -> &str {
        std::str::from_utf8(&self.bytes[place.clone()]).expect("it was read as text")
    }

    /// The payload.
    pub fn payload(&self) -> &[u8] {
        &self.bytes[self.places.payload.clone()]
    }

    /// The bytes of the tagged envelope.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Reads an envelope. The signature is not checked here: see [`Sign1::verifies`].
    pub fn parse(bytes: impl Into<Vec<u8>>) -> Result<Self, Error> {
        let bytes = bytes.into();
        match places(&bytes) {
            Ok((places, key_id, issued_at)) => Ok(Self { bytes, places, key_id, issued_at }),
            Err(Refused) => {
                check_thoroughly(&bytes)?;
                // Both ways are held to one answer by tests; where they are not, it is no.
                Err(Error::Shape("it can be read in one way and not in another"))
            }
        }
    }
}

/// Reads an envelope item by item: its parts, the key and the time.
fn places(bytes: &[u8]) -> Result<(Places, Thumbprint, u64), Refused> {
    let mut reader = Reader::new(bytes);
    let string = |reader: &mut Reader<'_>| {
        let length = reader.bytes()?.len();
        let end = bytes.len() - reader.left();
        Ok(end - length..end)
    };
    reader.expect(6, TAG)?;
    reader.expect(4, 4)?;
    let protected = string(&mut reader)?;
    reader.expect(5, 0)?;
    let payload = string(&mut reader)?;
    let signature = string(&mut reader)?;
    reader.end()?;
    if signature.len() != SIGNATURE_LENGTH {
        return Err(Refused);
    }
    let end = protected.end;
    let mut reader = Reader::new(&bytes[protected.clone()]);
    let text = |reader: &mut Reader<'_>| {
        let length = reader.text()?.len();
        let end = end - reader.left();
        Ok(end - length..end)
    };
    reader.expect(5, 5)?;
    reader.expect_signed(label::ALGORITHM)?;
    if !matches!(reader.signed()?, EDDSA | ED25519) {
        return Err(Refused);
    }
    reader.expect_signed(label::CONTENT_TYPE)?;
    let content_type = text(&mut reader)?;
    reader.expect_signed(label::KEY_ID)?;
    let key_id = Thumbprint::from_slice(reader.bytes()?).ok_or(Refused)?;
    reader.expect_signed(label::CWT_CLAIMS)?;
    reader.expect(5, 3)?;
    reader.expect_signed(claim::ISSUER)?;
    let issuer = text(&mut reader)?;
    reader.expect_signed(claim::SUBJECT)?;
    let subject = text(&mut reader)?;
    reader.expect_signed(claim::ISSUED_AT)?;
    let issued_at = u64::try_from(reader.signed()?).map_err(|_| Refused)?;
    reader.expect_signed(label::TYP)?;
    let typ = text(&mut reader)?;
    reader.end()?;
    let places = Places { protected, payload, content_type, issuer, subject, typ };
    Ok((places, key_id, issued_at))
}

/// The envelope of these parts.
fn join(protected: &[u8], payload: &[u8], signature: &[u8; SIGNATURE_LENGTH]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(ROOM + protected.len() + payload.len());
    write::head(&mut bytes, 6, TAG);
    write::head(&mut bytes, 4, 4);
    write::bytes(&mut bytes, protected);
    write::head(&mut bytes, 5, 0);
    write::bytes(&mut bytes, payload);
    write::bytes(&mut bytes, signature);
    bytes
}

/// Whether bytes are an envelope, found out through ciborium's values, which say what is wrong.
pub(crate) fn check_thoroughly(bytes: &[u8]) -> Result<(), Error> {
    let Value::Tag(_, envelope) = cbor::decode_value(bytes, Some(TAG))? else {
        return Err(Error::Shape("it is not tagged"));
    };
    let Value::Array(parts) = *envelope else {
        return Err(Error::Shape("it is not an array"));
    };
    let [protected, unprotected, payload, signature]: [Value; 4] =
        parts.try_into().map_err(|_| Error::Shape("it does not have four parts"))?;
    let (Value::Bytes(protected), Value::Bytes(_), Value::Bytes(signature)) =
        (protected, payload, signature)
    else {
        return Err(Error::Shape("a part is not a byte string"));
    };
    if unprotected != Value::Map(Vec::new()) {
        return Err(Error::Shape("the unprotected header is not an empty map"));
    }
    if signature.len() != SIGNATURE_LENGTH {
        return Err(Error::Shape("the signature is not 64 bytes"));
    }
    check_header_thoroughly(&protected)
}

fn check_header_thoroughly(bytes: &[u8]) -> Result<(), Error> {
    let mut fields = Fields::parse(cbor::decode_value(bytes, None)?)?;
    fields.algorithm()?;
    fields.text(label::CONTENT_TYPE, "no content type (3)")?;
    let key_id = fields.bytes(label::KEY_ID, "no key id (4)")?;
    Thumbprint::from_slice(&key_id).ok_or(Error::Shape("the key id is not 32 bytes"))?;
    let claims = fields.take(label::CWT_CLAIMS, "no CWT claims (15)")?;
    fields.text(label::TYP, "no typ (16)")?;
    fields.end("a header this profile does not know")?;
    let mut claims = Fields::parse(claims)?;
    claims.text(claim::ISSUER, "no issuer (CWT claim 1)")?;
    claims.text(claim::SUBJECT, "no subject (CWT claim 2)")?;
    let issued_at = claims.integer(claim::ISSUED_AT, "no time of issue (CWT claim 6)")?;
    u64::try_from(issued_at).map_err(|_| Error::Shape("the time of issue lies before 1970"))?;
    claims.end("a CWT claim this profile does not know")
}

impl Header<'_> {
    fn encode(&self) -> Vec<u8> {
        let texts = [self.content_type, self.issuer, self.subject, self.typ];
        let mut bytes = Vec::with_capacity(ROOM + texts.map(str::len).iter().sum::<usize>());
        write::head(&mut bytes, 5, 5);
        write::signed(&mut bytes, label::ALGORITHM);
        write::signed(&mut bytes, EDDSA);
        write::signed(&mut bytes, label::CONTENT_TYPE);
        write::text(&mut bytes, self.content_type);
        write::signed(&mut bytes, label::KEY_ID);
        write::bytes(&mut bytes, self.key_id.as_bytes());
        write::signed(&mut bytes, label::CWT_CLAIMS);
        write::head(&mut bytes, 5, 3);
        write::signed(&mut bytes, claim::ISSUER);
        write::text(&mut bytes, self.issuer);
        write::signed(&mut bytes, claim::SUBJECT);
        write::text(&mut bytes, self.subject);
        write::signed(&mut bytes, claim::ISSUED_AT);
        write::head(&mut bytes, 0, self.issued_at);
        write::signed(&mut bytes, label::TYP);
        write::text(&mut bytes, self.typ);
        bytes
    }
}

/// The fields of a map with integer keys, taken one by one so that none is overlooked.
#[derive(Debug)]
pub struct Fields(Vec<(Value, Value)>);

impl Fields {
    /// The fields of a value that should be a map.
    pub fn parse(value: Value) -> Result<Self, Error> {
        match value {
            Value::Map(entries) => Ok(Self(entries)),
            _ => Err(Error::Shape("a header is not a map")),
        }
    }

    /// Takes the algorithm, which must be one that Ed25519 keys sign with.
    pub fn algorithm(&mut self) -> Result<(), Error> {
        let algorithm = self.integer(label::ALGORITHM, "no algorithm (1)")?;
        if matches!(algorithm, EDDSA | ED25519) { Ok(()) } else { Err(Error::Algorithm(algorithm)) }
    }

    /// Takes a field, if it is there.
    pub fn optional(&mut self, key: i64) -> Option<Value> {
        let place = self.0.iter().position(|(label, _)| *label == Value::from(key));
        place.map(|place| self.0.swap_remove(place).1)
    }

    /// Takes a field; `missing` says that it is not there.
    pub fn take(&mut self, key: i64, missing: &'static str) -> Result<Value, Error> {
        self.optional(key).ok_or(Error::Shape(missing))
    }

    /// Takes a field that is text.
    pub fn text(&mut self, key: i64, missing: &'static str) -> Result<String, Error> {
        self.take(key, missing)?.into_text().map_err(|_| Error::Shape("a header is not text"))
    }

    /// Takes a field that is bytes.
    pub fn bytes(&mut self, key: i64, missing: &'static str) -> Result<Vec<u8>, Error> {
        self.take(key, missing)?.into_bytes().map_err(|_| Error::Shape("a header is not bytes"))
    }

    /// Takes a field that is a number.
    pub fn integer(&mut self, key: i64, missing: &'static str) -> Result<i64, Error> {
        let number = self.take(key, missing)?.into_integer();
        let number = number.map_err(|_| Error::Shape("a header is not a number"))?;
        number.try_into().map_err(|_| Error::Shape("a number is out of range"))
    }

    /// Nothing may be left; `extra` says that something is.
    pub fn end(self, extra: &'static str) -> Result<(), Error> {
        if self.0.is_empty() { Ok(()) } else { Err(Error::Shape(extra)) }
    }
}

/// The `Sig_structure` (RFC 9052 section 4.4): `["Signature1", protected, h'', payload]`.
fn signed_bytes(protected: &[u8], payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(ROOM + protected.len() + payload.len());
    push_signed_bytes(protected, payload, &mut bytes);
    bytes
}

fn push_signed_bytes(protected: &[u8], payload: &[u8], bytes: &mut Vec<u8>) {
    write::head(bytes, 4, 4);
    write::text(bytes, "Signature1");
    write::bytes(bytes, protected);
    write::bytes(bytes, b"");
    write::bytes(bytes, payload);
}

#[cfg(test)]
mod tests {
    use ciborium::Value;

    use super::{EDDSA, Header, Sign1, TAG, check_thoroughly, claim, join, label, signed_bytes};
    use crate::cbor;
    use crate::key::{SIGNATURE_LENGTH, SecretKey};

    fn key() -> SecretKey {
        SecretKey::from_seed(&[1; 32])
    }

    fn header() -> Header<'static> {
        Header {
            content_type: "text/plain",
            key_id: key().thumbprint(),
            issuer: "nadia",
            subject: "x",
            issued_at: 1_700_000_000,
            typ: "application/scitt-statement+cose",
        }
    }

    fn signed() -> Vec<u8> {
        Sign1::sign(&header(), b"payload", &key())
    }

    #[test]
    fn an_envelope_comes_back_and_verifies() {
        let read = Sign1::parse(signed()).unwrap();
        assert_eq!((read.header(), read.payload()), (header(), &b"payload"[..]));
        assert!(read.verifies(&SecretKey::from_seed(&[1; 32]).public()));
        assert!(!read.verifies(&SecretKey::from_seed(&[2; 32]).public()));
    }

    #[test]
    fn an_independent_library_reads_it_and_agrees_about_the_signature() {
        use coset::TaggedCborSerializable;
        let theirs = coset::CoseSign1::from_tagged_slice(&signed()).unwrap();
        let key = SecretKey::from_seed(&[1; 32]).public();
        let verdict = theirs.verify_signature(b"", |signature, signed| {
            if key.verifies(signed, signature) { Ok(()) } else { Err(()) }
        });
        assert_eq!(verdict, Ok(()));
    }

    #[test]
    fn what_is_written_here_is_what_ciborium_writes() {
        let Header { content_type, key_id, issuer, subject, issued_at, typ } = header();
        let claims = vec![
            (claim::ISSUER.into(), issuer.into()),
            (claim::SUBJECT.into(), subject.into()),
            (claim::ISSUED_AT.into(), issued_at.into()),
        ];
        let protected = cbor::encode_value(Value::Map(vec![
            (label::ALGORITHM.into(), EDDSA.into()),
            (label::CONTENT_TYPE.into(), content_type.into()),
            (label::KEY_ID.into(), Value::Bytes(key_id.as_bytes().to_vec())),
            (label::CWT_CLAIMS.into(), Value::Map(claims)),
            (label::TYP.into(), typ.into()),
        ]));
        assert_eq!(Ok(header().encode()), protected);
        for length in [0, 23, 24, 255, 256, 65_535, 65_536] {
            let (protected, payload) = (vec![1; length / 2], vec![2; length]);
            let parts = vec![
                "Signature1".into(),
                Value::Bytes(protected.clone()),
                Value::Bytes(Vec::new()),
                Value::Bytes(payload.clone()),
            ];
            let expected = cbor::encode_value(Value::Array(parts));
            assert_eq!(Ok(signed_bytes(&protected, &payload)), expected, "{length}");
            let written = Sign1::sign(&header(), &payload, &key());
            let signature = written[written.len() - SIGNATURE_LENGTH..].to_vec();
            let parts = vec![
                Value::Bytes(header().encode()),
                Value::Map(Vec::new()),
                Value::Bytes(payload.clone()),
                Value::Bytes(signature),
            ];
            let expected = cbor::encode_value(Value::Tag(TAG, Box::new(Value::Array(parts))));
            assert_eq!(Ok(&written), expected.as_ref(), "{length}");
            let read = Sign1::parse(written).unwrap();
            assert_eq!((read.header(), read.payload()), (header(), &payload[..]), "{length}");
        }
    }

    /// Both ways of reading give one answer, and what was read makes the same bytes.
    fn same(bytes: &[u8]) {
        let read = Sign1::parse(bytes);
        assert_eq!(read.as_ref().err(), check_thoroughly(bytes).as_ref().err());
        let Ok(read) = read else { return };
        let signature = read.signature().try_into().unwrap();
        // Both numbers of the algorithm take one byte, and ours is written.
        let algorithm_at = read.places.protected.start + 2;
        let mut expected = bytes.to_vec();
        expected[algorithm_at] = 0x27;
        assert_eq!(join(&read.header().encode(), read.payload(), signature), expected);
    }

    #[test]
    fn damaged_envelopes_get_one_answer_both_ways() {
        let good = signed();
        for at in 0..good.len() {
            let mut bad = good.clone();
            for value in 0..=255 {
                bad[at] = value;
                same(&bad);
            }
            same(&good[..at]);
            same(&[&good[..at], &good[at + 1..]].concat());
            same(&[&good[..=at], &good[at..]].concat());
        }
    }

    #[test]
    fn a_header_of_other_numbers_gets_one_answer_both_ways() {
        let envelope = |protected: Value| {
            let parts = vec![
                Value::Bytes(cbor::encode_value(protected).unwrap()),
                Value::Map(Vec::new()),
                Value::Bytes(b"payload".to_vec()),
                Value::Bytes(vec![7; 64]),
            ];
            cbor::encode_value(Value::Tag(TAG, Box::new(Value::Array(parts)))).unwrap()
        };
        let header = |algorithm: Value, issued_at: Value, others: &[(i64, Value)]| {
            let claims = [(1, "nadia".into()), (2, "x".into()), (6, issued_at)];
            let claims = claims.map(|(key, value): (i64, Value)| (key.into(), value));
            let mut fields = vec![
                (1.into(), algorithm),
                (3.into(), "text/plain".into()),
                (4.into(), Value::Bytes(vec![1; 32])),
                (15.into(), Value::Map(claims.to_vec())),
                (16.into(), "t".into()),
            ];
            fields.extend(others.iter().map(|(key, value)| ((*key).into(), value.clone())));
            Value::Map(fields)
        };
        let check = |protected: Value, expected: bool| {
            let bytes = envelope(protected.clone());
            same(&bytes);
            assert_eq!(Sign1::parse(&bytes[..]).is_ok(), expected, "{protected:?}");
        };
        for algorithm in [-19, -8] {
            check(header(algorithm.into(), 0.into(), &[]), true);
        }
        for algorithm in [-7, 0, 7, 8, -257] {
            check(header(algorithm.into(), 0.into(), &[]), false);
        }
        for (issued_at, expected) in [
            (Value::from(i64::MAX), true),
            (Value::from(1_u64 << 63), false),
            (Value::from(u64::MAX), false),
            (Value::from(-1), false),
            (Value::from("0"), false),
        ] {
            check(header(EDDSA.into(), issued_at, &[]), expected);
        }
        for label in [-1, 2, 5, 17, 1 << 40] {
            check(header(EDDSA.into(), 0.into(), &[(label, 0.into())]), false);
        }
    }

    #[test]
    fn no_damaged_byte_goes_unnoticed() {
        let key = SecretKey::from_seed(&[1; 32]).public();
        let good = signed();
        let accepted = |bytes: &[u8]| Sign1::parse(bytes).is_ok_and(|read| read.verifies(&key));
        for at in 0..good.len() {
            for flip in [1, 0x20, 0x80, 0xff] {
                let mut bad = good.clone();
                bad[at] ^= flip;
                assert!(!accepted(&bad), "byte {at} ^ {flip:#x}");
            }
            assert!(!accepted(&good[..at]), "cut at {at}");
        }
        assert!(!accepted(&[good, vec![0]].concat()));
    }
}
