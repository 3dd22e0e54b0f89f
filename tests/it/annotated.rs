//! CBOR as people can read it: hex with a comment at each item, and back to bytes.
//!
//! The reader knows three things only: `#` begins a comment, hex digits are bytes, and `61*300`
//! is the byte 61 three hundred times.

/// The widest run of content on one line, in bytes.
const LINE: usize = 24;

/// A run of one byte longer than this is written with a `*`.
const RUN: usize = 64;

/// Labels in the protected header (RFC 9052 section 3.1, RFC 9597, RFC 9596).
const HEADER: &[(u64, &str)] =
    &[(1, "alg"), (2, "crit"), (3, "content type"), (4, "kid"), (15, "CWT claims"), (16, "typ")];

/// Keys of the CWT claims (RFC 8392 section 4).
const CLAIMS: &[(u64, &str)] = &[(1, "iss"), (2, "sub"), (6, "iat")];

/// The parts of a `COSE_Sign1` (RFC 9052 section 4.2).
const PARTS: [&str; 4] = ["protected", "unprotected", "payload", "signature"];

/// Bytes as commented hex. What is not CBOR is written without comments, never refused.
pub(crate) fn annotate(bytes: &[u8]) -> String {
    let mut page = Page { bytes, at: 0, depth: 0, lines: Vec::new() };
    while page.at < bytes.len() {
        let (start, written) = (page.at, page.lines.len());
        if page.item("", &[]).is_none() {
            page.lines.truncate(written);
            page.depth = 0;
            page.raw(&bytes[start..]);
            break;
        }
    }
    page.lines.concat()
}

/// The bytes that commented hex stands for; panics where it is neither.
pub(crate) fn bytes_of(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default());
    for token in lines.flat_map(str::split_whitespace) {
        let (digits, times) = token.split_once('*').unwrap_or((token, "1"));
        let times: usize = times.parse().unwrap_or_else(|_| panic!("{token}: no count"));
        assert!(digits.is_ascii() && digits.len().is_multiple_of(2), "{token}: half a byte");
        let run: Vec<u8> = (0..digits.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&digits[at..at + 2], 16))
            .collect::<Result<_, _>>()
            .unwrap_or_else(|_| panic!("{token}: not hex"));
        bytes.extend(run.repeat(times));
    }
    bytes
}

struct Page<'a> {
    bytes: &'a [u8],
    at: usize,
    depth: usize,
    lines: Vec<String>,
}

impl<'a> Page<'a> {
    /// Writes one item; `role` says what it is for, `labels` what its integer keys mean.
    fn item(&mut self, role: &str, labels: &[(u64, &str)]) -> Option<()> {
        let start = self.at;
        let (major, argument) = self.head()?;
        let head = &self.bytes[start..self.at];
        let length = usize::try_from(argument).ok()?;
        match major {
            0 => self.line(head, &format!("{role}{argument}{}", meaning(labels, argument))),
            1 => self.line(head, &format!("{role}-{}", u128::from(argument) + 1)),
            2 => self.byte_string(head, role, length)?,
            3 => self.text(head, role, length)?,
            4 => {
                self.line(head, &format!("{role}array of {argument}"));
                for index in 0..length {
                    let part = PARTS.get(index).filter(|_| self.depth == 1);
                    let part = part.map(|part| format!("{part}: ")).unwrap_or_default();
                    self.inside(|page| page.item(&part, &[]))?;
                }
            }
            5 => {
                self.line(head, &format!("{role}map of {argument}"));
                for _ in 0..length {
                    let claims = self.bytes.get(self.at) == Some(&15) && labels == HEADER;
                    self.inside(|page| page.item("", labels))?;
                    let labels = if claims { CLAIMS } else { &[] };
                    self.inside(|page| page.inside(|page| page.item("", labels)))?;
                }
            }
            6 => {
                self.line(head, &format!("{role}tag {argument}"));
                self.inside(|page| page.item("", &[]))?;
            }
            _ => self.line(head, &format!("{role}{}", simple(argument))),
        }
        Some(())
    }

    fn byte_string(&mut self, head: &[u8], role: &str, length: usize) -> Option<()> {
        let content = self.take(length)?;
        let mut nested = Page { bytes: content, at: 0, depth: self.depth + 1, lines: Vec::new() };
        let labels = if role == "protected: " { HEADER } else { &[] };
        let is_map = content.first().is_some_and(|first| first >> 5 == 5);
        if is_map && nested.item("", labels).is_some() && nested.at == content.len() {
            self.line(head, &format!("{role}{length} bytes, which hold"));
            self.lines.append(&mut nested.lines);
        } else {
            self.line(head, &format!("{role}{length} bytes"));
            self.inside(|page| page.raw(content));
        }
        Some(())
    }

    fn text(&mut self, head: &[u8], role: &str, length: usize) -> Option<()> {
        let bytes = self.take(length)?;
        let text = std::str::from_utf8(bytes).ok()?;
        if head.len() + length <= LINE {
            let whole = &self.bytes[self.at - length - head.len()..self.at];
            self.line(whole, &format!("{role}{text:?}"));
            return Some(());
        }
        self.line(head, &format!("{role}text of {length} bytes"));
        if is_run(bytes) {
            self.inside(|page| page.raw(bytes));
            return Some(());
        }
        let mut rest = text;
        while !rest.is_empty() {
            let fits = |end: &usize| *end <= LINE && rest.is_char_boundary(*end);
            let end = (0..=rest.len()).rev().find(fits).unwrap_or(rest.len());
            let (chunk, after) = rest.split_at(end);
            self.inside(|page| page.line(chunk.as_bytes(), &format!("{chunk:?}")));
            rest = after;
        }
        Some(())
    }

    fn inside<T>(&mut self, write: impl FnOnce(&mut Self) -> T) -> T {
        self.depth += 1;
        let written = write(self);
        self.depth -= 1;
        written
    }

    fn line(&mut self, bytes: &[u8], comment: &str) {
        let code = format!("{}{}", "  ".repeat(self.depth), hex(bytes));
        self.lines.push(format!("{code:<56} # {comment}\n"));
    }

    fn raw(&mut self, bytes: &[u8]) {
        let indent = "  ".repeat(self.depth);
        if is_run(bytes) {
            self.lines.push(format!("{indent}{:02x}*{}\n", bytes[0], bytes.len()));
            return;
        }
        for chunk in bytes.chunks(LINE) {
            self.lines.push(format!("{indent}{}\n", hex(chunk)));
        }
    }

    fn head(&mut self) -> Option<(u8, u64)> {
        let initial = self.take(1)?[0];
        let argument = match initial & 0x1f {
            small @ 0..=23 => u64::from(small),
            info @ 24..=27 => {
                let bytes = self.take(1 << (info - 24))?;
                bytes.iter().fold(0, |value, byte| value << 8 | u64::from(*byte))
            }
            _ => return None,
        };
        Some((initial >> 5, argument))
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let taken = self.bytes.get(self.at..self.at.checked_add(length)?)?;
        self.at += length;
        Some(taken)
    }
}

fn is_run(bytes: &[u8]) -> bool {
    bytes.len() > RUN && bytes.iter().all(|byte| *byte == bytes[0])
}

fn meaning(labels: &[(u64, &str)], number: u64) -> String {
    let found = labels.iter().find(|(label, _)| *label == number);
    found.map(|(_, name)| format!(", {name}")).unwrap_or_default()
}

fn simple(argument: u64) -> &'static str {
    match argument {
        20 => "false",
        21 => "true",
        22 => "null",
        23 => "undefined",
        _ => "a float or another simple value",
    }
}

fn hex(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from_digit(value.into(), 16).expect("four bits");
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 0xf)]).collect()
}

#[test]
fn annotated_bytes_read_back_the_same() {
    let samples: [&[u8]; 6] = [
        b"",
        b"\xd2\x84\x43\xa1\x01\x27\xa0\x40\x40",
        b"\xa1\x61a\x9f\xff",
        b"\xf9\x3e\x00",
        &[0x61; 100],
        b"\x78\x1dclaims, said and written down\xff",
    ];
    for sample in samples {
        assert_eq!(bytes_of(&annotate(sample)), sample, "{}", annotate(sample));
    }
    assert_eq!(bytes_of("01 0203 # 04\n05*3"), [1, 2, 3, 5, 5, 5]);
}
