//! How mail writes text down: media types, transfer encodings, character sets, flowed lines and
//! encoded words (RFC 2045, 2046, 2047, 3676).
//!
//! Each is read strictly: what programs would repair in different ways is none. Character sets are
//! those of the WHATWG Encoding Standard, by the `encoding_rs` crate, which browsers and mail
//! programs share. Which part of a message is read is left to [`crate::evidence::email`].

use base64ct::{Base64, Encoding as _};
use encoding_rs::{Encoding, REPLACEMENT, UTF_8, UTF_16BE, UTF_16LE, X_USER_DEFINED};

/// The longest media type, in characters: twice 127 and the slash (RFC 6838 section 4.2).
const MAX_TYPE: usize = 255;

/// A media type with its parameters (RFC 2045 section 5.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContentType {
    /// Type and subtype in lower case, such as `text/plain`.
    pub essence: String,
    /// The parameters as written, from the first semicolon on.
    rest: String,
}

impl ContentType {
    /// Reads the value of a Content-Type field; `None` if it begins with no type and subtype.
    pub fn parse(value: &str) -> Option<Self> {
        let (essence, rest) = match value.split_once(';') {
            Some((essence, rest)) => (essence, rest),
            None => (value, ""),
        };
        let essence = essence.trim_matches([' ', '\t']);
        let (kind, subtype) = essence.split_once('/')?;
        let is_type = is_token(kind) && is_token(subtype) && essence.len() <= MAX_TYPE;
        is_type.then(|| Self { essence: essence.to_ascii_lowercase(), rest: rest.to_owned() })
    }

    /// The parameters, names in lower case; `None` if they are not written by the rules, if one
    /// stands twice, or if one is cut in pieces (RFC 2231).
    pub fn parameters(&self) -> Option<Vec<(String, String)>> {
        let mut parameters: Vec<(String, String)> = Vec::new();
        let mut rest = self.rest.trim_matches([' ', '\t']);
        while !rest.is_empty() {
            let (name, behind) = rest.split_once('=')?;
            let name = name.to_ascii_lowercase();
            if !is_token(&name) || name.contains('*') || parameters.iter().any(|p| p.0 == name) {
                return None;
            }
            let (value, behind) = match behind.strip_prefix('"') {
                Some(quoted) => quoted_string(quoted)?,
                None => {
                    let end = behind.find([';', ' ', '\t']).unwrap_or(behind.len());
                    let (token, behind) = behind.split_at(end);
                    (is_token(token).then(|| token.to_owned())?, behind)
                }
            };
            parameters.push((name, value));
            let behind = behind.trim_matches([' ', '\t']);
            rest = match behind.strip_prefix(';') {
                Some(more) => more.trim_matches([' ', '\t']),
                None if behind.is_empty() => "",
                None => return None,
            };
        }
        Some(parameters)
    }
}

/// The rest of a quoted string, and what follows it.
fn quoted_string(rest: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = rest.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((value, &rest[at + 1..])),
            '\\' => value.push(characters.next()?.1),
            other => value.push(other),
        }
    }
    None
}

/// A token (RFC 2045 section 5.1).
pub fn is_token(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_graphic() && !b"()<>@,;:\\\"/[]?=".contains(&byte))
}

/// Undoes quoted-printable (RFC 2045 section 6.7); `None` if it is not written by its rules.
///
/// White space at the end of a line was added on the way, and is left out (rule 3).
pub fn decode_quoted_printable(encoded: &[u8]) -> Option<Vec<u8>> {
    let mut decoded = Vec::with_capacity(encoded.len());
    for line in encoded.split_inclusive(|byte| *byte == b'\n') {
        let end = line.len() - line.iter().rev().take_while(|b| matches!(b, b'\r' | b'\n')).count();
        let (words, line_end) = line.split_at(end);
        let words = words.trim_ascii_end();
        let (words, is_soft) = match words.strip_suffix(b"=") {
            Some(words) => (words, true),
            None => (words, false),
        };
        let mut bytes = words.iter();
        while let Some(&byte) = bytes.next() {
            match byte {
                b'=' => {
                    let mut digit = || char::from(*bytes.next()?).to_digit(16);
                    let value = digit()? * 16 + digit()?;
                    decoded.push(u8::try_from(value).ok()?);
                }
                b' '..=b'~' | b'\t' => decoded.push(byte),
                _ => return None,
            }
        }
        if !is_soft {
            decoded.extend_from_slice(line_end);
        }
    }
    Some(decoded)
}

/// Undoes base64 (RFC 2045 section 6.8); `None` if anything but white space stands between, or
/// the end is not filled up or has bits left over.
pub fn decode_base64(encoded: &[u8]) -> Option<Vec<u8>> {
    let text: Vec<u8> =
        encoded.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    Base64::decode_vec(std::str::from_utf8(&text).ok()?).ok()
}

/// The character set of this name; `None` if it is not read.
///
/// Refused are those in which ASCII is not ASCII, as UTF-7 and UTF-16: a line end or a tag could
/// be hidden in them.
pub fn charset(name: &str) -> Option<&'static Encoding> {
    Encoding::for_label(name.as_bytes())
        .filter(|found| ![REPLACEMENT, UTF_16BE, UTF_16LE, X_USER_DEFINED].contains(found))
}

/// The text of bytes in a character set; `None` if they are not in it.
///
/// `us-ascii` is ASCII and nothing else, though the standard's table makes it windows-1252.
pub fn decode_charset(name: &str, bytes: &[u8]) -> Option<String> {
    let encoding = charset(name)?;
    let is_ascii = ["us-ascii", "ascii", "ansi_x3.4-1968"]
        .iter()
        .any(|ascii| name.trim_ascii().eq_ignore_ascii_case(ascii));
    if is_ascii && !bytes.is_ascii() {
        return None;
    }
    let bytes = match bytes.strip_prefix(b"\xef\xbb\xbf") {
        Some(bytes) if encoding == UTF_8 => bytes,
        // A sign of UTF-8 in front of another character set: programs believe one or the other.
        Some(_) => return None,
        None => bytes,
    };
    Some(encoding.decode_without_bom_handling_and_without_replacement(bytes)?.into_owned())
}

/// Joins lines that were broken only to fit (RFC 3676): `format=flowed`.
///
/// A line that ends in a space goes on in the next, if both are quoted equally deep. With
/// `delete_space`, that space was added by the break. The quote marks stay, so that quoted words
/// are not taken for the writer's own.
pub fn unflowed(text: &str, delete_space: bool) -> String {
    let mut joined = String::with_capacity(text.len());
    let mut flowing: Option<usize> = None;
    for whole in text.split_inclusive('\n') {
        let (line, end) = match whole.strip_suffix('\n') {
            Some(line) => (line, "\n"),
            None => (whole, ""),
        };
        let depth = line.len() - line.trim_start_matches('>').len();
        let (marks, words) = line.split_at(depth);
        let words = words.strip_prefix(' ').unwrap_or(words);
        let is_signature = words == "-- ";
        match flowing.take() {
            Some(open) if open == depth && !is_signature => {}
            open => {
                if open.is_some() {
                    joined.push('\n');
                }
                joined.push_str(marks);
                if !marks.is_empty() {
                    joined.push(' ');
                }
            }
        }
        if words.ends_with(' ') && !is_signature {
            joined.push_str(if delete_space { &words[..words.len() - 1] } else { words });
            flowing = Some(depth);
        } else {
            joined.push_str(words);
            joined.push_str(end);
        }
    }
    joined
}

/// Undoes the encoded words of a header field, for display only (RFC 2047).
///
/// What is not written by its rules stays as it is.
pub fn decode_words(value: &str) -> String {
    let mut shown = String::new();
    let mut rest = value;
    let mut is_behind_word = false;
    while let Some(at) = rest.find("=?") {
        let (before, from) = rest.split_at(at);
        // White space between two encoded words belongs to neither (section 6.2).
        if !(is_behind_word && before.chars().all(|c| matches!(c, ' ' | '\t'))) {
            shown.push_str(before);
        }
        match encoded_word(from) {
            Some((word, behind)) => {
                shown.push_str(&word);
                rest = behind;
                is_behind_word = true;
            }
            None => {
                shown.push_str("=?");
                rest = &from[2..];
                is_behind_word = false;
            }
        }
    }
    shown + rest
}

/// The word that begins here, and what follows it.
fn encoded_word(from: &str) -> Option<(String, &str)> {
    let (name, rest) = from.strip_prefix("=?")?.split_once('?')?;
    let (kind, rest) = rest.split_once('?')?;
    let (text, behind) = rest.split_once("?=")?;
    if text.contains([' ', '\t', '?']) {
        return None;
    }
    let bytes = match kind {
        "B" | "b" => decode_base64(text.as_bytes())?,
        "Q" | "q" => decode_quoted_printable(text.replace('_', " ").as_bytes())?,
        _ => return None,
    };
    // A language may follow the character set (RFC 2231 section 5).
    let name = name.split('*').next()?;
    Some((decode_charset(name, &bytes)?, behind))
}

#[cfg(test)]
mod tests {
    use super::{
        ContentType, decode_base64, decode_charset, decode_quoted_printable, decode_words, unflowed,
    };

    #[test]
    fn a_media_type_is_read_by_the_rules_only() {
        let read = |value: &str| {
            let parsed = ContentType::parse(value)?;
            Some((parsed.essence.clone(), parsed.parameters()))
        };
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        for (value, essence, parameters) in [
            ("Text/Plain", "text/plain", Some(vec![])),
            (
                "text/html; Charset=\"a\\\"b\" ;x=y;",
                "text/html",
                Some(vec![pair("charset", "a\"b"), pair("x", "y")]),
            ),
            ("text/plain; charset=a; charset=a", "text/plain", None),
            ("text/plain; charset*0=a", "text/plain", None),
            ("text/plain; charset = a", "text/plain", None),
            ("text/plain; charset=a b", "text/plain", None),
            ("text/plain; charset=\"a", "text/plain", None),
            ("text/plain; charset", "text/plain", None),
            ("text/plain; (x) a=b", "text/plain", None),
        ] {
            assert_eq!(read(value), Some((essence.to_owned(), parameters)), "{value}");
        }
        for value in ["", "text", "text/", "text/plain (words)", "a/b/c", "text plain/x"] {
            assert_eq!(read(value), None, "{value}");
        }
    }

    #[test]
    fn transfer_encodings_are_undone_or_refused() {
        for (encoded, expected) in [
            ("a=3Db=c3=A9 \r\nd=\r\ne= \nf =20\n=", Some("a=bé\r\ndef  \n".as_bytes())),
            ("=", Some(b"")),
            ("a=3", None),
            ("a=3G", None),
            ("\u{e9}", None),
            ("a=b=\n", None),
        ] {
            assert_eq!(
                decode_quoted_printable(encoded.as_bytes()).as_deref(),
                expected,
                "{encoded}"
            );
        }
        for (encoded, expected) in [
            ("YW\r\n Jj\r\n", Some(b"abc".as_slice())),
            ("YQ==", Some(b"a")),
            ("", Some(b"")),
            ("YQ", None),
            ("YR==", None),
            ("YQ==YQ==", None),
            ("Y-Q=", None),
        ] {
            assert_eq!(decode_base64(encoded.as_bytes()).as_deref(), expected, "{encoded}");
        }
    }

    #[test]
    fn character_sets_are_strict() {
        for (name, bytes, expected) in [
            ("utf-8", b"\xef\xbb\xbf\xc3\xa9".as_slice(), Some("é")),
            ("UTF-8", b"\xc3", None),
            ("us-ascii", b"a", Some("a")),
            ("US-ASCII", b"\xe9", None),
            ("iso-8859-1", b"\xe9\x93", Some("é“")),
            ("iso-8859-1", b"\xef\xbb\xbf", None),
            ("koi8-r", b"\xc4\xc1", Some("да")),
            ("iso-2022-jp", b"\x1b$B$\"\x1b(B", Some("あ")),
            ("gb2312", b"\xb1\xb1", Some("北")),
            ("utf-16", b"a\0", None),
            ("utf-7", b"a", None),
            ("words", b"a", None),
        ] {
            assert_eq!(decode_charset(name, bytes).as_deref(), expected, "{name}");
        }
    }

    #[test]
    fn flowed_lines_are_joined() {
        for (text, delete_space, expected) in [
            ("one \ntwo\nthree\n", false, "one two\nthree\n"),
            ("on \ne\n", true, "one\n"),
            (" stuffed\n  two\n", false, "stuffed\n two\n"),
            ("> a \n> b\n>> c \nd\n", false, "> a b\n>> c \nd\n"),
            ("a \n-- \nme\n", false, "a \n-- \nme\n"),
            ("a ", false, "a "),
        ] {
            assert_eq!(unflowed(text, delete_space), expected, "{text:?}");
        }
    }

    #[test]
    fn encoded_words_are_shown_as_they_were_meant() {
        for (value, expected) in [
            ("plain", "plain"),
            ("=?utf-8?Q?a_=C3=A9?= =?ISO-8859-1*en?b?6Q==?= c", "a éé c"),
            ("=?utf-8?Q?a b?=", "=?utf-8?Q?a b?="),
            ("=?none?Q?a?= =?", "=?none?Q?a?= =?"),
            ("a =?utf-8?X?a?=", "a =?utf-8?X?a?="),
        ] {
            assert_eq!(decode_words(value), expected, "{value}");
        }
    }
}
