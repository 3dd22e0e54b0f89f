//! Signed at source: did somebody's own key sign these captured bytes?
//!
//! One scheme, one file. Each takes captured bytes and captured keys, asks nobody, and answers in
//! the words of `checked`. Whose key it is in the world is for dated records of control to say.

pub mod checked;
pub mod nostr;
pub mod atproto;
