//! The profile `html/1`: the words of a page that its reader sees.
//!
//! Parsing is html5ever's, by the HTML standard; what is seen is decided here, by rules that stand
//! in one place so that a later version of the parser cannot change them:
//!
//! - Comments, scripts, styles, templates, `noscript`, the head with its title, drawings, embedded
//!   media and form fields are no words of the page. Nor is what the `hidden` or `popover`
//!   attribute, a closed `dialog`, or an inline style hides. `aria-hidden` hides nothing from the
//!   eye: it stays. A closed `details` stays: its reader can open it. `rt` and `rp` stand above the
//!   line and not in it: a quotation of the line leaves them out.
//! - White space is collapsed as CSS does (CSS Text 3, 4.1.1), except in `pre` and where an inline
//!   style keeps it. A no-break space is a character like others.
//! - A block begins on a new line, a `br` makes one, table cells are parted by a tab. Elements in
//!   the line are joined with nothing between.
//! - Characters that cannot be seen stay, so that a quote split by one does not match.
//!
//! Known hole: style sheets are not applied. Words hidden by a class count as seen; that a page
//! has style sheets is a fact of its text, to be shown with a match. Text in `q` gets no marks.

use scraper::node::Element;
use scraper::{Html, Node};

use crate::evidence::style::{self, Display, Space, Style};

/// The largest page, in bytes: 16 MiB, a hundred times a heavy news page. The parsed tree takes
/// many times the page's size in memory.
pub const MAX_PAGE: u64 = 16 * 1024 * 1024;

/// Where on a page words stand that its reader does not see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// In a comment.
    Comment,
    /// In a script, style, template or `noscript`.
    Script,
    /// In the head, such as the title.
    Head,
    /// In an element that is hidden.
    Hidden,
    /// In a drawing, or in the stead of embedded media.
    Embedded,
    /// In a form field.
    Field,
    /// In an annotation above the line (`rt`, `rp`).
    Annotation,
    /// On a page of a PDF, where nothing is painted: under a picture, outside the sheet, too small.
    Layer,
}

/// Words that stand on a page and that its reader does not see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unseen {
    /// Where they stand.
    pub place: Place,
    /// The words, white space collapsed.
    pub words: String,
}

/// What a page says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Page {
    /// The words that its reader sees.
    pub seen: String,
    /// The words that its reader does not see.
    pub unseen: Vec<Unseen>,
    /// Whether the page has style sheets, which were not applied.
    pub has_style_sheets: bool,
    /// The character encoding that the page declares for itself, in lower case.
    pub declared_charset: Option<String>,
}

/// Reads a page. Its cost must have been measured before: [`crate::evidence::markup::measure`].
pub fn extract(source: &str) -> Page {
    let html = Html::parse_document(source);
    let mut extraction = Extraction::default();
    let mut node = html.tree.root();
    // Down, along and up by hand: neither the depth of a page nor its size is put on the stack.
    'walk: loop {
        extraction.enter(node.value());
        if let Some(child) = node.first_child() {
            node = child;
            continue;
        }
        loop {
            extraction.leave();
            if let Some(next) = node.next_sibling() {
                node = next;
                break;
            }
            match node.parent() {
                Some(parent) => node = parent,
                None => break 'walk,
            }
        }
    }
    extraction.finish()
}

/// What parts an element from its neighbours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Edge {
    #[default]
    None,
    Tab,
    Line,
}

/// What holds for the words directly in a node.
#[derive(Debug, Clone, Copy, Default)]
struct Frame {
    /// The reason why all in this node is unseen.
    place: Option<Place>,
    edge: Edge,
    space: Space,
    invisible: bool,
    sizeless: bool,
    colourless: bool,
}

/// A walk through the nodes of a page.
#[derive(Default)]
struct Extraction {
    frames: Vec<Frame>,
    page: Page,
    /// Line feeds, a tab or a space that are written once more words follow.
    lines: usize,
    tab: bool,
    space: bool,
}

impl Extraction {
    fn enter(&mut self, node: &Node) {
        let around = self.frames.last().copied().unwrap_or_default();
        let mut frame = Frame { edge: Edge::None, ..around };
        match node {
            Node::Element(element) => {
                self.note(element);
                frame = frame_of(element, around);
                if let Some(place) = frame.place
                    && frame.place != around.place
                {
                    self.page.unseen.push(Unseen { place, words: String::new() });
                }
                if frame.place.is_none() {
                    self.part(frame.edge);
                    if element.name() == "br" {
                        self.lines += 1;
                    }
                }
            }
            Node::Text(text) => self.words(text, around),
            Node::Comment(comment) => {
                let words = collapsed(comment);
                self.page.unseen.push(Unseen { place: Place::Comment, words });
            }
            Node::Document | Node::Fragment | Node::Doctype(_) | Node::ProcessingInstruction(_) => {
            }
        }
        self.frames.push(frame);
    }

    fn leave(&mut self) {
        if let Some(frame) = self.frames.pop()
            && frame.place.is_none()
        {
            self.part(frame.edge);
        }
    }

    fn finish(mut self) -> Page {
        self.page.unseen.retain(|unseen| !unseen.words.is_empty());
        self.page
    }

    /// Notes what an element says about the page as a whole.
    fn note(&mut self, element: &Element) {
        let sheet = element.name() == "style"
            || element.name() == "link"
                && element.attr("rel").is_some_and(|rel| {
                    rel.split_ascii_whitespace().any(|word| word.eq_ignore_ascii_case("stylesheet"))
                });
        self.page.has_style_sheets |= sheet;
        if element.name() == "meta" && self.page.declared_charset.is_none() {
            let named = element.attr("charset").or_else(|| {
                let content = element.attr("content")?;
                let place = content.to_ascii_lowercase().find("charset=")?;
                Some(&content[place + "charset=".len()..])
            });
            self.page.declared_charset = named.map(|name| {
                let name = name.split(';').next().unwrap_or_default();
                name.trim_matches(|c: char| c.is_whitespace() || c == '"').to_ascii_lowercase()
            });
        }
    }

    fn part(&mut self, edge: Edge) {
        match edge {
            Edge::None => {}
            Edge::Tab => self.tab = true,
            Edge::Line => self.lines = self.lines.max(1),
        }
    }

    fn words(&mut self, text: &str, frame: Frame) {
        let concealed = frame.invisible || frame.sizeless || frame.colourless;
        if let Some(place) = frame.place.or(concealed.then_some(Place::Hidden)) {
            self.unseen_words(text, place);
            return;
        }
        for character in text.chars() {
            match (character, frame.space) {
                ('\n', Space::Lines | Space::Kept) => self.lines += 1,
                (' ' | '\t' | '\n' | '\r' | '\x0c', Space::Collapsed | Space::Lines) => {
                    self.space = true;
                }
                _ => {
                    self.write_gap();
                    self.page.seen.push(character);
                }
            }
        }
    }

    /// Writes what parts the next character from the last one; nothing at the very beginning.
    fn write_gap(&mut self) {
        if !self.page.seen.is_empty() {
            if self.lines > 0 {
                self.page.seen.extend(std::iter::repeat_n('\n', self.lines));
            } else if self.tab {
                self.page.seen.push('\t');
            } else if self.space && !self.page.seen.ends_with([' ', '\n']) {
                self.page.seen.push(' ');
            }
        }
        (self.lines, self.tab, self.space) = (0, false, false);
    }

    /// Adds to the unseen words of the element that is being walked.
    fn unseen_words(&mut self, text: &str, place: Place) {
        let words = collapsed(text);
        if words.is_empty() {
            return;
        }
        match self.page.unseen.last_mut() {
            Some(last) if last.place == place => {
                if !last.words.is_empty() && text.starts_with(|c: char| c.is_ascii_whitespace()) {
                    last.words.push(' ');
                }
                last.words.push_str(&words);
            }
            _ => self.page.unseen.push(Unseen { place, words }),
        }
        if let Some(last) = self.page.unseen.last_mut()
            && text.ends_with(|c: char| c.is_ascii_whitespace())
        {
            last.words.push(' ');
        }
    }
}

/// What holds inside an element, given what holds around it.
fn frame_of(element: &Element, around: Frame) -> Frame {
    let style = element.attr("style").map(style::parse).unwrap_or_default();
    let edge = match style.display {
        Some(Display::Inline) => Edge::None,
        Some(Display::Block) => Edge::Line,
        None => edge_of(element.name()),
    };
    // A script in the head is named as a script: that tells a recorder more.
    let place = match (around.place, place_of(element, style)) {
        (None | Some(Place::Head), Some(own)) => Some(own),
        (outer, _) => outer,
    };
    let kept = matches!(element.name(), "pre" | "listing" | "plaintext" | "xmp");
    Frame {
        place,
        edge,
        space: style.space.unwrap_or(if kept { Space::Kept } else { around.space }),
        invisible: style.visible.map_or(around.invisible, |visible| !visible),
        sizeless: style.sized.map_or(around.sizeless, |sized| !sized),
        colourless: style.coloured.map_or(around.colourless, |coloured| !coloured),
    }
}

/// Why an element is unseen, if it is.
fn place_of(element: &Element, style: Style) -> Option<Place> {
    let closed = element.attr("open").is_none();
    match element.name() {
        "head" | "title" => Some(Place::Head),
        "script" | "style" | "template" | "noscript" | "noframes" | "noembed" => {
            Some(Place::Script)
        }
        "svg" | "iframe" | "object" | "applet" | "video" | "audio" | "canvas" | "frameset"
        | "progress" | "meter" => Some(Place::Embedded),
        "textarea" | "select" | "datalist" => Some(Place::Field),
        "rt" | "rp" | "rtc" | "annotation" | "annotation-xml" => Some(Place::Annotation),
        _ if style.removed => Some(Place::Hidden),
        // An author's `display` wins over what the browser's own style sheet says of these.
        _ if style.display.is_some() => None,
        "dialog" if closed => Some(Place::Hidden),
        _ if element.attr("hidden").is_some() || element.attr("popover").is_some() => {
            Some(Place::Hidden)
        }
        _ => None,
    }
}

/// What parts an element of this name from its neighbours (HTML standard, section 15.3).
fn edge_of(name: &str) -> Edge {
    match name {
        "td" | "th" => Edge::Tab,
        "address" | "article" | "aside" | "blockquote" | "body" | "caption" | "center" | "dd"
        | "details" | "dialog" | "dir" | "div" | "dl" | "dt" | "fieldset" | "figcaption"
        | "figure" | "footer" | "form" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "header"
        | "hgroup" | "hr" | "html" | "legend" | "li" | "listing" | "main" | "marquee" | "menu"
        | "nav" | "ol" | "p" | "plaintext" | "pre" | "search" | "section" | "summary" | "table"
        | "tbody" | "tfoot" | "thead" | "tr" | "ul" | "xmp" => Edge::Line,
        _ => Edge::None,
    }
}

fn collapsed(text: &str) -> String {
    text.split_ascii_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::{Place, extract};

    fn seen(source: &str) -> String {
        extract(source).seen
    }

    #[test]
    fn words_in_one_line_are_joined_and_blocks_are_parted() {
        assert_eq!(seen("He <b>sa</b>id <i> so</i>."), "He said so.");
        assert_eq!(seen("<p>one<p>two<div>three</div>four"), "one\ntwo\nthree\nfour");
        assert_eq!(seen("one<br>two<br><br>three"), "one\ntwo\n\nthree");
        assert_eq!(seen("<table><tr><td>a<td>b<tr><td>c</table>"), "a\tb\nc");
        assert_eq!(seen("a<span style='display:block'>b</span>c"), "a\nb\nc");
        assert_eq!(seen("<pre>\n a\n  b </pre>c"), "a\n  b \nc".replacen('a', " a", 1));
        assert_eq!(seen("a&nbsp; b&#8203;c &amp;lt;"), "a\u{a0} b\u{200b}c &lt;");
    }

    #[test]
    fn a_block_in_a_block_is_parted_once() {
        assert_eq!(seen("<div><div>a</div></div><div> <p>b"), "a\nb");
        assert_eq!(seen(" <div> a </div> "), "a");
    }

    #[test]
    fn what_is_hidden_is_kept_apart_with_its_place() {
        let page = extract("<title>t</title><p>a<!-- c --><span hidden> d <b>e</b></span>f");
        assert_eq!(page.seen, "af");
        let places: Vec<_> = page.unseen.iter().map(|u| (u.place, u.words.trim())).collect();
        assert_eq!(places, [(Place::Head, "t"), (Place::Comment, "c"), (Place::Hidden, "d e")]);
    }

    #[test]
    fn what_an_inner_element_shows_again_is_seen() {
        let visibility = "<p style='visibility:hidden'>a<b style='visibility:visible'>b</b>c";
        assert_eq!(seen(visibility), "b");
        assert_eq!(seen("<p style='font-size:0'>a<b style='font-size:9px'>b</b>c"), "b");
        assert_eq!(seen("<p style='display:none'>a<b style='display:block'>b</b>c"), "");
        assert_eq!(seen("<p hidden style='display:block'>a"), "a");
    }

    #[test]
    fn the_declared_charset_and_style_sheets_are_noted() {
        let page = extract("<meta charset=' Windows-1251'><link rel='x StyleSheet'>");
        assert_eq!(page.declared_charset.as_deref(), Some("windows-1251"));
        assert!(page.has_style_sheets);
        let page = extract("<meta http-equiv=content-type content='text/html; charset=UTF-8'>");
        assert_eq!(page.declared_charset.as_deref(), Some("utf-8"));
        assert!(!page.has_style_sheets);
    }

    #[test]
    fn deep_nesting_takes_no_stack() {
        let page = format!("{}words", "<i>".repeat(50_000));
        assert_eq!(seen(&page), "words");
    }
}
