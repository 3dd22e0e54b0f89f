//! A ledger written down as a row of statements, published at any size: also what its writer would
//! refuse, and what its log key should never have signed. Keys and time as in `house`.

use whosaid::attribution::id::Id;
use whosaid::attribution::record::Record;
use whosaid::attribution::record::channel::{
    Channel, ChannelKind, Control, ControlBasis, ControlMode,
};
use whosaid::attribution::record::charter::{KeyAction, KeyChange, Power, Recorder};
use whosaid::attribution::record::claim::{
    About, Act, Claim, Hop, HopBasis, HopRelation, Polarity, Proposition, Who,
};
use whosaid::attribution::record::notice::{
    Assessment, Notice, NoticeKind, Relation, RelationKind,
};
use whosaid::attribution::statement;
use whosaid::hash::Hash;
use whosaid::key::SecretKey;
use whosaid::store::simulated::SimulatedDisk;
use whosaid::tlog::merkle::{Tree, empty_root, leaf_hash};
use whosaid::tlog::note::{self, Note};
use whosaid::tlog::path::Path;
use whosaid::tlog::{bundle, tile};

use crate::it::house::{ORIGIN, TIME, charter, document, log_key, party};

/// A ledger as a row of statements, sealed by nadia (key 2) if nobody else is named. What its
/// writer would refuse can stand in it too.
#[derive(Clone, Default)]
pub(crate) struct Book(pub(crate) Vec<Vec<u8>>);

impl Book {
    pub(crate) fn founded() -> Self {
        let mut book = Self::default();
        let Record::Charter(mut charter) = charter() else { unreachable!() };
        let (name, key) = ("omar".to_owned(), SecretKey::from_seed(&[3; 32]).public());
        charter.recorders.push(Recorder { name, key, powers: vec![Power::Record] });
        book.add(&Record::Charter(charter));
        book
    }

    pub(crate) fn add(&mut self, record: &Record) -> Id {
        self.add_as(record, "nadia", 2)
    }

    pub(crate) fn add_as(&mut self, record: &Record, name: &str, seed: u8) -> Id {
        let key = SecretKey::from_seed(&[seed; 32]);
        let (bytes, statement) = statement::seal(record, name, TIME, &key).expect("a record");
        self.0.push(bytes);
        statement.id()
    }

    pub(crate) fn id(&self, entry: usize) -> Id {
        Id::of(&self.0[entry])
    }

    /// The first entries, as they are published.
    pub(crate) fn publish(&self, size: usize) -> SimulatedDisk {
        self.publish_without(size, &[])
    }

    /// The first entries, some of them withheld.
    pub(crate) fn publish_without(&self, size: usize, withheld: &[usize]) -> SimulatedDisk {
        let disk = SimulatedDisk::new();
        let entries: Vec<Hash> = self.0[..size].iter().map(|it| Hash::of(it)).collect();
        let leaves: Vec<Hash> = entries.iter().map(|it| leaf_hash(it.as_bytes())).collect();
        let empty = Tree { size: 0, root: empty_root() };
        let grown = tile::grow(tile::HEIGHT, &empty, Vec::new(), &leaves).expect("an empty edge");
        for (tile, hashes) in &grown.tiles {
            disk.tamper(&Path::Tile(*tile).to_string(), &tile::format(hashes));
        }
        for bundle in bundle::bundles_of(size as u64) {
            let slots = (256 * usize::try_from(bundle.index).unwrap()..size).take(256);
            let shown = |slot: usize| {
                if withheld.contains(&slot) { &[][..] } else { &self.0[slot][..] }
            };
            let statements: Vec<&[u8]> = slots.clone().map(shown).collect();
            let entries: Vec<&[u8; 32]> = slots.map(|slot| entries[slot].as_bytes()).collect();
            let path = Path::Statements(bundle).to_string();
            disk.tamper(&path, &bundle::format(&statements).unwrap());
            let path = Path::Entries(bundle).to_string();
            disk.tamper(&path, &bundle::format(&entries).unwrap());
        }
        disk.tamper("checkpoint", &signed(grown.tree).into_bytes());
        disk
    }
}

/// A checkpoint over this tree, by the true log key.
pub(crate) fn signed(tree: Tree) -> String {
    signed_by(ORIGIN, &log_key(), tree)
}

/// A checkpoint over this tree, by any log.
pub(crate) fn signed_by(origin: &str, key: &SecretKey, tree: Tree) -> String {
    let text = format!("{origin}\n{}\n{}\n", tree.size, tree.root.to_base64());
    let signature = note::Signature::sign(origin, key, &text).expect("a good name");
    Note::new(text, vec![signature]).expect("a note").to_string()
}

pub(crate) fn body(key: &str, name: &str, part_of: &[Id]) -> Record {
    let Record::Party(mut body) = party(key) else { unreachable!() };
    name.clone_into(&mut body.names[0].text);
    body.part_of = part_of.to_vec();
    Record::Party(body)
}

pub(crate) fn said(speaker: Who, words: &str) -> Claim {
    Claim {
        speaker,
        speaker_as_written: None,
        role_as_written: None,
        act: Act::State,
        polarity: Polarity::Asserted,
        said_at: None,
        place: None,
        event: None,
        proposition: Proposition { text: words.to_owned(), lang: None, modality: None },
        document: None,
        passage: None,
        chain: Vec::new(),
        about: Vec::new(),
    }
}

pub(crate) fn claim(claim: Claim) -> Record {
    Record::Claim(Box::new(claim))
}

pub(crate) fn hop(by: Who) -> Hop {
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

pub(crate) fn notice(kind: NoticeKind, target: Id) -> Notice {
    let text = (kind == NoticeKind::Rebuttal).then(|| "We never said so.".to_owned());
    let reason = "a letter".to_owned();
    Notice { kind, target, reason, replacement: None, document: None, by: None, text }
}

pub(crate) fn revocation(seed: u8, from: u64) -> Record {
    Record::Key(KeyChange {
        action: KeyAction::Revoke,
        key: SecretKey::from_seed(&[seed; 32]).public(),
        name: None,
        powers: Vec::new(),
        replaces: None,
        from: Some(from),
        reason: None,
    })
}

/// A ledger with something of everything. The comments give the entries.
pub(crate) fn story() -> Book {
    let mut book = Book::founded();
    let ministry = book.add(&body("mfa", "The Ministry", &[])); // 1
    let envoy = book.add(&body("envoy", "The Envoy", &[ministry])); // 2
    let outlet = book.add(&body("gazette", "Gazette", &[])); // 3
    let article = book.add(&document(b"an article")); // 4
    let first = Claim { document: Some(article), ..said(Who::Party(envoy), "It will rain.") };
    let first = book.add_as(&claim(first), "omar", 3); // 5
    let about = vec![About::Party(ministry)];
    let other = Claim { about, ..said(Who::Party(outlet), "The ministry is wrong.") };
    let other = book.add(&claim(other)); // 6
    let by_name = said(Who::Unresolved("the ENVOY".to_owned()), "It may snow.");
    book.add(&claim(by_name)); // 7
    let chain = vec![hop(Who::Party(ministry))];
    let passed_on = Claim { chain, ..said(Who::Unresolved("officials".to_owned()), "Hail.") };
    book.add(&claim(passed_on)); // 8
    let by = Some(ministry);
    book.add(&Record::Notice(Notice { by, ..notice(NoticeKind::Rebuttal, other) })); // 9
    let (kind, method) = (RelationKind::Denies, None);
    book.add(&Record::Relation(Relation { from: other, kind, to: first, by: None, method })); // 10
    book.add(&Record::Assessment(Assessment {
        target: first,
        by: None,
        scheme: "admiralty".to_owned(),
        value: "B2".to_owned(),
        basis: None,
    })); // 11
    let channel = |urls: Vec<String>| {
        let (key, kind) = ("mfa-site".to_owned(), ChannelKind::Site);
        let (platform, platform_id, handles) = (None, None, Vec::new());
        Record::Channel(Channel { key, kind, platform, platform_id, handles, urls })
    };
    let site = book.add(&channel(Vec::new())); // 12
    book.add(&Record::Control(Control {
        channel: site,
        party: ministry,
        mode: ControlMode::Official,
        basis: ControlBasis::RelMe,
        since: None,
        until: None,
        evidence: None,
        verified_at: None,
    })); // 13
    book.add(&channel(vec!["https://mfa.example/".to_owned()])); // 14
    book.add(&Record::Notice(notice(NoticeKind::PublisherCorrection, article))); // 15
    book.add(&claim(said(Who::Party(outlet), "Nothing to do with it."))); // 16
    book.add(&revocation(3, 5)); // 17
    book.add(&body("gazette", "Ministry Gazette", &[ministry])); // 18: now a body of the ministry
    book.add(&claim(said(Who::Party(outlet), "And again."))); // 19
    book
}
