//! The texts of a record that can be found: the recorder's words, the quoted ones, names and
//! titles. What a captured document says beyond the quoted passage is not among them.

use crate::attribution::record::Record;
use crate::attribution::record::claim::{About, Claim, Passage, Who};
use crate::attribution::record::document::Document;
use crate::attribution::record::notice::Notice;
use crate::attribution::record::party::Party;
use crate::search::words::cut;

/// Every text of a record, cut into words. `speaker` is the party that a claim names as its
/// speaker, as that record describes it: a claim is also found by its speaker's names.
pub fn texts(record: &Record, speaker: Option<&Party>) -> Vec<Vec<String>> {
    let mut texts: Vec<Vec<String>> = own(record).into_iter().map(cut).collect();
    if matches!(record, Record::Claim(_)) {
        texts.extend(speaker.iter().flat_map(|party| names(party)).map(cut));
    }
    texts
}

/// The names of a party.
pub fn names(party: &Party) -> impl Iterator<Item = &str> {
    party.names.iter().map(|name| name.text.as_str())
}

fn own(record: &Record) -> Vec<&str> {
    match record {
        Record::Charter(it) => vec![&it.title, &it.purpose],
        Record::Key(it) => it.name.iter().chain(&it.reason).map(String::as_str).collect(),
        Record::Party(it) => {
            let offices = it.roles.iter().map(|role| role.office.as_str());
            names(it).chain([it.key.as_str()]).chain(offices).collect()
        }
        Record::Channel(it) => {
            let handles = it.handles.iter().map(|handle| handle.text.as_str());
            handles.chain([it.key.as_str()]).chain(it.urls.iter().map(String::as_str)).collect()
        }
        Record::Document(it) => of_document(it),
        Record::Claim(it) => of_claim(it),
        Record::Relation(it) => it.method.iter().map(String::as_str).collect(),
        Record::Assessment(it) => {
            let basis = it.basis.iter().map(String::as_str);
            [it.scheme.as_str(), it.value.as_str()].into_iter().chain(basis).collect()
        }
        Record::Notice(it) => of_notice(it),
        Record::Provider(it) => vec![&it.name, &it.reason],
        Record::Control(_) | Record::Capture(_) | Record::Attestation(_) => Vec::new(),
    }
}

fn of_document(document: &Document) -> Vec<&str> {
    let one = [&document.title, &document.byline, &document.url];
    let several = document.credits.iter().chain(&document.aliases);
    one.into_iter().flatten().chain(several).map(String::as_str).collect()
}

fn of_claim(claim: &Claim) -> Vec<&str> {
    let mut texts = vec![claim.proposition.text.as_str()];
    if let Who::Unresolved(name) = &claim.speaker {
        texts.push(name);
    }
    let one =
        [&claim.speaker_as_written, &claim.role_as_written, &claim.place, &claim.event].into_iter();
    texts.extend(one.flatten().map(String::as_str));
    texts.extend(claim.passage.iter().flat_map(of_passage));
    for hop in &claim.chain {
        if let Who::Unresolved(name) = &hop.by {
            texts.push(name);
        }
        texts.extend(hop.cue.as_deref());
        texts.extend(hop.passage.iter().flat_map(of_passage));
    }
    texts.extend(claim.about.iter().filter_map(|about| match about {
        About::Party(_) => None,
        About::Place(text) | About::Topic(text) => Some(text.as_str()),
    }));
    texts
}

fn of_passage(passage: &Passage) -> impl Iterator<Item = &str> {
    passage.segments.iter().map(|it| it.exact.as_str()).chain(passage.cue.as_deref())
}

fn of_notice(notice: &Notice) -> Vec<&str> {
    [notice.reason.as_str()].into_iter().chain(notice.text.as_deref()).collect()
}

#[cfg(test)]
mod tests {
    use super::texts;
    use crate::attribution::record::Record;
    use crate::attribution::record::claim::{About, Mode, Passage, Who};
    use crate::attribution::record::party::PartyKind;
    use crate::audit::notebook::{claim, party};
    use crate::hash::Hash;
    use crate::selector::Selector;

    #[test]
    fn a_claim_is_found_by_all_that_is_said_in_it_and_by_its_speakers_names() {
        let mut said = claim(Who::Unresolved("the Envoy".to_owned()), None);
        said.proposition.text = "A Delegation comes".to_owned();
        said.place = Some("Kabul".to_owned());
        said.about.push(About::Topic("trade".to_owned()));
        said.passage = Some(Passage {
            mode: Mode::Direct,
            capture: Hash::of(b"x"),
            profile: "plain/1".to_owned(),
            segments: vec![Selector::quote("we shall come")],
            cue: Some("said that".to_owned()),
            translator: None,
        });
        let speaker = party("envoy", PartyKind::Person);
        let record = Record::Claim(Box::new(said));
        let found: Vec<String> =
            texts(&record, Some(&speaker)).iter().map(|it| it.join(" ")).collect();
        let expected = [
            "a delegation comes",
            "the envoy",
            "kabul",
            "we shall come",
            "said that",
            "trade",
            "envoy",
        ];
        assert_eq!(found, expected);
    }
}
