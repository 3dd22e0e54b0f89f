//! Trusted time: did these bytes exist before a stated time, by somebody's clock?
//!
//! One scheme, one file. Each takes a digest and a captured proof, asks nobody, reads no clock of
//! its own, and answers in the words of `stamped`. Whose clock to believe is left to the reader.

pub mod stamped;
pub mod rfc3161;
pub mod opentimestamps;
