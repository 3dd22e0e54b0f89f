//! What rests on a statement: what would have to be looked at again if it fell.
//!
//! Follows references backwards. Whether the statement is wrong, and whether what rests on it
//! falls with it, is for a person to say.

use std::collections::{HashSet, VecDeque};

use serde::Serialize;

use crate::attribution::id::Id;
use crate::attribution::record::Record;
use crate::attribution::record::charter::KeyAction;
use crate::audit::graph::{Graph, Node};

/// A record that rests on another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rests {
    /// Its place in the log.
    pub entry_index: u64,
    /// Its id.
    pub id: Id,
    /// Its kind.
    pub kind: &'static str,
    /// What it rests on directly.
    pub on: Id,
    /// How: the field that refers to it, or what else ties the two.
    pub through: &'static str,
    /// How many steps away; 1 for what rests on the statement itself.
    pub distance: u64,
}

/// Everything that rests on a statement, nearest first, then in entry order. A party stands for
/// all its descriptions; a provider for what it captured; a revoked key for what became suspect.
pub fn impact(graph: &Graph, id: Id) -> Vec<Rests> {
    let mut found = Vec::new();
    let mut seen: HashSet<Id> = graph.versions(id).into_iter().collect();
    let mut pending: VecDeque<(Id, u64)> = seen.iter().map(|id| (*id, 1)).collect();
    pending.push_back((id, 1));
    seen.insert(id);
    while let Some((on, distance)) = pending.pop_front() {
        for (node, through) in resting_on(graph, on) {
            if !seen.insert(node.id()) {
                continue;
            }
            let (entry_index, kind) = (node.entry_index(), node.record().kind());
            found.push(Rests { entry_index, id: node.id(), kind, on, through, distance });
            pending.push_back((node.id(), distance + 1));
        }
    }
    found.sort_by_key(|rests| (rests.distance, rests.entry_index));
    found
}

/// What rests on one record directly.
fn resting_on<'a>(graph: &'a Graph, id: Id) -> Vec<(&'a Node, &'static str)> {
    // A claim about a party does not rest on what the ledger says of that party.
    let mut nodes: Vec<(&Node, &str)> =
        graph.referrers(id).filter(|(_, field)| *field != "about").collect();
    match graph.node(id).map(Node::record) {
        Some(Record::Provider(provider)) => {
            nodes.extend(graph.captured_by(&provider.name).map(|node| (node, "provider")));
        }
        Some(Record::Capture(later)) => nodes.extend(
            graph
                .referrers_to_any_version(later.document)
                .into_iter()
                .filter(|(node, _)| quotes_capture(node.record(), later.capture.digest))
                .map(|(node, _)| (node, "passage capture")),
        ),
        Some(Record::Key(change)) if change.action == KeyAction::Revoke => {
            let signed = graph.signed_by(change.key.thumbprint());
            nodes.extend(signed.filter(|node| node.is_suspect()).map(|node| (node, "signer")));
        }
        _ => {}
    }
    nodes
}

/// Whether a claim's words stand in a capture.
fn quotes_capture(record: &Record, digest: crate::hash::Hash) -> bool {
    let Record::Claim(claim) = record else { return false };
    let hops = claim.chain.iter().filter_map(|hop| hop.passage.as_ref());
    claim.passage.iter().chain(hops).any(|passage| passage.capture == digest)
}
