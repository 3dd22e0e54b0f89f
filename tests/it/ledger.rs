//! The ledger as a whole: append, open again, verify.

use whosaid::attribution::statement;
use whosaid::hash::Hash;
use whosaid::key::SecretKey;
use whosaid::ledger::reading;
use whosaid::ledger::writing::Error;
use whosaid::store::Store;
use whosaid::store::journal::Journal;
use whosaid::store::path::FilePath;
use whosaid::store::simulated::SimulatedDisk;
use whosaid::tlog::bundle::{self, Bundle};
use whosaid::tlog::checkpoint::Trusted;
use whosaid::tlog::merkle::{self, Tree};
use whosaid::tlog::path::Path;
use whosaid::tlog::tile;
use whosaid::verify::report::Verdict;

use crate::it::house::{ORIGIN, TIME, append, charter, open, party, policy, verify_disk};

#[test]
fn what_is_appended_verifies_at_every_size_across_bundles() {
    let disk = SimulatedDisk::new();
    let mut ledger = open(&disk).unwrap();
    let mut size = 1;
    for step in [1, 2, 3, 100, 149, 1, 1, 256, 255, 2] {
        let records: Vec<_> = (0..step).map(|i| party(&format!("p{}", size + i))).collect();
        append(&mut ledger, &records).unwrap();
        size += step;
        let report = verify_disk(&disk);
        assert_eq!(report.faults, [], "at size {size}");
        assert_eq!((report.verdict(), report.tree_size), (Verdict::Verified, size));
    }
}

#[test]
fn the_same_record_is_appended_once_also_by_a_new_process() {
    let disk = SimulatedDisk::new();
    let mut ledger = open(&disk).unwrap();
    append(&mut ledger, &[party("a"), party("b"), party("a")]).unwrap();
    assert_eq!(ledger.tree_size(), 3);
    drop(ledger);
    let mut ledger = open(&disk).unwrap();
    append(&mut ledger, &[party("b"), party("a")]).unwrap();
    assert_eq!(ledger.tree_size(), 3);
    append(&mut ledger, &[party("a"), party("c")]).unwrap();
    assert_eq!(ledger.tree_size(), 4);
    assert_eq!(verify_disk(&disk).verdict(), Verdict::Verified);
}

/// Puts the journal of a commit that would append one statement where an interrupted commit
/// would have left it.
fn plant(disk: &SimulatedDisk, bytes: &[u8]) {
    let store = Store::open(disk.clone()).unwrap();
    let note = reading::checkpoint(&store).unwrap().expect("a checkpoint");
    let present = Trusted::open(&note, &policy()).unwrap();
    let entry = Hash::of(bytes);
    let edge = tile::edge(present.size, tile::HEIGHT);
    let edge = edge.into_iter().map(|tile| reading::tile(&store, tile).unwrap()).collect();
    let leaf = merkle::leaf_hash(entry.as_bytes());
    let growth = tile::grow(tile::HEIGHT, &present.tree(), edge, &[leaf]).unwrap();
    let Tree { size, root } = growth.tree;
    let mut journal = Journal::new(format!("{ORIGIN}\n{size}\n{}\n", root.to_base64()));
    for (tile, hashes) in growth.tiles {
        journal.put(reading::file(Path::Tile(tile)), tile::format(&hashes));
    }
    let (old, _) = reading::place_of(present.size - 1, present.size);
    let new = Bundle { width: old.width + 1, ..old };
    let entries = reading::entries(&store, old).unwrap();
    let mut entries: Vec<Vec<u8>> = entries.iter().map(|it| it.as_bytes().to_vec()).collect();
    entries.push(entry.as_bytes().to_vec());
    journal.put(reading::file(Path::Entries(new)), bundle::format(&entries).unwrap());
    let statements = reading::statements(&store, old).unwrap();
    let mut statements: Vec<Vec<u8>> = statements.into_iter().map(Option::unwrap).collect();
    statements.push(bytes.to_vec());
    journal.put(reading::file(Path::Statements(new)), bundle::format(&statements).unwrap());
    journal.remove(reading::file(Path::Statements(old)));
    disk.tamper(".state/pending", &journal.format());
}

#[test]
fn recovery_signs_only_what_an_append_would_have_taken() {
    let sealed = |issuer: &str, seed: u8, record| {
        statement::seal(record, issuer, TIME, &SecretKey::from_seed(&[seed; 32])).unwrap().0
    };
    let cases = [
        ("an honest statement", sealed("nadia", 2, &party("b")), Some(3)),
        ("a stranger's", sealed("mallory", 3, &party("b")), None),
        ("a stranger's in a recorder's name", sealed("nadia", 3, &party("b")), None),
        ("a second charter", sealed("nadia", 2, &charter()), None),
        ("no statement", b"nothing".to_vec(), None),
    ];
    for (what, bytes, size) in cases {
        let disk = SimulatedDisk::new();
        append(&mut open(&disk).unwrap(), &[party("a")]).unwrap();
        let before = disk.contents().get("checkpoint").cloned();
        plant(&disk, &bytes);
        let opened = open(&disk).map(|ledger| ledger.tree_size());
        assert_eq!(opened.as_ref().ok(), size.as_ref(), "{what}: {opened:?}");
        let unsigned = disk.contents().get("checkpoint").cloned() == before;
        assert_eq!(unsigned, size.is_none(), "{what}");
    }
}

/// Whoever finishes a commit that stands already, needs no key; so it takes nothing away that is needed.
#[test]
fn a_journal_that_removes_what_its_checkpoint_needs_is_not_finished() {
    let base = SimulatedDisk::new();
    append(&mut open(&base).unwrap(), &[party("a"), party("b")]).unwrap();
    let checkpoint = Store::open(base.clone()).map(|store| reading::checkpoint(&store));
    let note = checkpoint.unwrap().unwrap().expect("a checkpoint");
    let text = Trusted::open(&note, &policy()).unwrap().to_string();
    for needed in ["statements/000.p/3", "tile/0/000.p/3", "tile/entries/000.p/3"] {
        let disk = base.copy();
        let mut journal = Journal::new(text.clone());
        journal.remove(FilePath::parse(needed).unwrap());
        disk.tamper(".state/pending", &journal.format());
        let opened = open(&disk).map(|ledger| ledger.tree_size());
        assert!(matches!(opened, Err(Error::ForeignJournal(_))), "{needed}: {opened:?}");
        assert!(disk.contents().contains_key(needed), "{needed}");
    }
}
