//! A server with longer limits begins to share a list, while others revoke what it may have kept alive already.

use std::sync::atomic::Ordering;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use sealed_session::hazmat::{ManualClock, ManualWorker};
use sealed_session::revocation::{Backend, BackendError, Pending, Revocations};
use sealed_session::{
    CreateOptions, KeyRing, RootSecret, SealedStore, SealedStoreBuilder, SessionId, SessionPlugin as _,
};

use crate::troubled::Troubled;
use crate::{DAY, HOUR, MINUTE, NOON};

fn store(clock: &ManualClock, lifetime_ms: u64) -> SealedStoreBuilder {
    let lifetime = Duration::from_millis(lifetime_ms);
    let ring = KeyRing::single(RootSecret::from_bytes(&[1; 32]).unwrap());
    let store = SealedStore::builder(ring).clock(clock.clone()).default_ttl(Duration::from_millis(HOUR));
    store.max_ttl(lifetime).max_lifetime(lifetime)
}

/// A server whose threads are run by hand.
struct ByHand {
    store: SealedStore,
    revocations: Revocations,
    worker: ManualWorker,
}

impl ByHand {
    fn new(backend: impl Backend, clock: &ManualClock, number: u8, lifetime_ms: u64) -> Self {
        let builder = Revocations::builder().clock(clock.clone());
        let (revocations, worker) = ManualWorker::start(builder, backend, [number; 16]).unwrap();
        let store = store(clock, lifetime_ms).revocations(revocations.clone()).build().unwrap();
        Self { store, revocations, worker }
    }

    fn work(&mut self) {
        while self.worker.work() {}
    }

    /// What comes of it, once this server alone has done its work.
    fn gives<T: Send>(&mut self, asked: Pending<T>) -> Result<T, BackendError> {
        let mut asked = std::pin::pin!(asked);
        self.work();
        self.worker.tell();
        match asked.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(result) => result,
            Poll::Pending => panic!("the server has done all its work"),
        }
    }
}

/// How a session of Ann's is ended.
type Ends = fn(&mut ByHand, &SessionId) -> Result<(), BackendError>;

const WAYS: [(&str, Ends); 3] = [
    ("the session", |server, id| {
        let asked = server.store.revoke(id);
        server.gives(asked)
    }),
    ("the user", |server, _| {
        let asked = server.store.revoke_user("ann");
        server.gives(asked)
    }),
    ("everything", |server, _| {
        let asked = server.store.revoke_everything();
        server.gives(asked)
    }),
];

/// A session that lives on by a copy, until its longest lifetime is over.
struct Copy {
    id: SessionId,
    clock: ManualClock,
}

impl Copy {
    /// Of a session that began half an hour ago, where nobody had to be asked.
    fn new(clock: &ManualClock) -> Self {
        let options = CreateOptions { user_id: Some("ann".into()), ..Default::default() };
        let id = store(clock, 12 * HOUR).build().unwrap().create(options).unwrap();
        clock.advance(HOUR / 2);
        Self { id, clock: clock.clone() }
    }

    fn touched(&mut self, on: &ByHand) {
        self.id = on.store.touch(&self.id, 30 * DAY).unwrap();
    }

    /// For a month, with both servers at work, and at the end on one that starts.
    fn never_opens(&self, what: &str, servers: &mut [ByHand], backend: &Troubled) {
        for hours in (0..30 * 24).step_by(6) {
            let opens = servers.iter().any(|server| server.store.read(&self.id).is_ok());
            assert!(!opens, "{what}: a copy opens after {hours} hours");
            for _ in 0..12 {
                self.clock.advance(HOUR / 2);
                servers.iter_mut().for_each(ByHand::work);
            }
            let starts = ByHand::new(backend.beside(), &self.clock, 9, 30 * DAY);
            assert!(starts.store.read(&self.id).is_err(), "{what}: a copy opens there after {hours} hours");
        }
    }
}

fn pair(clock: &ManualClock) -> (Troubled, ByHand) {
    let backend = Troubled::default();
    let mut short = ByHand::new(backend.clone(), clock, 1, 12 * HOUR);
    short.work();
    (backend, short)
}

#[test]
fn what_is_revoked_before_a_new_server_has_written_its_limits_is_kept_by_them() {
    for (what, ends) in WAYS {
        let clock = ManualClock::at(NOON);
        let (backend, mut short) = pair(&clock);
        let mut copy = Copy::new(&clock);
        let mut long = ByHand::new(backend.beside(), &clock, 2, 30 * DAY);
        copy.touched(&long);
        ends(&mut short, &copy.id).unwrap();
        long.work();
        copy.never_opens(what, &mut [short, long], &backend);
    }
}

#[test]
fn what_is_revoked_by_a_server_that_has_not_heard_of_the_new_one_is_kept_by_its_limits() {
    for (what, ends) in WAYS {
        let clock = ManualClock::at(NOON);
        let (backend, mut short) = pair(&clock);
        let mut copy = Copy::new(&clock);
        let mut long = ByHand::new(backend.beside(), &clock, 2, 30 * DAY);
        copy.touched(&long);
        long.work();
        ends(&mut short, &copy.id).unwrap();
        clock.advance(1_000);
        long.work();
        copy.never_opens(what, &mut [short, long], &backend);
    }
}

#[test]
fn what_is_revoked_while_a_new_server_cannot_write_is_kept_once_it_can() {
    for (what, ends) in WAYS {
        let clock = ManualClock::at(NOON);
        let (backend, mut short) = pair(&clock);
        let mut copy = Copy::new(&clock);
        let full = backend.beside();
        full.is_full.store(true, Ordering::Release);
        let mut long = ByHand::new(full.clone(), &clock, 2, 30 * DAY);
        long.work();
        copy.touched(&long);
        ends(&mut short, &copy.id).unwrap();
        for _ in 0..6 {
            clock.advance(HOUR);
            long.work();
            short.work();
        }
        assert!(long.revocations.trouble().is_some());
        full.is_full.store(false, Ordering::Release);
        clock.advance(1_000);
        long.work();
        copy.never_opens(what, &mut [short, long], &backend);
    }
}

#[test]
fn a_store_that_is_added_later_counts_from_when_it_is_built() {
    for (what, ends) in WAYS {
        let clock = ManualClock::at(NOON);
        let (backend, mut short) = pair(&clock);
        let mut copy = Copy::new(&clock);
        let mut other = ByHand::new(backend.beside(), &clock, 2, 12 * HOUR);
        other.work();
        other.store = store(&clock, 30 * DAY).revocations(other.revocations.clone()).build().unwrap();
        copy.touched(&other);
        ends(&mut short, &copy.id).unwrap();
        other.work();
        copy.never_opens(what, &mut [short, other], &backend);
    }
}

#[test]
fn a_backend_that_has_lost_who_shared_it_is_told_of_those_that_are_gone_as_well() {
    for (what, ends) in WAYS {
        let clock = ManualClock::at(NOON);
        let (backend, mut short) = pair(&clock);
        let mut copy = Copy::new(&clock);
        let mut long = ByHand::new(backend.beside(), &clock, 2, 30 * DAY);
        long.work();
        copy.touched(&long);
        drop(long);
        clock.advance(2 * MINUTE);
        short.work();
        backend.lose();
        clock.advance(1_000);
        short.work();
        let mut starts = ByHand::new(backend.beside(), &clock, 3, 12 * HOUR);
        starts.work();
        ends(&mut starts, &copy.id).unwrap();
        clock.advance(1_000);
        short.work();
        copy.never_opens(what, &mut [short, starts], &backend);
    }
}

#[test]
fn what_is_revoked_before_a_loss_was_noticed_is_kept_by_the_limits_of_all() {
    for (what, ends) in WAYS {
        let clock = ManualClock::at(NOON);
        let (backend, short) = pair(&clock);
        let mut copy = Copy::new(&clock);
        let mut long = ByHand::new(backend.beside(), &clock, 2, 30 * DAY);
        long.work();
        copy.touched(&long);
        backend.lose();
        let mut starts = ByHand::new(backend.beside(), &clock, 3, 12 * HOUR);
        starts.work();
        ends(&mut starts, &copy.id).unwrap();
        drop(short);
        clock.advance(1_000);
        long.work();
        copy.never_opens(what, &mut [long, starts], &backend);
    }
}

#[test]
fn what_is_lost_again_while_it_is_written_down_again_is_written_down_once_more() {
    let clock = ManualClock::at(NOON);
    let (backend, mut short) = pair(&clock);
    let copy = Copy::new(&clock);
    let asked = short.store.revoke(&copy.id);
    short.gives(asked).unwrap();
    backend.lose();
    backend.loses_next.store(true, Ordering::Release);
    for _ in 0..3 {
        clock.advance(1_000);
        short.work();
    }
    assert_eq!((backend.len(), short.revocations.trouble()), (1, None));
}

#[test]
fn health_does_not_forget_that_nobody_can_say_who_shares_the_list() {
    let clock = ManualClock::at(NOON);
    let (backend, mut short) = pair(&clock);
    let copy = Copy::new(&clock);
    backend.fails_to_name.store(true, Ordering::Release);
    for _ in 0..130 {
        clock.advance(1_000);
        short.work();
    }
    assert!(short.revocations.trouble().is_some());
    let asked = short.store.revoke(&copy.id);
    assert!(short.gives(asked).is_err());
    backend.fails_to_name.store(false, Ordering::Release);
    for _ in 0..10 {
        clock.advance(1_000);
        short.work();
    }
    assert_eq!(short.revocations.trouble(), None);
}
