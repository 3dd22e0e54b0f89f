//! Rules about time: said before reported, reported before captured, captured before recorded.

use crate::attribution::date::{Basis, Date};
use crate::attribution::id::Id;
use crate::attribution::record::channel::{Control, ControlMode};
use crate::attribution::record::claim::Who;
use crate::attribution::statement::CLOCK_TOLERANCE;
use crate::attribution::truth::Truth;
use crate::audit::backing::Backed;
use crate::audit::bodies::Bodies;
use crate::audit::case::{Case, Reading};
use crate::audit::control::{covers, is_usurped};
use crate::audit::rules::rule::{Group, Judgement, Rule};
use crate::evidence::address::archive;

/// See its words.
pub const SAID_BEFORE_REPORTED: Rule = Rule {
    name: "said-before-reported",
    group: Group::Time,
    words: "What was said was said no later than it was published or reported at each step.",
    not_shown: "That any of these dates is right.",
    judge: said_before_reported,
};

/// See its words.
pub const REPORTED_BEFORE_CAPTURED: Rule = Rule {
    name: "reported-before-captured",
    group: Group::Time,
    words: "Each document was published no later than each of its captures was taken.",
    not_shown: "That the document was not changed between the two.",
    judge: reported_before_captured,
};

/// See its words.
pub const CAPTURED_BEFORE_RECORDED: Rule = Rule {
    name: "captured-before-recorded",
    group: Group::Time,
    words: "The capture that counts was taken no later than the claim was recorded.",
    not_shown: "That the recorder's clock was right.",
    judge: captured_before_recorded,
};

/// See its words.
pub const WEEKDAY_AGREES: Rule = Rule {
    name: "weekday-agrees",
    group: Group::Time,
    words: "The weekday, day, month and year that a date names as written fit the date recorded.",
    not_shown: "That the document names the right day.",
    judge: weekday_agrees,
};

/// See its words.
pub const ROLE_COVERS_SAID_AT: Rule = Rule {
    name: "role-covers-said-at",
    group: Group::Time,
    words: "The speaker held the office as written when it was said, by the party's record.",
    not_shown: "That the speaker spoke in that office.",
    judge: role_covers_said_at,
};

/// See its words.
pub const CONTROL_COVERS_SAID_AT: Rule = Rule {
    name: "control-covers-said-at",
    group: Group::Time,
    words: "The speaker or its body controlled the origin's channel when the origin appeared.",
    not_shown: "That the speaker itself wrote what appeared there.",
    judge: control_covers_said_at,
};

/// See its words.
pub const ARCHIVE_URL_TIME: Rule = Rule {
    name: "archive-url-time",
    group: Group::Time,
    words: "The time inside an archive's URL is no earlier than the document was published.",
    not_shown: "That the archive's clock was right.",
    judge: archive_url_time,
};

/// Compares two dates and says both.
fn compare(
    (earlier_name, earlier): (&str, &Date),
    (later_name, later): (&str, &Date),
) -> Judgement {
    let (one, other) = (earlier.edtf(), later.edtf());
    let what = format!("{earlier_name} {one}, {later_name} {other}");
    Judgement::new(earlier.not_after(later), what)
}

/// See its words.
pub const DATED_BEFORE_WITNESSED: Rule = Rule {
    name: "dated-before-witnessed",
    group: Group::Time,
    words: "Nothing in the record is dated later than witnesses saw it in the log, within an hour.",
    not_shown: "That any date is right, or that the record was not made long after it.",
    judge: dated_before_witnessed,
};

/// The witnesses' clocks and that of whoever wrote a date down are not the same clock.
fn dated_before_witnessed(case: &Case<'_>) -> Vec<Judgement> {
    let Some(seen) = case.graph.logged_before() else {
        let what = "no witness has said by what time this was in the log";
        return vec![Judgement::new(Truth::Unknown, what)];
    };
    let date = |seconds: u64| {
        let seconds = i64::try_from(seconds).ok()?;
        Date::from_timestamp(seconds, Basis::Server).ok()
    };
    let latest = date(seen.time.saturating_add(CLOCK_TOLERANCE));
    let (Some(witnessed), Some(latest)) = (date(seen.time), latest) else {
        return vec![Judgement::new(Truth::Unknown, "the witnesses' time is no date")];
    };
    let recorded = date(case.node.signed().statement().recorded_at());
    let mut dates = vec![("recorded", None, recorded.as_ref())];
    dates.push(("said", None, case.claim.said_at.as_ref()));
    for reading in &case.steps {
        let number = Some(reading.step.number);
        let published = reading.document.and_then(|document| document.published.as_ref());
        dates.push(("published", number, published));
        dates.push(("reported", number, reading.step.hop.and_then(|h| h.reported_at.as_ref())));
        let captured = reading.captures.iter().map(|capture| capture.captured_at.as_ref());
        dates.extend(captured.map(|captured| ("captured", number, captured)));
    }
    let mut judgements = Vec::new();
    for (name, number, date) in dates {
        let Some(date) = date else { continue };
        let what = format!("{name} {}, witnessed {}", date.edtf(), witnessed.edtf());
        let judged = Judgement::new(date.not_after(&latest), what);
        judgements.push(match number {
            Some(number) => judged.at(number),
            None => judged,
        });
    }
    judgements
}

fn said_before_reported(case: &Case<'_>) -> Vec<Judgement> {
    let mut judgements = Vec::new();
    for reading in &case.steps {
        let number = reading.step.number;
        let published = reading.document.and_then(|document| document.published.as_ref());
        let reported = reading.step.hop.and_then(|hop| hop.reported_at.as_ref());
        for later in [("published", published), ("reported", reported)] {
            let (name, Some(later)) = later else { continue };
            let judged = if let Some(said) = &case.claim.said_at {
                compare(("said", said), (name, later))
            } else {
                let what = format!("{name} {}, said at an unknown time", later.edtf());
                Judgement::new(Truth::Unknown, what)
            };
            judgements.push(judged.at(number));
        }
    }
    judgements
}

fn reported_before_captured(case: &Case<'_>) -> Vec<Judgement> {
    let mut judgements = Vec::new();
    for reading in &case.steps {
        let Some(published) = reading.document.and_then(|d| d.published.as_ref()) else { continue };
        for captured in reading.captures.iter().filter_map(|c| c.captured_at.as_ref()) {
            let judged = compare(("published", published), ("captured", captured));
            judgements.push(judged.at(reading.step.number));
        }
    }
    judgements
}

fn captured_before_recorded(case: &Case<'_>) -> Vec<Judgement> {
    let recorded_at = case.node.signed().statement().recorded_at();
    let recorded = i64::try_from(recorded_at).ok();
    let recorded = recorded.and_then(|seconds| Date::from_timestamp(seconds, Basis::Server).ok());
    let mut judgements = Vec::new();
    for reading in &case.steps {
        let digest = reading.step.passage.map(|passage| passage.capture);
        let counts = |digest_of| digest.is_none_or(|digest| digest == digest_of);
        let captures = reading.captures.iter().filter(|capture| counts(capture.digest));
        for captured in captures.filter_map(|capture| capture.captured_at.as_ref()) {
            let judged = match &recorded {
                Some(recorded) => compare(("captured", captured), ("recorded", recorded)),
                None => Judgement::new(Truth::Unknown, "the time of recording is no date"),
            };
            judgements.push(judged.at(reading.step.number));
        }
    }
    judgements
}

fn weekday_agrees(case: &Case<'_>) -> Vec<Judgement> {
    let mut dates = vec![("said", 0, case.claim.said_at.as_ref())];
    for reading in &case.steps {
        let number = reading.step.number;
        let published = reading.document.and_then(|document| document.published.as_ref());
        dates.push(("published", number, published));
        dates.push(("reported", number, reading.step.hop.and_then(|h| h.reported_at.as_ref())));
    }
    let mut judgements = Vec::new();
    for (name, number, date) in dates {
        let Some((date, written)) = date.and_then(|date| Some((date, date.written()?))) else {
            continue;
        };
        let what = format!("{name} {}, written {written:?}", date.edtf());
        judgements.push(Judgement::new(date.fits_its_words(), what).at(number));
    }
    judgements
}

fn role_covers_said_at(case: &Case<'_>) -> Vec<Judgement> {
    let Some(written) = &case.claim.role_as_written else { return Vec::new() };
    let unknown = |what: String| vec![Judgement::new(Truth::Unknown, what)];
    let Who::Party(id) = case.claim.speaker else {
        return unknown(format!("{written:?} is the role of nobody resolved"));
    };
    let Some(party) = case.graph.party(id) else {
        return unknown("the speaker's record is not at hand".to_owned());
    };
    let wanted = written.to_lowercase();
    let is_named = |office: &str| {
        let office = office.to_lowercase();
        office.contains(&wanted) || wanted.contains(&office)
    };
    let mut found: Option<(Truth, String)> = None;
    for role in party.roles.iter().filter(|role| is_named(&role.office)) {
        let Some(said) = &case.claim.said_at else {
            return unknown(format!("when it was said as {written:?} is not known"));
        };
        let held = said.within(role.since.as_ref(), role.until.as_ref());
        let (since, until) = (edtf(role.since.as_ref()), edtf(role.until.as_ref()));
        let what = format!("said {}, {:?} from {since} to {until}", said.edtf(), role.office);
        let so_far = found.as_ref().map_or(Truth::Fails, |(truth, _)| *truth);
        if found.is_none() || so_far.or(held) != so_far {
            found = Some((so_far.or(held), what));
        }
    }
    match found {
        Some((truth, what)) => vec![Judgement::new(truth, what).on(id)],
        None => unknown(format!("{} has no recorded office like {written:?}", party.name())),
    }
}

pub(crate) fn edtf(date: Option<&Date>) -> String {
    date.map_or_else(|| "unknown".to_owned(), Date::edtf)
}

/// When the origin appeared: published, or reported, or else when it was said.
pub(crate) fn appeared_at<'a>(case: &'a Case<'_>, origin: &'a Reading<'_>) -> Option<&'a Date> {
    let published = origin.document.and_then(|document| document.published.as_ref());
    let reported = origin.step.hop.and_then(|hop| hop.reported_at.as_ref());
    published.or(reported).or(case.claim.said_at.as_ref())
}

/// The statements of control over the origin's channel by the speaker or a body above it, each
/// with whether it speaks for the speaker when the origin appeared. What a suspect key signed
/// shows nothing.
pub(crate) fn controls_at_origin<'a, 'c>(case: &'a Case<'c>) -> Vec<(Truth, &'a Backed<'c>)> {
    let (Some(origin), Some(speaker)) = (case.origin(), case.claim.speaker.party()) else {
        return Vec::new();
    };
    controls_by(case, speaker, &case.controls, appeared_at(case, origin))
}

/// Of some statements of control those by a party or a body above it, each with whether it speaks
/// for the party at a time.
pub(crate) fn controls_by<'a, 'c>(
    case: &Case<'_>,
    party: Id,
    controls: &'a [Backed<'c>],
    at: Option<&Date>,
) -> Vec<(Truth, &'a Backed<'c>)> {
    let bodies = Bodies::of(case.graph, party, case.claim.said_at.as_ref());
    let mut found = Vec::new();
    for backed in controls {
        let control = backed.control;
        let belongs = bodies.include(case.graph, control.party);
        if belongs == Truth::Fails {
            continue;
        }
        let covers = at.map_or(Truth::Unknown, |at| covers(control, at));
        let speaks = Truth::from(control.mode.speaks_for_party());
        let signed = if backed.is_suspect { Truth::Unknown } else { Truth::Holds };
        found.push((belongs.and(covers).and(speaks).and(signed), backed));
    }
    found
}

/// The first statement, by whomever, that a channel was not its owner's voice at a time: an
/// impersonation, or taken over by others.
pub(crate) fn usurped<'a>(controls: &[Backed<'a>], at: Option<&Date>) -> Option<&'a Control> {
    controls.iter().map(|backed| backed.control).find(|control| {
        is_usurped(control.mode)
            && at.is_none_or(|at| {
                at.within(control.since.as_ref(), control.until.as_ref()) != Truth::Fails
            })
    })
}

fn control_covers_said_at(case: &Case<'_>) -> Vec<Judgement> {
    let Some(origin) = case.origin() else { return Vec::new() };
    let number = origin.step.number;
    if origin.document.is_none_or(|document| document.channel.is_none()) {
        let what = format!("{}: on which channel it appeared is not recorded", origin.step.name());
        return vec![Judgement::new(Truth::Unknown, what).at(number)];
    }
    if let Some(control) = usurped(&case.controls, appeared_at(case, origin)) {
        let party = case.graph.party_name(control.party);
        let mode = match control.mode {
            ControlMode::Hijacked => "taken over by others",
            _ => "an impersonation",
        };
        let what = format!("the origin's channel is recorded as {mode} ({party}), at that time");
        return vec![Judgement::new(Truth::Fails, what).at(number)];
    }
    let controls = controls_at_origin(case);
    let speaker = case.graph.name_of(&case.claim.speaker);
    let Some(truth) = controls.iter().map(|(truth, _)| *truth).reduce(Truth::or) else {
        let what = format!("no control of the origin's channel by {speaker} is recorded");
        return vec![Judgement::new(Truth::Unknown, what).at(number)];
    };
    let at = edtf(appeared_at(case, origin));
    let intervals = controls.iter().map(|(_, backed)| {
        let control = backed.control;
        let (since, until) = (edtf(control.since.as_ref()), edtf(control.until.as_ref()));
        format!("{} from {since} to {until}", case.graph.party_name(control.party))
    });
    let intervals = intervals.collect::<Vec<_>>().join("; ");
    let what = format!("the origin appeared {at}, controlled by {intervals}");
    vec![Judgement::new(truth, what).at(number)]
}

/// The time inside an archive's URL.
fn archived_at(url: &str) -> Option<Date> {
    Date::new(&archive::time_in_url(url)?, None, Basis::Server).ok()
}

fn archive_url_time(case: &Case<'_>) -> Vec<Judgement> {
    let mut judgements = Vec::new();
    for reading in &case.steps {
        let Some(document) = reading.document else { continue };
        let asked = reading.captures.iter().flat_map(|c| [&c.uri_requested, &c.uri_final]);
        let urls = asked.flatten().chain(&document.url).chain(&document.aliases);
        for time in urls.filter_map(|url| archived_at(url)) {
            let judged = if let Some(published) = &document.published {
                compare(("published", published), ("archived", &time))
            } else {
                let what = format!("archived {}, published at an unknown time", time.edtf());
                Judgement::new(Truth::Unknown, what)
            };
            let judged = judged.at(reading.step.number);
            if judgements.last() != Some(&judged) {
                judgements.push(judged);
            }
        }
    }
    judgements
}

#[cfg(test)]
mod tests {
    use crate::attribution::date::{Basis, Date};
    use crate::attribution::record::Record;
    use crate::attribution::record::channel::{ControlBasis, ControlMode};
    use crate::attribution::record::claim::{Claim, Who};
    use crate::attribution::record::document::Document;
    use crate::attribution::record::party::{PartyKind, Role};
    use crate::attribution::truth::Truth::{self, Fails, Holds, Unknown};
    use crate::audit::notebook::{self, FIRST, Notebook, check, check_in, control, date, party};
    use crate::audit::rules::rule::Rule;
    use crate::tlog::checkpoint::LoggedBefore;

    fn told(
        rule: &Rule,
        document: impl FnOnce(&mut Document),
        change: impl FnOnce(&mut Claim),
        expected: &[Truth],
    ) {
        let mut notebook = Notebook::new();
        let document = notebook.document("text", document);
        let mut claim = notebook::claim(Who::Unresolved("x".to_owned()), Some(document));
        change(&mut claim);
        let id = notebook.claim(claim);
        check(&notebook, id, rule, expected);
    }

    #[test]
    fn nothing_is_reported_before_it_is_said() {
        let rule = &super::SAID_BEFORE_REPORTED;
        for (said, expected) in [
            (Some("2024-11-24"), Holds),
            (Some("2024-11-26"), Fails),
            (Some("2024-11"), Unknown),
            (None, Unknown),
        ] {
            let published = |document: &mut Document| document.published = Some(date("2024-11-25"));
            told(rule, published, |claim| claim.said_at = said.map(date), &[expected]);
        }
        told(rule, |_| {}, |_| {}, &[]);
    }

    #[test]
    fn nothing_is_captured_before_it_is_published_nor_recorded_before_it_is_captured() {
        for (captured, published_first, recorded_last) in [
            ("2024-11-20", Holds, Holds),
            ("2024-11-10", Fails, Holds),
            ("2024-11-30", Holds, Fails),
            ("2024-11", Unknown, Unknown),
        ] {
            let times = |document: &mut Document| {
                document.published = Some(date("2024-11-15"));
                document.captures[0].captured_at = Some(date(captured));
            };
            told(&super::REPORTED_BEFORE_CAPTURED, times, |_| {}, &[published_first]);
            told(&super::CAPTURED_BEFORE_RECORDED, times, |_| {}, &[recorded_last]);
        }
    }

    #[test]
    fn nothing_is_dated_later_than_witnesses_saw_it() {
        let rule = &super::DATED_BEFORE_WITNESSED;
        let seen = |time| LoggedBefore { time, witnesses: vec!["w".to_owned()], by_quorum: true };
        for (published, time, expected) in [
            ("2024-11-24", Some(FIRST + 60), vec![Holds, Holds]),
            ("2024-11-26", Some(FIRST + 60), vec![Holds, Fails]),
            ("2024-11", Some(FIRST + 60), vec![Holds, Unknown]),
            // Witnessed before it was recorded, by its recorder's clock: two clocks may differ, but
            // not by a day.
            ("2024-11-20", Some(FIRST - 60), vec![Holds, Holds]),
            ("2024-11-20", Some(FIRST - 86_400), vec![Fails, Holds]),
            ("2024-11-20", Some(u64::MAX), vec![Unknown]),
            ("2024-11-20", None, vec![Unknown]),
        ] {
            let mut notebook = Notebook::new();
            let document = notebook.document("text", |it| it.published = Some(date(published)));
            let claim = notebook::claim(Who::Unresolved("x".to_owned()), Some(document));
            let id = notebook.claim(claim);
            let graph = notebook.graph().seen_by_witnesses(time.map(seen));
            check_in(&graph, &notebook, id, rule, &expected);
        }
    }

    #[test]
    fn a_named_weekday_fits_the_date() {
        for (edtf, written, expected) in [
            ("2024-11-24", "on Sunday, November 24", Holds),
            ("2024-11-25", "on Sunday", Fails),
            ("2024-11-24", "the other day", Unknown),
        ] {
            let said = Date::new(edtf, Some(written.to_owned()), Basis::Stated).unwrap();
            told(&super::WEEKDAY_AGREES, |_| {}, |c| c.said_at = Some(said), &[expected]);
        }
    }

    #[test]
    fn an_office_is_held_when_it_is_spoken_in() {
        for (said, written, expected) in [
            (Some("2015"), "Foreign Minister", Holds),
            (Some("2024"), "foreign minister", Fails),
            (Some("2015"), "poet", Unknown),
            (None, "foreign minister", Unknown),
        ] {
            let mut notebook = Notebook::new();
            let mut speaker = party("speaker", PartyKind::Person);
            let (since, until) = (Some(date("2010")), Some(date("2020")));
            let office = "foreign minister".to_owned();
            speaker.roles.push(Role { office, org: None, since, until });
            let speaker = notebook.append(Record::Party(speaker));
            let mut claim = notebook::claim(Who::Party(speaker), None);
            claim.role_as_written = Some(written.to_owned());
            claim.said_at = said.map(date);
            let id = notebook.claim(claim);
            check(&notebook, id, &super::ROLE_COVERS_SAID_AT, &[expected]);
        }
    }

    #[test]
    fn a_channel_is_controlled_when_the_origin_appears() {
        let official = ControlMode::Official;
        for (published, mode, looked, expected) in [
            (Some("2024"), official, Some("2025"), Holds),
            (Some("2010"), official, Some("2025"), Fails),
            (Some("2024"), ControlMode::Hijacked, Some("2025"), Fails),
            (None, official, Some("2025"), Unknown),
            (Some("2024"), official, Some("2023"), Unknown),
            (Some("2024"), official, None, Unknown),
        ] {
            let mut notebook = Notebook::new();
            let speaker = notebook.party("mfa", PartyKind::Ministry);
            let channel = notebook.site("mfa-site");
            let mut controlled = control(channel, speaker, ControlBasis::DidWeb);
            controlled.mode = mode;
            controlled.verified_at = looked.map(date);
            notebook.append(Record::Control(controlled));
            let document = notebook.document("text", |document| {
                document.channel = Some(channel);
                document.published = published.map(date);
            });
            let id = notebook.claim(notebook::claim(Who::Party(speaker), Some(document)));
            check(&notebook, id, &super::CONTROL_COVERS_SAID_AT, &[expected]);
        }
        told(&super::CONTROL_COVERS_SAID_AT, |_| {}, |_| {}, &[Unknown]);
    }

    #[test]
    fn an_archive_has_nothing_before_it_is_published() {
        let url = "https://web.archive.org/web/20241126120000id_/https://example.org/";
        for (published, expected) in
            [(Some("2024-11-24"), Holds), (Some("2024-11-29"), Fails), (None, Unknown)]
        {
            let times = |document: &mut Document| {
                document.published = published.map(date);
                document.captures[0].uri_final = Some(url.to_owned());
            };
            told(&super::ARCHIVE_URL_TIME, times, |_| {}, &[expected]);
        }
        let live =
            |d: &mut Document| d.url = Some("https://example.org/20241126120000/".to_owned());
        told(&super::ARCHIVE_URL_TIME, live, |_| {}, &[]);
    }
}
