//! How changes are recorded by a backend that keeps entries by what they speak of: one function of what there is.

use std::collections::HashMap;

use super::entry::{MOST_SPARED, Target};
use super::{BackendError, Change, Reach, Revocation, Scope};
use crate::uid::SessionUid;

/// The entries of a backend within one step, for example within a transaction. [`apply`] reads and writes them.
pub trait Entries {
    /// Why an entry can be neither read nor written.
    type Error: From<BackendError>;

    /// The entry with this target, if there is one, as the last [`put`](Self::put) of this step left it.
    ///
    /// # Errors
    /// When it cannot be read.
    fn get(&mut self, target: &Target) -> Result<Option<Revocation>, Self::Error>;

    /// Puts an entry in the place of the one with the same target, if there is one. That is [news](super::backend::News)
    /// for every server.
    ///
    /// # Errors
    /// When it cannot be written.
    fn put(&mut self, entry: Revocation) -> Result<(), Self::Error>;
}

/// Makes changes of entries, in order: reads those that the changes are about, and puts what becomes of them. An entry that
/// stays as it is is not put.
///
/// Call it within a step that is undone as a whole when this is an error.
///
/// # Errors
/// Those of the entries; [`BackendError`] when a change is refused, since too many sessions would be spared.
///
/// ```
/// use std::collections::HashMap;
///
/// use sealed_session::SessionUid;
/// use sealed_session::revocation::backend::{BackendError, Entries, Target, apply};
/// use sealed_session::revocation::{Change, Revocation};
///
/// struct Table(HashMap<Target, Revocation>);
///
/// impl Entries for Table {
///     type Error = BackendError;
///
///     fn get(&mut self, target: &Target) -> Result<Option<Revocation>, BackendError> {
///         Ok(self.0.get(target).cloned()) // SELECT .. FOR UPDATE
///     }
///
///     fn put(&mut self, entry: Revocation) -> Result<(), BackendError> {
///         self.0.insert(entry.target(), entry); // INSERT .. ON CONFLICT UPDATE
///         Ok(())
///     }
/// }
///
/// let (mut table, uid) = (Table(HashMap::new()), SessionUid::from_bytes([7; 16]));
/// let revoke = |until_ms| Change::Revoke(Revocation::Session { uid, until_ms });
/// apply(&mut table, &[revoke(1_795_003_200_000), revoke(1_795_000_000_000)])?;
/// assert_eq!(table.0[&Target::Session(uid)].until_ms(), 1_795_003_200_000); // the later one counts
/// # Ok::<(), BackendError>(())
/// ```
pub fn apply<E: Entries>(entries: &mut E, changes: &[Change]) -> Result<(), E::Error> {
    changes.iter().try_for_each(|change| one(entries, change))
}

fn one<E: Entries>(entries: &mut E, change: &Change) -> Result<(), E::Error> {
    match change {
        Change::Revoke(new) => merge(entries, new, Revocation::then),
        Change::Restore(known) => merge(entries, known, Revocation::and),
        Change::RevokeOthers { scope, user_id, created_before_ms, uid, created_at_ms, instead, until_ms } => {
            // It has no say any more: another may have taken its place by the same act.
            if is_revoked(entries, scope, user_id, *uid, *created_at_ms)? {
                return Ok(());
            }
            merge(entries, &Revocation::Session { uid: *uid, until_ms: *until_ms }, Revocation::then)?;
            let user = Revocation::User {
                reach: Reach::Scope(scope.clone()),
                user_id: user_id.clone(),
                created_before_ms: *created_before_ms,
                except: vec![*instead],
                until_ms: *until_ms,
            };
            merge(entries, &user, Revocation::then)?;
            move_wider(entries, scope, user_id, *uid, *instead)
        }
        Change::Cycle { uid, instead, until_ms } => {
            let has_ended = entries.get(&Target::Session(*uid))?.is_some();
            let uid = if has_ended { *instead } else { *uid };
            merge(entries, &Revocation::Session { uid, until_ms: *until_ms }, Revocation::then)
        }
        Change::Move { reach, user_id, from, to } => {
            spare(entries, reach, user_id, *to, Spared::InPlaceOf(*from))
        }
        Change::Spare { reach, user_id, uid, created_before_ms } => {
            spare(entries, reach, user_id, *uid, Spared::SinceBefore(*created_before_ms))
        }
    }
}

/// What [`apply`] would put, in order: for a backend that has no transactions, and writes all of it at once.
///
/// # Errors
/// [`BackendError`] when a change is refused, since too many sessions would be spared.
///
/// ```
/// use sealed_session::SessionUid;
/// use sealed_session::revocation::backend::outcome;
/// use sealed_session::revocation::{Change, Revocation};
///
/// let of = |until_ms| Revocation::Session { uid: SessionUid::from_bytes([7; 16]), until_ms };
/// let there = of(1_795_003_200_000);
/// let puts = outcome(|_| Some(there.clone()), &[Change::Revoke(of(1_795_000_000_000))])?;
/// assert!(puts.is_empty()); // nothing is new
/// # Ok::<(), sealed_session::revocation::BackendError>(())
/// ```
pub fn outcome(
    there: impl Fn(&Target) -> Option<Revocation>,
    changes: &[Change],
) -> Result<Vec<Revocation>, BackendError> {
    let mut draft = Draft { there, becomes: Vec::new(), at: HashMap::new() };
    apply(&mut draft, changes)?;
    Ok(draft.becomes)
}

struct Draft<F> {
    there: F,
    becomes: Vec<Revocation>,
    /// Where in them the last one with a target is.
    at: HashMap<Target, usize>,
}

impl<F: Fn(&Target) -> Option<Revocation>> Entries for Draft<F> {
    type Error = BackendError;

    fn get(&mut self, target: &Target) -> Result<Option<Revocation>, BackendError> {
        let becomes = self.at.get(target).and_then(|at| self.becomes.get(*at)).cloned();
        Ok(becomes.or_else(|| (self.there)(target)))
    }

    fn put(&mut self, entry: Revocation) -> Result<(), BackendError> {
        self.at.insert(entry.target(), self.becomes.len());
        self.becomes.push(entry);
        Ok(())
    }
}

/// What a backend does of changes whatever there is.
pub(super) fn certain(changes: &[Change]) -> Vec<Change> {
    let of = |change: &Change| match change {
        Change::Revoke(_) | Change::Restore(_) => Some(change.clone()),
        Change::Cycle { uid, until_ms, .. } => {
            Some(Change::Revoke(Revocation::Session { uid: *uid, until_ms: *until_ms }))
        }
        Change::RevokeOthers { .. } | Change::Move { .. } | Change::Spare { .. } => None,
    };
    changes.iter().filter_map(of).collect()
}

/// Those of them that spare somebody.
pub(super) fn spared(changes: &[Change]) -> Vec<Change> {
    let spares = |change: &&Change| matches!(change, Change::Spare { .. } | Change::Move { .. });
    changes.iter().filter(spares).cloned().collect()
}

/// Whether such a session is revoked as far as the backend knows.
fn is_revoked<E: Entries>(
    entries: &mut E,
    scope: &Scope,
    user_id: &str,
    uid: SessionUid,
    created_at_ms: u64,
) -> Result<bool, E::Error> {
    let one =
        [Target::Session(uid), Target::Everything(Some(scope.app_id.clone())), Target::Everything(None)];
    let users = scope.reaches().map(|reach| Target::User(reach, user_id.to_owned()));
    for target in one.iter().chain(&users) {
        if entries.get(target)?.is_some_and(|entry| entry.revokes(uid, created_at_ms)) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// What the entries that reach further spared, they go on sparing under its new uid.
fn move_wider<E: Entries>(
    entries: &mut E,
    scope: &Scope,
    user_id: &str,
    from: SessionUid,
    to: SessionUid,
) -> Result<(), E::Error> {
    let why = Spared::InPlaceOf(from);
    spare(entries, &Reach::Application(scope.app_id.clone()), user_id, to, why)?;
    spare(entries, &Reach::Backend, user_id, to, why)
}

fn merge<E: Entries>(
    entries: &mut E,
    new: &Revocation,
    both: impl FnOnce(Revocation, &Revocation) -> Revocation,
) -> Result<(), E::Error> {
    match entries.get(&new.target())? {
        None => entries.put(new.clone()),
        Some(old) => {
            let after = both(old.clone(), new);
            if after == old { Ok(()) } else { entries.put(after) }
        }
    }
}

/// Why the entry of a user comes to spare a session.
#[derive(Clone, Copy)]
enum Spared {
    /// It begins, and was to be spared when the entry said no later time than this.
    SinceBefore(u64),
    /// It takes the place of another that is spared.
    InPlaceOf(SessionUid),
}

fn spare<E: Entries>(
    entries: &mut E,
    reach: &Reach,
    user_id: &str,
    uid: SessionUid,
    why: Spared,
) -> Result<(), E::Error> {
    let target = Target::User(reach.clone(), user_id.to_owned());
    let Some(mut entry) = entries.get(&target)? else { return Ok(()) };
    let Revocation::User { except, created_before_ms, .. } = &mut entry else { return Ok(()) };
    match why {
        _ if except.contains(&uid) => return Ok(()),
        Spared::InPlaceOf(from) => match except.iter_mut().find(|spared| **spared == from) {
            Some(spared) => *spared = uid,
            None => return Ok(()),
        },
        Spared::SinceBefore(known_ms) if *created_before_ms > known_ms => return Ok(()),
        Spared::SinceBefore(_) if except.len() < MOST_SPARED => except.push(uid),
        Spared::SinceBefore(_) => return Err(too_many().into()),
    }
    entries.put(entry)
}

pub(crate) fn too_many() -> BackendError {
    BackendError::new(format!(
        "{MOST_SPARED} sessions of this user have begun since all of theirs were revoked a moment ago: wait for as \
         long as clocks may differ (the store's leeway)"
    ))
}
