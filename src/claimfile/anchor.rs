//! The words of a passage, found in the text of a capture: exactly once, or said why not, in
//! words that help the one who typed the quote.

use crate::attribution::record::claim::Mode;
use crate::evidence::anchor::{Match, Reason, find};
use crate::evidence::nearest::Hint;
use crate::evidence::parts::Part;
use crate::evidence::quotation::is_quoted;
use crate::evidence::reading::{self, Answer, Verdict};
use crate::evidence::text::Text;
use crate::selector::{Position, Selector};

/// How much of a quote a message repeats, in characters.
const MAX_QUOTE: usize = 60;

/// How much of a document a message shows around a place, in characters on each side.
const CONTEXT: u64 = 24;

/// The most places that a message shows.
const MAX_PLACES: usize = 5;

/// The shortest beginning of a quote that is worth pointing at, in characters.
const MIN_BEGINNING: usize = 8;

/// Why words could not be anchored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unfound {
    /// What was found instead.
    pub(crate) what: String,
    /// What to do about it.
    pub(crate) hint: Option<String>,
}

/// Finds the words and writes down where they stand, in code points.
pub(crate) fn anchor(text: &Text, selector: &Selector) -> Result<Selector, Unfound> {
    match find(text, selector) {
        Match::Holds { position } => Ok(Selector { position: Some(position), ..selector.clone() }),
        Match::Ambiguous { positions, has_more } => Err(ambiguous(text, &positions, has_more)),
        Match::Fails { reason } => Err(unfound(text, selector, &reason)),
    }
}

/// What a recorder should look at again: facts about a passage that are no faults.
pub(crate) fn warnings(text: &Text, mode: Mode, cue: Option<&str>, at: &[Position]) -> Vec<String> {
    let mut answers = vec![reading::in_order(at)];
    let cut = at.iter().filter(|position| reading::is_cut_from_a_word(text, **position));
    let fact = "the quote begins or ends inside a longer word: it will count as not anchored";
    answers.extend(cut.map(|position| Answer::fails(fact, Some(*position))));
    if mode == Mode::Direct {
        answers.extend(at.iter().map(|position| is_quoted(text, *position)));
    }
    if let (Some(cue), Some(first)) = (cue, at.first()) {
        answers.push(reading::cue_near(text, cue, *first));
    }
    let failed = answers.into_iter().filter(|answer| answer.verdict == Verdict::Fails);
    failed.map(|answer| answer.fact).collect()
}

/// The beginning of some words, for a message.
pub(crate) fn shown(words: &str) -> String {
    let mut shown: String = words.chars().take(MAX_QUOTE).collect();
    if shown.len() < words.len() {
        shown.push('…');
    }
    shown
}

fn ambiguous(text: &Text, positions: &[Position], has_more: bool) -> Unfound {
    let count = positions.len();
    let more = if has_more { "more than " } else { "" };
    let what = format!("stands {more}{count} times: {}", listed(text, positions));
    let hint = "give `prefix` or `suffix`, the words directly before or behind, to tell the places \
                apart";
    let parts: Vec<&Part> = positions.iter().filter_map(|place| text.part_at(*place)).collect();
    // In one string or on one page, naming it again would tell nothing apart.
    let hint = match parts.as_slice() {
        [first, rest @ ..] if rest.iter().any(|other| other != first) => match first {
            Part::Pointer(pointer) => format!("{hint}; or `pointer`, such as {pointer:?}"),
            Part::Page(page) => format!("{hint}; or `page`, such as {page}"),
        },
        _ => hint.to_owned(),
    };
    Unfound { what, hint: Some(hint) }
}

fn unfound(text: &Text, selector: &Selector, reason: &Reason) -> Unfound {
    match reason {
        Reason::EmptyQuote => Unfound { what: "is empty".to_owned(), hint: None },
        Reason::Absent { hint } => {
            Unfound { what: nowhere(selector), hint: nearest(text, &selector.exact, *hint) }
        }
        Reason::OtherSurroundings { places } => Unfound {
            what: format!(
                "does not stand between the prefix and suffix given, but here: {}",
                listed(text, places)
            ),
            hint: Some("`prefix` and `suffix` touch the words, spaces included".to_owned()),
        },
        Reason::OtherWords { places, hint, .. } => Unfound {
            what: format!("does not stand where it should: {reason}"),
            hint: match places.as_slice() {
                [] => nearest(text, &selector.exact, *hint),
                _ => Some("leave out `start` and `end`: they are found by the words".to_owned()),
            },
        },
        Reason::NoSuchPart { near, .. } => Unfound {
            what: format!("cannot be looked for: {reason}"),
            hint: near.is_empty().then(|| {
                "`pointer` is for JSON, `page` for PDF: leave it out, or look whether the capture \
                 is the one that was meant"
                    .to_owned()
            }),
        },
        Reason::TwoParts => Unfound {
            what: "cannot be looked for: both `pointer` and `page` are given".to_owned(),
            hint: Some("`pointer` is for JSON, `page` for PDF".to_owned()),
        },
        Reason::InOtherPart { .. } => Unfound {
            what: format!("does not stand where it should: {reason}"),
            hint: Some("leave out `pointer` and `page`, or give the right one".to_owned()),
        },
        Reason::OutsidePart { .. } | Reason::AcrossParts => Unfound {
            what: format!("does not stand where it should: {reason}"),
            hint: Some("leave out `start` and `end`: they are found by the words".to_owned()),
        },
        Reason::OutsideText { .. } | Reason::OtherPrefix { .. } | Reason::OtherSuffix { .. } => {
            Unfound { what: format!("does not stand where it should: {reason}"), hint: None }
        }
    }
}

/// Where the words were looked for and do not stand.
fn nowhere(selector: &Selector) -> String {
    match (&selector.pointer, selector.page) {
        (Some(pointer), _) => format!("stands neither in the string `{pointer}` nor elsewhere"),
        (_, Some(page)) => format!("stands neither on page {page} nor elsewhere"),
        _ => "stands nowhere in the text".to_owned(),
    }
}

/// What comes near, and how far the document says the same.
fn nearest(text: &Text, quote: &str, hint: Option<Hint>) -> Option<String> {
    let near = hint.map(|hint| format!("the quote {}", hint.words()));
    let shared = beginning(text, quote);
    let parts: Vec<String> = near.into_iter().chain(shared).collect();
    (!parts.is_empty()).then(|| parts.join("; "))
}

/// The longest beginning of the quote that the document has, and how the document goes on.
fn beginning(text: &Text, quote: &str) -> Option<String> {
    let ends: Vec<usize> = quote.char_indices().map(|(byte, _)| byte).skip(1).collect();
    // If a beginning stands in the text, every shorter one does.
    let count = ends.partition_point(|end| text.as_str().contains(&quote[..*end]));
    if count < MIN_BEGINNING {
        return None;
    }
    let same = &quote[..ends[count - 1]];
    let place = text.place_of(text.as_str().find(same)?) + same.chars().count() as u64;
    let end: String = same.chars().skip(count.saturating_sub(MAX_QUOTE / 2)).collect();
    let differs: String = quote[same.len()..].chars().take(12).collect();
    let (end, goes_on) = (one_line(&end), one_line(text.after(place, 12)));
    Some(format!("after {end:?} the document goes on {goes_on:?}, the quote {differs:?}"))
}

/// Places with their lines and a little of what stands around them.
fn listed(text: &Text, positions: &[Position]) -> String {
    let mut listed: Vec<String> = positions.iter().take(MAX_PLACES).map(|p| at(text, *p)).collect();
    if positions.len() > MAX_PLACES {
        listed.push("…".to_owned());
    }
    listed.join(", ")
}

fn at(text: &Text, position: Position) -> String {
    let byte = text.byte_at(position.start).unwrap_or_default();
    let place = match text.part_at(position) {
        Some(part) => part.to_string(),
        None => format!("line {}", text.as_str()[..byte].matches('\n').count() + 1),
    };
    let words = shown(text.slice(position).unwrap_or_default());
    let (before, after) = (text.before(position.start, CONTEXT), text.after(position.end, CONTEXT));
    format!("{place} “…{}…”", one_line(&format!("{before}[{words}]{after}")))
}

fn one_line(words: &str) -> String {
    words.replace(['\n', '\r', '\t', '\u{c}'], " ")
}

#[cfg(test)]
mod tests {
    use super::{anchor, warnings};
    use crate::attribution::record::claim::Mode;
    use crate::evidence::text::{Profile, Text, derive};
    use crate::selector::{Position, Selector};

    fn text(words: &str) -> Text {
        derive(Profile::Plain1, words.as_bytes()).unwrap()
    }

    fn check_refused(words: &str, selector: &Selector, what: &str, hint: Option<&str>) {
        let unfound = anchor(&text(words), selector).unwrap_err();
        assert_eq!((unfound.what.as_str(), unfound.hint.as_deref()), (what, hint));
    }

    #[test]
    fn a_position_is_written_beside_the_quote() {
        let found = anchor(&text("Muttaqi’s “tiés”"), &Selector::quote("tiés")).unwrap();
        assert_eq!(found.position, Some(Position { start: 11, end: 15 }));
    }

    #[test]
    fn a_quote_that_stands_twice_lists_its_lines() {
        let hint = "give `prefix` or `suffix`, the words directly before or behind, to tell the \
                    places apart";
        let words = "the visit, and\nthe visit";
        let unfound = anchor(&text(words), &Selector::quote("visit")).unwrap_err();
        assert!(unfound.what.starts_with("stands 2 times: line 1 “…the [visit], and the visit…”"));
        assert!(unfound.what.contains("line 2 “…"), "{}", unfound.what);
        assert_eq!(unfound.hint.as_deref(), Some(hint));
    }

    #[test]
    fn a_straight_apostrophe_is_shown_beside_the_curly_one() {
        let hint = "the quote differs from the text only in quotation marks, apostrophes or \
                    dashes; after \"the Taliban\" the document goes on \"’s ministry\", the quote \
                    \"'s ministry\"";
        let quote = Selector::quote("the Taliban's ministry");
        check_refused(
            "by the Taliban’s ministry",
            &quote,
            "stands nowhere in the text",
            Some(hint),
        );
        check_refused("by", &quote, "stands nowhere in the text", None);
    }

    #[test]
    fn a_wrong_position_says_to_leave_it_out() {
        let position = Some(Position { start: 0, end: 2 });
        let selector = Selector { position, ..Selector::quote("by") };
        let what = "does not stand where it should: other words stand at the position: \"go\"; \
                    these stand at 3-5";
        let hint = "leave out `start` and `end`: they are found by the words";
        check_refused("go by", &selector, what, Some(hint));
    }

    #[test]
    fn a_string_of_a_document_is_named_in_what_went_wrong() {
        let post = r#"{"spoiler_text": "no", "content": "<p>no</p>", "id": "1"}"#;
        let post = derive(Profile::Json1, post.as_bytes()).unwrap();
        let refused = |exact: &str, pointer: Option<&str>| {
            let pointer = pointer.map(str::to_owned);
            let selector = Selector { pointer, ..Selector::quote(exact) };
            let unfound = anchor(&post, &selector).unwrap_err();
            (unfound.what, unfound.hint.unwrap_or_default())
        };
        let (what, hint) = refused("no", None);
        assert!(what.starts_with("stands 2 times: the string `/spoiler_text` “…[no]"), "{what}");
        assert!(hint.ends_with("or `pointer`, such as \"/spoiler_text\""), "{hint}");
        let (what, hint) = refused("no", Some("/text"));
        let near = "cannot be looked for: there is no such part as the string `/text`; near it are \
                    the string `/spoiler_text`, the string `/content`, the string `/id`";
        assert_eq!((what.as_str(), hint.as_str()), (near, ""));
        let (what, hint) = refused("no", Some("/id"));
        let elsewhere = "does not stand where it should: the words do not stand in the string \
                         `/id`, but in the string `/spoiler_text`, the string `/content`";
        assert_eq!(what, elsewhere);
        assert_eq!(hint, "leave out `pointer` and `page`, or give the right one");
        let (what, _) = refused("yes", Some("/id"));
        assert_eq!(what, "stands neither in the string `/id` nor elsewhere");
        let selector = Selector { page: Some(2), ..Selector::quote("by") };
        let what = "cannot be looked for: page 2 is named, and the text has no pages";
        let hint = "`pointer` is for JSON, `page` for PDF: leave it out, or look whether the \
                    capture is the one that was meant";
        check_refused("by", &selector, what, Some(hint));
    }

    #[test]
    fn a_quote_cut_from_a_word_is_a_warning() {
        let text = text("It is illegal.");
        let (cut, whole) = (Position { start: 8, end: 13 }, Position { start: 6, end: 13 });
        assert_eq!(warnings(&text, Mode::Indirect, None, &[whole]), Vec::<String>::new());
        assert!(warnings(&text, Mode::Indirect, None, &[cut])[0].contains("a longer word"));
    }

    #[test]
    fn a_direct_quote_outside_quotation_marks_is_a_warning() {
        let text = text("He said: “We will come.” They left.");
        let (inside, outside) = (Position { start: 10, end: 22 }, Position { start: 25, end: 29 });
        assert_eq!(warnings(&text, Mode::Direct, Some("said"), &[inside]), Vec::<String>::new());
        assert_eq!(warnings(&text, Mode::Indirect, None, &[outside]), Vec::<String>::new());
        assert_eq!(warnings(&text, Mode::Direct, None, &[outside]).len(), 1);
        assert_eq!(warnings(&text, Mode::Indirect, Some("denied"), &[inside]).len(), 1);
    }
}
