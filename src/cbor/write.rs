//! The lean way to write: a value straight into its deterministic bytes (RFC 8949 section 4.2.1).
//!
//! Fields are written as they come and put in order at the end of their map. As in `read`, what
//! records are not made of is [`Refused`] without a reason and left to the thorough way.

use serde::ser::{
    Impossible, Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant,
    SerializeTuple, SerializeTupleStruct, Serializer,
};

use crate::cbor::Refused;
use crate::cbor::walk::key_type;

/// Room for a usual record, in bytes, so that its bytes need not move while it grows. From 1,032
/// on, glibc asks its slower allocator.
const ROOM: usize = 960;

/// Room for the entries of the maps that a usual record has open at one time.
const ENTRIES: usize = 24;

/// Writes one value.
pub(crate) fn lean<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, Refused> {
    let mut writer = Writer {
        bytes: Vec::with_capacity(ROOM),
        entries: Vec::with_capacity(ENTRIES),
        spare: Vec::new(),
    };
    value.serialize(&mut writer)?;
    Ok(writer.bytes)
}

/// Writes a head (RFC 8949 section 3) in its shortest form.
pub(crate) fn head(bytes: &mut Vec<u8>, major: u8, argument: u64) {
    let major = major << 5;
    if let Ok(argument) = u8::try_from(argument) {
        match argument {
            0..=23 => bytes.push(major | argument),
            _ => bytes.extend_from_slice(&[major | 0x18, argument]),
        }
    } else if let Ok(argument) = u16::try_from(argument) {
        bytes.push(major | 0x19);
        bytes.extend_from_slice(&argument.to_be_bytes());
    } else if let Ok(argument) = u32::try_from(argument) {
        bytes.push(major | 0x1a);
        bytes.extend_from_slice(&argument.to_be_bytes());
    } else {
        bytes.push(major | 0x1b);
        bytes.extend_from_slice(&argument.to_be_bytes());
    }
}

/// Writes a whole number.
pub(crate) fn signed(bytes: &mut Vec<u8>, number: i64) {
    match u64::try_from(number) {
        Ok(number) => head(bytes, 0, number),
        // Argument n of a negative number stands for -1 - n.
        Err(_) => head(bytes, 1, (!number).cast_unsigned()),
    }
}

/// Writes a byte string.
pub(crate) fn bytes(bytes: &mut Vec<u8>, value: &[u8]) {
    head(bytes, 2, value.len() as u64);
    bytes.extend_from_slice(value);
}

/// Writes a text.
pub(crate) fn text(bytes: &mut Vec<u8>, value: &str) {
    head(bytes, 3, value.len() as u64);
    bytes.extend_from_slice(value.as_bytes());
}

struct Writer {
    bytes: Vec<u8>,
    /// The entries of all maps that are being written, those of the innermost last.
    entries: Vec<Entry>,
    /// Where the entries of a map are put in order.
    spare: Vec<u8>,
}

/// Where one entry of a map stands in the bytes.
struct Entry {
    /// The first eight bytes of its key, which tell most keys apart at once.
    prefix: u64,
    start: usize,
    value: usize,
    end: usize,
}

impl Entry {
    /// What entries are put in order by: their keys. No spelling of a key is the beginning of
    /// another, so that zeros beyond the end of a short one do no harm.
    fn place<'a>(&self, bytes: &'a [u8]) -> (u64, &'a [u8]) {
        (self.prefix, &bytes[self.start..self.value])
    }
}

/// The first eight bytes as a number that compares as they do.
fn prefix(key: &[u8]) -> u64 {
    let mut first = [0; 8];
    let length = key.len().min(8);
    first[..length].copy_from_slice(&key[..length]);
    u64::from_be_bytes(first)
}

impl Writer {
    /// Ends a map whose entries are those from `from` on.
    fn end_map(&mut self, from: usize) -> Result<(), Refused> {
        let Self { bytes, entries, spare } = self;
        let own = &mut entries[from..];
        let [.., last] = &*own else { return Ok(()) };
        let (start, end) = (own[0].start, last.end);
        let rise = |a: &Entry, b: &Entry| a.place(bytes) < b.place(bytes);
        if !own.is_sorted_by(rise) {
            own.sort_unstable_by(|a, b| a.place(bytes).cmp(&b.place(bytes)));
            if !own.is_sorted_by(rise) {
                // A key stands there twice.
                return Err(Refused);
            }
            spare.reserve(ROOM.max(end - start));
            for entry in own.iter() {
                spare.extend_from_slice(&bytes[entry.start..entry.end]);
            }
        }
        // In this order the major types rise, so that the first and the last key speak for all.
        let [lowest, highest] = [&own[0], &own[own.len() - 1]].map(|it| bytes[it.start] >> 5);
        if key_type(lowest) != key_type(highest) || highest > 3 {
            return Err(Refused);
        }
        if !spare.is_empty() {
            bytes[start..end].copy_from_slice(spare);
            spare.clear();
        }
        entries.truncate(from);
        Ok(())
    }
}

impl<'a> Serializer for &'a mut Writer {
    type Ok = ();
    type Error = Refused;
    type SerializeSeq = Items<'a>;
    type SerializeTuple = Items<'a>;
    type SerializeTupleStruct = Items<'a>;
    type SerializeTupleVariant = Impossible<(), Refused>;
    type SerializeMap = Entries<'a>;
    type SerializeStruct = Entries<'a>;
    type SerializeStructVariant = Entries<'a>;

    fn is_human_readable(&self) -> bool {
        false
    }

    fn serialize_bool(self, value: bool) -> Result<(), Refused> {
        self.bytes.push(if value { 0xf5 } else { 0xf4 });
        Ok(())
    }

    fn serialize_i8(self, value: i8) -> Result<(), Refused> {
        self.serialize_i64(value.into())
    }

    fn serialize_i16(self, value: i16) -> Result<(), Refused> {
        self.serialize_i64(value.into())
    }

    fn serialize_i32(self, value: i32) -> Result<(), Refused> {
        self.serialize_i64(value.into())
    }

    fn serialize_i64(self, value: i64) -> Result<(), Refused> {
        signed(&mut self.bytes, value);
        Ok(())
    }

    fn serialize_u8(self, value: u8) -> Result<(), Refused> {
        self.serialize_u64(value.into())
    }

    fn serialize_u16(self, value: u16) -> Result<(), Refused> {
        self.serialize_u64(value.into())
    }

    fn serialize_u32(self, value: u32) -> Result<(), Refused> {
        self.serialize_u64(value.into())
    }

    fn serialize_u64(self, value: u64) -> Result<(), Refused> {
        head(&mut self.bytes, 0, value);
        Ok(())
    }

    fn serialize_f32(self, _: f32) -> Result<(), Refused> {
        Err(Refused)
    }

    fn serialize_f64(self, _: f64) -> Result<(), Refused> {
        Err(Refused)
    }

    fn serialize_char(self, _: char) -> Result<(), Refused> {
        Err(Refused)
    }

    fn serialize_str(self, value: &str) -> Result<(), Refused> {
        text(&mut self.bytes, value);
        Ok(())
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<(), Refused> {
        bytes(&mut self.bytes, value);
        Ok(())
    }

    fn serialize_none(self) -> Result<(), Refused> {
        Err(Refused)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Refused> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Refused> {
        Err(Refused)
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Refused> {
        Err(Refused)
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<(), Refused> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), Refused> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Refused> {
        // So ciborium passes on what may be a tag.
        if name == "@@TAG@@" {
            return Err(Refused);
        }
        head(&mut self.bytes, 5, 1);
        text(&mut self.bytes, variant);
        value.serialize(self)
    }

    fn serialize_seq(self, length: Option<usize>) -> Result<Items<'a>, Refused> {
        let left = length.ok_or(Refused)?;
        head(&mut self.bytes, 4, left as u64);
        Ok(Items { writer: self, left })
    }

    fn serialize_tuple(self, length: usize) -> Result<Items<'a>, Refused> {
        self.serialize_seq(Some(length))
    }

    fn serialize_tuple_struct(self, _: &'static str, length: usize) -> Result<Items<'a>, Refused> {
        self.serialize_seq(Some(length))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, Refused> {
        Err(Refused)
    }

    fn serialize_map(self, length: Option<usize>) -> Result<Entries<'a>, Refused> {
        let left = length.ok_or(Refused)?;
        head(&mut self.bytes, 5, left as u64);
        let from = self.entries.len();
        Ok(Entries { writer: self, from, left, key: None })
    }

    fn serialize_struct(self, _: &'static str, length: usize) -> Result<Entries<'a>, Refused> {
        self.serialize_map(Some(length))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        length: usize,
    ) -> Result<Entries<'a>, Refused> {
        head(&mut self.bytes, 5, 1);
        text(&mut self.bytes, variant);
        self.serialize_map(Some(length))
    }
}

/// An array that is being written; its head has promised so many more items.
struct Items<'a> {
    writer: &'a mut Writer,
    left: usize,
}

impl Items<'_> {
    fn item<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Refused> {
        self.left = self.left.checked_sub(1).ok_or(Refused)?;
        value.serialize(&mut *self.writer)
    }

    fn finish(self) -> Result<(), Refused> {
        if self.left == 0 { Ok(()) } else { Err(Refused) }
    }
}

/// A map that is being written; its head has promised so many more entries.
struct Entries<'a> {
    writer: &'a mut Writer,
    /// The first of its entries.
    from: usize,
    left: usize,
    /// Where a key stands whose value has not come yet.
    key: Option<(usize, usize)>,
}

impl Entries<'_> {
    fn value<T: Serialize + ?Sized>(
        &mut self,
        (start, value): (usize, usize),
        content: &T,
    ) -> Result<(), Refused> {
        self.left = self.left.checked_sub(1).ok_or(Refused)?;
        content.serialize(&mut *self.writer)?;
        let Writer { bytes, entries, .. } = &mut *self.writer;
        let prefix = prefix(&bytes[start..value]);
        entries.push(Entry { prefix, start, value, end: bytes.len() });
        Ok(())
    }

    fn field<T: Serialize + ?Sized>(&mut self, key: &str, content: &T) -> Result<(), Refused> {
        let start = self.writer.bytes.len();
        text(&mut self.writer.bytes, key);
        self.value((start, self.writer.bytes.len()), content)
    }

    fn finish(self) -> Result<(), Refused> {
        match (self.left, self.key) {
            (0, None) => self.writer.end_map(self.from),
            _ => Err(Refused),
        }
    }
}

impl SerializeSeq for Items<'_> {
    type Ok = ();
    type Error = Refused;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Refused> {
        self.item(value)
    }

    fn end(self) -> Result<(), Refused> {
        self.finish()
    }
}

impl SerializeTuple for Items<'_> {
    type Ok = ();
    type Error = Refused;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Refused> {
        self.item(value)
    }

    fn end(self) -> Result<(), Refused> {
        self.finish()
    }
}

impl SerializeTupleStruct for Items<'_> {
    type Ok = ();
    type Error = Refused;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Refused> {
        self.item(value)
    }

    fn end(self) -> Result<(), Refused> {
        self.finish()
    }
}

impl SerializeMap for Entries<'_> {
    type Ok = ();
    type Error = Refused;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Refused> {
        let start = self.writer.bytes.len();
        key.serialize(&mut *self.writer)?;
        match self.key.replace((start, self.writer.bytes.len())) {
            None => Ok(()),
            Some(_) => Err(Refused),
        }
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Refused> {
        let key = self.key.take().ok_or(Refused)?;
        self.value(key, value)
    }

    fn end(self) -> Result<(), Refused> {
        self.finish()
    }
}

impl SerializeStruct for Entries<'_> {
    type Ok = ();
    type Error = Refused;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        key: &'static str,
        value: &T,
    ) -> Result<(), Refused> {
        self.field(key, value)
    }

    fn end(self) -> Result<(), Refused> {
        self.finish()
    }
}

impl SerializeStructVariant for Entries<'_> {
    type Ok = ();
    type Error = Refused;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        key: &'static str,
        value: &T,
    ) -> Result<(), Refused> {
        self.field(key, value)
    }

    fn end(self) -> Result<(), Refused> {
        self.finish()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use ciborium::Value;
    use serde::Serialize;
    use serde::ser::{SerializeMap, SerializeSeq, Serializer};

    use super::lean;
    use crate::cbor::{Error, Refused, encode, encode_thoroughly};

    /// Both ways write the same bytes, or neither writes any.
    fn same<T: Serialize>(value: &T) -> Option<Vec<u8>> {
        let thorough = encode_thoroughly(value);
        assert_eq!(lean(value).ok(), thorough.clone().ok());
        assert_eq!(encode(value), thorough);
        thorough.ok()
    }

    /// The lean way leaves it to the thorough one, whatever comes of it.
    fn left<T: Serialize>(value: &T) -> Result<Vec<u8>, Error> {
        assert_eq!(lean(value), Err(Refused));
        let thorough = encode_thoroughly(value);
        assert_eq!(encode(value), thorough);
        thorough
    }

    #[derive(Serialize)]
    struct Unsorted {
        width: u8,
        a: bool,
        height: i64,
        #[serde(skip_serializing_if = "Option::is_none")]
        absent: Option<u8>,
        #[serde(skip_serializing_if = "Option::is_none")]
        inner: Option<Box<Unsorted>>,
        heigh: (u8, String),
    }

    #[derive(Serialize)]
    enum Any {
        Unit,
        New(BTreeMap<String, Any>),
        Fields { b: u8, a: u8 },
        Pair(u8, u8),
    }

    /// A map of these entries as they stand.
    struct Entries<K, V>(Vec<(K, V)>, Option<usize>);

    impl<K: Serialize, V: Serialize> Serialize for Entries<K, V> {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let mut map = serializer.serialize_map(self.1)?;
            self.0.iter().try_for_each(|(key, value)| map.serialize_entry(key, value))?;
            map.end()
        }
    }

    /// A list that does not say how long it is.
    struct Unknown;

    impl Serialize for Unknown {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let mut seq = serializer.serialize_seq(None)?;
            seq.serialize_element(&1)?;
            seq.end()
        }
    }

    fn entries<K: Clone, V: Clone>(entries: &[(K, V)]) -> Entries<K, V> {
        Entries(entries.to_vec(), Some(entries.len()))
    }

    #[test]
    fn the_fields_of_structs_are_put_in_order_at_every_depth() {
        let mut value = None;
        for depth in 0..6 {
            value = Some(Box::new(Unsorted {
                width: depth,
                a: true,
                height: -1 - (1 << (8 * depth)),
                absent: None,
                inner: value,
                heigh: (24, "h".repeat(300 * usize::from(depth))),
            }));
            let bytes = same(&value).expect("it has a spelling");
            let keys = ["a", "heigh", "width", "height"].map(|key| {
                let spelled = encode(&key).expect("a text");
                bytes.windows(spelled.len()).position(|found| found == spelled)
            });
            assert!(keys.is_sorted() && keys[0].is_some(), "{keys:?}");
        }
        let mut written = BTreeMap::new();
        for name in ["b", "a", "aa", "", "ab", "é", "b\0", "prefixed-1", "prefixed-2", "prefixed"]
        {
            written.insert(name.to_owned(), Any::Fields { b: 1, a: 2 });
        }
        for length in [22, 23, 24, 25, 255, 256, 65_535, 65_536] {
            written.insert("n".repeat(length), Any::Unit);
        }
        let inner = [("z".to_owned(), Any::New(written)), ("y".to_owned(), Any::Unit)];
        assert!(same(&Any::New(inner.into())).is_some_and(|bytes| bytes.len() > 130_000));
    }

    #[test]
    fn a_struct_in_any_order_of_its_fields_has_one_spelling() {
        let keys = ["a", "b", "aa", "ccccccccc1", "ccccccccc2"];
        let expected = same(&entries(&keys.map(|key| (key, key.len()))));
        // All 120 orders, by Heap's algorithm.
        let (mut order, mut counters) = (keys, [0; 5]);
        let mut at = 1;
        while at < order.len() {
            if counters[at] < at {
                order.swap(at, if at.is_multiple_of(2) { 0 } else { counters[at] });
                assert_eq!(same(&entries(&order.map(|key| (key, key.len())))), expected);
                counters[at] += 1;
                at = 1;
            } else {
                counters[at] = 0;
                at += 1;
            }
        }
    }

    #[test]
    fn maps_without_one_spelling_are_written_neither_way() {
        assert_eq!(same(&entries(&[("a", 1), ("b", 2), ("a", 3)])), None);
        assert_eq!(same(&entries(&[("prefixed-1", 1), ("prefixed-1", 2)])), None);
        let number = |n: i64| Value::from(n);
        assert_eq!(same(&entries(&[(number(1), 1), ("a".into(), 2)])), None);
        let mixed = [("a".into(), 1), (Value::Bytes(vec![1]), 2)];
        assert_eq!(same(&entries(&mixed)), None);
        assert!(same(&entries(&[(number(1), 1), (number(-1), 2)])).is_some());
        assert!(same(&entries(&[(number(-500), 1), (number(24), 2), (number(0), 3)])).is_some());
        assert!(same(&entries::<u8, u8>(&[])).is_some());
    }

    #[test]
    fn what_has_no_spelling_is_written_neither_way() {
        assert_eq!(same(&1.5_f64), None);
        assert_eq!(same(&0.5_f32), None);
        assert_eq!(same(&None::<u8>), None);
        assert_eq!(same(&()), None);
        assert_eq!(same(&vec![Some(1), None]), None);
        assert_eq!(same(&Value::Array(vec![Value::Null])), None);
        assert!(same(&(Some(1), "a", [true, false])).is_some());
    }

    #[test]
    fn what_records_are_not_made_of_goes_the_thorough_way() {
        assert!(left(&'x').is_ok());
        assert!(left(&1_u128).is_ok());
        assert!(left(&-1_i128).is_ok());
        assert!(left(&u128::MAX).is_ok());
        assert!(left(&Any::Pair(1, 2)).is_ok());
        assert!(left(&Value::Tag(18, Box::new(Value::from(1)))).is_ok());
        assert!(left(&ciborium::tag::Accepted::<u8, 18>(1)).is_ok());
        assert!(left(&entries(&[(true, 1)])).is_ok());
        assert!(left(&entries(&[(vec![1], 1)])).is_ok());
        // Of unknown length, or of another than was promised.
        assert!(left(&Entries(vec![("a", 1)], None)).is_ok());
        assert!(left(&Entries(vec![("a", 1)], Some(2))).is_ok());
        assert!(left(&Entries(vec![("a", 1), ("b", 1)], Some(1))).is_ok());
        assert!(left(&Unknown).is_ok());
    }
}
