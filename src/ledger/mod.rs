//! The ledger: a log of statements in a folder, read and written as one thing.
//!
//! `reading` knows where things stand, `batch` seals records so that later ones can refer to
//! earlier ones, `writing` turns a batch into one commit. Whether a ledger may be believed is the
//! question of `verify`, which takes nothing from here but the names of files.

pub mod reading;
pub mod batch;
pub mod writing;
