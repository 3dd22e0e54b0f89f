//! What stands in the slots of one bundle: everything that can be said of its statements without
//! knowing what came before them. Pure, so that several bundles can be read at once.

use std::collections::HashMap;

use crate::attribution::id::Id;
use crate::attribution::statement::{self, Statement};
use crate::cbor;
use crate::comb::shared::Combs;
use crate::hash::Hash;
use crate::key::{PublicKey, Thumbprint};
use crate::tlog::bundle::{self, Bundle};
use crate::tlog::merkle::leaf_hash;
use crate::verify::report::FaultKind;

/// Keys by the name that statements give them.
pub(crate) type Keys = HashMap<Thumbprint, PublicKey>;

/// A bundle of statements as it came from the disk, and what is known of its slots otherwise.
#[derive(Debug)]
pub(crate) struct Unread {
    /// Which bundle.
    pub(crate) bundle: Bundle,
    /// The leaves of the tree, if any source gave the checkpoint's root.
    pub(crate) leaves: Option<Vec<Hash>>,
    /// What the entry bundle says, right or not.
    pub(crate) entries: Vec<Option<Hash>>,
    /// The file's bytes; `None` if there is none.
    pub(crate) bytes: Option<Vec<u8>>,
    /// How many slots at its beginning were verified before, and are not opened again.
    pub(crate) before: usize,
}

/// A bundle of statements, slot by slot.
#[derive(Debug)]
pub(crate) struct Slots {
    /// What was known before the statements were read; the bytes are gone.
    pub(crate) unread: Unread,
    /// What stands in the slots, as far as the file can be cut into them.
    pub(crate) read: Vec<Slot>,
    /// Where the file makes no sense from some slot on.
    pub(crate) broken: Option<Broken>,
}

/// What stands in one slot.
#[derive(Debug)]
pub(crate) enum Slot {
    /// Nothing: the statement is withheld, or a hole.
    Empty,
    /// The statement that belongs there.
    Right(Box<Statement>),
    /// The bytes that belong there, which are no statement, or one of a newer format.
    Strange(Id, statement::Error),
    /// Other bytes than those that belong there.
    Wrong,
    /// Nothing tells whether they belong there.
    Unknown,
}

/// From which slot on a bundle makes no sense, and why.
#[derive(Debug)]
pub(crate) struct Broken {
    /// The slot.
    pub(crate) slot: usize,
    /// How that is to be understood.
    pub(crate) kind: FaultKind,
    /// What is wrong.
    pub(crate) flaw: bundle::Error,
}

impl Unread {
    /// Cuts the bundle into its slots and opens each statement that belongs there.
    fn read(self) -> Slots {
        let bytes = self.bytes.as_deref().unwrap_or_default();
        let (items, flaw) = bundle::parse_prefix(bytes, self.bundle.width);
        let mut read: Vec<Slot> =
            items.iter().enumerate().map(|(slot, item)| self.slot(slot, item)).collect();
        let mut broken = None;
        if let Some(flaw) = flaw.filter(|_| self.bytes.is_some()) {
            // A wrong length shifts all that follows it: what is cut after the last right statement
            // is no statement.
            let may_belong = |(slot, it): (usize, &Slot)| match it {
                Slot::Empty => self.leaf(slot).is_none(),
                it => !matches!(it, Slot::Wrong),
            };
            let cut = read.iter().enumerate().rposition(may_belong).map_or(0, |last| last + 1);
            let empty = items[cut..].iter().take_while(|item| item.is_empty()).count();
            read.truncate(cut + empty);
            let before: usize = items[..read.len()].iter().map(|item| 2 + item.len()).sum();
            let kind = self.kind_of_flaw(&bytes[before..], read.len(), &items);
            broken = Some(Broken { slot: read.len(), kind, flaw });
        }
        let unread = Self { bytes: None, ..self };
        Slots { unread, read, broken }
    }

    /// The id of the statement that belongs into a slot, if the entry can be believed.
    pub(crate) fn id(&self, slot: usize) -> Option<Id> {
        let entry = self.entries[slot];
        entry.filter(|it| self.leaf(slot) == Some(leaf_hash(it.as_bytes()))).map(Id::from_hash)
    }

    fn slot(&self, slot: usize, item: &[u8]) -> Slot {
        if slot < self.before {
            return Slot::Unknown;
        }
        if item.is_empty() {
            return Slot::Empty;
        }
        let id = Id::of(item);
        match self.leaf(slot).map(|leaf| leaf == leaf_hash(id.hash().as_bytes())) {
            Some(true) => match statement::open_as(id, item) {
                Ok(statement) => Slot::Right(Box::new(statement)),
                Err(error) => Slot::Strange(id, error),
            },
            Some(false) => Slot::Wrong,
            None => Slot::Unknown,
        }
    }

    /// The leaf of a slot, or what the entry makes it.
    pub(crate) fn leaf(&self, slot: usize) -> Option<Hash> {
        match &self.leaves {
            Some(leaves) => Some(leaves[slot]),
            None => self.entries[slot].map(|entry| leaf_hash(entry.as_bytes())),
        }
    }

    /// Whether a bundle was cut short, or changed. `rest` begins at the slot from which on it makes
    /// no sense.
    fn kind_of_flaw(&self, rest: &[u8], slot: usize, items: &[&[u8]]) -> FaultKind {
        if slot != items.len() || slot >= self.bundle.width.into() {
            // A statement that is not the right one, or bytes that follow the last.
            return FaultKind::Tampered;
        }
        // If the whole statement is there, it is its length that was changed.
        let whole = rest.get(2..).and_then(|rest| rest.get(..cbor::length_of_first(rest)?));
        let is_right =
            |bytes: &[u8]| self.leaf(slot) == Some(leaf_hash(Hash::of(bytes).as_bytes()));
        if whole.is_some_and(is_right) { FaultKind::Tampered } else { FaultKind::Incomplete }
    }
}

impl Slots {
    /// Which bundle.
    pub(crate) fn bundle(&self) -> Bundle {
        self.unread.bundle
    }
}

/// Reads bundles, and checks the signatures by `keys`, so that whoever asks a statement later has the
/// answer at once.
pub(crate) fn read_all(batch: Vec<Unread>, keys: &Keys, combs: &Combs) -> Vec<Slots> {
    let mut all: Vec<Slots> = batch.into_iter().map(Unread::read).collect();
    let slots = all.iter_mut().flat_map(|slots| &mut slots.read);
    let statements = slots.filter_map(|slot| match slot {
        Slot::Right(statement) => Some(&mut **statement),
        _ => None,
    });
    statement::check_signatures(statements, |signer| keys.get(&signer).copied(), combs);
    all
}
