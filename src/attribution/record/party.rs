//! A party: a person, ministry, organisation, outlet, group, or an unnamed source (prov:Agent).

use serde::{Deserialize, Serialize};

use crate::attribution::date::Date;
use crate::attribution::id::Id;
use crate::attribution::identity::Identifier;
use crate::attribution::record::limits::{self, Invalid};
use crate::attribution::record::list;
use crate::attribution::record::{PARTY, Reference};

/// A party. A later record with the same key describes the same party anew.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Party {
    /// The stable, short key by which people name the party in this ledger.
    pub key: String,
    /// What sort of party it is.
    pub kind: PartyKind,
    /// Its names; the first is the one to print.
    #[serde(deserialize_with = "list::few")]
    pub names: Vec<Name>,
    /// Identifiers elsewhere (wikidata, isni, orcid, did, …).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ids: Vec<Identifier>,
    /// Bodies this party belongs to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub part_of: Vec<Id>,
    /// Offices it held.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<Role>,
    /// On what terms an unnamed source spoke.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub anonymity: Option<Anonymity>,
}

/// What sort of party.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PartyKind {
    /// A human being.
    Person,
    /// A country or its government as a whole.
    State,
    /// A ministry or other department of a government.
    Ministry,
    /// A body with members or staff that is none of the others.
    Organisation,
    /// A newspaper, agency, broadcaster or other publisher.
    Outlet,
    /// A group without legal form ("officials", "residents").
    Group,
    /// A source that is not named.
    Unnamed,
}

/// One name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Name {
    /// The name as it is written.
    pub text: String,
    /// Its language and script (BCP 47).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lang: Option<String>,
    /// What sort of name it is; official when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<NameKind>,
}

/// What sort of name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NameKind {
    /// The name the party gives itself.
    Official,
    /// Another name in use.
    Alias,
    /// The official name in another script.
    Transliteration,
}

/// An office that the party held during a dated interval (Wikidata "position held").
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Role {
    /// The office ("foreign minister").
    pub office: String,
    /// The body in which it is held.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub org: Option<Id>,
    /// From when; unknown when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Date>,
    /// Until when; unknown, or still, when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Date>,
}

/// On what terms a source spoke, from open to closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Anonymity {
    /// Named and quoted.
    OnRecord,
    /// Quoted, described, not named.
    Background,
    /// Neither quoted nor described.
    DeepBackground,
}

impl Party {
    /// The name to print.
    pub fn name(&self) -> &str {
        self.names.first().map_or(&self.key, |name| &name.text)
    }

    pub(crate) fn check(&self) -> Result<(), Invalid> {
        limits::key("key", &self.key)?;
        limits::some_items("names", &self.names)?;
        for name in &self.names {
            limits::short("name", &name.text)?;
            limits::optional("lang", name.lang.as_ref(), limits::language)?;
        }
        limits::items("ids", &self.ids)?;
        for id in &self.ids {
            limits::key("id scheme", &id.scheme)?;
            limits::short("id value", &id.value)?;
        }
        limits::items("part_of", &self.part_of)?;
        limits::items("roles", &self.roles)?;
        self.roles.iter().try_for_each(|role| limits::short("office", &role.office))
    }

    pub(crate) fn references(&self) -> Vec<Reference> {
        let bodies = self.part_of.iter().map(|id| Reference::new("part_of", *id, PARTY));
        let offices = self.roles.iter().filter_map(|role| role.org);
        bodies.chain(offices.map(|id| Reference::new("org", id, PARTY))).collect()
    }

    pub(crate) fn refer(&mut self, to: &mut dyn FnMut(Id) -> Id) {
        self.part_of.iter_mut().for_each(|id| *id = to(*id));
        self.roles.iter_mut().filter_map(|role| role.org.as_mut()).for_each(|id| *id = to(*id));
    }
}
