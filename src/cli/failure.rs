//! How a command fails: a code that `explain` knows, a message, hints, and an exit code.

use std::fmt::{self, Display};

use serde::Serialize;

use crate::attribution::keyring;
use crate::claimfile::compose;
use crate::claimfile::fault::Faults;
use crate::keyfile;
use crate::ledger::{batch, cosigning, reading, writing};
use crate::receipt::prove;
use crate::store::{self, failure, loose};
use crate::tlog::checkpoint;
use crate::web::{fetch, page};

/// The exit codes, the same for every command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    /// It holds, or it is done.
    Holds = 0,
    /// Checked, and it does not hold.
    DoesNotHold = 1,
    /// Bad usage or input.
    Usage = 2,
    /// Could not read or write.
    Io = 3,
    /// A key is needed or refused.
    Key = 4,
    /// Nothing failed, but something could not be checked.
    Undecided = 5,
}

/// An error code: its name, its exit code, and what `explain` says of it.
#[derive(Debug)]
pub(crate) struct Code {
    pub(crate) name: &'static str,
    pub(crate) exit: Exit,
    pub(crate) words: &'static str,
}

macro_rules! codes {
    ($($constant:ident = $name:literal, $exit:ident, $words:literal;)*) => {
        $(pub(crate) const $constant: Code =
            Code { name: $name, exit: Exit::$exit, words: $words };)*
        /// All codes, for `explain`.
        pub(crate) const CODES: &[Code] = &[$($constant),*];
    };
}

codes! {
    USAGE = "usage", Usage, "The command line could not be understood. Each command has --help with examples.";
    INPUT = "input", Usage, "Something that was given (a claim file, a quote, a date, a key of a party) is wrong. \
Nothing was appended: a batch goes in whole or not at all.";
    REFERENCE = "reference", Usage, "An id or key refers to nothing in this ledger, to several things, or to the wrong kind of thing.";
    NO_LEDGER = "no-ledger", Usage, "There is no ledger in the folder: it has no checkpoint. `whosaid init` makes one; --ledger names another folder.";
    EXISTS = "exists", Usage, "A ledger or a key is there already. Nothing is ever overwritten.";
    CLOCK = "clock", Usage, "The clock of this machine is behind the last entry of the ledger. Entries are in order of time; set the clock right.";
    NEWER = "newer-format", Usage, "The ledger was written by a newer version of this program, which may mean things that this one does not know.";
    LOCKED = "locked", Io, "Another process is writing to this ledger. One writer at a time; try again when it has ended.";
    IO = "io", Io, "A file could not be read or written. The message names it. A batch goes in whole or not at all.";
    INTERRUPTED = "interrupted", Io, "Somebody pressed Ctrl-C. What was committed stays; the same command, given again, goes on from there.";
    UNFINISHED = "unfinished", Io, "The disk failed in the middle of a commit. What was recorded is finished, or swept, when the ledger is next opened for writing.";
    KEY = "key", Key, "A secret key is missing, cannot be opened, or is not one that may sign here.";
    PASSPHRASE = "passphrase", Key, "The secret key is encrypted, and the passphrase is missing or wrong.";
    DAMAGED = "damaged", DoesNotHold, "The ledger on the disk is not what its checkpoint says. `whosaid verify` names every file and entry.";
    DOES_NOT_VERIFY = "does-not-verify", DoesNotHold, "The ledger does not verify, so nothing is said about its claims. `whosaid verify` names every file and entry.";
    WITNESSES = "witnesses", Io, "Too few of the policy's witnesses cosigned the checkpoint, so it was not published. What was recorded stays recorded; the same checkpoint is published when they answer.";
    ALARM = "alarm", DoesNotHold, "A witness has seen another history of this log: another copy of the ledger is in use, or it was put back to an earlier state. Nothing was published. Asking again cannot mend it.";
    MEMORY = "monitor-memory", Io, "What a monitor remembers of a ledger cannot be read. It is never begun anew by itself, \
for whoever damaged it may have wanted just that. Put a copy back, or remove it to be told everything from the start.";
    ROLLED_BACK = "rolled-back", DoesNotHold, "The ledger is smaller than when it was last seen from here. An honest log never goes back: \
a backup was restored, or somebody hides entries. What was seen is remembered in the state directory.";
    FORKED = "forked", DoesNotHold, "The log has signed two histories that exclude one another: the one seen before from here, and this one. \
The fork proof that was written shows it to anybody who has the log's key.";
    FORK_NOT_PROVEN = "fork-not-proven", DoesNotHold, "The file is a fork proof that does not prove a fork: the log of the policy did not sign both histories, or they go together.";
    RECEIPT = "receipt", Usage, "The file is no receipt: neither a .tlog-proof, nor a SCITT transparent statement, nor a bundle of `whosaid prove`.";
    POLICY = "policy", Usage, "keys/policy says whose signature is trusted. It is missing, or not a C2SP tlog-policy.";
}

/// Why a command failed.
#[derive(Debug)]
pub(crate) struct Failure {
    code: Code,
    message: String,
    hints: Vec<String>,
}

#[derive(Serialize)]
struct Json<'a> {
    schema: &'static str,
    ok: bool,
    code: &'static str,
    message: &'a str,
    hints: &'a [String],
    exit: u8,
}

impl Failure {
    pub(crate) fn new(code: Code, message: impl Display) -> Self {
        Self { code, message: message.to_string(), hints: Vec::new() }
    }

    pub(crate) fn usage(message: impl Display) -> Self {
        Self::new(USAGE, message)
    }

    pub(crate) fn hint(mut self, hint: impl Display) -> Self {
        self.hints.push(hint.to_string());
        self
    }

    /// Puts the thing concerned before the message.
    pub(crate) fn about(mut self, thing: impl Display) -> Self {
        self.message = format!("{thing}: {}", self.message);
        self
    }

    /// Whether it fails with this code.
    pub(crate) fn is(&self, code: &Code) -> bool {
        self.code.name == code.name
    }

    pub(crate) fn exit(&self) -> Exit {
        self.code.exit
    }

    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    pub(crate) fn hints(&self) -> &[String] {
        &self.hints
    }

    pub(crate) fn json(&self) -> impl Serialize + '_ {
        Json {
            schema: "whosaid.error/1",
            ok: false,
            code: self.code.name,
            message: &self.message,
            hints: &self.hints,
            exit: self.code.exit as u8,
        }
    }
}

impl From<store::Error> for Failure {
    fn from(error: store::Error) -> Self {
        use store::Error;
        match &error {
            Error::NoFolder(_) => Self::new(NO_LEDGER, &error)
                .hint("make one with `whosaid init`, or name its folder with --ledger"),
            Error::Locked(_) => Self::new(LOCKED, &error).hint("try again when it has ended"),
            Error::Tampered(_) | Error::NotAFile(_) | Error::TooLong { .. } => {
                Self::new(DAMAGED, &error).hint("run `whosaid verify`")
            }
            Error::StagedDamaged(_) | Error::NotStaged { .. } => Self::new(DAMAGED, &error)
                .hint("an interrupted commit waits for it: put `.state` back from a backup, whole"),
            Error::Unfinished(inner) if matches!(**inner, Error::NotStaged { .. }) => {
                Self::new(DAMAGED, &error)
                    .hint("it was lost since: put `.state` back from a backup, whole")
            }
            Error::OutcomeUnknown(_) | Error::Unfinished(_) => Self::new(UNFINISHED, &error)
                .hint("when the disk is well again, run the same command once more"),
            Error::NotFetched { hint: Some(hint), .. } => Self::new(IO, &error).hint(hint),
            _ => Self::new(IO, &error),
        }
    }
}

impl From<failure::Failure> for Failure {
    fn from(error: failure::Failure) -> Self {
        Self::new(IO, error)
    }
}

impl From<fetch::Error> for Failure {
    fn from(error: fetch::Error) -> Self {
        let code = if matches!(error, fetch::Error::Url { .. }) { USAGE } else { IO };
        let failure = Self::new(code, &error);
        match error.hint() {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    }
}

impl From<page::Error> for Failure {
    fn from(error: page::Error) -> Self {
        let is_slip = matches!(error, page::Error::Fetch(fetch::Error::Url { .. }));
        let failure = Self::new(if is_slip { USAGE } else { IO }, &error);
        match error.hint() {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    }
}

impl From<loose::ReadError> for Failure {
    fn from(error: loose::ReadError) -> Self {
        match &error {
            loose::ReadError::Failed(_) => Self::new(IO, error),
            loose::ReadError::TooLong { .. } => Self::new(INPUT, error),
        }
    }
}

impl From<reading::Error> for Failure {
    fn from(error: reading::Error) -> Self {
        match error {
            reading::Error::Store(error) => error.into(),
            error => Self::new(DAMAGED, error).hint("run `whosaid verify`"),
        }
    }
}

impl From<writing::Error> for Failure {
    fn from(error: writing::Error) -> Self {
        use writing::Error;
        match error {
            Error::Store(error) => error.into(),
            Error::Reading(error) => error.into(),
            Error::NoLedger => Self::new(NO_LEDGER, error)
                .hint("make one with `whosaid init`, or name its folder with --ledger"),
            Error::AlreadyALedger(_) => Self::new(EXISTS, error),
            Error::Unfinished => Self::new(UNFINISHED, error)
                .hint("the next command that appends finishes it, also with --dry-run"),
            Error::WrongLogKey(_) => {
                Self::new(KEY, error).hint("--keys names the folder that belongs to this ledger")
            }
            Error::Newer { .. } => {
                Self::new(NEWER, error).hint("a newer version of this program can read it")
            }
            Error::Committed(_) => Self::new(IO, error).hint(
                "run the command again: the index catches up first, and nothing goes in twice",
            ),
            Error::Index(_) => Self::new(IO, error)
                .hint("writing needs a folder that you may write to, on a disk with space")
                .hint("the index can be removed (.state/index.sqlite*): it is made anew"),
            Error::Checkpoint(checkpoint::Error::Quorum { .. }) => Self::new(WITNESSES, error)
                .hint("run `whosaid cosign` to ask the witnesses that keys/policy names"),
            Error::Cosigning(ref inner) => {
                let (code, hints) = cosigning_code(inner);
                hints.iter().fold(Self::new(code, &error), Failure::hint)
            }
            error => Self::new(DAMAGED, error).hint("run `whosaid verify`"),
        }
    }
}

impl From<cosigning::Error> for Failure {
    fn from(error: cosigning::Error) -> Self {
        let (code, hints) = cosigning_code(&error);
        hints.iter().fold(Self::new(code, &error), Failure::hint)
    }
}

fn cosigning_code(error: &cosigning::Error) -> (Code, &'static [&'static str]) {
    use cosigning::Error;
    match error {
        Error::Store(store::Error::Locked(_)) => (LOCKED, &["try again when it has ended"]),
        Error::Store(_) => (IO, &[]),
        Error::NoLedger => (NO_LEDGER, &["--ledger names another folder"]),
        Error::Alarm { proven: false, .. } => (
            ALARM,
            &[
                "another copy of this ledger is in use, or it was put back to an earlier state",
                "the witness has shown nothing for it; to go on without it, edit keys/policy",
            ],
        ),
        Error::Alarm { .. } => (
            ALARM,
            &[
                "another copy of this ledger is in use, or it was put back to an earlier state",
                "append nothing more; compare the copies, and do not ask the witness again",
            ],
        ),
        Error::Quorum { .. } => (
            WITNESSES,
            &["run `whosaid cosign` when they can be reached; it publishes the same checkpoint"],
        ),
        Error::Unfinished => (UNFINISHED, &["`whosaid cosign` finishes it"]),
        _ => (DAMAGED, &["run `whosaid verify`"]),
    }
}

impl From<batch::Error> for Failure {
    fn from(error: batch::Error) -> Self {
        use batch::Error;
        match error {
            Error::Ledger(error) => error.into(),
            Error::Keyring(error) => error.into(),
            Error::Clock { .. } => Self::new(CLOCK, error).hint("set this machine's clock right"),
            Error::Dangling { .. }
            | Error::Kind { .. }
            | Error::NotFound(_)
            | Error::Ambiguous { .. }
            | Error::NotAnId(_) => {
                Self::new(REFERENCE, error).hint("`whosaid log` lists the entries with their ids")
            }
            error @ Error::Statement(_) => Self::new(INPUT, error),
        }
    }
}

impl From<prove::Error> for Failure {
    fn from(error: prove::Error) -> Self {
        use prove::Error;
        match error {
            Error::Reading(error) => error.into(),
            Error::NoCheckpoint => writing::Error::NoLedger.into(),
            Error::Checkpoint(error) => writing::Error::from(error).into(),
            Error::NotInTree { .. } => Self::new(DAMAGED, error).hint("run `whosaid verify`"),
            error => Self::new(INPUT, error),
        }
    }
}

impl From<keyring::Error> for Failure {
    fn from(error: keyring::Error) -> Self {
        Self::new(KEY, error)
            .hint("the charter (`whosaid show 0`) and later key records say who may sign")
    }
}

impl From<keyfile::Error> for Failure {
    fn from(error: keyfile::Error) -> Self {
        let code = match error {
            keyfile::Error::WrongPassphrase => PASSPHRASE,
            _ => KEY,
        };
        let failure = Self::new(code, &error);
        match error.hint() {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    }
}

impl From<Faults> for Failure {
    fn from(faults: Faults) -> Self {
        Self::new(INPUT, faults).hint("nothing was appended; mend the file and append it again")
    }
}

impl From<compose::Error> for Failure {
    fn from(error: compose::Error) -> Self {
        match error {
            compose::Error::Faults(faults) => faults.into(),
            compose::Error::Ledger(error) => error.into(),
        }
    }
}

impl Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}
