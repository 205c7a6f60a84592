//! A sealed store with a list of the sessions that were deleted.

use crate::*;

pub(crate) struct Revoking {
    pub(crate) store: SealedStore,
    deleted: Mutex<HashSet<SessionUid>>,
}

impl Revoking {
    pub(crate) fn new(clock: ManualClock) -> Self {
        Self { store: sealed_store(clock), deleted: Mutex::default() }
    }
}

impl SessionPlugin for Revoking {
    fn name(&self) -> &str {
        "revoking"
    }

    fn create(&self, opts: CreateOptions) -> Result<SessionId, SessionError> {
        self.store.create(opts)
    }

    fn read(&self, id: &SessionId) -> Result<SessionRecord, SessionError> {
        let session = self.store.open(id)?;
        let deleted = self.deleted.lock().unwrap().contains(&session.uid());
        if deleted { Err(SessionError::NotFound) } else { Ok(session.into_record()) }
    }

    fn update(&self, id: &SessionId, data_json: &str) -> Result<SessionId, SessionError> {
        self.read(id)?;
        self.store.update(id, data_json)
    }

    fn touch(&self, id: &SessionId, ttl_ms: u64) -> Result<SessionId, SessionError> {
        self.read(id)?;
        self.store.touch(id, ttl_ms)
    }

    fn delete(&self, id: &SessionId) -> Result<(), SessionError> {
        if let Ok(session) = self.store.open(id) {
            self.deleted.lock().unwrap().insert(session.uid());
        }
        Ok(())
    }
}
