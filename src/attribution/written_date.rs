//! The weekday, day, month and year that a date names as it is written in a document, in English,
//! French, German, Spanish, Russian, Chinese and Arabic. Whether they fit the date that a recorder
//! took from them is `date`'s question. What is ambiguous, such as 04/11/2024, names nothing.

use jiff::civil::Weekday;
use unicode_normalization::UnicodeNormalization;

/// Seven names of one language, from Monday on; forms of one name are parted by `|`.
const WEEKDAYS: [[&str; 7]; 6] = [
    ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"],
    ["lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"],
    ["montag", "dienstag", "mittwoch", "donnerstag", "freitag", "samstag|sonnabend", "sonntag"],
    ["lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo"],
    [
        "понедельник|понедельника",
        "вторник|вторника",
        "среда|среду|среды",
        "четверг|четверга",
        "пятница|пятницу|пятницы",
        "суббота|субботу|субботы",
        "воскресенье|воскресенья",
    ],
    ["الاثنين|الإثنين", "الثلاثاء", "الأربعاء", "الخميس", "الجمعة", "السبت", "الأحد"],
];

/// English short forms: words of other meaning too, so they count only before a comma, as in
/// `Sun, 24 Nov 2024` (RFC 5322 section 3.3).
const SHORT_WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// Twelve names of one language, from January on; forms of one name are parted by `|`.
const MONTHS: [[&str; 12]; 6] = [
    [
        "january|jan",
        "february|feb",
        "march|mar",
        "april|apr",
        "may",
        "june|jun",
        "july|jul",
        "august|aug",
        "september|sep|sept",
        "october|oct",
        "november|nov",
        "december|dec",
    ],
    [
        "janvier",
        "février",
        "mars",
        "avril",
        "mai",
        "juin",
        "juillet",
        "août",
        "septembre",
        "octobre",
        "novembre",
        "décembre",
    ],
    [
        "januar|jänner",
        "februar",
        "märz",
        "april",
        "mai",
        "juni",
        "juli",
        "august",
        "september",
        "oktober",
        "november",
        "dezember",
    ],
    [
        "enero",
        "febrero",
        "marzo",
        "abril",
        "mayo",
        "junio",
        "julio",
        "agosto",
        "septiembre|setiembre",
        "octubre",
        "noviembre",
        "diciembre",
    ],
    [
        "январь|января",
        "февраль|февраля",
        "март|марта",
        "апрель|апреля",
        "май|мая",
        "июнь|июня",
        "июль|июля",
        "август|августа",
        "сентябрь|сентября",
        "октябрь|октября",
        "ноябрь|ноября",
        "декабрь|декабря",
    ],
    [
        "يناير",
        "فبراير",
        "مارس",
        "أبريل|ابريل",
        "مايو",
        "يونيو",
        "يوليو",
        "أغسطس",
        "سبتمبر",
        "أكتوبر",
        "نوفمبر",
        "ديسمبر",
    ],
];

/// Words that may stand between a day and its month, as in `24 de noviembre`.
const BETWEEN: [&str; 3] = ["of", "de", "the"];

/// What a text names of a date. A part named in two ways is not named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Named {
    /// The year, of four digits.
    pub year: Option<i16>,
    /// The month, from 1.
    pub month: Option<i8>,
    /// The day of the month, from 1, found only beside the month.
    pub day: Option<i8>,
}

/// The weekday that a text names; `None` if it names none, or several.
pub fn weekday_in(text: &str) -> Option<Weekday> {
    let text = plain(text);
    let mut found = Vec::new();
    for word in words(&text) {
        found.extend(WEEKDAYS.iter().filter_map(|names| place_of(word.text, names)));
        if word.before_comma {
            found.extend(place_of(word.text, &SHORT_WEEKDAYS));
        }
    }
    for prefix in ["星期", "礼拜", "禮拜", "周", "週"] {
        for (place, _) in text.match_indices(prefix) {
            let day = text[place + prefix.len()..].chars().next();
            found.extend(day.and_then(|day| match day {
                '天' => Some(6),
                _ => "一二三四五六日".chars().position(|name| name == day),
            }));
        }
    }
    let offset = i8::try_from(only(&found)?).ok()?;
    Weekday::from_monday_zero_offset(offset).ok()
}

/// The day, month and year that a text names.
pub fn named_in(text: &str) -> Named {
    let text = plain(text);
    if text.contains('月') {
        return named_in_chinese(&text);
    }
    let words: Vec<_> = words(&text).collect();
    let years: Vec<_> = words.iter().filter_map(|word| year(word.text)).collect();
    let (mut months, mut days) = (Vec::new(), Vec::new());
    for (place, word) in words.iter().enumerate() {
        let Some(month) = MONTHS.iter().find_map(|names| place_of(word.text, names)) else {
            continue;
        };
        months.push(month + 1);
        let mut before = words[..place].iter().rev();
        let mut after = words[place + 1..].iter();
        days.extend(before.find(|word| !BETWEEN.contains(&word.text)).and_then(|w| day(w.text)));
        days.extend(after.find(|word| !BETWEEN.contains(&word.text)).and_then(|w| day(w.text)));
    }
    Named {
        year: only(&years),
        month: only(&months).and_then(|month| i8::try_from(month).ok()),
        day: only(&days),
    }
}

/// A full date as a text writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Full<'a> {
    /// The year, of four digits.
    pub year: i16,
    /// The month, from 1.
    pub month: i8,
    /// The day of the month, from 1; whether the month has that day is not asked.
    pub day: i8,
    /// The words that name it.
    pub words: &'a str,
}

/// Every date that a text names in full, in one piece: `2024年11月24日`, `24 November 2024`,
/// `November 24, 2024`, `2024-11-24`. What leaves out the year, or could be read with day and month
/// exchanged, is no full date.
pub fn full_dates_in(text: &str) -> Vec<Full<'_>> {
    let mut found: Vec<Full<'_>> = text
        .match_indices(['日', '号'])
        .filter_map(|(place, sign)| full_in_chinese(text, place, place + sign.len()))
        .collect();
    let tokens = tokens(text);
    for place in 0..tokens.len() {
        found.extend(full_around(text, &tokens, place));
    }
    found
}

/// A word with its place in the text.
struct Token {
    plain: String,
    start: usize,
    end: usize,
}

fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut start = 0;
    for piece in text.split(|letter: char| !letter.is_alphanumeric()) {
        let end = start + piece.len();
        if !piece.is_empty() && !BETWEEN.contains(&piece) {
            tokens.push(Token { plain: plain(piece), start, end });
        }
        start = end + text[end..].chars().next().map_or(0, char::len_utf8);
    }
    tokens
}

/// The date whose month, or in `2024-11-24` whose year, is the word at `place`.
fn full_around<'a>(text: &'a str, tokens: &[Token], place: usize) -> Option<Full<'a>> {
    let word = |place: usize| tokens.get(place).map_or("", |token| token.plain.as_str());
    let words = |first: usize, last: usize| &text[tokens[first].start..tokens[last].end];
    if let Some(year) = year(word(place)) {
        let [month, day] = [1, 2].map(|ahead| {
            let two_digits = Some(word(place + ahead)).filter(|word| word.len() == 2)?;
            day(two_digits)
        });
        let (month, day) = (month?, day?);
        let words = words(place, place + 2);
        let is_iso = words.len() == 10 && words.matches('-').count() == 2;
        return is_iso.then_some(Full { year, month, day, words });
    }
    let month = MONTHS.iter().find_map(|names| place_of(word(place), names))? + 1;
    let month = i8::try_from(month).ok()?;
    if let (Some(day), Some(year)) = (day(word(place + 1)), year(word(place + 2))) {
        return Some(Full { year, month, day, words: words(place, place + 2) });
    }
    let before = place.checked_sub(1)?;
    let (day, year) = (day(word(before))?, year(word(place + 1))?);
    Some(Full { year, month, day, words: words(before, place + 1) })
}

/// The date of which the sign of the day stands at `sign`.
fn full_in_chinese(text: &str, sign: usize, end: usize) -> Option<Full<'_>> {
    let digits = |head: &str| head.trim_end_matches(|letter: char| letter.is_ascii_digit()).len();
    let head = &text[..sign];
    let day_at = digits(head);
    let day = day(&head[day_at..])?;
    let head = head[..day_at].strip_suffix('月')?;
    let month_at = digits(head);
    let month = head[month_at..].parse().ok()?;
    let head = head[..month_at].strip_suffix('年')?;
    let start = digits(head);
    Some(Full { year: year(&head[start..])?, month, day, words: &text[start..end] })
}

struct Word<'a> {
    text: &'a str,
    before_comma: bool,
}

/// Composed, in lower case, with the digits that Arabic writes turned into ASCII.
fn plain(text: &str) -> String {
    let digit = |letter: char| match letter {
        '٠'..='٩' => char::from_digit(letter as u32 - '٠' as u32, 10).unwrap_or(letter),
        _ => letter,
    };
    text.nfc().map(digit).collect::<String>().to_lowercase()
}

fn words(text: &str) -> impl Iterator<Item = Word<'_>> {
    text.split_inclusive(|letter: char| !letter.is_alphanumeric()).filter_map(|piece| {
        let word = piece.trim_end_matches(|letter: char| !letter.is_alphanumeric());
        (!word.is_empty()).then_some(Word { text: word, before_comma: piece.ends_with(',') })
    })
}

fn place_of(word: &str, names: &[&str]) -> Option<usize> {
    names.iter().position(|forms| forms.split('|').any(|form| form == word))
}

/// The one value among several mentions of it.
fn only<T: Copy + PartialEq>(found: &[T]) -> Option<T> {
    let (first, rest) = found.split_first()?;
    rest.iter().all(|other| other == first).then_some(*first)
}

fn year(word: &str) -> Option<i16> {
    let four_digits = word.len() == 4 && word.bytes().all(|byte| byte.is_ascii_digit());
    four_digits.then(|| word.parse().ok()).flatten()
}

/// A day of the month: `24`, `24th`, `1er`.
fn day(word: &str) -> Option<i8> {
    let digits = ["st", "nd", "rd", "th", "er"]
        .iter()
        .find_map(|ending| word.strip_suffix(ending))
        .unwrap_or(word);
    let short = digits.len() <= 2 && digits.bytes().all(|byte| byte.is_ascii_digit());
    short.then(|| digits.parse().ok()).flatten().filter(|day| (1..=31).contains(day))
}

/// `2024年11月24日`: each number stands before its own sign.
fn named_in_chinese(text: &str) -> Named {
    let before = |sign: char| {
        let numbers: Vec<i16> = text
            .match_indices(sign)
            .filter_map(|(place, _)| {
                let head = &text[..place];
                let digits = head.trim_end_matches(|letter: char| letter.is_ascii_digit()).len();
                head[digits..].parse().ok()
            })
            .collect();
        only(&numbers)
    };
    Named {
        year: before('年').filter(|year| *year >= 1000),
        month: before('月').and_then(|month| i8::try_from(month).ok()),
        day: before('日').or(before('号')).and_then(|day| i8::try_from(day).ok()),
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::Weekday;

    use super::{Named, full_dates_in, named_in, weekday_in};

    #[test]
    fn a_weekday_is_found_in_seven_languages() {
        let sundays = [
            "Sunday, November 24",
            "Sun, 24 Nov 2024 10:00:00 +0000",
            "le dimanche 24 novembre",
            "SONNTAG, 24. November",
            "el domingo 24 de noviembre",
            "в воскресенье, 24 ноября",
            "11月24日星期日",
            "11月24日（周日）",
            "يوم الأحد 24 نوفمبر",
        ];
        for text in sundays {
            assert_eq!(weekday_in(text), Some(Weekday::Sunday), "{text}");
        }
        assert_eq!(weekday_in("sa\u{301}bado"), Some(Weekday::Saturday), "decomposed");
        for text in ["", "24 November", "Sunday or Monday", "the sun sat", "周年", "Sundays"] {
            assert_eq!(weekday_in(text), None, "{text}");
        }
    }

    #[test]
    fn day_month_and_year_are_found_where_they_are_plain() {
        let check = |text: &str, year, month, day| {
            assert_eq!(named_in(text), Named { year, month, day }, "{text}");
        };
        for text in [
            "Sunday, November 24, 2024",
            "the 24th of November 2024",
            "24 novembre 2024",
            "24. November 2024, 9:15",
            "24 de noviembre de 2024",
            "24 ноября 2024 г.",
            "2024年11月24日",
            "٢٤ نوفمبر ٢٠٢٤",
        ] {
            check(text, Some(2024), Some(11), Some(24));
        }
        check("1er mai", None, Some(5), Some(1));
        check("November 2024", Some(2024), Some(11), None);
        check("24 November 10:30", None, Some(11), None);
        check("24 November or 25 November", None, Some(11), None);
        check("24 November to 1 December", None, None, None);
        check("04/11/2024", Some(2024), None, None);
        check("yesterday", None, None, None);
    }

    #[test]
    fn a_full_date_is_found_with_the_words_that_name_it() {
        let check = |text: &str, expected: &[(i16, i8, i8, &str)]| {
            let found: Vec<_> = full_dates_in(text)
                .into_iter()
                .map(|full| (full.year, full.month, full.day, full.words))
                .collect();
            assert_eq!(found, expected, "{text}");
        };
        let title = "2020年4月29日外交部发言人耿爽主持例行记者会";
        check(title, &[(2020, 4, 29, "2020年4月29日")]);
        check("（2024年11月25号）", &[(2024, 11, 25, "2024年11月25号")]);
        check("Remarks, November 24, 2024", &[(2024, 11, 24, "November 24, 2024")]);
        check("on the 24th of November 2024.", &[(2024, 11, 24, "24th of November 2024")]);
        check("24 de noviembre de 2024", &[(2024, 11, 24, "24 de noviembre de 2024")]);
        check("٢٤ نوفمبر ٢٠٢٤", &[(2024, 11, 24, "٢٤ نوفمبر ٢٠٢٤")]);
        check("2024-11-24: no", &[(2024, 11, 24, "2024-11-24")]);
        check(
            "2024年11月24日至2024年11月25日",
            &[(2024, 11, 24, "2024年11月24日"), (2024, 11, 25, "2024年11月25日")],
        );
        for text in [
            "",
            "11月24日",
            "2024年11月",
            "“2019年西藏政策及支持法案”",
            "24年11月24日",
            "12024年11月24日",
            "2024年11月240日",
            "04/11/2024",
            "2024/11/24",
            "2024-11-2",
            "24 November",
            "November 2024",
            "10月24日2024年",
        ] {
            check(text, &[]);
        }
    }
}
