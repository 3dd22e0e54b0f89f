//! Channels through which statements appear, and who controlled them when.

use serde::{Deserialize, Serialize};

use crate::attribution::date::Date;
use crate::attribution::id::Id;
use crate::attribution::record::limits::{self, Invalid};
use crate::attribution::record::{CHANNEL, DOCUMENT, PARTY, Reference};

/// An account, site, wire, briefing or broadcast.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Channel {
    /// The stable, short key by which people name the channel in this ledger.
    pub key: String,
    /// What sort of channel it is.
    pub kind: ChannelKind,
    /// The platform that runs it ("x", "bluesky", "telegram").
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<String>,
    /// The platform's own id for it, which stays when the handle changes. Text, never a number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform_id: Option<String>,
    /// Its handles over time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub handles: Vec<Handle>,
    /// Beginnings of the URLs under which its statements appear.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub urls: Vec<String>,
}

/// What sort of channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChannelKind {
    /// An account on a platform.
    Account,
    /// A web site, or a part of one.
    Site,
    /// A news agency's wire.
    Wire,
    /// A press conference or briefing.
    Briefing,
    /// Radio or television.
    Broadcast,
    /// A mailing list or newsletter; with the platform `mail`, all mail of a domain.
    Mail,
    /// A signing key: whoever holds it speaks through it (a key is a channel, Lampson 1992).
    Key,
}

/// A handle, during a dated interval.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Handle {
    /// The handle as the platform writes it.
    pub text: String,
    /// From when; unknown when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Date>,
    /// Until when; unknown, or still, when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Date>,
}

/// A party controlled a channel: true only at the stated time of verification (CAWG).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Control {
    /// The channel.
    pub channel: Id,
    /// The party.
    pub party: Id,
    /// In what capacity.
    pub mode: ControlMode,
    /// On what the statement rests.
    pub basis: ControlBasis,
    /// From when; unknown when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Date>,
    /// Until when; unknown, or still, when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Date>,
    /// A document that shows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Id>,
    /// When the recorder looked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verified_at: Option<Date>,
}

/// In what capacity a party controlled a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ControlMode {
    /// It owns the channel.
    Owner,
    /// The channel is its official voice.
    Official,
    /// A spokesperson speaks there for it.
    Spokesperson,
    /// The channel carries its statements among others.
    Syndicated,
    /// The channel pretends to be the party.
    Impersonation,
    /// Others had taken the channel over.
    Hijacked,
    /// Not known.
    Unknown,
}

impl ControlMode {
    /// Whether what appears on the channel then is the party's own word.
    pub fn speaks_for_party(self) -> bool {
        matches!(self, Self::Owner | Self::Official | Self::Spokesperson)
    }
}

/// On what a statement of control rests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ControlBasis {
    /// `rel="me"` links both ways.
    RelMe,
    /// A did:web document names the channel.
    DidWeb,
    /// The party's own site links to the account.
    SiteLinksToAccount,
    /// The platform's badge.
    PlatformBadge,
    /// A public register of official accounts.
    Registry,
    /// A reporter says so.
    ReporterSays,
    /// The recorder concluded it.
    Inferred,
}

impl ControlBasis {
    /// Whether it is stronger than somebody's word for it.
    pub fn is_evidence(self) -> bool {
        !matches!(self, Self::ReporterSays | Self::Inferred)
    }
}

impl Channel {
    pub(crate) fn check(&self) -> Result<(), Invalid> {
        limits::key("key", &self.key)?;
        limits::optional("platform", self.platform.as_ref(), limits::short)?;
        limits::optional("platform_id", self.platform_id.as_ref(), limits::short)?;
        limits::items("handles", &self.handles)?;
        self.handles.iter().try_for_each(|handle| limits::short("handle", &handle.text))?;
        limits::items("urls", &self.urls)?;
        self.urls.iter().try_for_each(|url| limits::url("urls", url))
    }
}

impl Control {
    #[expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "one shape for all records")]
    pub(crate) fn check(&self) -> Result<(), Invalid> {
        Ok(())
    }

    pub(crate) fn references(&self) -> Vec<Reference> {
        let mut references = vec![
            Reference::new("channel", self.channel, CHANNEL),
            Reference::new("party", self.party, PARTY),
        ];
        references.extend(self.evidence.map(|id| Reference::new("evidence", id, DOCUMENT)));
        references
    }

    pub(crate) fn refer(&mut self, to: &mut dyn FnMut(Id) -> Id) {
        self.channel = to(self.channel);
        self.party = to(self.party);
        self.evidence = self.evidence.map(to);
    }
}
