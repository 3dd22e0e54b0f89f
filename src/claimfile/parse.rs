//! Claim file text to drafts: strict, and with all faults of the file at once.
//!
//! Unknown fields are refused with the nearest known name, and every fault says its line, column
//! and section. Whether a key names anything is left to `compose`, which knows the ledger.

use std::collections::HashMap;

use toml::de::{DeTable, DeValue};

use crate::attribution::identity::{self, Identifier};
use crate::attribution::record::channel::{Channel, Handle};
use crate::attribution::record::document::DocumentKind;
use crate::attribution::record::party::{Name, NameKind};
use crate::attribution::truth::Truth;
use crate::claimfile::draft::{
    ClaimFile, ControlDraft, DocumentDraft, PartyDraft, ProviderDraft, RoleDraft, Section, Written,
};
use crate::claimfile::fault::{Fault, Faults, Place};
use crate::claimfile::fields::{Fields, Page};
use crate::claimfile::parse_capture::captures;
use crate::claimfile::{parse_attestation, parse_capture, parse_claim};

/// The largest claim file, in bytes: 4 MiB, some thousands of claims. What is larger was not
/// written by hand, and has the import as its way in.
pub const MAX_SIZE: usize = 4 * 1024 * 1024;

/// Reads a claim file.
///
/// # Errors
/// Everything that is wrong with it: with its TOML, or else with its fields.
pub fn parse(bytes: &[u8]) -> Result<ClaimFile, Faults> {
    let text = admit(bytes)?;
    let page = Page::new(text);
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        let place = error.span().map_or(0, |span| span.start);
        page.fault(place, None, format!("not TOML: {}", error.message()));
    }
    // What is left of broken TOML would only give faults that nobody made.
    if !errors.is_empty() {
        return Faults::or(page.faults(), ClaimFile::default);
    }
    let file = read(&page, table.get_ref());
    if table.get_ref().is_empty() {
        page.fault(0, None, "the file is empty, expected at least one section such as [[claim]]");
    }
    Faults::or(page.faults(), || file)
}

/// Text within the limit.
fn admit(bytes: &[u8]) -> Result<&str, Fault> {
    if bytes.len() > MAX_SIZE {
        let what = format!("the file has {} bytes, expected at most {MAX_SIZE}", bytes.len());
        return Err(Fault::of_file(what).hint("cut it into several files"));
    }
    std::str::from_utf8(bytes).map_err(|error| {
        let what = format!("byte {} begins no character, expected UTF-8", error.valid_up_to());
        Fault::of_file(what).hint("save the file as UTF-8")
    })
}

fn read<'p, 't>(page: &'p Page<'t>, table: &'p DeTable<'t>) -> ClaimFile {
    let mut fields = Fields::of_file(page, table);
    let file = ClaimFile {
        parties: fields.sections("party", "key", party),
        channels: fields.sections("channel", "key", channel),
        controls: fields.sections("control", "channel", control),
        documents: fields.sections("document", "key", document),
        later_captures: fields.sections("capture", "document", parse_capture::later),
        attestations: fields.sections("attestation", "scheme", parse_attestation::attestation),
        claims: fields.sections("claim", "speaker", parse_claim::claim),
        relations: fields.sections("relation", "from", parse_claim::relation),
        assessments: fields.sections("assessment", "target", parse_claim::assessment),
        notices: fields.sections("notice", "target", parse_claim::notice),
        providers: fields.sections("provider", "name", provider),
    };
    fields.finish();
    refuse_doubles(page, file.parties.iter().filter_map(|it| keyed(it, Some(&it.draft.key))));
    let channels = file.channels.iter().map(|it| (it.place, it.label.as_str(), &it.draft.key));
    refuse_doubles(page, channels);
    refuse_doubles(page, file.documents.iter().filter_map(|it| keyed(it, it.draft.key.as_ref())));
    refuse_doubles(page, file.claims.iter().filter_map(|it| keyed(it, it.draft.key.as_ref())));
    file
}

type Keyed<'f> = (Option<Place>, &'f str, &'f String);

fn keyed<'f, T>(section: &'f Section<T>, key: Option<&'f Written>) -> Option<Keyed<'f>> {
    key.map(|key| (key.place, section.label.as_str(), &key.text))
}

/// Two sections of one kind with one key: nobody could say which is meant.
fn refuse_doubles<'f>(page: &Page<'_>, sections: impl Iterator<Item = Keyed<'f>>) {
    let mut first: HashMap<&str, Option<Place>> = HashMap::new();
    for (place, label, key) in sections {
        if let Some(before) = first.insert(key, place) {
            let line = before.map_or(0, |place| place.line);
            let what = format!("the key {key:?} was given before, in line {line}");
            page.push(Fault { place, section: Some(label.to_owned()), what, hint: None });
        }
    }
}

/// `[[party]]`
fn party(fields: &mut Fields<'_, '_>) -> Option<PartyDraft> {
    let key = fields.required("key", "a short name by which this file speaks of the party");
    let kind = fields.required_word("kind", "what sort of party it is, such as person");
    let ids = identifiers(fields);
    let (part_of, roles) = (fields.texts("part_of"), roles(fields));
    let anonymity = fields.word("anonymity");
    let names = names(fields);
    Some(PartyDraft { key: key?, kind: kind?, names, ids, part_of, roles, anonymity })
}

/// `name = "…"`, or `names`: a list of texts or of tables.
fn names(fields: &mut Fields<'_, '_>) -> Vec<Name> {
    if fields.has("name") == fields.has("names") {
        fields.refuse("expected `name`, or `names` if there are several: exactly one of them");
    }
    let one = fields.text("name").map(|text| Name { text, lang: None, kind: None });
    let several = fields.items("names").into_iter().filter_map(|value| {
        if let DeValue::Table(table) = value.get_ref() {
            let mut inner = fields.inside("`names`", table, value.span().start);
            let text = inner.required("text", "the name as it is written");
            let (lang, kind) = (inner.text("lang"), inner.word::<NameKind>("kind"));
            inner.finish();
            return Some(Name { text: text?.text, lang, kind });
        }
        let text = fields.as_text("an item of `names`", value)?.text;
        Some(Name { text, lang: None, kind: None })
    });
    let several: Vec<Name> = several.collect();
    one.into_iter().chain(several).collect()
}

/// `ids = { wikidata = "Q…" }`: each in the form of its scheme, as far as that is known here.
fn identifiers(fields: &mut Fields<'_, '_>) -> Vec<Identifier> {
    let ids = fields.open_table("ids").into_iter().filter_map(|(scheme, value)| {
        let verdict = identity::check(&scheme.text, &value.text);
        if verdict.truth == Truth::Fails {
            fields.fault_at(value.place, &format!("`ids`, {}: {}", scheme.text, verdict.message));
            return None;
        }
        Some(Identifier { scheme: scheme.text, value: value.text })
    });
    ids.collect()
}

fn roles(fields: &mut Fields<'_, '_>) -> Vec<RoleDraft> {
    let roles = fields.items("roles").into_iter().filter_map(|value| {
        let mut inner = fields.as_table("an item of `roles`", value)?;
        let office = inner.required("office", "what the office is called");
        let org = inner.written("org");
        let (since, until) = (inner.date("since"), inner.date("until"));
        inner.finish();
        Some(RoleDraft { office: office?.text, org, since, until })
    });
    roles.collect()
}

/// `[[channel]]`
fn channel(fields: &mut Fields<'_, '_>) -> Option<Channel> {
    let key = fields.required("key", "a short name by which this file speaks of the channel");
    let kind = fields.required_word("kind", "what sort of channel it is, such as account");
    let (platform, platform_id) = (fields.text("platform"), platform_id(fields));
    let handles = handles(fields);
    let urls = plain(fields.texts("urls"));
    Some(Channel { key: key?.text, kind: kind?, platform, platform_id, handles, urls })
}

/// The platform's own id: text, because programs round long numbers.
fn platform_id(fields: &mut Fields<'_, '_>) -> Option<String> {
    let value = fields.value("platform_id")?;
    if let DeValue::Integer(_) | DeValue::Float(_) = value.get_ref() {
        let what = "`platform_id` is a number, expected text in quotation marks: programs round \
                    long numbers, and then the id is another account's";
        fields.fault(value.span().start, what);
        return None;
    }
    let written = fields.as_text("`platform_id`", value)?;
    let verdict = identity::check_platform_id(&written.text);
    if verdict.truth == Truth::Fails {
        fields.fault(value.span().start, &format!("`platform_id`: {}", verdict.message));
        return None;
    }
    Some(written.text)
}

fn handles(fields: &mut Fields<'_, '_>) -> Vec<Handle> {
    let handles = fields.items("handles").into_iter().filter_map(|value| {
        if let DeValue::Table(table) = value.get_ref() {
            let mut inner = fields.inside("`handles`", table, value.span().start);
            let text = inner.required("text", "the handle as the platform writes it");
            let (since, until) = (inner.date("since"), inner.date("until"));
            inner.finish();
            return Some(Handle { text: text?.text, since, until });
        }
        let text = fields.as_text("an item of `handles`", value)?.text;
        Some(Handle { text, since: None, until: None })
    });
    handles.collect()
}

/// `[[control]]`
fn control(fields: &mut Fields<'_, '_>) -> Option<ControlDraft> {
    let channel = fields.required("channel", "the channel's key");
    let party = fields.required("party", "the key of the party that controlled it");
    let mode = fields.required_word("mode", "in what capacity, such as official");
    let basis = fields.required_word("basis", "on what this rests, such as reporter_says");
    let (since, until) = (fields.date("since"), fields.date("until"));
    let (evidence, verified_at) = (fields.written("evidence"), fields.date("verified_at"));
    let (channel, party, mode, basis) = (channel?, party?, mode?, basis?);
    Some(ControlDraft { channel, party, mode, basis, since, until, evidence, verified_at })
}

/// `[[document]]`
fn document(fields: &mut Fields<'_, '_>) -> Option<DocumentDraft> {
    let key = fields.written("key");
    let kind = fields.required_word("kind", "what sort of document it is, such as article");
    let draft = DocumentDraft {
        key,
        kind: DocumentKind::Note,
        title: fields.text("title"),
        publisher: fields.written("publisher"),
        channel: fields.written("channel"),
        url: fields.text("url"),
        aliases: plain(fields.texts("aliases")),
        language: fields.text("language"),
        published: fields.date("published"),
        byline: fields.text("byline"),
        credits: plain(fields.texts("credits")),
        cites: fields.texts("cites"),
        captures: captures(fields),
    };
    Some(DocumentDraft { kind: kind?, ..draft })
}

/// `[[provider]]`
fn provider(fields: &mut Fields<'_, '_>) -> Option<ProviderDraft> {
    let name = fields.required("name", "the archive's or tool's name, as captures give it");
    let rating = fields.required_word("rating", "how far it is trusted, such as degraded");
    let reason = fields.required("reason", "why, in a sentence");
    let (since, party) = (fields.date("since"), fields.written("party"));
    let (name, reason) = (name?.text, reason?.text);
    Some(ProviderDraft { name, rating: rating?, since, reason, party })
}

fn plain(texts: Vec<Written>) -> Vec<String> {
    texts.into_iter().map(|written| written.text).collect()
}
