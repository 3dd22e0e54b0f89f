//! What the codes of a font mean: a `ToUnicode` `CMap` (ISO 32000-1 section 9.10.3, Adobe technical
//! note 5411).
//!
//! Only what maps codes to Unicode is read: the code spaces, `bfchar` and `bfrange`. Everything
//! else of the PostScript around them is passed over.

use std::collections::BTreeMap;

/// The most codes and ranges of codes that are kept: a font has at most 65,536 glyphs.
pub const MAX_MAPPINGS: usize = 70_000;

/// The most code points that one code may stand for: a ligature has four or five.
const MAX_MEANING: usize = 32;

/// A code and the number of bytes it is written in: `<01>` is not `<0001>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Code {
    /// How many bytes, 1 to 4.
    pub length: usize,
    /// The bytes as a number, the first one highest.
    pub value: u32,
}

impl Code {
    /// The code that these bytes are; `None` unless there are 1 to 4.
    pub fn of(bytes: &[u8]) -> Option<Self> {
        if !(1..=4).contains(&bytes.len()) {
            return None;
        }
        let value = bytes.iter().fold(0, |value, byte| value << 8 | u32::from(*byte));
        Some(Self { length: bytes.len(), value })
    }
}

/// What codes mean.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CMap {
    spaces: Vec<(Vec<u8>, Vec<u8>)>,
    single: BTreeMap<Code, String>,
    /// By their first code: the last one, and what the first one means.
    ranges: BTreeMap<Code, (u32, String)>,
}

impl CMap {
    /// Reads a `CMap`. What cannot be read is passed over: a code without meaning is a fact.
    pub fn parse(source: &[u8]) -> Self {
        let mut map = Self::default();
        let mut operands: Vec<Token> = Vec::new();
        let mut rest = source;
        while let Some((token, after)) = Token::next(rest) {
            rest = after;
            let Token::Word(word) = &token else {
                if operands.len() < MAX_MAPPINGS {
                    operands.push(token);
                }
                continue;
            };
            match word.as_slice() {
                b"endcodespacerange" => map.take_spaces(&operands),
                b"endbfchar" => map.take_single(&operands),
                b"endbfrange" => map.take_ranges(&operands),
                _ => {}
            }
            operands.clear();
        }
        map
    }

    /// What a code means.
    pub fn meaning(&self, code: Code) -> Option<String> {
        if let Some(meaning) = self.single.get(&code) {
            return Some(meaning.clone());
        }
        let (first, (last, meaning)) = self.ranges.range(..=code).next_back()?;
        if first.length != code.length || code.value > *last {
            return None;
        }
        let mut characters: Vec<char> = meaning.chars().collect();
        let shifted = u32::from(characters.pop()?).checked_add(code.value - first.value)?;
        characters.push(char::from_u32(shifted)?);
        Some(characters.into_iter().collect())
    }

    /// How many bytes the next code of a string has; `None` if no code space holds it.
    pub fn code_length(&self, bytes: &[u8]) -> Option<usize> {
        let holds = |(low, high): &&(Vec<u8>, Vec<u8>)| {
            bytes.len() >= low.len()
                && bytes.iter().zip(low.iter().zip(high)).all(|(b, (l, h))| (l..=h).contains(&b))
        };
        self.spaces.iter().find(holds).map(|(low, _)| low.len())
    }

    fn is_full(&self) -> bool {
        self.single.len() + self.ranges.len() >= MAX_MAPPINGS
    }

    fn take_spaces(&mut self, operands: &[Token]) {
        for pair in operands.chunks_exact(2) {
            if let [Token::Hex(low), Token::Hex(high)] = pair
                && low.len() == high.len()
                && (1..=4).contains(&low.len())
                && self.spaces.len() < 256
            {
                self.spaces.push((low.clone(), high.clone()));
            }
        }
    }

    fn take_single(&mut self, operands: &[Token]) {
        for pair in operands.chunks_exact(2) {
            if let [Token::Hex(code), Token::Hex(meaning)] = pair
                && let (Some(code), Some(meaning)) = (Code::of(code), meaning_of(meaning))
                && !self.is_full()
            {
                self.single.insert(code, meaning);
            }
        }
    }

    fn take_ranges(&mut self, operands: &[Token]) {
        let mut rest = operands.iter();
        while let (Some(first), Some(last)) = (rest.next(), rest.next()) {
            let (Token::Hex(first), Token::Hex(last)) = (first, last) else { return };
            let (Some(first), Some(last)) = (Code::of(first), Code::of(last)) else { return };
            match rest.next() {
                Some(Token::Hex(meaning)) => {
                    if let Some(meaning) = meaning_of(meaning)
                        && !self.is_full()
                    {
                        self.ranges.insert(first, (last.value, meaning));
                    }
                }
                Some(Token::Open) => {
                    let mut code = first;
                    for token in rest.by_ref() {
                        let Token::Hex(meaning) = token else { break };
                        if let Some(meaning) = meaning_of(meaning)
                            && code.value <= last.value
                            && !self.is_full()
                        {
                            self.single.insert(code, meaning);
                        }
                        code.value = code.value.saturating_add(1);
                    }
                }
                _ => return,
            }
        }
    }
}

/// UTF-16 in the order of the network; `None` where it is none, or stands for nothing.
fn meaning_of(bytes: &[u8]) -> Option<String> {
    let units = bytes.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
    // One byte alone is against the standard, and common.
    let units: Vec<u16> = match bytes {
        [only] => vec![u16::from(*only)],
        _ => units.collect(),
    };
    let meaning = String::from_utf16(&units).ok()?;
    let stands_for_nothing = |c: char| c == '\0' || c == char::REPLACEMENT_CHARACTER;
    let is_short = meaning.chars().count() <= MAX_MEANING;
    (!meaning.is_empty() && is_short && !meaning.contains(stands_for_nothing)).then_some(meaning)
}

enum Token {
    Hex(Vec<u8>),
    Open,
    Close,
    /// A name, a number or a string: it maps nothing.
    Other,
    Word(Vec<u8>),
}

impl Token {
    fn next(source: &[u8]) -> Option<(Self, &[u8])> {
        let mut rest = source;
        loop {
            rest = rest.trim_ascii_start();
            // A NUL is white space in PDF (ISO 32000-1 table 1).
            match rest.first()? {
                0 => rest = &rest[1..],
                b'%' => {
                    let end = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r'))?;
                    rest = &rest[end..];
                }
                _ => break,
            }
        }
        let (&first, after) = rest.split_first()?;
        Some(match first {
            b'[' => (Self::Open, after),
            b']' => (Self::Close, after),
            b'<' if after.first() == Some(&b'<') => (Self::Other, &after[1..]),
            b'<' => {
                let end = after.iter().position(|byte| *byte == b'>')?;
                (Self::Hex(from_hex(&after[..end])), &after[end + 1..])
            }
            b'>' | b'{' | b'}' | b')' => (Self::Other, after),
            b'(' => {
                let end = after.iter().position(|byte| *byte == b')')?;
                (Self::Other, &after[end + 1..])
            }
            _ => {
                let ends = |byte: &u8| {
                    byte.is_ascii_whitespace() || matches!(byte, 0 | b'<' | b'[' | b']' | b'/')
                };
                let end = after.iter().position(ends).unwrap_or(after.len());
                let word = &rest[..=end];
                let is_word = first.is_ascii_alphabetic();
                let token = if is_word { Self::Word(word.to_vec()) } else { Self::Other };
                (token, &after[end..])
            }
        })
    }
}

/// The bytes that hexadecimal digits stand for; a last single digit counts as if a 0 followed.
fn from_hex(digits: &[u8]) -> Vec<u8> {
    let digits: Vec<u8> = digits
        .iter()
        .filter_map(|digit| char::from(*digit).to_digit(16))
        .filter_map(|digit| u8::try_from(digit).ok())
        .collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair.get(1).copied().unwrap_or(0)).collect()
}

#[cfg(test)]
mod tests {
    use super::{CMap, Code};

    /// The example of ISO 32000-1 section 9.10.3.
    const EXAMPLE: &[u8] = b"/CIDInit /ProcSet findresource begin 12 dict begin begincmap
        /CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def
        /CMapName /Adobe-Identity-UCS def /CMapType 2 def
        1 begincodespacerange <0000> <FFFF> endcodespacerange
        2 beginbfrange <0000> <005E> <0020>
        <005F> <0061> [<00660066> <00660069> <00660066006C>] endbfrange
        1 beginbfchar <3A51> <D840DC3E> endbfchar
        endcmap CMapName currentdict /CMap defineresource pop end end";

    #[test]
    fn the_example_of_the_standard_maps_as_it_says() {
        let map = CMap::parse(EXAMPLE);
        for (bytes, meaning) in [
            ([0x00, 0x00], Some(" ")),
            ([0x00, 0x5e], Some("~")),
            ([0x00, 0x5f], Some("ff")),
            ([0x00, 0x60], Some("fi")),
            ([0x00, 0x61], Some("ffl")),
            ([0x3a, 0x51], Some("\u{2003e}")),
            ([0x00, 0x62], None),
        ] {
            let code = Code::of(&bytes).unwrap();
            assert_eq!(map.meaning(code).as_deref(), meaning, "{bytes:?}");
        }
        assert_eq!(map.meaning(Code { length: 1, value: 0 }), None);
        assert_eq!(map.code_length(&[1, 2, 3]), Some(2));
        assert_eq!(map.code_length(&[1]), None);
    }

    #[test]
    fn every_cut_and_every_changed_byte_is_answered() {
        for end in 0..EXAMPLE.len() {
            CMap::parse(&EXAMPLE[..end]);
            let mut changed = EXAMPLE.to_vec();
            for byte in [0, b'<', b'>', b'[', 0xff] {
                changed[end] = byte;
                CMap::parse(&changed);
            }
        }
        let wide = CMap::parse(b"beginbfrange <00000000> <ffffffff> <0041> endbfrange");
        let last = Code { length: 4, value: u32::MAX };
        assert_eq!(wide.meaning(last), None);
        assert_eq!(wide.meaning(Code { value: 1, ..last }).as_deref(), Some("B"));
    }
}
