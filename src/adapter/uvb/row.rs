//! What is sealed in the ids, and what is in the rows beside times.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use uvb_core::TenantId;
use uvb_storage_api::{SessionError, SessionRecord};

use crate::clock::millis;
use crate::revocation::SessionInfo;
use crate::store::OpenedSession;

/// Where a session comes from. It is sealed, and in the row for lists.
#[derive(PartialEq, Serialize, Deserialize)]
pub(super) struct Origin {
    transaction_id: String,
    created_at: SystemTime,
}

impl Origin {
    pub(super) fn of(record: &SessionRecord) -> Self {
        Self { transaction_id: record.transaction_id.clone(), created_at: record.created_at }
    }
}

/// What the label of a row has.
#[derive(Serialize, Deserialize)]
pub(super) struct Label {
    pub(super) origin: Origin,
    factors_used: Vec<String>,
    assurance_level: i32,
    metadata: serde_json::Value,
    /// When the token ends.
    pub(super) ends_at_ms: u64,
}

impl Label {
    pub(super) fn of(record: SessionRecord, ends_at_ms: u64) -> Self {
        Self {
            origin: Origin::of(&record),
            factors_used: record.factors_used,
            assurance_level: record.assurance_level,
            metadata: record.metadata,
            ends_at_ms,
        }
    }

    pub(super) fn into_record(self, id: String, row: &SessionInfo) -> Result<SessionRecord, SessionError> {
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
            expires_at: at(row.expires_at_ms)?,
            last_activity_at: at(row.last_seen_at_ms)?,
        })
    }
}

/// What an id in a list has sealed.
#[derive(Serialize, Deserialize)]
pub(super) struct Listed {
    pub(super) uid: String,
}

/// Tenant and user as one text, different for different pairs.
pub(super) fn user_key(tenant_id: &TenantId, user_id: &str) -> Result<String, SessionError> {
    text(&(tenant_id, user_id))
}

/// All that is sealed here has a user.
pub(super) fn user_of(session: &OpenedSession) -> &str {
    session.record().user_id.as_deref().unwrap_or_default()
}

pub(super) fn text(value: &impl Serialize) -> Result<String, SessionError> {
    serde_json::to_string(value).map_err(storage)
}

/// Reads what was written here. Of what cannot be read the error quotes nothing.
pub(super) fn read<T: DeserializeOwned>(text: &str) -> Result<T, SessionError> {
    serde_json::from_str(text)
        .map_err(|_| storage("the registry has something else in place of a session of UVB"))
}

pub(super) fn since_1970(time: SystemTime) -> u64 {
    millis(time.duration_since(UNIX_EPOCH).unwrap_or_default())
}

fn at(ms: u64) -> Result<SystemTime, SessionError> {
    let time = UNIX_EPOCH.checked_add(Duration::from_millis(ms));
    time.ok_or_else(|| storage("this system cannot count so far in time"))
}

pub(super) fn count(sessions: u64) -> usize {
    usize::try_from(sessions).unwrap_or(usize::MAX)
}

pub(super) fn storage(error: impl ToString) -> SessionError {
    SessionError::Storage(error.to_string())
}
