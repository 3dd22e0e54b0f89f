//! Many records into a batch at once: encoded and signed by several threads, taken in their order.
//!
//! Records may refer to one another before they have ids, by labels. A record can be sealed when all
//! that it refers to is: so they go in waves, and a table of a thousand rows, each with its document
//! and its claim, has two.

use std::collections::{HashMap, HashSet};
use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};

use crate::attribution::id::Id;
use crate::attribution::record::Record;
use crate::attribution::statement::{self, Statement, Unsealed};
use crate::hash::Hash;
use crate::ledger::batch::{Added, Batch, Error, Recorder};
use crate::store::disk::Disk;

/// How many records are signed in one go: enough for their shared inversion.
const GROUP: usize = 128;

/// A record that others of the same batch may refer to by its label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Labelled {
    /// What others refer to it by, in the place of an id.
    pub label: Id,
    /// The record, whose references may be labels of records before it.
    pub record: Box<Record>,
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
    bytes: Vec<u8>,
    statement: Statement,
}

/// What became of a record.
enum Became {
    /// The ledger or the batch had it.
    Held(Added),
    /// It is sealed.
    Sealed(Vec<u8>, Box<Statement>),
    /// It is the same as the one at another place.
    Again(usize),
}

/// Seals records that were looked through, and takes them into the batch in their order; what the
/// ledger or the batch has already is found. No two have one label. That their fields are right, and
/// references lead to records of the right kinds, is for the caller to have checked.
///
/// # Errors
/// As [`Batch::add`]; the batch is then to be dropped.
pub fn add_all<D: Disk>(
    batch: &mut Batch<'_, D>,
    records: Vec<Labelled>,
    threads: NonZeroUsize,
) -> Result<Vec<Added>, Error> {
    let mut became: Vec<Option<Became>> = Vec::new();
    became.resize_with(records.len(), || None);
    let mut ids: HashMap<Id, Id> = HashMap::with_capacity(records.len());
    let mut seen: HashSet<Hash> = HashSet::new();
    let mut first: HashMap<Hash, (usize, Id)> = HashMap::new();
    let recorder = batch.recorder;
    for wave in waves(records) {
        let groups = in_groups(wave);
        let ready = in_parallel(groups, threads, |group| ready(group, recorder.name, &ids))?;
        let (mut missing, mut again) = (Vec::new(), Vec::new());
        for it in ready.into_iter().flatten() {
            if !seen.insert(it.identity) {
                again.push(it);
            } else if let Some(same) = batch.find_same(it.identity)? {
                ids.insert(it.label, same.id);
                first.insert(it.identity, (it.place, same.id));
                became[it.place] = Some(Became::Held(same));
            } else {
                missing.push(it);
            }
        }
        let groups = in_groups(missing);
        let sealed = in_parallel(groups, threads, |group| seal(group, recorder))?;
        for Sealed { place, label, identity, bytes, statement } in sealed.into_iter().flatten() {
            ids.insert(label, statement.id());
            first.insert(identity, (place, statement.id()));
            became[place] = Some(Became::Sealed(bytes, Box::new(statement)));
        }
        for Ready { place, label, identity, .. } in again {
            let (earlier, id) = first[&identity];
            ids.insert(label, id);
            became[place] = Some(Became::Again(earlier));
        }
    }
    take_in_order(batch, became)
}

fn take_in_order<D: Disk>(
    batch: &mut Batch<'_, D>,
    became: Vec<Option<Became>>,
) -> Result<Vec<Added>, Error> {
    let mut added: Vec<Option<Added>> = vec![None; became.len()];
    let mut again = Vec::new();
    for (place, became) in became.into_iter().enumerate() {
        match became.expect("each record is in some wave") {
            Became::Held(held) => added[place] = Some(held),
            Became::Sealed(bytes, statement) => {
                added[place] = Some(batch.take(bytes, *statement)?);
            }
            Became::Again(earlier) => again.push((place, earlier)),
        }
    }
    for (place, earlier) in again {
        added[place] = added[earlier].map(|it| Added { new: false, ..it });
    }
    Ok(added.into_iter().map(|it| it.expect("taken or held")).collect())
}

/// Records with their places, by how many others have to be sealed before them.
fn waves(records: Vec<Labelled>) -> Vec<Vec<(usize, Labelled)>> {
    let mut waves: Vec<Vec<(usize, Labelled)>> = Vec::new();
    let mut wave_of: HashMap<Id, usize> = HashMap::with_capacity(records.len());
    for (place, labelled) in records.into_iter().enumerate() {
        let needed = labelled.record.references();
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
    group: Vec<(usize, Labelled)>,
    name: &'n str,
    ids: &HashMap<Id, Id>,
) -> Result<Vec<Ready<'n>>, Error> {
    let ready = |(place, labelled)| {
        let Labelled { label, mut record } = labelled;
        record.refer(&mut |id| ids.get(&id).copied().unwrap_or(id));
        let unsealed = statement::prepare_checked(record, name)?;
        Ok(Ready { place, label, identity: unsealed.identity(), unsealed })
    };
    group.into_iter().map(ready).collect()
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
    let sealed = statement::seal_all(&unsealed, recorder.recorded_at, recorder.key)?;
    let sealed = places.into_iter().zip(sealed);
    let name = |((place, label, identity), (bytes, statement))| Sealed {
        place,
        label,
        identity,
        bytes,
        statement,
    };
    Ok(sealed.map(name).collect())
}

/// Does the same with all items, in several threads, and gives back what came of them in order. Each
/// thread takes the next item when it is done with one: others may need the processor meanwhile.
fn in_parallel<T: Send, U: Send>(
    items: Vec<T>,
    threads: NonZeroUsize,
    work: impl Fn(T) -> Result<U, Error> + Sync,
) -> Result<Vec<U>, Error> {
    // One alone needs no thread.
    if items.len() < 2 || threads.get() < 2 {
        return items.into_iter().map(work).collect();
    }
    let count = items.len();
    let waiting = Mutex::new(items.into_iter().enumerate());
    let next = || waiting.lock().unwrap_or_else(PoisonError::into_inner).next();
    let take = || {
        let mut done = Vec::new();
        while let Some((place, item)) = next() {
            done.push((place, work(item)?));
        }
        Ok::<_, Error>(done)
    };
    let mut all: Vec<Option<U>> = Vec::new();
    all.resize_with(count, || None);
    std::thread::scope(|scope| {
        let begun: Vec<_> = (0..threads.get().min(count)).map(|_| scope.spawn(take)).collect();
        for thread in begun {
            for (place, done) in thread.join().expect("sealing does not panic")? {
                all[place] = Some(done);
            }
        }
        Ok::<_, Error>(())
    })?;
    Ok(all.into_iter().map(|it| it.expect("each item was taken by some thread")).collect())
}
