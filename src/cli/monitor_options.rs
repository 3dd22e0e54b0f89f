//! What can be typed after `whosaid monitor`.

use clap::Args;

/// Options of `monitor`.
#[derive(Debug, Args)]
#[command(after_help = "\
A PARTY is the key of a party in the ledger, one of its names (exact, but for capitals), or an
identifier such as wikidata:Q37100. Whoever belongs to a body that is named counts for it. Without
a PARTY, all claims are reported. What follows a reported claim is reported too: corrections,
retractions, replies, relations, assessments. So is what nobody can read, and what does not verify.

Examples:
  whosaid monitor https://ledger.example/claims --party \"Foreign Ministry\"
  whosaid monitor ledger --by wikidata:Q37100 --once --json
  whosaid monitor https://ledger.example/claims --about mfa --run 'mail -s claim desk@mfa.example'

What was reported is remembered in the user's state directory (WHOSAID_STATE), for each LOCATION
and each set of PARTYs by itself. An event is remembered as reported when it was printed, or when
the COMMAND ended well; else it comes again. Its entry and id tell a repetition.

With --once, exits 0 if the ledger was followed to its end, 1 after an alarm (rolled back, forked,
does not verify), 3 if it could not be reached or an event not be delivered, 5 if something new
could not be read or checked.")]
pub struct Monitor {
    /// The ledgers to follow: URLs below which a web server has them, or folders; the URLs of the
    /// policy's logs when left out
    #[arg(value_name = "LOCATION")]
    pub locations: Vec<String>,
    /// Report what this party says, and what is passed on by it
    #[arg(long, value_name = "PARTY")]
    pub by: Vec<String>,
    /// Report what is said about this party
    #[arg(long, value_name = "PARTY")]
    pub about: Vec<String>,
    /// Report both
    #[arg(long, value_name = "PARTY")]
    pub party: Vec<String>,
    /// Report also how the recorders' keys change
    #[arg(long)]
    pub key_changes: bool,
    /// Look once and end, instead of following
    #[arg(long)]
    pub once: bool,
    /// How long to wait between two looks; after a failure twice as long each time, to an hour
    #[arg(long, value_name = "SECONDS", default_value_t = 300, conflicts_with = "once")]
    #[arg(value_parser = clap::value_parser!(u64).range(1..))]
    pub every: u64,
    /// When a ledger is met for the first time, report only what comes after; else all from the
    /// start
    #[arg(long)]
    pub from_now: bool,
    /// Instead of printing, run this shell command for each event, with the event as JSON on its
    /// standard input
    #[arg(long, value_name = "COMMAND")]
    pub run: Option<String>,
    /// How long the command may take
    #[arg(long, value_name = "SECONDS", default_value_t = 60, requires = "run")]
    #[arg(value_parser = clap::value_parser!(u64).range(1..))]
    pub run_limit: u64,
}
