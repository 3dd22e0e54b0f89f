//! The text of a capture, derived from its bytes by a named, versioned profile.
//!
//! A profile's name stands in the record: whoever has the bytes derives the same text years later
//! and counts the same positions. A change of what a profile yields is a new version of its name.
//! Searching the text is left to [`crate::evidence::anchor`].

use crate::evidence::capture::MAX_CAPTURE;
use crate::evidence::html::{self, MAX_PAGE, Unseen};
use crate::evidence::json::{self, MAX_JSON};
use crate::evidence::markup;
use crate::evidence::media::{MAX_BEGINNING, looks_like_html, looks_like_pdf};
use crate::evidence::parts::{Part, Parts};
use crate::evidence::pdf::document::{self as pdf, MAX_PDF};
use crate::selector::Position;

/// A way to derive text from bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Profile {
    /// `plain/1`: the bytes are UTF-8 and are the text, every code point of it. One byte order mark
    /// at the very beginning is a sign of the encoding and no character: positions count after it.
    Plain1,
    /// `html/1`: what the reader of a page sees, by the rules in [`crate::evidence::html`].
    Html1,
    /// `json/1`: the strings of a document, by the rules in [`crate::evidence::json`].
    Json1,
    /// `pdf/1`: the words on its pages, by the rules in [`crate::evidence::pdf::document`].
    Pdf1,
}

/// Why no text could be derived.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The bytes are not UTF-8.
    #[error("capture is not utf-8: byte {at} begins no character")]
    NotUtf8 {
        /// The first byte that is not part of a character.
        at: u64,
    },
    /// The capture is larger than its profile reads.
    #[error("capture of {size} bytes is larger than {limit}, the most that is read")]
    TooLarge {
        /// The size found, in bytes.
        size: u64,
        /// The largest size, in bytes.
        limit: u64,
    },
    /// The media type or the page names a character encoding that no profile reads.
    #[error("capture is declared to be in `{charset}`, only utf-8 is read")]
    Charset {
        /// The encoding's name.
        charset: String,
    },
    /// The bytes begin as a page of HTML does, and were recorded as plain text, as which a page
    /// would show its comments and scripts.
    #[error("the bytes begin like a page of HTML, and are recorded as `{media_type}`")]
    LooksLikeHtml {
        /// The media type as recorded.
        media_type: String,
    },
    /// The bytes begin as a PDF does, and were recorded as plain text, as which a PDF would show its
    /// instructions.
    #[error("the bytes begin like a PDF, and are recorded as `{media_type}`")]
    LooksLikePdf {
        /// The media type as recorded.
        media_type: String,
    },
    /// A picture, a recording or a film: there is nothing in the bytes that could be compared.
    #[error("{what} has no text that could be checked: its words rest on whoever reads them")]
    NoText {
        /// What it is, in words.
        what: &'static str,
    },
    /// No profile derives text from this media type.
    #[error("no profile derives text from the media type `{media_type}`")]
    MediaType {
        /// The media type without its parameters.
        media_type: String,
    },
    /// The page cannot be parsed within the limits.
    #[error(transparent)]
    Markup(#[from] markup::Error),
    /// The document is no JSON that could be read in one way only, or is beyond the limits.
    #[error(transparent)]
    Json(#[from] json::Error),
    /// The document is no PDF whose words could be read.
    #[error(transparent)]
    Pdf(#[from] pdf::Error),
}

impl Profile {
    /// All profiles of this version.
    pub const ALL: [Self; 4] = [Self::Plain1, Self::Html1, Self::Json1, Self::Pdf1];

    /// The name that stands in records.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Plain1 => "plain/1",
            Self::Html1 => "html/1",
            Self::Json1 => "json/1",
            Self::Pdf1 => "pdf/1",
        }
    }

    /// The profile of this name; `None` if this version does not know it.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|profile| profile.name() == name)
    }

    /// The profile for a media type such as `text/plain; charset=utf-8` (RFC 9110 section 8.3.1).
    ///
    /// XHTML is refused: as XML it hides and shows other words than as HTML.
    pub fn for_media_type(media_type: &str) -> Result<Self, Error> {
        let mut parts = media_type.split(';').map(str::trim);
        let essence = parts.next().unwrap_or_default().to_ascii_lowercase();
        for parameter in parts {
            let Some((name, value)) = parameter.split_once('=') else { continue };
            let charset = value.trim_matches('"').to_ascii_lowercase();
            if name.eq_ignore_ascii_case("charset") && !is_utf8_name(&charset) {
                return Err(Error::Charset { charset });
            }
        }
        let (kind, subtype) = essence.split_once('/').unwrap_or_default();
        match (kind, subtype) {
            ("text", "html") => Ok(Self::Html1),
            ("text", "plain" | "markdown" | "csv") => Ok(Self::Plain1),
            ("application", "pdf") => Ok(Self::Pdf1),
            ("application", "json") => Ok(Self::Json1),
            // RFC 6839 section 3.1: what ends so is JSON.
            ("application", named) if named.ends_with("+json") => Ok(Self::Json1),
            ("image", _) => Err(Error::NoText { what: "a picture" }),
            ("audio", _) => Err(Error::NoText { what: "a recording" }),
            ("video", _) => Err(Error::NoText { what: "a film" }),
            _ => Err(Error::MediaType { media_type: essence }),
        }
    }

    /// The profile for a capture of this media type and these bytes.
    pub fn for_capture(media_type: &str, bytes: &[u8]) -> Result<Self, Error> {
        let profile = Self::for_media_type(media_type)?;
        let beginning = String::from_utf8_lossy(&bytes[..bytes.len().min(MAX_BEGINNING)]);
        if profile == Self::Plain1 && looks_like_html(&beginning) {
            return Err(Error::LooksLikeHtml { media_type: media_type.to_owned() });
        }
        if profile == Self::Plain1 && looks_like_pdf(bytes) {
            return Err(Error::LooksLikePdf { media_type: media_type.to_owned() });
        }
        Ok(profile)
    }
}

/// Derives the text of a capture.
pub fn derive(profile: Profile, bytes: &[u8]) -> Result<Text, Error> {
    let limit = match profile {
        Profile::Plain1 => MAX_CAPTURE,
        Profile::Html1 => MAX_PAGE,
        Profile::Json1 => MAX_JSON,
        Profile::Pdf1 => MAX_PDF,
    };
    let size = bytes.len() as u64;
    if size > limit {
        return Err(Error::TooLarge { size, limit });
    }
    if profile == Profile::Pdf1 {
        let pages = pdf::extract(bytes)?;
        let mut text = Text::new(profile, pages.text);
        text.parts = Parts::new(pages.parts);
        text.unseen = pages.unseen;
        text.facts = pages.facts;
        return Ok(text);
    }
    let content = std::str::from_utf8(bytes)
        .map_err(|error| Error::NotUtf8 { at: error.valid_up_to() as u64 })?;
    let marked = content.strip_prefix('\u{feff}');
    let content = marked.unwrap_or(content);
    match profile {
        Profile::Plain1 | Profile::Pdf1 => Ok(Text::new(profile, content.to_owned())),
        Profile::Html1 => page(content, marked.is_some()),
        Profile::Json1 => {
            let strings = json::extract(content)?;
            let mut text = Text::new(profile, strings.text);
            text.parts = Parts::new(strings.parts);
            Ok(text)
        }
    }
}

/// What the reader of a page sees.
fn page(content: &str, is_marked: bool) -> Result<Text, Error> {
    markup::measure(content)?;
    let page = html::extract(content);
    // A byte order mark wins over what the page declares (HTML standard, 13.2.3.2).
    if let (false, Some(charset)) = (is_marked, page.declared_charset)
        && !reads_alike(&charset, content)
    {
        return Err(Error::Charset { charset });
    }
    let mut text = Text::new(Profile::Html1, page.seen);
    text.unseen = page.unseen;
    text.has_style_sheets = page.has_style_sheets;
    Ok(text)
}

/// A text in which places are counted in Unicode code points.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    profile: Profile,
    content: String,
    /// The byte at which every `STRIDE`th code point begins.
    marks: Vec<usize>,
    length: u64,
    unseen: Vec<Unseen>,
    has_style_sheets: bool,
    parts: Parts,
    facts: Vec<String>,
}

/// A character that a reader cannot see, and where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Invisible {
    /// The character.
    pub character: char,
    /// Its place, in code points.
    pub at: u64,
}

/// How many code points lie between two marks: a walk this short costs nothing, and the marks
/// take less than an eighth of the text's memory.
const STRIDE: usize = 64;

impl Text {
    fn new(profile: Profile, content: String) -> Self {
        let mut marks = Vec::with_capacity(content.len() / STRIDE + 1);
        let mut length: u64 = 0;
        for (number, (byte, _)) in content.char_indices().enumerate() {
            if number % STRIDE == 0 {
                marks.push(byte);
            }
            length += 1;
        }
        Self {
            profile,
            content,
            marks,
            length,
            unseen: Vec::new(),
            has_style_sheets: false,
            parts: Parts::default(),
            facts: Vec::new(),
        }
    }

    /// The profile that derived this text.
    pub fn profile(&self) -> Profile {
        self.profile
    }

    /// The whole text.
    pub fn as_str(&self) -> &str {
        &self.content
    }

    /// The number of code points.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// The words that stand in the capture and that a reader does not see.
    pub fn unseen(&self) -> &[Unseen] {
        &self.unseen
    }

    /// Whether the page has style sheets, which the profile does not apply: they may hide words
    /// that count as seen here.
    pub fn has_style_sheets(&self) -> bool {
        self.has_style_sheets
    }

    /// The named parts of the text: none where its profile names none.
    pub fn parts(&self) -> &Parts {
        &self.parts
    }

    /// The part in which a position wholly lies.
    pub fn part_at(&self, position: Position) -> Option<&Part> {
        self.parts.at(position).map(|(part, _)| part)
    }

    /// Where the part of this name stands.
    pub fn part_named(&self, name: &Part) -> Option<Position> {
        self.parts.named(name)
    }

    /// Whether words must stand in one part. The strings of a JSON document have nothing to do
    /// with one another; the sentences of a PDF run on from page to page.
    pub fn keeps_parts_apart(&self) -> bool {
        self.profile == Profile::Json1
    }

    /// What the profile found that a reader of a match or its absence should know, each a sentence
    /// without its period, such as that a page is a picture.
    pub fn facts(&self) -> &[String] {
        &self.facts
    }

    /// What stands at a position; `None` if it reaches beyond the text or ends before it begins.
    pub fn slice(&self, position: Position) -> Option<&str> {
        let (begin, end) = (self.byte_at(position.start)?, self.byte_at(position.end)?);
        self.content.get(begin..end)
    }

    /// The last `count` code points before `place`, or fewer at the beginning of the text.
    pub fn before(&self, place: u64, count: u64) -> &str {
        let end = place.min(self.length);
        self.slice(Position { start: end.saturating_sub(count), end }).unwrap_or_default()
    }

    /// The first `count` code points from `place` on, or fewer at the end of the text.
    pub fn after(&self, place: u64, count: u64) -> &str {
        let start = place.min(self.length);
        let end = start.saturating_add(count).min(self.length);
        self.slice(Position { start, end }).unwrap_or_default()
    }

    /// The byte at which a code point begins, or where the text ends.
    pub fn byte_at(&self, place: u64) -> Option<usize> {
        if place >= self.length {
            return (place == self.length).then_some(self.content.len());
        }
        let place = usize::try_from(place).ok()?;
        let mark = *self.marks.get(place / STRIDE)?;
        let (offset, _) = self.content[mark..].char_indices().nth(place % STRIDE)?;
        Some(mark + offset)
    }

    /// The place of the code point that begins at `byte`, which must be where one begins.
    pub fn place_of(&self, byte: usize) -> u64 {
        let mark_count = self.marks.partition_point(|&mark| mark <= byte);
        let Some(index) = mark_count.checked_sub(1) else { return 0 };
        let behind = self.content[self.marks[index]..byte].chars().count();
        (index * STRIDE + behind) as u64
    }

    /// The hidden characters within a position: a fact to be shown with a match or its absence.
    ///
    /// Some are rightly there: joiners in Persian, Hindi and emoji.
    pub fn invisible_in(&self, position: Position) -> Vec<Invisible> {
        let characters = self.slice(position).unwrap_or_default().chars();
        (position.start..)
            .zip(characters)
            .filter(|(_, character)| is_invisible(*character))
            .map(|(at, character)| Invisible { character, at })
            .collect()
    }
}

/// Whether a character has no picture of its own: zero-width characters, soft hyphens, controls of
/// direction, fillers, variation selectors and tags (Unicode's `Default_Ignorable_Code_Point`).
pub fn is_invisible(character: char) -> bool {
    matches!(character,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
        | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

fn is_utf8_name(charset: &str) -> bool {
    matches!(charset, "utf-8" | "utf8" | "us-ascii" | "ascii" | "unicode-1-1-utf-8")
}

/// Whether a page declared to be in `charset` reads the same as UTF-8.
fn reads_alike(charset: &str, content: &str) -> bool {
    // The standard reads a declared UTF-16 as UTF-8: the declaration itself was read so.
    let ascii_below = ["iso-8859-", "windows-125", "latin1", "koi8-"];
    is_utf8_name(charset)
        || charset.starts_with("utf-16")
        || content.is_ascii() && ascii_below.iter().any(|name| charset.starts_with(name))
}

#[cfg(test)]
mod tests {
    use super::{Error, Profile, derive};
    use crate::evidence::parts::Part;
    use crate::selector::Position;

    #[test]
    fn a_profile_is_found_by_its_name_and_by_the_media_type() {
        for profile in Profile::ALL {
            assert_eq!(Profile::from_name(profile.name()), Some(profile));
        }
        assert_eq!(Profile::from_name("plain/2"), None);
        for (media_type, expected) in [
            ("text/plain", Profile::Plain1),
            ("Text/HTML ; Charset=\"UTF-8\"", Profile::Html1),
            ("text/plain; format=flowed", Profile::Plain1),
            ("application/json; charset=utf-8", Profile::Json1),
            ("application/activity+json", Profile::Json1),
            (
                "application/ld+json; profile=\"https://www.w3.org/ns/activitystreams\"",
                Profile::Json1,
            ),
            ("application/pdf", Profile::Pdf1),
        ] {
            assert_eq!(Profile::for_media_type(media_type), Ok(expected), "{media_type}");
        }
        let error = Profile::for_media_type("text/html; charset=windows-1251").unwrap_err();
        assert_eq!(error, Error::Charset { charset: "windows-1251".to_owned() });
        for refused in ["", "application/xhtml+xml", "application/zip", "application/+xml"] {
            let error = Profile::for_media_type(refused).unwrap_err();
            assert_eq!(error, Error::MediaType { media_type: refused.to_owned() });
        }
    }

    #[test]
    fn a_picture_a_recording_and_a_film_have_no_text() {
        for (media_type, what) in [
            ("image/png", "a picture"),
            ("image/svg+xml", "a picture"),
            ("audio/mpeg", "a recording"),
            ("Video/MP4", "a film"),
        ] {
            let error = Profile::for_media_type(media_type).unwrap_err();
            assert_eq!(error, Error::NoText { what }, "{media_type}");
        }
        let error = Profile::for_media_type("image/jpeg").unwrap_err();
        let words = "a picture has no text that could be checked: its words rest on whoever reads \
                     them";
        assert_eq!(error.to_string(), words);
    }

    #[test]
    fn a_page_or_a_pdf_is_not_read_as_plain_text() {
        let read = |bytes: &[u8]| Profile::for_capture("text/plain", bytes);
        assert!(matches!(read(b" <!doctype HTML>"), Err(Error::LooksLikeHtml { .. })));
        assert!(matches!(read(b"%PDF-1.4 (words)"), Err(Error::LooksLikePdf { .. })));
        assert_eq!(read(b"{\"words\": \"words\"}"), Ok(Profile::Plain1));
    }

    #[test]
    fn the_strings_of_a_document_are_its_parts() {
        let text = derive(Profile::Json1, "\u{feff}[\"漢\", {\"a\": \"bc\"}]".as_bytes()).unwrap();
        assert_eq!(text.as_str(), "漢\nbc");
        let place = Position { start: 2, end: 4 };
        let name = Part::Pointer("/1/a".to_owned());
        assert_eq!(text.part_at(place), Some(&name));
        assert_eq!(text.part_named(&name), Some(place));
        assert_eq!(text.part_at(Position { start: 0, end: 2 }), None);
        assert!(text.keeps_parts_apart());
        assert_eq!(derive(Profile::Json1, b"[\xff]"), Err(Error::NotUtf8 { at: 1 }));
    }

    #[test]
    fn plain_text_is_the_bytes_themselves_behind_one_byte_order_mark() {
        let text = derive(Profile::Plain1, "\u{feff}\u{feff}a\r\n\0é".as_bytes()).unwrap();
        assert_eq!(text.as_str(), "\u{feff}a\r\n\0é");
        assert_eq!(text.length(), 6);
        assert_eq!(derive(Profile::Plain1, b"ab\xffc"), Err(Error::NotUtf8 { at: 2 }));
        assert_eq!(derive(Profile::Html1, b"<p>\xc3"), Err(Error::NotUtf8 { at: 3 }));
    }

    #[test]
    fn places_are_code_points_and_agree_with_a_walk() {
        let words = "aé漢😀e\u{301}".repeat(50);
        let text = derive(Profile::Plain1, words.as_bytes()).unwrap();
        let characters: Vec<char> = words.chars().collect();
        for (place, (byte, _)) in words.char_indices().enumerate() {
            assert_eq!(text.byte_at(place as u64), Some(byte));
            assert_eq!(text.place_of(byte), place as u64);
            let position = Position { start: place as u64, end: text.length() };
            let expected: String = characters[place..].iter().collect();
            assert_eq!(text.slice(position), Some(expected.as_str()));
        }
        let end = text.length();
        assert_eq!(text.slice(Position { start: end, end }), Some(""));
        assert_eq!(text.slice(Position { start: end, end: end + 1 }), None);
        assert_eq!(text.slice(Position { start: 2, end: 1 }), None);
        assert_eq!(text.slice(Position { start: 0, end: u64::MAX }), None);
        assert_eq!((text.before(2, 9), text.after(end - 1, 9)), ("aé", "\u{301}"));
    }

    #[test]
    fn a_page_in_another_encoding_is_refused_unless_it_reads_alike() {
        let page = |charset: &str, words: &str| {
            derive(Profile::Html1, format!("<meta charset={charset}>{words}").as_bytes())
        };
        assert!(page("utf-8", "é").is_ok());
        assert!(page("iso-8859-1", "e").is_ok());
        assert!(matches!(page("iso-8859-1", "é"), Err(Error::Charset { .. })));
        assert!(matches!(page("iso-2022-jp", "e"), Err(Error::Charset { .. })));
    }
}
