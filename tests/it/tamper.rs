//! Whatever a hostile host does to the files of a ledger, `verify` never says verified, names the
//! file that was changed and no other, and the entry where one can be named.
//!
//! Short damage first (every byte, every length, every pair of files), then attackers who know
//! the format. `WHOSAID_HEAVY=1` takes every byte of the long files too.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use whosaid::attribution::record::notice::NoticeKind;
use whosaid::attribution::statement;
use whosaid::hash::Hash;
use whosaid::key::SecretKey;
use whosaid::store::simulated::SimulatedDisk;
use whosaid::tlog::bundle;
use whosaid::tlog::checkpoint::Checkpoint;
use whosaid::tlog::merkle::{Tree, empty_root, leaf_hash};
use whosaid::tlog::note::Signature;
use whosaid::tlog::tile::{self, HEIGHT};
use whosaid::verify::report::{FaultKind, Report, Verdict};

use crate::it::house::{ORIGIN, TIME, log_key, party, recorder_key, verify_disk};
use crate::it::sample::{
    CAPTURES, CHARTER, CLAIM, CONTROL, DOCUMENT, KEY, SMALL, Sample, append_as, files, items,
    large, notice, omar_key, reopen, small, stranger_key,
};

use FaultKind::{Incomplete, Tampered, Withheld};

/// Whether the long sweeps are asked for.
#[expect(clippy::disallowed_methods, reason = "a test is asked for by its environment")]
pub(crate) fn heavy() -> bool {
    std::env::var("WHOSAID_HEAVY").is_ok()
}

/// The files that the report blames.
fn blamed(report: &Report) -> BTreeSet<&str> {
    report.faults.iter().map(|fault| fault.file.as_str()).collect()
}

/// The kinds of the faults, with their entries.
fn named(report: &Report) -> Vec<(FaultKind, &str, Option<u64>)> {
    report.faults.iter().map(|it| (it.kind, it.file.as_str(), it.entry)).collect()
}

/// Verifies, and holds that these files and no others are blamed.
fn blames(disk: &SimulatedDisk, changed: &[&str], what: &str) -> Report {
    let report = catch_unwind(AssertUnwindSafe(|| verify_disk(disk)))
        .unwrap_or_else(|_| panic!("{what}: panicked"));
    assert_eq!(report.verdict(), Verdict::Failed, "{what}: {:#?}", report.faults);
    let expected: BTreeSet<&str> = changed.iter().copied().collect();
    assert_eq!(blamed(&report), expected, "{what}: {:#?}", report.faults);
    report
}

/// The entry to which a byte of a file belongs, where a file is that precise.
fn entry_at(path: &str, bytes: &[u8], at: usize) -> Option<u64> {
    let first = if path.contains("/001") { 256 } else { 0 };
    if path.starts_with("tile/0/") {
        return Some(first + at as u64 / 32);
    }
    if path.starts_with("tile/entries/") {
        return Some(first + at as u64 / 34);
    }
    if path.starts_with("statements/") {
        let mut end = 0;
        for (slot, item) in items(bytes).iter().enumerate() {
            end += 2 + item.len();
            if at < end {
                return Some(first + slot as u64);
            }
        }
    }
    let place = CAPTURES.iter().position(|it| path.ends_with(&Hash::of(it).to_string()))?;
    Some(DOCUMENT + place as u64)
}

/// Puts other bytes in the place of a file, judges, and puts the file back.
fn with_file(
    disk: &SimulatedDisk,
    path: &str,
    good: &[u8],
    bad: &[u8],
    judge: impl FnOnce(Report),
    what: &str,
) {
    disk.tamper(path, bad);
    judge(blames(disk, &[path], what));
    disk.tamper(path, good);
}

fn flip_bytes(disk: &SimulatedDisk, path: &str, step: usize, masks: &[u8]) {
    let good = files(disk)[path].clone();
    for (count, at) in (0..good.len()).step_by(step).enumerate() {
        let mask = masks[count % masks.len()];
        let mut bad = good.clone();
        bad[at] ^= mask;
        let what = format!("{path}: byte {at} ^ {mask:#x}");
        let entry = entry_at(path, &good, at);
        let judge = |report: Report| {
            let found = report.faults.iter().any(|it| it.kind == Tampered && it.entry == entry);
            assert!(found, "{what}: expected {entry:?}: {:#?}", report.faults);
            let cut = report.faults.iter().find(|it| it.kind == Incomplete);
            // Later slots of a bundle whose lengths were changed cannot be found.
            assert!(cut.is_none_or(|_| path.starts_with("statements/")), "{what}: {cut:#?}");
        };
        with_file(disk, path, &good, &bad, judge, &what);
    }
}

#[test]
fn every_flipped_byte_is_found_and_named() {
    let Sample { disk, .. } = small();
    assert_eq!(verify_disk(&disk).verdict(), Verdict::Verified);
    for (path, bytes) in files(&disk) {
        let short = bytes.len() < 300;
        match (short, heavy()) {
            (true, _) | (_, true) => {
                for mask in [0x01, 0x80, 0xff] {
                    flip_bytes(&disk, &path, 1, &[mask]);
                }
            }
            // An odd step walks over lengths, envelopes and payloads alike.
            (false, false) => flip_bytes(&disk, &path, 5, &[0x01, 0x80, 0x20, 0xff]),
        }
    }
    assert_eq!(verify_disk(&disk).verdict(), Verdict::Verified);
}

#[test]
fn every_changed_length_of_a_statement_is_found_and_named() {
    let Sample { disk, .. } = small();
    let path = format!("statements/000.p/{SMALL}");
    let good = files(&disk)[&path].clone();
    let mut at = 0;
    for (slot, item) in items(&good).iter().enumerate() {
        for byte in [at, at + 1] {
            for mask in [1, 2, 4, 8, 0x10, 0x20, 0x40, 0x80, good[byte]] {
                if mask == 0 {
                    continue;
                }
                let mut bad = good.clone();
                bad[byte] ^= mask;
                let what = format!("slot {slot}: byte {byte} ^ {mask:#x}");
                let judge = |report: Report| {
                    let first = (report.faults[0].kind, report.faults[0].entry);
                    assert_eq!(
                        first,
                        (Tampered, Some(slot as u64)),
                        "{what}: {:#?}",
                        report.faults
                    );
                };
                with_file(&disk, &path, &good, &bad, judge, &what);
            }
        }
        at += 2 + item.len();
    }
}

#[test]
fn a_flipped_byte_in_a_tall_tree_is_found_and_named() {
    let Sample { disk, ids } = large();
    assert_eq!(ids.len(), 300);
    for (path, bytes) in files(&disk) {
        let step = if heavy() { 61 } else { 1 + bytes.len() / 4 };
        flip_bytes(&disk, &path, step, &[0x40]);
    }
}

#[test]
fn every_cut_and_every_added_byte_is_found_and_named() {
    let Sample { disk, .. } = small();
    for (path, good) in files(&disk) {
        let step = if heavy() || good.len() < 100 { 1 } else { 1 + good.len() / 60 };
        for length in (0..good.len()).step_by(step) {
            let what = format!("{path} cut to {length}");
            let judge = |report: Report| {
                let fault = &report.faults[0];
                let entry = entry_at(&path, &good, length);
                let kind = if path == "checkpoint" { Tampered } else { Incomplete };
                assert_eq!((fault.kind, fault.entry), (kind, entry), "{what}: {fault:#?}");
                assert_eq!(report.faults.len(), 1, "{what}: {:#?}", report.faults);
            };
            with_file(&disk, &path, &good, &good[..length], judge, &what);
        }
        // The last two would be one more item, of one CBOR value.
        for more in [&[0][..], b"\n", &[0xff], &[0, 1, 1], &[0, 2, 0x41, 0]] {
            let bad = [good.as_slice(), more].concat();
            let what = format!("{path} extended by {more:?}");
            let judge = |report: Report| {
                assert_eq!(report.faults.len(), 1, "{what}: {:#?}", report.faults);
                assert_eq!(report.faults[0].kind, Tampered, "{what}");
            };
            with_file(&disk, &path, &good, &bad, judge, &what);
        }
    }
}

/// The files that may be gone: what an earlier checkpoint needed.
fn older(disk: &SimulatedDisk, size: usize) -> BTreeSet<String> {
    let width = |path: &str| Some(path.rsplit_once(".p/")?.1.parse::<usize>().unwrap());
    let level0 = |path: &str| path.starts_with("tile/0/") || path.starts_with("tile/entries/");
    let paths = files(disk).into_keys();
    paths.filter(|it| level0(it) && width(it).is_some_and(|it| it != size % 256)).collect()
}

#[test]
fn every_removed_file_is_missed() {
    for (Sample { disk, ids }, least) in [(small(), 5), (large(), 8)] {
        let older = older(&disk, ids.len());
        let mut missed = 0;
        for (path, good) in files(&disk) {
            disk.tamper_remove(&path);
            if older.contains(&path) {
                assert_eq!(verify_disk(&disk).verdict(), Verdict::Verified, "{path}");
            } else {
                missed += 1;
                let report = blames(&disk, &[&path], &format!("{path} removed"));
                assert_eq!(report.faults.len(), 1, "{path}: {:#?}", report.faults);
                assert_eq!(report.faults[0].kind, Incomplete, "{path}");
            }
            // A folder in its place is no better.
            disk.tamper(&format!("{path}/x"), b"");
            let report = verify_disk(&disk);
            assert_eq!(report.verdict(), Verdict::Failed, "{path} as a folder");
            disk.tamper_remove(&format!("{path}/x"));
            disk.tamper_remove(&path);
            disk.tamper(&path, &good);
        }
        assert!(missed >= least);
    }
}

#[test]
fn every_two_files_swapped_are_both_named() {
    for Sample { disk, .. } in [small(), large()] {
        let files: Vec<(String, Vec<u8>)> = files(&disk).into_iter().collect();
        for (place, (left, left_bytes)) in files.iter().enumerate() {
            for (right, right_bytes) in &files[place + 1..] {
                disk.tamper(left, right_bytes);
                disk.tamper(right, left_bytes);
                let what = format!("{left} and {right} swapped");
                if left == "checkpoint" {
                    // Nothing else can be judged without a checkpoint.
                    blames(&disk, &[left], &what);
                } else {
                    blames(&disk, &[left, right], &what);
                }
                disk.tamper(left, left_bytes);
                disk.tamper(right, right_bytes);
            }
        }
    }
}

#[test]
fn every_file_at_another_name_is_named_there() {
    let Sample { disk, .. } = small();
    let names = [
        "tile/0/001",
        "tile/0/001.p/1",
        "tile/0/000.p/13",
        "tile/0/000.p/4",
        "tile/1/000.p/1",
        "tile/entries/000.p/1",
        "tile/entries/000",
        "statements/000.p/5",
        "statements/000",
        "statements/001.p/1",
        "tile/data/000",
        "checkpoint.old",
        "checkpoint2",
        "evidence/sha256/00/0000000000000000000000000000000000000000000000000000000000000000",
        "evidence/x",
        "index.html",
        ".hidden",
        "tile/.state/x",
        "Tile/0/000",
    ];
    for bytes in files(&disk).into_values().chain([Vec::new()]) {
        for name in names {
            disk.tamper(name, &bytes);
            blames(&disk, &[name], name);
            disk.tamper_remove(name);
        }
    }
    assert_eq!(verify_disk(&disk).verdict(), Verdict::Verified);
}

#[test]
fn an_older_partial_tile_that_is_a_true_beginning_may_lie_there() {
    let Sample { disk, .. } = small();
    let (tile, entries) = (format!("tile/0/000.p/{SMALL}"), format!("tile/entries/000.p/{SMALL}"));
    let all = files(&disk);
    disk.tamper("tile/0/000.p/3", &all[&tile][..3 * 32]);
    disk.tamper("tile/entries/000.p/3", &all[&entries][..3 * 34]);
    assert_eq!(verify_disk(&disk).verdict(), Verdict::Verified);
    let mut other = all[&tile][..4 * 32].to_vec();
    other[40] ^= 1;
    disk.tamper("tile/0/000.p/4", &other);
    let report = blames(&disk, &["tile/0/000.p/4"], "an older tile that is none");
    assert_eq!(named(&report), [(Tampered, "tile/0/000.p/4", Some(1))]);
}

/// Replaces one slot of the statements' bundle.
fn replace_statement(disk: &SimulatedDisk, path: &str, slot: usize, statement: &[u8]) {
    let mut all = items(&files(disk)[path]);
    all[slot] = statement.to_vec();
    disk.tamper(path, &bundle::format(&all).unwrap());
}

fn replace_in(disk: &SimulatedDisk, path: &str, at: usize, bytes: &[u8]) {
    let mut all = files(disk)[path].clone();
    all[at..at + bytes.len()].copy_from_slice(bytes);
    disk.tamper(path, &all);
}

/// A record that another key signs, under a name of its choice.
fn forged(name: &str, key: &SecretKey) -> Vec<u8> {
    statement::seal(&party("forged"), name, TIME, key).unwrap().0
}

fn small_paths() -> [String; 3] {
    ["statements", "tile/entries", "tile/0"].map(|folder| format!("{folder}/000.p/{SMALL}"))
}

#[test]
fn a_statement_replaced_with_its_entry_is_named_in_both() {
    let Sample { disk, .. } = small();
    let [statements, entries, _] = small_paths();
    let forged = forged("nadia", &recorder_key());
    replace_statement(&disk, &statements, 3, &forged);
    replace_in(&disk, &entries, 3 * 34 + 2, Hash::of(&forged).as_bytes());
    let report = blames(&disk, &[&statements, &entries], "statement and entry");
    let expected = [(Tampered, entries.as_str(), Some(3)), (Tampered, &*statements, Some(3))];
    assert_eq!(named(&report), expected);
}

/// Replaces an entry wherever it stands, in a ledger whose bundles are these.
fn replace_leaf(disk: &SimulatedDisk, [statements, entries, tile]: &[String; 3], forged: &[u8]) {
    replace_statement(disk, statements, 3, forged);
    let entry = Hash::of(forged);
    replace_in(disk, entries, 3 * 34 + 2, entry.as_bytes());
    replace_in(disk, tile, 3 * 32, leaf_hash(entry.as_bytes()).as_bytes());
}

#[test]
fn an_entry_replaced_wherever_it_stands_is_found_by_the_root_and_by_its_signer() {
    let Sample { disk, .. } = small();
    for path in older(&disk, 12) {
        disk.tamper_remove(&path);
    }
    let paths = small_paths();
    replace_leaf(&disk, &paths, &forged("nadia", &stranger_key()));
    let report = blames(&disk, &["checkpoint", &paths[0]], "everything but the checkpoint");
    let signer = report.faults.iter().find(|it| it.file == paths[0]).unwrap();
    assert_eq!((signer.kind, signer.entry), (Tampered, Some(3)));
    assert!(signer.what.contains("no charter or key record names"), "{}", signer.what);

    // With the recorder's own key only the root tells, and not which entry it was.
    replace_leaf(&disk, &paths, &forged("nadia", &recorder_key()));
    let report = verify_disk(&disk);
    assert_eq!(report.verdict(), Verdict::Failed);
    assert!(blamed(&report).contains("checkpoint"));
}

#[test]
fn an_entry_replaced_wherever_it_stands_in_a_tall_tree_is_found_in_its_tile() {
    let Sample { disk, .. } = large();
    let paths = ["statements/000", "tile/entries/000", "tile/0/000"].map(str::to_owned);
    replace_leaf(&disk, &paths, &forged("nadia", &stranger_key()));
    let report = verify_disk(&disk);
    assert_eq!(report.verdict(), Verdict::Failed);
    assert!(blamed(&report).contains("tile/0/000"), "{:#?}", report.faults);
    assert!(!blamed(&report).contains("checkpoint"), "{:#?}", report.faults);
}

/// The checkpoint over the entries as they now stand, signed by this key.
fn checkpoint_over(disk: &SimulatedDisk, entries: &str, key: &SecretKey) -> String {
    let leaves: Vec<Hash> =
        items(&files(disk)[entries]).iter().map(|entry| leaf_hash(entry)).collect();
    let nothing = Tree { size: 0, root: empty_root() };
    let Tree { size, root } = tile::grow(HEIGHT, &nothing, Vec::new(), &leaves).unwrap().tree;
    let text =
        Checkpoint { origin: ORIGIN.to_owned(), size, root, extensions: Vec::new() }.to_string();
    format!("{text}\n{}", Signature::sign(ORIGIN, key, &text).unwrap())
}

#[test]
fn a_whole_ledger_rewritten_is_found_by_the_logs_key_or_by_the_recorders() {
    let Sample { disk, .. } = small();
    for path in older(&disk, 12) {
        disk.tamper_remove(&path);
    }
    let paths = small_paths();
    replace_leaf(&disk, &paths, &forged("nadia", &stranger_key()));
    let note = checkpoint_over(&disk, &paths[1], &stranger_key());
    disk.tamper("checkpoint", note.as_bytes());
    let report = blames(&disk, &["checkpoint"], "signed by another log key");
    assert_eq!(report.tree_size, 0);

    // Even the log itself cannot put words into a recorder's mouth.
    let note = checkpoint_over(&disk, &paths[1], &log_key());
    disk.tamper("checkpoint", note.as_bytes());
    let report = blames(&disk, &[&paths[0]], "signed by the log");
    assert_eq!(named(&report)[0], (Tampered, &*paths[0], Some(3)));
}

#[test]
fn a_ledger_rolled_back_names_what_the_old_checkpoint_does_not_cover() {
    let Sample { disk, .. } = small();
    let old = files(&disk)["checkpoint"].clone();
    append_as(&mut reopen(&disk), ("nadia", &recorder_key()), &[party("later")], &[]);
    disk.tamper("checkpoint", &old);
    let superseded = format!("statements/000.p/{SMALL}");
    let newer = ["statements/000.p/13", "tile/0/000.p/13", "tile/entries/000.p/13"];
    let report = blames(&disk, &[newer[0], newer[1], newer[2], &superseded], "rolled back");
    let kind = |file: &str| report.faults.iter().find(|it| it.file == file).unwrap().kind;
    assert_eq!(kind(&superseded), Incomplete);
    assert!(newer.iter().all(|file| kind(file) == Tampered));
}

#[test]
fn statements_swapped_between_slots_are_both_named() {
    let Sample { disk, .. } = small();
    let [path, ..] = small_paths();
    let all = items(&files(&disk)[&path]);
    for (left, right) in [(0, 1), (2, 3), (8, 9), (10, 11), (0, 11)] {
        replace_statement(&disk, &path, left, &all[right]);
        replace_statement(&disk, &path, right, &all[left]);
        let report = blames(&disk, &[&path], "swapped");
        let expected = [left, right].map(|slot| (Tampered, path.as_str(), Some(slot as u64)));
        assert_eq!(named(&report), expected);
        replace_statement(&disk, &path, left, &all[left]);
        replace_statement(&disk, &path, right, &all[right]);
    }
}

#[test]
fn every_emptied_slot_without_a_notice_is_a_hole() {
    let Sample { disk, .. } = small();
    let [path, ..] = small_paths();
    let all = items(&files(&disk)[&path]);
    for (slot, item) in all.iter().enumerate() {
        replace_statement(&disk, &path, slot, b"");
        let report = blames(&disk, &[&path], &format!("slot {slot} emptied"));
        assert_eq!(named(&report), [(Incomplete, path.as_str(), Some(slot as u64))]);
        replace_statement(&disk, &path, slot, item);
    }
    // Many at once, the charter and the key record among them.
    for slot in [CHARTER, KEY, CONTROL, CLAIM] {
        replace_statement(&disk, &path, usize::try_from(slot).unwrap(), b"");
    }
    let report = blames(&disk, &[&path], "many emptied");
    assert!(named(&report).iter().all(|(kind, ..)| *kind == Incomplete));
    assert_eq!(report.faults.len(), 4);
}

/// The small ledger with a redaction of one entry by one recorder.
fn redacted_by(name: &str, key: &SecretKey, target: u64) -> SimulatedDisk {
    let Sample { disk, ids } = small();
    let target = ids[usize::try_from(target).unwrap()];
    append_as(&mut reopen(&disk), (name, key), &[notice(NoticeKind::Redaction, target)], &[]);
    assert_eq!(verify_disk(&disk).verdict(), Verdict::Verified);
    disk
}

#[test]
fn a_slot_emptied_with_a_notice_is_withheld_and_leaves_the_verdict_open() {
    let path = format!("statements/000.p/{}", SMALL + 1);
    let claim = usize::try_from(CLAIM).unwrap();
    // By one with the power to correct, and by the statement's own recorder without it.
    for (name, key) in [("nadia", recorder_key()), ("omar", omar_key())] {
        let disk = redacted_by(name, &key, CLAIM);
        replace_statement(&disk, &path, claim, b"");
        let report = verify_disk(&disk);
        assert_eq!(named(&report), [(Withheld, path.as_str(), Some(CLAIM))], "{name}");
        assert_eq!(report.verdict(), Verdict::Undecided, "{name}");
        // The notice covers its target only.
        replace_statement(&disk, &path, 9, b"");
        let report = verify_disk(&disk);
        assert_eq!(report.verdict(), Verdict::Failed, "{name}");
        let holes: Vec<_> = report.faults.iter().filter(|it| it.kind == Incomplete).collect();
        assert_eq!((holes.len(), holes[0].entry), (1, Some(9)), "{name}");
    }
}

#[test]
fn a_retraction_of_what_was_withheld_later_is_not_called_tampered() {
    let Sample { disk, ids } = small();
    let target = ids[usize::try_from(CLAIM).unwrap()];
    // The recorder, who lacks the power to correct others, takes its own claim back; then one with
    // that power has it erased.
    let retraction = notice(NoticeKind::RecorderRetraction, target);
    append_as(&mut reopen(&disk), ("omar", &omar_key()), &[retraction], &[]);
    let redaction = notice(NoticeKind::Redaction, target);
    append_as(&mut reopen(&disk), ("nadia", &recorder_key()), &[redaction], &[]);
    assert_eq!(verify_disk(&disk).verdict(), Verdict::Verified);
    let path = format!("statements/000.p/{}", SMALL + 2);
    replace_statement(&disk, &path, usize::try_from(CLAIM).unwrap(), b"");
    let report = verify_disk(&disk);
    assert_eq!(named(&report), [(Withheld, path.as_str(), Some(CLAIM))]);
    assert_eq!(report.verdict(), Verdict::Undecided);
}

#[test]
fn a_document_withheld_leaves_its_captures_neither_stray_nor_missing() {
    let path = format!("statements/000.p/{}", SMALL + 1);
    let disk = redacted_by("nadia", &recorder_key(), DOCUMENT);
    let capture = whosaid::evidence::capture::path(&Hash::of(CAPTURES[0]));
    // The capture alone.
    disk.tamper_remove(&capture);
    let report = verify_disk(&disk);
    assert_eq!(named(&report), [(Withheld, capture.as_str(), Some(DOCUMENT))]);
    assert_eq!(report.verdict(), Verdict::Undecided);
    disk.tamper(&capture, b"something else");
    blames(&disk, &[&capture], "a redacted capture replaced");
    // The statement alone: whose capture it is nobody can tell, but it is what its name says.
    disk.tamper(&capture, CAPTURES[0]);
    replace_statement(&disk, &path, usize::try_from(DOCUMENT).unwrap(), b"");
    let report = verify_disk(&disk);
    assert_eq!(named(&report), [(Withheld, path.as_str(), Some(DOCUMENT))]);
    assert_eq!(report.verdict(), Verdict::Undecided);
    disk.tamper(&capture, b"something else");
    assert!(blamed(&verify_disk(&disk)).contains(capture.as_str()));
    disk.tamper(&capture, CAPTURES[0]);
    disk.tamper("evidence/malware", b"");
    assert!(blamed(&verify_disk(&disk)).contains("evidence/malware"));
}

#[test]
fn a_redaction_by_one_without_the_power_withholds_nothing() {
    let Sample { disk, ids } = small();
    // A control of lina's, redacted by omar: refused by the batch, so the log is made by hand.
    let target = ids[usize::try_from(CONTROL).unwrap()];
    let redaction = notice(NoticeKind::Redaction, target);
    let bytes = statement::seal(&redaction, "omar", TIME, &omar_key()).unwrap().0;
    append_by_hand(&disk, &bytes);
    let path = format!("statements/000.p/{}", SMALL + 1);
    let report = blames(&disk, &[&path], "an unlawful notice");
    assert_eq!(named(&report), [(Tampered, path.as_str(), Some(SMALL))]);
    // Without the target nobody can tell whose it was: never verified, and the hole is shown.
    replace_statement(&disk, &path, usize::try_from(CONTROL).unwrap(), b"");
    let report = verify_disk(&disk);
    assert_ne!(report.verdict(), Verdict::Verified);
    assert!(named(&report).iter().any(|it| it.2 == Some(CONTROL)));
    // One without any power cannot even do that.
    let Sample { disk, .. } = small();
    let bytes = statement::seal(&redaction, "nadia", TIME, &stranger_key()).unwrap().0;
    append_by_hand(&disk, &bytes);
    replace_statement(&disk, &path, usize::try_from(CONTROL).unwrap(), b"");
    let report = blames(&disk, &[&path], "a stranger's notice");
    assert!(named(&report).contains(&(Incomplete, path.as_str(), Some(CONTROL))));
}

/// What a log's key holder can do against all rules: log a statement that no keyring admits.
fn append_by_hand(disk: &SimulatedDisk, bytes: &[u8]) {
    let all = files(disk);
    let [statements, entries, tile] = small_paths();
    let wider = |path: &str| path.replace(&SMALL.to_string(), &(SMALL + 1).to_string());
    let add = |path: &str, more: &[u8]| [all[path].as_slice(), more].concat();
    let entry = Hash::of(bytes);
    let length = u16::try_from(bytes.len()).unwrap().to_be_bytes();
    disk.tamper(&wider(&statements), &add(&statements, &[&length[..], bytes].concat()));
    disk.tamper(&wider(&entries), &add(&entries, &[&[0, 32], &entry.as_bytes()[..]].concat()));
    disk.tamper(&wider(&tile), &add(&tile, leaf_hash(entry.as_bytes()).as_bytes()));
    disk.tamper_remove(&statements);
    let note = checkpoint_over(disk, &wider(&entries), &log_key());
    disk.tamper("checkpoint", note.as_bytes());
}

#[test]
fn a_capture_that_no_notice_withholds_is_missed() {
    let Sample { disk, .. } = small();
    for (place, capture) in CAPTURES.iter().enumerate() {
        let path = whosaid::evidence::capture::path(&Hash::of(capture));
        disk.tamper_remove(&path);
        let report = blames(&disk, &[&path], "a capture removed");
        assert_eq!(named(&report), [(Incomplete, path.as_str(), Some(DOCUMENT + place as u64))]);
        disk.tamper(&path, capture);
    }
}

#[test]
fn a_journal_that_was_planted_excuses_nothing() {
    use whosaid::store::journal::Journal;
    use whosaid::store::path::FilePath;

    let Sample { disk, .. } = small();
    let path = |text: &str| FilePath::parse(text).unwrap();
    for size in [SMALL - 1, SMALL, SMALL + 1] {
        let text = format!("{ORIGIN}\n{size}\n{}\n", Hash::of(b"x").to_base64());
        let mut journal = Journal::new(text);
        journal.put(path("index.html"), b"evil".to_vec());
        journal.put(path("tile/0/001.p/1"), b"true".to_vec());
        journal.remove(path("other.html"));
        journal.place(Hash::of(b"blob"), path("third.html"));
        disk.tamper(".state/pending", &journal.format());
        for (name, bytes) in [
            ("index.html", "evil"),
            ("tile/0/001.p/1", "false"),
            ("other.html", ""),
            ("third.html", "blob"),
        ] {
            disk.tamper(name, bytes.as_bytes());
            blames(&disk, &[name], name);
            disk.tamper_remove(name);
        }
    }
}

#[test]
fn a_disk_that_cannot_be_read_is_an_error_and_never_a_fault_of_the_ledger() {
    use whosaid::store::simulated::Fault as DiskFault;
    use whosaid::store::{self, Store};
    use whosaid::verify::verify;

    use crate::it::house::{THREADS, policy};

    let Sample { disk, .. } = small();
    let store = Store::open(disk.clone()).unwrap();
    let mut failures = 0;
    for step in 1.. {
        disk.fail_at(step, DiskFault::NotDone);
        let verified = verify(&store, &policy(), THREADS, &mut |_| (), &mut |_, _| ());
        if disk.steps() < step {
            assert_eq!(verified.unwrap().report.verdict(), Verdict::Verified);
            break;
        }
        failures += 1;
        match verified {
            Err(store::Error::Failed(_)) => {}
            Err(other) => panic!("step {step}: {other}"),
            // A private journal that cannot be read says nothing about the ledger.
            Ok(it) => assert_eq!(it.report.verdict(), Verdict::Verified, "step {step}"),
        }
    }
    assert!(failures > 30);
}

#[test]
fn a_checkpoint_that_promises_the_moon_ends_in_time() {
    let Sample { disk, .. } = small();
    for size in [1 << 40, u64::MAX] {
        let text = format!("{ORIGIN}\n{size}\n{}\n", Hash::of(b"x").to_base64());
        let signature = Signature::sign(ORIGIN, &log_key(), &text).unwrap();
        disk.tamper("checkpoint", format!("{text}\n{signature}").as_bytes());
        assert_eq!(verify_disk(&disk).verdict(), Verdict::Failed);
    }
}

/// A small generator with a fixed seed (`SplitMix64`), so that each run mangles alike.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % sides as u64).unwrap()
    }
}

#[test]
fn random_damage_of_many_files_at_once_never_passes_nor_panics() {
    let samples = [small(), large()];
    let mut dice = Dice(1);
    for round in 0..if heavy() { 5_000 } else { 120 } {
        // The tall tree takes longer, so it has fewer turns.
        let disk = samples[usize::from(round % 12 == 0)].disk.copy();
        let before = files(&disk);
        for _ in 0..=dice.roll(5) {
            let now = files(&disk);
            let paths: Vec<&String> = now.keys().filter(|it| *it != "checkpoint").collect();
            let path = paths[dice.roll(paths.len())];
            let mut bytes = now[path].clone();
            match dice.roll(6) {
                0 => bytes.truncate(dice.roll(bytes.len() + 1)),
                1 => bytes.extend(vec![7; 1 + dice.roll(300)]),
                2 if !bytes.is_empty() => {
                    let at = dice.roll(bytes.len());
                    bytes.remove(at);
                }
                3 => bytes = now[paths[dice.roll(paths.len())]].clone(),
                4 => {
                    disk.tamper_remove(path);
                    continue;
                }
                _ if !bytes.is_empty() => {
                    let at = dice.roll(bytes.len());
                    bytes[at] ^= 1 << dice.roll(8);
                }
                _ => {}
            }
            disk.tamper(path, &bytes);
        }
        let after = files(&disk);
        let report = catch_unwind(AssertUnwindSafe(|| verify_disk(&disk)))
            .unwrap_or_else(|_| panic!("round {round} panicked"));
        let changed: BTreeSet<&str> = before
            .keys()
            .chain(after.keys())
            .filter(|path| before.get(*path) != after.get(*path))
            .map(String::as_str)
            .collect();
        let removed_older = changed.iter().all(|it| !after.contains_key(*it));
        let verified = report.verdict() == Verdict::Verified;
        assert!(!verified || changed.is_empty() || removed_older, "round {round}: {changed:?}");
        let innocent: Vec<_> =
            blamed(&report).difference(&changed).map(|it| (*it).to_owned()).collect();
        // Where nothing leads to the root any more, nobody can tell which copy is the right one.
        let allowed = innocent.is_empty() || blamed(&report).contains("checkpoint");
        assert!(allowed, "round {round}: {innocent:?} blamed, {changed:?} changed");
    }
}
