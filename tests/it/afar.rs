//! Ledgers read from afar and remembered: a tiny static server on the loopback gives out a real
//! ledger, and whoever goes back, forks or rewrites history is found and convicted.
#![allow(clippy::disallowed_methods, reason = "tests look at files")]

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;

use tempfile::TempDir;
use whosaid::hash::Hash;
use whosaid::key::SecretKey;
use whosaid::keyfile::{self, Cost, Fresh};
use whosaid::memory::{Memory, Standing};
use whosaid::receipt::prove::Published;
use whosaid::store::Store;
use whosaid::store::path::FilePath;
use whosaid::store::simulated::SimulatedDisk;
use whosaid::store::source::Source;
use whosaid::tlog::fork::Fork;
use whosaid::verify::report::{Report, Verdict};
use whosaid::verify::verify;
use whosaid::web::cache::Cache;
use whosaid::web::fetch::{Client, Limits};
use whosaid::web::remote::{Freshness, Remote};

use super::{garbage, house};

/// The files of a ledger, as a server has them; they can be changed while it runs.
type Files = Arc<Mutex<BTreeMap<String, Vec<u8>>>>;

/// Serves files over HTTP. The URL of the ledger, and the paths that were asked for so far.
fn serve(files: Files) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/claims", listener.local_addr().unwrap());
    let asked = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&asked);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (files, seen) = (Arc::clone(&files), Arc::clone(&seen));
            thread::spawn(move || {
                let mut stream = stream.unwrap();
                let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
                while let Some(Ok(line)) = lines.next() {
                    while lines.next().is_some_and(|it| it.is_ok_and(|it| !it.is_empty())) {}
                    let path = line.split(' ').nth(1).unwrap_or_default();
                    let path = path.strip_prefix("/claims/").unwrap_or_default().to_owned();
                    let body = files.lock().unwrap().get(&path).cloned();
                    seen.lock().unwrap().push(path);
                    let status = if body.is_some() { "200 OK" } else { "404 Not Found" };
                    let body = body.unwrap_or_default();
                    let head =
                        format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n", body.len());
                    if stream.write_all(&[head.as_bytes(), &body].concat()).is_err() {
                        break;
                    }
                }
            });
        }
    });
    (url, asked)
}

/// What a disk would publish.
fn published(disk: &SimulatedDisk) -> BTreeMap<String, Vec<u8>> {
    let public = |(path, bytes): (String, Option<Vec<u8>>)| {
        (!path.starts_with(".state")).then_some((path, bytes?))
    };
    disk.contents().into_iter().filter_map(public).collect()
}

/// A ledger in memory of the charter and so many parties, appended in one batch.
fn ledger_of(parties: usize) -> SimulatedDisk {
    let disk = SimulatedDisk::default();
    grow(&disk, 0..parties);
    disk
}

/// Appends parties with these numbers.
fn grow(disk: &SimulatedDisk, numbers: std::ops::Range<usize>) {
    let mut ledger = house::open(disk).unwrap();
    let parties: Vec<_> = numbers.map(|i| house::party(&format!("party-{i}"))).collect();
    if !parties.is_empty() {
        house::append(&mut ledger, &parties).unwrap();
    }
}

fn remote(url: &str) -> Remote {
    Remote::new(url, Client::new(Limits::STANDARD)).unwrap()
}

fn report_of(source: &dyn Source) -> Report {
    verify(source, &house::policy(), house::THREADS, &mut |_| (), &mut |_, _| ()).unwrap().report
}

fn check_verified(source: &dyn Source, size: u64) {
    let report = report_of(source);
    assert_eq!(report.faults, []);
    assert_eq!((report.verdict(), report.tree_size), (Verdict::Verified, size));
}

fn shared(disk: &SimulatedDisk) -> Files {
    Arc::new(Mutex::new(published(disk)))
}

#[test]
fn a_published_ledger_verifies_and_each_file_is_fetched_once() {
    for parties in [0, 1, 254, 255, 256, 600] {
        let disk = ledger_of(parties);
        let (url, asked) = serve(shared(&disk));
        check_verified(&remote(&url), parties as u64 + 1);
        let mut asked = asked.lock().unwrap().clone();
        let count = asked.len();
        asked.sort();
        asked.dedup();
        assert_eq!(asked.len(), count, "a file was fetched twice: {asked:?}");
    }
}

#[test]
fn whatever_is_altered_on_the_server_is_found() {
    let disk = ledger_of(3);
    let good = published(&disk);
    // Partial files of earlier checkpoints are not asked for.
    let asked = |path: &&String| !path.contains(".p/") || path.ends_with(".p/4");
    for path in good.keys().filter(asked) {
        let mut files = good.clone();
        *files.get_mut(path).unwrap().last_mut().unwrap() ^= 1;
        let (url, _) = serve(Arc::new(Mutex::new(files)));
        let report = report_of(&remote(&url));
        assert_eq!(report.verdict(), Verdict::Failed, "{path} altered");
        let mut files = good.clone();
        files.remove(path);
        let (url, _) = serve(Arc::new(Mutex::new(files)));
        let report = report_of(&remote(&url));
        assert_eq!(report.verdict(), Verdict::Failed, "{path} removed");
    }
}

#[test]
fn a_ledger_that_grows_meanwhile_is_read_as_it_was() {
    // To the next partial bundle, up to a full one, and far beyond; with and without the files that
    // only the earlier checkpoint needed.
    for (later, collected) in
        [6..9, 6..255, 6..600].into_iter().flat_map(|it| [(it.clone(), false), (it, true)])
    {
        let disk = ledger_of(6);
        let files = shared(&disk);
        let (url, _) = serve(Arc::clone(&files));
        let reader = remote(&url);
        assert!(reader.read(&FilePath::checkpoint(), 10_000).unwrap().is_some());
        grow(&disk, later);
        if collected {
            garbage::collect(&disk).unwrap();
            assert!(!published(&disk).contains_key("tile/0/000.p/7"));
        }
        *files.lock().unwrap() = published(&disk);
        check_verified(&reader, 7);
        let proven = Published::open(&reader, &house::policy()).unwrap().prove(5).unwrap();
        assert_eq!((proven.checkpoint.size, proven.left_out.len()), (7, 0));
    }
}

#[test]
fn a_server_that_drops_old_partial_files_is_read_all_the_same() {
    let disk = ledger_of(300);
    let old = published(&disk);
    grow(&disk, 300..520);
    let mut files = published(&disk);
    // The checkpoint of before, with the files of now and no partial ones.
    files.insert("checkpoint".to_owned(), old["checkpoint"].clone());
    files.retain(|path, _| !path.contains(".p/") || path.starts_with("tile/1/"));
    let (url, _) = serve(Arc::new(Mutex::new(files)));
    let source = remote(&url);
    let report = report_of(&source);
    // The statements alone cannot be found: the server's own checkpoint leads nowhere else.
    let kinds: Vec<_> = report.faults.iter().map(|it| it.file.as_str()).collect();
    assert!(kinds.iter().all(|file| file.starts_with("statements/")), "{kinds:?}");
}

fn names(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    found
}

#[test]
fn the_cache_holds_tiles_and_entries_only_and_a_damaged_file_counts_as_none() {
    let folder = tempfile::tempdir().unwrap();
    let (url, asked) = serve(shared(&ledger_of(300)));
    let cached =
        |freshness| remote(&url).with_cache(Cache::new(folder.path().to_owned()), freshness);
    check_verified(&cached(Freshness::FromServer), 301);
    let kept = names(folder.path());
    assert_eq!(kept.len(), 5, "three tiles and two bundles of entries: {kept:?}");
    assert!(kept.iter().all(|path| path.strip_prefix(folder.path()).unwrap().starts_with("tile")));

    // Asked anew, nothing but what may change is fetched; and each damaged file again.
    asked.lock().unwrap().clear();
    check_verified(&cached(Freshness::Kept), 301);
    let again = asked.lock().unwrap().clone();
    assert!(again.iter().all(|path| !path.starts_with("tile")), "{again:?}");
    for path in &kept {
        let good = fs::read(path).unwrap();
        for damaged in [&good[1..], &good[..good.len() - 1], b"", &[7; 64]] {
            fs::write(path, damaged).unwrap();
            check_verified(&cached(Freshness::Kept), 301);
            assert_eq!(fs::read(path).unwrap(), good, "fetched and kept again");
        }
    }
    // Another file's whole content under its name.
    fs::copy(&kept[0], &kept[1]).unwrap();
    check_verified(&cached(Freshness::Kept), 301);
    // Whoever asks what the server serves now is not answered from the cache.
    asked.lock().unwrap().clear();
    check_verified(&cached(Freshness::FromServer), 301);
    assert_eq!(asked.lock().unwrap().iter().filter(|it| it.starts_with("tile")).count(), 5);
}

#[test]
fn a_cache_that_cannot_be_written_makes_nothing_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "in the way").unwrap();
    let (url, _) = serve(shared(&ledger_of(3)));
    let reader = remote(&url).with_cache(Cache::new(file), Freshness::Kept);
    check_verified(&reader, 4);
    assert!(reader.cache().unwrap().trouble().is_some());
}

/// What a memory says of a ledger; it is remembered if it holds.
fn meet(memory: &Memory, source: &dyn Source) -> Standing {
    let note = source.read(&FilePath::checkpoint(), 1_000_000).unwrap().unwrap();
    let meeting = memory.compare(source, &note, &house::policy()).unwrap();
    memory.remember(&meeting, &house::policy()).unwrap();
    meeting.standing
}

fn store(disk: &SimulatedDisk) -> Store<SimulatedDisk> {
    Store::open(disk.clone()).unwrap()
}

#[test]
fn a_log_is_held_to_what_was_seen_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let memory = Memory::new(folder.path().to_owned());
    let disk = ledger_of(4);
    let backup = disk.copy();
    assert_eq!(meet(&memory, &store(&disk)), Standing::First);
    assert_eq!(meet(&memory, &store(&disk)), Standing::Holds);
    grow(&disk, 4..300);
    assert_eq!(meet(&memory, &store(&disk)), Standing::Holds);
    assert!(
        matches!(meet(&memory, &store(&backup)), Standing::RolledBack(seen) if seen.size == 301)
    );
    // Never backwards: the smaller one has not taken the place of the larger.
    assert_eq!(meet(&memory, &store(&disk)), Standing::Holds);

    // A copy appended to elsewhere, to every kind of size.
    for size in [300, 305, 600] {
        let other = backup.copy();
        grow(&other, 1000..1000 + size);
        let Standing::Forked(fork) = meet(&memory, &store(&other)) else { panic!("{size}") };
        let kept = memory.keep_fork(&fork).unwrap();
        let proof = Fork::parse(&fs::read(kept).unwrap()).unwrap();
        let proven = proof.verify(&house::policy()).unwrap();
        assert_eq!((proven.smaller.size, proven.larger.size), (301, size as u64 + 5));
    }
}

#[test]
fn a_memory_that_cannot_be_read_is_not_counted_and_is_mended() {
    let folder = tempfile::tempdir().unwrap();
    let memory = Memory::new(folder.path().to_owned());
    let disk = ledger_of(1);
    assert_eq!(meet(&memory, &store(&disk)), Standing::First);
    let file = names(folder.path()).into_iter().find(|path| !path.ends_with("lock")).unwrap();
    let good = fs::read(&file).unwrap();
    for bad in [&b""[..], b"garbage", &good[..good.len() - 9]] {
        fs::write(&file, bad).unwrap();
        let note = store(&disk).read(&FilePath::checkpoint(), 10_000).unwrap().unwrap();
        let meeting = memory.compare(&store(&disk), &note, &house::policy()).unwrap();
        assert_eq!((&meeting.standing, meeting.notes.len()), (&Standing::First, 1));
        memory.remember(&meeting, &house::policy()).unwrap();
        assert_eq!(fs::read(&file).unwrap(), good);
    }
}

#[test]
fn many_readers_at_once_leave_the_newest_checkpoint() {
    let folder = tempfile::tempdir().unwrap();
    let disk = ledger_of(0);
    let mut states = vec![disk.copy()];
    for i in 0..12 {
        grow(&disk, i..i + 1);
        states.push(disk.copy());
    }
    thread::scope(|scope| {
        for state in states.iter().rev() {
            let memory = Memory::new(folder.path().to_owned());
            scope.spawn(move || meet(&memory, &store(state)));
        }
    });
    let memory = Memory::new(folder.path().to_owned());
    assert_eq!(meet(&memory, &store(&disk)), Standing::Holds);
    assert!(
        matches!(meet(&memory, &store(&states[11])), Standing::RolledBack(it) if it.size == 13)
    );
    assert_eq!(names(folder.path()).len(), 2, "the note and the lock");
}

#[test]
fn what_another_process_remembered_meanwhile_is_not_written_over_unseen() {
    let folder = tempfile::tempdir().unwrap();
    let memory = Memory::new(folder.path().to_owned());
    let base = ledger_of(0);
    let (one, other) = (base.copy(), base.copy());
    grow(&one, 0..2);
    grow(&other, 7..8);
    let note = published(&one)["checkpoint"].clone();
    let meeting = memory.compare(&store(&one), &note, &house::policy()).unwrap();
    assert_eq!(meeting.standing, Standing::First);
    assert_eq!(meet(&memory, &store(&other)), Standing::First);
    memory.remember(&meeting, &house::policy()).unwrap();
    assert!(matches!(meet(&memory, &store(&one)), Standing::Forked(_)));
}

/// A reader's own place: a policy, a memory and a cache.
struct Reader {
    folder: TempDir,
}

impl Reader {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("keys")).unwrap();
        fs::write(folder.path().join("keys/policy"), house::policy().to_string()).unwrap();
        Self { folder }
    }

    fn run(&self, words: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_whosaid"))
            .args(words)
            .current_dir(self.folder.path())
            .env("WHOSAID_STATE", "state")
            .env("WHOSAID_CACHE", "cache")
            .env("WHOSAID_PASSPHRASE_FILE", "passphrase")
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }

    /// Asserts the exit code, and that what was said holds some words. All that was said.
    #[track_caller]
    fn check(&self, words: &[&str], exit: i32, said: &str) -> String {
        let output = self.run(words);
        let text = [&output.stdout[..], &output.stderr[..]].concat();
        let text = String::from_utf8(text).unwrap();
        assert_eq!(output.status.code(), Some(exit), "{words:?}: {text}");
        assert!(text.contains(said), "{words:?}: {text}, expected {said:?}");
        text
    }

    /// What a third person makes of the one fork proof that was kept.
    fn proven(&self) -> (u64, u64) {
        let proofs = names(&self.folder.path().join("state/forks"));
        assert_eq!(proofs.len(), 1, "{proofs:?}");
        let proven = Fork::parse(&fs::read(&proofs[0]).unwrap()).unwrap();
        let proven = proven.verify(&house::policy()).unwrap();
        (proven.smaller.size, proven.larger.size)
    }
}

#[test]
fn one_entry_of_a_long_ledger_costs_a_handful_of_files() {
    let disk = ledger_of(1200);
    let (url, asked) = serve(shared(&disk));
    let reader = Reader::new();
    for number in ["0", "700", "1000", "1200"] {
        asked.lock().unwrap().clear();
        reader.check(&["--ledger", &url, "show", number], 0, "In the log: proven");
        let count = asked.lock().unwrap().len();
        assert!((1..=8).contains(&count), "{number}: {count} files");
    }
    // The second time only what may change.
    asked.lock().unwrap().clear();
    reader.check(&["--ledger", &url, "show", "700"], 0, "entry 700 of 1201");
    assert_eq!(asked.lock().unwrap().as_slice(), ["checkpoint", "statements/002"]);
    let id = Hash::of(b"").to_string();
    reader.check(&["--ledger", &url, "show", &id], 2, "no statement's id begins");
    reader.check(&["--ledger", &url, "show", "1201"], 2, "begins with");
}

#[test]
fn every_reading_command_takes_a_url_and_no_writing_one_does() {
    let (url, _) = serve(shared(&ledger_of(2)));
    let reader = Reader::new();
    let said = reader.check(&["verify", &url], 0, "Verified: 3 entries");
    assert!(said.contains("seen for the first time"), "{said}");
    let said = reader.check(&["verify", &format!("{url}/")], 0, "continuity");
    assert!(!said.contains("first time"), "{said}");
    reader.check(&["--json", "verify", &url], 0, "\"requests\":");
    for command in [&["log"][..], &["show", "1"], &["audit", "--all"], &["impact", "1"]] {
        reader.check(&[&["--ledger", &url], command].concat(), 0, "");
    }
    reader.check(&["--ledger", &url, "prove", "1", "--out", "receipt"], 0, "entry 1 of 3");
    reader.check(&["check", "receipt", "--against", &url], 0, "continues what is proven here");
    for command in [
        &["init", "--origin", "example.org/x"][..],
        &["append", "keys/policy"],
        &["retract", "1", "--reason", "because"],
    ] {
        reader.check(&[&["--ledger", &url], command].concat(), 2, "can only be read");
    }
    reader.check(&["verify", "https://user:pass@example.org/"], 2, "a user name or a password");
    reader.check(&["verify", &url.replace("/claims", "/other")], 2, "no file `checkpoint`");
    reader.check(&["--ledger", &url.replace("/claims", "/x"), "log"], 2, "no file `checkpoint`");
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    reader.check(&["verify", &format!("http://{closed}")], 3, "could not connect to the server");
}

#[test]
fn a_server_that_goes_back_is_found_by_every_command() {
    let disk = ledger_of(2);
    let before = published(&disk);
    grow(&disk, 2..5);
    let files = shared(&disk);
    let (url, _) = serve(Arc::clone(&files));
    let reader = Reader::new();
    reader.check(&["verify", &url], 0, "seen for the first time");
    *files.lock().unwrap() = before;
    let older = "the checkpoint is older than the one seen before (size 3 < 6)";
    reader.check(&["verify", &url], 1, older);
    for command in [&["log"][..], &["show", "1"], &["audit", "--all"]] {
        reader.check(&[&["--ledger", &url], command].concat(), 1, older);
    }
    reader.check(&["--json", "verify", &url], 1, "rolled_back");
}

#[test]
fn a_fork_by_the_true_log_key_is_found_by_every_command_and_proven() {
    let disk = ledger_of(2);
    let other = disk.copy();
    grow(&disk, 2..300);
    grow(&other, 1000..1400);
    let files = shared(&disk);
    let (url, _) = serve(Arc::clone(&files));
    for command in
        [&["verify"][..], &["log"], &["show", "1"], &["show", "290"], &["audit", "--all"]]
    {
        *files.lock().unwrap() = published(&disk);
        let reader = Reader::new();
        reader.check(&["--ledger", &url, "show", "0"], 0, "seen for the first time");
        reader.check(&["--ledger", &url, "show", "299"], 0, "In the log: proven");
        *files.lock().unwrap() = published(&other);
        let said = reader.check(&[&["--ledger", &url], command].concat(), 1, "another history");
        assert!(said.contains("state/forks/"), "{said}");
        assert_eq!(reader.proven(), (301, 403));
        // And again: what was seen is not given up.
        reader.check(&["--ledger", &url, "show", "1"], 1, "another history");
    }
}

#[test]
fn a_history_rewritten_at_one_size_is_forked_too() {
    let (one, two) = (ledger_of(2), ledger_of(2));
    grow(&one, 2..4);
    grow(&two, 3..5);
    let files = shared(&one);
    let (url, _) = serve(Arc::clone(&files));
    let reader = Reader::new();
    reader.check(&["verify", &url], 0, "first time");
    *files.lock().unwrap() = published(&two);
    reader.check(&["--json", "verify", &url], 1, "\"forked\"");
    assert_eq!(reader.proven(), (5, 5));
}

#[test]
fn a_rotten_cache_misleads_nobody() {
    let (url, _) = serve(shared(&ledger_of(300)));
    let reader = Reader::new();
    reader.check(&["--ledger", &url, "show", "3"], 0, "proven");
    // Whole files with right guards and wrong content: another ledger's, from the same key.
    let kept = names(&reader.folder.path().join("cache"));
    assert!(!kept.is_empty());
    for path in &kept {
        let inside: Vec<_> = path.iter().map(|it| it.to_str().unwrap()).collect();
        let at = inside.iter().position(|it| *it == "tile").unwrap();
        let name = FilePath::parse(&inside[at..].join("/")).unwrap();
        let folder: PathBuf = inside[..at].iter().collect();
        let content = vec![3; fs::read(path).unwrap().len() - 32];
        Cache::new(folder).keep(&name, &content);
    }
    let said = reader.check(&["--ledger", &url, "show", "3"], 0, "In the log: proven");
    assert!(said.contains("does not fit; it was dropped"), "{said}");
    reader.check(&["--ledger", &url, "audit", "--all"], 0, "");
}

#[test]
fn a_reader_without_a_state_folder_reads_and_says_so() {
    let (url, _) = serve(shared(&ledger_of(1)));
    let reader = Reader::new();
    fs::write(reader.folder.path().join("state"), "in the way").unwrap();
    fs::write(reader.folder.path().join("cache"), "in the way").unwrap();
    reader.check(&["verify", &url], 0, "nothing can be remembered of this ledger");
    reader.check(&["--ledger", &url, "show", "1"], 0, "nothing can be remembered");
}

/// A desk whose keys are those of the house.
fn desk() -> Reader {
    let desk = Reader::new();
    for (name, key, seed) in [("log", house::log_key(), 1), ("nadia", house::recorder_key(), 2)] {
        let pem = seal(&key, seed);
        fs::write(desk.folder.path().join(format!("keys/{name}.secret.pem")), pem).unwrap();
    }
    fs::write(desk.folder.path().join("passphrase"), "a passphrase\n").unwrap();
    desk
}

fn seal(key: &SecretKey, seed: u8) -> String {
    let fresh = Fresh { salt: [seed; 16], iv: [seed; 16] };
    keyfile::seal(key, b"a passphrase", &fresh, Cost { log_n: 4, r: 8, p: 1 }).to_string()
}

fn write_all(folder: &Path, files: &BTreeMap<String, Vec<u8>>) {
    let _ = fs::remove_dir_all(folder);
    for (path, bytes) in files {
        let file = folder.join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, bytes).unwrap();
    }
}

#[test]
fn nobody_appends_to_a_restored_backup_or_to_a_fork() {
    let desk = desk();
    let folder = desk.folder.path().join("ledger");
    let disk = ledger_of(2);
    write_all(&folder, &published(&disk));
    let retract = ["retract", "1", "--reason", "because"];
    desk.check(&retract, 0, "Appended 1 statement");
    desk.check(&["verify"], 0, "Verified: 4 entries");

    // The backup, which is one entry short.
    write_all(&folder, &published(&disk));
    let older = "the checkpoint is older than the one seen before (size 3 < 4)";
    desk.check(&retract, 1, older);
    desk.check(&["verify"], 1, older);
    desk.check(&["log"], 1, older);

    // The backup, appended to elsewhere.
    grow(&disk, 7..9);
    write_all(&folder, &published(&disk));
    desk.check(&retract, 1, "another history");
    desk.check(&["verify"], 1, "another history");
    assert_eq!(desk.proven(), (4, 5));
}
