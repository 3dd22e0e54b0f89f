//! Events and alarms in words and in JSON.

use serde::Serialize;

use crate::attribution::record::Record;
use crate::cli::summary::{self, Names, shortened, time, word};
use crate::monitor::event::{Alarm, Because, Event, Kind, Signature};

/// The longest line of a record, in characters; JSON has all of it.
const LINE: usize = 300;

/// One event or alarm, as programs get it. `docs/MONITOR.md` describes it.
#[derive(Debug, Serialize)]
pub(crate) struct Json<'a, T: Serialize> {
    pub(crate) schema: &'static str,
    /// The place that was named.
    pub(crate) location: &'a str,
    /// The name of the log; absent as long as it is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) origin: Option<&'a str>,
    #[serde(flatten)]
    pub(crate) what: &'a T,
}

/// An alarm among events.
#[derive(Debug, Serialize)]
pub(crate) struct Alarming<'a> {
    pub(crate) event: &'static str,
    #[serde(flatten)]
    pub(crate) alarm: &'a Alarm,
}

/// A place that could not be looked at, or an event that nobody took.
#[derive(Debug, Serialize)]
pub(crate) struct Trouble<'a> {
    pub(crate) event: &'static str,
    pub(crate) what: &'a str,
}

/// The JSON object as one line of bytes.
pub(crate) fn bytes<T: Serialize>(value: &T) -> Vec<u8> {
    let mut bytes = serde_json::to_vec(value).expect("events have text keys");
    bytes.push(b'\n');
    bytes
}

/// An event for people: what it is, then why it is told and who says so.
pub(crate) fn event_lines(origin: &str, event: &Event) -> Vec<String> {
    let (entry, id) = (event.entry, event.id.short());
    let kind = match event.event {
        Kind::Refused => "DOES NOT VERIFY".to_owned(),
        kind => word(&kind),
    };
    let mut names: Names =
        event.parties.iter().map(|party| (party.id, party.name.clone())).collect();
    let titled = event.on.iter().filter(|touched| !touched.title.is_empty());
    names.extend(titled.map(|touched| (touched.id, format!("“{}”", touched.title))));
    let said = match (&event.record, event.event) {
        (Some(record), kind) if kind != Kind::Suspect => {
            shortened(&summary::line(record, &names), LINE)
        }
        _ => event.what.clone().unwrap_or_default(),
    };
    let mut lines = vec![format!("{origin} entry {entry} {id}  {kind}: {said}")];
    if let Some(Record::Notice(notice)) = &event.record
        && let Some(text) = &notice.text
    {
        lines.push(format!("  in their words: {}", text.replace('\n', " ")));
    }
    lines.extend(event.because.iter().map(because_line));
    for touched in &event.on {
        let title = match touched.title.as_str() {
            "" => touched.id.short(),
            title => format!("“{title}”"),
        };
        lines.push(format!("  about entry {}, reported before: {title}", touched.entry));
    }
    if let (Some(recorder), Some(at)) = (&event.recorder, event.recorded_at) {
        lines.push(format!("  recorded by {recorder} at {}", time(at)));
    }
    if event.signature == Some(Signature::NotChecked) {
        let what = event.what.as_deref().unwrap_or_default();
        lines.push(format!("  the signature was NOT checked, for an entry is missing: {what}"));
    }
    if event.late {
        lines.push("  an earlier entry, known to matter only now".to_owned());
    }
    lines
}

fn because_line(because: &Because) -> String {
    let Because { watched, part, party, through } = because;
    let body = through.as_ref().map_or(String::new(), |body| format!(", which belongs to {body}"));
    format!("  {}: {party}{body} (watched: {watched})", word(part))
}

/// An alarm for people.
pub(crate) fn alarm_lines(name: &str, alarm: &Alarm) -> Vec<String> {
    let entry = alarm.entry.map_or(String::new(), |entry| format!(", entry {entry}"));
    let kind = word(&alarm.alarm);
    vec![format!("ALARM {name}: {kind}: {}{entry}: {}", alarm.file, alarm.what)]
}
