//! A store at one reading of its clock: the steps that all operations share.

use std::sync::Arc;

use arc_swap::Guard;

use super::{Inner, SealedStore};
#[cfg(feature = "tower")]
use crate::clock::Reading;
use crate::csrf;
use crate::error::{OpenError, Reason, SealError, Standing};
use crate::inspect::TokenInfo;
use crate::key::{KeyId, SALT_LEN};
use crate::record::{Record, Times};
#[cfg(feature = "revocation")]
use crate::revocation::Who;
use crate::ring::KeyState;
use crate::ring::live::Table;
#[cfg(feature = "watch")]
use crate::ring::watch::Lookup;
use crate::seal::{self, Opened};
use crate::telemetry;
use crate::token::Sealed;
use crate::uid::SessionUid;

/// A store at a time.
pub(super) struct Moment<'a> {
    pub(super) store: &'a Inner,
    pub(super) now: u64,
    /// When that was, where it is not now.
    #[cfg(all(feature = "revocation", feature = "tower"))]
    pub(super) was: Option<Reading>,
    pub(super) keys: Guard<Arc<Table>>,
    /// Whose users it is about.
    #[cfg(feature = "revocation")]
    pub(super) scope: &'a str,
}

/// A session that is valid at that time.
pub(super) struct Live<'a> {
    pub(super) record: Record<'a>,
    pub(super) key_id: KeyId,
    pub(super) key_state: KeyState,
}

/// How far the order of checks is followed.
#[derive(Clone, Copy)]
pub(super) enum Steps {
    /// Steps 1 to 5: a server made the token, whatever has become of its session.
    #[cfg(feature = "revocation")]
    Authentic,
    /// All of them.
    All,
}

impl SealedStore {
    /// What both clocks say now.
    #[cfg(feature = "tower")]
    pub(crate) fn reading(&self) -> Reading {
        Reading::of(&*self.0.clock)
    }

    /// How long ago that was.
    #[cfg(feature = "tower")]
    pub(crate) fn ms_since(&self, was: Reading) -> u64 {
        was.ago_ms(&*self.0.clock)
    }

    /// One reading of the clock, and the keys of that time: an operation never mixes two.
    pub(super) fn moment(&self) -> Moment<'_> {
        self.moment_at(self.0.clock.now_ms())
    }

    /// As of a moment that was: when a request arrived.
    #[cfg(feature = "tower")]
    pub(super) fn moment_of(&self, was: Reading) -> Moment<'_> {
        Moment {
            #[cfg(feature = "revocation")]
            was: Some(was),
            ..self.moment_at(was.wall_ms)
        }
    }

    pub(super) fn moment_at(&self, now: u64) -> Moment<'_> {
        Moment {
            store: &self.0,
            now,
            #[cfg(all(feature = "revocation", feature = "tower"))]
            was: None,
            keys: self.0.ring.at(now),
            #[cfg(feature = "revocation")]
            scope: self.scope_name(),
        }
    }
}

impl Moment<'_> {
    /// Opens a token, all steps of the order of checks, and hands its session to `then`, together with the
    /// moment whose keys opened it: what `then` seals is under the same ring.
    pub(super) fn open<T, E: From<OpenError>>(
        &self,
        token: &[u8],
        associated_data: &[u8],
        then: impl Fn(&Self, Live<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.open_by(Steps::All, token, associated_data, then)
    }

    pub(super) fn open_by<T, E: From<OpenError>>(
        &self,
        steps: Steps,
        token: &[u8],
        associated_data: &[u8],
        then: impl Fn(&Self, Live<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        seal::open(&self.keys, token, associated_data, |opened| match opened {
            Err(Reason::UnknownKey) if self.is_of_next_epoch(token) => {
                Err(refused_as(Reason::UnknownKey, Standing::Transient).into())
            }
            #[cfg(feature = "watch")]
            Err(Reason::UnknownKey) => self.open_again(steps, token, associated_data, then),
            opened => self.read(steps, opened.map_err(refused)?, then),
        })
    }

    /// Whether a server whose clock is ahead of this one's made the token.
    #[cold]
    fn is_of_next_epoch(&self, token: &[u8]) -> bool {
        let info = str::from_utf8(token).ok().and_then(|text| TokenInfo::of(text).ok());
        info.is_some_and(|info| self.keys.is_of_next_epoch(info.key_id))
    }

    fn read<T, E: From<OpenError>>(
        &self,
        steps: Steps,
        opened: Opened<'_>,
        then: impl Fn(&Self, Live<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let Opened { record, key_id, key_state } = opened;
        let record = self.checked_record(steps, record)?;
        telemetry::opened(key_id, key_state.as_str());
        then(self, Live { record, key_id, key_state })
    }

    /// After an unknown key: once more, with a newer ring.
    #[cfg(feature = "watch")]
    #[cold]
    fn open_again<T, E: From<OpenError>>(
        &self,
        steps: Steps,
        token: &[u8],
        associated_data: &[u8],
        then: impl Fn(&Self, Live<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let newer = self.newer()?;
        seal::open(&newer.keys, token, associated_data, |opened| {
            newer.read(steps, opened.map_err(|reason| newer.refused_again(reason))?, then)
        })
    }

    /// Checks a CSRF token, as [`open`](Self::open) does a session's.
    pub(super) fn check_csrf(&self, text: &str, uid: SessionUid) -> Result<(), OpenError> {
        match csrf::check(&self.keys, text, uid) {
            #[cfg(feature = "watch")]
            Err(Reason::UnknownKey) => {
                let newer = self.newer()?;
                csrf::check(&newer.keys, text, uid).map_err(|reason| newer.refused_again(reason))
            }
            checked => checked.map_err(refused),
        }
    }

    /// The keys after the ring file was read once more, if one is followed and now is the time.
    #[cfg(feature = "watch")]
    fn newer(&self) -> Result<Self, OpenError> {
        match self.store.first().followed.look_up(self.now) {
            Lookup::Never => Err(refused(Reason::UnknownKey)),
            Lookup::Later => Err(refused_as(Reason::UnknownKey, Standing::Transient)),
            Lookup::Again => Ok(Self { keys: self.store.ring.at(self.now), ..*self }),
        }
    }

    #[cfg(feature = "watch")]
    fn refused_again(&self, reason: Reason) -> OpenError {
        match reason {
            Reason::UnknownKey if self.store.first().followed.trouble().is_some() => {
                refused_as(reason, Standing::Transient)
            }
            _ => refused(reason),
        }
    }

    /// The record of an authentic token: step 5, and if so asked 6 and 7.
    fn checked_record<'b>(&self, steps: Steps, bytes: &'b [u8]) -> Result<Record<'b>, OpenError> {
        let record = Record::parse(bytes).map_err(refused)?;
        record.times.check_order().map_err(refused)?;
        self.check_renewed(record.times)?;
        match steps {
            #[cfg(feature = "revocation")]
            Steps::Authentic => {}
            Steps::All => {
                self.check_live(record.times)?;
                #[cfg(feature = "revocation")]
                self.check_not_revoked(&record)?;
            }
        }
        Ok(record)
    }

    /// One that began right after everything was revoked is ahead by as much as clocks may differ.
    fn check_renewed(&self, times: Times) -> Result<(), OpenError> {
        let check = |now| self.store.policy.check_renewed(times, now);
        #[cfg(feature = "revocation")]
        if check(self.now).is_err() {
            return check(self.now.max(self.floor())).map_err(refused);
        }
        check(self.now).map_err(refused)
    }

    fn check_live(&self, times: Times) -> Result<(), OpenError> {
        let policy = &self.store.policy;
        policy.check_live(times, self.now).map_err(|reason| {
            let by_stricter_limits = policy.is_over_by_stricter_limits(times, self.now);
            refused_as(reason, if by_stricter_limits { Standing::StricterLimits } else { Standing::Final })
        })
    }

    #[cfg(feature = "revocation")]
    fn check_not_revoked(&self, record: &Record<'_>) -> Result<(), OpenError> {
        let Some(revocations) = &self.store.revocations else { return Ok(()) };
        if revocations.is_too_old() {
            return Err(refused(Reason::RevocationsTooOld));
        }
        match revocations.revoked_since(&self.who(record.user_id, record.uid, record.times.created)) {
            Some(since_ms) => {
                let just = revocations.is_just_revoked(since_ms, self.ago_ms());
                let standing = if just { Standing::JustRevoked } else { Standing::Final };
                Err(refused_as(Reason::Revoked, standing))
            }
            None => Ok(()),
        }
    }

    /// How long ago it is.
    #[cfg(feature = "revocation")]
    fn ago_ms(&self) -> u64 {
        #[cfg(feature = "tower")]
        return self.was.map_or(0, |was| was.ago_ms(&*self.store.clock));
        #[cfg(not(feature = "tower"))]
        0
    }

    /// The times of a session that begins now; later, if what begins now would be revoked already, with everything by a
    /// server whose clock is ahead or for the sake of one.
    pub(super) fn begin(&self, asked_ttl_ms: u64) -> Result<Times, SealError> {
        #[cfg(feature = "revocation")]
        let from = self.now.max(self.floor());
        #[cfg(not(feature = "revocation"))]
        let from = self.now;
        self.store.policy.begin(from, asked_ttl_ms)
    }

    /// The least time at which a session may begin.
    #[cfg(feature = "revocation")]
    fn floor(&self) -> u64 {
        let revocations = self.store.revocations.as_ref();
        revocations.map_or(0, |revocations| revocations.floor_of_everything(&self.store.app_id))
    }

    /// A session, as far as it can be revoked.
    #[cfg(feature = "revocation")]
    pub(super) fn who<'s>(
        &'s self,
        user_id: Option<&'s str>,
        uid: SessionUid,
        created_at_ms: u64,
    ) -> Who<'s> {
        Who { app_id: &self.store.app_id, scope: self.scope, user_id, uid, created_at_ms }
    }

    /// Seals under a new uid, and says which. Uid and salt are one draw from the generator.
    pub(super) fn seal_new<T: From<Sealed>>(
        &self,
        times: Times,
        user_id: Option<&str>,
        data: &str,
        associated_data: &[u8],
    ) -> Result<(T, SessionUid), SealError> {
        let fresh: [u8; SessionUid::LEN + SALT_LEN] = self.fresh()?;
        let (mut uid, mut salt) = ([0; SessionUid::LEN], [0; SALT_LEN]);
        let (first, second) = fresh.split_at(SessionUid::LEN);
        uid.copy_from_slice(first);
        salt.copy_from_slice(second);
        let uid = SessionUid::from_bytes(uid);
        let record = Record { times, uid, user_id, data };
        Ok((self.seal_salted(&record, &salt, associated_data)?.into(), uid))
    }

    pub(super) fn seal<T: From<Sealed>>(
        &self,
        record: &Record<'_>,
        associated_data: &[u8],
    ) -> Result<T, SealError> {
        self.seal_salted(record, &self.fresh()?, associated_data).map(T::from)
    }

    fn seal_salted(
        &self,
        record: &Record<'_>,
        salt: &[u8; SALT_LEN],
        associated_data: &[u8],
    ) -> Result<Sealed, SealError> {
        let len = self.store.policy.padded_len(record.user_id, record.data)?;
        record.times.check_order().map_err(|_| SealError::ExpiredAtOnce)?;
        let key = self.keys.sealing().ok_or(SealError::NoSealingKey)?;
        seal::seal(key, salt, associated_data, len, |out| record.encode(len, out))
    }

    pub(super) fn fresh<const N: usize>(&self) -> Result<[u8; N], SealError> {
        self.store.entropy.fresh().map_err(|_| SealError::NoRandomness)
    }
}

/// A refusal, which operators learn of.
pub(super) fn refused(reason: Reason) -> OpenError {
    telemetry::refused(reason);
    OpenError::new(reason)
}

/// A refusal of a token whose cookie stands so.
fn refused_as(reason: Reason, standing: Standing) -> OpenError {
    telemetry::refused(reason);
    OpenError::standing_at(reason, standing)
}
