//! Audit: on whose word, and how many independent origins?
//!
//! Pure: verified records and the bytes of captures come in as arguments, findings go out.

pub mod captures;
pub mod graph;
pub mod standing;
pub mod impact;
pub mod bodies;
pub mod likeness;
pub mod circles;
pub mod path;
pub mod origins;
pub mod case;
pub mod rules;

#[cfg(test)]
pub(crate) mod notebook;
