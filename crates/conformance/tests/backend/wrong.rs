//! Backends that are wrong on purpose: the suite says in what.

use std::time::Duration;

use sealed_session::SessionUid;
use sealed_session::registry::SessionInfo;
use sealed_session::revocation::{Backend, BackendError, Change, MemoryBackend, News, Scope, Sharer};
use sealed_session_conformance::backend::{self, Storage};

/// What is wrong with it.
#[derive(Clone, Copy, PartialEq)]
enum Fault {
    RecordsOnlyTheFirst,
    TellsEverythingTwice,
    PurgesByTheClockItIsTold,
    KeepsNoSharers,
    ListsAsAdded,
    StrikesNothingOff,
}

struct Wrong {
    memory: MemoryBackend,
    told: Vec<sealed_session::revocation::Revocation>,
    fault: Fault,
}

impl Backend for Wrong {
    fn record(&mut self, changes: &[Change]) -> Result<(), BackendError> {
        let most = if self.fault == Fault::RecordsOnlyTheFirst { 1 } else { usize::MAX };
        self.memory.record(changes.get(..most.min(changes.len())).unwrap_or_default())
    }

    fn news(&mut self) -> Result<News, BackendError> {
        let mut news = self.memory.news()?;
        if self.fault == Fault::TellsEverythingTwice {
            let told = std::mem::replace(&mut self.told, news.revocations.clone());
            news.revocations.extend(told);
        }
        Ok(news)
    }

    fn purge(&mut self, now_ms: u64, elapsed: Duration) -> Result<u64, BackendError> {
        if self.fault == Fault::PurgesByTheClockItIsTold {
            self.memory.purge(now_ms, Duration::MAX)?;
            return self.memory.purge(now_ms, Duration::MAX);
        }
        self.memory.purge(now_ms, elapsed)
    }

    fn put_sharer(&mut self, sharer: &Sharer) -> Result<(), BackendError> {
        if self.fault == Fault::KeepsNoSharers { Ok(()) } else { self.memory.put_sharer(sharer) }
    }

    fn sharers(&mut self) -> Result<Vec<Sharer>, BackendError> {
        self.memory.sharers()
    }

    fn add_session(
        &mut self,
        scope: &Scope,
        session: &SessionInfo,
        now_ms: u64,
    ) -> Result<Vec<SessionInfo>, BackendError> {
        self.memory.add_session(scope, session, now_ms)
    }

    fn put_session(&mut self, scope: &Scope, session: &SessionInfo) -> Result<(), BackendError> {
        self.memory.put_session(scope, session)
    }

    fn sessions(
        &mut self,
        scope: &Scope,
        user_id: &str,
        now_ms: u64,
    ) -> Result<Vec<SessionInfo>, BackendError> {
        let mut sessions = self.memory.sessions(scope, user_id, now_ms)?;
        if self.fault == Fault::ListsAsAdded {
            sessions.reverse();
        }
        Ok(sessions)
    }

    fn strike_session(
        &mut self,
        scope: &Scope,
        user_id: &str,
        uid: SessionUid,
    ) -> Result<bool, BackendError> {
        match self.fault {
            Fault::StrikesNothingOff => Ok(true),
            _ => self.memory.strike_session(scope, user_id, uid),
        }
    }

    fn strike_expired(&mut self, now_ms: u64) -> Result<u64, BackendError> {
        self.memory.strike_expired(now_ms)
    }
}

#[test]
fn each_wrong_backend_fails_a_case_about_its_fault() {
    for (fault, case) in [
        (Fault::RecordsOnlyTheFirst, "what_is_recorded_is_news_to_every_other_node_once"),
        (Fault::TellsEverythingTwice, "what_is_recorded_is_news_to_every_other_node_once"),
        (Fault::PurgesByTheClockItIsTold, "time_to_purge_does_not_leap"),
        (Fault::KeepsNoSharers, "sharers_are_listed_and_replaced_by_their_id"),
        (Fault::ListsAsAdded, "sessions_are_listed_by_user_the_one_seen_last_first"),
        (Fault::StrikesNothingOff, "striking_a_session_off_says_whether_it_was_there"),
    ] {
        let report = backend::run(|| {
            let memory = MemoryBackend::default();
            Storage::new(move || Wrong { memory: memory.clone(), told: Vec::new(), fault })
        });
        let failed: Vec<_> = report.failures().map(|outcome| outcome.name).collect();
        assert!(failed.contains(&case), "{case}: {failed:?}");
    }
}
