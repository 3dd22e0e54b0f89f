//! The keys of the AT Protocol: points on P-256 or K-256, and signatures in their one form
//! (atproto.com/specs/cryptography).

use ipld_core::cid::multibase::{self, Base};

/// The first bytes of a multikey: the varint of `p256-pub` and `secp256k1-pub` (multicodec table).
const P256_PREFIX: [u8; 2] = [0x80, 0x24];
const K256_PREFIX: [u8; 2] = [0xe7, 0x01];

/// The longest multikey, in letters; one is 48 or 49, an old key without prefix up to 90.
const LETTERS: usize = 100;

/// The length of a signature: r and s, 32 bytes each, never DER.
pub const SIGNATURE_BYTES: usize = 64;

/// A public key.
#[derive(Debug, Clone, PartialEq)]
pub enum Key {
    /// On P-256, also called secp256r1.
    P256(p256::ecdsa::VerifyingKey),
    /// On K-256, also called secp256k1.
    K256(k256::ecdsa::VerifyingKey),
}

/// How a signature stands to a key and a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fit {
    /// The key signed the message.
    Fits,
    /// It did not.
    Differs,
    /// The signature is not in the one form that the protocol allows: 64 bytes with a low `s`.
    NotCanonical,
}

impl Key {
    /// Reads a multikey, such as `zQ3sh…` or `zDnae…`: base 58, a prefix, a compressed point.
    pub fn from_multikey(text: &str) -> Option<Self> {
        let bytes = base58(text)?;
        let (prefix, point) = bytes.split_at_checked(2).filter(|(_, point)| point.len() == 33)?;
        if prefix == P256_PREFIX {
            return p256::ecdsa::VerifyingKey::from_sec1_bytes(point).ok().map(Self::P256);
        }
        if prefix == K256_PREFIX {
            return k256::ecdsa::VerifyingKey::from_sec1_bytes(point).ok().map(Self::K256);
        }
        None
    }

    /// Reads `did:key:` and a multikey.
    pub fn from_did(text: &str) -> Option<Self> {
        Self::from_multikey(text.strip_prefix("did:key:")?)
    }

    /// Reads the key of a verification method by its type. Documents of before 2023 have types of
    /// their own and a point without a prefix.
    pub fn from_method(kind: &str, text: &str) -> Option<Self> {
        match kind {
            "Multikey" => Self::from_multikey(text),
            "EcdsaSecp256r1VerificationKey2019" => {
                p256::ecdsa::VerifyingKey::from_sec1_bytes(&base58(text)?).ok().map(Self::P256)
            }
            "EcdsaSecp256k1VerificationKey2019" => {
                k256::ecdsa::VerifyingKey::from_sec1_bytes(&base58(text)?).ok().map(Self::K256)
            }
            _ => None,
        }
    }

    /// Holds a signature against the SHA-256 of a message.
    pub fn check(&self, message: &[u8], signature: &[u8]) -> Fit {
        if signature.len() != SIGNATURE_BYTES {
            return Fit::NotCanonical;
        }
        match self {
            Self::P256(key) => {
                use p256::ecdsa::signature::Verifier as _;
                match p256::ecdsa::Signature::from_slice(signature) {
                    Ok(read) if read.normalize_s().to_bytes() != read.to_bytes() => {
                        Fit::NotCanonical
                    }
                    Ok(read) if key.verify(message, &read).is_ok() => Fit::Fits,
                    _ => Fit::Differs,
                }
            }
            Self::K256(key) => {
                use k256::ecdsa::signature::Verifier as _;
                match k256::ecdsa::Signature::from_slice(signature) {
                    Ok(read) if read.normalize_s().to_bytes() != read.to_bytes() => {
                        Fit::NotCanonical
                    }
                    Ok(read) if key.verify(message, &read).is_ok() => Fit::Fits,
                    _ => Fit::Differs,
                }
            }
        }
    }
}

/// Reads base 58 behind its mark `z`, in its one spelling.
fn base58(text: &str) -> Option<Vec<u8>> {
    if text.len() > LETTERS || !text.starts_with('z') {
        return None;
    }
    let (_, bytes) = multibase::decode(text).ok()?;
    (multibase::encode(Base::Base58Btc, &bytes) == text).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::{Fit, Key};
    use crate::evidence::signature::atproto::data::json;
    use base64ct::{Base64Unpadded, Encoding};
    use ipld_core::cid::multibase;
    use serde_json::Value;

    fn fixtures(name: &str) -> Vec<Value> {
        let path = format!("tests/cases/atproto/{name}");
        match json(std::fs::read_to_string(path).unwrap().as_bytes()).unwrap() {
            Value::Array(list) => list,
            other => panic!("{other}"),
        }
    }

    #[test]
    fn the_protocol_s_own_signatures_are_judged_as_it_says() {
        let (mut valid, mut invalid) = (0, 0);
        for fixture in fixtures("signature-fixtures.json") {
            let word = |name: &str| fixture[name].as_str().unwrap();
            let bytes = |name| Base64Unpadded::decode_vec(word(name)).unwrap();
            let key = Key::from_did(word("publicKeyDid")).unwrap();
            let same = Key::from_method(word("didDocSuite"), word("publicKeyMultibase"));
            assert_eq!(same, Some(key.clone()));
            let fit = key.check(&bytes("messageBase64"), &bytes("signatureBase64"));
            let expected = fixture["validSignature"].as_bool().unwrap();
            assert_eq!(fit == Fit::Fits, expected, "{}: {fit:?}", word("comment"));
            // What is refused there is refused for its form.
            assert_eq!(fit == Fit::NotCanonical, !expected, "{}: {fit:?}", word("comment"));
            *(if expected { &mut valid } else { &mut invalid }) += 1;
        }
        assert_eq!((valid, invalid), (2, 4));
    }

    #[test]
    fn did_keys_of_the_w3c_name_the_public_keys_of_their_secrets() {
        for fixture in fixtures("w3c_didkey_K256.json") {
            let digits = fixture["privateKeyBytesHex"].as_str().unwrap();
            let (_, secret) = multibase::decode(format!("f{digits}")).unwrap();
            let public = *k256::ecdsa::SigningKey::from_slice(&secret).unwrap().verifying_key();
            let named = Key::from_did(fixture["publicDidKey"].as_str().unwrap());
            assert_eq!(named, Some(Key::K256(public)));
        }
        for fixture in fixtures("w3c_didkey_P256.json") {
            let letters = fixture["privateKeyBytesBase58"].as_str().unwrap();
            let (_, secret) = multibase::decode(format!("z{letters}")).unwrap();
            let public = *p256::ecdsa::SigningKey::from_slice(&secret).unwrap().verifying_key();
            let named = Key::from_did(fixture["publicDidKey"].as_str().unwrap());
            assert_eq!(named, Some(Key::P256(public)));
        }
    }

    #[test]
    fn what_is_no_key_is_none() {
        for text in [
            "",
            "did:key:",
            "did:key:z",
            "did:key:zQ3shokFTS3brHcDQrn82RUDfCZESWL1ZdCEJwekUDPQiYBm",
            "did:key:zQ3shokFTS3brHcDQrn82RUDfCZESWL1ZdCEJwekUDPQiYBme1",
            "did:key:uQ3shokFTS3brHcDQrn82RUDfCZESWL1ZdCEJwekUDPQiYBme",
            "did:key:z6MkpTHR8VNsBxYAAWHut2Geadd9jSwuBV8xRoAnwWsdvktH",
            "zQ3shokFTS3brHcDQrn82RUDfCZESWL1ZdCEJwekUDPQiYBme",
        ] {
            assert_eq!(Key::from_did(text), None, "{text}");
        }
        assert_eq!(Key::from_did(&format!("did:key:z{}", "1".repeat(10_000))), None);
    }
}
