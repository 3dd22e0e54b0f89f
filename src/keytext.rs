//! What a text that was given for a key really is, told by its beginning, so that a mistake can be
//! called by its name. Nothing is decoded here, and nothing accepted.

use std::fmt;

/// What a text looks like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// PEM of an encrypted PKCS#8 private key (RFC 7468 section 11).
    Encrypted,
    /// PEM of a PKCS#8 private key that anybody can use (RFC 7468 section 10).
    Unencrypted,
    /// PEM of a private key in an older form of its own: RSA, EC, DSA.
    OldPrivate(String),
    /// OpenSSH's own form of a private key.
    OpensshPrivate,
    /// PEM of a public key (RFC 7468 section 13).
    PublicPem,
    /// PEM of a certificate.
    Certificate,
    /// Any other PEM, with its label.
    OtherPem(String),
    /// A line of OpenSSH's `authorized_keys`, with its algorithm.
    SshPublic(String),
    /// A recipient of age.
    AgePublic,
    /// An identity of age.
    AgeSecret,
    /// A signer's key of Go's sumdb notes.
    NoteSecret,
    /// Shaped like a C2SP verifier key: name, eight hex digits, key.
    VerifierKey,
    /// Hex digits, with their number.
    Hex(usize),
    /// A key of minisign or signify.
    Minisign,
    /// A JSON Web Key; whether it has a private part.
    Jwk(bool),
    /// A `did:key`.
    Did,
    /// Nothing that is known here.
    Unknown,
}

impl Kind {
    /// What a text looks like.
    pub fn of(text: &str) -> Self {
        let text = text.trim();
        if let Some(label) = pem_label(text) {
            return Self::of_pem(label);
        }
        let first = text.split_ascii_whitespace().next().unwrap_or_default();
        let is_hex = !text.is_empty() && text.bytes().all(|b| b.is_ascii_hexdigit());
        match first {
            _ if first.starts_with("PRIVATE+KEY+") => Self::NoteSecret,
            _ if ["ssh-", "ecdsa-sha2-", "sk-ssh-", "sk-ecdsa-"]
                .iter()
                .any(|start| first.starts_with(start)) =>
            {
                Self::SshPublic(first.to_owned())
            }
            _ if first.to_ascii_uppercase().starts_with("AGE-SECRET-KEY-") => Self::AgeSecret,
            _ if text.contains("AGE-SECRET-KEY-") => Self::AgeSecret,
            _ if first.starts_with("age1") => Self::AgePublic,
            _ if first.starts_with("did:") => Self::Did,
            "untrusted" => Self::Minisign,
            _ if text.starts_with('{') && text.contains("\"kty\"") => {
                Self::Jwk(text.contains("\"d\""))
            }
            _ if is_hex => Self::Hex(text.len()),
            _ if is_shaped_like_a_verifier_key(text) => Self::VerifierKey,
            _ if first.len() == 56 && first.starts_with("RW") => Self::Minisign,
            _ => Self::Unknown,
        }
    }

    fn of_pem(label: &str) -> Self {
        match label {
            "ENCRYPTED PRIVATE KEY" => Self::Encrypted,
            "PRIVATE KEY" => Self::Unencrypted,
            "PUBLIC KEY" => Self::PublicPem,
            "CERTIFICATE" | "X509 CERTIFICATE" | "TRUSTED CERTIFICATE" => Self::Certificate,
            "OPENSSH PRIVATE KEY" => Self::OpensshPrivate,
            _ => match label.strip_suffix(" PRIVATE KEY") {
                Some(kind) => Self::OldPrivate(kind.to_owned()),
                None => Self::OtherPem(label.to_owned()),
            },
        }
    }

    /// Whether whoever reads the text can sign with it. An encrypted key counts: the rest is
    /// guessing.
    pub fn is_secret(&self) -> bool {
        match self {
            Self::Encrypted
            | Self::Unencrypted
            | Self::OldPrivate(_)
            | Self::OpensshPrivate
            | Self::AgeSecret
            | Self::NoteSecret
            | Self::Jwk(true) => true,
            Self::OtherPem(label) => label.contains("PRIVATE"),
            _ => false,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = match self {
            Self::Encrypted => "an encrypted private key in PEM",
            Self::Unencrypted => "an unencrypted private key in PEM",
            Self::OldPrivate(kind) => return write!(formatter, "a private key for {kind} in PEM"),
            Self::OpensshPrivate => "a private key in OpenSSH's own format",
            Self::PublicPem => "a public key in PEM",
            Self::Certificate => "a certificate",
            Self::OtherPem(label) => return write!(formatter, "PEM of `{label}`"),
            Self::SshPublic(kind) => return write!(formatter, "an SSH public key ({kind})"),
            Self::AgePublic => "a recipient of age, which encrypts and does not sign",
            Self::AgeSecret => "a secret identity of age, which decrypts and does not sign",
            Self::NoteSecret => "a signer's secret key",
            Self::VerifierKey => "a verifier key, which is public",
            Self::Hex(digits) => return write!(formatter, "{digits} bare hex digits"),
            Self::Minisign => "a key of minisign or signify",
            Self::Jwk(_) => "a JSON Web Key",
            Self::Did => "a decentralised identifier",
            Self::Unknown => "no key",
        };
        formatter.write_str(words)
    }
}

/// The label of the first boundary (RFC 7468 section 3).
fn pem_label(text: &str) -> Option<&str> {
    text.lines().find_map(|line| line.strip_prefix("-----BEGIN ")?.trim_end().strip_suffix("-----"))
}

fn is_shaped_like_a_verifier_key(text: &str) -> bool {
    let mut parts = text.splitn(3, '+');
    let _name = parts.next();
    let is_id = |id: &str| id.len() == 8 && id.bytes().all(|b| b.is_ascii_hexdigit());
    parts.next().is_some_and(is_id) && parts.next().is_some_and(|key| !key.is_empty())
}

#[cfg(test)]
mod tests {
    use super::Kind;

    fn check(text: &str, expected: &Kind, is_secret: bool) {
        let found = Kind::of(text);
        assert_eq!(found, *expected, "{text}");
        assert_eq!(found.is_secret(), is_secret, "{text}");
    }

    #[test]
    fn each_text_is_called_by_its_name() {
        let pem = |label: &str| format!("-----BEGIN {label}-----\nAAAA\n-----END {label}-----\n");
        check(&pem("ENCRYPTED PRIVATE KEY"), &Kind::Encrypted, true);
        check(&format!("Public key: 00\n{}", pem("PRIVATE KEY")), &Kind::Unencrypted, true);
        check(&pem("RSA PRIVATE KEY"), &Kind::OldPrivate("RSA".to_owned()), true);
        check(&pem("OPENSSH PRIVATE KEY"), &Kind::OpensshPrivate, true);
        check(&pem("PUBLIC KEY"), &Kind::PublicPem, false);
        check(&pem("CERTIFICATE"), &Kind::Certificate, false);
        check(
            &pem("PGP PRIVATE KEY BLOCK"),
            &Kind::OtherPem("PGP PRIVATE KEY BLOCK".to_owned()),
            true,
        );
        let ssh = Kind::SshPublic("ssh-ed25519".to_owned());
        check("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBwW omar@desk", &ssh, false);
        check(
            "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p",
            &Kind::AgePublic,
            false,
        );
        check("# created: 2024\nAGE-SECRET-KEY-1QQPZRY9", &Kind::AgeSecret, true);
        check("PRIVATE+KEY+omar+00000000+AAAA", &Kind::NoteSecret, true);
        check("omar+0123abcd+AYqI4910CfGV", &Kind::VerifierKey, false);
        check(&"ab".repeat(32), &Kind::Hex(64), false);
        check("RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3", &Kind::Minisign, false);
        check("{\"kty\":\"OKP\",\"x\":\"a\"}", &Kind::Jwk(false), false);
        check("{\"kty\":\"OKP\",\"x\":\"a\",\"d\":\"b\"}", &Kind::Jwk(true), true);
        check("did:key:z6MkhaXg", &Kind::Did, false);
        for text in ["", "  ", "omar", "omar+xyz+AAAA", "omar+0123abcd+", "é"] {
            check(text, &Kind::Unknown, false);
        }
    }
}
