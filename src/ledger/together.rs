//! Many records into a batch at once: signed by several threads, taken in their order.
//!
//! The threads stay for all batches, because to begin one takes as long as to sign several records.
//! Records may refer to one another before they have ids, by labels. A record can be sealed when all
//! that it refers to is: so they go in waves, and a table of a thousand rows, each with its document
//! and its claim, has two.

use std::num::NonZeroUsize;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::Builder;

use crate::attribution::id::Id;
use crate::attribution::record::Record;
use crate::attribution::statement::{self, Encoded, Statement, Unsealed};
use crate::hash::{self, Hash};
use crate::ledger::batch::{Added, Batch, Error, Recorder};
use crate::store::disk::Disk;

/// How many records are given to a thread in one go.
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
    Sealed(Statement),
    /// It is the same as one before it.
    Again(Hash),
}

/// What labels have become.
pub type Ids = hash::Map<Id, Id>;

/// How the labels of all records begin that have no id yet.
const LABEL: &[u8; 16] = b"import's record:";

/// The label of a record that has no id yet: its place among those of the import. Nobody else knows it:
/// a reference that says it, by chance or on purpose, leads to nothing.
pub(crate) fn label_of(place: usize) -> Id {
    let mut bytes = [0; 32];
    bytes[..16].copy_from_slice(LABEL);
    bytes[24..].copy_from_slice(&(place as u64).to_be_bytes());
    Id::from_hash(Hash::from_bytes(bytes))
}

/// Whether this is such a label.
pub(crate) fn is_label(id: &Id) -> bool {
    id.hash().as_bytes().starts_with(LABEL)
}

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
            let begin = |_: &usize| {
                let jobs = jobs.clone();
                let begun =
                    Builder::new().spawn_scoped(scope, move || seal_what_comes(&jobs, recorder));
                begun.is_ok()
            };
            // Where the system gives no thread, the caller's has to do.
            let begun = (0..threads.get()).filter(begin).count();
            work(&Self { recorder, jobs: (begun > 0).then_some(give) })
        })
    }

    /// Has records sealed, by others where there are any.
    fn seal(&self, records: Vec<Ready<'n>>) -> Result<OnTheirWay, Error> {
        let Some(jobs) = self.jobs.as_ref().filter(|_| records.len() > 1) else {
            return Ok(OnTheirWay::Sealed(seal(records, self.recorder)?));
        };
        let (tell, told) = channel();
        for group in in_groups(records) {
            let job = Job { group, tell: tell.clone() };
            jobs.send(job).expect("who signs stays until there is nothing more to sign");
        }
        Ok(OnTheirWay::Coming(told))
    }
}

/// Records that are sealed, or will be.
enum OnTheirWay {
    Sealed(Vec<Sealed>),
    Coming(Receiver<Result<Vec<Sealed>, Error>>),
}

impl OnTheirWay {
    fn wait(self) -> Result<Vec<Sealed>, Error> {
        match self {
            Self::Sealed(sealed) => Ok(sealed),
            Self::Coming(told) => {
                let groups = told.iter().collect::<Result<Vec<_>, _>>()?;
                Ok(groups.into_iter().flatten().collect())
            }
        }
    }
}

fn seal_what_comes(jobs: &Mutex<Receiver<Job<'_>>>, recorder: Recorder<'_>) {
    let next = || jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
    while let Ok(Job { group, tell }) = next() {
        // Whoever asked may have given up.
        let _ = tell.send(seal(group, recorder));
    }
}

/// Records by how many others of them have to be sealed before each. No two have one label.
pub struct Waves {
    /// Each with its place among all of them. All but the last wave have to be sealed before that.
    waves: Vec<Vec<(usize, Labelled)>>,
    count: usize,
}

/// Records of which the last wave is being sealed.
pub struct Adding<'n> {
    so_far: SoFar,
    last: Wave<'n>,
}

/// What is known of records so far.
struct SoFar {
    became: Vec<Option<Became>>,
    /// What makes each of them the same as another.
    identities: hash::Set<Hash>,
    labels: hash::Set<Id>,
    /// What they have become.
    ids: Ids,
    /// The first record of each identity: its place and its id.
    first: hash::Map<Hash, (usize, Id)>,
}

/// A wave on its way.
struct Wave<'n> {
    sealed: OnTheirWay,
    /// Those that are the same as one before them.
    again: Vec<Ready<'n>>,
    /// Those that are the same as one that was on its way when these began.
    before: Vec<Ready<'n>>,
}

/// Has records sealed that were looked through; [`Adding::end`] takes them into the batch. What the
/// ledger or the batch has already is found. `before` says what the labels of records before them have
/// become. That their fields are right, and references lead to records of
/// the right kinds, is for the caller to have checked.
///
/// Others may be on their way, if these [may begin](Waves::may_begin_beside) beside them.
///
/// # Errors
/// As [`Batch::add`]; the batch is then to be dropped.
pub fn begin<'n, D: Disk>(
    batch: &Batch<'_, D>,
    waves: Waves,
    before: &Ids,
    others: Option<&Adding<'n>>,
    sealers: &Sealers<'n>,
) -> Result<Adding<'n>, Error> {
    debug_assert!(others.is_none_or(|others| waves.may_begin_beside(others)));
    let Waves { mut waves, count } = waves;
    let mut so_far = SoFar::of(count);
    let last = waves.pop().unwrap_or_default();
    for wave in waves {
        let wave = so_far.begin(wave, batch, before, others, sealers)?;
        assert!(wave.before.is_empty(), "what others wait for waits for others");
        so_far.finish(wave)?;
    }
    let last = so_far.begin(last, batch, before, others, sealers)?;
    Ok(Adding { so_far, last })
}

impl Waves {
    /// Sorts records.
    pub fn of(records: Vec<Labelled>) -> Self {
        let count = records.len();
        if records.iter().all(|it| it.encoded.is_some()) {
            let wave: Vec<_> = records.into_iter().enumerate().collect();
            return Self { waves: vec![wave], count };
        }
        let mut waves: Vec<Vec<(usize, Labelled)>> = Vec::new();
        let mut wave_of: hash::Map<Id, usize> = hash::map_for(count);
        for (place, labelled) in records.into_iter().enumerate() {
            let has_labels = labelled.encoded.is_none();
            let needed = if has_labels { labelled.record.references() } else { Vec::new() };
            let needed = needed.iter().filter_map(|it| wave_of.get(&it.id)).max();
            let wave = needed.map_or(0, |wave| wave + 1);
            wave_of.insert(labelled.label, wave);
            if waves.len() == wave {
                waves.push(Vec::new());
            }
            waves[wave].push((place, labelled));
        }
        Self { waves, count }
    }

    /// Whether these can begin while others are on their way: none refers to one of those, and what
    /// has to be sealed before the last wave is none of those again.
    pub fn may_begin_beside(&self, others: &Adding<'_>) -> bool {
        let refers = |it: &Labelled| {
            let references = it.record.references();
            it.encoded.is_none()
                && references.iter().any(|it| others.so_far.labels.contains(&it.id))
        };
        let may_be_there = |it: &Labelled| {
            let identity = it.encoded.as_ref().map(Encoded::identity);
            identity.is_none_or(|identity| others.so_far.identities.contains(&identity))
        };
        let last = self.waves.len().saturating_sub(1);
        let waves = self.waves.iter().enumerate();
        !waves
            .flat_map(|(number, wave)| wave.iter().map(move |(_, it)| (number, it)))
            .any(|(number, it)| refers(it) || number < last && may_be_there(it))
    }
}

impl SoFar {
    fn of(count: usize) -> Self {
        let (identities, labels) = (hash::set_for(count), hash::set_for(count));
        let mut became = Vec::new();
        became.resize_with(count, || None);
        let ids = hash::map_for(count);
        Self { became, identities, labels, ids, first: hash::map_for(count) }
    }

    /// Begins to seal those of a wave that neither the ledger nor the batch has.
    fn begin<'n, D: Disk>(
        &mut self,
        wave: Vec<(usize, Labelled)>,
        batch: &Batch<'_, D>,
        known: &Ids,
        others: Option<&Adding<'n>>,
        sealers: &Sealers<'n>,
    ) -> Result<Wave<'n>, Error> {
        let (mut missing, mut again, mut before) = (Vec::new(), Vec::new(), Vec::new());
        for (place, labelled) in wave {
            let it = ready(place, labelled, sealers.recorder.name, [&self.ids, known])?;
            assert!(self.labels.insert(it.label), "two records have one label");
            if !self.identities.insert(it.identity) {
                again.push(it);
            } else if others.is_some_and(|others| others.so_far.identities.contains(&it.identity)) {
                before.push(it);
            } else if let Some(same) = batch.find_same(it.identity)? {
                self.held(&it, same);
            } else {
                missing.push(it);
            }
        }
        Ok(Wave { sealed: sealers.seal(missing)?, again, before })
    }

    fn held(&mut self, it: &Ready<'_>, same: Added) {
        self.ids.insert(it.label, same.id);
        self.first.insert(it.identity, (it.place, same.id));
        self.became[it.place] = Some(Became::Held(same));
    }

    /// Waits for a wave, and notes what its records became.
    fn finish(&mut self, wave: Wave<'_>) -> Result<(), Error> {
        for Sealed { place, label, identity, statement } in wave.sealed.wait()? {
            self.ids.insert(label, statement.id());
            self.first.insert(identity, (place, statement.id()));
            self.became[place] = Some(Became::Sealed(statement));
        }
        for Ready { place, label, identity, .. } in wave.again {
            let (first, id) = self.first[&identity];
            self.ids.insert(label, id);
            self.became[place] = Some(Became::Again(identity));
            // One of a later place may have been sealed in an earlier wave; what stands between the two
            // may refer to this one.
            if place < first && matches!(self.became[first], Some(Became::Sealed(_))) {
                self.became.swap(place, first);
                self.first.insert(identity, (place, id));
            }
        }
        Ok(())
    }
}

impl Adding<'_> {
    /// Waits until all are sealed, and takes them into the batch in their order; also what their labels
    /// have become. Those that were on their way before them have to be in it, or in a batch before.
    ///
    /// # Errors
    /// As [`begin`].
    pub fn end<D: Disk>(self, batch: &mut Batch<'_, D>) -> Result<(Vec<Added>, Ids), Error> {
        let Self { mut so_far, mut last } = self;
        for it in std::mem::take(&mut last.before) {
            let same = batch.find_same(it.identity)?;
            so_far.held(&it, same.expect("those before are in the batch"));
        }
        so_far.finish(last)?;
        let mut added: Vec<Option<Added>> = vec![None; so_far.became.len()];
        let mut again = Vec::new();
        for (place, became) in so_far.became.into_iter().enumerate() {
            match became.expect("each record is in some wave") {
                Became::Held(held) => added[place] = Some(held),
                Became::Sealed(statement) => added[place] = Some(batch.take(statement)?),
                Became::Again(identity) => again.push((place, so_far.first[&identity].0)),
            }
        }
        for (place, first) in again {
            added[place] = added[first].map(|it| Added { new: false, ..it });
        }
        let added = added.into_iter().map(|it| it.expect("taken or held")).collect();
        Ok((added, so_far.ids))
    }
}

fn ready<'n>(
    place: usize,
    labelled: Labelled,
    name: &'n str,
    known: [&Ids; 2],
) -> Result<Ready<'n>, Error> {
    let Labelled { label, mut record, encoded } = labelled;
    let encoded = match encoded {
        Some(encoded) => encoded,
        None => {
            record
                .refer(&mut |id| known.iter().find_map(|ids| ids.get(&id)).copied().unwrap_or(id));
            let mut references = record.references().into_iter();
            assert!(references.all(|it| !is_label(&it.id)), "a record waits for one without an id");
            // It was checked when its references were labels.
            record.check().map_err(statement::Error::from)?;
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
