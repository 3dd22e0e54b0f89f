//! What the caller of a composition brings: bytes, and for a page from the web how they came.

use crate::attribution::date::Date;
use crate::claimfile::draft::is_url;
use crate::evidence::media::guess_media_type;

/// Bytes, and how they were come by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Brought {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// How they were fetched; absent for a file, of which only its recorder can say that.
    pub fetched: Option<Fetched>,
}

impl From<Vec<u8>> for Brought {
    fn from(bytes: Vec<u8>) -> Self {
        Self { bytes, fetched: None }
    }
}

impl Brought {
    /// The media type as the server said it, or else as name and content suggest.
    pub fn media_type(&self, name: &str) -> String {
        let told = self.fetched.as_ref().and_then(|fetched| fetched.media_type.clone());
        // What may end a URL as its kind ends a file's name stands before the query.
        let end = if is_url(name) { name.find(['?', '#']) } else { None };
        told.unwrap_or_else(|| {
            guess_media_type(&name[..end.unwrap_or(name.len())], &self.bytes).to_owned()
        })
    }
}

/// How a page was fetched: what its capture records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// The URL asked for.
    pub uri_requested: String,
    /// The URL that answered.
    pub uri_final: String,
    /// The status of the answer.
    pub status: u16,
    /// The fields of its head, as a record holds them.
    pub headers: Vec<String>,
    /// The media type as the server said it.
    pub media_type: Option<String>,
    /// When the page came.
    pub captured_at: Date,
    /// The program that fetched it.
    pub tool: String,
    /// The archive that gave out its copy, where one did.
    pub provider: Option<String>,
    /// What a person should know of it.
    pub remarks: Vec<String>,
}
