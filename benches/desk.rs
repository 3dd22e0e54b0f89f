//! The ledger that is measured: a desk with one recorder, one document and many claims of about 600
//! bytes of CBOR, as real ones have. The same seed gives the same claims.

use std::fs;
use std::io::{BufReader, Read};
use std::num::NonZeroUsize;
use std::path::Path;

use whosaid::attribution::id::Id;
use whosaid::attribution::record::Record;
use whosaid::attribution::record::charter::{Charter, FORMAT, Power, Recorder as First};
use whosaid::attribution::record::claim::{Act, Claim, Passage, Polarity, Proposition, Who};
use whosaid::attribution::record::claim::{Hop, HopBasis, HopRelation, Mode};
use whosaid::attribution::record::document::{Capture, Document, DocumentKind};
use whosaid::attribution::record::party::{Name, Party, PartyKind};
use whosaid::hash::Hash;
use whosaid::import::engine::{self, BLOCK, COMMIT, Options};
use whosaid::import::forms::jsonl;
use whosaid::import::outcome::RowOutcome;
use whosaid::index::Index;
use whosaid::key::SecretKey;
use whosaid::ledger::batch::{Batch, Recorder};
use whosaid::ledger::writing::{self, Ledger};
use whosaid::selector::Selector;
use whosaid::store::Store;
use whosaid::store::os::OsDisk;
use whosaid::tlog::note::{Algorithm, VerifierKey};
use whosaid::tlog::policy::Policy;
use whosaid::verify::remembered::{begin, remember};
use whosaid::verify::report::Verdict;

pub(crate) const ORIGIN: &str = "bench.example/claims";
pub(crate) const TIME: u64 = 1_732_500_000;
pub(crate) const CAPTURE: &[u8] =
    b"The ministry stated that a delegation will come to the capital soon.";

fn log_key() -> SecretKey {
    SecretKey::from_seed(&[1; 32])
}

/// The policy that trusts the ledger.
pub(crate) fn policy() -> Policy {
    let verifier = VerifierKey::new(ORIGIN, Algorithm::Ed25519, log_key().public());
    Policy::of_log(verifier.expect("a name"))
}

/// How many threads work at once.
pub(crate) fn threads() -> NonZeroUsize {
    std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)
}

/// A record as a line of JSON.
pub(crate) fn line_of(record: &Record) -> Vec<u8> {
    let mut line = serde_json::to_vec(record).expect("a record");
    line.push(b'\n');
    line
}

/// Lines as one stream, made while it is read.
struct Lines<I> {
    source: I,
    rest: Vec<u8>,
    at: usize,
}

impl<I: Iterator<Item = Vec<u8>>> Read for Lines<I> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.at == self.rest.len() {
            self.rest = self.source.next().unwrap_or_default();
            self.at = 0;
        }
        let length = buffer.len().min(self.rest.len() - self.at);
        buffer[..length].copy_from_slice(&self.rest[self.at..self.at + length]);
        self.at += length;
        Ok(length)
    }
}

/// A ledger on a real disk, and who writes to it.
pub(crate) struct Desk {
    pub(crate) folder: std::path::PathBuf,
    pub(crate) ledger: Ledger<OsDisk>,
    pub(crate) policy: Policy,
    pub(crate) key: SecretKey,
    party: Id,
    document: Id,
    pub(crate) claims: u64,
}

impl Desk {
    pub(crate) fn found(folder: &Path) -> Self {
        fs::create_dir(folder).expect("a folder");
        let key = SecretKey::from_seed(&[2; 32]);
        let policy = policy();
        let store = Store::open(OsDisk::new(folder)).expect("a folder");
        let index = Index::open(&folder.with_extension("index")).expect("an index");
        let mut ledger =
            writing::found(store, &policy, ORIGIN, log_key(), index).expect("an empty folder");
        let recorder = Recorder { name: "desk", key: &key, recorded_at: TIME };
        let mut batch = Batch::new(&ledger, recorder).expect("a clock");
        batch.add(&charter(&log_key(), &key)).expect("a charter");
        let party = batch.add(&party()).expect("a party").id;
        let document = batch.add(&document()).expect("a document").id;
        batch.keep(CAPTURE.to_vec());
        let addition = batch.finish();
        ledger.commit(&addition).expect("a commit");
        Self { folder: folder.to_owned(), ledger, policy, key, party, document, claims: 0 }
    }

    /// Imports claims, as JSON Lines, until there are so many.
    pub(crate) fn fill(&mut self, count: u64) {
        let first = self.claims;
        self.claims = self.claims.max(count);
        let (party, document) = (self.party, self.document);
        let lines = (first..self.claims).map(|number| line_of(&claim(party, document, number)));
        let mut reader = Lines { source: lines, rest: Vec::new(), at: 0 };
        self.import(&mut reader);
    }

    /// Imports JSON Lines.
    pub(crate) fn import(&mut self, lines: impl Read) {
        let mut bring = |_: &Hash| None;
        let mut rows = jsonl::Reader::new(BufReader::new(lines), &mut bring);
        let recorder = Recorder { name: "desk", key: &self.key, recorded_at: TIME };
        let options = Options { dry_run: false, commit: COMMIT, block: BLOCK, threads: threads() };
        let refused = &mut |outcome: &RowOutcome| assert!(outcome.problem.is_none(), "{outcome:?}");
        engine::run(&mut rows, &mut self.ledger, recorder, options, refused).expect("an import");
    }

    pub(crate) fn append(&mut self, records: &[Record]) {
        let recorder = Recorder { name: "desk", key: &self.key, recorded_at: TIME };
        let mut batch = Batch::new(&self.ledger, recorder).expect("a clock");
        for record in records {
            batch.add(record).expect("a claim");
        }
        let addition = batch.finish();
        self.ledger.commit(&addition).expect("a commit");
    }

    /// The file of the writer's index.
    pub(crate) fn index_file(&self) -> std::path::PathBuf {
        self.folder.with_extension("index")
    }

    /// What somebody remembers who has verified the ledger.
    pub(crate) fn verified_before(&self) -> Index {
        let path = self.folder.with_extension("verified");
        let mut index = Index::open(&path).expect("an index");
        let store = Store::open(OsDisk::new(&self.folder)).expect("a ledger");
        let done = begin(&store, &self.policy, &mut index, threads(), &mut |_, _| ());
        let (verification, fresh) = done.expect("a readable disk");
        assert_eq!(verification.report.verdict(), Verdict::Verified);
        remember(&mut index, &fresh, &verification).expect("an index");
        index
    }

    pub(crate) fn next_claim(&mut self) -> Record {
        self.claims += 1;
        self.claim(self.claims)
    }

    /// The claim with a number.
    pub(crate) fn claim(&self, number: u64) -> Record {
        claim(self.party, self.document, number)
    }
}

/// A claim of about 600 bytes of CBOR, as real ones have.
fn claim(party: Id, document: Id, number: u64) -> Record {
    let text = format!("Announcement {number}: a delegation will come to the capital soon.");
    Record::Claim(Box::new(Claim {
        speaker: Who::Party(party),
        speaker_as_written: Some("The ministry".to_owned()),
        role_as_written: None,
        act: Act::Announce,
        polarity: Polarity::Asserted,
        said_at: None,
        place: Some("the capital".to_owned()),
        event: None,
        proposition: Proposition { text, lang: Some("en".to_owned()), modality: None },
        document: Some(document),
        passage: Some(Passage {
            mode: Mode::Indirect,
            capture: Hash::of(CAPTURE),
            profile: "plain/1".to_owned(),
            segments: vec![Selector::quote("a delegation will come to the capital soon")],
            cue: Some("stated that".to_owned()),
            translator: None,
        }),
        chain: vec![Hop {
            by: Who::Party(party),
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
        title: Some("An article".to_owned()),
        language: Some("en".to_owned()),
        captures: vec![capture],
        ..Document::of(DocumentKind::Article)
    })
}
