//! The two spellings in which a message is signed (RFC 6376 section 3.4).
//!
//! `simple` is the bytes as they are; `relaxed` forgives what servers on the way do to white space
//! and to the case of field names. Which parts are signed is left to others.

/// A canonicalization of a header field or of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Canon {
    /// The bytes as they are (sections 3.4.1 and 3.4.3).
    Simple,
    /// White space and the case of names forgiven (sections 3.4.2 and 3.4.4).
    Relaxed,
}

impl Canon {
    /// The canonicalization of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "simple" => Some(Self::Simple),
            "relaxed" => Some(Self::Relaxed),
            _ => None,
        }
    }

    /// Appends a header field, given and written without its last line end.
    pub fn write_field(self, raw: &[u8], out: &mut Vec<u8>) {
        let colon = raw.iter().position(|byte| *byte == b':');
        let (Self::Relaxed, Some(colon)) = (self, colon) else {
            out.extend_from_slice(raw);
            return;
        };
        out.extend(raw[..colon].trim_ascii_end().to_ascii_lowercase());
        out.push(b':');
        let begin = out.len();
        for &byte in &raw[colon + 1..] {
            match byte {
                b'\r' | b'\n' => {}
                b' ' | b'\t' => {
                    if out.len() > begin && out.last() != Some(&b' ') {
                        out.push(b' ');
                    }
                }
                _ => out.push(byte),
            }
        }
        if out.len() > begin && out.last() == Some(&b' ') {
            out.pop();
        }
    }

    /// A body, the lines of which end in CR LF.
    pub fn body(self, body: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(body.len() + 2);
        match self {
            Self::Simple => out.extend_from_slice(body),
            Self::Relaxed => {
                for line in body.split_inclusive(|byte| *byte == b'\n') {
                    write_relaxed_line(line, &mut out);
                }
            }
        }
        if !out.is_empty() && !out.ends_with(b"\r\n") {
            out.extend_from_slice(b"\r\n");
        }
        while out.ends_with(b"\r\n\r\n") {
            out.truncate(out.len() - 2);
        }
        // An empty body is nothing when relaxed, and one line end when simple.
        match self {
            Self::Simple if out.is_empty() => out.extend_from_slice(b"\r\n"),
            Self::Relaxed if out == b"\r\n" => out.clear(),
            Self::Simple | Self::Relaxed => {}
        }
        out
    }
}

fn write_relaxed_line(line: &[u8], out: &mut Vec<u8>) {
    let (words, end) = match line.strip_suffix(b"\r\n") {
        Some(words) => (words, b"\r\n".as_slice()),
        None => (line, b"".as_slice()),
    };
    let begin = out.len();
    for &byte in words {
        if !matches!(byte, b' ' | b'\t') {
            out.push(byte);
        } else if out.len() == begin || out.last() != Some(&b' ') {
            out.push(b' ');
        }
    }
    if out.len() > begin && out.last() == Some(&b' ') {
        out.pop();
    }
    out.extend_from_slice(end);
}

#[cfg(test)]
mod tests {
    use super::Canon::{self, Relaxed, Simple};

    fn field(canon: Canon, raw: &str) -> String {
        let mut out = Vec::new();
        canon.write_field(raw.as_bytes(), &mut out);
        String::from_utf8(out).unwrap()
    }

    fn body(canon: Canon, body: &str) -> String {
        String::from_utf8(canon.body(body.as_bytes())).unwrap()
    }

    #[test]
    fn the_examples_of_the_standard_come_out() {
        // RFC 6376 section 3.4.5, examples 1 and 2.
        assert_eq!(field(Relaxed, "A: X"), "a:X");
        assert_eq!(field(Relaxed, "B : Y\t\r\n\tZ  "), "b:Y Z");
        assert_eq!(body(Relaxed, " C \r\nD \t E\r\n\r\n\r\n"), " C\r\nD E\r\n");
        assert_eq!(field(Simple, "B : Y\t\r\n\tZ  "), "B : Y\t\r\n\tZ  ");
        assert_eq!(body(Simple, " C \r\nD \t E\r\n\r\n\r\n"), " C \r\nD \t E\r\n");
    }

    #[test]
    fn the_end_of_a_body_is_brought_into_one_form() {
        for (given, simple, relaxed) in [
            ("", "\r\n", ""),
            ("\r\n\r\n", "\r\n", ""),
            (" \t\r\n", " \t\r\n", ""),
            ("a", "a\r\n", "a\r\n"),
            ("a \r\n \r\n", "a \r\n \r\n", "a\r\n"),
            ("a\r\n ", "a\r\n \r\n", "a\r\n"),
            ("\r\na", "\r\na\r\n", "\r\na\r\n"),
        ] {
            assert_eq!(body(Simple, given), simple, "{given:?}");
            assert_eq!(body(Relaxed, given), relaxed, "{given:?}");
        }
        assert_eq!(field(Relaxed, "A:"), "a:");
        assert_eq!(field(Relaxed, "A: \r\n "), "a:");
    }
}
