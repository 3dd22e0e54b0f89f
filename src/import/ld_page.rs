//! The JSON-LD within a page: what stands in its `<script type="application/ld+json">`, at the
//! lines at which it stands there.

/// Whether a file is a page, by how it begins.
pub fn is_page(beginning: &[u8]) -> bool {
    let beginning = beginning.strip_prefix(b"\xef\xbb\xbf").unwrap_or(beginning);
    beginning.trim_ascii_start().starts_with(b"<")
}

/// The page with everything outside those scripts blanked, its line ends kept: JSON values one
/// after the other.
pub fn scripts(page: &[u8]) -> Vec<u8> {
    let lower = page.to_ascii_lowercase();
    let mut blank: Vec<u8> =
        page.iter().map(|byte| if *byte == b'\n' { b'\n' } else { b' ' }).collect();
    let mut at = 0;
    while let Some(begin) = find(&lower, b"<script", at) {
        let Some(end_of_tag) = find(&lower, b">", begin) else { break };
        let end = find(&lower, b"</script", end_of_tag).unwrap_or(page.len());
        let tag = &lower[begin..end_of_tag];
        if find(tag, b"application/ld+json", 0).is_some() {
            blank[end_of_tag + 1..end].copy_from_slice(&page[end_of_tag + 1..end]);
        }
        at = end;
    }
    blank
}

fn find(text: &[u8], words: &[u8], from: usize) -> Option<usize> {
    text[from..].windows(words.len()).position(|window| window == words).map(|place| from + place)
}

#[cfg(test)]
mod tests {
    use super::{is_page, scripts};

    #[test]
    fn scripts_stay_where_they_stand() {
        let page = "<html>\n<script>var a = {};</script>\n<SCRIPT type='application/ld+json'>\n\
                    {\"a\": 1}\n</SCRIPT>\n<p>{}</p><script type=application/ld+json>[]";
        let found = String::from_utf8(scripts(page.as_bytes())).unwrap();
        assert_eq!(found.len(), page.len());
        let lines: Vec<&str> = found.lines().map(str::trim).collect();
        assert_eq!(lines, ["", "", "", "{\"a\": 1}", "", "[]"]);
        assert!(is_page(b"\n <!doctype html>") && !is_page(b"[{\"a\": \"<p>\"}]"));
        assert_eq!(scripts(b"<script"), b"       ");
    }
}
