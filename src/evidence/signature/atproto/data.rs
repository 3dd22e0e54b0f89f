//! The AT Protocol's data model in its two forms, DAG-CBOR and JSON (atproto.com/specs/data-model).
//!
//! Each value has one form in DAG-CBOR, and is named by the SHA-256 of those bytes, its CID. What
//! the values mean is left to others.

use std::collections::BTreeMap;

use base64ct::{Base64Unpadded, Encoding};
use ipld_core::cid::Cid;
use ipld_core::cid::multihash::Multihash;
use ipld_core::ipld::Ipld;
use serde_json::{Map, Number, Value};

use crate::hash::Hash;
use crate::json::Strict;

/// How deep values may lie within one another: a post's parts lie about ten deep, and a reader
/// that follows each level must not run out of stack.
pub const DEPTH: usize = 64;

/// The codec of DAG-CBOR and the code of SHA-256 in a CID (multicodec table).
const DAG_CBOR: u64 = 0x71;
const SHA2_256: u64 = 0x12;

/// The first bytes of every CID of a repository's block: version 1, DAG-CBOR, SHA-256, 32 bytes.
pub const CID_PREFIX: [u8; 4] = [0x01, 0x71, 0x12, 0x20];

/// The largest whole number that JSON readers of all sorts agree on, 2^53 − 1.
const LARGEST: f64 = 9_007_199_254_740_991.0;

/// The CID of a block.
pub fn address(block: &[u8]) -> Cid {
    let digest = Hash::of(block);
    let hash = Multihash::wrap(SHA2_256, digest.as_bytes()).expect("32 bytes fit");
    Cid::new_v1(DAG_CBOR, hash)
}

/// Reads one value in DAG-CBOR: the one form it has, no floats, nothing behind it.
///
/// Shape, depth and lengths are looked at before anything is built.
pub fn decode(block: &[u8]) -> Result<Ipld, String> {
    walk(block)?;
    let value: Ipld =
        serde_ipld_dagcbor::from_slice(block).map_err(|error| format!("no DAG-CBOR: {error}"))?;
    if encode(&value)? != block {
        return Err("not in the one form that DAG-CBOR has".to_owned());
    }
    Ok(value)
}

/// Writes a value in DAG-CBOR.
pub fn encode(value: &Ipld) -> Result<Vec<u8>, String> {
    serde_ipld_dagcbor::to_vec(value).map_err(|error| format!("no DAG-CBOR: {error}"))
}

/// Steps over every head of a CBOR value (RFC 8949 section 3) without building anything.
fn walk(block: &[u8]) -> Result<(), String> {
    let mut rest = block;
    // How many values are still to come at each level.
    let mut open: Vec<u64> = vec![1];
    while let Some(left) = open.last_mut() {
        if *left == 0 {
            open.pop();
            continue;
        }
        *left -= 1;
        let (&head, behind) = rest.split_first().ok_or("the block ends within a value")?;
        let (major, information) = (head >> 5, head & 0x1f);
        let size = match information {
            0..=23 => 0,
            24..=27 => 1_usize << (information - 24),
            _ => return Err("a length without an end, which DAG-CBOR does not know".to_owned()),
        };
        let (number, behind) = behind.split_at_checked(size).ok_or("the block ends in a number")?;
        let number = match size {
            0 => u64::from(information),
            _ => number.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)),
        };
        rest = behind;
        let more = match (major, head) {
            (0 | 1, _) | (7, 0xf4..=0xf6) => continue,
            (2 | 3, _) => {
                let length = usize::try_from(number).unwrap_or(usize::MAX);
                rest = rest.get(length..).ok_or("the block ends within a string")?;
                continue;
            }
            (4, _) => number,
            (5, _) => number.saturating_mul(2),
            (6, _) if number == 42 => 1,
            (6, _) => return Err(format!("tag {number}, and DAG-CBOR knows only links")),
            _ => return Err("a float or unknown value, which the AT Protocol forbids".to_owned()),
        };
        // Every value takes a byte.
        if usize::try_from(more).map_or(true, |more| more > rest.len()) {
            return Err("the block ends within a list".to_owned());
        }
        open.push(more);
        if open.len() > DEPTH {
            return Err(format!("values lie more than {DEPTH} deep within one another"));
        }
    }
    if rest.is_empty() { Ok(()) } else { Err(format!("{} bytes behind the value", rest.len())) }
}

/// Reads JSON, and refuses a member that stands twice: readers differ in which they believe.
pub fn json(text: &[u8]) -> Result<Value, String> {
    serde_json::from_slice::<Strict>(text)
        .map(|strict| strict.0)
        .map_err(|error| format!("no sound JSON: {error}"))
}

/// The value that JSON stands for, with `$link` and `$bytes` resolved.
pub fn from_json(value: &Value) -> Result<Ipld, String> {
    match value {
        Value::Null => Ok(Ipld::Null),
        Value::Bool(truth) => Ok(Ipld::Bool(*truth)),
        Value::Number(number) => whole(number).map(Ipld::Integer),
        Value::String(text) => Ok(Ipld::String(text.clone())),
        Value::Array(list) => list.iter().map(from_json).collect::<Result<_, _>>().map(Ipld::List),
        Value::Object(members) => from_members(members),
    }
}

fn from_members(members: &Map<String, Value>) -> Result<Ipld, String> {
    let alone = |name: &str| match members.get(name) {
        Some(Value::String(text)) if members.len() == 1 => Ok(Some(text)),
        Some(_) => Err(format!("`{name}` is not alone, or no text")),
        None => Ok(None),
    };
    if let Some(text) = alone("$link")? {
        return link(text).map(Ipld::Link).ok_or_else(|| format!("`{text}` is no CID"));
    }
    if let Some(text) = alone("$bytes")? {
        let bare = text.strip_suffix("==").or(text.strip_suffix('=')).unwrap_or(text);
        let bytes = Base64Unpadded::decode_vec(bare);
        return bytes.map(Ipld::Bytes).map_err(|_| "`$bytes` is no base64".to_owned());
    }
    let mut map = BTreeMap::new();
    for (name, value) in members {
        map.insert(name.clone(), from_json(value)?);
    }
    match map.get("$type") {
        None => {}
        Some(Ipld::String(kind)) if kind == "blob" => {
            let sound = matches!(map.get("ref"), Some(Ipld::Link(_)))
                && matches!(map.get("mimeType"), Some(Ipld::String(_)))
                && matches!(map.get("size"), Some(Ipld::Integer(_)));
            sound.then_some(()).ok_or("a blob without `ref`, `mimeType` or `size`")?;
        }
        Some(Ipld::String(kind)) if !kind.is_empty() => {}
        Some(_) => return Err("`$type` is no name".to_owned()),
    }
    Ok(Ipld::Map(map))
}

/// A CID in its one spelling, base 32 in lower case.
pub fn link(text: &str) -> Option<Cid> {
    // The longest CIDs in use are about 60 letters.
    let cid = Cid::try_from(text).ok().filter(|_| text.len() <= 100)?;
    (cid.to_string() == text && text.starts_with('b')).then_some(cid)
}

/// A whole number; `123.0` is one too, because a JSON writer may not tell it from `123`.
fn whole(number: &Number) -> Result<i128, String> {
    if let Some(whole) = number.as_i64() {
        return Ok(i128::from(whole));
    }
    match number.as_f64() {
        #[allow(clippy::cast_possible_truncation, reason = "whole and within 2^53")]
        Some(float) if float.fract() == 0.0 && float.abs() <= LARGEST => Ok(float as i128),
        _ => Err(format!("{number} is no whole number, and the AT Protocol knows no other")),
    }
}

#[cfg(test)]
mod tests {
    use super::{address, decode, encode, from_json, json};
    use base64ct::{Base64Unpadded, Encoding};
    use serde_json::Value;

    fn fixtures(name: &str) -> Vec<Value> {
        let path = format!("tests/cases/atproto/{name}");
        match json(std::fs::read_to_string(path).unwrap().as_bytes()).unwrap() {
            Value::Array(list) => list,
            other => panic!("{other}"),
        }
    }

    #[test]
    fn the_protocol_s_own_examples_have_their_bytes_and_their_cid() {
        let all = fixtures("data-model-fixtures.json");
        assert_eq!(all.len(), 3);
        for fixture in all {
            let value = from_json(&fixture["json"]).unwrap();
            let bytes = encode(&value).unwrap();
            let theirs = Base64Unpadded::decode_vec(fixture["cbor_base64"].as_str().unwrap());
            assert_eq!(bytes, theirs.unwrap());
            assert_eq!(address(&bytes).to_string(), fixture["cid"].as_str().unwrap());
            assert_eq!(decode(&bytes).unwrap(), value);
        }
    }

    #[test]
    fn the_protocol_s_own_examples_are_judged_as_it_says() {
        for fixture in fixtures("data-model-valid.json") {
            assert!(from_json(&fixture["json"]).is_ok(), "{}", fixture["note"]);
        }
        let mut refused = 0;
        for fixture in fixtures("data-model-invalid.json") {
            // That a record is an object is looked at where a record is expected.
            let sound = from_json(&fixture["json"]).is_ok();
            assert_eq!(sound, fixture["note"] == "top-level not an object", "{}", fixture["note"]);
            refused += usize::from(!sound);
        }
        assert_eq!(refused, 11);
    }

    #[test]
    fn only_the_one_form_of_dag_cbor_is_read() {
        let check = |bytes: &[u8]| decode(bytes).is_ok();
        assert!(check(&[0xa2, 0x61, b'a', 0x01, 0x61, b'b', 0xf6]));
        for (bytes, why) in [
            (&[0xa2, 0x61, b'b', 0x01, 0x61, b'a', 0xf6][..], "keys out of order"),
            (&[0xa2, 0x61, b'a', 0x01, 0x61, b'a', 0xf6], "a key twice"),
            (&[0xa1, 0x01, 0x01], "a key that is no text"),
            (&[0x18, 0x01], "a number longer than needed"),
            (&[0x58, 0x01, 0x00], "a length longer than needed"),
            (&[0x9f, 0x01, 0xff], "a list without a length"),
            (&[0xf9, 0x00, 0x00], "half a float"),
            (&[0xfb, 0x3f, 0xf0, 0, 0, 0, 0, 0, 0], "a float"),
            (&[0xf7], "undefined"),
            (&[0xc1, 0x01], "a tag that is no link"),
            (&[0xd8, 0x2a, 0x41, 0x00], "a link to nothing"),
            (&[0x61, 0xff], "text that is no UTF-8"),
            (&[0x01, 0x01], "two values"),
            (&[0x82, 0x01], "a list that ends early"),
            (&[0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], "a list without bound"),
            (&[0xbb, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], "a map without bound"),
            (&[0x5b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], "bytes without bound"),
            (&[], "nothing"),
        ] {
            assert!(!check(bytes), "{why}");
        }
    }

    #[test]
    fn depth_is_bounded_before_anything_is_built() {
        let nested = |depth: usize| [vec![0x81; depth], vec![0x01]].concat();
        assert!(decode(&nested(60)).is_ok());
        assert!(decode(&nested(1_000_000)).unwrap_err().contains("deep"));
        assert!(json("[".repeat(1_000_000).as_bytes()).is_err());
    }

    #[test]
    fn a_member_that_stands_twice_is_refused_at_any_depth() {
        assert!(json(b"{\"a\":{\"b\":1,\"c\":2}}").is_ok());
        assert!(json(b"{\"a\":[{\"b\":1,\"b\":1}]}").unwrap_err().contains("twice"));
    }
}
