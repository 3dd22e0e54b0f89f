//! To which bodies a party belongs: the ministry of a spokesperson, the state of a ministry.
//!
//! Follows what parties' records say of themselves. That nobody recorded a tie does not show that
//! there is none.

use std::collections::BTreeMap;

use crate::attribution::date::Date;
use crate::attribution::id::Id;
use crate::attribution::record::Record;
use crate::attribution::record::party::Party;
use crate::attribution::truth::Truth;
use crate::audit::graph::{Graph, Node};

/// A party and all bodies above it, each with whether it certainly belongs there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bodies {
    /// By first id; `Holds` or `Unknown`, never `Fails`.
    members: BTreeMap<Id, Truth>,
}

impl Bodies {
    /// The bodies of a party at a time: itself, what it is part of, and where it held an office.
    /// Without a time, an office makes it unknown.
    pub fn of(graph: &Graph, party: Id, at: Option<&Date>) -> Self {
        let mut bodies = Self::default();
        let mut pending = vec![(graph.first(party), Truth::Holds)];
        while let Some((id, truth)) = pending.pop() {
            match bodies.members.get(&id) {
                // A certain way replaces an uncertain one, so each body is visited at most twice.
                Some(Truth::Unknown) if truth == Truth::Holds => {}
                Some(_) => continue,
                None => {}
            }
            bodies.members.insert(id, truth);
            for (body, step) in bodies_above(graph, id, at) {
                pending.push((graph.first(body), truth.and(step)));
            }
        }
        bodies
    }

    /// Whether `party` is the party itself or a body above it.
    pub fn include(&self, graph: &Graph, party: Id) -> Truth {
        self.members.get(&graph.first(party)).copied().unwrap_or(Truth::Fails)
    }

    /// The body that both share, if any, and whether they certainly do.
    pub fn shared(&self, other: &Self) -> Option<(Id, Truth)> {
        let both = self
            .members
            .iter()
            .filter_map(|(id, truth)| other.members.get(id).map(|there| (*id, truth.and(*there))));
        // `max_by_key` takes the last of equals; the certain ones count first.
        both.max_by_key(|(_, truth)| *truth == Truth::Holds)
    }

    /// All of them, by first id.
    pub fn iter(&self) -> impl Iterator<Item = (Id, Truth)> {
        self.members.iter().map(|(id, truth)| (*id, *truth))
    }
}

/// The bodies directly above a party, as its newest record says; what only an older one says is
/// unknown, and so is what another recorder than the first says: nobody gives a party away by
/// recording it anew.
fn bodies_above(graph: &Graph, id: Id, at: Option<&Date>) -> Vec<(Id, Truth)> {
    let records = graph.versions(id).into_iter().filter_map(|id| graph.node(id));
    let versions: Vec<(&Node, &Party)> = records
        .filter_map(|node| match node.record() {
            Record::Party(party) => Some((node, party)),
            _ => None,
        })
        .collect();
    let recorder = |node: &Node| node.signed().statement().issuer().to_owned();
    let first = versions.first().map(|(node, _)| recorder(node));
    let newest =
        versions.iter().rposition(|(node, _)| !node.is_suspect() && Some(recorder(node)) == first);
    let mut above = Vec::new();
    for (number, (_, party)) in versions.iter().enumerate() {
        let said = if Some(number) == newest { Truth::Holds } else { Truth::Unknown };
        above.extend(party.part_of.iter().map(|body| (*body, said)));
        for role in &party.roles {
            let Some(body) = role.org else { continue };
            let held =
                at.map_or(Truth::Unknown, |at| at.within(role.since.as_ref(), role.until.as_ref()));
            if held != Truth::Fails {
                above.push((body, held.and(said)));
            }
        }
    }
    above
}

#[cfg(test)]
mod tests {
    use super::Bodies;
    use crate::attribution::id::Id;
    use crate::attribution::record::Record;
    use crate::attribution::record::party::{PartyKind, Role};
    use crate::attribution::truth::Truth;
    use crate::audit::notebook::{Notebook, date, party};

    #[test]
    fn an_office_counts_at_its_time_and_a_body_above_a_body_counts_too() {
        let mut notebook = Notebook::new();
        let state = notebook.party("russia", PartyKind::State);
        let mut ministry = party("mfa", PartyKind::Ministry);
        ministry.part_of.push(state);
        let ministry = notebook.append(Record::Party(ministry));
        let mut envoy = party("kabulov", PartyKind::Person);
        let (since, until) = (Some(date("2010")), Some(date("2020")));
        envoy.roles.push(Role { office: "envoy".to_owned(), org: Some(ministry), since, until });
        let envoy = notebook.append(Record::Party(envoy));
        let graph = notebook.graph();
        let check = |at: Option<&str>, expected| {
            let bodies = Bodies::of(&graph, envoy, at.map(date).as_ref());
            assert_eq!(bodies.include(&graph, state), expected, "{at:?}");
            assert_eq!(bodies.include(&graph, envoy), Truth::Holds);
        };
        check(Some("2015"), Truth::Holds);
        check(Some("2024"), Truth::Fails);
        check(Some("2020"), Truth::Unknown);
        check(None, Truth::Unknown);
    }

    #[test]
    fn what_only_an_older_record_says_is_unknown() {
        let mut notebook = Notebook::new();
        let group = notebook.party("group", PartyKind::Organisation);
        let mut outlet = party("outlet", PartyKind::Outlet);
        outlet.part_of.push(group);
        let old = notebook.append(Record::Party(outlet));
        let later = notebook.party("outlet", PartyKind::Outlet);
        let graph = notebook.graph();
        assert!(graph.is_same(old, later));
        assert_eq!(Bodies::of(&graph, old, None).include(&graph, group), Truth::Unknown);
        let both = Bodies::of(&graph, later, None).shared(&Bodies::of(&graph, group, None));
        assert_eq!(both, Some((group, Truth::Unknown)));
    }

    #[test]
    fn another_recorder_does_not_give_a_party_away() {
        let mut notebook = Notebook::new();
        let ministry = notebook.party("ministry", PartyKind::Ministry);
        let blog = notebook.party("blog", PartyKind::Outlet);
        let belonging = |to: &[Id]| {
            let mut anew = party("ministry", PartyKind::Ministry);
            anew.part_of.extend(to);
            Record::Party(anew)
        };
        let body_of_ministry = |notebook: &Notebook| {
            let graph = notebook.graph();
            Bodies::of(&graph, ministry, None).include(&graph, blog)
        };
        notebook.append_as("omar", 2, belonging(&[blog]));
        assert_eq!(body_of_ministry(&notebook), Truth::Unknown);
        notebook.append(belonging(&[blog]));
        assert_eq!(body_of_ministry(&notebook), Truth::Holds);
        notebook.append_as("omar", 2, belonging(&[]));
        assert_eq!(body_of_ministry(&notebook), Truth::Holds);
    }
}
