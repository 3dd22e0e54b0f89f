//! Later words about earlier records: relations, assessments, notices, and trust in providers.

use serde::{Deserialize, Serialize};

use crate::attribution::date::Date;
use crate::attribution::id::Id;
use crate::attribution::record::limits::{self, Invalid};
use crate::attribution::record::{CLAIM, DOCUMENT, PARTY, Reference, SAID};

/// How one claim bears on another (after `CiTO`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Relation {
    /// The claim that bears.
    pub from: Id,
    /// How it bears.
    pub kind: RelationKind,
    /// The claim that is borne upon.
    pub to: Id,
    /// Who says so; the recorder when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Id>,
    /// How it was found ("read side by side").
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
}

/// How a claim bears on another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RelationKind {
    /// It says that the other is so.
    Confirms,
    /// Both cannot be so.
    Contradicts,
    /// It says that the other is not so.
    Denies,
    /// It narrows the other.
    Qualifies,
    /// It brings the other up to date.
    Updates,
    /// It says the other again.
    Repeats,
    /// It says the other in another language.
    Translates,
    /// Both say the same.
    SameProposition,
}

/// Somebody's rating, by a named scheme. Many may coexist; the ledger scores nothing itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Assessment {
    /// What is rated.
    pub target: Id,
    /// Who rates; the recorder when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Id>,
    /// The scheme ("admiralty", "estimative", an outlet's own).
    pub scheme: String,
    /// The value in that scheme ("B2").
    pub value: String,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub basis: Option<String>,
}

/// A later record that changes the standing of an earlier one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Notice {
    /// What it does.
    pub kind: NoticeKind,
    /// The statement whose standing changes.
    pub target: Id,
    /// Why, in a sentence.
    pub reason: String,
    /// The statement that takes its place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replacement: Option<Id>,
    /// A document that shows it (a correction page, a letter).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<Id>,
    /// The party that corrects, retracts or replies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Id>,
    /// The party's own words, for a right of reply.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// What a notice does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeKind {
    /// The speaker took the words back.
    ClaimantRetraction,
    /// The publisher corrected the document.
    PublisherCorrection,
    /// The publisher withdrew the document.
    PublisherRetraction,
    /// The recorder's entry was wrong; a replacement stands.
    RecorderCorrection,
    /// The recorder's entry was wrong; nothing takes its place.
    RecorderRetraction,
    /// The statement or its captures are withheld or erased.
    Redaction,
    /// A party replies.
    Rebuttal,
    /// The document is gone at its source.
    Tombstone,
}

impl NoticeKind {
    /// Whether only the recorder of the target, its delegate, or a key with the power to correct
    /// may sign it: it changes what the recorder itself said, not what the world did.
    pub fn speaks_for_recorder(self) -> bool {
        matches!(self, Self::RecorderCorrection | Self::RecorderRetraction | Self::Redaction)
    }
}

/// How far an archive or tool is trusted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provider {
    /// The archive's or tool's name, as captures give it.
    pub name: String,
    /// How far.
    pub rating: ProviderRating,
    /// From when; always when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Date>,
    /// Why.
    pub reason: String,
    /// The party that runs it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub party: Option<Id>,
}

/// How far a provider is trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProviderRating {
    /// Not at all.
    Distrusted,
    /// With care.
    Degraded,
    /// Fully.
    Trusted,
}

impl Relation {
    pub(crate) fn check(&self) -> Result<(), Invalid> {
        if self.from == self.to {
            return Err(Invalid::new("to", "is the same claim as from"));
        }
        limits::optional("method", self.method.as_ref(), limits::short)
    }

    pub(crate) fn references(&self) -> Vec<Reference> {
        let ends = [Reference::new("from", self.from, CLAIM), Reference::new("to", self.to, CLAIM)];
        ends.into_iter().chain(self.by.map(|id| Reference::new("by", id, PARTY))).collect()
    }

    pub(crate) fn refer(&mut self, to: &mut dyn FnMut(Id) -> Id) {
        self.from = to(self.from);
        self.to = to(self.to);
        self.by = self.by.map(to);
    }
}

impl Assessment {
    pub(crate) fn check(&self) -> Result<(), Invalid> {
        limits::short("scheme", &self.scheme)?;
        limits::short("value", &self.value)?;
        limits::optional("basis", self.basis.as_ref(), limits::long)
    }

    pub(crate) fn references(&self) -> Vec<Reference> {
        let target = Reference::new("target", self.target, SAID);
        [target].into_iter().chain(self.by.map(|id| Reference::new("by", id, PARTY))).collect()
    }

    pub(crate) fn refer(&mut self, to: &mut dyn FnMut(Id) -> Id) {
        self.target = to(self.target);
        self.by = self.by.map(to);
    }
}

impl Notice {
    /// The statement that it withholds, if it is a redaction.
    pub fn withholds(&self) -> Option<Id> {
        (self.kind == NoticeKind::Redaction).then_some(self.target)
    }

    pub(crate) fn check(&self) -> Result<(), Invalid> {
        limits::long("reason", &self.reason)?;
        limits::optional("text", self.text.as_ref(), limits::long)?;
        match (self.kind, &self.replacement, &self.text) {
            (NoticeKind::RecorderCorrection, None, _) => {
                Err(Invalid::new("replacement", "is missing, a correction puts another in place"))
            }
            (NoticeKind::Rebuttal, _, None) => {
                Err(Invalid::new("text", "is missing, a rebuttal carries the party's own words"))
            }
            _ => Ok(()),
        }
    }

    pub(crate) fn references(&self) -> Vec<Reference> {
        let mut references = vec![Reference::new("target", self.target, SAID)];
        references.extend(self.replacement.map(|id| Reference::new("replacement", id, SAID)));
        references.extend(self.document.map(|id| Reference::new("document", id, DOCUMENT)));
        references.extend(self.by.map(|id| Reference::new("by", id, PARTY)));
        references
    }

    pub(crate) fn refer(&mut self, to: &mut dyn FnMut(Id) -> Id) {
        self.target = to(self.target);
        self.replacement = self.replacement.map(&mut *to);
        self.document = self.document.map(&mut *to);
        self.by = self.by.map(to);
    }
}

impl Provider {
    pub(crate) fn check(&self) -> Result<(), Invalid> {
        limits::short("name", &self.name)?;
        limits::long("reason", &self.reason)
    }

    pub(crate) fn references(&self) -> Vec<Reference> {
        self.party.map(|id| Reference::new("party", id, PARTY)).into_iter().collect()
    }

    pub(crate) fn refer(&mut self, to: &mut dyn FnMut(Id) -> Id) {
        self.party = self.party.map(to);
    }
}
