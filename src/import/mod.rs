//! Import: what others collected in bulk becomes records.
//!
//! Whoever kept the collection is not believed more than it says: what it leaves open stays open,
//! and its bytes are kept as the evidence. Opening files and printing are left to the caller.

// A register of officials.
pub mod officials;
pub mod intake;

// Rows of a file: how each form of file is read …
pub mod draft;
pub mod format;
pub mod lines;
pub mod ids;
pub mod strict_json;
pub mod record_json;
pub mod jsonl;
pub mod decoding;
pub mod cells;
pub mod columns;
pub mod table;
pub mod elements;
pub mod ld_page;
pub mod claimreview;

// … and what becomes of them.
pub mod outcome;
pub mod report;
pub mod known;
pub mod looking;
pub mod rehearsal;
pub mod group;
pub mod engine;
