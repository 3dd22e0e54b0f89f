//! `whosaid timeline`: what a party said, in the order in which it was said.

use serde::Serialize;

use crate::attribution::date::Date;
use crate::attribution::record::Record;
use crate::attribution::statement::Statement;
use crate::attribution::truth::Truth;
use crate::cli::failure::{Exit, Failure};
use crate::cli::open::Place;
use crate::cli::search::{End, Found, described, json, standing_line, stands};
use crate::cli::search_options::Timeline;
use crate::cli::searching::{Asked, Trouble, ask, print_extent};
use crate::cli::summary::{shortened, word};
use crate::cli::terminal::Terminal;
use crate::search::later::Later;
use crate::search::named::{self, Named};
use crate::search::timeline::timeline;

struct Answer {
    party: Named,
    found: Vec<Found>,
    next: Option<u64>,
}

/// Whose timeline it is: the first object of an answer.
#[derive(Serialize)]
struct Head<'a> {
    schema: &'static str,
    party: &'a str,
    name: &'a str,
}

pub(crate) fn run(place: &Place, options: &Timeline, terminal: &Terminal) -> Result<Exit, Failure> {
    let (answer, extent) = ask(place, terminal, |asked| said(asked, options))?;
    let Answer { party, found, next } = answer;
    let head = Head { schema: "whosaid.timeline-party/1", party: &party.key, name: &party.name };
    terminal.object(&head);
    terminal.line(format!("{} ({}), by the day on which it was said:", party.name, party.key));
    for it in &found {
        terminal.object(&json("whosaid.timeline/1", it, true));
        print(it, terminal);
    }
    let end = End {
        schema: "whosaid.timeline-end/1",
        found: found.len(),
        next_after: next,
        levels_computed: None,
        extent,
    };
    terminal.object(&end);
    if found.is_empty() {
        terminal.line("No claim with this party as its speaker.");
    }
    if found.iter().any(|it| it.hit.within != Truth::Holds) {
        terminal.line(
            "~ before a date: the day is not certain; such a claim stands at the first \
                       day it may be of.",
        );
    }
    if let Some(next) = next {
        terminal.line(format!("There is more: --after {next}"));
    }
    print_extent(&extent, terminal);
    Ok(Exit::Holds)
}

fn said(asked: &Asked<'_>, options: &Timeline) -> Result<Answer, Trouble> {
    let Asked { tables, reader } = asked;
    let party = named::party(tables, reader, &options.party)?;
    let limit = usize::try_from(options.limit).unwrap_or(usize::MAX);
    let page = timeline(tables, reader, &party.ids, options.after, limit)?;
    let later = Later::new(tables, reader)?;
    let mut found = Vec::new();
    for hit in page.hits {
        let stands = stands(&later, &hit)?;
        found.push(described(asked, &later, hit, stands, None)?);
    }
    Ok(Answer { party, found, next: page.next })
}

/// One claim, its date before it.
fn print(found: &Found, terminal: &Terminal) {
    let hit = &found.hit;
    let (entry_index, id) = (hit.entry_index, hit.id.short());
    let record = hit.statement.as_ref().map(Statement::record);
    let Some(Record::Claim(claim)) = record else {
        terminal.line(format!("{:<12} {entry_index:<5} {id}  withheld", ""));
        return;
    };
    let mark = if hit.within == Truth::Holds { "" } else { "~" };
    let date = claim.said_at.as_ref().map_or("undated".to_owned(), Date::edtf);
    let suspect = if found.suspect { "suspect: " } else { "" };
    let text = shortened(&claim.proposition.text, 90);
    let (act, polarity) = (word(&claim.act), word(&claim.polarity));
    let act = if polarity == "asserted" { act } else { format!("{act}, {polarity}") };
    let date = format!("{mark}{date}");
    terminal.line(format!("{date:<12} {entry_index:<5} {id}  {suspect}{act}: {text}"));
    if let Some(standing) = standing_line(found) {
        terminal.line(format!("{:<12} {standing}", ""));
    }
}
