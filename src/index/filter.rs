//! What a run of heads surely does not hold, known without asking SQLite: a Bloom filter. An import asks
//! of every row whether it is there already: of a new one the filters of all runs say no, of one that is
//! there all but one of them.

/// How many bits there are for each head.
const BITS: u64 = 16;

/// How many of them are set for one: then one in a thousand that are not there is asked for in vain.
const SET: u32 = 6;

/// The bits of one head stand near each other, on one line of the cache: 512 bits.
type Line = [u64; 8];

/// Which heads may be there: a blocked Bloom filter (Putze, Sanders and Singler 2007).
#[derive(Debug)]
pub(crate) struct Filter {
    lines: Box<[Line]>,
}

impl Filter {
    /// An empty one, with room for so many heads.
    pub(crate) fn with_room(heads: u64) -> Self {
        let lines = usize::try_from((heads.max(1) * BITS).div_ceil(512)).expect("it fits memory");
        Self { lines: vec![Line::default(); lines].into_boxed_slice() }
    }

    /// Notes that a head is there.
    pub(crate) fn note(&mut self, purpose: u8, value: u64) {
        let (line, bits) = self.place(purpose, value);
        for (word, bit) in bits {
            self.lines[line][word] |= bit;
        }
    }

    /// Whether a head may be there; if not, it surely is not.
    pub(crate) fn may_hold(&self, purpose: u8, value: u64) -> bool {
        let (line, bits) = self.place(purpose, value);
        let line = &self.lines[line];
        // All of them, though the first often is enough: nobody can foresee that it is.
        bits.fold(0, |missing, (word, bit)| missing | bit & !line[word]) == 0
    }

    /// The line of a head, and its bits there. Heads are the beginnings of hashes: one half says which
    /// line, and nine bits at a time of a product which bit. One hash may be there for several purposes.
    fn place(
        &self,
        purpose: u8,
        value: u64,
    ) -> (usize, impl Iterator<Item = (usize, u64)> + use<>) {
        let value = value.rotate_left(u32::from(purpose) * 7);
        let line = ((value >> 32) * self.lines.len() as u64) >> 32;
        // By 2^64 divided by the golden ratio (Knuth 6.4): its upper bits depend on all of the value.
        let drawn = value.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - 9 * SET);
        let bits = (0..SET).map(move |number| {
            let bit = (drawn >> (9 * number)) & 511;
            (usize::try_from(bit / 64).expect("one of eight"), 1 << (bit % 64))
        });
        (usize::try_from(line).expect("a place in the filter"), bits)
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
            assert!((5..45).contains(&in_vain), "{in_vain} of {count}");
        }
        let mut filter = Filter::with_room(0);
        assert!(!filter.may_hold(0, 0) && !filter.may_hold(0, u64::MAX));
        filter.note(255, u64::MAX);
        assert!(filter.may_hold(255, u64::MAX));
    }
}
