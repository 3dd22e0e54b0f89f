//! A place where a ledger is looked for, as it was typed and as it is remembered.

use std::path::{self, Path};

use crate::cli::failure::Failure;
use crate::cli::open::Place;
use crate::store::os::OsDisk;
use crate::store::source::Source;
use crate::store::{self, Store};
use crate::web::fetch::{Client, Limits};
use crate::web::remote::Remote;

/// The URL below which a web server has a ledger, or a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Location {
    /// For people.
    pub(crate) typed: String,
    /// A URL without the slash at its end, or the whole path of a folder, so that it does not
    /// depend on where we stand.
    pub(crate) whole: String,
}

impl Location {
    pub(crate) fn parse(typed: String) -> Result<Self, Failure> {
        if is_url(&typed) {
            let remote = Remote::new(&typed, Client::new(Limits::STANDARD));
            let whole = remote.map_err(Failure::usage)?.base().to_owned();
            return Ok(Self { typed, whole });
        }
        let whole = path::absolute(&typed)
            .map_err(|error| Failure::usage(format!("{typed:?} is no LOCATION: {error}")))?;
        Ok(Self { whole: whole.display().to_string(), typed })
    }

    /// The ledger as it is there now. Nothing is taken from a cache: what a server gives out today
    /// is what is watched.
    pub(crate) fn source(&self, place: &Place) -> Result<Box<dyn Source>, store::Error> {
        if is_url(&self.whole) {
            let remote = Remote::new(&self.whole, place.client());
            return Ok(Box::new(remote.expect("looked at when it was typed")));
        }
        Ok(Box::new(Store::open(OsDisk::new(Path::new(&self.whole)))?))
    }
}

fn is_url(text: &str) -> bool {
    text.contains("://")
}
