//! Is each statement what the tree says, signed by a key that had the power to, and does it refer
//! only to what stands before it?

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use crate::attribution::id::Id;
use crate::attribution::keyring::{self, Keyring, Signed};
use crate::attribution::record::Record;
use crate::attribution::record::document::Capture;
use crate::attribution::record::notice::Notice;
use crate::attribution::statement::{self, CLOCK_TOLERANCE, Statement};
use crate::evidence::capture::{self, MAX_CAPTURE};
use crate::hash::Hash;
use crate::key::Thumbprint;
use crate::ledger::reading;
use crate::store;
use crate::store::path::FilePath;
use crate::tlog::bundle;
use crate::tlog::merkle::leaf_hash;
use crate::tlog::path::Path;
use crate::tlog::policy::Policy;
use crate::verify::before::Before;
use crate::verify::earlier::{Earlier, Known};
use crate::verify::leaves::unless_disk_failed;
use crate::verify::report::{FaultKind, Report, Subject, Suspect};
use crate::verify::slots::{Broken, Keys, Slot, Slots};
use crate::verify::tree::{self, Ground};

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
pub(crate) struct Walk<'a> {
    origin: &'a str,
    policy: &'a Policy,
    keyring: Keyring,
    ground: Ground<'a>,
    /// The keys of the keyring by their names, for those who check signatures ahead of the walk.
    keys: Arc<Keys>,
    earlier: Earlier,
    /// What was verified before, and is not read again.
    before: Option<Before<'a>>,
    last_recorded_at: u64,
    withheld: Vec<Withheld>,
    /// What a notice says is withheld or erased.
    redacted: HashSet<Id>,
    /// Whether some statement could not be read, so that a key may be unknown for that reason.
    gaps: bool,
    pub(crate) captures: BTreeMap<Hash, Promised>,
}

impl<'a> Walk<'a> {
    /// A walk from the first entry on, or after what was verified before.
    pub(crate) fn new(
        origin: &'a str,
        policy: &'a Policy,
        ground: Ground<'a>,
        before: Option<Before<'a>>,
    ) -> Self {
        let first = before.as_ref().map_or(0, |before| before.size);
        let keyring = before.as_ref().map(|before| before.keyring.clone());
        let mut walk = Self {
            origin,
            policy,
            keyring: keyring.unwrap_or_default(),
            ground,
            keys: Arc::default(),
            earlier: Earlier::of(first, ground.capacity() - first),
            last_recorded_at: before.as_ref().map_or(0, |before| before.last_recorded_at),
            withheld: Vec::new(),
            redacted: HashSet::new(),
            gaps: before.as_ref().is_some_and(Before::has_gaps),
            before,
            captures: BTreeMap::new(),
        };
        walk.know_keys();
        walk
    }

    /// The entry at which the walk begins.
    pub(crate) fn first(&self) -> u64 {
        self.before.as_ref().map_or(0, |before| before.size)
    }

    /// Whether some statement could not be read: what nobody seems to name may be named there.
    pub(crate) fn has_gaps(&self) -> bool {
        self.gaps
    }

    /// Expects the keys that a charter names, so that their signatures can be checked ahead. Nothing
    /// is believed of them: which key may sign what is said by the keyring alone.
    pub(crate) fn expect_keys(&mut self, bundle: &[u8]) {
        let first = bundle::parse_prefix(bundle, 1).0.first().copied();
        let charter = first.and_then(|bytes| statement::open(bytes).ok());
        if let Some(Record::Charter(charter)) = charter.as_ref().map(Statement::record) {
            let keys = charter.recorders.iter().map(|it| (it.key.thumbprint(), it.key));
            self.keys = Arc::new(keys.collect());
        }
    }

    /// The keys known so far.
    pub(crate) fn keys(&self) -> &Arc<Keys> {
        &self.keys
    }

    /// Walks over the statements of one bundle, as they were read.
    pub(crate) fn bundle(
        &mut self,
        slots: Slots,
        report: &mut Report,
        keep: &mut dyn FnMut(Signed),
    ) -> Result<(), store::Error> {
        let (bundle, first) = (slots.bundle(), self.first());
        let path = Path::Statements(bundle);
        let index = |slot| tree::entry_index(bundle.index, slot);
        let Slots { unread: slots, read, broken } = slots;
        let lost = read.len()..bundle.width.into();
        for (slot, read) in read.into_iter().enumerate() {
            let entry_index = index(slot);
            if entry_index < first {
                // Verified before: the bundle holds both.
                continue;
            }
            let place = (path, Some(entry_index));
            match read {
                Slot::Empty => {
                    let (leaf, id) = (slots.leaf(slot), slots.id(slot));
                    self.withheld.push(Withheld { entry_index, leaf, id, path });
                    self.lose(id, entry_index);
                }
                Slot::Right(statement) => {
                    self.statement(*statement, (path, entry_index), report, keep)?;
                }
                // Not altered, and not understood either.
                Slot::Strange(id, error @ statement::Error::Newer { .. }) => {
                    report.skip(Subject::Statements);
                    report.notes.push(format!("entry {entry_index} was not checked: {error}"));
                    self.lose(Some(id), entry_index);
                }
                Slot::Strange(id, error) => {
                    report.fault(FaultKind::Tampered, Subject::Statements, place, error);
                    self.lose(Some(id), entry_index);
                }
                Slot::Wrong => {
                    let what = "the statement is not the one in the tree: its hash differs";
                    report.fault(FaultKind::Tampered, Subject::Statements, place, what);
                    self.lose(slots.id(slot), entry_index);
                }
                Slot::Unknown => {
                    report.skip(Subject::Statements);
                    self.lose(None, entry_index);
                }
            }
        }
        if let Some(Broken { slot, kind, flaw }) = &broken {
            let entry = (*slot < bundle.width.into()).then(|| index(*slot));
            report.fault(*kind, Subject::Statements, (path, entry), flaw);
        }
        for slot in lost.skip_while(|slot| index(*slot) < first) {
            self.lose(slots.id(slot), index(slot));
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
                    report.withhold(Subject::Statements, place);
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

    /// Of what was verified before, what notices withhold, then or since, as far as it is gone.
    pub(crate) fn look_back(&mut self, report: &mut Report) -> Result<(), store::Error> {
        let Some(mut before) = self.before.take() else { return Ok(()) };
        report.take_over(before.not_checked);
        let redacted = before.redacted().into_iter().chain(self.redacted.iter().copied());
        let known = redacted.filter_map(|id| Some((before.known(id)?.entry_index, id)));
        let entries: BTreeMap<u64, Id> = known.chain(before.withheld.iter().copied()).collect();
        for (entry_index, id) in entries {
            self.look_at_withheld((entry_index, id), &mut before, report)?;
        }
        self.before = Some(before);
        Ok(())
    }

    fn look_at_withheld(
        &self,
        (entry_index, id): (u64, Id),
        before: &mut Before<'_>,
        report: &mut Report,
    ) -> Result<(), store::Error> {
        let Ground { store, tree_size, .. } = self.ground;
        let (bundle, _) = reading::place_of(entry_index, tree_size);
        let was_withheld = before.withheld.contains(&(entry_index, id));
        let found = match reading::statement(store, entry_index, tree_size) {
            Ok(found) => found,
            Err(error) => unless_disk_failed(error).map(|_| None)?,
        };
        let Some(found) = found else {
            report.withhold(Subject::Statements, (Path::Statements(bundle), Some(entry_index)));
            if !was_withheld {
                before.withheld.push((entry_index, id));
            }
            return Ok(());
        };
        let statement = statement::open(&found).ok().filter(|it| it.id() == id && !was_withheld);
        let Some(statement) = statement else {
            report.skip(Subject::Statements);
            report.notes.push(format!(
                "entry {entry_index} is withheld, and what stands there was not verified before: \
                 `whosaid verify` reads it"
            ));
            return Ok(());
        };
        for digest in before.captures_of(store, id, &statement, tree_size)? {
            let path = capture::path(&digest);
            let file = FilePath::parse(&path).expect("a capture's path is a path of the store");
            if matches!(store.read(&file, MAX_CAPTURE), Ok(None)) {
                report.withhold(Subject::Captures, (path, Some(entry_index)));
            }
        }
        Ok(())
    }

    /// What revoked keys signed from the stated entry on is no fault: it is marked.
    fn mark_suspects(&self, report: &mut Report) {
        for term in self.keyring.terms() {
            let Some(from) = term.suspect_from else { continue };
            let mut entries = self.earlier.signed_by(term.thumbprint, from);
            if let Some(before) = &self.before {
                entries.splice(0..0, before.signed_by(term.thumbprint, from));
            }
            if entries.is_empty() {
                continue;
            }
            let (recorder, key) = (term.name.clone(), term.thumbprint);
            report.mark(Suspect { recorder, key, from, entries });
        }
    }

    /// The keys at the end, and the entries whose statements are not shown.
    pub(crate) fn into_parts(self) -> (Keyring, Vec<(u64, Id)>) {
        let named = |it: Withheld| Some((it.entry_index, it.id?));
        let before = self.before.map(|before| before.withheld).into_iter().flatten();
        let new = self.withheld.into_iter().filter_map(named);
        (self.keyring, before.chain(new).collect())
    }

    /// Whether notices say that all records which hold a capture are withheld.
    pub(crate) fn is_redacted(&self, promised: &Promised) -> bool {
        promised.owners.iter().all(|owner| owner.iter().any(|id| self.redacted.contains(id)))
    }

    fn statement(
        &mut self,
        statement: Statement,
        (path, entry_index): (Path, u64),
        report: &mut Report,
        keep: &mut dyn FnMut(Signed),
    ) -> Result<(), store::Error> {
        let place = (path, Some(entry_index));
        report.pass(Subject::Statements, 1);
        self.check_charter(&statement, entry_index, path, report);
        self.check_time(&statement, entry_index, report);
        self.check_references(&statement, entry_index, path, report)?;
        let (id, kind, signer) = (statement.id(), statement.record().kind(), statement.signer());
        let target = self.signer_of_target(statement.record())?;
        let unread = self.notice_of_unread(&statement, entry_index)?;
        match self.keyring.admit(statement, entry_index, target) {
            Ok(signed) => {
                report.pass(Subject::Signatures, 1);
                self.remember(id, entry_index, Some((kind, signer)));
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
                self.redacted.extend(unread.and_then(|notice| notice.withholds()));
            }
            Err(error) => {
                report.fault(FaultKind::Tampered, Subject::Signatures, place, error);
                self.lose(Some(id), entry_index);
            }
        }
        Ok(())
    }

    /// A notice that its signer could give of statements of its own, where nobody can tell any more
    /// whether the target was one: it is not there to be read.
    fn notice_of_unread(
        &mut self,
        statement: &Statement,
        entry_index: u64,
    ) -> Result<Option<Notice>, store::Error> {
        let Record::Notice(notice) = statement.record() else { return Ok(None) };
        let read = self.find(notice.target)?.is_some_and(|target| target.read.is_some());
        if read || !self.gaps || !notice.kind.speaks_for_recorder() {
            return Ok(None);
        }
        // A notice changes no keys, so trying is free.
        let admitted = self.keyring.admit(statement.clone(), entry_index, Some(statement.signer()));
        Ok(admitted.is_ok().then(|| notice.clone()))
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
        &mut self,
        statement: &Statement,
        entry_index: u64,
        path: Path,
        report: &mut Report,
    ) -> Result<(), store::Error> {
        let place = (path, Some(entry_index));
        for reference in statement.record().references() {
            let field = reference.field;
            match self.find(reference.id)? {
                None if self.gaps => report.skip(Subject::References),
                None => {
                    let what =
                        format!("{field} refers to {}, which no earlier entry is", reference.id);
                    report.fault(FaultKind::Tampered, Subject::References, place, what);
                }
                Some(Known { read: None, .. }) => report.skip(Subject::References),
                Some(Known { read: Some((kind, _)), entry_index: target }) => {
                    if reference.kinds.contains(&kind) {
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
        Ok(())
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
        self.redacted.extend(record.withholds());
        if let Record::Charter(_) | Record::Key(_) = record {
            self.know_keys();
        }
    }

    fn know_keys(&mut self) {
        let terms = self.keyring.terms().iter();
        self.keys = Arc::new(terms.map(|term| (term.thumbprint, term.key)).collect());
    }

    fn promise(&mut self, capture: &Capture, owner: [Id; 2], entry_index: u64) {
        let fresh = Promised { size: capture.size, entry_index, owners: Vec::new() };
        let promised = self.captures.entry(capture.digest).or_insert(fresh);
        promised.owners.push(owner);
        // Two sizes for one digest cannot both be right: the larger one will not be found.
        promised.size = promised.size.max(capture.size);
    }

    fn signer_of_target(&mut self, record: &Record) -> Result<Option<Thumbprint>, store::Error> {
        let Record::Notice(notice) = record else { return Ok(None) };
        let target = self.find(notice.target)?;
        Ok(target.and_then(|target| target.read).map(|(_, signer)| signer))
    }

    fn find(&mut self, id: Id) -> Result<Option<Known>, store::Error> {
        let ground = self.ground;
        let found = self.earlier.find(id, &mut |bundle| ground.leaves(bundle))?;
        Ok(match (&self.before, found) {
            (Some(before), None) => before.known(id),
            (_, found) => found,
        })
    }

    /// Remembers a statement that cannot be read, by its id where that is known, so that
    /// references to it are left unchecked rather than called false.
    fn lose(&mut self, id: Option<Id>, entry_index: u64) {
        self.gaps = true;
        if let Some(id) = id {
            self.remember(id, entry_index, None);
        }
    }

    fn remember(&mut self, id: Id, entry_index: u64, read: Option<(&'static str, Thumbprint)>) {
        // What is not remembered cannot be told from what never was.
        self.gaps |= !self.earlier.insert(id, Known { entry_index, read });
    }
}
