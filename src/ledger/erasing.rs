//! Erasing: taking away what a redaction notice withholds, for good, while everything else stays
//! provable.
//!
//! The notice comes first, in a commit of its own: it is durable and in the checkpoint before a
//! byte goes. Then one journal removes the captures and empties the slot, under the same checkpoint;
//! what interrupts it is finished when the ledger is next opened for writing. That the disk's blocks,
//! backups, published copies and a version control's history still hold the bytes is beyond this.

use std::collections::{BTreeMap, HashSet};

use crate::attribution::id::Id;
use crate::attribution::record::Record;
use crate::evidence::capture;
use crate::hash::Hash;
use crate::ledger::reading;
use crate::ledger::writing::{Error, Ledger};
use crate::store::disk::Disk;
use crate::store::journal::Journal;
use crate::store::path::FilePath;
use crate::tlog::bundle;
use crate::tlog::path::Path;

/// The kinds of records that name captures.
const HOLDERS: [&str; 3] = ["document", "capture", "attestation"];

/// What may be taken away.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Erasure {
    /// Captures that no record in force names any more, and that are on the disk.
    pub captures: Vec<Hash>,
    /// Captures that stay, each with the first entry in force that names it too.
    pub kept: Vec<(Hash, u64)>,
    /// Captures that are not on the disk: withheld before, or lost.
    pub absent: Vec<Hash>,
    /// The entry whose statement is to be emptied.
    pub statement: Option<u64>,
}

impl Erasure {
    /// Whether nothing is to be taken away.
    pub fn is_empty(&self) -> bool {
        self.captures.is_empty() && self.statement.is_none()
    }
}

/// A record that names a capture.
struct Holder {
    entry_index: u64,
    /// Its own statement, and the document it belongs to: a notice to either withholds the capture
    /// as far as this record goes, which is how `verify` reads it.
    owners: [Id; 2],
}

/// What a notice to this statement lets go: the one that stands, or one about to be appended.
pub fn plan<D: Disk>(ledger: &Ledger<D>, target: Id) -> Result<Erasure, Error> {
    let mut redacted = redacted(ledger)?;
    redacted.insert(target);
    let mut erasure = Erasure::default();
    for (digest, holders) in holders(ledger)? {
        if !holders.iter().any(|holder| holder.owners.contains(&target)) {
            continue;
        }
        let in_force = |holder: &&Holder| holder.owners.iter().all(|id| !redacted.contains(id));
        if let Some(other) = holders.iter().find(in_force) {
            erasure.kept.push((digest, other.entry_index));
        } else if ledger.standing().0.length(&place(&digest))?.is_some() {
            erasure.captures.push(digest);
        } else {
            erasure.absent.push(digest);
        }
    }
    Ok(erasure)
}

/// Takes it away. Each capture and the statement must be withheld by a notice already.
pub fn erase<D: Disk>(ledger: &mut Ledger<D>, erasure: &Erasure) -> Result<(), Error> {
    if erasure.is_empty() {
        return Ok(());
    }
    let (store, checkpoint) = ledger.standing();
    let mut journal = Journal::new(checkpoint.to_string());
    if let Some(entry_index) = erasure.statement {
        let (bundle, slot) = reading::place_of(entry_index, checkpoint.size);
        let mut statements: Vec<Vec<u8>> = reading::statements(store, bundle)?
            .into_iter()
            .map(Option::unwrap_or_default)
            .collect();
        statements[slot].clear();
        let file = reading::file(Path::Statements(bundle));
        journal.replace(file, bundle::format(&statements)?);
    }
    erasure.captures.iter().for_each(|digest| journal.remove(place(digest)));
    ledger.rewrite(&journal)
}

/// What notices withhold.
fn redacted<D: Disk>(ledger: &Ledger<D>) -> Result<HashSet<Id>, Error> {
    let mut redacted = HashSet::new();
    for row in ledger.index().of_kind("notice")? {
        let statement = ledger.statement(&row)?;
        redacted.extend(statement.and_then(|it| it.record().withholds()));
    }
    Ok(redacted)
}

/// Every capture, with the records that name it in the order of the log.
fn holders<D: Disk>(ledger: &Ledger<D>) -> Result<BTreeMap<Hash, Vec<Holder>>, Error> {
    let mut rows = Vec::new();
    for kind in HOLDERS {
        rows.extend(ledger.index().of_kind(kind)?);
    }
    rows.sort_by_key(|row| row.entry_index);
    let mut holders: BTreeMap<Hash, Vec<Holder>> = BTreeMap::new();
    for row in rows {
        let Some(statement) = ledger.statement(&row)? else { continue };
        let owner = match statement.record() {
            Record::Capture(later) => later.document,
            Record::Attestation(attestation) => attestation.document.unwrap_or(row.id),
            _ => row.id,
        };
        let entry_index = row.entry_index;
        for capture in statement.record().captures() {
            let holder = Holder { entry_index, owners: [row.id, owner] };
            holders.entry(capture.digest).or_default().push(holder);
        }
    }
    Ok(holders)
}

fn place(digest: &Hash) -> FilePath {
    FilePath::parse(&capture::path(digest)).expect("a path of the ledger")
}
