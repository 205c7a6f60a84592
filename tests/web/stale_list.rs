//! A list of revocations that is out of date: this server does not hear of what ends on others, and an answer that comes
//! late undoes nothing that another tab did there.

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::atomic::Ordering;
use std::task::Poll;

use sealed_session::hazmat::{ManualClock, ManualWorker};
use sealed_session::http::{Session, SessionLayer};
use sealed_session::revocation::Revocations;
use sealed_session::{KeyRing, SealedStore};

use crate::direct::{Answer, NAME, Server, with};
use crate::site::{DAY, HOUR, MINUTE, NOON, root};
use crate::troubled::Troubled;

/// A time at which a session of noon is due to be extended.
const DUE: u64 = NOON + 12 * HOUR;

/// Two servers that share a list, and what the threads of the first would do.
struct Pair {
    ours: Server,
    other: Server,
    backend: Troubled,
    worker: RefCell<ManualWorker>,
}

impl Pair {
    fn new() -> Self {
        let (clock, backend) = (ManualClock::at(NOON), Troubled::default());
        let list = || Revocations::builder().clock(clock.clone());
        let (heard, worker) = ManualWorker::start(list(), backend.clone(), [1; 16]).unwrap();
        let ours = server(&clock, heard);
        let other = server(&clock, list().with_backend(backend.beside()).unwrap());
        Self { ours, other, backend, worker: RefCell::new(worker) }
    }

    /// What becomes of it, while the first server asks its backend for whatever is due.
    async fn done<F: Future>(&self, future: F) -> F::Output {
        let mut future = pin!(future);
        poll_fn(|cx| {
            loop {
                if let Poll::Ready(output) = future.as_mut().poll(cx) {
                    return Poll::Ready(output);
                }
                let mut worker = self.worker.borrow_mut();
                if !worker.work() {
                    return Poll::Pending;
                }
                while worker.work() {}
            }
        })
        .await
    }

    /// The answer to a request at this time, which takes so long; and the cookie of a login at the other server meanwhile,
    /// if there is one.
    async fn slow(&self, at_ms: u64, cookie: &str, takes_ms: u64, login: bool) -> (Answer, Option<String>) {
        self.ours.clock.set(at_ms);
        while self.worker.borrow_mut().work() {}
        let (clock, other, brings) = (self.ours.clock.clone(), self.other.clone(), cookie.to_owned());
        let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
        let headers = with(cookie);
        let answer = self.ours.call(&headers, move |session: Session| {
            let (clock, other, brings, tell) = (clock.clone(), other.clone(), brings.clone(), tell.clone());
            async move {
                let _ = session.user_id();
                if login {
                    let headers = with(&brings);
                    let login = other.act(&headers, |session| session.authenticate("bob").unwrap());
                    tell.send(login.await.pair()).unwrap();
                }
                clock.advance(takes_ms);
                // This server asks for news before it answers.
                tokio::task::yield_now().await;
            }
        });
        let answer = self.done(answer).await;
        (answer, told.try_recv().ok())
    }

    fn is_out_of_order(&self, is: bool) {
        self.backend.fails_to_tell.store(is, Ordering::Release);
    }
}

fn server(clock: &ManualClock, revocations: Revocations) -> Server {
    let ring = KeyRing::new(vec![root(1)]).unwrap();
    let store = SealedStore::builder(ring).clock(clock.clone()).revocations(revocations).build().unwrap();
    let layer = SessionLayer::builder(store.clone()).build().unwrap();
    Server { store, layer, clock: clock.clone() }
}

#[tokio::test]
async fn a_mere_renewal_comes_within_a_minute_where_the_list_is_out_of_date() {
    for (takes_ms, in_time) in [(MINUTE - 1, true), (MINUTE, false), (HOUR, false)] {
        for login in [false, true] {
            for out_of_order in [false, true] {
                let pair = Pair::new();
                let cookie = pair.done(pair.ours.logged_in("ann")).await;
                pair.ours.clock.set(DUE);
                pair.is_out_of_order(out_of_order);
                let (answer, newer) = pair.slow(DUE, &cookie, takes_ms, login).await;
                // Whoever hears of everything knows that the login has ended what came.
                let sent = if out_of_order { in_time } else { !login };
                let case = format!("{takes_ms}, a login meanwhile: {login}, out of order: {out_of_order}");
                assert_eq!((answer.sets(), answer.sets_nothing()), (sent, !sent), "{case}");
                if let Some(newer) = newer.filter(|_| !sent) {
                    let user = pair.done(pair.ours.user(&newer)).await;
                    assert_eq!(user.as_deref(), Some("bob"), "the browser keeps it: {case}");
                }
            }
        }
    }
}

#[tokio::test]
async fn a_removal_that_no_handler_asked_for_comes_within_a_minute_where_the_list_is_out_of_date() {
    for (takes_ms, removes) in [(0, true), (MINUTE - 1, true), (MINUTE, false), (HOUR, false)] {
        for login in [false, true] {
            let pair = Pair::new();
            let expired = pair.done(pair.ours.logged_in("ann")).await;
            pair.is_out_of_order(true);
            for brings in [expired, format!("{NAME}=garbage")] {
                let (answer, newer) = pair.slow(NOON + DAY, &brings, takes_ms, login).await;
                let case = format!("{takes_ms}, a login meanwhile: {login}");
                assert_eq!((answer.removes(), answer.sets_nothing()), (removes, !removes), "{case}");
                assert_eq!(newer.is_some(), login);
            }
        }
    }
}

/// The list may say nothing against it, and is heard of again.
#[tokio::test]
async fn a_renewal_that_came_too_late_comes_with_a_later_request() {
    let pair = Pair::new();
    let cookie = pair.done(pair.ours.logged_in("ann")).await;
    pair.is_out_of_order(true);
    let (late, _) = pair.slow(DUE, &cookie, MINUTE, false).await;
    assert!(late.sets_nothing(), "{:?}", late.set_cookies());
    let (soon, _) = pair.slow(DUE + HOUR, &cookie, 0, false).await;
    assert!(soon.sets(), "a request that takes no time renews it all the same");
    pair.is_out_of_order(false);
    let (late, _) = pair.slow(DUE + 2 * HOUR, &cookie, HOUR, false).await;
    assert!(late.sets(), "{:?}", late.set_cookies());
}
