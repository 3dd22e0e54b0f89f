//! A witness: it cosigns checkpoints of logs that only ever grow, and remembers what it cosigned
//! (C2SP tlog-witness, `add-checkpoint`, and the monitoring endpoint).
//!
//! | status | when |
//! |---|---|
//! | 200 | cosigned, and remembered for good before the answer |
//! | 400 | no request, no checkpoint, or an old size larger than the checkpoint's |
//! | 403 | no signature by a trusted key of the log, or one that does not hold |
//! | 404 | the log is not one of ours |
//! | 409 | the old size is not the latest one cosigned; the body says which is |
//! | 422 | the proof does not hold: other hashes than the sizes ask for, another root |
//! | 500 | the witness itself is not well: its disk, or its clock |
//!
//! Where the checkpoint is of the size cosigned last and has another root, version 1.0.0 of the
//! specification wants 409 and its later text 422. It is 422 here: a 409 says "ask again with this
//! size", and no asking again can mend two trees of one size.
//!
//! What arrives here came through `http` or a test; nothing here reads a clock or a socket.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::hash::Hash;
use crate::key::SecretKey;
use crate::store;
use crate::store::disk::Disk;
use crate::store::kept::Kept;
use crate::store::path::FilePath;
use crate::tlog::add_checkpoint::{
    AddCheckpoint, MAX_LENGTH, SIZE_TYPE, format_size, monitoring_path,
};
use crate::tlog::checkpoint::{self, Checkpoint};
use crate::tlog::cosignature::MAX_TIME;
use crate::tlog::merkle::{Tree, empty_root, verify_consistency};
use crate::tlog::note::{self, Algorithm, Note, Signature, VerifierKey};

const TEXT: &str = "text/plain; charset=utf-8";

/// Why a witness could not start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Its name cannot be the name of a key.
    #[error(transparent)]
    Name(#[from] note::Error),
    /// A key of a log that is no log's.
    #[error("{0} is the key of a witness; a log signs with type 0x01")]
    NotALog(String),
    /// The folder.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// What it remembers cannot be relied on: to go on would be to forget it.
    #[error("{path}: {what}; without it the witness would forget what it has cosigned")]
    Memory {
        /// The file.
        path: String,
        /// What is wrong with it.
        what: String,
    },
}

/// What a witness answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The media type of the body.
    pub content_type: &'static str,
    /// The body; words for a person where the specification asks for nothing else.
    pub body: String,
}

/// One witness, with its memory. Requests may come from many threads.
#[derive(Debug)]
pub struct Witness<D: Disk> {
    key: SecretKey,
    verifier: VerifierKey,
    /// The keys of the logs that it follows; each key's name is its log's origin.
    logs: Vec<VerifierKey>,
    /// Looked at and replaced under one lock: what was checked is what is overtaken.
    memory: Mutex<Kept<D>>,
}

impl<D: Disk> Witness<D> {
    /// Opens a witness on its folder, whose lock it holds from now on. All that it remembers must
    /// be readable and its own.
    pub fn open(
        name: &str,
        key: SecretKey,
        logs: Vec<VerifierKey>,
        disk: D,
    ) -> Result<Self, Error> {
        let verifier = VerifierKey::new(name, Algorithm::Cosignature, key.public())?;
        if let Some(other) = logs.iter().find(|log| log.algorithm() != Algorithm::Ed25519) {
            return Err(Error::NotALog(other.to_string()));
        }
        let kept = Kept::open(disk)?;
        for folder in kept.folders()? {
            let Ok(path) = FilePath::parse(&format!("{folder}/checkpoint")) else { continue };
            remembered(&kept, &path, &verifier)
                .map_err(|what| Error::Memory { path: path.to_string(), what })?;
        }
        Ok(Self { key, verifier, logs, memory: Mutex::new(kept) })
    }

    /// The key by which its cosignatures are checked.
    pub fn verifier(&self) -> &VerifierKey {
        &self.verifier
    }

    /// Answers `POST add-checkpoint`. `now` is in POSIX seconds.
    pub fn add_checkpoint(&self, body: &[u8], now: u64) -> Answer {
        self.judge(body, now).unwrap_or_else(|refusal| refusal)
    }

    /// Answers `GET <path>`, where the path is the hash of an origin and `checkpoint`: the latest
    /// checkpoint that was cosigned, with the log's signature and ours.
    pub fn latest(&self, path: &str) -> Answer {
        let known = self.logs.iter().find(|log| monitoring_path(log.name()) == path);
        let Some(log) = known else { return words(404, "nothing is kept here") };
        match remembered(&self.memory(), &place_of(log.name()), &self.verifier) {
            Ok(Some(latest)) => {
                Answer { status: 200, content_type: TEXT, body: latest.note.to_string() }
            }
            Ok(None) => words(404, "no checkpoint of this log was cosigned yet"),
            Err(what) => words(500, &what),
        }
    }

    fn judge(&self, body: &[u8], now: u64) -> Result<Answer, Answer> {
        if body.len() > MAX_LENGTH {
            return Err(words(413, "the request is larger than 512 KiB"));
        }
        let request = AddCheckpoint::parse(body).map_err(|error| words(400, &error))?;
        let text = request.checkpoint.text();
        // A tree without entries that has a root of its own is refused below, by its own status.
        let said = match text.parse::<Checkpoint>() {
            Err(checkpoint::Error::EmptyRoot) => None,
            Err(error) => return Err(words(400, &error)),
            Ok(said) => Some(said),
        };
        let origin = text.split('\n').next().unwrap_or_default();
        let signatures = self.signatures_of_log(&request.checkpoint, origin)?;
        let said = said.ok_or_else(|| words(422, &checkpoint::Error::EmptyRoot))?;
        if request.old_size > said.size {
            let what =
                format!("old {} is larger than the checkpoint's {}", request.old_size, said.size);
            return Err(words(400, &what));
        }

        let place = place_of(origin);
        let mut memory = self.memory();
        let latest =
            remembered(&memory, &place, &self.verifier).map_err(|what| words(500, &what))?;
        let (old, last_time) = match &latest {
            Some(latest) => (latest.checkpoint.tree(), latest.time),
            None => (Tree { size: 0, root: empty_root() }, 0),
        };
        if request.old_size != old.size {
            let body = format_size(old.size);
            return Err(Answer { status: 409, content_type: SIZE_TYPE, body });
        }
        verify_consistency(&old, &said.tree(), &request.proof)
            .map_err(|error| words(422, &error))?;

        let time = time_of(now, last_time)?;
        let cosigned = Signature::cosign(self.verifier.name(), &self.key, text, time)
            .map_err(|error| words(400, &error))?;
        let line = cosigned.to_string();
        let note = Note::new(text, [signatures, vec![cosigned]].concat())
            .map_err(|error| words(400, &error))?;
        memory
            .replace(&place, note.to_string().as_bytes())
            .map_err(|error| words(500, &format!("nothing was cosigned: {error}")))?;
        Ok(Answer { status: 200, content_type: TEXT, body: line })
    }

    /// The signatures by which a checkpoint is its log's. Lines of others are left out.
    fn signatures_of_log(&self, note: &Note, origin: &str) -> Result<Vec<Signature>, Answer> {
        let keys: Vec<&VerifierKey> = self.logs.iter().filter(|log| log.name() == origin).collect();
        if keys.is_empty() {
            return Err(words(404, "this witness does not follow that log"));
        }
        note.verify(&keys).map_err(|error| words(403, &error))?;
        let ours = note.signatures().iter().filter(|it| keys.iter().any(|key| key.made(it)));
        Ok(ours.cloned().collect())
    }

    /// A panic in another thread cannot leave half a replacement: `Kept` says so itself.
    fn memory(&self) -> MutexGuard<'_, Kept<D>> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the witness cosigned last for one log.
struct Latest {
    note: Note,
    checkpoint: Checkpoint,
    time: u64,
}

/// Reads it back; in words, why it cannot be relied on.
fn remembered<D: Disk>(
    memory: &Kept<D>,
    place: &FilePath,
    verifier: &VerifierKey,
) -> Result<Option<Latest>, String> {
    let bytes = memory.read(place, note::MAX_LENGTH as u64).map_err(|error| error.to_string())?;
    let Some(bytes) = bytes else { return Ok(None) };
    let damaged =
        |what: &dyn std::fmt::Display| format!("what was cosigned last is damaged: {what}");
    let note = Note::parse(&bytes).map_err(|error| damaged(&error))?;
    let verified = note.verify(&[verifier]).map_err(|error| damaged(&error))?;
    let time = verified.iter().find_map(|it| it.time);
    let time = time.ok_or_else(|| damaged(&"it is not cosigned"))?;
    let checkpoint: Checkpoint = note.text().parse().map_err(|error| damaged(&error))?;
    if place_of(&checkpoint.origin) != *place {
        return Err(damaged(&"it is of another log"));
    }
    Ok(Some(Latest { note, checkpoint, time }))
}

/// The time to vouch for: never before one vouched for already, or the later tree would be said to
/// be the older one, and never 0, which means that nothing is vouched for.
fn time_of(now: u64, last: u64) -> Result<u64, Answer> {
    match now.max(last) {
        0 => Err(words(500, "the witness's clock is not set")),
        time if time > MAX_TIME => Err(words(500, "the witness's clock is beyond all times")),
        time => Ok(time),
    }
}

fn place_of(origin: &str) -> FilePath {
    let path = format!("{}/checkpoint", Hash::of(origin.as_bytes()));
    FilePath::parse(&path).expect("hex digits make a path")
}

fn words(status: u16, what: &(impl std::fmt::Display + ?Sized)) -> Answer {
    Answer { status, content_type: TEXT, body: format!("{what}\n") }
}
