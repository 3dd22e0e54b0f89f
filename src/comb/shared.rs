//! Which keys have a table: made when a key has signed enough, shared by the threads of one run.
//!
//! A table costs as much as a few signatures, so a key is checked by `verify_strict` until it has
//! signed [`Limits::few`], by a small table until [`Limits::many`], then by a large one. One thread
//! makes a table; the others go on with the smaller one, or wait for the first. None of this changes a
//! verdict.

use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use crate::comb::{self, Comb};
use crate::key::PublicKey;

/// The width of a key's small table: 220 KB.
const SMALL_WIDTH: u32 = 6;

/// The width of a key's large table: 3.8 MB.
const LARGE_WIDTH: u32 = 11;

/// What tables may cost in time and memory.
#[derive(Debug, Clone, Copy)]
struct Limits {
    /// The signatures from which a small table pays: it is made in the time of 11 that it saves.
    few: u64,
    /// The signatures from which a large table pays: it is made in the time of 1,000 that it saves.
    many: u64,
    /// The keys that may have a table. Further keys are checked by `verify_strict`.
    tables: usize,
    /// The keys among them that may have a large one: together at most 60 MB.
    large_tables: usize,
    /// The keys whose signatures are counted. When there are more, those without a table are
    /// forgotten and begin anew: a stranger's many keys cost no memory.
    counted: usize,
}

const LIMITS: Limits = Limits { few: 16, many: 2048, tables: 128, large_tables: 16, counted: 4096 };

/// A signature to be judged, and the key that is said to have made it.
#[derive(Debug, Clone, Copy)]
pub struct Claimed<'a> {
    /// The key.
    pub key: &'a PublicKey,
    /// The signed bytes.
    pub message: &'a [u8],
    /// The signature; it is refused unless it has 64 bytes.
    pub signature: &'a [u8],
}

/// The tables of the keys that sign most. Threads share it by reference.
pub struct Combs {
    limits: Limits,
    seen: Mutex<HashMap<PublicKey, Seen>>,
    /// A table was made.
    made: Condvar,
}

/// What is known of one key.
#[derive(Default)]
struct Seen {
    signatures: u64,
    comb: Option<Arc<Comb>>,
    /// The width of the table that a thread is making at this moment.
    in_work: Option<u32>,
}

impl Seen {
    /// The width of the table that the key has or will have in a moment; 0 without one.
    fn width(&self) -> u32 {
        self.in_work.or(self.comb.as_ref().map(|comb| comb.width())).unwrap_or(0)
    }
}

impl Default for Combs {
    fn default() -> Self {
        Self::within(LIMITS)
    }
}

impl Combs {
    fn within(limits: Limits) -> Self {
        Self { limits, seen: Mutex::default(), made: Condvar::new() }
    }

    /// Judges each signature as `PublicKey::verifies` does; the verdicts stand in the order of
    /// `claimed`. A few hundred at a time are fastest; the keys may be mixed.
    pub fn verify_all(&self, claimed: &[Claimed<'_>]) -> Vec<bool> {
        let mut places: Vec<usize> = (0..claimed.len()).collect();
        if claimed.windows(2).any(|pair| pair[0].key != pair[1].key) {
            places.sort_by_key(|&place| claimed[place].key.as_bytes());
        }
        let runs: Vec<(&[usize], Option<Arc<Comb>>)> = places
            .chunk_by(|&one, &next| claimed[one].key == claimed[next].key)
            .map(|run| (run, self.comb_for(claimed[run[0]].key, run.len())))
            .collect();
        let mut verdicts = vec![false; claimed.len()];
        let (mut tabled, mut tabled_places) = (Vec::new(), Vec::new());
        for (run, comb) in &runs {
            for &place in *run {
                let Claimed { key, message, signature } = claimed[place];
                match (comb, signature.try_into()) {
                    (Some(key), Ok(signature)) => {
                        tabled.push(comb::Claimed { key, message, signature });
                        tabled_places.push(place);
                    }
                    _ => verdicts[place] = key.verifies(message, signature),
                }
            }
        }
        for (place, verdict) in tabled_places.into_iter().zip(comb::verify_all(&tabled)) {
            verdicts[place] = verdict;
        }
        verdicts
    }

    /// The width of the key's table, if it has one.
    pub fn width(&self, key: &PublicKey) -> Option<u32> {
        self.seen().get(key).and_then(|seen| seen.comb.as_ref()).map(|comb| comb.width())
    }

    /// The table to use for `more` signatures by `key`, made now if they make it worth its cost.
    fn comb_for(&self, key: &PublicKey, more: usize) -> Option<Arc<Comb>> {
        let width = match self.count(key, more) {
            Count::GoOn(comb) => return comb,
            Count::Wait => return self.wait_for(key),
            Count::Make(width) => width,
        };
        let comb = Arc::new(Comb::of(key, width));
        let mut seen = self.seen();
        let seen = seen.entry(*key).or_default();
        seen.in_work = None;
        seen.comb = Some(Arc::clone(&comb));
        self.made.notify_all();
        Some(comb)
    }

    /// Waits until the key's first table is made: that is faster than to go on without.
    fn wait_for(&self, key: &PublicKey) -> Option<Arc<Comb>> {
        let is_in_work = |seen: &mut HashMap<PublicKey, Seen>| {
            seen.get(key).is_some_and(|seen| seen.in_work.is_some() && seen.comb.is_none())
        };
        let seen = self.made.wait_while(self.seen(), is_in_work);
        let seen = seen.unwrap_or_else(PoisonError::into_inner);
        seen.get(key).and_then(|seen| seen.comb.clone())
    }

    /// Counts `more` signatures by `key`, and says whether the caller is to make a table.
    fn count(&self, key: &PublicKey, more: usize) -> Count {
        let mut seen = self.seen();
        if seen.len() >= self.limits.counted && !seen.contains_key(key) {
            seen.retain(|_, seen| seen.width() > 0);
        }
        let with_table = |least: u32| seen.values().filter(|seen| seen.width() >= least).count();
        let small_is_free = || with_table(SMALL_WIDTH) < self.limits.tables;
        let large_is_free = || with_table(LARGE_WIDTH) < self.limits.large_tables;
        let (has, before) = seen.get(key).map_or((0, 0), |seen| (seen.width(), seen.signatures));
        let signatures = before.saturating_add(more as u64);
        let may_have_one = has > 0 || (signatures >= self.limits.few && small_is_free());
        let wants = match () {
            () if !may_have_one => 0,
            () if has < LARGE_WIDTH && signatures >= self.limits.many && large_is_free() => {
                LARGE_WIDTH
            }
            () => has.max(SMALL_WIDTH),
        };
        let seen = seen.entry(*key).or_default();
        seen.signatures = signatures;
        if wants > has && seen.in_work.is_none() {
            seen.in_work = Some(wants);
            return Count::Make(wants);
        }
        if seen.in_work.is_some() && seen.comb.is_none() && more as u64 >= self.limits.few {
            return Count::Wait;
        }
        Count::GoOn(seen.comb.clone())
    }

    /// The counts and tables. A thread that panicked leaves them whole: each change is one step.
    fn seen(&self) -> MutexGuard<'_, HashMap<PublicKey, Seen>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What to do for a key.
enum Count {
    /// Use the table there is, or none.
    GoOn(Option<Arc<Comb>>),
    /// Wait for the table that is being made.
    Wait,
    /// Make a table of this width.
    Make(u32),
}

#[cfg(test)]
mod tests {
    use super::{Claimed, Combs, LARGE_WIDTH, LIMITS, Limits, SMALL_WIDTH};
    use crate::key::{PublicKey, SecretKey};

    const SMALL: Option<u32> = Some(SMALL_WIDTH);
    const LARGE: Option<u32> = Some(LARGE_WIDTH);

    /// Has the key of `seed` judged `count` times, and gives the width of its table.
    fn judge(combs: &Combs, seed: u8, count: usize) -> Option<u32> {
        let (secret, message) = (SecretKey::from_seed(&[seed; 32]), b"a claim");
        let (key, signature) = (secret.public(), secret.sign(message));
        let good = Claimed { key: &key, message, signature: &signature };
        let mut claimed = vec![good; count];
        let mut expected = vec![true; count];
        // A wrong message, a short and an empty signature do not disturb their neighbours.
        for (place, wrong) in [
            Claimed { message: b"another", ..good },
            Claimed { signature: &signature[..63], ..good },
            Claimed { signature: &[], ..good },
        ]
        .into_iter()
        .enumerate()
        .take(count.saturating_sub(1))
        {
            (claimed[place], expected[place]) = (wrong, false);
        }
        assert_eq!(combs.verify_all(&claimed), expected);
        combs.width(&key)
    }

    #[test]
    fn a_table_is_made_when_its_key_has_signed_enough() {
        let combs = Combs::default();
        assert_eq!(judge(&combs, 1, 10), None);
        assert_eq!(judge(&combs, 1, 5), None);
        assert_eq!(judge(&combs, 1, 1), SMALL);
        assert_eq!(judge(&combs, 1, 2031), SMALL);
        assert_eq!(judge(&combs, 1, 1), LARGE);
        assert_eq!(judge(&combs, 2, 2048), LARGE, "at once, for many at once");
        assert_eq!(combs.verify_all(&[]), Vec::<bool>::new());
    }

    #[test]
    fn the_keys_that_have_a_table_are_limited() {
        let limits = Limits { few: 2, many: 4, tables: 3, large_tables: 1, ..LIMITS };
        let combs = Combs::within(limits);
        assert_eq!(judge(&combs, 1, 4), LARGE);
        assert_eq!(judge(&combs, 2, 4), SMALL);
        assert_eq!(judge(&combs, 3, 2), SMALL);
        assert_eq!(judge(&combs, 4, 100), None);
        assert_eq!(judge(&combs, 3, 100), SMALL);
        assert_eq!(judge(&combs, 1, 100), LARGE);
    }

    #[test]
    fn the_keys_that_are_counted_are_limited_and_tables_stay() {
        let combs = Combs::within(Limits { few: 2, counted: 4, ..LIMITS });
        assert_eq!(judge(&combs, 1, 2), SMALL);
        for stranger in 2..50 {
            assert_eq!(judge(&combs, stranger, 1), None);
            assert!(combs.seen().len() <= 4);
        }
        assert_eq!(judge(&combs, 1, 1), SMALL);
        assert_eq!(judge(&combs, 50, 2), SMALL);
    }

    #[test]
    fn keys_in_turn_are_judged_each_by_its_own_table() {
        let secrets: Vec<SecretKey> = (1..=5).map(|it| SecretKey::from_seed(&[it; 32])).collect();
        let keys: Vec<PublicKey> = secrets.iter().map(SecretKey::public).collect();
        let combs = Combs::default();
        for round in 0..40_usize {
            let signatures: Vec<_> = secrets.iter().map(|it| it.sign(b"in turn")).collect();
            let claimed: Vec<Claimed<'_>> = (0..25)
                .map(|place| Claimed {
                    key: &keys[place % 5],
                    message: b"in turn",
                    // In every fifth round of places, the next key's signature.
                    signature: &signatures[(place + usize::from(place / 5 == round % 5)) % 5],
                })
                .collect();
            let expected: Vec<bool> = (0..25).map(|place| place / 5 != round % 5).collect();
            assert_eq!(combs.verify_all(&claimed), expected, "round {round}");
        }
        assert!(keys.iter().all(|key| combs.width(key) == SMALL));
    }
}
