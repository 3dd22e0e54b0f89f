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

use ciborium::Value;

use crate::cbor::{self, Order};
use crate::key::{PublicKey, SIGNATURE_LENGTH, SecretKey, Thumbprint};

/// The CBOR tag of a `COSE_Sign1` (RFC 9052 section 2).
pub const TAG: u64 = 18;

/// Algorithm `EdDSA` (RFC 9053 section 2.2), written by us.
pub const EDDSA: i64 = -8;
/// Algorithm Ed25519, fully specified (RFC 9864 section 2.2), accepted from others.
pub const ED25519: i64 = -19;

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
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// The media type of the payload (label 3).
    pub content_type: String,
    /// The thumbprint of the signing key (label 4, RFC 9679).
    pub key_id: Thumbprint,
    /// Who signs (CWT claim 1).
    pub issuer: String,
    /// What the payload is about (CWT claim 2).
    pub subject: String,
    /// When it was signed by the signer's own clock, in seconds since 1970 (CWT claim 6).
    pub issued_at: u64,
    /// The media type of the whole object (label 16, RFC 9596).
    pub typ: String,
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
    header: Header,
    protected: Vec<u8>,
    payload: Vec<u8>,
    signature: Vec<u8>,
}

impl Envelope {
    /// Signs `payload`, which may then be left out of the envelope.
    pub fn sign(protected: Vec<u8>, payload: &[u8], key: &SecretKey) -> Result<Self, Error> {
        let signature = key.sign(&signed_bytes(&protected, payload)?).to_vec();
        Ok(Self { protected, unprotected: Vec::new(), payload: None, signature })
    }

    /// Whether the signature is `key`'s, over `payload`.
    pub fn verifies(&self, payload: &[u8], key: &PublicKey) -> bool {
        signed_bytes(&self.protected, payload)
            .is_ok_and(|bytes| key.verifies(&bytes, &self.signature))
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
    /// Signs `payload` under `header`, whose `key_id` must be the key's own.
    pub fn sign(header: Header, payload: Vec<u8>, key: &SecretKey) -> Result<Self, Error> {
        assert_eq!(header.key_id, key.public().thumbprint(), "the header names another key");
        let protected = header.encode()?;
        let signature = key.sign(&signed_bytes(&protected, &payload)?).to_vec();
        Ok(Self { header, protected, payload, signature })
    }

    /// Whether the signature is `key`'s.
    pub fn verifies(&self, key: &PublicKey) -> bool {
        signed_bytes(&self.protected, &self.payload)
            .is_ok_and(|bytes| key.verifies(&bytes, &self.signature))
    }

    /// The bytes that the signature covers: the `Sig_structure` (RFC 9052 section 4.4).
    pub(crate) fn signed_bytes(&self) -> Vec<u8> {
        signed_bytes(&self.protected, &self.payload).expect("four plain parts")
    }

    /// The signature, 64 bytes.
    pub(crate) fn signature(&self) -> &[u8] {
        &self.signature
    }

    /// The protected header.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The payload.
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// The bytes of the tagged envelope.
    pub fn encode(&self) -> Result<Vec<u8>, Error> {
        let envelope = Value::Array(vec![
            Value::Bytes(self.protected.clone()),
            Value::Map(Vec::new()),
            Value::Bytes(self.payload.clone()),
            Value::Bytes(self.signature.clone()),
        ]);
        Ok(cbor::encode_value(Value::Tag(TAG, Box::new(envelope)))?)
    }

    /// Reads an envelope. The signature is not checked here: see [`Sign1::verifies`].
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let Value::Tag(_, envelope) = cbor::decode_value(bytes, Some(TAG))? else {
            return Err(Error::Shape("it is not tagged"));
        };
        let Value::Array(parts) = *envelope else {
            return Err(Error::Shape("it is not an array"));
        };
        let [protected, unprotected, payload, signature]: [Value; 4] =
            parts.try_into().map_err(|_| Error::Shape("it does not have four parts"))?;
        let (Value::Bytes(protected), Value::Bytes(payload), Value::Bytes(signature)) =
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
        let header = Header::parse(&protected)?;
        Ok(Self { header, protected, payload, signature })
    }
}

impl Header {
    fn encode(&self) -> Result<Vec<u8>, Error> {
        let claims = Value::Map(vec![
            (claim::ISSUER.into(), self.issuer.as_str().into()),
            (claim::SUBJECT.into(), self.subject.as_str().into()),
            (claim::ISSUED_AT.into(), self.issued_at.into()),
        ]);
        Ok(cbor::encode_value(Value::Map(vec![
            (label::ALGORITHM.into(), EDDSA.into()),
            (label::CONTENT_TYPE.into(), self.content_type.as_str().into()),
            (label::KEY_ID.into(), Value::Bytes(self.key_id.as_bytes().to_vec())),
            (label::CWT_CLAIMS.into(), claims),
            (label::TYP.into(), self.typ.as_str().into()),
        ]))?)
    }

    fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let mut fields = Fields::parse(cbor::decode_value(bytes, None)?)?;
        fields.algorithm()?;
        let content_type = fields.text(label::CONTENT_TYPE, "no content type (3)")?;
        let key_id = fields.bytes(label::KEY_ID, "no key id (4)")?;
        let key_id =
            Thumbprint::from_slice(&key_id).ok_or(Error::Shape("the key id is not 32 bytes"))?;
        let claims = fields.take(label::CWT_CLAIMS, "no CWT claims (15)")?;
        let typ = fields.text(label::TYP, "no typ (16)")?;
        fields.end("a header this profile does not know")?;
        let mut claims = Fields::parse(claims)?;
        let issuer = claims.text(claim::ISSUER, "no issuer (CWT claim 1)")?;
        let subject = claims.text(claim::SUBJECT, "no subject (CWT claim 2)")?;
        let issued_at = claims.integer(claim::ISSUED_AT, "no time of issue (CWT claim 6)")?;
        let issued_at = u64::try_from(issued_at)
            .map_err(|_| Error::Shape("the time of issue lies before 1970"))?;
        claims.end("a CWT claim this profile does not know")?;
        Ok(Self { content_type, key_id, issuer, subject, issued_at, typ })
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
fn signed_bytes(protected: &[u8], payload: &[u8]) -> Result<Vec<u8>, Error> {
    Ok(cbor::encode_value(Value::Array(vec![
        "Signature1".into(),
        Value::Bytes(protected.to_vec()),
        Value::Bytes(Vec::new()),
        Value::Bytes(payload.to_vec()),
    ]))?)
}

#[cfg(test)]
mod tests {
    use super::{Header, Sign1};
    use crate::key::SecretKey;

    fn signed() -> Sign1 {
        let key = SecretKey::from_seed(&[1; 32]);
        let header = Header {
            content_type: "text/plain".to_owned(),
            key_id: key.public().thumbprint(),
            issuer: "nadia".to_owned(),
            subject: "x".to_owned(),
            issued_at: 1_700_000_000,
            typ: "application/scitt-statement+cose".to_owned(),
        };
        Sign1::sign(header, b"payload".to_vec(), &key).unwrap()
    }

    #[test]
    fn an_envelope_comes_back_and_verifies() {
        let bytes = signed().encode().unwrap();
        let read = Sign1::parse(&bytes).unwrap();
        assert_eq!(read, signed());
        assert!(read.verifies(&SecretKey::from_seed(&[1; 32]).public()));
        assert!(!read.verifies(&SecretKey::from_seed(&[2; 32]).public()));
    }

    #[test]
    fn an_independent_library_reads_it_and_agrees_about_the_signature() {
        use coset::TaggedCborSerializable;
        let theirs = coset::CoseSign1::from_tagged_slice(&signed().encode().unwrap()).unwrap();
        let key = SecretKey::from_seed(&[1; 32]).public();
        let verdict = theirs.verify_signature(b"", |signature, signed| {
            if key.verifies(signed, signature) { Ok(()) } else { Err(()) }
        });
        assert_eq!(verdict, Ok(()));
    }

    #[test]
    fn no_damaged_byte_goes_unnoticed() {
        let key = SecretKey::from_seed(&[1; 32]).public();
        let good = signed().encode().unwrap();
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
