//! A cookie that may be good elsewhere, in a moment or in another request is overwritten by a login and a logout only.

use std::sync::{Arc, Mutex};
use std::time::Duration;

#[cfg(feature = "revocation")]
use axum::http::StatusCode;
use sealed_session::http::{
    Creation, DataError, FlashLevel, LeftInPlace, Persistence, SameSite, Session, SessionLayer,
};
use sealed_session::{KeyRing, RootSecret, SealedStore};

use crate::direct::{Answer, Server, with};
use crate::site::{DAY, HOUR, MINUTE, NOON, root};

type Write = fn(&Session) -> Result<(), DataError>;

/// All that a handler may store.
const WRITES: [Write; 6] = [
    |session| session.insert("a", &1),
    |session| session.flash(FlashLevel::Info, "x"),
    |session| session.csrf_token().map(drop),
    |session| session.set_ttl(Duration::from_secs(60)),
    |session| session.store(&serde_json::json!({"a": 1})),
    |_| Ok(()),
];

/// Asserts that nothing which is stored overwrites such a cookie, and that a handler can tell why.
async fn is_left(server: &Server, headers: &[(&'static str, &str)], why: LeftInPlace) {
    for write in WRITES {
        let answer = server
            .act(headers, move |session| {
                write(session).unwrap();
                assert_eq!(session.persistence(), Persistence::RequestOnly(why));
                assert_eq!(session.expires_at(), None, "nothing is sent that could expire");
            })
            .await;
        assert!(answer.sets_nothing(), "{why:?}: {:?}", answer.set_cookies());
    }
    let answer = server
        .act(headers, |session| {
            session.insert("a", &1).unwrap();
            assert_eq!(session.get::<u8>("a"), Ok(Some(1)), "it holds for the request");
        })
        .await;
    assert!(answer.sets_nothing());
}

/// Asserts that a handler can overwrite such a cookie if it wants to.
async fn is_overwritten(server: &Server, headers: &[(&'static str, &str)]) {
    let acts: [fn(&Session); 3] = [
        |session| session.authenticate("bob").unwrap(),
        |session| {
            session.insert("a", &1).unwrap();
            session.begin_anyway().unwrap();
        },
        |session| {
            session.begin_anyway().unwrap();
            session.insert("a", &1).unwrap();
        },
    ];
    for act in acts {
        let answer = server
            .act(headers, move |session| {
                act(session);
                assert_eq!(session.persistence(), Persistence::Sent);
            })
            .await;
        assert!(answer.sets(), "{:?}", answer.set_cookies());
    }
    let answer = server.call(headers, |session| std::future::ready(session.begin_anyway())).await;
    assert!(answer.sets_nothing(), "nothing is stored");
    let answer = server.call(headers, |session| std::future::ready(session.logout())).await;
    assert!(answer.removes());
}

#[tokio::test]
async fn while_the_clock_of_this_server_is_behind() {
    let server = Server::new();
    let cookie = server.logged_in("ann").await;
    server.clock.set(NOON - 2 * MINUTE);
    is_left(&server, &with(&cookie), LeftInPlace::Transient).await;
    is_overwritten(&server, &with(&cookie)).await;
    server.clock.set(NOON);
    assert_eq!(server.user(&cookie).await.as_deref(), Some("ann"));
}

#[tokio::test]
async fn while_an_epoch_has_only_not_begun_on_this_server() {
    let daily = || vec![root(1).rotating_every(Duration::from_secs(86_400)).unwrap()];
    let server = Server::new();
    server.store.replace_ring(KeyRing::new(daily()).unwrap()).unwrap();
    let midnight = NOON.next_multiple_of(DAY);
    server.clock.set(midnight + 1);
    let cookie = server.logged_in("ann").await;
    server.clock.set(midnight - 5 * MINUTE);
    is_left(&server, &with(&cookie), LeftInPlace::Transient).await;
    server.clock.set(midnight + 1);
    assert_eq!(server.user(&cookie).await.as_deref(), Some("ann"));
    // The key of another ring is no matter of time.
    let foreign = Server::new();
    foreign.store.replace_ring(KeyRing::single(RootSecret::from_bytes(&[9; 32]).unwrap())).unwrap();
    assert!(foreign.call(&with(&cookie), read).await.removes());
}

#[tokio::test]
async fn where_cookies_of_different_sessions_came() {
    let server = Server::new();
    let both = [server.logged_in("ann").await, server.logged_in("bob").await].join("; ");
    is_left(&server, &with(&both), LeftInPlace::Ambiguous).await;
    is_overwritten(&server, &with(&both)).await;
}

#[tokio::test]
async fn for_ten_minutes_after_the_stricter_limits_of_this_server() {
    type Limit = fn(sealed_session::SealedStoreBuilder) -> sealed_session::SealedStoreBuilder;
    let limits: [Limit; 2] = [
        |store| store.max_lifetime(Duration::from_secs(3600)),
        |store| store.default_ttl(Duration::from_secs(60)).max_ttl(Duration::from_secs(3600)),
    ];
    for limit in limits {
        let before = Server::new();
        let cookie = before.logged_in("ann").await;
        let server = Server::with(|store, _| limit(store), |layer| layer);
        server.clock.set(NOON + HOUR - 1);
        assert_eq!(server.user(&cookie).await.as_deref(), Some("ann"));
        for at in [NOON + HOUR, NOON + HOUR + 10 * MINUTE - 1] {
            server.clock.set(at);
            is_left(&server, &with(&cookie), LeftInPlace::StricterLimits).await;
            is_overwritten(&server, &with(&cookie)).await;
        }
        server.clock.set(NOON + HOUR + 10 * MINUTE);
        assert!(server.call(&with(&cookie), read).await.removes());
        // Its own expiry is over on every server.
        server.clock.set(NOON + DAY);
        assert!(server.call(&with(&cookie), read).await.removes());
    }
}

#[cfg(feature = "revocation")]
#[tokio::test]
async fn for_a_minute_after_the_session_was_revoked() {
    let acts: [fn(&Session); 3] = [
        |session| session.authenticate("ann").unwrap(),
        |session| session.cycle().unwrap(),
        |session| session.logout().unwrap(),
    ];
    for act in acts {
        let server = Server::revoking();
        let cookie = server.logged_in("ann").await;
        server.act(&with(&cookie), act).await;
        for passes in [0, MINUTE - 1] {
            server.clock.advance(passes);
            is_left(&server, &with(&cookie), LeftInPlace::JustRevoked).await;
            is_overwritten(&server, &with(&cookie)).await;
        }
        server.clock.advance(1);
        assert!(server.call(&with(&cookie), read).await.removes());
        assert!(
            server.call(&with(&cookie), |session| std::future::ready(session.insert("a", &1))).await.sets()
        );
    }
}

#[cfg(feature = "revocation")]
#[tokio::test]
async fn for_as_long_as_is_set_after_the_session_was_revoked() {
    use sealed_session::revocation::Revocations;
    let server = Server::with(
        |store, clock| {
            let revocations =
                Revocations::builder().just_revoked_for(Duration::from_secs(5)).clock(clock.clone());
            store.revocations(revocations.in_memory())
        },
        |layer| layer,
    );
    let cookie = server.logged_in("ann").await;
    server.call(&with(&cookie), |session| std::future::ready(session.cycle())).await;
    server.clock.advance(4_999);
    assert!(server.call(&with(&cookie), read).await.sets_nothing());
    // How long ago that was is told by a clock that nobody sets.
    server.clock.set(NOON + HOUR);
    assert!(server.call(&with(&cookie), read).await.sets_nothing());
    server.clock.set(NOON);
    server.clock.advance(1);
    assert!(server.call(&with(&cookie), read).await.removes());
}

/// The store's clock has run for longer, or for less long.
#[cfg(feature = "revocation")]
#[tokio::test]
async fn for_as_long_as_is_set_also_by_a_list_with_a_clock_of_its_own() {
    use sealed_session::hazmat::ManualClock;
    use sealed_session::revocation::Revocations;
    for (of_store, of_list) in [(HOUR, 0), (0, HOUR)] {
        let clock = ManualClock::at(NOON);
        let list = Revocations::builder().just_revoked_for(Duration::from_secs(5)).clock(clock.clone());
        let server = Server::with(|store, _| store.revocations(list.in_memory()), |layer| layer);
        server.clock.advance(of_store);
        clock.advance(of_list);
        let cookie = server.logged_in("ann").await;
        server.call(&with(&cookie), |session| std::future::ready(session.cycle())).await;
        for (passes_ms, removes) in [(4_999, false), (1, true)] {
            server.clock.advance(passes_ms);
            clock.advance(passes_ms);
            let answer = server.call(&with(&cookie), read).await;
            assert_eq!((answer.removes(), answer.sets_nothing()), (removes, !removes), "{of_store}");
        }
    }
}

#[cfg(feature = "revocation")]
#[tokio::test]
async fn while_the_list_of_revocations_is_too_old_and_nobody_can_log_in() {
    use sealed_session::revocation::Revocations;
    use std::sync::atomic::Ordering;

    let backend = crate::troubled::Troubled::default();
    let fails = Arc::clone(&backend.fails);
    let server = Server::with(
        |store, clock| {
            let revocations = Revocations::builder()
                .poll_every(Duration::from_millis(1))
                .refuse_after(Duration::from_secs(60))
                .clock(clock.clone())
                .with_backend(backend);
            store.revocations(revocations.unwrap())
        },
        |layer| layer,
    );
    let cookie = server.logged_in("ann").await;
    fails.store(true, Ordering::Release);
    // A poll that had begun before may still be on its way, and say that all is well at a later time.
    let revocations = server.store.revocations().unwrap().clone();
    while revocations.trouble().is_none() {
        tokio::task::yield_now().await;
    }
    server.clock.advance(2 * HOUR);
    is_left(&server, &with(&cookie), LeftInPlace::Transient).await;
    for headers in [&with(&cookie)[..], &[]] {
        let login = |session: Session| std::future::ready(session.authenticate("bob"));
        let answer = server.call(headers, login).await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(answer.sets_nothing());
    }
    fails.store(false, Ordering::Release);
    while revocations.trouble().is_some() {
        tokio::task::yield_now().await;
    }
    assert_eq!(server.user(&cookie).await.as_deref(), Some("ann"));
}

fn same_site(same_site: SameSite) -> Server {
    Server::with(|store, _| store, |layer| layer.cookie(|cookie| cookie.same_site(same_site)))
}

const LINK: [(&str, &str); 3] =
    [("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")];
const FRAME: [(&str, &str); 3] =
    [("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "iframe")];
const SCRIPT: [(&str, &str); 3] =
    [("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "no-cors"), ("sec-fetch-dest", "image")];

#[tokio::test]
async fn where_the_browser_held_it_back() {
    for (policy, requests) in
        [(SameSite::Strict, &[LINK, FRAME, SCRIPT][..]), (SameSite::Lax, &[FRAME, SCRIPT])]
    {
        for request in requests {
            is_left(&same_site(policy), request, LeftInPlace::HeldBack).await;
            is_overwritten(&same_site(policy), request).await;
        }
    }
    let form = Arc::new(Mutex::new(None));
    let told = Arc::clone(&form);
    let posts = axum::Router::new().route(
        "/",
        axum::routing::post(async move |session: Session| {
            session.insert("a", &1).unwrap();
            *told.lock().unwrap() = Some(session.persistence());
        }),
    );
    let server = Server::new();
    let answer = server.request("POST", &LINK, posts.layer(server.layer.clone())).await;
    assert!(answer.sets_nothing());
    assert_eq!(*form.lock().unwrap(), Some(Persistence::RequestOnly(LeftInPlace::HeldBack)), "a form");
}

#[tokio::test]
async fn but_not_where_the_browser_had_none_to_hold_back() {
    let write = |session: Session| std::future::ready(session.insert("a", &1));
    for site in ["same-origin", "same-site", "none"] {
        assert!(same_site(SameSite::Strict).call(&[("sec-fetch-site", site)], write).await.sets(), "{site}");
    }
    assert!(same_site(SameSite::Strict).call(&[], write).await.sets(), "a client that says nothing");
    assert!(same_site(SameSite::Lax).call(&LINK, write).await.sets());
    for request in [LINK, FRAME, SCRIPT] {
        assert!(same_site(SameSite::None).call(&request, write).await.sets());
    }
    let server = same_site(SameSite::Strict);
    let cookie = server.logged_in("ann").await;
    let answer = server.call(&[LINK[0], ("cookie", &cookie)], write).await;
    assert!(answer.sets(), "it came");
    let refused = server.call(&[LINK[0], ("cookie", "__Host-session=garbage")], write).await;
    assert!(refused.sets(), "what came is no session");
}

#[tokio::test]
async fn a_session_for_everybody_begins_where_no_cookie_is_left_in_place() {
    let strict = SessionLayer::builder(store()).cookie(|cookie| cookie.same_site(SameSite::Strict));
    let server = Server { layer: strict.creation(Creation::Always).build().unwrap(), ..Server::new() };
    assert!(server.call(&LINK, read).await.sets_nothing());
    assert!(server.call(&[], read).await.sets());
}

fn store() -> SealedStore {
    SealedStore::builder(KeyRing::new(vec![root(1)]).unwrap()).build().unwrap()
}

async fn read(session: Session) {
    let _ = session.user_id();
}

#[tokio::test]
async fn a_refusal_that_leaves_the_cookie_wins_over_one_that_does_not() {
    let server = Server::new();
    server.clock.set(NOON + 2 * MINUTE);
    let ahead = server.logged_in("ann").await;
    server.clock.set(NOON);
    for both in [format!("{ahead}; __Host-session=x"), format!("__Host-session=x; {ahead}")] {
        let answer: Answer = server.call(&with(&both), read).await;
        assert!(answer.sets_nothing(), "{:?}", answer.set_cookies());
    }
}

/// A session that begins with the request has a uid that no client knows yet: another one changes nothing.
#[tokio::test]
async fn what_begins_anyway_is_sent_whatever_else_is_asked_for() {
    let acts: [fn(&Session); 3] = [
        |session| drop(session.csrf_token().unwrap()),
        |session| session.insert("cart", &1).unwrap(),
        |session| session.cycle().unwrap(),
    ];
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let server = same_site(SameSite::Lax);
        let answer = server
            .act(&FRAME, move |session| {
                session.begin_anyway().unwrap();
                order.iter().for_each(|at| acts[*at](session));
                assert_eq!(session.persistence(), Persistence::Sent);
            })
            .await;
        assert!(answer.sets(), "{order:?}");
    }
}

#[tokio::test]
async fn a_token_that_was_given_out_is_of_the_session_that_begins_anyway() {
    let server = same_site(SameSite::Lax);
    let answer = server
        .act(&[("sec-fetch-site", "cross-site")], |session| {
            let token = session.csrf_token().unwrap();
            session.begin_anyway().unwrap();
            assert_eq!(session.persistence(), Persistence::Sent);
            assert!(session.check_csrf(&token));
        })
        .await;
    assert!(answer.sets(), "{:?}", answer.set_cookies());
}
