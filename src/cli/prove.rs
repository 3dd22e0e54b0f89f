//! `whosaid prove`: one file with which a stranger can check an entry.

use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::attribution::id::Id;
use crate::attribution::record::Record;
use crate::attribution::record::claim::Claim;
use crate::attribution::record::document::{Capture, Document};
use crate::attribution::statement;
use crate::cli::arguments::{ProofFormat, Prove};
use crate::cli::failure::{self, Exit, Failure};
use crate::cli::look;
use crate::cli::open::{Place, now};
use crate::cli::secrets;
use crate::cli::summary::word;
use crate::cli::terminal::Terminal;
use crate::evidence::capture::{self, MAX_CAPTURE};
use crate::hash::Hash;
use crate::index::Index;
use crate::key::SecretKey;
use crate::ledger::batch::{SHORTEST_PREFIX, entry_number};
use crate::receipt::bundle::{self, Blob, Bundle};
use crate::receipt::check::check;
use crate::receipt::prove::{Proven, Published};
use crate::receipt::readme;
use crate::store::loose::{self, Readers};
use crate::store::path::FilePath;
use crate::store::source::Source;
use crate::tlog::policy::Policy;
use crate::verify::report::{Outcome, Verdict};

#[derive(Serialize)]
struct Json<'a> {
    schema: &'static str,
    ok: bool,
    format: &'static str,
    file: String,
    bytes: usize,
    origin: &'a str,
    tree_size: u64,
    root: Hash,
    entry: u64,
    id: Id,
    withheld: bool,
    companions: usize,
    captures: usize,
    left_out: Vec<LeftOut>,
}

/// Something that is not in the file, and why.
#[derive(Debug, Serialize)]
struct LeftOut {
    what: String,
    why: String,
}

/// A file that is ready to be handed out.
struct Ready {
    bytes: Vec<u8>,
    captures: usize,
    left_out: Vec<LeftOut>,
}

pub(crate) fn run(place: &Place, options: &Prove, terminal: &Terminal) -> Result<Exit, Failure> {
    let to_stdout = options.out.as_deref() == Some(Path::new("-"));
    if to_stdout && terminal.is_json() {
        let message = "standard output cannot carry both the file and JSON";
        return Err(Failure::usage(message).hint("name a file with --out, or leave out --json"));
    }
    let (store, policy) = (place.store()?, place.policy()?);
    let source: &dyn Source = &store;
    let met = place.meet(&store, &policy, terminal)?;
    let index = place.index_at_hand(&store, &policy);
    let proven =
        store.read_again(terminal, || proven(source, &policy, index.as_ref(), &options.id))?;
    let ready = make(place, options, (source, &policy), &proven)?;
    let file = options.out.clone().unwrap_or_else(|| default_name(options.format, &proven));
    if to_stdout {
        terminal.bytes(&ready.bytes);
    } else {
        write(&file, &ready.bytes)?;
    }
    place.remember(met.as_ref(), &policy, terminal);
    report(options, &file, &proven, &ready, terminal);
    Ok(Exit::Holds)
}

fn proven(
    source: &dyn Source,
    policy: &Policy,
    index: Option<&Index>,
    typed: &str,
) -> Result<Proven, Failure> {
    let mut published = Published::open(source, policy)?;
    if let Some(index) = index {
        published = published.with_index(index);
    }
    Ok(published.prove(find(&published, typed)?)?)
}

/// The entry that a person means. A number is its number; all else needs an index, or the ids of all
/// entries.
fn find(published: &Published<'_>, typed: &str) -> Result<u64, Failure> {
    if let Some(number) = entry_number(typed).filter(|number| *number < published.tree_size()) {
        return Ok(number);
    }
    if typed.len() >= SHORTEST_PREFIX
        && let Some(entry_index) = published.by_prefix(&typed.to_ascii_lowercase())?
    {
        return Ok(entry_index);
    }
    Ok(look::find(&published.ids()?, typed)?.0)
}

fn default_name(format: ProofFormat, proven: &Proven) -> PathBuf {
    let ending = match format {
        ProofFormat::TlogProof => "tlog-proof",
        ProofFormat::Scitt => "scitt",
        ProofFormat::Bundle => "zip",
    };
    PathBuf::from(format!("{}.{ending}", Id::from_hash(proven.entry).short()))
}

fn write(file: &Path, bytes: &[u8]) -> Result<(), Failure> {
    loose::write_new(file, bytes, Readers::Everyone).map_err(|error| {
        if error.source.kind() == std::io::ErrorKind::AlreadyExists {
            let message = format!("{} is there already", file.display());
            return Failure::new(failure::EXISTS, message)
                .hint("nothing is ever overwritten; name another file with --out");
        }
        error.into()
    })
}

fn make(
    place: &Place,
    options: &Prove,
    (source, policy): (&dyn Source, &Policy),
    proven: &Proven,
) -> Result<Ready, Failure> {
    let entry = |(entry, why): &(u64, &'static str)| LeftOut {
        what: format!("entry {entry}"),
        why: (*why).to_owned(),
    };
    let mut left_out: Vec<LeftOut> = proven.left_out.iter().map(entry).collect();
    let transparent = || -> Result<Vec<u8>, Failure> {
        if proven.statement.is_none() {
            // Before anybody is asked for a passphrase.
            return Err(crate::receipt::prove::Error::Withheld(proven.leaf.index).into());
        }
        let key = log_key(place, options, policy, proven)?;
        Ok(proven.to_transparent(&key, now(options.at)?)?)
    };
    let mut captures = 0;
    let bytes = match options.format {
        ProofFormat::TlogProof => proven.to_tlog_proof()?.to_string().into_bytes(),
        ProofFormat::Scitt => transparent()?,
        ProofFormat::Bundle => {
            let mut bundle = Bundle {
                receipt: proven.to_tlog_proof()?.to_string().into_bytes(),
                policy: policy.to_string().into_bytes(),
                statement: options.with_scitt.then(transparent).transpose()?,
                captures: blobs(source, proven, &mut left_out)?,
                ..Bundle::default()
            };
            captures = bundle.captures.len();
            let draft = checked(&encode(&bundle)?, policy)?;
            bundle.read_me = readme::text(&draft, &bundle).into_bytes();
            encode(&bundle)?
        }
    };
    // What is handed out has passed the check that its receiver will make.
    checked(&bytes, policy)?;
    Ok(Ready { bytes, captures, left_out })
}

fn encode(bundle: &Bundle) -> Result<Vec<u8>, Failure> {
    bundle.encode().map_err(|error| Failure::new(failure::INPUT, error))
}

fn checked(bytes: &[u8], policy: &Policy) -> Result<crate::receipt::report::Report, Failure> {
    let report = check(bytes, Some(policy)).map_err(|e| Failure::new(failure::DAMAGED, e))?;
    if report.verdict() != Verdict::Failed {
        return Ok(report);
    }
    let fault = report.checks.iter().find(|check| check.result == Outcome::Fail);
    let what = fault.map(|it| format!("{}: {}", word(&it.name), it.what));
    let message = format!("what the ledger holds does not check: {}", what.unwrap_or_default());
    Err(Failure::new(failure::DAMAGED, message).hint("run `whosaid verify`"))
}

/// The log's secret key, which must be the one that the policy knows.
fn log_key(
    place: &Place,
    options: &Prove,
    policy: &Policy,
    proven: &Proven,
) -> Result<SecretKey, Failure> {
    let question = "Passphrase of the log's key: ";
    let passphrase = secrets::passphrase(options.passphrase_file.as_deref(), question)?;
    let key = secrets::open(&place.keys, secrets::LOG, &passphrase)?;
    let origin = &proven.checkpoint.origin;
    let is_its = policy
        .logs()
        .iter()
        .any(|log| log.key.name() == origin && *log.key.public() == key.public());
    if is_its {
        return Ok(key);
    }
    let message = format!("the log's key in {} is not that of {origin}", place.keys.display());
    Err(Failure::new(failure::KEY, message).hint("--keys names the folder of this ledger's keys"))
}

/// The captures of the document that a claim was read in, and of its hops.
fn blobs(
    source: &dyn Source,
    proven: &Proven,
    left_out: &mut Vec<LeftOut>,
) -> Result<Vec<Blob>, Failure> {
    let mut blobs: Vec<Blob> = Vec::new();
    for capture in captures_of(proven) {
        let path = FilePath::parse(&capture::path(&capture.digest)).expect("a path of the ledger");
        match source.read(&path, MAX_CAPTURE)? {
            Some(bytes) => blobs.push(Blob {
                digest: capture.digest,
                extension: bundle::extension(&capture.media_type).to_owned(),
                bytes,
            }),
            None => left_out.push(LeftOut {
                what: format!("capture {}", capture.digest),
                why: "the ledger does not show it".to_owned(),
            }),
        }
    }
    blobs.sort_by_key(|blob| blob.digest);
    blobs.dedup_by_key(|blob| blob.digest);
    Ok(blobs)
}

fn captures_of(proven: &Proven) -> Vec<Capture> {
    let open = |bytes: &Vec<u8>| Some(statement::open(bytes).ok()?.record().clone());
    let documents: Vec<(Id, Document)> = proven
        .companions
        .iter()
        .filter_map(|it| match open(&it.statement)? {
            Record::Document(document) => Some((Id::of(&it.statement), document)),
            _ => None,
        })
        .collect();
    let of = |id: Id| documents.iter().find(|(theirs, _)| *theirs == id).map(|(_, it)| it);
    match proven.statement.as_ref().and_then(open) {
        Some(Record::Claim(claim)) => {
            let ids = documents_of(&claim);
            ids.into_iter().filter_map(of).flat_map(|it| it.captures.clone()).collect()
        }
        Some(record) => record.captures().into_iter().cloned().collect(),
        None => Vec::new(),
    }
}

fn documents_of(claim: &Claim) -> Vec<Id> {
    claim.document.into_iter().chain(claim.chain.iter().filter_map(|hop| hop.document)).collect()
}

fn report(options: &Prove, file: &Path, proven: &Proven, ready: &Ready, terminal: &Terminal) {
    let (entry, id) = (proven.leaf.index, Id::from_hash(proven.entry));
    let format = match options.format {
        ProofFormat::TlogProof => "tlog-proof",
        ProofFormat::Scitt => "scitt",
        ProofFormat::Bundle => "bundle",
    };
    let checkpoint = &proven.checkpoint;
    let mut left_out = Vec::new();
    for LeftOut { what, why } in &ready.left_out {
        left_out.push(LeftOut { what: what.clone(), why: why.clone() });
        terminal.talk(format!("note: {what} is not in it: {why}"));
    }
    terminal.object(&Json {
        schema: "whosaid.prove/1",
        ok: true,
        format,
        file: file.display().to_string(),
        bytes: ready.bytes.len(),
        origin: &checkpoint.origin,
        tree_size: checkpoint.size,
        root: checkpoint.root,
        entry,
        id,
        withheld: proven.statement.is_none(),
        companions: proven.companions.len(),
        captures: ready.captures,
        left_out,
    });
    if proven.statement.is_none() {
        terminal.talk(format!(
            "note: the statement of entry {entry} is withheld: its place is proven, not its content"
        ));
    }
    if options.out.as_deref() == Some(Path::new("-")) {
        return;
    }
    let (size, name) = (checkpoint.size, file.display());
    terminal.line(format!("{name}: entry {entry} of {size}, {}", checkpoint.origin));
    terminal.line("Whoever has the policy (keys/policy) can check it: `whosaid check FILE`.");
}
