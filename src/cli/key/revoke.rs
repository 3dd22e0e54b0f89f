//! `whosaid key revoke`: a key signs no more, and what it signed from a stated entry on is marked.

use serde::Serialize;

use crate::attribution::keyring::{Keyring, Term};
use crate::attribution::record::charter::{KeyAction, KeyChange, Power};
use crate::cli::arguments::KeyRevoke;
use crate::cli::failure::{Exit, Failure};
use crate::cli::key::changed::{self, Changed};
use crate::cli::key::known;
use crate::cli::open::{Desk, Place};
use crate::cli::secrets::short;
use crate::cli::terminal::Terminal;
use crate::key::{PublicKey, Thumbprint};
use crate::ledger::writing;
use crate::verify::report::spans;

/// A key that goes.
#[derive(Debug, Serialize)]
struct Gone {
    name: String,
    thumbprint: Thumbprint,
    /// The entries that are suspect now.
    suspect: Vec<u64>,
    #[serde(skip)]
    key: PublicKey,
}

/// A key that stays, though the one that goes brought it.
#[derive(Debug, Serialize)]
struct Left {
    name: String,
    thumbprint: Thumbprint,
    #[serde(skip)]
    came: String,
}

#[derive(Serialize)]
struct Json<'a> {
    #[serde(flatten)]
    changed: &'a Changed,
    revoked: &'a [Gone],
    left_in_force: &'a [Left],
}

pub(crate) fn run(place: &Place, revoke: &KeyRevoke, terminal: &Terminal) -> Result<Exit, Failure> {
    let mut desk = place.desk(&revoke.signing)?;
    let entry = desk.ledger.tree_size();
    let keyring = desk.ledger.keyring().clone();
    let chosen = known::find(&revoke.key, &keyring)?;
    let reached = keyring.reach(chosen.thumbprint, revoke.from.unwrap_or(entry), entry + 1);
    let with: &[&Term] = if revoke.with_delegates { &reached } else { &[] };
    // The signer's own key goes last: it could not sign what follows.
    let own = desk.key.public();
    let mut terms: Vec<&Term> = with.iter().copied().chain([chosen]).collect();
    terms.sort_by_key(|term| term.key == own);
    let gone = terms.iter().map(|term| gone(term, &desk, revoke.from));
    let gone = gone.collect::<Result<Vec<Gone>, Failure>>()?;
    let changes = gone.iter().map(|gone| KeyChange {
        action: KeyAction::Revoke,
        key: gone.key,
        name: None,
        powers: Vec::new(),
        replaces: None,
        from: revoke.from,
        reason: Some(revoke.reason.clone()),
    });
    let prepared = changed::prepare(&desk, changes.collect())?;
    let left: Vec<Left> = reached
        .iter()
        .filter(|term| gone.iter().all(|gone| gone.thumbprint != term.thumbprint))
        .map(|term| Left {
            name: term.name.clone(),
            thumbprint: term.thumbprint,
            came: known::came(term, &keyring),
        })
        .collect();
    let changed = changed::commit(
        &mut desk,
        prepared,
        revoke.signing.dry_run,
        "whosaid.key-revoke/1",
        terminal,
    )?;
    terminal.object(&Json { changed: &changed, revoked: &gone, left_in_force: &left });
    print(&changed, &gone, revoke, terminal);
    print_left(&left, terminal);
    print_names(&gone, &keyring, terminal);
    warn(&gone, &keyring, entry + 1, terminal);
    terminal.line(changed::sentence(&changed));
    Ok(Exit::Holds)
}

fn gone(term: &Term, desk: &Desk, from: Option<u64>) -> Result<Gone, Failure> {
    let from = from.into_iter().chain(term.suspect_from).min();
    let suspect = match from {
        Some(from) => {
            let rows = desk.ledger.index().signed_by(term.thumbprint, from);
            rows.map_err(writing::Error::from)?.iter().map(|row| row.entry_index).collect()
        }
        None => Vec::new(),
    };
    let (name, thumbprint, key) = (term.name.clone(), term.thumbprint, term.key);
    Ok(Gone { name, thumbprint, suspect, key })
}

fn print(changed: &Changed, gone: &[Gone], revoke: &KeyRevoke, terminal: &Terminal) {
    for (gone, record) in gone.iter().zip(&changed.records) {
        let Gone { name, thumbprint, suspect, .. } = gone;
        terminal.line(format!(
            "entry {}: {} revokes {name}'s key {}: {}",
            record.entry,
            changed.by,
            short(*thumbprint),
            revoke.reason
        ));
        let marked = match (suspect.len(), revoke.from) {
            (0, None) => "Nothing that it signed is marked; --from ENTRY marks.".to_owned(),
            (0, Some(from)) => format!("It signed nothing from entry {from} on."),
            (1, _) => format!("1 statement of it is suspect from now on: entry {}.", suspect[0]),
            (count, _) => format!(
                "{count} statements of it are suspect from now on: entries {}.",
                spans(suspect)
            ),
        };
        terminal.line(format!("  {marked}"));
    }
}

fn print_left(left: &[Left], terminal: &Terminal) {
    for Left { name, thumbprint, came } in left {
        terminal.line(format!("{name}'s key {} stays in force: {came}.", short(*thumbprint)));
    }
    if let Some(first) = left.first() {
        let thumbprint = short(first.thumbprint);
        terminal.talk(format!(
            "hint: whoever had the key may have these too: `whosaid key revoke {thumbprint}`, or \
             all of them by --with-delegates"
        ));
    }
}

/// Who goes on under the same name, and who does not.
fn print_names(gone: &[Gone], keyring: &Keyring, terminal: &Terminal) {
    for Gone { name, thumbprint, .. } in gone {
        let is_next = |term: &&Term| term.name == *name && term.until.is_none();
        let stays = keyring.terms().iter().filter(is_next).find(|it| it.thumbprint != *thumbprint);
        terminal.line(match stays {
            Some(term) => format!("{name} goes on with key {}.", short(term.thumbprint)),
            None => format!("{name} signs no more: a name that went does not come back."),
        });
    }
}

/// A ledger that nobody can introduce keys to is not broken, but its owner should know.
fn warn(gone: &[Gone], keyring: &Keyring, next: u64, terminal: &Terminal) {
    for (power, what) in
        [(Power::Keys, "introduce, replace or revoke keys"), (Power::Record, "record anything")]
    {
        let stays = |term: &&Term| {
            term.may(power)
                && term.until.is_none_or(|until| next < until)
                && gone.iter().all(|gone| gone.thumbprint != term.thumbprint)
        };
        if !keyring.terms().iter().any(|term| stays(&term)) {
            terminal.talk(format!("warning: nobody is left who can {what}"));
        }
    }
}
