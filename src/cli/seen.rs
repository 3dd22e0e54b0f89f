//! What was seen of a log before: compared by every command that reads a ledger, and remembered
//! when what was checked holds. That nothing can be remembered stops no reader.

use crate::cli::failure::{self, Failure};
use crate::cli::terminal::Terminal;
use crate::ledger::reading;
use crate::memory::{Meeting, Memory, Standing};
use crate::store::source::Source;
use crate::tlog::fork::Fork;
use crate::tlog::policy::Policy;

/// What a person can do about a log that went back or is forked.
pub(crate) const COMPARE: &str =
    "another copy of this ledger may be in use: compare with it, and add nothing to this one";

/// Compares the ledger's checkpoint with what was seen before; refuses one that went back or is
/// forked. `None` where nothing can be remembered, or there is no checkpoint yet.
///
/// `distrust` drops what was kept of the ledger, and says whether there was something: tiles of
/// another history hide which one the server tells.
pub(crate) fn meet(
    memory: Option<&Memory>,
    source: &dyn Source,
    policy: &Policy,
    distrust: &dyn Fn() -> bool,
) -> Result<Option<Meeting>, Failure> {
    let Some(memory) = memory else { return Ok(None) };
    let Some(mut note) = reading::checkpoint(source)? else { return Ok(None) };
    let mut meeting = memory.compare(source, &note, policy)?;
    while matches!(meeting.standing, Standing::RolledBack(_)) {
        // Another process may commit and remember between the two looks.
        let Some(again) = reading::checkpoint(source)?.filter(|again| *again != note) else {
            break;
        };
        note = again;
        meeting = memory.compare(source, &note, policy)?;
    }
    if matches!(meeting.standing, Standing::NotShown(_)) && distrust() {
        meeting = memory.compare(source, &note, policy)?;
    }
    let Some(fault) = meeting.standing.fault(meeting.size()) else { return Ok(Some(meeting)) };
    Err(match &meeting.standing {
        Standing::Forked(fork) => {
            let kept = keep_fork(memory, fork);
            Failure::new(failure::FORKED, fault).hint(kept).hint(COMPARE)
        }
        Standing::RolledBack(_) => Failure::new(failure::ROLLED_BACK, fault).hint(COMPARE),
        _ => Failure::new(failure::DAMAGED, fault).hint("run `whosaid verify`"),
    })
}

/// Remembers a checkpoint after everything that was checked held.
pub(crate) fn remember(
    memory: Option<&Memory>,
    meeting: Option<&Meeting>,
    policy: &Policy,
    terminal: &Terminal,
) {
    let Some(memory) = memory else {
        terminal
            .talk("note: nothing can be remembered of this ledger: WHOSAID_STATE names no folder");
        return;
    };
    let Some(meeting) = meeting else { return };
    for note in &meeting.notes {
        terminal.talk(format!("note: {note}"));
    }
    match memory.remember(meeting, policy) {
        Err(error) => {
            terminal.talk(format!("note: nothing can be remembered of this ledger: {error}"));
        }
        Ok(()) if meeting.standing == Standing::First => {
            if let Some(key) = meeting.keys().next() {
                terminal.talk(format!(
                    "note: {} is seen for the first time here; later it is compared with this",
                    key.name()
                ));
            }
        }
        Ok(()) => {}
    }
}

/// Remembers what this user has just written. Whether it continues what was seen was asked before.
pub(crate) fn remember_own(
    memory: Option<&Memory>,
    source: &dyn Source,
    policy: &Policy,
    terminal: &Terminal,
) {
    let (Some(memory), Ok(Some(note))) = (memory, reading::checkpoint(source)) else { return };
    let compared = memory.compare(source, &note, policy);
    let trouble = match compared.map(|meeting| memory.remember(&meeting, policy)) {
        Ok(Ok(())) => return,
        Ok(Err(error)) => error.to_string(),
        Err(error) => error.to_string(),
    };
    terminal.talk(format!("note: nothing can be remembered of this ledger: {trouble}"));
}

/// Writes a fork proof, and says where, or why not.
pub(crate) fn keep_fork(memory: &Memory, fork: &Fork) -> String {
    match memory.keep_fork(fork) {
        Ok(path) => format!("a proof that others can check was written: {}", path.display()),
        Err(error) => format!("the fork proof could not be kept: {error}"),
    }
}
