//! `whosaid audit` and `whosaid impact`: on whose word, and what rests on it.
//!
//! Nothing is said about claims of a ledger that does not verify.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::attribution::id::Id;
use crate::attribution::truth::Truth;
use crate::audit::graph::Node;
use crate::audit::impact::{Rests, impact as rests_on};
use crate::audit::rules::rule::Finding;
use crate::audit::standing::{Standing, Standings};
use crate::audit::{self, Audit, DOES_NOT_SHOW};
use crate::cli::arguments::{Audit as Options, Impact};
use crate::cli::audited::{Part, Whole};
use crate::cli::failure::{self, Exit, Failure};
use crate::cli::look::find;
use crate::cli::open::Place;
use crate::cli::summary::{self, word};
use crate::cli::terminal::Terminal;
use crate::cli::verify;
use crate::hash::Hash;

/// An audit, and how many entries were not verified for it, because they were before.
#[derive(Serialize)]
struct Json<'a> {
    #[serde(flatten)]
    audit: &'a Audit,
    #[serde(skip_serializing_if = "Option::is_none")]
    verified_before: Option<u64>,
}

/// `whosaid audit`.
pub(crate) fn audit(
    place: &Place,
    options: &Options,
    terminal: &Terminal,
) -> Result<Exit, Failure> {
    match (&options.id, &options.as_of) {
        (Some(typed), None) => one(place, options, typed, terminal),
        _ => several(place, options, terminal),
    }
}

/// One claim, by what bears on it.
fn one(
    place: &Place,
    options: &Options,
    typed: &str,
    terminal: &Terminal,
) -> Result<Exit, Failure> {
    let mut part = Part::open(place, terminal)?;
    let (_, id) = part.find(typed)?;
    let audit = part.audit(place, id, terminal)?;
    let before = part.before();
    terminal.object(&Json { audit: &audit, verified_before: (before > 0).then_some(before) });
    print(&audit, options.rules, terminal);
    if before > 0 {
        terminal.talk(format!(
            "note: the first {before} entries were verified here before; of these, what the claim \
             rests on was read again (`whosaid verify` reads all)"
        ));
    }
    Ok(worse(verify::exit(part.verdict()), verify::exit(audit.verdict)))
}

/// All claims, or one as the ledger was.
fn several(place: &Place, options: &Options, terminal: &Terminal) -> Result<Exit, Failure> {
    let whole = Whole::open(place, options.as_of.as_deref(), terminal)?;
    let standings = Standings::as_of(&whole.graph, whole.graph.tree_size());
    let held = |digest: &Hash| whole.held(digest);
    let chosen: Vec<Id> = match &options.id {
        Some(typed) => vec![find(&whole.ids, typed)?.1],
        None => whole.claims().collect(),
    };
    let mut worst = verify::exit(whole.verdict);
    for id in chosen {
        let audit = audit::audit_with(&whole.graph, &standings, id, &held).map_err(|error| {
            let failure = Failure::new(failure::REFERENCE, error);
            match &options.as_of {
                Some(as_of) => failure.hint(format!("it may be later than --as-of {as_of}")),
                None => failure,
            }
        })?;
        terminal.object(&Json { audit: &audit, verified_before: None });
        if options.all {
            print_line(&audit, terminal);
        } else {
            print(&audit, options.rules, terminal);
        }
        if !options.all {
            worst = worse(worst, verify::exit(audit.verdict));
        }
    }
    // A survey is no question with a yes or no: each claim's own verdict stands in its line.
    if options.all {
        terminal.line(
            "Each claim: its level, independent origins, standing, and what stops the next level.",
        );
        terminal.line("`whosaid audit ID` says why. No audit says that a claim is true.");
    }
    Ok(worst)
}

/// `whosaid impact`.
pub(crate) fn impact(
    place: &Place,
    options: &Impact,
    terminal: &Terminal,
) -> Result<Exit, Failure> {
    #[derive(Serialize)]
    struct Json<'a> {
        schema: &'static str,
        id: Id,
        rests: &'a [Rests],
    }
    let whole = Whole::open(place, None, terminal)?;
    let (entry_index, id) = find(&whole.ids, &options.id)?;
    let rests = rests_on(&whole.graph, id);
    terminal.object(&Json { schema: "whosaid.impact/1", id, rests: &rests });
    let names = whole.names();
    let line_of = |id: Id| {
        let node = whole.graph.node(id);
        node.map_or_else(|| "withheld".to_owned(), |node| summary::line(node.record(), &names))
    };
    let is_suspect = whole.graph.node(id).is_some_and(Node::is_suspect);
    let mark = if is_suspect { " (suspect)" } else { "" };
    terminal.line(format!("entry {entry_index}{mark}: {}", line_of(id)));
    for it in &rests {
        let indent = "  ".repeat(usize::try_from(it.distance.min(8)).unwrap_or(8));
        let text = summary::shortened(&line_of(it.id), 100);
        let (entry, kind, through) = (it.entry_index, it.kind, it.through);
        let mark = if it.suspect { "suspect, " } else { "" };
        terminal
            .line(format!("{indent}entry {entry} ({mark}{kind}, through its {through}): {text}"));
    }
    let (count, verb) = match rests.len() {
        1 => ("1 entry".to_owned(), "rests"),
        count => (format!("{count} entries"), "rest"),
    };
    terminal
        .line(format!("{count} {verb} on it. Whether they fall with it is for a person to say."));
    Ok(Exit::Holds)
}

/// What does not hold weighs more than what could not be checked.
pub(crate) fn worse(one: Exit, other: Exit) -> Exit {
    if one == Exit::Holds || other == Exit::DoesNotHold { other } else { one }
}

/// One claim on one line.
fn print_line(audit: &Audit, terminal: &Terminal) {
    let said = summary::shortened(&audit.said, 60);
    terminal.line(format!(
        "{:<4} {}  {:?} {:<9} {} origin{}  {:<10} {}: {said}",
        audit.entry_index,
        audit.id.short(),
        audit.level.level,
        audit.level.name,
        audit.independence.origins.len(),
        if audit.independence.origins.len() == 1 { "" } else { "s" },
        word(&audit.standing.standing),
        audit.speaker,
    ));
    if let (Some(next), Some(stop)) = (audit.level.next, &audit.level.stopped_by) {
        terminal.line(format!("{:>20}not {next:?}: {}", "", stop.what));
    }
}

/// One claim whole, in the order in which a journalist would ask.
fn print(audit: &Audit, with_rules: bool, terminal: &Terminal) {
    terminal.line(audit.drawing.trim_end());
    terminal.line("");
    terminal.line("In short");
    for sentence in &audit.in_short {
        terminal.line(format!("  {sentence}"));
    }
    terminal.line("");
    let level = &audit.level;
    terminal.line(format!("Level      {:?} {}", level.level, level.name));
    if let (Some(next), Some(stop)) = (level.next, &level.stopped_by) {
        terminal.line(format!("           not {next:?}: {}", stop.what));
    }
    if let Some(seen) = &audit.logged_before {
        terminal.line(format!("Time       {}", summary::logged_before(seen)));
    }
    print_vouched(audit, terminal);
    print_standing(audit, terminal);
    print_independence(audit, terminal);
    terminal.line("");
    for (truth, title) in [(Truth::Fails, "Does not hold"), (Truth::Unknown, "Not known")] {
        print_findings(audit, truth, title, terminal);
    }
    if with_rules {
        print_findings(audit, Truth::Holds, "Holds", terminal);
    } else {
        terminal.line(format!("Holds: {} checks (--rules prints them)", audit.counts.holds));
    }
    terminal.line("");
    terminal.line("What this does not prove");
    for sentence in DOES_NOT_SHOW {
        terminal.line(format!("  {sentence}"));
    }
    let schemes: BTreeMap<&str, &str> =
        audit.vouched.iter().map(|it| (it.scheme.name(), it.not_shown)).collect();
    for (scheme, sentence) in schemes {
        terminal.line(format!("  {scheme}: {sentence}"));
    }
}

/// Who signed or stamped what, and what that leaves open.
fn print_vouched(audit: &Audit, terminal: &Terminal) {
    for (number, it) in audit.vouched.iter().enumerate() {
        let title = if number == 0 { "Vouched" } else { "" };
        let of = match it.step {
            None => "the entry".to_owned(),
            Some(0) => "the document read".to_owned(),
            Some(number) => format!("hop {number}"),
        };
        terminal.line(format!("{title:<10} {of}, {}: {}", it.state, it.what));
        for limit in &it.limits {
            terminal.line(format!("           but {limit}"));
        }
    }
}

fn print_standing(audit: &Audit, terminal: &Terminal) {
    let as_of = audit.tree_size;
    let standing = audit.standing.standing;
    let since = if standing == Standing::Standing { ": no later entry changes it" } else { "" };
    terminal.line(format!("Standing   {}{since} (as of {as_of} entries)", word(&standing)));
    for because in &audit.standing.because {
        let mark = if because.is_suspect { " (suspect: its key was revoked)" } else { "" };
        terminal.line(format!("           entry {}{mark}: {}", because.entry_index, because.what));
    }
}

fn print_independence(audit: &Audit, terminal: &Terminal) {
    let it = &audit.independence;
    let claims: usize = it.origins.iter().map(|origin| origin.claims.len()).sum();
    terminal.line(format!(
        "Origins    at most {} independent, from {claims} claim{} of this",
        it.origins.len(),
        if claims == 1 { "" } else { "s" }
    ));
    if !it.single_points.is_empty() {
        let points = it.single_points.join(", ");
        terminal.line(format!("           every path runs through {points}"));
    }
    for circle in &it.circles {
        let members = circle.members.join(" → ");
        terminal.line(format!("           circular reporting: {members}"));
    }
}

fn print_findings(audit: &Audit, truth: Truth, title: &str, terminal: &Terminal) {
    let findings: Vec<&Finding> = audit.findings.iter().filter(|it| it.truth == truth).collect();
    if findings.is_empty() {
        return;
    }
    terminal.line(title);
    for finding in findings {
        terminal.line(format!("  {:<27} {}", finding.rule, finding.what));
    }
}
