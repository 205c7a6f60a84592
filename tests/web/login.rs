//! What a login keeps and what it does not: data, lifetime, room for the user's id.

use std::time::{Duration, UNIX_EPOCH};

use axum::http::StatusCode;
use sealed_session::http::{DataError, FlashLevel, Session, SessionLayer};
use sealed_session::{SealError, SealedStore};
use serde_json::{Value, json};

use crate::direct::{Server, with};
use crate::site::{DAY, HOUR, NOON};

/// What is in the session of a cookie.
async fn data(server: &Server, cookie: &str) -> Value {
    let seen = std::sync::Arc::new(std::sync::Mutex::new(Value::Null));
    let told = std::sync::Arc::clone(&seen);
    server
        .call(&with(cookie), move |session| {
            *told.lock().unwrap() = session.load().unwrap();
            std::future::ready(())
        })
        .await;
    let seen = seen.lock().unwrap();
    seen.clone()
}

async fn act(server: &Server, cookie: &str, act: fn(&Session)) -> String {
    server.act(&with(cookie), act).await.pair()
}

#[tokio::test]
async fn another_user_begins_with_no_data() {
    let server = Server::new();
    let marked = act(&server, "x=y", |session| {
        session.authenticate("mallory").unwrap();
        session.insert("mfa_ok", &true).unwrap();
        session.flash(FlashLevel::Info, "Welcome, Mallory.").unwrap();
    })
    .await;
    let victim = act(&server, &marked, |session| {
        session.authenticate("victim").unwrap();
        assert_eq!(session.take_flashes().unwrap(), []);
    })
    .await;
    assert_eq!(
        (server.user(&victim).await.as_deref(), data(&server, &victim).await),
        (Some("victim"), json!({}))
    );
    // In one request, too.
    let victim = act(&server, "x=y", |session| {
        session.authenticate("mallory").unwrap();
        session.insert("mfa_ok", &true).unwrap();
        session.authenticate("victim").unwrap();
    })
    .await;
    assert_eq!(data(&server, &victim).await, json!({}));
}

#[tokio::test]
async fn a_visitor_keeps_a_cart_and_a_user_what_is_theirs() {
    let server = Server::new();
    let cart = act(&server, "x=y", |session| session.insert("cart", &["A1"]).unwrap()).await;
    let user = act(&server, &cart, |session| session.authenticate("ann").unwrap()).await;
    assert_eq!(data(&server, &user).await, json!({"cart": ["A1"]}));
    let again = act(&server, &user, |session| session.authenticate("ann").unwrap()).await;
    assert_eq!(data(&server, &again).await, json!({"cart": ["A1"]}));
}

#[tokio::test]
async fn a_logout_before_the_login_leaves_nothing() {
    let server = Server::new();
    let user = act(&server, "x=y", |session| {
        session.authenticate("ann").unwrap();
        session.insert("a", &1).unwrap();
    })
    .await;
    let after = act(&server, &user, |session| {
        session.logout().unwrap();
        session.authenticate("ann").unwrap();
    })
    .await;
    assert_eq!(data(&server, &after).await, json!({}));
}

#[tokio::test]
async fn an_account_switcher_keeps_the_members_that_it_names() {
    let server = Server::new();
    let ann = act(&server, "x=y", |session| {
        session.authenticate("ann").unwrap();
        session.store(&json!({"language": "fr", "mfa_ok": true, "accounts": ["ann", "bob"]})).unwrap();
    })
    .await;
    let bob = act(&server, &ann, |session| {
        session.authenticate_keeping("bob", &["accounts", "language", "none"]).unwrap();
    })
    .await;
    assert_eq!(data(&server, &bob).await, json!({"language": "fr", "accounts": ["ann", "bob"]}));
    let same = act(&server, &bob, |session| session.authenticate_keeping("bob", &[]).unwrap()).await;
    assert_eq!(
        data(&server, &same).await,
        json!({"language": "fr", "accounts": ["ann", "bob"]}),
        "their own stay"
    );
}

/// When the session of a cookie expires.
async fn expires_at(server: &Server, cookie: &str) -> u64 {
    let seen = std::sync::Arc::new(std::sync::Mutex::new(None));
    let told = std::sync::Arc::clone(&seen);
    server
        .call(&with(cookie), move |session| {
            *told.lock().unwrap() = session.expires_at();
            std::future::ready(())
        })
        .await;
    let at = seen.lock().unwrap().unwrap();
    at.duration_since(UNIX_EPOCH).unwrap().as_millis().try_into().unwrap()
}

#[tokio::test]
async fn a_login_lives_as_long_as_was_asked_for_in_its_request() {
    let server = Server::new();
    let month = Duration::from_secs(30 * 86_400);
    let before = server.call(&[], move |session| {
        session.set_ttl(month).unwrap();
        std::future::ready(session.authenticate("ann"))
    });
    let after = server.call(&[], move |session| {
        session.authenticate("ann").unwrap();
        std::future::ready(session.set_ttl(month))
    });
    let twice = server.call(&[], move |session| {
        session.set_ttl(month).unwrap();
        session.authenticate("ann").unwrap();
        std::future::ready(session.authenticate("bob"))
    });
    for cookie in [before.await.pair(), after.await.pair(), twice.await.pair()] {
        assert_eq!(expires_at(&server, &cookie).await, NOON + 30 * DAY);
    }
    assert_eq!(expires_at(&server, &server.logged_in("ann").await).await, NOON + DAY, "the default");
}

#[cfg(feature = "revocation")]
#[tokio::test]
async fn a_session_that_ends_the_others_keeps_its_ttl() {
    let server = Server::revoking();
    let month = Duration::from_secs(30 * 86_400);
    let cookie = server
        .call(&[], move |session| {
            session.set_ttl(month).unwrap();
            std::future::ready(session.authenticate("ann"))
        })
        .await
        .pair();
    server.clock.set(NOON + HOUR);
    let left =
        server.call(&with(&cookie), async |session: Session| session.logout_others().await).await.pair();
    let begins = server.store.open(&id(&left)).unwrap().record().created_at_ms;
    assert_eq!(expires_at(&server, &left).await, begins + 30 * DAY);
}

#[cfg(feature = "revocation")]
fn id(cookie: &str) -> sealed_session::SessionId {
    sealed_session::SessionId::new(cookie.split_once('=').unwrap().1)
}

/// Fills an anonymous session as far as it goes.
fn fill(session: &Session) {
    let mut fits = 0;
    for len in 0..4096 {
        match session.insert("a", &"x".repeat(len)) {
            Ok(()) => fits = len,
            Err(error) => {
                assert!(
                    matches!(error, DataError::Seal(SealError::TooLarge { needed, allowed }) if needed > allowed)
                );
                break;
            }
        }
    }
    assert!(fits > 2_000, "{fits}");
}

#[tokio::test]
async fn a_visitor_whose_data_fill_the_cookie_can_log_in() {
    let paddings: [fn(sealed_session::SealedStoreBuilder) -> sealed_session::SealedStoreBuilder; 2] =
        [|store| store, |store| store.padding(128)];
    for padding in paddings {
        let server = Server::with(|store, _| padding(store), |layer| layer);
        let full = act(&server, "x=y", fill).await;
        let login = |session: Session| std::future::ready(session.authenticate(&"u".repeat(64)));
        let answer = server.call(&with(&full), login).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert!(answer.sets());
        assert!(
            server
                .call(&with(&full), |session| std::future::ready(session.remove("a").map(drop)))
                .await
                .sets()
        );
    }
}

#[tokio::test]
async fn a_visitor_with_less_room_than_a_user_id_takes_may_store_less_and_not_more() {
    let roomy = Server::with(|store, _| store, |layer| layer.user_id_room(0));
    let full = act(&roomy, "x=y", fill).await;
    let server = Server { layer: SessionLayer::new(roomy.store.clone()).unwrap(), ..roomy };
    let answer = server.call(&with(&full), |session| std::future::ready(session.insert("b", &1))).await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    let less = server
        .call(&with(&full), |session| std::future::ready(session.insert("a", &"x".repeat(2_000))))
        .await;
    assert!(less.sets());
}

#[test]
fn more_room_for_user_ids_than_there_is_at_all_is_an_error() {
    let store = || -> SealedStore { Server::new().store };
    let error = SessionLayer::builder(store()).user_id_room(2_957).build().unwrap_err();
    assert!(error.to_string().contains("user_id_room"), "{error}");
    assert!(SessionLayer::builder(store()).user_id_room(2_956).build().is_ok());
}

#[tokio::test]
async fn the_expiry_that_a_handler_reads_is_the_one_that_is_sent() {
    let server = Server::new();
    let cookie = server.logged_in("ann").await;
    for (at, expires) in [(NOON + HOUR, NOON + DAY), (NOON + 12 * HOUR, NOON + 36 * HOUR)] {
        server.clock.set(at);
        let answer = server
            .act(&with(&cookie), move |session| {
                let expires = UNIX_EPOCH + Duration::from_millis(expires);
                assert_eq!(session.expires_at(), Some(expires));
            })
            .await;
        if answer.sets() {
            assert_eq!(expires_at(&server, &answer.pair()).await, expires);
        }
    }
}

/// However long the handler takes afterwards.
#[tokio::test]
async fn the_expiry_of_what_begins_is_the_one_that_is_sent() {
    let acts: [fn(&Session); 4] = [
        |session| session.authenticate("ann").unwrap(),
        |session| session.insert("a", &1).unwrap(),
        |session| session.set_ttl(Duration::from_secs(60)).and_then(|()| session.insert("a", &1)).unwrap(),
        |session| session.logout().and_then(|()| session.insert("a", &1)).unwrap(),
    ];
    let always =
        Server::with(|store, _| store, |layer| layer.creation(sealed_session::http::Creation::Always));
    let cases = acts.map(|act| (Server::new(), act));
    for (server, act) in cases.into_iter().chain([(always, (|_| {}) as fn(&Session))]) {
        let said = std::sync::Arc::new(std::sync::Mutex::new(None));
        let (told, clock) = (std::sync::Arc::clone(&said), server.clock.clone());
        let answer = server
            .act(&[], move |session| {
                act(session);
                *told.lock().unwrap() = session.expires_at();
                clock.advance(12_000);
            })
            .await;
        let sent = UNIX_EPOCH + Duration::from_millis(expires_at(&server, &answer.pair()).await);
        assert_eq!(*said.lock().unwrap(), Some(sent));
    }
}

#[tokio::test]
async fn messages_do_not_go_to_another_user() {
    let switch = |session: Session| {
        session.authenticate("ann").unwrap();
        std::future::ready(session.authenticate_keeping("bob", &["_flash"]))
    };
    assert_eq!(Server::new().call(&[], switch).await.status, StatusCode::INTERNAL_SERVER_ERROR);
}
