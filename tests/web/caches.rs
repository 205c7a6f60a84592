//! What keeps one client's session out of what caches give to others.

use axum::Router;
use axum::http::HeaderMap;
use axum::http::header::{CACHE_CONTROL, VARY};
use axum::routing::get;
use sealed_session::http::{DataError, Session};

use crate::direct::{Answer, Server, with};
use crate::site::{HOUR, NOON, Site, over_http, routes};

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

/// The answer to a session that came at noon, in which this was done.
async fn answer(due: bool, headers: &[(&'static str, &'static str)], act: fn(&Session)) -> Answer {
    let server = Server::new();
    let cookie = server.logged_in("ann").await;
    server.clock.set(if due { NOON + 12 * HOUR } else { NOON });
    let headers: Vec<(&str, &str)> = headers.to_vec();
    let handler = move |session: Session| {
        let headers: HeaderMap =
            headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
        let _ = session.user_id();
        act(&session);
        std::future::ready(headers)
    };
    server.call(&with(&cookie), handler).await
}

/// What lets a shared cache give an answer to others without asking.
const REUSED: [&[(&str, &str)]; 8] = [
    &[("cache-control", "public, max-age=31536000")],
    &[("cache-control", "max-age=600")],
    &[("cache-control", "s-maxage=60, max-age=0")],
    &[("cache-control", "immutable")],
    &[("cache-control", "must-understand, no-store, max-age=60")],
    &[("expires", "Sun, 06 Nov 2094 08:49:37 GMT")],
    &[("cache-control", "private"), ("cdn-cache-control", "max-age=60")],
    &[("cache-control", "no-cache"), ("surrogate-control", "max-age=60")],
];

#[tokio::test]
async fn a_mere_renewal_does_not_go_with_an_answer_that_shared_caches_reuse() {
    for headers in REUSED {
        let answer = answer(true, headers, |_| {}).await;
        assert!(answer.sets_nothing(), "{headers:?}: {:?}", answer.set_cookies());
        for (name, value) in headers {
            assert_eq!(answer.headers[*name], *value, "what the handler said is left as it is");
        }
    }
}

#[tokio::test]
async fn a_change_takes_an_answer_out_of_shared_caches() {
    let acts: [fn(&Session); 4] = [
        |session| session.insert("a", &1).unwrap(),
        |session| session.authenticate("bob").unwrap(),
        |session| session.logout().unwrap(),
        |session| session.cycle().unwrap(),
    ];
    for headers in REUSED {
        for act in acts {
            let answer = answer(false, headers, act).await;
            assert!(!answer.sets_nothing(), "{headers:?}");
            assert_eq!(answer.cache_control(), ["private, no-store"], "{headers:?}");
            for gone in ["cdn-cache-control", "surrogate-control", "expires"] {
                assert!(!answer.headers.contains_key(gone), "{gone}");
            }
        }
    }
}

#[tokio::test]
async fn a_renewal_goes_with_an_answer_that_caches_have_to_ask_about() {
    for (said, then) in [
        ("no-cache", "no-cache, private"),
        ("max-age=0, must-revalidate", "max-age=0, must-revalidate, private"),
        ("private, max-age=600", "private, max-age=600"),
        ("no-store", "no-store"),
    ] {
        let said: &'static [(&str, &str)] = Box::leak(Box::new([("cache-control", said)]));
        for act in [|_: &Session| {}, |session: &Session| session.insert("a", &1).unwrap()] {
            let answer = answer(true, said, act).await;
            assert!(answer.sets());
            assert_eq!(answer.cache_control(), [then]);
        }
    }
}

/// Everybody who got such an answer out of the cache would be logged out.
#[tokio::test]
async fn a_removal_that_no_handler_asked_for_does_not_go_into_a_shared_cache() {
    let server = Server::new();
    let read = |session: Session| {
        let _ = session.user_id();
        std::future::ready([(CACHE_CONTROL, "public")])
    };
    assert!(server.call(&[("cookie", "__Host-session=garbage")], read).await.sets_nothing());
    let logout = |session: Session| {
        session.logout().unwrap();
        std::future::ready([(CACHE_CONTROL, "public")])
    };
    let answer = server.call(&[("cookie", "__Host-session=garbage")], logout).await;
    assert!(answer.removes() && answer.cache_control() == ["private, no-store"]);
}
