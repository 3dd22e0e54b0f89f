//! Words of denial near a cue: "denied that" where a record says that it was asserted.
//!
//! A table of words by language. A word near a cue is a reason to look, not a reading: irony,
//! double negation and "not only" are left to a person.

use crate::evidence::reading::{Answer, joins};
use crate::evidence::text::Text;
use crate::selector::Position;

/// How far from the cue a word of denial is looked for, in code points to either side: about ten
/// words, the length of a clause. Farther off it belongs to another statement.
pub const REACH: u64 = 60;

/// The words of denial of one language.
struct Language {
    /// The primary language subtag (RFC 5646).
    subtag: &'static str,
    /// In lower case, with a straight apostrophe. A final `*` stands for any ending, a first one
    /// for any beginning.
    words: &'static [&'static str],
}

#[rustfmt::skip]
const LANGUAGES: [Language; 7] = [
    Language {
        subtag: "en",
        words: &[
            "deny", "denied", "denies", "denying", "denial", "not", "never", "no", "cannot",
            "*n't", "refute*", "refuting", "reject*", "dismiss*", "disput*", "disavow*",
            "contradict*", "refus*", "false", "untrue", "baseless", "without",
        ],
    },
    Language {
        subtag: "fr",
        words: &[
            "ne", "n'*", "pas", "jamais", "nie", "nié", "nient", "nier", "dément*", "démenti*",
            "réfut*", "rejet*", "contest*", "faux", "aucun*",
        ],
    },
    Language {
        subtag: "de",
        words: &[
            "nicht", "kein*", "nie", "niemals", "bestreite*", "bestritt*", "bestritten",
            "dementi*", "leugne*", "geleugnet", "zurückgewiesen", "weist", "wies",
            "widersprach", "falsch",
        ],
    },
    Language {
        subtag: "es",
        words: &[
            "no", "nunca", "jamás", "negó", "niega*", "negar*", "negado", "negaron", "negando", "desmint*",
            "desmient*", "rechaz*", "refut*", "falso", "falsa", "sin", "ningún*", "ninguna",
        ],
    },
    Language {
        subtag: "ru",
        words: &[
            "не", "нет", "никогда", "отрица*", "отверг*", "отвергл*", "опроверг*",
            "опровержен*", "ложь", "ложн*", "нельзя", "ни",
        ],
    },
    Language {
        subtag: "zh",
        words: &[
            "不", "没", "沒", "未", "无", "否认", "否認", "驳斥", "駁斥", "反对", "拒绝", "虚假",
        ],
    },
    Language {
        subtag: "ar",
        words: &[
            "لا", "لم", "لن", "ليس", "ليست", "نفى", "نفت", "ينفي", "تنفي", "رفض", "رفضت", "كذب",
        ],
    },
];

/// Whether a word of denial stands near the cue, or in it. `language` is a language tag such as
/// `en-GB`; without a table for it the answer is unknown.
pub fn is_near(text: &Text, language: &str, cue: Position) -> Answer {
    let subtag = language.split(['-', '_']).next().unwrap_or_default();
    let Some(table) = LANGUAGES.iter().find(|l| l.subtag.eq_ignore_ascii_case(subtag)) else {
        return Answer::unknown(format!("no words of denial are listed for `{language}`"), None);
    };
    if text.slice(cue).is_none() {
        return Answer::unknown("the cue lies outside the text", None);
    }
    let start = cue.start.saturating_sub(REACH);
    let end = cue.end.saturating_add(REACH).min(text.length());
    // One character more on each side shows whether a word at the edge is cut.
    let begin = start.saturating_sub(1);
    let characters: Vec<char> = text.after(begin, end + 1 - begin).chars().collect();
    for (word_begin, word_end) in words(&characters) {
        let word: String = characters[word_begin..word_end].iter().copied().map(plain).collect();
        let place = Position { start: begin + word_begin as u64, end: begin + word_end as u64 };
        if place.start < start || place.end > end {
            continue;
        }
        let is_denial = |listed: &&&str| {
            if subtag.eq_ignore_ascii_case("zh") {
                word.contains(**listed)
            } else {
                matches(listed, &word)
            }
        };
        if let Some(listed) = table.words.iter().find(is_denial) {
            let fact = format!("`{word}` stands near the cue (listed as `{listed}`)");
            return Answer::holds(fact, Some(place));
        }
    }
    Answer::fails(format!("no word of denial stands within {REACH} characters of the cue"), None)
}

/// The words among `characters`, with the apostrophes inside them: where each begins and ends.
fn words(characters: &[char]) -> Vec<(usize, usize)> {
    let mut words = Vec::new();
    let mut begin = None;
    for index in 0..=characters.len() {
        let here = characters.get(index).copied();
        let is_apostrophe = matches!(here, Some('\'' | '’'))
            && joins(
                index.checked_sub(1).and_then(|before| characters.get(before)).copied(),
                characters.get(index + 1).copied(),
            );
        let in_word = is_apostrophe || here.is_some_and(is_of_word);
        match begin {
            None if in_word => begin = Some(index),
            Some(from) if !in_word => {
                words.push((from, index));
                begin = None;
            }
            _ => {}
        }
    }
    words
}

fn is_of_word(character: char) -> bool {
    character.is_alphanumeric() || unicode_normalization::char::is_combining_mark(character)
}

/// Lower case, with a straight apostrophe.
fn plain(character: char) -> String {
    if character == '’' { "'".to_owned() } else { character.to_lowercase().collect() }
}

fn matches(listed: &str, word: &str) -> bool {
    if let Some(beginning) = listed.strip_suffix('*') {
        word.starts_with(beginning)
    } else if let Some(ending) = listed.strip_prefix('*') {
        word.ends_with(ending)
    } else {
        word == listed
    }
}

#[cfg(test)]
mod tests {
    use super::is_near;
    use crate::evidence::anchor;
    use crate::evidence::reading::Verdict;
    use crate::evidence::text::{Profile, derive};

    fn check(language: &str, words: &str, cue: &str, expected: Verdict) {
        let text = derive(Profile::Plain1, words.as_bytes()).unwrap();
        let place = anchor::places(&text, cue, 1)[0];
        let answer = is_near(&text, language, place);
        assert_eq!(answer.verdict, expected, "{words}: {answer:?}");
    }

    #[test]
    fn a_word_of_denial_near_the_cue_is_found_in_each_language() {
        check("en", "Kabulov DENIED having said that", "said that", Verdict::Holds);
        check("en-GB", "He didn’t say that it is so", "say that", Verdict::Holds);
        check("fr", "Il n’a rien annoncé", "annoncé", Verdict::Holds);
        check("de", "Er bestritt, gesagt zu haben", "gesagt", Verdict::Holds);
        check("es", "El ministro desmintió haber dicho", "haber dicho", Verdict::Holds);
        check("ru", "Песков опроверг, что заявил", "заявил", Verdict::Holds);
        check("zh", "发言人否认曾表示", "表示", Verdict::Holds);
        check("ar", "نفى الوزير ما قيل", "قيل", Verdict::Holds);
    }

    #[test]
    fn parts_of_words_and_words_far_off_are_no_denial() {
        check("en", "A notable minister announced that", "announced that", Verdict::Fails);
        check("en", "He knows and announced that", "announced that", Verdict::Fails);
        let far = format!("not{}said", " ".repeat(60));
        check("en", &far, "said", Verdict::Fails);
        let near = format!("not{}said", " ".repeat(57));
        check("en", &near, "said", Verdict::Holds);
        let cut = format!("knot{}said", " ".repeat(57));
        check("en", &cut, "said", Verdict::Fails);
        check("ru", "Министр немедленно заявил", "заявил", Verdict::Fails);
    }

    #[test]
    fn a_language_without_a_table_is_unknown() {
        check("ps", "he said", "said", Verdict::Unknown);
        check("", "he said", "said", Verdict::Unknown);
    }
}
