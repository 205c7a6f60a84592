//! Rotation by an operator: add, wait, prune; and what goes wrong in a hurry.

use std::time::Duration;

use sealed_session::hazmat::ManualClock;
use sealed_session::{
    CreateOptions, KeyRing, KeyState, Reason, Root, RootId, RootSecret, SealedStore, SessionError, SessionId,
    SessionPlugin,
};

use crate::common::{DAY, HOUR, MINUTE, NOW, essence, options, refusal, ring, root};
use crate::{copy, rotating, server};

#[test]
fn a_session_survives_a_rotation_from_staged_to_gone() {
    let clock = ManualClock::at(NOW);
    let mut ring = ring(vec![root(1)]);
    let store = server(copy(&ring), &clock);
    let id = store.create(options(Some("user"), r#"{"a":1}"#, 30 * DAY)).unwrap();
    let session = store.open(&id).unwrap();
    let state = |id: &SessionId| store.open(id).map(|session| session.key_state()).map_err(|e| e.reason());

    ring.add(root(2).activating_at(NOW + HOUR), NOW).unwrap();
    store.replace_ring(copy(&ring)).unwrap();
    assert_eq!(state(&id), Ok(KeyState::Sealing));
    clock.set(NOW + HOUR - 1);
    assert_eq!(state(&store.reseal(&id).unwrap()), Ok(KeyState::Sealing));
    clock.set(NOW + HOUR);
    assert_eq!(state(&id), Ok(KeyState::Accepted));
    let resealed = store.reseal(&id).unwrap();
    assert_eq!(state(&resealed), Ok(KeyState::Sealing));
    assert_eq!(essence(&store.open(&resealed).unwrap()), essence(&session));
    clock.set(NOW + 30 * DAY - 1);
    assert_eq!((state(&id), state(&resealed)), (Ok(KeyState::Accepted), Ok(KeyState::Sealing)));
    clock.set(NOW + 30 * DAY);
    assert_eq!((state(&id), state(&resealed)), (Err(Reason::Expired), Err(Reason::Expired)));
    clock.set(NOW + HOUR + 31 * DAY);
    assert_eq!((state(&id), state(&resealed)), (Err(Reason::KeyGone), Err(Reason::Expired)));
}

#[test]
fn servers_that_learn_of_a_root_before_it_activates_open_each_others_sessions() {
    let clock = ManualClock::at(NOW);
    let mut ring = ring(vec![root(1)]);
    let (early, late) = (server(copy(&ring), &clock), server(copy(&ring), &clock));
    ring.add(root(2).activating_at(NOW + HOUR), NOW).unwrap();
    early.replace_ring(copy(&ring)).unwrap();
    let check = || {
        for (maker, reader) in [(&early, &late), (&late, &early)] {
            let id = maker.create(CreateOptions::default()).unwrap();
            assert!(reader.read(&id).is_ok());
            assert!(maker.read(&reader.touch(&id, 0).unwrap()).is_ok());
        }
    };
    check();
    clock.set(NOW + HOUR - 1);
    late.replace_ring(copy(&ring)).unwrap();
    check();
    clock.set(NOW + HOUR);
    check();
}

#[test]
fn a_server_whose_clock_is_ahead_seals_with_a_root_that_is_staged_elsewhere() {
    let roots = || ring(vec![root(1), root(2).activating_at(NOW)]);
    let behind = server(roots(), &ManualClock::at(NOW - 45_000));
    let ahead = server(roots(), &ManualClock::at(NOW));
    let id = ahead.create(CreateOptions::default()).unwrap();
    assert_eq!(behind.open(&id).unwrap().key_state(), KeyState::Staged);
    let id = behind.touch(&id, HOUR).unwrap();
    assert_eq!(ahead.open(&id).unwrap().key_state(), KeyState::Accepted);
}

#[test]
fn a_revoked_root_takes_its_sessions_with_it_and_no_others() {
    let clock = ManualClock::at(NOW);
    let mut ring = ring(vec![root(1)]);
    let store = server(copy(&ring), &clock);
    let first = store.create(options(None, "", 30 * DAY)).unwrap();
    ring.add(root(2).activating_at(NOW + 1), NOW).unwrap();
    store.replace_ring(copy(&ring)).unwrap();
    clock.advance(1);
    let second = store.create(options(None, "", 30 * DAY)).unwrap();
    ring.revoke(root(2).id(), NOW + 1, false).unwrap();
    store.replace_ring(copy(&ring)).unwrap();
    assert_eq!(refusal(&store, second.as_str()), Reason::KeyRevoked);
    assert_eq!(store.open(&first).unwrap().key_state(), KeyState::Sealing);
    clock.set(NOW + 30 * DAY - 1);
    assert!(store.read(&first).is_ok(), "its root was to retire only on account of the revoked one");
}

#[test]
fn a_ring_whose_tokens_live_too_short_is_refused_and_the_old_one_stays() {
    let clock = ManualClock::at(NOW);
    let store = server(ring(vec![root(1)]), &clock);
    let id = store.create(CreateOptions::default()).unwrap();
    let shorter = ring(vec![root(2)]).with_max_ttl(Duration::from_secs(30 * 86_400 - 1)).unwrap();
    let error = store.replace_ring(shorter).unwrap_err();
    assert!(error.to_string().contains("longer than the ring's longest life"), "{error}");
    assert_eq!(store.open(&id).unwrap().key_state(), KeyState::Sealing);
    let as_long = ring(vec![root(2)]).with_max_ttl(Duration::from_secs(30 * 86_400)).unwrap();
    store.replace_ring(as_long).unwrap();
    assert_eq!(refusal(&store, id.as_str()), Reason::UnknownKey);
}

#[test]
fn a_ring_with_too_many_epochs_for_the_stores_leeway_is_refused() {
    let builder = SealedStore::builder(ring(vec![root(1)])).leeway(Duration::from_secs(280 * 3_600));
    let store = builder.build().unwrap();
    let id = store.create(CreateOptions::default()).unwrap();
    let error = store.replace_ring(ring(vec![rotating(2, 3_600)])).unwrap_err();
    assert!(error.to_string().contains("epochs accepted at a time"), "{error}");
    assert!(store.read(&id).is_ok());
}

/// An operator who adds, revokes and prunes at random, and a server that follows.
struct History {
    random: u64,
    now: u64,
    made: u64,
    ring: KeyRing,
    store: SealedStore,
    clock: ManualClock,
    /// Each with the end of its life and the root that sealed it.
    sessions: Vec<(SessionId, u64, RootId)>,
}

impl History {
    fn begin(seed: u64) -> Self {
        let (clock, ring) = (ManualClock::at(NOW), KeyRing::single(numbered(0)));
        let store = server(copy(&ring), &clock);
        Self { random: seed, now: NOW, made: 0, ring, store, clock, sessions: Vec::new() }
    }

    /// Below `bound`; Knuth's MMIX generator, so that a history can be told again.
    fn below(&mut self, bound: u64) -> u64 {
        self.random =
            self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.random >> 33) % bound
    }

    fn step(&mut self) {
        match self.below(10) {
            0..3 => self.now += self.below(6 * DAY),
            3 => self.add(),
            4 => self.revoke(),
            5 => drop(self.ring.prune(self.now)),
            _ => self.create(),
        }
        self.clock.set(self.now);
        self.store.replace_ring(copy(&self.ring)).unwrap();
    }

    fn add(&mut self) {
        self.made += 1;
        let period = Duration::from_secs([0, 0, 43_200, 86_400, 604_800][self.below(5) as usize]);
        let start = self.now + self.below(3 * DAY) / MINUTE * MINUTE + self.made;
        let root = Root::new(numbered(self.made)).rotating_every(period).unwrap().activating_at(start);
        self.ring.add(root, self.now).unwrap();
    }

    fn revoke(&mut self) {
        let at = self.below(self.ring.roots().len() as u64) as usize;
        let id = self.ring.roots()[at].id();
        if self.ring.revoke(id, self.now, false).is_ok() {
            self.sessions.retain(|(.., root)| *root != id);
        }
    }

    fn create(&mut self) {
        let ttl = 1 + self.below(30 * DAY);
        let id = self.store.create(options(None, "", ttl)).unwrap();
        let key = self.store.open(&id).unwrap().key_id();
        let keys = self.ring.keys_at("", "__Host-session", self.now, 0).unwrap();
        let root = keys.into_iter().find(|info| info.key_id == key).unwrap().root_id;
        self.sessions.push((id, self.now + ttl, root));
    }

    /// A key is kept for a day beyond the last of its tokens, so that an end reads as an end.
    fn check(&mut self) {
        assert!(self.store.is_healthy());
        self.sessions.retain(|(_, expires, _)| self.now < expires + DAY);
        for (id, expires, root) in &self.sessions {
            let read = self.store.read(id).map(|record| record.expires_at_ms);
            let expected = if self.now < *expires { Ok(*expires) } else { Err(SessionError::NotFound) };
            assert_eq!(read, expected, "sealed by {root}, at {} in {:?}", self.now, self.ring);
        }
    }
}

fn numbered(number: u64) -> RootSecret {
    RootSecret::from_bytes(&number.to_be_bytes().repeat(4)).unwrap()
}

#[test]
fn no_history_of_rotations_loses_a_session() {
    let mut checked = 0;
    for seed in 0..16 {
        let mut history = History::begin(seed);
        for _ in 0..60 {
            history.step();
            history.check();
            checked += history.sessions.len();
        }
    }
    assert!(checked > 2_000, "{checked} checks");
}
