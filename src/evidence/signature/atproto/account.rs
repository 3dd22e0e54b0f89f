//! Which keys an account had, and when; and its DID document, which names one of them.
//!
//! A document shows the key of the moment only. The log of a did:plc, which `plc` reads, shows each
//! key with the times at which it came and went, so that a key which was replaced can be told from
//! a wrong one.

use serde_json::{Map, Value};

use crate::evidence::signature::atproto::Refused;
use crate::evidence::signature::atproto::key::Key;
use crate::evidence::signature::checked::State;

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
/// within a resolver's answer.
pub fn of_document(answer: &Map<String, Value>) -> Result<Account, Refused> {
    let document = match answer.get("didDocument") {
        None => answer,
        Some(Value::Object(document)) => document,
        Some(_) => return Err(malformed("`didDocument` is no object")),
    };
    let did = document.get("id").and_then(Value::as_str);
    let did = did.ok_or_else(|| malformed("it has no `id`"))?.to_owned();
    // DID Core 7.1.3; some resolvers put the word into the document itself.
    let metadata = answer.get("didDocumentMetadata");
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
    Refused::new(State::Malformed, format!("no sound DID document: {why}"))
}
