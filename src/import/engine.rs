//! Rows into the ledger: each whole or not at all, many in one commit, and an answer for each.
//!
//! A row is looked through before anything of it is added: its fields, what it refers to, whether
//! its captures are at hand. What the ledger has already is found and referred to, so the same
//! file imported again appends only what is new, and so does one whose import was interrupted.

use std::collections::{HashMap, HashSet};

use crate::attribution::id::Id;
use crate::attribution::record::notice::NoticeKind;
use crate::attribution::record::{Record, Reference};
use crate::attribution::statement::{self, MAX_LENGTH};
use crate::cbor;
use crate::claimfile::fault::did_you_mean;
use crate::hash::Hash;
use crate::import::draft::{Draft, Keyed, Problem, Row, RowDraft};
use crate::import::known::{Known, Meant};
use crate::import::outcome::{RowOutcome, Status, Summary};
use crate::index;
use crate::ledger::batch::{self, Added, Batch, Recorder};
use crate::ledger::writing::{self, Ledger};
use crate::store::disk::Disk;

/// How many rows go into one commit. A commit costs a handful of durable writes, whatever it
/// holds; a thousand rows make that small beside the signatures.
pub const GROUP: usize = 1_000;

/// The most captured bytes of one commit: they are held in memory until it.
const GROUP_BYTES: usize = 32 * 1024 * 1024;

/// How much longer than its record a statement can be, in bytes: its headers and the signature.
const ENVELOPE: usize = 4 * 1024;

/// How rows are taken.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Say what would become of each row, and append nothing.
    pub dry_run: bool,
    /// How many rows go into one commit, at least 1.
    pub group: usize,
}

/// Why an import ended before its file did. What was committed stays.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The ledger, or a recorder who may not record.
    #[error(transparent)]
    Ledger(#[from] batch::Error),
}

impl From<writing::Error> for Error {
    fn from(error: writing::Error) -> Self {
        Self::Ledger(error.into())
    }
}

impl From<index::Error> for Error {
    fn from(error: index::Error) -> Self {
        Self::Ledger(error.into())
    }
}

/// Why a row stops: it is refused, or nothing can go on.
enum Stop {
    Row(Problem),
    All(Error),
}

impl<E: Into<Error>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::All(error.into())
    }
}

/// Takes rows into a ledger, and tells what became of each once that is durable.
///
/// # Errors
/// The ledger's own, and a recorder who may not record. Rows that were told stay in the ledger.
pub fn run<D: Disk>(
    rows: &mut dyn Iterator<Item = Row>,
    ledger: &mut Ledger<D>,
    recorder: Recorder<'_>,
    options: Options,
    report: &mut dyn FnMut(&RowOutcome),
) -> Result<Summary, Error> {
    let mut run = Run {
        known: Known::new()?,
        names: HashMap::new(),
        withheld: withheld(ledger)?,
        rehearsed: options.dry_run.then(|| Rehearsed { next: ledger.tree_size() }),
        begun_at: ledger.tree_size(),
    };
    let mut summary = Summary::default();
    let mut rows = rows.peekable();
    while rows.peek().is_some() {
        let batch = Batch::new(ledger, recorder)?;
        let mut target = Target { ledger, batch, recorder };
        let mut group = Group::default();
        while group.told.len() < options.group.max(1) && group.bytes < GROUP_BYTES {
            let Some(row) = rows.next() else { break };
            let outcome = run.take(&mut target, row, &mut group)?;
            summary.count(outcome.status);
            group.told.push(outcome);
        }
        summary.statements += match &run.rehearsed {
            None => target.batch.len() as u64,
            Some(_) => group.rehearsed,
        };
        let addition = target.batch.finish();
        if run.rehearsed.is_none() {
            ledger.commit(&addition)?;
        }
        group.told.iter().for_each(&mut *report);
    }
    Ok(summary)
}

/// The statements that notices withhold: nothing new is hung on them.
fn withheld<D: Disk>(ledger: &Ledger<D>) -> Result<HashMap<Id, u64>, Error> {
    let mut withheld = HashMap::new();
    for row in ledger.index().of_kind("notice")? {
        let Some(statement) = ledger.statement(&row)? else { continue };
        if let Record::Notice(notice) = statement.record()
            && notice.kind == NoticeKind::Redaction
        {
            withheld.insert(notice.target, row.entry_index);
        }
    }
    Ok(withheld)
}

/// The rows of one commit.
#[derive(Default)]
struct Group {
    told: Vec<RowOutcome>,
    captures: HashSet<Hash>,
    bytes: usize,
    /// How many statements a dry run would append.
    rehearsed: u64,
}

/// A dry run: what would be the next entry.
struct Rehearsed {
    next: u64,
}

/// Where rows go, and who takes them.
struct Target<'l, D: Disk> {
    ledger: &'l Ledger<D>,
    batch: Batch<'l, D>,
    recorder: Recorder<'l>,
}

struct Run {
    known: Known,
    /// The name under which rows bring each party that they name by a key.
    names: HashMap<Id, Hash>,
    withheld: HashMap<Id, u64>,
    rehearsed: Option<Rehearsed>,
    begun_at: u64,
}

/// What the labels of one row have become so far.
#[derive(Default)]
struct Here(HashMap<Id, Meant>);

impl Run {
    fn take<D: Disk>(
        &mut self,
        target: &mut Target<'_, D>,
        row: Row,
        group: &mut Group,
    ) -> Result<RowOutcome, Error> {
        let draft = match row {
            Ok(draft) => draft,
            Err(it) => {
                let status = if it.is_left_out { Status::LeftOut } else { Status::Refused };
                return Ok(not_in((it.row, it.line), status, it.problem, Vec::new()));
            }
        };
        let place = (draft.row, draft.line);
        let notes = draft.notes.clone();
        match self.take_draft(target, draft, group) {
            Ok(outcome) => Ok(outcome),
            Err(Stop::Row(problem)) => Ok(not_in(place, Status::Refused, problem, notes)),
            Err(Stop::All(error)) => Err(error),
        }
    }

    fn take_draft<D: Disk>(
        &mut self,
        target: &mut Target<'_, D>,
        draft: RowDraft,
        group: &mut Group,
    ) -> Result<RowOutcome, Stop> {
        let RowDraft { row, line, mut drafts, keyed, captures, mut notes, keeps_labels } = draft;
        let mut here = Here::default();
        self.find_keyed(target, &keyed, &drafts, &mut here)?;
        self.find_fallbacks(target, &mut drafts, &mut here)?;
        self.look_through(target, &drafts, &here, &captures, group)?;
        for bytes in captures {
            group.bytes += bytes.len();
            group.captures.insert(Hash::of(&bytes));
            target.batch.keep(bytes);
        }
        let mut added = Vec::new();
        for (number, Draft { label, mut record, is_fallback }) in drafts.into_iter().enumerate() {
            self.refer(&mut record, &here)?;
            let it = self.put(target, &record, number == 0)?;
            let meant = Meant { id: it.id, kind: record.kind(), entry: it.entry_index };
            here.0.insert(label, meant);
            if keeps_labels || is_fallback {
                self.known.mean(label, meant)?;
            }
            if let Some(name) = name_of(&record).filter(|_| is_fallback) {
                self.names.insert(label, Hash::of(name.as_bytes()));
            }
            if let Some(key) = record.key() {
                let keyed = Keyed { kind: record.kind(), key: key.to_owned() };
                self.known.mean(keyed.label(), meant)?;
            }
            group.rehearsed += u64::from(it.new && self.rehearsed.is_some());
            added.push((record.kind(), it));
        }
        let main = added.iter().rfind(|(kind, _)| *kind == "claim").or(added.last());
        let main = main.map(|(_, it)| *it);
        let is_new = added.iter().any(|(_, it)| it.new);
        let status = if is_new { Status::New } else { Status::Already };
        if let Some(it) = main {
            match self.known.row_of(it.entry_index)? {
                Some(earlier) if status == Status::Already => {
                    notes.insert(0, format!("repeats row {earlier}"));
                }
                None if it.entry_index >= self.begun_at => {
                    self.known.brought(it.entry_index, row)?;
                }
                _ => {}
            }
        }
        let id = main.filter(|it| self.rehearsed.is_none() || !it.new).map(|it| it.id);
        let entry = main.map(|it| it.entry_index);
        let entry = entry.filter(|_| self.rehearsed.is_none() || status == Status::Already);
        Ok(RowOutcome { row, line, status, entry, id, problem: None, alike: None, notes })
    }

    /// The parties and channels that the row names by their keys.
    fn find_keyed<D: Disk>(
        &self,
        target: &Target<'_, D>,
        keyed: &[Keyed],
        drafts: &[Draft],
        here: &mut Here,
    ) -> Result<(), Stop> {
        for it in keyed {
            let (label, own) = (it.label(), |draft: &Draft| draft.label == it.label());
            if drafts.iter().any(own) || self.known.meant(label)?.is_some() {
                continue;
            }
            // Of this run too: a line before may have brought the party with this key.
            let found = by_key(&target.batch, it.kind, &it.key)?;
            let id = found.ok_or_else(|| unknown_key(&target.batch, it))?;
            here.0.insert(label, Meant { id, kind: it.kind, entry: 0 });
        }
        Ok(())
    }

    /// Leaves out the parties and channels whose key is known, if they are the same.
    fn find_fallbacks<D: Disk>(
        &mut self,
        target: &Target<'_, D>,
        drafts: &mut Vec<Draft>,
        here: &mut Here,
    ) -> Result<(), Stop> {
        let mut rest = Vec::new();
        for draft in std::mem::take(drafts) {
            let key = draft.record.key().filter(|_| draft.is_fallback).map(str::to_owned);
            let Some(key) = key else {
                rest.push(draft);
                continue;
            };
            let kind = draft.record.kind();
            let known = match self.known.meant(draft.label)? {
                Some(known) => Some(known),
                None => by_key(&target.batch, kind, &key)?.map(|id| Meant { id, kind, entry: 0 }),
            };
            let name = name_of(&draft.record);
            match known {
                Some(known) => {
                    self.refuse_another(target, &draft, known, name)?;
                    self.known.mean(draft.label, known)?;
                    here.0.insert(draft.label, known);
                }
                None => rest.push(draft),
            }
        }
        *drafts = rest;
        Ok(())
    }

    /// Two parties whose names make one key are not one party.
    fn refuse_another<D: Disk>(
        &mut self,
        target: &Target<'_, D>,
        draft: &Draft,
        known: Meant,
        name: Option<&str>,
    ) -> Result<(), Stop> {
        let Some(name) = name else { return Ok(()) };
        let hash = Hash::of(name.as_bytes());
        if self.names.get(&draft.label) == Some(&hash) {
            return Ok(());
        }
        let party = match target.batch.record(known.id)? {
            Some(Record::Party(party)) => party,
            // Brought by an earlier row of a dry run, which kept its name only.
            _ if self.names.contains_key(&draft.label) => {
                let key = draft.record.key().unwrap_or_default();
                return Err(Stop::Row(another(key, name, "another name of this file")));
            }
            _ => return Ok(()),
        };
        if party.names.iter().any(|it| it.text == name) {
            self.names.insert(draft.label, hash);
            return Ok(());
        }
        Err(Stop::Row(another(&party.key, name, &format!("{:?}", party.name()))))
    }

    /// Everything that can be wrong with a row, before anything of it is added.
    fn look_through<D: Disk>(
        &mut self,
        target: &Target<'_, D>,
        drafts: &[Draft],
        here: &Here,
        captures: &[Vec<u8>],
        group: &Group,
    ) -> Result<(), Stop> {
        let brought: HashSet<Hash> = captures.iter().map(|bytes| Hash::of(bytes)).collect();
        let mut own: HashMap<Id, &'static str> = HashMap::new();
        for Draft { label, record, .. } in drafts {
            record.check().map_err(|error| Stop::Row(Problem::new(error.to_string())))?;
            for reference in record.references() {
                self.look_at(target, &reference, here, &own)?;
            }
            for capture in record.captures() {
                let digest = capture.digest;
                let is_held = brought.contains(&digest) || group.captures.contains(&digest);
                if !is_held && target.ledger.capture(&digest)?.is_none() {
                    let what = format!("it names the capture {digest}, whose bytes are not given");
                    let hint = "--captures names the folder of the ledger that holds them";
                    return Err(Stop::Row(Problem::new(what).hint(hint)));
                }
            }
            let length = cbor::encode(record).map_err(batch::Error::from)?.len();
            if length + ENVELOPE > MAX_LENGTH {
                let Recorder { name, key, recorded_at } = target.recorder;
                statement::seal(record, name, recorded_at, key)
                    .map_err(|error| Stop::Row(Problem::new(error.to_string())))?;
            }
            own.insert(*label, record.kind());
        }
        Ok(())
    }

    /// Whether a reference leads to a record of the right kind.
    fn look_at<D: Disk>(
        &mut self,
        target: &Target<'_, D>,
        reference: &Reference,
        here: &Here,
        own: &HashMap<Id, &'static str>,
    ) -> Result<(), Stop> {
        let Reference { field, id, kinds } = reference;
        let known = match here.0.get(id) {
            Some(known) => Some(*known),
            None => self.known.meant(*id)?,
        };
        if let Some(entry) = self.withheld.get(&known.map_or(*id, |known| known.id)) {
            let what = format!("{field} refers to what is withheld, as entry {entry} says");
            return Err(Stop::Row(Problem::new(what)));
        }
        let found = match (own.get(id), known) {
            (Some(kind), _) => *kind,
            (None, Some(known)) => known.kind,
            (None, None) => match target.batch.record(*id)? {
                Some(record) => {
                    let kind = record.kind();
                    self.known.mean(*id, Meant { id: *id, kind, entry: 0 })?;
                    kind
                }
                None => {
                    let what = format!(
                        "{field} refers to {}, which no row before brought and this ledger does \
                         not hold",
                        id.short()
                    );
                    return Err(Stop::Row(Problem::new(what)));
                }
            },
        };
        if kinds.contains(&found) {
            return Ok(());
        }
        let expected = kinds.join(" or ");
        let what = format!("{field} refers to a {found}, expected a {expected}");
        Err(Stop::Row(Problem::new(what)))
    }

    /// Puts real ids in the place of labels.
    fn refer(&self, record: &mut Record, here: &Here) -> Result<(), Error> {
        let mut failed = None;
        record.refer(&mut |id| {
            if let Some(meant) = here.0.get(&id) {
                return meant.id;
            }
            match self.known.meant(id) {
                Ok(meant) => meant.map_or(id, |meant| meant.id),
                Err(error) => {
                    failed = Some(error);
                    id
                }
            }
        });
        failed.map_or(Ok(()), |error| Err(error.into()))
    }

    /// Adds one record of a row, or finds the one there is.
    fn put<D: Disk>(
        &mut self,
        target: &mut Target<'_, D>,
        record: &Record,
        is_first: bool,
    ) -> Result<Added, Stop> {
        if let Some(rehearsed) = &mut self.rehearsed {
            return rehearse(rehearsed, &self.known, target, record);
        }
        match target.batch.add(record) {
            Ok(added) => Ok(added),
            // Only a notice can be refused to one recorder and not to another, and one stands
            // alone in its row: nothing of the row was added.
            Err(batch::Error::Keyring(error)) if is_first && record.kind() == "notice" => {
                Err(Stop::Row(Problem::new(error.to_string())))
            }
            Err(error) => Err(Stop::All(error.into())),
        }
    }
}

/// What [`Batch::add`] would answer, with a made-up id for what would be new.
fn rehearse<D: Disk>(
    rehearsed: &mut Rehearsed,
    known: &Known,
    target: &Target<'_, D>,
    record: &Record,
) -> Result<Added, Stop> {
    let Target { ledger, recorder, .. } = target;
    let identity = statement::identity(recorder.name, record).map_err(batch::Error::from)?;
    if let Some(row) = ledger.index().by_identity(identity)?
        && ledger.statement(&row)?.is_some_and(|it| it.identity() == identity)
    {
        return Ok(Added { id: row.id, entry_index: row.entry_index, new: false });
    }
    let id = Id::from_hash(identity);
    if let Some(Meant { entry, .. }) = known.meant(id)? {
        return Ok(Added { id, entry_index: entry, new: false });
    }
    // Who may record may record anything but a notice about what another recorded.
    if rehearsed.next == ledger.tree_size() || record.kind() == "notice" {
        admit(target, record)?;
    }
    let entry_index = rehearsed.next;
    rehearsed.next += 1;
    known.mean(id, Meant { id, kind: record.kind(), entry: entry_index })?;
    Ok(Added { id, entry_index, new: true })
}

/// Whether the keyring would let the recorder record this.
fn admit<D: Disk>(target: &Target<'_, D>, record: &Record) -> Result<(), Stop> {
    let Recorder { name, key, recorded_at } = target.recorder;
    let sealed = statement::seal(record, name, recorded_at, key);
    let (_, statement) = sealed.map_err(batch::Error::from)?;
    let of_target = match record {
        // What a dry run made up is the recorder's own.
        Record::Notice(notice) => {
            let signer = target.ledger.index().by_id(notice.target)?.map(|row| row.signer);
            Some(signer.unwrap_or_else(|| key.public().thumbprint()))
        }
        _ => None,
    };
    let mut keyring = target.ledger.keyring().clone();
    match keyring.admit(statement, target.ledger.tree_size(), of_target) {
        Ok(_) => Ok(()),
        Err(error) if record.kind() == "notice" => Err(Stop::Row(Problem::new(error.to_string()))),
        Err(error) => Err(Stop::All(batch::Error::from(error).into())),
    }
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

fn by_key<D: Disk>(
    batch: &Batch<'_, D>,
    kind: &str,
    key: &str,
) -> Result<Option<Id>, batch::Error> {
    if kind == "party" { batch.party(key) } else { batch.channel(key) }
}

fn unknown_key<D: Disk>(batch: &Batch<'_, D>, it: &Keyed) -> Stop {
    let Keyed { kind, key } = it;
    let keys = match batch.keys(kind) {
        Ok(keys) => keys,
        Err(error) => return Stop::All(error.into()),
    };
    let near = did_you_mean(key, keys.iter().map(String::as_str));
    let what = format!("no {kind} has the key {key:?}{near}");
    Stop::Row(Problem::new(what).hint(format!("a line before may bring the {kind} with this key")))
}

fn name_of(record: &Record) -> Option<&str> {
    match record {
        Record::Party(party) => Some(party.name()),
        _ => None,
    }
}

fn another(key: &str, name: &str, other: &str) -> Problem {
    Problem::new(format!("the key {key:?} is made of {name:?}, and is that of {other} already"))
        .hint("give the column map a `key` that tells them apart, or add the name to the party")
}
