//! The signature of a WACZ package (Webrecorder WACZ Signing and Verification 0.1.0).
//!
//! ```text
//! datapackage-digest.json
//!   path        "datapackage.json"
//!   hash        "sha256:" and the hex digest of datapackage.json
//!   signedData
//!     hash        the same words: they are what is signed, by ECDSA with SHA-256
//!     signature   base64: r and s end to end (browsers), or DER (servers)
//!     created, software, version
//!     publicKey   base64 of the key (SubjectPublicKeyInfo): the anonymous form; or
//!     domain, domainCert, timeSignature, timestampCert, perhaps crossSignedCert: a site's form
//! ```
//! The signed hash is of the list, the list has the hashes of all files, and all are held here, so
//! one changed byte of any file is found. `created` and `software` stand beside what is signed:
//! the date that counts is the list's own. Whose key it is in the world is left to others.

use base64ct::{Base64, Encoding};
use der::Encode;
use jiff::Timestamp;
use p256::ecdsa::signature::hazmat::PrehashVerifier;
use p256::pkcs8::{DecodePublicKey, EncodePublicKey};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::evidence::authority::x509::{self, Certificate, Purpose};
use crate::evidence::package::wacz::{DIGEST, Examined, Package};
use crate::evidence::reading::Verdict;
use crate::evidence::signature::checked::{Checked, Coverage, Signer, State};
use crate::evidence::time::{rfc3161, stamped};
use crate::hash::Hash;

/// What a valid signature proves.
pub const PROVES: &str = "Whoever holds this key signed the list of the package, and every file \
    in it is as listed: not one byte of the captured pages was changed since it was packed.";

/// What it leaves open.
pub const DOES_NOT_PROVE: &str = "It does not say that the crawler saw what the site sent: whoever \
    packs an archive can put into it what they like, and the sites did not sign. It does not say \
    whose key it is: a dated record of control does. The digests of the single records are another \
    level and are answered apart. An anonymous key has no end and cannot be withdrawn, and its \
    date is the signer's own word.";

/// The platform of an anonymous key.
pub const ANONYMOUS: &str = "wacz";

/// The platform of a site's key.
pub const SITE: &str = "site";

/// How old a certificate is at most when signers use it, in seconds: authsign renews it each week.
const CERTIFICATE_AGE: i64 = 7 * 24 * 60 * 60;

/// The longest signature or key, in bytes of base64. Those of P-384 have 164.
const MAX_TEXT: usize = 1_024;

/// How far the two dates of the signer may lie apart, in seconds: the ten minutes that the
/// specification gives signing.
const DATES_APART: i64 = 600;

/// `signedData`: no other property may stand there (section "Signature Data Format").
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "a property that is not named here would be refused")]
struct SignedData {
    hash: String,
    signature: String,
    created: Option<String>,
    software: Option<String>,
    version: Option<String>,
    #[serde(rename = "publicKey")]
    public_key: Option<String>,
    domain: Option<String>,
    #[serde(rename = "domainCert")]
    domain_certificates: Option<String>,
    #[serde(rename = "timeSignature")]
    time_signature: Option<String>,
    #[serde(rename = "timestampCert")]
    time_certificates: Option<String>,
    #[serde(rename = "crossSignedCert")]
    cross_certificates: Option<String>,
}

/// The certificates that a site's signature must lead to. None is built in.
#[derive(Debug, Clone, Copy, Default)]
pub struct Roots<'a> {
    /// Of those who vouch for sites.
    pub site: &'a [Certificate],
    /// Of those who vouch for clocks.
    pub time: &'a [Certificate],
}

/// Checks the signature of a package: the whole of it, from the key to every file.
pub fn check(package: &[u8], roots: &Roots<'_>) -> Checked {
    let package = match Package::open(package) {
        Ok(package) => package,
        Err(error) => return Checked::not(State::Malformed, error.to_string()),
    };
    let signed = match package.sealing::<SignedData>() {
        Ok(sealing) => sealing.and_then(|sealing| sealing.signed),
        Err(fact) => return Checked::not(State::Malformed, format!("`{DIGEST}` {fact}")),
    };
    let Some(signed) = signed else {
        return Checked::not(State::Malformed, "the package is not signed");
    };
    let examined = package.examine();
    let checked = match form(&signed) {
        Ok(Form::Anonymous(key)) => anonymous(&signed, key),
        Ok(Form::Site) => site(&signed, roots),
        Err(fact) => Checked::not(State::Malformed, fact),
    };
    covered(checked, &signed, &examined)
}

enum Form<'a> {
    Anonymous(&'a str),
    Site,
}

/// One of the two forms, never a mixture.
fn form(signed: &SignedData) -> Result<Form<'_>, &'static str> {
    let of_site = [
        &signed.domain,
        &signed.domain_certificates,
        &signed.time_signature,
        &signed.time_certificates,
        &signed.cross_certificates,
    ];
    let is_site = of_site.iter().any(|property| property.is_some());
    match (&signed.public_key, is_site) {
        (Some(key), false) => Ok(Form::Anonymous(key)),
        (None, true) => Ok(Form::Site),
        (Some(_), true) => Err("its signedData names both a key and a site"),
        (None, false) => Err("its signedData names neither a key nor a site"),
    }
}

fn anonymous(signed: &SignedData, text: &str) -> Checked {
    let key = match decode(text).ok_or("no base64").and_then(|der| Key::read(&der)) {
        Ok(key) => key,
        Err(fact) => return Checked::not(State::Malformed, format!("its public key is {fact}")),
    };
    let checked = match key.verify(signed) {
        Ok(()) => valid(),
        Err((state, fact)) => Checked::not(state, fact),
    };
    Checked { signer: Some(Signer { platform: ANONYMOUS, id: text.to_owned() }), ..checked }
}

/// The specification's steps 4 to 9 for a domain's signature. The optional cross-signed
/// certificate is another way to trust the same key, which is not taken; the certificates of the
/// clock are taken from its token.
fn site(signed: &SignedData, roots: &Roots<'_>) -> Checked {
    let (Some(domain), Some(certificates), Some(token), Some(created)) =
        (&signed.domain, &signed.domain_certificates, &signed.time_signature, &signed.created)
    else {
        let fact = "a site's signature needs domain, domainCert, timeSignature and created";
        return Checked::not(State::Malformed, fact);
    };
    let name = domain.to_ascii_lowercase();
    let checked = created
        .parse::<Timestamp>()
        .map_err(|_| (State::Malformed, "the date beside its signature is none".to_owned()))
        .and_then(|created| {
            let since = site_key(signed, &name, certificates, created.as_second(), roots)?;
            Ok((since, created.as_second()))
        })
        .and_then(|(since, created)| stamped(signed, token, created, since, roots));
    let checked = checked.unwrap_or_else(|(state, fact)| Checked::not(state, fact));
    Checked { signer: Some(Signer { platform: SITE, id: name }), ..checked }
}

/// Whether the key of the site's certificate signed, and the certificate leads to a pinned root
/// at the signer's date; since when it is valid.
fn site_key(
    signed: &SignedData,
    name: &str,
    certificates: &str,
    created: i64,
    roots: &Roots<'_>,
) -> Result<i64, (State, String)> {
    let malformed = |error: x509::Error| (State::Malformed, format!("domainCert: {error}"));
    let certificates = Certificate::from_pem(certificates).map_err(malformed)?;
    let Some((leaf, others)) = certificates.split_first() else {
        return Err((State::Malformed, "domainCert has no certificate".to_owned()));
    };
    let key = leaf.key().to_der().map_err(|error| (State::Malformed, error.to_string()))?;
    let key = Key::read(&key).map_err(|fact| {
        (State::Unsupported, format!("the key of the site's certificate is {fact}"))
    })?;
    key.verify(signed).map_err(|(state, fact)| (state, fact.to_owned()))?;
    let names = leaf.dns_names();
    // A wildcard names no host that signs, and is not taken for one.
    if !names.iter().any(|found| found.eq_ignore_ascii_case(name)) {
        let found = names.iter().take(5).map(|name| name.escape_debug().to_string());
        let found = found.collect::<Vec<_>>().join(", ");
        let fact = format!("the certificate is for `{found}`, expected `{}`", name.escape_debug());
        return Err((State::OtherKey, fact));
    }
    if roots.site.is_empty() {
        return Err((State::Missing, "no root certificate of sites is pinned".to_owned()));
    }
    x509::chain(leaf, others, roots.site, created, Purpose::Server).map_err(|error| {
        let state = match error {
            x509::Error::NoRoot => State::Missing,
            x509::Error::OutOfDate { .. } => State::Expired,
            x509::Error::Unsupported(_) => State::Unsupported,
            _ => State::Malformed,
        };
        (state, format!("the site's certificate at the signer's date: {error}"))
    })?;
    Ok(leaf.validity().0)
}

/// Whether a trusted clock stamped the signature near the signer's date.
fn stamped(
    signed: &SignedData,
    token: &str,
    created: i64,
    since: i64,
    roots: &Roots<'_>,
) -> Result<Checked, (State, String)> {
    let malformed = |fact: &str| (State::Malformed, fact.to_owned());
    if token.len() > 2 * rfc3161::TOKEN_BYTES {
        return Err(malformed("its time stamp is too long"));
    }
    let token = Base64::decode_vec(token).map_err(|_| malformed("its time stamp is no base64"))?;
    if roots.time.is_empty() {
        return Err((State::Missing, "no root certificate of clocks is pinned".to_owned()));
    }
    // What is stamped are the letters of the signature, not its bytes.
    let stamp = rfc3161::check(&Hash::of(signed.signature.as_bytes()), &token, roots.time);
    let time = match (stamp.state, stamp.time) {
        (stamped::State::Complete, Some(time)) => time,
        (stamped::State::Failed, _) => {
            return Err((State::Malformed, format!("its time stamp: {}", stamp.fact)));
        }
        _ => return Err((State::Missing, format!("its time stamp: {}", stamp.fact))),
    };
    let apart = time.abs_diff(created);
    if apart > DATES_APART.unsigned_abs() {
        let fact = format!("its time stamp is {apart} seconds from its date, 600 are allowed");
        return Err((State::Malformed, fact));
    }
    let mut checked = valid();
    if created.saturating_sub(since) > CERTIFICATE_AGE {
        let fact = "the certificate is older than the week in which signers of sites use one";
        checked.limits.push(fact.to_owned());
    }
    checked.limits.push(format!("of its date: {}", stamp.fact));
    checked.limits.extend(stamp.limits);
    Ok(checked)
}

/// A yes whose signer, date and limits are still to be named.
fn valid() -> Checked {
    Checked {
        state: State::Valid,
        fact: "the key signed the list of the package, and every file is as listed".to_owned(),
        signer: None,
        coverage: Coverage::Whole,
        signed_at: None,
        limits: Vec::new(),
    }
}

/// Whether what was signed is this package; the date that is covered.
fn covered(mut checked: Checked, signed: &SignedData, examined: &Examined) -> Checked {
    if checked.state != State::Valid {
        return checked;
    }
    let signer = checked.signer.take();
    let no = |state, fact: String| Checked { signer: signer.clone(), ..Checked::not(state, fact) };
    let found = examined.list_digest.map(|digest| format!("sha256:{digest}"));
    if found.as_deref() != Some(signed.hash.as_str()) {
        let fact = "the key signed the hash of another list than this package has".to_owned();
        return no(State::Altered, fact);
    }
    match examined.package.verdict {
        Verdict::Holds => {}
        Verdict::Fails => return no(State::Altered, examined.package.fact.clone()),
        Verdict::Unknown => return no(State::Unsupported, examined.package.fact.clone()),
    }
    if examined.records.verdict != Verdict::Holds {
        checked.limits.push(format!("at the level of records: {}", examined.records.fact));
    }
    let seconds = |date: &Option<String>| {
        date.as_ref().and_then(|date| date.parse::<Timestamp>().ok()).map(Timestamp::as_second)
    };
    checked.signed_at = seconds(&examined.about.created);
    match (checked.signed_at, seconds(&signed.created)) {
        (None, _) => checked.limits.push("no date is signed".to_owned()),
        (Some(listed), Some(beside)) if listed.abs_diff(beside) > DATES_APART.unsigned_abs() => {
            let fact = "the date beside the signature is another than the one that is signed";
            checked.limits.push(fact.to_owned());
        }
        _ => {}
    }
    checked.signer = signer;
    checked
}

fn decode(text: &str) -> Option<Vec<u8>> {
    if text.len() > MAX_TEXT {
        return None;
    }
    Base64::decode_vec(text).ok()
}

/// A key of one of the two curves that signers use.
enum Key {
    P256(p256::ecdsa::VerifyingKey),
    P384(p384::ecdsa::VerifyingKey),
}

impl Key {
    /// Reads a `SubjectPublicKeyInfo` (RFC 5480) in its one spelling.
    fn read(der: &[u8]) -> Result<Self, &'static str> {
        if let Ok(key) = p384::PublicKey::from_public_key_der(der) {
            let is_same = key.to_public_key_der().is_ok_and(|again| again.as_bytes() == der);
            return if is_same {
                Ok(Self::P384(key.into()))
            } else {
                Err("not in its one spelling")
            };
        }
        if let Ok(key) = p256::PublicKey::from_public_key_der(der) {
            let is_same = key.to_public_key_der().is_ok_and(|again| again.as_bytes() == der);
            return if is_same {
                Ok(Self::P256(key.into()))
            } else {
                Err("not in its one spelling")
            };
        }
        Err("neither of P-256 nor of P-384")
    }

    /// Whether it signed the hash that stands in `signed`: those very words, with `sha256:`.
    fn verify(&self, signed: &SignedData) -> Result<(), (State, &'static str)> {
        let malformed = || (State::Malformed, "its signature is none of ECDSA");
        let signature = decode(&signed.signature).ok_or_else(malformed)?;
        let digest = Sha256::digest(signed.hash.as_bytes());
        let is_valid = match self {
            Self::P256(key) => {
                let read = match signature.len() {
                    64 => p256::ecdsa::Signature::from_slice(&signature),
                    _ => p256::ecdsa::Signature::from_der(&signature),
                };
                key.verify_prehash(&digest, &read.map_err(|_| malformed())?).is_ok()
            }
            Self::P384(key) => {
                let read = match signature.len() {
                    96 => p384::ecdsa::Signature::from_slice(&signature),
                    _ => p384::ecdsa::Signature::from_der(&signature),
                };
                key.verify_prehash(&digest, &read.map_err(|_| malformed())?).is_ok()
            }
        };
        let fact = "the key that the package names did not sign this hash of its list";
        if is_valid { Ok(()) } else { Err((State::OtherKey, fact)) }
    }
}
