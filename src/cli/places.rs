//! Folders of the user, outside any ledger: where what was seen of other ledgers is remembered.

use std::env;
use std::path::PathBuf;

use crate::cli::failure::{self, Failure};

/// The folder for what is remembered from one run to the next: `WHOSAID_STATE`, or what the
/// system has for such things.
#[expect(clippy::disallowed_methods, reason = "this is where the environment is read")]
pub(crate) fn state() -> Result<PathBuf, Failure> {
    let folder = |name: &str| env::var_os(name).filter(|it| !it.is_empty()).map(PathBuf::from);
    if let Some(own) = folder("WHOSAID_STATE") {
        return Ok(own);
    }
    let found = if cfg!(target_os = "macos") {
        folder("HOME").map(|home| home.join("Library/Application Support"))
    } else if cfg!(windows) {
        folder("LOCALAPPDATA")
    } else {
        let of_home = || folder("HOME").map(|home| home.join(".local/state"));
        folder("XDG_STATE_HOME").filter(|it| it.is_absolute()).or_else(of_home)
    };
    found.map(|it| it.join("whosaid")).ok_or_else(|| {
        Failure::new(failure::IO, "there is no home folder to remember anything in")
            .hint("WHOSAID_STATE names a folder for it")
    })
}
