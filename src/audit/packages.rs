//! Packages of web archives on a claim's way: what they say of themselves, at two levels, and
//! whether captured bytes stand in them as recorded.

use crate::attribution::record::document::{Capture, Within};
use crate::attribution::truth::Truth;
use crate::audit::answer::truth_of;
use crate::audit::captures::{Captures, Held};
use crate::evidence::capture::{self, Check, Expected};
use crate::evidence::media::essence;
use crate::evidence::package::payload::payload_of;
use crate::evidence::package::{wacz, warctally};
use crate::evidence::reading::Answer;
use crate::hash::Hash;

/// What a package says, each level with its fact in words.
pub struct Packaged {
    /// Whether the package is as it was packed; none for a WARC file, which has no such level.
    pub package: Option<(Truth, String)>,
    /// Whether its records are as they were written down.
    pub records: (Truth, String),
    /// Whether the bytes stand in it as recorded; none where the package itself was read.
    pub taken: Option<(Truth, String)>,
}

/// The package that a capture is, or was taken from; `None` if neither.
pub fn packaged(
    capture: &Capture,
    all: &[&Capture],
    bytes: &[u8],
    held: &Captures<'_>,
) -> Option<Packaged> {
    let Some(within) = &capture.within else {
        return is_package(&capture.media_type).then(|| examined(bytes));
    };
    let package = match package_of(within, all, held) {
        Ok(package) => package,
        Err((truth, what)) => {
            let records = (Truth::Unknown, what.clone());
            return Some(Packaged { package: None, records, taken: Some((truth, what)) });
        }
    };
    let taken = Some(taken(&package, within, capture));
    Some(Packaged { taken, ..examined(&package) })
}

/// Whether a media type is that of a package of web archives.
fn is_package(media_type: &str) -> bool {
    ["application/wacz", "application/x-wacz", "application/warc", "application/wacz+zip"]
        .contains(&essence(media_type).as_str())
}

/// The bytes of the package, checked as any capture's.
fn package_of(
    within: &Within,
    all: &[&Capture],
    held: &Captures<'_>,
) -> Result<Vec<u8>, (Truth, String)> {
    let Some(package) = all.iter().find(|capture| capture.digest == within.package) else {
        let what = format!("package {} is no capture of the document", within.package);
        return Err((Truth::Fails, what));
    };
    match held(&package.digest) {
        Held::Missing => Err((Truth::Unknown, "the bytes of the package are not held".to_owned())),
        Held::Withheld => Err((Truth::Unknown, "the package is withheld".to_owned())),
        Held::Bytes(bytes) => {
            let expected = Expected { digest: package.digest, size: package.size };
            match capture::check(&bytes, &expected) {
                Check::Holds => Ok(bytes),
                Check::Fails(difference) => Err((Truth::Fails, difference.to_string())),
            }
        }
    }
}

fn taken(package: &[u8], within: &Within, capture: &Capture) -> (Truth, String) {
    match payload_of(package, &within.uri, within.date.as_deref()) {
        Err(error) => (Truth::Fails, format!("{} is not in the package: {error}", within.uri)),
        Ok(payload) if Hash::of(&payload.bytes) == capture.digest => {
            let (uri, date) = (&within.uri, &payload.date);
            (Truth::Holds, format!("the package has these bytes under {uri}, captured {date}"))
        }
        Ok(payload) => {
            let found = Hash::of(&payload.bytes);
            let what = format!("the package has other bytes under {}: {found}", within.uri);
            (Truth::Fails, what)
        }
    }
}

/// The two levels of a package, apart.
fn examined(bytes: &[u8]) -> Packaged {
    if bytes.starts_with(b"PK") {
        return match wacz::examine(bytes) {
            Ok(it) => {
                let package = Some(said(it.package));
                Packaged { package, records: said(it.records), taken: None }
            }
            Err(error) => {
                let what = format!("the package cannot be read: {error}");
                let records = (Truth::Unknown, what.clone());
                Packaged { package: Some((Truth::Fails, what)), records, taken: None }
            }
        };
    }
    let records = said(warctally::tally(bytes).answer());
    Packaged { package: None, records, taken: None }
}

fn said(answer: Answer) -> (Truth, String) {
    let truth = truth_of(answer.verdict);
    (truth, answer.fact)
}
