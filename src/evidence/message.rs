//! An e-mail message as its bytes: header fields, one line end, a body (RFC 5322 section 2.1).
//!
//! Strict where readers differ: a message that two programs could take apart in two ways is
//! refused here, for the text that is derived from it and for the signature over it alike. What
//! the fields mean is left to others.

/// The largest message, in bytes: 32 MiB. Large mail services take 25 MB; base64 adds a third.
pub const MAX_MESSAGE: u64 = 32 * 1024 * 1024;

/// The longest header, in bytes: 256 KiB. Mail servers stop at 32 to 128 KiB.
pub const MAX_HEADER: usize = 256 * 1024;

/// The most header fields: a much-forwarded message has about a hundred.
pub const MAX_FIELDS: usize = 1000;

/// Why bytes are no message that is read here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The message is larger than is read.
    #[error("message of {size} bytes is larger than {MAX_MESSAGE}, the most that is read")]
    TooLarge {
        /// The size found, in bytes.
        size: u64,
    },
    /// The header is longer, or has more fields, than is read.
    #[error("header is longer than {MAX_HEADER} bytes or has more than {MAX_FIELDS} fields")]
    HeaderTooLong,
    /// Some lines end in CR LF and some in LF alone: where a line ends depends on who reads it.
    #[error("lines end in two ways: byte {at} is a line feed unlike the first")]
    LineEnds {
        /// The first line feed that ends a line in another way than the first line ends.
        at: u64,
    },
    /// A carriage return that ends no line, or a NUL, neither of which may stand in a message.
    #[error("byte {at} is a NUL, or a carriage return without a line feed")]
    Control {
        /// Its place.
        at: u64,
    },
    /// A line of the header is neither a field nor the continuation of one.
    #[error("line {line} is no header field")]
    NoField {
        /// The line's number, from 1.
        line: u64,
    },
}

/// How the lines of a message end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineEnd {
    /// CR LF, as in transit (RFC 5322 section 2.1).
    CrLf,
    /// LF alone, as many programs save messages.
    Lf,
}

/// A header field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field<'a> {
    /// The name as written, without the spaces that may stand before the colon.
    pub name: &'a str,
    /// What stands behind the colon, with its folds, without the last line end.
    pub value: &'a [u8],
    /// The whole field, without the last line end.
    pub raw: &'a [u8],
    /// Whether white space stands before the colon, which programs read differently.
    pub is_spaced: bool,
}

impl Field<'_> {
    /// Whether the field has this name; case says nothing.
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    /// The value in one line, without white space at its ends (RFC 5322 section 2.2.3).
    ///
    /// `None` if it is not UTF-8 (RFC 6532).
    pub fn unfolded(&self) -> Option<String> {
        let line: Vec<u8> =
            self.value.iter().copied().filter(|byte| !matches!(byte, b'\r' | b'\n')).collect();
        let line = String::from_utf8(line).ok()?;
        Some(line.trim_matches([' ', '\t']).to_owned())
    }
}

/// A message, or a part of one, in two.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Halves<'a> {
    /// The header fields from top to bottom.
    pub fields: Vec<Field<'a>>,
    /// What follows the empty line; nothing if there is none.
    pub body: &'a [u8],
}

impl<'a> Halves<'a> {
    /// The fields of this name, from top to bottom.
    pub fn named<'b>(&'b self, name: &'b str) -> impl Iterator<Item = &'b Field<'a>> {
        self.fields.iter().filter(move |field| field.is(name))
    }
}

/// How the lines of a message end; an error if they do not all end alike.
///
/// A message of one line without an end counts as CR LF.
pub fn line_end(bytes: &[u8]) -> Result<LineEnd, Error> {
    let size = bytes.len() as u64;
    if size > MAX_MESSAGE {
        return Err(Error::TooLarge { size });
    }
    let mut first = None;
    for (at, &byte) in bytes.iter().enumerate() {
        let found = match byte {
            b'\n' if at > 0 && bytes[at - 1] == b'\r' => LineEnd::CrLf,
            b'\n' => LineEnd::Lf,
            b'\r' if bytes.get(at + 1) != Some(&b'\n') => {
                return Err(Error::Control { at: at as u64 });
            }
            0 => return Err(Error::Control { at: at as u64 }),
            _ => continue,
        };
        if *first.get_or_insert(found) != found {
            return Err(Error::LineEnds { at: at as u64 });
        }
    }
    Ok(first.unwrap_or(LineEnd::CrLf))
}

/// Takes a message, or a part of one, apart. Its line ends must have been looked at before.
pub fn split(bytes: &[u8]) -> Result<Halves<'_>, Error> {
    let mut fields: Vec<(usize, usize)> = Vec::new();
    let (mut at, mut line_number) = (0, 0_u64);
    let body = loop {
        let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) else { break &[][..] };
        let (line, next) = first_line(rest);
        line_number += 1;
        if line.is_empty() {
            break &rest[next..];
        }
        let is_folded = matches!(line[0], b' ' | b'\t');
        let says_nothing = line.iter().all(|byte| matches!(byte, b' ' | b'\t'));
        match fields.last_mut() {
            // A line of white space alone ends the header for some programs.
            _ if says_nothing => return Err(Error::NoField { line: line_number }),
            Some(last) if is_folded => last.1 = at + line.len(),
            _ => fields.push((at, at + line.len())),
        }
        at += next;
        if at > MAX_HEADER || fields.len() > MAX_FIELDS {
            return Err(Error::HeaderTooLong);
        }
    };
    let fields = fields.into_iter().map(|(start, end)| {
        field(&bytes[start..end]).ok_or_else(|| {
            // The header up to here is lines with ends, so one more piece than ends.
            let pieces = bytes[..start].split(|byte| *byte == b'\n').count();
            Error::NoField { line: pieces as u64 }
        })
    });
    Ok(Halves { fields: fields.collect::<Result<_, _>>()?, body })
}

/// The first line without its end, and where the next begins.
pub fn first_line(bytes: &[u8]) -> (&[u8], usize) {
    match bytes.iter().position(|byte| *byte == b'\n') {
        Some(end) => {
            let line = &bytes[..end];
            (line.strip_suffix(b"\r").unwrap_or(line), end + 1)
        }
        None => (bytes, bytes.len()),
    }
}

/// `name ":" value`; the name is visible ASCII (RFC 5322 section 3.6.8).
fn field(raw: &[u8]) -> Option<Field<'_>> {
    let colon = raw.iter().position(|byte| *byte == b':')?;
    let (before, value) = (&raw[..colon], &raw[colon + 1..]);
    let name = std::str::from_utf8(before).ok()?.trim_end_matches([' ', '\t']);
    if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_graphic()) {
        return None;
    }
    Some(Field { name, value, raw, is_spaced: name.len() != before.len() })
}

#[cfg(test)]
mod tests {
    use super::{Error, LineEnd, MAX_FIELDS, MAX_HEADER, line_end, split};

    #[test]
    fn fields_are_unfolded_and_the_body_begins_behind_the_empty_line() {
        for end in ["\r\n", "\n"] {
            let message = "From: a\nsubject :one\n two\n\nbody\n\nmore".replace('\n', end);
            let halves = split(message.as_bytes()).unwrap();
            let found: Vec<_> = halves
                .fields
                .iter()
                .map(|field| (field.name, field.unfolded().unwrap(), field.is_spaced))
                .collect();
            let expected =
                [("From", "a".to_owned(), false), ("subject", "one two".to_owned(), true)];
            assert_eq!(found, expected);
            assert_eq!(halves.body, "body\n\nmore".replace('\n', end).as_bytes());
        }
        assert_eq!(split(b"a: b\n").unwrap().body, b"");
        assert_eq!(split(b"\nbody").unwrap().body, b"body");
    }

    #[test]
    fn a_header_that_programs_read_differently_is_refused() {
        for (message, line) in [
            ("From me Fri Jul 11\nFrom: a\n\n", 1),
            (" folded: first\n\n", 1),
            ("From: a\n \n\n", 2),
            ("From: a\nno colon\n\n", 2),
            ("From: a\n: nameless\n\n", 2),
            ("From: a\nNam\u{e9}: b\n\n", 2),
        ] {
            assert_eq!(split(message.as_bytes()), Err(Error::NoField { line }), "{message}");
        }
        let long = format!("a: {}\n", "x".repeat(MAX_HEADER));
        assert_eq!(split(long.as_bytes()), Err(Error::HeaderTooLong));
        assert_eq!(split("a:\n".repeat(MAX_FIELDS + 1).as_bytes()), Err(Error::HeaderTooLong));
        assert!(split("a:\n".repeat(MAX_FIELDS).as_bytes()).is_ok());
    }

    #[test]
    fn lines_end_in_one_way_only() {
        for (bytes, expected) in [
            (b"a\r\nb\r\n".as_slice(), Ok(LineEnd::CrLf)),
            (b"a\nb\n", Ok(LineEnd::Lf)),
            (b"a", Ok(LineEnd::CrLf)),
            (b"a\r\nb\n", Err(Error::LineEnds { at: 4 })),
            (b"a\nb\r\n", Err(Error::LineEnds { at: 4 })),
            (b"a\rb", Err(Error::Control { at: 1 })),
            (b"a\n\r", Err(Error::Control { at: 2 })),
            (b"a\0", Err(Error::Control { at: 1 })),
        ] {
            assert_eq!(line_end(bytes), expected, "{bytes:?}");
        }
    }
}
