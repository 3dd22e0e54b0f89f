//! A Nostr event (NIP-01), signed by its author's own key with a Schnorr signature (BIP-340).
//!
//! The event carries its key, so nothing else is needed; whose key that is in the world is said
//! by a dated record of control. Relays, and the kinds' own meanings, are left to others.

use std::fmt;

use k256::schnorr::{Signature, VerifyingKey};
use serde::de::{self, Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::evidence::signature::checked::{Checked, Coverage, Signer, State};
use crate::hash::Hash;

/// The largest event that is looked at, in bytes. Relays commonly take 64 KiB to 512 KiB.
pub const EVENT_BYTES: usize = 1 << 20;

/// The platform of the signer, as recorded channels name it.
pub const PLATFORM: &str = "nostr";

/// What a valid event proves.
pub const PROVES: &str = "whoever held this Nostr key signed exactly these words, tags and this \
                          date; not one letter was changed since";

/// What it does not prove.
pub const DOES_NOT_PROVE: &str = "it does not show who held the key, for a Nostr key cannot be \
                                  withdrawn and may be shared or stolen; nor that the date is \
                                  true, for the author writes it; nor that any relay ever showed \
                                  the event, or that the author did not ask to delete it";

/// Checks a captured event: the JSON object itself, or a relay's message `["EVENT", ID, {…}]`.
///
/// `at` is the time asked for, in seconds since 1970; an event whose expiration (NIP-40) had
/// passed then is [`State::Expired`]. Without it nothing is said to have expired.
pub fn check(capture: &[u8], at: Option<i64>) -> Checked {
    let (event, coverage) = match parse(capture) {
        Ok(parsed) => parsed,
        Err(why) => return Checked::not(State::Malformed, why),
    };
    let key = hex::<32>(&event.pubkey).and_then(|bytes| VerifyingKey::from_slice(&bytes).ok());
    let Some(key) = key else {
        let fact = "`pubkey` is no public key in 64 lower-case hex digits";
        return Checked::not(State::Malformed, fact);
    };
    let refused = |state, fact: String| Checked::not(state, fact).by(PLATFORM, &*event.pubkey);
    let (Some(id), Some(signature)) = (Hash::from_hex(&event.id), hex::<64>(&event.sig)) else {
        let fact = "`id` and `sig` are not 64 and 128 lower-case hex digits";
        return refused(State::Malformed, fact.to_owned());
    };
    let mut limits = Vec::new();
    if id != event.hash(Control::Verbatim) {
        if id != event.hash(Control::Escaped) {
            let fact = format!("the event's content does not have the id {id} that it names");
            return refused(State::Altered, fact);
        }
        limits.push(
            "the id was made with control characters written as JSON writes them, which NIP-01 \
             does not say but many programs do"
                .to_owned(),
        );
    }
    if !verifies(&key, id.as_bytes(), &signature) {
        let fact = "the signature is not this key's over the event's id".to_owned();
        return refused(State::Altered, fact);
    }
    let signed_at = i64::try_from(event.created_at).ok();
    let expired = match event.expiration(&mut limits) {
        Some(end) if at.is_some_and(|at| i128::from(at) >= i128::from(end)) => Some(end),
        _ => None,
    };
    let (state, fact) = match expired {
        Some(end) => (State::Expired, format!("by its own word the event expired at {end}")),
        None => (State::Valid, format!("signed by the key {}", event.pubkey)),
    };
    let signer = Some(Signer { platform: PLATFORM, id: event.pubkey });
    Checked { state, fact, signer, coverage, signed_at, limits }
}

/// BIP-340 over the message itself; a Nostr id is a hash already and is not hashed again.
fn verifies(key: &VerifyingKey, message: &[u8], signature: &[u8; 64]) -> bool {
    Signature::from_bytes(signature)
        .is_ok_and(|signature| key.verify_raw(message, &signature).is_ok())
}

/// An event with exactly the seven members of NIP-01.
struct Event {
    id: String,
    pubkey: String,
    created_at: u64,
    kind: u16,
    tags: Vec<Vec<String>>,
    content: String,
    sig: String,
}

/// How control characters that NIP-01 does not name are written before hashing.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Control {
    /// As they are, by the letter of NIP-01.
    Verbatim,
    /// As `\u001f`, which JSON itself demands (RFC 8259 section 7) and most programs do.
    Escaped,
}

impl Event {
    /// The hash of the serialisation that NIP-01 prescribes: no white space, seven escapes.
    fn hash(&self, control: Control) -> Hash {
        let mut text = String::with_capacity(self.content.len() + 256);
        text.push_str("[0,");
        quote(&mut text, &self.pubkey, control);
        text.push(',');
        text.push_str(&self.created_at.to_string());
        text.push(',');
        text.push_str(&self.kind.to_string());
        text.push_str(",[");
        for (index, tag) in self.tags.iter().enumerate() {
            text.push_str(if index == 0 { "[" } else { ",[" });
            for (index, word) in tag.iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                quote(&mut text, word, control);
            }
            text.push(']');
        }
        text.push_str("],");
        quote(&mut text, &self.content, control);
        text.push(']');
        Hash::of(text.as_bytes())
    }

    /// The earliest expiration that the tags name (NIP-40), in seconds since 1970.
    fn expiration(&self, limits: &mut Vec<String>) -> Option<u64> {
        let mut earliest: Option<u64> = None;
        for tag in self.tags.iter().filter(|tag| tag.first().is_some_and(|w| w == "expiration")) {
            match tag.get(1).and_then(|seconds| seconds.parse().ok()) {
                Some(end) => earliest = Some(earliest.map_or(end, |known| known.min(end))),
                None => limits.push("it has an expiration that is no time".to_owned()),
            }
        }
        earliest
    }
}

/// Adds a string as NIP-01 writes it.
fn quote(text: &mut String, words: &str, control: Control) {
    text.push('"');
    for letter in words.chars() {
        match letter {
            '\n' => text.push_str("\\n"),
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            '\u{8}' => text.push_str("\\b"),
            '\u{c}' => text.push_str("\\f"),
            '\0'..='\u{1f}' if control == Control::Escaped => {
                // Below 0x20: the last two digits are enough.
                text.push_str("\\u00");
                text.push(if letter < '\u{10}' { '0' } else { '1' });
                text.extend(char::from_digit(u32::from(letter) % 16, 16));
            }
            _ => text.push(letter),
        }
    }
    text.push('"');
}

/// Reads exactly `N` bytes in lower-case hex.
fn hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let value = |digit: u8| match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    };
    if text.len() != 2 * N {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, digits) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        *byte = value(digits[0])? << 4 | value(digits[1])?;
    }
    Some(bytes)
}

/// The event in a capture, and which of the capture's words it covers.
fn parse(capture: &[u8]) -> Result<(Event, Coverage), String> {
    if capture.len() > EVENT_BYTES {
        let length = capture.len();
        return Err(format!("{length} bytes, expected an event of at most {EVENT_BYTES}"));
    }
    let wrong = |error: serde_json::Error| format!("no Nostr event: {error}");
    let first = capture.iter().find(|byte| !byte.is_ascii_whitespace());
    if first == Some(&b'[') {
        let Message(event) = serde_json::from_slice(capture).map_err(wrong)?;
        return Ok((event, Coverage::Below("/2".to_owned())));
    }
    let event = serde_json::from_slice(capture).map_err(wrong)?;
    Ok((event, Coverage::Whole))
}

/// A relay's message `["EVENT", SUBSCRIPTION, {…}]`.
struct Message(Event);

impl<'de> Deserialize<'de> for Message {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Parts;

        impl<'de> Visitor<'de> for Parts {
            type Value = Message;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("[\"EVENT\", subscription, event]")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<Message, A::Error> {
                let short = |count| de::Error::invalid_length(count, &self);
                let word: String = parts.next_element()?.ok_or_else(|| short(0))?;
                if word != "EVENT" {
                    return Err(de::Error::custom("a relay's message that brings no event"));
                }
                let _subscription: String = parts.next_element()?.ok_or_else(|| short(1))?;
                let event: Event = parts.next_element()?.ok_or_else(|| short(2))?;
                if parts.next_element::<IgnoredAny>()?.is_some() {
                    return Err(short(4));
                }
                Ok(Message(event))
            }
        }

        deserializer.deserialize_seq(Parts)
    }
}

impl<'de> Deserialize<'de> for Event {
    /// Written out, because a derived reader would also take an array for an object.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = Event;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object with the seven members of NIP-01")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Event, A::Error> {
                let (mut id, mut pubkey, mut created_at, mut kind) = (None, None, None, None);
                let (mut tags, mut content, mut sig) = (None, None, None);
                while let Some(name) = members.next_key::<String>()? {
                    match &*name {
                        "id" => once(&mut members, &mut id, "id")?,
                        "pubkey" => once(&mut members, &mut pubkey, "pubkey")?,
                        "created_at" => once(&mut members, &mut created_at, "created_at")?,
                        "kind" => once(&mut members, &mut kind, "kind")?,
                        "tags" => once(&mut members, &mut tags, "tags")?,
                        "content" => once(&mut members, &mut content, "content")?,
                        "sig" => once(&mut members, &mut sig, "sig")?,
                        _ => return Err(de::Error::custom("a member that NIP-01 does not know")),
                    }
                }
                let absent = de::Error::missing_field;
                Ok(Event {
                    id: id.ok_or_else(|| absent("id"))?,
                    pubkey: pubkey.ok_or_else(|| absent("pubkey"))?,
                    created_at: created_at.ok_or_else(|| absent("created_at"))?,
                    kind: kind.ok_or_else(|| absent("kind"))?,
                    tags: tags.ok_or_else(|| absent("tags"))?,
                    content: content.ok_or_else(|| absent("content"))?,
                    sig: sig.ok_or_else(|| absent("sig"))?,
                })
            }
        }

        deserializer.deserialize_map(Members)
    }
}

/// Reads a member's value, and refuses it a second time: readers differ in which they believe.
fn once<'de, A: MapAccess<'de>, T: Deserialize<'de>>(
    members: &mut A,
    place: &mut Option<T>,
    name: &'static str,
) -> Result<(), A::Error> {
    if place.is_some() {
        return Err(de::Error::duplicate_field(name));
    }
    *place = Some(members.next_value()?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Control, quote, verifies};
    use k256::schnorr::VerifyingKey;

    fn bytes(digits: &str) -> Vec<u8> {
        let pairs = digits.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).unwrap());
        pairs.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect()
    }

    #[test]
    fn every_vector_of_bip_340_is_judged_as_it_says() {
        let path = "tests/cases/nostr/bip340-test-vectors.csv";
        let mut count = 0;
        for row in csv::Reader::from_path(path).unwrap().records() {
            let row = row.unwrap();
            let signature: [u8; 64] = bytes(&row[5]).try_into().unwrap();
            let holds = VerifyingKey::from_slice(&bytes(&row[2]))
                .is_ok_and(|key| verifies(&key, &bytes(&row[4]), &signature));
            assert_eq!(holds, &row[6] == "TRUE", "vector {}: {}", &row[0], &row[7]);
            count += 1;
        }
        assert_eq!(count, 19);
    }

    #[test]
    fn seven_characters_are_escaped_and_no_other() {
        let check = |control, expected: &str| {
            let mut text = String::new();
            quote(&mut text, "\n\"\\\r\t\u{8}\u{c}\u{1}\u{7f}/é\u{2028}<", control);
            assert_eq!(text, expected);
        };
        check(Control::Verbatim, "\"\\n\\\"\\\\\\r\\t\\b\\f\u{1}\u{7f}/é\u{2028}<\"");
        check(Control::Escaped, "\"\\n\\\"\\\\\\r\\t\\b\\f\\u0001\u{7f}/é\u{2028}<\"");
    }
}
