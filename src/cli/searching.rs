//! What all commands that ask the index have in common: it is opened, brought up to the checkpoint
//! and asked; an index that turns out wrong is built anew, once; every answer says how far it goes.

use std::path::Path;
use std::time::Duration;

use serde::Serialize;

use crate::attribution::date::Date;
use crate::attribution::record::Record;
use crate::attribution::statement;
use crate::cli::arguments::Location;
use crate::cli::failure::{self, Failure};
use crate::cli::following::FILE;
use crate::cli::open::{Opened, Place};
use crate::cli::summary::{self, Names};
use crate::cli::terminal::Terminal;
use crate::ledger::writing;
use crate::search::keep::catch_up;
use crate::search::named;
use crate::search::reread::{self, Reader};
use crate::search::tables::{self, Tables};
use crate::store::STATE;
use crate::store::loose;
use crate::tlog::checkpoint::Checkpoint;

/// How long a search waits for another one that fills the index.
const PATIENCE: Duration = Duration::from_secs(30);

/// How often an answer is begun anew because the ledger grew meanwhile.
const ATTEMPTS: usize = 5;

/// A ledger and its index, to be asked.
pub(crate) struct Asked<'a> {
    pub(crate) tables: &'a Tables,
    pub(crate) reader: &'a Reader<'a>,
}

/// Why a question was not answered.
pub(crate) enum Trouble {
    /// The index is wrong: it can be built anew.
    Index(tables::Error),
    /// All else.
    Failure(Failure),
}

/// How far an answer goes: printed last.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Extent {
    /// The last entry that was searched; `None` in an empty ledger.
    pub(crate) complete_to: Option<u64>,
    /// The number of entries that the ledger has, by its checkpoint.
    pub(crate) tree_size: u64,
    /// How many of them are withheld.
    pub(crate) withheld: u64,
}

/// Asks the index of a ledger, once it is brought up to the checkpoint.
pub(crate) fn ask<T>(
    place: &Place,
    terminal: &Terminal,
    question: impl Fn(&Asked<'_>) -> Result<T, Trouble>,
) -> Result<(T, Extent), Failure> {
    let Location::Folder(folder) = &place.ledger else {
        let message = "a published ledger has no index: searching needs its folder";
        return Err(Failure::usage(message)
            .hint("copy the ledger (it is plain files) and name the copy with --ledger DIR")
            .hint("`whosaid log` and `whosaid monitor` read a ledger at a URL"));
    };
    let (store, policy) = (place.store()?, place.policy()?);
    let mut checkpoint = Checkpoint::clone(&*place.checkpoint(&store)?);
    let met = place.meet(&store, &policy, terminal)?;
    let mut tables = open(folder, terminal)?;
    let mut is_new = false;
    for _ in 0..ATTEMPTS {
        let answered = answer(&store, &checkpoint, &mut tables, &question, terminal);
        match answered {
            Ok(answer) => {
                place.remember(met.as_ref(), &policy, terminal);
                return Ok(answer);
            }
            Err(Trouble::Index(error)) if error.is_damage() && !is_new => {
                terminal.talk(format!("note: {error}; it is built anew"));
                (tables, is_new) = (renewed(tables, terminal)?, true);
            }
            Err(trouble) => {
                // A commit may have replaced the last files under our hands.
                let now = Checkpoint::clone(&*place.checkpoint(&store)?);
                if now == checkpoint {
                    return Err(trouble.into_failure());
                }
                checkpoint = now;
            }
        }
    }
    Err(Failure::new(failure::IO, "the ledger grows faster than it can be searched")
        .hint("try again when whoever writes to it has ended"))
}

fn answer<T>(
    store: &Opened,
    checkpoint: &Checkpoint,
    tables: &mut Tables,
    question: &impl Fn(&Asked<'_>) -> Result<T, Trouble>,
    terminal: &Terminal,
) -> Result<(T, Extent), Trouble> {
    let known = tables.extent()?.map_or(0, |(known, _)| known.tree_size);
    let mut bar = None;
    let mut progress = |done: u64| {
        let total = checkpoint.size.saturating_sub(known);
        let bar = bar.get_or_insert_with(|| terminal.progress(total, "indexing"));
        bar.set_position(done.saturating_sub(known));
    };
    let caught_up = catch_up(store, checkpoint, tables, &mut progress);
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    caught_up?;
    let (reached, withheld) =
        tables.extent()?.map_or((0, 0), |(it, withheld)| (it.tree_size, withheld));
    let reader = Reader::new(store, checkpoint.size);
    let answer = question(&Asked { tables, reader: &reader })?;
    let complete_to = reached.checked_sub(1);
    Ok((answer, Extent { complete_to, tree_size: checkpoint.size, withheld }))
}

/// Opens the index beside the ledger, or one in memory where none can be kept.
fn open(folder: &Path, terminal: &Terminal) -> Result<Tables, Failure> {
    let state = folder.join(STATE);
    let kept = loose::create_folder(&state).map_err(|error| error.to_string());
    let kept = kept.and_then(|()| {
        Tables::open(&state.join(FILE), PATIENCE).map_err(|error| error.to_string())
    });
    kept.or_else(|why| {
        terminal.talk(format!(
            "note: no index can be kept here ({why}); it is built in memory, for this answer only"
        ));
        Tables::in_memory().map_err(|error| Failure::new(failure::IO, error))
    })
}

fn renewed(mut tables: Tables, terminal: &Terminal) -> Result<Tables, Failure> {
    match tables.renew() {
        Ok(()) => Ok(tables),
        Err(error) => {
            terminal.talk(format!("note: {error}; it is built in memory, for this answer only"));
            Tables::in_memory().map_err(|error| Failure::new(failure::IO, error))
        }
    }
}

/// The last line of an answer.
pub(crate) fn print_extent(extent: &Extent, terminal: &Terminal) {
    let Extent { complete_to, tree_size, withheld } = extent;
    let reach = match complete_to {
        Some(last) => format!("Complete up to entry {last} of {tree_size} entries"),
        None => "Nothing was searched".to_owned(),
    };
    let withheld = match withheld {
        0 => String::new(),
        1 => "; 1 is withheld and was not searched".to_owned(),
        several => format!("; {several} are withheld and were not searched"),
    };
    terminal.line(format!("{reach}{withheld}."));
    terminal.talk("(as the ledger has it; `whosaid verify` says whether it may be believed)");
}

/// The names of what a record refers to.
pub(crate) fn names(asked: &Asked<'_>, record: &Record) -> Result<Names, Trouble> {
    let mut names = Names::new();
    for reference in record.references() {
        let Some((_, slot)) = asked.reader.by_id(asked.tables, reference.id)? else { continue };
        if let Some(name) = slot.statement.and_then(|it| summary::name(it.record())) {
            names.insert(reference.id, name);
        }
    }
    Ok(names)
}

/// A date that was typed.
pub(crate) fn date(option: &str, typed: Option<&str>) -> Result<Option<Date>, Failure> {
    let parse = |typed: &str| {
        Date::parse(typed).map_err(|error| {
            Failure::new(failure::INPUT, format!("{option}: {error}"))
                .hint("a date is written as 2024-11-24, 2024-11 or 2024 (EDTF)")
        })
    };
    typed.map(parse).transpose()
}

impl Trouble {
    fn into_failure(self) -> Failure {
        match self {
            Self::Failure(failure) => failure,
            Self::Index(error) => Failure::new(failure::IO, error)
                .hint("the index can be removed (.state/search.sqlite*): it is made anew"),
        }
    }
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

impl From<tables::Error> for Trouble {
    fn from(error: tables::Error) -> Self {
        Self::Index(error)
    }
}

impl From<reread::Error> for Trouble {
    fn from(error: reread::Error) -> Self {
        use reread::Error;
        Self::Failure(match error {
            Error::Index(error) => return Self::Index(error),
            Error::Reading(error) => error.into(),
            Error::Statement { entry_index, error: error @ statement::Error::Newer { .. } } => {
                writing::Error::Newer { entry_index, error }.into()
            }
            error => Failure::new(failure::DAMAGED, error).hint("run `whosaid verify`"),
        })
    }
}

impl From<named::Error> for Trouble {
    fn from(error: named::Error) -> Self {
        let hint = match &error {
            named::Error::Reread(_) => None,
            named::Error::Ambiguous { .. } => Some("give its key, or the beginning of its id"),
            _ => Some("`whosaid log --kind party` lists parties, `--kind channel` channels"),
        };
        match (error, hint) {
            (named::Error::Reread(error), _) => error.into(),
            (error, hint) => {
                let failure = Failure::new(failure::REFERENCE, error);
                Self::Failure(hint.into_iter().fold(failure, Failure::hint))
            }
        }
    }
}
