//! Origins: the one of a request's sender, the own one, and those that are trusted (RFC 6454, RFC 9110 section 4.2).

use http::header::ORIGIN;
use http::{HeaderMap, Request};

use super::judge::Sender;
use crate::error::ConfigError;
use crate::http::authority::{Authority, RequestAuthority};

/// Scheme, host and port, each in one spelling: a port that is the scheme's default is left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Origin {
    scheme: String,
    host: String,
    port: Option<u16>,
}

/// What the pages of a site come by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scheme {
    Http,
    Https,
}

/// Of web pages, of extensions, and of apps that show pages of their own.
const SCHEMES: [&str; 9] = [
    "https",
    "http",
    "chrome-extension",
    "moz-extension",
    "safari-web-extension",
    "capacitor",
    "ionic",
    "tauri",
    "app",
];

impl Origin {
    fn new(scheme: &str, authority: &Authority) -> Self {
        let (scheme, host) = (scheme.to_ascii_lowercase(), authority.host().to_owned());
        let port = authority.port().filter(|&port| Some(port) != default_port(&scheme));
        Self { scheme, host, port }
    }

    fn parse(text: &str) -> Option<Self> {
        let (scheme, authority) = text.split_once("://")?;
        Some(Self::new(scheme, &Authority::parse(authority)?))
    }

    /// The origin of the site that a request is for. The scheme is the caller's knowledge: a proxy in front may end TLS.
    fn own<B>(request: &Request<B>, scheme: Scheme) -> Option<Self> {
        match RequestAuthority::of(request.uri(), request.headers()) {
            RequestAuthority::Valid(authority) => Some(Self::new(scheme.name(), &authority)),
            RequestAuthority::Absent | RequestAuthority::Invalid => None,
        }
    }

    /// An origin that a browser sends, in the only spelling that it sends.
    ///
    /// # Errors
    /// For any text that no browser ever sends: it would trust nobody.
    pub(super) fn trusted(text: &str) -> Result<Self, ConfigError> {
        let wrong = |why: &str| {
            Err(ConfigError(format!(
                "{text:?} is no origin to trust: {why}. Write it as browsers send it, such as \
                 https://app.shop.example or https://app.shop.example:8443"
            )))
        };
        if text.contains('*') {
            return wrong("there are no wildcards, so name each origin");
        }
        if !text.is_ascii() {
            return wrong("browsers send an international name in its ASCII form, which begins with xn--");
        }
        let Some((scheme, _)) = text.split_once("://") else {
            return wrong("it has to begin with a scheme, such as https://");
        };
        if !SCHEMES.contains(&scheme) {
            return wrong(
                "no browser sends this scheme; schemes are in lower case, and https is the usual one",
            );
        }
        let Some(origin) = Self::parse(text) else {
            return wrong("behind the scheme stand a host and perhaps a port up to 65535, and nothing else");
        };
        let sent = origin.as_sent();
        match () {
            () if sent != text => wrong(&format!("browsers send {sent:?} for it")),
            () if origin.port == Some(0) => wrong("no page comes from port 0"),
            () if origin.port.is_some() && default_port(scheme).is_none() => {
                wrong("this scheme has no ports")
            }
            () if !is_possible(&origin.host) => wrong("its host can be neither a name nor an IPv4 address"),
            () => Ok(origin),
        }
    }

    fn as_sent(&self) -> String {
        let Self { scheme, host, port } = self;
        port.map_or_else(|| format!("{scheme}://{host}"), |port| format!("{scheme}://{host}:{port}"))
    }
}

impl Scheme {
    fn name(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }
}

impl Sender {
    pub(super) fn of<B>(request: &Request<B>, scheme: Scheme, trusted: &[Origin]) -> Self {
        let text = match the_only_origin(request.headers()) {
            None => return Self::Absent,
            Some("null") => return Self::Opaque,
            Some(text) => text,
        };
        match Origin::parse(text) {
            Some(origin) if trusted.contains(&origin) => Self::Trusted,
            Some(origin) if Origin::own(request, scheme).is_some_and(|own| own == origin) => Self::Own,
            _ => Self::Other,
        }
    }
}

/// Text that parses as no origin stands for several, and for what is not text.
fn the_only_origin(headers: &HeaderMap) -> Option<&str> {
    let mut origins = headers.get_all(ORIGIN).iter();
    let origin = origins.next()?;
    Some(if origins.next().is_none() { origin.to_str().unwrap_or_default() } else { "" })
}

fn default_port(scheme: &str) -> Option<u16> {
    match scheme {
        "http" => Some(80),
        "https" => Some(443),
        _ => None,
    }
}

/// Whether a name resolves at all, and a host that ends in a number is the IPv4 address that browsers make of it.
fn is_possible(host: &str) -> bool {
    if host.starts_with('[') {
        return true;
    }
    let last = host.rsplit('.').next().unwrap_or_default();
    let is_hexadecimal =
        last.strip_prefix("0x").is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_hexdigit()));
    if is_hexadecimal || last.bytes().all(|byte| byte.is_ascii_digit()) {
        return host.parse::<std::net::Ipv4Addr>().is_ok();
    }
    host.len() <= 253 && host.split('.').all(|label| label.len() <= 63 && label != "xn--")
}
