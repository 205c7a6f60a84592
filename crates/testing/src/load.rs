//! Logins and logouts, one after the other for each user, on servers at random.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use sealed_session::{Clock as _, SystemClock};

use crate::ledger::{Ended, Ledger, Live, User};
use crate::node::{Node, Running};
use crate::pause;
use crate::server::LEEWAY_MS;

/// So many sessions a user has at most.
const MOST_LIVE: usize = 5;

/// One of the threads that ask.
pub fn run(ledger: &Ledger, seed: u64) {
    let mut rng = StdRng::seed_from_u64(seed);
    while !ledger.is_stopped() {
        let user = &ledger.users[rng.random_range(0..ledger.users.len())];
        let by = rng.random_range(0..ledger.nodes.len());
        let choice = rng.random_range(0..100);
        let asking = ledger.asking.read().unwrap();
        // Another thread may be at it, and its server may hang.
        if let Ok(mut user) = user.try_lock() {
            Asker { ledger, by, node: &ledger.nodes[by] }.ask(&mut user, choice, &mut rng);
        }
        drop(asking);
        pause(Duration::from_millis(rng.random_range(1..20)));
    }
}

struct Asker<'a> {
    ledger: &'a Ledger,
    by: usize,
    node: &'a Node,
}

impl Asker<'_> {
    fn ask(&self, user: &mut User, choice: usize, rng: &mut StdRng) {
        self.ledger.operations.fetch_add(1, Ordering::Relaxed);
        // By a clock that is wrong only what does not depend on the time.
        match choice {
            _ if user.live.is_empty() && self.node.has_time() => self.login(user),
            0..40 if user.live.len() < MOST_LIVE && self.node.has_time() => self.login(user),
            40..50 if self.node.has_time() => self.end_all(user, "end_user"),
            50..54 if self.node.has_time() => self.end_all(user, "end_listed"),
            54..56 if self.node.has_time() => self.end_all(user, "end_user_in_all_scopes"),
            56..70 if !user.live.is_empty() && self.node.has_time() => self.cycle(user, rng),
            _ if !user.live.is_empty() => self.delete(user, rng),
            _ => {}
        }
    }

    fn login(&self, user: &mut User) {
        let (calm, losses) = (self.ledger.calm(), self.ledger.losses());
        let right_since = self.node.right_since();
        let Ok(answer) = self.node.act(&format!("login {}", user.name)) else { return };
        let (id, created_at_ms) = answer.split_once(' ').unwrap();
        let is_spared = created_at_ms.parse::<u64>().unwrap() < user.ended_before_ms;
        // While the backend does not answer, a server goes by what it knew.
        let was_calm = calm.is_some() && self.ledger.calm() == calm;
        let is_sure = self.kept_time(right_since) && (was_calm || !is_spared);
        user.live.push(Live { id: id.to_owned(), is_sure, spared_at: is_spared.then_some(losses) });
    }

    fn delete(&self, user: &mut User, rng: &mut StdRng) {
        let live = user.live.swap_remove(rng.random_range(0..user.live.len()));
        // A thief may have touched his.
        let copy = self.node.act(&format!("touch {}", live.id)).ok().filter(|_| rng.random());
        let copy = copy.map(|id| Live { id, ..live.clone() });
        let ended = self.node.act(&format!("delete {}", live.id));
        self.acknowledge("delete", ended.is_ok(), user, copy.into_iter().chain([live]).collect());
    }

    fn cycle(&self, user: &mut User, rng: &mut StdRng) {
        let live = user.live.swap_remove(rng.random_range(0..user.live.len()));
        let right_since = self.node.right_since();
        let cycled = self.node.act(&format!("cycle {}", live.id));
        if let Ok(id) = &cycled {
            user.live.push(Live { id: id.clone(), ..live.clone() });
        }
        self.acknowledge("cycle", cycled.is_ok() && self.kept_time(right_since), user, vec![live]);
    }

    fn end_all(&self, user: &mut User, how: &'static str) {
        let right_since = self.node.right_since();
        let ended = self.node.act(&format!("{how} {}", user.name));
        // Asked after it was done, by a clock that is ahead as far as it may be.
        let before_ms = SystemClock.now_ms() + LEEWAY_MS / 2 + LEEWAY_MS + 1;
        user.ended_before_ms = user.ended_before_ms.max(before_ms);
        let all = std::mem::take(&mut user.live);
        self.acknowledge(how, ended.is_ok() && self.kept_time(right_since), user, all);
    }

    /// Whether its clock was right all the time since then: it may have been set wrong while the server took its time.
    fn kept_time(&self, right_since: Option<u64>) -> bool {
        right_since.is_some() && self.node.right_since() == right_since
    }

    /// Puts down what came of it. What failed may be done all the same.
    fn acknowledge(&self, how: &'static str, is_done: bool, user: &mut User, those: Vec<Live>) {
        let (ledger, at) = (self.ledger, Instant::now());
        if is_done {
            ledger.acknowledged.fetch_add(1, Ordering::Relaxed);
            let those = those.into_iter().map(|live| Ended { id: live.id, by: self.by, how, at });
            ledger.ended.lock().unwrap().extend(those);
        } else {
            ledger.failed.fetch_add(1, Ordering::Relaxed);
            user.live.extend(those.into_iter().map(|live| Live { is_sure: false, ..live }));
        }
    }
}

/// Sees after how long others refuse what was ended on one; of those in this process, which answer at once.
pub fn measure(ledger: &Ledger) {
    let (mut next, mut waiting) = (0, Vec::<(Ended, usize, Option<u64>)>::new());
    while !ledger.is_stopped() {
        let new = ledger.ended_from(next);
        next += new.len();
        let calm = ledger.calm();
        for ended in new.into_iter().filter(|ended| ended.at.elapsed() < Duration::from_millis(20)) {
            let other = (ended.by + 1) % ledger.nodes.len();
            waiting.push((ended, other, calm));
        }
        waiting.retain(|(ended, other, calm)| {
            let node = &ledger.nodes[*other];
            // One whose clock is wrong refuses for another reason.
            let Some(Running::Here(server)) = node.running().filter(|_| node.skew_ms() == 0) else {
                return false;
            };
            if server.act(&format!("read {}", ended.id)).is_ok() {
                return true;
            }
            let after = ended.at.elapsed();
            let mut known_after = ledger.known_after.lock().unwrap();
            if node.skew_ms() == 0 {
                known_after[1].push(after);
                if calm.is_some() && *calm == ledger.calm() {
                    known_after[0].push(after);
                }
            }
            false
        });
        pause(Duration::from_millis(1));
    }
}
