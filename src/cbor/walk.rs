//! The walk over raw bytes that accepts one spelling of a value and builds nothing.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::cbor::{Error, MAX_DEPTH, Order};

/// Integers of either sign count as one type of key; with all labels in use here the two orders
/// in circulation (bytewise and length-first) then coincide.
pub(crate) fn key_type(major: u8) -> u8 {
    if major == 1 { 0 } else { major }
}

struct Head {
    major: u8,
    argument: u64,
}

pub(crate) struct Walker<'a> {
    bytes: &'a [u8],
    at: usize,
    order: Order,
    /// Whether an item of the outermost array may be null.
    nulls: bool,
}

impl<'a> Walker<'a> {
    /// A walk over `bytes` whose maps stand in `order`.
    pub(crate) fn new(bytes: &'a [u8], order: Order) -> Self {
        Self { bytes, at: 0, order, nulls: false }
    }

    /// Lets an item of the outermost array be null.
    pub(crate) fn with_nulls(self) -> Self {
        Self { nulls: true, ..self }
    }

    /// Walks one value that takes all the bytes.
    pub(crate) fn whole(mut self, tag: Option<u64>) -> Result<(), Error> {
        if let Some(tag) = tag {
            let head = self.head()?;
            if (head.major, head.argument) != (6, tag) {
                return Err(self.malformed("another tag than the one expected", 0));
            }
        }
        self.item(0)?;
        if self.at == self.bytes.len() {
            Ok(())
        } else {
            Err(self.malformed("bytes after the end", self.at))
        }
    }

    fn malformed(&self, what: &'static str, at: usize) -> Error {
        debug_assert!(at <= self.bytes.len());
        Error::Malformed { what, at }
    }

    /// Reads one initial byte and its argument (RFC 8949 section 3), shortest form only.
    fn head(&mut self) -> Result<Head, Error> {
        let start = self.at;
        let initial = self.take(1)?[0];
        let (major, info) = (initial >> 5, initial & 0x1f);
        let width = match info {
            0..=23 => return Ok(Head { major, argument: u64::from(info) }),
            24..=27 => 1_usize << (info - 24),
            _ => return Err(self.malformed("an indefinite or reserved length", start)),
        };
        if major == 7 {
            return Err(self.malformed("a float or an unassigned simple value", start));
        }
        let argument =
            self.take(width)?.iter().fold(0, |value, byte| value << 8 | u64::from(*byte));
        // The largest value the next shorter form holds: 23, 2^8-1, 2^16-1, 2^32-1.
        let shorter = if width == 1 { 23 } else { u64::MAX >> (64 - 4 * width) };
        if argument <= shorter {
            return Err(self.malformed("a number in a longer form than it needs", start));
        }
        Ok(Head { major, argument })
    }

    /// Walks one item and everything inside it.
    fn item(&mut self, depth: usize) -> Result<u8, Error> {
        let start = self.at;
        if depth >= MAX_DEPTH {
            return Err(self.malformed("nesting deeper than 16", start));
        }
        let Head { major, argument } = self.head()?;
        match major {
            0 | 1 => {}
            2 => drop(self.take_long(argument)?),
            3 => {
                let text = self.take_long(argument)?;
                if std::str::from_utf8(text).is_err() {
                    return Err(self.malformed("text that is not UTF-8", start));
                }
            }
            4 => {
                for _ in 0..argument {
                    self.item(depth + 1)?;
                }
            }
            5 => self.map(argument, depth)?,
            6 => return Err(self.malformed("a tag", start)),
            _ if matches!(argument, 20 | 21) => {}
            _ if argument == 22 && depth == 1 && self.nulls => {}
            _ => return Err(self.malformed("null, undefined or an unassigned value", start)),
        }
        Ok(major)
    }

    fn map(&mut self, entry_count: u64, depth: usize) -> Result<(), Error> {
        let mut previous: Option<(u8, Range<usize>)> = None;
        let mut seen = BTreeSet::new();
        for _ in 0..entry_count {
            let start = self.at;
            let key = key_type(self.item(depth + 1)?);
            let range = start..self.at;
            if self.order == Order::Any {
                if !seen.insert(&self.bytes[range]) {
                    return Err(self.malformed("a map key twice", start));
                }
            } else {
                if let Some((before, bytes)) = previous {
                    if before != key {
                        return Err(self.malformed("a map with keys of two types", start));
                    }
                    if self.bytes[bytes] >= self.bytes[range.clone()] {
                        return Err(self.malformed("a map key twice or out of order", start));
                    }
                }
                previous = Some((key, range));
            }
            self.item(depth + 1)?;
        }
        Ok(())
    }

    fn take_long(&mut self, length: u64) -> Result<&[u8], Error> {
        let at = self.at;
        let length = usize::try_from(length).map_err(|_| self.malformed("a cut-off item", at))?;
        self.take(length)
    }

    fn take(&mut self, length: usize) -> Result<&[u8], Error> {
        let end = self.at.checked_add(length).filter(|end| *end <= self.bytes.len());
        let end = end.ok_or_else(|| self.malformed("a cut-off item", self.at))?;
        let taken = &self.bytes[self.at..end];
        self.at = end;
        Ok(taken)
    }
}
