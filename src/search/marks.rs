//! Marks: what a record is found by beside its words (its kind, who speaks, through what). They are
//! terms of the same index that no text can hold, so that one lookup answers all of a question.

use crate::attribution::id::Id;
use crate::attribution::record::Record;
use crate::attribution::record::claim::{Act, Claim, Polarity};
use crate::attribution::record::notice::{NoticeKind, RelationKind};
use crate::audit::standing::Standing;
use crate::search::days::Days;

/// A character for private use: no word is cut with one in it.
const SIGN: char = '\u{e000}';

/// The beginning of an id, as the index knows it: 48 bits, which in a ledger of millions are as
/// good as unique. Whoever makes two ids that begin alike makes one record more be looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Head(i64);

impl Head {
    /// The head of an id.
    pub fn of(id: Id) -> Self {
        let hash = id.hash();
        let bytes = hash.as_bytes();
        Self(bytes[..6].iter().fold(0, |head, byte| head << 8 | i64::from(*byte)))
    }

    /// As SQLite keeps it.
    pub const fn number(self) -> i64 {
        self.0
    }

    /// As it was kept.
    pub const fn from_number(number: i64) -> Self {
        Self(number)
    }
}

/// What the index learns of a record from the records that it refers to.
#[derive(Debug, Clone, Default)]
pub struct Context {
    /// The channels of the documents of a claim and of its chain.
    pub channels: Vec<Head>,
    /// The speakers of the two claims that a relation ties.
    pub ends: Vec<Head>,
}

/// The marks of a record.
pub fn marks(id: Id, record: &Record, days: Days, context: &Context) -> Vec<String> {
    let mut marks = vec![kind(record.kind())];
    // What names a party names also the record that describes it.
    marks.extend(record.key().map(|_| refers(id)));
    marks.extend(context.channels.iter().map(|it| with_head('c', *it)));
    marks.extend(context.ends.iter().map(|it| with_head('e', *it)));
    for reference in record.references() {
        marks.push(refers(reference.id));
    }
    match record {
        Record::Claim(claim) => {
            marks.extend(of_claim(claim));
            marks.extend(days.marks().into_iter().map(|mark| signed(&mark)));
        }
        Record::Document(_) => marks.extend(days.marks().into_iter().map(|mark| signed(&mark))),
        Record::Relation(it) => marks.push(relation(it.kind)),
        _ => {}
    }
    marks.sort_unstable();
    marks.dedup();
    marks
}

fn of_claim(claim: &Claim) -> Vec<String> {
    let mut marks = vec![act(claim.act)];
    marks.extend(claim.speaker.party().map(speaker));
    marks.extend(claim.chain.iter().filter_map(|hop| hop.by.party()).map(hop));
    marks.extend((claim.polarity == Polarity::Denied).then(denied));
    marks
}

/// How a statement may stand after a later record about it, as a set of bits: those of which it may
/// be the reason. Whether it is, `later` tells.
pub fn effects(record: &Record, target: Id) -> i64 {
    let standings: &[Standing] = match record {
        Record::Relation(it) => match it.kind {
            RelationKind::Denies if it.to == target => &[Standing::Denied],
            RelationKind::Contradicts => &[Standing::Disputed],
            _ => &[],
        },
        Record::Notice(it) => match it.kind {
            NoticeKind::ClaimantRetraction => &[Standing::Retracted, Standing::Disputed],
            NoticeKind::PublisherRetraction | NoticeKind::RecorderRetraction => {
                &[Standing::Retracted]
            }
            NoticeKind::PublisherCorrection => &[Standing::Corrected],
            NoticeKind::RecorderCorrection => &[Standing::Superseded],
            NoticeKind::Redaction => &[Standing::Withheld],
            NoticeKind::Rebuttal => &[Standing::Disputed],
            NoticeKind::Tombstone => &[],
        },
        _ => &[],
    };
    standings.iter().fold(0, |bits, standing| bits | bit(*standing))
}

/// The bit of a standing.
pub fn bit(standing: Standing) -> i64 {
    1 << (standing as i64)
}

/// Of a kind of record.
pub fn kind(kind: &str) -> String {
    with_word('k', kind)
}

/// Of an act.
pub fn act(act: Act) -> String {
    with_word('a', &word(&act))
}

/// Of a kind of relation.
pub fn relation(kind: RelationKind) -> String {
    with_word('t', &word(&kind))
}

/// Of a claim that denies.
pub fn denied() -> String {
    signed("denied")
}

/// Of a claim by a party.
pub fn speaker(party: Id) -> String {
    with_head('s', Head::of(party))
}

/// Of a claim that came through a party.
pub fn hop(party: Id) -> String {
    with_head('h', Head::of(party))
}

/// Of a record that refers to a statement, and of a party or channel itself.
pub fn refers(id: Id) -> String {
    with_head('r', Head::of(id))
}

/// Of a claim that stands in a document of a channel.
pub fn channel(channel: Id) -> String {
    with_head('c', Head::of(channel))
}

/// Of a relation that ties a claim of a party.
pub fn end(party: Id) -> String {
    with_head('e', Head::of(party))
}

/// The marks of a window of days, of which one has to be there.
pub fn window(days: Days) -> Vec<String> {
    days.marks_of_window().iter().map(|mark| signed(mark)).collect()
}

fn with_head(sign: char, head: Head) -> String {
    format!("{SIGN}{sign}{:012x}", head.0)
}

/// The tokenizer parts words at signs, also at the underscore of `decline_to_comment`.
fn with_word(sign: char, word: &str) -> String {
    let letters: String = word.chars().filter(char::is_ascii_alphanumeric).collect();
    format!("{SIGN}{sign}{letters}")
}

fn signed(mark: &str) -> String {
    format!("{SIGN}{mark}")
}

/// The word that stands for a unit variant on the wire.
fn word(value: &impl serde::Serialize) -> String {
    let value = serde_json::to_value(value).expect("a word");
    value.as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::{Context, Head, kind, marks};
    use crate::attribution::id::Id;
    use crate::attribution::record::Record;
    use crate::attribution::record::notice::{Relation, RelationKind};
    use crate::search::days::Days;
    use crate::search::words::cut;

    #[test]
    fn a_head_is_the_id_as_people_see_it() {
        let id = Id::of(b"x");
        assert_eq!(format!("{:012x}", Head::of(id).number()), id.short());
        assert_eq!(Head::from_number(Head::of(id).number()), Head::of(id));
    }

    #[test]
    fn no_text_can_hold_a_mark() {
        for mark in [kind("claim"), super::denied(), super::speaker(Id::of(b"x"))] {
            assert!(!cut(&mark).contains(&mark), "{mark:?}");
            let inside = mark.chars().skip(1).all(|c| c.is_ascii_alphanumeric());
            assert!(inside, "{mark:?} would be parted");
        }
    }

    #[test]
    fn a_relation_is_found_by_its_kind_its_ends_and_their_speakers() {
        let [from, to, speaker] = [b"from", &b"to"[..], b"speaker"].map(Id::of);
        let (id, kind) = (Id::of(b"id"), RelationKind::SameProposition);
        let relation = Relation { from, kind, to, by: None, method: None };
        let context = Context { ends: vec![Head::of(speaker)], ..Context::default() };
        let found = marks(id, &Record::Relation(relation), Days::default(), &context);
        let mut expected = vec![
            super::kind("relation"),
            super::relation(kind),
            super::refers(from),
            super::refers(to),
            super::end(speaker),
        ];
        expected.sort();
        assert_eq!(found, expected);
    }
}
