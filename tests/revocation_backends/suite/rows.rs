//! What the store of UVB needs of a backend: rows that change.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sealed_session::adapter::uvb::UvbSessions;
use sealed_session::revocation::{Backend, Registry, Scope};
use tokio::runtime::{Builder, Runtime};
use uvb_storage_api::{SessionError, SessionRecord, SessionStore};

use crate::{HOUR, Server, now, uid};

fn runtime() -> Runtime {
    Builder::new_current_thread().build().unwrap()
}

fn sessions(server: &Server) -> UvbSessions {
    UvbSessions::new(Registry::builder(server.store.clone()).build().unwrap())
}

fn at(ms: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(ms)
}

fn record(user_id: &str, now: u64) -> SessionRecord {
    SessionRecord {
        id: String::new(),
        user_id: user_id.into(),
        tenant_id: "'; \u{0} %".into(),
        transaction_id: "transaction".into(),
        factors_used: vec!["password".into()],
        assurance_level: 1,
        metadata: serde_json::Value::Null,
        created_at: at(now),
        expires_at: at(now + HOUR),
        last_activity_at: at(now),
    }
}

pub(crate) fn a_row_is_changed_and_others_see_it<B: Backend>(node: impl Fn() -> B) {
    let (one, other, now) = (Server::new(node()), Server::new(node()), now());
    one.clock.set(now);
    other.clock.set(now + 7);
    let (one, other) = (sessions(&one), sessions(&other));
    runtime().block_on(async {
        let id = one.create(record("ann", now)).await.unwrap();
        let neighbour = one.create(record("ann", now)).await.unwrap();
        let metadata = serde_json::json!({ "label": "é\u{0}'\"🦀".repeat(150) });
        let found = other.get(&id).await.unwrap().unwrap();
        other.update(SessionRecord { metadata: metadata.clone(), ..found }).await.unwrap();
        one.extend(&id, Duration::from_millis(HOUR)).await.unwrap();
        other.touch(&id).await.unwrap();
        for sessions in [&one, &other] {
            let found = sessions.get(&id).await.unwrap().unwrap();
            assert_eq!(found.metadata, metadata);
            assert_eq!((found.expires_at, found.last_activity_at), (at(now + 2 * HOUR), at(now + 7)));
            let neighbour = sessions.get(&neighbour).await.unwrap().unwrap();
            assert_eq!(neighbour.expires_at, at(now + HOUR));
            assert!(neighbour.metadata.is_null());
        }
        assert_eq!(other.delete_by_user("ann", &"'; \u{0} %".into()).await.unwrap(), 2);
        assert!(one.get(&id).await.unwrap().is_none(), "without waiting: its row is gone");
    });
}

pub(crate) fn a_row_that_is_missing_or_struck_off_is_not_changed<B: Backend>(node: impl Fn() -> B) {
    let (server, now) = (Server::new(node()), now());
    server.clock.set(now);
    let (sessions, mut backend) = (sessions(&server), node());
    runtime().block_on(async {
        let id = sessions.create(record("ann", now)).await.unwrap();
        let key = serde_json::to_string(&("'; \u{0} %", "ann")).unwrap();
        let scope = Scope::default();
        let row = backend.sessions(&scope, &key, now).unwrap().remove(0);
        assert!(!backend.strike_session(&scope, &key, uid(1)).unwrap());
        assert!(backend.strike_session(&scope, &key, row.uid).unwrap());
        let refused = sessions.touch(&id).await;
        assert!(matches!(refused, Err(SessionError::NotFound)), "{refused:?}");
        assert!(backend.sessions(&scope, &key, now).unwrap().is_empty(), "it does not come back");
    });
}
