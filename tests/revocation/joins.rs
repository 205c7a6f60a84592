//! A server with longer limits begins to share a list, while others revoke what it may have kept alive already.

use std::sync::atomic::Ordering;

use sealed_session::hazmat::ManualClock;
use sealed_session::revocation::BackendError;
use sealed_session::{CreateOptions, SessionId, SessionPlugin as _};

use crate::by_hand::{ByHand, store};
use crate::troubled::Troubled;
use crate::{DAY, HOUR, MINUTE, NOON};

/// How a session of Ann's is ended.
type Ends = fn(&mut ByHand, &SessionId) -> Result<(), BackendError>;

const WAYS: [(&str, Ends); 3] = [
    ("the session", |server, id| {
        let asked = server.store.revoke(id);
        server.gives(asked)
    }),
    ("the user", |server, _| {
        let asked = server.store.revoke_user("ann");
        server.gives(asked)
    }),
    ("everything", |server, _| {
        let asked = server.store.revoke_everything();
        server.gives(asked)
    }),
];

/// A server whose sessions live for half a day, and a session that lives on by a copy on others until its longest
/// lifetime is over.
struct Case {
    what: &'static str,
    ends: Ends,
    clock: ManualClock,
    backend: Troubled,
    short: ByHand,
    copy: SessionId,
}

/// Each way to end the session, half an hour after it began, where nobody had to be asked.
fn for_each_way(test: impl Fn(Case)) {
    for (what, ends) in WAYS {
        let (clock, backend) = (ManualClock::at(NOON), Troubled::default());
        let mut short = ByHand::new(backend.clone(), &clock, 1, 12 * HOUR);
        short.work();
        let options = CreateOptions { user_id: Some("ann".into()), ..Default::default() };
        let copy = store(&clock, 12 * HOUR).build().unwrap().create(options).unwrap();
        clock.advance(HOUR / 2);
        test(Case { what, ends, clock, backend, short, copy });
    }
}

impl Case {
    /// A server that begins to share the list.
    fn joins(&self, number: u8, lifetime_ms: u64) -> ByHand {
        ByHand::new(self.backend.beside(), &self.clock, number, lifetime_ms)
    }

    fn touch(&mut self, on: &ByHand) {
        self.copy = on.store.touch(&self.copy, 30 * DAY).unwrap();
    }

    /// Ends the session on the server that keeps sessions for half a day.
    fn end(&mut self) {
        (self.ends)(&mut self.short, &self.copy).unwrap();
    }

    fn end_on(&self, server: &mut ByHand) {
        (self.ends)(server, &self.copy).unwrap();
    }

    /// A server with longer limits has shared the list and is gone; the first knows of it, and of an entry.
    fn was_joined(&mut self) {
        let mut long = self.joins(2, 30 * DAY);
        long.work();
        self.touch(&long);
        drop(long);
        let asked = self.short.store.revoke_user("eve");
        self.short.gives(asked).unwrap();
        self.clock.advance(2 * MINUTE);
        self.short.work();
    }

    fn poll(&self, server: &mut ByHand) {
        self.clock.advance(1_000);
        server.work();
    }

    /// For a month, with these servers at work and the first, and at the end on one that starts.
    fn never_opens(mut self, others: impl IntoIterator<Item = ByHand>) {
        let mut servers: Vec<_> = others.into_iter().collect();
        for hours in (0..30 * 24).step_by(6) {
            let all = servers.iter().chain([&self.short]);
            let opens = all.into_iter().any(|server| server.store.read(&self.copy).is_ok());
            assert!(!opens, "{}: a copy opens after {hours} hours", self.what);
            for _ in 0..12 {
                self.clock.advance(HOUR / 2);
                servers.iter_mut().chain([&mut self.short]).for_each(ByHand::work);
            }
            let starts = self.joins(9, 30 * DAY);
            let opens = starts.store.read(&self.copy).is_ok();
            assert!(!opens, "{}: a copy opens on a new server after {hours} hours", self.what);
        }
    }
}

#[test]
fn what_is_revoked_before_a_new_server_has_written_its_limits_is_kept_by_them() {
    for_each_way(|mut case| {
        let mut long = case.joins(2, 30 * DAY);
        case.touch(&long);
        case.end();
        long.work();
        case.never_opens([long]);
    });
}

#[test]
fn what_is_revoked_by_a_server_that_has_not_heard_of_the_new_one_is_kept_by_its_limits() {
    for_each_way(|mut case| {
        let mut long = case.joins(2, 30 * DAY);
        case.touch(&long);
        long.work();
        case.end();
        case.poll(&mut long);
        case.never_opens([long]);
    });
}

#[test]
fn what_is_revoked_while_a_new_server_cannot_write_is_kept_once_it_can() {
    for_each_way(|mut case| {
        let full = case.backend.beside();
        full.is_full.store(true, Ordering::Release);
        let mut long = ByHand::new(full.clone(), &case.clock, 2, 30 * DAY);
        long.work();
        case.touch(&long);
        case.end();
        for _ in 0..6 {
            case.clock.advance(HOUR);
            long.work();
            case.short.work();
        }
        assert!(long.revocations.trouble().is_some());
        full.is_full.store(false, Ordering::Release);
        case.poll(&mut long);
        case.never_opens([long]);
    });
}

#[test]
fn a_store_that_is_added_later_counts_from_when_it_is_built() {
    for_each_way(|mut case| {
        let mut other = case.joins(2, 12 * HOUR);
        other.work();
        let added = store(&case.clock, 30 * DAY).revocations(other.revocations.clone());
        other.store = added.build().unwrap();
        case.touch(&other);
        case.end();
        other.work();
        case.never_opens([other]);
    });
}

#[test]
fn a_backend_that_has_lost_who_shared_it_is_told_of_those_that_are_gone_as_well() {
    for_each_way(|mut case| {
        case.was_joined();
        case.backend.lose();
        case.clock.advance(1_000);
        case.short.work();
        let mut starts = case.joins(3, 12 * HOUR);
        starts.work();
        case.end_on(&mut starts);
        case.clock.advance(1_000);
        case.short.work();
        case.never_opens([starts]);
    });
}

/// Its own limits are there again, and what it knows is not, when another server revokes on the empty list.
#[test]
fn what_is_revoked_while_those_that_are_gone_are_not_written_down_again_is_kept_by_their_limits() {
    for_each_way(|mut case| {
        case.was_joined();
        let backend = case.short.backend.clone();
        backend.lose();
        backend.fails_to_record.store(true, Ordering::Release);
        case.clock.advance(1_000);
        case.short.work();
        let mut starts = case.joins(3, 12 * HOUR);
        starts.work();
        case.end_on(&mut starts);
        case.clock.advance(1_000);
        case.short.work();
        backend.fails_to_record.store(false, Ordering::Release);
        case.clock.advance(10_000);
        case.short.work();
        assert_eq!(case.short.revocations.trouble(), None);
        case.never_opens([starts]);
    });
}

/// Whoever knew of the one that is gone has not heard of it before it was lost as well.
#[test]
fn what_is_revoked_between_two_losses_is_kept_by_the_limits_of_those_that_are_gone() {
    for starts_first in [true, false] {
        for_each_way(|mut case| {
            case.was_joined();
            let backend = case.short.backend.clone();
            backend.lose();
            let mut starts = case.joins(3, 12 * HOUR);
            starts.work();
            case.end_on(&mut starts);
            backend.lose();
            for _ in 0..3 {
                case.clock.advance(2_000);
                if starts_first {
                    starts.work();
                }
                case.short.work();
                starts.work();
            }
            assert_eq!([&case.short, &starts].map(|server| server.revocations.trouble()), [None, None]);
            case.never_opens([starts]);
        });
    }
}

#[test]
fn what_is_revoked_before_a_loss_was_noticed_is_kept_by_the_limits_of_all() {
    for_each_way(|mut case| {
        let mut long = case.joins(2, 30 * DAY);
        long.work();
        case.touch(&long);
        case.backend.lose();
        let mut starts = case.joins(3, 12 * HOUR);
        starts.work();
        case.end_on(&mut starts);
        // It has heard of the other already, and would keep the entry for as long.
        case.short = case.joins(4, 12 * HOUR);
        case.poll(&mut long);
        case.never_opens([long, starts]);
    });
}

#[test]
fn health_does_not_forget_that_nobody_can_say_who_shares_the_list() {
    let (ends, clock, backend) = (WAYS[0].1, ManualClock::at(NOON), Troubled::default());
    let mut server = ByHand::new(backend.clone(), &clock, 1, 12 * HOUR);
    server.work();
    let id = server.store.create(CreateOptions::default()).unwrap();
    backend.fails_to_name.store(true, Ordering::Release);
    for _ in 0..130 {
        clock.advance(1_000);
        server.work();
    }
    assert!(server.revocations.trouble().is_some());
    assert!(ends(&mut server, &id).is_err());
    backend.fails_to_name.store(false, Ordering::Release);
    for _ in 0..10 {
        clock.advance(1_000);
        server.work();
    }
    assert_eq!(server.revocations.trouble(), None);
}
