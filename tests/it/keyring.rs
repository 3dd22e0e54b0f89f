//! Who may sign what: ledgers of a few entries, and what the keyring says to each.
//!
//! Key n is made from 32 times the byte n. The charter names nadia (key 1: record, correct,
//! keys), omar (key 2: record) and lina (key 3: correct); key 9 is the log's.

use whosaid::attribution::keyring::{Error, Keyring, Signed};
use whosaid::attribution::record::Record;
use whosaid::attribution::record::charter::{Charter, KeyAction, KeyChange, Power, Recorder};
use whosaid::attribution::record::notice::{Notice, NoticeKind};
use whosaid::attribution::statement::{self, Statement};
use whosaid::key::{SecretKey, Thumbprint};

use crate::it::records::{bare_party, id, key};

use Power::{Correct, Keys, Record as Append};

/// The names by which a table says what the keyring answers.
fn answer(result: &Result<Signed, Error>) -> &'static str {
    match result {
        Ok(_) => "ok",
        Err(Error::UnknownKey { .. }) => "unknown key",
        Err(Error::NotInForce { .. }) => "not in force",
        Err(Error::Issuer { .. }) => "issuer",
        Err(Error::Signature { .. }) => "signature",
        Err(Error::Power { .. }) => "power",
        Err(Error::Change(_)) => "change",
        Err(Error::Charter(_)) => "charter",
    }
}

fn recorder(name: &str, seed: u8, powers: &[Power]) -> Recorder {
    Recorder { name: name.to_owned(), key: key(seed), powers: powers.to_vec() }
}

fn charter_of(recorders: Vec<Recorder>) -> Record {
    Record::Charter(Charter {
        format: 1,
        origin: "example.org/claims".to_owned(),
        title: "Claims".to_owned(),
        purpose: "Tests.".to_owned(),
        log: key(9),
        recorders,
    })
}

fn charter() -> Record {
    charter_of(vec![
        recorder("nadia", 1, &[Append, Correct, Keys]),
        recorder("omar", 2, &[Append]),
        recorder("lina", 3, &[Correct]),
    ])
}

fn party() -> Record {
    Record::Party(bare_party())
}

fn signed(record: &Record, name: &str, seed: u8) -> Statement {
    let key = SecretKey::from_seed(&[seed; 32]);
    statement::seal(record, name, 1_700_000_000, &key).expect("a record").1
}

fn chartered() -> Keyring {
    let mut keyring = Keyring::default();
    keyring.admit(signed(&charter(), "nadia", 1), 0, None).expect("a good charter");
    keyring
}

fn change(action: KeyAction, seed: u8) -> KeyChange {
    let key = key(seed);
    KeyChange { action, key, name: None, powers: vec![], replaces: None, from: None, reason: None }
}

fn brings(action: KeyAction, seed: u8, name: &str, powers: &[Power]) -> KeyChange {
    KeyChange { name: Some(name.to_owned()), powers: powers.to_vec(), ..change(action, seed) }
}

fn introduces(seed: u8, name: &str, powers: &[Power]) -> KeyChange {
    brings(KeyAction::Introduce, seed, name, powers)
}

fn rotates(old: u8, new: u8) -> KeyChange {
    KeyChange { replaces: Some(key(old)), ..change(KeyAction::Rotate, new) }
}

fn from(entry: u64, change: KeyChange) -> KeyChange {
    KeyChange { from: Some(entry), ..change }
}

/// Admits a key record and insists that it was good.
fn apply(keyring: &mut Keyring, entry: u64, name: &str, seed: u8, change: KeyChange) {
    let result = keyring.admit(signed(&Record::Key(change), name, seed), entry, None);
    assert_eq!(answer(&result), "ok", "{result:?}");
}

fn thumbprint(seed: u8) -> Thumbprint {
    key(seed).thumbprint()
}

/// Whether the key may append a party at the entry; leaves the keyring as it is.
fn appends(keyring: &Keyring, entry: u64, name: &str, seed: u8) -> &'static str {
    answer(&keyring.clone().admit(signed(&party(), name, seed), entry, None))
}

#[test]
fn entry_0_is_a_charter_and_no_other_is() {
    let check = |entry, record: &Record, name, seed, expected: &str| {
        let mut keyring = Keyring::default();
        let result = keyring.admit(signed(record, name, seed), entry, None);
        assert_eq!(answer(&result), expected, "{result:?}");
        // A charter that was refused vouches for nobody.
        assert_eq!(keyring.is_chartered(), expected == "ok");
        assert_eq!(keyring.key_count(), if expected == "ok" { 3 } else { 0 });
    };
    check(0, &charter(), "nadia", 1, "ok");
    check(0, &party(), "nadia", 1, "charter");
    check(1, &charter(), "nadia", 1, "charter");
    check(1, &party(), "nadia", 1, "unknown key");
    check(0, &charter(), "omar", 1, "issuer");
    check(0, &charter(), "omar", 2, "power");
    check(0, &charter(), "nadia", 7, "unknown key");
    let one = |recorder| charter_of(vec![recorder]);
    check(0, &one(recorder("nadia", 1, &[Append, Correct])), "nadia", 1, "power");
    let with = |other| charter_of(vec![recorder("nadia", 1, &[Append, Keys]), other]);
    check(0, &with(recorder("the-log", 9, &[Append])), "nadia", 1, "charter");
    check(0, &with(recorder("nadia", 2, &[Append])), "nadia", 1, "charter");
    check(0, &with(recorder("twin", 1, &[Append])), "nadia", 1, "charter");
    for entry in [0, 1] {
        let second = chartered().admit(signed(&charter(), "nadia", 1), entry, None);
        assert_eq!(answer(&second), "charter", "at {entry}");
    }
}

#[test]
fn a_statement_needs_a_known_key_its_name_and_the_power() {
    let keyring = chartered();
    let check = |name, seed, expected: &str| {
        assert_eq!(appends(&keyring, 1, name, seed), expected, "{name} {seed}");
    };
    check("nadia", 1, "ok");
    check("omar", 2, "ok");
    check("lina", 3, "power");
    check("nadia", 2, "issuer");
    check("nadia\n", 1, "issuer");
    check("zahra", 4, "unknown key");
    check("the-log", 9, "unknown key");
}

#[test]
fn a_signature_by_another_key_is_refused() {
    let honest = statement::seal(&party(), "nadia", 5, &SecretKey::from_seed(&[1; 32]));
    let mut bytes = honest.expect("a record").0;
    *bytes.last_mut().expect("a signature") ^= 1;
    let forged = statement::open(&bytes).expect("its shape is good");
    assert_eq!(answer(&chartered().admit(forged, 1, None)), "signature");
}

#[test]
fn a_key_record_takes_effect_at_the_entry_it_names() {
    // The change, then who may append at the entries 1 (the change itself), 2, 3, 4.
    type Expected = [&'static str; 3];
    let check = |change: KeyChange, name: &str, seed: u8, expected: Expected| {
        let mut keyring = chartered();
        apply(&mut keyring, 1, "nadia", 1, change.clone());
        for (entry, expected) in (2..).zip(expected) {
            assert_eq!(appends(&keyring, entry, name, seed), expected, "{change:?} at {entry}");
        }
    };
    let (ok, late) = ("ok", "not in force");
    check(introduces(4, "zahra", &[Append]), "zahra", 4, [ok, ok, ok]);
    check(from(3, introduces(4, "zahra", &[Append])), "zahra", 4, [late, ok, ok]);
    check(rotates(2, 4), "omar", 2, [late, late, late]);
    check(rotates(2, 4), "omar", 4, [ok, ok, ok]);
    check(from(4, rotates(2, 4)), "omar", 2, [ok, ok, late]);
    check(from(4, rotates(2, 4)), "omar", 4, [late, late, ok]);
    check(change(KeyAction::Revoke, 2), "omar", 2, [late, late, late]);
    check(from(3, change(KeyAction::Revoke, 2)), "omar", 2, [ok, late, late]);
    check(from(0, change(KeyAction::Revoke, 2)), "omar", 2, [late, late, late]);
    check(brings(KeyAction::Delegate, 4, "phone", &[Append]), "phone", 4, [ok, ok, ok]);
    check(brings(KeyAction::Delegate, 4, "phone", &[Correct]), "phone", 4, ["power"; 3]);
}

#[test]
fn a_key_record_needs_the_power_for_what_it_does() {
    let check = |name: &str, seed: u8, change: KeyChange, expected: &str| {
        let mut keyring = chartered();
        let statement = signed(&Record::Key(change.clone()), name, seed);
        let result = keyring.admit(statement, 1, None);
        assert_eq!(answer(&result), expected, "{name}: {change:?}: {result:?}");
        if expected != "ok" {
            assert_eq!(keyring.key_count(), 3, "a refused change left a key behind");
            assert_eq!(appends(&keyring, 2, "omar", 2), "ok", "a refused change took a key");
        }
    };
    let delegates =
        |seed, name: &str, powers: &[Power]| brings(KeyAction::Delegate, seed, name, powers);
    check("nadia", 1, introduces(4, "zahra", &[Append, Correct, Keys]), "ok");
    check("omar", 2, introduces(4, "zahra", &[Append]), "power");
    check("nadia", 1, introduces(2, "zahra", &[Append]), "change");
    check("nadia", 1, introduces(4, "omar", &[Append]), "change");
    check("nadia", 1, introduces(9, "the-log", &[Append]), "change");
    check("nadia", 1, from(1, introduces(4, "zahra", &[Append])), "change");
    check("omar", 2, delegates(4, "phone", &[Append]), "ok");
    check("omar", 2, delegates(4, "phone", &[Append, Correct]), "power");
    check("lina", 3, delegates(4, "phone", &[Correct]), "ok");
    check("omar", 2, delegates(9, "the-log", &[Append]), "change");
    check("omar", 2, rotates(2, 4), "ok");
    check("omar", 2, rotates(1, 4), "power");
    check("nadia", 1, rotates(2, 4), "ok");
    check("nadia", 1, rotates(2, 3), "change");
    check("nadia", 1, rotates(2, 2), "change");
    check("nadia", 1, rotates(2, 9), "change");
    check("nadia", 1, rotates(7, 4), "change");
    check("nadia", 1, from(0, rotates(2, 4)), "change");
    check("omar", 2, change(KeyAction::Revoke, 2), "ok");
    check("omar", 2, change(KeyAction::Revoke, 1), "power");
    check("nadia", 1, change(KeyAction::Revoke, 7), "change");
}

#[test]
fn a_key_that_went_does_not_come_back() {
    let mut keyring = chartered();
    apply(&mut keyring, 1, "nadia", 1, change(KeyAction::Revoke, 2));
    let mut refuse = |change: KeyChange| {
        let result = keyring.admit(signed(&Record::Key(change), "nadia", 1), 2, None);
        assert_eq!(answer(&result), "change", "{result:?}");
    };
    refuse(introduces(2, "omar-again", &[Append]));
    refuse(introduces(4, "omar", &[Append]));
    refuse(rotates(2, 4));
    refuse(rotates(1, 2));
    // A second, later end does not lengthen the first.
    apply(&mut keyring, 3, "nadia", 1, from(100, change(KeyAction::Revoke, 2)));
    assert_eq!(appends(&keyring, 4, "omar", 2), "not in force");
}

#[test]
fn only_the_recorder_its_successor_its_delegate_or_a_corrector_corrects() {
    let mut keyring = chartered();
    apply(&mut keyring, 1, "nadia", 1, introduces(4, "zahra", &[Append]));
    apply(&mut keyring, 2, "omar", 2, brings(KeyAction::Delegate, 5, "phone", &[Append]));
    apply(&mut keyring, 3, "omar", 2, rotates(2, 6));
    apply(&mut keyring, 4, "omar", 6, rotates(6, 7));
    // Key 5 is a delegate of key 2; keys 6 and 7 came in its place; 4 is a stranger.
    let check = |kind, name, seed, target: Option<u8>, expected: &str| {
        let notice = Record::Notice(Notice {
            kind,
            target: id("claim"),
            reason: "Misread.".to_owned(),
            replacement: Some(id("better")),
            document: None,
            by: None,
            text: Some("No.".to_owned()),
        });
        let statement = signed(&notice, name, seed);
        let result = keyring.clone().admit(statement, 5, target.map(thumbprint));
        assert_eq!(answer(&result), expected, "{kind:?} by {name} of {target:?}: {result:?}");
    };
    let kinds =
        [NoticeKind::RecorderCorrection, NoticeKind::RecorderRetraction, NoticeKind::Redaction];
    for kind in kinds {
        check(kind, "zahra", 4, Some(4), "ok");
        check(kind, "omar", 7, Some(7), "ok");
        check(kind, "omar", 7, Some(6), "ok");
        check(kind, "omar", 7, Some(2), "ok");
        check(kind, "phone", 5, Some(2), "ok");
        check(kind, "phone", 5, Some(7), "power");
        check(kind, "omar", 7, Some(5), "power");
        check(kind, "zahra", 4, Some(2), "power");
        check(kind, "zahra", 4, None, "power");
        check(kind, "lina", 3, Some(2), "ok");
        check(kind, "lina", 3, None, "ok");
        check(kind, "nadia", 1, Some(2), "ok");
        check(kind, "omar", 2, Some(2), "not in force");
    }
    // What the world did, anybody may record.
    check(NoticeKind::PublisherRetraction, "zahra", 4, Some(2), "ok");
    check(NoticeKind::Rebuttal, "zahra", 4, Some(2), "ok");
    check(NoticeKind::Tombstone, "lina", 3, Some(2), "power");
}

#[test]
fn a_revocation_that_reaches_back_marks_and_does_not_hide() {
    let mut keyring = chartered();
    for entry in 1..8 {
        assert_eq!(appends(&keyring, entry, "omar", 2), "ok");
        assert!(!keyring.is_suspect(thumbprint(2), entry));
    }
    apply(&mut keyring, 8, "nadia", 1, from(5, change(KeyAction::Revoke, 2)));
    let suspects: Vec<u64> = (0..12).filter(|at| keyring.is_suspect(thumbprint(2), *at)).collect();
    assert_eq!(suspects, [5, 6, 7, 8, 9, 10, 11]);
    // It could sign until the revocation came, and nobody else is touched.
    assert_eq!(keyring.recorder(thumbprint(2), 8), Ok("omar"));
    assert!(keyring.recorder(thumbprint(2), 9).is_err());
    assert!(!keyring.is_suspect(thumbprint(1), 11));
    assert!(!keyring.is_suspect(thumbprint(7), 11));
    // A later revocation may reach further back, never less far.
    apply(&mut keyring, 9, "nadia", 1, from(7, change(KeyAction::Revoke, 2)));
    assert!(keyring.is_suspect(thumbprint(2), 5));
    apply(&mut keyring, 10, "nadia", 1, from(3, change(KeyAction::Revoke, 2)));
    assert!(keyring.is_suspect(thumbprint(2), 3) && !keyring.is_suspect(thumbprint(2), 2));
}

#[test]
fn what_a_thief_may_hold_is_what_the_key_lent_and_what_it_brought_since() {
    let mut keyring = chartered();
    // nadia (key 1) lends to 4 before, and since entry 3 introduces 5, replaces omar's 2 by 6, and
    // is herself replaced by 7; 5 lends to 8. lina's key 3 lends to 10 and has nothing to do with it.
    apply(&mut keyring, 1, "nadia", 1, brings(KeyAction::Delegate, 4, "phone", &[Append]));
    apply(&mut keyring, 2, "lina", 3, brings(KeyAction::Delegate, 10, "desk", &[Correct]));
    apply(&mut keyring, 3, "nadia", 1, introduces(5, "zahra", &[Append]));
    apply(&mut keyring, 4, "nadia", 1, rotates(2, 6));
    apply(&mut keyring, 5, "zahra", 5, brings(KeyAction::Delegate, 8, "tablet", &[Append]));
    apply(&mut keyring, 6, "nadia", 1, rotates(1, 7));
    let check = |key, from, at, expected: &[u8]| {
        let found = keyring.reach(thumbprint(key), from, at);
        let found: Vec<Thumbprint> = found.iter().map(|term| term.thumbprint).collect();
        let expected: Vec<Thumbprint> = expected.iter().map(|seed| thumbprint(*seed)).collect();
        assert_eq!(found, expected, "of {key} from {from} at {at}");
    };
    check(1, 3, 7, &[4, 5, 6, 8, 7]);
    check(1, 4, 7, &[4, 6, 7]);
    check(1, 6, 7, &[4, 7]);
    check(1, 7, 7, &[4]);
    check(5, 7, 7, &[8]);
    check(2, 0, 7, &[]);
    check(3, 0, 7, &[10]);
    check(7, 0, 7, &[]);
}
