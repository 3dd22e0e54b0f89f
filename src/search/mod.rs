//! Search: an embedded index of what the statements say, for questions to a ledger of any size.
//!
//! The index is a SQLite file of its own under `.state/`, always rebuildable from the log, never
//! published and never trusted: whatever it finds is read again from the ledger, compared with the
//! entry, and asked the same question once more, so that a false index can hide but not invent.
//! `verify` does not look at it. The texts of captured documents are not in it.

// What is asked, and what there is of each record to be found by.
pub mod words;
pub mod days;
pub mod marks;
pub mod texts;

// Where it is kept, how it is kept up, and how what it finds is read again.
pub mod tables;
pub mod reread;
pub mod keep;

// What was verified, asked about one claim.
pub mod verified;

// What it answers.
pub mod named;
pub mod later;
pub mod ask;
pub mod timeline;
pub mod contradictions;
