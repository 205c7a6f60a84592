//! Whose data a login keeps, and that a visitor can log in.

use sealed_session::hazmat::ManualClock;
use sealed_session_actix::SealedSessionStore;

use crate::site::{NOON, Site, builder};

#[tokio::test(flavor = "multi_thread")]
async fn a_login_keeps_a_visitors_data_and_those_of_the_same_user() {
    let site = Site::new().await;
    let visitor = site.post("/count", "").await.cookie().to_owned();
    let user = site.post("/login-as/ferris", &visitor).await;
    user.says(Some("ferris"), 1);
    assert_ne!(site.open(user.cookie()).uid(), site.open(&visitor).uid());
    let again = site.post("/login-as/ferris", user.cookie()).await;
    again.says(Some("ferris"), 1);
    assert_ne!(site.open(again.cookie()).uid(), site.open(user.cookie()).uid());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_as_somebody_else_begins_without_data() {
    let site = Site::new().await;
    let user = site.post("/login-as/mallory", "").await.cookie().to_owned();
    let counted = site.post("/count", &user).await.cookie().to_owned();
    let other = site.post("/login-as/victim", &counted).await;
    other.says(Some("victim"), 0);
    assert_eq!(site.open(other.cookie()).record().data_json, r#"{"user_id":"victim"}"#);
}

#[tokio::test(flavor = "multi_thread")]
async fn more_room_than_any_cookie_has_makes_sessions_too_large_and_no_more() {
    for bytes in [1 << 20, usize::MAX] {
        let clock = ManualClock::at(NOON);
        let sessions = SealedSessionStore::new(builder(&clock)).unwrap().reserving("user_id", bytes);
        let site = Site::over(sessions, clock, |middleware| middleware, false);
        let refused = site.post("/count", "").await;
        assert!(refused.status == 500 && refused.sets_nothing(), "{refused:?}");
        assert_eq!(site.post("/login-as/ann", "").await.status, 200, "who logs in has the member");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_visitor_whose_data_fill_the_cookie_can_log_in_where_room_is_reserved() {
    let clock = ManualClock::at(NOON);
    let sessions = SealedSessionStore::new(builder(&clock)).unwrap().reserving("user_id", 64);
    let free = sessions.store().remaining(None, "{}").unwrap() + 2 - r#"{"filler":""}"#.len();
    let room = r#","user_id":"""#.len() + 64;
    let site = Site::over(sessions, clock, |middleware| middleware, false);
    for too_much in [free, free - room + 1] {
        let refused = site.post(&format!("/fill/{too_much}"), "").await;
        assert!(refused.status == 500 && refused.sets_nothing(), "{refused:?}");
    }
    let filled = site.post(&format!("/fill/{}", free - room), "").await;
    let user = "x".repeat(64);
    let login = site.post(&format!("/login-as/{user}"), filled.cookie()).await;
    assert_eq!((login.status, login.json()["user_id"].as_str()), (200, Some(&*user)));
    site.get("/", login.cookie()).await.says(Some(&user), 0);
    let refused = site.post(&format!("/fill/{}", free - room + 1), filled.cookie()).await;
    assert!(refused.status == 500 && refused.sets_nothing(), "a change leaves the room too");
}
