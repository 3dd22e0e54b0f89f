//! Independence: how many origins stand behind what several claims say.
//!
//! Counts what the records and captures let one tell apart, so the number is an upper bound: what
//! nobody recorded (a phone call between two reporters) joins nothing here. Whatever two origins
//! share joins them, and so does one speaker: many reports of one person's word are one word.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use serde::Serialize;

use crate::attribution::id::Id;
use crate::attribution::record::Record;
use crate::attribution::record::claim::{Claim, Who};
use crate::attribution::record::notice::{NoticeKind, RelationKind};
use crate::audit::bodies::Bodies;
use crate::audit::circles::circles;
use crate::audit::graph::{Graph, Node};
use crate::audit::likeness::{self, Runs};
use crate::audit::path::{Step, origin, path};
use crate::audit::standing::{Standing, Standings};

/// What two origins share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Through {
    /// One document.
    Document,
    /// The same captured bytes.
    Capture,
    /// One channel.
    Channel,
    /// One party: who published, controlled the channel, or is named as the source.
    Party,
    /// One body above the parties.
    Body,
    /// One unresolved name.
    Name,
    /// One wire or photo credit.
    Credit,
    /// One speaker, or one body above the speakers.
    Speaker,
    /// No document at all: only one recorder's word.
    Recorder,
    /// Near-duplicate text.
    Text,
}

/// A group of claims that cannot be told apart from one origin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Origin {
    /// The claims, in entry order.
    pub claims: Vec<Id>,
    /// What joins them, where there are several: kind and name.
    pub shared: Vec<(Through, String)>,
}

/// A claim of the same proposition that is not counted, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    /// The claim.
    pub id: Id,
    /// Why it does not count.
    pub why: String,
}

/// A circle: each of these reports on the word of another of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Circle {
    /// `document` or `party`.
    pub over: Through,
    /// What it runs through, by name.
    pub members: Vec<String>,
}

/// How independent the claims of one proposition are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Independence {
    /// The origins left after joining those that share something. At most this many are
    /// independent.
    pub origins: Vec<Origin>,
    /// The same without joining by the speaker: at most this many independent reports that it was
    /// said.
    pub report_count: u64,
    /// The parties through which the path of every claim runs, by name.
    pub single_points: Vec<String>,
    /// Circular reporting. Captures are taken at one time each and cannot form a circle; what
    /// they are captures of can.
    pub circles: Vec<Circle>,
    /// Claims that were found and not counted.
    pub left_out: Vec<LeftOut>,
    /// How many origin documents had no text at hand, or too little, to be compared as text.
    pub text_not_compared: u64,
}

/// What origins may share, by value: equal ties join.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Tie {
    through: Through,
    /// An id or digest in hex, or a lowercase name.
    value: String,
    /// The name to print.
    name: String,
}

/// The independence of all claims that say what claim `id` says. `text_of` gives the text of a
/// document where its bytes are held and match.
pub fn independence(
    graph: &Graph,
    standings: &Standings<'_>,
    id: Id,
    text_of: &dyn Fn(Id) -> Option<String>,
) -> Independence {
    let mut counted: Vec<(Id, &Claim)> = Vec::new();
    let mut left_out = Vec::new();
    let polarity = graph.claim(id).map(|claim| claim.polarity);
    for id in same_proposition(graph, standings, id) {
        let Some(claim) = graph.claim(id) else { continue };
        match reason_to_leave_out(graph, standings, id, claim) {
            Some(why) => left_out.push(LeftOut { id, why }),
            None if Some(claim.polarity) != polarity => {
                let why = "it has another polarity".to_owned();
                left_out.push(LeftOut { id, why });
            }
            None => counted.push((id, claim)),
        }
    }
    let texts: Vec<Option<Runs>> = counted
        .iter()
        .take(likeness::MOST_TEXTS)
        .map(|(_, claim)| {
            let steps = path(graph, claim);
            likeness::runs(&text_of(origin(&steps)?.document?)?)
        })
        .collect();
    let duplicates = likeness::near_duplicates(&texts);
    let compared = texts.iter().flatten().count();
    let ties = |with_speaker: bool| -> Vec<BTreeSet<Tie>> {
        counted.iter().map(|(id, claim)| ties(graph, *id, claim, with_speaker)).collect()
    };
    let origins = join(&ties(true), &duplicates);
    Independence {
        origins: origins
            .into_iter()
            .map(|(members, shared)| Origin {
                claims: members.into_iter().map(|member| counted[member].0).collect(),
                shared,
            })
            .collect(),
        report_count: join(&ties(false), &duplicates).len() as u64,
        single_points: single_points(graph, &counted),
        circles: all_circles(graph, &counted),
        left_out,
        text_not_compared: (counted.len() - compared) as u64,
    }
}

/// All claims tied to this one by relations that say "the same", and by the corrections that put
/// one in another's place; in entry order.
fn same_proposition(graph: &Graph, standings: &Standings<'_>, id: Id) -> Vec<Id> {
    let mut found = vec![id];
    let mut seen = HashSet::from([id]);
    let mut next = 0;
    while let Some(&claim) = found.get(next) {
        next += 1;
        for (node, _) in graph.referrers(claim).filter(|(node, _)| standings.is_in_force(node)) {
            let others = match node.record() {
                Record::Relation(relation) if says_the_same(relation.kind) => {
                    vec![relation.from, relation.to]
                }
                Record::Notice(notice) if notice.kind == NoticeKind::RecorderCorrection => {
                    [Some(notice.target), notice.replacement].into_iter().flatten().collect()
                }
                _ => continue,
            };
            found.extend(others.into_iter().filter(|other| seen.insert(*other)));
        }
    }
    found.sort_by_key(|id| graph.node(*id).map(Node::entry_index));
    found
}

pub(crate) fn says_the_same(kind: RelationKind) -> bool {
    matches!(
        kind,
        RelationKind::Confirms
            | RelationKind::Repeats
            | RelationKind::Translates
            | RelationKind::SameProposition
    )
}

/// Why a claim lends no weight any more, if so.
fn reason_to_leave_out(
    graph: &Graph,
    standings: &Standings<'_>,
    id: Id,
    claim: &Claim,
) -> Option<String> {
    let gone = |standing| {
        matches!(standing, Standing::Retracted | Standing::Superseded | Standing::Withheld)
    };
    let own = standings.of(id).standing;
    if gone(own) {
        return Some(format!("it is {}", word(own)));
    }
    let documents = path(graph, claim).into_iter().filter_map(|step| step.document);
    let mut fallen = documents.filter(|id| standings.of(*id).standing == Standing::Retracted);
    fallen.next().map(|id| format!("it rests on document {}, which is retracted", id.short()))
}

/// A standing as a word.
pub fn word(standing: Standing) -> &'static str {
    match standing {
        Standing::Standing => "standing",
        Standing::Disputed => "disputed",
        Standing::Denied => "denied",
        Standing::Corrected => "corrected",
        Standing::Retracted => "retracted",
        Standing::Superseded => "superseded",
        Standing::Withheld => "withheld",
    }
}

/// Everything by which the origin of a claim may be the same as another's.
fn ties(graph: &Graph, id: Id, claim: &Claim, with_speaker: bool) -> BTreeSet<Tie> {
    let steps = path(graph, claim);
    let mut ties = BTreeSet::new();
    let speaker = claim.speaker.party().map(|id| graph.first(id));
    let mut named = Vec::new();
    if let Some(step) = origin(&steps) {
        named.extend(steps[step.number..].iter().filter_map(|step| step.by.clone()));
        if let Some(document) = step.document {
            named.extend(ties_of_document(graph, document, &mut ties));
        }
    } else {
        named.extend(steps.iter().filter_map(|step| step.by.clone()));
        let recorder = graph.node(id).map(|node| node.signed().statement().issuer());
        let recorder = recorder.unwrap_or_default().to_owned();
        ties.insert(Tie::new(Through::Recorder, recorder.clone(), recorder));
    }
    for who in &named {
        let is_speaker = |party: &Id| Some(graph.first(*party)) == speaker;
        if with_speaker || !(who.party().as_ref().is_some_and(is_speaker) || *who == claim.speaker)
        {
            tie_to(graph, claim, who, (Through::Party, Through::Body), &mut ties);
        }
    }
    if with_speaker {
        tie_to(graph, claim, &claim.speaker, (Through::Speaker, Through::Speaker), &mut ties);
    }
    ties
}

/// The ties of a document itself; returns the parties behind it.
fn ties_of_document(graph: &Graph, id: Id, ties: &mut BTreeSet<Tie>) -> Vec<Who> {
    let mut parties = Vec::new();
    let first = graph.first(id);
    ties.insert(Tie::new(Through::Document, first.to_string(), first.short()));
    for capture in graph.captures(id) {
        let digest = capture.digest.to_string();
        ties.insert(Tie::new(Through::Capture, digest.clone(), digest));
    }
    for document in graph.versions(id).into_iter().filter_map(|id| graph.document(id)) {
        parties.extend(document.publisher.map(Who::Party));
        for credit in &document.credits {
            ties.insert(Tie::new(Through::Credit, credit.to_lowercase(), credit.clone()));
        }
        let Some(channel) = document.channel else { continue };
        let key = graph.channel(channel).map_or_else(|| channel.short(), |c| c.key.clone());
        ties.insert(Tie::new(Through::Channel, graph.first(channel).to_string(), key));
        // Whoever controlled it at any time: that two origins are independent must not rest on a
        // date that somebody left out.
        parties.extend(graph.controls(channel).into_iter().map(|(_, c)| Who::Party(c.party)));
    }
    parties
}

/// Ties to a party or name, and to every body above it that it may have belonged to.
fn tie_to(
    graph: &Graph,
    claim: &Claim,
    who: &Who,
    (through, above): (Through, Through),
    ties: &mut BTreeSet<Tie>,
) {
    let parties = match who {
        Who::Party(id) => vec![graph.first(*id)],
        Who::Unresolved(name) => {
            ties.insert(Tie::new(Through::Name, name.to_lowercase(), name.clone()));
            graph.named(name).to_vec()
        }
    };
    for party in parties {
        for (body, _) in Bodies::of(graph, party, claim.said_at.as_ref()).iter() {
            let through = if body == party { through } else { above };
            ties.insert(Tie::new(through, body.to_string(), graph.party_name(body)));
        }
    }
}

impl Tie {
    fn new(through: Through, value: String, name: String) -> Self {
        Self { through, value, name }
    }

    /// What is compared. A speaker, a party and a body are all parties; one that speaks here and
    /// publishes there is still one.
    fn key(&self) -> (Through, &str) {
        let through = match self.through {
            Through::Speaker | Through::Body => Through::Party,
            other => other,
        };
        (through, &self.value)
    }
}

type Group = (Vec<usize>, Vec<(Through, String)>);

/// Joins all that share a tie or are near-duplicates; groups in the order of their first members.
fn join(ties: &[BTreeSet<Tie>], duplicates: &[(usize, usize, usize)]) -> Vec<Group> {
    let mut parents: Vec<usize> = (0..ties.len()).collect();
    let mut holders: HashMap<(Through, &str), usize> = HashMap::new();
    let mut shared: Vec<(usize, Through, String)> = Vec::new();
    for (index, ties) in ties.iter().enumerate() {
        for tie in ties {
            match holders.get(&tie.key()) {
                Some(&holder) if holder != index => {
                    unite(&mut parents, holder, index);
                    shared.push((index, tie.through, tie.name.clone()));
                }
                Some(_) => {}
                None => {
                    holders.insert(tie.key(), index);
                }
            }
        }
    }
    for &(one, other, percent) in duplicates {
        unite(&mut parents, one, other);
        shared.push((one, Through::Text, format!("{percent} % of the shorter text")));
    }
    let mut groups: BTreeMap<usize, Group> = BTreeMap::new();
    for index in 0..ties.len() {
        groups.entry(root(&mut parents, index)).or_default().0.push(index);
    }
    for (index, through, name) in shared {
        groups.entry(root(&mut parents, index)).or_default().1.push((through, name));
    }
    for (_, shared) in groups.values_mut() {
        shared.sort();
        shared.dedup();
    }
    groups.into_values().collect()
}

/// The least member of a group stands for it.
fn unite(parents: &mut [usize], one: usize, other: usize) {
    let (one, other) = (root(parents, one), root(parents, other));
    parents[one.max(other)] = one.min(other);
}

fn root(parents: &mut [usize], mut index: usize) -> usize {
    while parents[index] != index {
        parents[index] = parents[parents[index]];
        index = parents[index];
    }
    index
}

/// The parties on the path of every claim, the speaker included.
fn single_points(graph: &Graph, counted: &[(Id, &Claim)]) -> Vec<String> {
    let on_path = |claim: &Claim| -> BTreeMap<String, String> {
        let steps = path(graph, claim);
        let parties = steps.iter().filter_map(|step| step.by.as_ref()).chain([&claim.speaker]);
        parties.map(|who| (key_of(graph, who), graph.name_of(who))).collect()
    };
    let mut paths = counted.iter().map(|(_, claim)| on_path(claim));
    let mut everywhere = paths.next().unwrap_or_default();
    for path in paths {
        everywhere.retain(|key, _| path.contains_key(key));
    }
    everywhere.into_values().collect()
}

/// A party's first id, or the one party recorded under an unresolved name, or the name.
fn key_of(graph: &Graph, who: &Who) -> String {
    match who {
        Who::Party(id) => graph.first(*id).to_string(),
        Who::Unresolved(name) => match graph.named(name) {
            [party] => party.to_string(),
            _ => format!("name {}", name.to_lowercase()),
        },
    }
}

/// Circular reporting among the claims: over their documents, and over the parties behind them.
fn all_circles(graph: &Graph, counted: &[(Id, &Claim)]) -> Vec<Circle> {
    let mut documents: BTreeSet<(Id, Id)> = BTreeSet::new();
    let mut parties: BTreeSet<(String, String)> = BTreeSet::new();
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    let mut involved: BTreeSet<Id> = BTreeSet::new();
    for (_, claim) in counted {
        let steps = path(graph, claim);
        let ids: Vec<Id> =
            steps.iter().filter_map(|s| s.document.map(|d| graph.first(d))).collect();
        documents.extend(ids.windows(2).map(|pair| (pair[0], pair[1])));
        involved.extend(ids);
        let keys: Vec<String> = named_steps(graph, &steps, &mut names);
        let pairs = keys.windows(2).filter(|pair| pair[0] != pair[1]);
        parties.extend(pairs.map(|pair| (pair[0].clone(), pair[1].clone())));
    }
    for id in &involved {
        let versions = graph.versions(*id).into_iter().filter_map(|id| graph.document(id));
        let cited = versions.flat_map(|document| &document.cites).map(|cited| graph.first(*cited));
        documents.extend(cited.filter(|c| c != id && involved.contains(c)).map(|c| (*id, c)));
    }
    let over_documents = circles(&documents).into_iter().map(|circle| Circle {
        over: Through::Document,
        members: circle.into_iter().map(|id| id.short()).collect(),
    });
    let over_parties = circles(&parties).into_iter().map(|circle| Circle {
        over: Through::Party,
        members: circle.into_iter().map(|key| names[&key].clone()).collect(),
    });
    over_documents.chain(over_parties).collect()
}

fn named_steps(
    graph: &Graph,
    steps: &[Step<'_>],
    names: &mut BTreeMap<String, String>,
) -> Vec<String> {
    let parties = steps.iter().filter_map(|step| step.by.as_ref());
    parties
        .map(|who| {
            let key = key_of(graph, who);
            names.entry(key.clone()).or_insert_with(|| graph.name_of(who));
            key
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{Independence, Through};
    use crate::attribution::id::Id;
    use crate::attribution::record::claim::{Claim, Polarity, Who};
    use crate::attribution::record::notice::{NoticeKind, RelationKind};
    use crate::audit::notebook::{Notebook, check_part, claim};

    const REPORT: &str = "A high-ranking Russian delegation will soon visit Kabul to hold \
        discussions with Taliban officials, the special representative announced on Sunday after \
        he had met the foreign minister of the Taliban in the capital";

    fn found(notebook: &Notebook, id: Id) -> Independence {
        let graph = notebook.graph();
        let held = |digest: &crate::hash::Hash| notebook.held(digest);
        check_part(&graph, notebook, id);
        crate::audit::audit(&graph, id, &held).unwrap().independence
    }

    /// A claim by a speaker of its own in a document of its own.
    fn told(notebook: &mut Notebook, speaker: &str, text: &str, change: fn(&mut Claim)) -> Id {
        let document = notebook.document(text, |_| {});
        let mut claim = claim(Who::Unresolved(speaker.to_owned()), Some(document));
        change(&mut claim);
        notebook.claim(claim)
    }

    #[test]
    fn a_reprint_is_the_same_origin_and_says_how_much_is_alike() {
        let mut notebook = Notebook::new();
        let one = told(&mut notebook, "a", REPORT, |_| {});
        let two = told(&mut notebook, "b", &format!("UPDATE {REPORT}"), |_| {});
        notebook.relate(two, RelationKind::Repeats, one);
        let independence = found(&notebook, one);
        assert_eq!(independence.origins.len(), 1);
        assert_eq!(independence.origins[0].shared[0].0, Through::Text);
        assert_eq!(independence.text_not_compared, 0);
        let three = told(&mut notebook, "c", "too short to compare", |_| {});
        notebook.relate(three, RelationKind::Repeats, one);
        let independence = found(&notebook, one);
        assert_eq!((independence.origins.len(), independence.text_not_compared), (2, 1));
    }

    #[test]
    fn two_reports_of_one_speaker_are_one_origin_and_two_reports() {
        let mut notebook = Notebook::new();
        let one = told(&mut notebook, "a", "one", |_| {});
        let two = told(&mut notebook, "a", "two", |_| {});
        notebook.relate(two, RelationKind::SameProposition, one);
        let independence = found(&notebook, one);
        assert_eq!((independence.origins.len(), independence.report_count), (1, 2));
        assert_eq!(independence.single_points, ["a (unresolved)"]);
    }

    #[test]
    fn what_was_taken_back_or_says_the_opposite_does_not_count() {
        let mut notebook = Notebook::new();
        let one = told(&mut notebook, "a", "one", |_| {});
        let retracted = told(&mut notebook, "b", "two", |_| {});
        let opposite = told(&mut notebook, "c", "three", |c| c.polarity = Polarity::Denied);
        let replaced = told(&mut notebook, "d", "four", |_| {});
        let replacement = told(&mut notebook, "e", "five", |_| {});
        for other in [retracted, opposite, replaced] {
            notebook.relate(other, RelationKind::SameProposition, one);
        }
        notebook.notice(NoticeKind::ClaimantRetraction, retracted, |_| {});
        let replace = NoticeKind::RecorderCorrection;
        notebook.notice(replace, replaced, |notice| notice.replacement = Some(replacement));
        let independence = found(&notebook, one);
        let left_out: Vec<Id> = independence.left_out.iter().map(|left| left.id).collect();
        assert_eq!(left_out, [retracted, opposite, replaced]);
        let counted: Vec<&[Id]> = independence.origins.iter().map(|o| &o.claims[..]).collect();
        assert_eq!(counted, [&[one][..], &[replacement][..]]);
    }

    #[test]
    fn claims_without_documents_are_one_recorders_word() {
        let mut notebook = Notebook::new();
        let ids =
            ["a", "b"].map(|name| notebook.claim(claim(Who::Unresolved(name.to_owned()), None)));
        notebook.relate(ids[1], RelationKind::SameProposition, ids[0]);
        let independence = found(&notebook, ids[0]);
        let shared = (Through::Recorder, "nadia".to_owned());
        assert_eq!(independence.origins.len(), 1);
        assert_eq!(independence.origins[0].shared, [shared]);
    }
}
