//! One request and its answer, within limits: what a server may take of our time and memory, and
//! what is refused of what it says.
//!
//! No redirect is followed, because a ledger is named by its URL: another server may not take its
//! place unseen. No proxy is taken from the environment. What the bytes mean is the caller's
//! business.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rustls::crypto::aws_lc_rs;
use ureq::config::ConfigBuilder;
use ureq::http::{HeaderMap, Response, header};
use ureq::tls::TlsConfig;
use ureq::typestate::AgentScope;
use ureq::{Agent, Body, Timeout};
use url::Url;

/// What a connection calls itself.
pub(crate) const USER_AGENT: &str = concat!("whosaid/", env!("CARGO_PKG_VERSION"));

/// The longest head of an answer (status line and header fields), in bytes.
pub(crate) const HEAD_LIMIT: usize = 64 * 1024;

/// The longest URL, in bytes: what servers commonly take.
pub const URL_LIMIT: usize = 2048;

/// The longest piece of what a server said that is repeated in a message, in characters.
const QUOTED: usize = 200;

/// How long a server is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Until the connection stands: name, TCP and TLS, each at most this long.
    pub connect: Duration,
    /// Until the last byte of the answer.
    pub total: Duration,
}

impl Limits {
    /// For servers on the internet: 10 seconds to connect, 60 for one whole answer.
    pub const STANDARD: Self =
        Self { connect: Duration::from_secs(10), total: Duration::from_secs(60) };
}

/// Why there is no answer, or none that can be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Not a URL that is ever asked for.
    #[error("{url:?} is not a URL that can be read: {what}")]
    Url {
        /// What was given.
        url: String,
        /// What is wrong with it.
        what: &'static str,
    },
    /// The name of the server leads nowhere.
    #[error("there is no server called {host}")]
    NoSuchHost {
        /// The name.
        host: String,
    },
    /// Nobody takes the connection.
    #[error("could not connect to the server at {server}: {source}")]
    NotConnected {
        /// The server.
        server: String,
        /// What the system answered.
        source: io::Error,
    },
    /// The connection did not come about in time.
    #[error("the server at {server} could not be reached within {}", seconds(*.within))]
    NotReached {
        /// The server.
        server: String,
        /// The limit.
        within: Duration,
    },
    /// Connected, and no whole head of an answer came in time.
    #[error("the server at {server} did not answer within {}", seconds(*.within))]
    NoAnswer {
        /// The server.
        server: String,
        /// The limit.
        within: Duration,
    },
    /// The answer began, and did not end in time.
    #[error("{url}: the answer was not complete within {}", seconds(*.within))]
    TooSlow {
        /// What was asked for.
        url: String,
        /// The limit.
        within: Duration,
    },
    /// The connection was closed before the answer was complete.
    #[error("{url}: the server closed the connection before the answer was complete")]
    CutOff {
        /// What was asked for.
        url: String,
    },
    /// More bytes than the caller takes, counted after decompression.
    #[error("{url}: the answer has more than {limit} bytes")]
    TooLong {
        /// What was asked for.
        url: String,
        /// The most bytes the caller takes.
        limit: u64,
    },
    /// The server names another place.
    #[error("{url}: the server redirects to {}", .to.as_deref().unwrap_or("an unnamed place"))]
    Redirected {
        /// What was asked for.
        url: String,
        /// The other place, as the server wrote it.
        to: Option<String>,
    },
    /// The server says that it did not do what was asked.
    #[error("{url}: the server answered with status {status}")]
    Status {
        /// What was asked for.
        url: String,
        /// The HTTP status code.
        status: u16,
    },
    /// A web page where a file was expected: many servers answer so to whatever is asked.
    #[error("{url}: the server sent a web page (text/html) in place of the file")]
    WebPage {
        /// What was asked for.
        url: String,
    },
    /// Compressed bytes that cannot be made out.
    #[error("{url}: the answer cannot be decompressed: {what}")]
    Encoding {
        /// What was asked for.
        url: String,
        /// What is wrong with it.
        what: String,
    },
    /// What came is not HTTP.
    #[error("{url}: the server does not answer in HTTP: {what}")]
    NotHttp {
        /// What was asked for.
        url: String,
        /// What is wrong with it.
        what: String,
    },
    /// No secure connection could be made: most often a certificate that cannot be accepted.
    #[error("no secure connection to the server at {server}: {what}")]
    NotSecure {
        /// The server.
        server: String,
        /// What is wrong.
        what: String,
    },
    /// The connection broke in another way.
    #[error("{url}: {what}")]
    Broken {
        /// What was asked for.
        url: String,
        /// What is said to be wrong.
        what: String,
    },
}

impl Error {
    /// What a person can do about it.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Url { .. } => "a URL looks like https://example.org/claims",
            Self::NoSuchHost { .. } => "look for a slip in the name, and whether you are online",
            Self::NotConnected { .. } | Self::NotReached { .. } | Self::Broken { .. } => {
                "the server may be down, or a firewall may stand between: try again later"
            }
            Self::NoAnswer { .. } | Self::TooSlow { .. } => {
                "try again later; --timeout SECONDS waits longer"
            }
            Self::CutOff { .. } => "try again: nothing was taken from the part that came",
            Self::Redirected { to: Some(_), .. } => {
                "redirects are not followed: if you trust that place, give its URL"
            }
            Self::Redirected { to: None, .. } => "redirects are not followed",
            Self::Status { status: 500.., .. } => "the server is in trouble: try again later",
            Self::Status { .. } => "whoever runs the server can say why",
            Self::WebPage { .. } => {
                "the URL must name the folder that holds the file `checkpoint`, not a web page"
            }
            Self::TooLong { .. } | Self::Encoding { .. } | Self::NotHttp { .. } => {
                "this does not seem to be a server of the files that were asked for"
            }
            Self::NotSecure { .. } => "the certificate must be in order: it is never passed over",
        };
        Some(hint.to_owned())
    }

    /// Whether the server may well answer when it is asked again: it was out of reach, slow, cut
    /// off or in trouble. Otherwise somebody has to change something first.
    pub fn is_temporary(&self) -> bool {
        matches!(
            self,
            Self::NoSuchHost { .. }
                | Self::NotConnected { .. }
                | Self::NotReached { .. }
                | Self::NoAnswer { .. }
                | Self::TooSlow { .. }
                | Self::CutOff { .. }
                | Self::Broken { .. }
                | Self::Status { status: 429 | 500.., .. }
        )
    }
}

/// The answer to a POST, whatever its status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status code; never a redirect.
    pub status: u16,
    /// The media type, in lower case, without parameters.
    pub content_type: Option<String>,
    /// All of it.
    pub body: Vec<u8>,
}

/// What every connection keeps to: no proxy of the environment, no redirect unseen, an honest name.
pub(crate) fn settings(connect: Duration) -> ConfigBuilder<AgentScope> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    Agent::config_builder()
        .tls_config(TlsConfig::builder().unversioned_rustls_crypto_provider(provider).build())
        .http_status_as_error(false)
        .proxy(None)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .user_agent(USER_AGENT)
        .max_response_header_size(HEAD_LIMIT)
        .timeout_resolve(Some(connect))
        .timeout_connect(Some(connect))
}

/// Asks servers, keeping connections open between requests. Clones share these.
#[derive(Debug, Clone)]
pub struct Client {
    agent: Agent,
    limits: Limits,
    requests: Arc<AtomicU64>,
}

impl Client {
    /// A client that waits no longer than this.
    pub fn new(limits: Limits) -> Self {
        let Limits { connect, total } = limits;
        let config = settings(connect).timeout_global(Some(total));
        Self { agent: config.build().into(), limits, requests: Arc::default() }
    }

    /// How many requests were made so far, by all clones together.
    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// A whole file of at most `limit` bytes; `None` where the server says that there is none
    /// (404 or 410). A web page is refused.
    pub fn get(&self, url: &str, limit: u64) -> Result<Option<Vec<u8>>, Error> {
        let url = parse_url(url)?;
        self.requests.fetch_add(1, Ordering::Relaxed);
        let answer = self.agent.get(url.as_str()).call();
        let answer = answer.map_err(|error| failed(self.limits, &url, Stage::Head, error))?;
        match answer.status().as_u16() {
            200 => {}
            404 | 410 => return Ok(None),
            status => return Err(refused(&url, status, answer.headers())),
        }
        if media_type(answer.headers()).as_deref() == Some("text/html") {
            return Err(Error::WebPage { url: url.to_string() });
        }
        read_body(self.limits, &url, answer, limit).map(Some)
    }

    /// Sends a text, and takes an answer of at most `limit` bytes, whatever its status.
    pub fn post(&self, url: &str, body: &[u8], limit: u64) -> Result<Answer, Error> {
        let url = parse_url(url)?;
        self.requests.fetch_add(1, Ordering::Relaxed);
        let request = self.agent.post(url.as_str()).content_type("text/plain; charset=utf-8");
        let answer = request.send(body);
        let answer = answer.map_err(|error| failed(self.limits, &url, Stage::Head, error))?;
        let status = answer.status().as_u16();
        if answer.status().is_redirection() {
            return Err(refused(&url, status, answer.headers()));
        }
        let content_type = media_type(answer.headers());
        let body = read_body(self.limits, &url, answer, limit)?;
        Ok(Answer { status, content_type, body })
    }
}

/// How far a request had come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Up to the end of the answer's head.
    Head,
    /// The answer's body.
    Body,
}

/// Reads at most one byte more than the limit, counted after decompression.
pub(crate) fn read_body(
    limits: Limits,
    url: &Url,
    answer: Response<Body>,
    limit: u64,
) -> Result<Vec<u8>, Error> {
    // What could be decompressed is so already; the header field is left where it was not.
    if let Some(coding) = answer.headers().get(header::CONTENT_ENCODING)
        && !coding.as_bytes().eq_ignore_ascii_case(b"identity")
    {
        let what = format!("the coding {} was not asked for", quoted(coding.as_bytes()));
        return Err(Error::Encoding { url: url.to_string(), what });
    }
    let mut body = answer.into_body();
    if body.content_length().is_some_and(|length| length > limit) {
        return Err(Error::TooLong { url: url.to_string(), limit });
    }
    let read = body.with_config().limit(limit).read_to_vec();
    read.map_err(|error| failed(limits, url, Stage::Body, error))
}

/// What an error of the library means for a person.
pub(crate) fn failed(limits: Limits, url: &Url, stage: Stage, error: ureq::Error) -> Error {
    use io::ErrorKind::{
        BrokenPipe, ConnectionAborted, ConnectionReset, InvalidData, TimedOut, UnexpectedEof,
    };
    use ureq::Error as Ureq;
    let (server, secure) = (server(url), url.scheme() == "https");
    let url = url.to_string();
    match error {
        Ureq::HostNotFound => Error::NoSuchHost { host: server },
        Ureq::Timeout(Timeout::Resolve | Timeout::Connect) => {
            Error::NotReached { server, within: limits.connect }
        }
        Ureq::Timeout(_) => match stage {
            Stage::Head => Error::NoAnswer { server, within: limits.total },
            Stage::Body => Error::TooSlow { url, within: limits.total },
        },
        Ureq::BodyExceedsLimit(limit) => Error::TooLong { url, limit },
        Ureq::Decompress(_, source) if source.kind() == UnexpectedEof => Error::CutOff { url },
        Ureq::Decompress(_, source) => {
            Error::Encoding { url, what: quoted(source.to_string().as_bytes()) }
        }
        Ureq::Io(source) => match source.kind() {
            UnexpectedEof | ConnectionReset | ConnectionAborted | BrokenPipe => {
                Error::CutOff { url }
            }
            TimedOut if stage == Stage::Body => Error::TooSlow { url, within: limits.total },
            InvalidData if secure => Error::NotSecure { server, what: source.to_string() },
            _ if stage == Stage::Head => Error::NotConnected { server, source },
            _ => Error::Broken { url, what: source.to_string() },
        },
        Ureq::ConnectionFailed => {
            Error::NotConnected { server, source: io::ErrorKind::NotConnected.into() }
        }
        error @ (Ureq::Protocol(_) | Ureq::Http(_) | Ureq::LargeResponseHeader(..)) => {
            Error::NotHttp { url, what: quoted(error.to_string().as_bytes()) }
        }
        error @ (Ureq::Tls(_) | Ureq::Rustls(_) | Ureq::Pem(_) | Ureq::TlsRequired) => {
            Error::NotSecure { server, what: quoted(error.to_string().as_bytes()) }
        }
        error => Error::Broken { url, what: quoted(error.to_string().as_bytes()) },
    }
}

/// Accepts a text as a URL that may be asked for, or says why not. A user name or password in it
/// is refused: it would be printed, and kept, where nobody expects a secret.
pub fn parse_url(text: &str) -> Result<Url, Error> {
    let refused = |what| Error::Url { url: quoted(text.as_bytes()), what };
    if text.len() > URL_LIMIT {
        return Err(refused("it is too long"));
    }
    let url = Url::parse(text).map_err(|_| refused("it cannot be understood"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(refused("it has to begin with https:// or http://"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        // Not repeated: it may hold a password.
        let what = "it holds a user name or a password";
        return Err(Error::Url { url: server(&url), what });
    }
    if url.fragment().is_some() {
        return Err(refused("it has a part after #, which no server ever sees"));
    }
    Ok(url)
}

/// The server of a URL, with its port where it has one: `example.org`, `127.0.0.1:8080`.
pub(crate) fn server(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// The error of a status that is not the one hoped for.
fn refused(url: &Url, status: u16, headers: &HeaderMap) -> Error {
    let url = url.to_string();
    if matches!(status, 300..=399) && status != 304 {
        let to = headers.get(header::LOCATION).map(|to| quoted(to.as_bytes()));
        return Error::Redirected { url, to };
    }
    Error::Status { url, status }
}

/// The media type of an answer, without its parameters.
pub(crate) fn media_type(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    Some(text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase())
}

/// Bytes from outside as text for a message, not too much of it.
pub(crate) fn quoted(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).chars().take(QUOTED).collect()
}

/// A length of time for people: `10 s`, `250 ms`.
fn seconds(time: Duration) -> String {
    if time.subsec_millis() == 0 {
        format!("{} s", time.as_secs())
    } else {
        format!("{} ms", time.as_millis())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Error, URL_LIMIT, parse_url, seconds};

    #[test]
    fn a_url_is_one_of_a_web_server_and_holds_no_secret() {
        for good in ["https://example.org/claims", "http://127.0.0.1:8080", "http://[::1]:1/a/"] {
            assert!(parse_url(good).is_ok(), "{good}");
        }
        let long = format!("https://example.org/{}", "a".repeat(URL_LIMIT));
        let bad = [
            "",
            "ledger",
            "example.org/claims",
            "ftp://example.org/",
            "file:///etc/passwd",
            "https://",
            "https://user@example.org/",
            "https://user:secret@example.org/",
            "https://example.org/#part",
            &long,
        ];
        for bad in bad {
            let error = parse_url(bad).unwrap_err();
            assert!(matches!(error, Error::Url { .. }), "{bad}: {error}");
            assert!(!error.to_string().contains("secret"), "{error}");
            assert!(error.to_string().len() < 400, "{error}");
        }
    }

    #[test]
    fn lengths_of_time_read_well() {
        assert_eq!(seconds(Duration::from_secs(10)), "10 s");
        assert_eq!(seconds(Duration::from_millis(1250)), "1250 ms");
    }
}
