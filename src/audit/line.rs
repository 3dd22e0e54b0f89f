//! One line of text for people. Words from records are shown as they are, except for characters
//! that would move a terminal's cursor or turn the reading direction: these are shown as codes.

/// The text on one line, with nothing in it that a terminal obeys.
pub fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' | '\r' | '\t' => line.push(' '),
            _ if is_obeyed(character) => {
                line.extend(character.escape_unicode());
            }
            _ => line.push(character),
        }
    }
    line
}

/// The text on one line, cut to a number of characters.
pub fn short_line(text: &str, most: usize) -> String {
    let line = one_line(text);
    if line.chars().count() <= most {
        return line;
    }
    line.chars().take(most).chain(['…']).collect()
}

/// Whether a terminal would act on the character instead of showing it.
pub fn is_obeyed(character: char) -> bool {
    character.is_control() || turns(character)
}

/// The marks, embeddings, overrides and isolates of the Unicode Bidirectional Algorithm (UAX 9),
/// the two separators that end a line, and the byte order mark.
fn turns(character: char) -> bool {
    matches!(character,
        '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::{one_line, short_line};

    #[test]
    fn what_a_terminal_obeys_is_shown_as_its_code() {
        assert_eq!(one_line("a\nb\u{1b}[2J\u{202e}c"), r"a b\u{1b}[2J\u{202e}c");
        assert_eq!(one_line("کتاب\u{200c}ها 漢"), "کتاب\u{200c}ها 漢");
        assert_eq!(short_line("abcd", 4), "abcd");
        assert_eq!(short_line("abcde", 4), "abcd…");
    }
}
