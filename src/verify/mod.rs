//! Has it been altered? The whole ledger, with nothing trusted but the policy.
//!
//! All faults are found in one pass over the bundles, each named by its file and its entry. Bundles
//! are read by several threads, and judged in their order: the verdict is the same with any number. What
//! this shows is that the record was not changed; it does not show that the claims are true.

pub mod report;
mod leaves;
mod tree;
mod slots;
mod readers;
mod earlier;
mod before;
mod statements;
mod files;
pub mod continuity;
pub mod remembered;

use std::num::NonZeroUsize;

use crate::attribution::id::Id;
use crate::attribution::keyring::{Keyring, Signed};
use crate::comb::shared::Combs;
use crate::index::Index;
use crate::ledger::reading::{self, bundles_before};
use crate::store;
use crate::store::source::Source;
use crate::tlog::bundle::{Bundle, bundles_of};
use crate::tlog::checkpoint::{self, Checkpoint, Trusted};
use crate::tlog::path::Path;
use crate::tlog::policy::Policy;
use crate::tlog::tile::FULL_WIDTH;
use crate::verify::before::Before;
use crate::verify::readers::Readers;
use crate::verify::report::{FAULTS, FaultKind, Report, Subject};
use crate::verify::slots::Unread;
use crate::verify::statements::Walk;
use crate::verify::tree::Ground;

/// What a verified ledger does not prove, in plain words.
pub const NOT_SHOWN: &str =
    "This says the record was not changed. It does not say the claims are true.";

/// What a verification leaves to those who go on from it.
#[derive(Debug)]
pub struct Verification {
    /// What was found.
    pub report: Report,
    /// The keys as they stand at the end.
    pub keyring: Keyring,
    /// The entries whose statements are not shown, with or without a notice that says why.
    pub withheld: Vec<(u64, Id)>,
    /// The signed checkpoint against which all was checked, if it is trusted.
    pub note: Option<Vec<u8>>,
    /// How many entries were verified before, and were not read again.
    pub since: u64,
}

/// Verifies the ledger in `store`, with so many threads that read.
///
/// Every statement that could be believed is handed to `keep`, in order; `progress` is told how
/// many entries of how many are done. The number of threads changes nothing that is found.
///
/// # Errors
/// Only when the disk cannot be read; whatever is wrong with the ledger is in the report.
pub fn verify(
    store: &dyn Source,
    policy: &Policy,
    threads: NonZeroUsize,
    keep: &mut dyn FnMut(Signed),
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Verification, store::Error> {
    let mut report = Report::new();
    let Some((note, checkpoint)) = open_checkpoint(store, policy, &mut report)? else {
        let (keyring, withheld) = (Keyring::default(), Vec::new());
        return Ok(Verification { report, keyring, withheld, note: None, since: 0 });
    };
    let note = Some(note);
    let tree_size = checkpoint.size;
    let authority = tree::check_tiles(store, checkpoint.tree(), &mut report)?;
    let ground = Ground { store, authority: authority.as_ref(), tree_size };
    let mut walk = Walk::new(&checkpoint.origin, policy, ground, None);
    walk_all(&ground, threads, &mut walk, &mut report, (keep, progress))?;
    if report.is_full() {
        report.notes.push(format!("more than {FAULTS} faults: the rest was not looked at"));
        let (keyring, withheld) = walk.into_parts();
        return Ok(Verification { report, keyring, withheld, note, since: 0 });
    }
    walk.finish(&mut report);
    files::check_captures(store, &walk, &mut report)?;
    files::check_files(store, (&walk, policy), &checkpoint, authority.as_ref(), &mut report)?;
    let (keyring, withheld) = walk.into_parts();
    Ok(Verification { report, keyring, withheld, note, since: 0 })
}

/// Verifies what was added since the ledger was last verified, with nothing trusted but the policy
/// and what this user remembers of that time in `remembered`, or what was added since it had `wanted`
/// entries, as far as it was verified so far; `None` if that does not help, for whatever reason: the
/// whole ledger is then to be verified.
///
/// What is new must continue the very tree that was verified. What stood there before is not read
/// again, and other files in the folder are not looked at.
///
/// # Errors
/// As [`verify`].
pub fn verify_since(
    store: &dyn Source,
    policy: &Policy,
    (remembered, wanted): (&Index, Option<u64>),
    threads: NonZeroUsize,
    keep: &mut dyn FnMut(Signed),
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Option<Verification>, store::Error> {
    let mut report = Report::new();
    let Some((note, checkpoint)) = open_checkpoint(store, policy, &mut report)? else {
        return Ok(None);
    };
    let tree_size = checkpoint.size;
    let Some((before, from)) = Before::recall(store, remembered, tree_size, wanted)? else {
        return Ok(None);
    };
    let authority = tree::check_growth(store, from, checkpoint.tree(), &mut report)?;
    let Some(authority) = authority else { return Ok(None) };
    let ground = Ground { store, authority: Some(&authority), tree_size };
    let mut walk = Walk::new(&checkpoint.origin, policy, ground, Some(before));
    walk_all(&ground, threads, &mut walk, &mut report, (keep, progress))?;
    walk.finish(&mut report);
    walk.look_back(&mut report)?;
    files::check_captures(store, &walk, &mut report)?;
    report.leave_out(Subject::Files);
    let (keyring, withheld) = walk.into_parts();
    let note = Some(note);
    Ok(Some(Verification { report, keyring, withheld, note, since: from.size }))
}

/// Takes every statement that could be believed, in order.
type Keep<'k> = dyn FnMut(Signed) + 'k;

/// Reads all bundles from that on where the walk begins, several at once, and walks over them in their
/// order.
fn walk_all(
    ground: &Ground<'_>,
    threads: NonZeroUsize,
    walk: &mut Walk<'_>,
    report: &mut Report,
    (keep, progress): (&mut Keep<'_>, &mut dyn FnMut(u64, u64)),
) -> Result<(), store::Error> {
    let combs = Combs::default();
    std::thread::scope(|scope| {
        let mut readers = Readers::start(scope, threads, &combs);
        let is_new = walk.first() < ground.tree_size;
        let bundles = bundles_of(ground.tree_size).filter(|_| is_new);
        let mut bundles = bundles.skip(bundles_before(walk.first()));
        while !report.is_full() {
            if readers.has_room()
                && let Some(bundle) = bundles.next()
            {
                let mut found = Report::new();
                let mut unread = fetch(ground, bundle, &mut found)?;
                let first = bundle.index * u64::from(FULL_WIDTH);
                unread.before = usize::try_from(walk.first().saturating_sub(first)).unwrap_or(0);
                if bundle.index == 0 {
                    walk.expect_keys(unread.bytes.as_deref().unwrap_or_default());
                }
                readers.give(unread, walk.keys(), found);
                continue;
            }
            let Some((slots, found)) = readers.take(walk.keys()) else { break };
            let Bundle { index, width } = slots.bundle();
            report.absorb(found);
            walk.bundle(slots, report, keep)?;
            progress(index * u64::from(FULL_WIDTH) + u64::from(width), ground.tree_size);
        }
        Ok(())
    })
}

/// Fetches a bundle of statements, and what is known of its slots.
fn fetch(ground: &Ground<'_>, bundle: Bundle, report: &mut Report) -> Result<Unread, store::Error> {
    let leaves = match ground.authority {
        Some(authority) => authority.hashes(ground.store, 0, bundle.index)?,
        None => None,
    };
    let entries = tree::check_entries(ground.store, bundle, leaves.as_deref(), report)?;
    let path = Path::Statements(bundle);
    let bytes = tree::bytes_or_fault(ground.store, path, Subject::Statements, report)?;
    Ok(Unread { bundle, leaves, entries, bytes, before: 0 })
}

/// The signed checkpoint as it stands, and what it says.
type Opened = (Vec<u8>, Trusted<Checkpoint>);

/// Opens the checkpoint; whatever is wrong with it ends the verification, because nothing else
/// can be judged without it.
fn open_checkpoint(
    store: &dyn Source,
    policy: &Policy,
    report: &mut Report,
) -> Result<Option<Opened>, store::Error> {
    let place = ("checkpoint", None);
    let note = match reading::checkpoint(store) {
        Ok(Some(note)) => note,
        Ok(None) => {
            let what = "there is no checkpoint: nothing here is signed";
            report.fault(FaultKind::Incomplete, Subject::Checkpoint, place, what);
            return Ok(None);
        }
        Err(error @ (store::Error::TooLong { .. } | store::Error::NotAFile(_))) => {
            report.fault(FaultKind::Tampered, Subject::Checkpoint, place, error);
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    match Trusted::open(&note, policy) {
        Ok(checkpoint) => {
            report.reach();
            report.pass(Subject::Checkpoint, 1);
            report.origin = Some(checkpoint.origin.clone());
            report.tree_size = checkpoint.size;
            report.root = Some(checkpoint.root);
            report.witnesses = checkpoint.witnesses().len();
            report.cosigned = checkpoint.cosignatures().to_vec();
            report.logged_before = checkpoint.logged_before().cloned();
            Ok(Some((note, checkpoint)))
        }
        Err(error) => {
            // Cosignatures that are not there were taken away, or never given: nothing differs.
            let is_missing = matches!(error, checkpoint::Error::Quorum { .. });
            let kind = if is_missing { FaultKind::Incomplete } else { FaultKind::Tampered };
            report.fault(kind, Subject::Checkpoint, place, error);
            Ok(None)
        }
    }
}
