//! The attribution level of a claim: how far its way to the origin is shown.
//!
//! A level says nothing about truth: a lie, signed at its source, would be A4.

use serde::Serialize;

use crate::attribution::truth::Truth;
use crate::audit::case::Case;
use crate::audit::rules::rule::Finding;
use crate::audit::rules::{
    chain, channel, clock, evidence, handle, passage, recorder, source, time,
};

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
    /// The next level, if there is one.
    pub next: Option<Level>,
    /// What stops it.
    pub stopped_by: Option<Stop>,
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
                "Captured: the bytes of the document that the recorder read are held, match their \
                 digest, and do not rest on an archive alone that is rated distrusted."
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
                "Signed at source: the words at the origin are signed by a key that the speaker, or \
                 a body it spoke for, controlled at that time, by evidence that names the key."
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
        (Level::A1, captured(case, findings)),
        (Level::A2, anchored(case, findings, 0)),
        (Level::A3, traced(case, findings)),
    ];
    for (next, stop) in stops {
        if let Some(stop) = stop {
            return Reached::below(next, stop);
        }
    }
    match unsigned(case) {
        Some(stop) => Reached::below(Level::A4, stop),
        None => Reached { level: Level::A4, name: Level::A4.name(), next: None, stopped_by: None },
    }
}

impl Reached {
    /// The level below the one that is stopped.
    fn below(next: Level, stopped_by: Stop) -> Self {
        let level = ALL[next as usize - 1];
        Self { level, name: level.name(), next: Some(next), stopped_by: Some(stopped_by) }
    }
}

/// What keeps the origin from being signed at its source: of several signatures, what stops the
/// one that comes nearest.
fn unsigned(case: &Case<'_>) -> Option<Stop> {
    let origin = case.origin()?;
    let vouchers = case.vouchers[origin.step.number].iter();
    let signatures = vouchers.filter(|it| !it.scheme.is_of_time());
    let stops = signatures.map(|voucher| {
        let facts = source::facts(case, origin, voucher);
        let passed = facts.iter().take_while(|(_, (truth, _))| *truth == Truth::Holds).count();
        (passed, facts.into_iter().nth(passed))
    });
    match stops.max_by_key(|(passed, _)| *passed) {
        None => {
            let what = "no signature of the source is recorded for the origin, nor found in it";
            Some(Stop::of(Truth::Unknown, what))
        }
        Some((_, stop)) => stop.map(|(rule, (truth, what))| {
            let what = format!("{}: {what}", origin.step.name());
            Stop { rule: Some(rule.name), truth, what }
        }),
    }
}

fn captured(case: &Case<'_>, findings: &[Finding]) -> Option<Stop> {
    if case.claim.document.is_none() {
        return Some(Stop::of(Truth::Unknown, "no document is recorded for the claim"));
    }
    first_stop(findings, &[recorder::SIGNER_IN_GOOD_STANDING.name], None)
        .or_else(|| taken_back(case, 0))
        .or_else(|| first_stop(findings, &[evidence::DIGEST_AND_SIZE.name], Some(0)))
        .or_else(|| distrusted(findings, 0))
}

/// A provider that is rated distrusted may have put anything into the bytes. One that nobody rated,
/// or that is rated degraded, is said to be so and stops nothing.
fn distrusted(findings: &[Finding], step: u64) -> Option<Stop> {
    let found = findings.iter().find(|finding| {
        finding.rule == evidence::CAPTURE_PROVIDER_TRUSTED.name
            && finding.step == Some(step)
            && finding.truth == Truth::Fails
    });
    found.map(Stop::from)
}

/// Whether the record of a step's document was taken back by its recorder.
fn taken_back(case: &Case<'_>, step: usize) -> Option<Stop> {
    let reading = &case.steps[step];
    let node = case.graph.node(reading.step.document?)?;
    let name = reading.step.name();
    let what =
        format!("{name}: the record of the document was taken back, or a stolen key signed it");
    (!case.standings.is_in_force(node) || node.is_suspect()).then(|| Stop::of(Truth::Fails, what))
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
        let stop = taken_back(case, step)
            .or_else(|| first_stop(findings, &[chain::HOPS_CAPTURED.name], Some(step as u64)))
            .or_else(|| distrusted(findings, step as u64))
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
    // Bytes that stand in for two steps show one of them at most.
    first_stop(findings, &[chain::NO_REPEATED_CAPTURE.name], None)
        .or_else(|| first_stop(findings, &rules, None))
        .or_else(|| on_its_channel(case, findings))
}

/// What speaks against the origin having appeared on its channel, and on one that has an owner.
fn on_its_channel(case: &Case<'_>, findings: &[Finding]) -> Option<Stop> {
    let origin = case.origin()?;
    let number = Some(origin.step.number as u64);
    let channel = origin.document?.channel.map(|channel| case.graph.first(channel));
    let refuted = [
        handle::HANDLE_AT_TIME.name,
        handle::HANDLE_HELD_BY_ANOTHER.name,
        clock::CLOCK_IN_ID_AGREES.name,
    ];
    let refuted = findings.iter().find(|finding| {
        refuted.contains(&finding.rule) && finding.step == number && finding.truth == Truth::Fails
    });
    if let Some(finding) = refuted {
        return Some(Stop::from(finding));
    }
    let off_channel = first_stop(findings, &[channel::CHANNEL_URL_MATCHES.name], number);
    // What has no URL, as mail has none, is on the channel if the channel's own key signed it.
    let off_channel = off_channel.filter(|stop| {
        stop.truth == Truth::Fails || !source::is_signed_by_its_channel(case, origin)
    });
    off_channel.or_else(|| {
        let contested = findings.iter().find(|finding| {
            finding.rule == channel::ONE_CONTROLLER_AT_A_TIME.name
                && Some(finding.id) == channel
                && finding.truth == Truth::Fails
        });
        contested.map(Stop::from)
    })
}

/// The first finding of these rules, in their order, that does not hold.
fn first_stop(findings: &[Finding], rules: &[&str], step: Option<u64>) -> Option<Stop> {
    let mut of_rules = rules.iter().flat_map(|rule| {
        findings.iter().filter(move |f| f.rule == *rule && (step.is_none() || f.step == step))
    });
    of_rules.find(|finding| finding.truth != Truth::Holds).map(Stop::from)
}

impl From<&Finding> for Stop {
    fn from(finding: &Finding) -> Self {
        Self { rule: Some(finding.rule), truth: finding.truth, what: finding.what.clone() }
    }
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
    use crate::attribution::record::Record;
    use crate::attribution::record::channel::ControlBasis;
    use crate::attribution::record::channel::{Control, ControlMode};
    use crate::attribution::record::claim::{Claim, Who};
    use crate::attribution::record::document::{Document, DocumentKind};
    use crate::attribution::record::notice::NoticeKind;
    use crate::attribution::record::party::PartyKind;
    use crate::audit::captures::Held;
    use crate::audit::notebook::{
        Notebook, channel, check_part, claim, control, date, dated, party, passage, reached,
        unreached,
    };
    use crate::audit::signing::{fingerprint, sshsig};
    use crate::hash::Hash;

    const ARTICLE: &str = "The ministry stated that a delegation will come to the capital soon.";
    const STATEMENT: &str = "The ministry announces: a delegation will come to the capital.";

    const REGISTER: &str = "Sites of the government: mfa.example (ministry), and others.";

    struct World {
        notebook: Notebook,
        ministry: Id,
        site: Id,
        claim: Claim,
    }

    /// A claim that reaches A3: an article that quotes a statement on the ministry's own site.
    fn world(basis: ControlBasis) -> World {
        let mut notebook = Notebook::new();
        let ministry = notebook.party("ministry", PartyKind::Ministry);
        let mut site = channel("ministry-site");
        site.urls.push("https://mfa.example/".to_owned());
        let site = notebook.append(Record::Channel(site));
        let register = notebook.document(REGISTER, |_| {});
        let mut shown = control(site, ministry, basis);
        shown.evidence = Some(register);
        notebook.append(Record::Control(shown));
        let article = notebook.document(ARTICLE, |_| {});
        let statement = notebook.document(STATEMENT, |document| {
            document.channel = Some(site);
            document.url = Some("https://mfa.example/news/1".to_owned());
            document.published = Some(date("2024-11-24"));
        });
        let mut claim = claim(Who::Party(ministry), Some(article));
        claim.speaker_as_written = Some("The ministry".to_owned());
        claim.passage = Some(passage(ARTICLE, "a delegation will come"));
        let mut hop = reached(Who::Party(ministry), statement);
        hop.passage = Some(passage(STATEMENT, "a delegation will come"));
        claim.chain.push(hop);
        World { notebook, ministry, site, claim }
    }

    fn level(notebook: &mut Notebook, claim: Claim) -> Reached {
        let id = notebook.claim(claim);
        let graph = notebook.graph();
        check_part(&graph, notebook, id);
        crate::audit::audit(&graph, id, &|digest| notebook.held(digest)).unwrap().level
    }

    fn check(change: impl FnOnce(&mut World), expected: Level, stop: &str) {
        let mut world = world(ControlBasis::DidWeb);
        change(&mut world);
        let reached = level(&mut world.notebook, world.claim);
        assert_eq!(reached.level, expected, "{reached:?}");
        let stopped_by = &reached.stopped_by.as_ref().unwrap().what;
        assert!(stopped_by.contains(stop), "{reached:?}");
    }

    #[test]
    fn a_chain_that_is_whole_is_traced() {
        check(|_| {}, Level::A3, "no signature of the source is recorded");
    }

    #[test]
    fn what_has_no_url_is_on_its_channel_if_the_channels_key_signed_it() {
        let on_key = |w: &mut World, seed: u8| {
            let page = format!("We sign with {}.", fingerprint(7));
            let page = w.notebook.document(&page, |_| {});
            let mut key = channel("press-key");
            key.platform = Some("ssh".to_owned());
            key.platform_id = Some(fingerprint(7));
            let key = w.notebook.append(Record::Channel(key));
            let mut shown = control(key, w.ministry, ControlBasis::Registry);
            shown.evidence = Some(page);
            w.notebook.append(Record::Control(shown));
            let text = "By mail: a delegation will come.";
            w.site = key;
            let origin = w.notebook.document(text, |document| {
                document.channel = Some(key);
                document.published = Some(date("2024-11-24"));
            });
            w.claim.chain[0].document = Some(origin);
            w.claim.chain[0].passage = Some(passage(text, "a delegation will come"));
            w.notebook.attest(origin, text, &sshsig(seed, text));
        };
        check(|w| on_key(w, 8), Level::A2, "URL");
        let mut world = world(ControlBasis::DidWeb);
        on_key(&mut world, 7);
        assert_eq!(level(&mut world.notebook, world.claim).level, Level::A4);
    }

    /// A world in which the key of seed 7 signed the statement.
    fn sign(world: &mut World) {
        let statement = world.claim.chain[0].document.unwrap();
        world.notebook.attest(statement, STATEMENT, &sshsig(7, STATEMENT));
    }

    #[test]
    fn an_origin_signed_by_a_key_of_the_speaker_is_signed_at_source() {
        check(sign, Level::A3, "whose key it is is not recorded");
        let other_words = |w: &mut World| {
            let statement = w.claim.chain[0].document.unwrap();
            w.notebook.attest(statement, STATEMENT, &sshsig(7, ARTICLE));
            w.notebook.bind(7, w.ministry, |_| {});
        };
        check(other_words, Level::A3, "not those that the key inside it signed");
        let article = |w: &mut World| {
            let article = w.claim.document.unwrap();
            w.notebook.attest(article, ARTICLE, &sshsig(7, ARTICLE));
            w.notebook.bind(7, w.ministry, |_| {});
        };
        check(article, Level::A3, "no signature of the source is recorded");
        let stranger = |w: &mut World| {
            sign(w);
            let other = w.notebook.party("embassy", PartyKind::Organisation);
            w.notebook.bind(7, other, |_| {});
        };
        check(stranger, Level::A3, "not of ministry");
        let mut world = world(ControlBasis::DidWeb);
        sign(&mut world);
        world.notebook.bind(7, world.ministry, |_| {});
        let reached = level(&mut world.notebook, world.claim);
        assert_eq!((reached.level, reached.next, reached.stopped_by), (Level::A4, None, None));
    }

    #[test]
    fn a_channel_described_anew_by_another_takes_in_no_address() {
        let quote = "a delegation will come";
        let elsewhere = |w: &mut World| {
            let mut anew = channel("ministry-site");
            anew.urls = vec!["https://mfa.example/".to_owned(), "https://evil.example/".to_owned()];
            w.notebook.append_as("omar", 2, Record::Channel(anew));
            let words = "Here: a delegation will come.";
            at_origin(w, words, quote, "https://evil.example/1", Some("2024-11-24"));
        };
        check(elsewhere, Level::A2, "begins like none");
    }

    #[test]
    fn bytes_that_came_from_elsewhere_are_not_on_the_channel() {
        let came_from = |uri: &'static str| {
            move |w: &mut World| {
                let site = w.site;
                let text = "Once more: a delegation will come.";
                let origin = w.notebook.document(text, |document| {
                    document.channel = Some(site);
                    document.url = Some("https://mfa.example/news/2".to_owned());
                    document.published = Some(date("2024-11-24"));
                    document.captures[0].uri_final = Some(uri.to_owned());
                });
                w.claim.chain[0].document = Some(origin);
                w.claim.chain[0].passage = Some(passage(text, "a delegation will come"));
            }
        };
        check(came_from("https://evil.example/1"), Level::A2, "not on the channel");
        check(came_from("https://mfa.example/news/2?a"), Level::A3, "no signature");
        let archive = "https://web.archive.org/web/20241125120000/https://mfa.example/news/2";
        check(came_from(archive), Level::A3, "no signature");
    }

    #[test]
    fn a_document_that_its_recorder_took_back_carries_nothing() {
        let article = |w: &mut World| {
            let article = w.claim.document.unwrap();
            w.notebook.notice(NoticeKind::RecorderRetraction, article, |_| {});
        };
        check(article, Level::A0, "the document read: the record of the document was taken back");
        let statement = |w: &mut World| {
            let statement = w.claim.chain[0].document.unwrap();
            w.notebook.notice(NoticeKind::RecorderRetraction, statement, |_| {});
        };
        check(statement, Level::A2, "hop 1: the record of the document was taken back");
    }

    #[test]
    fn one_way_links_are_no_evidence_of_control() {
        let mut world = world(ControlBasis::RelMe);
        let reached = level(&mut world.notebook, world.claim);
        assert_eq!(reached.level, Level::A2);
    }

    #[test]
    fn a_handle_that_was_anothers_then_is_not_the_channels_voice() {
        let posted = |w: &mut World| {
            let mut account = channel("senator-x");
            account.platform = Some("x".to_owned());
            account.platform_id = Some("11".to_owned());
            account.handles = dated(&[("SenAda", "2024-06", "")]);
            account.urls = vec!["https://x.com/SenAda".to_owned()];
            let account = w.notebook.append(Record::Channel(account));
            let page = w.notebook.document("She posts as @SenAda.", |_| {});
            let mut shown = control(account, w.ministry, ControlBasis::Registry);
            shown.evidence = Some(page);
            w.notebook.append(Record::Control(shown));
            w.site = account;
            let words = "From us: a delegation will come.";
            let url = "https://x.com/SenAda/status/1";
            at_origin(w, words, "a delegation will come", url, Some("2023-05-01"));
        };
        check(posted, Level::A2, "under senada, the channel's from 2024-06");
    }

    #[test]
    fn a_signature_lifts_nothing_that_is_not_traced() {
        let signed_by_word = |w: &mut World| {
            sign(w);
            w.notebook.bind(7, w.ministry, |_| {});
            w.claim.chain[0].passage = None;
        };
        check(signed_by_word, Level::A2, "no passage is recorded");
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
        assert!(
            reached.stopped_by.as_ref().unwrap().what.contains("a reporter's word"),
            "{reached:?}"
        );
    }

    #[test]
    fn a_capture_that_rests_on_a_distrusted_archive_alone_is_none() {
        use crate::attribution::record::notice::{Provider, ProviderRating as Rating};
        let captured = |w: &mut World, step: usize, rating: Option<Rating>, since: &str| {
            if let Some(rating) = rating {
                let (since, reason) = (Some(date(since)), "an audit".to_owned());
                let name = "archive".to_owned();
                let provider = Provider { name, rating, since, reason, party: None };
                w.notebook.append(Record::Provider(provider));
            }
            let text = [ARTICLE, STATEMENT][step];
            let site = w.site;
            let again = w.notebook.document(text, |document| {
                document.captures[0].provider = Some("archive".to_owned());
                document.captures[0].captured_at = Some(date("2024-11-25"));
                if step == 1 {
                    document.channel = Some(site);
                    document.url = Some("https://mfa.example/news/3".to_owned());
                    document.published = Some(date("2024-11-24"));
                }
            });
            match step {
                0 => w.claim.document = Some(again),
                _ => w.claim.chain[0].document = Some(again),
            }
        };
        let bad = Some(Rating::Distrusted);
        check(|w| captured(w, 0, bad, "2024-06"), Level::A0, "rated distrusted: an audit");
        check(|w| captured(w, 1, bad, "2024-06"), Level::A2, "rated distrusted: an audit");
        // What began later, is less, or was never said, is told and stops nothing.
        check(|w| captured(w, 0, bad, "2025"), Level::A3, "");
        check(|w| captured(w, 0, Some(Rating::Degraded), "2024-06"), Level::A3, "");
        check(|w| captured(w, 0, None, ""), Level::A3, "");
    }

    /// The claim with another origin, which lies on the ministry's site.
    fn at_origin(world: &mut World, text: &str, quote: &str, url: &str, published: Option<&str>) {
        let site = world.site;
        let origin = world.notebook.document(text, |document| {
            document.channel = Some(site);
            document.url = Some(url.to_owned());
            document.published = published.map(date);
        });
        world.claim.chain[0].document = Some(origin);
        world.claim.chain[0].passage = Some(passage(text, quote));
    }

    #[test]
    fn an_origin_is_other_bytes_on_the_channel_at_a_known_time() {
        let url = "https://mfa.example/news/2";
        let quote = "a delegation will come";
        let words = "Once more: a delegation will come.";
        check(|w| at_origin(w, words, quote, url, Some("2024-11-24")), Level::A3, "");
        let same = |w: &mut World| at_origin(w, ARTICLE, quote, url, Some("2024-11-24"));
        check(same, Level::A2, "rest on capture");
        let elsewhere = "https://mfa.example.net/news/2";
        let elsewhere = |w: &mut World| at_origin(w, words, quote, elsewhere, Some("2024-11-24"));
        check(elsewhere, Level::A2, "begins like none");
        check(|w| at_origin(w, words, quote, url, None), Level::A2, "appeared unknown");
        check(|w| at_origin(w, words, quote, url, Some("2019")), Level::A2, "appeared 2019");
        check(|w| at_origin(w, words, quote, url, Some("2027")), Level::A2, "appeared 2027");
    }

    /// A world in which the control of the site is recorded anew, as omar says.
    fn said_by_omar(world: &mut World, party: Id, mode: ControlMode) {
        let mut said = control(world.site, party, ControlBasis::DidWeb);
        said.mode = mode;
        world.notebook.append_as("omar", 2, Record::Control(said));
    }

    #[test]
    fn a_channel_that_was_contested_is_nobodys_voice() {
        for mode in [ControlMode::Hijacked, ControlMode::Impersonation] {
            check(|w| said_by_omar(w, w.ministry, mode), Level::A2, "at that time");
        }
        let other = |w: &mut World| {
            let other = w.notebook.party("other", PartyKind::Group);
            said_by_omar(w, other, ControlMode::Owner);
        };
        check(other, Level::A2, "own the channel at once");
    }

    /// A world in which nothing shows the control of the site but this statement.
    fn shown_only_by(change: impl FnOnce(&mut World, &mut Control)) -> Reached {
        let mut world = world(ControlBasis::ReporterSays);
        let register = world.notebook.document(REGISTER, |_| {});
        let mut said = control(world.site, world.ministry, ControlBasis::DidWeb);
        said.evidence = Some(register);
        change(&mut world, &mut said);
        world.notebook.append_as("omar", 2, Record::Control(said));
        level(&mut world.notebook, world.claim)
    }

    #[test]
    fn control_is_shown_by_bytes_that_name_the_channel_and_by_no_word_alone() {
        assert_eq!(shown_only_by(|_, _| {}).level, Level::A3);
        let stops = |stop: &str, reached: Reached| {
            assert_eq!(reached.level, Level::A2, "{reached:?}");
            assert!(reached.stopped_by.as_ref().unwrap().what.contains(stop), "{reached:?}");
        };
        stops("no document is recorded", shown_only_by(|_, said| said.evidence = None));
        let note = |w: &mut World, said: &mut Control| {
            let note = |document: &mut Document| document.kind = DocumentKind::Note;
            said.evidence = Some(w.notebook.document("mfa.example is theirs", note));
        };
        stops("a note", shown_only_by(note));
        let other = |w: &mut World, said: &mut Control| {
            said.evidence = Some(w.notebook.document("Another page.", |_| {}));
        };
        stops("no handle", shown_only_by(other));
        let own = |w: &mut World, said: &mut Control| said.evidence = w.claim.chain[0].document;
        stops("of the claim itself", shown_only_by(own));
        for mode in [ControlMode::Syndicated, ControlMode::Unknown] {
            stops("a reporter's word", shown_only_by(|_, said| said.mode = mode));
        }
        stops("a reporter's word", shown_only_by(|_, said| said.verified_at = Some(date("2023"))));
        stops("a reporter's word", shown_only_by(|_, said| said.since = None));
        stops("a reporter's word", shown_only_by(|_, said| said.until = Some(date("2022"))));
    }

    #[test]
    fn a_stranger_who_makes_the_speaker_part_of_a_blog_does_not_lend_it_the_blogs_channel() {
        let given_away = |w: &mut World, said: &mut Control| {
            said.party = w.notebook.party("blog", PartyKind::Outlet);
            let mut anew = party("ministry", PartyKind::Ministry);
            anew.part_of.push(said.party);
            w.notebook.append_as("omar", 2, Record::Party(anew));
        };
        assert_eq!(shown_only_by(given_away).level, Level::A2);
    }

    #[test]
    fn control_that_a_stolen_key_signed_shows_nothing() {
        let mut world = world(ControlBasis::ReporterSays);
        let register = world.notebook.document(REGISTER, |_| {});
        let mut said = control(world.site, world.ministry, ControlBasis::DidWeb);
        said.evidence = Some(register);
        world.notebook.append_as("omar", 2, Record::Control(said));
        world.notebook.revoke(2, 1);
        assert_eq!(level(&mut world.notebook, world.claim).level, Level::A2);
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
        assert_eq!(reached.stopped_by.unwrap().rule, Some("signer-in-good-standing"));
    }
}
