//! A ZIP file in memory, read strictly (PKWARE APPNOTE 6.3.10): what two programs could read in
//! two ways is refused.
//!
//! ```text
//! [local header · name · extra · content · (descriptor)]…  the files, edge to edge from byte 0
//! [central header · name · extra · comment]…               the directory, the same files
//! (zip64 end · zip64 locator) · end · comment              the end, at the end
//! ```
//! A file that only one of the two lists names, two files of one name, files that overlap, bytes
//! that belong to none, names that lead out of the folder they are unpacked to: each is an error.
//! Nothing is ever written to the disk. What the files are is left to others.

use std::borrow::Cow;
use std::collections::HashSet;

use flate2::Crc;

use crate::evidence::package::inflate::{self, Packing, allowance, inflate};

/// How a ZIP file begins.
pub const MAGIC: &[u8] = b"PK\x03\x04";

/// The most files of a ZIP file. A crawl of a large site keeps its pages in a few WARC files;
/// tools that keep each exchange as a file of its own write some hundreds.
pub const MAX_FILES: u64 = 10_000;

/// The longest name of a file, in bytes. File systems allow 255 for each part of a path.
pub const MAX_NAME: usize = 1_024;

const END_LENGTH: usize = 22;
const CENTRAL_LENGTH: usize = 46;
const LOCAL_LENGTH: usize = 30;
/// The longest descriptor behind a content, in bytes: signature, CRC-32 and two 64-bit sizes.
const MAX_DESCRIPTOR: usize = 24;

/// A ZIP file whose directory holds together.
#[derive(Debug)]
pub struct ZipFile<'a> {
    bytes: &'a [u8],
    files: Vec<File>,
}

/// One file of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its path, of `/` and plain names only.
    pub name: String,
    /// Its size unpacked, in bytes, as the directory says.
    pub size: u64,
    deflated: bool,
    crc: u32,
    start: usize,
    content: usize,
    end: usize,
    has_descriptor: bool,
}

/// Why bytes are not a ZIP file that is read here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// It is not a ZIP file, or its parts contradict one another.
    #[error("not a sound zip file: {0}")]
    Unsound(String),
    /// A name leads out of the folder, or is no plain path.
    #[error("zip file names a file `{0}`, expected a plain path below its folder")]
    Name(String),
    /// Two files have one name.
    #[error("zip file has two files named `{0}`")]
    Twice(String),
    /// It uses what this version does not read.
    #[error("file `{name}` of the zip file is {what}, which is not read")]
    Unsupported {
        /// The file.
        name: String,
        /// What it is.
        what: &'static str,
    },
    /// It has more, or becomes more, than is read.
    #[error("zip file has {found} {what}, expected at most {most}")]
    TooMuch {
        /// Files, or unpacked bytes.
        what: &'static str,
        /// The number found.
        found: u64,
        /// The most that is read.
        most: u64,
    },
    /// The content of a file is not what the directory says.
    #[error("file `{name}` of the zip file: {fact}")]
    Content {
        /// The file.
        name: String,
        /// What was found.
        fact: String,
    },
}

impl<'a> ZipFile<'a> {
    /// Reads the directory and holds it against the files' own headers.
    pub fn open(bytes: &'a [u8]) -> Result<Self, Error> {
        let end = find_end(bytes)?;
        let directory = bytes.get(end.start..end.stop).ok_or_else(|| unsound("no directory"))?;
        let mut files = Vec::new();
        let mut names = HashSet::new();
        let mut at = 0;
        for _ in 0..end.files {
            let (file, next) = central(bytes, directory, at)?;
            if !names.insert(file.name.clone()) {
                return Err(Error::Twice(file.name));
            }
            files.push(file);
            at = next;
        }
        if at != directory.len() {
            return Err(unsound("the directory lists more files than its end counts"));
        }
        edge_to_edge(bytes, &files, end.start)?;
        let total = files.iter().fold(0, |total: u64, file| total.saturating_add(file.size));
        let most = allowance(bytes.len() as u64);
        if total > most {
            return Err(Error::TooMuch { what: "bytes unpacked", found: total, most });
        }
        Ok(Self { bytes, files })
    }

    /// The files, in the order of the directory; folders that it lists are left out.
    pub fn files(&self) -> impl Iterator<Item = &File> {
        self.files.iter().filter(|file| !file.name.ends_with('/'))
    }

    /// The file of this name.
    pub fn find(&self, name: &str) -> Option<&File> {
        self.files().find(|file| file.name == name)
    }

    /// The bytes of a file: unpacked, of the size and the CRC-32 that the directory gives.
    pub fn content(&self, file: &File) -> Result<Cow<'a, [u8]>, Error> {
        let wrong = |fact: String| Error::Content { name: file.name.clone(), fact };
        let packed = &self.bytes[file.content..file.end];
        let content = if file.deflated {
            let inflated = inflate(Packing::Deflate, packed, file.size);
            let (content, taken) =
                inflated.map_err(|error: inflate::Error| wrong(error.to_string()))?;
            if taken != packed.len() {
                return Err(wrong("bytes follow its packed content".to_owned()));
            }
            Cow::Owned(content)
        } else {
            Cow::Borrowed(packed)
        };
        if content.len() as u64 != file.size {
            let found = content.len();
            return Err(wrong(format!("has {found} bytes, the directory says {}", file.size)));
        }
        let mut crc = Crc::new();
        crc.update(&content);
        if crc.sum() != file.crc {
            let (found, expected) = (crc.sum(), file.crc);
            let fact = format!("has the crc-32 {found:08x}, the directory says {expected:08x}");
            return Err(wrong(fact));
        }
        Ok(content)
    }
}

fn unsound(fact: &str) -> Error {
    Error::Unsound(fact.to_owned())
}

/// Where the directory lies, and how many files it lists.
struct End {
    start: usize,
    stop: usize,
    files: u64,
}

/// APPNOTE 4.3.14 to 4.3.16. The end record is the one place whose comment reaches the last byte.
fn find_end(bytes: &[u8]) -> Result<End, Error> {
    if !bytes.starts_with(MAGIC) {
        return Err(unsound("it does not begin with a file"));
    }
    let first = bytes.len().saturating_sub(END_LENGTH + usize::from(u16::MAX));
    let last = bytes.len().saturating_sub(END_LENGTH);
    let mut ends = (first..=last).filter(|at| {
        bytes[*at..].starts_with(b"PK\x05\x06")
            && u16_at(bytes, at + 20).map(usize::from) == Some(bytes.len() - at - END_LENGTH)
    });
    let at =
        ends.next().ok_or_else(|| unsound("it has no end record at its end: it may be cut"))?;
    if ends.next().is_some() {
        return Err(unsound("it has two end records"));
    }
    let field16 = |offset| u16_at(bytes, at + offset).map(u64::from).unwrap_or_default();
    let field32 = |offset| u32_at(bytes, at + offset).map(u64::from).unwrap_or_default();
    if field16(4) != 0 || field16(6) != 0 || field16(8) != field16(10) {
        return Err(unsound("it is one part of several"));
    }
    let (mut files, mut size, mut start, mut stop) = (field16(10), field32(12), field32(16), at);
    let is_zip64 = at >= 20 && bytes[at - 20..].starts_with(b"PK\x06\x07");
    if is_zip64 {
        let place = u64_at(bytes, at - 12).and_then(|place| usize::try_from(place).ok());
        let place = place.filter(|place| place.checked_add(56 + 20) == Some(at));
        let place = place.filter(|place| bytes[*place..].starts_with(b"PK\x06\x06"));
        let place = place.ok_or_else(|| unsound("its zip64 end record is not where it says"))?;
        let field = |offset| u64_at(bytes, place + offset).unwrap_or_default();
        let same = |short: u64, limit: u64, long: u64| short == limit || short == long;
        if field(24) != field(32)
            || !same(files, u64::from(u16::MAX), field(32))
            || !same(size, u64::from(u32::MAX), field(40))
            || !same(start, u64::from(u32::MAX), field(48))
        {
            return Err(unsound("its two end records differ"));
        }
        (files, size, start, stop) = (field(32), field(40), field(48), place);
    }
    if files > MAX_FILES {
        return Err(Error::TooMuch { what: "files", found: files, most: MAX_FILES });
    }
    if start.checked_add(size) != Some(stop as u64) {
        return Err(unsound("its directory does not end where its end record begins"));
    }
    let start = usize::try_from(start).map_err(|_| unsound("its directory lies beyond its end"))?;
    Ok(End { start, stop, files })
}

/// Reads the header at `at` of the directory, and the local header it points to.
fn central(bytes: &[u8], directory: &[u8], at: usize) -> Result<(File, usize), Error> {
    let cut = || unsound("its directory is cut");
    let header = directory.get(at..).filter(|rest| rest.len() >= CENTRAL_LENGTH).ok_or_else(cut)?;
    if !header.starts_with(b"PK\x01\x02") {
        return Err(unsound("its directory lists fewer files than its end counts"));
    }
    let field16 = |offset| u16_at(header, offset).unwrap_or_default();
    let field32 = |offset| u32_at(header, offset).map(u64::from).unwrap_or_default();
    let name_end = CENTRAL_LENGTH + usize::from(field16(28));
    let extra_end = name_end + usize::from(field16(30));
    let next = extra_end + usize::from(field16(32));
    if header.len() < next {
        return Err(cut());
    }
    let (flags, method) = (field16(8), field16(10));
    let name = plain_name(&header[CENTRAL_LENGTH..name_end], flags)?;
    supported(&name, flags, method, field32(38))?;
    let mut sizes = [field32(24), field32(20), field32(42)];
    zip64(&header[name_end..extra_end], &mut sizes)
        .ok_or_else(|| unsound("a zip64 field is missing or cut"))?;
    let [size, packed, start] = sizes;
    let beyond = || Error::Content { name: name.clone(), fact: "lies beyond the end".to_owned() };
    let start = usize::try_from(start).map_err(|_| beyond())?;
    let packed = usize::try_from(packed).map_err(|_| beyond())?;
    if method == 0 && packed as u64 != size {
        let fact = format!("is stored in {packed} bytes and said to have {size}");
        return Err(Error::Content { name, fact });
    }
    let crc = u32_at(header, 16).unwrap_or_default();
    let local = Local { flags, method, crc, size, packed: packed as u64, name: &name };
    let content = local_header(bytes, start, &local)?;
    let end = content.checked_add(packed).filter(|end| *end <= bytes.len()).ok_or_else(beyond)?;
    let (deflated, has_descriptor) = (method == 8, flags & 8 != 0);
    Ok((File { name, size, deflated, crc, start, content, end, has_descriptor }, at + next))
}

/// What the directory says of a file, to be found again in its own header.
struct Local<'a> {
    flags: u16,
    method: u16,
    crc: u32,
    size: u64,
    packed: u64,
    name: &'a str,
}

/// Holds a file's own header against the directory; says where its content begins.
fn local_header(bytes: &[u8], start: usize, expected: &Local<'_>) -> Result<usize, Error> {
    let differs = |what: &str| {
        let fact = format!("its own header and the directory differ in its {what}");
        Error::Content { name: expected.name.to_owned(), fact }
    };
    let header = bytes.get(start..).filter(|rest| rest.len() >= LOCAL_LENGTH);
    let header =
        header.filter(|header| header.starts_with(MAGIC)).ok_or_else(|| differs("place"))?;
    let field16 = |offset| u16_at(header, offset).unwrap_or_default();
    let field32 = |offset| u32_at(header, offset).unwrap_or_default();
    let name_end = LOCAL_LENGTH + usize::from(field16(26));
    let content = name_end + usize::from(field16(28));
    if header.len() < content {
        return Err(differs("length"));
    }
    if &header[LOCAL_LENGTH..name_end] != expected.name.as_bytes() {
        return Err(differs("name"));
    }
    if field16(6) != expected.flags || field16(8) != expected.method {
        return Err(differs("packing"));
    }
    // Written as a stream, CRC-32 and sizes stand behind the content, and may be 0 here.
    let later = expected.flags & 8 != 0;
    let crc = field32(14);
    if crc != expected.crc && !(later && crc == 0) {
        return Err(differs("crc-32"));
    }
    let same = |found: u32, expected: u64| {
        u64::from(found) == expected || found == u32::MAX || (later && found == 0)
    };
    if !same(field32(18), expected.packed) || !same(field32(22), expected.size) {
        return Err(differs("size"));
    }
    Ok(start + content)
}

/// Refuses what is encrypted, packed by another method, or a link.
fn supported(name: &str, flags: u16, method: u16, attributes: u64) -> Result<(), Error> {
    // Bits 0, 6 and 13 (APPNOTE 4.4.4) say that content or directory are encrypted, bit 5 that
    // the content is a patch.
    let what = if flags & 0b0010_0000_0110_0001 != 0 {
        "encrypted"
    } else if !matches!(method, 0 | 8) {
        "packed by a method other than store and deflate"
    } else if (attributes >> 16) & 0o170_000 == 0o120_000 {
        "a link to another file"
    } else {
        return Ok(());
    };
    Err(Error::Unsupported { name: name.to_owned(), what })
}

/// A path that stays below its folder on every system.
fn plain_name(name: &[u8], flags: u16) -> Result<String, Error> {
    let refused = || {
        Error::Name(String::from_utf8_lossy(&name[..name.len().min(80)]).escape_debug().to_string())
    };
    let text = str::from_utf8(name).map_err(|_| refused())?;
    // Without bit 11 (APPNOTE 4.4.4) the letters are of another alphabet than UTF-8.
    let is_marked = text.is_ascii() || flags & (1 << 11) != 0;
    let parts = text.strip_suffix('/').unwrap_or(text);
    let is_plain = name.len() <= MAX_NAME
        && is_marked
        && !text.contains(|c: char| c == '\\' || c.is_control())
        && !(text.as_bytes().get(1) == Some(&b':') && text.as_bytes()[0].is_ascii_alphabetic())
        && parts.split('/').all(|part| !matches!(part, "" | "." | ".."));
    if is_plain { Ok(text.to_owned()) } else { Err(refused()) }
}

/// Takes the 64-bit values for those that say `ffffffff` (APPNOTE 4.5.3), in this order: size,
/// packed size, place.
fn zip64(mut extra: &[u8], values: &mut [u64; 3]) -> Option<()> {
    let mut wanted: Vec<&mut u64> =
        values.iter_mut().filter(|value| **value == u64::from(u32::MAX)).collect();
    if wanted.is_empty() {
        return Some(());
    }
    while extra.len() >= 4 {
        let (kind, length) = (u16_at(extra, 0)?, usize::from(u16_at(extra, 2)?));
        let field = extra.get(4..4 + length)?;
        if kind == 1 {
            for (index, value) in wanted.iter_mut().enumerate() {
                **value = u64_at(field, 8 * index)?;
            }
            return Some(());
        }
        extra = &extra[4 + length..];
    }
    None
}

/// Whether the files lie edge to edge from the first byte to the directory.
fn edge_to_edge(bytes: &[u8], files: &[File], directory: usize) -> Result<(), Error> {
    let mut order: Vec<&File> = files.iter().collect();
    order.sort_by_key(|file| file.start);
    if order.first().is_none_or(|file| file.start != 0) {
        return Err(unsound("it does not begin with a file that its directory lists"));
    }
    let starts = order.iter().skip(1).map(|file| file.start).chain([directory]);
    for (file, next) in order.iter().zip(starts) {
        let Some(gap) = next.checked_sub(file.end) else {
            let fact = "overlaps with what follows it".to_owned();
            return Err(Error::Content { name: file.name.clone(), fact });
        };
        let is_descriptor = file.has_descriptor
            && gap <= MAX_DESCRIPTOR
            && is_descriptor(&bytes[file.end..next], file);
        if !(is_descriptor || (gap == 0 && !file.has_descriptor)) {
            let fact = format!("{gap} bytes behind it belong to no file");
            return Err(Error::Content { name: file.name.clone(), fact });
        }
    }
    Ok(())
}

/// Whether bytes are the descriptor of a file (APPNOTE 4.3.9): CRC-32, packed size and size, the
/// sizes of 4 or 8 bytes, with or without a signature.
fn is_descriptor(bytes: &[u8], file: &File) -> bool {
    let bytes = match bytes.len() {
        16 | 24 => match bytes.strip_prefix(b"PK\x07\x08") {
            Some(bytes) => bytes,
            None => return false,
        },
        _ => bytes,
    };
    let packed = (file.end - file.content) as u64;
    let sizes = match bytes.len() {
        12 => (u32_at(bytes, 4).map(u64::from), u32_at(bytes, 8).map(u64::from)),
        20 => (u64_at(bytes, 4), u64_at(bytes, 12)),
        _ => return false,
    };
    u32_at(bytes, 0) == Some(file.crc) && sizes == (Some(packed), Some(file.size))
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..)?.first_chunk().copied()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..)?.first_chunk().copied()?))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(bytes.get(at..)?.first_chunk().copied()?))
}
