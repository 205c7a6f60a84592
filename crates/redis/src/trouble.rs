//! What is wrong with a server, in words. No password and no user is in them.

use redis::{ErrorKind, RedisError, ServerErrorKind};
use sealed_session::revocation::BackendError;

use super::line::Server;

/// So many characters of what a server says are passed on: some repeat what was sent to them.
const SAID: usize = 120;
const READ_ONLY: &str = "is a read-only replica: name the primary";
const WRITABLE: &str = "is a replica, though it can be written to: name the primary";

/// An error with the server's address.
pub(super) fn trouble(server: &Server, what: &str) -> BackendError {
    BackendError::new(format!("Redis at {} {what}", server.info.addr()))
}

/// An error of a question, for operators.
pub(super) fn explain(error: &RedisError, server: &Server) -> BackendError {
    let what = match error.kind() {
        _ if error.is_timeout() => "did not answer in time".to_owned(),
        ErrorKind::Io => format!("cannot be reached: {error}"),
        ErrorKind::AuthenticationFailed => "refuses the user or the password".to_owned(),
        ErrorKind::Parse | ErrorKind::UnexpectedReturnType | ErrorKind::Client => {
            "does not answer as Redis does: is it another server?".to_owned()
        }
        ErrorKind::Server(kind) => refusal(Some(kind), error),
        _ => refusal(None, error),
    };
    trouble(server, &what)
}

fn not_permitted(said: &str) -> String {
    format!("does not permit its user what is needed: {}", short(said))
}

fn refusal(kind: Option<ServerErrorKind>, error: &RedisError) -> String {
    let said = error.detail().unwrap_or_default();
    let is = |code: &str| error.code() == Some(code) || said.contains(code);
    let advice = match kind {
        Some(ServerErrorKind::ReadOnly) => READ_ONLY,
        Some(ServerErrorKind::BusyLoading) => "is still loading its data",
        Some(ServerErrorKind::MasterDown) => "is a replica that has lost its primary: name the primary",
        Some(ServerErrorKind::Moved | ServerErrorKind::Ask) => {
            "is a node of a cluster that does not keep these keys: name the node that does"
        }
        Some(ServerErrorKind::NoPerm) => return not_permitted(said),
        // Within a script.
        _ if is("user executing the script") || is("ACL failure") => return not_permitted(said),
        _ if is("READONLY") => READ_ONLY,
        _ if is("REPLICA") && !is("NOREPLICAS") => WRITABLE,
        _ if is("OOM") => "has no memory left: raise its maxmemory",
        _ if is("NOREPLICAS") => {
            "has fewer replicas than it needs to be written to: bring them back, or lower its \
             min-replicas-to-write"
        }
        _ if is("MISCONF") => "cannot write to its disk, and takes no writes: see its log",
        _ if is("NOAUTH") => "wants a password",
        _ if said.contains("max number of clients") => "takes no more connections: raise its maxclients",
        _ if said.contains("unknown command") => {
            "lacks a command that is needed: is it Redis 6.2 or later, with EVAL?"
        }
        _ => return format!("answered {}: {}", error.code().unwrap_or("with an error"), short(said)),
    };
    advice.to_owned()
}

fn short(said: &str) -> String {
    said.chars().map(|character| if character.is_control() { ' ' } else { character }).take(SAID).collect()
}

/// What a server must not be, as far as it says what it is.
pub(super) fn judge(server: &Server, info: &str) -> Result<(), BackendError> {
    if said(info, "role").is_some_and(|role| role != "master") {
        let is_read_only = said(info, "slave_read_only") != Some("0");
        return Err(trouble(server, if is_read_only { READ_ONLY } else { WRITABLE }));
    }
    if is_too_old(info) {
        return Err(trouble(server, "is too old: it has to be 6.2 or later"));
    }
    let evicts = |policy: &&str| *policy != "noeviction";
    match said(info, "maxmemory_policy").filter(evicts) {
        Some(policy) if said(info, "maxmemory") != Some("0") && !server.accept_eviction => Err(trouble(
            server,
            &format!(
                "may evict what is revoked (its maxmemory-policy is {policy}): set noeviction, or accept that \
                 with `accept_eviction`"
            ),
        )),
        _ => Ok(()),
    }
}

/// One of the things that a server says of itself.
fn said<'a>(info: &'a str, name: &str) -> Option<&'a str> {
    info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim_end)
}

fn is_too_old(info: &str) -> bool {
    let mut parts = said(info, "redis_version").into_iter().flat_map(|version| version.split('.'));
    let mut number = || parts.next().and_then(|part| part.parse::<u32>().ok());
    matches!((number(), number()), (Some(major), Some(minor)) if (major, minor) < (6, 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_before_6_2_are_too_old() {
        for (version, too_old) in [
            ("5.0.14", true),
            ("6.0.16", true),
            ("6.2.0", false),
            ("7.0.15", false),
            ("10.1.0", false),
            ("x", false),
        ] {
            assert_eq!(is_too_old(&format!("# Server\r\nredis_version:{version}\r\n")), too_old, "{version}");
        }
        assert!(!is_too_old(""));
    }

    #[test]
    fn what_a_server_says_is_one_short_line() {
        assert_eq!(short(&"a\nb\u{7}".repeat(100)).chars().count(), SAID);
        assert_eq!(short("a\nb"), "a b");
    }
}
