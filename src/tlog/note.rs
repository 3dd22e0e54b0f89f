//! Signed notes: a text, and below it the signatures of those who stand for it (C2SP signed-note
//! v1.0.0).
//!
//! ```text
//! note      = text "\n" line+                     the text ends in "\n"
//! line      = "— " name " " base64(key id: 4 bytes || signature) "\n"
//! vkey      = name "+" key id: 8 hex digits "+" base64(type || public key: 32 bytes)
//! key id    = first 4 bytes of SHA-256(name "\n" type || public key)
//! ```
//! What the text says is left to `checkpoint`, who may sign it to `policy`.

use std::fmt;
use std::str::FromStr;

use base64ct::{Base64, Encoding};

use crate::hash::Hash;
use crate::key::{self, PublicKey, SecretKey};
use crate::tlog::cosignature;

/// The largest note, in bytes; what Go's x/mod and Cloudflare's azul take.
pub const MAX_LENGTH: usize = 1_000_000;

/// The most signature lines; what Go's x/mod and Cloudflare's azul take. The specification wants
/// at least 16, and each line costs a check.
pub const MAX_SIGNATURES: usize = 100;

/// The longest key name, in bytes. tlog-cosignature (ML-DSA) writes its length in one byte.
pub const MAX_NAME_LENGTH: usize = 255;

/// How the line of a signature begins: an em dash and a space.
const LINE_START: &str = "\u{2014} ";

/// The first bytes of a signature and the second part of a vkey. A key is named by the pair of
/// its name and this: four bytes alone can be found again by trying.
pub type KeyId = [u8; 4];

/// What a key signs, and how (signed-note, "Signature types").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// Type 0x01: the text.
    Ed25519,
    /// Type 0x04: the text of a checkpoint, and a time.
    Cosignature,
}

impl Algorithm {
    fn byte(self) -> u8 {
        match self {
            Self::Ed25519 => 0x01,
            Self::Cosignature => 0x04,
        }
    }
}

/// A named key by which signatures are checked; printed and read as a vkey.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    algorithm: Algorithm,
    public: PublicKey,
}

/// One signature of a note. Not yet checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    name: String,
    key_id: KeyId,
    bytes: Vec<u8>,
}

/// A text with signatures. Not yet checked: see [`Note::verify`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<Signature>,
}

/// A signature that holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verified<'a> {
    /// The key that made it.
    pub key: &'a VerifierKey,
    /// When, in POSIX seconds, if it is a cosignature.
    pub time: Option<u64>,
}

/// Why a note or a key was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The note does not follow the format.
    #[error("not a signed note: {0}")]
    Format(&'static str),
    /// The text does not follow the format.
    #[error("a note's text must {0}")]
    Text(&'static str),
    /// A line below the text is no signature.
    #[error("signature line {0} of the note is not `— name base64`")]
    Line(usize),
    /// A name that no key can have.
    #[error("`{0}` is no key name: 1 to 255 bytes without space, `+` or control character")]
    Name(String),
    /// A vkey does not follow the format.
    #[error("not a verifier key: {0}")]
    VerifierKey(&'static str),
    /// A vkey of a type that is not known here.
    #[error("a verifier key of type {0:#04x}, expected 0x01 (Ed25519) or 0x04 (cosignature)")]
    Algorithm(u8),
    /// A vkey holds bytes that are not accepted as a public key.
    #[error("verifier key of `{name}`: {source}")]
    PublicKey {
        /// The name of the key.
        name: String,
        /// Why not.
        source: key::Error,
    },
    /// Two known keys have the same name and the same id.
    #[error("two known keys are named {0}")]
    AmbiguousKey(String),
    /// A signature by a known key does not hold.
    #[error("the signature of {0} does not match the note")]
    BadSignature(String),
    /// No signature is by a known key.
    #[error("none of the note's {0} signatures is by a known key")]
    UnknownKeys(usize),
}

impl VerifierKey {
    /// Names a public key.
    pub fn new(name: &str, algorithm: Algorithm, public: PublicKey) -> Result<Self, Error> {
        check_name(name)?;
        Ok(Self { name: name.to_owned(), algorithm, public })
    }

    /// The name of the key; for a log's key, the log's origin.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What the key signs.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The bare key.
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// The id that, with the name, tells this key from others.
    pub fn id(&self) -> KeyId {
        let bytes = self.public.as_bytes();
        let parts = [self.name.as_bytes(), b"\n", &[self.algorithm.byte()], bytes];
        let hash = Hash::of_parts(&parts);
        let [a, b, c, d, ..] = *hash.as_bytes();
        [a, b, c, d]
    }

    /// Name and id, as messages say them.
    fn label(&self) -> String {
        format!("{}+{:08x}", self.name, u32::from_be_bytes(self.id()))
    }

    /// Whether a signature bears this key's name and id. That it holds is for [`Note::verify`].
    pub fn made(&self, signature: &Signature) -> bool {
        self.name == signature.name && self.id() == signature.key_id
    }

    fn verify(&self, text: &str, signature: &Signature) -> Result<Verified<'_>, Error> {
        let refused = || Error::BadSignature(self.label());
        let time = match self.algorithm {
            Algorithm::Ed25519 => {
                let holds = self.public.verifies(text.as_bytes(), &signature.bytes);
                holds.then_some(None)
            }
            Algorithm::Cosignature => {
                cosignature::verify(&self.public, text, &signature.bytes).map(Some)
            }
        };
        Ok(Verified { key: self, time: time.ok_or_else(refused)? })
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [&[self.algorithm.byte()], &self.public.as_bytes()[..]].concat();
        write!(formatter, "{}+{}", self.label(), Base64::encode_string(&bytes))
    }
}

impl FromStr for VerifierKey {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        // Base64 may hold a `+` too, so only the first two part the text.
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(id), Some(base64)) = (parts.next(), parts.next(), parts.next())
        else {
            return Err(Error::VerifierKey("expected name+id+key"));
        };
        check_name(name)?;
        let bytes = Base64::decode_vec(base64)
            .map_err(|_| Error::VerifierKey("the part after the second `+` is not base64"))?;
        let (&algorithm, public) =
            bytes.split_first().ok_or(Error::VerifierKey("there is no key in it"))?;
        let algorithm = match algorithm {
            0x01 => Algorithm::Ed25519,
            0x04 => Algorithm::Cosignature,
            other => return Err(Error::Algorithm(other)),
        };
        let public = PublicKey::from_bytes(public)
            .map_err(|source| Error::PublicKey { name: name.to_owned(), source })?;
        let key = Self::new(name, algorithm, public)?;
        if format!("{:08x}", u32::from_be_bytes(key.id())) != id {
            return Err(Error::VerifierKey("the id does not belong to this name and key"));
        }
        Ok(key)
    }
}

impl Signature {
    /// Signs the text of a note (type 0x01).
    pub fn sign(name: &str, secret: &SecretKey, text: &str) -> Result<Self, Error> {
        check_text(text)?;
        let key = VerifierKey::new(name, Algorithm::Ed25519, secret.public())?;
        let bytes = secret.sign(text.as_bytes()).to_vec();
        Ok(Self { key_id: key.id(), name: key.name, bytes })
    }

    /// Cosigns the text of a checkpoint (type 0x04) as of `time`, in POSIX seconds, at most
    /// [`cosignature::MAX_TIME`].
    pub fn cosign(name: &str, secret: &SecretKey, text: &str, time: u64) -> Result<Self, Error> {
        check_text(text)?;
        let key = VerifierKey::new(name, Algorithm::Cosignature, secret.public())?;
        let bytes = cosignature::sign(secret, text, time);
        Ok(Self { key_id: key.id(), name: key.name, bytes })
    }

    /// The name of the key that is said to have made it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The id of the key that is said to have made it.
    pub fn key_id(&self) -> KeyId {
        self.key_id
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [&self.key_id[..], &self.bytes].concat();
        writeln!(formatter, "{LINE_START}{} {}", self.name, Base64::encode_string(&bytes))
    }
}

impl FromStr for Signature {
    type Err = Error;

    /// Reads one signature line with its newline, as a witness answers with.
    fn from_str(line: &str) -> Result<Self, Error> {
        line.strip_suffix('\n').and_then(parse_line).ok_or(Error::Line(1))
    }
}

impl Note {
    /// Puts signatures below a text.
    pub fn new(text: impl Into<String>, signatures: Vec<Signature>) -> Result<Self, Error> {
        let note = Self { text: text.into(), signatures };
        check_text(&note.text)?;
        check_count(note.signatures.len())?;
        if note.to_string().len() > MAX_LENGTH {
            return Err(Error::Format("it is larger than 1 MB"));
        }
        Ok(note)
    }

    /// Reads a note. Nothing is believed of it yet.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        if bytes.len() > MAX_LENGTH {
            return Err(Error::Format("it is larger than 1 MB"));
        }
        let note = str::from_utf8(bytes).map_err(|_| Error::Format("it is not UTF-8"))?;
        // The text may hold blank lines, so the last one parts it from the signatures.
        let (text, lines) = note
            .rfind("\n\n")
            .map(|at| (&note[..=at], &note[at + 2..]))
            .ok_or(Error::Format("no blank line parts text and signatures"))?;
        check_text(text)?;
        let lines = lines
            .strip_suffix('\n')
            .ok_or(Error::Format("the last signature does not end in a newline"))?;
        check_count(lines.split('\n').count())?;
        let signatures = lines
            .split('\n')
            .zip(1..)
            .map(|(line, number)| parse_line(line).ok_or(Error::Line(number)))
            .collect::<Result<_, _>>()?;
        Ok(Self { text: text.to_owned(), signatures })
    }

    /// The text, with its final newline.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The signatures, in the order in which they stand there.
    pub fn signatures(&self) -> &[Signature] {
        &self.signatures
    }

    /// The same note with more signatures below.
    pub fn with(mut self, more: impl IntoIterator<Item = Signature>) -> Result<Self, Error> {
        self.signatures.extend(more);
        Self::new(self.text, self.signatures)
    }

    /// Checks all signatures by `keys`; those that hold, in the order of the note.
    ///
    /// Lines by other keys are passed over. A line by a known key that does not hold refuses the
    /// whole note, and so does a note without any known key.
    pub fn verify<'a>(&self, keys: &[&'a VerifierKey]) -> Result<Vec<Verified<'a>>, Error> {
        let mut verified = Vec::new();
        for signature in &self.signatures {
            let mut makers = keys.iter().copied().filter(|key| key.made(signature));
            let Some(key) = makers.next() else { continue };
            if makers.next().is_some() {
                return Err(Error::AmbiguousKey(key.label()));
            }
            verified.push(key.verify(&self.text, signature)?);
        }
        if verified.is_empty() {
            return Err(Error::UnknownKeys(self.signatures.len()));
        }
        Ok(verified)
    }
}

impl fmt::Display for Note {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "{}", self.text)?;
        self.signatures.iter().try_for_each(|signature| signature.fmt(formatter))
    }
}

fn check_name(name: &str) -> Result<(), Error> {
    let allowed = |c: char| !c.is_whitespace() && !c.is_control() && c != '+';
    let good = (1..=MAX_NAME_LENGTH).contains(&name.len()) && name.chars().all(allowed);
    if good { Ok(()) } else { Err(Error::Name(name.chars().take(MAX_NAME_LENGTH).collect())) }
}

fn check_text(text: &str) -> Result<(), Error> {
    if !text.ends_with('\n') {
        return Err(Error::Text("end in a newline"));
    }
    if text.chars().any(|c| c < ' ' && c != '\n') {
        return Err(Error::Text("hold no control character but the newline"));
    }
    Ok(())
}

fn check_count(signatures: usize) -> Result<(), Error> {
    match signatures {
        0 => Err(Error::Format("it has no signature")),
        1..=MAX_SIGNATURES => Ok(()),
        _ => Err(Error::Format("it has more than 100 signatures")),
    }
}

/// Reads a signature line without its newline.
fn parse_line(line: &str) -> Option<Signature> {
    let (name, base64) = line.strip_prefix(LINE_START)?.split_once(' ')?;
    check_name(name).ok()?;
    let bytes = Base64::decode_vec(base64).ok()?;
    let (key_id, signature) = bytes.split_first_chunk().filter(|(_, rest)| !rest.is_empty())?;
    Some(Signature { name: name.to_owned(), key_id: *key_id, bytes: signature.to_vec() })
}

#[cfg(test)]
mod tests {
    use super::{Algorithm, Error, MAX_LENGTH, MAX_SIGNATURES, Note, Signature, VerifierKey};
    use crate::key::SecretKey;

    const KEY: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
    const NOTE: &str = "This is an example message.\n\n\
        — example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3\
        mFXmRKuwHjG1Yu72IneyaQM=\n";

    fn key(text: &str) -> VerifierKey {
        text.parse().expect("a vkey")
    }

    fn parse(text: &str) -> Note {
        Note::parse(text.as_bytes()).expect("a note")
    }

    fn signed(seed: u8, text: &str) -> Signature {
        let secret = SecretKey::from_seed(&[seed; 32]);
        Signature::sign(&format!("key{seed}"), &secret, text).expect("a good name")
    }

    #[test]
    fn the_example_of_the_specification_holds() {
        let (key, note) = (key(KEY), parse(NOTE));
        assert_eq!((key.to_string().as_str(), note.to_string().as_str()), (KEY, NOTE));
        let verified = note.verify(&[&key]).expect("it holds");
        assert_eq!((verified.len(), verified[0].key, verified[0].time), (1, &key, None));
    }

    #[test]
    fn a_text_may_hold_blank_lines_and_is_signed_whole() {
        let text = "one\n\n\ntwo\n";
        let note = Note::new(text, vec![signed(1, text)]).expect("a note");
        assert_eq!(parse(&note.to_string()), note);
        let key =
            VerifierKey::new("key1", Algorithm::Ed25519, SecretKey::from_seed(&[1; 32]).public());
        assert!(note.verify(&[&key.expect("a name")]).is_ok());
    }

    #[test]
    fn unknown_signatures_are_kept_but_a_bad_known_one_refuses_the_note() {
        let stranger = signed(1, "something else\n");
        let note = parse(NOTE).with([stranger.clone()]).expect("a note");
        let known = key(KEY);
        assert_eq!(note.verify(&[&known]).expect("it holds").len(), 1);
        assert_eq!(note.signatures().len(), 2);

        let public = SecretKey::from_seed(&[1; 32]).public();
        let other = VerifierKey::new("key1", Algorithm::Ed25519, public).expect("a name");
        let refused = note.verify(&[&known, &other]);
        assert!(matches!(&refused, Err(Error::BadSignature(label)) if label.starts_with("key1+")));
        assert_eq!(parse(NOTE).verify(&[&other]), Err(Error::UnknownKeys(1)));
        assert_eq!(parse(NOTE).verify(&[]), Err(Error::UnknownKeys(1)));
        let label = "example.com/foo+530d903a".to_owned();
        assert_eq!(note.verify(&[&known, &known]), Err(Error::AmbiguousKey(label)));
        // The same id under another name is another key.
        let renamed = parse(&NOTE.replace("— example.com/foo", "— example.com/bar"));
        assert_eq!(renamed.verify(&[&known]), Err(Error::UnknownKeys(1)));
    }

    #[test]
    fn broken_keys_say_what_is_wrong() {
        let check = |bad: &str, expected: &str| {
            let error = bad.parse::<VerifierKey>().expect_err(bad).to_string();
            assert!(error.contains(expected), "{bad}: {error}");
        };
        let data = "AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
        check("", "expected name+id+key");
        check("name+00000000", "expected name+id+key");
        check(&KEY.replace("530d", "530D"), "the id does not belong");
        check(&KEY.replace("530d", "530e"), "the id does not belong");
        check(&KEY.replace("foo", "bar"), "the id does not belong");
        check(&KEY.replace("foo", "f o"), "no key name");
        check(&KEY.replace("example.com/foo", ""), "no key name");
        check(&KEY.replace("U2k", "U2k="), "not base64");
        check(&format!("{KEY}\n"), "not base64");
        check(&KEY.replace(data, ""), "there is no key");
        check(&KEY.replace("Aeky", "Auky"), "of type 0x02");
        check(&KEY.replace("U2k", "U2kA"), "not base64");
        check(&KEY.replace(&data[40..], ""), "found 29");
    }

    #[test]
    fn broken_notes_are_refused_and_the_limits_are_exact() {
        let check = |bad: &str| assert!(Note::parse(bad.as_bytes()).is_err(), "{bad:?}");
        let line = NOTE.split_once("\n\n").expect("a blank line").1;
        for text in ["", "text", "te\rxt\n", "te\0xt\n"] {
            check(&format!("{text}\n{line}"));
        }
        check("text\n\n");
        check(&NOTE.replace("— ", "- "));
        check(&NOTE.replace("— example", "—  example"));
        check(&NOTE.replace("/foo ", "/foo  "));
        check(&format!("{NOTE}\n"));
        check(&format!("{NOTE}— name AAAAAA==\n"));
        assert_eq!(Note::parse(b"text\n\n\xff\n"), Err(Error::Format("it is not UTF-8")));

        let note = |count| Note::new("text\n", vec![signed(1, "text\n"); count]);
        assert!(note(0).is_err() && note(MAX_SIGNATURES + 1).is_err());
        let full = note(MAX_SIGNATURES).expect("just enough").to_string();
        assert!(Note::parse(full.as_bytes()).is_ok());
        check(&format!("{full}{line}"));

        let length = MAX_LENGTH - (note(1).expect("a note").to_string().len() - "text\n".len());
        let long = |length| format!("{}\n", "x".repeat(length - 1));
        assert!(Note::new(long(length), vec![signed(1, "text\n")]).is_ok());
        assert!(Note::new(long(length + 1), vec![signed(1, "text\n")]).is_err());
    }
}
