//! The attribution level of a claim: how far its way to the origin is shown.
//!
//! A level says nothing about truth: a lie, signed at its source, would be A4.

use serde::Serialize;

use crate::attribution::truth::Truth;
use crate::audit::case::Case;
use crate::audit::rules::rule::Finding;
use crate::audit::rules::{chain, channel, evidence, passage, recorder, time};

/// How far the way of a claim is shown; each level includes the ones before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum Level {
    /// Recorded: an authorised recorder signed it.
    A0,
    /// Captured: the bytes of the document the recorder read are held and match their digest.
    A1,
    /// Anchored: the passage is found once in those bytes, where the record says, and the speaker
    /// as written stands in the same capture.
    A2,
    /// Traced: every hop is captured and anchored, and the origin appeared on a channel that the
    /// speaker or its body controlled then, by more than somebody's word.
    A3,
    /// Signed at source: the origin carries the source's own signature.
    A4,
}

/// The level reached, and the one fact that stops the next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reached {
    /// The level.
    pub level: Level,
    /// Its name in one word or three.
    pub name: &'static str,
    /// The next level.
    pub next: Level,
    /// What stops it.
    pub stopped_by: Stop,
}

/// The fact that stops a level.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stop {
    /// The rule that found it, if a rule did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<&'static str>,
    /// Whether it fails, or is not known.
    pub truth: Truth,
    /// The fact in words.
    pub what: String,
}

/// All levels, from weak to strong.
pub const ALL: [Level; 5] = [Level::A0, Level::A1, Level::A2, Level::A3, Level::A4];

impl Level {
    /// What the level says, in a sentence.
    pub const fn words(self) -> &'static str {
        match self {
            Self::A0 => {
                "Recorded: a recorder who may do so signed the claim. Nothing shows the words."
            }
            Self::A1 => {
                "Captured: the bytes of the document that the recorder read are held, and match \
                 their digest."
            }
            Self::A2 => {
                "Anchored: the passage stands in those bytes, once and where the record says, and \
                 so does the speaker as written."
            }
            Self::A3 => {
                "Traced: every step down to the origin is captured and anchored, and the origin \
                 was published on a channel that the speaker, or a body it spoke for, controlled \
                 at that time, by evidence stronger than somebody's word."
            }
            Self::A4 => {
                "Signed at source: the origin carries the source's own cryptographic signature. \
                 This version does not check it, so no claim reaches it."
            }
        }
    }

    /// The level's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::A0 => "recorded",
            Self::A1 => "captured",
            Self::A2 => "anchored",
            Self::A3 => "traced",
            Self::A4 => "signed at source",
        }
    }
}

/// The level of a case by its findings: the first step up that something stops.
pub fn level(case: &Case<'_>, findings: &[Finding]) -> Reached {
    let stops = [
        (Level::A0, Level::A1, captured(case, findings)),
        (Level::A1, Level::A2, anchored(case, findings, 0)),
        (Level::A2, Level::A3, traced(case, findings)),
    ];
    for (level, next, stop) in stops {
        if let Some(stopped_by) = stop {
            return Reached { level, name: level.name(), next, stopped_by };
        }
    }
    let what = "signatures at the source are not checked in this version".to_owned();
    let stopped_by = Stop { rule: None, truth: Truth::Unknown, what };
    Reached { level: Level::A3, name: Level::A3.name(), next: Level::A4, stopped_by }
}

fn captured(case: &Case<'_>, findings: &[Finding]) -> Option<Stop> {
    if case.claim.document.is_none() {
        return Some(Stop::of(Truth::Unknown, "no document is recorded for the claim"));
    }
    first_stop(findings, &[recorder::SIGNER_IN_GOOD_STANDING.name], None)
        .or_else(|| first_stop(findings, &[evidence::DIGEST_AND_SIZE.name], Some(0)))
}

/// What stops a step from being anchored.
fn anchored(case: &Case<'_>, findings: &[Finding], step: usize) -> Option<Stop> {
    let reading = &case.steps[step];
    if reading.step.passage.is_none() {
        let what = format!("{}: no passage is recorded", reading.step.name());
        return Some(Stop::of(Truth::Unknown, what));
    }
    let rules = [
        evidence::TEXT_RE_DERIVES.name,
        passage::SEGMENT_FOUND_ONCE.name,
        passage::QUOTE_AND_POSITION_AGREE.name,
        passage::SEGMENTS_IN_ORDER.name,
        passage::SPEAKER_IN_CAPTURE.name,
    ];
    first_stop(findings, &rules, Some(step as u64))
}

fn traced(case: &Case<'_>, findings: &[Finding]) -> Option<Stop> {
    for step in 1..case.steps.len() {
        let stop = first_stop(findings, &[chain::HOPS_CAPTURED.name], Some(step as u64))
            .or_else(|| anchored(case, findings, step));
        if stop.is_some() {
            return stop;
        }
    }
    let rules = [
        chain::LAST_HOP_IS_SPEAKER.name,
        time::CONTROL_COVERS_SAID_AT.name,
        channel::CONTROL_BY_EVIDENCE.name,
    ];
    for rule in rules {
        // A level is never reached because a rule had nothing to say.
        if !findings.iter().any(|finding| finding.rule == rule) {
            return Some(Stop::of(Truth::Unknown, format!("{rule} had nothing to judge")));
        }
    }
    first_stop(findings, &rules, None)
}

/// The first finding of these rules, in their order, that does not hold.
fn first_stop(findings: &[Finding], rules: &[&str], step: Option<u64>) -> Option<Stop> {
    let mut of_rules = rules.iter().flat_map(|rule| {
        findings.iter().filter(move |f| f.rule == *rule && (step.is_none() || f.step == step))
    });
    of_rules.find(|finding| finding.truth != Truth::Holds).map(|finding| Stop {
        rule: Some(finding.rule),
        truth: finding.truth,
        what: finding.what.clone(),
    })
}

impl Stop {
    fn of(truth: Truth, what: impl Into<String>) -> Self {
        Self { rule: None, truth, what: what.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::{Level, Reached};
    use crate::attribution::id::Id;
    use crate::attribution::record::channel::ControlBasis;
    use crate::attribution::record::claim::{Claim, Who};
    use crate::attribution::record::party::PartyKind;
    use crate::audit::captures::Held;
    use crate::audit::notebook::{Notebook, claim, date, passage, reached, unreached};
    use crate::hash::Hash;

    const ARTICLE: &str = "The ministry stated that a delegation will come to the capital soon.";
    const STATEMENT: &str = "The ministry announces: a delegation will come to the capital.";

    struct World {
        notebook: Notebook,
        ministry: Id,
        claim: Claim,
    }

    /// A claim that reaches A3: an article that quotes a statement on the ministry's own site.
    fn world(basis: ControlBasis) -> World {
        let mut notebook = Notebook::new();
        let ministry = notebook.party("ministry", PartyKind::Ministry);
        let site = notebook.site("ministry-site");
        notebook.control(site, ministry, basis);
        let article = notebook.document(ARTICLE, |_| {});
        let statement = notebook.document(STATEMENT, |document| {
            document.channel = Some(site);
            document.published = Some(date("2024-11-24"));
        });
        let mut claim = claim(Who::Party(ministry), Some(article));
        claim.speaker_as_written = Some("The ministry".to_owned());
        claim.passage = Some(passage(ARTICLE, "a delegation will come"));
        let mut hop = reached(Who::Party(ministry), statement);
        hop.passage = Some(passage(STATEMENT, "a delegation will come"));
        claim.chain.push(hop);
        World { notebook, ministry, claim }
    }

    fn level(notebook: &mut Notebook, claim: Claim) -> Reached {
        let id = notebook.claim(claim);
        let graph = notebook.graph();
        crate::audit::audit(&graph, id, &|digest| notebook.held(digest)).unwrap().level
    }

    fn check(change: impl FnOnce(&mut World), expected: Level, stop: &str) {
        let mut world = world(ControlBasis::DidWeb);
        change(&mut world);
        let reached = level(&mut world.notebook, world.claim);
        assert_eq!(reached.level, expected, "{reached:?}");
        assert!(reached.stopped_by.what.contains(stop), "{reached:?}");
    }

    #[test]
    fn a_chain_that_is_whole_is_traced_and_never_signed() {
        check(|_| {}, Level::A3, "not checked in this version");
    }

    #[test]
    fn each_missing_fact_stops_its_level() {
        check(|w| w.claim.chain[0].passage = None, Level::A2, "hop 1: no passage");
        let unreached = |w: &mut World| w.claim.chain = vec![unreached(Who::Party(w.ministry))];
        check(unreached, Level::A2, "no link given");
        check(|w| w.claim.chain.clear(), Level::A2, "who published");
        check(|w| w.claim.speaker_as_written = None, Level::A1, "names the speaker");
        check(|w| w.claim.passage = None, Level::A1, "no passage is recorded");
        let other = |w: &mut World| w.claim.passage = Some(passage(ARTICLE, "has come"));
        check(other, Level::A1, "nowhere");
        let lose = |w: &mut World| {
            w.notebook.bytes.insert(Hash::of(ARTICLE.as_bytes()), Held::Missing);
        };
        check(lose, Level::A0, "not held");
        let none = |w: &mut World| {
            w.claim.document = None;
            w.claim.passage = None;
        };
        check(none, Level::A0, "no document");
    }

    #[test]
    fn a_reporters_word_for_the_channel_stops_at_anchored() {
        let mut world = world(ControlBasis::ReporterSays);
        let reached = level(&mut world.notebook, world.claim);
        assert_eq!(reached.level, Level::A2);
        assert!(reached.stopped_by.what.contains("a reporter's word"), "{reached:?}");
    }

    #[test]
    fn a_suspect_signature_is_recorded_and_no_more() {
        let mut world = world(ControlBasis::DidWeb);
        let record = crate::attribution::record::Record::Claim(Box::new(world.claim));
        let id = world.notebook.append_as("omar", 2, record);
        world.notebook.revoke(2, 1);
        let graph = world.notebook.graph();
        let held = |digest: &Hash| world.notebook.held(digest);
        let reached = crate::audit::audit(&graph, id, &held).unwrap().level;
        assert_eq!(reached.level, Level::A0);
        assert_eq!(reached.stopped_by.rule, Some("signer-in-good-standing"));
    }
}
