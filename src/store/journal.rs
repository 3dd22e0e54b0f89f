//! The journal: everything one commit will do, in one file, so that it happens whole or not.
//!
//! ```text
//! whosaid-journal/1\n
//! checkpoint <length>\n<the unsigned text of the next checkpoint>\n
//! put <length> <path>\n<bytes>\n          the path is free, or holds these bytes
//! replace <length> <path>\n<bytes>\n      the path may hold other bytes
//! place <sha256> <path>\n                 a staged blob to move there
//! remove <path>\n                         a file the new checkpoint supersedes
//! sha256 <hex of all bytes above>\n
//! ```
//! The steps stand in this order, each kind any number of times. The last line makes sure that a
//! journal of which a part was lost is never taken for whole. When and how the steps are done is
//! `commit`'s business.

use std::collections::BTreeSet;

use crate::hash::Hash;
use crate::store::path::FilePath;

/// The first line: the format and its version.
const HEAD: &str = "whosaid-journal/1\n";

/// The last line: `sha256 `, 64 hex digits, a line feed.
const TAIL_LENGTH: usize = 7 + 64 + 1;

/// Why bytes are not a whole journal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Another format or version.
    #[error("not a journal this version knows: the first line is not `whosaid-journal/1`")]
    NotAJournal,
    /// The bytes do not match the hash at their end.
    #[error("the journal is damaged: its bytes do not match the hash at its end")]
    Damaged,
    /// The bytes are what was written, but not what should have been.
    #[error("the journal is malformed at byte {0}")]
    Malformed(usize),
}

/// A file to put in place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Put {
    /// Where.
    pub path: FilePath,
    /// All of it.
    pub bytes: Vec<u8>,
    /// Whether other bytes may stand there and be replaced. Only right for what no checkpoint
    /// covers, or what holds the same content in a new form (an erased statement).
    pub replaces: bool,
}

/// A staged blob to move into place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The digest under which it was staged.
    pub blob: Hash,
    /// Where it goes.
    pub path: FilePath,
}

/// All that one commit will do. Each path is named once, and none lies below another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Journal {
    checkpoint: String,
    puts: Vec<Put>,
    places: Vec<Place>,
    removals: Vec<FilePath>,
    named: BTreeSet<String>,
}

impl Journal {
    /// A journal that so far only replaces the checkpoint, by a signed form of this text.
    pub fn new(checkpoint: impl Into<String>) -> Self {
        // The checkpoint is written by the commit itself, last.
        let named = BTreeSet::from([FilePath::checkpoint().to_string()]);
        let checkpoint = checkpoint.into();
        Self { checkpoint, puts: Vec::new(), places: Vec::new(), removals: Vec::new(), named }
    }

    /// Puts a file at a path that is free, or already holds exactly these bytes.
    pub fn put(&mut self, path: FilePath, bytes: Vec<u8>) {
        assert!(self.name(&path), "{path} is named twice in a journal");
        self.puts.push(Put { path, bytes, replaces: false });
    }

    /// Puts a file at a path that may hold other bytes.
    pub fn replace(&mut self, path: FilePath, bytes: Vec<u8>) {
        assert!(self.name(&path), "{path} is named twice in a journal");
        self.puts.push(Put { path, bytes, replaces: true });
    }

    /// Moves a staged blob to a path that is free, or already holds the same blob.
    pub fn place(&mut self, blob: Hash, path: FilePath) {
        assert!(self.name(&path), "{path} is named twice in a journal");
        self.places.push(Place { blob, path });
    }

    /// Removes a file, if it is there, once the new checkpoint stands.
    pub fn remove(&mut self, path: FilePath) {
        assert!(self.name(&path), "{path} is named twice in a journal");
        self.removals.push(path);
    }

    /// The unsigned text of the next checkpoint.
    pub fn checkpoint(&self) -> &str {
        &self.checkpoint
    }

    /// The files to put.
    pub fn puts(&self) -> &[Put] {
        &self.puts
    }

    /// The staged blobs to move.
    pub fn places(&self) -> &[Place] {
        &self.places
    }

    /// The superseded files to remove.
    pub fn removals(&self) -> &[FilePath] {
        &self.removals
    }

    /// The bytes of the journal's file.
    pub fn format(&self) -> Vec<u8> {
        let text = &self.checkpoint;
        let mut bytes = Vec::with_capacity(self.most_bytes());
        bytes.extend(format!("{HEAD}checkpoint {}\n{text}\n", text.len()).as_bytes());
        for Put { path, bytes: content, replaces } in &self.puts {
            let verb = if *replaces { "replace" } else { "put" };
            bytes.extend(format!("{verb} {} {path}\n", content.len()).as_bytes());
            bytes.extend(content);
            bytes.push(b'\n');
        }
        for Place { blob, path } in &self.places {
            bytes.extend(format!("place {blob} {path}\n").as_bytes());
        }
        for path in &self.removals {
            bytes.extend(format!("remove {path}\n").as_bytes());
        }
        let tail = format!("sha256 {}\n", Hash::of(&bytes));
        bytes.extend(tail.as_bytes());
        bytes
    }

    /// How many bytes its file has at the most, but for what is long beyond reason.
    fn most_bytes(&self) -> usize {
        const LINE: usize = 256;
        let lines = 4 + self.puts.len() + self.places.len() + self.removals.len();
        let contents: usize = self.puts.iter().map(|put| put.bytes.len()).sum();
        self.checkpoint.len() + lines * LINE + contents
    }

    /// Reads a journal back. Accepts exactly what [`Journal::format`] writes.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        if !bytes.starts_with(HEAD.as_bytes()) {
            return Err(Error::NotAJournal);
        }
        let end = bytes.len().checked_sub(TAIL_LENGTH).ok_or(Error::Damaged)?;
        let (body, tail) = bytes.split_at(end);
        if tail != format!("sha256 {}\n", Hash::of(body)).as_bytes() {
            return Err(Error::Damaged);
        }
        let mut cursor = Cursor { bytes: body, position: HEAD.len() };
        let journal = read_steps(&mut cursor).ok_or(Error::Malformed(cursor.position))?;
        // The order of the steps, the form of the numbers: one spelling only.
        if journal.format() != bytes {
            return Err(Error::Malformed(cursor.position));
        }
        Ok(journal)
    }

    /// Takes a path for this journal: false if it, one above it or one below it is taken.
    fn name(&mut self, path: &FilePath) -> bool {
        let below = format!("{path}/");
        let nests = self.named.range(below.clone()..).next();
        let free = nests.is_none_or(|next| !next.starts_with(&below))
            && !path.folders().any(|folder| self.named.contains(folder));
        free && self.named.insert(path.to_string())
    }
}

struct Cursor<'a> {
    bytes: &'a [u8],
    position: usize,
}

impl<'a> Cursor<'a> {
    /// The next line, without its line feed.
    fn line(&mut self) -> Option<&'a str> {
        let rest = &self.bytes[self.position..];
        let length = rest.iter().position(|byte| *byte == b'\n')?;
        self.position += length + 1;
        std::str::from_utf8(&rest[..length]).ok()
    }

    /// The next `length` bytes, which a line feed must follow.
    fn content(&mut self, length: &str) -> Option<&'a [u8]> {
        let length: usize = length.parse().ok()?;
        let rest = &self.bytes[self.position..];
        let content = rest.get(..length)?;
        (rest.get(length) == Some(&b'\n')).then_some(())?;
        self.position += length + 1;
        Some(content)
    }
}

/// The checkpoint's text and the steps; `None` where the cursor stopped.
fn read_steps(cursor: &mut Cursor<'_>) -> Option<Journal> {
    let length = cursor.line()?.strip_prefix("checkpoint ")?;
    let mut journal = Journal::new(std::str::from_utf8(cursor.content(length)?).ok()?);
    while cursor.position < cursor.bytes.len() {
        let (verb, rest) = cursor.line()?.split_once(' ')?;
        let (argument, path) = rest.split_once(' ').unwrap_or(("", rest));
        let path = FilePath::parse(path).ok()?;
        journal.name(&path).then_some(())?;
        match verb {
            "put" | "replace" => {
                let bytes = cursor.content(argument)?.to_vec();
                journal.puts.push(Put { path, bytes, replaces: verb == "replace" });
            }
            "place" => journal.places.push(Place { blob: Hash::from_hex(argument)?, path }),
            "remove" => journal.removals.push(path),
            _ => return None,
        }
    }
    Some(journal)
}

#[cfg(test)]
mod tests {
    use super::{Error, HEAD, Journal, TAIL_LENGTH};
    use crate::hash::Hash;
    use crate::store::path::FilePath;

    fn path(text: &str) -> FilePath {
        FilePath::parse(text).unwrap()
    }

    fn sample() -> Journal {
        let mut journal = Journal::new("example.org/claims\n5\nroot\n");
        journal.put(path("tile/0/000.p/5"), vec![0, 10, 255]);
        journal.replace(path("statements/000.p/5"), b"replace 1 a\nb\n".to_vec());
        journal.put(path("tile/empty"), Vec::new());
        journal.place(Hash::of(b"blob"), path("evidence/sha256/aa/bb"));
        journal.remove(path("statements/000.p/4"));
        journal
    }

    /// Bytes with a right hash at their end.
    fn sealed(body: &str) -> Vec<u8> {
        let body = format!("{HEAD}{body}");
        format!("{body}sha256 {}\n", Hash::of(body.as_bytes())).into_bytes()
    }

    #[test]
    fn the_written_form_is_the_documented_one() {
        let mut journal = Journal::new("t\n");
        journal.put(path("a"), b"b".to_vec());
        journal.replace(path("c"), Vec::new());
        journal.place(Hash::of(b""), path("d/e"));
        journal.remove(path("f"));
        let empty = Hash::of(b"");
        let body =
            format!("checkpoint 2\nt\n\nput 1 a\nb\nreplace 0 c\n\nplace {empty} d/e\nremove f\n");
        assert_eq!(String::from_utf8(journal.format()), String::from_utf8(sealed(&body)));
        assert_eq!(Journal::parse(&sealed(&body)), Ok(journal));
    }

    #[test]
    fn what_is_written_reads_back() {
        for journal in [sample(), Journal::new("")] {
            assert_eq!(Journal::parse(&journal.format()), Ok(journal));
        }
    }

    #[test]
    fn every_byte_mangled_and_every_length_but_the_right_one_is_refused() {
        let good = sample().format();
        for index in 0..good.len() {
            for mask in [0x01, 0x20, 0x80] {
                let mut bad = good.clone();
                bad[index] ^= mask;
                assert!(Journal::parse(&bad).is_err(), "byte {index}");
            }
            assert!(Journal::parse(&good[..index]).is_err(), "cut at {index}");
            let mut zeroed = good.clone();
            zeroed[index..].fill(0);
            assert!(Journal::parse(&zeroed).is_err(), "zero from {index}");
        }
        let longer = [good.as_slice(), b"\n"].concat();
        assert_eq!(Journal::parse(&longer), Err(Error::Damaged));
        assert_eq!(Journal::parse(b""), Err(Error::NotAJournal));
        assert_eq!(Journal::parse(HEAD.as_bytes()), Err(Error::Damaged));
        assert!(good.len() > TAIL_LENGTH);
    }

    #[test]
    fn other_spellings_of_a_whole_journal_are_refused() {
        let bodies = [
            "",
            "checkpoint 02\nt\n\n",
            "checkpoint +2\nt\n\n",
            "checkpoint 3\nt\n\n",
            "checkpoint 9999999999999999999999\nt\n\n",
            "checkpoint 18446744073709551615\nt\n\n",
            "checkpoint 1\n\u{e9}\n",
            "put 0 a\n\ncheckpoint 2\nt\n\n",
            "checkpoint 2\nt\n\nremove a\nput 0 b\n\n",
            "checkpoint 2\nt\n\nput 0 a\n\nremove a\n",
            "checkpoint 2\nt\n\nput 0 a\n\nput 0 a/b\n\n",
            "checkpoint 2\nt\n\nput 0 a/b\n\nput 0 a\n\n",
            "checkpoint 2\nt\n\nput 0 checkpoint\n\n",
            "checkpoint 2\nt\n\nremove checkpoint\n",
            "checkpoint 2\nt\n\nremove ../a\n",
            "checkpoint 2\nt\n\nremove .state/lock\n",
            "checkpoint 2\nt\n\nremove  a\n",
            "checkpoint 2\nt\n\nremove 1 a\n",
            "checkpoint 2\nt\n\nplace 00 a\n",
            "checkpoint 2\nt\n\nmove a\n",
            "checkpoint 2\nt\n\n\n",
        ];
        for body in bodies {
            let parsed = Journal::parse(&sealed(body));
            assert!(matches!(parsed, Err(Error::Malformed(_))), "{body:?}: {parsed:?}");
        }
    }

    #[test]
    #[should_panic(expected = "a/b is named twice")]
    fn a_path_below_another_is_a_mistake_of_the_caller() {
        let mut journal = Journal::new("");
        journal.put(path("a"), Vec::new());
        journal.put(path("a/b"), Vec::new());
    }
}
