//! Attribution: on whose word? Records, who signed them, and what follows from them alone.
//!
//! Pure. It never says "tree", and it never looks into captured bytes.

// What a check can answer.
pub mod truth;

// When: the words in a document, and the date a recorder took from them.
pub mod written_date;
pub(crate) mod reach;
pub mod date;

// Who: the names that others gave to a party.
pub mod identity;

// What is said, how it is sealed, and who may seal it.
pub mod id;
pub mod record;
pub mod statement;
pub mod keyring;
