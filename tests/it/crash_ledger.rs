//! The crash loop over the real ledger: founding, a commit with a capture, and a commit across the
//! 256 entries of a tile are stopped at every step, in every way. Then the ledger is opened again,
//! verified, and appended to with the same data and with other.
//!
//! What the store does at each step is tried to exhaustion in `crash.rs`; here the extremes of
//! what a crash leaves are tried, and all of it where `WHOSAID_HEAVY=1`.

use std::collections::BTreeMap;

use whosaid::attribution::record::Record;
use whosaid::hash::Hash;
use whosaid::ledger::reading;
use whosaid::store::Store;
use whosaid::store::simulated::{Bytes, Fault, Names, SimulatedDisk, Survival};
use whosaid::tlog::checkpoint::Trusted;
use whosaid::tlog::merkle;
use whosaid::verify::report::Verdict;

use crate::it::house::{append_with, document, open, party, policy, verify_disk};

const FAULTS: [Fault; 3] = [Fault::NotDone, Fault::DoneButReported, Fault::NothingWorks];

/// One commit, on top of a ledger that holds so many parties.
struct Scenario {
    name: &'static str,
    /// How many entries stand before; 0 for an empty folder.
    before: u64,
    records: Vec<Record>,
    captures: Vec<&'static [u8]>,
}

fn scenarios() -> Vec<Scenario> {
    let parties = |count: u64| (0..count).map(|i| party(&format!("new{i}"))).collect();
    let capture: &[u8] = b"The ministry stated that a delegation will come.";
    vec![
        Scenario { name: "founding", before: 0, records: Vec::new(), captures: Vec::new() },
        Scenario {
            name: "a capture",
            before: 2,
            records: vec![document(capture)],
            captures: vec![capture],
        },
        Scenario { name: "across a tile", before: 254, records: parties(5), captures: Vec::new() },
    ]
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a heavier run is asked for by the environment")]
fn nothing_acknowledged_is_lost_and_no_two_checkpoints_disagree() {
    let heavy = std::env::var_os("WHOSAID_HEAVY").is_some();
    let mut cases = 0;
    for scenario in scenarios() {
        let base = base(scenario.before);
        let mut step: u64 = 1;
        loop {
            let mut reached = false;
            // The large ledger costs more to verify: one fault at every fifth step does, unless
            // all are wanted.
            let thin = scenario.before > 100 && !heavy;
            let faults = if thin {
                std::slice::from_ref(&FAULTS[usize::try_from(step % 3).expect("small")])
            } else {
                &FAULTS[..]
            };
            for fault in faults {
                reached |= stop_at(&scenario, &base, (step, *fault), heavy, &mut cases);
            }
            if !reached {
                break;
            }
            step += if thin { 5 } else { 1 };
        }
        assert!(step > 10, "{}: the fault was never reached", scenario.name);
    }
    assert!(cases > 200, "only {cases} cases");
}

/// A disk with a ledger of so many entries, everything durable.
fn base(entries: u64) -> SimulatedDisk {
    let disk = SimulatedDisk::new();
    if entries > 0 {
        let records: Vec<Record> = (1..entries).map(|i| party(&format!("p{i}"))).collect();
        append_with(&mut open(&disk).unwrap(), &records, &[]).unwrap();
    }
    disk.crash(Survival { names: Names::Everything, bytes: Bytes::Kept })
}

/// Commits with a fault at one step, and tries everything that may be left. False if the commit
/// came to its end before that step.
fn stop_at(
    scenario: &Scenario,
    base: &SimulatedDisk,
    (step, fault): (u64, Fault),
    heavy: bool,
    cases: &mut u64,
) -> bool {
    let disk = base.copy();
    disk.fail_at(step, fault);
    let outcome =
        open(&disk).and_then(|mut it| append_with(&mut it, &scenario.records, &scenario.captures));
    let reached = disk.steps() >= step;
    let extremes = [
        Survival { names: Names::Nothing, bytes: Bytes::Lost },
        Survival { names: Names::Everything, bytes: Bytes::Kept },
    ];
    let survivals = if heavy { disk.survivals() } else { extremes.to_vec() };
    for survival in survivals {
        *cases += 1;
        let what = format!("{}, step {step}, {fault:?}, {survival:?}", scenario.name);
        let mut signed = Signed::default();
        signed.note(&disk);
        survive(scenario, &disk.crash(survival), outcome.is_ok(), &mut signed, &what);
    }
    reached
}

/// A crashed disk: looked at, opened, verified, and appended to in two ways.
fn survive(
    scenario: &Scenario,
    crashed: &SimulatedDisk,
    acknowledged: bool,
    signed: &mut Signed,
    what: &str,
) {
    signed.note(crashed);
    let report = verify_disk(crashed);
    let unfounded = scenario.before == 0 && report.tree_size == 0;
    assert!(unfounded || report.verdict() == Verdict::Verified, "{what}: {:?}", report.faults);

    // A second fault while recovering, somewhere; then once more without.
    let recovering = crashed.copy();
    recovering.fail_at(1 + (what.len() as u64 % 40), Fault::NothingWorks);
    let _ = open(&recovering);
    signed.note(&recovering);
    let disk = recovering.crash(Survival { names: Names::Nothing, bytes: Bytes::Lost });

    let size = open(&disk).unwrap_or_else(|error| panic!("{what}: {error}")).tree_size();
    let after = scenario.before.max(1) + scenario.records.len() as u64;
    assert!(
        size == after || (!acknowledged && size >= scenario.before.min(after)),
        "{what}: {size}"
    );
    check(&disk, signed, what);

    let (same, other) = (disk.copy(), disk.copy());
    let mut ledger = open(&same).unwrap();
    append_with(&mut ledger, &scenario.records, &scenario.captures).unwrap();
    assert_eq!(ledger.tree_size(), after, "{what}: the same data is there once");
    check(&same, &mut signed.clone(), what);
    drop(ledger);

    let records: Vec<Record> = (0..3).map(|i| party(&format!("other{i}"))).collect();
    append_with(&mut open(&other).unwrap(), &records, &[]).unwrap();
    check(&other, &mut signed.clone(), what);
}

fn check(disk: &SimulatedDisk, signed: &mut Signed, what: &str) {
    let report = verify_disk(disk);
    assert_eq!((report.faults.as_slice(), report.notes.as_slice()), (&[][..], &[][..]), "{what}");
    assert_eq!(report.verdict(), Verdict::Verified, "{what}");
    signed.note(disk);
    signed.agree(disk, what);
}

/// Every checkpoint that was ever signed, whether or not it survived: its size and root.
#[derive(Clone, Default)]
struct Signed(BTreeMap<u64, Hash>);

impl Signed {
    /// Finds checkpoints in place and on their way.
    fn note(&mut self, disk: &SimulatedDisk) {
        for (path, bytes) in disk.contents() {
            if path != "checkpoint" && !path.starts_with(".state/tmp/") {
                continue;
            }
            let opened = bytes.and_then(|bytes| Trusted::open(&bytes, &policy()).ok());
            if let Some(checkpoint) = opened {
                let earlier = self.0.insert(checkpoint.size, checkpoint.root);
                let agrees = earlier.is_none_or(|root| root == checkpoint.root);
                assert!(agrees, "two checkpoints of {} entries disagree", checkpoint.size);
            }
        }
    }

    /// Whether the tree on the disk continues every one of them.
    fn agree(&self, disk: &SimulatedDisk, what: &str) {
        let store = Store::open(disk.clone()).unwrap();
        let size = *self.0.keys().last().expect("a checkpoint");
        for (earlier, root) in &self.0 {
            let found = merkle::root(*earlier, &mut reading::nodes(&store, size)).unwrap();
            assert_eq!(found, *root, "{what}: the tree of {earlier} entries is another now");
        }
    }
}
