//! What became of a row, and of all of them.

use serde::Serialize;

use crate::attribution::id::Id;
use crate::import::draft::Problem;

/// What became of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It went in, or would in a dry run.
    New,
    /// The ledger had all of it, or an earlier row of the same file brought it.
    Already,
    /// Something is wrong with it; nothing of it went in.
    Refused,
    /// It was passed over on purpose.
    LeftOut,
}

/// A statement that says the same in another's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Alike {
    /// Its entry.
    pub entry: u64,
    /// In whose name.
    pub by: Other,
}

/// In whose name a statement says the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Other {
    /// The same words and act, by another speaker.
    Speaker,
    /// The same record, by another recorder.
    Recorder,
}

/// One line of the report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowOutcome {
    /// Which row of data, counted from 1.
    pub row: u64,
    /// The line of the file on which it begins, counted from 1.
    pub line: u64,
    /// What became of it.
    pub status: Status,
    /// The entry of its main record: of the claim, or else of the last one.
    pub entry: Option<u64>,
    /// The id of its main record; none in a dry run, where ids depend on the time.
    pub id: Option<Id>,
    /// Why it did not go in.
    pub problem: Option<Problem>,
    /// What says the same in another's name, for a row that is new.
    pub alike: Option<Alike>,
    /// What its recorder should look at again.
    pub notes: Vec<String>,
}

impl RowOutcome {
    /// All that is to be noted of the row, in words.
    pub fn notes_in_words(&self) -> Vec<String> {
        let alike = self.alike.map(|Alike { entry, by }| match by {
            Other::Speaker => format!("entry {entry} has the same words by another speaker"),
            Other::Recorder => format!("entry {entry} is the same record by another recorder"),
        });
        alike.into_iter().chain(self.notes.iter().cloned()).collect()
    }
}

/// How many rows became what.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// All rows of data.
    pub rows: u64,
    /// Those that went in, or would.
    pub new: u64,
    /// Those that were there.
    pub already: u64,
    /// Those that were refused.
    pub refused: u64,
    /// Those that were passed over on purpose.
    pub left_out: u64,
    /// Statements that were appended, or would be.
    pub statements: u64,
}

impl Summary {
    /// Counts one row.
    pub fn count(&mut self, status: Status) {
        self.rows += 1;
        *match status {
            Status::New => &mut self.new,
            Status::Already => &mut self.already,
            Status::Refused => &mut self.refused,
            Status::LeftOut => &mut self.left_out,
        } += 1;
    }
}
