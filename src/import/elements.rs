//! The elements of a JSON document one by one, however many there are: those of an array, those of
//! a feed within an object (`@graph`, `dataFeedElement`, `itemListElement`), or the object itself.
//! Only one element is held at a time, within the limit of a row.

use std::io::{self, BufRead};

use crate::import::draft::MAX_ROW;

/// The names under which an object holds a list of what it is about.
const FEEDS: [&str; 3] = ["@graph", "dataFeedElement", "itemListElement"];

/// The longest name that is looked at, in bytes.
const NAME: usize = 64;

/// One element.
#[derive(Debug, PartialEq, Eq)]
pub struct Element {
    /// The line on which it begins, counted from 1.
    pub line: u64,
    /// Its bytes as they stand; `None` if they are more than [`MAX_ROW`].
    pub bytes: Option<Vec<u8>>,
}

/// A stream as elements.
#[derive(Debug)]
pub struct Elements<R> {
    stream: R,
    line: u64,
    within: Within,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Within {
    /// Before a value of its own.
    Nothing,
    /// In a list that is the whole document, or part of an object.
    List { of_object: bool },
    /// In an object whose list has been read.
    Object,
}

/// Bytes that are kept as far as the limit goes, or passed over.
#[derive(Debug, Default)]
struct Kept {
    bytes: Option<Vec<u8>>,
}

impl Kept {
    fn new() -> Self {
        Self { bytes: Some(Vec::new()) }
    }

    fn push(&mut self, byte: u8) {
        match &mut self.bytes {
            Some(bytes) if bytes.len() < MAX_ROW => bytes.push(byte),
            _ => self.bytes = None,
        }
    }
}

impl<R: BufRead> Elements<R> {
    /// The elements of a stream.
    pub fn new(stream: R) -> Self {
        Self { stream, line: 1, within: Within::Nothing }
    }

    fn peek(&mut self) -> io::Result<Option<u8>> {
        loop {
            match self.stream.fill_buf() {
                Ok(bytes) => return Ok(bytes.first().copied()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn bump(&mut self, byte: u8, kept: &mut Kept) {
        self.stream.consume(1);
        self.line += u64::from(byte == b'\n');
        kept.push(byte);
    }

    /// Passes over white space and commas, and says what comes then.
    fn skip(&mut self, kept: &mut Kept) -> io::Result<Option<u8>> {
        while let Some(byte) = self.peek()? {
            // The byte order mark may stand at the beginning.
            let is_mark = matches!(byte, 0xef | 0xbb | 0xbf) && self.within == Within::Nothing;
            if !(byte.is_ascii_whitespace() || byte == b',' || is_mark) {
                return Ok(Some(byte));
            }
            self.bump(byte, kept);
        }
        Ok(None)
    }

    fn read(&mut self) -> io::Result<Option<Element>> {
        loop {
            let Some(byte) = self.skip(&mut Kept::default())? else { return Ok(None) };
            let line = self.line;
            match (self.within, byte) {
                (Within::Nothing, b'[') => {
                    self.bump(byte, &mut Kept::default());
                    self.within = Within::List { of_object: false };
                }
                (Within::Nothing, b'{') => {
                    let mut kept = Kept::new();
                    self.bump(byte, &mut kept);
                    if self.object(&mut kept)? {
                        return Ok(Some(Element { line, bytes: kept.bytes }));
                    }
                }
                (Within::List { of_object }, b']') => {
                    self.bump(byte, &mut Kept::default());
                    self.within = if of_object { Within::Object } else { Within::Nothing };
                }
                (Within::Object, _) => {
                    if self.object(&mut Kept::default())? {
                        self.within = Within::Nothing;
                    }
                }
                _ => {
                    let mut kept = Kept::new();
                    self.value(byte, &mut kept)?;
                    return Ok(Some(Element { line, bytes: kept.bytes }));
                }
            }
        }
    }

    /// Reads on in an object: true at its end, false where a list begins that is what it is about.
    fn object(&mut self, kept: &mut Kept) -> io::Result<bool> {
        while let Some(byte) = self.skip(kept)? {
            if byte == b'}' {
                self.bump(byte, kept);
                return Ok(true);
            }
            if byte != b'"' {
                self.value(byte, kept)?;
                continue;
            }
            let name = self.name(kept)?;
            let mut next = self.skip(kept)?;
            if next == Some(b':') {
                self.bump(b':', kept);
                next = self.skip(kept)?;
            }
            let Some(byte) = next else { return Ok(true) };
            if byte == b'[' && FEEDS.contains(&name.as_str()) {
                self.bump(byte, &mut Kept::default());
                self.within = Within::List { of_object: true };
                return Ok(false);
            }
            if byte != b'}' {
                self.value(byte, kept)?;
            }
        }
        Ok(true)
    }

    /// A name in quotation marks; what is longer than any that is looked for comes out short.
    fn name(&mut self, kept: &mut Kept) -> io::Result<String> {
        let mut name = Vec::new();
        self.bump(b'"', kept);
        let mut is_escaped = false;
        while let Some(byte) = self.peek()? {
            self.bump(byte, kept);
            if byte == b'"' && !is_escaped {
                break;
            }
            is_escaped = byte == b'\\' && !is_escaped;
            if name.len() < NAME {
                name.push(byte);
            }
        }
        Ok(String::from_utf8_lossy(&name).into_owned())
    }

    /// One value whole, whatever it holds; or at least one byte, so that nothing stands still.
    fn value(&mut self, first: u8, kept: &mut Kept) -> io::Result<()> {
        let is_scalar = !matches!(first, b'{' | b'[' | b'"');
        self.bump(first, kept);
        let (mut depth, mut in_text, mut is_escaped) =
            (u64::from(!is_scalar && first != b'"'), first == b'"', false);
        while let Some(byte) = self.peek()? {
            let is_end = matches!(byte, b',' | b']' | b'}') || byte.is_ascii_whitespace();
            if is_scalar && is_end || !is_scalar && depth == 0 && !in_text {
                break;
            }
            self.bump(byte, kept);
            match byte {
                _ if is_escaped => is_escaped = false,
                b'\\' if in_text => is_escaped = true,
                b'"' => in_text = !in_text,
                b'{' | b'[' if !in_text => depth += 1,
                b'}' | b']' if !in_text => depth = depth.saturating_sub(1),
                _ => {}
            }
        }
        Ok(())
    }
}

impl<R: BufRead> Iterator for Elements<R> {
    type Item = io::Result<Element>;

    fn next(&mut self) -> Option<Self::Item> {
        self.read().transpose()
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufReader, Read, repeat};

    use super::Elements;

    fn check(text: &str, expected: &[(u64, &str)]) {
        let found: Vec<(u64, String)> = Elements::new(text.as_bytes())
            .map(|element| {
                let element = element.unwrap();
                (element.line, String::from_utf8(element.bytes.unwrap()).unwrap())
            })
            .collect();
        let found: Vec<(u64, &str)> = found.iter().map(|(line, it)| (*line, it.as_str())).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn elements_are_found_wherever_a_document_holds_them() {
        check("{\"a\": [1, {\"b\": \"}\"}]}", &[(1, "{\"a\": [1, {\"b\": \"}\"}]}")]);
        check(
            "[{\"a\": 1},\n {\"a\": \"]\\\"\"}]",
            &[(1, "{\"a\": 1}"), (2, "{\"a\": \"]\\\"\"}")],
        );
        let feed = "{\"@type\": \"DataFeed\", \"x\": {\"@graph\": []},\n\"dataFeedElement\": \
                    [{\"a\": 1},\n{\"a\": 2}], \"y\": [3], \"@graph\": [{\"a\": 4}]}\n{\"a\": 5}";
        let elements = [(2, "{\"a\": 1}"), (3, "{\"a\": 2}"), (3, "{\"a\": 4}"), (4, "{\"a\": 5}")];
        check(feed, &elements);
        check("\u{feff}[]", &[]);
        check("[1, \"a\", null]", &[(1, "1"), (1, "\"a\""), (1, "null")]);
        check("[{\"a\": 1}, {\"a\": ", &[(1, "{\"a\": 1}"), (1, "{\"a\": ")]);
        check("{\"a\"", &[(1, "{\"a\"")]);
        check("}", &[(1, "}")]);
        check("", &[]);
    }

    #[test]
    fn an_element_of_a_hundred_megabytes_is_passed_over() {
        let long = repeat(b'x').take(100 * 1024 * 1024);
        let stream = b"[{\"a\": \"".chain(long).chain(&b"\"}, {\"a\": 2}]"[..]);
        let elements = Elements::new(BufReader::new(stream)).map(|it| it.unwrap().bytes);
        let lengths: Vec<_> = elements.map(|bytes| bytes.map(|it| it.len())).collect();
        assert_eq!(lengths, [None, Some(8)]);
    }
}
