//! Signatures for tests: what `ssh-keygen -Y sign -n file` writes for a key made from a seed, and
//! the records that bind such a key to a party.

use base64ct::{Base64, Base64Unpadded, Encoding};
use ed25519_dalek::{Signer, SigningKey};
use sha2::{Digest, Sha256, Sha512};

use crate::attribution::id::Id;
use crate::attribution::record::Record;
use crate::attribution::record::attestation::{Attestation, Part, PartRole, Scheme};
use crate::attribution::record::channel::{ChannelKind, Control, ControlBasis};
use crate::attribution::record::document::Capture;
use crate::audit::captures::Held;
use crate::audit::notebook::{Notebook, channel, control};
use crate::hash::Hash;

/// The key's fingerprint, by which a channel names it.
pub(crate) fn fingerprint(seed: u8) -> String {
    format!("SHA256:{}", Base64Unpadded::encode_string(&Sha256::digest(public(seed))))
}

/// An armoured signature over a text.
pub(crate) fn sshsig(seed: u8, text: &str) -> String {
    let (namespace, hash) = (string(b"file"), string(b"sha512"));
    let digest = string(&Sha512::digest(text.as_bytes()));
    let signed = [b"SSHSIG", &namespace[..], &string(b""), &hash, &digest].concat();
    let signature = SigningKey::from_bytes(&[seed; 32]).sign(&signed).to_bytes();
    let signature = string(&[string(b"ssh-ed25519"), string(&signature)].concat());
    let key = string(&public(seed));
    let version = 1_u32.to_be_bytes();
    let blob =
        [b"SSHSIG", &version[..], &key, &namespace, &string(b""), &hash, &signature].concat();
    let base64 = Base64::encode_string(&blob);
    let lines: Vec<&str> =
        base64.as_bytes().chunks(70).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN SSH SIGNATURE-----\n{}\n-----END SSH SIGNATURE-----\n", lines.join("\n"))
}

fn public(seed: u8) -> Vec<u8> {
    let key = SigningKey::from_bytes(&[seed; 32]).verifying_key().to_bytes();
    [string(b"ssh-ed25519"), string(&key)].concat()
}

fn string(bytes: &[u8]) -> Vec<u8> {
    [&u32::try_from(bytes.len()).unwrap().to_be_bytes()[..], bytes].concat()
}

impl Notebook {
    /// Vouches for the captured text of a document with a signature file.
    pub(crate) fn attest(&mut self, document: Id, text: &str, signature: &str) -> Id {
        let digest = Hash::of(signature.as_bytes());
        self.bytes.insert(digest, Held::Bytes(signature.as_bytes().to_vec()));
        let capture = Capture::of(digest, signature.len() as u64, "text/plain");
        let parts = vec![Part { role: PartRole::Signature, capture, height: None }];
        let (document, capture) = (Some(document), Some(Hash::of(text.as_bytes())));
        let scheme = Scheme::Sshsig;
        self.append(Record::Attestation(Attestation {
            scheme,
            document,
            capture,
            statement: None,
            parts,
        }))
    }

    /// Records that a party controls the key of a seed, shown by a page that names the key.
    pub(crate) fn bind(&mut self, seed: u8, party: Id, change: impl FnOnce(&mut Control)) -> Id {
        let mut key = channel(&format!("key-{seed}"));
        (key.kind, key.platform) = (ChannelKind::Key, Some("ssh".to_owned()));
        key.platform_id = Some(fingerprint(seed));
        let key = self.append(Record::Channel(key));
        let page = format!("Our press office signs with the key {}.", fingerprint(seed));
        let page = self.document(&page, |_| {});
        let mut control = control(key, party, ControlBasis::SiteLinksToAccount);
        control.evidence = Some(page);
        change(&mut control);
        self.append(Record::Control(control))
    }
}
