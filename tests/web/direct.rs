//! An application that is called without a network: a handler of the test's own, a clock that the test moves while it is
//! at work, and headers that no client would let a test send.

use std::future::Future;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::header::{CACHE_CONTROL, COOKIE, SET_COOKIE};
use axum::http::{HeaderMap, Request, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use sealed_session::hazmat::ManualClock;
use sealed_session::http::{Session, SessionLayer, SessionLayerBuilder};
use sealed_session::{KeyRing, SealedStore, SealedStoreBuilder};
use tower::ServiceExt as _;

use crate::site::{NOON, root};

pub(crate) const NAME: &str = "__Host-session";

/// A store and a layer over it; each test adds its handlers.
#[derive(Clone)]
pub(crate) struct Server {
    pub(crate) store: SealedStore,
    pub(crate) layer: SessionLayer,
    pub(crate) clock: ManualClock,
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
}

impl Server {
    pub(crate) fn new() -> Self {
        Self::with(|store, _| store, |layer| layer)
    }

    /// With revocations in memory.
    #[cfg(feature = "revocation")]
    pub(crate) fn revoking() -> Self {
        Self::with(revoking, |layer| layer)
    }

    pub(crate) fn with(
        store: impl FnOnce(SealedStoreBuilder, &ManualClock) -> SealedStoreBuilder,
        layer: impl FnOnce(SessionLayerBuilder) -> SessionLayerBuilder,
    ) -> Self {
        let clock = ManualClock::at(NOON);
        let ring = KeyRing::new(vec![root(1)]).unwrap();
        let store = store(SealedStore::builder(ring).clock(clock.clone()), &clock).build().unwrap();
        let layer = layer(SessionLayer::builder(store.clone())).build().unwrap();
        Self { store, layer, clock }
    }

    /// A request for this handler, with these headers.
    pub(crate) async fn call<F, R>(
        &self,
        headers: &[(&'static str, &str)],
        handler: impl Fn(Session) -> F + Clone + Send + Sync + 'static,
    ) -> Answer
    where
        F: Future<Output = R> + Send + 'static,
        R: IntoResponse + 'static,
    {
        let routes = Router::new().route("/", any(move |session: Session| handler(session)));
        self.request("GET", headers, routes.layer(self.layer.clone())).await
    }

    /// A request whose handler does this and says nothing.
    pub(crate) async fn act(
        &self,
        headers: &[(&'static str, &str)],
        act: impl Fn(&Session) + Clone + Send + Sync + 'static,
    ) -> Answer {
        let handler = move |session: Session| {
            act(&session);
            std::future::ready(())
        };
        self.call(headers, handler).await
    }

    pub(crate) async fn request(
        &self,
        method: &str,
        headers: &[(&'static str, &str)],
        app: Router,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri("/").body(Body::empty()).unwrap();
        for (name, value) in headers {
            request.headers_mut().append(*name, value.parse().unwrap());
        }
        Answer::of(app.oneshot(request).await.unwrap())
    }

    pub(crate) async fn logged_in(&self, user: &'static str) -> String {
        let login = move |session: Session| std::future::ready(session.authenticate(user));
        self.call(&[], login).await.pair()
    }

    /// Who is logged in with a cookie.
    pub(crate) async fn user(&self, cookie: &str) -> Option<String> {
        let seen = Arc::new(std::sync::Mutex::new(None));
        let told = Arc::clone(&seen);
        self.call(&[("cookie", cookie)], move |session| {
            *told.lock().unwrap() = session.user_id();
            std::future::ready(())
        })
        .await;
        seen.lock().unwrap().take()
    }
}

#[cfg(feature = "revocation")]
pub(crate) fn revoking(store: SealedStoreBuilder, clock: &ManualClock) -> SealedStoreBuilder {
    let revocations = sealed_session::revocation::Revocations::builder().clock(clock.clone()).in_memory();
    store.revocations(revocations)
}

impl Answer {
    fn of(response: Response) -> Self {
        Self { status: response.status(), headers: response.headers().clone() }
    }

    pub(crate) fn set_cookies(&self) -> Vec<&str> {
        self.headers.get_all(SET_COOKIE).iter().map(|value| value.to_str().unwrap()).collect()
    }

    pub(crate) fn sets_nothing(&self) -> bool {
        self.set_cookies().is_empty()
    }

    /// The one cookie that is set, as a browser sends it.
    pub(crate) fn pair(&self) -> String {
        let all = self.set_cookies();
        assert!(all.len() == 1 && !self.removes(), "{:?} {:?}", self.status, self.headers);
        all[0].split(';').next().unwrap().to_owned()
    }

    pub(crate) fn sets(&self) -> bool {
        !self.sets_nothing() && !self.removes()
    }

    /// Whether it removes the cookie, and sets no other.
    pub(crate) fn removes(&self) -> bool {
        let all = self.set_cookies();
        !all.is_empty()
            && all.iter().all(|set| set.starts_with(&format!("{NAME}=;")) && set.contains("Max-Age=0"))
    }

    pub(crate) fn cache_control(&self) -> Vec<&str> {
        self.headers.get_all(CACHE_CONTROL).iter().map(|value| value.to_str().unwrap()).collect()
    }
}

/// The header of a request with a cookie.
pub(crate) fn with(cookie: &str) -> [(&'static str, &str); 1] {
    [(COOKIE.as_str(), cookie)]
}
