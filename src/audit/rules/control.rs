//! Rules about statements of control: how old they are, and whether both sides say so.

use crate::attribution::truth::Truth;
use crate::audit::case::Case;
use crate::audit::control::freshness;
use crate::audit::rules::rule::{Group, Judgement, Rule};
use crate::audit::rules::time::{appeared_at, controls_at_origin};

/// See its words.
pub const CONTROL_FRESH: Rule = Rule {
    name: "control-fresh",
    group: Group::Channel,
    words: "The control of the origin's channel was verified within 366 days of when the origin \
            appeared, or that time lies between two recorded dates of it.",
    not_shown: "That the channel did not change hands in the days between.",
    judge: control_fresh,
};

/// See its words.
pub const REL_ME_BOTH_WAYS: Rule = Rule {
    name: "rel-me-both-ways",
    group: Group::Channel,
    words: "Where control rests on rel=me links, the captured page of the party links to the \
            account, and the captured page of the account links back.",
    not_shown: "Who wrote either page, or that the links stood there at another time.",
    judge: rel_me_both_ways,
};

fn control_fresh(case: &Case<'_>) -> Vec<Judgement> {
    let Some(origin) = case.origin() else { return Vec::new() };
    let number = origin.step.number;
    let controls = controls_at_origin(case);
    let controls: Vec<_> = controls.iter().filter(|(covers, _)| *covers != Truth::Fails).collect();
    // That nobody's control is recorded is what `control-covers-said-at` says.
    if controls.is_empty() {
        return Vec::new();
    }
    let Some(at) = appeared_at(case, origin) else {
        let what = "when the origin appeared is not recorded";
        return vec![Judgement::new(Truth::Unknown, what).at(number)];
    };
    let of_each = controls.iter().map(|(_, backed)| {
        let (truth, what) = freshness(backed.control, at);
        (truth, format!("control by {}: {what}", case.graph.party_name(backed.control.party)))
    });
    let best = of_each.reduce(|one, other| if one.0 == Truth::Holds { one } else { other });
    best.map(|(truth, what)| Judgement::new(truth, what).at(number)).into_iter().collect()
}

fn rel_me_both_ways(case: &Case<'_>) -> Vec<Judgement> {
    let Some(origin) = case.origin() else { return Vec::new() };
    let mut judgements = Vec::new();
    for backed in &case.controls {
        let Some((truth, what)) = &backed.mutual else { continue };
        let party = case.graph.party_name(backed.control.party);
        let judged = Judgement::new(*truth, format!("{party}: {what}")).at(origin.step.number);
        judgements.push(judged.on(backed.control.channel));
    }
    judgements
}

#[cfg(test)]
mod tests {
    use crate::attribution::record::Record;
    use crate::attribution::record::channel::ControlBasis;
    use crate::attribution::record::claim::Who;
    use crate::attribution::record::party::PartyKind;
    use crate::attribution::truth::Truth::{self, Fails, Holds, Unknown};
    use crate::audit::notebook::{Notebook, channel, check, claim, control, date};

    #[test]
    fn a_register_of_long_ago_is_stale() {
        let rows: [(Option<&str>, Option<&str>, &[Truth]); 5] = [
            (Some("2024-12-01"), Some("2024-11-24"), &[Holds]),
            (Some("2024-11-24"), Some("2024-11-24"), &[Holds]),
            (Some("2020-12-01"), Some("2024-11-24"), &[Unknown]),
            (Some("2024-12-01"), None, &[Unknown]),
            (None, Some("2024-11-24"), &[Unknown]),
        ];
        for (looked, published, expected) in rows {
            let mut notebook = Notebook::new();
            let speaker = notebook.party("mfa", PartyKind::Ministry);
            let site = notebook.site("site");
            let mut said = control(site, speaker, ControlBasis::Registry);
            (said.since, said.verified_at) = (None, looked.map(date));
            notebook.append(Record::Control(said));
            let document = notebook.document("text", |document| {
                document.channel = Some(site);
                document.published = published.map(date);
            });
            let id = notebook.claim(claim(Who::Party(speaker), Some(document)));
            check(&notebook, id, &super::CONTROL_FRESH, expected);
        }
    }

    #[test]
    fn a_link_one_way_shows_nothing() {
        let profile = "https://social.example/@mfa";
        let rows: [(ControlBasis, &str, &[Truth]); 3] = [
            (ControlBasis::RelMe, "<a rel=me href=https://mfa.example/>home</a>", &[Holds]),
            (ControlBasis::RelMe, "<a href=https://mfa.example/>home</a>", &[Fails]),
            (ControlBasis::DidWeb, "<a rel=me href=https://mfa.example/>home</a>", &[]),
        ];
        for (basis, account_page, expected) in rows {
            let mut notebook = Notebook::new();
            let speaker = notebook.party("mfa", PartyKind::Ministry);
            let mut social = channel("social");
            social.urls.push(profile.to_owned());
            let social = notebook.append(Record::Channel(social));
            let link = format!("<a rel=me href={profile}>us</a>");
            let home =
                notebook.document(&link, |d| d.url = Some("https://mfa.example/".to_owned()));
            let mut said = control(social, speaker, basis);
            said.evidence = Some(home);
            notebook.append(Record::Control(said));
            let document = notebook.document(account_page, |document| {
                document.channel = Some(social);
                document.url = Some(profile.to_owned());
            });
            let id = notebook.claim(claim(Who::Party(speaker), Some(document)));
            check(&notebook, id, &super::REL_ME_BOTH_WAYS, expected);
        }
    }
}
