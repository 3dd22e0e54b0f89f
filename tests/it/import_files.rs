//! The files of an import: what is read, and may change or be a pipe meanwhile; and the report,
//! which is written over nothing that anybody needs, and kept however the import ends.

#![allow(
    clippy::disallowed_methods,
    reason = "what a person has on the disk is made and read here"
)]

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use whosaid::import::engine::COMMIT;

use crate::it::cli::Desk;

/// A line of JSON with a claim.
fn claim(words: &str) -> String {
    format!(
        "{{\"claim\":{{\"speaker\":{{\"unresolved\":\"the envoy\"}},\"act\":\"state\",\
         \"polarity\":\"asserted\",\"proposition\":{{\"text\":\"{words}\"}}}}}}\n"
    )
}

fn put(desk: &Desk, name: &str, text: &str) {
    fs::write(desk.path().join(name), text).expect("a file");
}

fn text(desk: &Desk, name: &str) -> String {
    fs::read_to_string(desk.path().join(name)).expect("a file")
}

const MAP: &str = "[[party]]\nas = \"who\"\nkind = \"person\"\nname = \"{who}\"\n";

#[test]
fn a_report_is_written_over_nothing_that_is_read_or_believed() {
    let desk = Desk::new();
    put(&desk, "rows.csv", "who\nAda\n");
    put(&desk, "map.toml", MAP);
    fs::create_dir(desk.path().join("folder")).expect("a folder");
    let before: Vec<String> =
        ["rows.csv", "map.toml", "passphrase", "keys/policy"].map(|name| text(&desk, name)).into();
    for (report, said) in [
        ("rows.csv", "./rows.csv: the report would be written over the file that is imported"),
        ("folder/../rows.csv", "written over the file that is imported"),
        ("map.toml", "written over the column map"),
        ("passphrase", "written over the passphrase"),
        ("ledger/checkpoint", "would stand in the folder of the ledger"),
        ("ledger/new.csv", "would stand in the folder of the ledger"),
        ("keys/policy", "would stand in the folder of the keys"),
        ("folder", "is a folder, expected a file for the report"),
        ("-", "the report does not go to standard output"),
    ] {
        let report = if report == "rows.csv" { "./rows.csv" } else { report };
        for dry in [true, false] {
            let mut words = vec!["import", "rows.csv", "--map", "map.toml", "--report", report];
            words.extend(dry.then_some("--dry-run"));
            desk.check(&words, 2, said);
        }
    }
    let after: Vec<String> =
        ["rows.csv", "map.toml", "passphrase", "keys/policy"].map(|name| text(&desk, name)).into();
    assert_eq!(before, after);
    desk.check(&["verify"], 0, "Verified: 1 entries");
    // A report of before is what a report is written over.
    for _ in 0..2 {
        desk.check(&["import", "rows.csv", "--map", "map.toml"], 0, "rows.report.csv");
    }
    assert!(text(&desk, "rows.report.csv").starts_with("row,line,status"));
}

#[cfg(unix)]
#[test]
fn a_report_does_not_go_where_a_link_leads() {
    use std::os::unix::fs::symlink;

    let desk = Desk::new();
    put(&desk, "rows.jsonl", &claim("It is so."));
    put(&desk, "precious", "precious\n");
    symlink("precious", desk.path().join("link")).expect("a link");
    symlink("rows.jsonl", desk.path().join("loop")).expect("a link");
    symlink("precious", desk.path().join(".new.whosaid-new")).expect("a link");
    let import = ["import", "rows.jsonl", "--report"];
    desk.check(&[&import[..], &["link"]].concat(), 2, "link: is a link");
    desk.check(&[&import[..], &["loop"]].concat(), 2, "the file that is imported");
    desk.check(&[&import[..], &["new"]].concat(), 3, "could not create .new.whosaid-new");
    assert_eq!(text(&desk, "precious"), "precious\n");
    assert!(desk.path().join("link").is_symlink());
    desk.check(&["verify"], 0, "Verified: 1 entries");
}

/// A named pipe, `pipe`.
#[cfg(unix)]
fn pipe(desk: &Desk) -> PathBuf {
    let pipe = desk.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().expect("mkfifo").success());
    pipe
}

#[cfg(unix)]
#[test]
fn a_report_into_a_pipe_leaves_the_pipe() {
    use std::os::unix::fs::FileTypeExt;

    let desk = Desk::new();
    put(&desk, "rows.jsonl", &claim("It is so."));
    let pipe = pipe(&desk);
    let reader = std::thread::spawn({
        let pipe = pipe.clone();
        move || fs::read_to_string(pipe).expect("a report")
    });
    desk.check(&["import", "rows.jsonl", "--report", "pipe"], 0, "Each row's answer: pipe");
    assert!(reader.join().expect("a reader").contains("\"status\":\"new\""));
    assert!(fs::metadata(&pipe).expect("a pipe").file_type().is_fifo());
}

#[cfg(unix)]
#[test]
fn rows_come_through_a_pipe() {
    let desk = Desk::new();
    let pipe = pipe(&desk);
    let writer = std::thread::spawn({
        let (pipe, rows) = (pipe.clone(), claim("It is so."));
        move || fs::write(pipe, rows).expect("written")
    });
    desk.check(&["import", "pipe"], 2, "a pipe has no name after which a report");
    let words = ["import", "pipe", "--format", "jsonl", "--no-report", "--all-or-nothing"];
    desk.check(&words, 0, "Appended 1 statement");
    writer.join().expect("a writer");
    let names = fs::read_dir(desk.path().join("ledger/.state")).expect("a folder");
    let mut names = names.map(|it| it.expect("a name").file_name().into_string().expect("text"));
    assert!(names.all(|name| !name.starts_with(".whosaid-import")), "the copy is left");
}

#[test]
fn where_there_is_no_ledger_no_folder_is_made_for_what_is_read() {
    let desk = Desk::new();
    desk.check(&["--ledger", "typo", "import", "-", "--no-report"], 2, "typo");
    assert!(!desk.path().join("typo").exists());
    fs::create_dir(desk.path().join("typo")).expect("a folder");
    desk.check(&["--ledger", "typo", "import", "-", "--no-report"], 2, "no ledger");
    assert_eq!(fs::read_dir(desk.path().join("typo")).expect("a folder").count(), 0);
}

#[test]
fn an_import_that_fails_behind_a_commit_says_what_is_in_and_keeps_the_report() {
    let desk = Desk::new();
    let mut rows: String = (0..COMMIT).map(|row| claim(&format!("Word {row}."))).collect();
    rows.push_str("{\"text\":\"A speech.\",\"document\":{\"kind\":\"note\"}}\n");
    put(&desk, "rows.jsonl", &rows);
    // Captures cannot be put where a file stands.
    let evidence = desk.path().join("ledger/evidence");
    fs::write(&evidence, "").expect("a file");
    let import = ["import", "rows.jsonl"];
    let output = desk.run(&import);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success(), "{said}");
    let taken = format!("before that, {COMMIT} rows were taken, and {COMMIT} new entries are in");
    assert!(said.contains(&taken), "{said}");
    assert!(said.contains("hint: the answers so far: rows.report.jsonl"), "{said}");
    assert_eq!(text(&desk, "rows.report.jsonl").lines().count(), COMMIT);

    let output = desk.run(&["--json", "import", "rows.jsonl"]);
    let json = String::from_utf8_lossy(&output.stderr).into_owned()
        + &String::from_utf8_lossy(&output.stdout);
    assert!(json.contains(&format!("{COMMIT} rows were read, and nothing was appended")), "{json}");
    fs::remove_file(&evidence).expect("a file");
    desk.check(&import, 0, "Appended 1 statement.");
}

#[cfg(unix)]
#[test]
fn an_import_whose_report_cannot_be_put_in_place_says_that_the_rows_are_in() {
    let desk = Desk::new();
    put(&desk, "rows.jsonl", &claim("It is so."));
    let pipe = pipe(&desk);
    // Whoever reads the report goes away before it is written.
    let reader = std::thread::spawn({
        let pipe = pipe.clone();
        move || drop(fs::File::open(pipe).expect("a pipe"))
    });
    let mut command = desk.command(&["import", "rows.jsonl", "--report", "pipe"]);
    let child = command.stderr(std::process::Stdio::piped()).spawn().expect("the program");
    reader.join().expect("a reader");
    let output = child.wait_with_output().expect("an end");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(3), "{said}");
    let taken = "1 row was taken, and 1 new entry is in the ledger; only the report is missing";
    assert!(said.contains(taken), "{said}");
    desk.check(&["verify"], 0, "Verified: 2 entries");
}
