//! A detached signature: one packet, which names its key, over the captured bytes
//! (RFC 9580 sections 5.2 and 10.4).

use pgp::composed::{Deserializable, DetachedSignature};
use pgp::packet::{Signature, SignatureType, SignatureVersion, SubpacketData};
use pgp::ser::Serialize;

use crate::evidence::signature::checked::{Checked, Coverage, Signer, State};
use crate::evidence::signature::openpgp::PLATFORM;
use crate::evidence::signature::openpgp::armour;
use crate::evidence::signature::openpgp::certificate::{
    Certificate, Part, Stop, Times, created, end_of, is_strong, malformed,
};

/// The longest signature, in bytes: an RSA mark of 16,384 bits with some notations is 4,000 in
/// armour.
const SIGNATURE_BYTES: usize = 16_384;

pub(super) fn check(
    capture: &[u8],
    signature: &[u8],
    public_key: Option<&[u8]>,
    at: Option<i64>,
) -> Checked {
    let read = parse(signature).and_then(|signature| {
        let signed_at = sound(&signature)?;
        Ok((signature, Times { signed_at, at }))
    });
    let (signature, times) = match read {
        Ok(read) => read,
        Err((state, fact)) => return Checked::not(state, fact),
    };
    let Some(public_key) = public_key else {
        let fact = format!("the OpenPGP key {} is not at hand", named_key(&signature));
        return Checked::not(State::Missing, fact);
    };
    let certificate = match Certificate::parse(public_key) {
        Ok(certificate) => certificate,
        Err((state, fact)) => return Checked::not(state, fact),
    };
    match judge(capture, &signature, &certificate, times) {
        Ok(checked) => checked,
        Err((state @ (State::Expired | State::Revoked), fact)) => {
            Checked::not(state, fact).by(PLATFORM, certificate.fingerprint())
        }
        Err((state, fact)) => Checked::not(state, fact),
    }
}

fn judge(
    capture: &[u8],
    signature: &Signature,
    certificate: &Certificate,
    times: Times,
) -> Result<Checked, Stop> {
    let fingerprint = certificate.fingerprint();
    let (names, ids) = (signature.issuer_fingerprint(), signature.issuer_key_id());
    let part = certificate.part(&names, &ids).ok_or_else(|| {
        let fact = format!("signed with key {}, the key at hand is another", named_key(signature));
        (State::OtherKey, fact)
    })?;
    // The part's own rules come first only where they say that nothing can be verified with it.
    let accepted = certificate.accepts(part, times);
    if let Err((State::Unsupported, fact)) = accepted {
        return Err((State::Unsupported, fact));
    }
    let verified = match part {
        Part::Primary(key) => signature.verify(key, capture),
        Part::Sub(sub) => signature.verify(&sub.key, capture),
    };
    if verified.is_err() {
        let fact = "the bytes, or the signature, are not those that this key signed";
        return Err((State::Altered, fact.to_owned()));
    }
    let mut limits = accepted?;
    match (end_of(signature), times.at) {
        (Some(end), Some(at)) if at >= end => {
            return Err((State::Expired, "the signature ended by its own word".to_owned()));
        }
        (Some(_), None) => {
            limits.push("the signature has an end, which was not compared with any time".into());
        }
        _ => {}
    }
    if times.at.is_some_and(|at| at < times.signed_at) {
        limits.push("by its own word it was signed later than the time asked for".into());
    }
    if signature.typ() == Some(SignatureType::Text) {
        limits.push("signed as text: the ends of lines may be others than the signer's".into());
    }
    let by = if matches!(part, Part::Sub(_)) { " by a subkey" } else { "" };
    Ok(Checked {
        state: State::Valid,
        fact: format!("OpenPGP key {fingerprint} signed all bytes{by}"),
        signer: Some(Signer { platform: PLATFORM, id: fingerprint }),
        coverage: Coverage::Whole,
        signed_at: Some(times.signed_at),
        limits,
    })
}

/// The one signature in a file, in its one spelling.
fn parse(file: &[u8]) -> Result<Signature, Stop> {
    let bytes = armour::open(file, "SIGNATURE", SIGNATURE_BYTES).map_err(malformed)?;
    let fault = |error| malformed(format!("no OpenPGP signature: {error}"));
    let read = DetachedSignature::from_bytes_many(bytes.as_slice()).map_err(fault)?;
    let read: Vec<DetachedSignature> = read.collect::<Result<_, _>>().map_err(fault)?;
    let count = read.len();
    let [detached] = <[DetachedSignature; 1]>::try_from(read)
        .map_err(|_| malformed(format!("a file of {count} OpenPGP signatures, one expected")))?;
    if detached.to_bytes().map_err(fault)? != bytes {
        return Err(malformed("an OpenPGP signature is not written in its one spelling"));
    }
    Ok(detached.signature)
}

/// Whether a signature is one of a document and hides nothing; when it was made.
fn sound(signature: &Signature) -> Result<i64, Stop> {
    let version = signature.version();
    let Some(config) = signature.config() else {
        return Err((State::Unsupported, format!("OpenPGP signatures of version {version:?}")));
    };
    if !matches!(version, SignatureVersion::V4 | SignatureVersion::V6) {
        return Err((State::Unsupported, format!("OpenPGP signatures of version {version:?}")));
    }
    if !matches!(config.typ, SignatureType::Binary | SignatureType::Text) {
        return Err(malformed("an OpenPGP signature that is not one of a document"));
    }
    if !is_strong(Some(config.hash_alg)) {
        return Err(malformed(format!("signed with the weak or unknown hash {}", config.hash_alg)));
    }
    let is_name = |data: &SubpacketData| {
        matches!(data, SubpacketData::IssuerKeyId(_) | SubpacketData::IssuerFingerprint(_))
    };
    // Anybody could add to this area; a wrong name of the key is found when the key is looked up.
    if config.unhashed_subpackets().any(|part| part.is_critical || !is_name(&part.data)) {
        return Err(malformed("an OpenPGP signature with additions that nobody signed"));
    }
    if signature.issuer_fingerprint().is_empty() && signature.issuer_key_id().is_empty() {
        return Err(malformed("an OpenPGP signature that does not name its key"));
    }
    let mut dates = 0;
    for part in config.hashed_subpackets() {
        match part.data {
            SubpacketData::SignatureCreationTime(_) => dates += 1,
            // RFC 9580 section 5.2.3.7: what is critical and not understood makes it void.
            SubpacketData::Other(..)
            | SubpacketData::Experimental(..)
            | SubpacketData::Notation(_)
                if part.is_critical =>
            {
                let fact = "an OpenPGP signature with a condition that is not understood";
                return Err((State::Unsupported, fact.to_owned()));
            }
            _ => {}
        }
    }
    match created(signature) {
        Some(time) if dates == 1 => Ok(time),
        _ => Err(malformed(format!("an OpenPGP signature states {dates} dates, one expected"))),
    }
}

/// The key that a signature names, the longer name first.
fn named_key(signature: &Signature) -> String {
    let fingerprint = signature.issuer_fingerprint().first().map(|name| format!("{name:X}"));
    let id = || signature.issuer_key_id().first().map(|id| id.to_string().to_uppercase());
    fingerprint.or_else(id).unwrap_or_default()
}
