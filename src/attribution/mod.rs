//! On whose word: the records that say who said what, and the rules that audit them. It never
//! says "tree", and it never looks into captured bytes.

// What a check can answer.
pub mod truth;

// When: the words in a document, and the date a recorder took from them.
pub mod written_date;

pub mod date;

// Who: the names that others gave to a party.
pub mod identity;
