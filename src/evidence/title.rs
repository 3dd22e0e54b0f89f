//! The title of a page of HTML: what the page calls itself, for people who look at a list.
//!
//! It is shown and proves nothing: the reader of the page does not see it among its words.

use scraper::{Html, Selector};

use crate::evidence::html::MAX_PAGE;
use crate::evidence::markup;

/// The longest title that is shown, in characters.
const MAX_TITLE: usize = 200;

/// The title, with its white space collapsed; `None` if there is none, or the page is not UTF-8 or
/// beyond the limits of `html/1`.
pub fn of_page(bytes: &[u8]) -> Option<String> {
    if bytes.len() as u64 > MAX_PAGE {
        return None;
    }
    let source = std::str::from_utf8(bytes).ok()?;
    markup::measure(source).ok()?;
    let selector = Selector::parse("head > title").expect("a good selector");
    let html = Html::parse_document(source);
    let words: String = html.select(&selector).next()?.text().collect();
    let words: Vec<&str> = words.split_whitespace().collect();
    let title: String = words.join(" ").chars().take(MAX_TITLE).collect();
    (!title.is_empty()).then_some(title)
}

#[cfg(test)]
mod tests {
    use super::{MAX_TITLE, of_page};

    fn check(page: &str, expected: Option<&str>) {
        assert_eq!(of_page(page.as_bytes()).as_deref(), expected, "{page}");
    }

    #[test]
    fn a_title_is_the_heads_and_on_one_line() {
        check("<title>Kabul &amp;\n  Moscow</title><p>a", Some("Kabul & Moscow"));
        check("<p>a</p><svg><title>icon</title></svg>", None);
        check("<title> </title>", None);
        check("no page", None);
        let long = format!("<title>{}</title>", "a".repeat(MAX_TITLE + 1));
        assert_eq!(of_page(long.as_bytes()).map(|it| it.len()), Some(MAX_TITLE));
        assert_eq!(of_page(b"<title>\xff</title>"), None);
    }
}
