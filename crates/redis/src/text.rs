//! How revocations and sessions are written in Redis. Times have 20 digits, so that they compare as text.

use sealed_session::SessionUid;
use sealed_session::registry::SessionInfo;
use sealed_session::revocation::backend::Target;
use sealed_session::revocation::{BackendError, Reach, Revocation, Scope, Sharer};

/// Digits of a time.
pub(super) const DIGITS: usize = 20;

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

    /// Which data this is, the last step of its history, and by which time was purged last.
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

    /// There for no longer than it is tried whether anything can be recorded.
    pub(super) fn tried(&self) -> String {
        format!("{}:tried", self.prefix)
    }

    pub(super) fn sharers(&self) -> String {
        format!("{}:sharers", self.prefix)
    }

    /// Followed by a user of a scope.
    pub(super) fn sessions(&self) -> String {
        format!("{}:registry:", self.prefix)
    }

    pub(super) fn expiries(&self) -> String {
        format!("{}:expiries", self.prefix)
    }
}

/// The name of the entry with a target. Lengths, in bytes, tell the parts of a name apart.
///
/// | Name | Of |
/// |---|---|
/// | `session:UID` | one session |
/// | `scoped:LENGTH:LENGTH:APPLICATION SCOPE USER` | a user of a scope |
/// | `application:LENGTH:APPLICATION USER` | a user of an application |
/// | `user:USER` | a user of all applications |
/// | `everything:APPLICATION` | everybody of an application |
/// | `all` | everybody |
///
/// without the blanks.
pub(super) fn name(target: &Target) -> String {
    match target {
        Target::Session(uid) => format!("session:{uid}"),
        Target::User(Reach::Scope(scope), user_id) => format!("scoped:{}", user_of(scope, user_id)),
        Target::User(Reach::Application(app_id), user_id) => {
            format!("application:{}:{app_id}{user_id}", app_id.len())
        }
        Target::User(Reach::Backend, user_id) => format!("user:{user_id}"),
        Target::Everything(Some(app_id)) => format!("everything:{app_id}"),
        Target::Everything(None) => "all".to_owned(),
    }
}

/// A user of a scope, unlike any other.
pub(super) fn user_of(scope: &Scope, user_id: &str) -> String {
    let Scope { app_id, name } = scope;
    format!("{}:{}:{app_id}{name}{user_id}", app_id.len(), name.len())
}

fn read_name(name: &str) -> Option<Target> {
    let Some((kind, rest)) = name.split_once(':') else {
        return (name == "all").then_some(Target::Everything(None));
    };
    Some(match kind {
        "session" => Target::Session(uid_of(rest)?),
        "scoped" => {
            let (app_length, rest) = read_length(rest)?;
            let (name_length, rest) = read_length(rest)?;
            let (app_id, rest) = rest.split_at_checked(app_length)?;
            let (name, user_id) = rest.split_at_checked(name_length)?;
            let scope = Scope { app_id: app_id.to_owned(), name: name.to_owned() };
            Target::User(Reach::Scope(scope), user_id.to_owned())
        }
        "application" => {
            let (length, rest) = read_length(rest)?;
            let (app_id, user_id) = rest.split_at_checked(length)?;
            Target::User(Reach::Application(app_id.to_owned()), user_id.to_owned())
        }
        "user" => Target::User(Reach::Backend, rest.to_owned()),
        "everything" => Target::Everything(Some(rest.to_owned())),
        _ => return None,
    })
}

/// A length that is written in one way only.
fn read_length(text: &str) -> Option<(usize, &str)> {
    let (digits, rest) = text.split_once(':')?;
    let length: usize = digits.parse().ok()?;
    (length.to_string() == digits).then_some((length, rest))
}

/// What is in an entry: its two times, then the uids that it spares.
pub(super) fn value(entry: &Revocation) -> String {
    let (before_ms, except) = match entry {
        Revocation::Session { .. } => (0, &[][..]),
        Revocation::User { created_before_ms, except, .. } => (*created_before_ms, &except[..]),
        Revocation::Everything { created_before_ms, .. } => (*created_before_ms, &[][..]),
    };
    let times = [time(before_ms), time(entry.until_ms())];
    times.into_iter().chain(except.iter().map(ToString::to_string)).collect()
}

/// The entry with this target that has this in it.
pub(super) fn read_value(target: Target, value: &[u8]) -> Option<Revocation> {
    let (before, rest) = std::str::from_utf8(value).ok()?.split_at_checked(DIGITS)?;
    let (until, spared) = rest.split_at_checked(DIGITS)?;
    let (created_before_ms, until_ms) = (read_time(before)?, read_time(until)?);
    let except = read_uids(spared)?;
    if !except.is_empty() && !matches!(target, Target::User(..)) {
        return None;
    }
    Some(match target {
        Target::Session(uid) => Revocation::Session { uid, until_ms },
        Target::User(reach, user_id) => {
            Revocation::User { reach, user_id, created_before_ms, except, until_ms }
        }
        Target::Everything(app_id) => Revocation::Everything { app_id, created_before_ms, until_ms },
    })
}

fn read_uids(mut text: &str) -> Option<Vec<SessionUid>> {
    let mut uids = Vec::new();
    while !text.is_empty() {
        let (uid, rest) = text.split_at_checked(2 * SessionUid::LEN)?;
        uids.push(uid_of(uid)?);
        text = rest;
    }
    Some(uids)
}

/// The revocation of such a name that has this in it.
pub(super) fn revocation(name: &[u8], value: &[u8]) -> Result<Revocation, BackendError> {
    let target = std::str::from_utf8(name).ok().and_then(read_name);
    target.and_then(|target| read_value(target, value)).ok_or_else(no_revocation)
}

pub(super) fn no_revocation() -> BackendError {
    BackendError::new("Redis holds a revocation that is none")
}

/// The id of a sharer, and the rest: until when it counts, then its limits; its last is left out if it has none.
pub(super) fn sharer(sharer: &Sharer) -> (String, String) {
    let Sharer { id, max_ttl_ms, max_lifetime_ms, leeway_ms, poll_ms, refuse_after_ms, seen_at_ms } = sharer;
    let times = [sharer.until_ms(), *max_ttl_ms, *max_lifetime_ms, *leeway_ms, *poll_ms, *seen_at_ms];
    let times = times.into_iter().chain(*refuse_after_ms).map(time);
    (SessionUid::from_bytes(*id).to_string(), times.collect())
}

pub(super) fn sharer_of(id: &[u8], value: &[u8]) -> Result<Sharer, BackendError> {
    read_sharer(id, value).ok_or_else(|| BackendError::new("Redis holds a server's limits that are none"))
}

fn read_sharer(id: &[u8], value: &[u8]) -> Option<Sharer> {
    let times = value.chunks(DIGITS).map(|digits| read_time(std::str::from_utf8(digits).ok()?));
    let times = times.collect::<Option<Vec<_>>>()?;
    let [_, max_ttl_ms, max_lifetime_ms, leeway_ms, poll_ms, seen_at_ms, refuse_after_ms @ ..] = &*times
    else {
        return None;
    };
    let refuse_after_ms = match refuse_after_ms {
        [] => None,
        [one] => Some(*one),
        _ => return None,
    };
    Some(Sharer {
        id: *uid_of(std::str::from_utf8(id).ok()?)?.as_bytes(),
        max_ttl_ms: *max_ttl_ms,
        max_lifetime_ms: *max_lifetime_ms,
        leeway_ms: *leeway_ms,
        poll_ms: *poll_ms,
        refuse_after_ms,
        seen_at_ms: *seen_at_ms,
    })
}

/// A session without its user, its uid and its number: its times, the expiry first, then the label.
pub(super) fn session(session: &SessionInfo) -> String {
    let SessionInfo { created_at_ms, last_seen_at_ms, expires_at_ms, label, .. } = session;
    [&time(*expires_at_ms), &time(*created_at_ms), &time(*last_seen_at_ms), label.as_str()].concat()
}

/// The user's session with this uid, and the number by which it was added.
pub(super) fn session_info(
    user_id: &str,
    uid: &[u8],
    text: &[u8],
) -> Result<(u64, SessionInfo), BackendError> {
    read_session(user_id, uid, text).ok_or_else(|| BackendError::new("Redis holds a session that is none"))
}

fn read_session(user_id: &str, uid: &[u8], text: &[u8]) -> Option<(u64, SessionInfo)> {
    let (number, rest) = std::str::from_utf8(text).ok()?.split_at_checked(DIGITS)?;
    let (expires, rest) = rest.split_at_checked(DIGITS)?;
    let (created, rest) = rest.split_at_checked(DIGITS)?;
    let (last_seen, label) = rest.split_at_checked(DIGITS)?;
    let session = SessionInfo {
        user_id: user_id.to_owned(),
        uid: uid_of(std::str::from_utf8(uid).ok()?)?,
        created_at_ms: read_time(created)?,
        last_seen_at_ms: read_time(last_seen)?,
        expires_at_ms: read_time(expires)?,
        label: label.to_owned(),
    };
    Some((read_time(number)?, session))
}

/// A time in 20 digits, as many as the largest has.
pub(super) fn time(ms: u64) -> String {
    format!("{ms:0DIGITS$}")
}

pub(super) fn read_time(digits: &str) -> Option<u64> {
    let is_time = digits.len() == DIGITS && digits.bytes().all(|digit| digit.is_ascii_digit());
    if is_time { digits.parse().ok() } else { None }
}

fn uid_of(digits: &str) -> Option<SessionUid> {
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(reach: Reach, user_id: &str, except: &[u8]) -> Revocation {
        let except = except.iter().map(|&byte| SessionUid::from_bytes([byte; 16])).collect();
        let user_id = user_id.to_owned();
        Revocation::User { reach, user_id, created_before_ms: u64::MAX, except, until_ms: 2 }
    }

    #[test]
    fn revocations_are_read_as_they_were_written() {
        let scope =
            |app_id: &str, name: &str| Reach::Scope(Scope { app_id: app_id.into(), name: name.into() });
        let everything = |app_id: Option<&str>| {
            let app_id = app_id.map(str::to_owned);
            Revocation::Everything { app_id, created_before_ms: u64::MAX, until_ms: u64::MAX }
        };
        let revocations = [
            Revocation::Session { uid: SessionUid::from_bytes([0xAB; 16]), until_ms: 0 },
            user(Reach::Backend, "", &[]),
            user(Reach::Backend, "all:\0}ü", &[1, 2]),
            user(Reach::Backend, "1:1:abc", &[]),
            user(Reach::Application("a".into()), "bc", &[3]),
            user(Reach::Application("ab".into()), "c", &[]),
            user(Reach::Application(String::new()), "0:abc", &[]),
            user(scope("a", "b"), "c", &(0..=63).collect::<Vec<_>>()),
            user(scope("a", "bc"), "", &[]),
            user(scope("ab", ""), "c", &[]),
            user(scope("", ""), "1:1:abc", &[]),
            user(scope("ü:", "9"), "\0", &[]),
            everything(None),
            everything(Some("")),
            everything(Some("all:1:ü")),
        ];
        let mut names = std::collections::HashSet::new();
        for written in revocations {
            let (name, value) = (name(&written.target()), value(&written));
            assert_eq!(revocation(name.as_bytes(), value.as_bytes()), Ok(written));
            assert!(names.insert(name));
        }
    }

    #[test]
    fn what_was_written_before_there_were_scopes_counts_for_all() {
        let value = format!("{}{}", time(u64::MAX), time(2));
        let read = |name: &str| revocation(name.as_bytes(), value.as_bytes()).unwrap();
        assert_eq!(read("user:u"), user(Reach::Backend, "u", &[]));
        let all = Revocation::Everything { app_id: None, created_before_ms: u64::MAX, until_ms: 2 };
        assert_eq!(read("all"), all);
    }

    #[test]
    fn what_is_no_revocation_is_an_error() {
        let times = "0".repeat(40);
        let uid = "ab".repeat(16);
        for (name, value) in [
            ("session:ab", times.as_str()),
            ("all", &format!("{times}{uid}")),
            ("everything:a", &format!("{times}{uid}")),
            (&format!("session:{uid}"), &format!("{times}{uid}")),
            ("user:u", &format!("{times}{}", &uid[1..])),
            ("user:u", &format!("{times}{}", "g".repeat(32))),
            ("everyone", &times),
            ("scoped:1:1:a", &times),
            ("scoped:01:1:abc", &times),
            ("scoped:+1:1:abc", &times),
            ("scoped:1:0:ü", &times),
            ("scoped:1:18446744073709551616:abc", &times),
            ("scoped:1", &times),
            ("application:2:a", &times),
            ("application:a", &times),
            ("all", &times[1..]),
            ("all", "+0000000000000000000000000000000000000001"),
            ("all", "0000000000000000000099999999999999999999"),
            ("all", "üüüüüüüüüüüüüüüüüüüü"),
            ("all", ""),
        ] {
            assert!(revocation(name.as_bytes(), value.as_bytes()).is_err(), "{name} {value}");
        }
        assert!(revocation(b"user:\xFF", times.as_bytes()).is_err());
    }

    #[test]
    fn sharers_are_read_as_they_were_written() {
        let one = Sharer {
            id: [0xAB; 16],
            max_ttl_ms: 1,
            max_lifetime_ms: 2,
            leeway_ms: 3,
            poll_ms: 4,
            refuse_after_ms: None,
            seen_at_ms: 5,
        };
        for refuse_after_ms in [None, Some(0), Some(u64::MAX)] {
            for seen_at_ms in [5, u64::MAX] {
                let written = Sharer { refuse_after_ms, seen_at_ms, ..one };
                let (id, value) = sharer(&written);
                assert_eq!(sharer_of(id.as_bytes(), value.as_bytes()), Ok(written));
                assert_eq!(value[..DIGITS], time(written.until_ms()));
            }
        }
        let (id, value) = sharer(&one);
        for wrong in ["", &value[1..], &value[DIGITS..], &format!("{value}{value}")] {
            assert!(sharer_of(id.as_bytes(), wrong.as_bytes()).is_err(), "{wrong}");
        }
        assert!(sharer_of(b"ab", value.as_bytes()).is_err());
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
