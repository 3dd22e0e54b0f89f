//! The store on both disks: one suite for each of them, then what only one of them can show.

use std::convert::Infallible;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use whosaid::hash::Hash;
use whosaid::store::commit::{self, CommitError, Opened, Writer};
use whosaid::store::disk::{Disk, Kind};
use whosaid::store::journal::Journal;
use whosaid::store::loose::{self, ReadError, Readers};
use whosaid::store::os::OsDisk;
use whosaid::store::path::FilePath;
use whosaid::store::simulated::{Fault, SimulatedDisk};
use whosaid::store::{Error, Store};

fn path(text: &str) -> FilePath {
    FilePath::parse(text).unwrap()
}

/// A signer that never refuses.
#[allow(clippy::unnecessary_wraps, reason = "commits take a signer that may refuse")]
fn signed(text: &str) -> Result<Vec<u8>, Infallible> {
    Ok(format!("{text}\nsignature\n").into_bytes())
}

fn ready<D: Disk>(disk: D) -> Writer<D> {
    match commit::open(Store::open(disk).unwrap()).unwrap() {
        Opened::Ready(writer) => writer,
        Opened::Interrupted(_) => panic!("nothing was interrupted"),
    }
}

fn names<D: Disk>(store: &Store<D>) -> Vec<String> {
    store.files().unwrap().into_iter().map(|found| found.path).collect()
}

/// A ledger with one commit: `checkpoint`, `a/b`, `c` and a blob at `blobs/first`.
fn with_one_commit<D: Disk>(disk: D) -> Writer<D> {
    let mut writer = ready(disk);
    let mut journal = Journal::new("size 1\n");
    journal.put(path("a/b"), b"one".to_vec());
    journal.put(path("c"), Vec::new());
    journal.place(writer.stage(b"blob").unwrap(), path("blobs/first"));
    writer.commit(&journal, signed).unwrap();
    writer
}

/// What every disk must do under a store. `make` gives a handle to an empty disk, always the
/// same one.
fn conformance<D: Disk>(make: impl Fn() -> D) {
    let empty = Store::open(make()).unwrap();
    assert_eq!(empty.files().unwrap(), []);
    assert_eq!(empty.read(&path("a/b"), 9).unwrap(), None);
    assert_eq!(empty.length(&path("a")).unwrap(), None);
    assert_eq!(empty.pending().unwrap(), None);

    commits_are_read_back(&make);
    tampering_is_refused(&make);
    a_commit_that_was_not_signed_is_finished_later(&make);
}

fn commits_are_read_back<D: Disk>(make: &impl Fn() -> D) {
    let mut writer = with_one_commit(make());
    assert!(matches!(commit::open(Store::open(make()).unwrap()), Err(Error::Locked(_))));
    // Reading needs no lock.
    let reader = Store::open(make()).unwrap();
    assert_eq!(names(&reader), ["a/b", "blobs/first", "c", "checkpoint"]);
    assert_eq!(reader.files().unwrap()[0].kind, Kind::File { length: 3 });
    assert_eq!(reader.read(&path("a/b"), 3).unwrap().unwrap(), b"one");
    assert_eq!(reader.read(&path("c"), 0).unwrap().unwrap(), b"");
    let too_long = reader.read(&path("a/b"), 2);
    assert!(matches!(too_long, Err(Error::TooLong { length: 3, limit: 2, .. })));
    assert!(matches!(reader.read(&path("a"), 9), Err(Error::NotAFile(_))));
    assert_eq!(reader.read(&path("a/b/c"), 9).unwrap(), None);
    let checkpoint = reader.read(&FilePath::checkpoint(), 99).unwrap().unwrap();
    assert_eq!(checkpoint, signed("size 1\n").unwrap());

    // The same handle goes on: the same blob again, a replacement, a removal of what is absent.
    let mut journal = Journal::new("size 1\nsize 2\n");
    journal.put(path("a/b"), b"one".to_vec());
    journal.replace(path("c"), b"two".to_vec());
    journal.place(writer.stage(b"blob").unwrap(), path("blobs/first"));
    journal.place(writer.stage(b"other").unwrap(), path("blobs/second"));
    journal.remove(path("never/was"));
    writer.commit(&journal, signed).unwrap();
    let mut journal = Journal::new("size 1\nsize 2\n");
    journal.remove(path("blobs/first"));
    writer.commit(&journal, signed).unwrap();
    assert_eq!(names(&writer.into_store()), ["a/b", "blobs/second", "c", "checkpoint"]);
    assert_eq!(reader.read(&path("c"), 9).unwrap().unwrap(), b"two");
}

fn tampering_is_refused<D: Disk>(make: &impl Fn() -> D) {
    type Prepare<D> = fn(&mut Writer<D>, &mut Journal);
    let attempts: [Prepare<D>; 4] = [
        |_, journal| journal.put(path("a/b"), b"ONE".to_vec()),
        |_, journal| journal.put(path("a/b"), b"longer".to_vec()),
        |_, journal| journal.put(path("c/below/a/file"), Vec::new()),
        |writer, journal| journal.place(writer.stage(b"new").unwrap(), path("blobs/second")),
    ];
    let before = names(&Store::open(make()).unwrap());
    for prepare in attempts {
        let mut writer = ready(make());
        let mut journal = Journal::new("size 1\nsize 2\nsize 3\n");
        prepare(&mut writer, &mut journal);
        journal.put(path("new"), Vec::new());
        let refused = writer.commit(&journal, |_| -> Result<_, Infallible> { panic!("signed") });
        assert!(matches!(refused, Err(CommitError::Store(Error::Tampered(_)))), "{refused:?}");
        let again = writer.commit(&journal, signed);
        assert!(matches!(again, Err(CommitError::Store(Error::Poisoned(_)))));
        assert!(matches!(writer.stage(b"more"), Err(Error::Poisoned(_))));
        assert_eq!(names(writer.store()), before);
    }
}

fn a_commit_that_was_not_signed_is_finished_later<D: Disk>(make: &impl Fn() -> D) {
    let mut journal = Journal::new("size 1\nsize 2\nsize 3\n");
    journal.put(path("late"), b"file".to_vec());
    let mut writer = ready(make());
    let refused = writer.commit(&journal, |_| Err("no key"));
    assert!(matches!(refused, Err(CommitError::Sign("no key"))), "{refused:?}");
    drop(writer);

    let store = Store::open(make()).unwrap();
    assert_eq!(store.pending().unwrap().as_ref(), Some(&journal));
    let Opened::Interrupted(recovery) = commit::open(store).unwrap() else { panic!("forgotten") };
    assert_eq!(recovery.journal(), &journal);
    assert_eq!(recovery.store().read(&path("late"), 4).unwrap().unwrap(), b"file");
    let writer = recovery.finish(signed).unwrap();
    let checkpoint = writer.store().read(&FilePath::checkpoint(), 99).unwrap().unwrap();
    assert_eq!(checkpoint, signed("size 1\nsize 2\nsize 3\n").unwrap());
    assert_eq!(writer.store().pending().unwrap(), None);
}

#[test]
fn the_simulated_disk_conforms() {
    let disk = SimulatedDisk::new();
    conformance(|| disk.clone());
}

#[test]
fn the_real_disk_conforms() {
    let folder = tempfile::tempdir().unwrap();
    conformance(|| OsDisk::new(folder.path()));
}

#[test]
fn a_missing_folder_is_no_ledger() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing");
    let error = Store::open(OsDisk::new(&missing)).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("no ledger at {}: there is no such folder", missing.display())
    );
    fs_write(&missing, b"a file");
    assert!(matches!(Store::open(OsDisk::new(&missing)), Err(Error::NoFolder(_))));
}

#[test]
fn a_failed_step_names_the_file_and_the_intent() {
    let disk = SimulatedDisk::new();
    drop(with_one_commit(disk.clone()));
    let store = Store::open(disk.clone()).unwrap();
    disk.fail_at(2, Fault::NotDone);
    let error = store.read(&path("a/b"), 9).unwrap_err().to_string();
    assert_eq!(error, "could not read ledger/a/b: injected at step 2: NotDone");
}

#[test]
fn a_damaged_journal_is_left_for_a_person() {
    let disk = SimulatedDisk::new();
    drop(with_one_commit(disk.clone()));
    disk.tamper(".state/pending", b"whosaid-journal/1\ncheckpoint 0\n\n");
    let store = Store::open(disk.clone()).unwrap();
    assert!(matches!(store.pending(), Err(Error::Journal { .. })));
    let error = commit::open(store).unwrap_err().to_string();
    assert!(error.starts_with("ledger/.state/pending: the journal is damaged"), "{error}");
    assert!(disk.contents().contains_key(".state/pending"));
}

#[test]
fn tampering_found_in_recovery_overwrites_nothing() {
    let disk = SimulatedDisk::new();
    drop(with_one_commit(disk.clone()));
    let mut journal = Journal::new("size 1\nsize 2\n");
    journal.put(path("a/b"), b"other".to_vec());
    disk.tamper(".state/pending", &journal.format());
    let Opened::Interrupted(recovery) = commit::open(Store::open(disk.clone()).unwrap()).unwrap()
    else {
        panic!("the journal was not seen")
    };
    let refused = recovery.finish(|_| -> Result<_, Infallible> { panic!("signed") }).unwrap_err();
    assert!(refused.to_string().starts_with("ledger/a/b is already there"), "{refused}");
    assert_eq!(disk.contents()["a/b"].as_deref(), Some(b"one".as_slice()));
}

#[test]
fn what_was_staged_and_never_placed_is_swept() {
    let disk = SimulatedDisk::new();
    let mut writer = ready(disk.clone());
    let staged = format!(".state/staged/{}", writer.stage(b"never placed").unwrap());
    assert_eq!(writer.stage(b"never placed").unwrap(), Hash::of(b"never placed"));
    drop(writer);
    assert!(disk.contents().contains_key(&staged));
    drop(ready(disk.clone()));
    assert!(!disk.contents().contains_key(&staged));
}

#[cfg(unix)]
#[test]
fn links_are_reported_and_never_followed() {
    use std::os::unix::fs::symlink;

    let (ledger, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    fs_write(&outside.path().join("secret"), b"secret");
    drop(with_one_commit(OsDisk::new(ledger.path())));
    symlink(outside.path().join("secret"), ledger.path().join("link")).unwrap();
    symlink(outside.path(), ledger.path().join("folder")).unwrap();

    let store = Store::open(OsDisk::new(ledger.path())).unwrap();
    let odd: Vec<_> =
        store.files().unwrap().into_iter().filter(|f| f.kind == Kind::Other).collect();
    assert_eq!(odd.iter().map(|found| found.path.as_str()).collect::<Vec<_>>(), ["folder", "link"]);
    for linked in ["link", "folder/secret"] {
        assert!(matches!(store.read(&path(linked), 99), Err(Error::NotAFile(_))), "{linked}");
    }
    for linked in ["link", "folder/new"] {
        let mut writer = ready(OsDisk::new(ledger.path()));
        let mut journal = Journal::new("size 1\nsize 2\n");
        journal.replace(path(linked), b"new".to_vec());
        assert!(writer.commit(&journal, signed).is_err(), "{linked}");
    }
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 1);
    // The ledger itself may be reached through a link.
    let alias = outside.path().join("alias");
    symlink(ledger.path(), &alias).unwrap();
    assert!(Store::open(OsDisk::new(alias)).is_ok());
}

#[cfg(unix)]
#[test]
fn a_read_only_folder_is_read_but_not_written() {
    use std::os::unix::fs::PermissionsExt;

    let ledger = tempfile::tempdir().unwrap();
    fs_write(&ledger.path().join("checkpoint"), b"text");
    let set_mode = |mode| fs::set_permissions(ledger.path(), fs::Permissions::from_mode(mode));
    set_mode(0o555).unwrap();
    let store = Store::open(OsDisk::new(ledger.path())).unwrap();
    assert_eq!(store.read(&FilePath::checkpoint(), 9).unwrap().unwrap(), b"text");
    assert_eq!(names(&store), ["checkpoint"]);
    match commit::open(store) {
        Err(Error::Failed(failure)) => assert_eq!(failure.intent, "create"),
        Ok(_) => println!("skipped: this user may write to read-only folders"),
        Err(other) => panic!("{other}"),
    }
    set_mode(0o755).unwrap();
}

#[test]
fn loose_files_are_written_once_and_read_within_a_limit() {
    let folder = tempfile::tempdir().unwrap();
    let deep = folder.path().join("keys/old");
    loose::create_folder(&deep).unwrap();
    loose::create_folder(&deep).unwrap();
    let key = deep.join("key");
    loose::write_new(&key, b"secret", Readers::Owner).unwrap();
    let again = loose::write_new(&key, b"other", Readers::Owner).unwrap_err();
    assert_eq!(again.source.kind(), ErrorKind::AlreadyExists);
    assert_eq!(loose::read_file(&key, 6).unwrap(), b"secret");
    assert!(matches!(loose::read_file(&key, 5), Err(ReadError::TooLong { limit: 5, .. })));
    let missing = loose::read_file(&deep.join("missing"), 5).unwrap_err().to_string();
    assert!(missing.starts_with("could not read ") && missing.contains("missing: "), "{missing}");

    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;

        let public = deep.join("key.pub");
        loose::write_new(&public, b"public", Readers::Everyone).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&key), 0o600);
        assert_eq!(mode(&public) & 0o600, 0o600);
    }
}

/// What somebody else wrote.
fn fs_write(path: &Path, bytes: &[u8]) {
    loose::write_new(path, bytes, Readers::Everyone).unwrap();
}
