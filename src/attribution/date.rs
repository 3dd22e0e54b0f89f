//! When something was said, reported or held, and what follows from it for sure.
//!
//! A date is an EDTF expression (ISO 8601-2, levels 0 to 2), the words it was written in, and on
//! what it rests. It means one moment somewhere between its earliest and its latest day, so that a
//! comparison has three answers. How doubt counts:
//!
//! - An approximate part (`~`) widens the bounds by its own length, a day by a week.
//! - An uncertain part (`?`, `%`) decides nothing: its recorder does not vouch for it.
//! - A date names a day of an unnamed place's calendar. Two such are compared as they stand. Where
//!   only one side is fixed in time by `Z` or an offset, the other may lie 14 hours earlier or 12
//!   later, as the world's time zones do.
//! - Years beyond 9999 before or after year 0 leave the bound open.

use edtf_core::Edtf;
use jiff::civil::{Date as Day, Weekday};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize, Serializer};

use crate::attribution::reach::{Clock, Span, order};
use crate::attribution::truth::Truth;
use crate::attribution::written_date::{Full, full_dates_in, named_in, weekday_in};

/// The longest EDTF expression that is read, in bytes: a set of about twenty days.
pub const EDTF_BYTES: usize = 256;

/// The longest date as written in a document, in bytes: a clause, not a paragraph.
pub const WRITTEN_BYTES: usize = 512;

/// How far apart two records of one moment may lie, in seconds: many platforms show no seconds.
pub const SAME_MOMENT: i64 = 60;

/// What a date rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// The document says it.
    Stated,
    /// The recorder concluded it.
    Inferred,
    /// The platform shows it, or its clock is inside the id.
    Platform,
    /// The server that was asked said it.
    Server,
}

/// Why a text is no date.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No EDTF, or a day that no calendar has.
    #[error("`{found}` is no EDTF date such as 2024-11-24: {reason}, at character {place}")]
    NotEdtf {
        /// The text.
        found: String,
        /// What is wrong with it.
        reason: String,
        /// Where, counted from 1.
        place: usize,
    },
    /// EDTF, but the standard prefers another spelling of it.
    #[error("found the date `{found}`, expected it as EDTF prefers it: `{canonical}`")]
    NotCanonical {
        /// The text.
        found: String,
        /// The one spelling that is stored.
        canonical: String,
    },
    /// Too long.
    #[error("an EDTF date has at most {EDTF_BYTES} bytes, found {0}")]
    TooLong(usize),
    /// The words are too long.
    #[error("a date as written has at most {WRITTEN_BYTES} bytes, found {0}")]
    WrittenTooLong(usize),
    /// A clock that shows no year from 1 to 9999.
    #[error("{0} seconds after 1970 is in no year from 0001 to 9999")]
    Timestamp(i64),
}

/// When, in whose words, and on what it rests.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Fields<String>")]
pub struct Date {
    edtf: Edtf,
    /// The one spelling of `edtf`, so that it need not be spelled again.
    text: String,
    written: Option<String>,
    basis: Basis,
}

impl Date {
    /// Reads an EDTF expression; the date counts as stated, with no words kept.
    pub fn parse(edtf: &str) -> Result<Self, Error> {
        Self::new(edtf, None, Basis::Stated)
    }

    /// A date with the words it was written in and what it rests on.
    pub fn new(edtf: &str, written: Option<String>, basis: Basis) -> Result<Self, Error> {
        if edtf.len() > EDTF_BYTES {
            return Err(Error::TooLong(edtf.len()));
        }
        if let Some(long) = written.as_ref().filter(|words| words.len() > WRITTEN_BYTES) {
            return Err(Error::WrittenTooLong(long.len()));
        }
        let text = edtf.to_owned();
        let edtf = match Edtf::parse(edtf) {
            Ok(edtf) => edtf,
            Err(error) => {
                let (reason, place) = (error.message.to_owned(), error.offset + 1);
                return Err(Error::NotEdtf { found: text, reason, place });
            }
        };
        if !is_bare(&text) {
            let canonical = edtf.to_string();
            if canonical != text {
                return Err(Error::NotCanonical { found: text, canonical });
            }
        }
        Ok(Self { edtf, text, written, basis })
    }

    /// The date that a title states: the one that it names in full, with its words. `None` if it
    /// names none, or several different ones, of which it is not known which is the document's.
    pub fn in_title(title: &str) -> Option<Self> {
        let found = full_dates_in(title);
        let first = found.first()?;
        let day = |full: &Full<'_>| (full.year, full.month, full.day);
        if found.iter().any(|other| day(other) != day(first)) {
            return None;
        }
        let edtf = format!("{:04}-{:02}-{:02}", first.year, first.month, first.day);
        Self::new(&edtf, Some(first.words.to_owned()), Basis::Stated).ok()
    }

    /// What a clock showed, in whole seconds after 1970 in UTC. The time of day is kept, because
    /// without it the day would be right in some time zones only.
    pub fn from_timestamp(seconds: i64, basis: Basis) -> Result<Self, Error> {
        let timestamp = Timestamp::from_second(seconds).map_err(|_| Error::Timestamp(seconds))?;
        Self::new(&timestamp.to_string(), None, basis).map_err(|_| Error::Timestamp(seconds))
    }

    /// The EDTF expression.
    pub fn edtf(&self) -> String {
        self.text.clone()
    }

    /// The date as the document writes it.
    pub fn written(&self) -> Option<&str> {
        self.written.as_deref()
    }

    /// What it rests on.
    pub fn basis(&self) -> Basis {
        self.basis
    }

    /// The earliest day it may mean, doubt included; `None` if there is no such bound.
    pub fn earliest(&self) -> Option<Day> {
        Span::of(&self.edtf).earliest
    }

    /// The latest day it may mean, doubt included; `None` if there is no such bound.
    pub fn latest(&self) -> Option<Day> {
        Span::of(&self.edtf).latest
    }

    /// Whether this is not later than `other`: said ≤ reported. The same day holds; the time of
    /// day counts if both have one.
    pub fn not_after(&self, other: &Self) -> Truth {
        let (here, there) = (Clock::of(&self.edtf), Clock::of(&other.edtf));
        if let (Some(here), Some(there)) = (here, there) {
            let (a, b) = if here.fixed == there.fixed {
                ((here.time, here.time), (there.time, there.time))
            } else {
                (here.in_any_zone(), there.in_any_zone())
            };
            return order((Some(a.0), Some(a.1)), (Some(b.0), Some(b.1)));
        }
        let (a, b) = (Span::of(&self.edtf), Span::of(&other.edtf));
        order((a.earliest, a.latest), (b.earliest, b.latest))
    }

    /// Whether a role or a control that began at `since` and ended at `until` covers this date. No
    /// `until` means that no end was recorded, so it goes on; no `since` leaves unknown whether it
    /// had begun.
    pub fn within(&self, since: Option<&Self>, until: Option<&Self>) -> Truth {
        let begun = since.map_or(Truth::Unknown, |since| since.not_after(self));
        let lasting = until.map_or(Truth::Holds, |until| self.not_after(until));
        begun.and(lasting)
    }

    /// Whether this date and `other` may be of one moment, to the precision of the coarser one: a
    /// post's date and the clock in its id. Times of day agree within [`SAME_MOMENT`] seconds; a
    /// day agrees with a moment at which people somewhere have that day.
    pub fn agrees_with(&self, other: &Self) -> Truth {
        let (here, there) = (Clock::of(&self.edtf), Clock::of(&other.edtf));
        if let (Some(here), Some(there)) = (here, there) {
            if here.fixed == there.fixed {
                let apart = here.time.duration_until(there.time).abs();
                return Truth::from(apart < SignedDuration::from_secs(SAME_MOMENT));
            }
            let ((a, b), (c, d)) = (here.in_any_zone(), there.in_any_zone());
            return if a <= d && c <= b { Truth::Unknown } else { Truth::Fails };
        }
        let (a, b) = (Span::of(&self.edtf), Span::of(&other.edtf));
        if [a, b].iter().any(|span| span.earliest.is_none() && span.latest.is_none()) {
            return Truth::Unknown;
        }
        let ends_before = |one: Span, other: Span| {
            one.latest.zip(other.earliest).is_some_and(|(latest, earliest)| latest < earliest)
        };
        Truth::from(!ends_before(a, b) && !ends_before(b, a))
    }

    /// How many days lie between this date and `other` at least, doubt included; `None` if either
    /// has no bound on the side of the other.
    pub fn days_apart(&self, other: &Self) -> Option<i64> {
        let (a, b) = (Span::of(&self.edtf), Span::of(&other.edtf));
        let days = |from: Day, to: Day| from.duration_until(to).as_hours() / 24;
        let forth = days(a.latest?, b.earliest?);
        let back = days(b.latest?, a.earliest?);
        Some(forth.max(back).max(0))
    }

    /// Whether this date is a `weekday`. A span of a week or more does not decide it.
    pub fn is_weekday(&self, weekday: Weekday) -> Truth {
        self.every_day(7, |day| day.weekday() == weekday)
    }

    /// Whether the weekday, day, month and year that the written words name fit the date. Unknown
    /// if they name none of them.
    pub fn fits_its_words(&self) -> Truth {
        const A_LEAP_YEAR: usize = 366;
        let Some(written) = self.written() else { return Truth::Unknown };
        let named = named_in(written);
        let parts = [
            weekday_in(written).map(|weekday| self.is_weekday(weekday)),
            named.day.map(|d| self.every_day(A_LEAP_YEAR, |day| day.day() == d)),
            named.month.map(|m| self.every_day(A_LEAP_YEAR, |day| day.month() == m)),
            named.year.map(|y| self.every_day(A_LEAP_YEAR, |day| day.year() == y)),
        ];
        parts.into_iter().flatten().reduce(Truth::and).unwrap_or(Truth::Unknown)
    }

    /// Whether something is true of each day that is possible; unknown beyond `limit` days.
    fn every_day(&self, limit: usize, is_so: impl Fn(Day) -> bool) -> Truth {
        let span = Span::of(&self.edtf);
        let (Some(first), Some(last)) = (span.earliest, span.latest) else {
            return Truth::Unknown;
        };
        let (mut some_hold, mut some_fail) = (false, false);
        let days = first.series(jiff::Span::new().days(1)).take_while(|day| *day <= last);
        for (count, day) in days.enumerate() {
            if count == limit {
                return Truth::Unknown;
            }
            let so = is_so(day);
            some_hold |= so;
            some_fail |= !so;
        }
        Truth::of_possibilities(some_hold, some_fail)
    }
}

/// A date as a record carries it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields<Text> {
    edtf: Text,
    #[serde(default = "Option::default", skip_serializing_if = "Option::is_none")]
    written: Option<Text>,
    basis: Basis,
}

impl TryFrom<Fields<String>> for Date {
    type Error = Error;

    fn try_from(fields: Fields<String>) -> Result<Self, Error> {
        Self::new(&fields.edtf, fields.written, fields.basis)
    }
}

impl Serialize for Date {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { text, written, basis, .. } = self;
        let fields = Fields { edtf: text.as_str(), written: written.as_deref(), basis: *basis };
        fields.serialize(serializer)
    }
}

/// Whether a date is digits and hyphens alone. Only its marks could stand elsewhere or be more or
/// fewer, so that one without any has one spelling.
fn is_bare(edtf: &str) -> bool {
    edtf.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use jiff::civil::{Date as Day, Weekday, date};

    use edtf_core::Edtf;

    use super::{Basis, Date, EDTF_BYTES, Error, is_bare};
    use crate::attribution::truth::Truth::{self, Fails, Holds, Unknown};

    /// Expressions with their bounds, worked out by hand; `""` is an open bound.
    const BOUNDS: [(&str, &str, &str); 44] = [
        ("2024-11-24", "2024-11-24", "2024-11-24"),
        ("2024-11-25", "2024-11-25", "2024-11-25"),
        ("2024-02-29", "2024-02-29", "2024-02-29"),
        ("2024-12-31", "2024-12-31", "2024-12-31"),
        ("2025-01-01", "2025-01-01", "2025-01-01"),
        ("2024-11", "2024-11-01", "2024-11-30"),
        ("2024-02", "2024-02-01", "2024-02-29"),
        ("2025-02", "2025-02-01", "2025-02-28"),
        ("2024", "2024-01-01", "2024-12-31"),
        ("2024-11-XX", "2024-11-01", "2024-11-30"),
        ("2024-11-2X", "2024-11-20", "2024-11-29"),
        ("2024-11-X4", "2024-11-04", "2024-11-24"),
        ("2024-XX", "2024-01-01", "2024-12-31"),
        ("2024-1X", "2024-10-01", "2024-12-31"),
        ("2024-XX-XX", "2024-01-01", "2024-12-31"),
        ("2024-XX-31", "2024-01-31", "2024-12-31"),
        ("202X", "2020-01-01", "2029-12-31"),
        ("2024-21", "2024-03-01", "2024-05-31"),
        ("2024-23", "2024-09-01", "2024-11-30"),
        ("2024-24", "2024-12-01", "2025-02-28"),
        ("2024-36", "2024-10-01", "2024-12-31"),
        ("2024-41", "2024-07-01", "2024-12-31"),
        ("2024-11-20/2024-11-24", "2024-11-20", "2024-11-24"),
        ("2024-11/2025-01", "2024-11-01", "2025-01-31"),
        ("2024/2025", "2024-01-01", "2025-12-31"),
        ("2024-11-24/..", "2024-11-24", ""),
        ("../2024-11-24", "", "2024-11-24"),
        ("2024-11-24/", "2024-11-24", ""),
        ("/2024-11-24", "", "2024-11-24"),
        ("Y-170000002", "", ""),
        ("{2024-11-20,2024-11-24}", "2024-11-20", "2024-11-24"),
        ("[2024-11-24,2024-11-20]", "2024-11-20", "2024-11-24"),
        ("[2024-11,2025-01]", "2024-11-01", "2025-01-31"),
        ("[..2024-11-24]", "", "2024-11-24"),
        ("{2024-11-24..}", "2024-11-24", ""),
        ("[2024-11-20..2024-11-24]", "2024-11-20", "2024-11-24"),
        ("2024-11-24~", "2024-11-17", "2024-12-01"),
        ("2024-11~", "2024-10-01", "2024-12-31"),
        ("2024~", "2022-12-31", "2026-01-01"),
        ("2024-11-20/2024-11-24~", "2024-11-20", "2024-12-01"),
        ("2024-11-24?", "", ""),
        ("2024-11%", "", ""),
        ("2024-11-20?/2024-11-24", "", "2024-11-24"),
        ("Y170000002", "", ""),
    ];

    fn day(text: &str) -> Option<Day> {
        (!text.is_empty()).then(|| text.parse().expect("a day"))
    }

    fn parse(edtf: &str) -> Date {
        Date::parse(edtf).unwrap_or_else(|error| panic!("{error}"))
    }

    /// The possible days of a row that matter: every one within the window, in which all finite
    /// bounds of the rows lie that are compared with it.
    fn possible_days(first: &str, last: &str) -> Vec<Day> {
        let first = day(first).unwrap_or(date(2019, 12, 30));
        let last = day(last).unwrap_or(date(2030, 1, 2));
        first.series(jiff::Span::new().days(1)).take_while(|day| *day <= last).collect()
    }

    #[test]
    fn the_bounds_are_those_worked_out_by_hand() {
        for (edtf, first, last) in BOUNDS {
            assert_eq!(parse(edtf).earliest(), day(first), "{edtf}");
            assert_eq!(parse(edtf).latest(), day(last), "{edtf}");
        }
    }

    #[test]
    fn an_order_is_definite_only_if_every_pair_of_days_agrees() {
        let rows = BOUNDS.map(|(edtf, first, last)| (parse(edtf), possible_days(first, last)));
        let mut seen = [0; 3];
        for (a, days_of_a) in &rows {
            for (b, days_of_b) in &rows {
                let (mut some_hold, mut some_fail) = (false, false);
                // Stops at the first pair that shows both to be possible.
                'pairs: for x in days_of_a {
                    for y in days_of_b {
                        some_hold |= x <= y;
                        some_fail |= x > y;
                        if some_hold && some_fail {
                            break 'pairs;
                        }
                    }
                }
                let expected = Truth::of_possibilities(some_hold, some_fail);
                assert_eq!(a.not_after(b), expected, "{} <= {}", a.edtf(), b.edtf());
                seen[expected as usize] += 1;
            }
        }
        assert!(seen.iter().all(|count| *count > 50), "{seen:?}");
    }

    #[test]
    fn a_span_covers_what_every_choice_of_days_covers() {
        let rows = &BOUNDS[..25];
        for (edtf, first, last) in rows {
            let (since, until) = (parse("2024-03-01"), parse("2024-11-24"));
            let days = possible_days(first, last);
            let covered = |day: &Day| (date(2024, 3, 1)..=date(2024, 11, 24)).contains(day);
            let expected =
                Truth::of_possibilities(days.iter().any(covered), !days.iter().all(covered));
            assert_eq!(parse(edtf).within(Some(&since), Some(&until)), expected, "{edtf}");
        }
        let said = parse("2024-11-24");
        assert_eq!(said.within(Some(&parse("2023")), None), Holds);
        assert_eq!(said.within(Some(&parse("2024")), None), Unknown);
        assert_eq!(said.within(None, Some(&parse("2023"))), Fails);
        assert_eq!(said.within(None, Some(&parse("2025"))), Unknown);
        assert_eq!(said.within(None, None), Unknown);
    }

    #[test]
    fn a_weekday_holds_if_every_possible_day_is_one() {
        for (edtf, first, last) in BOUNDS {
            for weekday in Weekday::Monday.cycle_forward().take(7) {
                let days = possible_days(first, last);
                let is_so = |day: &Day| day.weekday() == weekday;
                let expected =
                    Truth::of_possibilities(days.iter().any(is_so), !days.iter().all(is_so));
                assert_eq!(parse(edtf).is_weekday(weekday), expected, "{edtf} {weekday:?}");
            }
        }
    }

    #[test]
    fn a_time_of_day_counts_where_both_sides_have_one() {
        let check = |a: &str, b: &str, expected: Truth| {
            assert_eq!(parse(a).not_after(&parse(b)), expected, "{a} <= {b}");
        };
        check("2024-11-24T10:00:00Z", "2024-11-24T10:00:00Z", Holds);
        check("2024-11-24T10:00:01Z", "2024-11-24T10:00:00Z", Fails);
        check("2024-11-24T12:00:00+03:00", "2024-11-24T09:00:00Z", Holds);
        check("2024-11-24T12:00:00+03:00", "2024-11-24T08:59:59Z", Fails);
        check("2024-11-24T23:59:60Z", "2024-11-25T00:00:00Z", Holds);
        check("2024-11-24T10:00:00", "2024-11-24T09:00:00", Fails);
        // One clock stands in no named place.
        check("2024-11-24T10:00:00", "2024-11-24T09:00:00Z", Unknown);
        check("2024-11-24T10:00:00", "2024-11-24T22:00:00Z", Holds);
        check("2024-11-24T10:00:00", "2024-11-23T19:59:59Z", Fails);
        // A day in Moscow begins while the 23rd lasts in Greenwich.
        check("2024-11-24", "2024-11-23T22:00:00Z", Unknown);
        check("2024-11-24", "2024-11-23T09:59:59Z", Fails);
        check("2024-11-24", "2024-11-25T12:00:00Z", Holds);
        check("2024-11-24", "2024-11-24T09:00:00", Holds);
    }

    #[test]
    fn two_dates_of_one_moment_agree_to_the_precision_of_the_coarser() {
        let check = |a: &str, b: &str, expected: Truth| {
            assert_eq!(parse(a).agrees_with(&parse(b)), expected, "{a} and {b}");
            assert_eq!(parse(b).agrees_with(&parse(a)), expected, "{b} and {a}");
        };
        check("2016-08-16T19:22:57Z", "2016-08-16T19:22:00Z", Holds);
        check("2016-08-16T19:22:57Z", "2016-08-16T19:21:57Z", Fails);
        check("2016-08-16T19:22:57Z", "2016-08-16T15:22:57-04:00", Holds);
        check("2016-08-16T19:22:57Z", "2016-08-16T15:22:57", Unknown);
        check("2016-08-16T19:22:57Z", "2016-08-18T15:22:57", Fails);
        // At 19:22 in Greenwich it is the 17th in Sydney, and the 15th nowhere.
        check("2016-08-16T19:22:57Z", "2016-08-16", Holds);
        check("2016-08-16T19:22:57Z", "2016-08-17", Holds);
        check("2016-08-16T19:22:57Z", "2016-08-15", Fails);
        check("2016-08-16T19:22:57Z", "2016-08", Holds);
        check("2016-08-16T19:22:57Z", "2016-07", Fails);
        check("2016-08-16T19:22:57Z", "2016-08-20~", Holds);
        check("2016-08-16T19:22:57Z", "2016-08-16?", Unknown);
        check("2016-08-16T19:22:57Z", "../2015", Fails);
        check("2016-08-16T19:22:57Z", "2016-01/..", Holds);
    }

    #[test]
    fn days_between_are_counted_from_what_is_sure() {
        let check = |a: &str, b: &str, expected: Option<i64>| {
            assert_eq!(parse(a).days_apart(&parse(b)), expected, "{a} and {b}");
            assert_eq!(parse(b).days_apart(&parse(a)), expected, "{b} and {a}");
        };
        check("2024-11-24", "2024-11-24", Some(0));
        check("2024-11-24", "2025-11-24", Some(365));
        check("2024", "2026-01-01", Some(366));
        check("2024-11-24", "2024", Some(0));
        check("2024-11-24", "2024-11-24?", None);
    }

    #[test]
    fn a_timestamp_keeps_its_time_and_its_zone() {
        let post = Date::from_timestamp(1_732_442_400, Basis::Platform).expect("in range");
        assert_eq!(post.edtf(), "2024-11-24T10:00:00Z");
        assert_eq!(post.basis(), Basis::Platform);
        assert_eq!(Date::from_timestamp(i64::MAX, Basis::Server), Err(Error::Timestamp(i64::MAX)));
        let before_year_0 = -62_167_219_201;
        assert!(Date::from_timestamp(before_year_0, Basis::Server).is_err());
    }

    #[test]
    fn the_written_words_are_held_against_the_date() {
        let check = |edtf: &str, written: &str, expected: Truth| {
            let date = Date::new(edtf, Some(written.to_owned()), Basis::Stated).expect("a date");
            assert_eq!(date.fits_its_words(), expected, "{edtf} {written}");
        };
        check("2024-11-24", "Sunday, November 24", Holds);
        check("2024-11-24", "Monday, November 24", Fails);
        check("2024-11-24", "Sunday", Holds);
        check("2024-11-24", "November 25", Fails);
        check("2024-11-24", "24 October 2024", Fails);
        check("2024-11-24", "24 November 2023", Fails);
        check("2024-11-24", "yesterday", Unknown);
        check("2024-11", "November 2024", Holds);
        check("2024-11", "November 24", Unknown);
        check("2024-11", "December 24", Fails);
        check("2024-11-24~", "November 24", Unknown);
        check("2024", "2024", Holds);
        check("../2024", "1999", Unknown);
        assert_eq!(parse("2024").fits_its_words(), Unknown);
    }

    #[test]
    fn what_no_calendar_has_is_refused_with_the_reason() {
        let check = |edtf: &str, reason: &str| {
            let error = Date::parse(edtf).expect_err(edtf).to_string();
            assert!(error.contains(reason) && error.contains(edtf), "{error}");
        };
        check("2024-13-01", "month must be 01-12");
        check("2025-02-29", "day is out of range for the month, at character 9");
        check("2024-11-31", "day is out of range for the month");
        check("2024-11-24T25:00:00Z", "hour must be 00-23");
        check("24 November 2024", "whitespace is not allowed");
        check("", "empty input");
        check("?2024-?11-?24", "2024-11-24?");
        let long = format!("{{{}2024}}", "2024,".repeat(60));
        assert_eq!(Date::parse(&long), Err(Error::TooLong(long.len())));
        assert!(long.len() > EDTF_BYTES);
    }

    #[test]
    fn a_record_carries_a_date_as_text() {
        let text = r#"{"edtf":"2024-11-24","written":"Sunday","basis":"stated"}"#;
        let date: Date = serde_json::from_str(text).expect("a date");
        assert_eq!(serde_json::to_string(&date).expect("text"), text);
        let short = serde_json::to_string(&parse("2024-11")).expect("text");
        assert_eq!(short, r#"{"edtf":"2024-11","basis":"stated"}"#);
        for wrong in [
            r#"{"edtf":"2024-13-01","basis":"stated"}"#,
            r#"{"edtf":"2024","basis":"guessed"}"#,
            r#"{"edtf":"2024"}"#,
            r#"{"edtf":"2024","basis":"stated","zone":"UTC"}"#,
            r#"{"edtf":2024,"basis":"stated"}"#,
        ] {
            assert!(serde_json::from_str::<Date>(wrong).is_err(), "{wrong}");
        }
        let long = "x".repeat(513);
        let error = Date::new("2024", Some(long), Basis::Stated);
        assert_eq!(error, Err(Error::WrittenTooLong(513)));
    }

    #[test]
    fn a_date_without_marks_has_one_spelling() {
        // Every year, every month or season, every day of a leap year and of another.
        let years = (0..=9999).map(|year| format!("{year:04}"));
        let months = (1..=41).map(|month| format!("2024-{month:02}"));
        let days = ["2023", "2024"].into_iter().flat_map(|year| {
            (1..=12).flat_map(move |m| (1..=31).map(move |d| format!("{year}-{m:02}-{d:02}")))
        });
        let negative = (1..=9999).map(|year| format!("-{year:04}"));
        let mut seen = 0;
        for text in years.chain(months).chain(days).chain(negative) {
            assert!(is_bare(&text), "{text}");
            if let Ok(edtf) = Edtf::parse(&text) {
                assert_eq!(edtf.to_string(), text);
                seen += 1;
            }
        }
        assert!(seen > 20_000, "{seen}");
        assert!(!is_bare("2024-11-24~") && !is_bare("2024-XX") && !is_bare("2024S2"));
    }

    #[test]
    fn a_title_states_a_date_if_it_names_exactly_one_in_full() {
        let found = Date::in_title("2024年2月29日外交部发言人主持例行记者会").unwrap();
        assert_eq!((found.edtf().as_str(), found.basis()), ("2024-02-29", Basis::Stated));
        assert_eq!(found.written(), Some("2024年2月29日"));
        assert_eq!(found.fits_its_words(), Holds);
        let twice = "Remarks of 24 November 2024 (2024-11-24)";
        assert_eq!(Date::in_title(twice).unwrap().written(), Some("24 November 2024"));
        for title in ["外交部发言人答记者问", "2023年2月29日", "2024-11-24, 2024-11-25"]
        {
            assert_eq!(Date::in_title(title), None, "{title}");
        }
    }
}
