//! The domain of the address in From (RFC 5322 section 3.4).
//!
//! One address only, in the plain forms `name <local@domain>` and `local@domain`. What programs
//! read in different ways has no domain here.

/// The longest domain name, in characters (RFC 1035 section 2.3.4).
const MAX_DOMAIN: usize = 253;

/// The domain of the one address, in lower case; `None` if there is not exactly one, or another
/// form could be read as another address.
pub fn domain(from: &str) -> Option<String> {
    let address = if from.contains('<') {
        let opening = display_name_end(from)?;
        let (address, behind) = from[opening + 1..].split_once('>')?;
        if !behind.trim_matches([' ', '\t']).is_empty() {
            return None;
        }
        address
    } else {
        from.trim_matches([' ', '\t'])
    };
    let (local, domain) = address.split_once('@')?;
    let is_atom = |text: &str| {
        !text.is_empty()
            && text.chars().all(|c| !c.is_whitespace() && !"()<>[]:;@\\,\"".contains(c))
    };
    let is_domain = domain.contains('.')
        && domain.len() <= MAX_DOMAIN
        && domain.split('.').all(|label| {
            !label.is_empty()
                && label.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
        });
    (is_atom(local) && is_domain).then(|| domain.to_ascii_lowercase())
}

/// Where the `<` behind the display name stands: not within quotation marks, with nothing before
/// it that could part two addresses.
fn display_name_end(from: &str) -> Option<usize> {
    let (mut is_quoted, mut is_escaped) = (false, false);
    for (at, character) in from.char_indices() {
        match character {
            _ if is_escaped => is_escaped = false,
            '\\' if is_quoted => is_escaped = true,
            '"' => is_quoted = !is_quoted,
            '<' if !is_quoted => return Some(at),
            // A comma or a colon would begin a list or a group; comments may hold anything.
            ',' | ':' | ';' | '(' | ')' | '\\' | '>' if !is_quoted => return None,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::domain;

    #[test]
    fn one_plain_address_has_a_domain_and_all_else_has_none() {
        for (from, expected) in [
            ("a@Example.org", Some("example.org")),
            ("Joe SixPack <joe@football.example.com>", Some("football.example.com")),
            ("\"a, <x@y.z>\" <b@c.d>", Some("c.d")),
            ("=?utf-8?q?=C3=A9?= <b@c.d> ", Some("c.d")),
            ("x@ministry.example <b@c.d>", Some("c.d")),
            ("a@b.c, d@e.f", None),
            ("a <a@b.c>, d <d@e.f>", None),
            ("a <a@b.c> d", None),
            ("group: a@b.c;", None),
            ("a (b@c.d) <e@f.g>", None),
            ("\"open <a@b.c>", None),
            ("a@b@c.d", None),
            ("a@bc", None),
            ("\"a b\"@c.d", None),
            ("a@[1.2.3.4]", None),
            ("", None),
            ("<a@b..c>", None),
        ] {
            assert_eq!(domain(from).as_deref(), expected, "{from}");
        }
    }
}
