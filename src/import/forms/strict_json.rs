//! JSON read strictly: one value, no name twice in one object, nothing deep, and errors that say
//! what was found in words for people.

use serde::Deserialize;
use serde_json::Value;

use crate::import::draft::Problem;
use crate::json::Strict;

/// Reads one JSON value that fills the bytes.
///
/// # Errors
/// What is wrong with them: not UTF-8, not JSON, half an object, a name twice.
pub fn read(bytes: &[u8]) -> Result<Value, Problem> {
    let text = std::str::from_utf8(bytes).map_err(|error| not_utf8(bytes, error.valid_up_to()))?;
    if let Some(rest) = text.strip_prefix('\u{feff}') {
        let what = "a byte order mark stands in the middle of the file";
        let hint = "two files were joined; remove the mark (EF BB BF)";
        return Err(if rest.is_empty() {
            Problem::new(what)
        } else {
            Problem::new(what).hint(hint)
        });
    }
    let mut reader = serde_json::Deserializer::from_str(text);
    let value =
        Strict::deserialize(&mut reader).and_then(|Strict(value)| reader.end().map(|()| value));
    value.map_err(|error| refused(text, &error))
}

/// That bytes are not UTF-8, from this place on.
pub fn not_utf8(bytes: &[u8], place: usize) -> Problem {
    let byte = bytes.get(place).copied().unwrap_or_default();
    let what = format!("byte {} (0x{byte:02X}) begins no character, expected UTF-8", place + 1);
    Problem::new(what).hint("save the file as UTF-8, or name its encoding with --encoding")
}

fn refused(text: &str, error: &serde_json::Error) -> Problem {
    let column = error.column();
    if error.is_eof() {
        let what = format!("the JSON breaks off after {} characters", text.chars().count());
        return Problem::new(what)
            .hint("half of the line is missing, or a line break stands in it");
    }
    let said = error.to_string();
    let said = said.split(" at line ").next().unwrap_or_default().to_owned();
    if said.starts_with("trailing characters") {
        let what = format!("more stands behind the JSON value, from character {column} on");
        return Problem::new(what).hint("one value on each line");
    }
    Problem::new(format!("not JSON: {said}, at character {column}"))
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn what_other_parsers_pass_over_is_refused() {
        let check = |bytes: &[u8], what: &str| {
            let problem = read(bytes).unwrap_err();
            assert!(problem.what.contains(what), "{problem}");
        };
        check(br#"{"a": 1, "b": {"c": 1, "c": 2}}"#, "the name \"c\" stands there twice");
        check(br#"{"a": 1, "#, "the JSON breaks off after 9 characters");
        check(br#"{"a": 1} {"#, "more stands behind the JSON value, from character 10 on");
        check(b"{\"a\": \"caf\xe9\"}", "byte 11 (0xE9) begins no character, expected UTF-8");
        check("\u{feff}{}".as_bytes(), "byte order mark");
        check(b"{'a': 1}", "not JSON: key must be a string, at character 2");
        check(&b"[".repeat(1_000), "not JSON: recursion limit exceeded");
        assert_eq!(read(br#"{"a": [1, -2, "x", null, true]}"#).unwrap()["a"][1], -2);
    }
}
