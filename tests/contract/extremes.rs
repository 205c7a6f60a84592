//! Every time at the ends of its range. What should happen is worked out in 128 bits, from SPEC.md.

use std::time::Duration;

use sealed_session::hazmat::{Fields, ManualClock};
use sealed_session::{
    CreateOptions, Reason, SealedStore, SealedStoreBuilder, SessionError, SessionId, SessionPlugin,
};

use crate::common::{DAY, FIELDS, MINUTE, NOW, invalid, options, ring, root, sealed};

const TIMES: [u64; 7] = [0, 1, NOW, NOW + 60_000, NOW + 60_001, u64::MAX - 1, u64::MAX];

/// The policy of a store, and of the model.
#[derive(Debug, Clone, Copy)]
struct Policy {
    ttl: u64,
    lifetime: u64,
    leeway: u64,
}

const POLICIES: [Policy; 4] = [
    Policy { ttl: 30 * DAY, lifetime: 30 * DAY, leeway: MINUTE },
    Policy { ttl: 1, lifetime: 1, leeway: 0 },
    Policy { ttl: u64::MAX, lifetime: u64::MAX, leeway: u64::MAX },
    Policy { ttl: u64::MAX, lifetime: 1, leeway: u64::MAX },
];

impl Policy {
    fn builder(self, now: u64) -> SealedStoreBuilder {
        let ring = ring(vec![root(1)]).with_max_ttl(Duration::from_secs(u64::MAX)).unwrap();
        SealedStore::builder(ring)
            .clock(ManualClock::at(now))
            .default_ttl(Duration::from_millis(self.ttl))
            .max_ttl(Duration::from_millis(self.ttl))
            .max_lifetime(Duration::from_millis(self.lifetime))
            .leeway(Duration::from_millis(self.leeway))
    }

    fn end(self, created: u64, expires: u64) -> u64 {
        expires.min(add(created, self.lifetime))
    }

    /// Steps 5 and 6 of the order of checks.
    fn refusal(self, (created, renewed, expires): (u64, u64, u64), now: u64) -> Option<Reason> {
        if created > renewed || renewed >= expires {
            Some(Reason::TimeOrder)
        } else if u128::from(renewed) > u128::from(now) + u128::from(self.leeway) {
            Some(Reason::Future)
        } else {
            (now >= self.end(created, expires)).then_some(Reason::Expired)
        }
    }
}

/// Times saturate.
fn add(time: u64, span: u64) -> u64 {
    u64::try_from(u128::from(time) + u128::from(span)).unwrap_or(u64::MAX)
}

fn record((created_at_ms, renewed_at_ms, expires_at_ms): (u64, u64, u64)) -> SessionId {
    sealed(&Fields { created_at_ms, renewed_at_ms, expires_at_ms, ..FIELDS }.encode(0))
}

/// Every record of extreme times at every extreme time under every policy.
fn for_each(check: impl Fn(Policy, &SealedStore, u64, (u64, u64, u64))) {
    for policy in POLICIES {
        for now in TIMES {
            let store = policy.builder(now).build().unwrap();
            for created in TIMES {
                for renewed in TIMES {
                    TIMES.iter().for_each(|&expires| check(policy, &store, now, (created, renewed, expires)));
                }
            }
        }
    }
}

#[test]
fn records_of_extreme_times_open_as_the_order_of_checks_says() {
    for_each(|policy, store, now, times| {
        let opened = store.open(&record(times));
        let expected = policy.refusal(times, now);
        assert_eq!(opened.clone().err().map(|e| e.reason()), expected, "{policy:?} {now} {times:?}");
        if let Ok(session) = opened {
            assert_eq!(session.record().expires_at_ms, policy.end(times.0, times.2));
        }
    });
}

#[test]
fn touching_extreme_times_gives_what_opens_or_not_found() {
    for_each(|policy, store, now, times| {
        let touched = store.touch(&record(times), 0);
        let t = now.max(times.1);
        let expires = policy.end(times.0, add(t, policy.ttl));
        let context = format!("{policy:?} {now} {times:?}");
        match policy.refusal(times, now) {
            Some(Reason::Expired) => assert_eq!(touched, Err(SessionError::NotFound), "{context}"),
            Some(_) => assert_eq!(touched, Err(invalid()), "{context}"),
            None if expires <= t => assert_eq!(touched, Err(SessionError::NotFound), "{context}"),
            None => {
                let session = store.open(&touched.unwrap()).unwrap();
                assert_eq!(
                    (session.renewed_at_ms(), session.record().expires_at_ms),
                    (t, expires),
                    "{context}"
                );
            }
        }
    });
}

#[test]
fn what_opens_can_be_updated_resealed_and_cycled() {
    for_each(|policy, store, now, times| {
        let id = record(times);
        if policy.refusal(times, now).is_some() {
            return;
        }
        let changed =
            [store.update(&id, "{}").unwrap(), store.reseal(&id).unwrap(), store.cycle(&id).unwrap()];
        for session in changed.map(|id| store.open(&id).unwrap()) {
            assert_eq!((session.record().created_at_ms, session.renewed_at_ms()), (times.0, times.1));
            assert_eq!(session.record().expires_at_ms, policy.end(times.0, times.2));
        }
    });
}

#[test]
fn sessions_are_created_at_every_time_but_the_last() {
    for policy in POLICIES {
        for now in TIMES {
            let store = policy.builder(now).build().unwrap();
            for ttl in [0, 1, u64::MAX] {
                let created = store.create(options(None, "", ttl));
                if now == u64::MAX {
                    assert!(matches!(created, Err(SessionError::Backend(_))), "{policy:?} {created:?}");
                    continue;
                }
                let ttl = if ttl == 0 { policy.ttl } else { ttl.min(policy.ttl) };
                let expected = policy.end(now, add(now, ttl));
                assert_eq!(store.read(&created.unwrap()).unwrap().expires_at_ms, expected);
            }
        }
    }
}

#[test]
fn the_last_login_is_in_the_last_millisecond_but_one() {
    let login = |now| {
        let store = POLICIES[2].builder(now).build().unwrap();
        let id = store.authenticate(&record((0, u64::MAX - 1, u64::MAX)), "user")?;
        store.read(&id).map(|record| record.expires_at_ms)
    };
    assert_eq!(login(u64::MAX - 1), Ok(u64::MAX));
    assert_eq!(login(u64::MAX), Err(SessionError::NotFound));
}

#[test]
fn durations_beyond_milliseconds_are_cut_to_the_last_time() {
    let ring = ring(vec![root(1)]).with_max_ttl(Duration::from_secs(u64::MAX)).unwrap();
    let store = SealedStore::builder(ring)
        .clock(ManualClock::at(NOW))
        .default_ttl(Duration::MAX)
        .max_ttl(Duration::MAX)
        .max_lifetime(Duration::MAX)
        .leeway(Duration::MAX)
        .build()
        .unwrap();
    let id = store.create(CreateOptions::default()).unwrap();
    assert_eq!(store.read(&id).unwrap().expires_at_ms, u64::MAX);
}

#[test]
fn epochs_follow_the_clock_to_both_ends_of_time() {
    for period in [1_000_000, u64::MAX] {
        for now in TIMES {
            let rotating = root(1).rotating_every(Duration::from_secs(period)).unwrap();
            let store =
                SealedStore::builder(ring(vec![rotating])).clock(ManualClock::at(now)).build().unwrap();
            assert!(store.is_healthy());
            assert_eq!(store.create(CreateOptions::default()).is_ok(), now != u64::MAX, "{period} {now}");
        }
    }
}
