//! A ledger that verified, for those who say something about its claims: the whole of it as a graph,
//! or the part that bears on one claim.
//!
//! Nothing is said about claims of a ledger that does not verify. Whoever audits one claim need not
//! wait for what was verified here before: of that, only what the claim rests on is read again.

use std::cell::Cell;

use jiff::tz::TimeZone;

use crate::attribution::id::Id;
use crate::attribution::keyring::Signed;
use crate::attribution::record::Record;
use crate::audit::captures::Held;
use crate::audit::graph::{Graph, Node};
use crate::audit::level::Level;
use crate::audit::{self, Audit};
use crate::cli::failure::{self, Failure};
use crate::cli::look;
use crate::cli::open::{Opened, Place};
use crate::cli::summary::{self, Names};
use crate::cli::terminal::Terminal;
use crate::cli::verify::{self, Done, with_progress};
use crate::evidence::authority::x509::Certificate;
use crate::evidence::capture::{self, MAX_CAPTURE};
use crate::hash::Hash;
use crate::index::Index;
use crate::ledger::batch::{SHORTEST_PREFIX, entry_number};
use crate::ledger::writing;
use crate::search::verified::{self, Verified};
use crate::store::path::FilePath;
use crate::store::source::Source;
use crate::tlog::policy::Policy;
use crate::verify::Verification;
use crate::verify::report::Verdict;

/// The seconds of a day.
const DAY: u64 = 24 * 60 * 60;

/// A ledger of at most so many entries is verified whole each time: it takes a tenth of a second.
const SMALL: u64 = 4_096;

/// A ledger that verified, as a graph of its records.
pub(crate) struct Whole {
    store: Opened,
    pub(crate) graph: Graph,
    /// Every entry's id, for people who type the beginning of one.
    pub(crate) ids: Vec<Id>,
    /// Whether everything could be checked.
    pub(crate) verdict: Verdict,
}

impl Whole {
    /// Verifies the ledger and connects its records, as it is or as it was at some time.
    pub(crate) fn open(
        place: &Place,
        as_of: Option<&str>,
        terminal: &Terminal,
    ) -> Result<Self, Failure> {
        let (store, policy) = (place.store()?, place.policy()?);
        let mut signed: Vec<Signed> = Vec::new();
        let (verification, _) = verified(place, (&store, &policy), terminal, &mut || {
            signed.clear();
            let keep = &mut |it| signed.push(it);
            Ok((with_progress(&store, &policy, keep, terminal)?, None))
        })?;
        let mut ids: Vec<(u64, Id)> =
            signed.iter().map(|it| (it.entry_index(), it.statement().id())).collect();
        ids.extend(&verification.withheld);
        ids.sort_unstable();
        if let Some(as_of) = as_of {
            let keep = moment(as_of)?;
            signed.retain(|it| keep(it));
        }
        let verdict = verification.report.verdict();
        let suspect = |key, entry_index| verification.keyring.is_suspect(key, entry_index);
        let graph = Graph::new(signed, verification.withheld, suspect)
            .seen_by_witnesses(verification.report.logged_before)
            .trusting(place.pinned_roots()?);
        let ids = ids.into_iter().map(|(_, id)| id).collect();
        Ok(Self { store, graph, ids, verdict })
    }

    pub(crate) fn claims(&self) -> impl Iterator<Item = Id> {
        let is_claim = |record: &Record| matches!(record, Record::Claim(_));
        self.graph.nodes().iter().filter(move |node| is_claim(node.record())).map(Node::id)
    }

    /// The bytes of a capture, as far as they are there. A verified ledger misses only what a
    /// notice withholds.
    pub(crate) fn held(&self, digest: &Hash) -> Held {
        held(&self.store, digest)
    }

    pub(crate) fn names(&self) -> Names {
        let named = |record: &Record| summary::name(record);
        self.graph.nodes().iter().filter_map(|it| Some((it.id(), named(it.record())?))).collect()
    }
}

/// A ledger that verified, now or as far as this user verified it before, to be asked about single
/// claims.
pub(crate) struct Part {
    store: Opened,
    policy: Policy,
    index: Index,
    verification: Verification,
    pinned_roots: Vec<Certificate>,
}

impl Part {
    /// Verifies all of a small ledger; of a large one what is new since this user last verified it,
    /// as far as that is remembered.
    pub(crate) fn open(place: &Place, terminal: &Terminal) -> Result<Self, Failure> {
        let (store, policy) = (place.store()?, place.policy()?);
        let is_small = place.checkpoint(&store).map_or(true, |it| it.size <= SMALL);
        let mut index = if is_small {
            Index::in_memory().map_err(writing::Error::from)?
        } else {
            verify::remembered(place, &store, &policy, terminal)?
        };
        let (verification, fresh) = verified(place, (&store, &policy), terminal, &mut || {
            let new = verify::new_only(&index, (&store, &policy), None, terminal)?;
            new.map_or_else(|| verify::all(&mut index, (&store, &policy), terminal), Ok)
        })?;
        verify::remember(&mut index, fresh.as_ref(), &verification, terminal);
        let pinned_roots = place.pinned_roots()?;
        Ok(Self { store, policy, index, verification, pinned_roots })
    }

    /// The entry that a person means: by its number, or by the beginning of its id.
    pub(crate) fn find(&self, typed: &str) -> Result<(u64, Id), Failure> {
        let ledger = self.ledger();
        let by_number = |number| Ok(ledger.by_entry(number)?.map(|id| (number, id)));
        let number = entry_number(typed).map_or(Ok(None), by_number).map_err(refused)?;
        let begin_so = if typed.len() < SHORTEST_PREFIX {
            Vec::new()
        } else {
            ledger.by_prefix(&typed.to_ascii_lowercase()).map_err(refused)?
        };
        look::only_one(typed, &begin_so, number, self.verification.report.tree_size)
    }

    /// Audits one claim.
    pub(crate) fn audit(
        &mut self,
        place: &Place,
        id: Id,
        terminal: &Terminal,
    ) -> Result<Audit, Failure> {
        let is_gone = Cell::new(false);
        let audited = self.audit_as_it_is(id, &is_gone);
        if self.before() == 0 || (audited.is_ok() && !is_gone.get()) {
            return audited;
        }
        // Something is not as it was verified: whether a notice says so is seen by reading all.
        let Self { store, policy, index, verification, .. } = self;
        let (again, fresh) = verified(place, (store, policy), terminal, &mut || {
            verify::all(index, (store, policy), terminal)
        })?;
        verify::remember(index, fresh.as_ref(), &again, terminal);
        *verification = again;
        self.audit_as_it_is(id, &is_gone)
    }

    fn audit_as_it_is(&self, id: Id, is_gone: &Cell<bool>) -> Result<Audit, Failure> {
        let held = |digest: &Hash| {
            let held = held(&self.store, digest);
            let as_verified = matches!(&held, Held::Bytes(bytes) if Hash::of(bytes) == *digest);
            is_gone.set(is_gone.get() || !as_verified);
            held
        };
        let logged_before = &self.verification.report.logged_before;
        let dress = |graph: Graph| {
            graph.seen_by_witnesses(logged_before.clone()).trusting(self.pinned_roots.clone())
        };
        let audited = self.ledger().audit(id, &held, &dress).map_err(refused)?;
        audited.map_err(|error: audit::Error| Failure::new(failure::REFERENCE, error))
    }

    /// The attribution level of a claim; `None` if it cannot be audited as the ledger is.
    pub(crate) fn level_of(&self, id: Id) -> Option<Level> {
        let is_gone = Cell::new(false);
        let audited = self.audit_as_it_is(id, &is_gone).ok()?;
        Some(audited.level.level)
    }

    /// How many entries were verified before, and are not all read again.
    pub(crate) fn before(&self) -> u64 {
        self.verification.since
    }

    /// Whether everything could be checked.
    pub(crate) fn verdict(&self) -> Verdict {
        self.verification.report.verdict()
    }

    fn ledger(&self) -> Verified<'_> {
        Verified::new(&self.store, &self.index, &self.verification)
    }
}

fn refused(error: verified::Error) -> Failure {
    Failure::new(failure::DOES_NOT_VERIFY, error)
        .hint("`whosaid verify` names every file and entry")
}

/// Has a ledger verified, once more where what was kept of it may be to blame, and compares it with
/// what was seen of it before.
fn verified(
    place: &Place,
    (store, policy): (&Opened, &Policy),
    terminal: &Terminal,
    verify: &mut dyn FnMut() -> Result<Done, Failure>,
) -> Result<Done, Failure> {
    let (mut verification, mut fresh) = verify::settled(store, verify)?;
    if verification.report.verdict() == Verdict::Failed && store.distrust_cache(terminal) {
        (verification, fresh) = verify()?;
    }
    if verification.report.verdict() == Verdict::Failed {
        store.drop_cache(terminal);
        let count = verification.report.faults.len();
        let message = format!("the ledger does not verify ({count} faults found)");
        return Err(Failure::new(failure::DOES_NOT_VERIFY, message)
            .hint("`whosaid verify` names every file and entry"));
    }
    let met = place.meet(store, policy, terminal)?;
    place.remember(met.as_ref(), policy, terminal);
    Ok((verification, fresh))
}

fn held(store: &Opened, digest: &Hash) -> Held {
    let path = FilePath::parse(&capture::path(digest)).expect("a path of the ledger");
    match store.read(&path, MAX_CAPTURE) {
        Ok(Some(bytes)) => Held::Bytes(bytes),
        Ok(None) => Held::Withheld,
        Err(_) => Held::Missing,
    }
}

/// Tells what was in a ledger at some time.
type Moment = Box<dyn Fn(&Signed) -> bool>;

/// What a ledger held at a size, or at the end of a day.
fn moment(as_of: &str) -> Result<Moment, Failure> {
    if let Ok(size) = as_of.parse::<u64>() {
        return Ok(Box::new(move |signed| signed.entry_index() < size));
    }
    let refused = |what: &dyn std::fmt::Display| {
        Failure::new(failure::INPUT, format!("--as-of {as_of}: {what}"))
            .hint("a number of entries, or a day such as 2024-11-30")
    };
    let day: jiff::civil::Date = as_of.parse().map_err(|error| refused(&error))?;
    let midnight = TimeZone::UTC.to_timestamp(day.at(0, 0, 0, 0));
    let midnight = midnight.map_err(|error| refused(&error))?;
    let first_second = u64::try_from(midnight.as_second()).unwrap_or(0);
    Ok(Box::new(move |signed| signed.statement().recorded_at() < first_second + DAY))
}
