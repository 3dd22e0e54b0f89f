//! Days as the index knows them: bounds that may be open, a window between two dates, and the marks
//! of months and years by which a window is looked up.

use jiff::civil::Date as Day;

use crate::attribution::date::Date;
use crate::attribution::truth::Truth;

/// The first and the last day that something may be of, each counted from 1970-01-01; `None` where
/// there is no such bound.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Days {
    /// The first.
    pub earliest: Option<i64>,
    /// The last.
    pub latest: Option<i64>,
}

/// The most months for which each month is looked up by itself; of a longer window the years are.
const MONTHS: i64 = 36;

/// The most months over which a date in doubt has a mark for each.
const MONTHS_IN_DOUBT: i64 = 12;

/// The most years of a window, or of a date in doubt, that are looked up; longer ones are compared
/// day by day.
const YEARS: i64 = 120;

/// The mark of a date that lies within years, not within twelve months.
const OF_YEARS: char = 'l';

/// What has no date at all, or one that fits no mark.
const UNBOUND: &str = "yunbound";

impl Days {
    /// The days that a date may mean.
    pub fn of(date: Option<&Date>) -> Self {
        let number = |day: Option<Day>| day.map(number);
        Self {
            earliest: number(date.and_then(Date::earliest)),
            latest: number(date.and_then(Date::latest)),
        }
    }

    /// The window from the first day of one date to the last day of another; open where none is
    /// given.
    pub fn between(from: Option<&Date>, to: Option<&Date>) -> Self {
        Self { earliest: Self::of(from).earliest, latest: Self::of(to).latest }
    }

    /// Whether there is no bound at all.
    pub fn is_open(self) -> bool {
        self == Self::default()
    }

    /// Whether the window ends before it begins.
    pub fn is_empty(self) -> bool {
        self.earliest.zip(self.latest).is_some_and(|(earliest, latest)| latest < earliest)
    }

    /// Whether something of these days lies in the window.
    pub fn within(self, window: Self) -> Truth {
        let side = |one: Option<i64>, other: Option<i64>, bound: Option<i64>, sign: i64| {
            let Some(bound) = bound else { return Truth::Holds };
            // `one` is the end that lies farther from the bound's outside, `other` the nearer.
            let beyond = |end: Option<i64>| end.map(|end| sign * (end - bound) < 0);
            match (beyond(one), beyond(other)) {
                (Some(true), _) => Truth::Fails,
                (_, Some(false)) => Truth::Holds,
                _ => Truth::Unknown,
            }
        };
        let begun = side(self.latest, self.earliest, window.earliest, 1);
        let not_over = side(self.earliest, self.latest, window.latest, -1);
        begun.and(not_over)
    }

    /// The marks under which a record of these days is found.
    pub fn marks(self) -> Vec<String> {
        let (Some(first), Some(last)) = (self.earliest, self.latest) else {
            return vec![UNBOUND.to_owned()];
        };
        let (first, last) = (month_of(first), month_of(last));
        let (first_year, last_year) = (first.div_euclid(12), last.div_euclid(12));
        if last_year - first_year >= YEARS {
            return vec![UNBOUND.to_owned()];
        }
        let mut marks: Vec<String> = (first_year..=last_year).map(|y| year_mark('y', y)).collect();
        if last - first < MONTHS_IN_DOUBT {
            marks.extend((first..=last).map(month_mark));
        } else {
            marks.extend((first_year..=last_year).map(|year| year_mark(OF_YEARS, year)));
        }
        marks
    }

    /// The marks of which everything in this window, or that may be in it, has at least one; none
    /// where every record would have to be looked at.
    pub fn marks_of_window(self) -> Vec<String> {
        let (Some(first), Some(last)) = (self.earliest, self.latest) else { return Vec::new() };
        let (first, last) = (month_of(first), month_of(last));
        let (first_year, last_year) = (first.div_euclid(12), last.div_euclid(12));
        if last_year - first_year >= YEARS {
            return Vec::new();
        }
        let years = first_year..=last_year;
        let mut marks: Vec<String> = if last - first < MONTHS {
            let long = years.map(|year| year_mark(OF_YEARS, year));
            (first..=last).map(month_mark).chain(long).collect()
        } else {
            years.map(|year| year_mark('y', year)).collect()
        };
        marks.push(UNBOUND.to_owned());
        marks
    }
}

fn number(day: Day) -> i64 {
    Day::constant(1970, 1, 1).duration_until(day).as_hours() / 24
}

/// The month of a day, counted from the year 0.
fn month_of(number: i64) -> i64 {
    let span = jiff::SignedDuration::from_hours(number.saturating_mul(24));
    let day = Day::constant(1970, 1, 1).saturating_add(span);
    i64::from(day.year()) * 12 + i64::from(day.month()) - 1
}

fn month_mark(month: i64) -> String {
    format!("m{}", sortable(month))
}

fn year_mark(sign: char, year: i64) -> String {
    format!("{sign}{}", sortable(year))
}

/// A number without a sign that would part a word.
fn sortable(number: i64) -> String {
    if number < 0 { format!("b{}", number.unsigned_abs()) } else { number.to_string() }
}

#[cfg(test)]
mod tests {
    use super::Days;
    use crate::attribution::date::Date;
    use crate::attribution::truth::Truth::{self, Fails, Holds, Unknown};

    fn days(edtf: &str) -> Days {
        Days::of((!edtf.is_empty()).then(|| Date::parse(edtf).unwrap()).as_ref())
    }

    fn window(from: &str, to: &str) -> Days {
        let date = |edtf: &str| (!edtf.is_empty()).then(|| Date::parse(edtf).unwrap());
        Days::between(date(from).as_ref(), date(to).as_ref())
    }

    #[test]
    fn a_date_lies_in_a_window_outside_or_it_is_not_known() {
        let check = |date: &str, from: &str, to: &str, expected: Truth| {
            assert_eq!(days(date).within(window(from, to)), expected, "{date}: {from} to {to}");
        };
        check("2024-11-24", "2024-11-24", "2024-11-24", Holds);
        check("2024-11-24", "2024-11", "", Holds);
        check("2024-11-24", "", "2024-11-23", Fails);
        check("2024-11-24", "2024-11-25", "", Fails);
        check("2024-11", "2024-11-15", "", Unknown);
        check("2024-11", "2024-11", "2024-11", Holds);
        check("2024", "2023", "2024-06", Unknown);
        check("", "2024", "", Unknown);
        check("", "", "", Holds);
        check("../2024-11-24", "2024-11-25", "", Fails);
        check("../2024-11-24", "2024-11-23", "", Unknown);
        check("../2024-11-24", "", "2024-12", Holds);
        check("1969-12-31", "1969-12-31", "1970-01-01", Holds);
    }

    /// Every date that is not certainly outside has a mark that the window asks for.
    #[test]
    fn no_window_overlooks_what_may_lie_in_it() {
        let dates = [
            "",
            "2024-11-24",
            "2024-11",
            "2024",
            "2023/2025",
            "2024-11-2X",
            "20XX",
            "202X",
            "../2024-11-24",
            "2024-11-24/..",
            "1066-10-14",
            "-0044-03-15",
            "1899-12-31",
            "2024-02",
            "0000",
            "1900/2024",
            "1800/2024",
        ];
        let bounds = ["", "2024-11-24", "2024-10", "2024", "2020", "1066", "1800", "-0044", "2030"];
        let mut outside = 0;
        for date in dates {
            let marks = days(date).marks();
            for (from, to) in bounds.iter().flat_map(|from| bounds.map(|to| (*from, to))) {
                let window = window(from, to);
                if window.is_empty() {
                    continue;
                }
                let asked = window.marks_of_window();
                let is_found = asked.is_empty() || asked.iter().any(|mark| marks.contains(mark));
                let truth = days(date).within(window);
                assert!(is_found || truth == Fails, "{date} in {from} to {to}: {marks:?}");
                outside += u32::from(!is_found);
            }
        }
        assert!(outside > 100, "the marks leave out only {outside}");
    }
}
