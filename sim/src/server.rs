//! A server: a store and a layer with a clock of their own, around the application.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::{Request, Response};
use sealed_session::hazmat::{ManualClock, ManualWorker, with_randomness};
use sealed_session::http::SessionLayer;
use sealed_session::revocation::{Revocations, RevocationsBuilder};
use sealed_session::{KeyRing, SealedStore};
use tower::{Layer, ServiceExt, service_fn};

use crate::app::handle;
use crate::backend::{Known, Shelf, Way};
use crate::script::{MINUTE, Policy};

pub type Answer = Pin<Box<dyn Future<Output = Result<Response<()>, Infallible>> + Send>>;

/// Salts, uids and secrets of a world: splitmix64. That they can be guessed does no harm here.
#[derive(Clone)]
pub struct Dice(Arc<Mutex<u64>>);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(seed)))
    }

    pub fn draw(&self) -> [u8; 16] {
        let mut bytes = [0; 16];
        self.fill(&mut bytes);
        bytes
    }

    pub fn fill(&self, bytes: &mut [u8]) {
        let mut state = self.0.lock().expect("nothing panics with it");
        for chunk in bytes.chunks_mut(8) {
            *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mut z = *state;
            z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            chunk.copy_from_slice(&(z ^ (z >> 31)).to_le_bytes()[..chunk.len()]);
        }
    }
}

fn settings(policy: Policy, clock: &ManualClock) -> RevocationsBuilder {
    let builder = Revocations::builder().clock(clock.clone());
    match policy.refuse_after_s {
        0 => builder,
        seconds => builder.refuse_after(Duration::from_secs(seconds)),
    }
}

pub struct Server {
    pub policy: Policy,
    pub clock: ManualClock,
    pub skew_ms: i64,
    pub store: SealedStore,
    pub wire: Arc<Known>,
    worker: ManualWorker,
    layer: SessionLayer,
}

impl Server {
    pub fn start(
        policy: Policy,
        clock: ManualClock,
        skew_ms: i64,
        ring: KeyRing,
        shelf: &Shelf,
        dice: &Dice,
    ) -> Self {
        let wire = shelf.wire();
        let known = Arc::clone(&wire.known);
        let (list, worker) = ManualWorker::start(settings(policy, &clock), wire, dice.draw())
            .expect("the wire is open and the settings are ours");
        let minutes = |minutes: u64| Duration::from_millis(minutes * MINUTE);
        let builder = SealedStore::builder(ring)
            .default_ttl(minutes(policy.ttl_min))
            .max_ttl(minutes(policy.ttl_min))
            .max_lifetime(minutes(policy.lifetime_min))
            .clock(clock.clone())
            .revocations(list);
        let dice = dice.clone();
        let store = with_randomness(builder, move |bytes| {
            dice.fill(bytes);
            true
        });
        let store = store.build().expect("a policy of ours");
        let layer = SessionLayer::new(store.clone()).expect("the default layer");
        Self { policy, clock, skew_ms, store, wire: known, worker, layer }
    }

    /// What the threads of its backend would have done by now; nothing of it while the backend stalls.
    /// Says whether there was anything.
    pub fn work(&mut self) -> bool {
        let mut any = false;
        while self.wire.way() != Way::Stalled && self.worker.work() {
            any = true;
        }
        self.worker.tell();
        any
    }

    pub fn ask(&self, request: Request<()>) -> Answer {
        match self.policy.nested {
            false => Box::pin(self.layer.layer(service_fn(handle)).oneshot(request)),
            true => Box::pin(self.layer.layer(self.layer.layer(service_fn(handle))).oneshot(request)),
        }
    }
}
