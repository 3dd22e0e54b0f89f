//! The bytes of captures, as a caller hands them in. Fetching them is left to the caller; whether
//! they are the right ones is for [`crate::evidence::capture`] to say.

use crate::hash::Hash;

/// What the caller has of a capture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Held {
    /// Bytes, not yet checked.
    Bytes(Vec<u8>),
    /// Nothing, and no reason is known.
    Missing,
    /// Nothing, because a notice took it away.
    Withheld,
}

/// Asks the caller for the bytes under a digest.
pub type Captures<'a> = dyn Fn(&Hash) -> Held + 'a;
