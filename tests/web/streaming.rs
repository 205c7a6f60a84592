//! Bodies that go on after the headers.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::body::{Body, Bytes};
use axum::routing::get;
use http_body::Frame;
use sealed_session::http::{DataError, Session};

use crate::site::{Site, over_http, routes};

/// A body of one piece that is made when the headers have gone.
struct Later(Option<Session>);

impl http_body::Body for Later {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        // Let the server go on first.
        ready!(tokio::task::coop::poll_proceed(cx)).made_progress();
        Poll::Ready(self.0.take().map(|session| Ok(Frame::data(change(&session).into()))))
    }
}

fn change(session: &Session) -> String {
    let read = session.get::<String>("a");
    let changed = [
        session.insert("a", "2"),
        session.remove("a").map(drop),
        session.clear(),
        session.logout(),
        session.invalidate(),
        session.authenticate("eve"),
        session.csrf_token().map(drop),
    ];
    format!("{read:?} {changed:?}")
}

async fn stores_and_streams(session: Session) -> Result<Body, DataError> {
    session.insert("a", "1")?;
    Ok(Body::new(Later(Some(session))))
}

async fn streams(session: Session) -> Body {
    Body::new(Later(Some(session)))
}

async fn site() -> Site {
    let app = routes().route("/store", get(stores_and_streams)).route("/stream", get(streams));
    Site::of(|store| store.cookie_name("session"), |layer| layer.cookie(over_http), app).await
}

const LATE: &str =
    "[Err(TooLate), Err(TooLate), Err(TooLate), Err(TooLate), Err(TooLate), Err(TooLate), Err(TooLate)]";

#[tokio::test]
async fn the_cookie_is_decided_before_the_body_and_a_later_change_is_an_error() {
    let site = site().await;
    let client = site.client();
    let reply = client.get("/store").await;
    assert!(!reply.sets_nothing(), "{reply:?}");
    assert_eq!(reply.body, format!(r#"Ok(Some("1")) {LATE}"#));
    assert_eq!(client.get("/get/a").await.body, r#""1""#);
}

#[tokio::test]
async fn a_body_may_be_the_first_to_look_at_the_session() {
    let site = site().await;
    let client = site.client();
    client.post("/set/a/1").await;
    let reply = client.get("/stream").await;
    assert!(reply.sets_nothing(), "{reply:?}");
    assert_eq!(reply.body, format!(r#"Ok(Some("1")) {LATE}"#));
}
