//! What can be typed: commands, options, and their help.

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;

use clap::builder::{OsStringValueParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::cli::monitor_options::Monitor;
use crate::web::fetch;

/// Who said what, through which document, on whose word: a signed, append-only ledger of claims.
#[derive(Debug, Parser)]
#[command(name = "whosaid", version, about, max_term_width = 100)]
#[command(after_help = "\
Exit codes: 0 it holds · 1 checked, and it does not hold · 2 bad usage or input · 3 could not read
or write · 4 a key is needed or refused · 5 undecided

Start here:
  whosaid init --origin example.org/claims
  whosaid append claims.toml
  whosaid verify && whosaid audit --all")]
pub struct Arguments {
    /// The ledger's folder, which can be published as it is; to read, also its URL
    #[arg(long, global = true, env = "WHOSAID_LEDGER", hide_env_values = true)]
    #[arg(default_value = "ledger", value_name = "DIR|URL", value_parser = location())]
    pub ledger: Location,

    /// The folder of the policy and of the (encrypted) secret keys
    #[arg(
        long,
        global = true,
        env = "WHOSAID_KEYS",
        hide_env_values = true,
        value_name = "DIR",
        default_value = "keys"
    )]
    pub keys: PathBuf,

    /// Print JSON: one object, or one object a line
    #[arg(long, global = true)]
    pub json: bool,

    /// How long to wait for one answer of a server
    #[arg(
        long,
        global = true,
        env = "WHOSAID_TIMEOUT",
        hide_env_values = true,
        value_name = "SECONDS",
        default_value = "60",
        value_parser = clap::value_parser!(u64).range(1..=86_400)
    )]
    pub timeout: u64,

    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

/// Where a ledger is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// In a folder.
    Folder(PathBuf),
    /// On a web server, below this URL.
    Web(String),
}

impl Location {
    fn parse(typed: OsString) -> Result<Self, String> {
        let is_url = |text: &&str| {
            let text = text.to_ascii_lowercase();
            ["http://", "https://"].iter().any(|scheme| text.starts_with(scheme))
        };
        match typed.to_str().filter(is_url) {
            Some(text) => match fetch::parse_url(text) {
                Ok(_) => Ok(Self::Web(text.to_owned())),
                Err(error) => Err(error.to_string()),
            },
            None => Ok(Self::Folder(typed.into())),
        }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(folder) => folder.display().fmt(formatter),
            Self::Web(url) => formatter.write_str(url),
        }
    }
}

fn location() -> impl TypedValueParser<Value = Location> {
    OsStringValueParser::new().try_map(Location::parse)
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a new ledger, its keys and its policy
    Init(Init),
    /// Append claims: a claim file, or one claim by flags
    Append(Box<Append>),
    /// Put a corrected claim in the place of one
    Correct(Correct),
    /// Take a claim back: by its recorder, its speaker or its publisher
    Retract(Retract),
    /// Say how one claim bears on another
    Relate(Relate),
    /// Record a party's reply to a claim (right of reply)
    Rebut(Rebut),
    /// List the entries
    Log(Log),
    /// Show one entry whole
    Show(Show),
    /// Check the whole ledger, trusting nothing but the policy
    Verify(Verify),
    /// Say on what a claim really rests
    Audit(Audit),
    /// List what rests on an entry
    Impact(Impact),
    /// Follow ledgers, and report what is said by or about a party
    Monitor(Monitor),
    /// Explain a rule of the audit, an attribution level, or an error code
    Explain(Explain),
    /// Print shell completions
    Completions(Completions),
    /// Print the manual page
    Man,
}

/// How a command that signs gets at the recorder's keys.
#[derive(Debug, Args)]
pub struct Signing {
    /// Sign as this recorder; may be left out where keys/ holds one recorder's key
    #[arg(long = "as", value_name = "NAME")]
    pub recorder: Option<String>,

    /// Read the passphrase from a file (its first line), or from standard input with -
    #[arg(long, env = "WHOSAID_PASSPHRASE_FILE", value_name = "FILE", hide_env_values = true)]
    pub passphrase_file: Option<PathBuf>,

    /// Record at this time instead of the clock's (seconds since 1970); for tests
    #[arg(long, env = "WHOSAID_TIME", hide_env_values = true, value_name = "SECONDS", hide = true)]
    pub at: Option<u64>,

    /// Say what would be appended, and append nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// Options of `init`.
#[derive(Debug, Args)]
#[command(after_help = "Example:  whosaid init --origin example.org/claims --name nadia")]
pub struct Init {
    /// The ledger's name in the world: a URL without scheme that you will keep
    #[arg(long)]
    pub origin: String,
    /// The ledger's title
    #[arg(long)]
    pub title: Option<String>,
    /// What it is for, and by which rules it is kept
    #[arg(long)]
    pub purpose: Option<String>,
    /// The first recorder's short name
    #[arg(long, default_value = "desk")]
    pub name: String,
    /// Read the new passphrase from a file (its first line), or from standard input with -
    #[arg(long, env = "WHOSAID_PASSPHRASE_FILE", value_name = "FILE", hide_env_values = true)]
    pub passphrase_file: Option<PathBuf>,
    /// Record at this time instead of the clock's (seconds since 1970); for tests
    #[arg(long, env = "WHOSAID_TIME", hide_env_values = true, value_name = "SECONDS", hide = true)]
    pub at: Option<u64>,
}

/// Options of `append`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  whosaid append kabul.toml\n  whosaid append --dry-run kabul.toml\n  \
whosaid append --speaker \"Zamir Kabulov\" --act announce --said \"A delegation will come.\" \\\n      \
--in statement.html --quote \"a delegation will come\" --url https://example.org/statement"
)]
pub struct Append {
    /// A claim file (TOML), or - for standard input
    #[arg(value_name = "FILE", conflicts_with = "speaker", required_unless_present = "speaker")]
    pub file: Option<PathBuf>,
    /// Who said it: the key of a party in the ledger, or a name as written
    #[arg(long, requires = "said")]
    pub speaker: Option<String>,
    /// What the speaker did: state, announce, confirm, deny, caution, promise, demand, …
    #[arg(long, requires = "speaker", default_value = "state")]
    pub act: String,
    /// What was said, in your own words
    #[arg(long, requires = "speaker")]
    pub said: Option<String>,
    /// The file that holds it: its bytes are hashed and kept
    #[arg(long = "in", requires = "speaker", value_name = "FILE")]
    pub document: Option<PathBuf>,
    /// The words in that file which carry the claim, exactly
    #[arg(long, requires = "document")]
    pub quote: Option<String>,
    /// Where the document was published
    #[arg(long, requires = "document")]
    pub url: Option<String>,
    /// When it was said (EDTF: 2024-11-24, 2024-11, 2024-11-24~)
    #[arg(long, requires = "speaker", value_name = "DATE")]
    pub said_at: Option<String>,
    /// When the document was published (EDTF)
    #[arg(long, requires = "document", value_name = "DATE")]
    pub published: Option<String>,
    /// How to sign
    #[command(flatten)]
    pub signing: Signing,
}

/// Options of `correct`.
#[derive(Debug, Args)]
#[command(after_help = "Example:  whosaid correct 4f3a91 corrected.toml --reason \"wrong date\"")]
pub struct Correct {
    /// The claim to correct (its number, or the beginning of its id)
    pub id: String,
    /// A claim file with the one claim that takes its place, or - for standard input
    pub file: PathBuf,
    /// Why
    #[arg(long)]
    pub reason: String,
    /// How to sign
    #[command(flatten)]
    pub signing: Signing,
}

/// Who takes a claim back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Retracting {
    /// The recorder: the entry was wrong
    Recorder,
    /// The speaker took the words back
    Claimant,
    /// The publisher withdrew the document
    Publisher,
}

/// Options of `retract`.
#[derive(Debug, Args)]
#[command(after_help = "Example:  whosaid retract 4f3a91 --reason \"the speaker was another\"")]
pub struct Retract {
    /// The statement to take back (its number, or the beginning of its id)
    pub id: String,
    /// Why
    #[arg(long)]
    pub reason: String,
    /// Who takes it back
    #[arg(long, value_enum, default_value = "recorder")]
    pub by: Retracting,
    /// The party that takes it back, by its key
    #[arg(long, value_name = "KEY")]
    pub party: Option<String>,
    /// A recorded document that shows it (its number, or the beginning of its id)
    #[arg(long, value_name = "ID")]
    pub document: Option<String>,
    /// How to sign
    #[command(flatten)]
    pub signing: Signing,
}

/// Options of `relate`.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:  whosaid relate 4f3a91 denies 77c0de --method \"read side by side\""
)]
pub struct Relate {
    /// The claim that bears on the other (its number, or the beginning of its id)
    pub from: String,
    /// How: confirms, contradicts, denies, qualifies, updates, repeats, translates,
    /// `same_proposition`
    pub kind: String,
    /// The claim that is borne upon (its number, or the beginning of its id)
    pub to: String,
    /// The party that says so, by its key; you when left out
    #[arg(long, value_name = "KEY")]
    pub by: Option<String>,
    /// How it was found
    #[arg(long)]
    pub method: Option<String>,
    /// How to sign
    #[command(flatten)]
    pub signing: Signing,
}

/// Options of `rebut`.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:  whosaid rebut 4f3a91 --by mfa-taliban --text \"We never said so.\" \
--reason \"letter to the desk\""
)]
pub struct Rebut {
    /// The claim that is replied to (its number, or the beginning of its id)
    pub id: String,
    /// The party that replies, by its key
    #[arg(long, value_name = "KEY")]
    pub by: String,
    /// The party's own words
    #[arg(long)]
    pub text: String,
    /// How the reply came
    #[arg(long)]
    pub reason: String,
    /// A recorded document that shows it (its number, or the beginning of its id)
    #[arg(long, value_name = "ID")]
    pub document: Option<String>,
    /// How to sign
    #[command(flatten)]
    pub signing: Signing,
}

/// Options of `log`.
#[derive(Debug, Args)]
pub struct Log {
    /// Only the last N entries
    #[arg(short = 'n', long, value_name = "N")]
    pub limit: Option<u64>,
    /// Only records of this kind (claim, party, document, notice, …)
    #[arg(long, value_name = "KIND")]
    pub kind: Option<String>,
}

/// Options of `show`.
#[derive(Debug, Args)]
#[command(
    after_help = "From a URL, an entry's number costs a handful of files, however long the ledger \
is; an id makes\nit read all entries, and digits alone are taken for a number."
)]
pub struct Show {
    /// The entry (its number, or the beginning of its id)
    pub id: String,
}

/// Options of `verify`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  whosaid verify\n  whosaid verify https://example.org/claims")]
pub struct Verify {
    /// The ledger's folder or URL, if not the usual one
    #[arg(value_name = "DIR|URL", value_parser = location())]
    pub ledger: Option<Location>,
}

/// Options of `audit`.
#[derive(Debug, Args)]
#[command(
    after_help = "With ID, exits 0 if every rule that applies holds, 1 if one fails, 5 if one \
cannot be decided. --all is a survey: it exits 0 when it was made on a verified ledger."
)]
pub struct Audit {
    /// The claim (its number, or the beginning of its id)
    #[arg(required_unless_present = "all", conflicts_with = "all")]
    pub id: Option<String>,
    /// Every claim, one line each
    #[arg(long)]
    pub all: bool,
    /// Also print the rules that hold
    #[arg(long)]
    pub rules: bool,
    /// As the ledger was at a size (number of entries) or at the end of a day (2024-11-30, UTC)
    #[arg(long, value_name = "SIZE|DAY")]
    pub as_of: Option<String>,
}

/// Options of `impact`.
#[derive(Debug, Args)]
pub struct Impact {
    /// The entry (its number, or the beginning of its id)
    pub id: String,
}

/// Options of `explain`.
#[derive(Debug, Args)]
pub struct Explain {
    /// The name of a rule, a level (A0 to A4), or an error code; all are listed when left out
    pub name: Option<String>,
}

/// Options of `completions`.
#[derive(Debug, Args)]
pub struct Completions {
    /// The shell
    pub shell: clap_complete::Shell,
}
