//! The plain words that come with a bundle. They say nothing that the other files do not say, and
//! nothing rests on them: a check writes them again and compares.

use std::fmt::Write;

use crate::audit::line::one_line;
use crate::receipt::bundle::{Blob, Bundle, POLICY, READ_ME, RECEIPT, STATEMENT};
use crate::receipt::report::{NOT_SHOWN, Report};

/// What `READ-ME.txt` says, from what a check found and from the files beside it.
pub fn text(report: &Report, bundle: &Bundle) -> String {
    let origin = one_line(report.origin.as_deref().unwrap_or("unknown"));
    let id = report.id.map(|id| id.to_string()).unwrap_or_default();
    let (entry, size) = (report.entry_index.unwrap_or(0), report.tree_size.unwrap_or(0));
    let mut text = format!(
        "WHAT THIS IS\n\n\
         Proof that one entry stands in a public, append-only ledger of attributed claims: who said\n\
         what, through which document, on whose word.\n\n\
         ledger  {origin}\n\
         entry   {entry} of {size}\n\
         id      {id}\n"
    );
    let node = report.id.and_then(|id| report.story.graph.node(id));
    if let Some(node) = node {
        let statement = node.signed().statement();
        let _ = writeln!(text, "by      {}", one_line(statement.issuer()));
        let _ =
            writeln!(text, "at      {} (by the recorder's clock)", time(statement.recorded_at()));
        let _ = writeln!(text, "kind    {}", statement.record().kind());
    }
    if let Some(audit) = &report.story.audit {
        let said = one_line(&audit.said);
        let _ = write!(
            text,
            "\nWHAT THE ENTRY SAYS\n\n{}: {said}\n\n{}",
            one_line(&audit.speaker),
            audit.drawing
        );
    }
    text.push_str(
        "\nHOW TO CHECK IT\n\n\
         With the program `whosaid` and the publisher's policy, which names the ledger's key and\n\
         which you should have from the publisher, not from this file:\n\n\
         \u{20}   whosaid check --policy POLICY THIS-FILE.zip\n\n\
         This READ-ME.txt is for people. Rely on what the check prints, not on what stands here.\n\n\
         THE FILES\n\n",
    );
    let mut line = |name: &str, what: &str| {
        let _ = writeln!(text, "{name:18}  {what}");
    };
    line(READ_ME, "this text");
    line(RECEIPT, "the proof, in the C2SP tlog-proof format, with the statement in it");
    line(POLICY, "whose signatures count, as the sender has it (C2SP tlog-policy)");
    if bundle.statement.is_some() {
        line(STATEMENT, "the same as a SCITT transparent statement (RFC 9943)");
    }
    for blob in &bundle.captures {
        line(&blob.name(), &size_of(blob));
    }
    text.push_str("\nWHAT THIS DOES NOT PROVE\n\n");
    for sentence in NOT_SHOWN {
        let _ = writeln!(text, "{sentence}");
    }
    text
}

fn size_of(blob: &Blob) -> String {
    format!("{} bytes, as captured; the name is their SHA-256", blob.bytes.len())
}

/// A time for people, in UTC.
fn time(seconds: u64) -> String {
    let seconds = i64::try_from(seconds).ok();
    let time = seconds.and_then(|seconds| jiff::Timestamp::from_second(seconds).ok());
    time.map_or_else(|| "a time beyond the calendar".to_owned(), |time| time.to_string())
}
