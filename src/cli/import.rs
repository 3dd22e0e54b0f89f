//! `whosaid import`: what others collected, in bulk.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;

use crate::attribution::date::Date;
use crate::claimfile::composition::Row;
use crate::claimfile::fault::MAX_SHOWN;
use crate::cli::arguments::{Import, ImportOfficials as Options, SpecialImport};
use crate::cli::failure::{self, Exit, Failure};
use crate::cli::open::Place;
use crate::cli::terminal::Terminal;
use crate::cli::{cosigned, import_rows};
use crate::hash::Hash;
use crate::import::intake::{self, RegisterFile, Source};
use crate::import::officials::{self, MAX_BYTES, Officials, Problem};
use crate::store::loose;

#[derive(Serialize)]
struct Json<'a> {
    schema: &'static str,
    ok: bool,
    dry_run: bool,
    people: usize,
    accounts: usize,
    added: usize,
    already_there: usize,
    /// By kind of record: how many are new.
    new: &'a BTreeMap<&'static str, usize>,
    left_out: &'a [Problem],
    notes: &'a [String],
    tree_size: u64,
    root: Hash,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    witnesses: Vec<cosigned::Row>,
}

pub(crate) fn run(place: &Place, import: &Import, terminal: &Terminal) -> Result<Exit, Failure> {
    match &import.special {
        None => import_rows::run(place, import, terminal),
        Some(SpecialImport::Officials(options)) => officials(place, options, terminal),
        Some(SpecialImport::Maps(options)) => import_rows::maps(options, terminal),
    }
}

fn officials(place: &Place, options: &Options, terminal: &Terminal) -> Result<Exit, Failure> {
    let register = &options.register;
    let as_of = register.as_of.as_deref().map(Date::parse).transpose();
    let as_of = as_of.map_err(|error| Failure::new(failure::INPUT, error).about("--as-of"))?;
    let (people, accounts) = (read(&register.people)?, read(&register.accounts)?);
    let found = officials::read(&people.bytes, &accounts.bytes)
        .map_err(|error| Failure::new(failure::INPUT, error))?;
    refuse_or_tell(&found, register.leave_out, terminal)?;
    if as_of.is_none() {
        terminal.talk("note: without --as-of nothing says of which day the register is");
    }
    let mut desk = place.desk(&options.signing)?;
    let mut batch = desk.batch()?;
    let bar = terminal.progress(intake::record_count(&found), "importing");
    let source = Source { people, accounts, as_of };
    let rows = intake::add(&found, source, &mut batch, &mut |done| bar.set_position(done));
    bar.finish_and_clear();
    let rows = rows?;
    let addition = batch.finish();
    let dry_run = options.signing.dry_run;
    if !dry_run {
        desk.commit(&addition, terminal)?;
    }
    cosigned::tell(desk.ledger.asked(), terminal);
    let new = new_by_kind(&rows);
    let added = new.values().sum();
    let already_there = rows.len() - added;
    let tree_size = desk.ledger.tree_size();
    terminal.object(&Json {
        schema: "whosaid.import/1",
        ok: true,
        dry_run,
        people: found.people.len(),
        accounts: found.accounts.len(),
        added,
        already_there,
        new: &new,
        left_out: &found.problems,
        notes: &found.notes,
        tree_size,
        root: desk.ledger.root(),
        witnesses: desk.ledger.asked().iter().map(cosigned::Row::from).collect(),
    });
    let (people, accounts) = (found.people.len(), found.accounts.len());
    terminal.line(format!("Read {people} people with {accounts} accounts."));
    for (kind, count) in &new {
        terminal.line(format!("new      {count:>6}  {kind}"));
    }
    terminal.line(format!("already  {already_there:>6}"));
    terminal.line(match (dry_run, added) {
        (_, 0) => format!("Nothing to append. The ledger has {tree_size} entries."),
        (true, _) => format!("A dry run: {added} statements would be appended; none was."),
        (false, _) => format!("Appended {added} statements. The ledger has {tree_size} entries."),
    });
    terminal.line("A register's word for an account is its word: of the day it was fetched.");
    Ok(Exit::Holds)
}

fn read(path: &Path) -> Result<RegisterFile, Failure> {
    let bytes = loose::read_file(path, MAX_BYTES)?;
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
    Ok(RegisterFile { name: name.unwrap_or_else(|| "register".to_owned()), bytes })
}

/// Names every row that cannot be taken; without leave to do so, nothing is taken.
fn refuse_or_tell(found: &Officials, leave_out: bool, terminal: &Terminal) -> Result<(), Failure> {
    for note in &found.notes {
        terminal.talk(format!("note: {note}"));
    }
    let lines = |problems: &[Problem]| {
        let shown = problems.iter().take(MAX_SHOWN);
        let mut lines: Vec<String> = shown.map(|it| format!("{}: {}", it.row, it.what)).collect();
        if let Some(more) = problems.len().checked_sub(MAX_SHOWN).filter(|more| *more > 0) {
            lines.push(format!("and {more} more"));
        }
        lines
    };
    let lines = lines(&found.problems);
    if lines.is_empty() {
        return Ok(());
    }
    if leave_out {
        for line in &lines {
            terminal.talk(format!("left out: {line}"));
        }
        return Ok(());
    }
    Err(Failure::new(failure::INPUT, lines.join("\n"))
        .hint("nothing was appended; mend the files, or leave these out with --leave-out"))
}

fn new_by_kind(rows: &[Row]) -> BTreeMap<&'static str, usize> {
    let mut new = BTreeMap::new();
    for row in rows.iter().filter(|row| row.added.new) {
        *new.entry(row.kind).or_default() += 1;
    }
    new
}
