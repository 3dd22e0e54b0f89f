//! JSON Lines: one record on each line, as `whosaid log --json` prints it, or only the record.
//!
//! The ids of another ledger become labels, so that references among the lines hold in this one
//! too. Its charter and keys are left out: they say who may sign there, and mean nothing here.

use std::io::{self, BufRead};

use serde_json::{Map, Value};

use crate::attribution::id::Id;
use crate::attribution::record::Record;
use crate::attribution::record::document::Capture;
use crate::claimfile::fault::did_you_mean;
use crate::hash::Hash;
use crate::import::draft::{Draft, MAX_ROW, Problem, Row, RowDraft, RowProblem, line_label};
use crate::import::forms::ids::{look_at_clock, look_at_id};
use crate::import::forms::lines::{self, Lines};
use crate::import::forms::straight::{self, BESIDE, Line};
use crate::import::forms::{record_json, strict_json};

/// The label of a line that has none.
const NAMELESS: Id = Id::from_hash(Hash::from_bytes([0; 32]));

/// The media type of a capture that is given as `text`.
const PLAIN: &str = "text/plain; charset=utf-8";

/// Brings the bytes of a capture by their digest, if they are at hand.
pub type Bring<'b> = dyn FnMut(&Hash) -> Option<Vec<u8>> + 'b;

/// A file of JSON Lines as rows.
pub struct Reader<'b, R> {
    lines: Lines<R>,
    bring: &'b mut Bring<'b>,
    row: u64,
    failure: Option<io::Error>,
}

/// What a line says, taken apart.
enum Said {
    Drafts(Box<RowDraft>),
    LeftOut(Problem),
}

impl<'b, R: BufRead> Reader<'b, R> {
    /// The rows of a stream.
    pub fn new(stream: R, bring: &'b mut Bring<'b>) -> Self {
        Self { lines: Lines::new(stream), bring, row: 0, failure: None }
    }

    /// Why the stream could not be read to its end.
    pub fn failure(&mut self) -> Option<io::Error> {
        self.failure.take()
    }
}

/// What a line brings as the row of this number.
fn read_row(line: &lines::Line<'_>, row: u64, bring: &mut Bring<'_>) -> Row {
    let line_number = line.number;
    let refused = |problem, is_left_out, own_label| {
        Err(RowProblem { row, line: line_number, problem, is_left_out, own_label })
    };
    let Some(bytes) = line.bytes else {
        let what = format!("the line has more than {MAX_ROW} bytes");
        let problem = Problem::new(what).hint("each record stands on its own line");
        return refused(problem, false, None);
    };
    let mut own_label = None;
    match read_line(bytes, row, bring, &mut own_label) {
        Ok(Said::Drafts(mut draft)) => {
            (draft.row, draft.line, draft.length) = (row, line_number, bytes.len());
            draft.own_label = own_label;
            Ok(draft)
        }
        Ok(Said::LeftOut(problem)) => refused(problem, true, own_label),
        Err(problem) => refused(problem, false, own_label),
    }
}

fn read_line(
    bytes: &[u8],
    row: u64,
    bring: &mut Bring<'_>,
    own_label: &mut Option<String>,
) -> Result<Said, Problem> {
    // The mark may stand at the beginning of a file, and nowhere else.
    let bytes = match bytes.strip_prefix(b"\xef\xbb\xbf") {
        Some(rest) if row == 1 => rest,
        _ => bytes,
    };
    let Some(line) = take_apart(bytes, own_label)? else {
        return Ok(Said::LeftOut(Problem::new("the entry is withheld")));
    };
    let Line { label, id, text, record, keyed } = line;
    let given = label.map(|name| line_label(&name)).or(id.map(Id::from_hash));
    // Nobody refers to a line without a label.
    let keeps_labels = given.is_some();
    let mut draft = Box::new(RowDraft { keyed, keeps_labels, ..RowDraft::default() });
    let label = given.unwrap_or(NAMELESS);
    if matches!(*record, Record::Charter(_) | Record::Key(_)) {
        let what = format!("a {} record says who may sign in another ledger", record.kind());
        return Ok(Said::LeftOut(Problem::new(what)));
    }
    draft.notes.extend(look_at_ids(&record)?);
    let record = captured(record, text, bring, &mut draft)?;
    draft.drafts = vec![Draft::new(label, record)];
    Ok(Said::Drafts(draft))
}

/// The record with the bytes of its captures, as far as they are at hand.
fn captured(
    mut record: Box<Record>,
    text: Option<String>,
    bring: &mut Bring<'_>,
    draft: &mut RowDraft,
) -> Result<Box<Record>, Problem> {
    if let Some(text) = text {
        let digest = Hash::of(text.as_bytes());
        if let Record::Document(document) = &mut *record
            && document.captures.is_empty()
        {
            document.captures.push(Capture::of(digest, text.len() as u64, PLAIN));
        }
        if record.captures().iter().all(|capture| capture.digest != digest) {
            let what = format!("`text` has the sha-256 {digest}, which the record does not name");
            return Err(Problem::new(what).hint("the text was changed, or is of another record"));
        }
        draft.captures.push(text.into_bytes());
    }
    for capture in record.captures() {
        let given = draft.captures.iter().any(|bytes| Hash::of(bytes) == capture.digest);
        let brought = (!given).then(|| bring(&capture.digest)).flatten();
        draft.captures.extend(brought);
    }
    Ok(record)
}

/// Whether a spreadsheet has been over the ids of platforms on their way here.
fn look_at_ids(record: &Record) -> Result<Option<String>, Problem> {
    match record {
        Record::Channel(channel) => channel.platform_id.as_deref().map_or(Ok(None), look_at_id),
        Record::Document(document) => {
            let published = document.published.as_ref();
            document.url.as_deref().map_or(Ok(None), |url| look_at_clock(url, published))
        }
        _ => Ok(None),
    }
}

/// What stands on a line; `None` if it is an entry whose record is withheld. The label that it gives
/// itself is known even if all else is wrong with it.
fn take_apart(bytes: &[u8], own_label: &mut Option<String>) -> Result<Option<Line>, Problem> {
    let Some(line) = straight::read(bytes) else { return as_tree(bytes, own_label) };
    debug_assert_eq!(as_tree(bytes, &mut None).ok().flatten().as_ref(), Some(&line));
    own_label.clone_from(&line.label);
    Ok(Some(line))
}

fn as_tree(bytes: &[u8], own_label: &mut Option<String>) -> Result<Option<Line>, Problem> {
    let Value::Object(mut line) = strict_json::read(bytes)? else {
        return Err(Problem::new("expected a JSON object, as {\"claim\": {…}}"));
    };
    let (label, id) = names(&mut line, own_label)?;
    let text = match line.remove("text") {
        None => None,
        Some(Value::String(text)) => Some(text),
        Some(_) => return Err(Problem::new("`text` is no text in quotation marks")),
    };
    let record = match line.remove("record") {
        Some(Value::Null) => return Ok(None),
        Some(record) => {
            refuse_unknown(&line)?;
            record
        }
        None => {
            line.remove("id");
            Value::Object(line)
        }
    };
    let mut keyed = Vec::new();
    let record = Box::new(record_json::read(record, &mut keyed)?);
    Ok(Some(Line { label, id, text, record, keyed }))
}

/// By what later lines refer to this one: the name that it gives itself, or the id it has elsewhere.
fn names(
    line: &mut Map<String, Value>,
    own_label: &mut Option<String>,
) -> Result<(Option<String>, Option<Hash>), Problem> {
    let name = line.remove("label");
    *own_label = name.as_ref().and_then(Value::as_str).map(str::to_owned);
    match (name, line.get("id")) {
        (Some(Value::String(name)), None) => Ok((Some(name), None)),
        (Some(_), Some(_)) => {
            Err(Problem::new("found both `label` and `id`, expected one of them"))
        }
        (Some(_), None) => Err(Problem::new("`label` is no text in quotation marks")),
        (None, Some(Value::String(id))) => match Hash::from_hex(id) {
            Some(hash) => Ok((None, Some(hash))),
            None => Err(Problem::new(format!("`id` is {id:?}, expected 64 hex digits"))),
        },
        (None, Some(_)) => Err(Problem::new("`id` is no text in quotation marks")),
        (None, None) => Ok((None, None)),
    }
}

fn refuse_unknown(line: &Map<String, Value>) -> Result<(), Problem> {
    let unknown = line.keys().find(|name| !BESIDE.contains(&name.as_str()));
    let Some(name) = unknown else { return Ok(()) };
    let near = did_you_mean(name, BESIDE);
    Err(Problem::new(format!("unknown field `{name}`{near}"))
        .hint("a record's own fields stand within `record`"))
}

impl<R: BufRead> Iterator for Reader<'_, R> {
    type Item = Row;

    fn next(&mut self) -> Option<Row> {
        let Self { lines, bring, row, failure } = self;
        loop {
            match lines.next_line() {
                Ok(Some(line)) if line.bytes.is_some_and(|it| it.trim_ascii().is_empty()) => {}
                Ok(Some(line)) => {
                    *row += 1;
                    return Some(read_row(&line, *row, bring));
                }
                Ok(None) => return None,
                Err(error) => {
                    *failure = Some(error);
                    return None;
                }
            }
        }
    }
}
