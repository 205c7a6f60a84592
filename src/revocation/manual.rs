//! A backend without threads: what they would do is done when somebody says so.

use std::sync::Arc;

use super::deadlines::Deadlines;
use super::time::Time;
use super::worker::{Thread, Worker};
use super::{Backend, BackendError, Inner, Revocations, RevocationsBuilder, Way};

/// What the threads of a backend would do.
pub(crate) struct Manual {
    thread: Thread,
    deadlines: Arc<Deadlines>,
}

impl Manual {
    /// As [`RevocationsBuilder::with_backend`], without a listener, and by the clock of the builder alone.
    pub(crate) fn start(
        builder: RevocationsBuilder,
        backend: Box<dyn Backend>,
        id: [u8; 16],
    ) -> Result<(Revocations, Self), BackendError> {
        builder.check()?;
        let shared = Arc::new(builder.shared(id, Time::of(&builder.clock)));
        let (worker, thread) = Worker::new(backend, &shared, builder.settings.poll_every)?;
        let manual = Self { thread, deadlines: Arc::clone(worker.deadlines()) };
        let inner = Inner { shared, way: Way::Thread(worker), settings: builder.settings };
        Ok((Revocations(Arc::new(inner)), manual))
    }

    pub(crate) fn work(&mut self) -> bool {
        self.thread.now()
    }

    pub(crate) fn tell(&self) {
        self.deadlines.tell_due();
    }
}
