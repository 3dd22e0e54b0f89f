//! `whosaid search`: what the ledger has on some words, a party, a channel, a time.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::attribution::id::Id;
use crate::attribution::record::Record;
use crate::attribution::record::claim::Act;
use crate::attribution::statement::Statement;
use crate::attribution::truth::Truth;
use crate::audit::level::{self, Level};
use crate::audit::standing::{Because, Outcome, Standing};
use crate::cli::audited::Part;
use crate::cli::failure::{self, Exit, Failure};
use crate::cli::open::Place;
use crate::cli::search_options::{LevelName, Search, StandingName};
use crate::cli::searching::{Asked, Extent, Trouble, ask, date, names, print_extent};
use crate::cli::summary::{self, shortened, word};
use crate::cli::terminal::Terminal;
use crate::search::ask::{Hit, KINDS, Paging, Tie, Wanted, page};
use crate::search::days::Days;
use crate::search::later::{Later, Stands};
use crate::search::named;
use crate::search::words::Question;

/// Something found, with what is said of it.
pub(crate) struct Found {
    pub(crate) hit: Hit,
    /// Names of what it refers to.
    pub(crate) names: summary::Names,
    /// `None` where it is withheld.
    pub(crate) stands: Option<Stands>,
    /// Whether a later revocation of the signer's key reaches back to it.
    pub(crate) suspect: bool,
    /// Its attribution level, if that was asked for.
    pub(crate) level: Option<Level>,
}

/// Something found, as JSON.
#[derive(Serialize)]
pub(crate) struct Json<'a> {
    schema: &'static str,
    entry: u64,
    id: Id,
    recorder: Option<&'a str>,
    recorded_at: Option<u64>,
    withheld: bool,
    record: Option<&'a Record>,
    names: BTreeMap<Id, &'a str>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    suspect: bool,
    /// Whether it lies in the range of dates, or, in a timeline, whether the day is certain.
    #[serde(skip_serializing_if = "Option::is_none")]
    date: Option<Truth>,
    standing: Option<Standing>,
    because: &'a [Because],
    /// Why nothing is said of its standing.
    #[serde(skip_serializing_if = "Option::is_none")]
    no_standing: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    level: Option<Level>,
}

/// The last object of an answer.
#[derive(Serialize)]
pub(crate) struct End {
    pub(crate) schema: &'static str,
    pub(crate) found: usize,
    /// The entry to go on after; null where there is no more.
    pub(crate) next_after: Option<u64>,
    /// How many claims were audited for their level.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) levels_computed: Option<usize>,
    #[serde(flatten)]
    pub(crate) extent: Extent,
}

/// What a search found.
struct Answer {
    found: Vec<Found>,
    next: Option<u64>,
    looked_at: usize,
    levels_computed: Option<usize>,
}

/// `whosaid search`.
pub(crate) fn run(place: &Place, options: &Search, terminal: &Terminal) -> Result<Exit, Failure> {
    let wanted = wanted(options)?;
    let filters = [options.party.is_some(), options.channel.is_some(), options.level.is_some()];
    if wanted.is_anything() && options.standing.is_none() && !filters.contains(&true) {
        return Err(Failure::usage("there is nothing to search for: give words, or a filter")
            .hint("`whosaid log` lists all entries"));
    }
    let part = options.level.map(|_| Part::open(place, terminal)).transpose()?;
    let level = options.level.zip(part.as_ref());
    let (answer, extent) =
        ask(place, terminal, |asked| search(asked, options, wanted.clone(), level))?;
    for found in &answer.found {
        terminal.object(&json("whosaid.search/1", found, !wanted.window.is_open()));
        print(found, wanted.window.is_open(), terminal);
    }
    terminal.object(&End {
        schema: "whosaid.search-end/1",
        found: answer.found.len(),
        next_after: answer.next,
        levels_computed: answer.levels_computed,
        extent,
    });
    print_end(&answer, terminal);
    print_extent(&extent, terminal);
    Ok(Exit::Holds)
}

/// What was typed, as far as the index is not needed to understand it.
fn wanted(options: &Search) -> Result<Wanted, Failure> {
    let typed = options.words.join(" ");
    let question = if options.words.is_empty() {
        Question::default()
    } else {
        let parsed = Question::parse(&typed);
        parsed.map_err(|error| Failure::new(failure::INPUT, error))?
    };
    let from = date("--from", options.from.as_deref())?;
    let to = date("--to", options.to.as_deref())?;
    let act = options.act.as_deref().map(act).transpose()?;
    let window = Days::between(from.as_ref(), to.as_ref());
    if window.is_empty() {
        let message = "--to lies before --from: nothing can be of that time";
        return Err(Failure::new(failure::INPUT, message));
    }
    let may_stand = options.standing.map(standing);
    let kind = options.kind.as_deref().map(kind).transpose()?;
    Ok(Wanted { question, kind, act, window, may_stand, ..Wanted::default() })
}

/// A kind of record that was typed.
pub(crate) fn kind(typed: &str) -> Result<String, Failure> {
    if KINDS.contains(&typed) {
        return Ok(typed.to_owned());
    }
    let message = format!("{typed:?} is no kind of record");
    Err(Failure::new(failure::INPUT, message).hint(format!("there are {}", KINDS.join(", "))))
}

fn act(typed: &str) -> Result<Act, Failure> {
    serde_json::from_value(typed.into()).map_err(|_| {
        Failure::new(failure::INPUT, format!("{typed:?} is no act")).hint(
            "state, announce, confirm, deny, caution, promise, demand, ask, stress, \
             decline_to_comment, believe or act",
        )
    })
}

fn search(
    asked: &Asked<'_>,
    options: &Search,
    mut wanted: Wanted,
    level: Option<(LevelName, &Part)>,
) -> Result<Answer, Trouble> {
    let Asked { tables, reader } = asked;
    if let Some(typed) = &options.party {
        wanted.party = Some(named::party(tables, reader, typed)?.ids);
    }
    if let Some(typed) = &options.channel {
        wanted.channel = Some(named::channel(tables, reader, typed)?.ids);
    }
    wanted.tie = Tie::InClaim;
    let later = Later::new(tables, reader)?;
    let limit = usize::try_from(options.limit).unwrap_or(usize::MAX);
    let paging = Paging { ascending: false, after: options.after, limit };
    let (mut kept, mut computed) = (Vec::new(), 0);
    let mut accept = |hit: &Hit| {
        let stands = stands(&later, hit)?;
        let is_so = options.standing.is_none_or(|wanted| fits(wanted, stands.as_ref()));
        if !is_so {
            return Ok(false);
        }
        let mut reached = None;
        if let Some((least, part)) = level {
            computed += 1;
            reached = part.level_of(hit.id);
            if reached.is_none_or(|reached| reached < level_named(least)) {
                return Ok(false);
            }
        }
        kept.push((stands, reached));
        Ok(true)
    };
    let page = page(tables, reader, &wanted, paging, &mut accept)?;
    let mut found = Vec::new();
    for (hit, (stands, level)) in page.hits.into_iter().zip(kept) {
        found.push(described(asked, &later, hit, stands, level)?);
    }
    let levels_computed = level.map(|_| computed);
    Ok(Answer { found, next: page.next, looked_at: page.looked_at, levels_computed })
}

/// How something found stands; `None` where it is withheld.
pub(crate) fn stands(
    later: &Later<'_>,
    hit: &Hit,
) -> Result<Option<Stands>, crate::search::reread::Error> {
    let statement = hit.statement.as_ref();
    statement.map(|statement| later.of(hit.entry_index, statement)).transpose()
}

/// Something found, with its names; without its words where it is withheld, be it that it is gone
/// or that a notice says so.
pub(crate) fn described(
    asked: &Asked<'_>,
    later: &Later<'_>,
    mut hit: Hit,
    stands: Option<Stands>,
    level: Option<Level>,
) -> Result<Found, Trouble> {
    let is_withheld = matches!(&stands, Some(Stands::So(it)) if it.standing == Standing::Withheld);
    if is_withheld {
        hit.statement = None;
    }
    let mut found = Found { hit, names: summary::Names::new(), stands, suspect: false, level };
    if let Some(statement) = &found.hit.statement {
        found.names = names(asked, statement.record())?;
        found.suspect = later.keyring().is_suspect(statement.signer(), found.hit.entry_index);
    }
    Ok(found)
}

fn fits(wanted: StandingName, stands: Option<&Stands>) -> bool {
    matches!(stands, Some(Stands::So(outcome)) if outcome.standing == standing(wanted))
}

fn standing(name: StandingName) -> Standing {
    match name {
        StandingName::Standing => Standing::Standing,
        StandingName::Disputed => Standing::Disputed,
        StandingName::Denied => Standing::Denied,
        StandingName::Corrected => Standing::Corrected,
        StandingName::Retracted => Standing::Retracted,
        StandingName::Superseded => Standing::Superseded,
    }
}

fn level_named(name: LevelName) -> Level {
    level::ALL[name as usize]
}

pub(crate) fn json<'a>(schema: &'static str, found: &'a Found, with_date: bool) -> Json<'a> {
    let statement = found.hit.statement.as_ref();
    let (standing, because, no_standing) = match &found.stands {
        None => (Some(Standing::Withheld), &[][..], None),
        Some(Stands::So(Outcome { standing, because })) => (Some(*standing), &because[..], None),
        Some(Stands::Refused(why)) => (None, &[][..], Some(why.as_str())),
        Some(Stands::TooMuchSaid) => (None, &[][..], Some(TOO_MUCH_SAID)),
    };
    Json {
        schema,
        entry: found.hit.entry_index,
        id: found.hit.id,
        recorder: statement.map(Statement::issuer),
        recorded_at: statement.map(Statement::recorded_at),
        withheld: statement.is_none(),
        record: statement.map(Statement::record),
        names: found.names.iter().map(|(id, name)| (*id, name.as_str())).collect(),
        suspect: found.suspect,
        date: with_date.then_some(found.hit.within),
        standing,
        because,
        no_standing,
        level: found.level,
    }
}

const TOO_MUCH_SAID: &str = "more was said of it than is looked at here; `whosaid audit` does";

/// One thing found, on a line or two.
fn print(found: &Found, window_is_open: bool, terminal: &Terminal) {
    let Found { hit, names, suspect, .. } = found;
    let (entry_index, id) = (hit.entry_index, hit.id.short());
    let Some(statement) = &hit.statement else {
        terminal.line(format!("{entry_index:<5} {id}  withheld"));
        return;
    };
    let record = statement.record();
    let mark = if *suspect { "suspect: " } else { "" };
    let line = shortened(&summary::line(record, names), 100);
    terminal.line(format!("{entry_index:<5} {id}  {:<10} {mark}{line}", record.kind()));
    let mut notes = Vec::new();
    if let Some(when) = when(record) {
        let unsure = !window_is_open && hit.within == Truth::Unknown;
        notes.push(if unsure { format!("{when}, which may lie outside") } else { when });
    }
    notes.extend(level_line(found));
    notes.extend(standing_line(found));
    if !notes.is_empty() {
        terminal.line(format!("      {}", notes.join(" · ")));
    }
}

/// When something was said or published, as recorded.
fn when(record: &Record) -> Option<String> {
    match record {
        Record::Claim(it) => Some(match &it.said_at {
            Some(date) => format!("said {}", date.edtf()),
            None => "said at a time not recorded".to_owned(),
        }),
        Record::Document(it) => it.published.as_ref().map(|it| format!("published {}", it.edtf())),
        _ => None,
    }
}

fn level_line(found: &Found) -> Option<String> {
    found.level.map(|level| format!("{level:?} {}", level.name()))
}

/// How it stands, and by which entries; nothing where no later record changes it.
pub(crate) fn standing_line(found: &Found) -> Option<String> {
    match found.stands.as_ref()? {
        Stands::So(outcome) if outcome.standing == Standing::Standing => None,
        Stands::So(Outcome { standing, because }) => {
            let made_so = because.iter().filter(|it| it.effect == *standing);
            let entries: Vec<String> = made_so.map(|it| it.entry_index.to_string()).collect();
            Some(format!("{} by entry {}", word(standing), entries.join(", ")))
        }
        Stands::Refused(why) => Some(format!("not to be believed: {why}")),
        Stands::TooMuchSaid => Some(TOO_MUCH_SAID.to_owned()),
    }
}

fn print_end(answer: &Answer, terminal: &Terminal) {
    if let Some(count) = answer.levels_computed {
        terminal.line(format!("(Levels were computed for {count} of the entries found.)"));
    }
    match (answer.found.len(), answer.next) {
        (0, None) => terminal.line("Nothing found."),
        (count, None) => terminal.line(format!("{}.", counted(count, "found"))),
        (0, Some(next)) => terminal.line(format!(
            "Nothing among the {} entries looked at so far; to go on: --after {next}",
            answer.looked_at
        )),
        (count, Some(next)) => {
            let shown = counted(count, "shown");
            terminal.line(format!("{shown}, newest first; there may be more: --after {next}"));
        }
    }
}

fn counted(count: usize, verb: &str) -> String {
    if count == 1 { format!("1 entry {verb}") } else { format!("{count} entries {verb}") }
}
