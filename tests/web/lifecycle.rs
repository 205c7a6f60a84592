//! When a session begins, what it holds, and when it ends.

use serde_json::{Value, json};

use crate::site::{DAY, NOON, Site};

#[tokio::test]
async fn an_untouched_new_session_sends_no_cookie() {
    let site = Site::new().await;
    for path in ["/untouched", "/get/a", "/info"] {
        let reply = site.client().get(path).await;
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
