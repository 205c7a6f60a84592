//! What stands in the backend that no server has written, and what servers say of it.

use sealed_session::SessionUid;
use sealed_session::revocation::{Backend as _, Change, Revocation, Scope};

use super::{Event, World};
use crate::oracle::{Says, Trace, Violation};
use crate::request::scope;
use crate::row::{Lie, Row, all_of, boundless, phantom};
use crate::script::{MINUTE, SECOND};

impl World {
    /// A row cannot be read from now on.
    pub(super) fn spoil(&mut self, row: Row, seconds: u16) {
        self.shelf.spoil(row);
        self.rows_changed();
        self.later(u64::from(seconds) * SECOND, Event::Clean(row));
    }

    /// An operator takes it out.
    pub(super) fn clean(&mut self, row: Row) {
        self.shelf.clean(row);
        self.rows_changed();
    }

    pub(super) fn rows_changed(&mut self) {
        self.oracle.cannot_be_read(&self.shelf.rows(), self.now_ms);
        self.work_all();
    }

    /// Whether a server could start.
    pub(super) fn list_can_be_read(&self) -> bool {
        self.house.listless || !self.shelf.rows().iter().any(|row| row.stops_news(true))
    }

    /// A row is there that lies.
    pub(super) fn forge(&mut self, lie: Lie) {
        let (now_ms, house) = (self.now_ms, self.house);
        let tenant = |tenant: u8| if house.tenants { tenant % 2 } else { 0 };
        match lie {
            Lie::Later { user, tenant: of } => {
                let scope = scope(house, tenant(of));
                self.revoke_by_hand(all_of(Some(user), Some(scope), u64::MAX / 2));
                self.oracle.perhaps_user(&crate::app::user_name(user));
            }
            Lie::OfAnotherApplication { user } => self.revoke_by_hand(all_of(user, None, now_ms + MINUTE)),
            Lie::OfNobody => {
                let uid = SessionUid::from_bytes(self.dice.draw());
                self.revoke_by_hand(Revocation::Session { uid, until_ms: u64::MAX });
            }
            Lie::Over { which } => {
                if let Some(uid) = self.oracle.perhaps_ends(which) {
                    self.revoke_by_hand(Revocation::Session { uid, until_ms: 1 });
                }
            }
            Lie::Boundless => {
                let sharer = boundless(self.dice.draw(), now_ms);
                self.shelf.memory().put_sharer(&sharer).expect("it is in memory");
            }
            Lie::Listed { user, tenant: of } => {
                let (uid, of) = (SessionUid::from_bytes(self.dice.draw()), tenant(of));
                let scope = Scope { app_id: String::new(), name: scope(house, of).to_owned() };
                let session = phantom(user, uid, now_ms);
                self.oracle.lists_a_phantom(of, &session.user_id, uid);
                self.shelf.memory().put_session(&scope, &session).expect("it is in memory");
            }
            Lie::Mark => {
                self.shelf.remark();
                self.oracle.seems_to_be_another();
            }
        }
        self.oracle.disturbed(None, now_ms);
        self.work_all();
    }

    fn revoke_by_hand(&self, revocation: Revocation) {
        self.shelf.memory().record(&[Change::Revoke(revocation)]).expect("it is in memory");
    }

    fn says(&self, server: usize) -> Says {
        let store = &self.servers[server].store;
        let can_seal = self.oracle.rings.of(server).seals(self.there_ms(server));
        let has_list = !self.house.listless;
        Says { can_seal, has_list, ready: store.ready(), health: store.health() }
    }

    /// What a server says of itself is true.
    pub(super) fn check_health(&self, server: usize) -> Result<(), Violation> {
        let policy = self.servers[server].policy;
        self.oracle.check_health(server, policy, self.now_ms, &self.says(server))
    }

    /// So it is when something was not recorded.
    pub(super) fn check_told(&self, trace: &Trace) -> Result<(), Violation> {
        self.oracle.check_told(trace, &self.says(trace.server))
    }
}
