//! Records: what a statement's payload says (MODEL section 3). One file for each kind of thing.
//!
//! On the wire a record is a map with one entry, `{"claim": {…}}`, in deterministic CBOR.
//! References to earlier statements are ids; quoted text is kept byte for byte.

pub mod limits;
mod list;
pub mod party;
pub mod channel;
pub mod document;
pub mod attestation;
pub mod claim;
pub mod notice;
pub mod charter;

use serde::{Deserialize, Serialize};

use crate::attribution::id::Id;
use crate::attribution::record::attestation::Attestation;
use crate::attribution::record::channel::{Channel, Control};
use crate::attribution::record::charter::{Charter, KeyChange};
use crate::attribution::record::claim::Claim;
use crate::attribution::record::document::{Capture, Document, LaterCapture};
use crate::attribution::record::limits::Invalid;
use crate::attribution::record::notice::{Assessment, Notice, Provider, Relation};
use crate::attribution::record::party::Party;

/// One record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Record {
    /// Entry 0: what this ledger is and who may record in it.
    Charter(Charter),
    /// A key comes, goes, or is replaced.
    Key(KeyChange),
    /// A person, ministry, organisation, outlet, group, or an unnamed source.
    Party(Party),
    /// An account, site, wire or briefing through which statements appear.
    Channel(Channel),
    /// A dated, evidenced statement that a party controlled a channel.
    Control(Control),
    /// A statement, post, article, transcript or broadcast.
    Document(Document),
    /// A later capture of a document already recorded.
    Capture(LaterCapture),
    /// A signature or a time stamp that vouches for a capture or a statement.
    Attestation(Attestation),
    /// Who said what, where it stands, and through whom it came.
    Claim(Box<Claim>),
    /// How one claim bears on another.
    Relation(Relation),
    /// Somebody's rating, by a named scheme.
    Assessment(Assessment),
    /// A later record that changes the standing of an earlier one.
    Notice(Notice),
    /// How far an archive or tool is trusted, from when, and why.
    Provider(Provider),
}

impl Record {
    /// The name of the kind, as it stands on the wire.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Charter(_) => "charter",
            Self::Key(_) => "key",
            Self::Party(_) => "party",
            Self::Channel(_) => "channel",
            Self::Control(_) => "control",
            Self::Document(_) => "document",
            Self::Capture(_) => "capture",
            Self::Attestation(_) => "attestation",
            Self::Claim(_) => "claim",
            Self::Relation(_) => "relation",
            Self::Assessment(_) => "assessment",
            Self::Notice(_) => "notice",
            Self::Provider(_) => "provider",
        }
    }

    /// What the record is about: the `sub` of its statement, derived from the record alone so
    /// that a reader can check it.
    pub fn subject(&self) -> String {
        match self {
            Self::Charter(charter) => charter.origin.clone(),
            Self::Key(change) => format!("key/{}", change.key.thumbprint()),
            Self::Party(party) => format!("party/{}", party.key),
            Self::Channel(channel) => format!("channel/{}", channel.key),
            Self::Control(control) => format!("statement/{}", control.channel),
            Self::Document(document) => document.subject(),
            Self::Capture(capture) => format!("statement/{}", capture.document),
            Self::Attestation(attestation) => attestation.subject(),
            Self::Claim(claim) => claim.subject(),
            Self::Relation(relation) => format!("statement/{}", relation.from),
            Self::Assessment(assessment) => format!("statement/{}", assessment.target),
            Self::Notice(notice) => format!("statement/{}", notice.target),
            Self::Provider(provider) => format!("provider/{}", provider.name),
        }
    }

    /// The key by which people name what the record describes, if its kind has one.
    pub fn key(&self) -> Option<&str> {
        match self {
            Self::Party(party) => Some(&party.key),
            Self::Channel(channel) => Some(&channel.key),
            _ => None,
        }
    }

    /// The statement that the record withholds, if it is a redaction notice.
    pub fn withholds(&self) -> Option<Id> {
        match self {
            Self::Notice(notice) => notice.withholds(),
            _ => None,
        }
    }

    /// Checks every field against its limit and shape.
    ///
    /// # Errors
    /// The first field found wanting, with what was found and what was expected.
    pub fn check(&self) -> Result<(), Invalid> {
        match self {
            Self::Charter(charter) => charter.check(),
            Self::Key(change) => change.check(),
            Self::Party(party) => party.check(),
            Self::Channel(channel) => channel.check(),
            Self::Control(control) => control.check(),
            Self::Document(document) => document.check(),
            Self::Capture(capture) => capture.check(),
            Self::Attestation(attestation) => attestation.check(),
            Self::Claim(claim) => claim.check(),
            Self::Relation(relation) => relation.check(),
            Self::Assessment(assessment) => assessment.check(),
            Self::Notice(notice) => notice.check(),
            Self::Provider(provider) => provider.check(),
        }
    }

    /// Every capture whose bytes the record says are held.
    pub fn captures(&self) -> Vec<&Capture> {
        match self {
            Self::Document(document) => document.captures.iter().collect(),
            Self::Capture(later) => vec![&later.capture],
            Self::Attestation(attestation) => attestation.captures().collect(),
            _ => Vec::new(),
        }
    }

    /// Every reference to an earlier statement, with the kinds it may point to.
    pub fn references(&self) -> Vec<Reference> {
        match self {
            Self::Charter(_) | Self::Key(_) | Self::Channel(_) => Vec::new(),
            Self::Party(party) => party.references(),
            Self::Control(control) => control.references(),
            Self::Document(document) => document.references(),
            Self::Capture(capture) => vec![Reference::new("document", capture.document, DOCUMENT)],
            Self::Attestation(attestation) => attestation.references(),
            Self::Claim(claim) => claim.references(),
            Self::Relation(relation) => relation.references(),
            Self::Assessment(assessment) => assessment.references(),
            Self::Notice(notice) => notice.references(),
            Self::Provider(provider) => provider.references(),
        }
    }

    /// Puts another id in the place of each reference, in the order of [`Record::references`].
    pub fn refer(&mut self, to: &mut dyn FnMut(Id) -> Id) {
        match self {
            Self::Charter(_) | Self::Key(_) | Self::Channel(_) => {}
            Self::Party(party) => party.refer(to),
            Self::Control(control) => control.refer(to),
            Self::Document(document) => document.refer(to),
            Self::Capture(capture) => capture.document = to(capture.document),
            Self::Attestation(attestation) => attestation.refer(to),
            Self::Claim(claim) => claim.refer(to),
            Self::Relation(relation) => relation.refer(to),
            Self::Assessment(assessment) => assessment.refer(to),
            Self::Notice(notice) => notice.refer(to),
            Self::Provider(provider) => provider.refer(to),
        }
    }
}

/// A field that refers to an earlier statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// The field's name in the record.
    pub field: &'static str,
    /// The statement it points to.
    pub id: Id,
    /// The kinds of record it may point to.
    pub kinds: &'static [&'static str],
}

impl Reference {
    pub(crate) const fn new(field: &'static str, id: Id, kinds: &'static [&'static str]) -> Self {
        Self { field, id, kinds }
    }
}

pub(crate) const PARTY: &[&str] = &["party"];
pub(crate) const CHANNEL: &[&str] = &["channel"];
pub(crate) const DOCUMENT: &[&str] = &["document"];
pub(crate) const CLAIM: &[&str] = &["claim"];
/// Everything that can be corrected, rated or withheld: all but the charter and the keys, without
/// which nobody could tell who may sign.
pub(crate) const SAID: &[&str] = &[
    "party",
    "channel",
    "control",
    "document",
    "capture",
    "attestation",
    "claim",
    "relation",
    "assessment",
    "notice",
    "provider",
];
