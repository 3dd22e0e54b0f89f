//! The report of an import: where it may stand, and that it is kept however the import ends.

use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::claimfile::fault::MAX_SHOWN;
use crate::cli::arguments::Import;
use crate::cli::failure::Failure;
use crate::cli::import_options::Rows;
use crate::cli::open::Place;
use crate::import::outcome::{RowOutcome, Status};
use crate::import::report::Form;
use crate::store::stream::Output;

/// What to do about a report that cannot stand where it is to.
const ELSEWHERE: &str = "--report names another place, --no-report wants none";

/// A row that was refused, as it is told.
#[derive(Serialize)]
pub(crate) struct Told {
    pub(crate) row: u64,
    pub(crate) line: u64,
    pub(crate) problem: String,
    pub(crate) hint: Option<String>,
}

/// What is told while rows go in.
pub(crate) struct Telling {
    report: Option<Output>,
    path: Option<PathBuf>,
    form: Form,
    rows: u64,
    refused: Vec<Told>,
    failure: Option<Failure>,
}

/// Refuses an input that has no name of which a report's could be made, before it is read.
pub(crate) fn refuse_nameless(rows: &Rows, file: &Path) -> Result<(), Failure> {
    let is_wanted = rows.report.is_none() && !rows.no_report;
    let is_stdin = file == Path::new("-");
    let is_pipe = file.exists() && !file.is_file() && !file.is_dir();
    if is_wanted && (is_stdin || is_pipe) {
        let thing = if is_stdin { "standard input" } else { "a pipe" };
        let message = format!("{thing} has no name after which a report could be called");
        let hint = "--report names a file, --no-report wants none";
        return Err(Failure::usage(message).hint(hint));
    }
    Ok(())
}

/// Where the report goes; `None` if none is wanted. What the import reads, the ledger and the keys
/// are not written over.
pub(crate) fn path(
    place: &Place,
    import: &Import,
    file: &Path,
    form: Form,
) -> Result<Option<PathBuf>, Failure> {
    let Import { rows, signing, .. } = import;
    let path = match &rows.report {
        Some(path) => path.clone(),
        None if rows.no_report => return Ok(None),
        None => file.with_extension(form.ending()),
    };
    if path == Path::new("-") {
        let message = "the report does not go to standard output, where the summary stands";
        return Err(Failure::usage(message).hint(
            "--json gives the summary with the first rows \
             that were refused; --report names a file for all",
        ));
    }
    let refused = |what: &str| {
        let message = format!("{}: the report would be written over {what}", path.display());
        Err(Failure::usage(message).hint(ELSEWHERE))
    };
    if path.is_dir() {
        let message = format!("{}: is a folder, expected a file for the report", path.display());
        return Err(Failure::usage(message).hint(ELSEWHERE));
    }
    let real_path = real(&path);
    let files = [
        (Some(file), "the file that is imported"),
        (rows.map.as_deref(), "the column map"),
        (signing.passphrase_file.as_deref(), "the passphrase"),
    ];
    for (file, what) in files {
        if file.is_some_and(|file| real(file) == real_path) {
            return refused(what);
        }
    }
    // Through a pipe nothing is replaced, whatever link leads to it.
    if path.is_symlink() && (path.is_file() || !path.exists()) {
        let message = format!("{}: is a link, expected a file for the report", path.display());
        return Err(Failure::usage(message).hint("name the file itself"));
    }
    let folders = [
        (Some(place.folder()?), "the ledger"),
        (Some(&*place.keys), "the keys"),
        (rows.captures.as_deref(), "the ledger that holds the captures"),
    ];
    for (folder, what) in folders {
        if folder.is_some_and(|folder| real_path.starts_with(real(folder))) {
            let message =
                format!("{}: the report would stand in the folder of {what}", path.display());
            return Err(Failure::usage(message).hint(ELSEWHERE));
        }
    }
    Ok(Some(path))
}

/// The path without links, as far as it leads to something.
fn real(path: &Path) -> PathBuf {
    if let Ok(real) = path.canonicalize() {
        return real;
    }
    let above = path.parent().filter(|above| !above.as_os_str().is_empty());
    match (above.unwrap_or(Path::new(".")).canonicalize(), path.file_name()) {
        (Ok(above), Some(name)) => above.join(name),
        _ => path.to_owned(),
    }
}

impl Telling {
    pub(crate) fn begin(path: Option<&Path>, form: Form) -> Result<Self, Failure> {
        let report = path.map(Output::create).transpose();
        let report = report.map_err(|error| Failure::from(error).hint(ELSEWHERE))?;
        let path = path.map(Path::to_owned);
        let mut telling = Self { report, path, form, rows: 0, refused: Vec::new(), failure: None };
        telling.write(&form.head());
        Ok(telling)
    }

    pub(crate) fn row(&mut self, outcome: &RowOutcome) {
        self.rows += 1;
        let bytes = self.form.row(outcome);
        self.write(&bytes);
        if let (Status::Refused, Some(problem)) = (outcome.status, &outcome.problem)
            && self.refused.len() < MAX_SHOWN
        {
            let (row, line, hint) = (outcome.row, outcome.line, problem.hint.clone());
            self.refused.push(Told { row, line, problem: problem.what.clone(), hint });
        }
    }

    fn write(&mut self, bytes: &[u8]) {
        let written = self.report.as_mut().map_or(Ok(()), |report| report.write(bytes));
        if let Err(error) = written {
            self.failure.get_or_insert(error.into());
        }
    }

    /// Puts the report in place; the rows that were refused.
    pub(crate) fn finish(mut self, added: u64) -> Result<Vec<Told>, Failure> {
        self.place().map_err(|failure| {
            let taken = self.taken(added);
            failure.hint(format!("{taken}; only the report is missing"))
        })?;
        Ok(self.refused)
    }

    /// Says of an import that ended before its file did what is in, and keeps the report as far as
    /// it goes. Where nothing was answered, an earlier report stays.
    pub(crate) fn break_off(mut self, failure: Failure, added: u64) -> Failure {
        if self.rows == 0 {
            return failure;
        }
        let failure = failure.hint(format!(
            "before that, {}; import the file again, and it goes on from there",
            self.taken(added)
        ));
        match (self.place(), &self.path) {
            (Err(other), _) => failure.hint(format!("there is no report: {}", other.message())),
            (Ok(()), Some(path)) => failure.hint(format!("the answers so far: {}", path.display())),
            (Ok(()), None) => failure,
        }
    }

    fn place(&mut self) -> Result<(), Failure> {
        match (self.failure.take(), self.report.take()) {
            (Some(failure), _) => Err(failure),
            (None, Some(report)) => Ok(report.finish()?),
            (None, None) => Ok(()),
        }
    }

    fn taken(&self, added: u64) -> String {
        let were = if self.rows == 1 { "was" } else { "were" };
        let rows = format!("{} {were}", counted(self.rows, "row"));
        match added {
            0 => format!("{rows} read, and nothing was appended"),
            1 => format!("{rows} taken, and 1 new entry is in the ledger"),
            added => format!("{rows} taken, and {added} new entries are in the ledger"),
        }
    }
}

pub(crate) fn counted(count: u64, thing: &str) -> String {
    format!("{count} {thing}{}", if count == 1 { "" } else { "s" })
}
