//! Ids of platforms on their way through spreadsheets: one that was taken for a number names
//! another post, or none.

use crate::attribution::date::{Basis, Date};
use crate::attribution::identity::check_platform_id;
use crate::attribution::truth::Truth;
use crate::evidence::address::clock;
use crate::import::draft::Problem;

const HINT: &str = "take the id from the source again; in a spreadsheet, import the column as text";

/// Looks at an id: what is to be noted of it.
///
/// # Errors
/// An id that has lost its digits.
pub fn look_at_id(id: &str) -> Result<Option<String>, Problem> {
    let verdict = check_platform_id(id);
    match verdict.truth {
        Truth::Fails => Err(Problem::new(verdict.message).hint(HINT)),
        Truth::Unknown => Ok(Some(verdict.message)),
        Truth::Holds => Ok(None),
    }
}

/// Compares the clock inside the id of a post's URL with the date that is given for the post.
///
/// # Errors
/// An id that has lost its digits.
pub fn look_at_clock(url: &str, published: Option<&Date>) -> Result<Option<String>, Problem> {
    let Some(clocked) = clock::in_url(url) else { return Ok(None) };
    let milliseconds = match clocked.time {
        clock::Time::At(milliseconds) => milliseconds,
        clock::Time::Damaged(what) => {
            return Err(Problem::new(format!("the URL {url}: {what}")).hint(HINT));
        }
        clock::Time::Unknown(_) => return Ok(None),
    };
    let shown = Date::from_timestamp(milliseconds.div_euclid(1_000), Basis::Platform);
    Ok(match (shown, published) {
        (Ok(clock), Some(published)) if published.agrees_with(&clock) == Truth::Fails => {
            let (id, clock, given) = (clocked.id, clock.edtf(), published.edtf());
            Some(format!("the id {id} was made at {clock}, and the date given is {given}"))
        }
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::{look_at_clock, look_at_id};
    use crate::attribution::date::Date;

    #[test]
    fn a_damaged_id_is_refused_and_a_date_that_does_not_fit_is_noted() {
        assert_eq!(look_at_id("765629939811020802"), Ok(None));
        assert!(look_at_id("7.02608E+17").is_err());
        assert!(look_at_id("760000000000000000").unwrap().is_some());
        let url = "https://twitter.com/a/status/765629939811020802";
        let check = |url: &str, date: &str| look_at_clock(url, Date::parse(date).ok().as_ref());
        assert_eq!(check(url, "2016-08-16T19:22:57Z"), Ok(None));
        assert_eq!(check(url, ""), Ok(None));
        let noted = check(url, "2016-08-18").unwrap().unwrap();
        assert!(noted.contains("made at 2016-08-16T19:22:57Z"), "{noted}");
        assert!(check("https://twitter.com/a/status/7.02608E+17", "2016").is_err());
        assert_eq!(check("https://example.org/7.02608E+17", "2016"), Ok(None));
    }
}
