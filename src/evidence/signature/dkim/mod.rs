//! DKIM: the signature that a mail server puts on the messages of its domain (RFC 6376, with
//! RFC 8301 and RFC 8463), checked from the captured message and captured DNS records alone.
//!
//! ```text
//! DKIM-Signature: v=1; a=…; c=…; d=<domain>; s=<key>; h=<fields>; bh=<hash of body>; b=<signature>
//! ```
//!
//! In this order: the message comes apart in one way · the field keeps the standard's rules · the
//! body has the hash · the key is at hand and serves · it signed the fields · the end is not past.
//! The first that fails is the answer. What text the body holds is left to
//! [`crate::evidence::email`]; whether a domain was somebody's, to dated records of control.

pub mod tags;
pub mod canon;
pub mod published;
pub mod proof;
pub mod dns;
pub mod author;

use std::borrow::Cow;
use std::collections::BTreeMap;

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use crate::evidence::message::{self, Field, Halves, LineEnd};
use crate::evidence::signature::checked::{Checked, Coverage, Signer, State};
use crate::evidence::signature::dkim::proof::{Proof, is_at_or_below};
use crate::evidence::signature::dkim::published::Published;

/// What a valid signature shows.
pub const PROVES: &str = "Whoever held the domain's private key signed the body of this message \
    and the header fields named, as they stand here. One changed letter would be found. The key \
    is the one in the captured DNS record.";

/// What it leaves open.
pub const DOES_NOT_PROVE: &str = "A domain signed, not a person: its mail server signs for \
    everybody who may send through it, and for whoever broke into it. It does not say that the \
    words are true, that the message was sent to anybody, or that the domain was somebody's: a \
    dated record of control does that. The DNS record is as good as its capture: nothing in it \
    is signed. Domains change their keys and some publish old private keys, so that anybody can \
    then make such a signature for any date. The time in it is the signer's own word. So it \
    matters when message and key were captured: a trusted time stamp from before the key was \
    given up shows that the message is older.";

/// The platform under which domains that sign mail are recorded.
pub const PLATFORM: &str = "mail";

/// The most signatures that are checked in one message. Three are common; each means hashing the
/// body again.
pub const MAX_SIGNATURES: usize = 8;

/// The most captured DNS answers that are looked at.
pub const MAX_RECORDS: usize = 32;

/// Which state is reported first when no signature is valid: an open question before a failure,
/// because the signature whose key is not at hand may be right; then what says most.
const ORDER: [State; 8] = [
    State::Valid,
    State::Missing,
    State::Unsupported,
    State::Expired,
    State::Revoked,
    State::OtherKey,
    State::Altered,
    State::Malformed,
];

/// The fields that decide how a body is read (RFC 2045, RFC 2183). All but the last are expected.
const READING_FIELDS: [&str; 4] =
    ["Content-Type", "Content-Transfer-Encoding", "MIME-Version", "Content-Disposition"];

/// The fields that a reader takes for part of the message.
const SHOWN_FIELDS: [&str; 3] = ["Subject", "Date", "To"];

/// A captured DNS answer: see [`dns`] for the forms that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record<'a> {
    /// Its bytes.
    pub bytes: &'a [u8],
}

/// Checks the signatures of a message and answers for the best one; the others are named in its
/// limits.
///
/// Best is: a valid one before all others; the one whose domain is that of the address in From, or
/// stands above it, before a stranger's; then by state: a missing key or an unsupported sort,
/// expired, revoked, other key, altered, malformed; then one that covers the whole body.
///
/// `at` is the time at which it should hold, in seconds since 1970, if that is known.
pub fn check(message: &[u8], records: &[Record<'_>], at: Option<i64>) -> Checked {
    let mut all = judge(message, records, at);
    let rank = |judged: &Judged| {
        let place = ORDER.iter().position(|state| *state == judged.checked.state);
        let is_partly = judged.checked.coverage != Coverage::Whole;
        (judged.checked.state != State::Valid, !judged.is_authors, place, is_partly)
    };
    let best = (0..all.len()).min_by_key(|index| rank(&all[*index])).unwrap_or_default();
    let mut answer = all.remove(best).checked;
    for other in all {
        let checked = other.checked;
        let by = checked.signer.map_or("an unknown domain".to_owned(), |signer| signer.id);
        let state = checked.state.name();
        answer.limits.push(format!("another signature, by {by}: {state}: {}", checked.fact));
    }
    answer
}

/// Checks each signature of a message by itself, from top to bottom; at least one answer.
pub fn check_each(message: &[u8], records: &[Record<'_>], at: Option<i64>) -> Vec<Checked> {
    judge(message, records, at).into_iter().map(|judged| judged.checked).collect()
}

/// An answer, and whether the signer's domain is that of the author's address.
struct Judged {
    checked: Checked,
    is_authors: bool,
}

impl Judged {
    fn not(state: State, fact: impl Into<String>) -> Self {
        Self { checked: Checked::not(state, fact), is_authors: false }
    }
}

/// What all signatures of a message are checked against.
struct Case<'a> {
    halves: Halves<'a>,
    /// The domain of the address in From, if it has one.
    author: Option<String>,
    entries: Vec<dns::Entry>,
    /// What is to be said of every signature.
    limits: Vec<String>,
    at: Option<i64>,
}

fn judge(message: &[u8], records: &[Record<'_>], at: Option<i64>) -> Vec<Judged> {
    let malformed = |fact: String| vec![Judged::not(State::Malformed, fact)];
    let line_end = match message::line_end(message) {
        Ok(line_end) => line_end,
        Err(error) => return malformed(error.to_string()),
    };
    let mut limits = Vec::new();
    let bytes = match line_end {
        LineEnd::CrLf => Cow::Borrowed(message),
        LineEnd::Lf => {
            limits.push(
                "the message was saved with lines that end in LF; it was checked with CR LF, in \
                 which mail is sent"
                    .to_owned(),
            );
            Cow::Owned(with_crlf(message))
        }
    };
    let halves = match message::split(&bytes) {
        Ok(halves) => halves,
        Err(error) => return malformed(error.to_string()),
    };
    let authors: Vec<_> = halves.named("From").collect();
    let [author] = authors[..] else {
        let count = authors.len();
        return malformed(format!("the message has {count} From fields, and must have one"));
    };
    let author = author.unfolded().and_then(|from| author::domain(&from));
    let entries = read_records(records, &mut limits);
    let count = halves.named("DKIM-Signature").count();
    if count == 0 {
        return vec![Judged::not(State::Missing, "the message has no DKIM signature")];
    }
    if count > MAX_SIGNATURES {
        limits.push(format!("of {count} signatures, only the first {MAX_SIGNATURES} were checked"));
    }
    let case = Case { halves, author, entries, limits, at };
    let places = (0..case.halves.fields.len())
        .filter(|index| case.halves.fields[*index].is("DKIM-Signature"));
    let answers = places.take(MAX_SIGNATURES).map(|place| {
        let mut judged = case.judge_one(place);
        judged.checked.limits.extend(case.limits.iter().cloned());
        judged
    });
    answers.collect()
}

fn with_crlf(message: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(message.len() + message.len() / 16);
    for &byte in message {
        if byte == b'\n' {
            bytes.push(b'\r');
        }
        bytes.push(byte);
    }
    bytes
}

fn read_records(records: &[Record<'_>], limits: &mut Vec<String>) -> Vec<dns::Entry> {
    let mut entries = Vec::new();
    if records.len() > MAX_RECORDS {
        limits.push(format!("only the first {MAX_RECORDS} captured DNS answers were looked at"));
    }
    for (number, record) in (1..).zip(records.iter().take(MAX_RECORDS)) {
        match dns::read(record.bytes) {
            Ok(found) => entries.extend(found),
            Err(error) => limits.push(format!("captured DNS answer {number} {error}")),
        }
    }
    entries
}

impl Case<'_> {
    fn judge_one(&self, place: usize) -> Judged {
        let field = self.halves.fields[place];
        let Ok(value) = std::str::from_utf8(field.value) else {
            return Judged::not(State::Malformed, "the signature field is not utf-8");
        };
        let proof = match Proof::parse(value) {
            Ok(proof) => proof,
            Err((state, fact)) => {
                return Judged::not(state, format!("the signature cannot count: {fact}"));
            }
        };
        let is_authors =
            self.author.as_deref().is_some_and(|author| is_at_or_below(author, &proof.domain));
        let mut checked = self.answer(place, &proof);
        checked.signer = Some(Signer { platform: PLATFORM, id: proof.domain.clone() });
        checked.signed_at = proof.signed_at;
        if !is_authors {
            checked.limits.push(match &self.author {
                Some(author) => format!(
                    "{} signed, which is not the domain of the address in From ({author}): a \
                     service's signature, not the author's",
                    proof.domain
                ),
                None => "the address in From is not written in a plain way: whether its domain \
                         signed is not known"
                    .to_owned(),
            });
        }
        Judged { checked, is_authors }
    }

    /// The checks in their order, from the body on.
    fn answer(&self, place: usize, proof: &Proof) -> Checked {
        let body = proof.body_canon.body(self.halves.body);
        let size = body.len() as u64;
        let length = proof.length.unwrap_or(size);
        let Some(signed_body) = usize::try_from(length).ok().and_then(|end| body.get(..end)) else {
            let fact = format!("the signature covers {length} bytes of a body that has {size}");
            return Checked::not(State::Altered, fact);
        };
        if Sha256::digest(signed_body).as_slice() != proof.body_hash {
            let fact = "the body is not the one that was signed: its hash differs";
            return Checked::not(State::Altered, fact);
        }
        let digest: [u8; 32] = Sha256::digest(self.signed_bytes(place, proof)).into();
        let (key, mut limits) = match self.find_key(proof, &digest) {
            Ok(found) => found,
            Err((state, fact)) => return Checked::not(state, fact),
        };
        limits.extend(key_limits(&key));
        limits.extend(self.time_limits(proof));
        if proof.length.is_some_and(|length| length == size) {
            limits.push(
                "the signature would allow that words are added below (`l=`); none were".to_owned(),
            );
        }
        limits.extend(self.field_limits(proof));
        let (state, fact) = match (proof.expires_at, self.at) {
            (Some(ends), Some(at)) if at > ends => {
                let ends = moment(ends);
                (State::Expired, format!("the signature is right, and held only until {ends}"))
            }
            _ => (State::Valid, self.fact(proof)),
        };
        let coverage = self.coverage(proof, size - length);
        Checked { state, fact, signer: None, coverage, signed_at: None, limits }
    }

    /// What was signed (section 3.7): the named fields, each name from the bottom up, and the
    /// signature field itself without its signature.
    fn signed_bytes(&self, place: usize, proof: &Proof) -> Vec<u8> {
        let mut left: BTreeMap<String, Vec<&Field<'_>>> = BTreeMap::new();
        for (index, field) in self.halves.fields.iter().enumerate() {
            if index != place {
                left.entry(field.name.to_ascii_lowercase()).or_default().push(field);
            }
        }
        let mut bytes = Vec::new();
        for name in &proof.names {
            // A field that is not there is signed as nothing: it cannot be added later.
            if let Some(field) = left.get_mut(name).and_then(Vec::pop) {
                proof.field_canon.write_field(field.raw, &mut bytes);
                bytes.extend_from_slice(b"\r\n");
            }
        }
        let own = self.halves.fields[place];
        let value_at = own.raw.len() - own.value.len();
        let span = &proof.signature_span;
        let emptied = [&own.raw[..value_at + span.start], &own.raw[value_at + span.end..]].concat();
        proof.field_canon.write_field(&emptied, &mut bytes);
        bytes
    }

    /// The key that made the signature, and what is to be said of the keys at hand; the answer if
    /// there is none.
    fn find_key(
        &self,
        proof: &Proof,
        digest: &[u8; 32],
    ) -> Result<(Published, Vec<String>), (State, String)> {
        let name = proof.key_name();
        let mut nos: Vec<(State, String)> = Vec::new();
        let mut found: Option<(Published, bool)> = None;
        for (text, says_its_name) in dns::texts_at(&name, &self.entries) {
            let tried = Published::parse(text, proof.algorithm).and_then(|key| {
                if !key.verifies(digest, &proof.signature) {
                    let fact = "the body is the one that was signed, but the key at hand did not \
                                sign these header fields: it was changed since, or they were";
                    Err((State::OtherKey, fact.to_owned()))
                } else if key.is_strict && proof.identity_domain != proof.domain {
                    let fact = "the key may sign for its domain only (`t=s`), and `i=` is below it";
                    Err((State::Malformed, fact.to_owned()))
                } else {
                    Ok(key)
                }
            });
            match tried {
                // A record that says its name is worth more than one that does not.
                Ok(key) if says_its_name || found.is_none() => found = Some((key, says_its_name)),
                Ok(_) => {}
                Err((state, mut fact)) => {
                    if !says_its_name {
                        fact.push_str("; the captured record does not say where it stood");
                    }
                    nos.push((state, fact));
                }
            }
        }
        let Some((key, says_its_name)) = found else {
            let place = |no: &(State, String)| ORDER.iter().position(|state| *state == no.0);
            let best = nos.into_iter().min_by_key(place);
            return Err(best.unwrap_or_else(|| {
                (State::Missing, format!("no DNS record of {name} is at hand"))
            }));
        };
        let mut limits = Vec::new();
        if !says_its_name {
            limits.push(format!(
                "the captured key does not say where it stood: that it was {name} rests on the \
                 account of its capture"
            ));
        }
        if nos.iter().any(|no| no.0 == State::Revoked) {
            limits.push("another captured record says that the key was withdrawn".to_owned());
        }
        if nos.iter().any(|no| no.0 == State::OtherKey) {
            limits.push("another captured record has another key under this name".to_owned());
        }
        Ok((key, limits))
    }

    fn fact(&self, proof: &Proof) -> String {
        let mut names: Vec<&str> = Vec::new();
        let mut absent: Vec<&str> = Vec::new();
        for name in &proof.names {
            let list = if self.present(name) == 0 { &mut absent } else { &mut names };
            if !list.contains(&name.as_str()) {
                list.push(name);
            }
        }
        let more = |name: &&str| proof.signed(name) > self.present(name);
        let closed: Vec<&str> = names.iter().copied().filter(more).chain(absent).collect();
        let mut fact = format!(
            "the key {} of {} signed the body and {}",
            proof.selector,
            proof.domain,
            names.join(", ")
        );
        if !closed.is_empty() {
            fact.push_str("; it says that there is no further ");
            fact.push_str(&closed.join(", "));
        }
        fact
    }

    /// How many fields of this name the message has.
    fn present(&self, name: &str) -> usize {
        self.halves.named(name).count()
    }

    fn coverage(&self, proof: &Proof, unsigned_bytes: u64) -> Coverage {
        let mut left_out = Vec::new();
        if unsigned_bytes > 0 {
            left_out.push(format!("the last {unsigned_bytes} bytes of the body (`l=`)"));
        }
        let is_open = |name: &&str| self.present(name) > proof.signed(name);
        let open: Vec<&str> = READING_FIELDS.into_iter().filter(is_open).collect();
        if !open.is_empty() {
            let open = open.join(", ");
            left_out.push(format!("{open}, by which it is decided how the body is read"));
        }
        // Without it an attachment reads as words of the body.
        if self.gone(proof).contains(&"Content-Type") && self.reads_like_parts() {
            let what = "Content-Type, which the message lacks and may have had: the body looks so";
            left_out.push(what.to_owned());
        }
        if left_out.is_empty() { Coverage::Whole } else { Coverage::Partly(left_out.join("; ")) }
    }

    /// The fields that decide how a body is read, and that the message lacks without the signature
    /// saying that it had none: somebody may have taken them away.
    fn gone(&self, proof: &Proof) -> Vec<&'static str> {
        let is_gone = |name: &&str| self.present(name) == 0 && proof.signed(name) == 0;
        READING_FIELDS[..3].iter().copied().filter(is_gone).collect()
    }

    /// Whether the body, read as plain text, may have been meant otherwise: the message says that it
    /// is MIME, or a line looks like a boundary (RFC 2046 section 5.1.1) or a tag.
    fn reads_like_parts(&self) -> bool {
        let is_tag = |pair: &[u8]| {
            pair[0] == b'<' && (pair[1].is_ascii_alphabetic() || matches!(pair[1], b'!' | b'/'))
        };
        // Two hyphens and a space begin what mail programs write below a text.
        let is_boundary = |line: &[u8]| {
            line.strip_prefix(b"--")
                .is_some_and(|rest| rest.first().is_some_and(|byte| !byte.is_ascii_whitespace()))
        };
        let body = self.halves.body;
        self.present("MIME-Version") > 0
            || body.split(|byte| *byte == b'\n').any(is_boundary)
            || body.windows(2).any(is_tag)
    }

    fn field_limits(&self, proof: &Proof) -> Vec<String> {
        let mut limits = Vec::new();
        let is_open = |name: &&str| self.present(name) > proof.signed(name);
        let open: Vec<&str> = SHOWN_FIELDS.into_iter().filter(is_open).collect();
        if !open.is_empty() {
            limits.push(format!("not signed, and anybody's: {}", open.join(", ")));
        }
        let gone = self.gone(proof);
        if !gone.is_empty() {
            limits.push(format!(
                "the message has no {}, and the signature does not say that it had none: if one \
                 was taken away, the body was to be read otherwise",
                gone.join(", ")
            ));
        }
        limits
    }

    fn time_limits(&self, proof: &Proof) -> Option<String> {
        match (proof.signed_at, proof.expires_at, self.at) {
            (_, Some(ends), None) => Some(format!(
                "the signature says that it holds until {}; the time to compare is not known",
                moment(ends)
            )),
            (Some(signed), _, Some(at)) if signed > at => Some(format!(
                "by its own word it was signed at {}, after the time asked for",
                moment(signed)
            )),
            _ => None,
        }
    }
}

fn key_limits(key: &Published) -> Vec<String> {
    let mut limits = Vec::new();
    if key.is_testing {
        limits.push("the domain says that it is only trying signatures out (`t=y`)".to_owned());
    }
    if let Some(bits) = key.rsa_bits.filter(|bits| *bits < 2048) {
        limits.push(format!("the RSA key has {bits} bits, which a rich attacker could break"));
    }
    limits
}

/// A time in words, or as it was if no calendar holds it.
fn moment(seconds: i64) -> String {
    Timestamp::from_second(seconds).map_or(format!("second {seconds}"), |time| time.to_string())
}
