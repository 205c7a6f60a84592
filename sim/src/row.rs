//! What stands in a backend though no server has written it: rows that nobody can read, and rows that lie.
//!
//! A row that cannot be read is an error of every question that meets it, as with SQLite and Redis, until an operator
//! takes it out. Which questions these are is what their schemas say: an entry is met by who asks for news after it, and by
//! who changes it; the limits of a server by all that is to be recorded for a time, and by who purges; a session of a
//! registry by who lists that user.

use proptest::prelude::*;
use sealed_session::SessionUid;
use sealed_session::registry::SessionInfo;
use sealed_session::revocation::{Change, Reach, Revocation, Scope, Sharer};
use serde::{Deserialize, Serialize};

use crate::app::user_name;
use crate::script::MINUTE;

/// A row that nobody can read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Row {
    /// An entry of a user, in any scope. Nobody hears any more news.
    Entry { user: u8 },
    /// One that was read before it was spoilt. Only who begins at the beginning hears nothing.
    OldEntry { user: u8 },
    /// What a server wrote of itself: nobody knows for how long anything is to be kept.
    Sharer,
    /// A session of a user in a registry.
    Session { user: u8 },
}

impl Row {
    /// Whether it keeps a server from hearing news.
    pub fn stops_news(self, from_the_beginning: bool) -> bool {
        match self {
            Self::Entry { .. } => true,
            Self::OldEntry { .. } => from_the_beginning,
            Self::Sharer | Self::Session { .. } => false,
        }
    }

    pub fn stops_change(self, change: &Change) -> bool {
        match self {
            Self::Entry { user } | Self::OldEntry { user } => of_user(change) == Some(&user_name(user)),
            Self::Sharer | Self::Session { .. } => false,
        }
    }

    pub fn stops_list(self, user_id: &str) -> bool {
        matches!(self, Self::Session { user } if user_name(user) == user_id)
    }
}

/// The user whose entry has to be read to make a change.
fn of_user(change: &Change) -> Option<&String> {
    match change {
        Change::Revoke(Revocation::User { user_id, .. })
        | Change::Restore(Revocation::User { user_id, .. })
        | Change::RevokeOthers { user_id, .. }
        | Change::Move { user_id, .. }
        | Change::Spare { user_id, .. } => Some(user_id),
        Change::Revoke(_) | Change::Restore(_) | Change::Cycle { .. } => None,
    }
}

pub fn row() -> impl Strategy<Value = Row> {
    prop_oneof![
        3 => (0..3_u8).prop_map(|user| Row::Entry { user }),
        2 => (0..3_u8).prop_map(|user| Row::OldEntry { user }),
        3 => Just(Row::Sharer),
        2 => (0..3_u8).prop_map(|user| Row::Session { user }),
    ]
}

/// A row that can be read, and is of nobody's doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Lie {
    /// All sessions of a user are revoked, up to a time that no clock has said yet.
    Later { user: u8, tenant: u8 },
    /// All sessions of a user, or of everybody, with another application.
    OfAnotherApplication { user: Option<u8> },
    /// A session is revoked that is nobody's.
    OfNobody,
    /// One that is somebody's, until a time that is over.
    Over { which: u8 },
    /// A server has limits that have no end.
    Boundless,
    /// A registry has a session of a user that nobody began.
    Listed { user: u8, tenant: u8 },
    /// The last commit has another mark, and the backend is taken for another.
    Mark,
}

pub fn lie() -> impl Strategy<Value = Lie> {
    let user = || 0..3_u8;
    prop_oneof![
        2 => (user(), 0..2_u8).prop_map(|(user, tenant)| Lie::Later { user, tenant }),
        3 => prop::option::of(user()).prop_map(|user| Lie::OfAnotherApplication { user }),
        1 => Just(Lie::OfNobody),
        2 => any::<u8>().prop_map(|which| Lie::Over { which }),
        2 => Just(Lie::Boundless),
        2 => (user(), 0..2_u8).prop_map(|(user, tenant)| Lie::Listed { user, tenant }),
        2 => Just(Lie::Mark),
    ]
}

const ANOTHER: &str = "another";

/// All sessions of a user of a scope, or of all users of another application.
pub fn all_of(user: Option<u8>, scope: Option<&str>, before_ms: u64) -> Revocation {
    let until_ms = u64::MAX;
    let reach = match scope {
        Some(name) => Reach::Scope(Scope { app_id: String::new(), name: name.to_owned() }),
        None => Reach::Application(ANOTHER.to_owned()),
    };
    match user {
        Some(user) => Revocation::User {
            reach,
            user_id: user_name(user),
            created_before_ms: before_ms,
            except: Vec::new(),
            until_ms,
        },
        None => Revocation::Everything {
            app_id: Some(ANOTHER.to_owned()),
            created_before_ms: before_ms,
            until_ms,
        },
    }
}

/// A server that never was, and whose limits have no end.
pub fn boundless(id: [u8; 16], now_ms: u64) -> Sharer {
    Sharer {
        id,
        max_ttl_ms: u64::MAX,
        max_lifetime_ms: u64::MAX,
        leeway_ms: u64::MAX,
        poll_ms: u64::MAX,
        refuse_after_ms: None,
        seen_at_ms: now_ms,
    }
}

/// A session that nobody began.
pub fn phantom(user: u8, uid: SessionUid, now_ms: u64) -> SessionInfo {
    SessionInfo {
        user_id: user_name(user),
        uid,
        created_at_ms: now_ms,
        last_seen_at_ms: now_ms,
        expires_at_ms: now_ms + 600 * MINUTE,
        label: "garbage".to_owned(),
    }
}
