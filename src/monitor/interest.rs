//! Does a record matter to who is watching, and why?
//!
//! A claim matters by whom it names; a later record by what it is about, or in whose name it is.

use std::collections::BTreeSet;

use crate::attribution::id::Id;
use crate::attribution::record::Record;
use crate::attribution::record::claim::{About, Claim, Who};
use crate::monitor::event::{Because, Kind, Named, Part, Touched};
use crate::monitor::state::State;

/// Why a record is reported.
#[derive(Debug)]
pub(crate) struct Interest {
    pub(crate) kind: Kind,
    pub(crate) because: Vec<Because>,
    pub(crate) on: Vec<Touched>,
}

/// Whether and why a record matters, as far as the ledger was read.
pub(crate) fn of(record: &Record, state: &State) -> Option<Interest> {
    let watch = &state.watch;
    let (kind, because, on, always) = match record {
        Record::Claim(claim) => {
            (Kind::Claim, of_claim(claim, state), Vec::new(), watch.is_everything())
        }
        Record::Notice(notice) => {
            let on = touched_by(&[notice.target], state);
            (Kind::Notice, in_name_of(notice.by, state), on, false)
        }
        Record::Relation(relation) => {
            let on = touched_by(&[relation.from, relation.to], state);
            (Kind::Relation, in_name_of(relation.by, state), on, false)
        }
        Record::Assessment(assessment) => {
            let on = touched_by(&[assessment.target], state);
            (Kind::Assessment, in_name_of(assessment.by, state), on, false)
        }
        Record::Control(control) => {
            let because =
                reasons(watch.everybody(), &Who::Party(control.party), Part::Described, state);
            (Kind::Control, because, Vec::new(), false)
        }
        Record::Channel(channel) => {
            let controlled = state.controlled.contains(&channel.key);
            (Kind::Channel, Vec::new(), Vec::new(), controlled)
        }
        Record::Party(party) => {
            // The record itself is known by now.
            let reach = |name: &&str| {
                let reach = state.parties.reach_from(&party.key, name);
                reach.is_some_and(|reach| reach.through.is_none())
            };
            let because = watch.everybody().filter(reach).map(|watched| Because {
                watched: watched.to_owned(),
                part: Part::Described,
                party: party.key.clone(),
                through: None,
            });
            (Kind::Party, because.collect(), Vec::new(), false)
        }
        Record::Charter(_) | Record::Key(_) => (Kind::Key, Vec::new(), Vec::new(), watch.keys),
        Record::Document(_) | Record::Capture(_) | Record::Attestation(_) | Record::Provider(_) => {
            return None;
        }
    };
    let matters = always || !because.is_empty() || !on.is_empty();
    matters.then_some(Interest { kind, because, on })
}

/// What has to be remembered of a record that was reported, to know what else will matter.
pub(crate) fn remember(id: Id, record: &Record, state: &mut State) {
    match record {
        Record::Claim(claim) => {
            let hops = claim.chain.iter().filter_map(|hop| hop.document);
            for document in hops.chain(claim.document) {
                state.rests.entry(document).or_default().insert(id);
            }
        }
        Record::Control(control) => {
            let key = state.channels.get(&control.channel).cloned();
            state.controlled.extend(key);
        }
        _ => {}
    }
}

/// Something reported earlier, by its id.
pub(crate) fn touched(id: Id, state: &State) -> Option<Touched> {
    let reported = state.reported.get(&id)?;
    Some(Touched { entry: reported.entry, id, title: reported.title.clone() })
}

/// The parties that a record names, each once.
pub(crate) fn parties(record: &Record, state: &State) -> Vec<Named> {
    let ids: BTreeSet<Id> = record.references().into_iter().map(|it| it.id).collect();
    let named = |id: Id| {
        let key = state.parties.key(id)?.to_owned();
        Some(Named { id, key, name: state.parties.name(id)?.to_owned() })
    };
    ids.into_iter().filter_map(named).collect()
}

/// What was reported and is meant: the things themselves, and the claims that rest on them.
fn touched_by(targets: &[Id], state: &State) -> Vec<Touched> {
    let resting = targets.iter().filter_map(|target| state.rests.get(target)).flatten();
    let ids: BTreeSet<Id> = targets.iter().chain(resting).copied().collect();
    let mut on: Vec<Touched> = ids.into_iter().filter_map(|id| touched(id, state)).collect();
    on.sort_by_key(|touched| touched.entry);
    on
}

fn of_claim(claim: &Claim, state: &State) -> Vec<Because> {
    let watch = &state.watch;
    let mut because = reasons(watch.speaking(), &claim.speaker, Part::Speaker, state);
    for hop in &claim.chain {
        because.extend(reasons(watch.speaking(), &hop.by, Part::Hop, state));
    }
    for about in &claim.about {
        if let About::Party(id) = about {
            let who = Who::Party(*id);
            because.extend(reasons(watch.spoken_of(), &who, Part::About, state));
        }
    }
    because.sort();
    because.dedup();
    because
}

fn in_name_of(by: Option<Id>, state: &State) -> Vec<Because> {
    let by = by.map(|by| reasons(state.watch.speaking(), &Who::Party(by), Part::By, state));
    by.unwrap_or_default()
}

fn reasons<'a>(
    watched: impl Iterator<Item = &'a str>,
    who: &Who,
    part: Part,
    state: &State,
) -> Vec<Because> {
    let party = match who {
        Who::Party(id) => state.parties.key(*id).unwrap_or_default().to_owned(),
        Who::Unresolved(name) => name.clone(),
    };
    let because = |watched: &'a str| {
        let through = state.parties.reach_who(who, watched)?.through;
        Some(Because { watched: watched.to_owned(), part, party: party.clone(), through })
    };
    watched.filter_map(because).collect()
}
