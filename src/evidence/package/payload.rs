//! One page out of a web archive: the bytes that a server sent for an address, laid bare.
//!
//! A recorder takes a page out of a WARC file or a WACZ package as a capture of its own; an audit
//! takes it out again and finds the same bytes, or does not. The answer is one page or none: where
//! an address was captured several times, the times are listed and one must be named. Whether the
//! package is sound is examined elsewhere (`wacz`, `warctally`).

use crate::evidence::capture::MAX_CAPTURE;
use crate::evidence::package::httpmessage;
use crate::evidence::package::wacz::{self, Package};
use crate::evidence::package::warc::{self, Reader, Record, fourteen};
use crate::evidence::package::warcdigest::Outcome;
use crate::evidence::package::zipfile;
use crate::evidence::reading::Answer;

/// The most captures of one address that an error lists.
pub const MAX_LISTED: usize = 50;

/// The kinds of record that have a page.
const KINDS: [&str; 4] = ["response", "resource", "conversion", "revisit"];

/// A page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payload {
    /// Its bytes: chunks joined, packing taken off.
    pub bytes: Vec<u8>,
    /// The address, as the record gives it.
    pub uri: String,
    /// When it was captured (WARC-Date), as the record gives it.
    pub date: String,
    /// The id of the record that was asked for.
    pub record_id: String,
    /// The WARC file inside the package; none where there is no package around it.
    pub file: Option<String>,
    /// The status code that the server sent; none where the record is no HTTP response.
    pub status: Option<u16>,
    /// The media type as it was sent, with its parameters.
    pub media_type: Option<String>,
    /// Where the server sends on to, if it does.
    pub location: Option<String>,
    /// Whether the record has the digests that it gives of itself.
    pub digests: Answer,
    /// What was found beside the rule: lower case, no final period.
    pub notes: Vec<String>,
}

/// One capture of an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// WARC-Date.
    pub date: String,
    /// WARC-Record-ID, which may be asked for where two captures have one date.
    pub record_id: String,
}

/// Why there is no page.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The package cannot be opened.
    #[error(transparent)]
    Package(#[from] wacz::Error),
    /// A WARC file cannot be read.
    #[error("{}{error}", of_file(file.as_deref()))]
    Warc {
        /// The WARC file inside the package.
        file: Option<String>,
        /// What is wrong.
        error: warc::Error,
    },
    /// Nothing was captured under this address at this time.
    #[error("{records} records were read, none is a capture of `{uri}`{}", at_time(at.as_deref()))]
    NotFound {
        /// The address asked for.
        uri: String,
        /// The time asked for.
        at: Option<String>,
        /// The records that were read.
        records: u64,
        /// The captures of this address at other times.
        choices: Vec<Choice>,
    },
    /// Several captures are meant.
    #[error("`{uri}` was captured {} times, one must be named: {}", choices.len(), list(choices))]
    Ambiguous {
        /// The address asked for.
        uri: String,
        /// The captures, at most [`MAX_LISTED`].
        choices: Vec<Choice>,
    },
    /// The capture refers to another one, which is not in the package.
    #[error("the capture of `{uri}` refers to an earlier one, which is not in the package")]
    Elsewhere {
        /// The address asked for.
        uri: String,
    },
    /// Its body cannot be laid bare.
    #[error("the capture of `{uri}`: {error}")]
    Http {
        /// The address asked for.
        uri: String,
        /// What is wrong.
        error: httpmessage::Error,
    },
    /// It is one part of several.
    #[error("the capture of `{uri}` is kept in several records, which are not joined")]
    Segmented {
        /// The address asked for.
        uri: String,
    },
}

fn of_file(file: Option<&str>) -> String {
    file.map(|file| format!("{file}, ")).unwrap_or_default()
}

fn at_time(at: Option<&str>) -> String {
    at.map(|at| format!(" at {}", at.chars().take(80).collect::<String>().escape_debug()))
        .unwrap_or_default()
}

fn list(choices: &[Choice]) -> String {
    let choices = choices.iter().map(|choice| format!("{} ({})", choice.date, choice.record_id));
    choices.collect::<Vec<_>>().join(", ")
}

/// The page that was captured under `uri`, letter by letter, in a WARC file or a WACZ package.
///
/// `at` names one of several captures: by WARC-Date, by its 14 digits, or by WARC-Record-ID.
pub fn payload_of(package: &[u8], uri: &str, at: Option<&str>) -> Result<Payload, Error> {
    let size = package.len() as u64;
    if size > MAX_CAPTURE {
        return Err(Error::Package(wacz::Error::TooLarge(size)));
    }
    let archives = Archives::open(package)?;
    let mut records = 0;
    let mut found = Vec::new();
    archives.each(|file, record| {
        records += 1;
        if KINDS.contains(&record.kind.as_str()) && record.target() == Some(uri) {
            found.push(Found::of(file, record));
        }
        Ok(false)
    })?;
    let mut meant: Vec<&Found> =
        found.iter().filter(|found| at.is_none_or(|at| found.is_at(at))).collect();
    let choices = |from: &[&Found]| from.iter().take(MAX_LISTED).map(|it| it.choice()).collect();
    match meant.len() {
        1 => archives.lay_bare(uri, meant.remove(0)),
        0 => {
            let others: Vec<&Found> = found.iter().collect();
            let (uri, at) = (uri.to_owned(), at.map(str::to_owned));
            Err(Error::NotFound { uri, at, records, choices: choices(&others) })
        }
        _ => Err(Error::Ambiguous { uri: uri.to_owned(), choices: choices(&meant) }),
    }
}

/// The place of a capture, and what it refers to.
struct Found {
    file: Option<String>,
    index: u64,
    date: String,
    id: String,
    is_revisit: bool,
    refers_to: Option<String>,
    refers_to_capture: Option<(String, String)>,
}

impl Found {
    fn of(file: Option<&str>, record: &Record<'_>) -> Self {
        let target = record.field("WARC-Refers-To-Target-URI").map(str::to_owned);
        Self {
            file: file.map(str::to_owned),
            index: record.index,
            date: record.date().to_owned(),
            id: record.id().to_owned(),
            is_revisit: record.kind == "revisit",
            refers_to: record.field("WARC-Refers-To").map(str::to_owned),
            refers_to_capture: target.zip(record.field("WARC-Refers-To-Date").map(str::to_owned)),
        }
    }

    fn is_at(&self, at: &str) -> bool {
        at == self.date || at == self.id || fourteen(&self.date).as_deref() == Some(at)
    }

    fn choice(&self) -> Choice {
        Choice { date: self.date.clone(), record_id: self.id.clone() }
    }

    fn is_place(&self, file: Option<&str>, record: &Record<'_>) -> bool {
        self.index == record.index && self.file.as_deref() == file
    }

    /// Whether a record is the one that this one refers to. One step only: a revisit of a revisit
    /// has no page of its own.
    fn refers_to(&self, record: &Record<'_>) -> bool {
        if record.kind == "revisit" || !KINDS.contains(&record.kind.as_str()) {
            return false;
        }
        match (&self.refers_to, &self.refers_to_capture) {
            (Some(id), _) => id == record.id(),
            (None, Some((uri, date))) => {
                let bare = uri.strip_prefix('<').and_then(|uri| uri.strip_suffix('>'));
                record.target() == Some(bare.unwrap_or(uri)) && record.date() == date
            }
            (None, None) => false,
        }
    }
}

/// The WARC files of a package, or the one that stands alone.
enum Archives<'a> {
    Package(Package<'a>),
    Alone(&'a [u8]),
}

impl<'a> Archives<'a> {
    fn open(bytes: &'a [u8]) -> Result<Self, Error> {
        if bytes.starts_with(zipfile::MAGIC) {
            Ok(Self::Package(Package::open(bytes)?))
        } else {
            Ok(Self::Alone(bytes))
        }
    }

    /// Shows each record of each file, until one answers that it was the last wanted.
    fn each(
        &self,
        mut show: impl FnMut(Option<&str>, &Record<'_>) -> Result<bool, Error>,
    ) -> Result<(), Error> {
        let mut read = |file: Option<&str>, bytes: &[u8]| {
            let broken = |error| Error::Warc { file: file.map(str::to_owned), error };
            for record in Reader::new(bytes).map_err(broken)? {
                if show(file, &record.map_err(broken)?)? {
                    return Ok(true);
                }
            }
            Ok(false)
        };
        match self {
            Self::Alone(bytes) => read(None, bytes).map(|_| ()),
            Self::Package(package) => {
                for file in package.archives() {
                    if read(Some(&file.name), &package.content(file)?)? {
                        break;
                    }
                }
                Ok(())
            }
        }
    }

    fn lay_bare(&self, uri: &str, found: &Found) -> Result<Payload, Error> {
        let mut payload = None;
        self.each(|file, record| {
            if found.is_place(file, record) {
                payload = Some(if found.is_revisit {
                    self.follow(uri, found, record)?
                } else {
                    page(uri, file, record)?
                });
            }
            Ok(payload.is_some())
        })?;
        payload.ok_or_else(|| Error::Elsewhere { uri: uri.to_owned() })
    }

    /// The page of the record that a revisit refers to (ISO 28500:2017, 6.7).
    fn follow(&self, uri: &str, found: &Found, revisit: &Record<'_>) -> Result<Payload, Error> {
        let mut payload: Option<Payload> = None;
        let wanted = revisit.field("WARC-Payload-Digest").map(str::to_owned);
        self.each(|file, record| {
            if !found.refers_to(record) {
                return Ok(false);
            }
            let mut original = page(uri, file, record)?;
            if let Some(wanted) = &wanted {
                match record.compare_payload(wanted) {
                    Outcome::Fails(fact) => {
                        let fact = format!("the payload of the capture it refers to {fact}");
                        original.digests = Answer::fails(fact, None);
                    }
                    Outcome::NotUnderstood(fact) => original.digests = Answer::unknown(fact, None),
                    _ => {}
                }
            }
            let note = format!("unchanged since {} ({})", record.date(), record.id());
            original.notes.push(note);
            original.date.clone_from(&found.date);
            original.record_id.clone_from(&found.id);
            payload = Some(original);
            Ok(true)
        })?;
        payload.ok_or_else(|| Error::Elsewhere { uri: uri.to_owned() })
    }
}

fn page(uri: &str, file: Option<&str>, record: &Record<'_>) -> Result<Payload, Error> {
    if record.field("WARC-Segment-Number").is_some() {
        return Err(Error::Segmented { uri: uri.to_owned() });
    }
    let mut payload = Payload {
        bytes: Vec::new(),
        uri: uri.to_owned(),
        date: record.date().to_owned(),
        record_id: record.id().to_owned(),
        file: file.map(str::to_owned),
        status: None,
        media_type: record.field("Content-Type").map(str::to_owned),
        location: None,
        digests: record.answer(),
        notes: Vec::new(),
    };
    if record.is_http() {
        let wrong = |error| Error::Http { uri: uri.to_owned(), error };
        let message = record.message().map_err(wrong)?;
        let bare = message.bare(MAX_CAPTURE).map_err(wrong)?;
        payload.bytes = bare.bytes.into_owned();
        payload.notes = bare.notes;
        payload.status = message.status;
        payload.media_type = message.value("content-type").map(str::to_owned);
        payload.location = message.value("location").map(str::to_owned);
    } else {
        payload.bytes = record.block.to_vec();
    }
    if let Some(reason) = record.field("WARC-Truncated") {
        let reason: String = reason.chars().take(40).collect();
        payload.notes.push(format!("cut short when it was captured: {}", reason.escape_debug()));
    }
    Ok(payload)
}
