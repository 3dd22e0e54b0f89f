//! Audit: on whose word, and how many independent origins?
//!
//! Pure: verified records and the bytes of captures come in as arguments, findings go out. It
//! never says that a claim is true, and what cannot be told is said to be unknown.

// What there is, and what became of it.
pub mod line;
pub(crate) mod answer;
pub mod captures;
pub mod graph;
pub mod standing;
pub mod impact;

// How many stand behind it.
pub mod bodies;
pub mod likeness;
pub mod circles;
pub mod path;
pub mod origins;

// One claim, judged.
pub mod control;
pub mod mutual;
pub mod naming;
pub mod trust;
pub mod backing;
pub mod schemes;
pub mod vouching;
pub mod packages;
pub mod case;
pub mod rules;
pub mod level;
pub mod draw;
pub mod vouched;
pub mod aloud;

// One claim, without reading the whole ledger.
pub mod part;

// One account, asked about.
pub mod controller;

use serde::Serialize;

use crate::attribution::id::Id;
use crate::attribution::truth::Truth;
use crate::audit::aloud::in_short;
use crate::audit::captures::Captures;
use crate::audit::case::Case;
use crate::audit::draw::draw;
use crate::audit::graph::{Found, Graph};
use crate::audit::level::{Reached, level};
use crate::audit::line::one_line;
use crate::audit::origins::Independence;
use crate::audit::rules::rule::Finding;
use crate::audit::standing::{Outcome, Standings};
use crate::audit::vouched::{Vouched, vouched};
use crate::tlog::checkpoint::LoggedBefore;
use crate::verify::report::Verdict;

/// The name and version of an audit as JSON. Fields are only ever added.
pub const SCHEMA: &str = "whosaid.audit/1";

/// What no audit shows, in plain words; printed every time.
pub const DOES_NOT_SHOW: [&str; 6] = [
    "This does not say that the claim is true, nor that the speaker believed it.",
    "It does not say that the recorder understood the words rightly: the proposition is a reading.",
    "It rests on what was recorded here; a correction or a tie that nobody recorded is not seen.",
    "That bytes match their digest says they were not changed since, not where they came from.",
    "The number of origins is the most there can be, not the number there is.",
    "A signature shows that a key signed these bytes; not that its owner meant them, or was right.",
];

/// Why there is nothing to audit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Another kind of record.
    #[error("{} is no claim but of the kind {kind}", id.short())]
    NotAClaim {
        /// The id asked for.
        id: Id,
        /// The kind of record it is.
        kind: &'static str,
    },
    /// The log has the entry, and its statement is not shown.
    #[error("entry {entry_index} ({}) is withheld, so there is nothing to audit", id.short())]
    Withheld {
        /// The id asked for.
        id: Id,
        /// Its place in the log.
        entry_index: u64,
    },
    /// Not in this ledger.
    #[error("{} is not in this ledger", id.short())]
    Unknown {
        /// The id asked for.
        id: Id,
    },
}

/// How many findings of each sort there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// That hold.
    pub holds: u64,
    /// That fail.
    pub fails: u64,
    /// That could not be decided.
    pub unknown: u64,
}

/// Everything an audit says of a claim.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Audit {
    /// [`SCHEMA`].
    pub schema: &'static str,
    /// Whether every rule that applies holds.
    pub ok: bool,
    /// The same in one of three words: verified if every rule that applies holds, failed if one
    /// fails, undecided if none fails and some could not be decided.
    pub verdict: Verdict,
    /// The claim.
    pub id: Id,
    /// Its place in the log.
    pub entry_index: u64,
    /// The size of the log that was looked at; what came later is not known here.
    pub tree_size: u64,
    /// Who recorded it.
    pub recorder: String,
    /// The speaker's name.
    pub speaker: String,
    /// What was said, in the recorder's words.
    pub said: String,
    /// By what time it was in the log, by the word of the policy's witnesses, if any cosigned.
    pub logged_before: Option<LoggedBefore>,
    /// The attribution level and what stops the next.
    pub level: Reached,
    /// How the claim stands.
    pub standing: Outcome,
    /// How many origins stand behind what it says.
    pub independence: Independence,
    /// The audit in a few sentences that can be read aloud.
    pub in_short: Vec<String>,
    /// What vouches for the bytes on its way, or for its entry: signatures and time stamps.
    pub vouched: Vec<Vouched>,
    /// What each rule found.
    pub findings: Vec<Finding>,
    /// How many findings of each sort.
    pub counts: Counts,
    /// The chain as text.
    pub drawing: String,
    /// [`DOES_NOT_SHOW`].
    pub does_not_show: [&'static str; DOES_NOT_SHOW.len()],
}

/// Audits one claim. `captures` gives the bytes under a digest, as far as the caller has them.
///
/// The graph decides as of when: built from the first records of a log, the audit is of then.
pub fn audit(graph: &Graph, id: Id, captures: &Captures<'_>) -> Result<Audit, Error> {
    let tree_size = graph.tree_size();
    let standings = Standings::as_of(graph, tree_size);
    audit_with(graph, &standings, id, captures)
}

/// The same with standings made before, for whoever audits many claims of one graph.
pub fn audit_with(
    graph: &Graph,
    standings: &Standings<'_>,
    id: Id,
    captures: &Captures<'_>,
) -> Result<Audit, Error> {
    let Some(case) = Case::gather(graph, standings, id, captures) else {
        return Err(match graph.find(id) {
            Found::Recorded(node) => Error::NotAClaim { id, kind: node.record().kind() },
            Found::Withheld { entry_index } => Error::Withheld { id, entry_index },
            Found::Dangling => Error::Unknown { id },
        });
    };
    let findings: Vec<Finding> = rules::ALL.iter().flat_map(|rule| rule.apply(&case)).collect();
    let counts = count(&findings);
    let verdict = match counts {
        Counts { fails: 1.., .. } => Verdict::Failed,
        Counts { unknown: 1.., .. } => Verdict::Undecided,
        _ => Verdict::Verified,
    };
    let mut audit = Audit {
        schema: SCHEMA,
        in_short: Vec::new(),
        ok: verdict == Verdict::Verified,
        verdict,
        id,
        entry_index: case.node.entry_index(),
        tree_size: standings.tree_size(),
        recorder: case.node.signed().statement().issuer().to_owned(),
        speaker: one_line(&graph.name_of(&case.claim.speaker)),
        said: case.claim.proposition.text.clone(),
        logged_before: graph.logged_before().cloned(),
        level: level(&case, &findings),
        drawing: draw(&case),
        vouched: vouched(&case),
        standing: case.outcome,
        independence: case.independence,
        findings,
        counts,
        does_not_show: DOES_NOT_SHOW,
    };
    audit.in_short = in_short(&audit);
    Ok(audit)
}

fn count(findings: &[Finding]) -> Counts {
    let mut counts = Counts::default();
    for finding in findings {
        match finding.truth {
            Truth::Holds => counts.holds += 1,
            Truth::Fails => counts.fails += 1,
            Truth::Unknown => counts.unknown += 1,
        }
    }
    counts
}

#[cfg(test)]
pub(crate) mod notebook;
#[cfg(test)]
pub(crate) mod signing;
