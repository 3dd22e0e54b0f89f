//! What can be typed to sign, and to wait for one's turn, for every command that does.

use std::path::PathBuf;

use clap::Args;

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

    /// How long to wait
    #[command(flatten)]
    pub waiting: Waiting,

    /// Say what would be appended, and append nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// How patient a command is that writes.
#[derive(Debug, Args)]
pub struct Waiting {
    /// How long to wait while another command writes to the ledger
    #[arg(
        long,
        env = "WHOSAID_WAIT",
        hide_env_values = true,
        value_name = "SECONDS",
        default_value_t = 60
    )]
    pub wait: u64,
}
