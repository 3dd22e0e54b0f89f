//! A thousand real documents of a foreign ministry: dates from their titles, quotes from their
//! texts. From a folder that only some machines have.

use std::collections::BTreeMap;

use whosaid::attribution::date::{Basis, Date};
use whosaid::attribution::record::Record;
use whosaid::attribution::record::document::{Capture, Document, DocumentKind};
use whosaid::attribution::truth::Truth;
use whosaid::evidence::anchor::{Match, find};
use whosaid::evidence::text::{Profile, derive};
use whosaid::hash::Hash;
use whosaid::ledger::batch::{Batch, Recorder};
use whosaid::selector::{Position, Selector};
use whosaid::store::simulated::SimulatedDisk;
use whosaid::verify::report::Verdict;

use crate::it::house::{self, TIME, recorder_key, verify_disk};

const REMARKS: &str = "../shared/data/statements/china_mfa_remarks.csv";

struct Remark {
    link: String,
    text: String,
    title: String,
}

fn remarks() -> Option<Vec<Remark>> {
    let Ok(mut reader) = csv::Reader::from_path(REMARKS) else {
        println!("SKIPPED: {REMARKS} is not here");
        return None;
    };
    let rows = reader.records().map(|row| {
        let row = row.unwrap();
        Remark { link: row[0].to_owned(), text: row[1].to_owned(), title: row[2].to_owned() }
    });
    Some(rows.collect())
}

#[test]
fn the_titles_of_press_conferences_state_their_date() {
    let Some(remarks) = remarks() else { return };
    assert_eq!(remarks.len(), 1_000);
    let dated: Vec<Date> = remarks.iter().filter_map(|row| Date::in_title(&row.title)).collect();
    // 829 press conferences and 11 written answers. The other 160 are answers to one question,
    // declarations and notices, whose titles name what they are about and no full date: two name a
    // law by its year, one a yearly report, one a month to come, and one a day without its year.
    assert_eq!(dated.len(), 840);
    for date in &dated {
        assert_eq!(date.basis(), Basis::Stated);
        assert_eq!(date.fits_its_words(), Truth::Holds, "{date:?}");
        assert_eq!(date.earliest(), date.latest(), "{date:?}");
    }
    let is_dated = |row: &&Remark| Date::in_title(&row.title).is_some();
    let conferences = remarks.iter().filter(|row| row.title.contains("例行记者会"));
    assert_eq!((conferences.clone().count(), conferences.filter(is_dated).count()), (829, 829));
    for title in [
        "外交部发言人耿爽2月15日答记者问",
        "外交部发言人陆慷就朝韩决定于9月举行领导人会晤答记者问",
        "外交部发言人陆慷就美国防部发表2018年度中国军事与安全发展报告答记者问",
        "外交部发言人华春莹就美国国会众议院通过“2019年西藏政策及支持法案”答记者问",
    ] {
        assert!(remarks.iter().any(|row| row.title == title), "{title}");
        assert_eq!(Date::in_title(title), None, "{title}");
    }
    let first = Date::in_title("2020年4月29日外交部发言人耿爽主持例行记者会").unwrap();
    assert_eq!((first.edtf().as_str(), first.written()), ("2020-04-29", Some("2020年4月29日")));
}

/// The sentences of a text that are long enough to be quoted, each with where it stands, counted
/// along the characters and without the code under test.
fn sentences(characters: &[char]) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut start = 0;
    for (place, character) in characters.iter().enumerate() {
        if matches!(character, '。' | '？' | '！' | '\n' | '\r') {
            if place - start >= 8 {
                found.push((start, place + 1));
            }
            start = place + 1;
        }
    }
    found
}

/// The places of some words, by comparing characters one by one.
fn places(text: &[char], words: &[char]) -> Vec<usize> {
    (0..=text.len() - words.len()).filter(|start| text[*start..].starts_with(words)).collect()
}

/// The shortest run of characters before `start` that stands before this place only.
fn telling_prefix(text: &[char], all: &[usize], start: usize) -> Option<String> {
    (1..=start).find_map(|count| {
        let prefix = &text[start - count..start];
        let others = all.iter().filter(|place| **place != start);
        let mut alike = others.filter(|place| text[..**place].ends_with(prefix));
        alike.next().is_none().then(|| prefix.iter().collect())
    })
}

#[test]
fn sentences_anchor_where_they_stand_in_every_document() {
    let Some(remarks) = remarks() else { return };
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for row in &remarks {
        let text = derive(Profile::Plain1, row.text.as_bytes()).unwrap();
        let characters: Vec<char> = row.text.chars().collect();
        assert_eq!(text.length(), characters.len() as u64);
        let sentences = sentences(&characters);
        // The first, the last and some between: enough, and the same ones each time.
        let step = (sentences.len() / 4).max(1);
        for (start, end) in sentences.iter().copied().step_by(step) {
            let words = &characters[start..end];
            let selector = Selector::quote(words.iter().collect::<String>());
            let all = places(&characters, words);
            let place =
                |start: usize| Position { start: start as u64, end: (start + words.len()) as u64 };
            let holds = Match::Holds { position: place(start) };
            if all.len() == 1 {
                *counts.entry("once").or_default() += 1;
                assert_eq!(find(&text, &selector), holds, "{}", row.title);
                continue;
            }
            *counts.entry("several times").or_default() += 1;
            let positions = all.iter().map(|start| place(*start)).collect();
            let ambiguous = Match::Ambiguous { positions, has_more: false };
            assert_eq!(find(&text, &selector), ambiguous, "{}", row.title);
            let prefix = telling_prefix(&characters, &all, start);
            if let Some(prefix) = prefix {
                *counts.entry("told apart").or_default() += 1;
                let selector = Selector { prefix: Some(prefix), ..selector };
                assert_eq!(find(&text, &selector), holds, "{}", row.title);
            }
        }
    }
    println!("{counts:?}");
    assert!(counts["once"] > 4_000, "{counts:?}");
    assert!(counts["told apart"] > 0, "{counts:?}");
    assert!(counts["told apart"] + 5 >= counts["several times"], "{counts:?}");
}

#[test]
fn every_document_is_recorded_with_its_bytes_and_the_date_of_its_title() {
    let Some(remarks) = remarks() else { return };
    let disk = SimulatedDisk::new();
    let mut ledger = house::open(&disk).unwrap();
    let key = recorder_key();
    let recorder = Recorder { name: "nadia", key: &key, recorded_at: TIME };
    let mut batch = Batch::new(&ledger, recorder).unwrap();
    let Record::Document(bare) = house::document(b"") else { panic!() };
    let mut dated = 0;
    for Remark { link, text, title } in &remarks {
        let (digest, size) = (Hash::of(text.as_bytes()), text.len() as u64);
        let document = Document {
            kind: DocumentKind::Transcript,
            title: Some(title.clone()),
            url: Some(link.clone()),
            language: Some("zh".to_owned()),
            published: Date::in_title(title),
            captures: vec![Capture::of(digest, size, "text/plain; charset=utf-8")],
            ..bare.clone()
        };
        dated += usize::from(document.published.is_some());
        batch.keep(text.as_bytes().to_vec());
        batch.add(&Record::Document(document)).unwrap();
    }
    let addition = batch.finish();
    ledger.commit(&addition).unwrap();
    assert_eq!(dated, 840);
    let size = ledger.tree_size();
    let report = verify_disk(&disk);
    assert_eq!((report.verdict(), report.faults), (Verdict::Verified, Vec::new()));
    assert_eq!(size, 1 + 1_000);
}
