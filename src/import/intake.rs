//! A register on its way into a batch: its files as documents with their bytes, its people as
//! parties, its accounts as channels, and that the register says whose they are.

use std::collections::HashMap;

use crate::attribution::date::Date;
use crate::attribution::id::Id;
use crate::attribution::record::Record;
use crate::attribution::record::channel::{Control, ControlBasis, ControlMode};
use crate::attribution::record::document::{Capture, Document, DocumentKind};
use crate::claimfile::composition::Row;
use crate::hash::Hash;
use crate::import::officials::Officials;
use crate::ledger::batch::{self, Batch};
use crate::store::disk::Disk;

/// The media type of both files (RFC 9512).
const MEDIA_TYPE: &str = "application/yaml";

/// One file of a register.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegisterFile {
    /// Its name, which becomes the document's title.
    pub name: String,
    /// Its bytes, which become the document's capture.
    pub bytes: Vec<u8>,
}

/// The two files, and of when they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The people.
    pub people: RegisterFile,
    /// The accounts.
    pub accounts: RegisterFile,
    /// When the files were fetched, as far as the caller knows: the one time of which they show
    /// anything.
    pub as_of: Option<Date>,
}

/// How many records a register makes, its two documents included.
pub fn record_count(officials: &Officials) -> u64 {
    2 + officials.people.len() as u64 + 2 * officials.accounts.len() as u64
}

/// Adds a register to a batch. What the ledger has already is found, not added again; `tick` is
/// told how many records are done.
///
/// # Errors
/// The ledger's own, and a recorder who may not record. The batch is then to be dropped.
pub fn add<D: Disk>(
    officials: &Officials,
    source: Source,
    batch: &mut Batch<'_, D>,
    tick: &mut dyn FnMut(u64),
) -> Result<Vec<Row>, batch::Error> {
    let mut rows = Vec::new();
    let mut take = |batch: &mut Batch<'_, D>, record: &Record, words: &str| {
        let added = batch.add(record)?;
        rows.push(Row {
            kind: record.kind(),
            words: words.to_owned(),
            added,
            warnings: Vec::new(),
        });
        tick(rows.len() as u64);
        Ok::<Id, batch::Error>(added.id)
    };
    let Source { people, accounts, as_of } = source;
    let mut evidence = None;
    for file in [people, accounts] {
        let record = document(&file, as_of.as_ref());
        evidence = Some(take(batch, &record, &file.name)?);
        batch.keep(file.bytes);
    }
    let mut parties = HashMap::new();
    for party in &officials.people {
        let id = take(batch, &Record::Party(party.clone()), &party.key)?;
        parties.insert(party.key.as_str(), id);
    }
    for account in &officials.accounts {
        let channel = take(batch, &Record::Channel(account.channel.clone()), &account.channel.key)?;
        let Some(&party) = parties.get(account.party.as_str()) else { continue };
        let control = Record::Control(Control {
            channel,
            party,
            mode: ControlMode::Official,
            basis: ControlBasis::Registry,
            // The register says neither.
            since: None,
            until: None,
            evidence,
            verified_at: as_of.clone(),
        });
        let words = format!("{} by {}", account.channel.key, account.party);
        take(batch, &control, &words)?;
    }
    Ok(rows)
}

fn document(file: &RegisterFile, as_of: Option<&Date>) -> Record {
    let digest = Hash::of(&file.bytes);
    let mut capture = Capture::of(digest, file.bytes.len() as u64, MEDIA_TYPE);
    capture.captured_at = as_of.cloned();
    Record::Document(Document {
        title: Some(file.name.clone()),
        captures: vec![capture],
        ..Document::of(DocumentKind::Article)
    })
}
