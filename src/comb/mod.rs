//! Many signatures by one key, each judged by the strict rule of `key`, in a third of the time.
//!
//! `[s]B - [k]A` is summed from tables of multiples (a fixed-base comb: one addition for each
//! window of the scalar, no doubling), and the sums of a group are encoded with one inversion.
//! Nothing random enters and no signature touches another's sum: the verdict about a signature is
//! that of `PublicKey::verifies`, whoever stands beside it. All of it is public, so time may vary.
//!
//! Which key deserves a table is decided in [`shared`].

pub mod shared;

use std::hint::black_box;
use std::ptr;
use std::sync::LazyLock;

use curve25519_dalek::constants::{ED25519_BASEPOINT_POINT, EIGHT_TORSION};
use curve25519_dalek::edwards::CompressedEdwardsY;
use curve25519_dalek::traits::Identity;
use curve25519_dalek::{EdwardsPoint, Scalar};

use crate::key::{self, LENGTH, PublicKey, SIGNATURE_LENGTH};

/// The narrowest and the widest window a table may have, in bits. A wider table grows twice as
/// large with each bit.
pub const WIDTHS: std::ops::RangeInclusive<u32> = 4..=12;

/// The width of the base point's table, which all keys share: 23 windows, 3.8 MB, made once in
/// some 5 ms.
const BASE_WIDTH: u32 = 11;

/// How many signatures are summed and encoded together: their sums (330 KB) and one window of the
/// tables (160 KB) stay in the cache, and what it costs to bring the window there, and the one
/// inversion of 3.5 µs, are shared by all.
const GROUP: usize = 2048;

/// The bits of a scalar: it is below the group's order, which is below 2^253.
const SCALAR_BITS: u32 = 253;

static BASE: LazyLock<Table> = LazyLock::new(|| Table::of(ED25519_BASEPOINT_POINT, BASE_WIDTH));

/// The canonical encodings of the eight points of small order.
static SMALL_ORDER: LazyLock<[[u8; 32]; 8]> =
    LazyLock::new(|| EIGHT_TORSION.map(|point| point.compress().to_bytes()));

/// The table of one key. What it costs, and what a signature's sum costs then, in the best of many runs
/// on one core of an AMD EPYC; to hash 720 bytes, 1.7 µs, comes on top. `verify_strict` takes 37.6 µs.
///
/// | width | table | made in | a sum in 2048 | in 256 | in 16 |
/// |---|---|---|---|---|---|
/// | 5 | 131 KB | 0.14 ms | 13.7 µs | 16.0 µs | 16.3 µs |
/// | 6 | 220 KB | 0.24 ms | 12.2 µs | 14.2 µs | 15.1 µs |
/// | 7 | 379 KB | 0.41 ms | 11.2 µs | 13.2 µs | 13.6 µs |
/// | 8 | 655 KB | 0.71 ms | 10.4 µs | 12.2 µs | 13.4 µs |
/// | 9 | 1.19 MB | 1.3 ms | 9.8 µs | 11.5 µs | 12.2 µs |
/// | 10 | 2.13 MB | 2.3 ms | 9.4 µs | 11.2 µs | 12.1 µs |
/// | 11 | 3.77 MB | 4.1 ms | 9.0 µs | 13.1 µs | 12.8 µs |
/// | 12 | 7.21 MB | 8.2 ms | 8.7 µs | 15.3 µs | 14.4 µs |
pub struct Comb {
    key: PublicKey,
    /// Of the negated key, so that both products are added.
    negated: Table,
}

impl Comb {
    /// Makes the table of `key` with windows of `width` bits, which is one of [`WIDTHS`].
    pub fn of(key: &PublicKey, width: u32) -> Self {
        Self { key: *key, negated: Table::of(-key.point(), width) }
    }

    /// The bits of a window.
    pub fn width(&self) -> u32 {
        self.negated.width
    }

    /// The size of the table in memory, in bytes.
    pub fn size(&self) -> usize {
        size_of_val(&*self.negated.multiples)
    }
}

/// A signature to be judged, and the table of the key that is said to have made it.
#[derive(Clone, Copy)]
pub struct Claimed<'a> {
    /// The key's table.
    pub key: &'a Comb,
    /// The signed bytes.
    pub message: &'a [u8],
    /// The signature.
    pub signature: &'a [u8; SIGNATURE_LENGTH],
}

/// Judges each signature as `PublicKey::verifies` would; the verdicts stand in the order of
/// `claimed`. It is fastest when the signatures of one key stand together.
pub fn verify_all(claimed: &[Claimed<'_>]) -> Vec<bool> {
    claimed.chunks(GROUP).flat_map(verify_group).collect()
}

/// Why the verdict is that of ed25519-dalek's `verify_strict`, which asks, in this order:
///
/// 1. Is `s` below the group's order? The same function, `from_canonical_bytes`, is asked here.
/// 2. Do the bytes of R decode to a point, which is not of small order?
/// 3. Is the key of small order? No `PublicKey` is.
/// 4. Do the bytes of R equal the encoding of R' = `[s]B - [k]A`?
///
/// An encoding that is computed is canonical and decodes to the point it was made of. So if 4
/// holds, R decodes to R' itself, and 2 asks whether R' is of small order: whether its encoding is
/// one of the eight. If 4 does not hold, the answer is no whatever 2 says. The sums are exact
/// (the window digits add up to `s` and `k` as integers), so R' is the same point.
fn verify_group(group: &[Claimed<'_>]) -> Vec<bool> {
    let halves: Vec<Option<Scalar>> = group.iter().map(|it| scalar_half(it.signature)).collect();
    // What is refused already goes on as zero, so that positions hold.
    let scalars: Vec<Scalar> = halves.iter().map(|half| half.unwrap_or(Scalar::ZERO)).collect();
    let mut sums = vec![EdwardsPoint::identity(); group.len()];
    BASE.add_products(&scalars, &mut sums);
    let mut rest = &mut sums[..];
    for run in group.chunk_by(|one, next| ptr::eq(one.key, next.key)) {
        let (own, others) = rest.split_at_mut(run.len());
        let challenges: Vec<Scalar> = run.iter().map(challenge_of).collect();
        run[0].key.negated.add_products(&challenges, own);
        rest = others;
    }
    let encodings = EdwardsPoint::compress_batch_alloc(&sums);
    let judge = |((claimed, half), encoding): ((&Claimed<'_>, &Option<Scalar>), _)| {
        let encoding = CompressedEdwardsY::as_bytes(encoding);
        half.is_some()
            && encoding[..] == claimed.signature[..LENGTH]
            && !SMALL_ORDER.contains(encoding)
    };
    group.iter().zip(&halves).zip(&encodings).map(judge).collect()
}

/// The second half of a signature, if it is below the group's order (RFC 8032 section 5.1.7).
fn scalar_half(signature: &[u8; SIGNATURE_LENGTH]) -> Option<Scalar> {
    let mut half = [0; LENGTH];
    half.copy_from_slice(&signature[LENGTH..]);
    Scalar::from_canonical_bytes(half).into()
}

fn challenge_of(claimed: &Claimed<'_>) -> Scalar {
    key::challenge(&claimed.signature[..LENGTH], &claimed.key.key, claimed.message)
}

/// Multiples of one point P: in the window `i`, `(j + 1) * 2^(width * i) * P` at the place `j`.
struct Table {
    width: u32,
    /// Window after window, each of [`Table::half`] points of 160 bytes.
    multiples: Box<[EdwardsPoint]>,
}

impl Table {
    fn of(point: EdwardsPoint, width: u32) -> Self {
        assert!(WIDTHS.contains(&width), "a window of {width} bits");
        let half = 1 << (width - 1);
        let mut multiples = Vec::with_capacity(half * window_count(width));
        let mut first = point;
        for _ in 0..window_count(width) {
            let mut multiple = first;
            multiples.push(multiple);
            for _ in 1..half {
                multiple += &first;
                multiples.push(multiple);
            }
            // The last one is 2^(width - 1) times the first.
            first = multiple + multiple;
        }
        Self { width, multiples: multiples.into_boxed_slice() }
    }

    /// The points of a window: half of 2^width, because digits are signed.
    fn half(&self) -> usize {
        1 << (self.width - 1)
    }

    /// Adds `scalar * P` to each sum. Window by window for all of them, not scalar by scalar, so
    /// that the window stays in the cache and additions that do not wait for each other overlap.
    fn add_products(&self, scalars: &[Scalar], sums: &mut [EdwardsPoint]) {
        let count = window_count(self.width);
        let mut digits = Vec::with_capacity(count * scalars.len());
        for scalar in scalars {
            push_digits(scalar, self.width, &mut digits);
        }
        for (window, multiples) in self.multiples.chunks_exact(self.half()).enumerate() {
            if scalars.len() >= multiples.len() / 2 {
                // Nearly all of it is needed, here and there: read in a row it comes much faster.
                for point in multiples {
                    let _ = black_box(*point);
                }
            }
            for (sum, digits) in sums.iter_mut().zip(digits.chunks_exact(count)) {
                let digit = digits[window];
                let place = usize::from(digit.unsigned_abs());
                match digit {
                    0 => {}
                    1.. => *sum += &multiples[place - 1],
                    _ => *sum -= &multiples[place - 1],
                }
            }
        }
    }
}

/// How many windows hold a scalar. The digit of the last one is small enough to take the carry:
/// the order is just above 2^252, so that it is at most 2^(width - 1) even where `width` divides
/// 253.
fn window_count(width: u32) -> usize {
    SCALAR_BITS.div_ceil(width) as usize
}

/// Writes the digits of `scalar` to the base 2^width, lowest first, each above `-2^(width - 1)`
/// and at most `2^(width - 1)`.
fn push_digits(scalar: &Scalar, width: u32, digits: &mut Vec<i16>) {
    let bytes = scalar.as_bytes();
    let mut carry = 0;
    for window in 0..window_count(width) {
        let bit = window * width as usize;
        // Up to 12 bits, beginning anywhere in a byte, lie in three bytes.
        let byte = |at: usize| bytes.get(at).copied().map_or(0, i32::from);
        let three = byte(bit / 8) | byte(bit / 8 + 1) << 8 | byte(bit / 8 + 2) << 16;
        let raw = (three >> (bit % 8)) & ((1 << width) - 1);
        let digit = raw + carry;
        carry = i32::from(digit > 1 << (width - 1));
        let digit = digit - (carry << width);
        digits.push(i16::try_from(digit).expect("a digit has at most 12 bits"));
    }
    assert_eq!(carry, 0, "a scalar is below the group's order");
}

#[cfg(test)]
mod tests {
    use curve25519_dalek::Scalar;

    use super::{SMALL_ORDER, WIDTHS, push_digits};

    fn digits_add_up(scalar: Scalar, width: u32) {
        let mut digits = Vec::new();
        push_digits(&scalar, width, &mut digits);
        let half = 1_i16 << (width - 1);
        assert!(digits.iter().all(|digit| (-half + 1..=half).contains(digit)), "{digits:?}");
        let base = Scalar::from(1_u64 << width);
        let sum = digits.iter().rev().fold(Scalar::ZERO, |sum, digit| {
            let magnitude = Scalar::from(digit.unsigned_abs());
            sum * base + if *digit < 0 { -magnitude } else { magnitude }
        });
        assert_eq!(sum, scalar, "{width} bits: {digits:?}");
    }

    #[test]
    fn signed_digits_add_up_to_the_scalar_at_every_width() {
        let two = Scalar::from(2_u64);
        let mut power = Scalar::ONE;
        for exponent in 0..253 {
            for width in WIDTHS {
                digits_add_up(power - Scalar::ONE, width);
                digits_add_up(power, width);
                digits_add_up(-power, width);
                let repeated = [u8::try_from(exponent).unwrap(); 32];
                digits_add_up(Scalar::from_bytes_mod_order(repeated), width);
            }
            power *= two;
        }
    }

    #[test]
    fn the_eight_encodings_of_small_order_are_all_different() {
        let mut encodings = SMALL_ORDER.to_vec();
        encodings.sort_unstable();
        encodings.dedup();
        assert_eq!(encodings.len(), 8);
    }
}
