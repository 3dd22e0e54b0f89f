//! The schemes by which something vouches for bytes: from what a record names to the evidence that
//! checks it. The one table of which check belongs to which scheme.

use crate::attribution::date::Date;
use crate::attribution::record::attestation::{PartRole, Scheme};
use crate::attribution::truth::Truth;
use crate::audit::answer::truth_of;
use crate::evidence::authority::x509::Certificate;
use crate::evidence::media::essence;
use crate::evidence::message;
use crate::evidence::signature::checked::{Checked, State};
use crate::evidence::signature::{atproto, c2pa, dkim, minisign, nostr, openpgp, sshsig, wacz};
use crate::evidence::time::opentimestamps::{self, BlockHeader};
use crate::evidence::time::rfc3161;
use crate::evidence::time::stamped::{self, Stamped};
use crate::hash::Hash;

/// What a check is given.
pub struct Material<'m> {
    /// The captured bytes that are vouched for.
    pub bytes: &'m [u8],
    /// Their media type, as recorded.
    pub media_type: &'m str,
    /// What the attestation brings along.
    pub parts: &'m [Part],
    /// When the bytes are said to have appeared, in seconds since 1970: a signature that had
    /// expired by then is none.
    pub at: Option<i64>,
    /// The authorities that the reader has pinned.
    pub roots: &'m [Certificate],
}

/// Bytes of a part, held and as recorded.
pub struct Part {
    /// What it is.
    pub role: PartRole,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// The number of the block whose header it is.
    pub height: Option<u64>,
    /// When it was fetched.
    pub captured_at: Option<Date>,
    /// Who fetched it, if not the recorder.
    pub provider: Option<String>,
}

/// What a check answered.
pub enum Answer {
    /// Of a signature.
    Signature(Checked),
    /// Of a time stamp.
    Time(Stamped),
}

impl Answer {
    /// The answer as one of three, with its fact.
    pub fn truth(&self) -> (Truth, String) {
        let (verdict, fact) = match self {
            Self::Signature(checked) => (checked.state.verdict(), &checked.fact),
            Self::Time(stamped) => (stamped.state.verdict(), &stamped.fact),
        };
        (truth_of(verdict), fact.clone())
    }
}

/// The answer where something that the check needs is not at hand.
pub fn unchecked(scheme: Scheme, what: String) -> Answer {
    if scheme.is_of_time() {
        Answer::Time(Stamped::not(stamped::State::Unknown, what))
    } else {
        Answer::Signature(Checked::not(State::Missing, what))
    }
}

/// Checks what vouches for captured bytes.
pub fn check(scheme: Scheme, material: &Material<'_>) -> Answer {
    let Material { bytes, media_type, parts, at, roots } = *material;
    if scheme.is_of_time() {
        return check_time(scheme, &Hash::of(bytes), parts, roots);
    }
    let part = |role| parts.iter().find(|part| part.role == role).map(|part| part.bytes.as_slice());
    let checked = match scheme {
        Scheme::Dkim => {
            let records = parts.iter().filter(|part| part.role == PartRole::DnsRecord);
            let records = records.map(|part| dkim::Record { bytes: &part.bytes });
            dkim::check(bytes, &records.collect::<Vec<_>>(), at)
        }
        Scheme::Atproto => match part(PartRole::Repository) {
            Some(repository) => {
                // The log says more than the document that follows from it.
                let identity = part(PartRole::PlcLog).or(part(PartRole::DidDocument));
                atproto::check(bytes, repository, identity, at)
            }
            None => missing(PartRole::Repository),
        },
        Scheme::Nostr => nostr::check(bytes, at),
        Scheme::Wacz => wacz::check(bytes, &wacz::Roots { site: roots, time: roots }),
        Scheme::C2pa => c2pa::check(bytes, media_type, None),
        Scheme::Minisign | Scheme::Sshsig | Scheme::Openpgp => match part(PartRole::Signature) {
            Some(signature) => detached(scheme, bytes, signature, parts, at),
            None => missing(PartRole::Signature),
        },
        Scheme::Rfc3161 | Scheme::Opentimestamps => unreachable!("schemes of time went their way"),
    };
    Answer::Signature(checked)
}

fn detached(
    scheme: Scheme,
    bytes: &[u8],
    signature: &[u8],
    parts: &[Part],
    at: Option<i64>,
) -> Checked {
    let part = |role| parts.iter().find(|part| part.role == role).map(|part| part.bytes.as_slice());
    let key = part(PartRole::PublicKey);
    match scheme {
        Scheme::Minisign => minisign::check(bytes, signature, key),
        Scheme::Openpgp => openpgp::check(bytes, signature, key, at),
        _ => {
            let revoked = part(PartRole::RevokedKeys);
            sshsig::check(bytes, signature, sshsig::Beside { key, revoked, at })
        }
    }
}

/// Checks a time stamp of a digest.
pub fn check_time(scheme: Scheme, digest: &Hash, parts: &[Part], roots: &[Certificate]) -> Answer {
    let wanted = if scheme == Scheme::Rfc3161 { PartRole::Token } else { PartRole::Proof };
    let Some(proof) = parts.iter().find(|part| part.role == wanted) else {
        return unchecked(scheme, format!("the {} is not recorded", name_of(wanted)));
    };
    Answer::Time(match scheme {
        Scheme::Rfc3161 => rfc3161::check(digest, &proof.bytes, roots),
        _ => {
            let headers: Vec<BlockHeader> = parts.iter().filter_map(block_header).collect();
            opentimestamps::check(digest, &proof.bytes, &headers)
        }
    })
}

/// A captured block header, if the part is one.
fn block_header(part: &Part) -> Option<BlockHeader> {
    let source = match (&part.provider, &part.captured_at) {
        (Some(provider), Some(at)) => format!("{provider}, fetched {}", at.edtf()),
        (Some(provider), None) => provider.clone(),
        (None, _) => "the recorder".to_owned(),
    };
    BlockHeader::captured(part.height?, &part.bytes, source)
}

fn missing(role: PartRole) -> Checked {
    Checked::not(State::Missing, format!("the {} is not recorded", name_of(role)))
}

/// Whether captures of this type may carry a signature that is looked for in all of them.
pub fn may_carry(media_type: &str) -> bool {
    essence(media_type) == "message/rfc822"
}

/// The schemes whose signatures stand in such captures themselves, and that these bytes seem to
/// carry: they are checked even where nobody recorded an attestation.
pub fn carried_by(media_type: &str, bytes: &[u8]) -> Vec<Scheme> {
    if may_carry(media_type) && is_signed(bytes) {
        return vec![Scheme::Dkim];
    }
    Vec::new()
}

/// Whether a message carries a signature of a mail server.
fn is_signed(message: &[u8]) -> bool {
    message::split(message).is_ok_and(|halves| halves.named("DKIM-Signature").next().is_some())
}

/// What a scheme proves, and what it does not, in plain sentences.
pub const fn words(scheme: Scheme) -> (&'static str, &'static str) {
    match scheme {
        Scheme::Dkim => (dkim::PROVES, dkim::DOES_NOT_PROVE),
        Scheme::Atproto => (atproto::PROVES, atproto::DOES_NOT_PROVE),
        Scheme::Nostr => (nostr::PROVES, nostr::DOES_NOT_PROVE),
        Scheme::Minisign => (minisign::PROVES, minisign::DOES_NOT_PROVE),
        Scheme::Sshsig => (sshsig::PROVES, sshsig::DOES_NOT_PROVE),
        Scheme::Openpgp => (openpgp::PROVES, openpgp::DOES_NOT_PROVE),
        Scheme::C2pa => (c2pa::PROVES, c2pa::DOES_NOT_PROVE),
        Scheme::Wacz => (wacz::PROVES, wacz::DOES_NOT_PROVE),
        Scheme::Rfc3161 => (rfc3161::PROVES, rfc3161::DOES_NOT_PROVE),
        Scheme::Opentimestamps => (opentimestamps::PROVES, opentimestamps::DOES_NOT_PROVE),
    }
}

/// Whether keys of this scheme carry, or are captured with, the time at which they end.
pub const fn has_dated_keys(scheme: Scheme) -> bool {
    matches!(scheme, Scheme::Sshsig | Scheme::Openpgp | Scheme::Atproto)
}

/// Whether a part is the signature itself, and not a key.
pub const fn is_signature(role: PartRole) -> bool {
    matches!(role, PartRole::Signature | PartRole::Repository)
}

/// Whether the signature stands in a file beside the capture: the capture may be older.
pub const fn is_detached(scheme: Scheme) -> bool {
    matches!(scheme, Scheme::Minisign | Scheme::Sshsig | Scheme::Openpgp | Scheme::Atproto)
}

/// What a part is called.
pub const fn name_of(role: PartRole) -> &'static str {
    match role {
        PartRole::Signature => "signature",
        PartRole::PublicKey => "public key",
        PartRole::RevokedKeys => "list of revoked keys",
        PartRole::DnsRecord => "dns record",
        PartRole::Repository => "repository",
        PartRole::DidDocument => "did document",
        PartRole::PlcLog => "log of the did",
        PartRole::Token => "time stamp token",
        PartRole::Proof => "proof",
        PartRole::BlockHeader => "block header",
    }
}
