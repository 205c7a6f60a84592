//! A server that binds sessions to devices, on a clock that stands still.

use sealed_session::dbsc::{DbscReason, DeviceBinding, Proven, Refresh, Registration};
use sealed_session::hazmat::ManualClock;
use sealed_session::{KeyRing, SealedStore, SealedStoreBuilder, SessionUid};

use crate::common::{self, NOW};
use crate::device::Device;

/// The uid of the session that has logged in.
pub(crate) const LOGIN: SessionUid = SessionUid::from_bytes([7; 16]);
pub(crate) const USER: Option<&str> = Some("user-42");

pub(crate) struct Server {
    pub(crate) clock: ManualClock,
    pub(crate) store: SealedStore,
    pub(crate) devices: DeviceBinding,
}

impl Server {
    pub(crate) fn new() -> Self {
        Self::with(|builder| builder)
    }

    pub(crate) fn with(set: impl FnOnce(SealedStoreBuilder) -> SealedStoreBuilder) -> Self {
        let clock = ManualClock::at(NOW);
        Self::of(set(common::builder(&clock)), clock)
    }

    pub(crate) fn with_ring(ring: KeyRing) -> Self {
        let clock = ManualClock::at(NOW);
        Self::of(SealedStore::builder(ring).clock(clock.clone()), clock)
    }

    fn of(builder: SealedStoreBuilder, clock: ManualClock) -> Self {
        let store = builder.build().unwrap();
        let devices = DeviceBinding::builder(&store).build().unwrap();
        Self { clock, store, devices }
    }

    pub(crate) fn registered(&self, device: &Device) -> Registration {
        let proof = device.registration(&self.devices.offer(LOGIN).unwrap());
        self.devices.register(&proof, LOGIN, USER).unwrap()
    }

    /// Refreshes, which must succeed at once.
    pub(crate) fn proven(&self, identifier: &str, proof: &str) -> Proven {
        match self.devices.refresh(identifier, Some(proof)).unwrap() {
            Refresh::Proven(proven) => proven,
            Refresh::Challenge(_) => panic!("asked for another proof"),
        }
    }

    /// Refreshes, which must be answered with a challenge.
    pub(crate) fn asked(&self, identifier: &str, proof: Option<&str>) -> String {
        match self.devices.refresh(identifier, proof).unwrap() {
            Refresh::Challenge(challenge) => challenge,
            Refresh::Proven(_) => panic!("proven"),
        }
    }

    /// The check that refuses a registration for good.
    pub(crate) fn refused_registration(&self, proof: &str) -> DbscReason {
        let error = self.devices.register(proof, LOGIN, USER).unwrap_err();
        assert!(!error.is_transient());
        error.reason()
    }

    /// The check that refuses a refresh for good.
    pub(crate) fn refusal(&self, identifier: &str, proof: &str) -> DbscReason {
        let error = self.devices.refresh(identifier, Some(proof)).unwrap_err();
        assert!(!error.is_transient());
        assert_eq!(error.to_string(), "the device's proof was refused");
        error.reason()
    }
}
