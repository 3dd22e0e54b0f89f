//! Everything that can be wrong with a row, looked for before anything of it is added: its fields,
//! what it refers to, whether its captures are at hand.

use std::io;

use crate::attribution::id::Id;
use crate::attribution::record::{Record, Reference};
use crate::attribution::statement::{self, Encoded, MAX_LENGTH};
use crate::cbor;
use crate::claimfile::anchor::shown;
use crate::claimfile::fault::did_you_mean;
use crate::hash::{self, Hash};
use crate::import::draft::{Draft, Keyed, LINE, Problem, RowDraft, line_label};
use crate::import::known::{Known, Meant, PENDING};
use crate::index;
use crate::ledger::batch::{self, Added, Batch, Recorder};
use crate::ledger::holdings::{self, Holdings};
use crate::ledger::together::{Labelled, is_label};
use crate::ledger::writing;
use crate::store::disk::Disk;

/// How much longer than its record a statement can be, in bytes: its headers and the signature.
const ENVELOPE: usize = 4 * 1024;

/// Why an import ended before its file did. What was committed stays.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The ledger, or a recorder who may not record.
    #[error(transparent)]
    Ledger(#[from] batch::Error),
    /// The system gives no thread more.
    #[error("the system gives no thread more ({0}), and an import needs four")]
    Threads(io::Error),
}

impl From<writing::Error> for Error {
    fn from(error: writing::Error) -> Self {
        Self::Ledger(error.into())
    }
}

impl From<holdings::Error> for Error {
    fn from(error: holdings::Error) -> Self {
        Self::Ledger(error.into())
    }
}

impl From<index::Error> for Error {
    fn from(error: index::Error) -> Self {
        Self::Ledger(error.into())
    }
}

/// Why a row stops: it is refused, or nothing can go on.
pub(crate) enum Stop {
    /// The row is refused.
    Row(Problem),
    /// The import ends.
    All(Error),
}

impl<E: Into<Error>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::All(error.into())
    }
}

/// What a row is looked at against: the ledger, and the rows before it that are not in it yet.
pub(crate) struct Ground<'g, D: Disk> {
    pub(crate) batch: &'g Batch<'g, D>,
    /// The records of this block so far, each under a label of its own.
    pub(crate) records: &'g [Labelled],
    /// Where they are, by their labels.
    pub(crate) places: &'g hash::Map<Id, usize>,
    /// The captures that this block and this commit bring.
    pub(crate) captures: [&'g hash::Set<Hash>; 2],
}

impl<D: Disk> Ground<'_, D> {
    fn record(&self, id: Id) -> Result<Option<Record>, Error> {
        if let Some(place) = self.places.get(&id) {
            return Ok(Some(self.records[*place].record.as_ref().clone()));
        }
        Ok(self.batch.record(id)?)
    }

    fn holds(&self, digest: &Hash) -> Result<bool, Error> {
        let is_brought = self.captures.iter().any(|captures| captures.contains(digest));
        Ok(is_brought || self.batch.holdings.holds_capture(digest)?)
    }
}

/// What is remembered from row to row.
pub(crate) struct Looking {
    pub(crate) known: Known,
    /// How many entries the ledger had before the first row.
    begun_at: u64,
    /// The name under which rows bring each party that they name by a key.
    pub(crate) names: hash::Map<Id, Hash>,
    withheld: hash::Map<Id, By>,
    /// What is withheld that has no id yet, by the label under which it waits for one.
    withheld_soon: hash::Map<Id, By>,
}

/// What says that something is withheld.
#[derive(Clone, Copy)]
enum By {
    Entry(u64),
    Row(u64),
}

/// What the labels of one row have become so far.
#[derive(Default)]
pub(crate) struct Here(pub(crate) hash::Map<Id, Meant>);

impl Looking {
    /// Nothing was looked at yet.
    pub(crate) fn new<D: Disk>(holdings: &Holdings<D>) -> Result<Self, Error> {
        let mut withheld = hash::Map::default();
        for row in holdings.index().of_kind("notice")? {
            let Some(statement) = holdings.statement(&row)? else { continue };
            let by = By::Entry(row.entry_index);
            withheld.extend(statement.record().withholds().map(|target| (target, by)));
        }
        let (names, withheld_soon) = (hash::Map::default(), hash::Map::default());
        let begun_at = holdings.tree_size();
        Ok(Self { known: Known::new()?, begun_at, names, withheld, withheld_soon })
    }

    /// Notes what a row withholds from the rows behind it.
    pub(crate) fn withhold(&mut self, record: &Record, row: u64) {
        let Some(target) = record.withholds() else { return };
        let has_id = !is_label(&target);
        let place = if has_id { &mut self.withheld } else { &mut self.withheld_soon };
        place.entry(target).or_insert(By::Row(row));
    }

    /// Notes the id of a record that was under a label till now.
    pub(crate) fn identify(&mut self, label: Id, id: Id) {
        if let Some(by) = self.withheld_soon.remove(&label) {
            self.withheld.entry(id).or_insert(by);
        }
    }

    /// Whether a row can be answered only when all rows before it have their ids: two labels may turn
    /// out to mean one record, or what is withheld.
    pub(crate) fn has_to_wait(&self, row: &RowDraft) -> Result<bool, Error> {
        for Draft { record, .. } in &row.drafts {
            let compares = matches!(**record, Record::Relation(_));
            if !compares && self.withheld.is_empty() && self.withheld_soon.is_empty() {
                continue;
            }
            for Reference { id, .. } in record.references() {
                let is_pending = self.known.meant(id)?.is_some_and(|it| it.entry == PENDING);
                if is_pending || !self.withheld_soon.is_empty() {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// Takes the label that a row gives itself, if no row before has it.
    pub(crate) fn name_line(&self, draft: &RowDraft) -> Result<(), Stop> {
        let Some(name) = &draft.own_label else { return Ok(()) };
        let Some(earlier) = self.known.name(line_label(name), draft.row)? else { return Ok(()) };
        let what = format!("the label {:?} is that of row {earlier}", shown(name));
        let hint = "what refers to it could mean either row: give each line a label of its own";
        Err(Stop::Row(Problem::new(what).hint(hint)))
    }

    /// The parties and channels that the row names by their keys, and the lines by their labels.
    pub(crate) fn find_keyed<D: Disk>(
        &self,
        ground: &Ground<'_, D>,
        keyed: &[Keyed],
        drafts: &[Draft],
        here: &mut Here,
    ) -> Result<(), Stop> {
        for it in keyed {
            if it.kind == LINE {
                if self.known.meant(it.label())?.is_none() {
                    return Err(self.unknown_label(it));
                }
                continue;
            }
            let (label, own) = (it.label(), |draft: &Draft| draft.label == it.label());
            if drafts.iter().any(own) || self.known.meant(label)?.is_some() {
                continue;
            }
            // Of this run too: a line before may have brought the party with this key.
            let found = ground.batch.keyed(it.kind, &it.key)?;
            let id = found.ok_or_else(|| unknown_key(ground, it))?;
            here.0.insert(label, Meant { id, kind: it.kind, entry: 0 });
        }
        Ok(())
    }

    fn unknown_label(&self, it: &Keyed) -> Stop {
        let name = shown(&it.key);
        let problem = match self.known.disowned_by(it.label()) {
            Err(error) => return Stop::All(error.into()),
            Ok(Some(row)) => {
                let what = format!("`label:{name}`: row {row} has this label, and did not go in");
                Problem::new(what).hint("correct that row, and import the file again")
            }
            Ok(None) => Problem::new(format!("`label:{name}`: no row before has this label"))
                .hint("a line gives itself one with \"label\": \"NAME\"; later lines refer to it"),
        };
        Stop::Row(problem)
    }

    /// Leaves out the parties and channels whose key is known, if they are the same.
    pub(crate) fn find_fallbacks<D: Disk>(
        &mut self,
        ground: &Ground<'_, D>,
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
                None => ground.batch.keyed(kind, &key)?.map(|id| Meant { id, kind, entry: 0 }),
            };
            let name = name_of(&draft.record);
            match known {
                Some(known) => {
                    self.refuse_another(ground, &draft, known, name)?;
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
        ground: &Ground<'_, D>,
        draft: &Draft,
        known: Meant,
        name: Option<&str>,
    ) -> Result<(), Stop> {
        let Some(name) = name else { return Ok(()) };
        let hash = Hash::of(name.as_bytes());
        if self.names.get(&draft.label) == Some(&hash) {
            return Ok(());
        }
        let party = match ground.record(known.id)? {
            Some(Record::Party(party)) => party,
            // Brought by a row before, of which the name is kept.
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
    pub(crate) fn look_through<D: Disk>(
        &mut self,
        ground: &Ground<'_, D>,
        (drafts, issuer): (&[Draft], &str),
        here: &Here,
        brought: &[Hash],
    ) -> Result<(), Stop> {
        for (place, Draft { record, .. }) in drafts.iter().enumerate() {
            if let Record::Relation(_) = **record {
                self.check_as_meant(record, here)?;
            }
            for reference in record.references() {
                if record.withholds().is_none()
                    && let Some(problem) = self.hung_on_withheld(&reference, here)?
                    && !self.was_there(ground, (&drafts[..=place], issuer), here)?
                {
                    return Err(Stop::Row(problem));
                }
                self.look_at(ground, &reference, here, &drafts[..place])?;
            }
            for capture in record.captures() {
                let digest = capture.digest;
                if !brought.contains(&digest) && !ground.holds(&digest)? {
                    let what = format!("it names the capture {digest}, whose bytes are not given");
                    let hint = "--captures names the folder of the ledger that holds them";
                    return Err(Stop::Row(Problem::new(what).hint(hint)));
                }
            }
        }
        Ok(())
    }

    /// Its fields were checked when its references were labels; two of them may mean one record.
    fn check_as_meant(&self, record: &Record, here: &Here) -> Result<(), Stop> {
        let checked = self.as_meant(record, here)?.check();
        checked.map_err(|it| Stop::Row(Problem::new(it.to_string())))
    }

    /// A record with ids in the place of labels, as far as these have any.
    fn as_meant(&self, record: &Record, here: &Here) -> Result<Record, index::Error> {
        let (mut record, mut failed) = (record.clone(), None);
        record.refer(&mut |id| match self.meant(id, here) {
            Ok(meant) => meant.map_or(id, |it| it.id),
            Err(error) => {
                failed = Some(error);
                id
            }
        });
        failed.map_or(Ok(record), Err)
    }

    /// What a label stands for, in a row or before it.
    fn meant(&self, id: Id, here: &Here) -> Result<Option<Meant>, index::Error> {
        match here.0.get(&id) {
            Some(meant) => Ok(Some(*meant)),
            None => self.known.meant(id),
        }
    }

    /// What is wrong with a reference to what is withheld: nothing new is hung on that.
    fn hung_on_withheld(
        &self,
        reference: &Reference,
        here: &Here,
    ) -> Result<Option<Problem>, index::Error> {
        let Reference { field, id, .. } = reference;
        if self.withheld.is_empty() && self.withheld_soon.is_empty() {
            return Ok(None);
        }
        let id = self.meant(*id, here)?.map_or(*id, |known| known.id);
        let by = match self.withheld.get(&id).or(self.withheld_soon.get(&id)) {
            None => return Ok(None),
            Some(By::Entry(entry)) => format!("entry {entry}"),
            Some(By::Row(row)) => format!("row {row}"),
        };
        let what = format!("{field} refers to what is withheld, as {by} says");
        Ok(Some(Problem::new(what)))
    }

    /// Whether the ledger had the last of these records of a row before the import began: to import a
    /// file again hangs nothing new on what was withheld since.
    fn was_there<D: Disk>(
        &self,
        ground: &Ground<'_, D>,
        (drafts, issuer): (&[Draft], &str),
        here: &Here,
    ) -> Result<bool, Error> {
        let (mut here, mut was_there) = (Here(here.0.clone()), false);
        for Draft { label, record, .. } in drafts {
            let record = self.as_meant(record, &here)?;
            let identity = statement::identity(issuer, &record).map_err(encoding)?;
            let same = ground.batch.find_same(identity)?;
            let same = same.filter(|it| it.entry_index < self.begun_at);
            was_there = same.is_some();
            let kind = record.kind();
            let meant = |it: Added| Meant { id: it.id, kind, entry: it.entry_index };
            here.0.extend(same.map(|it| (*label, meant(it))));
        }
        Ok(was_there)
    }

    /// Whether a reference leads to a record of the right kind.
    fn look_at<D: Disk>(
        &mut self,
        ground: &Ground<'_, D>,
        reference: &Reference,
        here: &Here,
        own: &[Draft],
    ) -> Result<(), Stop> {
        let Reference { field, id, kinds } = reference;
        let known = self.meant(*id, here)?;
        let own = own.iter().rfind(|draft| draft.label == *id);
        let found = match (own, known) {
            (Some(draft), _) => draft.record.kind(),
            (None, Some(known)) => known.kind,
            (None, None) => match ground.batch.record(*id)? {
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
    pub(crate) fn refer(&self, draft: &mut Draft, here: &Here) -> Result<(), Error> {
        let mut failed = None;
        let Draft { record, encoded, .. } = draft;
        record.refer(&mut |id| {
            let meant = self.meant(id, here).unwrap_or_else(|error| {
                failed = Some(error);
                None
            });
            let Some(Meant { id: to, entry, .. }) = meant else { return id };
            if to != id || entry == PENDING {
                *encoded = None;
            }
            to
        });
        failed.map_or(Ok(()), |error| Err(error.into()))
    }
}

/// What is wrong with the records of a row by themselves: a field, or their length once they are
/// sealed. Labels are as long as ids. Those that refer to ids are encoded for good.
pub(crate) fn encode_all(drafts: &mut [Draft], recorder: Recorder<'_>) -> Result<(), Problem> {
    let problem = |error: &dyn std::fmt::Display| Problem::new(error.to_string());
    let Recorder { name, key, recorded_at } = recorder;
    for Draft { record, encoded, .. } in drafts {
        record.check().map_err(|error| problem(&error))?;
        let bytes = Encoded::of(record, name).map_err(|error| problem(&error))?;
        if bytes.length() + ENVELOPE > MAX_LENGTH {
            statement::seal(record, name, recorded_at, key).map_err(|error| problem(&error))?;
        }
        *encoded = Some(bytes);
    }
    Ok(())
}

/// A record without an encoding, which its fields' limits keep from coming up.
pub(crate) fn encoding(error: cbor::Error) -> Error {
    batch::Error::from(statement::Error::from(error)).into()
}

fn unknown_key<D: Disk>(ground: &Ground<'_, D>, it: &Keyed) -> Stop {
    let Keyed { kind, key } = it;
    let keys = match ground.batch.keys(kind) {
        Ok(keys) => keys,
        Err(error) => return Stop::All(error.into()),
    };
    let near = did_you_mean(key, keys.iter().map(String::as_str));
    let what = format!("no {kind} has the key {:?}{near}", shown(key));
    Stop::Row(Problem::new(what).hint(format!("a line before may bring the {kind} with this key")))
}

pub(crate) fn name_of(record: &Record) -> Option<&str> {
    match record {
        Record::Party(party) => Some(party.name()),
        _ => None,
    }
}

fn another(key: &str, name: &str, other: &str) -> Problem {
    let (key, name) = (shown(key), shown(name));
    Problem::new(format!("the key {key:?} is made of {name:?}, and is that of {other} already"))
        .hint("give the column map a `key` that tells them apart, or add the name to the party")
}
