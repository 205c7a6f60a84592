//! Requests as browsers send them.

use std::sync::Arc;

use http::{Request, header};

use crate::app::Plan;
use crate::script::{Ask, HostForm, Site};
use crate::settings::{House, SameSite};

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
        Site::Same | Site::Unsaid => false,
        Site::Link => same_site == SameSite::Strict,
        Site::Post | Site::Frame => same_site != SameSite::None,
    }
}

pub fn request(ask: &Ask, host: &str, cookies: Option<&str>, plan: &Arc<Plan>) -> Request<()> {
    let (method, said) = match ask.site {
        Site::Same => ("GET", Some(["same-origin", "cors", "empty"])),
        Site::Link => ("GET", Some(["cross-site", "navigate", "document"])),
        Site::Post => ("POST", Some(["cross-site", "navigate", "document"])),
        Site::Frame => ("GET", Some(["cross-site", "navigate", "iframe"])),
        Site::Unsaid => ("GET", None),
    };
    let target = format!("https://{host}/");
    let (target, hosts) = match ask.host {
        HostForm::Target => (&*target, vec![]),
        HostForm::Both => (&*target, vec![host.to_owned()]),
        HostForm::Header => ("/", vec![host.to_owned()]),
        HostForm::UpperCase => ("/", vec![host.to_ascii_uppercase()]),
        HostForm::TrailingDot => ("/", vec![format!("{host}.")]),
        HostForm::DefaultPort => ("/", vec![format!("{host}:443")]),
        HostForm::Missing => ("/", vec![]),
        HostForm::Twice => ("/", vec![host.to_owned(), host.to_owned()]),
        HostForm::Contradicted => (&*target, vec!["other.example".to_owned()]),
    };
    let mut request = Request::builder().method(method).uri(target);
    if let Some([site, mode, dest]) = said {
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
    request.extension(Arc::clone(plan)).body(()).expect("a request of ours")
}
