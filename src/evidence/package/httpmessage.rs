//! An HTTP message as a crawler kept it: its first line, its fields, and its body laid bare
//! (RFC 9110, RFC 9112).
//!
//! A body is laid bare in two steps: chunks are joined (transfer coding), then what the server
//! packed is unpacked (content coding). Crawlers often do either themselves and keep the fields
//! as they were; then the body is taken as it stands, and a note says so. What the words in it
//! are worth is left to others.

use std::borrow::Cow;

use crate::evidence::package::inflate::{Packing, allowance, inflate};

/// The longest head of a message, in bytes: 256 KiB. Servers refuse a quarter of that.
pub const MAX_HEAD: usize = 256 * 1024;

/// The most fields of a head. Servers refuse more than some hundreds.
pub const MAX_FIELDS: usize = 1_000;

/// The most content codings on one body: one packing more than anyone has reason for.
pub const MAX_CODINGS: usize = 2;

/// A message: a request or a response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message<'a> {
    /// The first line.
    pub first_line: String,
    /// The status code, if it is a response.
    pub status: Option<u16>,
    /// The fields in order, as they stand; values without the spaces around them.
    pub fields: Vec<(String, String)>,
    /// Everything behind the empty line, as it stands.
    pub body: &'a [u8],
}

/// A body laid bare.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bare<'a> {
    /// The bytes of the page.
    pub bytes: Cow<'a, [u8]>,
    /// What was found beside the rule: lower case, no final period.
    pub notes: Vec<String>,
}

/// Why a message cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// It is no HTTP message.
    #[error("not an http message: {0}")]
    NotHttp(String),
    /// Its body is packed in a way that this version does not read.
    #[error("the body is packed as `{0}`, which is not read: gzip and deflate are")]
    Coding(String),
    /// Its body is cut or damaged.
    #[error("the body is {0}")]
    Body(String),
}

/// Reads the head of a message. Lines end in CRLF, or in LF alone as RFC 9112 section 2.2 lets
/// a reader take them.
pub fn parse(bytes: &[u8]) -> Result<Message<'_>, Error> {
    let not = |fact: &str| Error::NotHttp(fact.to_owned());
    let mut rest = bytes;
    let mut lines = Vec::new();
    loop {
        let taken = bytes.len() - rest.len();
        let most = MAX_HEAD.saturating_sub(taken).min(rest.len());
        let Some(end) = rest[..most].iter().position(|byte| *byte == b'\n') else {
            let fact = if most < rest.len() { "its head is too long" } else { "its head is cut" };
            return Err(not(fact));
        };
        let line = rest[..end].strip_suffix(b"\r").unwrap_or(&rest[..end]);
        rest = &rest[end + 1..];
        if line.is_empty() {
            break;
        }
        if lines.len() > MAX_FIELDS {
            return Err(not("it has too many fields"));
        }
        lines.push(String::from_utf8_lossy(line).into_owned());
    }
    let mut lines = lines.into_iter();
    let first_line = lines.next().ok_or_else(|| not("it has no first line"))?;
    let status = status(&first_line)?;
    let mut fields: Vec<(String, String)> = Vec::new();
    for line in lines {
        // A folded line (RFC 9112 section 5.2) goes on with the field before it.
        if line.starts_with([' ', '\t']) {
            let (_, value) =
                fields.last_mut().ok_or_else(|| not("it begins with a folded line"))?;
            value.push(' ');
            value.push_str(line.trim());
            continue;
        }
        let (name, value) = line.split_once(':').ok_or_else(|| not("a field has no colon"))?;
        if name.is_empty() || name.contains(|c: char| c.is_whitespace() || c.is_control()) {
            return Err(not("a field has no good name"));
        }
        fields.push((name.to_owned(), value.trim().to_owned()));
    }
    Ok(Message { first_line, status, fields, body: rest })
}

/// The status in `HTTP/1.1 200 OK`; none in `GET / HTTP/1.1`.
fn status(line: &str) -> Result<Option<u16>, Error> {
    let wrong = || Error::NotHttp(format!("its first line is `{}`", short(line)));
    let mut words = line.split(' ');
    if !line.starts_with("HTTP/") {
        let is_request = line.split(' ').next_back().is_some_and(|word| word.starts_with("HTTP/"));
        return if is_request { Ok(None) } else { Err(wrong()) };
    }
    let code = words.nth(1).filter(|code| code.len() == 3);
    let code = code.filter(|code| code.bytes().all(|byte| byte.is_ascii_digit()));
    let code = code.and_then(|code| code.parse().ok()).filter(|code| *code >= 100);
    code.map(Some).ok_or_else(wrong)
}

/// The beginning of foreign words, for a message.
fn short(words: &str) -> String {
    words.chars().take(60).collect::<String>().escape_debug().to_string()
}

impl<'a> Message<'a> {
    /// The values of a field, by its name in any case.
    pub fn values(&self, name: &str) -> impl Iterator<Item = &str> {
        let of_name = move |field: &&(String, String)| field.0.eq_ignore_ascii_case(name);
        self.fields.iter().filter(of_name).map(|(_, value)| value.as_str())
    }

    /// The value of a field that stands there once; none where it stands twice with two values.
    pub fn value(&self, name: &str) -> Option<&str> {
        let mut values = self.values(name);
        let first = values.next()?;
        values.all(|value| value == first).then_some(first)
    }

    /// The body with its chunks joined; none where it is not in chunks.
    pub fn joined(&self) -> Result<Option<Vec<u8>>, Error> {
        if !self.says_chunked() {
            return Ok(None);
        }
        join_chunks(self.body)
    }

    fn says_chunked(&self) -> bool {
        self.words("transfer-encoding").any(|word| word == "chunked")
    }

    /// The words of a field that is a list, in lower case.
    fn words(&self, name: &str) -> impl Iterator<Item = String> {
        let lists = self.values(name).flat_map(|value| value.split(','));
        lists.map(|word| word.trim().to_ascii_lowercase()).filter(|word| !word.is_empty())
    }

    /// The body laid bare, of at most `most` bytes.
    pub fn bare(&self, most: u64) -> Result<Bare<'a>, Error> {
        let mut notes = Vec::new();
        let transfers: Vec<String> = self.words("transfer-encoding").collect();
        if let Some(other) =
            transfers.iter().find(|word| !matches!(word.as_str(), "chunked" | "identity"))
        {
            return Err(Error::Coding(short(other)));
        }
        let mut bytes = match self.joined()? {
            Some(joined) => Cow::Owned(joined),
            None => {
                if self.says_chunked() {
                    notes.push("said to be in chunks and is not".to_owned());
                } else if let Some(note) = self.odd_length() {
                    notes.push(note);
                }
                Cow::Borrowed(self.body)
            }
        };
        let codings: Vec<String> =
            self.words("content-encoding").filter(|word| word != "identity").collect();
        if codings.len() > MAX_CODINGS {
            return Err(Error::Coding(short(&codings.join(", "))));
        }
        // The coding that was put on last stands last (RFC 9110 section 8.4).
        for coding in codings.iter().rev() {
            match unpack(coding, &bytes, most)? {
                Some(unpacked) => bytes = Cow::Owned(unpacked),
                None => notes.push(format!("said to be packed as {coding} and is not")),
            }
        }
        if bytes.len() as u64 > most {
            return Err(Error::Body(format!("larger than the {most} bytes that are read")));
        }
        Ok(Bare { bytes, notes })
    }

    /// What is odd about the length that the head gives of a body that is not in chunks.
    fn odd_length(&self) -> Option<String> {
        let found = self.body.len();
        let mut values = self.values("content-length").peekable();
        values.peek()?;
        match self.value("content-length").and_then(|value| value.parse::<u64>().ok()) {
            Some(expected) if expected == found as u64 => None,
            Some(expected) if expected > found as u64 => {
                Some(format!("its head gives a length of {expected} bytes, {found} were kept"))
            }
            Some(expected) => Some(format!(
                "its head gives a length of {expected} bytes, after which {} more were kept",
                found as u64 - expected
            )),
            None => Some("its head gives no one length".to_owned()),
        }
    }
}

/// Joins chunks (RFC 9112 section 7.1). None where the body does not begin with the size of a
/// chunk: a crawler joined them already.
fn join_chunks(body: &[u8]) -> Result<Option<Vec<u8>>, Error> {
    let mut joined = Vec::new();
    let mut rest = body;
    loop {
        let is_first = rest.len() == body.len();
        let Some((size, behind)) = chunk_size(rest) else {
            if is_first {
                return Ok(None);
            }
            return Err(Error::Body("cut or damaged between two chunks".to_owned()));
        };
        if size == 0 {
            return match trailer(behind) {
                Some([]) => Ok(Some(joined)),
                Some(_) => Err(Error::Body("followed by bytes behind its last chunk".to_owned())),
                None => Err(Error::Body("cut behind its last chunk".to_owned())),
            };
        }
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        let (Some(chunk), Some(behind)) = (behind.get(..size), behind.get(size..)) else {
            return Err(Error::Body("cut within a chunk".to_owned()));
        };
        joined.extend_from_slice(chunk);
        let behind = behind.strip_prefix(b"\r\n");
        rest = behind.ok_or_else(|| Error::Body("damaged behind a chunk".to_owned()))?;
    }
}

/// The size that a chunk begins with, and what follows its line. An extension is passed over.
fn chunk_size(bytes: &[u8]) -> Option<(u64, &[u8])> {
    // 16 digits of a size, and an extension that nobody uses.
    const MAX_LINE: usize = 1_024;
    let end = bytes.iter().take(MAX_LINE).position(|byte| *byte == b'\n')?;
    let line = bytes[..end].strip_suffix(b"\r")?;
    let digits = line.split(|byte| *byte == b';').next()?.trim_ascii_end();
    if digits.is_empty() || digits.len() > 16 || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    let size = u64::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()?;
    Some((size, &bytes[end + 1..]))
}

/// What follows the trailer fields and the empty line behind the last chunk.
fn trailer(mut bytes: &[u8]) -> Option<&[u8]> {
    loop {
        let end = bytes.iter().take(MAX_HEAD).position(|byte| *byte == b'\n')?;
        let line = bytes[..end].strip_suffix(b"\r")?;
        bytes = &bytes[end + 1..];
        if line.is_empty() {
            return Some(bytes);
        }
    }
}

/// Takes one content coding off. None where the body does not begin as that coding does: a
/// crawler took it off already.
fn unpack(coding: &str, bytes: &[u8], most: u64) -> Result<Option<Vec<u8>>, Error> {
    if bytes.is_empty() {
        return Ok(None);
    }
    let most = most.min(allowance(bytes.len() as u64));
    let is_gzip = bytes.starts_with(&[0x1f, 0x8b]);
    // RFC 1950: method 8, and the first two bytes as a number divide by 31.
    let is_zlib = matches!(bytes, [first, second, ..]
        if first & 0x0f == 8 && (u16::from(*first) << 8 | u16::from(*second)).is_multiple_of(31));
    let packing = match coding {
        "gzip" | "x-gzip" if is_gzip => Packing::Gzip,
        "gzip" | "x-gzip" => return Ok(None),
        "deflate" if is_zlib => Packing::Zlib,
        // Some servers send bare DEFLATE under that name; what is neither was unpacked before.
        "deflate" => {
            return match inflate(Packing::Deflate, bytes, most) {
                Ok((unpacked, taken)) if taken == bytes.len() => Ok(Some(unpacked)),
                _ => Ok(None),
            };
        }
        other => return Err(Error::Coding(short(other))),
    };
    let mut unpacked = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        let left = most - unpacked.len() as u64;
        let (part, taken) = inflate(packing, rest, left)
            .map_err(|error| Error::Body(format!("packed as {coding}: {error}")))?;
        unpacked.extend_from_slice(&part);
        rest = &rest[taken..];
        if packing == Packing::Zlib && !rest.is_empty() {
            return Err(Error::Body("followed by bytes behind its packed part".to_owned()));
        }
    }
    Ok(Some(unpacked))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

    use super::{Error, MAX_HEAD, parse};

    const MOST: u64 = 1 << 20;

    fn bare(message: &[u8]) -> Result<(String, Vec<String>), Error> {
        let bare = parse(message)?.bare(MOST)?;
        Ok((String::from_utf8_lossy(&bare.bytes).into_owned(), bare.notes))
    }

    fn check(message: &[u8], expected: &str) {
        assert_eq!(bare(message), Ok((expected.to_owned(), Vec::new())));
    }

    #[test]
    fn the_example_of_rfc_9112_section_7_1_is_joined() {
        // The chunks of the section's own decoding rules, with an extension and a trailer field.
        let message = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nWiki\r\n\
            5;a=b\r\npedia\r\nE\r\n in\r\n\r\nchunks.\r\n0\r\nExpires: never\r\n\r\n";
        check(message, "Wikipedia in\r\n\r\nchunks.");
        let start = message.windows(4).position(|four| four == b"Wiki").unwrap();
        for end in start..message.len() {
            let found = bare(&message[..end]);
            assert!(found.is_err(), "{end}: {found:?}");
        }
    }

    #[test]
    fn what_a_crawler_joined_or_unpacked_already_is_taken_as_it_stands() {
        let head =
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Encoding: gzip\r\n\r\n";
        let (words, notes) = bare(format!("{head}<p>words</p>").as_bytes()).unwrap();
        assert_eq!(words, "<p>words</p>");
        let expected = ["said to be in chunks and is not", "said to be packed as gzip and is not"];
        assert_eq!(notes, expected);
    }

    #[test]
    fn gzip_zlib_and_bare_deflate_are_unpacked() {
        let words = b"the words of the page";
        let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
        gzip.write_all(words).unwrap();
        let gzip = gzip.finish().unwrap();
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::best());
        zlib.write_all(words).unwrap();
        let mut deflate = DeflateEncoder::new(Vec::new(), Compression::best());
        deflate.write_all(words).unwrap();
        let packed = |coding: &str, body: &[u8]| {
            let head = format!("HTTP/1.1 200 OK\r\ncontent-encoding: {coding}\r\n\r\n");
            [head.as_bytes(), body].concat()
        };
        let expected = "the words of the page";
        check(&packed("gzip", &gzip), expected);
        check(&packed("deflate", &zlib.finish().unwrap()), expected);
        check(&packed("deflate", &deflate.finish().unwrap()), expected);
        assert_eq!(bare(&packed("br", b"x")), Err(Error::Coding("br".to_owned())));
        assert!(matches!(bare(&packed("gzip,gzip,gzip", &gzip)), Err(Error::Coding(_))));
        for end in 2..gzip.len() {
            let cut = bare(&packed("gzip", &gzip[..end]));
            assert!(matches!(cut, Err(Error::Body(_))), "{end}: {cut:?}");
        }
    }

    #[test]
    fn a_length_that_lies_is_noted() {
        let found = bare(b"HTTP/1.1 200 OK\ncontent-length: 2\n\nfour").unwrap();
        let fact = "its head gives a length of 2 bytes, after which 2 more were kept";
        assert_eq!(found, ("four".to_owned(), vec![fact.to_owned()]));
        let found = bare(b"HTTP/1.1 200 OK\ncontent-length: 9\n\nfour").unwrap();
        assert_eq!(found.1, ["its head gives a length of 9 bytes, 4 were kept"]);
        let found = bare(b"HTTP/1.1 200 OK\nContent-Length: 4\ncontent-length: 5\n\nfour").unwrap();
        assert_eq!(found.1, ["its head gives no one length"]);
    }

    #[test]
    fn heads_that_are_none_are_refused() {
        let check = |message: &[u8], expected: &str| match parse(message) {
            Err(error) => assert!(error.to_string().contains(expected), "{error}"),
            Ok(message) => panic!("{message:?}"),
        };
        check(b"", "cut");
        check(b"\r\n", "no first line");
        check(b"HTTP/1.1 20 OK\r\n\r\n", "first line");
        check(b"HTTP/1.1 +20 OK\r\n\r\n", "first line");
        check(b"hello\r\n\r\n", "first line");
        check(b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n", "no colon");
        check(b"HTTP/1.1 200 OK\r\nbad name: 1\r\n\r\n", "good name");
        check(b"HTTP/1.1 200 OK\r\n folded\r\n\r\n", "folded");
        let long = format!("HTTP/1.1 200 OK\r\na: {}\r\n\r\n", "x".repeat(MAX_HEAD));
        check(long.as_bytes(), "too long");
        let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "a: 1\r\n".repeat(1_001));
        check(many.as_bytes(), "too many fields");
        assert_eq!(parse(b"GET / HTTP/1.1\r\n\r\n").unwrap().status, None);
    }
}
