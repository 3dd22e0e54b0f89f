//! What the address of a document says by itself: the account it stands on, the archive that kept
//! it and when, the pages it links to, and the clock inside a post's id.

pub mod account;
pub mod archive;
pub mod links;
pub mod clock;
