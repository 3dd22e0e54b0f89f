//! `whosaid capture`: files and pages become documents with their bytes. Drafts of a claim file are
//! made of what was typed, so that there is one way into the ledger.

use std::collections::HashMap;
use std::io::{self, Read};
use std::path::Path;

use crate::attribution::date::{Basis, Date};
use crate::attribution::record::document::DocumentKind;
use crate::claimfile::brought::Brought;
use crate::claimfile::compose;
use crate::claimfile::composition::Wanted;
use crate::claimfile::draft::{CaptureDraft, ClaimFile, DocumentDraft, Section, Written, is_url};
use crate::cli::added::{self, Row, Told};
use crate::cli::append;
use crate::cli::capture_options::{Capture, Facts, Fetching, KindName};
use crate::cli::failure::{self, Exit, Failure};
use crate::cli::open::{Desk, Place};
use crate::cli::pages::Pages;
use crate::cli::signing_options::Signing;
use crate::cli::terminal::Terminal;
use crate::evidence::capture::MAX_CAPTURE;
use crate::evidence::title;
use crate::hash::Hash;
use crate::ledger::batch::Batch;
use crate::store::loose::{self, Readers};
use crate::store::os::OsDisk;

/// Standard input in the place of a file.
const STANDARD_INPUT: &str = "-";

pub(crate) fn run(place: &Place, capture: &Capture, terminal: &Terminal) -> Result<Exit, Failure> {
    let targets: Vec<&str> = capture.targets.iter().map(String::as_str).collect();
    let several = targets.len() > 1;
    let for_one = [("--title", capture.title.is_some()), ("--url", capture.url.is_some())];
    let for_one = for_one.into_iter().chain([("--save", capture.save.is_some())]);
    if let Some((option, _)) = for_one.into_iter().find(|(_, given)| several && *given) {
        let message = format!("{option} is of one document, and {} are captured", targets.len());
        return Err(Failure::usage(message).hint("capture them one at a time"));
    }
    check_facts(&capture.facts, &targets)?;
    let drafts: Result<Vec<_>, _> = targets.iter().map(|it| draft(capture, it)).collect();
    let mut documents = drafts?;
    let taken = Taken::take(place, &targets, &capture.fetching, &capture.signing, terminal)?;
    if let Some(file) = &capture.save {
        return save(&taken, targets[0], file, terminal);
    }
    for (section, target) in documents.iter_mut().zip(&targets) {
        let brought = taken.bring(target)?;
        let media_type = section.draft.captures[0].media_type.clone();
        let media_type = media_type.unwrap_or_else(|| brought.media_type(target));
        let guessed = kind_of(&media_type, is_url(target));
        section.draft.kind = capture.kind.map_or(guessed, kind_named);
    }
    let claims = ClaimFile { documents, ..ClaimFile::default() };
    let desk = place.desk(&capture.signing)?;
    let mut batch = desk.batch()?;
    let rows = taken.compose(&claims, &desk, &mut batch)?;
    let mut told = Vec::new();
    for (row, target) in rows.iter().zip(&targets) {
        told.extend(taken.tell(&batch, row, target)?);
    }
    let (addition, dry_run) = (batch.finish(), capture.signing.dry_run);
    let exit = added::commit_captures(desk, &addition, (&rows, &told), dry_run, terminal)?;
    if !dry_run {
        terminal.line("In a claim file:");
        for row in &rows {
            terminal.line(format!("  in = \"{}\"", row.id.short()));
        }
    }
    Ok(exit)
}

/// What a page tells by itself is not to be said of it.
pub(crate) fn check_facts(facts: &Facts, targets: &[&str]) -> Result<(), Failure> {
    let told = [("--captured-at", facts.captured_at.is_some()), ("--tool", facts.tool.is_some())];
    let said = told.into_iter().find(|(_, given)| *given);
    let page = targets.iter().find(|target| is_url(target));
    match (said, page) {
        (Some((option, _)), Some(page)) => {
            let message = format!("{option} is for files: {page} is fetched now, by this program");
            Err(Failure::usage(message).hint("--provider names an archive that gives out its copy"))
        }
        _ => Ok(()),
    }
}

/// A date as it was typed behind an option.
pub(crate) fn date(option: &str, typed: Option<&String>) -> Result<Option<Date>, Failure> {
    let date = typed.map(|typed| Date::new(typed, None, Basis::Inferred)).transpose();
    date.map_err(|error| Failure::new(failure::INPUT, format!("{option}: {error}")))
}

/// The draft of a capture of this file or page.
pub(crate) fn capture_draft(facts: &Facts, target: &str) -> Result<CaptureDraft, Failure> {
    Ok(CaptureDraft {
        media_type: facts.media_type.clone(),
        captured_at: date("--captured-at", facts.captured_at.as_ref())?,
        provider: facts.provider.clone(),
        tool: facts.tool.clone(),
        ..CaptureDraft::of(Written::from(target))
    })
}

fn draft(capture: &Capture, target: &str) -> Result<Section<DocumentDraft>, Failure> {
    let key = |key: &Option<String>| key.as_deref().map(Written::from);
    let draft = DocumentDraft {
        key: None,
        kind: DocumentKind::Note,
        title: capture.title.clone(),
        publisher: key(&capture.publisher),
        channel: key(&capture.channel),
        url: capture.url.clone(),
        aliases: Vec::new(),
        language: capture.language.clone(),
        published: date("--published", capture.published.as_ref())?,
        byline: None,
        credits: Vec::new(),
        cites: Vec::new(),
        captures: vec![capture_draft(&capture.facts, target)?],
    };
    Ok(Section { place: None, label: target.to_owned(), draft })
}

/// What sort of document bytes of this type most often are.
fn kind_of(media_type: &str, is_page: bool) -> DocumentKind {
    let essence = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match essence.as_str() {
        "text/html" | "application/xhtml+xml" => DocumentKind::Article,
        "message/rfc822" | "application/pdf" => DocumentKind::Statement,
        "application/json" => DocumentKind::Post,
        other if other.starts_with("image/") => DocumentKind::Photo,
        other if other.starts_with("audio/") || other.starts_with("video/") => {
            DocumentKind::Broadcast
        }
        _ if is_page => DocumentKind::Article,
        _ => DocumentKind::Statement,
    }
}

fn kind_named(name: KindName) -> DocumentKind {
    match name {
        KindName::Statement => DocumentKind::Statement,
        KindName::Post => DocumentKind::Post,
        KindName::Article => DocumentKind::Article,
        KindName::Transcript => DocumentKind::Transcript,
        KindName::Broadcast => DocumentKind::Broadcast,
        KindName::Note => DocumentKind::Note,
        KindName::Photo => DocumentKind::Photo,
    }
}

/// Writes what came to a file, for a person to look at.
fn save(taken: &Taken, target: &str, file: &Path, terminal: &Terminal) -> Result<Exit, Failure> {
    #[derive(serde::Serialize)]
    struct Json<'a> {
        schema: &'static str,
        ok: bool,
        from: &'a str,
        file: String,
        digest: Hash,
        size: usize,
        media_type: String,
        remarks: Vec<String>,
    }
    let brought = taken.bring(target)?;
    loose::write_new(file, &brought.bytes, Readers::Everyone).map_err(|error| {
        let exists = error.source.kind() == io::ErrorKind::AlreadyExists;
        let failure = Failure::new(if exists { failure::EXISTS } else { failure::IO }, error);
        if exists { failure.hint("give another name: nothing is overwritten") } else { failure }
    })?;
    let (digest, size) = (Hash::of(&brought.bytes), brought.bytes.len());
    let media_type = brought.media_type(target);
    let (from, file) = (target, file.display().to_string());
    let saved = format!("Saved {size} bytes ({media_type}, sha-256 {digest}) as {file}.");
    let remarks = brought.fetched.map(|fetched| fetched.remarks).unwrap_or_default();
    for remark in &remarks {
        terminal.talk(format!("warning: {from}: {remark}"));
    }
    let schema = "whosaid.save/1";
    terminal.object(&Json { schema, ok: true, from, file, digest, size, media_type, remarks });
    terminal.line(saved);
    terminal.line("Nothing was appended.");
    Ok(Exit::Holds)
}

/// Files and pages that were taken in before the ledger is opened.
#[derive(Debug)]
pub(crate) struct Taken {
    files: HashMap<String, Vec<u8>>,
    pages: Pages,
}

impl Taken {
    /// Reads every file and fetches every page, each once.
    pub(crate) fn take(
        place: &Place,
        targets: &[&str],
        fetching: &Fetching,
        signing: &Signing,
        terminal: &Terminal,
    ) -> Result<Self, Failure> {
        let mut files = HashMap::new();
        for target in targets.iter().filter(|target| !is_url(target)) {
            if !files.contains_key(*target) {
                files.insert((*target).to_owned(), file(target, signing)?);
            }
        }
        let urls: Vec<&str> = targets.iter().copied().filter(|target| is_url(target)).collect();
        let pages = Pages::fetch(place, &urls, fetching, signing, terminal)?;
        Ok(Self { files, pages })
    }

    /// What was taken from this file or page.
    fn bring(&self, target: &str) -> Result<Brought, Failure> {
        match self.files.get(target) {
            Some(bytes) => Ok(bytes.clone().into()),
            None => self.pages.bring(target),
        }
    }

    /// Takes the records of the drafts into a batch.
    pub(crate) fn compose(
        &self,
        claims: &ClaimFile,
        desk: &Desk,
        batch: &mut Batch<'_, OsDisk>,
    ) -> Result<Vec<Row>, Failure> {
        let mut read = |wanted: Wanted<'_>| match wanted {
            Wanted::File(name) if !self.files.contains_key(name) => {
                Ok(loose::read_file(Path::new(name), MAX_CAPTURE)?.into())
            }
            Wanted::File(target) | Wanted::Page(target) => self.bring(target),
            Wanted::Kept(digest) => append::kept(desk, &digest).map(Brought::from),
        };
        Ok(compose::compose(claims, batch, &mut read)?.into_iter().map(Row::from).collect())
    }

    /// What a row captured from this file or page.
    pub(crate) fn tell(
        &self,
        batch: &Batch<'_, OsDisk>,
        row: &Row,
        target: &str,
    ) -> Result<Option<Told>, Failure> {
        let Some(record) = batch.record(row.id)? else { return Ok(None) };
        let Brought { bytes, .. } = self.bring(target)?;
        let digest = Hash::of(&bytes);
        let capture = record.captures().into_iter().find(|it| it.digest == digest).cloned();
        let redirects = self.pages.page(target).map_or(0, |page| page.redirects.len());
        Ok(capture.map(|capture| {
            let is_html = capture.media_type.to_ascii_lowercase().starts_with("text/html");
            let title = if is_html { title::of_page(&bytes) } else { None };
            Told { id: row.id, from: target.to_owned(), redirects, title, capture }
        }))
    }
}

/// A file, or standard input, which is read here so that nobody waits for it with the ledger open.
fn file(name: &str, signing: &Signing) -> Result<Vec<u8>, Failure> {
    if name != STANDARD_INPUT {
        let read = loose::read_file(Path::new(name), MAX_CAPTURE);
        let hint = "pages are fetched from https:// and http:// only";
        let is_other_url = name.contains("://");
        return read.map_err(|error| {
            let failure = Failure::from(error);
            if is_other_url { failure.hint(hint) } else { failure }
        });
    }
    if signing.passphrase_file.as_deref() == Some(Path::new(STANDARD_INPUT)) {
        let message = "standard input cannot give both the bytes and the passphrase";
        return Err(Failure::usage(message).hint("put one of them into a file"));
    }
    let mut bytes = Vec::new();
    io::stdin().take(MAX_CAPTURE + 1).read_to_end(&mut bytes).map_err(|error| {
        Failure::new(failure::IO, format!("could not read standard input: {error}"))
    })?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::kind_of;
    use crate::attribution::record::document::DocumentKind;

    #[test]
    fn the_sort_of_a_document_is_guessed_from_its_bytes_type() {
        let check = |media_type, is_page, expected| {
            assert_eq!(kind_of(media_type, is_page), expected, "{media_type}");
        };
        check("Text/HTML; charset=utf-8", true, DocumentKind::Article);
        check("message/rfc822", false, DocumentKind::Statement);
        check("application/json", true, DocumentKind::Post);
        check("image/png", true, DocumentKind::Photo);
        check("video/mp4", false, DocumentKind::Broadcast);
        check("text/plain", true, DocumentKind::Article);
        check("text/plain", false, DocumentKind::Statement);
    }
}
