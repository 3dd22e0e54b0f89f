//! What was verified before by this user, up to some size: kept in an index of the user's own, and
//! the only thing that an incremental verification trusts beside the policy.

use crate::attribution::id::Id;
use crate::attribution::keyring::Keyring;
use crate::attribution::statement::{self, Statement};
use crate::hash::Hash;
use crate::index::{self, Index};
use crate::key::Thumbprint;
use crate::ledger::reading;
use crate::store;
use crate::store::source::Source;
use crate::tlog::merkle::{self, Tree};
use crate::verify::earlier::Known;
use crate::verify::leaves::unless_disk_failed;

/// The part of a log that was verified.
#[derive(Debug)]
pub(crate) struct Before<'a> {
    index: &'a Index,
    /// How many entries it has.
    pub(crate) size: u64,
    /// The keys after the last of them.
    pub(crate) keyring: Keyring,
    /// The entries whose statements were not shown.
    pub(crate) withheld: Vec<(u64, Id)>,
    /// How many checks could not be made.
    pub(crate) not_checked: u64,
    /// When the last of them was recorded, in seconds since 1970.
    pub(crate) last_recorded_at: u64,
}

impl<'a> Before<'a> {
    /// Takes up what is remembered of the first `wanted` entries, or of all that were verified;
    /// `None` if so many were not, the tiles do not show the tree that was, or the statements that
    /// say who may sign are not what they were.
    pub(crate) fn recall(
        store: &dyn Source,
        index: &'a Index,
        tree_size: u64,
        wanted: Option<u64>,
    ) -> Result<Option<(Self, Tree)>, store::Error> {
        let Ok(Some(extent)) = index.extent() else { return Ok(None) };
        let size = wanted.unwrap_or(extent.tree_size);
        if size == 0 || size > extent.tree_size || extent.tree_size > tree_size {
            return Ok(None);
        }
        let nodes = &mut reading::nodes(store, tree_size);
        let roots = merkle::root(extent.tree_size, nodes)
            .and_then(|root| Ok((root, merkle::root(size, nodes)?)));
        let tree = match roots {
            Ok((root, earlier)) if root == extent.root => Tree { size, root: earlier },
            Ok(_) => return Ok(None),
            Err(error) => return unless_disk_failed(error).map(|_| None),
        };
        let Ok(rows) = index.governance() else { return Ok(None) };
        let mut keyring = Keyring::default();
        for row in rows.into_iter().filter(|row| row.entry_index < size) {
            let Some(statement) = read(store, row.entry_index, row.id, tree_size)? else {
                return Ok(None);
            };
            if keyring.admit(statement, row.entry_index, None).is_err() {
                return Ok(None);
            }
        }
        let (Ok(mut withheld), Ok(not_checked)) = (index.withheld(), index.not_checked()) else {
            return Ok(None);
        };
        withheld.retain(|(entry_index, _)| *entry_index < size);
        let Ok(Some(last)) = index.last_before(size) else { return Ok(None) };
        let Some(last) = read(store, last.entry_index, last.id, tree_size)? else {
            return Ok(None);
        };
        let last_recorded_at = last.recorded_at();
        Ok(Some((Self { index, size, keyring, withheld, not_checked, last_recorded_at }, tree)))
    }

    /// What redaction notices withhold, as far as they were verified.
    pub(crate) fn redacted(&self) -> Vec<Id> {
        let all = self.index.redacted().unwrap_or_default().into_iter();
        all.filter(|(notice, _)| *notice < self.size).map(|(_, id)| id).collect()
    }

    /// The captures that a statement that was verified says are held, and those that were added to it.
    pub(crate) fn captures_of(
        &self,
        store: &dyn Source,
        id: Id,
        statement: &Statement,
        tree_size: u64,
    ) -> Result<Vec<Hash>, store::Error> {
        let mut captures = Vec::new();
        let mut take = |statement: &Statement| {
            captures.extend(statement.record().captures().iter().map(|capture| capture.digest));
        };
        take(statement);
        for row in self.index.about(id).unwrap_or_default() {
            let is_addition = match self.index.kind_of(&row) {
                Ok(kind) => matches!(kind, Some("capture" | "attestation")),
                Err(_) => false,
            };
            if is_addition && let Some(later) = read(store, row.entry_index, row.id, tree_size)? {
                take(&later);
            }
        }
        Ok(captures)
    }

    /// Whether some of it could not be read.
    pub(crate) fn has_gaps(&self) -> bool {
        !self.withheld.is_empty() || self.not_checked > 0
    }

    /// What is remembered of a statement.
    pub(crate) fn known(&self, id: Id) -> Option<Known> {
        let rows = self.index.all_by_id(id).ok()?.into_iter();
        let Some(row) = rows.rev().find(|row| row.entry_index < self.size) else {
            let (entry_index, _) = self.withheld.iter().find(|(_, withheld)| *withheld == id)?;
            return Some(Known { entry_index: *entry_index, read: None });
        };
        let kind = self.index.kind_of(&row).ok()??;
        Some(Known { entry_index: row.entry_index, read: Some((kind, row.signer)) })
    }

    /// The entries from `from` on that a key signed, in order.
    pub(crate) fn signed_by(&self, signer: Thumbprint, from: u64) -> Vec<u64> {
        let rows: Result<Vec<_>, index::Error> = self.index.signed_by(signer, from);
        let entries = rows.unwrap_or_default().into_iter().map(|row| row.entry_index);
        entries.filter(|entry| *entry < self.size).collect()
    }
}

/// A statement of the ledger, if it is the one with this id.
fn read(
    store: &dyn Source,
    entry_index: u64,
    id: Id,
    tree_size: u64,
) -> Result<Option<Statement>, store::Error> {
    let bytes = match reading::statement(store, entry_index, tree_size) {
        Ok(bytes) => bytes.filter(|bytes| Id::of(bytes) == id),
        Err(error) => return unless_disk_failed(error).map(|_| None),
    };
    Ok(bytes.and_then(|bytes| statement::open(&bytes).ok()))
}
