//! What is wrong with a claim file, and where. Faults are collected, so that all of a file are
//! seen at once.

use std::fmt;

/// The most faults that are kept and shown. Who has more has one mistake many times.
pub const MAX_SHOWN: usize = 100;

/// The longest name that is compared with others for a hint, in characters.
const MAX_COMPARED: usize = 64;

/// The most names that a hint lists.
const MAX_NEAREST: usize = 3;

/// A place in a claim file, counted from 1; the column in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The line.
    pub line: u64,
    /// The column.
    pub column: u64,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Where; absent for the whole file, and for drafts that were never a file.
    pub place: Option<Place>,
    /// The section, for people: `claim 3 (speaker "kabulov")`.
    pub section: Option<String>,
    /// What was found and what was expected.
    pub what: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Fault {
    /// A fault of the file as a whole.
    pub fn of_file(what: impl Into<String>) -> Self {
        Self { place: None, section: None, what: what.into(), hint: None }
    }

    /// The fault with a hint.
    #[must_use]
    pub fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place =
            self.place.map(|Place { line, column }| format!("line {line}, column {column}"));
        let parts: Vec<&str> = place.iter().chain(&self.section).map(String::as_str).collect();
        if !parts.is_empty() {
            write!(formatter, "{}: ", parts.join(", "))?;
        }
        write!(formatter, "{}", self.what)
    }
}

/// Everything that is wrong with a claim file: at least one fault, in the order of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Faults {
    faults: Vec<Fault>,
    unshown: usize,
}

impl Faults {
    /// `Ok` with `value` if nothing is wrong; else the faults in the order of the file.
    pub fn or<T>(mut faults: Vec<Fault>, value: impl FnOnce() -> T) -> Result<T, Self> {
        if faults.is_empty() {
            return Ok(value());
        }
        faults.sort_by_key(|fault| fault.place);
        let unshown = faults.len().saturating_sub(MAX_SHOWN);
        faults.truncate(MAX_SHOWN);
        Err(Self { faults, unshown })
    }

    /// The faults, at most [`MAX_SHOWN`].
    pub fn shown(&self) -> &[Fault] {
        &self.faults
    }

    /// How many more there are than those shown.
    pub fn unshown(&self) -> usize {
        self.unshown
    }
}

impl From<Fault> for Faults {
    fn from(fault: Fault) -> Self {
        Self { faults: vec![fault], unshown: 0 }
    }
}

impl std::error::Error for Faults {}

impl fmt::Display for Faults {
    /// One fault in a line, its hint in the next.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, fault) in self.faults.iter().enumerate() {
            let line_break = if number == 0 { "" } else { "\n" };
            write!(formatter, "{line_break}{fault}")?;
            if let Some(hint) = &fault.hint {
                write!(formatter, "\nhint: {hint}")?;
            }
        }
        match self.unshown {
            0 => Ok(()),
            more => write!(formatter, "\nand {more} more"),
        }
    }
}

/// The names nearest to one that is not known, nearest first; empty if none is near.
///
/// Near is a third of the letters changed, left out, added or swapped, or one name within the
/// other.
pub fn nearest<'n>(name: &str, known: impl IntoIterator<Item = &'n str>) -> Vec<&'n str> {
    let letters: Vec<char> = name.chars().collect();
    let mut near: Vec<(usize, &str)> = known
        .into_iter()
        .filter_map(|candidate| {
            let other: Vec<char> = candidate.chars().collect();
            let longest = letters.len().max(other.len());
            if longest > MAX_COMPARED {
                return None;
            }
            let distance = distance(&letters, &other);
            let within = letters.len() >= 3
                && other.len() >= 3
                && (candidate.contains(name) || name.contains(candidate));
            (distance <= longest.div_ceil(3) && distance < longest || within)
                .then_some((distance, candidate))
        })
        .collect();
    near.sort_unstable();
    near.dedup();
    near.into_iter().take(MAX_NEAREST).map(|(_, candidate)| candidate).collect()
}

/// `, did you mean …?` for the names nearest to one that is not known; empty if none is near.
pub fn did_you_mean<'n>(name: &str, known: impl IntoIterator<Item = &'n str>) -> String {
    let near: Vec<String> = nearest(name, known).iter().map(|near| format!("`{near}`")).collect();
    if near.is_empty() { String::new() } else { format!(", did you mean {}?", near.join(" or ")) }
}

/// The fewest letters to change, leave out, add or swap with their neighbour (optimal string
/// alignment).
fn distance(one: &[char], other: &[char]) -> usize {
    let mut before_last = vec![0; other.len() + 1];
    let mut last: Vec<usize> = (0..=other.len()).collect();
    for i in 1..=one.len() {
        let mut row = vec![i; other.len() + 1];
        for j in 1..=other.len() {
            let changed = last[j - 1] + usize::from(one[i - 1] != other[j - 1]);
            row[j] = changed.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && one[i - 1] == other[j - 2] && one[i - 2] == other[j - 1] {
                row[j] = row[j].min(before_last[j - 2] + 1);
            }
        }
        before_last = std::mem::replace(&mut last, row);
    }
    last[other.len()]
}

#[cfg(test)]
mod tests {
    use super::{Fault, Faults, MAX_SHOWN, Place, did_you_mean, distance, nearest};

    fn check_distance(one: &str, other: &str, expected: usize) {
        let letters = |word: &str| word.chars().collect::<Vec<char>>();
        assert_eq!(distance(&letters(one), &letters(other)), expected, "{one} {other}");
        assert_eq!(distance(&letters(other), &letters(one)), expected, "{other} {one}");
    }

    #[test]
    fn a_swap_of_neighbours_is_one_mistake() {
        check_distance("", "", 0);
        check_distance("", "abc", 3);
        check_distance("spekaer", "speaker", 1);
        check_distance("kitten", "sitting", 3);
        check_distance("ab", "ba", 1);
    }

    #[test]
    fn only_what_is_near_is_named() {
        assert_eq!(nearest("kabulof", ["kabulov", "lavrov", "kabul"]), ["kabulov", "kabul"]);
        assert_eq!(nearest("mfa", ["mfa-taliban", "russia"]), ["mfa-taliban"]);
        assert_eq!(nearest("by", ["to", "in", "a"]), Vec::<&str>::new());
        assert_eq!(nearest(&"x".repeat(99), ["x"]), Vec::<&str>::new());
        assert_eq!(did_you_mean("spekaer", ["speaker", "said"]), ", did you mean `speaker`?");
        assert_eq!(did_you_mean("q", ["speaker"]), "");
    }

    #[test]
    fn faults_stand_in_the_order_of_the_file_and_say_how_many_are_left_out() {
        let fault = |line| Fault {
            place: Some(Place { line, column: 2 }),
            section: Some("claim 1".to_owned()),
            ..Fault::of_file("is wrong")
        };
        let faults = vec![fault(2), fault(1).hint("mend it")];
        let faults = Faults::or(faults, || ()).unwrap_err();
        let expected = "line 1, column 2, claim 1: is wrong\nhint: mend it\n\
                        line 2, column 2, claim 1: is wrong";
        assert_eq!(faults.to_string(), expected);
        assert_eq!(Faults::or(Vec::new(), || 7), Ok(7));
        let many = (0..MAX_SHOWN as u64 + 3).map(fault).collect();
        let many = Faults::or(many, || ()).unwrap_err();
        assert!(many.to_string().ends_with("\nand 3 more"), "{many}");
    }
}
