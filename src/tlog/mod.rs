//! TRANSPARENCY LOG: formats and proofs by which a stranger can check that nothing was altered.
//!
//! One public specification, one file, same name. Everything here is pure: functions say what to
//! read and what to write, `store` does it. The pillar knows entries, trees, notes and policies;
//! what an entry means is for others.

pub mod merkle;
pub mod tile;
pub mod bundle;
pub mod path;
pub mod cosignature;
pub mod note;
pub mod policy;
pub mod checkpoint;
pub mod proof;
pub mod add_checkpoint;
pub mod receipt;
pub mod fork;
pub mod continuity;
