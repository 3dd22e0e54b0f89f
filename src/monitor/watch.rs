//! What is watched for: whose claims, claims about whom, or all of them.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::attribution::id::Id;
use crate::attribution::record::claim::Who;
use crate::attribution::record::party::Party;

/// What a person asked for. Each party is given by its key in the ledger, by a name (exact but for
/// capitals), or by an identifier such as `wikidata:Q37100`. With no party at all, every claim is
/// of interest.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Watch {
    /// Report what these say, and what is passed on by them.
    pub by: BTreeSet<String>,
    /// Report what is said about these.
    pub about: BTreeSet<String>,
    /// Report both.
    pub party: BTreeSet<String>,
    /// Report also how the recorders' keys change.
    pub keys: bool,
}

impl Watch {
    /// Whether every claim is of interest.
    pub fn is_everything(&self) -> bool {
        self.everybody().next().is_none()
    }

    /// All that were named, each once.
    pub fn everybody(&self) -> impl Iterator<Item = &str> {
        let all: BTreeSet<&String> = self.by.iter().chain(&self.about).chain(&self.party).collect();
        all.into_iter().map(String::as_str)
    }

    /// Those of whom what they say is reported.
    pub fn speaking(&self) -> impl Iterator<Item = &str> {
        self.by.iter().chain(self.party.difference(&self.by)).map(String::as_str)
    }

    /// Those of whom what is said about them is reported.
    pub fn spoken_of(&self) -> impl Iterator<Item = &str> {
        self.about.iter().chain(self.party.difference(&self.about)).map(String::as_str)
    }
}

/// How a party comes to be one that is watched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reach {
    /// The body to which it belongs, where the body is the one that is watched.
    pub through: Option<String>,
}

/// The parties of a ledger, as far as it was read: what every record of each says of it, together.
/// A later record takes nothing away, so that nobody leaves the watch by being recorded anew.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parties {
    /// The key of the party that a statement describes.
    keys: BTreeMap<Id, String>,
    known: BTreeMap<String, Known>,
}

/// What is known of one party.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Known {
    /// The name to print: the newest record's first.
    name: String,
    /// All its names, in small letters.
    names: BTreeSet<String>,
    /// Its identifiers, as `scheme:value`.
    ids: BTreeSet<String>,
    /// The bodies that it is part of, or held an office in.
    bodies: BTreeSet<Id>,
}

impl Parties {
    /// Takes in one record of a party.
    pub fn learn(&mut self, id: Id, party: &Party) {
        self.keys.insert(id, party.key.clone());
        let known = self.known.entry(party.key.clone()).or_default();
        party.name().clone_into(&mut known.name);
        known.names.extend(party.names.iter().map(|name| name.text.to_lowercase()));
        known.ids.extend(party.ids.iter().map(|id| format!("{}:{}", id.scheme, id.value)));
        known.bodies.extend(&party.part_of);
        known.bodies.extend(party.roles.iter().filter_map(|role| role.org));
    }

    /// The key of the party that a statement describes.
    pub fn key(&self, id: Id) -> Option<&str> {
        self.keys.get(&id).map(String::as_str)
    }

    /// Its name, for people.
    pub fn name(&self, id: Id) -> Option<&str> {
        self.known.get(self.key(id)?).map(|known| known.name.as_str())
    }

    /// Whether a party of this key is known.
    pub fn is_known(&self, key: &str) -> bool {
        self.known.contains_key(key)
    }

    /// Whether some party is known that `watched` means.
    pub fn knows(&self, watched: &str) -> bool {
        self.known.keys().any(|key| self.answers(key, watched))
    }

    /// Whether the party is the one that is watched, or belongs to it, by however many steps.
    pub fn reach(&self, id: Id, watched: &str) -> Option<Reach> {
        self.reach_from(self.key(id)?, watched)
    }

    /// [`Self::reach`] for whoever said something: a name that nobody has resolved to a party is
    /// reached by that name alone.
    pub fn reach_who(&self, who: &Who, watched: &str) -> Option<Reach> {
        match who {
            Who::Party(id) => self.reach(*id, watched),
            Who::Unresolved(name) => {
                (name.to_lowercase() == watched.to_lowercase()).then_some(Reach { through: None })
            }
        }
    }

    /// [`Self::reach`] for a party by its key.
    pub fn reach_from(&self, key: &str, watched: &str) -> Option<Reach> {
        let mut seen = BTreeSet::from([key]);
        let mut pending = vec![key];
        while let Some(next) = pending.pop() {
            if self.answers(next, watched) {
                return Some(Reach { through: (next != key).then(|| next.to_owned()) });
            }
            let bodies = self.known.get(next).map(|known| &known.bodies).into_iter().flatten();
            let above = bodies.filter_map(|body| self.key(*body));
            pending.extend(above.filter(|body| seen.insert(body)));
        }
        None
    }

    /// Whether `watched` is the party's key, one of its names, or one of its identifiers.
    fn answers(&self, key: &str, watched: &str) -> bool {
        let small = watched.to_lowercase();
        let known = self.known.get(key);
        key == small
            || known.is_some_and(|it| it.names.contains(&small) || it.ids.contains(watched))
    }
}

#[cfg(test)]
mod tests {
    use super::{Parties, Watch};
    use crate::attribution::id::Id;
    use crate::attribution::identity::Identifier;
    use crate::attribution::record::claim::Who;
    use crate::attribution::record::party::{Name, Party, PartyKind, Role};

    fn party(key: &str, name: &str, part_of: &[Id]) -> Party {
        Party {
            key: key.to_owned(),
            kind: PartyKind::Organisation,
            names: vec![Name { text: name.to_owned(), lang: None, kind: None }],
            ids: vec![Identifier { scheme: "wikidata".to_owned(), value: format!("Q{key}") }],
            part_of: part_of.to_vec(),
            roles: Vec::new(),
            anonymity: None,
        }
    }

    #[test]
    fn a_party_is_found_by_key_name_identifier_and_through_its_bodies() {
        let [state, ministry, envoy, anew] = [b"1", b"2", b"3", b"4"].map(|it| Id::of(it));
        let mut parties = Parties::default();
        parties.learn(state, &party("russia", "Россия", &[]));
        parties.learn(ministry, &party("mfa", "The Ministry", &[state]));
        let mut person = party("kabulov", "Zamir Kabulov", &[]);
        let office = "envoy".to_owned();
        person.roles.push(Role { office, org: Some(ministry), since: None, until: None });
        parties.learn(envoy, &person);
        let check = |id, watched: &str, expected: Option<Option<&str>>| {
            let reach = parties.reach(id, watched).map(|reach| reach.through);
            assert_eq!(reach, expected.map(|it| it.map(str::to_owned)), "{watched}");
        };
        check(envoy, "kabulov", Some(None));
        check(envoy, "ZAMIR kabulov", Some(None));
        check(envoy, "Zamir  Kabulov", None);
        check(envoy, "wikidata:Qkabulov", Some(None));
        check(envoy, "wikidata:qkabulov", None);
        check(envoy, "the ministry", Some(Some("mfa")));
        check(envoy, "россия", Some(Some("russia")));
        check(state, "mfa", None);
        check(Id::of(b"unknown"), "mfa", None);
        assert!(parties.knows("MFA") && !parties.knows("nobody"));
        let unresolved = Who::Unresolved("The Envoy".to_owned());
        assert!(parties.reach_who(&unresolved, "the envoy").is_some());
        assert!(parties.reach_who(&unresolved, "kabulov").is_none());

        // A later record adds; it takes nothing away, and a circle of bodies ends.
        parties.learn(anew, &party("russia", "Russia", &[ministry]));
        assert_eq!(parties.name(state), Some("Russia"));
        assert!(parties.reach(envoy, "Россия").is_some());
        assert!(parties.reach(anew, "nobody").is_none());
    }

    #[test]
    fn what_is_asked_for_both_ways_counts_once_each_way() {
        let set = |names: &[&str]| names.iter().map(|it| (*it).to_owned()).collect();
        let (by, about) = (set(&["a", "c"]), set(&["b"]));
        let watch = Watch { by, about, party: set(&["c", "d"]), keys: false };
        assert_eq!(watch.speaking().collect::<Vec<_>>(), ["a", "c", "d"]);
        assert_eq!(watch.spoken_of().collect::<Vec<_>>(), ["b", "c", "d"]);
        assert_eq!(watch.everybody().collect::<Vec<_>>(), ["a", "b", "c", "d"]);
        assert!(!watch.is_everything() && Watch::default().is_everything());
    }
}
