//! The profile `json/1`: the strings of a JSON document, such as a post from a platform's API.
//!
//! - The text is every string that is a value, in the order of the document, each a part of its
//!   own named by its JSON Pointer (RFC 6901). A line feed stands between two strings; no quote
//!   may run over it. Names of members, numbers, `true` and `null` are no words of the text.
//! - A string is taken as it is once its escapes are undone (RFC 8259 section 7). Where a platform
//!   puts HTML into a string, as Mastodon does in `content`, the tags are characters of the text
//!   and are quoted as they stand: `&amp;` is not `&`.
//! - A document that two readers could read in two ways is refused: two members of one name, half
//!   of a surrogate pair, bytes that are not UTF-8. One byte order mark at the beginning is let
//!   pass, as in plain text.
//!
//! Which string holds the words of the one who posted is not known here: a profile's name and a
//! quoted post are strings too. A recorder says it by the pointer.

use std::collections::HashSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::evidence::parts::Part;
use crate::selector::Position;

/// The largest document, in bytes: 16 MiB, thousands of posts in one answer of a platform.
pub const MAX_JSON: u64 = 16 * 1024 * 1024;

/// How deep arrays and objects may stand within one another. A post with its author, its media
/// and the posts it quotes needs about ten; each level takes room on the stack.
pub const MAX_DEPTH: usize = 64;

/// The most strings: what a hundred posts with all that surrounds them hold, ten times over.
pub const MAX_STRINGS: usize = 100_000;

/// How long all pointers together may be, in bytes: 16 MiB. Without a limit a long name above
/// many strings would be written down once for each of them.
pub const MAX_POINTERS: usize = 16 * 1024 * 1024;

/// Why a document gives no text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// It is not JSON.
    #[error("capture is no JSON: {reason}")]
    Syntax {
        /// What is wrong and where, in the words of the parser.
        reason: String,
    },
    /// Two members of one object have the same name.
    #[error(
        "two members of one object are named `{name}`, below `{pointer}`: it is not known \
             which one counts"
    )]
    Twice {
        /// The name, cut to 100 characters.
        name: String,
        /// The object's pointer, cut to 100 characters.
        pointer: String,
    },
    /// Arrays and objects stand too deep within one another.
    #[error("capture is deeper than {MAX_DEPTH} levels of arrays and objects")]
    TooDeep,
    /// Too many strings.
    #[error("capture has more than {MAX_STRINGS} strings")]
    TooMany,
    /// The pointers to its strings are too long.
    #[error("the names above the strings of the capture come to more than {MAX_POINTERS} bytes")]
    LongNames,
}

/// The text of a document and its parts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Strings {
    /// All strings, joined by line feeds.
    pub text: String,
    /// The pointer of each string and where it stands, in code points.
    pub parts: Vec<(Part, Position)>,
}

/// Reads the strings of a document.
pub fn extract(source: &str) -> Result<Strings, Error> {
    let mut walk = Walk::default();
    let mut parser = serde_json::Deserializer::from_str(source);
    let read = Value { walk: &mut walk, depth: 0 }.deserialize(&mut parser);
    match read.and_then(|()| parser.end()) {
        Ok(()) => Ok(walk.strings),
        Err(error) => {
            Err(walk.fault.unwrap_or_else(|| Error::Syntax { reason: error.to_string() }))
        }
    }
}

/// The way through a document.
#[derive(Default)]
struct Walk {
    strings: Strings,
    /// The length of the text, in code points.
    length: u64,
    /// The pointer of the value being read.
    pointer: String,
    pointer_bytes: usize,
    /// Why the document is refused, where that is not for the parser to say.
    fault: Option<Error>,
}

impl Walk {
    fn refuse<E: serde::de::Error>(&mut self, fault: Error) -> E {
        let error = E::custom(&fault);
        self.fault = Some(fault);
        error
    }

    /// Goes down to a member or an item, and says how to come back.
    fn descend(&mut self, name: &str) -> usize {
        let above = self.pointer.len();
        self.pointer.push('/');
        for character in name.chars() {
            match character {
                '~' => self.pointer.push_str("~0"),
                '/' => self.pointer.push_str("~1"),
                other => self.pointer.push(other),
            }
        }
        above
    }

    fn take<E: serde::de::Error>(&mut self, words: &str) -> Result<(), E> {
        if self.strings.parts.len() == MAX_STRINGS {
            return Err(self.refuse(Error::TooMany));
        }
        self.pointer_bytes += self.pointer.len();
        if self.pointer_bytes > MAX_POINTERS {
            return Err(self.refuse(Error::LongNames));
        }
        if !self.strings.parts.is_empty() {
            self.strings.text.push('\n');
            self.length += 1;
        }
        let start = self.length;
        self.length += words.chars().count() as u64;
        self.strings.text.push_str(words);
        let position = Position { start, end: self.length };
        self.strings.parts.push((Part::Pointer(self.pointer.clone()), position));
        Ok(())
    }
}

/// One value, read in passing: nothing of the document is kept but its strings.
struct Value<'w> {
    walk: &'w mut Walk,
    depth: usize,
}

impl<'de> DeserializeSeed<'de> for Value<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Value<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "a JSON value")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E: serde::de::Error>(self, words: &str) -> Result<(), E> {
        self.walk.take(words)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        if self.depth == MAX_DEPTH {
            return Err(self.walk.refuse(Error::TooDeep));
        }
        for number in 0_u64.. {
            let above = self.walk.descend(&number.to_string());
            let item = Value { walk: &mut *self.walk, depth: self.depth + 1 };
            let has_more = items.next_element_seed(item)?.is_some();
            self.walk.pointer.truncate(above);
            if !has_more {
                break;
            }
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        if self.depth == MAX_DEPTH {
            return Err(self.walk.refuse(Error::TooDeep));
        }
        let mut names = HashSet::new();
        while let Some(name) = members.next_key::<String>()? {
            if names.contains(&name) {
                let [name, pointer] = [&name, &self.walk.pointer].map(|words| cut(words));
                return Err(self.walk.refuse(Error::Twice { name, pointer }));
            }
            let above = self.walk.descend(&name);
            members.next_value_seed(Value { walk: &mut *self.walk, depth: self.depth + 1 })?;
            self.walk.pointer.truncate(above);
            names.insert(name);
        }
        Ok(())
    }
}

fn cut(words: &str) -> String {
    words.chars().take(100).collect()
}

#[cfg(test)]
mod tests {
    use super::{Error, MAX_DEPTH, MAX_STRINGS, extract};
    use crate::evidence::parts::Part;

    fn check(source: &str, expected: &[(&str, &str)]) {
        let strings = extract(source).unwrap();
        let characters: Vec<char> = strings.text.chars().collect();
        let found: Vec<(String, String)> = strings
            .parts
            .iter()
            .map(|(part, position)| {
                let Part::Pointer(pointer) = part else { panic!("{part:?}") };
                let [start, end] =
                    [position.start, position.end].map(|place| usize::try_from(place).unwrap());
                (pointer.clone(), characters[start..end].iter().collect())
            })
            .collect();
        let expected: Vec<(String, String)> =
            expected.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
        assert_eq!(found, expected, "{source}");
        let joined: Vec<String> = expected.into_iter().map(|(_, words)| words).collect();
        assert_eq!(strings.text, joined.join("\n"), "{source}");
    }

    #[test]
    fn every_string_is_a_part_named_by_its_pointer() {
        check("\"alone\"", &[("", "alone")]);
        check("[1, true, null, {}, -0.5e3]", &[]);
        check(
            r#" {"id": "1", "a": [{"b": "x"}, "é\u6f22😀", ""], "n": 2, "c\"d": "\n"} "#,
            &[("/id", "1"), ("/a/0/b", "x"), ("/a/1", "é漢😀"), ("/a/2", ""), ("/c\"d", "\n")],
        );
        check(r#"{"content": "<p>A &amp; B</p>"}"#, &[("/content", "<p>A &amp; B</p>")]);
        check(r#""\ud83d\ude00""#, &[("", "😀")]);
    }

    /// The document and the pointers of RFC 6901 section 5, with strings in the numbers' stead.
    #[test]
    fn the_pointers_of_rfc_6901_are_written_so() {
        let document = r#"{"foo": ["bar", "baz"], "": "0", "a/b": "1", "c%d": "2", "e^f": "3",
            "g|h": "4", "i\\j": "5", "k\"l": "6", " ": "7", "m~n": "8"}"#;
        let pointers = [
            ("/foo/0", "bar"),
            ("/foo/1", "baz"),
            ("/", "0"),
            ("/a~1b", "1"),
            ("/c%d", "2"),
            ("/e^f", "3"),
            ("/g|h", "4"),
            ("/i\\j", "5"),
            ("/k\"l", "6"),
            ("/ ", "7"),
            ("/m~0n", "8"),
        ];
        check(document, &pointers);
        let value: serde_json::Value = serde_json::from_str(document).unwrap();
        for (pointer, words) in pointers {
            assert_eq!(value.pointer(pointer).unwrap(), words, "{pointer}");
        }
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_refused() {
        let twice = |name: &str, pointer: &str| Error::Twice {
            name: name.to_owned(),
            pointer: pointer.to_owned(),
        };
        assert_eq!(extract(r#"{"a": 1, "a": 1}"#), Err(twice("a", "")));
        assert_eq!(extract(r#"[{"b": {"a": "x", "\u0061": "y"}}]"#), Err(twice("a", "/0/b")));
        for source in [
            "",
            "{",
            "\"a",
            "{'a': 1}",
            "[1,]",
            "1 2",
            "NaN",
            "\"a\nb\"",
            r#""\ud800""#,
            r#""\udc00\ud800""#,
            r#""\x41""#,
            "\u{feff}1",
            "<html>",
            "// note\n1",
        ] {
            let refused = extract(source);
            assert!(matches!(refused, Err(Error::Syntax { .. })), "{source}: {refused:?}");
        }
    }

    #[test]
    fn a_document_beyond_a_limit_is_refused_before_it_is_built() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(extract(&nested(MAX_DEPTH)).is_ok());
        assert_eq!(extract(&nested(MAX_DEPTH + 1)), Err(Error::TooDeep));
        assert_eq!(extract(&"[".repeat(100_000)), Err(Error::TooDeep));
        assert_eq!(extract(&"{\"a\":".repeat(100_000)), Err(Error::TooDeep));
        let strings = |count: usize| format!("[{}\"\"]", "\"\",".repeat(count - 1));
        assert_eq!(extract(&strings(MAX_STRINGS)).unwrap().parts.len(), MAX_STRINGS);
        assert_eq!(extract(&strings(MAX_STRINGS + 1)), Err(Error::TooMany));
        let long = format!("{{\"{}\": {}}}", "n".repeat(10_000), strings(2_000));
        assert_eq!(extract(&long), Err(Error::LongNames));
    }
}
