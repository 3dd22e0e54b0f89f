//! What can be typed after `whosaid gc`.

use clap::Args;

use crate::cli::signing_options::Waiting;

/// Options of `gc`.
#[derive(Debug, Args)]
#[command(after_help = "\
A ledger that grows by single appends keeps the last tile and the last bundle of entries in every
width that they had, many times its own bytes. Those go that the checkpoint as it stands does not
need; so do free pages of the indexes and what interrupted commands left behind. A file goes only
if its bytes are the beginning of one that stays, and the checkpoint and its files hold. No key is
needed.

Whoever read an earlier checkpoint a moment before, and still asks for its files, finds some of them
gone (404), which C2SP tlog-tiles does not allow before the full tile is there. `whosaid` takes the
wider file then; other clients have to read the checkpoint again. Proofs between checkpoints come
from the files of the newer one, and are not touched by this.

Examples:
  whosaid gc --dry-run
  whosaid gc")]
pub struct Gc {
    /// Say what would be removed, and remove nothing
    #[arg(long)]
    pub dry_run: bool,
    /// How long to wait
    #[command(flatten)]
    pub waiting: Waiting,
}
