//! A backend in which some operations are replaced.

use crate::*;

pub(crate) struct Broken<P> {
    pub(crate) inner: P,
    pub(crate) name: &'static str,
    pub(crate) is_healthy: bool,
    pub(crate) create: fn(&P, CreateOptions) -> Result<SessionId, SessionError>,
    pub(crate) read: fn(&P, &SessionId) -> Result<SessionRecord, SessionError>,
    pub(crate) update: fn(&P, &SessionId, &str) -> Result<SessionId, SessionError>,
    pub(crate) touch: fn(&P, &SessionId, u64) -> Result<SessionId, SessionError>,
    pub(crate) delete: fn(&P, &SessionId) -> Result<(), SessionError>,
}

impl<P: SessionPlugin> Broken<P> {
    /// Broken nowhere yet.
    pub(crate) fn new(inner: P) -> Self {
        Self {
            inner,
            name: "broken",
            is_healthy: true,
            create: P::create,
            read: P::read,
            update: P::update,
            touch: P::touch,
            delete: P::delete,
        }
    }
}

impl<P: SessionPlugin> SessionPlugin for Broken<P> {
    fn name(&self) -> &str {
        self.name
    }

    fn create(&self, opts: CreateOptions) -> Result<SessionId, SessionError> {
        (self.create)(&self.inner, opts)
    }

    fn read(&self, id: &SessionId) -> Result<SessionRecord, SessionError> {
        (self.read)(&self.inner, id)
    }

    fn update(&self, id: &SessionId, data_json: &str) -> Result<SessionId, SessionError> {
        (self.update)(&self.inner, id, data_json)
    }

    fn touch(&self, id: &SessionId, ttl_ms: u64) -> Result<SessionId, SessionError> {
        (self.touch)(&self.inner, id, ttl_ms)
    }

    fn delete(&self, id: &SessionId) -> Result<(), SessionError> {
        (self.delete)(&self.inner, id)
    }

    fn is_healthy(&self) -> bool {
        self.is_healthy
    }
}
