//! Paths: how the files of a log are named (C2SP tlog-tiles).
//!
//! ```text
//! tile/<L>/<N>[.p/<W>]         a tile
//! tile/entries/<N>[.p/<W>]     a bundle of entries
//! statements/<N>[.p/<W>]       a bundle of what the entries stand for (ours, not in C2SP)
//! ```
//! N is written in groups of three digits, all but the last with an `x` before them: 1234067 is
//! `x001/x234/067`. W is the width of a partial file, 1 to 255; a full file has none.

use std::fmt;
use std::str::FromStr;

use crate::hash::LENGTH;
use crate::tlog::bundle::{Bundle, parse_prefix};
use crate::tlog::tile::{FULL_WIDTH, HEIGHT, Tile, tile_at};

/// The name of the file that holds the signed checkpoint.
pub const CHECKPOINT: &str = "checkpoint";

/// The highest level that may be written in a path (tlog-tiles, "Merkle Tree").
pub const MAX_LEVEL: u8 = 63;

/// The longest path, in bytes: a u64 has at most seven groups. No longer one is looked at.
const MAX_LENGTH: usize = 64;

/// The path of one file of a log, relative to its directory or URL prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Path {
    /// A tile of height 8.
    Tile(Tile),
    /// A bundle of entries.
    Entries(Bundle),
    /// A bundle of statements.
    Statements(Bundle),
}

/// A text is not the path of a file of a log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not the path of a tile or bundle, such as tile/0/x001/234.p/5")]
pub struct Error(String);

impl Path {
    /// The folder that holds the partial versions of this file.
    pub fn partials(&self) -> String {
        format!("{}.p", self.with_width(FULL_WIDTH))
    }

    /// The file at the same place with another number of hashes or items, 1 to 256.
    #[must_use]
    pub fn with_width(self, width: u16) -> Self {
        match self {
            Self::Tile(tile) => Self::Tile(Tile { width, ..tile }),
            Self::Entries(bundle) => Self::Entries(Bundle { width, ..bundle }),
            Self::Statements(bundle) => Self::Statements(Bundle { width, ..bundle }),
        }
    }

    /// The file at the same place in a log of so many entries; `None` if that log has none there.
    pub fn in_tree_of(self, tree_size: u64) -> Option<Self> {
        let (level, index) = match self {
            Self::Tile(tile) => (tile.level, tile.index),
            Self::Entries(bundle) | Self::Statements(bundle) => (0, bundle.index),
        };
        tile_at(tree_size, HEIGHT, level, index).map(|tile| self.with_width(tile.width))
    }

    /// Whether a log of so many entries needs this very file.
    pub fn is_in_tree_of(self, tree_size: u64) -> bool {
        self.in_tree_of(tree_size) == Some(self)
    }

    /// The bytes of this file, cut from those of a wider one at its place, which begins with them; all
    /// of them if they cannot be cut so.
    pub fn cut_from(&self, mut wider: Vec<u8>) -> Vec<u8> {
        let length = match self {
            Self::Tile(tile) => usize::from(tile.width) * LENGTH,
            Self::Entries(bundle) | Self::Statements(bundle) => {
                let (items, _) = parse_prefix(&wider, bundle.width);
                if items.len() < usize::from(bundle.width) {
                    wider.len()
                } else {
                    items.iter().map(|item| 2 + item.len()).sum()
                }
            }
        };
        wider.truncate(length);
        wider
    }

    /// The number of hashes or items in the file, 1 to 256.
    pub fn width(&self) -> u16 {
        match self {
            Self::Tile(tile) => tile.width,
            Self::Entries(bundle) | Self::Statements(bundle) => bundle.width,
        }
    }
}

impl fmt::Display for Path {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Tile(Tile { level, index, width }) => {
                write!(formatter, "tile/{level}/{}", Slots(Bundle { index, width }))
            }
            Self::Entries(bundle) => write!(formatter, "tile/entries/{}", Slots(bundle)),
            Self::Statements(bundle) => write!(formatter, "statements/{}", Slots(bundle)),
        }
    }
}

impl FromStr for Path {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        // Only one spelling is right, so what does not print back the same is refused.
        parse_loosely(text)
            .filter(|path| path.to_string() == text)
            .ok_or_else(|| Error(text.chars().take(MAX_LENGTH).collect()))
    }
}

/// The `<N>[.p/<W>]` that tiles and bundles share.
struct Slots(Bundle);

impl fmt::Display for Slots {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Bundle { index, width } = self.0;
        let digits = index.to_string();
        let padded = format!("{digits:0>length$}", length = digits.len().next_multiple_of(3));
        let last = padded.len() - 3;
        for start in (0..last).step_by(3) {
            write!(formatter, "x{}/", &padded[start..start + 3])?;
        }
        formatter.write_str(&padded[last..])?;
        if width == FULL_WIDTH { Ok(()) } else { write!(formatter, ".p/{width}") }
    }
}

fn parse_loosely(text: &str) -> Option<Path> {
    if text.len() > MAX_LENGTH {
        return None;
    }
    if let Some(slots) = text.strip_prefix("statements/") {
        return parse_slots(slots).map(Path::Statements);
    }
    let (kind, slots) = text.strip_prefix("tile/")?.split_once('/')?;
    let bundle = parse_slots(slots)?;
    if kind == "entries" {
        return Some(Path::Entries(bundle));
    }
    let level = kind.parse().ok().filter(|level| *level <= MAX_LEVEL)?;
    Some(Path::Tile(Tile { level, index: bundle.index, width: bundle.width }))
}

fn parse_slots(text: &str) -> Option<Bundle> {
    let (index, width) = match text.split_once(".p/") {
        Some((index, width)) => (index, width.parse().ok()?),
        None => (text, FULL_WIDTH),
    };
    let digits: String = index.chars().filter(|c| !matches!(c, 'x' | '/')).collect();
    let index = digits.parse().ok()?;
    (1..=FULL_WIDTH).contains(&width).then_some(Bundle { index, width })
}

#[cfg(test)]
mod tests {
    use super::Path;
    use crate::tlog::bundle::Bundle;
    use crate::tlog::tile::{HEIGHT, Tile, tiles_of};

    #[test]
    fn the_paths_of_the_specification_are_written_and_read() {
        let check = |path: Path, expected: &str| {
            assert_eq!(path.to_string(), expected);
            assert_eq!(expected.parse(), Ok(path));
        };
        let tile = |level, index, width| Path::Tile(Tile { level, index, width });
        check(tile(0, 0, 256), "tile/0/000");
        check(tile(0, 1000, 256), "tile/0/x001/000");
        check(tile(3, 1_234_067, 256), "tile/3/x001/x234/067");
        check(tile(63, 1_234_067, 255), "tile/63/x001/x234/067.p/255");
        check(Path::Entries(Bundle { index: 1000, width: 1 }), "tile/entries/x001/000.p/1");
        check(Path::Statements(Bundle { index: 999, width: 256 }), "statements/999");
        let largest = "tile/0/x018/x446/x744/x073/x709/x551/615";
        check(tile(0, u64::MAX, 256), largest);
        assert_eq!(tile(0, 67, 112).partials(), "tile/0/067.p");
    }

    #[test]
    fn other_spellings_are_refused() {
        for bad in [
            "",
            "tile",
            "tile/0",
            "tile/0/",
            "tile/00/000",
            "tile/64/000",
            "tile/-1/000",
            "tile/+1/000",
            "tile/0/0",
            "tile/0/0000",
            "tile/0/x000/000",
            "tile/0/001/000",
            "tile/0/x001/x000",
            "tile/0/x001000",
            "tile/0/x01/000",
            "tile/0/000.p/0",
            "tile/0/000.p/01",
            "tile/0/000.p/256",
            "tile/0/000.p/+1",
            "tile/0/000.p",
            "tile/0/000.p/",
            "tile/0/000/",
            "/tile/0/000",
            "tile/8/0/000",
            "tile/data/000",
            "tile/Entries/000",
            "statements/x018/x446/x744/x073/x709/x551/616",
            "statements/000.p/1/2",
            "tile/0/٠٠٠",
            "../tile/0/000",
        ] {
            assert!(bad.parse::<Path>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_file_is_as_wide_as_the_tree_makes_it() {
        let check = |path: &str, tree_size, expected: Option<&str>| {
            let found = path.parse::<Path>().unwrap().in_tree_of(tree_size);
            assert_eq!(found.map(|path| path.to_string()).as_deref(), expected, "{path}");
        };
        check("tile/0/000.p/3", 7, Some("tile/0/000.p/7"));
        check("tile/0/000.p/9", 7, Some("tile/0/000.p/7"));
        check("tile/1/000.p/1", 255, None);
        check("tile/1/000.p/1", 70_000, Some("tile/1/000"));
        check("tile/entries/273.p/1", 70_000, Some("tile/entries/273.p/112"));
        check("statements/272.p/1", 70_000, Some("statements/272"));
        check("statements/274.p/1", 70_000, None);
        check("tile/63/000", u64::MAX, None);
    }

    #[test]
    fn a_tree_has_exactly_the_files_of_the_specification() {
        let paths = |tree_size| -> Vec<String> {
            tiles_of(tree_size, HEIGHT).map(|tile| Path::Tile(tile).to_string()).collect()
        };
        assert_eq!(paths(0), Vec::<String>::new());
        assert_eq!(paths(256), ["tile/0/000", "tile/1/000.p/1"]);
        let paths = paths(70_000);
        assert_eq!(
            paths[272..],
            ["tile/0/272", "tile/0/273.p/112", "tile/1/000", "tile/1/001.p/17", "tile/2/000.p/1"]
        );
    }
}
