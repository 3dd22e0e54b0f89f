//! Transparent statements (RFC 9943): a signed statement that carries its receipts in the
//! unprotected header, `.scitt`.
//!
//! ```text
//! 18([ protected, { 394 => [+ bstr .cbor receipt], ? -66002 => bstr .cbor extra },
//!      payload, signature ])
//! ```
//! The entry in the log is the SHA-256 of the statement with an *empty* unprotected header, so
//! that receipts can be added at any time. The private label -66002 holds the companions.

use ciborium::Value;

use crate::cbor::Order;
use crate::cose::{self, Envelope, Fields};
use crate::tlog::receipt::RECEIPTS;

/// The private header label of the companions; labels below -65536 are free for private use.
pub const COMPANIONS: i64 = -66_002;

/// The largest transparent statement, in bytes: a statement, four receipts, the companions.
pub const MAX_LENGTH: usize = 1_300_000;

/// The most receipts of one statement. One log issues one; each costs a signature check.
pub const MAX_RECEIPTS: usize = 4;

/// Why bytes are no transparent statement.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Longer than [`MAX_LENGTH`].
    #[error("the transparent statement has {0} bytes, expected at most {MAX_LENGTH}")]
    TooLong(usize),
    /// Not the envelope.
    #[error(transparent)]
    Envelope(#[from] cose::Error),
    /// An envelope of another shape.
    #[error("not a transparent statement: {0}")]
    Shape(&'static str),
}

/// A transparent statement, taken apart. Nothing is checked yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transparent {
    /// The statement as it was registered: with an empty unprotected header.
    pub statement: Vec<u8>,
    /// The receipts.
    pub receipts: Vec<Vec<u8>>,
    /// The companions, if they are there.
    pub extra: Option<Vec<u8>>,
}

impl Transparent {
    /// Puts it together.
    pub fn encode(&self) -> Result<Vec<u8>, Error> {
        let mut envelope = Envelope::parse(&self.statement, Order::Sorted)?;
        let receipts = self.receipts.iter().cloned().map(Value::Bytes).collect();
        envelope.unprotected = vec![(RECEIPTS.into(), Value::Array(receipts))];
        if let Some(extra) = &self.extra {
            envelope.unprotected.push((COMPANIONS.into(), Value::Bytes(extra.clone())));
        }
        Ok(envelope.encode()?)
    }

    /// Takes it apart. Its unprotected header may stand in any order, as others write it, and
    /// hold nothing but receipts and companions.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        if bytes.len() > MAX_LENGTH {
            return Err(Error::TooLong(bytes.len()));
        }
        let mut envelope = Envelope::parse(bytes, Order::Any)?;
        let unprotected = std::mem::take(&mut envelope.unprotected);
        let mut header = Fields::parse(Value::Map(unprotected))?;
        let Value::Array(receipts) = header.take(RECEIPTS, "no receipts (394)")? else {
            return Err(Error::Shape("the receipts (394) are no list"));
        };
        let bytes = |value: Value| value.into_bytes().ok();
        let receipts: Option<Vec<Vec<u8>>> = receipts.into_iter().map(bytes).collect();
        let receipts = receipts.ok_or(Error::Shape("a receipt is not in bytes"))?;
        if !(1..=MAX_RECEIPTS).contains(&receipts.len()) {
            return Err(Error::Shape("not 1 to 4 receipts"));
        }
        let extra = match header.optional(COMPANIONS) {
            None => None,
            Some(Value::Bytes(extra)) => Some(extra),
            Some(_) => return Err(Error::Shape("the companions (-66002) are not in bytes")),
        };
        header.end("an unprotected header this profile does not know")?;
        Ok(Self { statement: envelope.encode()?, receipts, extra })
    }
}
