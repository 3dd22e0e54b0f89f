//! A witness on a socket: which request goes to which of its answers.

use std::sync::Arc;
use std::time::Duration;

use crate::http::connections::Limits;
use crate::http::server::{Answered, Asked, Service};
use crate::store::disk::Disk;
use crate::tlog::add_checkpoint::{MAX_LENGTH, PATH};
use crate::witness::{Answer, Witness};

/// What bounds a witness's server: a request is small, and an honest log sends it at once.
pub const LIMITS: Limits =
    Limits { connections: 64, lifetime: Duration::from_secs(30), body: MAX_LENGTH };

/// What is told of each request, for the log of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Told<'a> {
    /// The request.
    pub asked: &'a Asked,
    /// The answer to it.
    pub answer: &'a Answer,
}

/// Serves a witness: `clock` gives POSIX seconds, `tell` hears of every request.
pub fn service<D>(
    witness: Witness<D>,
    clock: impl Fn() -> u64 + Send + Sync + 'static,
    tell: impl Fn(Told<'_>) + Send + Sync + 'static,
) -> Arc<Service>
where
    D: Disk + Send + 'static,
{
    Arc::new(move |asked: &Asked| {
        let answer = answer(&witness, asked, &clock);
        tell(Told { asked, answer: &answer });
        let Answer { status, content_type, body } = answer;
        Answered { status, content_type, body: body.into_bytes() }
    })
}

fn answer<D: Disk>(witness: &Witness<D>, asked: &Asked, clock: &dyn Fn() -> u64) -> Answer {
    let path = asked.path.trim_start_matches('/');
    match (asked.method.as_str(), path) {
        ("POST", PATH) => witness.add_checkpoint(&asked.body, clock()),
        ("GET" | "HEAD", path) if path != PATH => witness.latest(path),
        _ => Answer {
            status: 405,
            content_type: "text/plain; charset=utf-8",
            body: "a witness takes POST /add-checkpoint and GET /<hash of origin>/checkpoint\n"
                .to_owned(),
        },
    }
}
