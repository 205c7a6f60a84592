//! What can be revoked, for whom, and how what was revoked changes.

use std::fmt;

use super::sharer::Retention;
use crate::uid::SessionUid;

/// So many sessions of a user can begin, within the leeway after all of theirs were revoked, before that is an error.
pub(crate) const MOST_SPARED: usize = 64;

/// So begins what stands in the place of a session's uid in an entry that allows something until its end, instead of
/// revoking it.
pub(crate) const ALLOWS: [u8; 4] = *b"till";

/// The users of one application, or of one part of it: a tenant, a realm. User `1` of one is nobody in another.
///
/// ```
/// use sealed_session::revocation::Scope;
///
/// let scope = Scope { app_id: "shop.example".into(), name: "tenant-a".into() };
/// assert_ne!(scope, Scope { name: "tenant-b".into(), ..scope.clone() });
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Scope {
    /// The [application](crate::SealedStoreBuilder::app_id).
    pub app_id: String,
    /// The part of it; empty where there is but one.
    pub name: String,
}

impl Scope {
    /// Of which users an entry that speaks of one of this scope's may be.
    pub(crate) fn reaches(&self) -> [Reach; 3] {
        [Reach::Scope(self.clone()), Reach::Application(self.app_id.clone()), Reach::Backend]
    }
}

/// Whose sessions the revocation of a user ends.
///
/// ```
/// use sealed_session::revocation::{Reach, Scope};
///
/// let reach = Reach::Scope(Scope { app_id: "shop.example".into(), name: "tenant-a".into() });
/// assert_ne!(reach, Reach::Application("shop.example".into()));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reach {
    /// The user with this id in one scope.
    Scope(Scope),
    /// The users with this id in all scopes of an application.
    Application(String),
    /// The users with this id of all applications with the same backend: what was recorded before there were scopes.
    Backend,
}

/// What is revoked, and for how long that has to be kept. Times in milliseconds since 1970.
///
/// Sessions are revoked by when they were created, not renewed: one touch would escape the latter.
///
/// ```
/// use sealed_session::SessionUid;
/// use sealed_session::revocation::Revocation;
///
/// let revocation = Revocation::Session { uid: SessionUid::from_bytes([7; 16]), until_ms: 1_795_003_200_000 };
/// assert_eq!(revocation.until_ms(), 1_795_003_200_000);
/// ```
#[derive(Clone, PartialEq, Eq)]
pub enum Revocation {
    /// One session, under all of its ids.
    Session {
        /// Which.
        uid: SessionUid,
        /// When nothing of it can be valid any more.
        until_ms: u64,
    },
    /// Every session of a user that was created before a time, but for a few.
    User {
        /// Of which users with this id.
        reach: Reach,
        /// Whose.
        user_id: String,
        /// Before which time.
        created_before_ms: u64,
        /// Those that it spares: the session that ended all others, and logins within the leeway afterwards.
        except: Vec<SessionUid>,
        /// When none of them can be valid any more.
        until_ms: u64,
    },
    /// Every session of an application that was created before a time.
    Everything {
        /// Which; of all with the same backend without one, as was recorded before.
        app_id: Option<String>,
        /// Before which time.
        created_before_ms: u64,
        /// When none of them can be valid any more.
        until_ms: u64,
    },
}

/// What a backend is asked to record. All of one call is recorded in one step, or nothing of it.
///
/// ```
/// use sealed_session::SessionUid;
/// use sealed_session::revocation::{Change, Revocation};
///
/// let revocation = Revocation::Session { uid: SessionUid::from_bytes([7; 16]), until_ms: 1_795_003_200_000 };
/// assert_ne!(Change::Revoke(revocation.clone()), Change::Restore(revocation));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Of an entry with the same [target](super::backend::Target) that there is, the later end counts, and the exceptions
    /// are the new ones. The time before which sessions are revoked is the new one, or a millisecond after the one that
    /// there is, whatever clocks said: what the one before spared ends as well.
    Revoke(Revocation),
    /// What a server knew of a backend that has lost it: of an entry that there is, the later times count, and of the
    /// exceptions only those that both have.
    Restore(Revocation),
    /// Revokes the session `uid` until then, and all others of its user; `instead` takes its place and is spared. If
    /// `uid` is revoked already, as the backend has it, nothing is done.
    RevokeOthers {
        /// Of which users with this id.
        scope: Scope,
        /// Whose.
        user_id: String,
        /// Before which time.
        created_before_ms: u64,
        /// The session that asks.
        uid: SessionUid,
        /// When it was created.
        created_at_ms: u64,
        /// What takes its place.
        instead: SessionUid,
        /// When none of them can be valid any more.
        until_ms: u64,
    },
    /// Revokes the session `uid`, and lets `instead` go on in its place. If `uid` is revoked by itself already, as the
    /// backend has it, `instead` is revoked as well: a session that has ended does not go on under another uid.
    Cycle {
        /// Which.
        uid: SessionUid,
        /// What takes its place.
        instead: SessionUid,
        /// When nothing of them can be valid any more.
        until_ms: u64,
    },
    /// A session that has taken the place of another is spared where that one was. Nothing else is changed.
    Move {
        /// Of which users with this id.
        reach: Reach,
        /// Whose.
        user_id: String,
        /// The session that was spared.
        from: SessionUid,
        /// The one that is from now on.
        to: SessionUid,
    },
    /// A session that begins is spared by the entry of its user, if there is one that says no later time than this: one
    /// that does was recorded since, and ends the session. Beyond 64 that is an error.
    Spare {
        /// Of which users with this id.
        reach: Reach,
        /// Whose.
        user_id: String,
        /// Which.
        uid: SessionUid,
        /// What the entry said when it was decided to spare the session; `u64::MAX` for any.
        created_before_ms: u64,
    },
}

impl Change {
    /// The targets whose entries end by it.
    pub(crate) fn targets(&self) -> Vec<Target> {
        match self {
            Self::Revoke(entry) | Self::Restore(entry) => vec![entry.target()],
            Self::Cycle { uid, instead, .. } => vec![Target::Session(*uid), Target::Session(*instead)],
            Self::RevokeOthers { scope, user_id, uid, .. } => {
                vec![Target::Session(*uid), Target::User(Reach::Scope(scope.clone()), user_id.clone())]
            }
            Self::Move { .. } | Self::Spare { .. } => Vec::new(),
        }
    }
}

/// Before when sessions are revoked, and which are spared.
struct Floor {
    before_ms: u64,
    except: Vec<SessionUid>,
}

/// Whom an entry speaks of: a backend keeps at most one entry for each, so this is what it is found by.
///
/// ```
/// use sealed_session::SessionUid;
/// use sealed_session::revocation::Revocation;
/// use sealed_session::revocation::backend::Target;
///
/// let uid = SessionUid::from_bytes([7; 16]);
/// assert_eq!(Revocation::Session { uid, until_ms: 1_795_003_200_000 }.target(), Target::Session(uid));
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target {
    /// One session.
    Session(SessionUid),
    /// The users with this id, as far as the reach goes. The id is any text of 65,534 bytes at most, the empty one too.
    User(Reach, String),
    /// Everybody of an application, or of all without one.
    Everything(Option<String>),
}

/// Without users and applications, as that of [`Revocation`].
impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Session(uid) => f.debug_tuple("Session").field(uid).finish(),
            Self::User(..) => f.debug_tuple("User").finish_non_exhaustive(),
            Self::Everything(_) => f.debug_tuple("Everything").finish_non_exhaustive(),
        }
    }
}

impl Revocation {
    /// When it may be forgotten.
    #[must_use]
    pub fn until_ms(&self) -> u64 {
        match self {
            Self::Session { until_ms, .. }
            | Self::User { until_ms, .. }
            | Self::Everything { until_ms, .. } => *until_ms,
        }
    }

    /// Whom it speaks of.
    #[must_use]
    pub fn target(&self) -> Target {
        match self {
            Self::Session { uid, .. } => Target::Session(*uid),
            Self::User { reach, user_id, .. } => Target::User(reach.clone(), user_id.clone()),
            Self::Everything { app_id, .. } => Target::Everything(app_id.clone()),
        }
    }

    /// The same, for as long as a list that is kept by these limits has to have it; nothing where it does already, or where
    /// its end means something.
    pub(crate) fn prolonged(mut self, retention: Retention, now_ms: u64) -> Option<Self> {
        let (until_ms, longer_ms) = match &mut self {
            Self::Session { uid, .. } if uid.as_bytes().starts_with(&ALLOWS) => return None,
            Self::Session { until_ms, .. } => (until_ms, retention.of_anything(now_ms)),
            Self::User { until_ms, created_before_ms, .. }
            | Self::Everything { until_ms, created_before_ms, .. } => {
                (until_ms, retention.of_anything(now_ms.max(*created_before_ms)))
            }
        };
        let is_longer = longer_ms > *until_ms;
        *until_ms = longer_ms;
        is_longer.then_some(self)
    }

    /// Before when sessions are revoked, and which are spared. One session is, whenever it was created.
    pub(crate) fn floor(&self) -> (u64, &[SessionUid]) {
        match self {
            Self::Session { .. } => (u64::MAX, &[]),
            Self::User { created_before_ms, except, .. } => (*created_before_ms, except),
            Self::Everything { created_before_ms, .. } => (*created_before_ms, &[]),
        }
    }

    /// Whether such a session, which this speaks of, is revoked.
    pub(crate) fn revokes(&self, uid: SessionUid, created_at_ms: u64) -> bool {
        let (before_ms, except) = self.floor();
        created_at_ms < before_ms && !except.contains(&uid)
    }

    /// What there is of two with one target, by what `of` makes of their times and exceptions. It counts until the later of
    /// their ends.
    fn with(self, other: &Self, of: impl FnOnce(Floor, Floor) -> Floor) -> Self {
        let until_ms = self.until_ms().max(other.until_ms());
        let (before_ms, except) = other.floor();
        let its = Floor { before_ms, except: except.to_vec() };
        match self {
            Self::Session { uid, .. } => Self::Session { uid, until_ms },
            Self::User { reach, user_id, created_before_ms: before_ms, except, .. } => {
                let Floor { before_ms: created_before_ms, except } = of(Floor { before_ms, except }, its);
                Self::User { reach, user_id, created_before_ms, except, until_ms }
            }
            Self::Everything { app_id, created_before_ms: before_ms, .. } => {
                let created_before_ms = of(Floor { before_ms, except: Vec::new() }, its).before_ms;
                Self::Everything { app_id, created_before_ms, until_ms }
            }
        }
    }

    /// What there is once `later` was recorded after this: more than before, also where a clock that was ahead said a later
    /// time then.
    pub(crate) fn then(self, later: &Self) -> Self {
        self.with(later, |before, later| Floor {
            before_ms: later.before_ms.max(before.before_ms.saturating_add(1)),
            except: later.except,
        })
    }

    /// What there is of two of which neither is known to be later.
    pub(crate) fn and(self, other: &Self) -> Self {
        self.with(other, |mut one, other| {
            one.except.retain(|uid| other.except.contains(uid));
            Floor { before_ms: one.before_ms.max(other.before_ms), except: one.except }
        })
    }
}

/// Without the user.
impl fmt::Debug for Revocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, before) = match self {
            Self::Session { uid, .. } => return f.debug_tuple("Session").field(uid).finish(),
            Self::User { created_before_ms, .. } => ("User", created_before_ms),
            Self::Everything { created_before_ms, .. } => ("Everything", created_before_ms),
        };
        f.debug_struct(kind).field("created_before_ms", before).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::revocation::Sharer;

    #[test]
    fn what_revokes_is_prolonged_as_far_as_it_has_to_be_and_what_allows_is_not() {
        let sharer = Sharer {
            id: [1; 16],
            max_ttl_ms: 10,
            max_lifetime_ms: 100,
            leeway_ms: 3,
            poll_ms: 1,
            refuse_after_ms: Some(5),
            seen_at_ms: 0,
        };
        let session = |uid, until_ms| Revocation::Session { uid: SessionUid::from_bytes(uid), until_ms };
        let everything = |created_before_ms, until_ms| Revocation::Everything {
            app_id: None,
            created_before_ms,
            until_ms,
        };
        let retention = Retention::of([&sharer]);
        let prolonged = |entry: Revocation| entry.prolonged(retention, 1_000);
        assert_eq!(prolonged(session([7; 16], 1_003)), Some(session([7; 16], 1_104)));
        assert_eq!(prolonged(session([7; 16], 1_104)), None, "it lasts for long enough");
        assert_eq!(prolonged(session(*b"till............", 1_003)), None, "its end means something");
        assert_eq!(prolonged(everything(1_000, 7)), Some(everything(1_000, 1_104)));
        assert_eq!(
            prolonged(everything(1_020, 7)),
            Some(everything(1_020, 1_124)),
            "by a clock that was ahead"
        );
    }
}
