//! A small ledger in memory, for tests that need one: keys from seeds 1 and 2, a fixed time.

use std::num::NonZeroUsize;
use std::path::Path;

use whosaid::attribution::record::Record;
use whosaid::attribution::record::charter::{Charter, FORMAT, Power, Recorder as FirstRecorder};
use whosaid::attribution::record::document::{Capture, Document, DocumentKind};
use whosaid::attribution::record::party::{Name, Party, PartyKind};
use whosaid::hash::Hash;
use whosaid::index::Index;
use whosaid::key::SecretKey;
use whosaid::ledger::batch::{Batch, Recorder};
use whosaid::ledger::writing::{self, Error, Ledger};
use whosaid::store::Store;
use whosaid::store::simulated::SimulatedDisk;
use whosaid::tlog::note::{Algorithm, VerifierKey};
use whosaid::tlog::policy::Policy;
use whosaid::verify::report::Report;
use whosaid::verify::verify;

pub(crate) const ORIGIN: &str = "example.org/claims";
pub(crate) const TIME: u64 = 1_700_000_000;

pub(crate) fn log_key() -> SecretKey {
    SecretKey::from_seed(&[1; 32])
}

pub(crate) fn recorder_key() -> SecretKey {
    SecretKey::from_seed(&[2; 32])
}

pub(crate) fn policy() -> Policy {
    let key = VerifierKey::new(ORIGIN, Algorithm::Ed25519, log_key().public());
    Policy::of_log(key.expect("a good name"))
}

pub(crate) fn charter() -> Record {
    Record::Charter(Charter {
        format: FORMAT,
        origin: ORIGIN.to_owned(),
        title: "A test ledger".to_owned(),
        purpose: "Tests.".to_owned(),
        log: log_key().public(),
        recorders: vec![FirstRecorder {
            name: "nadia".to_owned(),
            key: recorder_key().public(),
            powers: vec![Power::Record, Power::Correct, Power::Keys],
        }],
    })
}

pub(crate) fn party(key: &str) -> Record {
    let names = vec![Name { text: format!("The party {key}"), lang: None, kind: None }];
    Record::Party(Party {
        key: key.to_owned(),
        kind: PartyKind::Organisation,
        names,
        ids: Vec::new(),
        part_of: Vec::new(),
        roles: Vec::new(),
        anonymity: None,
    })
}

/// Opens the ledger on this disk for writing, or founds it with its charter.
pub(crate) fn open(disk: &SimulatedDisk) -> Result<Ledger<SimulatedDisk>, Error> {
    let store = || Store::open(disk.clone());
    let index = || Index::in_memory().expect("memory");
    match writing::open(store()?, &policy(), log_key(), index()) {
        Err(Error::NoLedger) => {
            let mut ledger = writing::found(store()?, &policy(), ORIGIN, log_key(), index())?;
            append(&mut ledger, &[charter()])?;
            Ok(ledger)
        }
        opened => opened,
    }
}

/// Opens the ledger with an index in a file, which readers can ask while somebody writes.
pub(crate) fn with_index(
    disk: &SimulatedDisk,
    path: &Path,
) -> Result<Ledger<SimulatedDisk>, Error> {
    writing::open(Store::open(disk.clone())?, &policy(), log_key(), Index::open(path)?)
}

/// Appends records in one batch.
pub(crate) fn append(ledger: &mut Ledger<SimulatedDisk>, records: &[Record]) -> Result<(), Error> {
    append_with(ledger, records, &[])
}

/// Appends records and the captures that they name in one batch.
pub(crate) fn append_with(
    ledger: &mut Ledger<SimulatedDisk>,
    records: &[Record],
    captures: &[&[u8]],
) -> Result<(), Error> {
    let key = recorder_key();
    let recorder = Recorder { name: "nadia", key: &key, recorded_at: TIME };
    let mut batch = Batch::new(ledger, recorder).expect("the clock stands still");
    for record in records {
        batch.add(record).expect("a good record");
    }
    for capture in captures {
        batch.keep(capture.to_vec());
    }
    let addition = batch.finish();
    ledger.commit(&addition)
}

/// How many threads read in tests: more than one, to show that it makes no difference.
pub(crate) const THREADS: NonZeroUsize = NonZeroUsize::new(2).unwrap();

pub(crate) fn verify_disk(disk: &SimulatedDisk) -> Report {
    let store = Store::open(disk.clone()).expect("a folder");
    verify(&store, &policy(), THREADS, &mut |_| (), &mut |_, _| ()).expect("a readable disk").report
}

/// A document that holds one capture.
pub(crate) fn document(bytes: &[u8]) -> Record {
    let capture = Capture::of(Hash::of(bytes), bytes.len() as u64, "text/plain");
    Record::Document(Document {
        title: Some("An article".to_owned()),
        captures: vec![capture],
        ..Document::of(DocumentKind::Article)
    })
}
