//! `whosaid controller`: who controlled an account on a date.

use serde::Serialize;

use crate::attribution::date::Date;
use crate::attribution::truth::Truth;
use crate::audit::controller::{Answer, Asked, Outcome, controller, find, had_handle, together};
use crate::audit::standing::Standings;
use crate::cli::audit::worse;
use crate::cli::audited::Whole;
use crate::cli::failure::{self, Exit, Failure};
use crate::cli::import_options::Controller;
use crate::cli::open::Place;
use crate::cli::summary::word;
use crate::cli::terminal::Terminal;
use crate::cli::verify;
use crate::hash::Hash;
use crate::verify::report::Verdict;

/// What no answer shows, printed every time.
const DOES_NOT_SHOW: &str = "This is what was recorded. It does not show who wrote any post.";

#[derive(Serialize)]
struct Json<'a> {
    schema: &'static str,
    ok: bool,
    verdict: Verdict,
    account: &'a str,
    on: String,
    outcome: Outcome,
    because: &'a str,
    channels: &'a [Answer],
    does_not_show: &'static str,
}

pub(crate) fn run(
    place: &Place,
    options: &Controller,
    terminal: &Terminal,
) -> Result<Exit, Failure> {
    let on = Date::parse(&options.on)
        .map_err(|error| Failure::new(failure::INPUT, error).about("--on"))?;
    let whole = Whole::open(place, None, terminal)?;
    let graph = &whole.graph;
    let standings = Standings::as_of(graph, graph.tree_size());
    let asked = Asked { name: &options.account, platform: options.platform.as_deref() };
    let held = |digest: &Hash| whole.held(digest);
    let found = find(graph, &standings, asked).into_iter();
    let answers: Vec<Answer> =
        found.filter_map(|id| controller(graph, &standings, id, &on, &held)).collect();
    if answers.is_empty() {
        let message = format!("no account in this ledger is called {:?}", options.account);
        return Err(Failure::new(failure::REFERENCE, message).hint(
            "give a URL, a handle, the platform's id, or a key (`whosaid log --kind channel`)",
        ));
    }
    let (outcome, because) = together(&answers, asked);
    let exit = match outcome {
        Outcome::One => Exit::Holds,
        Outcome::Nobody | Outcome::Contested => Exit::DoesNotHold,
        Outcome::Unknown => Exit::Undecided,
    };
    // Where something is withheld, somebody else's control may be among it.
    let exit = worse(verify::exit(whole.verdict), exit);
    let verdict = match exit {
        Exit::Holds => Verdict::Verified,
        Exit::DoesNotHold => Verdict::Failed,
        _ => Verdict::Undecided,
    };
    terminal.object(&Json {
        schema: "whosaid.control/1",
        ok: exit == Exit::Holds,
        verdict,
        account: &options.account,
        on: on.edtf(),
        outcome,
        because: &because,
        channels: &answers,
        does_not_show: DOES_NOT_SHOW,
    });
    for answer in &answers {
        print(answer, asked, &on, terminal);
    }
    terminal.line(format!("{}: {because}", sentence(outcome)));
    if whole.verdict != Verdict::Verified {
        terminal.line("Not everything in the ledger is there to be checked: see `whosaid verify`.");
    }
    terminal.line(DOES_NOT_SHOW);
    Ok(exit)
}

fn sentence(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::One => "Controlled by one",
        Outcome::Nobody => "Controlled by nobody on record",
        Outcome::Contested => "Contested",
        Outcome::Unknown => "Not known",
    }
}

/// One account and everybody who is recorded for it.
fn print(answer: &Answer, asked: Asked<'_>, on: &Date, terminal: &Terminal) {
    let platform = answer.platform.as_deref().unwrap_or("channel");
    let id = answer.platform_id.as_deref().map_or(String::new(), |id| format!(", id {id}"));
    terminal.line(format!("{} ({platform}{id})", answer.key));
    for handle in &answer.handles {
        let edtf = |date: &Option<String>| date.clone().unwrap_or_else(|| "unknown".to_owned());
        let (since, until) = (edtf(&handle.since), edtf(&handle.until));
        let then = match handle.truth {
            Truth::Holds => "its handle then",
            Truth::Fails => "not its handle then",
            Truth::Unknown => "whether then is unknown",
        };
        terminal.line(format!("  handle   {} (from {since} to {until}): {then}", handle.text));
    }
    if had_handle(answer, asked) == Some(Truth::Fails) {
        terminal.line(format!("  it did not have the handle asked for on {}", on.edtf()));
    }
    for holder in &answer.holders {
        let (mode, basis) = (word(&holder.mode), word(&holder.basis));
        let mark = if holder.is_suspect { ", suspect" } else { "" };
        terminal.line(format!(
            "  {:<8} {}: {mode}, by {basis} (entry {}{mark})",
            holder.truth.to_string(),
            holder.name,
            holder.entry_index
        ));
        terminal.line(format!("           {}", holder.why));
        if holder.is_fresh != Truth::Holds && holder.truth != Truth::Fails {
            terminal.line(format!("           {}", holder.freshness));
        }
        terminal.line(format!("           evidence {}: {}", holder.is_backed, holder.backing));
    }
}
