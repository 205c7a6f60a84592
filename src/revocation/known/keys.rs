//! What is looked up in memory: sessions, users and applications, by borrowed names.

use std::hash::{Hash, Hasher};

use papaya::Equivalent;

use crate::revocation::{Reach, Scope};

/// A user of so many: in a scope, in an application, or anywhere.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct User {
    app_id: Option<Box<str>>,
    scope: Option<Box<str>>,
    pub(super) user_id: Box<str>,
}

/// The same, borrowed.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct UserRef<'a> {
    pub(super) app_id: Option<&'a str>,
    pub(super) scope: Option<&'a str>,
    pub(super) user_id: &'a str,
}

impl<'a> UserRef<'a> {
    pub(super) fn of(reach: &'a Reach, user_id: &'a str) -> Self {
        let (app_id, scope) = match reach {
            Reach::Scope(scope) => (Some(&*scope.app_id), Some(&*scope.name)),
            Reach::Application(app_id) => (Some(&**app_id), None),
            Reach::Backend => (None, None),
        };
        Self { app_id, scope, user_id }
    }

    pub(super) fn reach(self) -> Reach {
        match (self.app_id, self.scope) {
            (Some(app_id), Some(name)) => Reach::Scope(Scope { app_id: app_id.into(), name: name.into() }),
            (Some(app_id), None) => Reach::Application(app_id.into()),
            (None, _) => Reach::Backend,
        }
    }
}

impl User {
    pub(super) fn as_ref(&self) -> UserRef<'_> {
        UserRef { app_id: self.app_id.as_deref(), scope: self.scope.as_deref(), user_id: &self.user_id }
    }
}

impl From<UserRef<'_>> for User {
    fn from(user: UserRef<'_>) -> Self {
        Self {
            app_id: user.app_id.map(Box::from),
            scope: user.scope.map(Box::from),
            user_id: user.user_id.into(),
        }
    }
}

impl Hash for User {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_ref().hash(state);
    }
}

impl Equivalent<User> for UserRef<'_> {
    fn equivalent(&self, key: &User) -> bool {
        *self == key.as_ref()
    }
}

/// An application, or all.
#[derive(PartialEq, Eq, Hash)]
pub(super) struct AppRef<'a>(pub(super) Option<&'a str>);

impl Equivalent<Option<Box<str>>> for AppRef<'_> {
    fn equivalent(&self, key: &Option<Box<str>>) -> bool {
        self.0 == key.as_deref()
    }
}

/// Uids that a server draws are random already. Those that somebody else makes up, a number in front of zeros for example,
/// must not fall into one place either: the map would grow without bound. So both halves are multiplied with each other.
#[derive(Default)]
pub(super) struct UidHasher(u64);

impl Hasher for UidHasher {
    fn write(&mut self, bytes: &[u8]) {
        // Any two that are odd and not zero in any part.
        const APART: [u64; 2] = [0x9E37_79B9_7F4A_7C15, 0xD1B5_4A32_D192_ED03];
        // The length that arrays of bytes write first comes by `write_usize`.
        if let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) {
            let [first, last] = [first, last].map(|half| u64::from_le_bytes(*half));
            let product = u128::from(first ^ APART[0]) * u128::from(last ^ APART[1]);
            let [low, high] = [product, product >> 64].map(|part| part as u64);
            self.0 = low ^ high;
        }
    }

    fn write_usize(&mut self, _: usize) {}

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::hash::{BuildHasher as _, BuildHasherDefault};

    use super::UidHasher;
    use crate::uid::SessionUid;

    #[test]
    fn uids_that_are_numbers_fall_into_places_of_their_own() {
        let hash = |uid: u128| {
            let of =
                |bytes| BuildHasherDefault::<UidHasher>::default().hash_one(SessionUid::from_bytes(bytes));
            [of(uid.to_be_bytes()), of(uid.to_le_bytes())]
        };
        for shift in [0, 32, 60, 64, 96] {
            for bits in [0, 57] {
                let places: HashSet<_> = (0..256)
                    .flat_map(|number| hash(number << shift))
                    .map(|hash| hash >> bits & 0x7f)
                    .collect();
                assert!(places.len() > 90, "{} of 128 places at {shift} and {bits}", places.len());
            }
        }
    }
}
