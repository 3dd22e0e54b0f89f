//! A repository's signed commit: whose repository, which tree, when, and the signature over that
//! (atproto.com/specs/repository, "Commit Objects").

use ipld_core::cid::Cid;
use ipld_core::ipld::Ipld;

use crate::evidence::address::clock;
use crate::evidence::signature::atproto::Refused;
use crate::evidence::signature::atproto::data;
use crate::evidence::signature::checked::State;

/// A commit as read, its signature not yet looked at.
#[derive(Debug)]
pub struct Commit {
    /// The account whose repository it is.
    pub did: String,
    /// The root of its tree of records.
    pub data: Cid,
    /// When it was made by its own word, in seconds since 1970.
    pub made_at: i64,
    /// What was signed: the commit without its signature, in DAG-CBOR.
    pub unsigned: Vec<u8>,
    /// The signature.
    pub signature: Vec<u8>,
}

/// Reads a commit of version 3.
pub fn parse(block: &[u8]) -> Result<Commit, Refused> {
    let malformed = |why: &str| Refused::new(State::Malformed, format!("no sound commit: {why}"));
    let Ipld::Map(mut members) = data::decode(block).map_err(|why| malformed(&why))? else {
        return Err(malformed("it is no map"));
    };
    if members.get("version") != Some(&Ipld::Integer(3)) {
        let fact = "the repository is not of version 3, the only one that is checked here";
        return Err(Refused::new(State::Unsupported, fact));
    }
    let known = ["data", "did", "prev", "rev", "sig", "version"];
    if let Some(name) = members.keys().find(|name| !known.contains(&name.as_str())) {
        return Err(malformed(&format!("it has a member `{name}`")));
    }
    let Some(Ipld::Bytes(signature)) = members.remove("sig") else {
        return Err(malformed("it has no signature"));
    };
    // Early commits have no `prev` at all.
    if !matches!(members.get("prev"), None | Some(Ipld::Null | Ipld::Link(_))) {
        return Err(malformed("`prev` is no link"));
    }
    let (Some(Ipld::String(did)), Some(Ipld::Link(tree)), Some(Ipld::String(rev))) =
        (members.get("did"), members.get("data"), members.get("rev"))
    else {
        return Err(malformed("`did`, `data` or `rev` is absent, or of another kind"));
    };
    if !is_account(did) {
        return Err(malformed("`did` is neither a did:plc nor a did:web"));
    }
    let Some(microseconds) = clock::tid(rev) else {
        return Err(malformed("`rev` is no time of the AT Protocol"));
    };
    let (did, tree) = (did.clone(), *tree);
    let unsigned = data::encode(&Ipld::Map(members)).map_err(|why| malformed(&why))?;
    let made_at = microseconds / 1_000_000;
    Ok(Commit { did, data: tree, made_at, unsigned, signature })
}

/// Whether this is an account's DID in its one spelling (atproto.com/specs/did).
pub fn is_account(did: &str) -> bool {
    if let Some(id) = did.strip_prefix("did:plc:") {
        return id.len() == 24 && id.bytes().all(|b| matches!(b, b'a'..=b'z' | b'2'..=b'7'));
    }
    let host = did.strip_prefix("did:web:").unwrap_or_default();
    let label = |label: &str| {
        let letters = |b: u8| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-');
        (1..=63).contains(&label.len()) && label.bytes().all(letters)
    };
    host.len() <= 253 && host.contains('.') && host.split('.').all(label)
}

#[cfg(test)]
mod tests {
    use super::{is_account, parse};
    use crate::evidence::signature::atproto::data::{address, encode};
    use crate::evidence::signature::checked::State;
    use ipld_core::ipld::Ipld;
    use std::collections::BTreeMap;

    fn commit() -> BTreeMap<String, Ipld> {
        let text = |text: &str| Ipld::String(text.to_owned());
        [
            ("did", text("did:web:ministry.example")),
            ("version", Ipld::Integer(3)),
            ("data", Ipld::Link(address(b"\xa0"))),
            ("rev", text("3m2u35y4gnq2w")),
            ("prev", Ipld::Null),
            ("sig", Ipld::Bytes(vec![7; 64])),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into()
    }

    #[test]
    fn a_commit_is_read_and_its_signature_taken_out() {
        let mut members = commit();
        let read = parse(&encode(&Ipld::Map(members.clone())).unwrap()).unwrap();
        members.remove("sig");
        assert_eq!(read.unsigned, encode(&Ipld::Map(members)).unwrap());
        assert_eq!((read.signature, read.made_at), (vec![7; 64], 1_760_113_163));
    }

    #[test]
    fn what_is_no_commit_of_version_3_is_refused() {
        let link = Ipld::Link(address(b"\xa0"));
        for (name, value, expected) in [
            ("prev", Some(link.clone()), None),
            ("prev", None, None),
            ("prev", Some(Ipld::Bool(false)), Some(State::Malformed)),
            ("version", Some(Ipld::Integer(2)), Some(State::Unsupported)),
            ("version", None, Some(State::Unsupported)),
            ("sig", None, Some(State::Malformed)),
            ("data", Some(Ipld::Null), Some(State::Malformed)),
            ("rev", Some(Ipld::String("2025-10-10".to_owned())), Some(State::Malformed)),
            ("did", Some(Ipld::String("did:web:".to_owned())), Some(State::Malformed)),
            ("note", Some(link), Some(State::Malformed)),
        ] {
            let mut members = commit();
            match &value {
                Some(value) => drop(members.insert(name.to_owned(), value.clone())),
                None => drop(members.remove(name)),
            }
            let read = parse(&encode(&Ipld::Map(members)).unwrap());
            assert_eq!(read.err().map(|refused| refused.state), expected, "{name}: {value:?}");
        }
        assert_eq!(parse(b"\x80").unwrap_err().state, State::Malformed);
    }

    #[test]
    fn an_account_has_one_spelling() {
        for (did, expected) in [
            ("did:plc:z72i7hdynmk6r22z27h6tvur", true),
            ("did:web:ministry.example", true),
            ("did:plc:Z72i7hdynmk6r22z27h6tvur", false),
            ("did:plc:z72i7hdynmk6r22z27h6tvu", false),
            ("did:plc:172i7hdynmk6r22z27h6tvur", false),
            ("did:web:Ministry.example", false),
            ("did:web:ministry.example:path", false),
            ("did:web:localhost", false),
            ("did:web:", false),
            ("did:key:zQ3shokFTS3brHcDQrn82RUDfCZESWL1ZdCEJwekUDPQiYBme", false),
            ("", false),
        ] {
            assert_eq!(is_account(did), expected, "{did}");
        }
    }
}
