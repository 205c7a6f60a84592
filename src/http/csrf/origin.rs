//! Where a request comes from, as its browser says.

use http::header::{HOST, ORIGIN};
use http::uri::Authority;
use http::{HeaderValue, Request, Uri};

use super::future::Refusal;

/// Refuses what comes from another site, unless it is one of those that are trusted.
///
/// `Sec-Fetch-Site` (W3C Fetch Metadata) is the browser's own word, which no page can change. Browsers that do not
/// send it send `Origin` with such methods (RFC 6454).
pub(super) fn check<B>(request: &Request<B>, trusted: &[HeaderValue]) -> Result<(), Refusal> {
    let origin = request.headers().get(ORIGIN);
    if origin.is_some_and(|origin| trusted.contains(origin)) {
        return Ok(());
    }
    let same = match request.headers().get("sec-fetch-site") {
        Some(site) => site == "same-origin" || site == "none",
        None => origin.is_none_or(|origin| is_of_this_host(origin, request)),
    };
    if same { Ok(()) } else { Err(Refusal::AnotherSite) }
}

/// By host and port: which scheme a proxy in front speaks is not known here.
fn is_of_this_host<B>(origin: &HeaderValue, request: &Request<B>) -> bool {
    let origin = origin.to_str().ok().and_then(|origin| origin.parse::<Uri>().ok());
    let header = request.headers().get(HOST).and_then(|host| host.to_str().ok());
    let host = header.and_then(|host| host.parse::<Authority>().ok());
    let host = host.as_ref().or_else(|| request.uri().authority());
    // `Authority` compares without regard to case.
    origin.as_ref().and_then(Uri::authority).is_some_and(|origin| Some(origin) == host)
}
