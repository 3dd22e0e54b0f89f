//! What can be typed after `whosaid capture`, `whosaid attach` and `whosaid redact`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::cli::signing_options::Signing;

/// What a command that fetches pages may do.
#[derive(Debug, Clone, Default, Args)]
pub struct Fetching {
    /// Fetch pages also from private addresses and from this machine
    #[arg(long)]
    pub allow_private: bool,
    /// Follow a redirect from https to http, where the page can be changed on its way
    #[arg(long)]
    pub allow_downgrade: bool,
    /// Keep a page also where the server's status says that it is none, such as 404
    #[arg(long)]
    pub any_status: bool,
}

/// What is said of captured bytes by whoever captures them.
#[derive(Debug, Clone, Default, Args)]
pub struct Facts {
    /// Their media type, if not the one that the server says or the name suggests
    #[arg(long, value_name = "TYPE")]
    pub media_type: Option<String>,
    /// When the bytes of a file were fetched (EDTF: 2024-11-24, 2024-11-24T10:00:00Z)
    #[arg(long, value_name = "DATE")]
    pub captured_at: Option<String>,
    /// The archive or service that fetched or kept them, if not you
    #[arg(long, value_name = "NAME")]
    pub provider: Option<String>,
    /// The program that fetched the bytes of a file
    #[arg(long, value_name = "NAME")]
    pub tool: Option<String>,
}

/// The sorts of documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum KindName {
    /// A statement or press release
    Statement,
    /// A post on a platform
    Post,
    /// An article
    Article,
    /// A transcript
    Transcript,
    /// A broadcast
    Broadcast,
    /// Your own note of what you read, saw or heard
    Note,
    /// A picture
    Photo,
}

/// Options of `capture`.
#[derive(Debug, Args)]
#[command(after_help = "\
Each FILE or URL becomes a document of its own; `attach` adds to one that is recorded. A page is
fetched once, as it is sent to anybody: without cookies, without a login, without running its
scripts. What a browser shows may be more; save it there, and capture the file with --url.

Examples:
  whosaid capture https://mfa.example/statement --publisher mfa --published 2024-11-24
  whosaid capture press-release.eml --publisher mfa --channel mfa-mail
  whosaid capture saved.html --url https://mfa.example/statement --captured-at 2024-11-25
  whosaid capture https://mfa.example/statement --save page.html    (look first; nothing is added)")]
pub struct Capture {
    /// Files, URLs of pages, or - for standard input
    #[arg(required = true, value_name = "FILE|URL")]
    pub targets: Vec<String>,
    /// What sort of document it is; guessed from the media type when left out
    #[arg(long, value_enum, value_name = "KIND")]
    pub kind: Option<KindName>,
    /// Its title
    #[arg(long)]
    pub title: Option<String>,
    /// Where it was published, for a file; a page has its own URL
    #[arg(long)]
    pub url: Option<String>,
    /// Who published it: the key of a party
    #[arg(long, value_name = "KEY")]
    pub publisher: Option<String>,
    /// On which channel it appeared: the key of a channel
    #[arg(long, value_name = "KEY")]
    pub channel: Option<String>,
    /// When it was published (EDTF)
    #[arg(long, value_name = "DATE")]
    pub published: Option<String>,
    /// Its language, such as en or fa
    #[arg(long, value_name = "TAG")]
    pub language: Option<String>,
    /// What is said of the bytes
    #[command(flatten)]
    pub facts: Facts,
    /// Write the bytes to this file, which must not exist yet, and append nothing
    #[arg(long, value_name = "FILE")]
    pub save: Option<PathBuf>,
    /// What may be fetched
    #[command(flatten)]
    pub fetching: Fetching,
    /// How to sign
    #[command(flatten)]
    pub signing: Signing,
}

/// Options of `attach`.
#[derive(Debug, Args)]
#[command(after_help = "\
Whether what is attached proves anything is checked by `audit`, not here.

Examples:
  whosaid attach 4f3a91 https://archive.example/statement --provider archive.example
  whosaid attach 4f3a91 --scheme dkim --dns-record dkim.txt --captured-at 2024-11-25
  whosaid attach 4f3a91 --scheme minisign --signature s.minisig --public-key mfa.pub
  whosaid attach 4f3a91 --capture 9c41 --scheme opentimestamps --proof s.ots \\
      --block-header header.hex --height 871234
  whosaid attach --statement 17 --scheme rfc3161 --token entry.tsr")]
pub struct Attach {
    /// The document (its number, or the beginning of its id)
    #[arg(required_unless_present = "statement", conflicts_with = "statement")]
    pub document: Option<String>,
    /// One more capture of the document: a file, the URL of a page, or - for standard input
    #[arg(value_name = "FILE|URL", required_unless_present = "scheme", conflicts_with = "scheme")]
    pub target: Option<String>,
    /// Attach a signature or a time stamp: dkim, atproto, nostr, minisign, sshsig, openpgp, c2pa,
    /// wacz, rfc3161, opentimestamps
    #[arg(long)]
    pub scheme: Option<String>,
    /// The capture that it vouches for: the beginning of its digest, or its file; the document's
    /// first when left out
    #[arg(long, value_name = "DIGEST|FILE", requires = "scheme")]
    pub capture: Option<String>,
    /// The statement that a time stamp vouches for (its number, or the beginning of its id)
    #[arg(long, value_name = "ID", requires = "scheme")]
    pub statement: Option<String>,
    /// The files that it is checked with
    #[command(flatten)]
    pub parts: Parts,
    /// What is said of the bytes
    #[command(flatten)]
    pub facts: Facts,
    /// What may be fetched
    #[command(flatten)]
    pub fetching: Fetching,
    /// How to sign
    #[command(flatten)]
    pub signing: Signing,
}

/// The files that a signature or a time stamp is checked with, by what they are.
#[derive(Debug, Default, Args)]
pub struct Parts {
    /// A detached signature
    #[arg(long, value_name = "FILE", requires = "scheme")]
    pub signature: Vec<String>,
    /// The signer's public key
    #[arg(long, value_name = "FILE", requires = "scheme")]
    pub public_key: Vec<String>,
    /// Keys that were withdrawn
    #[arg(long, value_name = "FILE", requires = "scheme")]
    pub revoked_keys: Vec<String>,
    /// The DNS record with the signer's key, as it was answered
    #[arg(long, value_name = "FILE", requires = "scheme")]
    pub dns_record: Vec<String>,
    /// Blocks of a repository, with its signed commit (CAR)
    #[arg(long, value_name = "FILE", requires = "scheme")]
    pub repository: Vec<String>,
    /// The DID document with the account's key
    #[arg(long, value_name = "FILE", requires = "scheme")]
    pub did_document: Vec<String>,
    /// The log of operations from which a did:plc document follows
    #[arg(long, value_name = "FILE", requires = "scheme")]
    pub plc_log: Vec<String>,
    /// A time stamp token or response
    #[arg(long, value_name = "FILE", requires = "scheme")]
    pub token: Vec<String>,
    /// An `OpenTimestamps` proof
    #[arg(long, value_name = "FILE", requires = "scheme")]
    pub proof: Vec<String>,
    /// The header of a block that a proof leads to; each with its --height
    #[arg(long, value_name = "FILE", requires = "scheme")]
    pub block_header: Vec<String>,
    /// The number of the block, once for each --block-header and in their order
    #[arg(long, value_name = "N", requires = "block_header")]
    pub height: Vec<u64>,
}

/// Options of `redact`.
#[derive(Debug, Args)]
#[command(after_help = "\
The notice is an entry like others, and says that something is withheld, by whom and why. With
--erase the bytes are removed from this disk, for good; copies that others made, backups and the
history of a version control stay. `verify` and `audit` then say withheld, and never tampered.

Examples:
  whosaid redact 17 --reason \"names a minor\"
  whosaid redact 17 --reason \"court order 4 O 12/24\" --erase
  whosaid redact 17 --reason \"court order 4 O 12/24\" --erase --statement --yes")]
pub struct Redact {
    /// The entry (its number, or the beginning of its id)
    pub id: String,
    /// Why, in a sentence that will be public
    #[arg(long)]
    pub reason: String,
    /// Remove the captures that it names from this disk, unless another record names them too
    #[arg(long)]
    pub erase: bool,
    /// Remove also the statement itself; what it said is then gone, that it was there stays proven
    #[arg(long, requires = "erase")]
    pub statement: bool,
    /// Do not ask before erasing
    #[arg(long)]
    pub yes: bool,
    /// How to sign
    #[command(flatten)]
    pub signing: Signing,
}
