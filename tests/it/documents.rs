//! Documents are tests: every `console` block of the README and of `tests/cases/cli/` is run, and
//! what it prints is compared with what stands there.
//!
//! A line `$ command` is run by a shell; the lines below it are its output and talk together; a
//! line `? 2` says with which code it ends (0 if there is none). `[..]` stands for anything within
//! a line. Each document has a fresh folder with `docs/example` and a signed mail in it,
//! keys made from seeds, a passphrase and a fixed time, so that ids come out the same. With
//! `WHOSAID_BLESS=1` the documents are rewritten as the program answers.
#![expect(clippy::disallowed_methods, reason = "documents are read, run and rewritten")]

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use whosaid::key::SecretKey;
use whosaid::keyfile::{self, Cost, Fresh};

/// Enough for a test; a real key file costs a quarter of a second to open.
const CHEAP: Cost = Cost { log_n: 4, r: 8, p: 1 };

/// 2024-11-25 02:00 UTC, in seconds since 1970.
const TIME: &str = "1732500000";

enum Part {
    Text(String),
    /// The commands of a console block; a command may go on in lines that begin with `> `.
    Console(Vec<String>),
}

#[test]
fn the_readme_is_true() {
    let folder = fresh_folder(false);
    copy(&root().join("ledger"), &folder.path().join("ledger"));
    copy(&root().join("keys"), &folder.path().join("keys"));
    check(&root().join("README.md"), folder.path());

    // Its claim file is one that can be appended as it stands, to the ledger that it has made.
    let text = fs::read_to_string(root().join("README.md")).expect("the README");
    let claim_file = text.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next());
    let file = folder.path().join("docs/example/readme.toml");
    fs::write(file, claim_file.expect("a claim file")).expect("a file");
    let said = answer("cd desk && whosaid append ../docs/example/readme.toml", folder.path());
    assert!(said.contains("Appended "), "{said}");
}

#[test]
fn every_command_prints_what_its_document_says() {
    let documents = fs::read_dir(root().join("tests/cases/cli")).expect("the documents");
    let mut documents: Vec<PathBuf> = documents.map(|it| it.expect("an entry").path()).collect();
    documents.sort();
    assert!(documents.len() > 3, "the documents are gone");
    for document in documents {
        let folder = fresh_folder(true);
        check(&document, folder.path());
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A folder with the example, and keys and a passphrase if wanted.
fn fresh_folder(with_keys: bool) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path();
    copy(&root().join("docs/example"), &path.join("docs/example"));
    fs::create_dir(path.join("signed")).expect("a folder");
    for name in ["rfc8463.eml", "rfc8463-ed25519.txt"] {
        let from = root().join("tests/cases/dkim").join(name);
        fs::copy(from, path.join("signed").join(name)).expect("a standard's example");
    }
    fs::write(path.join("passphrase"), "a passphrase\n").expect("a file");
    if with_keys {
        fs::create_dir(path.join("keys")).expect("a folder");
        for (name, seed) in [("log", 1), ("nadia", 2)] {
            let fresh = Fresh { salt: [seed; 16], iv: [seed; 16] };
            let key = SecretKey::from_seed(&[seed; 32]);
            let pem = keyfile::seal(&key, b"a passphrase", &fresh, CHEAP);
            let file = path.join(format!("keys/{name}.secret.pem"));
            fs::write(file, pem.as_bytes()).expect("a file");
        }
    }
    // What colleagues bring: omar's key, the one after it, and that of his phone.
    fs::create_dir(path.join("colleagues")).expect("a folder");
    for (name, seed) in [("omar", 3), ("omar-new", 4), ("phone", 5)] {
        let fresh = Fresh { salt: [seed; 16], iv: [seed; 16] };
        let key = SecretKey::from_seed(&[seed; 32]);
        let pem = keyfile::seal(&key, b"a passphrase", &fresh, CHEAP);
        fs::write(path.join(format!("colleagues/{name}.pem")), pem.as_bytes()).expect("a file");
    }
    folder
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).unwrap_or_else(|e| panic!("{}: {e}", from.display())) {
        let entry = entry.expect("an entry");
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() {
            copy(&from, &to);
        } else {
            fs::copy(&from, &to).expect("a copy");
        }
    }
}

fn check(document: &Path, folder: &Path) {
    let text = fs::read_to_string(document).expect("a document");
    let parts = parse(&text);
    let mut run = String::new();
    let mut count = 0;
    for part in &parts {
        match part {
            Part::Text(text) => run.push_str(text),
            Part::Console(commands) => {
                for command in commands {
                    run.push_str(&answer(command, folder));
                    count += 1;
                }
            }
        }
    }
    assert!(count > 0, "{} holds no console block", document.display());
    if std::env::var_os("WHOSAID_BLESS").is_some() {
        fs::write(document, keep_wildcards(&text, &run)).expect("a document");
        return;
    }
    snapbox::Assert::new().normalize_paths(false).eq(run, snapbox::Data::text(text));
}

/// What the shell says to one command, in the form in which documents have it.
fn answer(command: &str, folder: &Path) -> String {
    let program = Path::new(env!("CARGO_BIN_EXE_whosaid"));
    let path = format!("{}:/usr/bin:/bin", program.parent().expect("a folder").display());
    let output = Command::new("/bin/sh")
        .args(["-c", &format!("exec 2>&1\n{}", command.replace("\n> ", "\n"))])
        .current_dir(folder)
        .env_clear()
        .env("PATH", path)
        .env("HOME", folder)
        .env("COLUMNS", "100")
        .env("NO_COLOR", "1")
        .env("WHOSAID_STATE", folder.join(".state"))
        .env("WHOSAID_CACHE", folder.join(".cache"))
        .env("WHOSAID_TIME", TIME)
        .env("WHOSAID_PASSPHRASE_FILE", folder.join("passphrase"))
        .output()
        .expect("a shell");
    let mut said = format!("$ {command}\n");
    let exit = output.status.code().unwrap_or(-1);
    if exit != 0 {
        let _ = writeln!(said, "? {exit}");
    }
    said.push_str(&String::from_utf8_lossy(&output.stdout));
    if !said.ends_with('\n') {
        said.push('\n');
    }
    said
}

/// Cuts a document into text and the commands of its console blocks.
fn parse(text: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut plain = String::new();
    let mut commands: Option<Vec<String>> = None;
    for line in text.split_inclusive('\n') {
        let bare = line.trim_end_matches('\n');
        match &mut commands {
            None => {
                plain.push_str(line);
                if bare == "```console" {
                    parts.push(Part::Text(std::mem::take(&mut plain)));
                    commands = Some(Vec::new());
                }
            }
            Some(_) if bare == "```" => {
                parts.extend(commands.take().map(Part::Console));
                plain.push_str(line);
            }
            Some(commands) => {
                if let Some(command) = bare.strip_prefix("$ ") {
                    commands.push(command.to_owned());
                } else if let (true, Some(last)) = (bare.starts_with("> "), commands.last_mut()) {
                    last.push('\n');
                    last.push_str(bare);
                }
            }
        }
    }
    parts.push(Part::Text(plain));
    parts
}

/// When a document is rewritten, lines with a wildcard that still match are left as they stand.
fn keep_wildcards(old: &str, new: &str) -> String {
    let wild: Vec<&str> = old.lines().filter(|line| line.contains("[..]")).collect();
    let matches = |pattern: &str, line: &str| {
        let (start, end) = pattern.split_once("[..]").expect("a wildcard");
        let end = end.rsplit("[..]").next().unwrap_or(end);
        line.len() >= start.len() + end.len() && line.starts_with(start) && line.ends_with(end)
    };
    let kept = |line: &str| {
        let pattern = wild.iter().find(|pattern| matches(pattern, line));
        format!("{}\n", pattern.map_or(line, |pattern| *pattern))
    };
    new.lines().map(kept).collect()
}
