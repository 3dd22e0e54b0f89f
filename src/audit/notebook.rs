//! A small ledger for tests: records go in, signed statements and findings come out. Keys from seeds, time
//! from a fixed clock.

use std::collections::HashMap;
use std::convert::Infallible;

use crate::attribution::date::Date;
use crate::attribution::id::Id;
use crate::attribution::keyring::{Keyring, Signed};
use crate::attribution::record::Record;
use crate::attribution::record::channel::{
    Channel, ChannelKind, Control, ControlBasis, ControlMode, Handle,
};
use crate::attribution::record::charter::{Charter, KeyAction, KeyChange, Power, Recorder};
use crate::attribution::record::claim::{
    Act, Claim, Hop, HopBasis, HopRelation, Mode, Passage, Polarity, Proposition, Who,
};
use crate::attribution::record::document::{Capture, Document, DocumentKind};
use crate::attribution::record::notice::{Notice, NoticeKind, Relation, RelationKind};
use crate::attribution::record::party::{Name, Party, PartyKind};
use crate::attribution::statement::{self, Statement};
use crate::attribution::truth::Truth;
use crate::audit::audit;
use crate::audit::captures::Held;
use crate::audit::case::Case;
use crate::audit::graph::Graph;
use crate::audit::part::{Item, Shelf, audit_one};
use crate::audit::rules::rule::Rule;
use crate::audit::standing::Standings;
use crate::hash::Hash;
use crate::key::{SecretKey, Thumbprint};
use crate::lookup;
use crate::selector::Selector;

/// When entry 0 was recorded: 2024-11-25T00:00:00Z. Each entry takes a second.
pub(crate) const FIRST: u64 = 1_732_492_800;

/// A ledger in the making: the charter, then what a test writes.
pub(crate) struct Notebook {
    pub(crate) signed: Vec<Signed>,
    pub(crate) keyring: Keyring,
    pub(crate) bytes: HashMap<Hash, Held>,
}

/// The recorder `nadia` has seed 1 and all powers; `omar` has seed 2 and may record.
pub(crate) fn key(seed: u8) -> SecretKey {
    SecretKey::from_seed(&[seed; 32])
}

impl Notebook {
    pub(crate) fn new() -> Self {
        let recorder = |name: &str, seed, powers: &[Power]| Recorder {
            name: name.to_owned(),
            key: key(seed).public(),
            powers: powers.to_vec(),
        };
        let charter = Charter {
            format: 1,
            origin: "example.org/claims".to_owned(),
            title: "A test".to_owned(),
            purpose: "To test".to_owned(),
            log: key(3).public(),
            recorders: vec![
                recorder("nadia", 1, &[Power::Record, Power::Correct, Power::Keys]),
                recorder("omar", 2, &[Power::Record]),
            ],
        };
        let (signed, keyring, bytes) = (Vec::new(), Keyring::default(), HashMap::new());
        let mut notebook = Self { signed, keyring, bytes };
        notebook.append(Record::Charter(charter));
        notebook
    }

    pub(crate) fn append(&mut self, record: Record) -> Id {
        self.append_as("nadia", 1, record)
    }

    #[expect(clippy::needless_pass_by_value, reason = "tests hand records over")]
    pub(crate) fn append_as(&mut self, name: &str, seed: u8, record: Record) -> Id {
        let entry = self.signed.len() as u64;
        let target = match &record {
            Record::Notice(notice) => {
                let mut earlier = self.signed.iter().map(Signed::statement);
                earlier.find(|s| s.id() == notice.target).map(Statement::signer)
            }
            _ => None,
        };
        let (_, statement) = statement::seal(&record, name, FIRST + entry, &key(seed)).unwrap();
        let signed = self.keyring.admit(statement, entry, target).unwrap();
        let id = signed.statement().id();
        self.signed.push(signed);
        id
    }

    pub(crate) fn graph(&self) -> Graph {
        let is_suspect = |key, entry| self.keyring.is_suspect(key, entry);
        Graph::new(self.signed.clone(), [], is_suspect)
    }

    /// The graph without one statement, which the log still lists.
    pub(crate) fn graph_withholding(&self, id: Id) -> Graph {
        let mut signed = self.signed.clone();
        let at = signed.iter().position(|s| s.statement().id() == id).unwrap();
        let entry = signed.remove(at).entry_index();
        Graph::new(signed, [(entry, id)], |_, _| false)
    }

    fn items(&self, wanted: impl Fn(&Signed) -> bool) -> Vec<Item> {
        let found = self.signed.iter().filter(|signed| wanted(signed));
        let item = |signed: &Signed| {
            let (entry_index, id) = (signed.entry_index(), signed.statement().id());
            Item { entry_index, id, signed: Some(signed.clone()) }
        };
        found.map(item).collect()
    }

    pub(crate) fn held(&self, digest: &Hash) -> Held {
        self.bytes.get(digest).cloned().unwrap_or(Held::Missing)
    }

    pub(crate) fn party(&mut self, key: &str, kind: PartyKind) -> Id {
        self.append(Record::Party(party(key, kind)))
    }

    pub(crate) fn site(&mut self, key: &str) -> Id {
        self.append(Record::Channel(channel(key)))
    }

    pub(crate) fn control(&mut self, channel: Id, party: Id, basis: ControlBasis) -> Id {
        self.append(Record::Control(control(channel, party, basis)))
    }

    /// A document whose captured bytes are `text`.
    pub(crate) fn document(&mut self, text: &str, change: impl FnOnce(&mut Document)) -> Id {
        let digest = Hash::of(text.as_bytes());
        self.bytes.insert(digest, Held::Bytes(text.as_bytes().to_vec()));
        let mut document = document();
        document.captures.push(capture(text));
        change(&mut document);
        self.append(Record::Document(document))
    }

    pub(crate) fn claim(&mut self, claim: Claim) -> Id {
        self.append(Record::Claim(Box::new(claim)))
    }

    pub(crate) fn relate(&mut self, from: Id, kind: RelationKind, to: Id) -> Id {
        self.append(Record::Relation(Relation { from, kind, to, by: None, method: None }))
    }

    pub(crate) fn notice(
        &mut self,
        kind: NoticeKind,
        target: Id,
        change: impl FnOnce(&mut Notice),
    ) -> Id {
        let text = (kind == NoticeKind::Rebuttal).then(|| "not so".to_owned());
        let reason = "because".to_owned();
        let mut notice =
            Notice { kind, target, reason, replacement: None, document: None, by: None, text };
        change(&mut notice);
        self.append(Record::Notice(notice))
    }

    /// Revokes the key of a seed, reaching back to an entry.
    pub(crate) fn revoke(&mut self, seed: u8, from: u64) -> Id {
        self.append(Record::Key(KeyChange {
            action: KeyAction::Revoke,
            key: key(seed).public(),
            name: None,
            powers: Vec::new(),
            replaces: None,
            from: Some(from),
            reason: None,
        }))
    }
}

pub(crate) fn date(edtf: &str) -> Date {
    Date::parse(edtf).unwrap()
}

pub(crate) fn party(key: &str, kind: PartyKind) -> Party {
    let names = vec![Name { text: key.to_owned(), lang: None, kind: None }];
    let (ids, part_of, roles) = (Vec::new(), Vec::new(), Vec::new());
    Party { key: key.to_owned(), kind, names, ids, part_of, roles, anonymity: None }
}

pub(crate) fn channel(key: &str) -> Channel {
    Channel {
        key: key.to_owned(),
        kind: ChannelKind::Site,
        platform: None,
        platform_id: None,
        handles: Vec::new(),
        urls: Vec::new(),
    }
}

/// Handles with the dates from and until when they were held; no text is no date.
pub(crate) fn dated(handles: &[(&str, &str, &str)]) -> Vec<Handle> {
    let perhaps = |edtf: &str| (!edtf.is_empty()).then(|| date(edtf));
    let handle = |&(text, since, until): &(&str, &str, &str)| Handle {
        text: text.to_owned(),
        since: perhaps(since),
        until: perhaps(until),
    };
    handles.iter().map(handle).collect()
}

pub(crate) fn control(channel: Id, party: Id, basis: ControlBasis) -> Control {
    let (since, until, evidence, verified_at) =
        (Some(date("2020")), None, None, Some(date("2026")));
    let mode = ControlMode::Official;
    Control { channel, party, mode, basis, since, until, evidence, verified_at }
}

pub(crate) fn document() -> Document {
    Document { language: Some("en".to_owned()), ..Document::of(DocumentKind::Article) }
}

pub(crate) fn capture(text: &str) -> Capture {
    Capture::of(Hash::of(text.as_bytes()), text.len() as u64, "text/plain")
}

pub(crate) fn passage(text: &str, exact: &str) -> Passage {
    Passage {
        mode: Mode::Indirect,
        capture: Hash::of(text.as_bytes()),
        profile: "plain/1".to_owned(),
        segments: vec![Selector::quote(exact)],
        cue: None,
        translator: None,
    }
}

pub(crate) fn claim(speaker: Who, document: Option<Id>) -> Claim {
    Claim {
        speaker,
        speaker_as_written: None,
        role_as_written: None,
        act: Act::State,
        polarity: Polarity::Asserted,
        said_at: None,
        place: None,
        event: None,
        proposition: Proposition { text: "it is so".to_owned(), lang: None, modality: None },
        document,
        passage: None,
        chain: Vec::new(),
        about: Vec::new(),
    }
}

/// A hop that ends in nothing at hand.
pub(crate) fn unreached(by: Who) -> Hop {
    Hop {
        by,
        kind: None,
        document: None,
        passage: None,
        cue: None,
        relation: HopRelation::Cites,
        basis: HopBasis::NamedSource,
        reported_at: None,
        modality: None,
        unreachable: Some("no link given".to_owned()),
    }
}

/// A hop that is recorded as a document.
pub(crate) fn reached(by: Who, document: Id) -> Hop {
    Hop { document: Some(document), unreachable: None, ..unreached(by) }
}

/// A notebook is asked by looking at every page.
impl Shelf for Notebook {
    type Error = Infallible;

    fn by_id(&self, id: Id) -> Result<Option<Item>, Infallible> {
        Ok(self.items(|signed| signed.statement().id() == id).pop())
    }

    fn about(&self, id: Id) -> Result<Vec<Item>, Infallible> {
        Ok(self.items(|signed| lookup::about(signed.statement().record()).contains(&id)))
    }

    fn called(&self, name: &str) -> Result<Vec<Item>, Infallible> {
        Ok(self
            .items(|signed| lookup::names(signed.statement().record()).iter().any(|it| it == name)))
    }

    fn is_suspect(&self, key: Thumbprint, entry_index: u64) -> bool {
        self.keyring.is_suspect(key, entry_index)
    }

    fn tree_size(&self) -> u64 {
        self.signed.len() as u64
    }
}

/// Asserts that a claim is audited alike by the whole ledger and by a part of it.
#[track_caller]
pub(crate) fn check_part(graph: &Graph, notebook: &Notebook, id: Id) {
    let held = |digest: &Hash| notebook.held(digest);
    let dress = |part: Graph| {
        part.trusting(graph.pinned_roots().to_vec())
            .seen_by_witnesses(graph.logged_before().cloned())
    };
    let Ok(by_part) = audit_one(notebook, id, &held, &dress);
    assert_eq!(by_part, audit(graph, id, &held));
}

/// Asserts what a rule answers for a claim, in order; nothing where it does not apply.
#[track_caller]
pub(crate) fn check(notebook: &Notebook, id: Id, rule: &Rule, expected: &[Truth]) {
    let graph = notebook.graph();
    check_in(&graph, notebook, id, rule, expected);
    check_part(&graph, notebook, id);
}

/// The same in a given graph.
#[track_caller]
pub(crate) fn check_in(
    graph: &Graph,
    notebook: &Notebook,
    id: Id,
    rule: &Rule,
    expected: &[Truth],
) {
    let standings = Standings::as_of(graph, graph.tree_size());
    let case = Case::gather(graph, &standings, id, &|digest| notebook.held(digest)).unwrap();
    let findings = rule.apply(&case);
    let truths: Vec<Truth> = findings.iter().map(|finding| finding.truth).collect();
    assert_eq!(truths, expected, "{}: {findings:#?}", rule.name);
}
