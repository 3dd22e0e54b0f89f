//! `whosaid import FILE`: rows in bulk, each with its answer; and the column maps that come with
//! the program.

use std::cell::Cell;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::cli::arguments::Import;
use crate::cli::cosigned;
use crate::cli::failure::{self, Exit, Failure};
use crate::cli::import_options::{Maps, RowFormat, Rows};
use crate::cli::import_report::{self, Telling, Told, counted};
use crate::cli::open::{Desk, Place, no_ledger_at, threads};
use crate::cli::stop::Stop;
use crate::cli::terminal::Terminal;
use crate::evidence::capture::{self, MAX_CAPTURE};
use crate::hash::Hash;
use crate::import::draft::Row;
use crate::import::engine::{self, BLOCK, COMMIT};
use crate::import::forms::columns::map::ColumnMap;
use crate::import::forms::columns::{parse, ready};
use crate::import::forms::format::{self, BEGINNING, Format};
use crate::import::forms::ld_page::{self, Script};
use crate::import::forms::{claimreview, decoding, jsonl, table};
use crate::import::looking;
use crate::import::outcome::{RowOutcome, Summary};
use crate::import::report::Form;
use crate::ledger::asking::Asked;
use crate::ledger::batch::{self, Recorder};
use crate::ledger::reading;
use crate::store::STATE;
use crate::store::loose;
use crate::store::source::Source;
use crate::store::stream::Input;

/// The largest page that is looked through for fact-checks, in bytes: pages of publishers have a
/// few hundred thousand.
const MAX_PAGE: u64 = 16 * 1024 * 1024;

#[derive(Serialize)]
struct Json<'a> {
    schema: &'static str,
    ok: bool,
    dry_run: bool,
    #[serde(flatten)]
    summary: Summary,
    report: Option<&'a Path>,
    /// The first rows that were refused.
    refused_rows: &'a [Told],
    tree_size: u64,
    root: Hash,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    witnesses: Vec<cosigned::Row>,
}

/// What is imported, and how.
struct Task<'a> {
    rows: &'a Rows,
    name: String,
    input: Input,
    format: Format,
    map: Option<ColumnMap>,
    encoding: Option<&'static encoding_rs::Encoding>,
}

pub(crate) fn run(place: &Place, import: &Import, terminal: &Terminal) -> Result<Exit, Failure> {
    let Import { rows, signing, .. } = import;
    let Some(file) = rows.file.as_deref() else {
        let failure = Failure::usage("no file is given, expected `whosaid import FILE`");
        return Err(failure.hint("`whosaid import --help` has examples"));
    };
    let from_stdin = file == Path::new("-");
    if from_stdin && signing.passphrase_file.as_deref() == Some(file) {
        let message = "standard input cannot give both the rows and the passphrase";
        return Err(Failure::usage(message).hint("put one of them into a file"));
    }
    import_report::refuse_nameless(rows, file)?;
    let mut task = task(place, rows, file, signing.dry_run)?;
    let form = if task.map.is_some() { Form::Csv } else { Form::Jsonl };
    let report = import_report::path(place, import, file, form)?;
    let mut desk = place.desk(signing)?;
    // Under the ledger's lock, so that no other import of the same file writes there.
    let mut telling = Telling::begin(report.as_deref(), form)?;
    let begun_at = desk.ledger.tree_size();
    let bar = terminal.progress_of_bytes(task.input.length, "importing");
    if !bar.is_hidden() && !signing.dry_run {
        terminal.talk("(whatever is committed stays: if this is interrupted, run it again)");
    }
    let stop = Stop::listen();
    let mut dry_run = signing.dry_run;
    if rows.all_or_nothing && !dry_run {
        let mut silent = Telling::begin(None, form)?;
        let summary = task.import(&mut desk, true, &mut silent, (&bar, &stop))?;
        task.input.rewind()?;
        // With one row refused the run that is reported is the one that appends nothing.
        dry_run = summary.refused > 0;
    }
    let done = task.import(&mut desk, dry_run, &mut telling, (&bar, &stop));
    bar.finish_and_clear();
    desk.remember(terminal);
    let added = desk.ledger.tree_size() - begun_at;
    let summary = match done {
        Ok(summary) => summary,
        Err(failure) => return Err(telling.break_off(failure, added)),
    };
    let refused = telling.finish(added)?;
    let stopped = rows.all_or_nothing && dry_run && !signing.dry_run;
    tell(&desk, summary, dry_run, (report.as_deref(), &refused, stopped), terminal);
    Ok(if summary.refused > 0 { Exit::DoesNotHold } else { Exit::Holds })
}

/// Lists the maps that come with the program, or prints one.
pub(crate) fn maps(maps: &Maps, terminal: &Terminal) -> Result<Exit, Failure> {
    #[derive(Serialize)]
    struct Listed {
        schema: &'static str,
        name: &'static str,
        about: String,
    }
    if let Some(name) = &maps.name {
        let map = ready::named(name).ok_or_else(|| no_such_map(name))?;
        terminal.document(map.text);
        return Ok(Exit::Holds);
    }
    for map in ready::MAPS {
        let about = parse::parse(map.text.as_bytes())?.about.unwrap_or_default();
        terminal.line(format!("{:<20} {about}", map.name));
        terminal.object(&Listed { schema: "whosaid.import-map/1", name: map.name, about });
    }
    Ok(Exit::Holds)
}

fn no_such_map(name: &str) -> Failure {
    let known: Vec<&str> = ready::MAPS.iter().map(|map| map.name).collect();
    Failure::new(failure::INPUT, format!("{name:?} is neither a file nor a map of the program"))
        .hint(format!("the program's maps are {}", known.join(", ")))
}

/// Opens the file and finds out what it is.
fn task<'a>(
    place: &Place,
    rows: &'a Rows,
    file: &Path,
    dry_run: bool,
) -> Result<Task<'a>, Failure> {
    let (name, mut input) = input(place, file, rows.all_or_nothing && !dry_run)?;
    let mut beginning = Vec::new();
    let read = (&input).take(BEGINNING as u64).read_to_end(&mut beginning);
    read.map_err(|error| input.failed(error))?;
    input.rewind()?;
    if beginning.trim_ascii().is_empty() {
        return Err(Failure::new(failure::INPUT, format!("{name}: the file is empty")));
    }
    let encoding = match &rows.encoding {
        None => decoding::by_mark(&beginning),
        Some(name) => Some(decoding::named(name).ok_or_else(|| {
            Failure::usage(format!("{name:?} is no encoding that is known here"))
                .hint("names are those of the web: utf-8, windows-1252, gbk, utf-16le, …")
        })?),
    };
    let format = format_of(rows, &name, &beginning)?;
    let map = match format {
        Format::Csv | Format::Tsv => Some(map(rows, &name, &beginning, format)?),
        _ if rows.map.is_some() => {
            let message = "--map is for tables (CSV, TSV), and this is none";
            return Err(Failure::usage(message).hint("--format says that a file is a table"));
        }
        _ => {
            refuse_encodings(rows, &name, &beginning)?;
            None
        }
    };
    Ok(Task { rows, name, input, format, map, encoding })
}

/// The file, and what messages call it. What is read twice is copied first, so that it is the same
/// both times; and what can be read only once, for its beginning shows what it is.
fn input(place: &Place, file: &Path, is_read_twice: bool) -> Result<(String, Input), Failure> {
    if file == Path::new("-") {
        let name = "standard input".to_owned();
        let input = Input::spool(&mut io::stdin(), &spool_folder(place)?, &name)?;
        return Ok((name, input));
    }
    let (name, input) = (file.display().to_string(), Input::open(file)?);
    if input.is_file && !is_read_twice {
        return Ok((name, input));
    }
    let input = Input::spool(&mut &input, &spool_folder(place)?, &name)?;
    Ok((name, input))
}

/// The private folder of the ledger. Where there is no ledger none is made.
fn spool_folder(place: &Place) -> Result<PathBuf, Failure> {
    let folder = place.folder()?.join(STATE);
    let store = place.store()?;
    if reading::checkpoint(&store)?.is_none() && store.pending()?.is_none() {
        return Err(no_ledger_at(&place.ledger));
    }
    loose::create_folder(&folder)?;
    Ok(folder)
}

/// JSON and pages are read as UTF-8: the captures of fact-checks are their bytes as they stand.
fn refuse_encodings(rows: &Rows, name: &str, beginning: &[u8]) -> Result<(), Failure> {
    let hint = "save the file as UTF-8, or convert it: iconv -f UTF-16 -t UTF-8";
    if decoding::is_utf16(beginning) {
        let message = format!("{name}: the file is in UTF-16, expected UTF-8");
        return Err(Failure::new(failure::INPUT, message).hint(hint));
    }
    if rows.encoding.is_some() {
        let message = "--encoding is for tables (CSV, TSV), and this is none";
        return Err(Failure::usage(message).hint("save the file as UTF-8"));
    }
    Ok(())
}

fn format_of(rows: &Rows, name: &str, beginning: &[u8]) -> Result<Format, Failure> {
    if let Some(format) = rows.format {
        return Ok(match format {
            RowFormat::Jsonl => Format::Jsonl,
            RowFormat::Csv => Format::Csv,
            RowFormat::Tsv => Format::Tsv,
            RowFormat::ClaimReview => Format::ClaimReview,
        });
    }
    format::by_name(name).or_else(|| format::by_content(beginning)).ok_or_else(|| {
        let message = format!("{name}: neither its name nor its beginning shows what it is");
        Failure::new(failure::INPUT, message)
            .hint("--format says it: jsonl, csv, tsv or claimreview")
    })
}

/// The column map that is named: a file, or one of the program's.
fn map(rows: &Rows, name: &str, beginning: &[u8], format: Format) -> Result<ColumnMap, Failure> {
    let Some(path) = &rows.map else {
        let text = String::from_utf8_lossy(beginning);
        let head = text.lines().next().unwrap_or_default();
        let delimiter = if format == Format::Tsv { b'\t' } else { b',' };
        let message =
            format!("{name}: a table needs a column map, which says what its columns are");
        let failure = Failure::new(failure::INPUT, message);
        return Err(match table::ready_map_for(head, delimiter) {
            Some(ready) => failure.hint(format!("its columns are those of --map {ready}")),
            None => failure.hint("--map names one; docs/IMPORT.md says how it is written"),
        });
    };
    let named = path.to_str().filter(|_| !path.exists());
    let text = match named {
        Some(name) => ready::named(name).ok_or_else(|| no_such_map(name))?.text.as_bytes().to_vec(),
        None => loose::read_file(path, parse::MAX_SIZE as u64 + 1)?,
    };
    parse::parse(&text).map_err(|faults| {
        Failure::new(failure::INPUT, faults)
            .about(path.display())
            .hint("docs/IMPORT.md says how a map is written")
    })
}

impl Task<'_> {
    /// Takes all rows of the file, from its beginning.
    fn import(
        &self,
        desk: &mut Desk,
        dry_run: bool,
        telling: &mut Telling,
        (bar, stop): (&indicatif::ProgressBar, &Stop),
    ) -> Result<Summary, Failure> {
        let read = Cell::new(0);
        let stream = BufReader::new(Counted { input: &self.input, read: &read });
        let mut take = |rows: &mut dyn Iterator<Item = Row>| {
            let Desk { ledger, recorder, key, recorded_at, .. } = desk;
            let recorder = Recorder { name: recorder, key, recorded_at: *recorded_at };
            let options =
                engine::Options { dry_run, commit: COMMIT, block: BLOCK, threads: threads() };
            let mut report = |outcome: &RowOutcome| {
                bar.set_position(read.get());
                telling.row(outcome);
            };
            let mut rows = stop.until(rows);
            let done = engine::run(&mut rows, ledger, recorder, options, &mut report);
            done.map_err(|error| match error {
                looking::Error::Ledger(batch::Error::Ledger(error)) => desk.failed(error),
                looking::Error::Ledger(error) => error.into(),
                looking::Error::Threads(_) => Failure::new(failure::IO, error)
                    .hint("end other programs, or allow more processes (`ulimit -u`)"),
            })
        };
        let (done, failed) = match (self.format, &self.map) {
            (Format::Csv | Format::Tsv, Some(map)) => {
                let delimiter = if self.format == Format::Tsv { b'\t' } else { b',' };
                let named = map.table.encoding.as_deref().and_then(decoding::named);
                let stream: Box<dyn Read + '_> = match self.encoding.or(named) {
                    Some(encoding) => Box::new(decoding::Decoded::new(stream, encoding)),
                    None => Box::new(stream),
                };
                let opened = table::Reader::new(stream, delimiter, map);
                let mut rows = opened.map_err(|error| self.unusable(error))?;
                (take(&mut rows), rows.failure())
            }
            (Format::ClaimReview, _) => {
                let mut stream = stream;
                match self.page(&mut stream)? {
                    Some(page) => {
                        let scripts = self.scripts(&page)?;
                        (take(&mut claimreview::Reader::of_page(&scripts)), None)
                    }
                    None => {
                        let mut rows = claimreview::Reader::new(stream);
                        (take(&mut rows), rows.failure())
                    }
                }
            }
            _ => {
                let mut bring = |digest: &Hash| self.bring(digest);
                let mut rows = jsonl::Reader::new(stream, &mut bring);
                (take(&mut rows), rows.failure())
            }
        };
        let summary = done?;
        match failed {
            Some(error) => Err(self.input.failed(error).into()),
            None if stop.was_heeded() => {
                Err(Failure::new(failure::INTERRUPTED, "the import was interrupted"))
            }
            None => Ok(summary),
        }
    }

    /// The page; `None` if the file is none.
    fn page(&self, stream: &mut dyn io::BufRead) -> Result<Option<Vec<u8>>, Failure> {
        let failed = |error| Failure::from(self.input.failed(error));
        if !ld_page::is_page(stream.fill_buf().map_err(failed)?) {
            return Ok(None);
        }
        let mut page = Vec::new();
        stream.take(MAX_PAGE + 1).read_to_end(&mut page).map_err(failed)?;
        if page.len() as u64 > MAX_PAGE {
            let message = format!("{}: a page of more than {MAX_PAGE} bytes", self.name);
            return Err(Failure::new(failure::INPUT, message));
        }
        Ok(Some(page))
    }

    /// The scripts of a page that hold JSON-LD.
    fn scripts<'p>(&self, page: &'p [u8]) -> Result<Vec<Script<'p>>, Failure> {
        let scripts = ld_page::scripts(page);
        if scripts.is_empty() {
            let message = format!("{}: the page holds no JSON-LD", self.name);
            return Err(Failure::new(failure::INPUT, message)
                .hint("fact-checks are looked for in <script type=\"application/ld+json\">"));
        }
        Ok(scripts)
    }

    fn unusable(&self, error: table::Unusable) -> Failure {
        match error {
            table::Unusable::Stream(error) => self.input.failed(error).into(),
            table::Unusable::Head(problem) => {
                let failure = Failure::new(failure::INPUT, &problem).about(&self.name);
                problem.hint.iter().fold(failure, Failure::hint)
            }
        }
    }

    /// The bytes of a capture in the ledger's folder that was named.
    fn bring(&self, digest: &Hash) -> Option<Vec<u8>> {
        let path = self.rows.captures.as_ref()?.join(capture::path(digest));
        let bytes = loose::read_file(&path, MAX_CAPTURE).ok()?;
        (Hash::of(&bytes) == *digest).then_some(bytes)
    }
}

/// A stream whose bytes are counted, for a progress bar.
struct Counted<'a> {
    input: &'a Input,
    read: &'a Cell<u64>,
}

impl Read for Counted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut input = self.input;
        let count = input.read(buffer)?;
        self.read.set(self.read.get() + count as u64);
        Ok(count)
    }
}

fn tell(
    desk: &Desk,
    summary: Summary,
    dry_run: bool,
    (report, refused, stopped): (Option<&Path>, &[Told], bool),
    terminal: &Terminal,
) {
    /// How many refused rows people are shown; the report has them all.
    const SHOWN: usize = 10;
    let latest = latest(desk.ledger.asked());
    cosigned::tell(latest, terminal);
    let tree_size = desk.ledger.tree_size();
    terminal.object(&Json {
        schema: "whosaid.import-rows/1",
        ok: summary.refused == 0,
        dry_run,
        summary,
        report,
        refused_rows: refused,
        tree_size,
        root: desk.ledger.root(),
        witnesses: latest.iter().map(cosigned::Row::from).collect(),
    });
    for Told { row, line, problem, hint } in refused.iter().take(SHOWN) {
        terminal.talk(format!("row {row} (line {line}): {problem}"));
        if let Some(hint) = hint {
            terminal.talk(format!("hint: {hint}"));
        }
    }
    if let Some(more) = summary.refused.checked_sub(SHOWN as u64).filter(|more| *more > 0) {
        terminal.talk(format!("and {more} more"));
    }
    let Summary { rows, new, already, refused, left_out, statements } = summary;
    terminal.line(format!("Read {}.", counted(rows, "row")));
    for (word, count) in
        [("new", new), ("already", already), ("refused", refused), ("left out", left_out)]
    {
        if count > 0 {
            terminal.line(format!("{word:<9}{count:>6}"));
        }
    }
    terminal.line(match (dry_run, statements) {
        _ if stopped => format!(
            "Nothing was appended: of {}, {refused} refused, and it was to be all or nothing. The \
             ledger has {tree_size} entries.",
            counted(rows, "row")
        ),
        (_, 0) => format!("Nothing to append. The ledger has {tree_size} entries."),
        (true, _) => {
            let statements = counted(statements, "statement");
            format!("A dry run: {statements} would be appended; nothing was.")
        }
        (false, _) => {
            let statements = counted(statements, "statement");
            format!("Appended {statements}. The ledger has {tree_size} entries.")
        }
    });
    if let Some(report) = report {
        terminal.line(format!("Each row's answer: {}", report.display()));
    }
}

/// What came of the last asking: each commit asks all witnesses again.
fn latest(asked: &[Asked]) -> &[Asked] {
    let Some((last, before)) = asked.split_last() else { return asked };
    let same = before.iter().rposition(|it| it.witness == last.witness);
    &asked[same.map_or(0, |place| place + 1)..]
}
