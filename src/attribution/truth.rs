//! What a check can find: it holds, it fails, or the record does not decide it (Kleene's strong
//! three-valued logic). Why it is so is for the rule to say.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The answer of a check that never says more than it knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Truth {
    /// True however the open questions are answered.
    Holds,
    /// False however the open questions are answered.
    Fails,
    /// It depends on what is not known.
    Unknown,
}

impl Truth {
    /// Holds if both hold, fails if one of them fails.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Fails, _) | (_, Self::Fails) => Self::Fails,
            (Self::Holds, Self::Holds) => Self::Holds,
            _ => Self::Unknown,
        }
    }

    /// Holds if one of them holds, fails if both fail.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        self.not().and(other.not()).not()
    }

    /// Turns holds and fails around; what is unknown stays so.
    // A word of three-valued logic beside `and` and `or`; `!` would read as a two-valued answer.
    #[allow(clippy::should_implement_trait)]
    #[must_use]
    pub const fn not(self) -> Self {
        match self {
            Self::Holds => Self::Fails,
            Self::Fails => Self::Holds,
            Self::Unknown => Self::Unknown,
        }
    }

    /// What follows from the smallest and the largest answer still possible: definite only if
    /// every possibility says the same.
    pub const fn of_possibilities(some_hold: bool, some_fail: bool) -> Self {
        match (some_hold, some_fail) {
            (true, false) => Self::Holds,
            (false, true) => Self::Fails,
            _ => Self::Unknown,
        }
    }
}

impl From<bool> for Truth {
    fn from(known: bool) -> Self {
        if known { Self::Holds } else { Self::Fails }
    }
}

impl fmt::Display for Truth {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Holds => "holds",
            Self::Fails => "fails",
            Self::Unknown => "unknown",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Truth::{self, Fails, Holds, Unknown};

    /// The two-valued answers that a three-valued one leaves open.
    fn possible(truth: Truth) -> Vec<bool> {
        match truth {
            Holds => vec![true],
            Fails => vec![false],
            Unknown => vec![true, false],
        }
    }

    fn check(a: Truth, b: Truth, found: Truth, two_valued: fn(bool, bool) -> bool) {
        let mut answers = Vec::new();
        for x in possible(a) {
            answers.extend(possible(b).into_iter().map(|y| two_valued(x, y)));
        }
        let expected = Truth::of_possibilities(answers.contains(&true), answers.contains(&false));
        assert_eq!(found, expected, "{a} with {b}");
    }

    #[test]
    fn an_answer_is_definite_only_if_every_possibility_agrees() {
        for a in [Holds, Fails, Unknown] {
            check(a, a, a.not(), |x, _| !x);
            for b in [Holds, Fails, Unknown] {
                check(a, b, a.and(b), |x, y| x && y);
                check(a, b, a.or(b), |x, y| x || y);
            }
        }
    }

    #[test]
    fn it_is_written_in_lower_case() {
        assert_eq!(serde_json::to_string(&Unknown).expect("it is a word"), "\"unknown\"");
        assert_eq!(Holds.to_string(), "holds");
    }
}
