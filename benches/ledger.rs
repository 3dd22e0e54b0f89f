//! First figures: what a person waits for, each beside the bare cost of its signatures, hashes and
//! disk writes, measured in the same run. Only the ratios travel from one machine to another.
//!
//! `cargo bench` prints the table. Medians of interleaved runs, because machines are shared.
#![expect(clippy::disallowed_methods, reason = "a benchmark reads the clock and writes files")]

use std::fs::{self, File};
use std::hint::black_box;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use whosaid::attribution::id::Id;
use whosaid::attribution::keyring::Signed;
use whosaid::attribution::record::Record;
use whosaid::attribution::record::charter::{Charter, FORMAT, Power, Recorder as First};
use whosaid::attribution::record::claim::{Act, Claim, Passage, Polarity, Proposition, Who};
use whosaid::attribution::record::claim::{Hop, HopBasis, HopRelation, Mode};
use whosaid::attribution::record::document::{Capture, Document, DocumentKind};
use whosaid::attribution::record::party::{Name, Party, PartyKind};
use whosaid::attribution::statement;
use whosaid::audit::audit;
use whosaid::audit::captures::Held;
use whosaid::audit::graph::Graph;
use whosaid::cbor;
use whosaid::hash::Hash;
use whosaid::index::Index;
use whosaid::key::SecretKey;
use whosaid::ledger::batch::{Batch, Recorder};
use whosaid::ledger::writing::{self, Ledger};
use whosaid::selector::Selector;
use whosaid::store::Store;
use whosaid::store::os::OsDisk;
use whosaid::tlog::note::{Algorithm, VerifierKey};
use whosaid::tlog::policy::Policy;
use whosaid::verify::report::Verdict;
use whosaid::verify::verify;

const ORIGIN: &str = "bench.example/claims";
const TIME: u64 = 1_732_500_000;
const CAPTURE: &[u8] = b"The ministry stated that a delegation will come to the capital soon.";

fn main() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut desk = Desk::found(&folder.path().join("ledger"));
    desk.fill(1_000);
    println!("{:<44} {:>11} {:>11} {:>7}  beside", "", "took", "bare", "ratio");
    append_one(&mut desk, folder.path());
    append_a_thousand(&mut desk);
    desk.fill(10_000);
    verify_and_audit(&desk);
}

/// One claim, from the record to the durable checkpoint.
fn append_one(desk: &mut Desk, folder: &Path) {
    let (mut took, mut bare) = (Vec::new(), Vec::new());
    for round in 0..30 {
        let record = desk.next_claim();
        took.push(time(|| desk.append(std::slice::from_ref(&record))));
        bare.push(time(|| replace_durably(&folder.join("bare"), round)));
    }
    let beside = "one file replaced durably (write, fsync, rename, fsync)";
    print("append one claim", median(took), median(bare), beside);
}

/// A thousand claims in one batch.
fn append_a_thousand(desk: &mut Desk) {
    let (mut took, mut bare) = (Vec::new(), Vec::new());
    for _ in 0..3 {
        let records: Vec<Record> = (0..1_000).map(|_| desk.next_claim()).collect();
        bare.push(time(|| records.iter().for_each(|record| seal_bare(record, &desk.key))));
        took.push(time(|| desk.append(&records)));
    }
    let beside = "1,000 × (canonical CBOR, sign, SHA-256)";
    print("append 1,000 claims in one batch", median(took), median(bare), beside);
}

/// The whole ledger, and one claim of it.
fn verify_and_audit(desk: &Desk) {
    let bytes = statement::seal(&desk.claim(0), "desk", TIME, &desk.key).expect("a claim").0;
    let opened = statement::open(&bytes).expect("a statement");
    let public = desk.key.public();
    let message = vec![7; bytes.len()];
    let signature = desk.key.sign(&message);
    let (mut took, mut bare, mut audited, mut graphed) = (vec![], vec![], vec![], vec![]);
    for _ in 0..3 {
        bare.push(time(|| {
            for _ in 0..10_000 {
                assert!(public.verifies(black_box(&message), &signature));
                black_box(Hash::of(black_box(&bytes)));
            }
        }));
        let mut signed: Vec<Signed> = Vec::new();
        took.push(time(|| {
            let store = Store::open(OsDisk::new(&desk.folder)).expect("a ledger");
            let verified = verify(&store, &desk.policy, threads, &mut |it| signed.push(it), &mut |_, _| ());
            let report = verified.expect("a readable disk").report;
            assert_eq!(report.verdict(), Verdict::Verified, "{:?}", report.faults);
        }));
        let middle = signed[signed.len() / 2].statement().id();
        let mut graph = None;
        graphed.push(time(|| graph = Some(Graph::new(signed, [], |_, _| false))));
        let graph = graph.expect("a graph");
        let held = |_: &Hash| Held::Bytes(CAPTURE.to_vec());
        audited.push(time(|| drop(audit(&graph, middle, &held).expect("a claim"))));
    }
    drop(opened);
    let (took, bare) = (median(took), median(bare));
    print("verify about 10,000 claims", took, bare, "10,000 × (verify_strict, SHA-256)");
    let one = bare / 10_000;
    print("… then connect them as a graph", median(graphed), one, "one signature and hash");
    print("… then audit one of them", median(audited), one, "one signature and hash");
}

/// A ledger on a real disk, and who writes to it.
struct Desk {
    folder: std::path::PathBuf,
    ledger: Ledger<OsDisk>,
    policy: Policy,
    key: SecretKey,
    party: Id,
    document: Id,
    claims: u64,
}

impl Desk {
    fn found(folder: &Path) -> Self {
        fs::create_dir(folder).expect("a folder");
        let key = SecretKey::from_seed(&[2; 32]);
        let log = || SecretKey::from_seed(&[1; 32]);
        let verifier = VerifierKey::new(ORIGIN, Algorithm::Ed25519, log().public());
        let policy = Policy::of_log(verifier.expect("a name"));
        let store = Store::open(OsDisk::new(folder)).expect("a folder");
        let index = Index::open(&folder.with_file_name("index")).expect("an index");
        let mut ledger =
            writing::found(store, &policy, ORIGIN, log(), index).expect("an empty folder");
        let recorder = Recorder { name: "desk", key: &key, recorded_at: TIME };
        let mut batch = Batch::new(&ledger, recorder).expect("a clock");
        batch.add(&charter(&log(), &key)).expect("a charter");
        let party = batch.add(&party()).expect("a party").id;
        let document = batch.add(&document()).expect("a document").id;
        batch.keep(CAPTURE.to_vec());
        let addition = batch.finish();
        ledger.commit(&addition).expect("a commit");
        Self { folder: folder.to_owned(), ledger, policy, key, party, document, claims: 0 }
    }

    /// Appends claims until there are so many.
    fn fill(&mut self, count: u64) {
        let missing = count.saturating_sub(self.claims);
        let records: Vec<Record> = (0..missing).map(|_| self.next_claim()).collect();
        records.chunks(1_000).for_each(|chunk| self.append(chunk));
    }

    fn append(&mut self, records: &[Record]) {
        let recorder = Recorder { name: "desk", key: &self.key, recorded_at: TIME };
        let mut batch = Batch::new(&self.ledger, recorder).expect("a clock");
        for record in records {
            batch.add(record).expect("a claim");
        }
        let addition = batch.finish();
        self.ledger.commit(&addition).expect("a commit");
    }

    fn next_claim(&mut self) -> Record {
        self.claims += 1;
        self.claim(self.claims)
    }

    /// A claim of about 600 bytes of CBOR, as real ones have.
    fn claim(&self, number: u64) -> Record {
        let text = format!("Announcement {number}: a delegation will come to the capital soon.");
        Record::Claim(Box::new(Claim {
            speaker: Who::Party(self.party),
            speaker_as_written: Some("The ministry".to_owned()),
            role_as_written: None,
            act: Act::Announce,
            polarity: Polarity::Asserted,
            said_at: None,
            place: Some("the capital".to_owned()),
            event: None,
            proposition: Proposition { text, lang: Some("en".to_owned()), modality: None },
            document: Some(self.document),
            passage: Some(Passage {
                mode: Mode::Indirect,
                capture: Hash::of(CAPTURE),
                profile: "plain/1".to_owned(),
                segments: vec![Selector::quote("a delegation will come to the capital soon")],
                cue: Some("stated that".to_owned()),
                translator: None,
            }),
            chain: vec![Hop {
                by: Who::Party(self.party),
                kind: Some(DocumentKind::Statement),
                document: None,
                passage: None,
                cue: Some("stated that".to_owned()),
                relation: HopRelation::Paraphrases,
                basis: HopBasis::NamedSource,
                reported_at: None,
                modality: None,
                unreachable: Some("no link given".to_owned()),
            }],
            about: Vec::new(),
        }))
    }
}

fn charter(log: &SecretKey, key: &SecretKey) -> Record {
    Record::Charter(Charter {
        format: FORMAT,
        origin: ORIGIN.to_owned(),
        title: "A benchmark".to_owned(),
        purpose: "Figures.".to_owned(),
        log: log.public(),
        recorders: vec![First {
            name: "desk".to_owned(),
            key: key.public(),
            powers: vec![Power::Record, Power::Keys],
        }],
    })
}

fn party() -> Record {
    let names = vec![Name { text: "The ministry".to_owned(), lang: None, kind: None }];
    Record::Party(Party {
        key: "ministry".to_owned(),
        kind: PartyKind::Ministry,
        names,
        ids: Vec::new(),
        part_of: Vec::new(),
        roles: Vec::new(),
        anonymity: None,
    })
}

fn document() -> Record {
    let capture = Capture::of(Hash::of(CAPTURE), CAPTURE.len() as u64, "text/plain");
    Record::Document(Document {
        kind: DocumentKind::Article,
        title: Some("An article".to_owned()),
        publisher: None,
        channel: None,
        url: None,
        aliases: Vec::new(),
        language: Some("en".to_owned()),
        published: None,
        byline: None,
        credits: Vec::new(),
        cites: Vec::new(),
        captures: vec![capture],
    })
}

/// What sealing costs at the least.
fn seal_bare(record: &Record, key: &SecretKey) {
    let payload = cbor::encode(record).expect("a record");
    black_box(key.sign(&payload));
    black_box(Hash::of(&payload));
}

/// What one durable change of a file costs at the least.
fn replace_durably(path: &Path, round: u64) {
    let temporary = path.with_extension("tmp");
    let mut file = File::create(&temporary).expect("a file");
    file.write_all(&round.to_be_bytes()).expect("a write");
    file.sync_all().expect("a sync");
    fs::rename(&temporary, path).expect("a rename");
    File::open(path.parent().expect("a folder")).and_then(|it| it.sync_all()).expect("a sync");
}

fn time(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

fn print(what: &str, took: Duration, bare: Duration, beside: &str) {
    let ratio = took.as_secs_f64() / bare.as_secs_f64();
    println!("{what:<44} {took:>11.2?} {bare:>11.2?} {ratio:>7.2}  {beside}");
}
