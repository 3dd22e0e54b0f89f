//! OpenSSH signatures of files: what `ssh-keygen -Y sign` writes.
//!
//! ```text
//! -----BEGIN SSH SIGNATURE-----
//! base64(  "SSHSIG" || u32 1 || string public key || string namespace || string reserved
//!          || string hash algorithm || string signature )
//! -----END SSH SIGNATURE-----
//! signed:  "SSHSIG" || string namespace || string reserved || string hash algorithm
//!          || string hash(bytes)
//! ```
//!
//! The format is OpenSSH's `PROTOCOL.sshsig`; keys and signatures are those of RFC 4253, 5656,
//! 8332 and 8709. Terms on which a key is accepted are read by `allowed_signers`. Whose key it is,
//! is left to others.

use base64ct::{Base64, Base64Unpadded, Encoding};
use rsa::BoxedUint;
use rsa::pkcs1v15;
use rsa::signature::Verifier;
use sha2::{Digest, Sha256, Sha512};

use crate::evidence::signature::allowed_signers::{self, AllowedKey};
use crate::evidence::signature::checked::{Checked, Coverage, Signer, State};
use crate::key;

/// What a valid signature shows, for `whosaid explain sshsig`.
pub const PROVES: &str = "Whoever holds the secret half of this SSH key signed exactly these bytes, \
    all of them, for the named purpose. One changed byte would be found.";

/// What it leaves open.
pub const DOES_NOT_PROVE: &str = "It does not say whose key it is: a dated record of control names \
    the key's SHA-256 fingerprint. The signature carries no time: it may be older or newer than \
    anything written in the bytes. A key withdrawn by its owner is known as such only from a list \
    of revoked keys, if one was captured.";

/// The platform under which such keys are recorded.
pub const PLATFORM: &str = "ssh";

/// The longest signature file, in bytes: an RSA key of 16,384 bits and its signature, the most
/// that OpenSSH knows, are 5,700 in base64.
pub const SIGNATURE_BYTES: usize = 8_192;

/// The namespace of signed files, by convention (ssh-keygen(1), `-n`).
const FILE_NAMESPACE: &str = "file";

/// The longest namespace, in bytes: a word, or a word with a domain.
const NAMESPACE_BYTES: usize = 256;

/// The shortest RSA key, in bits: shorter ones are not accepted for signatures since 2014
/// (NIST SP 800-131A). The `rsa` crate has its own upper limit, 8,192.
const RSA_BITS: u32 = 2_048;

/// The longest line of armour, in bytes: the specification says 76, ssh-keygen writes 70.
const LINE_BYTES: usize = 76;

const MAGIC: &[u8; 6] = b"SSHSIG";
const BEGIN: &str = "-----BEGIN SSH SIGNATURE-----";
const END: &str = "-----END SSH SIGNATURE-----";

/// What lies beside a signature.
#[derive(Debug, Clone, Copy, Default)]
pub struct Beside<'a> {
    /// The key at hand: a `.pub` line, or a list of allowed signers. Without it the key inside the
    /// signature is enough, because the answer names it by its full fingerprint.
    pub key: Option<&'a [u8]>,
    /// Keys that their owner withdrew: plain public keys, one a line.
    pub revoked: Option<&'a [u8]>,
    /// The time for which the terms of an allowed signer are asked, in seconds since 1970.
    pub at: Option<i64>,
}

/// Checks an armoured signature over `capture`.
///
/// Ed25519, ECDSA on P-256 and P-384, and RSA with SHA-2 are verified; keys in hardware (`sk-`),
/// certificates and P-521 are not. RSA with SHA-1 is refused, as the specification says.
pub fn check(capture: &[u8], signature: &[u8], beside: Beside<'_>) -> Checked {
    let proof = match dearmour(signature).and_then(|blob| Proof::parse(&blob)) {
        Ok(proof) => proof,
        Err((state, fact)) => return Checked::not(state, fact),
    };
    let fingerprint = fingerprint(&proof.key);
    let terms = match beside.key.map(|list| terms_of(&proof, list)).transpose() {
        Ok(terms) => terms,
        Err((state, fact)) => return Checked::not(state, fact),
    };
    match proof.verify(capture) {
        Ok(true) => {}
        Ok(false) => {
            let fact = "the bytes, or the signature, are not those that the key inside it signed";
            return Checked::not(State::Altered, fact);
        }
        Err((state, fact)) => return Checked::not(state, fact).by(PLATFORM, fingerprint),
    }
    if let Some(list) = beside.revoked {
        match allowed_signers::parse_revoked(list) {
            Err(fact) => {
                let fact = format!("whether the key was revoked cannot be told: {fact}");
                return Checked::not(State::Unsupported, fact).by(PLATFORM, fingerprint);
            }
            Ok(revoked) if revoked.contains(&proof.key) => {
                let fact = "the key stands in the list of revoked keys";
                return Checked::not(State::Revoked, fact).by(PLATFORM, fingerprint);
            }
            Ok(_) => {}
        }
    }
    if let Some(fact) = terms.as_ref().and_then(|terms| out_of_time(terms, beside.at)) {
        return Checked::not(State::Expired, fact).by(PLATFORM, fingerprint);
    }
    valid(&proof, fingerprint, terms.as_ref(), beside)
}

fn valid(
    proof: &Proof,
    fingerprint: String,
    terms: Option<&AllowedKey>,
    beside: Beside<'_>,
) -> Checked {
    let mut limits = Vec::new();
    if proof.namespace != FILE_NAMESPACE {
        limits.push(format!("signed for the purpose `{}`, not as a file", proof.namespace));
    }
    if beside.revoked.is_none() {
        limits.push("no list of revoked keys is at hand".to_owned());
    }
    if let Some(terms) = terms {
        let has_dates = terms.valid_after.is_some() || terms.valid_before.is_some();
        if has_dates && beside.at.is_none() {
            limits.push("the key's dates were not compared: no time was asked for".to_owned());
        }
        if terms.is_zone_unknown {
            limits.push("the key's dates name no time zone and were read as UTC".to_owned());
        }
    }
    let named = terms.and_then(|terms| terms.principals.as_deref());
    let named = named.map_or_else(String::new, |name| {
        let name: String = name.escape_debug().take(NAMESPACE_BYTES).collect();
        format!("; the list of allowed signers calls it {name}")
    });
    Checked {
        state: State::Valid,
        fact: format!("{} key {fingerprint} signed all bytes{named}", proof.algorithm),
        signer: Some(Signer { platform: PLATFORM, id: fingerprint }),
        coverage: Coverage::Whole,
        signed_at: None,
        limits,
    }
}

/// Why a check ends early.
type Stop = (State, String);

fn malformed(fact: impl Into<String>) -> Stop {
    (State::Malformed, fact.into())
}

/// A key's fingerprint as `ssh-keygen -l` prints it.
fn fingerprint(blob: &[u8]) -> String {
    format!("SHA256:{}", Base64Unpadded::encode_string(&Sha256::digest(blob)))
}

/// The terms of the first line that accepts the key; a line that does not is the reason only if
/// no other does.
fn terms_of(proof: &Proof, list: &[u8]) -> Result<AllowedKey, Stop> {
    let keys = allowed_signers::parse(list).map_err(malformed)?;
    let mut reason = (
        State::OtherKey,
        format!("signed with key {}, which is not the key at hand", fingerprint(&proof.key)),
    );
    for key in keys.into_iter().filter(|key| key.blob == proof.key) {
        if key.is_authority {
            reason = (State::Unsupported, "certificates are not checked".to_owned());
        } else if !key.admits(&proof.namespace) {
            let fact = format!("the key is not accepted for the purpose `{}`", proof.namespace);
            reason = malformed(fact);
        } else {
            return Ok(key);
        }
    }
    Err(reason)
}

fn out_of_time(terms: &AllowedKey, at: Option<i64>) -> Option<String> {
    let at = at?;
    if terms.valid_before.is_some_and(|end| at > end) {
        return Some(
            "the key was accepted until an earlier time than the one asked for".to_owned(),
        );
    }
    let is_early = terms.valid_after.is_some_and(|start| at < start);
    is_early.then(|| "the key is accepted from a later time than the one asked for".to_owned())
}

/// The blob within the armour, in its one spelling.
fn dearmour(file: &[u8]) -> Result<Vec<u8>, Stop> {
    if file.len() > SIGNATURE_BYTES {
        let found = file.len();
        let fact = format!("an SSH signature of {found} bytes, at most {SIGNATURE_BYTES} expected");
        return Err(malformed(fact));
    }
    let text = str::from_utf8(file).map_err(|_| malformed("an SSH signature is not text"))?;
    let lines: Vec<&str> = text.lines().collect();
    let [BEGIN, body @ .., END] = lines.as_slice() else {
        return Err(malformed(format!("an SSH signature stands between `{BEGIN}` and `{END}`")));
    };
    let width = body.first().map_or(0, |line| line.len());
    let [full @ .., last] = body else {
        return Err(malformed("an SSH signature without content"));
    };
    let is_even = full.iter().all(|line| line.len() == width) && last.len() <= width;
    if width > LINE_BYTES || last.is_empty() || !is_even {
        return Err(malformed("the lines of an SSH signature are not of one length"));
    }
    let encoded = body.concat();
    let blob = Base64::decode_vec(&encoded);
    blob.map_err(|_| malformed("the content of an SSH signature is not base64"))
}

/// A signature and what it says of itself.
struct Proof {
    /// The public key in its wire format.
    key: Vec<u8>,
    /// The algorithm of the key.
    algorithm: String,
    namespace: String,
    hash: Hashed,
    /// The algorithm of the signature, and its content.
    mark: (String, Vec<u8>),
}

#[derive(Clone, Copy)]
enum Hashed {
    Sha256,
    Sha512,
}

impl Proof {
    fn parse(blob: &[u8]) -> Result<Self, Stop> {
        let rest = blob.strip_prefix(MAGIC).ok_or_else(|| malformed("no `SSHSIG` in front"))?;
        let mut reader = Reader { rest };
        let version = reader.number()?;
        if version != 1 {
            return Err((State::Unsupported, format!("version {version} of SSH signatures")));
        }
        let key = reader.string()?.to_vec();
        let namespace = reader.text()?.to_owned();
        let reserved = reader.string()?;
        let hash = match reader.text()? {
            "sha256" => Hashed::Sha256,
            "sha512" => Hashed::Sha512,
            _ => return Err(malformed("the bytes are hashed neither with sha256 nor sha512")),
        };
        let mark = reader.string()?;
        reader.end()?;
        if namespace.is_empty() || namespace.len() > NAMESPACE_BYTES {
            let fact = format!("the purpose has {} bytes, 1 to 256 expected", namespace.len());
            return Err(malformed(fact));
        }
        if !namespace.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(malformed("the purpose is not of visible ASCII characters"));
        }
        // OpenSSH signs an empty field whatever stands here, so that anybody could fill it.
        if !reserved.is_empty() {
            return Err(malformed("the reserved field is not empty"));
        }
        let algorithm = Reader { rest: &key }.text()?.to_owned();
        let mut inner = Reader { rest: mark };
        let mark = (inner.text()?.to_owned(), inner.string()?.to_vec());
        inner.end()?;
        Ok(Self { key, algorithm, namespace, hash, mark })
    }

    /// Whether the key inside signed these bytes.
    fn verify(&self, capture: &[u8]) -> Result<bool, Stop> {
        let message = self.message(capture);
        let (scheme, mark) = (self.mark.0.as_str(), self.mark.1.as_slice());
        let mut key = Reader { rest: &self.key };
        let algorithm = key.text()?;
        match (algorithm, scheme) {
            ("ssh-ed25519", "ssh-ed25519") => {
                let point = key.string()?;
                key.end()?;
                let key = key::PublicKey::from_bytes(point);
                let key = key.map_err(|error| malformed(error.to_string()))?;
                Ok(key.verifies(&message, mark))
            }
            ("ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256") => {
                let point = ecdsa_point(key, "nistp256")?;
                let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(point);
                let key = key.map_err(|_| malformed("the key is no point on P-256"))?;
                let mark = p256::ecdsa::Signature::from_slice(&ecdsa_scalars::<32>(mark)?);
                Ok(mark.is_ok_and(|mark| key.verify(&message, &mark).is_ok()))
            }
            ("ecdsa-sha2-nistp384", "ecdsa-sha2-nistp384") => {
                let point = ecdsa_point(key, "nistp384")?;
                let key = p384::ecdsa::VerifyingKey::from_sec1_bytes(point);
                let key = key.map_err(|_| malformed("the key is no point on P-384"))?;
                let mark = p384::ecdsa::Signature::from_slice(&ecdsa_scalars::<48>(mark)?);
                Ok(mark.is_ok_and(|mark| key.verify(&message, &mark).is_ok()))
            }
            ("ssh-rsa", "rsa-sha2-256" | "rsa-sha2-512") => {
                let key = rsa_key(key)?;
                let Ok(mark) = pkcs1v15::Signature::try_from(mark) else { return Ok(false) };
                Ok(if scheme == "rsa-sha2-256" {
                    pkcs1v15::VerifyingKey::<Sha256>::new(key).verify(&message, &mark).is_ok()
                } else {
                    pkcs1v15::VerifyingKey::<Sha512>::new(key).verify(&message, &mark).is_ok()
                })
            }
            ("ssh-rsa", "ssh-rsa") => Err(malformed("an RSA signature with SHA-1")),
            _ => Err(stop_at_algorithms(algorithm, scheme)),
        }
    }

    /// What the key signs in place of the bytes.
    fn message(&self, capture: &[u8]) -> Vec<u8> {
        let (name, hash) = match self.hash {
            Hashed::Sha256 => ("sha256", Sha256::digest(capture).to_vec()),
            Hashed::Sha512 => ("sha512", Sha512::digest(capture).to_vec()),
        };
        let mut message = MAGIC.to_vec();
        for part in [self.namespace.as_bytes(), &[], name.as_bytes(), &hash] {
            let length = u32::try_from(part.len()).expect("a name or a hash is short");
            message.extend_from_slice(&length.to_be_bytes());
            message.extend_from_slice(part);
        }
        message
    }
}

/// Algorithms that exist and are not checked are told from those that do not fit together.
fn stop_at_algorithms(algorithm: &str, scheme: &str) -> Stop {
    let algorithm: String = algorithm.escape_debug().take(NAMESPACE_BYTES).collect();
    let is_sort = algorithm.starts_with("sk-")
        || algorithm.ends_with("-cert-v01@openssh.com")
        || matches!(algorithm.as_str(), "ecdsa-sha2-nistp521" | "ssh-dss" | "ssh-ed448");
    if is_sort {
        return (State::Unsupported, format!("signatures with {algorithm} keys are not checked"));
    }
    let scheme: String = scheme.escape_debug().take(NAMESPACE_BYTES).collect();
    malformed(format!("no signature `{scheme}` can come from a key `{algorithm}`"))
}

/// The point of an ECDSA key (RFC 5656 section 3.1): uncompressed, as OpenSSH has it.
fn ecdsa_point<'a>(mut key: Reader<'a>, curve: &str) -> Result<&'a [u8], Stop> {
    if key.text()? != curve {
        return Err(malformed("an ECDSA key names another curve than its algorithm"));
    }
    let point = key.string()?;
    key.end()?;
    if point.first() != Some(&4) {
        return Err(malformed("the point of an ECDSA key is not written in full"));
    }
    Ok(point)
}

/// The two numbers of an ECDSA signature (RFC 5656 section 3.1.2), each padded to `LENGTH` bytes.
fn ecdsa_scalars<const LENGTH: usize>(mark: &[u8]) -> Result<Vec<u8>, Stop> {
    let mut reader = Reader { rest: mark };
    let mut scalars = Vec::new();
    for _ in 0..2 {
        let number = reader.natural()?;
        let Some(padding) = LENGTH.checked_sub(number.len()) else {
            return Err(malformed("a number of an ECDSA signature is too long for its curve"));
        };
        scalars.resize(scalars.len() + padding, 0);
        scalars.extend_from_slice(number);
    }
    reader.end()?;
    Ok(scalars)
}

/// An RSA key (RFC 4253 section 6.6).
fn rsa_key(mut key: Reader<'_>) -> Result<rsa::PublicKey, Stop> {
    let (exponent, modulus) = (key.natural()?, key.natural()?);
    key.end()?;
    let modulus = BoxedUint::from_be_slice_vartime(modulus);
    let bits = modulus.bit_width_vartime();
    if bits < RSA_BITS {
        let fact = format!("a weak RSA key of {bits} bits, at least {RSA_BITS} expected");
        return Err(malformed(fact));
    }
    rsa::PublicKey::new(modulus, BoxedUint::from_be_slice_vartime(exponent))
        .map_err(|error| malformed(format!("no RSA key: {error}")))
}

/// Reads the data types of RFC 4251 section 5 from the front.
struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], Stop> {
        let cut = self.rest.split_at_checked(length);
        let (head, rest) = cut.ok_or_else(|| malformed("an SSH signature ends too early"))?;
        self.rest = rest;
        Ok(head)
    }

    fn number(&mut self) -> Result<u32, Stop> {
        let bytes = self.take(4)?.try_into().expect("four bytes were taken");
        Ok(u32::from_be_bytes(bytes))
    }

    fn string(&mut self) -> Result<&'a [u8], Stop> {
        let length = self.number()?;
        let length = usize::try_from(length).map_err(|_| malformed("a string of 4 GiB"))?;
        self.take(length)
    }

    fn text(&mut self) -> Result<&'a str, Stop> {
        let bytes = self.string()?;
        str::from_utf8(bytes).map_err(|_| malformed("a name in an SSH signature is not text"))
    }

    /// An `mpint` above zero in its one spelling, without the zero that keeps it positive.
    fn natural(&mut self) -> Result<&'a [u8], Stop> {
        let bytes = self.string()?;
        match bytes {
            [0, 128..=255, ..] => Ok(&bytes[1..]),
            [1..=127, ..] => Ok(bytes),
            _ => Err(malformed("a number is not positive, or not in its shortest form")),
        }
    }

    fn end(&self) -> Result<(), Stop> {
        if self.rest.is_empty() {
            return Ok(());
        }
        Err(malformed(format!("{} bytes follow the end of a field", self.rest.len())))
    }
}
