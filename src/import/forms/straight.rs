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
    pub(crate) record: Box<Record>,
    /// What the record names by keys and labels.
    pub(crate) keyed: Vec<Keyed>,
}

/// Reads a line; `None` if that takes a tree.
pub(crate) fn read(bytes: &[u8]) -> Option<Line> {
    // Looked at as a whole: one string after the other that takes twice as long.
    let line = std::str::from_utf8(bytes).ok()?;
    serde_json::from_str(line).ok()
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
                "label" => take_once(&mut label, &mut fields)?,
                "id" => take_once(&mut id, &mut fields)?,
                "text" => take_once(&mut text, &mut fields)?,
                "record" => {
                    take_once(&mut record, &mut fields)?;
                    is_within = true;
                }
                other if BESIDE.contains(&other) => {
                    refuse_again(beside.contains(&name))?;
                    fields.next_value::<Strict>()?;
                    beside.push(name);
                }
                kind => {
                    refuse_again(record.is_some())?;
                    let tagged = EnumAccessDeserializer::new(Tagged { kind, fields: &mut fields });
                    record = Some(Box::deserialize(tagged)?);
                }
            }
        }
        let record = record.ok_or_else(|| A::Error::custom("no record"))?;
        if label.is_some() && id.is_some() || !is_within && !beside.is_empty() {
            return Err(A::Error::custom("fields that do not go together"));
        }
        Ok(Line { label, id, text, record, keyed: Vec::new() })
    }
}

fn take_once<'de, T: Deserialize<'de>, A: MapAccess<'de>>(
    place: &mut Option<T>,
    fields: &mut A,
) -> Result<(), A::Error> {
    refuse_again(place.is_some())?;
    *place = Some(fields.next_value()?);
    Ok(())
}

fn refuse_again<E: Error>(is_there: bool) -> Result<(), E> {
    if is_there { Err(E::custom("a name twice, or two records")) } else { Ok(()) }
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

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn a_name_that_stands_there_twice_is_left_to_the_tree() {
        let party = |key: &str| {
            format!(r#"{{"party":{{"key":"{key}","kind":"person","names":[{{"text":"x"}}]}}}}"#)
        };
        let record = party("a");
        let id = "1".repeat(64);
        let inner = &record[1..record.len() - 1];
        for good in [
            record.clone(),
            format!(r#"{{"record":{record}}}"#),
            format!(r#"{{"label":"x","text":"y",{inner}}}"#),
            format!(r#"{{"id":"{id}","entry":1,"record":{record}}}"#),
            format!(r#"{{"\u006cabel":"x",{inner}}}"#),
        ] {
            assert!(read(good.as_bytes()).is_some(), "{good}");
        }
        for bad in [
            format!(r#"{{"record":{record},"record":{}}}"#, party("b")),
            format!(r#"{{"record":{record},"record":null}}"#),
            format!(r#"{{"record":{record},{inner}}}"#),
            format!(r#"{{{inner},"record":{record}}}"#),
            format!("{{{inner},{inner}}}"),
            format!(r#"{{"label":"x","label":"y","record":{record}}}"#),
            format!(r#"{{"label":"x","label":"y",{inner}}}"#),
            format!(r#"{{"label":"x","\u006cabel":"y",{inner}}}"#),
            format!(r#"{{"id":"{id}","id":"{id}","record":{record}}}"#),
            format!(r#"{{"text":"x","record":{record},"text":"y"}}"#),
            format!(r#"{{"entry":1,"entry":1,"record":{record}}}"#),
            format!(r#"{{"entry":1,{inner}}}"#),
            format!(r#"{{"label":"x","id":"{id}","record":{record}}}"#),
        ] {
            assert!(read(bad.as_bytes()).is_none(), "{bad}");
        }
    }
}
