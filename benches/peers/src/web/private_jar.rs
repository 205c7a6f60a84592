//! `axum-extra`, `PrivateCookieJar`: an encrypted cookie without sessions. The application keeps a struct in it as
//! JSON, and an expiry, which it checks by hand.

use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::routing::get;
use axum_extra::extract::cookie::{Cookie, Key, PrivateCookieJar, SameSite};
use serde::{Deserialize, Serialize};

use super::unread;
use super::visit::{AFTER, Visit};
use crate::claims::{TTL_S, now_ms};

const COOKIE: &str = "session";

/// A session as the application keeps it.
#[derive(Serialize, Deserialize)]
struct Kept {
    expires_ms: u64,
    visit: Visit,
}

pub(super) fn app() -> Router {
    Router::new()
        .route("/login/{size}", get(login))
        .route("/unread", get(unread))
        .route("/read", get(read))
        .route("/update", get(update))
        .route("/whole", get(whole))
        .with_state(Key::generate())
}

async fn login(Path(size): Path<usize>, jar: PrivateCookieJar) -> (PrivateCookieJar, &'static str) {
    (jar.add(cookie(&Kept { expires_ms: now_ms() + TTL_S * 1000, visit: Visit::new(size) })), "done")
}

async fn read(jar: PrivateCookieJar) -> Result<String, StatusCode> {
    Ok(kept(&jar)?.visit.data.theme)
}

async fn update(jar: PrivateCookieJar) -> Result<(PrivateCookieJar, &'static str), StatusCode> {
    let mut kept = kept(&jar)?;
    kept.visit.data.theme = AFTER.into();
    Ok((jar.add(cookie(&kept)), "done"))
}

async fn whole(jar: PrivateCookieJar) -> Result<String, StatusCode> {
    Ok(kept(&jar)?.visit.to_json())
}

fn kept(jar: &PrivateCookieJar) -> Result<Kept, StatusCode> {
    let cookie = jar.get(COOKIE).ok_or(StatusCode::UNAUTHORIZED)?;
    let kept: Kept = serde_json::from_str(cookie.value()).map_err(|_| StatusCode::UNAUTHORIZED)?;
    if now_ms() < kept.expires_ms { Ok(kept) } else { Err(StatusCode::UNAUTHORIZED) }
}

/// With the attributes that the others send too.
fn cookie(kept: &Kept) -> Cookie<'static> {
    let value = serde_json::to_string(kept).expect("a struct of texts and numbers is JSON");
    let left = kept.expires_ms.saturating_sub(now_ms()).div_ceil(1000);
    Cookie::build((COOKIE, value))
        .path("/")
        .secure(true)
        .http_only(true)
        .same_site(SameSite::Lax)
        .max_age(time::Duration::seconds(left.cast_signed()))
        .build()
}
