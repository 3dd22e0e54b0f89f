//! Rules about the chain: whether each step is there, ends at the speaker, and adds nothing.

use std::collections::BTreeSet;

use crate::attribution::record::claim::{HopBasis, HopRelation, Mode, Who};
use crate::attribution::record::party::{Anonymity, PartyKind};
use crate::attribution::truth::Truth;
use crate::audit::bodies::Bodies;
use crate::audit::case::Case;
use crate::audit::rules::rule::{Group, Judgement, Rule};
use crate::hash::Hash;

/// See its words.
pub const NO_REPEATED_CAPTURE: Rule = Rule {
    name: "no-repeated-capture",
    group: Group::Chain,
    words: "No two steps rest on the same captured bytes.",
    not_shown: "That one step does not copy another in other bytes.",
    judge: no_repeated_capture,
};

/// See its words.
pub const LAST_HOP_IS_SPEAKER: Rule = Rule {
    name: "last-hop-is-speaker",
    group: Group::Chain,
    words: "The chain ends with the speaker, or with a body to which the speaker belonged.",
    not_shown: "That what is at the end of the chain is the speaker's own word.",
    judge: last_hop_is_speaker,
};

/// See its words.
pub const HOPS_CAPTURED: Rule = Rule {
    name: "hops-captured",
    group: Group::Chain,
    words: "Each hop is recorded as a document whose captured bytes are held and match.",
    not_shown: "That there was no further step between two hops.",
    judge: hops_captured,
};

/// See its words.
pub const ANONYMITY_NOT_UPGRADED: Rule = Rule {
    name: "anonymity-not-upgraded",
    group: Group::Chain,
    words: "No unnamed source on the way becomes a named speaker in the claim.",
    not_shown: "That the named sources are the real ones.",
    judge: anonymity_not_upgraded,
};

/// See its words.
pub const MODALITY_NOT_STRENGTHENED: Rule = Rule {
    name: "modality-not-strengthened",
    group: Group::Chain,
    words: "No step towards the reader says that a thing is further along than the one before.",
    not_shown: "That the recorder read each step's wording rightly.",
    judge: modality_not_strengthened,
};

/// See its words.
pub const TRANSLATOR_NAMED: Rule = Rule {
    name: "translator-named",
    group: Group::Chain,
    words: "Each translated passage names who translated it.",
    not_shown: "That the translation is right.",
    judge: translator_named,
};

fn no_repeated_capture(case: &Case<'_>) -> Vec<Judgement> {
    if case.claim.chain.is_empty() {
        return Vec::new();
    }
    let mut seen: Vec<(usize, Hash)> = Vec::new();
    let mut is_open = false;
    for reading in &case.steps {
        let number = reading.step.number;
        let digests: BTreeSet<Hash> = match reading.step.passage {
            Some(passage) => BTreeSet::from([passage.capture]),
            None => reading.captures.iter().map(|capture| capture.digest).collect(),
        };
        is_open |= digests.is_empty() && reading.step.document.is_some();
        if let Some((earlier, digest)) = seen.iter().find(|(_, digest)| digests.contains(digest)) {
            let what = format!("step {earlier} and step {number} rest on capture {digest}");
            return vec![Judgement::new(Truth::Fails, what).at(number)];
        }
        seen.extend(digests.into_iter().map(|digest| (number, digest)));
    }
    vec![if is_open {
        Judgement::new(Truth::Unknown, "some step's document has no capture to compare")
    } else {
        Judgement::new(Truth::Holds, format!("{} captures, all different", seen.len()))
    }]
}

/// Whether a party is the speaker, or a body to which the speaker belonged.
pub(crate) fn is_speakers_side(case: &Case<'_>, who: &Who) -> Truth {
    match (who, &case.claim.speaker) {
        (Who::Party(party), Who::Party(speaker)) => {
            let at = case.claim.said_at.as_ref();
            Bodies::of(case.graph, *speaker, at).include(case.graph, *party)
        }
        (Who::Unresolved(one), Who::Unresolved(other)) => {
            // Two names that differ may still be one party's.
            if one == other { Truth::Holds } else { Truth::Unknown }
        }
        (Who::Unresolved(name), Who::Party(party)) | (Who::Party(party), Who::Unresolved(name)) => {
            let named = case.graph.named(name);
            let is_same = named.iter().any(|known| case.graph.is_same(*known, *party));
            if is_same || named.is_empty() { Truth::Unknown } else { Truth::Fails }
        }
    }
}

fn last_hop_is_speaker(case: &Case<'_>) -> Vec<Judgement> {
    let Some(last) = case.steps.last() else { return Vec::new() };
    let speaker = case.graph.name_of(&case.claim.speaker);
    let judged = match &last.step.by {
        None => {
            let what = "who published the document read is not recorded";
            Judgement::new(Truth::Unknown, format!("{what}, so on whose word is not known"))
        }
        Some(by) => {
            let truth = is_speakers_side(case, by);
            let name = case.graph.name_of(by);
            let what = match truth {
                Truth::Holds => format!("the chain ends with {name}, for {speaker}"),
                Truth::Fails => format!("that {speaker} said it rests on the word of {name}"),
                Truth::Unknown => {
                    format!("the chain ends with {name}; whether that is {speaker} is unknown")
                }
            };
            Judgement::new(truth, what)
        }
    };
    vec![judged.at(last.step.number)]
}

fn hops_captured(case: &Case<'_>) -> Vec<Judgement> {
    let mut judgements = Vec::new();
    for reading in &case.steps {
        let Some(hop) = reading.step.hop else { continue };
        let (truth, what) = match &hop.unreachable {
            Some(reason) => (Truth::Fails, format!("not reached: {reason}")),
            None => reading.bytes_hold(),
        };
        let name = case.graph.name_of(&hop.by);
        let what = format!("{} ({name}): {what}", reading.step.name());
        judgements.push(Judgement::new(truth, what).at(reading.step.number));
    }
    judgements
}

/// Whether somebody is unnamed; unknown for a name that nobody resolved.
fn is_unnamed(case: &Case<'_>, who: &Who) -> Truth {
    let Some(party) = who.party().and_then(|id| case.graph.party(id)) else {
        return Truth::Unknown;
    };
    let closed = matches!(party.kind, PartyKind::Unnamed | PartyKind::Group)
        || party.anonymity.is_some_and(|terms| terms != Anonymity::OnRecord);
    Truth::from(closed)
}

fn anonymity_not_upgraded(case: &Case<'_>) -> Vec<Judgement> {
    let speaker = case.graph.name_of(&case.claim.speaker);
    let named = is_unnamed(case, &case.claim.speaker).not();
    let mut judgements = Vec::new();
    for reading in &case.steps {
        let Some(hop) = reading.step.hop else { continue };
        let unnamed = match hop.basis {
            HopBasis::Unnamed => Truth::Holds,
            _ => is_unnamed(case, &hop.by),
        };
        let truth = unnamed.and(named).not();
        let source = case.graph.name_of(&hop.by);
        let what = match truth {
            Truth::Fails => {
                format!("{source} is unnamed, and the claim has {speaker} as its speaker")
            }
            Truth::Holds => format!("{source} and the speaker {speaker}: nothing gained a name"),
            Truth::Unknown => format!("whether {source} or {speaker} is unnamed is not recorded"),
        };
        judgements.push(Judgement::new(truth, what).at(reading.step.number));
    }
    judgements
}

fn modality_not_strengthened(case: &Case<'_>) -> Vec<Judgement> {
    let mut judgements = Vec::new();
    // What was last said on the reader's side, with the step that said it.
    let mut nearer =
        case.claim.proposition.modality.map(|modality| ("the claim".to_owned(), modality));
    for reading in &case.steps {
        let Some(hop) = reading.step.hop else { continue };
        let name = reading.step.name();
        let judged = match (&nearer, hop.modality) {
            (Some((nearer_name, near)), Some(far)) => {
                let (near_word, far_word) = (format!("{near:?}"), format!("{far:?}"));
                let (near_word, far_word) = (near_word.to_lowercase(), far_word.to_lowercase());
                let what = format!("{nearer_name} says {near_word}, {name} says {far_word}");
                Judgement::new(Truth::from(*near <= far), what)
            }
            (None, _) => {
                Judgement::new(Truth::Unknown, "how far along it is is not recorded in the claim")
            }
            (_, None) => {
                let what = format!("how far along {name} says it is is not recorded");
                Judgement::new(Truth::Unknown, what)
            }
        };
        if let Some(modality) = hop.modality {
            nearer = Some((name, modality));
        }
        judgements.push(judged.at(reading.step.number));
    }
    judgements
}

fn translator_named(case: &Case<'_>) -> Vec<Judgement> {
    let mut judgements = Vec::new();
    for (index, reading) in case.steps.iter().enumerate() {
        let next = case.steps.get(index + 1).and_then(|next| next.step.hop);
        let translates = next.is_some_and(|hop| hop.relation == HopRelation::Translates);
        let name = reading.step.name();
        let judged = match reading.step.passage {
            Some(passage) if passage.mode == Mode::Translated || translates => {
                if let Some(who) = &passage.translator {
                    let who = case.graph.name_of(who);
                    Judgement::new(Truth::Holds, format!("{name}: translated by {who}"))
                } else {
                    let what = format!("{name}: translated, and nobody says by whom");
                    Judgement::new(Truth::Fails, what)
                }
            }
            None if translates => {
                let what = format!("{name}: translates, and the words are not recorded");
                Judgement::new(Truth::Unknown, what)
            }
            _ => continue,
        };
        judgements.push(judged.at(reading.step.number));
    }
    judgements
}

#[cfg(test)]
mod tests {
    use crate::attribution::id::Id;
    use crate::attribution::record::claim::{HopRelation, Modality, Mode, Who};
    use crate::attribution::record::party::PartyKind;
    use crate::attribution::truth::Truth::{Fails, Holds, Unknown};
    use crate::audit::captures::Held;
    use crate::audit::notebook::{Notebook, check, claim, passage, reached, unreached};
    use crate::hash::Hash;

    fn name(name: &str) -> Who {
        Who::Unresolved(name.to_owned())
    }

    fn documents(notebook: &mut Notebook) -> [Id; 2] {
        ["article", "statement"].map(|text| notebook.document(text, |_| {}))
    }

    #[test]
    fn a_capture_is_used_once() {
        let mut notebook = Notebook::new();
        let [article, statement] = documents(&mut notebook);
        let bare = notebook.document("gone", |document| document.captures.clear());
        for (second, expected) in [(statement, Holds), (article, Fails), (bare, Unknown)] {
            let mut claim = claim(name("x"), Some(article));
            claim.chain.push(reached(name("y"), second));
            let id = notebook.claim(claim);
            check(&notebook, id, &super::NO_REPEATED_CAPTURE, &[expected]);
        }
    }

    #[test]
    fn a_chain_that_ends_elsewhere_says_on_whose_word_it_rests() {
        let mut notebook = Notebook::new();
        let speaker = notebook.party("kabulov", PartyKind::Person);
        let other = notebook.party("mfa", PartyKind::Ministry);
        let again = notebook.party("kabulov", PartyKind::Person);
        for (last, expected) in [
            (Some(Who::Party(again)), Holds),
            (Some(Who::Party(other)), Fails),
            (Some(name("an aide")), Unknown),
            (Some(name("MFA")), Fails),
            (None, Unknown),
        ] {
            let mut claim = claim(Who::Party(speaker), None);
            claim.chain.extend(last.map(unreached));
            let id = notebook.claim(claim);
            check(&notebook, id, &super::LAST_HOP_IS_SPEAKER, &[expected]);
        }
    }

    #[test]
    fn a_hop_is_captured_not_reached_or_not_held() {
        let mut notebook = Notebook::new();
        let [article, statement] = documents(&mut notebook);
        let lost = notebook.document("lost", |_| {});
        notebook.bytes.insert(Hash::of(b"lost"), Held::Missing);
        for (hop, expected) in [
            (reached(name("y"), statement), Holds),
            (unreached(name("y")), Fails),
            (reached(name("y"), lost), Unknown),
        ] {
            let mut claim = claim(name("x"), Some(article));
            claim.chain.push(hop);
            let id = notebook.claim(claim);
            check(&notebook, id, &super::HOPS_CAPTURED, &[expected]);
        }
    }

    #[test]
    fn officials_do_not_become_the_government() {
        let mut notebook = Notebook::new();
        let government = notebook.party("government", PartyKind::State);
        let officials = notebook.party("officials", PartyKind::Unnamed);
        for (speaker, hop, expected) in [
            (Who::Party(government), Who::Party(government), Holds),
            (Who::Party(government), Who::Party(officials), Fails),
            (Who::Party(officials), Who::Party(officials), Holds),
            (Who::Party(government), name("sources"), Unknown),
        ] {
            let mut claim = claim(speaker, None);
            claim.chain.push(unreached(hop));
            let id = notebook.claim(claim);
            check(&notebook, id, &super::ANONYMITY_NOT_UPGRADED, &[expected]);
        }
    }

    #[test]
    fn planned_does_not_become_underway_on_the_way() {
        let mut notebook = Notebook::new();
        for (near, far, expected) in [
            (Some(Modality::Planned), Some(Modality::Planned), Holds),
            (Some(Modality::Underway), Some(Modality::Planned), Fails),
            (Some(Modality::Underway), None, Unknown),
            (None, Some(Modality::Underway), Unknown),
        ] {
            let mut claim = claim(name("x"), None);
            claim.proposition.modality = near;
            let mut hop = unreached(name("y"));
            hop.modality = far;
            claim.chain.push(hop);
            let id = notebook.claim(claim);
            check(&notebook, id, &super::MODALITY_NOT_STRENGTHENED, &[expected]);
        }
    }

    #[test]
    fn a_translation_names_its_translator() {
        let mut notebook = Notebook::new();
        let [article, _] = documents(&mut notebook);
        for (has_passage, translator, expected) in
            [(true, Some(name("the outlet")), Holds), (true, None, Fails), (false, None, Unknown)]
        {
            let mut claim = claim(name("x"), Some(article));
            let mut words = passage("article", "article");
            words.mode = Mode::Translated;
            words.translator = translator;
            claim.passage = has_passage.then_some(words);
            let mut hop = unreached(name("x"));
            hop.relation = HopRelation::Translates;
            claim.chain.push(hop);
            let id = notebook.claim(claim);
            check(&notebook, id, &super::TRANSLATOR_NAMED, &[expected]);
        }
    }
}
