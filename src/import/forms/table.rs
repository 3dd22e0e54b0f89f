//! Tables: CSV and TSV with the names of the columns in the first row, read row by row as a column
//! map says.

use std::io::{self, Read};

use csv::ByteRecord;

use crate::claimfile::fault::did_you_mean;
use crate::import::draft::{MAX_ROW, Problem, Row, RowDraft, RowProblem};
use crate::import::forms::cells::{Event, Events, Guard, Kind};
use crate::import::forms::columns::map::ColumnMap;
use crate::import::forms::columns::parse;
use crate::import::forms::columns::ready;
use crate::import::forms::columns::row;
use crate::import::forms::columns::template::Cells;
use crate::import::forms::strict_json::not_utf8;

/// The most columns of a table: what spreadsheets hold.
const MAX_COLUMNS: usize = 16_384;

/// A table as rows.
pub struct Reader<'m, R> {
    parser: csv::Reader<Guard<R>>,
    events: Events,
    names: Vec<String>,
    map: &'m ColumnMap,
    row: u64,
    failure: Option<io::Error>,
}

/// Why a table cannot be read at all.
#[derive(Debug)]
pub enum Unusable {
    /// The stream failed.
    Stream(io::Error),
    /// Its first row does not fit the map, or is no row of names.
    Head(Problem),
}

/// A row as the parser and its guard see it.
struct Raw {
    line: u64,
    cells: ByteRecord,
    problem: Option<Problem>,
}

impl<'m, R: Read> Reader<'m, R> {
    /// Opens a table, and reads the names of its columns.
    pub fn new(stream: R, delimiter: u8, map: &'m ColumnMap) -> Result<Self, Unusable> {
        let delimiter = map.table.delimiter.unwrap_or(delimiter);
        let guard = Guard::new(stream, delimiter, map.table.quotes);
        let events = guard.events();
        let parser = csv::ReaderBuilder::new()
            .delimiter(delimiter)
            .quoting(map.table.quotes)
            .has_headers(false)
            .flexible(true)
            .from_reader(guard);
        let mut reader = Self { parser, events, names: Vec::new(), map, row: 0, failure: None };
        let head = reader.raw().map_err(Unusable::Stream)?;
        let head = head.ok_or_else(|| Unusable::Head(Problem::new("the table is empty")))?;
        let name = |number| format!("column {}", number + 1);
        let names = texts(&head, name).map_err(|problem| {
            let what = format!("the names of the columns: {}", problem.what);
            Unusable::Head(Problem { what, ..problem })
        })?;
        reader.names = names.iter().map(|name| name.trim().to_owned()).collect();
        reader.check_names().map_err(Unusable::Head)?;
        Ok(reader)
    }

    /// Why the stream could not be read to its end.
    pub fn failure(&mut self) -> Option<io::Error> {
        self.failure.take()
    }

    fn check_names(&self) -> Result<(), Problem> {
        if self.names.len() > MAX_COLUMNS {
            let what = format!("{} columns, expected at most {MAX_COLUMNS}", self.names.len());
            return Err(Problem::new(what));
        }
        for column in self.map.columns() {
            match self.names.iter().filter(|name| *name == column).count() {
                1 => {}
                0 => {
                    let near = did_you_mean(column, self.names.iter().map(String::as_str));
                    let what =
                        format!("the table has no column {column:?}, which the map names{near}");
                    let parted = unparted(&self.names).unwrap_or_else(|| shown(&self.names));
                    return Err(Problem::new(what).hint(parted));
                }
                several => {
                    let what = format!("the table has {several} columns {column:?}");
                    return Err(Problem::new(what).hint("give each another name"));
                }
            }
        }
        Ok(())
    }

    /// The next row of the parser, with what its guard saw of it.
    fn raw(&mut self) -> io::Result<Option<Raw>> {
        let mut cells = ByteRecord::new();
        if !self.parser.read_byte_record(&mut cells).map_err(io::Error::from)? {
            return Ok(None);
        }
        let end = self.parser.position().byte();
        let (mut line, mut problem) = (0, None);
        let mut events = self.events.borrow_mut();
        while let Some(Event { kind, .. }) = events.front().filter(|event| event.at < end).copied()
        {
            events.pop_front();
            match kind {
                Kind::Start(at) => line = at,
                kind => problem = problem.or_else(|| wrong(kind)),
            }
        }
        Ok(Some(Raw { line, cells, problem }))
    }

    fn take(&mut self, raw: &Raw) -> Row {
        self.row += 1;
        let (row, line) = (self.row, raw.line);
        let refused = |(problem, is_left_out)| RowProblem {
            row,
            line,
            problem,
            is_left_out,
            own_label: None,
        };
        let cells = self.cells(raw).map_err(refused)?;
        let cells = Cells { names: &self.names, cells: &cells };
        let draft = row::draft(self.map, cells).map_err(refused)?;
        let length = raw.cells.as_slice().len();
        Ok(Box::new(RowDraft { row, line, length, ..draft }))
    }

    fn cells(&self, raw: &Raw) -> Result<Vec<String>, (Problem, bool)> {
        if let Some(problem) = &raw.problem {
            return Err((problem.clone(), false));
        }
        if raw.cells.iter().all(|cell| cell.trim_ascii().is_empty()) {
            return Err((Problem::new("the row is empty"), true));
        }
        let (found, expected) = (raw.cells.len(), self.names.len());
        if found != expected {
            let what = format!("the row has {found} cells, expected {expected}");
            let hint = if found > expected {
                "a cell that holds a comma or a line break stands in quotation marks"
            } else {
                "cells are missing, or a line break stands in one without quotation marks"
            };
            return Err((Problem::new(what).hint(hint), false));
        }
        let name = |number: usize| format!("the column {:?}", self.names[number]);
        texts(raw, name).map_err(|problem| (problem, false))
    }
}

/// A ready map whose columns a table has, for who gave none.
pub fn ready_map_for(first_line: &str, delimiter: u8) -> Option<&'static str> {
    let mut parser = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(false)
        .from_reader(first_line.trim_start_matches('\u{feff}').as_bytes());
    let names = parser.records().next()?.ok()?;
    let fits = |map: &ready::Ready| {
        let columns = parse::parse(map.text.as_bytes()).ok();
        columns
            .is_some_and(|map| map.columns().iter().all(|it| names.iter().any(|name| name == *it)))
    };
    ready::MAPS.into_iter().find(fits).map(|map| map.name)
}

/// What the guard saw wrong, in words.
fn wrong(kind: Kind) -> Option<Problem> {
    let (what, hint) = match kind {
        Kind::Start(_) => return None,
        Kind::TooLong => (
            format!("the row has more than {MAX_ROW} bytes"),
            "perhaps a quotation mark is opened and never closed",
        ),
        Kind::StrayQuote(line) => (
            format!("a quotation mark within a quoted cell is not doubled, on line {line}"),
            "in a quoted cell \" is written \"\"; if the file knows no quoted cells, the map says \
             `quotes = false`",
        ),
        Kind::Unclosed(line) => (
            format!("a quotation mark is opened on line {line} and never closed"),
            "all that follows it was taken for one cell: close it, and import the file again",
        ),
    };
    Some(Problem::new(what).hint(hint))
}

/// The cells as text; `name` says what to call a column, counted from 0.
fn texts(raw: &Raw, name: impl Fn(usize) -> String) -> Result<Vec<String>, Problem> {
    if let Some(problem) = &raw.problem {
        return Err(problem.clone());
    }
    let cells = raw.cells.iter().enumerate().map(|(number, cell)| {
        if let Some(place) = cell.iter().position(|byte| *byte == 0) {
            let what = format!("{}: byte {} is zero, expected text", name(number), place + 1);
            return Err(Problem::new(what).hint("the file is damaged, or in UTF-16 without a mark"));
        }
        let text = std::str::from_utf8(cell).map_err(|error| {
            let problem = not_utf8(cell, error.valid_up_to());
            Problem { what: format!("{}: {}", name(number), problem.what), ..problem }
        })?;
        Ok(text.to_owned())
    });
    cells.collect()
}

/// What to do about a first row that was not parted, or in the wrong places: another sign stands at
/// least as often in its names as there are names.
fn unparted(names: &[String]) -> Option<String> {
    let count = |sign: char| names.iter().map(|name| name.matches(sign).count()).sum::<usize>();
    let sign = [';', '\t', '|', ','].into_iter().find(|sign| count(*sign) >= names.len())?;
    let written = if sign == '\t' { "tab".to_owned() } else { sign.to_string() };
    Some(format!("are the cells parted by {written:?}? The map says it: `delimiter = {written:?}`"))
}

fn shown(names: &[String]) -> String {
    let names: Vec<String> = names.iter().take(20).map(|name| format!("{name:?}")).collect();
    format!("its first row names {}", names.join(", "))
}

impl<R: Read> Iterator for Reader<'_, R> {
    type Item = Row;

    fn next(&mut self) -> Option<Row> {
        match self.raw() {
            Ok(raw) => raw.map(|raw| self.take(&raw)),
            Err(error) => {
                self.failure = Some(error);
                None
            }
        }
    }
}
