//! Secret keys: where they lie, and the passphrase that opens them.

use std::io::{self, IsTerminal, Read};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::attribution::keyring::Keyring;
use crate::attribution::record::limits;
use crate::cli::failure::{self, Failure};
use crate::key::{PublicKey, SecretKey, Thumbprint};
use crate::keyfile::{self, Cost, Fresh};
use crate::store::loose::{self, Readers};

/// The file name of the log's key; a recorder can therefore not be called `log`.
pub(crate) const LOG: &str = "log";

const SUFFIX: &str = ".secret.pem";

/// Whoever puts the folder under version control must not publish secrets by accident.
pub(crate) const GITIGNORE: &str = "*.secret.pem\n";

/// The longest passphrase file, in bytes.
const PASSPHRASE_LIMIT: u64 = 4096;

/// What stands behind the name of a key that is to take another's place, until it does.
const NEXT: &str = ".next";

/// What stands behind the name and thumbprint of a key whose place another took.
const RETIRED: &str = ".retired";

/// How many hex digits of a thumbprint people are shown, and may type.
pub(crate) const SHORT: usize = 12;

/// The beginning of a thumbprint.
pub(crate) fn short(key: Thumbprint) -> String {
    key.to_string()[..SHORT].to_owned()
}

/// The file that holds a secret key.
pub(crate) fn path(keys: &Path, name: &str) -> PathBuf {
    keys.join(format!("{name}{SUFFIX}"))
}

/// The file that holds the key which is to take the place of `name`'s.
pub(crate) fn next_path(keys: &Path, name: &str) -> PathBuf {
    path(keys, &format!("{name}{NEXT}"))
}

/// The file that keeps a key whose place another took.
pub(crate) fn retired_path(keys: &Path, name: &str, key: Thumbprint) -> PathBuf {
    path(keys, &format!("{name}.{}{RETIRED}", short(key)))
}

/// Whether a recorder can have this name, before it becomes part of a file's name.
pub(crate) fn check_name(option: &'static str, name: &str) -> Result<(), Failure> {
    limits::key(option, name).map_err(|error| {
        Failure::new(failure::INPUT, error)
            .hint("a recorder's name is short and plain, such as `nadia` or `night-desk`")
    })?;
    if name == LOG {
        let message = format!("{option}: `log` is the log's own name, not a recorder's");
        return Err(Failure::new(failure::INPUT, message)
            .hint("the log's key signs checkpoints and nothing else; choose a recorder"));
    }
    Ok(())
}

/// The secret key files at hand: the part of their names before `.secret.pem`.
pub(crate) fn stems(keys: &Path) -> Result<Vec<String>, Failure> {
    let names = match loose::names(keys) {
        Err(error) if error.is_not_found() => Vec::new(),
        names => names?,
    };
    let mut stems: Vec<String> =
        names.iter().filter_map(|file| file.strip_suffix(SUFFIX)).map(str::to_owned).collect();
    stems.sort();
    Ok(stems)
}

/// The recorder whose key to use: the one named, or the only one there is.
pub(crate) fn choose(keys: &Path, named: Option<&str>) -> Result<String, Failure> {
    if let Some(name) = named {
        check_name("--as", name)?;
        return Ok(name.to_owned());
    }
    // A recorder's name has no dot: what has one is a key that comes or went.
    let stems = stems(keys)?;
    let mut names: Vec<&str> =
        stems.iter().map(|stem| stem.strip_suffix(NEXT).unwrap_or(stem)).collect();
    names.retain(|name| *name != LOG && !name.contains('.'));
    names.dedup();
    match names.as_slice() {
        [name] => Ok((*name).to_owned()),
        [] => Err(Failure::new(failure::KEY, format!("no recorder's key in {}", keys.display()))
            .hint("only somebody with a recorder's secret key can append; reading needs none")),
        _ => Err(Failure::new(
            failure::KEY,
            format!("several recorders' keys: {}", names.join(", ")),
        )
        .hint("choose one with --as NAME")),
    }
}

/// Gives the files of a rotation that is in the ledger their lasting names: the old key is kept
/// as retired, the new one takes its place. Each step can be the last before a crash; the next
/// writer then goes on from there. Says whether anything was done.
pub(crate) fn settle(keys: &Path, name: &str, keyring: &Keyring) -> Result<bool, Failure> {
    let (present, next) = (path(keys, name), next_path(keys, name));
    let Some(key) = named_public(&next)? else { return Ok(false) };
    let in_ledger = keyring.term(key.thumbprint()).filter(|term| term.name == name);
    // A key that is not in the ledger yet: an interrupted rotation, which `key rotate` goes on.
    let Some(term) = in_ledger else { return Ok(false) };
    if present.exists() {
        let old = match named_public(&present)? {
            Some(old) => old.thumbprint(),
            None => term.acts_for.unwrap_or(term.thumbprint),
        };
        loose::rename_new(&present, &retired_path(keys, name, old))?;
    }
    loose::rename_new(&next, &present)?;
    Ok(true)
}

/// The public key that a secret key file names; `None` if there is no file, or it names none.
pub(crate) fn named_public(path: &Path) -> Result<Option<PublicKey>, Failure> {
    match loose::read_file(path, keyfile::FILE_BYTES as u64) {
        Ok(bytes) => {
            let bytes = Zeroizing::new(bytes);
            Ok(std::str::from_utf8(&bytes).ok().and_then(keyfile::named_public))
        }
        Err(loose::ReadError::Failed(error)) if error.is_not_found() => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Opens one secret key.
pub(crate) fn open(keys: &Path, name: &str, passphrase: &[u8]) -> Result<SecretKey, Failure> {
    open_file(&path(keys, name), passphrase)
}

/// Opens the secret key in a file.
pub(crate) fn open_file(path: &Path, passphrase: &[u8]) -> Result<SecretKey, Failure> {
    let bytes = loose::read_file(path, keyfile::FILE_BYTES as u64).map_err(|error| {
        Failure::new(failure::KEY, error)
            .hint("only somebody with this secret key can append; --keys names another folder")
    })?;
    let pem = String::from_utf8(bytes).map_err(|_| {
        let message = format!("{} is not a key file: it is not text", path.display());
        Failure::new(failure::KEY, message)
            .hint("expected encrypted PKCS#8 in PEM; `whosaid key new NAME` makes one")
    })?;
    let pem = Zeroizing::new(pem);
    keyfile::open(&pem, passphrase).map_err(|error| Failure::from(error).about(path.display()))
}

/// Opens the log's key, with the recorder's passphrase or its own: colleagues who share a ledger
/// share this key, and need not share a passphrase.
pub(crate) fn open_log(
    keys: &Path,
    file: Option<&Path>,
    passphrases: &Passphrases,
) -> Result<SecretKey, Failure> {
    let first = passphrases.second.as_ref().unwrap_or(&passphrases.first);
    match open(keys, LOG, first) {
        Err(failure) if failure.is(&failure::PASSPHRASE) && passphrases.second.is_none() => {
            if file.is_none() {
                return open(keys, LOG, &passphrase(None, "Passphrase of the log's key: ")?);
            }
            Err(failure.hint("if the log's key has another passphrase, put it on a second line"))
        }
        opened => opened,
    }
}

/// Makes a new secret key and keeps it, encrypted, readable by its owner alone.
pub(crate) fn make(path: &Path, passphrase: &[u8]) -> Result<SecretKey, Failure> {
    let mut seed = Zeroizing::new([0; 32]);
    random(&mut seed[..])?;
    let key = SecretKey::from_seed(&seed);
    keep(path, &key, passphrase)?;
    Ok(key)
}

/// Keeps a secret key in a file that must not be there yet, encrypted, readable by its owner
/// alone.
pub(crate) fn keep(path: &Path, key: &SecretKey, passphrase: &[u8]) -> Result<(), Failure> {
    let mut fresh = Fresh { salt: [0; 16], iv: [0; 16] };
    random(&mut fresh.salt)?;
    random(&mut fresh.iv)?;
    let pem = keyfile::seal(key, passphrase, &fresh, Cost::STANDARD);
    Ok(loose::write_new(path, pem.as_bytes(), Readers::Owner)?)
}

fn random(bytes: &mut [u8]) -> Result<(), Failure> {
    getrandom::fill(bytes).map_err(|error| {
        Failure::new(failure::IO, format!("the system gives no random bytes: {error}"))
    })
}

/// What opens the keys: the recorder's passphrase, and the log's if it was given apart.
pub(crate) struct Passphrases {
    pub(crate) first: Zeroizing<Vec<u8>>,
    pub(crate) second: Option<Zeroizing<Vec<u8>>>,
}

/// The passphrase: from a file, from standard input, or asked for at the terminal. Never from a
/// flag, which everybody on the machine could read.
pub(crate) fn passphrase(
    file: Option<&Path>,
    question: &str,
) -> Result<Zeroizing<Vec<u8>>, Failure> {
    Ok(passphrases(file, question)?.first)
}

/// As [`passphrase`]; a second line of the file or of standard input is the log's.
pub(crate) fn passphrases(file: Option<&Path>, question: &str) -> Result<Passphrases, Failure> {
    let bytes = match file {
        Some(dash) if dash == Path::new("-") => from_standard_input()?,
        Some(file) => Zeroizing::new(loose::read_file(file, PASSPHRASE_LIMIT)?),
        None if io::stdin().is_terminal() => ask(question)?,
        None => {
            let message = "a passphrase is needed, and there is no terminal to ask for it";
            return Err(Failure::new(failure::PASSPHRASE, message)
                .hint("give a file that holds it: --passphrase-file FILE (- is standard input)"));
        }
    };
    let mut lines = bytes.split(|b| *b == b'\n').map(|line| {
        let end = line.iter().position(|b| *b == b'\r').unwrap_or(line.len());
        Zeroizing::new(line[..end].to_vec())
    });
    let first = lines.next().filter(|line| !line.is_empty());
    let first =
        first.ok_or_else(|| Failure::new(failure::PASSPHRASE, "the passphrase is empty"))?;
    Ok(Passphrases { first, second: lines.next().filter(|line| !line.is_empty()) })
}

/// Asks for a new passphrase, twice at a terminal.
pub(crate) fn new_passphrase(file: Option<&Path>) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let first = passphrase(file, "A passphrase for the new keys: ")?;
    if file.is_none() && *passphrase(None, "The same again: ")? != *first {
        return Err(Failure::new(failure::PASSPHRASE, "the two passphrases differ"));
    }
    Ok(first)
}

fn ask(question: &str) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let typed = rpassword::prompt_password(question)
        .map_err(|error| Failure::new(failure::PASSPHRASE, format!("no passphrase: {error}")))?;
    Ok(Zeroizing::new(typed.into_bytes()))
}

fn from_standard_input() -> Result<Zeroizing<Vec<u8>>, Failure> {
    let mut bytes = Zeroizing::new(Vec::new());
    let read = io::stdin().take(PASSPHRASE_LIMIT).read_to_end(&mut bytes);
    read.map_err(|error| {
        Failure::new(failure::IO, format!("could not read standard input: {error}"))
    })?;
    Ok(bytes)
}
