//! A claim: utterance, proposition, passage, and the chain through which it came.

use serde::{Deserialize, Serialize};

use crate::attribution::date::Date;
use crate::attribution::id::Id;
use crate::attribution::record::document::DocumentKind;
use crate::attribution::record::limits::{self, Invalid};
use crate::attribution::record::list;
use crate::attribution::record::{DOCUMENT, PARTY, Reference};
use crate::hash::Hash;
use crate::selector::{Position, Selector};

/// The most hops of a chain. Real ones have one to five.
pub const HOPS: usize = 32;

/// Who said what, where it stands, and through whom it came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claim {
    /// Whose words or view it is.
    pub speaker: Who,
    /// The speaker as the document names it ("Muttaqi", "the ministry").
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub speaker_as_written: Option<String>,
    /// The speaker's role as the document gives it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role_as_written: Option<String>,
    /// What the speaker did with the words.
    pub act: Act,
    /// Whether the proposition was asserted or denied.
    pub polarity: Polarity,
    /// When it was said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said_at: Option<Date>,
    /// Where it was said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// On what occasion.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<String>,
    /// What was said, in the recorder's words: an interpretation.
    pub proposition: Proposition,
    /// The document that the recorder read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<Id>,
    /// The words in that document which carry the claim.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passage: Option<Passage>,
    /// Through whom it came, from the reader's side to the origin.
    #[serde(default, deserialize_with = "list::few", skip_serializing_if = "Vec::is_empty")]
    pub chain: Vec<Hop>,
    /// Whom and what it concerns.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub about: Vec<About>,
}

/// A party of this ledger, or a name that nobody has resolved to one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Who {
    /// A recorded party.
    Party(Id),
    /// A name as written, not resolved.
    Unresolved(String),
}

/// A speech act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    /// Said as a fact.
    State,
    /// Made known.
    Announce,
    /// Said that something reported before is so.
    Confirm,
    /// Said that something is not so.
    Deny,
    /// Warned or qualified.
    Caution,
    /// Undertook to do something.
    Promise,
    /// Called for something.
    Demand,
    /// Asked.
    Ask,
    /// Stressed or praised.
    Stress,
    /// Refused to say.
    DeclineToComment,
    /// Held as a view.
    Believe,
    /// Did something that a document reports, without words.
    Act,
}

/// Whether the proposition was asserted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Polarity {
    /// It is so.
    Asserted,
    /// It is not so.
    Denied,
    /// It was not said either way.
    NotSaid,
}

/// What was said, in the recorder's words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proposition {
    /// The words.
    pub text: String,
    /// Their language (BCP 47).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lang: Option<String>,
    /// How far along the thing was, by the speaker's account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub modality: Option<Modality>,
}

/// How far along a thing is, from weak to strong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Modality {
    /// It may happen.
    Possible,
    /// It is intended.
    Planned,
    /// It has begun.
    Underway,
    /// It is done.
    Done,
}

/// The words in a capture that carry a claim.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Passage {
    /// How the words relate to the speaker's own.
    pub mode: Mode,
    /// The capture in which they stand.
    pub capture: Hash,
    /// The named, versioned profile that made text of the capture ("plain/1").
    pub profile: String,
    /// The words, in their order.
    #[serde(deserialize_with = "list::few")]
    pub segments: Vec<Selector>,
    /// The words that attribute them ("Kabulov stated that").
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cue: Option<String>,
    /// Who translated, where the mode is `translated`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub translator: Option<Who>,
}

/// How the words of a passage relate to the speaker's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// The speaker's words, in quotation marks.
    Direct,
    /// A report with some of the speaker's words in quotation marks.
    Mixed,
    /// A report in the document's words.
    Indirect,
    /// A translation of the speaker's words.
    Translated,
}

/// One step of "A reports that B says".
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hop {
    /// On whose word the step before rests.
    pub by: Who,
    /// What sort of document carried it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<DocumentKind>,
    /// That document, if it is recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<Id>,
    /// The words in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passage: Option<Passage>,
    /// The words by which the step before names this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cue: Option<String>,
    /// What the step before does with it.
    pub relation: HopRelation,
    /// How the step before points to it.
    pub basis: HopBasis,
    /// When it was reported there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reported_at: Option<Date>,
    /// How far along the thing was, by this step's account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub modality: Option<Modality>,
    /// Why nothing of it is at hand. A hop that cannot be reached is said, never left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unreachable: Option<String>,
}

/// What one step does with the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HopRelation {
    /// Quotes it.
    Quotes,
    /// Says it in other words.
    Paraphrases,
    /// Translates it.
    Translates,
    /// Posts it again.
    Reposts,
    /// Shows it within itself.
    Embeds,
    /// Names it.
    Cites,
}

/// How one step points to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HopBasis {
    /// By a link.
    Link,
    /// By name.
    NamedSource,
    /// By a wire credit.
    WireCredit,
    /// By a photo credit.
    PhotoCredit,
    /// Without a name.
    Unnamed,
}

/// Something a claim concerns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum About {
    /// A party.
    Party(Id),
    /// A place.
    Place(String),
    /// A topic.
    Topic(String),
}

impl Claim {
    pub(crate) fn subject(&self) -> String {
        match &self.speaker {
            Who::Party(id) => format!("statement/{id}"),
            Who::Unresolved(_) => "unresolved".to_owned(),
        }
    }

    /// What two claims share that say the same, whoever is said to have said it: the act, the
    /// polarity and the proposition's words, as one hash.
    pub fn wording(&self) -> Hash {
        let (act, polarity) = (self.act as u8, self.polarity as u8);
        Hash::of_parts(&[&[act, polarity], self.proposition.text.as_bytes()])
    }

    pub(crate) fn check(&self) -> Result<(), Invalid> {
        self.speaker.check("speaker")?;
        limits::optional("speaker_as_written", self.speaker_as_written.as_ref(), limits::short)?;
        limits::optional("role_as_written", self.role_as_written.as_ref(), limits::short)?;
        limits::optional("place", self.place.as_ref(), limits::short)?;
        limits::optional("event", self.event.as_ref(), limits::short)?;
        limits::long("proposition", &self.proposition.text)?;
        limits::optional("lang", self.proposition.lang.as_ref(), limits::language)?;
        if let Some(passage) = &self.passage {
            passage.check()?;
            if self.document.is_none() {
                return Err(Invalid::new("passage", "is given without a document to stand in"));
            }
        }
        if self.chain.len() > HOPS {
            let what = format!("has {} hops, expected at most {HOPS}", self.chain.len());
            return Err(Invalid::new("chain", what));
        }
        self.chain.iter().try_for_each(Hop::check)?;
        limits::items("about", &self.about)?;
        self.about.iter().try_for_each(|about| match about {
            About::Party(_) => Ok(()),
            About::Place(text) | About::Topic(text) => limits::short("about", text),
        })
    }

    pub(crate) fn references(&self) -> Vec<Reference> {
        // Each claim of a ledger is asked for them, so the list does not grow by and by.
        let most = 3 + 3 * self.chain.len() + self.about.len();
        let mut references: Vec<Reference> = Vec::with_capacity(most);
        references.extend(self.speaker.reference("speaker"));
        references.extend(self.document.map(|id| Reference::new("document", id, DOCUMENT)));
        references.extend(self.passage.iter().filter_map(Passage::reference));
        for hop in &self.chain {
            references.extend(hop.by.reference("chain by"));
            references
                .extend(hop.document.map(|id| Reference::new("chain document", id, DOCUMENT)));
            references.extend(hop.passage.iter().filter_map(Passage::reference));
        }
        for about in &self.about {
            if let About::Party(id) = about {
                references.push(Reference::new("about", *id, PARTY));
            }
        }
        references
    }

    pub(crate) fn refer(&mut self, to: &mut dyn FnMut(Id) -> Id) {
        self.speaker.refer(to);
        self.document = self.document.map(&mut *to);
        self.passage.iter_mut().for_each(|passage| passage.refer(to));
        for hop in &mut self.chain {
            hop.by.refer(to);
            hop.document = hop.document.map(&mut *to);
            hop.passage.iter_mut().for_each(|passage| passage.refer(to));
        }
        for about in &mut self.about {
            if let About::Party(id) = about {
                *id = to(*id);
            }
        }
    }
}

impl Who {
    /// The recorded party, if it is one.
    pub fn party(&self) -> Option<Id> {
        match self {
            Self::Party(id) => Some(*id),
            Self::Unresolved(_) => None,
        }
    }

    fn check(&self, field: &'static str) -> Result<(), Invalid> {
        match self {
            Self::Party(_) => Ok(()),
            Self::Unresolved(name) => limits::short(field, name),
        }
    }

    fn reference(&self, field: &'static str) -> Option<Reference> {
        self.party().map(|id| Reference::new(field, id, PARTY))
    }

    fn refer(&mut self, to: &mut dyn FnMut(Id) -> Id) {
        if let Self::Party(id) = self {
            *id = to(*id);
        }
    }
}

impl Passage {
    fn check(&self) -> Result<(), Invalid> {
        limits::short("profile", &self.profile)?;
        limits::some_items("segments", &self.segments)?;
        for segment in &self.segments {
            limits::long("exact", &segment.exact)?;
            limits::optional("prefix", segment.prefix.as_ref(), limits::long)?;
            limits::optional("suffix", segment.suffix.as_ref(), limits::long)?;
            limits::optional("pointer", segment.pointer.as_ref(), limits::pointer)?;
            if segment.page == Some(0) {
                return Err(Invalid::new("page", "found 0, pages are counted from 1"));
            }
            if let Some(Position { start, end }) = segment.position
                && start >= end
            {
                let what = format!("found {start} to {end}, expected a range that is not empty");
                return Err(Invalid::new("position", what));
            }
        }
        limits::optional("cue", self.cue.as_ref(), limits::short)?;
        self.translator.as_ref().map_or(Ok(()), |who| who.check("translator"))
    }

    fn reference(&self) -> Option<Reference> {
        self.translator.as_ref()?.reference("translator")
    }

    fn refer(&mut self, to: &mut dyn FnMut(Id) -> Id) {
        self.translator.iter_mut().for_each(|who| who.refer(to));
    }
}

impl Hop {
    fn check(&self) -> Result<(), Invalid> {
        self.by.check("chain by")?;
        limits::optional("chain cue", self.cue.as_ref(), limits::short)?;
        limits::optional("unreachable", self.unreachable.as_ref(), limits::short)?;
        if self.document.is_some() == self.unreachable.is_some() {
            let what = "expected a document, or the reason why it is unreachable: exactly one";
            return Err(Invalid::new("chain", what));
        }
        match (&self.passage, self.document) {
            (Some(_), None) => {
                Err(Invalid::new("chain passage", "is given without a document to stand in"))
            }
            (Some(passage), Some(_)) => passage.check(),
            (None, _) => Ok(()),
        }
    }
}
