//! The rows of one block: their records under labels of their own until they are sealed, and then
//! what became of each row.

use std::ops::Range;

use crate::attribution::id::Id;
use crate::attribution::keyring::Signed;
use crate::attribution::record::Record;
use crate::attribution::record::claim::Who;
use crate::hash::{self, Hash};
use crate::import::draft::{Draft, Keyed, Problem, Row, RowDraft, line_label};
use crate::import::known::{Meant, PENDING};
use crate::import::looking::{Error, Ground, Here, Looking, Stop, name_of};
use crate::import::outcome::{Alike, Other, RowOutcome, Status};
use crate::import::rehearsal::{Rehearsal, may_record};
use crate::ledger::batch::{Added, Batch, Recorder};
use crate::ledger::holdings::Holdings;
use crate::ledger::together::{Labelled, label_of};
use crate::store::disk::Disk;

/// A row that goes in, if its records do.
pub(crate) struct Pending {
    row: u64,
    line: u64,
    notes: Vec<String>,
    /// Its records among those of the group.
    records: Range<usize>,
}

enum Answer {
    Told(RowOutcome),
    Waiting(Pending),
}

/// Rows that go into one commit, together with those of other blocks.
#[derive(Default)]
pub(crate) struct Group {
    /// Their records.
    pub(crate) records: Vec<Labelled>,
    /// The bytes of their captures.
    pub(crate) brought: Vec<Vec<u8>>,
    /// The digests of their captures.
    pub(crate) captures: hash::Set<Hash>,
    /// The digests of the captures that their records name.
    pub(crate) named: hash::Set<Hash>,
    /// How many bytes they have.
    pub(crate) bytes: usize,
    /// What a dry run says of their records.
    pub(crate) rehearsed: Vec<Added>,
    places: hash::Map<Id, usize>,
    /// The kinds of the records.
    kinds: Vec<&'static str>,
    answers: Vec<Answer>,
    /// Labels that later rows may use, and the records that they mean.
    kept: Vec<(Id, usize)>,
    /// Labels that mean something else than before, or nothing, because of these rows.
    pub(crate) changed: hash::Set<Id>,
    /// How many records of the same import stand before.
    first: usize,
}

/// The wordings of the claims of a commit.
pub(crate) type Wordings = hash::Map<Hash, Wording>;

/// Who said something in the same words.
pub(crate) struct Wording {
    /// The first claim and its speaker.
    first: (u64, Who),
    /// The first claim by another speaker.
    other: Option<u64>,
}

impl Wording {
    /// The first claim that is not by this speaker.
    fn by_another(&self, speaker: &Who) -> Option<u64> {
        if self.first.1 == *speaker { self.other } else { Some(self.first.0) }
    }

    fn note(&mut self, entry_index: u64, speaker: &Who) {
        if self.first.1 != *speaker {
            self.other.get_or_insert(entry_index);
        }
    }
}

impl Group {
    /// No rows yet, behind so many records of the same import.
    pub(crate) fn after(first: usize, bytes: usize) -> Self {
        Self { bytes, first, ..Self::default() }
    }

    /// How many records of the import there are, up to those of this group.
    pub(crate) fn end(&self) -> usize {
        self.first + self.kinds.len()
    }

    /// Whether nothing goes in.
    pub(crate) fn is_empty(&self) -> bool {
        self.kinds.is_empty()
    }

    /// Looks through a row and takes it, or says why not. `brought` are the captures that the rows
    /// before bring; with a rehearsal nothing of it will be sealed.
    pub(crate) fn take<D: Disk>(
        &mut self,
        row: Row,
        looking: &mut Looking,
        (batch, brought): (&Batch<'_, D>, &hash::Set<Hash>),
        recorder: Recorder<'_>,
        rehearsal: Option<&mut Rehearsal>,
    ) -> Result<(), Error> {
        let draft = match row {
            Ok(draft) => draft,
            Err(it) => {
                let status = if it.is_left_out { Status::LeftOut } else { Status::Refused };
                self.tell(not_in((it.row, it.line), status, it.problem, Vec::new()));
                return self.disown(it.own_label.as_deref(), it.row, looking);
            }
        };
        let (place, own_label) = ((draft.row, draft.line), draft.own_label.clone());
        let notes = draft.notes.clone();
        let named = looking.name_line(&draft);
        let taken = named
            .and_then(|()| self.take_draft(*draft, looking, (batch, brought), recorder, rehearsal));
        match taken {
            Ok(()) => Ok(()),
            Err(Stop::Row(problem)) => {
                self.tell(not_in(place, Status::Refused, problem, notes));
                self.disown(own_label.as_deref(), place.0, looking)
            }
            Err(Stop::All(error)) => Err(error),
        }
    }

    /// Says of the labels that later rows may use what became of them, but of those that the rows
    /// looked at meanwhile changed.
    pub(crate) fn settle(
        &mut self,
        added: &[Added],
        looking: &mut Looking,
        changed: Option<&hash::Set<Id>>,
    ) -> Result<(), Error> {
        for (label, place) in &self.places {
            looking.identify(*label, added[*place].id);
        }
        for (label, place) in std::mem::take(&mut self.kept) {
            if changed.is_some_and(|changed| changed.contains(&label)) {
                continue;
            }
            let it = added[place];
            let meant = Meant { id: it.id, kind: self.kinds[place], entry: it.entry_index };
            looking.known.mean(label, meant)?;
        }
        Ok(())
    }

    /// The answers for all rows, in their order, once it is known what became of the records. `alike`
    /// finds what says the same as a new entry.
    pub(crate) fn answer(
        self,
        added: &[Added],
        begun_at: u64,
        looking: &Looking,
        alike: &mut dyn FnMut(u64) -> Result<Option<Alike>, Error>,
    ) -> Result<Vec<RowOutcome>, Error> {
        let mut told = Vec::with_capacity(self.answers.len());
        for answer in self.answers {
            let Pending { row, line, notes, records } = match answer {
                Answer::Told(outcome) => {
                    told.push(outcome);
                    continue;
                }
                Answer::Waiting(pending) => pending,
            };
            let all: Vec<(&str, Added)> =
                records.map(|place| (self.kinds[place], added[place])).collect();
            let main = main_of(&all);
            let mut outcome = outcome((row, line), &all, main, notes);
            if let Some(it) = main {
                note_again(&mut outcome, it, begun_at, looking)?;
                if it.new {
                    outcome.alike = alike(it.entry_index)?;
                }
            }
            told.push(outcome);
        }
        Ok(told)
    }

    fn tell(&mut self, outcome: RowOutcome) {
        self.answers.push(Answer::Told(outcome));
    }

    fn take_draft<D: Disk>(
        &mut self,
        draft: RowDraft,
        looking: &mut Looking,
        (batch, brought): (&Batch<'_, D>, &hash::Set<Hash>),
        recorder: Recorder<'_>,
        mut rehearsal: Option<&mut Rehearsal>,
    ) -> Result<(), Stop> {
        let RowDraft { row, line, mut drafts, keyed, captures, notes, keeps_labels, flaw, .. } =
            draft;
        let mut here = Here::default();
        let ground = Ground {
            batch,
            records: &self.records,
            places: &self.places,
            captures: [&self.captures, brought],
        };
        looking.find_keyed(&ground, &keyed, &drafts, &mut here)?;
        looking.find_fallbacks(&ground, &mut drafts, &mut here)?;
        if let Some(flaw) = flaw {
            return Err(Stop::Row(flaw));
        }
        let digests: Vec<Hash> = captures.iter().map(|bytes| Hash::of(bytes)).collect();
        looking.look_through(&ground, (&drafts, recorder.name), &here, &digests)?;
        let first = self.kinds.len();
        for mut draft in drafts {
            looking.refer(&mut draft, &here)?;
            let Draft { label, record, is_fallback, encoded } = draft;
            let (kind, place) = (record.kind(), self.kinds.len());
            let meant = match &mut rehearsal {
                Some(rehearsal) => {
                    let it = rehearsal.put(&looking.known, batch.holdings, recorder, &record)?;
                    self.rehearsed.push(it);
                    Meant { id: it.id, kind, entry: it.entry_index }
                }
                None => {
                    if let Record::Notice(_) = &*record {
                        may_record(batch.holdings, recorder, &record)?;
                    }
                    Meant { id: label_of(self.first + place), kind, entry: PENDING }
                }
            };
            looking.withhold(&record, row);
            self.named.extend(record.captures().iter().map(|capture| capture.digest));
            here.0.insert(label, meant);
            if keeps_labels || is_fallback {
                self.keep(label, place, meant, looking);
            }
            if let Some(name) = name_of(&record).filter(|_| is_fallback) {
                looking.names.insert(label, Hash::of(name.as_bytes()));
            }
            if let Some(key) = record.key() {
                let keyed = Keyed { kind, key: key.to_owned() };
                self.keep(keyed.label(), place, meant, looking);
            }
            self.kinds.push(kind);
            if rehearsal.is_none() {
                self.places.insert(meant.id, place);
                self.records.push(Labelled { label: meant.id, record, encoded });
            }
        }
        self.captures.extend(digests);
        if rehearsal.is_none() {
            self.brought.extend(captures);
        }
        let records = first..self.kinds.len();
        self.answers.push(Answer::Waiting(Pending { row, line, notes, records }));
        Ok(())
    }

    /// Lets later rows use a label, which means the record under its own one until that has an id.
    fn keep(&mut self, label: Id, place: usize, meant: Meant, looking: &Looking) {
        looking.known.mean_for_now(label, meant);
        self.changed.insert(label);
        self.kept.push((label, place));
    }

    /// Takes its meaning from the label of a row that does not go in: what refers to it from here
    /// on may mean this row, and not an earlier one that gave itself the same label.
    fn disown(&mut self, name: Option<&str>, row: u64, looking: &Looking) -> Result<(), Error> {
        let Some(name) = name else { return Ok(()) };
        let label = line_label(name);
        self.kept.retain(|(kept, _)| *kept != label);
        self.changed.insert(label);
        Ok(looking.known.disown(label, row)?)
    }
}

/// What says the same in another's name: the first claim of this wording, in the commits on their
/// way or in the ledger, if its speaker or its recorder is another. The last of `wordings` are those of
/// the commit that this one is in.
pub(crate) fn alike<D: Disk>(
    signed: &Signed,
    holdings: &Holdings<D>,
    wordings: &mut [Wordings],
    recorder: Recorder<'_>,
) -> Result<Option<Alike>, Error> {
    let (entry_index, record) = (signed.entry_index(), signed.statement().record());
    let (Record::Claim(claim), Some(wording)) = (record, signed.statement().wording()) else {
        return Ok(None);
    };
    let mut found = None;
    for row in holdings.index().by_wording(wording)? {
        if row.entry_index >= holdings.committed_size() {
            break;
        }
        let Some(statement) = holdings.statement(&row)? else { continue };
        let Record::Claim(other) = statement.record() else { continue };
        if other.wording() != wording {
            continue;
        }
        let by = match other.speaker == claim.speaker {
            false => Other::Speaker,
            true if statement.record() == record && statement.issuer() != recorder.name => {
                Other::Recorder
            }
            true => continue,
        };
        found = Some(Alike { entry: row.entry_index, by });
        break;
    }
    let another = |it: &Wordings| it.get(&wording)?.by_another(&claim.speaker);
    let nearby = wordings.iter().find_map(another);
    let nearby = nearby.map(|entry| Alike { entry, by: Other::Speaker });
    let first = || Wording { first: (entry_index, claim.speaker.clone()), other: None };
    let own = wordings.last_mut().expect("the commit that is filled has its wordings");
    own.entry(wording).or_insert_with(first).note(entry_index, &claim.speaker);
    Ok(found.or(nearby))
}

/// The record that a row is about: the claim, or else the last one.
fn main_of(all: &[(&str, Added)]) -> Option<Added> {
    all.iter().rfind(|(kind, _)| *kind == "claim").or(all.last()).map(|(_, it)| *it)
}

fn outcome(
    (row, line): (u64, u64),
    all: &[(&str, Added)],
    main: Option<Added>,
    notes: Vec<String>,
) -> RowOutcome {
    let is_new = all.iter().any(|(_, it)| it.new);
    let status = if is_new { Status::New } else { Status::Already };
    let (entry, id) = (main.map(|it| it.entry_index), main.map(|it| it.id));
    RowOutcome { row, line, status, entry, id, problem: None, alike: None, notes }
}

/// Says which row a row repeats, or remembers that it was the first.
fn note_again(
    outcome: &mut RowOutcome,
    main: Added,
    begun_at: u64,
    looking: &Looking,
) -> Result<(), Error> {
    if main.entry_index < begun_at {
        return Ok(());
    }
    if main.new {
        // Nobody brought it before.
        return Ok(looking.known.brought(main.entry_index, outcome.row)?);
    }
    match looking.known.row_of(main.entry_index)? {
        Some(earlier) if outcome.status == Status::Already => {
            outcome.notes.insert(0, format!("repeats row {earlier}"));
        }
        Some(_) => {}
        None => looking.known.brought(main.entry_index, outcome.row)?,
    }
    Ok(())
}

fn not_in(
    (row, line): (u64, u64),
    status: Status,
    problem: Problem,
    notes: Vec<String>,
) -> RowOutcome {
    let problem = Some(problem);
    RowOutcome { row, line, status, entry: None, id: None, problem, alike: None, notes }
}
