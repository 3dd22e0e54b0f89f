//! What only earlier checkpoints needed is taken away, and nothing else: whatever a crash leaves,
//! the ledger verifies as before, and nobody who read it earlier needs what is gone.

use std::collections::BTreeMap;
use std::time::Duration;

use whosaid::attribution::record::Record;
use whosaid::index::Index;
use whosaid::ledger::garbage::{self, Garbage};
use whosaid::ledger::reading;
use whosaid::ledger::writing::Error;
use whosaid::memory::{Memory, Standing};
use whosaid::search::keep::catch_up;
use whosaid::search::tables::Tables;
use whosaid::store::journal::Journal;
use whosaid::store::path::FilePath;
use whosaid::store::simulated::{Bytes, Fault, Names, SimulatedDisk, Survival};
use whosaid::store::source::Source;
use whosaid::store::{self, Found, Store};
use whosaid::tlog::bundle::bundles_of;
use whosaid::tlog::checkpoint::Trusted;
use whosaid::tlog::path::Path;
use whosaid::tlog::policy::Policy;
use whosaid::tlog::tile::{HEIGHT, tiles_of};
use whosaid::verify::report::{Report, Verdict};
use whosaid::verify::verify;

use crate::it::house::{THREADS, append, open, party, policy, verify_disk};
use crate::it::sample::files;
use crate::it::since::{remember, since};

const EVERYTHING: Survival = Survival { names: Names::Everything, bytes: Bytes::Kept };
const NOTHING: Survival = Survival { names: Names::Nothing, bytes: Bytes::Lost };

/// What `whosaid gc` does.
pub(crate) fn collect(disk: &SimulatedDisk) -> Result<Garbage, Error> {
    collect_by(disk, &policy())
}

fn collect_by(disk: &SimulatedDisk, policy: &Policy) -> Result<Garbage, Error> {
    let mut index = Index::in_memory().unwrap();
    let mut writer = garbage::open(Store::open(disk.clone())?, policy, &mut index)?;
    let found = garbage::find(writer.store(), policy)?;
    garbage::remove(&mut writer, &found)?;
    Ok(found)
}

/// Appends parties with these numbers, each in a commit of its own.
fn append_singly(disk: &SimulatedDisk, numbers: std::ops::Range<u64>) {
    let mut ledger = open(disk).unwrap();
    for number in numbers {
        append(&mut ledger, &[party(&format!("p{number}"))]).unwrap();
    }
}

/// A durable ledger of so many entries, each appended by itself.
fn grown_singly(entries: u64) -> SimulatedDisk {
    let disk = SimulatedDisk::new();
    append_singly(&disk, 1..entries);
    disk.crash(EVERYTHING)
}

/// The files that a tree of so many entries needs, beside its checkpoint.
fn needed(tree_size: u64) -> Vec<String> {
    let tiles = tiles_of(tree_size, HEIGHT).map(Path::Tile);
    let bundles = bundles_of(tree_size).flat_map(|it| [Path::Entries(it), Path::Statements(it)]);
    tiles.chain(bundles).map(|path| path.to_string()).collect()
}

fn total(files: &BTreeMap<String, Vec<u8>>) -> usize {
    files.values().map(Vec::len).sum()
}

/// All that a verification says but how many files are superseded.
fn said(report: &Report) -> impl PartialEq + std::fmt::Debug + use<> {
    let Report { faults, notes, .. } = report.clone();
    (report.verdict(), report.checks(), report.tree_size, report.root, faults, notes)
}

#[test]
fn two_hundred_single_appends_leave_hardly_more_than_statements_and_tree() {
    let disk = grown_singly(201);
    let (before, report) = (files(&disk), verify_disk(&disk));
    let kept: BTreeMap<String, Vec<u8>> =
        needed(201).into_iter().map(|path| (path.clone(), before[&path].clone())).collect();
    let own = total(&kept);
    assert!(total(&before) > 10 * own, "{} of {own} bytes", total(&before));
    assert_eq!((report.verdict(), report.superseded), (Verdict::Verified, 400));

    let found = collect(&disk).unwrap();
    let (after, collected) = (files(&disk), verify_disk(&disk));
    assert!(total(&after) * 100 < own * 115, "{} of {own} bytes", total(&after));
    let freed: u64 = found.superseded.iter().map(|it| it.length).sum();
    assert_eq!(freed, (total(&before) - total(&after)) as u64);
    let expected: Vec<&String> = kept.keys().collect();
    let others: Vec<&String> = after.keys().filter(|path| *path != "checkpoint").collect();
    assert_eq!(others, expected);
    assert_eq!(said(&collected), said(&report));
    assert_eq!(collected.superseded, 0);

    // Once more there is nothing to do, and the ledger grows on, over the end of the bundle too.
    assert_eq!(collect(&disk).unwrap().superseded, []);
    append_singly(&disk, 201..260);
    assert_eq!(verify_disk(&disk).verdict(), Verdict::Verified);
    collect(&disk).unwrap();
    assert_eq!(verify_disk(&disk).verdict(), Verdict::Verified);
    assert_eq!(files(&disk).len(), needed(260).len() + 1);
}

/// A ledger over the end of a bundle, whose partial files somebody has put back.
fn with_leftovers() -> SimulatedDisk {
    let disk = SimulatedDisk::new();
    let records: Vec<Record> = (1..255).map(|number| party(&format!("p{number}"))).collect();
    append(&mut open(&disk).unwrap(), &records).unwrap();
    append_singly(&disk, 255..259);
    let all = files(&disk);
    disk.tamper("tile/0/000.p/5", &all["tile/0/000"][..5 * 32]);
    disk.tamper("tile/entries/000.p/7", &all["tile/entries/000"][..7 * 34]);
    disk.tamper(".state/tmp/put-0", b"half a file");
    disk.crash(EVERYTHING)
}

#[test]
fn a_collection_that_is_stopped_anywhere_changes_nothing_that_is_verified() {
    let mut cases = 0;
    for (base, size, stride) in [(grown_singly(6), 6, 1), (with_leftovers(), 259, 9)] {
        let (before, report) = (files(&base), verify_disk(&base));
        assert_eq!(report.verdict(), Verdict::Verified, "{:?}", report.faults);
        for step in (1..).step_by(stride) {
            let mut reached = false;
            for fault in [Fault::NotDone, Fault::DoneButReported, Fault::NothingWorks] {
                let disk = base.copy();
                disk.fail_at(step, fault);
                let outcome = collect(&disk);
                reached |= disk.steps() >= step;
                let few = vec![EVERYTHING, NOTHING];
                for survival in if stride == 1 { disk.survivals() } else { few } {
                    cases += 1;
                    let what = format!("{size} entries, step {step}, {fault:?}, {survival:?}");
                    let crashed = disk.crash(survival);
                    let left = files(&crashed);
                    assert!(left.iter().all(|(path, it)| before[path] == *it), "{what}");
                    assert!(needed(size).iter().all(|path| left.contains_key(path)), "{what}");
                    assert_eq!(said(&verify_disk(&crashed)), said(&report), "{what}");
                    if outcome.is_ok() {
                        assert_eq!(left.len(), needed(size).len() + 1, "{what}");
                    }
                    collect(&crashed).expect(&what);
                    let left = files(&crashed.crash(NOTHING));
                    assert_eq!(left.len(), needed(size).len() + 1, "{what}");
                }
            }
            if !reached {
                break;
            }
        }
        let disk = base.copy();
        collect(&disk).unwrap();
        append_singly(&disk, size..size + 2);
        assert_eq!(verify_disk(&disk).verdict(), Verdict::Verified);
    }
    assert!(cases > 500, "only {cases} cases");
}

#[test]
fn an_interrupted_commit_is_finished_first_or_left_for_whoever_has_the_key() {
    let base = grown_singly(5);
    let (mut finished, mut refused) = (0, 0);
    for step in 1.. {
        let disk = base.copy();
        let mut ledger = open(&disk).unwrap();
        disk.fail_at(step, Fault::NothingWorks);
        let done = append(&mut ledger, &[party("late")]).is_ok();
        let crashed = disk.crash(EVERYTHING);
        let (before, pending) =
            (files(&crashed), crashed.contents().contains_key(".state/pending"));
        match collect(&crashed) {
            Ok(_) => finished += usize::from(pending),
            Err(Error::Unfinished) => {
                refused += 1;
                assert_eq!(files(&crashed), before, "step {step}");
            }
            Err(error) => panic!("step {step}: {error}"),
        }
        let size = open(&crashed).unwrap().tree_size();
        collect(&crashed).unwrap();
        let report = verify_disk(&crashed);
        assert_eq!((report.verdict(), report.tree_size), (Verdict::Verified, size), "step {step}");
        assert_eq!((report.superseded, report.notes.len()), (0, 0), "step {step}");
        if done {
            break;
        }
    }
    assert!(finished > 2 && refused > 2, "{finished} finished, {refused} refused");
}

/// Changes one byte, or takes the file away.
fn damage(disk: &SimulatedDisk, path: &str, byte: Option<usize>) {
    let Some(byte) = byte else { return disk.tamper_remove(path) };
    let mut bytes = files(disk)[path].clone();
    bytes[byte] ^= 1;
    disk.tamper(path, &bytes);
}

#[test]
fn nothing_goes_where_anything_differs_or_is_not_there() {
    let base = grown_singly(6);
    let check = |what: &str, change: &dyn Fn(&SimulatedDisk), expected: fn(&Error) -> bool| {
        let disk = base.copy();
        change(&disk);
        let before = files(&disk);
        let error = collect(&disk).expect_err(what);
        assert!(expected(&error), "{what}: {error}");
        assert_eq!(files(&disk), before, "{what}");
    };
    let missing = |error: &Error| matches!(error, Error::Reading(reading::Error::Missing(_)));
    let damaged = |error: &Error| matches!(error, Error::Damaged { .. });
    let differs = |error: &Error| matches!(error, Error::NotTheBeginning { .. });
    for path in ["tile/0/000.p/6", "tile/entries/000.p/6", "statements/000.p/6"] {
        check(path, &|disk| damage(disk, path, None), missing);
    }
    check("an altered tile", &|disk| damage(disk, "tile/0/000.p/6", Some(40)), |error| {
        matches!(error, Error::Tree(_))
    });
    check("an altered entry", &|disk| damage(disk, "tile/entries/000.p/6", Some(40)), damaged);
    check("an altered statement", &|disk| damage(disk, "statements/000.p/6", Some(90)), damaged);
    check("an altered older tile", &|disk| damage(disk, "tile/0/000.p/3", Some(5)), differs);
    check("an older entry", &|disk| damage(disk, "tile/entries/000.p/2", Some(50)), differs);
    check("another statement", &|disk| disk.tamper("statements/000.p/2", b"\0\x01a\0\0"), differs);
    check("no checkpoint", &|disk| damage(disk, "checkpoint", None), |error| {
        matches!(error, Error::NoLedger)
    });
    check("an altered checkpoint", &|disk| damage(disk, "checkpoint", Some(30)), |error| {
        matches!(error, Error::Checkpoint(_))
    });

    let nobody = Policy::parse(b"quorum none\n").unwrap();
    assert!(matches!(collect_by(&base, &nobody), Err(Error::Checkpoint(_))));
    assert_eq!(verify_disk(&base).superseded, 10);
}

#[test]
fn an_older_bundle_of_statements_goes_and_what_no_checkpoint_covers_stays() {
    let disk = grown_singly(6);
    let all = files(&disk);
    let first = reading::statements(
        &Store::open(disk.clone()).unwrap(),
        whosaid::tlog::bundle::Bundle { index: 0, width: 6 },
    );
    let length = 2 + first.unwrap()[0].as_ref().unwrap().len();
    disk.tamper("statements/000.p/1", &all["statements/000.p/6"][..length]);
    assert_eq!(verify_disk(&disk).verdict(), Verdict::Failed, "each statement stands once");
    let beyond = ["tile/0/000.p/9", "tile/0/001.p/1", "tile/2/000.p/1", "statements/000", "stray"];
    for path in beyond {
        disk.tamper(path, b"anything");
    }
    collect(&disk).unwrap();
    let mut expected = needed(6);
    expected.extend(beyond.iter().chain(&["checkpoint"]).map(|path| (*path).to_owned()));
    expected.sort();
    assert_eq!(files(&disk).into_keys().collect::<Vec<_>>(), expected);
    for path in beyond {
        disk.tamper_remove(path);
    }
    assert_eq!(verify_disk(&disk).verdict(), Verdict::Verified);
}

#[test]
fn what_was_seen_before_is_continued_without_the_files_of_then() {
    let folder = tempfile::tempdir().unwrap();
    for size in [1, 2, 5, 8] {
        let memory = Memory::new(folder.path().join(size.to_string()));
        let disk = grown_singly(size);
        let meet = |disk: &SimulatedDisk| {
            let store = Store::open(disk.clone()).unwrap();
            let note = reading::checkpoint(&store).unwrap().unwrap();
            let meeting = memory.compare(&store, &note, &policy()).unwrap();
            memory.remember(&meeting, &policy()).unwrap();
            meeting.standing
        };
        assert_eq!(meet(&disk), Standing::First);
        let verified = remember(&disk);
        append_singly(&disk, size..size + 3);
        collect(&disk).unwrap();
        assert_eq!(meet(&disk), Standing::Holds, "{size}");
        let new = since(&disk, &verified, None).expect("what was verified is continued");
        assert_eq!((new.since, new.report.verdict()), (size, Verdict::Verified));
    }
}

/// A ledger from which what is superseded goes as soon as its files were listed.
struct Vanishing(SimulatedDisk);

impl Vanishing {
    fn store(&self) -> Store<SimulatedDisk> {
        Store::open(self.0.clone()).unwrap()
    }
}

impl Source for Vanishing {
    fn name(&self, path: &FilePath) -> String {
        self.store().name(path)
    }

    fn read(&self, path: &FilePath, limit: u64) -> Result<Option<Vec<u8>>, store::Error> {
        self.store().read(path, limit)
    }

    fn files(&self) -> Result<Option<Vec<Found>>, store::Error> {
        let files = self.store().files()?;
        collect(&self.0).unwrap();
        Ok(Some(files))
    }

    fn pending(&self) -> Result<Option<Journal>, store::Error> {
        self.store().pending()
    }
}

#[test]
fn what_goes_while_the_ledger_is_verified_is_no_fault() {
    let disk = grown_singly(6);
    let report = said(&verify_disk(&disk));
    let source = Vanishing(disk);
    let verified = verify(&source, &policy(), THREADS, &mut |_| (), &mut |_, _| ()).unwrap();
    assert_eq!(said(&verified.report), report);
}

#[test]
fn the_search_index_gives_back_what_it_does_not_need_and_answers_as_before() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("search.sqlite");
    let disk = SimulatedDisk::new();
    let mut tables = Tables::open(&path, Duration::ZERO).unwrap();
    let store = Store::open(disk.clone()).unwrap();
    for batch in 0..20 {
        let parties: Vec<Record> = (0..30).map(|it| party(&format!("p{batch}-{it}"))).collect();
        append(&mut open(&disk).unwrap(), &parties).unwrap();
        let note = reading::checkpoint(&store).unwrap().unwrap();
        let checkpoint = Trusted::open(&note, &policy()).unwrap();
        catch_up(&store, &checkpoint, &mut tables, &mut |_| ()).unwrap();
    }
    tables.settle(u64::MAX).unwrap();
    let (spare, extent) = (tables.spare().unwrap(), tables.extent().unwrap());
    assert!(spare > 0, "merging leaves pages free");
    assert!(tables.compact().unwrap() >= spare);
    assert_eq!((tables.spare().unwrap(), tables.compact().unwrap()), (0, 0));
    assert_eq!(tables.extent().unwrap(), extent);
    assert_eq!(tables.by_prefix("", 1000).unwrap().len(), 601);
}
