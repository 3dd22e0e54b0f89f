//! Following a ledger: whatever the steps in which it grows, and whatever stops a monitor, every
//! entry that matters is reported, in order; and a ledger that is not what it was gives an alarm.

use std::collections::BTreeSet;

use whosaid::attribution::id::Id;
use whosaid::attribution::identity::Identifier;
use whosaid::attribution::record::Record;
use whosaid::attribution::record::claim::Who;
use whosaid::attribution::record::notice::NoticeKind;
use whosaid::key::SecretKey;
use whosaid::monitor::event::{Alarm, AlarmKind, Event, Kind, Part, Signature};
use whosaid::monitor::state::{Begin, State};
use whosaid::monitor::watch::Watch;
use whosaid::monitor::{Error, Step, catch_up, follow};
use whosaid::store::Store;
use whosaid::store::simulated::SimulatedDisk;
use whosaid::tlog::fork::Fork;
use whosaid::tlog::merkle::{Tree, empty_root};
use whosaid::tlog::note::{Algorithm, VerifierKey};
use whosaid::tlog::policy::Policy;

use crate::it::book::{Book, body, claim, notice, revocation, said, signed, signed_by, story};
use crate::it::damage::refuses_every_damage;
use crate::it::house::{ORIGIN, charter, log_key, party, policy};

fn watch(by: &[&str], about: &[&str], party: &[&str]) -> Watch {
    let set = |names: &[&str]| names.iter().map(|it| (*it).to_owned()).collect();
    Watch { by: set(by), about: set(about), party: set(party), keys: false }
}

fn new(watch: Watch) -> State {
    State::new("here", watch, Begin::Start)
}

fn look(disk: &SimulatedDisk, state: &State, until: Option<u64>) -> Result<Step, Error> {
    follow(&Store::open(disk.clone()).expect("a folder"), &policy(), state, until)
}

/// All steps to the end.
fn pass(disk: &SimulatedDisk, mut state: State) -> (Vec<Event>, State) {
    let mut events = Vec::new();
    loop {
        let step = look(disk, &state, None).expect("a good ledger");
        events.extend(step.events);
        state = step.state;
        if !step.more {
            return (events, state);
        }
    }
}

fn alarm(disk: &SimulatedDisk, state: &State) -> Alarm {
    match look(disk, state, None) {
        Err(Error::Alarm(alarm)) => *alarm,
        other => panic!("expected an alarm: {other:?}"),
    }
}

/// An event in short: the kind, the entry, why, and on what.
fn short(event: &Event) -> String {
    let because = event.because.iter().map(|it| {
        let through = it.through.as_ref().map_or(String::new(), |it| format!(" in {it}"));
        format!("{:?} {}{through}", it.part, it.party)
    });
    let on = event.on.iter().map(|it| format!("on {}", it.entry));
    let why: Vec<String> = because.chain(on).collect();
    let late = if event.late { "late " } else { "" };
    format!("{late}{:?} {}: {}", event.event, event.entry, why.join(", "))
}

fn shorts(events: &[Event]) -> Vec<String> {
    events.iter().map(short).collect()
}

#[test]
fn what_is_said_by_or_about_a_party_is_reported_with_what_follows_it() {
    let disk = story().publish(20);
    let check = |watch: Watch, expected: &[&str]| {
        let (events, state) = pass(&disk, new(watch));
        assert_eq!(shorts(&events), expected);
        assert_eq!(state.not_met(), Vec::<&str>::new());
        let signatures: BTreeSet<_> =
            events.iter().map(|it| format!("{:?}", it.signature)).collect();
        assert_eq!(signatures, ["Some(Holds)".to_owned()].into());
    };
    check(
        watch(&[], &[], &["The ministry"]),
        &[
            "Party 1: Described mfa",
            "Claim 5: Speaker envoy in mfa",
            "Claim 6: About mfa",
            "Claim 8: Hop mfa",
            "Notice 9: By mfa, on 6",
            "Relation 10: on 5, on 6",
            "Assessment 11: on 5",
            "Control 13: Described mfa",
            "Channel 14: ",
            "Notice 15: on 5",
            "Suspect 17: on 5",
            "late Claim 16: Speaker gazette in mfa",
            "Claim 19: Speaker gazette in mfa",
        ],
    );
    check(
        watch(&["the envoy"], &[], &[]),
        &[
            "Party 2: Described envoy",
            "Claim 5: Speaker envoy",
            "Claim 7: Speaker the ENVOY",
            "Relation 10: on 5",
            "Assessment 11: on 5",
            "Notice 15: on 5",
            "Suspect 17: on 5",
        ],
    );
    check(
        watch(&[], &["mfa"], &[]),
        &[
            "Party 1: Described mfa",
            "Claim 6: About mfa",
            "Notice 9: on 6",
            "Relation 10: on 6",
            "Control 13: Described mfa",
            "Channel 14: ",
        ],
    );
    check(
        Watch { keys: true, ..Watch::default() },
        &[
            "Key 0: ",
            "Claim 5: ",
            "Claim 6: ",
            "Claim 7: ",
            "Claim 8: ",
            "Notice 9: on 6",
            "Relation 10: on 5, on 6",
            "Assessment 11: on 5",
            "Notice 15: on 5",
            "Claim 16: ",
            "Key 17: ",
            "Suspect 17: on 5",
            "Claim 19: ",
        ],
    );
}

#[test]
fn whatever_the_steps_the_events_are_those_of_one_pass() {
    // The state after n entries is the same by whatever way it was reached. So it is enough to
    // try every pair of sizes: every row of steps is made of them.
    let book = story();
    let size = book.0.len();
    for watch in
        [watch(&[], &[], &["mfa"]), watch(&["envoy"], &["wikidata:Q1"], &[]), Watch::default()]
    {
        let at = |size: usize| pass(&book.publish(size), new(watch.clone()));
        let passes: Vec<(Vec<Event>, State)> = (1..=size).map(at).collect();
        for (old, (before, state)) in (1..).zip(&passes) {
            for (new, (whole, reached)) in (1..).zip(&passes).skip(old - 1) {
                let (events, after) = pass(&book.publish(new), state.clone());
                // A name that a party has only later is not in what was reported earlier.
                let both: Vec<Event> = before.iter().chain(&events).cloned().collect();
                assert_eq!(shorts(&both), shorts(whole), "{old} to {new}");
                assert_eq!(after, *reached, "{old} to {new}");
            }
        }
    }
}

#[test]
fn a_step_may_end_before_any_entry() {
    let book = story();
    let disk = book.publish(20);
    let (whole, _) = pass(&disk, new(watch(&[], &[], &["mfa"])));
    for until in 0..=20 {
        let first = look(&disk, &new(watch(&[], &[], &["mfa"])), Some(until)).unwrap();
        assert_eq!((first.state.seen().size, first.more), (until, until < 20));
        let (rest, _) = pass(&disk, first.state);
        assert_eq!([first.events, rest].concat(), whole, "{until}");
    }
}

#[test]
fn every_entry_is_reported_once_across_bundles() {
    let mut book = Book::founded();
    let speaker = book.add(&party("a"));
    for number in 2..530 {
        book.add(&claim(said(Who::Party(speaker), &format!("Number {number}."))));
    }
    let sizes = [1, 2, 3, 255, 256, 257, 300, 511, 512, 513, 530];
    let disks = sizes.map(|size| book.publish(size));
    let states = disks.clone().map(|disk| pass(&disk, new(Watch::default())).1);
    for (old, state) in sizes.iter().zip(&states) {
        for ((new, disk), reached) in sizes.iter().zip(&disks).zip(&states) {
            if new < old {
                assert_eq!(alarm(disk, state).alarm, AlarmKind::RolledBack, "{old} to {new}");
                continue;
            }
            let (events, after) = pass(disk, state.clone());
            let entries: Vec<u64> = events.iter().map(|event| event.entry).collect();
            let expected: Vec<u64> = ((*old).max(2) as u64..*new as u64).collect();
            assert_eq!(entries, expected, "{old} to {new}");
            assert_eq!(after, *reached, "{old} to {new}");
        }
    }
}

/// What a command or a disk does that gives up at its `left`-th use.
struct Tired {
    left: usize,
}

impl Tired {
    fn work(&mut self) -> Result<(), Error> {
        if self.left == 0 {
            return Err(Error::NoCheckpoint);
        }
        self.left -= 1;
        Ok(())
    }
}

#[test]
fn what_was_not_delivered_or_not_kept_comes_again_and_nothing_is_passed_over() {
    let disk = story().publish(20);
    let watched = watch(&[], &[], &["mfa"]);
    let (whole, _) = pass(&disk, new(watched.clone()));
    let mut repeated = 0;
    for (deliveries, keeps) in (0..=whole.len()).flat_map(|n| [(n, 0), (n, 1), (n, 2)]) {
        let mut on_disk = new(watched.clone()).format();
        let mut delivered: Vec<Event> = Vec::new();
        let mut runs = 0;
        let (mut hand, mut pen) = (Tired { left: deliveries }, Tired { left: keeps });
        loop {
            // A new process: all it knows is what was kept.
            let mut state = State::parse(&on_disk, "here", &watched).unwrap();
            let outcome: Result<u64, Error> = catch_up(
                &mut state,
                &mut |state, until| look(&disk, state, until),
                &mut |event, _| hand.work().map(|()| delivered.push(event.clone())),
                &mut |state| pen.work().map(|()| on_disk = state.format()),
            );
            runs += 1;
            assert!(runs < 4, "{deliveries}, {keeps}");
            if outcome.is_ok() {
                break;
            }
            (hand, pen) = (Tired { left: usize::MAX }, Tired { left: usize::MAX });
        }
        // Each for the first time, in order.
        let mut first: Vec<Event> = Vec::new();
        for event in &delivered {
            if !first.contains(event) {
                first.push(event.clone());
            }
        }
        assert_eq!(first, whole, "{deliveries}, {keeps}");
        repeated += delivered.len() - first.len();
        if keeps > 0 {
            assert!(delivered.len() <= whole.len() + 2, "{deliveries}, {keeps}: too often");
        }
    }
    assert!(repeated > 0, "no stop led to a repetition");
}

#[test]
fn a_monitor_that_begins_now_knows_what_was_said_before_and_reports_what_follows() {
    let book = story();
    let quiet = State::new("here", watch(&[], &[], &["mfa"]), Begin::Now);
    let (events, state) = pass(&book.publish(9), quiet);
    assert_eq!(shorts(&events), Vec::<String>::new());
    let (events, _) = pass(&book.publish(12), state);
    assert_eq!(
        shorts(&events),
        ["Notice 9: By mfa, on 6", "Relation 10: on 5, on 6", "Assessment 11: on 5"]
    );
}

#[test]
fn a_party_is_waited_for() {
    let book = story();
    let watched = watch(&["wikidata:Q1", "the envoy"], &[], &[]);
    let (_, state) = pass(&book.publish(2), new(watched.clone()));
    assert_eq!(state.not_met(), ["the envoy", "wikidata:Q1"]);
    let (_, state) = pass(&book.publish(3), state);
    assert_eq!(state.not_met(), ["wikidata:Q1"]);
    // A later record gives it the identifier: what it said before is reported now.
    let mut longer = book.clone();
    let Record::Party(mut envoy) = body("envoy", "The Envoy", &[]) else { unreachable!() };
    envoy.ids.push(Identifier { scheme: "wikidata".to_owned(), value: "Q1".to_owned() });
    longer.add(&Record::Party(envoy));
    let (_, state) = pass(&book.publish(20), new(watch(&["wikidata:Q1"], &[], &[])));
    let (events, state) = pass(&longer.publish(21), state);
    let expected = [
        "late Claim 5: Speaker envoy",
        "late Relation 10: on 5",
        "late Assessment 11: on 5",
        "late Notice 15: on 5",
        "Party 20: Described envoy",
    ];
    assert_eq!(shorts(&events), expected);
    assert_eq!(state.not_met(), Vec::<&str>::new());
}

#[test]
fn what_cannot_be_read_or_believed_is_reported_and_the_rest_goes_on() {
    let mut book = Book::founded();
    let speaker = book.add(&party("a")); // 1
    let kept = book.add(&claim(said(Who::Party(speaker), "Kept."))); // 2
    book.add(&claim(said(Who::Party(speaker), "Withheld."))); // 3
    book.add_as(&claim(said(Who::Party(speaker), "A stranger's.")), "mallory", 7); // 4
    book.add_as(&claim(said(Who::Party(speaker), "Forged.")), "nadia", 7); // 5
    book.0.push(b"no statement".to_vec()); // 6
    book.add_as(&revocation(2, 9), "omar", 3); // 7: without the power
    book.add(&charter()); // 8
    book.add_as(&Record::Notice(notice(NoticeKind::RecorderRetraction, kept)), "omar", 3); // 9
    book.add(&Record::Notice(notice(NoticeKind::Redaction, book.id(3)))); // 10
    let disk = book.publish_without(11, &[3]);
    let (events, state) = pass(&disk, new(watch(&["nobody"], &[], &[])));
    let expected = [
        ("Withheld 3: ", None),
        // Its key may stand in what is withheld.
        ("Refused 6: ", Some(Signature::Refused)),
        ("Refused 7: ", Some(Signature::Refused)),
        ("Refused 8: ", Some(Signature::Refused)),
        ("Refused 9: ", Some(Signature::Refused)),
        ("Notice 10: on 3", Some(Signature::Holds)),
    ];
    let found: Vec<_> = events.iter().map(|it| (short(it), it.signature)).collect();
    assert_eq!(found, expected.map(|(text, signature)| (text.to_owned(), signature)));
    assert!(events.iter().take(5).all(|event| event.what.is_some()));
    assert_eq!(state.seen().size, 11);

    // With nothing withheld, no excuse is left.
    let (events, _) = pass(&book.publish(11), new(watch(&["nobody"], &[], &[])));
    let refused: Vec<u64> =
        events.iter().filter(|it| it.event == Kind::Refused).map(|it| it.entry).collect();
    assert_eq!(refused, [4, 5, 6, 7, 8, 9]);

    // What nobody can tell from a claim of a watched party is reported with that doubt.
    let (events, _) = pass(&disk, new(watch(&["a"], &[], &[])));
    let doubt = events.iter().find(|it| it.entry == 4).expect("the stranger's claim");
    assert_eq!((doubt.event, doubt.signature), (Kind::Claim, Some(Signature::NotChecked)));
    assert_eq!(doubt.because[0].part, Part::Speaker);
}

#[test]
fn a_recorder_without_the_power_to_correct_may_retract_its_own() {
    let mut book = Book::founded();
    let speaker = book.add(&party("a"));
    let own = book.add_as(&claim(said(Who::Party(speaker), "Mine.")), "omar", 3);
    let foreign = book.add(&claim(said(Who::Party(speaker), "Yours.")));
    for target in [own, foreign, Id::of(b"nothing")] {
        let retraction = Record::Notice(notice(NoticeKind::RecorderRetraction, target));
        book.add_as(&retraction, "omar", 3);
    }
    // In one step, and with the targets in an earlier one.
    let (whole, _) = pass(&book.publish(7), new(Watch::default()));
    let (_, state) = pass(&book.publish(4), new(Watch::default()));
    let (later, _) = pass(&book.publish(7), state);
    let expected = ["Notice 4: on 2", "Refused 5: ", "Refused 6: "];
    assert_eq!(shorts(&later), expected);
    assert_eq!(shorts(&whole)[2..], expected);
    // If the target is withheld, nobody can tell whose it was.
    let (events, _) = pass(&book.publish_without(7, &[2]), new(Watch::default()));
    let notice = events.iter().find(|it| it.entry == 4).expect("the retraction");
    assert_eq!(notice.signature, Some(Signature::NotChecked));
}

#[test]
fn a_ledger_that_does_not_go_on_from_what_was_seen_gives_an_alarm() {
    let book = story();
    let mut other = story();
    other.0[6] = book.0[7].clone();
    for seen in 1..=20 {
        let (_, state) = pass(&book.publish(seen), new(Watch::default()));
        for now in 1..=20 {
            let disk = other.publish(now);
            let kind = match () {
                () if now < seen => Some(AlarmKind::RolledBack),
                () if seen > 6 => Some(AlarmKind::Forked),
                () => None,
            };
            match kind {
                Some(kind) => {
                    let alarm = alarm(&disk, &state);
                    assert_eq!(alarm.alarm, kind, "{seen} to {now}");
                    assert_eq!(
                        (alarm.seen_size, alarm.size),
                        (Some(seen as u64), Some(now as u64))
                    );
                    assert!(alarm.seen_checkpoint.is_some() && alarm.checkpoint.is_some());
                    let proof = alarm.fork_proof.map(|it| Fork::parse(it.as_bytes()).unwrap());
                    assert_eq!(proof.is_some(), kind == AlarmKind::Forked, "{seen} to {now}");
                    assert!(proof.is_none_or(|proof| proof.verify(&policy()).is_ok()));
                }
                None => assert!(look(&disk, &state, None).is_ok(), "{seen} to {now}"),
            }
        }
    }
}

#[test]
fn another_log_or_a_checkpoint_that_nobody_trusts_gives_an_alarm() {
    let disk = story().publish(5);
    let (_, state) = pass(&disk, new(Watch::default()));
    let tree = Tree { size: 5, root: empty_root() };
    disk.tamper("checkpoint", signed(tree).replace('A', "B").as_bytes());
    assert_eq!(alarm(&disk, &state).alarm, AlarmKind::DoesNotVerify);
    disk.tamper("checkpoint", &vec![b'x'; 1_000_001]);
    assert_eq!(alarm(&disk, &state).alarm, AlarmKind::DoesNotVerify);
    disk.tamper_remove("checkpoint");
    assert!(matches!(look(&disk, &state, None), Err(Error::NoCheckpoint)));
}

#[test]
fn a_place_serves_one_log_and_the_one_that_the_policy_expects_there() {
    let other_key = SecretKey::from_seed(&[5; 32]);
    let vkey = |name: &str, key: &SecretKey| {
        VerifierKey::new(name, Algorithm::Ed25519, key.public()).expect("a good name")
    };
    let (one, other) = (vkey(ORIGIN, &log_key()), vkey("example.org/other", &other_key));
    let policy = |text: String| Policy::parse(text.as_bytes()).expect("a policy");
    let disk = story().publish(5);
    let look = |policy: &Policy, state: &State| {
        follow(&Store::open(disk.clone()).expect("a folder"), policy, state, None)
    };
    let first = new(Watch::default());
    let nowhere = policy(format!("log {one}\nlog {other}\nquorum none\n"));
    let here = policy(format!("log {one} here/\nlog {other} there\nquorum none\n"));
    let swapped = policy(format!("log {one} there\nlog {other} here\nquorum none\n"));
    assert!(look(&nowhere, &first).is_ok() && look(&here, &first).is_ok());
    let state = look(&nowhere, &first).expect("a good ledger").state;
    for seen in [&first, &state] {
        let alarmed = look(&swapped, seen);
        let Err(Error::Alarm(alarm)) = alarmed else { panic!("{alarmed:?}") };
        assert_eq!(alarm.alarm, AlarmKind::AnotherLog);
    }
    // Another trusted log where this one was.
    let tree = state.seen();
    disk.tamper("checkpoint", signed_by("example.org/other", &other_key, tree).as_bytes());
    let alarmed = look(&nowhere, &state);
    let Err(Error::Alarm(alarm)) = alarmed else { panic!("{alarmed:?}") };
    assert_eq!((alarm.alarm, alarm.size), (AlarmKind::AnotherLog, Some(5)));
    // Met for the first time, its charter gives it away.
    let events = look(&nowhere, &first).expect("a checkpoint that is trusted").events;
    assert_eq!(shorts(&events), ["Refused 0: "]);
}

#[test]
fn every_damage_to_a_file_is_an_alarm_that_passes_and_keeps_nothing_back() {
    let book = story();
    let (whole, _) = pass(&book.publish(20), new(Watch::default()));
    let (before, state) = pass(&book.publish(10), new(Watch::default()));
    let (mut alarms, mut harmless) = (0, 0);
    for (path, bytes) in book.publish(20).contents() {
        let Some(bytes) = bytes else { continue };
        let flips = (0..bytes.len()).map(|at| {
            let mut bad = bytes.clone();
            bad[at] ^= 1;
            Some(bad)
        });
        let cuts = [0, bytes.len() / 2, bytes.len() - 1].map(|end| Some(bytes[..end].to_vec()));
        for bad in flips.chain(cuts).chain([None]) {
            let disk = book.publish(20);
            match &bad {
                Some(bad) => disk.tamper(&path, bad),
                None => disk.tamper_remove(&path),
            }
            let mut events = before.clone();
            let mut state = state.clone();
            let failed = loop {
                match look(&disk, &state, None) {
                    Ok(step) => {
                        events.extend(step.events);
                        state = step.state;
                        if !step.more {
                            break false;
                        }
                    }
                    Err(Error::Alarm(_) | Error::NoCheckpoint) => break true,
                    Err(other) => panic!("{path}: {other}"),
                }
            };
            if failed {
                alarms += 1;
                assert_eq!(shorts(&events), shorts(&whole)[..events.len()], "{path}");
                events.extend(pass(&book.publish(20), state).0);
            } else {
                // What was read before is not read again.
                harmless += 1;
            }
            assert_eq!(shorts(&events), shorts(&whole), "{path}");
        }
    }
    assert!(alarms > 1000 && harmless > 100, "{alarms} alarms, {harmless} harmless");
}

#[test]
fn a_memory_that_is_cut_changed_or_anothers_is_refused() {
    let watched = watch(&["envoy"], &[], &[]);
    let (_, state) = pass(&story().publish(6), new(watched.clone()));
    let bytes = state.format();
    assert_eq!(State::parse(&bytes, "here", &watched).unwrap(), state);
    refuses_every_damage(&bytes, |bytes| State::parse(bytes, "here", &watched).is_ok());
    assert!(State::parse(&bytes, "there", &watched).is_err());
    assert!(State::parse(&bytes, "here", &Watch::default()).is_err());
    let newer = String::from_utf8(bytes).unwrap().replace("monitor/1", "monitor/2");
    let error = State::parse(newer.as_bytes(), "here", &watched).unwrap_err();
    assert!(error.to_string().contains("another version"), "{error}");
}
