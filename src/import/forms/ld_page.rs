//! The JSON-LD within a page: what stands in each `<script type="application/ld+json">`, a document
//! of its own, so that one that is damaged does not touch the next.

/// One script's text.
#[derive(Debug, PartialEq, Eq)]
pub struct Script<'p> {
    /// The line of the page on which it begins, counted from 1.
    pub line: u64,
    /// Its bytes as they stand.
    pub text: &'p [u8],
}

/// Whether a file is a page, by how it begins.
pub fn is_page(beginning: &[u8]) -> bool {
    let beginning = beginning.strip_prefix(b"\xef\xbb\xbf").unwrap_or(beginning);
    beginning.trim_ascii_start().starts_with(b"<")
}

/// The scripts of a page that hold JSON-LD, but for those that are empty.
pub fn scripts(page: &[u8]) -> Vec<Script<'_>> {
    let lower = page.to_ascii_lowercase();
    let (mut scripts, mut at, mut line) = (Vec::new(), 0, 1);
    while let Some(begin) = find(&lower, b"<script", at) {
        let Some(end_of_tag) = find(&lower, b">", begin) else { break };
        let end = find(&lower, b"</script", end_of_tag).unwrap_or(page.len());
        let (tag, text) = (&lower[begin..end_of_tag], &page[end_of_tag + 1..end]);
        line += line_ends(&page[at..=end_of_tag]);
        if find(tag, b"application/ld+json", 0).is_some() && !text.trim_ascii().is_empty() {
            scripts.push(Script { line, text });
        }
        line += line_ends(text);
        at = end;
    }
    scripts
}

fn line_ends(text: &[u8]) -> u64 {
    text.split(|byte| *byte == b'\n').skip(1).count() as u64
}

fn find(text: &[u8], words: &[u8], from: usize) -> Option<usize> {
    text[from..].windows(words.len()).position(|window| window == words).map(|place| from + place)
}

#[cfg(test)]
mod tests {
    use super::{is_page, scripts};

    #[test]
    fn scripts_are_found_with_their_lines() {
        let page = "<html>\n<script>var a = {};</script>\n<SCRIPT type='application/ld+json'>\n\
                    {\"a\": 1}\n</SCRIPT>\n<p>{}</p><script type=application/ld+json>[]";
        let found = scripts(page.as_bytes());
        let found: Vec<(u64, &[u8])> = found.iter().map(|it| (it.line, it.text)).collect();
        assert_eq!(found, [(3, &b"\n{\"a\": 1}\n"[..]), (6, &b"[]"[..])]);
        assert!(is_page(b"\n <!doctype html>") && !is_page(b"[{\"a\": \"<p>\"}]"));
        assert_eq!(scripts(b"<script"), []);
        assert_eq!(scripts(b"<script type=application/ld+json> </script>"), []);
    }
}
