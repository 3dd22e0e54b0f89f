//! Reading a TOML table field by field: what is asked for is known, whatever else stands there is
//! refused with the nearest known name. Nothing stops at the first fault.

use std::cell::RefCell;

use serde::Deserialize;
use serde::de::value::StrDeserializer;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::attribution::date::{Basis, Date};
use crate::claimfile::draft::{Section, Written};
use crate::claimfile::fault::{Fault, Place, did_you_mean};

/// The most sections of one kind, and items of one list. A file that people write stays far
/// below; bulk data has its own way in.
pub const MAX_ITEMS: usize = 10_000;

/// How much of a key or name a section's label repeats, in characters.
const MAX_LABEL: usize = 40;

/// A file being read: where its lines begin, and what was found wrong so far.
pub(crate) struct Page<'t> {
    text: &'t str,
    line_starts: Vec<usize>,
    /// The number of characters that begin before every `STRIDE`th byte.
    marks: Vec<u64>,
    faults: RefCell<Vec<Fault>>,
}

/// How many bytes lie between two marks: a file may be one long line with many faults.
const STRIDE: usize = 256;

impl<'t> Page<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let line_starts = [0].into_iter().chain(breaks.map(|(at, _)| at + 1)).collect();
        let mut marks = vec![0];
        for stride in text.as_bytes().chunks(STRIDE) {
            marks.push(marks[marks.len() - 1] + characters_in(stride));
        }
        Self { text, line_starts, marks, faults: RefCell::default() }
    }

    /// The place of a byte.
    pub(crate) fn place(&self, byte: usize) -> Place {
        let byte = byte.min(self.text.len());
        let line = self.line_starts.partition_point(|start| *start <= byte);
        let start = self.line_starts[line - 1];
        let column = self.characters_before(byte) - self.characters_before(start) + 1;
        Place { line: line as u64, column }
    }

    pub(crate) fn faults(self) -> Vec<Fault> {
        self.faults.into_inner()
    }

    pub(crate) fn fault(&self, byte: usize, section: Option<&str>, what: impl Into<String>) {
        let (place, section) = (Some(self.place(byte)), section.map(str::to_owned));
        self.push(Fault { place, section, what: what.into(), hint: None });
    }

    pub(crate) fn push(&self, fault: Fault) {
        self.faults.borrow_mut().push(fault);
    }

    fn characters_before(&self, byte: usize) -> u64 {
        let stride = byte / STRIDE;
        self.marks[stride] + characters_in(&self.text.as_bytes()[stride * STRIDE..byte])
    }
}

fn characters_in(bytes: &[u8]) -> u64 {
    bytes.iter().filter(|byte| **byte & 0xc0 != 0x80).count() as u64
}

/// The fields of one table, to be asked for by name and then finished.
pub(crate) struct Fields<'p, 't> {
    page: &'p Page<'t>,
    table: &'p DeTable<'t>,
    start: usize,
    section: Option<String>,
    /// Where the table stands within its section: "`passage`"; empty for the section itself.
    within: String,
    asked: Vec<&'static str>,
}

type Value<'t> = Spanned<DeValue<'t>>;

impl<'p, 't> Fields<'p, 't> {
    /// The whole file.
    pub(crate) fn of_file(page: &'p Page<'t>, table: &'p DeTable<'t>) -> Self {
        Self { page, table, start: 0, section: None, within: String::new(), asked: Vec::new() }
    }

    /// Reads every `[[name]]`; `named_by` is the field that names one for people.
    pub(crate) fn sections<T>(
        &mut self,
        name: &'static str,
        named_by: &str,
        read: impl Fn(&mut Fields<'p, 't>) -> Option<T>,
    ) -> Vec<Section<T>> {
        let Some(value) = self.value(name) else { return Vec::new() };
        let DeValue::Array(items) = value.get_ref() else {
            let what = format!(
                "found `{name}` as {}, expected a section with two brackets on each side: [[{name}]]",
                kind_of(value.get_ref())
            );
            self.page.fault(value.span().start, None, what);
            return Vec::new();
        };
        let Some(items) = self.within_limit(name, value, items) else { return Vec::new() };
        let mut sections = Vec::new();
        for (number, item) in (1..).zip(items) {
            let DeValue::Table(table) = item.get_ref() else {
                let what = format!("found {}, expected [[{name}]]", kind_of(item.get_ref()));
                self.page.fault(item.span().start, None, what);
                continue;
            };
            let label = label(name, number, named_by, table);
            let start = item.span().start;
            let mut fields = Fields {
                page: self.page,
                table,
                start,
                section: Some(label.clone()),
                within: String::new(),
                asked: Vec::new(),
            };
            let draft = read(&mut fields);
            fields.finish();
            let place = Some(self.page.place(start));
            sections.extend(draft.map(|draft| Section { place, label, draft }));
        }
        sections
    }

    /// A text, if it is given.
    pub(crate) fn written(&mut self, name: &'static str) -> Option<Written> {
        let value = self.value(name)?;
        self.as_text(&format!("`{name}`"), value)
    }

    /// A text, if it is given, where nobody asks for its place.
    pub(crate) fn text(&mut self, name: &'static str) -> Option<String> {
        self.written(name).map(|written| written.text)
    }

    /// A text that must be given; `meaning` says what it is, for who left it out.
    pub(crate) fn required(&mut self, name: &'static str, meaning: &str) -> Option<Written> {
        if !self.has(name) {
            self.asked.push(name);
            self.fault(self.start, &format!("`{name}` is missing: {meaning}"));
            return None;
        }
        self.written(name)
    }

    /// One word of a fixed set, if it is given.
    pub(crate) fn word<T: for<'de> Deserialize<'de>>(&mut self, name: &'static str) -> Option<T> {
        let value = self.value(name)?;
        let written = self.as_text(&format!("`{name}`"), value)?;
        match T::deserialize(StrDeserializer::new(&written.text)) {
            Ok(word) => Some(word),
            Err(NotAWord(expected)) => {
                let near = did_you_mean(&written.text, expected.iter().copied());
                let mut what = format!("unknown {name} `{}`{near}", written.text);
                if near.is_empty() {
                    let expected: Vec<String> =
                        expected.iter().map(|word| format!("`{word}`")).collect();
                    what = format!("{what}, expected one of {}", expected.join(", "));
                }
                self.fault(value.span().start, &what);
                None
            }
        }
    }

    /// One word of a fixed set, which must be given.
    pub(crate) fn required_word<T: for<'de> Deserialize<'de>>(
        &mut self,
        name: &'static str,
        meaning: &str,
    ) -> Option<T> {
        self.has(name).then_some(()).or_else(|| self.required(name, meaning).map(|_| ()))?;
        self.word(name)
    }

    /// A list of texts, or one text alone; empty if it is not given.
    pub(crate) fn texts(&mut self, name: &'static str) -> Vec<Written> {
        let items = self.items(name);
        let what = format!("an item of `{name}`");
        items.into_iter().filter_map(|item| self.as_text(&what, item)).collect()
    }

    /// A date, if it is given: `"2024-11-25~"`, or `{ edtf, written, basis }`.
    pub(crate) fn date(&mut self, name: &'static str) -> Option<Date> {
        let value = self.value(name)?;
        let place = value.span().start;
        let date = match value.get_ref() {
            DeValue::String(edtf) => Date::new(edtf, None, Basis::Inferred),
            DeValue::Datetime(day) => Date::new(&day.to_string(), None, Basis::Inferred),
            DeValue::Table(table) => {
                let mut fields = self.inside(&format!("`{name}`"), table, place);
                let edtf = fields.required("edtf", "the date, such as 2024-11-24 or 2024-10");
                let written = fields.text("written");
                let by_words = if written.is_some() { Basis::Stated } else { Basis::Inferred };
                let basis = fields.word("basis").unwrap_or(by_words);
                fields.finish();
                Date::new(&edtf?.text, written, basis)
            }
            other => {
                let what = format!(
                    "`{name}` is {}, expected a date such as \"2024-11-24\"",
                    kind_of(other)
                );
                self.fault(place, &what);
                return None;
            }
        };
        date.map_err(|error| self.fault(place, &format!("`{name}`: {error}"))).ok()
    }

    /// A whole number that is not negative, if it is given.
    pub(crate) fn number(&mut self, name: &'static str) -> Option<u64> {
        let value = self.value(name)?;
        let number = match value.get_ref() {
            DeValue::Integer(digits) => u64::from_str_radix(digits.as_str(), digits.radix()).ok(),
            _ => None,
        };
        if number.is_none() {
            let found = kind_of(value.get_ref());
            self.fault(
                value.span().start,
                &format!("`{name}` is {found}, expected a number from 0"),
            );
        }
        number
    }

    /// A value of whatever type, if it is given.
    pub(crate) fn value(&mut self, name: &'static str) -> Option<&'p Value<'t>> {
        self.asked.push(name);
        self.table.get(name)
    }

    /// The items of a list, or the one thing that stands in its place.
    pub(crate) fn items(&mut self, name: &'static str) -> Vec<&'p Value<'t>> {
        match self.value(name) {
            None => Vec::new(),
            Some(value) => match value.get_ref() {
                DeValue::Array(items) => {
                    self.within_limit(name, value, items).map_or(Vec::new(), |i| i.iter().collect())
                }
                _ => vec![value],
            },
        }
    }

    /// All fields of a table whose names are anybody's to choose.
    pub(crate) fn open_table(&mut self, name: &'static str) -> Vec<(Written, Written)> {
        let Some(value) = self.value(name) else { return Vec::new() };
        let DeValue::Table(table) = value.get_ref() else {
            let found = kind_of(value.get_ref());
            self.fault(value.span().start, &format!("`{name}` is {found}, expected a table"));
            return Vec::new();
        };
        let entries = table.iter().filter_map(|(key, value)| {
            let text = self.as_text(&format!("`{key}`"), value)?;
            let place = Some(self.page.place(key.span().start));
            Some((Written { text: key.get_ref().to_string(), place }, text))
        });
        entries.collect()
    }

    /// The fields of a table within this one.
    pub(crate) fn inside(&self, name: &str, table: &'p DeTable<'t>, start: usize) -> Self {
        let within = if self.within.is_empty() {
            name.to_owned()
        } else {
            format!("{}, {name}", self.within)
        };
        let (page, section) = (self.page, self.section.clone());
        Self { page, table, start, section, within, asked: Vec::new() }
    }

    /// A value as the fields of a table; `name` says what it is.
    pub(crate) fn as_table(&self, name: &str, value: &'p Value<'t>) -> Option<Self> {
        match value.get_ref() {
            DeValue::Table(table) => Some(self.inside(name, table, value.span().start)),
            other => {
                let what = format!("{name} is {}, expected a table {{ … }}", kind_of(other));
                self.fault(value.span().start, &what);
                None
            }
        }
    }

    /// A value as a text; `name` says what it is.
    pub(crate) fn as_text(&self, name: &str, value: &Value<'_>) -> Option<Written> {
        let start = value.span().start;
        match value.get_ref() {
            DeValue::String(text) => {
                Some(Written { text: text.to_string(), place: Some(self.page.place(start)) })
            }
            other => {
                let found = kind_of(other);
                self.fault(start, &format!("{name} is {found}, expected text in quotation marks"));
                None
            }
        }
    }

    /// Whether a field is given.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.table.contains_key(name)
    }

    /// Where the table begins.
    pub(crate) fn place(&self) -> Place {
        self.page.place(self.start)
    }

    /// Notes a fault of the table as a whole.
    pub(crate) fn refuse(&self, what: &str) {
        self.fault(self.start, what);
    }

    /// Notes a fault at a byte of the file.
    pub(crate) fn fault(&self, byte: usize, what: &str) {
        self.fault_at(Some(self.page.place(byte)), what);
    }

    /// Notes a fault at a place of the file.
    pub(crate) fn fault_at(&self, place: Option<Place>, what: &str) {
        let within =
            if self.within.is_empty() { String::new() } else { format!("{}: ", self.within) };
        let what = format!("{within}{what}");
        self.page.push(Fault { place, section: self.section.clone(), what, hint: None });
    }

    /// Refuses every field that was not asked for.
    pub(crate) fn finish(self) {
        let is_file = self.section.is_none() && self.within.is_empty();
        let what = if is_file { "section" } else { "field" };
        for name in self.table.keys() {
            let word: &str = name.get_ref();
            if !self.asked.contains(&word) {
                let near = did_you_mean(word, self.asked.iter().copied());
                let mut found = format!("unknown {what} `{word}`{near}");
                if near.is_empty() {
                    found = format!("{found}, expected one of {}", self.known());
                }
                self.fault(name.span().start, &found);
            }
        }
    }

    fn known(&self) -> String {
        let known: Vec<String> = self.asked.iter().map(|name| format!("`{name}`")).collect();
        known.join(", ")
    }

    fn within_limit<'v>(
        &self,
        name: &str,
        at: &Value<'_>,
        items: &'v [Value<'t>],
    ) -> Option<&'v [Value<'t>]> {
        if items.len() <= MAX_ITEMS {
            return Some(items);
        }
        let what = format!("`{name}` has {} items, expected at most {MAX_ITEMS}", items.len());
        self.fault(at.span().start, &what);
        None
    }
}

/// The section's name for people.
fn label(name: &str, number: u64, named_by: &str, table: &DeTable<'_>) -> String {
    let Some(DeValue::String(text)) = table.get(named_by).map(Spanned::get_ref) else {
        return format!("{name} {number}");
    };
    let shown: String = text.chars().take(MAX_LABEL).collect();
    match named_by {
        "key" => format!("{name} {number} ({shown:?})"),
        _ => format!("{name} {number} ({named_by} {shown:?})"),
    }
}

/// What sort of value was found, for people.
pub(crate) fn kind_of(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "text",
        DeValue::Integer(_) => "a number",
        DeValue::Float(_) => "a number with a fraction",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date without quotation marks",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

/// A text that is no word of a set: the words of the set, for a hint.
#[derive(Debug)]
struct NotAWord(&'static [&'static str]);

impl serde::de::Error for NotAWord {
    fn custom<T: std::fmt::Display>(_: T) -> Self {
        Self(&[])
    }

    fn unknown_variant(_: &str, expected: &'static [&'static str]) -> Self {
        Self(expected)
    }
}

impl std::error::Error for NotAWord {}

impl std::fmt::Display for NotAWord {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "expected one of {}", self.0.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::{Page, STRIDE};

    #[test]
    fn places_are_lines_and_characters_counted_from_one() {
        let text = format!("é漢x\n\n{}\nend", "é".repeat(STRIDE));
        let page = Page::new(&text);
        let (mut line, mut column) = (1, 1);
        for (byte, character) in text.char_indices() {
            let place = page.place(byte);
            assert_eq!((place.line, place.column), (line, column), "byte {byte}");
            (line, column) = if character == '\n' { (line + 1, 1) } else { (line, column + 1) };
        }
        assert_eq!(page.place(text.len() + 9), page.place(text.len()));
        assert_eq!(page.place(text.len()).line, 4);
    }
}
