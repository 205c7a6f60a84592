//! When a session begins, what it holds, and when it ends.

use sealed_session::http::Creation;
use serde_json::{Value, json};

use crate::site::{DAY, NOON, Site};

#[tokio::test]
async fn an_untouched_new_session_sends_no_cookie() {
    let site = Site::new().await;
    for path in ["/untouched", "/get/a", "/info", "/flashes"] {
        let reply = site.client().get(path).await;
        assert!(reply.status == 200 && reply.sets_nothing(), "{path}: {reply:?}");
    }
    for path in ["/remove/a", "/clear", "/cycle", "/logout", "/invalidate", "/ttl/1000"] {
        let reply = site.client().post(path).await;
        assert!(reply.status == 200 && reply.sets_nothing(), "{path}: {reply:?}");
    }
}

#[tokio::test]
async fn what_is_stored_comes_back() {
    let site = Site::new().await;
    let client = site.client();
    let set = client.post("/set/cart/A1").await;
    assert!(set.pair().starts_with("session=AQ"), "{set:?}");
    assert_eq!(client.get("/get/cart").await.body, r#""A1""#);
    let info = client.info().await;
    assert_eq!(info["data"], json!({"cart": "A1"}));
    assert_eq!((&info["user"], &info["expires_at_ms"]), (&Value::Null, &json!(NOON + DAY)));
}

#[tokio::test]
async fn an_unchanged_session_sends_no_cookie() {
    let site = Site::new().await;
    let client = site.client();
    client.post("/set/cart/A1").await;
    for path in ["/untouched", "/get/cart", "/info"] {
        let reply = client.get(path).await;
        assert!(reply.sets_nothing(), "{path}: {reply:?}");
    }
    for path in ["/set/cart/A1", "/remove/other"] {
        let reply = client.post(path).await;
        assert!(reply.sets_nothing(), "{path}: {reply:?}");
    }
}

#[tokio::test]
async fn a_removal_lasts() {
    let site = Site::new().await;
    let client = site.client();
    client.post("/set/a/1").await;
    client.post("/set/b/2").await;
    assert!(!client.post("/remove/a").await.sets_nothing());
    assert_eq!(client.info().await["data"], json!({"b": "2"}));
}

#[tokio::test]
async fn a_cleared_session_is_the_same_session() {
    let site = Site::new().await;
    let client = site.client();
    client.post("/login/ann").await;
    client.post("/set/a/1").await;
    let before = client.info().await;
    client.post("/clear").await;
    let after = client.info().await;
    assert_eq!((&after["data"], &after["is_empty"]), (&json!({}), &json!(true)));
    assert_eq!((&after["user"], &after["uid"]), (&before["user"], &before["uid"]));
}

#[tokio::test]
async fn what_is_stored_and_removed_again_begins_no_session() {
    let site = Site::new().await;
    let reply = site.client().post("/set-and-remove/a").await;
    assert!(reply.status == 200 && reply.sets_nothing(), "{reply:?}");
}

#[tokio::test]
async fn a_session_begins_with_the_first_response_if_so_set() {
    let site = Site::with(|layer| layer.creation(Creation::Always)).await;
    let client = site.client();
    assert!(!client.get("/untouched").await.sets_nothing());
    assert!(client.get("/untouched").await.sets_nothing(), "only the first");
    assert!(client.info().await["uid"].is_string());
    let ended = client.post("/logout").await;
    assert!(ended.removes("session"), "the one that ends it begins none: {ended:?}");
}

#[tokio::test]
async fn the_id_is_the_one_that_was_presented() {
    let site = Site::new().await;
    let client = site.client();
    assert_eq!(client.info().await["id"], Value::Null);
    let set = client.post("/set/a/1").await;
    let id = set.pair().strip_prefix("session=").unwrap();
    assert_eq!(client.info().await["id"], id);
}

#[tokio::test]
async fn a_typed_whole_is_stored_and_loaded() {
    let site = Site::new().await;
    let client = site.client();
    assert_eq!(client.post("/count").await.body, "1");
    assert_eq!(client.post("/count").await.body, "2");
    assert_eq!(client.info().await["data"], json!({"pages": 2}));
}

#[tokio::test]
async fn a_value_of_another_type_is_an_error_and_changes_nothing() {
    let site = Site::new().await;
    let client = site.client();
    client.post("/set/pages/many").await;
    let reply = client.post("/count").await;
    assert_eq!((reply.status, reply.body.as_str()), (500, "the session could not be used"));
    assert_eq!(client.info().await["data"], json!({"pages": "many"}));
}

#[tokio::test]
async fn a_session_over_its_absolute_lifetime_ends_however_often_it_is_used() {
    let site = Site::new().await;
    let client = site.client();
    client.post("/set/a/1").await;
    for _ in 0..59 {
        site.clock.advance(DAY / 2);
        assert_eq!(client.info().await["data"], json!({"a": "1"}));
    }
    assert_eq!(client.info().await["expires_at_ms"], NOON + 30 * DAY);
    site.clock.advance(DAY / 2);
    let reply = client.get("/get/a").await;
    assert!(reply.body == "null" && reply.removes("session"), "{reply:?}");
}

#[tokio::test]
async fn an_idle_session_expires() {
    let site = Site::new().await;
    let client = site.client();
    client.post("/set/a/1").await;
    site.clock.set(NOON + DAY - 1);
    assert_eq!(client.get("/untouched").await.status, 200, "which does not look at it, so it is no use");
    site.clock.set(NOON + DAY);
    let reply = client.get("/get/a").await;
    assert!(reply.body == "null" && reply.removes("session"), "{reply:?}");
}
