//! Garbage collection: what only earlier checkpoints needed goes.
//!
//! A log that grows entry by entry writes its right edge anew each time, a little wider, and keeps
//! the narrower files for whoever holds an earlier checkpoint: up to 255 partial files for one full
//! one (tlog-tiles, "Partial Tiles"). What goes here is, byte for byte, the beginning of a file that
//! stays. So nothing is lost with it, whichever of them go: a crash leaves some of them, and the
//! next collection takes the rest. Nothing is signed, and no key is needed.

use crate::index::Index;
use crate::ledger::writing::{self, Error};
use crate::ledger::{holdings, reading};
use crate::store::commit::{self, Opened, Writer};
use crate::store::disk::{Disk, Kind};
use crate::store::path::FilePath;
use crate::store::{Found, Store};
use crate::tlog::checkpoint::{Checkpoint, Trusted};
use crate::tlog::path::Path;
use crate::tlog::policy::Policy;

/// The folders in which the files of a log lie.
const FOLDERS: [&str; 2] = ["tile", "statements"];

/// What can go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Garbage {
    /// The number of entries of the checkpoint that stands.
    pub tree_size: u64,
    /// The files that it does not need, in the order of their paths.
    pub superseded: Vec<Superseded>,
}

/// A partial file whose bytes are the beginning of a wider one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Superseded {
    /// The file.
    pub path: Path,
    /// Its length, in bytes.
    pub length: u64,
}

/// Opens a ledger as every writer does, but with no key: takes the lock, sweeps what an interrupted
/// writer left, and finishes its commit where that needs no signature.
///
/// # Errors
/// [`Error::Unfinished`] if an interrupted commit is to be signed.
pub fn open<D: Disk>(
    store: Store<D>,
    policy: &Policy,
    index: &mut Index,
) -> Result<Writer<D>, Error> {
    let recovery = match commit::open(store)? {
        Opened::Ready(writer) => return Ok(writer),
        Opened::Interrupted(recovery) => recovery,
    };
    match writing::finish_published(recovery, policy, index)? {
        Opened::Ready(writer) => Ok(writer),
        Opened::Interrupted(_) => Err(Error::Unfinished),
    }
}

/// Says what can go. Writes nothing.
///
/// # Errors
/// [`Error::NoLedger`] and [`Error::Checkpoint`] if there is no checkpoint that the policy trusts.
/// Where a file that it needs is not there, is not what the tree says, or does not begin as an
/// older one does, the older one may be the better: then nothing can go at all.
pub fn find<D: Disk>(store: &Store<D>, policy: &Policy) -> Result<Garbage, Error> {
    let note = reading::checkpoint(store)?.ok_or(Error::NoLedger)?;
    let checkpoint = Trusted::open(&note, policy)?;
    check_last(store, &checkpoint)?;
    let (tree_size, mut superseded) = (checkpoint.size, Vec::new());
    // Files come in the order of their paths, so those of one place come together.
    let mut read: Option<(Path, Vec<u8>)> = None;
    for folder in FOLDERS {
        for Found { path, kind } in store.files_below(folder)? {
            let (Ok(path), Kind::File { length }) = (path.parse::<Path>(), kind) else { continue };
            let Some(present) = path.in_tree_of(tree_size) else { continue };
            // What no checkpoint covers is not older, whatever it is: `verify` names it.
            if path.width() >= present.width() {
                continue;
            }
            let bytes = match read.take() {
                Some((known, bytes)) if known == present => bytes,
                _ => reading::bytes(store, present)?,
            };
            if !bytes.starts_with(&reading::bytes(store, path)?) {
                return Err(Error::NotTheBeginning { older: path, present });
            }
            superseded.push(Superseded { path, length });
            read = Some((present, bytes));
        }
    }
    Ok(Garbage { tree_size, superseded })
}

/// Removes what was found under this lock, durably.
///
/// # Errors
/// After a failure of the disk any of it may be gone; what is left is as good as before.
pub fn remove<D: Disk>(writer: &mut Writer<D>, garbage: &Garbage) -> Result<(), Error> {
    let files: Vec<FilePath> =
        garbage.superseded.iter().map(|superseded| reading::file(superseded.path)).collect();
    Ok(writer.remove_all(&files)?)
}

/// That the right edge is there and whole: the tiles lead to the root, and the last bundles hold
/// what the last tile says.
fn check_last<D: Disk>(store: &Store<D>, checkpoint: &Checkpoint) -> Result<(), Error> {
    writing::check_edge(store, checkpoint)?;
    let Some(last) = checkpoint.size.checked_sub(1) else { return Ok(()) };
    let (bundle, _) = reading::place_of(last, checkpoint.size);
    let entries = reading::entries(store, bundle)?;
    let statements = reading::statements(store, bundle)?;
    Ok(holdings::check_last_bundle(store, bundle, &entries, &statements)?)
}
