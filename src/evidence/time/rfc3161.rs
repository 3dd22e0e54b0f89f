//! RFC 3161: an authority's signed word that it saw a digest at a stated time.
//!
//! ```text
//! TimeStampResp  ::= SEQUENCE { status PKIStatusInfo, timeStampToken ContentInfo OPTIONAL }
//! ContentInfo    ::= SEQUENCE { id-signedData, [0] SignedData }               RFC 5652
//! SignedData     ::= SEQUENCE { version, digestAlgorithms, encapContentInfo,
//!                               certificates [0], crls [1], signerInfos }
//! TSTInfo        ::= SEQUENCE { version, policy, messageImprint, serialNumber, genTime,
//!                               accuracy, ordering, nonce, tsa [0], extensions [1] }
//! ```
//!
//! A token by itself, or the response that brought it, in DER. The roots that may vouch for an
//! authority are arguments; whether a certificate was revoked is asked nobody.

use der::asn1::ObjectIdentifier;
use der::{DateTime, Decode, Tag};
use sha1::{Digest, Sha1};
use x509_cert::name::Name;
use x509_cert::spki::AlgorithmIdentifierOwned;

use crate::evidence::authority::algorithm::{self, Function};
use crate::evidence::authority::tlv::{self, Item};
use crate::evidence::authority::x509::{self, Certificate, Purpose};
use crate::evidence::time::stamped::{Stamped, State, Vouched, written};
use crate::hash::Hash;

/// What a complete token shows.
pub const PROVES: &str = "the authority that is named signed, at the time by its own clock, that \
    it was shown the SHA-256 of these bytes: they existed then, if its word is good";

/// What no token shows.
pub const DOES_NOT_PROVE: &str = "when the bytes were made, who made or published them, and \
    whether what they say is true; that the authority's clock was right and its key its own, \
    which is its word alone; that its certificate was not revoked, which was not asked, and its \
    key not stolen since";

/// The longest token, in bytes: real ones with all their certificates have about 8,000.
pub const TOKEN_BYTES: usize = 64 * 1024;

/// How many certificates of a token are read: real ones have at most five.
const CERTIFICATES: usize = 16;

/// The longest serial number, in bytes: 160 bits and the sign (RFC 3161 section 2.4.2).
const SERIAL_BYTES: usize = 21;

const SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
const TST_INFO: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.1.4");
const CONTENT_TYPE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.3");
const MESSAGE_DIGEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.4");
const SIGNING_CERTIFICATE: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.12");
const SIGNING_CERTIFICATE_V2: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.47");

/// Why a token is no yes: [`State::Failed`] or [`State::Unknown`], and the fact.
struct Refusal(State, String);

impl From<x509::Error> for Refusal {
    fn from(error: x509::Error) -> Self {
        use x509::Error;
        let state = match error {
            Error::Unsupported(_) | Error::NoRoot => State::Unknown,
            Error::Malformed(_)
            | Error::BadSignature
            | Error::OutOfDate { .. }
            | Error::NotAllowed(_) => State::Failed,
        };
        Self(state, error.to_string())
    }
}

fn failed<T>(fact: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal(State::Failed, fact.into()))
}

fn unknown<T>(fact: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal(State::Unknown, fact.into()))
}

fn malformed(what: &str) -> Refusal {
    Refusal(State::Failed, format!("no RFC 3161 token: {what} cannot be read"))
}

/// Whether a token, or the response with it, shows that bytes with this SHA-256 existed, by the
/// word of an authority that one of the pinned roots vouches for.
///
/// The certificates between the authority and the root are taken from the token; a token without
/// its authority's certificate is checked where that very certificate is pinned.
pub fn check(digest: &Hash, token: &[u8], pinned_roots: &[Certificate]) -> Stamped {
    match checked(digest, token, pinned_roots) {
        Ok(stamped) => stamped,
        Err(Refusal(state, fact)) => Stamped::not(state, fact),
    }
}

fn checked(digest: &Hash, bytes: &[u8], roots: &[Certificate]) -> Result<Stamped, Refusal> {
    let token = Token::parse(bytes)?;
    token.info.is_for(digest)?;
    let (certificate, is_bound_by_sha1) = token.signer.certificate(&token.certificates, roots)?;
    token.signer.verify(token.content, certificate)?;
    let info = &token.info;
    let who = certificate.subject();
    if info.authority.as_ref().is_some_and(|name| !certificate.is_named(name)) {
        return failed(format!("the token is `{who}`'s and names another authority"));
    }
    let fingerprint = certificate.fingerprint();
    let at = info.time_written();
    let chain =
        x509::chain(certificate, &token.certificates, roots, info.seconds, Purpose::TimeStamping);
    let chain = match chain {
        Ok(chain) => chain,
        Err(x509::Error::NoRoot) => {
            return unknown(format!(
                "the token is whole, and signed by `{who}`, who says {at}; no root that is pinned \
                 here vouches for it"
            ));
        }
        Err(why) => {
            let Refusal(state, why) = Refusal::from(why);
            let fact = format!("the token of `{who}`, who says {at}, is not believed: {why}");
            return Err(Refusal(state, fact));
        }
    };
    let root = chain.root();
    let fact = format!(
        "`{who}` stamped it at {at}; the pinned root `{}` (SHA-256 {}) vouches for that authority",
        root.subject(),
        root.fingerprint()
    );
    let mut limits = Vec::new();
    if info.accuracy.is_none() {
        limits.push("the token does not say how accurate the authority's clock is".to_owned());
    }
    if is_bound_by_sha1 {
        limits.push("the token names its certificate by SHA-1 alone".to_owned());
    }
    let authority = format!("{who} (certificate SHA-256 {fingerprint})");
    let vouched = Vouched { time: info.by_when(), accuracy: info.accuracy, authority };
    Ok(Stamped::complete(vouched, fact, limits))
}

/// The parts of a token that count.
struct Token<'a> {
    /// The exact bytes of the `TSTInfo`.
    content: &'a [u8],
    info: Info,
    signer: Signer<'a>,
    certificates: Vec<Certificate>,
}

impl<'a> Token<'a> {
    fn parse(bytes: &'a [u8]) -> Result<Self, Refusal> {
        if bytes.len() > TOKEN_BYTES {
            let many = bytes.len();
            return failed(format!("no RFC 3161 token: {many} bytes, more than {TOKEN_BYTES}"));
        }
        let outer = tlv::one(bytes).and_then(tlv::sequence);
        let outer = outer.ok_or_else(|| malformed("what should be one DER sequence"))?;
        let content = match outer.as_slice() {
            [status, rest @ ..] if status.tag == Tag::Sequence => {
                is_granted(*status)?;
                match rest {
                    [token] => tlv::sequence(*token).ok_or_else(|| malformed("the token"))?,
                    _ => return failed("the response brings no token"),
                }
            }
            _ => outer,
        };
        let data = match content.as_slice() {
            [sort, data] if is_named(*sort, SIGNED_DATA) && tlv::is_numbered(*data, 0) => {
                tlv::one(data.value).and_then(tlv::sequence)
            }
            _ => None,
        };
        let data = data.ok_or_else(|| malformed("the signed data (RFC 5652 section 5.1)"))?;
        Self::of_signed_data(&data)
    }

    fn of_signed_data(data: &[Item<'a>]) -> Result<Self, Refusal> {
        let [_version, _functions, encapsulated, rest @ ..] = data else {
            return Err(malformed("the signed data (RFC 5652 section 5.1)"));
        };
        let (certificates, rest) = match rest {
            [first, rest @ ..] if tlv::is_numbered(*first, 0) => (certificates(*first)?, rest),
            _ => (Vec::new(), rest),
        };
        let signers = match rest {
            [revoked, signers] if tlv::is_numbered(*revoked, 1) => signers,
            [signers] => signers,
            _ => return Err(malformed("the signed data (RFC 5652 section 5.1)")),
        };
        let content = match tlv::sequence(*encapsulated).as_deref() {
            Some([sort, content]) if tlv::is_numbered(*content, 0) => {
                if !is_named(*sort, TST_INFO) {
                    return failed("what is signed is not the content of a time stamp");
                }
                tlv::one(content.value).filter(|content| content.tag == Tag::OctetString)
            }
            _ => None,
        };
        let content = content.ok_or_else(|| malformed("the content"))?.value;
        // "The time-stamp token MUST NOT contain any signatures other than the signature of the
        // TSA" (RFC 3161 section 2.4.2).
        let signer = match tlv::set(*signers).as_deref() {
            Some([signer]) => Signer::parse(*signer),
            Some(_) => return failed("the token has not exactly one signature"),
            None => None,
        };
        let signer = signer.ok_or_else(|| malformed("the signature (RFC 5652 section 5.3)"))?;
        Ok(Self { content, info: Info::parse(content)?, signer, certificates })
    }
}

/// RFC 3161 section 2.4.2: 0 is granted, 1 is granted with changes.
fn is_granted(status: Item<'_>) -> Result<(), Refusal> {
    let parts = tlv::sequence(status).unwrap_or_default();
    match parts.first() {
        Some(status) if status.tag == Tag::Integer => match status.value {
            [0 | 1] => Ok(()),
            _ => failed("the authority did not grant the request"),
        },
        _ => Err(malformed("the status of the response")),
    }
}

/// The certificates that stand in a token; what is another sort of certificate, or cannot be
/// read, vouches for nobody and is left out.
fn certificates(choices: Item<'_>) -> Result<Vec<Certificate>, Refusal> {
    let choices = tlv::items(choices.value).ok_or_else(|| malformed("the certificates"))?;
    if choices.len() > CERTIFICATES {
        return failed(format!("the token has more than {CERTIFICATES} certificates"));
    }
    Ok(choices.iter().filter_map(|choice| Certificate::from_der(choice.raw).ok()).collect())
}

fn is_named(item: Item<'_>, oid: ObjectIdentifier) -> bool {
    item.tag == Tag::ObjectIdentifier && item.value == oid.as_bytes()
}

fn function_of(item: Item<'_>) -> Result<Function, Refusal> {
    let algorithm = AlgorithmIdentifierOwned::from_der(item.raw);
    let algorithm = algorithm.map_err(|_| malformed("a hash function"))?;
    Function::named(algorithm.oid).map_err(|error| x509::Error::from(error).into())
}

/// What the authority says: the `TSTInfo` of RFC 3161 section 2.4.2.
struct Info {
    function: ObjectIdentifier,
    hashed: Vec<u8>,
    /// The whole seconds of the time, since 1970.
    seconds: i64,
    /// The digits behind them, if any.
    fraction: String,
    /// By how many seconds the clock may be wrong, a started one counted whole.
    accuracy: Option<u64>,
    /// Whose token it is, where it says so by a directory name; other forms are not compared.
    authority: Option<Name>,
}

impl Info {
    fn parse(content: &[u8]) -> Result<Self, Refusal> {
        let parts = tlv::one(content).and_then(tlv::sequence);
        let parts = parts.ok_or_else(|| malformed("the content"))?;
        let [version, policy, imprint, serial, time, rest @ ..] = parts.as_slice() else {
            return Err(malformed("the content"));
        };
        if version.tag != Tag::Integer || version.value != [1] {
            return unknown("the token is of another version than 1");
        }
        let is_serial = serial.tag == Tag::Integer && serial.value.len() <= SERIAL_BYTES;
        if policy.tag != Tag::ObjectIdentifier || !is_serial {
            return Err(malformed("the policy or the serial number"));
        }
        let (function, hashed) = match tlv::sequence(*imprint).as_deref() {
            Some([function, hashed]) if hashed.tag == Tag::OctetString => {
                let function = AlgorithmIdentifierOwned::from_der(function.raw);
                let function = function.map_err(|_| malformed("the hash function"))?;
                (function.oid, hashed.value.to_vec())
            }
            _ => return Err(malformed("the digest")),
        };
        let (seconds, fraction) = moment(*time).ok_or_else(|| malformed("the time"))?;
        let mut info =
            Self { function, hashed, seconds, fraction, accuracy: None, authority: None };
        info.read_rest(rest)?;
        Ok(info)
    }

    /// The optional parts, each at most once and in this order: accuracy, ordering, nonce, the
    /// authority's name, extensions. The first alone says anything about the time.
    fn read_rest(&mut self, rest: &[Item<'_>]) -> Result<(), Refusal> {
        let mut last = 0;
        for item in rest {
            let place = match item.tag {
                Tag::Sequence => 1,
                Tag::Boolean => 2,
                Tag::Integer => 3,
                _ if tlv::is_numbered(*item, 0) => 4,
                _ if tlv::is_numbered(*item, 1) => 5,
                _ => 0,
            };
            if place <= last {
                return Err(malformed("the content behind the time"));
            }
            last = place;
            if place == 1 {
                let accuracy = accuracy(*item).ok_or_else(|| malformed("the accuracy"))?;
                self.accuracy = Some(accuracy);
            }
            if place == 4 {
                let name = tlv::one(item.value).ok_or_else(|| malformed("the authority's name"))?;
                // directoryName [4] of a GeneralName, explicit as a Name is a choice.
                if tlv::is_numbered(name, 4) {
                    let name = Name::from_der(name.value);
                    self.authority = Some(name.map_err(|_| malformed("the authority's name"))?);
                }
            }
            if place == 5 && has_critical(*item).ok_or_else(|| malformed("an extension"))? {
                return unknown("the token has a critical extension that is not supported");
            }
        }
        Ok(())
    }

    fn is_for(&self, digest: &Hash) -> Result<(), Refusal> {
        match Function::named(self.function) {
            Ok(Function::Sha256) if self.hashed == digest.as_bytes() => Ok(()),
            Ok(Function::Sha256) => match Hash::from_slice(&self.hashed) {
                Some(hashed) => {
                    failed(format!("the token is for other bytes: their SHA-256 is {hashed}"))
                }
                None => Err(malformed("the digest")),
            },
            _ => unknown(format!(
                "the token is for a digest by the hash function {}, and only SHA-256 is compared",
                self.function
            )),
        }
    }

    /// The time by which the bytes existed: a started second is counted whole.
    fn by_when(&self) -> i64 {
        self.seconds + i64::from(!self.fraction.is_empty())
    }

    fn time_written(&self) -> String {
        let whole = written(self.seconds);
        if self.fraction.is_empty() {
            return whole;
        }
        format!("{}.{}Z", whole.trim_end_matches('Z'), self.fraction)
    }
}

/// Whether one of the extensions is critical: qualified authorities add one that is not (ETSI EN
/// 319 422), which says nothing about the time.
fn has_critical(extensions: Item<'_>) -> Option<bool> {
    let mut has_critical = false;
    for extension in tlv::items(extensions.value)? {
        match tlv::sequence(extension)?.as_slice() {
            [_, value] if value.tag == Tag::OctetString => {}
            [_, critical, _] if critical.tag == Tag::Boolean => has_critical = true,
            _ => return None,
        }
    }
    Some(has_critical)
}

/// A `GeneralizedTime`: `YYYYMMDDhhmmss[.s…]Z`, the fraction without zeros at its end (RFC 3161
/// section 2.4.2).
fn moment(item: Item<'_>) -> Option<(i64, String)> {
    // More digits are finer than any clock.
    const FRACTION_DIGITS: usize = 18;
    if item.tag != Tag::GeneralizedTime {
        return None;
    }
    let text = std::str::from_utf8(item.value).ok()?.strip_suffix('Z')?;
    let (whole, fraction) = match text.split_once('.') {
        Some((whole, fraction)) if !fraction.is_empty() && !fraction.ends_with('0') => {
            (whole, fraction)
        }
        Some(_) => return None,
        None => (text, ""),
    };
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if whole.len() != 14 || !digits(whole) || !digits(fraction) {
        return None;
    }
    if fraction.len() > FRACTION_DIGITS {
        return None;
    }
    let part = |at: usize| whole[at..at + 2].parse::<u8>().ok();
    let year = whole[..4].parse().ok()?;
    let time = DateTime::new(year, part(4)?, part(6)?, part(8)?, part(10)?, part(12)?).ok()?;
    let seconds = i64::try_from(time.unix_duration().as_secs()).ok()?;
    Some((seconds, fraction.to_owned()))
}

/// Accuracy ::= SEQUENCE { seconds, millis [0] (1..999), micros [1] (1..999) }, in seconds, a
/// started one counted whole.
fn accuracy(item: Item<'_>) -> Option<u64> {
    let mut micros = 0;
    let mut next = 0;
    for part in tlv::sequence(item)? {
        let (place, unit) = match part.tag {
            Tag::Integer => (0, 1_000_000),
            _ if tlv::is_numbered(part, 0) => (1, 1_000),
            _ if tlv::is_numbered(part, 1) => (2, 1),
            _ => return None,
        };
        if place < next {
            return None;
        }
        next = place + 1;
        let count = match (place, part.value) {
            (0, _) => u64::from(u32::from_der(part.raw).ok()?),
            // At most 999 and not 0, without a superfluous byte.
            (_, [low @ 1..=0x7f] | [0, low @ 0x80..=0xff]) => u64::from(*low),
            (_, [high @ 1..=3, low]) => u64::from(u16::from_be_bytes([*high, *low])),
            _ => return None,
        };
        if place > 0 && count > 999 {
            return None;
        }
        micros += count * unit;
    }
    Some(micros.div_ceil(1_000_000))
}

/// `SignerInfo` of RFC 5652 section 5.3.
struct Signer<'a> {
    /// Which certificate: issuer and serial number, or the identifier of its key.
    named: Named<'a>,
    function: Item<'a>,
    /// The signed attributes, with the tag that they have in the token.
    attributes: Item<'a>,
    algorithm: AlgorithmIdentifierOwned,
    signature: &'a [u8],
}

enum Named<'a> {
    Issued { issuer: &'a [u8], serial: &'a [u8] },
    Key(&'a [u8]),
}

/// What a token says that its certificate's hash is.
enum Binding {
    Sha1(Vec<u8>),
    By(Function, Vec<u8>),
}

impl<'a> Signer<'a> {
    fn parse(item: Item<'a>) -> Option<Self> {
        let parts = tlv::sequence(item)?;
        let [_version, named, function, attributes, algorithm, signature, rest @ ..] =
            parts.as_slice()
        else {
            return None;
        };
        // What may follow is not signed and says nothing.
        let is_end = match rest {
            [] => true,
            [unsigned] => tlv::is_numbered(*unsigned, 1),
            _ => false,
        };
        let is_signed = tlv::is_numbered(*attributes, 0) && signature.tag == Tag::OctetString;
        if !is_end || !is_signed {
            return None;
        }
        let named = if tlv::is_numbered(*named, 0) {
            Named::Key(named.value)
        } else {
            match tlv::sequence(*named)?.as_slice() {
                [issuer, serial] if serial.tag == Tag::Integer => {
                    Named::Issued { issuer: issuer.raw, serial: serial.value }
                }
                _ => return None,
            }
        };
        let (function, attributes, signature) = (*function, *attributes, signature.value);
        let algorithm = AlgorithmIdentifierOwned::from_der(algorithm.raw).ok()?;
        Some(Self { named, function, attributes, algorithm, signature })
    }

    /// The one value of the signed attribute; `None` if there is no such attribute.
    fn attribute(&self, oid: ObjectIdentifier) -> Result<Option<Item<'a>>, Refusal> {
        let broken = || malformed("a signed attribute (RFC 5652 section 5.3)");
        let mut found = None;
        for attribute in tlv::items(self.attributes.value).ok_or_else(broken)? {
            let parts = tlv::sequence(attribute).ok_or_else(broken)?;
            let [sort, values] = parts.as_slice() else { return Err(broken()) };
            if !is_named(*sort, oid) {
                continue;
            }
            let values = tlv::set(*values).ok_or_else(broken)?;
            let [value] = values.as_slice() else { return Err(broken()) };
            if found.replace(*value).is_some() {
                return Err(broken());
            }
        }
        Ok(found)
    }

    /// The certificate that the signed attributes bind the token to (RFC 5035), and whether by
    /// SHA-1 alone.
    fn certificate<'c>(
        &self,
        given: &'c [Certificate],
        pinned: &'c [Certificate],
    ) -> Result<(&'c Certificate, bool), Refusal> {
        let bindings = [
            self.attribute(SIGNING_CERTIFICATE)?.map(|value| binding(value, 1)).transpose()?,
            self.attribute(SIGNING_CERTIFICATE_V2)?.map(|value| binding(value, 2)).transpose()?,
        ];
        let bindings: Vec<Binding> = bindings.into_iter().flatten().collect();
        if bindings.is_empty() {
            return failed("the token is not bound to a certificate (RFC 3161 section 2.4.2)");
        }
        let is_named = |certificate: &&Certificate| match self.named {
            Named::Issued { issuer, serial } => certificate.is_issued(issuer, serial),
            Named::Key(identifier) => certificate.has_key_identifier(identifier),
        };
        let is_bound = |certificate: &&Certificate| {
            bindings.iter().all(|binding| match binding {
                Binding::Sha1(hash) => Sha1::digest(certificate.der()).as_slice() == hash,
                Binding::By(function, hash) => function.of(certificate.der()) == *hash,
            })
        };
        let named: Vec<&Certificate> = given.iter().chain(pinned).filter(is_named).collect();
        let is_sha1 = !bindings.iter().any(|binding| matches!(binding, Binding::By(..)));
        match named.iter().copied().find(is_bound) {
            Some(certificate) => Ok((certificate, is_sha1)),
            None if named.is_empty() => {
                unknown("the certificate of the token's authority is not at hand")
            }
            None => failed("the token is bound to another certificate than the one it names"),
        }
    }

    /// Whether the certificate's key signed that content (RFC 5652 section 5.4).
    fn verify(&self, content: &[u8], certificate: &Certificate) -> Result<(), Refusal> {
        let function = function_of(self.function)?;
        let sort = self.attribute(CONTENT_TYPE)?;
        if !sort.is_some_and(|sort| is_named(sort, TST_INFO)) {
            return failed("the signature is not over the content of a time stamp");
        }
        let hashed = function.of(content);
        let signed = self.attribute(MESSAGE_DIGEST)?;
        if !signed.is_some_and(|s| s.tag == Tag::OctetString && s.value == hashed) {
            return failed("the content of the token is not what was signed");
        }
        // What is signed has the tag of a set where the token has [0] (RFC 5652 section 5.4).
        let mut message = self.attributes.raw.to_vec();
        message[0] = 0x31;
        let key = certificate.key();
        algorithm::verify_signer(key, &self.algorithm, function, &message, self.signature).map_err(
            |error| {
                let Refusal(state, why) = x509::Error::from(error).into();
                let who = certificate.subject();
                Refusal(state, format!("the signature of `{who}` over the token: {why}"))
            },
        )
    }
}

/// The first certificate of a `SigningCertificate` (by SHA-1) or `SigningCertificateV2`:
/// the one that signed (RFC 5035 sections 3 and 4).
fn binding(value: Item<'_>, version: u8) -> Result<Binding, Refusal> {
    let broken = || malformed("the binding to a certificate (RFC 5035)");
    let parts = tlv::sequence(value).ok_or_else(broken)?;
    let certificates = parts.first().copied().and_then(tlv::sequence).ok_or_else(broken)?;
    let first = certificates.first().copied().and_then(tlv::sequence).ok_or_else(broken)?;
    match first.as_slice() {
        [hash, ..] if hash.tag == Tag::OctetString && version == 1 => {
            Ok(Binding::Sha1(hash.value.to_vec()))
        }
        [hash, ..] if hash.tag == Tag::OctetString => {
            Ok(Binding::By(Function::Sha256, hash.value.to_vec()))
        }
        [function, hash, ..] if hash.tag == Tag::OctetString && version == 2 => {
            Ok(Binding::By(function_of(*function)?, hash.value.to_vec()))
        }
        _ => Err(broken()),
    }
}

#[cfg(test)]
mod tests {
    use super::{Info, accuracy, moment};
    use crate::evidence::authority::tlv;
    use crate::evidence::time::stamped::State;

    fn der(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
        let value = parts.concat();
        [&[tag, u8::try_from(value.len()).unwrap()], &value[..]].concat()
    }

    /// A `TSTInfo` for a digest of nothing, with these bytes behind its time.
    fn info(rest: &[u8]) -> Result<Info, State> {
        let sha256 = [0x30, 0x0b, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1];
        let imprint = der(0x30, &[&sha256, &[4, 1, 0]]);
        let time = der(0x18, &[b"19990609001326Z"]);
        let content = der(0x30, &[&[2, 1, 1, 6, 1, 0x2a], &imprint, &[2, 1, 7], &time, rest]);
        Info::parse(&content).map_err(|refusal| refusal.0)
    }

    #[test]
    fn a_critical_extension_is_unknown_and_another_is_passed_over() {
        let extension = |critical: &[u8]| {
            let extension = der(0x30, &[&[6, 1, 0x2a], critical, &[4, 2, 5, 0]]);
            der(0xa1, &[&extension])
        };
        assert_eq!(info(&extension(&[])).map(|info| info.seconds), Ok(928_887_206));
        assert_eq!(info(&extension(&[1, 1, 0xff])).err(), Some(State::Unknown));
        assert_eq!(info(&extension(&[2, 1, 1])).err(), Some(State::Failed));
    }

    #[test]
    fn what_stands_behind_the_time_has_one_order() {
        let (accuracy, ordering, nonce) = ([0x30, 3, 2, 1, 9], [1, 1, 0xff], [2, 1, 5]);
        let all = [&accuracy[..], &ordering, &nonce].concat();
        assert_eq!(info(&all).map(|info| info.accuracy), Ok(Some(9)));
        for bad in [[&nonce[..], &ordering].concat(), nonce.repeat(2), vec![5, 0]] {
            assert_eq!(info(&bad).err(), Some(State::Failed), "{bad:?}");
        }
    }

    fn read(text: &str) -> Option<(i64, String)> {
        let length = u8::try_from(text.len()).unwrap();
        let bytes = [&[0x18, length], text.as_bytes()].concat();
        moment(tlv::one(&bytes).unwrap())
    }

    #[test]
    fn times_have_one_spelling_and_may_have_a_fraction() {
        // The examples of RFC 3161 section 2.4.2.
        assert_eq!(read("19990609001326.34352Z"), Some((928_887_206, "34352".to_owned())));
        assert_eq!(read("19990609001326Z"), Some((928_887_206, String::new())));
        for bad in [
            "19990609001326.Z",
            "19990609001326.340Z",
            "19990609001326.34",
            "19990609001326,3Z",
            "19990609001326",
            "199906090013Z",
            "19990609001326+0000",
            "19991309001326Z",
            "19990230001326Z",
            "19990609001360Z",
            "+9990609001326Z",
            "",
        ] {
            assert_eq!(read(bad), None, "{bad}");
        }
        assert_eq!(read(&format!("19990609001326.{}Z", "1".repeat(19))), None);
    }

    #[test]
    fn an_accuracy_counts_a_started_second_whole() {
        let read = |bytes: &[u8]| accuracy(tlv::one(bytes).unwrap());
        assert_eq!(read(&[0x30, 0]), Some(0));
        assert_eq!(read(&[0x30, 3, 2, 1, 60]), Some(60));
        assert_eq!(read(&[0x30, 4, 0x80, 2, 1, 0xf4]), Some(1));
        assert_eq!(read(&[0x30, 6, 2, 1, 1, 0x81, 1, 1]), Some(2));
        assert_eq!(read(&[0x30, 7, 0x80, 2, 3, 0xe7, 0x81, 1, 1]), Some(1));
        for bad in [
            &[0x30, 4, 0x80, 2, 3, 0xe8][..],
            &[0x30, 3, 0x80, 1, 0],
            &[0x30, 3, 2, 1, 0xff],
            &[0x30, 6, 0x80, 1, 1, 2, 1, 1],
            &[0x30, 6, 2, 1, 1, 2, 1, 1],
        ] {
            assert_eq!(read(bad), None, "{bad:?}");
        }
    }
}
