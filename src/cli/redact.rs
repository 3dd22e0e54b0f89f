//! `whosaid redact`: a notice that an entry is withheld, and, if asked to, the end of the bytes that
//! it withholds.

use crate::attribution::id::Id;
use crate::attribution::record::Record;
use crate::attribution::record::notice::{Notice, NoticeKind};
use crate::attribution::statement::{self, Statement};
use crate::cli::added::{self, Besides, Erased, Kept, Row};
use crate::cli::capture_options::Redact;
use crate::cli::failure::{self, Exit, Failure};
use crate::cli::look;
use crate::cli::open::{Desk, Place};
use crate::cli::summary::{self, Names};
use crate::cli::terminal::Terminal;
use crate::ledger::erasing::{self, Erasure};
use crate::ledger::reading;
use crate::tlog::bundle::bundles_of;

/// How much of a digest people are shown.
const SHORT: usize = 12;

pub(crate) fn run(place: &Place, redact: &Redact, terminal: &Terminal) -> Result<Exit, Failure> {
    place.folder()?;
    let target = find(place, &redact.id)?;
    refuse_empty_notice(&target, redact)?;
    if redact.erase && !redact.yes && !redact.signing.dry_run {
        ask(&target, redact, terminal)?;
    }
    // Opening finishes an erasure that was interrupted.
    let mut desk = place.desk(&redact.signing)?;
    if target.statement.is_none() {
        let Target { entry_index, id, .. } = target;
        terminal.talk(format!("note: the statement of entry {entry_index} is withheld already"));
        let besides = Besides::default();
        added::report(&desk, &[], besides, redact.signing.dry_run, terminal);
        terminal.line(format!("Nothing of {} is left to withhold.", id.short()));
        return Ok(Exit::Holds);
    }
    let mut batch = desk.batch()?;
    let record = Record::Notice(Notice {
        kind: NoticeKind::Redaction,
        target: target.id,
        reason: redact.reason.clone(),
        replacement: None,
        document: None,
        by: None,
        text: None,
    });
    let label = format!("withholds {}", target.id.short());
    let rows = [Row::new(record.kind(), label, batch.add(&record)?)];
    let addition = batch.finish();
    if !redact.signing.dry_run {
        desk.commit(&addition, terminal)?;
    }
    let erased = redact.erase.then(|| erase(&mut desk, &target, redact)).transpose();
    let erased = erased.map_err(|failure| {
        failure.hint("the notice stands; run the same command again to finish the erasure")
    })?;
    let besides = Besides { captures: &[], erased: erased.as_ref() };
    added::report(&desk, &rows, besides, redact.signing.dry_run, terminal);
    tell(erased.as_ref(), redact.signing.dry_run, terminal);
    Ok(Exit::Holds)
}

/// What is to be withheld.
struct Target {
    entry_index: u64,
    id: Id,
    /// `None` if it is withheld already.
    statement: Option<Statement>,
}

/// Looks without the lock: whoever is asked must not keep others from writing.
fn find(place: &Place, typed: &str) -> Result<Target, Failure> {
    let store = place.store()?;
    let size = place.checkpoint(&store)?.size;
    let mut ids = Vec::new();
    for bundle in bundles_of(size) {
        ids.extend(reading::entries(&store, bundle)?.into_iter().map(Id::from_hash));
    }
    let (entry_index, id) = look::find(&ids, typed)?;
    let bytes = reading::statement(&store, entry_index, size)?;
    let statement = bytes.map(|bytes| statement::open(&bytes)).transpose().map_err(|error| {
        Failure::new(failure::DAMAGED, format!("entry {entry_index}: {error}"))
            .hint("run `whosaid verify`")
    })?;
    Ok(Target { entry_index, id, statement })
}

/// What a redaction notice says cannot be erased: it is what tells withheld from tampered.
fn refuse_empty_notice(target: &Target, redact: &Redact) -> Result<(), Failure> {
    match target.statement.as_ref().and_then(|it| it.record().withholds()) {
        Some(_) if redact.statement => {
            let message = format!("entry {} is a redaction notice", target.entry_index);
            Err(Failure::new(failure::INPUT, message)
                .hint("without it, what it withholds would count as lost or removed"))
        }
        _ => Ok(()),
    }
}

fn ask(target: &Target, redact: &Redact, terminal: &Terminal) -> Result<(), Failure> {
    let Some(statement) = &target.statement else { return Ok(()) };
    let record = statement.record();
    let words = summary::line(record, &Names::new());
    terminal.talk(format!("entry {}, {}: {words}", target.entry_index, record.kind()));
    let what = if redact.statement { "the captures and the statement" } else { "the captures" };
    let question = format!("Erase {what} of this entry for good? Type yes: ");
    if terminal.confirm(&question)? {
        return Ok(());
    }
    Err(Failure::new(failure::INPUT, "not confirmed: nothing was appended, and nothing erased"))
}

/// Erases what the notice that now stands withholds; in a dry run, says only what it would be.
fn erase(desk: &mut Desk, target: &Target, redact: &Redact) -> Result<Erased, Failure> {
    let statement = redact.statement.then_some(target.entry_index);
    let erasure = Erasure { statement, ..erasing::plan(&desk.ledger, target.id)? };
    if !redact.signing.dry_run {
        desk.forget_words();
        erasing::erase(&mut desk.ledger, &erasure)?;
        // Whoever searched meanwhile may have made it anew, from what was still there.
        desk.forget_words();
    }
    let Erasure { captures, kept, absent, statement } = erasure;
    let kept = kept.into_iter().map(|(digest, entry)| Kept { digest, entry }).collect();
    Ok(Erased { captures, kept, absent, statement })
}

fn tell(erased: Option<&Erased>, dry_run: bool, terminal: &Terminal) {
    let Some(Erased { captures, kept, absent, statement }) = erased else {
        terminal.line("Nothing was removed from the disk; --erase does that.");
        return;
    };
    let done = if dry_run { "would go" } else { "erased  " };
    for digest in captures {
        terminal.line(format!("{done}  capture {}", &digest.to_string()[..SHORT]));
    }
    for Kept { digest, entry } in kept {
        let digest = &digest.to_string()[..SHORT];
        terminal.line(format!(
            "kept      capture {digest}: entry {entry}, which is in force, names the same bytes"
        ));
    }
    for digest in absent {
        let digest = &digest.to_string()[..SHORT];
        terminal.line(format!("absent    capture {digest}: it is not on this disk"));
    }
    if let Some(entry) = statement {
        terminal.line(format!("{done}  the statement of entry {entry}; its place stays proven"));
    }
    if captures.is_empty() && statement.is_none() {
        let named = !kept.is_empty() || !absent.is_empty();
        let none = "The entry names no captures; --statement erases what it says.";
        terminal.line(if named { "Nothing was left to erase." } else { none });
    } else if !dry_run {
        terminal.line(
            "Copies that others made, backups and the history of a version control are not \
             reached by this.",
        );
    }
}
