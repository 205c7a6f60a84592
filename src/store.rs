//! [`SealedStore`]: the session contract over sealed tokens.
//!
//! The only place that reads a clock, and the only one that turns a refusal into `Invalid` or `NotFound`.

use std::fmt;
use std::sync::Arc;

use crate::clock::Clock;
use crate::csrf;
use crate::error::{ConfigError, OpenError, ResealError, SealError};
use crate::json;
use crate::policy::Policy;
use crate::random::Entropy;
use crate::record::{Record, Times};
use crate::ring::KeyRing;
use crate::ring::live::LiveRing;
use crate::session::{CreateOptions, SessionError, SessionId, SessionPlugin, SessionRecord};
use crate::telemetry;
use crate::uid::SessionUid;

#[cfg(feature = "dbsc")]
mod beside;
mod builder;
#[cfg(feature = "watch")]
mod follow;
mod health;
mod kin;
mod moment;
mod opened;
#[cfg(feature = "tower")]
pub(crate) mod parts;
mod renew;
mod replace;
#[cfg(feature = "revocation")]
mod revoke;
#[cfg(feature = "revocation")]
mod scope;
#[cfg(not(feature = "revocation"))]
mod unrevoked;
#[cfg(any(feature = "tower", feature = "revocation"))]
pub(crate) mod withdrawn;

pub use builder::SealedStoreBuilder;
pub use health::HealthError;
use moment::Live;
pub use opened::OpenedSession;

/// Sessions without a database: each id is the authenticated ciphertext of its own record and expiry.
///
/// Cheap to clone and to share between threads; reading takes no lock. Every operation exists with
/// associated data too (`*_with`): bytes that are authenticated but not stored in the token, such as a
/// tenant id. A token made with some opens only with the same.
///
/// ```
/// use sealed_session::{CreateOptions, KeyRing, RootSecret, SealedStore, SessionPlugin};
///
/// let ring = KeyRing::single(RootSecret::generate()?);
/// let store = SealedStore::builder(ring).cookie_name("__Host-session").app_id("shop").build()?;
///
/// let id = store.create(CreateOptions { user_id: Some("user-42".into()), ..Default::default() })?;
/// let id = store.update(&id, r#"{"cart":["A1"]}"#)?; // a new id: write it back to the cookie
/// assert_eq!(store.read(&id)?.data_json, r#"{"cart":["A1"]}"#);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct SealedStore(Arc<Inner>, #[cfg(feature = "revocation")] scope::ScopeName);

struct Inner {
    ring: LiveRing,
    policy: Policy,
    clock: Arc<dyn Clock>,
    entropy: Arc<Entropy>,
    cookie_name: String,
    #[cfg(feature = "revocation")]
    app_id: String,
    kin: kin::Kin,
    #[cfg(feature = "revocation")]
    revocations: Option<crate::revocation::Revocations>,
    #[cfg(feature = "watch")]
    followed: follow::Followed,
}

impl SealedStore {
    /// Starts building a store over a ring.
    pub fn builder(ring: KeyRing) -> SealedStoreBuilder {
        SealedStoreBuilder::new(ring)
    }

    /// The name of the cookie that this store's keys are bound to.
    #[must_use]
    pub fn cookie_name(&self) -> &str {
        &self.0.cookie_name
    }

    /// Reads a session with all that is known of it.
    ///
    /// # Errors
    /// [`OpenError`], which tells a client only whether the session is invalid or over.
    pub fn open(&self, id: &SessionId) -> Result<OpenedSession, OpenError> {
        self.open_with(id, b"")
    }

    /// As [`open`](Self::open), for a session made with associated data.
    ///
    /// # Errors
    /// As [`open`](Self::open); other associated data than it was made with is `Invalid`.
    pub fn open_with(&self, id: &SessionId, associated_data: &[u8]) -> Result<OpenedSession, OpenError> {
        self.moment().open(id.as_bytes(), associated_data, |_, Live { record, key_id, key_state }| {
            let Record { times, uid, user_id, data } = record;
            let record = SessionRecord {
                id: id.clone(),
                user_id: user_id.map(str::to_owned),
                data_json: data.to_owned(),
                created_at_ms: times.created,
                expires_at_ms: self.0.policy.expires_at(times),
            };
            Ok(OpenedSession { record, uid, renewed_at_ms: times.renewed, key_id, key_state })
        })
    }

    /// As [`SessionPlugin::create`], with associated data.
    ///
    /// # Errors
    /// [`SealError`]: data that is not a JSON object or goes deeper than 64 levels, a user id too long, a token too large
    /// for its cookie, a ring that does not seal, or a random generator that fails. With revocations, a user's session also
    /// waits for the backend, and fails if it was revoked before it began, or if this thread must not wait: it is the only
    /// one of a tokio runtime, and the list not in memory. `create_async` awaits.
    ///
    /// ```
    /// use sealed_session::{CreateOptions, KeyRing, RootSecret, SealedStore};
    ///
    /// let store = SealedStore::builder(KeyRing::single(RootSecret::generate()?)).build()?;
    /// let id = store.create_with(CreateOptions::default(), b"tenant-7")?;
    /// assert!(store.open_with(&id, b"tenant-7").is_ok());
    /// assert!(store.open_with(&id, b"tenant-8").is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn create_with(
        &self,
        options: CreateOptions,
        associated_data: &[u8],
    ) -> Result<SessionId, SealError> {
        let (id, uid, times) = self.created(&options, associated_data)?;
        self.wait_for_begin(options.user_id.as_deref(), uid, times)?;
        Ok(id)
    }

    fn created(
        &self,
        options: &CreateOptions,
        associated_data: &[u8],
    ) -> Result<(SessionId, SessionUid, Times), SealError> {
        let data = if options.data_json.is_empty() { "{}" } else { &options.data_json };
        json::check_object(data)?;
        let moment = self.moment();
        let times = moment.begin(options.ttl_ms)?;
        let (id, uid) = moment.seal_new(times, options.user_id.as_deref(), data, associated_data)?;
        Ok((id, uid, times))
    }

    /// As [`SessionPlugin::update`], with associated data.
    ///
    /// # Errors
    /// As [`open`](Self::open) for the id, as [`create_with`](Self::create_with) for the data.
    pub fn update_with(
        &self,
        id: &SessionId,
        data_json: &str,
        associated_data: &[u8],
    ) -> Result<SessionId, ResealError> {
        let data = if data_json.is_empty() { "{}" } else { data_json };
        self.moment().open(id.as_bytes(), associated_data, |moment, Live { record, .. }| {
            json::check_object(data)?;
            Ok(moment.seal(&Record { data, ..record }, associated_data)?)
        })
    }

    /// As [`SessionPlugin::touch`], with associated data.
    ///
    /// # Errors
    /// As [`open`](Self::open) for the id, as [`create_with`](Self::create_with) for the new one.
    pub fn touch_with(
        &self,
        id: &SessionId,
        ttl_ms: u64,
        associated_data: &[u8],
    ) -> Result<SessionId, ResealError> {
        self.moment().open(id.as_bytes(), associated_data, |moment, Live { record, .. }| {
            let times = self.0.policy.renew(record.times, moment.now, ttl_ms).map_err(moment::refused)?;
            Ok(moment.seal(&Record { times, ..record }, associated_data)?)
        })
    }

    /// Seals the session anew under the key that seals now, and changes nothing else.
    ///
    /// # Errors
    /// As [`touch_with`](Self::touch_with).
    ///
    /// ```
    /// use sealed_session::{CreateOptions, KeyRing, RootSecret, SealedStore, SessionPlugin};
    ///
    /// let store = SealedStore::builder(KeyRing::single(RootSecret::generate()?)).build()?;
    /// let old = store.create(CreateOptions::default())?;
    /// let new = store.reseal(&old)?;
    /// assert_ne!(old, new);
    /// assert_eq!(store.open(&old)?.uid(), store.open(&new)?.uid());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn reseal(&self, id: &SessionId) -> Result<SessionId, ResealError> {
        self.reseal_with(id, b"")
    }

    /// As [`reseal`](Self::reseal), with associated data.
    ///
    /// # Errors
    /// As [`touch_with`](Self::touch_with).
    pub fn reseal_with(&self, id: &SessionId, associated_data: &[u8]) -> Result<SessionId, ResealError> {
        self.moment().open(id.as_bytes(), associated_data, |moment, Live { record, .. }| {
            let resealed = moment.seal(&record, associated_data)?;
            telemetry::resealed();
            Ok(resealed)
        })
    }

    /// How many more bytes the data of such a session may have before its token is too large. Padding is
    /// accounted for.
    ///
    /// # Errors
    /// [`SealError::TooLarge`] or [`SealError::UserIdTooLong`] when it does not even fit as it is.
    ///
    /// ```
    /// use sealed_session::{KeyRing, RootSecret, SealedStore};
    ///
    /// let store = SealedStore::builder(KeyRing::single(RootSecret::generate()?)).build()?;
    /// assert_eq!(store.remaining(None, "{}")?, 2956);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn remaining(&self, user_id: Option<&str>, data_json: &str) -> Result<usize, SealError> {
        self.0.policy.remaining(user_id, data_json)
    }

    /// Replaces the ring under running readers, without a lock: the way to rotate keys while serving.
    ///
    /// # Errors
    /// When the new ring's longest life of a token is shorter than this store's maximum TTL, or one of its
    /// epoch windows is too large; the old ring then stays.
    ///
    /// ```
    /// use sealed_session::{CreateOptions, KeyRing, KeyState, Root, RootSecret, SealedStore, SessionPlugin};
    ///
    /// let old = RootSecret::generate()?;
    /// let text = old.to_text();
    /// let store = SealedStore::builder(KeyRing::single(old)).build()?;
    /// let id = store.create(CreateOptions::default())?;
    ///
    /// let new = Root::new(RootSecret::generate()?).activating_at(1);
    /// store.replace_ring(KeyRing::new(vec![Root::new(text.parse()?), new])?)?;
    /// assert_eq!(store.open(&id)?.key_state(), KeyState::Accepted); // nobody is logged out
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn replace_ring(&self, ring: KeyRing) -> Result<(), ConfigError> {
        let roots = ring.roots().len();
        let sealing = self.0.replace_ring(&Arc::new(ring))?;
        telemetry::ring_replaced(roots, sealing);
        Ok(())
    }

    /// A new CSRF token for the session with this uid: put it into a form, and check it when it comes back.
    /// Each call gives another text, all of them valid for as long as the session's keys.
    ///
    /// # Errors
    /// [`SealError::NoSealingKey`] and [`SealError::NoRandomness`].
    ///
    /// ```
    /// use sealed_session::{CreateOptions, KeyRing, RootSecret, SealedStore, SessionPlugin};
    ///
    /// let store = SealedStore::builder(KeyRing::single(RootSecret::generate()?)).build()?;
    /// let uid = store.open(&store.create(CreateOptions::default())?)?.uid();
    /// let token = store.csrf_token(uid)?;
    /// assert!(store.check_csrf_token(uid, &token).is_ok());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn csrf_token(&self, uid: SessionUid) -> Result<String, SealError> {
        let moment = self.moment();
        let key = moment.keys.sealing().ok_or(SealError::NoSealingKey)?;
        Ok(csrf::make(key, &moment.fresh()?, uid))
    }

    /// Whether a text is a CSRF token of the session with this uid, under any key that opens tokens. The
    /// comparison takes constant time.
    ///
    /// # Errors
    /// [`OpenError`] when it is not.
    pub fn check_csrf_token(&self, uid: SessionUid, text: &str) -> Result<(), OpenError> {
        self.moment().check_csrf(text, uid)
    }

    /// The longest token that this store makes, in characters.
    #[must_use]
    pub fn max_token_chars(&self) -> usize {
        self.0.policy.max_token_chars
    }

    /// What time it is by this store's clock, in milliseconds since 1970. For what is kept beside sessions and is
    /// compared with their times: by the system's clock it would differ from them under a clock of one's own.
    ///
    /// ```
    /// use sealed_session::{Clock, KeyRing, RootSecret, SealedStore};
    ///
    /// struct Noon;
    ///
    /// impl Clock for Noon {
    ///     fn now_ms(&self) -> u64 {
    ///         1_795_003_200_000
    ///     }
    /// }
    ///
    /// let store = SealedStore::builder(KeyRing::single(RootSecret::generate()?)).clock(Noon).build()?;
    /// assert_eq!(store.now_ms(), 1_795_003_200_000);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn now_ms(&self) -> u64 {
        self.0.clock.now_ms()
    }
}

impl SessionPlugin for SealedStore {
    fn name(&self) -> &str {
        "sealed"
    }

    fn create(&self, opts: CreateOptions) -> Result<SessionId, SessionError> {
        Ok(self.create_with(opts, b"")?)
    }

    fn read(&self, id: &SessionId) -> Result<SessionRecord, SessionError> {
        Ok(self.open(id)?.into_record())
    }

    fn update(&self, id: &SessionId, data_json: &str) -> Result<SessionId, SessionError> {
        Ok(self.update_with(id, data_json, b"")?)
    }

    fn touch(&self, id: &SessionId, ttl_ms: u64) -> Result<SessionId, SessionError> {
        Ok(self.touch_with(id, ttl_ms, b"")?)
    }

    /// Revokes the session, expired or not, where the store was built with revocations. Otherwise it does nothing: a
    /// stateless token cannot be taken back. The host removes the cookie; a copy of it is worth something until it
    /// expires.
    fn delete(&self, id: &SessionId) -> Result<(), SessionError> {
        #[cfg(feature = "revocation")]
        if self.revocations().is_some() {
            self.check_may_revoke()?;
            return self.revoke(id).wait().map_err(|error| SessionError::Backend(error.to_string()));
        }
        let _ = id;
        Ok(())
    }

    /// Whether a key seals now, the random generator answers, and the ring file, if the store follows one, can
    /// be used.
    fn is_healthy(&self) -> bool {
        self.health().is_ok()
    }
}

impl fmt::Debug for SealedStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealedStore")
            .field("cookie_name", &self.0.cookie_name)
            .field("policy", &self.0.policy)
            .finish_non_exhaustive()
    }
}

/// Joins several pieces of associated data so that no two lists give the same bytes: each piece is preceded
/// by its length.
///
/// ```
/// use sealed_session::join_associated_data;
///
/// assert_ne!(join_associated_data(&[b"ab", b"c"]), join_associated_data(&[b"a", b"bc"]));
/// assert_eq!(join_associated_data(&[b"ab"]), [0, 0, 0, 2, b'a', b'b']);
/// ```
///
/// # Panics
/// When a piece has 4 GiB or more.
#[must_use]
pub fn join_associated_data(pieces: &[&[u8]]) -> Vec<u8> {
    let mut joined = Vec::with_capacity(pieces.iter().map(|piece| 4 + piece.len()).sum());
    for piece in pieces {
        #[expect(clippy::expect_used, reason = "a caller with 4 GiB of associated data must be told")]
        let len = u32::try_from(piece.len()).expect("a piece of associated data has less than 4 GiB");
        joined.extend_from_slice(&len.to_be_bytes());
        joined.extend_from_slice(piece);
    }
    joined
}
