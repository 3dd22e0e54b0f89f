//! Is each statement what the tree says, signed by a key that had the power to, and does it refer
//! only to what stands before it?

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Range;

use crate::attribution::id::Id;
use crate::attribution::keyring::{self, Keyring, Signed};
use crate::attribution::record::Record;
use crate::attribution::record::document::Capture;
use crate::attribution::record::notice::{Notice, NoticeKind};
use crate::attribution::statement::{self, CLOCK_TOLERANCE, Statement};
use crate::cbor;
use crate::hash::Hash;
use crate::key::Thumbprint;
use crate::store;
use crate::store::source::Source;
use crate::tlog::bundle::{self, Bundle};
use crate::tlog::merkle::leaf_hash;
use crate::tlog::path::Path;
use crate::tlog::policy::Policy;
use crate::verify::report::{FaultKind, Report, Subject, Suspect};
use crate::verify::tree;

/// What is known of an earlier statement.
#[derive(Debug, Clone, Copy)]
struct Earlier {
    entry_index: u64,
    /// Its kind and signer; `None` if it is withheld, or could not be believed.
    read: Option<(&'static str, Thumbprint)>,
}

/// An empty slot: to be explained by a notice, or a hole.
#[derive(Debug, Clone, Copy)]
struct Withheld {
    entry_index: u64,
    /// The leaf in the tree, where it is known.
    leaf: Option<Hash>,
    /// The id of what stood there, where the entry can be believed.
    id: Option<Id>,
    path: Path,
}

/// A capture that records say is held.
#[derive(Debug, Clone)]
pub(crate) struct Promised {
    /// How many bytes the records say it has.
    pub(crate) size: u64,
    /// The entry that first says so.
    pub(crate) entry_index: u64,
    /// For each record that says so: its own statement, and the document it belongs to. A notice
    /// to either withholds the capture, as far as that record goes.
    owners: Vec<[Id; 2]>,
}

/// The walk over all statements, in order.
#[derive(Debug)]
pub(crate) struct Walk<'a> {
    origin: &'a str,
    policy: &'a Policy,
    keyring: Keyring,
    earlier: HashMap<Id, Earlier>,
    last_recorded_at: u64,
    withheld: Vec<Withheld>,
    /// What a notice says is withheld or erased.
    redacted: HashSet<Id>,
    /// Whether some statement could not be read, so that a key may be unknown for that reason.
    gaps: bool,
    pub(crate) captures: BTreeMap<Hash, Promised>,
}

impl<'a> Walk<'a> {
    pub(crate) fn new(origin: &'a str, policy: &'a Policy) -> Self {
        Self {
            origin,
            policy,
            keyring: Keyring::default(),
            earlier: HashMap::new(),
            last_recorded_at: 0,
            withheld: Vec::new(),
            redacted: HashSet::new(),
            gaps: false,
            captures: BTreeMap::new(),
        }
    }

    /// Whether some statement could not be read: what nobody seems to name may be named there.
    pub(crate) fn has_gaps(&self) -> bool {
        self.gaps
    }

    /// Checks the statements of one bundle. `leaves` are the right ones, if any source gave the
    /// root; `entries` are what the entry bundle says.
    pub(crate) fn bundle(
        &mut self,
        store: &dyn Source,
        bundle: Bundle,
        slots: &Slots<'_>,
        report: &mut Report,
        keep: &mut dyn FnMut(Signed),
    ) -> Result<(), store::Error> {
        let path = Path::Statements(bundle);
        let index = |slot| tree::entry_index(bundle.index, slot);
        let Some(bytes) = tree::bytes_or_fault(store, path, Subject::Statements, report)? else {
            self.lose_all(0..bundle.width.into(), bundle, slots);
            return Ok(());
        };
        let (items, flaw) = bundle::parse_prefix(&bytes, bundle.width);
        // A wrong length shifts all that follows it: what is cut after the last right statement
        // is no statement.
        let right = |(slot, item): (usize, &&[u8])| slots.is_right(slot, item) != Some(false);
        let cut = match flaw {
            Some(_) => items.iter().enumerate().rposition(right).map_or(0, |last| last + 1),
            None => items.len(),
        };
        let empty = items[cut..].iter().take_while(|item| item.is_empty()).count();
        for (slot, item) in items.iter().enumerate().take(cut + empty) {
            let place = (path, index(slot));
            match slots.is_right(slot, item) {
                _ if item.is_empty() => self.note_withheld(slot, place, slots),
                Some(true) => self.statement(item, place, report, keep),
                Some(false) => {
                    let what = "the statement is not the one in the tree: its hash differs";
                    let place = (path, Some(index(slot)));
                    report.fault(FaultKind::Tampered, Subject::Statements, place, what);
                    self.lose(slots.id(slot), index(slot));
                }
                None => {
                    report.skip(Subject::Statements);
                    self.lose(None, index(slot));
                }
            }
        }
        if let Some(flaw) = flaw {
            let broken = cut + empty;
            let before: usize = items[..broken].iter().map(|item| 2 + item.len()).sum();
            let kind = kind_of_flaw(&bytes[before..], broken, &items, bundle.width, slots);
            let entry = (broken < bundle.width.into()).then(|| index(broken));
            report.fault(kind, Subject::Statements, (path, entry), flaw);
            self.lose_all(broken..bundle.width.into(), bundle, slots);
        }
        Ok(())
    }

    /// After the last statement: empty slots are explained by a notice, or are holes.
    pub(crate) fn finish(&self, report: &mut Report) {
        let redacted: HashSet<Hash> =
            self.redacted.iter().map(|id| leaf_hash(id.hash().as_bytes())).collect();
        for Withheld { entry_index, leaf, path, .. } in &self.withheld {
            let place = (*path, Some(*entry_index));
            match leaf {
                Some(leaf) if redacted.contains(leaf) => {
                    let what = "the statement is withheld, as a redaction notice says";
                    report.fault(FaultKind::Withheld, Subject::Statements, place, what);
                }
                Some(_) => {
                    let what = "the statement is missing, and no redaction notice says why";
                    report.fault(FaultKind::Incomplete, Subject::Statements, place, what);
                }
                // What stood there is not known; that its entry is gone too is said elsewhere.
                None => report.skip(Subject::Statements),
            }
        }
        self.mark_suspects(report);
    }

    /// What revoked keys signed from the stated entry on is no fault: it is marked.
    fn mark_suspects(&self, report: &mut Report) {
        for term in self.keyring.terms() {
            let Some(from) = term.suspect_from else { continue };
            let signed = self.earlier.values().filter_map(|earlier| {
                let (_, signer) = earlier.read?;
                (signer == term.thumbprint).then_some(earlier.entry_index)
            });
            let mut entries: Vec<u64> = signed.filter(|entry| *entry >= from).collect();
            if entries.is_empty() {
                continue;
            }
            entries.sort_unstable();
            let (recorder, key) = (term.name.clone(), term.thumbprint);
            report.mark(Suspect { recorder, key, from, entries });
        }
    }

    /// The keys at the end, and the entries whose statements are not shown.
    pub(crate) fn into_parts(self) -> (Keyring, Vec<(u64, Id)>) {
        let named = |it: Withheld| Some((it.entry_index, it.id?));
        (self.keyring, self.withheld.into_iter().filter_map(named).collect())
    }

    /// Whether notices say that all records which hold a capture are withheld.
    pub(crate) fn is_redacted(&self, promised: &Promised) -> bool {
        promised.owners.iter().all(|owner| owner.iter().any(|id| self.redacted.contains(id)))
    }

    fn statement(
        &mut self,
        bytes: &[u8],
        (path, entry_index): (Path, u64),
        report: &mut Report,
        keep: &mut dyn FnMut(Signed),
    ) {
        let place = (path, Some(entry_index));
        let statement = match statement::open(bytes) {
            Ok(statement) => statement,
            Err(error @ statement::Error::Newer { .. }) => {
                // Not altered, and not understood either.
                report.skip(Subject::Statements);
                report.notes.push(format!("entry {entry_index} was not checked: {error}"));
                self.lose(Some(Id::of(bytes)), entry_index);
                return;
            }
            Err(error) => {
                report.fault(FaultKind::Tampered, Subject::Statements, place, error);
                self.lose(Some(Id::of(bytes)), entry_index);
                return;
            }
        };
        report.pass(Subject::Statements, 1);
        self.check_charter(&statement, entry_index, path, report);
        self.check_time(&statement, entry_index, report);
        self.check_references(&statement, entry_index, path, report);
        let (id, kind, signer) = (statement.id(), statement.record().kind(), statement.signer());
        let target = self.signer_of_target(statement.record());
        let unread = self.notice_of_unread(&statement, entry_index);
        match self.keyring.admit(statement, entry_index, target) {
            Ok(signed) => {
                report.pass(Subject::Signatures, 1);
                self.earlier.insert(id, Earlier { entry_index, read: Some((kind, signer)) });
                self.learn(&signed);
                keep(signed);
            }
            // The key may stand in a statement that is not there to be read.
            Err(
                keyring::Error::UnknownKey { .. }
                | keyring::Error::NotInForce { .. }
                | keyring::Error::Change(_),
            ) if self.gaps => {
                report.skip(Subject::Signatures);
                self.lose(Some(id), entry_index);
            }
            Err(keyring::Error::Power { .. }) if unread.is_some() => {
                report.skip(Subject::Signatures);
                self.lose(Some(id), entry_index);
                let redacts = unread.filter(|notice| notice.kind == NoticeKind::Redaction);
                self.redacted.extend(redacts.map(|notice| notice.target));
            }
            Err(error) => {
                report.fault(FaultKind::Tampered, Subject::Signatures, place, error);
                self.lose(Some(id), entry_index);
            }
        }
    }

    /// A notice that its signer could give of statements of its own, where nobody can tell any more
    /// whether the target was one: it is not there to be read.
    fn notice_of_unread(&mut self, statement: &Statement, entry_index: u64) -> Option<Notice> {
        let Record::Notice(notice) = statement.record() else { return None };
        let read = self.earlier.get(&notice.target).is_some_and(|target| target.read.is_some());
        if read || !self.gaps || !notice.kind.speaks_for_recorder() {
            return None;
        }
        // A notice changes no keys, so trying is free.
        let own = Some(statement.signer());
        self.keyring.admit(statement.clone(), entry_index, own).is_ok().then(|| notice.clone())
    }

    /// The charter must be of this log, or the log was founded under another name or key.
    fn check_charter(
        &self,
        statement: &Statement,
        entry_index: u64,
        path: Path,
        report: &mut Report,
    ) {
        let Record::Charter(charter) = statement.record() else { return };
        let place = (path, Some(entry_index));
        if charter.origin != self.origin {
            let what = format!(
                "the charter is of {:?}, the checkpoint of {:?}",
                charter.origin, self.origin
            );
            report.fault(FaultKind::Tampered, Subject::Statements, place, what);
        }
        let trusted = |key| self.policy.logs().iter().any(|log| log.key.public() == key);
        if !trusted(&charter.log) {
            let what = "the charter names another log key than the policy trusts";
            report.fault(FaultKind::Tampered, Subject::Statements, place, what);
        }
    }

    /// A clock that went back says nothing of tampering, but a reader should know.
    fn check_time(&mut self, statement: &Statement, entry_index: u64, report: &mut Report) {
        let recorded_at = statement.recorded_at();
        if recorded_at.saturating_add(CLOCK_TOLERANCE) < self.last_recorded_at {
            report.notes.push(format!(
                "entry {entry_index} says it was recorded more than {CLOCK_TOLERANCE} seconds \
                 before an entry that stands before it: some recorder's clock was wrong"
            ));
        }
        self.last_recorded_at = self.last_recorded_at.max(recorded_at);
    }

    fn check_references(
        &self,
        statement: &Statement,
        entry_index: u64,
        path: Path,
        report: &mut Report,
    ) {
        let place = (path, Some(entry_index));
        for reference in statement.record().references() {
            let field = reference.field;
            match self.earlier.get(&reference.id) {
                None if self.gaps => report.skip(Subject::References),
                None => {
                    let what =
                        format!("{field} refers to {}, which no earlier entry is", reference.id);
                    report.fault(FaultKind::Tampered, Subject::References, place, what);
                }
                Some(Earlier { read: None, .. }) => report.skip(Subject::References),
                Some(Earlier { read: Some((kind, _)), entry_index: target }) => {
                    if reference.kinds.contains(kind) {
                        report.pass(Subject::References, 1);
                    } else {
                        let expected = reference.kinds.join(" or ");
                        let what = format!(
                            "{field} refers to entry {target}, a {kind}, expected a {expected}"
                        );
                        report.fault(FaultKind::Tampered, Subject::References, place, what);
                    }
                }
            }
        }
    }

    /// What an admitted record tells about captures and redactions.
    fn learn(&mut self, signed: &Signed) {
        let (id, entry_index) = (signed.statement().id(), signed.entry_index());
        let record = signed.statement().record();
        let owner = match record {
            Record::Capture(later) => later.document,
            Record::Attestation(attestation) => attestation.document.unwrap_or(id),
            _ => id,
        };
        for capture in record.captures() {
            self.promise(capture, [id, owner], entry_index);
        }
        match record {
            Record::Notice(notice) if notice.kind == NoticeKind::Redaction => {
                self.redacted.insert(notice.target);
            }
            _ => {}
        }
    }

    fn promise(&mut self, capture: &Capture, owner: [Id; 2], entry_index: u64) {
        let fresh = Promised { size: capture.size, entry_index, owners: Vec::new() };
        let promised = self.captures.entry(capture.digest).or_insert(fresh);
        promised.owners.push(owner);
        // Two sizes for one digest cannot both be right: the larger one will not be found.
        promised.size = promised.size.max(capture.size);
    }

    fn signer_of_target(&self, record: &Record) -> Option<Thumbprint> {
        let Record::Notice(notice) = record else { return None };
        self.earlier.get(&notice.target)?.read.map(|(_, signer)| signer)
    }

    fn note_withheld(&mut self, slot: usize, (path, entry_index): (Path, u64), slots: &Slots<'_>) {
        let (leaf, id) = (slots.leaf(slot), slots.id(slot));
        self.withheld.push(Withheld { entry_index, leaf, id, path });
        self.lose(id, entry_index);
    }

    fn lose_all(&mut self, lost: Range<usize>, bundle: Bundle, slots: &Slots<'_>) {
        for slot in lost {
            self.lose(slots.id(slot), tree::entry_index(bundle.index, slot));
        }
    }

    /// Remembers a statement that cannot be read, by its id where that is known, so that
    /// references to it are left unchecked rather than called false.
    fn lose(&mut self, id: Option<Id>, entry_index: u64) {
        self.gaps = true;
        if let Some(id) = id {
            self.earlier.insert(id, Earlier { entry_index, read: None });
        }
    }
}

/// What is known of the slots of one bundle before its statements are read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Slots<'a> {
    /// The leaves of the tree, if any source gave the checkpoint's root.
    pub(crate) leaves: Option<&'a [Hash]>,
    /// What the entry bundle says, right or not.
    pub(crate) entries: &'a [Option<Hash>],
}

impl Slots<'_> {
    /// The leaf of a slot, or what the entry makes it.
    fn leaf(&self, slot: usize) -> Option<Hash> {
        match self.leaves {
            Some(leaves) => Some(leaves[slot]),
            None => self.entries[slot].map(|entry| leaf_hash(entry.as_bytes())),
        }
    }

    /// The id of the statement that belongs there, if the entry can be believed.
    fn id(&self, slot: usize) -> Option<Id> {
        let entry = self.entries[slot];
        entry.filter(|it| self.leaf(slot) == Some(leaf_hash(it.as_bytes()))).map(Id::from_hash)
    }

    /// Whether these bytes are the statement that belongs there; `None` if nothing tells.
    fn is_right(&self, slot: usize, bytes: &[u8]) -> Option<bool> {
        self.leaf(slot).map(|leaf| leaf == leaf_hash(Hash::of(bytes).as_bytes()))
    }
}

/// Whether a bundle was cut short, or changed. `rest` begins at the slot from which on it makes
/// no sense.
fn kind_of_flaw(
    rest: &[u8],
    slot: usize,
    items: &[&[u8]],
    width: u16,
    slots: &Slots<'_>,
) -> FaultKind {
    if slot != items.len() || slot >= width.into() {
        // A statement that is not the right one, or bytes that follow the last.
        return FaultKind::Tampered;
    }
    // If the whole statement is there, it is its length that was changed.
    let whole = rest.get(2..).and_then(|rest| rest.get(..cbor::length_of_first(rest)?));
    let is_whole = whole.is_some_and(|bytes| slots.is_right(slot, bytes) == Some(true));
    if is_whole { FaultKind::Tampered } else { FaultKind::Incomplete }
}
