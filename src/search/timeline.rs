//! A party's claims in the order in which they were said, as far as the records tell.

use crate::attribution::id::Id;
use crate::attribution::record::Record;
use crate::attribution::statement::Statement;
use crate::attribution::truth::Truth;
use crate::search::ask::{Hit, Page};
use crate::search::keep::days_of;
use crate::search::marks::Head;
use crate::search::reread::{Error, Reader};
use crate::search::tables::{Tables, moment};

/// One page of the claims whose speaker is a party (by the ids of its descriptions), by the first
/// day on which each may have been said; those without a date come last, in the order of the log.
/// `within` holds where the day is certain. `after` is the last entry of the page before.
pub fn timeline(
    tables: &Tables,
    reader: &Reader<'_>,
    party: &[Id],
    after: Option<u64>,
    limit: usize,
) -> Result<Page, Error> {
    let after = match after {
        Some(entry_index) => tables.entry(entry_index)?.map(|it| (moment(it.days), entry_index)),
        None => None,
    };
    let mut found = Vec::new();
    for id in party {
        found.extend(tables.said(Head::of(*id), after, limit.saturating_add(1))?);
    }
    found.sort_unstable();
    found.dedup();
    let mut page = Page { hits: Vec::new(), next: None, looked_at: 0 };
    let mut last = None;
    for (at, entry_index) in found {
        if page.looked_at == limit {
            page.next = last;
            break;
        }
        page.looked_at += 1;
        last = Some(entry_index);
        let slot = reader.slot(entry_index)?;
        if slot.statement.as_ref().is_none_or(|it| is_said(it, party, at)) {
            let within = slot.statement.as_ref().map_or(Truth::Unknown, is_sure);
            page.hits.push(Hit { entry_index, id: slot.id, statement: slot.statement, within });
        }
    }
    Ok(page)
}

/// Whether the statement is what the index says: a claim by the party, of that moment.
fn is_said(statement: &Statement, party: &[Id], at: i64) -> bool {
    let record = statement.record();
    let speaker = match record {
        Record::Claim(claim) => claim.speaker.party(),
        _ => None,
    };
    speaker.is_some_and(|id| party.contains(&id)) && moment(days_of(record)) == at
}

/// Whether the day on which something was said is certain.
fn is_sure(statement: &Statement) -> Truth {
    let days = days_of(statement.record());
    let is_one_day = days.earliest.is_some() && days.earliest == days.latest;
    if is_one_day { Truth::Holds } else { Truth::Unknown }
}
