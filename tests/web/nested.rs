//! The layer around itself, as nested routers have it: a request has one session, whoever looks at it first.

use axum::Router;
use axum::http::StatusCode;
use axum::middleware::from_fn;
use axum::routing::any;
use sealed_session::http::{Creation, Renewal, SameSite, Session, SessionLayer};
use sealed_session::{KeyRing, SealedStore};

use crate::direct::Server;
#[cfg(feature = "revocation")]
use crate::direct::with;
use crate::site::root;
#[cfg(feature = "revocation")]
use crate::site::{HOUR, NOON};

/// A guard that reads, between two layers around a handler.
fn nested(outer: &SessionLayer, inner: &SessionLayer, act: fn(&Session)) -> Router {
    let handler = move |session: Session| {
        act(&session);
        std::future::ready(())
    };
    let guard = async |session: Session, request: axum::extract::Request, next: axum::middleware::Next| {
        let _ = session.user_id();
        next.run(request).await
    };
    let inside = Router::new().route("/", any(handler)).layer(inner.clone());
    inside.layer(from_fn(guard)).layer(outer.clone())
}

#[cfg(feature = "revocation")]
#[tokio::test]
async fn a_logout_inside_is_the_only_answer_to_a_session_that_is_due() {
    let server = Server::revoking();
    let cookie = server.logged_in("ann").await;
    server.clock.set(NOON + 12 * HOUR);
    let app = nested(&server.layer, &server.layer, |session| session.logout().unwrap());
    let answer = server.request("GET", &with(&cookie), app).await;
    assert!(answer.removes() && answer.set_cookies().len() == 1, "{:?}", answer.set_cookies());
    assert_eq!(server.user(&cookie).await, None);
}

#[tokio::test]
async fn what_is_done_inside_goes_once() {
    let server = Server::new();
    let acts: [fn(&Session); 4] = [
        |session| session.insert("a", &1).unwrap(),
        |session| session.authenticate("bob").unwrap(),
        |session| drop(session.csrf_token().unwrap()),
        |session| assert_eq!(session.user_id(), None),
    ];
    for (at, act) in acts.into_iter().enumerate() {
        let app = nested(&server.layer, &server.layer, act);
        let twice = app.layer(server.layer.clone());
        let answer = server.request("GET", &[], twice).await;
        assert_eq!(answer.set_cookies().len(), usize::from(at < 3), "{:?}", answer.set_cookies());
    }
}

#[tokio::test]
async fn layers_that_are_built_alike_over_one_store_are_one() {
    let server = Server::new();
    let alike = SessionLayer::new(server.store.clone()).unwrap();
    let app = nested(&server.layer, &alike, |session| session.insert("a", &1).unwrap());
    assert_eq!(server.request("GET", &[], app).await.set_cookies().len(), 1);
}

#[tokio::test]
async fn layers_that_differ_are_an_error() {
    let server = Server::new();
    let other_store = SealedStore::builder(KeyRing::new(vec![root(1)]).unwrap()).build().unwrap();
    let of = |store: &SealedStore| SessionLayer::builder(store.clone());
    let others = [
        of(&other_store).build(),
        of(&server.store).cookie(|cookie| cookie.same_site(SameSite::Strict)).build(),
        of(&server.store).bind_to(|_| b"tenant".to_vec()).build(),
        of(&server.store).renewal(Renewal::never()).build(),
        of(&server.store).creation(Creation::Always).build(),
    ];
    for (at, other) in others.into_iter().enumerate() {
        let other = other.unwrap();
        for (outer, inner) in [(&server.layer, &other), (&other, &server.layer)] {
            let answer = server.request("GET", &[], nested(outer, inner, |_| {})).await;
            assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR, "{at}");
            assert_eq!(answer.headers["sealed-session-refused"], "layers_differ", "{at}");
        }
    }
}

#[tokio::test]
async fn layers_over_different_cookies_have_a_session_each() {
    let server = Server::new();
    let ring = KeyRing::new(vec![root(1)]).unwrap();
    let admin = SealedStore::builder(ring).cookie_name("__Host-admin").clock(server.clock.clone());
    let admin = SessionLayer::new(admin.build().unwrap()).unwrap();
    // The outermost and the innermost of three are over one cookie.
    let app = nested(&admin, &server.layer, |session| session.insert("a", &1).unwrap());
    let app = app.layer(server.layer.clone());
    let answer = server.request("GET", &[], app).await;
    assert_eq!(answer.set_cookies().len(), 1, "{:?}", answer.set_cookies());
    assert!(answer.set_cookies()[0].starts_with("__Host-session="));
    let app = nested(&server.layer, &admin, |session| session.insert("a", &1).unwrap());
    let answer = server.request("GET", &[], app).await;
    assert!(answer.set_cookies()[0].starts_with("__Host-admin="), "{:?}", answer.set_cookies());
}
