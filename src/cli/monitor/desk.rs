//! One place that is followed: what was seen of it, and how events get out.

use std::collections::HashSet;
use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;

use crate::cli::failure::{self, Failure};
use crate::cli::monitor::command;
use crate::cli::monitor::location::Location;
use crate::cli::monitor::tell::{self, Alarming, Json, Trouble};
use crate::cli::monitor_options::Monitor;
use crate::cli::open::Place;
use crate::cli::places;
use crate::cli::terminal::Terminal;
use crate::hash::Hash;
use crate::ledger::reading;
use crate::memory::{Memory, Standing};
use crate::monitor::event::{Alarm, AlarmKind, Event, Kind, Signature};
use crate::monitor::state::{Begin, MAX_LENGTH, State};
use crate::monitor::watch::Watch;
use crate::monitor::{Error, Step, catch_up, follow, said_in};
use crate::store::kept::Kept;
use crate::store::os::OsDisk;
use crate::store::path::FilePath;
use crate::store::{self, loose};
use crate::tlog::continuity::{Continuity, compare};
use crate::tlog::fork::{Fork, Said};
use crate::tlog::policy::Policy;

const SCHEMA: &str = "whosaid.monitor/1";

/// How a look went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// To the end, and nothing is wrong.
    Followed,
    /// To the end, and something new could not be read or checked.
    Undecided,
    /// Something does not hold.
    Alarm,
    /// It could not be looked at.
    Unreachable,
    /// There are events that nobody took.
    Undelivered,
}

/// A place that is followed, and the memory of it, locked.
pub(crate) struct Desk<'a> {
    location: Location,
    place: &'a Place,
    policy: &'a Policy,
    memory: Memory,
    post: Post<'a>,
    folder: PathBuf,
    kept: Kept<OsDisk>,
    state: State,
    /// The alarms that were given in this run.
    alarms: HashSet<Hash>,
    once: bool,
    /// Whether it was said who is not met yet.
    introduced: bool,
}

/// How events get out: printed, or to a command.
struct Post<'a> {
    terminal: &'a Terminal,
    command: Option<(&'a str, Duration)>,
}

/// Why a look ended early.
enum Stop {
    Look(Error),
    Undelivered(String),
    Fatal(Failure),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Look(error)
    }
}

impl<'a> Desk<'a> {
    /// Takes up what is remembered of a place for this watch, or begins.
    pub(crate) fn open(
        location: Location,
        options: &'a Monitor,
        (place, policy): (&'a Place, &'a Policy),
        terminal: &'a Terminal,
    ) -> Result<Self, Failure> {
        let watch = watch(options);
        let Some(root) = places::state() else {
            let message = "there is no home folder to remember anything in";
            return Err(Failure::new(failure::IO, message).hint("WHOSAID_STATE names a folder"));
        };
        let folder = root.join("monitor").join(name(&location.whole, &watch));
        loose::create_folder(&folder)?;
        let kept = Kept::open(OsDisk::new(&folder)).map_err(|error| match error {
            store::Error::Locked(_) => {
                let message =
                    format!("another monitor follows {} for the same parties", location.typed);
                Failure::new(failure::LOCKED, message).hint("one is enough; try when it has ended")
            }
            error => error.into(),
        })?;
        let begin = if options.from_now { Begin::Now } else { Begin::Start };
        let state = match kept.read(&memory(), MAX_LENGTH)? {
            None => {
                let from = if options.from_now { "from now on" } else { "from its first entry" };
                terminal.talk(format!("{} is followed {from}", location.typed));
                State::new(&location.whole, watch, begin)
            }
            Some(bytes) => State::parse(&bytes, &location.whole, &watch)
                .map_err(|error| damaged(&folder, error))?,
        };
        let limit = Duration::from_secs(options.run_limit);
        let command = options.run.as_deref().map(|command| (command, limit));
        let post = Post { terminal, command };
        let (alarms, once, introduced) = (HashSet::new(), options.once, false);
        let memory = Memory::new(root);
        Ok(Self {
            location,
            place,
            policy,
            memory,
            post,
            folder,
            kept,
            state,
            alarms,
            once,
            introduced,
        })
    }

    /// Looks once, and goes on to the end of what is there.
    pub(crate) fn look(&mut self) -> Result<Outcome, Failure> {
        let Self { location, place, policy, post, kept, state, .. } = self;
        let (before, mut gravest) = (state.seen().size, Outcome::Followed);
        let mut look = |state: &State, until: Option<u64>| -> Result<Step, Error> {
            let source = location.source(place).map_err(Error::Source)?;
            follow(source.as_ref(), policy, state, until)
        };
        let mut origin = origin_of(state);
        let mut deliver = |event: &Event, of: &State| {
            origin = origin_of(of);
            post.event(&location.typed, origin.as_deref(), event)?;
            gravest = graver(gravest, event);
            Ok(())
        };
        let mut keep = |state: &State| {
            kept.replace(&memory(), &state.format()).map_err(|error| Stop::Fatal(error.into()))
        };
        let followed = catch_up(state, &mut look, &mut deliver, &mut keep);
        match followed {
            Ok(size) => {
                self.say_where_we_are(before, size);
                Ok(gravest)
            }
            Err(Stop::Fatal(failure)) => Err(failure),
            Err(Stop::Undelivered(what)) => {
                self.say_trouble("undelivered", &format!("{what}; the event comes again"));
                Ok(Outcome::Undelivered)
            }
            Err(Stop::Look(Error::Alarm(alarm))) => self.alarm(&alarm),
            Err(Stop::Look(Error::State(error))) => Err(damaged(&self.folder, error)),
            Err(Stop::Look(error)) => {
                self.unreachable(&error);
                Ok(Outcome::Unreachable)
            }
        }
    }

    /// The place, and the checkpoint that it served and that was accepted.
    pub(crate) fn testimony(&self) -> Option<(String, Vec<u8>)> {
        Some((self.location.typed.clone(), self.state.note()?.as_bytes().to_vec()))
    }

    /// Whether what is served here excludes what other places serve, or what this user saw of the
    /// log by another command. Each place goes on by its own history: which one is the true one is
    /// not ours to say. What holds is remembered for the other commands.
    pub(crate) fn compare(&mut self, others: &[(String, Vec<u8>)]) -> Result<bool, Failure> {
        // What cannot be read now is compared next time.
        let Ok(source) = self.location.source(self.place) else { return Ok(false) };
        let source = source.as_ref();
        let Ok(Some(note)) = reading::checkpoint(source) else { return Ok(false) };
        let mut forks: Vec<(String, Fork)> = Vec::new();
        if let Ok(meeting) = self.memory.compare(source, &note, self.policy) {
            if let Standing::Forked(fork) = &meeting.standing {
                forks.push(("by another command".to_owned(), Fork::clone(fork)));
            } else if meeting.size() == self.state.seen().size {
                // That nothing can be remembered for others stops nobody here.
                let _ = self.memory.remember(&meeting, self.policy);
            }
        }
        for now in said_in(&note, self.policy) {
            for (location, other) in others {
                let mut nodes = reading::nodes(source, now.checkpoint.size);
                let said = said_in(other, self.policy).into_iter();
                let earlier = |said: &Said| said.checkpoint.size <= now.checkpoint.size;
                for said in said.filter(|said| said.key == now.key && earlier(said)) {
                    if let Ok(Continuity::Forked(fork)) = compare(&said, &now, &mut nodes) {
                        forks.push((format!("at {location}"), fork));
                    }
                }
            }
        }
        for (seen, fork) in &forks {
            self.alarm(&Alarm::forked_elsewhere(seen, fork))?;
        }
        Ok(!forks.is_empty())
    }

    fn say_where_we_are(&mut self, before: u64, size: u64) {
        let new = size - before.min(size);
        if self.once || new > 0 || !self.introduced {
            let origin = origin_of(&self.state).unwrap_or_else(|| self.location.typed.clone());
            self.talk(format!("{origin}: {size} entries, {new} of them new"));
        }
        if !self.introduced {
            self.introduced = true;
            for name in self.state.not_met() {
                self.talk(format!("nobody there is known as {name:?} yet"));
            }
        }
    }

    /// Says what is wrong, once for each thing that is; keeps what proves it.
    fn alarm(&mut self, alarm: &Alarm) -> Result<Outcome, Failure> {
        let origin = origin_of(&self.state);
        // Not by its checkpoint, to which a server could add any number of lines.
        let distinct = Hash::of(
            format!(
                "{:?} {:?} {} {:?} {}",
                alarm.alarm, alarm.size, alarm.file, alarm.entry, alarm.what
            )
            .as_bytes(),
        );
        if self.alarms.contains(&distinct) {
            return Ok(Outcome::Alarm);
        }
        let alarming = Alarming { event: "alarm", alarm };
        let location = self.location.typed.clone();
        let json = json(&location, origin.as_deref(), &alarming);
        let mut lines = tell::alarm_lines(origin.as_deref().unwrap_or(&location), alarm);
        lines.extend(self.keep_evidence(alarm, &distinct, &tell::bytes(&json))?);
        if self.post.command.is_some() {
            for line in &lines {
                self.talk(line);
            }
        }
        match self.post.deliver(&lines, &json) {
            Ok(()) => {}
            Err(Stop::Fatal(failure)) => return Err(failure),
            Err(Stop::Undelivered(what)) => {
                self.say_trouble("undelivered", &format!("{what}; the alarm comes again"));
                return Ok(Outcome::Alarm);
            }
            Err(Stop::Look(_)) => unreachable!("nothing is looked at"),
        }
        self.alarms.insert(distinct);
        Ok(Outcome::Alarm)
    }

    /// Keeps what the log has signed and should not have; says where.
    fn keep_evidence(
        &mut self,
        alarm: &Alarm,
        distinct: &Hash,
        json: &[u8],
    ) -> Result<Option<String>, Failure> {
        let proof = alarm.fork_proof.as_ref().and_then(|it| Fork::parse(it.as_bytes()).ok());
        let path = match proof {
            Some(fork) => {
                self.memory.keep_fork(&fork).map_err(|error| Failure::new(failure::IO, error))?
            }
            None if alarm.alarm == AlarmKind::DoesNotVerify => return Ok(None),
            None => {
                let file = format!("alarms/{}.json", &distinct.to_string()[..16]);
                self.kept.replace(&FilePath::parse(&file).expect("a plain path"), json)?;
                self.folder.join(file)
            }
        };
        Ok(Some(format!("  evidence: {}", path.display())))
    }

    fn unreachable(&self, error: &Error) {
        self.say_trouble("unreachable", &error.to_string());
        if let Error::Source(store::Error::NotFetched { hint: Some(hint), .. }) = error {
            self.talk(format!("hint: {hint}"));
        }
        if !self.once {
            self.talk("it is tried again");
        }
    }

    /// What is no event of the ledger, and keeps events back.
    fn say_trouble(&self, event: &'static str, what: &str) {
        let origin = origin_of(&self.state);
        let trouble = Trouble { event, what };
        self.post.terminal.object(&json(&self.location.typed, origin.as_deref(), &trouble));
        self.talk(format!("{}: {what}", self.location.typed));
    }

    fn talk(&self, text: impl AsRef<str>) {
        self.post.terminal.talk(text);
    }
}

impl Post<'_> {
    fn event(&self, location: &str, origin: Option<&str>, event: &Event) -> Result<(), Stop> {
        let lines = tell::event_lines(origin.unwrap_or(location), event);
        self.deliver(&lines, &json(location, origin, event))
    }

    /// Hands out one thing, and returns when it has arrived.
    fn deliver<T: Serialize>(&self, lines: &[String], json: &Json<'_, T>) -> Result<(), Stop> {
        if let Some((line, limit)) = self.command {
            return command::run(line, tell::bytes(json), limit).map_err(Stop::Undelivered);
        }
        self.terminal.object(json);
        for line in lines {
            self.terminal.line(line);
        }
        self.terminal.deliver().map_err(Stop::Fatal)
    }
}

fn watch(options: &Monitor) -> Watch {
    let set = |names: &[String]| names.iter().cloned().collect();
    Watch {
        by: set(&options.by),
        about: set(&options.about),
        party: set(&options.party),
        keys: options.key_changes,
    }
}

/// The folder of one place and one watch: what a person can recognise, and what tells it apart.
fn name(location: &str, watch: &Watch) -> String {
    const RECOGNISED: usize = 40;
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let without_scheme = location.split_once("://").map_or(location, |(_, rest)| rest);
    let plain: String = without_scheme.chars().map(plain).collect();
    let end = plain.trim_matches('-');
    let start = end.len().saturating_sub(RECOGNISED);
    let watch = serde_json::to_vec(watch).expect("a watch has text keys");
    let hash = Hash::of_parts(&[location.as_bytes(), b"\n", &watch]).to_string();
    format!("{}-{}", end[start..].trim_matches('-'), &hash[..12])
}

fn memory() -> FilePath {
    FilePath::parse("memory").expect("a plain path")
}

fn damaged(folder: &Path, error: impl Display) -> Failure {
    let path = folder.join("memory");
    Failure::new(failure::MEMORY, format!("{}: {error}", path.display())).hint(
        "put a copy of it back; or remove it, and the ledger is reported from its start again",
    )
}

fn origin_of(state: &State) -> Option<String> {
    state.checkpoint().map(|checkpoint| checkpoint.origin)
}

fn json<'a, T: Serialize>(location: &'a str, origin: Option<&'a str>, what: &'a T) -> Json<'a, T> {
    Json { schema: SCHEMA, location, origin, what }
}

/// What an event makes of the outcome.
fn graver(outcome: Outcome, event: &Event) -> Outcome {
    let unread = matches!(event.event, Kind::Withheld | Kind::Newer)
        || event.signature == Some(Signature::NotChecked);
    match outcome {
        _ if event.event == Kind::Refused => Outcome::Alarm,
        Outcome::Followed if unread => Outcome::Undecided,
        outcome => outcome,
    }
}
