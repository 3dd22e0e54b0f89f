//! Other ways that a user would pick to keep signed claims, as far as they are at hand: a chain of
//! hashes in SQLite, and commits of git, signed by an SSH key.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use rusqlite::{Connection, params};
use whosaid::cbor;
use whosaid::hash::Hash;

use crate::desk::Desk;
use crate::table::{self, time};

/// How many claims are put into a chain in SQLite.
const CHAINED: u32 = 20_000;

/// How many signed commits are made: each takes milliseconds.
const COMMITTED: u32 = 100;

/// Measures both, and prints claims a second.
pub(crate) fn measure(desk: &Desk, folder: &Path) {
    sqlite(desk, folder);
    if git(folder).is_none() {
        table::note("signed git commits: not measured, git or ssh-keygen is not here");
    }
}

/// Each row holds the hash of the one before and a signature; 1,000 rows in a transaction.
fn sqlite(desk: &Desk, folder: &Path) {
    let mut connection = Connection::open(folder.join("chain.sqlite")).expect("a database");
    connection.pragma_update(None, "journal_mode", "WAL").expect("a mode");
    connection.pragma_update(None, "synchronous", "FULL").expect("a mode");
    let tables = "CREATE TABLE chain (n INTEGER PRIMARY KEY, before BLOB, payload BLOB, \
                  signature BLOB)";
    connection.execute_batch(tables).expect("a table");
    let mut before = Hash::of(b"");
    let numbers: Vec<u32> = (0..CHAINED).collect();
    let appended = time(|| {
        for thousand in numbers.chunks(1_000) {
            let transaction = connection.transaction().expect("a transaction");
            for number in thousand {
                let payload = cbor::encode(&desk.claim(u64::from(*number))).expect("a record");
                let link = Hash::of_parts(&[before.as_bytes(), &payload]);
                let signature = desk.key.sign(link.as_bytes());
                let row = params![number, before.as_bytes(), payload, signature];
                let insert = "INSERT INTO chain VALUES (?1, ?2, ?3, ?4)";
                transaction.prepare_cached(insert).expect("SQL").execute(row).expect("a row");
                before = link;
            }
            transaction.commit().expect("a commit");
        }
    });
    let verified = time(|| {
        let query = "SELECT before, payload, signature FROM chain ORDER BY n";
        let mut rows = connection.prepare(query).expect("SQL");
        let mut rows = rows.query([]).expect("rows");
        let mut before = Hash::of(b"");
        while let Some(row) = rows.next().expect("a row") {
            let blob = |at| row.get::<_, Vec<u8>>(at).expect("a blob");
            assert_eq!(blob(0), before.as_bytes());
            before = Hash::of_parts(&[before.as_bytes(), &blob(1)]);
            assert!(desk.key.public().verifies(before.as_bytes(), &blob(2)));
        }
    });
    table::note(&format!("SQLite, chained and signed: append {}/s", rate(CHAINED, appended)));
    table::note(&format!("SQLite, chained and signed: verify {}/s", rate(CHAINED, verified)));
}

/// Commits that an SSH key signs.
fn git(folder: &Path) -> Option<()> {
    let place = folder.join("git");
    fs::create_dir(&place).ok()?;
    let key = place.join("key");
    run(&place, "ssh-keygen", &["-q", "-t", "ed25519", "-N", "", "-f", key.to_str()?])?;
    run(&place, "git", &["init", "-q"])?;
    let public = fs::read_to_string(key.with_extension("pub")).ok()?;
    fs::write(place.join("allowed"), format!("desk@bench.example {public}")).ok()?;
    for (name, value) in [
        ("user.name", "desk"),
        ("user.email", "desk@bench.example"),
        ("gpg.format", "ssh"),
        ("user.signingkey", key.to_str()?),
        ("gpg.ssh.allowedSignersFile", place.join("allowed").to_str()?),
    ] {
        run(&place, "git", &["config", name, value])?;
    }
    let committed = time(|| {
        for number in 0..COMMITTED {
            let message = format!("claim {number}");
            let commit = ["commit", "-q", "-S", "--allow-empty", "-m", message.as_str()];
            run(&place, "git", &commit).expect("a commit");
        }
    });
    let verified = time(|| {
        for back in 0..COMMITTED {
            let commit = format!("HEAD~{back}");
            run(&place, "git", &["verify-commit", commit.as_str()]).expect("a good signature");
        }
    });
    table::note(&format!("signed git commits: append {}/s", rate(COMMITTED, committed)));
    table::note(&format!("signed git commits: verify {}/s", rate(COMMITTED, verified)));
    Some(())
}

fn run(place: &Path, program: &str, arguments: &[&str]) -> Option<()> {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(place).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().ok()?.success().then_some(())
}

fn rate(count: u32, took: Duration) -> u64 {
    (f64::from(count) / took.as_secs_f64()) as u64
}
