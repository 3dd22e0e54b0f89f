//! A WACZ package (Webrecorder WACZ 1.1.1): a ZIP of WARC files and a list of hashes.
//!
//! ```text
//! datapackage.json            the list: path, hash and size of every other file
//! datapackage-digest.json     the hash of the list, perhaps signed
//! archive/*.warc(.gz)         what was captured
//! indexes/ pages/ …           where to find it
//! ```
//! Two levels are answered apart, because they fail apart. The package: does every file have the
//! hash that the list gives, and the list its own? The records: does every WARC record have the
//! digests that it gives of itself? A package that matches its own hashes was not changed since it
//! was packed, by anyone who did not make the hashes anew; that says nothing of whether the
//! crawler saw what the site sent. Signatures are left to `signature::wacz`.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};

use crate::evidence::capture::MAX_CAPTURE;
use crate::evidence::package::warctally::{Finding, Tally, tally};
use crate::evidence::package::zipfile::{self, File, ZipFile};
use crate::evidence::reading::Answer;
use crate::hash::Hash;

/// The name of the list.
pub const LIST: &str = "datapackage.json";
/// The name of the list's own hash.
pub const DIGEST: &str = "datapackage-digest.json";
/// The folder of the WARC files.
pub const ARCHIVE: &str = "archive/";

/// The largest list, in bytes: 16 MiB, at some 200 bytes a file far more than [`zipfile::MAX_FILES`].
pub const MAX_LIST: u64 = 16 * 1024 * 1024;

/// The most findings at the level of the package that are kept in words.
pub const MAX_FINDINGS: usize = 100;

/// A package, opened and not yet examined.
#[derive(Debug)]
pub struct Package<'a> {
    zip: ZipFile<'a>,
}

/// What a package says, and whether it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Examined {
    /// Whether every file is as it was packed.
    pub package: Answer,
    /// Whether every record has the digests that it gives of itself.
    pub records: Answer,
    /// What was found at the level of the package: the file, and the fact.
    pub package_findings: Vec<Finding>,
    /// The records and their digests, counted over all WARC files.
    pub tally: Tally,
    /// The files that the list names and whose hash and size are theirs.
    pub files_holding: u64,
    /// All files that the list names.
    pub files_listed: u64,
    /// Whether the hash of the list is signed.
    pub is_signed: bool,
    /// The SHA-256 of the list, if there is one.
    pub list_digest: Option<Hash>,
    /// What the list says of the package, as it stands.
    pub about: About,
}

/// What the list of a package says of it. Not checked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct About {
    /// The version of WACZ.
    pub version: Option<String>,
    /// What packed it.
    pub software: Option<String>,
    /// When it was packed.
    pub created: Option<String>,
    /// The page that was captured first.
    pub main_page: Option<String>,
    /// When that page was captured.
    pub main_page_date: Option<String>,
}

/// Why a file is no package that can be examined.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// It is larger than this version reads.
    #[error("package of {0} bytes is larger than {MAX_CAPTURE}, the most that is read")]
    TooLarge(u64),
    /// Its ZIP file is not sound.
    #[error(transparent)]
    Zip(#[from] zipfile::Error),
}

/// `datapackage.json`, as far as it is read. A name that stands twice is refused.
#[derive(Debug, Deserialize)]
struct List {
    resources: Vec<Resource>,
    wacz_version: Option<String>,
    software: Option<String>,
    created: Option<String>,
    #[serde(rename = "mainPageUrl")]
    main_page: Option<String>,
    #[serde(rename = "mainPageDate")]
    main_page_date: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Resource {
    path: String,
    hash: Option<String>,
    bytes: Option<u64>,
}

/// `datapackage-digest.json`. What `signedData` is, is for others to say.
#[derive(Debug, Deserialize)]
pub(crate) struct Sealing<T> {
    path: String,
    hash: String,
    #[serde(rename = "signedData", default = "nothing")]
    pub(crate) signed: Option<T>,
}

fn nothing<T>() -> Option<T> {
    None
}

impl<'a> Package<'a> {
    /// Opens a package.
    pub fn open(bytes: &'a [u8]) -> Result<Self, Error> {
        let size = bytes.len() as u64;
        if size > MAX_CAPTURE {
            return Err(Error::TooLarge(size));
        }
        Ok(Self { zip: ZipFile::open(bytes)? })
    }

    /// The WARC files, in the order of the ZIP file: their names and how to read them.
    pub fn archives(&self) -> impl Iterator<Item = &File> {
        self.zip.files().filter(|file| is_archive(&file.name))
    }

    /// The bytes of a file.
    pub fn content(&self, file: &File) -> Result<Cow<'a, [u8]>, Error> {
        Ok(self.zip.content(file)?)
    }

    /// `datapackage-digest.json`, if there is one; the fact, if it cannot be read.
    pub(crate) fn sealing<T: DeserializeOwned>(&self) -> Result<Option<Sealing<T>>, String> {
        let Some(bytes) = self.small(DIGEST)? else { return Ok(None) };
        let sealing: Sealing<T> =
            serde_json::from_slice(&bytes).map_err(|error| format!("is not read: {error}"))?;
        if sealing.path != LIST {
            let path: String = sealing.path.chars().take(80).collect();
            return Err(format!("is of `{}`, expected `{LIST}`", path.escape_debug()));
        }
        Ok(Some(sealing))
    }

    fn small(&self, name: &str) -> Result<Option<Cow<'a, [u8]>>, String> {
        let Some(file) = self.zip.find(name) else { return Ok(None) };
        if file.size > MAX_LIST {
            return Err(format!("has {} bytes, expected at most {MAX_LIST}", file.size));
        }
        self.zip.content(file).map(Some).map_err(|error| error.to_string())
    }

    /// Examines both levels.
    pub fn examine(&self) -> Examined {
        let mut level = Level::default();
        let mut about = About::default();
        let mut list_digest = None;
        match self.small(LIST) {
            Err(fact) => level.fails(LIST, &fact),
            Ok(None) => level.fails(LIST, "is missing, so no file of the package can be checked"),
            Ok(Some(bytes)) => {
                list_digest = Some(Hash::of(&bytes));
                match serde_json::from_slice::<List>(&bytes) {
                    Err(error) => level.fails(LIST, &format!("is not read: {error}")),
                    Ok(list) => {
                        self.compare(&list, &mut level);
                        about = About {
                            version: list.wacz_version,
                            software: list.software,
                            created: list.created,
                            main_page: list.main_page,
                            main_page_date: list.main_page_date,
                        };
                    }
                }
            }
        }
        let is_signed = self.seal(list_digest, &mut level);
        let tally = self.tally();
        Examined {
            package: level.answer(),
            records: records(&tally, self.archives().count()),
            package_findings: level.findings,
            tally,
            files_holding: level.holding,
            files_listed: level.listed,
            is_signed,
            list_digest,
            about,
        }
    }

    /// Holds every file against the list.
    fn compare(&self, list: &List, level: &mut Level) {
        let files: HashMap<&str, &File> =
            self.zip.files().map(|file| (file.name.as_str(), file)).collect();
        let mut listed = HashSet::new();
        for resource in &list.resources {
            level.listed += 1;
            let path = resource.path.as_str();
            if !listed.insert(path) {
                level.fails(path, "is listed twice");
                continue;
            }
            let Some(file) = files.get(path) else {
                level.fails(path, "is listed and missing");
                continue;
            };
            if let Some(bytes) = resource.bytes.filter(|bytes| *bytes != file.size) {
                let fact = format!("has {} bytes, the list says {bytes}", file.size);
                level.fails(path, &fact);
                continue;
            }
            match self.zip.content(file) {
                Err(error) => level.fails(path, &error.to_string()),
                Ok(content) => match compare_hash(resource.hash.as_deref(), &content) {
                    Ok(()) => level.holding += 1,
                    Err(Unlike::Differs(fact)) => level.fails(path, &fact),
                    Err(Unlike::Unknown(fact)) => level.unknown(path, &fact),
                },
            }
        }
        for file in self.zip.files() {
            let name = file.name.as_str();
            if !listed.contains(name) && name != LIST && name != DIGEST {
                level.fails(name, "is not listed");
            }
        }
    }

    /// Holds the list against its own hash; says whether that is signed.
    fn seal(&self, list: Option<Hash>, level: &mut Level) -> bool {
        match self.sealing::<IgnoredAny>() {
            Err(fact) => {
                level.fails(DIGEST, &fact);
                false
            }
            Ok(None) => {
                level.is_sealed = false;
                false
            }
            Ok(Some(sealing)) => {
                if let Some(found) = list {
                    match same_hash(&sealing.hash, found) {
                        Ok(()) => {}
                        Err(Unlike::Differs(fact)) => level.fails(LIST, &fact),
                        Err(Unlike::Unknown(fact)) => level.unknown(LIST, &fact),
                    }
                }
                sealing.signed.is_some()
            }
        }
    }

    fn tally(&self) -> Tally {
        let mut whole = Tally::default();
        for file in self.archives() {
            let mut found = match self.zip.content(file) {
                Ok(content) => tally(&content),
                Err(error) => {
                    let place = file.name.clone();
                    let finding = Finding { place, fact: error.to_string() };
                    Tally { unread: 1, findings: vec![finding], ..Tally::default() }
                }
            };
            for finding in &mut found.findings {
                if finding.place != file.name {
                    finding.place = format!("{}, {}", file.name, finding.place);
                }
            }
            whole.add(found);
        }
        whole
    }
}

/// Opens a package and examines both levels.
pub fn examine(bytes: &[u8]) -> Result<Examined, Error> {
    Ok(Package::open(bytes)?.examine())
}

/// Whether a name is that of a WARC file, in the standard's own spelling.
fn is_archive(name: &str) -> bool {
    let ending = name.strip_suffix(".gz").unwrap_or(name).rsplit_once('.');
    name.starts_with(ARCHIVE) && ending.is_some_and(|(_, ending)| ending == "warc")
}

fn records(tally: &Tally, archives: usize) -> Answer {
    match archives {
        0 => Answer::unknown("the package has no warc file", None),
        _ => tally.answer(),
    }
}

/// Findings at the level of the package, as they come.
struct Level {
    findings: Vec<Finding>,
    failing: u64,
    unknown: u64,
    holding: u64,
    listed: u64,
    is_sealed: bool,
}

impl Default for Level {
    fn default() -> Self {
        let findings = Vec::new();
        Self { findings, failing: 0, unknown: 0, holding: 0, listed: 0, is_sealed: true }
    }
}

impl Level {
    fn fails(&mut self, file: &str, fact: &str) {
        self.failing += 1;
        self.find(file, fact);
    }

    fn unknown(&mut self, file: &str, fact: &str) {
        self.unknown += 1;
        self.find(file, fact);
    }

    fn find(&mut self, file: &str, fact: &str) {
        if self.findings.len() < MAX_FINDINGS {
            let place: String = file.chars().take(200).collect();
            let place = place.escape_debug().to_string();
            self.findings.push(Finding { place, fact: fact.to_owned() });
        }
    }

    fn answer(&self) -> Answer {
        let first = self.findings.first();
        let first = first.map(|it| format!("`{}` {}", it.place, it.fact)).unwrap_or_default();
        let count = |count: u64| match count {
            0 | 1 => String::new(),
            more => format!(" (and {} more)", more - 1),
        };
        if self.failing > 0 {
            let fact = format!("the package is not as it was packed: {first}");
            return Answer::fails(format!("{fact}{}", count(self.failing + self.unknown)), None);
        }
        if self.unknown > 0 {
            return Answer::unknown(format!("{first}{}", count(self.unknown)), None);
        }
        let holding = self.holding;
        if self.is_sealed {
            Answer::holds(format!("all {holding} files have the hashes that the list gives"), None)
        } else {
            let fact = format!("all {holding} files have the hashes that the list gives");
            Answer::holds(format!("{fact}; there is no hash of the list itself"), None)
        }
    }
}

/// Why a file has not the hash that is given.
enum Unlike {
    Differs(String),
    Unknown(String),
}

fn compare_hash(given: Option<&str>, content: &[u8]) -> Result<(), Unlike> {
    let given = given.ok_or_else(|| Unlike::Unknown("is listed without a hash".to_owned()))?;
    same_hash(given, Hash::of(content))
}

fn same_hash(given: &str, found: Hash) -> Result<(), Unlike> {
    let shown: String = given.chars().take(80).collect();
    let shown = shown.escape_debug();
    let expected = given.strip_prefix("sha256:").and_then(Hash::from_hex);
    match expected {
        None => Err(Unlike::Unknown(format!("is given the hash `{shown}`, which is not read"))),
        Some(expected) if expected == found => Ok(()),
        Some(expected) => {
            Err(Unlike::Differs(format!("has the sha-256 {found}, the package says {expected}")))
        }
    }
}
