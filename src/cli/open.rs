//! Opening what a command works on: the ledger's folder, the policy, and, to write, the keys.

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use zeroize::Zeroizing;

use crate::attribution::keyring;
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
    /// Whether an interrupted rotation of this recorder's key was finished on the way.
    pub(crate) settled: bool,
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
        Ok(self.desk_with_passphrase(signing)?.0)
    }

    /// The ledger for writing, and the recorder's passphrase, to encrypt another key with.
    pub(crate) fn desk_with_passphrase(
        &self,
        signing: &Signing,
    ) -> Result<(Desk, Zeroizing<Vec<u8>>), Failure> {
        let (store, policy) = (self.store()?, self.policy()?);
        if reading::checkpoint(&store)?.is_none() && store.pending()?.is_none() {
            return Err(writing::Error::NoLedger.into());
        }
        let recorder = secrets::choose(&self.keys, signing.recorder.as_deref())?;
        let (file, question) =
            (signing.passphrase_file.as_deref(), format!("Passphrase of {recorder}: "));
        let passphrases = secrets::passphrases(file, &question)?;
        let present = secrets::path(&self.keys, &recorder);
        let next = secrets::next_path(&self.keys, &recorder);
        // A crash in the middle of a rotation can leave the new key only.
        let is_renamed = !present.exists() && next.exists();
        let first = if is_renamed { &next } else { &present };
        let mut key = secrets::open_file(first, &passphrases.first)?;
        let log_key = secrets::open_log(&self.keys, file, &passphrases)?;
        let ledger = writing::open(store, &policy, log_key, self.index()?)?;
        // From here on the lock keeps others from renaming key files.
        let settled = secrets::settle(&self.keys, &recorder, ledger.keyring())?;
        if settled {
            key = secrets::open_file(&present, &passphrases.first)?;
        }
        check_signer(&ledger, &recorder, &key)?;
        let recorded_at = now(signing.at)?;
        Ok((Desk { ledger, recorder, key, settled, recorded_at }, passphrases.first))
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

/// Whether the key in a recorder's file is that recorder's, and may sign the next entry.
fn check_signer(ledger: &Ledger<OsDisk>, recorder: &str, key: &SecretKey) -> Result<(), Failure> {
    let keyring = ledger.keyring();
    if keyring.log_key() == Some(key.public()) {
        let message = format!("the key in {recorder}'s file is the log's");
        return Err(Failure::new(failure::KEY, message).hint(
            "the log's key signs checkpoints and nothing else; `whosaid key new` makes another",
        ));
    }
    let in_force = match keyring.recorder(key.public().thumbprint(), ledger.tree_size()) {
        Ok(name) => name,
        Err(error @ keyring::Error::UnknownKey { .. }) => {
            return Err(Failure::new(
                failure::KEY,
                format!("the key in {recorder}'s file: {error}"),
            )
            .hint("somebody with the power `keys` makes it known: `whosaid key trust`")
            .hint("`whosaid key list` says which keys may sign"));
        }
        Err(error) => {
            return Err(Failure::new(failure::KEY, error)
                .hint("`whosaid key list` says which keys may sign, and since when"));
        }
    };
    if in_force != recorder {
        let message = format!("the key in {recorder}'s file is {in_force}'s in this ledger");
        return Err(Failure::new(failure::KEY, message)
            .hint("give the file the name of its key, or sign with --as"));
    }
    Ok(())
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
