//! What a column map says, once it is read.

use crate::attribution::record::channel::ChannelKind;
use crate::attribution::record::claim::{Act, HopBasis, HopRelation, Modality, Mode, Polarity};
use crate::attribution::record::document::DocumentKind;
use crate::attribution::record::party::PartyKind;
use crate::import::forms::columns::day::DateRule;
use crate::import::forms::columns::template::Template;

/// A column map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnMap {
    /// What it is for, in a sentence.
    pub about: Option<String>,
    /// How the table is written, and which rows count.
    pub table: TableRule,
    /// The parties that each row names.
    pub parties: Vec<PartyRule>,
    /// The channels that each row names.
    pub channels: Vec<ChannelRule>,
    /// The document that each row is.
    pub document: Option<DocumentRule>,
    /// The claims that each row carries.
    pub claims: Vec<ClaimRule>,
}

/// How the table is written, and which rows count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableRule {
    /// What parts the cells, if it is not what the form of the file says.
    pub delimiter: Option<u8>,
    /// Whether cells may stand in quotation marks.
    pub quotes: bool,
    /// The encoding, if it is not UTF-8.
    pub encoding: Option<String>,
    /// Rows are passed over where one of these columns is empty.
    pub skip_if_empty: Vec<String>,
    /// Columns with ids of a platform: text, in which a spreadsheet's damage is looked for.
    pub ids: Vec<String>,
}

/// A party.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartyRule {
    /// What the map calls it.
    pub name_here: String,
    /// Of what its key is made.
    pub key: Template,
    /// What sort of party it is.
    pub kind: PartyKind,
    /// Its name.
    pub name: Template,
    /// The name's language.
    pub lang: Option<String>,
}

/// A channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelRule {
    /// What the map calls it.
    pub name_here: String,
    /// Of what its key is made.
    pub key: Template,
    /// What sort of channel it is.
    pub kind: ChannelKind,
    /// The platform.
    pub platform: Option<Template>,
    /// The platform's id for it.
    pub platform_id: Option<Template>,
    /// Its handle.
    pub handle: Option<Template>,
    /// The beginning of its URLs.
    pub url: Option<Template>,
}

/// Who is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WhoRule {
    /// A party of the map, by its place in the list.
    Party(usize),
    /// A party of the ledger, by its key.
    Key(Template),
    /// A name that nobody has resolved.
    Unresolved(Template),
}

/// Which channel is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OnRule {
    /// A channel of the map, by its place in the list.
    Channel(usize),
    /// A channel of the ledger, by its key.
    Key(Template),
}

/// A document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentRule {
    /// What sort of document it is.
    pub kind: DocumentKind,
    /// Its title.
    pub title: Option<Template>,
    /// Who published it.
    pub publisher: Option<WhoRule>,
    /// The channel on which it appeared.
    pub channel: Option<OnRule>,
    /// Where it was published.
    pub url: Option<Template>,
    /// Its language.
    pub language: Option<Template>,
    /// When it was published.
    pub published: Option<DateRule>,
    /// The byline as written.
    pub byline: Option<Template>,
    /// Its captured bytes.
    pub capture: Option<CaptureRule>,
}

/// The bytes of a capture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaptureRule {
    /// What they are made of.
    pub text: CaptureText,
    /// Their media type.
    pub media_type: String,
    /// Who kept them, if not the recorder.
    pub provider: Option<String>,
}

/// What captured bytes are made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CaptureText {
    /// These cells, as they stand.
    Cells(Template),
    /// All cells of the row, each on its line as `Column: cell`.
    Row,
}

/// A claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimRule {
    /// The row carries it only if all of these hold.
    pub when: Vec<Test>,
    /// The row does not carry it if one of these holds.
    pub unless: Vec<Test>,
    /// Whose words or view it is.
    pub speaker: WhoRule,
    /// The speaker as the document names it.
    pub as_written: Option<Template>,
    /// The speaker's role as the document gives it.
    pub role_as_written: Option<Template>,
    /// What the speaker did with the words.
    pub act: Act,
    /// Whether it was asserted or denied.
    pub polarity: Polarity,
    /// What was said, in the recorder's words.
    pub said: Template,
    /// Its language.
    pub lang: Option<Template>,
    /// How far along the thing was.
    pub modality: Option<Modality>,
    /// When it was said.
    pub said_at: Option<DateRule>,
    /// Where it was said.
    pub place: Option<Template>,
    /// On what occasion.
    pub event: Option<Template>,
    /// The words that carry it.
    pub passage: Option<PassageRule>,
    /// Through whom it came.
    pub chain: Vec<HopRule>,
    /// Whom and what it concerns.
    pub about: Vec<AboutRule>,
}

/// The words that carry a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PassageRule {
    /// How they relate to the speaker's own.
    pub mode: Mode,
    /// The words; they must stand exactly once in the capture.
    pub exact: Template,
    /// The words that attribute them.
    pub cue: Option<Template>,
}

/// One step to where the words came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HopRule {
    /// On whose word the step before rests.
    pub by: WhoRule,
    /// What sort of document carried it.
    pub kind: Option<DocumentKind>,
    /// The words by which it is named.
    pub cue: Option<Template>,
    /// What the step before does with it.
    pub relation: HopRelation,
    /// How the step before points to it.
    pub basis: HopBasis,
    /// When it was reported there.
    pub reported_at: Option<DateRule>,
    /// Why nothing of it is at hand.
    pub unreachable: Template,
}

/// What a claim concerns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AboutRule {
    /// A party.
    Party(WhoRule),
    /// A place.
    Place(Template),
    /// A topic.
    Topic(Template),
}

/// A question about a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Test {
    /// The text that is looked at; an empty one answers no question with yes.
    pub text: Template,
    /// How it is looked at.
    pub how: How,
    /// The words, of which one is enough.
    pub words: Vec<String>,
}

/// How a text is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// It is one of the words.
    Is,
    /// It begins with one of them.
    Begins,
    /// It ends with one of them.
    Ends,
    /// It contains one of them.
    Contains,
}

impl Test {
    /// Whether the text answers with yes.
    pub fn holds(&self, text: &str) -> bool {
        self.words.iter().any(|word| match self.how {
            How::Is => text == word,
            How::Begins => text.starts_with(word.as_str()),
            How::Ends => text.ends_with(word.as_str()),
            How::Contains => text.contains(word.as_str()),
        })
    }
}

impl ColumnMap {
    /// Every column that the map names, in any order, some perhaps several times.
    pub fn columns(&self) -> Vec<&str> {
        let mut columns: Vec<&str> = Vec::new();
        let table = &self.table;
        columns.extend(table.skip_if_empty.iter().chain(&table.ids).map(String::as_str));
        columns.extend(self.templates().into_iter().flat_map(Template::columns));
        columns
    }

    fn templates(&self) -> Vec<&Template> {
        let mut all = Vec::new();
        for party in &self.parties {
            all.extend([&party.key, &party.name]);
        }
        for it in &self.channels {
            all.push(&it.key);
            all.extend([&it.platform, &it.platform_id, &it.handle, &it.url].into_iter().flatten());
        }
        if let Some(it) = &self.document {
            all.extend([&it.title, &it.url, &it.language, &it.byline].into_iter().flatten());
            all.extend(it.publisher.iter().filter_map(WhoRule::template));
            all.extend(it.channel.iter().filter_map(OnRule::template));
            all.extend(it.published.iter().map(|date| &date.text));
            if let Some(CaptureRule { text: CaptureText::Cells(text), .. }) = &it.capture {
                all.push(text);
            }
        }
        self.claims.iter().for_each(|claim| claim.templates(&mut all));
        all
    }
}

impl ClaimRule {
    fn templates<'m>(&'m self, all: &mut Vec<&'m Template>) {
        all.extend(self.when.iter().chain(&self.unless).map(|test| &test.text));
        all.push(&self.said);
        all.extend(self.speaker.template());
        let words = [&self.as_written, &self.role_as_written, &self.lang, &self.place, &self.event];
        all.extend(words.into_iter().flatten());
        all.extend(self.said_at.iter().map(|date| &date.text));
        if let Some(it) = &self.passage {
            all.push(&it.exact);
            all.extend(&it.cue);
        }
        for hop in &self.chain {
            all.extend(hop.by.template().into_iter().chain(&hop.cue));
            all.extend(hop.reported_at.iter().map(|date| &date.text));
            all.push(&hop.unreachable);
        }
        all.extend(self.about.iter().filter_map(|about| match about {
            AboutRule::Party(who) => who.template(),
            AboutRule::Place(text) | AboutRule::Topic(text) => Some(text),
        }));
    }
}

impl WhoRule {
    fn template(&self) -> Option<&Template> {
        match self {
            Self::Party(_) => None,
            Self::Key(text) | Self::Unresolved(text) => Some(text),
        }
    }
}

impl OnRule {
    fn template(&self) -> Option<&Template> {
        match self {
            Self::Channel(_) => None,
            Self::Key(text) => Some(text),
        }
    }
}
