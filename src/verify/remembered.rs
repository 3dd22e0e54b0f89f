//! Going on from what this user verified before, kept in an index of the user's own.
//!
//! ```text
//! go_on   what is new is verified and must continue what was; None: it does not help
//! begin   all is verified, and remembered if all of it holds
//! ```

use std::num::NonZeroUsize;

use crate::attribution::keyring::Signed;
use crate::attribution::statement::Statement;
use crate::hash::Hash;
use crate::index::{self, Extent, Index};
use crate::store;
use crate::store::source::Source;
use crate::tlog::policy::Policy;
use crate::verify::report::{Report, Verdict};
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

/// Verifies what was added since the ledger was verified last, or since it had `wanted` entries, and
/// remembers it if all of it holds; `None` if that was never remembered, or is not as it was.
///
/// # Errors
/// As [`verify_since`], and the index's.
pub fn go_on(
    store: &dyn Source,
    policy: &Policy,
    (index, wanted): (&mut Index, Option<u64>),
    threads: NonZeroUsize,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Option<Verification>, Error> {
    let mut added: Vec<Signed> = Vec::new();
    let mut keep = |signed| added.push(signed);
    let asked = (&*index, wanted);
    let verified = verify_since(store, policy, asked, threads, &mut keep, progress)?;
    if let Some(Verification { report, .. }) = &verified {
        let known = index.extent()?.map_or(0, |extent| extent.tree_size);
        added.retain(|signed| signed.entry_index() >= known);
        if report.tree_size > known {
            remember(index, &added, report)?;
        }
    }
    Ok(verified)
}

/// Verifies all, and fills the index with it anew. It is kept only if all of it holds; until the index
/// is dropped it can be asked in any case.
///
/// # Errors
/// As [`verify`], and the index's.
pub fn begin(
    store: &dyn Source,
    policy: &Policy,
    index: &mut Index,
    threads: NonZeroUsize,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Verification, Error> {
    index.renew()?;
    index.hold()?;
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
    let verification = verify(store, policy, threads, &mut keep, progress)?;
    added?;
    index.extend(rows(&waiting), nothing)?;
    if remember(index, &[], &verification.report)? {
        index.keep()?;
    }
    Ok(verification)
}

/// Remembers what was verified, if all of it holds: only that can be gone on from.
fn remember(index: &mut Index, added: &[Signed], report: &Report) -> Result<bool, index::Error> {
    let (Verdict::Verified, Some(root)) = (report.verdict(), report.root) else { return Ok(false) };
    index.extend(rows(added), Extent { tree_size: report.tree_size, root })?;
    Ok(true)
}

fn rows(signed: &[Signed]) -> impl Iterator<Item = (u64, &Statement)> {
    signed.iter().map(|it| (it.entry_index(), it.statement()))
}
