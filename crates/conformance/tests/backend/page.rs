//! A backend of one's own is a page of code, over what `sealed_session::revocation::backend` opens.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use sealed_session::SessionUid;
use sealed_session::registry::SessionInfo;
use sealed_session::revocation::backend::{Backend, BackendError, Entries, News, Target, apply, purge_time};
use sealed_session::revocation::{Change, Revocation, Scope, Sharer};
use sealed_session_conformance::backend::Storage;
use sealed_session_conformance::backend_tests;

#[derive(Clone, Default)]
struct Tables {
    /// With the number of the put that each comes from.
    entries: HashMap<Target, (u64, Revocation)>,
    puts: u64,
    sharers: Vec<Sharer>,
    sessions: Vec<(Scope, SessionInfo)>,
    purged_to_ms: Option<u64>,
}

impl Entries for Tables {
    type Error = BackendError;

    fn get(&mut self, target: &Target) -> Result<Option<Revocation>, BackendError> {
        Ok(self.entries.get(target).map(|(_, entry)| entry.clone()))
    }

    fn put(&mut self, entry: Revocation) -> Result<(), BackendError> {
        self.puts += 1;
        self.entries.insert(entry.target(), (self.puts, entry));
        Ok(())
    }
}

/// One server's connection.
struct Node {
    tables: Arc<Mutex<Tables>>,
    read: u64,
}

impl Node {
    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap()
    }
}

impl Backend for Node {
    fn record(&mut self, changes: &[Change]) -> Result<(), BackendError> {
        let mut tables = self.tables();
        let mut transaction = tables.clone();
        apply(&mut transaction, changes)?;
        *tables = transaction;
        Ok(())
    }

    fn news(&mut self) -> Result<News, BackendError> {
        let tables = self.tables();
        let mut new: Vec<_> = tables.entries.values().filter(|(put, _)| *put > self.read).cloned().collect();
        let read = tables.puts;
        drop(tables);
        self.read = read;
        new.sort_by_key(|(put, _)| *put);
        Ok(News { revocations: new.into_iter().map(|(_, entry)| entry).collect(), lost: false })
    }

    fn purge(&mut self, now_ms: u64, elapsed: Duration) -> Result<u64, BackendError> {
        let mut tables = self.tables();
        let by_ms = purge_time(tables.purged_to_ms, now_ms, elapsed, |ms| {
            let until = tables.entries.values().map(|(_, entry)| entry.until_ms());
            Ok::<_, BackendError>(until.filter(|until_ms| *until_ms > ms).min())
        })?;
        tables.sharers.retain(|sharer| sharer.until_ms() > by_ms.unwrap_or(now_ms));
        let Some(by_ms) = by_ms else { return Ok(0) };
        tables.purged_to_ms = Some(by_ms);
        tables.entries.retain(|_, (_, entry)| entry.until_ms() > by_ms);
        Ok(by_ms)
    }

    fn put_sharer(&mut self, sharer: &Sharer) -> Result<(), BackendError> {
        let mut tables = self.tables();
        tables.sharers.retain(|other| other.id != sharer.id);
        tables.sharers.push(*sharer);
        Ok(())
    }

    fn sharers(&mut self) -> Result<Vec<Sharer>, BackendError> {
        Ok(self.tables().sharers.clone())
    }

    fn add_session(
        &mut self,
        scope: &Scope,
        session: &SessionInfo,
        now_ms: u64,
    ) -> Result<Vec<SessionInfo>, BackendError> {
        let mut tables = self.tables();
        put(&mut tables, scope, session);
        Ok(live(&tables, scope, &session.user_id, now_ms))
    }

    fn put_session(&mut self, scope: &Scope, session: &SessionInfo) -> Result<(), BackendError> {
        put(&mut self.tables(), scope, session);
        Ok(())
    }

    fn sessions(
        &mut self,
        scope: &Scope,
        user_id: &str,
        now_ms: u64,
    ) -> Result<Vec<SessionInfo>, BackendError> {
        let mut live = live(&self.tables(), scope, user_id, now_ms);
        live.sort_by_key(|info| Reverse(info.last_seen_at_ms));
        Ok(live)
    }

    fn strike_session(
        &mut self,
        scope: &Scope,
        user_id: &str,
        uid: SessionUid,
    ) -> Result<bool, BackendError> {
        let mut tables = self.tables();
        let before = tables.sessions.len();
        tables.sessions.retain(|(of, info)| of != scope || info.user_id != user_id || info.uid != uid);
        Ok(tables.sessions.len() < before)
    }

    fn strike_expired(&mut self, now_ms: u64) -> Result<u64, BackendError> {
        let mut tables = self.tables();
        let before = tables.sessions.len();
        tables.sessions.retain(|(_, info)| info.expires_at_ms > now_ms);
        Ok(u64::try_from(before - tables.sessions.len()).unwrap())
    }
}

/// In the order in which they were added.
fn live(tables: &Tables, scope: &Scope, user_id: &str, now_ms: u64) -> Vec<SessionInfo> {
    let of_user = tables.sessions.iter().filter(|(of, info)| of == scope && info.user_id == user_id);
    of_user.map(|(_, info)| info.clone()).filter(|info| info.expires_at_ms > now_ms).collect()
}

/// In the place of the one with the same uid, or behind all others.
fn put(tables: &mut Tables, scope: &Scope, session: &SessionInfo) {
    let is_it = |(of, info): &&mut (Scope, SessionInfo)| {
        of == scope && info.user_id == session.user_id && info.uid == session.uid
    };
    match tables.sessions.iter_mut().find(is_it) {
        Some((_, there)) => there.clone_from(session),
        None => tables.sessions.push((scope.clone(), session.clone())),
    }
}

fn storage() -> Storage {
    let tables = Arc::new(Mutex::new(Tables::default()));
    Storage::new(move || Node { tables: Arc::clone(&tables), read: 0 })
}

backend_tests!(storage);
