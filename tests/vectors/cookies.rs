//! `cookies.json`.

use std::time::Duration;

use sealed_session::http::{CookiePolicy, Found};

use crate::reading::{Vector, run, same};

#[test]
fn what_a_request_brings_is_found_refused_or_unclear() {
    run("cookies.json", |kind, vector| match (kind, found(vector)) {
        ("CookiesFound", Found::Session(session)) => {
            same("token", Some(session.record().id.as_str().to_owned()), vector.optional_text("token"))
        }
        ("CookiesFound", Found::Nothing) => same("token", None, vector.optional_text("token")),
        ("CookiesUnclear", Found::Unclear) => Ok(()),
        ("CookiesRefused", Found::Refused(error)) => {
            vector.same_refusal(&vector.text("outcome"), &vector.text("check"), &error)?;
            same("transient", error.keeps_cookie(), vector.is_transient())
        }
        (kind, other) => Err(format!("{kind}, and got {other:?}")),
    });
}

fn found(vector: &Vector) -> Found {
    let ms = |name| Duration::from_millis(vector.number(name));
    let builder = vector.builder().max_lifetime(ms("max_lifetime_ms")).max_ttl(ms("max_ttl_ms"));
    let in_two = vector.get("in_two").as_bool().unwrap();
    let policy = CookiePolicy::builder(vector.text("name")).chunked(in_two).build().unwrap();
    let headers: Vec<&str> =
        vector.get("headers").as_array().unwrap().iter().map(|header| header.as_str().unwrap()).collect();
    policy
        .presented(headers.iter().map(|header| header.as_bytes()))
        .open(&builder.build().unwrap(), &vector.hex("ad"))
}
