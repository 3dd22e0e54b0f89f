//! Names that others gave to a party: Wikidata, ISNI, ORCID, DID, VIAF, ROR, and registers of
//! officials; and platform ids that a spreadsheet damaged. Only the written form is judged here; whether the party is the one that
//! the identifier belongs to is a matter of evidence.

use serde::{Deserialize, Serialize};

use crate::attribution::truth::Truth;

/// The longest identifier that is looked at, in bytes: a DID with a domain and a path.
pub const VALUE_BYTES: usize = 512;

/// An identifier in a scheme, both as text, because a number would lose digits on the way.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identifier {
    /// Who gives such identifiers, in lower case: `wikidata`, `isni`, `orcid`, `did`, …
    pub scheme: String,
    /// The identifier in the canonical form of its scheme.
    pub value: String,
}

impl Identifier {
    /// Judges the written form.
    pub fn check(&self) -> Verdict {
        check(&self.scheme, &self.value)
    }
}

/// Whether the written form is sound, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// `Unknown` where the form decides nothing.
    pub truth: Truth,
    /// The reason, in words.
    pub message: String,
}

impl Verdict {
    fn holds(message: impl Into<String>) -> Self {
        Self { truth: Truth::Holds, message: message.into() }
    }

    fn fails(message: impl Into<String>) -> Self {
        Self { truth: Truth::Fails, message: message.into() }
    }

    fn unknown(message: impl Into<String>) -> Self {
        Self { truth: Truth::Unknown, message: message.into() }
    }
}

/// Judges the written form of an identifier: its shape, and its check character if it has one.
pub fn check(scheme: &str, value: &str) -> Verdict {
    if value.len() > VALUE_BYTES {
        let length = value.len();
        return Verdict::fails(format!("{length} bytes, expected at most {VALUE_BYTES}"));
    }
    match scheme {
        "wikidata" => shape(is_number(value.strip_prefix('Q'), 19), value, "Q and a number"),
        "viaf" => shape(is_number(Some(value), 22), value, "a number of up to 22 digits"),
        "isni" => check_isni(value),
        "orcid" => check_orcid(value),
        "ror" => check_ror(value),
        "did" => check_did(value),
        _ => check_register(scheme, value),
    }
}

/// Identifiers that a register of the United States' legislators gives, in its own words for them
/// (unitedstates/congress-legislators, README): `A` is a capital, `0` a digit, `#` a whole number.
const REGISTER_FORMS: [(&str, &str); 10] = [
    ("bioguide", "A000000"),
    ("thomas", "00000"),
    ("lis", "A000"),
    ("govtrack", "#"),
    ("opensecrets", "A00000000"),
    ("votesmart", "#"),
    ("fec", "A0AA00000"),
    // Of candidates for president, who stand in no state.
    ("fec", "A00000000"),
    ("cspan", "#"),
    ("icpsr", "#"),
];

fn check_register(scheme: &str, value: &str) -> Verdict {
    let forms = REGISTER_FORMS.iter().filter(|(known, _)| *known == scheme);
    let forms: Vec<&str> = forms.map(|(_, form)| *form).collect();
    match forms.as_slice() {
        [] => Verdict::unknown(format!("`{scheme}` is no scheme whose form is known here")),
        ["#"] => shape(is_number(Some(value), 10), value, "a whole number of up to 10 digits"),
        forms => {
            let fits = forms.iter().any(|form| has_form(value, form));
            let named = format!("`{}`", forms.join("` or `"));
            let form = format!("{named}, with a capital for each A and a digit for each 0");
            shape(fits, value, &form)
        }
    }
}

fn has_form(value: &str, form: &str) -> bool {
    value.len() == form.len()
        && value.bytes().zip(form.bytes()).all(|(byte, place)| match place {
            b'A' => byte.is_ascii_uppercase(),
            _ => byte.is_ascii_digit(),
        })
}

/// Judges a platform's id, such as the number of a post: has a spreadsheet been over it? Excel
/// and its like keep 15 digits of a number and write the rest as zeros or as an exponent.
pub fn check_platform_id(value: &str) -> Verdict {
    const KEPT_DIGITS: usize = 15;
    if is_scientific(value) {
        return Verdict::fails(format!(
            "`{value}` is a number as a spreadsheet writes it; the id's last digits are lost"
        ));
    }
    let digits = value.bytes().all(|byte| byte.is_ascii_digit());
    if digits && value.len() >= KEPT_DIGITS + 2 && value[KEPT_DIGITS..].bytes().all(|b| b == b'0') {
        return Verdict::unknown(format!(
            "`{value}` has only zeros after {KEPT_DIGITS} digits, as if a spreadsheet cut it"
        ));
    }
    Verdict::holds("no sign of a spreadsheet")
}

fn shape(fits: bool, value: &str, expected: &str) -> Verdict {
    if fits {
        Verdict::holds(format!("`{value}` has the form of {expected}"))
    } else {
        Verdict::fails(format!("found `{value}`, expected {expected}"))
    }
}

/// A whole number without leading zeros, of at most `longest` digits.
fn is_number(text: Option<&str>, longest: usize) -> bool {
    text.is_some_and(|text| {
        text.len() <= longest
            && text.starts_with(|first: char| ('1'..='9').contains(&first))
            && text.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// `7.02608E+17`, also with a decimal comma.
fn is_scientific(value: &str) -> bool {
    let Some((significand, exponent)) = value.split_once(['E', 'e']) else { return false };
    let exponent = exponent.strip_prefix('+').unwrap_or(exponent);
    let (whole, fraction) = significand.split_once(['.', ',']).unwrap_or((significand, "0"));
    [whole, fraction, exponent]
        .iter()
        .all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
        && whole.len() == 1
        && exponent.len() <= 3
}

/// ISO 27729: 15 digits and a check character, written without spaces.
fn check_isni(value: &str) -> Verdict {
    let compact: String = value.chars().filter(|letter| !matches!(letter, ' ' | '-')).collect();
    let verdict = check_sixteen(&compact, value, "ISNI");
    if verdict.truth == Truth::Holds && compact != value {
        return Verdict::fails(format!("found `{value}`, expected it compact: `{compact}`"));
    }
    verdict
}

/// The same 16 characters in four groups parted by hyphens.
fn check_orcid(value: &str) -> Verdict {
    let bare = value.strip_prefix("https://orcid.org/").unwrap_or(value);
    let compact: String = bare.chars().filter(|letter| *letter != '-').collect();
    let verdict = check_sixteen(&compact, value, "ORCID iD");
    if verdict.truth != Truth::Holds {
        return verdict;
    }
    let groups = [&compact[..4], &compact[4..8], &compact[8..12], &compact[12..]].join("-");
    if groups == value {
        return verdict;
    }
    Verdict::fails(format!("found `{value}`, expected it in groups: `{groups}`"))
}

fn check_sixteen(compact: &str, value: &str, name: &str) -> Verdict {
    let bytes = compact.as_bytes();
    let sound = bytes.len() == 16
        && bytes[..15].iter().all(u8::is_ascii_digit)
        && matches!(bytes[15], b'0'..=b'9' | b'X');
    if !sound {
        return Verdict::fails(format!(
            "found `{value}`, expected an {name}: 15 digits and a check character, 0 to 9 or X"
        ));
    }
    let expected = check_character(&bytes[..15]);
    if bytes[15] != expected {
        return Verdict::fails(format!(
            "the check character of {name} `{value}` is {}, expected {}: a digit is wrong",
            char::from(bytes[15]),
            char::from(expected)
        ));
    }
    Verdict::holds(format!("the check character of {name} `{value}` fits"))
}

/// ISO/IEC 7064 MOD 11-2, which finds every wrong digit and every two that changed places.
fn check_character(digits: &[u8]) -> u8 {
    let total = digits.iter().fold(0, |sum: u32, digit| (sum + u32::from(digit - b'0')) * 2 % 11);
    match (12 - total) % 11 {
        10 => b'X',
        digit => b'0' + u8::try_from(digit).expect("less than 10"),
    }
}

/// A ROR id: `0`, six letters of Crockford's base 32 for a number, and two check digits by
/// ISO/IEC 7064 MOD 97-10.
fn check_ror(value: &str) -> Verdict {
    const ALPHABET: &str = "0123456789abcdefghjkmnpqrstvwxyz";
    let expected = "`0`, six letters of Crockford's base 32 and two digits";
    let number = value.get(1..7).and_then(|letters| {
        letters.chars().try_fold(0_u64, |number, letter| {
            Some(number * 32 + u64::try_from(ALPHABET.find(letter)?).ok()?)
        })
    });
    let digits = value
        .get(7..)
        .filter(|rest| rest.len() == 2 && rest.bytes().all(|byte| byte.is_ascii_digit()));
    let (Some(number), Some(digits), true) = (number, digits, value.starts_with('0')) else {
        return shape(false, value, expected);
    };
    let sum = 98 - number * 100 % 97;
    if digits == format!("{sum:02}") {
        return Verdict::holds(format!("the check digits of ROR `{value}` fit"));
    }
    Verdict::fails(format!("the check digits of ROR `{value}` are {digits}, expected {sum:02}"))
}

/// DID syntax (W3C DID Core section 3.1), and the methods whose form is known here.
fn check_did(value: &str) -> Verdict {
    let parts = value.strip_prefix("did:").and_then(|rest| rest.split_once(':'));
    let Some((method, id)) = parts else {
        return shape(false, value, "did:METHOD:ID");
    };
    let known_letters = |id: &str| {
        id.bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b':' | b'%'))
    };
    let method_fits = !method.is_empty()
        && method.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    if !method_fits || id.is_empty() || id.ends_with(':') || !known_letters(id) {
        return shape(false, value, "did:METHOD:ID");
    }
    match method {
        "plc" => {
            let fits = id.len() == 24 && id.bytes().all(|b| matches!(b, b'a'..=b'z' | b'2'..=b'7'));
            shape(fits, value, "did:plc: and 24 letters of base 32")
        }
        "web" => {
            let host = id.split(':').next().unwrap_or_default();
            let host = host.split("%3A").next().unwrap_or_default();
            let label_fits = |label: &str| {
                !label.is_empty()
                    && label.len() <= 63
                    && !label.starts_with('-')
                    && !label.ends_with('-')
                    && label
                        .bytes()
                        .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            };
            let fits = host.contains('.')
                && host.split('.').all(label_fits)
                && id.split(':').all(|part| !part.is_empty());
            shape(fits, value, "did:web: and a domain name in lower case")
        }
        _ => Verdict::unknown(format!("`did:{method}` is no method whose form is known here")),
    }
}

#[cfg(test)]
mod tests {
    use super::{Identifier, check, check_platform_id};
    use crate::attribution::truth::Truth::{self, Fails, Holds, Unknown};

    fn expect(scheme: &str, expected: Truth, values: &[&str]) {
        for value in values {
            let verdict = check(scheme, value);
            assert_eq!(verdict.truth, expected, "{scheme} {value}: {}", verdict.message);
        }
    }

    #[test]
    fn published_identifiers_hold() {
        // ORCID's own examples, ISNI's, and institutions' ROR ids.
        expect("orcid", Holds, &["0000-0002-1825-0097", "0000-0001-5109-3700"]);
        expect("orcid", Holds, &["0000-0002-1694-233X"]);
        expect("isni", Holds, &["0000000121032683", "000000012146438X"]);
        expect("ror", Holds, &["05dxps055", "03vek6s52", "00f54p054"]);
        expect("wikidata", Holds, &["Q42", "Q7747"]);
        expect("viaf", Holds, &["102333412"]);
        expect("did", Holds, &["did:web:example.org", "did:web:example.org%3A8443:user:alice"]);
        expect("did", Holds, &["did:plc:ewvi7nxzyoun6zhxrhs64oiz"]);
        // A senator's, from the register itself.
        expect("bioguide", Holds, &["C000127"]);
        expect("fec", Holds, &["S8WA00194", "H2WA01054", "P80003023"]);
        expect("govtrack", Holds, &["300018"]);
        expect("lis", Holds, &["S275"]);
        expect("opensecrets", Holds, &["N00007836"]);
    }

    #[test]
    fn other_forms_fail_or_are_unknown() {
        expect(
            "isni",
            Fails,
            &["0000 0001 2103 2683", "0000-0001-2103-2683", "", "000000012103268"],
        );
        expect("isni", Fails, &["000000012146438x", "X000000121032683", "٠000000121032683"]);
        expect("orcid", Fails, &["0000000218250097", "https://orcid.org/0000-0002-1825-0097"]);
        expect("wikidata", Fails, &["q42", "Q042", "Q", "42", "Q42 ", "P31", "Q٤٢"]);
        expect("viaf", Fails, &["0123", "", "12a"]);
        expect("ror", Fails, &["05dxps056", "15dxps055", "05dxpu055", "05dxps05", "é5dxps055"]);
        expect("did", Fails, &["did:web:", "did:web:Example.org", "did:web:host", "did::x", "did"]);
        expect(
            "did",
            Fails,
            &["did:plc:EWVI7NXZYOUN6ZHXRHS64OIZ", "did:plc:ewvi", "did:web:a.b::c"],
        );
        expect("did", Unknown, &["did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK"]);
        expect("library-card", Unknown, &["7"]);
        expect("bioguide", Fails, &["c000127", "C00127", "C0001270", "C00012٧", ""]);
        expect("govtrack", Fails, &["0", "3.00018E+5", "-1"]);
        assert!(check("isni", "0000 0001 2103 2683").message.contains("0000000121032683"));
        assert_eq!(check("wikidata", &"1".repeat(10_000)).truth, Fails);
    }

    #[test]
    fn every_wrong_digit_and_every_adjacent_swap_is_found() {
        for good in ["0000000121032683", "000000012146438X", "0000000218250097"] {
            expect("isni", Holds, &[good]);
            let bytes = good.as_bytes();
            for place in 0..16 {
                for other in b"0123456789X".iter().filter(|other| **other != bytes[place]) {
                    let mut wrong = bytes.to_vec();
                    wrong[place] = *other;
                    expect("isni", Fails, &[std::str::from_utf8(&wrong).expect("ASCII")]);
                }
                let mut swapped = bytes.to_vec();
                if place < 15 && bytes[place] != bytes[place + 1] {
                    swapped.swap(place, place + 1);
                    expect("isni", Fails, &[std::str::from_utf8(&swapped).expect("ASCII")]);
                }
            }
        }
    }

    #[test]
    fn a_spreadsheet_is_recognised() {
        let check = |value: &str, expected| {
            assert_eq!(check_platform_id(value).truth, expected, "{value}");
        };
        check("7.02608E+17", Fails);
        check("7,02608e17", Fails);
        check("7E+17", Fails);
        check("1860651412345670000", Unknown);
        check("186065141234567000", Unknown);
        check("1860651412345670123", Holds);
        check("1000000000000000", Holds);
        check("3lbkqexample2e", Holds);
        check("at://did:plc:x/1E2", Holds);
    }

    #[test]
    fn an_identifier_is_text_on_both_sides() {
        let parse = |text: &str| serde_json::from_str::<Identifier>(text);
        let good = parse(r#"{"scheme":"wikidata","value":"Q42"}"#).expect("it is text");
        assert_eq!(good.check().truth, Holds);
        assert!(parse(r#"{"scheme":"viaf","value":102333412}"#).is_err());
        assert!(parse(r#"{"scheme":"viaf","value":"1","note":"x"}"#).is_err());
    }
}
