//! For how long what is revoked is known, whatever settings and clocks servers have.

use std::sync::atomic::Ordering;
use std::time::Duration;

use sealed_session::hazmat::{ManualClock, ManualWorker};
use sealed_session::revocation::{Backend as _, MemoryBackend, Revocations};
use sealed_session::{KeyRing, RootSecret, SealedStore, SealedStoreBuilder, SessionPlugin as _};

use crate::troubled::Troubled;
use crate::{DAY, HOUR, LEEWAY, MINUTE, NOON, Server, until};

fn ring() -> KeyRing {
    KeyRing::single(RootSecret::from_bytes(&[1; 32]).unwrap())
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// A server over a backend, with what it sets.
fn server(
    backend: &MemoryBackend,
    clock: &ManualClock,
    set: impl FnOnce(SealedStoreBuilder) -> SealedStoreBuilder,
) -> Server {
    let revocations =
        Revocations::builder().clock(clock.clone()).poll_every(ms(1)).with_backend(backend.clone()).unwrap();
    let store = SealedStore::builder(ring()).clock(clock.clone()).revocations(revocations.clone());
    Server { store: set(store).build().unwrap(), clock: clock.clone(), revocations }
}

fn day(store: SealedStoreBuilder) -> SealedStoreBuilder {
    store.default_ttl(ms(DAY)).max_ttl(ms(DAY))
}

fn quarter(store: SealedStoreBuilder) -> SealedStoreBuilder {
    store.default_ttl(ms(15 * MINUTE)).max_ttl(ms(15 * MINUTE))
}

#[test]
fn a_clock_that_is_set_back_for_a_while_gives_nobody_a_revoked_session_back() {
    let clock = ManualClock::at(NOON);
    let server = Server::with(Revocations::builder().clock(clock.clone()).in_memory(), clock.clone());
    let id = server.session(Some("ann"));
    server.store.revoke_user("ann").wait().unwrap();
    clock.set(NOON - 200_000);
    server.store.revoke_user("bob").wait().unwrap();
    clock.set(NOON);
    assert!(!server.is_good(&id));
}

#[test]
fn many_servers_with_a_wrong_clock_purge_no_faster_than_one() {
    let (backend, clock) = (MemoryBackend::default(), ManualClock::at(NOON));
    let two_days = |store: SealedStoreBuilder| day(store).max_lifetime(ms(2 * DAY));
    let right = server(&backend, &clock, two_days);
    right.store.delete(&right.session(Some("ann"))).unwrap();
    for _ in 0..2 {
        backend.clone().purge(NOON, ms(4 * DAY)).unwrap();
    }
    let wrong = ManualClock::at(NOON + 400 * DAY);
    let mut workers: Vec<_> = (1..=12)
        .map(|id| {
            let builder = Revocations::builder().clock(wrong.clone());
            ManualWorker::start(builder, backend.clone(), [id; 16]).unwrap()
        })
        .collect();
    for _ in 0..62 {
        wrong.advance(MINUTE);
        workers.iter_mut().for_each(|(_, worker)| while worker.work() {});
    }
    let later = Revocations::builder().clock(clock).with_backend(backend).unwrap();
    assert_eq!(later.len(), 1);
}

#[test]
fn news_are_as_old_as_the_question() {
    let (backend, clock) = (Troubled::default(), ManualClock::at(NOON));
    let builder = Revocations::builder().clock(clock.clone());
    let (list, mut worker) = ManualWorker::start(builder, backend.clone(), [1; 16]).unwrap();
    *backend.late.lock().unwrap() = Some((clock.clone(), 10 * MINUTE));
    clock.advance(500);
    worker.work();
    assert_eq!(list.age(), Some(ms(10 * MINUTE)), "it took so long to answer");
}

/// What has expired is removed, as after many writes.
fn purge(server: &Server) {
    for _ in 0..2048 {
        server.store.delete(&server.session(None)).unwrap();
    }
}

#[test]
fn what_is_revoked_under_a_shorter_ttl_stays_so_for_the_sessions_of_the_longer_one() {
    let clock = ManualClock::at(NOON);
    let revocations = Revocations::builder().clock(clock.clone()).in_memory();
    let store = || SealedStore::builder(ring()).clock(clock.clone()).revocations(revocations.clone());
    let long = day(store()).build().unwrap();
    let of_ann = |store: &SealedStore| {
        let options = sealed_session::CreateOptions { user_id: Some("ann".into()), ..Default::default() };
        store.create(options).unwrap()
    };
    let (one, other) = (of_ann(&long), of_ann(&long));
    let short = Server {
        store: quarter(store()).build().unwrap(),
        clock: clock.clone(),
        revocations: revocations.clone(),
    };
    short.store.delete(&one).unwrap();
    short.store.revoke_user("ann").wait().unwrap();
    for _ in 0..3 {
        clock.advance(7 * HOUR);
        purge(&short);
        assert!(long.read(&one).is_err() && long.read(&other).is_err());
    }
}

#[test]
fn a_server_that_learned_of_it_late_cannot_have_kept_a_session_alive_for_longer_than_it_is_known() {
    let (backend, here) = (MemoryBackend::default(), ManualClock::at(NOON));
    let one = server(&backend, &here, quarter);
    let id = one.session(Some("ann"));
    // The other is cut off: it has a list of its own, which is connected to nothing.
    let other = server(&MemoryBackend::default(), &here, quarter);
    one.store.revoke_user("ann").wait().unwrap();
    here.advance(5 * MINUTE);
    let mut touched = other.store.touch(&id, 0).unwrap();
    // Whoever has the copy keeps it alive there.
    for _ in 0..20 {
        here.advance(10 * MINUTE);
        touched = other.store.touch(&touched, 0).unwrap();
        purge(&one);
        assert!(!one.is_good(&touched), "refused where it is known");
    }
    let healed = server(&backend, &here, quarter);
    assert!(!healed.is_good(&touched), "and everywhere once it has healed");
}

#[test]
fn what_was_kept_alive_on_a_server_that_was_cut_off_is_refused_there_once_it_is_back() {
    let (backend, clock) = (Troubled::default(), ManualClock::at(NOON));
    let over = |backend: Troubled| {
        let revocations = Revocations::builder().clock(clock.clone()).poll_every(ms(1));
        let revocations = revocations.with_backend(backend).unwrap();
        let store = SealedStore::builder(ring()).clock(clock.clone()).revocations(revocations.clone());
        Server { store: quarter(store).build().unwrap(), clock: clock.clone(), revocations }
    };
    let way = backend.beside();
    let (one, cut_off) = (over(backend.clone()), over(way.clone()));
    let (deleted, anns) = (one.session(Some("bob")), one.session(Some("ann")));
    way.fails.store(true, Ordering::Release);
    one.store.delete(&deleted).unwrap();
    one.store.revoke_user("ann").wait().unwrap();
    let mut copies = [deleted, anns];
    for _ in 0..5 {
        clock.advance(MINUTE);
        copies = copies.map(|copy| cut_off.store.touch(&copy, 0).unwrap());
    }
    way.fails.store(false, Ordering::Release);
    until("it has heard of both", || !copies.iter().any(|copy| cut_off.is_good(copy)));
    for _ in 0..17 {
        clock.advance(MINUTE);
        for server in [&one, &cut_off, &over(backend.beside())] {
            assert!(!copies.iter().any(|copy| server.is_good(copy)));
        }
    }
}

#[test]
fn a_store_that_revokes_goes_by_the_lifetime_of_all_that_share_the_list() {
    let (backend, clock) = (MemoryBackend::default(), ManualClock::at(NOON));
    let short = server(&backend, &clock, |store| quarter(store).max_lifetime(ms(HOUR)));
    let long = server(&backend, &clock, |store| store.default_ttl(ms(20 * DAY)));
    let id = long.session(Some("ann"));
    until("the first knows of the other", || {
        short.store.revoke_user("ann").wait().unwrap();
        !long.is_good(&id)
    });
    for _ in 0..15 {
        clock.advance(DAY);
        purge(&short);
        assert!(!long.is_good(&id));
        let starts_later = server(&backend, &clock, |store| store);
        assert!(!starts_later.is_good(&id));
    }
}

#[test]
fn what_a_server_that_is_gone_sealed_stays_revoked() {
    let (backend, clock) = (MemoryBackend::default(), ManualClock::at(NOON));
    let long = server(&backend, &clock, |store| store.default_ttl(ms(20 * DAY)));
    let (anns, deleted) = (long.session(Some("ann")), long.session(Some("bob")));
    drop(long);
    clock.advance(HOUR / 2);
    let short = server(&backend, &clock, |store| quarter(store).max_lifetime(ms(HOUR)));
    short.store.revoke_user("ann").wait().unwrap();
    short.store.delete(&deleted).unwrap();
    clock.advance(10 * DAY);
    purge(&short);
    let longer_again = server(&backend, &clock, |store| store);
    assert!(![anns, deleted].iter().any(|id| longer_again.is_good(id)), "if the longer settings come back");
}

#[test]
fn where_all_refuse_without_news_less_has_to_be_kept() {
    let (backend, clock) = (MemoryBackend::default(), ManualClock::at(NOON));
    let refusing = |minutes| {
        let revocations = Revocations::builder()
            .clock(clock.clone())
            .poll_every(ms(1))
            .refuse_after(ms(minutes * MINUTE))
            .with_backend(backend.clone())
            .unwrap();
        let store = SealedStore::builder(ring()).clock(clock.clone()).revocations(revocations.clone());
        Server { store: quarter(store).build().unwrap(), clock: clock.clone(), revocations }
    };
    let kept_for = |server: &Server| {
        let mut backend = backend.clone();
        server
            .store
            .revoke_session(server.store.open(&server.session(None)).unwrap().uid(), NOON)
            .wait()
            .unwrap();
        let mut untils = backend.news().unwrap().revocations.into_iter().map(|entry| entry.until_ms());
        untils.next_back().unwrap() - NOON
    };
    let (one, _other) = (refusing(1), refusing(2));
    // Nobody can touch it after two minutes, for more than a quarter of an hour.
    until("each knows of the other", || kept_for(&one) == 17 * MINUTE + LEEWAY + 1);
    let _careless = server(&backend, &clock, quarter);
    until("one goes on without news", || kept_for(&one) == 30 * DAY + LEEWAY + 1);
}

/// All of them refuse without news, so that it depends on the time how long an entry is kept.
#[test]
fn what_a_server_ends_whose_clock_is_behind_is_kept_for_those_whose_clocks_are_right() {
    let (backend, clock) = (MemoryBackend::default(), ManualClock::at(NOON));
    let refusing = |clock: &ManualClock| {
        let revocations = Revocations::builder().clock(clock.clone()).poll_every(ms(1));
        let revocations = revocations.refuse_after(ms(MINUTE)).with_backend(backend.clone()).unwrap();
        let store = SealedStore::builder(ring()).clock(clock.clone()).revocations(revocations.clone());
        Server { store: quarter(store).build().unwrap(), clock: clock.clone(), revocations }
    };
    let right = refusing(&clock);
    let behind = refusing(&ManualClock::at(NOON - HOUR));
    until("each knows of the other", || backend.clone().sharers().unwrap().len() == 2);
    let uid = right.store.open(&right.session(Some("ann"))).unwrap().uid();
    for created_at_ms in [NOON, NOON - 2 * HOUR] {
        behind.store.revoke_session(uid, created_at_ms).wait().unwrap();
        let last = backend.clone().news().unwrap().revocations.pop().unwrap();
        assert!(last.until_ms() >= NOON + 16 * MINUTE, "{} s", last.until_ms().abs_diff(NOON) / 1000);
    }
}

#[test]
fn a_clock_that_is_wrong_for_a_while_makes_nobody_forget() {
    let server = Server::new();
    let id = server.session(Some("ann"));
    server.store.delete(&id).unwrap();
    server.store.revoke_user("bob").wait().unwrap();
    let bobs = server.revocations.len();
    server.clock.set(NOON + 32 * DAY);
    purge(&server);
    server.clock.advance(MINUTE);
    purge(&server);
    server.clock.set(NOON + 2 * MINUTE);
    assert!(!server.is_good(&id));
    assert!(server.revocations.len() >= bobs);
}

#[test]
fn what_a_server_revokes_whose_clock_is_years_ahead_keeps_nobody_from_logging_in() {
    let (backend, right) = (MemoryBackend::default(), ManualClock::at(NOON));
    let one = server(&backend, &right, |store| store);
    let wrong = server(&backend, &ManualClock::at(NOON + 365 * DAY), |store| store);
    let old = one.session(Some("ann"));
    wrong.store.revoke_everything().wait().unwrap();
    until("it is known", || !one.is_good(&old));
    assert!(one.is_good(&one.session(Some("ann"))) && one.is_good(&one.session(None)));
    wrong.store.revoke_user("ann").wait().unwrap();
    let made = one.session(Some("ann"));
    assert!(one.is_good(&made));
}

/// However wrong the clock was when a revocation became known, it counts once the clock is right.
#[test]
fn what_became_known_while_a_clock_was_wrong_counts_once_it_is_right() {
    for wrong in [NOON - 32 * DAY, NOON - HOUR, NOON + HOUR, NOON + 32 * DAY] {
        let (backend, right, set) = (MemoryBackend::default(), ManualClock::at(NOON), ManualClock::at(NOON));
        let [one, other] = [&right, &set].map(|clock| server(&backend, clock, |store| store));
        let (anns, bobs) = (one.session(Some("ann")), one.session(Some("bob")));
        set.set(wrong);
        one.store.revoke_user("ann").wait().unwrap();
        until("it is known", || other.revocations.len() == 1);
        set.set(NOON);
        until("it counts", || !other.is_good(&anns));
        assert!(other.is_good(&bobs));
        one.store.revoke_everything().wait().unwrap();
        until("all are ended", || !other.is_good(&bobs));
    }
}

/// The same where it was known before the clock was wrong, and where a clock years ahead revoked.
#[test]
fn a_clock_that_was_wrong_meanwhile_neither_ends_nor_prolongs_what_is_known() {
    let (backend, right, set) = (MemoryBackend::default(), ManualClock::at(NOON), ManualClock::at(NOON));
    let [one, other] = [&right, &set].map(|clock| server(&backend, clock, |store| store));
    let years_ahead = server(&backend, &ManualClock::at(NOON + 365 * DAY), |store| store);
    let anns = one.session(Some("ann"));
    set.set(NOON + 40 * DAY);
    years_ahead.store.revoke_user("ann").wait().unwrap();
    until("it is known", || other.revocations.len() == 1 && one.revocations.len() == 1);
    set.set(NOON);
    until("it counts", || !other.is_good(&anns));
    [&right, &set].iter().for_each(|clock| clock.advance(3 * LEEWAY));
    let later = one.session(Some("ann"));
    until("sessions of later are good", || one.is_good(&later) && other.is_good(&later));
}
