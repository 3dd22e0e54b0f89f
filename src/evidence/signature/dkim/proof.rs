//! The DKIM-Signature field: what it says of itself (RFC 6376 section 3.5).
//!
//! Whether what it says is so is left to its caller.

use std::ops::Range;

use base64ct::{Base64, Encoding};

use crate::evidence::signature::checked::State;
use crate::evidence::signature::dkim::canon::Canon;
use crate::evidence::signature::dkim::published::Algorithm;
use crate::evidence::signature::dkim::tags::{self, Tags};

/// The longest domain name, in characters (RFC 1035 section 2.3.4).
const MAX_DOMAIN: usize = 253;

/// The most field names in `h=`, and the longest: large services sign about thirty.
const MAX_NAMES: usize = 100;
const MAX_NAME: usize = 76;

/// The most digits of a time: a second in the year 30,000,000.
const MAX_TIME_DIGITS: usize = 15;

/// The most digits of a length (section 3.5, `l=`).
const MAX_LENGTH_DIGITS: usize = 76;

/// A signature as its field describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// `a=`: how it was made.
    pub algorithm: Algorithm,
    /// `c=`: in which spelling the fields were signed.
    pub field_canon: Canon,
    /// `c=`: in which spelling the body was hashed.
    pub body_canon: Canon,
    /// `d=`: the domain that signed, in lower case.
    pub domain: String,
    /// `s=`: which of its keys, in lower case.
    pub selector: String,
    /// The domain in `i=`, in lower case: at or below `d=`.
    pub identity_domain: String,
    /// `h=`: the names of the signed fields, in order, in lower case.
    pub names: Vec<String>,
    /// `l=`: how many bytes of the body are signed, if not all.
    pub length: Option<u64>,
    /// `bh=`: the SHA-256 of the body.
    pub body_hash: [u8; 32],
    /// `b=`: the signature.
    pub signature: Vec<u8>,
    /// Where the value of `b=` stands in the value of the field, with white space around it.
    pub signature_span: Range<usize>,
    /// `t=`: when it was made, in seconds since 1970.
    pub signed_at: Option<i64>,
    /// `x=`: until when it holds, in seconds since 1970.
    pub expires_at: Option<i64>,
}

impl Proof {
    /// Reads the value of a field; why it is no signature that is checked, otherwise.
    pub fn parse(value: &str) -> Result<Self, (State, String)> {
        let tags = Tags::parse(value).map_err(|error| (State::Malformed, error))?;
        let needed = |name: &str| {
            let value = tags.value(name).filter(|value| !value.is_empty());
            value.ok_or_else(|| (State::Malformed, format!("the tag `{name}` is missing")))
        };
        let wrong =
            |name: &str| (State::Malformed, format!("the tag `{name}` says what it may not say"));
        if needed("v")? != "1" {
            return Err((State::Unsupported, "it is not of version 1".to_owned()));
        }
        let algorithm = algorithm(needed("a")?)?;
        if tags.value("q").is_some_and(|methods| !tags::parts(methods).any(|m| m == "dns/txt")) {
            return Err((State::Unsupported, "its key is not published in the DNS".to_owned()));
        }
        let (field_canon, body_canon) = canons(tags.value("c")).ok_or_else(|| wrong("c"))?;
        let domain = domain(needed("d")?).ok_or_else(|| wrong("d"))?;
        let selector = name(needed("s")?).ok_or_else(|| wrong("s"))?;
        let identity_domain = match tags.value("i") {
            None => domain.clone(),
            Some(identity) => identity_domain(identity, &domain).ok_or_else(|| wrong("i"))?,
        };
        let names: Vec<String> = tags::parts(needed("h")?).map(str::to_ascii_lowercase).collect();
        if names.len() > MAX_NAMES || !names.iter().all(|name| is_field_name(name)) {
            return Err(wrong("h"));
        }
        if !names.iter().any(|name| name == "from") {
            return Err((State::Malformed, "it does not sign From".to_owned()));
        }
        let length = match tags.value("l") {
            None => None,
            Some(text) => Some(length(text).ok_or_else(|| wrong("l"))?),
        };
        let bytes = |name: &str| {
            let text = tags::unspaced(needed(name)?);
            Base64::decode_vec(&text).map_err(|_| wrong(name))
        };
        let body_hash = bytes("bh")?.try_into().map_err(|_| wrong("bh"))?;
        let signature = bytes("b")?;
        let signature_span = tags.span("b").ok_or_else(|| wrong("b"))?;
        let time = |name: &str| match tags.value(name) {
            None => Ok(None),
            Some(text) => time(text).map(Some).ok_or_else(|| wrong(name)),
        };
        let (signed_at, expires_at) = (time("t")?, time("x")?);
        if let (Some(signed), Some(expires)) = (signed_at, expires_at)
            && expires <= signed
        {
            return Err((State::Malformed, "it ends before it begins".to_owned()));
        }
        Ok(Self {
            algorithm,
            field_canon,
            body_canon,
            domain,
            selector,
            identity_domain,
            names,
            length,
            body_hash,
            signature,
            signature_span,
            signed_at,
            expires_at,
        })
    }

    /// How many fields of this name are signed.
    pub fn signed(&self, name: &str) -> usize {
        self.names.iter().filter(|signed| signed.eq_ignore_ascii_case(name)).count()
    }

    /// The name in the DNS under which its key stands (section 3.6.2.1).
    pub fn key_name(&self) -> String {
        format!("{}._domainkey.{}", self.selector, self.domain)
    }
}

fn algorithm(name: &str) -> Result<Algorithm, (State, String)> {
    match name {
        "rsa-sha256" => Ok(Algorithm::RsaSha256),
        "ed25519-sha256" => Ok(Algorithm::Ed25519Sha256),
        // Whoever can make two texts with one SHA-1 could swap them (RFC 8301 section 3.1).
        "rsa-sha1" => {
            Err((State::Malformed, "it is made with rsa-sha1, which is no proof".to_owned()))
        }
        other => Err((State::Unsupported, format!("the algorithm `{}`", tags::shown(other)))),
    }
}

/// `header/body`; what is not said is `simple`.
fn canons(value: Option<&str>) -> Option<(Canon, Canon)> {
    let Some(value) = value else { return Some((Canon::Simple, Canon::Simple)) };
    let (field, body) = value.split_once('/').unwrap_or((value, "simple"));
    Some((Canon::from_name(field)?, Canon::from_name(body)?))
}

/// A domain name of two labels or more in lower case, if it is one. Unicode names are refused:
/// they stand in the DNS, and in records of control, in their ASCII form.
fn domain(text: &str) -> Option<String> {
    name(text).filter(|name| name.contains('.'))
}

/// Labels of letters, digits, hyphens and underscores, in lower case.
fn name(text: &str) -> Option<String> {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    (text.len() <= MAX_DOMAIN && text.split('.').all(is_label)).then(|| text.to_ascii_lowercase())
}

/// `[local part]@domain`, the domain at or below `d=`.
fn identity_domain(identity: &str, signing: &str) -> Option<String> {
    let (_, found) = identity.rsplit_once('@')?;
    let found = domain(found)?;
    is_at_or_below(&found, signing).then_some(found)
}

/// Whether a domain is another, or stands below it. Both in lower case.
pub fn is_at_or_below(domain: &str, above: &str) -> bool {
    domain.strip_suffix(above).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

fn is_field_name(name: &str) -> bool {
    (1..=MAX_NAME).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_graphic() && byte != b';')
}

fn time(text: &str) -> Option<i64> {
    (text.len() <= MAX_TIME_DIGITS && is_digits(text)).then(|| text.parse().ok())?
}

/// A length that no number of this machine holds is longer than any body.
fn length(text: &str) -> Option<u64> {
    let is_length = text.len() <= MAX_LENGTH_DIGITS && is_digits(text);
    is_length.then(|| text.parse().unwrap_or(u64::MAX))
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::{Proof, is_at_or_below};
    use crate::evidence::signature::checked::State;
    use crate::evidence::signature::dkim::canon::Canon;

    const GOOD: &str = "v=1; a=rsa-sha256; c=relaxed; d=Example.ORG; s=Mail.one; \
        i=a@b.example.org; h=From : to; l=12; t=10; x=11; \
        bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=; b=AAAA";

    #[test]
    fn a_field_is_read() {
        let proof = Proof::parse(GOOD).unwrap();
        assert_eq!(proof.key_name(), "mail.one._domainkey.example.org");
        assert_eq!((proof.field_canon, proof.body_canon), (Canon::Relaxed, Canon::Simple));
        assert_eq!(proof.names, ["from", "to"]);
        assert_eq!(proof.identity_domain, "b.example.org");
        assert_eq!(
            (proof.length, proof.signed_at, proof.expires_at),
            (Some(12), Some(10), Some(11))
        );
    }

    #[test]
    fn every_rule_of_the_field_is_held() {
        for (from, to, expected) in [
            ("v=1", "v=2", State::Unsupported),
            ("v=1; ", "", State::Malformed),
            ("rsa-sha256", "rsa-sha1", State::Malformed),
            ("rsa-sha256", "rsa-sha512", State::Unsupported),
            ("c=relaxed", "c=nofws", State::Malformed),
            ("d=Example.ORG", "d=org", State::Malformed),
            ("d=Example.ORG", "d=ex_\u{e9}.org", State::Malformed),
            ("d=Example.ORG", "d=.org", State::Malformed),
            ("s=Mail.one", "s=a b", State::Malformed),
            ("i=a@b.example.org", "i=a@bexample.org", State::Malformed),
            ("i=a@b.example.org", "i=example.org", State::Malformed),
            ("From : to", "to : subject", State::Malformed),
            ("From : to", "From :: to", State::Malformed),
            ("l=12", "l=-1", State::Malformed),
            ("t=10", "t=12", State::Malformed),
            ("t=10", "t=1e1", State::Malformed),
            ("bh=2j", "bh=j", State::Malformed),
            ("b=AAAA", "b=AAA", State::Malformed),
            ("b=AAAA", "b=", State::Malformed),
            ("b=AAAA", "b=AAAA; b=AAAA", State::Malformed),
            ("h=From", "q=http; h=From", State::Unsupported),
        ] {
            assert!(GOOD.contains(from), "{from}");
            let changed = GOOD.replacen(from, to, 1);
            assert_eq!(Proof::parse(&changed).map_err(|(state, _)| state), Err(expected), "{to}");
        }
        let long = Proof::parse(&GOOD.replace("l=12", &format!("l={}", "9".repeat(76)))).unwrap();
        assert_eq!(long.length, Some(u64::MAX));
    }

    #[test]
    fn a_domain_stands_below_another_by_whole_labels() {
        assert!(is_at_or_below("a.b", "a.b") && is_at_or_below("c.a.b", "a.b"));
        assert!(!is_at_or_below("ca.b", "a.b") && !is_at_or_below("b", "a.b"));
    }
}
