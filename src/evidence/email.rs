//! The profile `email/1`: the words of a message that its reader sees in its body.
//!
//! Never the header: a signature may leave Subject and From out, and they are shown as facts. The
//! rules stand in one place, so that no other program's repairs can change them:
//!
//! - One text in plain or HTML: in `multipart/alternative` the plain version, unless there is none
//!   or it is blank; that there was another is a fact of the message. Two versions of one sort are
//!   refused.
//! - In `multipart/mixed` the texts that are to be shown, in order, each from a new line on. In
//!   `multipart/related` and `multipart/signed` the first part. Other multiparts are refused.
//! - Attachments, forwarded messages, and all that is neither plain nor HTML are left out, and
//!   named.
//! - Transfer encodings and character sets are undone strictly. Lines end in LF; flowed lines are
//!   joined. A part that names no character set is ASCII. An HTML part is read as `html/1` reads
//!   a page; what it says of its own character set must agree with the message.
//! - Refused is what programs read in two ways: fields that stand twice or have white space before
//!   the colon, a Content-Type without MIME-Version, a boundary that is not closed or that other
//!   lines begin with, line ends of two sorts.
//!
//! Known hole: readers whose program prefers HTML may have seen other words than the plain version.

use crate::evidence::html::{self, MAX_PAGE, Unseen};
use crate::evidence::markup;
use crate::evidence::message::{self, Halves, first_line};
use crate::evidence::mime::{self, ContentType};

/// The most parts in a message, over all levels: a newsletter with pictures has about fifty.
pub const MAX_PARTS: usize = 500;

/// How deep parts may be nested: signed, mixed, alternative and related make four.
pub const MAX_DEPTH: usize = 8;

/// The largest text, in bytes: as much as a page may have.
pub const MAX_TEXT: u64 = MAX_PAGE;

/// What a message says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Message {
    /// The words of the body that its reader sees.
    pub text: String,
    /// The words in an HTML body that its reader does not see.
    pub unseen: Vec<Unseen>,
    /// Whether an HTML body has style sheets, which were not applied.
    pub has_style_sheets: bool,
    /// Whether the text came in more than one version, of which this is the plain one.
    pub has_other_version: bool,
    /// The media types of the parts that are not in the text, in order.
    pub left_out: Vec<String>,
    /// From, for display: encoded words undone. Nothing shows that it is true.
    pub from: String,
    /// Subject, for display; `None` unless there is exactly one.
    pub subject: Option<String>,
    /// Date as written, for display; `None` unless there is exactly one.
    pub date: Option<String>,
}

/// Why no text could be derived from a message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The bytes do not come apart in one way.
    #[error(transparent)]
    Message(#[from] message::Error),
    /// A message has one author field.
    #[error("message has {count} From fields, and must have one")]
    From {
        /// How many were found.
        count: u64,
    },
    /// A field that decides how the body is read stands twice in one header.
    #[error("`{field}` stands twice: programs go by one or the other")]
    Twice {
        /// The field's name.
        field: &'static str,
    },
    /// A field that decides how the body is read is not written by the rules.
    #[error("`{field}` is not written by the rules: programs read it differently")]
    Field {
        /// The field's name.
        field: &'static str,
    },
    /// The message describes its body and does not say that it does so by RFC 2045.
    #[error("message describes its body and has no `MIME-Version: 1.0`")]
    NoVersion,
    /// A part is encoded in a way that is not read, or not by its rules.
    #[error(
        "a part is not written in its transfer encoding `{}`, or that is not read",
        .encoding.escape_debug()
    )]
    Encoding {
        /// The encoding's name.
        encoding: String,
    },
    /// A text is in a character set that is not read, or is not in it.
    #[error(
        "a text is not in its character set `{}`, or that is not read",
        .charset.escape_debug()
    )]
    Charset {
        /// The name of the character set.
        charset: String,
    },
    /// The parts of a multipart are not parted in one way.
    #[error("the boundary between parts is missing, not closed, or begins other lines too")]
    Boundary,
    /// A multipart of a sort for which there is no rule.
    #[error("no rule for parts of the sort `{media_type}`")]
    Multipart {
        /// Its media type.
        media_type: String,
    },
    /// More than one version of the text of one sort.
    #[error("the text comes in two versions of one sort: programs show one or the other")]
    Versions,
    /// Too many parts, or too deep.
    #[error("more than {MAX_PARTS} parts, or nested deeper than {MAX_DEPTH}")]
    Parts,
    /// The text is larger than is read.
    #[error("the text is larger than {MAX_TEXT} bytes, the most that is read")]
    TextTooLarge,
    /// No part is a text.
    #[error("message has no text to be read, only {left_out}")]
    NoText {
        /// The media types found.
        left_out: String,
    },
    /// An HTML part cannot be parsed within the limits.
    #[error(transparent)]
    Markup(#[from] markup::Error),
}

const TYPE: &str = "Content-Type";
const ENCODING: &str = "Content-Transfer-Encoding";
const DISPOSITION: &str = "Content-Disposition";
const VERSION: &str = "MIME-Version";

/// Reads a message.
pub fn extract(bytes: &[u8]) -> Result<Message, Error> {
    message::line_end(bytes)?;
    let halves = message::split(bytes)?;
    let count = halves.named("From").count() as u64;
    if count != 1 {
        return Err(Error::From { count });
    }
    let version = only(&halves, VERSION)?;
    let is_described = [TYPE, ENCODING].iter().any(|name| halves.named(name).next().is_some());
    if version.as_deref().map_or(is_described, |version| !is_version(version)) {
        return Err(Error::NoVersion);
    }
    let mut walk = Walk::default();
    let shown = walk.part(&halves, 0)?;
    let mut message = walk.message;
    let Some(shown) = shown else {
        return Err(Error::NoText { left_out: message.left_out.join(", ") });
    };
    message.text = shown;
    message.from = display(&halves, "From").unwrap_or_default();
    message.subject = display(&halves, "Subject");
    message.date = display(&halves, "Date");
    Ok(message)
}

/// `1.0`, with a comment behind it that some programs write.
fn is_version(version: &str) -> bool {
    let comment = version.strip_prefix("1.0").map(str::trim_start);
    comment.is_some_and(|rest| rest.is_empty() || rest.starts_with('(') && rest.ends_with(')'))
}

/// The value of a field that may stand once; an error if it stands twice or is not plain.
fn only(halves: &Halves<'_>, name: &'static str) -> Result<Option<String>, Error> {
    let mut fields = halves.named(name);
    let Some(field) = fields.next() else { return Ok(None) };
    if fields.next().is_some() {
        return Err(Error::Twice { field: name });
    }
    match field.unfolded() {
        Some(value) if !field.is_spaced => Ok(Some(value)),
        _ => Err(Error::Field { field: name }),
    }
}

/// A field for display, if there is exactly one.
fn display(halves: &Halves<'_>, name: &str) -> Option<String> {
    let mut fields = halves.named(name);
    let field = fields.next().filter(|_| fields.next().is_none())?;
    let value = field.unfolded().unwrap_or_else(|| String::from_utf8_lossy(field.value).into());
    // Controls could paint over what a terminal shows.
    Some(mime::decode_words(&value).replace(char::is_control, "\u{fffd}"))
}

/// What a part is, by its header alone.
struct Described {
    content_type: ContentType,
    is_attached: bool,
}

impl Described {
    fn of(halves: &Halves<'_>) -> Result<Self, Error> {
        let content_type = match only(halves, TYPE)? {
            None => ContentType::parse("text/plain"),
            Some(value) => ContentType::parse(&value),
        };
        let content_type = content_type.ok_or(Error::Field { field: TYPE })?;
        // What is not known is to be kept apart, like an attachment (RFC 2183 section 2.8).
        let is_attached = only(halves, DISPOSITION)?.is_some_and(|value| {
            let kind = value.split(';').next().unwrap_or_default().trim_ascii();
            !kind.eq_ignore_ascii_case("inline")
        });
        Ok(Self { content_type, is_attached })
    }

    fn is(&self, essence: &str) -> bool {
        !self.is_attached && self.content_type.essence == essence
    }

    /// Whether it can hold a version of the text that is not plain.
    fn is_rich(&self) -> bool {
        self.is("text/html")
            || !self.is_attached && self.content_type.essence.starts_with("multipart/")
    }

    fn parameters(&self) -> Result<Vec<(String, String)>, Error> {
        self.content_type.parameters().ok_or(Error::Field { field: TYPE })
    }
}

/// The value of a parameter.
fn value<'a>(parameters: &'a [(String, String)], name: &str) -> Option<&'a str> {
    parameters.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
}

/// A walk through the parts of a message.
#[derive(Default)]
struct Walk {
    part_count: usize,
    message: Message,
}

impl Walk {
    /// The words that a part shows; none if it is no text.
    fn part(&mut self, halves: &Halves<'_>, depth: usize) -> Result<Option<String>, Error> {
        self.part_count += 1;
        if depth > MAX_DEPTH || self.part_count > MAX_PARTS {
            return Err(Error::Parts);
        }
        let described = Described::of(halves)?;
        if described.is("text/plain") {
            return plain(halves, &described).map(Some);
        }
        if described.is("text/html") {
            return self.html(halves, &described).map(Some);
        }
        if !described.is_rich() {
            self.message.left_out.push(described.content_type.essence);
            return Ok(None);
        }
        let encoding = only(halves, ENCODING)?.unwrap_or_default().to_ascii_lowercase();
        if !["", "7bit", "8bit", "binary"].contains(&encoding.as_str()) {
            return Err(Error::Encoding { encoding });
        }
        let parameters = described.parameters()?;
        let boundary = value(&parameters, "boundary").ok_or(Error::Boundary)?;
        let parts = parts(halves.body, boundary)?
            .into_iter()
            .map(message::split)
            .collect::<Result<Vec<_>, _>>()?;
        match described.content_type.essence.as_str() {
            "multipart/mixed" => self.mixed(&parts, depth),
            "multipart/alternative" => self.alternative(&parts, depth),
            "multipart/related" => {
                // Another first part than the first could be named; programs differ on it.
                if value(&parameters, "start").is_some_and(|start| !begins_with(&parts, start)) {
                    return Err(Error::Field { field: TYPE });
                }
                self.first(&parts, depth)
            }
            "multipart/signed" => self.first(&parts, depth),
            other => Err(Error::Multipart { media_type: other.to_owned() }),
        }
    }

    /// All texts, each from a new line on.
    fn mixed(&mut self, parts: &[Halves<'_>], depth: usize) -> Result<Option<String>, Error> {
        let mut all: Option<String> = None;
        for part in parts {
            let Some(shown) = self.part(part, depth + 1)? else { continue };
            let text = all.get_or_insert_default();
            if !text.is_empty() && !text.ends_with('\n') {
                text.push('\n');
            }
            text.push_str(&shown);
            if text.len() as u64 > MAX_TEXT {
                return Err(Error::TextTooLarge);
            }
        }
        Ok(all)
    }

    /// The first part; the others are left out.
    fn first(&mut self, parts: &[Halves<'_>], depth: usize) -> Result<Option<String>, Error> {
        let Some((first, others)) = parts.split_first() else { return Err(Error::Boundary) };
        let shown = self.part(first, depth + 1)?;
        for other in others {
            self.leave_out(other)?;
        }
        Ok(shown)
    }

    /// The plain version if it says anything, the rich one otherwise.
    fn alternative(&mut self, parts: &[Halves<'_>], depth: usize) -> Result<Option<String>, Error> {
        let (mut plain, mut rich) = (None, None);
        for part in parts {
            let described = Described::of(part)?;
            let slot = if described.is("text/plain") {
                &mut plain
            } else if described.is_rich() {
                &mut rich
            } else {
                self.leave_out(part)?;
                continue;
            };
            if slot.replace(part).is_some() {
                return Err(Error::Versions);
            }
        }
        let shown = match plain {
            Some(plain) => self.part(plain, depth + 1)?,
            None => None,
        };
        match (shown, rich) {
            (Some(shown), Some(_)) if !shown.trim().is_empty() => {
                self.message.has_other_version = true;
                Ok(Some(shown))
            }
            (blank, Some(rich)) => Ok(self.part(rich, depth + 1)?.or(blank)),
            (shown, None) => Ok(shown),
        }
    }

    fn leave_out(&mut self, part: &Halves<'_>) -> Result<(), Error> {
        self.part_count += 1;
        if self.part_count > MAX_PARTS {
            return Err(Error::Parts);
        }
        self.message.left_out.push(Described::of(part)?.content_type.essence);
        Ok(())
    }

    fn html(&mut self, halves: &Halves<'_>, described: &Described) -> Result<String, Error> {
        let parameters = described.parameters()?;
        let charset = value(&parameters, "charset").unwrap_or("us-ascii");
        let bytes = decoded(halves)?;
        let text = decoded_text(&bytes, charset)?;
        markup::measure(&text)?;
        let page = html::extract(&text);
        if let Some(declared) = page.declared_charset {
            // A page that says UTF-16 of itself in ASCII means UTF-8 (HTML standard 13.2.3.2).
            let meant = if declared.starts_with("utf-16") { "utf-8" } else { &declared };
            let is_same = mime::charset(meant).is_some_and(|c| mime::charset(charset) == Some(c));
            if !is_same && decoded_text(&bytes, meant).ok().as_ref() != Some(&text) {
                return Err(Error::Charset { charset: declared });
            }
        }
        self.message.unseen.extend(page.unseen);
        self.message.has_style_sheets |= page.has_style_sheets;
        Ok(page.seen)
    }
}

fn plain(halves: &Halves<'_>, described: &Described) -> Result<String, Error> {
    let parameters = described.parameters()?;
    let charset = value(&parameters, "charset").unwrap_or("us-ascii");
    let text = decoded_text(&decoded(halves)?, charset)?;
    let is = |name: &str, wanted: &str| {
        value(&parameters, name).is_some_and(|value| value.eq_ignore_ascii_case(wanted))
    };
    let is_flowed = is("format", "flowed");
    Ok(if is_flowed { mime::unflowed(&text, is("delsp", "yes")) } else { text })
}

/// Whether the first part has this Content-ID.
fn begins_with(parts: &[Halves<'_>], id: &str) -> bool {
    parts.first().is_some_and(|first| {
        let mut ids = first.named("Content-ID").filter_map(message::Field::unfolded);
        ids.next().is_some_and(|found| found == id)
    })
}

/// The bytes of a part, its transfer encoding undone (RFC 2045 section 6).
fn decoded(halves: &Halves<'_>) -> Result<Vec<u8>, Error> {
    let encoding = only(halves, ENCODING)?.unwrap_or_default().to_ascii_lowercase();
    let decoded = match encoding.as_str() {
        "" | "7bit" | "8bit" | "binary" => Some(halves.body.to_vec()),
        "quoted-printable" => mime::decode_quoted_printable(halves.body),
        "base64" => mime::decode_base64(halves.body),
        _ => None,
    };
    decoded.ok_or(Error::Encoding { encoding })
}

/// Text with lines that end in LF.
fn decoded_text(bytes: &[u8], charset: &str) -> Result<String, Error> {
    let text = mime::decode_charset(charset, bytes)
        .ok_or_else(|| Error::Charset { charset: charset.to_owned() })?
        .replace("\r\n", "\n");
    if text.len() as u64 > MAX_TEXT { Err(Error::TextTooLarge) } else { Ok(text) }
}

/// The parts between the boundaries (RFC 2046 section 5.1.1). What stands before the first and
/// behind the last is for programs that do not know of parts.
fn parts<'a>(body: &'a [u8], boundary: &str) -> Result<Vec<&'a [u8]>, Error> {
    let is_boundary = (1..=70).contains(&boundary.len())
        && !boundary.ends_with(' ')
        && boundary
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"'()+_,-./:=? ".contains(&byte));
    if !is_boundary {
        return Err(Error::Boundary);
    }
    let mark = format!("--{boundary}");
    let mut parts = Vec::new();
    let (mut at, mut begin, mut is_closed) = (0, None, false);
    while at < body.len() {
        let (line, next) = first_line(&body[at..]);
        let next = at + next;
        if let Some(behind) = line.strip_prefix(mark.as_bytes()) {
            let behind = behind.trim_ascii_end();
            if is_closed || !matches!(behind, b"" | b"--") {
                return Err(Error::Boundary);
            }
            if let Some(begin) = begin {
                parts.push(without_line_end(&body[begin..at]));
            }
            if parts.len() > MAX_PARTS {
                return Err(Error::Parts);
            }
            is_closed = behind == b"--";
            begin = Some(next);
        }
        at = next;
    }
    if is_closed && !parts.is_empty() { Ok(parts) } else { Err(Error::Boundary) }
}

/// The line end before a boundary belongs to it.
fn without_line_end(part: &[u8]) -> &[u8] {
    let part = part.strip_suffix(b"\n").unwrap_or(part);
    part.strip_suffix(b"\r").unwrap_or(part)
}
