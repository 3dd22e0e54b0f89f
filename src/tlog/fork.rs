//! Fork proofs: two checkpoints under one log's own signature that cannot both be of one
//! append-only log. Whoever has the log's key can check one, with nothing else at hand.
//!
//! ```text
//! whosaid-fork/1
//! note <length in bytes>
//! <the checkpoint of the smaller tree, a signed note with one signature>
//! note <length in bytes>
//! <the checkpoint of the larger tree, a signed note with one signature>
//! nodes <count>
//! (<base64 of 32 bytes>)*        none if the sizes are the same
//! ```
//! The nodes give the root of the larger tree, and with it the root that its first entries really
//! have. If that is not the root of the smaller checkpoint, the log has rewritten its history. Of
//! two trees of one size the one whose root is smaller, byte by byte, comes first; their two
//! roots are proof enough. Witnesses need not have cosigned: the log's own word convicts it.

use std::fmt;

use crate::hash::Hash;
use crate::tlog::checkpoint::{self, Checkpoint, parse_decimal};
use crate::tlog::merkle::{self, Prefix, Sizes, Tree};
use crate::tlog::note::{self, Note, VerifierKey};
use crate::tlog::policy::Policy;

/// The most nodes in a proof: as many as a consistency proof has, and one more.
pub const MAX_NODES: usize = 65;

/// The largest proof file, in bytes: two notes and the nodes.
pub const MAX_LENGTH: usize = 3 * note::MAX_LENGTH;

/// The first line: the format and its version.
pub const HEAD: &str = "whosaid-fork/1";

/// A checkpoint under the signature of one log key that the policy knows for its origin.
///
/// This is what a log can be held to. It is no reason to trust it: the policy's witnesses were
/// not asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// The key that signed.
    pub key: VerifierKey,
    /// The checkpoint, with that key's signature alone.
    pub note: Note,
    /// What it says.
    pub checkpoint: Checkpoint,
}

/// Two checkpoints of one log, and what shows that they do not go together. Not yet checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fork {
    smaller: Note,
    larger: Note,
    nodes: Prefix,
}

/// What a fork proof that holds proves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proven {
    /// The log.
    pub origin: String,
    /// Its key, which signed both.
    pub key: VerifierKey,
    /// What the log signed of the smaller tree.
    pub smaller: Tree,
    /// What it signed of the larger one.
    pub larger: Tree,
    /// The root that the first entries of the larger tree have, as many as the smaller has.
    pub implied: Hash,
}

/// Why a fork proof was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The file does not follow the format.
    #[error("not a fork proof: {0}")]
    Format(&'static str),
    /// A checkpoint is broken, or not signed by a log of the policy.
    #[error("not a fork proof: {0}")]
    Checkpoint(#[from] checkpoint::Error),
    /// The two checkpoints were signed by different keys: two logs may well differ.
    #[error("this proves nothing: the two checkpoints are not signed by the same log key")]
    TwoLogs,
    /// The nodes are not those of the larger tree.
    #[error("this proves nothing: {0}")]
    Nodes(#[from] merkle::Error),
    /// The nodes lead to another root than the larger tree's.
    #[error("this proves nothing: the nodes lead to root {found}, expected {expected}")]
    Root {
        /// The root that they lead to.
        found: Hash,
        /// The root of the larger checkpoint.
        expected: Hash,
    },
    /// The larger tree continues the smaller.
    #[error("this proves nothing: the tree of {larger} entries continues that of {smaller}")]
    NoFork {
        /// The size of the smaller tree.
        smaller: u64,
        /// The size of the larger tree.
        larger: u64,
    },
}

impl Said {
    /// What a note says by each log key of the policy that signed it and bears the origin's name;
    /// never none. Signatures by other keys are passed over; one that should hold and does not
    /// refuses the note.
    pub fn open(note: &Note, policy: &Policy) -> Result<Vec<Self>, checkpoint::Error> {
        let checkpoint: Checkpoint = note.text().parse()?;
        let keys: Vec<&VerifierKey> = policy.logs().iter().map(|log| &log.key).collect();
        let mut said: Vec<Self> = Vec::new();
        for verified in note.verify(&keys)? {
            let key = verified.key;
            if key.name() != checkpoint.origin || said.iter().any(|it| it.key == *key) {
                continue;
            }
            let made = |it: &&note::Signature| it.name() == key.name() && it.key_id() == key.id();
            let signature = note.signatures().iter().find(made).cloned();
            let note = Note::new(note.text(), signature.into_iter().collect())?;
            said.push(Self { key: key.clone(), note, checkpoint: checkpoint.clone() });
        }
        if said.is_empty() {
            return Err(checkpoint::Error::UnknownLog { origin: checkpoint.origin });
        }
        Ok(said)
    }
}

impl Fork {
    /// Puts a proof together. `nodes` are of the larger tree, none if the sizes are the same.
    /// Whether it holds is for [`Fork::verify`] to say.
    pub fn between(one: &Said, other: &Said, nodes: Prefix) -> Self {
        let rank = |said: &Said| (said.checkpoint.size, said.checkpoint.root);
        let (smaller, larger) = if rank(one) <= rank(other) { (one, other) } else { (other, one) };
        Self { smaller: smaller.note.clone(), larger: larger.note.clone(), nodes }
    }

    /// Reads a fork proof. Accepts exactly what `Display` writes.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        if bytes.len() > MAX_LENGTH {
            return Err(Error::Format("it is larger than 3 MB"));
        }
        let text = str::from_utf8(bytes).map_err(|_| Error::Format("it is not UTF-8"))?;
        let rest = text
            .strip_prefix(HEAD)
            .and_then(|rest| rest.strip_prefix('\n'))
            .ok_or(Error::Format("the first line is not whosaid-fork/1"))?;
        let (smaller, rest) = read_note(rest)?;
        let (larger, rest) = read_note(rest)?;
        let mut lines = rest.lines();
        let count = lines.next().and_then(|line| parse_decimal(line.strip_prefix("nodes ")?));
        let count = count.ok_or(Error::Format("expected a line `nodes` with a plain decimal"))?;
        if count > MAX_NODES as u64 {
            return Err(Error::Format("it has more than 65 nodes"));
        }
        let nodes: Option<Vec<Hash>> = lines.map(Hash::from_base64).collect();
        let nodes = nodes.ok_or(Error::Format("a node is not the base64 of a hash"))?;
        let fork = Self { smaller, larger, nodes: Prefix(nodes) };
        // The count of the nodes, the form of the numbers: one spelling only.
        if fork.to_string() != text {
            return Err(Error::Format("it is not written as a fork proof is"));
        }
        Ok(fork)
    }

    /// Checks that one log key of the policy signed both checkpoints, and that the larger tree
    /// does not continue the smaller.
    pub fn verify(&self, policy: &Policy) -> Result<Proven, Error> {
        let (ones, others) =
            (Said::open(&self.smaller, policy)?, Said::open(&self.larger, policy)?);
        let (one, other) = ones
            .iter()
            .find_map(|one| Some((one, others.iter().find(|other| other.key == one.key)?)))
            .ok_or(Error::TwoLogs)?;
        let (smaller, larger) = (one.checkpoint.tree(), other.checkpoint.tree());
        if (smaller.size, smaller.root) > (larger.size, larger.root) {
            return Err(Error::Format("the larger tree comes first"));
        }
        let sizes = Sizes { old: smaller.size, new: larger.size };
        let implied = if sizes.old == sizes.new || sizes.old == 0 {
            if !self.nodes.0.is_empty() {
                return Err(Error::Format("these sizes need no nodes"));
            }
            // The empty tree has one root only, and every tree continues it.
            if sizes.old == 0 { smaller.root } else { larger.root }
        } else {
            let (implied, found) = merkle::implied_roots(sizes, &self.nodes)?;
            if found != larger.root {
                return Err(Error::Root { found, expected: larger.root });
            }
            implied
        };
        if implied == smaller.root {
            return Err(Error::NoFork { smaller: smaller.size, larger: larger.size });
        }
        let origin = one.checkpoint.origin.clone();
        Ok(Proven { origin, key: one.key.clone(), smaller, larger, implied })
    }
}

impl fmt::Display for Proven {
    /// What it proves, in words and on several lines, the last without its end.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { origin, key, smaller, larger, implied } = self;
        writeln!(formatter, "{origin} has signed two histories, with the key {key}:")?;
        writeln!(formatter, "  {} entries, root {}", smaller.size, smaller.root)?;
        writeln!(formatter, "  {} entries, root {}", larger.size, larger.root)?;
        if smaller.size == larger.size {
            return write!(formatter, "One number of entries cannot have two roots.");
        }
        write!(formatter, "The first {} entries of the second have root {implied}.", smaller.size)
    }
}

/// One note, and what follows it.
fn read_note(text: &str) -> Result<(Note, &str), Error> {
    let (line, rest) = text.split_once('\n').unwrap_or_default();
    let length = line.strip_prefix("note ").and_then(parse_decimal);
    let length = length.ok_or(Error::Format("expected a line `note` with a plain decimal"))?;
    let cut = usize::try_from(length).ok().and_then(|length| rest.split_at_checked(length));
    let (note, rest) = cut.ok_or(Error::Format("it ends within a note"))?;
    let note = Note::parse(note.as_bytes()).map_err(checkpoint::Error::from)?;
    if note.signatures().len() != 1 {
        return Err(Error::Format("a note has not exactly one signature"));
    }
    Ok((note, rest))
}

impl fmt::Display for Fork {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "{HEAD}")?;
        for note in [&self.smaller, &self.larger] {
            let note = note.to_string();
            write!(formatter, "note {}\n{note}", note.len())?;
        }
        writeln!(formatter, "nodes {}", self.nodes.0.len())?;
        self.nodes.0.iter().try_for_each(|node| writeln!(formatter, "{}", node.to_base64()))
    }
}
