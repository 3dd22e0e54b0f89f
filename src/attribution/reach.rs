//! How far a date reaches: the first and the last day, or moment, that an EDTF expression may mean,
//! doubt included. What follows from that for two dates is left to `date`.

use edtf_core::{Bound, Edtf, IntervalEndpoint, Qualifier, SetElement, TimeShift};
use jiff::SignedDuration;
use jiff::civil::{Date as Day, DateTime};

use crate::attribution::truth::Truth;

/// Local time is at most this far ahead of UTC, in hours (Kiritimati).
const HOURS_AHEAD: i64 = 14;

/// Local time is at most this far behind UTC, in hours (Baker Island).
const HOURS_BEHIND: i64 = 12;

/// How far an approximate part widens the bounds, in days on each side: a week for a day.
const ABOUT_A_DAY: i64 = 7;
const ABOUT_A_MONTH: i64 = 31;
const ABOUT_A_SEASON: i64 = 92;
const ABOUT_A_YEAR: i64 = 366;

/// Bounds of which each may be open.
pub(crate) type Range<T> = (Option<T>, Option<T>);

/// Whether everything in `a` comes no later than everything in `b`. An open bound may be anything.
pub(crate) fn order<T: Ord>(a: Range<T>, b: Range<T>) -> Truth {
    match (a, b) {
        ((_, Some(latest)), (Some(earliest), _)) if latest <= earliest => Truth::Holds,
        ((Some(earliest), _), (_, Some(latest))) if earliest > latest => Truth::Fails,
        _ => Truth::Unknown,
    }
}

/// A moment to the second: on an unnamed place's clock, or fixed and then in UTC.
#[derive(Clone, Copy)]
pub(crate) struct Clock {
    pub(crate) time: DateTime,
    pub(crate) fixed: bool,
}

impl Clock {
    pub(crate) fn of(edtf: &Edtf) -> Option<Self> {
        let Edtf::DateTime(written) = edtf else { return None };
        let day = civil(edtf.bounds().earliest)?;
        let time = written.time;
        let [hour, minute, second] = [time.hour, time.minute, time.second.min(59)]
            .map(|number| i8::try_from(number).unwrap_or_default());
        let local = day.at(hour, minute, second, 0);
        let minutes = match time.shift {
            None => return Some(Self { time: local, fixed: false }),
            Some(TimeShift::Utc) => 0,
            Some(TimeShift::Offset { minutes, .. }) => i64::from(minutes),
        };
        let time = local.checked_sub(SignedDuration::from_mins(minutes)).ok()?;
        Some(Self { time, fixed: true })
    }

    /// The earliest and latest moment in UTC that this may be.
    pub(crate) fn in_any_zone(self) -> (DateTime, DateTime) {
        if self.fixed {
            return (self.time, self.time);
        }
        (
            self.time.saturating_sub(SignedDuration::from_hours(HOURS_AHEAD)),
            self.time.saturating_add(SignedDuration::from_hours(HOURS_BEHIND)),
        )
    }

    /// The days that people somewhere have at this moment.
    fn days(self) -> Span {
        if !self.fixed {
            return Span { earliest: Some(self.time.date()), latest: Some(self.time.date()) };
        }
        let behind = self.time.checked_sub(SignedDuration::from_hours(HOURS_BEHIND)).ok();
        let ahead = self.time.checked_add(SignedDuration::from_hours(HOURS_AHEAD)).ok();
        Span { earliest: behind.map(DateTime::date), latest: ahead.map(DateTime::date) }
    }
}

/// The first and the last day that are possible; `None` where there is no bound.
#[derive(Clone, Copy)]
pub(crate) struct Span {
    pub(crate) earliest: Option<Day>,
    pub(crate) latest: Option<Day>,
}

impl Span {
    const OPEN: Self = Self { earliest: None, latest: None };

    pub(crate) fn of(edtf: &Edtf) -> Self {
        match edtf {
            Edtf::Date(date) => Self::of_date(date),
            Edtf::DateTime(_) => Clock::of(edtf).map_or(Self::OPEN, Clock::days),
            Edtf::Interval(interval) => Self {
                earliest: match &interval.start {
                    IntervalEndpoint::Date(date) => Self::of_date(date).earliest,
                    _ => None,
                },
                latest: match &interval.end {
                    IntervalEndpoint::Date(date) => Self::of_date(date).latest,
                    _ => None,
                },
            },
            Edtf::Set(set) => set
                .elements
                .iter()
                .map(Self::of_element)
                .reduce(|a, b| Self {
                    earliest: a.earliest.zip(b.earliest).map(|(a, b)| a.min(b)),
                    latest: a.latest.zip(b.latest).map(|(a, b)| a.max(b)),
                })
                .unwrap_or(Self::OPEN),
        }
    }

    fn of_element(element: &SetElement) -> Self {
        match element {
            SetElement::Date(date) => Self::of_date(date),
            SetElement::OnOrBefore(date) => Self { earliest: None, ..Self::of_date(date) },
            SetElement::OnOrAfter(date) => Self { latest: None, ..Self::of_date(date) },
            SetElement::Range(first, last) => {
                Self { earliest: Self::of_date(first).earliest, latest: Self::of_date(last).latest }
            }
        }
    }

    fn of_date(date: &edtf_core::Date) -> Self {
        if date.is_uncertain() {
            return Self::OPEN;
        }
        let bounds = Edtf::Date(*date).bounds();
        let margin = SignedDuration::from_hours(24 * margin_days(date));
        Self {
            earliest: civil(bounds.earliest).and_then(|day| day.checked_sub(margin).ok()),
            latest: civil(bounds.latest).and_then(|day| day.checked_add(margin).ok()),
        }
    }
}

/// How far the finest approximate part widens the bounds, in days.
fn margin_days(date: &edtf_core::Date) -> i64 {
    let about = |qualifier: Qualifier| qualifier.approximate;
    if date.day.is_some_and(|day| about(day.qualifier)) {
        return ABOUT_A_DAY;
    }
    if date.month.is_some_and(|month| about(month.qualifier)) {
        let season = date.precision() == edtf_core::Precision::Season;
        return if season { ABOUT_A_SEASON } else { ABOUT_A_MONTH };
    }
    if about(date.year.qualifier) { ABOUT_A_YEAR } else { 0 }
}

fn civil(bound: Bound) -> Option<Day> {
    let Bound::Date(day) = bound else { return None };
    let [month, day_of_month] = [day.month, day.day].map(|number| i8::try_from(number).ok());
    Day::new(i16::try_from(day.year).ok()?, month?, day_of_month?).ok()
}
