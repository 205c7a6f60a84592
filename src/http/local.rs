//! Whether a request is for this machine: all that a layer without `Secure` serves.

use std::net::IpAddr;

use http::{HeaderMap, Request, Version};

use super::authority::RequestAuthority;

/// What proxies, balancers and content networks add to requests, besides headers whose names begin with
/// `x-forwarded`. A proxy in front of a server that the world can reach may well ask it for `localhost:3000`.
const FORWARDED: [&str; 28] = [
    "akamai-origin-hop",
    "cdn-loop",
    "cf-connecting-ip",
    "cf-ray",
    "fastly-client-ip",
    "fastly-ff",
    "fly-client-ip",
    "forwarded",
    "front-end-https",
    "surrogate-capability",
    "true-client-ip",
    "via",
    "x-amz-cf-id",
    "x-amzn-trace-id",
    "x-arr-log-id",
    "x-azure-clientip",
    "x-client-ip",
    "x-cloud-trace-context",
    "x-cluster-client-ip",
    "x-envoy-external-address",
    "x-original-forwarded-for",
    "x-original-host",
    "x-proxyuser-ip",
    "x-real-ip",
    "x-remote-ip",
    "x-scheme",
    "x-url-scheme",
    "x-varnish",
];

/// By the host that the client asked for, with no proxy in between.
pub(super) fn is_for_this_machine<B>(request: &Request<B>) -> bool {
    if is_forwarded(request.headers()) {
        return false;
    }
    match RequestAuthority::of(request.uri(), request.headers()) {
        RequestAuthority::Valid(authority) => is_this_machine(authority.host()),
        // Since HTTP/1.1 every client and proxy says it, and only a request that was made in this process does not.
        RequestAuthority::Absent => request.version() > Version::HTTP_10,
        RequestAuthority::Invalid => false,
    }
}

fn is_forwarded(headers: &HeaderMap) -> bool {
    let is_forwarding = |name: &str| name.starts_with("x-forwarded") || FORWARDED.contains(&name);
    headers.keys().any(|name| is_forwarding(name.as_str()))
}

/// A host as [`Authority`](super::authority::Authority) has it.
fn is_this_machine(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    let is_own = |address: IpAddr| address.is_loopback() || address.is_unspecified();
    host == "localhost"
        || host.ends_with(".localhost")
        || address.is_ok_and(|address| is_own(address.to_canonical()))
}
