//! Audits of whole small ledgers: every graph of four claims against a naive oracle, and the
//! standing of a claim as of each entry.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use whosaid::attribution::id::Id;
use whosaid::attribution::keyring::{Keyring, Signed};
use whosaid::attribution::record::Record;
use whosaid::attribution::record::charter::{Charter, Power, Recorder};
use whosaid::attribution::record::claim::{Claim, Hop, Who};
use whosaid::attribution::record::notice::{Notice, NoticeKind, Relation, RelationKind};
use whosaid::attribution::statement::seal;
use whosaid::audit::captures::Held;
use whosaid::audit::graph::Graph;
use whosaid::audit::level::Level;
use whosaid::audit::origins::{Independence, Through, independence};
use whosaid::audit::standing::{Standing, Standings};
use whosaid::audit::{DOES_NOT_SHOW, audit, rules};
use whosaid::hash::Hash;
use whosaid::key::SecretKey;
use whosaid::selector::Selector;

/// Signs records one after the other with the key of seed 1, from 2024-11-25T00:00:00Z on.
struct Ledger {
    signed: Vec<Signed>,
    keyring: Keyring,
}

impl Ledger {
    fn new() -> Self {
        let charter = Charter {
            format: 1,
            origin: "example.org/claims".to_owned(),
            title: "A test".to_owned(),
            purpose: "To test".to_owned(),
            log: key(3).public(),
            recorders: vec![Recorder {
                name: "nadia".to_owned(),
                key: key(1).public(),
                powers: vec![Power::Record, Power::Correct, Power::Keys],
            }],
        };
        let mut ledger = Self { signed: Vec::new(), keyring: Keyring::default() };
        ledger.append(Record::Charter(charter));
        ledger
    }

    #[expect(clippy::needless_pass_by_value, reason = "tests hand records over")]
    fn append(&mut self, record: Record) -> Id {
        let entry = self.signed.len() as u64;
        let (_, statement) = seal(&record, "nadia", 1_732_492_800 + entry, &key(1)).unwrap();
        let id = statement.id();
        let signer = Some(statement.signer());
        self.signed.push(self.keyring.admit(statement, entry, signer).unwrap());
        id
    }

    /// A record written as JSON, which is what a reader of this test can follow.
    fn json(&mut self, json: serde_json::Value) -> Id {
        self.append(serde_json::from_value(json).unwrap())
    }

    fn graph(&self) -> Graph {
        Graph::new(self.signed.clone(), [], |_, _| false)
    }
}

fn key(seed: u8) -> SecretKey {
    SecretKey::from_seed(&[seed; 32])
}

fn claim(speaker: &Who, document: Option<Id>, chain: Vec<Hop>) -> Claim {
    let json = serde_json::json!({
        "speaker": {"unresolved": "x"}, "act": "state", "polarity": "asserted",
        "proposition": {"text": "it is so"},
    });
    let claim: Claim = serde_json::from_value(json).unwrap();
    Claim { speaker: speaker.clone(), document, chain, ..claim }
}

fn hop(by: &Who, document: Option<Id>) -> Hop {
    let json = serde_json::json!({
        "by": {"unresolved": "x"}, "relation": "cites", "basis": "named_source",
        "unreachable": "no link given",
    });
    let hop: Hop = serde_json::from_value(json).unwrap();
    let unreachable = hop.unreachable.clone().filter(|_| document.is_none());
    Hop { by: by.clone(), document, unreachable, ..hop }
}

/// What the naive oracle knows of one document: only what the test itself put there.
struct Page {
    id: Id,
    publisher: Option<(Id, &'static str)>,
    others: Vec<String>,
}

/// One claim in one variant, told twice: as a statement for the program, and as plain words for
/// the oracle.
struct Told {
    index: usize,
    origin_ties: BTreeSet<String>,
    speaker_ties: BTreeSet<String>,
    pages: Vec<usize>,
    parties: Vec<String>,
}

/// The relations between pairs of claims; a contradiction does not say the same.
const RELATIONS: [(usize, usize, RelationKind); 6] = [
    (0, 1, RelationKind::SameProposition),
    (0, 2, RelationKind::Confirms),
    (1, 2, RelationKind::Repeats),
    (3, 1, RelationKind::Translates),
    (2, 3, RelationKind::SameProposition),
    (3, 0, RelationKind::Contradicts),
];

/// No chain, a chain to one common party, a chain to the next claim's document.
const VARIANTS: usize = 3;

struct World {
    ledger: Ledger,
    base: usize,
    pages: Vec<Page>,
    told: Vec<Vec<Told>>,
    /// By relation, then by the variants of its two claims: the place of the signed statement.
    relations: Vec<Vec<usize>>,
}

#[expect(clippy::too_many_lines, reason = "one world, told twice side by side")]
fn world(with_common_speakers: bool) -> World {
    let mut ledger = Ledger::new();
    let mut party = |key: &str, part_of: &[Id]| {
        ledger.json(serde_json::json!({"party": {
            "key": key, "kind": "organisation", "names": [{"text": key}], "part_of": part_of,
        }}))
    };
    let [p, q, r] = ["p", "q", "r"].map(|key| party(key, &[]));
    let state = party("state", &[]);
    let ministry = party("ministry", &[state]);
    let site = ledger.json(serde_json::json!({"channel": {"key": "site", "kind": "site"}}));
    ledger.json(serde_json::json!({"control": {
        "channel": site, "party": r, "mode": "owner", "basis": "did_web",
    }}));
    let mut page =
        |publisher: Option<(Id, &'static str)>, json: serde_json::Value, others: &[&str]| {
            let id = ledger.json(serde_json::json!({ "document": json }));
            Page { id, publisher, others: others.iter().map(ToString::to_string).collect() }
        };
    let pages = vec![
        page(Some((p, "p")), serde_json::json!({"kind": "article", "publisher": p}), &[]),
        page(
            Some((q, "q")),
            serde_json::json!({"kind": "article", "publisher": q, "credits": ["Wire"]}),
            &["credit wire"],
        ),
        page(None, serde_json::json!({"kind": "post", "channel": site}), &["site", "party r"]),
        page(None, serde_json::json!({"kind": "note", "credits": ["wire"]}), &["credit wire"]),
    ];
    let name = |text: &str| Who::Unresolved(text.to_owned());
    let speakers: [(Who, Vec<&str>); 4] = if with_common_speakers {
        [
            (Who::Party(state), vec!["party state"]),
            (name("somebody"), vec!["name somebody"]),
            (Who::Party(ministry), vec!["party ministry", "party state"]),
            (name("P"), vec!["name p", "party p"]),
        ]
    } else {
        ["a", "b", "c", "d"].map(|text| (name(text), vec![]))
    };
    let base = ledger.signed.len();
    let mut told: Vec<Vec<Told>> = Vec::new();
    for (number, (speaker, speaker_ties)) in speakers.iter().enumerate() {
        let variants = (0..VARIANTS).map(|variant| {
            let next = (number + 1) % pages.len();
            let (hop, origin, by) = match variant {
                0 => (None, number, None),
                1 => (Some(hop(&Who::Party(p), None)), number, Some("party p".to_owned())),
                _ => {
                    let (who, by) = match pages[next].publisher {
                        Some((id, key)) => (Who::Party(id), format!("party {key}")),
                        None => (name(&format!("n{next}")), format!("name n{next}")),
                    };
                    (Some(hop(&who, Some(pages[next].id))), next, Some(by))
                }
            };
            let publisher = |page: &Page| page.publisher.map(|(_, key)| format!("party {key}"));
            let chain: Vec<Hop> = hop.into_iter().collect();
            let claim = claim(speaker, Some(pages[number].id), chain);
            ledger.append(Record::Claim(Box::new(claim)));
            let mut origin_ties: BTreeSet<String> = pages[origin].others.iter().cloned().collect();
            origin_ties.insert(format!("page {origin}"));
            origin_ties.extend(publisher(&pages[origin]));
            origin_ties.extend(by.clone());
            let pages_on_path = if origin == number { vec![number] } else { vec![number, origin] };
            Told {
                index: ledger.signed.len() - 1,
                origin_ties,
                speaker_ties: speaker_ties.iter().map(ToString::to_string).collect(),
                pages: pages_on_path,
                parties: publisher(&pages[number]).into_iter().chain(by).collect(),
            }
        });
        told.push(variants.collect());
    }
    let relations = RELATIONS.map(|(from, to, kind)| {
        let ends = (0..VARIANTS).flat_map(|v| (0..VARIANTS).map(move |w| (v, w)));
        let id = |number: usize, variant: usize| {
            ledger.signed[told[number][variant].index].statement().id()
        };
        let pairs: Vec<(Id, Id)> = ends.map(|(v, w)| (id(from, v), id(to, w))).collect();
        let signed = pairs.into_iter().map(|(from, to)| {
            let relation = Relation { from, kind, to, by: None, method: None };
            ledger.append(Record::Relation(relation));
            ledger.signed.len() - 1
        });
        signed.collect()
    });
    World { ledger, base, pages, told, relations: relations.into() }
}

impl World {
    /// The graph with these claims and the relations in `chosen`, one bit each.
    fn graph(&self, variants: [usize; 4], chosen: usize) -> Graph {
        let mut signed = self.ledger.signed[..self.base].to_vec();
        let claims = (0..4).map(|number| self.told[number][variants[number]].index);
        signed.extend(claims.map(|index| self.ledger.signed[index].clone()));
        for (number, (from, to, _)) in RELATIONS.iter().enumerate() {
            if chosen >> number & 1 == 1 {
                let index = self.relations[number][variants[*from] * VARIANTS + variants[*to]];
                signed.push(self.ledger.signed[index].clone());
            }
        }
        Graph::new(signed, [], |_, _| false)
    }
}

/// Merges whatever shares a tie until nothing changes.
fn naive_groups(ties: &[(usize, BTreeSet<String>)]) -> BTreeSet<BTreeSet<usize>> {
    let mut groups: Vec<(BTreeSet<usize>, BTreeSet<String>)> =
        ties.iter().map(|(number, ties)| (BTreeSet::from([*number]), ties.clone())).collect();
    'again: loop {
        for one in 0..groups.len() {
            for other in one + 1..groups.len() {
                if !groups[one].1.is_disjoint(&groups[other].1) {
                    let (members, ties) = groups.remove(other);
                    groups[one].0.extend(members);
                    groups[one].1.extend(ties);
                    continue 'again;
                }
            }
        }
        return groups.into_iter().map(|(members, _)| members).collect();
    }
}

/// The nodes that reach themselves, by trying every way.
fn naive_circle(edges: &BTreeSet<(String, String)>) -> BTreeSet<String> {
    let mut reach = edges.clone();
    loop {
        let longer: BTreeSet<_> = reach
            .iter()
            .flat_map(|(a, b)| {
                edges.iter().filter(move |(c, _)| b == c).map(|(_, d)| (a.clone(), d.clone()))
            })
            .collect();
        let before = reach.len();
        reach.extend(longer);
        if reach.len() == before {
            return reach.into_iter().filter(|(a, b)| a == b).map(|(a, _)| a).collect();
        }
    }
}

fn check(world: &World, variants: [usize; 4], chosen: usize) {
    let graph = world.graph(variants, chosen);
    let told: Vec<&Told> = (0..4).map(|number| &world.told[number][variants[number]]).collect();
    let id = |number: usize| world.ledger.signed[told[number].index].statement().id();
    let standings = Standings::as_of(&graph, u64::MAX);
    let found = independence(&graph, &standings, id(0), &|_| None);

    let mut same = BTreeSet::from([0]);
    for _ in 0..4 {
        for (number, (from, to, kind)) in RELATIONS.iter().enumerate() {
            let joins = chosen >> number & 1 == 1 && *kind != RelationKind::Contradicts;
            if joins && (same.contains(from) || same.contains(to)) {
                same.extend([*from, *to]);
            }
        }
    }
    let with_speaker = |number: &usize| {
        let told = told[*number];
        (*number, told.origin_ties.union(&told.speaker_ties).cloned().collect())
    };
    let expected = naive_groups(&same.iter().map(with_speaker).collect::<Vec<_>>());
    let number_of = |claim: &Id| (0..4).find(|number| id(*number) == *claim).unwrap();
    let groups: BTreeSet<BTreeSet<usize>> =
        found.origins.iter().map(|origin| origin.claims.iter().map(number_of).collect()).collect();
    assert_eq!(groups, expected, "variants {variants:?}, relations {chosen:06b}: {found:#?}");
    let without_speaker = |number: &usize| (*number, told[*number].origin_ties.clone());
    let reports = naive_groups(&same.iter().map(without_speaker).collect::<Vec<_>>());
    assert_eq!(found.report_count, reports.len() as u64, "{found:#?}");
    check_circles(world, &found, same.iter().map(|number| told[*number]));
}

fn check_circles<'a>(
    world: &World,
    found: &Independence,
    counted: impl Iterator<Item = &'a Told> + Clone,
) {
    let pages = counted.clone().flat_map(|told| told.pages.windows(2)).map(|pair| {
        let short = |page: usize| world.pages[page].id.short();
        (short(pair[0]), short(pair[1]))
    });
    let parties = counted.flat_map(|told| told.parties.windows(2)).filter(|p| p[0] != p[1]);
    let parties = parties.map(|pair| (pair[0].clone(), pair[1].clone()));
    let members = |over: Through| -> BTreeSet<String> {
        let circles = found.circles.iter().filter(|circle| circle.over == over);
        circles.flat_map(|circle| circle.members.clone()).collect()
    };
    assert_eq!(members(Through::Document), naive_circle(&pages.collect()), "{found:#?}");
    let expected: BTreeSet<String> = naive_circle(&parties.collect())
        .into_iter()
        .map(|party| match party.split_once(' ').unwrap() {
            ("party", key) => key.to_owned(),
            (_, name) => format!("{name} (unresolved)"),
        })
        .collect();
    assert_eq!(members(Through::Party), expected, "{found:#?}");
}

#[test]
fn origins_and_circles_of_every_graph_of_four_claims_are_what_a_naive_count_gives() {
    for with_common_speakers in [false, true] {
        let world = world(with_common_speakers);
        for choice in 0..VARIANTS.pow(4) {
            let variants = [1, 3, 9, 27].map(|place| choice / place % VARIANTS);
            for chosen in 0..1 << RELATIONS.len() {
                check(&world, variants, chosen);
            }
        }
    }
}

/// A record about the claim or about an earlier step, and how the claim stands from then on.
type Step = (fn(&[Id]) -> Act, Standing);

enum Act {
    Notice(NoticeKind, Id),
    Relation(RelationKind),
}

#[test]
fn the_standing_of_a_claim_follows_each_entry() {
    use Standing::{Corrected, Denied, Disputed, Retracted, Superseded, Withheld};
    let notice = |kind: NoticeKind, target: Id| Notice {
        kind,
        target,
        reason: "a reason".to_owned(),
        replacement: None,
        document: None,
        by: None,
        text: (kind == NoticeKind::Rebuttal).then(|| "not so".to_owned()),
    };
    let who = |name: &str| Who::Unresolved(name.to_owned());
    let steps: [Step; 10] = [
        (|_| Act::Relation(RelationKind::Confirms), Standing::Standing),
        (|ids| Act::Notice(NoticeKind::Tombstone, ids[0]), Standing::Standing),
        (|_| Act::Relation(RelationKind::Contradicts), Disputed),
        (|ids| Act::Notice(NoticeKind::RecorderRetraction, ids[3]), Standing::Standing),
        (|ids| Act::Notice(NoticeKind::Rebuttal, ids[0]), Disputed),
        (|_| Act::Relation(RelationKind::Denies), Denied),
        (|ids| Act::Notice(NoticeKind::PublisherCorrection, ids[0]), Corrected),
        (|ids| Act::Notice(NoticeKind::ClaimantRetraction, ids[0]), Retracted),
        (|ids| Act::Notice(NoticeKind::RecorderCorrection, ids[0]), Superseded),
        (|ids| Act::Notice(NoticeKind::Redaction, ids[0]), Withheld),
    ];
    let mut ledger = Ledger::new();
    let other = ledger.append(Record::Claim(Box::new(claim(&who("other"), None, vec![]))));
    let target = ledger.append(Record::Claim(Box::new(claim(&who("speaker"), None, vec![]))));
    let mut ids = vec![target];
    for (act, _) in &steps {
        ids.push(match act(&ids) {
            Act::Relation(kind) => ledger.append(Record::Relation(Relation {
                from: other,
                kind,
                to: target,
                by: None,
                method: None,
            })),
            Act::Notice(kind, on) => {
                let replacement = (kind == NoticeKind::RecorderCorrection).then_some(other);
                ledger.append(Record::Notice(Notice { replacement, ..notice(kind, on) }))
            }
        });
    }
    let graph = ledger.graph();
    let at = |tree_size: u64| Standings::as_of(&graph, tree_size).of(target);
    let first = graph.node(ids[1]).unwrap().entry_index();
    assert_eq!(at(first).standing, Standing::Standing);
    assert_eq!(at(first).because, []);
    for (number, (_, expected)) in steps.iter().enumerate() {
        let outcome = at(first + 1 + number as u64);
        assert_eq!(outcome.standing, *expected, "after step {number}: {outcome:#?}");
        assert!(outcome.because.iter().all(|because| because.entry_index <= first + number as u64));
    }
    assert_eq!(at(u64::MAX).because.iter().find_map(|b| b.replacement), Some(other));
}

#[test]
fn a_retraction_that_is_retracted_is_none() {
    let mut ledger = Ledger::new();
    let who = Who::Unresolved("speaker".to_owned());
    let target = ledger.append(Record::Claim(Box::new(claim(&who, None, vec![]))));
    let mut last = target;
    for step in 1..=6 {
        last = ledger.json(serde_json::json!({"notice": {
            "kind": "recorder_retraction", "target": last, "reason": "a slip",
        }}));
        let graph = ledger.graph();
        let standing = Standings::as_of(&graph, graph.tree_size()).of(target).standing;
        let expected = if step % 2 == 1 { Standing::Retracted } else { Standing::Standing };
        assert_eq!(standing, expected, "after {step} retractions");
    }
}

#[test]
fn an_audit_as_json_keeps_its_fields() {
    let mut ledger = Ledger::new();
    let who = Who::Unresolved("speaker".to_owned());
    let id = ledger.append(Record::Claim(Box::new(claim(&who, None, vec![]))));
    let audit = audit(&ledger.graph(), id, &|_| Held::Missing).unwrap();
    let json = serde_json::to_value(&audit).unwrap();
    let fields: Vec<&str> = json.as_object().unwrap().keys().map(String::as_str).collect();
    let expected = [
        "counts",
        "does_not_show",
        "drawing",
        "entry_index",
        "findings",
        "id",
        "in_short",
        "independence",
        "level",
        "logged_before",
        "ok",
        "recorder",
        "said",
        "schema",
        "speaker",
        "standing",
        "tree_size",
        "verdict",
        "vouched",
    ];
    assert_eq!(BTreeSet::from_iter(fields), BTreeSet::from(expected));
    assert_eq!(json["schema"], "whosaid.audit/1");
    assert_eq!(json["level"]["level"], "A0");
    assert_eq!(json["level"]["stopped_by"]["truth"], "unknown");
    assert_eq!(json["verdict"], "undecided");
    assert_eq!(json["standing"]["standing"], "standing");
    assert_eq!(json["does_not_show"].as_array().unwrap().len(), DOES_NOT_SHOW.len());
    for finding in json["findings"].as_array().unwrap() {
        assert!(rules::named(finding["rule"].as_str().unwrap()).is_some(), "{finding}");
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "reads the test's own data")]
fn a_real_article_is_anchored_and_rests_on_a_statement_that_nobody_linked() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/kabul/article.txt");
    let Ok(bytes) = fs::read(&file) else {
        println!("skipped: there is no {}", file.display());
        return;
    };
    let mut ledger = Ledger::new();
    let mut party = |key: &str, kind: &str| {
        ledger.json(serde_json::json!({"party": {
            "key": key, "kind": kind, "names": [{"text": key}],
        }}))
    };
    let [kabulov, ministry] = [party("kabulov", "person"), party("mfa-taliban", "ministry")];
    let digest = Hash::of(&bytes);
    let article = ledger.json(serde_json::json!({"document": {
        "kind": "article", "language": "en",
        "captures": [{"digest": digest, "size": bytes.len(), "media_type": "text/plain"}],
    }}));
    let mut claim =
        claim(&Who::Party(kabulov), Some(article), vec![hop(&Who::Party(ministry), None)]);
    claim.speaker_as_written = Some("Zamir Kabulov".to_owned());
    let exact = "a high-ranking Russian delegation will soon visit Kabul";
    claim.passage = Some(
        serde_json::from_value(serde_json::json!({
            "mode": "indirect", "capture": digest, "profile": "plain/1",
            "segments": [Selector::quote(exact)], "cue": "has announced that",
        }))
        .unwrap(),
    );
    claim.chain[0].cue = Some("In a statement released by".to_owned());
    let id = ledger.append(Record::Claim(Box::new(claim)));
    let audit = audit(&ledger.graph(), id, &|_| Held::Bytes(bytes.clone())).unwrap();
    assert_eq!(audit.level.level, Level::A2, "{audit:#?}");
    assert!(
        audit.level.stopped_by.as_ref().unwrap().what.contains("no link given"),
        "{:?}",
        audit.level
    );
    let last_hop = audit.findings.iter().find(|f| f.rule == "last-hop-is-speaker").unwrap();
    assert_eq!(last_hop.what, "that kabulov said it rests on the word of mfa-taliban");
    println!("{}", audit.drawing);
}
