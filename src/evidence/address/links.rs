//! The `rel="me"` links of a page: what it says of itself elsewhere (microformats.org,
//! "rel-me"; HTML Standard section 4.6.7.11).
//!
//! One page alone shows nothing, because anybody can link to anybody: that the other page links
//! back is for the caller to see.

use scraper::node::Element;
use scraper::{ElementRef, Html, Selector};
use url::Url;

use crate::evidence::markup::measure;

/// The largest page that is looked at, in bytes: 16 MiB, as for the text of a page.
pub const MAX_PAGE: usize = 16 * 1024 * 1024;

/// The most links that are taken from one page. A profile has a handful.
pub const MAX_LINKS: usize = 1_000;

/// The addresses of a page's `rel="me"` links, as absolute URLs, in the order of the page; empty
/// where it is no page of HTML within the limits. `base` is the page's own address, for links that
/// are relative to it.
pub fn rel_me(page: &[u8], base: Option<&str>) -> Vec<String> {
    let base = base.and_then(|base| Url::parse(base).ok());
    let is_me =
        |words: &str| words.split_ascii_whitespace().any(|word| word.eq_ignore_ascii_case("me"));
    let parsed = |address: &str| match &base {
        Some(base) => base.join(address).ok(),
        None => Url::parse(address).ok(),
    };
    links(page, "a[rel][href], link[rel][href], area[rel][href]", |element| {
        let address = is_me(element.attr("rel")?).then(|| element.attr("href")).flatten()?;
        parsed(address).map(String::from)
    })
}

/// The addresses of all links of a page, as they are written, in the order of the page.
pub fn all(page: &[u8]) -> Vec<String> {
    links(page, "a[href], area[href]", |element| element.attr("href").map(str::to_owned))
}

/// What `take` makes of the links of a page, none of which stands in a template: that is no part
/// of the page before a script puts it there.
fn links(
    page: &[u8],
    selector: &str,
    take: impl Fn(&ElementRef<'_>) -> Option<String>,
) -> Vec<String> {
    let Ok(page) = std::str::from_utf8(page) else { return Vec::new() };
    if page.len() > MAX_PAGE || measure(page).is_err() {
        return Vec::new();
    }
    let selector = Selector::parse(selector).expect("a good selector");
    let document = Html::parse_document(page);
    let is_shown = |element: &ElementRef<'_>| {
        let parents = element.ancestors().filter_map(|node| node.value().as_element());
        !parents.map(Element::name).any(|name| name == "template")
    };
    let shown = document.select(&selector).filter(is_shown);
    shown.filter_map(|element| take(&element)).take(MAX_LINKS).collect()
}

/// Whether two URLs lead to the same page for a reader: apart from http or https, `www.`, a slash
/// at the end, and what follows `#`.
pub fn is_same_page(one: &str, other: &str) -> bool {
    let plain = |url: &str| {
        let url = Url::parse(url).ok()?;
        let host = url.host_str()?;
        let host = host.strip_prefix("www.").unwrap_or(host).to_owned();
        let path = url.path().trim_end_matches('/').to_owned();
        let known = matches!(url.scheme(), "http" | "https");
        known.then(|| (host, url.port(), path, url.query().map(str::to_owned)))
    };
    plain(one).is_some_and(|one| plain(other) == Some(one))
}

/// Whether a URL begins with another, up to the end of a host or of a part of the path: so that
/// `https://mfa.example` does not match `https://mfa.example.net/`.
pub fn begins_as(url: &str, beginning: &str) -> bool {
    url.strip_prefix(beginning).is_some_and(|rest| {
        rest.is_empty() || beginning.ends_with('/') || rest.starts_with(['/', '?', '#'])
    })
}

#[cfg(test)]
mod tests {
    use super::{begins_as, is_same_page, rel_me};

    fn check(page: &str, expected: &[&str]) {
        assert_eq!(rel_me(page.as_bytes(), Some("https://mfa.example/")), expected, "{page}");
    }

    #[test]
    fn links_that_say_me_are_found_and_no_others() {
        // The example of the microformats page, and Mastodon's of its own documentation.
        check("<a href=\"https://twitter.com/t\" rel=\"me\">@t</a>", &["https://twitter.com/t"]);
        check(
            "<head><link href=\"https://mastodon.social/@mfa\" rel=\"Me nofollow\"></head>",
            &["https://mastodon.social/@mfa"],
        );
        check("<a rel=me href=/about>", &["https://mfa.example/about"]);
        for page in [
            "<a rel=\"met\" href=\"https://a.example/\">",
            "<a href=\"https://a.example/\">me</a>",
            "<a rel=\"me\">nowhere</a>",
            "<!-- <a rel=me href=https://a.example/> -->",
            "<script>'<a rel=me href=https://a.example/>'</script>",
            "<template><a rel=me href=https://a.example/></template>",
            "rel=me https://a.example/",
            "",
        ] {
            check(page, &[]);
        }
    }

    #[test]
    fn hostile_pages_have_no_links() {
        assert_eq!(rel_me(b"\xff<a rel=me href=https://a.example/>", None), Vec::<String>::new());
        let deep = "<div>".repeat(100_000) + "<a rel=me href=https://a.example/>";
        assert_eq!(rel_me(deep.as_bytes(), None), Vec::<String>::new());
        let many = "<a rel=me href=https://a.example/></a>".repeat(3_000);
        assert_eq!(rel_me(many.as_bytes(), None).len(), super::MAX_LINKS);
    }

    #[test]
    fn a_beginning_ends_where_a_part_of_the_path_does() {
        assert!(begins_as("https://mfa.example/news/1", "https://mfa.example/news"));
        assert!(begins_as("https://mfa.example?a", "https://mfa.example"));
        assert!(!begins_as("https://mfa.example.net/", "https://mfa.example"));
        assert!(!begins_as("https://mfa.example/newsroom", "https://mfa.example/news"));
    }

    #[test]
    fn one_page_has_several_addresses() {
        for (one, other, expected) in [
            ("https://www.mfa.example/", "http://mfa.example", true),
            ("https://mfa.example/a/", "https://mfa.example/a#top", true),
            ("https://mfa.example/a", "https://mfa.example/b", false),
            ("https://mfa.example/", "https://mfa.example.net/", false),
            ("https://mfa.example/?a", "https://mfa.example/", false),
            ("mailto:a@mfa.example", "mailto:a@mfa.example", false),
        ] {
            assert_eq!(is_same_page(one, other), expected, "{one} {other}");
        }
    }
}
