//! Column map text to rules: strict, and with all faults of the map at once, each with its line.

use toml::de::{DeTable, DeValue};

use crate::attribution::date::{Basis, Date};
use crate::attribution::record::claim::{Act, Mode, Polarity};
use crate::claimfile::draft::{Section, Written};
use crate::claimfile::fault::{Fault, Faults, did_you_mean};
use crate::claimfile::fields::{Fields, Page, kind_of};
use crate::import::forms::columns::day::{DateRule, Form, Year};
use crate::import::forms::columns::map::{
    AboutRule, CaptureRule, CaptureText, ChannelRule, ClaimRule, ColumnMap, DocumentRule, HopRule,
    How, OnRule, PartyRule, PassageRule, TableRule, Test, WhoRule,
};
use crate::import::forms::columns::template::Template;
use crate::import::forms::decoding;

/// The largest column map, in bytes: a few hundred lines.
pub const MAX_SIZE: usize = 64 * 1024;

/// The media type of captured cells where the map says none.
const PLAIN: &str = "text/plain; charset=utf-8";

/// The names that a map gives to its parties and channels.
struct Names {
    parties: Vec<String>,
    channels: Vec<String>,
}

/// Reads a column map.
///
/// # Errors
/// Everything that is wrong with it: with its TOML, or else with its fields.
pub fn parse(bytes: &[u8]) -> Result<ColumnMap, Faults> {
    if bytes.len() > MAX_SIZE {
        let what = format!("the map has {} bytes, expected at most {MAX_SIZE}", bytes.len());
        return Err(Fault::of_file(what).into());
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let what = format!("byte {} begins no character, expected UTF-8", error.valid_up_to() + 1);
        Fault::of_file(what).hint("save the map as UTF-8")
    })?;
    let page = Page::new(text);
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        let place = error.span().map_or(0, |span| span.start);
        page.fault(place, None, format!("not TOML: {}", error.message()));
    }
    let map = errors.is_empty().then(|| read(&page, table.get_ref()));
    match Faults::or(page.faults(), || map)? {
        Some(map) => Ok(map),
        None => Err(Fault::of_file("the map cannot be read").into()),
    }
}

fn read<'p, 't>(page: &'p Page<'t>, whole: &'p DeTable<'t>) -> ColumnMap {
    let mut fields = Fields::of_file(page, whole);
    let about = fields.text("about");
    let table = inner(&mut fields, "table", |fields| Some(table(fields))).unwrap_or(TableRule {
        delimiter: None,
        quotes: true,
        encoding: None,
        skip_if_empty: Vec::new(),
        ids: Vec::new(),
    });
    let parties = drafts(fields.sections("party", "as", party));
    let channels = drafts(fields.sections("channel", "as", channel));
    let names = Names {
        parties: parties.iter().map(|it| it.name_here.clone()).collect(),
        channels: channels.iter().map(|it| it.name_here.clone()).collect(),
    };
    for list in [&names.parties, &names.channels] {
        if let Some(twice) = list.iter().enumerate().find(|(at, it)| list[..*at].contains(it)) {
            page.fault(0, None, format!("two sections are called `as = {:?}`", twice.1));
        }
    }
    let document = inner(&mut fields, "document", |fields| document(fields, &names));
    let claims = drafts(fields.sections("claim", "speaker", |fields| claim(fields, &names)));
    fields.finish();
    // What is given and wrong has its own fault.
    if !whole.contains_key("document") && claims.iter().any(|claim| claim.passage.is_some()) {
        page.fault(0, None, "a claim has a `passage`, and there is no [document] it stands in");
    }
    if !["document", "claim", "party", "channel"].iter().any(|it| whole.contains_key(*it)) {
        let what = "the map makes nothing: expected [document], [[claim]] or [[party]]";
        page.fault(0, None, what);
    }
    ColumnMap { about, table, parties, channels, document, claims }
}

fn drafts<T>(sections: Vec<Section<T>>) -> Vec<T> {
    sections.into_iter().map(|section| section.draft).collect()
}

/// A table within the map, if it is given.
fn inner<'p, 't, T>(
    fields: &mut Fields<'p, 't>,
    name: &'static str,
    read: impl FnOnce(&mut Fields<'p, 't>) -> Option<T>,
) -> Option<T> {
    let value = fields.value(name)?;
    let mut inner = fields.as_table(&format!("`{name}`"), value)?;
    let read = read(&mut inner);
    inner.finish();
    read
}

/// `[table]`
fn table(fields: &mut Fields<'_, '_>) -> TableRule {
    let delimiter = fields.written("delimiter").and_then(|written| match written.text.as_str() {
        "tab" | "\t" => Some(b'\t'),
        // A sign that ends a row, or that cannot be seen, parts no cells of one.
        one if one.len() == 1 && one != "\"" && !one.as_bytes()[0].is_ascii_control() => {
            Some(one.as_bytes()[0])
        }
        other => {
            let what = format!("`delimiter` is {other:?}, expected one sign, or \"tab\"");
            fields.fault_at(written.place, &what);
            None
        }
    });
    let quotes = match fields.value("quotes") {
        None => true,
        Some(value) => match value.get_ref() {
            DeValue::Boolean(quotes) => *quotes,
            other => {
                let what = format!("`quotes` is {}, expected true or false", kind_of(other));
                fields.fault(value.span().start, &what);
                true
            }
        },
    };
    let encoding = fields.written("encoding");
    if let Some(written) = encoding.as_ref().filter(|it| decoding::named(&it.text).is_none()) {
        let what = format!(
            "`encoding` is {:?}, expected a name that the web knows, such as \"windows-1252\"",
            written.text
        );
        fields.fault_at(written.place, &what);
    }
    let names = |list: Vec<Written>| list.into_iter().map(|it| it.text).collect();
    TableRule {
        delimiter,
        quotes,
        encoding: encoding.map(|it| it.text),
        skip_if_empty: names(fields.texts("skip_if_empty")),
        ids: names(fields.texts("ids")),
    }
}

/// `[[party]]`
fn party(fields: &mut Fields<'_, '_>) -> Option<PartyRule> {
    let name_here = fields.required("as", "what this map calls the party, such as \"speaker\"");
    let kind = fields.required_word("kind", "what sort of party it is, such as person");
    let name = required(fields, "name", "its name, such as \"{Person}\"");
    let key = template(fields, "key").or_else(|| name.clone());
    let lang = fields.text("lang");
    Some(PartyRule { name_here: name_here?.text, key: key?, kind: kind?, name: name?, lang })
}

/// `[[channel]]`
fn channel(fields: &mut Fields<'_, '_>) -> Option<ChannelRule> {
    let name_here = fields.required("as", "what this map calls the channel, such as \"account\"");
    let key = required(fields, "key", "the short name under which the ledger knows it");
    let kind = fields.required_word("kind", "what sort of channel it is, such as account");
    let [platform, platform_id, handle, url] =
        ["platform", "platform_id", "handle", "url"].map(|name| template(fields, name));
    let (name_here, key, kind) = (name_here?.text, key?, kind?);
    Some(ChannelRule { name_here, key, kind, platform, platform_id, handle, url })
}

/// `[document]`
fn document(fields: &mut Fields<'_, '_>, names: &Names) -> Option<DocumentRule> {
    let kind = fields.required_word("kind", "what sort of document a row is, such as statement");
    let publisher = who(fields, "publisher", names);
    if let Some(WhoRule::Unresolved(_)) = publisher {
        fields.refuse("`publisher` must be a party");
    }
    let [title, url, language, byline] =
        ["title", "url", "language", "byline"].map(|name| template(fields, name));
    let (channel, published) = (on(fields, names), date(fields, "published"));
    let capture = capture(fields);
    Some(DocumentRule {
        kind: kind?,
        title,
        publisher,
        channel,
        url,
        language,
        published,
        byline,
        capture,
    })
}

/// `capture = "{text}"`, `capture = "row"`, or a table with `text`.
fn capture(fields: &mut Fields<'_, '_>) -> Option<CaptureRule> {
    let value = fields.value("capture")?;
    if let DeValue::String(_) = value.get_ref() {
        let text = capture_text(fields, "capture")?;
        return Some(CaptureRule { text, media_type: PLAIN.to_owned(), provider: None });
    }
    inner(fields, "capture", |fields| {
        fields.required("text", "the cells that are kept, such as \"{text}\"");
        let text = capture_text(fields, "text");
        let media_type = fields.text("media_type").unwrap_or_else(|| PLAIN.to_owned());
        let provider = fields.text("provider");
        Some(CaptureRule { text: text?, media_type, provider })
    })
}

fn capture_text(fields: &mut Fields<'_, '_>, name: &'static str) -> Option<CaptureText> {
    if fields.written(name)?.text == "row" {
        return Some(CaptureText::Row);
    }
    template(fields, name).map(CaptureText::Cells)
}

/// `[[claim]]`
fn claim(fields: &mut Fields<'_, '_>, names: &Names) -> Option<ClaimRule> {
    let meaning = "who said it: a party of this map, or { unresolved = \"…\" }";
    let speaker = required_who(fields, "speaker", meaning, names);
    let said = required(fields, "said", "what was said, such as \"{text}\"");
    let rule = ClaimRule {
        when: tests(fields, "when"),
        unless: tests(fields, "unless"),
        speaker: WhoRule::Party(0),
        as_written: template(fields, "as_written"),
        role_as_written: template(fields, "role_as_written"),
        act: fields.word("act").unwrap_or(Act::State),
        polarity: fields.word("polarity").unwrap_or(Polarity::Asserted),
        said: said.clone().unwrap_or_else(Template::empty),
        lang: template(fields, "lang"),
        modality: fields.word("modality"),
        said_at: date(fields, "said_at"),
        place: template(fields, "place"),
        event: template(fields, "event"),
        passage: passage(fields),
        chain: chain(fields, names),
        about: about(fields, names),
    };
    said?;
    Some(ClaimRule { speaker: speaker?, ..rule })
}

/// `passage = "{quote}"`, or a table with `exact`.
fn passage(fields: &mut Fields<'_, '_>) -> Option<PassageRule> {
    let value = fields.value("passage")?;
    if let DeValue::String(_) = value.get_ref() {
        let exact = template(fields, "passage")?;
        return Some(PassageRule { mode: Mode::Indirect, exact, cue: None });
    }
    inner(fields, "passage", |fields| {
        let exact = required(fields, "exact", "the words that carry the claim");
        let mode = fields.word("mode").unwrap_or(Mode::Indirect);
        if mode == Mode::Translated {
            fields.refuse("`mode` is translated, which needs a translator: use a claim file");
        }
        let cue = template(fields, "cue");
        Some(PassageRule { mode, exact: exact?, cue })
    })
}

/// `chain = [{ by = "…", relation = "…", basis = "…", unreachable = "…" }]`
fn chain(fields: &mut Fields<'_, '_>, names: &Names) -> Vec<HopRule> {
    let items = fields.items("chain");
    let hops = items.into_iter().filter_map(|value| {
        let mut inner = fields.as_table("a step of `chain`", value)?;
        let by = required_who(&mut inner, "by", "on whose word it rests", names);
        let relation = inner.required_word("relation", "what is done with it, such as quotes");
        let basis = inner.required_word("basis", "how it is pointed to, such as named_source");
        let unreachable = required(&mut inner, "unreachable", "why nothing of it is at hand");
        let (kind, cue) = (inner.word("kind"), template(&mut inner, "cue"));
        let reported_at = date(&mut inner, "reported_at");
        inner.finish();
        Some(HopRule {
            by: by?,
            kind,
            cue,
            relation: relation?,
            basis: basis?,
            reported_at,
            unreachable: unreachable?,
        })
    });
    hops.collect()
}

/// `about = [{ topic = "…" }, { place = "…" }, { party = "…" }]`
fn about(fields: &mut Fields<'_, '_>, names: &Names) -> Vec<AboutRule> {
    let items = fields.items("about");
    let about = items.into_iter().filter_map(|value| {
        let mut inner = fields.as_table("an item of `about`", value)?;
        let party = who(&mut inner, "party", names).map(AboutRule::Party);
        let place = template(&mut inner, "place").map(AboutRule::Place);
        let topic = template(&mut inner, "topic").map(AboutRule::Topic);
        let given: Vec<AboutRule> = [party, place, topic].into_iter().flatten().collect();
        if given.len() > 1 {
            inner.refuse("expected one of `party`, `place` and `topic`");
        }
        inner.finish();
        given.into_iter().next()
    });
    about.collect()
}

/// `when = [{ text = "{title}", contains = "…" }]`
fn tests(fields: &mut Fields<'_, '_>, name: &'static str) -> Vec<Test> {
    let items = fields.items(name);
    let tests = items.into_iter().filter_map(|value| {
        let mut inner = fields.as_table(&format!("an item of `{name}`"), value)?;
        let text = required(&mut inner, "text", "what is looked at, such as \"{title}\"");
        let ways = [
            ("is", How::Is),
            ("begins", How::Begins),
            ("ends", How::Ends),
            ("contains", How::Contains),
        ];
        let given = ways.map(|(way, how)| (how, inner.texts(way)));
        let given: Vec<_> = given.into_iter().filter(|(_, words)| !words.is_empty()).collect();
        if given.len() != 1 {
            inner.refuse("expected one of `is`, `begins`, `ends` and `contains`, with words");
        }
        inner.finish();
        let (how, words) = given.into_iter().next()?;
        Some(Test { text: text?, how, words: words.into_iter().map(|it| it.text).collect() })
    });
    tests.collect()
}

/// A date: `{ text = "{created_at}", format = "month/day/year", … }`.
fn date(fields: &mut Fields<'_, '_>, name: &'static str) -> Option<DateRule> {
    fields.value(name)?;
    inner(fields, name, |fields| {
        let text = required(fields, "text", "the cell that holds the date, such as \"{date}\"");
        let format = fields.required("format", "how it is written, such as \"day.month.year\"");
        let form = format.and_then(|format| {
            Form::parse(&format.text).map_err(|what| fields.fault_at(format.place, &what)).ok()
        });
        let zone = fields.written("zone").and_then(|zone| zone_of(fields, &zone));
        let year = year(fields);
        let basis = fields.word("basis").unwrap_or(Basis::Stated);
        Some(DateRule { text: text?, form: form?, zone, year, basis })
    })
}

fn zone_of(fields: &Fields<'_, '_>, written: &Written) -> Option<String> {
    if ["UTC", "Z"].contains(&written.text.as_str()) {
        return Some("Z".to_owned());
    }
    let is_offset = Date::parse(&format!("2000-01-01T00:00:00{}", written.text)).is_ok();
    if is_offset && written.text.starts_with(['+', '-']) {
        return Some(written.text.clone());
    }
    let what =
        format!("`zone` is {:?}, expected \"UTC\" or an offset such as \"+08:00\"", written.text);
    fields.fault_at(written.place, &what);
    None
}

fn year(fields: &mut Fields<'_, '_>) -> Option<Year> {
    let fixed = template(fields, "year");
    let latest_by = fields.written("latest_by");
    if fixed.is_some() && latest_by.is_some() {
        fields.refuse("found both `year` and `latest_by`, expected one of them");
    }
    let Some(written) = latest_by else { return fixed.map(Year::Fixed) };
    let day = Date::parse(&written.text).ok().filter(|_| written.text.len() == 10);
    let Some(day) = day.and_then(|date| date.latest()) else {
        let what = format!("`latest_by` is {:?}, expected a day such as 2015-01-30", written.text);
        fields.fault_at(written.place, &what);
        return None;
    };
    Some(Year::LatestBy(day.year(), day.month(), day.day()))
}

/// A party of the map by its name there, `{ key = "…" }`, or `{ unresolved = "…" }`.
fn who(fields: &mut Fields<'_, '_>, name: &'static str, names: &Names) -> Option<WhoRule> {
    let value = fields.value(name)?;
    if let DeValue::String(_) = value.get_ref() {
        let written = fields.written(name)?;
        return named(fields, &written, ("party", &names.parties)).map(WhoRule::Party);
    }
    inner(fields, name, |fields| {
        let key = template(fields, "key").map(WhoRule::Key);
        let unresolved = template(fields, "unresolved").map(WhoRule::Unresolved);
        if key.is_some() == unresolved.is_some() {
            fields.refuse("expected `key` or `unresolved`: exactly one of them");
        }
        key.or(unresolved)
    })
}

fn required_who(
    fields: &mut Fields<'_, '_>,
    name: &'static str,
    meaning: &str,
    names: &Names,
) -> Option<WhoRule> {
    if fields.has(name) {
        return who(fields, name, names);
    }
    fields.required(name, meaning);
    None
}

/// A channel of the map by its name there, or `{ key = "…" }`.
fn on(fields: &mut Fields<'_, '_>, names: &Names) -> Option<OnRule> {
    let value = fields.value("channel")?;
    if let DeValue::String(_) = value.get_ref() {
        let written = fields.written("channel")?;
        return named(fields, &written, ("channel", &names.channels)).map(OnRule::Channel);
    }
    inner(fields, "channel", |fields| required(fields, "key", "its key").map(OnRule::Key))
}

fn named(
    fields: &Fields<'_, '_>,
    written: &Written,
    (kind, names): (&str, &[String]),
) -> Option<usize> {
    let place = names.iter().position(|name| *name == written.text);
    if place.is_none() {
        let near = did_you_mean(&written.text, names.iter().map(String::as_str));
        let what = format!(
            "no [[{kind}]] of this map is called {:?}{near}; one that the ledger has already is \
             {{ key = \"…\" }}",
            written.text
        );
        fields.fault_at(written.place, &what);
    }
    place
}

fn required(fields: &mut Fields<'_, '_>, name: &'static str, meaning: &str) -> Option<Template> {
    fields.required(name, meaning)?;
    template(fields, name)
}

fn template(fields: &mut Fields<'_, '_>, name: &'static str) -> Option<Template> {
    let written = fields.written(name)?;
    let read = Template::parse(&written.text);
    read.map_err(|what| fields.fault_at(written.place, &format!("`{name}`: {what}"))).ok()
}

#[cfg(test)]
mod tests {
    use super::parse;

    fn check(map: &str, expected: &[&str]) {
        let faults = parse(map.as_bytes()).unwrap_err();
        let found: Vec<String> = faults.shown().iter().map(ToString::to_string).collect();
        assert_eq!(found, expected, "{map}");
    }

    #[test]
    fn what_a_map_says_wrong_is_named_with_its_line() {
        check(
            "[document]\nkind = \"post\"\ntitel = \"{title}\"\n",
            &["line 3, column 1: `document`: unknown field `titel`, did you mean `title`?"],
        );
        check(
            "[[claim]]\nspeaker = \"speaker\"\nsaid = \"{text}\"\n",
            &["line 2, column 11, claim 1 (speaker \"speaker\"): no [[party]] of this map is \
               called \"speaker\"; one that the ledger has already is { key = \"…\" }"],
        );
        check(
            "[document]\nkind = \"post\"\npublished = { text = \"{d}\", format = \"DD.MM\" }\n",
            &["line 3, column 38: `document`, `published`: found \"DD.MM\", expected `edtf`, \
               `title`, or a pattern of the words year, month, monthname, day, hour, minute, \
               second, ampm, such as \"month/day/year\""],
        );
        check(
            "[table]\nquotes = 1\n[document]\nkind = \"pots\"\nurl = \"{\"\n",
            &[
                "line 2, column 10: `table`: `quotes` is a number, expected true or false",
                "line 4, column 8: `document`: unknown kind `pots`, did you mean `post` or \
                 `note` or `photo`?",
                "line 5, column 7: `document`: `url`: found \"{\", expected the name of a column \
                 between { and }; a brace itself is written twice",
            ],
        );
        check(
            "[table]\ndelimiter = \"\\n\"\nencoding = \"nope\"\n[document]\nkind = \"post\"\n",
            &[
                "line 2, column 13: `table`: `delimiter` is \"\\n\", expected one sign, or \"tab\"",
                "line 3, column 12: `table`: `encoding` is \"nope\", expected a name that the web \
                 knows, such as \"windows-1252\"",
            ],
        );
        check(
            "a = ",
            &["line 1, column 5: not TOML: string values must be quoted, expected literal string"],
        );
        check(
            "",
            &["line 1, column 1: the map makes nothing: expected [document], [[claim]] or \
                 [[party]]"],
        );
    }
}
