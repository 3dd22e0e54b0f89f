//! Bundles: the entries of a log, up to 256 in a file (C2SP tlog-tiles, "Log Entries").
//!
//! ```text
//! bundle = (length: u16 big-endian || bytes)*
//! ```
//! Slot i of bundle N belongs to hash i of the level 0 tile N. What the bytes mean is for others.

use crate::tlog::tile::{FULL_WIDTH, HEIGHT, Tile, tiles_of};

/// The longest item, in bytes: its length must fit a u16.
pub const MAX_ITEM_LENGTH: usize = 65_535;

/// One bundle: `width` items in a row. Full if its width is [`FULL_WIDTH`], else partial.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bundle {
    /// The place among the bundles, counted from 0.
    pub index: u64,
    /// The number of items, 1 to 256.
    pub width: u16,
}

impl Bundle {
    /// The bundle that stands beside `tile`; only the lowest level has bundles.
    pub fn beside(tile: Tile) -> Option<Self> {
        (tile.level == 0).then_some(Self { index: tile.index, width: tile.width })
    }
}

/// Why bytes are no bundle, or items do not make one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// An item does not fit its length field.
    #[error("slot {slot}: an item of {found} bytes, at most {MAX_ITEM_LENGTH} fit")]
    TooLong {
        /// The place in the bundle, counted from 0.
        slot: usize,
        /// The length of the item.
        found: usize,
    },
    /// More items than a bundle holds.
    #[error("{0} items, a bundle holds at most {FULL_WIDTH}")]
    TooMany(usize),
    /// The bytes end inside an item.
    #[error("slot {slot}: the bundle ends after {found} of {expected} bytes")]
    TooShort {
        /// The place in the bundle, counted from 0.
        slot: usize,
        /// The number of bytes left for this slot, its length field included.
        found: usize,
        /// The number of bytes that the slot needs, its length field included.
        expected: usize,
    },
    /// Bytes follow the last item.
    #[error("{found} bytes follow the last of {count} items")]
    Trailing {
        /// The number of extra bytes.
        found: usize,
        /// The number of items asked for.
        count: u16,
    },
}

/// Exactly the bundles of a log, by index; the last may be partial. Lazy, as [`tiles_of`].
pub fn bundles_of(tree_size: u64) -> impl Iterator<Item = Bundle> {
    tiles_of(tree_size, HEIGHT).map_while(Bundle::beside)
}

/// The bytes of a bundle of `items`.
pub fn format(items: &[impl AsRef<[u8]>]) -> Result<Vec<u8>, Error> {
    if items.len() > usize::from(FULL_WIDTH) {
        return Err(Error::TooMany(items.len()));
    }
    let length = items.iter().map(|item| 2 + item.as_ref().len()).sum();
    let mut bytes = Vec::with_capacity(length);
    for (slot, item) in items.iter().map(AsRef::as_ref).enumerate() {
        let found = item.len();
        let length = u16::try_from(found).map_err(|_| Error::TooLong { slot, found })?;
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(item);
    }
    Ok(bytes)
}

/// Reads a bundle of exactly `count` items. An item may be empty: where the bundle holds what may
/// be withheld, an empty slot keeps the place of what is not there.
pub fn parse(bytes: &[u8], count: u16) -> Result<Vec<&[u8]>, Error> {
    match parse_prefix(bytes, count) {
        (items, None) => Ok(items),
        (_, Some(flaw)) => Err(flaw),
    }
}

/// Reads as many of `count` items as can be cut from the bytes, and says what is wrong with the
/// rest: for a reader that wants to name the damage rather than turn away.
pub fn parse_prefix(bytes: &[u8], count: u16) -> (Vec<&[u8]>, Option<Error>) {
    if count > FULL_WIDTH {
        return (Vec::new(), Some(Error::TooMany(count.into())));
    }
    let mut rest = bytes;
    let mut items = Vec::with_capacity(count.into());
    for slot in 0..usize::from(count) {
        let found = rest.len();
        let Some((length, after)) = rest.split_first_chunk() else {
            return (items, Some(Error::TooShort { slot, found, expected: 2 }));
        };
        let length = usize::from(u16::from_be_bytes(*length));
        let Some((item, after)) = after.split_at_checked(length) else {
            return (items, Some(Error::TooShort { slot, found, expected: 2 + length }));
        };
        items.push(item);
        rest = after;
    }
    let flaw = (!rest.is_empty()).then_some(Error::Trailing { found: rest.len(), count });
    (items, flaw)
}

#[cfg(test)]
mod tests {
    use super::{Bundle, Error, bundles_of, format, parse};

    #[test]
    fn items_come_back_and_an_empty_slot_keeps_its_place() {
        let items: [&[u8]; 3] = [b"ab", b"", b"c"];
        let bytes = format(&items).expect("short items");
        assert_eq!(bytes, b"\x00\x02ab\x00\x00\x00\x01c");
        assert_eq!(parse(&bytes, 3), Ok(items.to_vec()));
        assert_eq!(parse(b"", 0), Ok(Vec::new()));
    }

    #[test]
    fn every_cut_and_every_other_count_names_the_slot() {
        let bytes = b"\x00\x02ab\x00\x00\x00\x01c";
        let slots = [0, 0, 0, 0, 1, 1, 2, 2, 2];
        for (length, slot) in slots.into_iter().enumerate() {
            match parse(&bytes[..length], 3) {
                Err(Error::TooShort { slot: named, .. }) => assert_eq!(named, slot, "{length}"),
                other => panic!("cut to {length}: {other:?}"),
            }
        }
        assert_eq!(parse(bytes, 2), Err(Error::Trailing { found: 3, count: 2 }));
        let too_short = Error::TooShort { slot: 3, found: 0, expected: 2 };
        assert_eq!(parse(bytes, 4), Err(too_short));
        assert_eq!(
            parse(b"\x00\x09ab", 1).unwrap_err().to_string(),
            "slot 0: the bundle ends after 4 of 11 bytes"
        );
    }

    #[test]
    fn the_limits_are_exact() {
        assert_eq!(format(&[vec![0; 65_535]]).map(|bytes| bytes.len()), Ok(65_537));
        let too_long = Error::TooLong { slot: 1, found: 65_536 };
        assert_eq!(format(&[vec![], vec![0; 65_536]]), Err(too_long));
        assert_eq!(format(&[b""; 257]), Err(Error::TooMany(257)));
        assert_eq!(parse(&[0; 514], 257), Err(Error::TooMany(257)));
        assert_eq!(parse(&[0; 512], 256).map(|items| items.len()), Ok(256));
    }

    #[test]
    fn bundles_stand_beside_the_lowest_tiles() {
        assert_eq!(bundles_of(0).count(), 0);
        let last = Bundle { index: 273, width: 112 };
        assert_eq!((bundles_of(70_000).count(), bundles_of(70_000).last()), (274, Some(last)));
    }
}
