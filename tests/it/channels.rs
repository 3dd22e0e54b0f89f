//! Accounts and their controllers, from a real register of officials; and the clocks in the ids of
//! real posts, as the audit sees them.

#![expect(clippy::disallowed_methods, reason = "other people's files are read here")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use whosaid::attribution::date::Date;
use whosaid::attribution::id::Id;
use whosaid::attribution::keyring::Signed;
use whosaid::attribution::record::Record;
use whosaid::attribution::record::claim::{Claim, Who};
use whosaid::attribution::record::document::{Document, DocumentKind};
use whosaid::attribution::truth::Truth;
use whosaid::audit::captures::Held;
use whosaid::audit::controller::{Answer, Asked, Outcome, controller, find, together};
use whosaid::audit::graph::Graph;
use whosaid::audit::standing::Standings;
use whosaid::audit::{audit_with, rules};
use whosaid::hash::Hash;
use whosaid::import::intake::{self, RegisterFile, Source};
use whosaid::import::officials::{self, Officials};
use whosaid::ledger::batch::{Batch, Recorder};
use whosaid::ledger::writing::Ledger;
use whosaid::store::Store;
use whosaid::store::simulated::SimulatedDisk;
use whosaid::verify::verify;

use crate::it::house::{self, THREADS, TIME, policy, recorder_key};

/// The day of which the register is taken to be.
const AS_OF: &str = "2026-01-15";

fn data(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data").join(name);
    if !path.exists() {
        eprintln!("SKIPPED: {} is absent", path.display());
        return None;
    }
    Some(path)
}

fn source(people: &[u8], accounts: &[u8]) -> Source {
    let file =
        |name: &str, bytes: &[u8]| RegisterFile { name: name.to_owned(), bytes: bytes.to_vec() };
    Source {
        people: file("legislators-current.yaml", people),
        accounts: file("legislators-social-media.yaml", accounts),
        as_of: Some(Date::parse(AS_OF).unwrap()),
    }
}

/// Imports in one batch; says how many records are new.
fn import(
    ledger: &mut Ledger<SimulatedDisk>,
    officials: &Officials,
    people: &[u8],
    accounts: &[u8],
) -> usize {
    let key = recorder_key();
    let recorder = Recorder { name: "nadia", key: &key, recorded_at: TIME };
    let mut batch = Batch::new(ledger, recorder).unwrap();
    let mut ticks = 0;
    let mut tick = |done| ticks = done;
    let rows = intake::add(officials, source(people, accounts), &mut batch, &mut tick).unwrap();
    assert_eq!(ticks, intake::record_count(officials));
    let addition = batch.finish();
    ledger.commit(&addition).unwrap();
    rows.iter().filter(|row| row.added.new).count()
}

/// The ledger's records as a graph, once it has verified.
fn graph(disk: &SimulatedDisk) -> Graph {
    let store = Store::open(disk.clone()).unwrap();
    let mut signed: Vec<Signed> = Vec::new();
    let keep = &mut |it| signed.push(it);
    let verified = verify(&store, &policy(), THREADS, keep, &mut |_, _| ()).unwrap();
    assert_eq!(verified.report.faults, []);
    Graph::new(signed, [], |_, _| false)
}

#[test]
fn every_account_of_a_real_register_answers_who_controlled_it() {
    let Some(folder) = data("officials") else { return };
    let people = fs::read(folder.join("legislators-current.yaml")).unwrap();
    let accounts = fs::read(folder.join("legislators-social-media.yaml")).unwrap();
    let found = officials::read(&people, &accounts).unwrap();
    assert_eq!(found.problems, []);
    assert_eq!((found.people.len(), found.accounts.len()), (537, 1_734));
    let owners: std::collections::BTreeSet<&str> =
        found.accounts.iter().map(|it| it.party.as_str()).collect();
    assert_eq!(owners.len(), 519);
    // One row of the register gives a colleague's account.
    let note = "account facebook-rogermarshallmd is listed for m001198 and t000278";
    assert_eq!(found.notes, [note]);

    let disk = SimulatedDisk::new();
    let mut ledger = house::open(&disk).unwrap();
    // The account that is listed twice is one channel with two statements of control.
    assert_eq!(import(&mut ledger, &found, &people, &accounts), 2 + 537 + 1_733 + 1_734);
    assert_eq!(import(&mut ledger, &found, &people, &accounts), 0);

    let graph = graph(&disk);
    let standings = Standings::as_of(&graph, graph.tree_size());
    let register = [(Hash::of(&people), &people), (Hash::of(&accounts), &accounts)];
    let held = |digest: &Hash| {
        let bytes = register.iter().find(|(known, _)| known == digest);
        bytes.map_or(Held::Missing, |(_, bytes)| Held::Bytes((*bytes).clone()))
    };
    let none = |_: &Hash| Held::Missing;
    let (then, later) = (Date::parse(AS_OF).unwrap(), Date::parse("2027-03-01").unwrap());
    let mut outcomes: BTreeMap<String, usize> = BTreeMap::new();
    for account in &found.accounts {
        let channel =
            find(&graph, &standings, Asked { name: &account.channel.key, platform: None });
        let [channel] = channel[..] else { panic!("{}: {channel:?}", account.channel.key) };
        let answer = controller(&graph, &standings, channel, &then, &none).unwrap();
        assert!(answer.holders.iter().any(|it| it.truth == Truth::Holds), "{answer:?}");
        *outcomes.entry(format!("{:?}", answer.outcome)).or_default() += 1;
        let answer = controller(&graph, &standings, channel, &later, &none).unwrap();
        assert_eq!(answer.outcome, Outcome::Unknown);
        assert!(answer.holders[0].freshness.starts_with("stale: "), "{answer:?}");
    }
    // Both rows of the shared account say so.
    let expected = BTreeMap::from([("Contested".to_owned(), 2), ("One".to_owned(), 1_732)]);
    assert_eq!(outcomes, expected);

    let asked = Asked { name: "https://twitter.com/SenatorCantwell/status/1", platform: None };
    let channels = find(&graph, &standings, asked);
    let answers: Vec<Answer> = channels
        .into_iter()
        .filter_map(|id| controller(&graph, &standings, id, &then, &held))
        .collect();
    let (outcome, because) = together(&answers, asked);
    assert_eq!(outcome, Outcome::One, "{because}");
    assert!(because.starts_with("Maria Cantwell: it was verified on 2026-01-15"), "{because}");
    let holder = &answers[0].holders[0];
    assert_eq!(holder.is_backed, Truth::Holds, "{}", holder.backing);
}

/// `8/16/2016 19:22:57`, in UTC, as EDTF.
fn edtf(written: &str) -> String {
    let parts: Vec<u32> = written.split(['/', ' ', ':']).map(|it| it.parse().unwrap()).collect();
    let [month, day, year, hour, minute, second] = parts[..] else { panic!("{written}") };
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

#[test]
fn the_audit_holds_real_posts_against_the_clock_in_their_ids() {
    let Some(folder) = data("posts") else { return };
    let disk = SimulatedDisk::new();
    let mut ledger = house::open(&disk).unwrap();
    let key = recorder_key();
    let recorder = Recorder { name: "nadia", key: &key, recorded_at: TIME };
    let mut batch = Batch::new(&ledger, recorder).unwrap();
    let mut claims: Vec<Id> = Vec::new();
    let table = fs::read(folder.join("538_trump_poll_tweets.csv")).unwrap();
    for row in csv::Reader::from_reader(&table[..]).records() {
        let row = row.unwrap();
        let Record::Document(document) = house::document(row[2].as_bytes()) else { panic!() };
        batch.keep(row[2].as_bytes().to_vec());
        let document = Document {
            kind: DocumentKind::Post,
            url: Some(format!("https://twitter.com/realDonaldTrump/status/{}", &row[0])),
            published: Some(Date::parse(&edtf(&row[1])).unwrap()),
            ..document
        };
        let document = batch.add(&Record::Document(document)).unwrap().id;
        let claim: Claim = serde_json::from_value(serde_json::json!({
            "speaker": {"unresolved": "realDonaldTrump"}, "act": "state", "polarity": "asserted",
            "proposition": {"text": format!("Post {} says so.", &row[0])},
        }))
        .unwrap();
        let claim = Claim { document: Some(document), ..claim };
        assert!(matches!(claim.speaker, Who::Unresolved(_)));
        claims.push(batch.add(&Record::Claim(Box::new(claim))).unwrap().id);
    }
    let addition = batch.finish();
    ledger.commit(&addition).unwrap();
    assert_eq!(claims.len(), 448);

    let graph = graph(&disk);
    let standings = Standings::as_of(&graph, graph.tree_size());
    let (mut agreeing, mut damaged) = (0, Vec::new());
    for id in claims {
        let audit = audit_with(&graph, &standings, id, &|_| Held::Missing).unwrap();
        let of_rule = |rule: &rules::rule::Rule| {
            let findings = audit.findings.iter().filter(|it| it.rule == rule.name);
            findings.map(|it| (it.truth, it.what.clone())).collect::<Vec<_>>()
        };
        let clock = of_rule(&rules::clock::CLOCK_IN_ID_AGREES);
        let intact = of_rule(&rules::identity::PLATFORM_ID_INTACT);
        match (&clock[..], &intact[..]) {
            ([(Truth::Holds, _)], [(Truth::Holds, _)]) => agreeing += 1,
            ([(Truth::Fails, what)], [(Truth::Fails, _)]) => damaged.push(what.clone()),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(agreeing, 445);
    assert_eq!(damaged.len(), 3);
    for (what, id) in damaged.iter().zip(["7.02608E+17", "6.58435E+17", "6.36397E+17"]) {
        assert!(what.starts_with(&format!("`{id}` is a number as a spreadsheet")), "{what}");
    }
}
