//! Tag lists, `name=value; name=value` (RFC 6376 section 3.2).
//!
//! Both the signature field and the key record are written so. What the tags mean is left to
//! others.

use std::ops::Range;

/// The most tags in a list: the standards know fourteen.
const MAX_TAGS: usize = 64;

/// A tag list, in which each name stands once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tags<'a> {
    list: &'a str,
    /// The names, and where the value stands, with all white space around it.
    tags: Vec<(&'a str, Range<usize>)>,
}

/// White space, with the folds of a header field (RFC 6376 section 2.8).
const SPACE: [char; 4] = [' ', '\t', '\r', '\n'];

impl<'a> Tags<'a> {
    /// Reads a list; what is wrong with it, otherwise.
    pub fn parse(list: &'a str) -> Result<Self, String> {
        let mut tags: Vec<(&str, Range<usize>)> = Vec::new();
        let mut start = 0;
        for piece in list.split(';') {
            let end = start + piece.len();
            // The last semicolon may end the list.
            if end == list.len() && !tags.is_empty() && piece.trim_matches(SPACE).is_empty() {
                break;
            }
            let Some((name, value)) = piece.split_once('=') else {
                return Err("a tag has no `=`".to_owned());
            };
            let name = name.trim_matches(SPACE);
            if !is_name(name) {
                return Err(format!("`{}` is no name of a tag", shown(name)));
            }
            if value.contains(|c: char| c.is_control() && !SPACE.contains(&c)) {
                return Err(format!("tag `{name}` has a control character"));
            }
            if tags.iter().any(|(other, _)| *other == name) {
                return Err(format!("tag `{name}` stands twice"));
            }
            if tags.len() == MAX_TAGS {
                return Err(format!("more than {MAX_TAGS} tags"));
            }
            tags.push((name, end - value.len()..end));
            start = end + 1;
        }
        Ok(Self { list, tags })
    }

    /// The value of a tag, without white space at its ends.
    pub fn value(&self, name: &str) -> Option<&'a str> {
        Some(self.list[self.span(name)?].trim_matches(SPACE))
    }

    /// Where the value of a tag stands in the list, with all white space around it.
    pub fn span(&self, name: &str) -> Option<Range<usize>> {
        self.tags.iter().find(|(other, _)| *other == name).map(|(_, span)| span.clone())
    }

    /// The name of the first tag.
    pub fn first(&self) -> Option<&'a str> {
        self.tags.first().map(|(name, _)| *name)
    }
}

/// The parts of a value that are parted by colons, without white space around them.
pub fn parts(value: &str) -> impl Iterator<Item = &str> {
    value.split(':').map(|part| part.trim_matches(SPACE))
}

/// A value in base64 without the white space in it.
pub fn unspaced(value: &str) -> String {
    value.chars().filter(|c| !SPACE.contains(c)).collect()
}

/// A stranger's word as it may be repeated in a message: its beginning, controls written out.
pub fn shown(word: &str) -> String {
    word.chars().take(40).flat_map(char::escape_debug).collect()
}

/// Begins with a letter; goes on with letters, digits and underscores.
fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::Tags;

    #[test]
    fn values_are_found_with_the_white_space_around_them() {
        let list = " v = 1;\r\n b= ab\r\n cd ;a=;";
        let tags = Tags::parse(list).unwrap();
        assert_eq!(
            (tags.value("v"), tags.value("a"), tags.value("B")),
            (Some("1"), Some(""), None)
        );
        assert_eq!(tags.value("b"), Some("ab\r\n cd"));
        assert_eq!(&list[tags.span("b").unwrap()], " ab\r\n cd ");
        assert_eq!(tags.first(), Some("v"));
    }

    #[test]
    fn a_list_that_could_be_read_in_two_ways_is_refused() {
        for list in ["", "v", "v=1;;", "v=1;v=1", "1=v", "=v", "v=1;b=a\u{7f}", ";v=1", "v=1; ;"] {
            assert!(Tags::parse(list).is_err(), "{list}");
        }
    }
}
