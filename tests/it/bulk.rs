//! Many rows and many processes: an import that is killed again and again and then finished, and
//! forty commands that append at once.

#![allow(
    clippy::disallowed_methods,
    reason = "what a person has on the disk is made and read here"
)]

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::process::{Child, Stdio};
use std::time::Duration;

use crate::it::cli::Desk;

/// Three commits and a bit.
const ROWS: usize = 13_000;

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
    let desk = Desk::new();
    fs::write(desk.path().join("rows.jsonl"), rows(ROWS)).expect("a file");
    let import = ["import", "rows.jsonl"];
    let mut killed = 0;
    for attempt in 0..20 {
        let mut command = desk.command(&import);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it");
        // Moments that differ, spread over the work; a sleep only says when to kill.
        std::thread::sleep(Duration::from_millis(40 + attempt * 97 % 700));
        killed += usize::from(child.try_wait().expect("a child").is_none());
        child.kill().expect("a child");
        child.wait().expect("a child");
    }
    assert!(killed > 5, "only {killed} of 20 were still at work");
    desk.check(&import, 0, "Read 13001 rows");
    let found = claims(&desk);
    assert_eq!(found.len(), ROWS);
    assert!(found.values().all(|times| *times == 1));
    desk.check(&import, 0, "already   13001");
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
