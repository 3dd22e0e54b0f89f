//! Import: what others collected in bulk becomes records.
//!
//! Whoever kept the collection is not believed more than it says: what it leaves open stays open,
//! and its bytes are kept as the evidence. Reading files and committing are left to the caller.

pub mod officials;
pub mod intake;
