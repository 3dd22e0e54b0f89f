//! The profile `pdf/1`: the words on the pages of a PDF (ISO 32000-1).
//!
//! The crate `lopdf` reads objects and streams; what their words are and in which order they stand
//! is decided here, so that a later version of the crate cannot change it.

pub mod cmap;
pub mod metrics;
pub mod font;
pub mod line;
pub mod content;
pub mod document;
