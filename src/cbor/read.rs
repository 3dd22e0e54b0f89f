//! The lean way to read: one pass over the bytes, as strict as the walk, straight into a value.
//!
//! It knows what records are made of: whole numbers of 64 bits, texts, bytes, booleans, arrays,
//! maps, structs, and enums as ciborium writes them. Everything else, good or bad, is [`Refused`]
//! without a reason, and the caller turns to the thorough way, which names the fault or takes the
//! value after all. A refusal here costs time and decides nothing; what is accepted here must be
//! accepted there, as the same value.

use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, EnumAccess, MapAccess, SeqAccess, VariantAccess,
    Visitor,
};
use serde::forward_to_deserialize_any;

use crate::cbor::walk::key_type;
use crate::cbor::{MAX_DEPTH, Refused};

/// The longest text or bytes that ciborium hands out without a copy, in bytes: beyond it, a value
/// that asks for borrowed ones gets none, and the thorough way decides.
const BORROWED: usize = 4096;

/// Reads exactly one value.
pub(crate) fn lean<'de, T: Deserialize<'de>>(bytes: &'de [u8]) -> Result<T, Refused> {
    let mut reader = Reader::new(bytes);
    let value = T::deserialize(&mut reader)?;
    reader.end()?;
    Ok(value)
}

/// Bytes of which the items are taken one by one, each in its one spelling.
pub(crate) struct Reader<'de> {
    rest: &'de [u8],
    /// How many arrays and maps the next item stands in.
    depth: usize,
}

impl<'de> Reader<'de> {
    /// A reader at the beginning of `bytes`.
    pub(crate) fn new(bytes: &'de [u8]) -> Self {
        Self { rest: bytes, depth: 0 }
    }

    /// Nothing may be left.
    pub(crate) fn end(&self) -> Result<(), Refused> {
        if self.rest.is_empty() { Ok(()) } else { Err(Refused) }
    }

    /// How many bytes are left.
    pub(crate) fn left(&self) -> usize {
        self.rest.len()
    }

    /// Takes one head (RFC 8949 section 3), in its shortest form: the major type and the argument.
    fn head(&mut self) -> Result<(u8, u64), Refused> {
        let (initial, rest) = self.rest.split_first().ok_or(Refused)?;
        if self.depth >= MAX_DEPTH {
            return Err(Refused);
        }
        self.rest = rest;
        match initial & 0x1f {
            info @ 0..=23 => Ok((initial >> 5, u64::from(info))),
            info => Ok((initial >> 5, self.long_argument(initial >> 5, info)?)),
        }
    }

    fn long_argument(&mut self, major: u8, info: u8) -> Result<u64, Refused> {
        // A float, a simple value of two bytes, or an indefinite or reserved length.
        if major == 7 || info > 27 {
            return Err(Refused);
        }
        let (argument, shorter) = match info {
            24 => (u64::from(self.chunk::<1>()?[0]), 23),
            25 => (u64::from(u16::from_be_bytes(self.chunk()?)), u64::from(u8::MAX)),
            26 => (u64::from(u32::from_be_bytes(self.chunk()?)), u64::from(u16::MAX)),
            _ => (u64::from_be_bytes(self.chunk()?), u64::from(u32::MAX)),
        };
        if argument <= shorter { Err(Refused) } else { Ok(argument) }
    }

    fn chunk<const WIDTH: usize>(&mut self) -> Result<[u8; WIDTH], Refused> {
        let (chunk, rest) = self.rest.split_first_chunk().ok_or(Refused)?;
        self.rest = rest;
        Ok(*chunk)
    }

    /// Takes a head that must be this one.
    pub(crate) fn expect(&mut self, major: u8, argument: u64) -> Result<(), Refused> {
        if self.head()? == (major, argument) { Ok(()) } else { Err(Refused) }
    }

    /// Takes a head of this major type.
    fn argument(&mut self, major: u8) -> Result<u64, Refused> {
        match self.head()? {
            (found, argument) if found == major => Ok(argument),
            _ => Err(Refused),
        }
    }

    fn string(&mut self, major: u8) -> Result<&'de [u8], Refused> {
        let length = usize::try_from(self.argument(major)?).map_err(|_| Refused)?;
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(Refused)?;
        self.rest = rest;
        Ok(taken)
    }

    /// Takes a byte string.
    pub(crate) fn bytes(&mut self) -> Result<&'de [u8], Refused> {
        self.string(2)
    }

    /// Takes a text.
    pub(crate) fn text(&mut self) -> Result<&'de str, Refused> {
        std::str::from_utf8(self.string(3)?).map_err(|_| Refused)
    }

    fn unsigned(&mut self) -> Result<u64, Refused> {
        self.argument(0)
    }

    /// Takes a whole number, from -2^63 to 2^63 - 1.
    pub(crate) fn signed(&mut self) -> Result<i64, Refused> {
        let (major, argument) = self.head()?;
        let number = i64::try_from(argument).map_err(|_| Refused)?;
        match major {
            0 => Ok(number),
            // Argument n stands for -1 - n.
            1 => Ok(!number),
            _ => Err(Refused),
        }
    }

    /// Takes a whole number that must be this one.
    pub(crate) fn expect_signed(&mut self, number: i64) -> Result<(), Refused> {
        if self.signed()? == number { Ok(()) } else { Err(Refused) }
    }

    /// The major type of the next item, which stays where it is.
    fn peek(&self) -> Option<u8> {
        self.rest.first().map(|initial| initial >> 5)
    }

    fn seq<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Refused> {
        let left = self.argument(4)?;
        self.depth += 1;
        let mut items = Items { reader: self, left };
        let value = visitor.visit_seq(&mut items)?;
        if items.left > 0 {
            return Err(Refused);
        }
        self.depth -= 1;
        Ok(value)
    }

    fn map<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Refused> {
        let left = self.argument(5)?;
        self.depth += 1;
        let mut entries = Entries { reader: self, left, previous: None };
        let value = visitor.visit_map(&mut entries)?;
        if entries.left > 0 {
            return Err(Refused);
        }
        self.depth -= 1;
        Ok(value)
    }
}

/// At most as many as there are bytes left: a head may promise what never comes.
fn promised(left: u64, reader: &Reader<'_>) -> usize {
    usize::try_from(left).unwrap_or(usize::MAX).min(reader.left())
}

impl<'de> Deserializer<'de> for &mut Reader<'de> {
    type Error = Refused;

    fn is_human_readable(&self) -> bool {
        false
    }

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Refused> {
        Err(Refused)
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        match self.head()? {
            (7, 20) => visitor.visit_bool(false),
            (7, 21) => visitor.visit_bool(true),
            _ => Err(Refused),
        }
    }

    fn deserialize_u8<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        visitor.visit_u64(self.unsigned()?)
    }

    fn deserialize_u16<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        visitor.visit_u64(self.unsigned()?)
    }

    fn deserialize_u32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        visitor.visit_u64(self.unsigned()?)
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        visitor.visit_u64(self.unsigned()?)
    }

    fn deserialize_i8<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        visitor.visit_i64(self.signed()?)
    }

    fn deserialize_i16<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        visitor.visit_i64(self.signed()?)
    }

    fn deserialize_i32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        visitor.visit_i64(self.signed()?)
    }

    fn deserialize_i64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        visitor.visit_i64(self.signed()?)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        match self.text()? {
            text if text.len() <= BORROWED => visitor.visit_borrowed_str(text),
            _ => Err(Refused),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        visitor.visit_borrowed_str(self.text()?)
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        match self.bytes()? {
            bytes if bytes.len() <= BORROWED => visitor.visit_borrowed_bytes(bytes),
            _ => Err(Refused),
        }
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        visitor.visit_borrowed_bytes(self.bytes()?)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        // Null is no spelling here; what is there is read, and null with it refused.
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Refused> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        self.seq(visitor)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Refused> {
        self.seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Refused> {
        self.seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        self.map(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refused> {
        self.map(visitor)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        // Names that are known are UTF-8, and all others are refused.
        match self.string(3)? {
            name if name.len() <= BORROWED => visitor.visit_borrowed_bytes(name),
            _ => Err(Refused),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refused> {
        if self.peek() == Some(3) {
            return visitor.visit_enum(Variant { reader: self, bare: true });
        }
        self.expect(5, 1)?;
        self.depth += 1;
        let value = visitor.visit_enum(Variant { reader: self, bare: false })?;
        self.depth -= 1;
        Ok(value)
    }

    forward_to_deserialize_any! {
        i128 u128 f32 f64 char unit unit_struct ignored_any
    }
}

/// The items of an array.
struct Items<'a, 'de> {
    reader: &'a mut Reader<'de>,
    left: u64,
}

impl<'de> SeqAccess<'de> for &mut Items<'_, 'de> {
    type Error = Refused;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Refused> {
        if self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        seed.deserialize(&mut *self.reader).map(Some)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(promised(self.left, self.reader))
    }
}

/// The entries of a map, whose keys must rise and be of one type.
struct Entries<'a, 'de> {
    reader: &'a mut Reader<'de>,
    left: u64,
    /// The spelling of the key before.
    previous: Option<&'de [u8]>,
}

impl<'de> MapAccess<'de> for &mut Entries<'_, 'de> {
    type Error = Refused;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Refused> {
        if self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        let before = self.reader.rest;
        let key = seed.deserialize(&mut *self.reader)?;
        let spelling = &before[..before.len() - self.reader.rest.len()];
        let of_type = |key: &[u8]| key.first().map(|initial| key_type(initial >> 5));
        if let Some(previous) = self.previous
            && (previous >= spelling || of_type(previous) != of_type(spelling))
        {
            return Err(Refused);
        }
        self.previous = Some(spelling);
        Ok(Some(key))
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Refused> {
        seed.deserialize(&mut *self.reader)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(promised(self.left, self.reader))
    }
}

/// A variant of an enum: its bare name, or a map from its name to what it holds.
struct Variant<'a, 'de> {
    reader: &'a mut Reader<'de>,
    bare: bool,
}

impl<'de> EnumAccess<'de> for Variant<'_, 'de> {
    type Error = Refused;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self), Refused> {
        let name = seed.deserialize(&mut *self.reader)?;
        Ok((name, self))
    }
}

impl<'de> VariantAccess<'de> for Variant<'_, 'de> {
    type Error = Refused;

    fn unit_variant(self) -> Result<(), Refused> {
        if self.bare { Ok(()) } else { Err(Refused) }
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, Refused> {
        if self.bare { Err(Refused) } else { seed.deserialize(self.reader) }
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, _: V) -> Result<V::Value, Refused> {
        Err(Refused)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refused> {
        if self.bare { Err(Refused) } else { self.reader.map(visitor) }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::fmt::Debug;

    use serde::de::DeserializeOwned;
    use serde::{Deserialize, Serialize};

    use crate::cbor::{MAX_DEPTH, Refused};
    use crate::cbor::{decode, decode_lean, decode_thoroughly, encode, encode_thoroughly};
    use crate::hash::Hash;

    type ByText = BTreeMap<String, u8>;
    type ByNumber = BTreeMap<i64, u8>;

    fn hex(text: &str) -> Vec<u8> {
        let digits: Vec<u8> = text.bytes().filter(|byte| *byte != b' ').collect();
        let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16);
        digits.chunks(2).map(|pair| byte(pair).unwrap()).collect()
    }

    /// Whether both ways take the bytes; they must agree, about the value as well.
    fn taken<T>(bytes: &[u8]) -> bool
    where
        T: Serialize + DeserializeOwned + PartialEq + Debug,
    {
        let lean: Result<T, Refused> = decode_lean(bytes);
        let thorough = decode_thoroughly(bytes);
        assert_eq!(lean.as_ref().ok(), thorough.as_ref().ok(), "{bytes:02x?}");
        assert_eq!(decode(bytes), thorough, "{bytes:02x?}");
        thorough.is_ok()
    }

    fn check<T>(bytes: &str, expected: bool)
    where
        T: Serialize + DeserializeOwned + PartialEq + Debug,
    {
        assert_eq!(taken::<T>(&hex(bytes)), expected, "{bytes}");
    }

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Sample {
        text: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        maybe: Option<i64>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        list: Vec<Shape>,
        flag: bool,
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        by_number: BTreeMap<i64, (u8, String)>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        hash: Option<Hash>,
    }

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Shape {
        Dot,
        Line(u64),
        Oblong { width: u16, height: u16 },
    }

    /// A struct that passes over what it does not know, which no record does.
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Lax {
        a: u8,
    }

    fn sample() -> Sample {
        Sample {
            text: "é".to_owned(),
            maybe: Some(-25),
            list: vec![Shape::Dot, Shape::Line(1 << 40), Shape::Oblong { width: 300, height: 2 }],
            flag: true,
            by_number: [(-1, (7, String::new())), (24, (255, "a".repeat(24)))].into(),
            hash: Some(Hash::of(b"x")),
        }
    }

    #[test]
    fn whole_numbers_have_the_same_bounds_both_ways() {
        let edges = [0, 23, 24, 255, 256, 65_535, 65_536, u64::from(u32::MAX), 1 << 32];
        let more = [i64::MAX.cast_unsigned(), 1 << 63, u64::MAX];
        for number in edges.into_iter().chain(more) {
            let bytes = encode(&number).unwrap();
            assert_eq!(encode_thoroughly(&number).as_ref(), Ok(&bytes));
            assert_eq!(decode::<u64>(&bytes), Ok(number));
            assert!(taken::<u64>(&bytes));
            assert_eq!(taken::<u8>(&bytes), u8::try_from(number).is_ok(), "{number}");
            assert_eq!(taken::<u16>(&bytes), u16::try_from(number).is_ok(), "{number}");
            assert_eq!(taken::<u32>(&bytes), u32::try_from(number).is_ok(), "{number}");
            assert_eq!(taken::<i64>(&bytes), i64::try_from(number).is_ok(), "{number}");
            // The same argument below zero: -1 - number.
            let bytes = [&[bytes[0] | 0x20], &bytes[1..]].concat();
            let below = i64::try_from(number).map(|number| -1 - number);
            assert_eq!(taken::<i64>(&bytes), below.is_ok(), "-1 - {number}");
            assert!(!taken::<u64>(&bytes));
            let Ok(below) = below else { continue };
            assert_eq!(encode(&below).as_ref(), Ok(&bytes));
            assert_eq!(encode_thoroughly(&below), Ok(bytes.clone()));
            assert_eq!(taken::<i8>(&bytes), i8::try_from(below).is_ok(), "{below}");
            assert_eq!(taken::<i32>(&bytes), i32::try_from(below).is_ok(), "{below}");
        }
    }

    #[test]
    fn every_other_spelling_is_refused_both_ways() {
        check::<u64>("17", true);
        for bad in ["1817", "19 00ff", "1a 0000ffff", "1b 00000000ffffffff", "1c", "1f", ""] {
            check::<u64>(bad, false);
        }
        for bad in ["c2 41 01", "d2 00", "00 00", "f6", "f7", "f9 3c00", "19 01"] {
            check::<u64>(bad, false);
        }
        check::<Vec<u64>>("82 01 02", true);
        for bad in ["9f 01 ff", "82 01", "81 01 02", "98 01 01", "9b ffffffffffffffff", "42 0102"] {
            check::<Vec<u64>>(bad, false);
        }
        check::<String>("62 c3a9", true);
        for bad in ["62 c328", "7f 61 61 ff", "61", "78 01 61", "41 61", "7b ffffffffffffffff"] {
            check::<String>(bad, false);
        }
        check::<bool>("f4", true);
        for bad in ["f8 14", "f8 15", "f6", "00", "f3", "e0"] {
            check::<bool>(bad, false);
        }
        check::<Option<u8>>("05", true);
        for bad in ["f6", "f7", "81 05"] {
            check::<Option<u8>>(bad, false);
        }
    }

    #[test]
    fn the_keys_of_maps_rise_and_are_of_one_type_both_ways() {
        check::<ByText>("a2 61 61 01 61 62 02", true);
        check::<ByText>("a2 61 62 02 62 61 61 01", true);
        for bad in ["a2 61 62 01 61 61 02", "a2 61 61 01 61 61 02", "a2 62 61 61 01 61 62 02"] {
            check::<ByText>(bad, false);
        }
        for bad in ["bf 61 61 01 ff", "a1 61 61", "a2 61 61 01", "a1 61 61 01 00", "a1 f6 01"] {
            check::<ByText>(bad, false);
        }
        check::<ByNumber>("a3 01 00 18 18 00 20 00", true);
        for bad in ["a2 20 00 01 00", "a2 01 00 01 00", "a2 18 18 00 01 00", "a2 01 00 61 61 00"] {
            check::<ByNumber>(bad, false);
        }
    }

    #[test]
    fn a_struct_and_an_enum_take_what_they_write_and_nothing_else() {
        let bytes = encode(&sample()).unwrap();
        assert_eq!(encode_thoroughly(&sample()).as_ref(), Ok(&bytes));
        assert_eq!(decode_lean(&bytes), Ok(sample()));
        let plain = "a2 64 66 6c 61 67 f4 64 74 65 78 74 60";
        check::<Sample>(plain, true);
        let with = |entries: &str| plain.replacen("a2", "a3", 1) + entries;
        for bad in [
            // An unknown field, a missing one, a list that is empty in so many words.
            with("65 7a 7a 7a 7a 7a 00"),
            "a1 64 66 6c 61 67 f4".to_owned(),
            "a3 64 66 6c 61 67 f4 64 6c 69 73 74 80 64 74 65 78 74 60".to_owned(),
            "a3 64 66 6c 61 67 f4 64 74 65 78 74 60 65 6d 61 79 62 65 f6".to_owned(),
        ] {
            check::<Sample>(&bad, false);
        }
        check::<Sample>(&with("65 6d 61 79 62 65 01"), true);
        check::<Shape>("63 646f74", true);
        check::<Shape>("a1 64 6c696e65 01", true);
        for bad in ["43 646f74", "a1 63 646f74 f6", "a1 63 646f74 00", "64 6c696e65", "a0"] {
            check::<Shape>(bad, false);
        }
        for bad in ["a1 63 646f75 00", "a2 64 6c696e65 01 65 6c696e6565 01", "81 63 646f74"] {
            check::<Shape>(bad, false);
        }
        check::<Lax>("a1 61 61 01", true);
        check::<Lax>("a2 61 61 01 61 62 02", false);
    }

    #[test]
    fn nesting_has_the_same_bound_both_ways() {
        #[derive(Debug, PartialEq, Serialize, Deserialize)]
        struct Nested(Vec<Nested>);
        let nested = |depth: usize| [vec![0x81; depth], vec![0x80]].concat();
        for depth in 0..MAX_DEPTH + 3 {
            assert_eq!(taken::<Nested>(&nested(depth)), depth < MAX_DEPTH, "{depth}");
        }
        assert!(!taken::<Nested>(&nested(100_000)));
    }

    #[test]
    fn long_texts_and_bytes_are_taken_alike() {
        for length in [4095, 4096, 4097, 70_000] {
            let text = "a".repeat(length);
            assert!(taken::<String>(&encode(&text).unwrap()));
            // A name that long is asked for in place, which ciborium does not give.
            let named: BTreeMap<String, u8> = [(text, 1)].into();
            let bytes = encode(&named).unwrap();
            assert!(taken::<BTreeMap<String, u8>>(&bytes));
            assert!(!taken::<Lax>(&bytes));
            let bytes = [&hex("59 0000")[..1], &[0x12, 0x34], &[7; 0x1234]].concat();
            assert!(!taken::<Hash>(&bytes));
        }
    }

    #[test]
    fn damaged_bytes_get_one_answer_both_ways() {
        let good = encode(&sample()).unwrap();
        let mut accepted = 0;
        for at in 0..good.len() {
            let mut bad = good.clone();
            for value in 0..=255 {
                bad[at] = value;
                accepted += usize::from(taken::<Sample>(&bad));
            }
            assert!(!taken::<Sample>(&good[..at]));
            for length in [1, 2, 5, 9] {
                let (before, rest) = good.split_at(at);
                let (span, after) = rest.split_at(length.min(rest.len()));
                taken::<Sample>(&[before, after].concat());
                taken::<Sample>(&[before, span, span, after].concat());
                let (next, after) = after.split_at(length.min(after.len()));
                taken::<Sample>(&[before, next, span, after].concat());
            }
        }
        // Other letters in texts, other numbers, other bytes of the hash.
        assert!(accepted > 5_000, "{accepted}");
    }

    #[test]
    fn every_beginning_of_three_bytes_gets_one_answer_both_ways() {
        #[derive(Debug, PartialEq, Serialize, Deserialize)]
        struct Whole {
            a: Vec<Option<Shape>>,
        }
        for first in 0..=255_u8 {
            for second in (0..=255_u8).step_by(3) {
                for third in [0, 1, 0x17, 0x18, 0x20, 0x41, 0x61, 0x80, 0xa0, 0xf4, 0xf6, 0xff] {
                    let bytes = [first, second, third];
                    for length in 1..=3 {
                        taken::<u64>(&bytes[..length]);
                        taken::<Vec<i64>>(&bytes[..length]);
                        taken::<BTreeMap<i64, bool>>(&bytes[..length]);
                    }
                    taken::<Whole>(&[&hex("a1 61 61 81"), &bytes[..]].concat());
                }
            }
        }
    }
}
