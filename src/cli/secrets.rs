//! Secret keys: where they lie, and the passphrase that opens them.

use std::io::{self, IsTerminal, Read};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::cli::failure::{self, Failure};
use crate::key::SecretKey;
use crate::keyfile::{self, Cost, Fresh};
use crate::store::loose::{self, Readers};

/// The file name of the log's key; a recorder can therefore not be called `log`.
pub(crate) const LOG: &str = "log";

const SUFFIX: &str = ".secret.pem";

/// The longest passphrase file, in bytes.
const PASSPHRASE_LIMIT: u64 = 4096;

/// The file that holds a secret key.
pub(crate) fn path(keys: &Path, name: &str) -> PathBuf {
    keys.join(format!("{name}{SUFFIX}"))
}

/// The recorder whose key to use: the one named, or the only one there is.
pub(crate) fn choose(keys: &Path, named: Option<&str>) -> Result<String, Failure> {
    if let Some(name) = named {
        return Ok(name.to_owned());
    }
    let mut names: Vec<String> = loose::names(keys)?
        .iter()
        .filter_map(|file| file.strip_suffix(SUFFIX))
        .filter(|name| *name != LOG)
        .map(str::to_owned)
        .collect();
    names.sort();
    match names.as_slice() {
        [name] => Ok(name.clone()),
        [] => Err(Failure::new(failure::KEY, format!("no recorder's key in {}", keys.display()))
            .hint("only somebody with a recorder's secret key can append; reading needs none")),
        _ => Err(Failure::new(
            failure::KEY,
            format!("several recorders' keys: {}", names.join(", ")),
        )
        .hint("choose one with --as NAME")),
    }
}

/// Opens one secret key.
pub(crate) fn open(keys: &Path, name: &str, passphrase: &[u8]) -> Result<SecretKey, Failure> {
    let path = path(keys, name);
    let bytes = loose::read_file(&path, keyfile::FILE_BYTES as u64).map_err(|error| {
        Failure::new(failure::KEY, error)
            .hint("only somebody with this secret key can append; --keys names another folder")
    })?;
    let pem = Zeroizing::new(String::from_utf8(bytes).map_err(|_| {
        Failure::new(failure::KEY, format!("{} is not a key file", path.display()))
    })?);
    keyfile::open(&pem, passphrase).map_err(|error| Failure::from(error).about(path.display()))
}

/// Makes a new secret key and keeps it, encrypted, readable by its owner alone.
pub(crate) fn make(keys: &Path, name: &str, passphrase: &[u8]) -> Result<SecretKey, Failure> {
    let mut seed = Zeroizing::new([0; 32]);
    let mut fresh = Fresh { salt: [0; 16], iv: [0; 16] };
    for bytes in [&mut seed[..], &mut fresh.salt[..], &mut fresh.iv[..]] {
        getrandom::fill(bytes).map_err(|error| {
            Failure::new(failure::IO, format!("the system gives no random bytes: {error}"))
        })?;
    }
    let key = SecretKey::from_seed(&seed);
    let pem = keyfile::seal(&key, passphrase, &fresh, Cost::STANDARD);
    loose::write_new(&path(keys, name), pem.as_bytes(), Readers::Owner)?;
    Ok(key)
}

/// The passphrase: from a file, from standard input, or asked for at the terminal. Never from a
/// flag, which everybody on the machine could read.
pub(crate) fn passphrase(
    file: Option<&Path>,
    question: &str,
) -> Result<Zeroizing<Vec<u8>>, Failure> {
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
    let end = bytes.iter().position(|b| matches!(b, b'\n' | b'\r')).unwrap_or(bytes.len());
    if end == 0 {
        return Err(Failure::new(failure::PASSPHRASE, "the passphrase is empty"));
    }
    Ok(Zeroizing::new(bytes[..end].to_vec()))
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
