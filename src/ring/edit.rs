//! What operators do to a ring: add, revoke and prune root secrets, so that no valid token loses its key.

use super::{KeyRing, KeyState, Root, epoch, file};
use crate::error::KeyError;
use crate::key::RootId;

/// What [`KeyRing::prune`] removed and what it kept.
#[derive(Debug, PartialEq, Eq)]
pub struct Pruned {
    /// The roots that no valid token can need.
    pub removed: Vec<RootId>,
    /// The others.
    pub kept: Vec<Kept>,
}

/// A root that is still needed.
#[derive(Debug, PartialEq, Eq)]
pub struct Kept {
    /// Which one.
    pub id: RootId,
    /// What it may do now.
    pub state: KeyState,
    /// When it will no longer be needed, if that is decided, in milliseconds since 1970.
    pub until_ms: Option<u64>,
}

/// What [`KeyRing::revoke`] did.
#[derive(Debug, PartialEq, Eq)]
pub struct Revoked {
    /// Whether the root was revoked before, so that nothing changed.
    pub already: bool,
    /// How many roots still open tokens.
    pub left: usize,
    /// The root that seals now.
    pub sealing: Option<RootId>,
}

impl KeyRing {
    /// Adds a root secret. The root before it gets the time at which it retires: when the added one takes
    /// over (but not before now), plus the longest life of a token, plus a grace of one period (at least a
    /// day), so that nobody is logged out. A retirement that is already set is never brought forward.
    ///
    /// # Errors
    /// As [`KeyRing::new`]; the ring is then unchanged.
    ///
    /// ```
    /// use sealed_session::{KeyRing, KeyState, Root, RootSecret};
    ///
    /// let now_ms = 1_795_000_000_000;
    /// let mut ring = KeyRing::single(RootSecret::generate()?);
    /// ring.add(Root::new(RootSecret::generate()?).activating_at(now_ms + 600_000), now_ms)?;
    /// assert_eq!(ring.states_at(now_ms), [KeyState::Sealing, KeyState::Staged]);
    /// let retire_at_ms = now_ms + 600_000 + (30 + 1) * 86_400_000;
    /// assert_eq!(ring.roots()[0].retire_at_ms(), Some(retire_at_ms));
    /// # Ok::<(), sealed_session::KeyError>(())
    /// ```
    pub fn add(&mut self, root: Root, now_ms: u64) -> Result<(), KeyError> {
        let (start, revoked) = (root.activate_at_ms, root.revoked);
        self.roots.push(root);
        if let Err(fault) = self.check_windows(super::DEFAULT_LEEWAY_MS).and_then(|()| self.check_lives()) {
            self.roots.pop();
            return Err(fault.into_error());
        }
        let added = self.roots.len().saturating_sub(1);
        if let Some(before) = self.predecessor(start, now_ms).filter(|_| !revoked) {
            self.retire_after_successor(before, now_ms);
        }
        self.retire_after_successor(added, now_ms);
        Ok(())
    }

    /// Withdraws a root secret: none of its tokens opens any more. The root before it takes over again, if
    /// there is one, and no longer retires on account of the revoked one.
    ///
    /// # Errors
    /// When the ring has no such root; and, unless `force` is set, when nothing would be left to seal with.
    /// The ring is then unchanged.
    ///
    /// ```
    /// use sealed_session::{KeyRing, RootSecret};
    ///
    /// let mut ring = KeyRing::single(RootSecret::generate()?);
    /// let id = ring.roots()[0].id();
    /// assert!(ring.revoke(id, 0, false).is_err());
    /// assert_eq!(ring.revoke(id, 0, true)?.left, 0);
    /// # Ok::<(), sealed_session::KeyError>(())
    /// ```
    pub fn revoke(&mut self, id: RootId, now_ms: u64, force: bool) -> Result<Revoked, KeyError> {
        let index =
            self.roots.iter().position(|root| root.id() == id).ok_or_else(|| self.no_such_root(id))?;
        let seals_before = self.sealing_index(now_ms).is_some();
        let Some(root) = self.roots.get_mut(index) else { return Err(self.no_such_root(id)) };
        let (start, already) = (root.activate_at_ms, root.revoked);
        root.revoked = true;
        if seals_before && self.sealing_index(now_ms).is_none() && !force {
            if let Some(root) = self.roots.get_mut(index) {
                root.revoked = already;
            }
            return Err(KeyError::new(format!(
                "root {id} is the only one that seals now: add another with `ring rotate --activate-in 0s` \
                 first, or revoke it all the same with --force (then no session can be made or changed)"
            )));
        }
        if let Some(before) = self.predecessor(start, now_ms).filter(|_| !already) {
            self.take_over(before, now_ms);
        }
        let left = self.states_at(now_ms).into_iter().filter(|state| state.opens()).count();
        Ok(Revoked { already, left, sealing: self.sealing_root_at(now_ms).map(Root::id) })
    }

    /// Removes the roots that no valid token can need: those that are gone, and those that are revoked.
    ///
    /// ```
    /// use sealed_session::{KeyRing, Root, RootSecret};
    ///
    /// let old = Root::new(RootSecret::generate()?).retiring_at(5_000);
    /// let new = Root::new(RootSecret::generate()?).activating_at(1_000);
    /// let mut ring = KeyRing::new(vec![old, new])?;
    /// assert!(ring.prune(4_999).removed.is_empty());
    /// assert_eq!(ring.prune(5_000).removed.len(), 1);
    /// # Ok::<(), sealed_session::KeyError>(())
    /// ```
    pub fn prune(&mut self, now_ms: u64) -> Pruned {
        let mut pruned = Pruned { removed: Vec::new(), kept: Vec::new() };
        let mut states = self.states_at(now_ms).into_iter();
        self.roots.retain(|root| match states.next() {
            Some(state) if state.opens() => {
                pruned.kept.push(Kept { id: root.id(), state, until_ms: root.retire_at_ms });
                true
            }
            _ => {
                pruned.removed.push(root.id());
                false
            }
        });
        pruned
    }

    /// The root that seals until `start`: the one activated last before it, revoked and gone ones aside.
    fn predecessor(&self, start: u64, now_ms: u64) -> Option<usize> {
        let able = |root: &Root| !root.revoked && !root.is_gone(now_ms) && root.activate_at_ms < start;
        let candidates = self.roots.iter().enumerate().filter(|(_, root)| able(root));
        candidates.max_by_key(|(_, root)| root.activate_at_ms).map(|(index, _)| index)
    }

    /// A root with a successor retires when the last token that it can have sealed has expired. It sealed
    /// until now even if its successor is said to have activated before: nobody had it then.
    fn retire_after_successor(&mut self, index: usize, now_ms: u64) {
        let successor = self.successor(index, now_ms);
        let max_ttl_s = self.max_ttl_s;
        let (Some(root), Some(start)) = (self.roots.get_mut(index), successor) else { return };
        let kept_s = max_ttl_s.saturating_add(epoch::grace_s(root.period_s));
        let retire = start.max(now_ms).saturating_add(kept_s.saturating_mul(1000)).min(file::LAST_MS);
        let retire = root.retire_at_ms.map_or(retire, |set| set.max(retire));
        // Beyond what the file can hold nothing is decided, and the root is kept.
        root.retire_at_ms = Some(retire).filter(|retire| *retire > root.activate_at_ms);
    }

    /// A root whose successor was revoked seals on until the next one, or without an end.
    fn take_over(&mut self, index: usize, now_ms: u64) {
        if self.successor(index, now_ms).is_some() {
            self.retire_after_successor(index, now_ms);
        } else if let Some(root) = self.roots.get_mut(index) {
            root.retire_at_ms = None;
        }
    }

    /// When the root that follows another activates; revoked and gone ones aside.
    fn successor(&self, index: usize, now_ms: u64) -> Option<u64> {
        let own = self.roots.get(index)?.activate_at_ms;
        let able = |root: &&Root| !root.revoked && !root.is_gone(now_ms) && root.activate_at_ms > own;
        self.roots.iter().filter(able).map(|root| root.activate_at_ms).min()
    }

    fn no_such_root(&self, id: RootId) -> KeyError {
        let ids: Vec<String> = self.roots.iter().map(|root| root.id().to_string()).collect();
        KeyError::new(format!("the ring has no root {id}; it has: {}", ids.join(", ")))
    }
}
