//! A store at one reading of its clock: the steps that all operations share.

use std::sync::Arc;

use arc_swap::Guard;

use super::Inner;
use crate::error::{OpenError, Reason, SealError};
use crate::key::KeyId;
use crate::record::{Record, Times};
use crate::ring::KeyState;
use crate::ring::live::Table;
use crate::seal::{self, Opened};
use crate::session::SessionId;
use crate::token::SALT_LEN;
use crate::uid::SessionUid;

/// A store at a time.
pub(super) struct Moment<'a> {
    pub(super) store: &'a Inner,
    pub(super) now: u64,
    pub(super) keys: Guard<Arc<Table>>,
}

/// A session that is valid at that time.
pub(super) struct Live<'a> {
    pub(super) record: Record<'a>,
    pub(super) key_id: KeyId,
    pub(super) key_state: KeyState,
}

impl Moment<'_> {
    /// Opens a token, all steps of the order of checks, and hands its session to `then`.
    pub(super) fn open<T, E: From<OpenError>>(
        &self,
        id: &SessionId,
        associated_data: &[u8],
        then: impl FnOnce(Live<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        seal::open(&self.keys, id.as_str(), associated_data, |opened| {
            let Opened { record, key_id, key_state } = opened.map_err(OpenError::new)?;
            let record = self.live_record(record).map_err(OpenError::new)?;
            then(Live { record, key_id, key_state })
        })
    }

    /// The record of an authentic token: steps 5 and 6.
    fn live_record<'b>(&self, bytes: &'b [u8]) -> Result<Record<'b>, Reason> {
        let record = Record::parse(bytes)?;
        record.times.check_order()?;
        self.store.policy.check_renewed(record.times, self.now)?;
        self.store.policy.check_live(record.times, self.now)?;
        Ok(record)
    }

    /// Seals under a new uid. Uid and salt are one draw from the generator.
    pub(super) fn seal_new(
        &self,
        times: Times,
        user_id: Option<&str>,
        data: &str,
        associated_data: &[u8],
    ) -> Result<SessionId, SealError> {
        let fresh: [u8; SessionUid::LEN + SALT_LEN] = self.fresh()?;
        let (mut uid, mut salt) = ([0; SessionUid::LEN], [0; SALT_LEN]);
        let (first, second) = fresh.split_at(SessionUid::LEN);
        uid.copy_from_slice(first);
        salt.copy_from_slice(second);
        let record = Record { times, uid: SessionUid::from_bytes(uid), user_id, data };
        self.seal_salted(&record, &salt, associated_data)
    }

    pub(super) fn seal(&self, record: &Record<'_>, associated_data: &[u8]) -> Result<SessionId, SealError> {
        self.seal_salted(record, &self.fresh()?, associated_data)
    }

    fn seal_salted(
        &self,
        record: &Record<'_>,
        salt: &[u8; SALT_LEN],
        associated_data: &[u8],
    ) -> Result<SessionId, SealError> {
        let len = self.store.policy.padded_len(record.user_id, record.data)?;
        record.times.check_order().map_err(|_| SealError::ExpiredAtOnce)?;
        let key = self.keys.sealing().ok_or(SealError::NoSealingKey)?;
        seal::seal(key, salt, associated_data, len, |out| record.encode(len, out)).map(SessionId)
    }

    pub(super) fn fresh<const N: usize>(&self) -> Result<[u8; N], SealError> {
        self.store.entropy.fresh().map_err(|_| SealError::NoRandomness)
    }
}
