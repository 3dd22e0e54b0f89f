//! `whosaid key list`: every key that the ledger ever knew, on a verified ledger only.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::attribution::keyring::{Keyring, Term};
use crate::attribution::record::charter::Power;
use crate::cli::failure::{self, Exit, Failure};
use crate::cli::key::known;
use crate::cli::open::Place;
use crate::cli::secrets::{self, LOG, short};
use crate::cli::terminal::Terminal;
use crate::cli::verify::{self, with_progress};
use crate::key::{PublicKey, Thumbprint};
use crate::verify::report::{Report, Verdict, spans};

/// One key, for JSON.
#[derive(Debug, Serialize)]
struct Row {
    name: String,
    key: String,
    thumbprint: Thumbprint,
    powers: Vec<Power>,
    /// Whether it may sign the next entry.
    in_force: bool,
    from: u64,
    until: Option<u64>,
    came: String,
    came_at: u64,
    went: Option<String>,
    suspect_from: Option<u64>,
    suspect: Vec<u64>,
    secret_file: Option<String>,
    #[serde(skip)]
    span: String,
}

#[derive(Serialize)]
struct Json<'a> {
    schema: &'static str,
    ok: bool,
    verdict: Verdict,
    origin: &'a str,
    tree_size: u64,
    log_key: Option<String>,
    keys: &'a [Row],
    unknown_files: &'a [(String, Option<String>)],
}

/// The secret key files at hand, by the public key that each names.
#[derive(Default)]
struct Files {
    by_key: BTreeMap<[u8; 32], String>,
    /// Files that name no key, by their recorder.
    unnamed: BTreeMap<String, String>,
}

pub(crate) fn run(place: &Place, terminal: &Terminal) -> Result<Exit, Failure> {
    let (store, policy) = (place.store()?, place.policy()?);
    let verification = with_progress(&store, &policy, &mut |_| (), terminal)?;
    let (report, keyring) = (verification.report, verification.keyring);
    let verdict = report.verdict();
    if verdict == Verdict::Failed {
        let count = report.faults.len();
        let message = format!("the ledger does not verify ({count} faults found)");
        return Err(Failure::new(failure::DOES_NOT_VERIFY, message)
            .hint("`whosaid verify` names every file and entry"));
    }
    let mut files = Files::at(place)?;
    let origin = report.origin.as_deref().unwrap_or_default();
    let log = keyring.log_key();
    let log_file = log.and_then(|key| files.take(key, LOG));
    let rows = rows(&keyring, &report, &mut files);
    let unknown: Vec<(String, Option<String>)> = files.rest();
    terminal.object(&Json {
        schema: "whosaid.key-list/1",
        ok: verdict == Verdict::Verified,
        verdict,
        origin,
        tree_size: report.tree_size,
        log_key: log.map(|key| known::verifier_key(origin, key)),
        keys: &rows,
        unknown_files: &unknown,
    });
    terminal.line(format!("{origin}, {} entries", report.tree_size));
    if let Some(log) = log {
        terminal.line(format!("the log's own key {}", short(log.thumbprint())));
        terminal.line("    signs checkpoints and nothing else");
        print_file(log_file.as_deref(), terminal);
    }
    for row in &rows {
        print(row, terminal);
    }
    for (file, key) in &unknown {
        let key = key.as_deref().unwrap_or("it names no public key");
        terminal.line(format!("{file}: not in this ledger: {key}"));
    }
    if verdict == Verdict::Undecided {
        terminal.talk(
            "Undecided: not every statement is there to be checked, so a key or its end may be \
             missing here.",
        );
    }
    Ok(verify::exit(verdict))
}

fn rows(keyring: &Keyring, report: &Report, files: &mut Files) -> Vec<Row> {
    let row = |term: &Term| Row {
        name: term.name.clone(),
        key: known::verifier_key(&term.name, term.key),
        thumbprint: term.thumbprint,
        powers: term.powers.clone(),
        in_force: term.is_in_force(report.tree_size),
        from: term.from,
        until: term.until,
        came: known::came(term, keyring),
        came_at: term.brought.entry,
        went: known::went(term),
        suspect_from: term.suspect_from,
        suspect: report
            .suspect
            .iter()
            .filter(|suspect| suspect.key == term.thumbprint)
            .flat_map(|suspect| suspect.entries.iter().copied())
            .collect(),
        secret_file: files.take(term.key, &term.name),
        span: known::span(term),
    };
    keyring.terms().iter().map(row).collect()
}

fn print(row: &Row, terminal: &Terminal) {
    terminal.line(format!(
        "{}  key {}  {}",
        row.name,
        short(row.thumbprint),
        known::powers(&row.powers)
    ));
    let went = row.went.as_ref().map_or(String::new(), |went| format!("; {went}"));
    terminal.line(format!("    {}: {}{went}", row.span, row.came));
    if let Some(from) = row.suspect_from {
        let what = match row.suspect.len() {
            0 => "it signed nothing from there on".to_owned(),
            1 => format!("1 statement, entry {}", row.suspect[0]),
            count => format!("{count} statements, entries {}", spans(&row.suspect)),
        };
        terminal.line(format!("    suspect from entry {from} on: {what}"));
    }
    print_file(row.secret_file.as_deref(), terminal);
}

fn print_file(file: Option<&str>, terminal: &Terminal) {
    if let Some(file) = file {
        terminal.line(format!("    secret key at hand: {file}"));
    }
}

impl Files {
    /// Reads what the files say of themselves; nothing is decrypted.
    fn at(place: &Place) -> Result<Self, Failure> {
        let mut files = Self::default();
        for stem in secrets::stems(&place.keys)? {
            let path = secrets::path(&place.keys, &stem);
            let shown = path.display().to_string();
            match secrets::named_public(&path) {
                Ok(Some(key)) => {
                    files.by_key.insert(*key.as_bytes(), shown);
                }
                Ok(None) | Err(_) => {
                    files.unnamed.insert(stem, shown);
                }
            }
        }
        Ok(files)
    }

    /// The file of a key, which belongs to nobody else then.
    fn take(&mut self, key: PublicKey, name: &str) -> Option<String> {
        let named = self.by_key.remove(key.as_bytes());
        named.or_else(|| {
            let file = self.unnamed.get(name)?;
            Some(format!("{file}, perhaps (it does not say which key it holds)"))
        })
    }

    /// What belongs to no key of the ledger, with its public key.
    fn rest(self) -> Vec<(String, Option<String>)> {
        let named = self.by_key.into_iter().map(|(key, file)| {
            let key = PublicKey::from_bytes(&key).ok();
            let stem = stem_of(&file);
            (file, key.map(|key| known::verifier_key(&stem, key)))
        });
        named.collect()
    }
}

/// The recorder's name in the name of a key's file.
fn stem_of(file: &str) -> String {
    let name = file.rsplit(['/', '\\']).next().unwrap_or(file);
    name.split('.').next().unwrap_or(name).to_owned()
}
