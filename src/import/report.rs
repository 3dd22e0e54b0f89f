//! The report of an import: one line for each row, as CSV or as JSON Lines.

use serde::Serialize;

use crate::attribution::id::Id;
use crate::import::outcome::{RowOutcome, Status};

/// The form of a report: that of the file it reports on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// CSV (RFC 4180), for spreadsheets.
    Csv,
    /// JSON Lines.
    Jsonl,
}

const COLUMNS: [&str; 8] = ["row", "line", "status", "entry", "id", "problem", "hint", "notes"];

#[derive(Serialize)]
struct Json<'a> {
    row: u64,
    line: u64,
    status: Status,
    entry: Option<u64>,
    id: Option<Id>,
    problem: Option<&'a str>,
    hint: Option<&'a str>,
    notes: Vec<String>,
}

impl Form {
    /// How a file of this form is named: `NAME.report.csv`.
    pub fn ending(self) -> &'static str {
        match self {
            Self::Csv => "report.csv",
            Self::Jsonl => "report.jsonl",
        }
    }

    /// What stands above the first row.
    pub fn head(self) -> Vec<u8> {
        match self {
            Self::Csv => csv_line(&COLUMNS.map(str::to_owned)),
            Self::Jsonl => Vec::new(),
        }
    }

    /// One row, with its line end.
    pub fn row(self, it: &RowOutcome) -> Vec<u8> {
        let problem = it.problem.as_ref();
        let what = problem.map(|problem| problem.what.as_str());
        let hint = problem.and_then(|problem| problem.hint.as_deref());
        let notes = it.notes_in_words();
        match self {
            Self::Jsonl => {
                let RowOutcome { row, line, status, entry, id, .. } = *it;
                let json = Json { row, line, status, entry, id, problem: what, hint, notes };
                let mut bytes = serde_json::to_vec(&json).expect("reports have text keys");
                bytes.push(b'\n');
                bytes
            }
            Self::Csv => csv_line(&[
                it.row.to_string(),
                it.line.to_string(),
                status_word(it.status).to_owned(),
                it.entry.map(|entry| entry.to_string()).unwrap_or_default(),
                it.id.map(|id| id.to_string()).unwrap_or_default(),
                harmless(what.unwrap_or_default()),
                harmless(hint.unwrap_or_default()),
                harmless(&notes.join("; ")),
            ]),
        }
    }
}

/// The status as both forms write it.
pub fn status_word(status: Status) -> &'static str {
    match status {
        Status::New => "new",
        Status::Already => "already",
        Status::Refused => "refused",
        Status::LeftOut => "left_out",
    }
}

/// A cell that no spreadsheet takes for a formula: messages repeat words of the file, and a cell
/// that begins with one of these signs would be computed (OWASP, "CSV Injection").
fn harmless(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) {
        return format!("'{text}");
    }
    text.to_owned()
}

fn csv_line(cells: &[String]) -> Vec<u8> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(cells).expect("memory");
    writer.into_inner().expect("memory")
}

#[cfg(test)]
mod tests {
    use super::Form;
    use crate::import::draft::Problem;
    use crate::import::outcome::{Alike, Other, RowOutcome, Status};

    fn outcome(what: &str) -> RowOutcome {
        RowOutcome {
            row: 2,
            line: 3,
            status: Status::Refused,
            entry: None,
            id: None,
            problem: Some(Problem::new(what).hint("mend, or leave it")),
            alike: None,
            notes: Vec::new(),
        }
    }

    #[test]
    fn a_report_is_a_table_that_no_spreadsheet_computes() {
        let head = String::from_utf8(Form::Csv.head()).unwrap();
        assert_eq!(head, "row,line,status,entry,id,problem,hint,notes\n");
        let row = |what: &str| String::from_utf8(Form::Csv.row(&outcome(what))).unwrap();
        assert_eq!(row("a \"b\""), "2,3,refused,,,\"a \"\"b\"\"\",\"mend, or leave it\",\n");
        for begin in ["=", "+", "-", "@", "\t"] {
            let row = row(&format!("{begin}cmd|' /C calc'!A0"));
            assert!(row.contains(&format!("'{begin}cmd")), "{row}");
        }
    }

    #[test]
    fn the_same_words_by_another_are_told() {
        let alike = Some(Alike { entry: 41, by: Other::Speaker });
        let new = RowOutcome { alike, problem: None, status: Status::New, ..outcome("") };
        let row = String::from_utf8(Form::Jsonl.row(&new)).unwrap();
        let row: serde_json::Value = serde_json::from_str(&row).unwrap();
        assert_eq!(row["notes"][0], "entry 41 has the same words by another speaker");
        assert_eq!((row["status"].as_str(), row["problem"].is_null()), (Some("new"), true));
    }
}
