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

// Where did it stand, and what does its address say?
pub mod account;
pub mod archive;
pub mod links;

// When was a post made, by its own id?
pub mod clock;

// Pages kept by an archive: a WARC file, or a WACZ package of them.
pub mod inflate;
pub mod zipfile;
pub mod httpmessage;
pub mod warcdigest;
pub mod warc;
pub mod warctally;
pub mod wacz;
pub mod payload;

// Whose keys, and by whose clock?
pub(crate) mod tlv;
pub mod algorithm;
pub mod x509;
pub mod time;

// Did the source sign them?
pub mod signature;
