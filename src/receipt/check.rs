//! Checking a receipt: with nothing but the file and a policy.
//!
//! The order is: the file's form, the log's signature, the entry in the tree, the companions in
//! the same tree, and only then what the statements say. What cannot be checked is said to be
//! unchecked, and is never a pass.

use std::collections::HashMap;
use std::fmt::Display;

use ciborium::Value;

use crate::attribution::id::Id;
use crate::attribution::keyring::{self, Keyring, Signed};
use crate::attribution::record::Record;
use crate::attribution::record::document::Capture;
use crate::attribution::statement::{self, Statement};
use crate::audit;
use crate::audit::captures::Held;
use crate::audit::case::{Bytes, Case};
use crate::audit::graph::Graph;
use crate::audit::standing::Standings;
use crate::cbor::{self, Order};
use crate::cose::{Envelope, Fields, label};
use crate::evidence::anchor::Match;
use crate::evidence::capture::{self, Expected};
use crate::hash::Hash;
use crate::key::PublicKey;
use crate::receipt::bundle::{self, Blob, Bundle};
use crate::receipt::companions::{Companion, Extra, Subject as About};
use crate::receipt::readme;
use crate::receipt::report::{Form, Report, Story, Subject};
use crate::receipt::transparent::Transparent;
use crate::tlog::merkle::{Leaf, Position, Tree, leaf_hash, verify_inclusion};
use crate::tlog::policy::{Log, Policy};
use crate::tlog::proof::Proof;
use crate::tlog::receipt::{Included, Receipt};

/// The first bytes of a tagged `COSE_Sign1`: tag 18, an array of 4.
const SIGN1: &[u8] = &[0xd2, 0x84];

/// Why a file was not checked at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// It is no receipt.
    #[error("it is neither a .tlog-proof, nor a .scitt statement, nor a bundle")]
    Unknown,
    /// Nobody said whom to trust.
    #[error("there is no policy to check it by")]
    NoPolicy,
}

/// The form of a file, by its first bytes; `None` if it is none of them. Another portable proof
/// (of a fork, say) is told from these here.
pub fn form_of(bytes: &[u8]) -> Option<Form> {
    match bytes {
        _ if bytes.starts_with(b"c2sp.org/tlog-proof@") => Some(Form::TlogProof),
        _ if bytes.starts_with(SIGN1) => Some(Form::Scitt),
        _ if bytes.starts_with(bundle::MAGIC) => Some(Form::Bundle),
        _ => None,
    }
}

/// Checks a receipt by a policy that came by another way; without one, a bundle is checked by
/// its own, and the verdict is no more than undecided.
pub fn check(bytes: &[u8], policy: Option<&Policy>) -> Result<Report, Error> {
    let form = form_of(bytes).ok_or(Error::Unknown)?;
    match (form, policy) {
        (Form::TlogProof, Some(policy)) => Ok(tlog_proof(bytes, policy, &[], Report::new(form))),
        (Form::Scitt, Some(policy)) => Ok(scitt(bytes, policy)),
        (Form::Bundle, policy) => Ok(bundled(bytes, policy)),
        (_, None) => Err(Error::NoPolicy),
    }
}

/// An entry that is proven, and what is said to belong to it.
struct Proven<'a> {
    tree: Tree,
    leaf: Leaf,
    statement: Option<Vec<u8>>,
    companions: Vec<Companion>,
    origin: &'a str,
    policy: &'a Policy,
    captures: &'a [Blob],
}

fn tlog_proof(bytes: &[u8], policy: &Policy, captures: &[Blob], mut report: Report) -> Report {
    let parsed = Proof::parse(bytes).map_err(|error| error.to_string()).and_then(|proof| {
        // Base64, numbers and lines have one spelling each, and the whole has one too.
        if proof.to_string().as_bytes() == bytes {
            Ok(proof)
        } else {
            Err("not a tlog-proof: writing it again gives other bytes".to_owned())
        }
    });
    let proof = match parsed {
        Ok(proof) => proof,
        Err(error) => return failed(report, Subject::File, error),
    };
    let Some(extra) = &proof.unauthenticated_extra else {
        report.pass(Subject::File, form_name(report.form));
        report.skip(Subject::Statement, "the file does not carry its entry (extra)");
        return report;
    };
    let extra = match Extra::decode(extra) {
        Ok(extra) => extra,
        Err(error) => return failed(report, Subject::File, error),
    };
    let (entry, statement) = match extra.subject {
        About::Statement(statement) => (Hash::of(&statement), Some(statement)),
        About::Entry(entry) => (entry, None),
        About::Carrier => return failed(report, Subject::File, "it does not name its entry"),
    };
    report.pass(Subject::File, form_name(report.form));
    let checkpoint = match proof.verify(entry.as_bytes(), policy) {
        Ok(checkpoint) => checkpoint,
        Err(error @ crate::tlog::proof::Error::Inclusion(_)) => {
            return failed(report, Subject::Inclusion, error);
        }
        Err(error) => return failed(report, Subject::Log, error),
    };
    report.checkpoint = Some(proof.checkpoint.clone());
    report.witnesses = checkpoint.cosignatures().to_vec();
    // A witness may have cosigned more than once.
    let seen = match checkpoint.witnesses().len() {
        0 => "no witness is asked for".to_owned(),
        1 => "1 witness saw it".to_owned(),
        count => format!("{count} witnesses saw it"),
    };
    report.pass(Subject::Log, format!("signed by {}; {seen}", checkpoint.origin));
    let leaf = Leaf { index: proof.index, hash: leaf_hash(entry.as_bytes()) };
    let companions = extra.companions;
    let tree = checkpoint.tree();
    let origin = checkpoint.origin.as_str();
    let proven = Proven { tree, leaf, statement, companions, origin, policy, captures };
    understand(Id::from_hash(entry), proven, report)
}

fn scitt(bytes: &[u8], policy: &Policy) -> Report {
    let mut report = Report::new(Form::Scitt);
    let parts = match Transparent::parse(bytes) {
        Ok(parts) => parts,
        Err(error) => return failed(report, Subject::File, error),
    };
    let companions = match parts.extra.as_deref().map(Extra::decode).transpose() {
        Ok(None) => Vec::new(),
        Ok(Some(Extra { subject: About::Carrier, companions })) => companions,
        Ok(Some(_)) => return failed(report, Subject::File, "it carries a second statement"),
        Err(error) => return failed(report, Subject::File, error),
    };
    report.pass(Subject::File, form_name(report.form));
    let entry = Hash::of(&parts.statement);
    let mut held: Option<(&Log, Included)> = None;
    for bytes in &parts.receipts {
        match receipt(bytes, &entry, policy) {
            Ok(Some(found)) => held = held.or(Some(found)),
            Ok(None) => report.notes.push(
                "it carries a receipt of a log that the policy does not name: not checked".into(),
            ),
            Err(error) => return failed(report, Subject::Log, error),
        }
    }
    let Some((log, included)) = held else {
        return failed(report, Subject::Log, "no receipt in it is by a log of the policy");
    };
    let Position { leaf_index, tree_size } = included.position;
    let tree = Tree { size: tree_size, root: included.root };
    let leaf = Leaf { index: leaf_index, hash: leaf_hash(entry.as_bytes()) };
    if !included.is_position_signed {
        // One root and one path can belong to several sizes and places.
        let what =
            format!("in the log; that it is entry {leaf_index} of {tree_size} nobody signed");
        report.skip(Subject::Inclusion, what);
    }
    let whose = log.key.name();
    if policy.quorum().is_some() {
        let what = format!(
            "signed by {whose}; the policy asks for witnesses, and a receipt of this form carries \
             none (a .tlog-proof does)"
        );
        report.skip(Subject::Log, what);
    } else {
        report.pass(Subject::Log, format!("receipt signed by {whose}"));
    }
    let (statement, captures) = (Some(parts.statement), &[][..]);
    let proven = Proven { tree, leaf, statement, companions, origin: whose, policy, captures };
    understand(Id::from_hash(entry), proven, report)
}

/// One receipt: which log of the policy signed what; `None` if none of them is named.
fn receipt<'a>(
    bytes: &[u8],
    entry: &Hash,
    policy: &'a Policy,
) -> Result<Option<(&'a Log, Included)>, String> {
    let parsed = Receipt::parse(bytes).or_else(|ours| {
        // Where other people's rules do not take it either, ours say best what is wrong.
        Receipt::parse_foreign(bytes).map_err(|_| ours)
    });
    let parsed = parsed.map_err(|error| error.to_string())?;
    let named = |key: &PublicKey| parsed.names(key) != Some(false);
    let mut refused = None;
    for log in policy.logs().iter().filter(|log| named(log.key.public())) {
        match parsed.verify(entry.as_bytes(), log.key.public()) {
            Ok(included) => {
                if parsed.issuer.as_deref().is_some_and(|issuer| issuer != log.key.name()) {
                    return Err("its issuer is another than the log that signed it".to_owned());
                }
                return Ok(Some((log, included)));
            }
            Err(error) => refused = Some(error.to_string()),
        }
    }
    refused.map_or(Ok(None), Err)
}

fn bundled(bytes: &[u8], policy: Option<&Policy>) -> Report {
    let mut report = Report::new(Form::Bundle);
    let parts = match Bundle::decode(bytes) {
        Ok(parts) => parts,
        Err(error) => return failed(report, Subject::File, error),
    };
    let own = match Policy::parse(&parts.policy) {
        Ok(own) => own,
        Err(error) => return failed(report, Subject::File, format!("its policy: {error}")),
    };
    report.has_captures = !parts.captures.is_empty();
    match policy {
        Some(policy) if *policy != own => {
            report.notes.push("the policy in the bundle is another than yours: not used".into());
        }
        Some(_) => {}
        None => {
            let keys: Vec<String> = own.logs().iter().map(|log| log.key.to_string()).collect();
            let what = format!(
                "it came in the same file; compare its log key {} with the one the publisher gives",
                keys.join(", ")
            );
            report.skip(Subject::Policy, what);
        }
    }
    let policy = policy.unwrap_or(&own);
    let mut report = tlog_proof(&parts.receipt, policy, &parts.captures, report);
    if report.entry_index.is_none() {
        return report;
    }
    if let Some(statement) = &parts.statement {
        let theirs = scitt(statement, policy);
        let same = (theirs.id, theirs.entry_index) == (report.id, report.entry_index);
        if theirs.verdict() == crate::verify::report::Verdict::Failed || !same {
            let what = "statement.scitt in it does not hold, or is of another entry";
            report.fail(Subject::File, what);
        }
    }
    if readme::text(&report, &parts).as_bytes() == parts.read_me {
        report.pass(Subject::ReadMe, "READ-ME.txt says what this program would say");
    } else {
        let what = "READ-ME.txt was written by another version, or changed: rely on what is \
                    printed here, not on what it says";
        report.skip(Subject::ReadMe, what);
    }
    report
}

fn form_name(form: Form) -> &'static str {
    match form {
        Form::TlogProof => "a .tlog-proof",
        Form::Scitt => "a transparent statement",
        Form::Bundle => "a bundle, packed as it was",
    }
}

fn failed(mut report: Report, subject: Subject, what: impl Display) -> Report {
    report.fail(subject, what);
    report
}

/// Goes on from an entry that is in the tree: its companions, its signature, what it says.
fn understand(id: Id, proven: Proven<'_>, mut report: Report) -> Report {
    let Proven { tree, leaf, statement, companions, origin, policy, captures } = proven;
    report.origin = Some(origin.to_owned());
    (report.tree_size, report.root) = (Some(tree.size), Some(tree.root));
    (report.entry_index, report.id) = (Some(leaf.index), Some(id));
    report.pass(Subject::Inclusion, format!("entry {} of {}", leaf.index, tree.size));
    for companion in &companions {
        let hash = leaf_hash(Hash::of(&companion.statement).as_bytes());
        let theirs = Leaf { index: companion.entry_index, hash };
        if let Err(error) = verify_inclusion(&theirs, &tree, &companion.path) {
            let what = format!("companion {}: {error}", companion.entry_index);
            return failed(report, Subject::Companions, what);
        }
        if theirs.index == leaf.index {
            return failed(report, Subject::Companions, "the entry stands among its companions");
        }
    }
    let Some(statement) = statement else {
        report.is_withheld = true;
        report.skip(Subject::Statement, "it is withheld: that there is one, and where, is proven");
        return report;
    };
    let subject = match statement::open(&statement) {
        Ok(subject) => subject,
        Err(error @ (statement::Error::Newer { .. } | statement::Error::ContentType { .. })) => {
            report.skip(Subject::Statement, error);
            return report;
        }
        Err(error) if is_foreign(&statement) => {
            let what = format!("a statement of another kind than this program reads: {error}");
            report.skip(Subject::Statement, what);
            return report;
        }
        Err(error) => return failed(report, Subject::Statement, error),
    };
    report.pass(Subject::Statement, format!("a {}, as the entry says", subject.record().kind()));
    let count = companions.len();
    let mut opened = vec![(leaf.index, subject)];
    for Companion { entry_index, statement, .. } in companions {
        match statement::open(&statement) {
            Ok(statement) => opened.push((entry_index, statement)),
            Err(error) => {
                report.skip(Subject::Companions, format!("companion {entry_index}: {error}"));
            }
        }
    }
    opened.sort_by_key(|(entry_index, _)| *entry_index);
    report.pass(Subject::Companions, format!("{count} in the same tree"));
    let (signed, keyring) = admit(opened, id, (origin, policy), &mut report);
    references(&signed, &mut report);
    let suspect = |key, entry_index| keyring.is_suspect(key, entry_index);
    if signed.iter().any(|it| suspect(it.statement().signer(), it.entry_index())) {
        let what = "a key record in the file says that what a key signed here is suspect";
        report.notes.push(what.to_owned());
    }
    let graph = Graph::new(signed, [], suspect);
    captured(&graph, captures, &mut report);
    report.story = tell(graph, id, captures, &mut report);
    report
}

/// Whether a statement does not even claim to be one of ours: some other COSE object in a log.
fn is_foreign(bytes: &[u8]) -> bool {
    let content_type = || {
        let envelope = Envelope::parse(bytes, Order::Any).ok()?;
        let header = cbor::decode_ordered(&envelope.protected, Order::Any).ok()?;
        Fields::parse(header).ok()?.optional(label::CONTENT_TYPE)
    };
    let ours = |value: Value| {
        value.as_text().is_some_and(|it| it.starts_with(statement::CONTENT_TYPE_FAMILY))
    };
    !content_type().is_some_and(ours)
}

/// Whose keys signed: the charter and the key records in the file say so, in their order.
fn admit(
    opened: Vec<(u64, Statement)>,
    id: Id,
    (origin, policy): (&str, &Policy),
    report: &mut Report,
) -> (Vec<Signed>, Keyring) {
    let is_log = |key: &PublicKey| {
        policy.logs().iter().any(|log| log.key.name() == origin && log.key.public() == key)
    };
    let (mut keyring, mut signed) = (Keyring::default(), Vec::new());
    let signers: HashMap<Id, _> = opened.iter().map(|(_, it)| (it.id(), it.signer())).collect();
    let mut unknown = 0;
    for (entry_index, statement) in opened {
        let (is_subject, issuer) = (statement.id() == id, statement.issuer().to_owned());
        if let Record::Charter(charter) = statement.record()
            && (charter.origin != origin || !is_log(&charter.log))
        {
            report.fail(Subject::Signature, "the charter in the file is another log's");
            continue;
        }
        let target = match statement.record() {
            Record::Notice(notice) => Some(notice.target),
            _ => None,
        };
        let lost_target = target.is_some_and(|target| !signers.contains_key(&target));
        let target = target.and_then(|target| signers.get(&target).copied());
        if entry_index > 0 && !keyring.is_chartered() {
            unknown += 1;
            continue;
        }
        let key = statement.signer();
        match keyring.admit(statement, entry_index, target) {
            Ok(statement) => {
                signed.push(statement);
                if is_subject {
                    let key = &key.to_string()[..12];
                    let what = format!(
                        "signed by {issuer} with key {key}, which the same log names for {issuer}"
                    );
                    report.pass(Subject::Signature, what);
                }
            }
            Err(keyring::Error::UnknownKey { .. } | keyring::Error::Change(_)) => unknown += 1,
            Err(keyring::Error::Power { .. }) if lost_target => unknown += 1,
            Err(error) => {
                report.fail(Subject::Signature, format!("entry {entry_index}: {error}"));
            }
        }
    }
    if unknown > 0 {
        let what =
            format!("{unknown} of the statements: what brought their keys is not in the file");
        report.skip(Subject::Signature, what);
    }
    (signed, keyring)
}

fn references(signed: &[Signed], report: &mut Report) {
    let kinds: HashMap<Id, (u64, &str)> = signed
        .iter()
        .map(|it| (it.statement().id(), (it.entry_index(), it.statement().record().kind())))
        .collect();
    let (mut held, mut missing) = (0_u64, 0_u64);
    for it in signed {
        for reference in it.statement().record().references() {
            match kinds.get(&reference.id) {
                None => missing += 1,
                Some((entry, kind)) if *entry < it.entry_index() => {
                    if !reference.kinds.contains(kind) {
                        let (field, at) = (reference.field, it.entry_index());
                        let what =
                            format!("{field} of entry {at} refers to entry {entry}, a {kind}");
                        report.fail(Subject::References, what);
                    }
                    held += 1;
                }
                Some(_) => report.fail(Subject::References, "a reference points forward"),
            }
        }
    }
    match missing {
        0 => report.pass(Subject::References, format!("{held} to earlier entries")),
        _ => report.skip(Subject::References, format!("{missing} of them lead out of the file")),
    }
}

/// The captures that came with it: each must be named by a record, and be what it says.
fn captured(graph: &Graph, blobs: &[Blob], report: &mut Report) {
    // Two documents may have the same bytes, and call them by different types.
    let mut recorded: HashMap<Hash, Vec<&Capture>> = HashMap::new();
    for node in graph.nodes() {
        for it in node.record().captures() {
            recorded.entry(it.digest).or_default().push(it);
        }
    }
    for blob in blobs {
        let Some(named) = recorded.get(&blob.digest) else {
            report.fail(Subject::Captures, format!("no record in the file names {}", blob.name()));
            return;
        };
        if !named.iter().any(|it| blob.extension == bundle::extension(&it.media_type)) {
            report.fail(Subject::Captures, format!("{} is not of its type", blob.name()));
            return;
        }
        for Capture { digest, size, .. } in named {
            let expected = Expected { digest: *digest, size: *size };
            if let capture::Check::Fails(difference) = capture::check(&blob.bytes, &expected) {
                report.fail(Subject::Captures, format!("{}: {difference}", blob.name()));
                return;
            }
        }
    }
    if report.has_captures {
        let what = format!("{} with the digest and size recorded", blobs.len());
        report.pass(Subject::Captures, what);
    }
}

/// The claim and its chain, and whether its words stand in the captures at hand.
fn tell(graph: Graph, id: Id, blobs: &[Blob], report: &mut Report) -> Story {
    let held = |digest: &Hash| match blobs.iter().find(|blob| blob.digest == *digest) {
        Some(blob) => Held::Bytes(blob.bytes.clone()),
        None => Held::Missing,
    };
    let standings = Standings::as_of(&graph, graph.tree_size());
    let Some(case) = Case::gather(&graph, &standings, id, &held) else {
        return Story { graph, audit: None };
    };
    if report.has_captures {
        let quoting = case.steps.iter().filter(|step| step.step.passage.is_some());
        let (mut found, mut lost) = (0, 0);
        for step in quoting {
            match (&step.bytes, step.positions()) {
                (Bytes::Match(_), Some(positions)) => found += positions.len(),
                (Bytes::Match(_), None)
                    if step.anchors.iter().any(|it| matches!(it, Match::Fails { .. })) =>
                {
                    let what = "the words of a passage do not stand in its capture";
                    report.fail(Subject::Passages, what);
                }
                _ => lost += 1,
            }
        }
        match lost {
            0 => report.pass(Subject::Passages, format!("{found} found in the captures")),
            _ => report.skip(Subject::Passages, format!("{lost} without the capture or its text")),
        }
    }
    drop(case);
    let audit = audit::audit_with(&graph, &standings, id, &held).ok();
    Story { graph, audit }
}
