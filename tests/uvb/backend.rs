//! The rows in a backend that servers share: two servers, and one that starts later.

use sealed_session::SessionUid;
use sealed_session::revocation::{Backend as _, MemoryBackend, Scope};

use crate::*;

fn server(backend: &MemoryBackend) -> Server {
    let clock = ManualClock::at(NOON);
    let builder = Revocations::builder().clock(clock.clone()).poll_every(Duration::from_millis(2));
    Server::with(builder.with_backend(backend.clone()).unwrap(), clock, usize::MAX)
}

#[tokio::test]
async fn what_one_server_changes_the_others_see_and_those_that_start_later() {
    let backend = MemoryBackend::default();
    let (one, other) = (server(&backend), server(&backend));
    let id = one.ann().await;
    let mut changed = other.get(&id).await;
    changed.assurance_level = 2;
    changed.metadata = json!({ "a": "x".repeat(2000) });
    other.sessions.update(changed.clone()).await.unwrap();
    one.sessions.extend(&id, Duration::from_secs(1)).await.unwrap();
    let expected = SessionRecord { expires_at: at(NOON + HOUR + SECOND), ..changed };
    assert_eq!(told(&server(&backend).get(&id).await), told(&expected));

    let listed = one.listed("t", "ann").await.remove(0);
    other.sessions.delete(&listed.id).await.unwrap();
    for server in [one, other, server(&backend)] {
        assert!(server.is_none(&id).await && server.listed("t", "ann").await.is_empty());
    }
}

/// The scope and the user that the rows of ann at the tenant `t` are kept under.
fn anns() -> (Scope, String) {
    (Scope::default(), serde_json::to_string(&("t", "ann")).unwrap())
}

#[tokio::test]
async fn the_backend_has_nothing_that_opens_a_session_or_tells_of_it() {
    let mut backend = MemoryBackend::default();
    let server = server(&backend);
    let id = server.ann().await;
    let metadata = json!("readable to nobody");
    server.sessions.update(SessionRecord { metadata, ..server.get(&id).await }).await.unwrap();
    let (scope, user) = anns();
    let row = backend.sessions(&scope, &user, NOON).unwrap().remove(0);
    for hidden in [&*id, "readable", "password", "transaction-1"] {
        assert!(!row.label.contains(hidden), "{hidden}");
    }
    assert!(!server.is_none(&id).await);
}

#[tokio::test]
async fn a_row_is_changed_and_others_see_it() {
    let backend = MemoryBackend::default();
    let (one, other) = (server(&backend), server(&backend));
    other.clock.set(NOON + 7);
    let (id, neighbour) = (one.ann().await, one.ann().await);
    let metadata = json!({ "label": "é\u{0}'\"🦀".repeat(150) });
    let found = other.get(&id).await;
    other.sessions.update(SessionRecord { metadata: metadata.clone(), ..found }).await.unwrap();
    one.sessions.extend(&id, Duration::from_millis(HOUR)).await.unwrap();
    other.sessions.touch(&id).await.unwrap();
    for server in [&one, &other] {
        let found = server.get(&id).await;
        assert_eq!(found.metadata, metadata);
        assert_eq!((found.expires_at, found.last_activity_at), (at(NOON + 2 * HOUR), at(NOON + 7)));
        let neighbour = server.get(&neighbour).await;
        assert_eq!(neighbour.expires_at, at(NOON + HOUR));
        assert_eq!(neighbour.metadata, json!({ "device": "phone" }));
    }
    assert_eq!(other.sessions.delete_by_user("ann", &"t".into()).await.unwrap(), 2);
    assert!(one.is_none(&id).await, "without waiting: its row is gone");
}

#[tokio::test]
async fn a_row_that_is_missing_or_struck_off_is_not_changed() {
    let mut backend = MemoryBackend::default();
    let server = server(&backend);
    let id = server.ann().await;
    let (scope, user) = anns();
    let row = backend.sessions(&scope, &user, NOON).unwrap().remove(0);
    assert!(!backend.strike_session(&scope, &user, SessionUid::from_bytes([1; 16])).unwrap());
    assert!(backend.strike_session(&scope, &user, row.uid).unwrap());
    assert_not_found(server.sessions.touch(&id).await);
    assert!(backend.sessions(&scope, &user, NOON).unwrap().is_empty(), "it does not come back");
}
