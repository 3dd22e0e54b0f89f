//! A font of a PDF: which characters its codes stand for, and how far each moves the pen
//! (ISO 32000-1 sections 9.6, 9.7 and 9.10.2).
//!
//! A code stands for what the font's `ToUnicode` says; else, in a simple font, for the glyph that
//! its encoding names; else for nothing that is known. Glyphs are never looked at: a font that
//! draws an A and calls it B is read as B.

use std::collections::BTreeMap;

use lopdf::{Dictionary, Document, Encoding, Object};

use crate::evidence::pdf::cmap::{CMap, Code};
use crate::evidence::pdf::metrics;

/// The largest `ToUnicode` that is read, in bytes: 65,536 codes of 20 bytes.
const MAX_TO_UNICODE: usize = 2 * 1024 * 1024;

/// The most widths that are kept: a font has at most 65,536 glyphs.
const MAX_WIDTHS: usize = 70_000;

/// A code of a string that is shown.
#[derive(Debug, Clone, PartialEq)]
pub struct Shown {
    /// The characters that it stands for; `None` if nobody says.
    pub meaning: Option<String>,
    /// How far it moves the pen, in thousandths of the font's size.
    pub width: f64,
    /// Whether word spacing applies: the single byte 32.
    pub is_space: bool,
}

/// A font.
#[derive(Debug, Clone)]
pub struct Font {
    to_unicode: Option<CMap>,
    kind: Kind,
    widths: BTreeMap<u32, f64>,
    /// `None` in a font that need not bring its widths along.
    other_width: Option<f64>,
    name: Vec<u8>,
    /// Whether its lines run from top to bottom.
    pub is_vertical: bool,
}

#[derive(Debug, Clone)]
enum Kind {
    /// One byte a code; what each byte stands for by the encoding.
    Simple(Vec<Option<String>>),
    /// Two bytes a code, a number of the font's own.
    Identity,
    /// UTF-16 in the order of the network.
    Utf16,
    /// Codes of a table that is not read here: only `ToUnicode` tells.
    Foreign,
}

impl Font {
    /// Reads a font. `spend` is asked for the bytes that a stream takes.
    pub fn read(
        document: &Document,
        font: &Dictionary,
        spend: &mut dyn FnMut(usize) -> bool,
    ) -> Self {
        let to_unicode = font
            .get_deref(b"ToUnicode", document)
            .and_then(Object::as_stream)
            .and_then(|stream| stream.decompressed_content_with_limit(MAX_TO_UNICODE))
            .ok()
            .filter(|content| spend(content.len()))
            .map(|content| CMap::parse(&content));
        let subtype = font.get_deref(b"Subtype", document).and_then(Object::as_name);
        if matches!(subtype, Ok(b"Type0")) {
            return Self::composite(document, font, to_unicode);
        }
        let (widths, other_width) = simple_widths(document, font);
        let kind = Kind::Simple(simple_encoding(document, font));
        let name = font.get_deref(b"BaseFont", document).and_then(Object::as_name);
        let name = name.unwrap_or_default().to_vec();
        Self { to_unicode, kind, widths, other_width, name, is_vertical: false }
    }

    fn composite(document: &Document, font: &Dictionary, to_unicode: Option<CMap>) -> Self {
        let encoding = font.get_deref(b"Encoding", document).and_then(Object::as_name);
        let name = encoding.unwrap_or_default();
        let kind = match name {
            b"Identity-H" | b"Identity-V" => Kind::Identity,
            // `UniGB-UCS2-H`, `UniJIS-UTF16-V` and their like (table 118).
            _ if name.starts_with(b"Uni") && has(name, b"-UCS2-") => Kind::Utf16,
            _ if name.starts_with(b"Uni") && has(name, b"-UTF16-") => Kind::Utf16,
            _ => Kind::Foreign,
        };
        let (widths, other_width) = composite_widths(document, font);
        let is_vertical = name.ends_with(b"-V");
        let other_width = Some(other_width);
        Self { to_unicode, kind, widths, other_width, name: Vec::new(), is_vertical }
    }

    /// The codes of a string, in order.
    pub fn codes(&self, string: &[u8]) -> Vec<Shown> {
        let mut shown = Vec::new();
        let mut rest = string;
        while !rest.is_empty() {
            let (bytes, after) = rest.split_at(self.code_length(rest).min(rest.len()));
            rest = after;
            shown.push(self.shown(bytes));
        }
        shown
    }

    fn code_length(&self, rest: &[u8]) -> usize {
        match self.kind {
            Kind::Simple(_) => 1,
            Kind::Utf16 if matches!(rest[0], 0xd8..=0xdb) => 4,
            Kind::Identity | Kind::Utf16 => 2,
            Kind::Foreign => {
                self.to_unicode.as_ref().and_then(|map| map.code_length(rest)).unwrap_or(1)
            }
        }
    }

    fn shown(&self, bytes: &[u8]) -> Shown {
        let code = Code::of(bytes);
        let said = code.and_then(|code| self.to_unicode.as_ref()?.meaning(code));
        let meaning = said.or_else(|| match &self.kind {
            Kind::Simple(table) => table[usize::from(bytes[0])].clone(),
            Kind::Utf16 => utf16(bytes),
            Kind::Identity | Kind::Foreign => None,
        });
        let known = match self.kind {
            Kind::Simple(_) | Kind::Identity => code.and_then(|code| self.widths.get(&code.value)),
            // By which number the font knows the glyph is not read.
            Kind::Utf16 | Kind::Foreign => None,
        };
        let width = known.copied().or(self.other_width);
        let by_name = || metrics::width(&self.name, meaning.as_deref().unwrap_or_default());
        let width = width.unwrap_or_else(by_name);
        Shown { meaning, width, is_space: bytes == b" " }
    }
}

fn has(name: &[u8], part: &[u8]) -> bool {
    name.windows(part.len()).any(|window| window == part)
}

fn utf16(bytes: &[u8]) -> Option<String> {
    let units = bytes.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
    String::from_utf16(&units.collect::<Vec<_>>()).ok().filter(|words| !words.contains('\0'))
}

/// What the bytes of a simple font stand for by its encoding (section 9.6.6).
fn simple_encoding(document: &Document, font: &Dictionary) -> Vec<Option<String>> {
    let encoding = font.get_deref(b"Encoding", document).ok();
    let described = encoding.and_then(|encoding| encoding.as_dict().ok());
    let base = match encoding {
        Some(Object::Name(name)) => Some(name.as_slice()),
        _ => described.and_then(|encoding| encoding.get(b"BaseEncoding").ok()?.as_name().ok()),
    };
    let base = base.or_else(|| (!has_own_encoding(document, font)).then_some(b"StandardEncoding"));
    let mut table = base.map_or_else(|| vec![None; 256], standard_encoding);
    let differences = described
        .and_then(|encoding| encoding.get_deref(b"Differences", document).ok()?.as_array().ok());
    let mut code = 0_usize;
    for item in differences.into_iter().flatten() {
        match item {
            Object::Integer(number) => code = usize::try_from(*number).unwrap_or(usize::MAX),
            Object::Name(name) => {
                if let Some(entry) = table.get_mut(code) {
                    *entry = glyph(name);
                }
                code = code.saturating_add(1);
            }
            _ => {}
        }
    }
    table
}

/// Whether what a byte stands for is said only inside the font's program: symbols, and fonts that
/// were cut down to the glyphs of the document.
fn has_own_encoding(document: &Document, font: &Dictionary) -> bool {
    const SYMBOLIC: i64 = 4;
    let name = font.get_deref(b"BaseFont", document).and_then(Object::as_name);
    let subtype = font.get_deref(b"Subtype", document).and_then(Object::as_name);
    let is_type3 = matches!(subtype, Ok(b"Type3"));
    let is_symbols = name.is_ok_and(|name| has(name, b"Symbol") || has(name, b"Dingbats"));
    let descriptor = font.get_deref(b"FontDescriptor", document).and_then(Object::as_dict);
    let is_symbolic = descriptor.is_ok_and(|descriptor| {
        let flags = descriptor.get_deref(b"Flags", document).and_then(Object::as_i64);
        flags.is_ok_and(|flags| flags & SYMBOLIC != 0)
    });
    is_type3 || is_symbols || is_symbolic
}

/// One of the encodings of ISO 32000-1 annex D.
fn standard_encoding(name: &[u8]) -> Vec<Option<String>> {
    let known = [b"StandardEncoding".as_slice(), b"WinAnsiEncoding", b"MacRomanEncoding"];
    if !known.contains(&name) {
        return vec![None; 256];
    }
    let mut font = Dictionary::new();
    font.set("Type", Object::Name(b"Font".to_vec()));
    font.set("Encoding", Object::Name(name.to_vec()));
    let document = Document::new();
    let Ok(encoding) = font.get_font_encoding_with_limit(&document, 0) else {
        return vec![None; 256];
    };
    (0..=u8::MAX).map(|byte| single(&encoding, byte)).collect()
}

fn single(encoding: &Encoding<'_>, byte: u8) -> Option<String> {
    encoding.bytes_to_string(&[byte]).ok().filter(|words| !words.is_empty())
}

/// What a glyph of this name stands for: by the Adobe Glyph List, or as `uni0041` and `u1F600`
/// say themselves (Adobe Glyph List Specification, section 2).
fn glyph(name: &[u8]) -> Option<String> {
    let name = name.split(|byte| *byte == b'.').next().filter(|name| !name.is_empty())?;
    let number = |digits: &[u8]| {
        let is_hex = digits.iter().all(|c| matches!(c, b'0'..=b'9' | b'A'..=b'F'));
        let digits = std::str::from_utf8(digits).ok().filter(|_| is_hex)?;
        char::from_u32(u32::from_str_radix(digits, 16).ok()?).filter(|c| *c != '\0')
    };
    if let Some(digits) = name.strip_prefix(b"uni")
        && digits.len() >= 4
        && digits.len() <= 64
        && digits.len().is_multiple_of(4)
    {
        return digits.chunks(4).map(number).collect();
    }
    if let Some(digits) = name.strip_prefix(b"u")
        && (4..=6).contains(&digits.len())
        && let Some(character) = number(digits)
    {
        return Some(character.to_string());
    }
    let ligature = match name {
        b"f_f" => Some("ff"),
        b"f_i" => Some("fi"),
        b"f_l" => Some("fl"),
        b"f_f_i" => Some("ffi"),
        b"f_f_l" => Some("ffl"),
        _ => None,
    };
    if let Some(ligature) = ligature {
        return Some(ligature.to_owned());
    }
    let mut font = Dictionary::new();
    let differences = vec![Object::Integer(1), Object::Name(name.to_vec())];
    let mut encoding = Dictionary::new();
    encoding.set("Differences", Object::Array(differences));
    font.set("Type", Object::Name(b"Font".to_vec()));
    font.set("Encoding", Object::Dictionary(encoding));
    let document = Document::new();
    // A name that the list does not have makes the crate fall back to an encoding without byte 1.
    single(&font.get_font_encoding_with_limit(&document, 0).ok()?, 1)
}

/// The widths of a simple font in thousandths, and that of the codes it does not list.
fn simple_widths(document: &Document, font: &Dictionary) -> (BTreeMap<u32, f64>, Option<f64>) {
    let subtype = font.get_deref(b"Subtype", document).and_then(Object::as_name);
    // The glyphs of such a font have a measure of their own (section 9.6.5).
    let scale = if matches!(subtype, Ok(b"Type3")) {
        let matrix = font.get_deref(b"FontMatrix", document).and_then(Object::as_array);
        matrix.ok().and_then(|matrix| number(matrix.first()?)).unwrap_or(0.001) * 1000.0
    } else {
        1.0
    };
    let first = font.get_deref(b"FirstChar", document).and_then(Object::as_i64).unwrap_or(0);
    let listed = font.get_deref(b"Widths", document).and_then(Object::as_array);
    let mut widths = BTreeMap::new();
    for (code, width) in (first..).zip(listed.into_iter().flatten()).take(256) {
        if let (Ok(code), Some(width)) = (u32::try_from(code), dereferenced(document, width)) {
            widths.insert(code, width * scale);
        }
    }
    let descriptor = font.get_deref(b"FontDescriptor", document).and_then(Object::as_dict);
    let missing = descriptor.ok().map(|descriptor| {
        descriptor.get_deref(b"MissingWidth", document).ok().and_then(number).unwrap_or(0.0) * scale
    });
    (widths, missing)
}

/// The widths of a composite font in thousandths, and that of the rest (section 9.7.4.3).
fn composite_widths(document: &Document, font: &Dictionary) -> (BTreeMap<u32, f64>, f64) {
    const DEFAULT: f64 = 1000.0;
    let mut widths = BTreeMap::new();
    let descendants = font.get_deref(b"DescendantFonts", document).and_then(Object::as_array);
    let Some(descendant) = descendants
        .ok()
        .and_then(|fonts| document.dereference(fonts.first()?).ok()?.1.as_dict().ok())
    else {
        return (widths, DEFAULT);
    };
    let other = descendant.get_deref(b"DW", document).ok().and_then(number).unwrap_or(DEFAULT);
    let Ok(items) = descendant.get_deref(b"W", document).and_then(Object::as_array) else {
        return (widths, other);
    };
    let mut items = items.iter();
    while let (Some(first), Some(second)) = (items.next(), items.next()) {
        let Some(first) = first.as_i64().ok().and_then(|code| u32::try_from(code).ok()) else {
            break;
        };
        let Ok((_, second)) = document.dereference(second) else { break };
        match second {
            Object::Array(list) => {
                let list = list.iter().filter_map(number).take(MAX_WIDTHS - widths.len());
                widths.extend((first..).zip(list));
            }
            Object::Integer(last) => {
                let Some(width) = items.next().and_then(number) else { break };
                let last = u32::try_from(*last).unwrap_or(0).min(0xffff);
                let codes = (first..=last).take(MAX_WIDTHS - widths.len());
                widths.extend(codes.map(|code| (code, width)));
            }
            _ => break,
        }
        if widths.len() >= MAX_WIDTHS {
            break;
        }
    }
    (widths, other)
}

fn dereferenced(document: &Document, object: &Object) -> Option<f64> {
    number(document.dereference(object).ok()?.1)
}

/// A number; none that no page could hold.
pub fn number(object: &Object) -> Option<f64> {
    const MOST: f64 = 1e9;
    let number = object.as_float().ok().map(f64::from)?;
    (number.is_finite() && number.abs() < MOST).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::{glyph, standard_encoding};

    #[test]
    fn a_glyph_stands_for_what_its_name_says() {
        for (name, expected) in [
            ("A", Some("A")),
            ("eacute", Some("é")),
            ("quoteright", Some("’")),
            ("afii10017", Some("А")),
            ("uni6F22", Some("漢")),
            ("uni00660069", Some("fi")),
            ("u1F600", Some("😀")),
            ("f_i", Some("fi")),
            ("a.alt", Some("a")),
            ("g23", None),
            ("uniD800", None),
            ("u0000", None),
            (".notdef", None),
            ("", None),
        ] {
            assert_eq!(glyph(name.as_bytes()).as_deref(), expected, "{name}");
        }
    }

    #[test]
    fn the_encodings_of_the_standard_have_the_standards_characters() {
        let at = |name: &[u8], byte: usize| standard_encoding(name)[byte].clone();
        assert_eq!(at(b"WinAnsiEncoding", 0x93).as_deref(), Some("“"));
        assert_eq!(at(b"StandardEncoding", 0o47).as_deref(), Some("’"));
        assert_eq!(at(b"MacRomanEncoding", 0o212).as_deref(), Some("ä"));
        assert_eq!(at(b"StandardEncoding", 1), None);
        assert_eq!(at(b"NoSuchEncoding", 65), None);
    }
}
