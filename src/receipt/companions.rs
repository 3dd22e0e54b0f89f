//! What a receipt carries beside its entry, so that it can be understood alone: the statement, and
//! its *companions*, which are the statements that it refers to and those that brought the keys.
//!
//! ```text
//! extra = { ? "companions" => [1*256 [entry index, [* hash], statement]],
//!           ( "statement" => bytes // "entry" => hash // nothing),  "version" => 1 }
//! ```
//! Nothing vouches for these bytes by their place: each companion comes with its own way up to the
//! root, and is worth nothing before that is checked.

use ciborium::Value;

use crate::attribution::statement;
use crate::cbor;
use crate::hash::Hash;
use crate::tlog::merkle::Inclusion;
use crate::tlog::proof::MAX_HASHES;

/// The version that is written, and the newest that is read.
pub const VERSION: u64 = 1;

/// The most companions: a claim with 32 hops, each with its document, publisher and channel, has
/// about a hundred.
pub const MAX_COMPANIONS: usize = 256;

/// The most bytes of all of it: in base64 it fits a `.tlog-proof` with room for the rest.
pub const MAX_LENGTH: usize = 1_000_000;

/// What the receipt is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// The statement itself.
    Statement(Vec<u8>),
    /// The entry alone: its statement is withheld.
    Entry(Hash),
    /// The envelope that carries all this is the statement.
    Carrier,
}

/// A statement of the same log, and the proof of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Companion {
    /// Its place in the log.
    pub entry_index: u64,
    /// The way from its entry up to the root of the receipt's tree.
    pub path: Inclusion,
    /// Its bytes.
    pub statement: Vec<u8>,
}

/// All that comes with a receipt. Not yet believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extra {
    /// What the receipt is about.
    pub subject: Subject,
    /// Its companions, in the order of the log.
    pub companions: Vec<Companion>,
}

/// Why the extra data of a receipt was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Too many bytes.
    #[error("the companions have {0} bytes, expected at most {MAX_LENGTH}")]
    TooLong(usize),
    /// Not deterministic CBOR.
    #[error("the companions: {0}")]
    Cbor(#[from] cbor::Error),
    /// CBOR of another shape.
    #[error("the companions: {0}")]
    Shape(&'static str),
    /// Written by a newer program.
    #[error("the companions are of version {0}, this program reads {VERSION}")]
    Newer(u64),
}

impl Extra {
    /// The bytes that stand in the receipt.
    pub fn encode(&self) -> Result<Vec<u8>, Error> {
        let mut fields = vec![("version".into(), VERSION.into())];
        match &self.subject {
            Subject::Statement(bytes) => {
                fields.push(("statement".into(), Value::Bytes(bytes.clone())));
            }
            Subject::Entry(entry) => fields.push(("entry".into(), bytes_of(entry))),
            Subject::Carrier => {}
        }
        if !self.companions.is_empty() {
            let companions = self.companions.iter().map(Companion::value).collect();
            fields.push(("companions".into(), Value::Array(companions)));
        }
        let bytes = cbor::encode_value(Value::Map(fields))?;
        if bytes.len() > MAX_LENGTH { Err(Error::TooLong(bytes.len())) } else { Ok(bytes) }
    }

    /// Reads them back. Everything must be there, in its order, and nothing else.
    pub fn decode(bytes: &[u8]) -> Result<Self, Error> {
        if bytes.len() > MAX_LENGTH {
            return Err(Error::TooLong(bytes.len()));
        }
        let Value::Map(fields) = cbor::decode_value(bytes, None)? else {
            return Err(Error::Shape("not a map"));
        };
        let (mut version, mut subject, mut companions) = (None, Subject::Carrier, Vec::new());
        // The walk has seen that no key stands twice.
        for (key, value) in fields {
            match (key.as_text(), value) {
                (Some("version"), Value::Integer(found)) => version = u64::try_from(found).ok(),
                (Some("statement"), Value::Bytes(bytes)) if subject == Subject::Carrier => {
                    subject = Subject::Statement(bytes);
                }
                (Some("entry"), Value::Bytes(bytes)) if subject == Subject::Carrier => {
                    let entry = Hash::from_slice(&bytes);
                    subject = Subject::Entry(entry.ok_or(Error::Shape("the entry is no hash"))?);
                }
                (Some("companions"), Value::Array(items)) => companions = in_order(items)?,
                _ => return Err(Error::Shape("a field that is unknown or of another type")),
            }
        }
        match version {
            Some(VERSION) => Ok(Self { subject, companions }),
            Some(newer) => Err(Error::Newer(newer)),
            None => Err(Error::Shape("no version")),
        }
    }
}

impl Companion {
    fn value(&self) -> Value {
        let path = self.path.0.iter().map(bytes_of).collect();
        let statement = Value::Bytes(self.statement.clone());
        Value::Array(vec![self.entry_index.into(), Value::Array(path), statement])
    }

    fn parse(value: Value) -> Option<Self> {
        let [index, path, statement]: [Value; 3] = value.into_array().ok()?.try_into().ok()?;
        let path = path.into_array().ok().filter(|path| path.len() <= MAX_HASHES)?;
        let hash = |value: &Value| Hash::from_slice(value.as_bytes()?);
        let statement = statement.into_bytes().ok()?;
        (statement.len() <= statement::MAX_LENGTH).then_some(())?;
        Some(Self {
            entry_index: index.into_integer().ok()?.try_into().ok()?,
            path: Inclusion(path.iter().map(hash).collect::<Option<_>>()?),
            statement,
        })
    }
}

fn in_order(items: Vec<Value>) -> Result<Vec<Companion>, Error> {
    if !(1..=MAX_COMPANIONS).contains(&items.len()) {
        return Err(Error::Shape("not 1 to 256 companions"));
    }
    let companions: Option<Vec<Companion>> = items.into_iter().map(Companion::parse).collect();
    let companions = companions.ok_or(Error::Shape("one is not [index, path, statement]"))?;
    if companions.windows(2).any(|pair| pair[0].entry_index >= pair[1].entry_index) {
        return Err(Error::Shape("they are not in the order of the log, each once"));
    }
    Ok(companions)
}

fn bytes_of(hash: &Hash) -> Value {
    Value::Bytes(hash.as_bytes().to_vec())
}

#[cfg(test)]
mod tests {
    use super::{Companion, Extra, Subject};
    use crate::hash::Hash;
    use crate::tlog::merkle::Inclusion;

    fn extra(subject: Subject) -> Extra {
        let companion = |entry_index| Companion {
            entry_index,
            path: Inclusion(vec![Hash::of(b"x"); 3]),
            statement: vec![7; 3],
        };
        Extra { subject, companions: vec![companion(0), companion(3)] }
    }

    #[test]
    fn what_comes_with_a_receipt_is_read_back() {
        let subjects =
            [Subject::Statement(vec![1, 2]), Subject::Entry(Hash::of(b"y")), Subject::Carrier];
        for subject in subjects {
            let with = extra(subject.clone());
            assert_eq!(Extra::decode(&with.encode().unwrap()), Ok(with));
            let without = Extra { subject, companions: Vec::new() };
            assert_eq!(Extra::decode(&without.encode().unwrap()), Ok(without));
        }
    }

    #[test]
    fn another_order_or_another_version_is_refused() {
        let mut swapped = extra(Subject::Carrier);
        swapped.companions.swap(0, 1);
        assert!(Extra::decode(&swapped.encode().unwrap()).is_err());
        let mut twice = extra(Subject::Carrier);
        twice.companions[1].entry_index = 0;
        assert!(Extra::decode(&twice.encode().unwrap()).is_err());
        let mut newer = extra(Subject::Carrier).encode().unwrap();
        // The map's head and the first key, "version", with its own head.
        newer[9] = 2;
        let error = Extra::decode(&newer).unwrap_err().to_string();
        assert!(error.contains("version 2"), "{error}");
    }
}
