//! What is remembered of each statement that was walked past: its id, its kind and who signed it,
//! in nine bytes, so that the memory of a verification hardly grows with the log.
//!
//! The ids themselves stand on the disk, as leaves of the tree. Kept here is a hash table of entry
//! indices, with one byte of each id beside it; what is found so is compared with the leaf before
//! it counts.

use std::collections::HashMap;

use crate::attribution::id::Id;
use crate::hash::Hash;
use crate::key::Thumbprint;
use crate::tlog::merkle::leaf_hash;
use crate::tlog::tile::FULL_WIDTH;

/// The entry index that no entry has: a free place in the table.
const FREE: u32 = u32::MAX;

/// How many answers are kept: a thousand claims in a row refer to few parties.
const ANSWERS: usize = 4_096;

/// Of how many bundles the leaves are kept, 8 KiB each: most of what is referred to came just before.
const BUNDLES: usize = 32;

/// What is known of an earlier statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Known {
    /// Its place in the log.
    pub(crate) entry_index: u64,
    /// Its kind and signer; `None` if it is withheld, or could not be believed.
    pub(crate) read: Option<(&'static str, Thumbprint)>,
}

/// All statements walked past, as many as there is room for.
#[derive(Debug)]
pub(crate) struct Earlier {
    /// The entry at which the walk began.
    first: u64,
    /// Entry indices, each as near as possible to where the head of its id belongs.
    places: Vec<u32>,
    /// One byte of the id at each place.
    tags: Vec<u8>,
    /// How many more there is room for.
    room: usize,
    /// By entry index: the kind's place in its list, counted from 1; 0 is unread.
    kind: Vec<u8>,
    /// By entry index: the signer's place in its list.
    signer: Vec<u16>,
    kinds: Vec<&'static str>,
    signers: Vec<Thumbprint>,
    answers: HashMap<Id, u64>,
    leaves: HashMap<u64, Option<Vec<Hash>>>,
}

impl Earlier {
    /// Room for so many statements, from an entry on.
    pub(crate) fn of(first: u64, capacity: u64) -> Self {
        let room = usize::try_from(capacity.min(FREE.into())).unwrap_or(usize::MAX);
        // Four places of five taken: a search looks at three on average.
        let places = room + room / 4 + 1;
        Self {
            first,
            places: vec![FREE; places],
            tags: vec![0; places],
            room,
            kind: Vec::with_capacity(room),
            signer: Vec::with_capacity(room),
            kinds: Vec::new(),
            signers: Vec::new(),
            answers: HashMap::new(),
            leaves: HashMap::new(),
        }
    }

    /// Remembers a statement whose id is a leaf of the tree, once. False if there is no room: then
    /// nobody can tell later whether it was there.
    pub(crate) fn insert(&mut self, id: Id, known: Known) -> bool {
        let Ok(entry) = u32::try_from(known.entry_index) else { return false };
        if self.room == 0 || entry == FREE || !self.describe(known) {
            return false;
        }
        self.room -= 1;
        self.answers.remove(&id);
        let mut place = self.home(id);
        while self.places[place] != FREE {
            place = (place + 1) % self.places.len();
        }
        self.places[place] = entry;
        self.tags[place] = tag(id);
        true
    }

    /// Finds a statement. `leaves_of` gives the leaves of the bundle with this index, as the tree
    /// has them.
    pub(crate) fn find<E>(
        &mut self,
        id: Id,
        leaves_of: &mut dyn FnMut(u64) -> Result<Option<Vec<Hash>>, E>,
    ) -> Result<Option<Known>, E> {
        if let Some(&entry_index) = self.answers.get(&id) {
            return Ok(Some(self.known(entry_index)));
        }
        let (mut place, leaf) = (self.home(id), leaf_hash(id.hash().as_bytes()));
        let mut found = None;
        // What was erased and recorded again stands there twice: the later one counts.
        while self.places[place] != FREE {
            let entry_index = u64::from(self.places[place]);
            if self.tags[place] == tag(id) && self.leaf(entry_index, leaves_of)? == Some(leaf) {
                found = Some(entry_index);
            }
            place = (place + 1) % self.places.len();
        }
        let Some(entry_index) = found else { return Ok(None) };
        if self.answers.len() == ANSWERS {
            self.answers.clear();
        }
        self.answers.insert(id, entry_index);
        Ok(Some(self.known(entry_index)))
    }

    /// The entries from `from` on that a key signed, in order.
    pub(crate) fn signed_by(&self, signer: Thumbprint, from: u64) -> Vec<u64> {
        let Some(wanted) = self.signers.iter().position(|it| *it == signer) else {
            return Vec::new();
        };
        let all = (self.first..).zip(self.kind.iter().zip(&self.signer));
        let its = all.filter(|(entry, (kind, signer))| {
            *entry >= from && **kind > 0 && usize::from(**signer) == wanted
        });
        its.map(|(entry, _)| entry).collect()
    }

    fn leaf<E>(
        &mut self,
        entry_index: u64,
        leaves_of: &mut dyn FnMut(u64) -> Result<Option<Vec<Hash>>, E>,
    ) -> Result<Option<Hash>, E> {
        let width = u64::from(FULL_WIDTH);
        let (bundle, slot) = (entry_index / width, entry_index % width);
        if !self.leaves.contains_key(&bundle) {
            if self.leaves.len() == BUNDLES {
                self.leaves.clear();
            }
            self.leaves.insert(bundle, leaves_of(bundle)?);
        }
        let slot = usize::try_from(slot).expect("less than a bundle");
        Ok(self.leaves[&bundle].as_ref().and_then(|leaves| leaves.get(slot).copied()))
    }

    /// Where the search for an id begins.
    fn home(&self, id: Id) -> usize {
        let head = *id.hash().as_bytes().first_chunk().expect("32 bytes");
        let place = (u128::from(u64::from_be_bytes(head)) * self.places.len() as u128) >> 64;
        usize::try_from(place).expect("less than the number of places")
    }

    /// Where an entry stands in the lists.
    fn place_of(&self, entry_index: u64) -> usize {
        usize::try_from(entry_index - self.first).expect("entries fit memory")
    }

    fn known(&self, entry_index: u64) -> Known {
        let entry = self.place_of(entry_index);
        let kind = self.kind[entry].checked_sub(1);
        let read = kind.map(|kind| {
            (self.kinds[usize::from(kind)], self.signers[usize::from(self.signer[entry])])
        });
        Known { entry_index, read }
    }

    /// Notes kind and signer; false if there are more keys than can be told apart.
    fn describe(&mut self, Known { entry_index, read }: Known) -> bool {
        let entry = self.place_of(entry_index);
        if self.kind.len() <= entry {
            self.kind.resize(entry + 1, 0);
            self.signer.resize(entry + 1, 0);
        }
        let Some((kind, signer)) = read else { return true };
        let kind = place_in(&mut self.kinds, kind);
        let (Ok(kind), Ok(signer)) =
            (u8::try_from(kind + 1), u16::try_from(place_in(&mut self.signers, signer)))
        else {
            return false;
        };
        (self.kind[entry], self.signer[entry]) = (kind, signer);
        true
    }
}

/// The byte that tells ids apart which belong to the same place; not one that says which place.
fn tag(id: Id) -> u8 {
    id.hash().as_bytes()[31]
}

/// The place of an item in a list that has it or gets it. The last ones come most often.
fn place_in<T: PartialEq>(list: &mut Vec<T>, item: T) -> usize {
    list.iter().rposition(|it| *it == item).unwrap_or_else(|| {
        list.push(item);
        list.len() - 1
    })
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::{Earlier, Known};
    use crate::attribution::id::Id;
    use crate::hash::Hash;
    use crate::key::{SecretKey, Thumbprint};
    use crate::tlog::merkle::leaf_hash;

    fn id(number: u64) -> Id {
        Id::of(&number.to_be_bytes())
    }

    fn signer(number: u64) -> Thumbprint {
        SecretKey::from_seed(&[u8::try_from(number % 3).unwrap(); 32]).public().thumbprint()
    }

    fn known(entry_index: u64) -> Known {
        let kind = if entry_index.is_multiple_of(2) { "claim" } else { "party" };
        // Every seventh cannot be read.
        let read = (!entry_index.is_multiple_of(7)).then(|| (kind, signer(entry_index)));
        Known { entry_index, read }
    }

    /// The leaves of a log in which entry n has the id of n.
    #[expect(clippy::unnecessary_wraps, reason = "as those who read a disk answer")]
    fn leaves_of(bundle: u64) -> Result<Option<Vec<Hash>>, Infallible> {
        let entries = bundle * 256..(bundle + 1) * 256;
        Ok(Some(entries.map(|it| leaf_hash(id(it).hash().as_bytes())).collect()))
    }

    #[test]
    fn what_went_past_is_found_with_its_kind_and_signer_and_nothing_else_is() {
        let mut earlier = Earlier::of(0, 20_000);
        for entry in 0..20_000 {
            assert!(earlier.insert(id(entry), known(entry)));
        }
        for entry in 0..20_000 {
            assert_eq!(earlier.find(id(entry), &mut leaves_of), Ok(Some(known(entry))));
        }
        for entry in 20_000..30_000 {
            assert_eq!(earlier.find(id(entry), &mut leaves_of), Ok(None));
        }
    }

    #[test]
    fn of_two_entries_with_one_id_the_later_counts() {
        let mut earlier = Earlier::of(0, 10);
        let twice = &mut |_| Ok::<_, Infallible>(Some(vec![leaf_hash(id(1).hash().as_bytes()); 9]));
        assert!(earlier.insert(id(1), Known { entry_index: 7, read: None }));
        assert_eq!(earlier.find(id(1), twice).unwrap().unwrap().entry_index, 7);
        assert!(earlier.insert(id(1), known(8)));
        assert_eq!(earlier.find(id(1), twice), Ok(Some(known(8))));
    }

    #[test]
    fn an_entry_that_the_tree_does_not_confirm_is_not_found() {
        let mut earlier = Earlier::of(0, 10);
        assert!(earlier.insert(id(3), known(3)));
        let nothing = &mut |_| Ok::<_, Infallible>(None);
        assert_eq!(earlier.find(id(3), nothing), Ok(None));
        let mut earlier = Earlier::of(0, 10);
        assert!(earlier.insert(id(3), known(3)));
        let others = &mut |bundle| leaves_of(bundle + 1);
        assert_eq!(earlier.find(id(3), others), Ok(None));
    }

    #[test]
    fn where_there_is_no_room_it_says_so() {
        let mut earlier = Earlier::of(0, 2);
        assert!(earlier.insert(id(0), known(0)));
        assert!(earlier.insert(id(5), known(5)));
        assert!(!earlier.insert(id(6), known(6)));
        assert_eq!(earlier.find(id(5), &mut leaves_of), Ok(Some(known(5))));
        assert_eq!(earlier.find(id(6), &mut leaves_of), Ok(None));
        assert!(!Earlier::of(0, 0).insert(id(0), known(0)));
        let mut long = Earlier::of(0, 9);
        assert!(!long.insert(id(0), Known { entry_index: u64::from(u32::MAX), read: None }));
    }

    #[test]
    fn the_entries_of_a_signer_come_in_order() {
        let mut earlier = Earlier::of(0, 30);
        for entry in [2, 3, 5, 7, 8, 11, 14, 17] {
            earlier.insert(id(entry), known(entry));
        }
        assert_eq!(earlier.signed_by(signer(2), 0), [2, 5, 8, 11, 17]);
        assert_eq!(earlier.signed_by(signer(2), 6), [8, 11, 17]);
        assert_eq!(earlier.signed_by(signer(0), 0), [3]);
    }
}
