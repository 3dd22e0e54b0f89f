//! A line of JSON read straight into its record, without a tree of values between: nearly every line
//! is one that names others by their ids and has nothing wrong with it.
//!
//! Every other line is refused here without a word: it is read again as a tree, where labels and keys
//! become ids, and where it is said what is wrong. What is taken here would be read the same there.

use std::fmt;

use serde::Deserialize;
use serde::de::value::StrDeserializer;
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error, IntoDeserializer, MapAccess, VariantAccess,
    Visitor, value::EnumAccessDeserializer,
};

use crate::attribution::record::Record;
use crate::hash::Hash;
use crate::import::draft::Keyed;
use crate::json::Strict;

/// What may stand on a line beside the record: what `log` and `show` print, and what people add.
pub(crate) const BESIDE: [&str; 13] = [
    "schema",
    "entry",
    "id",
    "recorder",
    "recorded_at",
    "signer",
    "withheld",
    "record",
    "included",
    "logged_before",
    "suspect",
    "label",
    "text",
];

/// What stands on a line.
#[derive(Debug, PartialEq)]
pub(crate) struct Line {
    /// The label that it gives itself.
    pub(crate) label: Option<String>,
    /// The id that it has elsewhere.
    pub(crate) id: Option<Hash>,
    /// The bytes of its capture, as text.
    pub(crate) text: Option<String>,
    /// Its record.
    pub(crate) record: Record,
    /// What the record names by keys and labels.
    pub(crate) keyed: Vec<Keyed>,
}

/// Reads a line; `None` if that takes a tree.
pub(crate) fn read(bytes: &[u8]) -> Option<Line> {
    serde_json::from_slice(bytes).ok()
}

impl<'de> Deserialize<'de> for Line {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(LineVisitor)
    }
}

struct LineVisitor;

impl<'de> Visitor<'de> for LineVisitor {
    type Value = Line;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a line with a record")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Line, A::Error> {
        let (mut label, mut id, mut text, mut record) = (None, None, None, None);
        let (mut is_within, mut beside) = (false, Vec::new());
        while let Some(name) = fields.next_key::<String>()? {
            match name.as_str() {
                "label" if label.is_none() => label = Some(fields.next_value()?),
                "id" if id.is_none() => id = Some(fields.next_value()?),
                "text" if text.is_none() => text = Some(fields.next_value()?),
                "record" if record.is_none() => {
                    record = Some(fields.next_value()?);
                    is_within = true;
                }
                other if BESIDE.contains(&other) && !beside.contains(&name) => {
                    fields.next_value::<Strict>()?;
                    beside.push(name);
                }
                kind if record.is_none() => {
                    let tagged = EnumAccessDeserializer::new(Tagged { kind, fields: &mut fields });
                    record = Some(Record::deserialize(tagged)?);
                }
                _ => return Err(A::Error::custom("a name twice, or two records")),
            }
        }
        let record = record.ok_or_else(|| A::Error::custom("no record"))?;
        if label.is_some() && id.is_some() || !is_within && !beside.is_empty() {
            return Err(A::Error::custom("fields that do not go together"));
        }
        Ok(Line { label, id, text, record, keyed: Vec::new() })
    }
}

/// A record of which the kind was read as the name of a field, and the rest is its value.
struct Tagged<'k, 'f, A> {
    kind: &'k str,
    fields: &'f mut A,
}

impl<'de, A: MapAccess<'de>> EnumAccess<'de> for Tagged<'_, '_, A> {
    type Error = A::Error;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), A::Error> {
        let kind: StrDeserializer<'_, A::Error> = self.kind.into_deserializer();
        Ok((seed.deserialize(kind)?, self))
    }
}

impl<'de, A: MapAccess<'de>> VariantAccess<'de> for Tagged<'_, '_, A> {
    type Error = A::Error;

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, A::Error> {
        self.fields.next_value_seed(seed)
    }

    fn unit_variant(self) -> Result<(), A::Error> {
        Err(A::Error::custom("a record has fields"))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, _: V) -> Result<V::Value, A::Error> {
        Err(A::Error::custom("a record is no list"))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, A::Error> {
        Err(A::Error::custom("a record's fields stand within it"))
    }
}
