//! `whosaid append`: a claim file, or one claim by flags.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use crate::claimfile::brought::Brought;
use crate::claimfile::composition::Wanted;
use crate::claimfile::draft::{ClaimFile, is_url};
use crate::claimfile::{compose, parse};
use crate::cli::added::{self, Row};
use crate::cli::arguments::Append;
use crate::cli::failure::{self, Exit, Failure};
use crate::cli::open::{Desk, Place};
use crate::cli::pages::Pages;
use crate::cli::signing_options::Signing;
use crate::cli::terminal::Terminal;
use crate::evidence::capture::MAX_CAPTURE;
use crate::hash::Hash;
use crate::ledger::batch::Batch;
use crate::store::loose;
use crate::store::os::OsDisk;

/// The name of the one document of a claim made by flags.
const DOCUMENT: &str = "document";

pub(crate) fn run(place: &Place, append: &Append, terminal: &Terminal) -> Result<Exit, Failure> {
    place.folder()?;
    let written = append.file.as_ref().map(|file| read(file, &append.signing)).transpose()?;
    let fetch =
        |urls: &[&str]| Pages::fetch(place, urls, &append.fetching, &append.signing, terminal);
    let (mut batch, pages, desk);
    let rows = match &written {
        Some(written) => {
            pages = fetch(&written.claims.pages())?;
            desk = place.desk(&append.signing)?;
            batch = desk.batch()?;
            compose_file(written, &pages, &desk, &mut batch)?
        }
        None => {
            let named = append.document.as_ref().and_then(|it| it.to_str());
            let named = named.filter(|name| is_url(name));
            pages = fetch(named.as_slice())?;
            desk = place.desk(&append.signing)?;
            batch = desk.batch()?;
            let table = table_of(append, &batch)?.to_string();
            let folder = Path::new("");
            compose_claims(&parse::parse(table.as_bytes())?, folder, &pages, &desk, &mut batch)?
        }
    };
    let addition = batch.finish();
    added::commit(desk, &addition, &rows, append.signing.dry_run, terminal)
}

/// A claim file as it was read.
pub(crate) struct Written {
    /// Its name; `None` for standard input.
    name: Option<PathBuf>,
    pub(crate) claims: ClaimFile,
}

/// Reads a claim file. This comes before the ledger is opened: a person who types one at the
/// terminal must not keep others from writing.
pub(crate) fn read(file: &Path, signing: &Signing) -> Result<Written, Failure> {
    // One byte more than the limit lets the parser say that the file is too large.
    let limit = parse::MAX_SIZE as u64 + 1;
    if file != Path::new("-") {
        let bytes = loose::read_file(file, limit)?;
        let claims = parse::parse(&bytes);
        let claims = claims.map_err(|faults| Failure::from(faults).about(file.display()))?;
        return Ok(Written { name: Some(file.to_owned()), claims });
    }
    if signing.passphrase_file.as_deref() == Some(file) {
        let message = "standard input cannot give both the claim file and the passphrase";
        return Err(Failure::usage(message).hint("put one of them into a file"));
    }
    let mut bytes = Vec::new();
    io::stdin().take(limit).read_to_end(&mut bytes).map_err(|error| {
        Failure::new(failure::IO, format!("could not read standard input: {error}"))
    })?;
    Ok(Written { name: None, claims: parse::parse(&bytes)? })
}

/// Takes all records of a claim file into a batch. Captures lie where the file says, relative to
/// the file itself.
pub(crate) fn compose_file(
    written: &Written,
    pages: &Pages,
    desk: &Desk,
    batch: &mut Batch<'_, OsDisk>,
) -> Result<Vec<Row>, Failure> {
    let Some(name) = &written.name else {
        return compose_claims(&written.claims, Path::new(""), pages, desk, batch);
    };
    let folder = name.parent().unwrap_or_else(|| Path::new(""));
    compose_claims(&written.claims, folder, pages, desk, batch)
        .map_err(|failure| failure.about(name.display()))
}

fn compose_claims(
    claims: &ClaimFile,
    folder: &Path,
    pages: &Pages,
    desk: &Desk,
    batch: &mut Batch<'_, OsDisk>,
) -> Result<Vec<Row>, Failure> {
    let mut read = |wanted: Wanted<'_>| match wanted {
        Wanted::File(name) => Ok(loose::read_file(&folder.join(name), MAX_CAPTURE)?.into()),
        Wanted::Page(url) => pages.bring(url),
        Wanted::Kept(digest) => kept(desk, &digest).map(Brought::from),
    };
    Ok(compose::compose(claims, batch, &mut read)?.into_iter().map(Row::from).collect())
}

/// A capture that the ledger holds.
pub(crate) fn kept(desk: &Desk, digest: &Hash) -> Result<Vec<u8>, Failure> {
    desk.ledger.capture(digest)?.ok_or_else(|| {
        Failure::new(failure::INPUT, format!("the ledger does not hold the capture {digest}"))
    })
}

/// The claim file that somebody would have written instead of these flags.
fn table_of(append: &Append, batch: &Batch<'_, OsDisk>) -> Result<Table, Failure> {
    let text = |text: &str| Value::String(text.to_owned());
    let path = |path: &PathBuf| Value::String(path.to_string_lossy().into_owned());
    let speaker = append.speaker.as_deref().unwrap_or_default();
    let mut claim = Table::new();
    if batch.party(speaker)?.is_some() {
        claim.insert("speaker".into(), text(speaker));
    } else {
        let unresolved = Table::from_iter([("unresolved".to_owned(), text(speaker))]);
        claim.insert("speaker".into(), unresolved.into());
        claim.insert("as_written".into(), text(speaker));
    }
    claim.insert("act".into(), text(&append.act));
    claim.insert("said".into(), text(append.said.as_deref().unwrap_or_default()));
    if let Some(said_at) = &append.said_at {
        claim.insert("said_at".into(), text(said_at));
    }
    let mut table = Table::new();
    if let Some(file) = &append.document {
        let mut document = Table::new();
        document.insert("key".into(), text(DOCUMENT));
        document.insert("kind".into(), text("statement"));
        document.insert("capture".into(), path(file));
        for (name, value) in [("url", &append.url), ("published", &append.published)] {
            if let Some(value) = value {
                document.insert(name.into(), text(value));
            }
        }
        table.insert("document".into(), vec![Value::from(document)].into());
        claim.insert("in".into(), text(DOCUMENT));
    }
    if let Some(quote) = &append.quote {
        let passage = [("mode".to_owned(), text("indirect")), ("exact".to_owned(), text(quote))];
        claim.insert("passage".into(), Table::from_iter(passage).into());
    }
    table.insert("claim".into(), vec![Value::from(claim)].into());
    Ok(table)
}
