//! What vouches for captured bytes beyond the word of their recorder: signatures of the source,
//! and clocks of others.
//!
//! Bytes are checked here, once; whose key it was is read from dated records of control. The
//! rules only compare.

use jiff::tz::TimeZone;

use crate::attribution::date::{Basis, Date};
use crate::attribution::id::Id;
use crate::attribution::record::Record;
use crate::attribution::record::attestation::{Attestation, PartRole, Scheme};
use crate::attribution::record::document::{Capture, Document};
use crate::attribution::truth::Truth;
use crate::audit::backing::{Backed, Wanted, backed};
use crate::audit::captures::{Captures, Held};
use crate::audit::graph::{Graph, Node};
use crate::audit::schemes::{self, Answer, Material};
use crate::audit::standing::Standings;
use crate::audit::trust::distrusted;
use crate::evidence::capture::{self, Check, Expected};
use crate::evidence::signature::checked::{Checked, Signer, State};
use crate::hash::Hash;

/// A signature or a time stamp, and what became of it.
pub struct Voucher<'a> {
    /// Its record; `None` for a signature that was found in the capture itself.
    pub record: Option<Id>,
    /// In which way it vouches.
    pub scheme: Scheme,
    /// Whether a later revocation reaches back to the signature of its record.
    pub is_suspect: bool,
    /// What the check answered.
    pub answer: Answer,
    /// When the signature was there at the latest, by the word of whoever captured and recorded it.
    pub existed: Vec<Date>,
    /// Whether any channel is recorded under the key that signed.
    pub has_channel: bool,
    /// What is recorded of who controlled the key that signed, as far as it is in force.
    pub controls: Vec<Backed<'a>>,
}

/// Where vouchers are looked for, and with what they are checked.
pub struct Search<'a, 'c> {
    /// All records.
    pub graph: &'a Graph,
    /// What was in force.
    pub standings: &'a Standings<'a>,
    /// The bytes that are held.
    pub captures: &'c Captures<'c>,
    /// The documents of the claim: none of them shows who controls a key.
    pub path: &'c [Id],
}

impl<'a> Search<'a, '_> {
    /// What vouches for a capture of a document, whose bytes are held and as recorded.
    pub fn of_capture(
        &self,
        id: Id,
        document: &'a Document,
        digest: Hash,
        media_type: &str,
    ) -> Vec<Voucher<'a>> {
        let recorded = self.graph.attestations(id).into_iter();
        let recorded: Vec<_> = recorded.filter(|(_, it)| it.capture == Some(digest)).collect();
        // Most captures have nobody to vouch for them: they are not read once more for that.
        if recorded.is_empty() && !schemes::may_carry(media_type) {
            return Vec::new();
        }
        let Held::Bytes(bytes) = (self.captures)(&digest) else { return Vec::new() };
        let (bytes, roots) = (bytes.as_slice(), self.graph.pinned_roots());
        // Mail and events say by themselves until when they hold; keys are withdrawn later.
        let at = document.published.as_ref().and_then(end_of);
        let material = Material { bytes, media_type, parts: &[], at, roots };
        let mut vouchers: Vec<Voucher<'a>> =
            recorded.into_iter().filter_map(|(id, it)| self.recorded(id, it, &material)).collect();
        for scheme in schemes::carried_by(media_type, bytes) {
            if vouchers.iter().all(|voucher| voucher.scheme != scheme) {
                let answer = schemes::check(scheme, &material);
                vouchers.push(self.voucher(None, Vec::new(), scheme, answer));
            }
        }
        vouchers
    }

    /// The time stamps of a statement.
    pub fn of_statement(&self, id: Id) -> Vec<Voucher<'a>> {
        let stamps = self.graph.attestations_of_statement(id).into_iter();
        stamps.filter_map(|(record, it)| self.stamp(record, it, id)).collect()
    }

    fn recorded(
        &self,
        id: Id,
        attestation: &Attestation,
        material: &Material<'_>,
    ) -> Option<Voucher<'a>> {
        self.graph.node(id).filter(|node| self.standings.is_in_force(node))?;
        let existed = self.existed(id, attestation);
        // A key's own end counts against the time at which the signature was surely there, and not
        // against a date that its signer, or its recorder, chose.
        let shown = existed.iter().filter_map(end_of).min();
        let at = if schemes::has_dated_keys(attestation.scheme) { shown } else { material.at };
        let answer = match self.parts(attestation) {
            Ok(parts) => {
                schemes::check(attestation.scheme, &Material { parts: &parts, at, ..*material })
            }
            Err(what) => schemes::unchecked(attestation.scheme, what),
        };
        Some(self.voucher(Some(id), existed, attestation.scheme, answer))
    }

    fn stamp(&self, record: Id, attestation: &Attestation, target: Id) -> Option<Voucher<'a>> {
        self.graph.node(record).filter(|node| self.standings.is_in_force(node))?;
        let answer = match self.parts(attestation) {
            Ok(parts) => {
                let roots = self.graph.pinned_roots();
                schemes::check_time(attestation.scheme, &target.hash(), &parts, roots)
            }
            Err(what) => schemes::unchecked(attestation.scheme, what),
        };
        Some(self.voucher(Some(record), Vec::new(), attestation.scheme, answer))
    }

    /// When an attestation was there: when it was recorded, and when the file with the signature was
    /// captured, if it has one of its own.
    fn existed(&self, id: Id, attestation: &Attestation) -> Vec<Date> {
        let node = self.graph.node(id);
        let recorded = node.map(|node| node.signed().statement().recorded_at());
        let recorded =
            recorded.and_then(|at| Date::from_timestamp(at.cast_signed(), Basis::Server).ok());
        let own = attestation.parts.iter().filter(|part| schemes::is_signature(part.role));
        own.filter_map(|part| part.capture.captured_at.clone()).chain(recorded).collect()
    }

    fn voucher(
        &self,
        record: Option<Id>,
        existed: Vec<Date>,
        scheme: Scheme,
        answer: Answer,
    ) -> Voucher<'a> {
        let node = record.and_then(|id| self.graph.node(id));
        let is_suspect = node.is_some_and(Node::is_suspect);
        let signer = match &answer {
            Answer::Signature(Checked { state: State::Valid, signer, .. }) => signer.as_ref(),
            _ => None,
        };
        let channels = signer
            .map(|signer| self.graph.channels_with(signer.platform, &signer.id))
            .unwrap_or_default();
        let controls = signer.map(|signer| self.controls(signer, channels)).unwrap_or_default();
        let has_channel = !channels.is_empty();
        Voucher { record, scheme, is_suspect, answer, existed, has_channel, controls }
    }

    /// What is recorded of who controlled a key. Only what refers to a description of the channel
    /// that has this very key counts: nobody moves a party's voice to another key by describing
    /// its channel anew.
    fn controls(&self, signer: &Signer, channels: &[Id]) -> Vec<Backed<'a>> {
        let wanted = Wanted::Key(&signer.id);
        let all = channels.iter().flat_map(|channel| {
            backed(self.graph, self.standings, *channel, wanted, self.path, self.captures)
        });
        all.filter(|it| self.has_key(it.control.channel, signer)).collect()
    }

    fn has_key(&self, channel: Id, signer: &Signer) -> bool {
        let Some(Record::Channel(channel)) = self.graph.node(channel).map(Node::record) else {
            return false;
        };
        channel.platform.as_deref() == Some(signer.platform)
            && channel.platform_id.as_deref() == Some(signer.id.as_str())
    }

    /// The bytes of all parts, or what is wrong with the first that is not at hand.
    fn parts(&self, attestation: &Attestation) -> Result<Vec<schemes::Part>, String> {
        let parts = attestation.parts.iter().map(|part| {
            let bytes = self.held(part.role, &part.capture)?;
            let Capture { captured_at, provider, .. } = part.capture.clone();
            Ok(schemes::Part { role: part.role, bytes, height: part.height, captured_at, provider })
        });
        parts.collect()
    }

    fn held(&self, role: PartRole, capture: &Capture) -> Result<Vec<u8>, String> {
        let name = schemes::name_of(role);
        if let Some(what) = distrusted(self.graph, self.standings, capture) {
            return Err(format!("the {name} rests on {what}"));
        }
        match (self.captures)(&capture.digest) {
            Held::Missing => Err(format!("the bytes of the {name} are not held")),
            Held::Withheld => Err(format!("the bytes of the {name} are withheld")),
            Held::Bytes(bytes) => {
                let expected = Expected { digest: capture.digest, size: capture.size };
                match capture::check(&bytes, &expected) {
                    Check::Holds => Ok(bytes),
                    Check::Fails(difference) => Err(format!("the {name}: {difference}")),
                }
            }
        }
    }
}

impl Voucher<'_> {
    /// When the bytes were there at the latest, by a time stamp that holds.
    pub fn existed_at(&self) -> Option<Date> {
        let Answer::Time(stamped) = &self.answer else { return None };
        if self.holds().0 != Truth::Holds {
            return None;
        }
        Date::from_timestamp(stamped.latest()?, Basis::Server).ok()
    }

    /// Whether it holds, with the fact in words.
    pub fn holds(&self) -> (Truth, String) {
        let (truth, fact) = self.answer.truth();
        let fact = format!("{}: {fact}", self.scheme.name());
        if self.is_suspect && truth == Truth::Holds {
            let what = format!("{fact}; but a key that was later revoked recorded it");
            return (Truth::Unknown, what);
        }
        (truth, fact)
    }
}

/// The last second that a date may mean, in seconds since 1970, in UTC.
fn end_of(date: &Date) -> Option<i64> {
    let day = date.latest()?.tomorrow().ok()?;
    let midnight = TimeZone::UTC.to_timestamp(day.at(0, 0, 0, 0)).ok()?;
    Some(midnight.as_second() - 1)
}
