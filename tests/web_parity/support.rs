//! A site with one handler of the test's own, and requests with cookies that no client would keep.

use axum::routing::post;
use axum::{Json, Router};
use reqwest::header::COOKIE;
use sealed_session::http::{CookiePolicyBuilder, DataError, Session, SessionLayerBuilder};
use sealed_session::{SealedStoreBuilder, SessionUid};
use serde_json::Value;

use crate::site::{Client, Reply, Site, over_http, routes};

/// A site whose `POST /here` does this.
pub(crate) async fn site(
    here: impl Fn(&Session) -> Result<Value, DataError> + Clone + Send + Sync + 'static,
) -> Site {
    let here = post(move |session: Session| std::future::ready(here(&session).map(Json)));
    Site::of(in_the_clear, |layer| layer.cookie(over_http), routes().route("/here", here)).await
}

/// A site as it is by default, whose cookie clients send over https only.
pub(crate) async fn secure_site() -> Site {
    Site::of(|store| store, |layer| layer, routes()).await
}

/// A site with Secure cookies of another name and with other attributes.
pub(crate) async fn secure_site_with(
    name: &'static str,
    cookie: impl FnOnce(CookiePolicyBuilder) -> CookiePolicyBuilder,
) -> Site {
    Site::of(|store| store.cookie_name(name), |layer| layer.cookie(cookie), routes()).await
}

/// A site over http with a store of the test's own.
pub(crate) async fn site_over(
    store: impl FnOnce(SealedStoreBuilder) -> SealedStoreBuilder,
    layer: impl FnOnce(SessionLayerBuilder) -> SessionLayerBuilder,
) -> Site {
    Site::of(|builder| store(in_the_clear(builder)), |builder| layer(builder.cookie(over_http)), routes())
        .await
}

fn in_the_clear(store: SealedStoreBuilder) -> SealedStoreBuilder {
    store.cookie_name("session")
}

/// A request with just this header `Cookie`, or none if it is empty.
pub(crate) async fn post_with(site: &Site, path: &str, cookie: &str) -> Reply {
    let request = reqwest::Client::new().post(format!("{}{path}", site.url));
    let request = if cookie.is_empty() { request } else { request.header(COOKIE, cookie) };
    Reply::of(request.send().await.unwrap()).await
}

pub(crate) async fn get_with(site: &Site, path: &str, cookie: &str) -> Reply {
    site.get_with(path, &[cookie.as_bytes()]).await
}

/// A server with an app that has layers of its own.
pub(crate) async fn serve(app: Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    url
}

impl Client {
    /// What `POST /here` answers.
    pub(crate) async fn here(&self) -> Value {
        self.post("/here").await.json()
    }

    pub(crate) async fn uid(&self) -> String {
        self.info().await["uid"].as_str().unwrap().to_owned()
    }
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        assert_eq!(self.status, 200, "{self:?}");
        serde_json::from_str(&self.body).unwrap()
    }

    /// The seconds of `Max-Age`, if there is one.
    pub(crate) fn max_age(&self) -> Option<u64> {
        self.attribute("Max-Age").map(|seconds| seconds.parse().unwrap())
    }

    /// The value of an attribute, which is empty for one without.
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        let attributes = self.set_cookie().split("; ").skip(1);
        attributes.map(|a| a.split_once('=').unwrap_or((a, ""))).find(|(n, _)| *n == name).map(|(_, v)| v)
    }
}

/// A uid, as answers have it.
pub(crate) fn text(uid: Option<SessionUid>) -> Value {
    uid.map(|uid| uid.to_string()).into()
}
