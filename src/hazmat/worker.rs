//! A backend of revocations whose threads are run by hand.

use std::fmt;

use crate::revocation::{Backend, BackendError, Manual, Revocations, RevocationsBuilder};

/// What the threads of a backend would do, done when it is said: so that a simulation decides what happens when, and
/// everything goes by the clock of the builder.
///
/// Nothing that a server asks of the backend is done before [`work`](Self::work), so nobody may wait for it on the thread
/// that calls it (`Pending::wait`, and the operations of a store that wait). Poll its future instead.
///
/// ```
/// use sealed_session::SessionUid;
/// use sealed_session::hazmat::{ManualClock, ManualWorker};
/// use sealed_session::revocation::{MemoryBackend, Revocation, Revocations};
///
/// let clock = ManualClock::at(1_795_000_000_000);
/// let builder = Revocations::builder().clock(clock.clone());
/// let (list, mut worker) = ManualWorker::start(builder, MemoryBackend::default(), [7; 16])?;
///
/// let revocation = Revocation::Session { uid: SessionUid::from_bytes([1; 16]), until_ms: u64::MAX };
/// let pending = list.revoke(revocation);
/// assert!(list.is_empty(), "nothing is done yet");
/// while worker.work() {}
/// assert_eq!(list.len(), 1);
/// pending.wait()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct ManualWorker(Manual);

impl ManualWorker {
    /// As [`RevocationsBuilder::with_backend`], but that nothing is done by itself. `id` is what other servers know this
    /// one by ([`Sharer`](crate::revocation::Sharer)). A [listener](Backend::listener) is not asked for: call
    /// [`work`](Self::work) when there are news.
    ///
    /// # Errors
    /// [`BackendError`] when the backend cannot be read now, or the settings contradict each other.
    pub fn start(
        builder: RevocationsBuilder,
        backend: impl Backend,
        id: [u8; 16],
    ) -> Result<(Revocations, Self), BackendError> {
        let (revocations, manual) = Manual::start(builder, Box::new(backend), id)?;
        Ok((revocations, Self(manual)))
    }

    /// Does the next thing that waits, and what is due by the clock: asking for news, writing that this server is there,
    /// purging. False if there was nothing.
    pub fn work(&mut self) -> bool {
        self.0.work()
    }

    /// Tells those whose time is over that the backend has not answered, and those who had to wait until other servers
    /// know what came of it.
    pub fn tell(&self) {
        self.0.tell();
    }
}

impl fmt::Debug for ManualWorker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ManualWorker")
    }
}
