//! What a writer builds on, and what it refuses to build on: its index, its journal, its last
//! bundle, its own checkpoint; and what appending costs.

use std::collections::BTreeMap;
use std::path::Path;

use signed_note::{StandardVerifier, VerifierList};
use tlog_tiles::tlog as go;
use whosaid::attribution::record::Record;
use whosaid::attribution::record::notice::NoticeKind;
use whosaid::evidence::capture;
use whosaid::hash::Hash;
use whosaid::index::Index;
use whosaid::ledger::batch::{self, Batch, Recorder};
use whosaid::ledger::reading;
use whosaid::ledger::writing::{self, Error, Ledger};
use whosaid::store::simulated::{Fault, Reads, SimulatedDisk};
use whosaid::store::{self, Store};
use whosaid::tlog::bundle;
use whosaid::tlog::checkpoint::Trusted;
use whosaid::tlog::merkle::{self, Leaf, Position, leaf_hash};
use whosaid::tlog::note::{Algorithm, VerifierKey};
use whosaid::verify::report::Verdict;

use crate::it::house::{
    ORIGIN, TIME, append, append_with, document as document_of, log_key, open, party, policy,
    recorder_key, verify_disk, with_index,
};
use crate::it::sample::{
    CAPTURES, CLAIM, Sample, append_as, charter, document, files, items, notice, reopen, small,
};
use crate::it::tamper::heavy;

fn parties(range: std::ops::Range<u64>) -> Vec<Record> {
    range.map(|i| party(&format!("p{i}"))).collect()
}

/// A ledger of so many entries, in one batch after its charter.
fn ledger_of(size: u64) -> SimulatedDisk {
    let disk = SimulatedDisk::new();
    append(&mut open(&disk).unwrap(), &parties(1..size)).unwrap();
    disk
}

#[test]
fn one_batch_or_many_make_the_same_files_and_the_same_root() {
    let sizes = [2, 3, 254, 255, 256, 257, 258, 300];
    let whole: BTreeMap<u64, SimulatedDisk> =
        sizes.into_iter().map(|size| (size, ledger_of(size))).collect();
    for old in sizes {
        for new in sizes.into_iter().filter(|new| *new > old) {
            let disk = whole[&old].copy();
            append(&mut open(&disk).unwrap(), &parties(old..new)).unwrap();
            let (split, whole) = (files(&disk), files(&whole[&new]));
            for (path, bytes) in &whole {
                assert_eq!(split.get(path), Some(bytes), "{old} + {}: {path}", new - old);
            }
            let older = |path: &&String| !whole.contains_key(*path);
            let extra: Vec<&String> = split.keys().filter(older).collect();
            let partial = |it: &&&String| it.starts_with("tile/") && it.contains(".p/");
            assert_eq!(extra.iter().filter(partial).count(), extra.len(), "{extra:?}");
            assert_eq!(verify_disk(&disk).verdict(), Verdict::Verified, "{old} + {}", new - old);
        }
    }
}

#[test]
fn other_readers_accept_the_checkpoint_and_come_to_the_same_root() {
    let disk = ledger_of(300);
    let all = files(&disk);
    let key = VerifierKey::new(ORIGIN, Algorithm::Ed25519, log_key().public()).unwrap();
    let known = VerifierList::new(vec![Box::new(StandardVerifier::new(&key.to_string()).unwrap())]);
    let note = signed_note::Note::from_bytes(&all["checkpoint"]).unwrap();
    let (verified, unknown) = note.verify(&known).unwrap();
    assert_eq!((verified.len(), unknown.len()), (1, 0));
    let theirs = tlog_tiles::Checkpoint::from_bytes(note.text()).unwrap();
    assert_eq!((theirs.origin(), theirs.size()), (ORIGIN, 300));

    let mut stored = Stored(Vec::new());
    let entries = ["tile/entries/000", "tile/entries/001.p/44"].map(|path| items(&all[path]));
    for (size, entry) in (0..).zip(entries.concat()) {
        let more = go::stored_hashes(size, &entry, &stored).unwrap();
        stored.0.extend(more);
    }
    assert_eq!(go::tree_hash(300, &stored).unwrap().0, theirs.hash().0);
    // And their tiles are ours.
    for (path, place) in [("tile/0/000", 0), ("tile/0/001.p/44", 256)] {
        let leaves = (place..300).take(256).map(|i| go::stored_hash_index(0, i));
        let hashes: Vec<u8> =
            leaves.flat_map(|index| stored.0[usize::try_from(index).unwrap()].0).collect();
        assert_eq!(all[path], hashes, "{path}");
    }
}

/// The stored hashes of a log, as the crate `tlog_tiles` (after Go's sumdb) keeps them.
struct Stored(Vec<go::Hash>);

impl go::HashReader for Stored {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<go::Hash>, go::Error> {
        Ok(indexes.iter().map(|i| self.0[usize::try_from(*i).unwrap()]).collect())
    }
}

#[test]
fn an_erased_statement_leaves_every_proof_valid_and_stays_erased() {
    let Sample { disk, ids } = small();
    let nadia = recorder_key();
    let redaction = notice(NoticeKind::Redaction, ids[usize::try_from(CLAIM).unwrap()]);
    append_as(&mut reopen(&disk), ("nadia", &nadia), &[redaction], &[]);
    let path = "statements/000.p/13";
    let mut statements = items(&files(&disk)[path]);
    statements[usize::try_from(CLAIM).unwrap()].clear();
    disk.tamper(path, &bundle::format(&statements).unwrap());

    append_as(&mut reopen(&disk), ("nadia", &nadia), &parties(1..3), &[]);
    let report = verify_disk(&disk);
    assert_eq!((report.verdict(), report.tree_size), (Verdict::Undecided, 15));
    assert!(items(&files(&disk)["statements/000.p/15"])[8].is_empty());

    let store = Store::open(disk.clone()).unwrap();
    let note = reading::checkpoint(&store).unwrap().unwrap();
    let tree = Trusted::open(&note, &policy()).unwrap().tree();
    let entries = items(&files(&disk)["tile/entries/000.p/15"]);
    for (index, entry) in (0..).zip(&entries) {
        let position = Position { leaf_index: index, tree_size: tree.size };
        let proof =
            merkle::prove_inclusion(position, &mut reading::nodes(&store, tree.size)).unwrap();
        let leaf = Leaf { index, hash: leaf_hash(entry) };
        assert_eq!(merkle::verify_inclusion(&leaf, &tree, &proof), Ok(()), "entry {index}");
    }
}

fn try_append(ledger: &mut Ledger<SimulatedDisk>, records: &[Record]) -> Result<(), batch::Error> {
    let key = recorder_key();
    let mut batch = Batch::new(ledger, Recorder { name: "nadia", key: &key, recorded_at: TIME })?;
    for record in records {
        batch.add(record)?;
    }
    let addition = batch.finish();
    Ok(ledger.commit(&addition)?)
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the index is a file beside the ledger")]
fn whatever_becomes_of_the_index_what_the_ledger_holds_is_appended_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index.sqlite");
    let wal = folder.path().join("index.sqlite-wal");
    let disk = ledger_of(300);
    drop(with_index(&disk, &path).unwrap());
    let early = std::fs::read(&path).unwrap();
    append(&mut with_index(&disk, &path).unwrap(), &parties(300..310)).unwrap();
    let good = std::fs::read(&path).unwrap();
    // The index of a ledger of the same size that says something else.
    let other = SimulatedDisk::new();
    let records: Vec<Record> = (1..310).map(|i| party(&format!("q{i}"))).collect();
    append(&mut open(&other).unwrap(), &records).unwrap();
    let foreign_path = folder.path().join("foreign.sqlite");
    drop(with_index(&other, &foreign_path).unwrap());
    let foreign = std::fs::read(&foreign_path).unwrap();

    let mut states = vec![None, Some(Vec::new()), Some(early), Some(foreign), Some(good.clone())];
    states.extend([1, 99, 512, 4096, good.len() / 2].map(|end| Some(good[..end].to_vec())));
    states.push(Some(vec![0; 10_000]));
    for (state, bytes) in states.into_iter().enumerate() {
        let _ = std::fs::remove_file(&path);
        let _ = std::fs::remove_file(&wal);
        if let Some(bytes) = bytes {
            std::fs::write(&path, bytes).unwrap();
        }
        let disk = disk.copy();
        let mut ledger = with_index(&disk, &path).unwrap();
        try_append(&mut ledger, &parties(1..310)).unwrap();
        assert_eq!(ledger.tree_size(), 310, "state {state}");
        try_append(&mut ledger, &parties(309..311)).unwrap();
        assert_eq!(ledger.tree_size(), 311, "state {state}");
        assert_eq!(verify_disk(&disk).verdict(), Verdict::Verified, "state {state}");
    }
}

/// That at most one attempt to append fails with this index, and the next one finds all that the ledger
/// of 300 entries holds. Whether one failed.
#[track_caller]
fn costs_at_most_one_attempt(disk: &SimulatedDisk, index: &Path, what: &str) -> bool {
    let disk = disk.copy();
    let first = with_index(&disk, index).map_err(batch::Error::from);
    let first = first.and_then(|mut it| try_append(&mut it, &parties(1..302)));
    let mut ledger = with_index(&disk, index).unwrap();
    try_append(&mut ledger, &parties(1..302))
        .unwrap_or_else(|error| panic!("{what}: {error}, after {first:?}"));
    assert_eq!(ledger.tree_size(), 302, "{what}");
    assert_eq!(verify_disk(&disk).verdict(), Verdict::Verified, "{what}");
    first.is_err()
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the index is a file beside the ledger")]
fn a_page_of_the_index_that_is_noise_costs_at_most_one_attempt() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index.sqlite");
    let disk = ledger_of(300);
    drop(with_index(&disk, &path).unwrap());
    let good = std::fs::read(&path).unwrap();
    assert!(good.len() > 20_000);
    let mut failed = 0;
    for page in (0..good.len()).step_by(4096) {
        for length in [100, 4096] {
            let mut bad = good.clone();
            let end = (page + length).min(bad.len());
            bad[page..end].fill(0xa5);
            let _ = std::fs::remove_file(folder.path().join("index.sqlite-wal"));
            let _ = std::fs::remove_file(folder.path().join("index.sqlite-shm"));
            std::fs::write(&path, bad).unwrap();
            let what = format!("page at {page}");
            failed += u32::from(costs_at_most_one_attempt(&disk, &path, &what));
        }
    }
    assert!(failed > 0, "no damage was met at all");
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the index is a file beside the ledger")]
fn what_the_index_says_wrongly_costs_at_most_one_attempt() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index.sqlite");
    let disk = ledger_of(300);
    for damage in [
        "UPDATE entry SET id = zeroblob(32) WHERE entry_index = 50",
        "UPDATE entry SET id = (SELECT id FROM entry WHERE entry_index = 51) WHERE entry_index = 50",
        "DELETE FROM entry WHERE entry_index = 50",
        "UPDATE entry SET entry_index = 5000 WHERE entry_index = 50",
        "UPDATE chunk SET heads = zeroblob(21)",
        "UPDATE chunk SET heads = CAST(substr(heads, 5) AS BLOB)",
    ] {
        let _ = std::fs::remove_file(&path);
        drop(with_index(&disk, &path).unwrap());
        let other = rusqlite::Connection::open(&path).unwrap();
        other.execute_batch(damage).unwrap();
        drop(other);
        let failed = costs_at_most_one_attempt(&disk, &path, damage);
        assert!(failed, "{damage}: nothing was noticed");
    }
}

#[test]
fn a_commit_that_the_index_cannot_follow_is_durable_and_said_to_be() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index.sqlite");
    let disk = ledger_of(3);
    let mut ledger = with_index(&disk, &path).unwrap();
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("DROP TABLE extent").unwrap();
    match try_append(&mut ledger, &parties(3..5)) {
        Err(batch::Error::Ledger(Error::Committed(_))) => {}
        outcome => panic!("{outcome:?}"),
    }
    assert_eq!(verify_disk(&disk).tree_size, 5);
    // This handle would append twice what it does not know.
    match try_append(&mut ledger, &parties(5..6)) {
        Err(batch::Error::Ledger(Error::Behind)) => {}
        outcome => panic!("{outcome:?}"),
    }
    drop(ledger);
    let mut ledger = with_index(&disk, &path).unwrap();
    try_append(&mut ledger, &parties(1..6)).unwrap();
    assert_eq!(ledger.tree_size(), 6);
    assert_eq!(verify_disk(&disk).verdict(), Verdict::Verified);
}

#[test]
fn only_one_may_write_at_a_time() {
    let disk = ledger_of(2);
    let first = open(&disk).unwrap();
    for _ in 0..2 {
        match open(&disk) {
            Err(Error::Store(store::Error::Locked(_))) => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(verify_disk(&disk).verdict(), Verdict::Verified);
    drop(first);
    open(&disk).unwrap();
}

#[test]
fn a_batch_is_committed_once_and_only_where_it_was_made_for() {
    let disk = ledger_of(2);
    let mut ledger = open(&disk).unwrap();
    let key = recorder_key();
    let addition = |ledger: &Ledger<SimulatedDisk>, record: &Record| {
        let recorder = Recorder { name: "nadia", key: &key, recorded_at: TIME };
        let mut batch = Batch::new(ledger, recorder).unwrap();
        batch.add(record).unwrap();
        batch.finish()
    };
    let (one, two) = (addition(&ledger, &party("one")), addition(&ledger, &party("two")));
    ledger.commit(&one).unwrap();
    for stale in [&one, &two] {
        match ledger.commit(stale) {
            Err(Error::Stale { found: 2, expected: 3 }) => {}
            other => panic!("{other:?}"),
        }
    }
    let three = addition(&ledger, &party("two"));
    ledger.commit(&three).unwrap();
    let report = verify_disk(&disk);
    assert_eq!((report.verdict(), report.tree_size), (Verdict::Verified, 4));
}

#[test]
fn a_capture_of_the_very_bundle_that_a_commit_brings_is_kept_beside_it() {
    let first = ledger_of(256);
    let bundle = first.contents().into_iter().find(|(path, _)| path == "statements/000");
    let bundle = bundle.and_then(|(_, bytes)| bytes).expect("a full bundle");
    let second = SimulatedDisk::new();
    let mut records = parties(1..256);
    records.push(document_of(&bundle));
    append_with(&mut open(&second).unwrap(), &records, &[&bundle]).unwrap();
    let kept = second.contents().into_iter().filter(|(_, it)| it.as_ref() == Some(&bundle));
    let paths: Vec<String> = kept.map(|(path, _)| path).collect();
    assert_eq!(paths, [capture::path(&Hash::of(&bundle)).as_str(), "statements/000"]);
    assert_eq!(verify_disk(&second).verdict(), Verdict::Verified);
}

#[test]
fn a_capture_that_no_record_names_is_not_kept() {
    let Sample { disk, .. } = small();
    let before = files(&disk).len();
    let stray = b"nobody names this".as_slice();
    let (nadia, doc) = (recorder_key(), document("Another", b"a third capture"));
    let mut ledger = reopen(&disk);
    // Without a record, beside another record, and with a record that is there already.
    append_as(&mut ledger, ("nadia", &nadia), &[], &[stray]);
    append_as(
        &mut ledger,
        ("nadia", &nadia),
        std::slice::from_ref(&doc),
        &[stray, b"a third capture"],
    );
    disk.tamper_remove(&capture::path(&Hash::of(b"a third capture")));
    append_as(&mut ledger, ("nadia", &nadia), &[doc, party("x")], &[b"a third capture"]);
    assert!(!files(&disk).contains_key(&capture::path(&Hash::of(stray))));
    // What is gone is not brought back by the way: it may have been withheld.
    assert!(!files(&disk).contains_key(&capture::path(&Hash::of(b"a third capture"))));
    assert!(files(&disk).contains_key(&capture::path(&Hash::of(CAPTURES[0]))));
    assert!(files(&disk).len() > before);
}

#[test]
fn a_charter_of_another_log_founds_nothing() {
    let Record::Charter(good) = charter() else { unreachable!() };
    let mut other_origin = good.clone();
    other_origin.origin = "example.org/other".to_owned();
    let mut other_key = good;
    other_key.log = recorder_key().public();
    other_key.recorders.remove(0);
    for bad in [other_origin, other_key] {
        let disk = SimulatedDisk::new();
        let (store, index) = (Store::open(disk.clone()).unwrap(), Index::in_memory().unwrap());
        let mut ledger = writing::found(store, &policy(), ORIGIN, log_key(), index).unwrap();
        let key =
            if bad.recorders.len() == 2 { recorder_key() } else { crate::it::sample::omar_key() };
        let name = bad.recorders[0].name.clone();
        let recorder = Recorder { name: &name, key: &key, recorded_at: TIME };
        let mut batch = Batch::new(&ledger, recorder).unwrap();
        if batch.add(&Record::Charter(bad)).is_ok() {
            let addition = batch.finish();
            let outcome = ledger.commit(&addition);
            assert!(matches!(outcome, Err(Error::Charter(_))), "{outcome:?}");
        }
        assert_eq!(files(&disk).len(), 0);
    }
}

#[test]
fn damage_in_the_last_bundle_is_named_and_not_carried_on() {
    let Sample { disk, .. } = small();
    let good = files(&disk);
    for (path, at) in [("statements/000.p/12", 1), ("tile/entries/000.p/12", 3 * 34 + 9)] {
        let mut bad = good[path].clone();
        let at = if at == 1 { bad.len() - 1 } else { at };
        bad[at] ^= 1;
        disk.tamper(path, &bad);
        let before = files(&disk);
        let outcome = try_append(&mut reopen(&disk), &parties(1..2));
        let entry = if path.starts_with("tile") { 3 } else { 11 };
        let refused = matches!(
            outcome,
            Err(batch::Error::Ledger(Error::Damaged { entry_index, .. })) if entry_index == entry
        );
        // The newest statement is read when the ledger is opened, for its time.
        assert!(refused, "{path}: {outcome:?}");
        assert_eq!(files(&disk), before, "{path}");
        disk.tamper(path, &good[path]);
    }
    try_append(&mut reopen(&disk), &parties(1..2)).unwrap();
}

/// A copy on which records were appended until the journal stood, and then nothing worked.
fn interrupted(disk: &SimulatedDisk, records: &[Record]) -> SimulatedDisk {
    for step in 1.. {
        let trial = disk.copy();
        let mut ledger = reopen(&trial);
        trial.fail_at(step, Fault::NothingWorks);
        let _ = try_append(&mut ledger, records);
        if matches!(trial.contents().get(".state/pending"), Some(Some(_))) {
            trial.mend();
            return trial;
        }
    }
    unreachable!("a commit has a journal")
}

/// The journal of a commit of these records; whatever the files do is undone.
fn journal_of(disk: &SimulatedDisk, records: &[Record]) -> Vec<u8> {
    let journal = interrupted(disk, records).contents().remove(".state/pending").flatten();
    journal.expect("the journal stands")
}

#[test]
fn a_journal_that_shrinks_forks_or_belongs_elsewhere_is_never_signed() {
    let base = ledger_of(5);
    let text = |origin: &str, size: u64, root: &str| format!("{origin}\n{size}\n{root}\n");
    let root = Hash::of(b"any").to_base64();
    let plain = |text: String| whosaid::store::journal::Journal::new(text).format();
    let disk = base.copy();
    append(&mut open(&disk).unwrap(), &[party("main")]).unwrap();
    let report = verify_disk(&disk);
    let present = report.root.unwrap().to_base64();
    let longer = journal_of(&base, &parties(10..14));
    let cases = [
        ("another log's", plain(text("example.org/other", 9, &root))),
        ("smaller", plain(text(ORIGIN, 3, &root))),
        ("of the same size", plain(text(ORIGIN, 6, &root))),
        ("larger, of nothing", plain(text(ORIGIN, 7, &root))),
        ("with a line more", plain(text(ORIGIN, 6, &format!("{present}\nmore")))),
        ("no checkpoint", plain("nothing".to_owned())),
        ("no journal", b"nothing".to_vec()),
        ("a clone's, smaller", journal_of(&ledger_of(2), &parties(10..12))),
        ("a clone's, of the same size", journal_of(&base, &[party("fork")])),
        ("a clone's, larger", longer.clone()),
    ];
    for (what, journal) in cases {
        let disk = disk.copy();
        let checkpoint = files(&disk)["checkpoint"].clone();
        disk.tamper(".state/pending", &journal);
        assert!(open(&disk).is_err(), "{what}");
        assert_eq!(files(&disk)["checkpoint"], checkpoint, "{what}");
        let signed = disk.contents().into_values().flatten();
        let notes = signed.filter_map(|bytes| Trusted::open(&bytes, &policy()).ok());
        assert!(notes.into_iter().all(|note| note.size == 6), "{what} was signed");
        // Taken away, nothing stands in the way of the next append but what it put there.
        disk.tamper_remove(".state/pending");
        open(&disk).unwrap();
    }
    // The same journal where it belongs is finished.
    base.tamper(".state/pending", &longer);
    assert_eq!(open(&base).unwrap().tree_size(), 9);
}

#[test]
fn a_staged_bundle_that_was_damaged_is_named_before_anything_is_moved() {
    let disk = interrupted(&ledger_of(5), &parties(1_000..1_300));
    let contents = disk.contents();
    let is_staged = |(path, _): &(&String, _)| path.starts_with(".state/staged/");
    let (path, good) = contents.iter().find(is_staged).expect("a full bundle is staged");
    let good = good.clone().expect("bytes");
    let before = files(&disk);
    let mut bad = good.clone();
    bad[5_000] ^= 1;
    for bytes in [&bad[..], b""] {
        disk.tamper(path, bytes);
        let error = open(&disk).map(|_| ()).unwrap_err();
        assert!(matches!(error, Error::Store(store::Error::StagedDamaged(_))), "{error}");
        assert_eq!(files(&disk), before);
        assert_eq!(verify_disk(&disk).verdict(), Verdict::Verified);
    }
    disk.tamper_remove(path);
    let error = open(&disk).map(|_| ()).unwrap_err().to_string();
    assert!(error.contains("no staged blob with its digest is there"), "{error}");
    disk.tamper(path, &good);
    assert_eq!(open(&disk).unwrap().tree_size(), 305);
    assert_eq!(verify_disk(&disk).verdict(), Verdict::Verified);
}

#[test]
fn a_planted_journal_excuses_only_what_a_ledger_of_its_size_needs() {
    let base = ledger_of(5);
    let text = String::from_utf8(files(&base)["checkpoint"].clone()).unwrap();
    let text = &text[..=text.find("\n\n").expect("signatures")];
    let journal = || whosaid::store::journal::Journal::new(text);
    let path = |path: &str| whosaid::store::path::FilePath::parse(path).unwrap();
    let evil = b"evil".to_vec();
    for stray in ["statements/555", "tile/0/777", "tile/entries/005", "statements/000"] {
        let (mut put, mut place, mut remove) = (journal(), journal(), journal());
        put.put(path(stray), evil.clone());
        place.place(Hash::of(&evil), path(stray));
        remove.remove(path(stray));
        for (what, journal) in [("put", put), ("place", place), ("remove", remove)] {
            let disk = base.copy();
            disk.tamper(stray, &evil);
            disk.tamper(".state/pending", &journal.format());
            assert_ne!(verify_disk(&disk).verdict(), Verdict::Verified, "{what} {stray}");
            let opened = open(&disk);
            assert_eq!(opened.is_ok(), what == "remove", "{what} {stray}");
            assert_eq!(files(&disk)["checkpoint"], files(&base)["checkpoint"]);
        }
    }
}

#[test]
fn a_lost_checkpoint_is_not_an_empty_folder() {
    for size in [2, 300] {
        let disk = ledger_of(size);
        let journal = journal_of(&disk, &parties(1000..1001));
        disk.tamper_remove("checkpoint");
        let found = |disk: &SimulatedDisk| {
            let (store, index) = (Store::open(disk.clone()).unwrap(), Index::in_memory().unwrap());
            writing::found(store, &policy(), ORIGIN, log_key(), index)
        };
        let outcome = found(&disk);
        assert!(matches!(outcome, Err(Error::LostCheckpoint(_))), "{outcome:?}");
        drop(outcome);
        // Nor does a journal make one of it that might disagree with the lost one.
        disk.tamper(".state/pending", &journal);
        let outcome = found(&disk);
        assert!(matches!(outcome, Err(Error::LostCheckpoint(_))), "{outcome:?}");
        assert!(!files(&disk).contains_key("checkpoint"));
    }
}

#[test]
#[expect(clippy::print_stderr, reason = "numbers for whoever asks for them")]
fn appending_one_claim_reads_no_more_of_a_long_ledger() {
    let folder = tempfile::tempdir().unwrap();
    let sizes: &[u64] = if heavy() { &[300, 3_000, 30_000] } else { &[300, 3_000] };
    for size in sizes {
        let path = folder.path().join(format!("{size}.sqlite"));
        let disk = ledger_of(*size);
        drop(with_index(&disk, &path).unwrap());
        let before = disk.reads();
        let mut ledger = with_index(&disk, &path).unwrap();
        let opened = disk.reads();
        try_append(&mut ledger, &parties(*size..size + 1)).unwrap();
        let appended = disk.reads();
        let spent = |from: Reads, to: Reads| (to.files - from.files, to.bytes - from.bytes);
        let (opening, appending) = (spent(before, opened), spent(opened, appended));
        eprintln!("{size} entries: open reads {opening:?} (files, bytes), append {appending:?}");
        // The checkpoint, the journal's absence, one tile a level, the newest statements, and the
        // bundle in which the charter stands.
        let levels = u64::from(size.ilog2() / 8 + 1);
        assert!(opening.0 <= 6 + levels, "{size}: {opening:?}");
        assert!(appending.0 <= 6 + 2 * levels, "{size}: {appending:?}");
        // At most four bundles, of at most 256 short statements.
        assert!(
            opening.1 + appending.1 < 4 * 256 * 600 + 20_000,
            "{size}: {opening:?} {appending:?}"
        );
    }
}
