//! What time it is. Nothing below the store reads a clock; it is handed the time.

use std::sync::LazyLock;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A source of wall-clock time for a [`SealedStore`](crate::SealedStore).
///
/// Servers use [`SystemClock`]; tests implement this trait (or use `hazmat::ManualClock`) so that they
/// never have to sleep.
///
/// ```
/// use sealed_session::{Clock, KeyRing, RootSecret, SealedStore};
///
/// struct Noon;
/// impl Clock for Noon {
///     fn now_ms(&self) -> u64 {
///         1_795_003_200_000
///     }
/// }
///
/// let ring = KeyRing::single(RootSecret::generate()?);
/// let store = SealedStore::builder(ring).clock(Noon).build()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Clock: Send + Sync {
    /// Milliseconds since 1970-01-01T00:00:00Z.
    fn now_ms(&self) -> u64;

    /// Milliseconds since some moment: how much time has passed, whatever the clock on the wall is set to. By default
    /// the operating system's monotonic clock.
    fn monotonic_ms(&self) -> u64 {
        static START: LazyLock<Instant> = LazyLock::new(Instant::now);
        millis(START.elapsed())
    }
}

/// The operating system's clock. A clock set before 1970 reads 0.
///
/// ```
/// use sealed_session::{Clock, SystemClock};
///
/// assert!(SystemClock.now_ms() > 1_700_000_000_000);
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now_ms(&self) -> u64 {
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        // In 64 bits: `as_millis` divides 128.
        since_1970.as_secs().saturating_mul(1000).saturating_add(since_1970.subsec_millis().into())
    }
}

/// Both clocks at one moment: sessions are judged by the one on the wall, and how long ago something was by the one that
/// nobody sets.
#[cfg(feature = "tower")]
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reading {
    pub(crate) wall_ms: u64,
    pub(crate) monotonic_ms: u64,
}

#[cfg(feature = "tower")]
impl Reading {
    pub(crate) fn of(clock: &dyn Clock) -> Self {
        Self { wall_ms: clock.now_ms(), monotonic_ms: clock.monotonic_ms() }
    }

    /// How long ago that was. Only ages are compared with those by another clock.
    pub(crate) fn ago_ms(self, clock: &dyn Clock) -> u64 {
        clock.monotonic_ms().saturating_sub(self.monotonic_ms)
    }
}

/// Whole milliseconds of a setting; the largest number for one that is longer.
pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
