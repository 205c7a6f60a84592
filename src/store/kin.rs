//! Stores of further names over one ring: what belongs to a session and is sealed beside it.
//!
//! Kin have one clock, one generator, one list of revocations, one follower, and always the ring of the first of
//! them, whichever of them it is given to. Their keys are derived for their own names, so that a token of one opens
//! in no other. The first one lives for as long as any.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use super::{Inner, builder};
use crate::error::{ConfigError, KeyError};
use crate::key::KeyId;
use crate::ring::KeyRing;
use crate::ring::live::Table;

/// Where a store stands among its kin.
pub(super) struct Kin {
    /// Nothing for the first itself.
    pub(super) first: Option<Arc<Inner>>,
    /// Of the first: all others. Held while the ring changes, and while another one is added; never by readers.
    others: Mutex<Vec<Weak<Inner>>>,
}

impl Kin {
    /// A store that has no kin yet.
    pub(super) fn of(first: Option<Arc<Inner>>) -> Self {
        Self { first, others: Mutex::default() }
    }

    /// A thread that panicked while it held the lock left nothing half-changed.
    pub(super) fn others(&self) -> MutexGuard<'_, Vec<Weak<Inner>>> {
        self.others.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// The first of the kin, which follows the ring file.
    pub(super) fn first(&self) -> &Self {
        self.kin.first.as_deref().unwrap_or(self)
    }

    /// Gives all kin another ring, or none of them; the key that seals for the first.
    ///
    /// All keys are derived before any is put into place. Once this returns, nobody meets the old ring.
    pub(super) fn replace_ring(&self, ring: &Arc<KeyRing>) -> Result<Option<KeyId>, ConfigError> {
        let first = self.first();
        let mut known = first.kin.others();
        known.retain(|other| other.strong_count() > 0);
        let others: Vec<Arc<Self>> = known.iter().filter_map(Weak::upgrade).collect();
        let all = || std::iter::once(first).chain(others.iter().map(AsRef::as_ref));
        let now = self.clock.now_ms();
        let derived: Vec<_> = all().map(|store| store.derive(ring, now)).collect::<Result<_, _>>()?;
        let sealing = derived.first().and_then(|keys| keys.sealing_id());
        all().zip(derived).for_each(|(store, keys)| store.ring.put(keys));
        Ok(sealing)
    }

    fn derive(&self, ring: &Arc<KeyRing>, now: u64) -> Result<Arc<Table>, ConfigError> {
        builder::check_ring(ring, &self.policy)?;
        self.ring.derive(ring, now).map_err(unusable)
    }
}

pub(super) fn unusable(error: KeyError) -> ConfigError {
    ConfigError(error.to_string())
}

#[cfg(test)]
#[cfg(all(feature = "dbsc", feature = "hazmat"))]
mod tests {
    use std::time::Duration;

    use crate::hazmat::ManualClock;
    use crate::policy::Policy;
    use crate::ring::{KeyRing, Root};
    use crate::{CreateOptions, KeyState, RootSecret, SealedStore, SessionPlugin};

    fn root(number: u8) -> Root {
        Root::new(RootSecret::from_bytes(&[number; 32]).unwrap())
    }

    fn store(roots: Vec<Root>, clock: &ManualClock) -> SealedStore {
        SealedStore::builder(KeyRing::new(roots).unwrap()).clock(clock.clone()).build().unwrap()
    }

    fn kin(store: &SealedStore, name: &str) -> SealedStore {
        store.kin(name, name.to_owned(), store.policy().clone()).unwrap()
    }

    fn state(store: &SealedStore, id: &crate::SessionId) -> Option<KeyState> {
        store.open(id).ok().map(|session| session.key_state())
    }

    #[test]
    fn a_ring_that_is_given_to_any_of_them_is_given_to_all() {
        let clock = ManualClock::at(1_000);
        let first = store(vec![root(1)], &clock);
        let (second, third) = (kin(&first, "second"), kin(&first, "third;"));
        let of_second = kin(&second, "of second");
        let all = [&first, &second, &third, &of_second];
        for (number, store) in all.iter().enumerate() {
            let ids = all.map(|store| store.create(CreateOptions::default()).unwrap());
            let next = root(10 + u8::try_from(number).unwrap()).activating_at(500 + number as u64);
            let before = root(9 + u8::try_from(number).unwrap()).activating_at(499 + number as u64);
            let before = if number == 0 { root(1) } else { before };
            store.replace_ring(KeyRing::new(vec![before, next]).unwrap()).unwrap();
            for (store, id) in all.iter().zip(&ids) {
                assert_eq!(state(store, id), Some(KeyState::Accepted), "{}", store.cookie_name());
            }
        }
    }

    #[test]
    fn a_token_of_one_opens_in_no_other() {
        let clock = ManualClock::at(1_000);
        let first = store(vec![root(1)], &clock);
        let (second, third) = (kin(&first, "second"), kin(&first, "third"));
        let all = [&first, &second, &third];
        for (at, maker) in all.iter().enumerate() {
            let id = maker.create(CreateOptions::default()).unwrap();
            let opens: Vec<bool> = all.iter().map(|store| store.open(&id).is_ok()).collect();
            assert_eq!(opens, [0, 1, 2].map(|other| other == at));
        }
    }

    #[test]
    fn the_keys_are_those_of_the_key_name_whatever_the_cookie_is_called() {
        let first = store(vec![root(1)], &ManualClock::at(1_000));
        let made = |key_name: &str, cookie_name: &str| {
            first.kin(key_name, cookie_name.to_owned(), first.policy().clone()).unwrap()
        };
        let (sealed, other) = (made("a;b", "cookie"), made("cookie", "a;b"));
        let id = sealed.create(CreateOptions::default()).unwrap();
        assert!(made("a;b", "another").open(&id).is_ok());
        assert!(other.open(&id).is_err());
        assert_eq!(sealed.cookie_name(), "cookie");
    }

    #[test]
    fn a_ring_that_one_of_them_refuses_is_given_to_none() {
        let clock = ManualClock::at(1_000);
        let first = SealedStore::builder(KeyRing::single(RootSecret::from_bytes(&[1; 32]).unwrap()))
            .default_ttl(Duration::from_secs(60))
            .max_ttl(Duration::from_secs(60))
            .clock(clock.clone())
            .build()
            .unwrap();
        let longer = Policy { max_ttl_ms: 120_000, ..first.policy().clone() };
        let second = first.kin("second", "second".to_owned(), longer).unwrap();
        let id = first.create(CreateOptions::default()).unwrap();
        let short = || {
            let next = root(2).activating_at(1);
            KeyRing::new(vec![root(1), next]).unwrap().with_max_ttl(Duration::from_secs(60)).unwrap()
        };
        assert!(first.replace_ring(short()).is_err());
        assert_eq!(state(&first, &id), Some(KeyState::Sealing));
        drop(second);
        assert_eq!(first.replace_ring(short()), Ok(()), "it refuses for as long as it is there");
        assert_eq!(state(&first, &id), Some(KeyState::Accepted));
    }

    #[test]
    fn one_whose_tokens_would_outlive_their_keys_is_not_made() {
        let first = store(vec![root(1)], &ManualClock::at(1_000));
        let month = first.ring_max_ttl_ms();
        let with = |max_ttl_ms| {
            let longer = Policy { max_ttl_ms, ..first.policy().clone() };
            first.kin("second", "second".to_owned(), longer)
        };
        assert!(with(month).is_ok() && with(month + 1).is_err());
    }

    #[test]
    fn those_that_are_gone_are_forgotten_at_the_next_rotation() {
        let first = store(vec![root(1)], &ManualClock::at(1_000));
        let second = kin(&first, "second");
        drop([kin(&first, "third"), kin(&second, "fourth")]);
        first.replace_ring(KeyRing::new(vec![root(1)]).unwrap()).unwrap();
        assert_eq!(first.0.kin.others().len(), 1);
    }

    #[test]
    fn epochs_pass_for_each_of_them() {
        let clock = ManualClock::at(0);
        let hourly = root(1).rotating_every(Duration::from_secs(3_600)).unwrap();
        let first = store(vec![hourly], &clock);
        let second = kin(&first, "second");
        let id = second.create(CreateOptions::default()).unwrap();
        clock.advance(3_600_000);
        assert_eq!(state(&second, &id), Some(KeyState::Accepted));
        assert_ne!(
            second.open(&second.reseal(&id).unwrap()).unwrap().key_id(),
            second.open(&id).unwrap().key_id()
        );
    }

    #[test]
    fn kin_made_while_the_ring_changes_have_the_last_one() {
        let clock = ManualClock::at(1_000);
        let first = store(vec![root(1)], &clock);
        let ring =
            |number: u8| KeyRing::new(vec![root(1), root(number).activating_at(number.into())]).unwrap();
        let made = std::thread::scope(|scope| {
            scope.spawn(|| (2..60).for_each(|number| first.replace_ring(ring(number)).unwrap()));
            [(); 20].map(|()| kin(&first, "same"))
        });
        let last = SealedStore::builder(ring(59)).clock(clock).build().unwrap();
        for store in made {
            let id = store.create(CreateOptions::default()).unwrap();
            assert_eq!(state(&kin(&last, "same"), &id), Some(KeyState::Sealing));
        }
    }
}
