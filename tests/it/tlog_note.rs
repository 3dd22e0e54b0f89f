//! Notes, checkpoints, policies and proof files: other people's vectors and code, and mangling.

use signed_note::{StandardSigner, StandardVerifier, VerifierList};
use whosaid::hash::Hash;
use whosaid::key::SecretKey;
use whosaid::tlog::checkpoint::{Checkpoint, Cosigned, Error, Trusted};
use whosaid::tlog::merkle::{Inclusion, empty_root, leaf_hash, node_hash};
use whosaid::tlog::note::{self, Algorithm, Note, Signature, VerifierKey};
use whosaid::tlog::path::Path;
use whosaid::tlog::policy::Policy;
use whosaid::tlog::proof::{self, Proof};

use crate::it::damage::{reads_one_spelling, refuses_every_damage};

// Cross-checked with Go's x/mod, Tessera's fsck and the crates signed_note and tlog_tiles.
const LOG: &str = "example.org/claims+5ea78746+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c";
const LOG_SECRET: &str =
    "PRIVATE+KEY+example.org/claims+5ea78746+AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB";
const WITNESS: &str =
    "witness.example.org/w1+6d7ef907+BIE5dw6ofRdfVqNUZsNMfszLjYqRtO43ol32D1uPybOU";
const TEXT: &str = "example.org/claims\n300\nRAm0mSCAkZzY0YOrTf4fwS+fPj4EnlUTOSY9oO7rwmg=\n";
const LOG_LINE: &str = "— example.org/claims XqeHRlCvy8PHII3vpU4djAdgVZh/01JB5uRg+OVt9pnr1Oe+xnO\
    VwJncsayS9b8c/GKCh+KZpWskBwkwnifPigvRyAg=\n";
const WITNESS_LINE: &str = "— witness.example.org/w1 bX75BwAAAABlU/EANoin843rRkp5Q9h2v2EmFCuliNuE\
    hU7HwTmZzPqdKCvdBlJFlzNbe+ts9Tjy7pUEikJmfpWeqhsNMSz2Qxt4Cw==\n";

fn log_key() -> SecretKey {
    SecretKey::from_seed(&[1; 32])
}

fn witness_key() -> SecretKey {
    SecretKey::from_seed(&[2; 32])
}

fn policy(quorum: &str) -> Policy {
    let text = format!("log {LOG}\nwitness W {WITNESS}\nquorum {quorum}\n");
    Policy::parse(text.as_bytes()).expect("a policy")
}

fn open(lines: &[&str], quorum: &str) -> Result<Trusted<Checkpoint>, Error> {
    Trusted::open(format!("{TEXT}\n{}", lines.concat()).as_bytes(), &policy(quorum))
}

#[test]
fn keys_checkpoint_and_cosignature_are_the_published_ones() {
    let log = VerifierKey::new("example.org/claims", Algorithm::Ed25519, log_key().public());
    assert_eq!(log.expect("a name").to_string(), LOG);
    let name = "witness.example.org/w1";
    let witness = VerifierKey::new(name, Algorithm::Cosignature, witness_key().public());
    assert_eq!(witness.expect("a name").to_string(), WITNESS);

    let log_line = Signature::sign("example.org/claims", &log_key(), TEXT).expect("a name");
    assert_eq!(log_line.to_string(), LOG_LINE);
    let witness_line = Signature::cosign(name, &witness_key(), TEXT, 1_700_000_000);
    assert_eq!(witness_line.expect("a name").to_string(), WITNESS_LINE);

    let empty = Checkpoint {
        origin: "example.org/claims".to_owned(),
        size: 0,
        root: empty_root(),
        extensions: Vec::new(),
    };
    let line = Signature::sign("example.org/claims", &log_key(), &empty.to_string());
    let expected = "— example.org/claims XqeHRkz1luNmI6Wcexyp7puyNk3AMVB9xID0OTCZMdEwJSavJV6WmbMV\
        m1HxYQJPK2Plxlrjzj1yc6EfPZEEm3/hIw8=\n";
    assert_eq!(line.expect("a name").to_string(), expected);
}

#[test]
fn a_checkpoint_is_trusted_only_by_log_and_quorum() {
    let trusted = open(&[LOG_LINE, WITNESS_LINE], "W").expect("log and quorum");
    assert_eq!((trusted.origin.as_str(), trusted.size), ("example.org/claims", 300));
    assert_eq!(trusted.to_string(), TEXT);
    let cosigned = Cosigned { witness: "W".to_owned(), time: 1_700_000_000 };
    assert_eq!(trusted.cosignatures(), [cosigned]);
    assert_eq!(open(&[WITNESS_LINE, LOG_LINE], "W").as_deref(), Ok(&*trusted));
    assert!(open(&[LOG_LINE], "none").expect("no quorum").cosignatures().is_empty());

    let nobody = Error::Quorum { cosigned: Vec::new(), quorum: "W".to_owned() };
    assert_eq!(open(&[LOG_LINE], "W"), Err(nobody));
    let unknown = Error::UnknownLog { origin: "example.org/claims".to_owned() };
    assert_eq!(open(&[WITNESS_LINE], "W"), Err(unknown.clone()));
    assert_eq!(open(&[WITNESS_LINE], "none"), Err(unknown));
    let stranger = Signature::sign("x", &SecretKey::from_seed(&[3; 32]), TEXT).expect("a name");
    let stranger = stranger.to_string();
    let refused = open(&[&stranger], "none");
    assert_eq!(refused, Err(Error::Note(note::Error::UnknownKeys(1))));
    assert!(open(&[LOG_LINE, &stranger], "none").is_ok());
    // A signature that holds for nothing is no quorum, and spoils the note even without one.
    let bad = WITNESS_LINE.replace("Cw==", "DA==");
    for quorum in ["W", "none"] {
        let refused = open(&[LOG_LINE, &bad], quorum);
        assert!(matches!(refused, Err(Error::Note(note::Error::BadSignature(_)))), "{refused:?}");
    }
}

#[test]
fn a_log_speaks_for_its_own_origin_only() {
    let other = TEXT.replace("example.org/claims", "example.org/other");
    let line = Signature::sign("example.org/claims", &log_key(), &other).expect("a name");
    let note = Note::new(other, vec![line]).expect("a note");
    let refused = Trusted::open_note(&note, &policy("none"));
    assert_eq!(refused, Err(Error::UnknownLog { origin: "example.org/other".to_owned() }));
}

#[test]
fn one_witness_cannot_fill_a_quorum_of_two() {
    let second = VerifierKey::new("w2", Algorithm::Cosignature, log_key().public());
    let text = format!(
        "log {}\nwitness W {WITNESS}\nwitness V {}\ngroup G 2 W V\nquorum G\n",
        VerifierKey::new("example.org/claims", Algorithm::Ed25519, {
            SecretKey::from_seed(&[3; 32]).public()
        })
        .expect("a name"),
        second.expect("a name"),
    );
    let policy = Policy::parse(text.as_bytes()).expect("a policy");
    let log = Signature::sign("example.org/claims", &SecretKey::from_seed(&[3; 32]), TEXT);
    let cosign =
        |name, key: &SecretKey, time| Signature::cosign(name, key, TEXT, time).expect("a name");
    let first = cosign("witness.example.org/w1", &witness_key(), 1);
    let again = cosign("witness.example.org/w1", &witness_key(), 2);
    let note = Note::new(TEXT, vec![log.expect("a name"), first, again]).expect("a note");
    let expected = Error::Quorum { cosigned: vec!["W".to_owned()], quorum: "G".to_owned() };
    assert_eq!(Trusted::open_note(&note, &policy), Err(expected));
    let note = note.with([cosign("w2", &log_key(), 3)]).expect("a note");
    let times: Vec<u64> = Trusted::open_note(&note, &policy)
        .expect("two witnesses")
        .cosignatures()
        .iter()
        .map(|cosigned| cosigned.time)
        .collect();
    assert_eq!(times, [1, 2, 3]);
}

#[test]
fn another_implementation_reads_our_notes_and_signs_alike() {
    let note = format!("{TEXT}\n{LOG_LINE}{WITNESS_LINE}");
    let theirs = signed_note::Note::from_bytes(note.as_bytes()).expect("a note");
    let key = StandardVerifier::new(LOG).expect("a key");
    let known = VerifierList::new(vec![Box::new(key)]);
    let (verified, unknown) = theirs.verify(&known).expect("it holds");
    assert_eq!((verified.len(), unknown.len()), (1, 1));
    assert_eq!(Note::parse(note.as_bytes()).expect("a note").to_string(), note);

    let text = "Any text,\n\nwith a blank line — and more.\n";
    let mut theirs = signed_note::Note::new(text.as_bytes(), &[]).expect("a text");
    let signer = StandardSigner::new(LOG_SECRET).expect("a key");
    theirs.add_sigs(&[&signer]).expect("signed");
    let line = Signature::sign("example.org/claims", &log_key(), text).expect("a name");
    let ours = Note::new(text, vec![line]).expect("a note");
    assert_eq!(ours.to_string().as_bytes(), theirs.to_bytes());

    let theirs = tlog_tiles::Checkpoint::from_bytes(TEXT.as_bytes()).expect("a checkpoint");
    let ours: Checkpoint = TEXT.parse().expect("a checkpoint");
    assert_eq!((ours.origin.as_str(), ours.size), (theirs.origin(), theirs.size()));
    assert_eq!(ours.root.as_bytes(), &theirs.hash().0);
}

#[test]
fn broken_checkpoints_say_what_is_wrong() {
    let check = |bad: &str, expected: &str| {
        let error = bad.parse::<Checkpoint>().expect_err(bad).to_string();
        assert!(error.contains(expected), "{bad:?}: {error}");
    };
    check("", "newline");
    check("origin\n1\n", "expected the lines");
    check(TEXT.trim_end(), "newline");
    for size in ["0300", "+300", "-1", "", "3e2", "18446744073709551616", " 300", "٣٠٠"] {
        check(&TEXT.replace("300", size), "plain decimal");
    }
    check(&TEXT.replace("300", "0"), "root of no entries");
    check(&TEXT.replace("wmg=", "wmh="), "base64");
    check(&TEXT.replace("wmg=", "wmg"), "base64");
    check(&TEXT.replace("example.org/claims", ""), "1 to 255");
    check(&TEXT.replace("example.org/claims", &"o".repeat(256)), "1 to 255");
    check(&TEXT.replace("example", "exa\tmple"), "control");
    check(&TEXT.replace("example", "exa\u{85}mple"), "control");
    check(&format!("{TEXT}\n"), "extension");
    check(&format!("{TEXT}more\n\nmore\n"), "extension");
    let more = format!("{TEXT}one\ntwo\n").parse::<Checkpoint>().expect("two extensions");
    assert_eq!(more.extensions, ["one", "two"]);
    let longest = TEXT.replace("example.org/claims", &"o".repeat(255));
    assert!(longest.parse::<Checkpoint>().is_ok());
}

/// The second of two entries, in a log of its own.
fn proof() -> Proof {
    let first = leaf_hash(b"first");
    let root = node_hash(&first, &leaf_hash(b"second"));
    let checkpoint = Checkpoint {
        origin: "example.org/claims".to_owned(),
        size: 2,
        root,
        extensions: Vec::new(),
    };
    let text = checkpoint.to_string();
    let log = Signature::sign("example.org/claims", &log_key(), &text).expect("a name");
    let name = "witness.example.org/w1";
    let witness = Signature::cosign(name, &witness_key(), &text, 1_700_000_000).expect("a name");
    let checkpoint = Note::new(text, vec![log, witness]).expect("a note");
    Proof { unauthenticated_extra: None, index: 1, inclusion: Inclusion(vec![first]), checkpoint }
}

#[test]
fn a_proof_file_holds_for_its_entry_its_place_and_its_policy_only() {
    let good = proof();
    let text = good.to_string();
    let first = leaf_hash(b"first").to_base64();
    let head = format!("c2sp.org/tlog-proof@v1\nindex 1\n{first}\n\nexample.org/claims\n2\n");
    assert!(text.starts_with(&head), "{text}");
    assert_eq!(Proof::parse(text.as_bytes()), Ok(good.clone()));
    assert_eq!(good.verify(b"second", &policy("W")).map(|checkpoint| checkpoint.size), Ok(2));
    assert!(matches!(good.verify(b"first", &policy("W")), Err(proof::Error::Inclusion(_))));
    let elsewhere = Proof { index: 0, ..good.clone() };
    assert!(matches!(elsewhere.verify(b"second", &policy("W")), Err(proof::Error::Inclusion(_))));
    let stranger = Policy::parse(b"quorum none\n").expect("a policy");
    assert!(matches!(good.verify(b"second", &stranger), Err(proof::Error::Checkpoint(_))));
    let extra = Proof { unauthenticated_extra: Some(b"any".to_vec()), ..good };
    assert!(extra.to_string().contains("@v1\nextra YW55\nindex 1\n"));
    assert_eq!(Proof::parse(extra.to_string().as_bytes()), Ok(extra));
}

#[test]
fn broken_proof_files_say_what_is_wrong() {
    let good = proof().to_string();
    let check = |bad: &str, expected: &str| {
        let error = Proof::parse(bad.as_bytes()).expect_err(bad).to_string();
        assert!(error.contains(expected), "{bad:?}: {error}");
    };
    let hash = Hash::of(b"x").to_base64();
    check("", "no empty line");
    check(&good.replace("@v1", "@v2"), "first line");
    check(&good.replace("index 1", "index 01"), "`index`");
    check(&good.replace("index 1\n", ""), "`index`");
    check(&good.replace("index 1", "extra YW5\nindex 1"), "extra data is not base64");
    check(&good.replace("index 1", "extra\nindex 1"), "`index`");
    check(&good.replace("index 1\n", "index 1\nAAAA\n"), "line 3");
    check(&good.replace("index 1\n", "extra YW55\nindex 1\nAAAA\n"), "line 4");
    check(
        &good.replace("index 1\n", &format!("index 1\n{}", (hash + "\n").repeat(64))),
        "64 hashes",
    );
    check(&good.replace("— ", "- "), "signature line 1");
}

#[test]
fn every_damage_is_refused_or_means_something_else() {
    let checkpoint = format!("{TEXT}\n{LOG_LINE}{WITNESS_LINE}");
    refuses_every_damage(checkpoint.as_bytes(), |bytes| Trusted::open(bytes, &policy("W")).is_ok());
    refuses_every_damage(proof().to_string().as_bytes(), |bytes| {
        Proof::parse(bytes).is_ok_and(|proof| proof.verify(b"second", &policy("W")).is_ok())
    });
    for key in [LOG, WITNESS] {
        refuses_every_damage(key.as_bytes(), |bytes| {
            str::from_utf8(bytes).is_ok_and(|text| text.parse::<VerifierKey>().is_ok())
        });
    }

    reads_one_spelling(checkpoint.as_bytes(), |bytes| {
        Note::parse(bytes).ok().map(|note| note.to_string().into_bytes())
    });
    let extended = format!("{TEXT}more\n");
    reads_one_spelling(extended.as_bytes(), |bytes| {
        let checkpoint: Checkpoint = str::from_utf8(bytes).ok()?.parse().ok()?;
        Some(checkpoint.to_string().into_bytes())
    });
    let extra = Proof { unauthenticated_extra: Some(b"ab".to_vec()), ..proof() };
    reads_one_spelling(extra.to_string().as_bytes(), |bytes| {
        Proof::parse(bytes).ok().map(|proof| proof.to_string().into_bytes())
    });
    for path in ["tile/3/x001/x234/067.p/112", "tile/entries/x001/000", "statements/999.p/1"] {
        reads_one_spelling(path.as_bytes(), |bytes| {
            let path: Path = str::from_utf8(bytes).ok()?.parse().ok()?;
            Some(path.to_string().into_bytes())
        });
    }
}
