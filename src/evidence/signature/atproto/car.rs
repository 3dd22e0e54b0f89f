//! A CAR, the file in which a repository's blocks travel (ipld.io/specs/transport/car/carv1).
//!
//! ```text
//! varint  header {roots: [CID], version: 1} in DAG-CBOR
//! varint  CID (36 bytes)  block                          as often as there are blocks
//! ```
//! Every block is held against its CID. What the blocks say is left to others.

use std::collections::BTreeMap;

use ipld_core::cid::Cid;
use ipld_core::ipld::Ipld;

use crate::evidence::signature::atproto::Refused;
use crate::evidence::signature::atproto::data;
use crate::evidence::signature::checked::State;

/// The largest CAR that is looked at, in bytes. The proof of one post is some kilobytes; this
/// leaves room for a whole repository of some ten thousand posts.
pub const CAR_BYTES: usize = 16 << 20;

/// The largest block, in bytes: the AT Protocol's own limit for records is 1 MiB
/// (atproto.com/specs/repository), and tree nodes are smaller.
pub const BLOCK_BYTES: usize = 1 << 20;

/// The length of the CID of a repository's block, in bytes.
const CID_BYTES: usize = 36;

/// Blocks that have the CIDs they travel under, and the one to begin with.
#[derive(Debug)]
pub struct Car<'a> {
    /// The CID of the block to begin with: the signed commit.
    pub root: Cid,
    blocks: BTreeMap<Cid, &'a [u8]>,
}

impl<'a> Car<'a> {
    /// The block with this CID, if it came along.
    pub fn block(&self, cid: &Cid) -> Option<&'a [u8]> {
        self.blocks.get(cid).copied()
    }

    /// How many blocks came along.
    pub fn block_count(&self) -> usize {
        self.blocks.len()
    }
}

/// Reads a CAR.
pub fn parse(bytes: &[u8]) -> Result<Car<'_>, Refused> {
    if bytes.len() > CAR_BYTES {
        let length = bytes.len();
        return Err(malformed(&format!("{length} bytes, expected at most {CAR_BYTES}")));
    }
    let (header, mut rest) = section(bytes).map_err(|why| malformed(&why))?;
    let root = root(header).map_err(|why| malformed(&why))?;
    let mut blocks = BTreeMap::new();
    while !rest.is_empty() {
        let (whole, behind) = section(rest).map_err(|why| malformed(&why))?;
        rest = behind;
        let (cid, block) = whole
            .split_at_checked(CID_BYTES)
            .filter(|(cid, _)| cid.starts_with(&data::CID_PREFIX))
            .ok_or_else(|| malformed("a block of no kind that repositories have"))?;
        let named = Cid::try_from(cid).map_err(|error| malformed(&error.to_string()))?;
        if data::address(block) != named {
            let fact = format!("the block {named} does not have the bytes that it is named by");
            return Err(Refused::new(State::Altered, fact));
        }
        if blocks.insert(named, block).is_some() {
            return Err(malformed(&format!("the block {named} stands twice")));
        }
    }
    Ok(Car { root, blocks })
}

fn malformed(why: &str) -> Refused {
    Refused::new(State::Malformed, format!("no sound CAR: {why}"))
}

/// The single root that the header names.
fn root(header: &[u8]) -> Result<Cid, String> {
    let wrong = || "expected a header with version 1 and one root".to_owned();
    let Ipld::Map(header) = data::decode(header)? else { return Err(wrong()) };
    match (header.len(), header.get("version"), header.get("roots")) {
        (2, Some(Ipld::Integer(1)), Some(Ipld::List(roots))) => match &roots[..] {
            [Ipld::Link(root)] => Ok(*root),
            _ => Err(wrong()),
        },
        _ => Err(wrong()),
    }
}

/// A length and as many bytes, and what follows them.
fn section(bytes: &[u8]) -> Result<(&[u8], &[u8]), String> {
    let (length, rest) = varint(bytes)?;
    if length > BLOCK_BYTES + CID_BYTES {
        return Err(format!("a block of {length} bytes, expected at most {BLOCK_BYTES}"));
    }
    rest.split_at_checked(length).ok_or_else(|| "the file ends within a block".to_owned())
}

/// An unsigned varint (multiformats/unsigned-varint) in its shortest form, of up to four bytes.
fn varint(bytes: &[u8]) -> Result<(usize, &[u8]), String> {
    const LONGEST: usize = 4;
    let mut number = 0;
    for (index, byte) in bytes.iter().take(LONGEST).enumerate() {
        number |= usize::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            let shortest = *byte != 0 || index == 0;
            return if shortest { Ok((number, &bytes[index + 1..])) } else { Err(long()) };
        }
    }
    Err(long())
}

fn long() -> String {
    "a length that has no end, or more bytes than it needs".to_owned()
}

#[cfg(test)]
mod tests {
    use super::{parse, varint};
    use crate::evidence::signature::atproto::data::{json, link};
    use crate::evidence::signature::checked::State;
    use base64ct::{Base64Unpadded, Encoding};

    /// The CAR that the reference implementation's authors check theirs with.
    fn theirs() -> (Vec<u8>, serde_json::Value) {
        let text = std::fs::read_to_string("tests/cases/atproto/car-file-fixtures.json").unwrap();
        let fixture = json(text.as_bytes()).unwrap()[0].clone();
        let bare = fixture["car"].as_str().unwrap().trim_end_matches('=');
        (Base64Unpadded::decode_vec(bare).unwrap(), fixture)
    }

    #[test]
    fn a_car_of_the_reference_implementation_is_read_block_by_block() {
        let (bytes, fixture) = theirs();
        let car = parse(&bytes).unwrap();
        assert_eq!(car.root, link(fixture["root"].as_str().unwrap()).unwrap());
        let blocks = fixture["blocks"].as_array().unwrap();
        assert_eq!(car.block_count(), blocks.len());
        for block in blocks {
            let cid = link(block["cid"].as_str().unwrap()).unwrap();
            let bare = block["bytes"].as_str().unwrap().trim_end_matches('=');
            let bytes = Base64Unpadded::decode_vec(bare).unwrap();
            assert_eq!(car.block(&cid), Some(&bytes[..]));
        }
    }

    #[test]
    fn no_byte_of_a_car_is_free() {
        let (good, _) = theirs();
        let root = parse(&good).unwrap().root;
        for index in 0..good.len() {
            let mut bad = good.clone();
            bad[index] ^= 1;
            // Only the root's own CID in the header can be another one: that is seen by whoever
            // looks for the block.
            assert!(parse(&bad).map_or(true, |car| car.root != root), "byte {index}");
        }
    }

    #[test]
    fn a_block_that_stands_twice_is_refused() {
        let (good, _) = theirs();
        let header = 1 + usize::from(good[0]);
        let twice = [&good[..], &good[header..]].concat();
        assert_eq!(parse(&twice).unwrap_err().state, State::Malformed);
    }

    #[test]
    fn lengths_are_short_and_bounded() {
        assert_eq!(varint(&[0x00, 9]), Ok((0, &[9][..])));
        assert_eq!(varint(&[0xac, 0x02]), Ok((300, &[][..])));
        for bytes in [&[][..], &[0x80], &[0x80, 0x00], &[0xff; 9], &[0xff, 0xff, 0xff, 0xff, 0x01]]
        {
            assert!(varint(bytes).is_err(), "{bytes:x?}");
        }
        assert!(parse(&[0xff, 0xff, 0xff, 0x7f]).is_err());
    }
}
