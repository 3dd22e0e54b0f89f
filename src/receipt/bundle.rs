//! Bundles: a receipt with the captures and the policy, in one ZIP file to hand on.
//!
//! ```text
//! READ-ME.txt                 what this is, in plain words; nothing rests on it
//! receipt.tlog-proof
//! policy                      the publisher's; whoever checks should have it by another way
//! statement.scitt             if the log's key was at hand
//! captures/<sha256>.<ext>     the bytes of the documents, sorted by digest
//! ```
//! The files stand in this order, stored and not compressed, with fixed times and modes: one
//! bundle has one spelling, reading refuses any other, and nothing can expand. Nothing of it is
//! ever written to the disk.

use std::io::{Cursor, Read, Write};

use zip::read::ZipArchive;
use zip::result::ZipError;
use zip::write::{SimpleFileOptions, ZipWriter};
use zip::{CompressionMethod, DateTime, System};

use crate::hash::Hash;

/// The largest bundle, in bytes: three of the largest captures. A check holds it twice in memory.
pub const MAX_LENGTH: usize = 256 * 1024 * 1024;

/// The most files of a bundle.
pub const MAX_FILES: usize = 256;

/// How a ZIP file begins.
pub const MAGIC: &[u8] = b"PK\x03\x04";

/// The name of the plain words.
pub const READ_ME: &str = "READ-ME.txt";
/// The name of the proof.
pub const RECEIPT: &str = "receipt.tlog-proof";
/// The name of the policy.
pub const POLICY: &str = "policy";
/// The name of the transparent statement.
pub const STATEMENT: &str = "statement.scitt";
const CAPTURES: &str = "captures/";

/// The longest file name, in bytes: a capture's, with its ending.
const MAX_NAME: usize = CAPTURES.len() + 64 + 1 + 8;

/// The files of a bundle.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bundle {
    /// What this is, in plain words.
    pub read_me: Vec<u8>,
    /// The `.tlog-proof`.
    pub receipt: Vec<u8>,
    /// The policy.
    pub policy: Vec<u8>,
    /// The transparent statement.
    pub statement: Option<Vec<u8>>,
    /// The captures, sorted by digest.
    pub captures: Vec<Blob>,
}

/// The bytes of a capture, under the name by which the bundle calls them. Not yet checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blob {
    /// What their digest is said to be.
    pub digest: Hash,
    /// The ending of the file's name.
    pub extension: String,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// Why a file is no bundle, or cannot become one.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Too large, in bytes.
    #[error("the bundle has {0} bytes, expected at most {MAX_LENGTH}")]
    TooLong(usize),
    /// Too many files.
    #[error("the bundle has {0} files, expected at most {MAX_FILES}")]
    TooMany(usize),
    /// Not a ZIP file that can be read.
    #[error("not a bundle: {0}")]
    Zip(#[from] ZipError),
    /// A file cannot be read.
    #[error("not a bundle: {0}")]
    Read(#[from] std::io::Error),
    /// A ZIP file of another shape.
    #[error("not a bundle: {0}")]
    Shape(&'static str),
    /// The same files, otherwise packed; or something that lies between them.
    #[error("the bundle is not packed as it was: some byte of it was changed, or it was repacked")]
    Respelled,
}

impl Bundle {
    /// The bytes of the bundle: the same files give the same bytes.
    pub fn encode(&self) -> Result<Vec<u8>, Error> {
        let files = self.files();
        if files.len() > MAX_FILES {
            return Err(Error::TooMany(files.len()));
        }
        let length: usize = files.iter().map(|(name, bytes)| name.len() + bytes.len() + 256).sum();
        if length > MAX_LENGTH {
            return Err(Error::TooLong(length));
        }
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Stored)
            .system(System::Unix)
            .last_modified_time(DateTime::DEFAULT)
            .unix_permissions(0o644);
        let mut writer = ZipWriter::new(Cursor::new(Vec::with_capacity(length)));
        for (name, bytes) in files {
            writer.start_file(name, options)?;
            writer.write_all(bytes)?;
        }
        Ok(writer.finish()?.into_inner())
    }

    /// Reads a bundle. Packing what was read must give the same bytes, so that no byte of the
    /// file is without meaning.
    pub fn decode(bytes: &[u8]) -> Result<Self, Error> {
        if bytes.len() > MAX_LENGTH {
            return Err(Error::TooLong(bytes.len()));
        }
        let mut archive = ZipArchive::new(Cursor::new(bytes))?;
        if archive.len() > MAX_FILES {
            return Err(Error::TooMany(archive.len()));
        }
        let mut bundle = Self::default();
        let mut taken = 0;
        for place in 0..archive.len() {
            let mut file = archive.by_index(place)?;
            // Stored files are as large as what stands here, so reading is bounded.
            if file.compression() != CompressionMethod::Stored || file.size() > bytes.len() as u64 {
                return Err(Error::Shape("a file in it is compressed"));
            }
            let name = str::from_utf8(file.name_raw()).ok().filter(|it| it.len() <= MAX_NAME);
            let name = name.ok_or(Error::Shape("a file has no good name"))?.to_owned();
            let mut content = Vec::new();
            file.by_ref().take(bytes.len() as u64).read_to_end(&mut content)?;
            // Files may overlap in a forged archive: together they are no larger than it.
            taken += content.len();
            if taken > bytes.len() {
                return Err(Error::Shape("files in it overlap"));
            }
            bundle.take(&name, content)?;
        }
        if bundle.encode()? == bytes { Ok(bundle) } else { Err(Error::Respelled) }
    }

    /// The files, in their order.
    fn files(&self) -> Vec<(String, &[u8])> {
        let mut files = vec![
            (READ_ME.to_owned(), self.read_me.as_slice()),
            (RECEIPT.to_owned(), &self.receipt),
            (POLICY.to_owned(), &self.policy),
        ];
        files.extend(self.statement.iter().map(|it| (STATEMENT.to_owned(), it.as_slice())));
        files.extend(self.captures.iter().map(|it| (it.name(), it.bytes.as_slice())));
        files
    }

    fn take(&mut self, name: &str, bytes: Vec<u8>) -> Result<(), Error> {
        match name {
            READ_ME => self.read_me = bytes,
            RECEIPT => self.receipt = bytes,
            POLICY => self.policy = bytes,
            STATEMENT => self.statement = Some(bytes),
            _ => {
                let (digest, extension) = parse_name(name)
                    .ok_or(Error::Shape("a file in it has no name that a bundle knows"))?;
                if self.captures.last().is_some_and(|last| last.digest >= digest) {
                    return Err(Error::Shape("the captures are not in order, each once"));
                }
                self.captures.push(Blob { digest, extension, bytes });
            }
        }
        Ok(())
    }
}

impl Blob {
    /// The name of its file.
    pub fn name(&self) -> String {
        format!("{CAPTURES}{}.{}", self.digest, self.extension)
    }
}

fn parse_name(name: &str) -> Option<(Hash, String)> {
    let (hex, extension) = name.strip_prefix(CAPTURES)?.split_once('.')?;
    let plain = (1..=8).contains(&extension.len())
        && extension.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    plain.then_some((Hash::from_hex(hex)?, extension.to_owned()))
}

/// The ending by which other programs know a media type.
pub fn extension(media_type: &str) -> &'static str {
    match media_type.split(';').next().unwrap_or_default().trim() {
        "text/plain" => "txt",
        "text/html" | "application/xhtml+xml" => "html",
        "application/pdf" => "pdf",
        "application/json" => "json",
        "image/jpeg" => "jpg",
        "image/png" => "png",
        "application/warc" => "warc",
        _ => "bin",
    }
}
