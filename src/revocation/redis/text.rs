//! How revocations and sessions are written in Redis. Times have 20 digits, so that they compare as text.

use crate::hex;
use crate::revocation::{BackendError, Revocation, SessionInfo};
use crate::uid::SessionUid;

/// Digits of a time.
const DIGITS: usize = 20;

/// The names of the keys. All have the prefix in braces, so that a cluster keeps them together.
#[derive(Clone)]
pub(super) struct Keys {
    prefix: String,
}

impl Keys {
    /// No braces in the prefix, and not nothing: a cluster would not see what belongs together.
    pub(super) fn new(prefix: &str) -> Result<Self, BackendError> {
        if prefix.is_empty() || prefix.contains(['{', '}']) {
            return Err(BackendError::new("a prefix of keys in Redis must not be empty, nor have braces"));
        }
        Ok(Self { prefix: format!("{{{prefix}}}") })
    }

    /// Which data this is, and how many news there were.
    pub(super) fn state(&self) -> String {
        format!("{}:state", self.prefix)
    }

    pub(super) fn news(&self) -> String {
        format!("{}:news", self.prefix)
    }

    /// Followed by the name of an entry.
    pub(super) fn entries(&self) -> String {
        format!("{}:revoked:", self.prefix)
    }

    /// A pattern that matches all entries and nothing else.
    pub(super) fn entries_pattern(&self) -> String {
        let mut pattern = String::new();
        for character in self.entries().chars() {
            if matches!(character, '*' | '?' | '[' | ']' | '\\') {
                pattern.push('\\');
            }
            pattern.push(character);
        }
        pattern + "*"
    }

    /// Followed by a user.
    pub(super) fn sessions(&self) -> String {
        format!("{}:sessions:", self.prefix)
    }

    pub(super) fn expiries(&self) -> String {
        format!("{}:expiries", self.prefix)
    }
}

/// The name and the two times of an entry.
pub(super) fn entry(revocation: &Revocation) -> (String, [String; 2]) {
    let (name, before_ms, until_ms) = match revocation {
        Revocation::Session { uid, until_ms } => (format!("session:{uid}"), 0, *until_ms),
        Revocation::User { user_id, created_before_ms, until_ms } => {
            (format!("user:{user_id}"), *created_before_ms, *until_ms)
        }
        Revocation::Everything { created_before_ms, until_ms } => {
            ("all".to_owned(), *created_before_ms, *until_ms)
        }
    };
    (name, [time(before_ms), time(until_ms)])
}

/// The revocation of such a name and such times.
pub(super) fn revocation(name: &[u8], times: &[u8]) -> Result<Revocation, BackendError> {
    read_revocation(name, times).ok_or_else(|| BackendError::new("Redis holds a revocation that is none"))
}

fn read_revocation(name: &[u8], times: &[u8]) -> Option<Revocation> {
    let name = std::str::from_utf8(name).ok()?;
    let (before, until) = std::str::from_utf8(times).ok()?.split_at_checked(DIGITS)?;
    let (created_before_ms, until_ms) = (read_time(before)?, read_time(until)?);
    if let Some(uid) = name.strip_prefix("session:") {
        return Some(Revocation::Session { uid: uid_of(uid)?, until_ms });
    }
    if let Some(user_id) = name.strip_prefix("user:") {
        return Some(Revocation::User { user_id: user_id.to_owned(), created_before_ms, until_ms });
    }
    (name == "all").then_some(Revocation::Everything { created_before_ms, until_ms })
}

/// A session without its user and uid: its times, the expiry first, then the label.
pub(super) fn session(session: &SessionInfo) -> String {
    let SessionInfo { created_at_ms, last_seen_at_ms, expires_at_ms, label, .. } = session;
    [&time(*expires_at_ms), &time(*created_at_ms), &time(*last_seen_at_ms), label.as_str()].concat()
}

/// The user's session with this uid.
pub(super) fn session_info(user_id: &str, uid: &[u8], text: &[u8]) -> Result<SessionInfo, BackendError> {
    read_session(user_id, uid, text).ok_or_else(|| BackendError::new("Redis holds a session that is none"))
}

fn read_session(user_id: &str, uid: &[u8], text: &[u8]) -> Option<SessionInfo> {
    let (expires, rest) = std::str::from_utf8(text).ok()?.split_at_checked(DIGITS)?;
    let (created, rest) = rest.split_at_checked(DIGITS)?;
    let (last_seen, label) = rest.split_at_checked(DIGITS)?;
    Some(SessionInfo {
        user_id: user_id.to_owned(),
        uid: uid_of(std::str::from_utf8(uid).ok()?)?,
        created_at_ms: read_time(created)?,
        last_seen_at_ms: read_time(last_seen)?,
        expires_at_ms: read_time(expires)?,
        label: label.to_owned(),
    })
}

/// A time in 20 digits, as many as the largest has.
pub(super) fn time(ms: u64) -> String {
    format!("{ms:0DIGITS$}")
}

fn read_time(digits: &str) -> Option<u64> {
    let is_time = digits.len() == DIGITS && digits.bytes().all(|digit| digit.is_ascii_digit());
    if is_time { digits.parse().ok() } else { None }
}

fn uid_of(digits: &str) -> Option<SessionUid> {
    hex::read(digits).map(SessionUid::from_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn revocations_are_read_as_they_were_written() {
        let revocations = [
            Revocation::Session { uid: SessionUid::from_bytes([0xAB; 16]), until_ms: 0 },
            Revocation::User { user_id: String::new(), created_before_ms: 1, until_ms: u64::MAX },
            Revocation::User { user_id: "all:\0}ü".into(), created_before_ms: u64::MAX, until_ms: 2 },
            Revocation::Everything { created_before_ms: u64::MAX, until_ms: u64::MAX },
        ];
        for written in revocations {
            let (name, times) = entry(&written);
            assert_eq!(revocation(name.as_bytes(), times.concat().as_bytes()), Ok(written));
        }
    }

    #[test]
    fn what_is_no_revocation_is_an_error() {
        let times = "0".repeat(40);
        for (name, times) in [
            ("session:ab", times.as_str()),
            ("everything", &times),
            ("all", &times[1..]),
            ("all", "+0000000000000000000000000000000000000001"),
            ("all", "0000000000000000000099999999999999999999"),
            ("all", "üüüüüüüüüüüüüüüüüüüü"),
            ("all", ""),
        ] {
            assert!(revocation(name.as_bytes(), times.as_bytes()).is_err(), "{name} {times}");
        }
        assert!(revocation(b"user:\xFF", times.as_bytes()).is_err());
    }

    #[test]
    fn a_pattern_matches_its_prefix_only() {
        assert_eq!(Keys::new("a*[b]?\\c").unwrap().entries_pattern(), r"{a\*\[b\]\?\\c}:revoked:*");
    }

    #[test]
    fn a_prefix_that_a_cluster_would_not_see_is_an_error() {
        for prefix in ["", "a}", "{a"] {
            assert!(Keys::new(prefix).is_err(), "{prefix}");
        }
    }
}
