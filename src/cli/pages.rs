//! Pages for commands that capture: fetched before the ledger is opened, so that a slow server keeps
//! nobody else from writing, and each once.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use url::Url;

use crate::attribution::date::{Basis, Date};
use crate::claimfile::brought::{Brought, Fetched};
use crate::cli::capture_options::Fetching;
use crate::cli::failure::{self, Failure};
use crate::cli::open::{Place, now};
use crate::cli::signing_options::Signing;
use crate::cli::terminal::Terminal;
use crate::evidence::capture::MAX_CAPTURE;
use crate::web::address::Reach;
use crate::web::page::{self, Asking, Page};

/// What captures name as the program that fetched them.
pub(crate) const TOOL: &str = concat!("whosaid/", env!("CARGO_PKG_VERSION"));

/// The most pages that one command fetches. Who wants more crawls, for which there are crawlers;
/// what they keep can be captured as files.
const MAX_PAGES: usize = 64;

/// Pages by the URLs under which they were asked for.
#[derive(Debug, Default)]
pub(crate) struct Pages(HashMap<String, (Page, Date)>);

impl Pages {
    /// Fetches every page, or fails with the first that is not to be had.
    pub(crate) fn fetch(
        place: &Place,
        urls: &[&str],
        fetching: &Fetching,
        signing: &Signing,
        terminal: &Terminal,
    ) -> Result<Self, Failure> {
        if urls.len() > MAX_PAGES {
            let message = format!("{} pages are to be fetched, at most {MAX_PAGES}", urls.len());
            return Err(Failure::new(failure::INPUT, message)
                .hint("cut the file into several, or save the pages and capture the files"));
        }
        let mut pages = HashMap::new();
        for url in urls {
            let page = fetch(place, url, fetching, terminal)?;
            let time = i64::try_from(now(signing.at)?).unwrap_or(i64::MAX);
            let came = Date::from_timestamp(time, Basis::Server)
                .map_err(|error| Failure::new(failure::CLOCK, error))?;
            pages.insert((*url).to_owned(), (page, came));
        }
        Ok(Self(pages))
    }

    /// A page that was fetched.
    pub(crate) fn page(&self, url: &str) -> Option<&Page> {
        self.0.get(url).map(|(page, _)| page)
    }

    /// A page for a composition.
    pub(crate) fn bring(&self, url: &str) -> Result<Brought, Failure> {
        let unknown = || Failure::new(failure::INPUT, "this command fetches no pages");
        let (page, came) = self.0.get(url).ok_or_else(unknown)?;
        let fetched = Fetched {
            uri_requested: page.requested.clone(),
            uri_final: page.url.clone(),
            status: page.status,
            headers: page.headers.clone(),
            media_type: page.media_type.clone(),
            captured_at: came.clone(),
            tool: TOOL.to_owned(),
            provider: archive(page),
            remarks: remarks(page),
        };
        Ok(Brought { bytes: page.bytes.clone(), fetched: Some(fetched) })
    }
}

/// One page, unless its status says that it is none and none such was asked for.
fn fetch(
    place: &Place,
    url: &str,
    fetching: &Fetching,
    terminal: &Terminal,
) -> Result<Page, Failure> {
    // A URL with a password is refused, and not repeated.
    if Url::parse(url).is_ok_and(|url| url.username().is_empty() && url.password().is_none()) {
        terminal.talk(format!("fetching {url}"));
    }
    let begun = clock();
    let elapsed = || clock().saturating_duration_since(begun);
    let asking = Asking {
        limits: place.limits(),
        size: MAX_CAPTURE,
        reach: if fetching.allow_private { Reach::Private } else { Reach::Public },
        allow_downgrade: fetching.allow_downgrade,
        elapsed: &elapsed as &dyn Fn() -> Duration,
    };
    let page = page::fetch(&asking, url)?;
    if (200..300).contains(&page.status) || fetching.any_status {
        return Ok(page);
    }
    let message = format!("{}: the server answered with status {}", page.url, page.status);
    let failure = Failure::new(failure::IO, message);
    let failure = match &page.retry_after {
        Some(when) => failure.hint(format!("the server says when to ask again: {when}")),
        None => failure,
    };
    Err(failure.hint("--any-status keeps what it sent all the same, as what it is"))
}

#[expect(clippy::disallowed_methods, reason = "this is where the clock is read")]
fn clock() -> Instant {
    Instant::now()
}

/// The archive that gave out its copy of a page, if one did (RFC 7089 section 2.1.1).
fn archive(page: &Page) -> Option<String> {
    page.memento.as_ref()?;
    let host = page.url.split('/').nth(2).filter(|host| !host.is_empty())?;
    Some(host.to_owned())
}

fn remarks(page: &Page) -> Vec<String> {
    let mut remarks = Vec::new();
    if !(200..300).contains(&page.status) {
        remarks.push(format!("the server answered with status {}", page.status));
    }
    if !page.url.starts_with("https:") {
        remarks.push("it came without encryption: whoever stands on the way can change it".into());
    }
    if let Some(when) = &page.memento {
        remarks.push(format!("it is an archive's copy, by its own word of {when}"));
    }
    if !page.is_measured {
        remarks
            .push("the server did not say how long it is: whether it is whole is unknown".into());
    }
    if page.unkept > 0 {
        let count = page.unkept;
        remarks.push(format!("{count} header fields are left out: too long, too many or no text"));
    }
    remarks
}
