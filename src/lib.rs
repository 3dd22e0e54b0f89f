//! An append-only, signed ledger of attributed claims: who said what, through which document,
//! on whose word we know it, and the captured bytes that show it.
//!
//! This page is the table of contents. A module imports only modules declared above it, always
//! written `crate::…`; the three pillars do not know one another. `tests/it/tidy.rs` holds it.

// WORDS: values and envelopes.
pub mod hash;
pub mod key;
pub mod comb;
pub mod keytext;
pub mod keyfile;
pub mod json;
pub mod cbor;
pub mod cose;
pub mod selector;

// PILLARS: pure, no input or output, strangers to one another.
pub mod tlog;
pub mod evidence;
pub mod attribution;

// DOOR: the only code that touches the disk, and the only code that asks other people's servers.
pub mod store;
pub mod web;

// ROOF: where the pillars meet.
pub mod lookup;
pub mod index;
pub mod ledger;
pub mod memory;
pub mod claimfile;
pub mod import;
pub mod verify;
pub mod audit;
pub mod search;
pub mod witness;
pub mod receipt;
pub mod monitor;

// FACES: parse, call one function, print.
pub mod http;
pub mod cli;
