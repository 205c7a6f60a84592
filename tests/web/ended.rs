//! What is ended has ended, whatever else a handler does and whatever becomes of its answer.

use std::convert::Infallible;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum::routing::any;
use sealed_session::http::{FlashLevel, Session};
use sealed_session::{Clock as _, KeyRing, Root};
use tower::{ServiceBuilder, ServiceExt as _, service_fn};

use crate::cut_off::FAILURES;
use crate::direct::{Server, with};
use crate::site::{DAY, root};

/// All that a handler may do after a logout.
const AFTERWARDS: [fn(&Session); 6] = [
    |_| {},
    |session| session.flash(FlashLevel::Info, "See you.").unwrap(),
    |session| session.insert("a", &1).unwrap(),
    |session| drop(session.csrf_token()),
    |session| session.authenticate("bob").unwrap(),
    |session| session.cycle().unwrap(),
];

#[tokio::test]
async fn a_logout_counts_whatever_the_handler_wrote_and_answered() {
    let server = Server::revoking();
    for status in FAILURES {
        for afterwards in AFTERWARDS {
            let cookie = server.logged_in("ann").await;
            let answer = server
                .call(&with(&cookie), move |session| {
                    session.logout().unwrap();
                    afterwards(&session);
                    std::future::ready(status)
                })
                .await;
            assert_eq!(answer.status, status);
            assert!(answer.removes(), "{status}: {:?}", answer.set_cookies());
            assert_eq!(server.user(&cookie).await, None);
        }
    }
}

#[tokio::test]
async fn a_logout_counts_where_nothing_can_be_sealed() {
    let server = Server::revoking();
    let cookie = server.logged_in("ann").await;
    let replace = |roots: Vec<Root>| server.store.replace_ring(KeyRing::new(roots).unwrap()).unwrap();
    // The key opens and does not seal.
    replace(vec![root(1).activating_at(server.clock.now_ms() + DAY)]);
    let answer = server
        .call(&with(&cookie), |session| {
            session.logout().unwrap();
            std::future::ready(session.flash(FlashLevel::Info, "See you."))
        })
        .await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(answer.removes(), "{:?}", answer.set_cookies());
    replace(vec![root(1)]);
    assert_eq!(server.user(&cookie).await, None);
}

/// Of all that the cookies bring, nothing is left: also not behind one that no longer opens, beside one that does.
#[cfg(feature = "revocation")]
#[tokio::test]
async fn a_logout_ends_what_other_cookies_bring_beside_the_session() {
    use std::time::Duration;

    use sealed_session::{SessionId, SessionPlugin as _};

    use crate::site::{HOUR, MINUTE};

    let visit = async |server: &Server| {
        server.call(&[], async |session: Session| session.insert("cart", &1)).await.pair()
    };
    for (logs_out, visits) in [(true, false), (true, true), (false, false), (false, true)] {
        let server = Server::revoking();
        let short = server.call(&[], async |session: Session| {
            session.set_ttl(Duration::from_secs(60)).unwrap();
            session.authenticate("ann")
        });
        let short = short.await.pair();
        let id = SessionId::new(short.split_once('=').unwrap().1);
        let copy = server.store.touch(&id, 20 * HOUR).unwrap();
        server.clock.advance(2 * MINUTE);
        let own = if visits { visit(&server).await } else { server.logged_in("ann").await };
        let act: fn(&Session) = match logs_out {
            true => |session| session.logout().unwrap(),
            false => |session| session.authenticate("ann").unwrap(),
        };
        let both = format!("{short}; {own}");
        let answer = server
            .act(&with(&both), move |session| {
                assert_eq!(session.user_id().is_none(), visits);
                act(session);
            })
            .await;
        assert_eq!(answer.status, StatusCode::OK);
        assert!(server.store.open(&copy).is_err(), "logout: {logs_out}, of a visitor: {visits}");
    }
}

/// One that cannot be judged now may be of a user, whatever the session is that came.
#[cfg(feature = "revocation")]
#[tokio::test]
async fn a_logout_beside_a_cookie_that_cannot_be_judged_says_so() {
    use crate::site::{HOUR, NOON};

    let server = Server::revoking();
    server.clock.set(NOON + HOUR);
    let ahead = server.logged_in("ann").await;
    server.clock.set(NOON);
    let visit = server.call(&[], async |session: Session| session.insert("cart", &1)).await.pair();
    for own in [visit, server.logged_in("bob").await] {
        let both = format!("{ahead}; {own}");
        let answer = server.act(&with(&both), |session| session.logout().unwrap()).await;
        assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(answer.headers["sealed-session-refused"], "not_recorded");
    }
}

/// What begins takes their place: nobody who plants such a cookie keeps a user from that.
#[cfg(feature = "revocation")]
#[tokio::test]
async fn neither_a_login_nor_the_end_of_all_others_fails_for_cookies_beside_it() {
    use crate::site::{HOUR, NOON};

    let server = Server::revoking();
    server.clock.set(NOON + HOUR);
    let ahead = server.logged_in("ann").await;
    server.clock.set(NOON);
    let many = ["__Host-session=garbage"; 65].join("; ");
    let own = server.logged_in("bob").await;
    let beside = format!("{ahead}; {own}");
    for (came, logs_in, ends_others) in [
        (&beside, false, true),
        (&ahead, true, false),
        (&ahead, true, true),
        (&many, true, false),
        (&many, true, true),
    ] {
        let headers = with(came);
        let answer = server.call(&headers, move |session: Session| async move {
            if logs_in {
                session.authenticate("bob").unwrap();
            }
            if ends_others {
                session.logout_others().await.unwrap();
            }
        });
        let answer = answer.await;
        assert_eq!(answer.status, StatusCode::OK, "{logs_in} {ends_others}");
        assert_eq!(server.user(&answer.pair()).await.as_deref(), Some("bob"));
        server.clock.advance(1);
    }
}

#[tokio::test]
async fn a_login_or_cycle_that_does_not_count_leaves_the_session_before_it() {
    let acts: [fn(&Session); 3] = [
        |session| session.authenticate("bob").unwrap(),
        |session| session.cycle().unwrap(),
        |session| session.insert("a", &1).unwrap(),
    ];
    for act in acts {
        let server = Server::revoking();
        let cookie = server.logged_in("ann").await;
        let answer = server
            .call(&with(&cookie), move |session| {
                act(&session);
                std::future::ready(StatusCode::REQUEST_TIMEOUT)
            })
            .await;
        assert!(answer.sets_nothing(), "{:?}", answer.set_cookies());
        assert_eq!(server.user(&cookie).await.as_deref(), Some("ann"));
    }
}

/// A time-out around the layer, a client that went away, a handler that panics: nobody gets an answer.
#[tokio::test]
async fn a_logout_counts_where_the_handler_is_dropped_and_no_answer_goes() {
    let server = Server::revoking();
    let cookie = server.logged_in("ann").await;
    let routes = Router::new().route(
        "/",
        any(|session: Session| async move {
            session.logout().unwrap();
            std::future::pending::<()>().await;
        }),
    );
    let request = Request::builder().uri("/").header("cookie", &cookie).body(Body::empty()).unwrap();
    let mut answer = Box::pin(routes.layer(server.layer.clone()).oneshot(request));
    assert!(std::future::poll_fn(|cx| std::task::Poll::Ready(answer.as_mut().poll(cx))).await.is_pending());
    assert_eq!(server.user(&cookie).await.as_deref(), Some("ann"), "the answer may still come");
    drop(answer);
    assert_eq!(server.user(&cookie).await, None);
}

#[tokio::test]
async fn a_login_counts_for_nothing_where_the_handler_is_dropped() {
    for saves in [false, true] {
        let server = Server::with(crate::direct::revoking, |layer| layer.save_on_server_error(saves));
        let cookie = server.logged_in("ann").await;
        let routes = Router::new().route(
            "/",
            any(|session: Session| async move {
                session.authenticate("bob").unwrap();
                std::future::pending::<()>().await;
            }),
        );
        let request = Request::builder().uri("/").header("cookie", &cookie).body(Body::empty()).unwrap();
        let mut answer = Box::pin(routes.layer(server.layer.clone()).oneshot(request));
        let polled = std::future::poll_fn(|cx| std::task::Poll::Ready(answer.as_mut().poll(cx)));
        assert!(polled.await.is_pending());
        drop(answer);
        assert_eq!(server.user(&cookie).await.as_deref(), Some("ann"));
    }
}

#[tokio::test]
async fn a_logout_counts_where_the_service_fails() {
    let server = Server::revoking();
    let cookie = server.logged_in("ann").await;
    let fails = service_fn(|request: Request<Body>| {
        let session = request.extensions().get::<Session>().unwrap();
        session.logout().unwrap();
        std::future::ready(Err::<axum::response::Response, &str>("the connection broke"))
    });
    let request = Request::builder().uri("/").header("cookie", &cookie).body(Body::empty()).unwrap();
    let answer = ServiceBuilder::new().layer(server.layer.clone()).service(fails).oneshot(request).await;
    assert_eq!(answer.unwrap_err(), "the connection broke");
    assert_eq!(server.user(&cookie).await, None);
}

#[tokio::test]
async fn a_logout_counts_where_the_handler_panics() {
    let server = Server::revoking();
    let cookie = server.logged_in("ann").await;
    let panics = service_fn(|request: Request<Body>| async move {
        let session = request.extensions().get::<Session>().unwrap();
        session.logout().unwrap();
        assert!(session.user_id().is_some(), "a fault of the application");
        Ok::<_, Infallible>(axum::response::Response::new(Body::empty()))
    });
    let request = Request::builder().uri("/").header("cookie", &cookie).body(Body::empty()).unwrap();
    let service = ServiceBuilder::new().layer(server.layer.clone()).service(panics);
    assert!(tokio::spawn(service.oneshot(request)).await.unwrap_err().is_panic());
    assert_eq!(server.user(&cookie).await, None);
}

#[tokio::test]
async fn a_logout_that_is_not_recorded_says_so_and_removes_the_cookie() {
    use sealed_session::revocation::Revocations;
    use std::sync::atomic::Ordering;

    for afterwards in AFTERWARDS {
        for status in [StatusCode::OK, StatusCode::SERVICE_UNAVAILABLE] {
            let backend = crate::troubled::Troubled::default();
            let fails = std::sync::Arc::clone(&backend.fails);
            let server = Server::with(
                |store, clock| {
                    let revocations = Revocations::builder().clock(clock.clone()).with_backend(backend);
                    store.revocations(revocations.unwrap())
                },
                |layer| layer,
            );
            let cookie = server.logged_in("ann").await;
            fails.store(true, Ordering::Release);
            let answer = server
                .call(&with(&cookie), move |session| {
                    session.logout().unwrap();
                    afterwards(&session);
                    std::future::ready(status)
                })
                .await;
            assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
            assert!(answer.removes(), "{:?}", answer.set_cookies());
            assert_eq!(answer.headers["sealed-session-refused"], "not_recorded");
            assert_eq!(answer.cache_control(), ["no-store"]);
        }
    }
}
