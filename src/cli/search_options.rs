//! What can be typed after `whosaid search`, `timeline` and `contradictions`, and the filters of
//! `log`.

use clap::{Args, ValueEnum};

/// How many results a page has when nothing is said.
const PAGE: &str = "20";

/// Options of `search`.
#[derive(Debug, Args)]
#[command(after_help = "\
All words have to occur, in any order; capitals and accents do not matter. \"In quotation marks\"
words stand in a row, deleg* stands for a beginning, -word leaves out. Put the whole in single
quotes for the shell, or -- before it. Searched are the words of claims, the quoted passages, names
of parties, titles, places, notices and replies; of a captured document only what is quoted.

Results come newest entry first. A date that may lie outside the range is shown and marked.

Examples:
  whosaid search delegation kabul
  whosaid search '\"moscow format\" -lavrov' --from 2024-10 --to 2024
  whosaid search --party mfa-taliban --act deny
  whosaid search '王毅' --standing disputed")]
pub struct Search {
    /// What to look for
    #[arg(value_name = "WORDS")]
    pub words: Vec<String>,
    /// Claims by this party, or that came through it: its key, a name, or the beginning of an id
    #[arg(long, value_name = "PARTY")]
    pub party: Option<String>,
    /// Claims in documents of this channel: its key, a handle, or the beginning of an id
    #[arg(long, value_name = "CHANNEL")]
    pub channel: Option<String>,
    /// Said or published on this date or later (EDTF: 2024-11-24, 2024-11, 2024)
    #[arg(long, value_name = "DATE")]
    pub from: Option<String>,
    /// Said or published on this date or earlier (EDTF)
    #[arg(long, value_name = "DATE")]
    pub to: Option<String>,
    /// What the speaker did: state, announce, confirm, deny, caution, promise, demand, …
    #[arg(long)]
    pub act: Option<String>,
    /// Only records of this kind (claim, party, document, notice, …)
    #[arg(long, value_name = "KIND")]
    pub kind: Option<String>,
    /// Only what stands so, as far as the index reaches
    #[arg(long, value_enum)]
    pub standing: Option<StandingName>,
    /// Only claims that reach this attribution level; verifies and audits, so in ledgers of at most
    /// 50,000 entries
    #[arg(long, value_enum)]
    pub level: Option<LevelName>,
    /// How many results to show
    #[arg(long, value_name = "N", default_value = PAGE)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=10_000))]
    pub limit: u64,
    /// Go on after this entry, the last one of the page before
    #[arg(long, value_name = "ENTRY")]
    pub after: Option<u64>,
}

/// Options of `timeline`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  whosaid timeline kabulov\n  \
whosaid timeline \"Zamir Kabulov\" --limit 100")]
pub struct Timeline {
    /// The party: its key, a name, or the beginning of an id
    #[arg(value_name = "PARTY")]
    pub party: String,
    /// How many claims to show
    #[arg(long, value_name = "N", default_value = PAGE)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=10_000))]
    pub limit: u64,
    /// Go on after this entry, the last one of the page before
    #[arg(long, value_name = "ENTRY")]
    pub after: Option<u64>,
}

/// Options of `contradictions`.
#[derive(Debug, Args)]
#[command(after_help = "\
Lists the pairs of claims that somebody tied by `contradicts` or `denies`, of which one is the
party's. Apart from these, and marked as candidates: claims of the party's own that deny and assert
with much the same words. A candidate is a hint to read both, and no finding.

Example:  whosaid contradictions mfa-taliban")]
pub struct Contradictions {
    /// The party: its key, a name, or the beginning of an id
    #[arg(value_name = "PARTY")]
    pub party: String,
    /// How many pairs to show
    #[arg(long, value_name = "N", default_value = PAGE)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=10_000))]
    pub limit: u64,
    /// Go on after this entry, the last relation of the page before
    #[arg(long, value_name = "ENTRY")]
    pub after: Option<u64>,
}

/// How a statement may stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum StandingName {
    /// No later record changes it
    Standing,
    /// Another claim contradicts it, or somebody replied to it
    Disputed,
    /// Another claim denies it
    Denied,
    /// Its publisher corrected it
    Corrected,
    /// The speaker, the publisher or the recorder took it back
    Retracted,
    /// Its recorder put another record in its place
    Superseded,
}

/// The attribution levels; `whosaid explain A3` says what one means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "UPPER")]
pub enum LevelName {
    /// Recorded
    A0,
    /// Captured
    A1,
    /// Anchored
    A2,
    /// Traced
    A3,
    /// Signed at source
    A4,
}
