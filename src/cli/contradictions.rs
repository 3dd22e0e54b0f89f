//! `whosaid contradictions`: what is recorded to contradict a party's claims, and what may.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::attribution::id::Id;
use crate::attribution::record::Record;
use crate::attribution::record::notice::RelationKind;
use crate::attribution::statement::Statement;
use crate::attribution::truth::Truth;
use crate::audit::standing::{Outcome, Standing};
use crate::cli::failure::{Exit, Failure};
use crate::cli::open::Place;
use crate::cli::search::{Found, described, standing_line, stands};
use crate::cli::search_options::Contradictions;
use crate::cli::searching::{Asked, Extent, Trouble, ask, print_extent};
use crate::cli::summary::{self, shortened, word};
use crate::cli::terminal::Terminal;
use crate::search::ask::Hit;
use crate::search::contradictions::{Side, candidates, pairs};
use crate::search::later::{Later, Stands};
use crate::search::named::{self, Named};

/// Two claims, and what ties them.
struct Two {
    /// The relation that ties them; `None` where they are candidates.
    tie: Option<Tie>,
    first: Found,
    second: Found,
    /// Which of them are the party's.
    own: [bool; 2],
    /// The words that candidates share.
    shared: Vec<String>,
}

struct Tie {
    entry_index: u64,
    kind: RelationKind,
    /// Whether its recorder took it back.
    is_taken_back: bool,
}

struct Answer {
    party: Named,
    pairs: Vec<Two>,
    candidates: Vec<Two>,
    next: Option<u64>,
}

#[derive(Serialize)]
struct Json<'a> {
    schema: &'static str,
    /// `tie` if somebody recorded it, `candidate` if the words alone suggest it.
    found: &'static str,
    /// The entry of the relation; null for a candidate.
    relation: Option<u64>,
    kind: Option<RelationKind>,
    taken_back: bool,
    first: JsonSide<'a>,
    second: JsonSide<'a>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    shared_words: &'a [String],
}

#[derive(Serialize)]
struct JsonSide<'a> {
    entry: u64,
    id: Id,
    /// Whether it is the party's own.
    own: bool,
    withheld: bool,
    record: Option<&'a Record>,
    names: BTreeMap<Id, &'a str>,
    standing: Option<Standing>,
}

#[derive(Serialize)]
struct End<'a> {
    schema: &'static str,
    party: &'a str,
    name: &'a str,
    ties: usize,
    candidates: usize,
    next_after: Option<u64>,
    #[serde(flatten)]
    extent: Extent,
}

pub(crate) fn run(
    place: &Place,
    options: &Contradictions,
    terminal: &Terminal,
) -> Result<Exit, Failure> {
    let (answer, extent) = ask(place, terminal, |asked| find(asked, options))?;
    let Answer { party, pairs, candidates, next } = answer;
    for two in pairs.iter().chain(&candidates) {
        terminal.object(&json(two));
    }
    terminal.object(&End {
        schema: "whosaid.contradictions-end/1",
        party: &party.key,
        name: &party.name,
        ties: pairs.len(),
        candidates: candidates.len(),
        next_after: next,
        extent,
    });
    if pairs.is_empty() {
        let name = &party.name;
        terminal.line(format!("No recorded tie says that a claim of {name} is contradicted."));
    }
    for two in &pairs {
        print(two, terminal);
    }
    if let Some(next) = next {
        terminal.line(format!("There is more: --after {next}"));
    }
    if !candidates.is_empty() {
        terminal
            .line("Candidates, by their words alone; nobody has recorded that they contradict:");
        for two in &candidates {
            print(two, terminal);
        }
    }
    terminal.line(
        "* marks the party's own claims. A tie is somebody's reading; whether two claims \
         contradict is for you to say.",
    );
    print_extent(&extent, terminal);
    Ok(Exit::Holds)
}

fn find(asked: &Asked<'_>, options: &Contradictions) -> Result<Answer, Trouble> {
    let Asked { tables, reader } = asked;
    let party = named::party(tables, reader, &options.party)?;
    let later = Later::new(tables, reader)?;
    let limit = usize::try_from(options.limit).unwrap_or(usize::MAX);
    let found = pairs(tables, reader, &party.ids, options.after, limit)?;
    let mut ties = Vec::new();
    for pair in found.pairs {
        let stands = later.of(pair.entry_index, &pair.relation)?;
        let tie = Tie {
            entry_index: pair.entry_index,
            kind: pair.kind,
            is_taken_back: matches!(&stands, Stands::So(Outcome { standing, .. })
                if matches!(standing, Standing::Retracted | Standing::Superseded)),
        };
        ties.push(two(asked, &later, Some(tie), [pair.from, pair.to], Vec::new())?);
    }
    let mut unsure = Vec::new();
    // Candidates are no list to go through in pages; they are looked for once.
    if options.after.is_none() {
        for it in candidates(tables, reader, &party.ids)?.into_iter().take(limit) {
            unsure.push(two(asked, &later, None, [it.denied, it.asserted], it.shared)?);
        }
    }
    Ok(Answer { party, pairs: ties, candidates: unsure, next: found.next })
}

fn two(
    asked: &Asked<'_>,
    later: &Later<'_>,
    tie: Option<Tie>,
    sides: [Side; 2],
    shared: Vec<String>,
) -> Result<Two, Trouble> {
    let own = [sides[0].is_own, sides[1].is_own];
    let [first, second] = sides.map(|side| found(asked, later, side));
    Ok(Two { tie, first: first?, second: second?, own, shared })
}

fn found(asked: &Asked<'_>, later: &Later<'_>, side: Side) -> Result<Found, Trouble> {
    let Side { entry_index, id, statement, .. } = side;
    let hit = Hit { entry_index, id, statement, within: Truth::Unknown };
    let stands = stands(later, &hit)?;
    described(asked, later, hit, stands, None)
}

fn json(two: &Two) -> Json<'_> {
    Json {
        schema: "whosaid.contradictions/1",
        found: if two.tie.is_some() { "tie" } else { "candidate" },
        relation: two.tie.as_ref().map(|tie| tie.entry_index),
        kind: two.tie.as_ref().map(|tie| tie.kind),
        taken_back: two.tie.as_ref().is_some_and(|tie| tie.is_taken_back),
        first: side_json(&two.first, two.own[0]),
        second: side_json(&two.second, two.own[1]),
        shared_words: &two.shared,
    }
}

fn side_json(found: &Found, own: bool) -> JsonSide<'_> {
    let statement = found.hit.statement.as_ref();
    JsonSide {
        entry: found.hit.entry_index,
        id: found.hit.id,
        own,
        withheld: statement.is_none(),
        record: statement.map(Statement::record),
        names: found.names.iter().map(|(id, name)| (*id, name.as_str())).collect(),
        standing: match &found.stands {
            None => Some(Standing::Withheld),
            Some(Stands::So(outcome)) => Some(outcome.standing),
            Some(_) => None,
        },
    }
}

fn print(two: &Two, terminal: &Terminal) {
    let word = match &two.tie {
        Some(tie) => {
            let back = if tie.is_taken_back { ", taken back since" } else { "" };
            format!("{} (entry {}{back})", word(&tie.kind), tie.entry_index)
        }
        None => format!("and yet (shared words: {})", two.shared.join(", ")),
    };
    print_side(&two.first, two.own[0], terminal);
    terminal.line(format!("  {word}"));
    print_side(&two.second, two.own[1], terminal);
    terminal.line("");
}

fn print_side(found: &Found, is_own: bool, terminal: &Terminal) {
    let (entry_index, id) = (found.hit.entry_index, found.hit.id.short());
    let mark = if is_own { "*" } else { " " };
    let text = match &found.hit.statement {
        Some(it) => shortened(&summary::line(it.record(), &found.names), 100),
        None => "withheld".to_owned(),
    };
    let suspect = if found.suspect { "suspect: " } else { "" };
    terminal.line(format!("{mark} {entry_index:<5} {id}  {suspect}{text}"));
    if let Some(standing) = standing_line(found) {
        terminal.line(format!("        {standing}"));
    }
}
