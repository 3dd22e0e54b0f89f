//! Going on from what this user verified before, kept in an index of the user's own.
//!
//! ```text
//! go_on    what is new is verified and must continue what was; None: it does not help
//! begin    all is verified
//! remember what was verified counts from now on, if nothing is wrong with it
//! ```
//! Between the two the caller may still find that the log is not to be believed: a memory that followed
//! it there would be worth nothing.

use std::num::NonZeroUsize;

use crate::attribution::keyring::Signed;
use crate::attribution::statement::Statement;
use crate::hash::Hash;
use crate::index::{self, Extent, Index};
use crate::ledger::reading;
use crate::store;
use crate::store::source::Source;
use crate::tlog::merkle;
use crate::tlog::policy::Policy;
use crate::verify::report::{FaultKind, Report, Subject, Verdict};
use crate::verify::{Verification, verify, verify_since};

/// How many statements are remembered in one go.
const AT_ONCE: usize = 4_096;

/// Why nothing was verified.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The ledger's disk, or its server.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The index.
    #[error(transparent)]
    Index(#[from] index::Error),
}

/// What was verified and does not count yet.
#[derive(Debug)]
pub struct Fresh {
    /// What is to be added to the index.
    added: Vec<Signed>,
    /// How far the index reached; `None` if it holds all already, and waits to be told that it counts.
    known: Option<u64>,
}

/// Verifies what was added since the ledger was verified last, or since it had `wanted` entries; `None`
/// if that was never remembered, or is not as it was.
///
/// # Errors
/// As [`verify_since`], and the index's.
pub fn go_on(
    store: &dyn Source,
    policy: &Policy,
    (index, wanted): (&Index, Option<u64>),
    threads: NonZeroUsize,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Option<(Verification, Fresh)>, Error> {
    let mut added: Vec<Signed> = Vec::new();
    let mut keep = |signed| added.push(signed);
    let verified = verify_since(store, policy, (index, wanted), threads, &mut keep, progress)?;
    let Some(verification) = verified else { return Ok(None) };
    let known = index.extent()?.map_or(0, |extent| extent.tree_size);
    added.retain(|signed| signed.entry_index() >= known);
    Ok(Some((verification, Fresh { added, known: Some(known) })))
}

/// Verifies all, and fills the index with it anew. Until the index is dropped or remembers, it can be
/// asked in any case.
///
/// What was remembered may be more than there is now, or something else: then the log went back, or
/// shows another history, and the report says so.
///
/// # Errors
/// As [`verify`], and the index's.
pub fn begin(
    store: &dyn Source,
    policy: &Policy,
    index: &mut Index,
    threads: NonZeroUsize,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<(Verification, Fresh), Error> {
    let known = index.extent().unwrap_or_default();
    match index.hold().and_then(|()| index.clear()) {
        Err(error) if error.is_damage() => {
            index.renew()?;
            index.hold()?;
        }
        // One that others are at is not touched.
        held => held?,
    }
    // Counts for nothing before all is there.
    let nothing = Extent { tree_size: 0, root: Hash::of(b"") };
    let mut waiting: Vec<Signed> = Vec::new();
    let mut added = Ok(());
    let mut keep = |signed| {
        waiting.push(signed);
        if waiting.len() == AT_ONCE && added.is_ok() {
            added = index.extend(rows(&waiting), nothing);
            waiting.clear();
        }
    };
    let mut verification = verify(store, policy, threads, &mut keep, progress)?;
    added?;
    index.extend(rows(&waiting), nothing)?;
    if let Some(known) = known {
        compare(store, known, &mut verification.report);
    }
    Ok((verification, Fresh { added: Vec::new(), known: None }))
}

/// Whether a ledger that holds is, or continues, what was verified before.
fn compare(store: &dyn Source, known: Extent, report: &mut Report) {
    if report.verdict() == Verdict::Failed || known.tree_size == 0 {
        return;
    }
    let (size, place) = (report.tree_size, ("checkpoint", None));
    if known.tree_size > size {
        let what = format!(
            "the checkpoint is older than what was verified here before (size {size} < {})",
            known.tree_size
        );
        report.take_in(Subject::Continuity);
        report.fault(FaultKind::RolledBack, Subject::Continuity, place, what);
        return;
    }
    let root = merkle::root(known.tree_size, &mut reading::nodes(store, size));
    if root.is_ok_and(|root| root != known.root) {
        let what = format!(
            "the first {} entries are not those that were verified here before, as the file in the \
             folder `verified` of the user's state says: the log is forked, or that file is damaged",
            known.tree_size
        );
        report.take_in(Subject::Continuity);
        report.fault(FaultKind::Forked, Subject::Continuity, place, what);
    }
}

/// Remembers what was verified, if it can be gone on from. Nothing is written where nothing is new, or
/// another process remembers more meanwhile.
///
/// # Errors
/// The index's.
pub fn remember(
    index: &mut Index,
    fresh: &Fresh,
    verification: &Verification,
) -> Result<(), index::Error> {
    let Verification { report, withheld, .. } = verification;
    let Some(root) = report.root.filter(|_| report.may_be_gone_on_from()) else { return Ok(()) };
    let extent = Extent { tree_size: report.tree_size, root };
    if let Some(known) = fresh.known {
        if known >= report.tree_size {
            return Ok(());
        }
        index.hold()?;
        if index.extent()?.map_or(0, |extent| extent.tree_size) != known {
            return index.let_go();
        }
    }
    index.extend(rows(&fresh.added), extent)?;
    index.withhold(withheld)?;
    index.leave_unchecked(report.left_unchecked())?;
    index.keep()
}

fn rows(signed: &[Signed]) -> impl Iterator<Item = (u64, &Statement)> {
    signed.iter().map(|it| (it.entry_index(), it.statement()))
}
