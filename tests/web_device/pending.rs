//! What a registration gives has a cookie of its own, beside that of a session which has moved: answers come late, twice
//! and from other registrations.

use crate::browser::{
    BOUND, Browser, ORDINARY, PENDING, PROOF, Site, UNPROVEN, bound_to, is_told_of_end, names_set, unbound,
};

/// A browser that has logged in, and another with its cookies and a key of its own.
async fn two(site: &Site) -> [Browser; 2] {
    let (mut browser, mut second) = (site.browser(1), site.browser(2));
    browser.log_in("ann").await;
    (second.jar, second.challenge) = (browser.jar.clone(), browser.challenge.clone());
    [browser, second]
}

/// Another page has caused a second registration. Its answer gives a proof, so one request lacks that of the session; the
/// browser refreshes, and goes on.
#[tokio::test]
async fn an_answer_that_comes_after_the_session_has_moved_costs_a_refresh() {
    let site = Site::new().await;
    let [mut browser, mut late] = two(&site).await;
    assert_eq!((late.register().await.status, browser.register().await.status), (200, 200));
    browser.post("/set/a/1").await;
    assert_eq!(browser.sees().await, bound_to("ann"));
    let of_first = browser.clone();
    browser.jar.extend([late.cookie(PENDING), late.cookie(PROOF)]);
    let mut of_second = late.clone();
    of_second.jar = browser.jar.clone();
    let reply = browser.get("/get/a").await;
    assert_eq!((names_set(&reply), reply.body.as_str()), (vec![PENDING, PROOF], "null"));
    assert!(reply.removes(PENDING) && reply.removes(PROOF), "{reply:?}");
    assert_eq!((browser.identifier.as_str(), browser.names()), (of_first.identifier.as_str(), vec![BOUND]));
    for jar in [of_second.jar.clone(), browser.jar.clone()] {
        of_second.jar = jar;
        let reply = of_second.refresh().await;
        assert!(reply.status == 401 && !names_set(&reply).contains(&BOUND), "{reply:?}");
        assert!(!names_set(&reply).contains(&PROOF), "it may be the first one's: {reply:?}");
    }
    assert_eq!(browser.refresh().await.status, 200);
    assert_eq!(browser.sees().await, bound_to("ann"));
    assert_eq!(browser.get("/get/a").await.body, "\"1\"");
}

#[tokio::test]
async fn the_same_answer_once_more_costs_nothing() {
    let site = Site::new().await;
    let mut browser = site.registered(1, "ann").await;
    let again = browser.clone();
    assert_eq!(browser.sees().await, bound_to("ann"));
    browser.jar.extend([again.cookie(PENDING), again.cookie(PROOF)]);
    assert_eq!(browser.refresh().await.status, 200);
    assert_eq!(browser.sees().await, bound_to("ann"));
    let reply = browser.post("/set/a/1").await;
    assert_eq!((names_set(&reply), browser.names()), (vec![BOUND, PENDING], vec![BOUND, PROOF]));
}

/// Its browser still has the word of the end of the one before, and the answer to the registration ran out on the way.
#[tokio::test]
async fn a_session_after_one_that_has_ended_is_refreshed_before_it_has_moved() {
    let site = Site::new().await;
    let mut browser = site.bound(1, "ann").await;
    let mut before = browser.clone();
    browser.post("/logout").await;
    browser.log_in("ann").await;
    assert_eq!(browser.register().await.status, 200);
    browser.forget(PROOF);
    assert_eq!(browser.names(), [ORDINARY, BOUND, PENDING]);
    before.jar.clone_from(&browser.jar);
    assert_eq!(before.refresh().await.status, 401);
    assert_eq!(browser.ask().await.status, 403);
    assert_eq!(browser.refresh().await.status, 200);
    assert_eq!((browser.sees().await, browser.names()), (bound_to("ann"), vec![BOUND, PROOF]));
}

#[tokio::test]
async fn a_pending_session_that_is_over_is_removed_with_what_it_was_registered_for() {
    let site = Site::new().await;
    let mut browser = site.browser(1);
    browser.log_in("ann").await;
    browser.post("/ttl/1000").await;
    assert_eq!(browser.register().await.status, 200);
    site.clock.advance(1_000);
    let reply = browser.get("/get/a").await;
    assert!(is_told_of_end(&reply), "{reply:?}");
    assert!([ORDINARY, PENDING, PROOF].iter().all(|name| reply.removes(name)), "{reply:?}");
    assert_eq!(browser.refresh().await.status, 401);
}

/// Two registrations, and the refresh of the first has come last.
#[tokio::test]
async fn a_pending_session_with_the_proof_of_another_registration_waits_for_its_own() {
    let site = Site::new().await;
    let [mut browser, mut second] = two(&site).await;
    browser.register().await;
    second.register().await;
    second.jar.extend([browser.cookie(PROOF)]);
    let reply = second.get("/get/a").await;
    assert_eq!(names_set(&reply), [PROOF], "{reply:?}");
    assert_eq!(
        (second.sees().await, second.names()),
        ((Some("ann".into()), false, true), vec![ORDINARY, PENDING])
    );
    assert_eq!((second.refresh().await.status, second.sees().await), (200, bound_to("ann")));
}

/// In a browser that knows no prefix.
#[tokio::test]
async fn planted_pending_cookies_are_nobodys_session() {
    let site = Site::new().await;
    let (ann, mallory) = (site.registered(1, "ann").await, site.registered(2, "mallory").await);
    let (own, planted) = (&ann.jar[PENDING], &mallory.jar[PENDING]);
    for values in [vec![planted, own], vec![own, planted], vec![own; 5], vec![planted; 5]] {
        let all: Vec<_> = values.iter().map(|value| value.as_str()).collect();
        let mut browser = ann.clone();
        browser.jar.insert(PENDING.to_owned(), all.join(&format!("; {PENDING}=")));
        let reply = browser.get("/get/a").await;
        assert!(reply.sets_nothing() && reply.body == "null", "{all:?}");
        assert_eq!(browser.sees().await.0, None, "{all:?}");
    }
    let mut browser = ann.clone();
    browser.jar.insert(PENDING.to_owned(), [own.as_str(); 5].join(&format!("; {PENDING}=")));
    browser.forget(PROOF);
    assert_eq!(browser.sees().await, UNPROVEN);
    // Of another device than the proof: the ordinary session goes on.
    let mut browser = ann.clone();
    browser.jar.extend([mallory.cookie(PENDING)]);
    assert_eq!(browser.sees().await.0.as_deref(), Some("ann"));
    // With its proof: it waits for a session that does not come.
    browser.jar.extend([mallory.cookie(PENDING), mallory.cookie(PROOF)]);
    assert_eq!(browser.sees().await, unbound("ann"));
    // Beside a session that has moved.
    let mut moved = site.bound(1, "ann").await;
    moved.jar.extend([mallory.cookie(PENDING)]);
    assert_eq!(moved.sees().await, bound_to("ann"));
    moved.jar.extend([mallory.cookie(PROOF)]);
    assert_eq!(moved.sees().await, UNPROVEN);
}
