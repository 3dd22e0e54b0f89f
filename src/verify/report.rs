//! What a verification found: faults with their places, counts, and one verdict.

use std::fmt::Display;

use serde::Serialize;

use crate::hash::Hash;
use crate::key::Thumbprint;
use crate::tlog::checkpoint::{Cosigned, LoggedBefore};

/// The answer. Only [`Verdict::Verified`] says yes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Everything was checked, and everything holds.
    Verified,
    /// Something was checked and does not hold.
    Failed,
    /// Nothing failed, but something could not be checked.
    Undecided,
}

/// How a fault is to be understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// Something differs from what was signed, or was slipped in.
    Tampered,
    /// Something that was signed is not there, and no notice says why.
    Incomplete,
    /// Something is not there, and a notice in the ledger says why.
    Withheld,
    /// The log is smaller than it was when it was last seen.
    RolledBack,
    /// The log has signed another history than the one that was last seen.
    Forked,
}

/// The kinds of check, in the order in which they are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// The checkpoint is signed as the policy demands.
    Checkpoint,
    /// The tiles are those of the checkpoint's tree.
    Tiles,
    /// The entries are the leaves of that tree.
    Entries,
    /// Each statement has the hash that its entry says, and reads as a record.
    Statements,
    /// Each statement is signed by a key that had the power to.
    Signatures,
    /// Each reference points to an earlier statement of the right kind.
    References,
    /// Each capture has the digest and size that the records say.
    Captures,
    /// No other file lies in the ledger.
    Files,
    /// The log continues what was seen of it before. Listed only if something was.
    Continuity,
}

/// All kinds of check.
pub const SUBJECTS: [Subject; 9] = [
    Subject::Checkpoint,
    Subject::Tiles,
    Subject::Entries,
    Subject::Statements,
    Subject::Signatures,
    Subject::References,
    Subject::Captures,
    Subject::Files,
    Subject::Continuity,
];

/// The most faults that are listed. A ledger damaged beyond that is beyond repair fault by fault,
/// and a checkpoint may promise 2^64 entries that nobody has.
pub const FAULTS: usize = 10_000;

/// One thing found wrong, or not there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// How it is to be understood.
    pub kind: FaultKind,
    /// Which check found it.
    pub check: Subject,
    /// The file, relative to the ledger.
    pub file: String,
    /// The entry, where one can be named.
    pub entry: Option<u64>,
    /// What was found and what was expected.
    pub what: String,
}

/// How one kind of check came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// All that was there to check holds.
    Pass,
    /// Something does not hold.
    Fail,
    /// Something could not be checked, and nothing failed.
    NotChecked,
}

/// One line of the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Check {
    /// Which kind.
    pub name: Subject,
    /// How it came out.
    pub result: Outcome,
    /// How many things were checked and hold.
    pub passed: u64,
    /// How many could not be checked.
    pub not_checked: u64,
}

/// What a key signed at or after the entry from which it was revoked: valid, and marked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Suspect {
    /// The recorder's name.
    pub recorder: String,
    /// The key.
    pub key: Thumbprint,
    /// From which entry on it is suspect.
    pub from: u64,
    /// The entries that it signed from there on.
    pub entries: Vec<u64>,
}

/// Numbers in order, with neighbours joined, and cut short where there are many: `4-6, 9`.
pub fn spans(numbers: &[u64]) -> String {
    const SHOWN: usize = 12;
    let mut spans: Vec<(u64, u64)> = Vec::new();
    for &number in numbers {
        match spans.last_mut() {
            Some((_, last)) if *last + 1 == number => *last = number,
            _ => spans.push((number, number)),
        }
    }
    let print = |(first, last): &(u64, u64)| match last - first {
        0 => first.to_string(),
        _ => format!("{first}-{last}"),
    };
    let shown: Vec<String> = spans.iter().take(SHOWN).map(print).collect();
    let more = if spans.len() > SHOWN { ", …" } else { "" };
    format!("{}{more}", shown.join(", "))
}

/// Everything that a verification found.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// The log's name, once the checkpoint is trusted.
    pub origin: Option<String>,
    /// The number of entries that the checkpoint covers.
    pub tree_size: u64,
    /// The root that it commits to.
    pub root: Option<Hash>,
    /// How many witnesses of the policy cosigned.
    pub witnesses: usize,
    /// Which ones, and when; a witness that cosigned twice stands there twice.
    pub cosigned: Vec<Cosigned>,
    /// By what time all entries were there, by the policy's witnesses, if any cosigned.
    pub logged_before: Option<LoggedBefore>,
    /// All faults, in the order of the checks.
    pub faults: Vec<Fault>,
    /// Things worth knowing that are no faults.
    pub notes: Vec<String>,
    /// How many partial files lie there that only earlier checkpoints needed, each the beginning
    /// of the file that took its place. The checks do not count them.
    pub superseded: u64,
    /// What revoked keys signed from the stated entry on.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub suspect: Vec<Suspect>,
    #[serde(skip)]
    passed: [u64; SUBJECTS.len()],
    #[serde(skip)]
    not_checked: [u64; SUBJECTS.len()],
    #[serde(skip)]
    left_out: [bool; SUBJECTS.len()],
    #[serde(skip)]
    reached: bool,
}

impl Report {
    pub(crate) fn new() -> Self {
        Self {
            origin: None,
            tree_size: 0,
            root: None,
            witnesses: 0,
            cosigned: Vec::new(),
            logged_before: None,
            faults: Vec::new(),
            notes: Vec::new(),
            superseded: 0,
            suspect: Vec::new(),
            passed: [0; SUBJECTS.len()],
            not_checked: [0; SUBJECTS.len()],
            // Made only by those who remember something.
            left_out: SUBJECTS.map(|subject| subject == Subject::Continuity),
            reached: false,
        }
    }

    /// The checkpoint is trusted: the other checks were made at all.
    pub(crate) fn reach(&mut self) {
        self.reached = true;
    }

    /// Adds what was found of a part: its faults, notes and counts.
    pub(crate) fn absorb(&mut self, part: Self) {
        self.faults.extend(part.faults);
        self.notes.extend(part.notes);
        for subject in SUBJECTS {
            self.passed[subject as usize] += part.passed[subject as usize];
            self.not_checked[subject as usize] += part.not_checked[subject as usize];
        }
    }

    pub(crate) fn pass(&mut self, subject: Subject, count: u64) {
        self.passed[subject as usize] += count;
    }

    pub(crate) fn skip(&mut self, subject: Subject) {
        self.not_checked[subject as usize] += 1;
    }

    /// The check applies after all: it is listed.
    pub(crate) fn take_in(&mut self, subject: Subject) {
        self.left_out[subject as usize] = false;
    }

    /// The check does not apply here: it is not listed, and decides nothing.
    pub(crate) fn leave_out(&mut self, subject: Subject) {
        self.left_out[subject as usize] = true;
    }

    pub(crate) fn fault(
        &mut self,
        kind: FaultKind,
        check: Subject,
        (file, entry): (impl Display, Option<u64>),
        what: impl Display,
    ) {
        let (file, what) = (file.to_string(), what.to_string());
        self.faults.push(Fault { kind, check, file, entry, what });
    }

    /// A statement or a capture is not shown, and a redaction notice says so.
    pub(crate) fn withhold(&mut self, check: Subject, place: (impl Display, Option<u64>)) {
        let what = if check == Subject::Captures { "capture" } else { "statement" };
        let what = format!("the {what} is withheld, as a redaction notice says");
        self.fault(FaultKind::Withheld, check, place, what);
    }

    /// Lists what a revocation marks, and says so.
    pub(crate) fn mark(&mut self, suspect: Suspect) {
        let Suspect { recorder, key, from, entries } = &suspect;
        let (count, key) = (entries.len(), &key.to_string()[..12]);
        let (verb, noun) = if count == 1 { ("is", "entry") } else { ("are", "entries") };
        self.notes.push(format!(
            "{count} {noun} of {recorder} {verb} suspect: key {key} was revoked from entry {from} \
             on, and signed {}",
            spans(entries)
        ));
        self.suspect.push(suspect);
    }

    /// Whether enough has been found.
    pub(crate) fn is_full(&self) -> bool {
        self.faults.len() >= FAULTS
    }

    /// Whether whoever verifies what is added later may go on from here: all holds, or nothing is
    /// wrong but that statements or captures are withheld, with notices that say so.
    pub(crate) fn may_be_gone_on_from(&self) -> bool {
        self.reached && self.faults.iter().all(|fault| fault.kind == FaultKind::Withheld)
    }

    /// How many checks could not be made, beside those of what is withheld: that is found again by
    /// whoever goes on from here.
    pub(crate) fn left_unchecked(&self) -> u64 {
        self.not_checked.iter().sum()
    }

    /// Takes over how many checks could not be made of what was verified before.
    pub(crate) fn take_over(&mut self, count: u64) {
        if count > 0 {
            self.not_checked[Subject::Statements as usize] += count;
            self.notes.push(format!(
                "of what was verified before, {count} checks could not be made, because not everything \
                 was there to be read"
            ));
        }
    }

    /// One line for each kind of check that applies.
    pub fn checks(&self) -> Vec<Check> {
        let applies = |subject: &&Subject| !self.left_out[**subject as usize];
        SUBJECTS.iter().filter(applies).map(|subject| self.check(*subject)).collect()
    }

    /// The one answer.
    pub fn verdict(&self) -> Verdict {
        let checks = self.checks();
        if checks.iter().any(|check| check.result == Outcome::Fail) {
            Verdict::Failed
        } else if checks.iter().any(|check| check.result == Outcome::NotChecked) {
            Verdict::Undecided
        } else {
            Verdict::Verified
        }
    }

    fn check(&self, name: Subject) -> Check {
        let (passed, mut not_checked) =
            (self.passed[name as usize], self.not_checked[name as usize]);
        let faults = self.faults.iter().filter(|fault| fault.check == name);
        let (withheld, failed): (Vec<_>, Vec<_>) =
            faults.partition(|fault| fault.kind == FaultKind::Withheld);
        not_checked += withheld.len() as u64;
        let unreached = !self.reached && name != Subject::Checkpoint;
        let result = if !failed.is_empty() {
            Outcome::Fail
        } else if not_checked > 0 || unreached {
            Outcome::NotChecked
        } else {
            Outcome::Pass
        };
        Check { name, result, passed, not_checked }
    }
}

#[cfg(test)]
mod tests {
    use super::spans;

    #[test]
    fn neighbours_are_joined_and_many_are_cut_short() {
        let check = |numbers: &[u64], expected: &str| assert_eq!(spans(numbers), expected);
        check(&[], "");
        check(&[7], "7");
        check(&[4, 5, 6, 9], "4-6, 9");
        check(&[0, 2, 3], "0, 2-3");
        let odd: Vec<u64> = (0..14).map(|number| 2 * number).collect();
        check(&odd[..12], "0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22");
        check(&odd, "0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, …");
    }
}
