//! The keys of one cookie as readers see them: a table for the present, swapped under running readers.
//!
//! Every answer that a ring gives changes only at known times (an activation, a retirement, a new epoch).
//! So a table is built for the span between two of them and shared; a reader whose time lies outside builds
//! the next one and swaps it in. Nobody ever waits for a lock, and nobody sees half a ring.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::ops::Range;
use std::sync::Arc;

use arc_swap::{ArcSwap, Guard};

use super::{KeyRing, KeyState, Root, epoch};
use crate::error::{KeyError, Reason};
use crate::key::{KeyContext, KeyId, SealingKey};

/// A ring bound to one cookie and application.
pub(crate) struct LiveRing {
    context: KeyContext,
    leeway_ms: u64,
    table: ArcSwap<Table>,
}

impl LiveRing {
    /// Binds a ring and derives the keys of `now_ms`.
    pub(crate) fn new(
        ring: &Arc<KeyRing>,
        context: KeyContext,
        leeway_ms: u64,
        now_ms: u64,
    ) -> Result<Self, KeyError> {
        let table = Table::build(ring, &context, leeway_ms, now_ms)?;
        Ok(Self { context, leeway_ms, table: ArcSwap::from_pointee(table) })
    }

    /// The keys at a time. All that a reader does is load a pointer, unless it is the first one in a new
    /// span of time.
    pub(crate) fn at(&self, now_ms: u64) -> Guard<Arc<Table>> {
        let table = self.table.load();
        if table.during.contains(&now_ms.into()) { table } else { self.move_on(table, now_ms) }
    }

    /// The table of another time, from the ring of `seen`.
    #[cold]
    fn move_on(&self, seen: Guard<Arc<Table>>, now_ms: u64) -> Guard<Arc<Table>> {
        let Ok(next) = Table::build(&seen.ring, &self.context, self.leeway_ms, now_ms) else {
            // Two keys with one id are a collision of SHA-256: go on with the keys there are.
            return seen;
        };
        let next = Arc::new(next);
        // Only if nobody has replaced the ring meanwhile: an old ring must not come back.
        self.table.compare_and_swap(&seen, Arc::clone(&next));
        Guard::from_inner(next)
    }

    /// The keys that another ring has for this cookie, to be put into place once those of all others are there.
    pub(crate) fn derive(&self, ring: &Arc<KeyRing>, now_ms: u64) -> Result<Arc<Table>, KeyError> {
        Table::build(ring, &self.context, self.leeway_ms, now_ms).map(Arc::new)
    }

    /// Replaces the ring under running readers.
    pub(crate) fn put(&self, table: Arc<Table>) {
        self.table.store(table);
    }

    /// The ring as it is now.
    #[cfg(feature = "dbsc")]
    pub(crate) fn ring(&self) -> Arc<KeyRing> {
        Arc::clone(&self.table.load().ring)
    }

    /// The context of another name of the same application.
    #[cfg(feature = "dbsc")]
    pub(crate) fn context_of(&self, name: &str) -> Result<KeyContext, KeyError> {
        self.context.renamed(name)
    }

    /// Whether it is this ring already.
    #[cfg(feature = "watch")]
    pub(crate) fn holds(&self, ring: &KeyRing) -> bool {
        self.table.load().ring.says_the_same_as(ring)
    }
}

/// The keys of one cookie and application during a span of time.
pub(crate) struct Table {
    ring: Arc<KeyRing>,
    during: Range<u128>,
    keys: HashMap<KeyId, Entry, BuildHasherDefault<KeyIdHasher>>,
    sealing: Option<KeyId>,
    /// Of the epochs that begin next: servers whose clocks are ahead seal under them already.
    next: Vec<KeyId>,
}

/// A key and what it may do.
pub(crate) struct Entry {
    pub(crate) key: SealingKey,
    pub(crate) state: KeyState,
}

impl Table {
    /// The one key of this id, if tokens under it are opened: one lookup, whatever the size of the ring.
    pub(crate) fn opening(&self, id: KeyId) -> Result<&Entry, Reason> {
        let entry = self.keys.get(&id).ok_or(Reason::UnknownKey)?;
        match entry.state {
            KeyState::Revoked => Err(Reason::KeyRevoked),
            KeyState::Gone => Err(Reason::KeyGone),
            KeyState::Staged | KeyState::Sealing | KeyState::Accepted => Ok(entry),
        }
    }

    /// Whether this is the key of an epoch that has only not begun here.
    pub(crate) fn is_of_next_epoch(&self, id: KeyId) -> bool {
        self.next.contains(&id)
    }

    /// The id of the key that seals, if there is one.
    pub(crate) fn sealing_id(&self) -> Option<KeyId> {
        self.sealing
    }

    /// The key that seals, if there is one.
    pub(crate) fn sealing(&self) -> Option<&SealingKey> {
        self.sealing.and_then(|id| self.keys.get(&id)).map(|entry| &entry.key)
    }

    fn build(
        ring: &Arc<KeyRing>,
        context: &KeyContext,
        leeway_ms: u64,
        now_ms: u64,
    ) -> Result<Self, KeyError> {
        let mut keys = HashMap::default();
        let mut sealing = None;
        for Slot { root, epoch, state } in keys_at(ring, now_ms, leeway_ms) {
            let key = root.key.sealing_key(context, root.period_s, epoch);
            let id = key.id();
            if state == KeyState::Sealing {
                sealing = Some(id);
            }
            if keys.insert(id, Entry { key, state }).is_some() {
                return Err(KeyError::new(format!("two keys have the id {id}, so no token could name one")));
            }
        }
        let next = next_epochs(ring, now_ms, leeway_ms)
            .map(|(root, epoch)| root.key.sealing_key(context, root.period_s, epoch).id())
            .collect();
        Ok(Self { ring: Arc::clone(ring), during: span(ring, now_ms, leeway_ms), keys, sealing, next })
    }
}

/// The first epoch of each rotating root that is not accepted yet.
fn next_epochs(ring: &KeyRing, now_ms: u64, leeway_ms: u64) -> impl Iterator<Item = (&Root, u64)> {
    let opens = |state| !matches!(state, KeyState::Revoked | KeyState::Gone);
    let roots = ring
        .roots
        .iter()
        .zip(ring.states_at(now_ms))
        .filter(move |(root, state)| root.period_s > 0 && opens(*state));
    roots.filter_map(move |(root, _)| {
        let newest = *epoch::at(root.period_s, now_ms, ring.max_ttl_s, leeway_ms).accepted.end();
        newest.checked_add(1).map(|epoch| (root, epoch))
    })
}

/// A key that is still to be derived.
pub(crate) struct Slot<'a> {
    pub(crate) root: &'a Root,
    pub(crate) epoch: u64,
    pub(crate) state: KeyState,
}

/// Every key of a ring at a time. Those that open nothing are among them, so that an operator learns why.
pub(crate) fn keys_at(ring: &KeyRing, now_ms: u64, leeway_ms: u64) -> impl Iterator<Item = Slot<'_>> {
    ring.roots.iter().zip(ring.states_at(now_ms)).flat_map(move |(root, of_root)| {
        let epochs = epoch::at(root.period_s, now_ms, ring.max_ttl_s, leeway_ms);
        let current = epochs.current;
        epochs.accepted.map(move |epoch| Slot { root, epoch, state: of_epoch(of_root, epoch, current) })
    })
}

/// The state of one epoch's key, from the state of its root.
fn of_epoch(of_root: KeyState, epoch: u64, current: u64) -> KeyState {
    match of_root {
        KeyState::Revoked | KeyState::Gone | KeyState::Staged => of_root,
        KeyState::Sealing | KeyState::Accepted if epoch > current => KeyState::Staged,
        KeyState::Sealing if epoch == current => KeyState::Sealing,
        KeyState::Sealing | KeyState::Accepted => KeyState::Accepted,
    }
}

/// The times around `now_ms` at which no state and no window of the ring is different.
fn span(ring: &KeyRing, now_ms: u64, leeway_ms: u64) -> Range<u128> {
    let now = u128::from(now_ms);
    let mut span = 0..u128::MAX;
    for root in &ring.roots {
        let epochs = epoch::at(root.period_s, now_ms, ring.max_ttl_s, leeway_ms);
        span = span.start.max(epochs.during.start)..span.end.min(epochs.during.end);
        for turn in std::iter::once(root.activate_at_ms).chain(root.retire_at_ms).map(u128::from) {
            if turn <= now {
                span.start = span.start.max(turn);
            } else {
                span.end = span.end.min(turn);
            }
        }
    }
    span
}

/// Takes eight octets of a key id as its hash. Key ids are outputs of HKDF and only a ring's own stand in
/// the table, so nobody can choose them to collide.
#[derive(Default)]
struct KeyIdHasher(u64);

impl Hasher for KeyIdHasher {
    fn write(&mut self, octets: &[u8]) {
        if let Some(first) = octets.first_chunk() {
            self.0 = u64::from_ne_bytes(*first);
        }
    }

    /// The derived `Hash` of an array writes its length first, which is the same for all.
    fn write_usize(&mut self, _: usize) {}

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use std::hash::BuildHasher as _;

    use super::*;
    use crate::key::RootSecret;

    fn root(fill: u8) -> Root {
        Root::new(RootSecret::from_bytes(&[fill; 32]).unwrap())
    }

    fn states(ring: &KeyRing, now_ms: u64) -> Vec<(u64, KeyState)> {
        keys_at(ring, now_ms, 60_000).map(|slot| (slot.epoch, slot.state)).collect()
    }

    #[test]
    fn the_hash_of_a_key_id_is_its_first_octets() {
        let id = KeyId::from_bytes(*b"01234567 and so ");
        let hash = BuildHasherDefault::<KeyIdHasher>::default().hash_one(id);
        assert_eq!(hash, u64::from_ne_bytes(*b"01234567"));
    }

    #[test]
    fn the_answer_of_a_span_is_the_answer_at_both_its_ends() {
        let hourly = root(3).rotating_every(std::time::Duration::from_secs(3600)).unwrap();
        let ring = KeyRing::new(vec![
            root(1).retiring_at(50_000_000),
            root(2).activating_at(10_000_000).retiring_at(90_000_000),
            hourly.activating_at(20_000_000),
        ])
        .unwrap()
        .with_max_ttl(std::time::Duration::from_secs(7200))
        .unwrap();
        let mut now = 0;
        let mut spans = 0;
        while now < 200_000_000 {
            let span = span(&ring, now, 60_000);
            let (start, end) = (u64::try_from(span.start).unwrap(), u64::try_from(span.end).unwrap());
            assert_eq!(states(&ring, start), states(&ring, now));
            assert_eq!(states(&ring, end - 1), states(&ring, now));
            (now, spans) = (end, spans + 1);
        }
        assert!((100..300).contains(&spans), "{spans}: a new table about twice an hour");
    }

    #[test]
    fn a_reader_that_saw_the_old_ring_does_not_bring_it_back() {
        let context = KeyContext::new("", "s").unwrap();
        let hourly = root(1).rotating_every(std::time::Duration::from_secs(3600)).unwrap();
        let live = LiveRing::new(&Arc::new(KeyRing::new(vec![hourly]).unwrap()), context, 0, 0).unwrap();
        let seen = live.table.load();
        let new_ring = Arc::new(KeyRing::single(RootSecret::from_bytes(&[2; 32]).unwrap()));
        live.put(live.derive(&new_ring, 0).unwrap());
        let new_id = live.at(0).sealing().unwrap().id();
        let of_old_ring = live.move_on(seen, 3_600_000).sealing().unwrap().id();
        assert_ne!(of_old_ring, new_id, "a reader goes on with the ring that it saw");
        assert_eq!(live.at(3_600_000).sealing().unwrap().id(), new_id);
    }

    #[test]
    fn the_table_follows_the_clock_in_both_directions() {
        let context = KeyContext::new("", "s").unwrap();
        let ring = KeyRing::new(vec![root(1), root(2).activating_at(1_000)]).unwrap();
        let live = LiveRing::new(&Arc::new(ring), context, 0, 0).unwrap();
        let first = live.at(999).sealing().unwrap().id();
        let second = live.at(1_000).sealing().unwrap().id();
        assert_ne!(first, second);
        assert_eq!(live.at(500).sealing().unwrap().id(), first);
    }
}
