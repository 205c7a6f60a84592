//! Which sessions a user has.

use std::time::Duration;

use sealed_session::Clock as _;
use sealed_session::registry::{Registry, SessionInfo};
use sealed_session::{SessionId, SessionPlugin as _, SessionUid};

use crate::{DAY, HOUR, MINUTE, NOON, Server};

struct Desk {
    server: Server,
    registry: Registry,
}

impl Desk {
    fn new() -> Self {
        Self::with_at_most(usize::MAX)
    }

    fn with_at_most(max: usize) -> Self {
        let server = Server::new();
        let registry = Registry::builder(server.store.clone()).max_sessions(max).build().unwrap();
        Self { server, registry }
    }

    /// A login from a device.
    fn log_in(&self, user: &str, label: &str) -> (SessionId, SessionUid) {
        let id = self.server.session(Some(user));
        let session = self.server.store.open(&id).unwrap();
        let info = SessionInfo {
            user_id: user.into(),
            uid: session.uid(),
            created_at_ms: session.record().created_at_ms,
            last_seen_at_ms: session.record().created_at_ms,
            expires_at_ms: session.record().expires_at_ms,
            label: label.into(),
        };
        self.registry.began(info).wait().unwrap();
        (id, session.uid())
    }

    /// A session is used, and lives until then.
    fn seen(&self, user: &str, uid: SessionUid, expires_at_ms: u64) {
        self.registry.seen(SessionInfo {
            user_id: user.into(),
            uid,
            created_at_ms: NOON,
            last_seen_at_ms: self.server.clock.now_ms(),
            expires_at_ms,
            label: "as it is used".into(),
        });
    }

    fn last_seen(&self, user: &str) -> u64 {
        self.registry.list_by_user(user).wait().unwrap().first().unwrap().last_seen_at_ms
    }

    fn labels(&self, user: &str) -> Vec<String> {
        let list = self.registry.list_by_user(user).wait().unwrap();
        list.into_iter().map(|session| session.label).collect()
    }
}

#[test]
fn a_user_sees_their_own_sessions_the_one_seen_last_first() {
    let desk = Desk::new();
    let (_, phone) = desk.log_in("ann", "phone");
    desk.server.clock.advance(MINUTE);
    desk.log_in("ann", "laptop");
    desk.log_in("bob", "desktop");
    assert_eq!(desk.labels("ann"), ["laptop", "phone"]);
    desk.server.clock.advance(MINUTE);
    desk.seen("ann", phone, NOON + 2 * DAY);
    assert_eq!(desk.labels("ann"), ["phone", "laptop"]);
    let seen = desk.registry.list_by_user("ann").wait().unwrap().swap_remove(0);
    assert_eq!((seen.last_seen_at_ms, seen.expires_at_ms), (NOON + 2 * MINUTE, NOON + 2 * DAY));
    assert_eq!(seen.created_at_ms, NOON);
    assert_eq!(desk.labels("nobody"), [""; 0]);
}

#[test]
fn an_expired_session_is_on_no_list() {
    let desk = Desk::new();
    desk.log_in("ann", "phone");
    desk.server.clock.set(NOON + DAY);
    assert_eq!(desk.labels("ann"), [""; 0]);
    assert_eq!(desk.registry.cleanup_expired().wait().unwrap(), 1);
    assert_eq!(desk.registry.cleanup_expired().wait().unwrap(), 0);
}

#[test]
fn one_session_is_revoked_and_only_by_its_user() {
    let desk = Desk::new();
    let (phone, uid) = desk.log_in("ann", "phone");
    let (laptop, _) = desk.log_in("ann", "laptop");
    assert!(!desk.registry.revoke("bob", uid).wait().unwrap(), "another user's is not found");
    assert!(desk.server.is_good(&phone));
    assert!(desk.registry.revoke("ann", uid).wait().unwrap());
    assert!(!desk.server.is_good(&phone) && desk.server.is_good(&laptop));
    assert_eq!(desk.labels("ann"), ["laptop"]);
    assert!(!desk.registry.revoke("ann", uid).wait().unwrap(), "twice");
}

#[test]
fn all_but_one_are_revoked() {
    let desk = Desk::new();
    let (phone, _) = desk.log_in("ann", "phone");
    let (laptop, uid) = desk.log_in("ann", "laptop");
    let (bob, _) = desk.log_in("bob", "desktop");
    assert_eq!(desk.registry.revoke_all_except("ann", uid).wait().unwrap(), 1);
    assert!(!desk.server.is_good(&phone) && desk.server.is_good(&laptop) && desk.server.is_good(&bob));
}

#[test]
fn all_of_a_user_are_revoked_on_the_list_or_not() {
    let desk = Desk::new();
    let (phone, _) = desk.log_in("ann", "phone");
    let unlisted = desk.server.session(Some("ann"));
    assert_eq!(desk.registry.revoke_user("ann").wait().unwrap(), 1);
    assert!(!desk.server.is_good(&phone) && !desk.server.is_good(&unlisted));
    assert_eq!(desk.labels("ann"), [""; 0]);
}

#[test]
fn the_session_that_began_first_makes_room() {
    let desk = Desk::with_at_most(2);
    let (first, uid) = desk.log_in("ann", "1");
    desk.server.clock.advance(1);
    let (second, _) = desk.log_in("ann", "2");
    desk.server.clock.advance(MINUTE);
    desk.seen("ann", uid, NOON + DAY);
    let (third, _) = desk.log_in("ann", "3");
    assert!(!desk.server.is_good(&first), "by when it began, not by when it was seen");
    assert!(desk.server.is_good(&second) && desk.server.is_good(&third));
    assert!(desk.server.is_good(&desk.log_in("bob", "1").0));
    assert_eq!(desk.labels("ann"), ["3", "2"]);
}

#[test]
fn what_was_revoked_past_the_list_takes_no_place_on_it() {
    let desk = Desk::with_at_most(2);
    let (first, _) = desk.log_in("ann", "1");
    desk.server.clock.advance(1);
    let (_, second) = desk.log_in("ann", "2");
    desk.server.store.revoke_session(second, NOON + 1).wait().unwrap();
    desk.server.clock.advance(1);
    desk.log_in("ann", "3");
    assert!(desk.server.is_good(&first), "two sessions are no more than two");
    assert_eq!(desk.labels("ann"), ["3", "1"]);
    desk.server.clock.advance(2 * DAY);
    assert_eq!(desk.registry.cleanup_expired().wait(), Ok(2), "and its row is gone");
}

#[test]
fn what_was_revoked_past_the_list_is_not_counted_again() {
    let desk = Desk::new();
    let (_, phone) = desk.log_in("ann", "phone");
    let (_, laptop) = desk.log_in("ann", "laptop");
    let (_, tablet) = desk.log_in("ann", "tablet");
    desk.server.store.revoke_session(phone, NOON).wait().unwrap();
    assert_eq!(desk.registry.revoke("ann", phone).wait(), Ok(false));
    desk.server.store.revoke_session(laptop, NOON).wait().unwrap();
    assert_eq!(desk.registry.revoke_all_except("ann", tablet).wait(), Ok(0));
    desk.log_in("ann", "television");
    desk.server.store.revoke_session(tablet, NOON).wait().unwrap();
    assert_eq!(desk.registry.revoke_user("ann").wait(), Ok(1));
}

#[test]
fn the_last_use_is_written_once_in_an_interval() {
    let desk = Desk::new();
    let (_, uid) = desk.log_in("ann", "phone");
    desk.server.clock.advance(HOUR);
    desk.seen("ann", uid, NOON + DAY);
    assert_eq!(desk.last_seen("ann"), NOON + HOUR);
    desk.server.clock.advance(MINUTE - 1);
    desk.seen("ann", uid, NOON + DAY);
    assert_eq!(desk.last_seen("ann"), NOON + HOUR);
    desk.server.clock.advance(1);
    desk.seen("ann", uid, NOON + DAY);
    assert_eq!(desk.last_seen("ann"), NOON + HOUR + MINUTE);
    // A clock that was ahead until now, and is put right.
    desk.server.clock.set(NOON + MINUTE);
    desk.seen("ann", uid, NOON + DAY);
    assert_eq!(desk.last_seen("ann"), NOON + MINUTE);
}

#[test]
fn a_session_that_the_list_has_lost_is_on_it_again_once_it_is_used() {
    let desk = Desk::new();
    let (id, uid) = desk.log_in("ann", "phone");
    desk.server.clock.advance(HOUR);
    let touched = desk.server.store.touch(&id, 0).unwrap();
    desk.server.clock.set(NOON + DAY);
    assert_eq!(desk.registry.cleanup_expired().wait().unwrap(), 1);
    assert!(desk.server.is_good(&touched));
    desk.seen("ann", uid, NOON + DAY + HOUR);
    assert_eq!(desk.labels("ann"), ["as it is used"]);
    assert!(desk.registry.revoke("ann", uid).wait().unwrap());
    assert!(!desk.server.is_good(&touched));
}

#[test]
fn a_session_that_was_struck_off_does_not_come_back_by_being_used() {
    let desk = Desk::new();
    let (_, uid) = desk.log_in("ann", "phone");
    desk.registry.revoke("ann", uid).wait().unwrap();
    desk.seen("ann", uid, NOON + DAY);
    assert_eq!(desk.labels("ann"), [""; 0]);
}

#[test]
fn a_session_that_is_extended_stays_on_the_list_however_seldom_its_use_is_written_down() {
    let mut desk = Desk::new();
    let registry = Registry::builder(desk.server.store.clone()).seen_every(Duration::from_secs(3600));
    desk.registry = registry.build().unwrap();
    let (_, uid) = desk.log_in("ann", "phone");
    for minutes in [9, 18, 27, 36] {
        desk.server.clock.set(NOON + minutes * MINUTE);
        desk.seen("ann", uid, NOON + (minutes + 10) * MINUTE);
    }
    desk.server.clock.set(NOON + 45 * MINUTE);
    assert_eq!(desk.labels("ann"), ["phone"]);
    desk.server.clock.set(NOON + 46 * MINUTE);
    assert_eq!(desk.labels("ann"), [""; 0]);
}

#[test]
fn a_maximum_of_nothing_is_an_error_when_built() {
    let server = Server::new();
    assert!(Registry::builder(server.store.clone()).max_sessions(0).build().is_err());
    assert!(Registry::builder(server.store).seen_every(Duration::ZERO).build().is_ok());
}

#[test]
fn a_logout_elsewhere_ends_a_session_on_the_list() {
    let desk = Desk::new();
    let (phone, _) = desk.log_in("ann", "phone");
    desk.server.store.delete(&phone).unwrap();
    assert!(!desk.server.is_good(&phone));
}

#[test]
fn what_was_revoked_past_the_list_is_not_on_it() {
    let desk = Desk::new();
    let (_, phone) = desk.log_in("ann", "phone");
    desk.log_in("ann", "laptop");
    desk.log_in("bob", "desktop");
    desk.server.store.revoke_session(phone, NOON).wait().unwrap();
    assert_eq!(desk.labels("ann"), ["laptop"]);
    desk.server.store.revoke_user("ann").wait().unwrap();
    assert_eq!((desk.labels("ann"), desk.labels("bob")), (vec![], vec!["desktop".to_owned()]));
    desk.log_in("ann", "phone again");
    assert_eq!(desk.labels("ann"), ["phone again"]);
    desk.server.clock.advance(1);
    desk.server.store.revoke_everything().wait().unwrap();
    assert_eq!((desk.labels("ann"), desk.labels("bob")), (vec![], vec![]));
}
