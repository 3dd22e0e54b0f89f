//! Receipts: one file with which a stranger checks one entry, with no ledger and no network.
//!
//! The same entry in three forms: a C2SP `.tlog-proof`, a SCITT transparent statement (`.scitt`),
//! and a bundle (`.zip`) that also carries the captures and the policy. Whoever checks one trusts
//! nothing but a policy that came by another way.

// What stands in the files.
pub mod companions;
pub mod transparent;
pub mod bundle;

// What was found, and how it is told.
pub mod report;
pub mod readme;
pub mod check;

// Making them.
pub mod prove;
