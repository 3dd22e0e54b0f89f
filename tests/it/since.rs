//! What was added since the ledger was last verified is judged as the whole would be, and nothing
//! that was remembered excuses a ledger that is another one.

use std::cell::RefCell;
use std::sync::Arc;

use whosaid::attribution::id::Id;
use whosaid::attribution::keyring::Signed;
use whosaid::attribution::record::Record;
use whosaid::attribution::record::notice::NoticeKind;
use whosaid::attribution::statement;
use whosaid::index::{Extent, Index};
use whosaid::ledger::erasing::{Erasure, erase, plan};
use whosaid::ledger::writing::Addition;
use whosaid::store::journal::Journal;
use whosaid::store::path::FilePath;
use whosaid::store::simulated::SimulatedDisk;
use whosaid::store::source::Source;
use whosaid::store::{self, Found, Store};
use whosaid::verify::report::{FaultKind, Report, Subject, Verdict};
use whosaid::verify::{Verification, remembered, verify, verify_since};

use crate::it::book::notice;
use crate::it::house::{THREADS, TIME, party, policy, recorder_key, verify_disk};
use crate::it::sample::{self, Sample, append_as, files, reopen, small};

/// Verifies all of it, and remembers what held.
pub(crate) fn remember(disk: &SimulatedDisk) -> Index {
    let store = Store::open(disk.clone()).unwrap();
    let mut signed: Vec<Signed> = Vec::new();
    let keep = &mut |it| signed.push(it);
    let report = verify(&store, &policy(), THREADS, keep, &mut |_, _| ()).unwrap().report;
    assert_eq!(report.verdict(), Verdict::Verified, "{:?}", report.faults);
    let mut index = Index::in_memory().unwrap();
    let rows = signed.iter().map(|it| (it.entry_index(), it.statement()));
    let extent = Extent { tree_size: report.tree_size, root: report.root.unwrap() };
    index.extend(rows, extent).unwrap();
    index
}

/// Verifies what is new since then.
pub(crate) fn since(
    disk: &SimulatedDisk,
    index: &Index,
    size: Option<u64>,
) -> Option<Verification> {
    let store = Store::open(disk.clone()).unwrap();
    let asked = (index, size);
    verify_since(&store, &policy(), asked, THREADS, &mut |_| (), &mut |_, _| ()).unwrap()
}

fn grow(disk: &SimulatedDisk, name: &str, count: usize) {
    let records: Vec<Record> = (0..count).map(|it| party(&format!("{name}-{it}"))).collect();
    append_as(&mut reopen(disk), ("nadia", &recorder_key()), &records, &[]);
}

/// A ledger that was verified, and then grew over the end of two bundles.
fn grown() -> (SimulatedDisk, Index, u64) {
    let Sample { disk, ids } = small();
    let index = remember(&disk);
    grow(&disk, "first", 300);
    grow(&disk, "second", 250);
    (disk, index, ids.len() as u64)
}

#[test]
fn what_is_new_holds_as_the_whole_does() {
    let (disk, index, known) = grown();
    let found = since(&disk, &index, None).expect("it continues");
    let whole = verify_disk(&disk);
    assert_eq!(found.report.verdict(), Verdict::Verified, "{:?}", found.report.faults);
    assert_eq!((found.since, found.report.root), (known, whole.root));
    assert_eq!(found.keyring.key_count(), 3);
    let checks = found.report.checks();
    let signatures = checks.iter().find(|check| check.name == Subject::Signatures).unwrap();
    assert_eq!(signatures.passed, whole.tree_size - known);
    assert!(checks.iter().all(|check| check.name != Subject::Files));
}

#[test]
fn it_can_begin_at_every_entry_that_was_verified() {
    let (disk, _, _) = grown();
    let index = remember(&disk);
    let size = verify_disk(&disk).tree_size;
    for first in [1, 2, 5, 9, 255, 256, 257, 300, 511, 512, 513, size - 1, size] {
        let found = since(&disk, &index, Some(first)).unwrap_or_else(|| panic!("{first}"));
        assert_eq!(found.report.verdict(), Verdict::Verified, "{first}: {:?}", found.report.faults);
        assert_eq!(found.since, first);
    }
    for first in [0, size + 1] {
        assert!(since(&disk, &index, Some(first)).is_none(), "{first}");
    }
}

#[test]
fn no_change_to_what_is_new_is_overlooked() {
    let (disk, index, known) = grown();
    let mut seen = 0;
    for (path, bytes) in files(&disk) {
        let step = (bytes.len() / 9).max(1);
        for at in (0..bytes.len()).step_by(step) {
            let mut changed = bytes.clone();
            changed[at] ^= 0x40;
            disk.tamper(&path, &changed);
            let whole = verify_disk(&disk);
            let is_new = |entry: Option<u64>| entry.is_none_or(|entry| entry >= known);
            let in_new =
                whole.faults.iter().any(|it| is_new(it.entry) && it.check != Subject::Files);
            // A file of an earlier checkpoint is not part of what is new.
            let last = format!(".p/{}", whole.tree_size % 256);
            let is_part = !path.contains(".p/") || path.ends_with(&last);
            if in_new && is_part {
                seen += 1;
                let found = since(&disk, &index, None);
                let holds = found.is_some_and(|it| it.report.verdict() == Verdict::Verified);
                assert!(!holds, "{path}, byte {at}: {:?}", whole.faults);
            }
        }
        disk.tamper(&path, &bytes);
    }
    assert!(seen > 30, "{seen}");
}

#[test]
fn another_history_is_not_gone_on_from() {
    let (disk, index, _) = grown();
    let Sample { disk: other, .. } = small();
    grow(&other, "other", 560);
    // The same until the first memory, so that much is shown.
    assert!(since(&other, &index, None).is_some());
    let index = remember(&disk);
    assert!(since(&other, &index, None).is_none());
    let Sample { disk: shorter, .. } = small();
    assert!(since(&shorter, &index, None).is_none());
    assert!(since(&disk, &Index::in_memory().unwrap(), None).is_none());
}

#[test]
fn a_reference_to_nothing_is_found_far_into_a_log_and_in_what_is_new() {
    let (disk, index, _) = grown();
    let mut ledger = reopen(&disk);
    let entry = ledger.tree_size();
    let (nobody, nothing) = (Id::of(b"nobody"), Id::of(b"nothing"));
    let record = sample::claim(nobody, nothing, "Nobody said it.");
    let sealed = statement::seal(&record, "nadia", TIME, &recorder_key()).unwrap();
    let mut keyring = ledger.keyring().clone();
    let signed = keyring.admit(sealed.1, entry, None).unwrap();
    let statements = Arc::new(vec![signed]);
    ledger.commit(&Addition { statements, captures: Vec::new() }).unwrap();
    let found = since(&disk, &index, None).unwrap();
    for report in [verify_disk(&disk), found.report] {
        let dangling = report.faults.iter().filter(|it| it.check == Subject::References);
        let dangling: Vec<_> = dangling.map(|it| (it.kind, it.entry)).collect();
        assert!(dangling.contains(&(FaultKind::Tampered, Some(entry))), "{:?}", report.faults);
        assert_eq!(report.verdict(), Verdict::Failed);
    }
}

#[test]
fn what_new_notices_withhold_of_what_was_verified_is_said_once_it_is_gone() {
    let Sample { disk, ids } = small();
    let index = remember(&disk);
    let target = ids[usize::try_from(sample::CLAIM).unwrap()];
    let redaction = Record::Notice(notice(NoticeKind::Redaction, target));
    append_as(&mut reopen(&disk), ("nadia", &recorder_key()), &[redaction], &[]);
    let found = since(&disk, &index, None).unwrap();
    assert_eq!(found.report.verdict(), Verdict::Verified, "{:?}", found.report.faults);
    let mut ledger = reopen(&disk);
    let erasure = Erasure { statement: Some(sample::CLAIM), ..plan(&ledger, target).unwrap() };
    erase(&mut ledger, &erasure).unwrap();
    let found = since(&disk, &index, None).unwrap().report;
    assert_eq!(found.verdict(), Verdict::Undecided, "{:?}", found.faults);
    let faults: Vec<_> = found.faults.iter().map(|it| (it.kind, it.entry)).collect();
    assert_eq!(faults, [(FaultKind::Withheld, Some(sample::CLAIM))]);
    assert_eq!(verify_disk(&disk).verdict(), Verdict::Undecided);
}

/// Goes on from what is remembered, and remembers the rest, as a command would.
fn go_on(disk: &SimulatedDisk, index: &mut Index) -> Report {
    let store = Store::open(disk.clone()).unwrap();
    let asked = (&*index, None);
    let done = remembered::go_on(&store, &policy(), asked, THREADS, &mut |_, _| ()).unwrap();
    let (verification, fresh) = done.expect("it was remembered");
    remembered::remember(index, &fresh, &verification).unwrap();
    verification.report
}

/// The notice may be verified before anything is erased or with it; statements, captures or both may
/// go: whoever goes on says what the whole says, as often as asked.
#[test]
fn what_is_erased_of_what_was_verified_stays_undecided() {
    for (entry, with_statement) in
        [(sample::CLAIM, true), (sample::DOCUMENT, false), (sample::DOCUMENT, true)]
    {
        for notice_is_known in [false, true] {
            let Sample { disk, ids } = small();
            let mut index = remember(&disk);
            let target = ids[usize::try_from(entry).unwrap()];
            let redaction = Record::Notice(notice(NoticeKind::Redaction, target));
            append_as(&mut reopen(&disk), ("nadia", &recorder_key()), &[redaction], &[]);
            if notice_is_known {
                assert_eq!(go_on(&disk, &mut index).verdict(), Verdict::Verified);
            }
            let mut ledger = reopen(&disk);
            let statement = with_statement.then_some(entry);
            let erasure = Erasure { statement, ..plan(&ledger, target).unwrap() };
            erase(&mut ledger, &erasure).unwrap();
            drop(ledger);
            let what = format!("{entry}, {with_statement}, {notice_is_known}");
            assert_eq!(verify_disk(&disk).verdict(), Verdict::Undecided, "{what}");
            for round in 0..4 {
                let report = go_on(&disk, &mut index);
                let faults = &report.faults;
                assert_eq!(report.verdict(), Verdict::Undecided, "{what}, {round}: {faults:?}");
                assert!(faults.iter().all(|it| it.kind == FaultKind::Withheld), "{faults:?}");
                if round == 2 {
                    grow(&disk, "more", 2);
                }
            }
        }
    }
}

/// Verifies all with what is remembered at hand, and remembers it as a command would.
fn begin_again(disk: &SimulatedDisk, index: &mut Index) -> Report {
    let store = Store::open(disk.clone()).unwrap();
    let done = remembered::begin(&store, &policy(), index, THREADS, &mut |_, _| ());
    let (verification, fresh) = done.unwrap();
    remembered::remember(index, &fresh, &verification).unwrap();
    index.let_go().unwrap();
    verification.report
}

#[test]
fn what_is_remembered_does_not_follow_a_log_that_went_back_or_is_another() {
    let Sample { disk: earlier, .. } = small();
    let (disk, _, _) = grown();
    let Sample { disk: other, .. } = small();
    grow(&other, "other", 560);
    let mut index = remember(&disk);
    let known = index.extent().unwrap();
    for (disk, kind) in [(&earlier, FaultKind::RolledBack), (&other, FaultKind::Forked)] {
        let report = begin_again(disk, &mut index);
        let kinds: Vec<FaultKind> = report.faults.iter().map(|it| it.kind).collect();
        assert_eq!(kinds, [kind]);
        assert_eq!(report.verdict(), Verdict::Failed);
        assert_eq!(index.extent().unwrap(), known);
    }
    assert_eq!(begin_again(&disk, &mut index).verdict(), Verdict::Verified);
}

/// What is withheld stays so for whoever goes on, whatever is added.
#[test]
fn a_ledger_in_which_something_is_withheld_is_gone_on_from_and_stays_undecided() {
    let Sample { disk, ids } = small();
    let id = |entry: u64| ids[usize::try_from(entry).unwrap()];
    for (entry, with_statement) in [(sample::CLAIM, true), (sample::DOCUMENT, false)] {
        let disk = disk.copy();
        let redaction = Record::Notice(notice(NoticeKind::Redaction, id(entry)));
        append_as(&mut reopen(&disk), ("nadia", &recorder_key()), &[redaction], &[]);
        let mut ledger = reopen(&disk);
        let statement = with_statement.then_some(entry);
        let erasure = Erasure { statement, ..plan(&ledger, id(entry)).unwrap() };
        let before = disk.contents();
        erase(&mut ledger, &erasure).unwrap();
        drop(ledger);
        let mut index = Index::in_memory().unwrap();
        assert_eq!(begin_again(&disk, &mut index).verdict(), Verdict::Undecided, "{entry}");
        for name in ["one", "two"] {
            grow(&disk, name, 3);
            let store = Store::open(disk.clone()).unwrap();
            let asked = (&index, None);
            let done = remembered::go_on(&store, &policy(), asked, THREADS, &mut |_, _| ());
            let (found, fresh) = done.unwrap().expect("it was remembered");
            assert_eq!(found.report.verdict(), Verdict::Undecided, "{entry}: {:?}", found.report);
            assert_eq!(found.withheld.len(), usize::from(with_statement));
            remembered::remember(&mut index, &fresh, &found).unwrap();
            assert_eq!(index.extent().unwrap().unwrap().tree_size, found.report.tree_size);
        }
        // What refers to it is not called false, and what comes back is not called verified.
        let claim = sample::claim(id(2), id(sample::DOCUMENT), "Again.");
        append_as(&mut reopen(&disk), ("nadia", &recorder_key()), &[claim], &[]);
        let found = since(&disk, &index, None).unwrap().report;
        assert_eq!(found.verdict(), Verdict::Undecided, "{entry}: {:?}", found.faults);
        assert_eq!(verify_disk(&disk).verdict(), Verdict::Undecided);
        assert!(before.len() > 5);
    }
}

/// A ledger to which somebody appends as soon as its checkpoint was read.
struct Growing {
    store: Store<SimulatedDisk>,
    grow: RefCell<Option<Box<dyn FnOnce()>>>,
}

impl Source for Growing {
    fn name(&self, path: &FilePath) -> String {
        Source::name(&self.store, path)
    }

    fn read(&self, path: &FilePath, limit: u64) -> Result<Option<Vec<u8>>, store::Error> {
        let bytes = Source::read(&self.store, path, limit)?;
        if *path == FilePath::checkpoint()
            && let Some(grow) = self.grow.take()
        {
            grow();
        }
        Ok(bytes)
    }

    fn files(&self) -> Result<Option<Vec<Found>>, store::Error> {
        Source::files(&self.store)
    }

    fn pending(&self) -> Result<Option<Journal>, store::Error> {
        Source::pending(&self.store)
    }
}

#[test]
fn a_ledger_that_grows_while_it_is_verified_holds_and_strays_are_found_all_the_same() {
    for stray in [None, Some("statements/004"), Some("tile/0/000.p/300"), Some("evidence/x")] {
        for count in [1, 200, 250, 600] {
            let (disk, index, _) = grown();
            let capture = format!("captured later, {count}").into_bytes();
            let bytes = capture.clone();
            let growing = disk.clone();
            let grow: Box<dyn FnOnce()> = Box::new(move || {
                grow(&growing, "meanwhile", count);
                let record = sample::document("Later", &bytes);
                let desk = ("nadia", &recorder_key());
                append_as(&mut reopen(&growing), desk, &[record], &[&bytes]);
                if let Some(stray) = stray {
                    growing.tamper(stray, b"slipped in");
                }
            });
            let store = Store::open(disk.clone()).unwrap();
            let source = Growing { store, grow: RefCell::new(Some(grow)) };
            let whole = verify(&source, &policy(), THREADS, &mut |_| (), &mut |_, _| ()).unwrap();
            let faults = &whole.report.faults;
            let verdict = if stray.is_none() { Verdict::Verified } else { Verdict::Failed };
            assert_eq!(whole.report.verdict(), verdict, "{stray:?}, {count}: {faults:?}");
            assert!(whole.report.notes.iter().any(|note| note.contains("grew to")), "{count}");
            assert!(since(&disk, &index, None).is_some());
        }
    }
}
