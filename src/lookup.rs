//! Under which names a record can be looked up, and about which others it says something: what an
//! index has to know so that whoever asks about one record need not read all.
//!
//! A name is one text, the sort of name before a line feed, which no name holds.

use crate::attribution::id::Id;
use crate::attribution::record::Record;
use crate::evidence::address::account::plain_handle;

/// A party by one of its names; upper and lower case are the same.
pub fn party_named(name: &str) -> String {
    format!("party named\n{}", name.to_lowercase())
}

/// A channel by one of its handles, as [`plain_handle`] writes them.
pub fn channel_called(handle: &str) -> String {
    format!("channel called\n{}", plain_handle(handle))
}

/// A channel by its platform and its id there.
pub fn channel_with(platform: &str, platform_id: &str) -> String {
    format!("channel with\n{platform}\n{platform_id}")
}

/// What is said of a provider of captures, by its name.
pub fn provider(name: &str) -> String {
    format!("provider\n{name}")
}

/// By what a record is known to describe the same as another: a party and a channel by their key, a
/// document by any of its addresses, in the order in which they decide.
pub fn same_as(record: &Record) -> Vec<String> {
    match record {
        Record::Party(party) => vec![format!("party\n{}", party.key)],
        Record::Channel(channel) => vec![format!("channel\n{}", channel.key)],
        Record::Document(document) => {
            let addresses = document.url.iter().chain(&document.aliases);
            addresses.map(|address| format!("address\n{address}")).collect()
        }
        _ => Vec::new(),
    }
}

/// What else a record is called, by which people and rules ask for it.
pub fn called(record: &Record) -> Vec<String> {
    match record {
        Record::Party(party) => party.names.iter().map(|name| party_named(&name.text)).collect(),
        Record::Channel(channel) => {
            let with = channel.platform.as_deref().zip(channel.platform_id.as_deref());
            let handles = channel.handles.iter().map(|handle| channel_called(&handle.text));
            handles.chain(with.map(|(platform, id)| channel_with(platform, id))).collect()
        }
        Record::Provider(it) => vec![provider(&it.name)],
        _ => Vec::new(),
    }
}

/// The documents that appeared on a channel, by one description of it.
pub fn documents_on(channel: Id) -> String {
    format!("document on\n{channel}")
}

/// All names under which a record is found.
pub fn names(record: &Record) -> Vec<String> {
    let on = match record {
        Record::Document(document) => document.channel.map(documents_on),
        _ => None,
    };
    same_as(record).into_iter().chain(called(record)).chain(on).collect()
}

/// The statements about which a record says something. On what it rests and who says so is not
/// among them: a party is not asked for all that was said by it.
pub fn about(record: &Record) -> Vec<Id> {
    match record {
        Record::Control(control) => vec![control.channel],
        Record::Capture(later) => vec![later.document],
        Record::Attestation(it) => it.document.into_iter().chain(it.statement).collect(),
        Record::Relation(relation) => vec![relation.from, relation.to],
        Record::Assessment(assessment) => vec![assessment.target],
        Record::Notice(notice) => [notice.target].into_iter().chain(notice.replacement).collect(),
        Record::Charter(_)
        | Record::Key(_)
        | Record::Party(_)
        | Record::Channel(_)
        | Record::Document(_)
        | Record::Claim(_)
        | Record::Provider(_) => Vec::new(),
    }
}
