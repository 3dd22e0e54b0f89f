//! Many records into a batch at once: signed by several threads, taken in their order.
//!
//! The threads stay for all batches, because to begin one takes as long as to sign several records.
//! Records may refer to one another before they have ids, by labels. A record can be sealed when all
//! that it refers to is: so they go in waves, and a table of a thousand rows, each with its document
//! and its claim, has two.

use std::collections::{HashMap, HashSet};
use std::num::NonZeroUsize;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};

use crate::attribution::id::Id;
use crate::attribution::record::Record;
use crate::attribution::statement::{self, Encoded, Statement, Unsealed};
use crate::hash::Hash;
use crate::ledger::batch::{Added, Batch, Error, Recorder};
use crate::store::disk::Disk;

/// How many records are signed in one go: enough for their shared inversion.
const GROUP: usize = 64;

/// A record that others of the same batch may refer to by its label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Labelled {
    /// What others refer to it by, in the place of an id.
    pub label: Id,
    /// The record, whose references may be labels of records before it.
    pub record: Box<Record>,
    /// The record as bytes, in the name of the recorder, if all that it refers to are ids.
    pub encoded: Option<Encoded>,
}

/// A record of which all references are ids.
struct Ready<'n> {
    place: usize,
    label: Id,
    identity: Hash,
    unsealed: Unsealed<'n, Box<Record>>,
}

/// A record on its way into the batch.
struct Sealed {
    place: usize,
    label: Id,
    identity: Hash,
    statement: Statement,
}

/// What became of a record.
enum Became {
    /// The ledger or the batch had it.
    Held(Added),
    /// It is sealed.
    Sealed(Box<Statement>),
    /// It is the same as one before it.
    Again(Hash),
}

/// What labels have become.
pub type Ids = HashMap<Id, Id>;

/// Threads that sign for one recorder.
pub struct Sealers<'n> {
    recorder: Recorder<'n>,
    /// None where the caller's thread is the only one.
    jobs: Option<Sender<Job<'n>>>,
}

/// Records to be signed, and where to say what came of them.
struct Job<'n> {
    group: Vec<Ready<'n>>,
    tell: Sender<Result<Vec<Sealed>, Error>>,
}

impl<'n> Sealers<'n> {
    /// Does some work that has so many threads at hand to sign.
    pub fn with<T>(
        recorder: Recorder<'n>,
        threads: NonZeroUsize,
        work: impl FnOnce(&Self) -> T,
    ) -> T {
        if threads.get() < 2 {
            return work(&Self { recorder, jobs: None });
        }
        std::thread::scope(|scope| {
            let (give, jobs) = channel();
            let jobs = Arc::new(Mutex::new(jobs));
            for _ in 0..threads.get() {
                let jobs = jobs.clone();
                scope.spawn(move || seal_what_comes(&jobs, recorder));
            }
            work(&Self { recorder, jobs: Some(give) })
        })
    }

    /// Seals records; the caller does something else meanwhile.
    fn seal<M>(
        &self,
        records: Vec<Ready<'n>>,
        meanwhile: impl FnOnce() -> M,
    ) -> (Result<Vec<Sealed>, Error>, M) {
        let Some(jobs) = self.jobs.as_ref().filter(|_| records.len() > 1) else {
            return (seal(records, self.recorder), meanwhile());
        };
        let (tell, told) = channel();
        for group in in_groups(records) {
            let job = Job { group, tell: tell.clone() };
            jobs.send(job).expect("who signs stays until there is nothing more to sign");
        }
        drop(tell);
        let beside = meanwhile();
        let sealed = told.iter().collect::<Result<Vec<_>, _>>();
        (sealed.map(|groups| groups.into_iter().flatten().collect()), beside)
    }
}

fn seal_what_comes(jobs: &Mutex<Receiver<Job<'_>>>, recorder: Recorder<'_>) {
    let next = || jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
    while let Ok(Job { group, tell }) = next() {
        // Whoever asked may have given up.
        let _ = tell.send(seal(group, recorder));
    }
}

/// Seals records that were looked through, and takes them into the batch in their order; what the
/// ledger or the batch has already is found. No two have one label. `ids` says what the labels of
/// records before them have become, and will say it of these. That their fields are right, and
/// references lead to records of the right kinds, is for the caller to have checked. While the last of
/// them are sealed the caller does something else, `meanwhile`.
///
/// # Errors
/// As [`Batch::add`], and those of what is done meanwhile; the batch is then to be dropped.
pub fn add_all<'a, 'n, D: Disk, T, E: From<Error>>(
    batch: &mut Batch<'a, D>,
    records: Vec<Labelled>,
    ids: &mut Ids,
    sealers: &Sealers<'n>,
    meanwhile: impl FnOnce(&Batch<'a, D>) -> Result<T, E>,
) -> Result<(Vec<Added>, T), E> {
    let mut adding = Adding::default();
    adding.became.resize_with(records.len(), || None);
    let mut waves = waves(records);
    let last = waves.pop().unwrap_or_default();
    for wave in waves {
        adding.seal(wave, batch, ids, sealers, |_| ())?;
    }
    let done = adding.seal(last, batch, ids, sealers, meanwhile)?;
    Ok((adding.take_in_order(batch)?, done?))
}

/// What is known of the records so far.
#[derive(Default)]
struct Adding {
    became: Vec<Option<Became>>,
    seen: HashSet<Hash>,
    /// The first record of each identity: its place and its id.
    first: HashMap<Hash, (usize, Id)>,
}

impl Adding {
    /// Seals those of a wave that neither the ledger nor the batch has.
    fn seal<'a, 'n, D: Disk, M>(
        &mut self,
        wave: Vec<(usize, Labelled)>,
        batch: &Batch<'a, D>,
        ids: &mut Ids,
        sealers: &Sealers<'n>,
        meanwhile: impl FnOnce(&Batch<'a, D>) -> M,
    ) -> Result<M, Error> {
        let (mut missing, mut again) = (Vec::new(), Vec::new());
        for (place, labelled) in wave {
            let it = ready(place, labelled, sealers.recorder.name, ids)?;
            if !self.seen.insert(it.identity) {
                again.push(it);
            } else if let Some(same) = batch.find_same(it.identity)? {
                ids.insert(it.label, same.id);
                self.first.insert(it.identity, (it.place, same.id));
                self.became[it.place] = Some(Became::Held(same));
            } else {
                missing.push(it);
            }
        }
        let (sealed, done) = sealers.seal(missing, || meanwhile(batch));
        for Sealed { place, label, identity, statement } in sealed? {
            ids.insert(label, statement.id());
            self.first.insert(identity, (place, statement.id()));
            self.became[place] = Some(Became::Sealed(Box::new(statement)));
        }
        for Ready { place, label, identity, .. } in again {
            let (first, id) = self.first[&identity];
            ids.insert(label, id);
            self.became[place] = Some(Became::Again(identity));
            // One of a later place may have been sealed in an earlier wave; what stands between the two
            // may refer to this one.
            if place < first && matches!(self.became[first], Some(Became::Sealed(_))) {
                self.became.swap(place, first);
                self.first.insert(identity, (place, id));
            }
        }
        Ok(done)
    }

    fn take_in_order<D: Disk>(self, batch: &mut Batch<'_, D>) -> Result<Vec<Added>, Error> {
        let mut added: Vec<Option<Added>> = vec![None; self.became.len()];
        let mut again = Vec::new();
        for (place, became) in self.became.into_iter().enumerate() {
            match became.expect("each record is in some wave") {
                Became::Held(held) => added[place] = Some(held),
                Became::Sealed(statement) => added[place] = Some(batch.take(*statement)?),
                Became::Again(identity) => again.push((place, self.first[&identity].0)),
            }
        }
        for (place, first) in again {
            added[place] = added[first].map(|it| Added { new: false, ..it });
        }
        Ok(added.into_iter().map(|it| it.expect("taken or held")).collect())
    }
}

/// Records with their places, by how many others have to be sealed before them.
fn waves(records: Vec<Labelled>) -> Vec<Vec<(usize, Labelled)>> {
    let mut waves: Vec<Vec<(usize, Labelled)>> = Vec::new();
    let mut wave_of: HashMap<Id, usize> = HashMap::with_capacity(records.len());
    for (place, labelled) in records.into_iter().enumerate() {
        let has_labels = labelled.encoded.is_none();
        let needed = if has_labels { labelled.record.references() } else { Vec::new() };
        let needed = needed.iter().filter_map(|it| wave_of.get(&it.id)).max();
        let wave = needed.map_or(0, |wave| wave + 1);
        let earlier = wave_of.insert(labelled.label, wave);
        assert_eq!(earlier, None, "two records of a batch have one label");
        if waves.len() == wave {
            waves.push(Vec::new());
        }
        waves[wave].push((place, labelled));
    }
    waves
}

fn ready<'n>(
    place: usize,
    labelled: Labelled,
    name: &'n str,
    ids: &Ids,
) -> Result<Ready<'n>, Error> {
    let Labelled { label, mut record, encoded } = labelled;
    let encoded = match encoded {
        Some(encoded) => encoded,
        None => {
            record.refer(&mut |id| ids.get(&id).copied().unwrap_or(id));
            Encoded::of(&record, name)?
        }
    };
    let unsealed = Unsealed::of_checked(record, name, encoded);
    Ok(Ready { place, label, identity: unsealed.identity(), unsealed })
}

fn in_groups<T>(items: Vec<T>) -> Vec<Vec<T>> {
    let mut groups = Vec::new();
    let mut items = items.into_iter();
    while items.len() > 0 {
        groups.push(items.by_ref().take(GROUP).collect());
    }
    groups
}

fn seal(group: Vec<Ready<'_>>, recorder: Recorder<'_>) -> Result<Vec<Sealed>, Error> {
    let (mut places, mut unsealed) = (Vec::new(), Vec::new());
    for it in group {
        places.push((it.place, it.label, it.identity));
        unsealed.push(it.unsealed);
    }
    let sealed = statement::seal_all(unsealed, recorder.recorded_at, recorder.key)?;
    let sealed = places.into_iter().zip(sealed);
    let name = |((place, label, identity), statement)| Sealed { place, label, identity, statement };
    Ok(sealed.map(name).collect())
}
