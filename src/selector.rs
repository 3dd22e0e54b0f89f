//! A selector: where in a text some words stand (W3C Web Annotation, section 4.2).
//!
//! The record carries it, the evidence is searched with it; neither owns it.

use serde::{Deserialize, Serialize};

/// A text quote selector (section 4.2.4), optionally with a text position selector (4.2.5).
///
/// Where both are given they must agree. Words are compared code point by code point, never
/// normalised.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Selector {
    /// The quoted words, exactly as they stand in the text.
    pub exact: String,
    /// Words that stand directly before `exact`, to tell two places apart.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub prefix: Option<String>,
    /// Words that stand directly after `exact`, to tell two places apart.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub suffix: Option<String>,
    /// Where `exact` begins and ends.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub position: Option<Position>,
    /// In a JSON document, the string in which the words stand: its JSON Pointer (RFC 6901).
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub pointer: Option<String>,
    /// In a document of pages, the page on which the words stand, counted from 1.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub page: Option<u32>,
}

/// A half-open range of a text, counted in Unicode code points from 0, never in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Position {
    /// The first code point of the range.
    pub start: u64,
    /// The code point after the last one of the range.
    pub end: u64,
}

impl Selector {
    /// A selector by quote alone.
    pub fn quote(exact: impl Into<String>) -> Self {
        Self {
            exact: exact.into(),
            prefix: None,
            suffix: None,
            position: None,
            pointer: None,
            page: None,
        }
    }
}
