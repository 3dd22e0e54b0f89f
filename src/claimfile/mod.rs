//! A claim file: what a journalist writes, as TOML that reads like notes.
//!
//! `parse` turns the text into drafts, in which people's keys stand where records have ids;
//! `compose` turns the drafts into records, anchors every passage in its captured bytes, and adds
//! them to a batch. Reading files, fetching pages and committing the batch are left to the caller.

pub mod fault;
pub mod draft;
pub mod fields;
pub mod parse_capture;
pub mod parse_attestation;
pub mod parse_claim;
pub mod parse;
pub mod order;
pub mod anchor;
pub mod brought;
pub mod composition;
pub mod compose_capture;
pub mod compose_claim;
pub mod compose;
