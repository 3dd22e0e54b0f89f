//! Rules about how claims bear on one another, and on what they rest.

use std::collections::BTreeSet;

use crate::attribution::id::Id;
use crate::attribution::record::Record;
use crate::attribution::record::claim::{Claim, Who};
use crate::attribution::record::notice::RelationKind;
use crate::attribution::truth::Truth;
use crate::audit::bodies::Bodies;
use crate::audit::case::Case;
use crate::audit::graph::Found;
use crate::audit::origins::word;
use crate::audit::rules::rule::{Group, Judgement, Rule};
use crate::audit::standing::Standing;

/// See its words.
pub const NO_CIRCULAR_REPORTING: Rule = Rule {
    name: "no-circular-reporting",
    group: Group::Graph,
    words: "No document or party among the claims of this proposition rests on itself.",
    not_shown: "That nobody took it from another without saying so.",
    judge: no_circular_reporting,
};

/// See its words.
pub const SINGLE_POINT_OF_ORIGIN: Rule = Rule {
    name: "single-point-of-origin",
    group: Group::Graph,
    words: "The paths of the claims of this proposition do not all run through one party.",
    not_shown: "That the paths do not meet where nobody recorded it.",
    judge: single_point_of_origin,
};

/// See its words.
pub const CONFIRMATION_IS_INDEPENDENT: Rule = Rule {
    name: "confirmation-is-independent",
    group: Group::Graph,
    words: "Where one claim confirms another, speakers, bodies and documents are not the same.",
    not_shown: "That the one who confirms knows it from elsewhere.",
    judge: confirmation_is_independent,
};

/// See its words.
pub const RESTS_ON_NOTHING_WITHDRAWN: Rule = Rule {
    name: "rests-on-nothing-withdrawn",
    group: Group::Graph,
    words: "No record that the claim refers to was corrected, retracted, replaced or withheld.",
    not_shown: "That a correction outside this ledger was recorded in it.",
    judge: rests_on_nothing_withdrawn,
};

fn no_circular_reporting(case: &Case<'_>) -> Vec<Judgement> {
    let circles = &case.independence.circles;
    if circles.is_empty() {
        let what = "no document or party among the claims rests on itself";
        return vec![Judgement::new(Truth::Holds, what)];
    }
    let circles = circles.iter().map(|circle| {
        let what = format!("in a circle: {}", circle.members.join(", "));
        Judgement::new(Truth::Fails, what)
    });
    circles.collect()
}

fn single_point_of_origin(case: &Case<'_>) -> Vec<Judgement> {
    let independence = &case.independence;
    let count: usize = independence.origins.iter().map(|origin| origin.claims.len()).sum();
    if count < 2 {
        let what = "no other claim of this proposition is recorded to compare";
        return vec![Judgement::new(Truth::Unknown, what)];
    }
    let points = &independence.single_points;
    vec![if points.is_empty() {
        Judgement::new(Truth::Holds, format!("{count} claims, no party on the path of all"))
    } else {
        let what = format!("all {count} claims run through {}", points.join(", "));
        Judgement::new(Truth::Fails, what)
    }]
}

fn confirmation_is_independent(case: &Case<'_>) -> Vec<Judgement> {
    let mut judgements = Vec::new();
    for (node, _) in case.graph.referrers(case.id) {
        let Record::Relation(relation) = node.record() else { continue };
        if relation.kind != RelationKind::Confirms || !case.standings.is_in_force(node) {
            continue;
        }
        let other = if relation.from == case.id { relation.to } else { relation.from };
        let judged = match case.graph.claim(other) {
            Some(claim) => confirms(case, other, claim),
            None => Judgement::new(Truth::Unknown, "the other claim is not at hand"),
        };
        judgements.push(judged.on(node.id()));
    }
    judgements
}

fn confirms(case: &Case<'_>, id: Id, other: &Claim) -> Judgement {
    let claim = case.claim;
    let (here, there) = (case.graph.name_of(&claim.speaker), case.graph.name_of(&other.speaker));
    let what = format!("{here} and {there} (claim {})", id.short());
    if let (Some(one), Some(two)) = (claim.document, other.document)
        && case.graph.is_same(one, two)
    {
        let what = format!("{what}: both stand in one document");
        return Judgement::new(Truth::Fails, what);
    }
    let (Who::Party(one), Who::Party(two)) = (&claim.speaker, &other.speaker) else {
        if claim.speaker == other.speaker {
            return Judgement::new(Truth::Fails, format!("{what}: one name"));
        }
        return Judgement::new(Truth::Unknown, format!("{what}: not both are resolved parties"));
    };
    let one = Bodies::of(case.graph, *one, claim.said_at.as_ref());
    let two = Bodies::of(case.graph, *two, other.said_at.as_ref());
    match one.shared(&two) {
        Some((body, truth)) => {
            let name = case.graph.party_name(body);
            let word = if truth == Truth::Holds { "are" } else { "may be" };
            Judgement::new(truth.not(), format!("{what}: both {word} of {name}"))
        }
        None => Judgement::new(Truth::Holds, format!("{what}: no body of both is recorded")),
    }
}

fn rests_on_nothing_withdrawn(case: &Case<'_>) -> Vec<Judgement> {
    let mut rests_on: BTreeSet<Id> = BTreeSet::new();
    for reference in case.node.record().references() {
        if reference.field != "about" {
            rests_on.insert(reference.id);
        }
    }
    for reading in &case.steps {
        if let Some(document) = reading.document {
            rests_on.extend(document.publisher.iter().chain(&document.channel));
        }
    }
    let mut judgements = Vec::new();
    for id in rests_on {
        let outcome = case.standings.of(id);
        let record = case.graph.node(id);
        let kind = record.map_or("record", |node| node.record().kind());
        let name = format!("{kind} {}", id.short());
        let (truth, what) = match (case.graph.find(id), outcome.standing) {
            (Found::Dangling, _) => (Truth::Unknown, "is not in this ledger".to_owned()),
            (Found::Withheld { .. }, _) => (Truth::Unknown, "is withheld".to_owned()),
            (Found::Recorded(node), _) if node.is_suspect() => {
                (Truth::Unknown, "was signed by a key that was later revoked".to_owned())
            }
            (Found::Recorded(_), Standing::Standing) => continue,
            (Found::Recorded(_), Standing::Disputed | Standing::Denied) => {
                (Truth::Unknown, "is disputed".to_owned())
            }
            (Found::Recorded(_), standing) => {
                let words = outcome.because.iter().find(|because| because.effect == standing);
                let words = words.map_or("", |because| because.what.as_str());
                // What is withheld is not taken back: it cannot be looked at.
                let withheld = standing == Standing::Withheld;
                let truth = if withheld { Truth::Unknown } else { Truth::Fails };
                (truth, format!("is {}: {words}", word(standing)))
            }
        };
        judgements.push(Judgement::new(truth, format!("{name} {what}")).on(id));
    }
    if judgements.is_empty() {
        let what = "everything that the claim refers to stands";
        judgements.push(Judgement::new(Truth::Holds, what));
    }
    judgements
}

#[cfg(test)]
mod tests {
    use crate::attribution::record::Record;
    use crate::attribution::record::claim::Who;
    use crate::attribution::record::notice::{NoticeKind, RelationKind};
    use crate::attribution::record::party::{PartyKind, Role};
    use crate::attribution::truth::Truth::{Fails, Holds, Unknown};
    use crate::audit::notebook::{Notebook, check, check_in, claim, party, unreached};

    #[test]
    fn two_outlets_that_name_one_another_report_in_a_circle() {
        let mut notebook = Notebook::new();
        let [one, two] = ["one", "two"].map(|key| notebook.party(key, PartyKind::Outlet));
        let ids = [(one, two), (two, one)].map(|(publisher, source)| {
            let text = publisher.to_string();
            let document = notebook.document(&text, |d| d.publisher = Some(publisher));
            let mut claim = claim(Who::Unresolved("x".to_owned()), Some(document));
            claim.chain.push(unreached(Who::Party(source)));
            notebook.claim(claim)
        });
        check(&notebook, ids[0], &super::NO_CIRCULAR_REPORTING, &[Holds]);
        notebook.relate(ids[1], RelationKind::Repeats, ids[0]);
        check(&notebook, ids[0], &super::NO_CIRCULAR_REPORTING, &[Fails]);
    }

    #[test]
    fn all_paths_through_one_party_are_found() {
        let mut notebook = Notebook::new();
        let wire = notebook.party("wire", PartyKind::Outlet);
        let told = |notebook: &mut Notebook, speaker: &str, text: &str, by: Option<Who>| {
            let document = notebook.document(text, |_| {});
            let mut claim = claim(Who::Unresolved(speaker.to_owned()), Some(document));
            claim.chain.extend(by.map(unreached));
            notebook.claim(claim)
        };
        let first = told(&mut notebook, "a", "one", Some(Who::Party(wire)));
        check(&notebook, first, &super::SINGLE_POINT_OF_ORIGIN, &[Unknown]);
        let second = told(&mut notebook, "b", "two", Some(Who::Party(wire)));
        notebook.relate(second, RelationKind::SameProposition, first);
        check(&notebook, first, &super::SINGLE_POINT_OF_ORIGIN, &[Fails]);
        let third = told(&mut notebook, "c", "three", None);
        notebook.relate(third, RelationKind::SameProposition, second);
        check(&notebook, first, &super::SINGLE_POINT_OF_ORIGIN, &[Holds]);
    }

    #[test]
    fn a_body_does_not_confirm_itself() {
        let mut notebook = Notebook::new();
        let state = notebook.party("russia", PartyKind::State);
        let mut ministry = party("mfa", PartyKind::Ministry);
        ministry.part_of.push(state);
        let ministry = notebook.append(Record::Party(ministry));
        let mut envoy = party("envoy", PartyKind::Person);
        let office = "envoy".to_owned();
        envoy.roles.push(Role { office, org: Some(state), since: None, until: None });
        let envoy = notebook.append(Record::Party(envoy));
        let other = notebook.party("other", PartyKind::State);
        let name = Who::Unresolved("somebody".to_owned());
        for (speaker, expected) in [
            (Who::Party(state), Fails),
            (Who::Party(envoy), Unknown),
            (Who::Party(other), Holds),
            (name, Unknown),
        ] {
            let first = notebook.claim(claim(Who::Party(ministry), None));
            let second = notebook.claim(claim(speaker, None));
            notebook.relate(second, RelationKind::Confirms, first);
            check(&notebook, first, &super::CONFIRMATION_IS_INDEPENDENT, &[expected]);
        }
    }

    #[test]
    fn a_claim_in_a_retracted_document_is_found() {
        let mut notebook = Notebook::new();
        let document = notebook.document("text", |_| {});
        let id = notebook.claim(claim(Who::Unresolved("x".to_owned()), Some(document)));
        let rule = &super::RESTS_ON_NOTHING_WITHDRAWN;
        check(&notebook, id, rule, &[Holds]);
        check_in(&notebook.graph_withholding(document), &notebook, id, rule, &[Unknown]);
        notebook.notice(NoticeKind::PublisherRetraction, document, |_| {});
        check(&notebook, id, rule, &[Fails]);
    }
}
