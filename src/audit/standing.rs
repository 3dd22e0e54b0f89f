//! The standing of a statement: what later records did to it, as of a tree size.
//!
//! Nothing here says who is right. A notice that was itself withdrawn does not count, and what a
//! suspect key signed counts but is marked, because ignoring it would hide a theft.

use std::collections::HashSet;

use serde::Serialize;

use crate::attribution::id::Id;
use crate::attribution::record::Record;
use crate::attribution::record::claim::Who;
use crate::attribution::record::notice::{Notice, NoticeKind, RelationKind};
use crate::audit::graph::{Found, Graph, Node};
use crate::audit::line::one_line;

/// How a statement stands, from untouched to gone. Where several apply, the last counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// No later record changes it.
    Standing,
    /// Another claim contradicts it, or somebody replied to it.
    Disputed,
    /// Another claim denies it.
    Denied,
    /// Its publisher corrected it.
    Corrected,
    /// The speaker, the publisher or the recorder took it back.
    Retracted,
    /// Its recorder put another record in its place.
    Superseded,
    /// It is withheld or erased, or its captures are.
    Withheld,
}

/// A later record and what it does to the standing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Because {
    /// The later record's place in the log.
    pub entry_index: u64,
    /// Its id.
    pub id: Id,
    /// What it does alone; `Standing` if it only adds to what is known.
    pub effect: Standing,
    /// The same in words.
    pub what: String,
    /// What was put in its place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replacement: Option<Id>,
    /// Whether it was signed by a key that was later revoked from an earlier entry on.
    pub is_suspect: bool,
}

/// The standing of one statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// How it stands.
    pub standing: Standing,
    /// The entries that made it so, and those that were looked at and change nothing.
    pub because: Vec<Because>,
}

/// Which records were in force at a tree size: neither retracted nor replaced by their recorder.
#[derive(Debug, Clone)]
pub struct Standings<'a> {
    graph: &'a Graph,
    tree_size: u64,
    withdrawn: HashSet<Id>,
}

impl<'a> Standings<'a> {
    /// The standings in a log of `tree_size` entries; what was recorded later is not looked at.
    pub fn as_of(graph: &'a Graph, tree_size: u64) -> Self {
        let mut withdrawn = HashSet::new();
        // A notice may take back a notice that takes back a notice … and each is later than its
        // target: from the last entry to the first, each is decided before what it takes back.
        for node in graph.nodes().iter().rev().filter(|node| node.entry_index() < tree_size) {
            if let Some(target) = withdrawal(node)
                && !withdrawn.contains(&node.id())
            {
                withdrawn.insert(target);
            }
        }
        Self { graph, tree_size, withdrawn }
    }

    /// The size of the log that is looked at.
    pub fn tree_size(&self) -> u64 {
        self.tree_size
    }

    /// How a statement stands.
    pub fn of(&self, id: Id) -> Outcome {
        let mut because: Vec<Because> = match self.graph.find(id) {
            Found::Withheld { entry_index } if entry_index < self.tree_size => {
                let what = "the log has the entry, but its statement is not shown".to_owned();
                let effect = Standing::Withheld;
                vec![Because {
                    entry_index,
                    id,
                    effect,
                    what,
                    replacement: None,
                    is_suspect: false,
                }]
            }
            _ => Vec::new(),
        };
        because.extend(self.later(id).filter_map(|node| self.effect(node, id)));
        because.dedup();
        let strongest = because.iter().map(|because| because.effect).max();
        Outcome { standing: strongest.unwrap_or(Standing::Standing), because }
    }

    /// Whether a record counts: it was recorded by then, and no notice in force takes it back.
    pub fn is_in_force(&self, node: &Node) -> bool {
        node.entry_index() < self.tree_size && !self.withdrawn.contains(&node.id())
    }

    /// The records before the tree's end that refer to a statement.
    fn later(&self, id: Id) -> impl Iterator<Item = &'a Node> + use<'a> {
        let tree_size = self.tree_size;
        let nodes = self.graph.referrers(id).map(|(node, _)| node);
        nodes.filter(move |node| node.entry_index() < tree_size)
    }

    /// What a later record does to `target`.
    fn effect(&self, node: &Node, target: Id) -> Option<Because> {
        let (effect, what, replacement) = match node.record() {
            Record::Notice(notice) if notice.target == target => {
                let (effect, what) = self.effect_of_notice(notice, node, target);
                (effect, what, notice.replacement)
            }
            Record::Relation(relation) if relation.to == target || relation.from == target => {
                let (other, is_target) = if relation.to == target {
                    (relation.from, true)
                } else {
                    (relation.to, false)
                };
                let effect = match (relation.kind, is_target) {
                    (RelationKind::Denies, true) => Standing::Denied,
                    (RelationKind::Contradicts, _) => Standing::Disputed,
                    (RelationKind::Qualifies | RelationKind::Updates, true) => Standing::Standing,
                    _ => return None,
                };
                let kind = name_of(relation.kind);
                let what = if is_target {
                    format!("claim {} {kind} it", other.short())
                } else {
                    format!("it {kind} claim {}", other.short())
                };
                // A claim that its own recorder took back denies nothing any more.
                match self.graph.node(other) {
                    Some(claim) if !self.is_in_force(claim) => {
                        let what = format!("{what}, but that claim was taken back");
                        (Standing::Standing, what, None)
                    }
                    _ => (effect, what, None),
                }
            }
            _ => return None,
        };
        let (entry_index, id, is_suspect) = (node.entry_index(), node.id(), node.is_suspect());
        if self.is_in_force(node) {
            return Some(Because { entry_index, id, effect, what, replacement, is_suspect });
        }
        let what = format!("{what}; this was itself taken back");
        let effect = Standing::Standing;
        Some(Because { entry_index, id, effect, what, replacement: None, is_suspect })
    }

    fn effect_of_notice(&self, notice: &Notice, by: &Node, target: Id) -> (Standing, String) {
        let reason = &notice.reason;
        // Whoever has the power may correct others; that is not its recorder's own word.
        let issuer = |node: &Node| node.signed().statement().issuer().to_owned();
        let by = issuer(by);
        let is_own = self.graph.node(target).is_none_or(|target| issuer(target) == by);
        let who = if is_own { "its recorder".to_owned() } else { format!("{by}, who may,") };
        let (replaced, taken) =
            (format!("{who} put another record in its place"), format!("{who} took it back"));
        let (effect, what) = match notice.kind {
            NoticeKind::ClaimantRetraction if self.is_by_another(notice, target) => {
                let what = "somebody who is not the speaker took it back";
                (Standing::Disputed, what)
            }
            NoticeKind::ClaimantRetraction => (Standing::Retracted, "the speaker took it back"),
            NoticeKind::PublisherCorrection => (Standing::Corrected, "its publisher corrected it"),
            NoticeKind::PublisherRetraction => (Standing::Retracted, "its publisher withdrew it"),
            NoticeKind::RecorderCorrection => (Standing::Superseded, replaced.as_str()),
            NoticeKind::RecorderRetraction => (Standing::Retracted, taken.as_str()),
            NoticeKind::Redaction => (Standing::Withheld, "it was withheld or erased"),
            NoticeKind::Rebuttal => (Standing::Disputed, "somebody replied to it"),
            NoticeKind::Tombstone => (Standing::Standing, "it is gone at its source"),
        };
        (effect, one_line(&format!("{what}: {reason}")))
    }

    /// Whether a retraction names a party, and the claim names another as its speaker.
    fn is_by_another(&self, notice: &Notice, target: Id) -> bool {
        let Some(by) = notice.by else { return false };
        match self.graph.claim(target).map(|claim| &claim.speaker) {
            Some(Who::Party(speaker)) => !self.graph.is_same(*speaker, by),
            Some(Who::Unresolved(_)) => true,
            None => false,
        }
    }
}

/// The word for a relation, as in "claim A denies claim B".
pub fn name_of(kind: RelationKind) -> &'static str {
    match kind {
        RelationKind::Confirms => "confirms",
        RelationKind::Contradicts => "contradicts",
        RelationKind::Denies => "denies",
        RelationKind::Qualifies => "qualifies",
        RelationKind::Updates => "updates",
        RelationKind::Repeats => "repeats",
        RelationKind::Translates => "translates",
        RelationKind::SameProposition => "says the same as",
    }
}

/// What a record takes back in the name of its recorder, if it does.
fn withdrawal(node: &Node) -> Option<Id> {
    let Record::Notice(notice) = node.record() else { return None };
    let kinds = [NoticeKind::RecorderCorrection, NoticeKind::RecorderRetraction];
    kinds.contains(&notice.kind).then_some(notice.target)
}
