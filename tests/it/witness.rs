//! A witness by its own rules (C2SP tlog-witness): every status, in a room without sockets; the
//! race of two requests from one size, through the server too; and what a crash leaves, at every
//! step of the disk.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use signed_note::{StandardVerifier, VerifierList};
use whosaid::hash::Hash;
use whosaid::http::connections::Limits;
use whosaid::http::server::Server;
use whosaid::http::witness::{LIMITS, service};
use whosaid::key::SecretKey;
use whosaid::store::os::OsDisk;
use whosaid::store::simulated::{Bytes, Fault, Names, SimulatedDisk, Survival};
use whosaid::tlog::add_checkpoint::{AddCheckpoint, SIZE_TYPE, monitoring_path};
use whosaid::tlog::checkpoint::{Checkpoint, Trusted};
use whosaid::tlog::merkle::{
    Consistency, Node, NodeReader, Sizes, Tree, empty_root, leaf_hash, node_hash,
    prove_consistency, root,
};
use whosaid::tlog::note::{Algorithm, Note, Signature, VerifierKey};
use whosaid::tlog::policy::Policy;
use whosaid::witness::{Answer, Error, Witness};

use crate::it::damage::{reads_one_spelling, refuses_every_damage};

const ORIGIN: &str = "example.org/claims";
const WITNESS: &str = "witness.example.org/w1";
const NOW: u64 = 1_700_000_000;

/// Seed 1 is the log's and seed 2 the witness's, as in the vectors of the specification notes.
fn key(seed: u8) -> SecretKey {
    SecretKey::from_seed(&[seed; 32])
}

fn log_key() -> VerifierKey {
    VerifierKey::new(ORIGIN, Algorithm::Ed25519, key(1).public()).expect("a good name")
}

/// A log in two histories: entry i is `claim-<i>`, in history b from `fork` on `other-<i>`.
#[derive(Clone, Copy)]
struct History {
    fork: u64,
}

/// The true history.
const TRUE: History = History { fork: u64::MAX };

impl History {
    fn leaf(self, index: u64) -> Hash {
        let word = if index < self.fork { "claim" } else { "other" };
        leaf_hash(format!("{word}-{index}").as_bytes())
    }

    fn node(self, level: u8, index: u64) -> Hash {
        match level {
            0 => self.leaf(index),
            _ => {
                let (left, right) = (2 * index, 2 * index + 1);
                node_hash(&self.node(level - 1, left), &self.node(level - 1, right))
            }
        }
    }

    fn tree(self, size: u64) -> Tree {
        let root = if size == 0 { empty_root() } else { root(size, &mut Nodes(self)).unwrap() };
        Tree { size, root }
    }

    fn proof(self, old: u64, new: u64) -> Consistency {
        match old {
            0 => Consistency(Vec::new()),
            _ => prove_consistency(Sizes { old, new }, &mut Nodes(self)).unwrap(),
        }
    }

    fn note(self, size: u64) -> Note {
        signed(&text(self.tree(size)), ORIGIN, 1)
    }

    fn request(self, old: u64, new: u64) -> AddCheckpoint {
        AddCheckpoint { old_size: old, proof: self.proof(old, new), checkpoint: self.note(new) }
    }
}

struct Nodes(History);

impl NodeReader for Nodes {
    type Error = std::convert::Infallible;

    fn read_nodes(&mut self, nodes: &[Node]) -> Result<Vec<Hash>, Self::Error> {
        Ok(nodes.iter().map(|node| self.0.node(node.level, node.index)).collect())
    }
}

fn text(Tree { size, root }: Tree) -> String {
    let origin = ORIGIN.to_owned();
    Checkpoint { origin, size, root, extensions: Vec::new() }.to_string()
}

fn signed(text: &str, name: &str, seed: u8) -> Note {
    let signature = Signature::sign(name, &key(seed), text).expect("a good name");
    Note::new(text, vec![signature]).expect("a note")
}

fn witness(disk: &SimulatedDisk) -> Witness<SimulatedDisk> {
    Witness::open(WITNESS, key(2), vec![log_key()], disk.clone()).expect("a disk that works")
}

fn ask(witness: &Witness<SimulatedDisk>, request: &AddCheckpoint) -> Answer {
    witness.add_checkpoint(request.to_string().as_bytes(), NOW)
}

/// The cosignature in a 200, checked by the witness's key; its time.
fn cosigned(answer: &Answer, request: &AddCheckpoint) -> u64 {
    assert_eq!(answer.status, 200, "{}", answer.body);
    let line: Signature = answer.body.parse().expect("a signature line");
    let note = Note::new(request.checkpoint.text(), vec![line]).expect("a note");
    let verifier = VerifierKey::new(WITNESS, Algorithm::Cosignature, key(2).public()).unwrap();
    note.verify(&[&verifier]).expect("it holds")[0].time.expect("a cosignature")
}

#[test]
fn a_log_that_grows_is_cosigned_at_every_step() {
    let disk = SimulatedDisk::new();
    let witness = witness(&disk);
    let mut old = 0;
    for size in [0, 1, 1, 2, 3, 3, 7, 8, 64, 130] {
        let request = TRUE.request(old, size);
        assert_eq!(cosigned(&ask(&witness, &request), &request), NOW);
        old = size;
    }
    let latest = witness.latest(&monitoring_path(ORIGIN));
    assert_eq!(latest.status, 200);
    let note = Note::parse(latest.body.as_bytes()).unwrap();
    assert_eq!(note.text(), text(TRUE.tree(130)));
    assert_eq!(note.signatures().len(), 2, "the log's and ours");
}

#[test]
fn the_vectors_of_the_specification_notes_come_out_to_the_byte() {
    let disk = SimulatedDisk::new();
    let witness = witness(&disk);
    let vkey = "witness.example.org/w1+6d7ef907+BIE5dw6ofRdfVqNUZsNMfszLjYqRtO43ol32D1uPybOU";
    assert_eq!(witness.verifier().to_string(), vkey);
    let root = "RAm0mSCAkZzY0YOrTf4fwS+fPj4EnlUTOSY9oO7rwmg=";
    let line = "\u{2014} witness.example.org/w1 bX75BwAAAABlU/EANoin843rRkp5Q9h2v2EmFCuliNuEhU7HwTm\
        ZzPqdKCvdBlJFlzNbe+ts9Tjy7pUEikJmfpWeqhsNMSz2Qxt4Cw==\n";
    let body = format!(
        "old 0\n\n{ORIGIN}\n300\n{root}\n\n\u{2014} {ORIGIN} XqeHRlCvy8PHII3vpU4djAdgVZh/01JB5uRg\
         +OVt9pnr1Oe+xnOVwJncsayS9b8c/GKCh+KZpWskBwkwnifPigvRyAg=\n"
    );
    let answer = witness.add_checkpoint(body.as_bytes(), NOW);
    assert_eq!((answer.status, answer.body.as_str()), (200, line));
    assert_eq!(TRUE.tree(300).root.to_base64(), root, "our entries are those of the notes");
}

#[test]
fn every_status_of_the_specification() {
    let disk = SimulatedDisk::new();
    let witness = witness(&disk);
    let at_5 = TRUE.request(0, 5);
    let forked = History { fork: 3 };
    let with_proof =
        |proof: Consistency, request: AddCheckpoint| AddCheckpoint { proof, ..request };
    let check = |request: &AddCheckpoint, status: u16, what: &str| {
        let answer = ask(&witness, request);
        assert_eq!(answer.status, status, "{what}: {}", answer.body);
        answer
    };
    let nothing_kept = || assert_eq!(witness.latest(&monitoring_path(ORIGIN)).status, 404);

    // First contact.
    let answer = check(&TRUE.request(3, 5), 409, "a size never seen");
    assert_eq!((answer.content_type, answer.body.as_str()), (SIZE_TYPE, "0\n"));
    check(&with_proof(TRUE.proof(3, 5), at_5.clone()), 422, "a proof from nothing");
    let mut empty = TRUE.request(0, 0);
    empty.checkpoint = signed(&text(Tree { size: 0, root: Hash::of(b"x") }), ORIGIN, 1);
    check(&empty, 422, "no entries, and a root of its own");
    nothing_kept();
    check(&TRUE.request(0, 0), 200, "a log without entries");
    check(&at_5, 200, "its first entries");

    // After it.
    for old in [0, 1, 4, 6, 8] {
        let new = old.max(8);
        let answer = check(&TRUE.request(old, new), 409, "another size than the latest");
        assert_eq!((answer.content_type, answer.body.as_str()), (SIZE_TYPE, "5\n"));
    }
    let backwards = AddCheckpoint { old_size: 5, ..TRUE.request(0, 4) };
    check(&backwards, 400, "an old size beyond the checkpoint's");
    let backwards = AddCheckpoint { old_size: 4, ..TRUE.request(4, 4) };
    check(&backwards, 409, "a log that went back, and says so");
    check(&with_proof(TRUE.proof(4, 8), TRUE.request(5, 8)), 422, "another proof");
    check(&with_proof(Consistency(Vec::new()), TRUE.request(5, 8)), 422, "no proof");
    let mut long = TRUE.request(5, 8);
    long.proof.0.push(Hash::of(b"x"));
    check(&long, 422, "one hash too many");
    check(&forked.request(5, 8), 422, "another history that grows");
    check(&forked.request(5, 5), 422, "another history of one size");
    check(&with_proof(Consistency(vec![Hash::of(b"x")]), TRUE.request(5, 5)), 422, "idle proof");

    // Signatures.
    let unsigned = |note| AddCheckpoint { checkpoint: note, ..TRUE.request(5, 8) };
    let text8 = text(TRUE.tree(8));
    check(&unsigned(signed(&text8, ORIGIN, 9)), 403, "an unknown key of the origin's name");
    check(&unsigned(signed(&text8, "example.org/other", 1)), 403, "the key under another name");
    let cosigned = Signature::cosign(ORIGIN, &key(1), &text8, NOW).unwrap();
    check(&unsigned(Note::new(&*text8, vec![cosigned]).unwrap()), 403, "a cosignature of the log");
    let bad = signed(&text(TRUE.tree(7)), ORIGIN, 1).signatures().to_vec();
    check(&unsigned(Note::new(&*text8, bad.clone()).unwrap()), 403, "a signature of another text");
    let both = signed(&text8, ORIGIN, 1).with(bad).unwrap();
    check(&unsigned(both), 403, "a good one and a bad one");
    let other = text8.replace(ORIGIN, "example.org/other");
    check(&unsigned(signed(&other, "example.org/other", 1)), 404, "a log not followed");
    // Its own log may have signed it as well: the origin in the text is what counts.
    check(&unsigned(signed(&other, ORIGIN, 1)), 404, "a log not followed, under a known key");

    // Nothing of all that has changed anything.
    let request = TRUE.request(5, 5);
    check(&request, 200, "the same checkpoint again");
    check(&TRUE.request(5, 8), 200, "its growth");
    assert_eq!(witness.latest("nothing").status, 404);
    assert_eq!(witness.latest(&monitoring_path("example.org/other")).status, 404);
}

#[test]
fn what_is_no_request_is_400_and_what_is_too_long_413() {
    let disk = SimulatedDisk::new();
    let witness = witness(&disk);
    let good = TRUE.request(0, 5).to_string();
    let check = |bad: &str| {
        let answer = witness.add_checkpoint(bad.as_bytes(), NOW);
        assert_eq!(answer.status, 400, "{bad:?}: {}", answer.body);
    };
    for bad in ["", "\n", "old 0\n", "old 0\n\n", "old 0\n\n\n", "old 00\n\nx\n\n\u{2014} x y\n"] {
        check(bad);
    }
    // Every way to cut it, and every line turned into nonsense.
    for at in 0..good.len() {
        if good.is_char_boundary(at) {
            check(&good[..at]);
        }
    }
    check(&good.replacen("\n5\n", "\n05\n", 1));
    check(&good.replacen("\n5\n", "\n-5\n", 1));
    check(&good.replacen("\n5\n", "\n5\n\n", 1));
    check(&good.replacen("old 0", "old x", 1));
    let long = vec![b'x'; 600_000];
    assert_eq!(witness.add_checkpoint(&long, NOW).status, 413);
    assert_eq!(witness.add_checkpoint(&[0xff, 0xfe], NOW).status, 400);
    assert_eq!(witness.add_checkpoint(good.as_bytes(), NOW).status, 200);
}

#[test]
fn a_request_has_one_spelling_and_one_damaged_anywhere_is_not_cosigned() {
    let base = SimulatedDisk::new();
    assert_eq!(ask(&witness(&base), &TRUE.request(0, 3)).status, 200);
    let good = TRUE.request(3, 7).to_string();
    reads_one_spelling(good.as_bytes(), |bytes| {
        Some(AddCheckpoint::parse(bytes).ok()?.to_string().into_bytes())
    });
    refuses_every_damage(good.as_bytes(), |bytes| {
        witness(&base.copy()).add_checkpoint(bytes, NOW).status == 200
    });
}

#[test]
fn time_never_goes_back_and_is_never_nothing() {
    let disk = SimulatedDisk::new();
    let first = witness(&disk);
    let at = |witness: &Witness<SimulatedDisk>, now: u64, old: u64, size: u64| {
        let request = TRUE.request(old, size);
        cosigned(&witness.add_checkpoint(request.to_string().as_bytes(), now), &request)
    };
    let unset = first.add_checkpoint(TRUE.request(0, 1).to_string().as_bytes(), 0);
    assert_eq!(unset.status, 500, "a clock that was never set");
    let beyond = first.add_checkpoint(TRUE.request(0, 1).to_string().as_bytes(), u64::MAX);
    assert_eq!(beyond.status, 500, "a clock beyond 63 bits");
    assert_eq!(at(&first, NOW, 0, 1), NOW);
    assert_eq!(at(&first, NOW + 9, 1, 2), NOW + 9);
    assert_eq!(at(&first, NOW, 2, 3), NOW + 9, "the clock was put back");
    drop(first);
    assert_eq!(at(&witness(&disk), 1, 3, 3), NOW + 9, "and after a new start");
}

#[test]
fn only_the_logs_own_lines_are_kept_and_several_keys_of_one_log_will_do() {
    let disk = SimulatedDisk::new();
    let second = VerifierKey::new(ORIGIN, Algorithm::Ed25519, key(5).public()).unwrap();
    let logs = vec![log_key(), second];
    let witness = Witness::open(WITNESS, key(2), logs, disk).unwrap();
    let stranger = Signature::sign("stranger.example", &key(9), &text(TRUE.tree(2))).unwrap();
    let by_second = Signature::sign(ORIGIN, &key(5), &text(TRUE.tree(2))).unwrap();
    let mut request = TRUE.request(0, 2);
    request.checkpoint = Note::new(request.checkpoint.text(), vec![stranger, by_second]).unwrap();
    assert_eq!(ask(&witness, &request).status, 200);
    let latest = Note::parse(witness.latest(&monitoring_path(ORIGIN)).body.as_bytes()).unwrap();
    let names: Vec<&str> = latest.signatures().iter().map(Signature::name).collect();
    assert_eq!(names, [ORIGIN, WITNESS]);
    // The other key may sign the next checkpoint: it is one log.
    assert_eq!(ask(&witness, &TRUE.request(2, 3)).status, 200);
}

#[test]
fn logs_are_remembered_apart_from_one_another() {
    let other = "example.org/other";
    let logs =
        vec![log_key(), VerifierKey::new(other, Algorithm::Ed25519, key(3).public()).unwrap()];
    let witness = Witness::open(WITNESS, key(2), logs, SimulatedDisk::new()).unwrap();
    assert_eq!(ask(&witness, &TRUE.request(0, 5)).status, 200);
    let text = text(TRUE.tree(2)).replace(ORIGIN, other);
    let request = AddCheckpoint { checkpoint: signed(&text, other, 3), ..TRUE.request(0, 2) };
    assert_eq!(ask(&witness, &request).status, 200);
    assert_eq!(ask(&witness, &TRUE.request(5, 6)).status, 200);
    assert!(witness.latest(&monitoring_path(other)).body.starts_with(other));
}

#[test]
fn a_memory_that_cannot_be_relied_on_stops_the_witness() {
    let disk = SimulatedDisk::new();
    assert_eq!(ask(&witness(&disk), &TRUE.request(0, 5)).status, 200);
    let path = monitoring_path(ORIGIN);
    let good = disk.contents()[&path].clone().expect("a file");
    let opened = |disk: &SimulatedDisk, seed| {
        Witness::open(WITNESS, key(seed), vec![log_key()], disk.clone()).map(|_| ())
    };
    let mut refused = 0;
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 1;
        disk.tamper(&path, &bad);
        // Another signature of the log is not ours to judge; all that we cosigned is.
        refused += usize::from(matches!(opened(&disk, 2), Err(Error::Memory { .. })));
    }
    assert!(refused > good.len() / 2, "only {refused} of {}", good.len());
    disk.tamper(&path, &good[..good.len() / 2]);
    assert!(matches!(opened(&disk, 2), Err(Error::Memory { .. })), "cut short");
    disk.tamper(&path, b"");
    assert!(matches!(opened(&disk, 2), Err(Error::Memory { .. })), "empty");
    disk.tamper(&path, &good);
    assert!(matches!(opened(&disk, 7), Err(Error::Memory { .. })), "another key");
    opened(&disk, 2).expect("as it was");
}

#[test]
fn a_key_of_a_witness_is_no_log_and_a_bad_name_no_witness() {
    let open = |name: &str, log| Witness::open(name, key(2), vec![log], SimulatedDisk::new());
    let cosigner = VerifierKey::new("x", Algorithm::Cosignature, key(1).public()).unwrap();
    assert!(matches!(open(WITNESS, cosigner), Err(Error::NotALog(_))));
    assert!(matches!(open("two words", log_key()), Err(Error::Name(_))));
}

/// Everything that any witness ever answered: no two answers may disagree.
#[derive(Default)]
struct Ever {
    /// By size, the text that was cosigned.
    texts: BTreeMap<u64, String>,
    /// The times, with the sizes, in the order of the answers.
    order: Vec<(u64, u64)>,
}

impl Ever {
    fn note(&mut self, answer: &Answer, request: &AddCheckpoint, what: &str) {
        if answer.status != 200 {
            return;
        }
        let time = cosigned(answer, request);
        let text = request.checkpoint.text().to_owned();
        let size = text.parse::<Checkpoint>().unwrap().size;
        let before = self.texts.insert(size, text.clone());
        assert!(before.is_none_or(|before| before == text), "{what}: two trees of {size} entries");
        let last = self.order.last().copied().unwrap_or_default();
        assert!(last.0 <= time && last.1 <= size, "{what}: went back from {last:?} to {size}");
        self.order.push((time, size));
    }
}

#[test]
fn whatever_a_crash_leaves_the_witness_never_contradicts_an_answer() {
    let base = SimulatedDisk::new();
    let mut before = Ever::default();
    let first = TRUE.request(0, 3);
    before.note(&ask(&witness(&base), &first), &first, "at first");
    let mut cases = 0;
    for fault in [Fault::NotDone, Fault::DoneButReported, Fault::NothingWorks] {
        for step in 1.. {
            let disk = base.copy();
            disk.fail_at(step, fault);
            let request = TRUE.request(3, 5);
            let opened = Witness::open(WITNESS, key(2), vec![log_key()], disk.clone());
            let answer = opened.map(|witness| {
                let answer = ask(&witness, &request);
                disk.mend();
                // The client does not know; it asks again, and so does one with another history.
                let again = ask(&witness, &request);
                let forked = History { fork: 4 };
                let other = ask(&witness, &forked.request(3, 5));
                assert_ne!((answer.status, other.status), (200, 200));
                assert_ne!((again.status, other.status), (200, 200));
                vec![(answer, request.clone()), (again, request), (other, forked.request(3, 5))]
            });
            if disk.steps() < step {
                break;
            }
            for survival in disk.survivals() {
                cases += 1;
                let what = format!("{fault:?} at {step}, {survival:?}");
                let mut ever = Ever { texts: before.texts.clone(), order: before.order.clone() };
                for (answer, request) in answer.iter().flatten() {
                    ever.note(answer, request, &what);
                }
                survive(&disk.crash(survival), &mut ever, &what);
            }
        }
    }
    assert!(cases > 100, "only {cases} cases");
}

/// A witness on the disk that is left: asked by an honest log and by one that forks.
fn survive(disk: &SimulatedDisk, ever: &mut Ever, what: &str) {
    let witness = witness(disk);
    let served = witness.latest(&monitoring_path(ORIGIN));
    let served: Checkpoint =
        Note::parse(served.body.as_bytes()).unwrap().text().parse().expect("a checkpoint");
    let newest = ever.order.last().expect("one at least").1;
    assert!(served.size >= newest, "{what}: serves {} after answering {newest}", served.size);
    let forked = History { fork: 3 };
    for request in [
        forked.request(served.size, 6),
        forked.request(served.size, 5),
        TRUE.request(3, 4),
        TRUE.request(3, 5),
        forked.request(3, 6),
        TRUE.request(5, 6),
        forked.request(5, 6),
        TRUE.request(6, 6),
    ] {
        let answer = ask(&witness, &request);
        ever.note(&answer, &request, what);
    }
    // Whichever it is, the true log can go on from the size that it is told.
    let told = ask(&witness, &TRUE.request(0, 6));
    let size: u64 = told.body.trim_end().parse().expect("a size");
    let request = if ever.texts.contains_key(&6) && ever.texts[&6] != text(TRUE.tree(6)) {
        forked.request(size, 7)
    } else {
        TRUE.request(size, 7)
    };
    ever.note(&ask(&witness, &request), &request, what);
    assert!(ever.texts.contains_key(&7), "{what}: stuck at {size}");
}

#[test]
fn a_kill_between_remembering_and_answering_lets_the_log_ask_again() {
    let disk = SimulatedDisk::new();
    let request = TRUE.request(0, 5);
    // The answer is lost with the process: nobody reads it.
    let _ = ask(&witness(&disk), &request);
    let power_lost = disk.crash(Survival { names: Names::Nothing, bytes: Bytes::Lost });
    let witness = witness(&power_lost);
    let told = ask(&witness, &request);
    assert_eq!((told.status, told.body.as_str()), (409, "5\n"));
    let again = TRUE.request(5, 5);
    assert_eq!(cosigned(&ask(&witness, &again), &again), NOW);
    let other = History { fork: 2 };
    assert_eq!(ask(&witness, &other.request(5, 5)).status, 422);
}

#[test]
fn of_two_requests_from_one_size_exactly_one_is_cosigned() {
    for round in 0..40 {
        let witness = witness(&SimulatedDisk::new());
        assert_eq!(ask(&witness, &TRUE.request(0, 4)).status, 200);
        let requests = [TRUE.request(4, 5), History { fork: 4 }.request(4, 5)];
        let won = thread::scope(|scope| {
            let threads: Vec<_> = (0..4)
                .map(|thread| &requests[thread % 2])
                .map(|request| scope.spawn(|| ask(&witness, request).status))
                .collect();
            threads.into_iter().map(|it| it.join().unwrap()).filter(|it| *it == 200).count()
        });
        assert_eq!(won, 1, "round {round}");
        let latest = witness.latest(&monitoring_path(ORIGIN)).body;
        let kept = requests.iter().filter(|it| latest.starts_with(it.checkpoint.text())).count();
        assert_eq!(kept, 1, "round {round}");
    }
}

/// A witness behind its server, on a port of its own.
fn serve(limits: Limits) -> (SocketAddr, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let disk = OsDisk::new(folder.path());
    let witness = Witness::open(WITNESS, key(2), vec![log_key()], disk).unwrap();
    let clock = AtomicU64::new(NOW);
    let service = service(witness, move || clock.fetch_add(1, Ordering::SeqCst), |_| ());
    let server = Server::bind("127.0.0.1:0", limits).unwrap();
    let address = server.address().unwrap();
    thread::spawn(move || server.run(service, std::future::pending(), || ()));
    (address, folder)
}

/// Sends these bytes and reads all that comes back.
fn exchange(address: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    // A server that has seen enough may close before it has read all.
    let _ = stream.write_all(bytes);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

fn post(address: SocketAddr, body: &str) -> String {
    let length = body.len();
    let head = format!("POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nContent-Length: {length}\r\n");
    exchange(address, format!("{head}\r\n{body}").as_bytes())
}

fn status(answer: &str) -> u16 {
    answer.split(' ').nth(1).and_then(|it| it.parse().ok()).unwrap_or(0)
}

#[test]
fn of_many_requests_through_the_server_exactly_one_is_cosigned() {
    let (address, folder) = serve(LIMITS);
    assert_eq!(status(&post(address, &TRUE.request(0, 4).to_string())), 200);
    let bodies: Vec<String> =
        (0..24).map(|i| History { fork: 4 + i % 3 }.request(4, 12).to_string()).collect();
    let answers: Vec<String> = thread::scope(|scope| {
        let threads: Vec<_> =
            bodies.iter().map(|body| scope.spawn(move || post(address, body))).collect();
        threads.into_iter().map(|it| it.join().unwrap()).collect()
    });
    let count = |wanted: u16| answers.iter().filter(|it| status(it) == wanted).count();
    assert_eq!((count(200), count(409)), (1, 23), "{answers:?}");
    let told = answers.iter().filter(|it| status(it) == 409);
    for answer in told {
        assert!(answer.to_lowercase().contains("content-type: text/x.tlog.size"), "{answer}");
        assert!(answer.ends_with("\r\n\r\n12\n"), "{answer}");
    }
    let get = format!("GET /{} HTTP/1.1\r\nHost: w\r\n\r\n", monitoring_path(ORIGIN));
    let served = exchange(address, get.as_bytes());
    assert_eq!(status(&served), 200);
    let body = served.split("\r\n\r\n").nth(1).unwrap();
    let kept = std::fs::read_to_string(folder.path().join(monitoring_path(ORIGIN))).unwrap();
    assert_eq!(body, kept, "it serves what it keeps");
    assert!(!served.to_lowercase().contains("chunked"));
}

#[test]
fn the_server_bounds_what_a_connection_may_take() {
    let limits = Limits { connections: 2, lifetime: Duration::from_millis(400), ..LIMITS };
    let (address, _folder) = serve(limits);
    let check = |bytes: &[u8], expected: u16| {
        let answer = exchange(address, bytes);
        assert_eq!(status(&answer), expected, "{answer}");
    };
    check(b"GET / HTTP/1.1\r\nHost: w\r\n\r\n", 404);
    check(b"GET /add-checkpoint HTTP/1.1\r\nHost: w\r\n\r\n", 405);
    check(b"PUT /add-checkpoint HTTP/1.1\r\nHost: w\r\nContent-Length: 0\r\n\r\n", 405);
    check(b"POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nContent-Length: 0\r\n\r\n", 400);
    check(b"nonsense\r\n\r\n", 400);
    let long = "x".repeat(600_000);
    assert_eq!(status(&post(address, &long)), 413);
    // A head that never ends, a body that never ends, and silence: closed without an answer.
    check(b"GET / HTTP/1.1\r\nHost: w\r\n", 0);
    check(b"POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nContent-Length: 9\r\n\r\nold", 0);
    check(b"", 0);
    // Two who say nothing hold the two places; a third is closed at once, and none is lost.
    let idle: Vec<TcpStream> = (0..2).map(|_| TcpStream::connect(address).unwrap()).collect();
    check(b"GET / HTTP/1.1\r\nHost: w\r\n\r\n", 0);
    drop(idle);
    let mut answered = 0;
    while answered == 0 {
        answered = status(&exchange(address, b"GET / HTTP/1.1\r\nHost: w\r\n\r\n"));
    }
    assert_eq!(answered, 404);
}

#[test]
fn other_peoples_readers_read_what_a_witness_serves() {
    let disk = SimulatedDisk::new();
    let witness = witness(&disk);
    assert_eq!(ask(&witness, &TRUE.request(0, 5)).status, 200);
    let latest = witness.latest(&monitoring_path(ORIGIN)).body;
    let note = signed_note::Note::from_bytes(latest.as_bytes()).expect("a note");
    let verifier = StandardVerifier::new(&log_key().to_string()).expect("a key");
    let (verified, unverified) =
        note.verify(&VerifierList::new(vec![Box::new(verifier)])).expect("the log's line holds");
    assert_eq!((verified.len(), unverified.len()), (1, 1), "the log's, and one it does not know");
    let read = tlog_tiles::Checkpoint::from_bytes(note.text()).expect("a checkpoint");
    assert_eq!((read.origin(), read.size()), (ORIGIN, 5));
    let policy = format!("log {}\nwitness w {}\nquorum w\n", log_key(), witness.verifier());
    let policy = Policy::parse(policy.as_bytes()).unwrap();
    let trusted = Trusted::open(latest.as_bytes(), &policy).unwrap();
    assert_eq!(trusted.logged_before().map(|it| it.time), Some(NOW));
}
