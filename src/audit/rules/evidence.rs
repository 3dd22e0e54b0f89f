//! Rules about the captured bytes of each step.

use crate::attribution::truth::Truth;
use crate::audit::answer::truth_of;
use crate::audit::case::{Case, NoText};
use crate::audit::rules::rule::{Group, Judgement, Rule};
use crate::audit::trust::rating;
use crate::evidence::page;
use crate::evidence::reading::Answer;
use crate::hash::Hash;

/// See its words.
pub const DIGEST_AND_SIZE: Rule = Rule {
    name: "digest-and-size",
    group: Group::Evidence,
    words: "The captured bytes are held and have the digest and size recorded.",
    not_shown: "That the server sent these bytes, or sent the same to others.",
    judge: digest_and_size,
};

/// See its words.
pub const TEXT_RE_DERIVES: Rule = Rule {
    name: "text-re-derives",
    group: Group::Evidence,
    words: "The profile that the passage names derives a text from the captured bytes.",
    not_shown: "That a browser showed a reader the same text.",
    judge: text_re_derives,
};

/// See its words.
pub const CAPTURE_PROVIDER_TRUSTED: Rule = Rule {
    name: "capture-provider-trusted",
    group: Group::Evidence,
    words: "The bytes that count were fetched by a recorder, or by a provider rated trusted then.",
    not_shown: "That the recorder or the provider captured what others were shown.",
    judge: capture_provider_trusted,
};

/// See its words.
pub const PAGE_NOT_EMPTY: Rule = Rule {
    name: "page-not-empty",
    group: Group::Evidence,
    words: "The text does not look like a login wall, a robot check, an error page or nothing.",
    not_shown: "That the text is whole, or is the document that the record describes.",
    judge: page_not_empty,
};

/// What evidence answered, as a judgement.
pub(crate) fn answered(answer: Answer) -> Judgement {
    let truth = truth_of(answer.verdict);
    Judgement::new(truth, answer.fact)
}

fn digest_and_size(case: &Case<'_>) -> Vec<Judgement> {
    let steps = case.steps.iter().filter(|r| r.step.number == 0 || r.step.document.is_some());
    steps
        .map(|reading| {
            let (truth, what) = reading.bytes_hold();
            let judgement = Judgement::new(truth, format!("{}: {what}", reading.step.name()));
            judgement.at(reading.step.number)
        })
        .collect()
}

fn text_re_derives(case: &Case<'_>) -> Vec<Judgement> {
    let mut judgements = Vec::new();
    for reading in &case.steps {
        let Some(passage) = reading.step.passage else { continue };
        let (truth, what) = match &reading.text {
            Ok(text) => (Truth::Holds, format!("yields a text of {} characters", text.length())),
            Err(NoText::NoBytes) => (Truth::Unknown, "has no bytes to read".to_owned()),
            Err(NoText::UnknownProfile(_)) => {
                (Truth::Unknown, "is not known to this version".to_owned())
            }
            Err(NoText::OtherProfile(what)) => (Truth::Fails, format!("is not the one: {what}")),
            Err(NoText::Refused(error)) => (Truth::Fails, format!("reads no text: {error}")),
        };
        let what = format!("{}: profile {} {what}", reading.step.name(), passage.profile);
        judgements.push(Judgement::new(truth, what).at(reading.step.number));
    }
    judgements
}

fn capture_provider_trusted(case: &Case<'_>) -> Vec<Judgement> {
    let mut judgements = Vec::new();
    for reading in case.steps.iter().filter(|reading| !reading.captures.is_empty()) {
        let mut best: Option<(Truth, String)> = None;
        // Other bytes from elsewhere do not vouch for those in which the passage stands.
        let wanted = reading.step.passage.map(|passage| passage.capture);
        let counts = |digest: Hash| wanted.is_none_or(|wanted| wanted == digest);
        for capture in reading.captures.iter().filter(|capture| counts(capture.digest)) {
            // What was taken from a package was fetched by whoever fetched the package.
            let package = capture.within.as_ref().map(|within| within.package);
            let package = reading.captures.iter().find(|it| Some(it.digest) == package);
            let fetched = package.unwrap_or(capture);
            let rated = match fetched.provider.as_ref().or(capture.provider.as_ref()) {
                None => (Truth::Holds, "its recorder fetched it".to_owned()),
                Some(name) => {
                    let at = capture.captured_at.as_ref().or(fetched.captured_at.as_ref());
                    rating(case.graph, case.standings, name, at)
                }
            };
            let rank = |truth| match truth {
                Truth::Fails => 0,
                Truth::Unknown => 1,
                Truth::Holds => 2,
            };
            if best.as_ref().is_none_or(|(truth, _)| rank(rated.0) > rank(*truth)) {
                best = Some(rated);
            }
        }
        judgements.extend(best.map(|(truth, what)| {
            let what = format!("{}: {what}", reading.step.name());
            Judgement::new(truth, what).at(reading.step.number)
        }));
    }
    judgements
}

fn page_not_empty(case: &Case<'_>) -> Vec<Judgement> {
    let mut judgements = Vec::new();
    for reading in &case.steps {
        if let Ok(text) = &reading.text {
            let judged = answered(page::looks_whole(text));
            let what = format!("{}: {}", reading.step.name(), judged.what);
            judgements.push(Judgement::new(judged.truth, what).at(reading.step.number));
        }
    }
    judgements
}

#[cfg(test)]
mod tests {
    use crate::attribution::id::Id;
    use crate::attribution::record::Record;
    use crate::attribution::record::claim::Who;
    use crate::attribution::record::notice::{Provider, ProviderRating};
    use crate::attribution::truth::Truth::{Fails, Holds, Unknown};
    use crate::audit::captures::Held;
    use crate::audit::notebook::{Notebook, check, claim, date, passage};
    use crate::audit::rules::passage::SEGMENT_FOUND_ONCE;
    use crate::hash::Hash;

    const TEXT: &str = "The envoy announced on Sunday that a delegation will soon visit Kabul.";

    fn told(notebook: &mut Notebook, document: Id) -> Id {
        let mut claim = claim(Who::Unresolved("envoy".to_owned()), Some(document));
        claim.passage = Some(passage(TEXT, "soon"));
        notebook.claim(claim)
    }

    #[test]
    fn a_page_of_html_is_not_read_as_plain_text() {
        let page = "<!DOCTYPE html><p>No.</p><!-- it is soon -->";
        for (media_type, profile, expected) in [
            ("text/html", "html/1", Holds),
            ("text/html", "plain/1", Fails),
            ("text/plain", "plain/1", Fails),
            ("text/plain", "html/1", Fails),
        ] {
            let mut notebook = Notebook::new();
            let document = notebook.document(page, |document| {
                media_type.clone_into(&mut document.captures[0].media_type);
            });
            let mut claim = claim(Who::Unresolved("envoy".to_owned()), Some(document));
            let mut words = passage(page, "soon");
            profile.clone_into(&mut words.profile);
            claim.passage = Some(words);
            let id = notebook.claim(claim);
            check(&notebook, id, &super::TEXT_RE_DERIVES, &[expected]);
            let found = if expected == Holds { Fails } else { Unknown };
            check(&notebook, id, &SEGMENT_FOUND_ONCE, &[found]);
        }
    }

    #[test]
    fn bytes_that_are_held_changed_missing_or_withheld() {
        let cases = [
            (Held::Bytes(TEXT.as_bytes().to_vec()), Holds, Holds),
            (Held::Bytes(b"other".to_vec()), Fails, Unknown),
            (Held::Missing, Unknown, Unknown),
            (Held::Withheld, Unknown, Unknown),
        ];
        for (held, bytes, text) in cases {
            let mut notebook = Notebook::new();
            let document = notebook.document(TEXT, |_| {});
            notebook.bytes.insert(Hash::of(TEXT.as_bytes()), held);
            let id = told(&mut notebook, document);
            check(&notebook, id, &super::DIGEST_AND_SIZE, &[bytes]);
            check(&notebook, id, &super::TEXT_RE_DERIVES, &[text]);
        }
    }

    #[test]
    fn a_passage_in_a_capture_that_is_not_the_documents_fails() {
        let mut notebook = Notebook::new();
        let document = notebook.document("something else", |_| {});
        let id = told(&mut notebook, document);
        check(&notebook, id, &super::DIGEST_AND_SIZE, &[Fails]);
        let id = notebook.claim(claim(Who::Unresolved("envoy".to_owned()), None));
        check(&notebook, id, &super::DIGEST_AND_SIZE, &[Unknown]);
    }

    #[test]
    fn a_profile_reads_refuses_or_is_not_known() {
        for (name, bytes, expected) in [
            ("plain/1", TEXT.as_bytes(), Holds),
            ("plain/1", b"\xff".as_slice(), Fails),
            ("plain/9", TEXT.as_bytes(), Unknown),
        ] {
            let mut notebook = Notebook::new();
            let digest = Hash::of(bytes);
            let document = notebook.document(TEXT, |document| {
                document.captures[0].digest = digest;
                document.captures[0].size = bytes.len() as u64;
            });
            notebook.bytes.insert(digest, Held::Bytes(bytes.to_vec()));
            let mut claim = claim(Who::Unresolved("envoy".to_owned()), Some(document));
            let mut passage = passage(TEXT, "soon");
            passage.capture = digest;
            passage.profile = name.to_owned();
            claim.passage = Some(passage);
            let id = notebook.claim(claim);
            check(&notebook, id, &super::TEXT_RE_DERIVES, &[expected]);
        }
    }

    #[test]
    fn a_provider_counts_by_its_rating_at_the_time_of_capture() {
        let rate = |rating, since: Option<&str>| {
            let (since, reason) = (since.map(date), "an audit".to_owned());
            Provider { name: "archive".to_owned(), rating, since, reason, party: None }
        };
        let distrusted = rate(ProviderRating::Distrusted, Some("2024-06"));
        let trusted = rate(ProviderRating::Trusted, None);
        for (ratings, captured, expected) in [
            (vec![], Some("2024-11-25"), Unknown),
            (vec![&trusted], Some("2024-11-25"), Holds),
            (vec![&trusted, &distrusted], Some("2024-11-25"), Fails),
            (vec![&trusted, &distrusted], Some("2024-01-25"), Holds),
            (vec![&trusted, &distrusted], None, Unknown),
        ] {
            let mut notebook = Notebook::new();
            for rating in ratings {
                notebook.append(Record::Provider(rating.clone()));
            }
            let document = notebook.document(TEXT, |document| {
                document.captures[0].provider = Some("archive".to_owned());
                document.captures[0].captured_at = captured.map(date);
            });
            let id = told(&mut notebook, document);
            check(&notebook, id, &super::CAPTURE_PROVIDER_TRUSTED, &[expected]);
        }
    }

    #[test]
    fn a_wall_is_suspect_and_no_page_is_failed_for_its_look() {
        for (text, expected) in [(TEXT, Holds), ("Please log in to continue, soon.", Unknown)] {
            let mut notebook = Notebook::new();
            let document = notebook.document(text, |_| {});
            let id = notebook.claim(claim(Who::Unresolved("x".to_owned()), Some(document)));
            check(&notebook, id, &super::PAGE_NOT_EMPTY, &[expected]);
        }
    }
}
