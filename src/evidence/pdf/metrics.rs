//! How wide the letters of the fonts are that a PDF need not bring along (ISO 32000-1 section
//! 9.6.2.2): Adobe's published metrics of Helvetica, Times and Courier, in thousandths.
//!
//! Only the 95 characters of ASCII have widths of their own here; a letter with an accent is as
//! wide as the letter. They tell where a word ends and nothing else.

use unicode_normalization::UnicodeNormalization;

/// What a letter is taken to measure that has no width here.
const OTHER: u16 = 500;

/// The widths of the characters from 32 to 126.
type Widths = [u16; 95];

/// How wide a character is in the font of this name.
pub fn width(font: &[u8], words: &str) -> f64 {
    let name = String::from_utf8_lossy(font);
    let is = |part: &str| name.contains(part);
    let is_bold = is("Bold");
    let widths = match (is("Times"), is("Italic")) {
        _ if is("Courier") => return 600.0,
        (true, false) if is_bold => &TIMES_BOLD,
        (true, false) => &TIMES,
        (true, true) if is_bold => &TIMES_BOLD_ITALIC,
        (true, true) => &TIMES_ITALIC,
        (false, _) if is_bold => &HELVETICA_BOLD,
        (false, _) => &HELVETICA,
    };
    let letter = words.nfd().next().and_then(|letter| (letter as usize).checked_sub(32));
    f64::from(letter.and_then(|place| widths.get(place)).copied().unwrap_or(OTHER))
}

#[rustfmt::skip]
const HELVETICA: Widths = [
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278,
    556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556,
    1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778,
    667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556,
    333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556,
    556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
];

#[rustfmt::skip]
const HELVETICA_BOLD: Widths = [
    278, 333, 474, 556, 556, 889, 722, 238, 333, 333, 389, 584, 278, 333, 278, 278,
    556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 333, 333, 584, 584, 584, 611,
    975, 722, 722, 722, 722, 667, 611, 778, 722, 278, 556, 722, 611, 833, 722, 778,
    667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 333, 278, 333, 584, 556,
    333, 556, 611, 556, 611, 556, 333, 611, 611, 278, 278, 556, 278, 889, 611, 611,
    611, 611, 389, 556, 333, 611, 556, 778, 556, 556, 500, 389, 280, 389, 584,
];

#[rustfmt::skip]
const TIMES: Widths = [
    250, 333, 408, 500, 500, 833, 778, 180, 333, 333, 500, 564, 250, 333, 250, 278,
    500, 500, 500, 500, 500, 500, 500, 500, 500, 500, 278, 278, 564, 564, 564, 444,
    921, 722, 667, 667, 722, 611, 556, 722, 722, 333, 389, 722, 611, 889, 722, 722,
    556, 722, 667, 556, 611, 722, 722, 944, 722, 722, 611, 333, 278, 333, 469, 500,
    333, 444, 500, 444, 500, 444, 333, 500, 500, 278, 278, 500, 278, 778, 500, 500,
    500, 500, 333, 389, 278, 500, 500, 722, 500, 500, 444, 480, 200, 480, 541,
];

#[rustfmt::skip]
const TIMES_BOLD: Widths = [
    250, 333, 555, 500, 500, 1000, 833, 278, 333, 333, 500, 570, 250, 333, 250, 278,
    500, 500, 500, 500, 500, 500, 500, 500, 500, 500, 333, 333, 570, 570, 570, 500,
    930, 722, 667, 722, 722, 667, 611, 778, 778, 389, 500, 778, 667, 944, 722, 778,
    611, 778, 722, 556, 667, 722, 722, 1000, 722, 722, 667, 333, 278, 333, 581, 500,
    333, 500, 556, 444, 556, 444, 333, 500, 556, 278, 333, 556, 278, 833, 556, 500,
    556, 556, 444, 389, 333, 556, 500, 722, 500, 500, 444, 394, 220, 394, 520,
];

#[rustfmt::skip]
const TIMES_ITALIC: Widths = [
    250, 333, 420, 500, 500, 833, 778, 214, 333, 333, 500, 675, 250, 333, 250, 278,
    500, 500, 500, 500, 500, 500, 500, 500, 500, 500, 333, 333, 675, 675, 675, 500,
    920, 611, 611, 667, 722, 611, 611, 722, 722, 333, 444, 667, 556, 833, 667, 722,
    611, 722, 611, 500, 556, 722, 611, 833, 611, 556, 556, 389, 278, 389, 422, 500,
    333, 500, 500, 444, 500, 444, 278, 500, 500, 278, 278, 444, 278, 722, 500, 500,
    500, 500, 389, 389, 278, 500, 444, 667, 444, 444, 389, 400, 275, 400, 541,
];

#[rustfmt::skip]
const TIMES_BOLD_ITALIC: Widths = [
    250, 389, 555, 500, 500, 833, 778, 278, 333, 333, 500, 570, 250, 333, 250, 278,
    500, 500, 500, 500, 500, 500, 500, 500, 500, 500, 333, 333, 570, 570, 570, 500,
    832, 667, 667, 667, 722, 667, 667, 722, 778, 389, 500, 667, 611, 889, 722, 722,
    611, 722, 667, 556, 611, 722, 667, 889, 667, 611, 611, 333, 278, 333, 570, 500,
    333, 500, 500, 444, 500, 444, 333, 500, 556, 278, 278, 500, 278, 778, 556, 500,
    500, 500, 389, 389, 278, 556, 444, 667, 500, 444, 389, 348, 220, 348, 570,
];

#[cfg(test)]
mod tests {
    use super::width;

    /// From Adobe's font metrics files.
    #[test]
    fn letters_are_as_wide_as_adobe_says() {
        for (font, letter, expected) in [
            ("Helvetica", " ", 278.0),
            ("Helvetica-BoldOblique", "W", 944.0),
            ("Times-Roman", "~", 541.0),
            ("Times-BoldItalic", "@", 832.0),
            ("Times-Roman", "é", 444.0),
            ("Courier-Bold", "i", 600.0),
            ("Helvetica", "漢", 500.0),
            ("Helvetica", "", 500.0),
        ] {
            assert!((width(font.as_bytes(), letter) - expected).abs() < 0.1, "{font} {letter}");
        }
    }
}
