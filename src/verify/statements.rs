//! Is each statement what the tree says, signed by a key that had the power to, and does it refer
//! only to what stands before it?

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::attribution::id::Id;
use crate::attribution::keyring::{self, Keyring, Signed};
use crate::attribution::record::Record;
use crate::attribution::record::document::Capture;
use crate::attribution::record::notice::NoticeKind;
use crate::attribution::statement::{self, CLOCK_TOLERANCE, Statement};
use crate::hash::Hash;
use crate::key::Thumbprint;
use crate::ledger::reading;
use crate::store::Store;
use crate::store::disk::Disk;
use crate::tlog::bundle::Bundle;
use crate::tlog::merkle::leaf_hash;
use crate::tlog::path::Path;
use crate::tlog::policy::Policy;
use crate::tlog::tile::FULL_WIDTH;
use crate::verify::report::{FaultKind, Report, Subject};
use crate::verify::tree;

/// What is known of an earlier statement.
#[derive(Debug, Clone, Copy)]
struct Earlier {
    entry_index: u64,
    /// Its kind and signer; `None` if it is withheld, or could not be believed.
    read: Option<(&'static str, Thumbprint)>,
}

/// A capture that records say is held.
#[derive(Debug, Clone)]
pub(crate) struct Promised {
    /// How many bytes the records say it has.
    pub(crate) size: u64,
    /// The entry that first says so.
    pub(crate) entry_index: u64,
    /// The documents that it belongs to.
    pub(crate) documents: Vec<Id>,
}

/// The walk over all statements, in order.
#[derive(Debug)]
pub(crate) struct Walk<'a> {
    origin: &'a str,
    policy: &'a Policy,
    keyring: Keyring,
    earlier: HashMap<Id, Earlier>,
    last_recorded_at: u64,
    /// Slots that are empty: to be explained by a notice, or not.
    withheld: Vec<(u64, Id, Path)>,
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

    /// Checks the statements of one bundle. `leaves` are the right ones, if any source gave the
    /// root; `entries` are what the entry bundle says.
    pub(crate) fn bundle<D: Disk>(
        &mut self,
        store: &Store<D>,
        bundle: Bundle,
        leaves: Option<&[Hash]>,
        entries: Option<&[Hash]>,
        report: &mut Report,
        keep: &mut dyn FnMut(Signed),
    ) {
        let path = Path::Statements(bundle);
        let first = bundle.index * u64::from(FULL_WIDTH);
        let statements = match reading::statements(store, bundle) {
            Ok(statements) => statements,
            Err(error) => {
                let place = (path, tree::first_damaged(&error, bundle));
                let kind = tree::kind_of(&error);
                report.fault(kind, Subject::Statements, place, tree::message(&error));
                self.lose(entries.unwrap_or_default(), first);
                return;
            }
        };
        for (slot, bytes) in statements.into_iter().enumerate() {
            let entry_index = first + slot as u64;
            let entry = entries.map(|entries| entries[slot]);
            let Some(bytes) = bytes else {
                self.note_withheld(entry_index, entry, path);
                continue;
            };
            let digest = Hash::of(&bytes);
            let right = match leaves {
                Some(leaves) => leaf_hash(digest.as_bytes()) == leaves[slot],
                None => entry == Some(digest),
            };
            if right {
                self.statement(&bytes, entry_index, path, report, keep);
            } else {
                let what = "the statement is not the one in the tree: its hash differs";
                let place = (path, Some(entry_index));
                report.fault(FaultKind::Tampered, Subject::Statements, place, what);
                self.lose(entry.as_slice(), entry_index);
            }
        }
    }

    /// After the last statement: empty slots are explained by a notice, or are holes.
    pub(crate) fn finish(&self, report: &mut Report) {
        for (entry_index, id, path) in &self.withheld {
            let place = (*path, Some(*entry_index));
            if self.redacted.contains(id) {
                let what = "the statement is withheld, as a redaction notice says";
                report.fault(FaultKind::Withheld, Subject::Statements, place, what);
            } else {
                let what = "the statement is missing, and no redaction notice says why";
                report.fault(FaultKind::Incomplete, Subject::Statements, place, what);
            }
        }
    }

    /// The keys at the end, and the entries whose statements are not shown.
    pub(crate) fn into_parts(self) -> (Keyring, Vec<(u64, Id)>) {
        let withheld = self.withheld.into_iter().map(|(entry_index, id, _)| (entry_index, id));
        (self.keyring, withheld.collect())
    }

    /// Whether some statement could not be read or believed.
    pub(crate) fn has_gaps(&self) -> bool {
        self.gaps
    }

    /// Whether notices say that all documents which hold a capture are withheld.
    pub(crate) fn is_redacted(&self, promised: &Promised) -> bool {
        promised.documents.iter().all(|document| self.redacted.contains(document))
    }

    fn statement(
        &mut self,
        bytes: &[u8],
        entry_index: u64,
        path: Path,
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
                self.lose(&[Hash::of(bytes)], entry_index);
                return;
            }
            Err(error) => {
                report.fault(FaultKind::Tampered, Subject::Statements, place, error);
                self.lose(&[Hash::of(bytes)], entry_index);
                return;
            }
        };
        report.pass(Subject::Statements, 1);
        self.check_charter(&statement, entry_index, path, report);
        self.check_time(&statement, entry_index, report);
        self.check_references(&statement, entry_index, path, report);
        let (id, kind, signer) = (statement.id(), statement.record().kind(), statement.signer());
        let target = self.signer_of_target(statement.record());
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
                | keyring::Error::Charter(_),
            ) if self.gaps => {
                report.skip(Subject::Signatures);
                self.lose(&[id.hash()], entry_index);
            }
            Err(error) => {
                report.fault(FaultKind::Tampered, Subject::Signatures, place, error);
                self.lose(&[id.hash()], entry_index);
            }
        }
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
        match signed.statement().record() {
            Record::Document(document) => {
                for capture in &document.captures {
                    self.promise(capture, id, entry_index);
                }
            }
            Record::Capture(later) => self.promise(&later.capture, later.document, entry_index),
            Record::Notice(notice) if notice.kind == NoticeKind::Redaction => {
                self.redacted.insert(notice.target);
            }
            _ => {}
        }
    }

    fn promise(&mut self, capture: &Capture, document: Id, entry_index: u64) {
        let fresh = Promised { size: capture.size, entry_index, documents: Vec::new() };
        let promised = self.captures.entry(capture.digest).or_insert(fresh);
        promised.documents.push(document);
        // Two sizes for one digest cannot both be right: the larger one will not be found.
        promised.size = promised.size.max(capture.size);
    }

    fn signer_of_target(&self, record: &Record) -> Option<Thumbprint> {
        let Record::Notice(notice) = record else { return None };
        self.earlier.get(&notice.target)?.read.map(|(_, signer)| signer)
    }

    fn note_withheld(&mut self, entry_index: u64, entry: Option<Hash>, path: Path) {
        self.lose(entry.as_slice(), entry_index);
        if let Some(entry) = entry {
            self.withheld.push((entry_index, Id::from_hash(entry), path));
        }
    }

    /// Remembers entries whose statements cannot be read, so that references to them are left
    /// unchecked rather than called false.
    fn lose(&mut self, entries: &[Hash], first: u64) {
        self.gaps = true;
        for (entry_index, entry) in (first..).zip(entries) {
            self.earlier.insert(Id::from_hash(*entry), Earlier { entry_index, read: None });
        }
    }
}
