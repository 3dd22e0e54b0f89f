//! Lines of a stream of any length, each within the limit of a row: what is longer is passed over
//! without being held.

use std::io::{self, BufRead, Read};

use crate::import::draft::MAX_ROW;

/// The most memory that is kept from line to line, in bytes.
const KEPT: usize = 64 * 1024;

/// A stream as lines.
#[derive(Debug)]
pub struct Lines<R> {
    stream: R,
    number: u64,
    /// The line that was read last: a line is looked at before the next one is read.
    held: Vec<u8>,
}

/// One line.
#[derive(Debug, PartialEq, Eq)]
pub struct Line<'l> {
    /// Its number, counted from 1.
    pub number: u64,
    /// Its bytes without the line end; `None` if they are more than [`MAX_ROW`].
    pub bytes: Option<&'l [u8]>,
}

impl<R: BufRead> Lines<R> {
    /// The lines of a stream.
    pub fn new(stream: R) -> Self {
        Self { stream, number: 0, held: Vec::new() }
    }

    /// The next line; `None` at the end of the stream.
    pub fn next_line(&mut self) -> io::Result<Option<Line<'_>>> {
        // Two bytes more, for the line end.
        let limit = MAX_ROW as u64 + 2;
        if self.held.capacity() > KEPT {
            self.held = Vec::new();
        }
        self.held.clear();
        if self.stream.by_ref().take(limit).read_until(b'\n', &mut self.held)? == 0 {
            return Ok(None);
        }
        self.number += 1;
        let number = self.number;
        let is_ended = self.held.ends_with(b"\n");
        let line = self.held.strip_suffix(b"\n").unwrap_or(&self.held);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.len() <= MAX_ROW {
            return Ok(Some(Line { number, bytes: Some(line) }));
        }
        if !is_ended {
            self.stream.skip_until(b'\n')?;
        }
        Ok(Some(Line { number, bytes: None }))
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Read, repeat};

    use super::{Line, Lines};
    use crate::import::draft::MAX_ROW;

    /// The length of each line and its number; no length where it is too long.
    fn lengths(stream: impl BufRead) -> Vec<(u64, Option<usize>)> {
        let mut lines = Lines::new(stream);
        let mut next = || {
            let line = lines.next_line().expect("a stream")?;
            Some((line.number, line.bytes.map(<[u8]>::len)))
        };
        std::iter::from_fn(&mut next).collect()
    }

    #[test]
    fn lines_end_with_or_without_a_carriage_return() {
        let mut lines = Lines::new(&b"a\r\n\nb\rc\r\r\nd\r"[..]);
        for (number, bytes) in (1..).zip([&b"a"[..], b"", b"b\rc\r", b"d"]) {
            let line = lines.next_line().unwrap();
            assert_eq!(line, Some(Line { number, bytes: Some(bytes) }));
        }
        assert_eq!(lines.next_line().unwrap(), None);
    }

    #[test]
    fn a_line_of_a_hundred_megabytes_is_passed_over() {
        let long = repeat(b'x').take(100 * 1024 * 1024);
        let stream = BufReader::new(b"a\n".chain(long).chain(&b"\nbc\n"[..]));
        assert_eq!(lengths(stream), [(1, Some(1)), (2, None), (3, Some(2))]);
    }

    #[test]
    fn a_line_may_be_as_long_as_a_row_and_no_longer() {
        for ends in [&b""[..], b"\n", b"\r\n", b"\nz", b"\r\nz", b"\nz\n"] {
            let lengths_of_rows = (MAX_ROW - 1..MAX_ROW + 4).map(|it| (it, it <= MAX_ROW));
            for (length, found) in lengths_of_rows {
                let stream = BufReader::new(repeat(b'x').take(length as u64).chain(ends));
                let mut expected = vec![(1, found.then_some(length))];
                expected.extend(ends.contains(&b'z').then_some((2, Some(1))));
                assert_eq!(lengths(stream), expected, "{length} bytes and {ends:?}");
            }
        }
    }
}
