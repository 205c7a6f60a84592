//! What deleting, cycling, logging in and out revoke, and for how long.

use sealed_session::hazmat::ManualClock;
use sealed_session::revocation::Revocations;
use sealed_session::{
    CreateOptions, KeyRing, Reason, Root, RootSecret, SealError, SealedStore, SessionError, SessionId,
    SessionPlugin as _,
};

use crate::troubled::Troubled;
use crate::{DAY, HOUR, LEEWAY, MINUTE, NOON, Server, other_ring};

#[test]
fn a_deleted_session_is_not_found_under_any_of_its_ids() {
    let server = Server::new();
    let id = server.session(Some("ann"));
    server.clock.advance(HOUR);
    let touched = server.store.touch(&id, 0).unwrap();
    let resealed = server.store.reseal(&touched).unwrap();
    let other = server.session(Some("ann"));
    server.store.delete(&id).unwrap();
    for dead in [&id, &touched, &resealed] {
        assert_eq!(server.store.read(dead), Err(SessionError::NotFound));
        assert_eq!(server.store.open(dead).unwrap_err().reason(), Reason::Revoked);
        assert_eq!(server.store.update(dead, "{}"), Err(SessionError::NotFound));
        assert_eq!(server.store.touch(dead, 0), Err(SessionError::NotFound));
    }
    assert!(server.is_good(&other), "another session of the user lives");
    assert_eq!(server.store.delete(&id), Ok(()), "twice is once");
}

#[test]
fn an_expired_session_is_revoked_as_well() {
    let server = Server::new();
    let id = server.session(None);
    server.clock.advance(HOUR);
    let touched = server.store.touch(&id, 0).unwrap();
    server.clock.set(NOON + DAY);
    assert_eq!(server.store.open(&id).unwrap_err().reason(), Reason::Expired);
    server.store.delete(&id).unwrap();
    assert!(!server.is_good(&touched), "a thief who touched a copy has nothing");
}

#[test]
fn deleting_what_no_server_made_revokes_nothing() {
    let server = Server::new();
    let id = server.session(None);
    for garbage in ["", "garbage", &id.as_str().replacen('A', "B", 1), &"A".repeat(9000)] {
        assert_eq!(server.store.delete(&SessionId::new(garbage)), Ok(()));
    }
    assert!(server.revocations.is_empty() && server.is_good(&id));
}

#[test]
fn a_session_that_cannot_be_opened_yet_is_not_taken_for_deleted() {
    let server = Server::new();
    server.clock.advance(10 * MINUTE);
    let ahead = server.session(None);
    server.clock.set(NOON);
    assert!(matches!(server.store.delete(&ahead), Err(SessionError::Backend(_))));
}

#[test]
fn deleting_takes_the_associated_data_that_the_session_was_made_with() {
    let server = Server::new();
    let id = server.store.create_with(Default::default(), b"tenant-7").unwrap();
    server.store.revoke_with(&id, b"tenant-8").wait().unwrap();
    assert!(server.store.open_with(&id, b"tenant-7").is_ok());
    server.store.revoke_with(&id, b"tenant-7").wait().unwrap();
    assert!(server.store.open_with(&id, b"tenant-7").is_err());
}

#[test]
fn a_cycle_and_a_login_revoke_what_they_replace() {
    let server = Server::new();
    let old = server.session(None);
    let cycled = server.store.cycle(&old).unwrap();
    assert!(!server.is_good(&old) && server.is_good(&cycled));
    let logged_in = server.store.authenticate(&cycled, "ann").unwrap();
    assert!(!server.is_good(&cycled) && server.is_good(&logged_in));
    assert_eq!(
        server.store.cycle(&old),
        Err(sealed_session::ResealError::Open(server.store.open(&old).unwrap_err()))
    );
}

#[tokio::test]
async fn those_who_await_revoke_what_they_replace() {
    let server = Server::new();
    let old = server.session(None);
    let cycled = server.store.cycle_async(&old, b"").await.unwrap();
    assert!(!server.is_good(&old) && server.is_good(&cycled));
    let logged_in = server.store.authenticate_async(&cycled, "ann", b"").await.unwrap();
    assert!(!server.is_good(&cycled) && server.is_good(&logged_in));
    server.store.revoke(&logged_in).await.unwrap();
    assert!(!server.is_good(&logged_in));
}

#[test]
fn an_update_a_touch_and_a_reseal_revoke_nothing() {
    let server = Server::new();
    let id = server.session(None);
    server.store.update(&id, r#"{"a":1}"#).unwrap();
    server.store.touch(&id, 0).unwrap();
    server.store.reseal(&id).unwrap();
    assert!(server.revocations.is_empty() && server.is_good(&id));
}

#[test]
fn everything_of_a_user_is_revoked_by_when_it_was_created() {
    let server = Server::new();
    let (ann, bob, nobody) = (server.session(Some("ann")), server.session(Some("bob")), server.session(None));
    server.clock.advance(HOUR);
    let touched = server.store.touch(&ann, 0).unwrap();
    server.store.revoke_user("ann").wait().unwrap();
    assert!(!server.is_good(&ann) && !server.is_good(&touched), "one touch does not escape it");
    assert!(server.is_good(&bob) && server.is_good(&nobody));
}

#[test]
fn a_user_who_logs_in_again_at_once_is_logged_in() {
    let server = Server::new();
    let old = server.session(Some("ann"));
    server.store.revoke_user("ann").wait().unwrap();
    let id = server.store.authenticate(&server.session(None), "ann").unwrap();
    let made = server.session(Some("ann"));
    assert!(server.is_good(&id) && server.is_good(&made) && !server.is_good(&old));
    assert_eq!(server.store.read(&id).unwrap().created_at_ms, NOON, "by the clock");
}

#[test]
fn a_session_by_a_server_whose_clock_is_ahead_does_not_escape() {
    let server = Server::new();
    server.clock.set(NOON + LEEWAY - 1);
    let ahead = server.session(Some("ann"));
    server.clock.set(NOON);
    server.store.revoke_user("ann").wait().unwrap();
    assert!(!server.is_good(&ahead));
}

#[test]
fn everything_is_revoked_at_once() {
    let server = Server::new();
    let all = [server.session(Some("ann")), server.session(Some("bob")), server.session(None)];
    server.store.revoke_everything().wait().unwrap();
    assert!(all.iter().all(|id| !server.is_good(id)));
    assert!(server.is_good(&server.session(None)) && server.is_good(&server.session(Some("ann"))));
}

#[test]
fn a_revocation_is_forgotten_when_no_copy_can_be_valid_any_more() {
    let server = Server::new();
    server.store.delete(&server.session(None)).unwrap();
    let lasts = 30 * DAY + LEEWAY + 1;
    assert_eq!(server.revocations.len(), 1);
    server.clock.advance(lasts - 1);
    forget(&server);
    assert_eq!(server.revocations.len(), 1025);
    server.clock.advance(1);
    forget(&server);
    assert_eq!(server.revocations.len(), 2048, "the first is gone");
}

/// What has expired is looked for after so many writes.
fn forget(server: &Server) {
    for _ in 0..1024 {
        server.store.delete(&server.session(None)).unwrap();
    }
}

#[test]
fn what_is_revoked_late_in_its_life_is_kept_for_the_rest_of_it() {
    let server = Server::new();
    let mut id = server.session(None);
    for _ in 0..29 {
        server.clock.advance(DAY - 1);
        id = server.store.touch(&id, 0).unwrap();
    }
    server.store.delete(&id).unwrap();
    // Its lifetime ends 30 days after noon, long before a maximum TTL from now.
    server.clock.advance(DAY + 29 + LEEWAY);
    forget(&server);
    assert_eq!(server.revocations.len(), 1025);
    server.clock.advance(1);
    forget(&server);
    assert_eq!(server.revocations.len(), 2048);
}

#[test]
fn a_store_without_revocations_says_so_and_deletes_as_ever() {
    let ring = KeyRing::single(RootSecret::from_bytes(&[1; 32]).unwrap());
    let store = SealedStore::builder(ring).build().unwrap();
    let id = store.create(Default::default()).unwrap();
    assert_eq!(store.delete(&id), Ok(()));
    assert!(store.read(&id).is_ok());
    let error = store.revoke(&id).wait().unwrap_err();
    assert!(error.to_string().contains("built without revocations"), "{error}");
    assert!(store.cycle(&id).is_ok());
}

#[test]
fn one_list_serves_several_stores() {
    let clock = ManualClock::at(NOON);
    let revocations = Revocations::builder().clock(clock.clone()).in_memory();
    let one = Server::with(revocations.clone(), clock.clone());
    let other = Server::with(revocations, clock);
    let id = one.session(None);
    other.store.delete(&id).unwrap();
    assert!(!one.is_good(&id));
}

#[test]
fn a_new_session_that_cannot_be_given_out_ends_nothing() {
    let server = Server::new();
    let id = server.session(None);
    let long = "u".repeat(65_535);
    let error = server.store.authenticate(&id, &long).unwrap_err();
    assert_eq!(error, sealed_session::ResealError::Seal(SealError::UserIdTooLong { len: 65_535 }));
    assert!(server.is_good(&id));
    server.store.replace_ring(other_ring()).unwrap();
    assert_eq!(server.store.delete(&id), Ok(()));
}

/// An operator has revoked the root, or put a ring in place that lacks it, while the backend was waited for.
#[tokio::test]
async fn nothing_takes_the_place_of_a_session_whose_root_is_revoked_meanwhile() {
    let root =
        |number| Root::new(RootSecret::from_bytes(&[number; 32]).unwrap()).activating_at(number.into());
    let rings: [fn(Root, Root) -> Vec<Root>; 2] = [|one, two| vec![one.revoked(), two], |_, two| vec![two]];
    for ring in rings {
        for logs_in in [false, true] {
            let (backend, clock) = (Troubled::default(), ManualClock::at(NOON));
            let revocations =
                Revocations::builder().clock(clock.clone()).with_backend(backend.clone()).unwrap();
            let builder = SealedStore::builder(KeyRing::new(vec![root(1)]).unwrap());
            let store = builder.clock(clock).revocations(revocations).build().unwrap();
            let id = store.create(CreateOptions::default()).unwrap();
            backend.close(true);
            let replaced = async {
                match logs_in {
                    true => store.authenticate_async(&id, "ann", b"").await,
                    false => store.cycle_async(&id, b"").await,
                }
            };
            let mut replaced = std::pin::pin!(replaced);
            let first = std::future::poll_fn(|cx| std::task::Poll::Ready(replaced.as_mut().poll(cx)));
            assert!(first.await.is_pending());
            store.replace_ring(KeyRing::new(ring(root(1), root(2))).unwrap()).unwrap();
            backend.close(false);
            assert!(replaced.await.is_err(), "a login: {logs_in}");
        }
    }
}
