//! Cookies that do not open.

use sealed_session::KeyRing;
use sealed_session::http::Creation;
use serde_json::{Value, json};

use crate::site::{DAY, MINUTE, NOON, Site, root};

#[tokio::test]
async fn a_tampered_cookie_gives_an_empty_session_and_is_removed() {
    let site = Site::new().await;
    let set = site.client().post("/login/ann").await;
    let (start, end) = set.pair().split_at(set.pair().len() - 30);
    let tampered = format!("{start}{}{}", if end.starts_with('A') { "B" } else { "A" }, &end[1..]);
    let reply = site.get_with("/info", &[tampered.as_bytes()]).await;
    assert_eq!(reply.status, 200);
    assert_eq!(serde_json::from_str::<Value>(&reply.body).unwrap()["user"], Value::Null);
    assert!(reply.removes("session"), "{reply:?}");
}

#[tokio::test]
async fn a_removal_has_the_attributes_of_the_cookie() {
    let site = Site::of(|store| store, |layer| layer, crate::site::routes()).await;
    let reply = site.get_with("/get/a", &[b"__Host-session=garbage"]).await;
    assert_eq!(reply.status, 200);
    let attributes = "__Host-session=; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=0; Expires=";
    assert!(reply.set_cookie().starts_with(attributes), "{reply:?}");
}

#[tokio::test]
async fn nothing_that_can_stand_in_a_cookie_gives_an_error_page() {
    let site = Site::new().await;
    let long = [b"session=".as_slice(), &[b'A'; 9000]].concat();
    let values: [&[u8]; 9] = [
        b"session=",
        b"session",
        b"session=\"quoted\"",
        b"session=2.AAAA",
        b"session=%41%51",
        b"session=\xff\xfe",
        b"=session",
        b";;; ;session=x;",
        &long,
    ];
    for value in values {
        let reply = site.get_with("/get/a", &[value]).await;
        assert_eq!((reply.status, reply.body.as_str()), (200, "null"), "{}", value.escape_ascii());
    }
}

#[tokio::test]
async fn a_cookie_of_its_name_that_is_no_text_is_removed_like_any_other_damage() {
    let site = Site::new().await;
    let reply = site.get_with("/get/a", &[b"session=\xff\xfe"]).await;
    assert_eq!((reply.status, reply.body.as_str()), (200, "null"));
    assert!(reply.removes("session"), "{reply:?}");
    let set = site.client().post("/set/a/1").await;
    let beside = [set.pair().as_bytes(), b"; session=\xff\xfe"].concat();
    assert_eq!(site.get_with("/get/a", &[&beside]).await.body, r#""1""#);
}

#[tokio::test]
async fn another_cookie_that_is_no_text_does_not_hide_the_session() {
    let site = Site::new().await;
    let set = site.client().post("/set/a/1").await;
    for other in [b"other=\xff\xfe; ".as_slice(), b"%73ession=x; ", b"Session=x; ", b"session.1=x; "] {
        let reply = site.get_with("/get/a", &[&[other, set.pair().as_bytes()].concat()]).await;
        assert_eq!(reply.body, r#""1""#, "{}", other.escape_ascii());
    }
}

#[tokio::test]
async fn a_name_is_never_decoded() {
    let site = Site::new().await;
    let set = site.client().post("/set/a/1").await;
    let encoded = set.pair().replace("session", "%73ession");
    let reply = site.get_with("/get/a", &[encoded.as_bytes()]).await;
    assert!(reply.body == "null" && reply.sets_nothing(), "{reply:?}");
}

#[tokio::test]
async fn an_expired_cookie_gives_an_empty_session_and_is_removed() {
    let site = Site::new().await;
    let set = site.client().post("/login/ann").await;
    site.clock.set(NOON + DAY);
    let reply = site.get_with("/get/a", &[set.pair().as_bytes()]).await;
    assert!(reply.status == 200 && reply.removes("session"), "{reply:?}");
}

#[tokio::test]
async fn what_is_stored_after_a_refusal_begins_a_new_session() {
    let site = Site::new().await;
    let client = site.client();
    let mut request = client.request("/set/a/1");
    request = request.header("cookie", "session=garbage");
    let reply = crate::site::Reply::of(request.send().await.unwrap()).await;
    assert!(!reply.removes("session"), "{reply:?}");
    assert_eq!(client.info().await["data"], json!({"a": "1"}));
}

#[tokio::test]
async fn a_session_renewed_in_this_servers_future_keeps_its_cookie() {
    let site = Site::new().await;
    let set = site.client().post("/set/a/1").await;
    site.clock.set(NOON - 2 * MINUTE);
    let reply = site.get_with("/get/a", &[set.pair().as_bytes()]).await;
    assert!(reply.body == "null" && reply.sets_nothing(), "{reply:?}");
    site.clock.set(NOON);
    assert_eq!(site.get_with("/get/a", &[set.pair().as_bytes()]).await.body, r#""1""#);
}

#[tokio::test]
async fn a_cookie_under_a_revoked_key_is_removed() {
    let site = Site::new().await;
    let set = site.client().post("/set/a/1").await;
    let ring = KeyRing::new(vec![root(1).revoked(), root(2)]).unwrap();
    site.store.replace_ring(ring).unwrap();
    assert!(site.get_with("/get/a", &[set.pair().as_bytes()]).await.removes("session"));
}

#[tokio::test]
async fn a_session_that_this_server_cannot_open_yet_is_not_replaced_for_nothing() {
    for creation in [Creation::WhenStored, Creation::Always] {
        let site = Site::with(|layer| layer.creation(creation)).await;
        let set = site.client().post("/set/a/1").await;
        site.clock.set(NOON - 2 * MINUTE);
        for path in ["/get/a", "/csrf", "/info"] {
            let reply = site.get_with(path, &[set.pair().as_bytes()]).await;
            assert!(reply.status == 200 && reply.sets_nothing(), "{creation:?} {path}: {reply:?}");
        }
    }
}
