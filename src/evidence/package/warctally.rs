//! What the digests of all records of a WARC file say together.
//!
//! The record level, and no more: it says that records are as their crawler wrote them down, by
//! the crawler's own digests, which whoever changes a record can make anew. What a package says of
//! its files is another level, and is left to others.

use crate::evidence::package::warc::{Error, MAX_FINDINGS, Reader, Record};
use crate::evidence::package::warcdigest::{Given, Outcome};
use crate::evidence::reading::Answer;

/// The kinds of record whose words may be quoted: without a digest, nothing is known of them.
const QUOTABLE: [&str; 3] = ["response", "resource", "conversion"];

/// One thing found at one record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The record: its number, place and address.
    pub place: String,
    /// What was found: lower case, no final period.
    pub fact: String,
}

/// Counts over records and their digests.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// The records that were read.
    pub records: u64,
    /// Those of them that are responses, resources or conversions.
    pub quotable: u64,
    /// The digests that hold.
    pub holds: u64,
    /// Those of them that are SHA-1, of which forgeries can be made.
    pub weak: u64,
    /// The digests that fail.
    pub fails: u64,
    /// The digests that are not understood.
    pub not_understood: u64,
    /// The digests of bytes that stand in another record.
    pub elsewhere: u64,
    /// The digests, block and payload of every record, that are not given.
    pub not_given: u64,
    /// The responses, resources and conversions without a digest that holds or fails.
    pub undigested: u64,
    /// The records that say that they were cut short when they were made.
    pub truncated: u64,
    /// What is worth naming, the first [`MAX_FINDINGS`].
    pub findings: Vec<Finding>,
    /// The files that could not be read at all.
    pub unread: u64,
    /// Why the file could not be read to its end.
    pub broken: Option<Error>,
}

/// Reads a WARC file to its end, or to its first fault.
pub fn tally(bytes: &[u8]) -> Tally {
    let mut tally = Tally::default();
    match Reader::new(bytes) {
        Err(error) => tally.broken = Some(error),
        Ok(reader) => {
            for record in reader {
                match record {
                    Ok(record) => tally.count(&record),
                    Err(error) => tally.broken = Some(error),
                }
            }
        }
    }
    tally
}

impl Tally {
    fn count(&mut self, record: &Record<'_>) {
        self.records += 1;
        if let Some(reason) = record.field("WARC-Truncated") {
            self.truncated += 1;
            let reason: String = reason.chars().take(40).collect();
            self.find(record, format!("was cut short when it was made: {}", reason.escape_debug()));
        }
        let mut is_digested = false;
        for (name, what, outcome) in [
            ("WARC-Block-Digest", "block", record.block_digest()),
            ("WARC-Payload-Digest", "payload", record.payload_digest()),
        ] {
            match outcome {
                Outcome::Holds => {
                    self.holds += 1;
                    let given = record.field(name).and_then(|text| Given::parse(text).ok());
                    self.weak += u64::from(given.is_some_and(|given| given.is_weak()));
                    is_digested = true;
                }
                Outcome::Fails(fact) => {
                    self.fails += 1;
                    self.find(record, format!("its {what} {fact}"));
                    is_digested = true;
                }
                Outcome::NotGiven => self.not_given += 1,
                Outcome::NotUnderstood(fact) => {
                    self.not_understood += 1;
                    self.find(record, format!("its {what} digest is not understood: {fact}"));
                }
                Outcome::Elsewhere(_) => self.elsewhere += 1,
            }
        }
        if QUOTABLE.contains(&record.kind.as_str()) {
            self.quotable += 1;
            if !is_digested {
                self.undigested += 1;
                self.find(record, "gives no digest of its own bytes".to_owned());
            }
        }
    }

    fn find(&mut self, record: &Record<'_>, fact: String) {
        if self.findings.len() < MAX_FINDINGS {
            let (index, offset, kind) = (record.index, record.offset, &record.kind);
            let kind: String = kind.chars().take(20).collect();
            let of: String = record.target().unwrap_or(record.id()).chars().take(200).collect();
            let place =
                format!("record {index} at byte {offset} ({} of {of})", kind.escape_debug());
            self.findings.push(Finding { place, fact });
        }
    }

    /// Adds what was found in another file.
    pub fn add(&mut self, other: Self) {
        self.records += other.records;
        self.quotable += other.quotable;
        self.holds += other.holds;
        self.weak += other.weak;
        self.fails += other.fails;
        self.not_understood += other.not_understood;
        self.elsewhere += other.elsewhere;
        self.not_given += other.not_given;
        self.undigested += other.undigested;
        self.truncated += other.truncated;
        self.unread += other.unread;
        self.findings.extend(other.findings);
        self.findings.truncate(MAX_FINDINGS);
        self.broken = self.broken.take().or(other.broken);
    }

    /// The answer at the level of the records.
    pub fn answer(&self) -> Answer {
        let (records, holds) = (self.records, self.holds);
        if self.fails > 0 {
            let given = holds + self.fails;
            let fact = format!("{} of {given} digests of {records} records fail", self.fails);
            return Answer::fails(fact, None);
        }
        if let Some(error) = &self.broken {
            return Answer::fails(
                format!("the records cannot be read to their end: {error}"),
                None,
            );
        }
        if self.unread > 0 {
            return Answer::fails(format!("{} warc files cannot be read", self.unread), None);
        }
        if holds == 0 {
            return Answer::unknown(format!("no digest of {records} records can be checked"), None);
        }
        if self.not_understood > 0 {
            let fact = format!(
                "{holds} digests of {records} records hold, {} are not understood",
                self.not_understood
            );
            return Answer::unknown(fact, None);
        }
        if self.undigested > 0 {
            let fact = format!(
                "{holds} digests of {records} records hold, {} of {} pages and files give none",
                self.undigested, self.quotable
            );
            return Answer::unknown(fact, None);
        }
        let weak = match self.weak {
            0 => String::new(),
            weak => format!("; {weak} are SHA-1, of which forgeries can be made"),
        };
        Answer::holds(format!("all {holds} digests of {records} records hold{weak}"), None)
    }
}
