//! What a statement of control shows of a time: control is shown at the stated time of
//! verification (CAWG), and between two recorded dates; everything else is unknown.

use crate::attribution::date::Date;
use crate::attribution::record::channel::{Control, ControlBasis, ControlMode};
use crate::attribution::truth::Truth;

/// How long a verification is taken for fresh, in days: a year. Offices, and the accounts that go
/// with them, change hands in elections and reshuffles, and a register that is kept at all is gone
/// through about once a year.
pub const FRESH_DAYS: i64 = 366;

/// Whether the party controlled the channel at a time, by this statement.
///
/// Where no end is recorded, control is shown only up to the day on which somebody looked; where
/// no beginning is, on that day alone.
pub fn covers(control: &Control, at: &Date) -> Truth {
    let within = at.within(control.since.as_ref(), control.until.as_ref());
    if within == Truth::Fails || verified_on(control, at) {
        return Truth::from(within != Truth::Fails);
    }
    let shown_until = control.verified_at.as_ref().or(control.until.as_ref());
    match shown_until.map(|shown| at.not_after(shown)) {
        Some(Truth::Holds) => within,
        _ => within.and(Truth::Unknown),
    }
}

/// Why [`covers`] answers as it does, in words.
pub fn why(control: &Control, at: &Date) -> String {
    let on = at.edtf();
    let (since, until) = (control.since.as_ref(), control.until.as_ref());
    match covers(control, at) {
        Truth::Holds if verified_on(control, at) => format!("it was verified on {on} itself"),
        Truth::Holds => {
            let shown = control.verified_at.as_ref().or(until);
            format!("{on} lies between {} and {}", edtf(since), edtf(shown))
        }
        Truth::Fails => format!("{on} lies outside of {} to {}", edtf(since), edtf(until)),
        Truth::Unknown => {
            let mut parts = Vec::new();
            if since.is_none() {
                parts.push("since when is not recorded".to_owned());
            }
            if until.is_none() {
                parts.push("until when is not recorded".to_owned());
            }
            parts.push(match &control.verified_at {
                Some(looked) => format!("verified {}, which shows that day only", looked.edtf()),
                None => "when anybody verified it is not recorded".to_owned(),
            });
            parts.join("; ")
        }
    }
}

/// Whether the statement was verified near enough to a time to say anything of it, with the fact
/// in words. Never fails: old is not wrong.
pub fn freshness(control: &Control, at: &Date) -> (Truth, String) {
    let begun = control.since.as_ref().map_or(Truth::Unknown, |since| since.not_after(at));
    let shown = control.until.as_ref().or(control.verified_at.as_ref());
    let lasting = shown.map_or(Truth::Unknown, |shown| at.not_after(shown));
    if begun.and(lasting) == Truth::Holds {
        return (Truth::Holds, why(control, at));
    }
    let Some(looked) = &control.verified_at else {
        return (Truth::Unknown, "when anybody verified it is not recorded".to_owned());
    };
    let (on, looked_on) = (at.edtf(), looked.edtf());
    match looked.days_apart(at) {
        Some(days) if days > FRESH_DAYS => {
            let what = format!(
                "stale: verified {looked_on}, {days} days from {on}; more than {FRESH_DAYS} are \
                 too many where an end is open"
            );
            (Truth::Unknown, what)
        }
        Some(days) => (Truth::Holds, format!("verified {looked_on}, {days} days from {on}")),
        None => (Truth::Unknown, format!("how far {looked_on} lies from {on} is not known")),
    }
}

/// Whether two statements show their parties in control of the channel at one time.
pub fn at_once(one: &Control, other: &Control) -> Truth {
    let ended_before = |one: &Control, other: &Control| {
        let dates = one.until.as_ref().zip(other.since.as_ref());
        dates.map_or(Truth::Unknown, |(until, since)| since.not_after(until).not())
    };
    let parted = ended_before(one, other).or(ended_before(other, one));
    if parted == Truth::Holds {
        return Truth::Fails;
    }
    // What is shown of each: from its beginning, or else from the day on which somebody looked.
    let first = |control: &Control| control.since.clone().or(control.verified_at.clone());
    let last = |control: &Control| control.until.clone().or(control.verified_at.clone());
    let begun = |one: &Control, other: &Control| {
        let dates = first(one).zip(last(other));
        dates.map_or(Truth::Unknown, |(first, last)| first.not_after(&last))
    };
    let shown = begun(one, other).and(begun(other, one));
    if shown == Truth::Holds { shown } else { Truth::Unknown }
}

/// The basis in words.
pub fn basis(control: &Control) -> &'static str {
    match control.basis {
        ControlBasis::RelMe => "rel=me links",
        ControlBasis::DidWeb => "a did:web document",
        ControlBasis::SiteLinksToAccount => "a link from the party's own site",
        ControlBasis::PlatformBadge => "the platform's badge",
        ControlBasis::Registry => "a public register",
        ControlBasis::ReporterSays => "a reporter's word",
        ControlBasis::Inferred => "the recorder's conclusion",
    }
}

/// Whether, in this mode, the channel was not its owner's voice: it pretends to be the party, or
/// was taken from it.
pub fn is_usurped(mode: ControlMode) -> bool {
    matches!(mode, ControlMode::Impersonation | ControlMode::Hijacked)
}

fn verified_on(control: &Control, at: &Date) -> bool {
    let same = |looked: &Date| looked.not_after(at).and(at.not_after(looked)) == Truth::Holds;
    control.verified_at.as_ref().is_some_and(same)
}

fn edtf(date: Option<&Date>) -> String {
    date.map_or_else(|| "an unknown time".to_owned(), Date::edtf)
}

#[cfg(test)]
mod tests {
    use super::{at_once, covers, freshness, why};
    use crate::attribution::id::Id;
    use crate::attribution::record::channel::{Control, ControlBasis};
    use crate::attribution::truth::Truth::{self, Fails, Holds, Unknown};
    use crate::audit::notebook::{control, date};

    /// A statement with these dates; `""` for none.
    fn dated(since: &str, until: &str, looked: &str) -> Control {
        let id = Id::of(b"any");
        let perhaps = |edtf: &str| (!edtf.is_empty()).then(|| date(edtf));
        Control {
            since: perhaps(since),
            until: perhaps(until),
            verified_at: perhaps(looked),
            ..control(id, id, ControlBasis::Registry)
        }
    }

    #[test]
    fn a_verification_shows_its_own_day_and_what_lies_between_dates() {
        let check = |(since, until, looked), at: &str, expected: Truth| {
            let control = dated(since, until, looked);
            let at = date(at);
            assert_eq!(covers(&control, &at), expected, "{control:?} {}", why(&control, &at));
        };
        check(("", "", "2026-01-15"), "2026-01-15", Holds);
        check(("", "", "2026-01-15"), "2026-01-14", Unknown);
        check(("", "", "2026-01-15"), "2026-01-16", Unknown);
        check(("", "", "2026-01"), "2026-01-15", Unknown);
        check(("2020", "", "2026-01-15"), "2024-11-24", Holds);
        check(("2020", "", "2026-01-15"), "2019-11-24", Fails);
        check(("2020", "", ""), "2024-11-24", Unknown);
        check(("2020", "2022", ""), "2021", Holds);
        check(("2020", "2022", "2026"), "2024", Fails);
        check(("2026-02", "", "2026-01-15"), "2026-01-15", Fails);
        check(("", "", ""), "2024", Unknown);
        assert!(why(&dated("", "", ""), &date("2024")).contains("when anybody"));
    }

    #[test]
    fn a_verification_of_long_ago_is_stale_and_not_wrong() {
        let check = |(since, until, looked), at: &str, expected: Truth, words: &str| {
            let (truth, what) = freshness(&dated(since, until, looked), &date(at));
            assert_eq!(truth, expected, "{what}");
            assert!(what.contains(words), "{what}");
        };
        check(("", "", "2024-01-01"), "2025-01-01", Holds, "366 days");
        check(("", "", "2024-01-01"), "2025-01-02", Unknown, "stale: verified 2024-01-01, 367");
        check(("", "", "2025-01-02"), "2024-01-01", Unknown, "367 days");
        check(("2010", "", "2026"), "2015", Holds, "between 2010 and 2026");
        check(("2010", "2020", ""), "2015", Holds, "between");
        check(("2010", "", ""), "2015", Unknown, "not recorded");
    }

    #[test]
    fn two_statements_overlap_only_in_what_they_show() {
        let check = |one: [&str; 3], other: [&str; 3], expected: Truth| {
            let [one, other] = [one, other].map(|[a, b, c]| dated(a, b, c));
            assert_eq!(at_once(&one, &other), expected, "{one:?} {other:?}");
            assert_eq!(at_once(&other, &one), expected, "{other:?} {one:?}");
        };
        // Two registers of different years; and two rows of one register.
        check(["", "", "2020-01-01"], ["", "", "2026-01-01"], Unknown);
        check(["", "", "2026-01-01"], ["", "", "2026-01-01"], Holds);
        check(["2020", "", "2026"], ["2023", "", "2026"], Holds);
        check(["2020", "2022", ""], ["2023", "", "2026"], Fails);
        check(["2020", "2023", ""], ["2023", "", "2026"], Unknown);
        check(["", "", ""], ["", "", ""], Unknown);
    }
}
