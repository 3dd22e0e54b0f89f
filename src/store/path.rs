//! Names of files inside a ledger: relative, plain, and never inside the private `.state`.
//!
//! A `FilePath` is safe to join to any folder on any system: it cannot climb out, cannot be
//! absolute and cannot name a hidden file. What a path *means* is its owner's business.

use std::fmt;

/// The longest path, in bytes. The longest the layout needs is about 90 (a capture under its
/// digest); 255 is what every file system and every URL takes.
pub const LENGTH_LIMIT: usize = 255;

/// Why a text is no path inside a ledger.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Longer than [`LENGTH_LIMIT`].
    #[error("a path in a ledger has at most {LENGTH_LIMIT} bytes, found {0}")]
    TooLong(usize),
    /// An empty segment, one that begins with a dot, or a character outside `a-z 0-9 . _ -`.
    #[error("{path:?} is no path in a ledger: the segment {segment:?} is not allowed")]
    Segment {
        /// The whole path.
        path: String,
        /// The segment that was refused.
        segment: String,
    },
}

/// A file in a ledger: segments of `a-z 0-9 . _ -` joined by `/`, none beginning with a dot.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FilePath(String);

impl FilePath {
    /// Accepts a text as a path, or says why not.
    pub fn parse(text: &str) -> Result<Self, Error> {
        if text.len() > LENGTH_LIMIT {
            return Err(Error::TooLong(text.len()));
        }
        match text.split('/').find(|segment| !is_segment(segment)) {
            None => Ok(Self(text.to_owned())),
            Some(segment) => {
                Err(Error::Segment { path: text.to_owned(), segment: segment.to_owned() })
            }
        }
    }

    /// The file whose replacement is what commits: the signed checkpoint.
    pub fn checkpoint() -> Self {
        Self("checkpoint".to_owned())
    }

    /// The path as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The folders above the file, outermost first, without the root: `a` and `a/b` for `a/b/c`.
    pub fn folders(&self) -> impl Iterator<Item = &str> {
        self.0.match_indices('/').map(|(end, _)| &self.0[..end])
    }

    /// The folder that holds the file, empty for the root.
    pub fn folder(&self) -> &str {
        self.folders().last().unwrap_or("")
    }
}

/// A leading dot covers `.`, `..`, `.state` and hidden files alike.
fn is_segment(segment: &str) -> bool {
    let allowed = |byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-');
    !segment.is_empty() && !segment.starts_with('.') && segment.bytes().all(allowed)
}

impl fmt::Display for FilePath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl fmt::Debug for FilePath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "FilePath({})", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::{FilePath, LENGTH_LIMIT};

    #[test]
    fn paths_of_the_layout_are_accepted() {
        for good in ["checkpoint", "tile/0/x001/x234/067.p/5", "evidence/sha256/ab/cd-e_f.warc"] {
            assert_eq!(FilePath::parse(good).unwrap().as_str(), good);
        }
        assert!(FilePath::parse(&"a".repeat(LENGTH_LIMIT)).is_ok());
        assert_eq!(FilePath::checkpoint(), FilePath::parse("checkpoint").unwrap());
        let path = FilePath::parse("a/b/c").unwrap();
        assert_eq!(path.folders().collect::<Vec<_>>(), ["a", "a/b"]);
        assert_eq!([path.folder(), FilePath::checkpoint().folder()], ["a/b", ""]);
    }

    #[test]
    fn paths_that_climb_hide_or_surprise_are_refused() {
        let too_long = "a".repeat(LENGTH_LIMIT + 1);
        let bad = [
            "",
            "/",
            "/a",
            "a/",
            "a//b",
            ".",
            "..",
            "a/../b",
            "./a",
            ".state",
            ".state/lock",
            "a/.hidden",
            "A",
            "a b",
            "a\\b",
            "a\0",
            "a\n",
            "é",
            "c:",
            &too_long,
        ];
        for text in bad {
            assert!(FilePath::parse(text).is_err(), "{text:?}");
        }
    }
}
