//! One page, fetched once because a person asked for it, and kept exactly as it came: for evidence.
//!
//! Politely, and within limits of size, time, redirects and addresses. One GET for each step and
//! nothing tried twice; no cookies, no referrer, no proxy from the environment, and a name that says
//! who asks. A person's single request is no crawling, so robots.txt, which is for crawlers
//! (RFC 9309 section 1), is not asked for. Compression is not asked for either; where a server
//! compresses unasked, what is kept is what a browser would save, and the fields `content-encoding`
//! and `content-length`, which are of other bytes, are left out.
//!
//! What the bytes mean, and whether a status other than 200 is worth keeping, is the caller's
//! business.

use std::collections::HashSet;
use std::net::IpAddr;
use std::time::Duration;

use ureq::Agent;
use ureq::http::{HeaderMap, HeaderName, Response, header};
use ureq::unversioned::transport::DefaultConnector;
use url::Url;

use crate::attribution::record::limits as record;
use crate::web::address::{Guard, Reach, Refused};
use crate::web::fetch::{self, Limits, Stage, settings};

/// The most redirects that are followed. Browsers take 20; honest sites need three.
pub const REDIRECTS: usize = 10;

/// How a page is asked for.
pub struct Asking<'a> {
    /// How long the server is waited for; `total` is for all steps together.
    pub limits: Limits,
    /// The most bytes that are taken, counted after decompression.
    pub size: u64,
    /// Which addresses may be connected to.
    pub reach: Reach,
    /// Whether a redirect may lead from https to http, where anybody on the way can change the page.
    pub allow_downgrade: bool,
    /// The time since some moment: a clock that never goes back.
    pub elapsed: &'a dyn Fn() -> Duration,
}

/// A page as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The URL that was asked for: as given, in its normal spelling, without the part after #.
    pub requested: String,
    /// The redirects on the way, in their order.
    pub redirects: Vec<Redirect>,
    /// The URL that answered.
    pub url: String,
    /// The status of the answer, whatever it is.
    pub status: u16,
    /// The fields of its head as `name: value`, in their order (those of one name together), names
    /// in lower case. Only what a record may hold.
    pub headers: Vec<String>,
    /// How many cookies were left out.
    pub cookies: usize,
    /// How many fields were left out because they are too long, too many, or no text.
    pub unkept: usize,
    /// The media type with its parameters, as the server said it, if it is one.
    pub media_type: Option<String>,
    /// When an archive took its copy, in the archive's words (RFC 7089 section 2.1.1).
    pub memento: Option<String>,
    /// When to ask again, in the server's words (RFC 9110 section 10.2.3).
    pub retry_after: Option<String>,
    /// Whether the server said how long the page is. Else it may have been cut off unseen.
    pub is_measured: bool,
    /// All bytes, without the coding in which they were sent.
    pub bytes: Vec<u8>,
}

/// A server's word that the page is elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redirect {
    /// The URL that answered so.
    pub url: String,
    /// With this status.
    pub status: u16,
}

/// Why there is no page.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The server, or the way to it.
    #[error(transparent)]
    Fetch(#[from] fetch::Error),
    /// The name leads to nothing but addresses that may not be connected to.
    #[error("{url}: {address} is {what}, which is not asked")]
    Address {
        /// What was to be asked for.
        url: String,
        /// The first address that its name leads to.
        address: IpAddr,
        /// What that address is.
        what: &'static str,
    },
    /// The server names another place that cannot be asked for.
    #[error("{url}: the server redirects to {to:?}, which cannot be asked for: {what}")]
    Redirect {
        /// What was asked for.
        url: String,
        /// The other place, as the server wrote it.
        to: String,
        /// What is wrong with it.
        what: String,
    },
    /// The way leads from https to http.
    #[error("{url}: the server redirects to {to}, which is not secure")]
    Downgrade {
        /// What was asked for.
        url: String,
        /// The other place.
        to: String,
    },
    /// The way goes round.
    #[error("{url}: the redirects go in a circle, back to {to}")]
    Circle {
        /// What was asked for at first.
        url: String,
        /// The place that was asked before.
        to: String,
    },
    /// The way is too long.
    #[error("{url}: more than {REDIRECTS} redirects, the last to {to}")]
    TooManyRedirects {
        /// What was asked for at first.
        url: String,
        /// The place that was not asked any more.
        to: String,
    },
    /// There are no bytes to keep.
    #[error("{url}: the server sent an empty page (status {status})")]
    Empty {
        /// What was asked for.
        url: String,
        /// The status of the answer.
        status: u16,
    },
}

impl Error {
    /// What a person can do about it.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Fetch(fetch::Error::TooLong { .. }) => {
                "a film or a whole site is not kept; record a transcript, or one page of it"
            }
            Self::Fetch(fetch::Error::Encoding { .. } | fetch::Error::NotHttp { .. }) => {
                "a browser may do better: save the page there, and capture the file with --url"
            }
            Self::Fetch(error) => return error.hint(),
            Self::Address { .. } => {
                "pages inside your own network are fetched with --allow-private only"
            }
            Self::Downgrade { .. } => {
                "--allow-downgrade follows it; whoever stands on the way could then change the page"
            }
            Self::Redirect { .. } | Self::Circle { .. } | Self::TooManyRedirects { .. } => {
                "some sites redirect whoever takes no cookies: save the page in a browser, and \
                 capture the file with --url"
            }
            Self::Empty { .. } => "there is nothing to keep; look whether the URL is right",
        };
        Some(hint.to_owned())
    }
}

/// Fetches a page, following redirects by hand.
pub fn fetch(asking: &Asking<'_>, url: &str) -> Result<Page, Error> {
    let mut current = fetch::parse_url(without_fragment(url))?;
    let requested = current.to_string();
    let named = current.host_str().map(str::to_owned);
    let begun = (asking.elapsed)();
    let mut redirects = Vec::new();
    let mut asked = HashSet::new();
    loop {
        let spent = (asking.elapsed)().saturating_sub(begun);
        // Whoever lets one server of a private network be asked has not let it choose others.
        let is_named = current.host_str() == named.as_deref();
        let reach = if is_named { asking.reach.clone() } else { asking.reach.elsewhere() };
        let answer = ask(&agent(asking, reach), asking, &current, spent)?;
        let status = answer.status().as_u16();
        asked.insert(current.to_string());
        let Some(to) = location(&current, &answer)? else {
            return kept(asking, &current, answer, (requested, redirects));
        };
        if is_downgrade(&current, &to) && !asking.allow_downgrade {
            return Err(Error::Downgrade { url: current.into(), to: to.into() });
        }
        redirects.push(Redirect { url: current.into(), status });
        if asked.contains(to.as_str()) {
            return Err(Error::Circle { url: requested, to: to.into() });
        }
        if redirects.len() > REDIRECTS {
            return Err(Error::TooManyRedirects { url: requested, to: to.into() });
        }
        current = to;
    }
}

/// Whether the way leaves a connection on which nobody else can change the page.
fn is_downgrade(from: &Url, to: &Url) -> bool {
    from.scheme() == "https" && to.scheme() != "https"
}

/// What stands after # is for the reader's browser; no server ever sees it.
fn without_fragment(url: &str) -> &str {
    url.split_once('#').map_or(url, |(before, _)| before)
}

/// Each page has connections of its own: nothing of one page is known when another is asked for.
fn agent(asking: &Asking<'_>, reach: Reach) -> Agent {
    let connect = asking.limits.connect;
    let config = settings(connect).accept("*/*").accept_encoding("identity");
    let guard = Guard(reach);
    Agent::with_parts(config.build(), DefaultConnector::default(), guard)
}

/// One request, in the time that is left.
fn ask(
    agent: &Agent,
    asking: &Asking<'_>,
    url: &Url,
    spent: Duration,
) -> Result<Response<ureq::Body>, Error> {
    let limits = asking.limits;
    let left = limits.total.saturating_sub(spent);
    if left.is_zero() {
        let server = fetch::server(url);
        return Err(fetch::Error::NoAnswer { server, within: limits.total }.into());
    }
    let request = agent.get(url.as_str()).config().timeout_global(Some(left)).build();
    request.call().map_err(|error| match refused(&error) {
        Some(Refused { address, what }) => Error::Address { url: url.to_string(), address, what },
        None => fetch::failed(limits, url, Stage::Head, error).into(),
    })
}

fn refused(error: &ureq::Error) -> Option<Refused> {
    let ureq::Error::Other(inner) = error else { return None };
    inner.downcast_ref().copied()
}

/// The place that a redirect names (RFC 9110 section 15.4); `None` for every other answer.
fn location(from: &Url, answer: &Response<ureq::Body>) -> Result<Option<Url>, Error> {
    if !matches!(answer.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let Some(written) = answer.headers().get(header::LOCATION) else { return Ok(None) };
    let to = fetch::quoted(written.as_bytes());
    let refused = |what: String| Error::Redirect { url: from.to_string(), to: to.clone(), what };
    let text = std::str::from_utf8(written.as_bytes());
    let text = text.map_err(|_| refused("it is not text".to_owned()))?;
    let joined = from.join(text).map_err(|error| refused(error.to_string()))?;
    match fetch::parse_url(without_fragment(joined.as_str())) {
        Ok(url) => Ok(Some(url)),
        // What holds a password is not repeated.
        Err(fetch::Error::Url { what, url: to }) if !joined.username().is_empty() => {
            Err(Error::Redirect { url: from.to_string(), to, what: what.to_owned() })
        }
        Err(fetch::Error::Url { what, .. }) => Err(refused(what.to_owned())),
        Err(error) => Err(error.into()),
    }
}

/// The answer as a page.
fn kept(
    asking: &Asking<'_>,
    url: &Url,
    answer: Response<ureq::Body>,
    (requested, redirects): (String, Vec<Redirect>),
) -> Result<Page, Error> {
    let status = answer.status().as_u16();
    let head = answer.headers();
    let Fields { headers, cookies, unkept } = fields(head);
    let media_type = text(head, &header::CONTENT_TYPE);
    let media_type = media_type.filter(|it| record::media_type("content-type", it).is_ok());
    let memento = text(head, &HeaderName::from_static("memento-datetime"));
    let retry_after = text(head, &header::RETRY_AFTER);
    let is_measured =
        [header::CONTENT_LENGTH, header::TRANSFER_ENCODING].iter().any(|it| head.contains_key(it));
    let bytes = fetch::read_body(asking.limits, url, answer, asking.size)?;
    let url = url.to_string();
    if bytes.is_empty() {
        return Err(Error::Empty { url, status });
    }
    Ok(Page {
        requested,
        redirects,
        url,
        status,
        headers,
        cookies,
        unkept,
        media_type,
        memento,
        retry_after,
        is_measured,
        bytes,
    })
}

/// What a record may hold of a head, and how much it may not.
#[derive(Debug, PartialEq, Eq)]
struct Fields {
    headers: Vec<String>,
    cookies: usize,
    unkept: usize,
}

/// The header fields that say something of the page. Others may name the visitor, as some servers
/// do (`x-client-ip`), or let somebody in, and the record is public.
const TELLING: [&str; 18] = [
    "age",
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-length",
    "content-location",
    "content-type",
    "date",
    "etag",
    "expires",
    "last-modified",
    "link",
    "location",
    "memento-datetime",
    "server",
    "vary",
    "via",
];

/// The fields that are kept, in their order; a cookie may be somebody's session, and is counted.
fn fields(head: &HeaderMap) -> Fields {
    let mut fields = Fields { headers: Vec::new(), cookies: 0, unkept: 0 };
    for (name, value) in head {
        if matches!(name.as_str(), "set-cookie" | "set-cookie2") {
            fields.cookies += 1;
            continue;
        }
        if !TELLING.contains(&name.as_str()) {
            fields.unkept += 1;
            continue;
        }
        let line = std::str::from_utf8(value.as_bytes()).map(|value| format!("{name}: {value}"));
        match line {
            Ok(line)
                if fields.headers.len() < record::ITEMS
                    && record::header("headers", &line).is_ok() =>
            {
                fields.headers.push(line);
            }
            _ => fields.unkept += 1,
        }
    }
    fields
}

/// A field that stands once, or its first value, on one line.
fn text(head: &HeaderMap, name: &HeaderName) -> Option<String> {
    let value = head.get(name)?.to_str().ok()?.trim();
    (!value.is_empty()).then(|| fetch::quoted(value.as_bytes()))
}

#[cfg(test)]
mod tests {
    use ureq::http::{HeaderMap, HeaderName, HeaderValue};

    use url::Url;

    use super::{Fields, fields, is_downgrade, without_fragment};
    use crate::attribution::record::limits::{HEADER, ITEMS};

    fn head(lines: &[(&'static str, &[u8])]) -> HeaderMap {
        let mut head = HeaderMap::new();
        for (name, value) in lines {
            let value = HeaderValue::from_bytes(value).unwrap();
            head.append(HeaderName::from_static(name), value);
        }
        head
    }

    #[test]
    fn a_head_is_kept_in_its_order_without_cookies_and_what_no_record_may_hold() {
        let long = vec![b'a'; HEADER];
        let head = head(&[
            ("date", b"Mon, 25 Nov 2024 02:00:00 GMT"),
            ("set-cookie", b"session=secret"),
            ("server", "Zamir Kabulov’s".as_bytes()),
            ("x-client-ip", b"203.0.113.7"),
            ("authorization", b"Bearer secret"),
            ("set-cookie2", b"a=b"),
            ("etag", b"\xe9"),
            ("via", b"a\tb"),
            ("link", &long),
            ("age", b""),
            ("vary", b"accept"),
            ("set-cookie", b"again=secret"),
        ]);
        let headers = [
            "date: Mon, 25 Nov 2024 02:00:00 GMT",
            "server: Zamir Kabulov’s",
            "age: ",
            "vary: accept",
        ];
        let headers = headers.map(str::to_owned).to_vec();
        assert_eq!(fields(&head), Fields { headers, cookies: 3, unkept: 5 });
    }

    #[test]
    fn no_more_fields_are_kept_than_a_record_takes() {
        let mut head = HeaderMap::new();
        for _ in 0..ITEMS + 3 {
            head.append("via", HeaderValue::from_static("a"));
        }
        let found = fields(&head);
        assert_eq!((found.headers.len(), found.unkept), (ITEMS, 3));
    }

    #[test]
    fn from_https_to_http_is_down_and_no_other_way_is() {
        let [safe, open] = ["https://a.org/", "http://a.org/"].map(|it| Url::parse(it).unwrap());
        assert!(is_downgrade(&safe, &open));
        assert!(
            ![(&safe, &safe), (&open, &safe), (&open, &open)]
                .iter()
                .any(|(from, to)| is_downgrade(from, to))
        );
    }

    #[test]
    fn what_stands_after_a_hash_is_not_asked_for() {
        assert_eq!(without_fragment("https://a.org/b#:~:text=c#d"), "https://a.org/b");
        assert_eq!(without_fragment("https://a.org/b"), "https://a.org/b");
    }
}
