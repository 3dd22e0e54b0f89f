//! Keeping the index up: what the ledger has and the index has not is read, bundle by bundle, and
//! added in pieces, each with the tree that it reaches. Stopped anywhere, it goes on from there; an
//! index of another history is thrown away.

use std::collections::HashMap;

use crate::attribution::id::Id;
use crate::attribution::record::Record;
use crate::attribution::record::claim::Claim;
use crate::attribution::record::party::Party;
use crate::attribution::statement::Statement;
use crate::index::Extent;
use crate::ledger::reading::{self, bundles_before};
use crate::search::days::Days;
use crate::search::marks::{Context, Head, effects, marks};
use crate::search::reread::{Error, Reader, items, open};
use crate::search::tables::{Called, Row, Tables, Target};
use crate::search::texts::{names, texts};
use crate::search::words::cut;
use crate::store::source::Source;
use crate::tlog::bundle::bundles_of;
use crate::tlog::checkpoint::Checkpoint;
use crate::tlog::merkle;
use crate::tlog::tile::FULL_WIDTH;

/// How many entries are added at a time: what a kill costs, at most.
const ENTRIES: usize = 20_000;

/// How many bytes of terms are added at a time, at most, and one bundle's more.
const BYTES: usize = 16 * 1024 * 1024;

/// How many parties and documents are remembered between one record and the next that refers to
/// them.
const REMEMBERED: usize = 20_000;

/// How often another process may be faster before we give up.
const ATTEMPTS: usize = 1000;

/// Brings the index up to the checkpoint. `progress` is told how many of its entries are indexed.
///
/// # Errors
/// The ledger's files; a statement that is not what its entry says; or the index, which can then
/// be thrown away.
pub fn catch_up(
    source: &dyn Source,
    checkpoint: &Checkpoint,
    tables: &mut Tables,
    progress: &mut dyn FnMut(u64),
) -> Result<(), Error> {
    catch_up_in_steps(ENTRIES, source, checkpoint, tables, progress)
}

/// The same in steps of so many entries, each rounded up to whole bundles.
pub fn catch_up_in_steps(
    step: usize,
    source: &dyn Source,
    checkpoint: &Checkpoint,
    tables: &mut Tables,
    progress: &mut dyn FnMut(u64),
) -> Result<(), Error> {
    let mut fill = |tables: &mut Tables, known: Option<Extent>| {
        fill(source, checkpoint, tables, (known, step), progress)
    };
    let root = |size| merkle::root(size, &mut reading::nodes(source, checkpoint.size));
    let mut new = 0;
    for _ in 0..ATTEMPTS {
        let known = tables.extent()?.map(|(extent, _)| extent);
        let Some(known) = known else {
            new += fill(tables, None)?;
            continue;
        };
        if known.tree_size == checkpoint.size && known.root == checkpoint.root {
            break;
        }
        if known.tree_size >= checkpoint.size || root(known.tree_size)? != known.root {
            tables.renew()?;
            new += fill(tables, None)?;
        } else {
            new += fill(tables, Some(known))?;
        }
    }
    if new > 0 {
        tables.settle(new)?;
    }
    Ok(())
}

/// Adds what stands beyond `known`, in steps, until all is there or another process is faster; the
/// number of entries added.
fn fill(
    source: &dyn Source,
    checkpoint: &Checkpoint,
    tables: &mut Tables,
    (mut known, step): (Option<Extent>, usize),
    progress: &mut dyn FnMut(u64),
) -> Result<u64, Error> {
    let (width, mut new) = (u64::from(FULL_WIDTH), 0);
    let from = known.map_or(0, |known| known.tree_size);
    let reader = Reader::new(source, checkpoint.size);
    let mut remembered = Remembered::default();
    let (mut rows, mut length) = (Vec::new(), 0);
    for bundle in bundles_of(checkpoint.size).skip(bundles_before(from)) {
        let first = bundle.index * width;
        for (entry_index, (id, bytes)) in (first..).zip(items(source, bundle)?) {
            if entry_index < from {
                continue;
            }
            let statement = bytes.map(|bytes| open(entry_index, id, &bytes)).transpose()?;
            let row = match statement {
                Some(it) => {
                    let sources = Sources { tables, reader: &reader };
                    remembered.row(&sources, entry_index, &it)?
                }
                None => withheld(entry_index, id),
            };
            length += row.terms.len();
            rows.push(row);
        }
        let tree_size = first + u64::from(bundle.width);
        if rows.len() >= step || length >= BYTES || tree_size == checkpoint.size {
            let root = merkle::root(tree_size, &mut reading::nodes(source, checkpoint.size))?;
            let now = Extent { tree_size, root };
            if !tables.extend(known, &rows, now)? {
                return Ok(new);
            }
            new += rows.len() as u64;
            (known, length) = (Some(now), 0);
            rows.clear();
            remembered.pending.clear();
            progress(tree_size);
        }
    }
    Ok(new)
}

fn withheld(entry_index: u64, id: Id) -> Row {
    Row {
        entry_index,
        id,
        recorded_at: None,
        days: Days::default(),
        speaker: None,
        channel: None,
        targets: Vec::new(),
        called: Vec::new(),
        terms: String::new(),
    }
}

/// Where a record is looked up that an earlier piece of the index holds.
struct Sources<'a> {
    tables: &'a Tables,
    reader: &'a Reader<'a>,
}

/// What later records need to know of those that they refer to.
#[derive(Default)]
struct Remembered {
    /// Parties as they were described. `None` where there is none to be read.
    parties: HashMap<Id, Option<Party>>,
    /// The channel of a document, and the speaker of a claim.
    heads: HashMap<Id, Option<Head>>,
    /// The entries that are not in the index yet.
    pending: HashMap<Id, u64>,
}

impl Remembered {
    /// What the index is to keep of a statement.
    fn row(
        &mut self,
        sources: &Sources<'_>,
        entry_index: u64,
        statement: &Statement,
    ) -> Result<Row, Error> {
        let (id, record) = (statement.id(), statement.record());
        if self.parties.len() > REMEMBERED {
            self.parties.clear();
        }
        if self.heads.len() > REMEMBERED {
            self.heads.clear();
        }
        self.pending.insert(id, entry_index);
        let days = days_of(record);
        let mut context = Context::default();
        let (mut party, mut speaker, mut channel, mut targets) = (None, None, None, Vec::new());
        match record {
            Record::Party(it) => {
                self.parties.insert(id, Some(it.clone()));
            }
            Record::Document(it) => {
                channel = it.channel.map(Head::of);
                self.heads.insert(id, channel);
            }
            Record::Claim(it) => {
                speaker = it.speaker.party().map(Head::of);
                self.heads.insert(id, speaker);
                context.channels = self.channels(sources, it)?;
                if let Some(id) = it.speaker.party() {
                    party = self.party(sources, id)?;
                }
            }
            Record::Relation(it) => {
                for end in [it.from, it.to] {
                    context.ends.extend(self.head(sources, end)?);
                    targets.push(self.target(sources, record, end)?);
                }
            }
            Record::Notice(it) => {
                targets.push(self.target(sources, record, it.target)?);
            }
            _ => {}
        }
        let words = texts(record, party).into_iter().map(|words| words.join(" "));
        let terms = words.chain(marks(id, record, days, &context)).collect::<Vec<_>>().join(" ");
        let (recorded_at, called) = (Some(statement.recorded_at()), called(record));
        Ok(Row { entry_index, id, recorded_at, days, speaker, channel, targets, called, terms })
    }

    fn channels(&mut self, sources: &Sources<'_>, claim: &Claim) -> Result<Vec<Head>, Error> {
        let mut channels = Vec::new();
        let hops = claim.chain.iter().filter_map(|hop| hop.document);
        for document in claim.document.into_iter().chain(hops) {
            channels.extend(self.head(sources, document)?);
        }
        Ok(channels)
    }

    /// A statement that a record is about.
    fn target(&self, sources: &Sources<'_>, record: &Record, id: Id) -> Result<Target, Error> {
        let entry_index = match self.pending.get(&id) {
            Some(entry_index) => Some(*entry_index),
            None => sources.tables.by_id(id)?.map(|entry| entry.entry_index),
        };
        Ok(Target { head: Head::of(id), entry_index, effects: effects(record, id) })
    }

    /// The channel of a document, or the speaker of a claim.
    fn head(&mut self, sources: &Sources<'_>, id: Id) -> Result<Option<Head>, Error> {
        if let Some(head) = self.heads.get(&id) {
            return Ok(*head);
        }
        let head = match self.pending.get(&id) {
            Some(entry_index) => head_of(sources.reader.slot(*entry_index)?.statement.as_ref()),
            None => sources.tables.by_id(id)?.and_then(|entry| entry.channel.or(entry.speaker)),
        };
        self.heads.insert(id, head);
        Ok(head)
    }

    fn party(&mut self, sources: &Sources<'_>, id: Id) -> Result<Option<&Party>, Error> {
        if !self.parties.contains_key(&id) {
            let slot = match self.pending.get(&id) {
                Some(entry_index) => Some(sources.reader.slot(*entry_index)?),
                None => sources.reader.by_id(sources.tables, id)?.map(|(_, slot)| slot),
            };
            let party = slot.and_then(|slot| slot.statement).and_then(|it| match it.record() {
                Record::Party(party) => Some(party.clone()),
                _ => None,
            });
            self.parties.insert(id, party);
        }
        Ok(self.parties[&id].as_ref())
    }
}

fn head_of(statement: Option<&Statement>) -> Option<Head> {
    match statement?.record() {
        Record::Document(it) => it.channel.map(Head::of),
        Record::Claim(it) => it.speaker.party().map(Head::of),
        _ => None,
    }
}

/// When something was said or published.
pub(crate) fn days_of(record: &Record) -> Days {
    match record {
        Record::Claim(it) => Days::of(it.said_at.as_ref()),
        Record::Document(it) => Days::of(it.published.as_ref()),
        _ => Days::default(),
    }
}

/// By what people ask for a party or a channel.
fn called(record: &Record) -> Vec<(Called, String)> {
    let words = |text: &str| cut(text).join(" ");
    match record {
        Record::Party(it) => {
            let names = names(it).map(|name| (Called::PartyName, words(name)));
            [(Called::PartyKey, it.key.clone())].into_iter().chain(names).collect()
        }
        Record::Channel(it) => {
            let handles = it.handles.iter().map(|it| (Called::Handle, words(&it.text)));
            [(Called::ChannelKey, it.key.clone())].into_iter().chain(handles).collect()
        }
        _ => Vec::new(),
    }
}
