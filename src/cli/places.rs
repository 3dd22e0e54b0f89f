//! Where this user's own files lie: what is remembered, and what is kept of published ledgers.

use std::path::PathBuf;

/// The folder of this program in one of the system's places.
const NAME: &str = "whosaid";

/// What is remembered; `None` if the system names no place for it.
pub(crate) fn state() -> Option<PathBuf> {
    if cfg!(windows) {
        return named("WHOSAID_STATE").or_else(|| Some(named("LOCALAPPDATA")?.join(NAME)));
    }
    let at_home =
        if cfg!(target_os = "macos") { "Library/Application Support" } else { ".local/state" };
    unix("WHOSAID_STATE", "XDG_STATE_HOME", at_home)
}

/// What can be fetched again; `None` if the system names no place for it.
pub(crate) fn cache() -> Option<PathBuf> {
    if cfg!(windows) {
        let at_home = || Some(named("LOCALAPPDATA")?.join(NAME).join("cache"));
        return named("WHOSAID_CACHE").or_else(at_home);
    }
    let at_home = if cfg!(target_os = "macos") { "Library/Caches" } else { ".cache" };
    unix("WHOSAID_CACHE", "XDG_CACHE_HOME", at_home)
}

fn unix(own: &str, standard: &str, at_home: &str) -> Option<PathBuf> {
    // The XDG specification: a path that is not absolute is to be ignored.
    let standard = || named(standard).filter(|path| path.is_absolute());
    let at_home = || Some(named("HOME")?.join(at_home));
    named(own).or_else(|| Some(standard().or_else(at_home)?.join(NAME)))
}

#[expect(clippy::disallowed_methods, reason = "the environment is read in cli/")]
fn named(variable: &str) -> Option<PathBuf> {
    std::env::var_os(variable).filter(|value| !value.is_empty()).map(PathBuf::from)
}
