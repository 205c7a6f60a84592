//! A change that renews the session as well, where a host has one call for both.

use super::SealedStore;
use super::moment::{self, Live};
use crate::error::ResealError;
use crate::json;
use crate::record::Record;
use crate::session::SessionId;

impl SealedStore {
    /// As [`update`](crate::SessionPlugin::update) and then [`touch`](crate::SessionPlugin::touch), with one opening
    /// and one sealing: for frameworks whose sessions are saved together with their TTL, in milliseconds.
    ///
    /// # Errors
    /// [`ResealError`]: as `update`, and as `touch`.
    ///
    /// ```
    /// use sealed_session::{CreateOptions, KeyRing, RootSecret, SealedStore, SessionPlugin};
    ///
    /// let store = SealedStore::builder(KeyRing::single(RootSecret::generate()?)).build()?;
    /// let id = store.create(CreateOptions { ttl_ms: 60_000, ..Default::default() })?;
    /// let before = store.read(&id)?;
    ///
    /// let id = store.update_and_touch(&id, r#"{"cart":["A1"]}"#, 30 * 60_000)?;
    /// let after = store.read(&id)?;
    /// assert_eq!(after.data_json, r#"{"cart":["A1"]}"#);
    /// assert!(after.expires_at_ms > before.expires_at_ms);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn update_and_touch(
        &self,
        id: &SessionId,
        data_json: &str,
        ttl_ms: u64,
    ) -> Result<SessionId, ResealError> {
        self.moment().open(id.as_bytes(), b"", |moment, Live { record, .. }| {
            json::check_object(data_json)?;
            let times = self.0.policy.renew(record.times, moment.now, ttl_ms).map_err(moment::refused)?;
            Ok(moment.seal(&Record { times, data: data_json, ..record }, b"")?)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;
    use crate::clock::Clock;
    use crate::error::{Reason, SealError};
    use crate::key::RootSecret;
    use crate::ring::KeyRing;
    use crate::session::CreateOptions;

    #[derive(Clone)]
    struct Set(Arc<AtomicU64>);

    impl Clock for Set {
        fn now_ms(&self) -> u64 {
            self.0.load(Ordering::Relaxed)
        }
    }

    fn session_of(user: &str) -> (SealedStore, Set, SessionId) {
        let clock = Set(Arc::new(AtomicU64::new(1_000)));
        let ring = KeyRing::single(RootSecret::generate().unwrap());
        let store = SealedStore::builder(ring).clock(clock.clone()).build().unwrap();
        let options = CreateOptions { user_id: Some(user.into()), data_json: String::new(), ttl_ms: 500 };
        let id = store.create_with(options, b"").unwrap();
        (store, clock, id)
    }

    #[test]
    fn data_and_expiry_change_and_nothing_else() {
        let (store, clock, id) = session_of("user");
        clock.0.store(1_400, Ordering::Relaxed);
        let before = store.open(&id).unwrap();
        let after = store.open(&store.update_and_touch(&id, r#"{"a":1}"#, 300).unwrap()).unwrap();
        let record = after.record();
        assert_eq!((record.data_json.as_str(), record.user_id.as_deref()), (r#"{"a":1}"#, Some("user")));
        assert_eq!(
            (record.created_at_ms, after.renewed_at_ms(), record.expires_at_ms),
            (1_000, 1_400, 1_700)
        );
        assert_eq!(after.uid(), before.uid());
    }

    #[test]
    fn what_is_over_or_no_object_is_refused() {
        let (store, clock, id) = session_of("user");
        let not_an_object = store.update_and_touch(&id, "[]", 300);
        assert!(matches!(not_an_object, Err(ResealError::Seal(SealError::NotAnObject { .. }))));
        clock.0.store(1_500, Ordering::Relaxed);
        match store.update_and_touch(&id, "{}", 300) {
            Err(ResealError::Open(error)) => assert_eq!(error.reason(), Reason::Expired),
            other => panic!("{other:?}"),
        }
    }
}
