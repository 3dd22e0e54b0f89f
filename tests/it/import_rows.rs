//! Rows into a ledger: whole or not at all, once, each with its answer; and every kind of malformed
//! row, which is named while the others go in.
#![expect(clippy::disallowed_methods, reason = "cases are read")]

use std::fs;
use std::io::{BufReader, Cursor, Read, repeat};
use std::path::Path;

use serde_json::json;
use tempfile::TempDir;
use whosaid::attribution::date::Date;
use whosaid::attribution::id::Id;
use whosaid::attribution::record::Record;
use whosaid::evidence::capture;
use whosaid::hash::Hash;
use whosaid::import::draft::{Row, RowDraft, line_label};
use whosaid::import::engine::{self, Options};
use whosaid::import::forms::columns::map::ColumnMap;
use whosaid::import::forms::columns::parse;
use whosaid::import::forms::decoding::{self, Decoded};
use whosaid::import::forms::{claimreview, jsonl, ld_page, record_json, table};
use whosaid::import::outcome::{RowOutcome, Status, Summary};
use whosaid::ledger::batch::Recorder;
use whosaid::ledger::writing::Ledger;
use whosaid::store::disk::Disk;
use whosaid::store::simulated::SimulatedDisk;
use whosaid::verify::report::Verdict;

use crate::it::house::{self, TIME, recorder_key, verify_disk};
use crate::it::records;

/// A ledger, and what became of the rows that were last put into it.
pub(crate) struct Desk {
    pub(crate) disk: SimulatedDisk,
    /// Where the index is; none where it is only in memory.
    pub(crate) folder: Option<TempDir>,
    pub(crate) outcomes: Vec<RowOutcome>,
    pub(crate) options: Options,
}

impl Desk {
    pub(crate) fn new() -> Self {
        let disk = SimulatedDisk::new();
        house::open(&disk).unwrap();
        let options = Options { dry_run: false, commit: 3, block: 2, threads: house::THREADS };
        Self { disk, folder: None, outcomes: Vec::new(), options }
    }

    /// With an index in a file: then rows are taken while those before are committed.
    fn with_index() -> Self {
        Self { folder: Some(tempfile::tempdir().unwrap()), ..Self::new() }
    }

    pub(crate) fn ledger(&self) -> Ledger<SimulatedDisk> {
        match &self.folder {
            Some(folder) => house::with_index(&self.disk, &folder.path().join("index")).unwrap(),
            None => house::open(&self.disk).unwrap(),
        }
    }

    pub(crate) fn take(&mut self, rows: &mut dyn Iterator<Item = Row>) -> Summary {
        self.outcomes.clear();
        let key = recorder_key();
        let recorder = Recorder { name: "nadia", key: &key, recorded_at: TIME };
        let mut ledger = self.ledger();
        let mut report = |outcome: &RowOutcome| self.outcomes.push(outcome.clone());
        let summary = engine::run(rows, &mut ledger, recorder, self.options, &mut report).unwrap();
        assert_eq!(summary.rows, self.outcomes.len() as u64);
        summary
    }

    pub(crate) fn jsonl(&mut self, text: impl AsRef<[u8]>) -> Summary {
        let mut bring = |_: &Hash| None;
        let mut rows = jsonl::Reader::new(text.as_ref(), &mut bring);
        let summary = self.take(&mut rows);
        assert!(rows.failure().is_none());
        summary
    }

    pub(crate) fn table(&mut self, map: &str, text: impl AsRef<[u8]>) -> Summary {
        let map = map_of(map);
        let mut rows = table::Reader::new(text.as_ref(), b',', &map).unwrap();
        let summary = self.take(&mut rows);
        assert!(rows.failure().is_none());
        summary
    }

    /// Asserts what became of each row, in one line each: status, line, and what is wrong or noted.
    #[track_caller]
    pub(crate) fn check(&self, expected: &[&str]) {
        let line = |it: &RowOutcome| {
            let mut words = vec![format!("{} {:?}", it.line, it.status)];
            words.extend(it.problem.as_ref().map(|problem| problem.what.clone()));
            words.extend(it.notes_in_words());
            words.join(": ")
        };
        let found: Vec<String> = self.outcomes.iter().map(line).collect();
        assert_eq!(found, expected);
    }

    /// Every record of the ledger after its charter, in order.
    pub(crate) fn records(&self) -> Vec<(Id, Record)> {
        let ledger = self.ledger();
        let rows = (1..ledger.tree_size()).map(|entry| ledger.index().by_entry(entry).unwrap());
        let statements = rows.map(|row| ledger.statement(&row.unwrap()).unwrap().unwrap());
        statements.map(|statement| (statement.id(), statement.record().clone())).collect()
    }

    #[track_caller]
    pub(crate) fn verified(&self) {
        let report = verify_disk(&self.disk);
        assert_eq!((report.verdict(), report.faults), (Verdict::Verified, Vec::new()));
    }
}

#[track_caller]
pub(crate) fn map_of(text: &str) -> ColumnMap {
    parse::parse(text.as_bytes()).unwrap_or_else(|faults| panic!("{faults}"))
}

/// A map for tables of the columns `id,who,words`.
pub(crate) const MAP: &str = r#"
[table]
ids = ["id"]
skip_if_empty = ["words"]
[[party]]
as = "speaker"
kind = "person"
name = "{who}"
[document]
kind = "statement"
title = "{who}, {id}"
capture = "{words}"
[[claim]]
speaker = "speaker"
said = "{words}"
passage = "{words}"
"#;

fn party(key: &str) -> String {
    json!({"party": {"key": key, "kind": "person", "names": [{"text": key}]}}).to_string()
}

/// That it makes no difference how many rows go into a commit and how many from hand to hand, whether
/// they go while others are committed, and whether it is a dry run, and that each ledger verifies. Hands back the one with the fewest commits.
#[track_caller]
fn however_many_go_together(take: impl Fn(&mut Desk) -> Summary) -> Desk {
    let mut together = Desk::new();
    together.options = Options { commit: 1_000, block: 1_000, ..together.options };
    let summary = take(&mut together);
    let records = together.records();
    for (commit, block) in [(1, 1), (2, 1), (3, 2), (1_000, 1), (1_000, 2), (1_000, 3)] {
        let options = Options { commit, block, ..together.options };
        for mut desk in [Desk::new(), Desk::with_index()] {
            desk.options = options;
            assert_eq!(take(&mut desk), summary, "{commit}, {block}");
            assert_eq!(desk.outcomes, together.outcomes, "{commit}, {block}");
            assert_eq!(desk.records(), records, "{commit}, {block}");
            desk.verified();
        }
        let mut rehearsed = Desk::new();
        rehearsed.options = Options { dry_run: true, ..options };
        assert_eq!(take(&mut rehearsed), summary, "{commit}, {block}");
        assert_eq!(rehearsed.ledger().tree_size(), 1);
    }
    together.verified();
    together
}

#[test]
fn rows_that_refer_to_rows_just_before_them_find_them_in_any_block() {
    let labelled = |label: &str, speaker: &str, document: &str, text: &str| {
        json!({"label": label, "claim": {"speaker": {"party": speaker}, "act": "state",
            "polarity": "asserted", "proposition": {"text": text}, "document": document}})
        .to_string()
    };
    let document = |label: &str, text: &str| {
        json!({"label": label, "text": text, "document": {"kind": "note", "title": text}})
            .to_string()
    };
    let relation = |from: &str, to: &str| {
        json!({"relation": {"from": from, "kind": "denies", "to": to}}).to_string()
    };
    let lines = [
        party("ada"),
        document("d1", "One."),
        labelled("c1", "ada", "label:d1", "It is so."),
        party("ben"),
        // The same words by another speaker, and then by the first one again.
        labelled("c2", "ben", "label:d1", "It is so."),
        relation("label:c1", "label:c2"),
        labelled("c3", "ada", "label:d1", "It is so."),
        // A label that is used twice means nothing afterwards.
        document("d2", "Two."),
        document("d2", "Another two."),
        labelled("c4", "ada", "label:d2", "It is not so."),
        // What refers to it is refused with it.
        relation("label:c1", "label:c4"),
        party("ada"),
        relation("label:c3", "label:c2"),
        labelled("c5", "nobody", "label:d1", "Who?"),
        // The first one in these words is her own; the first one by another is not.
        document("d3", "Three."),
        labelled("c6", "ada", "label:d3", "It is so."),
        json!({"assessment": {"target": "label:c2", "by": "ben", "scheme": "admiralty",
            "value": "B2"}})
        .to_string(),
        // Under this label the claim of row 3 waits for its id; nobody else knows it.
        relation("label:c1", &format!("696d706f72742773207265636f72643a{:016x}{:016x}", 0, 2)),
    ];
    let lines = lines.join("\n");
    let desk = however_many_go_together(|desk| desk.jsonl(&lines));
    desk.check(&[
        "1 New",
        "2 New",
        "3 New",
        "4 New",
        "5 New: entry 3 has the same words by another speaker",
        "6 New",
        "7 Already: repeats row 3",
        "8 New",
        "9 Refused: the label \"d2\" is that of row 8",
        "10 Refused: `label:d2`: row 9 has this label, and did not go in",
        "11 Refused: `label:c4`: row 10 has this label, and did not go in",
        "12 Already: repeats row 1",
        "13 Already: repeats row 6",
        "14 Refused: no party has the key \"nobody\"",
        "15 New",
        "16 New: entry 5 has the same words by another speaker",
        "17 New",
        "18 Refused: to refers to 696d706f7274, which no row before brought and this ledger does not \
         hold",
    ]);
    desk.verified();
}

/// A claim by a party, in words, about a document that a line before brought.
fn claim(speaker: &str, document: &str, text: &str) -> String {
    json!({"claim": {"speaker": {"party": speaker}, "act": "state", "polarity": "asserted",
        "proposition": {"text": text}, "document": document}})
    .to_string()
}

#[test]
fn a_key_or_an_id_that_is_given_twice_means_the_later_line_from_there_on() {
    let named = |name: &str| {
        json!({"party": {"key": "ada", "kind": "person", "names": [{"text": name}]}}).to_string()
    };
    let id = records::id("elsewhere").to_string();
    let document =
        |title: &str| json!({"id": id, "document": {"kind": "note", "title": title}}).to_string();
    let said = |place: usize| claim("ada", &id, &format!("It is so, {place}."));
    let mut lines = vec![named("Ada one"), document("One"), said(1), said(2)];
    lines.extend([named("Ada two"), said(3), document("Two")]);
    lines.extend((4..9).map(said));
    let lines = lines.join("\n");
    let desk = however_many_go_together(|desk| desk.jsonl(&lines));
    let records = desk.records();
    let (one, two) = (records[0].0, records[4].0);
    let (first, second) = (records[1].0, records[6].0);
    let expected = |place: usize| match place {
        2 | 3 => [one, first],
        5 => [two, first],
        _ => [two, second],
    };
    for (place, (_, record)) in records.iter().enumerate() {
        if let Record::Claim(_) = record {
            let references: Vec<Id> = record.references().into_iter().map(|it| it.id).collect();
            assert_eq!(references, expected(place), "{place}");
        }
    }
}

#[test]
fn what_a_later_row_repeats_stands_before_what_refers_to_it() {
    let document = |publisher: &str| json!({"text": "Hello", "document": {"kind": "note", "title": "D", "publisher": publisher}});
    let labelled = |label: &str, mut line: serde_json::Value| {
        line["label"] = json!(label);
        line.to_string()
    };
    let person = json!({"party": {"key": "ada", "kind": "person", "names": [{"text": "ada"}]}});
    let take = |desk: &mut Desk| {
        desk.jsonl(person.to_string());
        let ada = desk.records().first().map_or_else(|| records::id("ada"), |it| it.0).to_string();
        let lines = [
            labelled("p", person.clone()),
            labelled("d", document("label:p")),
            claim("ada", "label:d", "It is so."),
            document(&ada).to_string(),
        ];
        desk.jsonl(lines.join("\n"))
    };
    for (commit, block) in [(1_000, 1_000), (1_000, 1), (3, 2), (1, 1)] {
        let mut desk = Desk::new();
        desk.options = Options { commit, block, ..desk.options };
        take(&mut desk);
        desk.check(&["1 Already", "2 New", "3 New", "4 Already: repeats row 2"]);
        desk.verified();
    }
}

#[test]
fn a_capture_that_comes_with_one_row_and_is_named_by_the_next_one_alone_is_kept() {
    let first = json!({"text": "One.", "document": {"kind": "note", "title": "One."}}).to_string();
    for (commit, block) in [(1, 1), (2, 1), (2, 2), (1_000, 1_000)] {
        for mut desk in [Desk::new(), Desk::with_index()] {
            desk.options = Options { commit, block, ..desk.options };
            desk.jsonl(&first);
            let (_, record) = desk.records().remove(0);
            let [capture] = &record.captures()[..] else { panic!("one capture") };
            // The ledger has the first one, so that the commit brings nothing that names it.
            desk.disk.remove_file(&capture::path(&capture.digest)).unwrap();
            let mut second = serde_json::to_value(&record).unwrap();
            second["document"]["title"] = json!("Two.");
            desk.jsonl(format!("{first}\n{second}"));
            desk.check(&["1 Already", "2 New"]);
            desk.verified();
        }
    }
}

#[test]
fn an_id_that_is_the_label_under_which_a_row_waits_is_sealed_as_what_it_means() {
    let label = format!("696d706f72742773207265636f72643a{:016x}{:016x}", 1, 1);
    let line = json!({"id": label, "text": "Hello", "document": {"kind": "note", "title": "D"}});
    let lines = [party("ada"), line.to_string(), claim("ada", &label, "It is so.")].join("\n");
    let desk = however_many_go_together(|desk| desk.jsonl(&lines));
    desk.check(&["1 New", "2 New", "3 New"]);
    desk.verified();
}

#[test]
fn two_labels_of_one_claim_are_not_set_against_each_other() {
    let labelled = |label: &str| {
        let claim: serde_json::Value =
            serde_json::from_str(&claim("ada", "label:d", "It is so.")).unwrap();
        json!({"label": label, "claim": claim["claim"]}).to_string()
    };
    let line = json!({"label": "d", "text": "Hello", "document": {"kind": "note", "title": "D"}});
    let denies = |from: &str, to: &str| {
        json!({"relation": {"from": from, "kind": "denies", "to": to}}).to_string()
    };
    let lines = [
        party("ada"),
        line.to_string(),
        labelled("a"),
        labelled("b"),
        denies("label:a", "label:b"),
        claim("ada", "label:d", "It is not so."),
        labelled("c"),
    ]
    .join("\n");
    let desk = however_many_go_together(|desk| desk.jsonl(&lines));
    desk.check(&[
        "1 New",
        "2 New",
        "3 New",
        "4 Already: repeats row 3",
        "5 Refused: to: is the same claim as from",
        "6 New",
        "7 Already: repeats row 3",
    ]);
    desk.verified();
}

#[test]
fn what_is_withheld_is_withheld_by_whatever_label_and_nothing_else_is() {
    let document = |label: &str, text: &str| {
        json!({"label": label, "text": text, "document": {"kind": "note", "title": "D"}})
            .to_string()
    };
    let notice = json!({"notice": {"kind": "redaction", "target": "label:d", "reason": "r"}});
    let first = [
        party("ada"),
        document("d", "One"),
        document("e", "One"),
        notice.to_string(),
        claim("ada", "label:e", "It is so."),
    ];
    let rest = [document("f", "Two"), claim("ada", "label:f", "So it is.")];
    let (both, first) = ([&first[..], &rest[..]].concat().join("\n"), first.join("\n"));
    however_many_go_together(|desk| desk.jsonl(&both));
    let withheld = "5 Refused: document refers to what is withheld, as row 4 says";
    let mut desk = Desk::new();
    // A commit in which all is there already is followed by one that begins at the same entry.
    desk.options = Options { commit: 5, block: 5, ..desk.options };
    desk.jsonl(&first);
    desk.check(&["1 New", "2 New", "3 Already: repeats row 2", "4 New", withheld]);
    desk.jsonl(&both);
    let last: Vec<(u64, Status)> =
        desk.outcomes.iter().rev().take(2).map(|it| (it.line, it.status)).collect();
    assert_eq!(last, [(7, Status::New), (6, Status::New)], "{:?}", desk.outcomes);
    desk.verified();
}

#[test]
fn nothing_is_hung_on_what_a_row_before_withholds() {
    let line = json!({"label": "d", "text": "Hello", "document": {"kind": "note", "title": "D"}});
    let notice = json!({"notice": {"kind": "redaction", "target": "label:d", "reason": "r"}});
    let lines = [
        party("ada"),
        line.to_string(),
        claim("ada", "label:d", "It is so."),
        notice.to_string(),
        claim("ada", "label:d", "It is not so."),
        notice.to_string(),
        party("ben"),
        claim("ben", "label:d", "It is not so."),
    ]
    .join("\n");
    let desk = however_many_go_together(|desk| desk.jsonl(&lines));
    let withheld = "document refers to what is withheld, as row 4 says";
    desk.check(&[
        "1 New",
        "2 New",
        "3 New",
        "4 New",
        &format!("5 Refused: {withheld}"),
        "6 Already: repeats row 4",
        "7 New",
        &format!("8 Refused: {withheld}"),
    ]);
}

#[test]
fn what_is_there_is_there_although_a_row_withholds_what_it_rests_on() {
    let line = json!({"label": "d", "text": "Hello", "document": {"kind": "note", "title": "D"}});
    let notice = json!({"notice": {"kind": "redaction", "target": "label:d", "reason": "r"}});
    let lines =
        [party("ada"), line.to_string(), claim("ada", "label:d", "It is so."), notice.to_string()];
    let once = lines.join("\n");
    let other = [&lines[..], &[claim("ada", "label:d", "It is not so.")]].concat().join("\n");
    for (commit, block) in [(1, 1), (2, 1), (3, 2), (1_000, 3), (1_000, 1_000)] {
        for (mut desk, dry_run) in
            [(Desk::new(), true), (Desk::new(), false), (Desk::with_index(), false)]
        {
            desk.options = Options { commit, block, ..desk.options };
            desk.jsonl(&once);
            desk.outcomes.clear();
            desk.options.dry_run = dry_run;
            desk.jsonl(&other);
            desk.check(&[
                "1 Already",
                "2 Already",
                "3 Already",
                "4 Already",
                "5 Refused: document refers to what is withheld, as entry 4 says",
            ]);
            desk.verified();
        }
    }
}

/// Files of `tests/cases/import`, each with the answer to every row beside it: the line, what became
/// of it, what is wrong or noted.
#[test]
fn every_file_gets_the_answers_that_stand_beside_it() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/import");
    let map = fs::read_to_string(folder.join("statements.toml")).unwrap();
    let mut count = 0;
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let Ok(answers) = fs::read_to_string(folder.join(format!("{name}.answers"))) else {
            continue;
        };
        let file = fs::read(&path).unwrap();
        let take = |desk: &mut Desk| match name.rsplit_once('.').unwrap().1 {
            "csv" => desk.table(&map, &file),
            "jsonl" => desk.jsonl(&file),
            _ => desk.take(&mut claimreview::Reader::new(&file[..])),
        };
        let desk = however_many_go_together(take);
        let expected: Vec<&str> = answers.lines().collect();
        println!("{name}");
        desk.check(&expected);
        desk.verified();
        count += 1;
    }
    assert!(count >= 28, "{count}");
}

#[test]
fn references_are_visited_where_they_are_listed() {
    for (name, record) in records::full().into_iter().chain(records::bare()) {
        let listed: Vec<Id> = record.references().into_iter().map(|it| it.id).collect();
        let (mut visited, mut changed) = (Vec::new(), record.clone());
        changed.refer(&mut |id| {
            visited.push(id);
            Id::of(id.hash().as_bytes())
        });
        assert_eq!(visited, listed, "{name}");
        let now: Vec<Id> = changed.references().into_iter().map(|it| it.id).collect();
        let expected: Vec<Id> = listed.iter().map(|id| Id::of(id.hash().as_bytes())).collect();
        assert_eq!(now, expected, "{name}");
    }
}

#[test]
fn every_reference_of_a_record_in_json_can_be_a_label() {
    let mut kinds = 0;
    for (name, record) in records::full() {
        let mut text = serde_json::to_string(&record).unwrap();
        let references = record.references();
        for reference in &references {
            let id = reference.id.to_string();
            text = text.replace(&format!("\"{id}\""), &format!("\"label:{id}\""));
        }
        let read = record_json::read(serde_json::from_str(&text).unwrap(), &mut Vec::new());
        let found: Vec<Id> = read.unwrap().references().into_iter().map(|it| it.id).collect();
        let label = |id: Id| line_label(&id.to_string());
        let expected: Vec<Id> = references.iter().map(|it| label(it.id)).collect();
        assert_eq!(found, expected, "{name}");
        kinds += usize::from(!expected.is_empty());
    }
    assert!(kinds >= 10, "{kinds}");
}

#[test]
fn lines_refer_to_one_another_by_label_by_key_and_by_the_ids_they_had() {
    let mut desk = Desk::new();
    let old = records::id("in another ledger");
    let lines = [
        party("ada"),
        json!({"label": "speech", "text": "We will come.",
            "document": {"kind": "transcript", "title": "A speech"}})
        .to_string(),
        json!({"schema": "whosaid.log/1", "entry": 7, "id": old, "recorder": "omar",
            "recorded_at": 1, "signer": "x", "withheld": false, "record": {"claim": {
            "speaker": {"party": "ada"}, "act": "promise", "polarity": "asserted",
            "proposition": {"text": "We will come."}, "document": "label:speech"}}})
        .to_string(),
        json!({"assessment": {"target": old, "by": "ada", "scheme": "admiralty", "value": "B2"}})
            .to_string(),
    ]
    .join("\n");
    let summary = desk.jsonl(&lines);
    assert_eq!((summary.new, summary.statements), (4, 4));
    let records = desk.records();
    let (ada, speech, claim) = (records[0].0, records[1].0, records[2].0);
    let references = |place: usize| -> Vec<Id> {
        records[place].1.references().into_iter().map(|it| it.id).collect()
    };
    assert_eq!(references(2), [ada, speech]);
    assert_eq!(references(3), [claim, ada]);
    desk.verified();

    // Again, with one line more: only that is new.
    let more = format!("{lines}\n{}", party("ben"));
    let summary = desk.jsonl(more);
    assert_eq!((summary.already, summary.new, summary.statements), (4, 1, 1));
    assert_eq!(desk.ledger().tree_size(), 6);
}

#[test]
fn the_log_of_one_ledger_goes_into_another_without_its_keys() {
    let mut desk = Desk::new();
    let line = |entry: u64, id: Id, record: &Record| {
        json!({"schema": "whosaid.log/1", "entry": entry, "id": id, "recorder": "nadia",
            "recorded_at": TIME, "signer": "", "withheld": false, "record": record})
        .to_string()
    };
    let other = records::id("a party elsewhere");
    let control = Record::Control(whosaid::attribution::record::channel::Control {
        channel: records::id("a channel elsewhere"),
        party: other,
        mode: whosaid::attribution::record::channel::ControlMode::Owner,
        basis: whosaid::attribution::record::channel::ControlBasis::Registry,
        since: None,
        until: None,
        evidence: None,
        verified_at: None,
    });
    let withheld = json!({"schema": "whosaid.log/1", "entry": 3, "id": records::id("gone"),
        "recorder": null, "recorded_at": null, "signer": null, "withheld": true, "record": null});
    let lines = [
        line(0, records::id("charter"), &house::charter()),
        line(1, other, &house::party("elsewhere")),
        line(2, records::id("control"), &control),
        withheld.to_string(),
    ];
    let summary = desk.jsonl(lines.join("\n"));
    assert_eq!((summary.new, summary.left_out, summary.refused), (1, 2, 1));
    desk.check(&[
        "1 LeftOut: a charter record says who may sign in another ledger",
        "2 New",
        &format!(
            "3 Refused: channel refers to {}, which no row before brought and this ledger does \
             not hold",
            records::id("a channel elsewhere").short()
        ),
        "4 LeftOut: the entry is withheld",
    ]);
    desk.verified();
}

#[test]
fn malformed_lines_are_named_and_the_others_go_in() {
    let mut desk = Desk::new();
    let mut file = b"\xef\xbb\xbf".to_vec();
    let missing = records::id("nowhere").to_string();
    let lines: [Vec<u8>; 15] = [
        party("ada").into_bytes(),
        b"{\"party\": {\"key\": \"be".to_vec(),
        b"{\"party\": {\"key\": \"caf\xe9\"}}".to_vec(),
        b"[]".to_vec(),
        b"".to_vec(),
        b"{\"party\": {\"key\": \"a\", \"key\": \"b\"}}".to_vec(),
        b"{\"party\": {\"key\": \"a\", \"kind\": \"person\", \"names\": [], \"age\": 7}}".to_vec(),
        b"{\"channel\": {\"key\": \"x\", \"kind\": \"account\", \"platform_id\": 7.02608E+17}}"
            .to_vec(),
        b"{\"party\": {\"key\": \"A B\", \"kind\": \"person\", \"names\": [{\"text\": \"x\"}]}}"
            .to_vec(),
        json!({"relation": {"from": missing, "kind": "denies", "to": missing}}).to_string().into(),
        json!({"assessment": {"target": missing, "scheme": "a", "value": "b"}}).to_string().into(),
        json!({"claim": {"speaker": {"party": "adda"}, "act": "state", "polarity": "asserted",
            "proposition": {"text": "x"}}})
        .to_string()
        .into(),
        json!({"record": {"party": {}}, "recoder": "x"}).to_string().into(),
        json!({"document": {"kind": "note", "captures": [{"digest": missing, "size": 1,
            "media_type": "text/plain"}]}})
        .to_string()
        .into(),
        [party("ben").as_bytes(), b"\r"].concat(),
    ];
    file.extend(lines.join(&b"\n"[..]));
    let summary = desk.jsonl(&file);
    assert_eq!((summary.rows, summary.new, summary.refused), (14, 2, 12));
    let short = records::id("nowhere").short();
    desk.check(&[
        "1 New",
        "2 Refused: the JSON breaks off after 21 characters",
        "3 Refused: byte 23 (0xE9) begins no character, expected UTF-8",
        "4 Refused: expected a JSON object, as {\"claim\": {…}}",
        "6 Refused: not JSON: the name \"key\" stands there twice, at character 28",
        "7 Refused: party: unknown field `age`, expected one of `key`, `kind`, `names`, `ids`, \
         `part_of`, `roles`, `anonymity`",
        "8 Refused: platform_id is the number 7.02608e+17, and records hold whole numbers only",
        "9 Refused: key: found \"A B\", expected 1 to 64 bytes of lowercase letters, digits and \
         hyphens",
        "10 Refused: to: is the same claim as from",
        &format!(
            "11 Refused: target refers to {short}, which no row before brought and this ledger \
             does not hold"
        ),
        "12 Refused: no party has the key \"adda\", did you mean `ada`?",
        "13 Refused: unknown field `recoder`, did you mean `recorder` or `record`?",
        &format!("14 Refused: it names the capture {missing}, whose bytes are not given"),
        "15 New",
    ]);
    desk.verified();
}

#[test]
fn malformed_rows_of_a_table_are_named_and_the_others_go_in() {
    let file = Cursor::new(b"\xef\xbb\xbfid,who,words\r\n".to_vec())
        .chain(&b"1,Ada,\"She said \"\"no\"\".\"\r\n"[..])
        .chain(&b"2,Ada\r\n"[..])
        .chain(&b"3,Ada,one,two\r\n"[..])
        .chain(&b"4,Ada,\"She said \"no\".\"\r\n"[..])
        .chain(&b"5,Ada,caf\xe9\r\n"[..])
        .chain(&b"6,Ada,zero\0\r\n"[..])
        .chain(&b"7.02608E+17,Ada,damaged\r\n"[..])
        .chain(&b"8,,nobody\r\n"[..])
        .chain(&b"9,Ada,\r\n"[..])
        .chain(&b",,\r\n\r\n"[..])
        .chain(&b"10,Ada,\""[..])
        .chain(repeat(b'x').take(100 * 1024 * 1024))
        .chain(&b"\"\r\n"[..])
        .chain(&b"11,Ada,\"two\nlines\"\n"[..])
        .chain(&b"760000000000000000,Ada,rounded\n"[..])
        .chain(&b"1,Ada,\"She said \"\"no\"\".\"\n"[..])
        .chain(&b"13,Ada,\"never closed\n14,Ada,swallowed\n"[..]);
    let mut desk = Desk::new();
    let map = map_of(MAP);
    let mut rows = table::Reader::new(BufReader::new(file), b',', &map).unwrap();
    let summary = desk.take(&mut rows);
    desk.check(&[
        "2 New",
        "3 Refused: the row has 2 cells, expected 3",
        "4 Refused: the row has 4 cells, expected 3",
        "5 Refused: a quotation mark within a quoted cell is not doubled, on line 5",
        "6 Refused: the column \"words\": byte 4 (0xE9) begins no character, expected UTF-8",
        "7 Refused: the column \"words\": byte 5 is zero, expected text",
        "8 Refused: the column \"id\": `7.02608E+17` is a number as a spreadsheet writes it; the \
         id's last digits are lost",
        "9 Refused: the column \"who\" is empty, and the speaker is made of it",
        "10 LeftOut: the column \"words\" is empty",
        "11 LeftOut: the row is empty",
        "13 Refused: the row has more than 8388608 bytes",
        "14 New",
        "16 New: the column \"id\": `760000000000000000` has only zeros after 15 digits, as if a \
         spreadsheet cut it",
        "17 Already: repeats row 1",
        "18 Refused: a quotation mark is opened on line 18 and never closed",
    ]);
    assert_eq!((summary.new, summary.already, summary.refused), (3, 1, 9));
    // One party, and a document and a claim for each row that went in.
    assert_eq!(desk.ledger().tree_size(), 1 + 1 + 3 * 2);
    desk.verified();
}

#[test]
fn a_line_of_a_hundred_megabytes_is_named_and_the_next_goes_in() {
    let (first, last) = (party("ada"), party("ben"));
    let file = first
        .as_bytes()
        .chain(&b"\n{\"party\": \""[..])
        .chain(repeat(b'x').take(100 * 1024 * 1024))
        .chain(&b"\"}\n"[..])
        .chain(last.as_bytes());
    let mut desk = Desk::new();
    let mut bring = |_: &Hash| None;
    desk.take(&mut jsonl::Reader::new(BufReader::new(file), &mut bring));
    desk.check(&["1 New", "2 Refused: the line has more than 8388608 bytes", "3 New"]);
}

#[test]
fn nothing_of_a_row_goes_in_if_one_of_its_records_is_refused() {
    let mut desk = Desk::new();
    // The party and the document are sound; the words are longer than a passage may be.
    let long = "x".repeat(9_000);
    desk.table(MAP, format!("id,who,words\n1,Ada,{long}\n2,Ben,It is so.\n"));
    desk.check(&["2 Refused: proposition: has 9000 bytes, expected at most 8192", "3 New"]);
    assert_eq!(desk.ledger().tree_size(), 1 + 3);
    desk.verified();
}

#[test]
fn two_names_that_make_one_key_are_told_apart() {
    let mut desk = Desk::new();
    desk.table(MAP, "id,who,words\n1,J. Smith,a\n2,J Smith,b\n3,J. Smith ,c\n");
    let problem = "3 Refused: the key \"j-smith\" is made of \"J Smith\", and is that of \"J. \
                   Smith\" already";
    desk.check(&["2 New", problem, "4 New"]);
    // What the ledger knows of a party stays: no poorer record is put over it.
    let before = desk.records().len();
    desk.table(MAP, "id,who,words\n4,J. Smith,d\n");
    assert_eq!(desk.records().len(), before + 2);
}

#[test]
fn a_dry_run_says_what_would_be_and_appends_nothing() {
    let file = "id,who,words\n1,Ada,one\n2,Ben,two\n3,Ada,three\n1,Ada,one\n4,,five\n";
    let mut desk = Desk::new();
    desk.options.dry_run = true;
    let dry = desk.table(MAP, file);
    let rehearsed: Vec<Status> = desk.outcomes.iter().map(|it| it.status).collect();
    assert!(desk.outcomes.iter().all(|it| it.status == Status::Already || it.id.is_none()));
    assert_eq!(desk.ledger().tree_size(), 1);
    desk.options.dry_run = false;
    let real = desk.table(MAP, file);
    assert_eq!(dry, real);
    let statuses: Vec<Status> = desk.outcomes.iter().map(|it| it.status).collect();
    assert_eq!(statuses, rehearsed);
    let again = desk.table(MAP, file);
    assert_eq!((again.new, again.already, again.statements), (0, 4, 0));
    desk.options.dry_run = true;
    assert_eq!(desk.table(MAP, file), again);
}

#[test]
fn rows_that_are_in_are_told_even_if_the_index_cannot_follow() {
    for (commit, at_least) in [(1, 4), (2, 4), (3, 6), (1_000, 9)] {
        let desk = Desk::with_index();
        drop(desk.ledger());
        let index = desk.folder.as_ref().unwrap().path().join("index");
        let full = "CREATE TRIGGER full BEFORE INSERT ON entry WHEN NEW.entry_index > 3
            BEGIN SELECT RAISE(ABORT, 'full'); END";
        rusqlite::Connection::open(index).unwrap().execute_batch(full).unwrap();
        let lines: Vec<String> = (0..9).map(|it| party(&format!("p{it}"))).collect();
        let (lines, key) = (lines.join("\n"), recorder_key());
        let mut bring = |_: &Hash| None;
        let mut rows = jsonl::Reader::new(lines.as_bytes(), &mut bring);
        let (mut outcomes, mut ledger) = (Vec::new(), desk.ledger());
        let mut report = |outcome: &RowOutcome| outcomes.push(outcome.clone());
        let recorder = Recorder { name: "nadia", key: &key, recorded_at: TIME };
        let options = Options { commit, block: 1, ..desk.options };
        let failed = engine::run(&mut rows, &mut ledger, recorder, options, &mut report);
        let failed = failed.unwrap_err().to_string();
        assert!(failed.contains("the batch is committed"), "{failed}");
        drop(ledger);
        // Others may have been committed before it was noticed.
        let (told, size) = (outcomes.len() as u64, house::open(&desk.disk).unwrap().tree_size());
        assert!(told >= at_least, "{told} of {commit}");
        assert_eq!(told + 1, size, "{commit}");
        desk.verified();
    }
}

#[test]
fn an_import_that_ends_at_any_row_is_finished_by_the_next() {
    let rows: Vec<String> = (1..=10).map(|it| format!("{it},Ada,words {it}\n")).collect();
    let whole = format!("id,who,words\n{}", rows.concat());
    let mut straight = Desk::new();
    straight.table(MAP, &whole);
    for kept in 0..10 {
        let mut desk = Desk::new();
        desk.table(MAP, format!("id,who,words\n{}", rows[..kept].concat()));
        let summary = desk.table(MAP, &whole);
        assert_eq!((summary.already, summary.new), (kept as u64, 10 - kept as u64));
        assert_eq!(desk.records(), straight.records(), "{kept}");
    }
}

#[test]
fn tables_in_other_encodings_and_with_other_signs_are_read() {
    let mut desk = Desk::new();
    let map = map_of(&format!("{MAP}\n").replace("[table]", "[table]\ndelimiter = \";\""));
    let file = b"id;who;words\n1;Andr\xe9;caf\xe9\n2;Andr\xe9;\x81\n".to_vec();
    let stream = Decoded::new(&file[..], decoding::named("windows-1252").unwrap());
    desk.take(&mut table::Reader::new(stream, b',', &map).unwrap());
    assert_eq!(desk.outcomes[0].status, Status::New);
    let Record::Party(party) = &desk.records()[0].1 else { panic!() };
    assert_eq!((party.key.as_str(), party.name()), ("andré", "André"));

    // What a spreadsheet calls Unicode text: UTF-16 with a mark, and tabs.
    let text: Vec<u8> = "\u{feff}id\twho\twords\n9\tПётр\tнет\n"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let encoding = decoding::by_mark(&text).unwrap();
    let map = map_of(MAP);
    let mut rows = table::Reader::new(Decoded::new(&text[..], encoding), b'\t', &map).unwrap();
    assert_eq!(desk.take(&mut rows).new, 1);
}

#[test]
fn a_table_that_does_not_fit_its_map_is_refused_whole() {
    let map = map_of(MAP);
    let check = |file: &str, expected: &str| match table::Reader::new(file.as_bytes(), b',', &map)
        .err()
        .unwrap()
    {
        table::Unusable::Head(problem) => assert_eq!(problem.what, expected, "{file}"),
        table::Unusable::Stream(error) => panic!("{error}"),
    };
    check("", "the table is empty");
    check(
        "id,whom,words\n",
        "the table has no column \"who\", which the map names, did you mean `whom`?",
    );
    check("id,who,words,who\n", "the table has 2 columns \"who\"");
}

const REVIEW: &str = r#"{"@context": "https://schema.org", "@type": "ClaimReview",
 "url": "https://www.facts.example/1", "datePublished": "2024-11-25T10:00:00.5+00:00",
 "author": {"@type": "Organization", "name": "Facts", "url": "https://facts.example"},
 "claimReviewed": "The moon is made of cheese.",
 "itemReviewed": {"@type": "Claim", "author": {"@type": "Person", "name": "Ada"},
   "datePublished": "2024-11-20", "appearance": [{"@type": "CreativeWork",
   "url": "https://twitter.com/ada/status/765629939811020802"}]},
 "reviewRating": {"@type": "Rating", "ratingValue": 1, "bestRating": 5, "worstRating": "1",
   "alternateName": "False"}}"#;

fn reviews(desk: &mut Desk, text: &str) -> Summary {
    desk.take(&mut claimreview::Reader::new(text.as_bytes()))
}

#[test]
fn a_fact_check_becomes_claim_document_chain_and_rating() {
    let mut desk = Desk::new();
    assert_eq!(reviews(&mut desk, REVIEW).new, 1);
    desk.check(&["1 New"]);
    let records = desk.records();
    let kinds: Vec<&str> = records.iter().map(|(_, record)| record.kind()).collect();
    assert_eq!(kinds, ["party", "document", "document", "claim", "assessment"]);
    let Record::Claim(claim) = &records[3].1 else { panic!() };
    assert_eq!(claim.proposition.text, "The moon is made of cheese.");
    assert_eq!(claim.chain[0].document, Some(records[1].0));
    let segment = &claim.passage.as_ref().unwrap().segments[0];
    assert_eq!(segment.pointer.as_deref(), Some("/claimReviewed"));
    assert!(segment.position.is_some());
    let Record::Document(review) = &records[2].1 else { panic!() };
    assert_eq!(review.captures[0].digest, Hash::of(REVIEW.as_bytes()));
    assert_eq!(
        review.published.as_ref().map(Date::edtf).as_deref(),
        Some("2024-11-25T10:00:00+00:00")
    );
    let Record::Assessment(rating) = &records[4].1 else { panic!() };
    assert_eq!((rating.scheme.as_str(), rating.value.as_str()), ("facts.example", "False"));
    assert_eq!(rating.basis.as_deref(), Some("Facts: 1, from 1 (worst) to 5 (best)"));
    assert_eq!((rating.target, rating.by), (records[3].0, Some(records[0].0)));
    desk.verified();
}

#[test]
fn fact_checks_are_found_in_arrays_feeds_graphs_and_pages() {
    let other = REVIEW.replace("cheese", "stone").replace("facts.example/1", "facts.example/2");
    let page = format!(
        "<!doctype html>\n<script>{{}}</script><script type=\"application/ld+json\">\n{REVIEW}\n\
         </script><p>\n<script type='application/ld+json'>[{other}]</script>"
    );
    let mut desk = Desk::new();
    let scripts = ld_page::scripts(page.as_bytes());
    assert_eq!(desk.take(&mut claimreview::Reader::of_page(&scripts)).new, 2);
    desk.check(&["3 New", "13 New"]);
    for file in [
        format!("[{REVIEW},\n{other}]"),
        format!("{{\"@context\": \"x\", \"@graph\": [{REVIEW},\n{other}]}}"),
        format!(
            "{{\"@type\": \"DataFeed\", \"dataFeedElement\": [{{\"@type\": \"DataFeedItem\", \
                 \"item\": [{REVIEW},\n{other}]}}]}}"
        ),
        format!(
            "{{\"@type\": \"ItemList\", \"itemListElement\": [{{\"@type\": \"ListItem\", \
                 \"item\": {REVIEW}}}, {other}]}}"
        ),
        format!("{REVIEW}\n{other}\n"),
    ] {
        let mut desk = Desk::new();
        let summary = reviews(&mut desk, &file);
        assert_eq!((summary.new, summary.rows), (2, 2), "{file}: {:?}", desk.outcomes);
        assert!(desk.outcomes.iter().all(|it| it.notes.is_empty()), "{:?}", desk.outcomes);
        assert_eq!(reviews(&mut desk, &file).already, 2, "{file}");
        desk.verified();
    }
}

#[test]
fn a_damaged_script_of_a_page_does_not_swallow_the_next() {
    let damaged = &REVIEW[..REVIEW.len() / 2];
    let page = format!(
        "<html><script type=\"application/ld+json\">[{damaged}</script>\n\
         <script type=\"application/ld+json\">{REVIEW}</script>"
    );
    let mut desk = Desk::new();
    desk.take(&mut claimreview::Reader::of_page(&ld_page::scripts(page.as_bytes())));
    let characters = damaged.chars().count();
    desk.check(&[
        &format!("1 Refused: the JSON breaks off after {characters} characters"),
        "6 New",
    ]);
}

#[test]
fn what_is_no_fact_check_is_named() {
    let mut desk = Desk::new();
    let nobody = REVIEW.replace("\"author\": {\"@type\": \"Organization\"", "\"x\": {\"y\": \"\"");
    let silent = REVIEW.replace("claimReviewed", "claimreviewed");
    let double =
        REVIEW.replace("\"The moon is made of cheese.\"", "[\"It is so.\", \"It is not.\"]");
    let file = format!(
        "[{{\"@type\": \"NewsArticle\"}}, {{}}, 7, {nobody}, {silent}, {double}, {REVIEW}, {{\"@type\": "
    );
    reviews(&mut desk, &file);
    let found: Vec<String> = desk
        .outcomes
        .iter()
        .map(|it| it.problem.as_ref().map_or("new".to_owned(), |problem| problem.what.clone()))
        .collect();
    assert_eq!(
        found,
        [
            "a NewsArticle, expected a ClaimReview",
            "an object without a type, expected a ClaimReview",
            "no JSON object, expected a ClaimReview",
            "neither `author` nor `publisher` has a name: nobody rates",
            "`claimReviewed` is missing, the words of the claim",
            "`claimReviewed` is a list of 2, expected one claim",
            "new",
            "the JSON breaks off after 10 characters",
        ]
    );
}

#[test]
fn a_rating_that_changed_is_one_new_statement() {
    let mut desk = Desk::new();
    reviews(&mut desk, REVIEW);
    let row = |text: &str| -> Box<RowDraft> {
        claimreview::Reader::new(text.as_bytes()).next().unwrap().unwrap()
    };
    assert_eq!(row(REVIEW).drafts.len(), 5);
    let before = desk.records().len();
    let changed = REVIEW.replace("\"False\"", "\"Mostly false\"");
    assert_eq!(reviews(&mut desk, &changed).new, 1);
    // The markup is another capture, so the review is recorded anew with what hangs on it.
    assert_eq!(desk.records().len(), before + 3);
}
