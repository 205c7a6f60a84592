//! Requests as browsers send them.

use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Version, header};
use http_body_util::Full;

use crate::app::Plan;
use crate::cache::ETAG;
use crate::script::{Ask, HostForm, Site};
use crate::sender::{Act, Proof};
use crate::settings::{House, SameSite};

pub type Body = Full<Bytes>;

/// The hosts of the tenants; without tenants the first is that of all.
pub const HOSTS: [&str; 2] = ["shop.example", "fair.shop.example"];

/// Whose host a request asks for.
pub fn tenant(house: House, ask: &Ask) -> u8 {
    if house.tenants { ask.tenant % 2 } else { 0 }
}

/// What the sessions of a tenant are bound to, and the scope of its users.
pub fn scope(house: House, tenant: u8) -> &'static str {
    if house.tenants { host_of(tenant) } else { "" }
}

pub fn host_of(tenant: u8) -> &'static str {
    HOSTS[usize::from(tenant) % HOSTS.len()]
}

/// Whether a browser keeps a cookie with this attribute back from such a request.
pub fn holds_back(same_site: SameSite, site: Site) -> bool {
    match site {
        Site::Same | Site::Sibling | Site::Unsaid => false,
        Site::Link => same_site == SameSite::Strict,
        Site::Post | Site::Frame => same_site != SameSite::None,
    }
}

/// A request of a client, with the token that stands in its form.
pub fn request(
    house: House,
    ask: &Ask,
    host: &str,
    cookies: Option<&str>,
    token: Option<&str>,
    plan: &Arc<Plan>,
) -> Request<Body> {
    let act = ask.act(house);
    let path = house.form.path();
    let target = format!("https://{host}{path}");
    let (target, hosts) = match ask.host {
        HostForm::Target => (&*target, vec![]),
        HostForm::Both => (&*target, vec![host.to_owned()]),
        HostForm::Header => (path, vec![host.to_owned()]),
        HostForm::UpperCase => (path, vec![host.to_ascii_uppercase()]),
        HostForm::TrailingDot => (path, vec![format!("{host}.")]),
        HostForm::DefaultPort => (path, vec![format!("{host}:443")]),
        HostForm::Missing => (path, vec![]),
        HostForm::Twice => (path, vec![host.to_owned(), host.to_owned()]),
        HostForm::Contradicted => (&*target, vec!["other.example".to_owned()]),
    };
    let mut request = Request::builder().method(method(act)).uri(target);
    if let Some([site, mode, dest]) = said(ask.site) {
        request = request
            .header("sec-fetch-site", site)
            .header("sec-fetch-mode", mode)
            .header("sec-fetch-dest", dest);
    }
    for host in hosts {
        request = request.header(header::HOST, host);
    }
    if let Some(cookies) = cookies {
        request = request.header(header::COOKIE, cookies.as_bytes());
    }
    if plan.revalidates {
        request = request.header(header::IF_NONE_MATCH, ETAG);
    }
    let mut body = Body::default();
    if house.csrf.is_some() {
        request = match act {
            Act::Upgrade => request.header(header::UPGRADE, "websocket"),
            Act::Connect => request.version(Version::HTTP_2),
            _ => request,
        };
        if let Some(origin) = ask.sender.origin.text(host) {
            request = request.header(header::ORIGIN, origin);
        }
        match (token, ask.sender.token) {
            (Some(token), Proof::InForm) => {
                request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
                body = Body::from(Bytes::from(format!("a=1&csrf_token={token}&b=")));
            }
            (Some(token), _) => request = request.header("x-csrf-token", token),
            (None, _) => {}
        }
    }
    request.extension(Arc::clone(plan)).body(body).expect("a request of ours")
}

fn method(act: Act) -> &'static str {
    match act {
        Act::Get | Act::Upgrade => "GET",
        Act::Head => "HEAD",
        Act::Post => "POST",
        Act::Delete => "DELETE",
        Act::Connect => "CONNECT",
    }
}

/// A request for an endpoint for devices.
pub fn exchange(host: &str, path: &str, cookies: Option<&str>, headers: &[(&str, String)]) -> Request<Body> {
    let mut request = Request::builder().method("POST").uri(format!("https://{host}{path}"));
    request = request.header("sec-fetch-site", "same-origin");
    if let Some(cookies) = cookies {
        request = request.header(header::COOKIE, cookies.as_bytes());
    }
    for (name, value) in headers {
        request = request.header(*name, value);
    }
    request.body(Body::default()).expect("a request of ours")
}

/// What a browser says of where a request comes from.
fn said(site: Site) -> Option<[&'static str; 3]> {
    match site {
        Site::Same => Some(["same-origin", "cors", "empty"]),
        Site::Sibling => Some(["same-site", "cors", "empty"]),
        Site::Link | Site::Post => Some(["cross-site", "navigate", "document"]),
        Site::Frame => Some(["cross-site", "navigate", "iframe"]),
        Site::Unsaid => None,
    }
}
