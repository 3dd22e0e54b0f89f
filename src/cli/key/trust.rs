//! `whosaid key trust`: a colleague's key may sign in this ledger from now on, or a witness cosigns
//! it.

use crate::attribution::keyring::Keyring;
use crate::attribution::record::charter::{KeyAction, KeyChange, Power};
use crate::cli::arguments::{KeyTrust, PowerName};
use crate::cli::failure::{self, Exit, Failure};
use crate::cli::key::{changed, given, known};
use crate::cli::open::Place;
use crate::cli::secrets::short;
use crate::cli::terminal::Terminal;
use crate::cli::witnesses;
use crate::tlog::note::{Algorithm, VerifierKey};

pub(crate) fn run(place: &Place, trust: &KeyTrust, terminal: &Terminal) -> Result<Exit, Failure> {
    let text = given::text(&trust.key, &trust.signing)?;
    let key = given::verifier_key(&text)?;
    match key.algorithm() {
        Algorithm::Ed25519 => match trust.witness.given() {
            None => recorder(place, trust, &key, terminal),
            Some(option) => Err(Failure::usage(format!(
                "{option} is for a witness's key, and {} is a recorder's",
                key.name()
            ))),
        },
        // A witness's key goes into the policy, not into the ledger.
        Algorithm::Cosignature if trust.delegate || trust.from.is_some() => {
            let message = format!("{} is the key of a witness: it records nothing", key.name());
            Err(Failure::usage(message).hint("--delegate and --from are for a recorder's key"))
        }
        Algorithm::Cosignature => witnesses::trust(place, key, &trust.witness, terminal),
    }
}

fn recorder(
    place: &Place,
    trust: &KeyTrust,
    key: &VerifierKey,
    terminal: &Terminal,
) -> Result<Exit, Failure> {
    given::check_recorder(key, &place.policy()?)?;
    let powers = powers(&trust.powers);
    let mut desk = place.desk(&trust.signing)?;
    let entry = desk.ledger.tree_size();
    check_new(key, desk.ledger.keyring())?;
    if let Some(from) = trust.from.filter(|from| *from <= entry) {
        let message = format!("--from {from}: expected at least {}", entry + 1);
        return Err(Failure::new(failure::INPUT, message)
            .hint(format!("the record is entry {entry}, and the key can sign what follows it")));
    }
    let action = if trust.delegate { KeyAction::Delegate } else { KeyAction::Introduce };
    let change = KeyChange {
        action,
        key: *key.public(),
        name: Some(key.name().to_owned()),
        powers: powers.clone(),
        replaces: None,
        from: trust.from,
        reason: trust.reason.clone(),
    };
    let prepared = changed::prepare(&desk, vec![change])?;
    let changed = changed::commit(
        &mut desk,
        prepared,
        trust.signing.dry_run,
        "whosaid.key-trust/1",
        terminal,
    )?;
    terminal.object(&changed);
    let verb = if trust.delegate { "lends its powers to" } else { "introduces" };
    terminal.line(format!(
        "entry {entry}: {} {verb} {}, key {}",
        changed.by,
        key.name(),
        short(key.public().thumbprint())
    ));
    terminal.line(format!(
        "{} may sign from entry {} on: {}.",
        key.name(),
        trust.from.unwrap_or(entry + 1),
        known::powers(&powers)
    ));
    terminal.line(changed::sentence(&changed));
    Ok(Exit::Holds)
}

/// The powers in the order in which records have them, each once.
fn powers(typed: &[PowerName]) -> Vec<Power> {
    let mut powers: Vec<Power> = typed
        .iter()
        .map(|power| match power {
            PowerName::Record => Power::Record,
            PowerName::Correct => Power::Correct,
            PowerName::Keys => Power::Keys,
        })
        .collect();
    powers.sort_unstable();
    powers.dedup();
    powers
}

/// Keys and names never come back, so that a name means one recorder for good.
fn check_new(key: &VerifierKey, keyring: &Keyring) -> Result<(), Failure> {
    if let Some(term) = keyring.term(key.public().thumbprint()) {
        let message = format!(
            "key {} is known here: {}'s, {}",
            short(term.thumbprint),
            term.name,
            known::came(term, keyring)
        );
        return Err(Failure::new(failure::INPUT, message)
            .hint("a key comes once; `whosaid key list` says how it stands"));
    }
    let Some(term) = keyring.terms().iter().find(|term| term.name == key.name()) else {
        return Ok(());
    };
    let message = format!("the name {} is taken: {}", key.name(), known::came(term, keyring));
    Err(Failure::new(failure::INPUT, message)
        .hint("if it is the same recorder's new key: `whosaid key rotate --to KEY`")
        .hint("if it is somebody else: a key under another name"))
}
