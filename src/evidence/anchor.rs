//! Anchoring: does a text hold the words of a selector, exactly once, where it says?
//!
//! Words are compared code point by code point. Nothing is normalised, and what is merely near
//! never holds: it is a hint. Without the text nothing is known, which is for the caller to say.

use std::fmt;

use crate::evidence::nearest::{self, Hint};
use crate::evidence::text::Text;
use crate::selector::{Position, Selector};

/// The most places that are listed where a quote stands more than once. A reader compares a few;
/// a search for every place of a short quote in a long text would serve nobody.
pub const MAX_PLACES: usize = 16;

/// The most code points that a message repeats of what stands at a place.
const MAX_SHOWN: u64 = 200;

/// Whether a selector's words stand in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Match {
    /// Exactly once, and all that the selector gives agrees.
    Holds {
        /// Where the words stand.
        position: Position,
    },
    /// Not so.
    Fails {
        /// The fact that was found.
        reason: Reason,
    },
    /// More than once, and the selector does not tell the places apart.
    Ambiguous {
        /// The first places, at most [`MAX_PLACES`].
        positions: Vec<Position>,
        /// Whether there are more than these.
        has_more: bool,
    },
}

/// Why a selector does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// The selector quotes nothing: nothing stands everywhere.
    EmptyQuote,
    /// The words stand nowhere in the text.
    Absent {
        /// What comes near, for a person to look at.
        hint: Option<Hint>,
    },
    /// The words stand in the text, but never behind the prefix and before the suffix given.
    OtherSurroundings {
        /// The first places of the words, at most [`MAX_PLACES`].
        places: Vec<Position>,
    },
    /// The position reaches beyond the end of the text, or ends before it begins.
    OutsideText {
        /// The position given.
        position: Position,
        /// The length of the text, in code points.
        length: u64,
    },
    /// Other words stand at the position.
    OtherWords {
        /// What stands there, cut to 200 code points.
        found: String,
        /// The first places where the quoted words do stand, at most [`MAX_PLACES`].
        places: Vec<Position>,
        /// Where the words stand nowhere: what comes near.
        hint: Option<Hint>,
    },
    /// The words stand at the position, and other words before it than the prefix.
    OtherPrefix {
        /// As much of the text before the position as the prefix is long, at most 200.
        found: String,
    },
    /// The words stand at the position, and other words behind it than the suffix.
    OtherSuffix {
        /// As much of the text behind the position as the suffix is long, at most 200.
        found: String,
    },
}

/// Finds the words of `selector` in `text`.
pub fn find(text: &Text, selector: &Selector) -> Match {
    if selector.exact.is_empty() {
        return Match::Fails { reason: Reason::EmptyQuote };
    }
    match selector.position {
        Some(position) => match refuted(text, selector, position) {
            Some(reason) => Match::Fails { reason },
            None => Match::Holds { position },
        },
        None => search(text, selector),
    }
}

/// The first places of `words` in `text`, overlapping ones too: at most `limit`.
pub fn places(text: &Text, words: &str, limit: usize) -> Vec<Position> {
    let Some(first) = words.chars().next() else { return Vec::new() };
    let length = words.chars().count() as u64;
    let mut found = Vec::new();
    let mut from = 0;
    while found.len() < limit
        && let Some(offset) = text.as_str()[from..].find(words)
    {
        let start = text.place_of(from + offset);
        found.push(Position { start, end: start + length });
        // The next place may begin within this one.
        from += offset + first.len_utf8();
    }
    found
}

/// What speaks against the words standing at `position`, if anything does.
fn refuted(text: &Text, selector: &Selector, position: Position) -> Option<Reason> {
    let Some(found) = text.slice(position) else {
        return Some(Reason::OutsideText { position, length: text.length() });
    };
    if found != selector.exact {
        let places = places(text, &selector.exact, MAX_PLACES);
        let hint = if places.is_empty() { nearest::hint(text, &selector.exact) } else { None };
        let found =
            text.after(position.start, (found.chars().count() as u64).min(MAX_SHOWN)).to_owned();
        return Some(Reason::OtherWords { found, places, hint });
    }
    let (begin, end) = (text.byte_at(position.start)?, text.byte_at(position.end)?);
    if let Some(prefix) = &selector.prefix
        && !text.as_str()[..begin].ends_with(prefix.as_str())
    {
        let count = (prefix.chars().count() as u64).min(MAX_SHOWN);
        return Some(Reason::OtherPrefix { found: text.before(position.start, count).to_owned() });
    }
    if let Some(suffix) = &selector.suffix
        && !text.as_str()[end..].starts_with(suffix.as_str())
    {
        let count = (suffix.chars().count() as u64).min(MAX_SHOWN);
        return Some(Reason::OtherSuffix { found: text.after(position.end, count).to_owned() });
    }
    None
}

/// Finds the words by the quote and its surroundings alone.
fn search(text: &Text, selector: &Selector) -> Match {
    let prefix = selector.prefix.as_deref().unwrap_or_default();
    let suffix = selector.suffix.as_deref().unwrap_or_default();
    let joined = [prefix, &selector.exact, suffix].concat();
    let (before, behind) = (prefix.chars().count() as u64, suffix.chars().count() as u64);
    let mut positions = places(text, &joined, MAX_PLACES + 1);
    for position in &mut positions {
        *position = Position { start: position.start + before, end: position.end - behind };
    }
    let has_more = positions.len() > MAX_PLACES;
    match positions.as_slice() {
        [] => {
            let places = places(text, &selector.exact, MAX_PLACES);
            let reason = if places.is_empty() {
                Reason::Absent { hint: nearest::hint(text, &selector.exact) }
            } else {
                Reason::OtherSurroundings { places }
            };
            Match::Fails { reason }
        }
        [position] => Match::Holds { position: *position },
        _ => {
            positions.truncate(MAX_PLACES);
            Match::Ambiguous { positions, has_more }
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EmptyQuote => write!(formatter, "the selector quotes nothing"),
            Self::Absent { .. } => write!(formatter, "the words stand nowhere in the text"),
            Self::OtherSurroundings { places } => {
                write!(formatter, "the words stand at ")?;
                list(formatter, places)?;
                write!(formatter, ", but not between the prefix and suffix given")
            }
            Self::OutsideText { position: Position { start, end }, length } => {
                write!(formatter, "position {start}-{end} is outside a text of {length}")
            }
            Self::OtherWords { found, places, .. } if places.is_empty() => {
                write!(formatter, "other words stand at the position: {found:?}")
            }
            Self::OtherWords { found, places, .. } => {
                write!(formatter, "other words stand at the position: {found:?}; these stand at ")?;
                list(formatter, places)
            }
            Self::OtherPrefix { found } => {
                write!(formatter, "other words stand before the position: {found:?}")
            }
            Self::OtherSuffix { found } => {
                write!(formatter, "other words stand behind the position: {found:?}")
            }
        }
    }
}

fn list(formatter: &mut fmt::Formatter<'_>, places: &[Position]) -> fmt::Result {
    for (number, Position { start, end }) in places.iter().enumerate() {
        let comma = if number == 0 { "" } else { ", " };
        write!(formatter, "{comma}{start}-{end}")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{MAX_PLACES, Match, Reason, find};
    use crate::evidence::nearest::Hint;
    use crate::evidence::text::{Profile, Text, derive};
    use crate::selector::{Position, Selector};

    fn text(words: &str) -> Text {
        derive(Profile::Plain1, words.as_bytes()).unwrap()
    }

    fn at(start: u64, end: u64) -> Position {
        Position { start, end }
    }

    fn selector(exact: &str, prefix: Option<&str>, suffix: Option<&str>) -> Selector {
        Selector {
            prefix: prefix.map(str::to_owned),
            suffix: suffix.map(str::to_owned),
            ..Selector::quote(exact)
        }
    }

    fn check(words: &str, selector: &Selector, expected: &Match) {
        assert_eq!(find(&text(words), selector), *expected, "{words}: {selector:?}");
    }

    #[test]
    fn a_quote_that_stands_once_holds_where_it_stands() {
        check("é漢😀 he said", &Selector::quote("said"), &Match::Holds { position: at(7, 11) });
        check("aXbX", &selector("X", Some("b"), None), &Match::Holds { position: at(3, 4) });
        check("aXbX", &selector("X", None, Some("b")), &Match::Holds { position: at(1, 2) });
        check("aXa", &selector("a", Some(""), Some("X")), &Match::Holds { position: at(0, 1) });
        let placed = Selector { position: Some(at(3, 4)), ..Selector::quote("X") };
        check("aXbX", &placed, &Match::Holds { position: at(3, 4) });
    }

    #[test]
    fn overlapping_places_are_all_counted() {
        let twice = Match::Ambiguous { positions: vec![at(0, 2), at(1, 3)], has_more: false };
        check("漢漢漢", &Selector::quote("漢漢"), &twice);
        let Match::Ambiguous { positions, has_more: true } =
            find(&text(&"a".repeat(1_000_000)), &Selector::quote("a".repeat(500_000)))
        else {
            panic!("half a million places");
        };
        assert_eq!(positions.len(), MAX_PLACES);
    }

    #[test]
    fn a_failure_says_what_was_found() {
        let fails = |reason| Match::Fails { reason };
        check("abc", &Selector::quote(""), &fails(Reason::EmptyQuote));
        check("abc", &Selector::quote("AB"), &fails(Reason::Absent { hint: Some(Hint::Case) }));
        let surroundings = Reason::OtherSurroundings { places: vec![at(1, 2)] };
        check("abc", &selector("b", Some("x"), None), &fails(surroundings));
        let placed = |exact: &str, start, end| Selector {
            position: Some(at(start, end)),
            ..Selector::quote(exact)
        };
        for (start, end) in [(2, 4), (3, 2), (u64::MAX, 0), (0, u64::MAX)] {
            let outside = Reason::OutsideText { position: at(start, end), length: 3 };
            check("abc", &placed("c", start, end), &fails(outside));
        }
        let reason =
            Reason::OtherWords { found: "ab".to_owned(), places: vec![at(1, 3)], hint: None };
        let words = "other words stand at the position: \"ab\"; these stand at 1-3";
        assert_eq!(reason.to_string(), words);
        check("abc", &placed("bc", 0, 2), &fails(reason));
        let prefixed = Selector { prefix: Some("x".to_owned()), ..placed("b", 1, 2) };
        check("abc", &prefixed, &fails(Reason::OtherPrefix { found: "a".to_owned() }));
        let suffixed = Selector { suffix: Some("xyz".to_owned()), ..placed("b", 1, 2) };
        check("abc", &suffixed, &fails(Reason::OtherSuffix { found: "c".to_owned() }));
    }
}
