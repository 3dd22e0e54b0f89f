//! What the ledger says of a key, in words.

use crate::attribution::keyring::{Keyring, Term};
use crate::attribution::record::charter::{KeyAction, Power};
use crate::cli::failure::{self, Failure};
use crate::cli::secrets::{SHORT, short};
use crate::cli::summary::word;
use crate::key::PublicKey;
use crate::keytext::Kind;
use crate::ledger::batch::SHORTEST_PREFIX;
use crate::tlog::note::{Algorithm, VerifierKey};

/// A recorder's key as its colleagues type it.
pub(crate) fn verifier_key(name: &str, key: PublicKey) -> String {
    // A recorder's name is a good name for a key of a note, but for its letters.
    VerifierKey::new(name, Algorithm::Ed25519, key)
        .map_or_else(|_| String::new(), |it| it.to_string())
}

/// The powers as they are typed.
pub(crate) fn powers(powers: &[Power]) -> String {
    powers.iter().map(word).collect::<Vec<_>>().join(", ")
}

/// How a key came: "introduced by nadia at entry 5".
pub(crate) fn came(term: &Term, keyring: &Keyring) -> String {
    let by = keyring.term(term.brought.by).map_or("nobody", |by| by.name.as_str());
    let entry = term.brought.entry;
    match term.brought.action {
        None => "named by the charter".to_owned(),
        Some(KeyAction::Introduce) => format!("introduced by {by} at entry {entry}"),
        Some(KeyAction::Delegate) => format!("delegated by {by} at entry {entry}"),
        Some(KeyAction::Rotate | KeyAction::Revoke) => {
            let old = term.acts_for.map(short).unwrap_or_default();
            format!("put in the place of {old} by {by} at entry {entry}")
        }
    }
}

/// How it went: "replaced at entry 7, revoked at entry 9"; nothing if it did not.
pub(crate) fn went(term: &Term) -> Option<String> {
    let words = term.ended_by.iter().map(|(entry, action)| match action {
        KeyAction::Rotate => format!("replaced at entry {entry}"),
        _ => format!("revoked at entry {entry}"),
    });
    let words: Vec<String> = words.collect();
    (!words.is_empty()).then(|| words.join(", "))
}

/// For which entries it is good.
pub(crate) fn span(term: &Term) -> String {
    match term.until {
        None => format!("signs from entry {} on", term.from),
        Some(until) if until <= term.from => "never signed".to_owned(),
        Some(until) if until - 1 == term.from => format!("signed entry {} only", term.from),
        Some(until) => format!("signed entries {} to {}", term.from, until - 1),
    }
}

/// The key that a person means: by its recorder's name, by the beginning of its thumbprint, or
/// whole.
pub(crate) fn find<'a>(typed: &str, keyring: &'a Keyring) -> Result<&'a Term, Failure> {
    let terms = keyring.terms();
    let named: Vec<&Term> = terms.iter().filter(|term| term.name == typed).collect();
    let open: Vec<&&Term> = named.iter().filter(|term| term.until.is_none()).collect();
    match (named.as_slice(), open.as_slice()) {
        ([term], _) => return Ok(*term),
        ([_, ..], [term]) => return Ok(**term),
        ([_, ..], _) => return Err(several(typed, &named)),
        ([], _) => {}
    }
    if Kind::of(typed) == Kind::VerifierKey {
        let key: Option<VerifierKey> = typed.parse().ok();
        let term = key.and_then(|key| keyring.term(key.public().thumbprint()));
        return term.ok_or_else(|| unknown(typed));
    }
    let prefix = typed.to_ascii_lowercase();
    if typed.len() < SHORTEST_PREFIX || !matches!(Kind::of(typed), Kind::Hex(_)) {
        return Err(unknown(typed));
    }
    let begins = |term: &&Term| term.thumbprint.to_string().starts_with(&prefix);
    let found: Vec<&Term> = terms.iter().filter(begins).collect();
    match found.as_slice() {
        [] => Err(unknown(typed)),
        [term] => Ok(*term),
        _ => Err(several(typed, &found)),
    }
}

fn unknown(typed: &str) -> Failure {
    let message = format!("no key of this ledger has the name or thumbprint {typed:?}");
    Failure::new(failure::REFERENCE, message)
        .hint("`whosaid key list` lists the keys with their thumbprints")
}

fn several(typed: &str, terms: &[&Term]) -> Failure {
    let listed: Vec<String> = terms.iter().map(|term| short(term.thumbprint)).collect();
    let message = format!("several keys are {typed:?}: {}", listed.join(", "));
    Failure::new(failure::REFERENCE, message)
        .hint(format!("give the beginning of a thumbprint, such as these {SHORT} digits"))
}
