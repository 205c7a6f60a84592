//! Requests as browsers send them.

use std::sync::Arc;

use http::{Request, header};

use crate::app::Plan;
use crate::script::{Ask, House, HostForm, Site};

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

pub fn request(ask: &Ask, host: &str, cookies: Option<&str>, plan: &Arc<Plan>) -> Request<()> {
    let (method, says, mode, dest) = match ask.site {
        Site::Same => ("GET", "same-origin", "cors", "empty"),
        Site::Link => ("GET", "cross-site", "navigate", "document"),
        Site::Post => ("POST", "cross-site", "navigate", "document"),
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
    let mut request = Request::builder()
        .method(method)
        .uri(target)
        .header("sec-fetch-site", says)
        .header("sec-fetch-mode", mode)
        .header("sec-fetch-dest", dest);
    for host in hosts {
        request = request.header(header::HOST, host);
    }
    if let Some(cookies) = cookies {
        request = request.header(header::COOKIE, cookies.as_bytes());
    }
    request.extension(Arc::clone(plan)).body(()).expect("a request of ours")
}
