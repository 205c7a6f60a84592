//! What is sealed with the registry's store: the ids, and the labels of rows.

use sealed_session::registry::SessionInfo;
use sealed_session::{CreateOptions, OpenedSession, SealedStore, SessionId, join_associated_data};
use uvb_storage_api::SessionError;

use crate::row::storage;

/// Associated data of the ids that `create` gives, and of those in lists.
pub(crate) const GIVEN: &[u8] = b"uvb session";
pub(crate) const LISTED: &[u8] = b"uvb listed session";

/// That of a label: it is good for this session only.
pub(crate) fn labelling(row: &SessionInfo) -> Vec<u8> {
    let created_at = row.created_at_ms.to_be_bytes();
    join_associated_data(&[b"uvb row", row.user_id.as_bytes(), row.uid.as_bytes(), &created_at])
}

/// Seals data that are no user's session, for as long as the store lets anything live.
pub(crate) fn seal(store: &SealedStore, data_json: String, of: &[u8]) -> Result<SessionId, SessionError> {
    store.create_with(CreateOptions { user_id: None, data_json, ttl_ms: u64::MAX }, of).map_err(storage)
}

/// A user's session. With a TTL of `u64::MAX` it lives as long as the store lets anything live.
pub(crate) async fn seal_of(
    store: &SealedStore,
    user_id: String,
    data_json: String,
    ttl_ms: u64,
    of: &[u8],
) -> Result<SessionId, SessionError> {
    let options = CreateOptions { user_id: Some(user_id), data_json, ttl_ms };
    store.create_async(options, of).await.map_err(storage)
}

/// `NotFound` for what is over, or was never sealed for this.
pub(crate) fn open(store: &SealedStore, token: &str, of: &[u8]) -> Result<OpenedSession, SessionError> {
    store.open_with(&SessionId::new(token), of).map_err(|error| {
        if error.keeps_cookie() && !error.is_not_found() {
            storage("the token cannot be opened at the moment: try again")
        } else {
            SessionError::NotFound
        }
    })
}
