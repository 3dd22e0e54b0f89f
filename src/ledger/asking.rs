//! Asking witnesses to cosign: what is sent to each, what its answer means, and when to stop.
//!
//! ```text
//! 200            the line by the witness's own key is checked and taken, others are passed over
//! 409, a size    up to ours: prove from there and ask again; beyond ours: ALARM
//! 409 or 422     at one size, or for a proof that is right: ALARM, the witness holds another tree
//! anything else  refused, in words
//! ```
//! An alarm means that somebody has shown the witness another history of this log: another copy of
//! the ledger is in use, or it was put back to an earlier state. Asking again cannot mend that, so
//! nobody does. How requests travel is the caller's business: nothing here opens a connection.

use std::fmt;
use std::thread;

use crate::tlog::add_checkpoint::{
    AddCheckpoint, PATH, SIZE_TYPE, monitoring_path, parse_signatures, parse_size,
};
use crate::tlog::checkpoint::Checkpoint;
use crate::tlog::continuity::Continuity;
use crate::tlog::fork::{Fork, Said};
use crate::tlog::merkle::Consistency;
use crate::tlog::note::{Note, Signature, VerifierKey};
use crate::tlog::policy::{Policy, Witness};

/// How often a witness is asked about one checkpoint: once with what we think it has seen, once
/// with what it says, and once more in case another of our requests was under way.
const ROUNDS: usize = 3;

/// Carries requests to witnesses, within limits of time and size of its own.
pub trait Messenger: fmt::Debug + Send + Sync {
    /// Posts a body; the answer, whatever its status, or in words why there is none.
    fn post(&self, url: &str, body: &[u8]) -> Result<Reply, String>;
    /// Gets a file; `None` if there is none.
    fn get(&self, url: &str) -> Result<Option<Vec<u8>>, String>;
}

/// What a witness answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The media type of the body, if it was given.
    pub content_type: Option<String>,
    /// The body.
    pub body: Vec<u8>,
}

/// For those who cannot reach anybody.
#[derive(Debug, Clone, Copy)]
pub struct Nobody;

impl Messenger for Nobody {
    fn post(&self, _: &str, _: &[u8]) -> Result<Reply, String> {
        Err("there is no way to reach it from here".to_owned())
    }

    fn get(&self, _: &str) -> Result<Option<Vec<u8>>, String> {
        Err("there is no way to reach it from here".to_owned())
    }
}

/// What came of asking one witness.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The policy's name for the witness.
    pub witness: String,
    /// What came of it.
    pub outcome: Outcome,
}

/// What came of asking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It cosigned.
    Cosigned {
        /// The cosignature, checked.
        signature: Signature,
        /// When, in POSIX seconds, by the witness's clock.
        time: u64,
    },
    /// It has no URL in the policy: whoever runs it has to be asked in person.
    NotAsked,
    /// It did not cosign: in words.
    Refused(String),
    /// It holds another history of this log.
    Alarm(Alarm),
}

/// A witness holds another history of this log than the one at hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alarm {
    /// What it holds: in words.
    pub what: String,
    /// What it shows for it. Without that there is only the witness's word.
    pub evidence: Option<Evidence>,
}

/// A checkpoint that a witness serves, signed by this log's own key, which the tree at hand does
/// not lead to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// The checkpoint, as the witness serves it.
    pub note: Note,
    /// If the two trees can be compared from the tiles at hand: the proof, for anybody to check,
    /// that the log has signed two histories. A larger tree than ours may as well continue ours.
    pub fork: Option<Fork>,
}

/// What is to be cosigned, and the tree under it.
pub struct Question<'a> {
    /// The checkpoint.
    pub checkpoint: &'a Checkpoint,
    /// The same, signed by its log.
    pub note: &'a Note,
    /// The keys of this log, by which evidence of another history is known.
    pub policy: &'a Policy,
    /// The size that a witness has probably seen.
    pub guess: &'a dyn Fn(&Witness) -> u64,
}

/// Where proofs about the tree come from.
pub trait History {
    /// Why a proof could not be made.
    type Error;
    /// That the tree of `old_size` is the beginning of the checkpoint's.
    fn prove(&self, old_size: u64) -> Result<Consistency, Self::Error>;
    /// How the checkpoint's tree relates to one that was seen.
    fn compare(&self, seen: &Said, present: &Said) -> Result<Continuity, Self::Error>;
}

/// One witness while it is being asked.
struct Turn {
    name: String,
    key: VerifierKey,
    url: String,
    old_size: u64,
    outcome: Option<Outcome>,
}

/// What an answer means.
enum Meaning {
    Done(Outcome),
    Again(u64),
    Disagrees(String),
}

/// Asks all these witnesses, at the same time; what came of it, in their order.
pub fn ask<H: History>(
    witnesses: &[&Witness],
    question: &Question<'_>,
    history: &H,
    messenger: &dyn Messenger,
) -> Result<Vec<Asked>, H::Error> {
    let turn = |witness: &&'_ Witness| Turn {
        url: witness.url.clone().unwrap_or_default(),
        name: witness.name.clone(),
        key: witness.key.clone(),
        old_size: (question.guess)(witness).min(question.checkpoint.size),
        outcome: witness.url.is_none().then_some(Outcome::NotAsked),
    };
    let mut turns: Vec<Turn> = witnesses.iter().map(turn).collect();
    for _ in 0..ROUNDS {
        let waiting: Vec<&mut Turn> =
            turns.iter_mut().filter(|turn| turn.outcome.is_none()).collect();
        if waiting.is_empty() {
            break;
        }
        let mut posts = Vec::new();
        for turn in &waiting {
            let (old_size, checkpoint) = (turn.old_size, question.note.clone());
            let proof = history.prove(old_size)?;
            let request = AddCheckpoint { old_size, proof, checkpoint }.to_string();
            posts.push((join(&turn.url, PATH), request));
        }
        for (turn, reply) in waiting.into_iter().zip(post_all(&posts, messenger)) {
            match meaning(reply, turn.old_size, question, &turn.key) {
                Meaning::Done(outcome) => turn.outcome = Some(outcome),
                Meaning::Again(old_size) => turn.old_size = old_size,
                Meaning::Disagrees(what) => {
                    let evidence = evidence(&turn.url, question, history, messenger)?;
                    turn.outcome = Some(Outcome::Alarm(Alarm { what, evidence }));
                }
            }
        }
    }
    let asked = turns.into_iter().map(|turn| Asked {
        witness: turn.name,
        outcome: turn
            .outcome
            .unwrap_or_else(|| Outcome::Refused(format!("it named another size {ROUNDS} times"))),
    });
    Ok(asked.collect())
}

/// Posts all at the same time, so that a slow witness costs its own time only.
fn post_all(posts: &[(String, String)], messenger: &dyn Messenger) -> Vec<Result<Reply, String>> {
    thread::scope(|scope| {
        let threads: Vec<_> = posts
            .iter()
            .map(|(url, body)| scope.spawn(|| messenger.post(url, body.as_bytes())))
            .collect();
        let broken = || Err("asking it broke off".to_owned());
        threads.into_iter().map(|it| it.join().unwrap_or_else(|_| broken())).collect()
    })
}

fn meaning(
    reply: Result<Reply, String>,
    old_size: u64,
    question: &Question<'_>,
    key: &VerifierKey,
) -> Meaning {
    let refused = |what: String| Meaning::Done(Outcome::Refused(what));
    let reply = match reply {
        Ok(reply) => reply,
        Err(what) => return refused(what),
    };
    let size = question.checkpoint.size;
    let another_root = || Meaning::Disagrees(format!("it holds another tree of {size} entries"));
    match (reply.status, size_in(&reply)) {
        (200, _) => match cosignature(&reply.body, question.checkpoint, key) {
            Ok((signature, time)) => Meaning::Done(Outcome::Cosigned { signature, time }),
            Err(what) => refused(what),
        },
        (409, Some(theirs)) if theirs > size => Meaning::Disagrees(format!(
            "it has cosigned a checkpoint of {theirs} entries, and this one has {size}"
        )),
        // Version 1.0.0 of tlog-witness; its later text says 422.
        (409, _) if old_size == size => another_root(),
        (409, Some(theirs)) if theirs != old_size => Meaning::Again(theirs),
        (409, _) => refused("it answered 409 and did not say which size it knows".to_owned()),
        (422, _) if old_size == size && size > 0 => another_root(),
        // Our proof is right for our tree: it is their tree that is another.
        (422, _) if old_size > 0 => Meaning::Disagrees(format!(
            "it holds another tree of {old_size} entries, which is not the beginning of this one"
        )),
        (403, _) => refused("it does not trust the key that signs this log (403)".to_owned()),
        (404, _) => {
            refused("it does not follow this log, or is no witness at that URL (404)".to_owned())
        }
        (status, _) => refused(format!("it answered with status {status}")),
    }
}

fn size_in(reply: &Reply) -> Option<u64> {
    let media_type = reply.content_type.as_deref()?.split(';').next()?.trim();
    media_type.eq_ignore_ascii_case(SIZE_TYPE).then(|| parse_size(&reply.body)).flatten()
}

/// The cosignature in the body of a 200: by this witness's key, over exactly this checkpoint.
/// Lines by others are passed over; one of its own that does not hold spoils the answer.
fn cosignature(
    body: &[u8],
    checkpoint: &Checkpoint,
    key: &VerifierKey,
) -> Result<(Signature, u64), String> {
    let lines = parse_signatures(body).map_err(|error| error.to_string())?;
    let text = checkpoint.to_string();
    let mut latest: Option<(Signature, u64)> = None;
    for signature in lines.into_iter().filter(|it| key.made(it)) {
        let note = Note::new(text.clone(), vec![signature.clone()]);
        let verified = note.and_then(|note| note.verify(&[key]).map(|it| it[0].time));
        let time = verified.map_err(|error| format!("its answer does not hold: {error}"))?;
        let time = time.filter(|time| *time > 0).ok_or("its cosignature names no time")?;
        if latest.as_ref().is_none_or(|(_, other)| *other < time) {
            latest = Some((signature, time));
        }
    }
    latest.ok_or_else(|| "its answer holds no cosignature by its own key".to_owned())
}

/// The checkpoint that the witness serves for this log, if our own key has signed it and the tree
/// at hand does not lead to it.
fn evidence<H: History>(
    url: &str,
    question: &Question<'_>,
    history: &H,
    messenger: &dyn Messenger,
) -> Result<Option<Evidence>, H::Error> {
    let served = messenger.get(&join(url, &monitoring_path(&question.checkpoint.origin)));
    let Some(note) = served.ok().flatten().and_then(|bytes| Note::parse(&bytes).ok()) else {
        return Ok(None);
    };
    let said = |note: &Note| Said::open(note, question.policy).unwrap_or_default();
    for theirs in said(&note) {
        let ours = said(question.note).into_iter().find(|ours| ours.key == theirs.key);
        let Some(ours) = ours.filter(|it| it.checkpoint.origin == theirs.checkpoint.origin) else {
            continue;
        };
        match history.compare(&theirs, &ours)? {
            Continuity::Forked(fork) => return Ok(Some(Evidence { note, fork: Some(fork) })),
            Continuity::RolledBack => return Ok(Some(Evidence { note, fork: None })),
            _ => {}
        }
    }
    Ok(None)
}

fn join(url: &str, path: &str) -> String {
    format!("{}/{path}", url.trim_end_matches('/'))
}
