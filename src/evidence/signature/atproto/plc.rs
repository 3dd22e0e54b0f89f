//! The log of a did:plc (web.plc.directory/spec/v0.1/did-plc): the DID is the hash of its first
//! operation, and each operation is signed by a key that the one before it named.
//!
//! So nobody, not even whoever keeps the directory, can add a key to an account. The times are the
//! directory's word, and so is that nothing came behind the last operation.

use std::collections::BTreeMap;

use base64ct::{Base64UrlUnpadded, Encoding};
use ipld_core::cid::multibase::{self, Base};
use ipld_core::ipld::Ipld;
use jiff::Timestamp;
use serde_json::Value;

use crate::evidence::signature::atproto::Refused;
use crate::evidence::signature::atproto::account::{Account, Term};
use crate::evidence::signature::atproto::data;
use crate::evidence::signature::atproto::key::{Fit, Key};
use crate::evidence::signature::checked::State;
use crate::hash::Hash;

/// How long a stronger key can take back what a weaker one signed, in milliseconds: 72 hours.
const RECOVERY: i64 = 72 * 60 * 60 * 1_000;

/// Reads a log's entries `{did, operation, cid, nullified, createdAt}`, the first first.
pub fn read(entries: &[Value], at: Option<i64>) -> Result<Account, Refused> {
    let entries: Vec<Entry> = entries.iter().map(Entry::parse).collect::<Result<_, _>>()?;
    let first = entries.first().ok_or_else(|| malformed("it is empty"))?;
    if entries.iter().any(|entry| entry.did != first.did) {
        return Err(malformed("it is of more than one account"));
    }
    if did_of(&first.signed) != first.did {
        return Err(malformed("the account's DID is not the hash of the first operation"));
    }
    let standing = chain(&entries)?;
    for (index, entry) in entries.iter().enumerate() {
        if entry.nullified == standing.contains(&index) {
            return Err(malformed("an operation is not nullified as the rules demand"));
        }
    }
    let earlier = |entry: &&Entry| at.is_none_or(|at| entry.created_at.div_euclid(1_000) <= at);
    let known = entries.iter().take_while(earlier).count();
    if known == 0 {
        let fact = "the account's log begins after the time asked for";
        return Err(Refused::new(State::Missing, fact));
    }
    let standing = chain(&entries[..known])?;
    Ok(account(&first.did, standing.iter().map(|index| &entries[*index])))
}

/// The keys in the operations that stand.
fn account<'a>(did: &str, operations: impl Iterator<Item = &'a Entry>) -> Account {
    let mut account =
        Account { did: did.to_owned(), terms: Vec::new(), closed: None, logged: true };
    for entry in operations {
        let time = entry.created_at.div_euclid(1_000);
        if entry.closes {
            account.closed = Some(format!("the account was closed on {}", day(time)));
        }
        let open = account.terms.last_mut().filter(|term| term.until.is_none());
        match (open, &entry.key) {
            (Some(term), Some(key)) if term.key == *key => continue,
            (Some(term), _) => term.until = Some(time),
            (None, _) => {}
        }
        if let Some(key) = &entry.key {
            account.terms.push(Term { key: key.clone(), from: Some(time), until: None });
        }
    }
    account
}

/// A time as a date, for a message.
pub fn day(seconds: i64) -> String {
    Timestamp::from_second(seconds).map_or_else(|_| seconds.to_string(), |time| time.to_string())
}

/// The places of the operations that stand when the last entry is in, each signed as it must be.
fn chain(entries: &[Entry]) -> Result<Vec<usize>, Refused> {
    // Each operation that stands, with the rank of the key that signed it.
    let mut standing: Vec<(usize, usize)> = Vec::new();
    for (index, entry) in entries.iter().enumerate() {
        if index > 0 && entry.created_at < entries[index - 1].created_at {
            return Err(malformed("its times run backwards"));
        }
        let before = match &entry.prev {
            None if index == 0 => {
                let rank = signer(entry, &entry.rotation)?;
                standing.push((0, rank));
                continue;
            }
            None => return Err(malformed("it begins twice")),
            Some(prev) => standing.iter().position(|(place, _)| entries[*place].cid == *prev),
        };
        let before = before.ok_or_else(|| malformed("an operation follows none that stands"))?;
        let rotation = &entries[standing[before].0].rotation;
        let Some(&(undone, rank)) = standing.get(before + 1) else {
            standing.push((index, signer(entry, rotation)?));
            continue;
        };
        // A recovery: only a key that stands before the one that signed, and only in time.
        let stronger = rotation.get(..rank).unwrap_or_default();
        let rank = signer(entry, stronger)?;
        if entry.created_at - entries[undone].created_at > RECOVERY {
            return Err(malformed("an operation was taken back after more than 72 hours"));
        }
        standing.truncate(before + 1);
        standing.push((index, rank));
    }
    Ok(standing.into_iter().map(|(index, _)| index).collect())
}

/// Which of the keys signed the operation.
fn signer(entry: &Entry, keys: &[String]) -> Result<usize, Refused> {
    keys.iter()
        .position(|text| {
            let key = Key::from_did(text);
            key.is_some_and(|key| key.check(&entry.unsigned, &entry.signature) == Fit::Fits)
        })
        .ok_or_else(|| malformed("an operation is not signed by a key that may change the account"))
}

struct Entry {
    did: String,
    cid: String,
    nullified: bool,
    /// In milliseconds since 1970.
    created_at: i64,
    prev: Option<String>,
    /// The keys that may sign the next operation, the strongest first.
    rotation: Vec<String>,
    /// The key that signs the account's repository, if it has one that is known here.
    key: Option<Key>,
    closes: bool,
    signed: Vec<u8>,
    unsigned: Vec<u8>,
    signature: Vec<u8>,
}

impl Entry {
    fn parse(value: &Value) -> Result<Self, Refused> {
        let word = |name: &str| {
            let text = value.get(name).and_then(Value::as_str).map(str::to_owned);
            text.ok_or_else(|| malformed(&format!("an entry has no `{name}`")))
        };
        let nullified = value.get("nullified").and_then(Value::as_bool);
        let nullified = nullified.ok_or_else(|| malformed("an entry has no `nullified`"))?;
        let time: Timestamp =
            word("createdAt")?.parse().map_err(|_| malformed("`createdAt` is no time"))?;
        let operation = value.get("operation").unwrap_or(&Value::Null);
        let operation = data::from_json(operation).map_err(|why| malformed(&why))?;
        let signed = data::encode(&operation).map_err(|why| malformed(&why))?;
        let cid = data::address(&signed).to_string();
        if word("cid")? != cid {
            return Err(malformed("an operation does not have the CID that it is named by"));
        }
        let Ipld::Map(mut members) = operation else {
            return Err(malformed("an operation is no object"));
        };
        let signature = match members.remove("sig") {
            Some(Ipld::String(text)) => Base64UrlUnpadded::decode_vec(&text).ok(),
            _ => None,
        };
        let signature = signature.ok_or_else(|| malformed("`sig` is no base64url"))?;
        let prev = match members.get("prev") {
            Some(Ipld::Null) => None,
            Some(Ipld::String(prev)) => Some(prev.clone()),
            _ => return Err(malformed("an operation has no `prev`")),
        };
        let (rotation, key, closes) =
            keys(&members).ok_or_else(|| malformed("unknown operation"))?;
        let unsigned = data::encode(&Ipld::Map(members)).map_err(|why| malformed(&why))?;
        Ok(Self {
            did: word("did")?,
            cid,
            nullified,
            created_at: time.as_millisecond(),
            prev,
            rotation,
            key,
            closes,
            signed,
            unsigned,
            signature,
        })
    }
}

/// What an operation says of keys: those that may change the account, the one that signs its
/// repository, and whether it closes the account.
fn keys(members: &BTreeMap<String, Ipld>) -> Option<(Vec<String>, Option<Key>, bool)> {
    let text = |value: Option<&Ipld>| match value {
        Some(Ipld::String(text)) => Some(text.clone()),
        _ => None,
    };
    match text(members.get("type"))?.as_str() {
        "plc_operation" => {
            let Some(Ipld::List(rotation)) = members.get("rotationKeys") else { return None };
            let Some(Ipld::Map(methods)) = members.get("verificationMethods") else { return None };
            let rotation = rotation.iter().map(|key| text(Some(key))).collect::<Option<_>>()?;
            let key = text(methods.get("atproto")).and_then(|text| Key::from_did(&text));
            Some((rotation, key, false))
        }
        // The first form, of 2022: the recovery key is the stronger.
        "create" => {
            let signing = text(members.get("signingKey"))?;
            let recovery = text(members.get("recoveryKey"))?;
            let key = Key::from_did(&signing);
            Some((vec![recovery, signing], key, false))
        }
        "plc_tombstone" => Some((Vec::new(), None, true)),
        _ => None,
    }
}

/// The DID that a first operation has: the first 24 letters of its hash in base 32.
fn did_of(signed: &[u8]) -> String {
    let letters = multibase::encode(Base::Base32Lower, Hash::of(signed).as_bytes());
    format!("did:plc:{}", letters.get(1..25).unwrap_or_default())
}

fn malformed(why: &str) -> Refused {
    Refused::new(State::Malformed, format!("no sound did:plc log: {why}"))
}

#[cfg(test)]
mod tests {
    use super::read;
    use crate::evidence::signature::atproto::account::Account;
    use crate::evidence::signature::atproto::data::json;
    use crate::evidence::signature::checked::State;
    use serde_json::Value;

    fn log(name: &str) -> Vec<Value> {
        let path = format!("tests/cases/atproto/plc/{name}.json");
        match json(std::fs::read_to_string(path).unwrap().as_bytes()).unwrap() {
            Value::Array(list) => list,
            other => panic!("{other}"),
        }
    }

    fn account(name: &str, at: Option<i64>) -> Account {
        read(&log(name), at).unwrap_or_else(|refused| panic!("{name}: {}", refused.fact))
    }

    #[test]
    fn real_logs_and_the_directory_s_own_examples_are_read() {
        // The account of Bluesky itself.
        let bluesky = account("log_bskyapp", None);
        assert_eq!(bluesky.did, "did:plc:z72i7hdynmk6r22z27h6tvur");
        assert_eq!(bluesky.terms.len(), 1);
        assert_eq!((bluesky.terms[0].from, bluesky.terms[0].until), (Some(1_681_275_237), None));
        assert!(bluesky.closed.is_none());

        assert!(account("log_tombstone", None).closed.is_some());
        account("log_nullification", None);
        assert_eq!(account("legacy", None).terms.len(), 1);
    }

    #[test]
    fn the_directory_s_own_bad_example_is_refused() {
        let refused = read(&log("log_invalid_sig_k256_high_s"), None).unwrap_err();
        assert_eq!(refused.state, State::Malformed);
        assert!(refused.fact.contains("not signed"), "{}", refused.fact);
    }

    #[test]
    fn before_its_first_entry_a_log_says_nothing() {
        let refused = read(&log("log_bskyapp"), Some(1_600_000_000)).unwrap_err();
        assert_eq!(refused.state, State::Missing);
    }

    #[test]
    fn a_log_with_anything_changed_is_refused() {
        type Change = fn(&mut Vec<Value>);
        let changes: [(&str, Change); 9] = [
            ("another account", |log| log[0]["did"] = "did:plc:hdhoaan3xa3jiuq4fg4mefid".into()),
            ("a hidden beginning", |log| drop(log.remove(0))),
            ("the other order", |log| log.reverse()),
            ("an entry twice", |log| log.push(log[1].clone())),
            ("another name", |log| log[1]["operation"]["alsoKnownAs"][0] = "at://x.y".into()),
            ("another key", |log| {
                log[0]["operation"]["verificationMethods"]["atproto"] =
                    "did:key:zQ3shpq1g134o7HGDb86CtQFxnHqzx5pZWknrVX2Waum3fF6j".into();
            }),
            ("an operation said to be nullified", |log| log[1]["nullified"] = true.into()),
            ("a time that runs backwards", |log| {
                log[1]["createdAt"] = "2023-04-11T17:26:46.468Z".into();
            }),
            ("nothing", Vec::clear),
        ];
        for (what, change) in changes {
            let mut log = log("log_bskyapp");
            change(&mut log);
            let refused = read(&log, None).map(|_| ()).unwrap_err();
            assert_eq!(refused.state, State::Malformed, "{what}: {}", refused.fact);
        }
        let mut taken_back = log("log_nullification");
        taken_back[2]["createdAt"] = "1970-01-04T00:00:02.000Z".into();
        assert!(read(&taken_back, None).unwrap_err().fact.contains("72 hours"));
    }
}
