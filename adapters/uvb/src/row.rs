//! What is in the rows: times, and all else sealed in the label.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sealed_session::registry::SessionInfo;
use sealed_session::{OpenedSession, SealedStore};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use uvb_core::TenantId;
use uvb_storage_api::{SessionError, SessionRecord};

use crate::sealed::{labelling, open, seal};

/// Where a session comes from. It never changes.
#[derive(PartialEq, Serialize, Deserialize)]
pub(crate) struct Origin {
    transaction_id: String,
    created_at: SystemTime,
}

impl Origin {
    pub(crate) fn of(record: &SessionRecord) -> Self {
        Self { transaction_id: record.transaction_id.clone(), created_at: record.created_at }
    }
}

/// What is sealed in the label of a row.
#[derive(Serialize, Deserialize)]
pub(crate) struct Label {
    pub(crate) origin: Origin,
    factors_used: Vec<String>,
    assurance_level: i32,
    metadata: serde_json::Value,
    /// The row has it too, for the registry; of two that differ the earlier counts.
    pub(crate) expires_at_ms: u64,
    /// When the token ends.
    pub(crate) ends_at_ms: u64,
}

impl Label {
    pub(crate) fn of(record: SessionRecord, ends_at_ms: u64) -> Self {
        Self {
            origin: Origin::of(&record),
            factors_used: record.factors_used,
            assurance_level: record.assurance_level,
            metadata: record.metadata,
            expires_at_ms: since_1970(record.expires_at).min(ends_at_ms),
            ends_at_ms,
        }
    }

    /// Of a row that has not expired; none if the label was not sealed for it.
    pub(crate) fn open(store: &SealedStore, row: &SessionInfo) -> Result<Option<Self>, SessionError> {
        match open(store, &row.label, &labelling(row)) {
            Err(SessionError::NotFound) => Ok(None),
            sealed => read(&sealed?.record().data_json).map(Some),
        }
    }

    /// Puts it into the row, together with the expiry.
    pub(crate) fn seal(&self, store: &SealedStore, row: &mut SessionInfo) -> Result<(), SessionError> {
        let json = text(self)?;
        // serde_json writes what is nested more deeply than it reads.
        let Ok(back) = read::<Self>(&json) else {
            return Err(storage("the metadata is nested too deeply: 63 levels are allowed"));
        };
        if back.metadata != self.metadata {
            return Err(storage(
                "the metadata has a number that would not be read back as it is: store it as text",
            ));
        }
        let sealed = seal(store, json, &labelling(row))?;
        row.label = sealed.as_str().to_owned();
        row.expires_at_ms = self.expires_at_ms;
        Ok(())
    }

    pub(crate) fn is_over(&self, now_ms: u64) -> bool {
        self.expires_at_ms <= now_ms
    }

    pub(crate) fn into_record(self, id: String, row: &SessionInfo) -> Result<SessionRecord, SessionError> {
        let (tenant_id, user_id) = read(&row.user_id)?;
        Ok(SessionRecord {
            id,
            user_id,
            tenant_id,
            transaction_id: self.origin.transaction_id,
            factors_used: self.factors_used,
            assurance_level: self.assurance_level,
            metadata: self.metadata,
            created_at: self.origin.created_at,
            expires_at: at(row.expires_at_ms.min(self.expires_at_ms))?,
            last_activity_at: at(row.last_seen_at_ms)?,
        })
    }
}

/// What an id in a list has sealed.
#[derive(Serialize, Deserialize)]
pub(crate) struct Listed {
    pub(crate) uid: String,
}

/// Tenant and user as one text, different for different pairs.
pub(crate) fn user_key(tenant_id: &TenantId, user_id: &str) -> Result<String, SessionError> {
    text(&(tenant_id, user_id))
}

/// All that is sealed here has a user.
pub(crate) fn user_of(session: &OpenedSession) -> &str {
    session.record().user_id.as_deref().unwrap_or_default()
}

pub(crate) fn text(value: &impl Serialize) -> Result<String, SessionError> {
    serde_json::to_string(value).map_err(storage)
}

/// Reads what was written here. Of what cannot be read the error quotes nothing.
pub(crate) fn read<T: DeserializeOwned>(text: &str) -> Result<T, SessionError> {
    serde_json::from_str(text).map_err(|_| no_row())
}

pub(crate) fn no_row() -> SessionError {
    storage("the registry has something else in place of a session of UVB")
}

/// A time that a row has as it is, in whole milliseconds.
pub(crate) fn shown_since_1970(time: SystemTime) -> Result<u64, SessionError> {
    let since = time.duration_since(UNIX_EPOCH);
    since.map(millis).map_err(|_| storage("last_activity_at is before 1970: a row has no such time"))
}

pub(crate) fn since_1970(time: SystemTime) -> u64 {
    millis(time.duration_since(UNIX_EPOCH).unwrap_or_default())
}

/// In whole milliseconds; those that 64 bits do not hold are as good as for ever.
pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn at(ms: u64) -> Result<SystemTime, SessionError> {
    let time = UNIX_EPOCH.checked_add(Duration::from_millis(ms));
    time.ok_or_else(|| storage("this system cannot count so far in time"))
}

pub(crate) fn count(sessions: u64) -> usize {
    usize::try_from(sessions).unwrap_or(usize::MAX)
}

pub(crate) fn storage(error: impl ToString) -> SessionError {
    SessionError::Storage(error.to_string())
}
