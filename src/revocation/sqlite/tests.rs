use super::*;

fn database() -> (tempfile::TempDir, SqliteBackend) {
    let folder = tempfile::tempdir().unwrap();
    let backend = SqliteBackend::open(folder.path().join("revocations.db")).unwrap();
    (folder, backend)
}

fn session(number: u8) -> Revocation {
    Revocation::Session { uid: SessionUid::from_bytes([number; 16]), until_ms: u64::MAX }
}

fn setting(backend: &SqliteBackend, name: &str) -> String {
    let connection = &backend.opened.as_ref().unwrap().connection;
    connection
        .pragma_query_value(None, name, |row| {
            row.get(0).map(|value: rusqlite::types::Value| format!("{value:?}"))
        })
        .unwrap()
}

/// How SQLite will find what a statement asks for.
fn plan(backend: &SqliteBackend, statement: &str) -> String {
    let connection = &backend.opened.as_ref().unwrap().connection;
    let mut explained = connection.prepare(&format!("EXPLAIN QUERY PLAN {statement}")).unwrap();
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
}

#[test]
fn everything_is_found_by_an_index() {
    let (_folder, backend) = database();
    let uses = |statement: &str, by: &str| {
        let plan = plan(&backend, statement);
        assert!(plan.contains(by) && !plan.contains("SCAN"), "{plan}");
    };
    uses(rows::NEWS, "INTEGER PRIMARY KEY (rowid>?)");
    uses(rows::SESSIONS, "(user_id=?)");
    uses(rows::FORGET, "revocations_by_end");
    uses(rows::STRIKE_EXPIRED, "sessions_by_expiry");
}

#[test]
fn a_full_disk_is_told_of_and_nothing_has_to_be_restarted() {
    let (_folder, mut backend) = database();
    let pages = |backend: &SqliteBackend, most: i64| {
        let connection = &backend.opened.as_ref().unwrap().connection;
        connection.pragma_update_and_check(None, "max_page_count", most, |_| Ok(())).unwrap();
    };
    pages(&backend, 1);
    let user_id = "u".repeat(65_534);
    let large = [Revocation::User { user_id, created_before_ms: 1, until_ms: u64::MAX }];
    let error = backend.record(&large).unwrap_err().to_string();
    assert!(error.contains("the disk is full: make room"), "{error}");
    assert!(backend.news(0).unwrap().revocations.is_empty(), "it can be read");
    pages(&backend, 1 << 20);
    backend.record(&large).unwrap();
}

#[test]
fn a_poll_without_news_reads_no_table() {
    let (folder, mut backend) = database();
    backend.record(&[session(1)]).unwrap();
    assert_eq!(backend.news(0).unwrap().revocations.len(), 1);
    // Without its tables nothing can be read. A connection's own writes are no news to it.
    let connection = &backend.opened.as_ref().unwrap().connection;
    connection.execute_batch("ALTER TABLE state RENAME TO hidden").unwrap();
    assert!(backend.news(0).unwrap().revocations.is_empty());
    let other = rusqlite::Connection::open(folder.path().join("revocations.db")).unwrap();
    other.execute_batch("UPDATE hidden SET seq = seq + 1").unwrap();
    assert!(backend.news(0).unwrap_err().to_string().contains("no such table"));
}

#[test]
fn an_older_copy_of_the_database_is_a_loss() {
    let (folder, mut backend) = database();
    backend.record(&[session(1)]).unwrap();
    backend.news(0).unwrap();
    backend.record(&[session(2)]).unwrap();
    // As if it had been copied back in place, which nothing but its contents shows.
    let other = rusqlite::Connection::open(folder.path().join("revocations.db")).unwrap();
    other.execute_batch("DELETE FROM revocations WHERE seq = 2; UPDATE state SET seq = 1").unwrap();
    let news = backend.news(0).unwrap();
    assert_eq!((news.lost, news.revocations), (true, vec![session(1)]));
    assert!(!backend.news(0).unwrap().lost, "told once");
}

#[test]
fn values_that_nobody_wrote_are_told_of_as_damage() {
    let (folder, mut backend) = database();
    let other = rusqlite::Connection::open(folder.path().join("revocations.db")).unwrap();
    let wrong = ["(9, 7, x'', 0, 9)", "(9, 0, x'41', 0, 9)", "(9, 1, x'FF', 0, 9)", "(9, 2, x'', -1, 9)"];
    for wrong in wrong {
        other.execute_batch(&format!("INSERT INTO revocations VALUES {wrong}")).unwrap();
        let error = backend.news(0).unwrap_err().to_string();
        assert!(error.contains("the database is damaged: move it away"), "{wrong}: {error}");
        other.execute_batch("DELETE FROM revocations").unwrap();
    }
    backend.record(&[session(1)]).unwrap();
    assert_eq!(backend.news(0).unwrap().revocations, [session(1)]);
}
