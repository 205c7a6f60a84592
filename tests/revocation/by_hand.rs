//! Servers whose threads are run by hand.

use std::task::{Context, Poll, Waker};
use std::time::Duration;

use sealed_session::hazmat::{ManualClock, ManualWorker};
use sealed_session::revocation::{BackendError, Pending, Revocations};
use sealed_session::{
    CreateOptions, KeyRing, RootSecret, SealedStore, SealedStoreBuilder, SessionId, SessionPlugin as _,
};

use crate::HOUR;
use crate::troubled::Troubled;

pub(crate) fn store(clock: &ManualClock, lifetime_ms: u64) -> SealedStoreBuilder {
    let lifetime = Duration::from_millis(lifetime_ms);
    let ring = KeyRing::single(RootSecret::from_bytes(&[1; 32]).unwrap());
    let store = SealedStore::builder(ring).clock(clock.clone()).default_ttl(Duration::from_millis(HOUR));
    store.max_ttl(lifetime).max_lifetime(lifetime)
}

/// A server whose threads are run by hand.
pub(crate) struct ByHand {
    pub(crate) store: SealedStore,
    pub(crate) revocations: Revocations,
    pub(crate) backend: Troubled,
    clock: ManualClock,
    worker: ManualWorker,
}

impl ByHand {
    pub(crate) fn new(backend: Troubled, clock: &ManualClock, number: u8, lifetime_ms: u64) -> Self {
        let builder = Revocations::builder().clock(clock.clone());
        let (revocations, worker) = ManualWorker::start(builder, backend.clone(), [number; 16]).unwrap();
        let store = store(clock, lifetime_ms).revocations(revocations.clone()).build().unwrap();
        Self { store, revocations, backend, clock: clock.clone(), worker }
    }

    pub(crate) fn work(&mut self) {
        while self.worker.work() {}
    }

    /// A user logs in here.
    pub(crate) fn begins(&mut self, user: &str) -> SessionId {
        let store = self.store.clone();
        let nobodys = store.create(CreateOptions::default()).unwrap();
        let mut asked = std::pin::pin!(store.authenticate_async(&nobodys, user, b""));
        loop {
            if let Poll::Ready(id) = asked.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                return id.unwrap();
            }
            self.work();
            self.clock.advance(1_000);
            self.worker.tell();
        }
    }

    /// What comes of it, once this server alone has done its work.
    pub(crate) fn gives<T: Send>(&mut self, asked: Pending<T>) -> Result<T, BackendError> {
        let mut asked = std::pin::pin!(asked);
        self.work();
        self.worker.tell();
        match asked.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(result) => result,
            Poll::Pending => panic!("the server has done all its work"),
        }
    }
}
