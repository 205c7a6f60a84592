//! What happens while a request is under way: no answer brings a session back that has ended, or removes one that has
//! begun since.

use std::time::Duration;

use axum::http::StatusCode;
use sealed_session::KeyRing;
use sealed_session::http::{Creation, Persistence, Session};

use crate::direct::{Answer, NAME, Server, with};
use crate::site::{DAY, HOUR, MINUTE, NOON, root};

/// A time at which a session of noon is due to be extended.
const DUE: u64 = NOON + 12 * HOUR;

/// The answer to a request that looks at its session, does this, and takes so long.
async fn slow(server: &Server, cookie: &str, takes_ms: u64, act: fn(&Session)) -> Answer {
    let clock = server.clock.clone();
    server
        .call(&with(cookie), move |session| {
            let clock = clock.clone();
            async move {
                let _ = session.user_id();
                act(&session);
                clock.advance(takes_ms);
            }
        })
        .await
}

/// The answer to a request during which another one is answered.
#[cfg(feature = "revocation")]
async fn beside(
    server: &Server,
    cookie: &str,
    takes_ms: u64,
    act: fn(&Session),
    other: fn(&Session),
) -> Answer {
    let inside = server.clone();
    let brings = cookie.to_owned();
    server
        .call(&with(cookie), move |session| {
            let (server, cookie) = (inside.clone(), brings.clone());
            async move {
                let _ = session.user_id();
                act(&session);
                server.act(&with(&cookie), other).await;
                server.clock.advance(takes_ms);
            }
        })
        .await
}

fn read(_: &Session) {}

fn write(session: &Session) {
    session.insert("a", &1).unwrap();
}

#[cfg(feature = "revocation")]
fn cycle(session: &Session) {
    session.cycle().unwrap();
}

#[cfg(feature = "revocation")]
#[tokio::test]
async fn an_answer_brings_nothing_back_that_was_revoked_meanwhile() {
    let ends: [fn(&Session); 3] =
        [|session| session.authenticate("bob").unwrap(), cycle, |session| session.logout().unwrap()];
    for end in ends {
        for act in [read, write, cycle] {
            for takes_ms in [0, 30_000, HOUR] {
                let server = Server::revoking();
                let cookie = server.logged_in("ann").await;
                server.clock.set(DUE);
                let answer = beside(&server, &cookie, takes_ms, act, end).await;
                assert!(answer.sets_nothing(), "{:?}", answer.set_cookies());
                assert_eq!(answer.status, StatusCode::OK);
            }
        }
    }
}

#[cfg(feature = "revocation")]
#[tokio::test]
async fn a_handler_that_revokes_its_own_session_keeps_nothing_of_it() {
    let server = Server::revoking();
    let cookie = server.logged_in("ann").await;
    let store = server.store.clone();
    let answer = server
        .call(&with(&cookie), move |session| {
            session.insert("a", &1).unwrap();
            store.revoke_user("ann").wait().unwrap();
            std::future::ready(())
        })
        .await;
    assert!(answer.sets_nothing());
}

#[tokio::test]
async fn a_mere_renewal_comes_within_a_minute_where_nobody_knows_what_was_revoked() {
    let server = Server::new();
    for (takes_ms, sets) in [(0, true), (MINUTE - 1, true), (MINUTE, false), (HOUR, false)] {
        server.clock.set(NOON);
        let cookie = server.logged_in("ann").await;
        server.clock.set(DUE);
        let answer = slow(&server, &cookie, takes_ms, read).await;
        assert_eq!(answer.sets(), sets, "{takes_ms}: {:?}", answer.set_cookies());
        server.clock.set(DUE);
        assert!(slow(&server, &cookie, takes_ms, write).await.sets(), "a change comes however long it takes");
    }
}

#[cfg(feature = "revocation")]
#[tokio::test]
async fn a_mere_renewal_comes_however_late_where_what_was_revoked_is_known() {
    let server = Server::revoking();
    let cookie = server.logged_in("ann").await;
    server.clock.set(DUE);
    assert!(slow(&server, &cookie, HOUR, read).await.sets());
}

#[tokio::test]
async fn how_late_is_late_can_be_set() {
    let server = Server::with(|store, _| store, |layer| layer.late_after(Duration::from_secs(5)));
    let cookie = server.logged_in("ann").await;
    server.clock.set(DUE);
    assert!(slow(&server, &cookie, 5_000, read).await.sets_nothing());
    server.clock.set(DUE);
    assert!(slow(&server, &cookie, 4_999, read).await.sets());
}

#[tokio::test]
async fn a_removal_that_no_handler_asked_for_comes_within_a_minute() {
    let servers = [
        Server::new(),
        #[cfg(feature = "revocation")]
        Server::revoking(),
    ];
    for server in servers {
        let cookie = server.logged_in("ann").await;
        for (takes_ms, removes) in [(0, true), (MINUTE - 1, true), (MINUTE, false)] {
            for brings in [cookie.clone(), format!("{NAME}=garbage")] {
                server.clock.set(NOON + DAY);
                let answer = slow(&server, &brings, takes_ms, read).await;
                assert_eq!((answer.removes(), answer.sets_nothing()), (removes, !removes), "{takes_ms}");
            }
        }
        server.clock.set(NOON + DAY);
        let out = slow(&server, &cookie, HOUR, |session| session.logout().unwrap()).await;
        assert!(out.removes(), "a logout removes it however long it takes");
    }
}

/// Somebody sets the clock back while a request is under way.
#[tokio::test]
async fn how_long_an_answer_takes_is_told_by_a_clock_that_nobody_sets() {
    let server = Server::new();
    let renewed = server.logged_in("ann").await;
    for (began, brings) in [(DUE, renewed), (NOON, format!("{NAME}=garbage"))] {
        for (takes_ms, set_back) in [(MINUTE, true), (0, false)] {
            server.clock.set(began);
            let clock = server.clock.clone();
            let answer = server
                .call(&with(&brings), move |session| {
                    let clock = clock.clone();
                    async move {
                        let _ = session.user_id();
                        clock.advance(takes_ms);
                        clock.set(if set_back { began } else { began + HOUR });
                    }
                })
                .await;
            assert_eq!(answer.sets_nothing(), set_back, "{:?}", answer.set_cookies());
        }
    }
}

/// Another tab logs in before the answer goes, and its cookie is the newer one.
#[tokio::test]
async fn a_session_that_expires_under_way_is_neither_extended_nor_removed() {
    let server = Server::new();
    let cookie = server.logged_in("ann").await;
    for act in [read, write] {
        server.clock.set(NOON + DAY - 1);
        let answer = slow(&server, &cookie, 2, act).await;
        assert!(answer.sets_nothing(), "{:?}", answer.set_cookies());
    }
}

#[tokio::test]
async fn a_session_for_everybody_does_not_come_late() {
    let server = Server::with(|store, _| store, |layer| layer.creation(Creation::Always));
    assert!(slow(&server, "x=y", MINUTE - 1, read).await.sets());
    assert!(slow(&server, "x=y", MINUTE, read).await.sets_nothing());
}

/// It is the handler that takes its time: it asks late.
#[tokio::test]
async fn a_cookie_is_judged_as_of_when_the_head_of_its_request_arrived() {
    let server = Server::new();
    let cookie = server.logged_in("ann").await;
    server.clock.set(NOON + DAY - 1);
    let clock = server.clock.clone();
    let answer = server
        .act(&with(&cookie), move |session| {
            clock.advance(25_000);
            assert_eq!(session.user_id().as_deref(), Some("ann"));
        })
        .await;
    assert!(answer.sets_nothing() && answer.status == StatusCode::OK);
}

#[tokio::test]
async fn a_session_is_not_judged_by_a_later_key_than_its_request() {
    let server = Server::new();
    let cookie = server.logged_in("ann").await;
    let store = server.store.clone();
    let answer = server
        .act(&with(&cookie), move |session| {
            let ring = KeyRing::new(vec![root(1), root(2)]).unwrap();
            store.replace_ring(ring).unwrap();
            assert_eq!(session.user_id().as_deref(), Some("ann"));
        })
        .await;
    assert!(answer.sets(), "and is sealed by the new one: {:?}", answer.set_cookies());
}

/// The ring that an operator puts in the place of that of root 1, whose secret has leaked: with it, as one that is
/// revoked, or without.
const WITHOUT_THE_FIRST: [fn() -> KeyRing; 2] =
    [|| KeyRing::new(vec![root(1).revoked(), root(2)]).unwrap(), || KeyRing::new(vec![root(2)]).unwrap()];

/// Whoever has the secret of a root that is revoked for it could otherwise keep a session by a request that takes long.
#[tokio::test]
async fn what_a_revoked_root_sealed_goes_on_under_no_other() {
    let acts: [fn(&Session); 4] = [
        |session| session.insert("a", &1).unwrap(),
        |session| session.cycle().unwrap(),
        |session| session.set_ttl(Duration::from_secs(60)).unwrap(),
        |_| (),
    ];
    for (number, act) in acts.into_iter().enumerate() {
        for ring in WITHOUT_THE_FIRST {
            let server = Server::new();
            let cookie = server.logged_in("ann").await;
            server.clock.advance(12 * HOUR);
            let store = server.store.clone();
            let answer = server
                .act(&with(&cookie), move |session| {
                    assert_eq!(session.user_id().as_deref(), Some("ann"));
                    store.replace_ring(ring()).unwrap();
                    act(session);
                    assert_eq!(session.persistence(), Persistence::Ended);
                })
                .await;
            assert!(answer.sets_nothing(), "{number}: {:?}", answer.set_cookies());
        }
    }
}

#[tokio::test]
async fn a_login_begins_a_session_of_its_own_whatever_became_of_the_root_of_what_came() {
    for ring in WITHOUT_THE_FIRST {
        let server = Server::new();
        let cookie = server.logged_in("ann").await;
        let store = server.store.clone();
        let answer = server
            .act(&with(&cookie), move |session| {
                assert!(session.user_id().is_some());
                store.replace_ring(ring()).unwrap();
                session.authenticate("ann").unwrap();
            })
            .await;
        assert_eq!(server.user(&answer.pair()).await.as_deref(), Some("ann"));
    }
}

#[cfg(feature = "revocation")]
#[tokio::test]
async fn what_a_revoked_root_sealed_ends_no_others_and_goes_on_after_them_under_no_other() {
    for (number, ring) in WITHOUT_THE_FIRST.repeat(2).into_iter().enumerate() {
        let revoked_first = number < 2;
        let server = Server::revoking();
        let (cookie, other) = (server.logged_in("ann").await, server.logged_in("ann").await);
        let store = server.store.clone();
        let answer = server
            .call(&with(&cookie), move |session| {
                let store = store.clone();
                async move {
                    assert!(session.user_id().is_some());
                    let revoke = || store.replace_ring(ring()).unwrap();
                    if revoked_first {
                        revoke();
                    }
                    session.logout_others().await.unwrap();
                    revoke();
                }
            })
            .await;
        assert!(!answer.sets(), "{revoked_first}: {:?}", answer.set_cookies());
        server.store.replace_ring(KeyRing::new(vec![root(1)]).unwrap()).unwrap();
        assert_eq!(server.user(&other).await.is_some(), revoked_first);
    }
}

#[cfg(feature = "revocation")]
#[tokio::test]
async fn a_login_that_ends_all_others_is_sent_whatever_became_of_the_root_of_what_came() {
    for ring in WITHOUT_THE_FIRST {
        let server = Server::revoking();
        let cookie = server.logged_in("ann").await;
        let store = server.store.clone();
        let answer = server
            .call(&with(&cookie), move |session| {
                let store = store.clone();
                async move {
                    assert!(session.user_id().is_some());
                    store.replace_ring(ring()).unwrap();
                    session.authenticate("ann").unwrap();
                    session.logout_others().await.unwrap();
                    assert_eq!(session.persistence(), Persistence::Sent);
                }
            })
            .await;
        assert_eq!(server.user(&answer.pair()).await.as_deref(), Some("ann"));
    }
}

/// The answer waits for the backend, and what it brings is sealed already.
#[cfg(feature = "revocation")]
#[tokio::test]
async fn what_is_sealed_when_a_root_is_revoked_and_waits_for_the_backend_is_not_sent() {
    let of_both: fn() -> KeyRing = || KeyRing::new(vec![root(1), root(2)]).unwrap();
    let of_one: fn() -> KeyRing = || KeyRing::new(vec![root(1)]).unwrap();
    let login: fn(&Session) = |session| session.authenticate("bob").unwrap();
    // Its uid is drawn when it is sealed.
    let visitor: fn(&Session) = |session| {
        session.logout().unwrap();
        session.insert("cart", &1).unwrap();
    };
    for (case, before, act) in [
        ("came by it", of_both, cycle as fn(&Session)),
        ("a login is sealed by it", of_one, login),
        ("a visitor's session is sealed by it", of_one, visitor),
    ] {
        for ring in WITHOUT_THE_FIRST {
            let backend = crate::troubled::Troubled::default();
            let gate = backend.clone();
            let server = revoking_over(backend);
            let cookie = server.logged_in("ann").await;
            server.store.replace_ring(before()).unwrap();
            gate.close(true);
            let headers = with(&cookie);
            let mut answer = std::pin::pin!(server.act(&headers, act));
            let first = std::future::poll_fn(|cx| std::task::Poll::Ready(answer.as_mut().poll(cx)));
            assert!(first.await.is_pending(), "{case}");
            server.store.replace_ring(ring()).unwrap();
            gate.close(false);
            let answer = answer.await;
            assert!(!answer.sets(), "{case}: {:?}", answer.set_cookies());
        }
    }
}

/// Its own session is over with all others, and the browser may have another by then.
#[cfg(feature = "revocation")]
#[tokio::test]
async fn a_session_that_has_ended_all_others_and_is_not_sent_is_removed_within_a_minute() {
    let times = [(0, true), (MINUTE - 1, true), (MINUTE, false), (HOUR / 6, false)];
    // A login is to go on then, which is not sent either.
    let logins = [(false, false), (true, false), (false, true)];
    for ((takes_ms, removes), (before, after)) in
        times.into_iter().flat_map(|time| logins.map(|it| (time, it)))
    {
        let server = Server::revoking();
        let cookie = server.logged_in("ann").await;
        let clock = server.clock.clone();
        let answer = server
            .call(&with(&cookie), move |session: Session| {
                let clock = clock.clone();
                async move {
                    if before {
                        session.authenticate("ann").unwrap();
                    }
                    session.logout_others().await.unwrap();
                    if after {
                        session.authenticate("ann").unwrap();
                    }
                    clock.advance(takes_ms);
                    StatusCode::BAD_GATEWAY
                }
            })
            .await;
        let case = format!("{takes_ms}, a login before: {before}, after: {after}");
        assert_eq!((answer.removes(), answer.sets_nothing()), (removes, !removes), "{case}");
        assert_eq!(server.user(&cookie).await, None, "the copy is over: {case}");
    }
}

#[cfg(feature = "revocation")]
fn revoking_over(backend: crate::troubled::Troubled) -> Server {
    Server::with(
        |store, clock| {
            let revocations = sealed_session::revocation::Revocations::builder().clock(clock.clone());
            store.revocations(revocations.with_backend(backend).unwrap())
        },
        |layer| layer,
    )
}

/// Another server has ended the session that gets a new uid, and this one has not heard of it. It may have put another in
/// its place.
#[cfg(feature = "revocation")]
#[tokio::test]
async fn a_cookie_that_is_refused_a_new_uid_stays() {
    use sealed_session::revocation::{Change, Revocation, Revocations};

    let backend = crate::troubled::Troubled::default();
    let others = backend.overtaken_by.clone();
    let server = Server::with(
        |store, clock| {
            let revocations = Revocations::builder().clock(clock.clone());
            store.revocations(revocations.with_backend(backend).unwrap())
        },
        |layer| layer,
    );
    for takes_ms in [0, MINUTE - 1, MINUTE, HOUR] {
        let cookie = server.logged_in("ann").await;
        let id = sealed_session::SessionId::new(cookie.split_once('=').unwrap().1);
        let uid = server.store.open(&id).unwrap().uid();
        *others.lock().unwrap() = vec![Change::Revoke(Revocation::Session { uid, until_ms: u64::MAX })];
        let answer = slow(&server, &cookie, takes_ms, cycle).await;
        assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR, "{takes_ms}");
        assert!(answer.sets_nothing(), "{takes_ms}");
    }
}

/// The answer to ann's request, so long after her login, where somebody ends all of her sessions while what the handler
/// does waits for a slow backend.
#[cfg(feature = "revocation")]
async fn revoked_while_it_waits(later_ms: u64, act: fn(&Session)) -> Answer {
    use std::task::Poll;

    let backend = crate::troubled::Troubled::default();
    let gate = backend.clone();
    let server = revoking_over(backend);
    let cookie = server.logged_in("ann").await;
    server.clock.advance(later_ms);
    gate.close(true);
    let headers = with(&cookie);
    let mut answer = std::pin::pin!(server.act(&headers, act));
    let first = std::future::poll_fn(|cx| Poll::Ready(answer.as_mut().poll(cx)));
    assert!(first.await.is_pending());
    let revoked = server.store.revoke_user("ann");
    gate.close(false);
    revoked.await.unwrap();
    answer.await
}

#[cfg(feature = "revocation")]
#[tokio::test]
async fn a_login_that_is_revoked_before_its_answer_goes_is_not_sent() {
    let answer = revoked_while_it_waits(0, |session| session.authenticate("ann").unwrap()).await;
    assert!(answer.sets_nothing(), "nor is what came removed: {:?}", answer.set_cookies());
}

#[cfg(feature = "revocation")]
#[tokio::test]
async fn what_a_handler_logs_out_is_removed_also_where_its_login_was_revoked_meanwhile() {
    let answer = revoked_while_it_waits(2 * DAY, |session| {
        session.logout().unwrap();
        session.authenticate("ann").unwrap();
    });
    let answer = answer.await;
    assert!(answer.removes(), "what had expired: {:?}", answer.set_cookies());
}

#[tokio::test]
async fn what_has_expired_before_its_answer_goes_is_not_sent() {
    let server = Server::new();
    let acts: [fn(&Session); 2] = [write, |session| {
        session.set_ttl(Duration::from_secs(60)).unwrap();
        session.authenticate("ann").unwrap();
    }];
    for act in acts {
        assert!(slow(&server, "x=y", 2 * DAY, act).await.sets_nothing());
    }
}

#[cfg(feature = "revocation")]
#[tokio::test]
async fn a_handler_can_tell_that_its_login_was_revoked_meanwhile() {
    let server = Server::revoking();
    let store = server.store.clone();
    let answer = server
        .act(&[], move |session| {
            session.authenticate("ann").unwrap();
            write(session);
            assert_eq!(session.persistence(), Persistence::Sent);
            store.revoke_user("ann").wait().unwrap();
            assert_eq!(session.persistence(), Persistence::Ended);
        })
        .await;
    assert!(answer.sets_nothing(), "{:?}", answer.set_cookies());
}

#[tokio::test]
async fn a_handler_can_tell_that_its_login_has_expired_meanwhile() {
    let server = Server::new();
    let clock = server.clock.clone();
    let answer = server
        .act(&[], move |session| {
            session.authenticate("ann").unwrap();
            session.set_ttl(Duration::from_secs(60)).unwrap();
            assert_eq!(session.persistence(), Persistence::Sent);
            clock.advance(60_000);
            assert_eq!(session.persistence(), Persistence::Ended);
        })
        .await;
    assert!(answer.sets_nothing(), "{:?}", answer.set_cookies());
}

#[tokio::test]
async fn a_handler_can_tell_that_its_session_has_ended_meanwhile() {
    let acts: [fn(&Session); 2] = [
        |session| session.insert("a", &1).unwrap(),
        |session| session.set_ttl(Duration::from_secs(600)).unwrap(),
    ];
    for act in acts {
        let server = Server::new();
        let short = |session: &Session| {
            session.set_ttl(Duration::from_secs(60)).unwrap();
            session.authenticate("ann").unwrap();
        };
        let cookie = server.act(&[], short).await.pair();
        let clock = server.clock.clone();
        let answer = server
            .act(&with(&cookie), move |session| {
                assert_eq!(session.user_id().as_deref(), Some("ann"));
                assert_eq!(session.persistence(), Persistence::Sent);
                clock.advance(61_000);
                act(session);
                assert_eq!((session.persistence(), session.expires_at()), (Persistence::Ended, None));
                session.authenticate("bob").unwrap();
                assert_eq!(session.persistence(), Persistence::Sent);
                session.logout().unwrap();
            })
            .await;
        assert!(!answer.sets(), "{:?}", answer.set_cookies());
    }
}
