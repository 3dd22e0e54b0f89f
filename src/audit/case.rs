//! A case: everything gathered about one claim before it is judged.
//!
//! Bytes are checked, text is derived and words are looked for here, once; the rules only compare.

use crate::attribution::id::Id;
use crate::attribution::record::claim::Claim;
use crate::attribution::record::document::{Capture, Document};
use crate::attribution::truth::Truth;
use crate::audit::backing::{Backed, Wanted, backed};
use crate::audit::captures::{Captures, Held};
use crate::audit::graph::{Found, Graph, Node};
use crate::audit::origins::{Independence, independence};
use crate::audit::packages::{Packaged, packaged};
use crate::audit::path::{Step, path};
use crate::audit::standing::{Outcome, Standings};
use crate::audit::vouching::{Search, Voucher};
use crate::evidence::anchor::{self, Match};
use crate::evidence::capture::{self, Check, Expected};
use crate::evidence::text::{Profile, Text, derive};
use crate::hash::Hash;
use crate::selector::Position;

/// One claim with all that the rules look at.
pub struct Case<'a> {
    /// All records.
    pub graph: &'a Graph,
    /// What was in force.
    pub standings: &'a Standings<'a>,
    /// The claim's id.
    pub id: Id,
    /// The claim's record with its signature.
    pub node: &'a Node,
    /// The claim.
    pub claim: &'a Claim,
    /// Each step from the document read to the origin.
    pub steps: Vec<Reading<'a>>,
    /// What is recorded of who controlled the origin's channel, in entry order, as far as it is
    /// in force.
    pub controls: Vec<Backed<'a>>,
    /// What vouches for each step's bytes, step by step.
    pub vouchers: Vec<Vec<Voucher<'a>>>,
    /// The time stamps of the claim's own statement.
    pub stamps: Vec<Voucher<'a>>,
    /// How the claim stands.
    pub outcome: Outcome,
    /// How many origins stand behind what it says.
    pub independence: Independence,
}

/// One step and what its bytes show.
pub struct Reading<'a> {
    /// The step.
    pub step: Step<'a>,
    /// Its document, if it is at hand.
    pub document: Option<&'a Document>,
    /// All captures of the document.
    pub captures: Vec<&'a Capture>,
    /// Whether the bytes of the capture that counts are held and match.
    pub bytes: Bytes,
    /// The text derived from them, or why there is none.
    pub text: Result<Text, NoText>,
    /// The package of web archives that the capture is, or was taken from.
    pub package: Option<Packaged>,
    /// Where each segment of the passage stands; empty without a passage or a text.
    pub anchors: Vec<Match>,
}

/// What is known of the bytes that a step rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bytes {
    /// No document is recorded for this step.
    NoDocument,
    /// The document's own record is not at hand.
    NoRecord,
    /// The document has no capture.
    NoCapture,
    /// The passage names a capture that is none of the document's.
    OtherCapture(Hash),
    /// The capture is recorded and its bytes are not held.
    Missing(Hash),
    /// The bytes are withheld.
    Withheld(Hash),
    /// The bytes at hand are not those recorded: in words.
    Differ(String),
    /// Held, and of the digest and size recorded.
    Match(Hash),
}

/// Why there is no text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoText {
    /// There are no bytes to derive it from.
    NoBytes,
    /// This version does not know the profile.
    UnknownProfile(String),
    /// Not the profile for captures of this kind: in words.
    OtherProfile(String),
    /// The profile does not read these bytes: in words.
    Refused(String),
}

impl<'a> Case<'a> {
    /// Gathers the case of a claim; `None` if `id` is no claim at hand.
    pub fn gather(
        graph: &'a Graph,
        standings: &'a Standings<'a>,
        id: Id,
        captures: &Captures<'_>,
    ) -> Option<Self> {
        let node = graph.node(id)?;
        let claim = graph.claim(id)?;
        let steps = path(graph, claim).into_iter();
        let steps: Vec<Reading<'_>> =
            steps.map(|step| Reading::of(graph, step, captures)).collect();
        let controls = controls(graph, standings, &steps, captures);
        let on_path = documents(&steps);
        let search = Search { graph, standings, captures, path: &on_path };
        let vouchers = steps.iter().map(|reading| reading.vouchers(&search)).collect();
        let stamps = search.of_statement(id);
        let text_of = |document| text_of(graph, document, captures);
        Some(Self {
            graph,
            standings,
            id,
            node,
            claim,
            steps,
            controls,
            vouchers,
            stamps,
            outcome: standings.of(id),
            independence: independence(graph, standings, id, &text_of),
        })
    }

    /// The last step of which a document is recorded.
    pub fn origin(&self) -> Option<&Reading<'a>> {
        origin(&self.steps)
    }
}

fn origin<'a, 'r>(steps: &'r [Reading<'a>]) -> Option<&'r Reading<'a>> {
    steps.iter().rev().find(|reading| reading.step.document.is_some())
}

/// What is recorded of who controlled the channel on which the origin appeared.
fn controls<'a>(
    graph: &'a Graph,
    standings: &Standings<'_>,
    steps: &[Reading<'a>],
    captures: &Captures<'_>,
) -> Vec<Backed<'a>> {
    let Some(channel) = origin(steps).and_then(|origin| origin.document?.channel) else {
        return Vec::new();
    };
    backed(graph, standings, channel, Wanted::Channel, &documents(steps), captures)
}

/// The documents on the way, from the reader's side to the origin.
fn documents(steps: &[Reading<'_>]) -> Vec<Id> {
    steps.iter().filter_map(|reading| reading.step.document).collect()
}

impl<'a> Reading<'a> {
    fn of(graph: &'a Graph, step: Step<'a>, held: &Captures<'_>) -> Self {
        let document = step.document.and_then(|id| graph.document(id));
        let captures = step.document.map(|id| graph.captures(id)).unwrap_or_default();
        let wanted = step.passage.map(|passage| passage.capture);
        let (bytes, content) = match (step.document, wanted) {
            (None, _) => (Bytes::NoDocument, None),
            (Some(id), _) if !matches!(graph.find(id), Found::Recorded(_)) => {
                (Bytes::NoRecord, None)
            }
            (Some(_), Some(wanted)) => match captures.iter().find(|c| c.digest == wanted) {
                Some(capture) => check(capture, held),
                None => (Bytes::OtherCapture(wanted), None),
            },
            (Some(_), None) => first_that_matches(&captures, held),
        };
        let counted = match bytes {
            Bytes::Match(digest) => captures.iter().find(|c| c.digest == digest),
            _ => None,
        };
        let package = counted
            .zip(content.as_deref())
            .and_then(|(capture, content)| packaged(capture, &captures, content, held));
        let media_type = counted.map_or("", |capture| capture.media_type.as_str());
        let profile = step.passage.map(|passage| passage.profile.as_str());
        let text = read(content.as_deref(), profile, media_type);
        let anchors = match (&text, step.passage) {
            (Ok(text), Some(passage)) => {
                passage.segments.iter().map(|segment| anchor::find(text, segment)).collect()
            }
            _ => Vec::new(),
        };
        Self { step, document, captures, bytes, text, package, anchors }
    }

    /// What vouches for the bytes that this step rests on.
    fn vouchers(&self, search: &Search<'a, '_>) -> Vec<Voucher<'a>> {
        let (Some(id), Some(document)) = (self.step.document, self.document) else {
            return Vec::new();
        };
        let Some(capture) = self.counted() else { return Vec::new() };
        search.of_capture(id, document, capture.digest, &capture.media_type)
    }

    /// The capture that this step rests on, if its bytes are held and the recorded ones.
    pub fn counted(&self) -> Option<&'a Capture> {
        let Bytes::Match(digest) = self.bytes else { return None };
        self.captures.iter().find(|capture| capture.digest == digest).copied()
    }

    /// Where the segments stand, if each was found.
    pub fn positions(&self) -> Option<Vec<Position>> {
        let found = self.anchors.iter().map(|anchor| match anchor {
            Match::Holds { position } => Some(*position),
            _ => None,
        });
        let positions: Vec<Position> = found.collect::<Option<_>>()?;
        (!positions.is_empty()).then_some(positions)
    }

    /// Whether the bytes are held and the recorded ones, with the fact in words.
    pub fn bytes_hold(&self) -> (Truth, String) {
        match &self.bytes {
            Bytes::NoDocument => (Truth::Unknown, "no document is recorded".to_owned()),
            Bytes::NoRecord => {
                (Truth::Unknown, "the record of the document is not at hand".to_owned())
            }
            Bytes::NoCapture => (Truth::Unknown, "the document has no capture".to_owned()),
            Bytes::OtherCapture(digest) => {
                let what = format!("the passage names capture {digest}, none of the document's");
                (Truth::Fails, what)
            }
            Bytes::Missing(digest) => {
                (Truth::Unknown, format!("the bytes of capture {digest} are not held"))
            }
            Bytes::Withheld(digest) => {
                (Truth::Unknown, format!("the bytes of capture {digest} are withheld"))
            }
            Bytes::Differ(what) => (Truth::Fails, what.clone()),
            Bytes::Match(digest) => {
                (Truth::Holds, format!("capture {digest} has the digest and size recorded"))
            }
        }
    }
}

/// The text of a document, from the first capture whose bytes are held and match.
fn text_of(graph: &Graph, document: Id, held: &Captures<'_>) -> Option<String> {
    let captures = graph.captures(document);
    let (bytes, content) = first_that_matches(&captures, held);
    let Bytes::Match(digest) = bytes else { return None };
    let capture = captures.iter().find(|capture| capture.digest == digest)?;
    let text = read(content.as_deref(), None, &capture.media_type).ok()?;
    Some(text.as_str().to_owned())
}

/// The first capture that matches; else what is wrong with the first one.
fn first_that_matches(captures: &[&Capture], held: &Captures<'_>) -> (Bytes, Option<Vec<u8>>) {
    let mut first = None;
    for capture in captures {
        let checked = check(capture, held);
        if matches!(checked.0, Bytes::Match(_)) {
            return checked;
        }
        first = first.or(Some(checked));
    }
    first.unwrap_or((Bytes::NoCapture, None))
}

fn check(capture: &Capture, held: &Captures<'_>) -> (Bytes, Option<Vec<u8>>) {
    let digest = capture.digest;
    let content = match held(&digest) {
        Held::Bytes(content) => content,
        Held::Missing => return (Bytes::Missing(digest), None),
        Held::Withheld => return (Bytes::Withheld(digest), None),
    };
    match capture::check(&content, &Expected { digest, size: capture.size }) {
        Check::Holds => (Bytes::Match(digest), Some(content)),
        Check::Fails(difference) => (Bytes::Differ(difference.to_string()), None),
    }
}

/// Derives text by the profile for the media type, which must be the one that the passage names:
/// as plain text a page would show its comments and scripts.
fn read(content: Option<&[u8]>, named: Option<&str>, media_type: &str) -> Result<Text, NoText> {
    let content = content.ok_or(NoText::NoBytes)?;
    let refused = |error: crate::evidence::text::Error| NoText::Refused(error.to_string());
    let fitting = Profile::for_capture(media_type, content).map_err(refused)?;
    if let Some(name) = named {
        let named =
            Profile::from_name(name).ok_or_else(|| NoText::UnknownProfile(name.to_owned()))?;
        if named != fitting {
            let what = format!("the profile for {media_type} is {}", fitting.name());
            return Err(NoText::OtherProfile(what));
        }
    }
    derive(fitting, content).map_err(refused)
}
