//! `whosaid audit` and `whosaid impact`: on whose word, and what rests on it.
//!
//! Both verify the ledger first: nothing is said about claims of a ledger that does not verify.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use serde::Serialize;

use crate::attribution::id::Id;
use crate::attribution::keyring::Signed;
use crate::attribution::record::Record;
use crate::attribution::truth::Truth;
use crate::audit::captures::Held;
use crate::audit::graph::{Graph, Node};
use crate::audit::impact::{Rests, impact as rests_on};
use crate::audit::rules::rule::Finding;
use crate::audit::standing::{Standing, Standings};
use crate::audit::{self, Audit, DOES_NOT_SHOW};
use crate::cli::arguments::{Audit as Options, Impact};
use crate::cli::failure::{self, Exit, Failure};
use crate::cli::look::find;
use crate::cli::open::{Opened, Place};
use crate::cli::summary::{self, Names, word};
use crate::cli::terminal::Terminal;
use crate::cli::verify::{self, with_progress};
use crate::evidence::capture::{self, MAX_CAPTURE};
use crate::hash::Hash;
use crate::store::path::FilePath;
use crate::store::source::Source;
use crate::verify::report::Verdict;

/// The seconds of a day.
const DAY: u64 = 24 * 60 * 60;

/// A ledger that verified, as a graph of its records.
pub(crate) struct Audited {
    store: Opened,
    pub(crate) graph: Graph,
    /// Every entry's id, for people who type the beginning of one.
    ids: Vec<Id>,
    /// Whether everything could be checked.
    pub(crate) verdict: Verdict,
}

/// `whosaid audit`.
pub(crate) fn audit(
    place: &Place,
    options: &Options,
    terminal: &Terminal,
) -> Result<Exit, Failure> {
    let audited = open(place, options.as_of.as_deref(), terminal)?;
    let standings = Standings::as_of(&audited.graph, audited.graph.tree_size());
    let held = |digest: &Hash| audited.held(digest);
    let chosen: Vec<Id> = match &options.id {
        Some(typed) => vec![find(&audited.ids, typed)?.1],
        None => audited.claims().collect(),
    };
    let mut worst = verify::exit(audited.verdict);
    for id in chosen {
        let audit = audit::audit_with(&audited.graph, &standings, id, &held).map_err(|error| {
            let failure = Failure::new(failure::REFERENCE, error);
            match &options.as_of {
                Some(as_of) => failure.hint(format!("it may be later than --as-of {as_of}")),
                None => failure,
            }
        })?;
        terminal.object(&audit);
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
    let audited = open(place, None, terminal)?;
    let (entry_index, id) = find(&audited.ids, &options.id)?;
    let rests = rests_on(&audited.graph, id);
    terminal.object(&Json { schema: "whosaid.impact/1", id, rests: &rests });
    let names = audited.names();
    let line_of = |id: Id| {
        let node = audited.graph.node(id);
        node.map_or_else(|| "withheld".to_owned(), |node| summary::line(node.record(), &names))
    };
    let is_suspect = audited.graph.node(id).is_some_and(Node::is_suspect);
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

/// Verifies the ledger and connects its records.
pub(crate) fn open(
    place: &Place,
    as_of: Option<&str>,
    terminal: &Terminal,
) -> Result<Audited, Failure> {
    let (store, policy) = (place.store()?, place.policy()?);
    let mut signed: Vec<Signed> = Vec::new();
    let mut verification = with_progress(&store, &policy, &mut |it| signed.push(it), terminal)?;
    if verification.report.verdict() == Verdict::Failed && store.distrust_cache(terminal) {
        signed.clear();
        verification = with_progress(&store, &policy, &mut |it| signed.push(it), terminal)?;
    }
    let verdict = verification.report.verdict();
    if verdict == Verdict::Failed {
        store.drop_cache(terminal);
        let count = verification.report.faults.len();
        let message = format!("the ledger does not verify ({count} faults found)");
        return Err(Failure::new(failure::DOES_NOT_VERIFY, message)
            .hint("`whosaid verify` names every file and entry"));
    }
    let met = place.meet(&store, &policy, terminal)?;
    place.remember(met.as_ref(), &policy, terminal);
    let mut ids: Vec<(u64, Id)> =
        signed.iter().map(|it| (it.entry_index(), it.statement().id())).collect();
    ids.extend(&verification.withheld);
    ids.sort_unstable();
    if let Some(as_of) = as_of {
        let keep = moment(as_of)?;
        signed.retain(|it| keep(it));
    }
    let suspect = |key, entry_index| verification.keyring.is_suspect(key, entry_index);
    let graph = Graph::new(signed, verification.withheld, suspect)
        .seen_by_witnesses(verification.report.logged_before)
        .trusting(place.pinned_roots()?);
    let ids = ids.into_iter().map(|(_, id)| id).collect();
    Ok(Audited { store, graph, ids, verdict })
}

/// Tells what was in a ledger at some time.
type Moment = Box<dyn Fn(&Signed) -> bool>;

/// What a ledger held at a size, or at the end of a day.
fn moment(as_of: &str) -> Result<Moment, Failure> {
    if let Ok(size) = as_of.parse::<u64>() {
        return Ok(Box::new(move |signed| signed.entry_index() < size));
    }
    let refused = |what: &dyn std::fmt::Display| {
        Failure::new(failure::INPUT, format!("--as-of {as_of}: {what}"))
            .hint("a number of entries, or a day such as 2024-11-30")
    };
    let day: jiff::civil::Date = as_of.parse().map_err(|error| refused(&error))?;
    let midnight = TimeZone::UTC.to_timestamp(day.at(0, 0, 0, 0));
    let midnight = midnight.map_err(|error| refused(&error))?;
    let first_second = u64::try_from(midnight.as_second()).unwrap_or(0);
    Ok(Box::new(move |signed| signed.statement().recorded_at() < first_second + DAY))
}

impl Audited {
    fn claims(&self) -> impl Iterator<Item = Id> {
        let is_claim = |record: &Record| matches!(record, Record::Claim(_));
        self.graph.nodes().iter().filter(move |node| is_claim(node.record())).map(Node::id)
    }

    /// The bytes of a capture, as far as they are there. A verified ledger misses only what a
    /// notice withholds.
    pub(crate) fn held(&self, digest: &Hash) -> Held {
        let path = FilePath::parse(&capture::path(digest)).expect("a path of the ledger");
        match self.store.read(&path, MAX_CAPTURE) {
            Ok(Some(bytes)) => Held::Bytes(bytes),
            Ok(None) => Held::Withheld,
            Err(_) => Held::Missing,
        }
    }

    fn names(&self) -> Names {
        let named = |record: &Record| summary::name(record);
        self.graph.nodes().iter().filter_map(|it| Some((it.id(), named(it.record())?))).collect()
    }
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
