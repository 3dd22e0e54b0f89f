//! Nothing acknowledged is lost and no two texts that disagree are signed, whatever step of a
//! commit or of a recovery fails, and whatever the disk keeps of it.
//!
//! Every step of each commit is failed in every way; everything a loss of power can leave is
//! opened again, also with a second fault at every step of the recovery. Then the next commit is
//! made, with the same data or with other, and the folder must hold exactly what it should.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::convert::Infallible;
use std::hash::{DefaultHasher, Hash as _, Hasher};

use whosaid::hash::Hash;
use whosaid::store::commit::{self, CommitError, Opened, Writer};
use whosaid::store::journal::Journal;
use whosaid::store::path::FilePath;
use whosaid::store::simulated::{Bytes, Fault, Names, SimulatedDisk, Survival};
use whosaid::store::{Error, Store};

const FAULTS: [Fault; 3] = [Fault::NotDone, Fault::DoneButReported, Fault::NothingWorks];

/// The ends of what a crash can leave: nothing that was not synced, or all of it.
const EXTREMES: [Survival; 2] = [
    Survival { names: Names::Nothing, bytes: Bytes::Lost },
    Survival { names: Names::Everything, bytes: Bytes::Kept },
];

type Files = BTreeMap<String, Vec<u8>>;

/// One commit of a ledger-like sequence. The letters of all commits so far are the history,
/// which stands in every file and is the checkpoint's text: a later text extends an earlier.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Batch {
    letter: char,
    entry_count: usize,
    blobs: &'static [&'static str],
}

const SEQUENCE: [Batch; 3] = [
    Batch { letter: 'a', entry_count: 1, blobs: &["first capture"] },
    Batch { letter: 'b', entry_count: 4, blobs: &["second capture", "third capture"] },
    // 4 entries make a full tile here: the partial ones are superseded.
    Batch { letter: 'c', entry_count: 2, blobs: &[] },
];

/// What may be appended instead after a crash: another size, another capture.
const OTHER: Batch = Batch { letter: 'x', entry_count: 3, blobs: &["other capture"] };

/// The files that stand after these batches, without the checkpoint.
fn files_after(batches: &[Batch]) -> Files {
    let history: String = batches.iter().map(|batch| batch.letter).collect();
    let size: usize = batches.iter().map(|batch| batch.entry_count).sum();
    let mut files = Files::new();
    for tile in 0..=size / 4 {
        let width = (size - 4 * tile).min(4);
        let place = if width == 4 { format!("{tile:03}") } else { format!("{tile:03}.p/{width}") };
        // A full tile never changes, so its bytes may depend on its own entries only.
        let entries = entries(batches).into_iter().skip(4 * tile).take(width);
        let bytes: Vec<u8> = entries.collect::<String>().into_bytes();
        if width > 0 {
            for folder in ["tile/0", "tile/entries", "statements"] {
                files.insert(format!("{folder}/{place}"), [folder.as_bytes(), &bytes].concat());
            }
        }
    }
    // A file that every commit replaces.
    files.insert("latest".to_owned(), history.into_bytes());
    for blob in batches.iter().flat_map(|batch| batch.blobs) {
        files.insert(blob_path(blob), blob.as_bytes().to_vec());
    }
    files
}

/// One letter for each entry.
fn entries(batches: &[Batch]) -> Vec<char> {
    let of = |batch: &Batch| vec![batch.letter; batch.entry_count];
    batches.iter().flat_map(of).collect()
}

fn blob_path(blob: &str) -> String {
    let hex = Hash::of(blob.as_bytes()).to_string();
    format!("evidence/sha256/{}/{}", &hex[..2], &hex[2..])
}

fn text_after(batches: &[Batch]) -> String {
    entries(batches).into_iter().collect()
}

/// The files, and the checkpoint signed over them, if there is one.
fn whole_after(batches: &[Batch]) -> Files {
    if batches.is_empty() {
        return Files::new();
    }
    let mut files = files_after(batches);
    files.insert("checkpoint".to_owned(), signature_of(&text_after(batches)));
    files
}

fn signature_of(text: &str) -> Vec<u8> {
    format!("{text}\n\u{2014} signed {}", Hash::of(text.as_bytes())).into_bytes()
}

/// Every text that was ever signed in one case, over all crashes.
#[derive(Clone, Default)]
struct Signer {
    texts: BTreeSet<String>,
}

impl Signer {
    fn sign(&mut self, text: &str) -> Vec<u8> {
        for earlier in &self.texts {
            let agree = text.starts_with(earlier.as_str()) || earlier.starts_with(text);
            assert!(agree, "signed {earlier:?} and then {text:?}");
        }
        self.texts.insert(text.to_owned());
        signature_of(text)
    }
}

/// One history of crashes: the disk, and what was signed.
#[derive(Clone)]
struct Case {
    disk: SimulatedDisk,
    signer: Signer,
}

impl Case {
    /// Opens for writing, finishing what was interrupted.
    fn open(&mut self) -> Result<Writer<SimulatedDisk>, CommitError<Infallible>> {
        match commit::open(Store::open(self.disk.clone())?)? {
            Opened::Ready(writer) => Ok(writer),
            Opened::Interrupted(recovery) => recovery.finish(|text| Ok(self.signer.sign(text))),
        }
    }

    /// Opens and appends one batch after `before`.
    fn append(&mut self, before: &[Batch], batch: Batch) -> Result<(), CommitError<Infallible>> {
        let mut writer = self.open()?;
        self.append_by(&mut writer, before, batch)
    }

    /// Appends one batch after `before`.
    fn append_by(
        &mut self,
        writer: &mut Writer<SimulatedDisk>,
        before: &[Batch],
        batch: Batch,
    ) -> Result<(), CommitError<Infallible>> {
        let batches = [before, &[batch]].concat();
        let (old, new) = (files_after(before), files_after(&batches));
        let mut journal = Journal::new(text_after(&batches));
        for blob in batch.blobs {
            let staged = writer.stage(blob.as_bytes())?;
            journal.place(staged, FilePath::parse(&blob_path(blob)).unwrap());
        }
        for (path, bytes) in new.iter().filter(|(path, bytes)| old.get(*path) != Some(bytes)) {
            let path = FilePath::parse(path).unwrap();
            match path.as_str() {
                "latest" => journal.replace(path, bytes.clone()),
                name if name.starts_with("evidence/") => {}
                _ => journal.put(path, bytes.clone()),
            }
        }
        if !before.is_empty() {
            for path in old.keys().filter(|path| !new.contains_key(*path)) {
                journal.remove(FilePath::parse(path).unwrap());
            }
        }
        writer.commit(&journal, |text| Ok(self.signer.sign(text)))
    }

    /// The same disk for a second attempt at something.
    fn copy(&self) -> Self {
        Self { disk: self.disk.copy(), signer: self.signer.clone() }
    }

    fn crashed(&self, survival: Survival) -> Self {
        Self { disk: self.disk.crash(survival), signer: self.signer.clone() }
    }

    /// The public files. In `.state` a crash may bring back what was removed: it is swept when
    /// the ledger is next opened.
    fn files(&self) -> Files {
        let public = |path: &str| path != ".state" && !path.starts_with(".state/");
        let files = self.disk.contents().into_iter().filter(|(path, _)| public(path));
        files.filter_map(|(path, bytes)| Some((path, bytes?))).collect()
    }

    /// The public files, while nothing is under way: there is no stray file in `.state` either.
    fn files_at_rest(&self) -> Files {
        let private = self.disk.contents().into_keys().filter(|path| path.starts_with(".state"));
        let private: Vec<String> = private.collect();
        assert_eq!(private, [".state", ".state/lock", ".state/staged", ".state/tmp"]);
        self.files()
    }

    /// What tells cases apart: what is seen, what would be left, what was signed.
    fn fingerprint(&self, expected: Expected) -> u64 {
        let unsynced_bytes_lost = Survival { names: Names::Everything, bytes: Bytes::Lost };
        let left = [EXTREMES[0], unsynced_bytes_lost].map(|it| self.disk.crash(it).contents());
        let mut hasher = DefaultHasher::new();
        (self.disk.contents(), left, &self.signer.texts, expected).hash(&mut hasher);
        hasher.finish()
    }
}

/// What may be true after an attempt.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
enum Expected {
    Before,
    After,
    Either,
}

fn expected(outcome: &Result<(), CommitError<Infallible>>) -> Expected {
    match outcome {
        Ok(()) | Err(CommitError::Store(Error::Unfinished(_))) => Expected::After,
        Err(CommitError::Store(Error::OutcomeUnknown(_))) => Expected::Either,
        Err(CommitError::Store(Error::Failed(_))) => Expected::Before,
        Err(other) => panic!("{other}"),
    }
}

/// A ledger with these batches, of which everything is durable.
fn ledger_with(batches: &[Batch]) -> Case {
    let mut case = Case { disk: SimulatedDisk::new(), signer: Signer::default() };
    for count in 0..batches.len() {
        case.append(&batches[..count], batches[count]).unwrap();
        case = case.crashed(EXTREMES[0]);
        assert_eq!(case.files(), whole_after(&batches[..=count]), "acknowledged, then lost");
    }
    case
}

/// Opens a survivor, looks at what it holds, and goes on with it.
fn goes_on(mut case: Case, before: &[Batch], batch: Batch, expected: Expected) {
    drop(case.open().unwrap_or_else(|error| panic!("does not open again: {error}")));
    let after = [before, &[batch]].concat();
    let files = case.files_at_rest();
    let is_after = files == whole_after(&after);
    let is_before = files == whole_after(before);
    assert!(is_after || is_before, "neither before nor after: {files:#?}");
    assert!(expected != Expected::After || is_after, "lost: {batch:?}");
    assert!(expected != Expected::Before || is_before, "not reported: {batch:?}");

    let next: &[Batch] = if is_after { &[OTHER] } else { &[batch, OTHER] };
    let base = if is_after { &after } else { before };
    for batch in next {
        let mut case = case.copy();
        case.append(base, *batch).unwrap();
        let whole = whole_after(&[base, &[*batch]].concat());
        assert_eq!(case.files_at_rest(), whole);
        // It was acknowledged, so even the hardest crash leaves all of it.
        assert_eq!(case.crashed(EXTREMES[0]).files(), whole);
    }
}

/// All faults in one commit, and the states that were gone on with already.
struct Trial<'a> {
    before: &'a [Batch],
    batch: Batch,
    /// Whether the batch before was committed by the same writer, who remembers what is durable.
    by_one_writer: bool,
    seen: HashSet<u64>,
    attempts: usize,
}

impl Trial<'_> {
    /// Goes on with a case, unless one just like it was seen.
    fn goes_on(&mut self, case: Case, expected: Expected) -> bool {
        let new = self.seen.insert(case.fingerprint(expected));
        if new {
            goes_on(case, self.before, self.batch, expected);
        }
        new
    }

    /// Fails every step of the commit in every way.
    fn every_fault(&mut self) {
        let (opened_on, own) =
            self.before.split_at(self.before.len() - usize::from(self.by_one_writer));
        let base = ledger_with(opened_on);
        for fault in FAULTS {
            for step in 1.. {
                let mut case = base.copy();
                let outcome = match own {
                    [] => {
                        case.disk.fail_at(step, fault);
                        case.append(self.before, self.batch)
                    }
                    [own, ..] => {
                        let mut writer = case.open().unwrap();
                        case.append_by(&mut writer, opened_on, *own).unwrap();
                        case.disk.fail_at(step, fault);
                        case.append_by(&mut writer, self.before, self.batch)
                    }
                };
                if case.disk.steps() < step {
                    outcome.unwrap();
                    break;
                }
                self.attempts += 1;
                case.disk.mend();
                let expected = expected(&outcome);
                for survival in case.disk.survivals() {
                    let survivor = case.crashed(survival);
                    let new = self.goes_on(survivor.copy(), expected);
                    if new && EXTREMES.contains(&survival) {
                        self.every_fault_in_recovery(&survivor, expected);
                    }
                }
                // The same machine goes on, with what it has in memory.
                if self.goes_on(case.copy(), expected) {
                    self.every_fault_in_recovery(&case, expected);
                }
            }
        }
    }

    /// Fails every step of the recovery of one survivor.
    fn every_fault_in_recovery(&mut self, survivor: &Case, expected: Expected) {
        for fault in FAULTS {
            for step in 1.. {
                let mut case = survivor.copy();
                case.disk.fail_at(step, fault);
                let opened = case.open().map(drop);
                if case.disk.steps() < step {
                    assert!(opened.is_ok());
                    break;
                }
                self.attempts += 1;
                case.disk.mend();
                for survival in EXTREMES {
                    self.goes_on(case.crashed(survival), expected);
                }
                self.goes_on(case, expected);
            }
        }
    }
}

/// Tries all faults; a trial with few attempts would mean that the faults did not reach it.
fn check_every_fault(before: &[Batch], batch: Batch, by_one_writer: bool) {
    let mut trial = Trial { before, batch, by_one_writer, seen: HashSet::new(), attempts: 0 };
    trial.every_fault();
    assert!(trial.attempts > 500 && trial.seen.len() > 100);
}

#[test]
fn every_fault_in_the_first_commit_is_survived() {
    check_every_fault(&[], SEQUENCE[0], false);
}

#[test]
fn every_fault_in_a_later_commit_is_survived() {
    check_every_fault(&SEQUENCE[..1], SEQUENCE[1], false);
}

#[test]
fn every_fault_in_a_commit_that_supersedes_files_is_survived() {
    check_every_fault(&SEQUENCE[..2], SEQUENCE[2], false);
}

#[test]
fn every_fault_in_the_second_commit_of_one_writer_is_survived() {
    check_every_fault(&SEQUENCE[..1], SEQUENCE[1], true);
    check_every_fault(&SEQUENCE[..2], SEQUENCE[2], true);
}
