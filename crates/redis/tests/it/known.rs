//! What there is and what is told, compared as a whole.

use std::collections::BTreeMap;

use sealed_session::registry::SessionInfo;
use sealed_session::revocation::backend::Target;
use sealed_session::revocation::{Backend, Change, Reach, Revocation, Scope, Sharer};

use crate::{HOUR, SECOND, uid};

/// What there is of each target.
pub(crate) type Known = BTreeMap<Target, Revocation>;

/// As a server has it in the end.
pub(crate) fn known(revocations: &[Revocation]) -> Known {
    revocations.iter().map(|revocation| (revocation.target(), revocation.clone())).collect()
}

pub(crate) fn all(backend: &mut dyn Backend) -> Known {
    known(&backend.news().unwrap().revocations)
}

pub(crate) fn user(user_id: &str, created_before_ms: u64, until_ms: u64) -> Revocation {
    let (reach, user_id) = (Reach::Backend, user_id.to_owned());
    Revocation::User { reach, user_id, created_before_ms, except: Vec::new(), until_ms }
}

pub(crate) fn scope(app_id: &str, name: &str) -> Scope {
    Scope { app_id: app_id.to_owned(), name: name.to_owned() }
}

pub(crate) fn revoke_others(
    scope: &Scope,
    asks: u64,
    created_at_ms: u64,
    instead: u64,
    until_ms: u64,
) -> Change {
    Change::RevokeOthers {
        scope: scope.clone(),
        user_id: "u".to_owned(),
        created_before_ms: 100,
        uid: uid(asks),
        created_at_ms,
        instead: uid(instead),
        until_ms,
    }
}

pub(crate) fn sharer(number: u8, seen_at_ms: u64) -> Sharer {
    Sharer {
        id: [number; 16],
        max_ttl_ms: HOUR,
        max_lifetime_ms: 12 * HOUR,
        leeway_ms: 60 * SECOND,
        poll_ms: 500,
        refuse_after_ms: number.is_multiple_of(2).then_some(9),
        seen_at_ms,
    }
}

pub(crate) fn info(user_id: &str, number: u64, expires_at_ms: u64) -> SessionInfo {
    SessionInfo {
        user_id: user_id.to_owned(),
        uid: uid(number),
        created_at_ms: number,
        last_seen_at_ms: number,
        expires_at_ms,
        label: format!("Nr. {number}, \0 Füchse"),
    }
}
