//! Keys that rotate under a server that runs, and servers that share them.

use sealed_session::revocation::Revocations;
use sealed_session::{KeyRing, KeyState, SealedStore};
use sealed_session_actix::SealedSessionStore;

use crate::site::{NAME, Site, ring, root};

#[tokio::test]
async fn a_rotation_logs_nobody_out_and_reaches_a_session_when_it_changes() {
    let site = Site::new().await;
    let old = site.post("/login/ferris", "").await.cookie().to_owned();
    site.sessions.store().replace_ring(ring(vec![root(1), root(2)])).unwrap();
    assert_eq!(site.open(&old).key_state(), KeyState::Accepted);
    site.get("/", &old).await.says(Some("ferris"), 0);

    let new = site.post("/count", &old).await;
    new.says(Some("ferris"), 1);
    assert_eq!(site.open(new.cookie()).key_state(), KeyState::Sealing);
    assert_eq!(site.open(new.cookie()).uid(), site.open(&old).uid());

    site.sessions.store().replace_ring(ring(vec![root(2)])).unwrap();
    site.get("/", new.cookie()).await.says(Some("ferris"), 1);
    site.get("/", &old).await.says(None, 0);
}

#[tokio::test]
async fn a_rotation_reaches_every_session_that_is_used_where_all_are_extended() {
    let site = Site::of(|store| store, |middleware| middleware, true).await;
    let old = site.post("/count", "").await.cookie().to_owned();
    site.sessions.store().replace_ring(ring(vec![root(1), root(2)])).unwrap();
    let read = site.get("/", &old).await;
    assert_eq!(site.open(read.cookie()).key_state(), KeyState::Sealing);
}

#[tokio::test]
async fn what_a_revoked_root_sealed_goes_on_under_no_other() {
    for flagged in [true, false] {
        for actions in ["insert", "renew", "renew.insert", "clear.renew.insert"] {
            let site = Site::new().await;
            let old = site.post("/login/ferris", "").await.cookie().to_owned();
            let reply = site.post(&format!("/without-the-first-root/{flagged}/{actions}"), &old).await;
            assert_eq!(reply.status, 500, "{flagged} {actions}");
            assert!(reply.sets_nothing(), "{flagged} {actions}: {reply:?}");
        }
    }
}

#[tokio::test]
async fn a_logout_ends_what_a_root_sealed_that_is_revoked_meanwhile() {
    for flagged in [true, false] {
        let site = Site::of(|store| store.revocations(Revocations::in_memory()), |layer| layer, false).await;
        let old = site.post("/login/ferris", "").await.cookie().to_owned();
        let reply = site.post(&format!("/without-the-first-root/{flagged}/purge"), &old).await;
        assert!(reply.status == 200 && reply.removes(), "{reply:?}");
        site.sessions.store().replace_ring(ring(vec![root(1)])).unwrap();
        site.get("/", &old).await.says(None, 0);
    }
}

#[tokio::test]
async fn two_servers_with_one_ring_file_share_their_sessions() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ring.json");
    ring(vec![root(1), root(2)]).save_new(&path).unwrap();
    let server = || Site::of(|_| of_file(&path), |middleware| middleware, false);
    let (one, other) = (server().await, server().await);
    assert_ne!(one.url, other.url);

    let cookie = one.post("/login/ferris", "").await.cookie().to_owned();
    let counted = other.post("/count", &cookie).await;
    counted.says(Some("ferris"), 1);
    one.get("/", counted.cookie()).await.says(Some("ferris"), 1);
}

fn of_file(path: &std::path::Path) -> sealed_session::SealedStoreBuilder {
    SealedStore::builder(KeyRing::load(path).unwrap()).cookie_name(NAME)
}

#[test]
fn a_store_is_shared_between_threads() {
    fn shared<T: Clone + Send + Sync + 'static>() {}
    shared::<SealedSessionStore>();
}
