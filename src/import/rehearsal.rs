//! A dry run: what would become of each record, with made-up ids for those that would be new.

use crate::attribution::id::Id;
use crate::attribution::record::Record;
use crate::attribution::statement;
use crate::import::draft::Problem;
use crate::import::known::{Known, Meant};
use crate::import::looking::{Stop, encoding};
use crate::import::outcome::{RowOutcome, Status};
use crate::ledger::batch::{self, Added, Recorder};
use crate::ledger::holdings::{Held, Holdings};
use crate::store::disk::Disk;

/// What would have been appended so far.
pub(crate) struct Rehearsal {
    begun_at: u64,
    next: u64,
}

impl Rehearsal {
    /// Nothing yet, to a ledger of this size.
    pub(crate) fn new(tree_size: u64) -> Self {
        Self { begun_at: tree_size, next: tree_size }
    }

    /// How many statements would be appended.
    pub(crate) fn count(&self) -> u64 {
        self.next - self.begun_at
    }

    /// What is told of a row: what would be new has neither a place nor an id yet.
    pub(crate) fn tell(&self, outcome: RowOutcome) -> RowOutcome {
        let is_there = outcome.entry.is_some_and(|entry| entry < self.begun_at);
        let id = outcome.id.filter(|_| is_there);
        let entry = outcome.entry.filter(|_| is_there && outcome.status == Status::Already);
        RowOutcome { entry, id, ..outcome }
    }

    /// What a batch would answer to the record.
    pub(crate) fn put<D: Disk>(
        &mut self,
        known: &Known,
        holdings: &Holdings<D>,
        recorder: Recorder<'_>,
        record: &Record,
    ) -> Result<Added, Stop> {
        let identity = statement::identity(recorder.name, record).map_err(encoding)?;
        if let Some(Held { id, entry_index }) = holdings.same(identity)? {
            return Ok(Added { id, entry_index, new: false });
        }
        let id = Id::from_hash(identity);
        if let Some(Meant { entry, .. }) = known.meant(id)? {
            return Ok(Added { id, entry_index: entry, new: false });
        }
        may_record(holdings, recorder, record)?;
        let entry_index = self.next;
        self.next += 1;
        known.mean(id, Meant { id, kind: record.kind(), entry: entry_index })?;
        Ok(Added { id, entry_index, new: true })
    }
}

/// Whether the recorder may record this. Only a notice can be refused to one recorder and not to
/// another; whoever may not record at all has no use for the other rows.
pub(crate) fn may_record<D: Disk>(
    holdings: &Holdings<D>,
    recorder: Recorder<'_>,
    record: &Record,
) -> Result<(), Stop> {
    let signer = recorder.key.thumbprint();
    let of_target = match record {
        // What is not in the ledger yet is the recorder's own.
        Record::Notice(notice) => {
            let target = holdings.find(notice.target)?;
            Some(target.map_or(signer, |(_, statement)| statement.signer()))
        }
        _ => None,
    };
    let may = holdings.keyring().may_sign(signer, record, holdings.tree_size(), of_target);
    may.map_err(|error| match record {
        Record::Notice(_) => Stop::Row(Problem::new(error.to_string())),
        _ => batch::Error::from(error).into(),
    })
}
