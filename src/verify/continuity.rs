//! Does the ledger continue what was seen of it before? Asked of whoever remembers.

use crate::ledger::reading;
use crate::memory::{self, Meeting, Memory, Standing};
use crate::store;
use crate::store::source::Source;
use crate::tlog::note::Note;
use crate::tlog::policy::Policy;
use crate::verify::Verification;
use crate::verify::report::{FaultKind, Subject};

/// Compares the checkpoint that was verified with what is remembered, and adds to the report what
/// is found. `None` if there was no checkpoint to be trusted, so nothing to compare.
///
/// Nothing is remembered yet: that is for the caller, once all that was checked holds.
///
/// # Errors
/// Only when the source cannot be reached.
pub fn check(
    source: &dyn Source,
    policy: &Policy,
    memory: &Memory,
    verification: &mut Verification,
) -> Result<Option<Meeting>, store::Error> {
    let Some(note) = &verification.note else { return Ok(None) };
    let mut meeting = memory.compare(source, note, policy)?;
    if matches!(meeting.standing, Standing::RolledBack(_)) {
        // Somebody may have written, and remembered it, while this was verified.
        meeting = compare_newest(source, policy, memory, note)?.unwrap_or(meeting);
    }
    let report = &mut verification.report;
    report.notes.extend(meeting.notes.iter().cloned());
    if meeting.standing == Standing::First {
        return Ok(Some(meeting));
    }
    report.take_in(Subject::Continuity);
    let kind = match &meeting.standing {
        Standing::First | Standing::Holds => {
            report.pass(Subject::Continuity, 1);
            return Ok(Some(meeting));
        }
        Standing::NotShown(_) => {
            report.skip(Subject::Continuity);
            report.notes.extend(meeting.standing.fault(meeting.size()));
            return Ok(Some(meeting));
        }
        Standing::RolledBack(_) => FaultKind::RolledBack,
        Standing::Forked(_) => FaultKind::Forked,
    };
    let what = meeting.standing.fault(meeting.size()).unwrap_or_default();
    report.fault(kind, Subject::Continuity, ("checkpoint", None), what);
    Ok(Some(meeting))
}

/// Compares the newest checkpoint, if it continues the one that was verified.
fn compare_newest(
    source: &dyn Source,
    policy: &Policy,
    memory: &Memory,
    verified: &[u8],
) -> Result<Option<Meeting>, store::Error> {
    let (Some(newest), Ok(earlier)) = (reading::checkpoint(source)?, Note::parse(verified)) else {
        return Ok(None);
    };
    let continues = memory::confront(source, &earlier, policy)? == Standing::Holds;
    if newest == verified || !continues {
        return Ok(None);
    }
    memory.compare(source, &newest, policy).map(Some)
}
