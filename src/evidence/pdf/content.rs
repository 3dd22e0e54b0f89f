//! What the instructions of a page show: pieces of text with their places (ISO 32000-1 section 9).
//!
//! Pictures, lines and colours are passed over. Which pieces a reader cannot see is told by their
//! mode, their size and their place; what lies over them or has the colour of the paper is not.

use std::collections::BTreeMap;
use std::rc::Rc;

use lopdf::content::{Content, Operation};
use lopdf::{Dictionary, Document, Object, ObjectId, Stream};

use crate::evidence::pdf::font::{Font, number};
use crate::evidence::pdf::line::{Piece, Point};

/// The most bytes of instructions, forms and fonts that are unpacked for all pages together:
/// 24 MiB, the text of thirty long books; a page that many others share counts each time.
pub const MAX_UNPACKED: usize = 24 * 1024 * 1024;

/// The longest instructions of one page or form, in bytes: 4 MiB. Each takes many times its size
/// in memory while it is read; a page full of print has about 50 kB.
pub const MAX_CONTENT: usize = 4 * 1024 * 1024;

/// How deep forms may stand within one another, and states may be saved.
const MAX_DEPTH: usize = 16;
const MAX_STATES: usize = 256;

/// The most pieces of all pages together: a character each, as a book of a thousand pages has.
pub const MAX_PIECES: usize = 2_000_000;

/// The smallest letters that count as seen, in units of the page, 72 to an inch.
const MIN_SIZE: f64 = 0.5;

/// What calling a form costs at least, in bytes: forms that call one another many times are
/// stopped by it.
const CALL: usize = 1024;

/// What stops the reading of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// More is packed in it than [`MAX_UNPACKED`], or a page than [`MAX_CONTENT`].
    Unpacked,
    /// It shows more than [`MAX_PIECES`].
    Pieces,
}

/// What is left to spend, and the fonts that were read, for all pages of a document.
pub struct Reader<'d> {
    document: &'d Document,
    fonts: BTreeMap<ObjectId, Rc<Font>>,
    left: usize,
    pieces_left: usize,
}

/// What a page shows.
#[derive(Debug, Default)]
pub struct Shown {
    /// What a reader sees, in the order of the instructions.
    pub seen: Vec<Piece>,
    /// What stands there and cannot be seen.
    pub unseen: Vec<Piece>,
    /// How many codes stand for no character that is known.
    pub unreadable: usize,
    /// Whether all instructions could be read.
    pub is_whole: bool,
}

/// What is seen of a page: its lower left and its upper right corner.
pub type Sheet = (Point, Point);

type Matrix = [f64; 6];

const IDENTITY: Matrix = [1.0, 0.0, 0.0, 1.0, 0.0, 0.0];

/// First `one`, then `other` (section 8.3.4).
fn times(one: &Matrix, other: &Matrix) -> Matrix {
    [
        one[0] * other[0] + one[1] * other[2],
        one[0] * other[1] + one[1] * other[3],
        one[2] * other[0] + one[3] * other[2],
        one[2] * other[1] + one[3] * other[3],
        one[4] * other[0] + one[5] * other[2] + other[4],
        one[4] * other[1] + one[5] * other[3] + other[5],
    ]
}

fn moved(x: f64, y: f64) -> Matrix {
    [1.0, 0.0, 0.0, 1.0, x, y]
}

/// The state that `q` saves (sections 8.4 and 9.3).
#[derive(Clone)]
struct State {
    page: Matrix,
    font: Option<Rc<Font>>,
    size: f64,
    character_space: f64,
    word_space: f64,
    /// A share, not per cent.
    stretch: f64,
    leading: f64,
    rise: f64,
    mode: i64,
}

/// The reading of one page with the forms on it.
struct Page<'r, 'd> {
    reader: &'r mut Reader<'d>,
    shown: Shown,
    sheet: Option<Sheet>,
}

/// Where the pen stands: a text object's matrices.
#[derive(Clone, Copy)]
struct Pen {
    text: Matrix,
    line: Matrix,
}

impl<'d> Reader<'d> {
    /// Nothing is read yet.
    pub fn new(document: &'d Document) -> Self {
        Self { document, fonts: BTreeMap::new(), left: MAX_UNPACKED, pieces_left: MAX_PIECES }
    }

    /// What a page shows, by its instructions and its resources.
    pub fn read(
        &mut self,
        streams: &[&Stream],
        resources: Option<&'d Dictionary>,
        sheet: Option<Sheet>,
    ) -> Result<Shown, Stop> {
        let mut instructions = Vec::new();
        let mut is_whole = true;
        for stream in streams {
            match self.unpack(stream)? {
                Some(content) => instructions.extend(content),
                None => is_whole = false,
            }
            // Instructions may go on from stream to stream, but no word of them does.
            instructions.push(b'\n');
            if instructions.len() > MAX_CONTENT {
                return Err(Stop::Unpacked);
            }
        }
        let shown = Shown { is_whole, ..Shown::default() };
        let mut page = Page { reader: self, shown, sheet };
        let state = State {
            page: IDENTITY,
            font: None,
            size: 0.0,
            character_space: 0.0,
            word_space: 0.0,
            stretch: 1.0,
            leading: 0.0,
            rise: 0.0,
            mode: 0,
        };
        page.run(&instructions, resources, state, 0)?;
        Ok(page.shown)
    }

    fn spend(&mut self, bytes: usize) -> Result<(), Stop> {
        self.left = self.left.checked_sub(bytes.max(CALL)).ok_or(Stop::Unpacked)?;
        Ok(())
    }

    /// The bytes of a stream; `None` if they are packed in a way that is not known.
    fn unpack(&mut self, stream: &Stream) -> Result<Option<Vec<u8>>, Stop> {
        use lopdf::{DecompressError, Error};
        match stream.decompressed_content_with_limit(MAX_CONTENT.min(self.left)) {
            Ok(content) => {
                self.spend(content.len())?;
                Ok(Some(content))
            }
            Err(Error::Decompress(DecompressError::MemoryLimitExceeded { .. })) => {
                Err(Stop::Unpacked)
            }
            Err(_) => {
                self.spend(stream.content.len())?;
                Ok(None)
            }
        }
    }

    /// The font that the resources give this name.
    fn font(&mut self, resources: Option<&'d Dictionary>, name: &[u8]) -> Option<Rc<Font>> {
        let fonts = resources?.get_deref(b"Font", self.document).ok()?.as_dict().ok()?;
        let font = fonts.get(name).ok()?;
        let id = font.as_reference().ok();
        if let Some(known) = id.and_then(|id| self.fonts.get(&id)) {
            return Some(Rc::clone(known));
        }
        let dictionary = self.document.dereference(font).ok()?.1.as_dict().ok()?;
        let left = &mut self.left;
        let mut spend = |bytes: usize| match left.checked_sub(bytes) {
            Some(less) => {
                *left = less;
                true
            }
            None => false,
        };
        // A font written into the resources itself is read again each time, and costs so.
        spend(CALL);
        let font = Rc::new(Font::read(self.document, dictionary, &mut spend));
        if let Some(id) = id {
            self.fonts.insert(id, Rc::clone(&font));
        }
        Some(font)
    }
}

impl<'d> Page<'_, 'd> {
    fn run(
        &mut self,
        instructions: &[u8],
        resources: Option<&'d Dictionary>,
        mut state: State,
        depth: usize,
    ) -> Result<(), Stop> {
        let operations = match Content::decode_strict(instructions) {
            Ok(content) => content.operations,
            Err(_) => {
                self.shown.is_whole = false;
                Content::decode(instructions).map(|content| content.operations).unwrap_or_default()
            }
        };
        let mut saved: Vec<State> = Vec::new();
        let mut pen = Pen { text: IDENTITY, line: IDENTITY };
        for operation in &operations {
            let numbers: Vec<f64> = operation.operands.iter().filter_map(number).collect();
            match (operation.operator.as_str(), numbers.as_slice()) {
                ("q", _) if saved.len() < MAX_STATES => saved.push(state.clone()),
                ("Q", _) => state = saved.pop().unwrap_or(state),
                ("cm", numbers) => {
                    let matrix = <&[f64; 6]>::try_from(numbers);
                    state.page = matrix.map_or(state.page, |matrix| times(matrix, &state.page));
                }
                ("Tf", &[size]) => {
                    let name = operation.operands.first().and_then(|name| name.as_name().ok());
                    state.font = name.and_then(|name| self.reader.font(resources, name));
                    state.size = size;
                }
                ("Do", _) => {
                    let name = operation.operands.first().and_then(|name| name.as_name().ok());
                    if let Some(name) = name {
                        self.form(name, resources, &state, depth)?;
                    }
                }
                _ => self.write(operation, &numbers, &mut state, &mut pen)?,
            }
        }
        Ok(())
    }

    /// Runs a form, which is a page in a page (section 8.10); pictures say nothing.
    fn form(
        &mut self,
        name: &[u8],
        resources: Option<&'d Dictionary>,
        state: &State,
        depth: usize,
    ) -> Result<(), Stop> {
        let document = self.reader.document;
        let stream = resources
            .and_then(|resources| resources.get_deref(b"XObject", document).ok()?.as_dict().ok())
            .and_then(|objects| objects.get_deref(name, document).ok()?.as_stream().ok());
        let Some(stream) = stream else { return Ok(()) };
        let subtype = stream.dict.get_deref(b"Subtype", document).and_then(Object::as_name);
        if !matches!(subtype, Ok(b"Form")) {
            return Ok(());
        }
        if depth == MAX_DEPTH {
            self.shown.is_whole = false;
            return Ok(());
        }
        let Some(content) = self.reader.unpack(stream)? else {
            self.shown.is_whole = false;
            return Ok(());
        };
        let matrix = stream.dict.get_deref(b"Matrix", document).and_then(Object::as_array);
        let matrix: Vec<f64> = matrix.into_iter().flatten().filter_map(number).collect();
        let mut state = state.clone();
        if let &[a, b, c, d, e, f] = matrix.as_slice() {
            state.page = times(&[a, b, c, d, e, f], &state.page);
        }
        let own = stream.dict.get_deref(b"Resources", document).and_then(Object::as_dict);
        self.run(&content, own.ok().or(resources), state, depth + 1)
    }

    /// The operators of text (tables 105 to 109).
    fn write(
        &mut self,
        operation: &Operation,
        numbers: &[f64],
        state: &mut State,
        pen: &mut Pen,
    ) -> Result<(), Stop> {
        let next_line = |pen: &mut Pen, x: f64, y: f64| {
            pen.line = times(&moved(x, y), &pen.line);
            pen.text = pen.line;
        };
        match (operation.operator.as_str(), numbers) {
            ("BT", _) => *pen = Pen { text: IDENTITY, line: IDENTITY },
            ("Tc", &[space]) => state.character_space = space,
            ("Tw", &[space]) => state.word_space = space,
            ("Tz", &[percent]) => state.stretch = percent / 100.0,
            ("TL", &[leading]) => state.leading = leading,
            ("Ts", &[rise]) => state.rise = rise,
            ("Tr", _) => {
                let mode = operation.operands.first().and_then(|mode| mode.as_i64().ok());
                state.mode = mode.unwrap_or(state.mode);
            }
            ("Td", &[x, y]) => next_line(pen, x, y),
            ("TD", &[x, y]) => {
                state.leading = -y;
                next_line(pen, x, y);
            }
            ("Tm", numbers) => {
                pen.line = numbers.try_into().unwrap_or(pen.line);
                pen.text = pen.line;
            }
            ("T*", _) => next_line(pen, 0.0, -state.leading),
            ("Tj", _) => self.show(operation.operands.first(), state, pen)?,
            ("'", _) => {
                next_line(pen, 0.0, -state.leading);
                self.show(operation.operands.first(), state, pen)?;
            }
            ("\"", &[word_space, character_space]) => {
                state.word_space = word_space;
                state.character_space = character_space;
                next_line(pen, 0.0, -state.leading);
                self.show(operation.operands.get(2), state, pen)?;
            }
            ("TJ", _) => {
                let items = operation.operands.first().and_then(|items| items.as_array().ok());
                for item in items.into_iter().flatten() {
                    match number(item) {
                        Some(back) => advance(pen, state, -back / 1000.0 * state.size),
                        None => self.show(Some(item), state, pen)?,
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn show(&mut self, string: Option<&Object>, state: &State, pen: &mut Pen) -> Result<(), Stop> {
        let (Some(Object::String(string, _)), Some(font)) = (string, &state.font) else {
            return Ok(());
        };
        for code in font.codes(string) {
            self.reader.pieces_left = self.reader.pieces_left.checked_sub(1).ok_or(Stop::Pieces)?;
            let before = placed(pen, state);
            let width = code.width / 1000.0 * state.size;
            let space = state.character_space + if code.is_space { state.word_space } else { 0.0 };
            let mut behind = *pen;
            advance(&mut behind, state, width);
            advance(pen, state, width + space);
            if code.meaning.is_none() {
                self.shown.unreadable += 1;
            }
            let words = code.meaning.unwrap_or_else(|| char::REPLACEMENT_CHARACTER.to_string());
            // A code that stands for a line feed or a tab would forge the shape of the text.
            let words = words.replace(|c: char| c.is_control() || c == '\u{2028}', " ");
            let (start, end) = ((before[4], before[5]), placed(&behind, state));
            let along =
                if font.is_vertical { (-before[2], -before[3]) } else { (before[0], before[1]) };
            let length = (along.0 * along.0 + along.1 * along.1).sqrt();
            let size = (before[2] * before[2] + before[3] * before[3]).sqrt() * state.size.abs();
            let places = [start.0, start.1, end[4], end[5], length, size];
            if !places.iter().all(|place| place.is_finite()) || length == 0.0 {
                continue;
            }
            let along = (along.0 / length, along.1 / length);
            let piece = Piece { words, start, end: (end[4], end[5]), along, size };
            if self.is_seen(&piece, state) {
                self.shown.seen.push(piece);
            } else {
                self.shown.unseen.push(piece);
            }
        }
        Ok(())
    }

    fn is_seen(&self, piece: &Piece, state: &State) -> bool {
        // Modes 3 and 7 paint nothing (table 106).
        let is_painted = !matches!(state.mode, 3 | 7);
        let is_on_sheet = self.sheet.is_none_or(|((left, low), (right, high))| {
            let (x, y) = piece.start;
            left <= x && x <= right && low <= y && y <= high
        });
        is_painted && piece.size >= MIN_SIZE && is_on_sheet
    }
}

/// Moves the pen along the line.
fn advance(pen: &mut Pen, state: &State, distance: f64) {
    let is_vertical = state.font.as_ref().is_some_and(|font| font.is_vertical);
    let step =
        if is_vertical { moved(0.0, -distance) } else { moved(distance * state.stretch, 0.0) };
    pen.text = times(&step, &pen.text);
}

/// The matrix of the pen on the page, raised letters included.
fn placed(pen: &Pen, state: &State) -> Matrix {
    times(&times(&moved(0.0, state.rise), &pen.text), &state.page)
}
