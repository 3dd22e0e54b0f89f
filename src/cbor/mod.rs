//! Deterministic CBOR (RFC 8949 section 4.2.1), narrowed to what records need.
//!
//! One value has one spelling: shortest heads, definite lengths, map keys sorted and unique, all
//! keys of a map of one type, no floats, no null, no tag but the ones asked for. Reading refuses
//! every other spelling and never normalises: the raw bytes are walked first, because ciborium
//! accepts (and would hide) unsorted and duplicate keys; then the decoded value is encoded again
//! and must give the same bytes, which guards the encoder too.
//!
//! That thorough way goes through ciborium and decides. A lean way beside it (`read`, `write`)
//! takes what records are made of in one pass, several times faster, and also encodes again and
//! compares. What it refuses goes the thorough way, which names the fault: so each answer is the
//! thorough one, and only what the lean way accepts must be shown to be the same.
//!
//! Two narrow openings, for envelopes alone: a payload that is kept elsewhere is null
//! ([`encode_envelope`]), and other people's headers may have their keys in any order
//! ([`Order::Any`]).

pub(crate) mod walk;
pub(crate) mod value;
pub(crate) mod read;
pub(crate) mod write;

use ciborium::Value;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::cbor::value::{sorted, written};
use crate::cbor::walk::Walker;

/// How deep values may nest. A record needs 8; 16 keeps the walk within any thread's stack.
pub const MAX_DEPTH: usize = 16;

/// Why bytes are not one deterministic CBOR value, or not the value expected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Another spelling of some value, or no CBOR at all.
    #[error("not deterministic CBOR: {what} at byte {at}")]
    Malformed {
        /// What was found.
        what: &'static str,
        /// The offset of the offending item, in bytes.
        at: usize,
    },
    /// Good CBOR of another shape.
    #[error("unexpected content: {0}")]
    Shape(String),
    /// The decoded value spells differently: a field was ignored or rewritten.
    #[error("unexpected content: encoding it again gives other bytes")]
    Respelled,
    /// A value that has no deterministic spelling here.
    #[error("cannot be written as deterministic CBOR: {0}")]
    Unwritable(&'static str),
}

/// The lean way does not take it, for whatever reason; the thorough way decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not taken the lean way")]
pub(crate) struct Refused;

impl serde::de::Error for Refused {
    fn custom<T: std::fmt::Display>(_: T) -> Self {
        Self
    }
}

impl serde::ser::Error for Refused {
    fn custom<T: std::fmt::Display>(_: T) -> Self {
        Self
    }
}

/// In which order the keys of maps may stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Sorted, as all that we write.
    Sorted,
    /// Any, each key once and of any type: COSE demands no order of those who write it.
    Any,
}

/// Encodes a value deterministically.
///
/// # Errors
/// [`Error::Unwritable`] for floats, null, nested tags, mixed or duplicate map keys.
pub fn encode<T: Serialize>(value: &T) -> Result<Vec<u8>, Error> {
    write::lean(value).or_else(|Refused| encode_thoroughly(value))
}

pub(crate) fn encode_thoroughly<T: Serialize>(value: &T) -> Result<Vec<u8>, Error> {
    let value = Value::serialized(value).map_err(|e| Error::Shape(e.to_string()))?;
    encode_value(value)
}

/// Encodes an already built value deterministically, sorting the keys of its maps.
pub fn encode_value(value: Value) -> Result<Vec<u8>, Error> {
    written(&sorted(value)?)
}

/// Encodes a tagged array deterministically. An item of it may be null, which stands for a
/// payload that is kept elsewhere (RFC 9052 section 4.1).
pub fn encode_envelope(tag: u64, items: Vec<Value>) -> Result<Vec<u8>, Error> {
    let item = |item| if item == Value::Null { Ok(item) } else { sorted(item) };
    let items = items.into_iter().map(item).collect::<Result<_, _>>()?;
    written(&Value::Tag(tag, Box::new(Value::Array(items))))
}

/// Decodes exactly one value, refusing every spelling but the deterministic one.
pub fn decode<T: Serialize + DeserializeOwned>(bytes: &[u8]) -> Result<T, Error> {
    decode_lean(bytes).or_else(|Refused| decode_thoroughly(bytes))
}

/// Decodes what [`encode`] gave a moment ago. That the value has just these bytes is not looked at
/// again: it is for the caller to compare it with the one that was encoded.
pub(crate) fn decode_own<T: Serialize + DeserializeOwned>(bytes: &[u8]) -> Result<T, Error> {
    read::lean(bytes).or_else(|Refused| decode_thoroughly(bytes))
}

pub(crate) fn decode_lean<T: Serialize + DeserializeOwned>(bytes: &[u8]) -> Result<T, Refused> {
    let value: T = read::lean(bytes)?;
    if write::lean(&value)? == bytes { Ok(value) } else { Err(Refused) }
}

pub(crate) fn decode_thoroughly<T: Serialize + DeserializeOwned>(bytes: &[u8]) -> Result<T, Error> {
    walk(bytes, None)?;
    let value: T = value::read(bytes)?;
    if encode_thoroughly(&value)? == bytes { Ok(value) } else { Err(Error::Respelled) }
}

/// Decodes to a plain value; `tag` is the one tag allowed, on the outermost item only.
pub fn decode_value(bytes: &[u8], tag: Option<u64>) -> Result<Value, Error> {
    walk(bytes, tag)?;
    value::read(bytes)
}

/// Decodes a plain value whose maps stand in this order; everything else is as strict as ever.
pub fn decode_ordered(bytes: &[u8], order: Order) -> Result<Value, Error> {
    Walker::new(bytes, order).whole(None)?;
    value::read(bytes)
}

/// Decodes what [`encode_envelope`] writes: the items of a tagged array, any of which may be null.
pub fn decode_envelope(bytes: &[u8], tag: u64, order: Order) -> Result<Vec<Value>, Error> {
    Walker::new(bytes, order).with_nulls().whole(Some(tag))?;
    match value::read(bytes)? {
        Value::Tag(_, inner) => inner.into_array().ok(),
        _ => None,
    }
    .ok_or_else(|| Error::Shape("not an array".to_owned()))
}

/// How many bytes the value at the beginning of `bytes` takes, in whatever spelling; `None` if
/// there is no whole value.
pub fn length_of_first(bytes: &[u8]) -> Option<usize> {
    let mut rest = bytes;
    let read: Result<Value, _> =
        ciborium::de::from_reader_with_recursion_limit(&mut rest, MAX_DEPTH);
    read.is_ok().then_some(bytes.len() - rest.len())
}

/// Checks that `bytes` are exactly one deterministic value, without building it.
///
/// `tag` is the one tag allowed, required on the outermost item when given.
pub fn walk(bytes: &[u8], tag: Option<u64>) -> Result<(), Error> {
    Walker::new(bytes, Order::Sorted).whole(tag)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use ciborium::Value;

    use super::{
        MAX_DEPTH, Order, decode, decode_envelope, decode_ordered, encode, encode_envelope,
        encode_value, walk,
    };
    use crate::hash::Hash;

    fn hex(text: &str) -> Vec<u8> {
        let digits: Vec<char> = text.chars().filter(|c| !c.is_whitespace()).collect();
        digits
            .chunks(2)
            .map(|pair| u8::from_str_radix(&pair.iter().collect::<String>(), 16).unwrap())
            .collect()
    }

    #[test]
    fn one_value_has_one_spelling() {
        let good = ["00", "17", "1818", "19 0100", "1a 00010000", "1b 0000000100000000", "20"];
        let more = ["f4", "f5", "40", "60", "62 c3a9", "80", "a0", "a2 01 00 02 00", "a1 20 00"];
        for text in good.iter().chain(&more) {
            assert_eq!(walk(&hex(text), None), Ok(()), "{text}");
        }
        let bad = [
            ("", "nothing"),
            ("1817", "23 in two bytes"),
            ("19 00ff", "255 in three bytes"),
            ("1a 0000ffff", "65535 in five"),
            ("1b 00000000ffffffff", "2^32-1 in nine"),
            ("9f ff", "an indefinite array"),
            ("5f ff", "indefinite bytes"),
            ("1c", "a reserved length"),
            ("f6", "null"),
            ("f7", "undefined"),
            ("f8 14", "false in two bytes"),
            ("f8 ff", "simple(255)"),
            ("f9 3e00", "a half float"),
            ("fb 3ff8000000000000", "a double"),
            ("c2 41 01", "a bignum"),
            ("d2 00", "a tag"),
            ("61 ff", "bad UTF-8"),
            ("a2 02 00 01 00", "unsorted keys"),
            ("a2 01 00 01 00", "a key twice"),
            ("a2 01 00 61 61 00", "keys of two types"),
            ("82 00", "a cut-off array"),
            ("5b ffffffffffffffff", "a huge length"),
            ("bb ffffffffffffffff", "a huge map"),
            ("00 00", "two values"),
        ];
        for (text, why) in bad {
            assert!(walk(&hex(text), None).is_err(), "{why}");
        }
    }

    #[test]
    fn only_the_outermost_item_may_carry_the_tag_asked_for() {
        assert_eq!(walk(&hex("d2 80"), Some(18)), Ok(()));
        for bad in ["80", "d1 80", "d2 d2 80", "d8 12 80", "d2 81 d2 80"] {
            assert!(walk(&hex(bad), Some(18)).is_err(), "{bad}");
        }
    }

    #[test]
    fn null_stands_for_an_item_of_an_envelope_and_nowhere_else() {
        let items = vec![Value::Null, Value::from(1)];
        let bytes = encode_envelope(18, items.clone()).unwrap();
        assert_eq!(bytes, hex("d2 82 f6 01"));
        assert_eq!(decode_envelope(&bytes, 18, Order::Sorted), Ok(items));
        assert!(walk(&bytes, Some(18)).is_err());
        assert!(encode_envelope(18, vec![Value::Array(vec![Value::Null])]).is_err());
        for bad in ["82 f6 01", "d2 81 81 f6", "d2 f6", "d2 82 f7 01", "d2 81 a1 01 f6", "d2 00"] {
            assert!(decode_envelope(&hex(bad), 18, Order::Any).is_err(), "{bad}");
        }
    }

    #[test]
    fn other_peoples_maps_may_be_in_any_order_and_nothing_else() {
        for good in ["a2 02 00 01 00", "a2 61 61 00 01 00", "a1 01 a2 02 00 01 00"] {
            assert!(walk(&hex(good), None).is_err(), "{good}");
            assert!(decode_ordered(&hex(good), Order::Any).is_ok(), "{good}");
        }
        for bad in ["a2 01 00 01 00", "a2 01 00 02", "bf ff", "1817", "f6", "d2 00", "00 00"] {
            assert!(decode_ordered(&hex(bad), Order::Any).is_err(), "{bad}");
        }
    }

    #[test]
    fn nesting_is_bounded() {
        let nested = |depth| [vec![0x81; depth], vec![0x00]].concat();
        assert_eq!(walk(&nested(MAX_DEPTH - 1), None), Ok(()));
        assert!(walk(&nested(MAX_DEPTH), None).is_err());
        assert!(walk(&nested(1_000_000), None).is_err());
    }

    #[test]
    fn writing_sorts_keys_and_refuses_what_has_no_spelling() {
        let map = Value::Map(vec![
            (Value::from("bb"), Value::from(1)),
            (Value::from("a"), Value::from(2)),
            (Value::from("c"), Value::from(3)),
        ]);
        assert_eq!(encode_value(map).unwrap(), hex("a3 61 61 02 61 63 03 62 62 62 01"));
        let twice = vec![(Value::from(1), Value::from(1)), (Value::from(1), Value::from(2))];
        assert!(encode_value(Value::Map(twice)).is_err());
        let mixed = vec![(Value::from(1), Value::from(1)), (Value::from("a"), Value::from(2))];
        assert!(encode_value(Value::Map(mixed)).is_err());
        assert!(encode(&1.5_f64).is_err());
        assert!(encode(&None::<u8>).is_err());
    }

    #[test]
    fn every_spelling_of_three_bytes_either_fails_or_comes_back_the_same() {
        // The walker and the encoder guard one another; later bytes are thinned out for speed.
        for first in 0..=255_u8 {
            for second in (0..=255_u8).step_by(5) {
                for third in (0..=255_u8).step_by(17) {
                    let bytes = [first, second, third];
                    for length in 1..=3 {
                        let Ok(()) = walk(&bytes[..length], None) else { continue };
                        let value: Value = ciborium::from_reader(&bytes[..length]).unwrap();
                        assert_eq!(encode_value(value).unwrap(), &bytes[..length]);
                    }
                }
            }
        }
    }

    #[test]
    fn a_typed_value_comes_back_and_other_shapes_are_refused() {
        let value: BTreeMap<String, Hash> = [("a".to_owned(), Hash::of(b"x"))].into();
        let bytes = encode(&value).unwrap();
        assert_eq!(decode::<BTreeMap<String, Hash>>(&bytes), Ok(value));
        assert!(decode::<BTreeMap<String, u64>>(&bytes).is_err());
        // 32 numbers in an array are not a byte string.
        let numbers = encode(&vec![1_u8; 32]).unwrap();
        assert!(decode::<Hash>(&numbers).is_err());
    }
}
