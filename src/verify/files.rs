//! Does every capture stand where and as the records say, and does nothing else lie in the folder?

use std::collections::HashSet;

use crate::attribution::statement;
use crate::evidence::capture::{self, Check, Difference, Expected, MAX_CAPTURE};
use crate::hash::Hash;
use crate::ledger::reading::{self, bundles_before};
use crate::store::disk::Kind;
use crate::store::journal::Journal;
use crate::store::path::FilePath;
use crate::store::source::Source;
use crate::store::{self, Found};
use crate::tlog::bundle::bundles_of;
use crate::tlog::checkpoint::{Checkpoint, Trusted};
use crate::tlog::merkle;
use crate::tlog::path::{CHECKPOINT, Path};
use crate::tlog::policy::Policy;
use crate::verify::report::{FaultKind, Report, Subject};
use crate::verify::statements::Walk;
use crate::verify::tree::{self, Authority};

/// Reads every capture that the records promise, and compares it with what they say.
pub(crate) fn check_captures(
    store: &dyn Source,
    walk: &Walk<'_>,
    report: &mut Report,
) -> Result<(), store::Error> {
    for (digest, promised) in &walk.captures {
        let path = capture::path(digest);
        let place = (&path, Some(promised.entry_index));
        let file = FilePath::parse(&path).expect("a capture's path is a path of the store");
        let expected = Expected { digest: *digest, size: promised.size };
        let bytes = match store.read(&file, MAX_CAPTURE) {
            Err(store::Error::TooLong { length, .. }) => {
                let what = Difference::Size { found: length, expected: promised.size };
                report.fault(FaultKind::Tampered, Subject::Captures, place, what);
                continue;
            }
            Err(error @ store::Error::NotAFile(_)) => {
                report.fault(FaultKind::Tampered, Subject::Captures, place, error);
                continue;
            }
            read => read?,
        };
        match bytes.map(|bytes| (capture::check(&bytes, &expected), bytes.len() as u64)) {
            Some((Check::Holds, _)) => report.pass(Subject::Captures, 1),
            Some((Check::Fails(difference), length)) => {
                let cut = length < promised.size;
                let kind = if cut { FaultKind::Incomplete } else { FaultKind::Tampered };
                report.fault(kind, Subject::Captures, place, difference);
            }
            None if walk.is_redacted(promised) => report.withhold(Subject::Captures, place),
            None => {
                let what = "the capture is missing, and no redaction notice says why";
                report.fault(FaultKind::Incomplete, Subject::Captures, place, what);
            }
        }
    }
    Ok(())
}

/// Looks at every file in the folder: each is part of the ledger, or has been slipped in.
pub(crate) fn check_files(
    store: &dyn Source,
    (walk, policy): (&Walk<'_>, &Policy),
    checkpoint: &Checkpoint,
    authority: Option<&Authority>,
    report: &mut Report,
) -> Result<(), store::Error> {
    let mut newest = Newest::NotAsked;
    // Files of a commit that is under way, or was interrupted, are neither part nor stray.
    let pending = store.pending().unwrap_or_default().filter(|it| continues(it, checkpoint));
    if pending.is_some() {
        report.notes.push(
            "a commit is under way or was interrupted; what it adds is not part of this \
             checkpoint, and the next append finishes it"
                .to_owned(),
        );
    }
    let Some(files) = store.files()? else {
        report.leave_out(Subject::Files);
        report.notes.push(
            "a web server does not say which other files lie beside the ledger's; whatever they \
             are, they are not part of it"
                .to_owned(),
        );
        return Ok(());
    };
    for Found { path, kind } in files {
        if !matches!(kind, Kind::File { .. }) {
            let what = "not a regular file; a ledger holds nothing else";
            report.fault(FaultKind::Tampered, Subject::Files, (&path, None), what);
            continue;
        }
        match place_in_ledger(&path, walk, checkpoint.size) {
            Place::Part => report.pass(Subject::Files, 1),
            Place::Older(older) => check_older(store, older, authority, report)?,
            _ if is_expected(store, pending.as_ref(), &path)? => {}
            _ if is_newer(store, (checkpoint, policy), &mut newest, &path)? => {}
            Place::Unclaimed(digest) if is_blob(store, &path, digest)? => {
                report.skip(Subject::Files);
                report.notes.push(format!(
                    "{path}: no record that can be read names this file: bytes of something \
                     withheld, perhaps put back with a backup, or slipped in"
                ));
            }
            Place::Unclaimed(_) | Place::Stray => {
                let what = "this file is not part of the ledger";
                report.fault(FaultKind::Tampered, Subject::Files, (&path, None), what);
            }
        }
        if report.is_full() {
            break;
        }
    }
    if let Newest::Grown(grown) = newest {
        report.notes.push(format!(
            "the ledger grew to {} entries while it was verified; what is new was not looked at",
            grown.tree_size
        ));
    }
    Ok(())
}

/// What a ledger is by now.
enum Newest {
    NotAsked,
    /// What was verified, or nothing that continues it.
    Same,
    Grown(Grown),
}

/// What a ledger has become while it was verified.
struct Grown {
    tree_size: u64,
    /// The captures that its newer records name.
    captures: HashSet<Hash>,
}

/// Whether a file belongs to a newer checkpoint that continues the verified one: somebody appends
/// meanwhile. That checkpoint is looked for when the first such file is met.
fn is_newer(
    store: &dyn Source,
    (checkpoint, policy): (&Checkpoint, &Policy),
    newest: &mut Newest,
    path: &str,
) -> Result<bool, store::Error> {
    if matches!(newest, Newest::NotAsked) {
        let grown = grown(store, checkpoint, policy)?;
        *newest = grown.map_or(Newest::Same, Newest::Grown);
    }
    let Newest::Grown(Grown { tree_size, captures }) = newest else { return Ok(false) };
    match path.parse::<Path>() {
        Ok(parsed) => {
            let present = parsed.in_tree_of(*tree_size);
            Ok(present.is_some_and(|present| parsed.width() <= present.width()))
        }
        Err(_) => match digest_of(path).filter(|digest| captures.contains(digest)) {
            Some(digest) => is_blob(store, path, digest),
            None => Ok(false),
        },
    }
}

/// What the checkpoint of now says, if it is trusted and continues the verified one.
fn grown(
    store: &dyn Source,
    checkpoint: &Checkpoint,
    policy: &Policy,
) -> Result<Option<Grown>, store::Error> {
    let note = within(reading::checkpoint(store))?;
    let newest = note.and_then(|note| Trusted::open(&note, policy).ok());
    let Some(newest) = newest.filter(|it| it.origin == checkpoint.origin) else { return Ok(None) };
    let tree_size = newest.size;
    if tree_size <= checkpoint.size {
        return Ok(None);
    }
    let root = |size| merkle::root(size, &mut reading::nodes(store, tree_size));
    let continues = root(checkpoint.size).is_ok_and(|it| it == checkpoint.root)
        && root(tree_size).is_ok_and(|it| it == newest.root);
    if !continues {
        return Ok(None);
    }
    let mut captures = HashSet::new();
    for bundle in bundles_of(tree_size).skip(bundles_before(checkpoint.size)) {
        let statements = reading::statements(store, bundle).unwrap_or_default();
        let opened = statements.iter().flatten().filter_map(|bytes| statement::open(bytes).ok());
        for it in opened {
            captures.extend(it.record().captures().iter().map(|capture| capture.digest));
        }
    }
    Ok(Some(Grown { tree_size, captures }))
}

enum Place {
    /// A file of the present tree.
    Part,
    /// A partial tile or bundle that an earlier checkpoint needed.
    Older(Path),
    /// A capture that no record names, while some record cannot be read.
    Unclaimed(Hash),
    Stray,
}

fn place_in_ledger(path: &str, walk: &Walk<'_>, tree_size: u64) -> Place {
    if path == CHECKPOINT {
        return Place::Part;
    }
    let Ok(parsed) = path.parse::<Path>() else {
        return match digest_of(path) {
            Some(digest) if walk.captures.contains_key(&digest) => Place::Part,
            Some(digest) if walk.has_gaps() => Place::Unclaimed(digest),
            _ => Place::Stray,
        };
    };
    let Some(present) = parsed.in_tree_of(tree_size) else { return Place::Stray };
    match parsed {
        _ if parsed == present => Place::Part,
        Path::Tile(_) | Path::Entries(_) if parsed.width() < present.width() => {
            Place::Older(parsed)
        }
        _ => Place::Stray,
    }
}

/// Checks a file that an earlier checkpoint needed: it begins as the one of now must begin. It is
/// counted apart, because the present checkpoint holds without it.
fn check_older(
    store: &dyn Source,
    older: Path,
    authority: Option<&Authority>,
    report: &mut Report,
) -> Result<(), store::Error> {
    let (subject, level, index) = match older {
        Path::Tile(tile) => (Subject::Tiles, tile.level, tile.index),
        Path::Entries(bundle) | Path::Statements(bundle) => (Subject::Entries, 0, bundle.index),
    };
    let hashes = match authority {
        Some(authority) => authority.hashes(store, level, index)?,
        None => None,
    };
    let mut found = Report::new();
    match (older, hashes) {
        (Path::Tile(tile), Some(hashes)) => tree::check_tile(store, tile, &hashes, &mut found)?,
        (Path::Entries(bundle), Some(leaves)) => {
            tree::check_entries(store, bundle, Some(&leaves), &mut found)?;
        }
        // Nothing tells what it should be; that is said already.
        _ => {
            report.skip(subject);
            return Ok(());
        }
    }
    if found.faults.is_empty() {
        report.superseded += 1;
    } else {
        report.faults.extend(found.faults);
    }
    Ok(())
}

/// Whether a journal goes on from this checkpoint, or has just arrived at it.
fn continues(journal: &Journal, checkpoint: &Checkpoint) -> bool {
    let next = journal.checkpoint().parse::<Checkpoint>();
    next.is_ok_and(|next| next.origin == checkpoint.origin && next.size >= checkpoint.size)
}

/// Whether a pending commit puts this very file there, or is about to remove it. The journal is
/// as little to be trusted as any file: it can only excuse what a ledger of the size that it names needs,
/// or may have needed before.
fn is_expected(
    store: &dyn Source,
    pending: Option<&Journal>,
    path: &str,
) -> Result<bool, store::Error> {
    let Some(journal) = pending else { return Ok(false) };
    let size = journal.checkpoint().parse::<Checkpoint>().map_or(0, |next| next.size);
    let is_needed = |parsed: Path| parsed.is_in_tree_of(size);
    if let Some(put) = journal.puts().iter().find(|put| put.path.as_str() == path) {
        let found = within(store.read(&put.path, put.bytes.len() as u64))?;
        return Ok(found.as_ref() == Some(&put.bytes) && path.parse().is_ok_and(is_needed));
    }
    if let Some(place) = journal.places().iter().find(|place| place.path.as_str() == path) {
        return match path.parse::<Path>() {
            Ok(parsed) if !is_needed(parsed) => Ok(false),
            Ok(parsed) => has_digest(store, &place.path, reading::limit(parsed), place.blob),
            Err(_) => is_blob(store, path, place.blob),
        };
    }
    let removed = journal.removals().iter().any(|removal| removal.as_str() == path);
    let is_older = |parsed: Path| {
        parsed.in_tree_of(size).is_some_and(|present| parsed.width() < present.width())
    };
    Ok(removed && path.parse().is_ok_and(is_older))
}

/// Whether the file is a capture of this digest, under its own name.
fn is_blob(store: &dyn Source, path: &str, digest: Hash) -> Result<bool, store::Error> {
    let Ok(file) = FilePath::parse(path) else { return Ok(false) };
    Ok(digest_of(path) == Some(digest) && has_digest(store, &file, MAX_CAPTURE, digest)?)
}

fn has_digest(
    store: &dyn Source,
    file: &FilePath,
    limit: u64,
    digest: Hash,
) -> Result<bool, store::Error> {
    Ok(within(store.read(file, limit))?.is_some_and(|bytes| Hash::of(&bytes) == digest))
}

/// What was read, if it was no longer than expected.
fn within(read: Result<Option<Vec<u8>>, store::Error>) -> Result<Option<Vec<u8>>, store::Error> {
    match read {
        Err(store::Error::TooLong { .. }) => Ok(None),
        read => read,
    }
}

/// The digest under which a capture is kept at this path, if it is the path of one.
fn digest_of(path: &str) -> Option<Hash> {
    let digest = Hash::from_hex(path.rsplit('/').next()?)?;
    (capture::path(&digest) == path).then_some(digest)
}
