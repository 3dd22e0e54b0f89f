//! The text of a capture, derived from its bytes by a named, versioned profile.
//!
//! A profile's name stands in the record: whoever has the bytes derives the same text years later
//! and counts the same positions. A change of what a profile yields is a new version of its name.
//! Searching the text is left to [`crate::evidence::anchor`].

use crate::evidence::capture::MAX_CAPTURE;
use crate::evidence::html::{self, MAX_PAGE, Unseen};
use crate::evidence::markup;
use crate::selector::Position;

/// A way to derive text from bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Profile {
    /// `plain/1`: the bytes are UTF-8 and are the text, every code point of it. One byte order mark
    /// at the very beginning is a sign of the encoding and no character: positions count after it.
    Plain1,
    /// `html/1`: what the reader of a page sees, by the rules in [`crate::evidence::html`].
    Html1,
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
    /// No profile derives text from this media type.
    #[error("no profile derives text from the media type `{media_type}`")]
    MediaType {
        /// The media type without its parameters.
        media_type: String,
    },
    /// The page cannot be parsed within the limits.
    #[error(transparent)]
    Markup(#[from] markup::Error),
}

impl Profile {
    /// All profiles of this version.
    pub const ALL: [Self; 2] = [Self::Plain1, Self::Html1];

    /// The name that stands in records.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Plain1 => "plain/1",
            Self::Html1 => "html/1",
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
        match essence.as_str() {
            "text/html" => Ok(Self::Html1),
            "text/plain" | "text/markdown" | "text/csv" => Ok(Self::Plain1),
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
        Ok(profile)
    }
}

/// How far into a capture its look is judged, in bytes: browsers sniff 1445 (WHATWG MIME Sniffing
/// 5.2), after which a page could still not have begun.
const MAX_BEGINNING: usize = 1445;

/// A media type for a capture of this file name and content: a guess, for a recorder to confirm.
///
/// The signature of a format wins over the name, and the name over the look of the content.
pub fn guess_media_type(file_name: &str, bytes: &[u8]) -> &'static str {
    const SIGNATURES: [(&[u8], &str); 7] = [
        (b"%PDF-", "application/pdf"),
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"\xff\xd8\xff", "image/jpeg"),
        (b"GIF8", "image/gif"),
        (b"PK\x03\x04", "application/zip"),
        (b"\x1f\x8b", "application/gzip"),
        (b"WARC/1.", "application/warc"),
    ];
    const EXTENSIONS: [(&str, &str); 14] = [
        ("htm", "text/html"),
        ("html", "text/html"),
        ("xhtml", "application/xhtml+xml"),
        ("txt", "text/plain; charset=utf-8"),
        ("text", "text/plain; charset=utf-8"),
        ("md", "text/markdown; charset=utf-8"),
        ("csv", "text/csv; charset=utf-8"),
        ("json", "application/json"),
        ("xml", "application/xml"),
        ("eml", "message/rfc822"),
        ("mp3", "audio/mpeg"),
        ("mp4", "video/mp4"),
        ("webp", "image/webp"),
        ("wacz", "application/wacz"),
    ];
    let extension = file_name.rsplit_once('.').map_or("", |(_, extension)| extension);
    let named = EXTENSIONS.iter().find(|(known, _)| extension.eq_ignore_ascii_case(known));
    let signed = SIGNATURES.iter().find(|(signature, _)| bytes.starts_with(signature));
    let Ok(content) = std::str::from_utf8(bytes) else {
        return signed.map_or("application/octet-stream", |(_, media_type)| media_type);
    };
    match (signed, named) {
        // A package of web archives is a ZIP file, and says so by its name only.
        (Some((_, "application/zip")), Some((_, media_type @ "application/wacz")))
        | (Some((_, media_type)), _)
        | (None, Some((_, media_type))) => media_type,
        (None, None) if content.contains('\0') => "application/octet-stream",
        (None, None) if looks_like_html(content) => "text/html",
        (None, None) => "text/plain; charset=utf-8",
    }
}

/// Derives the text of a capture.
pub fn derive(profile: Profile, bytes: &[u8]) -> Result<Text, Error> {
    let limit = match profile {
        Profile::Plain1 => MAX_CAPTURE,
        Profile::Html1 => MAX_PAGE,
    };
    let size = bytes.len() as u64;
    if size > limit {
        return Err(Error::TooLarge { size, limit });
    }
    let content = std::str::from_utf8(bytes)
        .map_err(|error| Error::NotUtf8 { at: error.valid_up_to() as u64 })?;
    let marked = content.strip_prefix('\u{feff}');
    let content = marked.unwrap_or(content);
    match profile {
        Profile::Plain1 => Ok(Text::new(profile, content.to_owned())),
        Profile::Html1 => {
            markup::measure(content)?;
            let page = html::extract(content);
            // A byte order mark wins over what the page declares (HTML standard, 13.2.3.2).
            if let (None, Some(charset)) = (marked, page.declared_charset)
                && !reads_alike(&charset, content)
            {
                return Err(Error::Charset { charset });
            }
            let mut text = Text::new(profile, page.seen);
            text.unseen = page.unseen;
            text.has_style_sheets = page.has_style_sheets;
            Ok(text)
        }
    }
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
        Self { profile, content, marks, length, unseen: Vec::new(), has_style_sheets: false }
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

fn looks_like_html(content: &str) -> bool {
    let begin = content.trim_start_matches('\u{feff}').trim_start();
    ["<!doctype html", "<html", "<head", "<body"]
        .iter()
        .any(|sign| begin.get(..sign.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(sign)))
}

#[cfg(test)]
mod tests {
    use super::{Error, Profile, derive, guess_media_type};
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
        ] {
            assert_eq!(Profile::for_media_type(media_type), Ok(expected), "{media_type}");
        }
        let error = Profile::for_media_type("text/html; charset=windows-1251").unwrap_err();
        assert_eq!(error, Error::Charset { charset: "windows-1251".to_owned() });
        for refused in ["", "application/xhtml+xml", "application/pdf"] {
            let error = Profile::for_media_type(refused).unwrap_err();
            assert_eq!(error, Error::MediaType { media_type: refused.to_owned() });
        }
    }

    #[test]
    fn a_media_type_is_guessed_from_the_bytes_and_the_name() {
        for (name, bytes, expected) in [
            ("a.txt", b"%PDF-1.7".as_slice(), "application/pdf"),
            ("a.HTML", b"words", "text/html"),
            ("a.wacz", b"PK\x03\x04", "application/wacz"),
            ("a", b" <!DOCTYPE HTML><p>", "text/html"),
            ("a", b"words", "text/plain; charset=utf-8"),
            ("a.txt", b"\xff\xfe", "application/octet-stream"),
            ("a", b"\0", "application/octet-stream"),
        ] {
            assert_eq!(guess_media_type(name, bytes), expected, "{name}");
        }
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
