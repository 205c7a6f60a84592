//! Taking sessions back: what the store does with revocations, whatever their backend, and the list of a user's
//! sessions.

#![cfg(all(feature = "revocation", feature = "hazmat"))]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test that fails panics")]

#[path = "revocation/backend.rs"]
mod backend;
#[path = "revocation/by_hand.rs"]
mod by_hand;
#[path = "revocation/joins.rs"]
mod joins;
#[path = "revocation/kept.rs"]
mod kept;
#[path = "revocation/lost.rs"]
mod lost;
#[path = "revocation/making_good.rs"]
mod making_good;
#[path = "revocation/registry.rs"]
mod registry;
#[path = "revocation/rows.rs"]
mod rows;
#[path = "revocation/scope.rs"]
mod scope;
#[path = "revocation/spared.rs"]
mod spared;
#[path = "revocation/store.rs"]
mod store;
#[path = "common/troubled.rs"]
mod troubled;
#[path = "revocation/wrong.rs"]
mod wrong;

use std::time::{Duration, Instant};

use sealed_session::hazmat::ManualClock;
use sealed_session::revocation::Revocations;
use sealed_session::{CreateOptions, KeyRing, Root, RootSecret, SealedStore, SessionId, SessionPlugin as _};

pub(crate) const NOON: u64 = 1_795_003_200_000;
pub(crate) const MINUTE: u64 = 60_000;
pub(crate) const HOUR: u64 = 60 * MINUTE;
pub(crate) const DAY: u64 = 24 * HOUR;
/// How far clocks may differ.
pub(crate) const LEEWAY: u64 = MINUTE;

/// One server, at noon.
pub(crate) struct Server {
    pub(crate) store: SealedStore,
    pub(crate) clock: ManualClock,
    pub(crate) revocations: Revocations,
}

impl Server {
    pub(crate) fn new() -> Self {
        let clock = ManualClock::at(NOON);
        let revocations =
            Revocations::builder().clock(clock.clone()).poll_every(Duration::from_millis(1)).in_memory();
        Self::with(revocations, clock)
    }

    pub(crate) fn with(revocations: Revocations, clock: ManualClock) -> Self {
        let ring = KeyRing::single(RootSecret::from_bytes(&[1; 32]).unwrap());
        let store = SealedStore::builder(ring).clock(clock.clone()).revocations(revocations.clone());
        Self { store: store.build().unwrap(), clock, revocations }
    }

    pub(crate) fn session(&self, user: Option<&str>) -> SessionId {
        let options = CreateOptions { user_id: user.map(str::to_owned), ..Default::default() };
        self.store.create(options).unwrap()
    }

    pub(crate) fn is_good(&self, id: &SessionId) -> bool {
        self.store.read(id).is_ok()
    }
}

/// Waits for what threads bring about.
pub(crate) fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !is_so() {
        assert!(Instant::now() < deadline, "never: {what}");
        std::thread::yield_now();
    }
}

pub(crate) fn other_ring() -> KeyRing {
    KeyRing::new(vec![Root::new(RootSecret::from_bytes(&[2; 32]).unwrap()).activating_at(1)]).unwrap()
}
