//! The session store of `uvb-storage-api` 0.2 over [sealed sessions](sealed_session), for hosts of UVB.
//!
//! That trait's `update`, `extend` and `touch` give no new id back, so nothing that they change can be in the id. Here
//! the id is still a sealed token, but of what never changes; the rest is a row in the [registry](Registry) of revocations:
//!
//! | Field | Where it is |
//! |---|---|
//! | `user_id`, `tenant_id` | sealed in the id, and in the row |
//! | `transaction_id`, `created_at`, `factors_used`, `assurance_level`, `metadata` | sealed in the row's label |
//! | `expires_at` | sealed in the label, and in the row; the earlier counts; in whole milliseconds |
//! | `last_activity_at` | in the row, in whole milliseconds |
//!
//! So this is a store with a database, unlike sealed sessions otherwise: `get` asks the backend each time, and a session
//! whose row is gone is none. **The database holds no credentials**: whoever reads it can use no session, and sees
//! users, tenants, uids and times, but no factors, levels or metadata. A label is sealed with the keys of the store,
//! for its user, uid and time of creation; one that was changed, or moved to another row, is refused. Whoever can write
//! to the database can
//!
//! - end a session, sooner or at once, and say when it was last active;
//! - **write back an older row**, whose label is good: a level, factors or an expiry that the session once had count
//!   again. Where lowering a level must hold, end the session and create another;
//! - remove revocations, as SECURITY.md of sealed-session says.
//!
//! # Example
//!
//! ```
//! use std::time::{Duration, SystemTime};
//! use sealed_session::registry::Registry;
//! use sealed_session::revocation::Revocations;
//! use sealed_session::{KeyRing, RootSecret, SealedStore};
//! use sealed_session_uvb::UvbSessions;
//! use uvb_storage_api::{SessionRecord, SessionStore};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let ring = KeyRing::single(RootSecret::generate()?); // a server: KeyRing::load("/etc/shop/ring.json")?
//! let revocations = Revocations::in_memory(); // or a backend: SQLite, Redis, your own
//! let store = SealedStore::builder(ring).app_id("shop.example").revocations(revocations).build()?;
//! let sessions: Box<dyn SessionStore> = Box::new(UvbSessions::new(Registry::builder(store).build()?));
//!
//! let now = SystemTime::now();
//! let id = sessions.create(SessionRecord {
//!     id: String::new(), // the store gives one
//!     user_id: "user-42".into(),
//!     tenant_id: "tenant-7".into(),
//!     transaction_id: "transaction-1".into(),
//!     factors_used: vec!["password".into()],
//!     assurance_level: 1,
//!     metadata: serde_json::json!({ "device": "phone" }),
//!     created_at: now,
//!     expires_at: now + Duration::from_secs(30 * 60),
//!     last_activity_at: now,
//! }).await?;
//!
//! let mut session = sessions.get(&id).await?.ok_or("no session")?;
//! session.factors_used.push("totp".into());
//! session.assurance_level = 2;
//! sessions.update(session).await?; // the same id
//! sessions.extend(&id, Duration::from_secs(15 * 60)).await?;
//! sessions.touch(&id).await?;
//! assert_eq!(sessions.get(&id).await?.ok_or("no session")?.assurance_level, 2);
//!
//! let tenant = "tenant-7".into();
//! let listed = sessions.list_by_user("user-42", &tenant).await?;
//! sessions.delete(&listed[0].id).await?; // this id ends the session, but does not open it
//! assert!(sessions.get(&id).await?.is_none());
//! # Ok(())
//! # }
//! ```
//!
//! # What is decided where UVB's own stores differ
//!
//! - **An expired session is none**, and so is one that was deleted, tampered with or never made, before a cleanup and
//!   after: `get` gives `Ok(None)`; `update`, `extend` and `touch` give `NotFound`. `Expired` is said only by `create`,
//!   of a record that has expired already.
//! - **`delete` is `Ok` for any id**: a logout does not fail because the session is over.
//! - **`Storage`** is an error of the backend or the ring, a record that cannot be sealed, or a change that cannot be
//!   made. A token that this server cannot judge at the moment ([`keeps_cookie`](sealed_session::OpenError::keeps_cookie)) is
//!   `Storage` as well, not a session that is gone.
//!
//! # What cannot be changed, and what does not fit
//!
//! - **User, tenant, transaction and time of creation**: an `update` with others is an error, and changes nothing.
//! - **The end of the token**: no session outlives the store's maximum TTL and lifetime (30 days by default), counted
//!   from its creation. `create`, `update` and `extend` cut to it what is later; `get` shows what it came to.
//! - **The id**: what the record of `create` has is not used.
//! - **How much fits**: a label is no larger than a token. With the defaults of a store it has 2958 bytes of JSON, of
//!   which the metadata may take about 2700. What is larger is `Storage` in `create` and `update`; nothing changes then.
//! - **What would come back changed** is `Storage` in both, too: metadata nested more than 63 levels deep or with
//!   a number that is read back as another, and a `last_activity_at` before 1970.
//!
//! An `update` with an expiry that has passed ends the session. Of two servers that change a session at the same time,
//! the last one counts.
//!
//! # Tenants, lists and the registry
//!
//! - A row is under the tenant and the user, as a JSON array of two strings, so that no two pairs give the same text.
//!   The same user of two tenants has two lists, and `delete_by_user` ends those of one tenant.
//! - The id of a session cannot be made from its row. So `list_by_user` gives each session another id, which does for
//!   `update`, `extend`, `touch` and `delete`, until the expiry that the list shows; `get` refuses it. A page that
//!   shows a user's devices gives no session away.
//! - A list has no session that was revoked, by whatever way, and leaves out a row with a label that was not sealed for
//!   it, which is an event at warn. For `get`, `update`, `extend` and `touch` such a label is `Storage`.
//!   `delete_by_user` ends these too.
//! - Give it a registry of its own. `cleanup_expired` strikes off all that has expired in the registry's backend.
//!   `max_sessions` of the registry holds for each user of a tenant.
//! - Its tokens are sealed with associated data of their own: no other session of the same store passes for one of
//!   these, nor the other way round.

#![forbid(unsafe_code)]

use std::time::Duration;

use async_trait::async_trait;
use sealed_session::registry::{Registry, SessionInfo};
use sealed_session::{SealedStore, SessionId, SessionUid};
use uvb_core::TenantId;
use uvb_storage_api::{SessionError, SessionRecord, SessionStore};

mod row;
mod sealed;
mod telemetry;

use row::{
    Label, Listed, Origin, count, millis, no_row, read, shown_since_1970, since_1970, storage, text,
    user_key, user_of,
};
use sealed::{GIVEN, LISTED, open, seal_of};

/// What the ids in lists begin with; no token can.
const LISTED_MARK: &str = "listed.";

/// The example of README.md is compiled as well.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// A [`SessionStore`] of UVB over a [`Registry`] and its store. The [crate](self) has an example.
#[derive(Debug, Clone)]
pub struct UvbSessions(Registry);

impl UvbSessions {
    /// A store with its rows in this registry.
    #[must_use]
    pub fn new(registry: Registry) -> Self {
        Self(registry)
    }
}

#[async_trait]
impl SessionStore for UvbSessions {
    async fn create(&self, record: SessionRecord) -> Result<String, SessionError> {
        let (id, row) = self.begin(&record).await?;
        self.0.began(row).await.map_err(storage)?;
        Ok(id.0)
    }

    async fn get(&self, id: &str) -> Result<Option<SessionRecord>, SessionError> {
        let store = self.0.store();
        let session = match open(store, id, GIVEN) {
            Err(SessionError::NotFound) => return Ok(None),
            session => session?,
        };
        let user = user_of(&session);
        let Some(row) = self.0.find(user, session.uid()).await.map_err(storage)? else { return Ok(None) };
        let label = Label::open(store, &row)?.ok_or_else(no_row)?;
        if label.is_over(store.now_ms()) {
            return Ok(None);
        }
        label.into_record(id.to_owned(), &row).map(Some)
    }

    async fn update(&self, record: SessionRecord) -> Result<(), SessionError> {
        let id = record.id.clone();
        self.change(&id, move |store, label, row| {
            if label.origin != Origin::of(&record)
                || row.user_id != user_key(&record.tenant_id, &record.user_id)?
            {
                return Err(storage(
                    "user, tenant, transaction and time of creation of a session cannot change",
                ));
            }
            row.last_seen_at_ms = shown_since_1970(record.last_activity_at)?;
            Label::of(record, label.ends_at_ms).seal(store, row)
        })
        .await
    }

    async fn delete(&self, id: &str) -> Result<(), SessionError> {
        let (user, uid) = match self.place(id) {
            Err(SessionError::NotFound) => return Ok(()),
            place => place?,
        };
        // Without a row it must not open either, should another server just be writing one.
        if !self.0.revoke(&user, uid).await.map_err(storage)? {
            let store = self.0.store();
            store.revoke_session(uid, store.now_ms()).await.map_err(storage)?;
        }
        Ok(())
    }

    async fn delete_by_user(&self, user_id: &str, tenant_id: &TenantId) -> Result<usize, SessionError> {
        self.0.revoke_user(&user_key(tenant_id, user_id)?).await.map(count).map_err(storage)
    }

    async fn extend(&self, id: &str, duration: Duration) -> Result<(), SessionError> {
        self.change(id, move |store, mut label, row| {
            let expires_at_ms = label.expires_at_ms.saturating_add(millis(duration));
            label.expires_at_ms = expires_at_ms.min(label.ends_at_ms);
            label.seal(store, row)
        })
        .await
    }

    async fn touch(&self, id: &str) -> Result<(), SessionError> {
        let now_ms = self.0.store().now_ms();
        self.change(id, move |_, _, row| {
            row.last_seen_at_ms = now_ms;
            Ok(())
        })
        .await
    }

    async fn cleanup_expired(&self) -> Result<usize, SessionError> {
        self.0.cleanup_expired().await.map(count).map_err(storage)
    }

    async fn list_by_user(
        &self,
        user_id: &str,
        tenant_id: &TenantId,
    ) -> Result<Vec<SessionRecord>, SessionError> {
        let rows = self.0.list_by_user(&user_key(tenant_id, user_id)?).await.map_err(storage)?;
        let mut listed = Vec::new();
        for row in &rows {
            listed.extend(self.listed(row).await?);
        }
        Ok(listed)
    }
}

impl UvbSessions {
    /// Seals what never changes, for as long as the store can, and says what the row has.
    async fn begin(&self, record: &SessionRecord) -> Result<(SessionId, SessionInfo), SessionError> {
        let expires_at_ms = since_1970(record.expires_at);
        if expires_at_ms <= self.0.store().now_ms() {
            return Err(SessionError::Expired);
        }
        let (store, user_id) = (self.0.store(), user_key(&record.tenant_id, &record.user_id)?);
        let id = seal_of(store, user_id.clone(), String::new(), u64::MAX, GIVEN).await?;
        let session = open(store, id.as_str(), GIVEN)?;
        let mut row = SessionInfo {
            user_id,
            uid: session.uid(),
            created_at_ms: session.record().created_at_ms,
            last_seen_at_ms: shown_since_1970(record.last_activity_at)?,
            expires_at_ms,
            label: String::new(),
        };
        Label::of(record.clone(), session.record().expires_at_ms).seal(store, &mut row)?;
        Ok((id, row))
    }

    /// What a list shows of a row: nothing if the session is over, or if it is somebody else's row.
    async fn listed(&self, row: &SessionInfo) -> Result<Option<SessionRecord>, SessionError> {
        let store = self.0.store();
        let Some(label) = Label::open(store, row)? else {
            telemetry::row_left_out();
            return Ok(None);
        };
        if label.is_over(store.now_ms()) {
            return Ok(None);
        }
        label.into_record(self.listed_id(row).await?, row).map(Some)
    }

    /// Another id for a row, which opens nothing.
    async fn listed_id(&self, row: &SessionInfo) -> Result<String, SessionError> {
        let ttl_ms = row.expires_at_ms.saturating_sub(self.0.store().now_ms()).max(1);
        let data = text(&Listed { uid: row.uid.to_string() })?;
        let id = seal_of(self.0.store(), row.user_id.clone(), data, ttl_ms, LISTED).await?;
        Ok([LISTED_MARK, id.as_str()].concat())
    }

    /// Under which user the registry has the session of either kind of id, and which it is.
    fn place(&self, id: &str) -> Result<(String, SessionUid), SessionError> {
        let Some(token) = id.strip_prefix(LISTED_MARK) else {
            let session = open(self.0.store(), id, GIVEN)?;
            return Ok((user_of(&session).to_owned(), session.uid()));
        };
        let session = open(self.0.store(), token, LISTED)?;
        let Listed { uid } = read(&session.record().data_json)?;
        Ok((user_of(&session).to_owned(), uid.parse().map_err(storage)?))
    }

    async fn change(
        &self,
        id: &str,
        change: impl FnOnce(&SealedStore, Label, &mut SessionInfo) -> Result<(), SessionError> + Send + 'static,
    ) -> Result<(), SessionError> {
        let ((user, uid), store) = (self.place(id)?, self.0.store().clone());
        let change = move |row: &mut SessionInfo| {
            let label = Label::open(&store, row)?.ok_or_else(no_row)?;
            if label.is_over(store.now_ms()) {
                return Err(SessionError::NotFound);
            }
            change(&store, label, row)
        };
        self.0.change(&user, uid, change).await.map_err(storage)?.unwrap_or(Err(SessionError::NotFound))
    }
}
