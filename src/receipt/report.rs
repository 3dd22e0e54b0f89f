//! What a check of a receipt found: one line for each kind of check, and one verdict.

use std::fmt::Display;

use serde::Serialize;

use crate::attribution::id::Id;
use crate::audit::Audit;
use crate::audit::graph::Graph;
use crate::hash::Hash;
use crate::tlog::checkpoint::Cosigned;
use crate::tlog::note::Note;
use crate::verify::report::{Outcome, Verdict};

/// What no receipt proves, in plain words; printed every time.
pub const NOT_SHOWN: [&str; 5] = [
    "It does not say that the claim is true: only that it was recorded so, and not changed since.",
    "A correction, retraction or reply that came later is not in the file: ask the ledger for it.",
    "A key record that is not in the file is not seen: a key may have been revoked, before or since.",
    "That everybody is shown the same log is vouched for by the witnesses named, and nobody else.",
    "The recorder's time is the recorder's own word; a witness's is the witness's.",
];

/// What is not proven where the captures are not in the file.
pub const NO_CAPTURES: &str = "The captured bytes are not in the file: whether the words stand in \
them was not checked here.";

/// The forms in which a receipt comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Form {
    /// C2SP tlog-proof, with the statement in its extra data.
    #[serde(rename = "tlog-proof")]
    TlogProof,
    /// A SCITT transparent statement.
    #[serde(rename = "scitt")]
    Scitt,
    /// A ZIP file with a tlog-proof, the captures and the policy.
    #[serde(rename = "bundle")]
    Bundle,
}

/// The kinds of check, in the order in which they are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// The file follows its format to the last byte.
    File,
    /// The policy came by another way than the file.
    Policy,
    /// A log of the policy signed the tree, and enough witnesses saw it.
    Log,
    /// The entry stands in that tree.
    Inclusion,
    /// The statement is the one that the entry stands for, and reads as a record.
    Statement,
    /// Its companions stand in the same tree.
    Companions,
    /// It was signed by a key that had the power to, by the charter and key records in the file.
    Signature,
    /// All that it refers to is in the file, and of the right kind.
    References,
    /// The captures have the digest and size that the records say.
    Captures,
    /// The words stand in the captures.
    Passages,
    /// The plain words that come with it are those that this program would write.
    ReadMe,
    /// The ledger that it was held against continues the tree that it proves.
    Ledger,
}

/// One line of the report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// Which kind.
    pub name: Subject,
    /// How it came out.
    pub result: Outcome,
    /// The fact.
    pub what: String,
}

/// A statement that was read, and what stands around it.
#[derive(Debug, Default)]
pub struct Story {
    /// The records that could be believed.
    pub graph: Graph,
    /// The audit of the claim, if it is one.
    pub audit: Option<Audit>,
}

/// Everything that a check found.
#[derive(Debug)]
pub struct Report {
    /// The form of the file.
    pub form: Form,
    /// One line for each check.
    pub checks: Vec<Check>,
    /// The log's name, once its signature holds.
    pub origin: Option<String>,
    /// The size of the tree.
    pub tree_size: Option<u64>,
    /// Its root.
    pub root: Option<Hash>,
    /// The place of the entry, once it is proven.
    pub entry_index: Option<u64>,
    /// The entry: the statement's id.
    pub id: Option<Id>,
    /// The witnesses whose cosignatures count, and when they saw the tree.
    pub witnesses: Vec<Cosigned>,
    /// Whether the statement is withheld.
    pub is_withheld: bool,
    /// The statement and what stands around it.
    pub story: Story,
    /// Whether captures are in the file.
    pub has_captures: bool,
    /// Things worth knowing that decide nothing.
    pub notes: Vec<String>,
    /// The log's checkpoint, where its signature holds and the file carries one.
    pub checkpoint: Option<Note>,
}

impl Report {
    pub(crate) fn new(form: Form) -> Self {
        Self {
            form,
            checks: Vec::new(),
            origin: None,
            tree_size: None,
            root: None,
            entry_index: None,
            id: None,
            witnesses: Vec::new(),
            is_withheld: false,
            story: Story::default(),
            has_captures: false,
            notes: Vec::new(),
            checkpoint: None,
        }
    }

    /// It was checked, and it holds.
    pub fn pass(&mut self, name: Subject, what: impl Display) {
        self.add(name, Outcome::Pass, what.to_string());
    }

    /// It was checked, and it does not hold.
    pub fn fail(&mut self, name: Subject, what: impl Display) {
        self.add(name, Outcome::Fail, what.to_string());
    }

    /// It could not be checked.
    pub fn skip(&mut self, name: Subject, what: impl Display) {
        self.add(name, Outcome::NotChecked, what.to_string());
    }

    /// One line for each kind: what is worse stays.
    fn add(&mut self, name: Subject, result: Outcome, what: String) {
        let weight = |outcome| match outcome {
            Outcome::Pass => 0,
            Outcome::NotChecked => 1,
            Outcome::Fail => 2,
        };
        let check = Check { name, result, what };
        match self.checks.iter_mut().find(|it| it.name == name) {
            Some(earlier) if weight(earlier.result) < weight(result) => *earlier = check,
            Some(_) => {}
            None => self.checks.push(check),
        }
    }

    /// The one answer. A file of which nothing beyond its form was checked is not verified.
    pub fn verdict(&self) -> Verdict {
        let any = |outcome| self.checks.iter().any(|check| check.result == outcome);
        let included = self.checks.iter().any(|check| check.name == Subject::Inclusion);
        if any(Outcome::Fail) {
            Verdict::Failed
        } else if any(Outcome::NotChecked) || !included {
            Verdict::Undecided
        } else {
            Verdict::Verified
        }
    }

    /// What this file does not prove.
    pub fn not_shown(&self) -> Vec<&'static str> {
        let without = (!self.has_captures).then_some(NO_CAPTURES);
        NOT_SHOWN.into_iter().chain(without).collect()
    }
}
