//! What ends on the server when a session has moved to its device, for how long that is known, and whom it is about.

use std::convert::Infallible;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::http::request::Parts;
use axum::routing::post;
use http::header::{COOKIE, SET_COOKIE};
use http::{Request, Response};
use reqwest::Method;
use sealed_session::hazmat::ManualClock;
use sealed_session::http::{Session, SessionLayer};
use sealed_session::registry::Registry;
use sealed_session::revocation::{Revocations, RevocationsBuilder};
use sealed_session::{Clock as _, KeyRing, SealedStore};
use tower::{Layer as _, ServiceExt as _, service_fn};

use crate::browser::{
    BOUND, Browser, NOBODY, ORDINARY, PENDING, PROOF, PROOF_TTL, Site, UNPROVEN, all_see, app, bound_to,
    challenge, json, names_set, unbound,
};
use crate::site::{DAY, MINUTE, NOON, Reply, root};
use crate::troubled::Troubled;

async fn site_of(build: impl FnOnce(RevocationsBuilder) -> Revocations) -> (Site, Revocations) {
    let clock = ManualClock::at(NOON);
    let ring = KeyRing::new(vec![root(1)]).unwrap();
    let revocations = build(Revocations::builder().clock(clock.clone()));
    let store = SealedStore::builder(ring).clock(clock.clone()).revocations(revocations.clone());
    let store = store.build().unwrap();
    let registry = Registry::builder(store.clone()).build().unwrap();
    let app = app()
        .route("/logout-everywhere", post(|s: Session| async move { s.logout_everywhere().await }))
        .route("/logout-others", post(|s: Session| async move { s.logout_others().await }))
        .route("/revoke-own", post(|s: Session| async move { s.revoke(s.uid().unwrap()).await.map(drop) }));
    let site = Site::over(store, clock, |layer| layer.registry(registry), |device| device, app).await;
    (site, revocations)
}

async fn site() -> Site {
    site_of(RevocationsBuilder::in_memory).await.0
}

/// A site whose backend does what it is told.
async fn troubled() -> (Site, Troubled) {
    troubled_by(Troubled::default()).await
}

async fn troubled_by(backend: Troubled) -> (Site, Troubled) {
    let own = backend.clone();
    (site_of(|builder| builder.with_backend(backend).unwrap()).await.0, own)
}

fn arrive(browser: &mut Browser, answer: &Browser) {
    browser.jar.extend([answer.cookie(PENDING), answer.cookie(PROOF)]);
    browser.identifier.clone_from(&answer.identifier);
    browser.challenge.clone_from(&answer.challenge);
}

#[tokio::test]
async fn a_copy_of_the_ordinary_cookie_works_until_the_browser_comes_back_and_never_again() {
    let site = site().await;
    let mut browser = site.browser(1);
    browser.log_in("ann").await;
    let mut thief = browser.clone();
    browser.register().await;
    site.clock.advance(MINUTE / 2);
    assert_eq!(thief.post("/set/a/1").await.status, 200);
    assert_eq!(thief.sees().await, unbound("ann"));
    assert_eq!(browser.sees().await, bound_to("ann"));
    for _ in 0..3 {
        assert_eq!(thief.sees().await, NOBODY);
        site.clock.advance(MINUTE);
    }
    assert!(thief.get("/get/a").await.sets_nothing(), "it has been removed by now");
    assert_eq!(browser.sees().await, bound_to("ann"));
}

/// Even one that was registered with the cookie while that was good.
#[tokio::test]
async fn of_two_devices_the_one_that_comes_back_first_has_the_session() {
    let site = site().await;
    for is_first in [true, false] {
        let mut browser = site.browser(1);
        browser.log_in("ann").await;
        let mut thief = site.browser(2);
        (thief.jar, thief.challenge) = (browser.jar.clone(), browser.challenge.clone());
        assert_eq!((browser.register().await.status, thief.register().await.status), (200, 200));
        let (first, second) = if is_first { (&mut browser, &mut thief) } else { (&mut thief, &mut browser) };
        assert_eq!(first.sees().await, bound_to("ann"));
        assert_eq!(second.sees().await, NOBODY);
        assert!(second.get("/get/a").await.sets_nothing(), "left in place for a moment");
        assert_ne!(second.refresh().await.status, 200);
        site.clock.advance(MINUTE);
        assert_eq!(second.sees().await, NOBODY);
        assert_eq!(second.refresh().await.status, 401);
        assert_eq!((first.refresh().await.status, first.sees().await), (200, bound_to("ann")));
    }
}

#[tokio::test]
async fn what_ends_the_session_meanwhile_wins() {
    let site = site().await;
    for (end, sees) in [
        ("/logout", NOBODY),
        ("/invalidate", NOBODY),
        ("/logout-and-fail", NOBODY),
        ("/logout-everywhere", NOBODY),
        ("/revoke-own", NOBODY),
        ("/logout-others", unbound("ann")),
        ("/cycle", unbound("ann")),
        ("/login/bob", unbound("bob")),
    ] {
        let mut browser = site.browser(1);
        browser.log_in("ann").await;
        let (before, mut answer) = (browser.clone(), browser.clone());
        answer.register().await;
        browser.post(end).await;
        arrive(&mut browser, &answer);
        assert_eq!(browser.sees().await, sees, "{end}");
        assert_eq!(answer.sees().await, NOBODY, "{end}: a copy of all that there was");
        let mut late = before;
        assert_eq!(late.register().await.status, 401, "{end}: nor does it register later");
        site.clock.advance(2 * MINUTE);
    }
}

/// Over a backend with a thread of its own, which all of them wait for at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn requests_beside_a_registration_are_all_answered_for_the_user() {
    let (site, _) = troubled().await;
    for at in [0, 1, 14, 28, 29] {
        let mut browser = site.browser(1);
        browser.log_in("ann").await;
        let before: Vec<_> = (0..29).map(|_| browser.clone()).collect();
        let (early, late) = before.split_at(at);
        all_see(early, &unbound("ann")).await;
        browser.register().await;
        all_see(late, &unbound("ann")).await;
        all_see(&vec![browser.clone(); 29], &bound_to("ann")).await;
        assert_eq!((browser.sees().await, browser.names()), (bound_to("ann"), vec![BOUND, PROOF]));
        all_see(&before, &NOBODY).await;
    }
}

/// Its answer is a 500 that removes the cookie: the client at least is logged out.
#[tokio::test]
async fn a_logout_that_cannot_be_recorded_wins_as_well() {
    let (site, backend) = troubled().await;
    let mut browser = site.browser(1);
    browser.log_in("ann").await;
    let mut answer = browser.clone();
    answer.register().await;
    backend.fails.store(true, Ordering::Release);
    assert_eq!(browser.post("/logout").await.status, 500);
    arrive(&mut browser, &answer);
    assert_eq!(browser.sees().await, NOBODY);
    backend.fails.store(false, Ordering::Release);
    assert_eq!(browser.sees().await, NOBODY);
    assert_eq!(browser.refresh().await.status, 401);
}

/// Only a refresh: what moved is refused to the second device.
#[tokio::test]
async fn an_answer_to_another_registration_takes_nothing_from_a_session_that_has_moved() {
    let site = site().await;
    for late_ms in [0, MINUTE, 5 * MINUTE] {
        let mut browser = site.browser(1);
        browser.log_in("ann").await;
        let mut second = site.browser(2);
        (second.jar, second.challenge) = (browser.jar.clone(), browser.challenge.clone());
        assert_eq!((browser.register().await.status, second.register().await.status), (200, 200));
        let between = browser.clone();
        assert_eq!(browser.sees().await, bound_to("ann"));
        site.clock.advance(late_ms);
        browser.jar.extend([second.cookie(PENDING), second.cookie(PROOF)]);
        // It brings the ordinary cookie still, and arrives now.
        let mut late = browser.clone();
        late.jar.extend([between.cookie(ORDINARY)]);
        for asks in [&mut late, &mut browser] {
            assert_eq!(asks.sees().await, UNPROVEN, "{late_ms}");
            assert!(asks.names().contains(&BOUND) && !asks.names().contains(&PROOF), "{:?}", asks.names());
            second.jar.clone_from(&asks.jar);
            assert_ne!(second.refresh().await.status, 200, "{late_ms}");
        }
        assert_eq!(browser.refresh().await.status, 200);
        assert_eq!((browser.sees().await, browser.names()), (bound_to("ann"), vec![BOUND, PROOF]));
    }
}

/// A request that brings the ordinary cookie alone was sent before the registration's answer came: it has no session,
/// and takes nothing from the browser.
#[tokio::test]
async fn requests_of_before_that_arrive_too_late_take_nothing() {
    let site = site().await;
    let mut browser = site.browser(1);
    browser.log_in("ann").await;
    let before = browser.clone();
    browser.register().await;
    let between = browser.clone();
    assert_eq!(browser.sees().await, bound_to("ann"));
    for at in 0..29 {
        let mut late = if at % 2 == 0 { before.clone() } else { between.clone() };
        let reply = late.post("/set/a/late").await;
        match at % 2 {
            0 => assert!(reply.sets_nothing(), "{reply:?}"),
            _ => assert_eq!(names_set(&reply), [ORDINARY, BOUND, PENDING]),
        }
    }
    assert_eq!(browser.sees().await, bound_to("ann"));
    assert_eq!(browser.refresh().await.status, 200);
}

/// Its handler began while the ordinary session was good.
#[tokio::test]
async fn a_change_that_is_answered_after_the_session_has_moved_brings_no_ordinary_cookie_back() {
    let clock = ManualClock::at(NOON);
    let (begun, goes_on) =
        (std::sync::Arc::new(tokio::sync::Notify::new()), std::sync::Arc::new(tokio::sync::Notify::new()));
    let (begins, waits) = (begun.clone(), goes_on.clone());
    let slow = post(move |session: Session| async move {
        session.insert("a", "late").unwrap();
        begins.notify_one();
        waits.notified().await;
    });
    let revocations = Revocations::builder().clock(clock.clone()).in_memory();
    let ring = KeyRing::new(vec![root(1)]).unwrap();
    let store = SealedStore::builder(ring).clock(clock.clone()).revocations(revocations).build().unwrap();
    let site = Site::over(store, clock, |layer| layer, |device| device, app().route("/slow", slow)).await;
    let mut browser = site.browser(1);
    browser.log_in("ann").await;
    let mut meanwhile = browser.clone();
    let slow = tokio::spawn(async move { meanwhile.post("/slow").await });
    begun.notified().await;
    browser.register().await;
    assert_eq!(browser.sees().await, bound_to("ann"));
    goes_on.notify_one();
    let reply = slow.await.unwrap();
    assert!(reply.status == 200 && reply.sets_nothing(), "{reply:?}");
}

/// The changes of a handler that is still at work, whose session moves to its device meanwhile or does not.
#[tokio::test]
async fn a_handler_is_told_that_its_session_has_moved_meanwhile() {
    use sealed_session::http::{FlashLevel, Persistence};
    use tokio::sync::Notify;

    let changes: [fn(&Session); 5] = [
        |session| session.insert("a", "late").unwrap(),
        |session| session.cycle().unwrap(),
        |session| session.set_ttl(Duration::from_secs(600)).unwrap(),
        |session| session.flash(FlashLevel::Info, "late").unwrap(),
        |session| session.authenticate("bob").unwrap(),
    ];
    for (at, change) in changes.into_iter().enumerate() {
        for moves in [false, true] {
            let (begun, goes_on) = (std::sync::Arc::new(Notify::new()), std::sync::Arc::new(Notify::new()));
            let (begins, waits) = (begun.clone(), goes_on.clone());
            let slow = post(move |session: Session| async move {
                assert_eq!(session.persistence(), Persistence::Sent);
                begins.notify_one();
                waits.notified().await;
                change(&session);
                format!("{:?} {}", session.persistence(), session.expires_at().is_some())
            });
            let clock = ManualClock::at(NOON);
            let revocations = Revocations::builder().clock(clock.clone()).in_memory();
            let ring = KeyRing::new(vec![root(1)]).unwrap();
            let store = SealedStore::builder(ring).clock(clock.clone()).revocations(revocations);
            let app = app().route("/slow", slow);
            let site = Site::over(store.build().unwrap(), clock, |layer| layer, |device| device, app).await;
            let mut browser = site.browser(1);
            browser.log_in("ann").await;
            let mut slow = browser.clone();
            let slow = tokio::spawn(async move { slow.post("/slow").await });
            begun.notified().await;
            if moves {
                browser.register().await;
                assert_eq!(browser.sees().await, bound_to("ann"));
            }
            goes_on.notify_one();
            let reply = slow.await.unwrap();
            // Who logs in begins another session.
            let ended = moves && at != 4;
            let says = if ended { "Ended false" } else { "Sent true" };
            assert_eq!((reply.body.as_str(), reply.sets_nothing()), (says, ended), "{at} {moves}: {reply:?}");
        }
    }
}

#[tokio::test]
async fn an_answer_that_is_lost_after_the_ordinary_form_has_ended_is_given_again_with_every_change() {
    let site = site().await;
    let mut browser = site.browser(1);
    browser.log_in("ann").await;
    let mut answer = browser.clone();
    answer.register().await;
    browser.post("/set/a/meanwhile").await;
    arrive(&mut browser, &answer);
    for _ in 0..3 {
        let mut lost = browser.clone();
        assert_eq!(names_set(&lost.get("/get/a").await), [ORDINARY, BOUND, PENDING]);
        site.clock.advance(2 * MINUTE);
    }
    assert_eq!(browser.get("/get/a").await.body, "\"meanwhile\"");
    assert_eq!((browser.sees().await, browser.names()), (bound_to("ann"), vec![BOUND, PROOF]));
}

#[tokio::test]
async fn a_server_error_to_the_browser_that_comes_back_ends_copies_and_not_its_session() {
    let site = site().await;
    let mut browser = site.browser(1);
    browser.log_in("ann").await;
    let mut thief = browser.clone();
    browser.register().await;
    assert!(browser.post("/set/a/1/500").await.sets_nothing());
    assert_eq!(thief.sees().await, NOBODY);
    assert_eq!(browser.sees().await, bound_to("ann"));
}

#[tokio::test]
async fn a_registration_asks_nothing_of_a_backend_that_stalls() {
    let (site, backend) = troubled().await;
    let mut browser = site.browser(1);
    browser.log_in("ann").await;
    let mut thief = browser.clone();
    backend.close(true);
    assert_eq!(browser.register().await.status, 200);
    let mut comes_back = browser.clone();
    let comes_back = tokio::spawn(async move { (comes_back.sees().await, comes_back) });
    assert_eq!(thief.sees().await, unbound("ann"));
    backend.close(false);
    let (seen, mut browser) = comes_back.await.unwrap();
    assert_eq!(seen, bound_to("ann"));
    assert_eq!(browser.names(), [BOUND, PROOF]);
    assert_eq!((thief.sees().await, browser.sees().await), (NOBODY, bound_to("ann")));
}

/// The request that comes back waits for the backend, and so does a logout, which was sent before the answer to the
/// registration had come or after that. Their answers reach the browser in any order.
#[tokio::test]
async fn a_logout_beside_a_registration_wins_where_the_backend_stalls() {
    for (logs_out_first, has_registered) in [(true, false), (true, true), (false, false), (false, true)] {
        let case = format!("logs out first: {logs_out_first}, has registered: {has_registered}");
        let (site, backend) = troubled().await;
        let layer = SessionLayer::new(site.store.clone()).unwrap().device_bound(|device| device).unwrap();
        let request = |path: &str, browser: &Browser| {
            let request = Request::builder().method(if path == "/logout" { "POST" } else { "GET" }).uri(path);
            let request = request.header(COOKIE, browser.cookies()).body(axum::body::Body::empty()).unwrap();
            Box::pin(app().layer(layer.clone()).oneshot(request))
        };
        let mut browser = site.browser(1);
        browser.log_in("ann").await;
        let before = browser.clone();
        backend.close(true);
        assert_eq!(browser.register().await.status, 200, "it asks nothing of the backend");
        let mut out = request("/logout", if has_registered { &browser } else { &before });
        let mut back = request("/get/a", &browser);
        let in_order = if logs_out_first { [&mut out, &mut back] } else { [&mut back, &mut out] };
        for waits in in_order {
            assert!(polled(waits.as_mut()).await.is_pending(), "{case}");
        }
        backend.close(false);
        let [out, back] = [out.await, back.await].map(|answer| {
            let (parts, _) = answer.unwrap().into_parts();
            Reply { status: parts.status.as_u16(), headers: parts.headers, body: String::new() }
        });
        assert_eq!((out.status, back.status), (200, 200), "{case}");
        let mut ends = vec![before, browser.clone()];
        for answers in [[&out, &back], [&back, &out]] {
            for answer in answers {
                browser.keep(answer);
                ends.push(browser.clone());
            }
            browser.clone_from(&ends[1]);
        }
        for _ in 0..2 {
            for ended in &mut ends {
                assert_eq!(ended.sees().await, NOBODY, "{case}: {:?}", ended.names());
                // A logout that brings the ordinary cookie alone ends no device: that refreshes for nothing.
                let refreshed = ended.refresh().await.status;
                assert!(refreshed == 401 || !has_registered, "{case}: {refreshed} {:?}", ended.names());
                assert_eq!(ended.sees().await, NOBODY, "{case}: whatever it refreshes");
            }
            site.clock.advance(2 * MINUTE);
        }
    }
}

/// Each request that has something to record waits for its time-out, and a logout is the only one that fails by it.
#[tokio::test]
async fn a_backend_that_stalls_costs_the_browser_time_and_nothing_else() {
    let (site, backend) = troubled_by(Troubled::timed(Duration::from_millis(50))).await;
    let mut browser = site.browser(1);
    browser.log_in("ann").await;
    let mut thief = browser.clone();
    backend.close(true);
    assert_eq!(browser.register().await.status, 200);
    for _ in 0..2 {
        assert_eq!((browser.sees().await, browser.names()), (bound_to("ann"), vec![BOUND, PROOF]));
    }
    assert_eq!(browser.post("/set/a/1").await.status, 200);
    assert_eq!(browser.refresh().await.status, 200);
    let mut logs_out = browser.clone();
    assert_eq!(logs_out.post("/logout").await.status, 500);
    assert_eq!((logs_out.sees().await, logs_out.names()), (NOBODY, vec![BOUND]), "told of the end at least");
    backend.close(false);
    let mut asked = 0;
    while thief.sees().await != NOBODY {
        browser.sees().await;
        asked += 1;
        assert!(asked < 10_000, "each request tries again");
    }
    assert_eq!(logs_out.refresh().await.status, 401);
}

/// After all others were logged out it waits, and what it gives is sealed by then. With the proof alone a browser would go
/// on refreshing for a session that it does not have.
#[tokio::test]
async fn a_registration_whose_root_is_revoked_while_it_waits_gives_nothing() {
    for ring in [vec![root(1).revoked(), root(2)], vec![root(2)]] {
        let (site, backend) = troubled().await;
        let mut browser = site.bound(1, "ann").await;
        browser.post("/logout-others").await;
        let proof = browser.device().registration(&browser.challenge);
        let request = Request::post("/dbsc/register").header(COOKIE, browser.cookies());
        let request = request.header("secure-session-response", proof).body(()).unwrap();
        let layer = SessionLayer::new(site.store.clone()).unwrap().device_bound(|device| device).unwrap();
        let inner = service_fn(async |_| Ok::<_, Infallible>(Response::new(String::new())));
        backend.close(true);
        let mut answer = std::pin::pin!(layer.layer(inner).oneshot(request));
        assert!(polled(answer.as_mut()).await.is_pending());
        site.store.replace_ring(KeyRing::new(ring).unwrap()).unwrap();
        backend.close(false);
        let answer = answer.await.unwrap();
        assert_eq!((answer.status().as_u16(), answer.body().as_str()), (500, ""));
        let set = answer.headers().get_all(SET_COOKIE);
        assert!(set.iter().all(|value| value.to_str().unwrap().contains("Max-Age=0")), "{answer:?}");
    }
}

/// How it stands now.
async fn polled<F: Future>(mut future: std::pin::Pin<&mut F>) -> std::task::Poll<F::Output> {
    std::future::poll_fn(|cx| std::task::Poll::Ready(future.as_mut().poll(cx))).await
}

#[tokio::test]
async fn a_backend_that_fails_costs_the_browser_nothing_and_copies_end_later() {
    let (site, backend) = troubled().await;
    let mut browser = site.browser(1);
    browser.log_in("ann").await;
    let mut thief = browser.clone();
    backend.fails.store(true, Ordering::Release);
    assert_eq!(browser.register().await.status, 200);
    for _ in 0..3 {
        assert_eq!((browser.sees().await, browser.names()), (bound_to("ann"), vec![BOUND, PROOF]));
        assert_eq!(thief.sees().await, unbound("ann"));
    }
    assert_eq!(browser.post("/set/a/1").await.status, 200);
    backend.fails.store(false, Ordering::Release);
    let mut asked = 0;
    while thief.sees().await != NOBODY {
        assert_eq!(browser.sees().await, bound_to("ann"));
        asked += 1;
        assert!(asked < 10_000, "each request tries again");
    }
}

#[tokio::test]
async fn a_session_that_has_moved_is_written_down_once() {
    let (site, revocations) = site_of(RevocationsBuilder::in_memory).await;
    let mut browser = site.registered(1, "ann").await;
    assert!(revocations.is_empty(), "a registration records nothing");
    for _ in 0..29 {
        assert_eq!(browser.clone().sees().await, bound_to("ann"));
    }
    browser.sees().await;
    let moved = revocations.len();
    for path in ["/set/a/1", "/ttl/3600000", "/flash/hello"] {
        browser.post(path).await;
    }
    assert_eq!((moved, revocations.len()), (2, 2));
    browser.post("/cycle").await;
    browser.sees().await;
    assert_eq!(revocations.len(), 3, "and the uid that it had");
}

/// Identifiers live for 30 days, and sessions for an hour.
#[tokio::test]
async fn what_ended_for_a_device_is_known_for_as_long_as_its_identifier_lives() {
    let clock = ManualClock::at(NOON);
    let hour = Duration::from_secs(3_600);
    let revocations = Revocations::builder().clock(clock.clone()).refuse_after(hour).in_memory();
    let ring = KeyRing::new(vec![root(1)]).unwrap();
    let store = SealedStore::builder(ring).clock(clock.clone()).revocations(revocations.clone());
    let store = store.max_ttl(hour).default_ttl(hour).build().unwrap();
    let challenges = Duration::from_secs(30 * 24 * 3_600);
    let site =
        Site::over(store, clock, |layer| layer, |device| device.challenge_ttl(challenges), app()).await;
    let mut browser = site.bound(1, "ann").await;
    let mut copy = browser.clone();
    copy.jar.clear();
    browser.post("/logout").await;
    for _ in 0..29 {
        site.clock.advance(DAY);
        // What has expired is removed once in so many uses.
        for _ in 0..1_100 {
            site.store.revoke_session(uid(), site.clock.now_ms()).await.unwrap();
        }
        assert_eq!(copy.refresh().await.status, 401);
    }
}

fn uid() -> sealed_session::SessionUid {
    sealed_session::SessionUid::from_bytes([7; 16])
}

/// User "1" of one tenant is not user "1" of another.
#[tokio::test]
async fn devices_go_by_what_is_revoked_in_the_scope_of_their_request() {
    let clock = ManualClock::at(NOON);
    let revocations = Revocations::builder().clock(clock.clone()).in_memory();
    let ring = KeyRing::new(vec![root(1)]).unwrap();
    let store = SealedStore::builder(ring).clock(clock.clone()).revocations(revocations).build().unwrap();
    let tenant = |parts: &Parts| {
        parts.headers.get("x-tenant").map(|name| name.to_str().unwrap().to_owned()).unwrap_or_default()
    };
    let scoped = |layer: sealed_session::http::SessionLayerBuilder| {
        layer.bind_to(move |parts| tenant(parts).into_bytes()).scope_by(tenant)
    };
    let app =
        app().route("/logout-everywhere", post(|s: Session| async move { s.logout_everywhere().await }));
    let site = Site::over(store, clock, scoped, |device| device, app).await;
    let (mut ours, mut theirs) = (site.browser(1), site.browser(2));
    for (browser, tenant) in [(&mut ours, "ours"), (&mut theirs, "theirs")] {
        register_at(browser, tenant).await;
        assert_eq!(refresh_at(browser, tenant).await, 200);
        assert_eq!(user_at(browser, tenant).await, "1");
    }
    let mut phone = site.browser(3);
    register_at(&mut phone, "ours").await;
    user_at(&mut phone, "ours").await;
    site.clock.advance(MINUTE);
    phone.post_with("/logout-everywhere", &[("x-tenant", "ours")]).await;
    assert_eq!(refresh_at(&mut theirs, "theirs").await, 200);
    assert_eq!(user_at(&mut theirs, "theirs").await, "1");
    assert_eq!(refresh_at(&mut ours.clone(), "ours").await, 401);
    let mut without_cookies = ours.clone();
    without_cookies.jar.clear();
    assert_eq!(refresh_at(&mut without_cookies, "ours").await, 401);
    assert_eq!(user_at(&mut ours, "ours").await, "");
    let mut again = site.browser(1);
    register_at(&mut again, "ours").await;
    assert_eq!((refresh_at(&mut again, "ours").await, user_at(&mut again, "ours").await), (200, "1".into()));
}

async fn register_at(browser: &mut Browser, tenant: &str) {
    browser.post_with("/login/1", &[("x-tenant", tenant)]).await;
    let proof = browser.device().registration(&browser.challenge);
    let headers = [("Secure-Session-Response", proof.as_str()), ("x-tenant", tenant)];
    let reply = browser.post_with("/dbsc/register", &headers).await;
    browser.identifier = json(&reply)["session_identifier"].as_str().unwrap().to_owned();
    browser.challenge = challenge(&reply, &browser.identifier);
}

async fn refresh_at(browser: &mut Browser, tenant: &str) -> u16 {
    let proof = browser.device().refresh(&browser.challenge);
    let identifier = browser.identifier.clone();
    let headers = [
        ("Sec-Secure-Session-Id", identifier.as_str()),
        ("Secure-Session-Response", &proof),
        ("x-tenant", tenant),
    ];
    browser.post_with("/dbsc/refresh", &headers).await.status
}

async fn user_at(browser: &mut Browser, tenant: &str) -> String {
    let reply = browser.request(Method::GET, "/device", &[("x-tenant", tenant)]).await;
    json(&reply)["user"].as_str().unwrap_or_default().to_owned()
}

/// What ended all sessions of a user speaks of none that begins afterwards, within the time by which clocks may differ.
#[tokio::test]
async fn a_device_that_registers_right_after_a_logout_everywhere_refreshes() {
    let site = site().await;
    for end in ["/logout-everywhere", "/logout-others"] {
        let mut browser = site.bound(1, "ann").await;
        browser.post(end).await;
        let mut again = site.bound(1, "ann").await;
        again.forget(PROOF);
        assert_eq!((again.refresh().await.status, again.sees().await), (200, bound_to("ann")), "{end}");
    }
}

#[tokio::test]
async fn who_has_no_account_makes_nothing_grow_by_what_devices_bring() {
    let (site, revocations) = site_of(RevocationsBuilder::in_memory).await;
    let mut ann = site.bound(1, "ann").await;
    let copy = ann.clone();
    ann.post("/logout").await;
    let before = revocations.len();
    for at in 0..50 {
        let mut nobody = site.browser(9);
        nobody.post("/set/a/1").await;
        match at % 5 {
            0 => drop(nobody.jar.insert(BOUND.to_owned(), "ended".to_owned())),
            1 => drop(nobody.jar.insert(BOUND.to_owned(), format!("garbage{at}"))),
            2 => nobody.jar.extend([copy.cookie(PROOF)]),
            3 => nobody.jar.extend([copy.cookie(BOUND)]),
            _ => nobody.jar.extend([copy.cookie(BOUND), copy.cookie(PROOF)]),
        }
        for path in ["/dbsc/register", "/dbsc/refresh", "/logout"] {
            nobody.post(path).await;
        }
        site.clock.advance(PROOF_TTL / 100);
    }
    assert_eq!(revocations.len(), before);
}
