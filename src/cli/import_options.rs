//! What can be typed after `whosaid import`, and after `whosaid controller`.

use std::path::PathBuf;

use clap::Args;

/// The files of a register of officials.
#[derive(Debug, Args)]
pub struct Officials {
    /// The file of people and their terms of office (YAML)
    #[arg(long, value_name = "FILE")]
    pub people: PathBuf,
    /// The file of their official accounts (YAML)
    #[arg(long, value_name = "FILE")]
    pub accounts: PathBuf,
    /// When the files were fetched (EDTF: 2026-01-15)
    #[arg(long, value_name = "DATE")]
    pub as_of: Option<String>,
    /// Leave out what cannot be taken, and take the rest; else nothing is taken
    #[arg(long)]
    pub leave_out: bool,
}

/// Options of `controller`.
#[derive(Debug, Args)]
#[command(after_help = "\
Exits 0 if exactly one party (or parties of one body) is shown to have controlled the account on
that date, 1 if nobody is or several are, 5 if what is recorded does not decide it, 2 if no such
account is recorded.

Examples:
  whosaid controller https://x.com/SenatorCantwell/status/1 --on 2026-01-15
  whosaid controller SenatorCantwell --platform x --on 2026-01-15")]
pub struct Controller {
    /// The account: a URL, a handle, the platform's id for it, or a channel's key
    #[arg(value_name = "URL|HANDLE|ID|KEY")]
    pub account: String,
    /// The date (EDTF: 2026-01-15)
    #[arg(long, value_name = "DATE")]
    pub on: String,
    /// Only accounts on this platform (x, facebook, instagram, youtube, mastodon, bluesky, …)
    #[arg(long, value_name = "NAME")]
    pub platform: Option<String>,
}
