//! The key ring (SPEC.md, sections 8.1 to 8.3).

use std::ops::RangeInclusive;
use std::time::Duration;

use sealed_session::{KeyError, KeyRing, KeyState, RootSecret};

const DAY_S: u64 = 86_400;
/// The leeway that a ring counts with before a store tells its own.
pub const DEFAULT_LEEWAY_MS: u64 = 60_000;
/// The last time that a ring file can hold, according to the crate: late in the year 9999.
pub const LAST_MS: u64 = 253_402_207_200_000;

/// A root secret and its life.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Root {
    pub secret: Vec<u8>,
    pub period_s: u64,
    pub created_at: Option<u64>,
    pub activate_at: u64,
    pub retire_at: Option<u64>,
    pub revoked: bool,
}

/// Root secrets, and the longest life of a token under them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ring {
    pub max_ttl_s: u64,
    pub roots: Vec<Root>,
}

impl Root {
    /// As the crate has it.
    pub fn build(&self) -> Result<sealed_session::Root, KeyError> {
        let period = Duration::from_secs(self.period_s);
        let mut root = sealed_session::Root::new(RootSecret::from_bytes(&self.secret)?);
        root = root.rotating_every(period)?.activating_at(self.activate_at);
        root = self.created_at.into_iter().fold(root, sealed_session::Root::created_at);
        root = self.retire_at.into_iter().fold(root, sealed_session::Root::retiring_at);
        Ok(if self.revoked { root.revoked() } else { root })
    }

    /// Whether the crate's root is this one.
    pub fn is(&self, root: &sealed_session::Root) -> bool {
        root.id() == RootSecret::from_bytes(&self.secret).unwrap().id()
            && root.period_s() == self.period_s
            && root.created_at_ms() == self.created_at
            && root.activate_at_ms() == self.activate_at
            && root.retire_at_ms() == self.retire_at
            && root.is_revoked() == self.revoked
    }

    /// How long it is kept beyond the longest life of a token.
    fn grace_s(&self) -> u64 {
        self.period_s.max(DAY_S)
    }

    fn stands(&self, now: u64) -> bool {
        !self.revoked && self.retire_at.is_none_or(|retire_at| now < retire_at)
    }

    /// The epoch of a time.
    pub fn epoch(&self, now: u64) -> u64 {
        (now / 1000).checked_div(self.period_s).unwrap_or(0)
    }
}

impl Ring {
    /// As the crate has it.
    pub fn build(&self) -> Result<KeyRing, KeyError> {
        let roots = self.roots.iter().map(Root::build).collect::<Result<_, _>>()?;
        KeyRing::new_with_max_ttl(roots, Duration::from_secs(self.max_ttl_s))
    }

    /// Whether the crate's ring is this one.
    pub fn is(&self, ring: &KeyRing) -> bool {
        ring.max_ttl_s() == self.max_ttl_s
            && ring.roots().len() == self.roots.len()
            && self.roots.iter().zip(ring.roots()).all(|(root, other)| root.is(other))
    }

    /// Whether it may be built (section 8.3).
    pub fn is_sound(&self) -> bool {
        let roots = || self.roots.iter().enumerate();
        let pairs = || roots().flat_map(|(at, root)| self.roots[..at].iter().map(move |other| (root, other)));
        self.max_ttl_s > 0
            && self.windows_fit(DEFAULT_LEEWAY_MS)
            && self
                .roots
                .iter()
                .all(|root| root.retire_at.is_none_or(|retire_at| root.activate_at < retire_at))
            && pairs().all(|(root, other)| root.secret != other.secret)
            && pairs()
                .all(|(root, other)| root.revoked || other.revoked || root.activate_at != other.activate_at)
    }

    /// Whether no root can have more than 1,024 epochs at a time.
    pub fn windows_fit(&self, leeway_ms: u64) -> bool {
        self.roots.iter().filter(|root| root.period_s > 0).all(|root| {
            let leeway_s = u128::from(leeway_ms).div_ceil(1000);
            let span_s = u128::from(self.max_ttl_s) + u128::from(root.grace_s()) + leeway_s;
            span_s.div_ceil(root.period_s.into()) < 1024
        })
    }

    /// The root that seals.
    pub fn sealing(&self, now: u64) -> Option<usize> {
        let able = |root: &Root| root.stands(now) && root.activate_at <= now;
        let able = self.roots.iter().enumerate().filter(|(_, root)| able(root));
        able.max_by_key(|(_, root)| root.activate_at).map(|(at, _)| at)
    }

    /// The state of a root.
    pub fn state(&self, at: usize, now: u64) -> KeyState {
        let root = &self.roots[at];
        if root.revoked {
            KeyState::Revoked
        } else if !root.stands(now) {
            KeyState::Gone
        } else if now < root.activate_at {
            KeyState::Staged
        } else if self.sealing(now) == Some(at) {
            KeyState::Sealing
        } else {
            KeyState::Accepted
        }
    }

    /// The epochs that a root opens with.
    pub fn window(&self, root: &Root, now: u64, leeway_ms: u64) -> RangeInclusive<u64> {
        if root.period_s == 0 {
            return 0..=0;
        }
        let oldest_s = (now / 1000).saturating_sub(self.max_ttl_s).saturating_sub(root.grace_s());
        oldest_s / root.period_s..=root.epoch(now.saturating_add(leeway_ms))
    }

    /// The state of a root's key of one epoch.
    pub fn key_state(&self, at: usize, epoch: u64, now: u64) -> KeyState {
        let current = self.roots[at].epoch(now);
        match self.state(at, now) {
            KeyState::Sealing | KeyState::Accepted if epoch > current => KeyState::Staged,
            KeyState::Sealing if epoch < current => KeyState::Accepted,
            state => state,
        }
    }
}

/// What operators do (section 8.1).
impl Ring {
    /// Adds a root, if the ring stays sound; the root before it and the added one get their retirement.
    pub fn add(&mut self, root: Root, now: u64) -> bool {
        let mut next = self.clone();
        next.roots.push(root.clone());
        if !next.is_sound() {
            return false;
        }
        if let Some(before) = next.before(root.activate_at, now).filter(|_| !root.revoked) {
            next.retire(before, now);
        }
        next.retire(next.roots.len() - 1, now);
        *self = next;
        true
    }

    /// Revokes a root, unless that would leave nothing to seal with and is not forced. The root before it
    /// seals on, until the next one or without an end.
    pub fn revoke(&mut self, at: usize, now: u64, force: bool) -> bool {
        let mut next = self.clone();
        let already = std::mem::replace(&mut next.roots[at].revoked, true);
        if self.sealing(now).is_some() && next.sealing(now).is_none() && !force {
            return false;
        }
        if let Some(before) = next.before(next.roots[at].activate_at, now).filter(|_| !already) {
            match next.after(before, now) {
                Some(_) => next.retire(before, now),
                None => next.roots[before].retire_at = None,
            }
        }
        *self = next;
        true
    }

    /// Removes what opens nothing, and says what that was.
    pub fn prune(&mut self, now: u64) -> Vec<Root> {
        let states: Vec<KeyState> = (0..self.roots.len()).map(|at| self.state(at, now)).collect();
        let all = std::mem::take(&mut self.roots).into_iter().zip(states);
        let (kept, removed): (Vec<_>, Vec<_>) = all.partition(|(_, state)| state.opens());
        self.roots = kept.into_iter().map(|(root, _)| root).collect();
        removed.into_iter().map(|(root, _)| root).collect()
    }

    /// The root that seals until `start`.
    fn before(&self, start: u64, now: u64) -> Option<usize> {
        let roots = self.roots.iter().enumerate();
        let earlier = roots.filter(|(_, root)| root.stands(now) && root.activate_at < start);
        earlier.max_by_key(|(_, root)| root.activate_at).map(|(at, _)| at)
    }

    /// When the root that follows another takes over.
    fn after(&self, at: usize, now: u64) -> Option<u64> {
        let starts = self.roots.iter().filter(|root| root.stands(now)).map(|root| root.activate_at);
        starts.filter(|start| *start > self.roots[at].activate_at).min()
    }

    /// A root retires when the next one has taken over (now, if that was before) and its own tokens have
    /// expired; never earlier than was said before, and not at all if no file could say when.
    fn retire(&mut self, at: usize, now: u64) {
        let Some(start) = self.after(at, now) else { return };
        let root = &mut self.roots[at];
        let kept_ms = self.max_ttl_s.saturating_add(root.grace_s()).saturating_mul(1000);
        let retire_at = start.max(now).saturating_add(kept_ms).min(LAST_MS);
        let retire_at = retire_at.max(root.retire_at.unwrap_or(0));
        root.retire_at = Some(retire_at).filter(|retire_at| *retire_at > root.activate_at);
    }
}
