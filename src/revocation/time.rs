//! By which time threads go.

#[cfg(feature = "hazmat")]
use std::sync::Arc;
#[cfg(feature = "hazmat")]
use std::time::Duration;
use std::time::Instant;

#[cfg(feature = "hazmat")]
use crate::clock::Clock;

/// When it is now, for whoever waits.
#[derive(Clone)]
pub(super) enum Time {
    /// By the machine.
    Machine,
    /// By a clock that somebody moves by hand, counted from when this was made.
    #[cfg(feature = "hazmat")]
    Clock(Arc<dyn Clock>, Instant),
}

impl Time {
    #[cfg(feature = "hazmat")]
    pub(super) fn of(clock: &Arc<dyn Clock>) -> Self {
        Self::Clock(Arc::clone(clock), Instant::now())
    }

    pub(super) fn now(&self) -> Instant {
        match self {
            Self::Machine => Instant::now(),
            #[cfg(feature = "hazmat")]
            Self::Clock(clock, start) => {
                let passed = Duration::from_millis(clock.monotonic_ms());
                start.checked_add(passed).unwrap_or(*start)
            }
        }
    }
}
