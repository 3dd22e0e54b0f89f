//! Drafts: the records of a claim file with people's keys in the place of ids.
//!
//! A key names a party, channel, document or claim of the same file, or one that the ledger
//! holds already. What has no references is the record itself.

use crate::attribution::date::Date;
use crate::attribution::identity::Identifier;
use crate::attribution::record::attestation::{PartRole, Scheme};
use crate::attribution::record::channel::{Channel, ControlBasis, ControlMode};
use crate::attribution::record::claim::{Act, HopBasis, HopRelation, Modality, Mode, Polarity};
use crate::attribution::record::document::DocumentKind;
use crate::attribution::record::notice::{NoticeKind, ProviderRating, RelationKind};
use crate::attribution::record::party::{Anonymity, Name, PartyKind};
use crate::claimfile::fault::Place;
use crate::selector::Selector;

/// A whole claim file. Every list keeps the order of the file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClaimFile {
    /// `[[party]]`
    pub parties: Vec<Section<PartyDraft>>,
    /// `[[channel]]`
    pub channels: Vec<Section<Channel>>,
    /// `[[control]]`
    pub controls: Vec<Section<ControlDraft>>,
    /// `[[document]]`
    pub documents: Vec<Section<DocumentDraft>>,
    /// `[[capture]]`
    pub later_captures: Vec<Section<LaterCaptureDraft>>,
    /// `[[attestation]]`
    pub attestations: Vec<Section<AttestationDraft>>,
    /// `[[claim]]`
    pub claims: Vec<Section<ClaimDraft>>,
    /// `[[relation]]`
    pub relations: Vec<Section<RelationDraft>>,
    /// `[[assessment]]`
    pub assessments: Vec<Section<AssessmentDraft>>,
    /// `[[notice]]`
    pub notices: Vec<Section<NoticeDraft>>,
    /// `[[provider]]`
    pub providers: Vec<Section<ProviderDraft>>,
}

/// One section of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section<T> {
    /// Where it begins; absent for a draft that was never a file.
    pub place: Option<Place>,
    /// Its name for people: `claim 3 (speaker "kabulov")`.
    pub label: String,
    /// What it says.
    pub draft: T,
}

/// Words and where they stand in the file: keys, names of files, whatever may be refused later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The words.
    pub text: String,
    /// Where they stand; absent for words that were never in a file.
    pub place: Option<Place>,
}

impl From<&str> for Written {
    fn from(text: &str) -> Self {
        Self { text: text.to_owned(), place: None }
    }
}

/// A party.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartyDraft {
    /// Its key, in this file and in the ledger.
    pub key: Written,
    /// What sort of party it is.
    pub kind: PartyKind,
    /// Its names.
    pub names: Vec<Name>,
    /// Identifiers elsewhere.
    pub ids: Vec<Identifier>,
    /// Keys of the bodies it belongs to.
    pub part_of: Vec<Written>,
    /// Offices it held.
    pub roles: Vec<RoleDraft>,
    /// On what terms it spoke.
    pub anonymity: Option<Anonymity>,
}

/// An office.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleDraft {
    /// The office.
    pub office: String,
    /// The key of the body in which it is held.
    pub org: Option<Written>,
    /// From when.
    pub since: Option<Date>,
    /// Until when.
    pub until: Option<Date>,
}

/// Who controlled a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ControlDraft {
    /// The channel's key.
    pub channel: Written,
    /// The party's key.
    pub party: Written,
    /// In what capacity.
    pub mode: ControlMode,
    /// On what the statement rests.
    pub basis: ControlBasis,
    /// From when.
    pub since: Option<Date>,
    /// Until when.
    pub until: Option<Date>,
    /// The key of a document that shows it.
    pub evidence: Option<Written>,
    /// When the recorder looked.
    pub verified_at: Option<Date>,
}

/// A document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentDraft {
    /// Its key, in this file only.
    pub key: Option<Written>,
    /// What sort of document it is.
    pub kind: DocumentKind,
    /// Its title.
    pub title: Option<String>,
    /// The publisher's key.
    pub publisher: Option<Written>,
    /// The channel's key.
    pub channel: Option<Written>,
    /// Where it was published.
    pub url: Option<String>,
    /// Other URLs of it.
    pub aliases: Vec<String>,
    /// Its language.
    pub language: Option<String>,
    /// When it was published.
    pub published: Option<Date>,
    /// The byline as written.
    pub byline: Option<String>,
    /// Wire and photo credits as written.
    pub credits: Vec<String>,
    /// Keys of documents it cites.
    pub cites: Vec<Written>,
    /// Its captures.
    pub captures: Vec<CaptureDraft>,
}

/// A capture: a file with the bytes, or a page to be fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaptureDraft {
    /// The file's name as written, or the page's URL.
    pub file: Written,
    /// Its media type; guessed from name and content when absent.
    pub media_type: Option<String>,
    /// When the bytes were fetched.
    pub captured_at: Option<Date>,
    /// The URL asked for.
    pub uri_requested: Option<String>,
    /// The URL that answered.
    pub uri_final: Option<String>,
    /// The program that fetched them.
    pub tool: Option<String>,
    /// The archive that fetched or kept them.
    pub provider: Option<String>,
    /// The package from which the bytes are taken; `file` is then their URI in it.
    pub within: Option<WithinDraft>,
}

/// A package of web archives, captured of the same document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WithinDraft {
    /// Its file as written.
    pub package: Written,
    /// When the page was captured, where the package has it more than once (`WARC-Date`).
    pub date: Option<String>,
}

impl CaptureDraft {
    /// A capture of which nothing is said but where its bytes are.
    pub fn of(file: Written) -> Self {
        Self {
            file,
            media_type: None,
            captured_at: None,
            uri_requested: None,
            uri_final: None,
            tool: None,
            provider: None,
            within: None,
        }
    }

    /// Whether the bytes are to be fetched.
    pub fn is_page(&self) -> bool {
        self.within.is_none() && is_url(&self.file.text)
    }
}

/// Whether a text names a page of the web and not a file.
pub fn is_url(text: &str) -> bool {
    let begins = |scheme: &str| {
        text.get(..scheme.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(scheme))
    };
    begins("https://") || begins("http://")
}

impl ClaimFile {
    /// The pages that its captures want, each once, in the order of the file.
    pub fn pages(&self) -> Vec<&str> {
        let documents = self.documents.iter().flat_map(|it| &it.draft.captures);
        let later = self.later_captures.iter().map(|it| &it.draft.capture);
        let parts = self.attestations.iter().flat_map(|it| &it.draft.parts);
        let captures = documents.chain(later).chain(parts.map(|part| &part.capture));
        let mut pages: Vec<&str> = Vec::new();
        for capture in captures.filter(|capture| capture.is_page()) {
            if !pages.contains(&capture.file.text.as_str()) {
                pages.push(&capture.file.text);
            }
        }
        pages
    }
}

/// One more capture of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaterCaptureDraft {
    /// The key or id prefix of the document.
    pub document: Written,
    /// The capture.
    pub capture: CaptureDraft,
}

/// A signature or a time stamp.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttestationDraft {
    /// In which way it vouches.
    pub scheme: Scheme,
    /// The key of the document whose capture it vouches for.
    pub document: Option<Written>,
    /// The file, URL or digest prefix of that capture; the document's first when absent.
    pub capture: Option<Written>,
    /// The claim or document whose statement it vouches for.
    pub statement: Option<Written>,
    /// What it is checked with.
    pub parts: Vec<PartDraft>,
}

/// One file that an attestation is checked with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartDraft {
    /// What it is.
    pub role: PartRole,
    /// Its file.
    pub capture: CaptureDraft,
    /// The number of the block whose header it is.
    pub height: Option<u64>,
}

/// A claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimDraft {
    /// Its key, in this file only.
    pub key: Option<Written>,
    /// Whose words or view it is.
    pub speaker: WhoDraft,
    /// The speaker as the document names it.
    pub as_written: Option<String>,
    /// The speaker's role as the document gives it.
    pub role_as_written: Option<String>,
    /// What the speaker did with the words.
    pub act: Act,
    /// Whether it was asserted or denied.
    pub polarity: Polarity,
    /// What was said, in the recorder's words.
    pub said: String,
    /// Their language.
    pub lang: Option<String>,
    /// How far along the thing was.
    pub modality: Option<Modality>,
    /// When it was said.
    pub said_at: Option<Date>,
    /// Where it was said.
    pub place: Option<String>,
    /// On what occasion.
    pub event: Option<String>,
    /// The key or id prefix of the document that the recorder read.
    pub document: Option<Written>,
    /// The words in it.
    pub passage: Option<PassageDraft>,
    /// Through whom it came.
    pub chain: Vec<HopDraft>,
    /// Whom and what it concerns.
    pub about: Vec<AboutDraft>,
}

/// A party's key, or a name that nobody has resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WhoDraft {
    /// The party's key.
    Party(Written),
    /// The name as written.
    Unresolved(String),
}

/// The words in a document that carry a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PassageDraft {
    /// Where the passage stands in the claim file.
    pub place: Option<Place>,
    /// How the words relate to the speaker's own.
    pub mode: Mode,
    /// The file of the capture, where the document has several.
    pub capture: Option<Written>,
    /// The words, in their order.
    pub segments: Vec<SegmentDraft>,
    /// The words that attribute them.
    pub cue: Option<String>,
    /// Who translated.
    pub translator: Option<WhoDraft>,
}

/// Words to be found in a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentDraft {
    /// Where they stand in the claim file.
    pub place: Option<Place>,
    /// How they are to be found.
    pub selector: Selector,
}

/// One step of the way by which a claim came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HopDraft {
    /// On whose word the step before rests.
    pub by: WhoDraft,
    /// What sort of document carried it.
    pub kind: Option<DocumentKind>,
    /// The key or id prefix of that document.
    pub document: Option<Written>,
    /// The words in it.
    pub passage: Option<PassageDraft>,
    /// The words by which the step before names this one.
    pub cue: Option<String>,
    /// What the step before does with it.
    pub relation: HopRelation,
    /// How the step before points to it.
    pub basis: HopBasis,
    /// When it was reported there.
    pub reported_at: Option<Date>,
    /// How far along the thing was, by this step's account.
    pub modality: Option<Modality>,
    /// Why nothing of it is at hand.
    pub unreachable: Option<String>,
}

/// Something a claim concerns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AboutDraft {
    /// A party's key.
    Party(Written),
    /// A place.
    Place(String),
    /// A topic.
    Topic(String),
}

/// How one claim bears on another; both by key or id prefix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelationDraft {
    /// The claim that bears.
    pub from: Written,
    /// How it bears.
    pub kind: RelationKind,
    /// The claim that is borne upon.
    pub to: Written,
    /// The key of who says so.
    pub by: Option<Written>,
    /// How it was found.
    pub method: Option<String>,
}

/// Somebody's rating.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssessmentDraft {
    /// What is rated: the key of a claim or document, or an id prefix.
    pub target: Written,
    /// The key of who rates.
    pub by: Option<Written>,
    /// The scheme.
    pub scheme: String,
    /// The value in that scheme.
    pub value: String,
    /// Why.
    pub basis: Option<String>,
}

/// A change of the standing of something recorded before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoticeDraft {
    /// What it does.
    pub kind: NoticeKind,
    /// Whose standing changes: the key of a claim or document, or an id prefix.
    pub target: Written,
    /// Why.
    pub reason: String,
    /// What takes its place.
    pub replacement: Option<Written>,
    /// The key of a document that shows it.
    pub document: Option<Written>,
    /// The key of the party that corrects, retracts or replies.
    pub by: Option<Written>,
    /// The party's own words.
    pub text: Option<String>,
}

/// How far an archive or tool is trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderDraft {
    /// Its name.
    pub name: String,
    /// How far.
    pub rating: ProviderRating,
    /// From when.
    pub since: Option<Date>,
    /// Why.
    pub reason: String,
    /// The key of the party that runs it.
    pub party: Option<Written>,
}
