//! Import: what others collected in bulk becomes records.
//!
//! Whoever kept the collection is not believed more than it says: what it leaves open stays open,
//! and its bytes are kept as the evidence. Opening files and printing are left to the caller.

// A register of officials.
pub mod officials;
pub mod intake;

// Rows of a file: what each form of file gives …
pub mod draft;
pub mod forms;

// … and what becomes of them.
pub mod outcome;
pub mod report;
pub mod known;
pub mod looking;
pub mod rehearsal;
pub mod group;
pub mod engine;
