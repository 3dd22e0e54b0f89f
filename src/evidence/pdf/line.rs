//! From pieces that a page shows to the words that it says: spaces, lines, paragraphs, and the
//! order of right-to-left writing.
//!
//! A PDF says where each piece stands and nothing of words. These rules make a text of it:
//!
//! - Pieces count in the order in which the page shows them, which most programs make the order
//!   of reading. Columns and tables are not looked for.
//! - Where the pen jumps a gap of a fifth of the size of the letters, a space stands.
//! - A line under the one before is joined to it with a space, between two Chinese or Japanese
//!   characters with nothing: that a line ended there was the printer's choice. A hyphen at the
//!   end of a line stays. Any other change of place begins a new line of the text.
//! - A line with Arabic or Hebrew letters that runs from left to right on the page is turned into
//!   the order in which it is read. Numbers and words of other scripts in it keep theirs.
//! - The same characters twice at one place, as bold print is feigned, count once.

/// A place on a page.
pub type Point = (f64, f64);

/// Some characters that a page shows in one piece: mostly one.
#[derive(Debug, Clone, PartialEq)]
pub struct Piece {
    /// The characters.
    pub words: String,
    /// Where the pen stands before them.
    pub start: Point,
    /// Where it stands behind them.
    pub end: Point,
    /// The direction of the line, of length 1.
    pub along: Point,
    /// The size of the letters.
    pub size: f64,
}

/// A gap of this share of the size is a space: the narrowest space of common fonts has a quarter.
const SPACE: f64 = 0.2;

/// Pieces no farther from the line than this share of the size stand in it: raised figures do.
const IN_LINE: f64 = 0.5;

/// A line no farther below the one before than this many sizes goes on with it: print is set with
/// 1.0 to 1.6 sizes from line to line, and more between paragraphs.
const NEXT_LINE: f64 = 1.7;

/// The text of a page, from its pieces in order.
pub fn join(pieces: &[Piece]) -> String {
    let mut text = String::new();
    let mut line: Vec<Piece> = Vec::new();
    for piece in pieces {
        let Some(last) = line.last() else {
            line.push(piece.clone());
            continue;
        };
        if is_printed_twice(last, piece) {
            continue;
        }
        if is_in_line(last, piece) {
            line.push(piece.clone());
            continue;
        }
        let goes_on = is_next_line(&line, piece);
        text.push_str(&in_reading_order(&line));
        let end = text.trim_end_matches(' ').len();
        text.truncate(end);
        let joins = is_unspaced(text.chars().last()) && is_unspaced(piece.words.chars().next());
        match (goes_on, joins) {
            (true, true) => {}
            (true, false) => text.push(' '),
            (false, _) => text.push('\n'),
        }
        line.clear();
        line.push(piece.clone());
    }
    text.push_str(&in_reading_order(&line));
    tidied(&text)
}

/// No space at the ends of a line, no empty line, one space where there are several.
fn tidied(text: &str) -> String {
    let lines = text.split('\n').map(|line| line.split(' ').filter(|word| !word.is_empty()));
    let lines = lines.map(|words| words.collect::<Vec<_>>().join(" "));
    lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

fn minus(one: Point, other: Point) -> Point {
    (one.0 - other.0, one.1 - other.1)
}

fn dot(one: Point, other: Point) -> f64 {
    one.0 * other.0 + one.1 * other.1
}

/// How far `point` lies to the right of the line through `origin`, seen in its direction: below
/// it, where it runs from left to right.
fn below(origin: Point, along: Point, point: Point) -> f64 {
    dot(minus(point, origin), (along.1, -along.0))
}

fn is_printed_twice(last: &Piece, piece: &Piece) -> bool {
    let apart = minus(piece.start, last.start);
    let distance = dot(apart, apart).sqrt();
    let is_visible = !piece.words.trim().is_empty();
    is_visible && piece.words == last.words && distance < SPACE * piece.size
}

fn is_in_line(last: &Piece, piece: &Piece) -> bool {
    let size = last.size.max(piece.size);
    let is_level = below(last.end, last.along, piece.start).abs() <= IN_LINE * size;
    let is_parallel = dot(last.along, piece.along) > 0.99;
    let ahead = dot(minus(piece.start, last.end), last.along);
    // Programs that show Arabic in the order of reading go backwards, a letter at a time.
    let behind = dot(minus(last.start, piece.end), last.along);
    let goes_back = is_right_to_left(&piece.words) || is_right_to_left(&last.words);
    is_level && is_parallel && (ahead >= -size || goes_back && behind.abs() <= 3.0 * size)
}

fn is_next_line(line: &[Piece], piece: &Piece) -> bool {
    let (Some(first), Some(last)) = (line.first(), line.last()) else { return false };
    let size = last.size.max(piece.size);
    let alike = last.size.min(piece.size) > 0.8 * size;
    let down = below(first.start, first.along, piece.start);
    alike && dot(last.along, piece.along) > 0.99 && down > 0.0 && down <= NEXT_LINE * size
}

/// The pieces of one line as they are read, with spaces.
fn in_reading_order(line: &[Piece]) -> String {
    if !line.iter().any(|piece| is_right_to_left(&piece.words)) {
        return spaced(line).concat();
    }
    let pairs = line.windows(2).filter(|pair| {
        pair.iter().all(|piece| is_right_to_left(&piece.words) && !piece.words.trim().is_empty())
    });
    let steps: Vec<f64> =
        pairs.map(|pair| dot(minus(pair[1].start, pair[0].start), pair[0].along)).collect();
    let back = steps.iter().filter(|step| **step < 0.0).count();
    if back * 2 > steps.len() {
        return spaced(line).concat();
    }
    let mut line = line.to_vec();
    let place = |piece: &Piece| dot(piece.start, piece.along);
    line.sort_by(|one, other| place(one).total_cmp(&place(other)));
    let words = marks_behind_letters(&line);
    turned(&words)
}

/// The words of the pieces, and a space where the pen jumps.
fn spaced(line: &[Piece]) -> Vec<String> {
    let mut words: Vec<String> = Vec::with_capacity(line.len());
    for (index, piece) in line.iter().enumerate() {
        let before = index.checked_sub(1).map(|before| &line[before]);
        if let Some(before) = before {
            let size = before.size.max(piece.size);
            let ahead = dot(minus(piece.start, before.end), before.along);
            let behind = dot(minus(before.start, piece.end), before.along);
            let gap = if dot(minus(piece.start, before.start), before.along) < 0.0 {
                behind
            } else {
                ahead
            };
            let has_space = before.words.ends_with(char::is_whitespace)
                || piece.words.starts_with(char::is_whitespace);
            if gap > SPACE * size && !has_space {
                words.push(" ".to_owned());
            }
        }
        words.push(piece.words.clone());
    }
    words
}

/// The words of a line from left to right, where a mark drawn over the letter to its right or
/// left is put before it, so that it follows once the line is turned.
fn marks_behind_letters(line: &[Piece]) -> Vec<String> {
    let mut ordered: Vec<Piece> = Vec::with_capacity(line.len());
    for piece in line {
        let is_mark = piece.words.chars().all(unicode_normalization::char::is_combining_mark);
        let letter = ordered.iter().rposition(|before| {
            let (begin, end) = (dot(before.start, before.along), dot(before.end, before.along));
            let place = dot(piece.start, piece.along);
            begin <= place && place < end
        });
        match letter {
            Some(letter) if is_mark => ordered.insert(letter, piece.clone()),
            _ => ordered.push(piece.clone()),
        }
    }
    spaced(&ordered)
}

/// What one piece does in a line of two directions (after UAX #9).
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Right,
    Left,
    Number,
    Neutral,
}

fn class(words: &str) -> Class {
    if is_right_to_left(words) {
        return Class::Right;
    }
    if words.chars().any(char::is_alphabetic) {
        return Class::Left;
    }
    if words.chars().any(char::is_numeric) { Class::Number } else { Class::Neutral }
}

/// A line that stands from left to right on the page, in the order of reading.
fn turned(words: &[String]) -> String {
    let classes: Vec<Class> = words.iter().map(|words| class(words)).collect();
    let count = |wanted: Class| classes.iter().filter(|class| **class == wanted).count();
    let mostly_right = count(Class::Right) >= count(Class::Left);
    if mostly_right {
        return reversed(words, &classes, &[Class::Left, Class::Number]);
    }
    let mut text = String::new();
    let mut begin = 0;
    while begin < words.len() {
        let end = run_end(&classes, begin, |class| class == Class::Right, |c| c != Class::Left);
        if end > begin {
            let inner = &classes[begin..end];
            text.push_str(&reversed(&words[begin..end], inner, &[Class::Number]));
            begin = end;
        } else {
            text.push_str(&words[begin]);
            begin += 1;
        }
    }
    text
}

/// The pieces from the last to the first; runs of the classes kept stay as they are.
fn reversed(words: &[String], classes: &[Class], kept: &[Class]) -> String {
    let mut runs: Vec<String> = Vec::new();
    let mut begin = 0;
    while begin < words.len() {
        let is_kept = |class: Class| kept.contains(&class);
        let end = run_end(classes, begin, is_kept, |class| {
            is_kept(class) || class == Class::Neutral && kept.contains(&Class::Left)
        });
        // Only within a number, such as 1,000: between two numbers order is the line's.
        let end = end.max(begin + 1);
        runs.push(words[begin..end].concat());
        begin = end;
    }
    runs.reverse();
    runs.concat()
}

/// Where a run ends that begins at `begin` and begins and ends with `is_end`, with `is_inner`
/// between; `begin` if none begins there.
fn run_end(
    classes: &[Class],
    begin: usize,
    is_end: impl Fn(Class) -> bool,
    is_inner: impl Fn(Class) -> bool,
) -> usize {
    let mut end = begin;
    if !is_end(classes[begin]) {
        return begin;
    }
    for (place, class) in classes.iter().enumerate().skip(begin) {
        if is_end(*class) {
            end = place + 1;
        } else if !is_inner(*class) {
            break;
        }
    }
    end
}

/// Whether the letters are Hebrew, Arabic, Syriac or of their kin.
fn is_right_to_left(words: &str) -> bool {
    words.chars().any(|character| {
        matches!(character, '\u{590}'..='\u{65f}' | '\u{66e}'..='\u{6ef}' | '\u{6fa}'..='\u{8ff}'
            | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}' | '\u{1e900}'..='\u{1e95f}')
    })
}

/// Whether a character is Chinese or Japanese, which writes no spaces.
fn is_unspaced(character: Option<char>) -> bool {
    character.is_some_and(|character| {
        matches!(character, '\u{3000}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}'
            | '\u{f900}'..='\u{faff}' | '\u{ff01}'..='\u{ff60}' | '\u{20000}'..='\u{3ffff}')
    })
}

#[cfg(test)]
mod tests {
    use super::{Piece, join};

    fn piece(words: &str, x: f64, y: f64, width: f64) -> Piece {
        let (start, end) = ((x, y), (x + width, y));
        Piece { words: words.to_owned(), start, end, along: (1.0, 0.0), size: 10.0 }
    }

    /// Letters of width 5 from `x` on.
    fn letters(words: &str, x: f64, y: f64) -> Vec<Piece> {
        let places = (0..).map(|number| x + 5.0 * f64::from(number));
        words.chars().zip(places).map(|(c, x)| piece(&c.to_string(), x, y, 5.0)).collect()
    }

    #[test]
    fn a_gap_is_a_space_and_the_next_line_goes_on() {
        let mut pieces = letters("We", 0.0, 100.0);
        pieces.extend(letters("deny", 13.0, 100.0));
        pieces.extend(letters("it", 0.0, 88.0));
        pieces.extend(letters("all.", 13.0, 88.0));
        pieces.extend(letters("Then", 0.0, 60.0));
        pieces.extend(letters("2", 20.0, 64.0));
        assert_eq!(join(&pieces), "We deny it all.\nThen2");
        let twice =
            [piece("a", 0.0, 0.0, 5.0), piece("a", 0.4, 0.0, 5.0), piece("a", 5.4, 0.0, 5.0)];
        assert_eq!(join(&twice), "aa");
        let chinese = [piece("汉", 0.0, 100.0, 10.0), piece("字", 0.0, 88.0, 10.0)];
        assert_eq!(join(&chinese), "汉字");
        assert_eq!(join(&[]), "");
    }

    #[test]
    fn right_to_left_lines_are_turned_if_they_stand_from_left_to_right() {
        let visual: String = "אמר השר".chars().rev().collect();
        assert_eq!(join(&letters(&visual, 0.0, 0.0)), "אמר השר");
        let logical: Vec<Piece> = "אמר השר"
            .chars()
            .zip((0..).map(|number| 100.0 - 5.0 * f64::from(number)))
            .map(|(c, x)| piece(&c.to_string(), x, 0.0, 5.0))
            .collect();
        assert_eq!(join(&logical), "אמר השר");
        // "in 2024 NATO said", as it stands on the page.
        assert_eq!(join(&letters("רמא NATO 2024 תנשב", 0.0, 0.0)), "בשנת NATO 2024 אמר");
        assert_eq!(
            join(&letters("He said םולש 12 םולש twice", 0.0, 0.0)),
            "He said שלום 12 שלום twice"
        );
        // A mark at its letter: the letter first.
        let marked =
            [piece("ב", 0.0, 0.0, 5.0), piece("ש", 5.0, 0.0, 5.0), piece("\u{5c1}", 7.0, 0.0, 0.0)];
        assert_eq!(join(&marked), "ש\u{5c1}ב");
    }
}
