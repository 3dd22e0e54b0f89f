//! Following a ledger: what is new in it since the last look, and does it matter to who watches?
//!
//! One step is a pure function of what was seen, and of what is served now: it gives events and
//! the next state. Whoever calls delivers the events and only then keeps the state, so that
//! whatever stops in between, an event comes again and none is lost. What the network, the clock
//! and the disk have to do with it is for others.
//!
//! What is checked of every new entry: that it is in the tree of a checkpoint which the policy
//! trusts and which continues all that were seen before; that its statement is the one that was
//! entered; that the statement was signed by a key with the power to. References, captures and
//! stray files are left to `verify`, and whether a claim is true to people.

pub mod watch;
pub mod event;
pub mod state;
mod trail;
mod interest;
mod walk;

use crate::ledger::reading;
use crate::monitor::event::{Alarm, AlarmKind, Event};
use crate::monitor::state::{Begin, State};
use crate::monitor::trail::Trail;
use crate::monitor::walk::Walk;
use crate::store;
use crate::store::source::Source;
use crate::tlog::checkpoint::{Checkpoint, Trusted};
use crate::tlog::fork::Said;
use crate::tlog::note::Note;
use crate::tlog::policy::{Log, Policy};

/// The most entries of one step: what is read of them is held in memory, and lost by a crash.
pub const STEP: u64 = 16 * 256;

/// The statements of a step after which no further bundle is begun, in bytes.
const STEP_BYTES: usize = 16 << 20;

/// How often a ledger that grows while it is read is looked at again at once.
const MOVES: usize = 5;

/// Why a step was not made. Nothing is reported then, and the state stays.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The ledger could not be read: try again later.
    #[error(transparent)]
    Source(store::Error),
    /// There is no checkpoint: no ledger yet, or not here.
    #[error("there is no checkpoint")]
    NoCheckpoint,
    /// The ledger was written to while it was read: try again at once.
    #[error("the ledger grew while it was read")]
    Moved,
    /// The ledger is not what it was, or not what it says.
    #[error("{}", .0.what)]
    Alarm(Box<Alarm>),
    /// The state is not one that this program made.
    #[error(transparent)]
    State(#[from] state::Error),
}

/// What one step brought.
#[derive(Debug)]
pub struct Step {
    /// What to report, in the order of the entries.
    pub events: Vec<Event>,
    /// What to remember, once all of it is reported.
    pub state: State,
    /// The number of entries that the ledger has now.
    pub tree_size: u64,
    /// Whether there are entries left for a next step.
    pub more: bool,
}

/// What makes one step: [`follow`] on a source that is opened anew each time.
pub type Look<'a> = dyn FnMut(&State, Option<u64>) -> Result<Step, Error> + 'a;

/// Looks at a ledger, and goes on from what was seen. `until` stops before that entry, if it is
/// in this step.
pub fn follow(
    source: &dyn Source,
    policy: &Policy,
    state: &State,
    until: Option<u64>,
) -> Result<Step, Error> {
    let note = read_checkpoint(source)?.ok_or(Error::NoCheckpoint)?;
    match step(source, policy, state, until, &note) {
        // Files of an older checkpoint make way for those of the next.
        Err(Error::Alarm(alarm)) if alarm.alarm == AlarmKind::DoesNotVerify => {
            if read_checkpoint(source)?.is_some_and(|now| now != note) {
                return Err(Error::Moved);
            }
            Err(Error::Alarm(with_evidence(*alarm, state, &note)))
        }
        Err(Error::Alarm(alarm)) => Err(Error::Alarm(with_evidence(*alarm, state, &note))),
        other => other,
    }
}

/// Follows to the end of what is served: each event is delivered, and only then what it leads to
/// is kept. Whatever stops it, the next call goes on with the first event that was not delivered,
/// or somewhat before it.
///
/// `look` makes one step, as [`follow`] does; a ledger that grew meanwhile is looked at again.
/// `deliver` gets the state that the event's step leads to, for the name of the log.
/// Returns the number of entries of the ledger.
pub fn catch_up<E: From<Error>>(
    state: &mut State,
    look: &mut Look<'_>,
    deliver: &mut dyn FnMut(&Event, &State) -> Result<(), E>,
    keep: &mut dyn FnMut(&State) -> Result<(), E>,
) -> Result<u64, E> {
    let mut moved = 0;
    loop {
        let step = match look(state, None) {
            Err(Error::Moved) if moved < MOVES => {
                moved += 1;
                continue;
            }
            looked => looked?,
        };
        for (number, event) in step.events.iter().enumerate() {
            if let Err(error) = deliver(event, &step.state) {
                let delivered = delivered_below(&step.events[..=number]);
                // If the part reads otherwise now, all of it is told again.
                if let Ok(part) = look(state, Some(delivered))
                    && step.events.starts_with(&part.events)
                    && part.state.seen().size > state.seen().size
                {
                    keep(&part.state)?;
                    *state = part.state;
                }
                return Err(error);
            }
        }
        if step.state != *state {
            keep(&step.state)?;
            *state = step.state;
        }
        if !step.more {
            return Ok(step.tree_size);
        }
    }
}

/// Below which entry all events were delivered, if the last of these was not.
fn delivered_below(events: &[Event]) -> u64 {
    // Late ones come with the entry by which they turned out to matter, which they do not name.
    let mut entries = events.iter().filter(|event| !event.late).map(|event| event.entry);
    entries.next_back().unwrap_or(0)
}

fn step(
    source: &dyn Source,
    policy: &Policy,
    state: &State,
    until: Option<u64>,
    note: &[u8],
) -> Result<Step, Error> {
    let checkpoint = open(note, policy)?;
    let trail = Trail::new(source, checkpoint.tree());
    check_log(&checkpoint, policy, state)?;
    if let Some(seen) = state.checkpoint() {
        let seen_note = state.checkpoint.as_deref().unwrap_or_default().as_bytes();
        let (then, now) = (said_in(seen_note, policy), said_in(note, policy));
        let pair = then.iter().find_map(|then| {
            let now = now.iter().find(|now| now.key == then.key)?;
            Some((then, now))
        });
        trail.continues(&seen, pair)?;
    }
    let mut next = state.clone();
    if state.checkpoint.is_none() && state.begin == Begin::Now {
        next.quiet_below = checkpoint.size;
    }
    next.checkpoint = Some(String::from_utf8_lossy(note).into_owned());
    let size = checkpoint.size;
    let end = size.min(state.seen().size.saturating_add(STEP)).min(until.unwrap_or(size));
    let mut walk = Walk::new(&trail, policy, &checkpoint.origin, next)?;
    let mut bytes = 0;
    while walk.state.seen().size < end && bytes < STEP_BYTES {
        let row = match trail.next(walk.state.seen(), end) {
            // What was read before is good, and is not kept back.
            Err(_) if walk.state.seen() != state.seen() => break,
            row => row?,
        };
        walk.row(&row)?;
        bytes += row.entries.iter().flat_map(|(_, bytes)| bytes).map(Vec::len).sum::<usize>();
    }
    let (state, events) = (walk.state, walk.events);
    let more = state.seen().size < size;
    Ok(Step { events, state, tree_size: size, more })
}

/// Whether it is the log that was seen before, and the one that the policy expects at this place.
fn check_log(
    checkpoint: &Trusted<Checkpoint>,
    policy: &Policy,
    state: &State,
) -> Result<(), Error> {
    let expected = |log: &&Log| {
        let url = log.url.as_ref().map(|url| url.trim_end_matches('/'));
        url == Some(state.location.trim_end_matches('/'))
    };
    let mut expected = policy.logs().iter().filter(expected).map(|log| log.key.name()).peekable();
    let by_policy = expected.peek().is_none() || expected.any(|it| it == checkpoint.origin);
    let seen = state.checkpoint().map(|seen| seen.origin);
    if by_policy && seen.as_ref().is_none_or(|seen| *seen == checkpoint.origin) {
        return Ok(());
    }
    let before = if by_policy { "was seen here before" } else { "the policy expects here" };
    let what = format!("the log {:?} is served, another one {before}", checkpoint.origin);
    let damage = Alarm::damage(&"checkpoint", None, &what, Some(checkpoint.tree()));
    Err(alarm(Alarm { alarm: AlarmKind::AnotherLog, ..damage }))
}

/// What the log said in a note, by each key that the policy knows; none if it knows no more.
pub(crate) fn said_in(note: &[u8], policy: &Policy) -> Vec<Said> {
    let said = Note::parse(note).ok().and_then(|note| Said::open(&note, policy).ok());
    said.unwrap_or_default()
}

fn read_checkpoint(source: &dyn Source) -> Result<Option<Vec<u8>>, Error> {
    match reading::checkpoint(source) {
        Err(error @ (store::Error::TooLong { .. } | store::Error::NotAFile(_))) => {
            Err(alarm(Alarm::damage(&"checkpoint", None, &error, None)))
        }
        read => read.map_err(Error::Source),
    }
}

fn open(note: &[u8], policy: &Policy) -> Result<Trusted<Checkpoint>, Error> {
    let opened = Trusted::open(note, policy);
    opened.map_err(|error| alarm(Alarm::damage(&"checkpoint", None, &error, None)))
}

/// Both checkpoints with their signatures: what the log has said, in its own hand.
fn with_evidence(alarm: Alarm, state: &State, note: &[u8]) -> Box<Alarm> {
    let checkpoint = String::from_utf8(note.to_vec()).ok();
    Box::new(Alarm { seen_checkpoint: state.checkpoint.clone(), checkpoint, ..alarm })
}

fn alarm(alarm: Alarm) -> Error {
    Error::Alarm(Box::new(alarm))
}
