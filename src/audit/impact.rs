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
use crate::hash::Hash;

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
    /// Whether a later revocation of its signer's key reaches back to it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub suspect: bool,
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
            let (id, suspect) = (node.id(), node.is_suspect());
            found.push(Rests { entry_index, id, kind, on, through, distance, suspect });
            pending.push_back((node.id(), distance + 1));
        }
    }
    found.sort_by_key(|rests| (rests.distance, rests.entry_index));
    found
}

/// What rests on one record directly.
fn resting_on(graph: &Graph, id: Id) -> Vec<(&Node, &'static str)> {
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
fn quotes_capture(record: &Record, digest: Hash) -> bool {
    let Record::Claim(claim) = record else { return false };
    let hops = claim.chain.iter().filter_map(|hop| hop.passage.as_ref());
    claim.passage.iter().chain(hops).any(|passage| passage.capture == digest)
}

#[cfg(test)]
mod tests {
    use super::impact;
    use crate::attribution::id::Id;
    use crate::attribution::record::Record;
    use crate::attribution::record::claim::{About, Who};
    use crate::attribution::record::notice::{NoticeKind, Provider, ProviderRating, RelationKind};
    use crate::attribution::record::party::PartyKind;
    use crate::audit::notebook::{Notebook, claim, reached};

    /// What rests on `id`: ids with their distances, in the order found.
    fn check(notebook: &Notebook, id: Id, expected: &[(Id, u64)]) {
        let found: Vec<(Id, u64)> =
            impact(&notebook.graph(), id).into_iter().map(|r| (r.id, r.distance)).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn what_rests_on_a_document_a_party_and_a_provider() {
        let mut notebook = Notebook::new();
        let rated = Provider {
            name: "archive".to_owned(),
            rating: ProviderRating::Distrusted,
            since: None,
            reason: "an audit".to_owned(),
            party: None,
        };
        let provider = notebook.append(Record::Provider(rated));
        let speaker = notebook.party("speaker", PartyKind::Person);
        let archived = notebook.document("one", |document| {
            document.captures[0].provider = Some("archive".to_owned());
        });
        let other = notebook.document("two", |_| {});
        let name = || Who::Unresolved("x".to_owned());
        let first = notebook.claim(claim(Who::Party(speaker), Some(archived)));
        let mut by_hop = claim(name(), Some(other));
        by_hop.chain.push(reached(name(), archived));
        let second = notebook.claim(by_hop);
        let mut about = claim(name(), None);
        about.about.push(About::Party(speaker));
        let third = notebook.claim(about);
        let again = notebook.party("speaker", PartyKind::Person);
        let relation = notebook.relate(third, RelationKind::Denies, first);
        let notice = notebook.notice(NoticeKind::RecorderRetraction, relation, |_| {});
        check(&notebook, archived, &[(first, 1), (second, 1), (relation, 2), (notice, 3)]);
        check(&notebook, speaker, &[(first, 1), (relation, 2), (notice, 3)]);
        check(&notebook, again, &[(first, 1), (relation, 2), (notice, 3)]);
        let below = [(archived, 1), (first, 2), (second, 2), (relation, 3), (notice, 4)];
        check(&notebook, provider, &below);
        check(&notebook, notice, &[]);
    }

    #[test]
    fn a_revocation_reaches_what_became_suspect_and_what_rests_on_it() {
        let mut notebook = Notebook::new();
        let party = |key| Record::Party(crate::audit::notebook::party(key, PartyKind::Person));
        notebook.append_as("omar", 2, party("before"));
        let suspect = notebook.append_as("omar", 2, party("suspect"));
        let rests = notebook.claim(claim(Who::Party(suspect), None));
        let revocation = notebook.revoke(2, 2);
        check(&notebook, revocation, &[(suspect, 1), (rests, 2)]);
        let marks: Vec<bool> =
            impact(&notebook.graph(), revocation).iter().map(|rests| rests.suspect).collect();
        assert_eq!(marks, [true, false]);
    }
}
