//! `whosaid monitor` among other processes: restarts, kills, servers that come and go, readers and
//! commands that fail. What it prints is held by `tests/cases/cli/8-monitor.md`.

#![allow(clippy::disallowed_methods, reason = "ledgers are published on the disk")]

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use serde_json::Value;
use whosaid::tlog::fork::Fork;
use whosaid::tlog::note::{Algorithm, VerifierKey};

use crate::it::book::{Book, claim, said, story};
use crate::it::house::{ORIGIN, log_key, party, policy};
use whosaid::attribution::record::claim::Who;

/// A folder with a policy, a place for a ledger, and the state of whoever watches it.
struct Room(tempfile::TempDir);

impl Room {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir(folder.path().join("keys")).expect("a folder");
        let key = VerifierKey::new(ORIGIN, Algorithm::Ed25519, log_key().public()).unwrap();
        let policy = format!("log {key}\nquorum none\n");
        fs::write(folder.path().join("keys/policy"), policy).expect("a file");
        Self(folder)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Puts the first entries of a book where its readers find them, the checkpoint last.
    fn publish(&self, book: &Book, size: usize) {
        let contents = book.publish(size).contents();
        let files = contents.into_iter().filter_map(|(path, bytes)| Some((path, bytes?)));
        let (last, first): (Vec<_>, Vec<_>) = files.partition(|(path, _)| path == "checkpoint");
        for (path, bytes) in first.into_iter().chain(last) {
            let file = self.path("ledger").join(path);
            fs::create_dir_all(file.parent().unwrap()).expect("a folder");
            // Whole or not at all, as a server's files are.
            let beside = self.path("new");
            fs::write(&beside, bytes).expect("a file");
            fs::rename(beside, file).expect("a file in its place");
        }
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_whosaid"));
        command
            .arg("monitor")
            .args(words)
            .current_dir(self.0.path())
            .env("WHOSAID_STATE", self.path("state"))
            .env_remove("WHOSAID_KEYS")
            .stdin(Stdio::null());
        command
    }

    fn run(&self, words: &[&str]) -> Output {
        self.command(words).output().expect("the program")
    }

    /// Asserts the exit code; the entries of the events, in the order in which they were printed.
    #[track_caller]
    fn entries(&self, location: &str, exit: i32) -> Vec<u64> {
        let output = self.run(&[location, "--once", "--json"]);
        let said = format!("{output:?}");
        assert_eq!(output.status.code(), Some(exit), "{said}");
        entries_in(&String::from_utf8(output.stdout).expect("text"))
    }

    /// Asserts the exit code, and that what was said holds some words.
    #[track_caller]
    fn check(&self, words: &[&str], exit: i32, said: &str) -> String {
        let output = self.run(words);
        let text = [&output.stdout[..], &output.stderr[..]].concat();
        let text = String::from_utf8_lossy(&text).into_owned();
        assert_eq!(output.status.code(), Some(exit), "{words:?}: {text}");
        assert!(text.contains(said), "{words:?}: {text}");
        text
    }

    fn memory(&self) -> PathBuf {
        let mut folders = fs::read_dir(self.path("state/monitor")).expect("the state");
        folders.next().expect("a folder").expect("a folder").path().join("memory")
    }
}

fn entries_in(lines: &str) -> Vec<u64> {
    let objects = lines.lines().map(|line| serde_json::from_str(line).expect("an object"));
    objects.filter_map(|object: Value| object["entry"].as_u64()).collect()
}

/// A static file server on the loopback, until it is dropped. Closed, it takes no connection.
struct Server {
    url: String,
    closed: Arc<AtomicBool>,
}

impl Server {
    fn of(folder: PathBuf) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().unwrap());
        let closed = Arc::new(AtomicBool::new(false));
        let is_closed = Arc::clone(&closed);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { continue };
                if is_closed.load(Ordering::SeqCst) {
                    continue;
                }
                let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
                let request = lines.next().and_then(Result::ok).unwrap_or_default();
                while lines.next().is_some_and(|line| line.is_ok_and(|line| !line.is_empty())) {}
                let path = request.split(' ').nth(1).unwrap_or("/").trim_start_matches('/');
                let answer = match fs::read(folder.join(path)) {
                    Ok(bytes) => {
                        let head = format!("200 OK\r\nContent-Length: {}", bytes.len());
                        [format!("HTTP/1.1 {head}\r\n\r\n").as_bytes(), &bytes].concat()
                    }
                    Err(_) => b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".to_vec(),
                };
                let _ = stream.write_all(&answer);
            }
        });
        Self { url, closed }
    }
}

/// A monitor that follows, and its lines one by one.
struct Following {
    child: Child,
    lines: std::io::Lines<BufReader<std::process::ChildStdout>>,
}

impl Following {
    fn start(room: &Room, words: &[&str]) -> Self {
        let mut command = room.command(words);
        let child = command.arg("--json").stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
        let mut child = child.expect("the program");
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    fn next(&mut self) -> Value {
        let line = self.lines.next().expect("one more line").expect("text");
        serde_json::from_str(&line).expect("an object")
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const NOTHING: [u64; 0] = [];

/// What is reported of the story, when nobody is named.
const STORY: [u64; 10] = [5, 6, 7, 8, 9, 10, 11, 15, 16, 17];

#[test]
fn a_ledger_on_a_server_is_followed_over_restarts_and_outages() {
    let room = Room::new();
    room.publish(&story(), 8);
    let server = Server::of(room.path("ledger"));
    assert_eq!(room.entries(&server.url, 0), [5, 6, 7]);
    assert_eq!(room.entries(&server.url, 0), NOTHING);
    room.publish(&story(), 11);
    server.closed.store(true, Ordering::SeqCst);
    assert_eq!(room.entries(&server.url, 3), NOTHING);
    room.publish(&story(), 18);
    server.closed.store(false, Ordering::SeqCst);
    assert_eq!(room.entries(&format!("{}/", server.url), 0), STORY[3..]);
    let nothing_there = format!("{}/elsewhere", server.url);
    room.check(&[&nothing_there, "--once"], 3, "there is no checkpoint");
}

#[test]
fn a_monitor_that_is_killed_at_any_event_passes_over_none() {
    for killed_at in 1..=STORY.len() + 1 {
        let room = Room::new();
        room.publish(&story(), 18);
        // It notes the event, then ends the one who told it.
        let script =
            format!("cat >> events; test $(wc -l < events) -ne {killed_at} || kill -9 $PPID");
        let words = ["ledger", "--once", "--run", &script];
        let survived = room.run(&words).status.success();
        assert_eq!(survived, killed_at > STORY.len(), "{killed_at}");
        room.check(&["ledger", "--once", "--run", "cat >> events"], 0, "");
        let mut entries = entries_in(&fs::read_to_string(room.path("events")).unwrap());
        let whole = entries.len();
        let mut first = Vec::new();
        entries.retain(|entry| {
            !first.contains(entry) && {
                first.push(*entry);
                true
            }
        });
        assert_eq!(entries, STORY, "{killed_at}");
        assert!(whole <= 2 * STORY.len(), "{killed_at}: {whole}");
    }
}

#[test]
fn an_event_that_nobody_takes_comes_again() {
    let room = Room::new();
    room.publish(&story(), 18);
    let refuse_nine = "grep -v '\"entry\":9,' >> events";
    for _ in 0..2 {
        room.check(&["ledger", "--once", "--run", refuse_nine], 3, "the command failed");
    }
    // What it took is not given to it again.
    let taken = fs::read_to_string(room.path("events")).unwrap();
    assert_eq!(entries_in(&taken), STORY[..4]);
    room.check(
        &["ledger", "--once", "--run", "sleep 60", "--run-limit", "1"],
        3,
        "within 1 second",
    );
    let absent = "whosaid-has-no-such-command 2> /dev/null";
    room.check(&["ledger", "--once", "--run", absent], 3, "the command failed");

    // A reader that has gone away, and a disk that is full.
    let mut command = room.command(&["ledger", "--once"]);
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let gone = command.stdout(writer).stderr(Stdio::null()).status().expect("the program");
    assert_eq!(gone.code(), Some(3));
    if Path::new("/dev/full").exists() {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let status =
            room.command(&["ledger", "--once"]).stdout(full).stderr(Stdio::null()).status();
        assert_eq!(status.expect("the program").code(), Some(3));
    }
    assert_eq!(room.entries("ledger", 0), STORY[4..]);
}

#[test]
fn following_goes_on_through_growth_and_an_alarm_is_said_once() {
    let room = Room::new();
    let book = story();
    room.publish(&book, 6);
    let mut following = Following::start(&room, &["ledger", "--every", "1"]);
    assert_eq!(following.next()["entry"], 5);
    // Who follows it alone may: what was reported is remembered for one.
    room.check(&["ledger", "--once"], 3, "another monitor follows ledger");
    room.publish(&book, 7);
    assert_eq!(following.next()["entry"], 6);
    room.publish(&book, 5);
    let alarm = following.next();
    assert_eq!((&alarm["event"], &alarm["alarm"]), (&"alarm".into(), &"rolled_back".into()));
    // Said once: the next line is of what came after.
    room.publish(&book, 8);
    assert_eq!(following.next()["entry"], 7);
}

#[test]
fn a_forked_ledger_is_found_and_the_proof_is_kept_for_others() {
    let room = Room::new();
    let mut book = Book::founded();
    let speaker = book.add(&party("a"));
    let mut other = book.clone();
    book.add(&claim(said(Who::Party(speaker), "One story.")));
    other.add(&claim(said(Who::Party(speaker), "Another story.")));
    other.add(&claim(said(Who::Party(speaker), "And more of it.")));
    room.publish(&book, 3);
    assert_eq!(room.entries("ledger", 0), [2]);
    room.publish(&other, 4);
    for _ in 0..2 {
        let said = room.check(&["ledger", "--once"], 1, "ALARM example.org/claims: forked");
        let proof = said.lines().find_map(|line| line.strip_prefix("  evidence: "));
        let proof = fs::read(proof.expect("a proof")).expect("the proof");
        let proven = Fork::parse(&proof).expect("a proof").verify(&policy()).expect("a fork");
        assert_eq!((proven.smaller.size, proven.larger.size), (3, 4));
    }
    // The other story was never taken in: the first is still the one that goes on.
    book.add(&claim(said(Who::Party(speaker), "The first goes on.")));
    room.publish(&book, 4);
    assert_eq!(room.entries("ledger", 0), [3]);
}

#[test]
fn two_places_that_serve_two_histories_convict_the_log_whichever_is_longer() {
    for [here, there] in [[3, 4], [4, 3], [3, 3]] {
        let room = Room::new();
        let mut book = Book::founded();
        let speaker = book.add(&party("a"));
        let mut other = book.clone();
        for (book, words) in [(&mut book, "One story."), (&mut other, "Another story.")] {
            book.add(&claim(said(Who::Party(speaker), words)));
            book.add(&claim(said(Who::Party(speaker), "And more of it.")));
        }
        room.publish(&other, there);
        fs::rename(room.path("ledger"), room.path("elsewhere")).expect("another place");
        room.publish(&book, here);
        let words = ["ledger", "elsewhere", "--every", "1"];
        let mut following = Following::start(&room, &words);
        // Both are followed to their ends, and the log is convicted.
        let (mut events, mut alarm) = (0, None);
        while alarm.is_none() || events < here + there - 4 {
            let next = following.next();
            match next["event"].as_str() {
                Some("claim") => events += 1,
                _ => alarm = Some(next),
            }
        }
        let alarm = alarm.expect("an alarm");
        assert_eq!(alarm["alarm"], "forked", "{here}, {there}");
        let proof = alarm["fork_proof"].as_str().expect("a proof");
        assert!(Fork::parse(proof.as_bytes()).unwrap().verify(&policy()).is_ok());
        drop(following);
        // Looked at once, it is the same.
        room.check(&["ledger", "elsewhere", "--once"], 1, "another history than the one seen");
    }
}

#[test]
fn a_damaged_memory_is_named_and_never_begun_anew() {
    let room = Room::new();
    room.publish(&story(), 18);
    assert_eq!(room.entries("ledger", 0), STORY);
    let whole = fs::read(room.memory()).unwrap();
    fs::write(room.memory(), &whole[..whole.len() / 2]).unwrap();
    let said = room.check(&["ledger", "--once"], 3, "not the whole memory of a monitor");
    assert!(said.contains(room.memory().to_str().unwrap()), "{said}");
    fs::write(room.memory(), whole).unwrap();
    assert_eq!(room.entries("ledger", 0), NOTHING);
    // Another watch has a memory of its own, and so begins at the start.
    room.check(&["ledger", "--once", "--by", "envoy"], 0, "It will rain.");
}
