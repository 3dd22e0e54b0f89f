//! What a person waits for, each beside the bare cost of its signatures, hashes and disk writes, or
//! beside another way to do it, measured in the same run on the same cores. Only the ratios travel
//! from one machine to another.
//!
//! `cargo bench` prints the table for 100,000 claims; `WHOSAID_HEAVY=1 cargo bench` takes a million
//! as well. Where runs are short they are interleaved and the median counts, because machines are
//! shared. What the figures mean stands in `docs/PERFORMANCE.md`.
#![allow(
    clippy::disallowed_methods,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a benchmark reads the clock, writes files, and prints three digits"
)]

mod desk;
mod others;
mod table;

use std::fs::{self, File};
use std::hint::black_box;
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use desk::{CAPTURE, Desk, TIME, line_of, threads};
use ed25519_dalek::{Signer, SigningKey};
use table::{median, time};
use whosaid::attribution::record::Record;
use whosaid::attribution::statement;
use whosaid::audit::captures::Held;
use whosaid::cbor;
use whosaid::hash::Hash;
use whosaid::index::Index;
use whosaid::key::{SIGNATURE_LENGTH, SecretKey};
use whosaid::receipt::prove::Published;
use whosaid::search::ask::{self, Paging, Wanted};
use whosaid::search::keep::catch_up;
use whosaid::search::reread::Reader;
use whosaid::search::tables::Tables;
use whosaid::search::verified::Verified;
use whosaid::search::words::Question;
use whosaid::store::Store;
use whosaid::store::os::OsDisk;
use whosaid::tlog::policy::Policy;
use whosaid::verify::remembered::go_on;
use whosaid::verify::report::Verdict;
use whosaid::verify::verify;

/// As the program has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const SMALL: u64 = 1_000;
const LARGE: u64 = 100_000;
const HUGE: u64 = 1_000_000;

/// The argument with which the program calls itself, to verify in a process of its own.
const VERIFY: &str = "--verify-and-tell-memory";

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, flag, folder] = &arguments[..]
        && flag == VERIFY
    {
        return tell_memory(Path::new(folder));
    }
    let folder = tempfile::tempdir().expect("a folder");
    table::begin();
    let mut small = Desk::found(&folder.path().join("small"));
    small.fill(SMALL);
    let small_costs = one_by_one(&mut small, folder.path(), None);
    let mut desk = import(folder.path(), "large", (LARGE, 3));
    verification(&desk, LARGE);
    sizes(&desk);
    one_by_one(&mut desk, folder.path(), Some(&small_costs));
    let memory = peak_of(&desk.folder);
    table::note(&format!("verify {LARGE}: peak of the process {} MB", memory / 1_000_000));
    search(&desk, folder.path());
    others::measure(&desk, folder.path());
    if std::env::var("WHOSAID_HEAVY").is_ok() {
        let mut desk = import(folder.path(), "huge", (HUGE, 1));
        verification(&desk, HUGE);
        sizes(&desk);
        one_by_one(&mut desk, folder.path(), Some(&small_costs));
        let huge = peak_of(&desk.folder);
        table::ratio_of_sizes("verify, peak memory, 1,000,000 to 100,000", huge, memory);
        search(&desk, folder.path());
    }
}

/// Many claims as JSON Lines, read, looked through, sealed and durable, each time into a new ledger, of
/// which the last is left; beside sealing by the two libraries: the one that says what a signature is,
/// and the one that makes them here.
fn import(folder: &Path, name: &str, (count, times): (u64, usize)) -> Desk {
    const SAMPLE: u64 = 20_000;
    // What a desk keeps beside its folder is named after it.
    let found = |round: usize| Desk::found(&folder.join(format!("{name}-{round}")));
    let mut desk = found(0);
    let records: Vec<Record> = (0..SAMPLE).map(|number| desk.claim(number)).collect();
    let lines: Vec<u8> = (0..count).flat_map(|it| line_of(&desk.claim(it))).collect();
    let (dalek, own) = (SigningKey::from_bytes(&[2; 32]), SecretKey::from_seed(&[2; 32]));
    let by_dalek = || seal_bare(&records, |payload| dalek.sign(payload).to_bytes());
    let by_aws_lc = || seal_bare(&records, |payload| own.sign(payload));
    let (mut bare, mut quick, mut took) = (vec![], vec![], vec![]);
    let mut seal = || {
        for _ in 0..3 {
            bare.push(time(by_dalek));
            quick.push(time(by_aws_lc));
        }
    };
    seal();
    for round in 0..times {
        if round > 0 {
            desk = found(round);
        }
        took.push(time(|| desk.import(lines.as_slice())));
        seal();
    }
    desk.claims = count;
    let (what, cores) = (format!("import {count} claims, all durable"), threads());
    let took = median(took);
    for (bare, library) in [(bare, "ed25519-dalek"), (quick, "AWS-LC")] {
        let bare = median(bare).mul_f64(count as f64 / SAMPLE as f64);
        let beside = format!("the same × (CBOR, {library} signs, SHA-256) on {cores} cores");
        table::row(&what, took, bare, &beside);
    }
    desk
}

/// The whole ledger, and what is left of the cost without the signatures.
fn verification(desk: &Desk, count: u64) {
    const SAMPLE: u64 = 20_000;
    let record = desk.claim(0);
    let bytes = statement::seal(&record, "desk", TIME, &desk.key).expect("a claim").0;
    let signature = desk.key.sign(&bytes);
    let public = desk.key.public();
    let (mut took, mut bare, mut plain) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..if count > LARGE { 1 } else { 3 } {
        let all: Vec<u64> = (0..SAMPLE).collect();
        plain.push(time(|| {
            in_threads(&all, |share| {
                for _ in share {
                    let opened = statement::open(black_box(&bytes)).expect("a claim");
                    assert!(opened.verifies(&public));
                }
            });
        }));
        bare.push(time(|| {
            in_threads(&all, |share| {
                for _ in share {
                    assert!(public.verifies(black_box(&bytes), &signature));
                }
            });
        }));
        took.push(time(|| assert_verified(&desk.folder, &desk.policy)));
    }
    let times = count as f64 / SAMPLE as f64;
    let (bare, plain) = (median(bare).mul_f64(times), median(plain).mul_f64(times));
    let (what, cores) = (format!("verify {count} claims, everything"), threads());
    let took = median(took);
    table::row(&what, took, bare, &format!("the same × verify_strict alone on {cores} cores"));
    table::row(&what, took, plain, &format!("the same × (open, verify_strict) on {cores} cores"));
}

/// What the ledger takes on the disk beside its own statements and its tree.
fn sizes(desk: &Desk) {
    let all: u64 = files_below(&desk.folder).iter().map(|(_, length)| length).sum();
    let of = |name: &str| -> u64 {
        let folder = desk.folder.join(name);
        files_below(&folder).iter().map(|(_, length)| length).sum()
    };
    let own = of("statements") + of("tile");
    table::ratio_of_sizes("disk: the ledger to its statements and tree, bytes", all, own);
}

/// What is done one at a time, beside the same in a small ledger.
fn one_by_one(desk: &mut Desk, folder: &Path, small: Option<&[Duration; 3]>) -> [Duration; 3] {
    let (mut appended, mut bare, mut audited, mut proven) = (vec![], vec![], vec![], vec![]);
    for round in 0..30 {
        let record = desk.next_claim();
        appended.push(time(|| desk.append(std::slice::from_ref(&record))));
        bare.push(time(|| replace_durably(&folder.join("bare"), round)));
    }
    let store = Store::open(OsDisk::new(&desk.folder)).expect("a ledger");
    let middle = desk.ledger.tree_size() / 2;
    let remembered = desk.verified_before();
    for _ in 0..5 {
        proven.push(time(|| {
            let index = Index::at_hand(&desk.index_file()).expect("an index");
            let published = Published::open(&store, &desk.policy).expect("a ledger");
            let published = published.with_index(&index);
            drop(black_box(published.prove(middle).expect("a receipt")));
        }));
        audited.push(time(|| audit_one(desk, &remembered, middle)));
    }
    let size = desk.claims;
    let beside = "one file replaced durably (write, fsync, rename, fsync)";
    let costs = [median(appended), median(proven), median(audited)];
    table::row(&format!("append one claim to {size}"), costs[0], median(bare), beside);
    if let Some(small) = small {
        let names = ["append one claim", "prove one claim", "audit one claim"];
        for ((name, took), small) in names.iter().zip(costs).zip(small) {
            table::row(&format!("{name} of {size}"), took, *small, "the same of 1,000");
        }
    }
    costs
}

/// Audits one claim of a ledger that was verified before, as `whosaid audit ID` does.
fn audit_one(desk: &Desk, remembered: &Index, entry_index: u64) {
    let store = Store::open(OsDisk::new(&desk.folder)).expect("a ledger");
    let asked = (remembered, None);
    let done = go_on(&store, &desk.policy, asked, threads(), &mut |_, _| ());
    let (verification, _) = done.expect("a readable disk").expect("it was verified");
    assert_eq!(verification.report.verdict(), Verdict::Verified);
    let verified = Verified::new(&store, remembered, &verification);
    let id = verified.by_entry(entry_index).expect("an index").expect("an entry");
    let held = |_: &Hash| Held::Bytes(CAPTURE.to_vec());
    let audited = verified.audit(id, &held, &|graph| graph).expect("what was verified");
    drop(black_box(audited.expect("a claim")));
}

/// The search index from nothing, and the first page of three questions.
fn search(desk: &Desk, folder: &Path) {
    let path = folder.join(format!("search-{}", desk.claims));
    let store = Store::open(OsDisk::new(&desk.folder)).expect("a ledger");
    let note = whosaid::ledger::reading::checkpoint(&store).expect("a disk").expect("a checkpoint");
    let checkpoint = whosaid::tlog::checkpoint::Trusted::open(&note, &desk.policy).expect("signed");
    let mut tables = Tables::open(&path, Duration::from_secs(5)).expect("an index");
    let took = time(|| {
        catch_up(&store, &checkpoint, &mut tables, &mut |_| ()).expect("an index");
    });
    let one = took.as_secs_f64() * 1e6 / desk.claims as f64;
    table::note(&format!(
        "search index of {} made in {took:.1?}: {one:.1} µs a claim",
        desk.claims
    ));
    let rare = format!("{}", desk.claims / 2);
    for words in [rare.as_str(), "delegation", "delegation capital"] {
        let question = Question::parse(words).expect("words");
        let wanted = Wanted { question, ..Wanted::default() };
        let paging = Paging { after: None, ascending: false, limit: 20 };
        let found = time(|| {
            let reader = Reader::new(&store, checkpoint.size);
            let page = ask::page(&tables, &reader, &wanted, paging, &mut |_| Ok(true));
            let page = page.expect("an answer");
            assert!(!page.hits.is_empty(), "{words}");
        });
        table::note(&format!("search {words:?} among {}: first page in {found:.1?}", desk.claims));
    }
}

fn assert_verified(folder: &Path, policy: &Policy) {
    let store = Store::open(OsDisk::new(folder)).expect("a ledger");
    let verified = verify(&store, policy, threads(), &mut |_| (), &mut |_, _| ());
    let report = verified.expect("a readable disk").report;
    assert_eq!(report.verdict(), Verdict::Verified, "{:?}", report.faults);
}

/// Verifies in a process of its own, and says how much memory that had at its peak, in bytes.
fn peak_of(folder: &Path) -> u64 {
    let own = std::env::current_exe().expect("a program");
    let told = Command::new(own).arg(VERIFY).arg(folder).output().expect("a process");
    assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
    String::from_utf8_lossy(&told.stdout).trim().parse().expect("bytes")
}

fn tell_memory(folder: &Path) {
    assert_verified(folder, &desk::policy());
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("0 kB");
    let kilobytes: u64 = line.trim().trim_end_matches(" kB").trim().parse().expect("a number");
    println!("{}", kilobytes * 1024);
}

/// Works on equal shares of the items, each in a thread.
fn in_threads<T: Sync>(items: &[T], work: impl Fn(&[T]) + Sync) {
    std::thread::scope(|scope| {
        for share in items.chunks(items.len().div_ceil(threads().get())) {
            scope.spawn(|| work(share));
        }
    });
}

/// What sealing costs at the least.
fn seal_bare(records: &[Record], sign: impl Fn(&[u8]) -> [u8; SIGNATURE_LENGTH] + Sync) {
    in_threads(records, |share| {
        for record in share {
            let payload = cbor::encode(record).expect("a record");
            black_box(sign(&payload));
            black_box(Hash::of(&payload));
        }
    });
}

/// What one durable change of a file costs at the least.
fn replace_durably(path: &Path, round: u64) {
    let temporary = path.with_extension("tmp");
    let mut file = File::create(&temporary).expect("a file");
    file.write_all(&round.to_be_bytes()).expect("a write");
    file.sync_all().expect("a sync");
    fs::rename(&temporary, path).expect("a rename");
    File::open(path.parent().expect("a folder")).and_then(|it| it.sync_all()).expect("a sync");
}

/// All files below a folder, with their lengths; the private folder is left out.
fn files_below(folder: &Path) -> Vec<(String, u64)> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry")) {
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.path().is_dir() {
            if name != ".state" {
                files.extend(files_below(&entry.path()));
            }
        } else {
            files.push((name, entry.metadata().expect("a file").len()));
        }
    }
    files
}
