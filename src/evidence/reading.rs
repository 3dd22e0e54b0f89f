//! Reading around a passage: facts that a text shows about a segment, a cue or a name.
//!
//! Each answer is one of three and says the fact it rests on. What follows from it for a claim is
//! left to others.

use crate::evidence::anchor;
use crate::evidence::text::Text;
use crate::selector::Position;

/// Whether something holds. Unknown is a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It was looked for and found.
    Holds,
    /// It was looked for and is not so.
    Fails,
    /// It cannot be told from this text.
    Unknown,
}

/// A verdict, the fact it rests on, and where that fact stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The verdict.
    pub verdict: Verdict,
    /// What was found, in words: lower case, no final period.
    pub fact: String,
    /// Where it was found, if it stands at one place.
    pub at: Option<Position>,
}

impl Answer {
    /// It holds, because of this fact.
    pub fn holds(fact: impl Into<String>, at: Option<Position>) -> Self {
        Self { verdict: Verdict::Holds, fact: fact.into(), at }
    }

    /// It fails, because of this fact.
    pub fn fails(fact: impl Into<String>, at: Option<Position>) -> Self {
        Self { verdict: Verdict::Fails, fact: fact.into(), at }
    }

    /// It cannot be told, because of this fact.
    pub fn unknown(fact: impl Into<String>, at: Option<Position>) -> Self {
        Self { verdict: Verdict::Unknown, fact: fact.into(), at }
    }
}

/// How far from a segment its cue may stand, in code points to either side.
///
/// "In a statement released by …" may open the sentence that a quotation ends, with a clause in
/// between: two long sentences of a wire report are about 300 characters.
pub const CUE_REACH: u64 = 300;

/// How many places of a cue or a name are looked at; a text that says it more often is read at
/// its first ones only.
const PLACES_READ: usize = 1_000;

/// Whether the segments of a passage stand in order, none within another.
pub fn in_order(segments: &[Position]) -> Answer {
    for (index, pair) in segments.windows(2).enumerate() {
        let [first, second] = [pair[0], pair[1]];
        let (one, two) = (index + 1, index + 2);
        if second.start < first.start {
            let fact = format!(
                "segment {two} begins at {}, before segment {one} at {}",
                second.start, first.start
            );
            return Answer::fails(fact, Some(second));
        }
        if second.start < first.end {
            let fact = format!(
                "segment {two} begins at {}, inside segment {one}, which ends at {}",
                second.start, first.end
            );
            return Answer::fails(fact, Some(second));
        }
    }
    Answer::holds(format!("{} segments stand in order", segments.len()), None)
}

/// Whether the words of a cue ("announced that") stand near a segment, or in it.
///
/// Where they stand at several places the nearest counts.
pub fn cue_near(text: &Text, cue: &str, segment: Position) -> Answer {
    if cue.is_empty() {
        return Answer::unknown("no cue words are given", None);
    }
    let places = anchor::places(text, cue, PLACES_READ);
    let Some(nearest) = places.iter().min_by_key(|place| distance(**place, segment)).copied()
    else {
        return Answer::fails(format!("the cue `{cue}` stands nowhere in the text"), None);
    };
    let apart = distance(nearest, segment);
    let fact = format!("the cue `{cue}` stands {apart} characters from the segment");
    if apart <= CUE_REACH {
        Answer::holds(fact, Some(nearest))
    } else if places.len() == PLACES_READ {
        Answer::unknown(format!("{fact}; only the first {PLACES_READ} places were read"), None)
    } else {
        Answer::fails(format!("{fact}, more than {CUE_REACH}"), Some(nearest))
    }
}

/// Whether a speaker's name as written stands in the text, as words of their own.
///
/// A family name alone does not hold: it may be another's. It is the fact that is given.
pub fn speaker_in(text: &Text, name: &str) -> Answer {
    if name.trim().is_empty() {
        return Answer::unknown("no name is given", None);
    }
    let mut letters = name.chars().filter(|c| c.is_alphanumeric());
    match (letters.next(), letters.next()) {
        (None, _) => return Answer::fails(format!("`{name}` names nobody"), None),
        (Some(only), None) if !is_unspaced(only) => {
            return Answer::unknown(format!("`{name}` is too short to tell who is named"), None);
        }
        _ => {}
    }
    if let Some(place) = whole_words(text, name) {
        return Answer::holds(format!("`{name}` stands in the text"), Some(place));
    }
    let family_name = name.split_whitespace().last().unwrap_or_default();
    if family_name != name
        && let Some(place) = whole_words(text, family_name)
    {
        let fact = format!("`{name}` does not stand in the text, only `{family_name}` does");
        return Answer::fails(fact, Some(place));
    }
    Answer::fails(format!("`{name}` does not stand in the text"), None)
}

/// Whether every ellipsis in the words of a segment is marked as an omission, or stands so in the
/// text. `is_marked` says that the record marks the omission.
pub fn ellipsis(text: &Text, exact: &str, is_marked: bool) -> Answer {
    // The bracketed form is looked for first, as it contains another.
    let Some(ellipsis) = ["[...]", "[…]", "(...)", "(…)", "...", "…"]
        .into_iter()
        .find(|ellipsis| exact.contains(ellipsis))
    else {
        return Answer::holds("the segment has no ellipsis", None);
    };
    if let Some(place) = anchor::places(text, exact, 1).first() {
        return Answer::holds(format!("`{ellipsis}` stands so in the text"), Some(*place));
    }
    if is_marked {
        return Answer::holds(format!("`{ellipsis}` is marked as an omission"), None);
    }
    let fact = format!("`{ellipsis}` is not marked as an omission and does not stand in the text");
    Answer::fails(fact, None)
}

/// Whether the words at a place begin or end inside a longer word.
pub fn is_cut_from_a_word(text: &Text, place: Position) -> bool {
    let Some(words) = text.slice(place) else { return false };
    let before = text.before(place.start, 1).chars().next();
    let behind = text.after(place.end, 1).chars().next();
    joins(before, words.chars().next()) || joins(words.chars().last(), behind)
}

/// The first place where `words` stand and are not part of a longer word.
fn whole_words(text: &Text, words: &str) -> Option<Position> {
    let mut places = anchor::places(text, words, PLACES_READ).into_iter();
    places.find(|place| !is_cut_from_a_word(text, *place))
}

/// Whether two neighbouring characters belong to one word.
pub(crate) fn joins(left: Option<char>, right: Option<char>) -> bool {
    let is_letter = |c: Option<char>| {
        c.is_some_and(|c| {
            c.is_alphanumeric() && !is_unspaced(c)
                // A combining mark belongs to the letter before it.
                || unicode_normalization::char::is_combining_mark(c)
        })
    };
    is_letter(left) && is_letter(right)
}

/// Whether a character is of a script that writes no spaces between words: Chinese, Japanese,
/// Thai, Lao, Burmese, Khmer. Words end anywhere there.
fn is_unspaced(character: char) -> bool {
    matches!(character, '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}'
        | '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}'
        | '\u{20000}'..='\u{3ffff}')
}

/// The code points between two ranges; 0 where they touch or overlap.
fn distance(one: Position, other: Position) -> u64 {
    other.start.saturating_sub(one.end).max(one.start.saturating_sub(other.end))
}

#[cfg(test)]
mod tests {
    use super::{CUE_REACH, Verdict, cue_near, ellipsis, in_order, speaker_in};
    use crate::evidence::text::{Profile, Text, derive};
    use crate::selector::Position;

    fn text(words: &str) -> Text {
        derive(Profile::Plain1, words.as_bytes()).unwrap()
    }

    fn at(start: u64, end: u64) -> Position {
        Position { start, end }
    }

    #[test]
    fn segments_out_of_order_or_within_one_another_fail() {
        assert_eq!(in_order(&[]).verdict, Verdict::Holds);
        assert_eq!(in_order(&[at(0, 2), at(2, 3)]).verdict, Verdict::Holds);
        let within = in_order(&[at(0, 3), at(2, 5)]);
        assert_eq!(within.verdict, Verdict::Fails);
        assert_eq!(within.fact, "segment 2 begins at 2, inside segment 1, which ends at 3");
        let before = in_order(&[at(5, 6), at(7, 8), at(0, 1)]);
        assert_eq!(before.fact, "segment 3 begins at 0, before segment 2 at 7");
    }

    #[test]
    fn a_cue_holds_up_to_its_reach_and_the_nearest_counts() {
        let words = format!("said{}WORDS{}said", " ".repeat(301), " ".repeat(300));
        let segment = at(305, 310);
        let near = cue_near(&text(&words), "said", segment);
        assert_eq!((near.verdict, near.at), (Verdict::Holds, Some(at(610, 614))));
        let far = cue_near(&text(&words[..310]), "said", segment);
        assert_eq!(far.verdict, Verdict::Fails);
        assert!(
            far.fact.contains(&format!("301 characters from the segment, more than {CUE_REACH}"))
        );
        assert_eq!(cue_near(&text(&words), "told", segment).verdict, Verdict::Fails);
        assert_eq!(cue_near(&text(&words), "", segment).verdict, Verdict::Unknown);
        assert_eq!(cue_near(&text("he said so"), "said", at(0, 10)).verdict, Verdict::Holds);
    }

    #[test]
    fn a_speaker_stands_in_the_text_under_the_full_name_only() {
        let words = text("Zamir Kabulov’s aide met Alina. 外交部发言人毛宁表示");
        assert_eq!(speaker_in(&words, "Zamir Kabulov").verdict, Verdict::Holds);
        assert_eq!(speaker_in(&words, "毛宁").verdict, Verdict::Holds);
        assert_eq!(speaker_in(&words, "Ali").verdict, Verdict::Fails);
        assert_eq!(speaker_in(&words, " ").verdict, Verdict::Unknown);
        assert_eq!(speaker_in(&words, ".").verdict, Verdict::Fails);
        assert_eq!(speaker_in(&text("a plan"), "a").verdict, Verdict::Unknown);
        assert_eq!(speaker_in(&words, "毛").verdict, Verdict::Holds);
        let family = speaker_in(&words, "Z. Kabulov");
        assert_eq!((family.verdict, family.at), (Verdict::Fails, Some(at(6, 13))));
        let fact = "`Z. Kabulov` does not stand in the text, only `Kabulov` does";
        assert_eq!(family.fact, fact);
    }

    #[test]
    fn an_ellipsis_is_marked_or_stands_in_the_text() {
        let words = text("We … will come. We will go.");
        assert_eq!(ellipsis(&words, "We will go", false).verdict, Verdict::Holds);
        assert_eq!(ellipsis(&words, "We … will", false).verdict, Verdict::Holds);
        assert_eq!(ellipsis(&words, "We [...] go", true).verdict, Verdict::Holds);
        let unmarked = ellipsis(&words, "We [...] go", false);
        assert_eq!(unmarked.verdict, Verdict::Fails);
        assert!(unmarked.fact.starts_with("`[...]` is not marked"));
    }
}
