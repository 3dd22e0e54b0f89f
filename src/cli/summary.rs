//! Records in words: one line for lists, and all fields for `show`.

use std::collections::HashMap;

use serde_json::Value;

use crate::attribution::id::Id;
use crate::attribution::record::Record;
use crate::attribution::record::claim::{Claim, Polarity, Who};
use crate::attribution::record::notice::Notice;
use crate::tlog::checkpoint::LoggedBefore;

/// Names of parties, channels and documents, by the id of their statement.
pub(crate) type Names = HashMap<Id, String>;

/// How a record is called where others refer to it.
pub(crate) fn name(record: &Record) -> Option<String> {
    match record {
        Record::Party(party) => Some(party.name().to_owned()),
        Record::Channel(channel) => Some(channel.key.clone()),
        Record::Document(document) => {
            document.title.clone().or_else(|| document.url.clone()).or(Some(word(&document.kind)))
        }
        Record::Claim(claim) => Some(format!("“{}”", shortened(&claim.proposition.text, 60))),
        _ => None,
    }
}

/// One line that says what a record says.
pub(crate) fn line(record: &Record, names: &Names) -> String {
    let named = |id: &Id| names.get(id).cloned().unwrap_or_else(|| id.short());
    match record {
        Record::Charter(charter) => format!("{} is founded: {}", charter.origin, charter.title),
        Record::Key(change) => {
            let key = &change.key.thumbprint().to_string()[..12];
            let from = change.from.map_or(String::new(), |from| format!(", from entry {from} on"));
            match (&change.name, &change.replaces) {
                (Some(name), _) => format!("{} key {key} as {name}{from}", word(&change.action)),
                (None, Some(old)) => {
                    let old = &old.thumbprint().to_string()[..12];
                    format!("{} key {old} to {key}{from}", word(&change.action))
                }
                (None, None) => format!("{} key {key}{from}", word(&change.action)),
            }
        }
        Record::Party(party) => format!("{} ({}, {})", party.name(), party.key, word(&party.kind)),
        Record::Channel(channel) => format!("{} ({})", channel.key, word(&channel.kind)),
        Record::Control(control) => format!(
            "{} controls {}: {}, by {}",
            named(&control.party),
            named(&control.channel),
            word(&control.mode),
            word(&control.basis)
        ),
        Record::Document(document) => {
            let title = name(record).unwrap_or_default();
            let captures = match document.captures.len() {
                0 => "no capture".to_owned(),
                1 => "1 capture".to_owned(),
                several => format!("{several} captures"),
            };
            format!("{title} ({}, {captures})", word(&document.kind))
        }
        Record::Capture(later) => format!("one more capture of {}", named(&later.document)),
        Record::Attestation(it) => {
            let target = it.document.or(it.statement).map(|id| named(&id)).unwrap_or_default();
            format!("{} of {target}", word(&it.scheme))
        }
        Record::Claim(claim) => claim_line(claim, names),
        Record::Relation(relation) => {
            format!("{} {} {}", named(&relation.from), word(&relation.kind), named(&relation.to))
        }
        Record::Assessment(it) => format!("{}: {} {}", named(&it.target), it.scheme, it.value),
        Record::Notice(notice) => notice_line(notice, names),
        Record::Provider(provider) => {
            format!("{} is {}: {}", provider.name, word(&provider.rating), provider.reason)
        }
    }
}

/// Who said it, how, and what.
pub(crate) fn claim_line(claim: &Claim, names: &Names) -> String {
    let speaker = match &claim.speaker {
        Who::Party(id) => names.get(id).cloned().unwrap_or_else(|| id.short()),
        Who::Unresolved(name) => name.clone(),
    };
    let denied = match claim.polarity {
        Polarity::Asserted => "",
        Polarity::Denied => ", denying",
        Polarity::NotSaid => ", saying nothing of",
    };
    format!("{speaker} · {}{denied}: {}", word(&claim.act), claim.proposition.text)
}

fn notice_line(notice: &Notice, names: &Names) -> String {
    let target = names.get(&notice.target).cloned().unwrap_or_else(|| notice.target.short());
    format!("{} of {target}: {}", word(&notice.kind), notice.reason)
}

/// All fields of a record, indented like notes; ids of named things carry their names.
pub(crate) fn fields(record: &Record, names: &Names) -> Vec<String> {
    let value = serde_json::to_value(record).expect("records have text keys");
    let mut lines = Vec::new();
    if let Some(inner) = value.get(record.kind()) {
        describe(inner, 1, names, &mut lines);
    }
    lines
}

fn describe(value: &Value, depth: usize, names: &Names, lines: &mut Vec<String>) {
    let Value::Object(fields) = value else { return };
    let indent = "  ".repeat(depth);
    for (key, value) in fields {
        let key = key.replace('_', " ");
        match value {
            Value::Object(_) => {
                lines.push(format!("{indent}{key}:"));
                describe(value, depth + 1, names, lines);
            }
            Value::Array(items) => {
                for item in items {
                    match item {
                        Value::Object(_) => {
                            lines.push(format!("{indent}{key}:"));
                            describe(item, depth + 1, names, lines);
                        }
                        plain => lines.push(format!("{indent}{key}: {}", scalar(plain, names))),
                    }
                }
            }
            plain => lines.push(format!("{indent}{key}: {}", scalar(plain, names))),
        }
    }
}

fn scalar(value: &Value, names: &Names) -> String {
    let Value::String(text) = value else { return value.to_string() };
    let named = crate::hash::Hash::from_hex(text).map(Id::from_hash);
    match named.and_then(|id| Some((id, names.get(&id)?))) {
        Some((id, name)) => format!("{name} ({})", id.short()),
        // A text of several lines must not pass for lines of ours.
        None => text.replace('\n', "\n      | "),
    }
}

/// The word that stands for a unit variant on the wire.
pub(crate) fn word(value: &impl serde::Serialize) -> String {
    let value = serde_json::to_value(value).expect("a word");
    value.as_str().unwrap_or_default().replace('_', " ")
}

/// A time for people, in UTC.
pub(crate) fn time(seconds: u64) -> String {
    let seconds = i64::try_from(seconds).ok();
    let time = seconds.and_then(|seconds| jiff::Timestamp::from_second(seconds).ok());
    time.map_or_else(|| "a time beyond the calendar".to_owned(), |time| time.to_string())
}

/// By what time witnesses saw what is in the log.
pub(crate) fn logged_before(seen: &LoggedBefore) -> String {
    let (time, names) = (time(seen.time), seen.witnesses.join(", "));
    let plural = if seen.witnesses.len() == 1 { "" } else { "es" };
    let quorum = " (one witness's word: the policy wants none)";
    let word = if seen.by_quorum { "" } else { quorum };
    format!("Logged before {time}, by witness{plural} {names}{word}.")
}

/// The text on one line, cut to so many characters, with an ellipsis where something was cut.
pub(crate) fn shortened(text: &str, limit: usize) -> String {
    let text = text.replace('\n', " ");
    match text.char_indices().nth(limit) {
        Some((cut, _)) => format!("{}…", text[..cut].trim_end()),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Names, scalar, shortened};

    #[test]
    fn a_text_of_several_lines_does_not_pass_for_lines_of_ours() {
        let text = "I was there.\nVerified: entry 1 is in the log.";
        assert_eq!(shortened(text, 30), "I was there. Verified: entry 1…");
        let printed = scalar(&json!(text), &Names::new());
        assert_eq!(printed, "I was there.\n      | Verified: entry 1 is in the log.");
    }
}
