//! Who shares the list: a hash, from which `purge.lua` removes those that have run out.

use std::collections::HashMap;

use sealed_session::revocation::{BackendError, Sharer};

use super::{RedisBackend, text};

impl RedisBackend {
    pub(super) fn write_sharer(&mut self, sharer: &Sharer) -> Result<(), BackendError> {
        let (id, value) = text::sharer(sharer);
        let mut command = script!("put_sharer.lua");
        command.arg(2).arg(self.keys.sharers()).arg(self.keys.tried()).arg(id).arg(value);
        self.line.ask(&command)
    }

    pub(super) fn read_sharers(&mut self) -> Result<Vec<Sharer>, BackendError> {
        let mut command = script!("all.lua");
        command.arg(1).arg(self.keys.sharers());
        let found: HashMap<Vec<u8>, Vec<u8>> = self.line.ask(&command)?;
        found.iter().map(|(id, value)| text::sharer_of(id, value)).collect()
    }
}
