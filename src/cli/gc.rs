//! `whosaid gc`: files that only earlier checkpoints needed go, and so does what the private folder
//! holds for nothing.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use serde::Serialize;

use crate::cli::failure::{self, Exit, Failure};
use crate::cli::following;
use crate::cli::gc_options::Gc;
use crate::cli::open::Place;
use crate::cli::seen;
use crate::cli::terminal::Terminal;
use crate::ledger::garbage::{self, Garbage, Superseded};
use crate::ledger::writing;
use crate::search::tables::{self, Tables};
use crate::store::os::OsDisk;
use crate::store::{STATE, Store};

/// How many folders are listed for people; JSON lists all files.
const SHOWN: usize = 50;

/// What went, or would go; all numbers but those of entries are bytes.
#[derive(Debug, Serialize)]
struct Json {
    schema: &'static str,
    ok: bool,
    dry_run: bool,
    tree_size: u64,
    superseded: Vec<Row>,
    superseded_bytes: u64,
    /// What interrupted commands had left; it goes in a dry run too, whenever a ledger is opened
    /// for writing.
    leftover_bytes: u64,
    index_bytes: u64,
    search_index_bytes: u64,
}

/// One file.
#[derive(Debug, Serialize)]
struct Row {
    file: String,
    bytes: u64,
}

pub(crate) fn run(place: &Place, options: &Gc, terminal: &Terminal) -> Result<Exit, Failure> {
    let Gc { dry_run, waiting } = options;
    let folder = place.folder()?;
    let patience = Duration::from_secs(waiting.wait);
    let store = Store::open(OsDisk::new(folder).waiting(patience))?;
    let policy = place.policy()?;
    if store.pending()?.is_some() {
        // It may be an erasure, which opening finishes.
        following::forget(folder);
    }
    seen::meet(place.memory.as_ref(), &store, &policy, &|| false)?;
    let mut index = place.index()?;
    let mut writer = garbage::open(store, &policy, &mut index)?;
    let found = garbage::find(writer.store(), &policy)?;
    if !dry_run {
        garbage::remove(&mut writer, &found)?;
    }
    let freed = if *dry_run { index.spare() } else { index.compact() };
    let index_bytes = freed.map_err(writing::Error::from)?;
    let search_index_bytes = search_index(folder, patience, *dry_run)?;
    report(
        &Json {
            schema: "whosaid.gc/1",
            ok: true,
            dry_run: *dry_run,
            tree_size: found.tree_size,
            superseded: found.superseded.iter().map(Row::from).collect(),
            superseded_bytes: found.superseded.iter().map(|it| it.length).sum(),
            leftover_bytes: writer.swept(),
            index_bytes,
            search_index_bytes,
        },
        &found,
        terminal,
    );
    Ok(Exit::Holds)
}

impl From<&Superseded> for Row {
    fn from(superseded: &Superseded) -> Self {
        Self { file: superseded.path.to_string(), bytes: superseded.length }
    }
}

/// What the search index gives back, or would, in bytes; 0 where there is none.
fn search_index(folder: &Path, patience: Duration, dry_run: bool) -> Result<u64, Failure> {
    let path = folder.join(STATE).join(following::FILE);
    if !path.exists() {
        return Ok(0);
    }
    let freed = Tables::open(&path, patience)
        .and_then(|mut tables| if dry_run { tables.spare() } else { tables.compact() });
    freed.map_err(|error: tables::Error| {
        Failure::new(failure::IO, error)
            .hint("it can be removed (.state/search.sqlite*): the next search makes it anew")
    })
}

fn report(json: &Json, found: &Garbage, terminal: &Terminal) {
    terminal.object(json);
    let done = if json.dry_run { "would go" } else { "removed " };
    let mut folders: BTreeMap<String, (usize, u64)> = BTreeMap::new();
    for Superseded { path, length } in &found.superseded {
        let (count, bytes) = folders.entry(path.partials()).or_default();
        (*count, *bytes) = (*count + 1, *bytes + length);
    }
    for (folder, (count, bytes)) in folders.iter().take(SHOWN) {
        terminal.line(format!("{done}  {folder}: {}, {bytes} bytes", files(*count)));
    }
    if folders.len() > SHOWN {
        let more = folders.len() - SHOWN;
        terminal.line(format!("{done}  those of {more} more folders (--json lists all)"));
    }
    let spare = [("index", json.index_bytes), ("search index", json.search_index_bytes)];
    for (name, bytes) in spare.iter().filter(|(_, bytes)| *bytes > 0) {
        terminal.line(format!("{done}  free pages of the {name}: {bytes} bytes"));
    }
    if json.leftover_bytes > 0 {
        let bytes = json.leftover_bytes;
        terminal.line(format!("removed   what interrupted commands left: {bytes} bytes"));
    }
    terminal.line(sentence(json));
    if !json.superseded.is_empty() {
        terminal.line(
            "Whoever still reads by an earlier checkpoint may miss them, and has to read the \
             checkpoint again.",
        );
    }
}

fn sentence(json: &Json) -> String {
    let tree_size = json.tree_size;
    // What was left behind is gone in a dry run too.
    let leftover = if json.dry_run { 0 } else { json.leftover_bytes };
    let bytes = json.superseded_bytes + json.index_bytes + json.search_index_bytes + leftover;
    match (bytes, json.dry_run) {
        (0, _) => format!(
            "Nothing to remove: the ledger has {tree_size} entries, and no file that only an \
             earlier checkpoint needed."
        ),
        (_, true) => format!("A dry run: {bytes} bytes would be freed."),
        (_, false) => {
            format!("Freed {bytes} bytes. The ledger has {tree_size} entries, as before.")
        }
    }
}

fn files(count: usize) -> String {
    format!("{count} file{}", if count == 1 { "" } else { "s" })
}
