//! The host and port that a request asks for, over HTTP/1.1 and HTTP/2 alike.

use std::fmt;
use std::net::Ipv6Addr;

use http::header::HOST;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Uri};

/// A host in lower case and without a trailing dot, and the port that stands beside it.
///
/// Two spellings of one host are equal; two ports are equal as numbers. Whether a port is missing because it is the
/// default depends on the scheme, which the caller knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Authority {
    host: String,
    port: Option<u16>,
}

/// What the head of a request says of where it goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum RequestAuthority {
    /// Neither `:authority` nor `Host`.
    Absent,
    Valid(Authority),
    /// Several values of `Host`, one that contradicts `:authority`, or one that is malformed.
    Invalid,
}

/// The host that a request asks for, to tell tenants apart: `:authority` (HTTP/2, or the absolute form of
/// HTTP/1.1), else `Host`. It is in lower case and has no trailing dot, an IPv6 address stands in its brackets in the
/// shortest form, and a port follows unless it is 80 or 443. Both are left out whatever the scheme is: behind a proxy
/// that ends TLS, a server does not know which of the two its clients speak.
///
/// `None` where there is neither, where there are two headers `Host`, where `Host` contradicts `:authority`, and for
/// a host or port that is malformed. [`SessionLayerBuilder::bind_to`](super::SessionLayerBuilder::bind_to) has the
/// example.
///
/// A client chooses its `Host`. The function says what was asked for, not that such a tenant exists.
///
/// ```
/// use sealed_session::http::host;
///
/// let host_of = |value: &str| {
///     let (parts, ()) = http::Request::get("/").header("host", value).body(()).unwrap().into_parts();
///     host(&parts)
/// };
/// assert_eq!(host_of("Shop.Example.:443").as_deref(), Some("shop.example"));
/// assert_eq!(host_of("shop.example:08443").as_deref(), Some("shop.example:8443"));
/// assert_eq!(host_of("user@shop.example"), None);
/// ```
#[must_use]
pub fn host(request: &Parts) -> Option<String> {
    match RequestAuthority::of(&request.uri, &request.headers) {
        RequestAuthority::Valid(authority) => Some(authority.to_string()),
        RequestAuthority::Absent | RequestAuthority::Invalid => None,
    }
}

impl RequestAuthority {
    pub(super) fn of(uri: &Uri, headers: &HeaderMap) -> Self {
        let mut hosts = headers.get_all(HOST).iter();
        let header = match (hosts.next(), hosts.next()) {
            (header, None) => header.map(parsed),
            (_, Some(_)) => return Self::Invalid,
        };
        let target = uri.authority().map(|authority| Authority::parse(authority.as_str()));
        match (target, header) {
            (None, None) => Self::Absent,
            (Some(Some(one)), None) | (None, Some(Some(one))) => Self::Valid(one),
            (Some(Some(target)), Some(Some(header))) if target.agrees_with(&header) => Self::Valid(target),
            _ => Self::Invalid,
        }
    }
}

impl Authority {
    /// `host`, `host:` or `host:port`; no user name, no percent-encoding, no character that no name has.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (host, port) = if text.starts_with('[') {
            let (host, port) = text.split_at_checked(text.find(']')? + 1)?;
            (ipv6(host)?, if port.is_empty() { port } else { port.strip_prefix(':')? })
        } else {
            let (host, port) = text.split_once(':').unwrap_or((text, ""));
            (name(host)?, port)
        };
        Some(Self { host, port: number(port)? })
    }

    /// A name or an IPv4 address; an IPv6 address in its brackets.
    pub(super) fn host(&self) -> &str {
        &self.host
    }

    pub(super) fn port(&self) -> Option<u16> {
        self.port
    }

    /// As far as can be told without a scheme.
    fn agrees_with(&self, other: &Self) -> bool {
        self.host == other.host && self.port_of_no_scheme() == other.port_of_no_scheme()
    }

    /// A port that is the default of neither http nor https.
    fn port_of_no_scheme(&self) -> Option<u16> {
        self.port.filter(|port| !matches!(port, 80 | 443))
    }
}

impl fmt::Display for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.host)?;
        self.port_of_no_scheme().map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

fn parsed(host: &HeaderValue) -> Option<Authority> {
    Authority::parse(host.to_str().ok()?)
}

/// A name or an IPv4 address.
fn name(text: &str) -> Option<String> {
    let text = text.strip_suffix('.').unwrap_or(text);
    let is_label = |label: &str| {
        !label.is_empty()
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    text.split('.').all(is_label).then(|| text.to_ascii_lowercase())
}

/// In the form that browsers give it (RFC 5952, without its dotted form for IPv4-mapped addresses).
fn ipv6(text: &str) -> Option<String> {
    let address: Ipv6Addr = text.strip_prefix('[')?.strip_suffix(']')?.parse().ok()?;
    let [.., high, low] = address.segments();
    Some(match address.to_ipv4_mapped() {
        Some(_) => format!("[::ffff:{high:x}:{low:x}]"),
        None => format!("[{address}]"),
    })
}

/// RFC 3986 allows a port to be empty and to have leading zeros.
fn number(text: &str) -> Option<Option<u16>> {
    match text {
        "" => Some(None),
        _ if text.bytes().all(|byte| byte.is_ascii_digit()) => text.parse().ok().map(Some),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Option<(String, Option<u16>)> {
        Authority::parse(text).map(|authority| (authority.host, authority.port))
    }

    #[test]
    fn spellings_of_one_host_are_one() {
        for (text, host, port) in [
            ("shop.example", "shop.example", None),
            ("Shop.EXAMPLE.", "shop.example", None),
            ("shop.example:", "shop.example", None),
            ("shop_1.example:00443", "shop_1.example", Some(443)),
            ("[0:0:0:0:0:0:0:1]:80", "[::1]", Some(80)),
            ("[2001:DB8::A]", "[2001:db8::a]", None),
            ("[::ffff:127.0.0.1]", "[::ffff:7f00:1]", None),
            ("x:65535", "x", Some(65_535)),
        ] {
            assert_eq!(parsed(text), Some((host.to_owned(), port)), "{text}");
        }
    }

    #[test]
    fn what_names_no_host_is_refused() {
        for text in [
            "",
            ":",
            ":80",
            ".",
            "..",
            "x..",
            "x..y",
            ".x",
            "a@x",
            "@x",
            "x:y",
            "x:8:0",
            "x:65536",
            "x:99999",
            "x:-1",
            "x:+1",
            "x: 1",
            "x y",
            "x%2ey",
            "x/y",
            "x,y",
            "*.x",
            "bücher.example",
            "::1",
            "[::1",
            "[]",
            "[x]",
            "[::1]x",
            "[::1]80",
            "[fe80::1%25eth0]",
            "[127.0.0.1]",
            "x\u{0}",
        ] {
            assert_eq!(parsed(text), None, "{text:?}");
        }
    }
}
