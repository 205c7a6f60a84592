//! What was begun by a handler that was cut off has not begun.

use axum::http::StatusCode;

use crate::direct::{NAME, Server};

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
                std::future::ready(status)
            })
            .await;
        assert!(answer.sets_nothing(), "{status}: {:?}", answer.set_cookies());
    }
}

#[tokio::test]
async fn what_is_saved_on_server_errors_is_saved() {
    let server = Server::with(|store, _| store, |layer| layer.save_on_server_error(true));
    let answer = server
        .call(&[], |session| {
            session.insert("a", &1).unwrap();
            std::future::ready(StatusCode::SERVICE_UNAVAILABLE)
        })
        .await;
    assert!(answer.sets());
}

#[tokio::test]
async fn a_logout_without_a_cookie_sends_nothing() {
    let answer = Server::new().call(&[], |session| std::future::ready(session.logout())).await;
    assert!(answer.sets_nothing() && answer.status == StatusCode::OK, "{NAME}");
}
