//! A WARC file, record by record (ISO 28500:2009 and :2017, WARC 1.0 and 1.1).
//!
//! ```text
//! WARC/1.1 CRLF
//! (name ":" value CRLF)…          the fields; a line that begins with a space goes on
//! CRLF
//! block                           Content-Length bytes
//! CRLF CRLF
//! ```
//! Plain, or each record a gzip member of its own (annex D). Read strictly: a record that is cut,
//! that says its length or type twice, or that has anything behind it, is an error that names the
//! record and its place. Digests are held against the records here; whether the crawler saw what
//! the site sent, no WARC can say.

use std::borrow::Cow;

use crate::evidence::package::httpmessage::{self, Message};
use crate::evidence::package::inflate::{self, Packing, allowance};
use crate::evidence::package::warcdigest::{Given, Outcome};
use crate::evidence::reading::Answer;

/// The most records of a WARC file. The largest files that crawlers write, of 1 GiB, have a tenth.
pub const MAX_RECORDS: u64 = 1_000_000;

/// The longest head of a record, in bytes: 128 KiB. An address may be some tens of thousands.
pub const MAX_HEAD: usize = 128 * 1024;

/// The largest block of a record, in bytes: 64 MiB, as much as a capture may have.
pub const MAX_BLOCK: u64 = 64 * 1024 * 1024;

/// The most fields of a record. The standard knows 19.
pub const MAX_FIELDS: usize = 200;

/// The most findings that are kept in words. The rest is counted.
pub const MAX_FINDINGS: usize = 100;

/// The fields that are read here, of which a record may have one each.
const READ_ONCE: [&str; 14] = [
    "warc-type",
    "warc-record-id",
    "warc-date",
    "content-length",
    "content-type",
    "warc-target-uri",
    "warc-block-digest",
    "warc-payload-digest",
    "warc-truncated",
    "warc-refers-to",
    "warc-refers-to-target-uri",
    "warc-refers-to-date",
    "warc-profile",
    "warc-segment-number",
];

/// A record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record<'a> {
    /// Its number in the file, from 0.
    pub index: u64,
    /// Where it begins, in bytes from the start of the file as it lies there, packed or not.
    pub offset: u64,
    /// What it is: `response`, `request`, `warcinfo` …, in lower case.
    pub kind: String,
    /// Its fields in order, as they stand; values without the spaces around them.
    pub fields: Vec<(String, String)>,
    /// Its block.
    pub block: Cow<'a, [u8]>,
}

/// Why a WARC file cannot be read on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// It does not begin as a WARC file does.
    #[error("not a warc file: it begins neither with `WARC/` nor as gzip")]
    NotWarc,
    /// A record breaks the format, or the file is cut in it.
    #[error("record {index} at byte {offset}: {fact}")]
    Broken {
        /// Its number, from 0.
        index: u64,
        /// Where it begins, in bytes.
        offset: u64,
        /// What was found.
        fact: String,
    },
    /// There is more than is read.
    #[error("record {index} at byte {offset}: {fact}")]
    TooMuch {
        /// Its number, from 0.
        index: u64,
        /// Where it begins, in bytes.
        offset: u64,
        /// What was found.
        fact: String,
    },
}

/// Reads records one after the other; ends behind the first error.
#[derive(Debug)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    index: u64,
    is_packed: bool,
    /// What all members may still become, in bytes.
    left: u64,
    is_done: bool,
}

impl<'a> Reader<'a> {
    /// Begins at the first record.
    pub fn new(bytes: &'a [u8]) -> Result<Self, Error> {
        let is_packed = bytes.starts_with(&[0x1f, 0x8b]);
        if !is_packed && !bytes.starts_with(b"WARC/") {
            return Err(Error::NotWarc);
        }
        let left = allowance(bytes.len() as u64);
        Ok(Self { bytes, at: 0, index: 0, is_packed, left, is_done: false })
    }

    fn read(&mut self) -> Result<Record<'a>, Error> {
        let (index, offset) = (self.index, self.at as u64);
        let broken = |fact: String| Error::Broken { index, offset, fact };
        let too_much = |fact: String| Error::TooMuch { index, offset, fact };
        if index == MAX_RECORDS {
            return Err(too_much(format!(
                "it follows {MAX_RECORDS} records, the most that are read"
            )));
        }
        let rest = &self.bytes[self.at..];
        let (head, block) = if self.is_packed {
            let most = self.left.min(MAX_BLOCK + MAX_HEAD as u64 + 4);
            let inflated = inflate::inflate(Packing::Gzip, rest, most);
            let (mut member, taken) = inflated.map_err(|error| match error {
                inflate::Error::TooLarge { .. } => too_much(error.to_string()),
                inflate::Error::Damaged(_) => broken(error.to_string()),
            })?;
            self.left -= member.len() as u64;
            self.at += taken;
            let (head, start, end) = split(&member).map_err(|fault| fault.at(index, offset))?;
            if end + 4 != member.len() {
                return Err(broken("its gzip member holds more than one record".to_owned()));
            }
            member.truncate(end);
            member.drain(..start);
            (head, Cow::Owned(member))
        } else {
            let (head, start, end) = split(rest).map_err(|fault| fault.at(index, offset))?;
            self.at += end + 4;
            (head, Cow::Borrowed(&rest[start..end]))
        };
        self.index += 1;
        Ok(Record { index, offset, kind: head.kind, fields: head.fields, block })
    }
}

impl<'a> Iterator for Reader<'a> {
    type Item = Result<Record<'a>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_done || self.at == self.bytes.len() {
            return None;
        }
        let record = self.read();
        self.is_done = record.is_err();
        Some(record)
    }
}

/// What is wrong with a record, before it is said which.
enum Fault {
    Broken(String),
    TooMuch(String),
}

impl Fault {
    fn at(self, index: u64, offset: u64) -> Error {
        match self {
            Self::Broken(fact) => Error::Broken { index, offset, fact },
            Self::TooMuch(fact) => Error::TooMuch { index, offset, fact },
        }
    }
}

struct Head {
    kind: String,
    fields: Vec<(String, String)>,
}

/// The head of the record that `bytes` begin with, and where its block starts and ends.
fn split(bytes: &[u8]) -> Result<(Head, usize, usize), Fault> {
    let broken = |fact: &str| Fault::Broken(fact.to_owned());
    let looked_at = &bytes[..bytes.len().min(MAX_HEAD)];
    let Some(length) = looked_at.windows(4).position(|four| four == b"\r\n\r\n") else {
        let is_long = bytes.len() > MAX_HEAD;
        let long = || Fault::TooMuch(format!("its head has more than {MAX_HEAD} bytes"));
        return Err(if is_long { long() } else { broken("its head is cut") });
    };
    let text = str::from_utf8(&bytes[..length]).map_err(|_| broken("its head is not in UTF-8"))?;
    let mut lines = text.split("\r\n");
    let version = lines.next().unwrap_or_default();
    if !matches!(version, "WARC/1.0" | "WARC/1.1") {
        let found: String = version.chars().take(20).collect();
        let found = found.escape_debug();
        return Err(Fault::Broken(format!("found `{found}`, expected WARC/1.0 or WARC/1.1")));
    }
    let fields = fields(lines)?;
    let kind = required(&fields, "WARC-Type")?.to_ascii_lowercase();
    required(&fields, "WARC-Record-ID")?;
    let date = required(&fields, "WARC-Date")?;
    if fourteen(date).is_none() {
        let found: String = date.chars().take(40).collect();
        return Err(Fault::Broken(format!("its date is `{}`", found.escape_debug())));
    }
    let size = required(&fields, "Content-Length")?;
    // 20 digits are more than any size has.
    let is_number = size.len() <= 20 && size.bytes().all(|byte| byte.is_ascii_digit());
    let size = size.parse::<u64>().ok().filter(|_| is_number);
    let size = size.ok_or_else(|| broken("its Content-Length is no number"))?;
    if size > MAX_BLOCK {
        let fact = format!("its block has {size} bytes, expected at most {MAX_BLOCK}");
        return Err(Fault::TooMuch(fact));
    }
    let start = length + 4;
    let end = usize::try_from(size).ok().and_then(|size| start.checked_add(size));
    let end = end.filter(|end| *end <= bytes.len());
    let end = end.ok_or_else(|| broken("its block is cut, or its Content-Length is wrong"))?;
    if !bytes[end..].starts_with(b"\r\n\r\n") {
        return Err(broken("no two empty lines follow its block: its Content-Length is wrong"));
    }
    Ok((Head { kind, fields }, start, end))
}

fn fields<'t>(lines: impl Iterator<Item = &'t str>) -> Result<Vec<(String, String)>, Fault> {
    let mut fields: Vec<(String, String)> = Vec::new();
    for line in lines {
        let broken = |what: &str| {
            let line: String = line.chars().take(40).collect();
            Fault::Broken(format!("the line `{}` of its head {what}", line.escape_debug()))
        };
        if line.contains(|c: char| c.is_control() && c != '\t') {
            return Err(broken("has a control character"));
        }
        if line.starts_with([' ', '\t']) {
            let (_, value) = fields.last_mut().ok_or_else(|| broken("goes on with nothing"))?;
            value.push(' ');
            value.push_str(line.trim());
            continue;
        }
        let (name, value) = line.split_once(':').ok_or_else(|| broken("has no colon"))?;
        if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(broken("has no good name"));
        }
        let is_same = |field: &(String, String)| field.0.eq_ignore_ascii_case(name);
        if READ_ONCE.contains(&name.to_ascii_lowercase().as_str()) && fields.iter().any(is_same) {
            return Err(broken("names a field a second time"));
        }
        if fields.len() == MAX_FIELDS {
            return Err(Fault::TooMuch(format!("its head has more than {MAX_FIELDS} fields")));
        }
        fields.push((name.to_owned(), value.trim().to_owned()));
    }
    Ok(fields)
}

fn required<'f>(fields: &'f [(String, String)], name: &str) -> Result<&'f str, Fault> {
    let value = find(fields, name).filter(|value| !value.is_empty());
    value.ok_or_else(|| Fault::Broken(format!("its head has no {name}")))
}

fn find<'f>(fields: &'f [(String, String)], name: &str) -> Option<&'f str> {
    let field = fields.iter().find(|(found, _)| found.eq_ignore_ascii_case(name));
    field.map(|(_, value)| value.as_str())
}

/// A WARC-Date as the 14 digits in which archives name a time, `20230219004959`: what it leaves
/// out is 0. None unless it is a date (W3C-DTF, with up to nine digits behind the second).
pub fn fourteen(date: &str) -> Option<String> {
    const SHAPE: &[u8] = b"dddd-dd-ddTdd:dd:dd";
    let whole = date.strip_suffix('Z');
    let body = whole.unwrap_or(date);
    let (body, fraction) = body.split_once('.').map_or((body, None), |(body, f)| (body, Some(f)));
    let is_shaped = body.bytes().zip(SHAPE).all(|(found, shape)| match shape {
        b'd' => found.is_ascii_digit(),
        shape => found == *shape,
    });
    let has_time = match body.len() {
        4 | 7 | 10 => false,
        16 | 19 => true,
        _ => return None,
    };
    let is_fraction = |digits: &str| {
        (1..=9).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
    };
    if !is_shaped
        || has_time != whole.is_some()
        || fraction.is_some_and(|digits| body.len() != 19 || !is_fraction(digits))
    {
        return None;
    }
    let mut digits: String = body.chars().filter(char::is_ascii_digit).collect();
    let place = digits.len();
    digits.push_str(&"00000101000000"[place..]);
    let part = |from: usize, to: usize| digits[from..to].parse::<u8>().unwrap_or(u8::MAX);
    let is_date = (1..=12).contains(&part(4, 6))
        && (1..=31).contains(&part(6, 8))
        && part(8, 10) < 24
        && part(10, 12) < 60
        && part(12, 14) <= 60;
    is_date.then_some(digits)
}

impl Record<'_> {
    /// The value of a field, by its name in any case.
    pub fn field(&self, name: &str) -> Option<&str> {
        find(&self.fields, name)
    }

    /// The address that the record is of, without the `<` and `>` that WARC 1.0 draws around it.
    pub fn target(&self) -> Option<&str> {
        let uri = self.field("WARC-Target-URI")?;
        Some(uri.strip_prefix('<').and_then(|uri| uri.strip_suffix('>')).unwrap_or(uri))
    }

    /// Its id, with its `<` and `>`.
    pub fn id(&self) -> &str {
        self.field("WARC-Record-ID").unwrap_or_default()
    }

    /// When it was made, as it stands.
    pub fn date(&self) -> &str {
        self.field("WARC-Date").unwrap_or_default()
    }

    /// Whether its block is an HTTP message.
    pub fn is_http(&self) -> bool {
        let kind = self.field("Content-Type").unwrap_or_default().to_ascii_lowercase();
        kind.split(';').next().is_some_and(|kind| kind.trim() == "application/http")
    }

    /// The HTTP message in its block.
    pub fn message(&self) -> Result<Message<'_>, httpmessage::Error> {
        httpmessage::parse(&self.block)
    }

    /// Whether its block has the digest that it gives.
    pub fn block_digest(&self) -> Outcome {
        outcome(self.field("WARC-Block-Digest"), |given| Ok(given.is_of(&self.block)), &self.block)
    }

    /// Whether its payload has the digest that it gives.
    pub fn payload_digest(&self) -> Outcome {
        match self.field("WARC-Payload-Digest") {
            None => Outcome::NotGiven,
            Some(_) if self.kind == "revisit" => {
                Outcome::Elsewhere("of the payload of the record that it refers to")
            }
            Some(_) if self.field("WARC-Segment-Number").is_some() => {
                Outcome::Elsewhere("of a payload in several records")
            }
            Some(given) => self.compare_payload(given),
        }
    }

    /// Whether its payload has this digest, given as a record would. The payload of an HTTP
    /// message is its body, with chunks joined (6.3.2); crawlers that keep chunks digest them with
    /// their sizes, which covers the same bytes and holds too.
    pub fn compare_payload(&self, given: &str) -> Outcome {
        if !self.is_http() {
            return outcome(Some(given), |given| Ok(given.is_of(&self.block)), &self.block);
        }
        let message = match self.message() {
            Err(error) => return Outcome::NotUnderstood(error.to_string()),
            Ok(message) => message,
        };
        let holds = |given: &Given<'_>| {
            let joined = || message.joined().map_err(|error| error.to_string());
            Ok(given.is_of(message.body) || joined()?.is_some_and(|joined| given.is_of(&joined)))
        };
        outcome(Some(given), holds, message.body)
    }

    /// What its digests say together: one that fails, fails; one that holds, holds if none is
    /// without an answer.
    pub fn answer(&self) -> Answer {
        let both = [("block", self.block_digest()), ("payload", self.payload_digest())];
        let mut holding = Vec::new();
        let mut unknown = None;
        for (what, outcome) in both {
            match outcome {
                Outcome::Fails(fact) => return Answer::fails(format!("its {what} {fact}"), None),
                Outcome::Holds => holding.push(what),
                Outcome::NotUnderstood(fact) => {
                    unknown = Some(format!("its {what} digest: {fact}"));
                }
                Outcome::NotGiven | Outcome::Elsewhere(_) => {}
            }
        }
        match (unknown, holding.as_slice()) {
            (Some(fact), _) => Answer::unknown(fact, None),
            (None, []) => Answer::unknown("it gives no digest of its own bytes", None),
            (None, [one]) => Answer::holds(format!("its {one} has the digest that it gives"), None),
            (None, _) => {
                Answer::holds("its block and its payload have the digests that it gives", None)
            }
        }
    }
}

fn outcome(
    given: Option<&str>,
    holds: impl Fn(&Given<'_>) -> Result<bool, String>,
    bytes: &[u8],
) -> Outcome {
    let Some(text) = given else { return Outcome::NotGiven };
    match Given::parse(text) {
        Err(fact) => Outcome::NotUnderstood(fact),
        Ok(given) => match holds(&given) {
            Ok(true) => Outcome::Holds,
            Ok(false) => {
                let found = given.found(bytes);
                Outcome::Fails(format!("has the digest {found}, the record says {text}"))
            }
            Err(fact) => Outcome::NotUnderstood(fact),
        },
    }
}
