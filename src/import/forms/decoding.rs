//! A stream in another encoding, read as UTF-8. What the encoding does not allow becomes a byte
//! that is no UTF-8 either, so that the row in which it stands is named and not mended in silence.

use std::io::{self, Read};

use encoding_rs::{Decoder, DecoderResult, Encoding, UTF_8};

/// How many bytes are decoded at once.
const CHUNK: usize = 16 * 1024;

/// What stands for bytes that the encoding does not allow.
const MALFORMED: u8 = 0xFF;

/// The encoding of this name (WHATWG), as `windows-1252` or `gbk`.
pub fn named(name: &str) -> Option<&'static Encoding> {
    Encoding::for_label(name.trim().as_bytes())
}

/// The encoding that a mark at the beginning of a file names, if it is not UTF-8: spreadsheets
/// save "Unicode text" as UTF-16.
pub fn by_mark(beginning: &[u8]) -> Option<&'static Encoding> {
    let (encoding, _) = Encoding::for_bom(beginning)?;
    (encoding != UTF_8).then_some(encoding)
}

/// Whether a file of JSON, or a page, begins as one in UTF-16 does, with a mark or without: in
/// UTF-8 no zero stands in it.
pub fn is_utf16(beginning: &[u8]) -> bool {
    by_mark(beginning).is_some() || beginning.iter().take(2).any(|byte| *byte == 0)
}

/// A stream that is decoded.
pub struct Decoded<R> {
    stream: R,
    decoder: Decoder,
    input: Vec<u8>,
    /// What of `input` is still to be decoded.
    rest: usize,
    output: Vec<u8>,
    given: usize,
    is_ended: bool,
}

impl<R: Read> Decoded<R> {
    /// The stream, in this encoding.
    pub fn new(stream: R, encoding: &'static Encoding) -> Self {
        let decoder = encoding.new_decoder_with_bom_removal();
        let (input, output) = (Vec::new(), Vec::new());
        Self { stream, decoder, input, rest: 0, output, given: 0, is_ended: false }
    }

    fn more(&mut self) -> io::Result<()> {
        if self.rest == self.input.len() {
            let mut chunk = vec![0; CHUNK];
            let count = self.stream.read(&mut chunk)?;
            chunk.truncate(count);
            (self.input, self.rest, self.is_ended) = (chunk, 0, count == 0);
        }
        let mut output = vec![0; 4 * CHUNK];
        let source = &self.input[self.rest..];
        let (result, read, written) =
            self.decoder.decode_to_utf8_without_replacement(source, &mut output, self.is_ended);
        self.rest += read;
        output.truncate(written);
        if let DecoderResult::Malformed(..) = result {
            output.push(MALFORMED);
            // The end may be malformed too; it is asked for again.
            self.is_ended = false;
        }
        (self.output, self.given) = (output, 0);
        Ok(())
    }
}

impl<R: Read> Read for Decoded<R> {
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
    use std::io::Read;

    use super::{CHUNK, Decoded, by_mark, is_utf16, named};

    fn check(name: &str, bytes: &[u8], expected: &[u8]) {
        let mut found = Vec::new();
        Decoded::new(bytes, named(name).unwrap()).read_to_end(&mut found).unwrap();
        assert_eq!(found, expected, "{name}");
    }

    #[test]
    fn other_encodings_are_read_and_their_faults_stay_visible() {
        check("windows-1252", b"caf\xe9", "café".as_bytes());
        check("gbk", b"\xcd\xe2\xbd\xbb\xb2\xbf", "外交部".as_bytes());
        check("utf-16le", b"\xff\xfea\0\xe9\0", "aé".as_bytes());
        check("gbk", b"a\xffb", b"a\xffb");
        check("shift_jis", b"a\x81", b"a\xff");
        let long = b"\xe9".repeat(3 * CHUNK + 1);
        check("latin1", &long, "é".repeat(3 * CHUNK + 1).as_bytes());
        assert!(named("latin-9000").is_none());
        assert_eq!(by_mark(b"\xff\xfei\0").map(encoding_rs::Encoding::name), Some("UTF-16LE"));
        assert!(by_mark(b"\xef\xbb\xbfid").is_none());
        assert!(is_utf16(b"\xff\xfe{\0") && is_utf16(b"{\0") && is_utf16(b"\0{"));
        assert!(!is_utf16(b"\xef\xbb\xbf{}") && !is_utf16(b"{}"));
    }
}
