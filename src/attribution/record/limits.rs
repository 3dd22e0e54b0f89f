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

/// The longest key of a party or channel, in bytes. People type it.
pub const KEY: usize = 64;

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
    if text.is_empty() || text.len() > KEY || !text.chars().all(allowed) {
        let what = format!(
            "found {text:?}, expected 1 to {KEY} bytes of lowercase letters, digits and hyphens"
        );
        return Err(Invalid::new(field, what));
    }
    Ok(())
}

/// An absolute URL. It is kept as written; only its shape is checked.
pub(crate) fn url(field: &'static str, text: &str) -> Result<(), Invalid> {
    short_of(field, text, URL)?;
    match Url::parse(text) {
        Ok(_) => Ok(()),
        Err(error) => {
            Err(Invalid::new(field, format!("found {text:?}, not an absolute URL: {error}")))
        }
    }
}

fn short_of(field: &'static str, text: &str, limit: usize) -> Result<(), Invalid> {
    bounded(field, text, limit)
}

/// A language tag (BCP 47).
pub(crate) fn language(field: &'static str, text: &str) -> Result<(), Invalid> {
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
