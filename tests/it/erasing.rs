//! Erasing is stopped at every step: whatever a crash leaves, the ledger is whole with the bytes or
//! says that they are withheld, never that it was tampered with; and the next attempt finishes it.

use whosaid::attribution::record::Record;
use whosaid::attribution::record::notice::NoticeKind;
use whosaid::evidence::capture;
use whosaid::hash::Hash;
use whosaid::ledger::batch::{Batch, Recorder};
use whosaid::ledger::erasing::{Erasure, erase, plan};
use whosaid::ledger::reading;
use whosaid::ledger::writing::{Error, Ledger};
use whosaid::store::Store;
use whosaid::store::simulated::{Bytes, Fault, Names, SimulatedDisk, Survival};
use whosaid::verify::report::{FaultKind, Verdict};

use crate::it::book::notice;
use crate::it::house::{TIME, append_with, document, open, party, recorder_key, verify_disk};

const WORDS: &[u8] = b"The ministry stated that a delegation will come.";

/// The entry of the document that is withheld.
const ENTRY: u64 = 1;

const EVERYTHING: Survival = Survival { names: Names::Everything, bytes: Bytes::Kept };
const NOTHING: Survival = Survival { names: Names::Nothing, bytes: Bytes::Lost };

/// A ledger with the document, so many parties after it, and the notice.
fn base(parties: u64) -> SimulatedDisk {
    let disk = SimulatedDisk::new();
    let mut ledger = open(&disk).unwrap();
    let parties = (0..parties).map(|i| party(&format!("p{i}")));
    let records: Vec<Record> = [document(WORDS)].into_iter().chain(parties).collect();
    append_with(&mut ledger, &records, &[WORDS]).unwrap();
    let target = ledger.index().by_entry(ENTRY).unwrap().unwrap().id;
    let redaction = Record::Notice(notice(NoticeKind::Redaction, target));
    append_with(&mut ledger, &[redaction], &[]).unwrap();
    drop(ledger);
    disk.crash(EVERYTHING)
}

/// Takes away what is left to take away.
fn erase_rest(ledger: &mut Ledger<SimulatedDisk>) -> Result<(), Error> {
    // Once the slot is empty, the index that is made anew does not know it.
    let Some(row) = ledger.index().by_entry(ENTRY)? else { return Ok(()) };
    let erasure = Erasure { statement: Some(ENTRY), ..plan(ledger, row.id)? };
    erase(ledger, &erasure)
}

#[test]
fn an_erasure_that_is_stopped_anywhere_is_finished_and_nothing_counts_as_tampered() {
    let mut cases = 0;
    for (parties, stride) in [(2, 1), (300, 3)] {
        let base = base(parties);
        assert_eq!(verify_disk(&base).verdict(), Verdict::Verified);
        for step in (1..).step_by(stride) {
            let mut reached = false;
            for fault in [Fault::NotDone, Fault::NothingWorks] {
                let disk = base.copy();
                disk.fail_at(step, fault);
                let outcome = open(&disk).and_then(|mut ledger| erase_rest(&mut ledger));
                reached |= disk.steps() >= step;
                for survival in [EVERYTHING, NOTHING] {
                    cases += 1;
                    let what = format!("{parties} parties, step {step}, {fault:?}, {survival:?}");
                    let crashed = disk.crash(survival);
                    check_whole(&crashed, &what);
                    if outcome.is_ok() {
                        check_gone(&crashed, &what);
                    }
                    erase_rest(&mut open(&crashed).expect(&what)).expect(&what);
                    check_gone(&crashed.crash(NOTHING), &what);
                }
            }
            if !reached {
                break;
            }
        }
    }
    assert!(cases > 100, "only {cases} cases");
}

/// Nothing is wrong but what is withheld.
#[track_caller]
fn check_whole(disk: &SimulatedDisk, what: &str) {
    let report = verify_disk(disk);
    assert_ne!(report.verdict(), Verdict::Failed, "{what}: {:?}", report.faults);
    let withheld = report.faults.iter().all(|fault| fault.kind == FaultKind::Withheld);
    assert!(withheld, "{what}: {:?}", report.faults);
}

#[track_caller]
fn check_gone(disk: &SimulatedDisk, what: &str) {
    check_whole(disk, what);
    let path = capture::path(&Hash::of(WORDS));
    let contents = disk.contents();
    assert!(contents.iter().all(|(found, _)| *found != path), "{what}: the capture is there");
    let store = Store::open(disk.clone()).unwrap();
    let size = verify_disk(disk).tree_size;
    assert_eq!(reading::statement(&store, ENTRY, size).unwrap(), None, "{what}");
    assert_eq!(verify_disk(disk).verdict(), Verdict::Undecided, "{what}");
}

#[test]
fn a_ledger_goes_on_after_an_erasure_and_knows_what_it_knew() {
    let disk = base(300);
    let mut ledger = open(&disk).unwrap();
    erase_rest(&mut ledger).unwrap();
    let size = ledger.tree_size();
    append_with(&mut ledger, &[party("p7"), party("new")], &[]).unwrap();
    assert_eq!(ledger.tree_size(), size + 1, "p7 was there, and new was not");
    // What is withheld can be recorded again, and does not come back by itself.
    let key = recorder_key();
    let recorder = Recorder { name: "nadia", key: &key, recorded_at: TIME };
    let mut batch = Batch::new(&ledger, recorder).unwrap();
    assert!(batch.add(&document(WORDS)).unwrap().new);
    drop(batch);
    check_gone(&disk.crash(NOTHING), "after another commit");
}
