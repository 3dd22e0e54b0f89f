//! Pages kept by an archive: a WARC file (ISO 28500), or a WACZ package of them.
//!
//! Two levels, never mixed: a package says of its files, and each record of itself, what it is.
//! Who made the package is for its signature, and for others.

pub mod inflate;
pub mod zipfile;
pub mod httpmessage;
pub mod warcdigest;
pub mod warc;
pub mod warctally;
pub mod wacz;
pub mod payload;
