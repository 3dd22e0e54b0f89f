//! What a run of heads surely does not hold, known without asking SQLite: a Bloom filter. An import asks
//! of every row whether it is there already: of a new one the filters of all runs say no, of one that is
//! there all but one of them.

/// How many bits there are for each head.
const BITS: u64 = 16;

/// How many of them are set for one: then one in four hundred that are not there is asked for in vain,
/// `(1 - e^(-4/16))^4`.
const SET: u64 = 4;

/// Which heads may be there.
#[derive(Debug)]
pub(crate) struct Filter {
    words: Box<[u64]>,
}

impl Filter {
    /// An empty one, with room for so many heads.
    pub(crate) fn with_room(heads: u64) -> Self {
        let words = usize::try_from((heads.max(1) * BITS).div_ceil(64)).expect("it fits memory");
        Self { words: vec![0; words].into_boxed_slice() }
    }

    /// Notes that a head is there.
    pub(crate) fn note(&mut self, purpose: u8, value: u64) {
        for number in 0..SET {
            let (word, bit) = self.place(purpose, value, number);
            self.words[word] |= bit;
        }
    }

    /// Whether a head may be there; if not, it surely is not.
    pub(crate) fn may_hold(&self, purpose: u8, value: u64) -> bool {
        (0..SET).all(|number| {
            let (word, bit) = self.place(purpose, value, number);
            self.words[word] & bit != 0
        })
    }

    /// Heads are the beginnings of hashes: each half of one is as good as drawn by lot, and a sum of
    /// both as a third (Kirsch and Mitzenmacher 2006). One hash may be there for several purposes.
    fn place(&self, purpose: u8, value: u64, number: u64) -> (usize, u64) {
        let value = value.rotate_left(u32::from(purpose) * 7);
        let (high, low) = (value >> 32, value & u64::from(u32::MAX));
        let lot = (high + number * (low | 1)) & u64::from(u32::MAX);
        let bits = self.words.len() as u64 * 64;
        let bit = (u128::from(lot) * u128::from(bits)) >> 32;
        let word = usize::try_from(bit / 64).expect("a place in the filter");
        (word, 1 << (bit % 64))
    }
}

#[cfg(test)]
mod tests {
    use super::Filter;
    use crate::hash::Hash;

    fn value(number: u64) -> u64 {
        let hash = Hash::of(&number.to_be_bytes());
        u64::from_be_bytes(*hash.as_bytes().first_chunk().unwrap())
    }

    #[test]
    fn what_was_noted_may_be_there_and_nearly_all_else_is_not() {
        let count = 20_000;
        let mut filter = Filter::with_room(2 * count);
        for number in 0..count {
            filter.note(0, value(number));
            filter.note(3, value(number));
        }
        let held = |purpose, from: u64| {
            let numbers = from..from + count;
            numbers.filter(|it| filter.may_hold(purpose, value(*it))).count() as u64
        };
        assert_eq!([held(0, 0), held(3, 0)], [count; 2]);
        for in_vain in [held(0, count), held(3, count), held(1, 0)] {
            assert!((25..100).contains(&in_vain), "{in_vain} of {count}");
        }
        let mut filter = Filter::with_room(0);
        assert!(!filter.may_hold(0, 0) && !filter.may_hold(0, u64::MAX));
        filter.note(255, u64::MAX);
        assert!(filter.may_hold(255, u64::MAX));
    }
}
