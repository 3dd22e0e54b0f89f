//! Asking: a question and filters become one expression of the index; what it names is read again
//! from the ledger and asked the same once more.

use crate::attribution::id::Id;
use crate::attribution::record::Record;
use crate::attribution::record::claim::{Act, Claim};
use crate::attribution::record::party::Party;
use crate::attribution::statement::Statement;
use crate::attribution::truth::Truth;
use crate::audit::standing::Standing;
use crate::search::days::Days;
use crate::search::keep::days_of;
use crate::search::marks;
use crate::search::reread::{Error, Reader};
use crate::search::tables::{Listing, Tables};
use crate::search::texts::texts;
use crate::search::words::{Phrase, Question};

/// The most entries that are looked at for one page. A filter that the index cannot answer alone
/// may leave out most of what it names.
pub const LOOKED_AT: usize = 2000;

/// How a party or a channel has to occur.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tie {
    /// In a claim: as its speaker or a hop, or as the channel of one of its documents.
    InClaim,
    /// In any record, also its own.
    InAny,
}

/// What is wanted: all of these.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Words.
    pub question: Question,
    /// A party, by the ids of its descriptions.
    pub party: Option<Vec<Id>>,
    /// A channel, by the ids of its descriptions.
    pub channel: Option<Vec<Id>>,
    /// How they have to occur.
    pub tie: Tie,
    /// A kind of record.
    pub kind: Option<String>,
    /// An act.
    pub act: Option<Act>,
    /// When it was said or published; what may lie in it is found too.
    pub window: Days,
    /// Since when it was recorded, in seconds since 1970.
    pub since: Option<u64>,
    /// How it has to stand, as far as later records may make it so; whether they do is for `accept`
    /// to say.
    pub may_stand: Option<Standing>,
}

/// Which page of the answer.
#[derive(Debug, Clone, Copy)]
pub struct Paging {
    /// Oldest first, rather than newest first.
    pub ascending: bool,
    /// The last entry of the page before.
    pub after: Option<u64>,
    /// How many are wanted.
    pub limit: usize,
}

/// Something found.
#[derive(Debug, Clone)]
pub struct Hit {
    /// Its place in the log.
    pub entry_index: u64,
    /// Its id.
    pub id: Id,
    /// The statement as the ledger has it; `None` if it is withheld.
    pub statement: Option<Statement>,
    /// Whether it lies in the window, or may.
    pub within: Truth,
}

/// One page.
#[derive(Debug, Clone)]
pub struct Page {
    /// What was found, in the order of the listing.
    pub hits: Vec<Hit>,
    /// The entry after which the next page begins; `None` where there is no more.
    pub next: Option<u64>,
    /// How many entries were looked at.
    pub looked_at: usize,
}

impl Default for Wanted {
    fn default() -> Self {
        Self {
            question: Question::default(),
            party: None,
            channel: None,
            tie: Tie::InClaim,
            kind: None,
            act: None,
            window: Days::default(),
            since: None,
            may_stand: None,
        }
    }
}

/// One page of what is wanted. `accept` is asked last, of what fits in every other way.
pub fn page(
    tables: &Tables,
    reader: &Reader<'_>,
    wanted: &Wanted,
    paging: Paging,
    accept: &mut dyn FnMut(&Hit) -> Result<bool, Error>,
) -> Result<Page, Error> {
    let expression = wanted.expression();
    let mut page = Page { hits: Vec::new(), next: None, looked_at: 0 };
    let mut after = paging.after;
    loop {
        let listing = Listing {
            ascending: paging.ascending,
            after,
            window: wanted.window,
            since: wanted.since,
            effects: wanted.effects(),
            limit: paging.limit.saturating_add(1),
        };
        let found = tables.matching(&expression, &listing)?;
        let is_last = found.len() < listing.limit;
        for entry_index in found {
            if page.hits.len() == paging.limit || page.looked_at == LOOKED_AT {
                page.next = after;
                return Ok(page);
            }
            page.looked_at += 1;
            if let Some(hit) = confirmed(tables, reader, wanted, entry_index)?
                && accept(&hit)?
            {
                page.hits.push(hit);
            }
            after = Some(entry_index);
        }
        if is_last {
            return Ok(page);
        }
    }
}

/// What the ledger has at an entry, if it is what is wanted.
fn confirmed(
    tables: &Tables,
    reader: &Reader<'_>,
    wanted: &Wanted,
    entry_index: u64,
) -> Result<Option<Hit>, Error> {
    let slot = reader.slot(entry_index)?;
    let (id, mut within) = (slot.id, Truth::Unknown);
    if slot.statement.is_none() {
        // What is withheld has no words in an index: this one is from before, and has to go.
        tables.condemn();
    }
    if let Some(statement) = &slot.statement {
        let record = statement.record();
        let speaker = speaker_of(tables, reader, record, &wanted.question)?;
        within = days_of(record).within(wanted.window);
        let fits = wanted.fits(statement, speaker.as_ref())
            && within != Truth::Fails
            && (wanted.channel.is_none() || wanted.fits_channel(tables, reader, statement)?);
        if !fits {
            return Ok(None);
        }
    }
    Ok(Some(Hit { entry_index, id, statement: slot.statement, within }))
}

/// The party that a claim names as its speaker, where its names matter.
fn speaker_of(
    tables: &Tables,
    reader: &Reader<'_>,
    record: &Record,
    question: &Question,
) -> Result<Option<Party>, Error> {
    let Record::Claim(claim) = record else { return Ok(None) };
    let Some(id) = claim.speaker.party().filter(|_| !question.is_empty()) else {
        return Ok(None);
    };
    let statement = reader.by_id(tables, id)?.and_then(|(_, slot)| slot.statement);
    Ok(statement.and_then(|it| match it.record() {
        Record::Party(party) => Some(party.clone()),
        _ => None,
    }))
}

impl Wanted {
    /// Whether nothing is said of what is wanted.
    pub fn is_anything(&self) -> bool {
        self.groups().is_empty() && self.since.is_none() && self.window.is_open()
    }

    /// What no later record changes is not listed among what they are about.
    fn effects(&self) -> Option<i64> {
        self.may_stand.filter(|it| *it != Standing::Standing).map(marks::bit)
    }

    /// The expression of FTS5. Words and marks hold no sign of its syntax.
    fn expression(&self) -> String {
        let mut groups = self.groups();
        if groups.is_empty() {
            groups.push(KINDS.iter().map(|kind| quoted(&marks::kind(kind))).collect());
        }
        let all = groups.iter().map(|group| format!("({})", group.join(" OR ")));
        let all = all.collect::<Vec<_>>().join(" AND ");
        let none: Vec<String> = self.question.none.iter().map(phrase).collect();
        if none.is_empty() { all } else { format!("({all}) NOT ({})", none.join(" OR ")) }
    }

    /// Of each group one has to occur.
    fn groups(&self) -> Vec<Vec<String>> {
        let mut groups: Vec<Vec<String>> =
            self.question.all.iter().map(|it| vec![phrase(it)]).collect();
        let each = |ids: &[Id], signs: &[fn(Id) -> String]| -> Vec<String> {
            ids.iter().flat_map(|id| signs.iter().map(|sign| quoted(&sign(*id)))).collect()
        };
        let any: [fn(Id) -> String; 1] = [marks::refers];
        if let Some(ids) = &self.party {
            let in_claim: [fn(Id) -> String; 2] = [marks::speaker, marks::hop];
            let signs = if self.tie == Tie::InClaim { &in_claim[..] } else { &any[..] };
            groups.push(each(ids, signs));
        }
        if let Some(ids) = &self.channel {
            let in_any: [fn(Id) -> String; 2] = [marks::channel, marks::refers];
            let signs = if self.tie == Tie::InClaim { &in_any[..1] } else { &in_any[..] };
            groups.push(each(ids, signs));
        }
        groups.extend(self.kind.iter().map(|kind| vec![quoted(&marks::kind(kind))]));
        groups.extend(self.act.map(|act| vec![quoted(&marks::act(act))]));
        let window = marks::window(self.window);
        if !window.is_empty() {
            groups.push(window.iter().map(|mark| quoted(mark)).collect());
        } else if !self.window.is_open() {
            groups.push(["claim", "document"].map(|it| quoted(&marks::kind(it))).to_vec());
        }
        groups
    }

    /// Whether a statement is what is wanted, as far as it alone can tell.
    fn fits(&self, statement: &Statement, speaker: Option<&Party>) -> bool {
        let record = statement.record();
        let fits_words =
            || self.question.is_empty() || self.question.is_answered_by(&texts(record, speaker));
        let fits_party = || self.party.as_ref().is_none_or(|ids| self.names(ids, statement));
        self.kind.as_deref().is_none_or(|kind| kind == record.kind())
            && self.since.is_none_or(|since| statement.recorded_at() >= since)
            && self.act.is_none_or(|act| matches!(record, Record::Claim(it) if it.act == act))
            && (self.window.is_open() || has_date(record))
            && fits_party()
            && fits_words()
    }

    fn names(&self, ids: &[Id], statement: &Statement) -> bool {
        match (self.tie, statement.record()) {
            (Tie::InClaim, Record::Claim(claim)) => {
                let hops = claim.chain.iter().map(|hop| hop.by.party());
                hops.chain([claim.speaker.party()]).flatten().any(|id| ids.contains(&id))
            }
            (Tie::InClaim, _) => false,
            (Tie::InAny, record) => {
                let named = record.references().iter().any(|it| ids.contains(&it.id));
                named || ids.contains(&statement.id())
            }
        }
    }

    fn fits_channel(
        &self,
        tables: &Tables,
        reader: &Reader<'_>,
        statement: &Statement,
    ) -> Result<bool, Error> {
        let Some(ids) = &self.channel else { return Ok(true) };
        let record = statement.record();
        let refers = record.references().iter().any(|it| ids.contains(&it.id));
        if self.tie == Tie::InAny && (refers || ids.contains(&statement.id())) {
            return Ok(true);
        }
        let Record::Claim(claim) = record else { return Ok(false) };
        for document in documents(claim) {
            let statement = reader.by_id(tables, document)?.and_then(|(_, slot)| slot.statement);
            if let Some(Record::Document(document)) = statement.as_ref().map(Statement::record)
                && document.channel.is_some_and(|id| ids.contains(&id))
            {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// The kinds of record, for a listing of everything.
pub const KINDS: [&str; 13] = [
    "charter",
    "key",
    "party",
    "channel",
    "control",
    "document",
    "capture",
    "attestation",
    "claim",
    "relation",
    "assessment",
    "notice",
    "provider",
];

/// The documents of a claim and of its chain.
fn documents(claim: &Claim) -> impl Iterator<Item = Id> {
    claim.document.into_iter().chain(claim.chain.iter().filter_map(|hop| hop.document))
}

/// Whether a record is of a kind that is said or published at some time.
fn has_date(record: &Record) -> bool {
    matches!(record, Record::Claim(_) | Record::Document(_))
}

/// A phrase as FTS5 reads it.
fn phrase(phrase: &Phrase) -> String {
    let star = if phrase.is_prefix { " *" } else { "" };
    format!("{}{star}", quoted(&phrase.words.join(" ")))
}

fn quoted(words: &str) -> String {
    debug_assert!(!words.contains('"'), "a word with a quotation mark");
    format!("\"{words}\"")
}
