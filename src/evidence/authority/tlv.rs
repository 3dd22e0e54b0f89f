//! Walking DER: the items of a sequence or set as they stand, with their exact bytes.
//!
//! Signatures cover exact bytes, so nothing is encoded again. What an item means is left to the
//! scheme that asks; a length that is not in its one shortest form is refused (X.690 section 10).

use der::asn1::AnyRef;
use der::{Decode, Reader, SliceReader, Tag, Tagged};

/// How many items one sequence or set may hold: real ones hold fewer than twenty, and every
/// item costs memory before it is looked at.
const ITEMS_READ: usize = 256;

/// One item: its tag, its value, and all of its bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Item<'a> {
    /// What it is.
    pub(crate) tag: Tag,
    /// Its value, without tag and length.
    pub(crate) value: &'a [u8],
    /// Its exact bytes, with tag and length.
    pub(crate) raw: &'a [u8],
}

/// The one item that `bytes` are; `None` if they are no DER or if bytes are left over.
pub(crate) fn one(bytes: &[u8]) -> Option<Item<'_>> {
    match items(bytes)?.as_slice() {
        [item] => Some(*item),
        _ => None,
    }
}

/// All items that stand in `bytes`, one after the other, to the last byte.
pub(crate) fn items(bytes: &[u8]) -> Option<Vec<Item<'_>>> {
    let mut reader = SliceReader::new(bytes).ok()?;
    let mut found = Vec::new();
    while !reader.is_finished() {
        if found.len() == ITEMS_READ {
            return None;
        }
        let raw = reader.tlv_bytes().ok()?;
        let any = AnyRef::from_der(raw).ok()?;
        found.push(Item { tag: any.tag(), value: any.value(), raw });
    }
    Some(found)
}

/// The items of a sequence; `None` if it is none.
pub(crate) fn sequence(item: Item<'_>) -> Option<Vec<Item<'_>>> {
    if item.tag == Tag::Sequence { items(item.value) } else { None }
}

/// The items of a set; `None` if it is none. Their order is not looked at: many signers do not
/// sort what DER wants sorted.
pub(crate) fn set(item: Item<'_>) -> Option<Vec<Item<'_>>> {
    if item.tag == Tag::Set { items(item.value) } else { None }
}

/// Whether an item is the context-specific one with this number (below 31).
pub(crate) fn is_numbered(item: Item<'_>, number: u8) -> bool {
    // The class in the two highest bits, then whether it holds items, then the number.
    item.raw.first().is_some_and(|first| first & 0xdf == 0x80 | number)
}

#[cfg(test)]
mod tests {
    use super::{is_numbered, items, one, sequence};

    #[test]
    fn items_keep_their_exact_bytes() {
        let bytes = [0x30, 0x06, 0x02, 0x01, 0x05, 0xa1, 0x01, 0x00];
        let item = one(&bytes).unwrap();
        assert_eq!(item.raw, bytes);
        let inside = sequence(item).unwrap();
        assert_eq!(inside[0].raw, [0x02, 0x01, 0x05]);
        assert!(is_numbered(inside[1], 1) && !is_numbered(inside[1], 0));
        assert!(!is_numbered(inside[0], 2));
    }

    #[test]
    fn what_is_no_der_is_none() {
        // Left over, cut short, a length in two bytes where one does, and without an end.
        for bad in [&[5, 0, 0][..], &[4, 2, 1], &[4, 0x81, 1, 7], &[0x30, 0x80, 0, 0], &[0x1f]] {
            assert!(one(bad).is_none(), "{bad:?}");
        }
        let many = [5, 0].repeat(257);
        assert!(items(&many).is_none());
        assert_eq!(items(&many[2..]).map(|items| items.len()), Some(256));
        assert!(one(&[]).is_none());
    }
}
