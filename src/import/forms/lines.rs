//! Lines of a stream of any length, each within the limit of a row: what is longer is passed over
//! without being held.

use std::io::{self, BufRead};

use crate::import::draft::MAX_ROW;

/// A stream as lines.
#[derive(Debug)]
pub struct Lines<R> {
    stream: R,
    line: u64,
}

/// One line.
#[derive(Debug, PartialEq, Eq)]
pub struct Line {
    /// Its number, counted from 1.
    pub number: u64,
    /// Its bytes without the line end; `None` if they are more than [`MAX_ROW`].
    pub bytes: Option<Vec<u8>>,
    /// Whether a line end follows; the last line of a file may have none.
    pub is_ended: bool,
}

impl<R: BufRead> Lines<R> {
    /// The lines of a stream.
    pub fn new(stream: R) -> Self {
        Self { stream, line: 0 }
    }

    fn read(&mut self) -> io::Result<Option<Line>> {
        let mut bytes = Some(Vec::new());
        let (mut is_ended, mut is_empty) = (false, true);
        while !is_ended {
            let chunk = match self.stream.fill_buf() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                chunk => chunk?,
            };
            if chunk.is_empty() {
                break;
            }
            is_empty = false;
            let end = chunk.iter().position(|byte| *byte == b'\n');
            is_ended = end.is_some();
            let taken = &chunk[..end.unwrap_or(chunk.len())];
            bytes = bytes.filter(|held| held.len() + taken.len() <= MAX_ROW).map(|mut held| {
                held.extend_from_slice(taken);
                held
            });
            let used = taken.len() + usize::from(is_ended);
            self.stream.consume(used);
        }
        if is_empty {
            return Ok(None);
        }
        self.line += 1;
        let bytes = bytes.map(|mut bytes| {
            if bytes.last() == Some(&b'\r') {
                bytes.pop();
            }
            bytes
        });
        Ok(Some(Line { number: self.line, bytes, is_ended }))
    }
}

impl<R: BufRead> Iterator for Lines<R> {
    type Item = io::Result<Line>;

    fn next(&mut self) -> Option<Self::Item> {
        self.read().transpose()
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufReader, Read, repeat};

    use super::{Line, Lines};
    use crate::import::draft::MAX_ROW;

    #[test]
    fn lines_end_with_or_without_a_carriage_return() {
        let lines: Vec<Line> = Lines::new(&b"a\r\n\nb"[..]).map(Result::unwrap).collect();
        let line =
            |number, bytes: &[u8], is_ended| Line { number, bytes: Some(bytes.to_vec()), is_ended };
        assert_eq!(lines, [line(1, b"a", true), line(2, b"", true), line(3, b"b", false)]);
    }

    #[test]
    fn a_line_of_a_hundred_megabytes_is_passed_over() {
        let long = repeat(b'x').take(100 * 1024 * 1024);
        let stream = BufReader::new(b"a\n".chain(long).chain(&b"\nb\n"[..]));
        let lines: Vec<Line> = Lines::new(stream).map(Result::unwrap).collect();
        let lengths: Vec<_> = lines.iter().map(|line| line.bytes.as_ref().map(Vec::len)).collect();
        assert_eq!(lengths, [Some(1), None, Some(1)]);
        assert_eq!(lines[2].number, 3);
        let just = repeat(b'x').take(MAX_ROW as u64);
        let line = Lines::new(BufReader::new(just)).next().unwrap().unwrap();
        assert_eq!(line.bytes.map(|bytes| bytes.len()), Some(MAX_ROW));
    }
}
