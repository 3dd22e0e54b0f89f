//! Quotation marks: does a segment stand between them?
//!
//! Marks are paired by the customs of many languages at once, from the beginning of the segment's
//! paragraph. What stands between marks may still be a title or irony: that is left to a reader.

use crate::evidence::reading::Answer;
use crate::evidence::text::Text;
use crate::selector::Position;

/// How far before a segment its opening mark is looked for, and behind it the closing one, in
/// code points: several screens, so that a long quotation is seen whole and a text of one huge
/// line is not read from its beginning for each segment.
pub const REACH: u64 = 4_000;

/// Whether the segment stands between quotation marks, its own or ones that span more.
///
/// The marks may be the first and last characters of the segment. It is unknown where a mark is
/// opened before the segment and never closed, or no reach is enough.
pub fn is_quoted(text: &Text, segment: Position) -> Answer {
    let Some(words) = text.slice(segment) else {
        return Answer::unknown("the segment lies outside the text", None);
    };
    let inner = within_own_marks(words, segment);
    let before = text.before(inner.start, REACH);
    let begin = inner.start - before.chars().count() as u64;
    let end = inner.end.saturating_add(REACH).min(text.length());
    let mut open: Vec<Opened> = Vec::new();
    // The marks that were open where the segment begins, and how many of them still are.
    let mut around: Vec<Opened> = Vec::new();
    let characters: Vec<char> = text.after(begin, end - begin).chars().collect();
    for (index, &character) in characters.iter().enumerate() {
        let place = begin + index as u64;
        if place == inner.start {
            around.clone_from(&open);
        }
        if character == '\n' && place < inner.start {
            // A paragraph begins anew. Where a quotation goes on, it opens with a mark again.
            open.clear();
        }
        let previous = index.checked_sub(1).map(|before| characters[before]);
        let next = characters.get(index + 1).copied();
        let Some(step) = step(character, previous, next, open.last().copied()) else { continue };
        match step {
            Step::Open => open.push(Opened { mark: character, place }),
            Step::Close => {
                let Some(opened) = open.pop() else { continue };
                if around.last() != Some(&opened) || place < inner.start {
                    continue;
                }
                let Opened { mark, .. } = opened;
                let marks = Position { start: opened.place, end: place + 1 };
                if place < inner.end {
                    let fact = format!("the quotation marked {mark}{character} ends inside");
                    return Answer::fails(fact, Some(marks));
                }
                let fact = format!("the segment stands between {mark} and {character}");
                return Answer::holds(fact, Some(marks));
            }
        }
    }
    if inner.start >= end {
        around = open;
    }
    match around.last() {
        Some(Opened { mark, place }) => {
            let at = Position { start: *place, end: place + 1 };
            Answer::unknown(format!("{mark} opens before the segment and does not close"), Some(at))
        }
        None => Answer::fails("no quotation mark is open where the segment begins", None),
    }
}

/// A mark that was opened and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Opened {
    mark: char,
    place: u64,
}

enum Step {
    Open,
    Close,
}

/// The marks that may close a quotation opened by `mark`: English, German, French, Danish,
/// Swedish, Polish, Russian, Chinese and Japanese customs.
fn closers(mark: char) -> &'static [char] {
    match mark {
        '“' | '”' => &['”'],
        '„' => &['“', '”', '‟'],
        '"' => &['"'],
        '＂' => &['＂'],
        '«' => &['»'],
        '»' => &['«', '»'],
        '‹' => &['›'],
        '‘' | '’' => &['’'],
        '‚' => &['‘', '’'],
        '「' => &['」'],
        '『' => &['』'],
        _ => &[],
    }
}

/// What a character does to the quotations that are open; `None` if it is no mark there.
fn step(
    character: char,
    previous: Option<char>,
    next: Option<char>,
    top: Option<Opened>,
) -> Option<Step> {
    if closers(character).is_empty() && !matches!(character, '›' | '」' | '』' | '‟') {
        return None;
    }
    let is_letter = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    // Between letters it is an apostrophe: Russia’s.
    if character == '’' && is_letter(previous) && is_letter(next) {
        return None;
    }
    if top.is_some_and(|opened| closers(opened.mark).contains(&character)) {
        return Some(Step::Close);
    }
    match character {
        '“' | '„' | '"' | '＂' | '«' | '‹' | '‘' | '‚' | '「' | '『' => {
            Some(Step::Open)
        }
        // Marks that close in most languages open in some: only where a word follows.
        '”' | '»' if is_letter(next) && !is_letter(previous) => Some(Step::Open),
        _ => None,
    }
}

/// The segment without marks at its own ends, so that these are found around what is left.
fn within_own_marks(words: &str, segment: Position) -> Position {
    let opening = |c: char| c.is_whitespace() || !closers(c).is_empty();
    let closing = |c: char| {
        c.is_whitespace()
            || matches!(c, '“' | '”' | '"' | '＂' | '«' | '»' | '›' | '‘' | '’')
            || matches!(c, '」' | '』' | '.' | ',' | '!' | '?' | '。' | '，' | '！' | '？')
    };
    let kept = words.trim_start_matches(opening);
    let start = segment.start + (words.chars().count() - kept.chars().count()) as u64;
    let end = start + kept.trim_end_matches(closing).chars().count() as u64;
    Position { start, end }
}

#[cfg(test)]
mod tests {
    use super::is_quoted;
    use crate::evidence::anchor;
    use crate::evidence::reading::Verdict;
    use crate::evidence::text::{Profile, derive};
    use crate::selector::Position;

    fn check(words: &str, segment: &str, expected: Verdict) {
        let text = derive(Profile::Plain1, words.as_bytes()).unwrap();
        let places = anchor::places(&text, segment, 2);
        assert_eq!(places.len(), 1, "{segment} in {words}");
        let answer = is_quoted(&text, places[0]);
        assert_eq!(answer.verdict, expected, "{words}: {answer:?}");
    }

    #[test]
    fn the_marks_of_many_languages_hold() {
        for words in [
            "He said, “We will come.”",
            "He said \"We will come\".",
            "Er sagte: „We will come“.",
            "„We will come”",
            "Han sa: ”We will come”",
            "Il a dit « We will come »",
            "»We will come«",
            "‘We will come’",
            "‚We will come‘",
            "他说：「We will come」",
            "『We will come』",
            "“Russia’s word: ‘We will come’, he said”",
            "\"One.\" Then \"We will come\".",
            "“the ministers’ view is: We will come”",
        ] {
            check(words, "We will come", Verdict::Holds);
        }
        check("He said “a b c” and", "“a b c”", Verdict::Holds);
        check("“we said: a b c, and more”", "a b c", Verdict::Holds);
        check("“one\n“two\n“a b c\nlast”", "a b c\nlast", Verdict::Holds);
    }

    #[test]
    fn words_outside_marks_fail_and_unclosed_ones_are_unknown() {
        for words in [
            "He said a b c.",
            "“One,” he said, a b c, “two.”",
            "\"One\" a b c \"two\"",
            "Russia’s a b c and Russia’s",
            "“unclosed\na b c",
            "’tis a b c’",
        ] {
            check(words, "a b c", Verdict::Fails);
        }
        check("“we a b c” d e", "a b c” d", Verdict::Fails);
        check("He said “a b c", "a b c", Verdict::Unknown);
    }

    #[test]
    fn a_segment_outside_the_text_is_unknown() {
        let text = derive(Profile::Plain1, b"abc").unwrap();
        let beyond = is_quoted(&text, Position { start: 2, end: 9 });
        assert_eq!(beyond.verdict, Verdict::Unknown);
        let nothing = is_quoted(&text, Position { start: 3, end: 3 });
        assert_eq!(nothing.verdict, Verdict::Fails);
    }
}
