//! `OpenTimestamps`: a path of hashes from a file's digest to a Bitcoin block's merkle root.
//!
//! The detached proof file (`.ots`, version 1) and the limits are those of the reference
//! implementation, python-opentimestamps:
//!
//! ```text
//! proof     = magic(31) version(01) 08 digest(32) timestamp
//! timestamp = *( ff item ) item
//! item      = 00 tag(8) varbytes              an attestation
//!           / operation timestamp             f0 append, f1 prepend (varbytes), f2 reverse,
//!                                             f3 hexlify, 02 sha1, 03 ripemd160, 08 sha256
//! ```
//!
//! Block headers are captured and given by the caller. That a header stands in the chain that
//! Bitcoin's users hold is left to the reader, who is told the block's hash to compare.

use ripemd::Ripemd160;
use sha1::{Digest, Sha1};

use crate::evidence::authority::x509::is_shown;
use crate::evidence::time::stamped::{Stamped, State, Vouched, written};
use crate::hash::{Hash, LENGTH};

/// What a complete proof shows.
pub const PROVES: &str = "these bytes existed when a block of great work was made that commits \
    to them; at that height and in that chain, if the block's hash is the one that Bitcoin's \
    users know";

/// What no `OpenTimestamps` proof shows.
pub const DOES_NOT_PROVE: &str = "when the bytes were made, who made or published them, and \
    whether what they say is true; nor that the block is in Bitcoin's chain, for which its hash \
    is compared with what others publish";

/// The longest proof, in bytes: real ones have fewer than 4,000.
pub const PROOF_BYTES: usize = 64 * 1024;

/// The length of a block header, in bytes.
pub const HEADER_BYTES: usize = 80;

/// By how many seconds a block's time may be off: nodes refuse a block that is two hours ahead of
/// their clocks, and one that is not after the median of the eleven blocks before it, which is an
/// hour or two behind.
pub const BLOCK_TIME_ACCURACY: u64 = 2 * 60 * 60;

/// The least difficulty of a block from a time on (seconds since 1970), so that nobody mines a
/// header of their own for less than Bitcoin's miners spent then. Each is below the lowest that
/// Bitcoin had from then to 2025; a difficulty of 1e13 is the work of one machine of 200 TH/s for
/// seven years, of 3e10 for a week. No header from before 2015 is believed: `OpenTimestamps` is
/// younger, and such headers are cheap today.
const LEAST_DIFFICULTY: [(u32, f64); 7] = [
    (1_735_689_600, 9e13), // 2025
    (1_704_067_200, 6e13), // 2024
    (1_672_531_200, 3e13), // 2023
    (1_577_836_800, 1e13), // 2020
    (1_514_764_800, 1e12), // 2018
    (1_451_606_400, 9e10), // 2016
    (1_420_070_400, 3e10), // 2015
];

const MAGIC: &[u8; 31] = b"\x00OpenTimestamps\x00\x00Proof\x00\xbf\x89\xe2\xe8\x84\xe8\x92\x94";
const VERSION: u64 = 1;

// Limits of the reference implementation.
const MESSAGE_BYTES: usize = 4_096;
const ATTESTATION_BYTES: usize = 8_192;
const ADDRESS_BYTES: usize = 1_000;
const DEPTH: usize = 256;

/// How many attestations are read: a proof upgraded by four calendars has eight.
const ATTESTATIONS: usize = 256;

/// How many are named in an answer; the rest are counted.
const NAMED: usize = 4;

const BITCOIN: [u8; 8] = [0x05, 0x88, 0x96, 0x0d, 0x73, 0xd7, 0x19, 0x01];
const PENDING: [u8; 8] = [0x83, 0xdf, 0xe3, 0x0d, 0x2e, 0xf9, 0x0c, 0x8e];

/// A captured header of a Bitcoin block, with the height that it is said to have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockHeader {
    height: u64,
    bytes: [u8; HEADER_BYTES],
    source: String,
}

impl BlockHeader {
    /// Takes a header as it was captured: 80 bytes, or 160 hex digits in lower case and perhaps a
    /// line end, with the height and who gave it. `None` if it is neither.
    pub fn captured(height: u64, capture: &[u8], source: impl Into<String>) -> Option<Self> {
        let bytes = match <[u8; HEADER_BYTES]>::try_from(capture) {
            Ok(bytes) => bytes,
            Err(_) => from_hex(capture.strip_suffix(b"\n").unwrap_or(capture))?,
        };
        Some(Self { height, bytes, source: source.into() })
    }

    /// Its own time, in seconds since 1970.
    pub fn time(&self) -> i64 {
        i64::from(self.number(68))
    }

    /// The block's hash as block explorers write it.
    pub fn hash(&self) -> String {
        let mut hash = *self.work().as_bytes();
        hash.reverse();
        Hash::from_bytes(hash).to_string()
    }

    fn number(&self, at: usize) -> u32 {
        let bytes = self.bytes[at..at + 4].try_into().expect("a header has 80 bytes");
        u32::from_le_bytes(bytes)
    }

    fn merkle_root(&self) -> &[u8] {
        &self.bytes[36..68]
    }

    /// The hash twice over, whose bytes are a number with its lowest byte first.
    fn work(&self) -> Hash {
        Hash::of(Hash::of(&self.bytes).as_bytes())
    }

    /// Why it is no header of Bitcoin's by its own work, if so.
    fn fault(&self) -> Option<String> {
        // Compact form: three bytes of number, and how many bytes it is long.
        let compact = self.number(72);
        let (length, number) = ((compact >> 24) as usize, compact & 0x00ff_ffff);
        // The highest bit is a sign, and no target that the floor below allows is short.
        if !(4..=32).contains(&length) || number == 0 || number > 0x007f_ffff {
            return Some(format!("it asks for no work that Bitcoin knows ({compact:08x})"));
        }
        let mut target = [0; 32];
        for (place, byte) in target[32 - length..].iter_mut().zip(&number.to_be_bytes()[1..]) {
            *place = *byte;
        }
        let mut hash = *self.work().as_bytes();
        hash.reverse();
        if hash > target {
            return Some(format!("its hash {} does not show the work it asks for", self.hash()));
        }
        let time = self.number(68);
        let Some((_, least)) = LEAST_DIFFICULTY.iter().find(|(from, _)| time >= *from) else {
            return Some(format!("its time {} is before 2015", written(self.time())));
        };
        let scale = 256_f64.powi(0x1d - i32::try_from(length).unwrap_or(0));
        let difficulty = f64::from(0xffff_u16) / f64::from(number) * scale;
        (difficulty < *least).then(|| {
            format!("its difficulty {difficulty:.0} is below {least:.0}, Bitcoin's at that time")
        })
    }
}

fn from_hex(digits: &[u8]) -> Option<[u8; HEADER_BYTES]> {
    if digits.len() != 2 * HEADER_BYTES {
        return None;
    }
    let value = |digit: u8| match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    };
    let mut bytes = [0; HEADER_BYTES];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = value(pair[0])? << 4 | value(pair[1])?;
    }
    Some(bytes)
}

/// Whether a detached proof shows that bytes with this SHA-256 existed, by one of these captured
/// block headers. The earliest block that vouches for them counts.
pub fn check(digest: &Hash, proof: &[u8], block_headers: &[BlockHeader]) -> Stamped {
    let read = match parse(proof) {
        Ok(read) => read,
        Err(Fault::Broken(why)) => {
            return Stamped::not(State::Failed, format!("no OpenTimestamps proof: {why}"));
        }
        Err(Fault::Unsupported(why)) => {
            let fact = format!("the OpenTimestamps proof is not supported: {why}");
            return Stamped::not(State::Unknown, fact);
        }
    };
    if read.digest != *digest {
        let fact = format!("the proof is for other bytes: their SHA-256 is {}", read.digest);
        return Stamped::not(State::Failed, fact);
    }
    judge(&read.attestations, block_headers)
}

/// What all attestations come to, the best first.
fn judge(attestations: &[Attestation], block_headers: &[BlockHeader]) -> Stamped {
    let mut complete: Option<&BlockHeader> = None;
    let (mut failed, mut open) = (Vec::new(), Vec::new());
    let (mut pending, mut unknown) = (Vec::new(), Vec::new());
    for attestation in attestations {
        match (&attestation.by, &attestation.committed) {
            (By::Bitcoin(height), Some(committed)) => {
                match at_height(*height, committed, block_headers) {
                    Ok(header) if complete.is_none_or(|best| header.time() < best.time()) => {
                        complete = Some(header);
                    }
                    Ok(_) => {}
                    Err((State::Failed, why)) => failed.push(why),
                    Err((_, why)) => open.push(why),
                }
            }
            (By::Bitcoin(height), None) => unknown.push(format!(
                "the path to Bitcoin block {height} uses an operation that is not supported"
            )),
            (By::Calendar(address), _) => pending.push(address.clone()),
            (By::Other(tag), _) => {
                unknown.push(format!("an attestation of unknown sort {tag:016x}"));
            }
        }
    }
    if let Some(header) = complete {
        return vouched(header);
    }
    if !failed.is_empty() {
        return Stamped::not(State::Failed, listed(&failed));
    }
    if !open.is_empty() {
        return Stamped::not(State::Unknown, listed(&open));
    }
    if !pending.is_empty() {
        let fact = format!("no block commits to it yet: promised by {}", listed(&pending));
        return Stamped::not(State::Pending, fact);
    }
    Stamped::not(State::Unknown, listed(&unknown))
}

/// The header at hand that commits to these bytes, or what stands against it.
fn at_height<'a>(
    height: u64,
    committed: &[u8],
    block_headers: &'a [BlockHeader],
) -> Result<&'a BlockHeader, (State, String)> {
    let absent = format!("it leads to Bitcoin block {height}; the block's header is not at hand");
    let mut answer = (State::Unknown, absent);
    for header in block_headers.iter().filter(|header| header.height == height) {
        if let Some(fault) = header.fault() {
            if answer.0 == State::Unknown {
                let source = shown(&header.source);
                let fact = format!(
                    "it leads to Bitcoin block {height}; the header from {source} is not \
                     believed: {fault}"
                );
                answer = (State::Unknown, fact);
            }
        } else if header.merkle_root() == committed {
            return Ok(header);
        } else {
            let fact = format!(
                "it leads to Bitcoin block {height}, and that block ({}) does not commit to it",
                header.hash()
            );
            answer = (State::Failed, fact);
        }
    }
    Err(answer)
}

fn vouched(header: &BlockHeader) -> Stamped {
    let (height, time) = (header.height, header.time());
    let fact = format!(
        "Bitcoin block {height} ({}) commits to it; its time is {}",
        header.hash(),
        written(time)
    );
    let limits = vec![
        format!(
            "that this block is in the chain that Bitcoin's users hold, at that height, is the \
             word of {}; its own work was checked",
            shown(&header.source)
        ),
        "a block's time may be off by two hours".to_owned(),
    ];
    let authority = format!("Bitcoin block {height}");
    let accuracy = Some(BLOCK_TIME_ACCURACY);
    Stamped::complete(Vouched { time, accuracy, authority }, fact, limits)
}

/// A caller's word for a source without what would steer a terminal.
fn shown(source: &str) -> String {
    let kept = source.chars().filter(|c| is_shown(*c));
    kept.take(200).collect()
}

/// The first few of several, each once, and how many more there are.
fn listed(facts: &[String]) -> String {
    let mut distinct: Vec<&str> = Vec::new();
    for fact in facts {
        if !distinct.contains(&fact.as_str()) {
            distinct.push(fact);
        }
    }
    let named = distinct[..distinct.len().min(NAMED)].join("; ");
    match distinct.len().saturating_sub(NAMED) {
        0 => named,
        more => format!("{named}; and {more} more"),
    }
}

#[derive(Debug, PartialEq, Eq)]
struct Proof {
    digest: Hash,
    attestations: Vec<Attestation>,
}

#[derive(Debug, PartialEq, Eq)]
struct Attestation {
    by: By,
    /// What it attests to; `None` behind an operation that is not supported.
    committed: Option<Vec<u8>>,
}

#[derive(Debug, PartialEq, Eq)]
enum By {
    Bitcoin(u64),
    Calendar(String),
    Other(u64),
}

/// Why a proof was not read.
#[derive(Debug, PartialEq, Eq)]
enum Fault {
    Broken(String),
    Unsupported(String),
}

fn broken<T>(why: impl Into<String>) -> Result<T, Fault> {
    Err(Fault::Broken(why.into()))
}

fn parse(bytes: &[u8]) -> Result<Proof, Fault> {
    if bytes.len() > PROOF_BYTES {
        return broken(format!("{} bytes are more than {PROOF_BYTES}", bytes.len()));
    }
    let mut input = Input { bytes, at: 0 };
    if !bytes.starts_with(MAGIC) {
        return broken("it does not begin as one");
    }
    input.take(MAGIC.len())?;
    match input.number()? {
        VERSION => {}
        other => return Err(Fault::Unsupported(format!("version {other}"))),
    }
    match input.byte()? {
        0x08 => {}
        other => {
            return Err(Fault::Unsupported(format!("it is for a digest of sort {other:02x}")));
        }
    }
    let digest = input.take(LENGTH)?;
    let digest = Hash::from_slice(digest).expect("it was asked for so many bytes");
    let attestations = walk(&mut input, digest.as_bytes())?;
    if input.at != bytes.len() {
        return broken(format!("{} bytes are left over", bytes.len() - input.at));
    }
    Ok(Proof { digest, attestations })
}

/// Follows all paths from a digest. Every fork is kept until its first branch has ended; there
/// are at most as many as the path is deep, so the work and the memory have a limit.
fn walk(input: &mut Input<'_>, digest: &[u8]) -> Result<Vec<Attestation>, Fault> {
    let mut attestations = Vec::new();
    let mut forks: Vec<(Option<Vec<u8>>, usize)> = Vec::new();
    let (mut message, mut depth) = (Some(digest.to_vec()), 0);
    loop {
        let mut tag = input.byte()?;
        if tag == 0xff {
            forks.push((message.clone(), depth));
            tag = input.byte()?;
        }
        if tag == 0x00 {
            if attestations.len() == ATTESTATIONS {
                return broken(format!("it has more than {ATTESTATIONS} attestations"));
            }
            attestations.push(Attestation { by: attested(input)?, committed: message });
            match forks.pop() {
                Some(fork) => (message, depth) = fork,
                None => return Ok(attestations),
            }
            continue;
        }
        depth += 1;
        // The reference gives up at a depth of 256 timestamps, the first of them before any
        // operation.
        if depth == DEPTH {
            return broken(format!("it is deeper than {DEPTH}"));
        }
        message = applied(tag, input, message)?;
    }
}

/// The message after one operation; `None` from the first one on that is not supported.
fn applied(
    tag: u8,
    input: &mut Input<'_>,
    message: Option<Vec<u8>>,
) -> Result<Option<Vec<u8>>, Fault> {
    let argument = match tag {
        0xf0 | 0xf1 => input.some_bytes(1, MESSAGE_BYTES)?,
        // Keccak-256 leads to other chains than Bitcoin's.
        0x67 => return Ok(None),
        0x02 | 0x03 | 0x08 | 0xf2 | 0xf3 => &[],
        other => return broken(format!("unknown operation {other:02x} at byte {}", input.at)),
    };
    let Some(mut message) = message else { return Ok(None) };
    match tag {
        0xf0 => message.extend_from_slice(argument),
        0xf1 => message = [argument, &message].concat(),
        0xf2 => message.reverse(),
        0xf3 => {
            let digit = |value: u8| b"0123456789abcdef"[usize::from(value)];
            message = message.iter().flat_map(|b| [digit(b >> 4), digit(b & 15)]).collect();
        }
        // That two messages with one SHA-1 can be made does not harm here: whoever makes them
        // has both then, and a time "no later than" is true of both.
        0x02 => message = Sha1::digest(&message).to_vec(),
        0x03 => message = Ripemd160::digest(&message).to_vec(),
        _ => message = Hash::of(&message).as_bytes().to_vec(),
    }
    if message.len() > MESSAGE_BYTES {
        return broken(format!("a message is longer than {MESSAGE_BYTES} bytes"));
    }
    Ok(Some(message))
}

fn attested(input: &mut Input<'_>) -> Result<By, Fault> {
    let tag: [u8; 8] = input.take(8)?.try_into().expect("it was asked for so many bytes");
    let bytes = input.some_bytes(0, ATTESTATION_BYTES)?;
    let mut inside = Input { bytes, at: 0 };
    let by = match tag {
        BITCOIN => By::Bitcoin(inside.number()?),
        PENDING => {
            let address = inside.some_bytes(0, ADDRESS_BYTES)?;
            let is_allowed = |b: &u8| b.is_ascii_alphanumeric() || b"-._/:".contains(b);
            if !address.iter().all(is_allowed) {
                return broken("the address of a calendar has a character it may not have");
            }
            By::Calendar(address.iter().copied().map(char::from).collect())
        }
        other => return Ok(By::Other(u64::from_be_bytes(other))),
    };
    if inside.at != bytes.len() {
        return broken("an attestation has bytes left over");
    }
    Ok(by)
}

struct Input<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Input<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], Fault> {
        let Some(taken) = self.bytes.get(self.at..).and_then(|rest| rest.get(..count)) else {
            return broken(format!("it ends at byte {} too early", self.bytes.len()));
        };
        self.at += count;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8, Fault> {
        self.take(1).map(|bytes| bytes[0])
    }

    /// An unsigned number, seven bits in a byte, the lowest first, in its one shortest form.
    fn number(&mut self) -> Result<u64, Fault> {
        let mut number: u64 = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let part = u64::from(byte & 0x7f);
            if part << shift >> shift != part {
                break;
            }
            number |= part << shift;
            if byte & 0x80 == 0 {
                if byte == 0 && shift > 0 {
                    return broken("a number is not in its shortest form");
                }
                return Ok(number);
            }
        }
        broken("a number is beyond 64 bits")
    }

    /// Bytes with their count before them.
    fn some_bytes(&mut self, least: usize, most: usize) -> Result<&'a [u8], Fault> {
        let count = self.number()?;
        match usize::try_from(count) {
            Ok(count) if (least..=most).contains(&count) => self.take(count),
            _ => broken(format!("{count} bytes where {least} to {most} may stand")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{By, DEPTH, Fault, Input, MAGIC, applied, parse};

    fn number(bytes: &[u8]) -> Option<u64> {
        let mut input = Input { bytes, at: 0 };
        input.number().ok().filter(|_| input.at == bytes.len())
    }

    #[test]
    fn numbers_have_one_form_and_64_bits() {
        assert_eq!(number(&[0]), Some(0));
        assert_eq!(number(&[0xf7, 0xef, 0x15]), Some(358_391));
        let most = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
        assert_eq!(number(&most), Some(u64::MAX));
        let beyond = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02];
        for bad in [&beyond[..], &[0x80, 0x00], &[0x80], &[], &[0xff; 11]] {
            assert_eq!(number(bad), None, "{bad:?}");
        }
    }

    fn apply(tag: u8, argument: &[u8], message: &[u8]) -> Option<Vec<u8>> {
        let mut input = Input { bytes: argument, at: 0 };
        applied(tag, &mut input, Some(message.to_vec())).ok().flatten()
    }

    #[test]
    fn operations_do_what_the_reference_does() {
        assert_eq!(apply(0xf0, b"\x01c", b"ab").unwrap(), b"abc");
        assert_eq!(apply(0xf1, b"\x01c", b"ab").unwrap(), b"cab");
        assert_eq!(apply(0xf2, b"", b"abc").unwrap(), b"cba");
        assert_eq!(apply(0xf3, b"", b"\x0f\xa0").unwrap(), b"0fa0");
        let hash = crate::hash::Hash::of(b"abc");
        assert_eq!(apply(0x08, b"", b"abc").unwrap(), hash.as_bytes());
        // FIPS 180's and RIPEMD-160's own examples.
        let hex = |bytes: Vec<u8>| apply(0xf3, b"", &bytes).unwrap();
        let sha1 = hex(apply(0x02, b"", b"abc").unwrap());
        assert_eq!(sha1, b"a9993e364706816aba3e25717850c26c9cd0d89d");
        let ripemd160 = hex(apply(0x03, b"", b"abc").unwrap());
        assert_eq!(ripemd160, b"8eb208f7e05d987a9b044a8e98c6b087f15a0bfc");
        // An empty argument, a message that would be too long, and what is not supported.
        assert_eq!(apply(0xf0, b"\x00", b"ab"), None);
        assert_eq!(apply(0xf0, b"\x01c", &[7; 4_096]), None);
        assert_eq!(apply(0xf3, b"", &[7; 2_049]), None);
        assert_eq!(apply(0x67, b"", b"ab"), None);
    }

    fn proof(timestamp: &[u8]) -> Vec<u8> {
        [&MAGIC[..], &[1, 0x08], &[9; 32], timestamp].concat()
    }

    const BLOCK_SEVEN: [u8; 11] = [0, 0x05, 0x88, 0x96, 0x0d, 0x73, 0xd7, 0x19, 0x01, 1, 7];

    #[test]
    fn forks_go_back_to_where_they_began() {
        // Two branches, the first of which forks again, then an attestation of the digest.
        let mut bytes = vec![0xff, 0xf2, 0xff, 0x08];
        bytes.extend(BLOCK_SEVEN);
        bytes.extend(BLOCK_SEVEN);
        bytes.extend(BLOCK_SEVEN);
        let attestations = parse(&proof(&bytes)).unwrap().attestations;
        assert!(attestations.iter().all(|found| found.by == By::Bitcoin(7)));
        let hashed = crate::hash::Hash::of(&[9; 32]).as_bytes().to_vec();
        let committed: Vec<_> = attestations.into_iter().filter_map(|a| a.committed).collect();
        assert_eq!(committed, [hashed, vec![9; 32], vec![9; 32]]);
    }

    #[test]
    fn a_path_is_as_deep_as_the_reference_allows_and_no_deeper() {
        for (operations, expected) in [(DEPTH - 1, true), (DEPTH, false), (60_000, false)] {
            let bytes = [&[0x08].repeat(operations)[..], &BLOCK_SEVEN].concat();
            assert_eq!(parse(&proof(&bytes)).is_ok(), expected, "{operations}");
            let forks = [&[0xff, 0x08].repeat(operations)[..], &BLOCK_SEVEN].concat();
            let forks = [&forks[..], &BLOCK_SEVEN.repeat(operations)].concat();
            // The second half ends the forks; too many attestations are refused as well.
            assert!(expected || parse(&proof(&forks)).is_err(), "{operations}");
        }
    }

    #[test]
    fn broken_proofs_are_told_from_those_of_another_sort() {
        assert!(parse(&proof(&BLOCK_SEVEN)).is_ok());
        let left_over = proof(&[&BLOCK_SEVEN[..], &[0]].concat());
        let unknown_operation = proof(&[&[0x04][..], &BLOCK_SEVEN].concat());
        let twice_forked = proof(&[&[0xff, 0xff][..], &BLOCK_SEVEN].concat());
        for bad in [left_over, unknown_operation, twice_forked, proof(&[]), MAGIC.to_vec()] {
            assert!(matches!(parse(&bad), Err(Fault::Broken(_))), "{bad:?}");
        }
        let mut sha1 = proof(&BLOCK_SEVEN);
        sha1[32] = 0x02;
        let mut version_two = proof(&BLOCK_SEVEN);
        version_two[31] = 2;
        for other in [sha1, version_two] {
            assert!(matches!(parse(&other), Err(Fault::Unsupported(_))));
        }
    }
}
