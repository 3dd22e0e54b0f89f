//! What those who write do to the search index beside the ledger: it follows a commit, and it is
//! thrown away where words are erased.

use std::path::Path;
use std::time::Duration;

use crate::cli::terminal::Terminal;
use crate::ledger::reading;
use crate::search::keep::catch_up;
use crate::search::tables::{self, Tables};
use crate::store::os::OsDisk;
use crate::store::{STATE, Store};
use crate::tlog::checkpoint::Trusted;
use crate::tlog::policy::Policy;

/// The index's file in the private folder.
pub(crate) const FILE: &str = "search.sqlite";

/// How many entries the index may lag behind and still follow a commit at once, within the time
/// that the commit itself takes. Beyond, the next search brings it up, and shows how far it is.
const CLOSE: u64 = 2000;

/// After a commit: an index that is there and close behind follows. If it cannot, a note is all;
/// the next search brings it up.
pub(crate) fn follow(folder: &Path, policy: &Policy, terminal: &Terminal) {
    let path = folder.join(STATE).join(FILE);
    if !path.exists() {
        return;
    }
    if let Err(why) = try_to_follow(folder, &path, policy) {
        terminal.talk(format!("note: {why}; the next search brings it up"));
    }
}

fn try_to_follow(folder: &Path, path: &Path, policy: &Policy) -> Result<(), String> {
    let store = Store::open(OsDisk::new(folder)).map_err(|error| error.to_string())?;
    let note = reading::checkpoint(&store).map_err(|error| error.to_string())?;
    let Some(Ok(checkpoint)) = note.map(|note| Trusted::open(&note, policy)) else {
        return Ok(());
    };
    // Whoever searches right now fills it too.
    let patience = Duration::from_millis(100);
    let mut tables = Tables::open(path, patience).map_err(|error| error.to_string())?;
    let known = tables.extent().map_err(|error| error.to_string())?;
    let known = known.map_or(0, |(known, _)| known.tree_size);
    if checkpoint.size.saturating_sub(known) > CLOSE {
        return Ok(());
    }
    catch_up(&store, &checkpoint, &mut tables, &mut |_| ()).map_err(|error| error.to_string())
}

/// Before and after words are erased from a ledger: an index that may hold them is thrown away.
pub(crate) fn forget(folder: &Path) {
    tables::discard(&folder.join(STATE).join(FILE));
}
