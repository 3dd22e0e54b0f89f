//! The sections of a claim file that say something of a claim: `[[claim]]` itself, and the later
//! words about it.

use toml::de::DeValue;

use crate::attribution::record::claim::{Act, HopBasis, HopRelation, Mode, Polarity};
use crate::claimfile::draft::{
    AboutDraft, AssessmentDraft, ClaimDraft, HopDraft, NoticeDraft, PassageDraft, RelationDraft,
    SegmentDraft, WhoDraft,
};
use crate::claimfile::fields::{Fields, kind_of};
use crate::selector::{Position, Selector};

/// `[[claim]]`
pub(crate) fn claim(fields: &mut Fields<'_, '_>) -> Option<ClaimDraft> {
    let key = fields.written("key");
    let speaker = required_who(fields, "speaker", "who said it, by the party's key");
    let said = fields.required("said", "what was said, in your own words");
    let draft = ClaimDraft {
        key,
        speaker: WhoDraft::Unresolved(String::new()),
        said: String::new(),
        as_written: fields.text("as_written"),
        role_as_written: fields.text("role_as_written"),
        act: fields.word("act").unwrap_or(Act::State),
        polarity: fields.word("polarity").unwrap_or(Polarity::Asserted),
        lang: fields.text("lang"),
        modality: fields.word("modality"),
        said_at: fields.date("said_at"),
        place: fields.text("place"),
        event: fields.text("event"),
        document: fields.written("in"),
        passage: passage(fields),
        chain: chain(fields),
        about: about(fields),
    };
    if draft.passage.is_some() && draft.document.is_none() {
        fields.refuse("`passage` is given without `in`, the document in which it stands");
    }
    Some(ClaimDraft { speaker: speaker?, said: said?.text, ..draft })
}

/// `[[relation]]`
pub(crate) fn relation(fields: &mut Fields<'_, '_>) -> Option<RelationDraft> {
    let from = fields.required("from", "the claim that bears on the other");
    let kind = fields.required_word("kind", "how it bears on the other, such as confirms");
    let to = fields.required("to", "the claim that is borne upon");
    let (by, method) = (fields.written("by"), fields.text("method"));
    Some(RelationDraft { from: from?, kind: kind?, to: to?, by, method })
}

/// `[[assessment]]`
pub(crate) fn assessment(fields: &mut Fields<'_, '_>) -> Option<AssessmentDraft> {
    let target = fields.required("target", "the claim or document that is rated");
    let scheme = fields.required("scheme", "by which scheme, such as admiralty");
    let value = fields.required("value", "the rating in that scheme, such as B2");
    let (by, basis) = (fields.written("by"), fields.text("basis"));
    let (scheme, value) = (scheme?.text, value?.text);
    Some(AssessmentDraft { target: target?, by, scheme, value, basis })
}

/// `[[notice]]`
pub(crate) fn notice(fields: &mut Fields<'_, '_>) -> Option<NoticeDraft> {
    let kind = fields.required_word("kind", "what it does, such as publisher_correction");
    let target = fields.required("target", "the claim or document whose standing changes");
    let reason = fields.required("reason", "why, in a sentence");
    let (replacement, document) = (fields.written("replacement"), fields.written("document"));
    let (by, text) = (fields.written("by"), fields.text("text"));
    let reason = reason?.text;
    Some(NoticeDraft { kind: kind?, target: target?, reason, replacement, document, by, text })
}

/// A party's key, or `{ unresolved = "…" }`, if it is given.
fn who(fields: &mut Fields<'_, '_>, name: &'static str) -> Option<WhoDraft> {
    let value = fields.value(name)?;
    match value.get_ref() {
        DeValue::Table(table) => {
            let mut inner = fields.inside(&format!("`{name}`"), table, value.span().start);
            let unresolved = inner.required("unresolved", "the name as written");
            inner.finish();
            Some(WhoDraft::Unresolved(unresolved?.text))
        }
        _ => fields.as_text(&format!("`{name}`"), value).map(WhoDraft::Party),
    }
}

fn required_who(
    fields: &mut Fields<'_, '_>,
    name: &'static str,
    meaning: &str,
) -> Option<WhoDraft> {
    if fields.has(name) {
        return who(fields, name);
    }
    fields.required(name, meaning).map(WhoDraft::Party)
}

/// `passage = "words"`, or a table with `exact` or `segments`.
fn passage(fields: &mut Fields<'_, '_>) -> Option<PassageDraft> {
    let value = fields.value("passage")?;
    if let DeValue::String(words) = value.get_ref() {
        let place = fields.as_text("`passage`", value)?.place;
        let selector = Selector::quote(words.to_string());
        let segments = vec![SegmentDraft { place, selector }];
        let (capture, cue, translator) = (None, None, None);
        return Some(PassageDraft {
            place,
            mode: Mode::Indirect,
            capture,
            segments,
            cue,
            translator,
        });
    }
    let mut inner = fields.as_table("`passage`", value)?;
    let mode = inner.word("mode").unwrap_or(Mode::Indirect);
    let (capture, cue) = (inner.written("capture"), inner.text("cue"));
    let translator = who(&mut inner, "translator");
    let segments = segments(&mut inner);
    let place = Some(inner.place());
    inner.finish();
    Some(PassageDraft { place, mode, capture, segments: segments?, cue, translator })
}

/// The one segment that the passage itself describes, or the list of them.
fn segments(passage: &mut Fields<'_, '_>) -> Option<Vec<SegmentDraft>> {
    if !passage.has("segments") {
        return segment(passage).map(|segment| vec![segment]);
    }
    let segments = passage.items("segments").into_iter().zip(1..).map(|(value, number)| {
        if matches!(value.get_ref(), DeValue::String(_)) {
            let words = passage.as_text("a segment", value)?;
            let selector = Selector::quote(words.text);
            return Some(SegmentDraft { place: words.place, selector });
        }
        let mut inner = passage.as_table(&format!("segment {number}"), value)?;
        let segment = segment(&mut inner);
        inner.finish();
        segment
    });
    let segments: Option<Vec<_>> = segments.collect();
    if segments.as_ref().is_some_and(Vec::is_empty) {
        passage.refuse("`segments` is empty, expected the words that carry the claim");
    }
    segments
}

fn segment(fields: &mut Fields<'_, '_>) -> Option<SegmentDraft> {
    let exact = fields.required("exact", "the words as they stand in the document");
    let (prefix, suffix) = (fields.text("prefix"), fields.text("suffix"));
    let position = match (fields.number("start"), fields.number("end")) {
        (Some(start), Some(end)) => Some(Position { start, end }),
        _ => None,
    };
    if fields.has("start") != fields.has("end") {
        fields.refuse("`start` and `end` are given together or not at all");
    }
    let exact = exact?;
    let (pointer, page) = (fields.text("pointer"), page(fields));
    let selector = Selector { exact: exact.text, prefix, suffix, position, pointer, page };
    Some(SegmentDraft { place: exact.place, selector })
}

/// The page on which words stand, counted from 1.
fn page(fields: &mut Fields<'_, '_>) -> Option<u32> {
    let number = fields.number("page")?;
    let page = u32::try_from(number).ok().filter(|page| *page > 0);
    if page.is_none() {
        fields.refuse(&format!("`page` is {number}, expected a number from 1"));
    }
    page
}

fn chain(fields: &mut Fields<'_, '_>) -> Vec<HopDraft> {
    let hops = fields.items("chain").into_iter().zip(1..).filter_map(|(value, number)| {
        let mut inner = fields.as_table(&format!("hop {number} of `chain`"), value)?;
        let hop = hop(&mut inner);
        inner.finish();
        hop
    });
    hops.collect()
}

fn hop(fields: &mut Fields<'_, '_>) -> Option<HopDraft> {
    let by = required_who(fields, "by", "on whose word the step before rests, by the party's key");
    let draft = HopDraft {
        by: WhoDraft::Unresolved(String::new()),
        kind: fields.word("kind"),
        document: fields.written("in"),
        passage: passage(fields),
        cue: fields.text("cue"),
        relation: fields.word("relation").unwrap_or(HopRelation::Cites),
        basis: fields.word("basis").unwrap_or(HopBasis::NamedSource),
        reported_at: fields.date("reported_at"),
        modality: fields.word("modality"),
        unreachable: fields.text("unreachable"),
    };
    if fields.has("in") == fields.has("unreachable") {
        let what = "expected `in`, a document, or `unreachable`, the reason why there is none: \
                    exactly one of them";
        fields.refuse(what);
    }
    if draft.passage.is_some() && draft.document.is_none() {
        fields.refuse("`passage` is given without `in`, the document in which it stands");
    }
    Some(HopDraft { by: by?, ..draft })
}

fn about(fields: &mut Fields<'_, '_>) -> Vec<AboutDraft> {
    let subjects = fields.items("about").into_iter().filter_map(|value| match value.get_ref() {
        DeValue::String(_) => fields.as_text("an item of `about`", value).map(AboutDraft::Party),
        DeValue::Table(table) => {
            let mut inner = fields.inside("`about`", table, value.span().start);
            let (place, topic) = (inner.text("place"), inner.text("topic"));
            if inner.has("place") == inner.has("topic") {
                inner.refuse("expected `place` or `topic`: exactly one of them");
            }
            inner.finish();
            place.map(AboutDraft::Place).or(topic.map(AboutDraft::Topic))
        }
        other => {
            let found = kind_of(other);
            let what = format!(
                "an item of `about` is {found}, expected a party's key, {{ place = \"…\" }} or \
                 {{ topic = \"…\" }}"
            );
            fields.fault(value.span().start, &what);
            None
        }
    });
    subjects.collect()
}
