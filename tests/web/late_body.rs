//! Requests whose body arrives late: their cookies are judged as of when their head came, and what has ended since has
//! ended.

use std::convert::Infallible;
use std::future::{Future as _, poll_fn, ready};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{Request, StatusCode};
use axum::routing::any;
use http_body::Frame;
use sealed_session::http::Session;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tower::ServiceExt as _;

use crate::direct::Server;
use crate::site::{DAY, HOUR, NOON};

/// A time at which a session of noon is due to be extended.
const DUE: u64 = NOON + 12 * HOUR;

/// A body of pieces that arrive when the test sends them.
struct Pieces(UnboundedReceiver<Bytes>);

impl http_body::Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.poll_recv(cx).map(|piece| piece.map(|piece| Ok(Frame::data(piece))))
    }
}

/// Handlers that ask for their session when the body is there: one has it from the beginning, one takes it out of the
/// request. They store what arrived, if they are told to, and say whose the session is.
fn after_the_body(stores: bool) -> [Router; 2] {
    let says = move |session: &Session, body: &str| {
        let user = session.user_id().unwrap_or_else(|| "nobody".into());
        if stores {
            session.insert("body", body).unwrap();
        }
        format!("{user} {body}")
    };
    let given = move |session: Session, body: String| ready(says(&session, &body));
    let taken = move |request: Request<Body>| async move {
        let (parts, body) = request.into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        says(parts.extensions.get::<Session>().unwrap(), str::from_utf8(&body).unwrap())
    };
    [Router::new().route("/", any(given)), Router::new().route("/", any(taken))]
}

/// What is said and whether anything is set, where the head arrives now, and the body when this has been done.
async fn late_body(
    server: &Server,
    routes: Router,
    cookie: &str,
    meanwhile: impl AsyncFnOnce(),
) -> (String, bool) {
    let (sends, pieces) = unbounded_channel();
    let request = Request::post("/").header("cookie", cookie).body(Body::new(Pieces(pieces))).unwrap();
    let mut answer = pin!(routes.layer(server.layer.clone()).oneshot(request));
    let mut is_pending = async || poll_fn(|cx| Poll::Ready(answer.as_mut().poll(cx).is_pending())).await;
    assert!(is_pending().await);
    sends.send("so ".into()).unwrap();
    assert!(is_pending().await, "a part of it");
    meanwhile().await;
    sends.send("late".into()).unwrap();
    drop(sends);
    let answer = answer.await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    let sets = answer.headers().contains_key("set-cookie");
    let body = axum::body::to_bytes(answer.into_body(), usize::MAX).await.unwrap();
    (String::from_utf8(body.to_vec()).unwrap(), sets)
}

#[tokio::test]
async fn a_session_that_was_good_when_the_head_came_is_so_when_the_body_has_arrived() {
    let server = Server::new();
    for stores in [false, true] {
        for routes in after_the_body(stores) {
            server.clock.set(NOON);
            let cookie = server.logged_in("ann").await;
            for (head_ms, user, sets) in [
                // It is extended by then, as of the head.
                (DUE, "ann", true),
                // What has expired before the answer goes is not sent.
                (NOON + DAY - 1, "ann", false),
            ] {
                server.clock.set(head_ms);
                let arrives = async || server.clock.advance(25_000);
                let answer = late_body(&server, routes.clone(), &cookie, arrives).await;
                assert_eq!(answer, (format!("{user} so late"), sets), "{stores} {head_ms}");
            }
        }
    }
}

#[tokio::test]
async fn a_session_that_began_after_the_head_came_is_not_the_one_of_a_late_body() {
    let server = Server::new();
    for routes in after_the_body(false) {
        server.clock.set(NOON + HOUR);
        let ahead = server.logged_in("ann").await;
        server.clock.set(NOON);
        let arrives = async || server.clock.set(NOON + HOUR);
        let answer = late_body(&server, routes, &ahead, arrives).await;
        assert_eq!(answer, ("nobody so late".into(), false), "what lay ahead then does so still");
    }
}

#[cfg(feature = "revocation")]
#[tokio::test]
async fn a_session_that_ends_while_the_body_arrives_has_ended() {
    let server = Server::revoking();
    for stores in [false, true] {
        for routes in after_the_body(stores) {
            server.clock.set(NOON);
            let cookie = server.logged_in("ann").await;
            server.clock.set(DUE);
            let logout = async || {
                server.clock.advance(25_000);
                let out =
                    server.act(&crate::direct::with(&cookie), |session| session.logout().unwrap()).await;
                assert!(out.removes());
            };
            let answer = late_body(&server, routes, &cookie, logout).await;
            assert_eq!(answer, ("nobody so late".into(), false), "{stores}");
        }
    }
}
