//! Rows into the ledger: each whole or not at all, many in one commit, and an answer for each.
//!
//! What the ledger has already is found and referred to, so the same file imported again appends
//! only what is new, and so does one whose import was interrupted.
//!
//! Rows go from hand to hand in blocks: while one is sealed, by several threads, the one before it is
//! answered, the next one looked through, and the one after that read. Some blocks make a commit, and
//! while that becomes durable the next ones are filled.

use std::collections::VecDeque;
use std::io;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread::Builder;

use crate::attribution::id::Id;
use crate::attribution::keyring::Signed;
use crate::hash::{self, Hash};
use crate::import::draft::Row;
use crate::import::group::{Group, Wordings, alike};
use crate::import::looking::{Error, Looking, encode_all};
use crate::import::outcome::{RowOutcome, Summary};
use crate::import::rehearsal::Rehearsal;
use crate::ledger::batch::{Added, Batch, Recorder};
use crate::ledger::holdings::{Ahead, Holdings};
use crate::ledger::together::{self, Adding, Ids, Sealers, Waves};
use crate::ledger::writing::{self, Addition, Ledger, Log};
use crate::store::disk::Disk;
use crate::tlog::checkpoint::Checkpoint;

/// How many rows go into one commit. A commit costs a handful of durable writes and three for each
/// 256 statements; with so many that is little beside the signatures.
pub const COMMIT: usize = 4_096;

/// How many rows go from hand to hand at once. With fewer the threads wake each other too often, with
/// more one waits for the other: 256 and 4,096 rows both take a sixth more time.
pub const BLOCK: usize = 1_024;

/// How many blocks may be read before they are looked through.
const BLOCKS_AHEAD: usize = 2;

/// The most bytes of one commit, as they stand in the file: they are held in memory until it.
const COMMIT_BYTES: usize = 32 * 1024 * 1024;

/// The most bytes that go from hand to hand at once.
const BLOCK_BYTES: usize = 4 * 1024 * 1024;

/// How rows are taken.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Say what would become of each row, and append nothing.
    pub dry_run: bool,
    /// How many rows go into one commit, at least 1; fewer, where they are long.
    pub commit: usize,
    /// How many rows go from hand to hand at once, at least 1.
    pub block: usize,
    /// How many threads seal.
    pub threads: NonZeroUsize,
}

/// Takes rows into a ledger, and tells what became of each once that is durable.
///
/// # Errors
/// The ledger's own, a recorder who may not record, and a system that gives no thread. Rows that were
/// told stay in the ledger.
pub fn run<D: Disk + Send + Sync>(
    rows: &mut dyn Iterator<Item = Row>,
    ledger: &mut Ledger<D>,
    recorder: Recorder<'_>,
    options: Options,
    report: &mut dyn FnMut(&RowOutcome),
) -> Result<Summary, Error> {
    let mut summary = Summary::default();
    let statements = std::thread::scope(|scope| {
        let (give, blocks) = sync_channel::<Block>(BLOCKS_AHEAD);
        let (tell, told) = channel::<Vec<RowOutcome>>();
        let taking = move || take_all(&blocks, ledger, recorder, options, &tell);
        let taking = Builder::new().spawn_scoped(scope, taking).map_err(Error::Threads)?;
        let mut answer = |outcomes: Vec<RowOutcome>| {
            for outcome in outcomes {
                summary.count(outcome.status);
                report(&outcome);
            }
        };
        while let Some(block) = next_block(rows, options.block.min(options.commit), recorder) {
            // Whoever stopped taking says why when it is asked.
            if give.send(block).is_err() {
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

/// Some rows, looked at by themselves, and how many bytes they have.
struct Block {
    rows: Vec<Row>,
    bytes: usize,
}

/// The next rows; `None` if there are no more.
fn next_block(
    rows: &mut dyn Iterator<Item = Row>,
    count: usize,
    recorder: Recorder<'_>,
) -> Option<Block> {
    let mut block = Block { rows: Vec::with_capacity(count.max(1)), bytes: 0 };
    while block.rows.len() < count.max(1) && block.bytes < BLOCK_BYTES {
        let Some(mut row) = rows.next() else { break };
        block.bytes += match &mut row {
            Ok(draft) => {
                draft.flaw = encode_all(&mut draft.drafts, recorder).err();
                draft.weight()
            }
            Err(problem) => problem.own_label.as_ref().map_or(0, String::len),
        };
        block.rows.push(row);
    }
    (!block.rows.is_empty()).then_some(block)
}

/// Fills commit after commit. How many statements were appended, or would be.
fn take_all<D: Disk + Send + Sync>(
    blocks: &Receiver<Block>,
    ledger: &mut Ledger<D>,
    recorder: Recorder<'_>,
    options: Options,
    tell: &Sender<Vec<RowOutcome>>,
) -> Result<u64, Error> {
    ledger.expect_many()?;
    let mut taking = Taking::new(ledger.holdings(), recorder, options.commit)?;
    if options.dry_run {
        return rehearse_all(blocks, ledger.holdings(), &mut taking, tell);
    }
    let beside = ledger.holdings().beside()?;
    Sealers::with(recorder, options.threads, |sealers| match beside {
        Some(holdings) => commit_beside(blocks, ledger, holdings, &mut taking, sealers, tell),
        // Nobody else can ask an index that has no file.
        None => commit_in_turn(blocks, ledger, &mut taking, sealers, tell),
    })?;
    Ok(taking.statements)
}

/// Fills a commit and makes it durable, one after the other.
fn commit_in_turn<'r, D: Disk>(
    blocks: &Receiver<Block>,
    ledger: &mut Ledger<D>,
    taking: &mut Taking<'r>,
    sealers: &Sealers<'r>,
    tell: &Sender<Vec<RowOutcome>>,
) -> Result<(), Error> {
    while let Some(sealed) = taking.seal(blocks, ledger.holdings(), sealers)? {
        commit(ledger, sealed, tell)?;
    }
    Ok(())
}

/// Makes a commit durable, and tells what became of its rows, even if the index could not follow.
fn commit<D: Disk>(
    ledger: &mut Ledger<D>,
    Sealed { addition, told, .. }: Sealed,
    tell: &Sender<Vec<RowOutcome>>,
) -> Result<(), Error> {
    let committed = ledger.commit(&addition);
    if matches!(committed, Ok(()) | Err(writing::Error::Committed(_))) {
        // Whoever asked may have stopped listening; what is committed stays.
        let _ = tell.send(told);
    }
    Ok(committed?)
}

/// Fills commits while those before are made durable, and the index follows those before them. One more
/// may wait for its turn: some commits take longer than others.
fn commit_beside<'r, D: Disk + Send + Sync>(
    blocks: &Receiver<Block>,
    ledger: &mut Ledger<D>,
    holdings: Holdings<D>,
    taking: &mut Taking<'r>,
    sealers: &Sealers<'r>,
    tell: &Sender<Vec<RowOutcome>>,
) -> Result<(), Error> {
    let filled = ledger.apart(|log, held| {
        std::thread::scope(|scope| {
            let ((give, sealed), (durable, logged)) = (sync_channel(1), sync_channel(0));
            let (done, committed) = channel();
            let committing = move || commit_all(&sealed, log, &durable, tell);
            let following = move || follow_all(&logged, held, &done);
            let begin = || -> io::Result<_> {
                let following = Builder::new().spawn_scoped(scope, following)?;
                Ok((Builder::new().spawn_scoped(scope, committing)?, following))
            };
            let (committing, following) = match begin() {
                Ok(begun) => begun,
                // Nothing was given to whoever did begin.
                Err(error) => return (Err(Error::Threads(error)), Ok(())),
            };
            let filled = fill_all(blocks, holdings, taking, sealers, &give, &committed);
            // Whoever commits ends when there is nothing more, and then who follows.
            drop(give);
            let committed = committing.join().expect("a commit does not panic");
            let followed = following.join().expect("to follow a commit does not panic");
            (committed.map_err(Error::from).and(filled), followed)
        })
    });
    filled?
}

/// Fills commits, and hands each on with what is not needed any more.
fn fill_all<'r, D: Disk>(
    blocks: &Receiver<Block>,
    mut holdings: Holdings<D>,
    taking: &mut Taking<'r>,
    sealers: &Sealers<'r>,
    give: &SyncSender<(Sealed, Vec<Before<D>>)>,
    committed: &Receiver<Holdings<D>>,
) -> Result<(), Error> {
    while let Some(sealed) = taking.seal(blocks, &holdings, sealers)? {
        let mut before = Vec::new();
        for mut next in committed.try_iter() {
            let batch = next.replace(&mut holdings);
            before.push((std::mem::replace(&mut holdings, next), batch));
        }
        holdings.expect(sealed.ahead.clone());
        // Whoever stopped committing says why when it is asked.
        if give.send((sealed, before)).is_err() {
            break;
        }
    }
    Ok(())
}

/// A commit that is filled: what it adds, and the answers for its rows.
struct Sealed {
    addition: Addition,
    ahead: Ahead,
    told: Vec<RowOutcome>,
}

/// What was known before a commit, and the batch that it brought.
type Before<D> = (Holdings<D>, Option<Ahead>);

/// A commit that is durable: its statements, and the checkpoint over them, if there are any.
type Logged = (Arc<Vec<Signed>>, Option<Checkpoint>);

/// Makes commit after commit durable, tells what became of their rows, and hands them on.
fn commit_all<D: Disk>(
    sealed: &Receiver<(Sealed, Vec<Before<D>>)>,
    log: &mut Log<D>,
    durable: &SyncSender<Logged>,
    tell: &Sender<Vec<RowOutcome>>,
) -> Result<(), writing::Error> {
    for (Sealed { addition, told, .. }, before) in sealed {
        // To give back thousands of statements takes milliseconds.
        drop(before);
        let is_empty = addition.statements.is_empty();
        let checkpoint = if is_empty { None } else { Some(log.append(&addition)?.clone()) };
        // Whoever asked may have stopped listening; what is committed stays.
        let _ = tell.send(told);
        // Whoever stopped following says why when it is asked.
        if durable.send((addition.statements, checkpoint)).is_err() {
            break;
        }
    }
    Ok(())
}

/// Lets the index follow commit after commit, and hands on what is known then.
fn follow_all<D: Disk>(
    logged: &Receiver<Logged>,
    held: &mut Holdings<D>,
    done: &Sender<Holdings<D>>,
) -> Result<(), writing::Error> {
    for (statements, checkpoint) in logged {
        if let Some(checkpoint) = checkpoint {
            writing::follow(held, &statements, &checkpoint)?;
        }
        let _ = done.send(held.beside()?.expect("the index has a file"));
    }
    Ok(())
}

/// What goes from block to block.
struct Taking<'r> {
    looking: Looking,
    begun_at: u64,
    recorder: Recorder<'r>,
    /// How many rows go into one commit.
    commit: usize,
    /// The captures that this commit brings.
    captures: hash::Set<Hash>,
    /// The wordings of the claims of the commits on their way, and of this one.
    wordings: VecDeque<Wordings>,
    statements: u64,
    /// How many records were looked through.
    records: usize,
    /// The block that is being sealed. It may go into the commit behind the one that is filled.
    on_its_way: Option<(Group, Adding<'r>)>,
    /// What the labels of the block before it have become. Rows that are looked through now find the
    /// ids of all others.
    ids: Ids,
    /// Captures that came with rows of the commit before, and are named by that block alone.
    carried: Vec<Vec<u8>>,
    /// Rows of a block that were not looked through yet, and how many bytes it has.
    left: (VecDeque<Row>, usize),
    /// Whether the first of them has to wait until those before it have their ids.
    first_left_waits: bool,
}

/// A commit while it is filled.
#[derive(Default)]
struct Filling {
    rows: usize,
    bytes: usize,
    told: Vec<RowOutcome>,
}

impl<'r> Taking<'r> {
    /// Nothing was taken yet.
    fn new<D: Disk>(
        holdings: &Holdings<D>,
        recorder: Recorder<'r>,
        commit: usize,
    ) -> Result<Self, Error> {
        Ok(Self {
            looking: Looking::new(holdings)?,
            begun_at: holdings.tree_size(),
            recorder,
            commit: commit.max(1),
            captures: hash::Set::default(),
            wordings: VecDeque::new(),
            statements: 0,
            records: 0,
            on_its_way: None,
            ids: Ids::default(),
            carried: Vec::new(),
            left: (VecDeque::new(), 0),
            first_left_waits: false,
        })
    }

    /// Fills a commit with the next blocks; `None` if there are no more.
    fn seal<D: Disk>(
        &mut self,
        blocks: &Receiver<Block>,
        holdings: &Holdings<D>,
        sealers: &Sealers<'r>,
    ) -> Result<Option<Sealed>, Error> {
        let mut batch = Batch::on(holdings, self.recorder)?;
        for bytes in std::mem::take(&mut self.carried) {
            batch.keep(bytes);
        }
        // The index knows those before.
        while self.wordings.len() > holdings.expected() {
            self.wordings.pop_front();
        }
        self.wordings.push_back(Wordings::default());
        let mut filling = Filling::default();
        self.fill(blocks, &mut batch, &mut filling, sealers)?;
        if filling.rows == 0 {
            return Ok(None);
        }
        self.statements += batch.len() as u64;
        let (addition, ahead, unnamed) = batch.finish_ahead();
        self.captures.clear();
        if let Some((behind, _)) = &self.on_its_way {
            self.captures.extend(behind.captures.iter().copied());
            // What no record of the commit names is not kept, and was not brought: but the block behind
            // it was looked through when it still was.
            let needed = unnamed.into_iter().filter(|(digest, _)| behind.named.contains(digest));
            for (digest, bytes) in needed {
                self.captures.insert(digest);
                self.carried.push(bytes);
            }
        }
        Ok(Some(Sealed { addition, ahead, told: filling.told }))
    }

    /// Takes blocks until the commit is full. While one is sealed the next one is looked through, and
    /// its records wait behind those, so that those who seal always have something to do.
    fn fill<D: Disk>(
        &mut self,
        blocks: &Receiver<Block>,
        batch: &mut Batch<'_, D>,
        filling: &mut Filling,
        sealers: &Sealers<'r>,
    ) -> Result<(), Error> {
        while filling.rows < self.commit && filling.bytes < COMMIT_BYTES {
            if let Some(before) = self.on_its_way.take_if(|_| self.first_left_waits) {
                self.finish(before, None, batch, filling)?;
            }
            let Some(mut group) = self.look_at_next(blocks, batch)? else {
                let Some(last) = self.on_its_way.take() else { break };
                self.finish(last, None, batch, filling)?;
                continue;
            };
            let waves = Waves::of(std::mem::take(&mut group.records));
            let changed = Some(&group.changed);
            if let Some(before) = self.on_its_way.take_if(|(_, it)| !waves.may_begin_beside(it)) {
                self.finish(before, changed, batch, filling)?;
            }
            let others = self.on_its_way.as_ref().map(|(_, adding)| adding);
            let adding = together::begin(batch, waves, &self.ids, others, sealers)?;
            if let Some(before) = self.on_its_way.take() {
                self.finish(before, changed, batch, filling)?;
            }
            self.on_its_way = Some((group, adding));
        }
        Ok(())
    }

    /// Takes a block that was on its way into the batch, and answers its rows. `changed` are the labels
    /// that the rows looked at meanwhile changed.
    fn finish<D: Disk>(
        &mut self,
        (mut group, adding): (Group, Adding<'_>),
        changed: Option<&hash::Set<Id>>,
        batch: &mut Batch<'_, D>,
        filling: &mut Filling,
    ) -> Result<(), Error> {
        let (added, ids) = adding.end(batch)?;
        self.ids = ids;
        for bytes in std::mem::take(&mut group.brought) {
            batch.keep(bytes);
        }
        filling.bytes += group.bytes;
        group.settle(&added, &mut self.looking, changed)?;
        self.answer(group, &added, batch, filling)
    }

    /// Looks through the rows of the next block, or what is left of one; `None` if there is none. It
    /// goes no further than to a row that has to wait until those before it have their ids.
    fn look_at_next<D: Disk>(
        &mut self,
        blocks: &Receiver<Block>,
        batch: &Batch<'_, D>,
    ) -> Result<Option<Group>, Error> {
        if self.left.0.is_empty() {
            let Ok(Block { rows, bytes }) = blocks.recv() else { return Ok(None) };
            self.left = (rows.into(), bytes);
        }
        self.first_left_waits = false;
        let is_settled = self.on_its_way.is_none();
        let mut group = Group::after(self.records, std::mem::take(&mut self.left.1));
        while let Some(row) = self.left.0.pop_front() {
            if let (Ok(draft), false) = (&row, is_settled && group.is_empty())
                && self.looking.has_to_wait(draft)?
            {
                self.left.0.push_front(row);
                self.first_left_waits = true;
                break;
            }
            let ground = (batch, &self.captures);
            group.take(row, &mut self.looking, ground, self.recorder, None)?;
        }
        self.records = group.end();
        self.captures.extend(group.captures.iter().copied());
        Ok(Some(group))
    }

    /// Says of the rows of a block what became of them.
    fn answer<D: Disk>(
        &mut self,
        group: Group,
        added: &[Added],
        batch: &Batch<'_, D>,
        filling: &mut Filling,
    ) -> Result<(), Error> {
        let wordings = self.wordings.make_contiguous();
        let mut alike = |entry_index: u64| {
            let Some(signed) = batch.signed(entry_index) else { return Ok(None) };
            alike(signed, batch.holdings, wordings, self.recorder)
        };
        let told = group.answer(added, self.begun_at, &self.looking, &mut alike)?;
        filling.rows += told.len();
        filling.told.extend(told);
        Ok(())
    }
}

/// Says of block after block what would become of it.
fn rehearse_all<D: Disk>(
    blocks: &Receiver<Block>,
    holdings: &Holdings<D>,
    taking: &mut Taking<'_>,
    tell: &Sender<Vec<RowOutcome>>,
) -> Result<u64, Error> {
    let batch = Batch::on(holdings, taking.recorder)?;
    let mut rehearsal = Rehearsal::new(holdings.tree_size());
    for Block { rows, .. } in blocks {
        let mut group = Group::default();
        for row in rows {
            let ground = (&batch, &taking.captures);
            let (looking, recorder) = (&mut taking.looking, taking.recorder);
            group.take(row, looking, ground, recorder, Some(&mut rehearsal))?;
        }
        taking.captures.extend(std::mem::take(&mut group.captures));
        let rehearsed = std::mem::take(&mut group.rehearsed);
        group.settle(&rehearsed, &mut taking.looking, None)?;
        let told = group.answer(&rehearsed, taking.begun_at, &taking.looking, &mut |_| Ok(None))?;
        let _ = tell.send(told.into_iter().map(|outcome| rehearsal.tell(outcome)).collect());
    }
    Ok(rehearsal.count())
}
