//! A record in JSON, as `whosaid log --json` prints it, with keys and labels allowed where it
//! refers to others.

use serde::Deserialize;
use serde_json::Value;

use crate::attribution::record::Record;
use crate::claimfile::anchor::shown;
use crate::hash::Hash;
use crate::import::draft::{Keyed, LINE, Problem};

/// How a label is told from a key: `"document": "label:kabul"`.
const LABEL: &str = "label:";

/// Where each kind of record refers to others, as a path through its JSON, and what may be named
/// there by its key. `*` stands for each item of a list.
const REFERENCES: [(&str, &str, Option<&'static str>); 28] = [
    ("party", "part_of/*", Some("party")),
    ("party", "roles/*/org", Some("party")),
    ("control", "channel", Some("channel")),
    ("control", "party", Some("party")),
    ("control", "evidence", None),
    ("document", "publisher", Some("party")),
    ("document", "channel", Some("channel")),
    ("document", "cites/*", None),
    ("capture", "document", None),
    ("attestation", "document", None),
    ("attestation", "statement", None),
    ("claim", "speaker/party", Some("party")),
    ("claim", "document", None),
    ("claim", "passage/translator/party", Some("party")),
    ("claim", "chain/*/by/party", Some("party")),
    ("claim", "chain/*/document", None),
    ("claim", "chain/*/passage/translator/party", Some("party")),
    ("claim", "about/*/party", Some("party")),
    ("relation", "from", None),
    ("relation", "to", None),
    ("relation", "by", Some("party")),
    ("assessment", "target", None),
    ("assessment", "by", Some("party")),
    ("notice", "target", None),
    ("notice", "replacement", None),
    ("notice", "document", None),
    ("notice", "by", Some("party")),
    ("provider", "party", Some("party")),
];

/// Reads a record. What it names by keys and labels is added to `keyed`.
///
/// # Errors
/// What is wrong with it: an unknown field, a number with a fraction, something that is no id.
pub fn read(mut value: Value, keyed: &mut Vec<Keyed>) -> Result<Record, Problem> {
    let kind = match &value {
        Value::Object(fields) if fields.len() == 1 => fields.keys().next().cloned(),
        _ => None,
    };
    let kind = kind.ok_or_else(|| {
        let what = "expected a record as an object with one field, its kind, as {\"claim\": {…}}";
        Problem::new(what).hint("`whosaid log --json` prints records in this form")
    })?;
    refuse_fractions(&value, "")?;
    if let Some(fields) = value.get_mut(&kind) {
        for (_, path, named) in REFERENCES.iter().filter(|(of, ..)| *of == kind) {
            refer(fields, path, *named, keyed)?;
        }
    }
    Record::deserialize(&value).map_err(|error| Problem::new(format!("{kind}: {error}")))
}

/// Puts labels in the place of keys, all along a path.
fn refer(
    value: &mut Value,
    path: &str,
    named: Option<&'static str>,
    keyed: &mut Vec<Keyed>,
) -> Result<(), Problem> {
    if path.is_empty() {
        return to_label(value, named, keyed);
    }
    let (step, rest) = path.split_once('/').unwrap_or((path, ""));
    match (step, value) {
        ("*", Value::Array(items)) => {
            items.iter_mut().try_for_each(|item| refer(item, rest, named, keyed))
        }
        (step, Value::Object(fields)) => match fields.get_mut(step) {
            Some(field) => refer(field, rest, named, keyed),
            None => Ok(()),
        },
        // What is not of the record's shape it will say itself.
        _ => Ok(()),
    }
}

fn to_label(
    value: &mut Value,
    named: Option<&'static str>,
    keyed: &mut Vec<Keyed>,
) -> Result<(), Problem> {
    let Value::String(text) = value else { return Ok(()) };
    if Hash::from_hex(text).is_some() {
        return Ok(());
    }
    let it = match (text.strip_prefix(LABEL), named) {
        (Some(name), _) => Keyed { kind: LINE, key: name.to_owned() },
        (None, Some(kind)) => Keyed { kind, key: text.clone() },
        (None, None) => {
            let what = format!("found {:?}, expected an id of 64 hex digits", shown(text));
            let hint = "an earlier line with \"label\": \"NAME\" is meant by \"label:NAME\"";
            return Err(Problem::new(what).hint(hint));
        }
    };
    *value = Value::String(it.label().to_string());
    if !keyed.contains(&it) {
        keyed.push(it);
    }
    Ok(())
}

/// Records hold no fractions; a platform's id that became one has lost digits.
fn refuse_fractions(value: &Value, place: &str) -> Result<(), Problem> {
    match value {
        Value::Number(number) if number.is_f64() => {
            let what =
                format!("{place} is the number {number}, and records hold whole numbers only");
            Err(Problem::new(what).hint("ids of platforms are text, in quotation marks"))
        }
        Value::Array(items) => items.iter().try_for_each(|item| refuse_fractions(item, place)),
        Value::Object(fields) => {
            fields.iter().try_for_each(|(name, field)| refuse_fractions(field, name))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::read;
    use crate::import::draft::{channel_label, line_label, party_label};

    #[test]
    fn keys_and_labels_stand_where_ids_do() {
        let mut keyed = Vec::new();
        let control = json!({"control": {"channel": "x-ada", "party": "ada",
            "evidence": "label:register", "mode": "official", "basis": "registry"}});
        let record = read(control, &mut keyed).unwrap();
        let ids: Vec<_> = record.references().into_iter().map(|it| it.id).collect();
        assert_eq!(ids, [channel_label("x-ada"), party_label("ada"), line_label("register")]);
        let keys: Vec<_> = keyed.iter().map(|it| (it.kind, it.key.as_str())).collect();
        assert_eq!(keys, [("channel", "x-ada"), ("party", "ada"), ("line", "register")]);
    }

    #[test]
    fn what_is_no_record_is_said() {
        let check = |value: serde_json::Value, what: &str| {
            let problem = read(value, &mut Vec::new()).unwrap_err();
            assert!(problem.what.contains(what), "{problem}");
        };
        check(json!([1]), "expected a record as an object with one field");
        check(json!({"claim": {}, "id": "x"}), "expected a record as an object with one field");
        check(json!({"clam": {}}), "unknown variant `clam`, expected one of");
        check(json!({"provider": {"name": "a", "colour": 1}}), "unknown field `colour`");
        check(json!({"channel": {"platform_id": 7.02608e17}}), "is the number");
        check(json!({"relation": {"from": "ada"}}), "expected an id of 64 hex digits");
    }
}
