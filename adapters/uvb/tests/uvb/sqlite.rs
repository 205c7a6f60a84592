//! The rows in a file: two servers, and one that starts later.

use std::path::Path;

use sealed_session_sqlite::SqliteBackend;

use crate::*;

fn server(path: &Path) -> Server {
    let clock = ManualClock::at(NOON);
    let builder = Revocations::builder().clock(clock.clone()).poll_every(Duration::from_millis(2));
    let revocations = builder.with_backend(SqliteBackend::open(path).unwrap()).unwrap();
    Server::with(revocations, clock, usize::MAX)
}

#[tokio::test]
async fn what_one_server_changes_the_others_see_and_those_that_start_later() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sessions.db");
    let (one, other) = (server(&path), server(&path));
    let id = one.ann().await;
    let mut changed = other.get(&id).await;
    changed.assurance_level = 2;
    changed.metadata = json!({ "a": "x".repeat(2000) });
    other.sessions.update(changed.clone()).await.unwrap();
    one.sessions.extend(&id, Duration::from_secs(1)).await.unwrap();
    let expected = SessionRecord { expires_at: at(NOON + HOUR + SECOND), ..changed };
    assert_eq!(told(&server(&path).get(&id).await), told(&expected));

    let listed = one.listed("t", "ann").await.remove(0);
    other.sessions.delete(&listed.id).await.unwrap();
    for server in [one, other, server(&path)] {
        assert!(server.is_none(&id).await && server.listed("t", "ann").await.is_empty());
    }
}

#[tokio::test]
async fn the_file_has_nothing_that_opens_a_session_or_tells_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sessions.db");
    let server = server(&path);
    let id = server.ann().await;
    let metadata = json!("readable to nobody");
    server.sessions.update(SessionRecord { metadata, ..server.get(&id).await }).await.unwrap();
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let octets = std::fs::read(file.unwrap().path()).unwrap();
        for hidden in [&*id, "readable", "password", "transaction-1"] {
            assert!(!octets.windows(hidden.len()).any(|window| window == hidden.as_bytes()), "{hidden}");
        }
    }
    assert!(!server.is_none(&id).await);
}
