//! Rules about handles: the names of accounts, which change, are given up, and go to others.

use crate::attribution::date::Date;
use crate::attribution::id::Id;
use crate::attribution::record::channel::{Channel, Handle};
use crate::attribution::truth::Truth;
use crate::audit::case::{Case, Reading};
use crate::audit::rules::rule::{Group, Judgement, Rule};
use crate::evidence::address::account::{self, Account, Name, plain_handle};

/// See its words.
pub const HANDLE_AT_TIME: Rule = Rule {
    name: "handle-at-time",
    group: Group::Channel,
    words: "The account in a document's URL is its channel: by the platform's id, or by a handle \
            that the channel is recorded to have had when the document was published.",
    not_shown: "That the post stood there, or that the record of the handles is whole.",
    judge: handle_at_time,
};

/// See its words.
pub const HANDLE_HELD_BY_ANOTHER: Rule = Rule {
    name: "handle-held-by-another",
    group: Group::Channel,
    words: "No other account is recorded to have had the handle in a document's URL when the \
            document was published.",
    not_shown: "That nobody whom no record names had it.",
    judge: handle_held_by_another,
};

/// A step whose document has a channel, and the accounts in its URLs.
struct Placed<'a> {
    number: usize,
    channel: Id,
    record: &'a Channel,
    accounts: Vec<Account>,
    published: Option<&'a Date>,
}

fn placed<'a>(case: &'a Case<'_>) -> Vec<Placed<'a>> {
    case.steps.iter().filter_map(|reading| of_step(case, reading)).collect()
}

fn of_step<'a>(case: &'a Case<'_>, reading: &'a Reading<'_>) -> Option<Placed<'a>> {
    let document = reading.document?;
    let channel = document.channel?;
    let record = case.graph.channel(channel)?;
    let platform = account::platform(record.platform.as_deref()?);
    let urls = document.url.iter().chain(&document.aliases);
    let mut accounts: Vec<Account> = urls.filter_map(|url| account::in_url(url)).collect();
    accounts.retain(|account| account.platform == platform);
    accounts.sort();
    accounts.dedup();
    let reported = reading.step.hop.and_then(|hop| hop.reported_at.as_ref());
    let published = document.published.as_ref().or(reported);
    let number = reading.step.number;
    (!accounts.is_empty()).then_some(Placed { number, channel, record, accounts, published })
}

/// Whether a channel had a handle at a time, and in which words that is said; `None` if it is
/// never recorded to have had it.
fn had<'a>(
    handles: impl Iterator<Item = &'a Handle>,
    name: &str,
    at: Option<&Date>,
) -> Option<(Truth, String)> {
    let edtf = |date: Option<&Date>| date.map_or_else(|| "unknown".to_owned(), Date::edtf);
    let of_name = handles.filter(|handle| plain_handle(&handle.text) == name);
    let answers = of_name.map(|handle| {
        let (since, until) = (handle.since.as_ref(), handle.until.as_ref());
        let truth = at.map_or(Truth::Unknown, |at| at.within(since, until));
        (truth, format!("from {} to {}", edtf(since), edtf(until)))
    });
    answers.reduce(|one, other| if one.0.or(other.0) == one.0 { one } else { other })
}

fn handle_at_time(case: &Case<'_>) -> Vec<Judgement> {
    let mut judgements = Vec::new();
    for Placed { number, channel, record, accounts, published } in placed(case) {
        let at = published.map_or_else(|| "at an unknown time".to_owned(), Date::edtf);
        for account in accounts {
            let (truth, what) = match &account.name {
                Name::Id(id) => match &record.platform_id {
                    Some(own) => (Truth::from(own == id), format!("id {id}, the channel's {own}")),
                    None => (Truth::Unknown, format!("id {id}, the channel's is not recorded")),
                },
                Name::Handle(name) => match had(record.handles.iter(), name, published) {
                    Some((truth, when)) => {
                        let what = format!("published {at} under {name}, the channel's {when}");
                        (truth, what)
                    }
                    None if record.handles.is_empty() => {
                        (Truth::Unknown, format!("under {name}; the channel's is not recorded"))
                    }
                    None => (Truth::Fails, format!("under {name}, no handle of the channel")),
                },
            };
            judgements.push(Judgement::new(truth, what).at(number).on(channel));
        }
    }
    judgements
}

fn handle_held_by_another(case: &Case<'_>) -> Vec<Judgement> {
    let mut judgements = Vec::new();
    for Placed { number, channel, record, accounts, published } in placed(case) {
        for account in accounts {
            let Name::Handle(name) = &account.name else { continue };
            let what = format!("no other account is recorded with the handle {name} then");
            let mut found = (Truth::Holds, what);
            for other in case.graph.channels_called(name) {
                let Some((truth, what)) = held(case, (channel, record), *other, name, published)
                else {
                    continue;
                };
                if found.0.and(truth) != found.0 {
                    found = (truth, what);
                }
            }
            judgements.push(Judgement::new(found.0, found.1).at(number).on(channel));
        }
    }
    judgements
}

/// Whether another account did not have the handle; `None` if it is none of that platform.
fn held(
    case: &Case<'_>,
    (channel, record): (Id, &Channel),
    other: Id,
    name: &str,
    at: Option<&Date>,
) -> Option<(Truth, String)> {
    let node = case.graph.node(other).filter(|node| case.standings.is_in_force(node))?;
    let its = case.graph.channel(other)?;
    let platform = |channel: &Channel| channel.platform.as_deref().map(account::platform);
    if case.graph.is_same(channel, other) || platform(its) != platform(record) {
        return None;
    }
    let (had, when) = had(its.handles.iter(), name, at)?;
    let key = &its.key;
    match (&record.platform_id, &its.platform_id) {
        (Some(one), Some(two)) if one == two => return None,
        (Some(_), Some(_)) => {}
        // Without ids nobody can tell two accounts from two records of one.
        _ if had == Truth::Fails => {}
        _ => {
            return Some((
                Truth::Unknown,
                format!("{key} has it too, and may be the same account"),
            ));
        }
    }
    let suspect = if node.is_suspect() { Truth::Unknown } else { Truth::Holds };
    let truth = had.and(suspect).not();
    Some((truth, format!("{key}, another account, had the handle {name} {when}")))
}

#[cfg(test)]
mod tests {
    use crate::attribution::id::Id;
    use crate::attribution::record::Record;
    use crate::attribution::record::channel::{Channel, ChannelKind};
    use crate::attribution::record::claim::Who;
    use crate::attribution::truth::Truth::{self, Fails, Holds, Unknown};
    use crate::audit::notebook::{Notebook, channel, check, claim, date, dated};

    fn account(key: &str, id: Option<&str>, handles: &[(&str, &str, &str)]) -> Channel {
        Channel {
            kind: ChannelKind::Account,
            platform: Some("twitter".to_owned()),
            platform_id: id.map(str::to_owned),
            handles: dated(handles),
            ..channel(key)
        }
    }

    fn posted(notebook: &mut Notebook, own: Channel, url: &str, published: &str) -> Id {
        let own = notebook.append(Record::Channel(own));
        let document = notebook.document("text", |document| {
            document.channel = Some(own);
            document.url = Some(url.to_owned());
            document.published = (!published.is_empty()).then(|| date(published));
        });
        notebook.claim(claim(Who::Unresolved("x".to_owned()), Some(document)))
    }

    #[test]
    fn a_post_stands_under_a_handle_of_its_time_or_under_the_id() {
        let handles = &[("MFA", "2010", "2019"), ("@MFA_new", "2020", ""), ("old", "", "")];
        let rows: [(&str, &str, &[Truth]); 9] = [
            ("https://x.com/mfa/status/1", "2015", &[Holds]),
            ("https://x.com/mfa_new/status/1", "2015", &[Fails]),
            ("https://x.com/mfa_new/status/1", "2021-05", &[Holds]),
            ("https://x.com/mfa/status/1", "", &[Unknown]),
            ("https://x.com/old/status/1", "2015", &[Unknown]),
            ("https://x.com/stranger/status/1", "2015", &[Fails]),
            ("https://x.com/i/user/7", "2015", &[Holds]),
            ("https://x.com/i/user/8", "2015", &[Fails]),
            ("https://t.me/mfa/1", "2015", &[]),
        ];
        for (url, published, expected) in rows {
            let mut notebook = Notebook::new();
            let own = account("own", Some("7"), handles);
            let id = posted(&mut notebook, own, url, published);
            check(&notebook, id, &super::HANDLE_AT_TIME, expected);
        }
        let mut notebook = Notebook::new();
        let id = posted(&mut notebook, account("own", None, &[]), "https://x.com/mfa", "2015");
        check(&notebook, id, &super::HANDLE_AT_TIME, &[Unknown]);
    }

    #[test]
    fn a_handle_that_another_account_had_then_is_not_the_channels() {
        let rows = [
            (Some("8"), ("mfa", "2016", ""), Fails),
            (Some("8"), ("MFA", "2010", "2014"), Holds),
            (Some("8"), ("mfa", "", ""), Unknown),
            (Some("8"), ("other", "2010", ""), Holds),
            (Some("7"), ("mfa", "2010", ""), Holds),
            (None, ("mfa", "2010", ""), Unknown),
        ];
        for (id, handle, expected) in rows {
            let mut notebook = Notebook::new();
            notebook.append(Record::Channel(account("other", id, &[handle])));
            let own = account("own", Some("7"), &[("mfa", "2015", "")]);
            let id = posted(&mut notebook, own, "https://x.com/mfa/status/1", "2018");
            check(&notebook, id, &super::HANDLE_HELD_BY_ANOTHER, &[expected]);
        }
    }
}
