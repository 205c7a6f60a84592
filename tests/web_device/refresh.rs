//! Refreshing a proof.

use std::time::Duration;

use crate::browser::{
    BOUND, Browser, NOBODY, ORDINARY, PROOF, PROOF_TTL, Site, UNPROVEN, bound_to, header, names_set, set,
};
use crate::site::{DAY, HOUR, NOON, Reply};

/// Its proof is over.
async fn late(site: &Site) -> Browser {
    let mut browser = site.bound(1, "ann").await;
    site.clock.advance(PROOF_TTL);
    browser.forget(PROOF);
    browser
}

/// Whether it was refused for good, and the cookies are gone.
fn is_end(reply: &Reply) -> bool {
    let ends = reply.status == 401 && reply.removes(BOUND) && reply.removes(PROOF);
    ends && reply.set_cookies().len() == 2 && header(reply, "secure-session-challenge").is_none()
}

/// Whether it was refused for good, and the cookies are another's.
fn is_end_of_another(reply: &Reply) -> bool {
    reply.status == 401 && reply.sets_nothing() && header(reply, "secure-session-challenge").is_none()
}

#[tokio::test]
async fn who_signs_nothing_gets_a_challenge() {
    let site = Site::new().await;
    let mut browser = late(&site).await;
    let reply = browser.ask().await;
    assert!(reply.status == 403 && reply.sets_nothing() && reply.body.is_empty(), "{reply:?}");
    assert_eq!(reply.cache_control(), ["no-store"]);
    assert_eq!(browser.refresh().await.status, 200, "which is good for a proof");
}

#[tokio::test]
async fn a_signed_challenge_is_worth_a_proof() {
    let site = Site::new().await;
    let mut browser = late(&site).await;
    let reply = browser.refresh().await;
    assert!(reply.status == 200 && reply.body.is_empty(), "{reply:?}");
    assert_eq!(names_set(&reply), [PROOF]);
    assert_eq!(set(&reply, PROOF).0, "HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=540");
    assert_eq!(reply.cache_control(), ["no-store"]);
    assert_eq!(browser.sees().await, bound_to("ann"));
}

#[tokio::test]
async fn each_answer_brings_the_next_challenge() {
    let site = Site::new().await;
    let mut browser = site.bound(1, "ann").await;
    for _ in 0..5 {
        let before = browser.challenge.clone();
        site.clock.advance(PROOF_TTL);
        assert_eq!(browser.refresh().await.status, 200);
        assert_ne!(browser.challenge, before);
    }
    assert_eq!(browser.sees().await, bound_to("ann"));
}

#[tokio::test]
async fn a_challenge_that_is_over_is_answered_with_another() {
    let site = Site::new().await;
    let mut browser = site.bound(1, "ann").await;
    let old = browser.challenge.clone();
    site.clock.advance(2 * PROOF_TTL);
    let reply = browser.refresh().await;
    assert!(reply.status == 403 && reply.sets_nothing(), "{reply:?}");
    assert_ne!(browser.challenge, old);
    assert_eq!(browser.refresh().await.status, 200);
}

#[tokio::test]
async fn a_challenge_lives_as_long_as_is_set() {
    let site = Site::with(|device| device.challenge_ttl(Duration::from_secs(60))).await;
    for (age, status) in [(59_999, 200), (60_000, 403)] {
        let mut browser = site.bound(1, "ann").await;
        site.clock.advance(age);
        assert_eq!(browser.refresh().await.status, status, "{age} ms");
    }
}

#[tokio::test]
async fn a_bad_proof_ends_the_session() {
    let site = Site::new().await;
    for what in 0..6 {
        let mut browser = late(&site).await;
        let (device, challenge) = (browser.device(), browser.challenge.clone());
        let proof = match what {
            0 => site.browser(2).device().refresh(&challenge),
            1 => device.registration(&challenge),
            2 => device.refresh("no challenge"),
            3 => device.refresh(&site.bound(3, "bob").await.challenge),
            4 => String::new(),
            _ => device.refresh(&challenge).replace('.', "_"),
        };
        let reply = browser.refresh_with(&proof).await;
        assert!(is_end(&reply), "{what}: {reply:?}");
        assert_eq!(browser.sees().await, NOBODY);
    }
}

#[tokio::test]
async fn what_ends_for_another_identifier_leaves_this_session_alone() {
    let site = Site::new().await;
    let (bob, mut browser) = (site.bound(2, "bob").await, late(&site).await);
    let own = browser.identifier.clone();
    for (identifier, key) in [(bob.identifier.as_str(), 1), ("no identifier", 1), ("", 1)] {
        browser.identifier = identifier.to_owned();
        let proof = site.browser(key).device().refresh(&bob.challenge);
        let reply = browser.refresh_with(&proof).await;
        assert!(is_end_of_another(&reply), "{identifier}: {reply:?}");
    }
    browser.identifier = bob.identifier;
    let reply = browser.refresh_with(&site.browser(2).device().refresh(&bob.challenge)).await;
    assert!(is_end_of_another(&reply), "a good proof of the session before, after another login: {reply:?}");
    browser.identifier = own;
    assert_eq!(browser.refresh().await.status, 200);
}

/// As Chromium asks when a link from another site is what it refreshes for.
#[tokio::test]
async fn a_refresh_that_brings_no_cookies_is_answered() {
    let site = Site::new().await;
    let mut browser = late(&site).await;
    let mut from_elsewhere = browser.clone();
    from_elsewhere.jar.clear();
    assert_eq!(from_elsewhere.refresh().await.status, 200);
    assert_eq!(from_elsewhere.names(), [PROOF]);
    browser.jar.extend([from_elsewhere.cookie(PROOF)]);
    assert_eq!(browser.sees().await, bound_to("ann"));
}

#[tokio::test]
async fn a_refresh_is_no_use_of_the_session() {
    let site = Site::of(|layer| layer, |device| device.challenge_ttl(Duration::from_secs(7200))).await;
    let mut browser = site.bound(1, "ann").await;
    for _ in 0..12 {
        site.clock.advance(2 * HOUR - 1);
        assert_eq!(names_set(&browser.refresh().await), [PROOF]);
    }
    site.clock.advance(12);
    assert!(is_end(&browser.refresh().await), "a day after the login");
}

#[tokio::test]
async fn a_session_that_is_over_ends_behind_a_good_proof() {
    let site = Site::new().await;
    let mut browser = site.bound(1, "ann").await;
    browser.post("/ttl/60000").await;
    site.clock.advance(60_000);
    assert!(is_end(&browser.refresh().await));
    assert!(browser.jar.is_empty());
}

#[tokio::test]
async fn a_damaged_bound_cookie_ends_the_refreshes_and_not_more() {
    let site = Site::new().await;
    let mut browser = late(&site).await;
    browser.jar.insert(BOUND.to_owned(), "damaged".to_owned());
    let reply = browser.refresh().await;
    assert!(is_end_of_another(&reply), "{reply:?}");
}

#[tokio::test]
async fn a_device_refreshes_no_longer_than_its_identifier_lives() {
    let hours = |hours: u64| Duration::from_secs(hours * 3600);
    let site = Site::with(|device| device.identifier_lifetime(hours(5)).challenge_ttl(hours(5))).await;
    let mut browser = site.bound(1, "ann").await;
    site.clock.advance(5 * HOUR - 1);
    assert_eq!(browser.refresh().await.status, 200);
    site.clock.advance(1);
    let mut asks = browser.clone();
    assert!(is_end(&asks.ask().await));
    assert!(is_end(&browser.refresh().await));
}

#[tokio::test]
async fn a_refresh_that_cannot_be_sealed_may_be_tried_again_and_removes_nothing() {
    let site = Site::new().await;
    let mut browser = late(&site).await;
    site.stop_sealing();
    for proof in [None, Some(browser.device().refresh(&browser.challenge))] {
        let reply = match proof {
            None => browser.ask().await,
            Some(proof) => browser.refresh_with(&proof).await,
        };
        assert!(reply.status == 503 && reply.sets_nothing() && reply.body.is_empty(), "{reply:?}");
        assert!(header(&reply, "secure-session-challenge").is_none());
    }
    assert_eq!(browser.sees().await, UNPROVEN);
    site.seal_again();
    assert_eq!(browser.refresh().await.status, 200);
}

#[tokio::test]
async fn a_refresh_for_nothing_is_senseless() {
    let site = Site::new().await;
    let mut browser = late(&site).await;
    let proof = browser.device().refresh(&browser.challenge);
    let reply = browser.post_with("/dbsc/refresh", &[("Secure-Session-Response", &proof)]).await;
    assert!(reply.status == 400 && reply.sets_nothing(), "{reply:?}");
}

#[tokio::test]
async fn values_in_quotes_are_what_stands_between_them() {
    let site = Site::new().await;
    let mut browser = late(&site).await;
    let (identifier, proof) = (browser.identifier.clone(), browser.device().refresh(&browser.challenge));
    let [quoted, proof] = [identifier.as_str(), &proof].map(|text| format!("\"{text}\""));
    let asked = browser.post_with("/dbsc/refresh", &[("Sec-Secure-Session-Id", &quoted)]).await;
    assert_eq!(asked.status, 403);
    crate::browser::challenge(&asked, &identifier);
    let headers = [("Sec-Secure-Session-Id", quoted.as_str()), ("Secure-Session-Response", &proof)];
    let reply = browser.post_with("/dbsc/refresh", &headers).await;
    assert_eq!(reply.status, 200);
    crate::browser::challenge(&reply, &identifier);
    let headers = [("Sec-Secure-Session-Id", quoted.as_str()), ("Secure-Session-Response", "bad")];
    assert!(is_end(&browser.post_with("/dbsc/refresh", &headers).await));
}

#[tokio::test]
async fn a_tombstone_beside_a_bound_cookie_is_no_end() {
    let site = Site::new().await;
    let mut browser = late(&site).await;
    let bound = browser.jar[BOUND].clone();
    for value in [format!("ended; {BOUND}={bound}"), format!("{bound}; {BOUND}=ended")] {
        browser.jar.insert(BOUND.to_owned(), value);
        assert_eq!(browser.refresh().await.status, 200);
        assert_eq!(browser.sees().await, bound_to("ann"));
    }
}

/// As where another server, whose clock is right, has extended it.
#[tokio::test]
async fn a_bound_session_of_this_servers_future_is_left_alone() {
    let site = Site::new().await;
    let mut browser = site.bound(1, "ann").await;
    site.clock.advance(PROOF_TTL - 1);
    browser.post("/ttl/86400000").await;
    site.clock.set(NOON);
    let reply = browser.get("/get/a").await;
    assert!(reply.body == "null" && reply.sets_nothing(), "{reply:?}");
    assert_eq!(browser.sees().await, NOBODY);
    let reply = browser.refresh().await;
    assert!(reply.status == 503 && reply.sets_nothing(), "{reply:?}");
    site.clock.advance(PROOF_TTL - 1);
    assert_eq!(browser.sees().await, bound_to("ann"));
}

/// The identifier stands in the answer's header: only what the server made itself does.
#[tokio::test]
async fn no_text_of_a_clients_making_stands_in_the_answer() {
    let site = Site::new().await;
    let browser = late(&site).await;
    let identifier = browser.identifier.clone();
    let proof = browser.device().refresh(&browser.challenge);
    for text in [
        format!("\"\"{identifier}\"\""),
        format!("{identifier}\";id=\"x"),
        format!("{identifier}, \"y\""),
        format!("{identifier} "),
        format!("\"{identifier}"),
    ] {
        for headers in [&[("Secure-Session-Response", proof.as_str())][..], &[]] {
            let headers = [&[("Sec-Secure-Session-Id", text.as_str())], headers].concat();
            let reply = browser.clone().post_with("/dbsc/refresh", &headers).await;
            if let Some(value) = header(&reply, "secure-session-challenge") {
                assert!(value.ends_with(&format!(r#"";id="{identifier}""#)), "{text}: {value}");
                assert_eq!(value.matches('"').count(), 4, "{text}: {value}");
            }
        }
    }
}

#[tokio::test]
async fn a_replayed_proof_is_worth_one_that_no_cookie_goes_with() {
    let site = Site::new().await;
    let mut browser = site.bound(1, "ann").await;
    let captured = browser.device().refresh(&browser.challenge);
    browser.refresh_with(&captured).await;
    let mut thief = site.browser(2);
    thief.identifier.clone_from(&browser.identifier);
    assert_eq!(thief.refresh_with(&captured).await.status, 200);
    assert_eq!(thief.sees().await, NOBODY);
    site.clock.advance(2 * PROOF_TTL);
    assert_eq!(
        thief.refresh_with(&captured).await.status,
        403,
        "and that for as long as its challenge lives"
    );
}

#[tokio::test]
async fn an_ordinary_session_is_not_looked_at() {
    let site = Site::new().await;
    let (mut browser, mut other) = (late(&site).await, site.browser(2));
    other.log_in("bob").await;
    browser.jar.extend([other.cookie(ORDINARY)]);
    site.clock.advance(DAY - 2 * HOUR);
    let reply = browser.ask().await;
    assert!(reply.sets_nothing() && reply.vary().is_empty(), "{reply:?}");
}
