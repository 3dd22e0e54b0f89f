//! Who controlled an account on a date: an answer in three values, from what is recorded and in
//! force.
//!
//! A register that was read on one day shows that day. That nobody else is recorded does not show
//! that nobody else was in control.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::attribution::date::Date;
use crate::attribution::id::Id;
use crate::attribution::record::Record;
use crate::attribution::record::channel::{Channel, Control, ControlBasis, ControlMode};
use crate::attribution::truth::Truth;
use crate::audit::backing::{Wanted, backing};
use crate::audit::bodies::Bodies;
use crate::audit::captures::Captures;
use crate::audit::control::{covers, freshness, is_usurped, why};
use crate::audit::graph::{Graph, Node};
use crate::audit::line::one_line;
use crate::audit::standing::Standings;
use crate::evidence::address::account::{self, Name, plain_handle};
use crate::evidence::address::links::begins_as;

/// The answer in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// One party, or parties of one body, and nobody else.
    One,
    /// Nobody is recorded to have controlled it then.
    Nobody,
    /// Parties of different bodies, or it was taken over, or an impersonation.
    Contested,
    /// What is recorded does not decide it.
    Unknown,
}

/// One account with all who are recorded as in control of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Answer {
    /// The channel, by its first record.
    pub channel: Id,
    /// Its key.
    pub key: String,
    /// The platform.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub platform: Option<String>,
    /// The platform's own id for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub platform_id: Option<String>,
    /// Its handles, and whether it had them then.
    pub handles: Vec<HandleThen>,
    /// The answer.
    pub outcome: Outcome,
    /// The same in a sentence.
    pub because: String,
    /// Everybody who is recorded, in entry order.
    pub holders: Vec<Holder>,
}

/// A handle, and whether the account had it on the date asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HandleThen {
    /// The handle as recorded.
    pub text: String,
    /// Whether the account had it then.
    pub truth: Truth,
    /// Since when, in EDTF.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// Until when, in EDTF.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
}

/// One statement of control, and what it says of the date.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Holder {
    /// The party, by its first record.
    pub party: Id,
    /// Its name.
    pub name: String,
    /// In what capacity.
    pub mode: ControlMode,
    /// On what the statement rests.
    pub basis: ControlBasis,
    /// Whether it covers the date.
    pub truth: Truth,
    /// Why, in words.
    pub why: String,
    /// Whether it was verified within a year of the date, or is bounded by dates.
    pub is_fresh: Truth,
    /// The same in words.
    pub freshness: String,
    /// The document that is to show it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Id>,
    /// Whether captured bytes back it.
    pub is_backed: Truth,
    /// The same in words.
    pub backing: String,
    /// The statement of control.
    pub id: Id,
    /// Its place in the log.
    pub entry_index: u64,
    /// Whether a later revocation reaches back to its signature.
    pub is_suspect: bool,
}

/// What is asked: a name, and perhaps the platform.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// A channel's key, a handle, a platform's id, or a URL.
    pub name: &'a str,
    /// Only channels on this platform.
    pub platform: Option<&'a str>,
}

/// The channels that somebody means, by their first ids, in entry order.
pub fn find(graph: &Graph, standings: &Standings<'_>, asked: Asked<'_>) -> Vec<Id> {
    let named = account::in_url(asked.name);
    let by_handle = match &named {
        Some(it) => match &it.name {
            Name::Handle(handle) => graph.channels_called(handle),
            Name::Id(_) => &[],
        },
        None => graph.channels_called(asked.name),
    };
    let called: BTreeSet<Id> = by_handle.iter().copied().collect();
    let wanted = asked.platform.map(account::platform);
    let mut found = Vec::new();
    for node in graph.nodes().iter().filter(|node| standings.is_in_force(node)) {
        let Record::Channel(channel) = node.record() else { continue };
        let first = graph.first(node.id());
        let platform = channel.platform.as_deref().map(account::platform);
        if wanted.is_some() && wanted != platform || found.contains(&first) {
            continue;
        }
        let is_meant = match &named {
            Some(it) => {
                let by_name = match &it.name {
                    Name::Handle(_) => called.contains(&first),
                    Name::Id(id) => channel.platform_id.as_ref() == Some(id),
                };
                by_name && platform.as_deref() == Some(it.platform)
            }
            None => {
                let is = |name: Option<&str>| name == Some(asked.name);
                called.contains(&first)
                    || is(Some(&channel.key))
                    || is(channel.platform_id.as_deref())
            }
        };
        let begins = |url: &String| begins_as(asked.name, url);
        if is_meant || channel.urls.iter().any(begins) {
            found.push(first);
        }
    }
    found
}

/// Whether an account had the handle that was asked for; `None` if none was asked for.
pub fn had_handle(answer: &Answer, asked: Asked<'_>) -> Option<Truth> {
    let handle = match account::in_url(asked.name) {
        Some(it) => match it.name {
            Name::Handle(handle) => handle,
            Name::Id(_) => return None,
        },
        None => plain_handle(asked.name),
    };
    let of_name = answer.handles.iter().filter(|it| plain_handle(&it.text) == handle);
    of_name.map(|it| it.truth).reduce(Truth::or)
}

/// The answer by all accounts that somebody may mean. One that did not have the handle then is not
/// meant, if another may have had it.
pub fn together(answers: &[Answer], asked: Asked<'_>) -> (Outcome, String) {
    let may_be = |answer: &&Answer| had_handle(answer, asked) != Some(Truth::Fails);
    let meant: Vec<&Answer> = answers.iter().filter(may_be).collect();
    let Some(first) = meant.first() else {
        let what = "no account is recorded to have had that handle then";
        return (Outcome::Nobody, what.to_owned());
    };
    let of = |wanted: Outcome| meant.iter().find(|answer| answer.outcome == wanted);
    for wanted in [Outcome::Contested, Outcome::Unknown, Outcome::Nobody] {
        if let Some(found) = of(wanted) {
            let which = if meant.len() > 1 { format!("{}: ", found.key) } else { String::new() };
            return (wanted, format!("{which}{}", found.because));
        }
    }
    let parties = |answer: &Answer| -> BTreeSet<Id> {
        let certain = answer.holders.iter().filter(|it| it.truth == Truth::Holds);
        certain.map(|it| it.party).collect()
    };
    match meant.iter().find(|other| parties(other).is_disjoint(&parties(first))) {
        None => (Outcome::One, first.because.clone()),
        Some(other) => {
            let keys = format!("{} or {}", first.key, other.key);
            (Outcome::Unknown, format!("it may mean {keys}, which are not of one party"))
        }
    }
}

/// Who controlled one channel on a date.
pub fn controller(
    graph: &Graph,
    standings: &Standings<'_>,
    channel: Id,
    on: &Date,
    captures: &Captures<'_>,
) -> Option<Answer> {
    let record = graph.channel(channel)?;
    let in_force = |(id, control): (Id, _)| {
        let node = graph.node(id).filter(|node| standings.is_in_force(node))?;
        Some((node, control))
    };
    let controls: Vec<(&Node, &Control)> =
        graph.controls(channel).into_iter().filter_map(in_force).collect();
    let holders: Vec<Holder> = controls
        .iter()
        .map(|(node, control)| holder((graph, standings), node, control, on, captures))
        .collect();
    let (outcome, because) = outcome(graph, &holders, on);
    Some(Answer {
        channel: graph.first(channel),
        key: record.key.clone(),
        platform: record.platform.as_deref().map(one_line),
        platform_id: record.platform_id.as_deref().map(one_line),
        handles: handles(graph, channel, record, on),
        outcome,
        because,
        holders,
    })
}

/// The handles of all descriptions of a channel: an older one names those of its time.
fn handles(graph: &Graph, channel: Id, newest: &Channel, on: &Date) -> Vec<HandleThen> {
    let records = graph.versions(channel).into_iter().filter_map(|id| graph.node(id));
    let mut all: Vec<_> = newest.handles.iter().collect();
    for node in records {
        let Record::Channel(channel) = node.record() else { continue };
        let known = |text: &str| all.iter().any(|it| plain_handle(&it.text) == plain_handle(text));
        let new: Vec<_> = channel.handles.iter().filter(|it| !known(&it.text)).collect();
        all.extend(new);
    }
    let then = all.into_iter().map(|handle| HandleThen {
        text: one_line(&handle.text),
        truth: on.within(handle.since.as_ref(), handle.until.as_ref()),
        since: handle.since.as_ref().map(Date::edtf),
        until: handle.until.as_ref().map(Date::edtf),
    });
    then.collect()
}

fn holder(
    (graph, standings): (&Graph, &Standings<'_>),
    node: &Node,
    control: &Control,
    on: &Date,
    captures: &Captures<'_>,
) -> Holder {
    let signed = if node.is_suspect() { Truth::Unknown } else { Truth::Holds };
    let mut why = why(control, on);
    if node.is_suspect() {
        why = format!("{why}; the key that signed it was revoked");
    }
    let (is_fresh, freshness) = freshness(control, on);
    let (is_backed, backing) = backing(graph, standings, control, Wanted::Channel, &[], captures);
    Holder {
        party: graph.first(control.party),
        name: one_line(&graph.party_name(control.party)),
        mode: control.mode,
        basis: control.basis,
        truth: covers(control, on).and(signed),
        why,
        is_fresh,
        freshness,
        evidence: control.evidence,
        is_backed,
        backing,
        id: node.id(),
        entry_index: node.entry_index(),
        is_suspect: node.is_suspect(),
    }
}

/// The answer by all statements. What may be is not nothing: it leaves the answer open.
fn outcome(graph: &Graph, holders: &[Holder], on: &Date) -> (Outcome, String) {
    let date = on.edtf();
    let of = |truth: Truth, is_of: &dyn Fn(ControlMode) -> bool| {
        holders.iter().filter(|it| it.truth == truth && is_of(it.mode)).collect::<Vec<_>>()
    };
    if let Some(it) = of(Truth::Holds, &is_usurped).first() {
        let mode = if it.mode == ControlMode::Hijacked { "taken over" } else { "an impersonation" };
        return (Outcome::Contested, format!("recorded as {mode} then ({})", it.name));
    }
    let certain = of(Truth::Holds, &ControlMode::speaks_for_party);
    let perhaps = of(Truth::Unknown, &|mode| mode.speaks_for_party() || is_usurped(mode));
    let Some(first) = certain.first() else {
        if let Some(it) = perhaps.first() {
            let several = perhaps.iter().any(|other| other.party != it.party);
            let others = if several { ", or others," } else { "" };
            let what = format!("perhaps {}{others}: {}", it.name, it.why);
            return (Outcome::Unknown, what);
        }
        return (Outcome::Nobody, format!("nobody is recorded in control on {date}"));
    };
    let related = |other: &Holder| {
        let bodies = |party| Bodies::of(graph, party, Some(on));
        let (here, there) = (bodies(first.party), bodies(other.party));
        here.include(graph, other.party).or(there.include(graph, first.party))
    };
    if let Some(other) = certain.iter().find(|other| related(other) == Truth::Fails) {
        return (
            Outcome::Contested,
            format!("both {} and {} are recorded", first.name, other.name),
        );
    }
    let doubtful = |it: &&&Holder| is_usurped(it.mode) || related(it) != Truth::Holds;
    let others = certain.iter().filter(doubtful).chain(perhaps.iter().filter(doubtful));
    if let Some(other) = others.into_iter().next() {
        let what = format!("{} is, and whether {} was too is unknown", first.name, other.name);
        return (Outcome::Unknown, format!("{what}: {}", other.why));
    }
    (Outcome::One, format!("{}: {}", first.name, first.why))
}

#[cfg(test)]
mod tests {
    use super::{Asked, Outcome, controller, find, had_handle};
    use crate::attribution::id::Id;
    use crate::attribution::record::Record;
    use crate::attribution::record::channel::{
        Channel, ChannelKind, Control, ControlBasis, ControlMode,
    };
    use crate::attribution::record::notice::NoticeKind;
    use crate::attribution::record::party::PartyKind;
    use crate::attribution::truth::Truth::{self, Fails, Holds, Unknown};
    use crate::audit::notebook::{Notebook, channel, control, date, dated, party};
    use crate::audit::standing::Standings;

    fn account(key: &str, id: &str, handles: &[(&str, &str, &str)]) -> Channel {
        Channel {
            kind: ChannelKind::Account,
            platform: Some("x".to_owned()),
            platform_id: Some(id.to_owned()),
            handles: dated(handles),
            urls: vec![format!("https://x.com/{}", handles[0].0)],
            ..channel(key)
        }
    }

    /// A statement as a register makes it: true on the day on which it was read.
    fn registered(channel: Id, party: Id, looked: &str) -> Control {
        let verified_at = Some(date(looked));
        Control { since: None, verified_at, ..control(channel, party, ControlBasis::Registry) }
    }

    struct World {
        notebook: Notebook,
        account: Id,
        minister: Id,
        statement: Id,
    }

    fn world() -> World {
        let mut notebook = Notebook::new();
        let minister = notebook.party("minister", PartyKind::Person);
        let handles = &[("Minister", "", "")];
        let account = notebook.append(Record::Channel(account("x-7", "7", handles)));
        let statement = registered(account, minister, "2026-01-15");
        let statement = notebook.append(Record::Control(statement));
        World { notebook, account, minister, statement }
    }

    #[track_caller]
    fn check(change: impl FnOnce(&mut World), on: &str, expected: Outcome, words: &str) {
        let mut world = world();
        change(&mut world);
        let graph = world.notebook.graph();
        let standings = Standings::as_of(&graph, graph.tree_size());
        let held = |digest: &crate::hash::Hash| world.notebook.held(digest);
        let answer = controller(&graph, &standings, world.account, &date(on), &held).unwrap();
        assert_eq!(answer.outcome, expected, "{answer:#?}");
        assert!(answer.because.contains(words), "{answer:#?}");
    }

    #[test]
    fn a_register_answers_for_the_day_on_which_it_was_read() {
        check(|_| {}, "2026-01-15", Outcome::One, "minister: it was verified on");
        check(|_| {}, "2026-01-16", Outcome::Unknown, "shows that day only");
        check(|_| {}, "2020-01-16", Outcome::Unknown, "since when is not recorded");
    }

    #[test]
    fn two_parties_contest_it_unless_they_are_of_one_body() {
        let other = |w: &mut World, part_of: Option<Id>, looked: &str| {
            let mut other = party("other", PartyKind::Group);
            other.part_of.extend(part_of);
            let other = w.notebook.append(Record::Party(other));
            w.notebook.append(Record::Control(registered(w.account, other, looked)));
        };
        let day = "2026-01-15";
        check(|w| other(w, None, day), day, Outcome::Contested, "both minister and other");
        check(|w| other(w, Some(w.minister), day), day, Outcome::One, "minister");
        let later = "2026-06-01";
        check(|w| other(w, None, later), day, Outcome::Unknown, "whether other was too");
    }

    #[test]
    fn what_was_taken_back_or_stolen_does_not_count() {
        let day = "2026-01-15";
        let take_back = |w: &mut World| {
            w.notebook.notice(NoticeKind::RecorderRetraction, w.statement, |_| {});
        };
        check(take_back, day, Outcome::Nobody, "nobody is recorded");
        let steal = |w: &mut World| _ = w.notebook.revoke(1, 1);
        check(steal, day, Outcome::Unknown, "revoked");
        let hijack = |w: &mut World| {
            let mode = ControlMode::Hijacked;
            let said = Control { mode, ..registered(w.account, w.minister, day) };
            w.notebook.append(Record::Control(said));
        };
        check(hijack, day, Outcome::Contested, "taken over");
    }

    #[test]
    fn a_handle_that_went_from_one_account_to_another_is_told_apart() {
        let mut notebook = Notebook::new();
        let old = account("x-7", "7", &[("Minister", "2010", "2019"), ("OldMinister", "2020", "")]);
        let old = notebook.append(Record::Channel(old));
        let new = account("x-8", "8", &[("minister", "2020", "")]);
        let new = notebook.append(Record::Channel(new));
        let graph = notebook.graph();
        let standings = Standings::as_of(&graph, graph.tree_size());
        let ask = |name| Asked { name, platform: None };
        let meant = |name| find(&graph, &standings, ask(name));
        assert_eq!(meant("@MINISTER"), [old, new]);
        assert_eq!(meant("https://twitter.com/minister/status/1"), [old, new]);
        assert_eq!(meant("https://x.com/i/user/8"), [new]);
        assert_eq!(meant("8"), [new]);
        assert_eq!(meant("x-7"), [old]);
        assert_eq!(meant("nobody"), []);
        let elsewhere = Asked { name: "minister", platform: Some("telegram") };
        assert_eq!(find(&graph, &standings, elsewhere), []);
        let then = |id, on: &str| -> Option<Truth> {
            let none = |_: &_| crate::audit::captures::Held::Missing;
            let answer = controller(&graph, &standings, id, &date(on), &none).unwrap();
            assert_eq!(answer.outcome, Outcome::Nobody);
            had_handle(&answer, ask("@minister"))
        };
        assert_eq!((then(old, "2015"), then(new, "2015")), (Some(Holds), Some(Fails)));
        assert_eq!((then(old, "2024"), then(new, "2024")), (Some(Fails), Some(Holds)));
        assert_eq!((then(old, "2020"), then(new, "2020")), (Some(Fails), Some(Unknown)));
    }
}
