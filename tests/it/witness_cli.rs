//! Two newsrooms, one command each: a witness as a process of its own, and a ledger that it
//! cosigns; killed, started again, and shown two histories.

#![allow(
    clippy::disallowed_methods,
    reason = "what a person has on the disk is made and read here"
)]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;
use whosaid::key::SecretKey;
use whosaid::keyfile::{self, Cost, Fresh};
use whosaid::tlog::fork::Fork;
use whosaid::tlog::policy::Policy;

/// Enough for a test; a real key file costs a quarter of a second to open.
const CHEAP: Cost = Cost { log_n: 4, r: 8, p: 1 };

const NAME: &str = "other.example/w1";

/// A newsroom with keys and a new ledger, beside the folder of its neighbour's witness.
struct Desk {
    folder: tempfile::TempDir,
}

/// A witness that runs; killed when it goes out of sight.
struct Running {
    child: Child,
    url: String,
    vkey: String,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Desk {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path();
        fs::create_dir(path.join("keys")).expect("a folder");
        fs::create_dir(path.join("witness")).expect("a folder");
        for (name, seed) in [("keys/log", 1), ("keys/nadia", 2), ("witness/witness", 3)] {
            let fresh = Fresh { salt: [seed; 16], iv: [seed; 16] };
            let key = SecretKey::from_seed(&[seed; 32]);
            let pem = keyfile::seal(&key, b"a passphrase", &fresh, CHEAP);
            fs::write(path.join(format!("{name}.secret.pem")), pem.as_bytes()).expect("a file");
        }
        fs::write(path.join("passphrase"), "a passphrase\n").expect("a file");
        fs::write(path.join("wrong"), "another\n").expect("a file");
        let desk = Self { folder };
        desk.check(&["init", "--origin", "example.org/claims", "--name", "nadia"], 0, "");
        desk
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_whosaid"));
        command
            .args(words)
            .current_dir(self.path())
            .env("WHOSAID_PASSPHRASE_FILE", "passphrase")
            .env("WHOSAID_TIME", "1732500000")
            .env("WHOSAID_STATE", "state")
            .stdin(Stdio::null());
        command
    }

    /// Appends to a copy of the ledger, on a machine that has never seen the ledger itself.
    fn append_elsewhere(&self) -> String {
        let words = ["--ledger", "other", "append", "--speaker", "x", "--said", "No."];
        let output = self.command(&words).env("WHOSAID_STATE", "elsewhere").output();
        let output = output.expect("the program");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{said}");
        said
    }

    /// Asserts the exit code, and that what was said holds some words.
    #[track_caller]
    fn check(&self, words: &[&str], exit: i32, said: &str) -> String {
        let output: Output = self.command(words).output().expect("the program");
        let text = [&output.stdout[..], &output.stderr[..]].concat();
        let text = String::from_utf8_lossy(&text).into_owned();
        assert_eq!(output.status.code(), Some(exit), "{words:?}: {text}");
        assert!(text.contains(said), "{words:?}: {text}");
        text
    }

    fn claim(&self, said: &str, exit: i32, words: &str) -> String {
        self.check(&["append", "--speaker", "the envoy", "--said", said], exit, words)
    }

    /// Starts the neighbour's witness, with what it prints for others.
    fn witness(&self, listen: &str) -> Running {
        let words = ["witness", "--name", NAME, "--policy", "keys/policy", "--listen", listen];
        let mut child =
            self.command(&words).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let mut next = |start: &str| {
            let line = lines.next().expect("a line").expect("text");
            line.strip_prefix(start).unwrap_or_else(|| panic!("{line}")).to_owned()
        };
        let (url, vkey) = (next("listening on "), next("vkey "));
        Running { child, url, vkey }
    }

    fn file(&self, name: &str) -> String {
        fs::read_to_string(self.path().join(name)).expect("a file")
    }
}

#[test]
fn a_newsroom_witnesses_another_with_one_command_each() {
    let desk = Desk::new();
    let witness = desk.witness("127.0.0.1:0");
    let trust = ["key", "trust", &witness.vkey, "--url", &witness.url];
    desk.check(&trust, 0, "nothing is published unless quorum `other.example/w1` has cosigned it");
    let line = format!("witness {NAME} {} {}", witness.vkey, witness.url);
    assert!(desk.file("keys/policy").contains(&line));
    desk.check(&trust, 2, "stands in the policy twice");

    desk.claim("It is so.", 0, "witness other.example/w1 cosigned at 2024-11-25T02:00:00Z");
    let before = "Logged before 2024-11-25T02:00:00Z, by witness other.example/w1.";
    desk.check(&["verify"], 0, before);
    desk.check(&["show", "1"], 0, before);
    desk.check(&["audit", "1"], 5, before);
    let json = desk.check(&["--json", "verify"], 0, "");
    let json: Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(json["witnesses"], 1);
    assert_eq!(json["cosigned"][0]["witness"], NAME);
    assert_eq!(json["logged_before"]["time"], 1_732_500_000);
    assert_eq!(json["logged_before"]["by_quorum"], true);
    desk.check(&["cosign"], 0, "is cosigned by 1 witness.");
    desk.check(&["--json", "cosign"], 0, "\"schema\":\"whosaid.cosign/1\"");

    // The second process finds the folder taken.
    let taken = ["witness", "--name", NAME, "--policy", "keys/policy", "--listen", "127.0.0.1:0"];
    desk.check(&taken, 3, "is locked");
}

#[test]
fn a_witness_that_was_killed_remembers_and_what_waited_is_published() {
    let desk = Desk::new();
    let witness = desk.witness("127.0.0.1:0");
    let address = witness.url.strip_prefix("http://").expect("a URL").to_owned();
    desk.check(&["key", "trust", &witness.vkey, "--url", &witness.url], 0, "");
    copy(&desk.path().join("ledger"), &desk.path().join("other"));
    desk.claim("It is so.", 0, "");
    drop(witness);

    let published = desk.file("ledger/checkpoint");
    desk.claim("And so.", 3, "too few witnesses cosigned");
    let hint = desk.check(&["cosign"], 3, "run `whosaid cosign` when they can be reached");
    assert!(hint.contains("could not connect"), "{hint}");
    assert_eq!(desk.file("ledger/checkpoint"), published);
    desk.check(&["verify"], 0, "");

    let witness = desk.witness(&address);
    desk.check(&["cosign"], 0, "The commit that waited for witnesses is published.");
    desk.check(&["verify"], 0, "3 entries");

    // A copy made before, appended to elsewhere.
    let said = desk.append_elsewhere();
    assert!(said.contains("ALARM: witness"), "{said}");
    assert!(said.contains("of 3 entries, and this one has 2"), "{said}");
    assert!(said.contains("other/.state/alarm-"), "{said}");
    drop(witness);
}

#[test]
fn two_histories_leave_a_proof_on_the_disk() {
    let desk = Desk::new();
    let witness = desk.witness("127.0.0.1:0");
    desk.check(&["key", "trust", &witness.vkey, "--url", &witness.url], 0, "");
    copy(&desk.path().join("ledger"), &desk.path().join("other"));
    desk.claim("It is so.", 0, "");
    let said = desk.append_elsewhere();
    assert!(said.contains("it holds another tree of 2 entries"), "{said}");
    let path = said.lines().find_map(|line| line.split("is kept in ").nth(1)).expect("a path");
    let fork = Fork::parse(desk.file(path).as_bytes()).expect("a fork proof");
    let policy = Policy::parse(desk.file("keys/policy").as_bytes()).unwrap();
    let proven = fork.verify(&policy).expect("it holds");
    assert_eq!((proven.smaller.size, proven.larger.size), (2, 2));
    let json = desk.check(&["--json", "explain", "alarm"], 0, "another history");
    assert!(json.contains("alarm"));
}

#[test]
fn nothing_is_changed_for_a_witness_that_does_not_cosign() {
    let desk = Desk::new();
    let before = (desk.file("keys/policy"), desk.file("ledger/checkpoint"));
    let vkey = desk.witness("127.0.0.1:0").vkey.clone();
    // It is gone again, and its port with it.
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", nobody.local_addr().unwrap());
    drop(nobody);
    desk.check(&["key", "trust", &vkey, "--url", &url], 3, "nothing was changed");
    let log = "example.org/claims+5ea78746+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c";
    desk.check(&["key", "trust", log, "--url", &url], 2, "--url is for a witness's key");
    desk.check(&["key", "trust", &vkey], 2, "is trusted with --url");
    desk.check(&["key", "trust", &vkey, "--url", &url, "--delegate"], 2, "it records nothing");
    desk.check(&["key", "trust", "x", "--url", &url], 2, "expected a verifier key");
    let quorum = ["key", "trust", &vkey, "--url", &url, "--quorum", "two"];
    desk.check(&quorum, 2, "expected any, all, a number, none or keep");
    let quorum = ["key", "trust", &vkey, "--url", &url, "--quorum", "2"];
    desk.check(&quorum, 2, "has not so many witnesses");
    desk.check(&["cosign"], 2, "the policy names no witness");
    assert_eq!((desk.file("keys/policy"), desk.file("ledger/checkpoint")), before);

    // A witness that follows another log says so, and what it has to be told is a hint.
    let other = "x.example+d3bd7db6";
    desk.check(&["witness", "--name", NAME, "--log", other], 2, "--log: not a verifier key");
    desk.check(&["witness", "--name", "two words", "--policy", "keys/policy"], 2, "--name");
    desk.check(&["witness", "--name", NAME], 2, "no log to follow");
    let renamed = ["witness", "--name", "new.example", "--policy", "keys/policy", "--listen"];
    let said = desk.check(&[&renamed[..], &["127.0.0.1:0"]].concat(), 2, "would be new.example");
    assert!(said.contains("another name needs another folder"), "{said}");
    let wrong = [&renamed[..], &["127.0.0.1:0", "--passphrase-file", "wrong"]].concat();
    desk.check(&wrong, 4, "wrong passphrase");
    desk.check(&[&renamed[..], &["nowhere"]].concat(), 3, "could not listen on nowhere");
}

/// A server on a port of its own that reads a request and says this, to whoever asks.
fn says(answer: Vec<u8>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut head = vec![0; 65_536];
            let _ = stream.read(&mut head);
            let _ = stream.write_all(&answer);
        }
    });
    url
}

#[test]
fn a_server_that_is_no_witness_gets_nothing_changed() {
    let desk = Desk::new();
    let before = (desk.file("keys/policy"), desk.file("ledger/checkpoint"));
    let vkey = desk.witness("127.0.0.1:0").vkey.clone();
    let check = |answer: &[u8], expected: &str| {
        let url = says(answer.to_vec());
        let said = desk.check(&["key", "trust", &vkey, "--url", &url], 3, expected);
        assert!(said.contains("nothing was changed"), "{said}");
        assert_eq!((desk.file("keys/policy"), desk.file("ledger/checkpoint")), before);
    };
    let head = |status: &str, length: usize| {
        format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\n\r\n").into_bytes()
    };
    check(&[head("200 OK", 5), b"hello".to_vec()].concat(), "not a list of signature lines");
    check(&[head("200 OK", 2_000_000), vec![b'x'; 2_000_000]].concat(), "more than 131072 bytes");
    check(&[head("200 OK", 500), b"\xe2\x80\x94 w".to_vec()].concat(), "closed the connection");
    check(&head("404 Not Found", 0), "--log example.org/claims+5ea78746+");
    check(&head("503 Busy", 0), "status 503");
    check(b"HTTP/1.1 302 Found\r\nLocation: http://x/\r\nContent-Length: 0\r\n\r\n", "redirects");
    check(b"SSH-2.0-x\r\n", "does not answer in HTTP");
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_a_witness_gently() {
    let desk = Desk::new();
    let mut witness = desk.witness("127.0.0.1:0");
    let pid = witness.child.id().to_string();
    let sent = Command::new("kill").args(["-INT", &pid]).status().expect("the system's kill");
    assert!(sent.success());
    assert_eq!(witness.child.wait().expect("an end").code(), Some(0));
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() {
            copy(&from, &to);
        } else {
            fs::copy(&from, &to).expect("a copy");
        }
    }
}
