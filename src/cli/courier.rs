//! What carries requests to witnesses: the network, within limits.

use std::time::Duration;

use crate::ledger::asking::{Messenger, Reply};
use crate::tlog::add_checkpoint::MAX_ANSWER_LENGTH;
use crate::tlog::note;
use crate::web::fetch::{Client, Limits};

/// How long a witness is waited for. All are asked at the same time, so this is what appending
/// waits for at most in each of the rounds, of which there are two unless something is amiss.
const LIMITS: Limits = Limits { connect: Duration::from_secs(10), total: Duration::from_secs(20) };

/// Carries requests over HTTP.
#[derive(Debug)]
pub(crate) struct Courier {
    client: Client,
}

impl Courier {
    pub(crate) fn new() -> Self {
        Self { client: Client::new(LIMITS) }
    }
}

impl Messenger for Courier {
    fn post(&self, url: &str, body: &[u8]) -> Result<Reply, String> {
        let answer = self.client.post(url, body, MAX_ANSWER_LENGTH as u64);
        let answer = answer.map_err(|error| error.to_string())?;
        Ok(Reply { status: answer.status, content_type: answer.content_type, body: answer.body })
    }

    fn get(&self, url: &str) -> Result<Option<Vec<u8>>, String> {
        let file = self.client.get(url, note::MAX_LENGTH as u64);
        file.map_err(|error| error.to_string())
    }
}
