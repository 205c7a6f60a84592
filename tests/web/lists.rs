//! What a site's requests write into lists that all its servers share: for whom, for how long, and nothing for nobody.

use std::future::{Future as _, poll_fn};
use std::pin::pin;
use std::sync::atomic::Ordering;
use std::task::Poll;
use std::time::{Duration, Instant};

use axum::Router;
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::routing::any;
use sealed_session::hazmat::{ManualClock, ManualWorker};
use sealed_session::http::{Session, SessionLayer};
use sealed_session::registry::Registry;
use sealed_session::revocation::{Backend as _, Change, MemoryBackend, Revocation, Revocations};
use sealed_session::{KeyRing, SealedStore, SessionId, SessionPlugin as _};

use crate::direct::{Server, revoking, with};
use crate::site::{HOUR, MINUTE, NOON, root};
use crate::troubled::Troubled;

/// One of several servers over one list, who learns what others did within so long.
fn one_of(backend: &MemoryBackend, clock: ManualClock, poll: Duration) -> Server {
    let revocations = Revocations::builder().clock(clock.clone()).poll_every(poll);
    let revocations = revocations.with_backend(backend.clone()).unwrap();
    let ring = KeyRing::new(vec![root(1)]).unwrap();
    let store = SealedStore::builder(ring).clock(clock.clone()).revocations(revocations).build().unwrap();
    let layer = SessionLayer::builder(store.clone()).build().unwrap();
    Server { store, layer, clock }
}

async fn others(server: &Server, cookie: &str) -> String {
    server.call(&with(cookie), async |session: Session| session.logout_others().await).await.pair()
}

#[tokio::test]
async fn ending_the_others_does_not_restart_the_absolute_lifetime() {
    let server = Server::with(
        |store, clock| revoking(store, clock).max_lifetime(Duration::from_millis(12 * HOUR)),
        |layer| layer,
    );
    let mut cookie = server.logged_in("ann").await;
    for hour in [3, 6, 9, 11] {
        server.clock.set(NOON + hour * HOUR);
        cookie = others(&server, &cookie).await;
        assert_eq!(server.user(&cookie).await.as_deref(), Some("ann"));
    }
    server.clock.set(NOON + 12 * HOUR - 1);
    assert_eq!(server.user(&cookie).await.as_deref(), Some("ann"));
    server.clock.set(NOON + 12 * HOUR);
    assert_eq!(server.user(&cookie).await, None);
}

#[tokio::test]
async fn a_copy_of_the_very_session_that_ended_the_others_is_refused_and_its_owner_stays() {
    let server = Server::revoking();
    let (mine, elsewhere) = (server.logged_in("ann").await, server.logged_in("ann").await);
    let copy = mine.clone();
    server.clock.advance(HOUR);
    let touched = server.act(&with(&copy), |session| session.insert("a", &1).unwrap()).await.pair();
    let mine = others(&server, &mine).await;
    for stolen in [&copy, &touched, &elsewhere] {
        assert_eq!(server.user(stolen).await, None);
    }
    assert_eq!(server.user(&mine).await.as_deref(), Some("ann"));
    let cycled = server.act(&with(&mine), |session| session.cycle().unwrap()).await.pair();
    assert_eq!(server.user(&mine).await, None);
    assert_eq!(server.user(&cycled).await.as_deref(), Some("ann"));
    server.store.revoke_user("ann").await.unwrap();
    assert_eq!(server.user(&cycled).await, None, "nothing is spared by what ends all");
}

#[tokio::test]
async fn the_session_that_ended_the_others_opens_where_the_clock_is_behind() {
    let backend = MemoryBackend::default();
    // What others have to hear of a login is waited for: a poll, and half of one.
    let poll = Duration::from_millis(200);
    let ahead = one_of(&backend, ManualClock::at(NOON), poll);
    let mine = ahead.logged_in("ann").await;
    let mine = others(&ahead, &mine).await;
    for behind_ms in [1, 1_000, MINUTE] {
        let behind = one_of(&backend, ManualClock::at(NOON - behind_ms), poll);
        assert_eq!(behind.user(&mine).await.as_deref(), Some("ann"), "{behind_ms} ms");
        let again = behind.logged_in("ann").await;
        assert_eq!(behind.user(&again).await.as_deref(), Some("ann"), "and logins there are none the worse");
        assert_eq!(ahead.user(&again).await.as_deref(), Some("ann"));
    }
}

#[tokio::test]
async fn a_login_right_after_its_user_was_revoked_on_another_server_lives() {
    let backend = MemoryBackend::default();
    let poll = Duration::from_millis(200);
    let clock = ManualClock::at(NOON);
    let (one, other) = (one_of(&backend, clock.clone(), poll), one_of(&backend, clock.clone(), poll));
    let old = other.logged_in("ann").await;
    one.store.revoke_user("ann").await.unwrap();
    let new = other.logged_in("ann").await;
    for server in [&other, &one_of(&backend, clock, poll)] {
        assert_eq!(server.user(&new).await.as_deref(), Some("ann"));
        assert_eq!(server.user(&old).await, None);
    }
    // The answer went when the first should have asked for news. A machine that is busy may be late, and then the cookie
    // is left in place.
    let deadline = Instant::now() + Duration::from_secs(20);
    while one.user(&new).await.is_none() {
        assert!(one.act(&with(&new), |session| session.insert("a", &1).unwrap()).await.sets_nothing());
        assert!(Instant::now() < deadline);
    }
}

/// The other server asks for news once an hour.
#[tokio::test]
async fn a_session_that_was_ended_on_another_server_does_not_go_on_under_another_uid_there() {
    let (backend, clock) = (MemoryBackend::default(), ManualClock::at(NOON));
    let one = one_of(&backend, clock.clone(), Duration::from_millis(1));
    let other = one_of(&backend, clock, Duration::from_secs(3600));
    let ended = async || {
        let cookie = one.logged_in("ann").await;
        one.call(&with(&cookie), async |session: Session| session.logout()).await;
        cookie
    };
    // What the other hears of as it starts it hears of before.
    let deadline = Instant::now() + Duration::from_secs(20);
    while backend.clone().sharers().unwrap().len() < 2 {
        assert!(Instant::now() < deadline, "never started");
        std::thread::yield_now();
    }
    let cycled = other.call(&with(&ended().await), async |session: Session| session.cycle()).await;
    assert_eq!(cycled.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(cycled.sets_nothing(), "whoever ended it may have put another in its place");
    let cookie = ended().await;
    let others = other.call(&with(&cookie), async |session: Session| session.logout_others().await).await;
    assert!(!others.sets());
}

#[tokio::test]
async fn a_session_that_is_ended_at_the_same_moment_ends_no_others_here_either() {
    let (backend, clock) = (Troubled::timed(Duration::from_millis(50)), ManualClock::at(NOON));
    let revocations = Revocations::builder().clock(clock.clone()).with_backend(backend.clone()).unwrap();
    let mut server = Server::with(|store, _| store.clock(clock).revocations(revocations), |layer| layer);
    let registry = Registry::builder(server.store.clone()).build().unwrap();
    server.layer = SessionLayer::builder(server.store.clone()).registry(registry.clone()).build().unwrap();
    let (cookie, other) = (server.logged_in("ann").await, server.logged_in("ann").await);
    let id = SessionId::new(cookie.split_once('=').unwrap().1);
    let (uid, until_ms) = (server.store.open(&id).unwrap().uid(), u64::MAX);
    backend.overtaken_by.lock().unwrap().push(Change::Revoke(Revocation::Session { uid, until_ms }));
    let answer = server.call(&with(&cookie), async |session: Session| session.logout_others().await).await;
    assert!(!answer.sets());
    assert_eq!(server.user(&other).await.as_deref(), Some("ann"));
    assert_eq!(registry.list_by_user("ann").await.unwrap().len(), 1, "and it is on the list as before");
}

#[tokio::test]
async fn a_session_that_outlives_its_ttl_while_nothing_can_be_written_is_listed_again_and_can_be_revoked() {
    let (backend, clock) = (Troubled::default(), ManualClock::at(NOON));
    let revocations = Revocations::builder().clock(clock.clone()).with_backend(backend.clone()).unwrap();
    let mut server =
        Server::with(|store, _| store.clock(clock.clone()).revocations(revocations), |layer| layer);
    let registry = Registry::builder(server.store.clone()).build().unwrap();
    server.layer = SessionLayer::builder(server.store.clone()).registry(registry.clone()).build().unwrap();
    let mut cookie = server.logged_in("ann").await;
    backend.is_full.store(true, Ordering::Release);
    for _ in 0..2 {
        clock.advance(20 * HOUR);
        cookie = server.act(&with(&cookie), |session| assert!(session.user_id().is_some())).await.pair();
    }
    assert_eq!(registry.list_by_user("ann").await.unwrap(), [], "its row ran out");
    backend.is_full.store(false, Ordering::Release);
    clock.advance(2 * MINUTE);
    let deadline = Instant::now() + Duration::from_secs(20);
    let uid = loop {
        assert_eq!(server.user(&cookie).await.as_deref(), Some("ann"));
        if let Some(listed) = registry.list_by_user("ann").await.unwrap().pop() {
            break listed.uid;
        }
        assert!(Instant::now() < deadline, "never listed");
        clock.advance(MINUTE);
    };
    assert!(registry.revoke("ann", uid).await.unwrap());
    assert_eq!(server.user(&cookie).await, None);
}

/// The other has heard of the first, or has not.
#[tokio::test]
async fn a_logout_on_another_server_ends_what_a_session_goes_on_as_that_ended_the_others() {
    for poll in [Duration::from_millis(20), Duration::from_secs(3600)] {
        let (backend, clock) = (MemoryBackend::default(), ManualClock::at(NOON));
        let one = one_of(&backend, clock.clone(), Duration::from_millis(20));
        let other = one_of(&backend, clock, poll);
        let first = one.logged_in("ann").await;
        let second = others(&one, &first).await;
        let out = other.call(&with(&first), async |session: Session| session.logout()).await;
        assert!(out.removes() && out.status == StatusCode::OK);
        let deadline = Instant::now() + Duration::from_secs(20);
        while one.user(&second).await.is_some() {
            assert!(Instant::now() < deadline, "never heard of");
        }
        assert_eq!(other.user(&second).await, None);
    }
}

/// What the other knows by then would refuse the uid that it gets.
#[tokio::test]
async fn a_session_that_ends_the_others_again_is_good_on_other_servers_when_its_answer_comes() {
    let (backend, clock) = (MemoryBackend::default(), ManualClock::at(NOON));
    let one = one_of(&backend, clock.clone(), Duration::from_millis(300));
    let other = one_of(&backend, clock, Duration::from_millis(300));
    let first = one.logged_in("ann").await;
    let second = others(&one, &first).await;
    let deadline = Instant::now() + Duration::from_secs(20);
    while other.user(&first).await.is_some() {
        assert!(Instant::now() < deadline, "never heard of");
    }
    let third = others(&one, &second).await;
    assert_eq!(other.user(&third).await.as_deref(), Some("ann"));
}

#[tokio::test]
async fn a_login_that_the_backend_learns_of_too_late_is_not_spared_by_what_was_revoked_since() {
    let (backend, clock) = (MemoryBackend::default(), ManualClock::at(NOON));
    let other = one_of(&backend, clock.clone(), Duration::from_millis(1));
    let builder = Revocations::builder().clock(clock.clone());
    let (list, mut worker) = ManualWorker::start(builder, backend.clone(), [1; 16]).unwrap();
    let stalled = Server::with(|store, _| store.clock(clock.clone()).revocations(list), |layer| layer);
    let cookie = {
        let mut login = pin!(stalled.call(&[], async |session: Session| session.authenticate("ann")));
        assert!(poll_fn(|cx| Poll::Ready(login.as_mut().poll(cx))).await.is_pending());
        clock.advance(5_000);
        worker.tell();
        login.await.pair()
    };
    assert_eq!(other.user(&cookie).await.as_deref(), Some("ann"));
    other.store.revoke_user("ann").await.unwrap();
    while worker.work() {}
    assert_eq!(stalled.user(&cookie).await, None);
    let later = one_of(&backend, clock, Duration::from_secs(3600));
    assert_eq!(later.user(&cookie).await, None);
}

/// The answer does not wait for it once more.
#[tokio::test]
async fn a_logout_everywhere_costs_one_time_limit_where_the_backend_does_not_answer() {
    let clock = ManualClock::at(NOON);
    let builder = Revocations::builder().clock(clock.clone());
    let (list, mut worker) = ManualWorker::start(builder, MemoryBackend::default(), [1; 16]).unwrap();
    let server = Server::with(|store, _| store.clock(clock.clone()).revocations(list), |layer| layer);
    let cookie = {
        let mut login = pin!(server.logged_in("ann"));
        assert!(poll_fn(|cx| Poll::Ready(login.as_mut().poll(cx))).await.is_pending());
        while worker.work() {}
        login.await
    };
    let everywhere = async |session: Session| {
        assert!(session.logout_everywhere().await.is_err());
    };
    let brings = with(&cookie);
    let mut call = pin!(server.call(&brings, everywhere));
    assert!(poll_fn(|cx| Poll::Ready(call.as_mut().poll(cx))).await.is_pending());
    clock.advance(5_000);
    worker.tell();
    let Poll::Ready(answer) = poll_fn(|cx| Poll::Ready(call.as_mut().poll(cx))).await else {
        panic!("it waits again");
    };
    assert!(answer.removes() && answer.status == StatusCode::INTERNAL_SERVER_ERROR);
    while worker.work() {}
    assert_eq!(server.user(&cookie).await, None);
}

#[tokio::test]
async fn a_login_right_after_everything_was_revoked_on_another_server_works_or_is_an_error() {
    let (backend, clock) = (MemoryBackend::default(), ManualClock::at(NOON));
    let one = one_of(&backend, clock.clone(), Duration::from_millis(1));
    let builder = Revocations::builder().clock(clock.clone());
    let (list, mut worker) = ManualWorker::start(builder, backend, [1; 16]).unwrap();
    let other = Server::with(|store, _| store.clock(clock.clone()).revocations(list), |layer| layer);
    while worker.work() {}
    one.store.revoke_everything().await.unwrap();
    let mut login = async || {
        let mut login = pin!(other.call(&[], async |session: Session| session.authenticate("ann")));
        assert!(poll_fn(|cx| Poll::Ready(login.as_mut().poll(cx))).await.is_pending());
        while worker.work() {}
        login.await
    };
    assert_eq!(login().await.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(other.store.health(), Ok(()), "nothing is wrong with the backend");
    let cookie = login().await.pair();
    assert_eq!(other.user(&cookie).await.as_deref(), Some("ann"), "it knows of it now");
}

#[tokio::test]
async fn a_backend_that_hangs_keeps_nobody_from_logging_in() {
    let backend = Troubled::timed(Duration::from_millis(100));
    let hanging = backend.clone();
    let server = Server::with(
        |store, clock| {
            let revocations = Revocations::builder().clock(clock.clone()).with_backend(hanging);
            store.revocations(revocations.unwrap())
        },
        |layer| layer,
    );
    backend.close(true);
    let cookies = [server.logged_in("ann").await, server.logged_in("bob").await];
    backend.close(false);
    for (cookie, user) in cookies.iter().zip(["ann", "bob"]) {
        assert_eq!(server.user(cookie).await.as_deref(), Some(user));
    }
}

#[tokio::test]
async fn visitors_without_an_account_make_no_list_grow() {
    let server = Server::revoking();
    let revocations = server.store.revocations().unwrap().clone();
    let acts: [fn(&Session); 4] = [
        |session| session.logout().unwrap(),
        |session| session.invalidate().unwrap(),
        |session| session.cycle().unwrap(),
        |session| {
            session.logout().unwrap();
            session.insert("a", &2).unwrap();
        },
    ];
    for act in acts {
        for _ in 0..50 {
            let cookie = server.act(&[], |session| session.insert("a", &1).unwrap()).await.pair();
            server.act(&with(&cookie), act).await;
            let other = server.act(&[], |session| session.insert("a", &1).unwrap()).await.pair();
            let two = format!("{cookie}; {cookie}x; {other}");
            server.act(&with(&two), act).await;
            server.clock.advance(25 * HOUR);
            server.act(&with(&cookie), act).await;
        }
    }
    assert_eq!(revocations.len(), 0);
    let cookie = server.act(&[], |session| session.insert("a", &1).unwrap()).await.pair();
    server.act(&with(&cookie), |session| session.authenticate("ann").unwrap()).await;
    assert_eq!(revocations.len(), 1, "what a login replaces is revoked");
}

fn tenant(request: &Parts) -> String {
    let named = request.headers.get("x-tenant").and_then(|value| value.to_str().ok());
    named.unwrap_or_default().to_owned()
}

/// Bound to tenants, whose users are apart.
fn of_tenants() -> Server {
    Server::with(revoking, |layer| layer.bind_to(|request| tenant(request).into_bytes()).scope_by(tenant))
}

fn of<'h>(tenant: &'h str, cookie: &'h str) -> [(&'static str, &'h str); 2] {
    [("x-tenant", tenant), ("cookie", cookie)]
}

async fn login(server: &Server, tenant: &str) -> String {
    let login = |session: Session| std::future::ready(session.authenticate("1"));
    server.call(&[("x-tenant", tenant)], login).await.pair()
}

async fn is_in(server: &Server, tenant: &str, cookie: &str) -> bool {
    let is_in = |session: Session| {
        std::future::ready(if session.user_id().is_some() {
            StatusCode::OK
        } else {
            StatusCode::UNAUTHORIZED
        })
    };
    server.call(&of(tenant, cookie), is_in).await.status == StatusCode::OK
}

#[tokio::test]
async fn users_of_tenants_do_not_end_each_others_sessions() {
    let server = of_tenants();
    let (a, b) = (login(&server, "a").await, login(&server, "b").await);
    server.call(&of("a", &a), async |session: Session| session.logout_everywhere().await).await;
    assert!(!is_in(&server, "a", &a).await && is_in(&server, "b", &b).await);
    let (a, second) = (login(&server, "a").await, login(&server, "a").await);
    let left = server.call(&of("a", &a), async |session: Session| session.logout_others().await).await.pair();
    assert!(!is_in(&server, "a", &second).await && is_in(&server, "a", &left).await);
    assert!(is_in(&server, "b", &b).await);
    server.store.in_scope("b").revoke_user("1").await.unwrap();
    assert!(!is_in(&server, "b", &b).await && is_in(&server, "a", &left).await);
    server.store.revoke_user_in_all_scopes("1").await.unwrap();
    assert!(!is_in(&server, "a", &left).await);
}

#[tokio::test]
async fn users_of_tenants_see_their_own_sessions() {
    let clock = ManualClock::at(NOON);
    let ring = KeyRing::new(vec![root(1)]).unwrap();
    let store = revoking(SealedStore::builder(ring).clock(clock.clone()), &clock).build().unwrap();
    let registry = Registry::builder(store.clone()).build().unwrap();
    let layer = SessionLayer::builder(store.clone())
        .bind_to(|request| tenant(request).into_bytes())
        .scope_by(tenant)
        .registry(registry)
        .build()
        .unwrap();
    let server = Server { store, layer, clock };
    let (a, _b) = (login(&server, "a").await, login(&server, "b").await);
    server
        .call(&of("a", &a), async |session: Session| {
            assert_eq!(session.list_my_sessions().await.unwrap().len(), 1);
        })
        .await;
}

#[tokio::test]
async fn a_request_without_a_scope_is_refused_and_leaves_the_cookie_alone() {
    let server = Server::with(revoking, |layer| layer.scope_by(tenant));
    let cookie = login(&server, "a").await;
    let answer = server.act(&with(&cookie), |session| session.logout().unwrap()).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert!(answer.sets_nothing());
    assert!(is_in(&server, "a", &cookie).await);
}

#[test]
fn sessions_that_are_bound_without_saying_whose_users_they_are_are_an_error_when_built() {
    let store = || {
        let ring = KeyRing::new(vec![root(1)]).unwrap();
        SealedStore::builder(ring).revocations(Revocations::in_memory()).build().unwrap()
    };
    let bound = |store: &SealedStore| SessionLayer::builder(store.clone()).bind_to(|_| vec![1]);
    let (one, other) = (store(), store());
    let registry = Registry::builder(one.clone()).build().unwrap();
    for layer in [bound(&one), bound(&one).registry(registry)] {
        let error = layer.build().unwrap_err().to_string();
        assert!(error.contains("scope_by"), "{error}");
    }
    assert!(bound(&one).scope("").build().is_ok() && bound(&other).scope("a").build().is_ok());
    assert!(bound(&one).scope_by(tenant).build().is_ok());
    let unrevoked = SealedStore::builder(KeyRing::new(vec![root(1)]).unwrap()).build().unwrap();
    assert!(unrevoked.is_healthy() && bound(&unrevoked).build().is_ok());
}

#[tokio::test]
async fn layers_for_the_users_of_different_scopes_contradict_each_other() {
    let server = Server::revoking();
    let of = |name: &str| SessionLayer::builder(server.store.in_scope(name)).build().unwrap();
    for (outer, inner, status) in
        [(of("a"), of("b"), StatusCode::INTERNAL_SERVER_ERROR), (of("a"), of("a"), StatusCode::OK)]
    {
        let app = Router::new().route("/", any(async || StatusCode::OK)).layer(inner).layer(outer);
        assert_eq!(server.request("GET", &[], app).await.status, status);
    }
}

#[tokio::test]
async fn a_login_takes_the_place_of_cookies_that_cannot_be_judged_now() {
    let server = Server::revoking();
    let of_a_server_ahead = {
        server.clock.set(NOON + 10 * MINUTE);
        let cookie = server.logged_in("ann").await;
        server.clock.set(NOON);
        cookie
    };
    let login = |session: &Session| session.authenticate("bob").unwrap();
    let answer = server.act(&with(&of_a_server_ahead), login).await;
    assert_eq!(server.user(&answer.pair()).await.as_deref(), Some("bob"));
    let many = vec![of_a_server_ahead; 70].join("; ");
    let answer = server.act(&with(&many), login).await;
    assert_eq!(server.user(&answer.pair()).await.as_deref(), Some("bob"));
    let logout = server.act(&with(&many), |session| session.logout().unwrap()).await;
    assert_eq!(logout.status, StatusCode::INTERNAL_SERVER_ERROR, "they may live on");
    assert!(logout.removes());
}
