//! How the lists in records are read: most have one item, and their items are long.
//!
//! Where nothing says how long a list is, as in JSON, room is made for four items at first, which in
//! an import is more than all the rest of a claim takes.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{Deserializer, SeqAccess, Visitor};

/// Reads a list, with room for no more than one item if it has no more.
///
/// # Errors
/// Those of the items, and what is no list.
pub(crate) fn few<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    deserializer.deserialize_seq(Few(PhantomData))
}

struct Few<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Few<T> {
    type Value = Vec<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a sequence")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Vec<T>, A::Error> {
        let Some(first) = sequence.next_element()? else { return Ok(Vec::new()) };
        // What is promised is not believed beyond this.
        let others = sequence.size_hint().unwrap_or(0).min(15);
        let mut items = Vec::with_capacity(1 + others);
        items.push(first);
        while let Some(item) = sequence.next_element()? {
            items.push(item);
        }
        Ok(items)
    }
}
