//! What is news to a node.

use std::collections::BTreeMap;

use sealed_session::SessionUid;
use sealed_session::revocation::{Backend, Reach, Revocation};

/// What a node has been told: of each thing the last.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Told(BTreeMap<Key, Revocation>);

/// What is revoked: the session; the user, of whom; everything, of which application.
type Key = (Option<SessionUid>, Option<(Reach, String)>, Option<Option<String>>);

fn key(revocation: &Revocation) -> Key {
    match revocation {
        Revocation::Session { uid, .. } => (Some(*uid), None, None),
        Revocation::User { reach, user_id, .. } => (None, Some((reach.clone(), user_id.clone())), None),
        Revocation::Everything { app_id, .. } => (None, None, Some(app_id.clone())),
    }
}

impl Told {
    pub(crate) fn of(revocations: &[Revocation]) -> Self {
        Self(revocations.iter().map(|revocation| (key(revocation), revocation.clone())).collect())
    }

    pub(crate) fn by(node: &mut impl Backend) -> Self {
        Self::of(&node.news().unwrap().revocations)
    }

    pub(crate) fn has(&self, revocation: &Revocation) -> bool {
        self.0.get(&key(revocation)) == Some(revocation)
    }

    /// Whether it has been told of what this one speaks of.
    pub(crate) fn knows(&self, of: &Revocation) -> bool {
        self.0.contains_key(&key(of))
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}
