//! Opening what a command works on: the ledger's folder, the policy, and, to write, the keys.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use zeroize::Zeroizing;

use crate::attribution::keyring;
use crate::cli::arguments::Location;
use crate::cli::cosigned;
use crate::cli::courier::Courier;
use crate::cli::failure::{self, Exit, Failure};
use crate::cli::signing_options::Signing;
use crate::cli::terminal::Terminal;
use crate::cli::{following, secrets, seen};
use crate::evidence::authority::x509::Certificate;
use crate::index::Index;
use crate::key::SecretKey;
use crate::ledger::cosigning::Signers;
use crate::ledger::reading;
use crate::ledger::writing::{self, Addition, Ledger};
use crate::memory::{self, Meeting, Memory};
use crate::store::journal::Journal;
use crate::store::loose;
use crate::store::os::OsDisk;
use crate::store::path::FilePath;
use crate::store::source::Source;
use crate::store::{self, Found, STATE, Store};
use crate::tlog::checkpoint::{Checkpoint, Trusted};
use crate::tlog::fork::Said;
use crate::tlog::note::Note;
use crate::tlog::policy::{self, Policy};
use crate::web::cache::Cache;
use crate::web::fetch::{Client, Limits};
use crate::web::remote::{Freshness, Remote};

/// The most bytes of pinned certificates that are read: some hundred of them.
const ROOTS_LIMIT: u64 = 1024 * 1024;

/// Where the ledger, the keys and the user's own files are.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) ledger: Location,
    pub(crate) keys: PathBuf,
    /// What was seen before; `None` if there is nowhere to remember it.
    pub(crate) memory: Option<Memory>,
    /// Where files of published ledgers are kept; `None` if nowhere.
    pub(crate) cache: Option<PathBuf>,
    /// How long a server may take for one answer.
    pub(crate) timeout: Duration,
}

/// A ledger opened for reading.
#[derive(Debug)]
pub(crate) enum Opened {
    Folder(Store<OsDisk>),
    Web(Box<Remote>),
}

impl Source for Opened {
    fn name(&self, path: &FilePath) -> String {
        self.source().name(path)
    }

    fn read(&self, path: &FilePath, limit: u64) -> Result<Option<Vec<u8>>, store::Error> {
        self.source().read(path, limit)
    }

    fn files(&self) -> Result<Option<Vec<Found>>, store::Error> {
        self.source().files()
    }

    fn pending(&self) -> Result<Option<Journal>, store::Error> {
        self.source().pending()
    }
}

impl Opened {
    fn source(&self) -> &dyn Source {
        match self {
            Self::Folder(store) => store,
            Self::Web(remote) => &**remote,
        }
    }

    /// Whether every file is at hand. Far away, each costs a request.
    pub(crate) fn is_at_hand(&self) -> bool {
        matches!(self, Self::Folder(_))
    }

    /// Where what was read from the cache turns out wrong: drops it, says so, and asks the server
    /// from now on. False if nothing was read from there.
    pub(crate) fn distrust_cache(&self, terminal: &Terminal) -> bool {
        let Self::Web(remote) = self else { return false };
        if !remote.used_cache() {
            return false;
        }
        terminal.talk("note: what was kept of this ledger does not fit; it was dropped");
        if let Err(failure) = remote.distrust_cache() {
            terminal.talk(format!("note: {failure}"));
        }
        true
    }

    /// Reads; where that does not hold, and what was kept may be to blame, the server is asked once
    /// more.
    pub(crate) fn read_again<T>(
        &self,
        terminal: &Terminal,
        read: impl Fn() -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        match read() {
            Err(failure)
                if failure.exit() == Exit::DoesNotHold && self.distrust_cache(terminal) =>
            {
                read()
            }
            first => first,
        }
    }

    /// Drops what was kept of a ledger that is not in order.
    pub(crate) fn drop_cache(&self, terminal: &Terminal) {
        let Self::Web(remote) = self else { return };
        let Some(cache) = remote.cache() else { return };
        match cache.clear() {
            Ok(()) => terminal.talk("note: what was kept of this ledger was dropped"),
            Err(failure) => terminal.talk(format!("note: {failure}")),
        }
    }

    /// The number of requests that were made, if the ledger is far away.
    pub(crate) fn requests(&self) -> Option<u64> {
        match self {
            Self::Folder(_) => None,
            Self::Web(remote) => Some(remote.requests()),
        }
    }
}

/// The writer's index, in the private folder.
const INDEX: &str = "index.sqlite";

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
    /// Where what was committed is remembered.
    memory: Option<Memory>,
    folder: PathBuf,
    policy: Policy,
}

impl Desk {
    /// Commits a batch, keeps what witnesses show of another history, and remembers the ledger as
    /// it is now.
    pub(crate) fn commit(
        &mut self,
        addition: &Addition,
        terminal: &Terminal,
    ) -> Result<(), Failure> {
        let committed = self.ledger.commit(addition);
        committed.map_err(|error| self.failed(error))?;
        self.remember(terminal);
        Ok(())
    }

    /// Why a commit failed, once what witnesses show of another history is kept.
    pub(crate) fn failed(&self, error: writing::Error) -> Failure {
        cosigned::of_writing(error, &self.folder.join(STATE))
    }

    /// Remembers the ledger as it is now.
    pub(crate) fn remember(&self, terminal: &Terminal) {
        if let Ok(store) = Store::open(OsDisk::new(&self.folder)) {
            seen::remember_own(self.memory.as_ref(), &store, &self.policy, terminal);
        }
        following::follow(&self.folder, &self.policy, terminal);
    }

    /// Throws away the search index, which may hold words that are erased.
    pub(crate) fn forget_words(&self) {
        following::forget(&self.folder);
    }
}

impl Place {
    /// The policy: the one thing that is trusted.
    pub(crate) fn policy(&self) -> Result<Policy, Failure> {
        policy_of(&self.policy_path())
    }

    pub(crate) fn policy_path(&self) -> PathBuf {
        self.keys.join("policy")
    }

    /// The authorities of time and of names that the user has pinned: certificates in
    /// `roots.pem` beside the policy. None, if there is no such file.
    pub(crate) fn pinned_roots(&self) -> Result<Vec<Certificate>, Failure> {
        let path = self.keys.join("roots.pem");
        if !path.exists() {
            return Ok(Vec::new());
        }
        let bytes = loose::read_file(&path, ROOTS_LIMIT)?;
        let refused = |what: &dyn std::fmt::Display| {
            Failure::new(failure::INPUT, format!("{}: {what}", path.display()))
                .hint("it holds certificates in PEM, each as `-----BEGIN CERTIFICATE-----`")
        };
        let text = std::str::from_utf8(&bytes).map_err(|error| refused(&error))?;
        Certificate::from_pem(text).map_err(|error| refused(&error))
    }

    /// The ledger for reading.
    pub(crate) fn store(&self) -> Result<Opened, Failure> {
        self.open(&self.ledger, Freshness::Kept)
    }

    /// A ledger for reading, wherever it is.
    pub(crate) fn open(&self, ledger: &Location, freshness: Freshness) -> Result<Opened, Failure> {
        match ledger {
            Location::Folder(folder) => Ok(Opened::Folder(Store::open(OsDisk::new(folder))?)),
            Location::Web(url) => {
                let mut remote = Remote::new(url, self.client())?;
                if let Some(folder) = self.cache_of(&remote)? {
                    remote = remote.with_cache(Cache::new(folder), freshness);
                }
                Ok(Opened::Web(Box::new(remote)))
            }
        }
    }

    /// A client of other people's servers, as patient as the user wants it.
    pub(crate) fn client(&self) -> Client {
        Client::new(self.limits())
    }

    /// How long a server is waited for.
    pub(crate) fn limits(&self) -> Limits {
        // Who waits longer for an answer waits longer for the connection too.
        let total = self.timeout;
        let connect = (total / 6).max(Limits::STANDARD.connect).min(total);
        Limits { connect, total }
    }

    /// The folder that holds what is kept of the log at this URL; `None` if nothing is to be, as
    /// where no log of the policy has signed what is there.
    fn cache_of(&self, remote: &Remote) -> Result<Option<PathBuf>, Failure> {
        let (Some(root), Ok(policy)) = (&self.cache, self.policy()) else { return Ok(None) };
        let Some(note) = reading::checkpoint(remote)? else { return Ok(None) };
        let said = Note::parse(&note).ok().and_then(|note| Said::open(&note, &policy).ok());
        Ok(said.and_then(|said| Some(memory::folder_of(root, &said.first()?.key))))
    }

    /// The ledger's folder, for those who write to it.
    pub(crate) fn folder(&self) -> Result<&Path, Failure> {
        match &self.ledger {
            Location::Folder(folder) => Ok(folder),
            Location::Web(url) => {
                let message = format!("{url} can only be read: a ledger is written in its folder");
                Err(Failure::usage(message).hint("name the folder with --ledger DIR"))
            }
        }
    }

    /// The trusted checkpoint of the ledger.
    pub(crate) fn checkpoint(&self, store: &dyn Source) -> Result<Trusted<Checkpoint>, Failure> {
        let policy = self.policy()?;
        let note = reading::checkpoint(store)?.ok_or_else(|| no_ledger_at(&self.ledger))?;
        Trusted::open(&note, &policy).map_err(|error| writing::Error::from(error).into())
    }

    /// Compares a ledger with what was seen of it before, for those who read it; see
    /// [`seen::meet`].
    pub(crate) fn meet(
        &self,
        opened: &Opened,
        policy: &Policy,
        terminal: &Terminal,
    ) -> Result<Option<Meeting>, Failure> {
        seen::meet(self.memory.as_ref(), opened, policy, &|| opened.distrust_cache(terminal))
    }

    /// Remembers it, once everything that was checked holds.
    pub(crate) fn remember(&self, met: Option<&Meeting>, policy: &Policy, terminal: &Terminal) {
        seen::remember(self.memory.as_ref(), met, policy, terminal);
    }

    /// Remembers what was just written to the folder.
    pub(crate) fn remember_own(&self, terminal: &Terminal) {
        if let (Ok(opened), Ok(policy)) = (self.store(), self.policy()) {
            seen::remember_own(self.memory.as_ref(), &opened, &policy, terminal);
        }
    }

    /// The ledger for writing, with the keys that sign. Refuses one that went back, or is forked,
    /// since it was last seen: whoever appends to such a one makes a second history of it.
    pub(crate) fn desk(&self, signing: &Signing) -> Result<Desk, Failure> {
        Ok(self.desk_with_passphrase(signing)?.0)
    }

    /// The ledger for writing, and the recorder's passphrase, to encrypt another key with.
    pub(crate) fn desk_with_passphrase(
        &self,
        signing: &Signing,
    ) -> Result<(Desk, Zeroizing<Vec<u8>>), Failure> {
        let folder = self.folder()?.to_owned();
        let disk = OsDisk::new(&folder).waiting(Duration::from_secs(signing.waiting.wait));
        let (store, policy) = (Store::open(disk)?, self.policy()?);
        if store.pending()?.is_some() {
            // It may be an erasure, which opening finishes.
            following::forget(&folder);
        }
        seen::meet(self.memory.as_ref(), &store, &policy, &|| false)?;
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
        let messenger = Box::new(Courier::new());
        let signers = Signers { policy: policy.clone(), log_key, messenger };
        self.refuse_another_policy(&policy)?;
        let ledger = writing::open_with(store, signers, self.index()?);
        let ledger = ledger.map_err(|error| cosigned::of_earlier(error, &folder.join(STATE)))?;
        // A witness is added under the lock; whoever asked for a passphrase meanwhile would
        // publish without it.
        self.refuse_another_policy(&policy)?;
        // From here on the lock keeps others from renaming key files.
        let settled = secrets::settle(&self.keys, &recorder, ledger.keyring())?;
        if settled {
            key = secrets::open_file(&present, &passphrases.first)?;
        }
        check_signer(&ledger, &recorder, &key)?;
        let (recorded_at, memory) = (now(signing.at)?, self.memory.clone());
        let desk = Desk { ledger, recorder, key, settled, recorded_at, memory, folder, policy };
        Ok((desk, passphrases.first))
    }

    fn refuse_another_policy(&self, policy: &Policy) -> Result<(), Failure> {
        if self.policy()? == *policy {
            return Ok(());
        }
        let path = self.policy_path();
        let message = format!("{} was changed meanwhile", path.display());
        Err(Failure::new(failure::POLICY, message).hint("nothing was added; run the command again"))
    }

    /// An index of the ledger, only to be asked, if there is one: the writer's, or what this user
    /// remembers of having verified it.
    pub(crate) fn index_at_hand(&self, store: &Opened, policy: &Policy) -> Option<Index> {
        let own = self.folder().ok().map(|folder| folder.join(STATE).join(INDEX));
        let own = own.and_then(|path| Index::at_hand(&path));
        own.or_else(|| {
            let note = reading::checkpoint(store).ok()??;
            let said = Said::open(&Note::parse(&note).ok()?, policy).ok()?;
            Index::at_hand(&self.memory.as_ref()?.verified_file(&said.first()?.key))
        })
    }

    /// The index beside the ledger. Its folder is private and may have to be made.
    pub(crate) fn index(&self) -> Result<Index, Failure> {
        let state = self.folder()?.join(STATE);
        loose::create_folder(&state)?;
        Ok(Index::open(&state.join(INDEX)).map_err(writing::Error::from)?)
    }
}

/// How many threads this machine runs at once.
pub(crate) fn threads() -> NonZeroUsize {
    std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)
}

/// That there is no checkpoint where one was looked for.
pub(crate) fn no_ledger_at(place: &Location) -> Failure {
    match place {
        Location::Folder(_) => writing::Error::NoLedger.into(),
        Location::Web(url) => {
            let message = format!("there is no ledger at {url}: no file `checkpoint`");
            Failure::new(failure::NO_LEDGER, message)
                .hint("the URL must name the folder that holds the file `checkpoint`")
        }
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
    let in_force = match keyring.recorder(key.thumbprint(), ledger.tree_size()) {
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
