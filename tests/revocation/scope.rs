//! Users belong to an application, and in it to a scope.

use sealed_session::registry::{Registry, SessionInfo};
use sealed_session::revocation::{MemoryBackend, Revocations};
use sealed_session::{CreateOptions, KeyRing, RootSecret, SealedStore, SessionId, SessionPlugin as _};

fn app(revocations: &Revocations, app_id: &str) -> SealedStore {
    let ring = KeyRing::single(RootSecret::from_bytes(&[1; 32]).unwrap());
    SealedStore::builder(ring).app_id(app_id).revocations(revocations.clone()).build().unwrap()
}

fn log_in(store: &SealedStore, user: &str) -> SessionId {
    store.create(CreateOptions { user_id: Some(user.into()), ..Default::default() }).unwrap()
}

fn list(registry: &Registry, store: &SealedStore, id: &SessionId) {
    let session = store.open(id).unwrap();
    let record = session.record();
    let info = SessionInfo {
        user_id: record.user_id.clone().unwrap(),
        uid: session.uid(),
        created_at_ms: record.created_at_ms,
        last_seen_at_ms: record.created_at_ms,
        expires_at_ms: record.expires_at_ms,
        label: String::new(),
    };
    registry.began(info).wait().unwrap();
}

#[test]
fn one_application_neither_sees_nor_ends_the_sessions_of_another() {
    for revocations in
        [Revocations::in_memory(), Revocations::builder().with_backend(MemoryBackend::default()).unwrap()]
    {
        let (shop, forum) = (app(&revocations, "shop"), app(&revocations, "forum"));
        let (of_shop, of_forum) = (log_in(&shop, "1"), log_in(&forum, "1"));
        let registries = [&shop, &forum].map(|store| Registry::builder(store.clone()).build().unwrap());
        let [shops, forums] = &registries;
        list(shops, &shop, &of_shop);
        list(forums, &forum, &of_forum);
        assert_eq!(shops.list_by_user("1").wait().unwrap().len(), 1);
        assert_eq!(shops.revoke_user("1").wait(), Ok(1));
        assert!(shop.read(&of_shop).is_err() && forum.read(&of_forum).is_ok());
        assert_eq!(forums.list_by_user("1").wait().unwrap().len(), 1);
        let uid = forum.open(&of_forum).unwrap().uid();
        assert_eq!(shops.revoke("1", uid).wait(), Ok(false));
        shop.revoke_user_in_all_scopes("1").wait().unwrap();
        shop.revoke_everything().wait().unwrap();
        assert!(forum.read(&of_forum).is_ok());
        assert!(shop.read(&log_in(&shop, "1")).is_ok());
    }
}

#[test]
fn a_user_is_revoked_in_one_scope_or_in_all_of_the_application() {
    let revocations = Revocations::in_memory();
    let whole = app(&revocations, "shop");
    let (one, other) = (whole.in_scope("tenant-a"), whole.in_scope("tenant-b"));
    let ids = [&one, &other, &whole].map(|store| (store.clone(), log_in(store, "1")));
    let good = || ids.iter().map(|(store, id)| store.read(id).is_ok()).collect::<Vec<_>>();
    one.revoke_user("1").wait().unwrap();
    assert_eq!(good(), [false, true, true]);
    whole.revoke_user("1").wait().unwrap();
    assert_eq!(good(), [false, true, false], "without a name it is a scope of its own");
    whole.revoke_user_in_all_scopes("1").wait().unwrap();
    assert_eq!(good(), [false, false, false]);
}

#[test]
fn no_names_of_application_scope_and_user_run_into_each_other() {
    let revocations = Revocations::in_memory();
    let parts = ["", "a", "b", "ab", "a:b", "a\0b", ":", "\0"];
    for (app_id, scope, user) in [("a", "b", "ab"), ("a:b", "", "a"), ("", "a:b", "\0")] {
        app(&revocations, app_id).in_scope(scope).revoke_user(user).wait().unwrap();
    }
    let mut refused = Vec::new();
    for app_id in parts {
        for scope in parts {
            for user in parts {
                let store = app(&revocations, app_id).in_scope(scope);
                // What began before, as another server would have made it.
                let fresh = Revocations::in_memory();
                let made = log_in(&app(&fresh, app_id).in_scope(scope), user);
                if store.read(&made).is_err() {
                    refused.push((app_id, scope, user));
                }
            }
        }
    }
    assert_eq!(refused, [("", "a:b", "\0"), ("a", "b", "ab"), ("a:b", "", "a")]);
}

#[test]
fn registries_list_what_is_in_their_scope() {
    let revocations = Revocations::in_memory();
    let whole = app(&revocations, "shop");
    let one = whole.in_scope("tenant-a");
    let registry = Registry::builder(one.clone()).build().unwrap();
    let id = log_in(&one, "1");
    list(&registry, &one, &id);
    assert_eq!(registry.list_by_user("1").wait().unwrap().len(), 1);
    let other = registry.in_scope("tenant-b");
    assert_eq!(other.list_by_user("1").wait().unwrap().len(), 0);
    assert_eq!(other.revoke_user("1").wait(), Ok(0));
    assert!(one.read(&id).is_ok());
    assert_eq!(registry.revoke_user("1").wait(), Ok(1));
    assert!(one.read(&id).is_err());
}
