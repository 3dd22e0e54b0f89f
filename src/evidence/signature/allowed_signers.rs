//! Lists of OpenSSH public keys: `.pub` lines, allowed signers with their terms, withdrawn keys.
//!
//! ```text
//! ssh-ed25519 AAAA… comment
//! press@example.org namespaces="file",valid-before="20301231Z" ssh-ed25519 AAAA… comment
//! ```
//!
//! The format is that of ssh-keygen(1), "ALLOWED SIGNERS". Who a principal is in the world, and
//! whether a key signed anything, is left to others.

use base64ct::{Base64, Encoding};
use jiff::civil::DateTime;
use jiff::tz::Offset;

/// The longest list of keys, in bytes: some two thousand RSA keys, more than any press office has.
pub const LIST_BYTES: usize = 1 << 20;

/// The longest public key in its wire format, in bytes: an RSA key of 16,384 bits, the most that
/// OpenSSH knows, is 2,100 bytes.
pub const KEY_BYTES: usize = 4_096;

/// The longest pattern list of an option, in bytes; namespaces are a few short words.
const PATTERNS_BYTES: usize = 1_024;

/// One key, and the terms on which its line accepts it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllowedKey {
    /// The key in its wire format (RFC 4253 section 6.6).
    pub blob: Vec<u8>,
    /// Who signs with it by the word of whoever wrote the line; a `.pub` line names nobody.
    pub principals: Option<String>,
    /// Whether it is the key of an authority that certifies other keys.
    pub is_authority: bool,
    /// The namespaces it may sign in, as patterns; any, if none are named.
    pub namespaces: Option<String>,
    /// From when it is accepted, in seconds since 1970.
    pub valid_after: Option<i64>,
    /// Until when it is accepted, in seconds since 1970.
    pub valid_before: Option<i64>,
    /// Whether a date was written without `Z`: it meant the writer's own time zone, which nobody
    /// stated, and was read as UTC.
    pub is_zone_unknown: bool,
}

impl AllowedKey {
    /// Whether the line accepts signatures in this namespace.
    pub fn admits(&self, namespace: &str) -> bool {
        self.namespaces.as_deref().is_none_or(|patterns| in_patterns(namespace, patterns))
    }
}

/// Every key of a list. Empty lines and comments (`#`) are passed over; any other line that is
/// not read is an error, in words, with its number.
pub fn parse(list: &[u8]) -> Result<Vec<AllowedKey>, String> {
    if list.len() > LIST_BYTES {
        let found = list.len();
        return Err(format!("a list of keys of {found} bytes, at most {LIST_BYTES} expected"));
    }
    let text = str::from_utf8(list).map_err(|_| "a list of keys is not UTF-8 text".to_owned())?;
    let mut keys = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim_matches([' ', '\t']);
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        keys.push(parse_line(line).map_err(|fact| format!("line {}: {fact}", index + 1))?);
    }
    if keys.is_empty() {
        return Err("a list of keys without a key".to_owned());
    }
    Ok(keys)
}

/// The keys of a list of withdrawn ones: plain public keys, one a line. A binary revocation list
/// (KRL) is not read.
pub fn parse_revoked(list: &[u8]) -> Result<Vec<Vec<u8>>, String> {
    if list.starts_with(b"SSHKRL\n") {
        return Err("a binary list of revoked keys (KRL)".to_owned());
    }
    if list.iter().all(u8::is_ascii_whitespace) {
        return Ok(Vec::new());
    }
    let keys = parse(list)?;
    if keys.iter().any(|key| key.principals.is_some()) {
        return Err("a list of revoked keys has plain public keys, one a line".to_owned());
    }
    Ok(keys.into_iter().map(|key| key.blob).collect())
}

fn parse_line(line: &str) -> Result<AllowedKey, String> {
    let (first, rest) = field(line);
    let mut key = AllowedKey {
        blob: Vec::new(),
        principals: None,
        is_authority: false,
        namespaces: None,
        valid_after: None,
        valid_before: None,
        is_zone_unknown: false,
    };
    if is_algorithm(first) {
        key.blob = blob_of(first, rest)?;
        return Ok(key);
    }
    key.principals = Some(first.trim_matches('"').to_owned());
    let (second, after) = field(rest);
    if is_algorithm(second) {
        key.blob = blob_of(second, after)?;
        return Ok(key);
    }
    for option in options(second).filter(|_| !second.is_empty()) {
        apply(option, &mut key)?;
    }
    let (algorithm, after) = field(after);
    if !is_algorithm(algorithm) {
        return Err("no algorithm of a key was found".to_owned());
    }
    key.blob = blob_of(algorithm, after)?;
    Ok(key)
}

/// What stands before the next blank outside quotation marks, and what follows the blanks.
fn field(line: &str) -> (&str, &str) {
    let mut is_quoted = false;
    let end = line.find(|c: char| {
        is_quoted ^= c == '"';
        !is_quoted && (c == ' ' || c == '\t')
    });
    let (head, rest) = line.split_at(end.unwrap_or(line.len()));
    (head, rest.trim_start_matches([' ', '\t']))
}

/// The names of key algorithms all begin so; a principal is an address or a plain name.
fn is_algorithm(word: &str) -> bool {
    ["ssh-", "ecdsa-sha2-", "sk-ssh-", "sk-ecdsa-"].iter().any(|start| word.starts_with(start))
}

/// The key in the base64 word at the beginning of `rest`, which names the same algorithm inside.
fn blob_of(algorithm: &str, rest: &str) -> Result<Vec<u8>, String> {
    let (encoded, _comment) = field(rest);
    if encoded.len() > KEY_BYTES.div_ceil(3) * 4 {
        return Err(format!("a public key of more than {KEY_BYTES} bytes"));
    }
    let blob = Base64::decode_vec(encoded).map_err(|_| "a public key is not base64".to_owned())?;
    let length = u32::try_from(algorithm.len()).map_err(|_| "a long name".to_owned())?;
    let named = [length.to_be_bytes().as_slice(), algorithm.as_bytes()].concat();
    if !blob.starts_with(&named) {
        return Err("a public key is of another algorithm than its line says".to_owned());
    }
    Ok(blob)
}

/// The options of a line, parted by commas outside quotation marks.
fn options(list: &str) -> impl Iterator<Item = &str> {
    let mut is_quoted = false;
    list.split(move |c: char| {
        is_quoted ^= c == '"';
        !is_quoted && c == ','
    })
}

fn apply(option: &str, key: &mut AllowedKey) -> Result<(), String> {
    // Names of options are compared without regard to case, as OpenSSH does.
    let (name, value) = match option.split_once('=') {
        None => (option.to_ascii_lowercase(), None),
        Some((name, value)) => {
            let value = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
            let value = value.filter(|value| !value.contains(['"', '\\']));
            let value = value.ok_or_else(|| format!("the value of `{name}` is not quoted"))?;
            (name.to_ascii_lowercase(), Some(value))
        }
    };
    match (name.as_str(), value) {
        ("cert-authority", None) if !key.is_authority => key.is_authority = true,
        ("namespaces", Some(value)) if key.namespaces.is_none() => {
            if value.len() > PATTERNS_BYTES {
                return Err(format!("namespaces of more than {PATTERNS_BYTES} bytes"));
            }
            key.namespaces = Some(value.to_owned());
        }
        ("valid-after", Some(value)) if key.valid_after.is_none() => {
            key.valid_after = Some(date(value, &mut key.is_zone_unknown)?);
        }
        ("valid-before", Some(value)) if key.valid_before.is_none() => {
            key.valid_before = Some(date(value, &mut key.is_zone_unknown)?);
        }
        _ => return Err(format!("no option of allowed signers, or one stated twice: `{name}`")),
    }
    Ok(())
}

/// `YYYYMMDD[HHMM[SS]][Z]`, in seconds since 1970.
fn date(text: &str, is_zone_unknown: &mut bool) -> Result<i64, String> {
    let fault = || format!("no date YYYYMMDD[HHMM[SS]][Z]: `{text}`");
    let digits = text.strip_suffix('Z');
    *is_zone_unknown |= digits.is_none();
    let digits = digits.unwrap_or(text);
    if !matches!(digits.len(), 8 | 12 | 14) || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(fault());
    }
    let part = |from: usize, to: usize| digits.get(from..to).unwrap_or("0").parse::<i16>();
    let small = |from: usize| part(from, from + 2).ok().and_then(|n| i8::try_from(n).ok());
    let civil = || {
        let (year, month, day) = (part(0, 4).ok()?, small(4)?, small(6)?);
        DateTime::new(year, month, day, small(8)?, small(10)?, small(12)?, 0).ok()
    };
    let instant = civil().and_then(|civil| Offset::UTC.to_timestamp(civil).ok());
    instant.map(jiff::Timestamp::as_second).ok_or_else(fault)
}

/// Whether a name is in a list of patterns as OpenSSH reads it: `*` and `?` are wildcards, and a
/// pattern after `!` that matches excludes, whatever else matches (`ssh_config(5)`, PATTERNS).
fn in_patterns(name: &str, patterns: &str) -> bool {
    let mut is_in = false;
    for pattern in patterns.split(',') {
        match pattern.strip_prefix('!') {
            Some(excluded) if matches(name.as_bytes(), excluded.as_bytes()) => return false,
            Some(_) => {}
            None => is_in |= matches(name.as_bytes(), pattern.as_bytes()),
        }
    }
    is_in
}

/// Whether a name matches one pattern; on a mismatch the last star takes one more byte.
fn matches(name: &[u8], pattern: &[u8]) -> bool {
    let (mut at, mut next) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while at < name.len() {
        match pattern.get(next) {
            Some(b'*') => {
                star = Some((at, next));
                next += 1;
            }
            Some(&c) if c == b'?' || c == name[at] => {
                at += 1;
                next += 1;
            }
            _ => {
                let Some((taken, place)) = star else { return false };
                star = Some((taken + 1, place));
                (at, next) = (taken + 1, place + 1);
            }
        }
    }
    pattern[next..].iter().all(|&c| c == b'*')
}

#[cfg(test)]
mod tests {
    use super::{date, in_patterns, parse};

    #[test]
    fn patterns_are_read_as_openssh_reads_them() {
        for (name, patterns, expected) in [
            ("file", "file", true),
            ("file", "git,file", true),
            ("file", "git", false),
            ("file", "*", true),
            ("file", "f*e", true),
            ("file", "f?le", true),
            ("file", "f??le", false),
            ("file", "*,!file", false),
            ("file", "!git", false),
            ("file", "", false),
            ("aXbXc", "a*X*c", true),
            ("aXbX", "a*X*c", false),
        ] {
            assert_eq!(in_patterns(name, patterns), expected, "{name} in {patterns}");
        }
    }

    #[test]
    fn dates_are_read_to_the_second_and_nothing_else_is_a_date() {
        for (text, expected) in [
            ("19700102Z", Some(86_400)),
            ("197001010001Z", Some(60)),
            ("19700101000101", Some(61)),
            ("20240230Z", None),
            ("2024-02-03", None),
            ("202402", None),
            ("٢٠٢٤٠٢٠٣", None),
            ("", None),
        ] {
            let mut is_zone_unknown = false;
            assert_eq!(date(text, &mut is_zone_unknown).ok(), expected, "{text}");
            assert_eq!(is_zone_unknown, !text.ends_with('Z'), "{text}");
        }
    }

    #[test]
    fn what_is_no_line_of_keys_is_refused_with_its_number() {
        for (list, fault) in [
            ("", "without a key"),
            ("# only a comment\n", "without a key"),
            ("someone", "line 1: no algorithm"),
            ("a b=c ssh-ed25519 AAAA", "line 1: the value of `b` is not quoted"),
            ("\na sudo ssh-ed25519 AAAA", "line 2: no option of allowed signers"),
            ("ssh-ed25519 AAAA", "line 1: a public key is of another algorithm"),
            ("ssh-ed25519 ====", "line 1: a public key is not base64"),
            ("a valid-after=\"now\" ssh-ed25519 AAAA", "line 1: no date"),
        ] {
            let found = parse(list.as_bytes()).unwrap_err();
            assert!(found.contains(fault), "{list:?}: {found}");
        }
    }
}
