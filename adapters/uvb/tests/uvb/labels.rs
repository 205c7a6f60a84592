//! What the backend cannot do to a session, and what it can.

use sealed_session::registry::SessionInfo;
use sealed_session::{SessionId, SessionUid};
use serde_json::Value;

use crate::*;

const NO_ROW: &str = "the registry has something else in place of a session of UVB";

impl Server {
    fn row(&self, user: &str) -> SessionInfo {
        self.registry.list_by_user(&json!(["t", user]).to_string()).wait().unwrap().remove(0)
    }

    /// Writes a row as whoever has the backend can.
    fn write(&self, row: SessionInfo) {
        self.registry.began(row).wait().unwrap();
    }

    fn write_label(&self, label: &str) {
        self.write(SessionInfo { label: label.into(), ..self.row("ann") });
    }

    async fn assert_unreadable(&self, id: &str, record: &SessionRecord) {
        assert_storage(self.sessions.get(id).await, NO_ROW);
        assert_storage(self.sessions.update(record.clone()).await, NO_ROW);
        assert_storage(self.sessions.extend(id, Duration::from_secs(1)).await, NO_ROW);
        assert_storage(self.sessions.touch(id).await, NO_ROW);
        assert!(self.listed("t", "ann").await.is_empty());
    }
}

fn nested(levels: usize) -> Value {
    (0..levels).fold(json!(1), |inner, _| json!([inner]))
}

#[tokio::test]
async fn metadata_nested_too_deeply_to_be_read_back_is_not_written() {
    let server = Server::new();
    let id = server.ann().await;
    let before = server.get(&id).await;
    for levels in [128, 200] {
        let metadata = nested(levels);
        let deep = SessionRecord { metadata: metadata.clone(), ..record("t", "ann", NOON) };
        assert_storage(server.sessions.create(deep).await, "nested too deeply");
        let deep = SessionRecord { metadata, ..before.clone() };
        assert_storage(server.sessions.update(deep).await, "nested too deeply");
    }
    assert_eq!(told(&server.get(&id).await), told(&before));
    assert_eq!(server.listed("t", "ann").await.len(), 1);

    let metadata = nested(63);
    server.sessions.update(SessionRecord { metadata: metadata.clone(), ..before }).await.unwrap();
    assert_eq!(server.get(&id).await.metadata, metadata);
    assert_eq!(server.listed("t", "ann").await[0].metadata, metadata);
}

#[tokio::test]
async fn what_is_larger_than_a_token_is_not_written() {
    let server = Server::new();
    let id = server.ann().await;
    let before = server.get(&id).await;
    let metadata = json!("x".repeat(3000));
    let large = SessionRecord { metadata: metadata.clone(), ..record("t", "ann", NOON) };
    assert_storage(server.sessions.create(large).await, "characters");
    assert_storage(server.sessions.update(SessionRecord { metadata, ..before.clone() }).await, "characters");
    assert_eq!(told(&server.get(&id).await), told(&before));
    assert_eq!(server.listed("t", "ann").await.len(), 1);
}

#[tokio::test]
async fn the_row_shows_a_user_and_times_and_no_more() {
    let server = Server::new();
    let id = server.ann().await;
    let row = server.row("ann");
    for hidden in [&*id, "phone", "password", "transaction-1", "factors", "assurance"] {
        assert!(!row.label.contains(hidden), "{hidden}");
    }
    assert!(server.store.open(&SessionId::new(&*row.label)).is_err());
    assert!(server.is_none(&row.label).await, "a label is no id");
    assert_not_found(server.sessions.touch(&["listed.", &row.label].concat()).await);
}

#[tokio::test]
async fn a_label_that_was_changed_is_refused() {
    let server = Server::new();
    let id = server.ann().await;
    let (before, label) = (server.get(&id).await, server.row("ann").label);
    for at in (0..label.len()).step_by(11) {
        let (head, tail) = label.split_at(at);
        let other = if tail.starts_with('A') { "B" } else { "A" };
        server.write_label(&[head, other, &tail[1..]].concat());
        assert_storage(server.sessions.get(&id).await, NO_ROW);
    }
    let forged = json!({ "origin": {}, "factors_used": [], "assurance_level": 9, "metadata": {} });
    for label in [&forged.to_string(), "Firefox", "", &id] {
        server.write_label(label);
        server.assert_unreadable(&id, &before).await;
    }
    server.write_label(&label);
    assert_eq!(told(&server.get(&id).await), told(&before));
}

#[tokio::test]
async fn a_label_of_another_session_user_or_time_is_refused() {
    let server = Server::new();
    let id = server.ann().await;
    let (before, row) = (server.get(&id).await, server.row("ann"));
    let high = SessionRecord { assurance_level: 9, ..record("t", "ann", NOON) };
    server.sessions.create(SessionRecord { user_id: "bob".into(), ..high.clone() }).await.unwrap();
    server.write_label(&server.row("bob").label);
    server.assert_unreadable(&id, &before).await;

    server.clock.advance(1);
    let last_activity_at = at(NOON + 1);
    let other = server.sessions.create(SessionRecord { last_activity_at, ..high }).await.unwrap();
    let label = server.row("ann").label;
    server.write(SessionInfo { label, ..row.clone() });
    assert_storage(server.sessions.get(&id).await, NO_ROW);
    assert_eq!(server.get(&other).await.assurance_level, 9);

    server.sessions.delete(&other).await.unwrap();
    server.write(SessionInfo { created_at_ms: row.created_at_ms + 1, ..row });
    server.assert_unreadable(&id, &before).await;
}

#[tokio::test]
async fn two_sessions_of_one_user_and_moment_cannot_swap_labels() {
    let server = Server::new();
    let ids = [server.ann().await, server.ann().await];
    let rows = server.registry.list_by_user(r#"["t","ann"]"#).wait().unwrap();
    for (row, other) in [(&rows[0], &rows[1]), (&rows[1], &rows[0])] {
        server.write(SessionInfo { label: other.label.clone(), ..row.clone() });
    }
    for id in ids {
        assert_storage(server.sessions.get(&id).await, NO_ROW);
    }
    assert!(server.listed("t", "ann").await.is_empty());
}

#[tokio::test]
async fn a_row_that_lives_longer_than_its_label_prolongs_nothing() {
    let server = Server::new();
    let id = server.ann().await;
    server.write(SessionInfo { expires_at_ms: NOON + DAY, ..server.row("ann") });
    let record = server.get(&id).await;
    assert_eq!(record.expires_at, at(NOON + HOUR));
    assert_eq!(server.listed("t", "ann").await[0].expires_at, at(NOON + HOUR));
    server.clock.set(NOON + HOUR);
    assert!(server.is_none(&id).await && server.listed("t", "ann").await.is_empty());
    assert_not_found(server.sessions.update(record).await);
    assert_not_found(server.sessions.extend(&id, Duration::from_secs(1)).await);
    assert_not_found(server.sessions.touch(&id).await);
}

#[tokio::test]
async fn a_row_that_ends_before_its_label_ends_the_session() {
    let server = Server::new();
    let id = server.ann().await;
    server.write(SessionInfo { expires_at_ms: NOON + MINUTE, ..server.row("ann") });
    assert_eq!(server.get(&id).await.expires_at, at(NOON + MINUTE));
    server.clock.set(NOON + MINUTE);
    assert!(server.is_none(&id).await);
}

/// Nothing here counts how often a row was changed.
#[tokio::test]
async fn an_older_label_written_back_counts_again() {
    let server = Server::new();
    let id = server.ann().await;
    let (before, row) = (server.get(&id).await, server.row("ann"));
    server.sessions.update(SessionRecord { assurance_level: 0, ..before.clone() }).await.unwrap();
    server.write(row);
    assert_eq!(told(&server.get(&id).await), told(&before));
}

#[tokio::test]
async fn a_row_of_something_else_hides_no_other_session_and_ends_with_them() {
    let server = Server::new();
    let (phone, laptop) = (server.ann().await, server.ann().await);
    let uid = SessionUid::from_bytes([7; 16]);
    server.write(SessionInfo { uid, label: "Firefox".into(), ..server.row("ann") });
    assert_eq!(server.listed("t", "ann").await.len(), 2);
    assert_eq!(server.sessions.delete_by_user("ann", &"t".into()).await.unwrap(), 3);
    assert!(server.is_none(&phone).await && server.is_none(&laptop).await);
    assert!(server.registry.list_by_user(r#"["t","ann"]"#).wait().unwrap().is_empty());
}

#[tokio::test]
async fn operators_read_that_a_row_was_left_out_and_nothing_of_it() {
    use crate::collector::{Collector, SEEN};

    let _guard = tracing::subscriber::set_default(Collector);
    let server = Server::new();
    server.ann().await;
    server.write_label("Firefox");
    assert!(server.listed("t", "ann").await.is_empty());
    let seen = std::mem::take(&mut *SEEN.lock().unwrap());
    let is_warning = |(level, text): &(tracing::Level, String)| {
        *level == tracing::Level::WARN && text.contains("no session of UVB is not listed")
    };
    assert_eq!(seen.iter().filter(|event| is_warning(event)).count(), 1, "{seen:?}");
    for hidden in ["Firefox", "ann", "\"t\""] {
        assert!(!seen.iter().any(|(_, text)| text.contains(hidden)), "{hidden}: {seen:?}");
    }
}
