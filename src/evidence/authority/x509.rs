//! X.509 certificates: from one certificate up to a root that is pinned, at a stated time.
//!
//! The rules are those of RFC 5280 section 6 without policies and name constraints: what this
//! version does not process is refused by its name, never skipped. Roots are arguments; no list
//! of roots is built in. Whether a certificate was revoked is asked nobody, and whose name may
//! speak for whom is left to the caller.

use der::asn1::ObjectIdentifier;
use der::oid::AssociatedOid;
use der::{Decode, Encode, Tag};
use x509_cert::attr::AttributeTypeAndValue;
use x509_cert::certificate::Version;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{BasicConstraints, ExtendedKeyUsage, KeyUsage, SubjectAltName};
use x509_cert::spki::SubjectPublicKeyInfoOwned;

use crate::evidence::authority::algorithm::{self, verify_with};
use crate::evidence::authority::tlv;
use crate::hash::Hash;

/// The longest certificate, in bytes of DER: those of the public web have about 2,000.
pub const CERTIFICATE_BYTES: usize = 64 * 1024;

/// The longest chain, with the certificate and the root: public ones have three or four.
pub const CHAIN_LENGTH: usize = 8;

/// How many signatures are checked while a chain is looked for: certificates that all bear one
/// name could otherwise be tried in every order.
const SIGNATURES_CHECKED: usize = 64;

/// How many certificates one PEM file may hold: Debian's file of all public roots has 150.
const PEM_CERTIFICATES: usize = 1_000;

/// The longest name that is printed, in characters.
const NAME_SHOWN: usize = 200;

const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");
const ORGANISATION: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.10");

const KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.15");
const ALTERNATIVE_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.17");
const BASIC_CONSTRAINTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.19");
const NAME_CONSTRAINTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.30");
const POLICIES: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.32");
const EXTENDED_KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37");
const KEY_IDENTIFIER: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.14");

const ANY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37.0");
const SERVER: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.1");
const TIME_STAMPING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.8");

/// The critical extensions that are processed. Certificate policies are among them as every
/// policy is accepted (RFC 5280 section 6.1.1 (c)).
const PROCESSED: [ObjectIdentifier; 5] =
    [KEY_USAGE, ALTERNATIVE_NAME, BASIC_CONSTRAINTS, POLICIES, EXTENDED_KEY_USAGE];

/// Why a certificate, a signature or a chain is not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The bytes are no certificate, or hold no key of the named sort.
    #[error("{0}")]
    Malformed(String),
    /// This version does not process it, so it cannot be told.
    #[error("{0} is not supported")]
    Unsupported(String),
    /// The key did not make this signature.
    #[error("the signature does not match the key")]
    BadSignature,
    /// No chain leads to a pinned root.
    #[error("no chain leads to a root that is pinned here")]
    NoRoot,
    /// A certificate of the chain was not valid at that time.
    #[error("the certificate of `{name}` was valid from {from} to {to} (seconds since 1970) only")]
    OutOfDate {
        /// Whose certificate.
        name: String,
        /// From when, in seconds since 1970.
        from: i64,
        /// To when, in seconds since 1970.
        to: i64,
    },
    /// A certificate of the chain may not do what it does there.
    #[error("{0}")]
    NotAllowed(String),
}

impl From<algorithm::Error> for Error {
    fn from(error: algorithm::Error) -> Self {
        match error {
            algorithm::Error::Malformed(why) => Self::Malformed(why),
            algorithm::Error::Unsupported(what) => Self::Unsupported(what),
            algorithm::Error::BadSignature => Self::BadSignature,
        }
    }
}

/// What the first certificate of a chain must be for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Stamping times, and nothing else (RFC 3161 section 2.3).
    TimeStamping,
    /// Serving a domain (RFC 5280 section 4.2.1.12).
    Server,
}

impl Purpose {
    const fn usage(self) -> ObjectIdentifier {
        match self {
            Self::TimeStamping => TIME_STAMPING,
            Self::Server => SERVER,
        }
    }
}

/// A certificate, read and not yet believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    der: Vec<u8>,
    /// The exact bytes that its issuer signed.
    signed: Vec<u8>,
    read: x509_cert::Certificate,
    subject: Vec<u8>,
    issuer: Vec<u8>,
}

impl Certificate {
    /// Reads one certificate in DER; bytes left over are refused.
    pub fn from_der(bytes: &[u8]) -> Result<Self, Error> {
        let malformed = |why: String| Error::Malformed(format!("not a certificate: {why}"));
        if bytes.len() > CERTIFICATE_BYTES {
            let why = format!("{} bytes are more than {CERTIFICATE_BYTES}", bytes.len());
            return Err(malformed(why));
        }
        let read = x509_cert::Certificate::from_der(bytes);
        let read = read.map_err(|why| malformed(why.to_string()))?;
        let parts = tlv::one(bytes).and_then(tlv::sequence).unwrap_or_default();
        let [signed, _, _] = parts.as_slice() else {
            return Err(malformed("it has not three parts".to_owned()));
        };
        let body = read.tbs_certificate();
        let encoded =
            |name: &x509_cert::name::Name| name.to_der().map_err(|why| malformed(why.to_string()));
        let (subject, issuer) = (encoded(body.subject())?, encoded(body.issuer())?);
        if body.signature() != read.signature_algorithm() {
            return Err(malformed("it names two signature algorithms".to_owned()));
        }
        let mut extensions: Vec<_> =
            body.extensions().into_iter().flatten().map(|extension| extension.extn_id).collect();
        let count = extensions.len();
        extensions.sort_unstable();
        extensions.dedup();
        if extensions.len() != count {
            return Err(malformed("an extension stands twice".to_owned()));
        }
        Ok(Self { der: bytes.to_vec(), signed: signed.raw.to_vec(), read, subject, issuer })
    }

    /// Reads all certificates of a PEM file (RFC 7468), in their order. Text between them is
    /// passed over; a block of another sort is refused, and so is a file without any.
    pub fn from_pem(text: &str) -> Result<Vec<Self>, Error> {
        const BEGIN: &str = "-----BEGIN ";
        const END: &str = "-----END CERTIFICATE-----";
        let malformed =
            |why: String| Error::Malformed(format!("not a file of certificates: {why}"));
        let mut found = Vec::new();
        let mut rest = text;
        while let Some(start) = rest.find(BEGIN) {
            let number = found.len() + 1;
            let Some(length) = rest[start..].find(END).map(|at| at + END.len()) else {
                return Err(malformed(format!("block {number} is no whole certificate")));
            };
            if found.len() == PEM_CERTIFICATES {
                return Err(malformed(format!("it has more than {PEM_CERTIFICATES}")));
            }
            let block = rest[start..start + length].replace("\r\n", "\n");
            rest = &rest[start + length..];
            let (label, der) = der::pem::decode_vec(block.as_bytes())
                .map_err(|why| malformed(format!("block {number}: {why}")))?;
            if label != "CERTIFICATE" {
                return Err(malformed(format!("block {number} is something else")));
            }
            found.push(Self::from_der(&der)?);
        }
        if found.is_empty() {
            return Err(malformed("it has none".to_owned()));
        }
        Ok(found)
    }

    /// The exact bytes.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The SHA-256 of the exact bytes, by which certificates are told apart.
    pub fn fingerprint(&self) -> Hash {
        Hash::of(&self.der)
    }

    /// Whose certificate it is by its own word, in the spelling of RFC 4514; no character in it
    /// steers a terminal, and a long name is cut.
    pub fn subject(&self) -> String {
        let mut names: Vec<String> =
            self.read.tbs_certificate().subject().iter().map(spelled).collect();
        names.reverse();
        let shown = |c: char| if is_shown(c) { c } else { '\u{fffd}' };
        names.join(",").chars().take(NAME_SHOWN).map(shown).collect()
    }

    /// Its public key.
    pub fn key(&self) -> &SubjectPublicKeyInfoOwned {
        self.read.tbs_certificate().subject_public_key_info()
    }

    /// The DNS names it is for (subjectAltName), as they are written there; no other sort of
    /// name is a domain's (RFC 9525 section 6.3).
    pub fn dns_names(&self) -> Vec<String> {
        let Ok(Some((_, names))) = self.read.tbs_certificate().get_extension::<SubjectAltName>()
        else {
            return Vec::new();
        };
        let dns = |name: &GeneralName| match name {
            GeneralName::DnsName(name) => Some(name.as_str().to_owned()),
            _ => None,
        };
        names.0.iter().filter_map(dns).collect()
    }

    /// From and to when it is valid, both included, in seconds since 1970.
    pub fn validity(&self) -> (i64, i64) {
        let validity = self.read.tbs_certificate().validity();
        let seconds = |time: x509_cert::time::Time| {
            i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(i64::MAX)
        };
        (seconds(validity.not_before), seconds(validity.not_after))
    }

    /// Whether it is the one with this issuer (a name in DER) and serial number (its value).
    pub(crate) fn is_issued(&self, issuer: &[u8], serial: &[u8]) -> bool {
        self.issuer == issuer && self.read.tbs_certificate().serial_number().as_bytes() == serial
    }

    /// Whether its subject has this name, however the letters are encoded.
    pub(crate) fn is_named(&self, name: &x509_cert::name::Name) -> bool {
        self.read.tbs_certificate().subject().to_string() == name.to_string()
    }

    /// Whether it says that its key has this identifier (RFC 5280 section 4.2.1.2).
    pub(crate) fn has_key_identifier(&self, identifier: &[u8]) -> bool {
        let mut extensions = self.read.tbs_certificate().extensions().into_iter().flatten();
        extensions.any(|extension| {
            extension.extn_id == KEY_IDENTIFIER
                && tlv::one(extension.extn_value.as_bytes())
                    .is_some_and(|item| item.tag == Tag::OctetString && item.value == identifier)
        })
    }

    fn is_self_issued(&self) -> bool {
        self.subject == self.issuer
    }

    /// An extension and whether it is critical; one that cannot be read is an error.
    fn extension<'a, T>(&'a self) -> Result<Option<(bool, T)>, Error>
    where
        T: Decode<'a, Error = der::Error> + AssociatedOid,
    {
        self.read
            .tbs_certificate()
            .get_extension::<T>()
            .map_err(|why| Error::Malformed(format!("an extension of `{}`: {why}", self.subject())))
    }

    /// Whether the key of `issuer` signed this certificate.
    fn is_signed_by(&self, issuer: &Self) -> Result<(), Error> {
        let Some(signature) = self.read.signature().as_bytes() else {
            return Err(Error::Malformed("a signature is not of whole bytes".to_owned()));
        };
        verify_with(issuer.key(), self.read.signature_algorithm(), &self.signed, signature)?;
        Ok(())
    }
}

/// One part of a name. Real authorities have names of a sort that may not have the characters
/// they have (an underscore); RFC 4514 would print those in hex.
fn spelled(part: &AttributeTypeAndValue) -> String {
    let strict = part.to_string();
    let short = match part.oid {
        COMMON_NAME => "CN",
        ORGANISATION => "O",
        _ => return strict,
    };
    if !strict.contains("=#") {
        return strict;
    }
    let value = String::from_utf8_lossy(part.value.value()).replace(',', "\\,");
    format!("{short}={value}")
}

/// Whether a character of a foreign name is printed: controls and the marks that turn the
/// direction of writing are not (`Bidi_Control` of Unicode).
pub(crate) fn is_shown(c: char) -> bool {
    let turns = matches!(
        c,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    );
    !c.is_control() && !turns
}

/// A chain that was checked: the certificate first, the pinned root last. They are the same where
/// the certificate itself is pinned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain<'a> {
    certificates: Vec<&'a Certificate>,
}

impl<'a> Chain<'a> {
    /// The certificates, the pinned root last; never empty.
    pub fn certificates(&self) -> &[&'a Certificate] {
        &self.certificates
    }

    /// The pinned root.
    pub fn root(&self) -> &'a Certificate {
        self.certificates[self.certificates.len() - 1]
    }
}

/// Finds a chain from `leaf` through any of `others` to one of the pinned `roots`, valid in all
/// its parts at `at` (seconds since 1970), whose first certificate is for `purpose`.
///
/// Names are compared byte by byte, more strictly than RFC 5280 section 7.1 asks. What the error
/// says is about a chain that does lead to a pinned root, if there is one.
pub fn chain<'a>(
    leaf: &'a Certificate,
    others: &'a [Certificate],
    roots: &'a [Certificate],
    at: i64,
    purpose: Purpose,
) -> Result<Chain<'a>, Error> {
    let mut search = Search { others, roots, at, purpose, signatures: 0, error: Error::NoRoot };
    if let Some(pinned) = roots.iter().find(|root| root.der == leaf.der) {
        allowed(&[pinned], at, purpose)?;
        return Ok(Chain { certificates: vec![pinned] });
    }
    match search.climb(&mut vec![leaf]) {
        Some(certificates) => Ok(Chain { certificates }),
        None => Err(search.error),
    }
}

struct Search<'a> {
    others: &'a [Certificate],
    roots: &'a [Certificate],
    at: i64,
    purpose: Purpose,
    signatures: usize,
    /// The last error of a chain that led to a root, or what hid whether one does.
    error: Error,
}

impl<'a> Search<'a> {
    /// Goes on from the last certificate of the path. No deeper than [`CHAIN_LENGTH`].
    fn climb(&mut self, path: &mut Vec<&'a Certificate>) -> Option<Vec<&'a Certificate>> {
        if path.len() == CHAIN_LENGTH {
            return None;
        }
        for root in self.roots {
            if !self.signed(path, root) {
                continue;
            }
            path.push(root);
            match allowed(path, self.at, self.purpose) {
                Ok(()) => return Some(path.clone()),
                Err(why) => self.error = why,
            }
            path.pop();
        }
        for other in self.others {
            if path.contains(&other) || !self.signed(path, other) {
                continue;
            }
            path.push(other);
            if let Some(found) = self.climb(path) {
                return Some(found);
            }
            path.pop();
        }
        None
    }

    /// Whether the last certificate of the path is signed by that one.
    fn signed(&mut self, path: &[&Certificate], issuer: &Certificate) -> bool {
        let Some(last) = path.last().filter(|last| last.issuer == issuer.subject) else {
            return false;
        };
        if self.signatures == SIGNATURES_CHECKED {
            return false;
        }
        self.signatures += 1;
        match last.is_signed_by(issuer) {
            Ok(()) => true,
            Err(why @ Error::Unsupported(_)) if self.error == Error::NoRoot => {
                self.error = why;
                false
            }
            Err(_) => false,
        }
    }
}

/// Whether every certificate of a path that ends at a pinned root may stand where it does.
fn allowed(path: &[&Certificate], at: i64, purpose: Purpose) -> Result<(), Error> {
    for (index, certificate) in path.iter().enumerate() {
        let (from, to) = certificate.validity();
        if !(from..=to).contains(&at) {
            return Err(Error::OutOfDate { name: certificate.subject(), from, to });
        }
        let extensions = certificate.read.tbs_certificate().extensions().into_iter().flatten();
        for extension in extensions {
            let oid = extension.extn_id;
            // Name constraints bind even where they are not marked critical.
            if (extension.critical && !PROCESSED.contains(&oid)) || oid == NAME_CONSTRAINTS {
                let what = format!("the extension {oid} of `{}`", certificate.subject());
                return Err(Error::Unsupported(what));
            }
        }
        if index > 0 {
            let below = path[1..index].iter().filter(|one| !one.is_self_issued()).count();
            is_authority(certificate, below, index == path.len() - 1, purpose)?;
        }
    }
    path.first().map_or(Ok(()), |leaf| is_for(leaf, purpose))
}

/// Whether a certificate may sign others, with so many authorities below it.
fn is_authority(
    certificate: &Certificate,
    below: usize,
    is_root: bool,
    purpose: Purpose,
) -> Result<(), Error> {
    let refused = |why: &str| Err(Error::NotAllowed(format!("`{}` {why}", certificate.subject())));
    match certificate.extension::<BasicConstraints>()? {
        Some((_, constraints)) if constraints.ca => {
            if constraints.path_len_constraint.is_some_and(|most| below > usize::from(most)) {
                return refused("allows fewer authorities below it");
            }
        }
        // A root of version 1 cannot say what it is; that it is pinned says it.
        None if is_root && certificate.read.tbs_certificate().version() == Version::V1 => {}
        _ => return refused("signed a certificate and is no authority"),
    }
    if let Some((_, usage)) = certificate.extension::<KeyUsage>()?
        && !usage.key_cert_sign()
    {
        return refused("has a key that is not for signing certificates");
    }
    if let Some((_, usages)) = certificate.extension::<ExtendedKeyUsage>()?
        && !is_root
        && !usages.0.iter().any(|usage| *usage == purpose.usage() || *usage == ANY_USAGE)
    {
        return refused("is an authority for another purpose");
    }
    Ok(())
}

/// Whether the first certificate of a chain is for that purpose.
fn is_for(certificate: &Certificate, purpose: Purpose) -> Result<(), Error> {
    let refused = |why: &str| Err(Error::NotAllowed(format!("`{}` {why}", certificate.subject())));
    let usages = certificate.extension::<ExtendedKeyUsage>()?;
    let usage = certificate.extension::<KeyUsage>()?.map(|(_, usage)| usage);
    match purpose {
        Purpose::TimeStamping => {
            // "with KeyPurposeID having value id-kp-timeStamping. This extension MUST be critical"
            // and no other purpose (RFC 3161 section 2.3).
            if !usages
                .is_some_and(|(is_critical, usages)| is_critical && usages.0 == [TIME_STAMPING])
            {
                return refused("has a certificate that is not for stamping times alone");
            }
            if usage.is_some_and(|usage| !usage.digital_signature() && !usage.non_repudiation()) {
                return refused("has a key that is not for signing");
            }
        }
        Purpose::Server => {
            let named = |usages: &ExtendedKeyUsage| usages.0.contains(&SERVER);
            if !usages.is_some_and(|(_, usages)| named(&usages)) {
                return refused("has a certificate that is not for a server");
            }
            if usage.is_some_and(|usage| !usage.digital_signature()) {
                return refused("has a key that is not for signing");
            }
        }
    }
    Ok(())
}
