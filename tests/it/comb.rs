//! The comb judges every signature as `verify_strict` does: alone, in any company, at any width.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::thread;

use curve25519_dalek::constants::{ED25519_BASEPOINT_POINT, EIGHT_TORSION};
use curve25519_dalek::edwards::CompressedEdwardsY;
use curve25519_dalek::traits::IsIdentity;
use curve25519_dalek::{EdwardsPoint, Scalar};
use ed25519_dalek::{Signature, Signer, SigningKey, Verifier, VerifyingKey};
use sha2::{Digest, Sha512};
use whosaid::comb::shared::{self, Combs};
use whosaid::comb::{Claimed, Comb, verify_all};
use whosaid::key::{PublicKey, SecretKey};

/// The widths that are in use, and those that could be.
const USED: [u32; 2] = [6, 9];
const OTHERS: [u32; 5] = [5, 7, 8, 10, 11];

struct Case {
    name: String,
    key: PublicKey,
    message: Vec<u8>,
    signature: Vec<u8>,
}

impl Case {
    fn new(name: &str, key: PublicKey, message: &[u8], signature: &[u8]) -> Self {
        let (message, signature) = (message.to_vec(), signature.to_vec());
        Self { name: name.to_owned(), key, message, signature }
    }

    /// The oracle: `verify_strict`, one at a time.
    fn holds(&self) -> bool {
        self.key.verifies(&self.message, &self.signature)
    }

    fn shared(&self) -> shared::Claimed<'_> {
        shared::Claimed { key: &self.key, message: &self.message, signature: &self.signature }
    }
}

/// One signer whose secret scalar the tests use to forge.
struct Forger {
    signing: SigningKey,
    key: PublicKey,
}

impl Forger {
    fn of(seed: u8) -> Self {
        let signing = SigningKey::from_bytes(&[seed; 32]);
        let key = PublicKey::from_bytes(signing.verifying_key().as_bytes()).unwrap();
        Self { signing, key }
    }

    fn honest(&self, message: &[u8]) -> [u8; 64] {
        self.signing.sign(message).to_bytes()
    }

    /// The signature with the bytes `encoding` for R, and `s = nonce + k * a`.
    fn forge(&self, encoding: [u8; 32], nonce: Scalar, message: &[u8]) -> [u8; 64] {
        let challenge = challenge(&encoding, &self.key, message);
        let scalar = nonce + challenge * self.signing.to_scalar();
        Signature::from_components(encoding, scalar.to_bytes()).to_bytes()
    }
}

fn challenge(encoding: &[u8], key: &PublicKey, message: &[u8]) -> Scalar {
    let mut hasher = Sha512::new();
    for part in [encoding, key.as_bytes(), message] {
        hasher.update(part);
    }
    Scalar::from_bytes_mod_order_wide(&hasher.finalize().into())
}

/// Whether a verifier that multiplies by the cofactor would accept: `[8]([s]B - [k]A - R) = 0`.
fn holds_cofactored(case: &Case) -> bool {
    let half = |at: usize| <[u8; 32]>::try_from(&case.signature[at..at + 32]).unwrap();
    let scalar = Scalar::from_canonical_bytes(half(32)).unwrap();
    let challenge = challenge(&half(0), &case.key, &case.message);
    let key = CompressedEdwardsY(*case.key.as_bytes()).decompress().unwrap();
    let nonce = CompressedEdwardsY(half(0)).decompress().unwrap();
    let rest = ED25519_BASEPOINT_POINT * scalar - key * challenge - nonce;
    rest.mul_by_cofactor().is_identity()
}

/// The encodings whose y is p or more, and those of x = 0 with the sign set: 40 in all.
fn non_canonical_encodings() -> Vec<[u8; 32]> {
    let mut found = Vec::new();
    for sign in [0x7f, 0xff] {
        for low in 0xed..=0xff {
            let mut encoding = [0xff; 32];
            (encoding[0], encoding[31]) = (low, sign);
            found.push(encoding);
        }
    }
    // y = 1 and y = -1, with a sign that x = 0 has not.
    let (mut one, mut minus_one) = ([0; 32], [0xff; 32]);
    (one[0], one[31], minus_one[0]) = (1, 0x80, 0xec);
    found.extend([one, minus_one]);
    found
}

/// The group's order times `times` more than the scalar, in 256 bits, if it fits.
fn plus_order(scalar: [u8; 32], times: u32) -> Option<[u8; 32]> {
    // The order is one more than the scalar -1.
    let order = (-Scalar::ONE).to_bytes();
    let mut sum = scalar;
    for _ in 0..times {
        let mut carry = 1_u16;
        for (byte, add) in sum.iter_mut().zip(order) {
            carry += u16::from(*byte) + u16::from(add);
            *byte = carry.to_le_bytes()[0];
            carry >>= 8;
        }
        if carry > 0 {
            return None;
        }
    }
    Some(sum)
}

/// R of small order, R not canonical, R with a torsion part: everything a lenient verifier takes.
fn wrong_points(forger: &Forger, message: &[u8]) -> Vec<Case> {
    let case = |name: &str, signature: [u8; 64]| Case::new(name, forger.key, message, &signature);
    let mut cases = Vec::new();
    for (order, torsion) in EIGHT_TORSION.iter().enumerate() {
        let small = torsion.compress().to_bytes();
        let name = format!("R is the point {order} of small order");
        cases.push(case(&name, forger.forge(small, Scalar::ZERO, message)));
        let nonce = Scalar::from(1_000_003_u64 + order as u64).invert();
        let mixed = (EdwardsPoint::mul_base(&nonce) + torsion).compress().to_bytes();
        let name = format!("R has the torsion part {order}");
        cases.push(case(&name, forger.forge(mixed, nonce, message)));
    }
    for case in &cases {
        assert!(holds_cofactored(case), "{}: the forgery does not work", case.name);
    }
    for encoding in non_canonical_encodings() {
        let name = format!("R is encoded as {encoding:02x?}");
        cases.push(case(&name, forger.forge(encoding, Scalar::ZERO, message)));
    }
    cases
}

/// s that is not below the order, though it stands for the same residue, and s at the limits.
fn wrong_scalars(forger: &Forger, message: &[u8]) -> Vec<Case> {
    let honest = forger.honest(message);
    let with = |name: &str, scalar: [u8; 32]| {
        let mut signature = honest;
        signature[32..].copy_from_slice(&scalar);
        Case::new(name, forger.key, message, &signature)
    };
    let scalar = honest[32..].try_into().unwrap();
    let mut cases = Vec::new();
    for times in 1..16 {
        let more = plus_order(scalar, times);
        cases.extend(more.map(|more| with(&format!("s + {times} times the order"), more)));
    }
    for (name, scalar) in [("zero", [0; 32]), ("2^256 - 1", [0xff; 32])] {
        cases.push(with(&format!("s is {name}"), scalar));
    }
    for (name, times) in [("the order", 1), ("twice the order", 2)] {
        cases.push(with(&format!("s is {name}"), plus_order([0; 32], times).unwrap()));
    }
    cases.push(with("s is the order - 1", (-Scalar::ONE).to_bytes()));
    for bit in 252..256 {
        let mut high = scalar;
        high[31] |= 1 << (bit - 248);
        cases.push(with(&format!("s with the bit {bit} set"), high));
    }
    cases
}

fn lines(name: &str) -> Vec<Vec<String>> {
    let text = fs::read_to_string(format!("tests/cases/ed25519/{name}")).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| line.split(' ').map(str::to_owned).collect()).collect()
}

/// The bytes of hex digits of any number; `-` stands for none.
fn hex(digits: &str) -> Vec<u8> {
    let byte = |at| u8::from_str_radix(&digits[at..at + 2], 16).expect("two digits");
    let digits_count = if digits == "-" { 0 } else { digits.len() };
    (0..digits_count).step_by(2).map(byte).collect()
}

/// The cases, each followed by a good signature by the same key.
fn among_good_ones(cases: Vec<Case>) -> Vec<Case> {
    let mut all = Vec::new();
    let forgers: Vec<Forger> = (1..=3).map(Forger::of).collect();
    for (place, case) in cases.into_iter().enumerate() {
        let message = format!("a good one, number {place}");
        let forger = forgers.iter().find(|it| it.key == case.key).unwrap_or(&forgers[0]);
        let signature = forger.honest(message.as_bytes());
        let good = Case::new("a good one", forger.key, message.as_bytes(), &signature);
        all.extend([case, good]);
    }
    all
}

fn keys_of(cases: &[Case]) -> HashSet<PublicKey> {
    cases.iter().map(|case| case.key).collect()
}

/// Every run of `sizes` cases that stand together, at each of `widths`: so each case stands at
/// each position of a batch of each size.
fn check_in_batches(cases: &[Case], sizes: &[usize], widths: &[u32]) {
    let expected: Vec<bool> = cases.iter().map(Case::holds).collect();
    for &width in widths {
        let keys = keys_of(cases).into_iter();
        let combs: HashMap<PublicKey, Comb> =
            keys.map(|key| (key, Comb::of(&key, width))).collect();
        let claimed = |case| {
            let Case { key, message, signature, .. }: &Case = case;
            Claimed { key: &combs[key], message, signature: signature[..].try_into().unwrap() }
        };
        // Round, so that the first cases stand at the last positions, too.
        let longest = sizes.iter().max().unwrap();
        let round = cases.iter().cycle().take(cases.len() + longest);
        let claimed: Vec<Claimed<'_>> = round.map(claimed).collect();
        for &size in sizes {
            for start in 0..cases.len() {
                let verdicts = verify_all(&claimed[start..start + size]);
                assert_eq!(verdicts.len(), size);
                for (position, verdict) in verdicts.into_iter().enumerate() {
                    let place = (start + position) % cases.len();
                    let name = &cases[place].name;
                    let said = format!("{name}: {width} bits, {position} of {size}");
                    assert_eq!(verdict, expected[place], "{said}");
                }
            }
        }
    }
}

/// All of the cases through one `Combs`: without tables, with small and with large ones.
fn check_shared(cases: &[Case]) {
    let expected: Vec<bool> = cases.iter().map(Case::holds).collect();
    let combs = Combs::default();
    for (case, expected) in cases.iter().zip(&expected) {
        // One `Combs` for each, so that the table never comes.
        let alone = Combs::default().verify_all(&[case.shared()]);
        assert_eq!(alone, [*expected], "{}: no table", case.name);
    }
    for (uses, width) in [(16, 6), (2048, 11)] {
        for case in cases {
            if combs.width(&case.key) < Some(width) {
                let many = vec![case.shared(); uses];
                assert_eq!(combs.verify_all(&many), vec![case.holds(); uses], "{}", case.name);
            }
            // When 16 keys have a large table, the others keep their small one.
            let large = keys_of(cases).iter().filter(|key| combs.width(key) == Some(11)).count();
            let least = if large == 16 { 6 } else { width };
            assert!(combs.width(&case.key) >= Some(least), "{}", case.name);
        }
        let together: Vec<shared::Claimed<'_>> = cases.iter().map(Case::shared).collect();
        let verdicts = combs.verify_all(&together);
        for ((case, expected), together) in cases.iter().zip(&expected).zip(verdicts) {
            assert_eq!(together, *expected, "{}: {width} bits, together", case.name);
            let alone = combs.verify_all(&[case.shared()]);
            assert_eq!(alone, [*expected], "{}: {width} bits, alone", case.name);
        }
    }
}

#[test]
fn what_is_forged_gets_the_strict_verdict_in_every_position_of_every_batch() {
    let forgers = [Forger::of(1), Forger::of(2)];
    let mut cases = wrong_points(&forgers[0], b"The minister said so.");
    cases.extend(wrong_scalars(&forgers[1], b"The minister did not."));
    // The torsion part 0 is none: an honest signature with a nonce of its own.
    let holds: Vec<&str> =
        cases.iter().filter(|it| it.holds()).map(|it| it.name.as_str()).collect();
    assert_eq!(holds, ["R has the torsion part 0"]);
    // One of another key's, so that a batch changes its key within.
    let other = forgers[0].honest(b"by the first");
    cases.insert(20, Case::new("another's", forgers[1].key, b"by the first", &other));
    check_shared(&cases);
    let cases = among_good_ones(cases);
    let every_size: Vec<usize> = (1..=17).chain([64]).collect();
    check_in_batches(&cases, &every_size, &USED);
    check_in_batches(&cases, &[1, 17], &OTHERS);
}

#[test]
fn a_signature_with_one_bit_changed_gets_the_strict_verdict() {
    let forger = Forger::of(3);
    let message = b"twenty-four million".to_vec();
    let honest = forger.honest(&message);
    let mut cases = vec![Case::new("unchanged", forger.key, &message, &honest)];
    let flipped = |bytes: &[u8], bit: usize| {
        let mut bytes = bytes.to_vec();
        bytes[bit / 8] ^= 1 << (bit % 8);
        bytes
    };
    for bit in 0..512 {
        let name = format!("bit {bit} of the signature");
        cases.push(Case::new(&name, forger.key, &message, &flipped(&honest, bit)));
    }
    for bit in 0..8 * message.len() {
        let name = format!("bit {bit} of the message");
        cases.push(Case::new(&name, forger.key, &flipped(&message, bit), &honest));
    }
    // R changed before k was computed: the sum is the unchanged point, and must be compared whole.
    let nonce = Scalar::from(1_000_003_u64).invert();
    let point = EdwardsPoint::mul_base(&nonce).compress().to_bytes();
    for bit in 0..256 {
        let changed = flipped(&point, bit).try_into().unwrap();
        let name = format!("bit {bit} of R, and s to fit");
        let forged = forger.forge(changed, nonce, &message);
        cases.push(Case::new(&name, forger.key, &message, &forged));
    }
    let mut refused_keys = 0;
    for bit in 0..256 {
        match PublicKey::from_bytes(&flipped(forger.key.as_bytes(), bit)) {
            Ok(key) if bit % 16 == 0 => {
                cases.push(Case::new(&format!("bit {bit} of the key"), key, &message, &honest));
            }
            Ok(_) => {}
            Err(_) => refused_keys += 1,
        }
    }
    assert!((1..256).contains(&refused_keys), "{refused_keys} keys were refused");
    let holds = cases.iter().filter(|case| case.holds()).count();
    assert_eq!(holds, 1, "only the unchanged one");
    check_in_batches(&cases, &[1], &USED);
    let own: Vec<Case> = cases.into_iter().filter(|case| case.key == forger.key).collect();
    // Groups of 2048 are summed together; 2100 reach into the next one.
    check_in_batches(&own[..4], &[300, 2100], &OTHERS);
    check_shared(&own);
}

#[test]
fn the_published_edge_cases_come_out_as_published() {
    let text = fs::read_to_string("tests/cases/ed25519/speccheck.txt").unwrap();
    let words: Vec<Vec<u8>> =
        text.lines().skip(1).map(|line| hex(line.split_once('=').unwrap().1)).collect();
    let (mut lenient, mut cases) = (String::new(), Vec::new());
    for (number, words) in words.chunks_exact(3).enumerate() {
        let [message, key, signature] = words else { panic!("three lines") };
        // The table in the repository's results.md, line "Dalek", shows that the file is whole.
        let plain = VerifyingKey::from_bytes(key[..].try_into().unwrap()).unwrap();
        let plain = plain.verify(message, &Signature::from_slice(signature).unwrap());
        lenient.push(if plain.is_ok() { 'V' } else { 'X' });
        let key = PublicKey::from_bytes(key);
        cases.extend(key.map(|key| Case::new(&format!("case {number}"), key, message, signature)));
    }
    assert_eq!(lenient, "VVVVXXXXXXXV");
    // Ten have a key of small order or with a torsion part, which no `PublicKey` has.
    let names: Vec<&str> = cases.iter().map(|case| case.name.as_str()).collect();
    assert_eq!(names, ["case 6", "case 7"]);
    assert!(cases.iter().all(|case| !case.holds()));
    check_shared(&cases);
    let cases = among_good_ones(cases);
    check_in_batches(&cases, &[1, 2, 17, 64], &USED);
    check_in_batches(&cases, &[1, 17], &OTHERS);
}

#[test]
fn the_tests_of_wycheproof_come_out_as_they_say() {
    let mut cases = Vec::new();
    let mut counts = [0; 3];
    for (number, line) in lines("wycheproof.txt").into_iter().enumerate() {
        let [result, key, signature, message] = &line[..] else { panic!("four words: {line:?}") };
        let Ok(key) = PublicKey::from_bytes(&hex(key)) else {
            counts[2] += 1;
            assert_eq!(result, "invalid", "{line:?}");
            continue;
        };
        let name = format!("test {}", number + 1);
        let case = Case::new(&name, key, &hex(message), &hex(signature));
        assert_eq!(case.holds(), result == "valid", "{name}");
        counts[usize::from(result != "valid")] += 1;
        cases.push(case);
    }
    assert_eq!(counts, [88, 63, 0], "valid, invalid, refused key");
    check_shared(&cases);
    let of_64_bytes = |case: &Case| case.signature.len() == 64;
    let cases: Vec<Case> = cases.into_iter().filter(of_64_bytes).collect();
    assert!(cases.len() > 130, "{} with 64 bytes", cases.len());
    check_in_batches(&cases, &[1, 17], &USED[..1]);
}

#[test]
fn the_vectors_of_rfc_8032_are_signed_and_hold() {
    let mut cases = Vec::new();
    for line in lines("rfc8032.txt") {
        let [seed, key, signature, message] = &line[..] else { panic!("four words: {line:?}") };
        let (key, signature) = (PublicKey::from_bytes(&hex(key)).unwrap(), hex(signature));
        let secret = SecretKey::from_seed(&hex(seed).try_into().unwrap());
        assert_eq!(secret.public(), key);
        let message = hex(message);
        assert_eq!(secret.sign(&message)[..], signature);
        let case = Case::new("a vector of the RFC", key, &message, &signature);
        assert!(case.holds());
        cases.push(case);
    }
    assert_eq!(cases.len(), 5);
    check_in_batches(&cases, &[1, 5, 17], &USED);
    check_in_batches(&cases, &[5], &OTHERS);
    check_shared(&cases);
}

#[test]
fn keys_that_would_need_care_never_get_a_table() {
    let honest = CompressedEdwardsY(*Forger::of(1).key.as_bytes()).decompress().unwrap();
    for torsion in &EIGHT_TORSION[1..] {
        for point in [*torsion, honest + torsion] {
            assert!(PublicKey::from_bytes(point.compress().as_bytes()).is_err(), "{point:?}");
        }
    }
    for encoding in non_canonical_encodings() {
        assert!(PublicKey::from_bytes(&encoding).is_err(), "{encoding:02x?}");
    }
}

#[test]
fn threads_that_share_the_tables_agree() {
    let forgers: Vec<Forger> = (1..=3).map(Forger::of).collect();
    let mut cases = Vec::new();
    for round in 0..40_u8 {
        for forger in &forgers {
            let mut signature = forger.honest(&[round; 100]);
            signature[usize::from(round)] ^= u8::from(round % 4 == 0);
            cases.push(Case::new(&format!("{round}"), forger.key, &[round; 100], &signature));
        }
    }
    let expected: Vec<bool> = cases.iter().map(Case::holds).collect();
    assert_eq!(expected.iter().filter(|holds| **holds).count(), 90);
    let claimed: Vec<shared::Claimed<'_>> = cases.iter().map(Case::shared).collect();
    let combs = Combs::default();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for some in [1, 3, 8].into_iter().chain([120; 20]) {
                    let verdicts: Vec<bool> =
                        claimed.chunks(some).flat_map(|it| combs.verify_all(it)).collect();
                    assert_eq!(verdicts, expected);
                }
            });
        }
    });
    for forger in &forgers {
        assert_eq!(combs.width(&forger.key), Some(11));
    }
}
