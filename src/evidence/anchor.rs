//! Anchoring: does a text hold the words of a selector, exactly once, where it says?
//!
//! Words are compared code point by code point. Nothing is normalised, and what is merely near
//! never holds: it is a hint. Without the text nothing is known, which is for the caller to say.

use std::fmt;

use crate::evidence::nearest::{self, Hint};
use crate::evidence::parts::Part;
use crate::evidence::text::Text;
use crate::selector::{Position, Selector};

/// The most places that are listed where a quote stands more than once. A reader compares a few;
/// a search for every place of a short quote in a long text would serve nobody.
pub const MAX_PLACES: usize = 16;

/// The most parts that a message lists.
pub const MAX_PARTS: usize = 5;

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
    /// The text has no part of the name given.
    NoSuchPart {
        /// The part that the selector names.
        part: Part,
        /// The parts whose names come nearest, at most [`MAX_PARTS`]; none if the text has none.
        near: Vec<Part>,
    },
    /// The words do not stand in the part given, but in others.
    InOtherPart {
        /// The part that the selector names.
        part: Part,
        /// The first parts in which the words do stand, at most [`MAX_PARTS`].
        others: Vec<Part>,
    },
    /// The position does not lie in the part given.
    OutsidePart {
        /// The part that the selector names.
        part: Part,
        /// Where that part stands.
        place: Position,
    },
    /// The position runs over the end of a string: its words stand nowhere together.
    AcrossParts,
    /// A selector names a string and a page: no document has both.
    TwoParts,
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

/// Finds the words of `selector` in `text`, in the string or on the page that it names.
pub fn find(text: &Text, selector: &Selector) -> Match {
    if selector.exact.is_empty() {
        return Match::Fails { reason: Reason::EmptyQuote };
    }
    let bounds = match bounds(text, selector) {
        Ok(bounds) => bounds,
        Err(reason) => return Match::Fails { reason },
    };
    match selector.position {
        Some(position) => match refuted(text, selector, position, bounds) {
            Some(reason) => Match::Fails { reason },
            None => Match::Holds { position },
        },
        None => search(text, selector, bounds),
    }
}

/// The first places of `words` in `text`, overlapping ones too: at most `limit`. Where the text
/// keeps its parts apart, words that run from one into the next stand nowhere.
pub fn places(text: &Text, words: &str, limit: usize) -> Vec<Position> {
    places_within(text, words, Position { start: 0, end: text.length() }, limit)
}

/// The first places of the words of `selector`, in the part that it names: at most `limit`.
pub fn places_of(text: &Text, selector: &Selector, limit: usize) -> Vec<Position> {
    let Ok(named) = named(text, selector) else { return Vec::new() };
    places_within(text, &selector.exact, named.unwrap_or_else(|| whole(text)), limit)
}

fn whole(text: &Text) -> Position {
    Position { start: 0, end: text.length() }
}

fn places_within(text: &Text, words: &str, bounds: Position, limit: usize) -> Vec<Position> {
    let Some(first) = words.chars().next() else { return Vec::new() };
    let (Some(begin), Some(end)) = (text.byte_at(bounds.start), text.byte_at(bounds.end)) else {
        return Vec::new();
    };
    let within = &text.as_str()[begin..end];
    let length = words.chars().count() as u64;
    let mut found = Vec::new();
    let mut from = 0;
    while found.len() < limit
        && let Some(offset) = within[from..].find(words)
    {
        let start = text.place_of(begin + from + offset);
        let place = Position { start, end: start + length };
        if !text.keeps_parts_apart() || text.part_at(place).is_some() {
            found.push(place);
        }
        // The next place may begin within this one.
        from += offset + first.len_utf8();
    }
    found
}

/// Where the part stands that a selector names, if it names one.
fn named(text: &Text, selector: &Selector) -> Result<Option<Position>, Reason> {
    let Some(part) = part_of(selector)? else { return Ok(None) };
    match text.part_named(&part) {
        Some(place) => Ok(Some(place)),
        None => {
            let near = text.parts().near(&part, MAX_PARTS);
            Err(Reason::NoSuchPart { part, near })
        }
    }
}

fn part_of(selector: &Selector) -> Result<Option<Part>, Reason> {
    match (&selector.pointer, selector.page) {
        (Some(_), Some(_)) => Err(Reason::TwoParts),
        (Some(pointer), None) => Ok(Some(Part::Pointer(pointer.clone()))),
        (None, Some(page)) => Ok(Some(Part::Page(page))),
        (None, None) => Ok(None),
    }
}

/// The range in which the words and their surroundings must stand.
fn bounds(text: &Text, selector: &Selector) -> Result<Position, Reason> {
    let named = named(text, selector)?;
    let Some(position) = selector.position else {
        return Ok(named.unwrap_or_else(|| whole(text)));
    };
    if text.slice(position).is_none() {
        return Err(Reason::OutsideText { position, length: text.length() });
    }
    if let (Some(place), Some(part)) = (named, part_of(selector)?) {
        let is_inside = place.start <= position.start && position.end <= place.end;
        return if is_inside { Ok(place) } else { Err(Reason::OutsidePart { part, place }) };
    }
    if text.keeps_parts_apart() {
        return text.parts().at(position).map(|(_, place)| place).ok_or(Reason::AcrossParts);
    }
    Ok(whole(text))
}

/// What speaks against the words standing at `position`, if anything does.
fn refuted(
    text: &Text,
    selector: &Selector,
    position: Position,
    bounds: Position,
) -> Option<Reason> {
    let found = text.slice(position)?;
    if found != selector.exact {
        let places = places_of(text, selector, MAX_PLACES);
        let hint = if places.is_empty() { nearest::hint(text, &selector.exact) } else { None };
        let found =
            text.after(position.start, (found.chars().count() as u64).min(MAX_SHOWN)).to_owned();
        return Some(Reason::OtherWords { found, places, hint });
    }
    let before = text.slice(Position { start: bounds.start, end: position.start })?;
    if let Some(prefix) = &selector.prefix
        && !before.ends_with(prefix.as_str())
    {
        let count = (prefix.chars().count() as u64).min(MAX_SHOWN);
        let count = count.min(position.start - bounds.start);
        return Some(Reason::OtherPrefix { found: text.before(position.start, count).to_owned() });
    }
    let behind = text.slice(Position { start: position.end, end: bounds.end })?;
    if let Some(suffix) = &selector.suffix
        && !behind.starts_with(suffix.as_str())
    {
        let count = (suffix.chars().count() as u64).min(MAX_SHOWN);
        let count = count.min(bounds.end - position.end);
        return Some(Reason::OtherSuffix { found: text.after(position.end, count).to_owned() });
    }
    None
}

/// Finds the words by the quote and its surroundings alone.
fn search(text: &Text, selector: &Selector, bounds: Position) -> Match {
    let prefix = selector.prefix.as_deref().unwrap_or_default();
    let suffix = selector.suffix.as_deref().unwrap_or_default();
    let joined = [prefix, &selector.exact, suffix].concat();
    let (before, behind) = (prefix.chars().count() as u64, suffix.chars().count() as u64);
    let mut positions = places_within(text, &joined, bounds, MAX_PLACES + 1);
    for position in &mut positions {
        *position = Position { start: position.start + before, end: position.end - behind };
    }
    let has_more = positions.len() > MAX_PLACES;
    match positions.as_slice() {
        [] => Match::Fails { reason: missing(text, selector, bounds) },
        [position] => Match::Holds { position: *position },
        _ => {
            positions.truncate(MAX_PLACES);
            Match::Ambiguous { positions, has_more }
        }
    }
}

/// Why the words with their surroundings do not stand within the bounds.
fn missing(text: &Text, selector: &Selector, bounds: Position) -> Reason {
    let within = places_within(text, &selector.exact, bounds, MAX_PLACES);
    if !within.is_empty() {
        return Reason::OtherSurroundings { places: within };
    }
    if let Ok(Some(part)) = part_of(selector) {
        let mut others: Vec<Part> = Vec::new();
        for place in places(text, &selector.exact, MAX_PLACES) {
            others.extend(text.part_at(place).cloned().filter(|other| !others.contains(other)));
        }
        others.truncate(MAX_PARTS);
        if !others.is_empty() {
            return Reason::InOtherPart { part, others };
        }
    }
    Reason::Absent { hint: nearest::hint(text, &selector.exact) }
}

impl fmt::Display for Reason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EmptyQuote => write!(formatter, "the selector quotes nothing"),
            Self::Absent { .. } => write!(formatter, "the words stand nowhere in the text"),
            Self::OtherSurroundings { places } => {
                write!(formatter, "the words stand at ")?;
                list(formatter, &ranges(places))?;
                write!(formatter, ", but not between the prefix and suffix given")
            }
            Self::OutsideText { position: Position { start, end }, length } => {
                write!(formatter, "position {start}-{end} is outside a text of {length}")
            }
            Self::NoSuchPart { part, near } if near.is_empty() => {
                let kind = match part {
                    Part::Pointer(_) => "strings to point at",
                    Part::Page(_) => "pages",
                };
                write!(formatter, "{part} is named, and the text has no {kind}")
            }
            Self::NoSuchPart { part, near } => {
                write!(formatter, "there is no such part as {part}; near it ")?;
                write!(formatter, "{} ", if near.len() == 1 { "is" } else { "are" })?;
                list(formatter, near)
            }
            Self::InOtherPart { part, others } => {
                write!(formatter, "the words do not stand in {part}, but in ")?;
                list(formatter, others)
            }
            Self::OutsidePart { part, place: Position { start, end } } => {
                write!(formatter, "the position is outside {part}, which stands at {start}-{end}")
            }
            Self::AcrossParts => {
                write!(formatter, "the position runs over the end of a string of the document")
            }
            Self::TwoParts => write!(formatter, "a string and a page are named, expected one"),
            Self::OtherWords { found, places, .. } if places.is_empty() => {
                write!(formatter, "other words stand at the position: {found:?}")
            }
            Self::OtherWords { found, places, .. } => {
                write!(formatter, "other words stand at the position: {found:?}; these stand at ")?;
                list(formatter, &ranges(places))
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

fn list<T: fmt::Display>(formatter: &mut fmt::Formatter<'_>, items: &[T]) -> fmt::Result {
    for (number, item) in items.iter().enumerate() {
        let comma = if number == 0 { "" } else { ", " };
        write!(formatter, "{comma}{item}")?;
    }
    Ok(())
}

/// Places as a message lists them.
fn ranges(places: &[Position]) -> Vec<String> {
    places.iter().map(|Position { start, end }| format!("{start}-{end}")).collect()
}

#[cfg(test)]
mod tests {
    use super::{MAX_PLACES, Match, Reason, find};
    use crate::evidence::nearest::Hint;
    use crate::evidence::parts::Part;
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

    fn strings(source: &str, selector: &Selector) -> Match {
        find(&derive(Profile::Json1, source.as_bytes()).unwrap(), selector)
    }

    fn pointed(exact: &str, pointer: &str) -> Selector {
        Selector { pointer: Some(pointer.to_owned()), ..Selector::quote(exact) }
    }

    fn pointer(name: &str) -> Part {
        Part::Pointer(name.to_owned())
    }

    #[test]
    fn a_pointer_tells_two_strings_apart() {
        let post = r#"{"spoiler": "漢 no", "content": "no, no", "id": "1"}"#;
        let quote = Selector::quote("no");
        let positions = vec![at(2, 4), at(5, 7), at(9, 11)];
        assert_eq!(strings(post, &quote), Match::Ambiguous { positions, has_more: false });
        let holds = |position| Match::Holds { position };
        let fails = |reason| Match::Fails { reason };
        assert_eq!(strings(post, &pointed("no", "/spoiler")), holds(at(2, 4)));
        let positions = vec![at(5, 7), at(9, 11)];
        let twice = Match::Ambiguous { positions, has_more: false };
        assert_eq!(strings(post, &pointed("no", "/content")), twice);
        let suffixed = Selector { suffix: Some(",".to_owned()), ..pointed("no", "/content") };
        assert_eq!(strings(post, &suffixed), holds(at(5, 7)));
        let placed = Selector { position: Some(at(9, 11)), ..pointed("no", "/content") };
        assert_eq!(strings(post, &placed), holds(at(9, 11)));
        let placed = Selector { position: Some(at(2, 4)), ..pointed("no", "/content") };
        let outside = Reason::OutsidePart { part: pointer("/content"), place: at(5, 11) };
        assert_eq!(strings(post, &placed), fails(outside));
        let others = vec![pointer("/spoiler"), pointer("/content")];
        let reason = Reason::InOtherPart { part: pointer("/id"), others };
        let words = "the words do not stand in the string `/id`, but in the string `/spoiler`, the \
                     string `/content`";
        assert_eq!(reason.to_string(), words);
        assert_eq!(strings(post, &pointed("no", "/id")), fails(reason));
        let near = vec![pointer("/content"), pointer("/spoiler"), pointer("/id")];
        let reason = Reason::NoSuchPart { part: pointer("/contents"), near };
        assert_eq!(strings(post, &pointed("no", "/contents")), fails(reason));
        let paged = Selector { page: Some(1), ..pointed("no", "/id") };
        assert_eq!(strings(post, &paged), fails(Reason::TwoParts));
        let reason = Reason::NoSuchPart { part: pointer("/a"), near: Vec::new() };
        let words = "the string `/a` is named, and the text has no strings to point at";
        assert_eq!(reason.to_string(), words);
        check("abc", &pointed("b", "/a"), &fails(reason));
    }

    #[test]
    fn words_never_run_from_one_string_into_the_next() {
        let post = r#"["We deny", "it", "We deny\nit"]"#;
        let holds = Match::Holds { position: at(11, 21) };
        assert_eq!(strings(post, &Selector::quote("We deny\nit")), holds);
        let two = r#"["We deny", "it"]"#;
        let reason = Reason::Absent { hint: Some(Hint::AcrossParts) };
        assert_eq!(strings(two, &Selector::quote("We deny\nit")), Match::Fails { reason });
        for (exact, prefix, suffix) in
            [("it", Some("We deny\n"), None), ("We deny", None, Some("\nit"))]
        {
            let found = strings(two, &selector(exact, prefix, suffix));
            let Match::Fails { reason: Reason::OtherSurroundings { .. } } = found else {
                panic!("{exact}: {found:?}");
            };
        }
        let placed = |exact: &str, prefix: Option<&str>, position| Selector {
            position: Some(position),
            ..selector(exact, prefix, None)
        };
        let across = placed("We deny\nit", None, at(0, 10));
        assert_eq!(strings(two, &across), Match::Fails { reason: Reason::AcrossParts });
        let reason = Reason::OtherPrefix { found: String::new() };
        let prefixed = placed("it", Some("\n"), at(8, 10));
        assert_eq!(strings(two, &prefixed), Match::Fails { reason });
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
