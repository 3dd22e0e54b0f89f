//! `whosaid init`: keys, a policy, and a ledger with its charter at entry 0.

use serde::Serialize;

use crate::attribution::id::Id;
use crate::attribution::record::Record;
use crate::attribution::record::charter::{Charter, FORMAT, Power, Recorder};
use crate::cli::arguments::Init;
use crate::cli::failure::{self, Exit, Failure};
use crate::cli::open::{Place, now};
use crate::cli::secrets;
use crate::cli::terminal::Terminal;
use crate::key::SecretKey;
use crate::ledger::batch::{self, Batch};
use crate::ledger::{reading, writing};
use crate::store::Store;
use crate::store::loose::{self, Readers};
use crate::store::os::OsDisk;
use crate::tlog::note::{Algorithm, VerifierKey};
use crate::tlog::policy::Policy;

const PURPOSE: &str = "Attributed claims: who said what, through which document, on whose word. \
Entries are never edited; corrections, retractions and replies are later entries.";

#[derive(Serialize)]
struct Json<'a> {
    schema: &'static str,
    ok: bool,
    origin: &'a str,
    recorder: &'a str,
    log_key: String,
    charter: Id,
    tree_size: u64,
}

pub(crate) fn run(place: &Place, init: &Init, terminal: &Terminal) -> Result<Exit, Failure> {
    let folder = place.folder()?;
    check(place, init)?;
    let passphrase = secrets::new_passphrase(init.passphrase_file.as_deref())?;
    loose::create_folder(&place.keys)?;
    loose::create_folder(folder)?;
    let log_key = key(place, secrets::LOG, &passphrase)?;
    let recorder_key = key(place, &init.name, &passphrase)?;
    let verifier = VerifierKey::new(&init.origin, Algorithm::Ed25519, log_key.public())
        .map_err(|error| Failure::new(failure::INPUT, error))?;
    let policy = Policy::of_log(verifier.clone());
    write_once(place, "policy", &policy.to_string())?;
    write_once(place, ".gitignore", secrets::GITIGNORE)?;

    let record = Record::Charter(Charter {
        format: FORMAT,
        origin: init.origin.clone(),
        title: init.title.clone().unwrap_or_else(|| init.origin.clone()),
        purpose: init.purpose.clone().unwrap_or_else(|| PURPOSE.to_owned()),
        log: log_key.public(),
        recorders: vec![Recorder {
            name: init.name.clone(),
            key: recorder_key.public(),
            powers: vec![Power::Record, Power::Correct, Power::Keys],
        }],
    });
    let store = Store::open(OsDisk::new(folder))?;
    let index = place.index()?;
    let mut ledger = writing::found(store, &policy, &init.origin, log_key, index)?;
    let recorded_at = now(init.at)?;
    let recorder = batch::Recorder { name: &init.name, key: &recorder_key, recorded_at };
    let mut batch = Batch::new(&ledger, recorder)?;
    let charter = batch.add(&record)?.id;
    let addition = batch.finish();
    ledger.commit(&addition)?;
    place.remember_own(terminal);

    terminal.object(&Json {
        schema: "whosaid.init/1",
        ok: true,
        origin: &init.origin,
        recorder: &init.name,
        log_key: verifier.to_string(),
        charter,
        tree_size: ledger.tree_size(),
    });
    terminal.line(format!("A new ledger, {}, in {}.", init.origin, place.ledger));
    terminal.line(format!(
        "Its policy, for everybody who will check it: {}",
        place.policy_path().display()
    ));
    terminal.line(format!(
        "Secret keys of the log and of {}: in {}. Keep a copy, and keep them secret.",
        init.name,
        place.keys.display()
    ));
    terminal.line("Next: write a claim file and run `whosaid append FILE`.");
    Ok(Exit::Holds)
}

/// Everything that can be refused before anything is written.
fn check(place: &Place, init: &Init) -> Result<(), Failure> {
    let refused = |error: &dyn std::fmt::Display| Failure::new(failure::INPUT, error);
    secrets::check_name("--name", &init.name)?;
    let dummy = SecretKey::from_seed(&[0; 32]).public();
    VerifierKey::new(&init.origin, Algorithm::Ed25519, dummy)
        .map_err(|error| refused(&format!("--origin: {error}")))?;
    let Ok(store) = Store::open(OsDisk::new(place.folder()?)) else { return Ok(()) };
    match reading::checkpoint(&store)? {
        None => Ok(()),
        Some(_) => Err(Failure::new(
            failure::EXISTS,
            format!("there is a ledger in {} already", place.ledger),
        )
        .hint("append to it, or name another folder with --ledger and --keys")),
    }
}

/// The key that an interrupted `init` left, or a new one.
fn key(place: &Place, name: &str, passphrase: &[u8]) -> Result<SecretKey, Failure> {
    if secrets::path(&place.keys, name).exists() {
        return secrets::open(&place.keys, name, passphrase).map_err(|failure| {
            failure.hint("an earlier `init` left this key; use its passphrase, or other folders")
        });
    }
    secrets::make(&secrets::path(&place.keys, name), passphrase)
}

/// Writes a file of `keys/`; one with the same content may be there from an interrupted `init`.
fn write_once(place: &Place, name: &str, content: &str) -> Result<(), Failure> {
    let path = place.keys.join(name);
    match loose::read_file(&path, content.len() as u64) {
        Ok(found) if found == content.as_bytes() => Ok(()),
        Err(loose::ReadError::Failed(error)) if error.is_not_found() => {
            Ok(loose::write_new(&path, content.as_bytes(), Readers::Everyone)?)
        }
        Ok(_) | Err(loose::ReadError::TooLong { .. }) => Err(Failure::new(
            failure::EXISTS,
            format!("{} is there already and says something else", path.display()),
        )
        .hint("name another folder with --keys")),
        Err(error) => Err(error.into()),
    }
}
