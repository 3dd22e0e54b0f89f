//! Words of any language, for the index and for what is asked of it: the same cut on both sides.
//!
//! Case and diacritics do not matter. Scripts that put no spaces between words are cut into single
//! characters, and a run of them in a question is asked as a phrase. Nothing that is typed is ever
//! handed on as syntax: a question becomes phrases of words here, or an error that says why not.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// The longest word that is told apart, in characters. Of a longer one its beginning counts: no
/// language's words are longer, but addresses and encoded data are.
pub const WORD: usize = 64;

/// The longest question, in bytes: some hundred words.
pub const QUESTION: usize = 1000;

/// The most words and phrases of a question.
pub const PHRASES: usize = 64;

/// The fewest characters before a `*`: fewer stand for a large part of a language's words, which are
/// all looked up.
pub const PREFIX: usize = 3;

/// Why a question was not understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Too long.
    #[error("the question has {0} bytes, expected at most {QUESTION}")]
    TooLong(usize),
    /// Too many parts.
    #[error("the question has {0} words and phrases, expected at most {PHRASES}")]
    TooMany(usize),
    /// Nothing in it is a word.
    #[error("there is no word in {0:?}")]
    NoWord(String),
    /// All of it says what is not wanted.
    #[error("{0:?} says only what is not wanted")]
    OnlyExcluded(String),
    /// Too little before the star.
    #[error("{0:?} stands for too many words, expected at least {PREFIX} characters before the *")]
    ShortPrefix(String),
}

/// One word, or several in a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phrase {
    /// Its words, as [`cut`] makes them; at least one.
    pub words: Vec<String>,
    /// Whether the last word is only the beginning of one.
    pub is_prefix: bool,
}

/// What is asked: all of these, and none of those.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Question {
    /// What has to occur.
    pub all: Vec<Phrase>,
    /// What must not.
    pub none: Vec<Phrase>,
}

/// The words of a text, folded, in their order.
pub fn cut(text: &str) -> Vec<String> {
    let (mut words, mut word, mut length) = (Vec::new(), String::new(), 0);
    let mut end = |word: &mut String, length: &mut usize| {
        if !word.is_empty() {
            words.push(std::mem::take(word));
        }
        *length = 0;
    };
    for character in folded(text).chars().filter(|c| !joins(*c)) {
        if stands_alone(character) {
            end(&mut word, &mut length);
            word.push(character);
            end(&mut word, &mut length);
        } else if is_of_word(character) {
            if length < WORD {
                word.push(character);
            }
            length += 1;
        } else {
            end(&mut word, &mut length);
        }
    }
    end(&mut word, &mut length);
    words
}

impl Phrase {
    /// Whether it occurs in a text that was cut into words.
    pub fn occurs_in(&self, text: &[String]) -> bool {
        text.windows(self.words.len()).any(|found| self.fits(found))
    }

    fn fits(&self, found: &[String]) -> bool {
        let last = self.words.len() - 1;
        self.words.iter().zip(found).enumerate().all(|(place, (wanted, found))| {
            wanted == found || (self.is_prefix && place == last && found.starts_with(wanted))
        })
    }
}

impl Question {
    /// Reads what a person typed: words that all have to occur, `"phrases in quotation marks"`,
    /// `-not` and `beginn*`. Every other sign is only a gap between words.
    pub fn parse(typed: &str) -> Result<Self, Error> {
        if typed.len() > QUESTION {
            return Err(Error::TooLong(typed.len()));
        }
        let mut question = Self::default();
        let mut rest = typed.trim_start();
        while !rest.is_empty() {
            let (part, after) = Part::first_of(rest);
            rest = after.trim_start();
            question.take(&part)?;
        }
        let count = question.all.len() + question.none.len();
        match count {
            0 => Err(Error::NoWord(typed.to_owned())),
            _ if question.all.is_empty() => Err(Error::OnlyExcluded(typed.to_owned())),
            1..=PHRASES => Ok(question),
            _ => Err(Error::TooMany(count)),
        }
    }

    /// Whether nothing is asked.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty() && self.none.is_empty()
    }

    /// Whether it is answered by a record with these texts, each cut into words. A phrase stands
    /// within one text.
    pub fn is_answered_by(&self, texts: &[Vec<String>]) -> bool {
        let occurs = |phrase: &Phrase| texts.iter().any(|text| phrase.occurs_in(text));
        self.all.iter().all(occurs) && !self.none.iter().any(occurs)
    }

    fn take(&mut self, part: &Part<'_>) -> Result<(), Error> {
        let words = cut(part.text);
        let Some(last) = words.last() else { return Ok(()) };
        // A single character of a script without spaces is a word, and not the beginning of one.
        let alone = last.chars().all(stands_alone);
        if part.is_prefix && !alone && words.len() == 1 && last.chars().count() < PREFIX {
            return Err(Error::ShortPrefix(format!("{}*", part.text)));
        }
        let phrase = Phrase { is_prefix: part.is_prefix && !alone, words };
        if part.is_excluded { &mut self.none } else { &mut self.all }.push(phrase);
        Ok(())
    }
}

/// A part of a question, as it was typed.
struct Part<'a> {
    text: &'a str,
    is_excluded: bool,
    is_prefix: bool,
}

impl<'a> Part<'a> {
    /// The first part of a text that begins with one, and what follows it.
    fn first_of(typed: &'a str) -> (Self, &'a str) {
        let (is_excluded, rest) = match typed.strip_prefix(['-', '−']) {
            Some(rest) => (true, rest),
            None => (false, typed),
        };
        let (text, rest) = match rest.strip_prefix(is_quotation_mark) {
            // A quotation that is never closed goes on to the end.
            Some(quoted) => quoted.split_once(is_quotation_mark).unwrap_or((quoted, "")),
            None => {
                let ends = |c: char| c.is_whitespace() || is_quotation_mark(c);
                rest.split_at(rest.find(ends).unwrap_or(rest.len()))
            }
        };
        let (text, rest, is_prefix) = match (text.strip_suffix('*'), rest.strip_prefix('*')) {
            (Some(text), _) => (text, rest, true),
            (None, Some(rest)) => (text, rest, true),
            (None, None) => (text, rest, false),
        };
        (Self { text, is_excluded, is_prefix }, rest)
    }
}

fn is_quotation_mark(character: char) -> bool {
    matches!(character, '"' | '“' | '”' | '„' | '«' | '»' | '「' | '」')
}

/// The text in one case and one shape, without diacritics.
fn folded(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    // Apart (an accent is a character of its own), lower case, without accents, and together again:
    // the syllables of Hangul and the voiced kana are one character each.
    let apart = text.nfkd().flat_map(char::to_lowercase).filter(|c| !is_diacritic(*c));
    let together: String = apart.nfc().collect();
    if !together.chars().any(|c| same_as(c).is_some()) {
        return together;
    }
    let mut same = String::with_capacity(together.len());
    for character in together.chars() {
        match same_as(character) {
            Some(letters) => same.push_str(letters),
            None => same.push(character),
        }
    }
    same
}

/// Letters that Unicode does not take apart, but that people write one for the other.
fn same_as(letter: char) -> Option<&'static str> {
    Some(match letter {
        'ß' => "ss",
        'æ' => "ae",
        'œ' => "oe",
        'ø' => "o",
        'đ' => "d",
        'ħ' => "h",
        'ł' => "l",
        'ŧ' => "t",
        'ı' => "i",
        'ς' => "σ",
        // Arabic and Persian keyboards write the same letters differently.
        'ك' => "ک",
        'ي' | 'ى' => "ی",
        _ => return None,
    })
}

/// Marks that are left out: accents, and the vowels that Hebrew and Arabic may write. The marks of
/// Indic scripts are letters of their words, and stay.
fn is_diacritic(mark: char) -> bool {
    matches!(mark,
        '\u{0300}'..='\u{036f}' | '\u{0483}'..='\u{0489}' | '\u{0591}'..='\u{05bd}'
        | '\u{05bf}' | '\u{05c1}' | '\u{05c2}' | '\u{05c4}' | '\u{05c5}' | '\u{05c7}'
        | '\u{0610}'..='\u{061a}' | '\u{0640}' | '\u{064b}'..='\u{065f}' | '\u{0670}'
        | '\u{06d6}'..='\u{06dc}' | '\u{06df}'..='\u{06e8}' | '\u{06ea}'..='\u{06ed}'
        | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}'
        | '\u{fe20}'..='\u{fe2f}')
}

/// Characters that are not seen and part no words: the joiners of Persian, the soft hyphen, the
/// marks of direction.
fn joins(character: char) -> bool {
    matches!(character,
        '\u{00ad}' | '\u{200c}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}')
}

/// Characters of scripts that part no words by spaces, or hang endings on them (Hangul): Thai, Lao,
/// Burmese, Khmer, kana, Han.
fn stands_alone(character: char) -> bool {
    matches!(character,
        '\u{0e00}'..='\u{0eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}'
        | '\u{3005}'..='\u{3007}' | '\u{3041}'..='\u{3096}' | '\u{3099}'..='\u{309f}'
        | '\u{30a1}'..='\u{30fa}' | '\u{30fc}'..='\u{30ff}' | '\u{31f0}'..='\u{31ff}'
        | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{a9e0}'..='\u{a9ff}'
        | '\u{aa60}'..='\u{aa7f}' | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}'
        | '\u{20000}'..='\u{3ffff}')
}

fn is_of_word(character: char) -> bool {
    character.is_alphanumeric() || is_combining_mark(character)
}

#[cfg(test)]
mod tests {
    use super::{Error, Phrase, Question, cut};

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(cut(text).join(" "), expected, "{text}");
    }

    #[test]
    fn case_diacritics_and_signs_do_not_matter() {
        check(
            "The Taliban’s Foreign-Ministry, 24.11.2024",
            "the taliban s foreign ministry 24 11 2024",
        );
        check("Crème brûlée, ÅNGSTRÖM, Wałęsa, Größe", "creme brulee angstrom walesa grosse");
        check("DİYARBAKIR Diyarbakır", "diyarbakir diyarbakir");
        check("Ёлка, Йемен", "елка иемен");
        check("ΟΔΟΣ οδός", "οδοσ οδοσ");
        check("ﬁnance Ｋａｂｕｌ", "finance kabul");
        check("", "");
        check("— … ! 🙂", "");
    }

    #[test]
    fn scripts_with_spaces_are_cut_at_them_whatever_the_writing_leaves_out() {
        check("وِزارةُ الخارجيّة", "وزارة الخارجیة");
        check("أفغانستان إلى آسيا", "افغانستان الی اسیا");
        check("می‌خواهد كابل", "میخواهد کابل");
        check("שָׁלוֹם־עליכם", "שלום עליכם");
        check("विदेश मंत्रालय", "विदेश मंत्रालय");
        check("की कि", "की कि");
    }

    #[test]
    fn scripts_without_spaces_are_cut_into_characters() {
        check("王毅国务委员", "王 毅 国 务 委 员");
        check("外務省は、カブール", "外 務 省 は カ ブ ー ル");
        check("カフ\u{3099}ール", "カ ブ ー ル");
        check("대통령은 말했다", "대 통 령 은 말 했 다");
        check("กระทรวง", "ก ร ะ ท ร ว ง");
        check("習近平in北京2024年", "習 近 平 in 北 京 2024 年");
    }

    #[test]
    fn a_word_without_end_is_known_by_its_beginning() {
        let long = "ä".repeat(70_000);
        check(&long, &"a".repeat(64));
        check(&format!("{long}b c"), &format!("{} c", "a".repeat(64)));
    }

    /// A question as text: `+` for what has to occur, `-` for what must not, `*` for a beginning.
    fn written(question: &Question) -> String {
        let sides = [('+', &question.all), ('-', &question.none)];
        let phrase = |sign: char, Phrase { words, is_prefix }: &Phrase| {
            format!("{sign}{}{}", words.join("_"), if *is_prefix { "*" } else { "" })
        };
        let parts = sides.map(|(sign, side)| side.iter().map(move |it| phrase(sign, it)));
        parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_question_is_words_phrases_exclusions_and_beginnings() {
        let check = |typed: &str, expected: &str| {
            assert_eq!(written(&Question::parse(typed).unwrap()), expected, "{typed}");
        };
        check("Kabul delegation", "+kabul +delegation");
        check("\"Moscow Format\" -Lavrov", "+moscow_format -lavrov");
        check("“Moscow Format” −\"foreign minister\"", "+moscow_format -foreign_minister");
        check("deleg* \"foreign min\"*", "+deleg* +foreign_min*");
        check("the Taliban’s", "+the +taliban_s");
        check("王毅 外交", "+王_毅 +外_交");
        check("王*", "+王");
        check("kabul\"moscow format\"berlin", "+kabul +moscow_format +berlin");
        check("\"never closed", "+never_closed");
        check("kabul - -- -! \"\" *", "+kabul");
        // What is an operator elsewhere is a word here.
        check("kabul AND moscow OR NOT berlin", "+kabul +and +moscow +or +not +berlin");
        check("NEAR(a b) text:kabul ^x {a}", "+near_a +b +text_kabul +x +a");
    }

    #[test]
    fn what_asks_for_nothing_says_so() {
        let check = |typed: &str, expected: Error| {
            assert_eq!(Question::parse(typed), Err(expected), "{typed}");
        };
        check("", Error::NoWord(String::new()));
        check("!? *", Error::NoWord("!? *".to_owned()));
        check("-kabul", Error::OnlyExcluded("-kabul".to_owned()));
        check("ab*", Error::ShortPrefix("ab*".to_owned()));
        check(&"x".repeat(1001), Error::TooLong(1001));
        check(&"x ".repeat(65), Error::TooMany(65));
    }

    #[test]
    fn a_question_is_answered_within_one_text() {
        let texts = [cut("A senior Russian delegation will come to Kabul"), cut("Moscow format")];
        let check = |typed: &str, expected: bool| {
            let question = Question::parse(typed).unwrap();
            assert_eq!(question.is_answered_by(&texts), expected, "{typed}");
        };
        check("kabul moscow", true);
        check("\"russian delegation\"", true);
        check("\"delegation russian\"", false);
        check("\"kabul moscow\"", false);
        check("deleg* -berlin", true);
        check("deleg -berlin", false);
        check("kabul -format", false);
        check("\"will come to kab\"*", true);
    }
}
