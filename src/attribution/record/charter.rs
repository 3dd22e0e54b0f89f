//! Governance: the charter at entry 0, and the keys that come and go after it.

use serde::{Deserialize, Serialize};

use crate::attribution::record::limits::{self, Invalid};
use crate::key::PublicKey;

/// The version of the record format that this program writes, and the newest it reads.
pub const FORMAT: u64 = 1;

/// The longest origin, in bytes, and as C2SP signed-note wants a key's name: it is the log's.
const ORIGIN: usize = 255;

/// Entry 0: what this ledger is, and who may record in it (RFC 9943 wants the policy registered).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Charter {
    /// The version of the record format.
    pub format: u64,
    /// The name of the log in its checkpoints.
    pub origin: String,
    /// The ledger's title, for people.
    pub title: String,
    /// What it is for and by which rules it is kept.
    pub purpose: String,
    /// The log's key, which signs checkpoints and nothing else.
    pub log: PublicKey,
    /// The first recorders.
    pub recorders: Vec<Recorder>,
}

/// A key that may sign statements.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recorder {
    /// The recorder's name: the issuer of its statements.
    pub name: String,
    /// Its key.
    pub key: PublicKey,
    /// What it may do.
    pub powers: Vec<Power>,
}

/// What a key may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Power {
    /// Append records of its own.
    Record,
    /// Correct, retract and redact what others recorded.
    Correct,
    /// Introduce, rotate and revoke keys.
    Keys,
}

/// A key comes, goes, or is replaced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyChange {
    /// What happens.
    pub action: KeyAction,
    /// The key that comes (or, when revoked, goes).
    pub key: PublicKey,
    /// The name under which the new key signs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What the new key may do. A rotated key has what the old one had.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub powers: Vec<Power>,
    /// The key that goes, when rotated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<PublicKey>,
    /// From which entry on; the next one when absent. A revocation may reach back: what the key
    /// signed from there on is marked, not hidden.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<u64>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What happens to a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyAction {
    /// A new recorder's key; needs the power over keys.
    Introduce,
    /// A key takes the place of another; signed by the old one or with the power over keys.
    Rotate,
    /// A key is no longer to be trusted; signed by itself or with the power over keys.
    Revoke,
    /// A recorder lends some of its own powers.
    Delegate,
}

impl Charter {
    pub(crate) fn check(&self) -> Result<(), Invalid> {
        if self.format != FORMAT {
            let what = format!("found version {}, this program reads {FORMAT}", self.format);
            return Err(Invalid::new("format", what));
        }
        limits::short("origin", &self.origin)?;
        if self.origin.len() > ORIGIN
            || self.origin.contains(|c: char| c.is_whitespace() || c == '+')
        {
            let what = format!("expected at most {ORIGIN} bytes without space or `+`");
            return Err(Invalid::new("origin", what));
        }
        limits::short("title", &self.title)?;
        limits::long("purpose", &self.purpose)?;
        limits::some_items("recorders", &self.recorders)?;
        for recorder in &self.recorders {
            limits::key("recorder name", &recorder.name)?;
            powers(&recorder.powers)?;
        }
        Ok(())
    }
}

impl KeyChange {
    pub(crate) fn check(&self) -> Result<(), Invalid> {
        limits::optional("name", self.name.as_ref(), limits::key)?;
        limits::optional("reason", self.reason.as_ref(), limits::long)?;
        let comes = matches!(self.action, KeyAction::Introduce | KeyAction::Delegate);
        if comes {
            powers(&self.powers)?;
        } else if !self.powers.is_empty() {
            return Err(Invalid::new("powers", "are given, but this action grants none"));
        }
        if comes != self.name.is_some() {
            let what = "is given exactly when a key is introduced or delegated";
            return Err(Invalid::new("name", what));
        }
        if (self.action == KeyAction::Rotate) != self.replaces.is_some() {
            return Err(Invalid::new("replaces", "is given exactly when a key is rotated"));
        }
        Ok(())
    }
}

/// At least one power, in order, each once: one set has one spelling.
fn powers(powers: &[Power]) -> Result<(), Invalid> {
    limits::some_items("powers", powers)?;
    if powers.windows(2).all(|pair| pair[0] < pair[1]) {
        Ok(())
    } else {
        Err(Invalid::new("powers", "are not in the order record, correct, keys, each once"))
    }
}
