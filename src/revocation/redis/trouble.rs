//! What is wrong with a server, in words. No password and no user is in them.

use redis::{ErrorKind, RedisError, ServerErrorKind};

use super::line::{Server, info, said};
use crate::revocation::BackendError;

/// So many characters of what a server says are passed on: some repeat what was sent to them.
const SAID: usize = 120;

/// An error with the server's address.
pub(super) fn trouble(server: &Server, what: &str) -> BackendError {
    BackendError::new(format!("Redis at {} {what}", server.client.get_connection_info().addr()))
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

fn refusal(kind: Option<ServerErrorKind>, error: &RedisError) -> String {
    let said = error.detail().unwrap_or_default();
    let is = |code: &str| error.code() == Some(code) || said.contains(code);
    match kind {
        Some(ServerErrorKind::ReadOnly) => "is a read-only replica: name the primary".to_owned(),
        _ if is("READONLY") => "is a read-only replica: name the primary".to_owned(),
        _ if is("OOM") => "has no memory left: raise its maxmemory".to_owned(),
        _ if is("NOAUTH") => "wants a password".to_owned(),
        _ if said.contains("unknown command") => {
            "lacks a command that is needed: is it Redis 6.2 or later, with EVAL?".to_owned()
        }
        Some(ServerErrorKind::BusyLoading) => "is still loading its data".to_owned(),
        Some(ServerErrorKind::Moved | ServerErrorKind::Ask) => {
            "is a node of a cluster that does not keep these keys: name the node that does".to_owned()
        }
        Some(ServerErrorKind::NoPerm) => format!("does not permit its user what is needed: {}", short(said)),
        _ => format!("answered {}: {}", error.code().unwrap_or("with an error"), short(said)),
    }
}

fn short(said: &str) -> String {
    said.chars().map(|character| if character.is_control() { ' ' } else { character }).take(SAID).collect()
}

/// What a server must not be, as far as it says what it is.
pub(super) fn judge(
    server: &Server,
    connection: &mut redis::Connection,
    accept_eviction: bool,
) -> Result<(), BackendError> {
    let explained = |error: RedisError| explain(&error, server);
    let Some(info) = info(connection, "default").map_err(explained)? else {
        return Ok(());
    };
    if said(&info, "role") == Some("slave") && said(&info, "slave_read_only") != Some("0") {
        return Err(trouble(server, "is a read-only replica: name the primary"));
    }
    if is_too_old(&info) {
        return Err(trouble(server, "is too old: it has to be 6.2 or later"));
    }
    let evicts = |policy: &&str| *policy != "noeviction";
    match said(&info, "maxmemory_policy").filter(evicts) {
        Some(policy) if said(&info, "maxmemory") != Some("0") && !accept_eviction => Err(trouble(
            server,
            &format!(
                "may evict what is revoked (its maxmemory-policy is {policy}): set noeviction, or accept that \
                 with `accept_eviction`"
            ),
        )),
        _ => Ok(()),
    }
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
