//! Receipts: every entry at every size, every byte changed, and what a check makes of files that
//! are whole, wrong, or of other people.

use std::collections::BTreeMap;

use ciborium::Value;
use whosaid::attribution::id::Id;
use whosaid::attribution::record::Record;
use whosaid::attribution::record::charter::{KeyAction, KeyChange, Power};
use whosaid::attribution::record::claim::{Mode, Passage};
use whosaid::attribution::record::notice::NoticeKind;
use whosaid::attribution::statement;
use whosaid::cbor::{Order, encode_value};
use whosaid::cose::Envelope;
use whosaid::evidence::capture;
use whosaid::hash::Hash;
use whosaid::index::{Extent, Index};
use whosaid::key::SecretKey;
use whosaid::receipt::bundle::{Blob, Bundle};
use whosaid::receipt::check::{Error, check};
use whosaid::receipt::companions::{Companion, Extra, Subject as About};
use whosaid::receipt::prove::{Proven, Published};
use whosaid::receipt::readme;
use whosaid::receipt::report::{Report, Subject};
use whosaid::receipt::transparent::Transparent;
use whosaid::selector::Selector;
use whosaid::store::Store;
use whosaid::store::path::FilePath;
use whosaid::store::simulated::SimulatedDisk;
use whosaid::store::source::Source;
use whosaid::tlog::checkpoint::{Checkpoint, Trusted};
use whosaid::tlog::merkle::{
    Inclusion, Leaf, Node, NodeReader, Position, Tree, leaf_hash, node_hash, prove_inclusion, root,
};
use whosaid::tlog::note::{Algorithm, Note, Signature, VerifierKey};
use whosaid::tlog::policy::Policy;
use whosaid::tlog::proof::Proof;
use whosaid::tlog::receipt::Receipt;
use whosaid::verify::remembered::begin;
use whosaid::verify::report::Outcome::{self, Fail, NotChecked};
use whosaid::verify::report::Verdict;

use crate::it::book::story;
use crate::it::house::{ORIGIN, THREADS, TIME, log_key, party, policy, recorder_key};
use crate::it::sample::{
    CAPTURES, CLAIM, Sample, append_as, claim, large, lina_key, notice, reopen, small,
};

/// The largest tree of the exhaustive tests: all shapes up to, at and beyond 128 leaves.
const SIZES: u64 = 130;

/// A tree in memory, of entries made from their numbers.
struct Naive(Vec<Hash>);

impl NodeReader for Naive {
    type Error = ();

    fn read_nodes(&mut self, nodes: &[Node]) -> Result<Vec<Hash>, ()> {
        fn hash(leaves: &[Hash]) -> Hash {
            match leaves {
                [leaf] => *leaf,
                _ => {
                    let (left, right) = leaves.split_at(leaves.len() / 2);
                    node_hash(&hash(left), &hash(right))
                }
            }
        }
        let all = &self.0;
        let of = |node: &Node| {
            let first = usize::try_from(node.index << node.level).unwrap();
            hash(&all[first..first + (1 << node.level)])
        };
        Ok(nodes.iter().map(of).collect())
    }
}

fn entry(index: u64) -> Hash {
    Hash::of(format!("entry {index}").as_bytes())
}

fn log_vkey() -> VerifierKey {
    VerifierKey::new(ORIGIN, Algorithm::Ed25519, log_key().public()).unwrap()
}

/// The signed checkpoint of the naive tree of a size.
fn signed(tree: Tree) -> (Note, Trusted<Checkpoint>) {
    let checkpoint = Checkpoint {
        origin: ORIGIN.to_owned(),
        size: tree.size,
        root: tree.root,
        extensions: Vec::new(),
    };
    let text = checkpoint.to_string();
    let signature = Signature::sign(ORIGIN, &log_key(), &text).unwrap();
    let note = Note::new(text, vec![signature]).unwrap();
    let trusted = Trusted::open_note(&note, &policy()).unwrap();
    (note, trusted)
}

#[test]
fn a_receipt_of_each_entry_checks_at_each_size_and_for_nothing_beside_it() {
    let leaves: Vec<Hash> = (0..SIZES).map(|i| leaf_hash(entry(i).as_bytes())).collect();
    let mut tree = Naive(leaves.clone());
    let key = log_key().public();
    let mut before: Option<Receipt> = None;
    for tree_size in 1..=SIZES {
        let root = root(tree_size, &mut tree).unwrap();
        let (note, trusted) = signed(Tree { size: tree_size, root });
        for leaf_index in 0..tree_size {
            let position = Position { leaf_index, tree_size };
            let path = prove_inclusion(position, &mut tree).unwrap();
            let leaf =
                Leaf { index: leaf_index, hash: leaves[usize::try_from(leaf_index).unwrap()] };
            let entry = entry(leaf_index);

            let receipt =
                Receipt::issue(&trusted, &leaf, path.clone(), ("sub", TIME), &log_key()).unwrap();
            let included = receipt.verify(entry.as_bytes(), &key).unwrap();
            assert_eq!((included.position, included.root), (position, root));
            assert!(included.is_position_signed);
            // The neighbour's entry, or the neighbour's receipt, does not do.
            for other in [leaf_index + 1, leaf_index.wrapping_sub(1), tree_size] {
                let other = Hash::of(format!("entry {other}").as_bytes());
                assert!(receipt.verify(other.as_bytes(), &key).is_err());
            }
            if let Some(before) = before.replace(receipt).filter(|_| leaf_index > 0) {
                assert!(before.verify(entry.as_bytes(), &key).is_err());
            }

            let proof = Proof {
                unauthenticated_extra: None,
                index: leaf_index,
                inclusion: path.clone(),
                checkpoint: note.clone(),
            };
            let proof = Proof::parse(proof.to_string().as_bytes()).unwrap();
            assert_eq!(proof.verify(entry.as_bytes(), &policy()).unwrap().size, tree_size);
            for index in [leaf_index + 1, leaf_index.wrapping_sub(1), tree_size] {
                let moved = Proof { index, ..proof.clone() };
                assert!(moved.verify(entry.as_bytes(), &policy()).is_err());
            }
            // Nothing is issued for what does not lead to the root.
            let moved = Leaf { index: (leaf_index + 1) % tree_size.max(2), ..leaf };
            let longer = Inclusion([path.0.clone(), vec![root]].concat());
            for (leaf, path) in [(moved, path), (leaf, longer)] {
                assert!(Receipt::issue(&trusted, &leaf, path, ("s", 1), &log_key()).is_err());
            }
        }
    }
}

/// A claim with a passage, in a ledger of several commits.
fn quoting() -> (Sample, u64) {
    let mut sample = small();
    let mut ledger = reopen(&sample.disk);
    let Record::Claim(mut inner) = claim(sample.ids[2], sample.ids[6], "It is said to be so.")
    else {
        unreachable!("a claim")
    };
    inner.passage = Some(Passage {
        mode: Mode::Indirect,
        capture: Hash::of(CAPTURES[0]),
        profile: "plain/1".to_owned(),
        segments: vec![Selector::quote("it is so")],
        cue: None,
        translator: None,
    });
    let lina = lina_key();
    let ids = append_as(&mut ledger, ("lina", &lina), &[Record::Claim(inner)], &[]);
    sample.ids.extend(ids);
    let entry_index = sample.ids.len() as u64 - 1;
    (sample, entry_index)
}

fn prove(disk: &SimulatedDisk, entry_index: u64) -> Proven {
    let store = Store::open(disk.clone()).unwrap();
    let proven = Published::open(&store, &policy()).unwrap().prove(entry_index).unwrap();
    let mut index = Index::in_memory().unwrap();
    begin(&store, &policy(), &mut index, THREADS, &mut |_, _| ()).unwrap();
    let published = Published::open(&store, &policy()).unwrap().with_index(&index);
    let looked_up = published.prove(entry_index).unwrap();
    assert_eq!(format!("{looked_up:?}"), format!("{proven:?}"), "entry {entry_index}");
    proven
}

#[test]
fn where_an_index_says_to_look_the_same_is_proven() {
    let book = story();
    let size = book.0.len();
    let disks = (1..=size).map(|size| (size, book.publish(size)));
    let gone = (0..size).map(|gone| (size, book.publish_without(size, &[gone])));
    for (size, disk) in disks.chain(gone) {
        for entry_index in 0..size as u64 {
            prove(&disk, entry_index);
        }
    }
}

#[test]
fn an_index_that_lies_or_is_of_another_ledger_proves_nothing_else() {
    let book = story();
    let (disk, size) = (book.publish(book.0.len()), book.0.len() as u64);
    let store = Store::open(disk.clone()).unwrap();
    let root = Published::open(&store, &policy()).unwrap().prove(0).unwrap().checkpoint.root;
    let honest: Vec<_> = book.0.iter().map(|it| statement::open(it).unwrap()).collect();
    // Each statement is said to stand where another one does.
    let turned = honest.iter().enumerate().map(|(at, it)| ((at as u64 + 7) % size, it));
    let extents = [
        Extent { tree_size: size, root },
        Extent { tree_size: size, root: Hash::of(b"another") },
        Extent { tree_size: size + 1, root },
        Extent { tree_size: 3, root },
    ];
    for extent in extents {
        let mut index = Index::in_memory().unwrap();
        index.extend(turned.clone(), extent).unwrap();
        let lied_to = Published::open(&store, &policy()).unwrap().with_index(&index);
        for entry_index in 0..size {
            let found = lied_to.prove(entry_index).unwrap();
            assert_eq!(format!("{found:?}"), format!("{:?}", prove(&disk, entry_index)));
        }
        let id = book.id(5).to_string();
        assert_eq!(lied_to.by_prefix(&id[..12]).unwrap(), None, "{extent:?}");
    }
}

/// What it does not hold may begin with the same digits.
#[test]
fn an_index_of_a_part_of_the_ledger_finds_no_beginning_of_an_id() {
    let book = story();
    let size = book.0.len();
    let id = book.id(5).to_string();
    for (known, found) in [(size, Some(5)), (size - 1, None), (7, None)] {
        let mut index = Index::in_memory().unwrap();
        let store = Store::open(book.publish(known)).unwrap();
        let done = begin(&store, &policy(), &mut index, THREADS, &mut |_, _| ()).unwrap();
        let (tree_size, root) = (done.0.report.tree_size, done.0.report.root);
        index.extend([], Extent { tree_size, root: root.unwrap() }).unwrap();
        let store = Store::open(book.publish(size)).unwrap();
        let published = Published::open(&store, &policy()).unwrap().with_index(&index);
        assert_eq!(published.by_prefix(&id[..12]).unwrap(), found, "{known} of {size}");
        assert_eq!(published.by_prefix(&id).unwrap(), Some(5), "{known} of {size}");
    }
}

fn tlog_proof(disk: &SimulatedDisk, entry_index: u64) -> Vec<u8> {
    prove(disk, entry_index).to_tlog_proof().unwrap().to_string().into_bytes()
}

fn scitt(disk: &SimulatedDisk, entry_index: u64) -> Vec<u8> {
    prove(disk, entry_index).to_transparent(&log_key(), TIME).unwrap()
}

/// A bundle with the capture that the claim rests on.
fn bundle(disk: &SimulatedDisk, entry_index: u64) -> Bundle {
    let store = Store::open(disk.clone()).unwrap();
    let digest = Hash::of(CAPTURES[0]);
    let path = FilePath::parse(&capture::path(&digest)).unwrap();
    let bytes = Source::read(&store, &path, 1000).unwrap().unwrap();
    let mut bundle = Bundle {
        receipt: tlog_proof(disk, entry_index),
        policy: policy().to_string().into_bytes(),
        statement: Some(scitt(disk, entry_index)),
        captures: vec![Blob { digest, extension: "txt".to_owned(), bytes }],
        ..Bundle::default()
    };
    let draft = report(&bundle.encode().unwrap());
    bundle.read_me = readme::text(&draft, &bundle).into_bytes();
    bundle
}

fn report(bytes: &[u8]) -> Report {
    check(bytes, Some(&policy())).expect("a receipt and a policy")
}

fn verdict(bytes: &[u8]) -> Verdict {
    check(bytes, Some(&policy())).map_or(Verdict::Failed, |report| report.verdict())
}

fn outcome(report: &Report, subject: Subject) -> Option<Outcome> {
    report.checks.iter().find(|check| check.name == subject).map(|check| check.result)
}

#[test]
fn every_entry_of_a_ledger_is_proven_in_every_form() {
    for Sample { disk, ids } in [small(), quoting().0] {
        for (entry_index, id) in (0..).zip(&ids) {
            for bytes in [tlog_proof(&disk, entry_index), scitt(&disk, entry_index)] {
                let report = report(&bytes);
                assert_eq!(report.verdict(), Verdict::Verified, "{entry_index}: {report:?}");
                assert_eq!((report.entry_index, report.id), (Some(entry_index), Some(*id)));
                assert_eq!(report.tree_size, Some(ids.len() as u64));
                assert!(report.story.graph.node(*id).is_some());
            }
        }
    }
}

#[test]
fn a_claim_brings_all_that_it_refers_to_and_the_keys_of_all_of_it() {
    let (Sample { disk, ids }, entry_index) = quoting();
    let proven = prove(&disk, entry_index);
    // The charter, lina's key, the speaker, the document.
    let places: Vec<u64> = proven.companions.iter().map(|it| it.entry_index).collect();
    assert_eq!(places, [0, 1, 2, 6]);
    assert_eq!(proven.left_out, []);
    let bytes = bundle(&disk, entry_index).encode().unwrap();
    let report = report(&bytes);
    assert_eq!(report.verdict(), Verdict::Verified, "{report:?}");
    assert_eq!(outcome(&report, Subject::Passages), Some(Outcome::Pass));
    assert_eq!(outcome(&report, Subject::Captures), Some(Outcome::Pass));
    assert_eq!(report.id, Some(ids[ids.len() - 1]));
    let audit = report.story.audit.expect("a claim");
    assert!(audit.drawing.contains("words found"), "{}", audit.drawing);
}

/// The extra data of a claim's proof, the envelope of its transparent statement, and its receipt.
pub(crate) fn layers() -> (Vec<u8>, Envelope, Envelope) {
    let (Sample { disk, .. }, entry_index) = quoting();
    let proof = Proof::parse(&tlog_proof(&disk, entry_index)).unwrap();
    let transparent = Envelope::parse(&scitt(&disk, entry_index), Order::Sorted).unwrap();
    let parts = Transparent::parse(&scitt(&disk, entry_index)).unwrap();
    let receipt = Envelope::parse(&parts.receipts[0], Order::Sorted).unwrap();
    (proof.unauthenticated_extra.unwrap(), transparent, receipt)
}

/// A key record.
fn change(action: KeyAction, key: &SecretKey, replaces: Option<&SecretKey>) -> Record {
    let comes = matches!(action, KeyAction::Introduce | KeyAction::Delegate);
    Record::Key(KeyChange {
        action,
        key: key.public(),
        name: comes.then(|| "omid".to_owned()),
        powers: if comes { vec![Power::Record] } else { Vec::new() },
        replaces: replaces.map(SecretKey::public),
        from: None,
        reason: None,
    })
}

#[test]
fn the_whole_line_of_keys_goes_along_and_what_came_later_does_not() {
    let Sample { disk, .. } = small();
    let mut ledger = reopen(&disk);
    let [first, second] = [20, 21].map(|seed| SecretKey::from_seed(&[seed; 32]));
    let mut append = |name: &str, key: &SecretKey, record: Record| {
        append_as(&mut ledger, (name, key), &[record], &[]);
    };
    // Lina, whom the first key record brought, delegates; that key is rotated, and the new one
    // signs two parties. In the end it is revoked from the second on.
    append("lina", &lina_key(), change(KeyAction::Delegate, &first, None));
    append("omid", &first, change(KeyAction::Rotate, &second, Some(&first)));
    append("omid", &second, party("one"));
    append("omid", &second, party("two"));
    let mut revocation = change(KeyAction::Revoke, &second, None);
    if let Record::Key(change) = &mut revocation {
        change.from = Some(15);
    }
    append("nadia", &recorder_key(), revocation);
    append("nadia", &recorder_key(), party("three"));

    let check = |entry_index, expected: &[u64]| {
        let proven = prove(&disk, entry_index);
        let places: Vec<u64> = proven.companions.iter().map(|it| it.entry_index).collect();
        assert_eq!(places, expected, "entry {entry_index}");
        let report = report(proven.to_tlog_proof().unwrap().to_string().as_bytes());
        assert_eq!(report.verdict(), Verdict::Verified, "{report:?}");
        report
    };
    check(12, &[0, 1]);
    check(13, &[0, 1, 12]);
    check(14, &[0, 1, 12, 13]);
    check(15, &[0, 1, 12, 13]);
    check(16, &[0, 1, 12, 13]);
    check(17, &[0]);
}

/// Calls `try_out` with every file that differs from `good` in one place: each byte one more, its
/// last bit turned, removed, doubled; and the file cut before it.
fn mangled(good: &[u8], mut try_out: impl FnMut(&str, usize, &[u8])) {
    let mut bad = good.to_vec();
    for at in 0..good.len() {
        for (name, value) in [("one more", good[at].wrapping_add(1)), ("turned", good[at] ^ 1)] {
            bad[at] = value;
            try_out(name, at, &bad);
        }
        bad[at] = good[at];
        try_out("removed", at, &[&good[..at], &good[at + 1..]].concat());
        try_out("doubled", at, &[&good[..=at], &good[at..]].concat());
        try_out("cut", at, &good[..at]);
    }
}

/// A proof in the form of the small ledger, of an entry that is quick to check.
fn refuses_all(good: &[u8]) {
    assert_eq!(verdict(good), Verdict::Verified);
    mangled(good, |name, at, bad| {
        if bad == good {
            return;
        }
        assert_ne!(verdict(bad), Verdict::Verified, "byte {at} {name}");
        if bad.len() == good.len() {
            assert_eq!(verdict(bad), Verdict::Failed, "byte {at} {name}");
        }
    });
}

#[test]
fn no_byte_of_a_tlog_proof_can_be_changed() {
    let (Sample { disk, .. }, entry_index) = quoting();
    refuses_all(&tlog_proof(&disk, entry_index));
}

#[test]
fn no_byte_of_a_transparent_statement_can_be_changed() {
    let (Sample { disk, .. }, entry_index) = quoting();
    refuses_all(&scitt(&disk, entry_index));
}

#[test]
fn no_byte_of_a_bundle_can_be_changed() {
    let (Sample { disk, .. }, entry_index) = quoting();
    refuses_all(&bundle(&disk, entry_index).encode().unwrap());
}

#[test]
fn a_bundle_repacked_with_other_files_is_not_believed() {
    let (Sample { disk, .. }, entry_index) = quoting();
    let good = bundle(&disk, entry_index);
    let check = |what: &str, change: &dyn Fn(&mut Bundle), subject, expected| {
        let mut bad = good.clone();
        change(&mut bad);
        let report = report(&bad.encode().unwrap());
        assert_eq!(outcome(&report, subject), Some(expected), "{what}: {report:?}");
        assert_ne!(report.verdict(), Verdict::Verified, "{what}");
    };

    check("words", &|it| it.read_me.push(b'!'), Subject::ReadMe, NotChecked);
    check("capture", &|it| it.captures[0].bytes[0] ^= 1, Subject::Captures, Fail);
    check("stray", &|it| it.captures[0].digest = Hash::of(b"x"), Subject::Captures, Fail);
    check("type", &|it| it.captures[0].extension = "exe".into(), Subject::Captures, Fail);
    check("statement", &|it| it.statement = Some(scitt(&disk, 2)), Subject::File, Fail);
    check("policy", &|it| it.policy = b"quorum\n".to_vec(), Subject::File, Fail);
    check("receipt", &|it| it.receipt = Vec::new(), Subject::File, Fail);
    check("no capture", &|it| it.captures.clear(), Subject::ReadMe, NotChecked);
}

#[test]
fn without_a_policy_a_bundle_is_undecided_and_says_which_key_to_compare() {
    let (Sample { disk, .. }, entry_index) = quoting();
    let bytes = bundle(&disk, entry_index).encode().unwrap();
    let report = check(&bytes, None).unwrap();
    assert_eq!(report.verdict(), Verdict::Undecided);
    let said = &report.checks.iter().find(|it| it.name == Subject::Policy).unwrap().what;
    assert!(said.contains(&log_vkey().to_string()), "{said}");
    for bytes in [tlog_proof(&disk, 8), scitt(&disk, 8)] {
        assert_eq!(check(&bytes, None).unwrap_err(), Error::NoPolicy);
    }
    for bytes in [&b""[..], b"x", b"c2sp.org/tlog-fork@v1"] {
        assert_eq!(check(bytes, Some(&policy())).unwrap_err(), Error::Unknown);
    }
}

#[test]
fn under_another_policy_nothing_holds() {
    let (Sample { disk, .. }, entry_index) = quoting();
    let other = SecretKey::from_seed(&[9; 32]).public();
    for name in [ORIGIN, "example.org/other"] {
        let key = VerifierKey::new(name, Algorithm::Ed25519, other).unwrap();
        let policy = Policy::of_log(key);
        let files = [
            tlog_proof(&disk, entry_index),
            scitt(&disk, entry_index),
            bundle(&disk, entry_index).encode().unwrap(),
        ];
        for bytes in files {
            let report = check(&bytes, Some(&policy)).unwrap();
            assert_eq!(outcome(&report, Subject::Log), Some(Outcome::Fail), "{report:?}");
            assert_eq!(report.entry_index, None);
        }
    }
}

#[test]
fn only_witnesses_of_the_policy_say_before_when_it_was_logged() {
    let (Sample { disk, .. }, entry_index) = quoting();
    let [known, stranger] = [30, 31].map(|seed| SecretKey::from_seed(&[seed; 32]));
    let witness = VerifierKey::new("w.example", Algorithm::Cosignature, known.public()).unwrap();
    let text = format!("log {}\nwitness W {witness}\nquorum W\n", log_vkey());
    let asking = Policy::parse(text.as_bytes()).unwrap();
    let alone = tlog_proof(&disk, entry_index);
    let cosigned = |cosigners: &[(&str, &SecretKey, u64)]| {
        let mut proof = Proof::parse(&alone).unwrap();
        let text = proof.checkpoint.text().to_owned();
        let lines = cosigners
            .iter()
            .map(|(name, key, time)| Signature::cosign(name, key, &text, *time).unwrap());
        proof.checkpoint = proof.checkpoint.clone().with(lines).unwrap();
        proof.to_string().into_bytes()
    };
    let seen = |bytes: &[u8]| {
        let report = check(bytes, Some(&asking)).unwrap();
        let times: Vec<u64> = report.witnesses.iter().map(|it| it.time).collect();
        (report.verdict(), times)
    };
    let (ours, theirs) = (("w.example", &known, TIME), ("x.example", &stranger, TIME + 1));
    assert_eq!(seen(&alone), (Verdict::Failed, Vec::new()));
    assert_eq!(seen(&cosigned(&[theirs])), (Verdict::Failed, Vec::new()));
    assert_eq!(seen(&cosigned(&[theirs, ours])), (Verdict::Verified, vec![TIME]));
    let forged = ("w.example", &stranger, TIME);
    assert_eq!(seen(&cosigned(&[forged])), (Verdict::Failed, Vec::new()));
    // A receipt of the SCITT form has nobody's word but the log's, and says so.
    let report = check(&scitt(&disk, entry_index), Some(&asking)).unwrap();
    assert_eq!(report.verdict(), Verdict::Undecided);
    assert_eq!(outcome(&report, Subject::Log), Some(NotChecked));
}

#[test]
fn a_witness_that_cosigned_twice_is_one_witness() {
    let (Sample { disk, .. }, entry_index) = quoting();
    let known = SecretKey::from_seed(&[30; 32]);
    let witness = VerifierKey::new("w.example", Algorithm::Cosignature, known.public()).unwrap();
    let text = format!("log {}\nwitness W {witness}\nquorum W\n", log_vkey());
    let mut proof = Proof::parse(&tlog_proof(&disk, entry_index)).unwrap();
    let text_of_note = proof.checkpoint.text().to_owned();
    let lines = [TIME, TIME + 1]
        .map(|time| Signature::cosign("w.example", &known, &text_of_note, time).unwrap());
    let note = format!("{}{}{}", proof.checkpoint, lines[0], lines[1]);
    proof.checkpoint = Note::parse(note.as_bytes()).unwrap();
    let asking = Policy::parse(text.as_bytes()).unwrap();
    let report = check(proof.to_string().as_bytes(), Some(&asking)).unwrap();
    assert_eq!((report.verdict(), report.witnesses.len()), (Verdict::Verified, 2));
    let log = report.checks.iter().find(|check| check.name == Subject::Log).unwrap();
    assert!(log.what.ends_with("; 1 witness saw it"), "{}", log.what);
}

#[test]
fn a_place_that_the_log_did_not_sign_is_not_verified() {
    let (Sample { disk, .. }, entry_index) = quoting();
    let whole = scitt(&disk, entry_index);
    let root = report(&whole).root.unwrap();
    let mut parts = Transparent::parse(&whole).unwrap();
    // As RFC 9942 has it: the algorithm and the kind of tree, and nothing of size and index.
    let bare = Value::Map(vec![(1.into(), (-8).into()), (395.into(), 1.into())]);
    let bare = encode_value(bare).unwrap();
    let mut theirs = Envelope::sign(bare, root.as_bytes(), &log_key());
    theirs.unprotected = Envelope::parse(&parts.receipts[0], Order::Sorted).unwrap().unprotected;
    parts.receipts = vec![theirs.encode().unwrap()];
    let report = report(&parts.encode().unwrap());
    assert_eq!(report.verdict(), Verdict::Undecided);
    assert_eq!(outcome(&report, Subject::Inclusion), Some(NotChecked));
    assert_eq!(outcome(&report, Subject::Log), Some(Outcome::Pass));
}

/// The proof with other extra data.
fn with_extra(bytes: &[u8], change: impl FnOnce(&mut Extra)) -> Vec<u8> {
    let mut proof = Proof::parse(bytes).unwrap();
    let mut extra = Extra::decode(proof.unauthenticated_extra.as_ref().unwrap()).unwrap();
    change(&mut extra);
    proof.unauthenticated_extra = Some(extra.encode().unwrap());
    proof.to_string().into_bytes()
}

#[test]
fn companions_must_stand_in_the_same_tree_and_none_may_be_missing() {
    let (Sample { disk, .. }, entry_index) = quoting();
    let good = tlog_proof(&disk, entry_index);
    let check = |what: &str, change: &dyn Fn(&mut Vec<Companion>), subject, expected| {
        let bytes = with_extra(&good, |extra| change(&mut extra.companions));
        let report = report(&bytes);
        assert_eq!(outcome(&report, subject), Some(expected), "{what}: {report:?}");
        assert_ne!(report.verdict(), Verdict::Verified, "{what}");
    };

    // The companions are the charter, a key record, a party and a document.
    check("no charter", &|all| drop(all.remove(0)), Subject::Signature, NotChecked);
    check("no key record", &|all| drop(all.remove(1)), Subject::Signature, NotChecked);
    check("no party", &|all| drop(all.remove(2)), Subject::References, NotChecked);
    check("nothing", &Vec::clear, Subject::Signature, NotChecked);
    check("moved", &|all| all[2].entry_index = 3, Subject::Companions, Fail);
    check("another path", &|all| all[2].path = all[0].path.clone(), Subject::Companions, Fail);
    let swap = |all: &mut Vec<Companion>| all[2].statement = all[1].statement.clone();
    check("another statement", &swap, Subject::Companions, Fail);
}

#[test]
fn a_signature_that_is_not_the_recorders_is_found_though_the_log_has_it() {
    // Somebody with the log's key alone logs a claim in lina's name, signed by another key.
    let (Sample { disk, .. }, entry_index) = quoting();
    let proven = prove(&disk, entry_index);
    let statement = proven.statement.clone().unwrap();
    let opened = whosaid::attribution::statement::open(&statement).unwrap();
    let stranger = SecretKey::from_seed(&[9; 32]);
    let (forged, _) =
        whosaid::attribution::statement::seal(opened.record(), "lina", TIME, &stranger).unwrap();
    let mut statements: Vec<Vec<u8>> =
        proven.companions.iter().map(|it| it.statement.clone()).collect();
    statements.push(forged.clone());
    let leaves: Vec<Hash> =
        statements.iter().map(|it| leaf_hash(Hash::of(it).as_bytes())).collect();
    let size = leaves.len() as u64;
    let mut tree = Naive(leaves);
    let (note, _) = signed(Tree { size, root: root(size, &mut tree).unwrap() });
    let mut path =
        |leaf_index| prove_inclusion(Position { leaf_index, tree_size: size }, &mut tree).unwrap();
    let companions = (0..size - 1)
        .zip(&statements)
        .map(|(entry_index, statement)| Companion {
            entry_index,
            path: path(entry_index),
            statement: statement.clone(),
        })
        .collect();
    let extra = Extra { subject: About::Statement(forged), companions };
    let proof = Proof {
        unauthenticated_extra: Some(extra.encode().unwrap()),
        index: size - 1,
        inclusion: path(size - 1),
        checkpoint: note,
    };
    let report = report(proof.to_string().as_bytes());
    assert_eq!(outcome(&report, Subject::Inclusion), Some(Outcome::Pass));
    assert_eq!(outcome(&report, Subject::Signature), Some(Outcome::NotChecked), "{report:?}");
    assert_ne!(report.verdict(), Verdict::Verified);
}

#[test]
fn a_withheld_statement_is_proven_as_an_entry_and_no_more() {
    let (Sample { disk, ids }, entry_index) = quoting();
    let mut ledger = reopen(&disk);
    let redaction = notice(NoticeKind::Redaction, ids[ids.len() - 1]);
    append_as(&mut ledger, ("nadia", &recorder_key()), &[redaction], &[]);
    let path = "statements/000.p/14";
    let mut items = crate::it::sample::items(&disk.contents()[path].clone().unwrap());
    items[usize::try_from(entry_index).unwrap()].clear();
    let length = |item: &Vec<u8>| u16::try_from(item.len()).unwrap().to_be_bytes().to_vec();
    let bytes: Vec<u8> =
        items.iter().flat_map(|item| [length(item), item.clone()].concat()).collect();
    disk.tamper(path, &bytes);

    let proven = prove(&disk, entry_index);
    assert_eq!((proven.statement.as_ref(), proven.companions.len()), (None, 0));
    let report = report(proven.to_tlog_proof().unwrap().to_string().as_bytes());
    assert_eq!(report.verdict(), Verdict::Undecided);
    assert!(report.is_withheld);
    assert_eq!(report.entry_index, Some(entry_index));
    let error = proven.to_transparent(&log_key(), TIME).unwrap_err().to_string();
    assert!(error.contains("withheld"), "{error}");
    // A notice that speaks of it can be proven; that its target is not there is said.
    let notice = prove(&disk, entry_index + 1);
    assert_eq!(notice.left_out, [(entry_index, "it is withheld")]);
    assert_eq!(verdict(notice.to_tlog_proof().unwrap().to_string().as_bytes()), Verdict::Undecided);
}

/// A source that counts what is read.
struct Counting {
    store: Store<SimulatedDisk>,
    read: std::cell::RefCell<BTreeMap<String, u32>>,
}

impl Source for Counting {
    fn name(&self, path: &FilePath) -> String {
        Source::name(&self.store, path)
    }

    fn read(&self, path: &FilePath, limit: u64) -> Result<Option<Vec<u8>>, whosaid::store::Error> {
        *self.read.borrow_mut().entry(path.to_string()).or_default() += 1;
        Source::read(&self.store, path, limit)
    }

    fn files(&self) -> Result<Option<Vec<whosaid::store::Found>>, whosaid::store::Error> {
        Ok(None)
    }

    fn pending(&self) -> Result<Option<whosaid::store::journal::Journal>, whosaid::store::Error> {
        Ok(None)
    }
}

#[test]
fn proving_by_number_reads_a_handful_of_files() {
    let Sample { disk, ids } = large();
    let store = Store::open(disk).unwrap();
    let counting = Counting { store, read: std::cell::RefCell::default() };
    let published = Published::open(&counting, &policy()).unwrap();
    let last = ids.len() as u64 - 1;
    assert_eq!(published.prove(last).unwrap().companions.len(), 1);
    let files: Vec<String> = counting.read.borrow().keys().cloned().collect();
    // The entry's own bundle and the charter's, the edge of the tree, and nothing else.
    let expected = [
        "checkpoint",
        "statements/000",
        "statements/001.p/44",
        "tile/0/000",
        "tile/0/001.p/44",
        "tile/1/000.p/1",
        "tile/entries/000",
        "tile/entries/001.p/44",
    ];
    assert_eq!(files, expected);
    assert_eq!(published.prove(CLAIM).unwrap().companions.len(), 4);
}

#[test]
fn a_receipt_of_another_log_beside_ours_is_left_unchecked_and_said() {
    let (Sample { disk, .. }, entry_index) = quoting();
    let mut parts = Transparent::parse(&scitt(&disk, entry_index)).unwrap();
    let entry = Hash::of(&parts.statement);
    let other = SecretKey::from_seed(&[8; 32]);
    let tree = Tree { size: 1, root: leaf_hash(entry.as_bytes()) };
    let key = VerifierKey::new("other.example", Algorithm::Ed25519, other.public()).unwrap();
    let checkpoint = Checkpoint {
        origin: "other.example".to_owned(),
        size: 1,
        root: tree.root,
        extensions: Vec::new(),
    };
    let text = checkpoint.to_string();
    let signature = Signature::sign("other.example", &other, &text).unwrap();
    let note = Note::new(text, vec![signature]).unwrap();
    let trusted = Trusted::open_note(&note, &Policy::of_log(key)).unwrap();
    let leaf = Leaf { index: 0, hash: tree.root };
    let theirs =
        Receipt::issue(&trusted, &leaf, Inclusion(Vec::new()), ("sub", TIME), &other).unwrap();
    parts.receipts.push(theirs.encode().unwrap());
    let both = parts.encode().unwrap();
    let report = report(&both);
    assert_eq!(report.verdict(), Verdict::Verified);
    assert_eq!(report.notes.len(), 1, "{:?}", report.notes);
    parts.receipts.remove(0);
    assert_eq!(verdict(&parts.encode().unwrap()), Verdict::Failed);
    assert_eq!(Id::from_hash(entry), report.id.unwrap());
}
