//! Rows on their way from a file to the ledger: records whose references may be labels, and what
//! is wrong with a row.
//!
//! A label is an [`Id`] that stands for a record before it has one: made by hashing words, or the
//! id that the record has in another ledger. The engine puts the real ids in their place.

use std::fmt;

use crate::attribution::id::Id;
use crate::attribution::record::Record;
use crate::attribution::statement::Encoded;
use crate::hash::Hash;

/// The longest row, in bytes: a cell may hold the text of a long article, and nothing much longer
/// is a row of a table. A longer one is refused and passed over without being held.
pub const MAX_ROW: usize = 8 * 1024 * 1024;

/// A record whose references are labels, or ids of statements in the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// What other drafts refer to it by.
    pub label: Id,
    /// The record.
    pub record: Box<Record>,
    /// A party or channel that is taken only if the ledger knows none of this key: a table knows
    /// less of a party than what may be recorded of it already.
    pub is_fallback: bool,
    /// The record as bytes, as long as its references are what they were then; made by whoever
    /// groups the rows.
    pub encoded: Option<Encoded>,
}

/// What a row refers to by a name: a party or channel by its key, an earlier line by its label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keyed {
    /// `party`, `channel`, or [`LINE`].
    pub kind: &'static str,
    /// The key, or the label as it is written.
    pub key: String,
}

/// The kind of what is referred to by the label that a line gives itself.
pub const LINE: &str = "line";

/// What one row of a file becomes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RowDraft {
    /// Which row of data, counted from 1.
    pub row: u64,
    /// The line of the file on which it begins, counted from 1.
    pub line: u64,
    /// Its records, in an order in which later ones may refer to earlier ones.
    pub drafts: Vec<Draft>,
    /// Parties and channels that it refers to by their keys, and that may be in the ledger; and
    /// lines by their labels.
    pub keyed: Vec<Keyed>,
    /// The bytes of its captures.
    pub captures: Vec<Vec<u8>>,
    /// What its recorder should look at again; none of it keeps the row out.
    pub notes: Vec<String>,
    /// How many bytes it has in the file, its captures left out.
    pub length: usize,
    /// Whether later rows may refer to its labels; else they are forgotten after the row.
    pub keeps_labels: bool,
    /// The label that the line gives itself, as it is written.
    pub own_label: Option<String>,
    /// What is wrong with its records by themselves, whatever the ledger holds; found by whoever
    /// groups the rows.
    pub flaw: Option<Problem>,
}

/// What is wrong, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What was found and what was expected.
    pub what: String,
    /// What to do about it.
    pub hint: Option<String>,
}

/// Why a row does not go in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowProblem {
    /// Which row of data, counted from 1.
    pub row: u64,
    /// The line of the file on which it begins, counted from 1.
    pub line: u64,
    /// What it is.
    pub problem: Problem,
    /// Whether the row was passed over on purpose, and nothing is wrong with it.
    pub is_left_out: bool,
    /// The label that the line gives itself, as it is written.
    pub own_label: Option<String>,
}

/// One row as a reader hands it over. It goes through many hands.
pub type Row = Result<Box<RowDraft>, RowProblem>;

impl RowDraft {
    /// About how many bytes it takes, its captures included.
    pub fn weight(&self) -> usize {
        self.length + self.captures.iter().map(Vec::len).sum::<usize>()
    }
}

impl Draft {
    /// A record under a label.
    pub fn new(label: Id, record: impl Into<Box<Record>>) -> Self {
        Self { label, record: record.into(), is_fallback: false, encoded: None }
    }

    /// A party or channel that may be known already.
    pub fn fallback(label: Id, record: Record) -> Self {
        Self { is_fallback: true, ..Self::new(label, record) }
    }
}

impl Problem {
    /// A problem without a hint.
    pub fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), hint: None }
    }

    /// The problem with a hint.
    #[must_use]
    pub fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.what)
    }
}

impl Keyed {
    /// The label of what has this name.
    pub fn label(&self) -> Id {
        label(&[self.kind, &self.key])
    }
}

/// The label of a party, by its key.
pub fn party_label(key: &str) -> Id {
    label(&["party", key])
}

/// The label of a channel, by its key.
pub fn channel_label(key: &str) -> Id {
    label(&["channel", key])
}

/// The label of a line that gives itself this one.
pub fn line_label(name: &str) -> Id {
    label(&[LINE, name])
}

/// A label made of words; other words make another one.
pub fn label(words: &[&str]) -> Id {
    let mut parts: Vec<&[u8]> = vec![b"whosaid import label"];
    // No word holds a zero byte, so the words cannot run into one another.
    parts.extend(words.iter().flat_map(|word| [&b"\0"[..], word.as_bytes()]));
    Id::from_hash(Hash::of_parts(&parts))
}

#[cfg(test)]
mod tests {
    use super::{Keyed, channel_label, label, party_label};

    #[test]
    fn labels_differ_where_their_words_do() {
        let keyed = Keyed { kind: "party", key: "ada".to_owned() };
        assert_eq!(keyed.label(), party_label("ada"));
        assert_ne!(party_label("ada"), channel_label("ada"));
        assert_ne!(label(&["ab", "c"]), label(&["a", "bc"]));
    }
}
