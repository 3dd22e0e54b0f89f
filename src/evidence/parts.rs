//! The named parts of a text: the strings of a JSON document, the pages of a PDF.
//!
//! A part is a range of the one derived text, so that positions count in the whole text whatever
//! its parts are. How a text is cut into parts is for the profiles; what may stand across two of
//! them is for [`crate::evidence::anchor`].

use std::fmt;

use crate::selector::Position;

/// What names a part.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// The JSON Pointer of a string (RFC 6901); the empty one is the document itself.
    Pointer(String),
    /// The number of a page, from 1.
    Page(u32),
}

impl fmt::Display for Part {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pointer(pointer) => write!(formatter, "the string `{pointer}`"),
            Self::Page(page) => write!(formatter, "page {page}"),
        }
    }
}

/// The parts of a text in their order, none within another.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Parts {
    placed: Vec<(Part, Position)>,
    /// The places in `placed`, in the order of the parts' names.
    by_name: Vec<usize>,
}

impl Parts {
    /// The parts with their places, which must be in order and apart from one another.
    pub fn new(placed: Vec<(Part, Position)>) -> Self {
        let in_order = placed.windows(2).all(|pair| pair[0].1.end <= pair[1].1.start);
        assert!(in_order, "the parts of a text stand in order");
        let mut by_name: Vec<usize> = (0..placed.len()).collect();
        by_name.sort_by(|one, other| placed[*one].0.cmp(&placed[*other].0));
        Self { placed, by_name }
    }

    /// The parts and where each stands, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&Part, Position)> {
        self.placed.iter().map(|(part, position)| (part, *position))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.placed.is_empty()
    }

    /// The part in which a position wholly lies, and where that part stands.
    pub fn at(&self, position: Position) -> Option<(&Part, Position)> {
        let after = self.placed.partition_point(|(_, place)| place.start <= position.start);
        let (part, place) = self.placed.get(after.checked_sub(1)?)?;
        (position.start <= position.end && position.end <= place.end).then_some((part, *place))
    }

    /// Where the part of this name stands.
    pub fn named(&self, name: &Part) -> Option<Position> {
        let found = self.by_name.binary_search_by(|index| self.placed[*index].0.cmp(name)).ok()?;
        Some(self.placed[self.by_name[found]].1)
    }

    /// The parts whose names come nearest to a name that is not there, at most `limit`: pointers
    /// that begin alike, pages of nearly that number.
    pub fn near(&self, name: &Part, limit: usize) -> Vec<Part> {
        // A page is near no string, whatever its number.
        let kind = std::mem::discriminant(name);
        let numbered = self.placed.iter().enumerate();
        let mut near: Vec<(u64, usize)> = numbered
            .filter(|(_, (part, _))| std::mem::discriminant(part) == kind)
            .map(|(index, (part, _))| (distance(part, name), index))
            .collect();
        near.sort_unstable();
        near.iter().take(limit).map(|(_, index)| self.placed[*index].0.clone()).collect()
    }
}

/// How far two names are from one another; smaller is nearer.
fn distance(one: &Part, other: &Part) -> u64 {
    match (one, other) {
        (Part::Page(one), Part::Page(other)) => u64::from(one.abs_diff(*other)),
        (Part::Pointer(one), Part::Pointer(other)) => {
            let alike = one.bytes().zip(other.bytes()).take_while(|(a, b)| a == b).count();
            u64::MAX - alike as u64
        }
        _ => u64::MAX,
    }
}

#[cfg(test)]
mod tests {
    use super::{Part, Parts};
    use crate::selector::Position;

    fn at(start: u64, end: u64) -> Position {
        Position { start, end }
    }

    fn pointer(name: &str) -> Part {
        Part::Pointer(name.to_owned())
    }

    #[test]
    fn a_position_lies_in_a_part_only_if_all_of_it_does() {
        let parts = Parts::new(vec![
            (pointer("/b"), at(0, 3)),
            (pointer("/a"), at(4, 4)),
            (pointer("/c"), at(5, 9)),
        ]);
        for (position, expected) in [
            (at(0, 3), Some("/b")),
            (at(3, 3), Some("/b")),
            (at(4, 4), Some("/a")),
            (at(5, 9), Some("/c")),
            (at(2, 4), None),
            (at(3, 4), None),
            (at(4, 5), None),
            (at(9, 10), None),
            (at(2, 1), None),
            (at(u64::MAX, u64::MAX), None),
        ] {
            let found = parts.at(position).map(|(part, _)| part.clone());
            assert_eq!(found, expected.map(pointer), "{position:?}");
        }
        assert_eq!(parts.named(&pointer("/a")), Some(at(4, 4)));
        assert_eq!(parts.named(&pointer("/d")), None);
        assert_eq!(parts.named(&Part::Page(1)), None);
        assert_eq!(Parts::default().at(at(0, 0)), None);
    }

    #[test]
    fn the_nearest_names_begin_alike_or_have_the_next_number() {
        let pointers = ["/content", "/account/name", "/account/note"].map(pointer);
        let placed = pointers.into_iter().zip((0..).map(|place| at(place, place))).collect();
        let near = Parts::new(placed).near(&pointer("/account/notes"), 2);
        assert_eq!(near, ["/account/note", "/account/name"].map(pointer));
        let pages = (1..=9).zip((0..).map(|place| at(place, place)));
        let pages = Parts::new(pages.map(|(page, place)| (Part::Page(page), place)).collect());
        assert_eq!(pages.near(&Part::Page(12), 2), [Part::Page(9), Part::Page(8)]);
    }
}
