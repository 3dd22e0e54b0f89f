//! Attestations: bytes beside a capture or a statement with which somebody's key, or a clock,
//! vouches for it. What they prove is for evidence to check; whose key it is, for a control.

use serde::{Deserialize, Serialize};

use crate::attribution::id::Id;
use crate::attribution::record::document::Capture;
use crate::attribution::record::limits::{self, Invalid};
use crate::attribution::record::{DOCUMENT, Reference, SAID};
use crate::hash::Hash;

/// A signature or a time stamp, and whatever is needed to check it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attestation {
    /// In which way it vouches.
    pub scheme: Scheme,
    /// The document whose capture it vouches for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<Id>,
    /// The capture it vouches for: one of the document's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capture: Option<Hash>,
    /// The statement it vouches for, by schemes of time alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statement: Option<Id>,
    /// What it is checked with. Empty where all of it stands in the capture itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<Part>,
}

/// In which way an attestation vouches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scheme {
    /// A mail server's signature in an e-mail (RFC 6376).
    Dkim,
    /// An AT Protocol repository's signature over a post (Bluesky).
    Atproto,
    /// A Nostr event's own signature (NIP-01, BIP-340).
    Nostr,
    /// A minisign signature file.
    Minisign,
    /// A signature by `ssh-keygen -Y sign` (SSHSIG).
    Sshsig,
    /// A detached OpenPGP signature (RFC 9580).
    Openpgp,
    /// A C2PA manifest in a picture.
    C2pa,
    /// The signature in a package of web archives (WACZ).
    Wacz,
    /// A time stamp token (RFC 3161).
    Rfc3161,
    /// An `OpenTimestamps` proof.
    Opentimestamps,
}

impl Scheme {
    /// Every scheme, as they are explained.
    pub const ALL: [Self; 10] = [
        Self::Dkim,
        Self::Atproto,
        Self::Nostr,
        Self::Minisign,
        Self::Sshsig,
        Self::Openpgp,
        Self::C2pa,
        Self::Wacz,
        Self::Rfc3161,
        Self::Opentimestamps,
    ];

    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dkim => "dkim",
            Self::Atproto => "atproto",
            Self::Nostr => "nostr",
            Self::Minisign => "minisign",
            Self::Sshsig => "sshsig",
            Self::Openpgp => "openpgp",
            Self::C2pa => "c2pa",
            Self::Wacz => "wacz",
            Self::Rfc3161 => "rfc3161",
            Self::Opentimestamps => "opentimestamps",
        }
    }

    /// Whether it says when something existed, and not by whom it was signed.
    pub const fn is_of_time(self) -> bool {
        matches!(self, Self::Rfc3161 | Self::Opentimestamps)
    }

    /// The roles that its parts may have.
    pub const fn roles(self) -> &'static [PartRole] {
        match self {
            Self::Dkim => &[PartRole::DnsRecord],
            Self::Atproto => &[PartRole::Repository, PartRole::DidDocument, PartRole::PlcLog],
            Self::Nostr | Self::C2pa | Self::Wacz => &[],
            Self::Minisign | Self::Openpgp => &[PartRole::Signature, PartRole::PublicKey],
            Self::Sshsig => &[PartRole::Signature, PartRole::PublicKey, PartRole::RevokedKeys],
            Self::Rfc3161 => &[PartRole::Token],
            Self::Opentimestamps => &[PartRole::Proof, PartRole::BlockHeader],
        }
    }
}

impl Scheme {
    /// The role without which there is nothing to check.
    pub const fn required(self) -> Option<PartRole> {
        match self {
            Self::Atproto => Some(PartRole::Repository),
            Self::Minisign | Self::Sshsig | Self::Openpgp => Some(PartRole::Signature),
            Self::Rfc3161 => Some(PartRole::Token),
            Self::Opentimestamps => Some(PartRole::Proof),
            Self::Dkim | Self::Nostr | Self::C2pa | Self::Wacz => None,
        }
    }
}

/// Bytes that an attestation is checked with, captured like any document's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// What it is.
    pub role: PartRole,
    /// Its bytes, with when and by whom they were fetched.
    pub capture: Capture,
    /// The number of the block whose header it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub height: Option<u64>,
}

/// What a part of an attestation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PartRole {
    /// A detached signature.
    Signature,
    /// The signer's public key.
    PublicKey,
    /// Keys that were withdrawn.
    RevokedKeys,
    /// The DNS record with the signer's key, as it was answered.
    DnsRecord,
    /// Blocks of a repository, with its signed commit (CAR).
    Repository,
    /// The DID document with the account's key.
    DidDocument,
    /// The log of operations from which a did:plc document follows.
    PlcLog,
    /// A time stamp token or response.
    Token,
    /// An `OpenTimestamps` proof.
    Proof,
    /// The header of a block that a proof leads to.
    BlockHeader,
}

impl Attestation {
    pub(crate) fn subject(&self) -> String {
        match (self.document, self.statement) {
            (Some(id), _) | (None, Some(id)) => format!("statement/{id}"),
            (None, None) => "attestation".to_owned(),
        }
    }

    pub(crate) fn check(&self) -> Result<(), Invalid> {
        match (self.document, self.capture, self.statement) {
            (Some(_), Some(_), None) => {}
            (None, None, Some(_)) if self.scheme.is_of_time() => {}
            (None, None, Some(_)) => {
                return Err(Invalid::new("statement", "is vouched for by schemes of time alone"));
            }
            _ => {
                let what = "expected a document and its capture, or a statement: exactly one";
                return Err(Invalid::new("attestation", what));
            }
        }
        limits::items("parts", &self.parts)?;
        if let Some(role) = self.scheme.required()
            && !self.parts.iter().any(|part| part.role == role)
        {
            let what =
                format!("found no {role:?}, without which {} is nothing", self.scheme.name());
            return Err(Invalid::new("parts", what));
        }
        self.parts.iter().try_for_each(|part| self.check_part(part))
    }

    fn check_part(&self, part: &Part) -> Result<(), Invalid> {
        if !self.scheme.roles().contains(&part.role) {
            let what = format!("found {:?}, no part of {}", part.role, self.scheme.name());
            return Err(Invalid::new("role", what));
        }
        if part.height.is_some() != (part.role == PartRole::BlockHeader) {
            return Err(Invalid::new("height", "expected with a block header, and with no other"));
        }
        part.capture.check()
    }

    pub(crate) fn references(&self) -> Vec<Reference> {
        let document = self.document.map(|id| Reference::new("document", id, DOCUMENT));
        let statement = self.statement.map(|id| Reference::new("statement", id, SAID));
        document.into_iter().chain(statement).collect()
    }

    pub(crate) fn refer(&mut self, to: &mut dyn FnMut(Id) -> Id) {
        self.document = self.document.map(&mut *to);
        self.statement = self.statement.map(&mut *to);
    }

    /// The captures that it brings along.
    pub fn captures(&self) -> impl Iterator<Item = &Capture> {
        self.parts.iter().map(|part| &part.capture)
    }
}
