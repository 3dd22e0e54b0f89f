//! One failed step on a disk: what was tried, on which file, and what the system answered.

use std::io;

/// A step that failed, printed as `could not sync ledger/checkpoint: No space left on device`.
#[derive(Debug, thiserror::Error)]
#[error("could not {intent} {path}: {source}")]
pub struct Failure {
    /// What was tried: `read`, `sync`, `put in place`.
    pub intent: &'static str,
    /// The file or folder, as a person would name it.
    pub path: String,
    /// What the system answered.
    pub source: io::Error,
}

impl Failure {
    /// Whether the thing was simply not there.
    pub fn is_not_found(&self) -> bool {
        self.source.kind() == std::io::ErrorKind::NotFound
    }
}
