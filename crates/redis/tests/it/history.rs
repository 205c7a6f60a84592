//! Which history the news are of: two servers that went on apart are told apart, however many news each had.

use sealed_session::revocation::{Backend as _, Revocation};
use sealed_session_redis::RedisBackend;

use crate::known::{all, known, revoke_others, scope, user};
use crate::proxy::Proxy;
use crate::server::Server;
use crate::{DAY, now, revoke, session, uid};

/// Two servers that have one revocation and went on apart, a way to the first of them, and who is on it.
struct Apart {
    first: Server,
    second: Server,
    way: Proxy,
    one: RedisBackend,
}

impl Apart {
    fn new() -> Self {
        let first = Server::start(&[]);
        let second = Server::start(&[]);
        let way = Proxy::to(first.port());
        let mut one = RedisBackend::open(&way.url()).unwrap();
        one.record(&revoke(&[session(1)])).unwrap();
        second.follow(Some(&first));
        second.until_it_has_followed();
        second.follow(None);
        Self { first, second, way, one }
    }

    /// The name of the first leads to the second from now on.
    fn fail_over(&self) {
        self.way.lead_to(self.second.port());
        self.way.cut(false);
    }

    fn on_second(&self) -> RedisBackend {
        RedisBackend::open(&self.second.url()).unwrap()
    }
}

#[test]
fn two_histories_of_one_length_are_told_apart() {
    for own in [1, 2, 3_u64] {
        let mut apart = Apart::new();
        (10..10 + own).for_each(|number| apart.one.record(&revoke(&[session(number)])).unwrap());
        assert_eq!(all(&mut apart.one).len(), 1 + usize::try_from(own).unwrap());
        apart.on_second().record(&revoke(&[session(20), session(21)])).unwrap();
        apart.fail_over();
        let news = apart.one.news().unwrap();
        let expected = known(&[session(1), session(20), session(21)]);
        assert_eq!((known(&news.revocations), news.lost), (expected, true));
        apart.one.record(&revoke(&[session(30)])).unwrap();
        let news = apart.one.news().unwrap();
        assert_eq!((news.revocations, news.lost), (vec![session(30)], false), "once is enough");
    }
}

#[test]
fn what_was_recorded_after_the_last_news_is_missed_too() {
    let mut apart = Apart::new();
    assert_eq!(all(&mut apart.one).len(), 1);
    apart.one.record(&revoke(&[session(10)])).unwrap();
    apart.on_second().record(&revoke(&[session(20), session(21)])).unwrap();
    apart.fail_over();
    let news = apart.one.news().unwrap();
    assert_eq!((news.revocations.len(), news.lost), (3, true));
}

#[test]
fn what_was_recorded_here_and_then_there_is_missed_too() {
    let mut apart = Apart::new();
    assert_eq!(all(&mut apart.one).len(), 1);
    apart.one.record(&revoke(&[session(10)])).unwrap();
    apart.fail_over();
    apart.one.record(&revoke(&[session(11)])).unwrap();
    let news = apart.one.news().unwrap();
    assert_eq!((known(&news.revocations), news.lost), (known(&[session(1), session(11)]), true));
    assert!(!apart.one.news().unwrap().lost);
}

#[test]
fn what_was_recorded_before_any_news_is_missed_too() {
    let mut apart = Apart::new();
    apart.one.record(&revoke(&[session(10)])).unwrap();
    apart.fail_over();
    assert!(apart.one.news().unwrap().lost);
}

#[test]
fn a_replica_that_lacks_nothing_loses_nothing() {
    let mut apart = Apart::new();
    assert_eq!(all(&mut apart.one).len(), 1);
    apart.fail_over();
    let news = apart.one.news().unwrap();
    assert_eq!((news.revocations.len(), news.lost), (0, false));
    apart.on_second().record(&revoke(&[session(2)])).unwrap();
    let news = apart.one.news().unwrap();
    assert_eq!((news.revocations, news.lost), (vec![session(2)], false));
}

#[test]
fn a_server_that_became_a_copy_and_a_primary_again_between_two_questions_has_lost_what_it_had() {
    let mut apart = Apart::new();
    apart.one.record(&revoke(&[session(10)])).unwrap();
    assert_eq!(all(&mut apart.one).len(), 2);
    apart.on_second().record(&revoke(&[session(20)])).unwrap();
    apart.first.follow(Some(&apart.second));
    apart.first.until_it_has_followed();
    apart.first.follow(None);
    let news = apart.one.news().unwrap();
    assert_eq!((known(&news.revocations), news.lost), (known(&[session(1), session(20)]), true));
}

#[test]
fn what_an_answer_that_was_lost_told_of_is_recorded_once() {
    let server = Server::start(&[]);
    let way = Proxy::to(server.port());
    let mut one = RedisBackend::open(&way.url()).unwrap();
    let mut other = RedisBackend::open(&server.url()).unwrap();
    assert!(all(&mut other).is_empty());
    for number in 1..=5 {
        way.cut_at_answer(0);
        one.record(&revoke(&[session(number), user("u", number, now() + DAY)])).unwrap();
        assert_eq!(other.news().unwrap().revocations.len(), 2);
    }
    assert!(!one.news().unwrap().lost);
    // A second time it would find the session revoked that asks, and spare nobody.
    way.cut_at_answer(0);
    one.record(&[revoke_others(&scope("a", "s"), 100, 50, 101, now() + DAY)]).unwrap();
    let told = all(&mut other);
    let spares = |told: &Revocation| matches!(told, Revocation::User { except, .. } if *except == [uid(101)]);
    assert!(told.len() == 2 && told.values().any(spares), "{told:?}");
}

/// Its answer was lost at the one server, so it was asked again at the other: two steps, and each tells its history.
#[test]
fn what_is_asked_again_elsewhere_does_not_make_two_histories_one() {
    let mut apart = Apart::new();
    let mut other = RedisBackend::open(&apart.first.url()).unwrap();
    assert_eq!(all(&mut apart.one).len(), 1);
    other.record(&revoke(&[session(10)])).unwrap();
    apart.on_second().record(&revoke(&[session(20)])).unwrap();
    apart.way.lead_to(apart.second.port());
    apart.way.cut_at_answer(0);
    apart.one.record(&revoke(&[session(30)])).unwrap();
    assert_eq!(all(&mut other), known(&[session(1), session(10), session(30)]), "it was done at the first");
    assert_eq!(all(&mut apart.on_second()), known(&[session(1), session(20), session(30)]));
    apart.first.follow(Some(&apart.second));
    apart.first.until_it_has_followed();
    apart.first.follow(None);
    let news = other.news().unwrap();
    let expected = known(&[session(1), session(20), session(30)]);
    assert_eq!((known(&news.revocations), news.lost), (expected, true));
}

/// What a server without marks wrote is read, and gone on with.
#[test]
fn data_from_before_there_were_marks_are_gone_on_with() {
    let server = Server::start(&[]);
    let until_ms = now() + DAY;
    let times = format!("{:020}{until_ms:020}", 5);
    server.ask::<()>(&["SET", "{sealed-session}:revoked:user:u", &times]);
    server.ask::<()>(&["SET", "{sealed-session}:revoked:all", &times]);
    server.ask::<()>(&["HSET", "{sealed-session}:state", "epoch", "17", "news", "2"]);
    for (id, name) in [("1-0", "user:u"), ("2-0", "all")] {
        server.ask::<()>(&["XADD", "{sealed-session}:news", id, "entry", name, "times", &times]);
    }
    let mut backend = RedisBackend::open(&server.url()).unwrap();
    let everybody = Revocation::Everything { app_id: None, created_before_ms: 5, until_ms };
    assert_eq!(all(&mut backend), known(&[user("u", 5, until_ms), everybody]));
    for number in 1..=2 {
        backend.record(&revoke(&[session(number)])).unwrap();
        let news = backend.news().unwrap();
        assert_eq!((news.revocations, news.lost), (vec![session(number)], false));
    }
}

/// Entries may be there without any news of them.
#[test]
fn other_data_are_told_apart_where_there_were_no_news_yet() {
    let server = Server::start(&[]);
    let mut backend = RedisBackend::open(&server.url()).unwrap();
    backend.record(&revoke(&[session(1)])).unwrap();
    server.ask::<()>(&["DEL", "{sealed-session}:state", "{sealed-session}:news"]);
    let mut late = RedisBackend::open(&server.url()).unwrap();
    assert_eq!(all(&mut late).len(), 1);
    server.ask::<()>(&["FLUSHALL"]);
    backend.record(&revoke(&[session(2)])).unwrap();
    let news = late.news().unwrap();
    assert_eq!((news.revocations, news.lost), (vec![session(2)], true));
}

/// The place at which reading everything goes on is one of a server: another has its keys in another order.
#[test]
fn everything_is_read_of_one_server() {
    let mut apart = Apart::new();
    let many: Vec<_> = (1000..5000).map(session).collect();
    many.chunks(500).for_each(|some| apart.one.record(&revoke(some)).unwrap());
    apart.second.follow(Some(&apart.first));
    apart.second.until_it_has_followed();
    apart.second.follow(None);
    for answers in 2..10 {
        apart.way.lead_to(apart.first.port());
        let mut backend = RedisBackend::open(&apart.way.url()).unwrap();
        apart.way.lead_to(apart.second.port());
        apart.way.cut_at_answer(answers);
        let news = backend.news().or_else(|_| backend.news()).unwrap();
        assert_eq!(known(&news.revocations).len(), 4001, "cut at answer {answers}");
    }
}
