//! The forms of files that hold rows, each read to drafts: JSON Lines, tables by a column map,
//! fact-checks. What becomes of the drafts is not known here.

pub mod format;
pub mod lines;
pub mod ids;

// JSON Lines.
pub mod strict_json;
pub mod record_json;
mod straight;
pub mod jsonl;

// Tables.
pub mod decoding;
pub mod cells;
pub mod columns;
pub mod table;

// Fact-checks.
pub mod elements;
pub mod ld_page;
pub mod claimreview;
