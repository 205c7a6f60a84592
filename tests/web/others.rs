//! Ending all other sessions of a user, while more than that goes on.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Poll;

use axum::http::StatusCode;
use sealed_session::http::{Session, SessionLayer};
use sealed_session::registry::Registry;
use sealed_session::revocation::Revocations;
use sealed_session::{SealedStore, SessionId};

use crate::direct::{Server, with};
use crate::site::{MINUTE, NOON};
use crate::troubled::Troubled;

fn slow(backend: Troubled) -> Server {
    Server::with(
        |store, clock| {
            let revocations = Revocations::builder().clock(clock.clone()).with_backend(backend);
            store.revocations(revocations.unwrap())
        },
        |layer| layer,
    )
}

#[tokio::test]
async fn a_session_that_was_ended_meanwhile_does_not_go_on() {
    for end in ["revoke", "revoke_user", "revoke_everything"] {
        let server = Server::revoking();
        let cookie = server.logged_in("ann").await;
        let (inside, brings) = (server.clone(), cookie.clone());
        let answer = server
            .call(&with(&cookie), move |session: Session| {
                let (store, id) = (inside.store.clone(), id_of(&brings));
                async move {
                    let _ = session.user_id();
                    match end {
                        "revoke" => store.revoke(&id).await,
                        "revoke_user" => store.revoke_user("ann").await,
                        _ => store.revoke_everything().await,
                    }
                    .unwrap();
                    session.logout_others().await
                }
            })
            .await;
        assert!(answer.sets_nothing(), "{end}: {:?}", answer.set_cookies());
    }
}

/// The cookie that the browser holds back, or that cannot be judged here, may be another user's.
#[tokio::test]
async fn a_login_that_ends_others_and_fails_removes_no_cookie_that_was_left_in_place() {
    let server = Server::revoking();
    let good = server.logged_in("bob").await;
    let held_back = [("sec-fetch-site", "cross-site")];
    server.clock.set(NOON - 10 * MINUTE);
    for brings in [held_back, with(&good)] {
        let answer = server
            .call(&brings, |session: Session| async move {
                session.authenticate("cid").unwrap();
                session.logout_others().await.unwrap();
                StatusCode::INTERNAL_SERVER_ERROR
            })
            .await;
        assert!(answer.sets_nothing(), "{:?}", answer.set_cookies());
    }
    server.clock.set(NOON);
    assert_eq!(server.user(&good).await.as_deref(), Some("bob"));
}

#[tokio::test]
async fn a_session_that_begins_with_a_request_is_not_revoked_by_a_new_uid_there() {
    for others in [false, true] {
        let server = Server::revoking();
        let cookie = server.logged_in("ann").await;
        server.store.revoke_user("bob").await.unwrap();
        let answer = server
            .call(&with(&cookie), move |session: Session| async move {
                match others {
                    true => session.logout_others().await.unwrap(),
                    false => session.authenticate("bob").unwrap(),
                }
                session.cycle().unwrap();
            })
            .await;
        let user = if others { "ann" } else { "bob" };
        assert_eq!(server.user(&answer.pair()).await.as_deref(), Some(user));
    }
}

#[tokio::test]
async fn a_session_that_has_ended_others_can_be_cycled_and_end_others_again() {
    let server = Server::revoking();
    let cookie = server.logged_in("ann").await;
    let others = async |session: Session| session.logout_others().await.unwrap();
    let cookie = server.call(&with(&cookie), others).await.pair();
    let thief = server.logged_in("ann").await;
    let again = async |session: Session| {
        session.cycle().unwrap();
        session.logout_others().await.unwrap();
    };
    let answer = server.call(&with(&cookie), again).await;
    assert_eq!(server.user(&answer.pair()).await.as_deref(), Some("ann"));
    assert_eq!(server.user(&thief).await, None);
    assert_eq!(server.user(&cookie).await, None);
}

/// It is judged as of when the head of its request arrived.
#[tokio::test]
async fn a_session_that_expires_while_its_handler_works_ends_the_others() {
    let server = Server::revoking();
    let thief = server.logged_in("ann").await;
    let cookie = server.logged_in("ann").await;
    server.clock.advance(24 * 60 * MINUTE - 1);
    let renewed =
        server.call(&with(&thief), async |session: Session| session.user_id().unwrap()).await.pair();
    let clock = server.clock.clone();
    server
        .call(&with(&cookie), move |session: Session| {
            let _ = session.user_id();
            clock.advance(1);
            async move { session.logout_others().await.unwrap() }
        })
        .await;
    assert_eq!(server.user(&renewed).await, None);
}

fn id_of(cookie: &str) -> SessionId {
    SessionId::new(cookie.split_once('=').unwrap().1)
}

#[tokio::test]
async fn what_is_revoked_after_a_login_and_before_its_answer_is_revoked() {
    for others in [false, true] {
        let server = Server::revoking();
        let cookie = server.logged_in("ann").await;
        let (store, clock) = (server.store.clone(), server.clock.clone());
        let answer = server
            .call(&with(&cookie), move |session: Session| {
                let (store, clock) = (store.clone(), clock.clone());
                async move {
                    match others {
                        true => session.logout_others().await.unwrap(),
                        false => session.authenticate("ann").unwrap(),
                    }
                    clock.advance(5_000);
                    store.revoke_user("ann").await.unwrap();
                    clock.advance(5_000);
                }
            })
            .await;
        assert!(!answer.sets(), "{:?}", answer.set_cookies());
    }
}

#[tokio::test]
async fn an_answer_that_carries_no_change_leaves_no_cookie_of_what_has_ended() {
    for status in crate::cut_off::FAILURES {
        let server = Server::revoking();
        let cookie = server.logged_in("ann").await;
        let others = move |session: Session| async move {
            session.logout_others().await.unwrap();
            status
        };
        let answer = server.call(&with(&cookie), others).await;
        assert!(answer.removes() && answer.status == status, "{:?}", answer.set_cookies());
        server.clock.advance(2 * MINUTE);
        assert_eq!(server.user(&cookie).await, None);
    }
}

/// Both tasks of a request are told that it worked.
#[tokio::test]
async fn a_logout_or_a_login_beside_it_is_not_undone() {
    for user in [None, Some("bob")] {
        let act = move |session: &Session| match user {
            None => session.logout().unwrap(),
            Some(user) => session.authenticate(user).unwrap(),
        };
        let backend = Troubled::default();
        let gate = backend.clone();
        let server = slow(backend);
        let cookie = server.logged_in("ann").await;
        gate.close(true);
        let answer = server
            .call(&with(&cookie), move |session: Session| {
                let gate = gate.clone();
                async move {
                    let mut others = Box::pin(session.logout_others());
                    let first = std::future::poll_fn(|cx| Poll::Ready(others.as_mut().poll(cx)));
                    assert!(first.await.is_pending());
                    act(&session);
                    gate.close(false);
                    others.await.unwrap();
                }
            })
            .await;
        match user {
            None => assert!(answer.removes(), "{:?}", answer.set_cookies()),
            Some(user) => assert_eq!(server.user(&answer.pair()).await.as_deref(), Some(user)),
        }
    }
}

#[tokio::test]
async fn a_session_that_is_cycled_beside_it_goes_on() {
    for times in [1, 2] {
        let backend = Troubled::default();
        let gate = backend.clone();
        let server = slow(backend);
        let (cookie, elsewhere) = (server.logged_in("ann").await, server.logged_in("ann").await);
        gate.close(true);
        let answer = server
            .call(&with(&cookie), move |session: Session| {
                let gate = gate.clone();
                async move {
                    let mut all: Vec<_> = (0..times).map(|_| Box::pin(session.logout_others())).collect();
                    let polled = std::future::poll_fn(|cx| {
                        Poll::Ready(all.iter_mut().all(|others| others.as_mut().poll(cx).is_pending()))
                    });
                    assert!(polled.await);
                    session.cycle().unwrap();
                    session.insert("a", &1).unwrap();
                    gate.close(false);
                    for others in all {
                        others.await.unwrap();
                    }
                }
            })
            .await;
        assert_eq!(server.user(&answer.pair()).await.as_deref(), Some("ann"), "{times}");
        assert_eq!((server.user(&cookie).await, server.user(&elsewhere).await), (None, None));
    }
}

/// The answer of the one may come last: the browser then has a cookie that opens nowhere. A login in between stays.
#[tokio::test]
async fn a_logout_while_the_answer_is_on_its_way_ends_what_the_session_goes_on_as() {
    type Act = fn(&Session);
    let (out, login): (Act, Act) =
        (|session| session.logout().unwrap(), |session| session.authenticate("bob").unwrap());
    for (times, after_ms, act, lives) in [
        (1, 0, out, None),
        (3, 0, out, None),
        (1, MINUTE - 1, out, None),
        (1, MINUTE, out, Some("ann")),
        (1, 0, login, Some("ann")),
    ] {
        let server = Server::revoking();
        let cookie = server.logged_in("ann").await;
        let elsewhere = server.logged_in("ann").await;
        let (meanwhile, brings) = (server.clone(), cookie.clone());
        let others = move |session: Session| {
            let (server, cookie) = (meanwhile.clone(), brings.clone());
            async move {
                for _ in 0..times {
                    session.logout_others().await.unwrap();
                }
                server.clock.advance(after_ms);
                let answer = server.act(&with(&cookie), act).await;
                assert_eq!(answer.status, StatusCode::OK);
            }
        };
        let answer = server.call(&with(&cookie), others).await;
        let goes_on = if answer.sets() { server.user(&answer.pair()).await } else { None };
        assert_eq!(goes_on.as_deref(), lives, "{times}, {after_ms}");
        assert!(lives.is_some() || !answer.sets(), "what this server knows to be over is not sent");
        assert_eq!(server.user(&elsewhere).await, None);
    }
}

#[tokio::test]
async fn a_handler_that_gives_up_waiting_is_logged_out() {
    let backend = Troubled::default();
    let gate = backend.clone();
    let server = slow(backend);
    let cookie = server.logged_in("ann").await;
    gate.close(true);
    let answer = server
        .call(&with(&cookie), move |session: Session| {
            let gate = gate.clone();
            async move {
                let mut others = Box::pin(session.logout_others());
                let first = std::future::poll_fn(|cx| Poll::Ready(others.as_mut().poll(cx)));
                assert!(first.await.is_pending());
                drop(others);
                gate.close(false);
            }
        })
        .await;
    assert!(answer.removes(), "{:?}", answer.set_cookies());
    assert_eq!(server.user(&cookie).await, None);
}

#[tokio::test]
async fn logging_out_everywhere_removes_the_cookie_even_if_it_is_not_recorded() {
    let backend = Troubled::default();
    let fails = Arc::clone(&backend.fails);
    let server = slow(backend);
    let cookie = server.logged_in("ann").await;
    fails.store(true, Ordering::Release);
    let everywhere = async |session: Session| session.logout_everywhere().await;
    let answer = server.call(&with(&cookie), everywhere).await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(answer.headers["sealed-session-refused"], "not_recorded");
    assert!(answer.removes(), "{:?}", answer.set_cookies());
}

/// What came has been revoked by then, a moment ago: the answer to another request may have put a session in its place.
#[tokio::test]
async fn a_login_or_cycle_that_a_registry_cannot_write_down_leaves_the_cookie_in_place() {
    let backend = Troubled::default();
    let fails = Arc::clone(&backend.fails_to_list);
    let server = slow(backend);
    let registry = |store: &SealedStore| Registry::builder(store.clone()).build().unwrap();
    let layer = SessionLayer::builder(server.store.clone()).registry(registry(&server.store));
    let server = Server { layer: layer.build().unwrap(), ..server };
    for act in [
        |session: &Session| session.authenticate("ann").unwrap(),
        |session: &Session| session.cycle().unwrap(),
    ] {
        fails.store(false, Ordering::Release);
        let cookie = server.logged_in("ann").await;
        fails.store(true, Ordering::Release);
        let answer = server.act(&with(&cookie), act).await;
        assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
        assert!(answer.sets_nothing(), "{:?}", answer.set_cookies());
        assert_eq!(server.user(&cookie).await, None);
    }
}

#[tokio::test]
async fn a_logout_ends_what_came_in_more_cookies_than_are_looked_at() {
    let server = Server::revoking();
    let cookie = server.logged_in("ann").await;
    let planted = |count: usize| {
        let planted = (0..count).map(|at| format!("; __Host-session={at}"));
        format!("{cookie}{}", planted.collect::<String>())
    };
    let logout = |session: &Session| session.logout().unwrap();
    let answer = server.act(&with(&planted(64)), logout).await;
    assert!(answer.removes() && answer.status == StatusCode::INTERNAL_SERVER_ERROR, "too many to end all");
    assert_eq!(answer.headers["sealed-session-refused"], "not_recorded");
    assert_eq!(server.user(&cookie).await.as_deref(), Some("ann"));
    let answer = server.act(&with(&planted(63)), logout).await;
    assert!(answer.removes() && answer.status == StatusCode::OK);
    assert_eq!(server.user(&cookie).await, None);
}

#[tokio::test]
async fn a_login_of_this_request_ends_the_others() {
    let server = Server::revoking();
    let visitor = server.act(&[], |session| session.insert("a", &1).unwrap()).await.pair();
    server.clock.advance(10);
    server.store.revoke_user("ann").await.unwrap();
    server.clock.advance(20 * MINUTE);
    for twice in [false, true] {
        let thief = server.logged_in("ann").await;
        let others = move |session: Session| async move {
            session.authenticate("ann").unwrap();
            session.logout_others().await.unwrap();
            if twice {
                session.logout_others().await.unwrap();
            }
        };
        let answer = server.call(&with(&visitor), others).await;
        assert_eq!(server.user(&thief).await, None, "{twice}");
        assert_eq!(server.user(&answer.pair()).await.as_deref(), Some("ann"));
        server.clock.advance(2 * MINUTE);
    }
}

#[tokio::test]
async fn a_login_that_was_revoked_does_not_go_on() {
    let server = Server::revoking();
    let store = server.store.clone();
    let clock = server.clock.clone();
    let answer = server
        .call(&[], move |session: Session| {
            let (store, clock) = (store.clone(), clock.clone());
            async move {
                session.authenticate("ann").unwrap();
                clock.advance(3);
                store.revoke_user("ann").await.unwrap();
                clock.advance(3);
                session.logout_others().await.unwrap();
            }
        })
        .await;
    assert!(answer.sets_nothing(), "{:?}", answer.set_cookies());
}

#[tokio::test]
async fn a_logout_removes_the_cookie_even_if_the_login_after_it_is_over() {
    let server = Server::revoking();
    let cookie = server.logged_in("eve").await;
    let (store, clock) = (server.store.clone(), server.clock.clone());
    let answer = server
        .call(&with(&cookie), move |session: Session| {
            let (store, clock) = (store.clone(), clock.clone());
            async move {
                session.logout().unwrap();
                session.authenticate("ann").unwrap();
                clock.advance(3);
                store.revoke_user("ann").await.unwrap();
            }
        })
        .await;
    assert!(answer.removes(), "{:?}", answer.set_cookies());
}

#[tokio::test]
async fn a_uid_that_a_session_gets_where_it_ends_the_others_is_the_one_that_is_spared() {
    type Act = fn(Session) -> std::pin::Pin<Box<dyn Future<Output = ()> + Send>>;
    let acts: [Act; 4] = [
        |session| {
            Box::pin(async move {
                session.logout_others().await.unwrap();
                session.cycle().unwrap();
            })
        },
        |session| {
            Box::pin(async move {
                session.cycle().unwrap();
                session.logout_others().await.unwrap();
            })
        },
        |session| {
            Box::pin(async move {
                session.authenticate("ann").unwrap();
                session.cycle().unwrap();
            })
        },
        |session| {
            Box::pin(async move {
                session.logout().unwrap();
                session.authenticate("ann").unwrap();
                session.cycle().unwrap();
            })
        },
    ];
    let server = Server::revoking();
    let mut cookie = server.logged_in("ann").await;
    for _ in 0..2 {
        for act in acts {
            server.store.revoke_user("ann").await.unwrap();
            let spared = server.logged_in("ann").await;
            cookie = server.call(&with(&spared), act).await.pair();
            assert_eq!(server.user(&cookie).await.as_deref(), Some("ann"));
            assert_eq!(server.user(&spared).await, None);
        }
    }
    let _ = cookie;
}

#[tokio::test]
async fn of_two_requests_that_end_the_others_the_first_leaves_its_user_logged_in() {
    let server = Server::revoking();
    let cookie = server.logged_in("ann").await;
    let first =
        server.call(&with(&cookie), async |session: Session| session.logout_others().await).await.pair();
    // It had looked at its session before.
    let inside = server.clone();
    let before = server.logged_in("bob").await;
    let second = server
        .call(&with(&before), move |session: Session| {
            let inside = inside.clone();
            async move {
                assert_eq!(session.user_id().as_deref(), Some("bob"));
                let id = inside.logged_in("bob").await;
                inside.call(&with(&id), async |other: Session| other.logout_others().await).await;
                session.logout_others().await
            }
        })
        .await;
    assert!(second.sets_nothing(), "{:?}", second.set_cookies());
    assert_eq!(server.user(&first).await.as_deref(), Some("ann"));
}

#[tokio::test]
async fn a_login_ends_what_came_and_had_expired() {
    let server = Server::revoking();
    let long = server.logged_in("ann").await;
    let short = server
        .act(&with(&long), |session| session.set_ttl(std::time::Duration::from_secs(60)).unwrap())
        .await
        .pair();
    server.clock.advance(2 * MINUTE);
    assert_eq!(server.user(&long).await.as_deref(), Some("ann"));
    server.act(&with(&short), |session| session.authenticate("bob").unwrap()).await;
    assert_eq!(server.user(&long).await, None);
}
