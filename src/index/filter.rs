//! What an index surely does not hold, known without asking its tree: a Bloom filter of two bits for
//! each head. An import asks of every row whether it is there already, and of nearly every new one the
//! answer is no; among millions that is some pages read from the disk each time.
//!
//! It costs a pass over all heads to make, so it is made when as many were asked for as that is worth.
//! Whoever adds to the index makes it and notes what is added; whoever only asks may have it too.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// How many bits there are for each head when there are as many as there is room for: then one in
/// twenty that are not there is asked for in vain, `(1 - e^(-2/8))^2`.
const BITS: u64 = 8;

/// The room of the smallest filter, in heads: 64 KiB.
const SMALLEST: u64 = 64 * 1024;

/// The room of the largest one, in heads: 64 MiB. Above it more are asked for in vain.
const LARGEST: u64 = 64 * 1024 * 1024;

/// The fewest questions that a filter is made for.
const WORTH: u64 = 1024;

/// How many entries' heads are read, from end to end, while one is looked for.
const READ: u64 = 64;

/// The filter of an index, once there is one, and how often it was missed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Filtering {
    filter: Option<Arc<Filter>>,
    asked: Arc<AtomicU64>,
}

impl Filtering {
    /// Whether a head may be there.
    pub(crate) fn may_hold(&self, head: u64) -> bool {
        match &self.filter {
            Some(filter) => filter.may_hold(head),
            None => {
                self.asked.fetch_add(1, Ordering::Relaxed);
                true
            }
        }
    }

    /// Notes heads before they are there.
    pub(crate) fn note(&self, heads: impl Iterator<Item = u64>) {
        if let Some(filter) = &self.filter {
            heads.for_each(|head| filter.note(head));
        }
    }

    /// Whether it is time to make a filter of all heads of an index of `tree_size` entries: to read
    /// those of [`READ`] entries from end to end takes less than to look for one.
    pub(crate) fn is_due(&self, tree_size: u64) -> bool {
        match &self.filter {
            Some(filter) => filter.is_full(),
            None => self.asked.load(Ordering::Relaxed) >= WORTH.max(tree_size / READ),
        }
    }

    #[cfg(test)]
    pub(crate) fn is_there(&self) -> bool {
        self.filter.is_some()
    }

    /// Whether there is none and an index of `tree_size` entries is read faster than a few are asked for.
    pub(crate) fn costs_little(&self, tree_size: u64) -> bool {
        self.filter.is_none() && tree_size <= WORTH * READ
    }

    /// Has this filter from now on.
    pub(crate) fn take(&mut self, filter: Filter) {
        self.filter = Some(Arc::new(filter));
    }
}

/// Which heads may be there. It only ever learns more, from any thread.
#[derive(Debug)]
pub(crate) struct Filter {
    words: Box<[AtomicU64]>,
    room: u64,
    count: AtomicU64,
}

impl Filter {
    /// An empty one, with room for twice as many heads as this.
    pub(crate) fn for_twice(count: u64) -> Self {
        Self::with_room(count.saturating_mul(2).clamp(SMALLEST, LARGEST))
    }

    /// An empty one, with room for so many heads.
    pub(crate) fn with_room(room: u64) -> Self {
        let words = (0..(room * BITS).div_ceil(64)).map(|_| AtomicU64::new(0)).collect();
        Self { words, room, count: AtomicU64::new(0) }
    }

    /// Notes that a head is there.
    pub(crate) fn note(&self, head: u64) {
        for (word, bit) in self.places(head) {
            self.words[word].fetch_or(bit, Ordering::Relaxed);
        }
        self.count.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether a head may be there; if not, it surely is not.
    pub(crate) fn may_hold(&self, head: u64) -> bool {
        self.places(head).iter().all(|(word, bit)| {
            let word = self.words[*word].load(Ordering::Relaxed);
            word & bit != 0
        })
    }

    /// Whether a larger one would serve better.
    pub(crate) fn is_full(&self) -> bool {
        self.room < LARGEST && self.count.load(Ordering::Relaxed) > self.room
    }

    /// Heads are the beginnings of hashes: each half of one is as good as drawn by lot.
    fn places(&self, head: u64) -> [(usize, u64); 2] {
        let bits = self.words.len() as u64 * 64;
        [head >> 32, head & u64::from(u32::MAX)].map(|half| {
            let bit = (half * bits) >> 32;
            let word = usize::try_from(bit / 64).expect("a filter fits memory");
            (word, 1 << (bit % 64))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Filter, SMALLEST};
    use crate::hash::Hash;

    fn head(number: u64) -> u64 {
        let hash = Hash::of(&number.to_be_bytes());
        u64::from_be_bytes(*hash.as_bytes().first_chunk().unwrap())
    }

    #[test]
    fn what_was_noted_may_be_there_and_nearly_all_else_is_not() {
        let filter = Filter::with_room(SMALLEST);
        (0..SMALLEST).for_each(|number| filter.note(head(number)));
        assert!((0..SMALLEST).all(|number| filter.may_hold(head(number))));
        assert!(!filter.is_full());
        let in_vain = (SMALLEST..2 * SMALLEST).filter(|it| filter.may_hold(head(*it))).count();
        let one_in = SMALLEST / in_vain as u64;
        assert!((15..30).contains(&one_in), "one in {one_in}");
        filter.note(0);
        assert!(filter.is_full());
        assert!([0, u64::MAX].map(|it| Filter::with_room(SMALLEST).may_hold(it)) == [false, false]);
    }
}
