//! Dates of a table: how they are written is said once, by a pattern in words, and a cell that is
//! written in another way is refused, never guessed at.

use crate::attribution::date::{Basis, Date};
use crate::attribution::written_date::named_in;
use crate::import::draft::Problem;
use crate::import::forms::columns::template::{Cells, Template};

/// How a date is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Form {
    /// As EDTF: `2024-11-25`, `2024-11-25~`, `2024-11-25T10:00:00Z`.
    Edtf,
    /// Within other words, in full: `2020年4月29日外交部…`. Words without such a date give none.
    Title,
    /// By a pattern: `month/day/year hour:minute:second`.
    Pattern(Vec<Token>),
}

/// A part of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Token {
    /// Four digits.
    Year,
    /// One or two digits.
    Month,
    /// A name, in one of the languages that are known, as Dec or décembre.
    MonthName,
    /// One or two digits.
    Day,
    /// One or two digits, to 23; to 12 where AM or PM follows.
    Hour,
    /// Two digits.
    Minute,
    /// Two digits; a fraction is passed over.
    Second,
    /// AM or PM.
    Half,
    /// What stands between.
    Text(String),
}

/// The words of a pattern, the longer ones first.
const WORDS: [(&str, Token); 8] = [
    ("monthname", Token::MonthName),
    ("year", Token::Year),
    ("month", Token::Month),
    ("day", Token::Day),
    ("hour", Token::Hour),
    ("minute", Token::Minute),
    ("second", Token::Second),
    ("ampm", Token::Half),
];

/// Which year is meant where a date names none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Year {
    /// This one.
    Fixed(Template),
    /// That of the last such day up to this one (year, month, day). Which year it was is then
    /// inferred, and recorded as uncertain.
    LatestBy(i16, i8, i8),
}

/// How a date is made of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DateRule {
    /// The text that holds it.
    pub text: Template,
    /// How it is written.
    pub form: Form,
    /// `Z` or an offset, for times of day; the place's own where none is given.
    pub zone: Option<String>,
    /// Which year is meant where none is written.
    pub year: Option<Year>,
    /// On what it rests.
    pub basis: Basis,
}

/// What a pattern found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Parts {
    year: Option<i16>,
    month: Option<i8>,
    day: Option<i8>,
    hour: Option<i8>,
    minute: Option<i8>,
    second: Option<i8>,
    is_afternoon: Option<bool>,
}

impl Form {
    /// Reads what a column map says of the form.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn parse(text: &str) -> Result<Self, String> {
        match text {
            "edtf" => return Ok(Self::Edtf),
            "title" => return Ok(Self::Title),
            _ => {}
        }
        let mut tokens = Vec::new();
        let mut rest = text;
        while let Some(letter) = rest.chars().next() {
            if let Some((word, token)) = WORDS.iter().find(|(word, _)| rest.starts_with(word)) {
                if tokens.contains(token) {
                    return Err(format!("{text:?} names the {word} twice"));
                }
                tokens.push(token.clone());
                rest = &rest[word.len()..];
                continue;
            }
            match tokens.last_mut() {
                Some(Token::Text(text)) => text.push(letter),
                _ => tokens.push(Token::Text(letter.to_string())),
            }
            rest = &rest[letter.len_utf8()..];
        }
        let has = |token: &Token| tokens.contains(token);
        if !has(&Token::Month) && !has(&Token::MonthName) && !has(&Token::Year) {
            return Err(format!(
                "found {text:?}, expected `edtf`, `title`, or a pattern of the words year, month, \
                 monthname, day, hour, minute, second, ampm, such as \"month/day/year\""
            ));
        }
        if has(&Token::Month) && has(&Token::MonthName) {
            return Err(format!("{text:?} names the month twice"));
        }
        Ok(Self::Pattern(tokens))
    }
}

impl DateRule {
    /// The date of a row; `None` where its cells are empty.
    ///
    /// # Errors
    /// A date that is written in another way, or names no year.
    pub fn date(&self, cells: Cells<'_>) -> Result<Option<Date>, Problem> {
        let Some(text) = self.text.fill(cells) else { return Ok(None) };
        let tokens = match &self.form {
            Form::Title => return Ok(Date::in_title(&text)),
            Form::Edtf => {
                let date = Date::new(&text, None, self.basis);
                return date.map(Some).map_err(|error| Problem::new(error.to_string()));
            }
            Form::Pattern(tokens) => tokens,
        };
        let parts = read(&text, tokens).ok_or_else(|| self.unlike(&text, tokens))?;
        let (year, basis) = match (parts.year, &self.year) {
            (Some(year), _) => (format!("{year:04}"), self.basis),
            (None, Some(Year::Fixed(year))) => {
                let filled = year.fill(cells).ok_or_else(|| no_year(&text))?;
                (filled, Basis::Inferred)
            }
            (None, Some(Year::LatestBy(year, month, day))) => {
                let here = (parts.month.unwrap_or(1), parts.day.unwrap_or(1));
                let year = if here <= (*month, *day) { *year } else { *year - 1 };
                (format!("{year:04}?"), Basis::Inferred)
            }
            (None, None) => return Err(no_year(&text)),
        };
        let edtf = self.edtf(&year, &parts);
        let date = Date::new(&edtf, Some(text.clone()), basis);
        date.map(Some).map_err(|error| Problem::new(format!("the date {text:?}: {error}")))
    }

    fn edtf(&self, year: &str, parts: &Parts) -> String {
        let Some(month) = parts.month else { return year.to_owned() };
        let Some(day) = parts.day else { return format!("{year}-{month:02}") };
        let (Some(hour), Some(minute)) = (parts.hour, parts.minute) else {
            return format!("{year}-{month:02}-{day:02}");
        };
        let second = parts.second.unwrap_or_default();
        let zone = self.zone.as_deref().unwrap_or_default();
        format!("{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{zone}")
    }

    /// That a date is written in another way.
    fn unlike(&self, text: &str, tokens: &[Token]) -> Problem {
        let what = format!("the date {text:?} is not written as {}", shown(tokens));
        let has_year = named_in(text).year.is_some() || text.len() >= 8;
        if tokens.contains(&Token::Year) && !has_year && self.year.is_none() {
            return Problem::new(format!("{what}; it names no year")).hint(YEAR_HINT);
        }
        Problem::new(what)
    }
}

const YEAR_HINT: &str = "which year is meant the column map says: `year = \"2015\"`, or \
                         `latest_by = \"2015-01-30\"` for the last such day up to that one";

fn no_year(text: &str) -> Problem {
    Problem::new(format!("the date {text:?} names no year")).hint(YEAR_HINT)
}

fn shown(tokens: &[Token]) -> String {
    let words: Vec<&str> = tokens
        .iter()
        .map(|token| match token {
            Token::Text(text) => text.as_str(),
            token => WORDS.iter().find(|(_, it)| it == token).map_or("", |(word, _)| word),
        })
        .collect();
    words.concat()
}

/// What a text says, if it is of the pattern from its beginning to its end.
fn read(text: &str, tokens: &[Token]) -> Option<Parts> {
    let mut parts = Parts::default();
    let mut rest = text;
    for token in tokens {
        rest = match token {
            Token::Text(words) => rest.strip_prefix(words.as_str())?,
            Token::Year => {
                let (year, rest) = number(rest, 4, 4)?;
                parts.year = Some(year);
                rest
            }
            Token::Month => put(&mut parts.month, rest, (1, 12))?,
            Token::Day => put(&mut parts.day, rest, (1, 31))?,
            Token::Hour => put(&mut parts.hour, rest, (0, 23))?,
            Token::Minute => put(&mut parts.minute, rest, (0, 59))?,
            Token::Second => {
                let rest = put(&mut parts.second, rest, (0, 59))?;
                let fraction = rest.strip_prefix('.').filter(|it| it.starts_with(is_digit));
                fraction.map_or(rest, |fraction| fraction.trim_start_matches(is_digit))
            }
            Token::MonthName => {
                let end = rest.find(|it: char| !it.is_alphabetic()).unwrap_or(rest.len());
                let (name, rest) = rest.split_at(end);
                parts.month = Some(named_in(&format!("1 {name} 2000")).month?);
                rest.strip_prefix('.').unwrap_or(rest)
            }
            Token::Half => {
                let half = rest.get(..2)?.to_ascii_lowercase();
                parts.is_afternoon = Some(match half.as_str() {
                    "am" => false,
                    "pm" => true,
                    _ => return None,
                });
                &rest[2..]
            }
        };
    }
    if !rest.is_empty() {
        return None;
    }
    if let (Some(hour), Some(is_afternoon)) = (parts.hour, parts.is_afternoon) {
        if !(1..=12).contains(&hour) {
            return None;
        }
        parts.hour = Some(hour % 12 + if is_afternoon { 12 } else { 0 });
    }
    Some(parts)
}

fn is_digit(letter: char) -> bool {
    letter.is_ascii_digit()
}

fn put<'t>(part: &mut Option<i8>, rest: &'t str, (least, most): (i8, i8)) -> Option<&'t str> {
    let (found, rest) = number(rest, 1, 2)?;
    let found = i8::try_from(found).ok().filter(|it| (least..=most).contains(it))?;
    *part = Some(found);
    Some(rest)
}

/// A number of so many digits at the beginning of a text, and what follows it.
fn number(text: &str, least: usize, most: usize) -> Option<(i16, &str)> {
    let count = text.bytes().take(most).take_while(u8::is_ascii_digit).count();
    let (digits, rest) = text.split_at(count);
    (count >= least).then(|| digits.parse().ok())?.map(|number| (number, rest))
}

#[cfg(test)]
mod tests {
    use super::{DateRule, Form, Year};
    use crate::attribution::date::Basis;
    use crate::import::forms::columns::template::{Cells, Template};

    fn check(form: &str, text: &str, year: Option<Year>, expected: Result<&str, &str>) {
        let rule = DateRule {
            text: Template::parse("{d}").unwrap(),
            form: Form::parse(form).unwrap(),
            zone: Some("Z".to_owned()),
            year,
            basis: Basis::Stated,
        };
        let (names, cells) = (["d".to_owned()], [text.to_owned()]);
        let found = rule.date(Cells { names: &names, cells: &cells });
        match (found, expected) {
            (Ok(Some(date)), Ok(edtf)) => assert_eq!(date.edtf(), edtf, "{text}"),
            (Err(problem), Err(what)) => assert!(problem.what.contains(what), "{problem}"),
            (found, _) => panic!("{text} as {form}: {found:?}"),
        }
    }

    #[test]
    fn a_date_is_read_as_its_pattern_says() {
        let american = "month/day/year hour:minute:second";
        check(american, "8/16/2016 19:22:57", None, Ok("2016-08-16T19:22:57Z"));
        check(american, "10/26/2015 0:06:43", None, Ok("2015-10-26T00:06:43Z"));
        check("day monthname year", "24 Nov. 2024", None, Ok("2024-11-24"));
        check("day monthname year", "24 ноября 2024", None, Ok("2024-11-24"));
        check(
            "monthname day, year at hour:minute ampm",
            "May 1, 2024 at 12:05 AM",
            None,
            Ok("2024-05-01T00:05:00Z"),
        );
        check("year年month月day日", "2020年4月29日", None, Ok("2020-04-29"));
        check("year-month", "2020-04", None, Ok("2020-04"));
        check(
            "year-month-dayThour:minute:secondZ",
            "2020-04-29T10:00:00.123Z",
            None,
            Ok("2020-04-29T10:00:00Z"),
        );
        check("edtf", "2024-11-25~", None, Ok("2024-11-25~"));
        check("title", "2020年4月29日外交部发言人主持例行记者会", None, Ok("2020-04-29"));
        check("day/month/year", "31/2/2024", None, Err("the date \"31/2/2024\""));
        check("day/month/year", "8/16/2016", None, Err("is not written as day/month/year"));
        check("day/month/year", "1/2/24", None, Err("it names no year"));
        check("edtf", "yesterday", None, Err("no EDTF date"));
    }

    #[test]
    fn a_year_that_is_not_written_is_said_by_the_map_or_missing() {
        let by = |month, day| Some(Year::LatestBy(2015, month, day));
        check("day-monthname", "26-Dec", None, Err("names no year"));
        check("day-monthname", "26-Dec", by(1, 14), Ok("2014?-12-26"));
        check("day-monthname", "12-Jan", by(1, 14), Ok("2015?-01-12"));
        check("day-monthname", "14-Jan", by(1, 14), Ok("2015?-01-14"));
        let fixed = Some(Year::Fixed(Template::parse("2015").unwrap()));
        check("day-monthname", "5-Jun", fixed, Ok("2015-06-05"));
    }

    #[test]
    fn a_pattern_that_says_nothing_is_refused() {
        for bad in ["", "hour:minute", "YYYY-MM-DD", "year year", "month monthname"] {
            assert!(Form::parse(bad).is_err(), "{bad}");
        }
    }
}
