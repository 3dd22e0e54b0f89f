//! The ledger: a log of statements in a folder, read and written as one thing.
//!
//! `reading` knows where things stand, `asking` and `cosigning` bring witnesses in, `holdings` says
//! what is there, `writing` turns what a batch adds into one commit, `batch` seals records so that
//! later ones can refer to earlier ones, `together` seals many at once, `erasing` takes away what a
//! notice withholds, `garbage` what only earlier checkpoints needed. Whether a ledger may be believed
//! is the question of `verify`, which takes nothing from here but the reading of files.

pub mod reading;
pub mod asking;
pub mod cosigning;
pub mod holdings;
pub mod writing;
pub mod batch;
pub mod together;
pub mod erasing;
pub mod garbage;
