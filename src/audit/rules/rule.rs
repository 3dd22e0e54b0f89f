//! What a rule is, and what it finds.

use std::fmt;

use serde::Serialize;

use crate::attribution::id::Id;
use crate::attribution::truth::Truth;
use crate::audit::case::Case;
use crate::audit::graph::Node;
use crate::audit::line::one_line;

/// What a rule looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Group {
    /// Who signed the entry.
    Recorder,
    /// The captured bytes.
    Evidence,
    /// The words in them.
    Passage,
    /// The order of times.
    Time,
    /// Who controlled the channels.
    Channel,
    /// Signatures of the source.
    Source,
    /// The steps from the reader to the origin.
    Chain,
    /// How claims bear on one another.
    Graph,
    /// Identifiers.
    Identity,
}

/// One rule: a name, what it checks, what it does not show, and the function that judges.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// In kebab-case; stable, because people and programs refer to it.
    pub name: &'static str,
    /// What it looks at.
    pub group: Group,
    /// What it checks, in one sentence.
    pub words: &'static str,
    /// What follows not even if it holds, in one sentence.
    pub not_shown: &'static str,
    /// Judges a case; nothing where the rule does not apply.
    pub judge: fn(&Case<'_>) -> Vec<Judgement>,
}

/// What a rule says of one thing in a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// Whether it holds.
    pub truth: Truth,
    /// The two facts compared, in words: lower case, no final period.
    pub what: String,
    /// The step it concerns, 0 for the document read.
    pub step: Option<u64>,
    /// The record it concerns, if not the claim.
    pub on: Option<Id>,
}

/// A judgement with the rule that made it and the entry that it concerns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The rule's name.
    pub rule: &'static str,
    /// The rule's group.
    pub group: Group,
    /// Whether it holds.
    pub truth: Truth,
    /// The two facts compared, in words.
    pub what: String,
    /// The step it concerns, 0 for the document read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<u64>,
    /// The record it concerns.
    pub id: Id,
    /// That record's place in the log, if it is at hand.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entry_index: Option<u64>,
}

impl Rule {
    /// What the rule finds in a case.
    pub fn apply(&self, case: &Case<'_>) -> Vec<Finding> {
        let judgements = (self.judge)(case).into_iter();
        judgements
            .map(|Judgement { truth, what, step, on }| {
                let (rule, group, id) = (self.name, self.group, on.unwrap_or(case.id));
                let entry_index = case.graph.node(id).map(Node::entry_index);
                let what = one_line(&what);
                Finding { rule, group, truth, what, step, id, entry_index }
            })
            .collect()
    }
}

impl Judgement {
    /// A judgement of the claim.
    pub fn new(truth: Truth, what: impl Into<String>) -> Self {
        Self { truth, what: what.into(), step: None, on: None }
    }

    /// The same, of one step.
    #[must_use]
    pub fn at(mut self, step: usize) -> Self {
        self.step = Some(step as u64);
        self
    }

    /// The same, of another record.
    #[must_use]
    pub fn on(mut self, id: Id) -> Self {
        self.on = Some(id);
        self
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}: {}", self.rule, self.truth, self.what)
    }
}
