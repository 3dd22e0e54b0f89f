//! Which keys an account had, and when: from its DID document, or from the log of its did:plc.
//!
//! A document shows the key of the moment only. The log shows every key with the time at which it
//! came and went, so that a key which was replaced can be told from a wrong one.

use serde_json::{Map, Value};

use crate::evidence::signature::atproto::Refused;
use crate::evidence::signature::atproto::data;
use crate::evidence::signature::atproto::key::Key;
use crate::evidence::signature::atproto::plc;
use crate::evidence::signature::checked::State;

/// The largest document or log that is looked at, in bytes. Documents are about a kilobyte; a log
/// grows by as much with every change of an account.
pub const ACCOUNT_BYTES: usize = 1 << 20;

/// An account and its keys.
#[derive(Debug)]
pub struct Account {
    /// The account's DID.
    pub did: String,
    /// Its keys, the earliest first.
    pub terms: Vec<Term>,
    /// That it was closed, in words.
    pub closed: Option<String>,
    /// Whether the keys are those of a log: dated, and complete up to its end.
    pub logged: bool,
}

/// A key and how long it was the account's. Times are in seconds since 1970, by the word of whoever
/// keeps the log; unknown where there is only a document.
#[derive(Debug)]
pub struct Term {
    /// The key.
    pub key: Key,
    /// From when on.
    pub from: Option<i64>,
    /// Until when; none if nothing ended it.
    pub until: Option<i64>,
}

/// Reads a DID document (W3C DID Core, and atproto.com/specs/did for what it says of keys), also
/// within a resolver's answer, or the JSON array of `https://plc.directory/DID/log/audit`.
///
/// Of a log only what was there at `at`, in seconds since 1970, is counted.
pub fn read(bytes: &[u8], at: Option<i64>) -> Result<Account, Refused> {
    if bytes.len() > ACCOUNT_BYTES {
        let length = bytes.len();
        return Err(malformed(&format!("{length} bytes, expected at most {ACCOUNT_BYTES}")));
    }
    match data::json(bytes).map_err(|why| malformed(&why))? {
        Value::Array(entries) => plc::read(&entries, at),
        Value::Object(members) => match (members.get("didDocument"), &members) {
            (Some(Value::Object(document)), answer) => document_of(document, Some(answer)),
            (None, document) => document_of(document, None),
            _ => Err(malformed("`didDocument` is no object")),
        },
        _ => Err(malformed("neither an object nor an array")),
    }
}

fn document_of(
    document: &Map<String, Value>,
    answer: Option<&Map<String, Value>>,
) -> Result<Account, Refused> {
    let did = document.get("id").and_then(Value::as_str);
    let did = did.ok_or_else(|| malformed("it has no `id`"))?.to_owned();
    // DID Core 7.1.3; some resolvers put the word into the document itself.
    let metadata = answer.and_then(|answer| answer.get("didDocumentMetadata"));
    let deactivated = [document.get("deactivated"), metadata.and_then(|m| m.get("deactivated"))];
    let closed = deactivated
        .contains(&Some(&Value::Bool(true)))
        .then(|| "the DID document says that the account was closed, without a date".to_owned());
    let methods = match document.get("verificationMethod") {
        None => &[][..],
        Some(Value::Array(methods)) => methods,
        Some(_) => return Err(malformed("`verificationMethod` is no list")),
    };
    let full = format!("{did}#atproto");
    let mut terms = Vec::new();
    for method in methods {
        let word = |name: &str| method.get(name).and_then(Value::as_str).unwrap_or_default();
        if word("id") != full && word("id") != "#atproto" {
            continue;
        }
        if word("controller") != did {
            return Err(malformed("another account controls its key"));
        }
        let key = Key::from_method(word("type"), word("publicKeyMultibase"));
        let key = key.ok_or_else(|| malformed("`#atproto` is no key on P-256 or K-256"))?;
        terms.push(Term { key, from: None, until: None });
    }
    if terms.len() > 1 {
        return Err(malformed("it has two keys `#atproto`"));
    }
    Ok(Account { did, terms, closed, logged: false })
}

fn malformed(why: &str) -> Refused {
    Refused::new(State::Malformed, format!("no sound DID document or did:plc log: {why}"))
}
