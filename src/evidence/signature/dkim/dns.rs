//! Captured DNS records: the key that a domain published for its mail (RFC 6376 section 3.6).
//!
//! ```text
//! v=DKIM1; k=rsa; p=MIG…                                       the value alone, without a name
//! "v=DKIM1; k=rsa; " "p=MIG…"                                  as `dig +short` writes it
//! s._domainkey.example.org. 300 IN TXT "v=DKIM1; k=rsa; …" "…" as `dig` and zone files write it
//! {"Status":0,"Answer":[{"name":…,"type":16,"data":…}]}        as DNS servers on the web answer
//! ```
//!
//! A record says where it stood in the DNS, or nothing does. Nothing here shows that the DNS said
//! so: the records are as good as their capture.

use serde_json::Value;

/// The largest captured answer, in bytes: a DNS message is at most 65,535 long, and is written
/// out here with names and escapes.
pub const MAX_RECORD: usize = 256 * 1024;

/// The most records in one captured answer.
const MAX_ENTRIES: usize = 64;

/// How many aliases are followed: resolvers stop at 8 to 16.
const MAX_ALIASES: usize = 8;

/// The numbers of record types in the JSON form.
const TXT: u64 = 16;
const CNAME: u64 = 5;

/// One captured record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// A text, and the name under which it stood, if the capture says it.
    Text {
        /// The name in lower case, without the last dot.
        name: Option<String>,
        /// The text, its strings joined.
        text: String,
    },
    /// A name that stands for another.
    Alias {
        /// The name in lower case, without the last dot.
        name: String,
        /// The other name, likewise.
        target: String,
    },
}

/// Reads what was captured; what is wrong with it, otherwise.
pub fn read(record: &[u8]) -> Result<Vec<Entry>, String> {
    if record.len() > MAX_RECORD {
        return Err(format!("is larger than {MAX_RECORD} bytes"));
    }
    let text = std::str::from_utf8(record).map_err(|_| "is not utf-8".to_owned())?.trim();
    let begins_with_a_tag = text
        .split_once('=')
        .is_some_and(|(name, _)| name.trim().bytes().all(|byte| byte.is_ascii_alphanumeric()));
    let entries = if text.starts_with('{') {
        read_json(text)?
    } else if begins_with_a_tag {
        vec![Entry::Text { name: None, text: text.to_owned() }]
    } else {
        read_zone(text)?
    };
    match entries.len() {
        0 => Err("holds no TXT record".to_owned()),
        1..=MAX_ENTRIES => Ok(entries),
        _ => Err(format!("holds more than {MAX_ENTRIES} records")),
    }
}

/// The texts that stand under a name, aliases followed; with each, whether it said its name.
pub fn texts_at<'a>(wanted: &str, entries: &'a [Entry]) -> Vec<(&'a str, bool)> {
    let mut names = vec![wanted];
    for _ in 0..MAX_ALIASES {
        let aliases = entries.iter().filter_map(|entry| match entry {
            Entry::Alias { name, target } if names.contains(&name.as_str()) => Some(&**target),
            Entry::Alias { .. } | Entry::Text { .. } => None,
        });
        let more: Vec<&str> = aliases.filter(|target| !names.contains(target)).collect();
        names.extend(more);
    }
    let mut texts: Vec<(&str, bool)> = Vec::new();
    for entry in entries {
        if let Entry::Text { name, text } = entry
            && name.as_deref().is_none_or(|name| names.contains(&name))
            && !texts.contains(&(text, name.is_some()))
        {
            texts.push((text, name.is_some()));
        }
    }
    texts
}

/// RFC 8427 and its relatives: `application/dns-json`.
fn read_json(text: &str) -> Result<Vec<Entry>, String> {
    let answer: Value =
        serde_json::from_str(text).map_err(|error| format!("is no JSON: {error}"))?;
    let records = answer.get("Answer").and_then(Value::as_array);
    let mut entries = Vec::new();
    for record in records.ok_or("has no `Answer`")?.iter().take(MAX_ENTRIES + 1) {
        let name = record.get("name").and_then(Value::as_str).ok_or("has a record without name")?;
        let data = record.get("data").and_then(Value::as_str).ok_or("has a record without data")?;
        let name = plain_name(name);
        match record.get("type").and_then(Value::as_u64) {
            Some(TXT) if data.starts_with('"') => {
                let text = words(data)?.concat().iter().map(|word| word.text.as_str()).collect();
                entries.push(Entry::Text { name: Some(name), text });
            }
            Some(TXT) => entries.push(Entry::Text { name: Some(name), text: data.to_owned() }),
            Some(CNAME) => entries.push(Entry::Alias { name, target: plain_name(data) }),
            _ => {}
        }
    }
    Ok(entries)
}

/// Zone files and what `dig` prints (RFC 1035 section 5.1). Relative names are not completed.
fn read_zone(text: &str) -> Result<Vec<Entry>, String> {
    let mut entries = Vec::new();
    let mut owner: Option<String> = None;
    for line in words(text)? {
        let Some(first) = line.first() else { continue };
        if first.is_quoted {
            let text = line.iter().map(|word| word.text.as_str()).collect();
            entries.push(Entry::Text { name: None, text });
            continue;
        }
        if !first.is_indented {
            owner = Some(plain_name(&first.text));
        }
        let mut rest = &line[usize::from(!first.is_indented)..];
        while let Some((word, others)) = rest.split_first()
            && !word.is_quoted
            && (word.text.eq_ignore_ascii_case("IN")
                || word.text.starts_with(|c: char| c.is_ascii_digit()))
        {
            rest = others;
        }
        let (Some((kind, data)), Some(name)) = (rest.split_first(), &owner) else { continue };
        let name = name.clone();
        if kind.text.eq_ignore_ascii_case("TXT") && !data.is_empty() {
            let text = data.iter().map(|word| word.text.as_str()).collect();
            entries.push(Entry::Text { name: Some(name), text });
        } else if kind.text.eq_ignore_ascii_case("CNAME")
            && let [target] = data
        {
            entries.push(Entry::Alias { name, target: plain_name(&target.text) });
        }
    }
    Ok(entries)
}

fn plain_name(name: &str) -> String {
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
}

/// A word of a zone file.
#[derive(Debug, Clone, Default)]
struct Word {
    text: String,
    is_quoted: bool,
    /// Whether white space stands before the first word of a line, which then names no owner.
    is_indented: bool,
}

/// The words of each line; lines in parentheses are one line, comments are left out.
fn words(text: &str) -> Result<Vec<Vec<Word>>, String> {
    let mut lines: Vec<Vec<Word>> = vec![Vec::new()];
    let (mut is_inside, mut at_line_start) = (false, true);
    let mut is_indented = false;
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\n' => {
                if !is_inside {
                    lines.push(Vec::new());
                    at_line_start = true;
                    is_indented = false;
                }
                continue;
            }
            ' ' | '\t' | '\r' => is_indented |= at_line_start,
            ';' => while characters.next_if(|c| *c != '\n').is_some() {},
            '(' if !is_inside => is_inside = true,
            ')' if is_inside => is_inside = false,
            '(' | ')' => return Err("has a parenthesis too many".to_owned()),
            '"' => {
                let mut word = Word { is_quoted: true, is_indented, ..Word::default() };
                loop {
                    match characters.next() {
                        Some('"') => break,
                        Some('\\') => word.text.push(escaped(&mut characters)?),
                        Some(other) => word.text.push(other),
                        None => return Err("has a quotation mark without its other".to_owned()),
                    }
                }
                lines.last_mut().expect("never empty").push(word);
            }
            first => {
                let mut word = Word { text: first.to_string(), is_quoted: false, is_indented };
                let ends = |c: &char| c.is_ascii_whitespace() || ";()\"".contains(*c);
                while let Some(next) = characters.next_if(|c| !ends(c)) {
                    word.text.push(next);
                }
                lines.last_mut().expect("never empty").push(word);
            }
        }
        at_line_start = false;
    }
    if is_inside {
        return Err("has a parenthesis without its other".to_owned());
    }
    Ok(lines)
}

/// What stands behind a backslash: three decimal digits for a byte, or the character itself.
fn escaped(characters: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Result<char, String> {
    let wrong = || "has an escape that is none".to_owned();
    let first = characters.next().ok_or_else(wrong)?;
    let Some(mut number) = first.to_digit(10) else { return Ok(first) };
    for _ in 0..2 {
        number = number * 10 + characters.next().and_then(|c| c.to_digit(10)).ok_or_else(wrong)?;
    }
    // A byte beyond ASCII would be half of a character.
    u8::try_from(number).ok().filter(u8::is_ascii).map(char::from).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::{Entry, MAX_ENTRIES, MAX_RECORD, read, texts_at};

    fn named(name: &str, text: &str) -> Entry {
        Entry::Text { name: Some(name.to_owned()), text: text.to_owned() }
    }

    #[test]
    fn every_form_of_a_record_is_read() {
        let nameless = Entry::Text { name: None, text: "v=DKIM1; p=ab".to_owned() };
        for (record, expected) in [
            ("v=DKIM1; p=ab\n", vec![nameless.clone()]),
            ("\"v=DKIM1; \" \"p=ab\"\n", vec![nameless]),
            (
                "S.Example.org. 300 IN TXT \"v=DKIM1\\; p\" \"=ab\"",
                vec![named("s.example.org", "v=DKIM1; p=ab")],
            ),
            (
                "; <<>> DiG\n;s.example. IN TXT\n\n\
                 s.example. IN 5 TXT ( \"v=\" ; note\n \"\\049\" )\n",
                vec![named("s.example", "v=1")],
            ),
            (
                "s.example. 1 IN CNAME k.mail.example.\n\
                 k.mail.example. 1 IN TXT \"p=\"\n\tIN TXT \"q\"",
                vec![
                    Entry::Alias {
                        name: "s.example".to_owned(),
                        target: "k.mail.example".to_owned(),
                    },
                    named("k.mail.example", "p="),
                    named("k.mail.example", "q"),
                ],
            ),
            (
                r#"{"Status":0,"Answer":[{"name":"S.example.","type":5,"TTL":1,"data":"t.example."},
                {"name":"t.example","type":16,"TTL":1,"data":"\"v=DKIM1\" \"; p=\""},
                {"name":"t.example","type":16,"TTL":1,"data":"v=DKIM1"},
                {"name":"t.example","type":46,"TTL":1,"data":"x"}]}"#,
                vec![
                    Entry::Alias { name: "s.example".to_owned(), target: "t.example".to_owned() },
                    named("t.example", "v=DKIM1; p="),
                    named("t.example", "v=DKIM1"),
                ],
            ),
        ] {
            assert_eq!(read(record.as_bytes()), Ok(expected), "{record}");
        }
    }

    #[test]
    fn what_is_no_record_is_refused() {
        let many = "a. IN TXT \"b\"\n".repeat(MAX_ENTRIES + 1);
        let large = " ".repeat(MAX_RECORD + 1);
        for record in [
            "",
            "words",
            "a. IN A 1.2.3.4",
            "a. TXT \"b",
            "a. TXT (\"b\"",
            "a. TXT ) \"b\"",
            "a. TXT \"\\2\"",
            "a. TXT \"\\200\"",
            "{",
            "{}",
            r#"{"Answer":[{"type":16}]}"#,
            &many,
            &large,
        ] {
            assert!(read(record.as_bytes()).is_err(), "{record}");
        }
        assert!(read(b"v=\xff").is_err());
    }

    #[test]
    fn a_text_is_found_by_its_name_and_through_aliases_that_may_turn_in_a_circle() {
        let record = b"a. CNAME b.\nb. CNAME a.\nb. CNAME c.\nc. TXT \"1\"\nd. TXT \"2\"\n\"3\"";
        let entries = read(record).unwrap();
        assert_eq!(texts_at("a", &entries), [("1", true), ("3", false)]);
        assert_eq!(texts_at("d", &entries), [("2", true), ("3", false)]);
        assert_eq!(texts_at("e", &entries), [("3", false)]);
    }
}
