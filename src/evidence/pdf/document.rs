//! A whole PDF: its pages in order, the text of each, and what could not be read.
//!
//! The text is that of all pages, a form feed between each two; each page is a part. It is what
//! the file says that its glyphs mean, in the order and with the spaces of
//! [`crate::evidence::pdf::line`]. Known holes: words in the colour of the paper, under a picture
//! or in a layer that is switched off count as seen; a font may mean other characters than it
//! draws; columns and tables are read as the file writes them; comments and forms to fill in are
//! not read. So a match says that the words are in the file, and a person must look at the page.
//!
//! Objects and streams are read by the crate `lopdf`, with a limit on everything it unpacks. It
//! has panicked on damaged files before, and its authors mend that as they hear of it: a panic
//! there is caught and refuses the file.

use std::panic::{AssertUnwindSafe, catch_unwind};

use lopdf::xref::XrefRecovery;
use lopdf::{Dictionary, Document, LoadOptions, Object, ObjectId, Stream};

use crate::evidence::html::{Place, Unseen};
use crate::evidence::parts::Part;
use crate::evidence::pdf::content::{MAX_PIECES, MAX_UNPACKED, Reader, Sheet, Shown, Stop};
use crate::evidence::pdf::font::number;
use crate::evidence::pdf::line;
use crate::selector::Position;

/// The largest PDF, in bytes: 32 MiB. Statements have a few pages; what is larger holds pictures.
pub const MAX_PDF: u64 = 32 * 1024 * 1024;

/// The most pages: those of the longest reports.
pub const MAX_PAGES: usize = 5_000;

/// The most streams of objects, and what each may unpack to: together at most 512 MiB pass by,
/// none of which is kept. Programs put about a hundred objects into each.
const MAX_OBJECT_STREAMS: usize = 2_048;
const OBJECTS_UNPACKED: usize = 256 * 1024 * 1024;
const MIN_OBJECTS: usize = 256 * 1024;
const MAX_OBJECTS: usize = 16 * 1024 * 1024;

/// How many nodes of the page tree may stand above a page.
const MAX_ABOVE: usize = 64;

/// The most facts that are told of the pages; what comes behind is told as a number.
const MAX_FACTS: usize = 20;

/// Why a PDF gives no text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// It is no PDF, or too damaged.
    #[error("capture cannot be read as a PDF: {reason}")]
    Damaged {
        /// What is wrong with it, in the words of the parser.
        reason: String,
    },
    /// Its words are encrypted.
    #[error("the PDF is encrypted, or protected against copying: its words cannot be checked")]
    Encrypted,
    /// It has no page.
    #[error("the PDF has no page")]
    NoPage,
    /// It has too many pages.
    #[error("the PDF has more than {MAX_PAGES} pages, the most that are read")]
    Pages,
    /// What is packed in it is too much.
    #[error(
        "the PDF unpacks to more than {MAX_UNPACKED} bytes of instructions, or one page to \
             more than a page ever has"
    )]
    Unpacked,
    /// It shows too many characters.
    #[error("the PDF shows more than {MAX_PIECES} characters, the most that are read")]
    Pieces,
}

/// What the pages of a PDF say.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pages {
    /// The text of all pages, a form feed between each two.
    pub text: String,
    /// The pages and where each stands, in code points.
    pub parts: Vec<(Part, Position)>,
    /// Words that stand on a page and cannot be seen.
    pub unseen: Vec<Unseen>,
    /// What a reader should know of the pages, such as that one is a picture.
    pub facts: Vec<String>,
}

/// Reads the pages of a PDF.
pub fn extract(bytes: &[u8]) -> Result<Pages, Error> {
    let read = catch_unwind(AssertUnwindSafe(|| read(bytes)));
    let panicked = || Error::Damaged { reason: "its parser gave up".to_owned() };
    read.unwrap_or_else(|_| Err(panicked()))
}

fn read(bytes: &[u8]) -> Result<Pages, Error> {
    let damaged = |reason: &str| Error::Damaged { reason: reason.to_owned() };
    // Readers look for the header in the first kilobyte (ISO 32000-1 annex H, note 13).
    let head = &bytes[..bytes.len().min(1024)];
    if !head.windows(5).any(|window| window == b"%PDF-") {
        return Err(damaged("it does not begin with %PDF-"));
    }
    let options =
        LoadOptions { max_decompressed_size: Some(object_limit(bytes)?), ..LoadOptions::default() };
    let document =
        Document::load_mem_with_options(bytes, options).map_err(|error| match error {
            lopdf::Error::InvalidPassword | lopdf::Error::Decryption(_) => Error::Encrypted,
            other => Error::Damaged { reason: other.to_string() },
        })?;
    if document.is_encrypted() || document.was_encrypted() {
        return Err(Error::Encrypted);
    }
    // A rebuilt table may show objects of an earlier version of the file (lopdf's own words).
    if document.xref_recovery == Some(XrefRecovery::Reconstructed) {
        return Err(damaged(
            "its table of objects is damaged, so it may show other words than meant",
        ));
    }
    let ids: Vec<ObjectId> = document.page_iter().take(MAX_PAGES + 1).collect();
    if ids.len() > MAX_PAGES {
        return Err(Error::Pages);
    }
    if ids.is_empty() {
        return Err(Error::NoPage);
    }
    let mut reader = Reader::new(&document);
    let mut written = Written::default();
    for (id, number) in ids.into_iter().zip(1..) {
        let shown = match document.get_dictionary(id) {
            Ok(page) => page_shows(&document, &mut reader, page)?,
            Err(_) => Shown::default(),
        };
        written.take(number, &shown);
    }
    Ok(written.finish())
}

/// How much each stream of objects may unpack to, by how many there are.
fn object_limit(bytes: &[u8]) -> Result<usize, Error> {
    // A name may hide its letters behind #4f and the like: every sign of that counts as one.
    let count = bytes.windows(6).filter(|window| *window == b"ObjStm").count()
        + bytes
            .windows(4)
            .filter(|window| window.starts_with(b"/O#") || *window == b"/#4f")
            .count()
        + bytes.windows(4).filter(|window| *window == b"/#4F").count();
    if count > MAX_OBJECT_STREAMS {
        return Err(Error::Unpacked);
    }
    Ok((OBJECTS_UNPACKED / count.max(1)).clamp(MIN_OBJECTS, MAX_OBJECTS))
}

fn page_shows<'d>(
    document: &'d Document,
    reader: &mut Reader<'d>,
    page: &'d Dictionary,
) -> Result<Shown, Error> {
    let contents = page.get_deref(b"Contents", document).ok();
    let streams: Vec<&Stream> = match contents {
        Some(Object::Stream(stream)) => vec![stream],
        Some(Object::Array(items)) => {
            let streams = items.iter().filter_map(|item| document.dereference(item).ok());
            streams.filter_map(|(_, object)| object.as_stream().ok()).collect()
        }
        _ => Vec::new(),
    };
    let resources = inherited(document, page, b"Resources");
    let resources = resources.and_then(|resources| resources.as_dict().ok());
    let sheet = ["CropBox", "MediaBox"]
        .into_iter()
        .find_map(|name| sheet(document, inherited(document, page, name.as_bytes())?));
    reader.read(&streams, resources, sheet).map_err(|stop| match stop {
        Stop::Unpacked => Error::Unpacked,
        Stop::Pieces => Error::Pieces,
    })
}

/// What a page has of itself or from above (section 7.7.3.4).
fn inherited<'d>(document: &'d Document, page: &'d Dictionary, name: &[u8]) -> Option<&'d Object> {
    let mut node = page;
    for _ in 0..MAX_ABOVE {
        if let Ok(found) = node.get_deref(name, document) {
            return Some(found);
        }
        node = node.get_deref(b"Parent", document).ok()?.as_dict().ok()?;
    }
    None
}

fn sheet(document: &Document, corners: &Object) -> Option<Sheet> {
    let corners: Vec<f64> = corners
        .as_array()
        .ok()?
        .iter()
        .filter_map(|corner| number(document.dereference(corner).ok()?.1))
        .collect();
    let &[a, b, c, d] = corners.as_slice() else { return None };
    // Any two opposite corners (section 7.9.5).
    let sheet = ((a.min(c), b.min(d)), (a.max(c), b.max(d)));
    let ((left, bottom), (right, top)) = sheet;
    (left < right && bottom < top).then_some(sheet)
}

/// The pages that were read so far.
#[derive(Default)]
struct Written {
    pages: Pages,
    length: u64,
    fact_count: usize,
}

impl Written {
    fn take(&mut self, number: u32, shown: &Shown) {
        if number > 1 {
            self.pages.text.push('\u{c}');
            self.length += 1;
        }
        let words = line::join(&shown.seen);
        let start = self.length;
        self.length += words.chars().count() as u64;
        let position = Position { start, end: self.length };
        self.pages.parts.push((Part::Page(number), position));
        let unseen = line::join(&shown.unseen);
        if words.is_empty() {
            self.fact(if unseen.is_empty() {
                format!("page {number} has no text: it is a picture, or empty")
            } else {
                format!(
                    "page {number} shows no text: it is a picture with words laid under it that \
                     cannot be seen, as text recognition does"
                )
            });
        }
        if shown.unreadable > 0 {
            let count = shown.unreadable;
            self.fact(format!("on page {number} {count} signs stand for no known character"));
        }
        if !shown.is_whole {
            self.fact(format!("page {number} could not be read whole"));
        }
        self.pages.text.push_str(&words);
        if !unseen.is_empty() {
            self.pages.unseen.push(Unseen { place: Place::Layer, words: unseen });
        }
    }

    fn fact(&mut self, fact: String) {
        self.fact_count += 1;
        if self.pages.facts.len() < MAX_FACTS {
            self.pages.facts.push(fact);
        }
    }

    fn finish(mut self) -> Pages {
        let more = self.fact_count - self.pages.facts.len();
        if more > 0 {
            self.pages.facts.push(format!("of other pages {more} more such things are to be said"));
        }
        self.pages
    }
}
