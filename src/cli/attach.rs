//! `whosaid attach`: one more capture of a document, or a signature or time stamp beside what is
//! recorded. Drafts of a claim file are made of what was typed.

use crate::attribution::record::attestation::{PartRole, Scheme};
use crate::claimfile::draft::{
    AttestationDraft, ClaimFile, LaterCaptureDraft, PartDraft, Section, Written,
};
use crate::cli::added;
use crate::cli::capture::{self, Taken};
use crate::cli::capture_options::{Attach, Parts};
use crate::cli::failure::{Exit, Failure};
use crate::cli::open::Place;
use crate::cli::terminal::Terminal;
use crate::ledger::batch::Batch;
use crate::store::os::OsDisk;

pub(crate) fn run(place: &Place, attach: &Attach, terminal: &Terminal) -> Result<Exit, Failure> {
    let mut claims = match (&attach.scheme, &attach.document, &attach.target) {
        (Some(scheme), _, _) => attestation(attach, scheme)?,
        (None, Some(document), Some(target)) => later_capture(attach, document, target)?,
        _ => {
            let message = "nothing is to be attached: give a file, a URL or --scheme";
            return Err(Failure::usage(message));
        }
    };
    let later = claims.later_captures.iter().map(|it| &it.draft.capture);
    let parts = claims.attestations.iter().flat_map(|it| &it.draft.parts);
    let captures: Vec<_> = later.chain(parts.map(|part| &part.capture)).collect();
    let targets: Vec<String> = captures.iter().map(|it| it.file.text.clone()).collect();
    let targets: Vec<&str> = targets.iter().map(String::as_str).collect();
    capture::check_facts(&attach.facts, &targets)?;
    let taken = Taken::take(place, &targets, &attach.fetching, &attach.signing, terminal)?;
    let desk = place.desk(&attach.signing)?;
    let mut batch = desk.batch()?;
    resolve(&mut claims, &batch)?;
    let rows = taken.compose(&claims, &desk, &mut batch)?;
    let mut told = Vec::new();
    for target in &targets {
        if let [row] = rows.as_slice() {
            told.extend(taken.tell(&batch, row, target)?);
        }
    }
    let (addition, dry_run) = (batch.finish(), attach.signing.dry_run);
    added::commit_captures(desk, &addition, (&rows, &told), dry_run, terminal)
}

/// What was typed as an id stands for itself: no key of a claim file is meant.
fn resolve(claims: &mut ClaimFile, batch: &Batch<'_, OsDisk>) -> Result<(), Failure> {
    let later = claims.later_captures.iter_mut().map(|it| &mut it.draft.document);
    let attested = claims
        .attestations
        .iter_mut()
        .flat_map(|it| [it.draft.document.as_mut(), it.draft.statement.as_mut()]);
    for typed in later.chain(attested.flatten()) {
        *typed = Written::from(batch.find(&typed.text)?.to_string().as_str());
    }
    Ok(())
}

fn later_capture(attach: &Attach, document: &str, target: &str) -> Result<ClaimFile, Failure> {
    let capture = capture::capture_draft(&attach.facts, target)?;
    let draft = LaterCaptureDraft { document: Written::from(document), capture };
    let section = Section { place: None, label: target.to_owned(), draft };
    Ok(ClaimFile { later_captures: vec![section], ..ClaimFile::default() })
}

fn attestation(attach: &Attach, scheme: &str) -> Result<ClaimFile, Failure> {
    let named = Scheme::ALL.into_iter().find(|known| known.name() == scheme);
    let scheme = named.ok_or_else(|| {
        let known: Vec<&str> = Scheme::ALL.iter().map(|it| it.name()).collect();
        Failure::usage(format!("{scheme:?} is no scheme"))
            .hint(format!("one of {}", known.join(", ")))
    })?;
    let parts = parts(attach, scheme)?;
    let written = |text: &Option<String>| text.as_deref().map(Written::from);
    let draft = AttestationDraft {
        scheme,
        document: written(&attach.document),
        capture: written(&attach.capture),
        statement: written(&attach.statement),
        parts,
    };
    let section = Section { place: None, label: scheme.name().to_owned(), draft };
    Ok(ClaimFile { attestations: vec![section], ..ClaimFile::default() })
}

/// The files in the roles that the scheme knows; others are refused by the name of their option.
fn parts(attach: &Attach, scheme: Scheme) -> Result<Vec<PartDraft>, Failure> {
    let Parts { block_header, height, .. } = &attach.parts;
    if block_header.len() != height.len() {
        let (headers, heights) = (block_header.len(), height.len());
        let message = format!("{headers} --block-header and {heights} --height, expected as many");
        return Err(Failure::usage(message));
    }
    let mut parts = Vec::new();
    for (role, option, files) in by_role(&attach.parts) {
        if !files.is_empty() && !scheme.roles().contains(&role) {
            return Err(Failure::usage(format!("{option} is no part of {}", scheme.name())));
        }
        for (place, file) in files.iter().enumerate() {
            let height = if role == PartRole::BlockHeader { Some(height[place]) } else { None };
            let capture = capture::capture_draft(&attach.facts, file)?;
            parts.push(PartDraft { role, capture, height });
        }
    }
    Ok(parts)
}

fn by_role(parts: &Parts) -> [(PartRole, &'static str, &[String]); 10] {
    [
        (PartRole::Signature, "--signature", &parts.signature),
        (PartRole::PublicKey, "--public-key", &parts.public_key),
        (PartRole::RevokedKeys, "--revoked-keys", &parts.revoked_keys),
        (PartRole::DnsRecord, "--dns-record", &parts.dns_record),
        (PartRole::Repository, "--repository", &parts.repository),
        (PartRole::DidDocument, "--did-document", &parts.did_document),
        (PartRole::PlcLog, "--plc-log", &parts.plc_log),
        (PartRole::Token, "--token", &parts.token),
        (PartRole::Proof, "--proof", &parts.proof),
        (PartRole::BlockHeader, "--block-header", &parts.block_header),
    ]
}

#[cfg(test)]
mod tests {
    use super::by_role;
    use crate::attribution::record::attestation::Scheme;
    use crate::cli::capture_options::Parts;

    #[test]
    fn every_part_of_every_scheme_has_its_option() {
        let parts = Parts::default();
        let known = by_role(&parts).map(|(role, _, _)| role);
        for scheme in Scheme::ALL {
            assert!(scheme.roles().iter().all(|role| known.contains(role)), "{scheme:?}");
        }
    }
}
