//! What backs a statement of control: the bytes of the document that it names as its evidence.
//!
//! The basis of a statement is one word, which anybody can write. Only a capture that is held,
//! and that names the channel, makes more of it than its recorder's word.

use std::collections::BTreeSet;

use crate::attribution::id::Id;
use crate::attribution::record::channel::{Channel, Control, ControlBasis};
use crate::attribution::record::document::DocumentKind;
use crate::attribution::truth::Truth;
use crate::audit::captures::{Captures, Held};
use crate::audit::graph::Graph;
use crate::audit::mutual::both_ways;
use crate::audit::naming::{named, shown};
use crate::audit::standing::Standings;
use crate::audit::trust::distrusted;
use crate::evidence::capture::{self, Check, Expected};
use crate::hash::Hash;

/// The shortest name of a channel that is looked for, in characters. One or two letters stand by
/// chance in any page.
const SHORTEST_NAME: usize = 3;

/// A statement of control and what backs it.
pub struct Backed<'a> {
    /// The statement.
    pub control: &'a Control,
    /// Who recorded it.
    pub recorder: &'a str,
    /// Whether a later revocation reaches back to its signature.
    pub is_suspect: bool,
    /// Whether captured bytes back it, with the fact in words.
    pub backing: (Truth, String),
    /// Whether captured pages link to one another, where it rests on that.
    pub mutual: Option<(Truth, String)>,
}

/// What a document must name to back a statement of control.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted<'w> {
    /// The channel, by a handle, its platform id or a URL.
    Channel,
    /// The key itself, whole: a handle would not say which key is the party's.
    Key(&'w str),
}

/// Every statement in force of who controlled a channel, in entry order, with what backs it.
/// `path` are the documents of the claim: what is to be shown does not show itself.
pub fn backed<'a>(
    graph: &'a Graph,
    standings: &Standings<'_>,
    channel: Id,
    wanted: Wanted<'_>,
    path: &[Id],
    captures: &Captures<'_>,
) -> Vec<Backed<'a>> {
    let in_force = graph.controls(channel).into_iter().filter_map(|(id, control)| {
        let node = graph.node(id).filter(|node| standings.is_in_force(node))?;
        let backing = backing(graph, standings, control, wanted, path, captures);
        let is_mutual = control.basis == ControlBasis::RelMe;
        let mutual = is_mutual.then(|| both_ways(graph, control, captures));
        let (recorder, is_suspect) = (node.signed().statement().issuer(), node.is_suspect());
        Some(Backed { control, recorder, is_suspect, backing, mutual })
    });
    in_force.collect()
}

/// Whether captured bytes back a statement of control, with the fact in words. `path` are the
/// documents of the claim: what is to be shown does not show itself.
pub fn backing(
    graph: &Graph,
    standings: &Standings<'_>,
    control: &Control,
    wanted: Wanted<'_>,
    path: &[Id],
    captures: &Captures<'_>,
) -> (Truth, String) {
    let unknown = |what: &str| (Truth::Unknown, what.to_owned());
    let Some(id) = control.evidence else {
        return unknown("no document is recorded that shows it");
    };
    let (Some(node), Some(document)) = (graph.node(id), graph.document(id)) else {
        return unknown("the record of the document that should show it is not at hand");
    };
    if !standings.is_in_force(node) || node.is_suspect() {
        return unknown("the record of the document that should show it was taken back");
    }
    if document.kind == DocumentKind::Note {
        return (Truth::Fails, "what should show it is a note, somebody's word".to_owned());
    }
    if path.iter().any(|step| graph.is_same(*step, id)) {
        return (Truth::Fails, "what should show it is a document of the claim itself".to_owned());
    }
    let Some(channel) = graph.channel(control.channel) else {
        return unknown("the record of the channel is not at hand");
    };
    let mut is_held = false;
    let names = match wanted {
        Wanted::Channel => names(channel),
        Wanted::Key(id) => vec![id.to_owned()],
    };
    let own = bytes_of(graph, path);
    for capture in &document.captures {
        if own.contains(&capture.digest) {
            let what = "what should show it are bytes of the claim itself";
            return (Truth::Fails, what.to_owned());
        }
        if let Some(what) = distrusted(graph, standings, capture) {
            return unknown(&format!("what should show it rests on {what}"));
        }
        let Held::Bytes(bytes) = captures(&capture.digest) else { continue };
        let expected = Expected { digest: capture.digest, size: capture.size };
        if capture::check(&bytes, &expected) != Check::Holds {
            continue;
        }
        is_held = true;
        let text = shown(&capture.media_type, &bytes);
        let found = names.iter().find_map(|name| Some((name, named(&text, name)?)));
        if let Some((name, words)) = found {
            let what = format!("document {} is held and names `{name}`: “{words}”", id.short());
            return (Truth::Holds, what);
        }
    }
    if is_held {
        unknown(match wanted {
            Wanted::Channel => {
                "no handle, platform id or URL of the channel stands in the document that shows it"
            }
            Wanted::Key(_) => "the key itself does not stand in the document that should show it",
        })
    } else {
        unknown("no bytes of the document that should show it are held")
    }
}

/// The digests of all bytes on the way of a claim: of its documents and of what vouches for them.
fn bytes_of(graph: &Graph, path: &[Id]) -> BTreeSet<Hash> {
    let captures = path.iter().flat_map(|id| graph.captures(*id));
    let parts = path.iter().flat_map(|id| graph.attestations(*id));
    let parts = parts.flat_map(|(_, attestation)| attestation.captures());
    captures.chain(parts).map(|capture| capture.digest).collect()
}

/// What a page may call the channel, in lower case: handles, platform id, URLs without scheme.
fn names(channel: &Channel) -> Vec<String> {
    let handles = channel.handles.iter().map(|handle| handle.text.as_str());
    let urls = channel.urls.iter().map(|url| url.split_once("://").map_or(&**url, |(_, at)| at));
    let all = handles.chain(channel.platform_id.as_deref()).chain(urls);
    let names = all.map(|name| name.trim_end_matches('/').trim_start_matches('@').to_lowercase());
    names.filter(|name| name.chars().count() >= SHORTEST_NAME).collect()
}

#[cfg(test)]
mod tests {
    use super::{Wanted, backing};
    use crate::attribution::record::Record;
    use crate::attribution::record::channel::ControlBasis;
    use crate::attribution::record::document::DocumentKind;
    use crate::attribution::record::party::PartyKind;
    use crate::attribution::truth::Truth::{self, Fails, Holds, Unknown};
    use crate::audit::captures::Held;
    use crate::audit::notebook::{Notebook, channel, control};
    use crate::audit::standing::Standings;
    use crate::hash::Hash;

    fn check(change: impl FnOnce(&mut Notebook), kind: DocumentKind, page: &str, expected: Truth) {
        let mut notebook = Notebook::new();
        let ministry = notebook.party("ministry", PartyKind::Ministry);
        let mut site = channel("site");
        site.urls.push("https://mfa.example/".to_owned());
        let site = notebook.append(Record::Channel(site));
        let shown = notebook.document(page, |document| document.kind = kind);
        change(&mut notebook);
        let mut control = control(site, ministry, ControlBasis::DidWeb);
        control.evidence = Some(shown);
        let graph = notebook.graph();
        let held = |digest: &Hash| notebook.held(digest);
        let standings = Standings::as_of(&graph, graph.tree_size());
        assert_eq!(
            backing(&graph, &standings, &control, Wanted::Channel, &[], &held).0,
            expected,
            "{page}"
        );
        assert_eq!(
            backing(&graph, &standings, &control, Wanted::Channel, &[shown], &held).0,
            Fails,
            "{page}"
        );
        control.evidence = None;
        assert_eq!(backing(&graph, &standings, &control, Wanted::Channel, &[], &held).0, Unknown);
    }

    #[test]
    fn only_a_page_that_is_held_and_names_the_channel_backs_its_control() {
        let page = "Ministries: https://MFA.example/ and others";
        check(|_| {}, DocumentKind::Article, page, Holds);
        check(|_| {}, DocumentKind::Note, page, Fails);
        check(|_| {}, DocumentKind::Article, "mfa.example.net and not-mfa.example", Unknown);
        let lose = |notebook: &mut Notebook| {
            notebook.bytes.insert(Hash::of(page.as_bytes()), Held::Missing);
        };
        check(lose, DocumentKind::Article, page, Unknown);
        let change = |notebook: &mut Notebook| {
            notebook.bytes.insert(Hash::of(page.as_bytes()), Held::Bytes(b"mfa.example".to_vec()));
        };
        check(change, DocumentKind::Article, page, Unknown);
    }
}
