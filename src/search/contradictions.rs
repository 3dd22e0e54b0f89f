//! What contradicts a party's claims: the ties that somebody recorded, and, apart from these,
//! claims of the party's own that say yes and no of what seems to be the same. The latter are
//! candidates for a person to read, and no finding.

use std::collections::BTreeSet;

use crate::attribution::id::Id;
use crate::attribution::record::Record;
use crate::attribution::record::claim::{Claim, Polarity};
use crate::attribution::record::notice::RelationKind;
use crate::attribution::statement::Statement;
use crate::search::marks;
use crate::search::reread::{Error, Reader};
use crate::search::tables::{Listing, Tables};
use crate::search::words::cut;

/// The most of a party's denials that candidates are looked for, the newest ones.
pub const DENIALS: usize = 50;

/// The most claims that are compared with one denial, the newest ones.
pub const COMPARED: usize = 50;

/// The fewest characters of a word that says what a claim is about.
const KEY_WORD: usize = 4;

/// How many of the longest words are looked up; two of them have to occur.
const LOOKED_UP: usize = 4;

/// How much of the key words two claims have to share, in parts of a hundred (Dice's measure).
const ALIKE: usize = 60;

/// One of two claims.
#[derive(Debug, Clone)]
pub struct Side {
    /// Its place in the log.
    pub entry_index: u64,
    /// Its id.
    pub id: Id,
    /// Its statement; `None` if it is withheld.
    pub statement: Option<Statement>,
    /// Whether it is the party's.
    pub is_own: bool,
}

/// Two claims that somebody tied.
#[derive(Debug, Clone)]
pub struct Pair {
    /// The place of the relation in the log.
    pub entry_index: u64,
    /// The relation's statement.
    pub relation: Statement,
    /// How the first bears on the second.
    pub kind: RelationKind,
    /// The claim that bears.
    pub from: Side,
    /// The claim that is borne upon.
    pub to: Side,
}

/// One page of pairs, newest tie first.
#[derive(Debug, Clone)]
pub struct Pairs {
    /// The pairs.
    pub pairs: Vec<Pair>,
    /// The relation after which the next page begins; `None` where there is no more.
    pub next: Option<u64>,
}

/// Two of a party's own claims that may contradict.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// The one that denies.
    pub denied: Side,
    /// The one that asserts.
    pub asserted: Side,
    /// The words that both share.
    pub shared: Vec<String>,
}

/// The pairs tied by `contradicts` or `denies` of which at least one claim is the party's.
pub fn pairs(
    tables: &Tables,
    reader: &Reader<'_>,
    party: &[Id],
    after: Option<u64>,
    limit: usize,
) -> Result<Pairs, Error> {
    let kinds = [RelationKind::Contradicts, RelationKind::Denies].map(marks::relation);
    let ends: Vec<String> = party.iter().map(|id| marks::end(*id)).collect();
    let expression = format!("({}) AND ({})", any(&kinds), any(&ends));
    let listing = Listing { after, limit: limit.saturating_add(1), ..Listing::default() };
    let mut found = Pairs { pairs: Vec::new(), next: None };
    let mut last = None;
    for (count, entry_index) in tables.matching(&expression, &listing)?.into_iter().enumerate() {
        if count == limit {
            found.next = last;
            break;
        }
        last = Some(entry_index);
        let Some(relation) = reader.slot(entry_index)?.statement else { continue };
        let Record::Relation(tie) = relation.record() else { continue };
        let kind = tie.kind;
        let ends = (side(tables, reader, tie.from, party)?, side(tables, reader, tie.to, party)?);
        let (Some(from), Some(to)) = ends else { continue };
        let is_tie = matches!(kind, RelationKind::Contradicts | RelationKind::Denies);
        if is_tie && (from.is_own || to.is_own) {
            found.pairs.push(Pair { entry_index, relation, kind, from, to });
        }
    }
    Ok(found)
}

/// Claims by the party that deny and assert with much the same words, and that nobody tied.
pub fn candidates(
    tables: &Tables,
    reader: &Reader<'_>,
    party: &[Id],
) -> Result<Vec<Candidate>, Error> {
    let speakers: Vec<String> = party.iter().map(|id| marks::speaker(*id)).collect();
    let (speakers, denied) = (any(&speakers), marks::denied());
    let listing = Listing { limit: DENIALS, ..Listing::default() };
    let denials = tables.matching(&format!("({speakers}) AND \"{denied}\""), &listing)?;
    let mut found = Vec::new();
    for entry_index in denials {
        let Some(denial) = of_party(reader, entry_index, party, Polarity::Denied)? else {
            continue;
        };
        let words = key_words(&denial);
        let Some(looked_up) = looked_up(&words) else { continue };
        let expression = format!("(({speakers}) AND ({looked_up})) NOT \"{denied}\"");
        let listing = Listing { limit: COMPARED, ..Listing::default() };
        for entry_index in tables.matching(&expression, &listing)? {
            let Some(claim) = of_party(reader, entry_index, party, Polarity::Asserted)? else {
                continue;
            };
            let others = key_words(&claim);
            let shared: Vec<String> = words.intersection(&others).cloned().collect();
            let is_alike = 200 * shared.len() >= ALIKE * (words.len() + others.len());
            if is_alike && !are_tied(tables, reader, denial.id, claim.id)? {
                found.push(Candidate { denied: denial.clone(), asserted: claim, shared });
            }
        }
    }
    Ok(found)
}

/// The claim with an id, and whether it is the party's.
fn side(tables: &Tables, reader: &Reader<'_>, id: Id, party: &[Id]) -> Result<Option<Side>, Error> {
    let Some((entry_index, slot)) = reader.by_id(tables, id)? else { return Ok(None) };
    let claim = slot.statement.as_ref().and_then(claim_of);
    let speaker = claim.and_then(|claim| claim.speaker.party());
    let is_own = speaker.is_some_and(|speaker| party.contains(&speaker));
    Ok(Some(Side { entry_index, id, statement: slot.statement, is_own }))
}

/// The claim at an entry, if it is the party's and of this polarity.
fn of_party(
    reader: &Reader<'_>,
    entry_index: u64,
    party: &[Id],
    polarity: Polarity,
) -> Result<Option<Side>, Error> {
    let slot = reader.slot(entry_index)?;
    let claim = slot.statement.as_ref().and_then(claim_of);
    let speaker = claim.filter(|it| it.polarity == polarity).and_then(|it| it.speaker.party());
    let is_own = speaker.is_some_and(|speaker| party.contains(&speaker));
    Ok(is_own.then_some(Side { entry_index, id: slot.id, statement: slot.statement, is_own }))
}

fn claim_of(statement: &Statement) -> Option<&Claim> {
    match statement.record() {
        Record::Claim(claim) => Some(claim),
        _ => None,
    }
}

/// Whether a recorded tie says already how two claims bear on one another.
fn are_tied(tables: &Tables, reader: &Reader<'_>, one: Id, other: Id) -> Result<bool, Error> {
    let expression = format!(
        "\"{}\" AND \"{}\" AND \"{}\"",
        marks::kind("relation"),
        marks::refers(one),
        marks::refers(other)
    );
    let listing = Listing { limit: COMPARED, ..Listing::default() };
    for entry_index in tables.matching(&expression, &listing)? {
        let statement = reader.slot(entry_index)?.statement;
        if let Some(Record::Relation(tie)) = statement.as_ref().map(Statement::record)
            && ((tie.from, tie.to) == (one, other) || (tie.from, tie.to) == (other, one))
        {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The longer words of what was said; of scripts without spaces each character is one.
fn key_words(side: &Side) -> BTreeSet<String> {
    let Some(claim) = side.statement.as_ref().and_then(claim_of) else { return BTreeSet::new() };
    let is_key = |word: &String| {
        let mut characters = word.chars();
        let first = characters.next();
        characters.count() + 1 >= KEY_WORD
            || first.is_some_and(|it| !it.is_ascii() && word.chars().count() == 1)
    };
    cut(&claim.proposition.text).into_iter().filter(is_key).collect()
}

/// An expression of which two of the longest words have to occur; `None` where there are not two.
fn looked_up(words: &BTreeSet<String>) -> Option<String> {
    let mut longest: Vec<&String> = words.iter().collect();
    longest.sort_by_key(|word| std::cmp::Reverse(word.chars().count()));
    longest.truncate(LOOKED_UP);
    let pairs = longest.iter().enumerate().flat_map(|(place, one)| {
        longest[place + 1..].iter().map(move |other| format!("(\"{one}\" AND \"{other}\")"))
    });
    let pairs: Vec<String> = pairs.collect();
    (!pairs.is_empty()).then(|| pairs.join(" OR "))
}

fn any(marks: &[String]) -> String {
    marks.iter().map(|mark| format!("\"{mark}\"")).collect::<Vec<_>>().join(" OR ")
}
