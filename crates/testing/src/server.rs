//! One server: a store with revocations and a registry, which does what it is told in words.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use sealed_session::registry::{Registry, SessionInfo};
use sealed_session::revocation::{Backend, BackendError, Revocations};
use sealed_session::{
    Clock, CreateOptions, KeyRing, RootSecret, SealedStore, SessionId, SessionPlugin as _, SystemClock,
};

/// By how much clocks may differ.
pub const LEEWAY_MS: u64 = 2_000;
pub const POLL: Duration = Duration::from_millis(50);

/// The system's clock, set by so many milliseconds.
#[derive(Clone, Default)]
pub struct Skewed(Arc<AtomicI64>);

impl Clock for Skewed {
    fn now_ms(&self) -> u64 {
        SystemClock.now_ms().saturating_add_signed(self.0.load(Ordering::Acquire))
    }
}

#[derive(Clone)]
pub struct Server {
    store: SealedStore,
    registry: Registry,
    revocations: Revocations,
    clock: Skewed,
}

impl Server {
    pub fn start(backend: impl Backend, skew_ms: i64) -> Result<Self, BackendError> {
        let clock = Skewed(Arc::new(AtomicI64::new(skew_ms)));
        let revocations = Revocations::builder().clock(clock.clone()).poll_every(POLL);
        let revocations = revocations.with_backend(backend)?;
        let ring = KeyRing::single(RootSecret::from_bytes(&[1; 32]).unwrap());
        let store = SealedStore::builder(ring).clock(clock.clone()).revocations(revocations.clone());
        let store = store.leeway(Duration::from_millis(LEEWAY_MS)).build().unwrap();
        let registry = Registry::builder(store.clone()).build().unwrap();
        Ok(Self { store, registry, revocations, clock })
    }

    /// Does something, and says what came of it.
    pub fn act(&self, command: &str) -> Result<String, String> {
        let (word, what) = command.split_once(' ').unwrap_or((command, ""));
        let id = SessionId::new(what);
        match word {
            "login" => self.login(what),
            "read" => self.store.read(&id).map(|_| String::new()).map_err(text),
            "delete" => self.store.delete(&id).map(|()| String::new()).map_err(text),
            "touch" => self.store.touch(&id, 0).map(|id| id.as_str().to_owned()).map_err(text),
            "cycle" => self.store.cycle(&id).map(|id| id.as_str().to_owned()).map_err(text),
            "end_user" => self.store.revoke_user(what).wait().map(|()| String::new()).map_err(text),
            "end_user_in_all_scopes" => {
                let ended = self.store.revoke_user_in_all_scopes(what).wait();
                ended.map(|()| String::new()).map_err(text)
            }
            "end_listed" => self.registry.revoke_user(what).wait().map(|_| String::new()).map_err(text),
            "trouble" => self.revocations.trouble().map_or(Ok(String::new()), |error| Err(text(error))),
            "skew" => {
                self.clock.0.store(what.parse().unwrap(), Ordering::Release);
                Ok(String::new())
            }
            other => panic!("{other}"),
        }
    }

    /// The new session, and when it was created by the clock here.
    fn login(&self, user: &str) -> Result<String, String> {
        let options = CreateOptions { user_id: Some(user.to_owned()), ..CreateOptions::default() };
        let id = self.store.create(options).map_err(text)?;
        let session = self.store.open(&id).map_err(text)?;
        let record = session.record();
        let created_at_ms = record.created_at_ms;
        let began = self.registry.began(SessionInfo {
            user_id: user.to_owned(),
            uid: session.uid(),
            created_at_ms,
            last_seen_at_ms: created_at_ms,
            expires_at_ms: record.expires_at_ms,
            label: String::new(),
        });
        // Whether it is on the list is not what is looked at here.
        let _ = began.wait();
        Ok(format!("{} {created_at_ms}", id.as_str()))
    }
}

/// In one line.
fn text(error: impl ToString) -> String {
    error.to_string().replace('\n', " ")
}
