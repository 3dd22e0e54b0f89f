//! One claim audited by what bears on it is audited as by the whole ledger, from the same bytes, as
//! the ledger grows and as statements go.

use whosaid::attribution::id::Id;
use whosaid::attribution::keyring::Signed;
use whosaid::attribution::record::Record;
use whosaid::attribution::statement;
use whosaid::audit::captures::Held;
use whosaid::audit::graph::Graph;
use whosaid::audit::{self, Audit, audit};
use whosaid::hash::Hash;
use whosaid::index::Index;
use whosaid::search::verified::{Error, Verified};
use whosaid::store::Store;
use whosaid::store::path::FilePath;
use whosaid::store::simulated::SimulatedDisk;
use whosaid::tlog::bundle;
use whosaid::verify::remembered::{begin, go_on, remember};
use whosaid::verify::report::Verdict;
use whosaid::verify::{Verification, verify};

use crate::it::book::story;
use crate::it::house::{THREADS, policy};
use crate::it::sample::{CLAIM, Sample, small};

type Audited = Result<Audit, audit::Error>;

fn held(store: &Store<SimulatedDisk>, digest: &Hash) -> Held {
    let path = FilePath::parse(&whosaid::evidence::capture::path(digest)).unwrap();
    store.read(&path, 1 << 20).unwrap().map_or(Held::Withheld, Held::Bytes)
}

/// By a graph of all records.
fn by_the_whole(disk: &SimulatedDisk) -> Vec<(Id, Audited)> {
    let store = Store::open(disk.clone()).unwrap();
    let mut signed: Vec<Signed> = Vec::new();
    let keep = &mut |it| signed.push(it);
    let verified = verify(&store, &policy(), THREADS, keep, &mut |_, _| ()).unwrap();
    let ids: Vec<Id> = signed.iter().map(|it| it.statement().id()).collect();
    let withheld: Vec<Id> = verified.withheld.iter().map(|(_, id)| *id).collect();
    let suspect = |key, entry| verified.keyring.is_suspect(key, entry);
    let graph = Graph::new(signed, verified.withheld, suspect);
    let all = ids.into_iter().chain(withheld).chain([Id::of(b"nowhere")]);
    all.map(|id| (id, audit(&graph, id, &|digest| held(&store, digest)))).collect()
}

/// By what the index finds of what was verified.
fn by_part(
    disk: &SimulatedDisk,
    index: &Index,
    verification: &Verification,
    id: Id,
) -> Result<Audited, Error> {
    let store = Store::open(disk.clone()).unwrap();
    let verified = Verified::new(&store, index, verification);
    verified.audit(id, &|digest| held(&store, digest), &|graph| graph)
}

/// Verifies all, and fills an index with it.
fn begun(disk: &SimulatedDisk) -> (Index, Verification) {
    let store = Store::open(disk.clone()).unwrap();
    let mut index = Index::in_memory().unwrap();
    let (done, fresh) = begin(&store, &policy(), &mut index, THREADS, &mut |_, _| ()).unwrap();
    remember(&mut index, &fresh, &done).unwrap();
    (index, done)
}

fn assert_alike(disk: &SimulatedDisk, index: &Index, verification: &Verification, what: &str) {
    let mut claims = 0;
    for (id, expected) in by_the_whole(disk) {
        let found = by_part(disk, index, verification, id).unwrap();
        assert_eq!(found, expected, "{what}, {id}");
        claims += usize::from(expected.is_ok());
    }
    assert!(claims > 0 || verification.report.tree_size < 9, "{what}: no claim was audited");
}

#[test]
fn every_entry_is_audited_as_by_the_whole_at_every_size() {
    let book = story();
    for size in 1..=book.0.len() {
        let disk = book.publish(size);
        let (index, verification) = begun(&disk);
        assert_alike(&disk, &index, &verification, &format!("{size} entries"));
    }
}

#[test]
fn what_is_withheld_is_missed_as_by_the_whole() {
    let book = story();
    for gone in 1..book.0.len() {
        let disk = book.publish_without(book.0.len(), &[gone]);
        let (index, verification) = begun(&disk);
        assert_alike(&disk, &index, &verification, &format!("without entry {gone}"));
    }
}

#[test]
fn what_was_verified_before_is_not_read_again_and_the_audit_is_the_same() {
    let Sample { disk, .. } = small();
    let (index, first) = begun(&disk);
    assert_eq!(first.report.verdict(), Verdict::Verified, "{:?}", first.report.faults);
    let store = Store::open(disk.clone()).unwrap();
    let again = go_on(&store, &policy(), (&index, None), THREADS, &mut |_, _| ()).unwrap();
    let (again, _) = again.expect("it was remembered");
    assert_eq!(again.since, first.report.tree_size);
    assert_alike(&disk, &index, &again, "verified before");
}

/// What the audit reads again must be what was verified.
#[test]
fn a_statement_changed_since_it_was_verified_is_never_audited() {
    let Sample { disk, ids } = small();
    let (index, verification) = begun(&disk);
    let id = ids[usize::try_from(CLAIM).unwrap()];
    assert!(by_part(&disk, &index, &verification, id).unwrap().is_ok());
    let (path, mut statements) = statements_of(&disk, ids.len());
    let changed = statements.iter_mut().find(|it| Id::of(it) == id).unwrap();
    let record = statement::open(changed).unwrap().record().clone();
    assert!(matches!(record, Record::Claim(_)));
    let last = changed.len() - 1;
    changed[last] ^= 1;
    disk.tamper(&path, &bundle::format(&statements).unwrap());
    let refused = by_part(&disk, &index, &verification, id);
    assert!(matches!(refused, Err(Error::Reading(_))), "{refused:?}");
}

/// Each record that bears on the claim is missed, and none is taken for withheld.
#[test]
fn a_statement_that_is_gone_since_it_was_verified_is_never_passed_over() {
    let Sample { disk, ids } = small();
    let (index, verification) = begun(&disk);
    let id = ids[usize::try_from(CLAIM).unwrap()];
    let whole = by_part(&disk, &index, &verification, id).unwrap();
    let (path, statements) = statements_of(&disk, ids.len());
    let mut missed = 0;
    for gone in 1..ids.len() {
        let mut others = statements.clone();
        others[gone].clear();
        disk.tamper(&path, &bundle::format(&others).unwrap());
        match by_part(&disk, &index, &verification, id) {
            Err(Error::Gone(entry_index)) => {
                assert_eq!(entry_index, gone as u64);
                missed += 1;
            }
            // It does not bear on the claim.
            other => assert_eq!(other.unwrap(), whole, "without entry {gone}"),
        }
    }
    assert!(missed > 4, "{missed}");
}

fn statements_of(disk: &SimulatedDisk, count: usize) -> (String, Vec<Vec<u8>>) {
    let path = format!("statements/000.p/{count}");
    let bytes = disk.contents()[&path].clone().unwrap();
    let all = bundle::parse(&bytes, count.try_into().unwrap()).unwrap();
    (path, all.into_iter().map(<[u8]>::to_vec).collect())
}
