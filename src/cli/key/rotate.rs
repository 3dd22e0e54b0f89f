//! `whosaid key rotate`: a new key takes the place of one, under the same name.
//!
//! In this order, so that a crash at any point loses neither key:
//! the new secret key durable as `NAME.next` · the record in the ledger · the old file named as
//! retired · the new file named `NAME`. Whoever next writes as NAME finishes the last two.

use std::path::Path;

use crate::attribution::keyring::Term;
use crate::attribution::record::charter::{KeyAction, KeyChange};
use crate::cli::arguments::KeyRotate;
use crate::cli::failure::{self, Exit, Failure};
use crate::cli::key::changed::{self, Changed};
use crate::cli::key::{given, known};
use crate::cli::open::{Desk, Place};
use crate::cli::secrets::{self, short};
use crate::cli::terminal::Terminal;
use crate::key::{PublicKey, Thumbprint};
use crate::store::loose;

const SCHEMA: &str = "whosaid.key-rotate/1";

pub(crate) fn run(place: &Place, rotate: &KeyRotate, terminal: &Terminal) -> Result<Exit, Failure> {
    let to = match &rotate.to {
        Some(typed) => {
            let key = given::verifier_key(&given::text(typed, &rotate.signing)?)?;
            given::check_recorder(&key, &place.policy()?)?;
            Some(key)
        }
        None => None,
    };
    let (mut desk, passphrase) = place.desk_with_passphrase(&rotate.signing)?;
    let name = to.as_ref().map_or(desk.recorder.as_str(), |key| key.name()).to_owned();
    if desk.settled && name == desk.recorder {
        finished(&desk, terminal);
        return Ok(Exit::Holds);
    }
    let old = present(&desk, &name)?;
    let next = secrets::next_path(&place.keys, &name);
    let key = match &to {
        Some(_) if next.exists() => {
            let message = format!("{}: an interrupted rotation left this key", next.display());
            return Err(Failure::new(failure::EXISTS, message).hint(format!(
                "`whosaid key rotate --as {name}` goes on with it; or move the file away"
            )));
        }
        Some(key) => *key.public(),
        None if rotate.signing.dry_run => {
            let line = format!("A dry run: {name}'s key {} would be replaced.", short(old));
            terminal.object(&changed_nothing(&desk, true));
            terminal.line(line);
            return Ok(Exit::Holds);
        }
        // A crash before the record left it, or this makes it.
        None if next.exists() => secrets::open_file(&next, &passphrase)?.public(),
        None => secrets::make(&next, &passphrase)?.public(),
    };
    let change = change(&desk, key, old, rotate.reason.clone())?;
    let prepared = changed::prepare(&desk, vec![change])?;
    let changed = changed::commit(&mut desk, prepared, rotate.signing.dry_run, SCHEMA, terminal)?;
    let kept = if changed.dry_run {
        None
    } else if to.is_some() {
        retire(&place.keys, &name, old)?
    } else {
        secrets::settle(&place.keys, &name, desk.ledger.keyring())?;
        Some(secrets::retired_path(&place.keys, &name, old).display().to_string())
    };
    print(&changed, (&name, old, key), kept.as_deref(), terminal);
    Ok(Exit::Holds)
}

/// The key that is to go: the one of that name that has no end yet.
fn present(desk: &Desk, name: &str) -> Result<Thumbprint, Failure> {
    let keyring = desk.ledger.keyring();
    let open = |term: &&Term| term.name == name && term.until.is_none();
    if let Some(term) = keyring.terms().iter().find(open) {
        return Ok(term.thumbprint);
    }
    let known = keyring.terms().iter().rfind(|term| term.name == name);
    Err(match known.and_then(known::went) {
        Some(went) => Failure::new(failure::INPUT, format!("{name}'s key was {went}"))
            .hint("a key that has an end is not replaced: a new key needs a new name"),
        None => Failure::new(failure::REFERENCE, format!("no recorder is called {name}"))
            .hint("`whosaid key trust` introduces a new one"),
    })
}

fn change(
    desk: &Desk,
    key: PublicKey,
    old: Thumbprint,
    reason: Option<String>,
) -> Result<KeyChange, Failure> {
    let keyring = desk.ledger.keyring();
    if let Some(term) = keyring.term(key.thumbprint()) {
        let message = format!("key {} is known here as {}'s", short(term.thumbprint), term.name);
        return Err(Failure::new(failure::INPUT, message).hint("a key comes once"));
    }
    let replaces = keyring.term(old).map(|term| term.key);
    Ok(KeyChange {
        action: KeyAction::Rotate,
        key,
        name: None,
        powers: Vec::new(),
        replaces,
        from: None,
        reason,
    })
}

/// Names the old secret key as retired, if its file is here.
fn retire(keys: &Path, name: &str, old: Thumbprint) -> Result<Option<String>, Failure> {
    let path = secrets::path(keys, name);
    let is_old = secrets::named_public(&path)?.is_some_and(|key| key.thumbprint() == old);
    if !is_old {
        return Ok(None);
    }
    let retired = secrets::retired_path(keys, name, old);
    loose::rename_new(&path, &retired)?;
    Ok(Some(retired.display().to_string()))
}

/// The command that a crash cut short had done its part: this one only finished it.
fn finished(desk: &Desk, terminal: &Terminal) {
    terminal.object(&changed_nothing(desk, false));
    terminal.line(format!(
        "An interrupted rotation is finished: {} signs with key {}.",
        desk.recorder,
        short(desk.key.thumbprint())
    ));
    terminal.line("Nothing was appended. To put yet another key in its place, run this once more.");
}

fn changed_nothing(desk: &Desk, dry_run: bool) -> Changed {
    Changed {
        schema: SCHEMA,
        ok: true,
        dry_run,
        by: desk.recorder.clone(),
        records: Vec::new(),
        tree_size: desk.ledger.tree_size(),
        root: desk.ledger.root(),
    }
}

fn print(
    changed: &Changed,
    (name, old, new): (&str, Thumbprint, PublicKey),
    kept: Option<&str>,
    terminal: &Terminal,
) {
    terminal.object(changed);
    let entry = changed.records.first().map_or(0, |record| record.entry);
    let new = short(new.thumbprint());
    terminal
        .line(format!("entry {entry}: key {new} takes the place of {name}'s key {}", short(old)));
    terminal.line(format!(
        "{name} signs with it from entry {} on. What the old key signed stays valid.",
        entry + 1
    ));
    if let Some(kept) = kept {
        terminal.line(format!("The old secret key is kept in {kept}."));
    }
    terminal.line(changed::sentence(changed));
}
