//! Publishing a checkpoint: the log's signature, the witnesses' cosignatures, and the policy's
//! quorum, which must be met before anybody sees it.
//!
//! The text to be signed is durable before it comes here, and stays so until the checkpoint over it
//! is published: whatever fails, the same text is signed and asked about again, never another.

use std::collections::BTreeSet;

use crate::key::SecretKey;
use crate::ledger::asking::{self, Asked, History, Messenger, Nobody, Outcome, Question};
use crate::ledger::reading;
use crate::store::commit::{self, Opened};
use crate::store::disk::Disk;
use crate::store::{self, Store};
use crate::tlog::checkpoint::{self, Checkpoint, Trusted};
use crate::tlog::continuity::{self, Continuity};
use crate::tlog::fork::Said;
use crate::tlog::merkle::{self, Consistency, Sizes, Tree};
use crate::tlog::note::{self, Note, Signature, VerifierKey};
use crate::tlog::policy::{Policy, Witness};

/// Why a checkpoint was not published, or took no cosignatures.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The disk, or what was found on it.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// A tile that a proof needs could not be read.
    #[error(transparent)]
    Reading(#[from] reading::Error),
    /// The note could not be put together.
    #[error(transparent)]
    Note(#[from] note::Error),
    /// The checkpoint at hand is not one that the policy trusts.
    #[error("the checkpoint: {0}")]
    Checkpoint(#[from] checkpoint::Error),
    /// The tree on the disk is not the tree of the checkpoint.
    #[error("the tiles on the disk do not match the checkpoint: {0}")]
    Tree(#[from] merkle::Error),
    /// There is no checkpoint.
    #[error("no ledger here: there is no checkpoint")]
    NoLedger,
    /// An interrupted commit has to be finished first, which needs the log's key.
    #[error("a commit of this ledger is not finished yet")]
    Unfinished,
    /// A witness holds another history of this log.
    #[error("ALARM: witness {witness}: {what}{}", if *proven {
        "; it shows a checkpoint of it that this log's own key has signed"
    } else {
        ""
    })]
    Alarm {
        /// The policy's name for the witness.
        witness: String,
        /// What it holds.
        what: String,
        /// Whether it shows a checkpoint that this log signed.
        proven: bool,
        /// All that was asked, with the evidence.
        asked: Vec<Asked>,
    },
    /// Too few witnesses cosigned.
    #[error("too few witnesses cosigned for quorum `{quorum}`: {}", missing(asked))]
    Quorum {
        /// The witness or group that must have cosigned.
        quorum: String,
        /// All that was asked.
        asked: Vec<Asked>,
    },
}

/// The ones that did not cosign, with why.
fn missing(asked: &[Asked]) -> String {
    let words = asked.iter().filter_map(|it| match &it.outcome {
        Outcome::Cosigned { .. } => None,
        Outcome::NotAsked => Some(format!("{}: it has no URL to be asked at", it.witness)),
        Outcome::Refused(what) => Some(format!("{}: {what}", it.witness)),
        Outcome::Alarm(alarm) => Some(format!("{}: {}", it.witness, alarm.what)),
    });
    let words: Vec<String> = words.collect();
    if words.is_empty() { "nobody else can be asked".to_owned() } else { words.join("; ") }
}

/// Proofs from the tiles of a ledger, for the tree of one checkpoint.
struct Tiles<'a, D: Disk> {
    store: &'a Store<D>,
    tree: Tree,
}

impl<D: Disk> History for Tiles<'_, D> {
    type Error = Error;

    fn prove(&self, old_size: u64) -> Result<Consistency, Error> {
        if old_size == 0 {
            return Ok(Consistency(Vec::new()));
        }
        let sizes = Sizes { old: old_size, new: self.tree.size };
        let nodes = &mut reading::nodes(self.store, self.tree.size);
        let proof = merkle::prove_consistency(sizes, nodes)?;
        let root = merkle::root(old_size, &mut reading::nodes(self.store, self.tree.size))?;
        let old = Tree { size: old_size, root };
        merkle::verify_consistency(&old, &self.tree, &proof)?;
        Ok(proof)
    }

    fn compare(&self, seen: &Said, present: &Said) -> Result<Continuity, Error> {
        Ok(continuity::compare(seen, present, &mut reading::nodes(self.store, self.tree.size))?)
    }
}

/// Who signs a checkpoint before it is published: the log, and the policy's witnesses, who are
/// reached by the messenger.
#[derive(Debug)]
pub struct Signers {
    /// Which log, which witnesses, and how many of them.
    pub policy: Policy,
    /// The log's secret key.
    pub log_key: SecretKey,
    /// What carries requests to witnesses.
    pub messenger: Box<dyn Messenger>,
}

impl Signers {
    /// The log's own signature; witnesses cannot be reached.
    pub fn alone(policy: &Policy, log_key: SecretKey) -> Self {
        Self { policy: policy.clone(), log_key, messenger: Box::new(Nobody) }
    }

    /// Whether the log key is the one that the policy trusts for the log of this name.
    pub(crate) fn include_log(&self, origin: &str) -> bool {
        let public = self.log_key.public();
        let is_ours = |key: &VerifierKey| key.name() == origin && *key.public() == public;
        self.policy.logs().iter().any(|log| is_ours(&log.key))
    }

    /// Signs a checkpoint whose tree lies in `store`, asks the policy's witnesses, and puts their
    /// cosignatures below: the bytes of the checkpoint's file. What came of asking is added to
    /// `asked`.
    ///
    /// # Errors
    /// [`Error::Quorum`] if the cosignatures do not meet the policy's quorum, [`Error::Alarm`] if
    /// a witness holds another history. Nothing may be published then.
    pub(crate) fn sign<D: Disk>(
        &self,
        store: &Store<D>,
        checkpoint: &Checkpoint,
        asked: &mut Vec<Asked>,
    ) -> Result<Vec<u8>, Error> {
        let Self { policy, log_key, messenger } = self;
        let text = checkpoint.to_string();
        let own = Signature::sign(&checkpoint.origin, log_key, &text)?;
        // What stands there is the checkpoint before this one, or this one with cosignatures that
        // an interrupted attempt has got already.
        let present = reading::checkpoint(store)?.map(|bytes| Note::parse(&bytes)).transpose()?;
        let mut note = Note::new(text.clone(), vec![own])?;
        if let Some(present) = present.as_ref().filter(|present| present.text() == text) {
            note = merge(present, &[], policy)?;
            if Trusted::open_note(&note, policy).is_ok() {
                return Ok(note.to_string().into_bytes());
            }
        }
        let witnesses: Vec<&Witness> = policy.witnesses().iter().collect();
        let subject = Subject { checkpoint, note: &note, present: present.as_ref() };
        let answers = subject.ask(store, policy, &witnesses, &**messenger)?;
        let note = merge(&note, &cosignatures(&answers), policy)?;
        match Trusted::open_note(&note, policy) {
            Err(checkpoint::Error::Quorum { quorum, .. }) => {
                Err(Error::Quorum { quorum, asked: answers })
            }
            opened => {
                opened?;
                asked.extend(answers);
                Ok(note.to_string().into_bytes())
            }
        }
    }
}

/// A published checkpoint that takes more cosignatures. Holds the ledger's lock.
#[derive(Debug)]
pub struct Cosigning<D: Disk> {
    writer: commit::Writer<D>,
    checkpoint: Checkpoint,
    note: Note,
}

impl<D: Disk> Cosigning<D> {
    /// Takes the lock and opens the checkpoint, whether or not it meets the policy's quorum.
    ///
    /// # Errors
    /// [`Error::Unfinished`] if a commit has to be finished first.
    pub fn open(store: Store<D>, policy: &Policy) -> Result<Self, Error> {
        let Opened::Ready(writer) = commit::open(store)? else { return Err(Error::Unfinished) };
        let bytes = reading::checkpoint(writer.store())?.ok_or(Error::NoLedger)?;
        let note = Note::parse(&bytes)?;
        let trusted = Trusted::open_note(&note, &policy.clone().without_quorum())?;
        let checkpoint = Checkpoint::clone(&*trusted);
        Ok(Self { writer, checkpoint, note })
    }

    /// The checkpoint.
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// The checkpoint with all its signatures.
    pub fn note(&self) -> &Note {
        &self.note
    }

    /// Asks these witnesses of the policy, and puts what they cosign into the checkpoint, durably.
    /// Those that do not answer change nothing.
    ///
    /// # Errors
    /// [`Error::Alarm`] if a witness holds another history; then nothing is changed.
    pub fn ask(
        &mut self,
        policy: &Policy,
        witnesses: &[&Witness],
        messenger: &dyn Messenger,
    ) -> Result<Vec<Asked>, Error> {
        let found = merkle::root(
            self.checkpoint.size,
            &mut reading::nodes(self.writer.store(), self.checkpoint.size),
        )?;
        if found != self.checkpoint.root {
            let (expected, size) = (self.checkpoint.root, self.checkpoint.size);
            return Err(merkle::Error::Root { found, expected, size }.into());
        }
        let (store, checkpoint, note) = (self.writer.store(), &self.checkpoint, &self.note);
        let subject = Subject { checkpoint, note, present: Some(note) };
        let asked = subject.ask(store, policy, witnesses, messenger)?;
        let merged = merge(&self.note, &cosignatures(&asked), policy)?;
        if merged != self.note {
            self.writer.replace_checkpoint(merged.to_string().as_bytes())?;
            self.note = merged;
        }
        Ok(asked)
    }
}

/// What witnesses are asked about.
struct Subject<'a> {
    checkpoint: &'a Checkpoint,
    /// The same with its signatures.
    note: &'a Note,
    /// The checkpoint that stands in the ledger, from which one guesses what a witness has seen.
    present: Option<&'a Note>,
}

impl Subject<'_> {
    fn ask<D: Disk>(
        &self,
        store: &Store<D>,
        policy: &Policy,
        witnesses: &[&Witness],
        messenger: &dyn Messenger,
    ) -> Result<Vec<Asked>, Error> {
        let Self { checkpoint, note, present } = *self;
        let logs = policy.logs().iter().map(|log| &log.key);
        let log_keys: Vec<&VerifierKey> =
            logs.filter(|key| key.name() == checkpoint.origin).collect();
        // Witnesses need the log's word only, and never each other's.
        let by_log = |signature: &&Signature| log_keys.iter().any(|key| key.made(signature));
        let own = note.signatures().iter().filter(by_log).cloned().collect();
        let bare = Note::new(note.text(), own)?;
        let seen = present.and_then(|present| present.text().parse::<Checkpoint>().ok());
        let guess = |witness: &Witness| match (&seen, present) {
            (Some(seen), Some(present)) => {
                let cosigned = present.signatures().iter().any(|it| witness.key.made(it));
                if cosigned { seen.size } else { 0 }
            }
            _ => 0,
        };
        let question = Question { checkpoint, note: &bare, policy, guess: &guess };
        let tiles = Tiles { store, tree: checkpoint.tree() };
        without_alarm(asking::ask(witnesses, &question, &tiles, messenger)?)
    }
}

/// What was asked, unless somebody holds another history: that goes before everything else.
fn without_alarm(asked: Vec<Asked>) -> Result<Vec<Asked>, Error> {
    let alarms = asked.iter().filter_map(|it| match &it.outcome {
        Outcome::Alarm(alarm) => Some((it.witness.clone(), alarm)),
        _ => None,
    });
    // One that can be proven is told before one that rests on a witness's word.
    match alarms.max_by_key(|(_, alarm)| alarm.evidence.is_some()) {
        Some((witness, alarm)) => {
            let (what, proven) = (alarm.what.clone(), alarm.evidence.is_some());
            Err(Error::Alarm { witness, what, proven, asked })
        }
        None => Ok(asked),
    }
}

fn cosignatures(asked: &[Asked]) -> Vec<Signature> {
    let cosigned = asked.iter().filter_map(|it| match &it.outcome {
        Outcome::Cosigned { signature, .. } => Some(signature.clone()),
        _ => None,
    });
    cosigned.collect()
}

/// The note with these cosignatures. Of each witness two are kept: the earliest, which says since
/// when the entries were there, and the latest, which says that nothing newer was known then.
fn merge(note: &Note, more: &[Signature], policy: &Policy) -> Result<Note, note::Error> {
    let text = note.text();
    let all: Vec<&Signature> = note.signatures().iter().chain(more).collect();
    let of_witness =
        |signature: &Signature| policy.witnesses().iter().any(|it| it.key.made(signature));
    let mut kept: Vec<Signature> =
        all.iter().filter(|it| !of_witness(it)).map(|it| (*it).clone()).collect();
    for witness in policy.witnesses() {
        let mut timed: Vec<(u64, &Signature)> = Vec::new();
        for signature in all.iter().filter(|it| witness.key.made(it)) {
            let alone = Note::new(text, vec![(*signature).clone()])?;
            let time = alone.verify(&[&witness.key])?[0].time.unwrap_or_default();
            timed.push((time, *signature));
        }
        timed.sort_by_key(|(time, _)| *time);
        let times: BTreeSet<u64> = timed.iter().map(|(time, _)| *time).collect();
        let ends = times.first().into_iter().chain(times.last().filter(|_| times.len() > 1));
        for end in ends {
            let found = timed.iter().find(|(time, _)| time == end);
            kept.extend(found.map(|(_, signature)| (*signature).clone()));
        }
    }
    Note::new(text, kept)
}
