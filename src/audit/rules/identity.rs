//! Rules about the identifiers of parties and channels.

use std::collections::BTreeSet;

use crate::attribution::identity::check_platform_id;
use crate::attribution::truth::Truth;
use crate::audit::case::Case;
use crate::audit::rules::clock::posts;
use crate::audit::rules::rule::{Group, Judgement, Rule};
use crate::evidence::address::clock::Time;

/// See its words.
pub const IDENTIFIER_CHECKSUM: Rule = Rule {
    name: "identifier-checksum",
    group: Group::Identity,
    words: "The identifiers of the speaker and the parties on the way have the right form.",
    not_shown: "That an identifier belongs to this party.",
    judge: identifier_checksum,
};

/// See its words.
pub const PLATFORM_ID_INTACT: Rule = Rule {
    name: "platform-id-intact",
    group: Group::Identity,
    words: "The platform ids of the channels, and of the posts in documents' URLs, were not damaged \
            by a spreadsheet.",
    not_shown: "That an id belongs to this channel, or that there is such a post.",
    judge: platform_id_intact,
};

fn identifier_checksum(case: &Case<'_>) -> Vec<Judgement> {
    let on_path = case.steps.iter().filter_map(|reading| reading.step.by.as_ref()?.party());
    let parties: BTreeSet<_> = case.claim.speaker.party().into_iter().chain(on_path).collect();
    let mut judgements = Vec::new();
    for id in parties {
        let Some(party) = case.graph.party(id) else { continue };
        for identifier in &party.ids {
            let verdict = identifier.check();
            let what = format!("{} of {}: {}", identifier.scheme, party.name(), verdict.message);
            judgements.push(Judgement::new(verdict.truth, what).on(id));
        }
    }
    judgements
}

fn platform_id_intact(case: &Case<'_>) -> Vec<Judgement> {
    let channels: BTreeSet<_> =
        case.steps.iter().filter_map(|reading| reading.document?.channel).collect();
    let mut judgements = Vec::new();
    for id in channels {
        let Some(channel) = case.graph.channel(id) else { continue };
        if let Some(platform_id) = &channel.platform_id {
            let verdict = check_platform_id(platform_id);
            let what = format!("{}: {}", channel.key, verdict.message);
            judgements.push(Judgement::new(verdict.truth, what).on(id));
        }
    }
    for reading in &case.steps {
        for post in posts(reading) {
            let judged = match &post.time {
                Time::Damaged(why) => Judgement::new(Truth::Fails, why.clone()),
                _ => {
                    let verdict = check_platform_id(&post.id);
                    let what =
                        format!("{} post {}: {}", post.platform.name(), post.id, verdict.message);
                    Judgement::new(verdict.truth, what)
                }
            };
            judgements.push(judged.at(reading.step.number));
        }
    }
    judgements
}

#[cfg(test)]
mod tests {
    use crate::attribution::identity::Identifier;
    use crate::attribution::record::Record;
    use crate::attribution::record::claim::Who;
    use crate::attribution::record::party::PartyKind;
    use crate::attribution::truth::Truth::{Fails, Holds, Unknown};
    use crate::audit::notebook::{Notebook, channel, check, claim, party};

    #[test]
    fn an_orcid_has_its_check_digit() {
        for (scheme, value, expected) in [
            ("orcid", "0000-0002-1825-0097", Holds),
            ("orcid", "0000-0002-1825-0098", Fails),
            ("library-card", "7", Unknown),
        ] {
            let mut notebook = Notebook::new();
            let mut speaker = party("speaker", PartyKind::Person);
            let (scheme, value) = (scheme.to_owned(), value.to_owned());
            speaker.ids.push(Identifier { scheme, value });
            let speaker = notebook.append(Record::Party(speaker));
            let id = notebook.claim(claim(Who::Party(speaker), None));
            check(&notebook, id, &super::IDENTIFIER_CHECKSUM, &[expected]);
        }
    }

    #[test]
    fn an_id_that_a_spreadsheet_rounded_is_damaged() {
        for (platform_id, expected) in [("702607714925555712", true), ("7.02608E+17", false)] {
            let mut notebook = Notebook::new();
            let mut account = channel("account");
            account.platform_id = Some(platform_id.to_owned());
            let account = notebook.append(Record::Channel(account));
            let document = notebook.document("text", |d| d.channel = Some(account));
            let id = notebook.claim(claim(Who::Unresolved("x".to_owned()), Some(document)));
            let expected = if expected { Holds } else { Fails };
            check(&notebook, id, &super::PLATFORM_ID_INTACT, &[expected]);
        }
    }

    #[test]
    fn a_posts_id_that_a_spreadsheet_rounded_is_damaged_too() {
        for (id, expected) in
            [("702607714925555712", Holds), ("7.02608E+17", Fails), ("702608000000000000", Fails)]
        {
            let mut notebook = Notebook::new();
            let document = notebook.document("text", |document| {
                document.url = Some(format!("https://x.com/somebody/status/{id}"));
            });
            let id = notebook.claim(claim(Who::Unresolved("x".to_owned()), Some(document)));
            check(&notebook, id, &super::PLATFORM_ID_INTACT, &[expected]);
        }
    }
}
