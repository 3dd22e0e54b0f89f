//! Captures in a claim file: a file by its name or a page by its URL, or a table that also says how
//! it was come by.

use toml::Spanned;
use toml::de::DeValue;

use crate::claimfile::draft::{CaptureDraft, LaterCaptureDraft, WithinDraft, Written, is_url};
use crate::claimfile::fields::Fields;

/// What the fetching of a page tells by itself.
const TOLD: [&str; 4] = ["captured_at", "uri_requested", "uri_final", "tool"];

/// `capture = "file"`, or `captures`: a list of names of files or of tables.
pub(crate) fn captures(fields: &mut Fields<'_, '_>) -> Vec<CaptureDraft> {
    if fields.has("capture") && fields.has("captures") {
        fields.refuse("expected `capture`, or `captures` if there are several: not both");
    }
    let one = fields.items("capture").into_iter().map(|value| ("`capture`", value));
    let one: Vec<_> = one.collect();
    let several = fields.items("captures").into_iter().map(|value| ("`captures`", value));
    let values: Vec<_> = one.into_iter().chain(several).collect();
    values.into_iter().filter_map(|(name, value)| capture(fields, name, value)).collect()
}

/// One capture; `name` is what the faults call it.
pub(crate) fn capture<'p, 't>(
    fields: &Fields<'p, 't>,
    name: &str,
    value: &'p Spanned<DeValue<'t>>,
) -> Option<CaptureDraft> {
    let DeValue::Table(table) = value.get_ref() else {
        return fields.as_text(name, value).map(CaptureDraft::of);
    };
    let mut inner = fields.inside(name, table, value.span().start);
    let captured = captured(&mut inner);
    inner.finish();
    captured
}

/// The fields of a capture that is written as a table.
pub(crate) fn captured(inner: &mut Fields<'_, '_>) -> Option<CaptureDraft> {
    let within = within(inner);
    let file = match &within {
        Some(_) => inner.required("uri", "the URI of the page in the package"),
        None => file_or_page(inner),
    };
    let media_type = inner.text("media_type");
    let captured_at = inner.date("captured_at");
    let (uri_requested, uri_final) = (inner.text("uri_requested"), inner.text("uri_final"));
    let (tool, provider) = (inner.text("tool"), inner.text("provider"));
    let file = file?;
    Some(CaptureDraft {
        file,
        media_type,
        captured_at,
        uri_requested,
        uri_final,
        tool,
        provider,
        within,
    })
}

/// `within = "archive.wacz"`: bytes that are taken from a package, under their `uri`.
fn within(inner: &mut Fields<'_, '_>) -> Option<WithinDraft> {
    let package = inner.written("within")?;
    let date = inner.text("date");
    for name in ["file", "url"].into_iter().filter(|name| inner.has(name)) {
        inner.refuse(&format!("`{name}` is given beside `within`, expected `uri` alone"));
    }
    for name in TOLD.into_iter().filter(|name| inner.has(name)) {
        inner.refuse(&format!("`{name}` is told by the package, expected it left out"));
    }
    Some(WithinDraft { package, date })
}

/// `file = "…"`, or `url = "https://…"`.
fn file_or_page(inner: &mut Fields<'_, '_>) -> Option<Written> {
    let Some(url) = inner.written("url") else {
        let file = inner.required("file", "the file with the bytes, or `url` for a page")?;
        if is_url(&file.text) {
            inner.fault_at(file.place, "`file` is a URL, expected a name; a page has `url`");
            return None;
        }
        return Some(file);
    };
    if inner.has("file") {
        inner.refuse("expected `file`, or `url` for a page that is to be fetched: not both");
    }
    // It is asked for so that it counts as known.
    inner.value("file");
    if !is_url(&url.text) {
        let what = format!("`url` is {:?}, expected one with https:// or http://", url.text);
        inner.fault_at(url.place, &what);
        return None;
    }
    for name in TOLD.into_iter().filter(|name| inner.has(name)) {
        inner.refuse(&format!("`{name}` is told by fetching the page, expected it left out"));
    }
    Some(url)
}

/// `[[capture]]`: one more capture of a document.
pub(crate) fn later(fields: &mut Fields<'_, '_>) -> Option<LaterCaptureDraft> {
    let document = fields.required("document", "the key or id of the document it is of");
    let capture = captured(fields);
    Some(LaterCaptureDraft { document: document?, capture: capture? })
}
