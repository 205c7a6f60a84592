//! What a caller hands to the suite: a plugin, and what the suite cannot find out by itself.

use std::fmt;

use sealed_session::SessionPlugin;

/// Where a backend keeps its sessions, which decides what becomes of an id once there is a newer one.
///
/// ```
/// use sealed_session_conformance::plugin::Family;
///
/// assert_ne!(Family::Stateless, Family::ServerBacked);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Family {
    /// In the id itself: every change is a new id, the old one goes on meaning the old state, and no id can
    /// be taken back.
    Stateless,
    /// On the server, where the id only leads: there is one state, and a deleted session is gone.
    ServerBacked,
}

/// A plugin under test. It must hold no session yet, and must not share its clock with another subject.
///
/// ```
/// use sealed_session_conformance::plugin::{Family, Subject};
/// use sealed_session::{KeyRing, RootSecret, SealedStore};
///
/// let store = SealedStore::builder(KeyRing::single(RootSecret::generate()?)).build()?;
/// let subject = Subject::new(store, Family::Stateless)
///     .default_ttl_ms(24 * 60 * 60 * 1000)
///     .max_ttl_ms(30 * 24 * 60 * 60 * 1000)
///     .max_lifetime_ms(30 * 24 * 60 * 60 * 1000);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "a subject does nothing until `run` makes it"]
pub struct Subject {
    pub(super) plugin: Box<dyn SessionPlugin>,
    pub(super) family: Family,
    pub(super) advance: Option<Box<dyn Fn(u64)>>,
    pub(super) default_ttl_ms: Option<u64>,
    pub(super) max_ttl_ms: Option<u64>,
    pub(super) max_lifetime_ms: Option<u64>,
    pub(super) revokes: bool,
}

impl Subject {
    /// A plugin, and its family. Cases that need to know more are reported as not run.
    pub fn new(plugin: impl SessionPlugin + 'static, family: Family) -> Self {
        Self {
            plugin: Box::new(plugin),
            family,
            advance: None,
            default_ttl_ms: None,
            max_ttl_ms: None,
            max_lifetime_ms: None,
            revokes: family == Family::ServerBacked,
        }
    }

    /// How to move the plugin's clock on by so many milliseconds. Otherwise that clock must stand still:
    /// the cases about time are exact to the millisecond.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
    ///
    /// use sealed_session_conformance::plugin::{Family, Subject};
    /// use sealed_session::{Clock, KeyRing, RootSecret, SealedStore};
    ///
    /// struct TestClock(Arc<AtomicU64>);
    ///
    /// impl Clock for TestClock {
    ///     fn now_ms(&self) -> u64 {
    ///         self.0.load(SeqCst)
    ///     }
    /// }
    ///
    /// let now = Arc::new(AtomicU64::new(1_795_000_000_000));
    /// let ring = KeyRing::single(RootSecret::generate()?);
    /// let store = SealedStore::builder(ring).clock(TestClock(now.clone())).build()?;
    /// let subject = Subject::new(store, Family::Stateless).with_advance(move |ms| {
    ///     now.fetch_add(ms, SeqCst);
    /// });
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn with_advance(mut self, advance: impl Fn(u64) + 'static) -> Self {
        self.advance = Some(Box::new(advance));
        self
    }

    /// How many milliseconds a session lives when a TTL of 0 is asked for.
    pub fn default_ttl_ms(mut self, ms: u64) -> Self {
        self.default_ttl_ms = Some(ms);
        self
    }

    /// How many milliseconds a session lives at most when more is asked for.
    pub fn max_ttl_ms(mut self, ms: u64) -> Self {
        self.max_ttl_ms = Some(ms);
        self
    }

    /// How many milliseconds a session lives in all, however often it is touched. Declare it wherever there
    /// is such a limit: what a touch gives depends on it.
    pub fn max_lifetime_ms(mut self, ms: u64) -> Self {
        self.max_lifetime_ms = Some(ms);
        self
    }

    /// A stateless plugin that remembers what was deleted: the cases about deleted sessions are for it too.
    pub fn with_revocation(mut self) -> Self {
        self.revokes = true;
        self
    }
}

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subject")
            .field("family", &self.family)
            .field("advance", &self.advance.is_some())
            .field("default_ttl_ms", &self.default_ttl_ms)
            .field("max_ttl_ms", &self.max_ttl_ms)
            .field("max_lifetime_ms", &self.max_lifetime_ms)
            .field("revokes", &self.revokes)
            .finish_non_exhaustive()
    }
}
