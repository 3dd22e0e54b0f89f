//! What can be typed after `whosaid import`, and after `whosaid controller`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

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

/// What `whosaid import --help` says after the options.
pub const HELP: &str = "\
A row goes in whole or not at all. Rows that are wrong are named, in the report and by their line,
and the others go in: exit code 1 says that some were refused. Run it again after a correction, or
after it was interrupted: only what is new is appended.

A table (CSV, TSV) needs a column map, a short TOML file that says which column is what
(docs/IMPORT.md). `whosaid import maps` lists those that come with the program.

Examples:
  whosaid import tweets.csv --map 538-tweets
  whosaid import statements.csv --map statements.toml --dry-run
  whosaid import claims.jsonl --all-or-nothing
  whosaid import factcheck.html
  whosaid --json log | whosaid --ledger other import - --format jsonl --no-report";

/// The form of a file of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RowFormat {
    /// JSON Lines: one record on each line, as `whosaid log --json` prints it
    Jsonl,
    /// Cells parted by commas, or by what the column map says
    Csv,
    /// Cells parted by tabs
    Tsv,
    /// Fact-checks as `ClaimReview` of schema.org: one object, an array, a feed, or a page that holds some
    #[value(name = "claimreview")]
    ClaimReview,
}

/// A file of rows, and how it is taken.
#[derive(Debug, Args)]
#[allow(clippy::struct_excessive_bools, reason = "each is an option of its own")]
pub struct Rows {
    /// The file, or - for standard input
    #[arg(value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// The form of the file, where its name and its beginning do not show it
    #[arg(long, value_enum, value_name = "FORM")]
    pub format: Option<RowFormat>,
    /// Which column is what: a file in TOML, or the name of a map that comes with the program
    #[arg(long, value_name = "FILE|NAME")]
    pub map: Option<PathBuf>,
    /// The encoding of a table that is not UTF-8, such as windows-1252
    #[arg(long, value_name = "NAME")]
    pub encoding: Option<String>,
    /// A ledger's folder that holds the captures which records in JSON name
    #[arg(long, value_name = "DIR")]
    pub captures: Option<PathBuf>,
    /// Look through all rows first, and append nothing if one is refused
    #[arg(long)]
    pub all_or_nothing: bool,
    /// Where the report goes; beside the file as NAME.report.csv or .jsonl when left out
    #[arg(long, value_name = "FILE", conflicts_with = "no_report")]
    pub report: Option<PathBuf>,
    /// Write no report
    #[arg(long)]
    pub no_report: bool,
}

/// Options of `import maps`.
#[derive(Debug, Args)]
pub struct Maps {
    /// The map to print; all are listed when left out
    pub name: Option<String>,
}
