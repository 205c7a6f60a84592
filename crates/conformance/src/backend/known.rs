//! What there is and what is told, compared as a whole.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use sealed_session::SessionUid;
use sealed_session::registry::SessionInfo;
use sealed_session::revocation::backend::Target;
use sealed_session::revocation::{Backend, Change, Reach, Revocation, Scope};

use super::Storage;
use super::common::{now, uid};

pub(super) const SECOND: u64 = 1_000;
pub(super) const DAY: u64 = 86_400 * SECOND;

/// The same revocation whenever it is asked for.
pub(super) fn session(number: u64) -> Revocation {
    static TOMORROW: LazyLock<u64> = LazyLock::new(|| now() + DAY);
    Revocation::Session { uid: uid(number), until_ms: *TOMORROW }
}

/// What there is of each target.
pub(super) type Known = BTreeMap<Target, Revocation>;

/// As a server has it in the end.
pub(super) fn known(revocations: &[Revocation]) -> Known {
    revocations.iter().map(|revocation| (revocation.target(), revocation.clone())).collect()
}

pub(super) fn all(backend: &mut dyn Backend) -> Known {
    known(&backend.news().unwrap().revocations)
}

pub(super) fn user(user_id: &str, created_before_ms: u64, until_ms: u64) -> Revocation {
    of_user(Reach::Backend, user_id, created_before_ms, until_ms, &[])
}

pub(super) fn of_user(
    reach: Reach,
    user_id: &str,
    created_before_ms: u64,
    until_ms: u64,
    except: &[SessionUid],
) -> Revocation {
    let (user_id, except) = (user_id.to_owned(), except.to_vec());
    Revocation::User { reach, user_id, created_before_ms, except, until_ms }
}

pub(super) fn all_before(app_id: Option<&str>, created_before_ms: u64, until_ms: u64) -> Revocation {
    Revocation::Everything { app_id: app_id.map(str::to_owned), created_before_ms, until_ms }
}

pub(super) fn scope(app_id: &str, name: &str) -> Scope {
    Scope { app_id: app_id.to_owned(), name: name.to_owned() }
}

/// What others are told in the end.
pub(super) fn in_the_end(storage: &Storage, changes: &[Change]) -> Known {
    let (mut one, mut other) = (storage.node(), storage.node());
    let mut told = all(&mut *other);
    for change in changes {
        one.record(std::slice::from_ref(change)).unwrap();
        told.extend(all(&mut *other));
    }
    assert_eq!(all(&mut *storage.node()), told, "whoever starts is told the same");
    told
}

pub(super) fn spare(reach: &Reach, number: u64) -> Change {
    let (reach, user_id) = (reach.clone(), "u".to_owned());
    Change::Spare { reach, user_id, uid: uid(number), created_before_ms: u64::MAX }
}

pub(super) fn info(user_id: &str, number: u64, expires_at_ms: u64) -> SessionInfo {
    SessionInfo {
        user_id: user_id.to_owned(),
        uid: uid(number),
        created_at_ms: number,
        last_seen_at_ms: number,
        expires_at_ms,
        label: format!("Nr. {number}, \0 Füchse"),
    }
}
