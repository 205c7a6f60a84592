use rusqlite::Connection;
use sealed_session::revocation::{Reach, Revocation};

use super::*;

mod files;

fn database() -> (tempfile::TempDir, SqliteBackend) {
    let folder = tempfile::tempdir().unwrap();
    let backend = SqliteBackend::open(folder.path().join("revocations.db")).unwrap();
    (folder, backend)
}

fn another(folder: &tempfile::TempDir) -> Connection {
    Connection::open(folder.path().join("revocations.db")).unwrap()
}

fn session(number: u8) -> Revocation {
    Revocation::Session { uid: SessionUid::from_bytes([number; 16]), until_ms: u64::MAX }
}

fn record(backend: &mut SqliteBackend, numbers: &[u8]) {
    for number in numbers {
        backend.record(&[Change::Revoke(session(*number))]).unwrap();
    }
}

fn told(backend: &mut SqliteBackend) -> (bool, Vec<Revocation>) {
    let news = backend.news().unwrap();
    (news.lost, news.revocations)
}

fn setting(backend: &SqliteBackend, name: &str) -> String {
    backend
        .opened
        .connection
        .pragma_query_value(None, name, |row| {
            row.get(0).map(|value: rusqlite::types::Value| format!("{value:?}"))
        })
        .unwrap()
}

/// How SQLite will find what a statement asks for.
fn plan(backend: &SqliteBackend, statement: &str) -> String {
    let mut explained =
        backend.opened.connection.prepare(&format!("EXPLAIN QUERY PLAN {statement}")).unwrap();
    let values = std::iter::repeat_n(1, explained.parameter_count());
    let lines = explained.query_map(rusqlite::params_from_iter(values), |row| row.get(3)).unwrap();
    lines.collect::<Result<Vec<String>, _>>().unwrap().join("; ")
}

#[test]
fn every_write_is_waited_for_until_it_is_on_the_disk() {
    let (_folder, backend) = database();
    assert_eq!(setting(&backend, "journal_mode"), "Text(\"wal\")");
    assert_eq!(setting(&backend, "synchronous"), "Integer(2)");
    assert_eq!(setting(&backend, "fullfsync"), "Integer(1)");
    assert_eq!(setting(&backend, "wal_autocheckpoint"), "Integer(0)", "each is announced");
}

#[test]
fn everything_is_found_by_an_index() {
    let (_folder, backend) = database();
    let uses = |statement: &str, by: &str| {
        let plan = plan(&backend, statement);
        assert!(plan.contains(by) && !plan.contains("SCAN"), "{plan}");
    };
    uses(rows::NEWS, "INTEGER PRIMARY KEY (rowid>?)");
    uses(rows::ENTRY, "(kind=? AND app_id=? AND scope=? AND who=?)");
    uses(rows::SESSIONS_SEEN_LAST_FIRST, "(app_id=? AND scope=? AND user_id=?)");
    uses(rows::SESSIONS_AS_ADDED, "(app_id=? AND scope=? AND user_id=?)");
    uses(rows::PURGE, "entries_by_end");
    uses(rows::STRIKE_EXPIRED, "sessions_by_expiry");
}

#[test]
fn a_full_disk_is_told_of_and_nothing_has_to_be_restarted() {
    let (_folder, mut backend) = database();
    let pages = |backend: &SqliteBackend, most: i64| {
        backend.opened.connection.pragma_update_and_check(None, "max_page_count", most, |_| Ok(())).unwrap();
    };
    pages(&backend, 1);
    let app_id = Some("u".repeat(65_534));
    let large = [Change::Revoke(Revocation::Everything { app_id, created_before_ms: 1, until_ms: u64::MAX })];
    let error = backend.record(&large).unwrap_err().to_string();
    assert!(error.contains("the disk is full: make room"), "{error}");
    assert_eq!(told(&mut backend), (false, vec![]), "it can be read");
    pages(&backend, 1 << 20);
    backend.record(&large).unwrap();
    assert_eq!(told(&mut backend).1.len(), 1);
}

const SHARER: Sharer = Sharer {
    id: [7; 16],
    max_ttl_ms: 1,
    max_lifetime_ms: 2,
    leeway_ms: 3,
    poll_ms: 4,
    refuse_after_ms: None,
    seen_at_ms: 5,
};

#[test]
fn writing_down_who_shares_the_list_writes_also_what_stays_the_same() {
    let (folder, mut backend) = database();
    let other = another(&folder);
    let version = || other.pragma_query_value(None, "data_version", |row| row.get::<_, i64>(0)).unwrap();
    for _ in 0..3 {
        let before = version();
        backend.put_sharer(&SHARER).unwrap();
        assert_ne!(version(), before);
    }
}

#[test]
fn where_nothing_may_be_written_every_write_says_so() {
    let (_folder, mut backend) = database();
    type Write = fn(&mut SqliteBackend) -> Result<(), BackendError>;
    let writes: [Write; 4] = [
        |backend| backend.record(&[Change::Revoke(session(1))]),
        |backend| backend.put_sharer(&SHARER),
        |backend| backend.purge(1, Duration::ZERO).map(drop),
        |backend| backend.strike_expired(1).map(drop),
    ];
    for write in writes {
        backend.opened.connection.pragma_update(None, "query_only", true).unwrap();
        let error = write(&mut backend).unwrap_err().to_string();
        assert!(error.contains("the file and its folder must be writable"), "{error}");
        write(&mut backend).unwrap();
    }
}

#[test]
fn a_poll_without_news_reads_no_table() {
    let (folder, mut backend) = database();
    record(&mut backend, &[1]);
    assert_eq!(told(&mut backend).1.len(), 1);
    // Without its tables nothing can be read. A connection's own writes are no news to it.
    backend.opened.connection.execute_batch("ALTER TABLE entries RENAME TO hidden").unwrap();
    assert_eq!(told(&mut backend), (false, vec![]));
    another(&folder).execute_batch("UPDATE hidden SET until_ms = until_ms - 1").unwrap();
    assert!(backend.news().unwrap_err().to_string().contains("no such table"));
}

#[test]
fn the_own_writes_of_a_node_are_news_to_it_as_they_became() {
    let (folder, mut backend) = database();
    let mut other = SqliteBackend::open(folder.path().join("revocations.db")).unwrap();
    record(&mut other, &[1]);
    record(&mut backend, &[2]);
    record(&mut other, &[3]);
    assert_eq!(told(&mut backend), (false, [1, 2, 3].map(session).into()));
    record(&mut backend, &[2]);
    assert_eq!(told(&mut backend), (false, vec![]), "it said nothing new");
}

#[test]
fn an_older_state_of_the_database_is_a_loss_that_is_told_once() {
    let (folder, mut backend) = database();
    record(&mut backend, &[1]);
    told(&mut backend);
    record(&mut backend, &[2]);
    another(&folder)
        .execute_batch("DELETE FROM entries WHERE seq = 2; DELETE FROM commits WHERE seq = 2")
        .unwrap();
    assert_eq!(
        told(&mut backend),
        (true, vec![session(1)]),
        "its own last write is missing, not what it had read"
    );
    assert_eq!(told(&mut backend), (false, vec![]), "told once");
}

#[test]
fn two_histories_with_as_many_commits_are_told_apart() {
    let (folder, mut backend) = database();
    record(&mut backend, &[1, 2]);
    told(&mut backend);
    another(&folder)
        .execute_batch("UPDATE entries SET who = zeroblob(16) WHERE seq = 2; UPDATE commits SET mark = randomblob(16) WHERE seq = 2")
        .unwrap();
    assert_eq!(told(&mut backend), (true, vec![session(1), session(0)]));
}

#[test]
fn a_loss_between_two_writes_of_a_node_is_noticed() {
    let (folder, mut backend) = database();
    told(&mut backend);
    record(&mut backend, &[1]);
    another(&folder).execute_batch("DELETE FROM entries; DELETE FROM commits WHERE seq = 1").unwrap();
    record(&mut backend, &[2]);
    assert_eq!(told(&mut backend), (true, vec![session(2)]));
}

#[test]
fn a_node_that_is_too_far_behind_reads_everything_anew() {
    let (folder, mut backend) = database();
    record(&mut backend, &[1]);
    told(&mut backend);
    let mut other = SqliteBackend::open(folder.path().join("revocations.db")).unwrap();
    record(&mut other, &[2]);
    other.opened.connection.execute(rows::TRIM_COMMITS, [0]).unwrap();
    assert_eq!(told(&mut backend), (true, vec![session(1), session(2)]));
    assert_eq!(told(&mut backend), (false, vec![]));
}

#[test]
fn ten_thousand_commits_are_kept() {
    let (_folder, mut backend) = database();
    let marks = "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 10005)
        INSERT INTO commits SELECT n, randomblob(16) FROM n";
    backend.opened.connection.execute_batch(marks).unwrap();
    backend.purge(1, Duration::ZERO).unwrap();
    let kept = backend.opened.connection.query_row("SELECT count(*), min(seq) FROM commits", [], |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?))
    });
    assert_eq!(kept.unwrap(), (10_000, 6));
}

#[test]
fn values_that_nobody_wrote_are_told_of_as_damage() {
    let (folder, mut backend) = database();
    let other = another(&folder);
    let wrong = [
        "(9, 7, x'', x'', x'', 0, x'', 9)",
        "(9, 0, x'', x'', x'41', 0, x'', 9)",
        "(9, 3, x'', x'', x'FF', 0, x'', 9)",
        "(9, 2, x'FF', x'', x'', 0, x'', 9)",
        "(9, 1, x'', x'', x'', 0, x'41', 9)",
        "(9, 5, x'', x'', x'', -1, x'', 9)",
    ];
    for wrong in wrong {
        other.execute_batch(&format!("INSERT INTO entries VALUES {wrong}")).unwrap();
        let error = backend.news().unwrap_err().to_string();
        assert!(error.contains("the database is damaged: move it away"), "{wrong}: {error}");
        other.execute_batch("DELETE FROM entries").unwrap();
    }
    record(&mut backend, &[1]);
    assert_eq!(told(&mut backend).1, [session(1)]);
}

#[test]
fn the_tables_of_version_1_are_taken_over_with_all_that_was_revoked() {
    const VERSION_1: &str = "
        CREATE TABLE state (one INTEGER PRIMARY KEY CHECK (one = 1), made BLOB NOT NULL, seq INTEGER NOT NULL) STRICT;
        CREATE TABLE revocations (seq INTEGER PRIMARY KEY, kind INTEGER NOT NULL, thing BLOB NOT NULL,
            created_before_ms INTEGER NOT NULL, until_ms INTEGER NOT NULL, UNIQUE (kind, thing)) STRICT;
        CREATE INDEX revocations_by_end ON revocations (until_ms);
        CREATE TABLE sessions (user_id BLOB NOT NULL, uid BLOB NOT NULL, created_at_ms INTEGER NOT NULL,
            last_seen_at_ms INTEGER NOT NULL, expires_at_ms INTEGER NOT NULL, label TEXT NOT NULL,
            PRIMARY KEY (user_id, uid)) STRICT;
        CREATE INDEX sessions_by_expiry ON sessions (expires_at_ms);
        INSERT INTO state VALUES (1, x'07', 9);
        INSERT INTO revocations VALUES (3, 0, x'01010101010101010101010101010101', 0, 9223372036854775807),
            (5, 1, CAST('ann' AS BLOB), 7, 70), (8, 2, x'', 8, 80);
        INSERT INTO sessions VALUES (x'41', x'42', 1, 1, 1, 'phone');
        PRAGMA application_id = 0x53537276; PRAGMA user_version = 1; PRAGMA journal_mode = wal;";
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("revocations.db");
    tempfile::NamedTempFile::new_in(&folder).unwrap().persist(&path).unwrap();
    Connection::open(&path).unwrap().execute_batch(VERSION_1).unwrap();

    let ann = Revocation::User {
        reach: Reach::Backend,
        user_id: "ann".into(),
        created_before_ms: 7,
        except: vec![],
        until_ms: 70,
    };
    let everything = Revocation::Everything { app_id: None, created_before_ms: 8, until_ms: 80 };
    for _ in 0..2 {
        let mut backend = SqliteBackend::open(&path).unwrap();
        assert_eq!(told(&mut backend), (false, vec![session(1), ann.clone(), everything.clone()]));
    }
    let mut backend = SqliteBackend::open(&path).unwrap();
    told(&mut backend);
    record(&mut backend, &[2]);
    assert_eq!(told(&mut backend), (false, vec![session(2)]));
    assert_eq!(backend.purge(u64::MAX, Duration::ZERO).unwrap(), 69, "a clock that is wrong at the start");
    assert_eq!(backend.purge(75, Duration::from_millis(1)).unwrap(), 75);
    assert_eq!(told(&mut SqliteBackend::open(&path).unwrap()).1, [session(1), everything, session(2)]);
}
