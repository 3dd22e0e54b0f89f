//! The end of the commands that append key records: commit them, or not, and say so.

use serde::Serialize;

use crate::attribution::id::Id;
use crate::attribution::record::Record;
use crate::attribution::record::charter::KeyChange;
use crate::cli::failure::Failure;
use crate::cli::open::Desk;
use crate::cli::terminal::Terminal;
use crate::hash::Hash;
use crate::ledger::writing::Addition;

/// One key record that was appended.
#[derive(Debug, Serialize)]
pub(crate) struct Appended {
    pub(crate) entry: u64,
    pub(crate) id: Id,
    #[serde(flatten)]
    pub(crate) change: KeyChange,
}

/// What every command that changes keys reports.
#[derive(Debug, Serialize)]
pub(crate) struct Changed {
    pub(crate) schema: &'static str,
    pub(crate) ok: bool,
    pub(crate) dry_run: bool,
    pub(crate) by: String,
    pub(crate) records: Vec<Appended>,
    pub(crate) tree_size: u64,
    pub(crate) root: Hash,
}

/// Key records that are sealed and not yet committed.
pub(crate) struct Prepared {
    addition: Addition,
    records: Vec<Appended>,
}

/// Seals key records. What the keyring refuses is refused here, before anything is written.
pub(crate) fn prepare(desk: &Desk, changes: Vec<KeyChange>) -> Result<Prepared, Failure> {
    let mut batch = desk.batch()?;
    let mut records = Vec::new();
    for change in changes {
        let added = batch.add(&Record::Key(change.clone()))?;
        records.push(Appended { entry: added.entry_index, id: added.id, change });
    }
    Ok(Prepared { addition: batch.finish(), records })
}

/// Commits them, unless it is a dry run.
pub(crate) fn commit(
    desk: &mut Desk,
    prepared: Prepared,
    dry_run: bool,
    schema: &'static str,
    terminal: &Terminal,
) -> Result<Changed, Failure> {
    if !dry_run {
        desk.commit(&prepared.addition, terminal)?;
    }
    Ok(Changed {
        schema,
        ok: true,
        dry_run,
        by: desk.recorder.clone(),
        records: prepared.records,
        tree_size: desk.ledger.tree_size(),
        root: desk.ledger.root(),
    })
}

/// The last line: what became of it.
pub(crate) fn sentence(changed: &Changed) -> String {
    if changed.dry_run {
        return "A dry run: nothing was written.".to_owned();
    }
    format!("The ledger has {} entries.", changed.tree_size)
}
