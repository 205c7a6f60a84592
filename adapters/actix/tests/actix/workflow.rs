//! What a visitor goes through: visits, a login, a logout, and a copy of an old cookie.

use actix_session::config::CookieContentSecurity;

use crate::site::{Site, persistent};

const WEEK: i64 = 7 * 24 * 60 * 60;

#[tokio::test]
async fn a_session_is_kept_from_request_to_request() {
    let site =
        Site::with(|middleware| middleware.cookie_path("/count".into()).session_lifecycle(persistent(100)))
            .await;
    let client = site.client();
    let first = client.post("/count").await;
    first.says(None, 1);
    assert!(first.set_cookie().contains("; HttpOnly; SameSite=Lax; Path=/count; Max-Age=100"), "{first:?}");
    client.post("/count").await.says(None, 2);
    client.get("/").await.says(None, 0); // where the cookie is not sent
}

#[tokio::test]
async fn each_client_has_a_session_of_its_own() {
    let site = Site::new().await;
    let (one, other) = (site.client(), site.client());
    one.post("/count").await.says(None, 1);
    one.post("/count").await.says(None, 2);
    other.post("/count").await.says(None, 1);
    one.get("/").await.says(None, 2);
}

#[tokio::test]
async fn a_login_and_a_logout_in_ten_steps() {
    for security in [CookieContentSecurity::Signed, CookieContentSecurity::Private] {
        let site = Site::with(move |middleware| {
            middleware.cookie_content_security(security).session_lifecycle(persistent(WEEK))
        })
        .await;
        ten_steps(&site, false).await;
    }
}

#[tokio::test]
async fn a_login_and_a_logout_in_ten_steps_where_sessions_are_revoked() {
    let revocations = sealed_session::revocation::Revocations::in_memory();
    let site = Site::of(
        |store| store.revocations(revocations),
        |middleware| middleware.session_lifecycle(persistent(WEEK)),
        false,
    )
    .await;
    ten_steps(&site, true).await;
}

async fn ten_steps(site: &Site, revoking: bool) {
    // 1: nothing is in the session, so there is none.
    let empty = site.get("/", "").await;
    empty.says(None, 0);
    assert!(empty.sets_nothing());
    // 2: the first change makes one.
    let counted = site.post("/count", "").await;
    counted.says(None, 1);
    assert_eq!(counted.max_age(), WEEK.try_into().ok());
    // 3: reading sets nothing.
    let read = site.get("/", counted.cookie()).await;
    read.says(None, 1);
    assert!(read.sets_nothing());
    // 4: another change, another cookie.
    let twice = site.post("/count", counted.cookie()).await;
    twice.says(None, 2);
    assert_eq!(twice.max_age(), counted.max_age());
    assert_ne!(twice.cookie(), counted.cookie());
    // 5 and 6: the login keeps what is there.
    let logged_in = site.post("/login/ferris", twice.cookie()).await;
    logged_in.says(Some("ferris"), 2);
    assert_ne!(logged_in.cookie(), twice.cookie());
    site.get("/", logged_in.cookie()).await.says(Some("ferris"), 2);
    // 7: and the session goes on.
    site.post("/count", logged_in.cookie()).await.says(Some("ferris"), 3);
    // 8: a copy of the cookie from before the login.
    let copy = site.get("/", twice.cookie()).await;
    copy.says(None, if revoking { 0 } else { 2 });
    assert!(copy.sets_nothing());
    // 9: the logout has the browser remove its cookie,
    let logged_out = site.post("/logout", logged_in.cookie()).await;
    assert!(logged_out.removes() && logged_out.set_cookie().contains("; Path=/;"), "{logged_out:?}");
    // 10: after which there is no session; a copy is one still where nothing is revoked.
    site.get("/", logged_out.cookie()).await.says(None, 0);
    let copy = site.get("/", logged_in.cookie()).await;
    let (user, counter) = if revoking { (None, 0) } else { (Some("ferris"), 2) };
    copy.says(user, counter);
    assert!(copy.sets_nothing());
}

#[tokio::test]
async fn a_session_that_was_revoked_while_the_handler_ran_is_not_begun_anew() {
    use actix_session::storage::{SessionKey, SessionStore as _};
    use actix_web::cookie::time::Duration;
    use sealed_session::SessionId;

    let revocations = sealed_session::revocation::Revocations::in_memory();
    let site = Site::of(|store| store.revocations(revocations), |middleware| middleware, false).await;
    let (state, hour) = (std::collections::HashMap::new(), Duration::hours(1));
    let key = site.sessions.save(state.clone(), &hour).await.unwrap();
    assert!(site.sessions.load(&key).await.unwrap().is_some());
    let id = SessionId::new(key.as_ref());
    site.sessions.store().revoke(&id).await.unwrap();
    let key = SessionKey::try_from(id.0).unwrap();
    assert!(site.sessions.update(key, state, &hour).await.is_err());
}
