//! Rows into the ledger: each whole or not at all, many in one commit, and an answer for each.
//!
//! What the ledger has already is found and referred to, so the same file imported again appends
//! only what is new, and so does one whose import was interrupted. While one group of rows is made
//! durable the next is looked through and sealed, by several threads, and the one after it is read.

use std::collections::HashSet;
use std::num::NonZeroUsize;
use std::sync::mpsc::{Receiver, Sender, channel, sync_channel};
use std::thread::ScopedJoinHandle;

use crate::hash::Hash;
use crate::import::draft::Row;
use crate::import::group::{Group, Wordings, alike};
use crate::import::looking::{Error, Looking, flaw_of};
use crate::import::outcome::{RowOutcome, Summary};
use crate::import::rehearsal::Rehearsal;
use crate::ledger::batch::{Batch, Recorder};
use crate::ledger::holdings::{Ahead, Holdings};
use crate::ledger::together::add_all;
use crate::ledger::writing::{Addition, Ledger};
use crate::store::disk::Disk;

/// How many rows go into one commit. A commit costs a handful of durable writes and three for each
/// 256 statements; with so many that is little beside the signatures.
pub const GROUP: usize = 4_096;

/// The most captured bytes of one commit: they are held in memory until it.
const GROUP_BYTES: usize = 32 * 1024 * 1024;

/// How rows are taken.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Say what would become of each row, and append nothing.
    pub dry_run: bool,
    /// How many rows go into one commit, at least 1.
    pub group: usize,
    /// How many threads seal.
    pub threads: NonZeroUsize,
}

/// Takes rows into a ledger, and tells what became of each once that is durable.
///
/// # Errors
/// The ledger's own, and a recorder who may not record. Rows that were told stay in the ledger.
pub fn run<D: Disk + Send + Sync>(
    rows: &mut dyn Iterator<Item = Row>,
    ledger: &mut Ledger<D>,
    recorder: Recorder<'_>,
    options: Options,
    report: &mut dyn FnMut(&RowOutcome),
) -> Result<Summary, Error>
where
    D::Lock: Send,
{
    let mut summary = Summary::default();
    let statements = std::thread::scope(|scope| {
        let (give, groups) = sync_channel::<Vec<Row>>(1);
        let (tell, told) = channel::<Vec<RowOutcome>>();
        let taking = scope.spawn(move || take_all(groups, ledger, recorder, options, &tell));
        let mut answer = |outcomes: Vec<RowOutcome>| {
            for outcome in outcomes {
                summary.count(outcome.status);
                report(&outcome);
            }
        };
        while let Some(group) = next_group(rows, options.group, recorder) {
            // Whoever stopped taking says why when it is asked.
            if give.send(group).is_err() {
                break;
            }
            told.try_iter().for_each(&mut answer);
        }
        drop(give);
        told.iter().for_each(&mut answer);
        taking.join().expect("taking rows does not panic")
    })?;
    summary.statements = statements;
    Ok(summary)
}

/// The next rows, as many as go into one commit, looked at by themselves; `None` if there are no more.
fn next_group(
    rows: &mut dyn Iterator<Item = Row>,
    count: usize,
    recorder: Recorder<'_>,
) -> Option<Vec<Row>> {
    let (mut group, mut bytes) = (Vec::new(), 0);
    while group.len() < count.max(1) && bytes < GROUP_BYTES {
        let Some(mut row) = rows.next() else { break };
        if let Ok(draft) = &mut row {
            draft.flaw = flaw_of(&draft.drafts, recorder);
        }
        bytes += row.as_ref().map_or(0, |row| row.captures.iter().map(Vec::len).sum());
        group.push(row);
    }
    (!group.is_empty()).then_some(group)
}

/// Takes group after group: each is looked through and sealed while the one before it is being
/// made durable. How many statements were appended, or would be.
fn take_all<D: Disk + Send + Sync>(
    groups: Receiver<Vec<Row>>,
    ledger: &mut Ledger<D>,
    recorder: Recorder<'_>,
    options: Options,
    tell: &Sender<Vec<RowOutcome>>,
) -> Result<u64, Error>
where
    D::Lock: Send,
{
    let mut taking = Taking {
        looking: Looking::new(ledger.holdings())?,
        begun_at: ledger.tree_size(),
        recorder,
        threads: options.threads,
        captures: HashSet::new(),
        wordings: [Wordings::new(), Wordings::new()],
        statements: 0,
    };
    if options.dry_run {
        return rehearse_all(groups, ledger.holdings(), &mut taking, tell);
    }
    std::thread::scope(|scope| {
        let mut at_hand = Some(ledger);
        // A commit, and what the next group has to know of the ledger meanwhile.
        let mut on_its_way: Option<(ScopedJoinHandle<'_, _>, Holdings<D>)> = None;
        for rows in groups {
            let sealed = match (&on_its_way, &at_hand) {
                (Some((_, holdings)), _) => taking.seal(rows, holdings),
                (None, Some(ledger)) => taking.seal(rows, ledger.holdings()),
                (None, None) => unreachable!("the ledger is at hand or being committed to"),
            };
            if let Some((commit, _)) = on_its_way.take() {
                at_hand = Some(tell_of(commit.join().expect("a commit does not panic"), tell)?);
            }
            let (sealed, ledger) = (sealed?, at_hand.take().expect("nothing is on its way"));
            match ledger.holdings().ahead(sealed.ahead.clone())? {
                Some(next) => {
                    on_its_way = Some((scope.spawn(move || commit(ledger, sealed)), next));
                }
                // Nobody else can ask an index that has no file.
                None => at_hand = Some(tell_of(commit(ledger, sealed), tell)?),
            }
        }
        if let Some((commit, _)) = on_its_way {
            tell_of(commit.join().expect("a commit does not panic"), tell)?;
        }
        Ok(taking.statements)
    })
}

/// A group that is sealed: what it adds, and the answers for its rows.
struct Sealed {
    addition: Addition,
    ahead: Ahead,
    told: Vec<RowOutcome>,
}

type Committed<'l, D> = Result<(&'l mut Ledger<D>, Vec<RowOutcome>), Error>;

fn commit<D: Disk>(ledger: &mut Ledger<D>, sealed: Sealed) -> Committed<'_, D> {
    ledger.commit(&sealed.addition)?;
    Ok((ledger, sealed.told))
}

/// Tells what became of the rows of a commit, and hands the ledger back.
fn tell_of<'l, D: Disk>(
    committed: Committed<'l, D>,
    tell: &Sender<Vec<RowOutcome>>,
) -> Result<&'l mut Ledger<D>, Error> {
    let (ledger, told) = committed?;
    // Whoever asked may have stopped listening; what is committed stays.
    let _ = tell.send(told);
    Ok(ledger)
}

/// What goes from group to group.
struct Taking<'r> {
    looking: Looking,
    begun_at: u64,
    recorder: Recorder<'r>,
    threads: NonZeroUsize,
    /// The captures that the last group brings.
    captures: HashSet<Hash>,
    /// The wordings of the claims of this group and of the last one.
    wordings: [Wordings; 2],
    statements: u64,
}

impl Taking<'_> {
    /// Looks through the rows of a group, and seals what goes in.
    fn seal<D: Disk>(&mut self, rows: Vec<Row>, holdings: &Holdings<D>) -> Result<Sealed, Error> {
        let mut group = Group::default();
        for row in rows {
            let ground = (holdings, &self.captures);
            group.take(row, &mut self.looking, ground, self.recorder, None)?;
        }
        let mut batch = Batch::on(holdings, self.recorder)?;
        let added = add_all(&mut batch, std::mem::take(&mut group.records), self.threads)?;
        for bytes in std::mem::take(&mut group.brought) {
            batch.keep(bytes);
        }
        self.statements += batch.len() as u64;
        let (addition, ahead) = batch.finish_ahead();
        self.captures = std::mem::take(&mut group.captures);
        let [current, before] = &mut self.wordings;
        *before = std::mem::take(current);
        let mut alike = |entry_index: u64| {
            let place = usize::try_from(entry_index - holdings.tree_size()).ok();
            let statement = place.and_then(|place| addition.statements.get(place));
            let Some((_, signed)) = statement else { return Ok(None) };
            let record = signed.statement().record();
            alike(entry_index, record, holdings, (current, before), self.recorder)
        };
        let told = group.answer(&added, self.begun_at, &self.looking, &mut alike)?;
        Ok(Sealed { addition, ahead, told })
    }
}

/// Says of group after group what would become of it.
fn rehearse_all<D: Disk>(
    groups: Receiver<Vec<Row>>,
    holdings: &Holdings<D>,
    taking: &mut Taking<'_>,
    tell: &Sender<Vec<RowOutcome>>,
) -> Result<u64, Error> {
    let mut rehearsal = Rehearsal::new(holdings.tree_size());
    for rows in groups {
        let mut group = Group::default();
        for row in rows {
            let ground = (holdings, &taking.captures);
            let (looking, recorder) = (&mut taking.looking, taking.recorder);
            group.take(row, looking, ground, recorder, Some(&mut rehearsal))?;
        }
        taking.captures.extend(std::mem::take(&mut group.captures));
        let rehearsed = std::mem::take(&mut group.rehearsed);
        let told = group.answer(&rehearsed, taking.begun_at, &taking.looking, &mut |_| Ok(None))?;
        let _ = tell.send(told.into_iter().map(|outcome| rehearsal.tell(outcome)).collect());
    }
    Ok(rehearsal.count())
}
