//! Whether a page names a channel or a key, and not something longer that contains its name.

use crate::audit::line::one_line;
use crate::evidence::address::links;
use crate::evidence::text::{Profile, derive};

/// How much of a page is shown around a name, in characters on each side: enough for "not".
const CONTEXT: usize = 40;

/// What a page shows and what it links to: of a page of HTML neither comments nor scripts, of
/// anything else its bytes as text.
pub fn shown(media_type: &str, bytes: &[u8]) -> String {
    match Profile::for_capture(media_type, bytes) {
        Ok(profile @ Profile::Html1) => {
            let text = derive(profile, bytes).map(|text| text.as_str().to_owned());
            let links = links::all(bytes).join("\n");
            format!("{}\n{links}", text.unwrap_or_default())
        }
        Ok(profile @ Profile::Email1) => {
            derive(profile, bytes).map(|text| text.as_str().to_owned()).unwrap_or_default()
        }
        _ => String::from_utf8_lossy(bytes).into_owned(),
    }
}

/// The words around a name, where it stands in a text and is not part of a longer one. Names with
/// capitals are keys in base64, in which capitals count; all others are compared in lower case.
pub fn named(text: &str, name: &str) -> Option<String> {
    let has_capitals = name.chars().any(char::is_uppercase);
    let text = if has_capitals { text.to_owned() } else { text.to_lowercase() };
    let at = text.match_indices(name).map(|(at, _)| at).find(|at| {
        let (before, behind) = (&text[..*at], &text[at + name.len()..]);
        begins_there(before, name) && ends_there(behind, name)
    })?;
    let before: Vec<char> = text[..at].chars().rev().take(CONTEXT).collect();
    let before: String = before.into_iter().rev().collect();
    let behind: String = text[at + name.len()..].chars().take(CONTEXT).collect();
    Some(one_line(&format!("…{before}{name}{behind}…")))
}

/// Whether a name begins behind `before`. `mfa.example` does not begin in `not-mfa.example`, nor in
/// `blog.mfa.example`, nor as a path of another host.
fn begins_there(before: &str, name: &str) -> bool {
    let last = before.chars().next_back();
    let is_path = last == Some('/') && !before.ends_with("//") && !name.contains('/');
    let is_host = last == Some('.') && !before.ends_with("www.");
    !(joins(last) || is_path || is_host || matches!(last, Some('+' | '%')))
}

/// Whether a name ends before `behind`: not in a longer host or word, in a mail address of another
/// domain, on another port, in a longer DID, or in a longer key. What stands below a path does
/// name it.
fn ends_there(behind: &str, name: &str) -> bool {
    let mut following = behind.chars();
    let (next, then) = (following.next(), following.next());
    match next {
        Some('.' | ':') => !joins(then),
        Some('/') => !is_key(name),
        Some('@' | '%' | '+' | '=') => false,
        next => !joins(next),
    }
}

/// Whether a name is of the length and letters of a key: a longer key is another key.
fn is_key(name: &str) -> bool {
    const SHORTEST_KEY: usize = 40;
    name.len() >= SHORTEST_KEY && !name.contains('.')
}

fn joins(character: Option<char>) -> bool {
    character.is_some_and(|c| {
        c.is_alphanumeric()
            || matches!(c, '_' | '-')
            || unicode_normalization::char::is_combining_mark(c)
    })
}

#[cfg(test)]
mod tests {
    use super::{named, shown};

    #[test]
    fn a_name_within_a_longer_one_does_not_stand_there() {
        for (text, expected) in [
            ("see mfa.example.", true),
            ("https://www.mfa.example/news", true),
            ("did:web:mfa.example", true),
            ("press@mfa.example", true),
            ("MFA.example: our site", true),
            ("mfa.example.net", false),
            ("notmfa.example", false),
            ("blog.mfa.example", false),
            ("mfa.example@gmail.com", false),
            ("https://evil.example/mfa.example", false),
            ("did:web:mfa.example:users:omar", false),
            ("https://mfa.example:8443/", false),
            ("did:web:mfa.example%3a8443", false),
        ] {
            assert_eq!(named(text, "mfa.example").is_some(), expected, "{text}");
        }
        assert!(named("x.com/SenAdams", "x.com/senada").is_none());
        assert!(named("see x.com/SenAda/status/1.", "x.com/senada").is_some());
    }

    #[test]
    fn a_longer_key_and_one_in_other_capitals_are_other_keys() {
        let key = "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3";
        assert!(named(&format!("our key is {key}."), key).is_some());
        for other in [
            format!("{key}+a"),
            format!("{key}/a"),
            format!("{key}="),
            format!("a+{key}"),
            key.to_lowercase(),
        ] {
            assert!(named(&other, key).is_none(), "{other}");
        }
    }

    #[test]
    fn the_words_around_a_name_are_told() {
        let words = named("This is NOT mfa.example, beware.", "mfa.example").unwrap();
        assert!(words.contains("not mfa.example, beware"), "{words}");
    }

    #[test]
    fn a_comment_is_not_shown_and_a_link_is() {
        let page = b"<!DOCTYPE html><!-- a.example --><p>Hello <a href='https://b.example/'>us</a>";
        let text = shown("text/html", page);
        assert!(named(&text, "a.example").is_none() && named(&text, "b.example").is_some());
    }
}
