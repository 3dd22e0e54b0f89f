//! JSON read strictly: one value, no name twice in one object, nothing deep, and errors that say
//! what was found in words for people.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::import::draft::Problem;

/// Reads one JSON value that fills the bytes.
///
/// # Errors
/// What is wrong with them: not UTF-8, not JSON, half an object, a name twice.
pub fn read(bytes: &[u8]) -> Result<Value, Problem> {
    let text = std::str::from_utf8(bytes).map_err(|error| not_utf8(bytes, error.valid_up_to()))?;
    if let Some(rest) = text.strip_prefix('\u{feff}') {
        let what = "a byte order mark stands in the middle of the file";
        let hint = "two files were joined; remove the mark (EF BB BF)";
        return Err(if rest.is_empty() {
            Problem::new(what)
        } else {
            Problem::new(what).hint(hint)
        });
    }
    let mut reader = serde_json::Deserializer::from_str(text);
    let value = Strict.deserialize(&mut reader).and_then(|value| reader.end().map(|()| value));
    value.map_err(|error| refused(text, &error))
}

/// That bytes are not UTF-8, from this place on.
pub fn not_utf8(bytes: &[u8], place: usize) -> Problem {
    let byte = bytes.get(place).copied().unwrap_or_default();
    let what = format!("byte {} (0x{byte:02X}) begins no character, expected UTF-8", place + 1);
    Problem::new(what).hint("save the file as UTF-8, or name its encoding with --encoding")
}

fn refused(text: &str, error: &serde_json::Error) -> Problem {
    let column = error.column();
    if error.is_eof() {
        let what = format!("the JSON breaks off after {} characters", text.chars().count());
        return Problem::new(what)
            .hint("half of the line is missing, or a line break stands in it");
    }
    let said = error.to_string();
    let said = said.split(" at line ").next().unwrap_or_default().to_owned();
    if said.starts_with("trailing characters") {
        let what = format!("more stands behind the JSON value, from character {column} on");
        return Problem::new(what).hint("one value on each line");
    }
    Problem::new(format!("not JSON: {said}, at character {column}"))
}

struct Strict;

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("a number too large"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(Strict)? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(name) = fields.next_key::<String>()? {
            if object.contains_key(&name) {
                return Err(A::Error::custom(format!("the name {name:?} stands there twice")));
            }
            let value = fields.next_value_seed(Strict)?;
            object.insert(name, value);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn what_other_parsers_pass_over_is_refused() {
        let check = |bytes: &[u8], what: &str| {
            let problem = read(bytes).unwrap_err();
            assert!(problem.what.contains(what), "{problem}");
        };
        check(br#"{"a": 1, "b": {"c": 1, "c": 2}}"#, "the name \"c\" stands there twice");
        check(br#"{"a": 1, "#, "the JSON breaks off after 9 characters");
        check(br#"{"a": 1} {"#, "more stands behind the JSON value, from character 10 on");
        check(b"{\"a\": \"caf\xe9\"}", "byte 11 (0xE9) begins no character, expected UTF-8");
        check("\u{feff}{}".as_bytes(), "byte order mark");
        check(b"{'a': 1}", "not JSON: key must be a string, at character 2");
        check(&b"[".repeat(1_000), "not JSON: recursion limit exceeded");
        assert_eq!(read(br#"{"a": [1, -2, "x", null, true]}"#).unwrap()["a"][1], -2);
    }
}
