//! Signature algorithms of certificates and CMS: did this key sign this message?
//!
//! RSA (PKCS #1 v1.5 and PSS, 2,048 bits or more), ECDSA on P-256 and P-384, each with SHA-256,
//! SHA-384 or SHA-512, and Ed25519. All else is refused by its name. Whose key it is, and what it
//! may sign, is left to `x509` and its callers.

use der::Decode;
use der::Encode;
use der::asn1::ObjectIdentifier;
use ed25519_dalek::{Verifier, VerifyingKey as Ed25519Key};
use rsa::pkcs1::DecodeRsaPublicKey;
use rsa::traits::PublicKeyParts;
use rsa::{PublicKey as RsaKey, pss};
use sha2::{Digest, Sha256, Sha384, Sha512};
use x509_cert::spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};

use crate::evidence::authority::tlv;

/// The shortest RSA key that is believed, in bits (NIST SP 800-131A revision 2).
const RSA_BITS: u32 = 2_048;

const SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");
const SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.2");
const SHA512: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.3");
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const RSA_MGF1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.8");
const RSA_PSS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.10");
const RSA_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.11");
const RSA_SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.12");
const RSA_SHA512: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.13");
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const ECDSA_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");
const ECDSA_SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.3");
const ECDSA_SHA512: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.4");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");

/// Why a signature is not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The key is none of the named sort.
    #[error("{0}")]
    Malformed(String),
    /// This version does not check it, so it cannot be told.
    #[error("{0} is not supported")]
    Unsupported(String),
    /// The key did not make this signature.
    #[error("the signature does not match the key")]
    BadSignature,
}

/// A hash function that signatures use here. SHA-1 and MD5 are not among them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Function {
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

impl Function {
    /// The function that an object identifier names.
    pub fn named(oid: ObjectIdentifier) -> Result<Self, Error> {
        match oid {
            SHA256 => Ok(Self::Sha256),
            SHA384 => Ok(Self::Sha384),
            SHA512 => Ok(Self::Sha512),
            _ => Err(Error::Unsupported(format!("the hash function {oid}"))),
        }
    }

    /// The hash of a message.
    pub fn of(self, message: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha256 => Sha256::digest(message).to_vec(),
            Self::Sha384 => Sha384::digest(message).to_vec(),
            Self::Sha512 => Sha512::digest(message).to_vec(),
        }
    }
}

/// Whether the key signed the message with the algorithm that is named: RSA (PKCS #1 v1.5 and
/// PSS, 2,048 bits or more), ECDSA on P-256 or P-384, each with SHA-256, SHA-384 or SHA-512, or
/// Ed25519.
pub fn verify_with(
    key: &SubjectPublicKeyInfoOwned,
    algorithm: &AlgorithmIdentifierOwned,
    message: &[u8],
    signature: &[u8],
) -> Result<(), Error> {
    let function = match algorithm.oid {
        RSA_SHA256 | ECDSA_SHA256 => Function::Sha256,
        RSA_SHA384 | ECDSA_SHA384 => Function::Sha384,
        RSA_SHA512 | ECDSA_SHA512 => Function::Sha512,
        RSA_PSS => return verify_pss(key, algorithm, message, signature),
        ED25519 => return verify_ed25519(key, message, signature),
        other => return Err(Error::Unsupported(format!("the signature algorithm {other}"))),
    };
    match algorithm.oid {
        RSA_SHA256 | RSA_SHA384 | RSA_SHA512 => verify_rsa(key, function, message, signature),
        _ => verify_ecdsa(key, function, message, signature),
    }
}

/// The same in the words of a CMS signer (RFC 5652 section 5.3), who may name "RSA" alone and the
/// hash function beside it.
pub(crate) fn verify_signer(
    key: &SubjectPublicKeyInfoOwned,
    algorithm: &AlgorithmIdentifierOwned,
    function: Function,
    message: &[u8],
    signature: &[u8],
) -> Result<(), Error> {
    if algorithm.oid == RSA {
        return verify_rsa(key, function, message, signature);
    }
    verify_with(key, algorithm, message, signature)
}

fn key_of_sort<'a>(
    key: &'a SubjectPublicKeyInfoOwned,
    sorts: &[ObjectIdentifier],
) -> Result<&'a [u8], Error> {
    if !sorts.contains(&key.algorithm.oid) {
        return Err(Error::BadSignature);
    }
    let bytes = key.subject_public_key.as_bytes();
    bytes.ok_or_else(|| Error::Malformed("a public key is not of whole bytes".to_owned()))
}

fn rsa_key(key: &SubjectPublicKeyInfoOwned, sorts: &[ObjectIdentifier]) -> Result<RsaKey, Error> {
    let key = RsaKey::from_pkcs1_der(key_of_sort(key, sorts)?)
        .map_err(|why| Error::Malformed(format!("not an RSA key: {why}")))?;
    let bits = key.n().bit_width();
    if bits < RSA_BITS {
        return Err(Error::Unsupported(format!("an RSA key of {bits} bits")));
    }
    Ok(key)
}

fn verify_rsa(
    key: &SubjectPublicKeyInfoOwned,
    function: Function,
    message: &[u8],
    signature: &[u8],
) -> Result<(), Error> {
    let key = rsa_key(key, &[RSA])?;
    let result = match function {
        Function::Sha256 => key.pkcs1v15_verify::<Sha256>(message, signature),
        Function::Sha384 => key.pkcs1v15_verify::<Sha384>(message, signature),
        Function::Sha512 => key.pkcs1v15_verify::<Sha512>(message, signature),
    };
    result.map_err(|_| Error::BadSignature)
}

/// RFC 4055 section 3.1: the hash function and the length of the salt stand in the parameters.
fn verify_pss(
    key: &SubjectPublicKeyInfoOwned,
    algorithm: &AlgorithmIdentifierOwned,
    message: &[u8],
    signature: &[u8],
) -> Result<(), Error> {
    let Some((function, salt)) = algorithm.parameters.as_ref().and_then(|parameters| {
        let parts = tlv::items(parameters.value())?;
        // The defaults of the other forms are SHA-1's.
        let [hash, mask, salt] = parts.as_slice() else { return None };
        let numbered = [hash, mask, salt].into_iter().zip(0..);
        if !numbered.into_iter().all(|(item, number)| tlv::is_numbered(*item, number)) {
            return None;
        }
        let hash = AlgorithmIdentifierOwned::from_der(hash.value).ok()?;
        let mask = AlgorithmIdentifierOwned::from_der(mask.value).ok()?;
        let masked = AlgorithmIdentifierOwned::from_der(&mask.parameters?.to_der().ok()?).ok()?;
        let salt = u8::from_der(salt.value).ok()?;
        let function = Function::named(hash.oid).ok()?;
        (mask.oid == RSA_MGF1 && masked.oid == hash.oid).then_some((function, salt))
    }) else {
        return Err(Error::Unsupported("RSA-PSS with such parameters".to_owned()));
    };
    let key = rsa_key(key, &[RSA, RSA_PSS])?;
    let salt = usize::from(salt);
    let Ok(signature) = pss::Signature::try_from(signature) else {
        return Err(Error::BadSignature);
    };
    let result =
        match function {
            Function::Sha256 => pss::VerifyingKey::<Sha256>::new_with_salt_len(key, salt)
                .verify(message, &signature),
            Function::Sha384 => pss::VerifyingKey::<Sha384>::new_with_salt_len(key, salt)
                .verify(message, &signature),
            Function::Sha512 => pss::VerifyingKey::<Sha512>::new_with_salt_len(key, salt)
                .verify(message, &signature),
        };
    result.map_err(|_| Error::BadSignature)
}

fn verify_ecdsa(
    key: &SubjectPublicKeyInfoOwned,
    function: Function,
    message: &[u8],
    signature: &[u8],
) -> Result<(), Error> {
    use p256::ecdsa::signature::hazmat::PrehashVerifier;
    let bytes = key_of_sort(key, &[EC])?;
    let curve: Option<ObjectIdentifier> =
        key.algorithm.parameters.as_ref().and_then(|curve| curve.decode_as().ok());
    let hashed = function.of(message);
    let no_key = |_| Error::Malformed("a public key is no point of its curve".to_owned());
    match curve {
        Some(P256) => {
            let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(bytes).map_err(no_key)?;
            let signature = p256::ecdsa::Signature::from_der(signature);
            let signature = signature.map_err(|_| Error::BadSignature)?;
            key.verify_prehash(&hashed, &signature).map_err(|_| Error::BadSignature)
        }
        Some(P384) => {
            let key = p384::ecdsa::VerifyingKey::from_sec1_bytes(bytes).map_err(no_key)?;
            let signature = p384::ecdsa::Signature::from_der(signature);
            let signature = signature.map_err(|_| Error::BadSignature)?;
            key.verify_prehash(&hashed, &signature).map_err(|_| Error::BadSignature)
        }
        Some(other) => Err(Error::Unsupported(format!("the curve {other}"))),
        None => Err(Error::Unsupported("a key without a named curve".to_owned())),
    }
}

fn verify_ed25519(
    key: &SubjectPublicKeyInfoOwned,
    message: &[u8],
    signature: &[u8],
) -> Result<(), Error> {
    let bytes = key_of_sort(key, &[ED25519])?;
    let no_key = || Error::Malformed("not an Ed25519 key".to_owned());
    let bytes = bytes.try_into().map_err(|_| no_key())?;
    let key = Ed25519Key::from_bytes(bytes).map_err(|_| no_key())?;
    let signature = ed25519_dalek::Signature::from_slice(signature);
    let signature = signature.map_err(|_| Error::BadSignature)?;
    key.verify_strict(message, &signature).map_err(|_| Error::BadSignature)
}
