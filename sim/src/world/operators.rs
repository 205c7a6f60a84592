//! What operators do: to the ring, which each server gets at a time of its own, and to what is revoked.

use super::{Event, World};
use crate::app::user_name;
use crate::oracle::Violation;
use crate::request::scope;
use crate::ring::Garbage;
use crate::script::{Action, MINUTE, SECOND};

impl World {
    /// Does what operators do with the ring, if this is anything of it.
    pub(super) fn operate(&mut self, action: &Action) -> Result<(), Violation> {
        match action {
            Action::Rotate { minutes, late_s } => {
                let at_ms = self.now_ms + u64::from(*minutes) * MINUTE;
                let secret = self.dice.secret();
                if self.operators.rotate(secret, at_ms, self.now_ms) {
                    self.witness.replace_ring(self.operators.all_roots());
                    self.bring(late_s)?;
                }
            }
            Action::RevokeRoot { which, force, late_s } => {
                self.operators.revoke(*which, *force, self.now_ms)?;
                self.bring(late_s)?;
            }
            Action::Prune => {
                self.operators.prune(self.now_ms)?;
                self.bring(&[])?;
            }
            Action::Garble { garbage, seconds } => {
                self.garble(Some(*garbage))?;
                self.later(u64::from(*seconds) * SECOND, Event::Mend);
            }
            _ => {}
        }
        Ok(())
    }

    /// Something else is in the ring's file, or nothing any more.
    pub(super) fn garble(&mut self, garbage: Option<Garbage>) -> Result<(), Violation> {
        self.operators.garble(garbage);
        self.bring(&[])
    }

    /// Each server gets the ring after a time of its own.
    fn bring(&mut self, late_s: &[u16]) -> Result<(), Violation> {
        for server in 0..self.servers.len() {
            let late_s = server.checked_rem(late_s.len()).and_then(|at| late_s.get(at)).copied();
            match late_s.unwrap_or_default() {
                0 => self.load_ring(server)?,
                seconds => self.later(u64::from(seconds) * SECOND, Event::Bring(server)),
            }
        }
        Ok(())
    }

    /// A server reads the ring's file. What it cannot read changes nothing.
    pub(super) fn load_ring(&mut self, server: usize) -> Result<(), Violation> {
        let Some((ring, version)) = self.operators.read()? else { return Ok(()) };
        self.servers[server].store.replace_ring(ring).expect("a ring of ours");
        let there_ms = self.there_ms(server);
        self.oracle.rings.has(server, version, self.now_ms, there_ms);
        Ok(())
    }

    pub(super) fn revoke_user(&mut self, at: usize, user: u8, tenant: u8, in_all_scopes: bool) {
        let user = user_name(user);
        let tenant = if self.house.tenants { tenant % 2 } else { 0 };
        let store = self.servers[at].store.in_scope(scope(self.house, tenant));
        let pending = match in_all_scopes {
            true => store.revoke_user_in_all_scopes(&user),
            false => store.revoke_user(&user),
        };
        let tenant = (!in_all_scopes).then_some(tenant);
        match self.settle(at, pending) {
            true => self.oracle.end_user(tenant, &user, None, None, at, self.now_ms),
            false => {
                self.oracle.disturbed(Some(at), self.now_ms);
                self.oracle.perhaps_user(&user);
            }
        }
    }

    pub(super) fn revoke_everything(&mut self, at: usize) {
        let pending = self.servers[at].store.revoke_everything();
        match self.settle(at, pending) {
            true => self.oracle.end_everything(at, self.now_ms),
            false => {
                self.oracle.disturbed(Some(at), self.now_ms);
                self.oracle.perhaps_everything(at, self.now_ms);
            }
        }
    }
}
