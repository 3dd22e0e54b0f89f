//! Which form a file has: by what the user says, by its name, or by how it begins.

/// The form of a file of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// JSON Lines: one record on each line.
    Jsonl,
    /// Cells parted by commas (RFC 4180).
    Csv,
    /// Cells parted by tabs.
    Tsv,
    /// schema.org `ClaimReview`, as JSON-LD or within a page.
    ClaimReview,
}

/// How many bytes of a file are looked at to tell its form.
pub const BEGINNING: usize = 64 * 1024;

/// The form that a file's name says; `None` where the name says nothing, or could say two things.
pub fn by_name(name: &str) -> Option<Format> {
    let (_, ending) = name.rsplit_once('.')?;
    match ending.to_ascii_lowercase().as_str() {
        "jsonl" | "ndjson" => Some(Format::Jsonl),
        "csv" => Some(Format::Csv),
        "tsv" | "tab" => Some(Format::Tsv),
        "jsonld" | "html" | "htm" | "xhtml" => Some(Format::ClaimReview),
        _ => None,
    }
}

/// The form that a file's beginning shows; `None` where it is unclear.
pub fn by_content(beginning: &[u8]) -> Option<Format> {
    let text = String::from_utf8_lossy(beginning);
    let text = text.trim_start_matches('\u{feff}').trim_start();
    let first_line = text.lines().next().unwrap_or_default();
    match text.chars().next()? {
        '<' | '[' => return Some(Format::ClaimReview),
        '{' if text.contains("schema.org") || text.contains("ClaimReview") => {
            return Some(Format::ClaimReview);
        }
        '{' if first_line.trim_end().ends_with('}') => return Some(Format::Jsonl),
        '{' => return None,
        _ => {}
    }
    match (first_line.contains(','), first_line.contains('\t')) {
        (true, false) => Some(Format::Csv),
        (false, true) => Some(Format::Tsv),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Format, by_content, by_name};

    #[test]
    fn the_form_is_told_by_the_name_or_by_the_beginning() {
        assert_eq!(by_name("a.b/remarks.CSV"), Some(Format::Csv));
        assert_eq!(by_name("log.jsonl"), Some(Format::Jsonl));
        assert_eq!(by_name("feed.json"), None);
        assert_eq!(by_name("csv"), None);
        for (beginning, format) in [
            ("{\"claim\": {}}\n{\"party\": {}}\n", Some(Format::Jsonl)),
            (
                "{\"@context\": \"https://schema.org\", \"@type\": \"DataFeed\"",
                Some(Format::ClaimReview),
            ),
            ("\u{feff}\n <!doctype html>", Some(Format::ClaimReview)),
            ("[{\"@type\": \"ClaimReview\"}]", Some(Format::ClaimReview)),
            ("id,created_at,text\n", Some(Format::Csv)),
            ("id\ttext, with a comma\n", None),
            ("id\ttext\n", Some(Format::Tsv)),
            ("{\n  \"a\": 1", None),
            ("words", None),
            ("", None),
        ] {
            assert_eq!(by_content(beginning.as_bytes()), format, "{beginning}");
        }
    }
}
