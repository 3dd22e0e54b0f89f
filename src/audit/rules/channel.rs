//! Rules about the channels on which documents appeared.

use std::collections::BTreeSet;

use crate::attribution::id::Id;
use crate::attribution::record::channel::{Control, ControlMode};
use crate::attribution::truth::Truth;
use crate::audit::backing::Backed;
use crate::audit::bodies::Bodies;
use crate::audit::case::Case;
use crate::audit::control;
use crate::audit::rules::rule::{Group, Judgement, Rule};
use crate::audit::rules::time::controls_at_origin;
use crate::evidence::address::links::begins_as;
use crate::evidence::address::{account, archive};

/// See its words.
pub const ONE_CONTROLLER_AT_A_TIME: Rule = Rule {
    name: "one-controller-at-a-time",
    group: Group::Channel,
    words: "No two parties of different bodies are recorded as owning a channel at once.",
    not_shown: "That the recorded owner is the real one.",
    judge: one_controller_at_a_time,
};

/// See its words.
pub const CONTROL_BY_EVIDENCE: Rule = Rule {
    name: "control-by-evidence",
    group: Group::Channel,
    words: "The speaker's control of the origin's channel rests on more than somebody's word: on \
            a captured document, no note, that names the channel.",
    not_shown: "That this document speaks for the party, or says that the channel is the party's.",
    judge: control_by_evidence,
};

/// See its words.
pub const CHANNEL_URL_MATCHES: Rule = Rule {
    name: "channel-url-matches",
    group: Group::Channel,
    words: "A document's URL begins as the URLs of its channel do, or names the same account.",
    not_shown: "That the channel's owner put it there.",
    judge: channel_url_matches,
};

/// The channels of all steps, each once, with the first step on it.
fn channels(case: &Case<'_>) -> Vec<(usize, Id)> {
    let mut seen = BTreeSet::new();
    let of_step = case.steps.iter().filter_map(|reading| {
        let channel = reading.document?.channel?;
        Some((reading.step.number, case.graph.first(channel)))
    });
    of_step.filter(|(_, channel)| seen.insert(*channel)).collect()
}

fn one_controller_at_a_time(case: &Case<'_>) -> Vec<Judgement> {
    let mut judgements = Vec::new();
    for (number, channel) in channels(case) {
        let in_force =
            |id: Id| case.graph.node(id).is_some_and(|node| case.standings.is_in_force(node));
        let owners: Vec<&Control> = case
            .graph
            .controls(channel)
            .into_iter()
            .filter(|(id, control)| in_force(*id) && owns(control.mode))
            .map(|(_, control)| control)
            .collect();
        if owners.is_empty() {
            let what = "nobody's control of the channel is recorded";
            judgements.push(Judgement::new(Truth::Unknown, what).at(number).on(channel));
            continue;
        }
        let mut worst = (Truth::Holds, "no two owners at once are recorded".to_owned());
        for (index, one) in owners.iter().enumerate() {
            for other in &owners[index + 1..] {
                let truth = at_once(case, one, other).not();
                if worst.0.and(truth) != worst.0 {
                    let names = [one, other].map(|control| case.graph.party_name(control.party));
                    let what = format!("{} and {} own the channel at once", names[0], names[1]);
                    let doubt = if truth == Truth::Unknown { "whether " } else { "" };
                    let unknown = if truth == Truth::Unknown { " is unknown" } else { "" };
                    worst = (truth, format!("{doubt}{what}{unknown}"));
                }
            }
        }
        judgements.push(Judgement::new(worst.0, worst.1).at(number).on(channel));
    }
    judgements
}

fn owns(mode: ControlMode) -> bool {
    matches!(mode, ControlMode::Owner | ControlMode::Official | ControlMode::Hijacked)
}

/// Whether two parties that are not of one body controlled a channel at one time.
fn at_once(case: &Case<'_>, one: &Control, other: &Control) -> Truth {
    let at = case.claim.said_at.as_ref();
    let bodies = |party| Bodies::of(case.graph, party, at);
    let (here, there) = (bodies(one.party), bodies(other.party));
    // A ministry and its spokesperson, or two records of one party, are no contradiction.
    let related = here.include(case.graph, other.party).or(there.include(case.graph, one.party));
    control::at_once(one, other).and(related.not())
}

fn control_by_evidence(case: &Case<'_>) -> Vec<Judgement> {
    let Some(origin) = case.origin() else { return Vec::new() };
    let number = origin.step.number;
    let controls = controls_at_origin(case);
    // Those that surely cover the time come first, so that the evidence for one control does not
    // lend itself to another.
    let best = controls
        .iter()
        .filter(|(covers, _)| *covers != Truth::Fails)
        .max_by_key(|(covers, backed)| (*covers == Truth::Holds, rests_on(backed) == Truth::Holds));
    let judged = match best {
        None => {
            let speaker = case.graph.name_of(&case.claim.speaker);
            let what = format!("no control of the origin's channel by {speaker} is recorded");
            Judgement::new(Truth::Unknown, what)
        }
        Some((_, backed)) => {
            let party = case.graph.party_name(backed.control.party);
            let basis = control::basis(backed.control);
            let mut what = format!("that {party} controls the origin's channel rests on {basis}");
            if backed.control.basis.is_evidence() {
                what = format!("{what}: {}", backed.backing.1);
            }
            Judgement::new(rests_on(backed), what)
        }
    };
    vec![judged.at(number)]
}

/// Whether a statement of control rests on more than somebody's word: its basis says so, and
/// captured bytes back it.
pub(crate) fn rests_on(backed: &Backed<'_>) -> Truth {
    let mutual = backed.mutual.as_ref().map_or(Truth::Holds, |(truth, _)| *truth);
    Truth::from(backed.control.basis.is_evidence()).and(backed.backing.0).and(mutual)
}

fn channel_url_matches(case: &Case<'_>) -> Vec<Judgement> {
    let mut judgements = Vec::new();
    for reading in &case.steps {
        let Some((document, channel)) = reading.document.and_then(|d| Some((d, d.channel?))) else {
            continue;
        };
        let beginnings = case.graph.channel(channel).map_or(&[][..], |c| c.urls.as_slice());
        let urls: Vec<&String> = document.url.iter().chain(&document.aliases).collect();
        let judged = if urls.is_empty() || beginnings.is_empty() {
            let what = "the document's URL, or the channel's, is not recorded";
            Judgement::new(Truth::Unknown, what)
        } else {
            // Platforms tell no capitals apart, and have several hosts for one account.
            let is_account = |url: &str, own: &str| {
                account::in_url(url).is_some_and(|found| account::in_url(own) == Some(found))
            };
            let is_own = |url: &str, own: &str| begins_as(url, own) || is_account(url, own);
            let is_on = |url: &str| beginnings.iter().any(|own| is_own(url, own));
            let on_channel = urls.iter().find(|url| is_on(url));
            // An archive answers under its own address.
            let answered = reading.counted().and_then(|capture| capture.uri_final.as_deref());
            let elsewhere =
                answered.filter(|url| !is_on(url) && archive::time_in_url(url).is_none());
            if let Some(url) = elsewhere {
                let what = format!("the bytes came from {url}, which is not on the channel");
                Judgement::new(Truth::Fails, what)
            } else if let Some(url) = on_channel {
                Judgement::new(Truth::Holds, format!("{url} is on the channel"))
            } else {
                let what = format!("{} begins like none of {}", urls[0], beginnings.join(", "));
                Judgement::new(Truth::Fails, what)
            }
        };
        judgements.push(judged.at(reading.step.number).on(channel));
    }
    judgements
}

#[cfg(test)]
mod tests {
    use crate::attribution::record::Record;
    use crate::attribution::record::channel::ControlBasis;
    use crate::attribution::record::claim::Who;
    use crate::attribution::record::party::PartyKind;
    use crate::attribution::truth::Truth::{Fails, Holds, Unknown};
    use crate::audit::notebook::{Notebook, channel, check, claim, control, date, party};

    #[test]
    fn two_owners_follow_one_another_or_contradict() {
        for (until, expected) in [(Some("2022"), Holds), (None, Fails), (Some("2023"), Unknown)] {
            let mut notebook = Notebook::new();
            let [one, other] = ["one", "two"].map(|key| notebook.party(key, PartyKind::Ministry));
            let site = notebook.site("site");
            let mut first = control(site, one, ControlBasis::DidWeb);
            first.until = until.map(date);
            notebook.append(Record::Control(first));
            let mut second = control(site, other, ControlBasis::DidWeb);
            second.since = Some(date("2023"));
            notebook.append(Record::Control(second));
            let document = notebook.document("text", |d| d.channel = Some(site));
            let id = notebook.claim(claim(Who::Party(one), Some(document)));
            check(&notebook, id, &super::ONE_CONTROLLER_AT_A_TIME, &[expected]);
        }
    }

    #[test]
    fn a_ministry_and_its_department_may_own_one_channel() {
        let mut notebook = Notebook::new();
        let ministry = notebook.party("mfa", PartyKind::Ministry);
        let mut department = party("press", PartyKind::Organisation);
        department.part_of.push(ministry);
        let department = notebook.append(Record::Party(department));
        let site = notebook.site("site");
        let document = notebook.document("text", |d| d.channel = Some(site));
        let id = notebook.claim(claim(Who::Party(ministry), Some(document)));
        check(&notebook, id, &super::ONE_CONTROLLER_AT_A_TIME, &[Unknown]);
        notebook.control(site, ministry, ControlBasis::DidWeb);
        notebook.control(site, department, ControlBasis::DidWeb);
        check(&notebook, id, &super::ONE_CONTROLLER_AT_A_TIME, &[Holds]);
    }

    #[test]
    fn a_reporters_word_for_control_is_no_evidence() {
        for (basis, expected) in [
            (Some(ControlBasis::SiteLinksToAccount), Holds),
            (Some(ControlBasis::ReporterSays), Fails),
            (None, Unknown),
        ] {
            let mut notebook = Notebook::new();
            let speaker = notebook.party("mfa", PartyKind::Ministry);
            let mut site = channel("site");
            site.urls.push("https://mfa.example".to_owned());
            let site = notebook.append(Record::Channel(site));
            let page = notebook.document("see mfa.example", |_| {});
            if let Some(basis) = basis {
                let mut control = control(site, speaker, basis);
                control.evidence = Some(page);
                notebook.append(Record::Control(control));
            }
            let document = notebook.document("text", |d| d.channel = Some(site));
            let id = notebook.claim(claim(Who::Party(speaker), Some(document)));
            check(&notebook, id, &super::CONTROL_BY_EVIDENCE, &[expected]);
        }
    }

    #[test]
    fn a_url_that_only_looks_like_the_channels_does_not_match() {
        for (url, expected) in [
            (Some("https://mfa.example/news/1"), Holds),
            (Some("https://mfa.example.net/news/1"), Fails),
            (None, Unknown),
        ] {
            let mut notebook = Notebook::new();
            let mut site = channel("site");
            site.urls.push("https://mfa.example".to_owned());
            let site = notebook.append(Record::Channel(site));
            let document = notebook.document("text", |document| {
                document.channel = Some(site);
                document.url = url.map(str::to_owned);
            });
            let id = notebook.claim(claim(Who::Unresolved("x".to_owned()), Some(document)));
            check(&notebook, id, &super::CHANNEL_URL_MATCHES, &[expected]);
        }
    }

    #[test]
    fn an_account_has_its_url_in_any_capitals_and_under_each_of_its_hosts() {
        for (url, expected) in [
            ("https://twitter.com/mfa_example/status/1", Holds),
            ("https://x.com/MFA_Example/status/1", Holds),
            ("https://x.com/mfa_examples/status/1", Fails),
            ("https://t.me/mfa_example/1", Fails),
        ] {
            let mut notebook = Notebook::new();
            let mut account = channel("account");
            account.urls.push("https://x.com/MFA_Example".to_owned());
            let account = notebook.append(Record::Channel(account));
            let document = notebook.document("text", |document| {
                document.channel = Some(account);
                document.url = Some(url.to_owned());
            });
            let id = notebook.claim(claim(Who::Unresolved("x".to_owned()), Some(document)));
            check(&notebook, id, &super::CHANNEL_URL_MATCHES, &[expected]);
        }
    }
}
