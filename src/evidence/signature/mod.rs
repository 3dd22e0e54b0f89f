//! Signed at source: did somebody's own key sign these captured bytes?
//!
//! One scheme, one file. Each takes captured bytes and captured keys, asks nobody, and answers in
//! the words of `checked`. Whose key it is in the world is for dated records of control to say.

pub mod checked;

// In the captured message or post itself.
pub mod dkim;
pub mod nostr;
pub mod atproto;

// Detached: a file beside the captured one.
pub mod minisign;
pub mod allowed_signers;
pub mod sshsig;
pub mod openpgp;

// Inside the captured picture or package.
pub mod c2pa;
pub mod wacz;
