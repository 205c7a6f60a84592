//! Sessions that begin after their user was revoked, and the one that ends all others.

use std::sync::atomic::Ordering;
use std::time::Duration;

use sealed_session::hazmat::ManualClock;
use sealed_session::registry::{Registry, SessionInfo};
use sealed_session::revocation::{
    Backend as _, Change, MemoryBackend, Reach, Revocation, Revocations, Scope,
};
use sealed_session::{CreateOptions, SessionId, SessionPlugin as _, SessionUid};

use crate::troubled::Troubled;
use crate::{DAY, LEEWAY, MINUTE, NOON, Server, until};

/// A server that hears of others by its next poll.
fn server(backend: &MemoryBackend, clock: &ManualClock) -> Server {
    let revocations = Revocations::builder().clock(clock.clone()).poll_every(Duration::from_millis(300));
    Server::with(revocations.with_backend(backend.clone()).unwrap(), clock.clone())
}

/// One that hears of them at once.
fn eager(backend: &MemoryBackend, clock: &ManualClock) -> Server {
    let revocations = Revocations::builder().clock(clock.clone()).poll_every(Duration::from_millis(1));
    Server::with(revocations.with_backend(backend.clone()).unwrap(), clock.clone())
}

/// One that hears of nothing by itself.
fn seldom(backend: &MemoryBackend, clock: &ManualClock) -> Server {
    let revocations = Revocations::builder().clock(clock.clone()).poll_every(Duration::from_secs(3600));
    Server::with(revocations.with_backend(backend.clone()).unwrap(), clock.clone())
}

#[test]
fn a_login_after_the_user_was_revoked_elsewhere_lives_on_every_server() {
    for behind_ms in [0, 1, 1_000, LEEWAY] {
        let backend = MemoryBackend::default();
        let one = server(&backend, &ManualClock::at(NOON));
        let other = server(&backend, &ManualClock::at(NOON - behind_ms));
        let third = eager(&backend, &ManualClock::at(NOON - behind_ms));
        let old = other.session(Some("ann"));
        one.store.revoke_user("ann").wait().unwrap();
        let id = other.session(Some("ann"));
        let logged_in = other.store.authenticate(&other.session(None), "ann").unwrap();
        // Its answer goes when all have heard of it.
        for server in [&other, &third, &eager(&backend, &one.clock)] {
            assert!(server.is_good(&id) && server.is_good(&logged_in), "{behind_ms} ms behind");
            assert!(!server.is_good(&old));
        }
    }
}

/// As where the login's answer has timed out, and the user logged out everywhere, before the backend gets to it.
#[test]
fn a_login_that_is_recorded_late_does_not_undo_what_was_revoked_since() {
    let (backend, clock) = (Troubled::default(), ManualClock::at(NOON));
    let revocations = Revocations::builder().clock(clock.clone());
    let server = Server::with(revocations.with_backend(backend.clone()).unwrap(), clock);
    server.store.revoke_user("ann").wait().unwrap();
    let again = backend.clone().news().unwrap().revocations.into_iter().map(Change::Revoke).collect();
    *backend.overtaken_by.lock().unwrap() = again;
    let error = server.store.authenticate(&server.session(None), "ann").unwrap_err().to_string();
    assert!(error.contains("were ended while this one began"), "{error}");
    assert!(server.is_good(&server.session(Some("ann"))), "the next one begins");
}

/// On the only thread of a runtime nobody may wait, and without waiting nobody knows.
#[tokio::test]
async fn a_session_of_a_user_begins_by_awaiting_where_no_thread_may_wait() {
    let (backend, clock) = (MemoryBackend::default(), ManualClock::at(NOON));
    let (one, other) = (server(&backend, &clock), seldom(&backend, &clock));
    one.store.revoke_user("ann").await.unwrap();
    let of_ann = || CreateOptions { user_id: Some("ann".into()), ..CreateOptions::default() };
    let error = other.store.create(of_ann()).unwrap_err().to_string();
    assert!(error.contains("await it instead"), "{error}");
    let id = other.store.create_async(of_ann(), b"").await.unwrap();
    clock.advance(1_000);
    assert!(other.is_good(&id) && eager(&backend, &clock).is_good(&id));
    assert!(other.store.create(CreateOptions::default()).is_ok(), "nobody's needs no waiting");
}

#[test]
fn a_revocation_after_the_login_ends_it() {
    let (backend, clock) = (MemoryBackend::default(), ManualClock::at(NOON));
    let (one, other) = (server(&backend, &clock), eager(&backend, &clock));
    one.store.revoke_user("ann").wait().unwrap();
    let id = other.session(Some("ann"));
    assert!(other.is_good(&id));
    one.store.revoke_user("ann").wait().unwrap();
    until("it is heard of", || !other.is_good(&id));
}

#[test]
fn a_session_that_was_ended_elsewhere_does_not_go_on_under_another_uid() {
    let (backend, clock) = (MemoryBackend::default(), ManualClock::at(NOON));
    let (one, other) = (server(&backend, &clock), seldom(&backend, &clock));
    for user in [Some("ann"), None] {
        let id = other.session(user);
        one.store.delete(&id).unwrap();
        assert!(other.is_good(&id), "it has not heard of it");
        assert!(other.store.cycle(&id).is_err(), "{user:?}");
    }
    let id = other.session(Some("ann"));
    one.store.revoke_user("ann").wait().unwrap();
    assert!(other.store.cycle(&id).is_err());
}

#[test]
fn a_session_that_was_spared_is_spared_under_its_next_uid() {
    let (backend, clock) = (MemoryBackend::default(), ManualClock::at(NOON));
    let (one, other) = (server(&backend, &clock), eager(&backend, &clock));
    one.store.revoke_user("ann").wait().unwrap();
    let first = one.session(Some("ann"));
    let second = one.store.cycle(&first).unwrap();
    // A server that has not heard of anything gives it another uid.
    let late = server(&backend, &clock);
    one.store.revoke_user("bob").wait().unwrap();
    let third = late.store.cycle(&second).unwrap();
    // Its answer goes when all have heard of it.
    for server in [&one, &other, &late] {
        assert!(!server.is_good(&first) && !server.is_good(&second) && server.is_good(&third));
    }
}

#[test]
fn more_logins_than_are_spared_within_the_leeway_are_an_error_and_pass() {
    let server = Server::new();
    server.store.revoke_user("ann").wait().unwrap();
    let made: Vec<SessionId> = (0..64).map(|_| server.session(Some("ann"))).collect();
    let options = || CreateOptions { user_id: Some("ann".into()), ..Default::default() };
    let error = server.store.create(options()).unwrap_err();
    assert!(error.to_string().contains("wait for as long as clocks may differ"), "{error}");
    assert!(made.iter().all(|id| server.is_good(id)));
    server.clock.advance(MINUTE + 1);
    assert!(server.is_good(&server.session(Some("ann"))));
}

fn others(uid: u8, instead: u8, created_before_ms: u64) -> Change {
    Change::RevokeOthers {
        scope: Scope::default(),
        user_id: "ann".into(),
        created_before_ms,
        uid: SessionUid::from_bytes([uid; 16]),
        created_at_ms: NOON,
        instead: SessionUid::from_bytes([instead; 16]),
        until_ms: NOON + DAY,
    }
}

fn user(created_before_ms: u64) -> Change {
    Change::Revoke(Revocation::User {
        reach: Reach::Scope(Scope::default()),
        user_id: "ann".into(),
        created_before_ms,
        except: Vec::new(),
        until_ms: NOON + DAY,
    })
}

/// Whom the entry of the user spares.
fn spared(changes: &[&[Change]]) -> Vec<u8> {
    let mut backend = MemoryBackend::default();
    changes.iter().for_each(|changes| backend.record(changes).unwrap());
    let entries = backend.news().unwrap().revocations;
    let except = entries.into_iter().find_map(|entry| match entry {
        Revocation::User { except, .. } => Some(except),
        _ => None,
    });
    except.unwrap_or_default().iter().map(|uid| uid.as_bytes()[0]).collect()
}

#[test]
fn the_order_of_the_backend_says_who_is_spared_and_no_clock_does() {
    assert_eq!(spared(&[&[others(1, 2, NOON + 5)]]), [2]);
    assert_eq!(
        spared(&[&[others(1, 2, NOON + 5)], &[user(NOON + 1)]]),
        [0_u8; 0],
        "by a clock that is behind"
    );
    assert_eq!(spared(&[&[user(NOON)], &[others(1, 2, NOON - 9)]]), [2], "created at noon, revoked before");
    assert_eq!(spared(&[&[others(1, 2, NOON + 5)], &[others(2, 3, NOON + 4)]]), [3]);
}

#[test]
fn a_session_that_is_revoked_itself_ends_and_spares_nobody() {
    assert_eq!(spared(&[&[user(NOON + 1)], &[others(1, 2, NOON + 5)]]), [0_u8; 0]);
    let everything = Change::Revoke(Revocation::Everything {
        app_id: Some(String::new()),
        created_before_ms: NOON + 1,
        until_ms: NOON + DAY,
    });
    assert_eq!(spared(&[&[everything], &[others(1, 2, NOON + 5)]]), [0_u8; 0]);
    let uid = SessionUid::from_bytes([1; 16]);
    let itself = Change::Revoke(Revocation::Session { uid, until_ms: NOON + DAY });
    assert_eq!(spared(&[&[itself], &[others(1, 2, NOON + 5)]]), [0_u8; 0]);
    assert_eq!(
        spared(&[&[others(1, 2, NOON + 5)], &[others(1, 3, NOON + 6)]]),
        [2],
        "a copy changes nothing"
    );
}

#[test]
fn of_two_histories_only_those_are_spared_that_both_spare() {
    let entry = |except: &[u8]| Revocation::User {
        reach: Reach::Scope(Scope::default()),
        user_id: "ann".into(),
        created_before_ms: NOON,
        except: except.iter().map(|uid| SessionUid::from_bytes([*uid; 16])).collect(),
        until_ms: NOON + DAY,
    };
    let restored = |one: &[u8], other: &[u8]| {
        spared(&[&[Change::Restore(entry(one))], &[Change::Restore(entry(other))]])
    };
    assert_eq!(restored(&[1, 2], &[2, 3]), [2]);
    assert_eq!(restored(&[1], &[]), [0_u8; 0]);
    assert_eq!(restored(&[1], &[1]), [1]);
}

#[test]
fn of_two_logins_at_once_one_lives_where_a_user_may_have_one_session() {
    for _ in 0..50 {
        let (backend, clock) = (MemoryBackend::default(), ManualClock::at(NOON));
        let servers = [eager(&backend, &clock), eager(&backend, &clock)];
        let begin = |server: &Server| {
            let registry = Registry::builder(server.store.clone()).max_sessions(1).build().unwrap();
            let id = server.session(Some("ann"));
            let session = server.store.open(&id).unwrap();
            let info = SessionInfo {
                user_id: "ann".into(),
                uid: session.uid(),
                created_at_ms: NOON,
                last_seen_at_ms: NOON,
                expires_at_ms: NOON + DAY,
                label: String::new(),
            };
            (id, registry.began(info))
        };
        let begun: Vec<_> = servers.iter().map(begin).collect();
        let ids: Vec<_> = begun
            .into_iter()
            .map(|(id, pending)| {
                pending.wait().unwrap();
                id
            })
            .collect();
        for server in &servers {
            until("exactly one lives", || ids.iter().filter(|id| server.is_good(id)).count() == 1);
        }
        let lives = |server: &Server| ids.iter().position(|id| server.is_good(id));
        assert_eq!(lives(&servers[0]), lives(&servers[1]), "the same one everywhere");
    }
}

#[test]
fn what_is_dated_ahead_for_everything_that_was_revoked_is_revoked_with_its_user() {
    for behind_ms in [0, 2, 1_000, LEEWAY] {
        let backend = MemoryBackend::default();
        let one = eager(&backend, &ManualClock::at(NOON));
        let other = server(&backend, &ManualClock::at(NOON - behind_ms));
        one.store.revoke_everything().wait().unwrap();
        let id = one.session(Some("ann"));
        assert!(one.is_good(&id));
        other.store.revoke_user("ann").wait().unwrap();
        until("it is heard of", || !one.is_good(&id));
        assert!(!other.is_good(&id), "{behind_ms} ms behind");
        one.store.revoke_everything().wait().unwrap();
        let id = one.session(None);
        assert!(one.is_good(&id));
        one.store.revoke_everything().wait().unwrap();
        assert!(!one.is_good(&id));
    }
}

/// Also by a server that has not heard yet what was revoked while it was cut off.
#[test]
fn what_is_dated_ahead_is_revoked_with_its_user_right_after_a_partition() {
    let (backend, clock) = (Troubled::default(), ManualClock::at(NOON));
    let with = |backend: &Troubled, clock: &ManualClock| {
        let revocations = Revocations::builder().clock(clock.clone()).with_backend(backend.clone());
        Server::with(revocations.unwrap(), clock.clone())
    };
    let cut_off = backend.beside();
    let (one, other) = (with(&backend, &clock), with(&cut_off, &ManualClock::at(NOON - LEEWAY / 2)));
    let fails = |fails| cut_off.fails.store(fails, Ordering::Release);
    for _ in 0..3 {
        fails(true);
        other.store.revoke_user("ann").wait().unwrap_err();
        one.store.revoke_everything().wait().unwrap();
        let id = one.session(Some("ann"));
        assert!(one.is_good(&id));
        fails(false);
        other.store.revoke_user("ann").wait().unwrap();
        until("it is heard of", || !one.is_good(&id));
    }
}

#[test]
fn a_login_right_after_a_partition_is_an_error_where_everything_was_revoked_meanwhile() {
    let (backend, clock) = (Troubled::default(), ManualClock::at(NOON));
    let with = |backend: Troubled| {
        let revocations = Revocations::builder().clock(clock.clone()).with_backend(backend);
        Server::with(revocations.unwrap(), clock.clone())
    };
    let cut_off = backend.beside();
    let (one, other) = (with(backend), with(cut_off.clone()));
    for _ in 0..3 {
        cut_off.fails.store(true, Ordering::Release);
        other.session(Some("bob")); // It finds that nothing can be heard.
        clock.advance(MINUTE);
        one.store.revoke_everything().wait().unwrap();
        cut_off.fails.store(false, Ordering::Release);
        let login =
            || other.store.create(CreateOptions { user_id: Some("ann".into()), ..Default::default() });
        // An error, or dated behind what has been heard of by then.
        let id = login().or_else(|_| login()).unwrap();
        assert!(other.is_good(&id) && one.is_good(&id));
        until("it is heard of", || other.store.health().is_ok());
        assert!(other.is_good(&id));
    }
}

#[test]
fn a_session_of_a_clock_that_is_ahead_by_all_of_the_leeway_is_revoked_with_its_user() {
    let server = Server::new();
    server.clock.set(NOON + LEEWAY);
    let ahead = server.session(Some("ann"));
    server.clock.set(NOON);
    assert!(server.is_good(&ahead));
    server.store.revoke_user("ann").wait().unwrap();
    assert!(!server.is_good(&ahead));
}

#[test]
fn who_logs_in_where_it_cannot_be_read_what_was_revoked_is_spared_by_what_there_may_be() {
    let backend = Troubled::default();
    let clock = ManualClock::at(NOON);
    let eager = || {
        let revocations = Revocations::builder().clock(clock.clone()).poll_every(Duration::from_millis(1));
        Server::with(revocations.with_backend(backend.clone()).unwrap(), clock.clone())
    };
    let (one, other) = (eager(), eager());
    let old = other.session(Some("ann"));
    backend.fails_to_tell.store(true, Ordering::Release);
    one.store.revoke_user("ann").wait().unwrap();
    let (here, there) = (one.session(Some("ann")), other.session(Some("ann")));
    backend.fails_to_tell.store(false, Ordering::Release);
    until("it is heard of", || !other.is_good(&old));
    for server in [&one, &other, &eager()] {
        until("all is known", || server.is_good(&here) && server.is_good(&there));
        assert!(!server.is_good(&old));
    }
}

/// It is dated behind the time at which everything was revoked.
#[test]
fn what_began_after_everything_was_revoked_is_revoked_with_its_user_where_nobody_can_say_so() {
    for behind_ms in [0, 1_000, LEEWAY] {
        let backend = Troubled::default();
        let at = |ms, backend: &Troubled| {
            let clock = ManualClock::at(ms);
            let revocations =
                Revocations::builder().clock(clock.clone()).poll_every(Duration::from_millis(1));
            Server::with(revocations.with_backend(backend.clone()).unwrap(), clock)
        };
        let of_other = backend.beside();
        let (one, other) = (at(NOON, &backend), at(NOON - behind_ms, &of_other));
        of_other.fails_to_tell.store(true, Ordering::Release);
        one.store.revoke_everything().wait().unwrap();
        let id = one.session(Some("ann"));
        assert!(one.is_good(&id));
        other.store.revoke_user("ann").wait().unwrap();
        of_other.fails_to_tell.store(false, Ordering::Release);
        assert!(!other.is_good(&id), "{behind_ms}");
        assert!(!at(NOON, &backend).is_good(&id), "{behind_ms}, on a server that starts");
        let of_ann = || CreateOptions { user_id: Some("ann".into()), ..CreateOptions::default() };
        until("it is heard of", || other.store.create(of_ann()).is_ok());
        let new = other.session(Some("ann"));
        assert!(other.is_good(&new) && at(NOON, &backend).is_good(&new), "{behind_ms}");
    }
}

#[test]
fn what_is_revoked_later_ends_what_began_before_it_whatever_a_clock_said() {
    let backend = MemoryBackend::default();
    let wrong = server(&backend, &ManualClock::at(NOON + 365 * DAY));
    let clock = ManualClock::at(NOON);
    let right = eager(&backend, &clock);
    let old = [right.session(Some("ann")), right.session(None)];
    wrong.store.revoke_user("ann").wait().unwrap();
    wrong.store.revoke_everything().wait().unwrap();
    until("both are heard of", || old.iter().all(|id| !right.is_good(id)));
    for _ in 0..3 {
        clock.advance(5 * MINUTE);
        let id = right.session(Some("ann"));
        assert!(right.is_good(&id));
        right.store.revoke_user("ann").wait().unwrap();
        assert!(!right.is_good(&id), "of a user");
        let id = right.session(None);
        assert!(right.is_good(&id));
        right.store.revoke_everything().wait().unwrap();
        assert!(!right.is_good(&id), "everything");
    }
}
