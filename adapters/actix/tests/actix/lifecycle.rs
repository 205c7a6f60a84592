//! How long sessions last: under the seal, whatever the browser does.

use actix_session::config::{BrowserSession, SessionLifecycle, TtlExtensionPolicy};
use actix_web::cookie::time::Duration;

use crate::site::{NOON, SECOND, Site, persistent, token};

/// A minute, for the browser as well or only under the seal.
fn lifecycles(policy: &TtlExtensionPolicy) -> [(SessionLifecycle, Option<u64>); 2] {
    let browser =
        BrowserSession::default().state_ttl(Duration::seconds(60)).state_ttl_extension_policy(policy.clone());
    let persistent = persistent(60).session_ttl_extension_policy(policy.clone());
    [(browser.into(), None), (persistent.into(), Some(60))]
}

async fn site_of(lifecycle: SessionLifecycle, extending: bool) -> Site {
    let settings = move |middleware: sealed_session_actix::SealedMiddlewareBuilder| {
        middleware.session_lifecycle(lifecycle.clone())
    };
    Site::of(|store| store, settings, extending).await
}

#[tokio::test]
async fn a_session_expires_under_the_seal() {
    for (lifecycle, max_age) in lifecycles(&TtlExtensionPolicy::OnStateChanges) {
        let site = site_of(lifecycle, false).await;
        let first = site.post("/count", "").await;
        assert_eq!(first.max_age(), max_age);
        site.clock.set(NOON + 60 * SECOND - 1);
        site.get("/", first.cookie()).await.says(None, 1);
        site.clock.set(NOON + 60 * SECOND);
        site.get("/", first.cookie()).await.says(None, 0);
    }
}

#[tokio::test]
async fn a_change_begins_the_ttl_anew_and_reading_does_not() {
    for (lifecycle, max_age) in lifecycles(&TtlExtensionPolicy::OnStateChanges) {
        let site = site_of(lifecycle, false).await;
        let first = site.post("/count", "").await;
        site.clock.set(NOON + 40 * SECOND);
        for path in ["/", "/untouched"] {
            assert!(site.get(path, first.cookie()).await.sets_nothing());
        }
        let second = site.post("/count", first.cookie()).await;
        assert_eq!(second.max_age(), max_age);
        site.clock.set(NOON + 100 * SECOND - 1);
        site.get("/", first.cookie()).await.says(None, 0);
        site.get("/", second.cookie()).await.says(None, 2);
        site.clock.set(NOON + 100 * SECOND);
        site.get("/", second.cookie()).await.says(None, 0);
    }
}

#[tokio::test]
async fn on_every_request_alone_extends_the_browsers_cookie_and_not_the_session() {
    for (lifecycle, max_age) in lifecycles(&TtlExtensionPolicy::OnEveryRequest) {
        let site = site_of(lifecycle, false).await;
        let first = site.post("/count", "").await;
        site.clock.set(NOON + 40 * SECOND);
        let untouched = site.get("/untouched", first.cookie()).await;
        match max_age {
            None => assert!(untouched.sets_nothing()),
            Some(_) => {
                assert_eq!((untouched.max_age(), untouched.cookie()), (max_age, first.cookie()));
            }
        }
        site.clock.set(NOON + 60 * SECOND);
        site.get("/", first.cookie()).await.says(None, 0);
    }
}

#[tokio::test]
async fn the_middleware_that_extends_does_so_on_every_request() {
    for (lifecycle, max_age) in lifecycles(&TtlExtensionPolicy::OnStateChanges) {
        let site = site_of(lifecycle, true).await;
        let mut cookie = site.post("/login/ferris", "").await.cookie().to_owned();
        for minute in 1..5 {
            site.clock.advance(59 * SECOND);
            let reply = site.get(["/untouched", "/"][minute % 2], &cookie).await;
            assert_eq!((reply.status, reply.max_age()), (200, max_age));
            assert_ne!(token(reply.cookie()), token(&cookie));
            reply.cookie().clone_into(&mut cookie);
        }
        site.get("/", &cookie).await.says(Some("ferris"), 0);
        assert_eq!(site.open(&cookie).record().data_json, r#"{"user_id":"ferris"}"#);
        site.clock.advance(60 * SECOND);
        site.get("/", &cookie).await.says(None, 0);
    }
}

#[tokio::test]
async fn the_middleware_that_extends_does_nothing_else() {
    let site = site_of(persistent(60).into(), true).await;
    assert!(site.get("/", "").await.sets_nothing(), "there is no session");
    let filled = site.post("/do/insert", "").await;
    let emptied = site.post("/do/clear", filled.cookie()).await;
    assert!(site.get("/", emptied.cookie()).await.sets_nothing(), "there is nothing in it");
    assert!(site.post("/logout", filled.cookie()).await.removes());
    let (before, renewed) = (site.open(filled.cookie()), site.post("/do/renew", filled.cookie()).await);
    assert_ne!(site.open(renewed.cookie()).uid(), before.uid());
    assert_eq!(site.open(renewed.cookie()).record().data_json, before.record().data_json);
}

#[tokio::test]
async fn no_change_outlasts_the_lifetime() {
    let lifetime = std::time::Duration::from_secs(100);
    let settings = |middleware: sealed_session_actix::SealedMiddlewareBuilder| {
        middleware.session_lifecycle(persistent(60))
    };
    let site = Site::of(|store| store.max_lifetime(lifetime), settings, false).await;
    let first = site.post("/count", "").await;
    site.clock.set(NOON + 50 * SECOND);
    let second = site.post("/count", first.cookie()).await;
    let renewed = site.post("/do/renew", first.cookie()).await;
    site.clock.set(NOON + 100 * SECOND - 1);
    let third = site.post("/count", second.cookie()).await;
    third.says(None, 3);
    site.clock.set(NOON + 100 * SECOND);
    site.get("/", third.cookie()).await.says(None, 0);
    site.get("/", renewed.cookie()).await.says(None, 1); // which is another session
}

#[tokio::test]
async fn a_ttl_above_the_maximum_is_cut_and_one_of_nothing_is_an_error() {
    let years = Duration::days(10_000);
    for (ttl, days) in [(years, Some(30)), (Duration::MAX, Some(30)), (Duration::days(2), Some(2))] {
        let site = Site::with(move |middleware| {
            middleware.session_lifecycle(BrowserSession::default().state_ttl(ttl))
        })
        .await;
        let cookie = site.post("/count", "").await.cookie().to_owned();
        let expires = site.open(&cookie).record().expires_at_ms;
        assert_eq!(Some((expires - NOON) / (86_400 * SECOND)), days);
    }
    for ttl in [Duration::ZERO, Duration::nanoseconds(999_999), Duration::seconds(-1)] {
        let site = Site::with(move |middleware| {
            middleware.session_lifecycle(BrowserSession::default().state_ttl(ttl))
        })
        .await;
        let refused = site.post("/count", "").await;
        assert!(refused.status == 500 && refused.sets_nothing(), "{refused:?}");
    }
}

#[tokio::test]
async fn a_session_that_ends_while_the_handler_runs_is_not_extended_and_a_change_of_it_is_an_error() {
    let site = site_of(persistent(60).into(), true).await;
    let cookie = site.post("/login/ferris", "").await.cookie().to_owned();
    let read = site.get("/slow/60", &cookie).await;
    read.says(Some("ferris"), 0);
    assert!(read.status == 200 && read.sets_nothing(), "{read:?}");
    let cookie = site.post("/login/ferris", "").await.cookie().to_owned();
    let changed = site.post("/slow/60/count", &cookie).await;
    assert!(changed.status == 500 && changed.sets_nothing(), "{changed:?}");
}
