//! What was begun by a handler that was cut off has not begun.

use std::future::{pending, ready};
use std::time::Duration;

use axum::error_handling::HandleErrorLayer;
use axum::http::StatusCode;
use axum::routing::any;
use axum::{BoxError, Router};
use sealed_session::http::Session;
use tower::ServiceBuilder;
use tower::timeout::TimeoutLayer;

use crate::direct::{Answer, NAME, Server, with};

/// Of handlers that were cut off, or may have been.
pub(crate) const FAILURES: [StatusCode; 4] = [
    StatusCode::REQUEST_TIMEOUT,
    StatusCode::INTERNAL_SERVER_ERROR,
    StatusCode::SERVICE_UNAVAILABLE,
    StatusCode::GATEWAY_TIMEOUT,
];

#[tokio::test]
async fn a_login_of_a_handler_that_was_cut_off_is_none() {
    for status in FAILURES {
        let server = Server::new();
        let answer = server
            .call(&[], move |session| {
                session.authenticate("ann").unwrap();
                ready(status)
            })
            .await;
        assert!(answer.sets_nothing(), "{status}: {:?}", answer.set_cookies());
    }
}

/// Where a server has the time-out of its handlers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TimeOut {
    /// It answers in the handler's place, and the session layer hears of it.
    Inside,
    /// It drops the session layer together with the handler.
    Outside,
}

/// The answer to a request whose handler does this and does not come to its end.
async fn timed_out(server: &Server, cookie: &str, place: TimeOut, act: fn(&Session)) -> Answer {
    let never_ends = move |session: Session| async move {
        act(&session);
        pending::<()>().await;
    };
    let routes = Router::new().route("/", any(never_ends));
    let time_out = ServiceBuilder::new()
        .layer(HandleErrorLayer::new(|_: BoxError| ready(StatusCode::REQUEST_TIMEOUT)))
        .layer(TimeoutLayer::new(Duration::from_millis(1)));
    let app = match place {
        TimeOut::Inside => routes.layer(time_out).layer(server.layer.clone()),
        TimeOut::Outside => routes.layer(server.layer.clone()).layer(time_out),
    };
    let answer = server.request("GET", &with(cookie), app).await;
    assert_eq!(answer.status, StatusCode::REQUEST_TIMEOUT);
    answer
}

#[tokio::test]
async fn a_login_that_a_time_out_cuts_off_is_none() {
    let logins: [fn(&Session); 3] = [
        |session| session.authenticate("bob").unwrap(),
        |session| {
            session.authenticate("ann").unwrap();
            session.insert("a", &1).unwrap();
        },
        |session| session.cycle().unwrap(),
    ];
    let servers = [
        Server::new(),
        #[cfg(feature = "revocation")]
        Server::revoking(),
    ];
    for server in servers {
        for (number, login) in logins.into_iter().enumerate() {
            for place in [TimeOut::Inside, TimeOut::Outside] {
                let cookie = server.logged_in("ann").await;
                for came in [cookie.as_str(), "theme=dark"] {
                    let answer = timed_out(&server, came, place, login).await;
                    assert!(answer.sets_nothing(), "{number} {place:?}: {:?}", answer.set_cookies());
                }
                let user = server.user(&cookie).await;
                assert_eq!(user.as_deref(), Some("ann"), "{number} {place:?}: what came goes on");
            }
        }
    }
}

/// Also where the handler logged somebody in after it, or stored something.
#[tokio::test]
async fn a_logout_counts_where_a_time_out_cuts_its_handler_off() {
    let logouts: [fn(&Session); 3] = [
        |session| session.logout().unwrap(),
        |session| {
            session.logout().unwrap();
            session.authenticate("bob").unwrap();
        },
        |session| {
            session.logout().unwrap();
            session.insert("a", &1).unwrap();
        },
    ];
    for (number, logout) in logouts.into_iter().enumerate() {
        let server = Server::new();
        let cookie = server.logged_in("ann").await;
        let answer = timed_out(&server, &cookie, TimeOut::Inside, logout).await;
        assert!(answer.removes(), "{number}: {:?}", answer.set_cookies());
        #[cfg(feature = "revocation")]
        for place in [TimeOut::Inside, TimeOut::Outside] {
            let server = Server::revoking();
            let cookie = server.logged_in("ann").await;
            let answer = timed_out(&server, &cookie, place, logout).await;
            assert_eq!(answer.removes(), place == TimeOut::Inside, "{number}: {:?}", answer.set_cookies());
            assert!(!answer.sets(), "{number} {place:?}: {:?}", answer.set_cookies());
            assert_eq!(server.user(&cookie).await, None, "{number} {place:?}");
        }
    }
}

#[tokio::test]
async fn what_is_saved_on_server_errors_is_saved() {
    let server = Server::with(|store, _| store, |layer| layer.save_on_server_error(true));
    let answer = server
        .call(&[], |session| {
            session.insert("a", &1).unwrap();
            ready(StatusCode::SERVICE_UNAVAILABLE)
        })
        .await;
    assert!(answer.sets());
}

#[tokio::test]
async fn a_logout_without_a_cookie_sends_nothing() {
    let answer = Server::new().call(&[], |session| ready(session.logout())).await;
    assert!(answer.sets_nothing() && answer.status == StatusCode::OK, "{NAME}");
}
