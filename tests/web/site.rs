//! A site to test: routes that do one thing each with the session, and what a client sees of them.

use std::future::Future;
use std::time::{Duration, UNIX_EPOCH};

use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use axum::{Json, Router};
use reqwest::header::{CACHE_CONTROL, COOKIE, SET_COOKIE, VARY};
use sealed_session::hazmat::ManualClock;
use sealed_session::http::{
    CookiePolicyBuilder, DataError, FlashLevel, Session, SessionLayer, SessionLayerBuilder,
};
use sealed_session::{KeyRing, Root, RootSecret, SealedStore, SealedStoreBuilder};
use serde_json::{Value, json};

pub(crate) const NOON: u64 = 1_795_003_200_000;
pub(crate) const MINUTE: u64 = 60_000;
pub(crate) const HOUR: u64 = 60 * MINUTE;
pub(crate) const DAY: u64 = 24 * HOUR;

/// A server on a free port of this machine, for as long as the test runs.
pub(crate) struct Site {
    pub(crate) url: String,
    pub(crate) clock: ManualClock,
    pub(crate) store: SealedStore,
}

/// What a client gets.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

/// A client that keeps cookies, as browsers do.
pub(crate) struct Client {
    http: reqwest::Client,
    url: String,
}

pub(crate) fn root(number: u8) -> Root {
    Root::new(RootSecret::from_bytes(&[number; 32]).unwrap()).activating_at(number.into())
}

/// The cookie of these tests: it has to come back over http.
pub(crate) fn over_http(cookie: CookiePolicyBuilder) -> CookiePolicyBuilder {
    cookie.insecure_for_local_development(true)
}

impl Site {
    /// With the default settings.
    pub(crate) async fn new() -> Self {
        Self::with(|layer| layer).await
    }

    pub(crate) async fn with(settings: impl FnOnce(SessionLayerBuilder) -> SessionLayerBuilder) -> Self {
        Self::of(|store| store.cookie_name("session"), |layer| settings(layer.cookie(over_http)), routes())
            .await
    }

    pub(crate) async fn of(
        store: impl FnOnce(SealedStoreBuilder) -> SealedStoreBuilder,
        settings: impl FnOnce(SessionLayerBuilder) -> SessionLayerBuilder,
        routes: Router,
    ) -> Self {
        let clock = ManualClock::at(NOON);
        let ring = KeyRing::new(vec![root(1)]).unwrap();
        let store = store(SealedStore::builder(ring).clock(clock.clone())).build().unwrap();
        Self::over(store, clock, settings, routes).await
    }

    pub(crate) async fn over(
        store: SealedStore,
        clock: ManualClock,
        settings: impl FnOnce(SessionLayerBuilder) -> SessionLayerBuilder,
        routes: Router,
    ) -> Self {
        let layer = settings(SessionLayer::builder(store.clone())).build().unwrap();
        Self { url: serve(routes.layer(layer)).await, clock, store }
    }

    pub(crate) fn client(&self) -> Client {
        let http = reqwest::Client::builder().cookie_store(true).redirect(reqwest::redirect::Policy::none());
        Client { http: http.build().unwrap(), url: self.url.clone() }
    }

    /// A request with just these headers `Cookie`, by a client that keeps none.
    pub(crate) async fn get_with(&self, path: &str, cookies: &[&[u8]]) -> Reply {
        let mut request = reqwest::Client::new().get(format!("{}{path}", self.url));
        for cookie in cookies {
            request = request.header(COOKIE, *cookie);
        }
        Reply::of(request.send().await.unwrap()).await
    }
}

impl Client {
    pub(crate) async fn get(&self, path: &str) -> Reply {
        Reply::of(self.get_request(path).send().await.unwrap()).await
    }

    pub(crate) async fn post(&self, path: &str) -> Reply {
        Reply::of(self.request(path).send().await.unwrap()).await
    }

    pub(crate) fn request(&self, path: &str) -> reqwest::RequestBuilder {
        self.http.post(format!("{}{path}", self.url))
    }

    pub(crate) fn method(&self, method: reqwest::Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, format!("{}{path}", self.url))
    }

    pub(crate) fn get_request(&self, path: &str) -> reqwest::RequestBuilder {
        self.http.get(format!("{}{path}", self.url))
    }

    /// What the server knows of the session.
    pub(crate) async fn info(&self) -> Value {
        serde_json::from_str(&self.get("/info").await.body).unwrap()
    }
}

impl Reply {
    pub(crate) async fn of(response: reqwest::Response) -> Self {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Self { status, headers, body: response.text().await.unwrap() }
    }

    pub(crate) fn set_cookies(&self) -> Vec<&str> {
        self.headers.get_all(SET_COOKIE).iter().map(|value| value.to_str().unwrap()).collect()
    }

    /// The only cookie that is set.
    pub(crate) fn set_cookie(&self) -> &str {
        let all = self.set_cookies();
        assert_eq!(all.len(), 1, "{self:?}");
        all[0]
    }

    /// `name=value` of it.
    pub(crate) fn pair(&self) -> &str {
        self.set_cookie().split(';').next().unwrap()
    }

    pub(crate) fn sets_nothing(&self) -> bool {
        self.set_cookies().is_empty()
    }

    pub(crate) fn removes(&self, name: &str) -> bool {
        self.set_cookies()
            .iter()
            .any(|set| set.starts_with(&format!("{name}=;")) && set.contains("Max-Age=0"))
    }

    pub(crate) fn header(&self, name: reqwest::header::HeaderName) -> Vec<&str> {
        self.headers.get_all(name).iter().map(|value| value.to_str().unwrap()).collect()
    }

    pub(crate) fn cache_control(&self) -> Vec<&str> {
        self.header(CACHE_CONTROL)
    }

    pub(crate) fn vary(&self) -> Vec<&str> {
        self.header(VARY)
    }
}

pub(crate) async fn serve(app: Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    url
}

/// A handler that does one thing and says nothing.
fn action<F, T>(action: F) -> axum::routing::MethodRouter
where
    F: Fn(Session) -> Result<T, DataError> + Clone + Send + Sync + 'static,
    T: 'static,
{
    post(move |session: Session| std::future::ready(action(session).map(drop)))
}

pub(crate) fn routes() -> Router {
    Router::new()
        .route("/untouched", get(|_: Session| async { "ok" }))
        .route("/get/{name}", get(read))
        .route("/set/{name}/{value}", post(set))
        .route("/set/{name}/{value}/{status}", post(set_and_answer))
        .route(
            "/remove/{name}",
            post(|s: Session, Path(name): Path<String>| now(move || s.remove(&name).map(drop))),
        )
        .route(
            "/login/{user}",
            post(|s: Session, Path(user): Path<String>| now(move || s.authenticate(&user))),
        )
        .route(
            "/ttl/{ms}",
            post(|s: Session, Path(ms): Path<u64>| now(move || s.set_ttl(Duration::from_millis(ms)))),
        )
        .route(
            "/flash/{text}",
            post(|s: Session, Path(text): Path<String>| now(move || s.flash(FlashLevel::Info, text))),
        )
        .route("/flashes", get(|s: Session| async move { s.take_flashes().map(Json) }))
        .route("/csrf", get(|s: Session| async move { s.csrf_token() }))
        .route("/clear", action(|s| s.clear()))
        .route("/logout", action(|s| s.logout()))
        .route("/cycle", action(|s| s.cycle()))
        .route("/invalidate", action(|s| s.invalidate()))
        .route(
            "/set-and-remove/{name}",
            post(|s: Session, Path(name): Path<String>| {
                now(move || s.insert(&name, "x").and_then(|()| s.remove(&name)).map(drop))
            }),
        )
        .route(
            "/logout-with-message",
            action(|s| s.logout().and_then(|()| s.flash(FlashLevel::Info, "See you."))),
        )
        .route(
            "/logout-and-fail",
            post(|s: Session| now(move || s.logout().map(|()| StatusCode::INTERNAL_SERVER_ERROR))),
        )
        .route(
            "/invalidate-and-go-on",
            action(|s| {
                s.invalidate()?;
                s.insert("a", &1)?;
                s.authenticate("eve")?;
                s.set_ttl(Duration::from_secs(1))?;
                s.cycle()?;
                s.flash(FlashLevel::Info, "x")?;
                assert!(s.is_invalidated() && s.is_empty() && s.user_id().is_none());
                Ok(())
            }),
        )
        .route("/count", post(count))
        .route("/info", get(info))
}

fn now<T>(action: impl FnOnce() -> Result<T, DataError>) -> impl Future<Output = Result<T, DataError>> {
    std::future::ready(action())
}

async fn read(session: Session, Path(name): Path<String>) -> Result<Json<Option<Value>>, DataError> {
    session.get(&name).map(Json)
}

#[derive(Default, serde::Serialize, serde::Deserialize)]
#[serde(default)]
struct Visit {
    pages: u32,
}

async fn count(session: Session) -> Result<String, DataError> {
    let mut visit: Visit = session.load()?;
    visit.pages += 1;
    session.store(&visit)?;
    Ok(visit.pages.to_string())
}

async fn set(session: Session, Path((name, value)): Path<(String, String)>) -> Result<(), DataError> {
    session.insert(&name, &value)
}

async fn set_and_answer(
    session: Session,
    Path((name, value, status)): Path<(String, String, u16)>,
) -> Result<StatusCode, DataError> {
    session.insert(&name, &value)?;
    Ok(StatusCode::from_u16(status).unwrap())
}

async fn info(session: Session) -> Json<Value> {
    let expires_at = session.expires_at();
    Json(json!({
        "data": session.load::<Value>().unwrap(),
        "user": session.user_id(),
        "uid": session.uid().map(|uid| uid.to_string()),
        "expires_at_ms": expires_at.map(|at| at.duration_since(UNIX_EPOCH).unwrap().as_millis() as u64),
        "id": session.id(),
        "is_empty": session.is_empty(),
    }))
}
