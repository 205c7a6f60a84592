//! `seshcookie`: ChaCha20-Poly1305 (ring), base64url. It has no way in but its tower layer, so a request goes
//! through that to a handler, without a runtime: nothing in it waits. The layer checks the age of the cookie;
//! the expiry of the session itself is checked by hand.

use std::convert::Infallible;
use std::time::Duration;

use axum_core::extract::FromRequestParts;
use http::header::{COOKIE as COOKIE_HEADER, SET_COOKIE};
use http::{Request, Response};
use seshcookie::{Session, SessionConfig, SessionKeys, SessionLayer};
use tower::{Layer, ServiceExt, service_fn};

use super::COOKIE;
use crate::claims::{Claims, JsonIn, Opened, TTL_S};
use crate::{Peer, now};

type Sessions = SessionLayer<JsonIn>;

pub(super) struct Seshcookie(Sessions);

impl Seshcookie {
    pub(super) fn new() -> Self {
        let keys = SessionKeys::new(&[7; 32]).expect("32 bytes");
        let config = SessionConfig::default().cookie_name(COOKIE).max_age(Duration::from_secs(TTL_S));
        Self(SessionLayer::new(keys, config).expect("the settings agree"))
    }
}

impl Peer for Seshcookie {
    fn name(&self) -> &'static str {
        "seshcookie"
    }

    fn seal(&self, claims: &Claims) -> String {
        let payload = JsonIn::from(claims);
        let login = service_fn(move |request: Request<()>| {
            let payload = payload.clone();
            async move {
                session(request).await.insert(payload).await;
                Ok::<_, Infallible>(Response::new(()))
            }
        });
        let Ok(response) = now(self.0.layer(login).oneshot(Request::new(())));
        let header = response.headers().get(SET_COOKIE).expect("the session has changed");
        super::cookie_value(header.to_str().expect("ASCII")).expect("a name and a value")
    }

    fn open(&self, token: &str) -> Option<Opened> {
        let whoami = service_fn(async |request: Request<()>| {
            Ok::<_, Infallible>(Response::new(session(request).await.get().await))
        });
        let request = Request::builder().header(COOKIE_HEADER, format!("{COOKIE}={token}")).body(()).ok()?;
        let Ok(response) = now(self.0.layer(whoami).oneshot(request));
        Opened::from(response.into_body()?).live()
    }
}

/// What axum hands to a handler that asks for a `Session`.
async fn session(request: Request<()>) -> Session<JsonIn> {
    let (mut parts, ()) = request.into_parts();
    Session::from_request_parts(&mut parts, &()).await.expect("the layer is there")
}
