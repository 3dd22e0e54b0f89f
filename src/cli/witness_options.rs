//! What can be typed to be a witness, and to be witnessed.

use std::path::PathBuf;

use clap::Args;

/// Options of `witness`.
#[derive(Debug, Args)]
#[command(after_help = "\
Whoever keeps the ledger prints the key that --log takes: it stands in keys/policy, behind `log`.

Examples:
  whosaid witness --name desk.example/w1 --log example.org/claims+5ea78746+AYqI49…
  whosaid witness --name desk.example/w1 --policy their-policy --listen 0.0.0.0:8470

Put a server with a certificate (https) before it when it is reached over the internet.
POST /add-checkpoint and GET /<hash of origin>/checkpoint are all that it answers.
A clock that is right is all that it needs besides; its folder holds its key and its memory: lose
that folder, and make a new key under a new name.")]
pub struct Witness {
    /// The witness's name in the world: a URL without scheme that you will keep
    #[arg(long)]
    pub name: String,
    /// The key of a log to follow (as it stands in its policy); can be given again
    #[arg(long, value_name = "VKEY")]
    pub log: Vec<String>,
    /// Follow all logs of this policy file
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
    /// The address to listen on; port 0 is any free port
    #[arg(long, default_value = "127.0.0.1:8470", value_name = "ADDRESS")]
    pub listen: String,
    /// The folder of its key and its memory; made if it is not there
    #[arg(long, default_value = "witness", value_name = "DIR")]
    pub dir: PathBuf,
    /// Read the passphrase of its key from a file (its first line), or from standard input with -
    #[arg(long, env = "WHOSAID_PASSPHRASE_FILE", value_name = "FILE", hide_env_values = true)]
    pub passphrase_file: Option<PathBuf>,
    /// Cosign as of this time instead of the clock's (seconds since 1970); for tests
    #[arg(long, env = "WHOSAID_TIME", hide_env_values = true, value_name = "SECONDS", hide = true)]
    pub at: Option<u64>,
}

/// Options of `cosign`.
#[derive(Debug, Args)]
#[command(
    after_help = "Finishes a commit for which too few witnesses could be reached; needs the \
log's key then, and only then.\n\nExample:  whosaid cosign"
)]
pub struct Cosign {
    /// Read the passphrase of the log's key from a file (its first line), or from standard input
    /// with -
    #[arg(long, env = "WHOSAID_PASSPHRASE_FILE", value_name = "FILE", hide_env_values = true)]
    pub passphrase_file: Option<PathBuf>,
}

/// Options of `key trust` for the key of a witness. It must cosign the checkpoint as it stands
/// before anything is changed.
#[derive(Debug, Args)]
pub struct TrustWitness {
    /// For a witness's key: where it can be asked
    #[arg(long)]
    pub url: Option<String>,
    /// For a witness's key: what the policy is to call it; the name of its key when left out
    #[arg(long)]
    pub name: Option<String>,
    /// For a witness's key: how many witnesses must cosign; when left out, the first witness must,
    /// and for a later one the quorum is kept
    #[arg(long, value_name = "any|all|K|none|keep")]
    pub quorum: Option<String>,
}

impl TrustWitness {
    /// The first of these options that was given, by its name.
    pub(crate) fn given(&self) -> Option<&'static str> {
        let given = [("--url", &self.url), ("--name", &self.name), ("--quorum", &self.quorum)];
        given.into_iter().find(|(_, value)| value.is_some()).map(|(name, _)| name)
    }
}
