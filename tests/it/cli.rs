//! The program among other processes: a lock held elsewhere, closed and full pipes, an article
//! that is real. What each command prints is held by the documents under `tests/cases/cli`.

#![allow(
    clippy::disallowed_methods,
    reason = "what a person has on the disk is made and read here"
)]

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use whosaid::hash::Hash;
use whosaid::key::SecretKey;
use whosaid::keyfile::{self, Cost, Fresh};
use whosaid::tlog::note::{Note, Signature};
use whosaid::tlog::{bundle, merkle};

use crate::it::annotated::bytes_of;

/// Enough for a test; a real key file costs a quarter of a second to open.
const CHEAP: Cost = Cost { log_n: 4, r: 8, p: 1 };

const ONE_CLAIM: [&str; 7] =
    ["append", "--speaker", "the envoy", "--act", "state", "--said", "It is so."];

/// A folder with keys, a new ledger and a passphrase file.
pub(crate) struct Desk {
    folder: tempfile::TempDir,
}

impl Desk {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir(folder.path().join("keys")).expect("a folder");
        for (name, seed) in [("log", 1), ("nadia", 2)] {
            let fresh = Fresh { salt: [seed; 16], iv: [seed; 16] };
            let key = SecretKey::from_seed(&[seed; 32]);
            let pem = keyfile::seal(&key, b"a passphrase", &fresh, CHEAP);
            let file = folder.path().join(format!("keys/{name}.secret.pem"));
            fs::write(file, pem.as_bytes()).expect("a file");
        }
        fs::write(folder.path().join("passphrase"), "a passphrase\n").expect("a file");
        let desk = Self { folder };
        let made = desk.run(&["init", "--origin", "example.org/claims", "--name", "nadia"]);
        assert_eq!(made.status.code(), Some(0), "{made:?}");
        desk
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_whosaid"));
        command
            .args(words)
            .current_dir(self.path())
            .env("WHOSAID_PASSPHRASE_FILE", "passphrase")
            .env("WHOSAID_TIME", "1732500000")
            .env("WHOSAID_STATE", ".state")
            .env("WHOSAID_CACHE", ".cache")
            .env("WHOSAID_WAIT", "0")
            .stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self, words: &[&str]) -> Output {
        self.command(words).output().expect("the program")
    }

    /// Asserts the exit code, and that what was said holds some words.
    #[track_caller]
    pub(crate) fn check(&self, words: &[&str], exit: i32, said: &str) -> String {
        let output = self.run(words);
        let text = [&output.stdout[..], &output.stderr[..]].concat();
        let text = String::from_utf8_lossy(&text).into_owned();
        assert_eq!(output.status.code(), Some(exit), "{words:?}: {text}");
        assert!(text.contains(said), "{words:?}: {text}");
        text
    }

    /// Every file of the ledger that is published.
    fn published(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut files = BTreeMap::new();
        let mut folders = vec![self.path().join("ledger")];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).expect("a folder") {
                let path = entry.expect("an entry").path();
                if path.ends_with(".state") {
                    continue;
                }
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let bytes = fs::read(&path).expect("a file");
                    files.insert(path, bytes);
                }
            }
        }
        files
    }
}

#[test]
fn a_lock_that_another_process_holds_leaves_the_ledger_as_it_was() {
    let desk = Desk::new();
    let before = desk.published();
    let lock = File::options().write(true).open(desk.path().join("ledger/.state/lock"));
    let lock = lock.expect("the lock file");
    lock.lock().expect("the lock");
    desk.check(&ONE_CLAIM, 3, "try again when it has ended");
    desk.check(&["gc"], 3, "try again when it has ended");
    desk.check(&["verify"], 0, "Verified: 1 entries");
    assert_eq!(desk.published(), before);
    lock.unlock().expect("the lock");
    desk.check(&ONE_CLAIM, 0, "The ledger has 2 entries");
}

#[test]
fn who_types_a_claim_file_does_not_keep_others_from_writing() {
    let desk = Desk::new();
    let mut typing = desk.command(&["append", "-"]);
    let typing = typing.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut typing = typing.spawn().expect("the program");
    desk.check(&ONE_CLAIM, 0, "The ledger has 2 entries");
    let mut stdin = typing.stdin.take().expect("its standard input");
    stdin
        .write_all(b"[[claim]]\nspeaker = { unresolved = \"x\" }\nsaid = \"y\"\n")
        .expect("a pipe");
    drop(stdin);
    let typed = typing.wait_with_output().expect("the program");
    assert_eq!(typed.status.code(), Some(0), "{typed:?}");
    desk.check(&["verify"], 0, "Verified: 3 entries");
}

#[test]
fn a_secret_key_is_never_taken_in_as_a_capture() {
    let desk = Desk::new();
    let file = "[[document]]\nkey = \"d\"\nkind = \"note\"\ncapture = \"keys/nadia.secret.pem\"\n";
    fs::write(desk.path().join("claims.toml"), file).expect("a file");
    desk.check(&["append", "claims.toml"], 2, "holds a secret key");
    assert!(!desk.path().join("ledger/evidence").exists());
}

#[test]
fn standard_input_is_one_thing_and_nothing_is_nothing() {
    let desk = Desk::new();
    desk.check(&["append", "-"], 2, "the file is empty");
    desk.check(&["append", "-", "--passphrase-file", "-"], 2, "cannot give both");
    let shell = format!("exec {} append - <&-", env!("CARGO_BIN_EXE_whosaid"));
    let closed = Command::new("/bin/sh")
        .args(["-c", &shell])
        .current_dir(desk.path())
        .env("WHOSAID_PASSPHRASE_FILE", "passphrase")
        .env("WHOSAID_STATE", ".state")
        .output()
        .expect("a shell");
    assert_eq!(closed.status.code(), Some(2), "{closed:?}");
    desk.check(&["verify"], 0, "Verified: 1 entries");
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error_and_a_full_disk_is() {
    let desk = Desk::new();
    for words in [&["log"][..], &["verify"], &["explain"], &["--json", "log"], &["man"]] {
        let mut command = desk.command(words);
        let mut child =
            command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("the program");
        let mut first = [0];
        let mut stdout = child.stdout.take().expect("its standard output");
        stdout.read_exact(&mut first).expect("a byte");
        drop(stdout);
        assert_eq!(child.wait().expect("the program").code(), Some(0), "{words:?}");

        let Ok(full) = File::options().write(true).open("/dev/full") else { continue };
        let output = desk.command(words).stdout(full).output().expect("the program");
        assert_eq!(output.status.code(), Some(3), "{words:?}: {output:?}");
    }
}

#[test]
fn json_is_one_object_on_each_line_and_nothing_else() {
    let desk = Desk::new();
    desk.check(&ONE_CLAIM, 0, "");
    let commands: [&[&str]; 15] = [
        &["log"],
        &["show", "1"],
        &["verify"],
        &["audit", "1"],
        &["audit", "--all"],
        &["audit", "1", "--as-of", "1"],
        &["impact", "1"],
        &["search", "so"],
        &["explain"],
        &["explain", "A3"],
        &["explain", "nothing"],
        &["man"],
        &["completions", "bash"],
        &["retract", "1", "--reason", "a slip"],
        &["no-such-command"],
    ];
    for words in commands {
        let words = [&["--json"], words].concat();
        let output = desk.run(&words);
        assert!(!output.stdout.is_empty() && output.stderr.is_empty(), "{words:?}: {output:?}");
        for line in String::from_utf8(output.stdout).expect("text").lines() {
            let object: serde_json::Value = serde_json::from_str(line).expect(line);
            assert!(object["schema"].as_str().is_some_and(|s| s.starts_with("whosaid.")), "{line}");
        }
    }
}

/// Puts a charter of format 2 in the place of entry 0, in a tree and a checkpoint that hold.
fn renew(desk: &Desk) {
    let case = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/statement/format_newer");
    let case = fs::read_to_string(case).expect("a case");
    // The first line says what is expected.
    let statement = bytes_of(case.split_once('\n').expect("two lines").1);
    let entry = Hash::of(&statement);
    let root = merkle::leaf_hash(entry.as_bytes());
    let text = format!("example.org/claims\n1\n{}\n", root.to_base64());
    let log = SecretKey::from_seed(&[1; 32]);
    let signature = Signature::sign("example.org/claims", &log, &text).expect("a signature");
    let note = Note::new(text, vec![signature]).expect("a note").to_string();
    // To whoever saw the old one this is a fork, which is another test.
    fs::remove_dir_all(desk.path().join(".state")).expect("what was seen");
    let ledger = desk.path().join("ledger");
    fs::write(ledger.join("checkpoint"), note).expect("a file");
    fs::write(ledger.join("tile/0/000.p/1"), root.as_bytes()).expect("a file");
    let bundle = |bytes: &[u8]| bundle::format(&[bytes]).expect("a bundle");
    fs::write(ledger.join("tile/entries/000.p/1"), bundle(entry.as_bytes())).expect("a file");
    fs::write(ledger.join("statements/000.p/1"), bundle(&statement)).expect("a file");
}

#[test]
fn a_ledger_of_a_newer_format_is_undecided_or_refused_and_never_called_tampered() {
    let desk = Desk::new();
    renew(&desk);
    let commands: [(&[&str], i32); 5] = [
        (&["verify"], 5),
        (&["--json", "verify"], 5),
        (&["show", "0"], 2),
        (&["audit", "--all"], 5),
        (&ONE_CLAIM, 2),
    ];
    let before = desk.published();
    for (words, exit) in commands {
        let said = desk.check(words, exit, "").to_lowercase();
        assert!(!said.contains("tamper") && !said.contains("fault:"), "{words:?}: {said}");
        assert!(words.contains(&"audit") || said.contains("newer"), "{words:?}: {said}");
    }
    assert_eq!(desk.published(), before);
}

#[test]
fn the_real_article_is_appended_verified_and_audited() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let article = root.join("../shared/data/kabul/article.txt");
    if !article.exists() {
        println!("skipped: {} is not there", article.display());
        return;
    }
    let desk = Desk::new();
    fs::copy(&article, desk.path().join("article.txt")).expect("a copy");
    let claims = root.join("tests/cases/kabul/claims.toml");
    fs::copy(claims, desk.path().join("claims.toml")).expect("a copy");
    desk.check(&["append", "claims.toml"], 0, "Appended ");
    desk.check(&["append", "claims.toml"], 0, "Nothing to append");
    desk.check(&["verify"], 0, "every one as it was signed");
    let all = desk.check(&["--json", "audit", "--all"], 0, "whosaid.audit/1");
    let audits = all.lines().map(|line| serde_json::from_str(line).expect(line));
    let audits: Vec<serde_json::Value> = audits.collect();
    assert!(audits.len() > 5, "{}", audits.len());
    // The words stand in our copy of the article; whatever it reports on is not at hand, and where
    // it speaks for itself it does not name itself.
    for audit in &audits {
        let level = audit["level"]["level"].as_str().expect("a level");
        assert!(["A1", "A2"].contains(&level), "{audit}");
    }
    let id = audits[0]["id"].as_str().expect("an id");
    desk.check(&["audit", id], 1, "Level      A2 anchored");
}
