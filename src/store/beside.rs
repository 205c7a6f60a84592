//! What is sealed beside sessions: stores of further names, and records that are no session.

use std::sync::Arc;

use super::kin::{Kin, unusable};
use super::moment::{Live, refused};
use super::{Inner, SealedStore, builder};
use crate::clock::Reading;
use crate::error::{ConfigError, OpenError, Reason, SealError};
use crate::policy::Policy;
use crate::record::Record;
use crate::ring::live::LiveRing;
use crate::session::SessionId;
use crate::uid::SessionUid;

impl SealedStore {
    /// A store over the same ring whose keys are derived for `key_name`, with rules of its own. That name need not be
    /// the cookie's: no store of a cookie has the keys of a name that no cookie can have.
    pub(crate) fn kin(
        &self,
        key_name: &str,
        cookie_name: String,
        policy: Policy,
    ) -> Result<Self, ConfigError> {
        let first = self.0.kin.first.as_ref().unwrap_or(&self.0);
        // From here on the ring stays what it is until the new store is among the others.
        let mut others = first.kin.others();
        let ring = first.ring.ring();
        builder::check_ring(&ring, &policy)?;
        let context = first.ring.context_of(key_name).map_err(unusable)?;
        let now = first.clock.now_ms();
        let keys = LiveRing::new(&ring, context, policy.leeway_ms, now).map_err(unusable)?;
        let kin = Arc::new(Inner {
            ring: keys,
            kin: Kin::of(Some(Arc::clone(first))),
            policy,
            clock: Arc::clone(&first.clock),
            entropy: Arc::clone(&first.entropy),
            cookie_name,
            #[cfg(feature = "revocation")]
            app_id: first.app_id.clone(),
            #[cfg(feature = "revocation")]
            revocations: first.revocations.clone(),
            #[cfg(feature = "watch")]
            followed: super::follow::Followed::default(),
        });
        others.push(Arc::downgrade(&kin));
        let kin = self.of_same_scope(kin);
        #[cfg(feature = "revocation")]
        kin.share_revocations();
        Ok(kin)
    }

    pub(crate) fn policy(&self) -> &Policy {
        &self.0.policy
    }

    pub(crate) fn ring_max_ttl_ms(&self) -> u64 {
        self.0.ring.ring().max_ttl_s().saturating_mul(1000)
    }

    /// Opens a record and makes of it what is wanted, without a copy of anything else.
    pub(crate) fn open_record<T>(
        &self,
        token: &str,
        read: impl Fn(&Record<'_>) -> Result<T, Reason>,
    ) -> Result<T, OpenError> {
        self.open_record_at(self.reading(), token, read)
    }

    /// Likewise, as of a moment that was.
    pub(crate) fn open_record_at<T>(
        &self,
        at: Reading,
        token: &str,
        read: impl Fn(&Record<'_>) -> Result<T, Reason>,
    ) -> Result<T, OpenError> {
        let moment = self.moment_of(at);
        moment.open(token.as_bytes(), b"", |_, Live { record, .. }| read(&record).map_err(refused))
    }

    /// Seals a record that begins now, under a new uid if none is given: its token, and when it expires.
    pub(crate) fn seal_now(
        &self,
        uid: Option<SessionUid>,
        user_id: Option<&str>,
        ttl_ms: u64,
        data: &str,
    ) -> Result<(SessionId, u64), SealError> {
        let moment = self.moment();
        let times = moment.begin(ttl_ms)?;
        let token = match uid {
            Some(uid) => moment.seal(&Record { times, uid, user_id, data }, b""),
            None => moment.seal_new(times, user_id, data, b"").map(|(token, _)| token),
        }?;
        Ok((token, self.0.policy.expires_at(times)))
    }
}
