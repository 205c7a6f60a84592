//! One backend of revocations for all servers of a world, and the wire from each server to it, which may be cut.
//!
//! A backend that is flushed or restored is another one: each server is told so by its next question, as the mark in
//! every commit tells it of a real one. What that mark is worth is tested with real backends. So it is with rows that
//! cannot be read: what they stop is said in `row`.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use sealed_session::SessionUid;
use sealed_session::registry::SessionInfo;
use sealed_session::revocation::{
    Backend, BackendError, Change, MemoryBackend, News, Revocation, Scope, Sharer,
};
use serde::{Deserialize, Serialize};

use crate::row::Row;

/// How a server gets through to the backend.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Way {
    #[default]
    Open,
    /// Nothing comes of any question.
    Cut,
    /// What there is can be read, and nothing written.
    ReadOnly,
    /// What is written is there, and its writer is told that it failed.
    AnswersLost,
    /// Nothing is answered for now.
    Stalled,
}

/// What all servers share.
#[derive(Clone, Default)]
pub struct Shelf(Arc<Mutex<Kept>>);

#[derive(Default)]
struct Kept {
    /// Nobody reads news by this one, so that its clones begin at the beginning.
    memory: MemoryBackend,
    history: u64,
    saved: Option<(Vec<Revocation>, Vec<Sharer>)>,
    /// What stands in it and cannot be read.
    rows: Vec<Row>,
}

impl Shelf {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().expect("nothing panics with it")
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.all().0.len()
    }

    fn all(&self) -> (Vec<Revocation>, Vec<Sharer>) {
        let mut reader = self.kept().memory.clone();
        let revocations = reader.news().expect("it is in memory").revocations;
        (revocations, reader.sharers().expect("it is in memory"))
    }

    pub fn save(&self) {
        let all = self.all();
        self.kept().saved = Some(all);
    }

    /// Back to what was saved last, or to nothing.
    pub fn lose(&self, all: bool) {
        let mut kept = self.kept();
        let (revocations, sharers) = kept.saved.clone().filter(|_| !all).unwrap_or_default();
        let mut memory = MemoryBackend::default();
        let mut writer = memory.clone();
        let changes: Vec<_> = revocations.into_iter().map(Change::Restore).collect();
        writer.record(&changes).expect("it is in memory");
        sharers.iter().for_each(|sharer| writer.put_sharer(sharer).expect("it is in memory"));
        std::mem::swap(&mut kept.memory, &mut memory);
        kept.rows.clear();
        kept.history += 1;
    }

    /// It is taken for another by all who ask, and has lost nothing.
    pub fn remark(&self) {
        self.kept().history += 1;
    }

    /// A row that cannot be read is there, or is taken out again.
    pub fn spoil(&self, row: Row) {
        self.kept().rows.push(row);
    }

    pub fn clean(&self, row: Row) {
        let mut kept = self.kept();
        let at = kept.rows.iter().position(|other| *other == row);
        at.map(|at| kept.rows.remove(at));
    }

    pub fn rows(&self) -> Vec<Row> {
        self.kept().rows.clone()
    }

    /// Somebody writes there who is no server.
    pub fn memory(&self) -> MemoryBackend {
        self.kept().memory.clone()
    }

    fn refuse(&self, met: impl Fn(Row) -> bool) -> Result<(), BackendError> {
        match self.kept().rows.iter().any(|row| met(*row)) {
            true => Err(BackendError::new("a row is none")),
            false => Ok(()),
        }
    }

    pub fn history(&self) -> u64 {
        self.kept().history
    }

    /// The wire of one more server.
    pub fn wire(&self) -> Wire {
        let memory = self.kept().memory.clone();
        Wire { shelf: self.clone(), memory, history: self.history(), begins: true, known: Arc::default() }
    }
}

/// What the world knows of a wire.
#[derive(Default)]
pub struct Known {
    way: Mutex<Way>,
    /// All that there is was read, since this was last looked at.
    heard: AtomicBool,
    /// And what the server knew was written again.
    restored: AtomicBool,
    /// By how many entries the list grew by this server.
    grew: AtomicUsize,
}

impl Known {
    pub fn way(&self) -> Way {
        *self.way.lock().expect("nothing panics with it")
    }

    pub fn lead(&self, way: Way) {
        *self.way.lock().expect("nothing panics with it") = way;
    }

    pub fn take_grew(&self) -> usize {
        self.grew.swap(0, Ordering::SeqCst)
    }

    pub fn take_heard(&self) -> bool {
        self.heard.swap(false, Ordering::SeqCst)
    }

    pub fn take_restored(&self) -> bool {
        self.restored.swap(false, Ordering::SeqCst)
    }
}

pub struct Wire {
    shelf: Shelf,
    memory: MemoryBackend,
    history: u64,
    /// It has not heard anything yet.
    begins: bool,
    pub known: Arc<Known>,
}

impl Wire {
    fn read<T>(
        &mut self,
        read: impl FnOnce(&mut MemoryBackend) -> Result<T, BackendError>,
    ) -> Result<T, BackendError> {
        match self.known.way() {
            Way::Cut | Way::Stalled => Err(BackendError::new("the wire is cut")),
            Way::Open | Way::ReadOnly | Way::AnswersLost => read(&mut self.memory),
        }
    }

    fn write<T>(
        &mut self,
        write: impl FnOnce(&mut MemoryBackend) -> Result<T, BackendError>,
    ) -> Result<T, BackendError> {
        let mut memory = self.shelf.kept().memory.clone();
        match self.known.way() {
            Way::Open => write(&mut memory),
            Way::AnswersLost => write(&mut memory).and_then(|_| Err(BackendError::new("the answer is lost"))),
            Way::Cut | Way::Stalled => Err(BackendError::new("the wire is cut")),
            Way::ReadOnly => Err(BackendError::new("the disk is full")),
        }
    }
}

impl Backend for Wire {
    fn record(&mut self, changes: &[Change]) -> Result<(), BackendError> {
        let before = self.shelf.len();
        let shelf = self.shelf.clone();
        let recorded = self.write(|memory| {
            shelf.refuse(|row| changes.iter().any(|change| row.stops_change(change)))?;
            memory.record(changes)
        });
        self.known.grew.fetch_add(self.shelf.len().saturating_sub(before), Ordering::SeqCst);
        recorded?;
        if changes.iter().any(|change| matches!(change, Change::Restore(_))) {
            self.known.restored.store(true, Ordering::SeqCst);
        }
        Ok(())
    }

    fn news(&mut self) -> Result<News, BackendError> {
        let history = self.shelf.history();
        let lost = history != self.history;
        if lost {
            self.memory = self.shelf.kept().memory.clone();
        }
        let (shelf, begins) = (self.shelf.clone(), self.begins || lost);
        let news = self.read(|memory| {
            shelf.refuse(|row| row.stops_news(begins))?;
            memory.news()
        })?;
        (self.history, self.begins) = (history, false);
        self.known.heard.store(true, Ordering::SeqCst);
        Ok(News { lost, ..news })
    }

    fn purge(&mut self, now_ms: u64, elapsed: Duration) -> Result<u64, BackendError> {
        let shelf = self.shelf.clone();
        self.write(|memory| {
            shelf.refuse(|row| row == Row::Sharer)?;
            memory.purge(now_ms, elapsed)
        })
    }

    fn put_sharer(&mut self, sharer: &Sharer) -> Result<(), BackendError> {
        self.write(|memory| memory.put_sharer(sharer))
    }

    fn sharers(&mut self) -> Result<Vec<Sharer>, BackendError> {
        let shelf = self.shelf.clone();
        self.read(|memory| {
            shelf.refuse(|row| row == Row::Sharer)?;
            memory.sharers()
        })
    }

    fn add_session(
        &mut self,
        scope: &Scope,
        session: &SessionInfo,
        now_ms: u64,
    ) -> Result<Vec<SessionInfo>, BackendError> {
        let shelf = self.shelf.clone();
        self.write(|memory| {
            // It is written by then, or is not: Redis has no transaction that could be taken back.
            let sessions = memory.add_session(scope, session, now_ms)?;
            shelf.refuse(|row| row.stops_list(&session.user_id))?;
            Ok(sessions)
        })
    }

    fn put_session(&mut self, scope: &Scope, session: &SessionInfo) -> Result<(), BackendError> {
        self.write(|memory| memory.put_session(scope, session))
    }

    fn sessions(
        &mut self,
        scope: &Scope,
        user_id: &str,
        now_ms: u64,
    ) -> Result<Vec<SessionInfo>, BackendError> {
        let shelf = self.shelf.clone();
        self.read(|memory| {
            shelf.refuse(|row| row.stops_list(user_id))?;
            memory.sessions(scope, user_id, now_ms)
        })
    }

    fn strike_session(
        &mut self,
        scope: &Scope,
        user_id: &str,
        uid: SessionUid,
    ) -> Result<bool, BackendError> {
        self.write(|memory| memory.strike_session(scope, user_id, uid))
    }

    fn strike_expired(&mut self, now_ms: u64) -> Result<u64, BackendError> {
        self.write(|memory| memory.strike_expired(now_ms))
    }
}
