//! Attribution: on whose word? Records, who signed them, and what follows from them alone.
//!
//! Pure. Says nothing about the tree that holds the statements, nor about captured bytes.

pub mod date;
pub mod identity;
pub mod id;
pub mod record;
pub mod statement;
pub mod keyring;
