//! Evidence: are those words in that document? Pure; never says who is right.
//!
//! A capture's bytes are checked, its text is derived by a named profile, a passage is anchored
//! in the text, and its surroundings are read. Fetching, storing and judging are left to others.

pub mod capture;
pub mod markup;
pub mod style;
pub mod html;
pub mod message;
pub mod mime;
pub mod email;
pub mod media;
pub mod parts;
pub mod json;
pub mod pdf;
pub mod title;
pub mod text;
pub mod nearest;
pub mod anchor;
pub mod reading;
pub mod quotation;
pub mod denial;
pub mod page;

// Where did it stand, when, and in which package?
pub mod address;
pub mod package;

// Whose keys, and by whose clock?
pub mod authority;
pub mod time;

// Did the source sign them?
pub mod signature;
