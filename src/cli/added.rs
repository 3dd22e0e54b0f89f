//! The end of every command that writes: commit the batch, or not, and say what became of each
//! record.

use serde::Serialize;

use crate::attribution::date::Date;
use crate::attribution::id::Id;
use crate::attribution::record::document::Capture;
use crate::claimfile::composition;
use crate::cli::cosigned;
use crate::cli::failure::{Exit, Failure};
use crate::cli::open::Desk;
use crate::cli::terminal::Terminal;
use crate::hash::Hash;
use crate::ledger::batch::{Added, Batch, Recorder};
use crate::ledger::writing::Addition;
use crate::store::os::OsDisk;

/// One line of the report.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    pub(crate) kind: &'static str,
    pub(crate) label: String,
    pub(crate) id: Id,
    pub(crate) entry: u64,
    pub(crate) new: bool,
    pub(crate) warnings: Vec<String>,
}

#[derive(Serialize)]
struct Json<'a> {
    schema: &'static str,
    ok: bool,
    dry_run: bool,
    added: usize,
    already_there: usize,
    rows: &'a [Row],
    tree_size: u64,
    root: Hash,
    #[serde(skip_serializing_if = "<[Told]>::is_empty")]
    captures: &'a [Told],
    #[serde(skip_serializing_if = "Option::is_none")]
    erased: Option<&'a Erased>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    witnesses: Vec<cosigned::Row>,
}

/// What was captured, for people to compare with what they meant.
#[derive(Debug, Serialize)]
pub(crate) struct Told {
    /// The statement that records it.
    pub(crate) id: Id,
    /// The file or URL as it was given.
    pub(crate) from: String,
    pub(crate) redirects: usize,
    pub(crate) title: Option<String>,
    pub(crate) capture: Capture,
}

/// What was erased with a notice, or would be.
#[derive(Debug, Serialize)]
pub(crate) struct Erased {
    pub(crate) captures: Vec<Hash>,
    pub(crate) kept: Vec<Kept>,
    pub(crate) absent: Vec<Hash>,
    /// The entry whose statement was emptied.
    pub(crate) statement: Option<u64>,
}

/// A capture that stays because another record names it.
#[derive(Debug, Serialize)]
pub(crate) struct Kept {
    pub(crate) digest: Hash,
    pub(crate) entry: u64,
}

/// What a report holds besides its rows.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Besides<'a> {
    pub(crate) captures: &'a [Told],
    pub(crate) erased: Option<&'a Erased>,
}

impl Told {
    fn lines(&self) -> Vec<String> {
        let Self { from, redirects, title, capture, .. } = self;
        let mut lines = vec![format!("{from}:")];
        if let Some(uri) = capture.uri_final.as_ref().filter(|uri| *uri != from) {
            let way =
                if *redirects == 1 { "1 redirect" } else { &format!("{redirects} redirects") };
            lines.push(format!("  from        {uri} ({way})"));
        }
        let Capture { digest, size, media_type, .. } = capture;
        lines.push(format!("  bytes       {size}, sha-256 {digest}"));
        lines.push(format!("  media type  {media_type}"));
        let came = capture.captured_at.as_ref().map(Date::edtf);
        let came = came.unwrap_or_else(|| "unknown (--captured-at says it)".to_owned());
        lines.push(format!("  fetched     {came}"));
        lines.extend(title.as_ref().map(|title| format!("  title       {title}")));
        lines
    }
}

impl From<composition::Row> for Row {
    fn from(row: composition::Row) -> Self {
        let composition::Row { kind, words, added, warnings } = row;
        Self { warnings, ..Self::new(kind, words, added) }
    }
}

impl Row {
    pub(crate) fn new(kind: &'static str, label: impl Into<String>, added: Added) -> Self {
        let Added { id, entry_index, new } = added;
        Self { kind, label: label.into(), id, entry: entry_index, new, warnings: Vec::new() }
    }
}

impl Desk {
    /// An empty batch by this recorder.
    pub(crate) fn batch(&self) -> Result<Batch<'_, OsDisk>, Failure> {
        let Self { recorder, key, recorded_at, .. } = self;
        let recorder = Recorder { name: recorder, key, recorded_at: *recorded_at };
        Ok(Batch::new(&self.ledger, recorder)?)
    }
}

/// Commits what was prepared, unless it is a dry run, and reports every row.
pub(crate) fn commit(
    desk: Desk,
    addition: &Addition,
    rows: &[Row],
    dry_run: bool,
    terminal: &Terminal,
) -> Result<Exit, Failure> {
    commit_captures(desk, addition, (rows, &[]), dry_run, terminal)
}

/// As [`commit`], and tells what was captured.
pub(crate) fn commit_captures(
    mut desk: Desk,
    addition: &Addition,
    (rows, captures): (&[Row], &[Told]),
    dry_run: bool,
    terminal: &Terminal,
) -> Result<Exit, Failure> {
    if !dry_run {
        desk.commit(addition, terminal)?;
    }
    report(&desk, rows, Besides { captures, erased: None }, dry_run, terminal);
    Ok(Exit::Holds)
}

/// Reports every row of what was committed, or would be.
pub(crate) fn report(
    desk: &Desk,
    rows: &[Row],
    besides: Besides<'_>,
    dry_run: bool,
    terminal: &Terminal,
) {
    cosigned::tell(desk.ledger.asked(), terminal);
    let added = rows.iter().filter(|row| row.new).count();
    let already_there = rows.len() - added;
    let Besides { captures, erased } = besides;
    terminal.object(&Json {
        schema: "whosaid.append/1",
        ok: true,
        dry_run,
        added,
        already_there,
        rows,
        captures,
        erased,
        tree_size: desk.ledger.tree_size(),
        root: desk.ledger.root(),
        witnesses: desk.ledger.asked().iter().map(cosigned::Row::from).collect(),
    });
    for row in rows {
        let state = if row.new { "new    " } else { "already" };
        let (entry, id, kind) = (row.entry, row.id.short(), row.kind);
        terminal.line(format!("{state}  entry {entry:<5} {id}  {kind:<9} {}", row.label));
        for warning in &row.warnings {
            terminal.talk(format!("warning: {}: {warning}", row.label));
        }
    }
    captures.iter().flat_map(Told::lines).for_each(|line| terminal.line(line));
    terminal.line(sentence(added, already_there, dry_run, desk.ledger.tree_size()));
}

fn sentence(added: usize, already_there: usize, dry_run: bool, tree_size: u64) -> String {
    let there = match already_there {
        0 => String::new(),
        1 => "; 1 was there already".to_owned(),
        several => format!("; {several} were there already"),
    };
    let plural = if added == 1 { "" } else { "s" };
    match (added, dry_run) {
        (0, _) => format!("Nothing to append{there}. The ledger has {tree_size} entries."),
        (_, true) => format!(
            "A dry run: {added} statement{plural} would be appended{there}. \
             Nothing was written; ids depend on the time."
        ),
        (_, false) => format!(
            "Appended {added} statement{plural}{there}. The ledger has {tree_size} entries."
        ),
    }
}
