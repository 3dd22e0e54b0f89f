//! Fact-checks as their publishers mark them up: schema.org `ClaimReview`, as JSON-LD.
//!
//! Of one becomes: the party that reviewed, the review as a document whose capture is the markup
//! itself, the claim it reviews, in the mouth of whom it names, and its rating as an assessment
//! in the reviewer's own scheme. The review is one's word for what another said: where it points
//! to an appearance, that is the last step of the chain; where it does not, the chain says so.

use std::collections::VecDeque;
use std::io::{self, BufRead};

use serde_json::{Map, Value};
use url::Url;

use crate::attribution::date::{Basis, Date, Error as DateError};
use crate::attribution::id::Id;
use crate::attribution::identity::Identifier;
use crate::attribution::record::Record;
use crate::attribution::record::claim::{
    Act, Claim, Hop, HopBasis, HopRelation, Mode, Passage, Polarity, Proposition, Who,
};
use crate::attribution::record::document::{Capture, Document, DocumentKind};
use crate::attribution::record::notice::Assessment;
use crate::attribution::record::party::{Name, Party, PartyKind};
use crate::attribution::truth::Truth;
use crate::claimfile::anchor::anchor;
use crate::evidence::address::clock;
use crate::evidence::text::{Profile, derive};
use crate::hash::Hash;
use crate::import::draft::{Draft, Problem, Row, RowDraft, RowProblem, label, party_label};
use crate::import::forms::columns::slug::key_of;
use crate::import::forms::elements::{Element, Elements};
use crate::import::forms::ld_page::Script;
use crate::import::forms::strict_json;
use crate::selector::Selector;

/// The media type of the markup (JSON-LD 1.1, section 9).
const MEDIA_TYPE: &str = "application/ld+json";

/// The most appearances of a claim that are taken.
const MAX_APPEARANCES: usize = 32;

/// A file of fact-checks as rows.
pub struct Reader<R> {
    /// The documents that are not read to their ends yet: a page holds several.
    documents: VecDeque<Elements<R>>,
    /// What an element holds beyond the first: a feed's item can be a list.
    waiting: VecDeque<Row>,
    row: u64,
    failure: Option<io::Error>,
}

impl<R: BufRead> Reader<R> {
    /// The rows of a stream of JSON.
    pub fn new(stream: R) -> Self {
        Self::of([Elements::new(stream, 1)].into())
    }

    fn of(documents: VecDeque<Elements<R>>) -> Self {
        Self { documents, waiting: VecDeque::new(), row: 0, failure: None }
    }

    /// Why the stream could not be read to its end.
    pub fn failure(&mut self) -> Option<io::Error> {
        self.failure.take()
    }

    fn take(&mut self, element: Element) {
        let Element { line, bytes } = element;
        let read = bytes.and_then(|bytes| Ok((strict_json::read(&bytes)?, bytes)));
        let answers = match read {
            Ok((value, bytes)) => reviews(&value, &bytes),
            Err(problem) => vec![Err((problem, false))],
        };
        for answer in answers {
            self.row += 1;
            let row = self.row;
            self.waiting.push_back(match answer {
                Ok(draft) => Ok(Box::new(RowDraft { row, line, ..draft })),
                Err((problem, is_left_out)) => {
                    Err(RowProblem { row, line, problem, is_left_out, own_label: None })
                }
            });
        }
    }
}

impl<'p> Reader<&'p [u8]> {
    /// The rows of a page's scripts.
    pub fn of_page(scripts: &[Script<'p>]) -> Self {
        Self::of(scripts.iter().map(|script| Elements::new(script.text, script.line)).collect())
    }
}

impl<R: BufRead> Iterator for Reader<R> {
    type Item = Row;

    fn next(&mut self) -> Option<Row> {
        loop {
            if let Some(row) = self.waiting.pop_front() {
                return Some(row);
            }
            match self.documents.front_mut()?.next() {
                Some(Ok(element)) => self.take(element),
                Some(Err(error)) => {
                    self.failure = Some(error);
                    return None;
                }
                None => {
                    self.documents.pop_front();
                }
            }
        }
    }
}

/// A row, or why it does not go in, and whether it is passed over on purpose.
type Answer = Result<RowDraft, (Problem, bool)>;

/// Every review that an element holds, and what else it is.
fn reviews(value: &Value, bytes: &[u8]) -> Vec<Answer> {
    let mut found = Vec::new();
    unwrap(value, "", bytes, &mut found);
    found
}

/// Goes into what only wraps a review: an item of a feed or of a list.
fn unwrap(value: &Value, pointer: &str, bytes: &[u8], found: &mut Vec<Answer>) {
    match value {
        Value::Array(items) => {
            for (number, item) in items.iter().enumerate() {
                unwrap(item, &format!("{pointer}/{number}"), bytes, found);
            }
        }
        Value::Object(fields) if is_a(fields, "ClaimReview") => {
            let review = Review { fields, pointer, bytes };
            found.push(review.draft().map_err(|problem| (problem, false)));
        }
        Value::Object(fields) => match fields.get("item") {
            Some(item) if is_a(fields, "DataFeedItem") || is_a(fields, "ListItem") => {
                unwrap(item, &format!("{pointer}/item"), bytes, found);
            }
            _ => {
                let types = types(fields).join(", ");
                let what = match types.as_str() {
                    "" => "an object without a type, expected a ClaimReview".to_owned(),
                    types => format!("a {types}, expected a ClaimReview"),
                };
                found.push(Err((Problem::new(what), true)));
            }
        },
        _ => found.push(Err((Problem::new("no JSON object, expected a ClaimReview"), false))),
    }
}

/// The types of an object, without the vocabulary's name before them.
fn types(fields: &Map<String, Value>) -> Vec<&str> {
    let texts = match fields.get("@type") {
        Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).collect(),
        Some(Value::String(one)) => vec![one.as_str()],
        _ => Vec::new(),
    };
    texts.into_iter().map(|text| text.rsplit(['/', ':', '#']).next().unwrap_or(text)).collect()
}

fn is_a(fields: &Map<String, Value>, name: &str) -> bool {
    types(fields).contains(&name)
}

/// One `ClaimReview`, and where in its element it stands.
struct Review<'v> {
    fields: &'v Map<String, Value>,
    pointer: &'v str,
    bytes: &'v [u8],
}

/// Somebody whom a review names.
struct Named {
    name: String,
    kind: PartyKind,
    /// Addresses by which others know whom is meant.
    same_as: Vec<String>,
}

impl Review<'_> {
    fn draft(&self) -> Result<RowDraft, Problem> {
        let mut it = RowDraft::default();
        let words = self.words()?;
        let reviewer = self.reviewer()?;
        let reviewer_id = add_party(&mut it, &reviewer)?;
        let item = first_object(self.fields.get("itemReviewed"));
        let said_by = item.and_then(|item| named(item.get("author")));
        let speaker = match &said_by {
            Some(named) if !named.same_as.is_empty() => Who::Party(add_party(&mut it, named)?),
            Some(named) => Who::Unresolved(named.name.clone()),
            None => Who::Unresolved("(not named)".to_owned()),
        };
        let appearances = appearances(item, &mut it);
        let review = self.document(reviewer_id, &appearances, &mut it);
        let passage = self.passage(&words, &mut it);
        let said_at = item.and_then(|item| date(item.get("datePublished"), &mut it.notes));
        let claim = Claim {
            speaker: speaker.clone(),
            speaker_as_written: said_by.map(|named| named.name),
            role_as_written: None,
            act: Act::State,
            polarity: Polarity::Asserted,
            said_at,
            place: None,
            event: None,
            proposition: Proposition { text: words, lang: self.text("inLanguage"), modality: None },
            document: Some(review),
            passage,
            chain: vec![hop(speaker, appearances.first().copied())],
            about: Vec::new(),
        };
        let claim_label = label(&["claim"]);
        let record = Record::Claim(Box::new(claim));
        it.drafts.push(Draft::new(claim_label, record));
        match self.rating(&reviewer) {
            Some((value, basis)) => {
                let (by, scheme) = (Some(reviewer_id), self.scheme(&reviewer));
                let rating = Assessment { target: claim_label, by, scheme, value, basis };
                let record = Record::Assessment(rating);
                it.drafts.push(Draft::new(label(&["rating"]), record));
            }
            None => it.notes.push("no rating is given".to_owned()),
        }
        Ok(it)
    }

    fn text(&self, name: &str) -> Option<String> {
        text(self.fields.get(name))
    }

    /// The words of the claim. A rating of several claims would be nobody's of each.
    fn words(&self) -> Result<String, Problem> {
        if let Some(Value::Array(items)) = self.fields.get("claimReviewed")
            && items.len() > 1
        {
            let what = format!("`claimReviewed` is a list of {}, expected one claim", items.len());
            let hint = "each claim needs a ClaimReview of its own, with its rating";
            return Err(Problem::new(what).hint(hint));
        }
        let words = self.text("claimReviewed");
        words.ok_or_else(|| Problem::new("`claimReviewed` is missing, the words of the claim"))
    }

    /// Who reviewed: the author, or else the publisher. A rating by nobody would be the recorder's.
    fn reviewer(&self) -> Result<Named, Problem> {
        let author = named(self.fields.get("author")).or(named(self.fields.get("publisher")));
        author.ok_or_else(|| {
            Problem::new("neither `author` nor `publisher` has a name: nobody rates")
        })
    }

    /// The review itself; its capture is the markup, byte for byte.
    fn document(&self, publisher: Id, appearances: &[Id], it: &mut RowDraft) -> Id {
        let digest = Hash::of(self.bytes);
        let capture = Capture::of(digest, self.bytes.len() as u64, MEDIA_TYPE);
        it.captures.push(self.bytes.to_vec());
        if self.text("url").is_none() {
            it.notes.push("`url` is missing: the review's page is not named".to_owned());
        }
        let document = Document {
            title: self.text("headline").or_else(|| self.text("name")),
            publisher: Some(publisher),
            url: self.text("url"),
            language: self.text("inLanguage"),
            published: date(self.fields.get("datePublished"), &mut it.notes),
            cites: appearances.to_vec(),
            captures: vec![capture],
            ..Document::of(DocumentKind::Article)
        };
        let label = label(&["review"]);
        let record = Record::Document(document);
        it.drafts.push(Draft::new(label, record));
        label
    }

    /// The words of the claim in the captured markup.
    fn passage(&self, words: &str, it: &mut RowDraft) -> Option<Passage> {
        let pointer = Some(format!("{}/claimReviewed", self.pointer));
        let selector = Selector { pointer, ..Selector::quote(words) };
        let text = Profile::for_media_type(MEDIA_TYPE).and_then(|it| derive(it, self.bytes));
        let text = text.map_err(|error| it.notes.push(error.to_string())).ok()?;
        match anchor(&text, &selector) {
            Ok(segment) => Some(Passage {
                mode: Mode::Indirect,
                capture: Hash::of(self.bytes),
                profile: text.profile().name().to_owned(),
                segments: vec![segment],
                cue: None,
                translator: None,
            }),
            Err(unfound) => {
                it.notes.push(format!("the claim's words {} of the markup", unfound.what));
                None
            }
        }
    }

    /// The value of the rating in words, or else its number; and the scale as its basis.
    fn rating(&self, reviewer: &Named) -> Option<(String, Option<String>)> {
        let rating = first_object(self.fields.get("reviewRating"))?;
        let number = text(rating.get("ratingValue"));
        let words = text(rating.get("alternateName")).or_else(|| text(rating.get("name")));
        let value = words.or_else(|| number.clone())?;
        let scale = number.map(|number| {
            let [worst, best] = ["worstRating", "bestRating"].map(|name| text(rating.get(name)));
            match (worst, best) {
                (Some(worst), Some(best)) => {
                    format!("{}: {number}, from {worst} (worst) to {best} (best)", reviewer.name)
                }
                _ => format!("{}: {number}", reviewer.name),
            }
        });
        let explained = text(rating.get("ratingExplanation"));
        let basis: Vec<String> = scale.into_iter().chain(explained).collect();
        Some((value, (!basis.is_empty()).then(|| basis.join(". "))))
    }

    /// The reviewer's own scheme, named by the site that it rates on.
    fn scheme(&self, reviewer: &Named) -> String {
        let url = self.text("url").and_then(|url| Url::parse(&url).ok());
        let host = url.and_then(|url| url.host_str().map(str::to_owned));
        let host = host.map(|host| host.strip_prefix("www.").unwrap_or(&host).to_owned());
        host.or_else(|| key_of(&reviewer.name)).unwrap_or_else(|| "claimreview".to_owned())
    }
}

/// The places where the claim was made, as documents.
fn appearances(item: Option<&Map<String, Value>>, it: &mut RowDraft) -> Vec<Id> {
    let Some(item) = item else { return Vec::new() };
    let mut urls = Vec::new();
    for name in ["firstAppearance", "appearance", "url"] {
        urls_of(item.get(name), &mut urls);
    }
    urls.truncate(MAX_APPEARANCES);
    let mut ids = Vec::new();
    for url in urls {
        let kind = match clock::in_url(&url) {
            Some(_) => DocumentKind::Post,
            None => DocumentKind::Article,
        };
        let document = Document { url: Some(url.clone()), ..Document::of(kind) };
        let record = Record::Document(document);
        if let Err(error) = record.check() {
            it.notes.push(format!("an appearance is left out: {error}"));
            continue;
        }
        let label = label(&["appearance", &url]);
        it.drafts.push(Draft::new(label, record));
        ids.push(label);
    }
    ids
}

/// The step from the review to where the claim was made.
fn hop(by: Who, document: Option<Id>) -> Hop {
    let reason = "the review names no place where the claim was made";
    let (basis, unreachable) = match document {
        Some(_) => (HopBasis::Link, None),
        None => (HopBasis::NamedSource, Some(reason.to_owned())),
    };
    Hop {
        by,
        kind: None,
        document,
        passage: None,
        cue: None,
        relation: HopRelation::Paraphrases,
        basis,
        reported_at: None,
        modality: None,
        unreachable,
    }
}

/// Adds a party, unless the row has it already.
fn add_party(it: &mut RowDraft, named: &Named) -> Result<Id, Problem> {
    let key = key_of(&named.name).ok_or_else(|| {
        Problem::new(format!("{:?} holds no letter of which a key could be made", named.name))
    })?;
    let label = party_label(&key);
    if it.drafts.iter().any(|draft| draft.label == label) {
        return Ok(label);
    }
    let wikidata = named.same_as.iter().filter_map(|url| {
        let value = url.rsplit_once("wikidata.org/")?.1.rsplit('/').next()?;
        let id = Identifier { scheme: "wikidata".to_owned(), value: value.to_owned() };
        (id.check().truth == Truth::Holds).then_some(id)
    });
    let record = Record::Party(Party {
        key,
        kind: named.kind,
        names: vec![Name { text: named.name.clone(), lang: None, kind: None }],
        ids: wikidata.take(1).collect(),
        part_of: Vec::new(),
        roles: Vec::new(),
        anonymity: None,
    });
    it.drafts.push(Draft::fallback(label, record));
    Ok(label)
}

/// The first of several, or the one, if it has a name.
fn named(value: Option<&Value>) -> Option<Named> {
    let fields = match value? {
        Value::String(name) => {
            let name = line(name)?;
            return Some(Named { name, kind: PartyKind::Organisation, same_as: Vec::new() });
        }
        other => first_object(Some(other))?,
    };
    let name = text(fields.get("name"))?;
    let kind = if is_a(fields, "Person") {
        PartyKind::Person
    } else if is_a(fields, "NewsMediaOrganization") {
        PartyKind::Outlet
    } else {
        PartyKind::Organisation
    };
    let mut same_as = Vec::new();
    urls_of(fields.get("sameAs"), &mut same_as);
    urls_of(fields.get("url"), &mut same_as);
    Some(Named { name, kind, same_as })
}

fn first_object(value: Option<&Value>) -> Option<&Map<String, Value>> {
    match value? {
        Value::Object(fields) => Some(fields),
        Value::Array(items) => items.iter().find_map(Value::as_object),
        _ => None,
    }
}

/// A text on one line, or a number as it is written; `None` if it is blank.
fn text(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::String(text) => line(text),
        Value::Number(number) => Some(number.to_string()),
        Value::Array(items) => text(items.first()),
        _ => None,
    }
}

fn line(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// Every URL of a value: a text, an object's `url` or `@id`, or a list of such.
fn urls_of(value: Option<&Value>, urls: &mut Vec<String>) {
    match value {
        Some(Value::String(url)) => {
            let url = url.trim().to_owned();
            if Url::parse(&url).is_ok_and(|it| it.has_host()) && !urls.contains(&url) {
                urls.push(url);
            }
        }
        Some(Value::Object(fields)) => {
            let address = fields.get("url").or_else(|| fields.get("@id"));
            urls_of(address.filter(|it| it.is_string()), urls);
        }
        Some(Value::Array(items)) => items.iter().for_each(|item| urls_of(Some(item), urls)),
        _ => {}
    }
}

/// A date of ISO 8601 as EDTF; one that is none is noted.
fn date(value: Option<&Value>, notes: &mut Vec<String>) -> Option<Date> {
    let written = text(value)?;
    // EDTF knows no fractions of a second.
    let (whole, zone) = match written.split_once('.') {
        Some((whole, rest)) => (whole, rest.trim_start_matches(|it: char| it.is_ascii_digit())),
        None => (written.as_str(), ""),
    };
    let edtf = format!("{whole}{zone}");
    let date = match Date::new(&edtf, None, Basis::Stated) {
        Err(DateError::NotCanonical { canonical, .. }) => {
            Date::new(&canonical, None, Basis::Stated)
        }
        date => date,
    };
    date.map_err(|error| notes.push(format!("a date is left out: {error}"))).ok()
}
