//! Column maps: a short TOML file that says which columns of a table are what, so that each row
//! becomes records. `docs/IMPORT.md` says it for people, with examples.

pub mod template;
pub mod slug;
pub mod day;
pub mod map;
pub mod parse;
pub mod ready;
pub mod row;
