//! The state of a composition: what the keys of the file have become, the texts of its captures,
//! and what was found wrong so far.
//!
//! A key whose record was refused is known as such: what refers to it is left out in silence,
//! because its own fault has been noted.

use std::collections::HashMap;
use std::rc::Rc;

use crate::attribution::id::Id;
use crate::attribution::record::Record;
use crate::attribution::record::claim::Who;
use crate::attribution::record::document::Capture;
use crate::claimfile::brought::Brought;
use crate::claimfile::draft::{Section, WhoDraft, Written, is_url};
use crate::claimfile::fault::{Fault, Place, did_you_mean};
use crate::evidence::capture::{self, Check, Expected};
use crate::evidence::text::{Profile, Text, derive};
use crate::hash::Hash;
use crate::ledger::batch::{self, Added, Batch};
use crate::store::disk::Disk;

/// Bytes that a composition asks its caller for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted<'w> {
    /// A file, named as in the claim file; relative to it, where it is not absolute.
    File(&'w str),
    /// A page of the web, by its URL as it is written in the claim file.
    Page(&'w str),
    /// A capture that the ledger holds already.
    Kept(Hash),
}

/// What became of one section: a line of the report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The kind of record.
    pub kind: &'static str,
    /// Its key, or its words.
    pub words: String,
    /// Its id and entry, and whether it is new.
    pub added: Added,
    /// What its recorder should look at again; none of it kept the record out.
    pub warnings: Vec<String>,
}

/// Which section is being composed, for faults.
#[derive(Debug, Clone, Copy)]
pub(crate) struct At<'s> {
    place: Option<Place>,
    label: &'s str,
}

impl<T> Section<T> {
    pub(crate) fn at(&self) -> At<'_> {
        At { place: self.place, label: &self.label }
    }
}

/// A document and its captures; the names of their files as far as this claim file gives them.
#[derive(Debug, Clone)]
pub(crate) struct Held {
    pub(crate) id: Id,
    pub(crate) name: String,
    pub(crate) captures: Vec<(Option<String>, Capture)>,
}

/// A text, or why there is none.
type Derived = Rc<Result<Text, String>>;

/// The caller's way to bytes; an error in words.
pub(crate) type Read<'r> = dyn FnMut(Wanted<'_>) -> Result<Brought, String> + 'r;

/// Records on their way from a claim file into a batch.
pub(crate) struct Composition<'c, 'l, D: Disk> {
    batch: &'c mut Batch<'l, D>,
    read: &'c mut Read<'c>,
    /// What the keys of this file have become; `None` if their record was refused.
    pub(crate) parties: HashMap<String, Option<Id>>,
    pub(crate) channels: HashMap<String, Option<Id>>,
    pub(crate) documents: HashMap<String, Option<Held>>,
    pub(crate) claims: HashMap<String, Option<Id>>,
    texts: HashMap<(Hash, String), Derived>,
    rows: Vec<Row>,
    faults: Vec<Fault>,
    broken: Option<batch::Error>,
}

/// What a composition ends with.
pub(crate) struct Ended {
    pub(crate) rows: Vec<Row>,
    pub(crate) faults: Vec<Fault>,
    /// The first error that no claim file could have avoided.
    pub(crate) broken: Option<batch::Error>,
}

impl<'c, 'l, D: Disk> Composition<'c, 'l, D> {
    pub(crate) fn new(batch: &'c mut Batch<'l, D>, read: &'c mut Read<'c>) -> Self {
        Self {
            batch,
            read,
            parties: HashMap::new(),
            channels: HashMap::new(),
            documents: HashMap::new(),
            claims: HashMap::new(),
            texts: HashMap::new(),
            rows: Vec::new(),
            faults: Vec::new(),
            broken: None,
        }
    }

    pub(crate) fn end(self) -> Ended {
        Ended { rows: self.rows, faults: self.faults, broken: self.broken }
    }

    /// Adds a record and its line of the report.
    pub(crate) fn add(
        &mut self,
        at: At<'_>,
        record: &Record,
        words: &str,
        warnings: Vec<String>,
    ) -> Option<Id> {
        let added = self.take(at, None, |batch| batch.add(record))?;
        self.rows.push(Row { kind: record.kind(), words: words.to_owned(), added, warnings });
        Some(added.id)
    }

    /// Notes a fault at the words that are refused, or else at their section.
    pub(crate) fn fault(
        &mut self,
        at: At<'_>,
        place: Option<Place>,
        what: impl Into<String>,
        hint: Option<String>,
    ) {
        let (place, section) = (place.or(at.place), Some(at.label.to_owned()));
        self.faults.push(Fault { place, section, what: what.into(), hint });
    }

    /// The party with this key: of this file, or else of the ledger.
    pub(crate) fn party(&mut self, at: At<'_>, key: &Written) -> Option<Id> {
        if let Some(known) = self.parties.get(&key.text) {
            return *known;
        }
        let found = self.take(at, key.place, |batch| batch.party(&key.text))?;
        if found.is_none() {
            let hint = "add a [[party]] with this key; a speaker whom nobody has resolved is \
                        written { unresolved = \"…\" }";
            self.unknown_key(at, "party", key, hint);
        }
        found
    }

    /// The channel with this key: of this file, or else of the ledger.
    pub(crate) fn channel(&mut self, at: At<'_>, key: &Written) -> Option<Id> {
        if let Some(known) = self.channels.get(&key.text) {
            return *known;
        }
        let found = self.take(at, key.place, |batch| batch.channel(&key.text))?;
        if found.is_none() {
            self.unknown_key(at, "channel", key, "add a [[channel]] with this key");
        }
        found
    }

    /// The document with this key in this file, or else with this id prefix.
    pub(crate) fn document(&mut self, at: At<'_>, name: &Written) -> Option<Held> {
        if let Some(known) = self.documents.get(&name.text) {
            return known.clone();
        }
        let id = self.earlier(at, "document", name)?;
        let Some(document) = self.take(at, name.place, |batch| batch.document(id))? else {
            let what = format!("{:?} is the id of something else, expected a document", name.text);
            self.fault(at, name.place, what, None);
            return None;
        };
        self.refuse_withheld(at, name.place, id)?;
        let captures = document.captures.into_iter().map(|capture| (None, capture)).collect();
        Some(Held { id, name: name.text.clone(), captures })
    }

    /// Nothing new is hung on a document that is withheld, and its bytes are not put back.
    pub(crate) fn refuse_withheld(
        &mut self,
        at: At<'_>,
        place: Option<Place>,
        id: Id,
    ) -> Option<()> {
        let by = self.take(at, place, |batch| batch.withheld_by(id))?;
        if let Some(entry) = by {
            let what = format!("the document {} is withheld, as entry {entry} says", id.short());
            self.fault(at, place, what, None);
            return None;
        }
        Some(())
    }

    /// The claim with this key in this file, or else the statement with this id prefix.
    pub(crate) fn claim(&mut self, at: At<'_>, name: &Written) -> Option<Id> {
        if let Some(known) = self.claims.get(&name.text) {
            return *known;
        }
        self.earlier(at, "claim", name)
    }

    /// The claim or document with this key in this file, or else the statement with this prefix.
    pub(crate) fn target(&mut self, at: At<'_>, name: &Written) -> Option<Id> {
        let claim = self.claims.get(&name.text).copied();
        let document = self.documents.get(&name.text).map(|it| it.as_ref().map(|held| held.id));
        match (claim, document) {
            (Some(_), Some(_)) => {
                let what = format!("both a claim and a document have the key {:?}", name.text);
                self.fault(at, name.place, what, Some("give one of them another key".to_owned()));
                None
            }
            (Some(known), None) | (None, Some(known)) => known,
            (None, None) => self.earlier(at, "claim or document", name),
        }
    }

    /// A party, or the name that nobody has resolved.
    pub(crate) fn who(&mut self, at: At<'_>, who: &WhoDraft) -> Option<Who> {
        match who {
            WhoDraft::Party(key) => self.party(at, key).map(Who::Party),
            WhoDraft::Unresolved(name) => Some(Who::Unresolved(name.clone())),
        }
    }

    /// Every one of several things, or nothing if one is refused; all faults are noted.
    pub(crate) fn each<T, U>(
        &mut self,
        items: &[T],
        mut resolve: impl FnMut(&mut Self, &T) -> Option<U>,
    ) -> Option<Vec<U>> {
        let resolved: Vec<Option<U>> = items.iter().map(|item| resolve(self, item)).collect();
        resolved.into_iter().collect()
    }

    /// What may be absent: `Some(None)` if it is, `None` if it is refused.
    #[expect(clippy::option_option, reason = "absent and refused are two things")]
    pub(crate) fn perhaps<T, U>(
        &mut self,
        item: Option<&T>,
        resolve: impl FnOnce(&mut Self, &T) -> Option<U>,
    ) -> Option<Option<U>> {
        match item {
            None => Some(None),
            Some(item) => resolve(self, item).map(Some),
        }
    }

    /// The bytes of a file or a page, noted as a fault where there are none.
    pub(crate) fn file(&mut self, at: At<'_>, file: &Written) -> Option<Brought> {
        let name = &file.text;
        let (wanted, kind, verb) = if is_url(name) {
            (Wanted::Page(name), "page", "fetched")
        } else {
            (Wanted::File(name), "file", "read")
        };
        let what = match (self.read)(wanted) {
            Ok(brought) => match unfit(&brought.bytes) {
                None => return Some(brought),
                Some(why) => format!("the {kind} {name:?} {why}"),
            },
            Err(error) => format!("the {kind} {name:?} cannot be {verb}: {error}"),
        };
        self.fault(at, file.place, what, None);
        None
    }

    /// Keeps the bytes of a capture with the batch, and their text for passages.
    pub(crate) fn keep(&mut self, media_type: &str, bytes: Vec<u8>) -> Hash {
        let text = Rc::new(text_of(media_type, &bytes));
        let digest = self.batch.keep(bytes);
        self.texts.insert((digest, media_type.to_owned()), text);
        digest
    }

    /// Every capture of a document: its own, and those that came later.
    pub(crate) fn all_captures(&mut self, at: At<'_>, held: &Held) -> Vec<Capture> {
        let later = self.take(at, None, |batch| batch.later_captures(held.id));
        let own = held.captures.iter().map(|(_, capture)| capture.clone());
        own.chain(later.unwrap_or_default()).collect()
    }

    /// The text of a capture, whose bytes the ledger holds if this file did not bring them.
    pub(crate) fn text(&mut self, capture: &Capture) -> Derived {
        let key = (capture.digest, capture.media_type.clone());
        if let Some(text) = self.texts.get(&key) {
            return Rc::clone(text);
        }
        let expected = Expected { digest: capture.digest, size: capture.size };
        let text =
            (self.read)(Wanted::Kept(capture.digest)).and_then(|Brought { bytes, .. }| {
                match capture::check(&bytes, &expected) {
                    Check::Holds => text_of(&capture.media_type, &bytes),
                    Check::Fails(difference) => Err(difference.to_string()),
                }
            });
        let text = Rc::new(text);
        self.texts.insert(key, Rc::clone(&text));
        text
    }

    /// What stands in the ledger under an id prefix; `kind` is what was looked for in this file.
    fn earlier(&mut self, at: At<'_>, kind: &str, name: &Written) -> Option<Id> {
        let what = match self.batch.find(&name.text) {
            Ok(id) => return Some(id),
            Err(batch::Error::NotAnId(_)) => "and it is no id",
            Err(batch::Error::NotFound(_)) => "and no id begins so",
            Err(error) => {
                self.refused(at, name.place, error);
                return None;
            }
        };
        let claims = self.claims.keys().filter(|_| kind != "document");
        let documents = self.documents.keys().filter(|_| kind != "claim");
        let near = did_you_mean(&name.text, claims.chain(documents).map(String::as_str));
        let near = if near.is_empty() { format!(", {what}") } else { near };
        let what = format!("no {kind} of this file has the key {:?}{near}", name.text);
        self.fault(at, name.place, what, None);
        None
    }

    fn unknown_key(&mut self, at: At<'_>, kind: &'static str, key: &Written, hint: &str) {
        let Some(mut keys) = self.take(at, key.place, |batch| batch.keys(kind)) else { return };
        let own = if kind == "party" { &self.parties } else { &self.channels };
        keys.extend(own.keys().cloned());
        keys.sort();
        let near = did_you_mean(&key.text, keys.iter().map(String::as_str));
        let what = format!("no {kind} has the key {:?}{near}", key.text);
        self.fault(at, key.place, what, near.is_empty().then(|| hint.to_owned()));
    }

    fn take<T>(
        &mut self,
        at: At<'_>,
        place: Option<Place>,
        ask: impl FnOnce(&mut Batch<'l, D>) -> Result<T, batch::Error>,
    ) -> Option<T> {
        match ask(self.batch) {
            Ok(value) => Some(value),
            Err(error) => {
                self.refused(at, place, error);
                None
            }
        }
    }

    /// The ledger's own failures are not the claim file's faults.
    fn refused(&mut self, at: At<'_>, place: Option<Place>, error: batch::Error) {
        if let batch::Error::Ledger(_) = error {
            self.broken.get_or_insert(error);
        } else {
            self.fault(at, place, error.to_string(), None);
        }
    }
}

/// Why bytes cannot be a capture.
fn unfit(bytes: &[u8]) -> Option<String> {
    let (size, limit) = (bytes.len(), capture::MAX_CAPTURE);
    if bytes.is_empty() {
        return Some("is empty".to_owned());
    }
    if size as u64 > limit {
        return Some(format!("has {size} bytes, expected at most {limit}"));
    }
    let secret = "holds a secret key, and captures are published";
    holds_secret_key(bytes).then(|| secret.to_owned())
}

/// Whether a file holds a secret key: PEM (RFC 7468), OpenPGP, minisign, age, `PuTTY` or Nostr. Claim
/// files go from hand to hand, and one that names such a file would publish it.
fn holds_secret_key(bytes: &[u8]) -> bool {
    const BEGINNINGS: [&str; 6] = [
        "untrusted comment: minisign encrypted secret key",
        "untrusted comment: minisign secret key",
        "untrusted comment: rsign encrypted secret key",
        "AGE-SECRET-KEY-1",
        "PuTTY-User-Key-File-",
        "nsec1",
    ];
    let text = String::from_utf8_lossy(bytes);
    text.lines().map(str::trim).any(|line| {
        let is_pem = line.starts_with("-----BEGIN ")
            && (line.ends_with("PRIVATE KEY-----") || line.ends_with("PRIVATE KEY BLOCK-----"));
        is_pem || BEGINNINGS.iter().any(|beginning| line.starts_with(beginning))
    })
}

fn text_of(media_type: &str, bytes: &[u8]) -> Result<Text, String> {
    let profile = Profile::for_capture(media_type, bytes).map_err(|error| error.to_string())?;
    derive(profile, bytes).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::holds_secret_key;

    #[test]
    fn secret_keys_of_every_program_that_people_sign_with_are_known() {
        for secret in [
            "-----BEGIN PRIVATE KEY-----\nAAAA\n",
            "  -----BEGIN OPENSSH PRIVATE KEY-----",
            "-----BEGIN PGP PRIVATE KEY BLOCK-----\r\n",
            "untrusted comment: minisign encrypted secret key\nRWRT",
            "# created: 2024\nAGE-SECRET-KEY-1QQQ",
            "PuTTY-User-Key-File-3: ssh-ed25519",
            "nsec1vl029mgpspedva04g90vltkh6fvh240zqtv9k0t9af8935ke9laqsnlfe5",
        ] {
            assert!(holds_secret_key(secret.as_bytes()), "{secret}");
            let late = format!("{}\n{secret}", "words ".repeat(2_000));
            assert!(holds_secret_key(late.as_bytes()), "{secret}");
        }
        for public in [
            "-----BEGIN PUBLIC KEY-----",
            "-----BEGIN PGP PUBLIC KEY BLOCK-----",
            "untrusted comment: minisign public key\nRWQ",
            "He said that a PRIVATE KEY----- was found.",
            "npub180cvv07tjdrrgpa0j7j7tmnyl2yr6yr7l8j4s3evf6u64th6gkwsyjh6w6",
        ] {
            assert!(!holds_secret_key(public.as_bytes()), "{public}");
        }
    }
}
