//! A ledger that witnesses cosign: who counts, what is published when they are down, and what is
//! found when one of them has seen another history.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use whosaid::attribution::record::Record;
use whosaid::index::Index;
use whosaid::key::SecretKey;
use whosaid::ledger::asking::{Alarm, Asked, Evidence, Messenger, Outcome, Reply};
use whosaid::ledger::cosigning::{self, Cosigning, Signers};
use whosaid::ledger::reading;
use whosaid::ledger::writing::{self, Error, Ledger};
use whosaid::store::Store;
use whosaid::store::simulated::{Fault, SimulatedDisk};
use whosaid::tlog::add_checkpoint::AddCheckpoint;
use whosaid::tlog::checkpoint::{self, Checkpoint, LoggedBefore, Trusted};
use whosaid::tlog::fork::{Fork, Said};
use whosaid::tlog::merkle::Prefix;
use whosaid::tlog::note::{Algorithm, Note, Signature, VerifierKey};
use whosaid::tlog::policy::{Policy, Quorum, Witness as Known};
use whosaid::verify::report::{FaultKind, Verdict};
use whosaid::verify::verify;
use whosaid::witness::Witness;

use crate::it::house::{self, ORIGIN, THREADS, TIME, append, log_key, party};

/// What stands at a witness's URL.
#[derive(Debug, Clone)]
enum Way {
    Honest,
    Down,
    /// Whatever is asked, this is the answer.
    Says(u16, Option<&'static str>, Vec<u8>),
    /// The honest answer, with something put before or in its place.
    Twisted(fn(&AddCheckpoint, Vec<u8>) -> Vec<u8>),
}

/// Witnesses in one room: `https://w0.example` and so on, each with a disk of its own.
#[derive(Debug, Clone)]
struct Room(Arc<Mutex<Inside>>);

#[derive(Debug)]
struct Inside {
    witnesses: Vec<Arc<Witness<SimulatedDisk>>>,
    ways: Vec<Way>,
    now: u64,
    /// Every text that was ever sent to anybody, by size.
    texts: BTreeMap<u64, Vec<String>>,
    posts: usize,
}

fn witness_key(number: u8) -> SecretKey {
    SecretKey::from_seed(&[10 + number; 32])
}

fn verifier(number: u8) -> VerifierKey {
    let name = format!("w{number}.example");
    VerifierKey::new(&name, Algorithm::Cosignature, witness_key(number).public()).unwrap()
}

impl Room {
    fn new(count: u8) -> Self {
        let log = VerifierKey::new(ORIGIN, Algorithm::Ed25519, log_key().public()).unwrap();
        let open = |number| {
            let name = format!("w{number}.example");
            let disk = SimulatedDisk::new();
            Arc::new(Witness::open(&name, witness_key(number), vec![log.clone()], disk).unwrap())
        };
        let witnesses = (0..count).map(open).collect();
        let ways = vec![Way::Honest; count.into()];
        let (now, texts, posts) = (TIME + 100, BTreeMap::new(), 0);
        Self(Arc::new(Mutex::new(Inside { witnesses, ways, now, texts, posts })))
    }

    fn set(&self, number: usize, way: Way) {
        self.0.lock().unwrap().ways[number] = way;
    }

    fn at(&self, now: u64) {
        self.0.lock().unwrap().now = now;
    }

    fn posts(&self) -> usize {
        std::mem::take(&mut self.0.lock().unwrap().posts)
    }

    /// No two texts of one size have ever been shown to anybody.
    fn check_one_history(&self, what: &str) {
        for (size, texts) in &self.0.lock().unwrap().texts {
            assert!(texts.windows(2).all(|two| two[0] == two[1]), "{what}: two of {size} entries");
        }
    }

    fn number(url: &str) -> (usize, &str) {
        let rest = url.strip_prefix("https://w").expect("a witness's URL");
        let (number, path) = rest.split_once(".example/").expect("a path");
        (number.parse().expect("a number"), path)
    }
}

impl Messenger for Room {
    fn post(&self, url: &str, body: &[u8]) -> Result<Reply, String> {
        let (number, path) = Self::number(url);
        assert_eq!(path, "add-checkpoint");
        let request = AddCheckpoint::parse(body).expect("what we send is well-formed");
        let said: Checkpoint = request.checkpoint.text().parse().unwrap();
        let (witness, way, now) = {
            let mut inside = self.0.lock().unwrap();
            inside.posts += 1;
            inside.texts.entry(said.size).or_default().push(said.to_string());
            (inside.witnesses[number].clone(), inside.ways[number].clone(), inside.now)
        };
        let ask = || {
            let answer = witness.add_checkpoint(body, now);
            let content_type = Some(answer.content_type.to_owned());
            Reply { status: answer.status, content_type, body: answer.body.into_bytes() }
        };
        match way {
            Way::Honest => Ok(ask()),
            Way::Down => Err("nobody answers".to_owned()),
            Way::Says(status, content_type, body) => {
                Ok(Reply { status, content_type: content_type.map(str::to_owned), body })
            }
            Way::Twisted(twist) => {
                let mut reply = ask();
                if reply.status == 200 {
                    reply.body = twist(&request, reply.body);
                }
                Ok(reply)
            }
        }
    }

    fn get(&self, url: &str) -> Result<Option<Vec<u8>>, String> {
        let (number, path) = Self::number(url);
        let inside = self.0.lock().unwrap();
        if matches!(inside.ways[number], Way::Down) {
            return Err("nobody answers".to_owned());
        }
        let answer = inside.witnesses[number].latest(path);
        Ok((answer.status == 200).then(|| answer.body.into_bytes()))
    }
}

/// The ledger's policy with so many witnesses.
fn policy(count: u8, quorum: Quorum) -> Policy {
    let add = |policy: Policy, number: u8| {
        let url = format!("https://w{number}.example");
        policy.with_witness(&format!("W{number}"), verifier(number), Some(&url)).unwrap()
    };
    (0..count).fold(house::policy(), add).with_quorum(quorum).unwrap()
}

fn open(
    disk: &SimulatedDisk,
    policy: &Policy,
    room: &Room,
) -> Result<Ledger<SimulatedDisk>, Error> {
    let messenger = Box::new(room.clone());
    let signers = Signers { policy: policy.clone(), log_key: log_key(), messenger };
    let index = Index::in_memory().expect("memory");
    writing::open_with(Store::open(disk.clone())?, signers, index)
}

/// Founds the ledger, and lets all witnesses cosign its first checkpoint.
fn founded(policy: &Policy, room: &Room) -> SimulatedDisk {
    let disk = SimulatedDisk::new();
    drop(house::open(&disk).expect("a ledger"));
    cosign(&disk, policy, room).expect("all cosign");
    room.posts();
    disk
}

fn cosign(
    disk: &SimulatedDisk,
    policy: &Policy,
    room: &Room,
) -> Result<Vec<Asked>, cosigning::Error> {
    let store = Store::open(disk.clone())?;
    let mut cosigning = Cosigning::open(store, policy)?;
    let witnesses: Vec<&Known> = policy.witnesses().iter().collect();
    cosigning.ask(policy, &witnesses, room)
}

fn note(disk: &SimulatedDisk) -> Vec<u8> {
    let store = Store::open(disk.clone()).unwrap();
    reading::checkpoint(&store).unwrap().expect("a checkpoint")
}

/// Who cosigned the checkpoint that stands there, if it is trusted.
fn cosigners(disk: &SimulatedDisk, policy: &Policy) -> Result<Vec<String>, checkpoint::Error> {
    let trusted = Trusted::open(&note(disk), policy)?;
    Ok(trusted.witnesses().into_iter().map(str::to_owned).collect())
}

fn verdict(disk: &SimulatedDisk, policy: &Policy) -> Verdict {
    let store = Store::open(disk.clone()).unwrap();
    verify(&store, policy, THREADS, &mut |_| (), &mut |_, _| ()).unwrap().report.verdict()
}

fn add(
    disk: &SimulatedDisk,
    policy: &Policy,
    room: &Room,
    records: &[Record],
) -> Result<Vec<Asked>, Error> {
    let mut ledger = open(disk, policy, room)?;
    append(&mut ledger, records)?;
    Ok(ledger.asked().to_vec())
}

fn refusals(asked: &[Asked]) -> Vec<&str> {
    let words = asked.iter().filter_map(|it| match &it.outcome {
        Outcome::Refused(what) => Some(what.as_str()),
        _ => None,
    });
    words.collect()
}

#[test]
fn every_checkpoint_is_cosigned_before_it_is_published() {
    let (room, policy) = (Room::new(2), policy(2, Quorum::All));
    let disk = founded(&policy, &room);
    for number in 0..5 {
        let asked = add(&disk, &policy, &room, &[party(&format!("p{number}"))]).unwrap();
        assert_eq!(asked.len(), 2);
        assert_eq!(refusals(&asked), Vec::<&str>::new());
        assert_eq!(cosigners(&disk, &policy).unwrap(), ["W0", "W1"]);
        assert_eq!(room.posts(), 2, "what a witness has seen is known: one request each");
    }
    assert_eq!(verdict(&disk, &policy), Verdict::Verified);
    let trusted = Trusted::open(&note(&disk), &policy).unwrap();
    let expected = LoggedBefore {
        time: TIME + 100,
        witnesses: vec!["W0".to_owned(), "W1".to_owned()],
        by_quorum: true,
    };
    assert_eq!(trusted.logged_before(), Some(&expected));
    room.check_one_history("all went well");
}

#[test]
fn with_one_witness_down_a_quorum_of_any_is_met_and_of_all_is_not() {
    let (room, any) = (Room::new(2), policy(2, Quorum::Any));
    let disk = founded(&any, &room);
    room.set(1, Way::Down);
    let asked = add(&disk, &any, &room, &[party("a")]).unwrap();
    assert_eq!(refusals(&asked), ["nobody answers"]);
    assert_eq!(cosigners(&disk, &any).unwrap(), ["W0"]);

    let all = policy(2, Quorum::All);
    room.set(1, Way::Honest);
    cosign(&disk, &all, &room).unwrap();
    room.set(1, Way::Down);
    let error = add(&disk, &all, &room, &[party("b")]).unwrap_err();
    let message = error.to_string();
    assert!(message.contains("W1: nobody answers") && message.contains("is recorded"), "{message}");
}

#[test]
fn when_too_few_answer_the_same_checkpoint_is_published_later_and_no_other() {
    let (room, policy) = (Room::new(2), policy(2, Quorum::All));
    let disk = founded(&policy, &room);
    let before = note(&disk);
    room.set(0, Way::Down);
    room.set(1, Way::Down);
    for _ in 0..3 {
        let error = add(&disk, &policy, &room, &[party("a")]).unwrap_err();
        assert!(matches!(error, Error::Cosigning(cosigning::Error::Quorum { .. })), "{error}");
        assert_eq!(note(&disk), before, "nothing is published");
        assert!(Store::open(disk.clone()).unwrap().pending().unwrap().is_some());
    }
    assert!(matches!(cosign(&disk, &policy, &room), Err(cosigning::Error::Unfinished)));
    // Others, with other things to append, publish this one first.
    room.set(0, Way::Honest);
    room.set(1, Way::Honest);
    let ledger = open(&disk, &policy, &room).unwrap();
    assert_eq!(ledger.tree_size(), 2);
    drop(ledger);
    add(&disk, &policy, &room, &[party("b")]).unwrap();
    assert_eq!(open(&disk, &policy, &room).unwrap().tree_size(), 3);
    assert_eq!(verdict(&disk, &policy), Verdict::Verified);
    room.check_one_history("down for a while");
}

/// The cosignature of witness 0 over another text.
fn replayed(request: &AddCheckpoint, _: Vec<u8>) -> Vec<u8> {
    let other = request.checkpoint.text().replacen("claims\n", "claims\n1", 1);
    let line = Signature::cosign("w0.example", &witness_key(0), &other, TIME).unwrap();
    line.to_string().into_bytes()
}

fn by(key: u8, name: &str, request: &AddCheckpoint, time: u64) -> String {
    let text = request.checkpoint.text();
    Signature::cosign(name, &witness_key(key), text, time).unwrap().to_string()
}

/// Appends while the witness answers so: published if nothing is expected, else refused in words
/// that hold the expected ones; and published when the witness is honest again.
#[track_caller]
#[expect(clippy::needless_pass_by_value, reason = "tests hand ways over")]
fn check(way: Way, expected: Option<&str>) {
    let (room, policy) = (Room::new(1), policy(1, Quorum::Any));
    let disk = founded(&policy, &room);
    room.set(0, way.clone());
    match (add(&disk, &policy, &room, &[party("a")]), expected) {
        (Ok(_), None) => assert_eq!(cosigners(&disk, &policy).unwrap(), ["W0"], "{way:?}"),
        (Err(Error::Cosigning(cosigning::Error::Quorum { asked, .. })), Some(expected)) => {
            let found = refusals(&asked);
            assert!(found.iter().all(|it| it.contains(expected)), "{way:?}: {found:?}");
            assert_eq!(found.len(), 1, "{way:?}");
        }
        (found, _) => panic!("{way:?}: {found:?}"),
    }
    room.set(0, Way::Honest);
    assert_eq!(open(&disk, &policy, &room).unwrap().tree_size(), 2, "{way:?}");
    assert_eq!(verdict(&disk, &policy), Verdict::Verified, "{way:?}");
    room.check_one_history("one witness");
}

#[test]
fn only_a_cosignature_by_the_witness_of_this_checkpoint_counts() {
    let says = |body: &[u8]| Way::Says(200, None, body.to_vec());
    check(Way::Honest, None);
    // Lines by others, before and after: passed over, not kept.
    check(
        Way::Twisted(|request, body| {
            let body = String::from_utf8(body).unwrap();
            let other = by(5, "other.example", request, TIME);
            format!("{other}{body}{other}").into_bytes()
        }),
        None,
    );
    // Twice by its own key, at two times: the later one.
    check(
        Way::Twisted(|request, body| {
            let earlier = by(0, "w0.example", request, 7);
            [earlier.into_bytes(), body].concat()
        }),
        None,
    );
    let own = "no cosignature by its own key";
    check(Way::Twisted(|it, _| by(5, "w0.example", it, TIME).into_bytes()), Some(own));
    check(Way::Twisted(|it, _| by(0, "w9.example", it, TIME).into_bytes()), Some(own));
    check(Way::Twisted(|it, _| it.checkpoint.signatures()[0].to_string().into_bytes()), Some(own));
    check(Way::Twisted(replayed), Some("does not hold"));
    check(
        Way::Twisted(|request, body| [replayed(request, Vec::new()), body].concat()),
        Some("does not hold"),
    );
    check(
        Way::Twisted(|request, mut body| {
            let at = body.len() - 20;
            body[at] = if body[at] == b'A' { b'B' } else { b'A' };
            let _ = request;
            body
        }),
        Some("does not hold"),
    );
    check(Way::Twisted(|it, _| by(0, "w0.example", it, 0).into_bytes()), Some("names no time"));
    let lines = "not a list of signature lines";
    check(Way::Twisted(|_, body| body[..body.len() - 1].to_vec()), Some(lines));
    check(Way::Twisted(|_, body| [body, b"and more\n".to_vec()].concat()), Some(lines));
    check(says(b""), Some(lines));
    check(says(b"\n"), Some(lines));
    check(says(&[0xff; 100]), Some(lines));
    check(says("<html>".repeat(100_000).as_bytes()), Some(lines));
    for (status, expected) in [
        (400, "status 400"),
        (403, "does not trust the key"),
        (404, "does not follow this log"),
        (413, "status 413"),
        (500, "status 500"),
        (502, "status 502"),
        (204, "status 204"),
    ] {
        check(Way::Says(status, None, b"no\n".to_vec()), Some(expected));
    }
    let size = Some("text/x.tlog.size");
    check(Way::Says(409, None, b"0\n".to_vec()), Some("did not say which size"));
    check(Way::Says(409, size, b"00\n".to_vec()), Some("did not say which size"));
    check(Way::Says(409, size, b"1\n".to_vec()), Some("did not say which size"));
    check(Way::Says(409, size, b"0\n".to_vec()), Some("did not say which size"));
}

#[test]
fn a_witness_met_late_or_that_forgot_is_told_from_what_it_knows() {
    let (room, one) = (Room::new(2), policy(1, Quorum::Any));
    let disk = founded(&one, &room);
    for number in 0..4 {
        add(&disk, &one, &room, &[party(&format!("p{number}"))]).unwrap();
    }
    // W1 has never heard of this log; W0 has seen size 5, and nobody remembers that it has.
    let both = policy(2, Quorum::All);
    let stripped = String::from_utf8(note(&disk)).unwrap();
    let lines: Vec<&str> = stripped.lines().filter(|line| !line.contains("w0.example")).collect();
    disk.tamper("checkpoint", format!("{}\n", lines.join("\n")).as_bytes());
    room.posts();
    let asked = cosign(&disk, &both, &room).unwrap();
    assert_eq!(refusals(&asked), Vec::<&str>::new());
    assert_eq!(room.posts(), 3, "W0 says which size it knows and is asked again");
    add(&disk, &both, &room, &[party("q")]).unwrap();
    assert_eq!(verdict(&disk, &both), Verdict::Verified);
}

fn alarm(error: &cosigning::Error) -> &Alarm {
    let cosigning::Error::Alarm { asked, .. } = error else { panic!("{error}") };
    let alarms = asked.iter().filter_map(|it| match &it.outcome {
        Outcome::Alarm(alarm) => Some(alarm),
        _ => None,
    });
    alarms.max_by_key(|alarm| alarm.evidence.is_some()).expect("an alarm")
}

fn of_writing(error: &Error) -> &Alarm {
    let Error::Cosigning(error) = error else { panic!("{error}") };
    alarm(error)
}

fn proof(alarm: &Alarm) -> &Fork {
    let Some(Evidence { fork: Some(fork), .. }) = &alarm.evidence else { panic!("{alarm:?}") };
    fork
}

#[test]
fn a_copied_ledger_appended_to_in_two_places_is_found_and_proven() {
    // One and the same witness; as many entries in both copies, or fewer or more in the second.
    for (first, second, proven) in [(1, 1, true), (1, 2, true), (2, 1, false), (2, 5, true)] {
        let (room, policy) = (Room::new(1), policy(1, Quorum::Any));
        let disk = founded(&policy, &room);
        let copy = disk.copy();
        let parties = |word: &str, count: u64| -> Vec<Record> {
            (0..count).map(|i| party(&format!("{word}{i}"))).collect()
        };
        add(&disk, &policy, &room, &parties("a", first)).unwrap();
        let before = note(&copy);
        room.posts();
        let error = add(&copy, &policy, &room, &parties("b", second)).unwrap_err();
        let alarm = of_writing(&error);
        assert!(room.posts() <= 2, "not asked again");
        assert_eq!(note(&copy), before, "nothing is published");
        assert!(error.to_string().contains("ALARM"), "{error}");
        let evidence = alarm.evidence.as_ref().expect("the witness shows what it holds");
        assert_eq!(evidence.note.to_string().into_bytes(), witnessed(&room, 0));
        assert_eq!(evidence.fork.is_some(), proven, "{first} and {second}");
        if proven {
            let read = Fork::parse(proof(alarm).to_string().as_bytes()).unwrap();
            let held = read.verify(&policy).expect("a third person can check it");
            assert_eq!((held.smaller.size, held.larger.size), (1 + first, 1 + second));
        }
        // Asked again it says the same, and the first copy goes on.
        assert!(matches!(open(&copy, &policy, &room), Err(Error::Cosigning(_))));
        add(&disk, &policy, &room, &[party("c")]).unwrap();
        assert_eq!(verdict(&disk, &policy), Verdict::Verified);
    }
}

fn witnessed(room: &Room, number: usize) -> Vec<u8> {
    let path = whosaid::tlog::add_checkpoint::monitoring_path(ORIGIN);
    room.get(&format!("https://w{number}.example/{path}")).unwrap().expect("it cosigned")
}

#[test]
fn a_log_that_equivocates_to_two_witnesses_is_caught_and_proven() {
    let (room, both) = (Room::new(2), policy(2, Quorum::Any));
    let disk = founded(&both, &room);
    let other = disk.copy();
    // The owner shows one history to the first witness and another to the second.
    room.set(1, Way::Down);
    add(&disk, &both, &room, &[party("a"), party("b")]).unwrap();
    room.set(1, Way::Honest);
    room.set(0, Way::Down);
    add(&other, &both, &room, &[party("c"), party("d"), party("e")]).unwrap();
    room.set(0, Way::Honest);
    // Each copy verifies by itself: nobody who sees one of them only can tell.
    assert_eq!(verdict(&disk, &both), Verdict::Verified);
    assert_eq!(verdict(&other, &both), Verdict::Verified);

    // As soon as either history is shown to both, it is an alarm, with the proof.
    let error = cosign(&other, &both, &room).unwrap_err();
    let fork = proof(alarm(&error));
    let held = Fork::parse(fork.to_string().as_bytes()).unwrap().verify(&both).unwrap();
    assert_eq!((held.smaller.size, held.larger.size), (3, 4));
    let error = add(&other, &both, &room, &[party("f")]).unwrap_err();
    assert_eq!(
        of_writing(&error).what,
        "it holds another tree of 3 entries, which is not the \
        beginning of this one"
    );
    // The other way round the witness has more entries than we do, and shows them.
    let error = cosign(&disk, &both, &room).unwrap_err();
    let alarm = alarm(&error);
    assert!(alarm.what.contains("of 5 entries, and this one has 3"), "{}", alarm.what);
    assert!(alarm.evidence.as_ref().is_some_and(|it| it.fork.is_none()));
}

#[test]
fn whoever_holds_what_two_witnesses_serve_can_prove_it_with_no_ledger_at_hand() {
    let (room, both) = (Room::new(2), policy(2, Quorum::Any));
    let disk = founded(&both, &room);
    let other = disk.copy();
    room.set(1, Way::Down);
    add(&disk, &both, &room, &[party("a")]).unwrap();
    room.set(1, Way::Honest);
    room.set(0, Way::Down);
    add(&other, &both, &room, &[party("b")]).unwrap();
    room.set(0, Way::Honest);
    let said = |number| {
        let note = Note::parse(&witnessed(&room, number)).unwrap();
        Said::open(&note, &both).unwrap().swap_remove(0)
    };
    let fork = Fork::between(&said(0), &said(1), Prefix(Vec::new()));
    let proven = Fork::parse(fork.to_string().as_bytes()).unwrap().verify(&both).unwrap();
    assert_eq!(proven.origin, ORIGIN);
    assert_ne!(proven.smaller.root, proven.larger.root);
}

#[test]
fn a_checkpoint_without_its_cosignatures_is_incomplete_and_its_ledger_takes_no_entry() {
    let (room, both) = (Room::new(2), policy(2, Quorum::All));
    let disk = founded(&both, &room);
    let text = String::from_utf8(note(&disk)).unwrap();
    let lines: Vec<&str> = text.lines().filter(|line| !line.contains("w1.example")).collect();
    disk.tamper("checkpoint", format!("{}\n", lines.join("\n")).as_bytes());
    let store = Store::open(disk.clone()).unwrap();
    let report = verify(&store, &both, THREADS, &mut |_| (), &mut |_, _| ()).unwrap().report;
    assert_eq!(report.verdict(), Verdict::Failed);
    assert_eq!(report.faults[0].kind, FaultKind::Incomplete);
    assert!(report.faults[0].what.contains("cosigned by W0, which does not meet"));
    let error = add(&disk, &both, &room, &[party("a")]).unwrap_err();
    assert!(matches!(error, Error::Checkpoint(checkpoint::Error::Quorum { .. })), "{error}");
    cosign(&disk, &both, &room).unwrap();
    add(&disk, &both, &room, &[party("a")]).unwrap();
    assert_eq!(verdict(&disk, &both), Verdict::Verified);
}

#[test]
fn a_ledger_put_back_to_an_earlier_state_is_an_alarm_before_anything_is_published() {
    let (room, policy) = (Room::new(1), policy(1, Quorum::Any));
    let disk = founded(&policy, &room);
    let backup = disk.copy();
    for name in ["a", "b", "c"] {
        add(&disk, &policy, &room, &[party(name)]).unwrap();
    }
    let before = note(&backup);
    let error = add(&backup, &policy, &room, &[party("d")]).unwrap_err();
    let alarm = of_writing(&error);
    assert!(alarm.what.contains("of 4 entries, and this one has 2"), "{}", alarm.what);
    assert!(alarm.evidence.is_some());
    assert_eq!(note(&backup), before);
    // Nothing appended, but asked to cosign: the same.
    let backup = disk.copy();
    backup.tamper("checkpoint", &before);
    assert!(cosign(&backup, &policy, &room).is_err());
}

#[test]
fn a_root_mismatch_is_an_alarm_by_the_old_status_and_by_the_new_one() {
    for way in [
        Way::Says(409, None, b"root mismatch\n".to_vec()),
        Way::Says(409, Some("text/x.tlog.size"), b"1\n".to_vec()),
        Way::Says(422, None, b"root mismatch\n".to_vec()),
    ] {
        let (room, policy) = (Room::new(1), policy(1, Quorum::Any));
        let disk = founded(&policy, &room);
        room.set(0, way);
        let error = cosign(&disk, &policy, &room).unwrap_err();
        assert_eq!(alarm(&error).what, "it holds another tree of 1 entries");
        assert_eq!(alarm(&error).evidence, None, "it serves what agrees with ours");
        assert_eq!(room.posts(), 1, "not asked again");
    }
}

#[test]
fn a_witness_that_is_not_needed_is_asked_and_its_absence_said() {
    let (room, policy) = (Room::new(1), policy(1, Quorum::None));
    let disk = founded(&policy, &room);
    room.set(0, Way::Down);
    let asked = add(&disk, &policy, &room, &[party("a")]).unwrap();
    assert_eq!(refusals(&asked), ["nobody answers"]);
    let trusted = Trusted::open(&note(&disk), &policy).unwrap();
    assert_eq!(trusted.logged_before(), None);
    // One without a URL is not asked.
    let silent = house::policy().with_witness("W", verifier(0), None).unwrap();
    let asked = add(&disk, &silent, &room, &[party("b")]).unwrap();
    assert_eq!(asked, [Asked { witness: "W".to_owned(), outcome: Outcome::NotAsked }]);
}

#[test]
fn the_earliest_and_the_latest_cosignature_of_each_witness_are_kept() {
    let (room, policy) = (Room::new(2), policy(2, Quorum::All));
    let disk = founded(&policy, &room);
    for later in [200, 300, 400] {
        room.at(TIME + later);
        cosign(&disk, &policy, &room).unwrap();
    }
    let trusted = Trusted::open(&note(&disk), &policy).unwrap();
    let times: Vec<u64> = trusted.cosignatures().iter().map(|it| it.time - TIME).collect();
    assert_eq!(times, [100, 400, 100, 400]);
    assert_eq!(trusted.logged_before().map(|it| it.time), Some(TIME + 100));
    assert_eq!(verdict(&disk, &policy), Verdict::Verified);
}

#[test]
fn the_time_by_which_it_was_logged_is_the_earliest_that_meets_the_quorum() {
    let text = "example.org/claims\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n";
    let check = |quorum, times: &[(u8, u64)], expected: Option<(u64, usize)>| {
        let own = Signature::sign(ORIGIN, &log_key(), text).unwrap();
        let more = times.iter().map(|(number, time)| {
            let name = format!("w{number}.example");
            Signature::cosign(&name, &witness_key(*number), text, *time).unwrap()
        });
        let note = Note::new(text, vec![own]).unwrap().with(more).unwrap();
        let trusted = Trusted::open_note(&note, &policy(3, quorum)).ok();
        let found = trusted.as_ref().and_then(Trusted::<Checkpoint>::logged_before);
        let found = found.map(|it| (it.time, it.witnesses.len()));
        assert_eq!(found, expected, "{quorum:?}: {times:?}");
    };
    check(Quorum::Any, &[(0, 9), (1, 5), (2, 7)], Some((5, 1)));
    check(Quorum::AtLeast(2), &[(0, 9), (1, 5), (2, 7)], Some((7, 2)));
    check(Quorum::All, &[(0, 9), (1, 5), (2, 7)], Some((9, 3)));
    check(Quorum::All, &[(0, 9), (1, 5), (0, 6), (2, 7), (0, 20)], Some((7, 3)));
    check(Quorum::AtLeast(2), &[(0, 9), (0, 5), (0, 7)], None);
    check(Quorum::AtLeast(2), &[(0, 9), (0, 5), (1, 30)], Some((30, 2)));
    check(Quorum::None, &[(0, 9), (1, 5)], Some((5, 1)));
    check(Quorum::None, &[], None);
}

#[test]
fn whatever_a_crash_leaves_witnesses_see_one_history_and_nothing_uncosigned_is_published() {
    let policy = policy(2, Quorum::All);
    let mut cases = 0;
    for fault in [Fault::NotDone, Fault::DoneButReported, Fault::NothingWorks] {
        for step in 1.. {
            let room = Room::new(2);
            let disk = founded(&policy, &room);
            disk.fail_at(step, fault);
            // In every other case a witness is down as well.
            if step % 2 == 0 {
                room.set(1, Way::Down);
            }
            let outcome = add(&disk, &policy, &room, &[party("a")]);
            if disk.steps() < step {
                break;
            }
            for survival in disk.survivals() {
                cases += 1;
                let what = format!("{fault:?} at {step}, {survival:?}");
                let crashed = disk.crash(survival);
                let present = cosigners(&crashed, &policy).map(|names| names.len());
                assert_eq!(present, Ok(2), "{what}");
            }
            let crashed = disk.crash(disk.survivals()[0]);
            room.set(1, Way::Honest);
            let what = format!("{fault:?} at {step}");
            // Retried with other data: the first goes in whole before it, or not at all.
            add(&crashed, &policy, &room, &[party("b")]).unwrap_or_else(|e| panic!("{what}: {e}"));
            let size = open(&crashed, &policy, &room).unwrap().tree_size();
            assert!(size == 3 || (size == 2 && outcome.is_err()), "{what}: {size}");
            assert_eq!(verdict(&crashed, &policy), Verdict::Verified, "{what}");
            room.check_one_history(&what);
        }
    }
    assert!(cases > 100, "only {cases} cases");
}
