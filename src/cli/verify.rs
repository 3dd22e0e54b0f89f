//! `whosaid verify`: the whole ledger, with nothing trusted but the policy.

use serde::Serialize;

use crate::attribution::keyring::Signed;
use crate::attribution::statement::Statement;
use crate::cli::arguments::{Since, Verify};
use crate::cli::failure::{self, Exit, Failure};
use crate::cli::open::{Place, no_ledger_at, threads};
use crate::cli::seen;
use crate::cli::summary::{self, word};
use crate::cli::terminal::Terminal;
use crate::hash::Hash;
use crate::index::{self, Extent, Index};
use crate::ledger::{reading, writing};
use crate::memory::Standing;
use crate::store::source::Source;
use crate::tlog::checkpoint::Cosigned;
use crate::tlog::fork::Said;
use crate::tlog::note::Note;
use crate::tlog::policy::Policy;
use crate::verify::report::{Check, Fault, FaultKind, Outcome, Report, Subject, Verdict};
use crate::verify::{NOT_SHOWN, Verification, continuity, verify, verify_since};
use crate::web::remote::Freshness;

/// How many statements are remembered in one go.
const AT_ONCE: usize = 4_096;

/// How many faults are printed for people; JSON has them all.
const SHOWN_FAULTS: usize = 50;

#[derive(Serialize)]
struct Json<'a> {
    schema: &'static str,
    ok: bool,
    verdict: Verdict,
    checks: Vec<Check>,
    #[serde(flatten)]
    report: &'a Report,
    not_shown: &'static str,
    /// How many entries were verified before and not read again.
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<u64>,
    /// How many files were asked for, if the ledger is far away.
    #[serde(skip_serializing_if = "Option::is_none")]
    requests: Option<u64>,
    /// What became of the proof of a fork, if one was found.
    #[serde(skip_serializing_if = "Option::is_none")]
    fork_proof: Option<&'a str>,
}

pub(crate) fn run(place: &Place, options: &Verify, terminal: &Terminal) -> Result<Exit, Failure> {
    let ledger = options.location.as_ref().unwrap_or(&place.ledger);
    let policy = place.policy()?;
    // What the server serves now is the question, not what was once fetched.
    let opened = place.open(ledger, Freshness::FromServer)?;
    // A slip in a URL is no tampering. A folder without a checkpoint is looked at all the same.
    if !opened.is_at_hand() && reading::checkpoint(&opened)?.is_none() {
        return Err(no_ledger_at(ledger));
    }
    let mut verification = match options.since {
        Some(since) => verify_new(place, &opened, &policy, since, terminal)?,
        None => with_progress(&opened, &policy, &mut |_| (), terminal)?,
    };
    let met = match &place.memory {
        Some(memory) => continuity::check(&opened, &policy, memory, &mut verification)?,
        None => None,
    };
    let report = &verification.report;
    let fork = met.as_ref().and_then(|meeting| match &meeting.standing {
        Standing::Forked(fork) => Some(seen::keep_fork(place.memory.as_ref()?, fork)),
        _ => None,
    });
    print(&verification, opened.requests(), fork.as_deref(), terminal);
    if report.verdict() == Verdict::Failed {
        opened.drop_cache(terminal);
    } else {
        // What was unreadable of the memory stands in the report already.
        let met = met.map(|mut meeting| {
            meeting.notes.clear();
            meeting
        });
        place.remember(met.as_ref(), &policy, terminal);
    }
    Ok(exit(report.verdict()))
}

/// Verifies, and shows on a terminal how far it is.
pub(crate) fn with_progress(
    store: &dyn Source,
    policy: &Policy,
    keep: &mut dyn FnMut(Signed),
    terminal: &Terminal,
) -> Result<Verification, Failure> {
    Ok(showing(terminal, |progress| verify(store, policy, threads(), keep, progress))?)
}

/// Does some work, and shows on a terminal how far it is.
fn showing<T>(terminal: &Terminal, work: impl FnOnce(&mut dyn FnMut(u64, u64)) -> T) -> T {
    let mut bar = None;
    let done = work(&mut |done, total| {
        bar.get_or_insert_with(|| terminal.progress(total, "verifying")).set_position(done);
    });
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    done
}

/// Verifies what is new since this user verified the ledger last, or all of it where that is not
/// remembered; and remembers it, if all of it holds.
fn verify_new(
    place: &Place,
    store: &dyn Source,
    policy: &Policy,
    since: Since,
    terminal: &Terminal,
) -> Result<Verification, Failure> {
    let mut index = remembered(place, store, policy)?;
    let wanted = match since {
        Since::Last => None,
        Since::Size(size) => Some(size),
    };
    let asked = (&index, wanted);
    let mut added: Vec<Signed> = Vec::new();
    let mut keep = |signed| added.push(signed);
    let verified = showing(terminal, |progress| {
        verify_since(store, policy, asked, threads(), &mut keep, progress)
    })?;
    if let Some(verification) = verified {
        let known = index.extent().map_err(writing::Error::from)?;
        let known = known.map_or(0, |extent| extent.tree_size);
        added.retain(|signed| signed.entry_index() >= known);
        remember(&mut index, &added, &verification.report).map_err(writing::Error::from)?;
        return Ok(verification);
    }
    if let Some(size) = wanted {
        let message = format!("the first {size} entries were not verified here before");
        return Err(Failure::new(failure::INPUT, message)
            .hint("`whosaid verify --since last` verifies all, and remembers it"));
    }
    terminal.talk("note: not verified here before, or not as it is now: all of it is verified");
    showing(terminal, |progress| verify_and_remember(&mut index, store, policy, progress))
}

/// Verifies all, and remembers it, if all of it holds.
fn verify_and_remember(
    index: &mut Index,
    store: &dyn Source,
    policy: &Policy,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Verification, Failure> {
    index.renew().map_err(writing::Error::from)?;
    index.hold().map_err(writing::Error::from)?;
    let mut waiting: Vec<Signed> = Vec::new();
    let mut added = Ok(());
    let mut keep = |signed| {
        waiting.push(signed);
        if waiting.len() == AT_ONCE && added.is_ok() {
            // Counts for nothing before all is there.
            added = index.extend(rows(&waiting), Extent { tree_size: 0, root: Hash::of(b"") });
            waiting.clear();
        }
    };
    let verification = verify(store, policy, threads(), &mut keep, progress)?;
    added.map_err(writing::Error::from)?;
    if verification.report.verdict() == Verdict::Verified {
        remember(index, &waiting, &verification.report).map_err(writing::Error::from)?;
        index.keep().map_err(writing::Error::from)?;
    }
    Ok(verification)
}

/// Remembers what was verified, if all of it holds: only that can be gone on from.
fn remember(index: &mut Index, added: &[Signed], report: &Report) -> Result<(), index::Error> {
    let (Verdict::Verified, Some(root)) = (report.verdict(), report.root) else { return Ok(()) };
    index.extend(rows(added), Extent { tree_size: report.tree_size, root })
}

fn rows(signed: &[Signed]) -> impl Iterator<Item = (u64, &Statement)> {
    signed.iter().map(|it| (it.entry_index(), it.statement()))
}

/// What this user remembers of having verified the log.
fn remembered(place: &Place, store: &dyn Source, policy: &Policy) -> Result<Index, Failure> {
    let nowhere = || {
        Failure::usage("there is nowhere to remember what was verified")
            .hint("set WHOSAID_STATE to a folder, or verify without --since")
    };
    let memory = place.memory.as_ref().ok_or_else(nowhere)?;
    let note = reading::checkpoint(store)?.ok_or_else(|| no_ledger_at(&place.ledger))?;
    let said = Note::parse(&note).ok().and_then(|note| Said::open(&note, policy).ok());
    let key = said.and_then(|said| Some(said.first()?.key.clone()));
    let key = key.ok_or_else(|| {
        Failure::new(failure::POLICY, "the checkpoint is not signed by a log of the policy")
    })?;
    let path = memory.verified(&key).map_err(|error| Failure::new(failure::INPUT, error))?;
    Ok(Index::open(&path).map_err(writing::Error::from)?)
}

/// The exit code of a verdict.
pub(crate) fn exit(verdict: Verdict) -> Exit {
    match verdict {
        Verdict::Verified => Exit::Holds,
        Verdict::Failed => Exit::DoesNotHold,
        Verdict::Undecided => Exit::Undecided,
    }
}

fn print(
    verification: &Verification,
    requests: Option<u64>,
    fork_proof: Option<&str>,
    terminal: &Terminal,
) {
    let Verification { report, since, .. } = verification;
    let (verdict, checks) = (report.verdict(), report.checks());
    terminal.object(&Json {
        schema: "whosaid.verify/1",
        ok: verdict == Verdict::Verified,
        verdict,
        checks: report.checks(),
        report,
        not_shown: NOT_SHOWN,
        since: (*since > 0).then_some(*since),
        requests,
        fork_proof,
    });
    if let (Some(origin), Some(root)) = (&report.origin, &report.root) {
        terminal.line(format!("{origin}, {} entries, root {root}", report.tree_size));
    }
    for check in &checks {
        terminal.line(check_line(check, report.superseded));
    }
    for Cosigned { witness, time } in &report.cosigned {
        terminal.line(format!("  cosigned    by witness {witness} at {}", summary::time(*time)));
    }
    if let Some(seen) = &report.logged_before {
        terminal.line(summary::logged_before(seen));
    }
    for fault in report.faults.iter().take(SHOWN_FAULTS) {
        terminal.line(fault_line(fault));
    }
    if report.faults.len() > SHOWN_FAULTS {
        terminal
            .line(format!("and {} more (--json lists all)", report.faults.len() - SHOWN_FAULTS));
    }
    for note in &report.notes {
        terminal.line(format!("note: {note}"));
    }
    terminal.line(sentence(report, *since));
    if verdict == Verdict::Failed {
        let past = |fault: &Fault| matches!(fault.kind, FaultKind::RolledBack | FaultKind::Forked);
        if let Some(kept) = fork_proof {
            terminal.talk(format!("hint: {kept}"));
        }
        terminal.talk(if report.faults.iter().all(past) {
            format!("hint: {}", seen::COMPARE)
        } else {
            "hint: compare with another copy of this ledger, and rely on nothing in this one"
                .to_owned()
        });
    } else {
        terminal.line(NOT_SHOWN);
    }
}

fn check_line(check: &Check, superseded: u64) -> String {
    let result = match check.result {
        Outcome::Pass => "pass",
        Outcome::Fail => "FAIL",
        Outcome::NotChecked => "not checked",
    };
    let skipped = match check.not_checked {
        0 => String::new(),
        count => format!(", {count} not checked"),
    };
    let superseded = match superseded {
        count if count > 0 && check.name == Subject::Files => format!(", {count} superseded"),
        _ => String::new(),
    };
    format!("  {:<11} {result} ({} hold{skipped}{superseded})", word(&check.name), check.passed)
}

/// One fault: what it is, where, and what was found.
pub(crate) fn fault_line(fault: &Fault) -> String {
    let entry = fault.entry.map_or(String::new(), |entry| format!(", entry {entry}"));
    format!("{}: {}{entry}: {}", word(&fault.kind), fault.file, fault.what)
}

fn sentence(report: &Report, since: u64) -> String {
    let count = report.faults.len();
    match report.verdict() {
        Verdict::Verified if since > 0 => {
            let new = match report.tree_size - since {
                0 => "nothing is new, and the log is".to_owned(),
                1 => format!("entry {since} is as it was signed, and continues"),
                new => format!(
                    "the {new} entries from {since} on are as they were signed, and continue"
                ),
            };
            format!(
                "Verified: {new} what was verified here before. The entries before, and other \
                 files, were not looked at."
            )
        }
        Verdict::Verified => format!(
            "Verified: {} entries, every one as it was signed. Nothing was altered, removed or \
             slipped in.",
            report.tree_size
        ),
        Verdict::Failed => format!("FAILED: {count} fault{}.", if count == 1 { "" } else { "s" }),
        Verdict::Undecided => {
            "Undecided: nothing failed, but not everything is there to be checked.".to_owned()
        }
    }
}
