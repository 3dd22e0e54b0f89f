//! A secret key as an encrypted file: PKCS#8 in PEM, so that `openssl pkey` reads it too.
//!
//! ```text
//! Public key: <64 hexadecimal digits>          explanatory text (RFC 7468 section 2)
//! -----BEGIN ENCRYPTED PRIVATE KEY-----        EncryptedPrivateKeyInfo (RFC 5958 section 3)
//!   PBES2 (RFC 8018): scrypt (RFC 7914), AES-256-CBC, over
//!   OneAsymmetricKey, version 1, id-Ed25519, the seed (RFC 8410 section 7)
//! ```
//!
//! CBC has no checksum: a damaged second block decrypts to another, perfectly valid key. The line
//! of text before the boundary is what such a key is found by; a file without it (any that OpenSSL
//! made) opens too, and the caller then has to compare the public key with the one it expects.
//! Randomness, the passphrase and the disk are the caller's.

use pkcs8::der::asn1::OctetStringRef;
use pkcs8::der::{Encode, ErrorKind, Tag};
use pkcs8::pkcs5::pbes2::{EncryptionScheme, Kdf, Parameters, Salt, ScryptParams};
use pkcs8::pkcs5::{self, Error as SchemeError};
use pkcs8::{
    EncryptedPrivateKeyInfoRef, LineEnding, ObjectIdentifier, PrivateKeyInfoRef, SecretDocument,
};
use zeroize::Zeroizing;

use crate::hash::Hash;
use crate::key::{LENGTH, PublicKey, SecretKey};
use crate::keytext::Kind;

/// The longest key file that is looked at, in bytes. Ours has about 450; an RSA key of 16384 bits,
/// which deserves its own message, fits too.
pub const FILE_BYTES: usize = 16 * 1024;

/// The most memory that a file may make scrypt take, in bytes: OWASP's strongest suggestion,
/// N = 2^17 with r = 8, takes half of it.
pub const MEMORY_BYTES: u64 = 256 * 1024 * 1024;

/// The most work that a file may ask of scrypt, as N·r·p: sixteen times what `Cost::STANDARD`
/// asks, a few seconds.
pub const WORK: u64 = 16 * 16384 * 8 * 5;

/// The most PBKDF2 rounds that a file may ask for, a few seconds (RFC 8018 section 4.2 names this
/// number for especially critical keys).
pub const ROUNDS: u32 = 10_000_000;

/// What RFC 8410 section 7 puts before an Ed25519 seed: version 1, the algorithm, and two nested
/// octet strings. No public key inside: that makes version 2, which OpenSSL 3.0 refuses.
const HEAD: [u8; 16] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];

/// The tag and length of the inner octet string that holds the seed (RFC 8410 section 7).
const INNER: [u8; 2] = [0x04, 0x20];

const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
const LABEL: &str = "ENCRYPTED PRIVATE KEY";
const PUBLIC_LINE: &str = "Public key: ";

/// What opening a file costs an honest owner once and a guesser every time (RFC 7914 section 2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// The base 2 logarithm of N; memory is 128·N·r bytes. From 1 to 20.
    pub log_n: u8,
    /// The block size.
    pub r: u16,
    /// How often it is done over.
    pub p: u16,
}

impl Cost {
    /// 16 MiB, five times over. OpenSSL refuses scrypt beyond 32 MiB unless told otherwise, so N
    /// stays at 2^14, and p makes up for it: OWASP's Password Storage Cheat Sheet holds
    /// (2^14, 8, 5) equal to (2^17, 8, 1).
    pub const STANDARD: Self = Self { log_n: 14, r: 8, p: 5 };
}

/// Random bytes for one sealing. Never used for a second one.
#[derive(Debug, Clone, Copy)]
pub struct Fresh {
    /// Makes two files with one passphrase need two attacks.
    pub salt: [u8; 16],
    /// The first block that CBC chains from.
    pub iv: [u8; 16],
}

/// Why a text did not open to a secret key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Longer than any key file.
    #[error("a key file has at most {FILE_BYTES} bytes, found {0}")]
    TooLarge(usize),
    /// No PEM, or PEM of something else, or damaged.
    #[error("not a key file: {0}")]
    NotAKeyFile(String),
    /// A private key that anybody who copies the file can use.
    #[error("an unencrypted private key; keys are kept encrypted")]
    Unencrypted,
    /// The other half.
    #[error("a public key, expected the encrypted secret key that belongs to it")]
    PublicKey,
    /// A key of another kind.
    #[error("a key for {0}, expected Ed25519")]
    OtherAlgorithm(String),
    /// Encrypted in a way that is not known here.
    #[error("encrypted in a way that is not supported: {0}")]
    Unsupported(String),
    /// The file asks for more time or memory than any honest file.
    #[error("the file asks for too costly a key derivation: {0}")]
    TooCostly(String),
    /// The passphrase opens nothing. CBC cannot tell that from damage.
    #[error("wrong passphrase, or the file is damaged")]
    WrongPassphrase,
    /// The file holds another secret key than the one it names.
    #[error("the secret key inside does not belong to the public key that the file names")]
    OtherKey,
}

impl Error {
    /// What can be done about it, if anything.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Unencrypted => Some(
                "encrypt it: openssl pkcs8 -topk8 -scrypt -in FILE -out NEW, then destroy FILE",
            ),
            Self::OtherAlgorithm(_) => Some("make one: openssl genpkey -algorithm ed25519"),
            Self::Unsupported(_) => {
                Some("encrypt it anew: openssl pkcs8 -topk8 -scrypt -in FILE -out NEW")
            }
            Self::OtherKey => Some("restore the file from a copy"),
            Self::PublicKey | Self::NotAKeyFile(_) => {
                Some("`whosaid key new NAME` makes such a file; --import takes one from OpenSSL")
            }
            _ => None,
        }
    }
}

/// Encrypts `key` for whoever knows `passphrase`. Takes about a quarter of a second at
/// `Cost::STANDARD`.
///
/// # Panics
/// If `cost` is beyond what `open` would accept.
pub fn seal(key: &SecretKey, passphrase: &[u8], fresh: &Fresh, cost: Cost) -> Zeroizing<String> {
    assert!((1..=20).contains(&cost.log_n), "scrypt's log2 N is from 1 to 20");
    let scrypt = ScryptParams {
        salt: Salt::new(fresh.salt).expect("16 bytes fit a salt"),
        cost_parameter: 1 << cost.log_n,
        block_size: cost.r,
        parallelization: cost.p,
        key_length: None,
    };
    assert_eq!(affordable(&Kdf::Scrypt(scrypt)), Ok(()), "a file that could not be opened");
    let parameters = Parameters {
        kdf: Kdf::Scrypt(scrypt),
        encryption: EncryptionScheme::Aes256Cbc { iv: fresh.iv },
    };
    let mut plain = Zeroizing::new([0; HEAD.len() + LENGTH]);
    plain[..HEAD.len()].copy_from_slice(&HEAD);
    plain[HEAD.len()..].copy_from_slice(key.seed());
    let encrypted = parameters.encrypt(passphrase, &plain[..]).expect("checked parameters");
    let file = EncryptedPrivateKeyInfoRef {
        encryption_algorithm: parameters.into(),
        encrypted_data: OctetStringRef::new(&encrypted).expect("64 bytes"),
    };
    let document = SecretDocument::try_from(file).expect("it is small");
    let pem = document.to_pem(LABEL, LineEnding::LF).expect("it is small");
    let public = Hash::from_bytes(*key.public().as_bytes());
    Zeroizing::new(format!("{PUBLIC_LINE}{public}\n{}", pem.as_str()))
}

/// Decrypts a key file: one of ours, or one that OpenSSL made with scrypt or PBKDF2.
pub fn open(pem: &str, passphrase: &[u8]) -> Result<SecretKey, Error> {
    if pem.len() > FILE_BYTES {
        return Err(Error::TooLarge(pem.len()));
    }
    expect_label(pem)?;
    let (_, document) =
        SecretDocument::from_pem(pem).map_err(|error| Error::NotAKeyFile(error.to_string()))?;
    let file = EncryptedPrivateKeyInfoRef::try_from(document.as_bytes()).map_err(unreadable)?;
    if file.to_der().ok().as_deref() != Some(document.as_bytes()) {
        return Err(Error::NotAKeyFile("its DER is not canonical".to_owned()));
    }
    let pkcs5::EncryptionScheme::Pbes2(parameters) = &file.encryption_algorithm else {
        return Err(Error::Unsupported("PBES1".to_owned()));
    };
    affordable(&parameters.kdf)?;
    let mut buffer = Zeroizing::new(file.encrypted_data.as_bytes().to_vec());
    let plain =
        parameters.decrypt_in_place(passphrase, &mut buffer).map_err(|error| match error {
            SchemeError::UnsupportedAlgorithm { oid } => Error::Unsupported(oid.to_string()),
            SchemeError::AlgorithmParametersInvalid { oid } => {
                Error::Unsupported(format!("the parameters of {oid}"))
            }
            _ => Error::WrongPassphrase,
        })?;
    let key = read_plain(plain)?;
    match named_public_key(pem) {
        Some(named) if named != Hash::from_bytes(*key.public().as_bytes()).to_string() => {
            Err(Error::OtherKey)
        }
        _ => Ok(key),
    }
}

/// Says what a text is that is no encrypted PKCS#8 in PEM.
fn expect_label(pem: &str) -> Result<(), Error> {
    match Kind::of(pem) {
        Kind::Encrypted => Ok(()),
        Kind::Unencrypted => Err(Error::Unencrypted),
        Kind::PublicPem => Err(Error::PublicKey),
        Kind::OldPrivate(kind) => Err(Error::OtherAlgorithm(kind)),
        Kind::OpensshPrivate => {
            Err(Error::NotAKeyFile("OpenSSH's own format, expected encrypted PKCS#8".to_owned()))
        }
        Kind::OtherPem(label) => {
            Err(Error::NotAKeyFile(format!("PEM of `{label}`, expected `{LABEL}`")))
        }
        Kind::Unknown | Kind::Hex(_) => {
            Err(Error::NotAKeyFile(format!("no line says `-----BEGIN {LABEL}-----`")))
        }
        other => Err(Error::NotAKeyFile(format!("it is {other}, expected `{LABEL}` in PEM"))),
    }
}

/// The public key that a file of ours names beside its secret one: what it says, not what is
/// proven, for only the passphrase shows what is inside. `None` for files made by others.
pub fn named_public(pem: &str) -> Option<PublicKey> {
    let named = Hash::from_hex(named_public_key(pem)?)?;
    PublicKey::from_bytes(named.as_bytes()).ok()
}

/// The line before the boundary that names the public key, as it is written.
fn named_public_key(pem: &str) -> Option<&str> {
    let (preamble, _) = pem.split_once("-----BEGIN ")?;
    preamble.lines().find_map(|line| line.strip_prefix(PUBLIC_LINE)).map(str::trim_end)
}

fn unreadable(error: pkcs8::Error) -> Error {
    match error {
        pkcs8::Error::Asn1(inner) => match inner.kind() {
            ErrorKind::OidUnknown { oid } => Error::Unsupported(oid.to_string()),
            // What the decoder says of a scheme older than PBES2, such as PBE-SHA1-3DES.
            ErrorKind::Value { tag: Tag::ObjectIdentifier } => {
                Error::Unsupported("a password scheme older than PBES2".to_owned())
            }
            _ => Error::NotAKeyFile(inner.to_string()),
        },
        other => Error::NotAKeyFile(other.to_string()),
    }
}

/// Whether a file's key derivation stays within the limits above, before any of it is done.
fn affordable(derivation: &Kdf) -> Result<(), Error> {
    match derivation {
        Kdf::Scrypt(scrypt) => {
            let (n, r, p) = (
                scrypt.cost_parameter,
                u64::from(scrypt.block_size),
                u64::from(scrypt.parallelization),
            );
            if !n.is_power_of_two() || n == 1 || r == 0 || p == 0 {
                return Err(Error::Unsupported(format!("scrypt with N={n}, r={r}, p={p}")));
            }
            let memory = n.saturating_mul(r).saturating_mul(128);
            let work = n.saturating_mul(r).saturating_mul(p);
            if memory > MEMORY_BYTES || work > WORK {
                return Err(Error::TooCostly(format!(
                    "scrypt with N={n}, r={r}, p={p} takes {memory} bytes and {work} steps, \
                     expected at most {MEMORY_BYTES} and {WORK}"
                )));
            }
            Ok(())
        }
        Kdf::Pbkdf2(pbkdf2) if pbkdf2.iteration_count == 0 => {
            Err(Error::Unsupported("PBKDF2 without a single round".to_owned()))
        }
        Kdf::Pbkdf2(pbkdf2) if pbkdf2.iteration_count > ROUNDS => Err(Error::TooCostly(format!(
            "{} rounds of PBKDF2, expected at most {ROUNDS}",
            pbkdf2.iteration_count
        ))),
        Kdf::Pbkdf2(_) => Ok(()),
        other => Err(Error::Unsupported(other.oid().to_string())),
    }
}

/// Reads the decrypted `OneAsymmetricKey`. What does not parse is what a wrong passphrase gives
/// whenever its garbage happens to end like padding, once in 256 times.
fn read_plain(plain: &[u8]) -> Result<SecretKey, Error> {
    let info = PrivateKeyInfoRef::try_from(plain).map_err(|_| Error::WrongPassphrase)?;
    if info.algorithm.oid != ED25519 {
        return Err(Error::OtherAlgorithm(algorithm_name(info.algorithm.oid)));
    }
    if info.algorithm.parameters.is_some() {
        return Err(Error::NotAKeyFile("Ed25519 takes no parameters".to_owned()));
    }
    let seed = info.private_key.as_bytes().strip_prefix(&INNER).unwrap_or_default();
    let seed: &[u8; LENGTH] = seed
        .try_into()
        .map_err(|_| Error::NotAKeyFile(format!("an Ed25519 seed has {LENGTH} bytes")))?;
    let key = SecretKey::from_seed(seed);
    match info.public_key {
        Some(public) if public.as_bytes() != Some(key.public().as_bytes().as_slice()) => {
            Err(Error::OtherKey)
        }
        _ => Ok(key),
    }
}

fn algorithm_name(oid: ObjectIdentifier) -> String {
    let oid = oid.to_string();
    let name = match oid.as_str() {
        "1.2.840.113549.1.1.1" => "RSA",
        "1.2.840.113549.1.1.10" => "RSA-PSS",
        "1.2.840.10045.2.1" => "EC",
        "1.2.840.10040.4.1" => "DSA",
        "1.3.101.110" => "X25519",
        "1.3.101.111" => "X448",
        "1.3.101.113" => "Ed448",
        other => other,
    };
    name.to_owned()
}

#[cfg(test)]
mod tests {
    use pkcs8::pkcs5::pbes2::{Kdf, Pbkdf2Params, Salt, ScryptParams};

    use super::{Cost, Error, FILE_BYTES, Fresh, ROUNDS, affordable, open, seal};
    use crate::key::SecretKey;

    const CHEAP: Cost = Cost { log_n: 1, r: 1, p: 1 };
    const FRESH: Fresh = Fresh { salt: [7; 16], iv: [9; 16] };

    fn refusal(text: &str) -> Error {
        open(text, b"secret").expect_err("it is refused")
    }

    #[test]
    fn what_is_sealed_opens_with_its_passphrase_only() {
        let key = SecretKey::from_seed(&[1; 32]);
        let file = seal(&key, b"secret", &FRESH, CHEAP);
        assert_eq!(open(&file, b"secret").expect("it opens").public(), key.public());
        // Enough wrong guesses that some of them end like padding.
        for guess in 0..2000_u32 {
            assert_eq!(open(&file, &guess.to_be_bytes()).err(), Some(Error::WrongPassphrase));
        }
        assert!(!file.contains("BEGIN PRIVATE"));
    }

    #[test]
    fn every_other_file_is_called_by_its_name() {
        let pem = |label: &str| format!("-----BEGIN {label}-----\nAAAA\n-----END {label}-----\n");
        assert_eq!(refusal(&pem("PRIVATE KEY")), Error::Unencrypted);
        assert!(refusal(&pem("PRIVATE KEY")).hint().is_some());
        assert_eq!(refusal(&pem("PUBLIC KEY")), Error::PublicKey);
        assert_eq!(refusal(&pem("RSA PRIVATE KEY")), Error::OtherAlgorithm("RSA".to_owned()));
        assert_eq!(refusal(&pem("EC PRIVATE KEY")), Error::OtherAlgorithm("EC".to_owned()));
        for other in ["", "hello", &pem("CERTIFICATE"), &pem("OPENSSH PRIVATE KEY")] {
            assert!(matches!(refusal(other), Error::NotAKeyFile(_)), "{other}");
        }
        let long = " ".repeat(FILE_BYTES + 1);
        assert_eq!(refusal(&long), Error::TooLarge(FILE_BYTES + 1));
    }

    #[test]
    fn a_costly_file_is_refused_before_any_of_the_work() {
        let scrypt = |n, r, p| {
            let salt = Salt::new([1; 16]).expect("16 bytes fit");
            affordable(&Kdf::Scrypt(ScryptParams {
                salt,
                cost_parameter: n,
                block_size: r,
                parallelization: p,
                key_length: None,
            }))
        };
        assert_eq!(scrypt(1 << 17, 8, 1), Ok(()));
        assert_eq!(scrypt(1 << 18, 8, 1), Ok(()));
        for (n, r, p) in [(1 << 19, 8, 1), (1 << 63, 65535, 65535), (1 << 14, 8, 81)] {
            assert!(matches!(scrypt(n, r, p), Err(Error::TooCostly(_))), "{n} {r} {p}");
        }
        for (n, r, p) in [(0, 8, 1), (1, 8, 1), (3, 8, 1), (2, 0, 1), (2, 1, 0), (u64::MAX, 1, 1)] {
            assert!(matches!(scrypt(n, r, p), Err(Error::Unsupported(_))), "{n} {r} {p}");
        }
        let pbkdf2 = |rounds| {
            let parameters = Pbkdf2Params::hmac_sha256(rounds, &[1; 16]).expect("in its range");
            affordable(&Kdf::Pbkdf2(parameters))
        };
        assert_eq!(pbkdf2(ROUNDS), Ok(()));
        assert!(matches!(pbkdf2(ROUNDS + 1), Err(Error::TooCostly(_))));
        assert!(matches!(pbkdf2(0), Err(Error::Unsupported(_))));
    }

    #[test]
    fn a_file_with_one_damaged_byte_never_opens_to_another_key() {
        let key = SecretKey::from_seed(&[2; 32]);
        let file = seal(&key, b"secret", &FRESH, CHEAP);
        for place in 0..file.len() {
            for change in [1, 2, 4, 8, 16, 32, 64] {
                let mut bytes = file.as_bytes().to_vec();
                bytes[place] ^= change;
                let Ok(text) = String::from_utf8(bytes) else { continue };
                if let Ok(opened) = open(&text, b"secret") {
                    assert_eq!(opened.public(), key.public(), "byte {place} ^ {change}");
                }
            }
            let cut = &file[..place];
            assert!(open(cut, b"secret").is_err() || place + 1 == file.len(), "cut at {place}");
        }
    }
}
