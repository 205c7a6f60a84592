//! Responses with errors, and sessions that cannot be sealed.

use sealed_session::KeyRing;
use serde_json::json;

use crate::site::{DAY, NOON, Site, root};

#[tokio::test]
async fn a_server_error_carries_no_change() {
    let site = Site::new().await;
    let client = site.client();
    client.post("/set/a/1").await;
    for status in [500, 503, 599] {
        let reply = client.post(&format!("/set/a/2/{status}")).await;
        assert!(reply.status == status && reply.sets_nothing(), "{reply:?}");
    }
    assert_eq!(client.info().await["data"], json!({"a": "1"}));
}

#[tokio::test]
async fn any_other_answer_carries_changes() {
    let site = Site::new().await;
    let client = site.client();
    for status in [200, 204, 302, 400, 404, 499] {
        let reply = client.post(&format!("/set/a/{status}/{status}")).await;
        assert!(reply.status == status && !reply.sets_nothing(), "{reply:?}");
        assert_eq!(client.info().await["data"], json!({"a": status.to_string()}));
    }
}

#[tokio::test]
async fn a_server_error_carries_changes_if_so_set() {
    let site = Site::with(|layer| layer.save_on_server_error(true)).await;
    let client = site.client();
    assert!(!client.post("/set/a/1/500").await.sets_nothing());
    assert_eq!(client.info().await["data"], json!({"a": "1"}));
}

#[tokio::test]
async fn whether_a_failure_carries_a_login_is_what_it_carries_of_changes() {
    use crate::direct::Server;
    use sealed_session::http::Session;

    let acts: [fn(&Session); 3] = [
        |session| session.insert("a", &1).unwrap(),
        |session| session.authenticate("ann").unwrap(),
        |session| {
            session.logout().unwrap();
            session.authenticate("ann").unwrap();
        },
    ];
    for saves in [false, true] {
        let server = Server::with(|store, _| store, |layer| layer.save_on_server_error(saves));
        for act in acts {
            for status in crate::cut_off::FAILURES {
                let handler = move |session: Session| {
                    act(&session);
                    std::future::ready(status)
                };
                let answer = server.call(&[], handler).await;
                assert_eq!((answer.sets(), answer.sets_nothing()), (saves, !saves), "{status}");
            }
        }
    }
}

#[tokio::test]
async fn a_server_error_carries_the_end_of_a_session() {
    let site = Site::new().await;
    let client = site.client();
    client.post("/login/ann").await;
    let reply = client.post("/logout-and-fail").await;
    assert!(reply.status == 500 && reply.removes("session"), "{reply:?}");
}

#[tokio::test]
async fn a_change_that_cannot_be_sealed_is_a_server_error() {
    let site = Site::new().await;
    let client = site.client();
    client.post("/set/a/1").await;
    site.store.replace_ring(KeyRing::new(vec![root(1).retiring_at(NOON + DAY), staged()]).unwrap()).unwrap();
    assert!(!client.post("/set/a/2").await.sets_nothing());
    site.store.replace_ring(KeyRing::new(vec![staged()]).unwrap()).unwrap();
    let reply = client.post("/set/a/3").await;
    assert!(reply.status == 500 && reply.sets_nothing() && reply.body.is_empty(), "{reply:?}");
}

/// Opens nothing of ours, and does not seal yet.
fn staged() -> sealed_session::Root {
    sealed_session::Root::new(sealed_session::RootSecret::from_bytes(&[9; 32]).unwrap())
        .activating_at(NOON + 2 * DAY)
}

#[tokio::test]
async fn an_extension_that_cannot_be_sealed_does_not_hurt_the_answer() {
    let site = Site::new().await;
    let client = site.client();
    client.post("/set/a/1").await;
    site.clock.set(NOON + DAY / 2);
    // The only key opens, and seals nothing yet.
    let ring = KeyRing::new(vec![root(1).activating_at(NOON + 2 * DAY)]).unwrap();
    site.store.replace_ring(ring).unwrap();
    let reply = client.get("/get/a").await;
    assert!(reply.status == 200 && reply.body == r#""1""# && reply.sets_nothing(), "{reply:?}");
}

#[tokio::test]
async fn a_session_too_large_for_its_cookie_is_an_error_when_it_is_stored() {
    let site = Site::new().await;
    let client = site.client();
    client.post("/set/a/1").await;
    let reply = client.post(&format!("/set/b/{}", "x".repeat(3000))).await;
    assert!(reply.status == 500 && reply.sets_nothing(), "{reply:?}");
    assert_eq!(client.info().await["data"], json!({"a": "1"}), "nothing was lost");
}

#[tokio::test]
async fn a_router_without_the_layer_says_so() {
    use tower::ServiceExt as _;
    let app = crate::site::routes();
    let request = http::Request::get("/get/a").body(axum::body::Body::empty()).unwrap();
    let response = app.oneshot(request).await.unwrap();
    assert_eq!(response.status(), 500);
    let body = axum::body::to_bytes(response.into_body(), 1000).await.unwrap();
    assert!(String::from_utf8(body.to_vec()).unwrap().contains("no SessionLayer"));
}
