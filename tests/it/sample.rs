//! A small ledger that holds every kind of thing an attacker may want to change: keys, captures,
//! claims, relations, notices, over several commits.

use std::collections::BTreeMap;

use whosaid::attribution::id::Id;
use whosaid::attribution::record::Record;
use whosaid::attribution::record::channel::{
    Channel, ChannelKind, Control, ControlBasis, ControlMode,
};
use whosaid::attribution::record::charter::{
    Charter, FORMAT, KeyAction, KeyChange, Power, Recorder as FirstRecorder,
};
use whosaid::attribution::record::claim::{Act, Claim, Polarity, Proposition, Who};
use whosaid::attribution::record::document::{Capture, Document, DocumentKind};
use whosaid::attribution::record::notice::{Notice, NoticeKind, Relation, RelationKind};
use whosaid::hash::Hash;
use whosaid::index::Index;
use whosaid::key::SecretKey;
use whosaid::ledger::batch::{Batch, Recorder};
use whosaid::ledger::writing::{Ledger, found};
use whosaid::store::Store;
use whosaid::store::simulated::SimulatedDisk;

use crate::it::house::{ORIGIN, TIME, log_key, party, policy, recorder_key};

/// The bytes of the two captures.
pub(crate) const CAPTURES: [&[u8]; 2] =
    [b"Kabulov said that it is so.", b"The ministry: it is not."];

/// A second recorder, with the power to record and no other.
pub(crate) fn omar_key() -> SecretKey {
    SecretKey::from_seed(&[3; 32])
}

/// A third recorder, brought by a key record.
pub(crate) fn lina_key() -> SecretKey {
    SecretKey::from_seed(&[4; 32])
}

/// A key that no charter names.
pub(crate) fn stranger_key() -> SecretKey {
    SecretKey::from_seed(&[9; 32])
}

/// The ledger, and where in it to find what.
pub(crate) struct Sample {
    pub(crate) disk: SimulatedDisk,
    /// The id of each statement by its place in the log.
    pub(crate) ids: Vec<Id>,
}

/// The places in the log of what [`small`] appends.
pub(crate) const CHARTER: u64 = 0;
pub(crate) const KEY: u64 = 1;
pub(crate) const CONTROL: u64 = 5;
pub(crate) const DOCUMENT: u64 = 6;
pub(crate) const CLAIM: u64 = 8;
pub(crate) const SMALL: u64 = 12;

pub(crate) fn charter() -> Record {
    let recorder = |name: &str, key: SecretKey, powers: &[Power]| FirstRecorder {
        name: name.to_owned(),
        key: key.public(),
        powers: powers.to_vec(),
    };
    Record::Charter(Charter {
        format: FORMAT,
        origin: ORIGIN.to_owned(),
        title: "A ledger to attack".to_owned(),
        purpose: "Tests.".to_owned(),
        log: log_key().public(),
        recorders: vec![
            recorder("nadia", recorder_key(), &[Power::Record, Power::Correct, Power::Keys]),
            recorder("omar", omar_key(), &[Power::Record]),
        ],
    })
}

fn introduction() -> Record {
    Record::Key(KeyChange {
        action: KeyAction::Introduce,
        key: lina_key().public(),
        name: Some("lina".to_owned()),
        powers: vec![Power::Record],
        replaces: None,
        from: None,
        reason: None,
    })
}

fn channel() -> Record {
    Record::Channel(Channel {
        key: "site".to_owned(),
        kind: ChannelKind::Site,
        platform: None,
        platform_id: None,
        handles: Vec::new(),
        urls: vec!["https://example.org/".to_owned()],
    })
}

fn control(channel: Id, party: Id) -> Record {
    Record::Control(Control {
        channel,
        party,
        mode: ControlMode::Official,
        basis: ControlBasis::Registry,
        since: None,
        until: None,
        evidence: None,
        verified_at: None,
    })
}

/// A document with one capture, of these bytes.
pub(crate) fn document(title: &str, bytes: &[u8]) -> Record {
    let capture = Capture::of(Hash::of(bytes), bytes.len() as u64, "text/plain");
    Record::Document(Document {
        title: Some(title.to_owned()),
        captures: vec![capture],
        ..Document::of(DocumentKind::Article)
    })
}

pub(crate) fn claim(speaker: Id, document: Id, text: &str) -> Record {
    Record::Claim(Box::new(Claim {
        speaker: Who::Party(speaker),
        speaker_as_written: None,
        role_as_written: None,
        act: Act::State,
        polarity: Polarity::Asserted,
        said_at: None,
        place: None,
        event: None,
        proposition: Proposition { text: text.to_owned(), lang: None, modality: None },
        document: Some(document),
        passage: None,
        chain: Vec::new(),
        about: Vec::new(),
    }))
}

pub(crate) fn notice(kind: NoticeKind, target: Id) -> Record {
    let text = (kind == NoticeKind::Rebuttal).then(|| "We never said so.".to_owned());
    let reason = "Because it has to be.".to_owned();
    Record::Notice(Notice {
        kind,
        target,
        reason,
        replacement: None,
        document: None,
        by: None,
        text,
    })
}

/// Appends records of one recorder in one batch, and returns their ids.
pub(crate) fn append_as(
    ledger: &mut Ledger<SimulatedDisk>,
    (name, key): (&str, &SecretKey),
    records: &[Record],
    captures: &[&[u8]],
) -> Vec<Id> {
    let mut batch = Batch::new(ledger, Recorder { name, key, recorded_at: TIME }).unwrap();
    let ids = records.iter().map(|record| batch.add(record).unwrap().id).collect();
    for capture in captures {
        batch.keep(capture.to_vec());
    }
    let addition = batch.finish();
    ledger.commit(&addition).unwrap();
    ids
}

/// Opens the ledger for writing.
pub(crate) fn reopen(disk: &SimulatedDisk) -> Ledger<SimulatedDisk> {
    let store = Store::open(disk.clone()).unwrap();
    whosaid::ledger::writing::open(store, &policy(), log_key(), Index::in_memory().unwrap())
        .unwrap()
}

/// Twelve statements in three commits.
pub(crate) fn small() -> Sample {
    let disk = SimulatedDisk::new();
    let (store, index) = (Store::open(disk.clone()).unwrap(), Index::in_memory().unwrap());
    let mut ledger = found(store, &policy(), ORIGIN, log_key(), index).unwrap();
    let (nadia, omar, lina) = (recorder_key(), omar_key(), lina_key());
    let mut ids = append_as(&mut ledger, ("nadia", &nadia), &[charter(), introduction()], &[]);
    let parties = [party("kabulov"), party("ministry"), channel()];
    ids.extend(append_as(&mut ledger, ("nadia", &nadia), &parties, &[]));
    let documents = [
        control(ids[4], ids[3]),
        document("An article", CAPTURES[0]),
        document("A statement", CAPTURES[1]),
    ];
    ids.extend(append_as(&mut ledger, ("lina", &lina), &documents, &CAPTURES));
    let claims = [claim(ids[2], ids[6], "It is so."), claim(ids[3], ids[7], "It is not so.")];
    ids.extend(append_as(&mut ledger, ("omar", &omar), &claims, &[]));
    let relation = Relation {
        from: ids[9],
        kind: RelationKind::Contradicts,
        to: ids[8],
        by: None,
        method: None,
    };
    let last = [Record::Relation(relation), notice(NoticeKind::Rebuttal, ids[8])];
    ids.extend(append_as(&mut ledger, ("omar", &omar), &last, &[]));
    assert_eq!(ledger.tree_size(), SMALL);
    Sample { disk, ids }
}

/// The same, and so many parties more that the tiles have a second level.
pub(crate) fn large() -> Sample {
    let Sample { disk, mut ids } = small();
    let mut ledger = reopen(&disk);
    for step in [100, 150, 38] {
        let first = ids.len();
        let parties: Vec<Record> =
            (first..first + step).map(|place| party(&format!("p{place}"))).collect();
        ids.extend(append_as(&mut ledger, ("nadia", &recorder_key()), &parties, &[]));
    }
    Sample { disk, ids }
}

/// The public files of a ledger.
pub(crate) fn files(disk: &SimulatedDisk) -> BTreeMap<String, Vec<u8>> {
    let contents = disk.contents().into_iter();
    let public = contents.filter(|(path, _)| !path.starts_with(".state"));
    public.filter_map(|(path, bytes)| Some((path, bytes?))).collect()
}

/// The items of a bundle's bytes.
pub(crate) fn items(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut rest = bytes;
    let mut items = Vec::new();
    while let Some((length, after)) = rest.split_first_chunk() {
        let (item, after) = after.split_at(u16::from_be_bytes(*length).into());
        items.push(item.to_vec());
        rest = after;
    }
    items
}
