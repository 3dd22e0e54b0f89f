//! `whosaid log` with filters that need the index: the same lines, of those entries alone.

use std::cell::Cell;

use jiff::tz::TimeZone;

use crate::cli::arguments::Log;
use crate::cli::failure::{self, Exit, Failure};
use crate::cli::look::{json, log_line};
use crate::cli::open::Place;
use crate::cli::search;
use crate::cli::searching::{Asked, Trouble, ask, date, names, print_extent};
use crate::cli::terminal::Terminal;
use crate::search::ask::{Paging, Tie, Wanted, page};
use crate::search::later::Later;
use crate::search::named;

/// How many entries are read at a time.
const CHUNK: usize = 1000;

pub(crate) fn run(place: &Place, options: &Log, terminal: &Terminal) -> Result<Exit, Failure> {
    let since = date("--since", options.since.as_deref())?;
    let since = match since.and_then(|date| date.earliest()) {
        Some(day) => Some(first_second(day)?),
        None if options.since.is_some() => {
            let message = "--since: the date has no first day";
            return Err(Failure::new(failure::INPUT, message));
        }
        None => None,
    };
    let kind = options.kind.as_deref().map(search::kind).transpose()?;
    let wanted = Wanted { tie: Tie::InAny, kind, since, ..Wanted::default() };
    // What was printed cannot be taken back, so nothing is begun anew after that.
    let printed = Cell::new(false);
    let ((), extent) = ask(place, terminal, |asked| {
        if printed.get() {
            let message = "the ledger was written to while it was read";
            return Err(Failure::new(failure::IO, message).hint("run the command again").into());
        }
        let entries = listed(asked, options, wanted.clone())?;
        printed.set(true);
        print(asked, &entries, terminal)
    })?;
    // The objects of `log` are entries, and no more than that.
    print_extent(&extent, terminal);
    Ok(Exit::Holds)
}

/// The entries that are wanted, in their order.
fn listed(asked: &Asked<'_>, options: &Log, mut wanted: Wanted) -> Result<Vec<u64>, Trouble> {
    let Asked { tables, reader } = asked;
    if let Some(typed) = &options.party {
        wanted.party = Some(named::party(tables, reader, typed)?.ids);
    }
    if let Some(typed) = &options.channel {
        wanted.channel = Some(named::channel(tables, reader, typed)?.ids);
    }
    let most = options.limit.map_or(usize::MAX, |it| usize::try_from(it).unwrap_or(usize::MAX));
    let (mut entries, mut after) = (Vec::new(), None);
    while entries.len() < most {
        let limit = CHUNK.min(most - entries.len());
        let paging = Paging { ascending: false, after, limit };
        let page = page(tables, reader, &wanted, paging, &mut |_| Ok(true))?;
        entries.extend(page.hits.iter().map(|hit| hit.entry_index));
        match page.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    entries.reverse();
    Ok(entries)
}

fn print(asked: &Asked<'_>, entries: &[u64], terminal: &Terminal) -> Result<(), Trouble> {
    let later = Later::new(asked.tables, asked.reader)?;
    for entry_index in entries {
        let slot = asked.reader.slot(*entry_index)?;
        let statement = slot.statement.as_ref();
        let is_suspect = |key| later.keyring().is_suspect(key, *entry_index);
        let suspect = statement.is_some_and(|it| is_suspect(it.signer()));
        let place = (*entry_index, slot.id);
        terminal.object(&json("whosaid.log/1", place, statement, None, Some(suspect)));
        terminal.line(match statement {
            Some(it) => log_line(*entry_index, it, &names(asked, it.record())?, suspect),
            None => format!("{entry_index:<5} {}  withheld", slot.id.short()),
        });
    }
    Ok(())
}

/// The first second of a day, in UTC.
fn first_second(day: jiff::civil::Date) -> Result<u64, Failure> {
    let midnight = TimeZone::UTC.to_timestamp(day.at(0, 0, 0, 0));
    let midnight =
        midnight.map_err(|error| Failure::new(failure::INPUT, format!("--since: {error}")))?;
    Ok(u64::try_from(midnight.as_second()).unwrap_or(0))
}
