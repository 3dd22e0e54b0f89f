//! Which addresses a page may be fetched from: those of the public internet, unless a person asks
//! for others.
//!
//! A claim file goes from hand to hand, and a server chooses where it redirects to: neither may make
//! this program read a router, a database or a cloud's metadata on the inside of somebody's network.
//! So the addresses are judged that a name leads to, just before the connection is made to one of
//! them, and not the name: a name that leads elsewhere a moment later gains nothing.

use std::error::Error as StdError;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

/// Which addresses may be connected to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Reach {
    /// Those of the public internet.
    #[default]
    Public,
    /// Those, and the ones named.
    PublicAnd(Vec<IpAddr>),
    /// All that belong to one machine, be it this one.
    Private,
}

impl Reach {
    /// What may be connected to on the way from a server that was named to one that was not.
    #[must_use]
    pub fn elsewhere(&self) -> Self {
        match self {
            Self::Private => Self::Public,
            other => other.clone(),
        }
    }

    /// Why an address may not be connected to; `None` if it may.
    pub fn refuses(&self, address: IpAddr) -> Option<&'static str> {
        let why = reserved(address)?;
        match self {
            Self::Public => Some(why),
            Self::PublicAnd(also) => (!also.contains(&address)).then_some(why),
            Self::Private => is_nobodys(address).then_some(why),
        }
    }
}

/// What an address is, if it is none of the public internet (the special-purpose registries of
/// IANA, RFC 6890); `None` if it is.
pub fn reserved(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(address) => reserved_v4(address),
        IpAddr::V6(address) => reserved_v6(address),
    }
}

fn reserved_v4(address: Ipv4Addr) -> Option<&'static str> {
    match address.octets() {
        [0, ..] => Some("an unspecified address"),
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] => Some("a private address"),
        [100, 64..=127, ..] => Some("an address shared within a provider's network"),
        [127, ..] => Some("an address of this machine"),
        [169, 254, ..] => Some("a link-local address"),
        [192, 0, 0, _] | [192, 88, 99, _] => Some("an address of a protocol"),
        [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _] => Some("a documentation address"),
        [198, 18..=19, ..] => Some("a benchmarking address"),
        [224..=239, ..] => Some("a multicast address"),
        [240..=255, ..] => Some("a reserved address"),
        _ => None,
    }
}

fn reserved_v6(address: Ipv6Addr) -> Option<&'static str> {
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0] => Some("an unspecified address"),
        [0, 0, 0, 0, 0, 0, 0, 1] => Some("an address of this machine"),
        [0, 0, 0, 0, 0, 0xffff, ..] => Some("an IPv4 address written as IPv6"),
        // Where a network has no IPv4, its translator is the way to all of IPv4 (RFC 6052).
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
            reserved_v4(Ipv4Addr::new(a, b, c, d))
        }
        [0xfc00..=0xfdff | 0xfec0..=0xfeff, ..] => Some("a private address"),
        [0xfe80..=0xfebf, ..] => Some("a link-local address"),
        [0xff00..=0xffff, ..] => Some("a multicast address"),
        [0x2001, 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => Some("a documentation address"),
        [0x2001, 0..=0x1ff, ..] | [0x2002, ..] => Some("an address of a protocol"),
        // Nothing but 2000::/3 is given out to networks (RFC 4291 section 2.4).
        [0x2000..=0x3fff, ..] => None,
        _ => Some("a reserved address"),
    }
}

/// Whether no single machine has this address, so that no flag makes it one to ask.
fn is_nobodys(address: IpAddr) -> bool {
    address.is_unspecified() || address.is_multicast() || address == Ipv4Addr::BROADCAST
}

/// That a name leads to no address that may be connected to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refused {
    /// The first address that it leads to.
    pub(crate) address: IpAddr,
    /// What that address is.
    pub(crate) what: &'static str,
}

impl fmt::Display for Refused {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} is {}", self.address, self.what)
    }
}

impl StdError for Refused {}

/// Looks names up, and hands on what may be connected to. Addresses written in URLs come this way
/// too.
#[derive(Debug)]
pub(crate) struct Guard(pub(crate) Reach);

impl Resolver for Guard {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let found = DefaultResolver::default().resolve(uri, config, timeout)?;
        let mut allowed = self.empty();
        let mut refused = None;
        for socket in &*found {
            match self.0.refuses(socket.ip()) {
                None => allowed.push(*socket),
                Some(what) => refused = refused.or(Some(Refused { address: socket.ip(), what })),
            }
        }
        match refused {
            Some(refused) if allowed.is_empty() => Err(ureq::Error::Other(Box::new(refused))),
            _ => Ok(allowed),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::{Reach, reserved};

    fn check(address: &str, expected: Option<&str>) {
        let address: IpAddr = address.parse().unwrap();
        assert_eq!(reserved(address), expected, "{address}");
    }

    #[test]
    fn the_first_and_last_address_of_every_range_and_their_neighbours_are_told_apart() {
        let ranges = [
            ("0.0.0.0", "0.255.255.255", "an unspecified address"),
            ("10.0.0.0", "10.255.255.255", "a private address"),
            ("100.64.0.0", "100.127.255.255", "an address shared within a provider's network"),
            ("127.0.0.0", "127.255.255.255", "an address of this machine"),
            ("169.254.0.0", "169.254.255.255", "a link-local address"),
            ("172.16.0.0", "172.31.255.255", "a private address"),
            ("192.0.0.0", "192.0.0.255", "an address of a protocol"),
            ("192.0.2.0", "192.0.2.255", "a documentation address"),
            ("192.88.99.0", "192.88.99.255", "an address of a protocol"),
            ("192.168.0.0", "192.168.255.255", "a private address"),
            ("198.18.0.0", "198.19.255.255", "a benchmarking address"),
            ("198.51.100.0", "198.51.100.255", "a documentation address"),
            ("203.0.113.0", "203.0.113.255", "a documentation address"),
            ("224.0.0.0", "239.255.255.255", "a multicast address"),
            ("240.0.0.0", "255.255.255.255", "a reserved address"),
            ("::", "::", "an unspecified address"),
            ("::1", "::1", "an address of this machine"),
            ("::2", "::fffe:ffff:ffff", "a reserved address"),
            ("::ffff:0.0.0.0", "::ffff:255.255.255.255", "an IPv4 address written as IPv6"),
            ("64:ff9b::10.0.0.1", "64:ff9b::10.0.0.1", "a private address"),
            ("64:ff9b::127.0.0.1", "64:ff9b::127.0.0.1", "an address of this machine"),
            ("64:ff9b:1::", "64:ff9b:1::", "a reserved address"),
            ("2001::", "2001:1ff:ffff::", "an address of a protocol"),
            ("2001:db8::", "2001:db8:ffff::", "a documentation address"),
            ("2002::", "2002:ffff::", "an address of a protocol"),
            ("3fff::", "3fff:fff:ffff::", "a documentation address"),
            ("4000::", "5fff::", "a reserved address"),
            ("fc00::", "fdff:ffff::", "a private address"),
            ("fe80::", "febf:ffff::", "a link-local address"),
            ("fec0::", "feff:ffff::", "a private address"),
            ("ff00::", "ffff:ffff::", "a multicast address"),
        ];
        for (first, last, what) in ranges {
            check(first, Some(what));
            check(last, Some(what));
        }
        for public in [
            "1.0.0.0",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.0",
            "192.0.3.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "203.0.112.255",
            "203.0.114.0",
            "223.255.255.255",
            "2000::",
            "2001:200::",
            "2001:db7::",
            "2001:db9::",
            "2003::",
            "3ffe:ffff::",
            "3fff:1000::",
            "64:ff9b::8.8.8.8",
        ] {
            check(public, None);
        }
    }

    #[test]
    fn what_a_person_asks_for_is_let_through_and_nobodys_addresses_never() {
        let [near, other, nobody]: [IpAddr; 3] =
            ["127.0.0.1", "10.0.0.1", "0.0.0.0"].map(|it| it.parse().unwrap());
        assert!(Reach::Public.refuses(near).is_some());
        let named = Reach::PublicAnd(vec![near]);
        assert!(named.refuses(near).is_none() && named.refuses(other).is_some());
        assert!(Reach::Private.refuses(near).is_none() && Reach::Private.refuses(other).is_none());
        for nobody in [nobody, "255.255.255.255".parse().unwrap(), "ff02::1".parse().unwrap()] {
            assert!(Reach::Private.refuses(nobody).is_some(), "{nobody}");
        }
        assert!(Reach::Public.refuses("8.8.8.8".parse().unwrap()).is_none());
    }
}
