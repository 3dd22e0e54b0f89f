//! Drafts to records in a batch, in an order in which references point back: parties, channels,
//! documents, control, claims, and what is said about them later.
//!
//! All faults are collected. The batch is of use only if there are none: its caller commits it
//! whole or not at all.

use std::collections::HashMap;
use std::fmt::Display;

use crate::attribution::id::Id;
use crate::attribution::record::Record;
use crate::attribution::record::attestation::{Attestation, Part};
use crate::attribution::record::channel::Control;
use crate::attribution::record::document::{Capture, Document, LaterCapture};
use crate::attribution::record::notice::Provider;
use crate::attribution::record::party::{Party, Role};
use crate::claimfile::brought::Brought;
use crate::claimfile::compose_capture::{capture, refuse_strange_packages};
use crate::claimfile::compose_claim;
use crate::claimfile::composition::{At, Composition, Ended, Held, Row, Wanted};
use crate::claimfile::draft::{
    AttestationDraft, ClaimFile, ControlDraft, DocumentDraft, LaterCaptureDraft, PartyDraft,
    ProviderDraft, Section, Written,
};
use crate::claimfile::fault::Faults;
use crate::claimfile::order::order;
use crate::ledger::batch::{self, Batch};
use crate::store::disk::Disk;

/// Why a claim file was not composed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file is wrong.
    #[error(transparent)]
    Faults(#[from] Faults),
    /// The ledger could not be asked.
    #[error(transparent)]
    Ledger(batch::Error),
}

/// Adds the records of a claim file to a batch, and keeps the bytes of its captures with it.
///
/// `read` brings the bytes of the captures: files and pages named in the claim file, and captures
/// that the ledger holds, where a passage stands in a document recorded earlier.
///
/// # Errors
/// Everything that is wrong with the file. The batch then holds some of its records and must be
/// dropped.
pub fn compose<D: Disk, B: Into<Brought>, E: Display>(
    file: &ClaimFile,
    batch: &mut Batch<'_, D>,
    read: &mut dyn FnMut(Wanted<'_>) -> Result<B, E>,
) -> Result<Vec<Row>, Error> {
    let mut read =
        |wanted: Wanted<'_>| read(wanted).map(Into::into).map_err(|error| error.to_string());
    let mut composition = Composition::new(batch, &mut read);
    let it = &mut composition;
    parties(it, &file.parties);
    for section in &file.channels {
        let channel = &section.draft;
        let record = Record::Channel(channel.clone());
        let id = it.add(section.at(), &record, &channel.key, Vec::new());
        it.channels.insert(channel.key.clone(), id);
    }
    documents(it, &file.documents);
    file.later_captures.iter().for_each(|section| _ = later_capture(it, section));
    file.controls.iter().for_each(|section| _ = control(it, section));
    // Claims of this file refer to one another only through the sections that follow.
    file.claims.iter().for_each(|section| compose_claim::claim(it, section));
    file.attestations.iter().for_each(|section| _ = attestation(it, section));
    file.relations.iter().for_each(|section| _ = compose_claim::relation(it, section));
    file.assessments.iter().for_each(|section| _ = compose_claim::assessment(it, section));
    file.notices.iter().for_each(|section| _ = compose_claim::notice(it, section));
    file.providers.iter().for_each(|section| _ = provider(it, section));
    match composition.end() {
        Ended { broken: Some(error), .. } => Err(Error::Ledger(error)),
        Ended { rows, faults, broken: None } => Ok(Faults::or(faults, || rows)?),
    }
}

fn parties<D: Disk>(it: &mut Composition<'_, '_, D>, sections: &[Section<PartyDraft>]) {
    let keys = sections.iter().map(|section| Some(&section.draft.key));
    let needs = sections.iter().map(|section| {
        let roles = section.draft.roles.iter().filter_map(|role| role.org.as_ref());
        section.draft.part_of.iter().chain(roles).collect()
    });
    it.parties.extend(sections.iter().map(|section| (section.draft.key.text.clone(), None)));
    for place in back_to_front(it, sections, keys, needs, "belongs to") {
        let section = &sections[place];
        let id = party(it, section.at(), &section.draft)
            .and_then(|record| it.add(section.at(), &record, &section.draft.key.text, Vec::new()));
        it.parties.insert(section.draft.key.text.clone(), id);
    }
}

fn party<D: Disk>(
    it: &mut Composition<'_, '_, D>,
    at: At<'_>,
    draft: &PartyDraft,
) -> Option<Record> {
    let part_of = it.each(&draft.part_of, |it, key| it.party(at, key));
    let roles = it.each(&draft.roles, |it, role| {
        let org = it.perhaps(role.org.as_ref(), |it, key| it.party(at, key))?;
        let (since, until) = (role.since.clone(), role.until.clone());
        Some(Role { office: role.office.clone(), org, since, until })
    });
    Some(Record::Party(Party {
        key: draft.key.text.clone(),
        kind: draft.kind,
        names: draft.names.clone(),
        ids: draft.ids.clone(),
        part_of: part_of?,
        roles: roles?,
        anonymity: draft.anonymity,
    }))
}

fn documents<D: Disk>(it: &mut Composition<'_, '_, D>, sections: &[Section<DocumentDraft>]) {
    let keys = sections.iter().map(|section| section.draft.key.as_ref());
    let needs = sections.iter().map(|section| section.draft.cites.iter().collect());
    let own = sections.iter().filter_map(|section| section.draft.key.as_ref());
    it.documents.extend(own.map(|key| (key.text.clone(), None)));
    for place in back_to_front(it, sections, keys, needs, "cites") {
        let section = &sections[place];
        let held = document(it, section);
        if let Some(key) = &section.draft.key {
            it.documents.insert(key.text.clone(), held);
        }
    }
}

fn document<D: Disk>(
    it: &mut Composition<'_, '_, D>,
    section: &Section<DocumentDraft>,
) -> Option<Held> {
    let (at, draft) = (section.at(), &section.draft);
    let publisher = it.perhaps(draft.publisher.as_ref(), |it, key| it.party(at, key));
    let channel = it.perhaps(draft.channel.as_ref(), |it, key| it.channel(at, key));
    let cites = it.each(&draft.cites, |it, name| it.document(at, name).map(|held| held.id));
    let mut warnings = Vec::new();
    refuse_strange_packages(it, at, draft);
    let captures = it.each(&draft.captures, |it, draft| capture(it, at, draft, &mut warnings))?;
    let record = Record::Document(Document {
        kind: draft.kind,
        title: draft.title.clone(),
        publisher: publisher?,
        channel: channel?,
        url: draft.url.clone().or_else(|| captures.iter().find_map(page_of)),
        aliases: draft.aliases.clone(),
        language: draft.language.clone(),
        published: draft.published.clone(),
        byline: draft.byline.clone(),
        credits: draft.credits.clone(),
        cites: cites?,
        captures: captures.clone(),
    });
    let key = draft.key.as_ref().map(|key| &key.text);
    let name = key.or(draft.title.as_ref()).unwrap_or(&section.label).clone();
    if captures.is_empty() {
        warnings.push("no capture is given: nobody can check what it says".to_owned());
    }
    let id = it.add(at, &record, &name, warnings)?;
    it.refuse_withheld(at, None, id)?;
    let files = draft.captures.iter().map(|draft| Some(draft.file.text.clone()));
    Some(Held { id, name, captures: files.zip(captures).collect() })
}

/// Where a page was published that was fetched there, and not from an archive.
fn page_of(capture: &Capture) -> Option<String> {
    let is_original = capture.status.is_some() && capture.provider.is_none();
    is_original.then(|| capture.uri_final.clone()).flatten()
}

/// One more capture of a document, which then counts among its captures in this file.
fn later_capture<D: Disk>(
    it: &mut Composition<'_, '_, D>,
    section: &Section<LaterCaptureDraft>,
) -> Option<()> {
    let (at, draft) = (section.at(), &section.draft);
    let held = it.document(at, &draft.document);
    let mut warnings = Vec::new();
    let capture = capture(it, at, &draft.capture, &mut warnings)?;
    let mut held = held?;
    let record = Record::Capture(LaterCapture { document: held.id, capture: capture.clone() });
    it.add(at, &record, &draft.capture.file.text, warnings)?;
    held.captures.push((Some(draft.capture.file.text.clone()), capture));
    it.documents.insert(draft.document.text.clone(), Some(held));
    Some(())
}

/// A signature or a time stamp, with the files that it is checked with.
fn attestation<D: Disk>(
    it: &mut Composition<'_, '_, D>,
    section: &Section<AttestationDraft>,
) -> Option<Id> {
    let (at, draft) = (section.at(), &section.draft);
    let document = it.perhaps(draft.document.as_ref(), |it, name| it.document(at, name));
    let statement = it.perhaps(draft.statement.as_ref(), |it, name| it.target(at, name));
    let parts = it.each(&draft.parts, |it, part| {
        // What a part says is for the check of its scheme to read, not for people.
        let capture = capture(it, at, &part.capture, &mut Vec::new())?;
        Some(Part { role: part.role, capture, height: part.height })
    });
    let document = document?;
    let capture = match &document {
        Some(held) => Some(compose_claim::capture_of(it, at, held, draft.capture.as_ref())?),
        None => None,
    };
    let record = Record::Attestation(Attestation {
        scheme: draft.scheme,
        document: document.as_ref().map(|held| held.id),
        capture: capture.map(|capture| capture.digest),
        statement: statement?,
        parts: parts?,
    });
    it.add(at, &record, draft.scheme.name(), Vec::new())
}

fn control<D: Disk>(
    it: &mut Composition<'_, '_, D>,
    section: &Section<ControlDraft>,
) -> Option<()> {
    let (at, draft) = (section.at(), &section.draft);
    let (channel, party) = (it.channel(at, &draft.channel), it.party(at, &draft.party));
    let evidence = it.perhaps(draft.evidence.as_ref(), |it, name| it.document(at, name));
    let record = Record::Control(Control {
        channel: channel?,
        party: party?,
        mode: draft.mode,
        basis: draft.basis,
        since: draft.since.clone(),
        until: draft.until.clone(),
        evidence: evidence?.map(|held| held.id),
        verified_at: draft.verified_at.clone(),
    });
    let words = format!("{} by {}", draft.channel.text, draft.party.text);
    it.add(at, &record, &words, Vec::new()).map(|_| ())
}

fn provider<D: Disk>(
    it: &mut Composition<'_, '_, D>,
    section: &Section<ProviderDraft>,
) -> Option<()> {
    let (at, draft) = (section.at(), &section.draft);
    let party = it.perhaps(draft.party.as_ref(), |it, key| it.party(at, key))?;
    let record = Record::Provider(Provider {
        name: draft.name.clone(),
        rating: draft.rating,
        since: draft.since.clone(),
        reason: draft.reason.clone(),
        party,
    });
    it.add(at, &record, &draft.name, Vec::new()).map(|_| ())
}

/// The places of the sections, each after those it needs; a circle is noted as a fault.
fn back_to_front<'f, D: Disk, T>(
    it: &mut Composition<'_, '_, D>,
    sections: &'f [Section<T>],
    keys: impl Iterator<Item = Option<&'f Written>>,
    needs: impl Iterator<Item = Vec<&'f Written>>,
    verb: &str,
) -> Vec<usize> {
    let keys: Vec<Option<&Written>> = keys.collect();
    let numbered = keys.iter().enumerate();
    let places: HashMap<&str, usize> =
        numbered.filter_map(|(place, key)| key.map(|key| (key.text.as_str(), place))).collect();
    let needs: Vec<Vec<usize>> = needs
        .map(|names| names.iter().filter_map(|name| places.get(&*name.text).copied()).collect())
        .collect();
    let order = order(&needs);
    if let Some(circle) = order.circle {
        let name = |place: usize| keys[place].map_or("", |key| key.text.as_str());
        let steps = circle.iter().zip(circle.iter().cycle().skip(1));
        let steps: Vec<String> =
            steps.map(|(from, to)| format!("{:?} {verb} {:?}", name(*from), name(*to))).collect();
        let what = format!("a circle: {}", steps.join(", "));
        it.fault(sections[circle[0]].at(), None, what, None);
    }
    order.sorted
}
