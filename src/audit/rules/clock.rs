//! The rule about the clock inside a post's id, which nobody typed in.

use crate::attribution::date::{Basis, Date};
use crate::attribution::record::claim::Who;
use crate::attribution::truth::Truth;
use crate::audit::case::{Case, Reading};
use crate::audit::rules::rule::{Group, Judgement, Rule};
use crate::evidence::address::clock::{self, Clocked, Time};

/// See its words.
pub const CLOCK_IN_ID_AGREES: Rule = Rule {
    name: "clock-in-id-agrees",
    group: Group::Time,
    words: "The time inside a post's id is the one recorded for its publication, to the minute or \
            as exactly as that is recorded, and nothing in it was said later.",
    not_shown: "That the post exists, or that the clock was right: on Bluesky the author's own \
                program sets it, on Mastodon whoever runs the server.",
    judge: clock_in_id_agrees,
};

/// The posts that a document's URLs name, each id once.
pub(crate) fn posts(reading: &Reading<'_>) -> Vec<Clocked> {
    let Some(document) = reading.document else { return Vec::new() };
    let mut posts: Vec<Clocked> = Vec::new();
    for url in document.url.iter().chain(&document.aliases) {
        if let Some(found) = clock::in_url(url)
            && !posts.iter().any(|known| known.id == found.id)
        {
            posts.push(found);
        }
    }
    posts
}

fn clock_in_id_agrees(case: &Case<'_>) -> Vec<Judgement> {
    let mut judgements = Vec::new();
    for reading in &case.steps {
        for post in posts(reading) {
            let of_post = of_post(case, reading, &post).into_iter();
            judgements.extend(of_post.map(|judged| judged.at(reading.step.number)));
        }
    }
    judgements
}

fn of_post(case: &Case<'_>, reading: &Reading<'_>, post: &Clocked) -> Vec<Judgement> {
    let (platform, id) = (post.platform.name(), &post.id);
    let milliseconds = match &post.time {
        Time::At(milliseconds) => *milliseconds,
        Time::Damaged(why) => return vec![Judgement::new(Truth::Fails, why.clone())],
        Time::Unknown(why) => return vec![Judgement::new(Truth::Unknown, why.clone())],
    };
    let seconds = milliseconds.div_euclid(1_000);
    let Ok(clock) = Date::from_timestamp(seconds, Basis::Platform) else {
        let what = format!("{platform} id {id}: {seconds} seconds after 1970 is no date");
        return vec![Judgement::new(Truth::Unknown, what)];
    };
    let mut judgements = Vec::new();
    let shown = format!("the clock in {platform} id {id} says {}", clock.edtf());
    if let Some(published) = reading.document.and_then(|document| document.published.as_ref()) {
        let what = format!("published {}, {shown}", published.edtf());
        judgements.push(Judgement::new(published.agrees_with(&clock), what));
    }
    if let Some(said) = &case.claim.said_at {
        // A post in which the speaker says it was said when it was posted; one that quotes somebody
        // may quote what was said long before.
        let is_own = case.origin().is_some_and(|origin| origin.step.number == reading.step.number)
            && is_speakers(case, reading);
        let agrees = said.agrees_with(&clock);
        let truth = match (is_own, agrees) {
            (true, agrees) => agrees,
            (false, Truth::Holds) => Truth::Holds,
            (false, _) => said.not_after(&clock),
        };
        let what = format!("said {}, {shown}", said.edtf());
        judgements.push(Judgement::new(truth, what));
    }
    if judgements.is_empty() {
        judgements.push(Judgement::new(Truth::Unknown, format!("{shown}; no date is recorded")));
    }
    judgements
}

/// Whether the step is recorded as the speaker's own, by the hop that names it or the publisher.
fn is_speakers(case: &Case<'_>, reading: &Reading<'_>) -> bool {
    let by = reading.step.by.as_ref().and_then(Who::party);
    let publisher = reading.document.and_then(|document| document.publisher);
    let Some(speaker) = case.claim.speaker.party() else { return false };
    by.or(publisher).is_some_and(|party| case.graph.is_same(party, speaker))
}

#[cfg(test)]
mod tests {
    use crate::attribution::record::claim::Who;
    use crate::attribution::record::party::PartyKind;
    use crate::attribution::truth::Truth::{self, Fails, Holds, Unknown};
    use crate::audit::notebook::{Notebook, check, claim, date};

    /// A post of 2016-08-16T19:22:57Z.
    const URL: &str = "https://twitter.com/realDonaldTrump/status/765629939811020802";

    fn told(url: &str, published: &str, said: &str, is_own: bool, expected: &[Truth]) {
        let perhaps = |edtf: &str| (!edtf.is_empty()).then(|| date(edtf));
        let mut notebook = Notebook::new();
        let speaker = notebook.party("speaker", PartyKind::Person);
        let document = notebook.document("text", |document| {
            document.url = Some(url.to_owned());
            document.published = perhaps(published);
            document.publisher = is_own.then_some(speaker);
        });
        let mut claim = claim(Who::Party(speaker), Some(document));
        claim.said_at = perhaps(said);
        let id = notebook.claim(claim);
        check(&notebook, id, &super::CLOCK_IN_ID_AGREES, expected);
    }

    #[test]
    fn a_post_was_published_when_its_id_was_made() {
        told(URL, "2016-08-16T19:22:57Z", "", true, &[Holds]);
        told(URL, "2016-08-16T19:22:00Z", "", true, &[Holds]);
        told(URL, "2016-08-16T19:24:00Z", "", true, &[Fails]);
        told(URL, "2016-08-16", "", true, &[Holds]);
        told(URL, "2016-08-14", "", true, &[Fails]);
        told(URL, "2016-08", "", true, &[Holds]);
        told(URL, "2016?", "", true, &[Unknown]);
        told(URL, "", "", true, &[Unknown]);
        told("https://example.org/765629939811020802", "2016", "", true, &[]);
    }

    #[test]
    fn what_is_quoted_may_be_older_than_the_post_and_never_newer() {
        told(URL, "", "2016-08-16", true, &[Holds]);
        told(URL, "", "2016-08-01", true, &[Fails]);
        told(URL, "", "2016-08-01", false, &[Holds]);
        told(URL, "", "2016-08-16", false, &[Holds]);
        told(URL, "", "2016-08-20", false, &[Fails]);
        told(URL, "2016-08-16", "2016-08-20", false, &[Holds, Fails]);
    }

    #[test]
    fn a_damaged_id_fails_and_one_without_a_clock_is_unknown() {
        let damaged = "https://twitter.com/realDonaldTrump/status/7.02608E+17";
        told(damaged, "2016-02-24", "", true, &[Fails]);
        told("https://twitter.com/jack/status/20", "2006-03-21", "", true, &[Unknown]);
    }
}
