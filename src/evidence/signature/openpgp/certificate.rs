//! An OpenPGP public key as its owner last described it: which parts may sign, until when, and
//! what was withdrawn (RFC 9580 sections 5.2.3 and 10.1).
//!
//! Only what the primary key itself signed counts, and only with a hash that is not weak; a
//! withdrawal counts with any hash, because disbelieving it would be the worse mistake.

use pgp::composed::{Deserializable, SignedPublicKey, SignedPublicSubKey};
use pgp::crypto::hash::HashAlgorithm;
use pgp::packet::{PublicKey, RevocationCode, Signature, SignatureType, SubpacketData};
use pgp::ser::Serialize;
use pgp::types::{
    EcdsaPublicParams, EddsaLegacyPublicParams, Fingerprint, KeyDetails, KeyId, KeyVersion,
    PublicParams, Tag,
};

use crate::evidence::signature::checked::State;
use crate::evidence::signature::openpgp::armour;

/// The longest public key, in bytes: keys with many certifications by others reach some hundred
/// kilobytes, and a key that was flooded with them is not worth reading.
const KEY_BYTES: usize = 1 << 20;

/// The shortest RSA key, in bits: shorter ones are not accepted for signatures since 2014
/// (NIST SP 800-131A).
const RSA_BITS: u16 = 2_048;

/// Why a check ends early.
pub(super) type Stop = (State, String);

/// A public key, read.
pub(super) struct Certificate {
    key: SignedPublicKey,
    /// Whether the key, written again, is not what was read: something in it was passed over.
    has_unread: bool,
}

/// The part of a key that signed.
#[derive(Clone, Copy)]
pub(super) enum Part<'a> {
    Primary(&'a PublicKey),
    Sub(&'a SignedPublicSubKey),
}

/// When a signature was made by its own word, and for which time its validity is asked.
#[derive(Clone, Copy)]
pub(super) struct Times {
    pub(super) signed_at: i64,
    pub(super) at: Option<i64>,
}

impl Certificate {
    pub(super) fn parse(file: &[u8]) -> Result<Self, Stop> {
        let bytes = armour::open(file, "PUBLIC KEY BLOCK", KEY_BYTES).map_err(malformed)?;
        let fault = |error| malformed(format!("no OpenPGP public key: {error}"));
        let keys = SignedPublicKey::from_bytes_many(bytes.as_slice()).map_err(fault)?;
        let keys: Vec<SignedPublicKey> = keys.collect::<Result<_, _>>().map_err(fault)?;
        let count = keys.len();
        let [key] = <[SignedPublicKey; 1]>::try_from(keys)
            .map_err(|_| malformed(format!("a file of {count} OpenPGP keys, one expected")))?;
        match key.primary_key.version() {
            KeyVersion::V4 | KeyVersion::V6 => {
                let has_unread = key.to_bytes().map_err(fault)? != bytes;
                Ok(Self { key, has_unread })
            }
            other => Err((State::Unsupported, format!("OpenPGP keys of version {other:?}"))),
        }
    }

    /// The name of the whole key: the fingerprint of the primary one.
    pub(super) fn fingerprint(&self) -> String {
        format!("{:X}", self.key.primary_key.fingerprint())
    }

    /// The part that every one of these names fits.
    pub(super) fn part(&self, fingerprints: &[&Fingerprint], ids: &[&KeyId]) -> Option<Part<'_>> {
        let is_named = |key: &dyn KeyDetails| {
            fingerprints.iter().all(|&name| *name == key.fingerprint())
                && ids.iter().all(|&id| *id == key.legacy_key_id())
        };
        if is_named(&self.key.primary_key) {
            return Some(Part::Primary(&self.key.primary_key));
        }
        self.key.public_subkeys.iter().find(|sub| is_named(&sub.key)).map(Part::Sub)
    }

    /// Whether the part may sign, and may still: `Ok` with what stays open, or why not.
    pub(super) fn accepts(&self, part: Part<'_>, times: Times) -> Result<Vec<String>, Stop> {
        let primary = &self.key.primary_key;
        let mut limits = Vec::new();
        let own = self.newest_self_signature(times).ok_or_else(|| {
            malformed("no description of the key by itself holds, with a hash that is not weak")
        })?;
        let details = &self.key.details;
        let mut about = details.revocation_signatures.iter().chain(&details.direct_signatures);
        if about.any(|signature| signature.verify_key(primary).is_err()) {
            limits.push("a word about the key, not by the key itself, was not checked".to_owned());
        }
        if self.has_unread {
            limits.push("parts of the key were not understood and not checked".to_owned());
        }
        let withdrawn = details.revocation_signatures.iter();
        let withdrawn = withdrawn.filter(|signature| signature.verify_key(primary).is_ok());
        not_withdrawn("key", withdrawn, times, &mut limits)?;
        within_life("key", primary, own, times, &mut limits)?;
        match part {
            Part::Primary(key) => {
                if states_flags(own) && !own.key_flags().sign() {
                    return Err(malformed("the primary key is not one for signing documents"));
                }
                sound_algorithm(key)?;
            }
            Part::Sub(sub) => {
                let binding = self.newest_binding(sub, times)?;
                let withdrawn = sub.signatures.iter().filter(|signature| {
                    signature.typ() == Some(SignatureType::SubkeyRevocation)
                        && signature.verify_subkey_binding(primary, &sub.key).is_ok()
                });
                not_withdrawn("subkey", withdrawn, times, &mut limits)?;
                within_life("subkey", &sub.key, binding, times, &mut limits)?;
                sound_algorithm(&sub.key)?;
            }
        }
        // A key that could be forged could vouch for any subkey.
        sound_algorithm(primary)?;
        Ok(limits)
    }

    /// What the primary key last said of itself, directly or together with a name that stands.
    fn newest_self_signature(&self, times: Times) -> Option<&Signature> {
        let primary = &self.key.primary_key;
        let direct = self.key.details.direct_signatures.iter();
        let direct = direct.filter(|signature| signature.verify_key(primary).is_ok());
        let named = self.key.details.users.iter().filter_map(|user| {
            let own = user.signatures.iter();
            let own = own.filter(|signature| is_sound(signature, times));
            let own = own.filter(|signature| {
                signature.verify_certification(primary, Tag::UserId, &user.id).is_ok()
            });
            let newest = own.max_by_key(|signature| created(signature))?;
            // Of equal age, the withdrawal of a name counts.
            let is_withdrawn = user.signatures.iter().any(|signature| {
                signature.typ() == Some(SignatureType::CertRevocation)
                    && created(signature) >= created(newest)
                    && signature.verify_certification(primary, Tag::UserId, &user.id).is_ok()
            });
            (!is_withdrawn).then_some(newest)
        });
        let sound = direct.filter(|signature| is_sound(signature, times));
        if primary.version() == KeyVersion::V6 {
            // RFC 9580 section 10.1.1: a key of version 6 describes itself directly.
            return sound.max_by_key(|signature| created(signature));
        }
        sound.chain(named).max_by_key(|signature| created(signature))
    }

    /// The newest word by which the primary key takes the subkey for its own, to sign with; the
    /// subkey must have agreed, or a stranger's subkey could be claimed.
    fn newest_binding<'a>(
        &self,
        sub: &'a SignedPublicSubKey,
        times: Times,
    ) -> Result<&'a Signature, Stop> {
        let primary = &self.key.primary_key;
        let bindings = sub.signatures.iter().filter(|signature| {
            signature.typ() == Some(SignatureType::SubkeyBinding)
                && is_sound(signature, times)
                && signature.verify_subkey_binding(primary, &sub.key).is_ok()
        });
        let newest = bindings.max_by_key(|signature| created(signature));
        let newest = newest.ok_or_else(|| malformed("the key does not vouch for the subkey"))?;
        if !newest.key_flags().sign() {
            return Err(malformed("the subkey is not one for signing documents"));
        }
        let is_agreed = newest.embedded_signature().is_some_and(|back| {
            is_sound(back, times) && back.verify_primary_key_binding(&sub.key, primary).is_ok()
        });
        if !is_agreed {
            return Err(malformed("the subkey does not vouch for the key it is claimed by"));
        }
        Ok(newest)
    }
}

pub(super) fn malformed(fact: impl Into<String>) -> Stop {
    (State::Malformed, fact.into())
}

/// Whether a hash is one that nobody can find two inputs for.
pub(super) fn is_strong(hash: Option<HashAlgorithm>) -> bool {
    matches!(
        hash,
        Some(
            HashAlgorithm::Sha224
                | HashAlgorithm::Sha256
                | HashAlgorithm::Sha384
                | HashAlgorithm::Sha512
                | HashAlgorithm::Sha3_256
                | HashAlgorithm::Sha3_512
        )
    )
}

/// When a signature was made by its own, signed word, in seconds since 1970.
pub(super) fn created(signature: &Signature) -> Option<i64> {
    signature.created().map(|time| i64::from(time.as_secs()))
}

/// When a signature ends by its own word, in seconds since 1970.
pub(super) fn end_of(signature: &Signature) -> Option<i64> {
    let seconds = signature.signature_expiration_time()?.as_secs();
    (seconds != 0).then_some(created(signature)? + i64::from(seconds))
}

/// Whether a word about a key may be relied on: of a known date, not ended, with a strong hash.
fn is_sound(signature: &Signature, times: Times) -> bool {
    let now = times.at.unwrap_or(times.signed_at);
    is_strong(signature.hash_alg())
        && created(signature).is_some()
        && end_of(signature).is_none_or(|end| now < end)
        && signature.typ() != Some(SignatureType::CertRevocation)
}

fn states_flags(signature: &Signature) -> bool {
    signature.config().is_some_and(|config| {
        config.hashed_subpackets().any(|part| matches!(part.data, SubpacketData::KeyFlags(_)))
    })
}

/// Whether no withdrawal of a part touches the signature.
fn not_withdrawn<'a>(
    part: &str,
    withdrawals: impl Iterator<Item = &'a Signature>,
    times: Times,
    limits: &mut Vec<String>,
) -> Result<(), Stop> {
    for signature in withdrawals {
        // RFC 9580 section 5.2.3.31: after these two reasons what was signed before stands.
        let is_soft = matches!(
            signature.revocation_reason_code(),
            Some(RevocationCode::KeySuperseded | RevocationCode::KeyRetired)
        );
        let Some(since) = created(signature).filter(|_| is_soft) else {
            let fact = format!("the owner withdrew the {part}, not merely retired it");
            return Err((State::Revoked, fact));
        };
        if times.signed_at >= since || times.at.is_some_and(|at| at >= since) {
            let fact = format!("the owner retired the {part} before the time asked for");
            return Err((State::Revoked, fact));
        }
        limits.push(format!("the owner retired the {part} after the signature's own date"));
    }
    Ok(())
}

/// Whether the signature falls into the life of a part, and the time asked for does.
fn within_life(
    part: &str,
    key: &impl KeyDetails,
    word: &Signature,
    times: Times,
    limits: &mut Vec<String>,
) -> Result<(), Stop> {
    let begin = i64::from(key.created_at().as_secs());
    if times.signed_at < begin {
        return Err(malformed(format!("the signature is older than its {part}, by its own word")));
    }
    let seconds = word.key_expiration_time().map_or(0, pgp::types::Duration::as_secs);
    if seconds == 0 {
        return Ok(());
    }
    let end = begin + i64::from(seconds);
    if times.signed_at >= end {
        return Err((State::Expired, format!("the {part} had ended when it signed")));
    }
    match times.at {
        Some(at) if at >= end => {
            Err((State::Expired, format!("the {part} had ended at the time asked for")))
        }
        Some(_) => Ok(()),
        None => {
            limits.push(format!("the {part} has an end, which was not compared with any time"));
            Ok(())
        }
    }
}

/// Refuses keys that are too weak, and says which are not checked.
fn sound_algorithm(key: &impl KeyDetails) -> Result<(), Stop> {
    match key.public_params() {
        PublicParams::RSA(params) => {
            // The modulus comes first, with its length in bits.
            let bytes = params.to_bytes().unwrap_or_default();
            let bits = bytes.first_chunk::<2>().map_or(0, |bits| u16::from_be_bytes(*bits));
            if bits < RSA_BITS {
                let fact = format!("a weak RSA key of {bits} bits, at least {RSA_BITS} expected");
                return Err(malformed(fact));
            }
            Ok(())
        }
        PublicParams::ECDSA(
            EcdsaPublicParams::P256 { .. }
            | EcdsaPublicParams::P384 { .. }
            | EcdsaPublicParams::P521 { .. }
            | EcdsaPublicParams::Secp256k1 { .. },
        )
        | PublicParams::EdDSALegacy(EddsaLegacyPublicParams::Ed25519 { .. })
        | PublicParams::Ed25519(_)
        | PublicParams::Ed448(_) => Ok(()),
        _ => {
            let fact =
                format!("OpenPGP keys of the algorithm {:?} are not checked", key.algorithm());
            Err((State::Unsupported, fact))
        }
    }
}
