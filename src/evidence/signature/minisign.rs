//! Minisign: a detached signature in four lines, and a public key in two.
//!
//! ```text
//! untrusted comment: <anything; covered by nothing, never believed>
//! base64(algorithm[2] || key id[8] || ed25519(bytes or their BLAKE2b-512)[64])
//! trusted comment: <covered by the next line>
//! base64(ed25519(signature[64] || trusted comment)[64])
//! ```
//!
//! The format is that of <https://jedisct1.github.io/minisign/>; hashing and curve are left to the
//! `minisign-verify` crate, whose words these states are. Whose key it is, is left to others.

use base64ct::{Base64, Encoding};
use minisign_verify::{Error, PublicKey, Signature};

use crate::evidence::signature::checked::{Checked, Coverage, Signer, State};
use crate::key;

/// What a valid signature shows, for `whosaid explain minisign`.
pub const PROVES: &str = "Whoever holds the secret half of this minisign key signed exactly these \
    bytes, all of them, and the trusted comment beside them. One changed byte would be found.";

/// What it leaves open.
pub const DOES_NOT_PROVE: &str = "It does not say whose key it is: a dated record of control does. \
    The time in the trusted comment is the signer's own word. A minisign key has no end and no \
    way to be withdrawn: nothing here can tell that it was lost or stolen. The untrusted comment \
    is covered by no signature and is not read.";

/// The platform under which such keys are recorded.
pub const PLATFORM: &str = "minisign";

/// The longest signature file, in bytes: minisign itself writes comments of at most 1,024
/// (untrusted) and 8,192 bytes (trusted), and two lines of base64.
pub const SIGNATURE_BYTES: usize = 10_240;

/// The longest public key file, in bytes: a comment of at most 1,024 bytes and one line of base64.
pub const KEY_BYTES: usize = 2_048;

/// The length of a public key, in base64: algorithm, key id and key are 42 bytes.
const KEY_CHARACTERS: usize = 56;

/// How much of a trusted comment is repeated in a fact, in characters.
const COMMENT_SHOWN: usize = 200;

/// The length of a BLAKE2b-512 hash, in bytes.
const HASH_BYTES: usize = 64;

const UNTRUSTED: &str = "untrusted comment: ";
const TRUSTED: &str = "trusted comment: ";

/// Checks a signature file over `capture` against a public key: the file that minisign writes, or
/// its base64 line alone.
///
/// The older mode, in which the bytes are signed without being hashed first, is accepted with a
/// limit: many projects' signatures of before 2022 have it. It is refused for a capture of 64
/// bytes, which could be the hash of another file. The signer's id is the whole public key in
/// base64, because anybody can make a key with a given key id.
pub fn check(capture: &[u8], signature: &[u8], public_key: Option<&[u8]>) -> Checked {
    let file = match Proof::parse(signature) {
        Ok(file) => file,
        Err(fact) => return Checked::not(State::Malformed, fact),
    };
    let Some(public_key) = public_key else {
        let fact = format!("the public key {} is not at hand", key_id(file.key_id));
        return Checked::not(State::Missing, fact);
    };
    let key = match Key::parse(public_key) {
        Ok(key) => key,
        Err(fact) => return Checked::not(State::Malformed, fact),
    };
    if file.is_legacy && capture.len() == HASH_BYTES {
        return Checked::not(
            State::Malformed,
            "64 bytes signed in the older mode cannot be told from the hash of another file",
        );
    }
    match key.public.verify(capture, &file.signature, true) {
        Ok(()) => valid(&file, key),
        Err(Error::UnexpectedKeyId) => {
            let (found, expected) = (key_id(file.key_id), key_id(key.id));
            let fact = format!("signed with key {found}, the key at hand is {expected}");
            Checked::not(State::OtherKey, fact)
        }
        Err(Error::InvalidSignature) if key.signed_comment_of(&file) => {
            Checked::not(State::Altered, "the bytes are not those that this key signed")
                .by(PLATFORM, key.line)
        }
        Err(Error::InvalidSignature) => Checked::not(
            State::Altered,
            "the signature or its trusted comment was changed, or another key of the same key id \
             signed",
        ),
        Err(error) => Checked::not(State::Malformed, format!("no minisign signature: {error}")),
    }
}

fn valid(file: &Proof, key: Key) -> Checked {
    let comment = file.signature.trusted_comment();
    let shown: String = comment.escape_default().take(COMMENT_SHOWN).collect();
    let mut limits = Vec::new();
    if file.is_legacy {
        limits.push("signed in minisign's older mode, without hashing first".to_owned());
    }
    let signed_at = timestamp(comment);
    if signed_at.is_none() {
        limits.push("the trusted comment states no time of signing".to_owned());
    }
    Checked {
        state: State::Valid,
        fact: format!("minisign key {} signed all bytes; it adds: {shown}", key_id(key.id)),
        signer: Some(Signer { platform: PLATFORM, id: key.line }),
        coverage: Coverage::Whole,
        signed_at,
        limits,
    }
}

/// The one `timestamp:` among the tab-separated parts of a trusted comment, in seconds since 1970.
fn timestamp(comment: &str) -> Option<i64> {
    let mut stated = comment.split('\t').filter_map(|part| part.strip_prefix("timestamp:"));
    let (first, second) = (stated.next()?, stated.next());
    let seconds: i64 = first.parse().ok()?;
    (second.is_none() && seconds >= 0 && seconds.to_string() == first).then_some(seconds)
}

/// A key id as minisign prints it: the little-endian number in hex, in capitals.
fn key_id(id: [u8; 8]) -> String {
    format!("{:016X}", u64::from_le_bytes(id))
}

/// A signature file, and what of it the crate does not hand out.
struct Proof {
    signature: Signature,
    key_id: [u8; 8],
    is_legacy: bool,
    /// The signature of the bytes.
    mark: [u8; 64],
    /// The signature of `mark` and the trusted comment.
    global: [u8; 64],
}

impl Proof {
    fn parse(bytes: &[u8]) -> Result<Self, String> {
        let text = text_within(bytes, SIGNATURE_BYTES, "a minisign signature")?;
        let lines: Vec<&str> = text.lines().collect();
        let &[untrusted, first, trusted, second] = lines.as_slice() else {
            let found = lines.len();
            return Err(format!("a minisign signature has 4 lines, found {found}"));
        };
        for (line, prefix) in [(untrusted, UNTRUSTED), (trusted, TRUSTED)] {
            if !line.starts_with(prefix) {
                let prefix = prefix.trim_end();
                return Err(format!("a line of a minisign signature begins with `{prefix}`"));
            }
        }
        let head: [u8; 74] = decode(first, "the signature line")?;
        let global: [u8; 64] = decode(second, "the line after the trusted comment")?;
        let signature = Signature::decode(text).map_err(|error| match error {
            Error::UnsupportedAlgorithm => "no signature algorithm that minisign has".to_owned(),
            other => format!("no minisign signature: {other}"),
        })?;
        let [_, algorithm, rest @ ..] = head;
        let mut key_id = [0; 8];
        key_id.copy_from_slice(&rest[..8]);
        let mut mark = [0; 64];
        mark.copy_from_slice(&rest[8..]);
        // "Ed" signs the bytes, "ED" their hash; the crate refused all else.
        Ok(Self { signature, key_id, is_legacy: algorithm == b'd', mark, global })
    }
}

/// A public key, and its one spelling.
struct Key {
    public: PublicKey,
    strict: key::PublicKey,
    id: [u8; 8],
    line: String,
}

impl Key {
    fn parse(bytes: &[u8]) -> Result<Self, String> {
        let text = text_within(bytes, KEY_BYTES, "a minisign public key")?;
        let lines: Vec<&str> = text.lines().collect();
        let line = match lines.as_slice() {
            [line] => line,
            [comment, line] if comment.starts_with(UNTRUSTED) => line,
            _ => return Err("a minisign public key is a comment line and a base64 line".to_owned()),
        };
        if line.len() != KEY_CHARACTERS {
            let found = line.len();
            return Err(format!("a minisign key has {KEY_CHARACTERS} characters, found {found}"));
        }
        let bytes: [u8; 42] = decode(line, "the public key")?;
        // Minisign writes "Ed" into every key, whichever way the key signs.
        let Some(rest) = bytes.strip_prefix(b"Ed") else {
            return Err("no public key of minisign's algorithm".to_owned());
        };
        let (head, point) = rest.split_at(8);
        let mut id = [0; 8];
        id.copy_from_slice(head);
        let strict = key::PublicKey::from_bytes(point).map_err(|error| error.to_string())?;
        let public = PublicKey::from_base64(line).map_err(|error| error.to_string())?;
        Ok(Self { public, strict, id, line: (*line).to_owned() })
    }

    /// Whether this key signed the file's signature together with its trusted comment.
    fn signed_comment_of(&self, file: &Proof) -> bool {
        let mut message = file.mark.to_vec();
        message.extend_from_slice(file.signature.trusted_comment().as_bytes());
        self.strict.verifies(&message, &file.global)
    }
}

fn text_within<'a>(bytes: &'a [u8], limit: usize, what: &str) -> Result<&'a str, String> {
    if bytes.len() > limit {
        return Err(format!("{what} of {} bytes, at most {limit} expected", bytes.len()));
    }
    str::from_utf8(bytes).map_err(|_| format!("{what} is not UTF-8 text"))
}

/// A line of base64 in its one spelling, of exactly as many bytes.
fn decode<const LENGTH: usize>(line: &str, what: &str) -> Result<[u8; LENGTH], String> {
    let bytes = Base64::decode_vec(line).map_err(|_| format!("{what} is not base64"))?;
    let found = bytes.len();
    bytes.try_into().map_err(|_| format!("{what} holds {found} bytes, {LENGTH} expected"))
}
