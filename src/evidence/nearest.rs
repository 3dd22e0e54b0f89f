//! The nearest reason why a quote is absent: a hint for the one who recorded it.
//!
//! A hint never makes a quote hold. It says what to look at: other quotation marks, a soft hyphen,
//! words that stand only in a comment.

use unicode_normalization::UnicodeNormalization;

use crate::evidence::html::Place;
use crate::evidence::text::{Text, is_invisible};

/// The longest text, in bytes, in which hints are looked for: 8 MiB. A hint folds the whole text
/// several times, which for the largest captures would take longer than all checks together.
pub const MAX_HINTED: usize = 8 * 1024 * 1024;

/// In what a quote differs from words that do stand in the text, or in the capture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hint {
    /// Only in white space.
    WhiteSpace,
    /// Only in the shape of quotation marks, apostrophes or dashes.
    Marks,
    /// Only in characters that a reader cannot see.
    Invisible,
    /// Only in how the same characters are coded (Unicode normalisation form C, UAX #15).
    Normalisation,
    /// Only in case.
    Case,
    /// In several of these at once.
    Several,
    /// The words stand in the text only by running from one of its parts into the next.
    AcrossParts,
    /// The words stand in the capture where a reader does not see them.
    Unseen(Place),
}

impl Hint {
    /// The hint in words, after "the quote …".
    pub const fn words(self) -> &'static str {
        match self {
            Self::WhiteSpace => "differs from the text only in white space",
            Self::Marks => "differs from the text only in quotation marks, apostrophes or dashes",
            Self::Invisible => "differs from the text only in characters that cannot be seen",
            Self::Normalisation => "differs from the text only in its Unicode normalisation form",
            Self::Case => "differs from the text only in upper and lower case",
            Self::Several => {
                "differs from the text in several of: white space, marks, case, hidden characters"
            }
            Self::AcrossParts => "runs from one string of the document into the next",
            Self::Unseen(Place::Comment) => "stands only in a comment of the page",
            Self::Unseen(Place::Script) => "stands only in a script, style or template of the page",
            Self::Unseen(Place::Head) => "stands only in the head of the page, such as its title",
            Self::Unseen(Place::Hidden) => "stands only in a hidden part of the page",
            Self::Unseen(Place::Embedded) => "stands only in a drawing or in embedded media",
            Self::Unseen(Place::Field) => "stands only in a form field of the page",
            Self::Unseen(Place::Layer) => {
                "stands only where the page paints nothing: under a picture, outside, or too small"
            }
            Self::Unseen(Place::Annotation) => "stands only in an annotation above the line",
        }
    }
}

/// The nearest hint for a quote that does not stand in the text; `None` if nothing is near, or if
/// the text is longer than [`MAX_HINTED`].
pub fn hint(text: &Text, quote: &str) -> Option<Hint> {
    type Fold = fn(&str) -> String;
    const FOLDS: [(Fold, Hint); 6] = [
        (one_space, Hint::WhiteSpace),
        (straight_marks, Hint::Marks),
        (seen_only, Hint::Invisible),
        (composed, Hint::Normalisation),
        (lower_case, Hint::Case),
        (all_at_once, Hint::Several),
    ];
    if text.as_str().len() > MAX_HINTED {
        return None;
    }
    if text.keeps_parts_apart() && text.as_str().contains(quote) {
        return Some(Hint::AcrossParts);
    }
    for (fold, hint) in FOLDS {
        let wanted = fold(quote);
        // A quote of which nothing is left, such as one zero-width space, is near to nothing.
        if !wanted.trim().is_empty() && fold(text.as_str()).contains(&wanted) {
            return Some(hint);
        }
    }
    let wanted = one_space(quote);
    let unseen = text
        .unseen()
        .iter()
        .find(|unseen| !wanted.is_empty() && one_space(&unseen.words).contains(&wanted))?;
    Some(Hint::Unseen(unseen.place))
}

/// Every run of white space as one space, none at the ends.
fn one_space(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !folded.is_empty() {
            folded.push(' ');
        }
        folded.push_str(word);
    }
    folded
}

/// Quotation marks, apostrophes and dashes in their typewriter shapes.
fn straight_marks(text: &str) -> String {
    text.chars()
        .map(|character| match character {
            '‘' | '’' | '‚' | '‛' | '′' | '`' | '´' | 'ʼ' | '‹' | '›' => '\'',
            '“' | '”' | '„' | '‟' | '″' | '«' | '»' | '「' | '」' | '『' | '』' | '＂' => {
                '"'
            }
            '‐' | '‑' | '‒' | '–' | '—' | '―' | '−' => '-',
            other => other,
        })
        .collect()
}

fn seen_only(text: &str) -> String {
    text.chars().filter(|character| !is_invisible(*character)).collect()
}

fn composed(text: &str) -> String {
    text.nfc().collect()
}

fn lower_case(text: &str) -> String {
    text.to_lowercase()
}

fn all_at_once(text: &str) -> String {
    one_space(&lower_case(&composed(&straight_marks(&seen_only(text)))))
}

#[cfg(test)]
mod tests {
    use super::{Hint, hint};
    use crate::evidence::html::Place;
    use crate::evidence::text::{Profile, derive};

    fn check(source: &str, quote: &str, expected: Option<Hint>) {
        let text = derive(Profile::Html1, source.as_bytes()).unwrap();
        assert!(!text.as_str().contains(quote), "{quote} stands in the text");
        assert_eq!(hint(&text, quote), expected, "{source}: {quote}");
    }

    #[test]
    fn the_one_difference_is_named() {
        check("<p>We did<p>not", "We did not", Some(Hint::WhiteSpace));
        check("the Taliban’s ministry", "Taliban's", Some(Hint::Marks));
        check("“No” – he said", "\"No\" - he", Some(Hint::Marks));
        check("co&shy;operation", "cooperation", Some(Hint::Invisible));
        check("caf&#233;", "cafe\u{301}", Some(Hint::Normalisation));
        check("A Delegation", "a delegation", Some(Hint::Case));
        check("A\nDelegation’s", "a  delegation's", Some(Hint::Several));
        check("He said no", "He said yes", None);
        check("He said no", "\u{200b}", None);
    }

    #[test]
    fn words_that_no_reader_sees_are_named_with_their_place() {
        for (source, place) in [
            ("<!-- We deny it -->", Place::Comment),
            ("<script>We deny it</script>", Place::Script),
            ("<title>We deny it</title>", Place::Head),
            ("<p hidden>We <b>deny</b> it", Place::Hidden),
            ("<svg><text>We deny it</text></svg>", Place::Embedded),
            ("<textarea>We deny it</textarea>", Place::Field),
            ("<ruby>a<rt>We deny it</ruby>", Place::Annotation),
        ] {
            check(source, "We deny it", Some(Hint::Unseen(place)));
        }
    }
}
