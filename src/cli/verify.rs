//! `whosaid verify`: the whole ledger, with nothing trusted but the policy.

use serde::Serialize;

use crate::attribution::keyring::Signed;
use crate::cli::arguments::Verify;
use crate::cli::failure::{Exit, Failure};
use crate::cli::open::Place;
use crate::cli::summary::{self, word};
use crate::cli::terminal::Terminal;
use crate::store::Store;
use crate::store::os::OsDisk;
use crate::tlog::checkpoint::Cosigned;
use crate::tlog::policy::Policy;
use crate::verify::report::{Check, Fault, Outcome, Report, Verdict};
use crate::verify::{NOT_SHOWN, Verification, verify};

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
}

pub(crate) fn run(place: &Place, options: &Verify, terminal: &Terminal) -> Result<Exit, Failure> {
    let folder = options.folder.as_ref().unwrap_or(&place.ledger);
    let policy = place.policy()?;
    let store = Store::open(OsDisk::new(folder))?;
    let report = with_progress(&store, &policy, &mut |_| (), terminal)?.report;
    print(&report, terminal);
    Ok(exit(report.verdict()))
}

/// Verifies, and shows on a terminal how far it is.
pub(crate) fn with_progress(
    store: &Store<OsDisk>,
    policy: &Policy,
    keep: &mut dyn FnMut(Signed),
    terminal: &Terminal,
) -> Result<Verification, Failure> {
    let mut bar = None;
    let mut progress = |done, total| {
        bar.get_or_insert_with(|| terminal.progress(total, "verifying")).set_position(done);
    };
    let verification = verify(store, policy, keep, &mut progress)?;
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    Ok(verification)
}

/// The exit code of a verdict.
pub(crate) fn exit(verdict: Verdict) -> Exit {
    match verdict {
        Verdict::Verified => Exit::Holds,
        Verdict::Failed => Exit::DoesNotHold,
        Verdict::Undecided => Exit::Undecided,
    }
}

fn print(report: &Report, terminal: &Terminal) {
    let (verdict, checks) = (report.verdict(), report.checks());
    terminal.object(&Json {
        schema: "whosaid.verify/1",
        ok: verdict == Verdict::Verified,
        verdict,
        checks: report.checks(),
        report,
        not_shown: NOT_SHOWN,
    });
    if let (Some(origin), Some(root)) = (&report.origin, &report.root) {
        terminal.line(format!("{origin}, {} entries, root {root}", report.tree_size));
    }
    for check in &checks {
        terminal.line(check_line(check));
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
    terminal.line(sentence(report));
    if verdict == Verdict::Failed {
        let hint = "compare with another copy of this ledger, and rely on nothing in this one";
        terminal.talk(format!("hint: {hint}"));
    } else {
        terminal.line(NOT_SHOWN);
    }
}

fn check_line(check: &Check) -> String {
    let result = match check.result {
        Outcome::Pass => "pass",
        Outcome::Fail => "FAIL",
        Outcome::NotChecked => "not checked",
    };
    let skipped = match check.not_checked {
        0 => String::new(),
        count => format!(", {count} not checked"),
    };
    format!("  {:<11} {result} ({} hold{skipped})", word(&check.name), check.passed)
}

/// One fault: what it is, where, and what was found.
pub(crate) fn fault_line(fault: &Fault) -> String {
    let entry = fault.entry.map_or(String::new(), |entry| format!(", entry {entry}"));
    format!("{}: {}{entry}: {}", word(&fault.kind), fault.file, fault.what)
}

fn sentence(report: &Report) -> String {
    let count = report.faults.len();
    match report.verdict() {
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
