//! What a monitor reports: events, each of one entry, and alarms, each of a whole ledger.
//!
//! Both are the public form in which programs get them (schema `whosaid.monitor/1`): fields are
//! only ever added. `docs/MONITOR.md` describes them.

use std::fmt::Display;

use serde::Serialize;

use crate::attribution::id::Id;
use crate::attribution::record::Record;
use crate::tlog::fork::Fork;
use crate::tlog::merkle::Tree;

/// What an event is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A new claim by or about somebody who is watched.
    Claim,
    /// A correction, retraction, rebuttal, redaction or tombstone of something reported.
    Notice,
    /// How a reported claim bears on another, or another on it.
    Relation,
    /// A rating of something reported.
    Assessment,
    /// Who controls a channel, where the party is watched.
    Control,
    /// A channel that a watched party controls is described anew.
    Channel,
    /// A record of a party that is watched by name.
    Party,
    /// A recorder's key comes, goes or is replaced (asked for).
    Key,
    /// What was reported before was signed by a key that is now said to have been stolen then.
    Suspect,
    /// An entry whose statement is withheld: nobody can tell what it says.
    Withheld,
    /// A statement of a newer format, which this program cannot read.
    Newer,
    /// A statement that stands in the log, and that nobody who may has signed; or that is none.
    Refused,
}

/// Whether the statement's signature counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Signature {
    /// By a key that had the power to, at that entry.
    Holds,
    /// Nobody can tell: the key may stand in a statement that cannot be read.
    NotChecked,
    /// It does not count.
    Refused,
}

/// In what part a watched party occurs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// It is said to have said it.
    Speaker,
    /// It is said to have passed it on.
    Hop,
    /// The claim is about it.
    About,
    /// The later record is in its name.
    By,
    /// The record describes it.
    Described,
}

/// Why something is reported.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Because {
    /// What was asked for, as typed.
    pub watched: String,
    /// In what part it occurs.
    pub part: Part,
    /// The key of the party that occurs there, or its name as written where nobody resolved it.
    pub party: String,
    /// The key of the body to which that party belongs, where it is the body that is watched.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub through: Option<String>,
}

/// Something reported earlier that an event bears on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Touched {
    /// Its place in the log.
    pub entry: u64,
    /// Its id.
    pub id: Id,
    /// What it says, shortened; empty where nobody can read it.
    pub title: String,
}

/// A party that a record names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Named {
    /// The statement by which the record names it.
    pub id: Id,
    /// Its key.
    pub key: String,
    /// Its name.
    pub name: String,
}

/// One entry that matters to who is watching.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Event {
    /// What it is about.
    pub event: Kind,
    /// The place of the entry in the log. With the id, it tells a repeated event.
    pub entry: u64,
    /// The id of its statement.
    pub id: Id,
    /// Why it is reported; empty where everything is watched, or for the sake of `on`.
    pub because: Vec<Because>,
    /// What was reported earlier and is concerned.
    pub on: Vec<Touched>,
    /// Whether it was read before, and is reported now because a party is known by another name
    /// or body since.
    pub late: bool,
    /// Whether its signature counts; absent where there is nothing to check.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signature: Option<Signature>,
    /// What could not be read or does not hold, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub what: Option<String>,
    /// The recorder's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recorder: Option<String>,
    /// When it was recorded, by the recorder's clock, in seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recorded_at: Option<u64>,
    /// The parties that the record names.
    pub parties: Vec<Named>,
    /// The record.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record: Option<Record>,
}

/// What is wrong with a ledger as it is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AlarmKind {
    /// The checkpoint is smaller than one that was seen.
    RolledBack,
    /// The checkpoint does not continue one that was seen: the log has told two stories.
    Forked,
    /// Another log is served than before.
    AnotherLog,
    /// The checkpoint is not trusted, or what lies under it is not what it says.
    DoesNotVerify,
}

/// A ledger is not what it was, or not what it says. Nothing is taken from it until it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Alarm {
    /// What is wrong.
    pub alarm: AlarmKind,
    /// What was found, and what was expected.
    pub what: String,
    /// The file in which it shows.
    pub file: String,
    /// The entry at which it shows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entry: Option<u64>,
    /// The size of the tree that was seen before, where that matters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seen_size: Option<u64>,
    /// The size of the tree that is served now, where the checkpoint could be trusted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// The checkpoint as it was seen before, with its signatures.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seen_checkpoint: Option<String>,
    /// The checkpoint as it is served, with its signatures.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checkpoint: Option<String>,
    /// A fork proof (whosaid-fork/1), which anybody with the log's key can check.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fork_proof: Option<String>,
}

impl Event {
    /// An event of which nothing but its place is known yet.
    pub(crate) fn of(event: Kind, entry: u64, id: Id) -> Self {
        Self {
            event,
            entry,
            id,
            because: Vec::new(),
            on: Vec::new(),
            late: false,
            signature: None,
            what: None,
            recorder: None,
            recorded_at: None,
            parties: Vec::new(),
            record: None,
        }
    }

    /// An entry that cannot be read or believed.
    pub(crate) fn unreadable(event: Kind, entry: u64, id: Id, what: String) -> Self {
        let signature = (event == Kind::Refused).then_some(Signature::Refused);
        Self { signature, what: Some(what), ..Self::of(event, entry, id) }
    }
}

impl Alarm {
    /// Something is not what the checkpoint says.
    pub(crate) fn damage(
        file: &dyn Display,
        entry: Option<u64>,
        what: &dyn Display,
        found: Option<Tree>,
    ) -> Self {
        Self {
            alarm: AlarmKind::DoesNotVerify,
            what: what.to_string(),
            file: file.to_string(),
            entry,
            seen_size: None,
            size: found.map(|tree| tree.size),
            seen_checkpoint: None,
            checkpoint: None,
            fork_proof: None,
        }
    }

    /// What is served here excludes what was seen elsewhere.
    pub(crate) fn forked_elsewhere(seen: &str, fork: &Fork) -> Self {
        let what = format!("the log has signed another history than the one seen {seen}");
        let damage = Self::damage(&"checkpoint", None, &what, None);
        Self { alarm: AlarmKind::Forked, fork_proof: Some(fork.to_string()), ..damage }
    }
}
