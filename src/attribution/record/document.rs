//! Documents, and the captures of their bytes.

use serde::{Deserialize, Serialize};

use crate::attribution::date::Date;
use crate::attribution::id::Id;
use crate::attribution::record::limits::{self, Invalid};
use crate::attribution::record::list;
use crate::attribution::record::{CHANNEL, DOCUMENT, PARTY, Reference};
use crate::hash::Hash;

/// One statement, post, article, transcript or broadcast: the work, not a copy of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// What sort of document it is.
    pub kind: DocumentKind,
    /// Its title or headline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Who published it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub publisher: Option<Id>,
    /// The channel on which it appeared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<Id>,
    /// Where it was published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Other URLs of the same document.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
    /// Its language (BCP 47).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// When it was published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published: Option<Date>,
    /// The byline as written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub byline: Option<String>,
    /// A wire or photo credit as written ("via X", "Reuters"): where the words or pictures
    /// came from by the document's own account.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub credits: Vec<String>,
    /// Documents it cites.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cites: Vec<Id>,
    /// Its captures.
    #[serde(default, deserialize_with = "list::few", skip_serializing_if = "Vec::is_empty")]
    pub captures: Vec<Capture>,
}

/// What sort of document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DocumentKind {
    /// A statement or press release.
    Statement,
    /// A post on a platform.
    Post,
    /// An article.
    Article,
    /// A transcript.
    Transcript,
    /// A broadcast.
    Broadcast,
    /// A recorder's own note of what it read, saw or heard.
    Note,
    /// A picture.
    Photo,
}

/// The exact bytes of a document as fetched once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Capture {
    /// SHA-256 of the bytes, under which they are kept.
    pub digest: Hash,
    /// How many bytes.
    pub size: u64,
    /// Their media type.
    pub media_type: String,
    /// When they were fetched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub captured_at: Option<Date>,
    /// The URL asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uri_requested: Option<String>,
    /// The URL that answered, after redirects.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uri_final: Option<String>,
    /// The program that fetched them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool: Option<String>,
    /// The archive or service that fetched or kept them, if not the recorder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// The status that the server answered with (RFC 9110 section 15).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The header fields of the answer, each as `name: value`, in their order; without cookies.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<String>,
    /// The package of web archives from which the bytes were taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within: Option<Within>,
}

/// Where in a package of web archives (WARC, WACZ) captured bytes stand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Within {
    /// The package: SHA-256 of its bytes, another capture of the same document.
    pub package: Hash,
    /// The URI under which the package holds them.
    pub uri: String,
    /// The `WARC-Date` of the record, where the URI stands in the package more than once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date: Option<String>,
}

/// A later capture of a document already recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LaterCapture {
    /// The document.
    pub document: Id,
    /// The capture.
    pub capture: Capture,
}

impl Document {
    /// A document of which nothing else is known.
    pub fn of(kind: DocumentKind) -> Self {
        Self {
            kind,
            title: None,
            publisher: None,
            channel: None,
            url: None,
            aliases: Vec::new(),
            language: None,
            published: None,
            byline: None,
            credits: Vec::new(),
            cites: Vec::new(),
            captures: Vec::new(),
        }
    }

    pub(crate) fn subject(&self) -> String {
        match (&self.url, self.captures.first()) {
            (Some(url), _) => url.clone(),
            (None, Some(capture)) => format!("document/{}", capture.digest),
            (None, None) => "document".to_owned(),
        }
    }

    pub(crate) fn check(&self) -> Result<(), Invalid> {
        limits::optional("title", self.title.as_ref(), limits::short)?;
        limits::optional("url", self.url.as_ref(), limits::url)?;
        limits::items("aliases", &self.aliases)?;
        self.aliases.iter().try_for_each(|url| limits::url("aliases", url))?;
        limits::optional("language", self.language.as_ref(), limits::language)?;
        limits::optional("byline", self.byline.as_ref(), limits::short)?;
        limits::items("credits", &self.credits)?;
        self.credits.iter().try_for_each(|credit| limits::short("credits", credit))?;
        limits::items("cites", &self.cites)?;
        limits::items("captures", &self.captures)?;
        self.captures.iter().try_for_each(Capture::check)
    }

    pub(crate) fn references(&self) -> Vec<Reference> {
        let publisher = self.publisher.map(|id| Reference::new("publisher", id, PARTY));
        let channel = self.channel.map(|id| Reference::new("channel", id, CHANNEL));
        let cites = self.cites.iter().map(|id| Reference::new("cites", *id, DOCUMENT));
        publisher.into_iter().chain(channel).chain(cites).collect()
    }

    pub(crate) fn refer(&mut self, to: &mut dyn FnMut(Id) -> Id) {
        self.publisher = self.publisher.map(&mut *to);
        self.channel = self.channel.map(&mut *to);
        self.cites.iter_mut().for_each(|id| *id = to(*id));
    }
}

impl Capture {
    /// Bytes of which nothing is known but what they are.
    pub fn of(digest: Hash, size: u64, media_type: impl Into<String>) -> Self {
        Self {
            digest,
            size,
            media_type: media_type.into(),
            captured_at: None,
            uri_requested: None,
            uri_final: None,
            tool: None,
            provider: None,
            status: None,
            headers: Vec::new(),
            within: None,
        }
    }

    pub(crate) fn check(&self) -> Result<(), Invalid> {
        limits::media_type("media_type", &self.media_type)?;
        limits::optional("uri_requested", self.uri_requested.as_ref(), limits::url)?;
        limits::optional("uri_final", self.uri_final.as_ref(), limits::url)?;
        limits::optional("tool", self.tool.as_ref(), limits::short)?;
        limits::optional("provider", self.provider.as_ref(), limits::short)?;
        if let Some(status) = self.status.filter(|status| !(100..600).contains(status)) {
            return Err(Invalid::new("status", format!("found {status}, expected 100 to 599")));
        }
        limits::items("headers", &self.headers)?;
        self.headers.iter().try_for_each(|header| limits::header("headers", header))?;
        self.within.as_ref().map_or(Ok(()), Within::check)
    }
}

impl Within {
    fn check(&self) -> Result<(), Invalid> {
        limits::url("uri", &self.uri)?;
        limits::optional("date", self.date.as_ref(), limits::short)
    }
}

impl LaterCapture {
    pub(crate) fn check(&self) -> Result<(), Invalid> {
        self.capture.check()
    }
}
