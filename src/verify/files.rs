//! Does every capture stand where and as the records say, and does nothing else lie in the folder?

use crate::evidence::capture::{self, Check, Difference, Expected, MAX_CAPTURE};
use crate::store::disk::{Disk, Kind};
use crate::store::journal::Journal;
use crate::store::path::FilePath;
use crate::store::{self, Found, Store};
use crate::tlog::path::{CHECKPOINT, Path};
use crate::tlog::tile::{self, HEIGHT};
use crate::verify::report::{FaultKind, Report, Subject};
use crate::verify::statements::Walk;
use crate::verify::tree;

/// Reads every capture that the records promise, and compares it with what they say.
pub(crate) fn check_captures<D: Disk>(
    store: &Store<D>,
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
            None if walk.is_redacted(promised) => {
                let what = "the capture is withheld, as a redaction notice says";
                report.fault(FaultKind::Withheld, Subject::Captures, place, what);
            }
            None => {
                let what = "the capture is missing, and no redaction notice says why";
                report.fault(FaultKind::Incomplete, Subject::Captures, place, what);
            }
        }
    }
    Ok(())
}

/// Looks at every file in the folder: each is part of the ledger, or has been slipped in.
pub(crate) fn check_files<D: Disk>(
    store: &Store<D>,
    walk: &Walk<'_>,
    tree_size: u64,
    report: &mut Report,
) -> Result<(), store::Error> {
    // Files of a commit that is under way, or was interrupted, are neither part nor stray.
    let pending = store.pending().unwrap_or_default();
    if pending.is_some() {
        report.notes.push(
            "a commit is under way or was interrupted; what it adds is not part of this \
             checkpoint, and the next append finishes it"
                .to_owned(),
        );
    }
    for Found { path, kind } in store.files()? {
        if !matches!(kind, Kind::File { .. }) {
            let what = "not a regular file; a ledger holds nothing else";
            report.fault(FaultKind::Tampered, Subject::Files, (&path, None), what);
            continue;
        }
        match place_in_ledger(&path, walk, tree_size) {
            Place::Part => report.pass(Subject::Files, 1),
            Place::Older(Path::Tile(tile)) => {
                tree::check_older_tile(store, tile, tree_size, report);
            }
            Place::Older(Path::Entries(bundle)) => {
                tree::check_older_entries(store, bundle, tree_size, report);
            }
            // A capture may belong to a statement that could not be read.
            Place::Stray if walk.has_gaps() && path.starts_with(capture::FOLDER) => {
                report.skip(Subject::Files);
            }
            _ if pending.as_ref().is_some_and(|journal| names(journal, &path)) => {}
            _ => {
                let what = "this file is not part of the ledger";
                report.fault(FaultKind::Tampered, Subject::Files, (&path, None), what);
            }
        }
    }
    Ok(())
}

enum Place {
    /// A file of the present tree.
    Part,
    /// A partial tile or bundle that an earlier checkpoint needed.
    Older(Path),
    Stray,
}

fn place_in_ledger(path: &str, walk: &Walk<'_>, tree_size: u64) -> Place {
    if path == CHECKPOINT {
        return Place::Part;
    }
    let Ok(parsed) = path.parse::<Path>() else {
        let promised = walk.captures.keys().any(|digest| capture::path(digest) == path);
        return if promised { Place::Part } else { Place::Stray };
    };
    let (level, index) = match parsed {
        Path::Tile(tile) => (tile.level, tile.index),
        Path::Entries(bundle) | Path::Statements(bundle) => (0, bundle.index),
    };
    let Some(present) = tile::tile_at(tree_size, HEIGHT, level, index) else {
        return Place::Stray;
    };
    match parsed {
        _ if parsed.width() == present.width => Place::Part,
        Path::Tile(_) | Path::Entries(_) if parsed.width() < present.width => Place::Older(parsed),
        _ => Place::Stray,
    }
}

fn names(journal: &Journal, path: &str) -> bool {
    let puts = journal.puts().iter().map(|put| &put.path);
    let places = journal.places().iter().map(|place| &place.path);
    puts.chain(places).chain(journal.removals()).any(|named| named.as_str() == path)
}
