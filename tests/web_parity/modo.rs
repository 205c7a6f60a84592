//! Sessions of users that a server lists and ends, as modo-session's does.

use std::sync::atomic::Ordering;
use std::time::Duration;

use reqwest::header::{ACCEPT_LANGUAGE, COOKIE, USER_AGENT};
use sealed_session::hazmat::ManualClock;
use sealed_session::revocation::Revocations;
use sealed_session::{SealedStoreBuilder, SessionId, SessionUid, join_associated_data};
use serde_json::{Value, json};

use crate::site::{DAY, HOUR, MINUTE, NOON, Reply};
use crate::support::site_over;
use crate::troubled::Troubled;
use crate::users::{labels, listed, three, user, users, users_with};

#[tokio::test]
async fn a_login_ends_the_session_before_it() {
    let users = users(|registry| registry).await;
    let client = users.site.client();
    let first = client.post("/login/ann").await.pair().to_owned();
    client.post("/login/ann").await;
    assert_eq!(users.user_of(&first).await, Value::Null);
    assert_eq!((user(&client).await, listed(&client).await.len()), (json!("ann"), 1));
}

#[tokio::test]
async fn a_login_keeps_the_data_or_begins_with_what_is_stored() {
    let users = users(|registry| registry).await;
    let client = users.site.client();
    client.post("/set/cart/A1").await;
    client.post("/login/ann").await;
    assert_eq!(client.info().await["data"], json!({"cart": "A1"}));
    client.post("/login-with/ann").await;
    assert_eq!(client.info().await["data"], json!({"theme": "dark"}));
}

#[tokio::test]
async fn a_logout_ends_one_session_and_a_logout_of_all_every_one() {
    let users = users(|registry| registry).await;
    let [phone, laptop] = [users.logged_in("phone").await, users.logged_in("laptop").await];
    let copy = phone.post("/set/a/1").await.pair().to_owned();
    assert!(phone.post("/logout").await.removes("session"));
    assert_eq!((users.user_of(&copy).await, user(&laptop).await), (Value::Null, json!("ann")));
    let tablet = users.logged_in("tablet").await;
    assert!(tablet.post("/logout-all").await.removes("session"));
    assert_eq!(user(&laptop).await, Value::Null);
}

#[tokio::test]
async fn a_logout_of_others_keeps_this_session_under_another_uid() {
    let users = users(|registry| registry).await;
    let [phone, laptop] = [users.logged_in("phone").await, users.logged_in("laptop").await];
    let copy = phone.post("/set/a/1").await.pair().to_owned();
    let before = phone.info().await;
    assert!(!phone.post("/logout-other").await.sets_nothing());
    let after = phone.info().await;
    assert_eq!((&after["user"], &after["data"]), (&json!("ann"), &before["data"]));
    assert_ne!(after["uid"], before["uid"]);
    assert_eq!((user(&laptop).await, users.user_of(&copy).await), (Value::Null, Value::Null));
}

#[tokio::test]
async fn only_a_session_of_ones_own_is_found_and_ended() {
    let users = users(|registry| registry).await;
    let (ann, bob) = (users.logged_in("phone").await, users.logged_in_by("/login/bob", "phone").await);
    let anns = ann.info().await["uid"].as_str().unwrap().to_owned();
    let nobodys = SessionUid::from_bytes([7; 16]).to_string();
    for (client, uid, status) in
        [(&bob, &anns, 404), (&bob, &nobodys, 404), (&users.site.client(), &anns, 404)]
    {
        assert_eq!(client.post(&format!("/revoke/{uid}")).await.status, status);
    }
    assert_eq!(user(&ann).await, "ann");
    let reply = ann.post(&format!("/revoke/{anns}")).await;
    assert!(reply.status == 200 && reply.removes("session"), "{reply:?}");
}

#[tokio::test]
async fn nobody_has_no_sessions_and_may_store_all_the_same() {
    let users = users(|registry| registry).await;
    let client = users.site.client();
    assert_eq!(listed(&client).await, Vec::<Value>::new());
    let reply = client.post("/logout-other").await;
    assert!(reply.status == 200 && reply.sets_nothing(), "{reply:?}");
    client.post("/set/cart/A1").await;
    let info = client.info().await;
    assert_eq!((&info["user"], &info["data"]), (&Value::Null, &json!({"cart": "A1"})));
}

#[tokio::test]
async fn a_cycle_ends_the_old_cookie_and_the_session_stays_listed() {
    let users = users(|registry| registry).await;
    let client = users.logged_in("phone").await;
    let (old, before) = (client.post("/set/a/1").await.pair().to_owned(), listed(&client).await);
    users.site.clock.advance(MINUTE);
    client.request("/cycle").header("x-device", "phone").send().await.unwrap();
    let after = listed(&client).await;
    assert_eq!(
        (after.len(), &after[0]["created"], &after[0]["label"]),
        (1, &before[0]["created"], &json!("phone"))
    );
    assert_ne!(after[0]["uid"], before[0]["uid"]);
    assert_eq!((users.user_of(&old).await, user(&client).await), (Value::Null, json!("ann")));
}

#[tokio::test]
async fn of_too_many_sessions_the_one_that_began_first_ends() {
    let users = users(|registry| registry.max_sessions(3)).await;
    let [first, second, third] = three(&users, "/login/ann").await;
    let fourth = users.logged_in("4").await;
    assert_eq!(user(&first).await, Value::Null);
    for client in [&second, &third, &fourth] {
        assert_eq!(user(client).await, "ann");
    }
}

#[tokio::test]
async fn of_too_many_sessions_the_one_used_least_ends_if_so_written() {
    let users = users(|registry| registry).await;
    let login = "/login-of-ten/ann";
    let [first, second, third] = three(&users, login).await;
    let fourth = users.logged_in_by(login, "4").await;
    assert_eq!(user(&second).await, Value::Null);
    for client in [&first, &third, &fourth] {
        assert_eq!(user(client).await, "ann");
    }
    users.site.clock.advance(HOUR);
    fourth.get("/get/a").await;
    assert_eq!(fourth.post(login).await.status, 200);
    assert_eq!(listed(&first).await.len(), 3, "who logs in again takes no other's place");
}

#[tokio::test]
async fn a_list_is_of_one_user_and_has_the_session_used_last_first() {
    let users = users(|registry| registry).await;
    users.logged_in_by("/login/bob", "other").await;
    let [first, ..] = three(&users, "/login/ann").await;
    users.site.clock.advance(HOUR);
    assert_eq!(labels(&first).await, ["1", "3", "2"], "and with this its life was extended");
    users.site.clock.advance(21 * HOUR);
    let late = users.logged_in("late").await;
    assert_eq!(labels(&late).await, ["late", "1"], "the others have expired");
}

#[tokio::test]
async fn all_sessions_but_one_can_be_ended() {
    let users = users(|registry| registry).await;
    let [first, second, third] = three(&users, "/login/ann").await;
    let bob = users.logged_in_by("/login/bob", "other").await;
    let uid = first.info().await["uid"].as_str().unwrap().parse().unwrap();
    assert_eq!(users.registry.revoke_all_except("ann", uid).await.unwrap(), 2);
    for (client, is) in
        [(&first, json!("ann")), (&second, json!(null)), (&third, json!(null)), (&bob, json!("bob"))]
    {
        assert_eq!(user(client).await, is);
    }
}

#[tokio::test]
async fn a_clean_up_counts_what_has_expired() {
    let users = users(|registry| registry).await;
    users.logged_in("1").await;
    users.logged_in("2").await;
    users.site.clock.advance(12 * HOUR);
    users.logged_in("3").await;
    assert_eq!(users.registry.cleanup_expired().await.unwrap(), 0);
    users.site.clock.advance(12 * HOUR);
    assert_eq!(users.registry.cleanup_expired().await.unwrap(), 2);
    assert_eq!(users.registry.cleanup_expired().await.unwrap(), 0);
}

#[tokio::test]
async fn the_last_use_is_written_down_once_in_an_interval() {
    let users = users(|registry| registry.seen_every(Duration::from_secs(300))).await;
    let client = users.logged_in("phone").await;
    let seen = async || users.registry.list_by_user("ann").await.unwrap()[0].last_seen_at_ms - NOON;
    for (minutes, written) in [(1, 1), (2, 1), (5, 1), (6, 6), (10, 6), (11, 11)] {
        users.site.clock.set(NOON + minutes * MINUTE);
        client.get("/get/a").await;
        assert_eq!(seen().await, written * MINUTE, "after {minutes} minutes");
    }
}

#[tokio::test]
async fn a_session_can_live_thirty_days_from_its_last_use() {
    let days = |days: u64| Duration::from_millis(days * DAY);
    let settings = |store: SealedStoreBuilder| store.default_ttl(days(30)).max_lifetime(days(3_650));
    let site = site_over(settings, |layer| layer).await;
    let client = site.client();
    assert_eq!(client.post("/login/ann").await.max_age(), Some(30 * 24 * 60 * 60));
    for _ in 0..10 {
        site.clock.advance(29 * DAY);
        assert_eq!(user(&client).await, "ann");
    }
    site.clock.advance(30 * DAY);
    assert_eq!(user(&client).await, Value::Null);
}

#[tokio::test]
async fn a_backend_that_is_down_logs_nobody_out() {
    let (clock, backend) = (ManualClock::at(NOON), Troubled::default());
    let revocations = Revocations::builder().clock(clock.clone()).with_backend(backend.clone()).unwrap();
    let users = users_with(revocations, clock, |registry| registry, |layer| layer).await;
    let client = users.logged_in("phone").await;
    backend.fails.store(true, Ordering::Release);
    let reply = client.get("/info").await;
    assert!(reply.body.contains(r#""user":"ann""#) && reply.sets_nothing(), "{reply:?}");
}

#[tokio::test]
async fn a_cookie_whose_name_begins_alike_hides_nothing() {
    let users = users(|registry| registry).await;
    let pair = users.site.client().post("/login/ann").await.pair().to_owned();
    assert_eq!(users.user_of(&format!("session_theme=dark; {pair}")).await, "ann");
}

#[tokio::test]
async fn what_debug_shows_of_an_id_and_of_a_listed_session_is_no_token_and_no_user() {
    let users = users(|registry| registry).await;
    let client = users.logged_in("my phone").await;
    let info = client.info().await;
    let id = SessionId::new(info["id"].as_str().unwrap());
    let opened = users.site.store.open(&id).unwrap();
    let listed = users.registry.list_by_user("ann").await.unwrap();
    let shown = format!("{id:?} {opened:?} {listed:?}");
    for hidden in [id.as_str(), "ann", "my phone"] {
        assert!(!shown.contains(hidden), "{shown}");
    }
}

/// What docs/metadata.md does, in short.
#[tokio::test]
async fn a_session_that_is_bound_to_headers_does_not_open_with_others() {
    let clock = ManualClock::at(NOON);
    let revocations = Revocations::builder().clock(clock.clone()).in_memory();
    let bound = |parts: &http::request::Parts| {
        let of = |name| parts.headers.get(name).map_or(&b""[..], http::HeaderValue::as_bytes);
        join_associated_data(&[of(USER_AGENT), of(ACCEPT_LANGUAGE)])
    };
    let users =
        users_with(revocations, clock, |registry| registry, |layer| layer.bind_to(bound).scope("")).await;
    let send = async |path: &str, cookie: &str, agent: &'static str| {
        let request = reqwest::Client::new().post(format!("{}{path}", users.site.url));
        let request = request.header(USER_AGENT, agent).header(COOKIE, cookie);
        Reply::of(request.send().await.unwrap()).await
    };
    let pair = send("/login/ann", "", "Firefox").await.pair().to_owned();
    let stolen = send("/count", &pair, "curl").await;
    assert!(stolen.body == "1" && !stolen.pair().is_empty(), "it begins anew: {stolen:?}");
    assert!(send("/clear", &pair, "curl").await.removes("session"));
    assert_eq!(send("/cycle", &pair, "Firefox").await.set_cookies().len(), 1, "where it belongs it opens");
}
