//! Limits and shapes of fields: everything from outside has a limit, named and explained.

use url::Url;

/// The longest name, title, office, handle or keyword, in bytes. The longest ministry names in
/// use stay below 200; 512 leaves room for scripts of three bytes a letter.
pub const SHORT_TEXT: usize = 512;

/// The longest quotation, proposition or reason, in bytes. Long enough for a whole page of a
/// speech; a whole document belongs into a capture.
pub const LONG_TEXT: usize = 8 * 1024;

/// The longest URL, in bytes: what browsers and archives agree to carry.
pub const URL: usize = 2048;

/// The longest language tag, in bytes: the buffer that RFC 5646 section 4.4.1 asks for.
pub const LANGUAGE: usize = 35;

/// The longest key of a party or channel, in bytes. People type it.
pub const KEY: usize = 64;

/// The longest header field, in bytes: a content security policy has a few thousand.
pub const HEADER: usize = 4096;

/// The most items of any list in a record. More belongs into a second record.
pub const ITEMS: usize = 256;

/// A field that is too long, empty, or of the wrong shape.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {what}")]
pub struct Invalid {
    /// The field's name in the record.
    pub field: &'static str,
    /// What was found and what was expected.
    pub what: String,
}

impl Invalid {
    pub(crate) fn new(field: &'static str, what: impl Into<String>) -> Self {
        Self { field, what: what.into() }
    }
}

/// A name or the like: not blank, within [`SHORT_TEXT`], on one line.
pub(crate) fn short(field: &'static str, text: &str) -> Result<(), Invalid> {
    bounded(field, text, SHORT_TEXT)?;
    match text.chars().find(|c| c.is_control()) {
        Some(control) => Err(Invalid::new(
            field,
            format!(
                "found the control character U+{:04X}, expected one line of text",
                u32::from(control)
            ),
        )),
        None => Ok(()),
    }
}

/// A quotation or the like: not blank, within [`LONG_TEXT`]. Line breaks are part of a quotation.
pub(crate) fn long(field: &'static str, text: &str) -> Result<(), Invalid> {
    bounded(field, text, LONG_TEXT)
}

fn bounded(field: &'static str, text: &str, limit: usize) -> Result<(), Invalid> {
    if text.trim().is_empty() {
        return Err(Invalid::new(field, "is blank, expected text"));
    }
    if text.len() > limit {
        let what = format!("has {} bytes, expected at most {limit}", text.len());
        return Err(Invalid::new(field, what));
    }
    Ok(())
}

/// A header field as `name: value` on one line; a name is a token (RFC 9110 section 5.1). A
/// server's session would be anybody's in a public ledger, so cookies are refused.
pub(crate) fn header(field: &'static str, text: &str) -> Result<(), Invalid> {
    bounded(field, text, HEADER)?;
    let token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    let name = text.split_once(':').map(|(name, _)| name);
    match name {
        Some(name) if name.eq_ignore_ascii_case("set-cookie") => {
            Err(Invalid::new(field, "holds a cookie, expected none"))
        }
        Some(name)
            if !name.is_empty()
                && name.chars().all(token)
                && !text.chars().any(char::is_control) =>
        {
            Ok(())
        }
        _ => Err(Invalid::new(field, format!("found {text:?}, expected `name: value`"))),
    }
}

/// A JSON Pointer (RFC 6901 section 3): empty, or begun by `/`; `~` only as `~0` or `~1`.
pub(crate) fn pointer(field: &'static str, text: &str) -> Result<(), Invalid> {
    let escaped = text.split('~').skip(1).all(|rest| rest.starts_with(['0', '1']));
    if text.len() > URL || !(text.is_empty() || text.starts_with('/')) || !escaped {
        let what = format!("found {text:?}, expected a JSON Pointer such as /value/text");
        return Err(Invalid::new(field, what));
    }
    Ok(())
}

/// Checks an optional field, if it is there.
pub(crate) fn optional(
    field: &'static str,
    text: Option<&String>,
    check: fn(&'static str, &str) -> Result<(), Invalid>,
) -> Result<(), Invalid> {
    text.map_or(Ok(()), |text| check(field, text))
}

/// A key that people type: lowercase letters of any script, digits and hyphens.
pub(crate) fn key(field: &'static str, text: &str) -> Result<(), Invalid> {
    let allowed = |c: char| c == '-' || (c.is_alphanumeric() && !c.is_uppercase());
    if text.len() > KEY {
        let what = format!("has {} bytes, expected at most {KEY}", text.len());
        return Err(Invalid::new(field, what));
    }
    if text.is_empty() || !text.chars().all(allowed) {
        let what = format!(
            "found {text:?}, expected 1 to {KEY} bytes of lowercase letters, digits and hyphens"
        );
        return Err(Invalid::new(field, what));
    }
    Ok(())
}

/// An absolute URL. It is kept as written; only its shape is checked.
pub(crate) fn url(field: &'static str, text: &str) -> Result<(), Invalid> {
    bounded(field, text, URL)?;
    // The parser passes over white space and line breaks, which the record would keep.
    if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(Invalid::new(
            field,
            format!("found {text:?}, white space is not part of a URL"),
        ));
    }
    match Url::parse(text) {
        Ok(url) if !url.username().is_empty() || url.password().is_some() => {
            Err(Invalid::new(field, "holds a user name or password, and records are public"))
        }
        Ok(url) if matches!(url.scheme(), "javascript" | "data" | "vbscript") => {
            Err(Invalid::new(field, format!("found {text:?}, expected the address of something")))
        }
        Ok(_) => Ok(()),
        Err(error) => {
            Err(Invalid::new(field, format!("found {text:?}, not an absolute URL: {error}")))
        }
    }
}

/// A language tag (BCP 47).
pub(crate) fn language(field: &'static str, text: &str) -> Result<(), Invalid> {
    bounded(field, text, LANGUAGE)?;
    match oxilangtag::LanguageTag::parse(text) {
        Ok(_) => Ok(()),
        Err(error) => {
            Err(Invalid::new(field, format!("found {text:?}, not a language tag: {error}")))
        }
    }
}

/// A media type: `type/subtype`, optionally with parameters.
pub(crate) fn media_type(field: &'static str, text: &str) -> Result<(), Invalid> {
    short(field, text)?;
    let essence = text.split(';').next().unwrap_or_default().trim();
    let token = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&b))
    };
    match essence.split_once('/') {
        Some((kind, subtype)) if token(kind) && token(subtype) => Ok(()),
        _ => Err(Invalid::new(field, format!("found {text:?}, not a media type"))),
    }
}

/// A list no longer than [`ITEMS`].
pub(crate) fn items<T>(field: &'static str, list: &[T]) -> Result<(), Invalid> {
    if list.len() > ITEMS {
        let what = format!("has {} items, expected at most {ITEMS}", list.len());
        return Err(Invalid::new(field, what));
    }
    Ok(())
}

/// A list that must not be empty, nor longer than [`ITEMS`].
pub(crate) fn some_items<T>(field: &'static str, list: &[T]) -> Result<(), Invalid> {
    if list.is_empty() {
        return Err(Invalid::new(field, "is empty, expected at least one"));
    }
    items(field, list)
}

#[cfg(test)]
mod tests {
    use super::{KEY, LANGUAGE, SHORT_TEXT, URL};
    use super::{header, key, language, long, media_type, pointer, short, url};

    #[test]
    fn texts_are_bounded_not_blank_and_short_ones_stand_on_one_line() {
        assert!(short("f", &"a".repeat(SHORT_TEXT)).is_ok());
        for bad in ["", " ", "\u{a0}", "a\nb", "a\u{7f}", "\u{1b}[31m", &"a".repeat(SHORT_TEXT + 1)]
        {
            assert!(short("f", bad).is_err(), "{bad:?}");
        }
        assert!(long("f", "a\nb").is_ok());
        assert!(long("f", "\n").is_err());
    }

    #[test]
    fn keys_are_what_people_can_type() {
        for good in ["mfa-taliban", "мид", "外交部", "a", &"a".repeat(KEY)] {
            assert!(key("f", good).is_ok(), "{good}");
        }
        for bad in ["", "A", "a b", "a_b", "a/b", "a\n", &"a".repeat(KEY + 1)] {
            assert!(key("f", bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn urls_are_absolute_and_hold_no_white_space() {
        let longest = format!("https://example.org/{}", "a".repeat(URL - 20));
        for good in ["https://example.org/a?b#c", "https://пример.рф/я", "urn:isbn:1", &longest]
        {
            assert!(url("f", good).is_ok(), "{good}");
        }
        let longer = format!("{longest}a");
        for bad in ["javascript:alert(1)", "https://user:pw@a.example/", "https://me@a.example/"] {
            assert!(url("f", bad).is_err(), "{bad:?}");
        }
        for bad in ["", "/a", "example.org", "https://a b", " https://a", "https://a\n/b", &longer]
        {
            assert!(url("f", bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn headers_are_one_line_and_no_cookie() {
        for good in ["content-type: text/html", "ETag:\"x\""] {
            assert!(header("f", good).is_ok(), "{good}");
        }
        for bad in ["", "date", ": x", "a b: c", "a: b\r\nc: d", "Set-Cookie: id=1"] {
            assert!(header("f", bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn pointers_are_those_of_rfc_6901() {
        for good in ["", "/", "/value/text", "/a~1b/~0", "/0"] {
            assert!(pointer("f", good).is_ok(), "{good}");
        }
        for bad in ["value", "/a~", "/a~2", "#/a"] {
            assert!(pointer("f", bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn language_tags_and_media_types_have_their_shape() {
        let longest = format!("en-x{}", "-aaaaa".repeat(5) + "a");
        assert_eq!(longest.len(), LANGUAGE);
        for good in ["ps", "fa-AF", "zh-Hant-TW", &longest] {
            assert!(language("f", good).is_ok(), "{good}");
        }
        for bad in ["", "english language", "e", "en-", &format!("{longest}a")] {
            assert!(language("f", bad).is_err(), "{bad:?}");
        }
        for good in ["text/html", "text/plain; charset=utf-8", "application/vnd.a+cbor"] {
            assert!(media_type("f", good).is_ok(), "{good}");
        }
        for bad in ["", "text", "/html", "text/", "te xt/html", "text/html\n"] {
            assert!(media_type("f", bad).is_err(), "{bad:?}");
        }
    }
}
