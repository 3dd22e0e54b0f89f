//! Captures: from a name in a claim file to bytes that are kept, and what is known of how they
//! came: from a file, from the web, or out of a package of web archives.

use crate::attribution::date::{Basis, Date};
use crate::attribution::record::document::{Capture, Within};
use crate::claimfile::brought::Brought;
use crate::claimfile::composition::{At, Composition};
use crate::claimfile::draft::{CaptureDraft, DocumentDraft, WithinDraft};
use crate::evidence::media::guess_media_type;
use crate::evidence::package::payload::payload_of;
use crate::evidence::page::looks_whole;
use crate::evidence::reading::Verdict;
use crate::hash::Hash;
use crate::store::disk::Disk;

/// A package must be kept beside what is taken from it, or nobody could take it again.
pub(crate) fn refuse_strange_packages<D: Disk>(
    it: &mut Composition<'_, '_, D>,
    at: At<'_>,
    draft: &DocumentDraft,
) {
    for package in draft.captures.iter().filter_map(|it| Some(&it.within.as_ref()?.package)) {
        let is_kept =
            draft.captures.iter().any(|it| it.within.is_none() && it.file.text == package.text);
        if !is_kept {
            let what = format!("{:?} is no capture of this document", package.text);
            let hint = format!("add {:?} to `captures`, so that it is kept as well", package.text);
            it.fault(at, package.place, what, Some(hint));
        }
    }
}

/// The bytes of a capture, kept with the batch, and what is known of how they came.
pub(crate) fn capture<D: Disk>(
    it: &mut Composition<'_, '_, D>,
    at: At<'_>,
    draft: &CaptureDraft,
    warnings: &mut Vec<String>,
) -> Option<Capture> {
    if let Some(within) = &draft.within {
        return extracted(it, at, draft, within, warnings);
    }
    let brought = it.file(at, &draft.file)?;
    let guessed = || brought.media_type(&draft.file.text);
    let media_type = draft.media_type.clone().unwrap_or_else(guessed);
    let Brought { bytes, fetched } = brought;
    let size = bytes.len() as u64;
    let digest = it.keep(&media_type, bytes);
    let said = Capture {
        captured_at: draft.captured_at.clone(),
        uri_requested: draft.uri_requested.clone(),
        uri_final: draft.uri_final.clone(),
        tool: draft.tool.clone(),
        provider: draft.provider.clone(),
        ..Capture::of(digest, size, media_type)
    };
    let Some(fetched) = fetched else { return Some(said) };
    warnings.extend(fetched.remarks);
    match it.text(&said).as_ref() {
        Ok(text) => {
            let look = looks_whole(text);
            warnings.extend((look.verdict != Verdict::Holds).then_some(look.fact));
        }
        Err(why) => warnings.push(format!("no words can be read in it: {why}")),
    }
    Some(Capture {
        captured_at: Some(fetched.captured_at),
        uri_requested: Some(fetched.uri_requested),
        uri_final: Some(fetched.uri_final),
        tool: Some(fetched.tool),
        provider: said.provider.or(fetched.provider),
        status: Some(fetched.status),
        headers: fetched.headers,
        ..said
    })
}

/// A page that is taken from a package of web archives, whose bytes the audit takes again.
fn extracted<D: Disk>(
    it: &mut Composition<'_, '_, D>,
    at: At<'_>,
    draft: &CaptureDraft,
    within: &WithinDraft,
    warnings: &mut Vec<String>,
) -> Option<Capture> {
    let package = it.file(at, &within.package)?.bytes;
    let uri = &draft.file;
    let payload = match payload_of(&package, &uri.text, within.date.as_deref()) {
        Ok(payload) => payload,
        Err(error) => {
            let what =
                format!("{:?} cannot be taken from {:?}: {error}", uri.text, within.package.text);
            it.fault(at, uri.place, what, None);
            return None;
        }
    };
    warnings.extend(payload.notes);
    if payload.digests.verdict != Verdict::Holds {
        warnings.push(format!("{}: {}", uri.text, payload.digests.fact));
    }
    let size = payload.bytes.len() as u64;
    let guessed = || guess_media_type(&uri.text, &payload.bytes).to_owned();
    let media_type = draft.media_type.clone().or(payload.media_type).unwrap_or_else(guessed);
    let captured_at = Date::new(&payload.date, None, Basis::Server).ok();
    let digest = it.keep(&media_type, payload.bytes);
    Some(Capture {
        captured_at,
        uri_requested: Some(uri.text.clone()),
        provider: draft.provider.clone(),
        status: payload.status,
        within: Some(Within {
            package: Hash::of(&package),
            uri: uri.text.clone(),
            date: Some(payload.date),
        }),
        ..Capture::of(digest, size, media_type)
    })
}
