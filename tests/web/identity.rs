//! Logging in and out, and the uid.

use serde_json::{Value, json};

use crate::site::{DAY, HOUR, NOON, Site};

#[tokio::test]
async fn a_login_is_a_new_session_with_the_data_of_the_old_one() {
    let site = Site::new().await;
    let client = site.client();
    client.post("/set/cart/A1").await;
    client.post(&format!("/ttl/{HOUR}")).await;
    let before = client.info().await;

    site.clock.advance(HOUR / 2);
    client.post("/login/ann").await;
    let after = client.info().await;
    assert_eq!((&after["user"], &after["data"]), (&json!("ann"), &json!({"cart": "A1"})));
    assert_ne!(after["uid"], before["uid"], "who planted the old cookie is not logged in");
    assert_eq!(after["expires_at_ms"], NOON + HOUR / 2 + DAY, "with the default TTL");
}

#[tokio::test]
async fn the_cookie_from_before_a_login_stays_logged_out() {
    let site = Site::new().await;
    let client = site.client();
    let planted = client.post("/set/cart/A1").await;
    client.post("/login/ann").await;
    let thief = site.get_with("/info", &[planted.pair().as_bytes()]).await;
    assert_eq!(serde_json::from_str::<Value>(&thief.body).unwrap()["user"], Value::Null);
}

#[tokio::test]
async fn a_logout_removes_the_cookie() {
    let site = Site::new().await;
    let client = site.client();
    client.post("/login/ann").await;
    let reply = client.post("/logout").await;
    assert!(reply.removes("session"), "{reply:?}");
    assert_eq!(client.info().await["user"], Value::Null);
}

#[tokio::test]
async fn what_is_stored_after_a_logout_begins_a_new_session() {
    let site = Site::new().await;
    let client = site.client();
    client.post("/login/ann").await;
    client.post("/set/secret/1").await;
    let before = client.info().await;
    assert!(!client.post("/logout-with-message").await.removes("session"));
    let after = client.info().await;
    assert_eq!((&after["user"], &after["data"]["secret"]), (&Value::Null, &Value::Null));
    assert_ne!(after["uid"], before["uid"]);
    assert_eq!(client.get("/flashes").await.body, r#"[{"level":"info","text":"See you."}]"#);
}

#[tokio::test]
async fn a_cycled_session_differs_in_its_uid_only() {
    let site = Site::new().await;
    let client = site.client();
    client.post("/login/ann").await;
    client.post("/set/a/1").await;
    let before = client.info().await;
    site.clock.advance(HOUR);
    client.post("/cycle").await;
    let after = client.info().await;
    assert_ne!(before["uid"], after["uid"]);
    for field in ["user", "data", "expires_at_ms"] {
        assert_eq!(before[field], after[field], "{field}");
    }
}

#[tokio::test]
async fn nothing_counts_after_an_invalidation() {
    let site = Site::new().await;
    let client = site.client();
    client.post("/login/ann").await;
    let reply = client.post("/invalidate-and-go-on").await;
    assert!(reply.status == 200 && reply.removes("session"), "{reply:?}");
    assert_eq!(client.info().await["data"], json!({}));
    let fresh = site.client().post("/invalidate-and-go-on").await;
    assert!(fresh.sets_nothing(), "there was none to remove: {fresh:?}");
}

#[tokio::test]
async fn a_user_id_that_does_not_fit_is_an_error_and_logs_nobody_in() {
    let site = Site::new().await;
    let client = site.client();
    client.post("/set/a/1").await;
    let reply = client.post(&format!("/login/{}", "u".repeat(3000))).await;
    assert!(reply.status == 500 && reply.sets_nothing(), "{reply:?}");
    assert_eq!(client.info().await["user"], Value::Null);
}
