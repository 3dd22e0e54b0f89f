//! Many rows and many processes: an import that is killed again and again and then finished, and
//! forty commands that append at once.

#![allow(
    clippy::disallowed_methods,
    reason = "what a person has on the disk is made and read here"
)]

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use whosaid::hash::Hash;

use crate::it::cli::Desk;

/// Three commits and a bit; with `WHOSAID_HEAVY`, a million rows.
fn row_count() -> usize {
    if std::env::var_os("WHOSAID_HEAVY").is_some() { 1_000_000 } else { 13_000 }
}

/// Rows that name one party, made of a fixed seed.
fn rows(count: usize) -> String {
    let mut seed: u64 = 7;
    let mut text = String::from(
        "{\"party\":{\"key\":\"ministry\",\"kind\":\"ministry\",\"names\":[{\"text\":\"The ministry\"}]}}\n",
    );
    for row in 0..count {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        writeln!(
            text,
            "{{\"claim\":{{\"speaker\":{{\"party\":\"ministry\"}},\"act\":\"announce\",\
             \"polarity\":\"asserted\",\"proposition\":{{\"text\":\"Announcement {row}: {seed}\"}}}}}}"
        )
        .expect("a string grows");
    }
    text
}

/// How often each claim of the ledger stands in it, and that it verifies.
fn claims(desk: &Desk) -> BTreeMap<String, usize> {
    desk.check(&["verify"], 0, "Verified");
    let log = desk.run(&["log", "--json", "--kind", "claim"]);
    let mut claims = BTreeMap::new();
    for line in String::from_utf8(log.stdout).expect("text").lines() {
        let line: serde_json::Value = serde_json::from_str(line).expect("JSON");
        let text = line["record"]["claim"]["proposition"]["text"].as_str().expect("a text");
        *claims.entry(text.to_owned()).or_default() += 1;
    }
    claims
}

#[test]
fn an_import_that_is_killed_twenty_times_has_every_row_once_when_it_is_finished() {
    let (desk, count) = (Desk::new(), row_count());
    fs::write(desk.path().join("rows.jsonl"), rows(count)).expect("a file");
    let import = ["import", "rows.jsonl"];
    // Moments that differ, spread over the work.
    let spread = 700 * (count as u64 / 13_000);
    let mut killed = 0;
    for attempt in 0..20 {
        let mut command = desk.command(&import);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it");
        // A sleep only says when to kill.
        std::thread::sleep(Duration::from_millis(40 + attempt * 97 * (spread / 700) % spread));
        killed += usize::from(child.try_wait().expect("a child").is_none());
        child.kill().expect("a child");
        child.wait().expect("a child");
    }
    assert!(killed > 5, "only {killed} of 20 were still at work");
    desk.check(&import, 0, &format!("Read {} rows", count + 1));
    let found = claims(&desk);
    assert_eq!(found.len(), count);
    assert!(found.values().all(|times| *times == 1));
    desk.check(&import, 0, &format!("already  {:>6}", count + 1));
}

/// Bytes that come with a row that is there already are not kept, and so not there for a later commit.
#[test]
fn bytes_that_a_commit_did_not_keep_are_missing_in_the_next() {
    let desk = Desk::new();
    let text = "They said that it rains.";
    let line =
        format!("{{\"text\":\"{text}\",\"document\":{{\"kind\":\"note\",\"title\":\"S\"}}}}\n");
    fs::write(desk.path().join("one.jsonl"), &line).expect("a file");
    desk.check(&["import", "one.jsonl"], 0, "Read 1 row");
    desk.check(&["redact", "1", "--reason", "x", "--erase", "--yes"], 0, "");
    let digest = Hash::of(text.as_bytes());
    let size = text.len();
    let named = format!(
        "{{\"document\":{{\"kind\":\"note\",\"title\":\"T\",\"captures\":[{{\"digest\":\"{digest}\",\
         \"size\":{size},\"media_type\":\"text/plain\"}}]}}}}\n"
    );
    fs::write(desk.path().join("rows.jsonl"), format!("{line}{}{named}", rows(9_000)))
        .expect("a file");
    let said = desk.check(&["import", "rows.jsonl"], 1, "refused       1");
    assert!(said.contains("already       1"), "{said}");
    desk.check(&["verify"], 5, "withheld");
}

/// Ctrl-C keeps what is committed, with its answers, and says how much that is.
#[cfg(unix)]
#[test]
fn an_import_that_is_interrupted_says_what_is_in_and_goes_on_when_it_is_given_again() {
    let (desk, count) = (Desk::new(), 13_000);
    fs::write(desk.path().join("rows.jsonl"), rows(count)).expect("a file");
    let import = ["import", "rows.jsonl"];
    let mut command = desk.command(&import);
    let child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("it");
    let size = || {
        let note = fs::read_to_string(desk.path().join("ledger/checkpoint")).expect("a checkpoint");
        note.lines().nth(1).and_then(|line| line.parse::<usize>().ok()).expect("a size")
    };
    let before = size();
    while size() == before {
        std::thread::sleep(Duration::from_millis(5));
    }
    let number = child.id().to_string();
    let sent = Command::new("kill").args(["-INT", &number]).status().expect("kill");
    assert!(sent.success());
    let output = child.wait_with_output().expect("a child");
    let said = String::from_utf8(output.stderr).expect("text");
    assert_eq!(output.status.code(), Some(3), "{said}");
    let taken = size() - before;
    assert!(taken < count, "the signal came too late to show anything");
    for words in [
        "the import was interrupted".to_owned(),
        format!("{taken} rows were taken, and {taken} new entries are in the ledger"),
        "import the file again, and it goes on from there".to_owned(),
    ] {
        assert!(said.contains(&words), "{words}: {said}");
    }
    let report = fs::read_to_string(desk.path().join("rows.report.jsonl")).expect("a report");
    assert_eq!(report.lines().count(), taken);
    desk.check(&import, 0, &format!("already  {taken:>6}"));
    let found = claims(&desk);
    assert_eq!((found.len(), found.values().sum::<usize>()), (count, count));
}

#[test]
fn a_large_ledger_that_was_verified_is_audited_without_reading_all_of_it_again() {
    let desk = Desk::new();
    fs::write(desk.path().join("rows.jsonl"), rows(5_000)).expect("a file");
    desk.check(&["import", "rows.jsonl"], 0, "Read 5001 rows");
    let (audit, note) = (["audit", "4000"], "entries were verified here before");
    let first = desk.check(&audit, 5, "Level");
    assert!(!first.contains(note), "{first}");
    let again = desk.check(&audit, 5, note);
    let told = |text: &str| text.lines().filter(|it| !it.starts_with("note:")).count();
    assert_eq!(told(&again), told(&first));
    desk.check(&["append", "--speaker", "the envoy", "--act", "state", "--said", "So."], 0, "");
    desk.check(&audit, 5, "the first 5002 entries were verified here before");
    // Of what was verified, what the claim rests on is read again.
    let bundle = desk.path().join("ledger/statements/015");
    let mut bytes = fs::read(&bundle).expect("a bundle");
    let middle = bytes.len() / 2;
    bytes.iter_mut().skip(middle).for_each(|byte| *byte ^= 1);
    fs::write(&bundle, bytes).expect("a bundle");
    desk.check(&["audit", "4000"], 1, "does not verify");
}

/// A capture that is not what it was has all verified again, and then nothing is said.
#[test]
fn a_large_ledger_with_a_changed_capture_is_not_audited() {
    let desk = Desk::new();
    let words = "The ministry said that it rains.";
    let digest = Hash::of(words.as_bytes()).to_string();
    let mut lines = rows(4_200);
    writeln!(
        lines,
        "{{\"label\":\"d\",\"text\":\"{words}\",\"document\":{{\"kind\":\"article\",\"language\":\"en\"}}}}\n\
         {{\"claim\":{{\"speaker\":{{\"party\":\"ministry\"}},\"act\":\"state\",\"polarity\":\"asserted\",\
         \"proposition\":{{\"text\":\"It rains.\"}},\"document\":\"label:d\",\"passage\":{{\"mode\":\"indirect\",\
         \"capture\":\"{digest}\",\"profile\":\"plain/1\",\"segments\":[{{\"exact\":\"it rains\"}}]}}}}}}"
    )
    .expect("a string grows");
    fs::write(desk.path().join("rows.jsonl"), lines).expect("a file");
    desk.check(&["import", "rows.jsonl"], 0, "Read 4203 rows");
    for _ in 0..2 {
        desk.check(&["audit", "4203"], 5, "the document read");
    }
    let capture = format!("ledger/evidence/sha256/{}/{digest}", &digest[..2]);
    let file = desk.path().join(capture);
    fs::write(&file, format!("{words} And snows.")).expect("a capture");
    desk.check(&["audit", "4203"], 1, "does not verify");
}

/// Who comes first makes the index, and nobody stumbles over the others.
#[test]
fn many_that_verify_or_import_at_once_share_one_memory() {
    let desk = Desk::new();
    fs::write(desk.path().join("rows.jsonl"), rows(100)).expect("a file");
    desk.check(&["import", "rows.jsonl"], 0, "Read 101 rows");
    for round in 0..4 {
        fs::remove_dir_all(desk.path().join(".state")).expect("a folder");
        let index = desk.path().join("ledger/.state/index.sqlite");
        fs::remove_file(&index).expect("an index");
        let verify: &[&str] = &["verify", "--since", "last"];
        let import: &[&str] = &["import", "rows.jsonl", "--no-report"];
        let start = |number: usize| {
            let words = if number.is_multiple_of(3) { import } else { verify };
            let mut command = desk.command(words);
            command.env("WHOSAID_WAIT", "120").stdout(Stdio::null()).stderr(Stdio::piped());
            command.spawn().expect("the program")
        };
        let children: Vec<Child> = (0..9).map(start).collect();
        for child in children {
            let output = child.wait_with_output().expect("a child");
            assert_eq!(output.status.code(), Some(0), "round {round}: {output:?}");
        }
        desk.check(verify, 0, "nothing is new");
    }
}

#[test]
fn forty_processes_that_append_at_once_lose_nothing_that_was_acknowledged() {
    let desk = Desk::new();
    let spawn = |number: usize| -> Child {
        let said = format!("It is so, for the {number}th time.");
        let words = ["append", "--speaker", "the envoy", "--act", "state", "--said", &said];
        let mut command = desk.command(&words);
        command.env("WHOSAID_WAIT", "120").stdout(Stdio::null());
        command.spawn().expect("the program")
    };
    let children: Vec<Child> = (0..40).map(spawn).collect();
    for mut child in children {
        assert_eq!(child.wait().expect("a child").code(), Some(0));
    }
    let found = claims(&desk);
    assert_eq!(found.len(), 40);
    assert!(found.values().all(|times| *times == 1));
}
