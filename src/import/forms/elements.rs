//! The elements of a JSON document one by one, however many there are: those of an array, those of
//! a feed within an object (`@graph`, `dataFeedElement`, `itemListElement`), or the object itself.
//! Only one element is held at a time, within the limit of a row, and of a feed what stands around
//! its list. Whether an element is JSON is for its reader to say; that a list or the object around
//! it breaks off, or is none, is said here, in the place of an element.

use std::io::{self, BufRead};

use crate::import::draft::{MAX_ROW, Problem};
use crate::import::forms::strict_json;

/// The names under which an object holds a list of what it is about.
const FEEDS: [&str; 3] = ["@graph", "dataFeedElement", "itemListElement"];

/// The longest name that is looked at, in bytes.
const NAME: usize = 64;

/// One element.
#[derive(Debug, PartialEq, Eq)]
pub struct Element {
    /// The line on which it begins, counted from 1.
    pub line: u64,
    /// Its bytes as they stand, or what is wrong in its place: it has more than [`MAX_ROW`], or what
    /// holds it is damaged.
    pub bytes: Result<Vec<u8>, Problem>,
}

/// A stream as elements.
#[derive(Debug)]
pub struct Elements<R> {
    stream: R,
    line: u64,
    within: Within,
    /// What came last in the list.
    last: Last,
    /// Whether it was said that the elements of the list are not parted as they should be.
    is_told: bool,
    /// The object that holds the list, without what stands in it.
    around: Around,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Within {
    /// Before a value of its own.
    Nothing,
    /// In a list that is the whole document, or part of an object.
    List { of_object: bool },
    /// In an object.
    Object,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Last {
    Nothing,
    Element,
    Comma,
}

#[derive(Debug, Default)]
struct Around {
    line: u64,
    kept: Kept,
    has_list: bool,
}

/// Where reading on in an object ends.
enum Stop {
    /// At its end.
    End,
    /// Where a list begins that is what it is about.
    List,
    /// The stream is over.
    BreaksOff,
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

    fn or_too_long(self) -> Result<Vec<u8>, Problem> {
        let what = || Problem::new(format!("the element has more than {MAX_ROW} bytes"));
        self.bytes.ok_or_else(what)
    }
}

impl<R: BufRead> Elements<R> {
    /// The elements of a stream that begins on this line.
    pub fn new(stream: R, line: u64) -> Self {
        let (within, last, is_told) = (Within::Nothing, Last::Nothing, false);
        Self { stream, line, within, last, is_told, around: Around::default() }
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

    /// Passes over white space, and says what comes then.
    fn skip(&mut self, kept: &mut Kept) -> io::Result<Option<u8>> {
        while let Some(byte) = self.peek()? {
            // The byte order mark may stand at the beginning.
            let is_mark = matches!(byte, 0xef | 0xbb | 0xbf) && self.within == Within::Nothing;
            if !(byte.is_ascii_whitespace() || is_mark) {
                return Ok(Some(byte));
            }
            self.bump(byte, kept);
        }
        Ok(None)
    }

    fn read(&mut self) -> io::Result<Option<Element>> {
        loop {
            if self.within == Within::Object {
                if let Some(element) = self.object()? {
                    return Ok(Some(element));
                }
                continue;
            }
            let Some(byte) = self.skip(&mut Kept::default())? else { return Ok(self.end()) };
            let line = self.line;
            let is_stray = match (self.within, byte) {
                (Within::List { .. }, b',') => self.last != Last::Element,
                (Within::List { .. }, b']') => self.last == Last::Comma,
                (Within::List { .. }, _) => self.last == Last::Element,
                (_, b',') => true,
                _ => false,
            };
            if is_stray && !std::mem::replace(&mut self.is_told, true) {
                let what = "commas do not part the elements, one between each two";
                let problem = Problem::new(what).hint("something is missing, or was put there");
                return Ok(Some(Element { line, bytes: Err(problem) }));
            }
            if let Some(bytes) = self.step(byte)? {
                return Ok(Some(Element { line, bytes }));
            }
        }
    }

    /// Takes what stands outside of objects: an element whole, or the sign that begins, parts or
    /// ends something.
    fn step(&mut self, byte: u8) -> io::Result<Option<Result<Vec<u8>, Problem>>> {
        match (self.within, byte) {
            (_, b',') => self.last = Last::Comma,
            (Within::Nothing, b'[') => self.begin_list(false),
            (Within::Nothing, b'{') => {
                self.around = Around { line: self.line, kept: Kept::new(), has_list: false };
                self.around.kept.push(byte);
                self.within = Within::Object;
            }
            (Within::List { of_object: true }, b']') => {
                self.around.kept.push(byte);
                self.within = Within::Object;
            }
            (Within::List { of_object: false }, b']') => self.within = Within::Nothing,
            _ => {
                let mut kept = Kept::new();
                if self.value(byte, &mut kept)? {
                    // The element shows that it breaks off; that its list does too is no news.
                    self.within = Within::Nothing;
                }
                self.last = Last::Element;
                return Ok(Some(kept.or_too_long()));
            }
        }
        self.bump(byte, &mut Kept::default());
        Ok(None)
    }

    fn begin_list(&mut self, of_object: bool) {
        self.within = Within::List { of_object };
        (self.last, self.is_told) = (Last::Nothing, false);
    }

    /// What is wrong where the stream ends, if something is.
    fn end(&mut self) -> Option<Element> {
        let within = std::mem::replace(&mut self.within, Within::Nothing);
        let Within::List { .. } = within else { return None };
        Some(Element { line: self.line, bytes: Err(breaks_off("list")) })
    }

    /// Reads on in an object: to its end, where it is an element if it holds no list of them, or to
    /// where a list begins.
    fn object(&mut self) -> io::Result<Option<Element>> {
        let mut around = std::mem::take(&mut self.around);
        match self.fields(&mut around.kept)? {
            Stop::List => {
                around.has_list = true;
                self.around = around;
                self.begin_list(true);
                Ok(None)
            }
            Stop::BreaksOff if around.has_list => {
                self.within = Within::Nothing;
                Ok(Some(Element { line: self.line, bytes: Err(breaks_off("object")) }))
            }
            Stop::End if around.has_list => {
                self.within = Within::Nothing;
                let read = around.kept.or_too_long().and_then(|bytes| strict_json::read(&bytes));
                let problem = read.err().map(|Problem { what, hint }| Problem {
                    what: format!("what stands around the list: {what}"),
                    hint,
                });
                Ok(problem.map(|problem| Element { line: around.line, bytes: Err(problem) }))
            }
            Stop::End | Stop::BreaksOff => {
                self.within = Within::Nothing;
                Ok(Some(Element { line: around.line, bytes: around.kept.or_too_long() }))
            }
        }
    }

    fn fields(&mut self, kept: &mut Kept) -> io::Result<Stop> {
        while let Some(byte) = self.skip(kept)? {
            match byte {
                b'}' => {
                    self.bump(byte, kept);
                    return Ok(Stop::End);
                }
                b',' => {
                    self.bump(byte, kept);
                    continue;
                }
                b'"' => {}
                _ => {
                    self.value(byte, kept)?;
                    continue;
                }
            }
            let name = self.name(kept)?;
            let mut next = self.skip(kept)?;
            if next == Some(b':') {
                self.bump(b':', kept);
                next = self.skip(kept)?;
            }
            match next {
                None => return Ok(Stop::BreaksOff),
                Some(byte) if byte == b'[' && FEEDS.contains(&name.as_str()) => {
                    self.bump(byte, kept);
                    return Ok(Stop::List);
                }
                Some(b'}' | b',') => {}
                Some(byte) => {
                    self.value(byte, kept)?;
                }
            }
        }
        Ok(Stop::BreaksOff)
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

    /// One value whole, whatever it holds; or at least one byte, so that nothing stands still. Whether
    /// the stream ends within it.
    fn value(&mut self, first: u8, kept: &mut Kept) -> io::Result<bool> {
        let is_scalar = !matches!(first, b'{' | b'[' | b'"');
        self.bump(first, kept);
        let (mut depth, mut in_text, mut is_escaped) =
            (u64::from(!is_scalar && first != b'"'), first == b'"', false);
        while let Some(byte) = self.peek()? {
            let is_end = matches!(byte, b',' | b']' | b'}') || byte.is_ascii_whitespace();
            if is_scalar && is_end || !is_scalar && depth == 0 && !in_text {
                return Ok(false);
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
        Ok(depth > 0 || in_text)
    }
}

fn breaks_off(within: &str) -> Problem {
    Problem::new(format!("the JSON breaks off within the {within} that holds the elements"))
        .hint("what stood behind is missing: fetch the file again, and import it again")
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

    use super::{Elements, Problem};

    fn check(text: &str, expected: &[(u64, &str)]) {
        let found: Vec<(u64, String)> = Elements::new(text.as_bytes(), 1)
            .map(|element| {
                let element = element.unwrap();
                let words = |problem: Problem| format!("! {}", problem.what);
                let text = element.bytes.map(|bytes| String::from_utf8(bytes).unwrap());
                (element.line, text.unwrap_or_else(words))
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
    fn what_holds_the_elements_and_is_damaged_is_said() {
        let list = "! the JSON breaks off within the list that holds the elements";
        let object = "! the JSON breaks off within the object that holds the elements";
        let commas = "! commas do not part the elements, one between each two";
        check("[", &[(1, list)]);
        check("[{\"a\": 1},\n{\"a\": 2}\n", &[(1, "{\"a\": 1}"), (2, "{\"a\": 2}"), (3, list)]);
        check("{\"@graph\":[", &[(1, list)]);
        check("{\"@graph\":[{\"a\": 1},", &[(1, "{\"a\": 1}"), (1, list)]);
        check("{\"@graph\":[{\"a\": 1}]", &[(1, "{\"a\": 1}"), (1, object)]);
        check("{\"@graph\":[{\"a\": 1}], \"b\": \"", &[(1, "{\"a\": 1}"), (1, object)]);
        check("[,,,1,,,2]", &[(1, commas), (1, "1"), (1, "2")]);
        check("[1 2]", &[(1, "1"), (1, commas), (1, "2")]);
        check("[1,\n]", &[(1, "1"), (2, commas)]);
        check("{\"a\": 1},{\"a\": 2}", &[(1, "{\"a\": 1}"), (1, commas), (1, "{\"a\": 2}")]);
        let colon = "! what stands around the list: not JSON: expected `:`, at character 11";
        check("{\"@graph\" [1]}", &[(1, "1"), (1, colon)]);
        let twice = "! what stands around the list: not JSON: the name \"@graph\" stands there \
                     twice, at character 21";
        check("{\"@graph\":[1],\"@graph\":[2]}", &[(1, "1"), (1, "2"), (1, twice)]);
        check(
            "{\"@graph\":[1],,\"b\":2}",
            &[
                (1, "1"),
                (
                    1,
                    "! what stands around the list: not \
            JSON: key must be a string, at character 14",
                ),
            ],
        );
    }

    #[test]
    fn an_element_of_a_hundred_megabytes_is_passed_over() {
        let long = repeat(b'x').take(100 * 1024 * 1024);
        let stream = b"[{\"a\": \"".chain(long).chain(&b"\"}, {\"a\": 2}]"[..]);
        let elements = Elements::new(BufReader::new(stream), 1).map(|it| it.unwrap().bytes);
        let lengths: Vec<_> = elements.map(|bytes| bytes.ok().map(|it| it.len())).collect();
        assert_eq!(lengths, [None, Some(8)]);
    }
}
