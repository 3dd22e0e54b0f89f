//! The ledger as a whole: append, open again, verify.

use whosaid::store::simulated::SimulatedDisk;
use whosaid::verify::report::Verdict;

use crate::it::house::{append, open, party, verify_disk};

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
