//! What keeps one client's session out of what caches give to others.

use axum::Router;
use axum::http::header::{CACHE_CONTROL, VARY};
use axum::routing::get;
use sealed_session::http::{DataError, Session};

use crate::site::{Site, over_http, routes};

fn with_headers() -> Router {
    async fn own(session: Session) -> Result<impl axum::response::IntoResponse, DataError> {
        session.insert("a", "1")?;
        Ok([(CACHE_CONTROL, "private, max-age=60"), (VARY, "Accept, cookie")])
    }
    async fn other(session: Session) -> Result<impl axum::response::IntoResponse, DataError> {
        session.insert("a", "1")?;
        Ok([(VARY, "Accept-Encoding")])
    }
    routes().route("/own", get(own)).route("/other", get(other))
}

async fn site() -> Site {
    Site::of(|store| store.cookie_name("session"), |layer| layer.cookie(over_http), with_headers()).await
}

#[tokio::test]
async fn a_cookie_goes_with_no_store_and_vary() {
    let site = site().await;
    let client = site.client();
    for reply in [client.post("/set/a/1").await, client.post("/logout").await] {
        assert!(!reply.sets_nothing());
        assert_eq!((reply.cache_control(), reply.vary()), (vec!["no-store"], vec!["Cookie"]));
    }
}

#[tokio::test]
async fn an_answer_that_read_the_session_varies_by_cookie() {
    let site = site().await;
    let reply = site.client().get("/get/a").await;
    assert_eq!((reply.cache_control(), reply.vary()), (vec![], vec!["Cookie"]));
    let untouched = site.client().get("/untouched").await;
    assert_eq!((untouched.cache_control(), untouched.vary()), (vec![], vec![]));
}

#[tokio::test]
async fn what_the_handler_says_of_caches_counts() {
    let site = site().await;
    let reply = site.client().get("/own").await;
    assert_eq!((reply.cache_control(), reply.vary()), (vec!["private, max-age=60"], vec!["Accept, cookie"]));
}

#[tokio::test]
async fn what_else_the_answer_varies_by_is_kept() {
    let site = site().await;
    let reply = site.client().get("/other").await;
    assert_eq!(reply.vary(), ["Accept-Encoding", "Cookie"]);
}
