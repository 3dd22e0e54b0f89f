//! `whosaid verify`: the whole ledger, with nothing trusted but the policy.

use serde::Serialize;

use crate::attribution::keyring::Signed;
use crate::cli::arguments::{Since, Verify};
use crate::cli::failure::{self, Exit, Failure};
use crate::cli::open::{Place, no_ledger_at, threads};
use crate::cli::seen;
use crate::cli::summary::{self, word};
use crate::cli::terminal::Terminal;
use crate::index::Index;
use crate::ledger::{reading, writing};
use crate::memory::Standing;
use crate::store::source::Source;
use crate::tlog::checkpoint::Cosigned;
use crate::tlog::fork::Said;
use crate::tlog::note::Note;
use crate::tlog::policy::Policy;
use crate::verify::remembered::{self, Fresh, begin, go_on};
use crate::verify::report::{Check, Fault, FaultKind, Outcome, Report, Subject, Verdict};
use crate::verify::{NOT_SHOWN, Verification, continuity, verify};
use crate::web::remote::Freshness;

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
    let remembered = options.since.map(|_| remembered(place, &opened, &policy, terminal));
    let mut remembered = remembered.transpose()?;
    let (mut verification, fresh) =
        settled(&opened, &mut || match (options.since, &mut remembered) {
            (Some(since), Some(index)) => verify_new(index, (&opened, &policy), since, terminal),
            _ => Ok((with_progress(&opened, &policy, &mut |_| (), terminal)?, None)),
        })?;
    let met = match &place.memory {
        Some(memory) => continuity::check(&opened, &policy, memory, &mut verification)?,
        None => None,
    };
    if let Some(index) = &mut remembered {
        remember(index, fresh.as_ref(), &verification, terminal);
    }
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

/// What was verified, and what of it is to be remembered.
pub(crate) type Done = (Verification, Option<Fresh>);

/// How often a ledger is verified again that was written to meanwhile.
const ATTEMPTS: usize = 3;

/// Has a ledger verified, and once more if it fails and was written to meanwhile: files that come and
/// go with a commit are no fault of it.
pub(crate) fn settled(
    store: &dyn Source,
    verify: &mut dyn FnMut() -> Result<Done, Failure>,
) -> Result<Done, Failure> {
    let mut done = verify()?;
    for _ in 1..ATTEMPTS {
        let (verification, _) = &done;
        let failed = verification.report.verdict() == Verdict::Failed;
        if !failed
            || verification.note.is_none()
            || reading::checkpoint(store)? == verification.note
        {
            break;
        }
        done = verify()?;
    }
    Ok(done)
}

/// Verifies what is new since this user verified the ledger last, or all of it where that is not
/// remembered.
fn verify_new(
    index: &mut Index,
    (store, policy): (&dyn Source, &Policy),
    since: Since,
    terminal: &Terminal,
) -> Result<Done, Failure> {
    let wanted = match since {
        Since::Last => None,
        Since::Size(size) => Some(size),
    };
    if let Some(done) = new_only(index, (store, policy), wanted, terminal)? {
        return Ok(done);
    }
    if let Some(size) = wanted {
        let message = format!("the first {size} entries were not verified here before");
        return Err(Failure::new(failure::INPUT, message)
            .hint("`whosaid verify --since last` verifies all, and remembers it"));
    }
    terminal.talk("note: not verified here before, or not as it is now: all of it is verified");
    all(index, (store, policy), terminal)
}

/// Verifies what is new since the ledger was verified last, or since it had so many entries; `None` if
/// that does not help.
pub(crate) fn new_only(
    index: &Index,
    (store, policy): (&dyn Source, &Policy),
    wanted: Option<u64>,
    terminal: &Terminal,
) -> Result<Option<Done>, Failure> {
    let asked = (index, wanted);
    match showing(terminal, |progress| go_on(store, policy, asked, threads(), progress)) {
        Ok(done) => Ok(done.map(|(verification, fresh)| (verification, Some(fresh)))),
        // An index that cannot be used is no reason to say nothing.
        Err(remembered::Error::Index(_)) => Ok(None),
        Err(remembered::Error::Store(error)) => Err(error.into()),
    }
}

/// Verifies all, and fills the index with it; if that cannot be written, one that is forgotten.
pub(crate) fn all(
    index: &mut Index,
    (store, policy): (&dyn Source, &Policy),
    terminal: &Terminal,
) -> Result<Done, Failure> {
    let verify_into = |index: &mut Index| {
        showing(terminal, |progress| begin(store, policy, index, threads(), progress))
    };
    let done = match verify_into(index) {
        Err(remembered::Error::Index(error)) => {
            not_remembered(&error, terminal);
            *index = in_memory()?;
            verify_into(index)
        }
        done => done,
    };
    let (verification, fresh) = done.map_err(|error| match error {
        remembered::Error::Store(error) => Failure::from(error),
        remembered::Error::Index(error) => writing::Error::from(error).into(),
    })?;
    Ok((verification, Some(fresh)))
}

/// Remembers what was verified, where that can be done.
pub(crate) fn remember(
    index: &mut Index,
    fresh: Option<&Fresh>,
    verification: &Verification,
    terminal: &Terminal,
) {
    let done = fresh.map_or(Ok(()), |fresh| remembered::remember(index, fresh, verification));
    if let Err(error) = done {
        not_remembered(&error, terminal);
    }
}

fn not_remembered(error: &dyn std::fmt::Display, terminal: &Terminal) {
    terminal.talk(format!("note: what was verified is not remembered: {error}"));
}

/// What this user remembers of having verified the log; where nothing can be remembered, an index that
/// is forgotten with the command.
pub(crate) fn remembered(
    place: &Place,
    store: &dyn Source,
    policy: &Policy,
    terminal: &Terminal,
) -> Result<Index, Failure> {
    let Some(memory) = &place.memory else {
        terminal.talk("note: nothing can be remembered: WHOSAID_STATE names no folder");
        return in_memory();
    };
    // Whose checkpoint it is not is said by the verification.
    let key = reading::checkpoint(store)?.and_then(|note| {
        let said = Said::open(&Note::parse(&note).ok()?, policy).ok()?;
        Some(said.first()?.key.clone())
    });
    let Some(key) = key else { return in_memory() };
    let opened = memory.verified(&key).map_err(|error| error.to_string());
    let opened = opened.and_then(|path| Index::open(&path).map_err(|error| error.to_string()));
    match opened {
        Ok(index) => Ok(index.without_keys()),
        Err(error) => {
            not_remembered(&error, terminal);
            in_memory()
        }
    }
}

fn in_memory() -> Result<Index, Failure> {
    Ok(Index::in_memory().map_err(writing::Error::from)?)
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
