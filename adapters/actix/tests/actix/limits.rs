//! How large a session may be, with the signature in its cookie.

use std::collections::HashMap;

use actix_session::config::CookieContentSecurity;
use actix_session::storage::{SaveError, SessionStore as _, UpdateError};
use actix_web::cookie::time::Duration;
use sealed_session::hazmat::ManualClock;
use sealed_session::{ResealError, SealError};
use sealed_session_actix::SealedSessionStore;

use crate::site::{NAME, NOON, Site, builder, token};

/// What surrounds the filler: `{"filler":""}`.
const AROUND: usize = 13;

/// What browsers keep of a cookie, the `=` not counted.
const OCTETS: usize = 4_096;

fn state(filler: usize) -> HashMap<String, String> {
    HashMap::from([("filler".to_owned(), format!("{:?}", "x".repeat(filler)))])
}

/// The longest filler that fits.
fn longest(sessions: &SealedSessionStore) -> usize {
    sessions.store().remaining(None, "{}").unwrap() + 2 - AROUND
}

#[tokio::test]
async fn the_largest_session_is_kept_by_browsers_whatever_its_signature() {
    let site = Site::new().await;
    let path = format!("/fill/{}", longest(&site.sessions));
    for _ in 0..20 {
        let filled = site.post(&path, "").await;
        let (cookie, escapes) = (filled.cookie(), filled.cookie().matches('%').count());
        // Of 42 characters of a signature that may be escaped, those that are not leave two octets each.
        assert_eq!(cookie.len() - 1, OCTETS - 2 * (43 - escapes), "{escapes} escapes");
        assert_eq!(token(cookie).len(), OCTETS - NAME.len() - 130);
        site.get("/", cookie).await.says(None, 0);
    }
}

#[tokio::test]
async fn a_session_too_large_is_a_500_without_a_cookie_and_the_old_one_stays() {
    let site = Site::new().await;
    let path = format!("/fill/{}", longest(&site.sessions) + 1);
    let fresh = site.post(&path, "").await;
    assert!(fresh.status == 500 && fresh.sets_nothing() && fresh.body.is_empty(), "{fresh:?}");

    let client = site.client();
    client.post("/count").await.says(None, 1);
    let grown = client.post(&path).await;
    assert!(grown.status == 500 && grown.sets_nothing() && grown.body.is_empty(), "{grown:?}");
    client.post("/count").await.says(None, 2);
}

#[tokio::test]
async fn the_error_has_both_sizes() {
    let hour = Duration::hours(1);
    let sessions = SealedSessionStore::new(builder(&ManualClock::at(NOON))).unwrap();
    let allowed = OCTETS - NAME.len() - 130;
    let fits = sessions.save(state(longest(&sessions)), &hour).await.unwrap();
    assert!(allowed - fits.as_ref().len() < 2, "base64 leaves no more");

    let too_large = SealError::TooLarge { needed: allowed + 13, allowed };
    let text = format!(
        "the token needs {} characters, and {allowed} are allowed: keep less in the session",
        allowed + 13
    );
    match sessions.save(state(longest(&sessions) + 10), &hour).await {
        Err(SaveError::Other(error)) => {
            assert_eq!((error.to_string(), error.downcast_ref()), (text, Some(&too_large)));
        }
        other => panic!("{other:?}"),
    }
    match sessions.update(fits, state(longest(&sessions) + 10), &hour).await {
        Err(UpdateError::Other(error)) => {
            assert_eq!(error.downcast_ref(), Some(&ResealError::Seal(too_large)));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_lower_limit_stays_and_a_higher_one_is_cut() {
    let of = |chars| {
        let store = builder(&ManualClock::at(NOON)).max_token_chars(chars);
        SealedSessionStore::new(store).unwrap().store().max_token_chars()
    };
    assert_eq!((of(1_000), of(8_000)), (1_000, OCTETS - NAME.len() - 130));
}

#[test]
fn a_name_that_is_escaped_counts_as_it_is_sent() {
    let store = builder(&ManualClock::at(NOON)).cookie_name("a|b");
    let sessions = SealedSessionStore::new(store).unwrap();
    assert_eq!(sessions.store().max_token_chars(), OCTETS - "a%7Cb".len() - 130);
}

#[tokio::test]
async fn padding_stops_at_the_limit() {
    let site = Site::of(|store| store.padding(512), |middleware| middleware, false).await;
    let filled = site.post(&format!("/fill/{}", longest(&site.sessions)), "").await;
    assert!(filled.status == 200 && filled.cookie().len() - 1 <= OCTETS, "{filled:?}");
}

/// Why the middleware only signs.
#[tokio::test]
async fn encrypted_a_second_time_a_large_session_does_not_fit() {
    let private = CookieContentSecurity::Private;
    let site = Site::with(move |middleware| middleware.cookie_content_security(private)).await;
    let filled = site.post(&format!("/fill/{}", longest(&site.sessions)), "").await;
    assert!(filled.status == 200 && filled.cookie().len() - 1 > OCTETS, "and nobody says so");
}
