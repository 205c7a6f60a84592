//! The subject as cases use it: an operation that must succeed and does not ends the case.

use sealed_session::{CreateOptions, SessionError, SessionId, SessionPlugin, SessionRecord};

use super::case::{Check, Stop, not_found, same_state, shown};
use super::subject::{Family, Subject};

pub(super) const MINUTE: u64 = 60_000;
pub(super) const USER: &str = "user-42";
pub(super) const DATA: &str = r#"{"cart":["A1","B2"],"visits":3}"#;

pub(super) struct Probe(Subject);

impl Probe {
    pub(super) fn new(subject: Subject) -> Self {
        Self(subject)
    }

    /// The plugin itself, for operations whose failure is what a case looks at.
    pub(super) fn backend(&self) -> &dyn SessionPlugin {
        &*self.0.plugin
    }

    pub(super) fn family(&self) -> Family {
        self.0.family
    }

    pub(super) fn create(
        &self,
        user_id: Option<&str>,
        data_json: &str,
        ttl_ms: u64,
    ) -> Result<SessionId, Stop> {
        due("create", self.backend().create(options(user_id, data_json, ttl_ms)))
    }

    /// A session with a user and data, and the default TTL.
    pub(super) fn session(&self) -> Result<SessionId, Stop> {
        self.create(Some(USER), DATA, 0)
    }

    /// A session with a user and data that lives so long, as it is read.
    pub(super) fn session_of(&self, ttl_ms: u64) -> Result<SessionRecord, Stop> {
        self.allows(ttl_ms)?;
        self.read(&self.create(Some(USER), DATA, ttl_ms)?)
    }

    /// The record's id is the one that is asked for here; whether it was so is for one case to say.
    pub(super) fn read(&self, id: &SessionId) -> Result<SessionRecord, Stop> {
        Ok(SessionRecord { id: id.clone(), ..due("read", self.backend().read(id))? })
    }

    pub(super) fn update(&self, id: &SessionId, data_json: &str) -> Result<SessionId, Stop> {
        due("update", self.backend().update(id, data_json))
    }

    pub(super) fn touch(&self, id: &SessionId, ttl_ms: u64) -> Result<SessionId, Stop> {
        due("touch", self.backend().touch(id, ttl_ms))
    }

    pub(super) fn delete(&self, id: &SessionId) -> Check {
        due("delete", self.backend().delete(id))
    }

    pub(super) fn advance(&self, ms: u64) -> Check {
        let advance = self.0.advance.as_ref().ok_or_else(|| unknown("how to move its clock on"))?;
        advance(ms);
        Ok(())
    }

    /// The session lives for so long and is over soon after. Which millisecond exactly is the first is for
    /// few cases to say, so that a backend which is wrong there fails those and no others.
    pub(super) fn ends_after(&self, record: &SessionRecord, ms: u64) -> Check {
        const MARGIN: u64 = 10;
        self.advance(ms.saturating_sub(MARGIN))?;
        same_state("shortly before the expiry", &self.read(&record.id)?, record)?;
        self.advance(2 * MARGIN)?;
        not_found("read after the expiry", self.backend().read(&record.id))
    }

    pub(super) fn default_ttl_ms(&self) -> Result<u64, Stop> {
        self.0.default_ttl_ms.ok_or_else(|| unknown("its default TTL"))
    }

    /// The longest TTL that a new session gets.
    pub(super) fn max_ttl_ms(&self) -> Result<u64, Stop> {
        let ttl = self.0.max_ttl_ms.ok_or_else(|| unknown("its maximum TTL"))?;
        Ok(ttl.min(self.0.max_lifetime_ms.unwrap_or(u64::MAX)))
    }

    pub(super) fn max_lifetime_ms(&self) -> Result<u64, Stop> {
        self.0.max_lifetime_ms.ok_or_else(|| unknown("its maximum lifetime"))
    }

    /// When a session expires that is given a TTL it may have.
    pub(super) fn expiry(&self, created_at_ms: u64, now_ms: u64, ttl_ms: u64) -> u64 {
        let end = created_at_ms.saturating_add(self.0.max_lifetime_ms.unwrap_or(u64::MAX));
        now_ms.saturating_add(ttl_ms).min(end)
    }

    /// Ends the case where the subject's sessions are known not to live so long.
    pub(super) fn allows(&self, ms: u64) -> Check {
        match [self.0.max_ttl_ms, self.0.max_lifetime_ms].into_iter().flatten().min() {
            Some(longest) if longest < ms => Err(Stop::NotRun(format!(
                "this needs a session of {ms} ms, and the subject's live {longest} ms at most"
            ))),
            _ => Ok(()),
        }
    }
}

pub(super) fn options(user_id: Option<&str>, data_json: &str, ttl_ms: u64) -> CreateOptions {
    CreateOptions { user_id: user_id.map(str::to_owned), data_json: data_json.to_owned(), ttl_ms }
}

/// What an operation gives that must succeed.
fn due<T>(operation: &str, result: Result<T, SessionError>) -> Result<T, Stop> {
    result.map_err(|error| Stop::Failed(format!("{operation} must succeed, and said {}", shown(&error))))
}

fn unknown(what: &str) -> Stop {
    Stop::NotRun(format!("the subject does not tell {what}"))
}
