//! What an element's own `style` attribute says about being seen (CSS 2.2, CSS Display 3).
//!
//! Only inline declarations are read. Style sheets are not applied: what hides by a class is not
//! found here, and a page with style sheets says so in its text's facts.

/// What a style attribute declares, as far as it decides what a reader sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Style {
    /// The element and all in it are not shown, whatever they say themselves.
    pub removed: bool,
    /// How the element stands in the flow of text, if declared.
    pub display: Option<Display>,
    /// Whether the letters are visible, if declared; an element inside may say otherwise.
    pub visible: Option<bool>,
    /// Whether the letters have a size, if declared; an element inside may say otherwise.
    pub sized: Option<bool>,
    /// Whether the letters have a colour, if declared; an element inside may say otherwise.
    pub coloured: Option<bool>,
    /// How white space is shown, if declared.
    pub space: Option<Space>,
}

/// How an element stands in the flow of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Display {
    /// In the line.
    Inline,
    /// On lines of its own.
    Block,
}

/// How white space is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Space {
    /// Runs become one space.
    #[default]
    Collapsed,
    /// Runs become one space; line feeds stay.
    Lines,
    /// All of it stays.
    Kept,
}

/// Reads the value of a `style` attribute.
pub fn parse(attribute: &str) -> Style {
    let mut style = Style::default();
    let plain = plain(attribute);
    let mut declarations: Vec<(&str, &str, bool)> = plain
        .split(';')
        .filter_map(|declaration| declaration.split_once(':'))
        .map(|(property, value)| {
            let (value, important) = match value.split_once('!') {
                Some((value, _)) => (value, true),
                None => (value, false),
            };
            (property.trim(), value.trim(), important)
        })
        .collect();
    // The last declaration wins, except that an important one wins over all others.
    declarations.sort_by_key(|(_, _, important)| *important);
    let last = |wanted: &str| {
        declarations.iter().rev().find(|(name, ..)| *name == wanted).map(|(_, value, _)| *value)
    };
    match last("display") {
        Some("none") => style.removed = true,
        Some(value) if value.starts_with("inline") || value == "contents" => {
            style.display = Some(Display::Inline);
        }
        Some("initial" | "unset") => style.display = Some(Display::Inline),
        Some("" | "inherit" | "revert") | None => {}
        Some(_) => style.display = Some(Display::Block),
    }
    if last("float").is_some_and(|value| value != "none")
        || last("position").is_some_and(|value| matches!(value, "absolute" | "fixed"))
    {
        style.display = Some(Display::Block);
    }
    style.visible = last("visibility").and_then(|value| match value {
        "hidden" | "collapse" => Some(false),
        "visible" | "initial" => Some(true),
        _ => None,
    });
    style.sized = last("font-size").and_then(sized);
    // The shorthand `font:0/0 a` hides as its longhand does.
    let is_nothing = |part: &str| part.split('/').next().and_then(sized) == Some(false);
    if last("font").is_some_and(|value| value.split_whitespace().any(is_nothing)) {
        style.sized = Some(false);
    }
    style.coloured = last("color").and_then(|value| match value {
        "" | "inherit" | "unset" | "currentcolor" => None,
        _ => Some(value != "transparent" && !has_no_opacity(value)),
    });
    style.space = last("white-space").and_then(|value| match value {
        "normal" | "nowrap" | "initial" => Some(Space::Collapsed),
        "pre-line" => Some(Space::Lines),
        "pre" | "pre-wrap" | "break-spaces" => Some(Space::Kept),
        _ => None,
    });
    style.removed |= declarations.iter().any(|(name, value, _)| removes(name, value));
    style.removed |= last("overflow").is_some_and(|value| matches!(value, "hidden" | "clip"))
        && ["height", "width", "max-height", "max-width"]
            .iter()
            .any(|name| last(name).and_then(length).is_some_and(|size| size <= 1.0));
    style
}

/// Whether a declaration alone takes an element from sight.
fn removes(property: &str, value: &str) -> bool {
    match property {
        "content-visibility" => value == "hidden",
        "opacity" => length(value).is_some_and(|opacity| opacity <= 0.0),
        // Farther than any screen is wide: the common way to keep words for machines only.
        "left" | "right" | "top" | "bottom" | "text-indent" | "margin-left" | "margin-top"
        | "margin-right" | "margin-bottom" => length(value).is_some_and(|far| far <= -900.0),
        "clip" => value.starts_with("rect(0") || value.starts_with("rect(1px"),
        "clip-path" => value.starts_with("inset(50%") || value.starts_with("inset(100%"),
        "transform" => value.contains("scale(0)"),
        _ => false,
    }
}

/// Whether letters of this size can be seen; `None` where it depends on the element around.
fn sized(value: &str) -> Option<bool> {
    if value.ends_with("em") && !value.ends_with("rem") || value.ends_with(['%', 'x']) {
        let relative = value.ends_with(['%', 'm']);
        return match length(value) {
            Some(size) if size <= 0.0 => Some(false),
            Some(_) if !relative => Some(true),
            _ => None,
        };
    }
    match (value, length(value)) {
        ("" | "inherit" | "unset" | "smaller" | "larger", _) => None,
        (_, Some(size)) => Some(size > 0.0),
        (_, None) => Some(true),
    }
}

/// Whether a colour written as `rgba(…, 0)`, `hsl(… / 0)` or `#rrggbb00` is fully transparent.
fn has_no_opacity(value: &str) -> bool {
    if let Some(hex) = value.strip_prefix('#') {
        return hex.len() == 8 && hex.ends_with("00") || hex.len() == 4 && hex.ends_with('0');
    }
    let Some((_, inside)) = value.trim_end_matches(')').split_once('(') else { return false };
    let parts: Vec<&str> = inside.split([',', '/']).map(str::trim).collect();
    let has_alpha = parts.len() == 4 || inside.contains('/');
    has_alpha && parts.last().and_then(|last| length(last)).is_some_and(|alpha| alpha <= 0.0)
}

/// The number at the front of a value, whatever its unit.
fn length(value: &str) -> Option<f64> {
    let end = value.find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | '-' | '+')));
    value[..end.unwrap_or(value.len())].parse().ok()
}

/// The attribute in lower case, without comments, with escapes decoded (CSS Syntax 3, 4.3.7), so
/// that `d\69 splay:none` hides as it does in a browser.
fn plain(attribute: &str) -> String {
    let mut rest = attribute;
    let mut plain = String::with_capacity(rest.len());
    while let Some(at) = rest.find(['/', '\\']) {
        plain.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some(comment) = rest.strip_prefix("/*") {
            rest = comment.split_once("*/").map_or("", |(_, behind)| behind);
        } else if let Some(escape) = rest.strip_prefix('\\') {
            let digits = escape.bytes().take(6).take_while(u8::is_ascii_hexdigit).count();
            let code = u32::from_str_radix(&escape[..digits], 16).ok();
            rest = &escape[digits..];
            if let Some(code) = code {
                plain.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
                rest = rest.strip_prefix([' ', '\t', '\n']).unwrap_or(rest);
            }
        } else {
            plain.push('/');
            rest = &rest[1..];
        }
    }
    plain.push_str(rest);
    plain.make_ascii_lowercase();
    plain
}

#[cfg(test)]
mod tests {
    use super::{Display, Space, parse};

    #[test]
    fn what_takes_words_from_sight_is_read_however_it_is_written() {
        for hidden in [
            "display:none",
            "DISPLAY : None !important",
            "color:red;display:none;",
            "display:none!important;display:block",
            "d\\69 splay:none",
            "display:/* x */none",
            "opacity:0",
            "opacity: 0.0",
            "position:absolute;left:-9999px",
            "text-indent:-9999em",
            "height:0;overflow:hidden",
            "clip:rect(0 0 0 0)",
            "clip-path:inset(100%)",
            "content-visibility:hidden",
        ] {
            assert!(parse(hidden).removed, "{hidden}");
        }
        for shown in [
            "",
            "display:none;display:block",
            "opacity:0.5",
            "left:-5px",
            "height:0",
            "x-display:none",
            "background:url(display:none)",
            "/*display:none",
        ] {
            assert!(!parse(shown).removed, "{shown}");
        }
    }

    #[test]
    fn what_an_inner_element_may_undo_is_kept_apart() {
        assert_eq!(parse("visibility:hidden").visible, Some(false));
        assert_eq!(parse("visibility:visible").visible, Some(true));
        assert_eq!(parse("font-size:0").sized, Some(false));
        assert_eq!(parse("font-size:0px").sized, Some(false));
        assert_eq!(parse("font:0/0 a").sized, Some(false));
        assert_eq!(parse("font:italic 12px/0 serif").sized, None);
        assert_eq!(parse("font-size:12px").sized, Some(true));
        assert_eq!(parse("font-size:2em").sized, None);
        assert_eq!(parse("font-size:1rem").sized, Some(true));
        assert_eq!(parse("color:transparent").coloured, Some(false));
        assert_eq!(parse("color:rgba(1, 2, 3, 0)").coloured, Some(false));
        assert_eq!(parse("color:#12345600").coloured, Some(false));
        assert_eq!(parse("color:rgb(0, 0, 0)").coloured, Some(true));
    }

    #[test]
    fn the_flow_and_the_white_space_are_read() {
        assert_eq!(parse("display:inline-block").display, Some(Display::Inline));
        assert_eq!(parse("display:flex").display, Some(Display::Block));
        assert_eq!(parse("float:left").display, Some(Display::Block));
        assert_eq!(parse("white-space:pre-wrap").space, Some(Space::Kept));
        assert_eq!(parse("white-space:pre-line").space, Some(Space::Lines));
    }
}
