//! What a request brings is judged as of when its head arrived, however late its handler looks.

use axum::Router;
use axum::extract::Path;
use axum::routing::any;
use sealed_session::hazmat::ManualClock;
use sealed_session::http::Session;
use sealed_session::{KeyRing, SealedStore};

use crate::browser::{self, PROOF_TTL, Site, bound_to};
use crate::site::{MINUTE, NOON, root};

/// Its handler looks two minutes after the head.
fn app(clock: &ManualClock) -> Router {
    let clock = clock.clone();
    let look = move |session: Session, Path(what): Path<String>| {
        clock.advance(2 * MINUTE);
        let user = session.user_id().unwrap_or_default();
        let is_bound = session.is_device_bound();
        if what == "logout" {
            session.logout().unwrap();
        }
        async move { format!("{user} {is_bound}") }
    };
    browser::app().route("/late/{what}", any(look))
}

async fn site() -> Site {
    let clock = ManualClock::at(NOON);
    let ring = KeyRing::new(vec![root(1)]).unwrap();
    let store = SealedStore::builder(ring).clock(clock.clone()).build().unwrap();
    let app = app(&clock);
    Site::over(store, clock, |layer| layer, |device| device, app).await
}

#[tokio::test]
async fn a_proof_that_was_good_at_the_head_is_good() {
    let site = site().await;
    let mut browser = site.bound(1, "ann").await;
    site.clock.advance(PROOF_TTL - 1);
    assert_eq!(browser.get("/late/look").await.body, "ann true");
    assert_eq!(browser.get("/late/look").await.body, " false", "and is over at the next");
    assert_eq!(browser.refresh().await.status, 200);
    assert_eq!(browser.sees().await, bound_to("ann"));
}

#[tokio::test]
async fn a_session_moves_with_a_proof_that_was_good_at_the_head() {
    let site = site().await;
    let mut browser = site.registered(1, "ann").await;
    site.clock.advance(PROOF_TTL - 1);
    assert_eq!(browser.get("/late/look").await.body, "ann true");
    assert_eq!(browser.refresh().await.status, 200);
    assert_eq!(browser.sees().await, bound_to("ann"));
}

#[tokio::test]
async fn a_logout_ends_what_was_good_at_the_head() {
    let site = site().await;
    let mut browser = site.bound(1, "ann").await;
    site.clock.advance(PROOF_TTL - 1);
    let reply = browser.get("/late/logout").await;
    assert!(reply.body == "ann true" && browser::is_told_of_end(&reply), "{reply:?}");
}
