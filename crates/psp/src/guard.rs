//! The address guard: which addresses may be spoken to, where somebody else chose the address.
//!
//! A name is judged by what it resolves to, at connect time ([`crate::http`] connects only to what passed), so that a
//! name that changes its mind between check and use gains nothing. The ranges are IANA's special-purpose registries:
//! <https://www.iana.org/assignments/iana-ipv4-special-registry> and
//! <https://www.iana.org/assignments/iana-ipv6-special-registry>.

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use url::{Host, Url};

/// What the operator allows beyond the public internet.
#[derive(Clone, Debug, Default)]
pub struct GuardPolicy {
    /// `127.0.0.0/8` and `::1`: for the demo and for tests.
    pub allow_loopback: bool,
    /// Networks that are allowed though they are special: the operator's own.
    pub allow_nets: Vec<IpNet>,
    /// Refuse plain `http` everywhere.
    pub https_only: bool,
}

/// Why an address is refused. The text may be shown to whoever gave the address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GuardError {
    /// Not a URL.
    #[error("not a URL with a host")]
    NotAUrl,
    /// Neither `http` nor `https`.
    #[error("the scheme must be https or http")]
    Scheme,
    /// Plain `http` where only `https` may be used.
    #[error("the scheme must be https")]
    HttpsOnly,
    /// `https://user:password@host/`.
    #[error("a user name or password in a URL is not allowed")]
    Userinfo,
    /// A port of another protocol.
    #[error("port {0} is not allowed: use 443, 80 or a port from 1024")]
    Port(u16),
    /// No address of the host may be spoken to.
    #[error("the address is not on the public internet")]
    Address,
}

/// The lowest port, besides those of `http` and `https`, that may be spoken to: the ones below belong to other protocols.
const PORT_MIN: u16 = 1024;

const fn v4(a: u8, b: u8, c: u8, d: u8, prefix: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), prefix)
}

const fn v6(a: u16, b: u16, c: u16, prefix: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0), prefix)
}

const LOOPBACK_V4: Ipv4Net = v4(127, 0, 0, 0, 8);

/// Every range of IPv4 that is not the public internet.
const SPECIAL_V4: [Ipv4Net; 20] = [
    v4(0, 0, 0, 0, 8),        // this host, this network
    v4(10, 0, 0, 0, 8),       // private
    v4(100, 64, 0, 0, 10),    // carrier-grade NAT; also a cloud's metadata (100.100.100.200)
    LOOPBACK_V4,              // loopback
    v4(168, 63, 129, 16, 32), // Azure's wire server: a public number that every machine there reaches
    v4(169, 254, 0, 0, 16),   // link-local; most clouds' metadata (169.254.169.254)
    v4(172, 16, 0, 0, 12),    // private
    v4(192, 0, 0, 0, 24),     // protocol assignments; Oracle's metadata (192.0.0.192)
    v4(192, 0, 2, 0, 24),     // documentation
    v4(192, 31, 196, 0, 24),  // AS112
    v4(192, 52, 193, 0, 24),  // AMT
    v4(192, 88, 99, 0, 24),   // 6to4 relays, deprecated
    v4(192, 168, 0, 0, 16),   // private
    v4(192, 175, 48, 0, 24),  // AS112
    v4(198, 18, 0, 0, 15),    // benchmarking
    v4(198, 51, 100, 0, 24),  // documentation
    v4(203, 0, 113, 0, 24),   // documentation
    v4(224, 0, 0, 0, 4),      // multicast
    v4(240, 0, 0, 0, 4),      // reserved
    v4(255, 255, 255, 255, 32),
];

/// The only part of IPv6 that is handed out. Outside lie loopback, unspecified, IPv4-mapped and -compatible, NAT64,
/// discard-only, SRv6, unique local, link-local, site-local and multicast.
const GLOBAL_V6: Ipv6Net = v6(0x2000, 0, 0, 3);

/// What within [`GLOBAL_V6`] is not the public internet.
const SPECIAL_V6: [Ipv6Net; 5] = [
    v6(0x2001, 0, 0, 23),         // protocol assignments: Teredo, benchmarking, ORCHID, …
    v6(0x2001, 0xdb8, 0, 32),     // documentation
    v6(0x2002, 0, 0, 16),         // 6to4: wraps any IPv4 address
    v6(0x2620, 0x4f, 0x8000, 48), // AS112
    v6(0x3fff, 0, 0, 20),         // documentation
];

impl GuardPolicy {
    /// Lets every network through: what is judged is the form of an address alone.
    pub fn any_network() -> Self {
        let allow_nets = vec![Ipv4Net::default().into(), Ipv6Net::default().into()];
        Self { allow_nets, ..Self::default() }
    }

    /// Judges all of a URL that can be judged without DNS.
    ///
    /// # Errors
    /// [`GuardError`] says what is wrong with it.
    pub fn check_url(&self, url: &str) -> Result<Url, GuardError> {
        let url = Url::parse(url).map_err(|_| GuardError::NotAUrl)?;
        match url.scheme() {
            "https" => {}
            "http" if self.https_only => return Err(GuardError::HttpsOnly),
            "http" => {}
            _ => return Err(GuardError::Scheme),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(GuardError::Userinfo);
        }
        let port = url.port_or_known_default().ok_or(GuardError::NotAUrl)?;
        if port < PORT_MIN && port != 80 && port != 443 {
            return Err(GuardError::Port(port));
        }
        let allowed = match url.host().ok_or(GuardError::NotAUrl)? {
            Host::Domain(_) => true,
            Host::Ipv4(address) => self.allows(address.into()),
            Host::Ipv6(address) => self.allows(address.into()),
        };
        if allowed { Ok(url) } else { Err(GuardError::Address) }
    }

    /// Whether this address may be spoken to.
    pub fn allows(&self, address: IpAddr) -> bool {
        let loopback = match address {
            IpAddr::V4(v4) => LOOPBACK_V4.contains(&v4),
            IpAddr::V6(v6) => v6.is_loopback(),
        };
        is_public(address)
            || (loopback && self.allow_loopback)
            || self.allow_nets.iter().any(|net| net.contains(&address))
    }
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => !SPECIAL_V4.iter().any(|net| net.contains(&v4)),
        IpAddr::V6(v6) => GLOBAL_V6.contains(&v6) && !SPECIAL_V6.iter().any(|net| net.contains(&v6)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(policy: &GuardPolicy, address: &str) -> bool {
        policy.allows(address.parse().expect("an address"))
    }

    #[test]
    fn only_the_public_internet_passes() {
        let policy = GuardPolicy::default();
        for address in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "10.255.255.255",
            "100.64.0.1",
            "100.100.100.200",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.255.254",
            "168.63.129.16",
            "169.254.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.1",
            "192.0.0.192",
            "192.0.2.1",
            "192.31.196.1",
            "192.52.193.1",
            "192.88.99.1",
            "192.168.0.1",
            "192.168.255.255",
            "192.175.48.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.7",
            "203.0.113.7",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::7f00:1",
            "::ffff:127.0.0.1",
            "::ffff:8.8.8.8",
            "::ffff:0:8.8.8.8",
            "64:ff9b::808:808",
            "64:ff9b:1::1",
            "100::1",
            "100:0:0:1::1",
            "2001::1",
            "2001:2::1",
            "2001:10::1",
            "2001:20::1",
            "2001:1ff::1",
            "2001:db8::1",
            "2002:7f00:1::1",
            "2002:808:808::1",
            "2620:4f:8000::1",
            "3fff::1",
            "3fff:fff::1",
            "5f00::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "febf::1",
            "fec0::1",
            "ff02::1",
            "4000::1",
            "1fff::1",
            "8000::1",
        ] {
            assert!(!allows(&policy, address), "{address}");
        }
        for address in [
            "1.1.1.1",
            "8.8.8.8",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.1",
            "168.63.129.15",
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.1",
            "192.0.3.1",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "2606:4700::1111",
            "2a00:1450::1",
            "2001:4860:4860::8888",
            "2001:200::1",
            "2003::1",
            "2620:4f:8001::1",
            "3ffe::1",
            "3fff:1000::1",
        ] {
            assert!(allows(&policy, address), "{address}");
        }
    }

    #[test]
    fn any_network_passes_where_only_the_form_is_judged() {
        let form = GuardPolicy::any_network();
        for address in
            ["127.0.0.1", "10.0.0.1", "169.254.169.254", "255.255.255.255", "::1", "fe80::1", "8.8.8.8"]
        {
            assert!(allows(&form, address), "{address}");
        }
        assert_eq!(form.check_url("ftp://10.0.0.1/").err(), Some(GuardError::Scheme));
    }

    #[test]
    fn the_operator_can_open_a_network_and_no_more() {
        let loopback = GuardPolicy { allow_loopback: true, ..GuardPolicy::default() };
        assert!(allows(&loopback, "127.0.0.1") && allows(&loopback, "::1"));
        assert!(!allows(&loopback, "10.0.0.1") && !allows(&loopback, "::ffff:127.0.0.1"));
        let nets = vec!["10.1.0.0/16".parse().unwrap(), "fd00:1::/64".parse().unwrap()];
        let own = GuardPolicy { allow_nets: nets, ..GuardPolicy::default() };
        assert!(allows(&own, "10.1.2.3") && allows(&own, "fd00:1::5"));
        assert!(!allows(&own, "10.2.0.1") && !allows(&own, "fd00:2::5") && !allows(&own, "127.0.0.1"));
    }

    #[test]
    fn urls_are_judged_before_any_look_up() {
        let policy = GuardPolicy::default();
        let verdict = |url: &str| policy.check_url(url).map(|url| url.to_string());
        assert_eq!(verdict("https://api.tap.company/v2"), Ok("https://api.tap.company/v2".to_owned()));
        for (url, error) in [
            ("", GuardError::NotAUrl),
            ("merchant.example/hook", GuardError::NotAUrl),
            ("https://", GuardError::NotAUrl),
            ("ftp://merchant.example/", GuardError::Scheme),
            ("file:///etc/passwd", GuardError::Scheme),
            ("gopher://merchant.example/", GuardError::Scheme),
            ("javascript:alert(1)", GuardError::Scheme),
            ("https://user@merchant.example/", GuardError::Userinfo),
            ("https://:secret@merchant.example/", GuardError::Userinfo),
            ("https://merchant.example:25/", GuardError::Port(25)),
            ("https://merchant.example:0/", GuardError::Port(0)),
            ("https://127.0.0.1/", GuardError::Address),
            ("https://[::1]/", GuardError::Address),
            ("https://[::ffff:10.0.0.1]/", GuardError::Address),
            // Other spellings of 127.0.0.1, 10.0.0.1 and 169.254.169.254.
            ("http://127.1/", GuardError::Address),
            ("http://0x7f.0.0.1/", GuardError::Address),
            ("http://2130706433/", GuardError::Address),
            ("http://012.0.0.1/", GuardError::Address),
            ("http://①②⑦.0.0.1/", GuardError::Address),
            ("http://169.254.169.254/latest/meta-data", GuardError::Address),
        ] {
            assert_eq!(verdict(url), Err(error), "{url}");
        }
        let https = GuardPolicy { https_only: true, ..GuardPolicy::default() };
        assert_eq!(https.check_url("http://merchant.example/").err(), Some(GuardError::HttpsOnly));
        assert!(https.check_url("https://merchant.example:8443/").is_ok());
    }
}
