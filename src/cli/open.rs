//! Opening what a command works on: the ledger's folder, the policy, and, to write, the keys.

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::cli::arguments::Signing;
use crate::cli::failure::{self, Failure};
use crate::cli::secrets;
use crate::index::Index;
use crate::key::SecretKey;
use crate::ledger::reading;
use crate::ledger::writing::{self, Ledger};
use crate::store::loose;
use crate::store::os::OsDisk;
use crate::store::{STATE, Store};
use crate::tlog::checkpoint::{Checkpoint, Trusted};
use crate::tlog::policy::{self, Policy};

/// Where the ledger and the keys are.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) ledger: PathBuf,
    pub(crate) keys: PathBuf,
}

/// A ledger opened for writing, and who writes.
#[derive(Debug)]
pub(crate) struct Desk {
    pub(crate) ledger: Ledger<OsDisk>,
    pub(crate) recorder: String,
    pub(crate) key: SecretKey,
    /// In seconds since 1970.
    pub(crate) recorded_at: u64,
}

impl Place {
    /// The policy: the one thing that is trusted.
    pub(crate) fn policy(&self) -> Result<Policy, Failure> {
        policy_of(&self.policy_path())
    }

    pub(crate) fn policy_path(&self) -> PathBuf {
        self.keys.join("policy")
    }

    /// The ledger for reading.
    pub(crate) fn store(&self) -> Result<Store<OsDisk>, Failure> {
        Ok(Store::open(OsDisk::new(&self.ledger))?)
    }

    /// The trusted checkpoint of the ledger.
    pub(crate) fn checkpoint(&self, store: &Store<OsDisk>) -> Result<Trusted<Checkpoint>, Failure> {
        let policy = self.policy()?;
        let note = reading::checkpoint(store)?.ok_or(writing::Error::NoLedger)?;
        Trusted::open(&note, &policy).map_err(|error| writing::Error::from(error).into())
    }

    /// The ledger for writing, with the keys that sign.
    pub(crate) fn desk(&self, signing: &Signing) -> Result<Desk, Failure> {
        let (store, policy) = (self.store()?, self.policy()?);
        if reading::checkpoint(&store)?.is_none() && store.pending()?.is_none() {
            return Err(writing::Error::NoLedger.into());
        }
        let recorder = secrets::choose(&self.keys, signing.recorder.as_deref())?;
        let question = format!("Passphrase of {recorder}: ");
        let passphrase = secrets::passphrase(signing.passphrase_file.as_deref(), &question)?;
        let key = secrets::open(&self.keys, &recorder, &passphrase)?;
        let log_key = secrets::open(&self.keys, secrets::LOG, &passphrase)?;
        let ledger = writing::open(store, &policy, log_key, self.index()?)?;
        let in_force = ledger.keyring().recorder(key.public().thumbprint(), ledger.tree_size())?;
        if in_force != recorder {
            let message = format!("the key in {recorder}'s file is {in_force}'s in this ledger");
            return Err(Failure::new(failure::KEY, message));
        }
        Ok(Desk { ledger, recorder, key, recorded_at: now(signing.at)? })
    }

    /// The index beside the ledger. Its folder is private and may have to be made.
    pub(crate) fn index(&self) -> Result<Index, Failure> {
        let state = self.ledger.join(STATE);
        loose::create_folder(&state)?;
        Ok(Index::open(&state.join("index.sqlite")).map_err(writing::Error::from)?)
    }
}

/// The policy in a file.
pub(crate) fn policy_of(path: &Path) -> Result<Policy, Failure> {
    let bytes = loose::read_file(path, policy::MAX_LENGTH as u64).map_err(|error| {
        Failure::new(failure::POLICY, error)
            .hint("it comes with the ledger's public key, from somebody you trust")
            .hint("--keys names the folder that holds it")
    })?;
    Policy::parse(&bytes)
        .map_err(|error| Failure::new(failure::POLICY, format!("{}: {error}", path.display())))
}

/// The time given, or the clock's, in seconds since 1970.
#[expect(clippy::disallowed_methods, reason = "this is where the clock is read")]
pub(crate) fn now(given: Option<u64>) -> Result<u64, Failure> {
    if let Some(given) = given {
        return Ok(given);
    }
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let since =
        since.map_err(|_| Failure::new(failure::CLOCK, "the clock says it is before 1970"))?;
    Ok(since.as_secs())
}
