//! Does a log continue what was seen of it before? What a reader who remembers one checkpoint can
//! say of the next.
//!
//! Only the checkpoint seen last is remembered, so of a tree that is smaller than that one no
//! more can be said than that it is smaller: an honest log never goes back, but a mirror may lag.

use crate::tlog::fork::{Fork, Said};
use crate::tlog::merkle::{self, NodeReader, Prefix, Sizes};

/// How a log as it is now relates to what was seen of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Continuity {
    /// It is the very tree that was seen.
    Same,
    /// It has grown, and begins with the tree that was seen.
    Continues,
    /// It is smaller than what was seen.
    RolledBack,
    /// It is another history, and here is the proof.
    Forked(Fork),
    /// It is larger, and its files do not show whether it begins with the tree that was seen:
    /// they are not those of the present checkpoint.
    NotShown,
}

/// Compares two checkpoints by one key. `reader` gives the nodes of the present tree, and is asked
/// only if that is the larger. What it gives is checked against the present checkpoint.
///
/// # Errors
/// Only if the reader fails.
pub fn compare<R: NodeReader>(
    seen: &Said,
    present: &Said,
    reader: &mut R,
) -> Result<Continuity, R::Error> {
    assert_eq!(seen.key, present.key, "checkpoints of two logs are not compared");
    let (old, new) = (seen.checkpoint.tree(), present.checkpoint.tree());
    if new.size < old.size {
        return Ok(Continuity::RolledBack);
    }
    if new == old {
        return Ok(Continuity::Same);
    }
    if new.size == old.size {
        return Ok(Continuity::Forked(Fork::between(seen, present, Prefix(Vec::new()))));
    }
    if old.size == 0 {
        return Ok(Continuity::Continues);
    }
    let sizes = Sizes { old: old.size, new: new.size };
    let nodes = merkle::prove_prefix(sizes, reader)?;
    Ok(match merkle::implied_roots(sizes, &nodes) {
        Ok((_, root)) if root != new.root => Continuity::NotShown,
        Ok((implied, _)) if implied == old.root => Continuity::Continues,
        Ok(_) => Continuity::Forked(Fork::between(seen, present, nodes)),
        Err(_) => Continuity::NotShown,
    })
}
