//! Captures in a claim file: a file by its name, or a table that also says how it was come by.

use toml::Spanned;
use toml::de::DeValue;

use crate::claimfile::draft::CaptureDraft;
use crate::claimfile::fields::Fields;

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
    let bare = |file| CaptureDraft {
        file,
        media_type: None,
        captured_at: None,
        uri_requested: None,
        uri_final: None,
        tool: None,
        provider: None,
    };
    let DeValue::Table(table) = value.get_ref() else {
        return fields.as_text(name, value).map(bare);
    };
    let mut inner = fields.inside(name, table, value.span().start);
    let captured = captured(&mut inner);
    inner.finish();
    captured
}

/// The fields of a capture that is written as a table.
pub(crate) fn captured(inner: &mut Fields<'_, '_>) -> Option<CaptureDraft> {
    let file = inner.required("file", "the file with the bytes");
    let media_type = inner.text("media_type");
    let captured_at = inner.date("captured_at");
    let (uri_requested, uri_final) = (inner.text("uri_requested"), inner.text("uri_final"));
    let (tool, provider) = (inner.text("tool"), inner.text("provider"));
    let file = file?;
    Some(CaptureDraft { file, media_type, captured_at, uri_requested, uri_final, tool, provider })
}
