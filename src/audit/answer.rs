//! From what evidence answers to what the audit says: the two pillars do not know one another.

use crate::attribution::truth::Truth;
use crate::evidence::reading::Verdict;

/// The same answer in the audit's words.
pub(crate) const fn truth_of(verdict: Verdict) -> Truth {
    match verdict {
        Verdict::Holds => Truth::Holds,
        Verdict::Fails => Truth::Fails,
        Verdict::Unknown => Truth::Unknown,
    }
}
