//! A guard in front of the CSV parser: it sees every byte of a table once, says where each row
//! begins and what is wrong with its quotation marks, and cuts a row that is longer than the limit,
//! so that the parser never holds more than one row of bounded length.
//!
//! The parser itself takes almost anything: a quotation mark that is never closed, or not doubled,
//! would swallow or bend cells in silence.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{self, Read};
use std::rc::Rc;

use crate::import::draft::MAX_ROW;

/// How many bytes are looked at at once.
const CHUNK: usize = 64 * 1024;

/// Something about the bytes at an offset of what the guard hands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event {
    /// The offset in bytes.
    pub at: u64,
    /// What it is.
    pub kind: Kind,
}

/// What the guard saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A row begins, on this line of the file, counted from 1.
    Start(u64),
    /// The row is longer than [`MAX_ROW`] and was cut.
    TooLong,
    /// A quotation mark within a quoted cell is not doubled, on this line.
    StrayQuote(u64),
    /// The file ends within a quoted cell, which began on this line.
    Unclosed(u64),
}

/// What the guard saw, for whoever reads behind the parser.
pub type Events = Rc<RefCell<VecDeque<Event>>>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before the first byte of a row.
    RowStart,
    /// Before the first byte of a cell.
    CellStart,
    /// In a cell without quotation marks.
    Plain,
    /// In a quoted cell.
    Quoted,
    /// Behind a quotation mark in a quoted cell: the end of it, or the first of two.
    Quote,
}

/// The guard.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own about the stream")]
pub struct Guard<R> {
    stream: R,
    delimiter: u8,
    has_quotes: bool,
    state: State,
    line: u64,
    quoted_since: u64,
    after_return: bool,
    length: usize,
    is_cut: bool,
    at: u64,
    is_begun: bool,
    is_ended: bool,
    output: Vec<u8>,
    given: usize,
    events: Events,
}

impl<R: Read> Guard<R> {
    /// Guards a stream whose cells are parted by `delimiter`.
    pub fn new(stream: R, delimiter: u8, has_quotes: bool) -> Self {
        Self {
            stream,
            delimiter,
            has_quotes,
            state: State::RowStart,
            line: 1,
            quoted_since: 1,
            after_return: false,
            length: 0,
            is_cut: false,
            at: 0,
            is_begun: false,
            is_ended: false,
            output: Vec::new(),
            given: 0,
            events: Events::default(),
        }
    }

    /// What it saw and will see.
    pub fn events(&self) -> Events {
        Rc::clone(&self.events)
    }

    fn more(&mut self) -> io::Result<()> {
        let mut chunk = vec![0; CHUNK];
        let mut count = self.stream.read(&mut chunk)?;
        if !self.is_begun {
            // The mark is three bytes, which a pipe may hand over one by one.
            while count < 3 {
                match self.stream.read(&mut chunk[count..])? {
                    0 => break,
                    more => count += more,
                }
            }
            self.is_begun = true;
        } else if count == 0 {
            self.end();
            return Ok(());
        }
        let bytes = &chunk[..count];
        let is_first = self.at == 0 && self.output.is_empty();
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").filter(|_| is_first).unwrap_or(bytes);
        (self.output, self.given) = (Vec::with_capacity(bytes.len() + 2), 0);
        for byte in bytes {
            self.take(*byte);
        }
        Ok(())
    }

    fn end(&mut self) {
        if self.state == State::Quoted {
            let at = self.at.saturating_sub(1);
            self.tell(at, Kind::Unclosed(self.quoted_since));
        }
        self.is_ended = true;
    }

    fn tell(&self, at: u64, kind: Kind) {
        self.events.borrow_mut().push_back(Event { at, kind });
    }

    fn give(&mut self, byte: u8) {
        self.output.push(byte);
        self.at += 1;
    }

    fn take(&mut self, byte: u8) {
        let is_break = matches!(byte, b'\n' | b'\r');
        if self.state == State::RowStart && !is_break {
            self.tell(self.at, Kind::Start(self.line));
        }
        self.state = self.next(byte);
        let is_row_end = self.state == State::RowStart;
        if is_break && !(byte == b'\n' && self.after_return) {
            self.line += 1;
        }
        self.after_return = byte == b'\r';
        if is_row_end {
            (self.length, self.is_cut) = (0, false);
            self.give(byte);
            return;
        }
        self.length += 1;
        if self.length <= MAX_ROW {
            self.give(byte);
        } else if !self.is_cut {
            self.is_cut = true;
            self.tell(self.at.saturating_sub(1), Kind::TooLong);
            if self.state == State::Quoted {
                self.give(b'"');
            }
        }
    }

    fn next(&mut self, byte: u8) -> State {
        match (self.state, byte) {
            (State::Quoted, b'"') => State::Quote,
            (State::Quoted, _) | (State::Quote, b'"') => State::Quoted,
            (_, b'\n' | b'\r') => State::RowStart,
            (_, byte) if byte == self.delimiter => State::CellStart,
            (State::RowStart | State::CellStart, b'"') if self.has_quotes => {
                self.quoted_since = self.line;
                State::Quoted
            }
            (State::Quote, _) => {
                self.tell(self.at, Kind::StrayQuote(self.line));
                State::Plain
            }
            _ => State::Plain,
        }
    }
}

impl<R: Read> Read for Guard<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.given == self.output.len() && !self.is_ended {
            self.more()?;
        }
        let count = (&self.output[self.given..]).read(buffer)?;
        self.given += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, repeat};

    use super::{Guard, Kind};
    use crate::import::draft::MAX_ROW;

    fn check(bytes: &[u8], expected: &[(u64, Kind)]) {
        let mut guard = Guard::new(bytes, b',', true);
        let mut through = Vec::new();
        guard.read_to_end(&mut through).unwrap();
        let events: Vec<_> = guard.events.borrow().iter().map(|it| (it.at, it.kind)).collect();
        assert_eq!(events, expected, "{}", String::from_utf8_lossy(bytes));
        let plain = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        assert_eq!(through, plain);
    }

    #[test]
    fn rows_are_found_by_their_lines_and_quotation_marks_are_watched() {
        use Kind::{Start, StrayQuote, Unclosed};
        check(b"a,b\r\n\r\nc,d", &[(0, Start(1)), (7, Start(3))]);
        check(b"a\rb\nc", &[(0, Start(1)), (2, Start(2)), (4, Start(3))]);
        check(b"\xef\xbb\xbf\"a\nb\",c\nd", &[(0, Start(1)), (8, Start(3))]);
        check(b"\"a \"\"b\"\"\",c\n", &[(0, Start(1))]);
        check(b"a \"b\" c,d\n", &[(0, Start(1))]);
        check(b"\"a \"b\" c\",d\ne\n", &[(0, Start(1)), (4, StrayQuote(1)), (12, Start(2))]);
        check(b"a\n\"b\nc\n", &[(0, Start(1)), (2, Start(2)), (6, Unclosed(2))]);
    }

    #[test]
    fn a_row_of_a_hundred_megabytes_is_cut_and_the_next_one_stands_on_its_line() {
        for (quote, line) in [("", 3), ("\"", 3)] {
            let long = repeat(b'x').take(100 * 1024 * 1024);
            let begin = format!("id,text\n1,{quote}");
            let end = format!("{quote}\n2,b\n");
            let stream = begin.as_bytes().chain(long).chain(end.as_bytes());
            let mut guard = Guard::new(stream, b',', true);
            let mut through = Vec::new();
            guard.read_to_end(&mut through).unwrap();
            assert!(through.len() < MAX_ROW + 100);
            assert!(through.ends_with(b"\n2,b\n"));
            let kinds: Vec<Kind> = guard.events.borrow().iter().map(|it| it.kind).collect();
            let start = Kind::Start;
            assert_eq!(kinds, [start(1), start(2), Kind::TooLong, start(line)]);
        }
    }
}
