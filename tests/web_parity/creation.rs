//! When a client without a session gets one.

use sealed_session::http::Creation;
use serde_json::json;

use crate::site::Site;
use crate::support::site;

#[tokio::test]
async fn an_untouched_session_sends_nothing() {
    let site = Site::new().await;
    for path in ["/untouched", "/get/a", "/info"] {
        let reply = site.client().get(path).await;
        assert!(reply.status == 200 && reply.sets_nothing(), "{path}: {reply:?}");
    }
}

#[tokio::test]
async fn a_new_session_is_empty() {
    let site = site(|session| {
        Ok(json!([
            session.is_invalidated(),
            session.is_empty(),
            session.get::<String>("key")?,
            session.uid().is_some(),
            session.user_id(),
        ]))
    })
    .await;
    assert_eq!(site.client().here().await, json!([false, true, null, false, null]));
}

#[tokio::test]
async fn what_is_stored_comes_back() {
    let client = Site::new().await.client();
    assert_eq!(client.post("/set/key/value").await.set_cookies().len(), 1);
    assert_eq!(client.get("/get/key").await.body, r#""value""#);
    assert_eq!(client.get("/get/other").await.body, "null");
}

#[tokio::test]
async fn cycling_where_there_is_no_session_sends_nothing() {
    let reply = Site::new().await.client().post("/cycle").await;
    assert!(reply.status == 200 && reply.sets_nothing(), "{reply:?}");
}

#[tokio::test]
async fn clearing_where_there_is_no_session_sends_nothing() {
    let reply = Site::new().await.client().post("/clear").await;
    assert!(reply.status == 200 && reply.sets_nothing(), "{reply:?}");
}

#[tokio::test]
async fn a_new_session_that_is_invalidated_sends_nothing() {
    let site = site(|session| {
        session.insert("key", "value")?;
        session.invalidate()?;
        Ok(json!(session.is_invalidated()))
    })
    .await;
    let reply = site.client().post("/here").await;
    assert!(reply.json() == true && reply.sets_nothing(), "{reply:?}");
}

#[tokio::test]
async fn a_session_without_data_is_created_only_if_asked_for() {
    let client = Site::with(|layer| layer.creation(Creation::WhenStored)).await.client();
    assert!(client.get("/untouched").await.sets_nothing());

    let client = Site::with(|layer| layer.creation(Creation::Always)).await.client();
    assert!(client.get("/untouched").await.pair().starts_with("session=AQ"));
    assert_eq!(client.info().await["data"], json!({}));
}

#[tokio::test]
async fn a_session_of_a_user_needs_no_data() {
    let client = Site::new().await.client();
    assert_eq!(client.post("/login/alice").await.set_cookies().len(), 1);
    let info = client.info().await;
    assert_eq!((&info["user"], &info["is_empty"]), (&json!("alice"), &json!(true)));
}
