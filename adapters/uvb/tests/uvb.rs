//! The session store of the published `uvb-storage-api`: every method and every error, through `dyn SessionStore`.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "clippy.toml allows them in tests, not in helpers"
)]

#[path = "uvb/changes.rs"]
mod changes;
#[path = "../../../tests/common/collector.rs"]
mod collector;
#[path = "uvb/endings.rs"]
mod endings;
#[path = "uvb/errors.rs"]
mod errors;
#[path = "uvb/ids.rs"]
mod ids;
#[path = "uvb/labels.rs"]
mod labels;
#[path = "uvb/records.rs"]
mod records;
#[cfg(unix)]
#[path = "uvb/sqlite.rs"]
mod sqlite;
#[path = "uvb/tenants.rs"]
mod tenants;
#[path = "uvb/times.rs"]
mod times;
#[path = "../../../tests/common/troubled.rs"]
mod troubled;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sealed_session::hazmat::ManualClock;
use sealed_session::registry::Registry;
use sealed_session::revocation::Revocations;
use sealed_session::{Clock as _, KeyRing, RootSecret, SealedStore};
use sealed_session_uvb::UvbSessions;
use serde_json::json;
use uvb_core::TenantId;
use uvb_storage_api::{SessionError, SessionRecord, SessionStore};

pub(crate) const NOON: u64 = 1_795_003_200_000;
pub(crate) const SECOND: u64 = 1000;
pub(crate) const MINUTE: u64 = 60 * SECOND;
pub(crate) const HOUR: u64 = 60 * MINUTE;
pub(crate) const DAY: u64 = 24 * HOUR;

/// One server at noon, whose sessions live for 30 days at most.
pub(crate) struct Server {
    pub(crate) clock: ManualClock,
    pub(crate) store: SealedStore,
    pub(crate) registry: Registry,
    pub(crate) sessions: Box<dyn SessionStore>,
}

impl Server {
    pub(crate) fn new() -> Self {
        let clock = ManualClock::at(NOON);
        Self::with(Revocations::builder().clock(clock.clone()).in_memory(), clock, usize::MAX)
    }

    pub(crate) fn with(revocations: Revocations, clock: ManualClock, max_sessions: usize) -> Self {
        let ring = KeyRing::single(RootSecret::from_bytes(&[1; 32]).unwrap());
        let store = SealedStore::builder(ring).clock(clock.clone()).revocations(revocations);
        let store = store.build().unwrap();
        let registry = Registry::builder(store.clone()).max_sessions(max_sessions).build().unwrap();
        let sessions = Box::new(UvbSessions::new(registry.clone()));
        Self { clock, store, registry, sessions }
    }

    /// Ann's session at the tenant `t`, for an hour.
    pub(crate) async fn ann(&self) -> String {
        self.sessions.create(record("t", "ann", self.clock.now_ms())).await.unwrap()
    }

    pub(crate) async fn get(&self, id: &str) -> SessionRecord {
        self.sessions.get(id).await.unwrap().unwrap()
    }

    pub(crate) async fn is_none(&self, id: &str) -> bool {
        self.sessions.get(id).await.unwrap().is_none()
    }

    pub(crate) async fn listed(&self, tenant: &str, user: &str) -> Vec<SessionRecord> {
        self.sessions.list_by_user(user, &tenant.into()).await.unwrap()
    }
}

/// A record that begins now and lives for an hour.
pub(crate) fn record(tenant: &str, user: &str, now_ms: u64) -> SessionRecord {
    SessionRecord {
        id: "whatever the host thinks of".into(),
        user_id: user.into(),
        tenant_id: TenantId::new(tenant),
        transaction_id: "transaction-1".into(),
        factors_used: vec!["password".into()],
        assurance_level: 1,
        metadata: json!({ "device": "phone" }),
        created_at: at(now_ms),
        expires_at: at(now_ms + HOUR),
        last_activity_at: at(now_ms),
    }
}

pub(crate) fn at(ms: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(ms)
}

/// A record as text that tells everything, since it cannot be compared.
pub(crate) fn told(record: &SessionRecord) -> String {
    serde_json::to_string(record).unwrap()
}

#[track_caller]
pub(crate) fn assert_not_found<T: std::fmt::Debug>(result: Result<T, SessionError>) {
    assert!(matches!(result, Err(SessionError::NotFound)), "{result:?}");
}

#[track_caller]
pub(crate) fn assert_storage<T: std::fmt::Debug>(result: Result<T, SessionError>, says: &str) {
    assert!(matches!(&result, Err(SessionError::Storage(text)) if text.contains(says)), "{result:?}");
}
