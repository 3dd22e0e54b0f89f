//! `[[attestation]]`: a signature or a time stamp, and the files that it is checked with, each under
//! the name of its role.

use serde::Deserialize;
use serde::de::IntoDeserializer;
use toml::de::DeValue;

use crate::attribution::record::attestation::{PartRole, Scheme};
use crate::claimfile::draft::{AttestationDraft, PartDraft};
use crate::claimfile::fields::Fields;
use crate::claimfile::parse_capture::{capture, captured};

/// The roles by the names of their fields.
const ROLES: [&str; 10] = [
    "signature",
    "public_key",
    "revoked_keys",
    "dns_record",
    "repository",
    "did_document",
    "plc_log",
    "token",
    "proof",
    "block_header",
];

pub(crate) fn attestation(fields: &mut Fields<'_, '_>) -> Option<AttestationDraft> {
    let scheme = fields.required_word("scheme", "in which way it vouches, such as dkim");
    let (document, capture) = (fields.written("document"), fields.written("capture"));
    let statement = fields.written("statement");
    if document.is_some() == statement.is_some() {
        fields.refuse("expected `document`, or `statement` for a time stamp: exactly one of them");
    }
    let parts = ROLES.iter().flat_map(|role| parts(fields, scheme, role)).collect();
    Some(AttestationDraft { scheme: scheme?, document, capture, statement, parts })
}

/// The files in one role: one, or a list.
fn parts(
    fields: &mut Fields<'_, '_>,
    scheme: Option<Scheme>,
    name: &'static str,
) -> Vec<PartDraft> {
    let values = fields.items(name);
    let role = role_named(name);
    if let (Some(scheme), [_, ..]) = (scheme, values.as_slice())
        && !scheme.roles().contains(&role)
    {
        fields.refuse(&format!("`{name}` is no part of {}", scheme.name()));
        return Vec::new();
    }
    let quoted = format!("`{name}`");
    let parts = values.into_iter().filter_map(|value| {
        let DeValue::Table(table) = value.get_ref() else {
            let capture = capture(fields, &quoted, value)?;
            return Some(PartDraft { role, capture, height: None });
        };
        let mut inner = fields.inside(&quoted, table, value.span().start);
        let height = if role == PartRole::BlockHeader { inner.number("height") } else { None };
        let capture = captured(&mut inner);
        inner.finish();
        Some(PartDraft { role, capture: capture?, height })
    });
    parts.collect()
}

fn role_named(name: &'static str) -> PartRole {
    let name: serde::de::value::StrDeserializer<'_, serde::de::value::Error> =
        name.into_deserializer();
    PartRole::deserialize(name).expect("the names are those of the roles")
}

#[cfg(test)]
mod tests {
    use super::{ROLES, role_named};
    use crate::attribution::record::attestation::Scheme;

    #[test]
    fn every_role_of_every_scheme_can_be_written() {
        let written = ROLES.map(role_named);
        for scheme in Scheme::ALL {
            assert!(scheme.roles().iter().all(|role| written.contains(role)), "{scheme:?}");
        }
    }
}
