//! A logout counts whatever the answer is; a login or a change does not count with every answer.

use crate::site::Site;

const FAILURES: [u16; 4] = [408, 500, 503, 504];

#[tokio::test(flavor = "multi_thread")]
async fn a_logout_removes_the_cookie_whatever_the_answer_is() {
    let site = Site::new().await;
    let cookie = site.post("/login/ferris", "").await.cookie().to_owned();
    for status in [200, 303, 404].into_iter().chain(FAILURES) {
        for actions in ["purge", "purge.insert", "insert.purge", "renew.purge.renew"] {
            let reply = site.post(&format!("/failing/{actions}/{status}"), &cookie).await;
            assert!(reply.status == status && reply.removes(), "{actions}: {reply:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_or_a_change_does_not_count_with_an_answer_that_failed() {
    let site = Site::new().await;
    let counted = site.post("/count", "").await.cookie().to_owned();
    for status in FAILURES {
        for (actions, before) in
            [("renew.insert", &*counted), ("insert", &counted), ("renew.insert", ""), ("insert", "")]
        {
            let reply = site.post(&format!("/failing/{actions}/{status}"), before).await;
            assert!(reply.status == status && reply.sets_nothing(), "{actions}: {reply:?}");
        }
    }
    let reply = site.post("/failing/renew.insert/403", &counted).await;
    assert!(!reply.sets_nothing(), "a refusal is an answer");
}

/// What a time-out within the sessions leaves behind.
#[tokio::test(flavor = "multi_thread")]
async fn of_a_handler_that_was_cut_off_the_logout_counts_and_the_login_does_not() {
    let site = Site::new().await;
    let cookie = site.post("/login/ferris", "").await.cookie().to_owned();
    let logout = site.post("/cut-off/purge", &cookie).await;
    assert!(logout.status == 408 && logout.removes(), "{logout:?}");
    for before in ["", &cookie] {
        let login = site.post("/cut-off/renew.insert", before).await;
        assert!(login.status == 408 && login.sets_nothing(), "{login:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cookie_is_removed_with_the_attributes_that_it_was_set_with() {
    use actix_web::cookie::SameSite;

    let site = Site::with(|middleware| {
        middleware
            .cookie_path("/".into())
            .cookie_domain(Some("shop.example".into()))
            .cookie_same_site(SameSite::Strict)
            .cookie_http_only(false)
            .cookie_secure(true)
    })
    .await;
    let set = site.post("/count", "").await;
    let attributes = |text: &str| text.split_once("; ").unwrap().1.to_owned();
    let removal = attributes(site.post("/logout", set.cookie()).await.set_cookie());
    for attribute in attributes(set.set_cookie()).split("; ") {
        assert!(removal.split("; ").any(|other| other == attribute), "{attribute} in {removal}");
    }
    assert!(removal.contains("Max-Age=0"), "{removal}");
}

mod revoking {
    use super::FAILURES;
    use crate::site::{NOON, SECOND, Site};

    async fn site() -> Site {
        let revocations = sealed_session::revocation::Revocations::in_memory();
        Site::of(|store| store.revocations(revocations), |middleware| middleware, false).await
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_logout_ends_the_session_whatever_the_answer_is() {
        for status in [200].into_iter().chain(FAILURES) {
            let site = site().await;
            let cookie = site.post("/login/ferris", "").await.cookie().to_owned();
            site.post(&format!("/failing/purge/{status}"), &cookie).await;
            site.get("/", &cookie).await.says(None, 0);
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_logout_with_an_expired_cookie_ends_the_session_that_a_copy_extended() {
        let site = site().await;
        let old = site.post("/login/ferris", "").await.cookie().to_owned();
        site.clock.set(NOON + 20 * 3_600 * SECOND);
        let copy = site.post("/count", &old).await.cookie().to_owned();
        site.clock.set(NOON + 25 * 3_600 * SECOND);
        site.get("/", &old).await.says(None, 0);
        site.get("/", &copy).await.says(Some("ferris"), 1);
        assert!(site.post("/logout", &old).await.removes());
        site.get("/", &copy).await.says(None, 0);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_logout_ends_each_session_that_came() {
        let site = site().await;
        let one = site.post("/login/ferris", "").await.cookie().to_owned();
        let other = site.post("/login/gorris", "").await.cookie().to_owned();
        let reply = site.post("/logout", &format!("{one}; {other}; session=garbage")).await;
        assert!(reply.status == 200 && reply.removes(), "{reply:?}");
        for cookie in [one, other] {
            site.get("/", &cookie).await.says(None, 0);
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_login_ends_each_session_that_came() {
        for others in 1..8 {
            let site = site().await;
            let mut came = Vec::new();
            for _ in 0..=others {
                came.push(site.post("/login/ferris", "").await.cookie().to_owned());
            }
            let brings = [&*came.join("; "), "session=garbage"].join("; ");
            let login = site.post("/login-as/gorris", &brings).await;
            assert_eq!(login.status, 200, "{login:?}");
            site.get("/", login.cookie()).await.says(Some("gorris"), 0);
            for cookie in came {
                site.get("/", &cookie).await.says(None, 0);
            }
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_login_with_an_expired_cookie_ends_the_session_that_a_copy_extended() {
        let site = site().await;
        let old = site.post("/login/ferris", "").await.cookie().to_owned();
        site.clock.set(NOON + 20 * 3_600 * SECOND);
        let copy = site.post("/count", &old).await.cookie().to_owned();
        site.clock.set(NOON + 25 * 3_600 * SECOND);
        let login = site.post("/login/gorris", &old).await;
        site.get("/", login.cookie()).await.says(Some("gorris"), 0);
        site.get("/", &copy).await.says(None, 0);
    }

    /// Which of them is not known, so none is taken for the one that ends.
    #[tokio::test(flavor = "multi_thread")]
    async fn a_change_between_different_sessions_ends_none() {
        let site = site().await;
        let one = site.post("/login/ferris", "").await.cookie().to_owned();
        let other = site.post("/login/gorris", "").await.cookie().to_owned();
        for actions in ["/do/insert", "/failing/renew.insert/503", "/do/renew"] {
            assert!(site.post(actions, &format!("{one}; {other}")).await.sets_nothing(), "{actions}");
        }
        site.get("/", &one).await.says(Some("ferris"), 0);
        site.get("/", &other).await.says(Some("gorris"), 0);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_login_whose_endings_are_not_recorded_logs_nobody_in() {
        use std::sync::atomic::Ordering;

        use sealed_session::revocation::Revocations;

        let backend = crate::troubled::Troubled::default();
        let fails = std::sync::Arc::clone(&backend.fails_to_record);
        let revocations = Revocations::builder().with_backend(backend).unwrap();
        let site = Site::of(|store| store.revocations(revocations), |middleware| middleware, false).await;
        let one = site.post("/login/ferris", "").await.cookie().to_owned();
        let other = site.post("/login/gorris", "").await.cookie().to_owned();
        fails.store(true, Ordering::Release);
        let refused = site.post("/login/zed", &format!("{one}; {other}")).await;
        assert!(refused.status == 500 && refused.sets_nothing(), "{refused:?}");
        site.get("/", &one).await.says(Some("ferris"), 0);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_login_that_failed_ends_nothing() {
        let site = site().await;
        let before = site.post("/count", "").await.cookie().to_owned();
        for status in FAILURES {
            site.post(&format!("/failing/renew.insert/{status}"), &before).await;
            site.get("/", &before).await.says(None, 1);
        }
    }
}
