//! What operators read of sessions in a web server.

#![cfg(all(feature = "axum", feature = "hazmat", feature = "tracing"))]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that fails panics")]

#[path = "common/collector.rs"]
mod collector;

use std::sync::Mutex;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response, header};
use axum::routing::{get, post};
use collector::{Collector, SEEN};
use sealed_session::hazmat::ManualClock;
use sealed_session::http::{CsrfLayer, DataError, Session, SessionLayer};
use sealed_session::{KeyRing, Root, RootSecret, SealedStore};
use tower::ServiceExt as _;
use tracing::Level;

static KEPT: Mutex<Option<Session>> = Mutex::new(None);

fn store(ring: KeyRing) -> SealedStore {
    store_at(ring, &ManualClock::at(1_000_000))
}

fn store_at(ring: KeyRing, clock: &ManualClock) -> SealedStore {
    SealedStore::builder(ring).cookie_name("session").clock(clock.clone()).build().unwrap()
}

fn ring(activates_at_ms: u64) -> KeyRing {
    KeyRing::new(vec![Root::new(RootSecret::from_bytes(&[1; 32]).unwrap()).activating_at(activates_at_ms)])
        .unwrap()
}

async fn keep(session: Session) -> Result<(), DataError> {
    session.insert("a", "1")?;
    *KEPT.lock().unwrap() = Some(session);
    Ok(())
}

async fn cached(session: Session) -> Result<impl axum::response::IntoResponse, DataError> {
    session.insert("secret", "of the user")?;
    Ok([(header::CACHE_CONTROL, "public, max-age=60")])
}

fn app(store: SealedStore, development: bool) -> Router {
    let layer = SessionLayer::builder(store).cookie(|c| c.insecure_for_local_development(development));
    Router::new()
        .route("/keep", get(keep))
        .route("/cached", get(cached))
        .route(
            "/wrong",
            get(|s: Session| async move { s.insert("n", "x").and_then(|()| s.load::<u32>()).map(drop) }),
        )
        .route("/post", post(|| async {}).layer(CsrfLayer::new()))
        .layer(layer.build().unwrap())
}

async fn send(app: Router, request: http::request::Builder) -> Response<Body> {
    app.oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
}

/// All that was said, but for what responses do.
fn said() -> Vec<(Level, String)> {
    let seen = std::mem::take(&mut *SEEN.lock().unwrap());
    assert!(!format!("{seen:?}").contains("of the user"), "{seen:?}");
    seen.into_iter().filter(|(level, _)| *level != Level::TRACE).collect()
}

/// What responses did.
fn decided() -> Vec<String> {
    let seen = std::mem::take(&mut *SEEN.lock().unwrap());
    seen.into_iter().filter_map(|(level, text)| (level == Level::TRACE).then_some(text)).collect()
}

/// Whether an event says all of these.
fn says(text: &str, words: &[&str]) -> bool {
    words.iter().all(|words| text.contains(words))
}

/// One test, because what is kept of events is of the whole process.
#[tokio::test]
async fn operators_read_what_went_wrong_and_nothing_of_the_session() {
    let _guard = tracing::subscriber::set_default(Collector);
    let one = |level: Level, words: &str| {
        let said = said();
        assert!(
            matches!(&said[..], [(at, text)] if *at == level && text.contains(words)),
            "{words}: {said:?}"
        );
    };
    let good = app(store(ring(1)), false);

    send(good.clone(), Request::get("/keep").header(header::COOKIE, "other=1")).await;
    let (began, facts) = (decided(), ["came=Nothing", "left_behind=Changed", "counts=true", "sends=Session"]);
    assert!(matches!(&began[..], [text] if says(text, &facts)), "{began:?}");
    let from_elsewhere = Request::get("/keep").header("sec-fetch-site", "cross-site");
    send(good.clone(), from_elsewhere.header("sec-fetch-mode", "cors")).await;
    let (left, facts) = (decided(), ["came=Left(HeldBack)", "left_behind=Changed", "sends=Nothing"]);
    assert!(matches!(&left[..], [text] if says(text, &facts)), "{left:?}");

    assert!(send(good.clone(), Request::get("/keep")).await.status().is_success());
    assert_eq!(said(), []);
    let late = KEPT.lock().unwrap().take().unwrap();
    assert_eq!(late.insert("a", "2"), Err(DataError::TooLate));
    one(Level::ERROR, "after the headers of its response had been sent");

    send(good.clone(), Request::get("/cached")).await;
    one(Level::WARN, "let shared caches store it");

    assert_eq!(send(good.clone(), Request::get("/wrong")).await.status(), 500);
    one(Level::ERROR, "the session's data is no u32");

    let clock = ManualClock::at(1_000_000);
    let slow = store_at(ring(1), &clock);
    let run_out = get(move |session: Session| async move {
        session.set_ttl(std::time::Duration::from_secs(1))?;
        session.authenticate("ann")?;
        clock.advance(1_000);
        Ok::<_, DataError>(())
    });
    let slow = Router::new().route("/run-out", run_out).layer(SessionLayer::new(slow).unwrap());
    assert!(send(slow, Request::get("/run-out")).await.status().is_success());
    one(Level::WARN, "ended before its response went");

    let without_token = Request::post("/post").header(header::COOKIE, "session=x");
    assert_eq!(send(good.clone(), without_token).await.status(), 403);
    one(Level::DEBUG, "it brings no CSRF token");
    let from_elsewhere = Request::post("/post").header("sec-fetch-site", "cross-site");
    assert_eq!(send(good.clone(), from_elsewhere).await.status(), 403);
    one(Level::DEBUG, "it comes from another site");

    let bound = SessionLayer::builder(store(ring(1))).bind_to(|_| Vec::new()).build().unwrap();
    let bound = Router::new().route("/keep", get(keep)).layer(bound);
    assert_eq!(send(bound, Request::get("/keep")).await.status(), 400);
    one(Level::WARN, "bind_to found nothing in it");

    assert_eq!(send(app(store(ring(2_000_000)), false), Request::get("/keep")).await.status(), 500);
    one(Level::ERROR, "a session was not saved");

    let development = app(store(ring(1)), true);
    one(Level::WARN, "without Secure");
    let request = Request::get("/keep").header(header::HOST, "shop.example");
    assert_eq!(send(development.clone(), request).await.status(), 500);
    one(Level::ERROR, "insecure_for_local_development is on");
    let request =
        Request::get("/keep").header(header::HOST, "localhost").header("x-forwarded-for", "192.0.2.1");
    assert_eq!(send(development, request).await.status(), 500);
    one(Level::ERROR, "by way of a proxy");
}
