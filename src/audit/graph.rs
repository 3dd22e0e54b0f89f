//! All records of a ledger as a graph: by id, by entry, and by who refers to them.
//!
//! Building it never fails. A reference to what is not at hand is a node of its own, withheld or
//! dangling; what follows from that is left to the rules. A graph of a part of the ledger notes what it
//! is asked, so that whoever made it knows what else it needs.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::attribution::id::Id;
use crate::attribution::keyring::Signed;
use crate::attribution::record::Record;
use crate::attribution::record::attestation::Attestation;
use crate::attribution::record::channel::{Channel, Control};
use crate::attribution::record::claim::{Claim, Who};
use crate::attribution::record::document::{Capture, Document};
use crate::attribution::record::notice::Provider;
use crate::attribution::record::party::Party;
use crate::evidence::authority::x509::Certificate;
use crate::key::Thumbprint;
use crate::lookup;
use crate::tlog::checkpoint::LoggedBefore;

/// A place in [`Graph`]'s list of nodes, which is in entry order.
pub type NodeIndex = usize;

/// A record at hand, and what is known of its signature.
#[derive(Debug, Clone)]
pub struct Node {
    signed: Signed,
    is_suspect: bool,
}

/// What an id stands for.
#[derive(Debug, Clone, Copy)]
pub enum Found<'a> {
    /// A record at hand.
    Recorded(&'a Node),
    /// An entry of the log whose statement is not shown.
    Withheld {
        /// Its place in the log.
        entry_index: u64,
    },
    /// Nothing in this ledger; some record refers to it, or nobody does.
    Dangling,
}

/// A node that refers to another, and in which field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Referrer {
    /// The node that refers.
    pub node: NodeIndex,
    /// The field of its record.
    pub field: &'static str,
}

/// Every record of a ledger, connected.
#[derive(Debug, Clone, Default)]
pub struct Graph {
    /// In entry order.
    nodes: Vec<Node>,
    by_id: HashMap<Id, NodeIndex>,
    withheld: BTreeMap<Id, u64>,
    /// Who refers to an id, in entry order, whether or not the id is at hand.
    referrers: HashMap<Id, Vec<Referrer>>,
    /// From a later description of a party or channel, or a second record of a document, to the
    /// first one.
    first: HashMap<Id, Id>,
    /// From a first one to all of them, in entry order; only where there are several.
    versions: HashMap<Id, Vec<NodeIndex>>,
    /// Parties and channels by their first ids, and ratings of providers, in entry order, by what
    /// they are called; see [`lookup::called`].
    called: HashMap<String, Vec<Id>>,
    by_provider: HashMap<String, Vec<NodeIndex>>,
    by_signer: HashMap<[u8; 32], Vec<NodeIndex>>,
    /// See [`Graph::pinned_roots`].
    pinned_roots: Vec<Certificate>,
    /// See [`Graph::logged_before`].
    logged_before: Option<LoggedBefore>,
    /// What a graph of a part of the records is a part of.
    whole: Option<Whole>,
}

/// The ledger of which a graph holds a part.
#[derive(Debug, Clone)]
struct Whole {
    tree_size: u64,
    asked: RefCell<BTreeSet<Question>>,
}

/// Something that was asked of a graph: it is answered as the whole ledger would if the records that
/// belong to it are at hand.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Question {
    /// What stands under an id, what was recorded about it, and what describes the same.
    Id(Id),
    /// Whatever has this name; see [`lookup::names`].
    Name(String),
}

impl Node {
    /// The statement's id.
    pub fn id(&self) -> Id {
        self.signed.statement().id()
    }

    /// Its place in the log.
    pub fn entry_index(&self) -> u64 {
        self.signed.entry_index()
    }

    /// What it says.
    pub fn record(&self) -> &Record {
        self.signed.statement().record()
    }

    /// The statement with its signature.
    pub fn signed(&self) -> &Signed {
        &self.signed
    }

    /// Whether a later revocation reaches back to it.
    pub fn is_suspect(&self) -> bool {
        self.is_suspect
    }
}

impl Graph {
    /// Connects all records. `withheld` are the entries whose statements are not shown, by their
    /// place and id; `is_suspect` is the keyring's answer for a signer and an entry.
    pub fn new(
        mut signed: Vec<Signed>,
        withheld: impl IntoIterator<Item = (u64, Id)>,
        is_suspect: impl Fn(Thumbprint, u64) -> bool,
    ) -> Self {
        signed.sort_by_key(Signed::entry_index);
        let mut graph = Self::default();
        for signed in signed {
            let is_suspect = is_suspect(signed.statement().signer(), signed.entry_index());
            graph.take(Node { signed, is_suspect });
        }
        let withheld = withheld.into_iter().map(|(entry, id)| (id, entry));
        graph.withheld = withheld.filter(|(id, _)| !graph.by_id.contains_key(id)).collect();
        graph.merge();
        graph
    }

    /// The same graph, as a part of a ledger of `tree_size` entries. From now on what it is asked is
    /// noted.
    #[must_use]
    pub fn part_of(mut self, tree_size: u64) -> Self {
        self.whole = Some(Whole { tree_size, asked: RefCell::default() });
        self
    }

    /// What was asked of a part.
    pub fn asked(&self) -> Vec<Question> {
        let whole = self.whole.iter();
        whole.flat_map(|whole| whole.asked.borrow().iter().cloned().collect::<Vec<_>>()).collect()
    }

    fn note(&self, question: impl FnOnce() -> Question) {
        if let Some(whole) = &self.whole {
            whole.asked.borrow_mut().insert(question());
        }
    }

    /// The same graph under a checkpoint that witnesses have seen.
    #[must_use]
    pub fn seen_by_witnesses(mut self, logged_before: Option<LoggedBefore>) -> Self {
        self.logged_before = logged_before;
        self
    }

    /// The same graph, for somebody who trusts these authorities.
    #[must_use]
    pub fn trusting(mut self, pinned_roots: Vec<Certificate>) -> Self {
        self.pinned_roots = pinned_roots;
        self
    }

    /// The authorities whose certificates are believed, as far as the reader has pinned any.
    pub fn pinned_roots(&self) -> &[Certificate] {
        &self.pinned_roots
    }

    /// By what time all of these records were in the log, by the word of the policy's witnesses;
    /// `None` if none has cosigned.
    pub fn logged_before(&self) -> Option<&LoggedBefore> {
        self.logged_before.as_ref()
    }

    /// What an id stands for.
    pub fn find(&self, id: Id) -> Found<'_> {
        self.note(|| Question::Id(id));
        match (self.by_id.get(&id), self.withheld.get(&id)) {
            (Some(&index), _) => Found::Recorded(&self.nodes[index]),
            (None, Some(&entry_index)) => Found::Withheld { entry_index },
            (None, None) => Found::Dangling,
        }
    }

    /// The record at hand under an id.
    pub fn node(&self, id: Id) -> Option<&Node> {
        self.note(|| Question::Id(id));
        self.by_id.get(&id).map(|&index| &self.nodes[index])
    }

    /// All records at hand, in entry order; of a part, those that are.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// How many entries the log has, as far as the records show.
    pub fn tree_size(&self) -> u64 {
        if let Some(whole) = &self.whole {
            return whole.tree_size;
        }
        let last = self.nodes.last().map(Node::entry_index);
        let withheld = self.withheld.values().max().copied();
        last.max(withheld).map_or(0, |entry| entry + 1)
    }

    /// Who refers to exactly this statement, in entry order. Of a part, only those that say something
    /// about it are at hand for certain; see [`lookup::about`].
    pub fn referrers(&self, id: Id) -> impl Iterator<Item = (&Node, &'static str)> {
        self.note(|| Question::Id(id));
        let list = self.referrers.get(&id).map_or(&[][..], Vec::as_slice);
        list.iter().map(|referrer| (&self.nodes[referrer.node], referrer.field))
    }

    /// Who refers to this party, channel or document in any of its versions.
    pub fn referrers_to_any_version(&self, id: Id) -> Vec<(&Node, &'static str)> {
        self.versions(id).into_iter().flat_map(|id| self.referrers(id)).collect()
    }

    /// The id by which all descriptions of the same party, channel or document are compared: the
    /// earliest one's.
    pub fn first(&self, id: Id) -> Id {
        self.note(|| Question::Id(id));
        self.first.get(&id).copied().unwrap_or(id)
    }

    /// Whether two ids mean the same party, channel or document.
    pub fn is_same(&self, one: Id, other: Id) -> bool {
        self.first(one) == self.first(other)
    }

    /// The ids of all descriptions of the same thing, in entry order.
    pub fn versions(&self, id: Id) -> Vec<Id> {
        let first = self.first(id);
        match self.versions.get(&first) {
            Some(nodes) => nodes.iter().map(|&index| self.nodes[index].id()).collect(),
            None => vec![first],
        }
    }

    /// The claim under an id.
    pub fn claim(&self, id: Id) -> Option<&Claim> {
        match self.node(id)?.record() {
            Record::Claim(claim) => Some(claim),
            _ => None,
        }
    }

    /// The document exactly as recorded under an id.
    pub fn document(&self, id: Id) -> Option<&Document> {
        match self.node(id)?.record() {
            Record::Document(document) => Some(document),
            _ => None,
        }
    }

    /// All captures of a document: its own, those recorded later, and those of its other records.
    pub fn captures(&self, document: Id) -> Vec<&Capture> {
        let mut captures = Vec::new();
        for version in self.versions(document) {
            captures.extend(self.document(version).into_iter().flat_map(|d| &d.captures));
            captures.extend(self.referrers(version).filter_map(|(node, _)| match node.record() {
                Record::Capture(later) => Some(&later.capture),
                _ => None,
            }));
        }
        captures
    }

    /// What vouches for captures of a document, in entry order.
    pub fn attestations(&self, document: Id) -> Vec<(Id, &Attestation)> {
        self.vouching(self.referrers_to_any_version(document), "document")
    }

    /// What vouches for a statement itself, in entry order.
    pub fn attestations_of_statement(&self, statement: Id) -> Vec<(Id, &Attestation)> {
        self.vouching(self.referrers(statement).collect(), "statement")
    }

    fn vouching<'a>(
        &'a self,
        referrers: Vec<(&'a Node, &'static str)>,
        wanted: &str,
    ) -> Vec<(Id, &'a Attestation)> {
        let mut found: Vec<(Id, &Attestation)> = referrers
            .into_iter()
            .filter_map(|(node, field)| match node.record() {
                Record::Attestation(it) if field == wanted => Some((node.id(), it)),
                _ => None,
            })
            .collect();
        found.sort_by_key(|(id, _)| self.by_id[id]);
        found
    }

    /// The channels with this platform and platform id in any of their descriptions, by their first
    /// ids.
    pub fn channels_with(&self, platform: &str, platform_id: &str) -> &[Id] {
        self.called(lookup::channel_with(platform, platform_id))
    }

    /// The newest description of a party by its first recorder.
    pub fn party(&self, id: Id) -> Option<&Party> {
        match self.newest(id)?.record() {
            Record::Party(party) => Some(party),
            _ => None,
        }
    }

    /// The newest description by whoever described the thing first, as far as no stolen key may
    /// have signed it: nobody renames what others recorded by describing it anew.
    fn newest(&self, id: Id) -> Option<&Node> {
        let versions: Vec<&Node> =
            self.versions(id).into_iter().filter_map(|id| self.node(id)).collect();
        let recorder = |node: &Node| node.signed.statement().issuer().to_owned();
        let first = versions.first().copied()?;
        let is_own = |node: &&&Node| !node.is_suspect && recorder(node) == recorder(first);
        Some(versions.iter().rev().find(is_own).copied().unwrap_or(first))
    }

    /// Every description of a party, oldest first.
    pub fn all_of_party(&self, id: Id) -> Vec<&Party> {
        let records = self.versions(id).into_iter().filter_map(|id| self.node(id));
        records
            .filter_map(|node| match node.record() {
                Record::Party(party) => Some(party),
                _ => None,
            })
            .collect()
    }

    /// The newest description of a channel by its first recorder.
    pub fn channel(&self, id: Id) -> Option<&Channel> {
        match self.newest(id)?.record() {
            Record::Channel(channel) => Some(channel),
            _ => None,
        }
    }

    /// Every statement about who controlled a channel, in entry order.
    pub fn controls(&self, channel: Id) -> Vec<(Id, &Control)> {
        let mut controls: Vec<(Id, &Control)> = self
            .referrers_to_any_version(channel)
            .into_iter()
            .filter_map(|(node, field)| match node.record() {
                Record::Control(control) if field == "channel" => Some((node.id(), control)),
                _ => None,
            })
            .collect();
        controls.sort_by_key(|(id, _)| self.by_id[id]);
        controls
    }

    /// The documents that appeared on a channel, in any description of it.
    pub fn documents_on(&self, channel: Id) -> Vec<&Document> {
        for version in self.versions(channel) {
            self.note(|| Question::Name(lookup::documents_on(version)));
        }
        let referrers = self.referrers_to_any_version(channel).into_iter();
        referrers
            .filter_map(|(node, field)| match node.record() {
                Record::Document(document) if field == "channel" => Some(document),
                _ => None,
            })
            .collect()
    }

    /// Everything said about a provider of captures, by its name, in entry order.
    pub fn provider(&self, name: &str) -> Vec<(Id, &Provider)> {
        let ids = self.called(lookup::provider(name)).iter();
        ids.filter_map(|id| match self.node(*id)?.record() {
            Record::Provider(provider) => Some((*id, provider)),
            _ => None,
        })
        .collect()
    }

    /// The records with captures that came from a provider, by its name. A part does not tell.
    pub fn captured_by(&self, provider: &str) -> impl Iterator<Item = &Node> {
        let nodes = self.by_provider.get(provider).map_or(&[][..], Vec::as_slice);
        nodes.iter().map(|&index| &self.nodes[index])
    }

    /// The records that one key signed. A part does not tell.
    pub fn signed_by(&self, signer: Thumbprint) -> impl Iterator<Item = &Node> {
        let nodes = self.by_signer.get(signer.as_bytes());
        nodes.map_or(&[][..], Vec::as_slice).iter().map(|&index| &self.nodes[index])
    }

    /// The parties recorded under a name, by their first ids; upper and lower case are the same.
    pub fn named(&self, name: &str) -> &[Id] {
        self.called(lookup::party_named(name))
    }

    /// The channels that are recorded to have had a handle at any time, by their first ids; upper
    /// and lower case are the same.
    pub fn channels_called(&self, handle: &str) -> &[Id] {
        self.called(lookup::channel_called(handle))
    }

    fn called(&self, name: String) -> &[Id] {
        let known = self.called.get(&name).map_or(&[][..], Vec::as_slice);
        self.note(|| Question::Name(name));
        known
    }

    /// The name to print for somebody.
    pub fn name_of(&self, who: &Who) -> String {
        match who {
            Who::Unresolved(name) => format!("{name} (unresolved)"),
            Who::Party(id) => self.party_name(*id),
        }
    }

    /// The name to print for a party, or its id where it is not at hand.
    pub fn party_name(&self, id: Id) -> String {
        match (self.party(id), self.find(id)) {
            (Some(party), _) => party.name().to_owned(),
            (None, Found::Withheld { .. }) => format!("{} (withheld)", id.short()),
            (None, _) => format!("{} (not in this ledger)", id.short()),
        }
    }

    fn take(&mut self, node: Node) {
        let (id, index) = (node.id(), self.nodes.len());
        if self.by_id.contains_key(&id) {
            return;
        }
        self.by_id.insert(id, index);
        for reference in node.record().references() {
            let referrer = Referrer { node: index, field: reference.field };
            self.referrers.entry(reference.id).or_default().push(referrer);
        }
        let signer = *node.signed.statement().signer().as_bytes();
        self.by_signer.entry(signer).or_default().push(index);
        let captures = node.record().captures().into_iter();
        for provider in captures.filter_map(|capture| capture.provider.clone()) {
            self.by_provider.entry(provider).or_default().push(index);
        }
        self.nodes.push(node);
    }

    /// Finds the records that describe the same thing: parties and channels by their key,
    /// documents by any URL they share.
    fn merge(&mut self) {
        let mut seen: HashMap<String, Id> = HashMap::new();
        for index in 0..self.nodes.len() {
            let id = self.nodes[index].id();
            let names = lookup::same_as(self.nodes[index].record());
            // A later record never joins two earlier documents: the first name that is known
            // decides, so that nobody merges other people's records by listing their URLs.
            let first = names.iter().find_map(|name| seen.get(name)).copied().unwrap_or(id);
            for name in names {
                seen.entry(name).or_insert(first);
            }
            if first != id {
                self.first.insert(id, first);
                let earliest = self.by_id[&first];
                self.versions.entry(first).or_insert_with(|| vec![earliest]).push(index);
            }
            for name in lookup::called(self.nodes[index].record()) {
                let known = self.called.entry(name).or_default();
                if !known.contains(&first) {
                    known.push(first);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Found, Graph};
    use crate::attribution::id::Id;
    use crate::attribution::record::claim::Who;
    use crate::attribution::record::document::LaterCapture;
    use crate::attribution::record::party::PartyKind;
    use crate::attribution::record::{Record, channel::ControlBasis};
    use crate::audit::notebook::{Notebook, capture, claim, control, party};
    use crate::hash::Hash;

    #[test]
    fn a_later_record_with_the_same_key_describes_the_same_party_anew() {
        let mut notebook = Notebook::new();
        let old = notebook.party("mfa", PartyKind::Organisation);
        let other = notebook.party("press", PartyKind::Outlet);
        let mut anew = party("mfa", PartyKind::Ministry);
        anew.names[0].text = "Ministry of Foreign Affairs".to_owned();
        let new = notebook.append(Record::Party(anew.clone()));
        anew.names[0].text = "The President".to_owned();
        let strange = notebook.append_as("omar", 2, Record::Party(anew));
        let graph = notebook.graph();
        assert!(graph.is_same(old, new) && !graph.is_same(old, other));
        assert_eq!(graph.versions(new), [old, new, strange]);
        assert_eq!(graph.party_name(strange), "Ministry of Foreign Affairs");
        assert_eq!(graph.party(old).map(|party| party.kind), Some(PartyKind::Ministry));
        assert_eq!(graph.named("ministry of foreign AFFAIRS"), [old]);
        assert_eq!(graph.named("mfa"), [old]);
    }

    #[test]
    fn the_same_url_is_the_same_document_and_brings_its_captures() {
        let mut notebook = Notebook::new();
        let url = |url: &str| Some(format!("https://example.org/{url}"));
        let one = notebook.document("one", |d| d.url = url("a"));
        let two = notebook.document("two", |d| d.aliases.extend(url("a")));
        let three = notebook.document("three", |d| d.url = url("b"));
        let later = LaterCapture { document: two, capture: capture("later") };
        notebook.append(Record::Capture(later));
        let graph = notebook.graph();
        assert!(graph.is_same(one, two) && !graph.is_same(one, three));
        let digests: Vec<Hash> = graph.captures(two).iter().map(|c| c.digest).collect();
        let expected = ["one", "two", "later"].map(|text| Hash::of(text.as_bytes()));
        assert_eq!(digests, expected);
    }

    #[test]
    fn what_is_withheld_or_missing_is_a_node_of_its_own() {
        let mut notebook = Notebook::new();
        let speaker = notebook.party("mfa", PartyKind::Ministry);
        let nowhere = Id::of(b"nowhere");
        let id = notebook.claim(claim(Who::Party(speaker), Some(nowhere)));
        let graph = notebook.graph_withholding(speaker);
        assert!(matches!(graph.find(speaker), Found::Withheld { entry_index: 1 }));
        assert!(matches!(graph.find(nowhere), Found::Dangling));
        for gone in [speaker, nowhere] {
            let referrers: Vec<Id> = graph.referrers(gone).map(|(node, _)| node.id()).collect();
            assert_eq!(referrers, [id]);
            assert_eq!(graph.party(gone), None);
        }
        assert_eq!(graph.tree_size(), 3);
        assert!(
            crate::audit::audit(&graph, id, &|_| crate::audit::captures::Held::Missing).is_ok()
        );
        assert_eq!(Graph::new(Vec::new(), [], |_, _| false).tree_size(), 0);
    }

    #[test]
    fn the_controls_of_a_channel_are_found_in_all_its_records() {
        let mut notebook = Notebook::new();
        let mfa = notebook.party("mfa", PartyKind::Ministry);
        let old = notebook.site("site");
        let first = notebook.control(old, mfa, ControlBasis::DidWeb);
        let new =
            notebook.append_as("omar", 2, Record::Channel(super::super::notebook::channel("site")));
        let second = notebook.append(Record::Control(control(new, mfa, ControlBasis::RelMe)));
        let graph = notebook.graph();
        let ids: Vec<Id> = graph.controls(old).into_iter().map(|(id, _)| id).collect();
        assert_eq!(ids, [first, second]);
    }
}
