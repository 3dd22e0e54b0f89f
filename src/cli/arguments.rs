//! What can be typed: commands, options, and their help.

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;

use clap::builder::{OsStringValueParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::cli::capture_options::{Attach, Capture, Fetching, Redact};
use crate::cli::gc_options::Gc;
use crate::cli::import_options::{self, Controller, Maps, Officials, Rows};
use crate::cli::monitor_options::Monitor;
use crate::cli::search_options::{Contradictions, Search, Timeline};
use crate::cli::signing_options::Signing;
use crate::cli::witness_options::{Cosign, TrustWitness, Witness};
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
    /// Capture files and pages: keep their bytes, each as a document
    Capture(Box<Capture>),
    /// Add a capture, a signature or a time stamp to what is recorded
    Attach(Box<Attach>),
    /// Take in what others collected, in bulk: a table, records, fact-checks, a register
    Import(Box<Import>),
    /// Put a corrected claim in the place of one
    Correct(Correct),
    /// Take a claim back: by its recorder, its speaker or its publisher
    Retract(Retract),
    /// Say how one claim bears on another
    Relate(Relate),
    /// Record a party's reply to a claim (right of reply)
    Rebut(Rebut),
    /// Say that an entry is withheld, and erase what it names if asked to
    Redact(Redact),
    /// List the entries
    Log(Log),
    /// Show one entry whole
    Show(Show),
    /// Find entries by words, party, channel, date, act, level or standing
    Search(Search),
    /// List a party's claims in the order in which they were said
    Timeline(Timeline),
    /// List what contradicts a party's claims
    Contradictions(Contradictions),
    /// Check the whole ledger, trusting nothing but the policy
    Verify(Verify),
    /// Say on what a claim really rests
    Audit(Audit),
    /// Say who controlled an account on a date
    Controller(Controller),
    /// List what rests on an entry
    Impact(Impact),
    /// Write one file with which a stranger can check an entry
    Prove(Prove),
    /// Check such a file, with no ledger and no network
    Check(Check),
    /// Be a witness of other people's ledgers: cosign that they only grow
    Witness(Witness),
    /// Ask the policy's witnesses to cosign the checkpoint as it stands
    Cosign(Cosign),
    /// Free the room of files that only earlier checkpoints needed
    Gc(Gc),
    /// Make, list, trust, replace and revoke the keys of recorders
    #[command(subcommand)]
    Key(Key),
    /// Follow ledgers, and report what is said by or about a party
    Monitor(Monitor),
    /// Explain a rule of the audit, an attribution level, or an error code
    Explain(Explain),
    /// Print shell completions
    Completions(Completions),
    /// Print the manual page
    Man,
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
    /// The file or page that holds it: its bytes are hashed and kept
    #[arg(long = "in", requires = "speaker", value_name = "FILE|URL")]
    pub document: Option<PathBuf>,
    /// The words in it which carry the claim, exactly
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
    /// What may be fetched
    #[command(flatten)]
    pub fetching: Fetching,
    /// How to sign
    #[command(flatten)]
    pub signing: Signing,
}

/// Options of `import`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, after_help = import_options::HELP)]
pub struct Import {
    /// What is no file of rows
    #[command(subcommand)]
    pub special: Option<SpecialImport>,
    /// The file, and how it is taken
    #[command(flatten)]
    pub rows: Rows,
    /// How to sign
    #[command(flatten)]
    pub signing: Signing,
}

/// What else can be imported, or asked about importing.
#[derive(Debug, Subcommand)]
pub enum SpecialImport {
    /// A register of officials and their accounts: parties, offices, channels, and whose they are
    Officials(Box<ImportOfficials>),
    /// List the column maps that come with the program, or print one
    Maps(Maps),
}

/// Options of `import officials`.
#[derive(Debug, Args)]
#[command(after_help = "\
The files have the form of unitedstates/congress-legislators: legislators-current.yaml and
legislators-social-media.yaml. Their bytes are kept, as the evidence. What a register shows, it
shows of the day on which it was fetched: without --as-of, of no day. Importing the same again adds
nothing.

Example:
  whosaid import officials --people legislators-current.yaml \\
      --accounts legislators-social-media.yaml --as-of 2026-01-15")]
pub struct ImportOfficials {
    /// The register
    #[command(flatten)]
    pub register: Officials,
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
    /// Only the last N entries; with --party, --channel or --since the last N of those listed
    #[arg(short = 'n', long, value_name = "N")]
    pub limit: Option<u64>,
    /// Only records of this kind (claim, party, document, notice, …)
    #[arg(long, value_name = "KIND")]
    pub kind: Option<String>,
    /// Only what names this party, or describes it: its key, a name, or the beginning of an id
    #[arg(long, value_name = "PARTY")]
    pub party: Option<String>,
    /// Only what names this channel, describes it, or appeared on it
    #[arg(long, value_name = "CHANNEL")]
    pub channel: Option<String>,
    /// Only what was recorded on this day or later (UTC)
    #[arg(long, value_name = "DATE")]
    pub since: Option<String>,
}

impl Log {
    /// Whether the index is asked, rather than every entry read.
    pub fn needs_index(&self) -> bool {
        self.party.is_some() || self.channel.is_some() || self.since.is_some()
    }
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
    pub location: Option<Location>,
    /// Only what is new since you verified it last, or since it had so many entries
    #[arg(long, value_name = "last|SIZE", value_parser = Since::parse)]
    pub since: Option<Since>,
}

/// From where on a ledger is verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Since {
    /// From where it was verified last.
    Last,
    /// From where it had so many entries.
    Size(u64),
}

impl Since {
    fn parse(typed: &str) -> Result<Self, String> {
        if typed == "last" {
            return Ok(Self::Last);
        }
        typed
            .parse()
            .map(Self::Size)
            .map_err(|_| "expected `last`, or a number of entries".to_owned())
    }
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

/// The forms of a receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ProofFormat {
    /// C2SP tlog-proof, with the statement and what it refers to; needs no key
    TlogProof,
    /// A SCITT transparent statement (RFC 9943); the log's key signs its receipt
    Scitt,
    /// A ZIP file with the tlog-proof, the captures and the policy
    Bundle,
}

/// Options of `prove`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  whosaid prove 14\n  whosaid prove ec9518fb --format bundle --out \
kabul.zip\n  whosaid prove 14 --format scitt --passphrase-file FILE\n\n\
A number is an entry's number and costs a handful of files; the beginning of an id reads all \
entries."
)]
pub struct Prove {
    /// The entry (its number, or the beginning of its id)
    pub id: String,
    /// In which form
    #[arg(long, value_enum, default_value = "tlog-proof", value_name = "FORM")]
    pub format: ProofFormat,
    /// The file to write, or - for standard output; named after the entry's id when left out
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Put the SCITT form into the bundle as well; the log's key signs its receipt
    #[arg(long)]
    pub with_scitt: bool,
    /// Read the passphrase of the log's key from a file (its first line), or from standard input
    /// with -
    #[arg(long, env = "WHOSAID_PASSPHRASE_FILE", value_name = "FILE", hide_env_values = true)]
    pub passphrase_file: Option<PathBuf>,
    /// Issue at this time instead of the clock's (seconds since 1970); for tests
    #[arg(long, env = "WHOSAID_TIME", hide_env_values = true, value_name = "SECONDS", hide = true)]
    pub at: Option<u64>,
}

/// Options of `check`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  whosaid check ec9518fb5343.tlog-proof\n  whosaid check --policy \
their-policy kabul.zip\n\nTrust comes from the policy in keys/, or the one named. A bundle without \
one is checked by the policy in it, and\nthe answer is no more than undecided."
)]
pub struct Check {
    /// A .tlog-proof, a .scitt statement, a bundle, or a fork proof; - for standard input
    pub file: PathBuf,
    /// Also compare with this ledger as it is now: does it still continue what was proven?
    #[arg(long, value_name = "DIR|URL", value_parser = location())]
    pub against: Option<Location>,
    /// The policy to check it by, if not the one in keys/
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
}

/// What to do with keys. Passphrases come from a file, standard input or the terminal only.
#[derive(Debug, Subcommand)]
#[command(after_help = "\
A colleague joins:      whosaid key new omar                    (on omar's machine; prints a key)
                        whosaid key trust omar+1f2e3d4c+AY…     (whoever has the power `keys`)
A key gets old:         whosaid key rotate --as omar
A key is stolen:        whosaid key list                        (from which entry on is it suspect?)
                        whosaid key revoke omar --from 41 --reason \"laptop stolen\"")]
pub enum Key {
    /// Make a recorder's key and print its public half
    New(KeyNew),
    /// List every key that the ledger ever knew
    List,
    /// Let a colleague's key sign in this ledger
    Trust(KeyTrust),
    /// Put a new key in the place of one
    Rotate(KeyRotate),
    /// End a key, and mark what it signed from a stated entry on
    Revoke(KeyRevoke),
}

/// Options of `key new`.
#[derive(Debug, Args)]
#[command(after_help = "No ledger is needed.\n\nExamples:\n  whosaid key new omar\n  \
whosaid key new omar --import omar-from-openssl.pem")]
pub struct KeyNew {
    /// The recorder's short name
    pub name: String,
    /// Take the key from an encrypted PKCS#8 file with an Ed25519 key; the passphrase stays
    #[arg(long, value_name = "FILE")]
    pub import: Option<PathBuf>,
    /// Read the passphrase from a file (its first line), or from standard input with -
    #[arg(long, env = "WHOSAID_PASSPHRASE_FILE", value_name = "FILE", hide_env_values = true)]
    pub passphrase_file: Option<PathBuf>,
}

/// What a key may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum PowerName {
    /// Append records of its own, and correct them
    Record,
    /// Correct, retract and redact what others recorded
    Correct,
    /// Introduce, rotate and revoke any key
    Keys,
}

/// Options of `key trust`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  whosaid key trust omar+1f2e3d4c+AYqI49…\n  \
whosaid key trust --powers record,correct zahra+77ab01cd+AbX2cd…\n  \
whosaid key trust --delegate --as omar phone+0a1b2c3d+AdF31k…\n  \
whosaid key trust desk.example/w1+6d7ef907+BIE5… --url https://desk.example/w1 --quorum any\n\n\
A witness's key goes into keys/policy, once the witness has cosigned the checkpoint as it stands:\n\
whoever runs it has to follow this log first (`whosaid witness --log`).")]
pub struct KeyTrust {
    /// The key as its owner's `whosaid key new` or `whosaid witness` printed it, or - for standard
    /// input
    #[arg(value_name = "KEY")]
    pub key: String,
    /// What it may do
    #[arg(long, value_enum, value_delimiter = ',', default_value = "record")]
    pub powers: Vec<PowerName>,
    /// Lend it powers of your own, rather than introduce it: needs no power over keys
    #[arg(long)]
    pub delegate: bool,
    /// The first entry that it may sign; the next one when left out
    #[arg(long, value_name = "ENTRY")]
    pub from: Option<u64>,
    /// Why
    #[arg(long)]
    pub reason: Option<String>,
    /// A witness's key goes into the policy, not into the ledger
    #[command(flatten)]
    pub witness: TrustWitness,
    /// How to sign
    #[command(flatten)]
    pub signing: Signing,
}

/// Options of `key rotate`.
#[derive(Debug, Args)]
#[command(
    after_help = "The new key is encrypted with the passphrase of the old one, which is kept \
under another name.\n\nExamples:\n  whosaid key rotate --as omar\n  \
whosaid key rotate --as nadia --to omar+1f2e3d4c+AYqI49…    (omar's; needs the power `keys`)"
)]
pub struct KeyRotate {
    /// The new public key, if its owner made it elsewhere; its name says whose place it takes
    #[arg(long, value_name = "KEY")]
    pub to: Option<String>,
    /// Why
    #[arg(long)]
    pub reason: Option<String>,
    /// How to sign
    #[command(flatten)]
    pub signing: Signing,
}

/// Options of `key revoke`.
#[derive(Debug, Args)]
#[command(
    after_help = "Nothing is deleted: what the key signed before --from stays as it is, what \
it signed from there on is marked as suspect.\n\nExample:  whosaid key revoke omar --from 41 \
--reason \"laptop stolen\""
)]
pub struct KeyRevoke {
    /// The key: a recorder's name, or the beginning of a thumbprint
    #[arg(value_name = "NAME|THUMBPRINT")]
    pub key: String,
    /// From which entry on what it signed is suspect; none when left out
    #[arg(long, value_name = "ENTRY")]
    pub from: Option<u64>,
    /// Why
    #[arg(long)]
    pub reason: String,
    /// Revoke with it the keys that it delegated to, and those it brought from --from on
    #[arg(long)]
    pub with_delegates: bool,
    /// How to sign
    #[command(flatten)]
    pub signing: Signing,
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
