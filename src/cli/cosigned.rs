//! What came of asking witnesses, for whoever watches; and what is kept when one shows another
//! history of this log.

use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::cli::failure::Failure;
use crate::cli::summary;
use crate::cli::terminal::Terminal;
use crate::hash::Hash;
use crate::ledger::asking::{Alarm, Asked, Evidence, Outcome};
use crate::ledger::{cosigning, writing};
use crate::store::loose::{self, Readers};

/// What came of asking one witness, as JSON.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    pub(crate) witness: String,
    pub(crate) cosigned: bool,
    /// In seconds since 1970.
    pub(crate) time: Option<u64>,
    /// Why not.
    pub(crate) why: Option<String>,
}

impl From<&Asked> for Row {
    fn from(asked: &Asked) -> Self {
        let witness = asked.witness.clone();
        let not = |why: &str| (None, Some(why.to_owned()));
        let (time, why) = match &asked.outcome {
            Outcome::Cosigned { time, .. } => (Some(*time), None),
            Outcome::NotAsked => not("it has no URL in the policy"),
            Outcome::Refused(what) => not(what),
            Outcome::Alarm(alarm) => not(&alarm.what),
        };
        Self { witness, cosigned: time.is_some(), time, why }
    }
}

/// Says which witnesses cosigned, and which did not.
pub(crate) fn tell(asked: &[Asked], terminal: &Terminal) {
    for row in asked.iter().map(Row::from) {
        let witness = &row.witness;
        terminal.talk(match (row.time, &row.why) {
            (Some(time), _) => format!("witness {witness} cosigned at {}", summary::time(time)),
            (None, why) => {
                let why = why.as_deref().unwrap_or_default();
                format!("warning: witness {witness} did not cosign: {why}")
            }
        });
    }
}

/// As [`failure`], for a command that writes: the commit is recorded, and not published.
pub(crate) fn of_writing(error: writing::Error, state: &Path) -> Failure {
    let kept = match &error {
        writing::Error::Cosigning(inner) => keep_evidence(inner, state),
        _ => Vec::new(),
    };
    with_evidence(error.into(), kept)
}

/// The failure, and where the evidence of another history is kept.
pub(crate) fn failure(error: cosigning::Error, state: &Path) -> Failure {
    let kept = keep_evidence(&error, state);
    with_evidence(error.into(), kept)
}

fn with_evidence(failure: Failure, kept: Vec<Result<PathBuf, Failure>>) -> Failure {
    kept.into_iter().fold(failure, |failure, kept| match kept {
        Ok(path) => failure.hint(format!("what it shows is kept in {}", path.display())),
        Err(error) => failure.hint(format!("what it shows could not be kept: {error}")),
    })
}

/// Keeps what witnesses show of another history, in the private folder of the ledger.
fn keep_evidence(error: &cosigning::Error, state: &Path) -> Vec<Result<PathBuf, Failure>> {
    let cosigning::Error::Alarm { asked, .. } = error else { return Vec::new() };
    let shown = asked.iter().filter_map(|it| match &it.outcome {
        Outcome::Alarm(Alarm { evidence: Some(evidence), .. }) => Some(evidence),
        _ => None,
    });
    shown.map(|evidence| keep(evidence, state)).collect()
}

fn keep(Evidence { note, fork }: &Evidence, state: &Path) -> Result<PathBuf, Failure> {
    let (text, ending) = match fork {
        Some(fork) => (fork.to_string(), "fork"),
        None => (note.to_string(), "checkpoint"),
    };
    let name = &Hash::of(text.as_bytes()).to_string()[..12];
    let path = state.join(format!("alarm-{name}.{ending}"));
    loose::replace(&path, text.as_bytes(), Readers::Everyone)?;
    Ok(path)
}
