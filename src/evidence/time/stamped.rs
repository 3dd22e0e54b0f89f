//! What the check of a proof of time answers: the same words for every scheme.
//!
//! A proof of time says "no later than": that the bytes existed then, not when they were made,
//! and not by whom.

use crate::evidence::reading::Verdict;

/// What became of one proof. Nothing but [`State::Complete`] is a yes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// The clock that was pinned, or the block at hand, vouches for these bytes.
    Complete,
    /// The proof is a promise so far: somebody said they would stamp these bytes.
    Pending,
    /// It is no proof, or not one for these bytes.
    Failed,
    /// It cannot be told: something that the check needs is not at hand, or not supported.
    Unknown,
}

impl State {
    /// The same as one of three. A pending proof is no yes.
    pub const fn verdict(self) -> Verdict {
        match self {
            Self::Complete => Verdict::Holds,
            Self::Failed => Verdict::Fails,
            Self::Pending | Self::Unknown => Verdict::Unknown,
        }
    }

    /// The state in one word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Pending => "pending",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
        }
    }
}

/// A time that somebody's clock vouches for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vouched {
    /// The bytes existed then, in seconds since 1970 (UTC), a started second counted whole.
    pub time: i64,
    /// By how many seconds the clock may be wrong, either way; `None` where nobody says.
    pub accuracy: Option<u64>,
    /// Whose clock: a certificate's subject and SHA-256, or a Bitcoin block's height.
    pub authority: String,
}

/// The answer of a check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamped {
    /// What became of the proof.
    pub state: State,
    /// By when the bytes existed, in seconds since 1970 (UTC); none unless complete.
    pub time: Option<i64>,
    /// By how many seconds the clock may be wrong, either way, where that is known.
    pub accuracy: Option<u64>,
    /// Whose clock said it; none unless complete.
    pub authority: Option<String>,
    /// What was found, in words: lower case, no final period.
    pub fact: String,
    /// What this proof leaves open, beyond what its scheme always does: lower case, no final
    /// period.
    pub limits: Vec<String>,
}

impl Stamped {
    /// A yes: whose clock says it, and when.
    pub fn complete(vouched: Vouched, fact: impl Into<String>, limits: Vec<String>) -> Self {
        let Vouched { time, accuracy, authority } = vouched;
        let (time, authority) = (Some(time), Some(authority));
        Self { state: State::Complete, time, accuracy, authority, fact: fact.into(), limits }
    }

    /// An answer that is no yes.
    ///
    /// # Panics
    /// If the state is [`State::Complete`]: a yes names its time and its clock.
    pub fn not(state: State, fact: impl Into<String>) -> Self {
        assert!(state != State::Complete, "a yes names its time and its clock");
        let (fact, limits) = (fact.into(), Vec::new());
        Self { state, time: None, accuracy: None, authority: None, fact, limits }
    }

    /// The time by which the bytes existed even if the clock was as wrong as it may be, in
    /// seconds since 1970; none unless complete.
    pub fn latest(&self) -> Option<i64> {
        let wrong = i64::try_from(self.accuracy.unwrap_or(0)).unwrap_or(i64::MAX);
        self.time.map(|time| time.saturating_add(wrong))
    }
}

/// A time as RFC 3339 writes it, in UTC.
pub(crate) fn written(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds)
        .map_or_else(|_| format!("second {seconds} since 1970"), |time| time.to_string())
}

#[cfg(test)]
mod tests {
    use super::{Stamped, State, Vouched, written};
    use crate::evidence::reading::Verdict;

    #[test]
    fn only_complete_holds_and_only_failed_fails() {
        for (state, expected) in [
            (State::Complete, Verdict::Holds),
            (State::Pending, Verdict::Unknown),
            (State::Failed, Verdict::Fails),
            (State::Unknown, Verdict::Unknown),
        ] {
            assert_eq!(state.verdict(), expected, "{}", state.name());
        }
    }

    #[test]
    fn a_clock_that_may_be_wrong_proves_a_later_time_only() {
        let at = |accuracy| {
            let vouched = Vouched { time: 100, accuracy, authority: "a clock".to_owned() };
            Stamped::complete(vouched, "stamped", Vec::new()).latest()
        };
        assert_eq!(at(None), Some(100));
        assert_eq!(at(Some(60)), Some(160));
        assert_eq!(at(Some(u64::MAX)), Some(i64::MAX));
        assert_eq!(Stamped::not(State::Pending, "promised").latest(), None);
        assert_eq!(written(1_432_827_678), "2015-05-28T15:41:18Z");
    }
}
