//! Claims, and later words about them: from drafts to records, with every passage anchored.

use crate::attribution::id::Id;
use crate::attribution::record::Record;
use crate::attribution::record::claim::{About, Claim, Hop, Passage, Proposition};
use crate::attribution::record::document::Capture;
use crate::attribution::record::notice::{Assessment, Notice, Relation};
use crate::attribution::truth::Truth;
use crate::claimfile::anchor::{anchor, shown, warnings};
use crate::claimfile::composition::{At, Composition, Held};
use crate::claimfile::draft::{
    AboutDraft, AssessmentDraft, ClaimDraft, HopDraft, NoticeDraft, PassageDraft, RelationDraft,
    Section, Written, is_url,
};
use crate::evidence::anchor::places;
use crate::evidence::reading::{Verdict, speaker_in};
use crate::hash::Hash;
use crate::ledger::batch::SHORTEST_PREFIX;
use crate::selector::Position;
use crate::store::disk::Disk;

/// A claim, with its passages found in their captures.
pub(crate) fn claim<D: Disk>(it: &mut Composition<'_, '_, D>, section: &Section<ClaimDraft>) {
    let draft = &section.draft;
    let composed = compose(it, section.at(), draft);
    let id = composed.and_then(|(claim, warnings)| {
        it.add(section.at(), &Record::Claim(Box::new(claim)), &draft.said, warnings)
    });
    if let Some(key) = &draft.key {
        it.claims.insert(key.text.clone(), id);
    }
}

/// A relation between two claims.
pub(crate) fn relation<D: Disk>(
    it: &mut Composition<'_, '_, D>,
    section: &Section<RelationDraft>,
) -> Option<Id> {
    let (at, draft) = (section.at(), &section.draft);
    let (from, to) = (it.claim(at, &draft.from), it.claim(at, &draft.to));
    let by = it.perhaps(draft.by.as_ref(), |it, by| it.party(at, by));
    let method = draft.method.clone();
    let record = Relation { from: from?, kind: draft.kind, to: to?, by: by?, method };
    let words = format!("{} → {}", draft.from.text, draft.to.text);
    it.add(at, &Record::Relation(record), &words, Vec::new())
}

/// A rating.
pub(crate) fn assessment<D: Disk>(
    it: &mut Composition<'_, '_, D>,
    section: &Section<AssessmentDraft>,
) -> Option<Id> {
    let (at, draft) = (section.at(), &section.draft);
    let target = it.target(at, &draft.target);
    let by = it.perhaps(draft.by.as_ref(), |it, by| it.party(at, by));
    let (scheme, value) = (draft.scheme.clone(), draft.value.clone());
    let words = format!("{}: {scheme} {value}", draft.target.text);
    let record = Assessment { target: target?, by: by?, scheme, value, basis: draft.basis.clone() };
    it.add(at, &Record::Assessment(record), &words, Vec::new())
}

/// A change of standing.
pub(crate) fn notice<D: Disk>(
    it: &mut Composition<'_, '_, D>,
    section: &Section<NoticeDraft>,
) -> Option<Id> {
    let (at, draft) = (section.at(), &section.draft);
    let target = it.target(at, &draft.target);
    let replacement = it.perhaps(draft.replacement.as_ref(), |it, name| it.target(at, name));
    let document = it.perhaps(draft.document.as_ref(), |it, name| it.document(at, name));
    let by = it.perhaps(draft.by.as_ref(), |it, by| it.party(at, by));
    let record = Notice {
        kind: draft.kind,
        target: target?,
        reason: draft.reason.clone(),
        replacement: replacement?,
        document: document?.map(|held| held.id),
        by: by?,
        text: draft.text.clone(),
    };
    it.add(at, &Record::Notice(record), &draft.target.text, Vec::new())
}

fn compose<D: Disk>(
    it: &mut Composition<'_, '_, D>,
    at: At<'_>,
    draft: &ClaimDraft,
) -> Option<(Claim, Vec<String>)> {
    let mut found = Vec::new();
    let speaker = it.who(at, &draft.speaker);
    let document = it.perhaps(draft.document.as_ref(), |it, name| it.document(at, name));
    let held = document.as_ref().and_then(Option::as_ref);
    let passage = it.perhaps(draft.passage.as_ref(), |it, words| {
        held.and_then(|held| passage(it, at, held, words, &mut found))
    });
    match (held, &draft.document) {
        (Some(held), _) => look_around(it, held, draft, &mut found),
        (None, Some(_)) => {}
        (None, None) => found.push("no document is given: this rests on nothing".to_owned()),
    }
    let chain = chain(it, at, &draft.chain, held, &mut found);
    let about = it.each(&draft.about, |it, about| match about {
        AboutDraft::Party(key) => it.party(at, key).map(About::Party),
        AboutDraft::Place(place) => Some(About::Place(place.clone())),
        AboutDraft::Topic(topic) => Some(About::Topic(topic.clone())),
    });
    let (text, lang) = (draft.said.clone(), draft.lang.clone());
    let claim = Claim {
        speaker: speaker?,
        speaker_as_written: draft.as_written.clone(),
        role_as_written: draft.role_as_written.clone(),
        act: draft.act,
        polarity: draft.polarity,
        said_at: draft.said_at.clone(),
        place: draft.place.clone(),
        event: draft.event.clone(),
        proposition: Proposition { text, lang, modality: draft.modality },
        passage: passage?,
        chain: chain?,
        about: about?,
        document: document?.map(|held| held.id),
    };
    Some((claim, found))
}

/// Whether the names and dates that the claim says it read do stand in the document.
fn look_around<D: Disk>(
    it: &mut Composition<'_, '_, D>,
    held: &Held,
    draft: &ClaimDraft,
    found: &mut Vec<String>,
) {
    if let Some(said_at) = &draft.said_at
        && said_at.fits_its_words() == Truth::Fails
    {
        let written = said_at.written().unwrap_or_default();
        found.push(format!("the words {written:?} do not fit the date {}", said_at.edtf()));
    }
    if draft.passage.is_none() {
        found.push("no passage is given: nothing shows that the document says so".to_owned());
    }
    let named = draft.passage.as_ref().and_then(|passage| passage.capture.as_ref());
    let Some(capture) = pick(held, named) else { return };
    let text = it.text(&capture);
    let Ok(text) = text.as_ref() else { return };
    for name in [&draft.as_written, &draft.role_as_written].into_iter().flatten() {
        let answer = speaker_in(text, name);
        if answer.verdict == Verdict::Fails {
            found.push(answer.fact);
        }
    }
    if let Some(written) = draft.said_at.as_ref().and_then(|date| date.written())
        && places(text, written, 1).is_empty()
    {
        found.push(format!("the date's words {written:?} stand nowhere in the text"));
    }
}

/// The hops, each read in the document of the step before it.
fn chain<D: Disk>(
    it: &mut Composition<'_, '_, D>,
    at: At<'_>,
    drafts: &[HopDraft],
    first: Option<&Held>,
    found: &mut Vec<String>,
) -> Option<Vec<Hop>> {
    let mut before = first.cloned();
    let mut hops = Vec::new();
    for draft in drafts {
        if let (Some(cue), Some(held)) = (&draft.cue, &before) {
            look_for_cue(it, held, cue, found);
        }
        let document = it.perhaps(draft.document.as_ref(), |it, name| it.document(at, name));
        before = document.clone().flatten();
        hops.push(hop(it, at, draft, document, found));
    }
    hops.into_iter().collect()
}

#[expect(clippy::option_option, reason = "absent and refused are two things")]
fn hop<D: Disk>(
    it: &mut Composition<'_, '_, D>,
    at: At<'_>,
    draft: &HopDraft,
    document: Option<Option<Held>>,
    found: &mut Vec<String>,
) -> Option<Hop> {
    let by = it.who(at, &draft.by);
    let held = document.as_ref().and_then(Option::as_ref);
    let passage = it.perhaps(draft.passage.as_ref(), |it, words| {
        held.and_then(|held| passage(it, at, held, words, found))
    });
    Some(Hop {
        by: by?,
        kind: draft.kind,
        passage: passage?,
        cue: draft.cue.clone(),
        relation: draft.relation,
        basis: draft.basis,
        reported_at: draft.reported_at.clone(),
        modality: draft.modality,
        unreachable: draft.unreachable.clone(),
        document: document?.map(|held| held.id),
    })
}

fn look_for_cue<D: Disk>(
    it: &mut Composition<'_, '_, D>,
    held: &Held,
    cue: &str,
    found: &mut Vec<String>,
) {
    let Some(capture) = pick(held, None) else { return };
    if let Ok(text) = it.text(&capture).as_ref()
        && places(text, cue, 1).is_empty()
    {
        found.push(format!("the cue `{cue}` of the chain stands nowhere in {:?}", held.name));
    }
}

/// A passage, with each segment found exactly once.
fn passage<D: Disk>(
    it: &mut Composition<'_, '_, D>,
    at: At<'_>,
    held: &Held,
    draft: &PassageDraft,
    found: &mut Vec<String>,
) -> Option<Passage> {
    let translator = it.perhaps(draft.translator.as_ref(), |it, who| it.who(at, who));
    let capture = capture_of(it, at, held, draft.capture.as_ref())?;
    let text = it.text(&capture);
    let text = match text.as_ref() {
        Ok(text) => text,
        Err(why) => {
            let what = format!("no words can be found in document {:?}: {why}", held.name);
            it.fault(at, draft.place, what, None);
            return None;
        }
    };
    let segments = it.each(&draft.segments, |it, segment| {
        anchor(text, &segment.selector)
            .map_err(|unfound| {
                let (quote, name) = (shown(&segment.selector.exact), &held.name);
                let what = format!("the quote “{quote}” in document {name:?} {}", unfound.what);
                let hints = unfound.hint.into_iter().chain(page_hint(held, &capture));
                let hints: Vec<String> = hints.collect();
                let hint = (!hints.is_empty()).then(|| hints.join("; "));
                it.fault(at, segment.place, what, hint);
            })
            .ok()
    })?;
    let positions: Vec<Position> = segments.iter().filter_map(|it| it.position).collect();
    found.extend(warnings(text, draft.mode, draft.cue.as_deref(), &positions));
    Some(Passage {
        mode: draft.mode,
        capture: capture.digest,
        profile: text.profile().name().to_owned(),
        segments,
        cue: draft.cue.clone(),
        translator: translator?,
    })
}

/// The capture that is meant: the one that is named, or else the document's first.
pub(crate) fn capture_of<D: Disk>(
    it: &mut Composition<'_, '_, D>,
    at: At<'_>,
    held: &Held,
    named: Option<&Written>,
) -> Option<Capture> {
    if let Some(capture) = pick(held, named) {
        return Some(capture);
    }
    let Some(file) = named else {
        let what = format!("document {:?} has no capture", held.name);
        let hint = "give it `capture`, the file with its bytes".to_owned();
        it.fault(at, None, what, Some(hint));
        return None;
    };
    // A document that was recorded before knows its captures by their digests only.
    let all = it.all_captures(at, held);
    match by_digest(&all, &file.text).as_slice() {
        [capture] => return Some((*capture).clone()),
        [] => {}
        _ => {
            let what = format!("several captures of document {:?} begin so", held.name);
            it.fault(at, file.place, what, Some("give more digits of the digest".to_owned()));
            return None;
        }
    }
    if held.captures.iter().all(|(name, _)| name.is_none()) {
        let bytes = it.file(at, file)?.bytes;
        if let Some(capture) = all.into_iter().find(|it| it.digest == Hash::of(&bytes)) {
            return Some(capture);
        }
    }
    let what = format!("{:?} is no capture of document {:?}", file.text, held.name);
    it.fault(at, file.place, what, None);
    None
}

/// The captures whose digest begins so, each once.
fn by_digest<'c>(captures: &'c [Capture], typed: &str) -> Vec<&'c Capture> {
    let prefix = typed.to_ascii_lowercase();
    if prefix.len() < SHORTEST_PREFIX || !prefix.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Vec::new();
    }
    let mut found: Vec<&Capture> = Vec::new();
    for capture in captures.iter().filter(|it| it.digest.to_string().starts_with(&prefix)) {
        if found.iter().all(|known| known.digest != capture.digest) {
            found.push(capture);
        }
    }
    found
}

/// How to see what was fetched, where a quote is not in it: often it is not what a browser shows.
fn page_hint(held: &Held, capture: &Capture) -> Option<String> {
    let mut named = held.captures.iter().filter(|(_, it)| it.digest == capture.digest);
    let page = named.find_map(|(name, _)| name.as_deref().filter(|name| is_url(name)))?;
    Some(format!(
        "`whosaid capture {page} --save page.html` writes what the server sent; it may show \
         its words to browsers only"
    ))
}

fn pick(held: &Held, named: Option<&Written>) -> Option<Capture> {
    let mut captures = held.captures.iter();
    let picked = match named {
        None => captures.next(),
        Some(file) => captures.find(|(name, _)| name.as_ref() == Some(&file.text)),
    };
    picked.map(|(_, capture)| capture.clone())
}
