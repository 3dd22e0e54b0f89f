//! The newest manifest of an image, as the `c2pa` crate judges it, in this house's words.

use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};

use ::c2pa::settings::Settings;
use ::c2pa::validation_results::validation_codes as code;
use ::c2pa::validation_results::{
    IngredientDeltaValidationResult as Older, StatusCodes, ValidationState,
};
use ::c2pa::validation_status::ValidationStatus;
use ::c2pa::{Context, Error, Manifest, ManifestAssertion, Reader};
use base64ct::{Base64, Encoding};

use crate::evidence::signature::c2pa::PLATFORM;
use crate::evidence::signature::checked::{Checked, Coverage, Signer, State};
use crate::hash::Hash;

/// The largest image read, in bytes: photographs of professional cameras stay below it, and the
/// crate holds an image in memory several times.
const IMAGE_BYTES: usize = 256 << 20;

/// The longest list of roots, in bytes: the C2PA trust list has some hundred certificates.
const ROOTS_BYTES: usize = 1 << 20;

/// How much of a name or a program is repeated in a fact, in characters.
const SHOWN: usize = 100;

/// How many actions are named in a fact.
const ACTIONS_SHOWN: usize = 8;

pub(super) fn check(capture: &[u8], media_type: &str, roots: Option<&[u8]>) -> Checked {
    if !media_type.starts_with("image/") {
        let fact = format!("C2PA manifests are checked in images only, this is {media_type}");
        return Checked::not(State::Unsupported, fact);
    }
    if capture.len() > IMAGE_BYTES {
        let fact = format!("an image of {} bytes, at most {IMAGE_BYTES} expected", capture.len());
        return Checked::not(State::Unsupported, fact);
    }
    let context = match context(roots) {
        Ok(context) => context,
        Err(fact) => return Checked::not(State::Malformed, fact),
    };
    // The crate reads a dozen containers through as many parsers; a fault of one of them is an
    // answer about this image and no end of the program.
    let read = catch_unwind(AssertUnwindSafe(|| {
        let image = Cursor::new(capture);
        Reader::from_context(context).with_stream(media_type, image)
    }));
    match read {
        Ok(Ok(reader)) => judge(&reader, roots.is_some()),
        Ok(Err(error)) => unread(&error),
        Err(_) => Checked::not(State::Malformed, "the image's manifest cannot be read"),
    }
}

/// Nothing is fetched: neither manifests nor the state of certificates.
fn context(roots: Option<&[u8]>) -> Result<Context, String> {
    let fault = |error: Error| format!("the roots at hand are no certificates in PEM: {error}");
    let set = |settings: Settings, name: &str, value: bool| settings.with_value(name, value);
    let mut settings = Settings::new();
    for (name, value) in [
        ("verify.verify_after_reading", true),
        ("verify.verify_trust", true),
        ("verify.verify_timestamp_trust", true),
        ("verify.remote_manifest_fetch", false),
        ("verify.ocsp_fetch", false),
        // Identities beside the certificate are looked up in the network.
        ("core.decode_identity_assertions", false),
    ] {
        settings = set(settings, name, value).map_err(fault)?;
    }
    if let Some(roots) = roots {
        if roots.len() > ROOTS_BYTES {
            let found = roots.len();
            return Err(format!("roots of {found} bytes, at most {ROOTS_BYTES} expected"));
        }
        let roots =
            str::from_utf8(roots).map_err(|_| "the roots at hand are no text".to_owned())?;
        settings = settings.with_value("trust.trust_anchors", roots).map_err(fault)?;
    }
    Context::new().with_settings(settings).map_err(fault)
}

fn unread(error: &Error) -> Checked {
    match error {
        Error::JumbfNotFound | Error::ProvenanceMissing => {
            Checked::not(State::Malformed, "no C2PA manifest")
        }
        Error::RemoteManifestUrl(url) | Error::RemoteManifestFetch(url) => {
            let fact = format!("the manifest lies elsewhere and was not captured: {}", shown(url));
            Checked::not(State::Missing, fact)
        }
        Error::UnsupportedType => {
            Checked::not(State::Unsupported, "C2PA manifests in images of this kind")
        }
        other => {
            let fact =
                format!("the image's manifest cannot be read: {}", shown(&other.to_string()));
            Checked::not(State::Malformed, fact)
        }
    }
}

fn judge(reader: &Reader, has_roots: bool) -> Checked {
    let Some(manifest) = reader.active_manifest() else {
        return Checked::not(State::Malformed, "no C2PA manifest");
    };
    let results = reader.validation_results();
    let Some(codes) = results.and_then(|results| results.active_manifest()) else {
        return Checked::not(State::Malformed, "the image's manifest was not judged");
    };
    let signer = signer_of(manifest);
    let is_valid = reader.validation_state() != ValidationState::Invalid;
    let Some(signer) = signer.filter(|_| is_valid) else {
        let deltas = results.and_then(|results| results.ingredient_deltas());
        let older = deltas.into_iter().flatten().map(Older::validation_deltas);
        let (state, fact) = reason(codes, older);
        return Checked::not(state, fact);
    };
    let mut limits = Vec::new();
    let has =
        |list: &[ValidationStatus], name: &str| list.iter().any(|status| status.code() == name);
    let is_trusted = has(codes.success(), code::SIGNING_CREDENTIAL_TRUSTED);
    if !is_trusted {
        let why = if has_roots { "no root at hand" } else { "no root: none is at hand" };
        limits.push(format!("the certificate leads to {why}"));
    }
    let labels = manifest.assertions().iter().map(ManifestAssertion::label);
    if labels.into_iter().any(|label| label.starts_with("cawg.identity")) {
        limits.push("it also names a person or account (CAWG), which was not checked".to_owned());
    }
    let is_timed = has_roots && has(codes.success(), code::TIMESTAMP_TRUSTED);
    let signed_at = signing_time(manifest, is_timed, &mut limits);
    let mut coverage = Coverage::Whole;
    if has(codes.informational(), code::ASSERTION_DATAHASH_ADDITIONAL_EXCLUSIONS) {
        coverage = Coverage::Partly("parts of the image, which the signer left out".to_owned());
    }
    let fact = account(manifest, is_trusted);
    Checked { state: State::Valid, fact, signer: Some(signer), coverage, signed_at, limits }
}

/// The time of a time stamp by an authority that leads to a root at hand, in seconds since 1970.
///
/// In a claim of version 1 the crate calls every authority trusted, and compares the dates of the
/// certificate with whatever it says: such a time is a limit and no time of signing.
fn signing_time(manifest: &Manifest, is_timed: bool, limits: &mut Vec<String>) -> Option<i64> {
    let Some(time) = manifest.time() else {
        limits.push("no time stamp says when it was signed".to_owned());
        return None;
    };
    let is_old = manifest.claim_version().is_none_or(|version| version < 2);
    if is_timed && !is_old {
        return time.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_second);
    }
    let compared = if is_old { "; the certificate's dates were compared with it" } else { "" };
    let time = shown(&time);
    limits.push(format!("a time stamp says {time}, but leads to no root at hand{compared}"));
    None
}

/// Why a manifest does not hold: the worst of its faults, then those of older ones.
fn reason<'a>(
    codes: &StatusCodes,
    older: impl Iterator<Item = &'a StatusCodes>,
) -> (State, String) {
    let own: Vec<&str> = codes.failure().iter().map(ValidationStatus::code).collect();
    let found = |wanted: fn(&str) -> bool| own.iter().find(|name| wanted(name));
    if let Some(name) = found(|name| name.ends_with("ismatch")) {
        return (State::Altered, format!("the image is not the one that was signed ({name})"));
    }
    if let Some(name) = found(|name| name == code::SIGNING_CREDENTIAL_REVOKED) {
        return (State::Revoked, format!("the certificate was revoked ({name})"));
    }
    let is_late = |name: &str| {
        name == code::SIGNING_CREDENTIAL_EXPIRED || name == code::CLAIM_SIGNATURE_OUTSIDE_VALIDITY
    };
    if let Some(name) = found(is_late) {
        return (State::Expired, format!("the certificate was outside its dates ({name})"));
    }
    let untrusted = code::SIGNING_CREDENTIAL_UNTRUSTED;
    if let Some(name) = own.iter().find(|name| **name != untrusted) {
        return (State::Malformed, format!("the manifest breaks a rule of C2PA ({name})"));
    }
    let mut older = older.flat_map(StatusCodes::failure).map(ValidationStatus::code);
    match older.find(|name| *name != untrusted) {
        Some(name) => (State::Malformed, format!("an older manifest in it does not hold ({name})")),
        None => (State::Malformed, "the manifest's signature was not validated".to_owned()),
    }
}

/// The certificate that signed: the first of the chain.
fn signer_of(manifest: &Manifest) -> Option<Signer> {
    let chain = manifest.signature_info()?.cert_chain();
    let (_, rest) = chain.split_once("-----BEGIN CERTIFICATE-----")?;
    let (body, _) = rest.split_once("-----END CERTIFICATE-----")?;
    let body: String = body.split_ascii_whitespace().collect();
    let der = Base64::decode_vec(&body).ok()?;
    Some(Signer { platform: PLATFORM, id: Hash::of(&der).to_string() })
}

/// Who signed by the certificate's word, with which program, and what it says was done.
fn account(manifest: &Manifest, is_trusted: bool) -> String {
    let name = manifest.common_name().or_else(|| manifest.issuer());
    let name = name.map_or_else(|| "nobody by name".to_owned(), |name| shown(&name));
    let trust = if is_trusted { ", which leads to a root at hand" } else { "" };
    let program = program(manifest).map_or_else(String::new, |name| format!("; made with {name}"));
    let mut actions = Vec::new();
    for assertion in manifest.assertions() {
        if assertion.label().starts_with("c2pa.actions") {
            let value = assertion.value().ok();
            let listed = value.and_then(|value| value.get("actions")?.as_array());
            actions.extend(listed.into_iter().flatten().filter_map(action));
        }
    }
    let more = actions.len().saturating_sub(ACTIONS_SHOWN);
    actions.truncate(ACTIONS_SHOWN);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let actions = actions.join(", ");
    let actions = if actions.is_empty() { "no action".to_owned() } else { actions };
    format!("signed by a certificate for {name}{trust}{program}; it states {actions}{more}")
}

fn program(manifest: &Manifest) -> Option<String> {
    let listed = manifest.claim_generator_info.as_ref();
    let first = listed.and_then(|list| list.first()).map(|info| info.name.as_str());
    first.or_else(|| manifest.claim_generator()).map(shown)
}

/// One action, with the source of the picture where it names one.
fn action(value: &serde_json::Value) -> Option<String> {
    let name = shown(value.get("action")?.as_str()?);
    let source = value.get("digitalSourceType").and_then(serde_json::Value::as_str);
    // The types are those of the IPTC's vocabulary; the last part of the address names them.
    let source = source.map(|source| source.rsplit('/').next().unwrap_or(source));
    Some(match source {
        Some(source) if source.to_ascii_lowercase().contains("trainedalgorithmicmedia") => {
            format!("{name} (made by generative AI: {})", shown(source))
        }
        Some(source) => format!("{name} ({})", shown(source)),
        None => name,
    })
}

/// The beginning of a text from outside, without control characters.
fn shown(text: &str) -> String {
    text.escape_debug().take(SHOWN).collect()
}
