//! One line in, one line out. A token stands where a cookie's value would stand in HTTP.
//!
//! | Request | Answer |
//! |---|---|
//! | `CREATE user data` | `OK token` |
//! | `READ token` | `OK user state data`, where the state is that of the key that opened it |
//! | `UPDATE token data` | `OK token` |
//! | `TOUCH token` | `OK token` |
//! | `RESEAL token` | `OK token`: a new one if a newer key seals now, and otherwise the same |
//! | `KEY` | `OK key-id` of the key that seals now |
//! | `HEALTH` | `OK n`, the number of rings that were taken up since the start, or `ILL reason` |
//!
//! What is refused is answered with `INVALID` or `OVER`, for which a web server would remove the cookie, with
//! `KEEP`, for which it would not, or with `ERROR` and a reason.

use std::fmt;

use sealed_session::{
    Clock as _, CreateOptions, OpenError, ResealError, ResealPolicy, RingWatcher, SealError, SealedStore,
    SessionId, SessionRecord,
};

use crate::clock::OffsetClock;

/// What answers requests; threads share it.
pub(crate) struct Desk {
    pub(crate) store: SealedStore,
    pub(crate) watcher: RingWatcher,
    pub(crate) clock: OffsetClock,
}

impl Desk {
    pub(crate) fn answer(&self, request: &str) -> String {
        let (verb, rest) = request.split_once(' ').unwrap_or((request, ""));
        let answer = match verb {
            "CREATE" => self.create(rest),
            "READ" => self.read(rest),
            "UPDATE" => self.update(rest),
            "TOUCH" => self.touch(rest),
            "RESEAL" => self.reseal(rest),
            "KEY" => self.key(),
            "HEALTH" => return self.health(),
            _ => Err(Refusal::Request("CREATE, READ, UPDATE, TOUCH, RESEAL, KEY or HEALTH is expected")),
        };
        answer.map_or_else(|refusal| refusal.to_string(), |answer| format!("OK {answer}"))
    }

    fn create(&self, rest: &str) -> Answer {
        let (user, data) = rest.split_once(' ').ok_or(Refusal::Request("CREATE user data"))?;
        let options = CreateOptions { user_id: Some(user.into()), data_json: data.into(), ttl_ms: 0 };
        Ok(self.store.create_with(options, b"")?.0)
    }

    fn read(&self, token: &str) -> Answer {
        let session = self.store.open(&SessionId::new(token))?;
        let state = session.key_state();
        let SessionRecord { user_id, data_json, .. } = session.into_record();
        Ok(format!("{} {state} {data_json}", user_id.unwrap_or_default()))
    }

    fn update(&self, rest: &str) -> Answer {
        let (token, data) = rest.split_once(' ').ok_or(Refusal::Request("UPDATE token data"))?;
        Ok(self.store.update_with(&SessionId::new(token), data, b"")?.0)
    }

    fn touch(&self, token: &str) -> Answer {
        Ok(self.store.touch_with(&SessionId::new(token), 0, b"")?.0)
    }

    /// What a web server would do for every request that comes with a session: this carries a rotation to
    /// every active user, and costs one sealing for each of them.
    fn reseal(&self, token: &str) -> Answer {
        let id = SessionId::new(token);
        let session = self.store.open(&id)?;
        match session.should_reseal(ResealPolicy::Always, self.clock.now_ms()) {
            true => Ok(self.store.reseal(&id)?.0),
            false => Ok(id.0),
        }
    }

    /// A store does not list its keys, but a token names the one that sealed it.
    fn key(&self) -> Answer {
        let id = self.store.create_with(CreateOptions::default(), b"")?;
        Ok(self.store.open(&id)?.key_id().to_string())
    }

    fn health(&self) -> String {
        match self.store.health() {
            Ok(()) => format!("OK {}", self.watcher.replacements()),
            Err(why) => format!("ILL {why}"),
        }
    }
}

type Answer = Result<String, Refusal>;

/// Why there is no answer. A client learns no more of a token than `Display` shows here.
enum Refusal {
    Open(OpenError),
    Seal(SealError),
    Request(&'static str),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open(error) if error.keeps_cookie() => f.write_str("KEEP"),
            Self::Open(error) if error.is_not_found() => f.write_str("OVER"),
            Self::Open(_) => f.write_str("INVALID"),
            Self::Seal(error) => write!(f, "ERROR {error}"),
            Self::Request(expected) => write!(f, "ERROR {expected}"),
        }
    }
}

impl From<OpenError> for Refusal {
    fn from(error: OpenError) -> Self {
        Self::Open(error)
    }
}

impl From<SealError> for Refusal {
    fn from(error: SealError) -> Self {
        Self::Seal(error)
    }
}

impl From<ResealError> for Refusal {
    fn from(error: ResealError) -> Self {
        match error {
            ResealError::Open(error) => Self::Open(error),
            ResealError::Seal(error) => Self::Seal(error),
        }
    }
}
