//! A register of officials and their accounts, in the form of unitedstates/congress-legislators:
//! two YAML files, one of people with their terms of office, one of their official accounts.
//!
//! Both are read within limits. Numbers are read as text, letter by letter: an id that was taken
//! for a number would lose its last digits. Rows that cannot be taken are named, not guessed at.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_saphyr::Options;

use crate::attribution::date::Date;
use crate::attribution::identity::{Identifier, check_platform_id};
use crate::attribution::record::Record;
use crate::attribution::record::channel::{Channel, ChannelKind, Handle};
use crate::attribution::record::party::{Name, NameKind, Party, PartyKind, Role};
use crate::attribution::truth::Truth;
use crate::evidence::address::account::plain_handle;
use crate::hash::Hash;

/// The largest file, in bytes: eight times the register of all members of one congress, with all
/// their terms.
pub const MAX_BYTES: u64 = 8 * 1024 * 1024;

/// The most rows of a file: three times the largest parliament. With [`Social`]'s five platforms
/// that makes some 110,000 records, which one commit's journal holds (`store::JOURNAL_LIMIT`).
pub const MAX_ROWS: usize = 10_000;

/// How deep the files may nest: people, one person, terms, one term, and some room.
const MAX_DEPTH: usize = 16;

/// The most values in a file: a person with twenty terms has some four hundred.
const MAX_NODES: usize = 2_000_000;

/// The longest readable part of a key, in characters; the record allows 64 bytes in all.
const KEY_READABLE: usize = 40;

/// Why a file was not read at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Too large.
    #[error("the register has {found} bytes, expected at most {MAX_BYTES}")]
    TooLarge {
        /// Its length, in bytes.
        found: usize,
    },
    /// Not YAML, or not of this shape, or beyond a limit.
    #[error("not a register in YAML: {0}")]
    NotARegister(String),
    /// Too many rows.
    #[error("the register has {found} rows, expected at most {MAX_ROWS}")]
    TooManyRows {
        /// How many it has.
        found: usize,
    },
}

/// A row, or a part of one, that cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Problem {
    /// Which row: `person 12 (C000127)`.
    pub row: String,
    /// What was found and what was expected.
    pub what: String,
}

/// One account of one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The channel.
    pub channel: Channel,
    /// The key of the party whose account it is.
    pub party: String,
}

/// What the two files say, and what of it cannot be taken.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Officials {
    /// The people, in the order of their file.
    pub people: Vec<Party>,
    /// Their accounts, in the order of theirs.
    pub accounts: Vec<Account>,
    /// What cannot be taken; not among the others.
    pub problems: Vec<Problem>,
    /// What can be taken and looks odd, in words.
    pub notes: Vec<String>,
}

// The rows as they stand in the files. Every scalar is text: serde-saphyr hands over the letters of
// a plain scalar where text is wanted. Fields that are not named here are passed over.

#[derive(Deserialize)]
struct PersonRow {
    #[serde(default)]
    id: IdRow,
    #[serde(default)]
    name: NameRow,
    #[serde(default)]
    terms: Vec<TermRow>,
    #[serde(default)]
    leadership_roles: Vec<LeaderRow>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct IdRow {
    bioguide: Option<String>,
    wikidata: Option<String>,
    govtrack: Option<String>,
    opensecrets: Option<String>,
    votesmart: Option<String>,
    fec: Vec<String>,
    cspan: Option<String>,
    lis: Option<String>,
    thomas: Option<String>,
    icpsr: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct NameRow {
    first: Option<String>,
    last: Option<String>,
    official_full: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct TermRow {
    r#type: Option<String>,
    start: Option<String>,
    end: Option<String>,
    state: Option<String>,
    district: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct LeaderRow {
    title: Option<String>,
    chamber: Option<String>,
    start: Option<String>,
    end: Option<String>,
}

#[derive(Deserialize)]
struct AccountRow {
    #[serde(default)]
    id: IdRow,
    #[serde(default)]
    social: Social,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Social {
    twitter: Option<String>,
    twitter_id: Option<String>,
    facebook: Option<String>,
    youtube: Option<String>,
    youtube_id: Option<String>,
    instagram: Option<String>,
    instagram_id: Option<String>,
    mastodon: Option<String>,
}

/// Reads the two files of a register.
pub fn read(people: &[u8], accounts: &[u8]) -> Result<Officials, Error> {
    let people: Vec<PersonRow> = rows(people)?;
    let accounts: Vec<AccountRow> = rows(accounts)?;
    let mut officials = Officials::default();
    let mut known = BTreeSet::new();
    for (number, row) in (1..).zip(&people) {
        let label = format!("person {number} ({})", text(row.id.bioguide.as_ref()));
        match person(row) {
            Ok(party) if known.insert(party.key.clone()) => officials.people.push(party),
            Ok(party) => officials.refuse(&label, format!("{} stands there twice", party.key)),
            Err(what) => officials.refuse(&label, what),
        }
    }
    for (number, row) in (1..).zip(&accounts) {
        let label = format!("accounts {number} ({})", text(row.id.bioguide.as_ref()));
        let key = row.id.bioguide.as_ref().map(|id| id.to_lowercase());
        let Some(key) = key.filter(|key| known.contains(key)) else {
            officials.refuse(&label, "accounts of nobody among the people".to_owned());
            continue;
        };
        for channel in channels(&row.social) {
            match channel {
                Ok(channel) => {
                    officials.accounts.push(Account { channel, party: key.clone() });
                }
                Err(what) => officials.refuse(&label, what),
            }
        }
    }
    officials.note_shared();
    Ok(officials)
}

impl Officials {
    fn refuse(&mut self, row: &str, what: String) {
        self.problems.push(Problem { row: row.to_owned(), what });
    }

    /// Notes every account that is listed for several people: one of the rows is likely wrong, and
    /// it is not for us to say which.
    fn note_shared(&mut self) {
        let mut owners: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for account in &self.accounts {
            owners.entry(&account.channel.key).or_default().insert(&account.party);
        }
        let shared = owners.into_iter().filter(|(_, parties)| parties.len() > 1);
        self.notes = shared
            .map(|(key, parties)| {
                let parties: Vec<&str> = parties.into_iter().collect();
                format!("account {key} is listed for {}", parties.join(" and "))
            })
            .collect();
    }
}

fn rows<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> Result<Vec<T>, Error> {
    if bytes.len() as u64 > MAX_BYTES {
        return Err(Error::TooLarge { found: bytes.len() });
    }
    let text = std::str::from_utf8(bytes)
        .map_err(|error| Error::NotARegister(format!("it is not UTF-8: {error}")))?;
    let rows: Vec<T> = serde_saphyr::from_str_with_options(text, options())
        .map_err(|error| Error::NotARegister(error.to_string()))?;
    if rows.len() > MAX_ROWS {
        return Err(Error::TooManyRows { found: rows.len() });
    }
    Ok(rows)
}

/// No anchors, so no alias can blow a small file up; no key twice; nothing deep.
fn options() -> Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: MAX_DEPTH,
            max_nodes: MAX_NODES,
            max_events: 2 * MAX_NODES,
            max_aliases: 0,
            max_anchors: 0,
        },
        with_snippet: false,
    }
}

fn text(text: Option<&String>) -> &str {
    text.map_or("no id", String::as_str)
}

fn person(row: &PersonRow) -> Result<Party, String> {
    let bioguide = row.id.bioguide.as_ref().ok_or("no bioguide id, which is to be its key")?;
    let NameRow { first, last, official_full } = &row.name;
    let name = match (official_full, first, last) {
        (Some(full), ..) => Name { text: full.clone(), lang: None, kind: Some(NameKind::Official) },
        (None, Some(first), Some(last)) => {
            Name { text: format!("{first} {last}"), lang: None, kind: None }
        }
        _ => return Err("no name".to_owned()),
    };
    let terms = row.terms.iter().map(term);
    let offices = row.leadership_roles.iter().map(leadership);
    let party = Party {
        key: bioguide.to_lowercase(),
        kind: PartyKind::Person,
        names: vec![name],
        ids: ids(&row.id)?,
        part_of: Vec::new(),
        roles: terms.chain(offices).collect::<Result<_, _>>()?,
        anonymity: None,
    };
    let record = Record::Party(party.clone());
    record.check().map_err(|error| error.to_string())?;
    Ok(party)
}

/// The identifiers whose form is known here; one that lacks it is refused.
fn ids(row: &IdRow) -> Result<Vec<Identifier>, String> {
    let single = [
        ("bioguide", &row.bioguide),
        ("wikidata", &row.wikidata),
        ("govtrack", &row.govtrack),
        ("opensecrets", &row.opensecrets),
        ("votesmart", &row.votesmart),
        ("cspan", &row.cspan),
        ("lis", &row.lis),
        ("thomas", &row.thomas),
        ("icpsr", &row.icpsr),
    ];
    let single = single.into_iter().filter_map(|(scheme, value)| Some((scheme, value.as_ref()?)));
    let fec = row.fec.iter().map(|value| ("fec", value));
    let of_row = single.chain(fec).map(|(scheme, value)| {
        let identifier = Identifier { scheme: scheme.to_owned(), value: value.clone() };
        let verdict = identifier.check();
        match verdict.truth {
            Truth::Holds => Ok(identifier),
            _ => Err(format!("{scheme}: {}", verdict.message)),
        }
    });
    of_row.collect()
}

fn term(row: &TermRow) -> Result<Role, String> {
    let state = row.state.as_ref().ok_or("a term names no state")?;
    let office = match (row.r#type.as_deref(), row.district.as_deref()) {
        (Some("sen"), _) => format!("Senator for {state}"),
        // The register's README: 0 is the one district of a whole state.
        (Some("rep"), Some("0")) => format!("Representative for {state} at large"),
        (Some("rep"), Some(district)) => format!("Representative for {state}, district {district}"),
        (Some("rep"), None) => format!("Representative for {state}"),
        (other, _) => {
            let other = other.unwrap_or("nothing");
            return Err(format!("a term is of type {other:?}, expected sen or rep"));
        }
    };
    role(office, row.start.as_ref(), row.end.as_ref())
}

fn leadership(row: &LeaderRow) -> Result<Role, String> {
    let title = row.title.as_ref().ok_or("a leadership role has no title")?;
    let chamber = row.chamber.as_ref().map_or(String::new(), |chamber| format!(" ({chamber})"));
    role(format!("{title}{chamber}"), row.start.as_ref(), row.end.as_ref())
}

fn role(office: String, start: Option<&String>, end: Option<&String>) -> Result<Role, String> {
    let date = |date: Option<&String>| {
        let parsed = date.map(|date| Date::parse(date)).transpose();
        parsed.map_err(|error| format!("{office}: {error}"))
    };
    let (since, until) = (date(start)?, date(end)?);
    Ok(Role { office, org: None, since, until })
}

/// The accounts of a row. Since when the person has them, and for how long, the register does not
/// say.
fn channels(social: &Social) -> Vec<Result<Channel, String>> {
    let video = youtube(social);
    let rows = [
        ("x", &social.twitter, &social.twitter_id),
        ("facebook", &social.facebook, &None),
        ("instagram", &social.instagram, &social.instagram_id),
        ("youtube", &video.0, &video.1),
        ("mastodon", &social.mastodon, &None),
    ];
    let given = rows.into_iter().filter(|(_, handle, id)| handle.is_some() || id.is_some());
    given.map(|(platform, handle, id)| channel(platform, handle.as_ref(), id.as_ref())).collect()
}

/// `youtube` is a name or, in some rows, a channel's id, which has a form of its own: `UC` and 22
/// letters.
fn youtube(social: &Social) -> (Option<String>, Option<String>) {
    let is_id = |name: &String| {
        let letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        name.len() == 24 && name.starts_with("UC") && name.bytes().all(letter)
    };
    match (&social.youtube, &social.youtube_id) {
        (Some(name), None) if is_id(name) => (None, Some(name.clone())),
        (name, id) => (name.clone(), id.clone()),
    }
}

fn channel(
    platform: &'static str,
    handle: Option<&String>,
    id: Option<&String>,
) -> Result<Channel, String> {
    if let Some(id) = id {
        let verdict = check_platform_id(id);
        let letter = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        if verdict.truth != Truth::Holds {
            return Err(format!("{platform}: {}", verdict.message));
        }
        if id.is_empty() || !id.chars().all(letter) {
            return Err(format!("{platform}: found the id {id:?}, expected letters and digits"));
        }
    }
    if let Some(handle) = handle {
        let letter = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '-' | '@');
        if handle.is_empty() || !handle.chars().all(letter) {
            return Err(format!("{platform}: found {handle:?}, expected the account's handle"));
        }
    }
    let channel = Channel {
        key: key(platform, handle, id),
        kind: ChannelKind::Account,
        platform: Some(platform.to_owned()),
        platform_id: id.cloned(),
        handles: handle
            .map(|text| Handle { text: text.clone(), since: None, until: None })
            .into_iter()
            .collect(),
        urls: urls(platform, handle, id)?,
    };
    let record = Record::Channel(channel.clone());
    record.check().map_err(|error| format!("{platform}: {error}"))?;
    Ok(channel)
}

/// A key that stays while the account does: from the platform's id where there is one, else from
/// the handle. What a key cannot hold is told apart by a hash.
fn key(platform: &str, handle: Option<&String>, id: Option<&String>) -> String {
    let exact = match (id, handle) {
        (Some(id), _) => id.clone(),
        (None, handle) => handle.map(|handle| plain_handle(handle)).unwrap_or_default(),
    };
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let readable: String = exact
        .to_lowercase()
        .chars()
        .map(|c| if allowed(c) { c } else { '-' })
        .take(KEY_READABLE)
        .collect();
    // A handle of digits alone must not pass for an id.
    let is_like_an_id = id.is_none() && exact.bytes().all(|byte| byte.is_ascii_digit());
    if readable == exact && !is_like_an_id {
        return format!("{platform}-{readable}");
    }
    let of_what = if id.is_some() { "id" } else { "handle" };
    let digest = Hash::of(format!("{of_what} {exact}").as_bytes()).to_string();
    format!("{platform}-{readable}-{}", &digest[..8])
}

/// The beginnings of the URLs under which an account's statements appear, in each platform's form.
fn urls(
    platform: &str,
    handle: Option<&String>,
    id: Option<&String>,
) -> Result<Vec<String>, String> {
    let of_handle: Vec<String> = match (platform, handle) {
        (_, None) => Vec::new(),
        ("x", Some(handle)) => {
            ["x.com", "twitter.com"].map(|host| format!("https://{host}/{handle}")).into()
        }
        ("youtube", Some(handle)) => vec![format!("https://www.youtube.com/user/{handle}")],
        ("mastodon", Some(handle)) => {
            let parts = handle.trim_start_matches('@').split_once('@');
            let (user, host) = parts
                .filter(|(user, host)| !user.is_empty() && host.contains('.'))
                .ok_or_else(|| format!("mastodon: found {handle:?}, expected @USER@HOST"))?;
            vec![format!("https://{}/@{user}", host.to_lowercase())]
        }
        (_, Some(handle)) => vec![format!("https://www.{platform}.com/{handle}")],
    };
    let of_id = id.filter(|_| platform == "youtube");
    let of_id = of_id.map(|id| format!("https://www.youtube.com/channel/{id}"));
    Ok(of_handle.into_iter().chain(of_id).collect())
}

#[cfg(test)]
mod tests {
    use super::{Error, MAX_BYTES, Officials, read};

    const PEOPLE: &str = "\
- id: {bioguide: C000127, wikidata: Q22250, fec: [S8WA00194], thomas: '00172', govtrack: 300018}
  name: {first: Maria, last: Cantwell, official_full: Maria Cantwell}
  terms:
  - {type: rep, start: '1993-01-05', end: '1995-01-03', state: WA, district: 1, party: Democrat}
  - {type: sen, start: '2025-01-03', end: '2031-01-03', state: WA, class: 1}
  leadership_roles: [{title: Chair, chamber: senate, start: '2021-02-11'}]
";

    fn officials(social: &str) -> Officials {
        let accounts = format!("- id: {{bioguide: C000127}}\n  social: {social}\n");
        read(PEOPLE.as_bytes(), accounts.as_bytes()).unwrap()
    }

    #[track_caller]
    fn refused(people: &str, accounts: &str, words: &str) {
        let officials = read(people.as_bytes(), accounts.as_bytes()).unwrap();
        let found: Vec<String> =
            officials.problems.iter().map(|it| format!("{}: {}", it.row, it.what)).collect();
        assert!(found.len() == 1 && found[0].contains(words), "{found:?}");
    }

    #[test]
    fn a_person_has_names_ids_and_dated_offices() {
        let officials = officials("{}");
        let [person] = &officials.people[..] else { panic!("{officials:?}") };
        assert_eq!((person.key.as_str(), person.name()), ("c000127", "Maria Cantwell"));
        let ids: Vec<String> =
            person.ids.iter().map(|id| format!("{} {}", id.scheme, id.value)).collect();
        let expected = ["bioguide C000127", "wikidata Q22250", "govtrack 300018", "thomas 00172"];
        assert_eq!(ids[..4], expected);
        let edtf = |date: Option<&super::Date>| date.map_or("-".to_owned(), super::Date::edtf);
        let roles: Vec<String> = person
            .roles
            .iter()
            .map(|it| {
                format!("{} {} {}", it.office, edtf(it.since.as_ref()), edtf(it.until.as_ref()))
            })
            .collect();
        let expected = [
            "Representative for WA, district 1 1993-01-05 1995-01-03",
            "Senator for WA 2025-01-03 2031-01-03",
            "Chair (senate) 2021-02-11 -",
        ];
        assert_eq!(roles, expected);
        assert_eq!((officials.problems, officials.notes), (Vec::new(), Vec::new()));
    }

    #[test]
    fn an_accounts_id_is_text_to_the_last_digit_and_its_key_is_stable() {
        let social = "{twitter: SenatorCantwell, twitter_id: 1274852794206388225, \
                      facebook: sen.cantwell, instagram: 0123, instagram_id: 0017, \
                      youtube_id: UCR3nOFMqBB-kRpKFwgapMaQ, mastodon: '@Maria@Mastodon.Social'}";
        let officials = officials(social);
        assert_eq!(officials.problems, []);
        let rows: Vec<(String, Option<&str>, Option<&str>, &str)> = officials
            .accounts
            .iter()
            .map(|it| {
                let channel = &it.channel;
                let handle = channel.handles.first().map(|handle| handle.text.as_str());
                let url = channel.urls.first().map_or("", String::as_str);
                (channel.key.clone(), channel.platform_id.as_deref(), handle, url)
            })
            .collect();
        let (x, id) = ("x-1274852794206388225", "1274852794206388225");
        let handle = "SenatorCantwell";
        let url = "https://x.com/SenatorCantwell";
        assert_eq!(rows[0], (x.to_owned(), Some(id), Some(handle), url));
        assert!(rows[1].0.starts_with("facebook-sen-cantwell-"), "{rows:?}");
        let pictures = "https://www.instagram.com/0123";
        assert_eq!(rows[2], ("instagram-0017".to_owned(), Some("0017"), Some("0123"), pictures));
        assert!(rows[3].0.starts_with("youtube-ucr3nofmqbb-krpkfwgapmaq-"), "{rows:?}");
        assert_eq!(rows[4].3, "https://mastodon.social/@Maria");
        assert!(officials.accounts.iter().all(|it| it.party == "c000127"));
    }

    #[test]
    fn what_a_key_cannot_hold_is_told_apart() {
        let of = |handle: &str| super::key("youtube", Some(&handle.to_owned()), None);
        assert_eq!(of("RepYoung"), "youtube-repyoung");
        assert_eq!(of("@repyoung"), "youtube-repyoung");
        assert_ne!(of("rep_young"), of("rep-young"));
        assert_ne!(of("rep_young"), of("rep.young"));
        assert_ne!(of("12"), super::key("youtube", None, Some(&"12".to_owned())));
        let id = |id: &str| super::key("youtube", None, Some(&id.to_owned()));
        assert_ne!(id("UCabc"), id("UCABC"));
        assert!(of(&"a".repeat(90)).len() <= 64 && of(&"a".repeat(90)) != of(&"a".repeat(91)));
    }

    #[test]
    fn a_row_that_cannot_be_taken_is_named() {
        let account = |social: &str| format!("- id: {{bioguide: C000127}}\n  social: {social}\n");
        refused(PEOPLE, &account("{twitter_id: 7.02608E+17}"), "(C000127): x: `7.02608E+17`");
        refused(PEOPLE, &account("{twitter_id: 702608000000000000}"), "only zeros");
        refused(PEOPLE, &account("{twitter: 'a b'}"), "found \"a b\", expected the account's");
        refused(PEOPLE, &account("{mastodon: maria}"), "expected @USER@HOST");
        refused(PEOPLE, "- id: {bioguide: X000001}\n", "accounts 1 (X000001): accounts of nobody");
        refused(&PEOPLE.replace("C000127, w", "C127, w"), "[]", "bioguide: found `C127`");
        refused(&PEOPLE.replace("1993-01-05", "5 Jan 1993"), "[]", "is no EDTF date");
        refused(&PEOPLE.replace("type: rep", "type: del"), "[]", "expected sen or rep");
        refused(
            &format!("{PEOPLE}{PEOPLE}"),
            "[]",
            "person 2 (C000127): c000127 stands there twice",
        );
        refused("- id: {wikidata: Q1}\n", "[]", "person 1 (no id): no bioguide id");
    }

    #[test]
    fn one_account_of_two_people_is_noted_and_not_decided() {
        let people = PEOPLE.to_owned() + &PEOPLE.replace("C000127", "C000128");
        let accounts = "- id: {bioguide: C000127}\n  social: {facebook: Shared}\n\
                        - id: {bioguide: C000128}\n  social: {facebook: shared}\n";
        let officials = read(people.as_bytes(), accounts.as_bytes()).unwrap();
        assert_eq!(officials.accounts.len(), 2);
        let note = "account facebook-shared is listed for c000127 and c000128";
        assert_eq!(officials.notes, [note]);
    }

    #[test]
    fn hostile_files_are_refused_within_limits() {
        let check = |text: &str, words: &str| {
            let error = read(b"[]", text.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        };
        let bomb = "- &a [x,x]\n- &b [*a,*a]\n- &c [*b,*b]\n";
        check(bomb, "not a register");
        check(&"[".repeat(100_000), "not a register");
        check(&format!("- {}", "- ".repeat(100)), "not a register");
        check("- id: {bioguide: A, bioguide: B}\n", "not a register");
        check("- id: [1]\n", "not a register");
        check("x: 1", "not a register");
        assert!(matches!(read(b"\xff", b"[]"), Err(Error::NotARegister(_))));
        let long = vec![b' '; usize::try_from(MAX_BYTES).unwrap() + 1];
        assert!(matches!(read(&long, b"[]"), Err(Error::TooLarge { .. })));
        let many = "- {}\n".repeat(10_001);
        assert_eq!(read(b"[]", many.as_bytes()), Err(Error::TooManyRows { found: 10_001 }));
    }
}
