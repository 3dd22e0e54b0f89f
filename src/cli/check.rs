//! `whosaid check`: a receipt or a fork proof, with no ledger and no network. Only where a ledger
//! is named is that one read too, to see whether it continues what the receipt proves.

use std::io::{self, Read};
use std::path::Path;

use serde::Serialize;

use crate::attribution::id::Id;
use crate::attribution::record::Record;
use crate::cli::arguments::{Check as Options, Location};
use crate::cli::failure::{self, Exit, Failure};
use crate::cli::open::{Place, policy_of};
use crate::cli::seen;
use crate::cli::summary::{self, Names, word};
use crate::cli::terminal::Terminal;
use crate::cli::verify;
use crate::hash::Hash;
use crate::memory::{self, Standing};
use crate::receipt::bundle;
use crate::receipt::check::{self, check, form_of};
use crate::receipt::report::{Check, Form, Report, Subject};
use crate::store::loose;
use crate::tlog::fork::{self, Fork};
use crate::tlog::merkle::Tree;
use crate::tlog::policy::Policy;
use crate::verify::report::{Outcome, Verdict};
use crate::web::remote::Freshness;

#[derive(Serialize)]
struct Json<'a> {
    schema: &'static str,
    ok: bool,
    verdict: Verdict,
    form: Form,
    origin: Option<&'a str>,
    tree_size: Option<u64>,
    root: Option<Hash>,
    entry: Option<u64>,
    id: Option<Id>,
    withheld: bool,
    recorder: Option<&'a str>,
    recorded_at: Option<u64>,
    record: Option<&'a Record>,
    drawing: Option<&'a str>,
    witnesses: Vec<Witness<'a>>,
    checks: &'a [Check],
    notes: &'a [String],
    not_shown: Vec<&'static str>,
}

#[derive(Serialize)]
struct Witness<'a> {
    witness: &'a str,
    time: u64,
}

#[derive(Serialize)]
struct ForkJson<'a> {
    schema: &'static str,
    ok: bool,
    verdict: Verdict,
    form: &'static str,
    origin: &'a str,
    log_key: String,
    smaller: TreeJson,
    larger: TreeJson,
    implied_root: Hash,
}

#[derive(Serialize)]
struct TreeJson {
    tree_size: u64,
    root: Hash,
}

pub(crate) fn run(place: &Place, options: &Options, terminal: &Terminal) -> Result<Exit, Failure> {
    let bytes = read(&options.file)?;
    if bytes.starts_with(fork::HEAD.as_bytes()) {
        return fork_proof(place, options, &bytes, terminal);
    }
    let form = form_of(&bytes);
    let policy = policy(place, options, form)?;
    let mut report = check(&bytes, policy.as_ref()).map_err(|error| match error {
        check::Error::Unknown => Failure::new(failure::RECEIPT, error)
            .about(options.file.display())
            .hint("`whosaid prove ID` writes one"),
        check::Error::NoPolicy => Failure::new(failure::POLICY, error),
    })?;
    if let Some(ledger) = &options.against {
        hold_against(place, ledger, policy.as_ref(), &mut report)?;
    }
    print(&report, terminal);
    Ok(verify::exit(report.verdict()))
}

/// A fork proof says that a log cannot be trusted. That the proof holds is the yes.
fn fork_proof(
    place: &Place,
    options: &Options,
    bytes: &[u8],
    terminal: &Terminal,
) -> Result<Exit, Failure> {
    if options.against.is_some() {
        let message = "a fork proof stands for itself: there is nothing to compare it with";
        return Err(Failure::usage(message).hint("leave out --against"));
    }
    let policy = match &options.policy {
        Some(file) => policy_of(file)?,
        None => place.policy()?,
    };
    let proven = Fork::parse(bytes).and_then(|fork| fork.verify(&policy)).map_err(|error| {
        let code = match error {
            fork::Error::Format(_) => failure::RECEIPT,
            _ => failure::FORK_NOT_PROVEN,
        };
        Failure::new(code, error).about(options.file.display())
    })?;
    let tree = |tree: Tree| TreeJson { tree_size: tree.size, root: tree.root };
    terminal.object(&ForkJson {
        schema: "whosaid.check/1",
        ok: true,
        verdict: Verdict::Verified,
        form: "fork",
        origin: &proven.origin,
        log_key: proven.key.to_string(),
        smaller: tree(proven.smaller),
        larger: tree(proven.larger),
        implied_root: proven.implied,
    });
    terminal.line(proven.to_string());
    terminal.line("Verified: this log is forked. Its checkpoints prove nothing any more.");
    terminal.line("It does not say who did it, nor which of the two histories is the honest one.");
    Ok(Exit::Holds)
}

/// Whether a ledger, as it is now, continues the tree in which the receipt's entry stands.
fn hold_against(
    place: &Place,
    ledger: &Location,
    policy: Option<&Policy>,
    report: &mut Report,
) -> Result<(), Failure> {
    let (Some(policy), Some(note)) = (policy, &report.checkpoint) else {
        let what =
            "not compared: the receipt carries no checkpoint, or no policy of yours trusts it";
        report.skip(Subject::Ledger, what);
        return Ok(());
    };
    let opened = place.open(ledger, Freshness::FromServer)?;
    match memory::confront(&opened, note, policy)? {
        Standing::Holds => {
            report.pass(Subject::Ledger, format!("{ledger} continues what is proven here"));
        }
        Standing::First => {
            report.skip(Subject::Ledger, format!("{ledger} is not signed by the same log key"));
        }
        Standing::NotShown(_) => {
            let what = format!("the tiles at {ledger} do not show whether it continues this");
            report.skip(Subject::Ledger, what);
        }
        Standing::RolledBack(tree) => {
            let size = tree.size;
            let what = format!("{ledger} is smaller than the tree of {size} entries proven here");
            report.fail(Subject::Ledger, what);
        }
        Standing::Forked(fork) => {
            let what = format!("{ledger} is another history, signed by the same log key: forked");
            report.fail(Subject::Ledger, what);
            let kept = place.memory.as_ref().map(|memory| seen::keep_fork(memory, &fork));
            report.notes.extend(kept);
        }
    }
    Ok(())
}

fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    let limit = bundle::MAX_LENGTH as u64;
    if file != Path::new("-") {
        return Ok(loose::read_file(file, limit)?);
    }
    let mut bytes = Vec::new();
    io::stdin().take(limit + 1).read_to_end(&mut bytes).map_err(|error| {
        Failure::new(failure::IO, format!("could not read standard input: {error}"))
    })?;
    Ok(bytes)
}

/// The policy that was named, or that of keys/. A bundle has one of its own to fall back on.
fn policy(place: &Place, options: &Options, form: Option<Form>) -> Result<Option<Policy>, Failure> {
    match &options.policy {
        Some(file) => policy_of(file).map(Some),
        None if form == Some(Form::Bundle) && !place.policy_path().exists() => Ok(None),
        // Without a form there is a clearer thing to say than that there is no policy.
        None if form.is_none() => Ok(None),
        None => place.policy().map(Some),
    }
}

fn print(report: &Report, terminal: &Terminal) {
    let verdict = report.verdict();
    // What does not hold is not told on.
    let graph = (verdict != Verdict::Failed).then_some(&report.story.graph);
    let node = graph.and_then(|graph| graph.node(report.id?));
    let statement = node.map(|node| node.signed().statement());
    let drawing = report.story.audit.as_ref().filter(|_| node.is_some());
    let witness = |it: &crate::tlog::checkpoint::Cosigned| (it.witness.clone(), it.time);
    let witnesses: Vec<(String, u64)> = report.witnesses.iter().map(witness).collect();
    terminal.object(&Json {
        schema: "whosaid.check/1",
        ok: verdict == Verdict::Verified,
        verdict,
        form: report.form,
        origin: report.origin.as_deref(),
        tree_size: report.tree_size,
        root: report.root,
        entry: report.entry_index,
        id: report.id,
        withheld: report.is_withheld,
        recorder: statement.map(crate::attribution::statement::Statement::issuer),
        recorded_at: statement.map(crate::attribution::statement::Statement::recorded_at),
        record: statement.map(crate::attribution::statement::Statement::record),
        drawing: drawing.map(|audit| audit.drawing.as_str()),
        witnesses: witnesses
            .iter()
            .map(|(witness, time)| Witness { witness, time: *time })
            .collect(),
        checks: &report.checks,
        notes: &report.notes,
        not_shown: report.not_shown(),
    });
    if let Some(statement) = statement {
        match drawing {
            Some(audit) => terminal.line(audit.drawing.trim_end()),
            None => print_record(report, statement.record(), terminal),
        }
        let (issuer, at) = (statement.issuer(), summary::time(statement.recorded_at()));
        terminal.line(format!("recorded by {issuer} at {at}, by the recorder's clock"));
    }
    print_log(report, &witnesses, terminal);
    for Check { name, result, what } in &report.checks {
        let result = match result {
            Outcome::Pass => "pass",
            Outcome::Fail => "FAIL",
            Outcome::NotChecked => "not checked",
        };
        terminal.line(format!("  {:<11} {result}: {what}", word(name)));
    }
    for note in &report.notes {
        terminal.line(format!("note: {note}"));
    }
    terminal.line(sentence(report));
    if verdict == Verdict::Failed {
        terminal.talk(if only_ledger_fails(report) {
            "hint: keep this file: it is evidence against whoever keeps the ledger"
        } else {
            "hint: rely on nothing in this file; ask for it anew"
        });
        return;
    }
    terminal.line("What this does not prove");
    for sentence in report.not_shown() {
        terminal.line(format!("  {sentence}"));
    }
}

fn print_record(report: &Report, record: &Record, terminal: &Terminal) {
    let nodes = report.story.graph.nodes().iter();
    let names: Names =
        nodes.filter_map(|it| Some((it.id(), summary::name(it.record())?))).collect();
    terminal.line(format!("{}:", record.kind()));
    for line in summary::fields(record, &names) {
        terminal.line(line);
    }
}

fn print_log(report: &Report, witnesses: &[(String, u64)], terminal: &Terminal) {
    let (Some(origin), Some(entry), Some(size)) =
        (&report.origin, report.entry_index, report.tree_size)
    else {
        return;
    };
    let id = report.id.map(|id| id.to_string()).unwrap_or_default();
    terminal.line(format!("{origin}, entry {entry} of {size}, {id}"));
    for (witness, at) in witnesses {
        terminal.line(format!("logged before {}, says witness {witness}", summary::time(*at)));
    }
}

/// Whether all is well with the file, and not with the ledger that it was compared with.
fn only_ledger_fails(report: &Report) -> bool {
    let mut failing = report.checks.iter().filter(|it| it.result == Outcome::Fail);
    failing.all(|it| it.name == Subject::Ledger)
}

fn sentence(report: &Report) -> String {
    let verdict = report.verdict();
    let entry = report.entry_index.unwrap_or(0);
    let mut unchecked = report.checks.iter().filter(|it| it.result == Outcome::NotChecked);
    let is_policy_alone = unchecked.all(|it| it.name == Subject::Policy);
    match verdict {
        Verdict::Verified => format!(
            "Verified: entry {entry} is in the log of {}, as it was signed.",
            report.origin.as_deref().unwrap_or_default()
        ),
        Verdict::Failed if only_ledger_fails(report) => {
            "FAILED: the file holds, and the ledger contradicts it.".to_owned()
        }
        Verdict::Failed => "FAILED: this file does not hold.".to_owned(),
        Verdict::Undecided if report.is_withheld => {
            "Undecided: the entry is in the log; what it said is withheld.".to_owned()
        }
        Verdict::Undecided if is_policy_alone => "Undecided: it holds under the policy that came \
             in the same file, and under no other that is known here."
            .to_owned(),
        Verdict::Undecided => {
            "Undecided: nothing failed, but not everything could be checked.".to_owned()
        }
    }
}
