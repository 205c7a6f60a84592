//! Flash messages.

use serde_json::json;

use crate::site::Site;

#[tokio::test]
async fn a_message_is_read_once() {
    let site = Site::new().await;
    let client = site.client();
    client.post("/set/a/1").await;
    client.post("/flash/one").await;
    client.post("/flash/two").await;
    assert_eq!(client.get("/get/a").await.body, r#""1""#, "a page that shows none leaves them");
    let shown = client.get("/flashes").await;
    assert_eq!(shown.body, r#"[{"level":"info","text":"one"},{"level":"info","text":"two"}]"#);
    let again = client.get("/flashes").await;
    assert!(again.body == "[]" && again.sets_nothing(), "{again:?}");
    assert_eq!(client.info().await["data"], json!({"a": "1"}), "and leaves no trace");
}

#[tokio::test]
async fn a_message_that_does_not_fit_is_an_error() {
    let site = Site::new().await;
    let reply = site.client().post(&format!("/flash/{}", "x".repeat(3000))).await;
    assert!(reply.status == 500 && reply.sets_nothing(), "{reply:?}");
}
