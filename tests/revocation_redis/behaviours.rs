//! What every backend does, whatever it is made of. Times are those of the machine's clock.

use std::collections::HashMap;
use std::thread;

use sealed_session::revocation::{Backend, Revocation, SessionInfo};

use crate::{DAY, HOUR, SECOND, now, session, uid};

/// Storage with nothing in it yet.
pub(crate) trait Storage: Sync {
    /// One more server that uses it.
    fn node(&self) -> Box<dyn Backend>;
}

type Behaviour = fn(&dyn Storage);

pub(crate) const BEHAVIOURS: &[(&str, Behaviour)] = &[
    ("what one records is news to others, once", what_one_records_is_news_to_others_once),
    ("the first call gives all", the_first_call_gives_all),
    ("later times win", later_times_win),
    ("what is over is forgotten", what_is_over_is_forgotten),
    ("the largest times", the_largest_times),
    ("any user", any_user),
    ("ten thousand", ten_thousand),
    ("many at once", many_at_once),
    ("sessions are listed", sessions_are_listed),
    ("sessions are struck off", sessions_are_struck_off),
    ("expired sessions are counted", expired_sessions_are_counted),
];

/// The two times of each thing, as a server has them in the end.
pub(crate) fn known(revocations: &[Revocation]) -> HashMap<String, (u64, u64)> {
    let mut known = HashMap::new();
    for revocation in revocations {
        let (name, before) = match revocation {
            Revocation::Session { uid, .. } => (uid.to_string(), 0),
            Revocation::User { user_id, created_before_ms, .. } => {
                (format!("user {user_id}"), *created_before_ms)
            }
            Revocation::Everything { created_before_ms, .. } => ("all".to_owned(), *created_before_ms),
        };
        let times: &mut (u64, u64) = known.entry(name).or_default();
        *times = (times.0.max(before), times.1.max(revocation.until_ms()));
    }
    known
}

pub(crate) fn all(backend: &mut dyn Backend) -> HashMap<String, (u64, u64)> {
    known(&backend.news(now()).unwrap().revocations)
}

pub(crate) fn user(user_id: &str, created_before_ms: u64, until_ms: u64) -> Revocation {
    Revocation::User { user_id: user_id.to_owned(), created_before_ms, until_ms }
}

fn what_one_records_is_news_to_others_once(storage: &dyn Storage) {
    let (mut one, mut other) = (storage.node(), storage.node());
    assert!(all(&mut *one).is_empty() && all(&mut *other).is_empty());
    for number in 1..=3 {
        let revocations = [session(number), user("u", number, now() + DAY)];
        one.record(&revocations).unwrap();
        let news = other.news(now()).unwrap();
        assert_eq!((news.revocations, news.lost), (revocations.to_vec(), false));
        assert!(all(&mut *other).is_empty());
    }
    one.record(&[]).unwrap();
    assert!(all(&mut *other).is_empty());
    other.record(&[session(4)]).unwrap();
    assert!(all(&mut *one).contains_key(&uid(4).to_string()));
}

fn the_first_call_gives_all(storage: &dyn Storage) {
    let everything = Revocation::Everything { created_before_ms: 7, until_ms: now() + DAY };
    let recorded = [session(1), session(2), user("u", 5, now() + DAY), everything];
    storage.node().record(&recorded).unwrap();
    for _ in 0..2 {
        let mut late = storage.node();
        let news = late.news(now()).unwrap();
        assert_eq!((known(&news.revocations), news.lost), (known(&recorded), false));
        assert!(all(&mut *late).is_empty());
    }
}

fn later_times_win(storage: &dyn Storage) {
    let (mut one, mut other, day) = (storage.node(), storage.node(), now() + DAY);
    let everything = |before, until_ms| Revocation::Everything { created_before_ms: before, until_ms };
    one.record(&[user("u", 20, day), everything(30, day + 1)]).unwrap();
    other.record(&[user("u", 10, day + 2), everything(40, day)]).unwrap();
    let of_session = |until_ms| Revocation::Session { uid: uid(1), until_ms };
    one.record(&[of_session(day + 5), of_session(day + 3)]).unwrap();
    other.record(&[of_session(day + 4)]).unwrap();
    let expected = [user("u", 20, day + 2), everything(40, day + 1), of_session(day + 5)];
    for backend in [&mut one, &mut other, &mut storage.node()] {
        assert_eq!(all(&mut **backend), known(&expected));
    }
}

fn what_is_over_is_forgotten(storage: &dyn Storage) {
    let mut backend = storage.node();
    let over = Revocation::Session { uid: uid(1), until_ms: now() - SECOND };
    backend.record(&[over, user("over", 1, now() - SECOND), session(2)]).unwrap();
    backend.forget(now()).unwrap();
    assert_eq!(all(&mut *storage.node()), known(&[session(2)]));
    assert_eq!(backend.forget(now()).unwrap(), 0);
}

fn the_largest_times(storage: &dyn Storage) {
    let recorded = [
        Revocation::Session { uid: uid(u64::MAX), until_ms: u64::MAX },
        user("i64", i64::MAX.unsigned_abs() + 1, i64::MAX.unsigned_abs() + 1),
        user("f64", (1 << 53) + 1, (1 << 53) + 1),
        Revocation::Everything { created_before_ms: u64::MAX, until_ms: u64::MAX },
        user("least", 0, now() + DAY),
    ];
    let mut backend = storage.node();
    backend.record(&recorded).unwrap();
    backend.record(&[user("f64", 1 << 53, 1 << 53)]).unwrap();
    assert_eq!(all(&mut *storage.node()), known(&recorded));
    backend.record(&[Revocation::Session { uid: uid(0), until_ms: 0 }]).unwrap();
    backend.forget(now()).unwrap();
    assert_eq!(all(&mut *storage.node()), known(&recorded));
}

/// Some users, and others whose names are easily taken for theirs.
pub(crate) fn odd_users() -> Vec<String> {
    let odd =
        ["", " ", "0", "a", "A", "a:b", "all", "user:", "*", "[a]", "{", "}", "\0", "\r\n", "ü", "u\u{308}"];
    let odd = odd.into_iter().map(str::to_owned);
    odd.chain(["a".repeat(65_534), "\u{1F980}".repeat(16_383), "a".repeat(65_533)]).collect()
}

fn any_user(storage: &dyn Storage) {
    let (mut one, mut other) = (storage.node(), storage.node());
    let _ = all(&mut *other);
    let users = odd_users();
    let recorded: Vec<_> = (1..).zip(&users).map(|(at, name)| user(name, at, now() + DAY)).collect();
    one.record(&recorded).unwrap();
    assert_eq!(other.news(now()).unwrap().revocations, recorded);
    assert_eq!(all(&mut *storage.node()), known(&recorded));
    for (number, user_id) in (1..).zip(&users) {
        one.put_session(&info(user_id, number, now() + DAY)).unwrap();
    }
    for (number, user_id) in (1..).zip(&users) {
        let sessions = other.sessions(user_id, now()).unwrap();
        assert_eq!(
            sessions.iter().map(|found| (found.user_id.as_str(), found.uid)).collect::<Vec<_>>(),
            [(user_id.as_str(), uid(number))]
        );
        assert!(other.strike_session(user_id, uid(number)).unwrap());
    }
}

fn ten_thousand(storage: &dyn Storage) {
    let (mut one, mut other) = (storage.node(), storage.node());
    let _ = all(&mut *other);
    let recorded: Vec<_> = (0..10_000).map(session).collect();
    one.record(&recorded).unwrap();
    assert_eq!(all(&mut *other).len(), 10_000);
    assert_eq!(all(&mut *storage.node()), known(&recorded));
}

fn many_at_once(storage: &dyn Storage) {
    let recorded = |number| (number * 100..number * 100 + 100).map(session).collect::<Vec<_>>();
    thread::scope(|scope| {
        let nodes: Vec<_> = (0..4)
            .map(|number| {
                scope.spawn(move || {
                    let mut backend = storage.node();
                    let mut learnt = backend.news(now()).unwrap().revocations;
                    for revocation in recorded(number) {
                        backend.record(&[revocation, user("all", number, now() + DAY)]).unwrap();
                        learnt.extend(backend.news(now()).unwrap().revocations);
                    }
                    (backend, learnt)
                })
            })
            .collect();
        let nodes: Vec<_> = nodes.into_iter().map(|node| node.join().unwrap()).collect();
        for (mut backend, mut learnt) in nodes {
            learnt.extend(backend.news(now()).unwrap().revocations);
            let learnt = known(&learnt);
            assert_eq!((learnt.len(), learnt["user all"].0), (401, 3));
        }
    });
}

pub(crate) fn info(user_id: &str, number: u64, expires_at_ms: u64) -> SessionInfo {
    SessionInfo {
        user_id: user_id.to_owned(),
        uid: uid(number),
        created_at_ms: number,
        last_seen_at_ms: number,
        expires_at_ms,
        label: format!("Nr. {number}, \0 Füchse"),
    }
}

fn sessions_are_listed(storage: &dyn Storage) {
    let (mut one, mut other, later) = (storage.node(), storage.node(), now() + HOUR);
    let mut sessions = [info("u", 1, later), info("u", 2, u64::MAX), info("u", 3, later)];
    for found in sessions.iter().chain([&info("other", 4, later), &info("u", 5, now() - 1)]) {
        one.put_session(found).unwrap();
    }
    sessions[0].last_seen_at_ms = u64::MAX;
    sessions[0].label = String::new();
    other.put_session(&sessions[0]).unwrap();
    let [first, second, third] = sessions;
    assert_eq!(other.sessions("u", now()).unwrap(), [first, third, second.clone()]);
    assert_eq!(other.sessions("u", later).unwrap(), [second]);
    assert_eq!(other.sessions("nobody", now()).unwrap(), []);
}

fn sessions_are_struck_off(storage: &dyn Storage) {
    let (mut one, mut other) = (storage.node(), storage.node());
    one.put_session(&info("u", 1, now() + HOUR)).unwrap();
    one.put_session(&info("u", 2, now() + HOUR)).unwrap();
    assert!(!other.strike_session("v", uid(1)).unwrap());
    assert!(!other.strike_session("u", uid(3)).unwrap());
    assert!(other.strike_session("u", uid(1)).unwrap());
    assert!(!one.strike_session("u", uid(1)).unwrap());
    assert_eq!(one.sessions("u", now()).unwrap().len(), 1);
    assert_eq!(one.strike_expired(now()).unwrap(), 0);
}

fn expired_sessions_are_counted(storage: &dyn Storage) {
    let (mut one, mut other, now) = (storage.node(), storage.node(), now());
    for number in 0..2100 {
        one.put_session(&info(&format!("u{}", number % 3), number, now + number)).unwrap();
    }
    one.put_session(&info("u0", 9999, u64::MAX)).unwrap();
    one.put_session(&info("u0", 9998, u64::MAX - 1)).unwrap();
    assert_eq!(other.strike_expired(now - 1).unwrap(), 0);
    assert_eq!(other.strike_expired(now + 9).unwrap(), 10);
    assert_eq!(one.strike_expired(now + 9).unwrap(), 0);
    // One that is renewed has not expired.
    one.put_session(&info("u1", 10, now + DAY)).unwrap();
    assert_eq!(one.strike_expired(now + HOUR).unwrap(), 2089);
    assert_eq!(one.sessions("u1", 0).unwrap(), [info("u1", 10, now + DAY)]);
    assert_eq!(one.strike_expired(u64::MAX - 1).unwrap(), 2);
    assert_eq!(one.sessions("u0", 0).unwrap(), [info("u0", 9999, u64::MAX)]);
    assert_eq!(one.strike_expired(u64::MAX).unwrap(), 1);
}
