//! `whosaid witness`: be a witness of other people's ledgers.

use std::path::Path;

use serde::Serialize;

use crate::cli::failure::{self, Exit, Failure};
use crate::cli::open::{Place, now};
use crate::cli::secrets;
use crate::cli::summary;
use crate::cli::terminal::Terminal;
use crate::cli::witness_options::Witness as Options;
use crate::http::interrupt::interrupted;
use crate::http::server::Server;
use crate::http::witness::{LIMITS, Told, service};
use crate::key::SecretKey;
use crate::store::loose::{self, Readers};
use crate::store::os::OsDisk;
use crate::tlog::add_checkpoint::AddCheckpoint;
use crate::tlog::note::{Algorithm, VerifierKey};
use crate::tlog::policy::{self, Policy};
use crate::witness::{self, Witness};

/// The name under which the witness's key lies in its folder.
const KEY: &str = "witness";

/// The file with the public half: the name and the key that others trust.
const PUBLIC: &str = "vkey";

#[derive(Serialize)]
struct Json<'a> {
    schema: &'static str,
    ok: bool,
    vkey: String,
    url: &'a str,
    logs: Vec<String>,
    policy: &'a str,
}

pub(crate) fn run(_: &Place, options: &Options, terminal: &Terminal) -> Result<Exit, Failure> {
    let logs = logs(options)?;
    // Before a passphrase is asked for: a name that cannot stand in a key, a port that is taken.
    let dummy = SecretKey::from_seed(&[0; 32]).public();
    VerifierKey::new(&options.name, Algorithm::Cosignature, dummy)
        .map_err(|error| Failure::new(failure::INPUT, format!("--name: {error}")))?;
    let io = |what: &str, error: std::io::Error| {
        Failure::new(failure::IO, format!("could not {what} {}: {error}", options.listen))
    };
    let server = Server::bind(&options.listen, LIMITS).map_err(|error| io("listen on", error))?;
    let address = server.address().map_err(|error| io("listen on", error))?;

    loose::create_folder(&options.dir)?;
    let key = key(options)?;
    let names: Vec<String> = logs.iter().map(ToString::to_string).collect();
    let witness = Witness::open(&options.name, key, logs, OsDisk::new(&options.dir))?;
    keep_public(&options.dir, witness.verifier())?;

    let url = format!("http://{address}");
    let verifier = witness.verifier().clone();
    let ready = || introduce(&verifier, &url, names, terminal);
    let given = options.at;
    let clock = move || now(given).unwrap_or_default();
    let is_json = terminal.is_json();
    let tell = move |told: Told<'_>| Terminal::new(is_json).talk(request_line(&told, clock()));
    let service = service(witness, clock, tell);
    server.run(service, interrupted(), ready).map_err(|error| io("go on listening on", error))?;
    terminal.talk("stopped");
    Ok(Exit::Holds)
}

/// Says what the other newsroom needs: one line for its policy, or one command.
fn introduce(verifier: &VerifierKey, url: &str, logs: Vec<String>, terminal: &Terminal) {
    let line = format!("witness {} {verifier} {url}", verifier.name());
    let vkey = verifier.to_string();
    terminal.object(&Json {
        schema: "whosaid.witness/1",
        ok: true,
        vkey,
        url,
        logs,
        policy: &line,
    });
    terminal.line(format!("listening on {url}"));
    terminal.line(format!("vkey {verifier}"));
    terminal.line(
        "Send this to those whose ledgers you witness (with the URL at which they reach \
        you):",
    );
    terminal.line(format!("  whosaid key trust {verifier} --url {url}"));
    terminal.line("Or, as a line of their policy:");
    terminal.line(format!("  {line}"));
    terminal.flush();
}

/// One line for each request.
fn request_line(told: &Told<'_>, time: u64) -> String {
    let Told { asked, answer } = told;
    let what = match (answer.status, AddCheckpoint::parse(&asked.body)) {
        // Whose checkpoint, and of how many entries.
        (200, Ok(request)) => {
            request.checkpoint.text().lines().take(2).collect::<Vec<_>>().join(" ")
        }
        (200, Err(_)) => String::new(),
        _ => answer.body.trim_end().to_owned(),
    };
    let time = summary::time(time);
    let path = summary::shortened(&asked.path, 100);
    format!("{time} {} {path} {} {what}", asked.method, answer.status).trim_end().to_owned()
}

fn logs(options: &Options) -> Result<Vec<VerifierKey>, Failure> {
    let mut logs: Vec<VerifierKey> = Vec::new();
    for text in &options.log {
        let parsed = text.parse();
        logs.push(parsed.map_err(|error| Failure::new(failure::INPUT, error).about("--log"))?);
    }
    if let Some(file) = &options.policy {
        let bytes = loose::read_file(file, policy::MAX_LENGTH as u64)?;
        let policy = Policy::parse(&bytes)
            .map_err(|error| Failure::new(failure::POLICY, error).about(file.display()))?;
        logs.extend(policy.logs().iter().map(|log| log.key.clone()));
    }
    logs.sort_by_key(ToString::to_string);
    logs.dedup();
    if logs.is_empty() {
        return Err(Failure::usage("no log to follow: give --log VKEY or --policy FILE")
            .hint("the other newsroom's keys/policy has it, behind `log`"));
    }
    Ok(logs)
}

/// The witness's key; a new one where there is none yet.
fn key(options: &Options) -> Result<SecretKey, Failure> {
    let file = options.passphrase_file.as_deref();
    if secrets::path(&options.dir, KEY).exists() {
        let passphrase = secrets::passphrase(file, "Passphrase of the witness's key: ")?;
        return secrets::open(&options.dir, KEY, &passphrase);
    }
    secrets::make(&secrets::path(&options.dir, KEY), &secrets::new_passphrase(file)?)
}

/// Keeps the name with the key, and refuses another one: a cosignature does not say by which name
/// it was made, so a key may have but one.
fn keep_public(folder: &Path, verifier: &VerifierKey) -> Result<(), Failure> {
    let (path, line) = (folder.join(PUBLIC), format!("{verifier}\n"));
    match loose::read_file(&path, 4096) {
        Ok(found) if found == line.as_bytes() => Ok(()),
        Err(loose::ReadError::Failed(error)) if error.is_not_found() => {
            Ok(loose::write_new(&path, line.as_bytes(), Readers::Everyone)?)
        }
        Ok(found) => {
            let found = String::from_utf8_lossy(&found).trim_end().to_owned();
            let message = format!("this witness is {found}, and would be {verifier}");
            Err(Failure::new(failure::EXISTS, message)
                .hint("another name needs another folder (--dir), and a key of its own"))
        }
        Err(error) => Err(error.into()),
    }
}

impl From<witness::Error> for Failure {
    fn from(error: witness::Error) -> Self {
        match error {
            witness::Error::Store(error) => error.into(),
            witness::Error::Memory { .. } => Self::new(failure::DAMAGED, error)
                .hint("restore the folder from a copy that is not older than its last cosignature")
                .hint("or begin anew: another --dir, another --name"),
            error => Self::new(failure::INPUT, error),
        }
    }
}
